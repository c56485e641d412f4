//! The command line against a host that runs.

use crate::client::Client;
use crate::process::binary;
use std::process::{Command, Output};

/// Runs `hookmill` with these words on behalf of an actor, and waits for it to end.
pub async fn run(actor: &Client, words: &[&str]) -> Output {
    let (url, key) = actor.address_and_key();
    let mut command = Command::new(binary());
    command.args(words).env("HOOKMILL_URL", url).env("HOOKMILL_API_KEY", key);
    tokio::task::spawn_blocking(move || command.output().expect("the binary can be run")).await.expect("it ends")
}

/// What it prints when it succeeds.
pub async fn print(actor: &Client, words: &[&str]) -> String {
    let output = run(actor, words).await;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it says when it fails.
pub async fn fail(actor: &Client, words: &[&str]) -> String {
    let output = run(actor, words).await;
    assert!(!output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

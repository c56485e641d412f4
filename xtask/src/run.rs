//! `cargo xtask run`: from nothing to a host with sample data.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::house::House;
use crate::{plugins, program, say};

/// Builds everything and becomes the host, so that signals reach it and its exit code is ours.
pub fn run(house: &House, arguments: &[String]) -> Result<()> {
    plugins::build_all(house)?;
    build_host(house)?;
    let mut command = Command::new(house.binary("release", "hookmill"));
    command.args(["serve", "--demo"]).args(arguments.iter().skip_while(|argument| *argument == "--"));
    say::step(format!("Starting: {}", program::line(&command))).begun();
    Err(command.exec()).with_context(|| format!("can't start `{}`", program::line(&command)))
}

/// The host as it is shipped.
pub fn build_host(house: &House) -> Result<()> {
    let step = say::step("Building the host, optimised (the first time takes some minutes)");
    program::check(program::cargo(&house.root).args([
        "build",
        "--release",
        "--package",
        "hookmill",
        "--bin",
        "hookmill",
    ]))?;
    step.done("built");
    Ok(())
}

//! `cargo xtask run`: from nothing to a host with sample data.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::house::House;
use crate::{plugins, program, say};

/// Builds what the demonstration needs and becomes the host, so that signals reach it and its exit code is ours.
pub fn run(house: &House, arguments: &[String]) -> Result<()> {
    plugins::build_default(house)?;
    build_host(house)?;
    let mut command = Command::new(house.binary("debug", "hookmill"));
    command.args(["serve", "--demo"]).args(arguments.iter().skip_while(|argument| *argument == "--"));
    say::step(format!("Starting: {}", program::line(&command))).begun();
    Err(command.exec()).with_context(|| format!("can't start `{}`", program::line(&command)))
}

/// The host as the tests run it: what is compiled for the demonstration is compiled for them as well. Its libraries are
/// optimised enough for a person not to notice; benchmarks measure the release profile.
fn build_host(house: &House) -> Result<()> {
    let step = say::step("Building the host (the first time takes some minutes)");
    program::check(program::cargo(&house.root).args(["build", "--bin", "hookmill"]))?;
    step.done("built");
    Ok(())
}

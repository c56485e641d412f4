//! `cargo xtask run`: from nothing to a host with sample data.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{plugins, program, progress};

/// Builds what the demonstration needs and becomes the host, so that signals reach it and its exit code is ours.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    plugins::build_default(workspace)?;
    build_host(workspace)?;
    let mut command = Command::new(workspace.binary("debug", "hookmill"));
    command.args(["serve", "--demo"]).args(arguments.iter().skip_while(|argument| *argument == "--"));
    progress::step(format!("Starting: {}", program::line(&command))).begun();
    Err(command.exec()).with_context(|| format!("can't start `{}`", program::line(&command)))
}

/// The host as the tests run it: what is compiled for the demonstration is compiled for them as well. Its libraries are
/// optimised enough for a person not to notice; benchmarks measure the release profile.
fn build_host(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Building the host (the first time takes some minutes)");
    program::check(program::cargo(&workspace.root).args(["build", "--bin", "hookmill"]))?;
    step.done("built");
    Ok(())
}

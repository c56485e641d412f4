//! `cargo xtask wit`: the contract's own tools, which are a program of their own ([`hookmill-wit`](../../wit)).

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{program, progress};

/// Runs a command of it.
pub fn wit(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    program::check(tool(workspace).args(arguments))
}

/// What continuous integration asks.
pub fn check(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Checking the contract");
    program::check(tool(workspace).arg("--check"))?;
    step.done("checked");
    Ok(())
}

/// Turns a core module that carries its interface into a validated component.
pub fn componentize(workspace: &Workspace, module: &Path, component: &Path) -> Result<()> {
    program::check(tool(workspace).arg("componentize").arg(module).arg(component))
}

/// By its name and not by its package: cargo chooses the features of libraries by the packages, and what is compiled for it is then what the
/// host takes as well.
fn tool(workspace: &Workspace) -> Command {
    let mut command = program::cargo(&workspace.root);
    command.args(["run", "--quiet", "--bin", "hookmill-wit", "--"]);
    command
}

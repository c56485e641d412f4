//! `cargo xtask wit`: the contract's own tools, which are a program of their own ([`hookmill-wit`](../../wit)).

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::house::House;
use crate::{program, say};

/// Runs a command of it.
pub fn wit(house: &House, arguments: &[String]) -> Result<()> {
    program::check(tool(house).args(arguments))
}

/// What continuous integration asks.
pub fn check(house: &House) -> Result<()> {
    let step = say::step("Checking the contract");
    program::check(tool(house).arg("--check"))?;
    step.done("checked");
    Ok(())
}

/// Turns a core module that carries its interface into a validated component.
pub fn componentize(house: &House, module: &Path, component: &Path) -> Result<()> {
    program::check(tool(house).arg("componentize").arg(module).arg(component))
}

fn tool(house: &House) -> Command {
    let mut command = program::cargo(&house.root);
    command.args(["run", "--quiet", "--package", "hookmill-wit", "--"]);
    command
}

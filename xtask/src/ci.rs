//! `cargo xtask ci`: what must hold before a change is taken.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{fuzz, plugins, program, progress, test, wit};

/// Format, contract, guests (the host embeds one, so nothing of it compiles before), lints, docs, tests, fuzz.
pub fn ci(workspace: &Workspace) -> Result<()> {
    check_format(workspace)?;
    wit::check(workspace)?;
    plugins::build_all(workspace)?;
    check_lints(workspace)?;
    check_docs(workspace)?;
    test::tests_with_postgres(workspace, &["--no-fail-fast".to_owned()])?;
    fuzz::fuzz(workspace)
}

fn check_format(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Checking the format (fix: cargo fmt --all)");
    program::check(program::cargo(&workspace.root).args(["fmt", "--all", "--check"]))?;
    step.done("formatted");
    Ok(())
}

fn check_lints(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Checking lints in every crate, guests and benchmarks too");
    let mut command = program::cargo(&workspace.root);
    program::check(command.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    step.done("clean");
    Ok(())
}

fn check_docs(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Checking the documentation");
    let mut command = program::cargo(&workspace.root);
    command
        .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "--deny warnings");
    program::check(&mut command)?;
    step.done("clean");
    Ok(())
}

//! `cargo xtask ci`: what must hold before a change is taken.

use anyhow::Result;

use crate::house::House;
use crate::{fuzz, plugins, program, say, test, wit};

/// Format, contract, guests (the host embeds one, so nothing of it compiles before), lints, docs, tests, fuzz.
pub fn ci(house: &House) -> Result<()> {
    check_format(house)?;
    wit::check(house)?;
    plugins::build_all(house)?;
    check_lints(house)?;
    check_docs(house)?;
    test::tests_with_postgres(house, &["--no-fail-fast".to_owned()])?;
    fuzz::fuzz(house)
}

fn check_format(house: &House) -> Result<()> {
    let step = say::step("Checking the format (fix: cargo fmt --all)");
    program::check(program::cargo(&house.root).args(["fmt", "--all", "--check"]))?;
    step.done("formatted");
    Ok(())
}

fn check_lints(house: &House) -> Result<()> {
    let step = say::step("Checking lints in every crate, guests and benchmarks too");
    let mut command = program::cargo(&house.root);
    program::check(command.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    step.done("clean");
    Ok(())
}

fn check_docs(house: &House) -> Result<()> {
    let step = say::step("Checking the documentation");
    let mut command = program::cargo(&house.root);
    command
        .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "--deny warnings");
    program::check(&mut command)?;
    step.done("clean");
    Ok(())
}

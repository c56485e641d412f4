//! `cargo xtask test`: all tests, on both databases. Whatever they need is built or started here; a database that can't
//! be had is a failure, never a skipped test. The API is fuzzed at the end.

use anyhow::Result;

use crate::house::House;
use crate::postgres::Postgres;
use crate::{fuzz, plugins, program, say};

/// Builds the guests and the host, starts PostgreSQL, and hands over to `cargo test`, which takes `arguments`.
pub fn test(house: &House, arguments: &[String]) -> Result<()> {
    plugins::build_all(house)?;
    tests_with_postgres(house, arguments)?;
    // Who asks for single tests does not wait for this.
    if arguments.is_empty() { fuzz::fuzz(house) } else { Ok(()) }
}

/// The fuzz alone.
pub fn fuzz(house: &House) -> Result<()> {
    plugins::build_all(house)?;
    build(house)?;
    fuzz::fuzz(house)
}

/// The same when the guests stand already.
pub fn tests_with_postgres(house: &House, arguments: &[String]) -> Result<()> {
    build(house)?;
    let postgres = Postgres::start()?;
    let step = say::step("Running the tests");
    let mut command = program::cargo(&house.root);
    command.arg("test").args(arguments);
    command.env("HOOKMILL_TEST_POSTGRES", postgres.url());
    command.env("HOOKMILL_BIN", house.binary("debug", "hookmill"));
    program::check(&mut command)?;
    step.done("passed");
    Ok(())
}

/// The tests, and the host that the crash tests start and kill. One call, because cargo chooses the dependencies' features
/// by what is built together: two calls would build wasmtime twice.
fn build(house: &House) -> Result<()> {
    let step = say::step("Building the host and the tests (the first time takes some minutes)");
    program::check(program::cargo(&house.root).args(["build", "--bins", "--tests"]))?;
    step.done("built");
    Ok(())
}

//! `cargo xtask test`: all tests, on both databases. Whatever they need is built or started here; a database that can't
//! be had is a failure, never a skipped test. The API is fuzzed at the end.

use anyhow::Result;

use crate::postgres::{Durability, Postgres};
use crate::workspace::Workspace;
use crate::{fuzz, plugins, program, progress};

const TESTS_PER_CORE: usize = 2;

/// Builds the guests and the host, starts PostgreSQL, and hands over to `cargo test`, which takes `arguments`.
pub fn test(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    plugins::build_all(workspace)?;
    tests_with_postgres(workspace, arguments)?;
    // Who asks for single tests does not wait for this.
    if arguments.is_empty() { fuzz::fuzz(workspace) } else { Ok(()) }
}

/// The fuzz alone.
pub fn fuzz(workspace: &Workspace) -> Result<()> {
    plugins::build_all(workspace)?;
    build(workspace)?;
    fuzz::fuzz(workspace)
}

/// The same when the guests are built.
pub fn tests_with_postgres(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    build(workspace)?;
    let postgres = Postgres::start(Durability::None)?;
    let step = progress::step("Running the tests");
    let mut command = program::cargo(&workspace.root);
    command.arg("test").args(arguments);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", test_threads().to_string());
    }
    command.env("HOOKMILL_TEST_POSTGRES", postgres.url());
    command.env("HOOKMILL_BIN", workspace.binary("debug", "hookmill"));
    program::check_tests(&mut command)?;
    step.done("passed");
    Ok(())
}

/// How many tests run at once: most of their time they wait, for disks, timers and receivers that are slow on purpose.
fn test_threads() -> usize {
    TESTS_PER_CORE * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The tests, and the host that the crash tests start and kill. One call, because cargo chooses the dependencies' features
/// by what is built together: two calls would build wasmtime twice.
fn build(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Building the host and the tests (the first time takes some minutes)");
    program::check(program::cargo(&workspace.root).args(["build", "--bins", "--tests"]))?;
    step.done("built");
    Ok(())
}

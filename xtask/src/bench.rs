//! `cargo xtask bench`: measurements of the whole, by a load generator that is a program of its own.

use std::process::Command;

use anyhow::{Result, bail};

use crate::postgres::{Durability, Postgres};
use crate::workspace::Workspace;
use crate::{apt, plugins, program, progress};

const BENCHES: &str = "\
benches:
  ingest [--database sqlite|postgres|both] [--quick] [--json] [--host-binary FILE]
      leads a second through POST /v1/leads, by batch size, and what is delivered meanwhile; a part of flow
  flow [--scenario NAME,NAME] [--only TEXT] [--database sqlite|postgres|both] [--leads N] [--quick] [--json] [--host-binary FILE]
      leads from end to end, until clients have them: leads a second, costs of a lead, latencies, memory, disk;
      `--scenario saturation --only lifecycle`: a campaign with a duplicate rule, a cap, a schedule and 1,000,000 leads
      stored, and one without; `--scenario duplicates`: the look-up of duplicates with 10,000,000 keys stored
  webhooks [--database sqlite|postgres|both] [--quick] [--json] [--host-binary FILE]
      reported events to 1, 100 and 10,000 webhooks: messages a second, and latencies while one of a hundred hangs;
      a part of flow
  engine [--seconds N] [--rounds N] [--batch N] [--campaigns N,N] [--sample NAME] [--only NAME]
      one lead through the sandbox, native code, QuickJS and V8 in one run; first calls; campaigns in turn; and the
      instructions of a fresh call, where there is a valgrind";

/// Runs one by name, or lists all.
pub fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    match arguments.split_first().map(|(name, rest)| (name.as_str(), rest)) {
        None | Some(("list" | "--help", _)) => println!("{BENCHES}"),
        Some(("ingest", rest)) => flow(workspace, &[&["--scenario=ingest".to_owned()], rest].concat())?,
        Some(("flow", rest)) => flow(workspace, rest)?,
        Some(("webhooks", rest)) => flow(workspace, &[&["--scenario=webhooks".to_owned()], rest].concat())?,
        Some(("engine", rest)) => engine(workspace, rest)?,
        Some((unknown, _)) => bail!("there is no bench `{unknown}`\n{BENCHES}"),
    }
    Ok(())
}

/// Measures the host that is built here, or the one that is named: the benchmark knows it by its HTTP interface alone.
fn flow(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let mut command = Command::new(workspace.binary("release", "hookmill-bench-flow"));
    command.args(arguments);
    if !arguments.iter().any(|argument| argument.starts_with("--host-binary")) {
        command.arg("--host-binary").arg(workspace.binary("release", "hookmill"));
    }
    build_release(workspace)?;
    find_or_install_sqlite(arguments);
    check_with_postgres(&mut command, arguments)
}

/// Where many leads are stored beforehand, SQLite's own program does it. Without it all other runs are measured all the same.
fn find_or_install_sqlite(arguments: &[String]) {
    let arguments = arguments.join(" ").replace('=', " ");
    let is_needed = !["--database postgres", "--scenario ingest", "--scenario webhooks", "--help"]
        .iter()
        .any(|part| arguments.contains(part));
    if !is_needed || program::find("sqlite3").is_some() {
        return;
    }
    if let Err(error) = apt::install(&["sqlite3"], "store many leads before a measurement") {
        progress::note(format!("{error:#}; runs that need it will fail"));
    }
}

/// Runs to the end, with a PostgreSQL beside it unless SQLite alone is asked for.
fn check_with_postgres(command: &mut Command, arguments: &[String]) -> Result<()> {
    let is_sqlite_alone = arguments.join(" ").replace('=', " ").contains("--database sqlite");
    let postgres = if is_sqlite_alone { None } else { Some(Postgres::start(Durability::Kept)?) };
    if let Some(postgres) = &postgres {
        command.env("HOOKMILL_BENCH_POSTGRES", postgres.url());
    }
    program::check(command)
}

fn engine(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    build_release(workspace)?;
    build_native_peer(workspace)?;
    let native = workspace.binary("release", "hookmill-bench-native");
    let mut command = Command::new(workspace.binary("release", "hookmill-bench"));
    program::check(command.arg("engine").args(arguments).arg("--native-binary").arg(native))?;
    // Times are the measurement; a counter that can't follow the sandbox's signals must not hide them.
    match instructions_of_a_fresh_call(workspace) {
        Ok(Some(count)) => {
            println!("\ninstructions of a fresh call in this process, the kernel's not counted: {count}")
        }
        Ok(None) => println!("\ninstructions not counted: `valgrind` is not installed"),
        Err(error) => println!("\ninstructions not counted: {error:#}"),
    }
    Ok(())
}

/// Calls in the two runs whose difference is counted: what both do besides cancels out.
const COUNTED_CALLS: [u64; 2] = [100, 300];

/// None when there is no valgrind.
fn instructions_of_a_fresh_call(workspace: &Workspace) -> Result<Option<u64>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(None);
    }
    let step = progress::step(
        "Counting the instructions of a fresh call (the first time compiles under the counter: minutes)",
    );
    instructions(workspace, 1)?;
    let [few, many] = COUNTED_CALLS;
    let difference = instructions(workspace, many)?.saturating_sub(instructions(workspace, few)?);
    step.done("counted");
    Ok(Some(difference / (many - few)))
}

fn instructions(workspace: &Workspace, calls: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    // Not callgrind: it follows calls, and loses them at the signals of the sandbox.
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(workspace.binary("release", "hookmill-bench")).args(["engine", "--count", &calls.to_string()]);
    let output = command.arg("--cache").arg(workspace.root.join("target/tmp/counted")).output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let count =
        told.lines().find_map(|line| line.split_once("I   refs:")).map(|(_, count)| count.trim().replace(',', ""));
    match count.and_then(|count| count.parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => bail!("valgrind gave up: {}", told.lines().find(|line| line.contains("Assertion")).unwrap_or(&told)),
    }
}

/// The host and both benchmarks, optimised. Always together: cargo chooses the features of the libraries by what is built together,
/// and two choices would compile wasmtime twice.
fn build_release(workspace: &Workspace) -> Result<()> {
    plugins::build_all(workspace)?;
    let step = progress::step("Building the host and the benchmarks, optimised (the first time takes some minutes)");
    let packages = ["hookmill", "hookmill-bench", "hookmill-bench-flow"].map(|package| format!("--package={package}"));
    program::check(program::cargo(&workspace.root).args(["build", "--release", "--bins"]).args(packages))?;
    step.done("built");
    Ok(())
}

/// By itself, so that cargo gives it serde_json as anybody has it.
fn build_native_peer(workspace: &Workspace) -> Result<()> {
    let step = progress::step("Building the native peer");
    program::check(program::cargo(&workspace.root).args(["build", "--release", "--package", "hookmill-bench-native"]))?;
    step.done("built");
    Ok(())
}

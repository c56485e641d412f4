//! `cargo xtask bench`: measurements of the whole, by a load generator that is a program of its own.

use std::process::Command;

use anyhow::{Result, bail};

use crate::house::House;
use crate::postgres::Postgres;
use crate::{plugins, program, run, say};

const BENCHES: &str = "\
benches:
  ingest [--database sqlite|postgres|both] [--seconds N] [--json]
      leads a second through POST /v1/leads, by batch size and number of connections";

/// Runs one by name, or lists all.
pub fn bench(house: &House, arguments: &[String]) -> Result<()> {
    match arguments.split_first().map(|(name, rest)| (name.as_str(), rest)) {
        None | Some(("list" | "--help", _)) => println!("{BENCHES}"),
        Some(("ingest", rest)) => ingest(house, rest)?,
        Some((unknown, _)) => bail!("there is no bench `{unknown}`\n{BENCHES}"),
    }
    Ok(())
}

/// PostgreSQL is started unless SQLite alone is asked for.
fn ingest(house: &House, arguments: &[String]) -> Result<()> {
    plugins::build_all(house)?;
    run::build_host(house)?;
    build_generator(house)?;
    let is_sqlite_alone = arguments.join(" ").replace('=', " ").contains("--database sqlite");
    let postgres = if is_sqlite_alone { None } else { Some(Postgres::start()?) };
    let mut command = Command::new(house.binary("release", "hookmill-bench"));
    command.arg("ingest").args(arguments).arg("--host-binary").arg(house.binary("release", "hookmill"));
    if let Some(postgres) = &postgres {
        command.env("HOOKMILL_BENCH_POSTGRES", postgres.url());
    }
    program::check(&mut command)
}

fn build_generator(house: &House) -> Result<()> {
    let step = say::step("Building the load generator");
    program::check(program::cargo(&house.root).args(["build", "--release", "--package", "hookmill-bench"]))?;
    step.done("built");
    Ok(())
}

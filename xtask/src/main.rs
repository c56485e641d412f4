//! The commands of this repository: `cargo xtask run | test | fuzz | fuzz-plugin | jsonpath | plugins | wit | ci | bench`.
//!
//! A fresh clone needs Rust and nothing else. What is missing is found or installed on the way, and each step says what
//! it does; where a step can't, it fails with the command that fixes it. This crate is compiled before anything else,
//! so it depends on little, and never on the host: it builds what the host embeds.
#![allow(clippy::disallowed_methods, reason = "a build tool reads the machine's own clock and environment")]

mod apt;
mod bench;
mod ci;
mod fuzz;
mod fuzz_plugin;
mod guests;
mod jsonpath;
mod plugins;
mod postgres;
mod program;
mod progress;
mod run;
mod test;
mod wasm;
mod wit;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  run [-- ARGS]        build the plugins and the host, then start it with sample data (`hookmill serve --demo ARGS`)
  test [FILTER] [ARGS] build the plugins, start a PostgreSQL of its own, and run all tests on both databases; without a filter, fuzz the API too
  fuzz                 build the plugins and the host, and fuzz its API
  fuzz-plugin [--seconds N]  fuzz the default plugin natively; needs cargo-fuzz and a nightly toolchain
  jsonpath             run the published compliance cases of JSONPath, fetched with npm
  plugins              build the plugins to target/plugins/*.wasm
  wit [COMMAND]        check the contract and write docs/contract.md; `cargo xtask wit help` lists the rest
  ci                   what continuous integration runs: format, contract, clippy, docs, tests, fuzz
  bench [NAME] [ARGS]  measure; without a name, list what can be measured

environment:
  HOOKMILL_WASM=rustup|debian   where the WebAssembly standard library comes from (default: the first that can be had)
  HOOKMILL_POSTGRES_BIN=DIR     the directory of `initdb` and `postgres` (default: searched)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            progress::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    if matches!(command, "help" | "--help" | "-h") {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    match command {
        "plugins" => plugins::build_all(&workspace)?,
        "run" => run::run(&workspace, rest)?,
        "test" => test::test(&workspace, rest)?,
        "wit" => wit::wit(&workspace, rest)?,
        "ci" => ci::ci(&workspace)?,
        "fuzz" => test::fuzz(&workspace)?,
        "jsonpath" => jsonpath::jsonpath(&workspace)?,
        "fuzz-plugin" => fuzz_plugin::fuzz_plugin(&workspace, rest)?,
        "bench" => bench::bench(&workspace, rest)?,
        unknown => bail!("there is no command `{unknown}`\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

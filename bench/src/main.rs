//! The benchmark of the sandbox, which is measured within this program. Started by `cargo xtask bench engine`.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock and environment")]

mod engine;

use std::process::ExitCode;

use clap::Parser;

/// Measures.
#[derive(Parser)]
#[command(name = "hookmill-bench")]
enum Bench {
    /// One lead through the sandbox and through its peers, side by side.
    Engine(engine::Plan),
}

fn main() -> ExitCode {
    let outcome = match Bench::parse() {
        Bench::Engine(plan) => engine::run(&plan),
    };
    if let Err(error) = outcome {
        eprintln!("hookmill-bench: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

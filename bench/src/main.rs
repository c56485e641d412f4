//! Benchmarks and their load generator, a program of its own so that its processor time is told apart from the host's.
//! Started by `cargo xtask bench`, which builds the host and starts the databases.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock and environment")]

mod engine;
mod host;
mod http;
mod ingest;
mod leads;
mod load;
mod process;
mod provision;
mod report;

use std::process::ExitCode;

use clap::Parser;

/// Measures.
#[derive(Parser)]
#[command(name = "hookmill-bench")]
enum Bench {
    /// Leads a second through `POST /v1/leads`, by batch size and number of connections.
    Ingest(ingest::Plan),
    /// One lead through the sandbox and through its peers, side by side.
    Engine(engine::Plan),
}

fn main() -> ExitCode {
    let outcome = match Bench::parse() {
        Bench::Ingest(plan) => ingest(&plan),
        Bench::Engine(plan) => engine::run(&plan),
    };
    if let Err(error) = outcome {
        eprintln!("hookmill-bench: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// One thread: the generator shares the machine with the host and must stay cheap.
fn ingest(plan: &ingest::Plan) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(ingest::run(plan))
}

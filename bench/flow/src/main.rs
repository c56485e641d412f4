//! The load generator of the end-to-end benchmark. It talks to the host over HTTP alone, so that it measures any host of
//! the same interface; only where very many leads are stored before, it writes them to the database of a host that is
//! stopped. Started by `cargo xtask bench flow`, which builds the host and starts PostgreSQL.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock and environment")]

mod account;
mod api;
mod attacker;
mod host;
mod http;
mod latency;
mod leads;
mod load;
mod options;
mod postgres;
mod process;
mod receiver_process;
mod report;
mod run;
mod sample;
mod scenarios;
mod sql;
mod sqlite;
mod stored;
mod wait;
mod world;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use options::Options;
use report::Report;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hookmill-bench-flow: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thread: the generator shares the machine with the host and must stay cheap. A signal ends the run under way, and
/// what was measured so far is printed all the same.
fn run(options: &Options) -> Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut report = Report::default();
        let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let is_stopped = tokio::select! {
            () = scenarios::run(options, &mut report) => false,
            _ = interrupted.recv() => true,
            _ = terminated.recv() => true,
        };
        if is_stopped {
            report.fail("stopped by a signal".to_owned());
        }
        if options.json {
            println!("{}", serde_json::to_string_pretty(&report)?)
        } else {
            report.print()
        }
        Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

//! The groups of runs.

mod attack;
mod backlog;
mod duplicates;
mod flood;
mod ingest;
mod matrix;
mod queue;
mod singles;
mod webhooks;

use anyhow::Result;

use crate::options::{DatabaseKind, Options, ScenarioName};
use crate::report::Report;

/// Runs the selected scenarios. A failed run is reported, and the next one starts.
pub async fn run(options: &Options, report: &mut Report) {
    for &database in options.databases() {
        for scenario in options.scenarios() {
            if let Err(error) = run_scenario(options, database, scenario, report).await {
                report.fail(format!("{scenario:?} on {}: {error:#}", database.name()));
            }
        }
    }
}

async fn run_scenario(
    options: &Options,
    database: DatabaseKind,
    scenario: ScenarioName,
    report: &mut Report,
) -> Result<()> {
    match scenario {
        ScenarioName::Saturation => matrix::saturation(options, database, report).await,
        ScenarioName::Half => matrix::half(options, database, report).await,
        ScenarioName::Slow => matrix::slow(options, database, report).await,
        ScenarioName::Hang => matrix::hang(options, database, report).await,
        ScenarioName::Flood => flood::run(options, database, report).await,
        ScenarioName::Attack => attack::run(options, database, report).await,
        ScenarioName::Backlog => backlog::run(options, database, report).await,
        ScenarioName::Queue => queue::run(options, database, report).await,
        ScenarioName::Ingest => ingest::run(options, database, report).await,
        ScenarioName::Webhooks => webhooks::run(options, database, report).await,
        ScenarioName::Duplicates => duplicates::run(options, database, report).await,
    }
}

/// Prints what begins.
fn announce(scenario: &str, database: DatabaseKind, what: &str) {
    eprintln!("==> {scenario}, {}, {what}", database.name());
}

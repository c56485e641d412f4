//! The command line: what to measure.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures leads from end to end: posted, acknowledged, processed, sent to a client, delivered.
///
/// Each run has a host of its own with fresh data, and a receiver that is a program of its own. Generator, receiver, host
/// and PostgreSQL share this machine, so their processor time is reported side by side.
#[derive(Parser)]
#[command(name = "hookmill-bench-flow")]
pub struct Options {
    /// What to measure [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub scenario: Vec<ScenarioName>,
    /// Where the host keeps its data
    #[arg(long, value_enum, default_value = "both")]
    pub database: Databases,
    /// Only the runs of `saturation` and `attack` whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Leads of a run [default: 20000, or 2000 with --quick]
    #[arg(long, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub leads: Option<u64>,
    /// Leads in one request
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch: u16,
    /// Connections that post
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub connections: u16,
    /// How long a run may take, in seconds; partial results are reported
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub limit_s: u64,
    /// Small counts and short runs, to see that everything works
    #[arg(long)]
    pub quick: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
    /// The host to measure
    #[arg(long, value_name = "FILE")]
    pub host_binary: PathBuf,
    /// A PostgreSQL where databases may be made
    #[arg(long, env = "HOOKMILL_BENCH_POSTGRES", hide_env_values = true, value_name = "URL")]
    pub postgres: Option<String>,
}

/// A group of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScenarioName {
    /// All leads at once: without a client, with one, with a webhook of two events; 1 and 100 campaigns; and with a
    /// lifecycle and 1,000,000 leads stored before
    Saturation,
    /// Half of the rate that saturation measured, at fixed times
    Half,
    /// Clients that respond after 50 and 1,000 ms
    Slow,
    /// One of ten campaigns has a client that hangs, or responds after 1,000 ms
    Hang,
    /// One organization posts 200,000 leads while another posts one each 100 ms
    Flood,
    /// One organization attacks in many ways while another posts single leads
    Attack,
    /// 100,000 and 1,000,000 leads wait in a paused campaign
    Backlog,
    /// 100,000 and 1,000,000 leads wait in the queue of a campaign; 100,000 are released while another campaign gets
    /// one each 100 ms
    Queue,
    /// Posting without a pause while leads are delivered
    Ingest,
    /// Reported events to 1, 100 and 10,000 webhooks: messages a second, and latencies while one of a hundred hangs
    Webhooks,
    /// The look-up of duplicates with 10,000,000 keys stored: plan and time
    Duplicates,
}

/// Which databases.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Databases {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
    /// One after the other.
    Both,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

impl DatabaseKind {
    /// As it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            DatabaseKind::Sqlite => "sqlite",
            DatabaseKind::Postgres => "postgres",
        }
    }
}

impl Options {
    /// The groups of runs, in their order.
    pub fn scenarios(&self) -> Vec<ScenarioName> {
        if self.scenario.is_empty() { ScenarioName::value_variants().to_vec() } else { self.scenario.clone() }
    }

    /// Whether a run of this name is to be measured.
    pub fn wants(&self, run: &str) -> bool {
        self.only.as_ref().is_none_or(|only| run.contains(only.as_str()))
    }

    /// The databases, in their order.
    pub fn databases(&self) -> &'static [DatabaseKind] {
        match self.database {
            Databases::Sqlite => &[DatabaseKind::Sqlite],
            Databases::Postgres => &[DatabaseKind::Postgres],
            Databases::Both => &[DatabaseKind::Sqlite, DatabaseKind::Postgres],
        }
    }

    /// Leads of a run.
    pub fn leads(&self) -> u64 {
        self.leads.unwrap_or(self.pick(2_000, 20_000))
    }

    /// How long a run may take.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.limit_s)
    }

    /// One value for a quick look, another for a measurement.
    pub fn pick<T>(&self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }
}

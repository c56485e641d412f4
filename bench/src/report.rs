//! What a measurement came to, for people and for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::load::Outcome;

/// One combination, measured.
#[derive(Serialize)]
pub struct Row {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// Leads in one request.
    pub batch: usize,
    /// Connections at the same time.
    pub connections: usize,
    /// Requests answered 202, a second.
    pub requests_per_s: f64,
    /// Leads in them.
    pub leads_per_s: f64,
    /// Latency: half of the requests were faster.
    pub p50_us: u64,
    /// Latency: nine of ten were faster.
    pub p90_us: u64,
    /// Latency: 99 of 100 were faster.
    pub p99_us: u64,
    /// Latency of the slowest.
    pub max_us: u64,
    /// Processor time of the host during the measurement. A PostgreSQL server's is not in it.
    pub host_cpu_s: f64,
    /// Processor time of the generator.
    pub generator_cpu_s: f64,
    /// The most memory the host held, from its start.
    pub host_peak_memory_kb: u64,
    /// What was not answered 202, by kind.
    pub errors: BTreeMap<String, u64>,
}

/// The processes' account of one measurement.
pub struct Account {
    /// Processor time of the host.
    pub host_cpu_s: f64,
    /// Processor time of this program.
    pub generator_cpu_s: f64,
    /// The most memory the host held, from its start.
    pub host_peak_memory_kb: u64,
}

/// What a row is about.
#[derive(Clone, Copy)]
pub struct Combination {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// Leads in one request.
    pub batch: usize,
    /// Connections at the same time.
    pub connections: usize,
}

impl std::fmt::Display for Combination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} leads a request, {} connections", self.database, self.batch, self.connections)
    }
}

impl Row {
    /// Rates and percentiles of an outcome.
    pub fn new(combination: Combination, outcome: Outcome, account: Account) -> Row {
        let Combination { database, batch, connections } = combination;
        let requests_per_s = outcome.requests() as f64 / outcome.elapsed.as_secs_f64();
        let latency = |quantile| outcome.latency_us.value_at_quantile(quantile);
        Row {
            database,
            batch,
            connections,
            requests_per_s,
            leads_per_s: requests_per_s * batch as f64,
            p50_us: latency(0.5),
            p90_us: latency(0.9),
            p99_us: latency(0.99),
            max_us: outcome.latency_us.max(),
            host_cpu_s: account.host_cpu_s,
            generator_cpu_s: account.generator_cpu_s,
            host_peak_memory_kb: account.host_peak_memory_kb,
            errors: outcome.errors,
        }
    }
}

/// The table's first line.
pub fn header() -> String {
    format!(
        "{:<9}{:>6}{:>6}{:>12}{:>12}{:>10}{:>10}{:>10}{:>10}{:>11}{:>10}{:>10}  {}",
        "database",
        "batch",
        "conns",
        "requests/s",
        "leads/s",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "max ms",
        "host CPU s",
        "gen CPU s",
        "host MB",
        "errors"
    )
}

/// A line of the table.
pub fn line(row: &Row) -> String {
    let ms = |us: u64| us as f64 / 1000.0;
    format!(
        "{:<9}{:>6}{:>6}{:>12.0}{:>12.0}{:>10.2}{:>10.2}{:>10.2}{:>10.2}{:>11.2}{:>10.2}{:>10}  {}",
        row.database,
        row.batch,
        row.connections,
        row.requests_per_s,
        row.leads_per_s,
        ms(row.p50_us),
        ms(row.p90_us),
        ms(row.p99_us),
        ms(row.max_us),
        row.host_cpu_s,
        row.generator_cpu_s,
        row.host_peak_memory_kb / 1024,
        errors(row)
    )
}

fn errors(row: &Row) -> String {
    if row.errors.is_empty() {
        return "none".to_owned();
    }
    let kinds: Vec<String> = row.errors.iter().map(|(kind, count)| format!("{count} x {kind}")).collect();
    kinds.join("; ")
}

//! End-to-end runs: results and tables.

use serde::Serialize;

use super::table::{Table, number, optional};
use crate::account::Costs;
use crate::latency::Percentiles;
use crate::options::DatabaseKind;

/// One run, measured.
#[derive(Debug, Clone, Serialize)]
pub struct FlowRow {
    /// The group of runs it belongs to.
    pub scenario: &'static str,
    /// What is special about it.
    pub variant: String,
    /// Where the host kept its data.
    pub database: DatabaseKind,
    /// Campaigns among which leads went round.
    pub campaigns: usize,
    /// How clients responded; null without a client.
    pub client: Option<String>,
    /// How the client of the last campaign responded, where it differed; its leads are not measured.
    pub odd_client: Option<String>,
    /// Whether a webhook took two events of each lead.
    pub webhook: bool,
    /// Whether campaigns had a duplicate rule, a cap that was not reached, and a schedule that was open.
    pub lifecycle: bool,
    /// Leads that the first campaign had before.
    pub stored_leads: u64,
    /// Leads in one request.
    pub batch: u16,
    /// Connections that posted.
    pub connections: u16,
    /// Leads a second that were sent at fixed times; null when all were sent at once.
    pub offered_per_s: Option<f64>,
    /// Leads that were acknowledged and are measured.
    pub leads: u64,
    /// How many of them became delivered.
    pub delivered: u64,
    /// Whether all leads ended in time.
    pub is_complete: bool,
    /// From the first request until all had ended, in seconds.
    pub seconds: f64,
    /// Leads acknowledged a second, while leads were posted.
    pub acknowledged_per_s: f64,
    /// Leads a second until the last one was received by its client.
    pub received_per_s: Option<f64>,
    /// Leads a second until the last one was delivered, by the API.
    pub delivered_per_s: f64,
    /// Leads a second until everything had ended, webhook messages included.
    pub leads_per_s: f64,
    /// Webhook messages.
    pub events: u64,
    /// What a lead cost.
    pub costs: Option<Costs>,
    /// From sending a request to its acknowledgement.
    pub acknowledge_ms: Option<Percentiles>,
    /// From a lead's acknowledgement to its receipt by the client.
    pub to_client_ms: Option<Percentiles>,
    /// From a lead's acknowledgement to its delivery, by the API, for a sample.
    pub to_delivered_ms: Option<Percentiles>,
    /// The most memory the host held.
    pub peak_memory_mb: f64,
    /// What was not as it should be.
    pub notes: Vec<String>,
}

/// Rates and costs. The ratio compares with the first run of the same database and scenario.
pub fn costs_table(rows: &[FlowRow]) -> Table {
    let mut table = Table::new(
        3,
        &[
            "scenario",
            "database",
            "run",
            "leads",
            "leads/s",
            "ratio",
            "to client/s",
            "delivered/s",
            "host CPU us",
            "gen us",
            "recv us",
            "pg us",
            "commits",
            "row writes",
            "memory MB",
            "written B",
            "on disk B",
        ],
    );
    for row in rows {
        let cost = |pick: fn(&Costs) -> Option<f64>| optional(row.costs.as_ref().and_then(pick));
        table.row(vec![
            row.scenario.to_owned(),
            row.database.name().to_owned(),
            row.variant.clone(),
            row.delivered.to_string(),
            number(row.leads_per_s),
            optional(first_of_kind(rows, row).map(|first| row.leads_per_s / first.leads_per_s)),
            optional(row.received_per_s),
            number(row.delivered_per_s),
            cost(|costs| Some(costs.host_cpu_us)),
            cost(|costs| Some(costs.generator_cpu_us)),
            cost(|costs| Some(costs.receiver_cpu_us)),
            cost(|costs| costs.postgres_cpu_us),
            cost(|costs| costs.commits),
            cost(|costs| costs.row_writes),
            number(row.peak_memory_mb),
            cost(|costs| costs.written_bytes),
            cost(|costs| Some(costs.disk_bytes)),
        ]);
    }
    table
}

/// Latencies in milliseconds, each as p50 / p95 / p99.
pub fn latency_table(rows: &[FlowRow]) -> Table {
    let mut table = Table::new(
        3,
        &["scenario", "database", "run", "offered/s", "acknowledge", "to client", "to delivered", "p99 ratio"],
    );
    for row in rows {
        let p99 = |row: &FlowRow| row.to_client_ms.or(row.to_delivered_ms).map(|latency| latency.p99);
        let ratio = first_of_kind(rows, row).and_then(|first| Some(p99(row)? / p99(first)?.max(f64::MIN_POSITIVE)));
        table.row(vec![
            row.scenario.to_owned(),
            row.database.name().to_owned(),
            row.variant.clone(),
            optional(row.offered_per_s),
            format_percentiles(row.acknowledge_ms),
            format_percentiles(row.to_client_ms),
            format_percentiles(row.to_delivered_ms),
            optional(ratio),
        ]);
    }
    table
}

/// A run in a line, as soon as it is done.
pub fn line(row: &FlowRow) -> String {
    let cpu = row.costs.as_ref().map(|costs| costs.host_cpu_us);
    let mut line = format!("{} leads/s, {} us of host CPU a lead", number(row.leads_per_s), optional(cpu));
    for note in &row.notes {
        line.push_str("; ");
        line.push_str(note);
    }
    line
}

/// Three percentiles in a cell.
pub fn format_percentiles(latency: Option<Percentiles>) -> String {
    match latency {
        Some(latency) => [latency.p50, latency.p95, latency.p99].map(number).join(" / "),
        None => "-".to_owned(),
    }
}

/// The first run at the same kind of pace.
fn first_of_kind<'a>(rows: &'a [FlowRow], row: &FlowRow) -> Option<&'a FlowRow> {
    rows.iter().find(|first| {
        first.database == row.database
            && first.scenario == row.scenario
            && first.offered_per_s.is_some() == row.offered_per_s.is_some()
    })
}

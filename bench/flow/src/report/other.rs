//! Results of the scenarios that are not end-to-end runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::flow::format_percentiles;
use super::table::{Table, number, optional};
use crate::account::Costs;
use crate::latency::Percentiles;
use crate::options::DatabaseKind;

/// Single leads of one organization during a flood of another.
#[derive(Debug, Clone, Serialize)]
pub struct FloodRow {
    /// Where the host kept its data.
    pub database: DatabaseKind,
    /// What comes at once: a flood of another organization, or the queue of another campaign.
    pub what: &'static str,
    /// Leads of the flood that were acknowledged.
    pub flood_leads: u64,
    /// How many of them clients received within the time.
    pub flood_received: u64,
    /// How long was measured, in seconds.
    pub seconds: f64,
    /// Single leads before the flood: from acknowledged to received.
    pub alone_ms: Option<Percentiles>,
    /// Single leads during the flood.
    pub singles: u64,
    /// How many of them were not received within the time; they count with the time they waited.
    pub not_received: u64,
    /// From sending to acknowledgement.
    pub acknowledge_ms: Option<Percentiles>,
    /// From acknowledged to received. A lower bound where some were not received.
    pub to_client_ms: Option<Percentiles>,
    /// What was not answered 202, by kind.
    pub errors: BTreeMap<String, u64>,
}

/// Single leads of one organization while somebody attacks.
#[derive(Debug, Clone, Serialize)]
pub struct AttackRow {
    /// Where the host kept its data.
    pub database: DatabaseKind,
    /// What was done.
    pub attack: &'static str,
    /// Single leads that were acknowledged.
    pub singles: u64,
    /// How many of them were not received within the time; they count with the time they waited.
    pub not_received: u64,
    /// From sending to acknowledgement.
    pub acknowledge_ms: Option<Percentiles>,
    /// From acknowledged to received.
    pub to_client_ms: Option<Percentiles>,
    /// Of the health check, on a connection of its own each time.
    pub health_ms: Option<Percentiles>,
    /// The most memory that the host held.
    pub peak_memory_mb: f64,
    /// Posts of single leads and health checks that failed.
    pub errors: u64,
    /// What the attacker got back.
    pub responses: BTreeMap<String, u64>,
}

/// Memory with so many leads waiting.
#[derive(Debug, Clone, Serialize)]
pub struct BacklogRow {
    /// Where the host keeps its data.
    pub database: DatabaseKind,
    /// The state in which they wait.
    pub state: &'static str,
    /// Leads that wait.
    pub waiting: u64,
    /// How many of them the API counts in that state.
    pub counted: u64,
    /// Leads a second while these were posted.
    pub acknowledged_per_s: f64,
    /// The host's memory, once it is at rest.
    pub memory_mb: f64,
    /// The most it held so far.
    pub peak_memory_mb: f64,
    /// Its processor time while they wait and nothing is asked of it, in percent of one core.
    pub idle_cpu_percent: f64,
    /// What the data take on disk.
    pub disk_mb: f64,
    /// What was not as it should be.
    pub notes: Vec<String>,
}

/// Posting without a pause while leads are delivered.
#[derive(Debug, Clone, Serialize)]
pub struct IngestRow {
    /// Where the host kept its data.
    pub database: DatabaseKind,
    /// Whether leads had a client.
    pub client: bool,
    /// Leads in one request.
    pub batch: u16,
    /// Connections that posted.
    pub connections: u16,
    /// How long was posted, in seconds.
    pub seconds: f64,
    /// Leads acknowledged a second.
    pub acknowledged_per_s: f64,
    /// From sending a request to its acknowledgement.
    pub acknowledge_ms: Option<Percentiles>,
    /// Leads a second that were delivered meanwhile: received by the client, where there is one.
    pub delivered_per_s: f64,
    /// The same with nothing else posted.
    pub delivered_per_s_alone: Option<f64>,
    /// Processor time of the host for a lead that was acknowledged, in microseconds.
    pub host_cpu_us: f64,
    /// Of the load generator and the receiver.
    pub generator_cpu_us: f64,
    /// What was not answered 202, by kind.
    pub errors: BTreeMap<String, u64>,
}

/// Reported events, each told to one webhook.
#[derive(Debug, Clone, Serialize)]
pub struct WebhookRow {
    /// Where the host kept its data.
    pub database: DatabaseKind,
    /// How many webhooks there are.
    pub webhooks: usize,
    /// How many of them hang and are told of their share of events.
    pub hanging: usize,
    /// Events posted a second; none for as many as are taken.
    pub offered_per_s: Option<f64>,
    /// Events that were posted.
    pub events: u64,
    /// Messages that came to webhooks that do not hang.
    pub messages: u64,
    /// How many did not come.
    pub missing: u64,
    /// Messages a second, from the first event posted to the last message received.
    pub messages_per_s: f64,
    /// From the post of an event to its message.
    pub to_receiver_ms: Option<Percentiles>,
    /// Connections that the host opened for them.
    pub connections: u64,
    /// What a message costs.
    pub costs: Costs,
}

/// Looking up duplicates.
#[derive(Debug, Clone, Serialize)]
pub struct LookupRow {
    /// Where the keys are stored.
    pub database: DatabaseKind,
    /// How many.
    pub stored: u64,
    /// Whether the keys that were looked up are among them.
    pub is_known: bool,
    /// How long a statement of 100 keys took, its way to the database and back included, in milliseconds.
    pub ms: f64,
    /// How the database runs it.
    pub plan: Vec<String>,
}

impl LookupRow {
    /// Which keys were looked up.
    pub fn keys(&self) -> &'static str {
        if self.is_known { "known keys" } else { "unknown keys" }
    }
}

/// The table of messages to webhooks.
pub fn webhook_table(rows: &[WebhookRow]) -> Table {
    let titles = [
        "database",
        "webhooks",
        "hanging",
        "offered/s",
        "messages",
        "missing",
        "messages/s",
        "ms p50 / p95 / p99",
        "connections",
        "host CPU us",
        "database CPU us",
        "commits",
    ];
    let mut table = Table::new(1, &titles);
    for row in rows {
        table.row(vec![
            row.database.name().to_owned(),
            row.webhooks.to_string(),
            row.hanging.to_string(),
            optional(row.offered_per_s),
            row.messages.to_string(),
            row.missing.to_string(),
            number(row.messages_per_s),
            format_percentiles(row.to_receiver_ms),
            row.connections.to_string(),
            number(row.costs.host_cpu_us),
            optional(row.costs.postgres_cpu_us),
            optional(row.costs.commits),
        ]);
    }
    table
}

/// The flood's table.
pub fn flood_table(rows: &[FloodRow]) -> Table {
    let titles = [
        "database",
        "what",
        "leads",
        "received",
        "in s",
        "single leads",
        "not received",
        "acknowledge ms",
        "to client ms",
        "alone ms",
        "p99 ratio",
    ];
    let mut table = Table::new(2, &titles);
    for row in rows {
        let ratio = row.to_client_ms.zip(row.alone_ms).map(|(during, alone)| during.p99 / alone.p99);
        table.row(vec![
            row.database.name().to_owned(),
            row.what.to_owned(),
            row.flood_leads.to_string(),
            row.flood_received.to_string(),
            number(row.seconds),
            row.singles.to_string(),
            row.not_received.to_string(),
            format_percentiles(row.acknowledge_ms),
            format!("{}{}", if 0 < row.not_received { "at least " } else { "" }, format_percentiles(row.to_client_ms)),
            format_percentiles(row.alone_ms),
            optional(ratio),
        ]);
    }
    table
}

/// The attacks' table.
pub fn attack_table(rows: &[AttackRow]) -> Table {
    let titles = [
        "database",
        "attack",
        "single leads",
        "not received",
        "failed",
        "acknowledge ms",
        "to client ms",
        "health ms",
        "peak MB",
    ];
    let mut table = Table::new(2, &titles);
    for row in rows {
        table.row(vec![
            row.database.name().to_owned(),
            row.attack.to_owned(),
            row.singles.to_string(),
            row.not_received.to_string(),
            row.errors.to_string(),
            format_percentiles(row.acknowledge_ms),
            format_percentiles(row.to_client_ms),
            format_percentiles(row.health_ms),
            number(row.peak_memory_mb),
        ]);
    }
    table
}

/// The backlog's table. The ratio compares with the first row of the same database.
pub fn backlog_table(rows: &[BacklogRow]) -> Table {
    let titles = [
        "database",
        "state",
        "waiting",
        "counted",
        "acknowledged/s",
        "memory MB",
        "ratio",
        "peak MB",
        "idle CPU %",
        "on disk MB",
    ];
    let mut table = Table::new(2, &titles);
    for row in rows {
        let is_alike = |first: &&BacklogRow| (first.database, first.state) == (row.database, row.state);
        let first = rows.iter().find(|first| is_alike(first) && 0 < first.waiting);
        table.row(vec![
            row.database.name().to_owned(),
            row.state.to_owned(),
            row.waiting.to_string(),
            row.counted.to_string(),
            number(row.acknowledged_per_s),
            number(row.memory_mb),
            optional(first.map(|first| row.memory_mb / first.memory_mb)),
            number(row.peak_memory_mb),
            number(row.idle_cpu_percent),
            number(row.disk_mb),
        ]);
    }
    table
}

/// The table of posting without a pause.
pub fn ingest_table(rows: &[IngestRow]) -> Table {
    let titles = [
        "database",
        "client",
        "batch",
        "connections",
        "acknowledged/s",
        "acknowledge ms",
        "delivered/s",
        "alone/s",
        "ratio",
        "host CPU us",
        "gen us",
    ];
    let mut table = Table::new(2, &titles);
    for row in rows {
        table.row(vec![
            row.database.name().to_owned(),
            if row.client { "yes" } else { "no" }.to_owned(),
            row.batch.to_string(),
            row.connections.to_string(),
            number(row.acknowledged_per_s),
            format_percentiles(row.acknowledge_ms),
            number(row.delivered_per_s),
            optional(row.delivered_per_s_alone),
            optional(row.delivered_per_s_alone.map(|alone| row.delivered_per_s / alone)),
            number(row.host_cpu_us),
            number(row.generator_cpu_us),
        ]);
    }
    table
}

/// The table of look-ups.
pub fn lookup_table(rows: &[LookupRow]) -> Table {
    let mut table = Table::new(2, &["database", "looked up", "stored", "ms"]);
    for row in rows {
        table.row(vec![row.database.name().to_owned(), row.keys().to_owned(), row.stored.to_string(), number(row.ms)]);
    }
    table
}

//! The performance targets of the host, with what was measured.

use super::Report;
use super::flow::FlowRow;
use super::other::BacklogRow;
use super::table::{Table, number};
use crate::options::DatabaseKind;
use DatabaseKind::{Postgres, Sqlite};

/// The most host CPU of a lead with a client on SQLite, in microseconds.
const HOST_CPU_US_MAX: f64 = 250.0;
/// Well under one commit a lead.
const COMMITS_MAX: f64 = 0.5;
const ROW_WRITES_MAX: f64 = 12.0;
/// What a lead may cost of a campaign with a duplicate rule, a cap and a schedule, compared with one without.
const LIFECYCLE_RATIO_MAX: f64 = 1.3;
/// From acknowledged to delivered at half of the load.
const HALF_LOAD_P99_MS_MAX: f64 = 50.0;
/// How much a slow client of one campaign may cost the others.
const NEIGHBOUR_P99_RATIO_MAX: f64 = 1.2;
/// From acknowledged to delivered during a flood.
const FLOOD_P99_MS_MAX: f64 = 500.0;
/// Single leads and the health check during an attack, in milliseconds, and the memory, in MB.
const ATTACK_TO_CLIENT_P99_MS_MAX: f64 = 500.0;
const ATTACK_ACKNOWLEDGE_P99_MS_MAX: f64 = 250.0;
const ATTACK_HEALTH_P99_MS_MAX: f64 = 100.0;
const ATTACK_MEMORY_MB_MAX: f64 = 1073.7;
/// Memory with the larger backlog, compared with the smaller.
const BACKLOG_MEMORY_RATIO_MAX: f64 = 1.1;
/// Messages to webhooks a second, and the host CPU of one in microseconds.
const MESSAGES_PER_S_MIN: f64 = 4_000.0;
const MESSAGE_CPU_US_MAX: f64 = 200.0;
/// How much of its own speed delivery keeps while leads are posted without a pause.
const DURING_INGEST_RATIO_MIN: f64 = 1.0 / 3.0;

/// Leads a second at saturation with one campaign: database, with a webhook, target.
const LEADS_PER_S_MIN: [(DatabaseKind, bool, f64); 4] =
    [(Sqlite, false, 5_000.0), (Sqlite, true, 2_500.0), (Postgres, false, 3_000.0), (Postgres, true, 1_500.0)];

/// Acknowledged leads a second on SQLite: batch, target.
const ACKNOWLEDGED_PER_S_MIN: [(u16, f64); 2] = [(100, 85_000.0), (1, 7_900.0)];

/// Which way a value is good.
#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A target of which something was measured.
struct Target {
    name: String,
    bound: Bound,
    measured: f64,
    /// Whether what was measured ended in time: else no target is met.
    is_complete: bool,
}

/// Every target of which something was measured in this call.
pub fn table(report: &Report) -> Table {
    let mut table = Table::new(1, &["target", "bound", "measured", "ratio", "met"]);
    for target in targets(report) {
        let (sign, bound, is_met) = match target.bound {
            Bound::AtLeast(bound) => ("at least ", bound, target.is_complete && bound <= target.measured),
            Bound::AtMost(bound) => ("at most ", bound, target.is_complete && target.measured <= bound),
        };
        table.row(vec![
            target.name,
            format!("{sign}{}", number(bound)),
            number(target.measured),
            number(target.measured / bound),
            if is_met { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table
}

fn targets(report: &Report) -> Vec<Target> {
    let mut targets = Vec::new();
    rates(report, &mut targets);
    costs(report, &mut targets);
    lifecycle(report, &mut targets);
    half_load(report, &mut targets);
    neighbours(report, &mut targets);
    attacks(report, &mut targets);
    others(report, &mut targets);
    webhooks(report, &mut targets);
    targets
}

fn rates(report: &Report, targets: &mut Vec<Target>) {
    for (database, webhook, bound) in LEADS_PER_S_MIN {
        if let Some(row) = saturated(report, database, webhook) {
            let client = if webhook { "a client and a webhook" } else { "a client" };
            let name = format!("{}: leads/s, {client}", database.name());
            targets.push(Target {
                name,
                bound: Bound::AtLeast(bound),
                measured: row.leads_per_s,
                is_complete: row.is_complete,
            });
        }
    }
}

fn costs(report: &Report, targets: &mut Vec<Target>) {
    let Some(row) = saturated(report, Sqlite, false) else { return };
    let (Some(costs), is_complete) = (row.costs.as_ref(), row.is_complete) else { return };
    let bounds = [
        ("sqlite: host CPU of a lead, us", HOST_CPU_US_MAX, Some(costs.host_cpu_us)),
        ("sqlite: commits a lead", COMMITS_MAX, costs.commits),
        ("sqlite: row writes a lead", ROW_WRITES_MAX, costs.row_writes),
    ];
    for (name, bound, measured) in bounds {
        targets.extend(measured.map(|measured| Target {
            name: name.to_owned(),
            bound: Bound::AtMost(bound),
            measured,
            is_complete,
        }));
    }
}

/// The run with a lifecycle, compared with the run that has a client and nothing else.
fn lifecycle(report: &Report, targets: &mut Vec<Target>) {
    for row in report.flow.iter().filter(|row| row.scenario == "saturation" && row.lifecycle) {
        let Some(plain) = saturated(report, row.database, false) else { continue };
        let cpu_us = |row: &FlowRow| {
            row.costs.as_ref().map(|costs| costs.host_cpu_us + costs.postgres_cpu_us.unwrap_or_default())
        };
        let costs = [
            ("time", Some(plain.leads_per_s / row.leads_per_s)),
            ("CPU of host and database", cpu_us(row).zip(cpu_us(plain)).map(|(with, without)| with / without)),
        ];
        targets.extend(costs.into_iter().filter_map(|(what, measured)| {
            let stored = row.stored_leads;
            let name = format!("{}: {what} of a lead with lifecycle, {stored} stored, to without", row.database.name());
            let is_complete = row.is_complete && plain.is_complete && row.leads <= row.delivered;
            Some(Target { name, bound: Bound::AtMost(LIFECYCLE_RATIO_MAX), measured: measured?, is_complete })
        }));
    }
}

fn half_load(report: &Report, targets: &mut Vec<Target>) {
    for row in report.flow.iter().filter(|row| row.scenario == "half") {
        let Some(latency) = row.to_delivered_ms else { continue };
        let name = format!("{}: p99 to delivered at half load, ms, {}", row.database.name(), row.variant);
        targets.push(Target {
            name,
            bound: Bound::AtMost(HALF_LOAD_P99_MS_MAX),
            measured: latency.p99,
            is_complete: row.is_complete,
        });
    }
}

fn neighbours(report: &Report, targets: &mut Vec<Target>) {
    let rows = report.flow.iter().filter(|row| row.scenario == "hang" && row.offered_per_s.is_some());
    for row in rows.clone().filter(|row| row.odd_client.is_some()) {
        let base = rows.clone().find(|base| base.database == row.database && base.odd_client.is_none());
        let latencies = base.and_then(|base| Some((base.to_client_ms?, row.to_client_ms?)));
        let Some((base, during)) = latencies else { continue };
        let name = format!("{}: others' p99, {}", row.database.name(), row.variant);
        let measured = during.p99 / base.p99.max(f64::MIN_POSITIVE);
        targets.push(Target {
            name,
            bound: Bound::AtMost(NEIGHBOUR_P99_RATIO_MAX),
            measured,
            is_complete: row.is_complete,
        });
    }
}

fn attacks(report: &Report, targets: &mut Vec<Target>) {
    for row in &report.attacks {
        let p99 = |ms: Option<crate::latency::Percentiles>| ms.map(|ms| ms.p99);
        let bounds = [
            ("p99 to client, ms", ATTACK_TO_CLIENT_P99_MS_MAX, p99(row.to_client_ms)),
            ("p99 to acknowledge, ms", ATTACK_ACKNOWLEDGE_P99_MS_MAX, p99(row.acknowledge_ms)),
            ("p99 of health, ms", ATTACK_HEALTH_P99_MS_MAX, p99(row.health_ms)),
            ("memory, MB", ATTACK_MEMORY_MB_MAX, Some(row.peak_memory_mb)),
        ];
        targets.extend(bounds.into_iter().filter_map(|(what, bound, measured)| {
            let name = format!("{}: {}: {what}", row.database.name(), row.attack);
            let is_complete = row.not_received == 0 && row.errors == 0;
            Some(Target { name, bound: Bound::AtMost(bound), measured: measured?, is_complete })
        }));
    }
}

fn others(report: &Report, targets: &mut Vec<Target>) {
    for row in &report.flood {
        let Some(latency) = row.to_client_ms else { continue };
        let name = format!("{}: p99 of single leads during a {}, ms", row.database.name(), row.what);
        targets.push(Target {
            name,
            bound: Bound::AtMost(FLOOD_P99_MS_MAX),
            measured: latency.p99,
            is_complete: row.not_received == 0,
        });
    }
    for row in &report.backlog {
        let is_alike = |first: &&BacklogRow| (first.database, first.state) == (row.database, row.state);
        let first = report.backlog.iter().find(is_alike);
        let Some(first) = first.filter(|first| first.waiting < row.waiting) else { continue };
        let name = format!("{}: memory with {} {}, to {}", row.database.name(), row.waiting, row.state, first.waiting);
        let measured = row.memory_mb / first.memory_mb;
        targets.push(Target {
            name,
            bound: Bound::AtMost(BACKLOG_MEMORY_RATIO_MAX),
            measured,
            is_complete: row.waiting == row.counted,
        });
    }
    for row in report.ingest.iter().filter(|row| row.client) {
        let target = ACKNOWLEDGED_PER_S_MIN.iter().find(|(batch, _)| row.database == Sqlite && *batch == row.batch);
        targets.extend(target.map(|(batch, bound)| Target {
            name: format!("sqlite: leads/s acknowledged, {batch} in a request, while others are delivered"),
            bound: Bound::AtLeast(*bound),
            measured: row.acknowledged_per_s,
            is_complete: true,
        }));
        targets.extend(row.delivered_per_s_alone.map(|alone| Target {
            name: format!("{}: delivery while posting, {} in a request", row.database.name(), row.batch),
            bound: Bound::AtLeast(DURING_INGEST_RATIO_MIN),
            measured: row.delivered_per_s / alone,
            is_complete: true,
        }));
    }
}

fn webhooks(report: &Report, targets: &mut Vec<Target>) {
    for row in &report.webhooks {
        let (name, is_complete) = (format!("{}, {} webhooks", row.database.name(), row.webhooks), row.missing == 0);
        if row.offered_per_s.is_none() {
            let rate = (Bound::AtLeast(MESSAGES_PER_S_MIN), row.messages_per_s, "messages/s");
            let cpu = (Bound::AtMost(MESSAGE_CPU_US_MAX), row.costs.host_cpu_us, "host CPU of a message, us");
            let targets_of = [rate, cpu].map(|(bound, measured, what)| Target {
                name: format!("{name}: {what}"),
                bound,
                measured,
                is_complete,
            });
            targets.extend(targets_of);
        }
        let base = report.webhooks.iter().find(|base| {
            (base.database, base.webhooks, base.hanging) == (row.database, row.webhooks, 0)
                && base.offered_per_s.is_some()
        });
        let latencies = base.filter(|_| 0 < row.hanging).and_then(|base| base.to_receiver_ms.zip(row.to_receiver_ms));
        targets.extend(latencies.map(|(base, during)| Target {
            name: format!("{name}: others' p99 while {} hang", row.hanging),
            bound: Bound::AtMost(NEIGHBOUR_P99_RATIO_MAX),
            measured: during.p99 / base.p99.max(f64::MIN_POSITIVE),
            is_complete,
        }));
    }
}

/// The run at saturation with one campaign and a client.
fn saturated(report: &Report, database: DatabaseKind, webhook: bool) -> Option<&FlowRow> {
    report.flow.iter().find(|row| {
        row.scenario == "saturation"
            && row.database == database
            && row.campaigns == 1
            && row.client.is_some()
            && row.webhook == webhook
            && !row.lifecycle
            && row.stored_leads == 0
    })
}

//! What a run costs: processor time of everyone who takes part, commits, row writes, bytes to disk.

use anyhow::Result;
use serde::Serialize;

use crate::world::World;
use crate::{process, sqlite};

const COMMITS: &str = "hookmill_store_commits_total";
const ROW_WRITES: &str = "hookmill_store_row_writes_total";

/// All accounts at one moment.
pub struct Snapshot {
    host_cpu_s: f64,
    generator_cpu_s: f64,
    receiver_cpu_s: f64,
    postgres_cpu_s: Option<f64>,
    written_bytes: Option<u64>,
    commits: Option<u64>,
    row_writes: Option<u64>,
}

/// What lies between two moments, a lead.
#[derive(Debug, Clone, Serialize)]
pub struct Costs {
    /// Processor time of the host and of the processes it started, in microseconds.
    pub host_cpu_us: f64,
    /// Of the load generator.
    pub generator_cpu_us: f64,
    /// Of the receiver.
    pub receiver_cpu_us: f64,
    /// Of the PostgreSQL server, all its processes.
    pub postgres_cpu_us: Option<f64>,
    /// Transactions that wrote. `None` where nothing counts them.
    pub commits: Option<f64>,
    /// Table rows inserted, changed and removed. `None` where nothing counts them.
    pub row_writes: Option<f64>,
    /// Bytes that host and PostgreSQL sent to disks. `None` where this user may not know.
    pub written_bytes: Option<f64>,
}

impl Snapshot {
    /// Reads all accounts.
    pub async fn take(world: &mut World) -> Result<Snapshot> {
        let metrics = world.api.metrics().await?.unwrap_or_default();
        let host = world.host.pid()?;
        let postgres = world.database.as_ref().map(|database| database.server_pid()).transpose()?;
        let mut written_bytes = process::written_bytes(host)?;
        if let Some(pid) = postgres {
            written_bytes = written_bytes.zip(process::written_bytes(pid)?).map(|(host, server)| host + server);
        }
        Ok(Snapshot {
            host_cpu_s: process::cpu_seconds(host)?,
            generator_cpu_s: own_cpu_seconds(world)?,
            receiver_cpu_s: process::cpu_seconds(world.receiver.pid()?)?,
            postgres_cpu_s: postgres.map(process::cpu_seconds).transpose()?,
            written_bytes,
            commits: counter(&metrics, COMMITS).map_or_else(|| commits_seen_outside(world), |count| Ok(Some(count)))?,
            row_writes: counter(&metrics, ROW_WRITES)
                .map_or_else(|| row_writes_seen_outside(world), |count| Ok(Some(count)))?,
        })
    }

    /// A PostgreSQL server has counted all rows only once the host has ended. A host that counts itself needs no such
    /// care.
    pub async fn complete(&mut self, world: &mut World) -> Result<()> {
        let counts_itself = world.api.metrics().await?.is_some_and(|metrics| counter(&metrics, ROW_WRITES).is_some());
        world.host.kill().await?;
        if let Some(database) = world.database.as_ref().filter(|_| !counts_itself) {
            self.row_writes = Some(database.row_writes_when_idle().await?);
        }
        Ok(())
    }

    /// What was spent since `before`, divided by `leads`.
    pub fn since(&self, before: &Snapshot, leads: u64) -> Costs {
        let leads = leads.max(1) as f64;
        let us = |after: f64, before: f64| (after - before) * 1e6 / leads;
        let count = |after: Option<u64>, before: Option<u64>| {
            after.zip(before).map(|(after, before)| after.saturating_sub(before) as f64 / leads)
        };
        Costs {
            host_cpu_us: us(self.host_cpu_s, before.host_cpu_s),
            generator_cpu_us: us(self.generator_cpu_s, before.generator_cpu_s),
            receiver_cpu_us: us(self.receiver_cpu_s, before.receiver_cpu_s),
            postgres_cpu_us: self.postgres_cpu_s.zip(before.postgres_cpu_s).map(|(after, before)| us(after, before)),
            commits: count(self.commits, before.commits),
            row_writes: count(self.row_writes, before.row_writes),
            written_bytes: count(self.written_bytes, before.written_bytes),
        }
    }
}

/// This program alone: host and receiver are its children.
fn own_cpu_seconds(world: &World) -> Result<f64> {
    let all = process::cpu_seconds(std::process::id())?;
    Ok(all - process::cpu_seconds(world.host.pid()?)? - process::cpu_seconds(world.receiver.pid()?)?)
}

fn commits_seen_outside(world: &World) -> Result<Option<u64>> {
    match &world.database {
        Some(database) => database.write_transactions().map(Some),
        None => Ok(sqlite::commits(&world.host.data()).map(u64::from)),
    }
}

fn row_writes_seen_outside(world: &World) -> Result<Option<u64>> {
    world.database.as_ref().map(|database| database.row_writes()).transpose()
}

/// The sum of a counter's lines in the text format of Prometheus, over all its labels.
fn counter(metrics: &str, name: &str) -> Option<u64> {
    let values: Vec<f64> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|rest| rest.starts_with(['{', ' ']))
        .filter_map(|rest| rest.rsplit_once(' ')?.1.parse().ok())
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels are added up; comments and longer names are not this counter.
    #[test]
    fn counters_are_read_from_metrics() {
        let metrics = "# TYPE hookmill_store_commits_total counter\nhookmill_store_commits_total{step=\"intake\"} 40\n\
                       hookmill_store_commits_total{step=\"outcome\"} 2\nhookmill_store_commits_total_s 9\n\
                       hookmill_store_row_writes_total 7\n";
        assert_eq!(counter(metrics, COMMITS), Some(42));
        assert_eq!(counter(metrics, ROW_WRITES), Some(7));
        assert_eq!(counter("", COMMITS), None);
    }
}

//! What a run costs: processor time of everyone who takes part, commits, row writes, bytes to disk.

use anyhow::Result;
use serde::Serialize;

use crate::world::World;
use crate::{process, sqlite};

const COMMITS: &str = "hookmill_store_commits_total";
const ROW_WRITES: &str = "hookmill_store_row_writes_total";

/// All accounts at one moment.
pub struct Snapshot {
    cpu: CpuSeconds,
    counts: Counts,
}

/// Processor time in seconds.
struct CpuSeconds {
    host: f64,
    generator: f64,
    receiver: f64,
    postgres: Option<f64>,
}

/// What grows with work.
struct Counts {
    written_bytes: Option<u64>,
    commits: Option<u64>,
    row_writes: Option<u64>,
    disk_bytes: u64,
}

/// The difference of two accounts, for each lead.
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
    /// By how much the data grew on disk, write-ahead log included on SQLite, in bytes.
    pub disk_bytes: f64,
}

impl Snapshot {
    /// Reads all accounts before a measurement. The cost of reading is not included.
    pub async fn before(world: &mut World) -> Result<Snapshot> {
        let counts = Counts::read(world).await?;
        Ok(Snapshot { cpu: CpuSeconds::read(world)?, counts })
    }

    /// Reads all accounts after a measurement. The cost of reading is not included.
    pub async fn after(world: &mut World) -> Result<Snapshot> {
        let cpu = CpuSeconds::read(world)?;
        Ok(Snapshot { cpu, counts: Counts::read(world).await? })
    }

    /// A PostgreSQL server has counted all rows only once the host has ended. A host that counts itself needs no such
    /// care.
    pub async fn complete(&mut self, world: &mut World) -> Result<()> {
        let counts_itself = world.api.metrics().await?.is_some_and(|metrics| counter(&metrics, ROW_WRITES).is_some());
        world.host.kill().await?;
        if let Some(database) = world.database.as_ref().filter(|_| !counts_itself) {
            self.counts.row_writes = Some(database.row_writes_when_idle().await?);
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
        let (cpu, cpu_before) = (&self.cpu, &before.cpu);
        let (counts, counts_before) = (&self.counts, &before.counts);
        Costs {
            host_cpu_us: us(cpu.host, cpu_before.host),
            generator_cpu_us: us(cpu.generator, cpu_before.generator),
            receiver_cpu_us: us(cpu.receiver, cpu_before.receiver),
            postgres_cpu_us: cpu.postgres.zip(cpu_before.postgres).map(|(after, before)| us(after, before)),
            commits: count(counts.commits, counts_before.commits),
            row_writes: count(counts.row_writes, counts_before.row_writes),
            written_bytes: count(counts.written_bytes, counts_before.written_bytes),
            disk_bytes: counts.disk_bytes.saturating_sub(counts_before.disk_bytes) as f64 / leads,
        }
    }
}

impl CpuSeconds {
    fn read(world: &World) -> Result<CpuSeconds> {
        let (host, receiver) = (process::cpu_seconds(world.host.pid()?)?, process::cpu_seconds(world.receiver.pid()?)?);
        let with_children = process::cpu_seconds(std::process::id())?;
        let postgres = world.database.as_ref().map(|database| process::cpu_seconds(database.server_pid));
        Ok(CpuSeconds { host, generator: with_children - host - receiver, receiver, postgres: postgres.transpose()? })
    }
}

impl Counts {
    async fn read(world: &mut World) -> Result<Counts> {
        let metrics = world.api.metrics().await?.unwrap_or_default();
        let mut written_bytes = process::written_bytes(world.host.pid()?)?;
        if let Some(database) = &world.database {
            let server = process::written_bytes(database.server_pid)?;
            written_bytes = written_bytes.zip(server).map(|(host, server)| host + server);
        }
        let commits = match counter(&metrics, COMMITS) {
            Some(count) => Some(count),
            None => commits_seen_outside(world)?,
        };
        let row_writes = match counter(&metrics, ROW_WRITES) {
            Some(count) => Some(count),
            None => world.database.as_ref().map(|database| database.row_writes()).transpose()?,
        };
        Ok(Counts { written_bytes, commits, row_writes, disk_bytes: world.disk_bytes()? })
    }
}

fn commits_seen_outside(world: &World) -> Result<Option<u64>> {
    match &world.database {
        Some(database) => database.write_transactions().map(Some),
        None => Ok(sqlite::commits(&world.host.data()).map(u64::from)),
    }
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

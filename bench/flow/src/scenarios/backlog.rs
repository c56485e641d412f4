//! Very many leads wait in a paused campaign: the host's memory must not grow with them.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::announce;
use crate::load::{Amount, Posted, Poster};
use crate::options::{DatabaseKind, Options};
use crate::process;
use crate::report::Report;
use crate::report::other::BacklogRow;
use crate::run::warm_up;
use crate::world::{Organization, Setup, World};

/// Leads that wait, one number after the other on the same host.
const WAITING: [[u64; 2]; 2] = [[5_000, 20_000], [100_000, 1_000_000]];
const CONNECTIONS: usize = 16;
/// The time limit until all of them are pending.
const REST_LIMIT: Duration = Duration::from_secs(400);
const REST_POLL: Duration = Duration::from_secs(1);
/// How long the host is watched while nothing is asked of it.
const IDLE: Duration = Duration::from_secs(5);

/// Posts in steps, and measures after each.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let setup = Setup::plain(database);
    let mut world = World::start(options, database, 0).await?;
    let organization = world.organization(&setup).await?;
    warm_up(options, &mut world, &organization, &setup).await?;
    world.api.pause_campaign(&organization.id, &crate::leads::campaign_id(0)).await?;
    let mut poster = Poster::new(organization.shape(&world, options.batch.into()), CONNECTIONS);
    let mut waiting = 0;
    let [quick, whole] = WAITING;
    for number in options.pick(quick, whole) {
        announce("backlog", database, &format!("{number} leads wait"));
        let until = Instant::now() + options.limit();
        let requests = (number - waiting).div_ceil(poster.batch());
        let posted = poster.post_all(Amount { requests, until, keeps_ids: false }).await?;
        waiting += posted.count;
        let row = measure(&mut world, &organization, (database, "pending"), waiting, &posted).await?;
        eprintln!("    {:.0} MB of memory, {} of {waiting} pending", row.memory_mb, row.counted);
        report.backlog.push(row);
    }
    world.end().await
}

/// What it costs to have so many leads wait in this state, in the first campaign.
pub async fn measure(
    world: &mut World,
    organization: &Organization,
    (database, state): (DatabaseKind, &'static str),
    waiting: u64,
    posted: &Posted,
) -> Result<BacklogRow> {
    let counted = wait_until_counted(world, organization, state, waiting).await?;
    let host = world.host.pid()?;
    let cpu_before = process::cpu_seconds(host)?;
    tokio::time::sleep(IDLE).await;
    let idle_cpu_s = process::cpu_seconds(host)? - cpu_before;
    Ok(BacklogRow {
        database,
        state,
        waiting,
        counted,
        acknowledged_per_s: posted.count as f64 / posted.seconds().max(f64::MIN_POSITIVE),
        memory_mb: process::memory_bytes(host)? as f64 / 1e6,
        peak_memory_mb: process::peak_memory_bytes(host)? as f64 / 1e6,
        idle_cpu_percent: 100.0 * idle_cpu_s / IDLE.as_secs_f64(),
        disk_mb: world.disk_bytes()? as f64 / 1e6,
        notes: posted.errors.iter().map(|(error, count)| format!("{count} x {error}")).collect(),
    })
}

/// Waits until all of them are known to wait, and returns how many are.
async fn wait_until_counted(world: &mut World, organization: &Organization, state: &str, waiting: u64) -> Result<u64> {
    let until = Instant::now() + REST_LIMIT;
    loop {
        tokio::time::sleep(REST_POLL).await;
        let states = world.api.state_counts(&organization.id, &crate::leads::campaign_id(0)).await?;
        let counted = states.get(state).copied().unwrap_or_default();
        if waiting <= counted || until < Instant::now() {
            return Ok(counted);
        }
    }
}

//! Posting without a pause, in hundreds and one by one, while what was posted is delivered.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{announce, matrix};
use crate::load::{Amount, Poster};
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::other::IngestRow;
use crate::run::warm_up;
use crate::world::{Organization, Setup, World};
use crate::{latency, process};

/// Leads in one request, without a client and with one.
const WITHOUT_CLIENT: [u16; 3] = [100, 10, 1];
const WITH_CLIENT: [u16; 2] = [100, 1];
const CONNECTIONS: u16 = 64;
/// How long is posted, in seconds.
const POSTING_S: [u64; 2] = [2, 5];

/// Measures each size of request on a fresh host, first without a client, then with one.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let alone = matrix::with_client(options, database, report).await?.received_per_s;
    let plain = Setup::plain(database);
    let with_client = Setup::with_client(database, Responds::AfterMs(0));
    let without = WITHOUT_CLIENT.map(|batch| (plain, batch, None));
    for (setup, batch, alone) in without.into_iter().chain(WITH_CLIENT.map(|batch| (with_client, batch, alone))) {
        let client = if setup.client.is_some() { "a client" } else { "no client" };
        announce("ingest", database, &format!("{batch} leads in a request, {CONNECTIONS} connections, {client}"));
        let row = measure(options, &setup, batch, alone).await?;
        eprintln!("    {:.0} leads/s acknowledged, {:.0} delivered", row.acknowledged_per_s, row.delivered_per_s);
        report.ingest.push(row);
    }
    Ok(())
}

async fn measure(options: &Options, setup: &Setup, batch: u16, alone: Option<f64>) -> Result<IngestRow> {
    let mut world = World::start(options, setup.database, 1).await?;
    let organization = world.organization(setup).await?;
    warm_up(options, &mut world, &organization, setup).await?;
    let mut poster = Poster::new(organization.shape(&world, batch.into()), CONNECTIONS.into());
    let before = delivered(&mut world, &organization, setup).await?;
    let host = world.host.pid()?;
    let [quick, whole] = POSTING_S;
    let until = Instant::now() + Duration::from_secs(options.pick(quick, whole));
    let cpu_before = [process::cpu_seconds(host)?, process::cpu_seconds(std::process::id())?];
    let posted = poster.post_all(Amount { requests: u64::MAX, until, keeps_ids: false }).await?;
    let cpu_after = [process::cpu_seconds(host)?, process::cpu_seconds(std::process::id())?];
    let after = delivered(&mut world, &organization, setup).await?;
    world.end().await?;
    let seconds = posted.seconds().max(f64::MIN_POSITIVE);
    let cpu_us = |seconds: f64| seconds * 1e6 / posted.count.max(1) as f64;
    let host_cpu_s = cpu_after[0] - cpu_before[0];
    Ok(IngestRow {
        database: setup.database,
        client: setup.client.is_some(),
        batch,
        connections: CONNECTIONS,
        seconds,
        acknowledged_per_s: posted.count as f64 / seconds,
        acknowledge_ms: latency::percentiles(&posted.latency_us),
        delivered_per_s: after.saturating_sub(before) as f64 / seconds,
        delivered_per_s_alone: alone,
        host_cpu_us: cpu_us(host_cpu_s),
        generator_cpu_us: cpu_us(cpu_after[1] - cpu_before[1] - host_cpu_s),
        errors: posted.errors,
    })
}

/// What the client received, or, without a client, what the API calls delivered.
async fn delivered(world: &mut World, organization: &Organization, setup: &Setup) -> Result<u64> {
    if setup.client.is_none() {
        let states = world.api.state_counts(&organization.id, &crate::leads::campaign_id(0)).await?;
        return Ok(states.get("delivered").copied().unwrap_or_default());
    }
    received(world, organization).await
}

async fn received(world: &mut World, organization: &Organization) -> Result<u64> {
    let counts = world.receiver.counts().await?;
    Ok(counts.clients.get(&organization.client_name(0)).map_or(0, |client| client.submissions))
}

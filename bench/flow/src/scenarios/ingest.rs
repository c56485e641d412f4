//! Posting without a pause, in hundreds and one by one, while what was posted is delivered.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{announce, matrix};
use crate::latency;
use crate::load::{Amount, Poster};
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::other::IngestRow;
use crate::run::warm_up;
use crate::world::{Organization, Setup, World};

/// Leads in one request.
const BATCHES: [u16; 2] = [100, 1];
const CONNECTIONS: u16 = 64;
/// How long is posted, in seconds.
const POSTING_S: [u64; 2] = [2, 5];

/// Measures each size of request on a fresh host.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let alone = matrix::with_client(options, database, report).await?.received_per_s;
    for batch in BATCHES {
        announce("ingest", database, &format!("{batch} leads in a request, {CONNECTIONS} connections"));
        let row = measure(options, database, batch, alone).await?;
        eprintln!("    {:.0} leads/s acknowledged, {:.0} received", row.acknowledged_per_s, row.received_per_s);
        report.ingest.push(row);
    }
    Ok(())
}

async fn measure(options: &Options, database: DatabaseKind, batch: u16, alone: Option<f64>) -> Result<IngestRow> {
    let setup = Setup::with_client(database, Responds::AfterMs(0));
    let mut world = World::start(options, database, 1).await?;
    let organization = world.organization(&setup).await?;
    warm_up(options, &mut world, &organization, &setup).await?;
    let mut poster = Poster::new(organization.shape(&world, batch.into()), CONNECTIONS.into());
    let before = received(&mut world, &organization).await?;
    let [quick, whole] = POSTING_S;
    let until = Instant::now() + Duration::from_secs(options.pick(quick, whole));
    let posted = poster.post_all(Amount { requests: u64::MAX, until, keeps_ids: false }).await?;
    let after = received(&mut world, &organization).await?;
    world.end().await?;
    let seconds = posted.seconds().max(f64::MIN_POSITIVE);
    Ok(IngestRow {
        database,
        batch,
        connections: CONNECTIONS,
        seconds,
        acknowledged_per_s: posted.count as f64 / seconds,
        acknowledge_ms: latency::percentiles(&posted.latency_us),
        received_per_s: (after - before) as f64 / seconds,
        received_per_s_alone: alone,
        errors: posted.errors,
    })
}

async fn received(world: &mut World, organization: &Organization) -> Result<u64> {
    let counts = world.receiver.counts().await?;
    Ok(counts.clients.get(&organization.client_name(0)).map_or(0, |client| client.submissions))
}

//! Very many leads wait in the queue of a campaign whose cap is reached. Memory must not grow with them, and when they are released the leads of
//! another campaign of the same organization must not wait for them.

use std::time::{Duration, Instant};

use anyhow::Result;
use hookmill_bench_flow::now_us;

use super::singles::{self, INTERVAL, POLL};
use super::{announce, backlog};
use crate::latency;
use crate::leads::campaign_id;
use crate::load::{Amount, Poster};
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::other::FloodRow;
use crate::run::warm_up;
use crate::world::{Organization, Setup, World};

/// Leads that are released, and leads that wait afterwards.
const QUEUED: [[u64; 2]; 2] = [[2_000, 20_000], [100_000, 1_000_000]];
const CONNECTIONS: usize = 16;
/// How long single leads are posted beside the release, at most, in seconds.
const RELEASE_S: [u64; 2] = [10, 90];
/// How long they are posted before it, in seconds.
const ALONE_S: u64 = 5;

/// The campaign that queues, and the other one.
const QUEUEING: usize = 0;
const OTHER: usize = 1;

/// Fills the queue, releases it, and fills it again with more.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let setup = Setup { campaigns: 2, ..Setup::with_client(database, Responds::AfterMs(0)) };
    let mut world = World::start(options, database, setup.campaigns).await?;
    let organization = world.organization(&setup).await?;
    warm_up(options, &mut world, &organization, &setup).await?;
    let mut singles = Poster::new(organization.shape_of(&world, 1, OTHER..OTHER + 1), CONNECTIONS);
    let alone = singles::post(&mut singles, ALONE_S).await?;
    singles::wait(&mut world, &alone).await?;
    let alone_ms = singles::latencies(&alone.accepted, &world.receiver.receipts().await?, now_us())?.0;
    let [quick, whole] = QUEUED;
    let [released, queued] = options.pick(quick, whole);
    fill(options, &mut world, &organization, (database, released), report).await?;
    announce("queue", database, &format!("{released} are released, and one other each {} ms", INTERVAL.as_millis()));
    let row = release(options, &mut world, &organization, singles, released).await?;
    report.flood.push(FloodRow { alone_ms, ..row });
    fill(options, &mut world, &organization, (database, queued), report).await?;
    world.end().await
}

/// Posts so many leads to the campaign whose cap is reached, and measures what they cost while they wait.
async fn fill(
    options: &Options,
    world: &mut World,
    organization: &Organization,
    (database, count): (DatabaseKind, u64),
    report: &mut Report,
) -> Result<()> {
    announce("queue", database, &format!("{count} leads wait"));
    world.api.set_full(&organization.id, &campaign_id(QUEUEING), true).await?;
    let shape = organization.shape_of(world, options.batch.into(), QUEUEING..QUEUEING + 1);
    let mut poster = Poster::new(shape, CONNECTIONS);
    let until = Instant::now() + options.limit();
    let requests = count.div_ceil(poster.batch());
    let posted = poster.post_all(Amount { requests, until, keeps_ids: false }).await?;
    let row = backlog::measure(world, organization, (database, "queued"), posted.count, &posted).await?;
    eprintln!("    {:.0} MB of memory, {} of {} queued", row.memory_mb, row.counted, row.waiting);
    report.backlog.push(row);
    Ok(())
}

/// Releases the queue while single leads come to the other campaign. Only those count that were posted before all were released.
async fn release(
    options: &Options,
    world: &mut World,
    organization: &Organization,
    mut singles: Poster,
    queued: u64,
) -> Result<FloodRow> {
    let [quick, whole] = RELEASE_S;
    let seconds = options.pick(quick, whole).min(options.limit_s);
    let (before, began) = (received(world, organization).await?, Instant::now());
    let until = began + Duration::from_secs(seconds);
    let run = tokio::spawn(async move { singles::post(&mut singles, seconds).await });
    world.api.set_full(&organization.id, &campaign_id(QUEUEING), false).await?;
    while Instant::now() < until && received(world, organization).await? < before + queued {
        tokio::time::sleep(POLL).await;
    }
    let (ended_us, took) = (now_us(), began.elapsed().as_secs_f64());
    let flood_received = received(world, organization).await? - before;
    let mut during = run.await??;
    during.accepted.retain(|lead| lead.at_us < ended_us);
    singles::wait(world, &during).await?;
    let receipts = world.receiver.receipts().await?;
    let (to_client_ms, not_received) = singles::latencies(&during.accepted, &receipts, now_us())?;
    eprintln!("    p99 {:?} ms, {not_received} not received, {took:.0} s", to_client_ms.map(|latency| latency.p99));
    Ok(FloodRow {
        database: world.database_kind(),
        what: "release",
        flood_leads: queued,
        flood_received,
        seconds: took,
        alone_ms: None,
        singles: during.accepted.len() as u64,
        not_received,
        acknowledge_ms: latency::percentiles(&during.latency_us),
        to_client_ms,
        errors: during.errors,
    })
}

async fn received(world: &mut World, organization: &Organization) -> Result<u64> {
    let counts = world.receiver.counts().await?;
    Ok(counts.clients.get(&organization.client_name(QUEUEING)).map_or(0, |client| client.submissions))
}

//! One organization posts very many leads at once; another one's single leads must not wait for them.

use std::time::{Duration, Instant};

use anyhow::Result;
use hookmill_bench_flow::now_us;

use super::announce;
use super::singles::{self, INTERVAL, POLL};
use crate::latency;
use crate::load::{Amount, Posted, Poster};
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::other::FloodRow;
use crate::run::warm_up;
use crate::world::{Organization, Setup, World};

/// Leads of the flood.
const FLOOD_LEADS: [u64; 2] = [20_000, 200_000];
/// How long single leads are posted beside it, at most, in seconds.
const FLOOD_S: [u64; 2] = [10, 60];
/// How long they are posted before it, in seconds.
const ALONE_S: u64 = 5;
const FLOOD_CONNECTIONS: usize = 16;

/// Measures single leads alone, then during the flood.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let [quick, whole] = FLOOD_LEADS;
    let flood_leads = options.pick(quick, whole);
    announce("flood", database, &format!("{flood_leads} leads, and one each {} ms", INTERVAL.as_millis()));
    let setup = Setup::with_client(database, Responds::AfterMs(0));
    let mut world = World::start(options, database, 2).await?;
    let flooder = world.organization(&setup).await?;
    let single = world.organization(&setup).await?;
    for organization in [&flooder, &single] {
        warm_up(options, &mut world, organization, &setup).await?;
    }
    let mut poster = Poster::new(single.shape(&world, 1), 16);
    let alone = singles::post(&mut poster, ALONE_S).await?;
    singles::wait(&mut world, &alone).await?;
    let alone_ms = singles::latencies(&alone.accepted, &world.receiver.receipts().await?, now_us())?.0;
    let warmed_up = received(&mut world, &flooder).await?;
    let (during, flood, seconds) = during_flood(options, &mut world, &flooder, poster, flood_leads).await?;
    let flood_received = received(&mut world, &flooder).await? - warmed_up;
    singles::wait(&mut world, &during).await?;
    let (to_client_ms, not_received) =
        singles::latencies(&during.accepted, &world.receiver.receipts().await?, now_us())?;
    let mut errors = during.errors;
    errors.extend(flood.errors.into_iter().map(|(error, count)| (format!("flood {error}"), count)));
    let row = FloodRow {
        database,
        what: "flood",
        flood_leads: flood.count,
        flood_received,
        seconds,
        alone_ms,
        singles: during.accepted.len() as u64,
        not_received,
        acknowledge_ms: latency::percentiles(&during.latency_us),
        to_client_ms,
        errors,
    };
    eprintln!("    p99 {:?} ms, {not_received} not received", row.to_client_ms.map(|latency| latency.p99));
    report.flood.push(row);
    world.end().await
}

/// Posts singles and the flood at the same time, until the flood is delivered or the time is up. Only singles that were
/// posted before the flood ended count.
async fn during_flood(
    options: &Options,
    world: &mut World,
    flooder: &Organization,
    mut singles: Poster,
    leads: u64,
) -> Result<(Posted, Posted, f64)> {
    let [quick, whole] = FLOOD_S;
    let seconds = options.pick(quick, whole).min(options.limit_s);
    let mut poster = Poster::new(flooder.shape(world, options.batch.into()), FLOOD_CONNECTIONS);
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let goal = received(world, flooder).await? + leads;
    let amount = Amount { requests: leads.div_ceil(poster.batch()), until, keeps_ids: false };
    let flood = tokio::spawn(async move { poster.post_all(amount).await });
    let singles_run = tokio::spawn(async move { singles::post(&mut singles, seconds).await });
    while Instant::now() < until && received(world, flooder).await? < goal {
        tokio::time::sleep(POLL).await;
    }
    let (ended_us, took) = (now_us(), began.elapsed().as_secs_f64());
    let mut singles = singles_run.await??;
    singles.accepted.retain(|lead| lead.at_us < ended_us);
    Ok((singles, flood.await??, took))
}

async fn received(world: &mut World, organization: &Organization) -> Result<u64> {
    let counts = world.receiver.counts().await?;
    Ok(counts.clients.get(&organization.client_name(0)).map_or(0, |client| client.submissions))
}

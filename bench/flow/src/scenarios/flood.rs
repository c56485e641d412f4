//! One organization posts very many leads at once; another one's single leads must not wait for them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use hookmill_bench_flow::now_us;

use super::announce;
use crate::latency;
use crate::load::{Accepted, Amount, Posted, Poster};
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
const SINGLE_INTERVAL: Duration = Duration::from_millis(100);
const FLOOD_CONNECTIONS: usize = 16;
/// How long what is under way is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);

type Receipts = HashMap<Box<str>, u64>;

/// Measures single leads alone, then during the flood.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let [quick, whole] = FLOOD_LEADS;
    let flood_leads = options.pick(quick, whole);
    announce("flood", database, &format!("{flood_leads} leads, and one each {} ms", SINGLE_INTERVAL.as_millis()));
    let setup = Setup::with_client(database, Responds::AfterMs(0));
    let mut world = World::start(options, database, 2).await?;
    let flooder = world.organization(&setup).await?;
    let single = world.organization(&setup).await?;
    for organization in [&flooder, &single] {
        warm_up(options, &mut world, organization, &setup).await?;
    }
    let mut poster = Poster::new(single.shape(&world, 1), 16);
    let alone = post_singles(&mut poster, ALONE_S).await?;
    wait_for_singles(&mut world, &alone).await?;
    let alone_ms = latencies(&alone.accepted, &world.receiver.receipts().await?, now_us())?.0;
    let warmed_up = received(&mut world, &flooder).await?;
    let (during, flood, seconds) = during_flood(options, &mut world, &flooder, poster, flood_leads).await?;
    let flood_received = received(&mut world, &flooder).await? - warmed_up;
    wait_for_singles(&mut world, &during).await?;
    let (to_client_ms, not_received) = latencies(&during.accepted, &world.receiver.receipts().await?, now_us())?;
    let mut errors = during.errors;
    errors.extend(flood.errors.into_iter().map(|(error, count)| (format!("flood {error}"), count)));
    let row = FloodRow {
        database,
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
    let singles = tokio::spawn(async move { post_singles(&mut singles, seconds).await });
    while Instant::now() < until && received(world, flooder).await? < goal {
        tokio::time::sleep(POLL).await;
    }
    let (ended_us, took) = (now_us(), began.elapsed().as_secs_f64());
    let mut singles = singles.await??;
    singles.accepted.retain(|lead| lead.at_us < ended_us);
    Ok((singles, flood.await??, took))
}

async fn post_singles(poster: &mut Poster, seconds: u64) -> Result<Posted> {
    let requests = seconds * 1_000 / u64::try_from(SINGLE_INTERVAL.as_millis())?;
    let until = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
    poster.post_scheduled(Amount { requests, until, keeps_ids: true }, SINGLE_INTERVAL).await
}

/// Until all of them were received, or patience ends.
async fn wait_for_singles(world: &mut World, posted: &Posted) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let receipts = world.receiver.receipts().await?;
        if posted.accepted.iter().all(|lead| receipts.contains_key(&lead.id)) {
            break;
        }
        tokio::time::sleep(POLL * 5).await;
    }
    Ok(())
}

async fn received(world: &mut World, organization: &Organization) -> Result<u64> {
    let counts = world.receiver.counts().await?;
    Ok(counts.clients.get(&organization.client_name(0)).map_or(0, |client| client.submissions))
}

/// From acknowledged to received. What was not received counts with the time it has waited, and is counted apart.
fn latencies(leads: &[Accepted], receipts: &Receipts, now_us: u64) -> Result<(Option<latency::Percentiles>, u64)> {
    let received_us = |lead: &Accepted| receipts.get(&lead.id).copied();
    let waited = leads.iter().map(|lead| received_us(lead).unwrap_or(now_us).saturating_sub(lead.at_us));
    let not_received = leads.iter().filter(|lead| received_us(lead).is_none()).count();
    Ok((latency::compute_percentiles(waited)?, not_received as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lead that was not received is not left out: it makes the latency worse.
    #[test]
    fn what_was_not_received_counts_with_its_wait() -> Result<()> {
        let lead = |id: &str| Accepted { id: id.into(), campaign: 0, at_us: 1_000_000 };
        let receipts = HashMap::from([("a".into(), 1_010_000)]);
        let (percentiles, not_received) = latencies(&[lead("a"), lead("b")], &receipts, 9_000_000)?;
        assert_eq!(not_received, 1);
        assert!(percentiles.is_some_and(|found| (found.max - 8_000.0).abs() < 10.0));
        Ok(())
    }
}

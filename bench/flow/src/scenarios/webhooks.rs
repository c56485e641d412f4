//! Reported events, each of which one webhook is told of: how fast signed requests follow, and whether webhooks that hang delay the others.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hookmill_bench_flow::now_us;
use serde_json::json;

use super::announce;
use crate::account::Snapshot;
use crate::http::{self, Connection};
use crate::latency;
use crate::leads::campaign_id;
use crate::options::{DatabaseKind, Options};
use crate::receiver_process::Responds;
use crate::report::Report;
use crate::report::other::WebhookRow;
use crate::world::{Organization, Setup, World};

/// Webhooks of all campaigns together.
const ENDPOINTS: [usize; 3] = [1, 100, 10_000];
/// Webhooks of one campaign.
const OF_CAMPAIGN: usize = 100;
/// One of so many hangs.
const HANGING_ONE_OF: usize = 100;
/// Addresses of receivers: several webhooks have the same one. Those that hang have addresses of their own.
const ADDRESSES: usize = 900;
/// Events that are posted as fast as they are taken.
const EVENTS: [u64; 2] = [4_000, 40_000];
/// How long events are posted at half of the rate, in seconds.
const HALF_S: [u64; 2] = [4, 15];
const EVENTS_PER_REQUEST: usize = 100;
const CONNECTIONS: usize = 4;
const POLL: Duration = Duration::from_millis(50);
/// How long the last messages are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The webhooks of a run.
struct Webhooks {
    organization: Organization,
    count: usize,
}

/// How events are posted.
#[derive(Clone, Copy)]
struct Load {
    events: u64,
    /// Events a second; none for as many as are taken.
    rate: Option<f64>,
    /// Whether those that hang are told of their share.
    with_hanging: bool,
}

/// Measures each number of webhooks: at saturation, and at half of that rate without and with webhooks that hang.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    for count in ENDPOINTS.into_iter().take(options.pick(2, ENDPOINTS.len())) {
        announce("webhooks", database, &format!("{count} webhooks"));
        let mut world = World::start(options, database, ADDRESSES + count / HANGING_ONE_OF).await?;
        let webhooks = subscribe(&mut world, database, count).await?;
        let [quick, whole] = EVENTS;
        let all = Load { events: options.pick(quick, whole), rate: None, with_hanging: false };
        // Every webhook has had a message before it is measured: connections and settings are known.
        let warm_up = Load { events: all.events / 4 + count as u64, ..all };
        measure(&mut world, &webhooks, database, warm_up).await?;
        let row = measure(&mut world, &webhooks, database, all).await?;
        let rate = row.messages_per_s / 2.0;
        note(report, row);
        let [quick, whole] = HALF_S;
        let events = (rate * options.pick(quick, whole) as f64) as u64;
        for with_hanging in [false, true].into_iter().take(if count < HANGING_ONE_OF { 1 } else { 2 }) {
            let load = Load { events, rate: Some(rate), with_hanging };
            note(report, measure(&mut world, &webhooks, database, load).await?);
        }
        world.end().await?;
    }
    Ok(())
}

fn note(report: &mut Report, row: WebhookRow) {
    eprintln!("    {:.0} messages/s, p99 {:?} ms", row.messages_per_s, row.to_receiver_ms.map(|latency| latency.p99));
    report.webhooks.push(row);
}

/// Campaigns whose webhooks are told of one category each.
async fn subscribe(world: &mut World, database: DatabaseKind, count: usize) -> Result<Webhooks> {
    let setup = Setup { campaigns: count.div_ceil(OF_CAMPAIGN), ..Setup::plain(database) };
    let organization = world.organization(&setup).await?;
    for number in 0..count {
        let (address, responds) = match is_hanging(number) {
            true => (ADDRESSES + number / HANGING_ONE_OF, Responds::Never),
            false => (number % ADDRESSES, Responds::AfterMs(0)),
        };
        let url = world.receiver.webhook_of_url(address, responds)?;
        let (campaign, category) = place(number);
        world.api.create_subscription(&organization.id, &campaign_id(campaign), &url, category).await?;
    }
    Ok(Webhooks { organization, count })
}

fn is_hanging(number: usize) -> bool {
    number % HANGING_ONE_OF == HANGING_ONE_OF - 1
}

/// The campaign of a webhook, and the category that it is told of.
fn place(number: usize) -> (usize, usize) {
    (number / OF_CAMPAIGN, number % OF_CAMPAIGN + 1)
}

/// Posts events and waits until the webhooks that do not hang have all of theirs.
async fn measure(world: &mut World, webhooks: &Webhooks, database: DatabaseKind, load: Load) -> Result<WebhookRow> {
    let before_messages = world.receiver.webhook_latencies_us().await?.len();
    let connections = world.receiver.counts().await?.connections;
    let before = Snapshot::before(world).await?;
    let begun = Instant::now();
    let (posted, expected) = post(world, webhooks, load).await?;
    let until = Instant::now() + PATIENCE;
    let mut latencies = world.receiver.webhook_latencies_us().await?;
    while latencies.len() < before_messages + expected && Instant::now() < until {
        tokio::time::sleep(POLL).await;
        latencies = world.receiver.webhook_latencies_us().await?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let after = Snapshot::after(world).await?;
    let received = latencies.len() - before_messages;
    let opened = world.receiver.counts().await?.connections - connections;
    Ok(WebhookRow {
        database,
        webhooks: webhooks.count,
        hanging: if load.with_hanging { webhooks.count / HANGING_ONE_OF } else { 0 },
        offered_per_s: load.rate,
        events: posted,
        messages: received as u64,
        missing: (expected - received.min(expected)) as u64,
        messages_per_s: received as f64 / seconds,
        to_receiver_ms: latency::compute_percentiles(latencies.into_iter().skip(before_messages))?,
        connections: opened,
        costs: after.since(&before, received as u64),
    })
}

/// Posts events on several connections; returns how many, and how many of them are for webhooks that do not hang.
async fn post(world: &World, webhooks: &Webhooks, load: Load) -> Result<(u64, usize)> {
    let targets: Vec<usize> = (0..webhooks.count).filter(|number| load.with_hanging || !is_hanging(*number)).collect();
    let requests = load.events.div_ceil(EVENTS_PER_REQUEST as u64);
    let interval = load.rate.map(|rate| Duration::from_secs_f64(EVENTS_PER_REQUEST as f64 / rate.max(1.0)));
    let begun = Instant::now();
    let runs: Vec<_> = (0..CONNECTIONS as u64)
        .map(|connection| {
            let (address, key) = (world.host.address, webhooks.organization.source_key.clone());
            let (targets, serial) = (targets.clone(), begun_serial());
            tokio::spawn(async move {
                let mut connection_of = Connection::open(address).await?;
                let mut expected = 0;
                for number in (connection..requests).step_by(CONNECTIONS) {
                    if let Some(interval) = interval {
                        tokio::time::sleep_until((begun + interval * u32::try_from(number)?).into()).await;
                    }
                    let (body, healthy) = body(&targets, serial, number);
                    expected += healthy;
                    let request = http::request("POST", address, "/v1/events", &key, body.as_bytes());
                    let response = connection_of.exchange(&request).await?;
                    if response.status != 202 {
                        bail!(
                            "POST /v1/events returned {}: {}",
                            response.status,
                            String::from_utf8_lossy(response.body)
                        );
                    }
                }
                Ok(expected)
            })
        })
        .collect();
    let mut expected = 0;
    for run in runs {
        expected += run.await??;
    }
    Ok((requests * EVENTS_PER_REQUEST as u64, expected))
}

/// By what the events of one call differ from those of others.
fn begun_serial() -> u64 {
    now_us()
}

/// The events of one request, for one webhook after another, and how many are for webhooks that do not hang.
fn body(targets: &[usize], serial: u64, request: u64) -> (String, usize) {
    let sent_us = now_us();
    let first = usize::try_from(request).unwrap_or_default() * EVENTS_PER_REQUEST;
    let numbers: Vec<usize> = (first..first + EVENTS_PER_REQUEST).map(|at| targets[at % targets.len()]).collect();
    let healthy = numbers.iter().filter(|number| !is_hanging(**number)).count();
    let events = numbers.into_iter().enumerate().map(|(at, number)| {
        let (campaign, category) = place(number);
        json!({
            "event_id": format!("{serial}-{request}-{at}"),
            "campaign_id": campaign_id(campaign),
            "event_type": "EMAIL_REPLY",
            "occurred_at": "2026-03-28T09:35:01Z",
            "lead": {"email": format!("person{number}@x.example")},
            "category": {"id": category, "name": "Interested"},
            "payload": {"sent_us": sent_us, "subject": "Re: your offer", "reply": "Yes, please call me on Monday after ten. ".repeat(8)},
        })
    });
    (json!({"events": events.collect::<Vec<_>>()}).to_string(), healthy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of a hundred hangs; each webhook has its own campaign and category.
    #[test]
    fn webhooks_are_told_apart() {
        assert_eq!((0..10_000).filter(|number| is_hanging(*number)).count(), 100);
        assert!(!is_hanging(0));
        let places: std::collections::HashSet<_> = (0..10_000).map(place).collect();
        assert_eq!(places.len(), 10_000);
        let (text, healthy) = body(&[98, 99], 1, 0);
        assert_eq!((text.matches("sent_us").count(), healthy), (100, 50));
    }
}

//! Clients that hang: they hold some places, and nobody else waits for them.

use hookmill_tests::{Behaviour, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::future::Future;
use std::time::Duration;

/// How many campaigns hang.
const HANGING: usize = 8;
/// How many requests a client gets at once before it has responded.
const FIRST: usize = 2;
/// How many leads each of them has.
const LEADS: usize = 40;
/// How long they hang: longer than any of these tests.
const HANG: Duration = Duration::from_secs(100);
/// How long others may take: far less than the time-out that frees the places of those that hang.
const BOUND: Duration = Duration::from_secs(15);

fn leads(campaign: &str, count: usize) -> Value {
    json!((0..count).map(|n| json!({"campaign_id": campaign, "email": format!("{n}@x.example")})).collect::<Vec<_>>())
}

async fn within<T>(what: &str, ends: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, ends).await.unwrap_or_else(|_| panic!("not within {BOUND:?}: {what}"))
}

/// Few places, so that those that hang could take all of them.
fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    options.settings.limits.deliveries_in_flight_max = 64;
    options.settings.limits.deliveries_per_destination_max = 16;
    options.settings.limits.deliveries_to_new_destination_max = FIRST;
    options.settings.limits.stop_ms = 200;
    options
}

/// Campaigns that hang, with more leads waiting than there are places.
async fn hang(world: &World) {
    for n in 0..HANGING {
        let campaign = world.campaign(&format!("HANGS{n}"), "").await;
        let path = format!("/client/{campaign}");
        world.receiver.always(&path, Behaviour::Silence(HANG));
        let endpoint = json!({"url": world.receiver.url(&path), "retries": 1, "timeout_s": 60});
        world.admin.put(&format!("/v1/campaigns/{campaign}/endpoint"), &endpoint).await.expect(200);
    }
    for n in 0..HANGING {
        world.push(leads(&format!("HANGS{n}"), LEADS)).await;
    }
    let hanging = || (0..HANGING).map(|n| world.receiver.at(&format!("/client/HANGS{n}")).len()).sum::<usize>();
    within("those that hang have what they may have", async {
        let mut before = usize::MAX;
        while hanging() != before || before == 0 {
            before = hanging();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    assert_eq!(hanging(), HANGING * FIRST);
}

on_both! {
    /// W12: clients that hang, more of them than there are places, stop neither another organization nor another campaign of theirs, not even
    /// on the same host name.
    async fn campaigns_that_hang_stop_nobody(kind: Kind) {
        let world = World::with(kind, options()).await;
        hang(&world).await;

        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "WELL", "name": "WELL"})).await.expect(201);
        let endpoint = json!({"url": world.receiver.url("/client/other"), "retries": 1});
        other.admin.put("/v1/campaigns/WELL/endpoint", &endpoint).await.expect(200);
        other.admin.put("/v1/campaigns/WELL/state", &json!({"state": "active"})).await.expect(200);
        let batch = json!({"idempotency_key": "well", "leads": leads("WELL", 20)});
        other.source.post("/v1/leads", &batch).await.expect(202);
        within("another organization is served", world.receiver.until("/client/other", 20)).await;

        world.campaign("WELL", "").await;
        world.push(leads("WELL", 20)).await;
        within("another campaign of theirs is served", world.receiver.until("/client/WELL", 20)).await;
        world.stop().await;
    }
}

on_both! {
    /// W12: an endpoint that does not respond gets one request at a time until it does, and then more and more.
    async fn who_times_out_gets_one_request_at_a_time(kind: Kind) {
        let mut options = options();
        options.settings.limits.deliveries_to_new_destination_max = 8;
        let world = World::with(kind, options).await;
        let campaign = world.campaign("FLAKY", "").await;
        let endpoint = json!({"url": world.receiver.url("/client/FLAKY"), "retries": 5, "timeout_s": 1});
        world.admin.put(&format!("/v1/campaigns/{campaign}/endpoint"), &endpoint).await.expect(200);
        world.receiver.always("/client/FLAKY", Behaviour::Silence(HANG));
        world.push(leads("FLAKY", LEADS)).await;
        within("the first requests time out", world.receiver.until("/client/FLAKY", 10)).await;
        let most = world.receiver.most_at_once("/client/FLAKY");
        assert!((8..=9).contains(&most), "eight at first, and one when they have timed out: {most}");
        world.receiver.always("/client/FLAKY", Behaviour::status(200));
        let served = async {
            while world.receiver.at("/client/FLAKY").len() < LEADS + 8 {
                world.clock.advance_ms(1_000);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        within("all are sent when it responds again", served).await;
        world.settle().await;
        world.stop().await;
    }
}

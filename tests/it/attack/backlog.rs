//! More leads than can be processed: what is acknowledged is kept, what is too much is rejected before it is kept, and others go on [H6].

use super::host_faults::{FragileCompiler, count, forget_compiled, leads, plugin_campaign, until};
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Kind, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many leads may wait in these tests.
const ROWS_MAX: usize = 50;
/// How long they may.
const AGE_MS: i64 = 3_600_000;

/// A world with a campaign `COLD` whose leads wait until the compiler is let go.
async fn world_with_backlog(kind: Kind, compiler: &FragileCompiler) -> World {
    let mut options = WorldOptions { compiler: compiler.compiler(), ..WorldOptions::default() };
    let limits = &mut options.settings.limits;
    limits.backlog_rows_per_organization_max = ROWS_MAX as i64;
    (limits.warm_up_ms_max, limits.read_whole_ms) = (1, 50);
    let mut world = World::with(kind, options).await;
    let digest = plugin_campaign(&world, "COLD").await;
    compiler.hold();
    forget_compiled(digest);
    world.restart().await;
    world
}

async fn post(world: &World, key: &str, count: usize) -> Response {
    world.source.post("/v1/leads", &json!({"idempotency_key": key, "leads": leads("COLD", count)})).await
}

/// A rejection that names this bound, and when to come again.
#[track_caller]
fn expect_full(response: Response, bound: &str) {
    let response = response.expect_error(429, "backlog_full");
    assert_eq!(response.json["error"]["bound"], bound, "{}", response.text);
    assert!(response.json["error"]["message"].as_str().unwrap().contains(bound), "{}", response.text);
    assert!(response.headers["retry-after"].to_str().unwrap().parse::<u64>().is_ok());
}

/// Another organization posts and is delivered to.
async fn others_go_on(world: &World) {
    let other = world.second_organization().await;
    other.admin.post("/v1/campaigns", &json!({"id": "WELL", "name": "WELL"})).await.expect(201);
    let endpoint = json!({"url": world.receiver.url("/client/other"), "retries": 1});
    other.admin.put("/v1/campaigns/WELL/endpoint", &endpoint).await.expect(200);
    other.admin.put("/v1/campaigns/WELL/state", &json!({"state": "active"})).await.expect(200);
    let batch = json!({"idempotency_key": "well", "leads": leads("WELL", 5)});
    other.source.post("/v1/leads", &batch).await.expect(202);
    world.receiver.until("/client/other", 5).await;
}

on_both! {
    /// H6 I4: an organization whose leads are not processed posts until so many wait. Then it is rejected, nothing of that is kept, others go on;
    /// and when its leads are processed, the same request is taken.
    async fn h6_a_backlog_has_so_many_rows(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world = world_with_backlog(kind, &compiler).await;
        let mut taken = Vec::new();
        for n in 0..5 {
            taken.extend(submission_ids(&post(&world, &format!("fits-{n}"), 10).await.expect(202)));
        }
        expect_full(post(&world, "too-much", 10).await, "backlog_rows_per_organization_max");
        expect_full(post(&world, "too-much", 1).await, "backlog_rows_per_organization_max");
        // By the campaign's own address as well.
        let one = world.source.post("/v1/campaigns/COLD/leads", &json!({"email": "a@x.example"})).await;
        expect_full(one, "backlog_rows_per_organization_max");
        assert_eq!(count(&world, "COLD", "received").await, ROWS_MAX);
        others_go_on(&world).await;
        compiler.let_go();
        until("the backlog is processed", async || count(&world, "COLD", "canceled").await == ROWS_MAX).await;
        post(&world, "too-much", 10).await.expect(202);
        world.settle().await;
        for id in taken {
            assert_eq!(world.state(&id).await, "canceled");
        }
        world.stop().await;
    }
}

on_both! {
    /// H6: an organization whose first lead has waited for too long is rejected, however few wait; and no longer once that one is processed.
    async fn h6_a_backlog_is_so_old(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world = world_with_backlog(kind, &compiler).await;
        post(&world, "first", 1).await.expect(202);
        world.clock.advance_ms(AGE_MS - 1_000);
        post(&world, "second", 1).await.expect(202);
        world.clock.advance_ms(2_000);
        until("the age is noticed", async || post(&world, "third", 1).await.status == 429).await;
        expect_full(post(&world, "third", 1).await, "backlog_age_ms_max");
        others_go_on(&world).await;
        compiler.let_go();
        until("the backlog is processed", async || {
            world.clock.advance_ms(1_000);
            count(&world, "COLD", "received").await == 0
        })
        .await;
        post(&world, "fourth", 1).await.expect(202);
        world.settle().await;
        world.stop().await;
    }
}

on_both! {
    /// L2 H6: leads that wait for their campaign are not counted, however many and however old they are, and are taken up when it is activated.
    async fn l2_who_waits_for_a_campaign_is_not_counted(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.backlog_rows_per_organization_max = ROWS_MAX as i64;
        options.settings.limits.read_whole_ms = 50;
        let world = World::with(kind, options).await;
        world.draft("WAITS", "").await;
        for _ in 0..10 {
            world.push_and_settle(leads("WAITS", ROWS_MAX / 5)).await;
        }
        world.clock.advance_ms(30 * 24 * AGE_MS);
        world.push_and_settle(leads("WAITS", 1)).await;
        world.activate("WAITS").await;
        until("they are processed", async || count(&world, "WAITS", "pending").await + count(&world, "WAITS", "received").await == 0).await;
        world.push_and_settle(leads("WAITS", 1)).await;
        world.stop().await;
    }
}

/// Sends a note as it came.
const NOTES: &str = "
version: 1
map:
  fields: {email: email, note: note}
shape:
  client:
    body: {note: {from: lead.custom.note}}
";

on_both! {
    /// H6 W9: messages that fall due in the store are read some kilobytes at a time, a larger one by itself; each is sent as it was before.
    async fn h6_large_messages_are_read_in_pieces(kind: Kind) {
        const LEADS: usize = 24;
        let mut options = WorldOptions::default();
        options.settings.limits.load_bytes_max = 100_000;
        let world = World::with(kind, options).await;
        world.campaign("LARGE", NOTES).await;
        world.receiver.plan("/client/LARGE", (0..LEADS).map(|_| Behaviour::status(503)));
        let note = |n: usize| "x".repeat(if n == 7 { 300_000 } else { 30_000 });
        let lead = |n: usize| json!({"campaign_id": "LARGE", "email": format!("{n}@x.example"), "note": note(n)});
        let ids = world.push_and_settle((0..LEADS).map(lead).collect::<Value>()).await;
        assert_eq!(world.receiver.at("/client/LARGE").len(), LEADS);
        world.clock.advance_ms(60_000);
        world.settle().await;
        let mut sent: BTreeMap<String, Vec<bytes::Bytes>> = BTreeMap::new();
        for request in world.receiver.at("/client/LARGE") {
            sent.entry(request.header("hookmill-submission-id").to_owned()).or_default().push(request.body);
        }
        assert_eq!(sent.len(), LEADS);
        for (n, id) in ids.iter().enumerate() {
            assert!(matches!(&sent[id][..], [first, second] if first == second && note(n).len() < first.len()), "{n}");
            assert_eq!(world.state(id).await, "delivered");
        }
        world.stop().await;
    }
}

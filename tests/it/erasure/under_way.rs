//! What is under way of a person who is to be erased: a request that has left is waited for, a retry is not made, and a host that is killed goes
//! on where it was (L12, FLOW 10).

use super::{ANN, ERASURES, OF_ANN, ann, bob, causes, deliveries, erase, wait_until_done};
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Client, Gate, Kind, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How many submissions a person has who is erased over kills.
const SUBMISSIONS: usize = 90;
/// How often the host is killed meanwhile.
const KILLS: u64 = 4;

on_both! {
    /// L12 FLOW: a request that left is waited for, and the receipt says so. Its outcome counts as any other, and then the person is erased.
    async fn l12_a_request_that_left_is_waited_for(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CAMP", "").await;
        let gate = Gate::new();
        let taken = Behaviour::Behind(gate.clone(), Box::new(Behaviour::json(200, &json!({"seen": ANN}))));
        world.receiver.plan("/client/CAMP", [taken]);
        let id = submission_ids(&world.push(json!([ann("CAMP")])).await).remove(0);
        world.receiver.until("/client/CAMP", 1).await;

        world.clock.advance_ms(1_000);
        let begun = world.admin.post(ERASURES, &json!({"email": ANN})).await.expect(201).json;
        assert_eq!((&begun["state"], &begun["finished_at"]), (&json!("waiting"), &Value::Null), "{begun}");
        assert_eq!(begun["under_way"], json!([{"submission_id": id, "state": "delivering"}]));
        assert_eq!(world.state(&id).await, "delivering");
        gate.open();
        let receipt = wait_until_done(&world.admin, begun["id"].as_str().unwrap()).await;
        world.settle().await;
        assert_eq!((&receipt["erased"]["submissions"], &receipt["erased"]["canceled"]), (&json!(1), &json!(0)), "{receipt}");
        let page = world.submission(&id).await;
        assert_eq!((&page["state"], *causes(&page).last().unwrap()), (&json!("delivered"), "client_accepted"), "{page}");
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        let told = world.webhook_events(&id);
        assert_eq!(told.iter().filter(|name| *name == "lead.processed").count(), 1, "{told:?}");
        world.stop().await;
    }
}

on_both! {
    /// L12: what waits for its next try is not tried again; it is canceled, and said once to have ended.
    async fn l12_what_waits_for_a_retry_is_not_sent_again(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CAMP", "").await;
        world.receiver.always("/client/CAMP", Behaviour::status(503));
        let ids = world.push_and_settle(json!([ann("CAMP"), bob("CAMP")])).await;
        assert_eq!(world.state(&ids[0]).await, "delivering");
        let sent = world.receiver.at("/client/CAMP").len();
        let receipt = erase(&world.admin, &json!({"email": ANN})).await;
        assert_eq!((&receipt["erased"]["submissions"], &receipt["erased"]["canceled"]), (&json!(1), &json!(1)), "{receipt}");
        let page = world.submission(&ids[0]).await;
        assert_eq!((&page["state"], *causes(&page).last().unwrap()), (&json!("canceled"), "erased"));
        let to_client = deliveries(&world, &ids[0]).await.into_iter().find(|delivery| delivery["event_id"].is_null()).unwrap();
        assert_eq!((&to_client["state"], &to_client["next_try_at"]), (&json!("canceled"), &Value::Null));
        assert!(to_client["message_digest"].is_string(), "one request left: {to_client}");

        world.receiver.always("/client/CAMP", Behaviour::status(200));
        world.clock.advance_ms(24 * 3_600_000);
        world.settle().await;
        assert_eq!(world.receiver.at("/client/CAMP").len(), sent + 1, "Bob's is tried again, and no other");
        assert_eq!(world.state(&ids[1]).await, "delivered");
        assert_eq!(world.webhook_events(&ids[0]), ["lead.processed"]);
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        world.stop().await;
    }
}

on_both! {
    /// L12: what nobody was told yet is told without data.
    async fn l12_what_was_not_told_yet_is_told_without_data(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CAMP", "").await;
        // One request is under way, and the subscriber gets one at a time: the others wait in memory.
        let gate = Gate::new();
        world.receiver.always("/subscriber", Behaviour::behind(&gate, 200));
        let leads: Value = (0..30).map(|_| ann("CAMP")).collect();
        let ids = submission_ids(&world.push(leads).await);
        world.receiver.until("/client/CAMP", ids.len()).await;
        world.receiver.until("/subscriber", 1).await;
        let begun = world.admin.post(ERASURES, &json!({"email": ANN})).await.expect(201).json;
        let with_data = world.receiver.at("/subscriber").len();
        gate.open();
        wait_until_done(&world.admin, begun["id"].as_str().unwrap()).await;
        world.settle().await;
        let told = world.receiver.at("/subscriber");
        let named = told.iter().filter(|request| String::from_utf8_lossy(&request.body).to_lowercase().contains("ann.smith")).count();
        assert!(named <= with_data, "{named} of {} after {with_data}", told.len());
        for id in &ids {
            let names: BTreeSet<String> = world.webhook_events(id).into_iter().collect();
            assert!(names.contains("lead.processed"), "{id}: {names:?}");
        }
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        world.stop().await;
    }
}

on_both! {
    /// L12 H2: a host that is killed over an erasure, again and again, goes on where its last commit left it; each submission is erased once.
    async fn l12_a_killed_host_goes_on_erasing(kind: Kind) {
        let mut options = WorldOptions::default();
        (options.settings.limits.lease_ms, options.settings.limits.renew_ms) = (1_000, 50);
        let mut world = World::with(kind, options).await;
        world.campaign("CAMP", "").await;
        world.draft("DRAFT", "").await;
        for part in 0..3 {
            let leads: Value = (0..SUBMISSIONS / 3).map(|at| if (at + part) % 5 == 0 { ann("DRAFT") } else { ann("CAMP") }).collect();
            world.push_and_settle(leads).await;
        }
        let others = world.push_and_settle(json!([bob("CAMP"), bob("DRAFT")])).await;
        let before = [world.submission(&others[0]).await, world.submission(&others[1]).await];
        world.clock.advance_ms(1_000);
        let request = world.admin.request("POST", ERASURES).header("content-type", "application/json");
        let asked = tokio::spawn(request.body(json!({"email": ANN}).to_string()).send());
        world.until("an erasure is stored", async || !world.texts("select id from erasures").await.is_empty()).await;
        for kill in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(10 * kill)).await;
            world.kill().await;
        }
        let _ = asked.await;
        // The host that was killed had the search to itself for a while.
        world.clock.advance_ms(60_000);
        let id = world.texts("select id from erasures").await.remove(0);
        let receipt = wait_until_done(&world.admin, &id).await;
        world.settle().await;
        assert_eq!((&receipt["erased"]["submissions"], &receipt["erased"]["elements"]), (&json!(SUBMISSIONS), &json!(SUBMISSIONS)), "{receipt}");
        assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
        assert_eq!([world.submission(&others[0]).await, world.submission(&others[1]).await], before);
        world.stop().await;
    }
}

/// L12 H1: of two hosts each erases what lies in its own shards, whichever was asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l12_each_host_erases_its_own() {
    let mut options = WorldOptions::default();
    (options.settings.limits.lease_ms, options.settings.limits.renew_ms) = (2_000, 50);
    let world = World::with(Kind::Postgres, options).await;
    let campaigns: Vec<String> = (0..8).map(|at| format!("CAMP{at}")).collect();
    for campaign in &campaigns {
        world.campaign(campaign, "").await;
    }
    let other = world.another_host().await;
    world.until_two_hosts_work().await;
    let (_, key) = world.admin.address_and_key();
    let (_, source_key) = world.source.address_and_key();
    let there = Client::new(other.address());
    for campaign in &campaigns {
        world.push(json!([ann(campaign), bob(campaign)])).await;
        let leads = json!([ann(campaign), bob(campaign)]);
        let batch = json!({"idempotency_key": format!("there-{campaign}"), "leads": leads});
        there.with_key(&source_key).post("/v1/leads", &batch).await.expect(202);
    }
    world.settle().await;
    let shards: BTreeSet<String> =
        world.texts("select distinct cast(shard as text) from submissions").await.into_iter().collect();
    assert!(1 < shards.len(), "all lies in one shard");
    let receipt = erase(&there.with_key(&key), &json!({"email": ANN})).await;
    assert_eq!(receipt["erased"]["submissions"], 2 * campaigns.len(), "{receipt}");
    assert_eq!(world.places_of(&OF_ANN).await, BTreeSet::new());
    other.kill();
    world.stop().await;
}

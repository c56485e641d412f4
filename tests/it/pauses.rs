//! Webhooks that keep failing: paused with a notice, asked again from time to time, resumed by a probe or by hand (W11); and how fast an
//! endpoint is sent to (W12).

use hookmill_tests::{Behaviour, World, WorldOptions, on_both};
use serde_json::{Value, json};

const FAILING_MS: i64 = 60_000;
const PROBE_MS: i64 = 900_000;
/// More than the timeout of a request.
const PROBE_ENDED_MS: i64 = 40_000;
const WAIT_MS: i64 = 3 * 3_600_000;

fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    limits.pause_failing_ms = FAILING_MS;
    limits.pause_failures_min = 3;
    limits.probe_paused_every_ms = PROBE_MS;
    limits.paused_wait_ms_max = WAIT_MS;
    options
}

fn lead(name: &str) -> Value {
    json!([{"campaign_id": "CC", "first_name": name, "last_name": "Poe", "email": format!("{name}@x.example"), "phone": "512-555-0100"}])
}

fn settings(world: &World, retries: u64) -> Value {
    json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.delivered"], "retries": retries})
}

/// A campaign whose organization's webhook fails, with a subscription beside it that is told of pauses.
async fn failing(kind: hookmill_tests::Kind, retries: u64) -> World {
    let world = World::with(kind, options()).await;
    world.admin.put("/v1/webhook-settings", &settings(&world, retries)).await.expect(200);
    world.campaign("CC", "").await;
    let told = json!({"name": "operations", "url": world.receiver.url("/operations"), "events": ["webhook.paused", "webhook.resumed"]});
    world.admin.post("/v1/subscriptions?campaign=CC", &told).await.expect(201);
    world.receiver.always("/subscriber", Behaviour::status(503));
    world
}

async fn paused(world: &World) -> Value {
    world.admin.get("/v1/webhook-settings").await.expect(200).json["paused"].clone()
}

/// Lets it fail until it is paused.
async fn pause(world: &World) {
    world.push_and_settle(lead("first")).await;
    for _ in 0..12 {
        if !paused(world).await.is_null() {
            return;
        }
        world.advance(FAILING_MS).await;
    }
    panic!("it is never paused");
}

/// The states of the messages to the organization's webhook, in the order they were made.
async fn states(world: &World) -> Vec<String> {
    let page = world.admin.get("/v1/deliveries?campaign=CC&limit=100").await.expect(200);
    let rows = page.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .filter(|row| row["destination_kind"] == "organization_webhook");
    rows.map(|row| row["state"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    /// W11: one that keeps failing is paused with a notice; what it is to be sent waits, is asked for by one probe at a time, and is sent when
    /// a probe succeeds. Nothing is lost.
    async fn a_failing_webhook_is_paused_and_resumed_by_a_probe(kind: Kind) {
        let world = failing(kind, 10).await;
        pause(&world).await;
        let shown = paused(&world).await;
        assert_eq!(shown["reason"], "failing", "{shown}");
        assert!(shown["at"].is_string() && shown["next_probe_at"].is_string(), "{shown}");
        let notice = world.receiver.at("/operations")[0].json();
        assert_eq!((&notice["event"], &notice["campaignId"], &notice["leadId"]), (&json!("webhook.paused"), &json!("CC"), &Value::Null), "{notice}");
        let context = &notice["context"];
        assert_eq!((&context["reason"], &context["webhook"]["kind"]), (&json!("failing"), &json!("organization_webhook")), "{notice}");
        assert!(context["failing_since"].is_string() && !context["webhook"]["url"].as_str().unwrap().contains("subscriber"), "{notice}");

        for name in ["second", "third"] {
            world.push_and_settle(lead(name)).await;
        }
        let asked = world.receiver.at("/subscriber").len();
        assert_eq!(states(&world).await, ["waiting", "waiting", "waiting"]);
        for probes in 1..=2 {
            world.advance(PROBE_MS).await;
            assert_eq!(world.receiver.at("/subscriber").len(), asked + probes, "one probe at a time");
        }
        assert_eq!(world.receiver.at("/operations").len(), 1, "it was paused once");

        world.receiver.always("/subscriber", Behaviour::status(200));
        world.advance(PROBE_MS).await;
        // What was looked at beside the probe is looked at again when that must have ended; what was looked at as the clock went on, once more.
        for _ in 0..2 {
            world.advance(PROBE_ENDED_MS).await;
        }
        assert_eq!(states(&world).await, ["delivered", "delivered", "delivered"]);
        assert!(paused(&world).await.is_null());
        let events: Vec<Value> = world.receiver.at("/operations").iter().map(|told| told.json()["event"].clone()).collect();
        assert_eq!(events, ["webhook.paused", "webhook.resumed"]);
        world.stop().await;
    }
}

on_both! {
    /// W11: saving the settings resumes it at once, and what waited is sent.
    async fn a_failing_webhook_is_resumed_by_hand(kind: Kind) {
        let world = failing(kind, 10).await;
        pause(&world).await;
        world.push_and_settle(lead("second")).await;
        world.receiver.always("/subscriber", Behaviour::status(200));
        world.admin.put("/v1/webhook-settings", &settings(&world, 10)).await.expect(200);
        world.settle().await;
        assert_eq!(states(&world).await, ["delivered", "delivered"]);
        world.stop().await;
    }
}

on_both! {
    /// W11: what has waited for too long is not sent by itself any more, is seen as such, and can be sent again.
    async fn what_waits_too_long_is_suppressed(kind: Kind) {
        let world = failing(kind, 1).await;
        for name in ["first", "other", "third"] {
            world.push_and_settle(lead(name)).await;
        }
        pause(&world).await;
        world.push_and_settle(lead("waits")).await;
        assert_eq!(states(&world).await.last().unwrap(), "waiting");
        let mut probes = 0;
        while states(&world).await.last().unwrap() == "waiting" {
            world.advance(PROBE_MS).await;
            probes += 1;
            assert!(probes < 20, "it waits for ever");
            if probes == 1 {
                // The one that is probed with spends its attempts; another waits beside it.
                world.push_and_settle(lead("late")).await;
            }
        }
        world.clock.advance_ms(WAIT_MS);
        world.advance(PROBE_MS).await;
        let ended = states(&world).await;
        assert!(ended.iter().all(|state| state == "failed" || state == "suppressed"), "{ended:?}");
        world.stop().await;
    }
}

on_both! {
    /// W12: a rate holds as well for messages that come one after another, each when the one before is written.
    async fn an_endpoint_keeps_its_rate_for_what_comes_later(kind: Kind) {
        let world = World::new(kind).await;
        let slow = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.delivered"], "rate_per_minute": 2});
        world.admin.put("/v1/webhook-settings", &slow).await.expect(200);
        world.campaign("CC", "").await;
        let got = || world.receiver.at("/subscriber").len();
        world.push(lead("first")).await;
        world.receiver.until("/subscriber", 1).await;
        world.settle().await;
        world.push(lead("second")).await;
        world.receiver.until("/client/CC", 2).await;
        // Whatever is on its way now has gone too far.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(got(), 1);
        world.clock.advance_ms(30_000);
        world.receiver.until("/subscriber", 2).await;
        world.settle().await;
        assert_eq!(states(&world).await, ["delivered"; 2]);
        world.stop().await;
    }
}

on_both! {
    /// W12: an endpoint with a rate gets no more than that a minute, whatever waits, and all of it in the end; another is not delayed.
    async fn an_endpoint_keeps_its_rate(kind: Kind) {
        let world = World::new(kind).await;
        let slow = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.delivered"], "rate_per_minute": 2});
        let saved = world.admin.put("/v1/webhook-settings", &slow).await.expect(200);
        assert_eq!(saved.json["rate_per_minute"], 2);
        world.campaign("CC", "").await;
        let fast = json!({"name": "fast", "url": world.receiver.url("/fast"), "events": ["lead.delivered"]});
        world.admin.post("/v1/subscriptions?campaign=CC", &fast).await.expect(201);
        let leads: Vec<Value> = (0..6).map(|at| lead(&format!("l{at}"))[0].clone()).collect();
        world.push(json!(leads)).await;
        world.receiver.until("/fast", 6).await;
        let got = || world.receiver.at("/subscriber").len();
        assert!(got() <= 1, "{}", got());
        for at in 1..=6 {
            world.until("it is sent to", async || got() == at).await;
            // Whatever is on its way now has gone too far.
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
            assert_eq!(got(), at);
            world.clock.advance_ms(30_000);
        }
        world.settle().await;
        assert_eq!(states(&world).await, ["delivered"; 6]);
        for bad in [json!(0), json!(60_001), json!("5"), json!(1.5)] {
            let mut bad_settings = slow.clone();
            bad_settings["rate_per_minute"] = bad;
            world.admin.put("/v1/webhook-settings", &bad_settings).await.expect_error(422, "invalid");
        }
        world.stop().await;
    }
}

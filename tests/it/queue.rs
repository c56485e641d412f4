//! Queues (L5-L7): who waits for a cap or the schedule goes on in the order of arrival, by the rules of then, and not before; who has waited for too
//! long is canceled; a queue holds up no other campaign.

use hookmill_tests::{World, WorldOptions, on_both};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
/// How many leads wait in a queue that is to hold up nobody.
const MANY: usize = 400;
/// How many of them may be taken up at once.
const WINDOW: usize = 20;

const DOCUMENT: &str = "
version: 1
map: {fields: {email: email, state: state}}
";

const TEXAS_ONLY: &str = "
version: 1
map: {fields: {email: email, state: state}}
qualify:
  - {field: state, op: eq, value: TX, reason: not served}
";

/// Posts so many leads to a campaign, a moment after those before, and returns their submissions once nothing is due.
async fn post(world: &World, campaign: &str, count: usize) -> Vec<String> {
    world.clock.advance_ms(1);
    let lead = |number| json!({"campaign_id": campaign, "email": format!("p{number}@x.example"), "state": "TX"});
    world.push_and_settle((0..count).map(lead).collect()).await
}

/// The lines of a submission's timeline that led to this state.
async fn lines(world: &World, id: &str, state: &str) -> Vec<Value> {
    let page = world.submission(id).await;
    page["timeline"].as_array().unwrap().iter().filter(|line| line["state"] == state).cloned().collect()
}

async fn set_state(world: &World, campaign: &str, state: &str) {
    world.set_state(campaign, state).await;
    world.settle().await;
}

/// Every day from nine to five.
fn office_hours() -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    json!({"windows": [{"days": days, "from": "09:00", "until": "17:00"}]})
}

on_both! {
    /// L5 L7: with a day cap the first ones go, and the others wait and follow day by day as they came, from midnight in the campaign's zone.
    async fn l7_the_queue_goes_in_order_of_arrival(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", DOCUMENT).await;
        world.admin.patch("/v1/campaigns/CC", &json!({"time_zone": "Europe/Berlin"})).await.expect(200);
        world.set_lifecycle("CC", &json!({"caps": {"day": 3}})).await;
        let mut ids = post(&world, "CC", 5).await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "delivered", "queued", "queued"]);
        let line = lines(&world, &ids[3], "queued").await.remove(0);
        assert_eq!((&line["cause"], &line["detail"]["period"], &line["detail"]["limit"]), (&json!("cap_reached"), &json!("day"), &json!(3)));
        assert!(line["detail"]["opens_at"].as_str().unwrap().starts_with("2026-03-01T23:00:00"), "{line}");
        ids.extend(post(&world, "CC", 4).await);
        assert_eq!(lines(&world, &ids[5], "queued").await[0]["cause"], "behind_queue");

        let until_midnight = 11 * HOUR_MS - 2;
        world.advance(until_midnight - 1).await;
        assert_eq!(world.states(&ids[3..]).await, ["queued"; 6], "it is not midnight yet");
        world.advance(1).await;
        assert_eq!(world.states(&ids[3..]).await, ["delivered", "delivered", "delivered", "queued", "queued", "queued"]);
        let late = post(&world, "CC", 1).await.remove(0);
        world.advance(24 * HOUR_MS).await;
        assert_eq!(world.states(&ids[6..]).await, ["delivered"; 3]);
        assert_eq!(world.state(&late).await, "queued");
        world.advance(24 * HOUR_MS).await;
        assert_eq!(world.state(&late).await, "delivered");
        for id in &ids[3..] {
            assert_eq!(lines(&world, id, "queued").await.len(), 1);
            assert_eq!(world.sorted_webhook_events(id), ["lead.delivered", "lead.processed", "lead.queued"]);
        }
        assert_eq!(world.receiver.at("/client/CC").len(), 10);
        world.stop().await;
    }
}

on_both! {
    /// L6 L7: outside the schedule leads wait for the next opening, which the event says; then they are qualified again, by the version of then.
    async fn l7_the_rules_of_then_count(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", DOCUMENT).await;
        world.set_lifecycle("CC", &json!({"schedule": office_hours()})).await;
        assert_eq!(world.states(&post(&world, "CC", 1).await).await, ["delivered"]);
        world.advance(6 * HOUR_MS).await;
        let leads = json!([{"campaign_id": "CC", "email": "a@x.example", "state": "TX"}, {"campaign_id": "CC", "email": "b@x.example", "state": "CA"}]);
        let ids = world.push_and_settle(leads).await;
        assert_eq!(world.states(&ids).await, ["queued", "queued"]);
        let told = world.receiver.at("/subscriber").into_iter().map(|request| request.json()).find(|event| event["submissionId"] == ids[0].as_str()).unwrap();
        assert_eq!((&told["event"], &told["context"]["cause"]), (&json!("lead.queued"), &json!("schedule_closed")));
        assert!(told["context"]["opens_at"].as_str().unwrap().starts_with("2026-03-02T09:00:00"), "{told}");
        let saved = json!({"document": TEXAS_ONLY, "activate": true});
        world.admin.put("/v1/campaigns/CC/document", &saved).await.expect(201);
        world.advance(15 * HOUR_MS - 2).await;
        assert_eq!(world.states(&ids).await, ["queued", "queued"]);
        world.advance(HOUR_MS).await;
        assert_eq!(world.states(&ids).await, ["delivered", "disqualified"]);
        assert_eq!(world.sorted_webhook_events(&ids[1]), ["lead.disqualified", "lead.processed", "lead.queued"]);
        let page = world.submission(&ids[1]).await;
        assert_eq!((&page["lead"]["email"], &page["decision"]["failed_rules"][0]["reason"]), (&json!("b@x.example"), &json!("not served")));
        world.stop().await;
    }
}

on_both! {
    /// L7: who has waited for too long is canceled at that moment, with its lead, and told of once; the others wait on.
    async fn l7_queued_leads_expire(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", DOCUMENT).await;
        world.set_lifecycle("CC", &json!({"caps": {"total": 1}, "queue_expires_after_hours": 2})).await;
        let mut ids = post(&world, "CC", 2).await;
        assert_eq!(world.states(&ids).await, ["delivered", "queued"]);
        world.advance(HOUR_MS).await;
        ids.extend(post(&world, "CC", 1).await);
        world.advance(HOUR_MS - 2).await;
        assert_eq!(world.states(&ids[1..]).await, ["queued", "queued"]);
        world.advance(1).await;
        assert_eq!(world.states(&ids[1..]).await, ["canceled", "queued"]);
        let page = world.submission(&ids[1]).await;
        let line = page["timeline"].as_array().unwrap().last().unwrap();
        assert_eq!((&line["cause"], &page["lead"]["email"]), (&json!("expired"), &json!("p1@x.example")));
        assert!(page["lead_id"].is_string() && line["detail"]["expires_at"].as_str().unwrap().starts_with("2026-03-01T14:00:00"), "{page}");
        assert_eq!(world.sorted_webhook_events(&ids[1]), ["lead.processed", "lead.queued"]);
        world.advance(HOUR_MS + 1).await;
        assert_eq!(world.state(&ids[2]).await, "canceled");
        // Nobody is left to wait behind.
        world.set_lifecycle("CC", &json!({"caps": {"total": 2}, "queue_expires_after_hours": 2})).await;
        assert_eq!(world.states(&post(&world, "CC", 2).await).await, ["delivered", "queued"]);
        world.stop().await;
    }
}

on_both! {
    /// L7: who was reprocessed and came late into the queue does not hide who expires before it, though it arrived first.
    async fn l7_the_one_that_waits_longest_expires_first(kind: Kind) {
        let world = World::new(kind).await;
        let strict = DOCUMENT.replace("email: email", "email: {from: email, then: [email], on_error: fail}");
        world.campaign("CC", &strict).await;
        let broken = world.push_and_settle(json!([{"campaign_id": "CC", "email": "no address"}])).await;
        assert_eq!(world.states(&broken).await, ["quarantined"]);
        world.set_lifecycle("CC", &json!({"caps": {"total": 1}, "queue_expires_after_hours": 3})).await;
        let ids = post(&world, "CC", 2).await;
        assert_eq!(world.states(&ids).await, ["delivered", "queued"]);
        world.admin.put("/v1/campaigns/CC/document", &json!({"document": DOCUMENT, "activate": true})).await.expect(201);
        world.advance(HOUR_MS).await;
        world.reprocess("CC").await;
        world.settle().await;
        assert_eq!(world.states(&broken).await, ["queued"]);
        world.advance(2 * HOUR_MS).await;
        assert_eq!((world.state(&ids[1]).await, world.state(&broken[0]).await), ("canceled".into(), "queued".into()));
        world.advance(HOUR_MS).await;
        assert_eq!(world.state(&broken[0]).await, "canceled");
        world.stop().await;
    }
}

on_both! {
    /// L2 L7: nothing is released while its campaign is paused, and nothing is lost; what waits goes on once it is activated, and is canceled
    /// when it is archived.
    async fn l2_pausing_stops_the_queue_and_archiving_cancels_it(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", DOCUMENT).await;
        world.set_lifecycle("CC", &json!({"caps": {"day": 1}})).await;
        let ids = post(&world, "CC", 3).await;
        assert_eq!(world.states(&ids).await, ["delivered", "queued", "queued"]);
        set_state(&world, "CC", "paused").await;
        world.advance(36 * HOUR_MS).await;
        assert_eq!(world.states(&ids).await, ["delivered", "queued", "queued"]);
        set_state(&world, "CC", "active").await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "queued"]);
        set_state(&world, "CC", "archived").await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "canceled"]);
        let page = world.submission(&ids[2]).await;
        let line = page["timeline"].as_array().unwrap().last().unwrap();
        assert_eq!((&line["cause"], &page["lead"]["email"]), (&json!("campaign_archived"), &json!("p2@x.example")));
        assert_eq!(world.sorted_webhook_events(&ids[2]), ["lead.processed", "lead.queued"]);
        for id in &ids[1..] {
            assert_eq!(lines(&world, id, "queued").await.len(), 1, "it was queued once");
        }
        world.stop().await;
    }
}

on_both! {
    /// L5 L7: a cap that is raised, and one that is taken away, let go on who waits; one that is lowered gives nobody a slot.
    async fn l7_a_changed_cap_is_looked_at_at_once(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", DOCUMENT).await;
        let cap = |day: u64| json!({"caps": {"day": day}});
        world.set_lifecycle("CC", &cap(2)).await;
        let ids = post(&world, "CC", 6).await;
        world.set_lifecycle("CC", &cap(1)).await;
        world.settle().await;
        assert_eq!(world.states(&ids).await, ["delivered", "delivered", "queued", "queued", "queued", "queued"]);
        world.set_lifecycle("CC", &cap(3)).await;
        world.settle().await;
        assert_eq!(world.states(&ids[2..]).await, ["delivered", "queued", "queued", "queued"]);
        world.set_lifecycle("CC", &json!({"caps": {"day": 3, "when_reached": "reject"}})).await;
        world.settle().await;
        assert_eq!(world.states(&ids[3..]).await, ["queued"; 3], "who waits is not rejected for waiting");
        assert_eq!(world.states(&post(&world, "CC", 1).await).await, ["rejected"]);
        world.set_lifecycle("CC", &json!({})).await;
        world.settle().await;
        assert_eq!(world.states(&ids[3..]).await, ["delivered"; 3]);
        world.stop().await;
    }
}

on_both! {
    /// L5 L7: with several caps the fullest counts, and the queue goes on when all of them have a slot.
    async fn l5_every_period_counts(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", DOCUMENT).await;
        world.set_lifecycle("CC", &json!({"caps": {"total": 6, "day": 4, "hour": 2}})).await;
        let ids = post(&world, "CC", 8).await;
        let delivered = async || world.states(&ids).await.iter().filter(|state| *state == "delivered").count();
        assert_eq!(delivered().await, 2);
        // It is 12:00; the hour, the next hour, the day, and then the total.
        for (hours, expected) in [(1, 4), (1, 4), (9, 4), (1, 6), (1, 6), (24 * 40, 6)] {
            world.advance(hours * HOUR_MS).await;
            assert_eq!(delivered().await, expected, "after {hours} hours more");
        }
        world.stop().await;
    }
}

on_both! {
    /// H6 L7: however many wait, a few are taken up at once, and a lead of another campaign does not wait for the others.
    async fn l7_a_release_of_many_holds_up_no_other_campaign(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.lane_items_max = WINDOW;
        let world = World::with(kind, options).await;
        for campaign in ["MANY", "ONE"] {
            world.campaign(campaign, DOCUMENT).await;
        }
        world.set_lifecycle("MANY", &json!({"schedule": office_hours()})).await;
        world.clock.advance_ms(6 * HOUR_MS);
        for _ in 0..MANY / 50 {
            post(&world, "MANY", 50).await;
        }
        let count = async |condition: &str| {
            let sql = format!("select cast(count(*) as text) from submissions where {condition}");
            world.texts(&sql).await[0].parse::<usize>().unwrap()
        };
        assert_eq!(count("state = 'queued'").await, MANY);
        world.clock.advance_ms(15 * HOUR_MS);
        let one = hookmill_tests::world::submission_ids(&world.push(json!([{"campaign_id": "ONE", "email": "one@x.example"}])).await);
        let mut most = 0;
        while world.state(&one[0]).await != "delivered" {
            most = most.max(count("state = 'queued' and run_at is not null").await);
        }
        let still_queued = count("state = 'queued'").await;
        assert!(0 < still_queued, "the one lead has waited for all the others");
        while 0 < count("state = 'queued'").await {
            most = most.max(count("state = 'queued' and run_at is not null").await);
        }
        world.settle().await;
        assert_eq!(count("state = 'delivered'").await, MANY + 1);
        assert!(most <= WINDOW, "{most} were taken up at once");
        world.stop().await;
    }
}

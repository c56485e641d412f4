//! Fallback (L5, L6, L8): a lead that its campaign's client does not take goes to the next campaign of the list, as a submission of its own, in the
//! same commit in which the one before ends; never in a circle, and after a request without a response only if the campaign says so.

use hookmill_tests::{Behaviour, World, on_both};
use serde_json::{Value, json};

/// More than any wait after the first, the second and the third attempt.
const WAITS_MS: [i64; 3] = [7_000, 13_000, 26_000];
const CAMPAIGNS: [&str; 3] = ["FIRST", "SECOND", "THIRD"];

const DOCUMENT: &str = "
version: 1
map: {fields: {email: email, state: state}}
interpret:
  outcomes:
    - {outcome: rejected, when: {field: text, op: contains, value: rejected}}
    - {outcome: duplicate, when: {field: text, op: contains, value: duplicate}}
";

const TEXAS_ONLY: &str = "
version: 1
map: {fields: {email: email, state: state}}
qualify:
  - {field: state, op: eq, value: TX, reason: not served}
";

fn says(text: &str) -> Behaviour {
    Behaviour::json(200, &json!({"result": text}))
}

/// Three campaigns with a client each; the first falls back on the others, as `fallback` says besides.
async fn world(kind: hookmill_tests::Kind, fallback: Value) -> World {
    let world = World::new(kind).await;
    world.subscribe().await;
    for name in CAMPAIGNS {
        world.campaign(name, DOCUMENT).await;
    }
    let mut lifecycle = json!({"fallback": {"campaigns": ["SECOND", "THIRD"]}});
    for (name, value) in fallback.as_object().into_iter().flatten() {
        lifecycle["fallback"][name] = value.clone();
    }
    world.set_lifecycle("FIRST", &lifecycle).await;
    world
}

/// Posts one lead to the first campaign.
async fn post(world: &World, person: &str) -> String {
    let lead = json!([{"campaign_id": "FIRST", "email": format!("{person}@x.example"), "state": "CA"}]);
    world.push_and_settle(lead).await.remove(0)
}

/// Lets all retries fall due.
async fn wait(world: &World) {
    for wait_ms in WAITS_MS {
        world.advance(wait_ms).await;
    }
}

/// How a submission ended: its campaign, its state, and where it was moved.
async fn end(world: &World, id: &str) -> (String, String, Value) {
    let page = world.submission(id).await;
    let line = page["timeline"].as_array().unwrap().last().unwrap();
    let text = |name: &str| page[name].as_str().unwrap().to_owned();
    (text("campaign_id"), text("state"), line["detail"]["moved_to"].clone())
}

fn ended(campaign: &str, state: &str, moved_to: Value) -> (String, String, Value) {
    (campaign.to_owned(), state.to_owned(), moved_to)
}

async fn has_child(world: &World, id: &str) -> bool {
    world.admin.get(&format!("/v1/submissions/{id}.1")).await.status == 200
}

on_both! {
    /// L8: whatever the client's no is, the lead ends by it and goes on in the next campaign, as the same person, told of as both.
    async fn l8_what_the_client_did_not_take_goes_on(kind: Kind) {
        let world = world(kind, json!({})).await;
        let table: [(&str, Vec<Behaviour>, &str); 4] = [
            ("rejected", vec![says("rejected")], "rejected"),
            ("duplicate", vec![says("duplicate")], "duplicate"),
            ("failed", vec![Behaviour::status(400)], "failed"),
            ("retried", vec![Behaviour::status(503); 4], "failed"),
        ];
        for (name, plan, state) in table {
            world.receiver.plan("/client/FIRST", plan);
            let id = post(&world, name).await;
            wait(&world).await;
            assert_eq!(end(&world, &id).await, ended("FIRST", state, json!("SECOND")), "{name}");
            let child = format!("{id}.1");
            assert_eq!(end(&world, &child).await, ended("SECOND", "delivered", Value::Null), "{name}");
            let (parent, made) = (world.submission(&id).await, world.submission(&child).await);
            assert_eq!((&made["parent_id"], &made["lead_id"], &made["lead"]), (&json!(id), &parent["lead_id"], &parent["lead"]));
            assert_eq!(world.sorted_webhook_events(&id), ["lead.failed", "lead.processed"], "{name}");
            assert_eq!(world.sorted_webhook_events(&child), ["lead.delivered", "lead.processed"], "{name}");
            assert_eq!(world.receiver.at("/client/SECOND").last().unwrap().header("hookmill-submission-id"), child);
            let counted = format!("select cast(submission_count as text) from leads where id = '{}'", parent["lead_id"].as_str().unwrap());
            assert_eq!(world.texts(&counted).await, ["2"], "{name}: the person has both");
        }
        assert!(world.receiver.at("/client/THIRD").is_empty());
        world.stop().await;
    }
}

on_both! {
    /// L8: the list is gone through in its order, without those that are not active, and ends; nobody gets a lead twice.
    async fn l8_the_list_ends(kind: Kind) {
        let world = world(kind, json!({})).await;
        for name in CAMPAIGNS {
            world.receiver.always(&format!("/client/{name}"), says("rejected"));
        }
        let id = post(&world, "a").await;
        let chain = [id.clone(), format!("{id}.1"), format!("{id}.1.1")];
        for ((id, campaign), moved_to) in chain.iter().zip(CAMPAIGNS).zip([json!("SECOND"), json!("THIRD"), Value::Null]) {
            assert_eq!(end(&world, id).await, ended(campaign, "rejected", moved_to));
        }
        assert!(!has_child(&world, &chain[2]).await);

        world.set_state("SECOND", "paused").await;
        let id = post(&world, "b").await;
        assert_eq!(end(&world, &id).await, ended("FIRST", "rejected", json!("THIRD")));
        assert_eq!(end(&world, &format!("{id}.1")).await, ended("THIRD", "rejected", Value::Null));
        world.set_state("THIRD", "paused").await;
        let id = post(&world, "c").await;
        assert_eq!(end(&world, &id).await, ended("FIRST", "rejected", Value::Null));
        assert!(!has_child(&world, &id).await);
        let requests = CAMPAIGNS.map(|name| world.receiver.at(&format!("/client/{name}")).len());
        assert_eq!(requests, [3, 1, 2]);
        world.stop().await;
    }
}

on_both! {
    /// L8: campaigns that each fall back on another one of their own come to an end as well, and what is left of the list before comes first.
    async fn l8_lists_of_lists_make_no_circle(kind: Kind) {
        let world = world(kind, json!({})).await;
        world.campaign("OTHER", DOCUMENT).await;
        world.set_lifecycle("SECOND", &json!({"fallback": {"campaigns": ["OTHER", "THIRD"]}})).await;
        world.set_lifecycle("THIRD", &json!({"fallback": {"campaigns": ["OTHER"]}})).await;
        for name in ["FIRST", "SECOND", "THIRD", "OTHER"] {
            world.receiver.always(&format!("/client/{name}"), says("rejected"));
        }
        let mut id = post(&world, "a").await;
        for campaign in ["FIRST", "SECOND", "THIRD", "OTHER"] {
            assert_eq!(end(&world, &id).await.0, campaign);
            id.push_str(".1");
        }
        world.admin.get(&format!("/v1/submissions/{id}")).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// L8: a lead that left and got no response is not offered to anybody else, also when a later attempt got a no, unless the campaign says so.
    async fn l8_after_an_unanswered_request_only_if_the_campaign_says_so(kind: Kind) {
        for after_unanswered in [false, true] {
            let world = world(kind, json!({"after_unanswered": after_unanswered})).await;
            let moved_to = if after_unanswered { json!("SECOND") } else { Value::Null };
            let table = [("silent", vec![Behaviour::Close; 4]), ("later", vec![Behaviour::Close, Behaviour::status(400)])];
            for (name, plan) in table {
                world.receiver.plan("/client/FIRST", plan);
                let id = post(&world, name).await;
                wait(&world).await;
                assert_eq!(end(&world, &id).await, ended("FIRST", "failed", moved_to.clone()), "{name}");
                assert_eq!(has_child(&world, &id).await, after_unanswered, "{name}");
            }
            world.stop().await;
        }
    }
}

on_both! {
    /// L5 L6: a cap that is reached and a closed schedule move leads where they say `next`; where the list has no campaign left, they wait.
    async fn l5_l6_next_moves_leads(kind: Kind) {
        let world = world(kind, json!({})).await;
        let fallback = json!({"campaigns": ["SECOND", "THIRD"]});
        world.set_lifecycle("FIRST", &json!({"caps": {"day": 1, "when_reached": "next"}, "fallback": fallback})).await;
        assert_eq!(end(&world, &post(&world, "a").await).await, ended("FIRST", "delivered", Value::Null));
        let moved = post(&world, "b").await;
        assert_eq!(end(&world, &moved).await, ended("FIRST", "rejected", json!("SECOND")));
        let page = world.submission(&moved).await;
        let line = page["timeline"].as_array().unwrap().last().unwrap();
        assert_eq!((&line["cause"], &line["detail"]["cause"]), (&json!("moved"), &json!("cap_reached")));
        assert_eq!(world.sorted_webhook_events(&moved), ["lead.processed"]);
        assert_eq!(end(&world, &format!("{moved}.1")).await, ended("SECOND", "delivered", Value::Null));
        let counted = format!("select cast(submission_count as text) from leads where id = '{}'", page["lead_id"].as_str().unwrap());
        assert_eq!(world.texts(&counted).await, ["2"], "the person has both, from the first lead on");

        let mondays = json!({"windows": [{"days": ["monday"], "from": "09:00", "until": "17:00"}], "when_closed": "next"});
        world.set_lifecycle("FIRST", &json!({"schedule": mondays, "fallback": fallback})).await;
        let closed = post(&world, "c").await;
        assert_eq!(end(&world, &closed).await, ended("FIRST", "rejected", json!("SECOND")));
        assert_eq!(end(&world, &format!("{closed}.1")).await, ended("SECOND", "delivered", Value::Null));
        for name in ["SECOND", "THIRD"] {
            world.set_state(name, "paused").await;
        }
        let waiting = post(&world, "d").await;
        assert_eq!(end(&world, &waiting).await, ended("FIRST", "queued", Value::Null));
        world.advance(21 * 3_600_000).await;
        assert_eq!(end(&world, &waiting).await, ended("FIRST", "delivered", Value::Null));
        assert!(!has_child(&world, &waiting).await);
        world.stop().await;
    }
}

on_both! {
    /// L5 L8: who is moved takes a slot there, and waits there for one; who is moved on from there is in no queue behind.
    async fn l8_a_moved_lead_waits_where_it_came_to(kind: Kind) {
        let world = world(kind, json!({})).await;
        world.receiver.always("/client/FIRST", says("rejected"));
        world.set_lifecycle("SECOND", &json!({"caps": {"day": 1}})).await;
        let (first, second) = (post(&world, "a").await, post(&world, "b").await);
        assert_eq!(end(&world, &format!("{first}.1")).await, ended("SECOND", "delivered", Value::Null));
        assert_eq!(end(&world, &format!("{second}.1")).await, ended("SECOND", "queued", Value::Null));
        world.receiver.always("/client/SECOND", says("duplicate"));
        world.advance(12 * 3_600_000).await;
        assert_eq!(end(&world, &format!("{second}.1")).await, ended("SECOND", "duplicate", json!("THIRD")));
        assert_eq!(end(&world, &format!("{second}.1.1")).await, ended("THIRD", "delivered", Value::Null));
        world.stop().await;
    }
}

on_both! {
    /// L8: a moved lead is qualified by the rules of the campaign it comes to if the list says so, and goes straight to its caps otherwise.
    async fn l8_qualified_anew_or_not(kind: Kind) {
        for (qualify, state) in [(true, "disqualified"), (false, "delivered")] {
            let world = world(kind, json!({"qualify": qualify})).await;
            let saved = json!({"document": TEXAS_ONLY, "activate": true});
            world.admin.put("/v1/campaigns/SECOND/document", &saved).await.expect(201);
            world.receiver.always("/client/FIRST", says("rejected"));
            let id = post(&world, "a").await;
            assert_eq!(end(&world, &format!("{id}.1")).await, ended("SECOND", state, Value::Null), "qualify: {qualify}");
            world.stop().await;
        }
    }
}

on_both! {
    /// L3 L8: a moved lead is not a duplicate of itself, and whoever comes later is one of the first, wherever that was moved.
    async fn l3_l8_a_moved_lead_is_no_duplicate_of_itself(kind: Kind) {
        let world = world(kind, json!({})).await;
        let duplicates = json!({"fields": ["email"], "window_days": 30, "scope": "organization"});
        let fallback = json!({"campaigns": ["SECOND", "THIRD"], "qualify": true});
        world.set_lifecycle("FIRST", &json!({"duplicates": duplicates, "fallback": fallback})).await;
        world.set_lifecycle("SECOND", &json!({"duplicates": duplicates})).await;
        world.receiver.always("/client/FIRST", says("rejected"));
        let id = post(&world, "a").await;
        assert_eq!(end(&world, &format!("{id}.1")).await, ended("SECOND", "delivered", Value::Null));
        let again = world.push_and_settle(json!([{"campaign_id": "SECOND", "email": "a@x.example"}])).await.remove(0);
        let page = world.submission(&again).await;
        let line = page["timeline"].as_array().unwrap().last().unwrap();
        assert_eq!((&page["state"], &line["detail"]["duplicate_of"]), (&json!("duplicate"), &json!(id)));
        world.stop().await;
    }
}

on_both! {
    /// L2 L8: a moved lead that waits, for a client or for its campaign, keeps its lead and goes on with it.
    async fn l8_a_moved_lead_that_waits_keeps_its_lead(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("FIRST", DOCUMENT).await;
        world.draft_without_client("SECOND", DOCUMENT).await;
        world.activate("SECOND").await;
        world.set_lifecycle("FIRST", &json!({"fallback": {"campaigns": ["SECOND"]}})).await;
        world.receiver.always("/client/FIRST", says("rejected"));
        let child = format!("{}.1", post(&world, "a").await);
        assert_eq!(end(&world, &child).await, ended("SECOND", "pending", Value::Null));
        assert_eq!(world.submission(&child).await["lead"]["email"], "a@x.example");
        world.set_state("SECOND", "paused").await;
        let endpoint = json!({"url": world.receiver.url("/client/SECOND"), "retries": 3});
        world.admin.put("/v1/campaigns/SECOND/endpoint", &endpoint).await.expect(200);
        world.settle().await;
        assert_eq!(end(&world, &child).await, ended("SECOND", "pending", Value::Null));
        world.set_state("SECOND", "active").await;
        world.settle().await;
        assert_eq!(end(&world, &child).await, ended("SECOND", "delivered", Value::Null));
        assert_eq!(world.receiver.at("/client/SECOND")[0].json()["data"]["email"], "a@x.example");
        world.stop().await;
    }
}

on_both! {
    /// L8 H2: a host that is killed and started again moves each lead once.
    async fn l8_a_killed_host_moves_nobody_twice(kind: Kind) {
        // What it may have sent is moved as well, since the campaign says so.
        let mut world = world(kind, json!({"after_unanswered": true})).await;
        world.receiver.always("/client/FIRST", says("rejected"));
        let mut ids = Vec::new();
        for round in 0..4 {
            let leads = (0..6).map(|n| json!({"campaign_id": "FIRST", "email": format!("p{round}{n}@x.example")}));
            ids.extend(hookmill_tests::world::submission_ids(&world.push(leads.collect()).await));
            tokio::time::sleep(std::time::Duration::from_millis(round * 15)).await;
            world.kill().await;
        }
        world.settle().await;
        for id in &ids {
            assert_eq!(end(&world, id).await, ended("FIRST", "rejected", json!("SECOND")));
            assert_eq!(end(&world, &format!("{id}.1")).await, ended("SECOND", "delivered", Value::Null));
            world.admin.get(&format!("/v1/submissions/{id}.2")).await.expect_error(404, "not_found");
        }
        world.stop().await;
    }
}

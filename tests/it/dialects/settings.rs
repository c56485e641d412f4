//! C: campaign webhooks, the settings of the organization and of a campaign.

use super::{names, storing_campaign};
use hookmill_tests::{Behaviour, Request, World, on_both};
use serde_json::{Value, json};

/// The six events.
const EVENTS: [&str; 6] = [
    "lead.delivered",
    "lead.disqualified",
    "lead.failed",
    "lead.queued",
    "lead.first_submission_action",
    "lead.processed",
];
/// Leads of one state alone, and what an acceptance says.
const DOCUMENT: &str = "
version: 1
map: {fields: {first_name: first_name, email: email, state: state}}
qualify:
  - {name: states, field: state, op: in, values: [CA], reason: not served}
interpret: {reference: id, price: price}
";

async fn tell(world: &World, more: Value) {
    let settings = json!({"enabled": true, "url": world.receiver.url("/hook"), "events": EVENTS});
    world.admin.put("/v1/webhook-settings", &super::with(&settings, &more)).await.expect(200);
}

/// What was told of an event of a campaign first.
fn find_event(world: &World, campaign: &str, event: &str) -> Value {
    let all = world.receiver.at("/hook").into_iter().map(|request| request.json());
    let mut found = all.filter(|body| body["event"] == event && body["campaignId"] == campaign);
    found.next().unwrap_or_else(|| panic!("{event} of {campaign} is not told"))
}

on_both! {
    /// C2: the body of the example, byte for byte.
    async fn c2_the_body_is_that_of_the_example(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "ABC").await;
        tell(&world, json!({"events": ["lead.delivered"]})).await;
        let lead = json!([{"campaign_id": "ABC", "last_name": "Doe", "phone": "(555) 123-4567", "first_name": "John", "email": "John@Example.com"}]);
        let submission = world.push_and_settle(lead).await.remove(0);
        let lead = world.submission(&submission).await["lead_id"].as_str().unwrap().to_owned();
        let request = world.receiver.at("/hook").remove(0);
        let expected = format!(
            r#"{{"event":"lead.delivered","leadId":"{lead}","submissionId":"{submission}","campaignId":"ABC","status":"delivered","timestamp":"2026-03-01T12:00:00Z","data":{{"firstName":"John","lastName":"Doe","email":"john@example.com","phone":"+15551234567"}},"context":{{"#
        );
        let text = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", "application/json"));
        world.stop().await;
    }
}

on_both! {
    /// C1, C2, W2: each of the six events has the keys in their order, the standard fields that are there in camelCase, and in its context what its receiver needs.
    async fn c1_c2_each_event_has_its_keys_and_its_context(kind: Kind) {
        let world = World::new(kind).await;
        tell(&world, json!({})).await;
        for id in ["TAKEN", "OTHER", "LOST", "FULL", "ASKED"] {
            world.campaign(id, DOCUMENT).await;
        }
        world.set_lifecycle("FULL", &json!({"caps": {"day": 1}})).await;
        world.admin.put("/v1/campaigns/ASKED/first-submission-action", &json!({"kind": "review"})).await.expect(200);
        world.admin.put("/v1/campaigns/LOST/endpoint", &json!({"url": world.receiver.url("/client/LOST"), "retries": 0})).await.expect(200);
        world.receiver.plan("/client/TAKEN", [Behaviour::json(200, &json!({"id": "L-7", "price": "12.50"}))]);
        world.receiver.plan("/client/LOST", [Behaviour::Respond(503, Vec::new(), "come again".into())]);
        let lead = |campaign: &str, state: &str| json!({"campaign_id": campaign, "first_name": "Ann", "email": format!("ann@{campaign}.example"), "state": state});
        let leads = json!([lead("TAKEN", "CA"), lead("OTHER", "TX"), lead("LOST", "CA"), lead("FULL", "CA"), lead("FULL", "CA"), lead("ASKED", "CA")]);
        world.push_and_settle(leads).await;
        let table = [
            ("lead.delivered", "TAKEN", "delivered", "/reference", json!("L-7")),
            ("lead.delivered", "TAKEN", "delivered", "/price", json!("12.50")),
            ("lead.disqualified", "OTHER", "disqualified", "/reason", json!("not served")),
            ("lead.disqualified", "OTHER", "disqualified", "/failed_rules/0/actual", json!("TX")),
            ("lead.failed", "LOST", "failed", "/attempts", json!(1)),
            ("lead.failed", "LOST", "failed", "/last_response/status", json!(503)),
            ("lead.queued", "FULL", "queued", "/cause", json!("cap_reached")),
            ("lead.queued", "FULL", "queued", "/opens_at", json!("2026-03-02T00:00:00Z")),
            ("lead.first_submission_action", "ASKED", "pending_action", "/action", json!("review")),
            ("lead.processed", "LOST", "failed", "/attempts", json!(1)),
        ];
        for (event, campaign, status, pointer, expected) in table {
            let body = find_event(&world, campaign, event);
            assert_eq!(names(&body), ["event", "leadId", "submissionId", "campaignId", "status", "timestamp", "data", "context"]);
            assert_eq!((&body["status"], &body["timestamp"]), (&json!(status), &json!("2026-03-01T12:00:00Z")), "{body}");
            assert_eq!(names(&body["data"]), ["firstName", "email", "state"], "{body}");
            assert_eq!(body["context"].pointer(pointer), Some(&expected), "{event} {pointer}: {body}");
        }
        let asked = find_event(&world, "ASKED", "lead.first_submission_action");
        assert!(asked["context"]["action_id"].is_string(), "{asked}");
        // Every standard field has its name.
        let all = json!([{"campaign_id": "ALL", "external_id": "x-1", "first_name": "A", "last_name": "B", "email": "all@x.example", "phone": "+15551234567", "street": "1 Main St", "city": "Austin",
            "state": "TX", "zip": "00501", "country": "US", "date_of_birth": "1990-05-15", "ip": "203.0.113.9", "source": "web", "tags": ["a", "b"]}]);
        storing_campaign(&world, "ALL").await;
        world.push_and_settle(all).await;
        let data = find_event(&world, "ALL", "lead.delivered")["data"].clone();
        assert_eq!(data, json!({"firstName": "A", "lastName": "B", "email": "all@x.example", "phone": "+15551234567", "street": "1 Main St", "city": "Austin", "state": "TX", "zip": "00501",
            "country": "US", "dateOfBirth": "1990-05-15", "ip": "203.0.113.9", "source": "web", "tags": ["a", "b"], "externalId": "x-1"}));
        world.stop().await;
    }
}

on_both! {
    /// C3: ten retries, each after at most twice the wait before it and at least three quarters of that, then it is failed; the lead is not affected.
    async fn c3_a_failed_delivery_is_tried_again_up_to_the_limit(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        tell(&world, json!({"events": ["lead.processed"], "retries": 10})).await;
        world.receiver.always("/hook", Behaviour::status(500));
        let submission = world.push_and_settle(json!([{"campaign_id": "CC", "email": "ann@x.example"}])).await.remove(0);
        let page = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200).json;
        let path = format!("/v1/deliveries/{}", page["items"][0]["id"].as_str().unwrap());
        for made in 1..=10_u32 {
            assert_eq!(world.receiver.at("/hook").len(), made as usize);
            let longest = (5_000_i64 << (made - 1)).min(3_600_000);
            let too_soon = longest * 3 / 4 - 1;
            world.advance(too_soon).await;
            assert_eq!(world.receiver.at("/hook").len(), made as usize, "retry {made} came too soon");
            assert_eq!(world.admin.get(&path).await.expect(200).json["state"], "waiting");
            world.advance(longest - too_soon).await;
        }
        world.advance(86_400_000).await;
        let got: Vec<Request> = world.receiver.at("/hook");
        assert_eq!(got.len(), 11);
        assert!(got.iter().all(|request| request.body == got[0].body && request.header("webhook-id") == got[0].header("webhook-id")));
        let page = world.admin.get(&path).await.expect(200).json;
        assert_eq!((&page["state"], &page["attempts"], &page["next_try_at"]), (&json!("failed"), &json!(11), &Value::Null));
        assert_eq!(world.state(&submission).await, "delivered");
        world.stop().await;
    }
}

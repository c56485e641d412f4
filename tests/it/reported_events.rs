//! Events that sources report: taken once, told to the same webhooks as the host's own, and gone with their person.

use hookmill_tests::receiver::Gate;
use hookmill_tests::world::workspace;
use hookmill_tests::{Behaviour, World, on_both};
use serde_json::{Value, json};

async fn storing_campaign(world: &World, id: &str) {
    world.draft(id, "").await;
    world.activate(id).await;
}

fn event(id: &str, event_type: &str, more: Value) -> Value {
    let mut event = json!({"event_id": id, "campaign_id": "CC", "event_type": event_type, "occurred_at": "2026-02-28T09:35:01.250Z", "lead": {"email": "Ann@X.example"}});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// Reports events and waits until they are told; returns the counts and the codes of those that were rejected.
async fn report(world: &World, body: &Value) -> (u64, u64, Vec<String>) {
    let response = world.source.post("/v1/events", body).await.expect(202).json;
    world.settle().await;
    let rejected = response["rejected"].as_array().unwrap().iter();
    let codes = rejected.map(|one| format!("{}:{}", one["index"], one["code"].as_str().unwrap()));
    (response["accepted"].as_u64().unwrap(), response["duplicates"].as_u64().unwrap(), codes.collect())
}

async fn subscribe(world: &World, path: &str, events: &[&str], more: Value) {
    let mut draft = json!({"name": "CRM", "url": world.receiver.url(path), "events": events});
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.admin.post("/v1/subscriptions?campaign=CC", &draft).await.expect(201);
}

async fn scoped(world: &World, path: &str, event: &str, more: Value) {
    let mut body = json!({"webhook_url": world.receiver.url(path), "association_type": "campaign", "email_campaign_id": "CC", "event_type": event, "name": "Test"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.admin.post("/api/v1/webhook/create", &body).await.expect(200);
}

on_both! {
    /// I12, E1, W2: one event or a list; each is taken once, what is wrong with one is told by its place, and what is taken carries its payload as `data`, its category in
    /// `context`, and null for what the host does not know.
    async fn i12_e1_events_are_taken_once_and_told(kind: Kind) {
        let mut world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        subscribe(&world, "/hook", &["EMAIL_REPLY", "EMAIL_OPEN"], json!({})).await;
        let reply = event("e1", "EMAIL_REPLY", json!({"category": {"id": 2, "name": "Interested"}, "payload": {"subject": "Re: roof", "n": 1}}));
        assert_eq!(report(&world, &reply).await, (1, 0, vec![]));
        let list = json!({"events": [reply, event("e2", "EMAIL_OPEN", json!({})), event("e3", "EMAIL_LOST", json!({})), event("e4", "EMAIL_OPEN", json!({"campaign_id": "NONE"})), 7, event("e2", "EMAIL_OPEN", json!({})), event("e5", "EMAIL_SENT", json!({}))]});
        let codes = ["2:event_type_unknown", "3:campaign_unknown", "4:not_an_object"].map(str::to_owned).to_vec();
        assert_eq!(report(&world, &list).await, (2, 2, codes.clone()), "e5 is taken, though nobody is told of it");
        assert_eq!(report(&world, &list).await, (0, 4, codes));
        world.restart().await;
        assert_eq!(report(&world, &reply).await, (0, 1, vec![]));
        let told: Vec<Value> = world.receiver.at("/hook").iter().map(|request| request.json()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((&told[0]["event"], &told[0]["data"], &told[0]["context"]["category"]), (&json!("EMAIL_REPLY"), &json!({"subject": "Re: roof", "n": 1}), &json!({"id": 2, "name": "Interested"})));
        assert_eq!((&told[0]["leadId"], &told[0]["submissionId"], &told[0]["status"], &told[0]["campaignId"]), (&Value::Null, &Value::Null, &Value::Null, &json!("CC")));
        assert_eq!(told[0]["timestamp"], "2026-02-28T09:35:01Z");
        // Once the person is a lead of the campaign, events are about their newest submission.
        let submission = world.push_and_settle(json!([{"campaign_id": "CC", "email": "ann@x.example", "first_name": "Ann"}])).await.remove(0);
        assert_eq!(report(&world, &event("e6", "EMAIL_OPEN", json!({}))).await, (1, 0, vec![]));
        let about = world.receiver.at("/hook").last().unwrap().json();
        assert_eq!((about["submissionId"].as_str(), &about["data"]["firstName"]), (Some(submission.as_str()), &json!("Ann")));
        let page = world.submission(&submission).await;
        assert_eq!(page["events"].as_array().unwrap().last().unwrap()["event"], "EMAIL_OPEN");
        world.stop().await;
    }
}

on_both! {
    /// S2, W4: a scoped webhook is sent the payload's own keys, and the host's where it has none; filters by category count the new one.
    async fn i12_s2_scoped_webhooks_get_the_payloads_own_keys(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        scoped(&world, "/reply", "EMAIL_REPLY", json!({})).await;
        scoped(&world, "/category", "LEAD_CATEGORY_UPDATED", json!({"category_id": 2})).await;
        scoped(&world, "/other", "LEAD_CATEGORY_UPDATED", json!({"category_id": 3})).await;
        let fixture = |name: &str| -> Value {
            let path = workspace().join("plugins/default/tests/fixtures").join(name);
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let payload = fixture("smartlead-email-reply.json");
        let updated = fixture("smartlead-category-updated.json");
        let list = json!({"events": [event("r", "EMAIL_REPLY", json!({"payload": payload})), event("c", "LEAD_CATEGORY_UPDATED", json!({"payload": updated}))]});
        assert_eq!(report(&world, &list).await, (2, 0, vec![]));
        let body = world.receiver.at("/reply").remove(0).json();
        for (name, value) in payload.as_object().unwrap() {
            assert_eq!(&body[name], value, "{name} is the payload's");
        }
        assert_eq!((&body["webhook_id"], &body["webhook_name"]), (&payload["webhook_id"], &payload["webhook_name"]));
        let body = world.receiver.at("/category").remove(0).json();
        assert_eq!((&body["lead_category"]["new_id"], &body["webhook_name"], &body["webhook_id"], &body["to_email"]), (&json!(2), &json!("Test"), &json!(2), &json!("Ann@X.example")), "{body}");
        assert!(world.receiver.at("/other").is_empty());
        world.stop().await;
    }
}

on_both! {
    /// E1: the first e-mail of a sequence makes an event of its own, once for each lead and campaign, with its own name whatever the payload says.
    async fn i12_e1_the_first_email_is_told_once(kind: Kind) {
        let world = World::new(kind).await;
        for id in ["CC", "DD"] {
            storing_campaign(&world, id).await;
        }
        subscribe(&world, "/first", &["FIRST_EMAIL_SENT"], json!({})).await;
        scoped(&world, "/scoped", "FIRST_EMAIL_SENT", json!({})).await;
        let sent = |id: &str, number: u64, more: Value| {
            let mut one = event(id, "EMAIL_SENT", json!({"payload": {"sequence_number": number, "event_type": "EMAIL_SENT"}}));
            one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            one
        };
        let list = json!({"events": [sent("a", 2, json!({})), sent("b", 1, json!({})), sent("c", 1, json!({"lead": {"email": "ann@x.example"}})), sent("d", 1, json!({"lead": {"email": "bob@x.example"}})), sent("e", 1, json!({"campaign_id": "DD"})), sent("f", 1, json!({"lead": {}}))]});
        assert_eq!(report(&world, &list).await, (6, 0, vec![]));
        assert_eq!(report(&world, &sent("g", 1, json!({}))).await, (1, 0, vec![]));
        let told: Vec<String> = world.receiver.at("/first").iter().map(|request| request.json()["context"]["lead"]["email"].as_str().unwrap().to_lowercase()).collect();
        assert_eq!({ let mut told = told; told.sort(); told }, ["ann@x.example", "bob@x.example"], "of campaign DD nobody is told");
        // Named by a submission they are the same lead as by their address.
        let submission = world.push_and_settle(json!([{"campaign_id": "CC", "email": "cid@x.example"}])).await.remove(0);
        for (id, lead) in [("h", json!({"submission_id": submission})), ("i", json!({"email": "CID@x.example"})), ("j", json!({"submission_id": submission, "email": "other@x.example"}))] {
            assert_eq!(report(&world, &sent(id, 1, json!({"lead": lead}))).await, (1, 0, vec![]));
        }
        assert_eq!(world.receiver.at("/first").len(), 3);
        assert!(world.receiver.at("/scoped").iter().all(|request| request.json()["event_type"] == "FIRST_EMAIL_SENT"));
        world.stop().await;
    }
}

on_both! {
    /// I12, I4: of many reports of one event at the same moment one is taken; a receiver that fails gets the same bytes again, under the same id.
    async fn i12_one_of_many_reports_is_taken(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        subscribe(&world, "/hook", &["EMAIL_REPLY"], json!({})).await;
        world.receiver.plan("/hook", [Behaviour::status(500)]);
        let one = event("same", "EMAIL_REPLY", json!({}));
        let mut reports = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (source, one) = (world.source.clone(), one.clone());
            reports.spawn(async move { source.post("/v1/events", &one).await.expect(202).json["accepted"].as_u64().unwrap() });
        }
        let taken: u64 = reports.join_all().await.into_iter().sum();
        assert_eq!(taken, 1);
        world.settle().await;
        world.advance(7_000).await;
        let got = world.receiver.at("/hook");
        assert_eq!(got.len(), 2);
        assert!(got[0].body == got[1].body && got[0].header("webhook-id") == got[1].header("webhook-id"));
        world.stop().await;
    }
}

on_both! {
    /// L12: what was reported of a person goes with them, whether they are a lead or are not, and before it is told as well as after.
    async fn l12_i12_reported_events_are_erased_with_their_person(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        subscribe(&world, "/hook", &["EMAIL_REPLY"], json!({})).await;
        world.receiver.plan("/hook", [Behaviour::status(200), Behaviour::status(500), Behaviour::status(500)]);
        world.push_and_settle(json!([{"campaign_id": "CC", "email": "ann@x.example"}])).await;
        let secret = |id: &str, email: &str| event(id, "EMAIL_REPLY", json!({"lead": {"email": email}, "payload": {"text": "marked-words"}}));
        for (id, email) in [("1", "ann@x.example"), ("2", "ann@x.example"), ("3", "nolead@x.example")] {
            report(&world, &secret(id, email)).await;
        }
        assert!(!world.places_of(&["marked-words"]).await.is_empty());
        // An export has it: with its submission, or alone.
        let export = async |email: &str| world.admin.post("/v1/persons/export", &json!({"email": email})).await.expect(200).json;
        let of_lead = export("ann@x.example").await;
        let events = of_lead["submissions"][0]["events"].as_array().unwrap();
        assert_eq!(events.iter().filter(|event| event["data"] == json!({"text": "marked-words"})).count(), 2, "{of_lead}");
        let alone = export("nolead@x.example").await;
        assert_eq!((&alone["reported_events"][0]["event"], &alone["reported_events"][0]["data"]), (&json!("EMAIL_REPLY"), &json!({"text": "marked-words"})));
        assert_eq!(alone["reported_events"][0]["deliveries"].as_array().unwrap().len(), 1, "{alone}");
        for email in ["ann@x.example", "nolead@x.example"] {
            let erasure = world.admin.post("/v1/erasures", &json!({"email": email})).await.expect(201).str("id");
            world.until("the erasure is done", async || {
                world.clock.advance_ms(1_000);
                world.admin.get(&format!("/v1/erasures/{erasure}")).await.expect(200).json["state"] == "done"
            })
            .await;
        }
        assert_eq!(world.places_of(&["marked-words", "nolead@x.example"]).await, std::collections::BTreeSet::new());
        assert_eq!(export("nolead@x.example").await["reported_events"], json!([]));
        let before = world.receiver.at("/hook").len();
        world.advance(3_600_000).await;
        assert_eq!(world.receiver.at("/hook").len(), before, "nothing of them is sent any more");
        world.stop().await;
    }
}

on_both! {
    /// L12, I12: an event that is being told while its person is erased is told to its end, and nothing of it is left then.
    async fn l12_i12_what_is_being_told_ends_before_its_person_is_erased(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        subscribe(&world, "/hook", &["EMAIL_REPLY"], json!({})).await;
        let gate = Gate::new();
        world.receiver.plan("/hook", [Behaviour::behind(&gate, 500)]);
        let body = event("1", "EMAIL_REPLY", json!({"payload": {"text": "marked-words"}}));
        world.source.post("/v1/events", &body).await.expect(202);
        world.until("the event is being told", async || world.receiver.at("/hook").len() == 1).await;
        let erasure = world.admin.post("/v1/erasures", &json!({"email": "ann@x.example"})).await.expect(201).str("id");
        let is_done = async || world.admin.get(&format!("/v1/erasures/{erasure}")).await.expect(200).json["state"] == "done";
        for _ in 0..5 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            assert!(!is_done().await, "the request is under way");
        }
        gate.open();
        // The clock stands, so that no retry falls due before its delivery is taken back.
        world.until("the erasure is done", is_done).await;
        assert_eq!(world.places_of(&["marked-words"]).await, std::collections::BTreeSet::new());
        world.advance(3_600_000).await;
        assert_eq!(world.receiver.at("/hook").len(), 1, "it is not sent again");
        world.stop().await;
    }
}

on_both! {
    /// I12, I14: no event at all is rejected as a whole, in the form of all errors; a management key does not report.
    async fn i12_what_is_no_event_is_rejected(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        for (body, code) in [(json!({"events": []}), "invalid"), (json!({"events": 7}), "invalid")] {
            world.source.post("/v1/events", &body).await.expect_error(422, code);
        }
        world.source.post_bytes("/v1/events", "application/json", b"{".to_vec()).await.expect_error(400, "invalid_json");
        world.source.post_bytes("/v1/events", "application/json", b"[]".to_vec()).await.expect_error(422, "invalid");
        let many: Vec<Value> = (0..1_001).map(|n| json!({"event_id": n})).collect();
        world.source.post("/v1/events", &json!({"events": many})).await.expect_error(422, "invalid");
        world.nobody.post("/v1/events", &json!({})).await.expect_error(401, "key_missing");
        world.admin.post("/v1/events", &json!({})).await.expect_error(403, "api_key_not_allowed");
        let numbers = json!({"event_id": 5, "campaign_id": "CC", "event_type": "EMAIL_OPEN"});
        assert_eq!(report(&world, &numbers).await, (1, 0, vec![]));
        world.stop().await;
    }
}

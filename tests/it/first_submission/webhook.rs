//! What a webhook decides, and what becomes of a submission about which it does not.

use super::*;
use hookmill_domain::signature::{SignedHeaders, TOLERANCE_S};
use hookmill_domain::webhook::settings::signing_secrets;
use hookmill_tests::{Ending, Gate, on_both};
use std::time::Duration;

/// The client's message of an approved lead: what is told of it, and in which order.
const APPROVED: [&str; 7] = [
    "received ingested",
    "processing started",
    "pending_action action_webhook",
    "pending_action action_approved",
    "processing started",
    "delivering shaped",
    "delivered client_accepted",
];

on_both! {
    /// L4 W2 W10: the webhook gets the standard payload, signed; what it approves goes on, and the timeline says who approved it and why.
    async fn l4_what_a_webhook_approves_goes_on(kind: Kind) {
        use hookmill_domain::clock::Clock;
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        let settings = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.first_submission_action", "lead.delivered", "lead.processed"]});
        world.admin.put("/v1/webhook-settings", &settings).await.expect(200);
        let mut action = webhook(&world);
        action["method"] = json!("PUT");
        action["headers"] = json!({"x-token": "t"});
        let secret = world.admin.put(ACTION, &action).await.expect(200).str("new_secret");
        world.receiver.plan(CHECKS, [says(json!({"decision": "approve", "reason": "known", "more": 1}))]);
        let id = submit(&world, "ann@x.example").await;
        assert_eq!(lines(&world, &id).await, APPROVED);

        let asked = world.receiver.at(CHECKS);
        assert_eq!(asked.len(), 1);
        let (body, header) = (asked[0].json(), |name: &str| asked[0].header(name).to_owned());
        assert_eq!((asked[0].method.as_str(), header("x-token").as_str()), ("PUT", "t"));
        let head = ["event", "submissionId", "campaignId", "status"].map(|name| body[name].clone());
        assert_eq!(head, [json!("lead.first_submission_action"), json!(id), json!("CC"), json!("pending_action")]);
        assert_eq!((&body["data"]["email"], &body["context"]["action"]), (&json!("ann@x.example"), &json!("webhook")));
        assert!(body["context"]["action_id"].as_str().is_some_and(|id| id.starts_with("dst_")), "{body}");
        let (webhook_id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let signed = SignedHeaders { id: &webhook_id, timestamp: &timestamp, signature: &signature };
        let secrets = signing_secrets(&[secret]).unwrap();
        secrets.verify(signed, &asked[0].body, world.clock.now().0 / 1000, TOLERANCE_S).unwrap();

        let approval = detail(&world, &id, "action_approved").await;
        assert_eq!((&approval["decision"], &approval["reason"], &approval["attempts"]), (&json!("approve"), &json!("known"), &json!(1)));
        assert!(approval["response"]["body"].as_str().unwrap().contains("\"more\":1"), "the response as it came: {approval}");
        assert_eq!(read_events(&world, &id), names(&["lead.first_submission_action", "lead.delivered", "lead.processed"]));
        let told_of_action = world.receiver.at("/subscriber").into_iter().find(|request| request.json()["event"] == "lead.first_submission_action").unwrap();
        assert_eq!(told_of_action.body, asked[0].body, "both are told the same");
        assert_eq!(told_of_action.header("webhook-id"), webhook_id);
        assert_eq!(delivered(&world).len(), 1);
        world.stop().await;
    }
}

on_both! {
    /// L4: what it rejects is disqualified with its reason, once, and the client never hears of it.
    async fn l4_what_a_webhook_rejects_is_disqualified(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        world.receiver.plan(CHECKS, [says(json!({"decision": "reject", "reason": "on a list", "data": {"x": 1}}))]);
        let id = submit(&world, "ann@x.example").await;
        let page = world.submission(&id).await;
        assert_eq!((&page["state"], page["lead"]["custom"].get("x")), (&json!("disqualified"), None));
        assert_eq!(lines(&world, &id).await[3..], ["disqualified action_rejected"]);
        assert_eq!(detail(&world, &id, "action_rejected").await["reason"], "on a list");
        assert_eq!(read_events(&world, &id), names(&["lead.first_submission_action", "lead.disqualified", "lead.processed"]));
        let event = world.receiver.at("/subscriber").into_iter().map(|request| request.json()).find(|event| event["event"] == "lead.disqualified").unwrap();
        assert_eq!((&event["context"]["reason"], &event["context"]["failed_rules"]), (&json!("on a list"), &json!([])));
        world.advance(86_400_000).await;
        assert_eq!((delivered(&world).len(), world.receiver.at(CHECKS).len()), (0, 1));
        assert!(waiting(&world).await.is_empty());
        world.stop().await;
    }
}

on_both! {
    /// L1 L4 M7: hard rules come before the action, soft ones after it on the lead with what it added, and the client gets that lead.
    async fn l4_what_it_adds_is_qualified_and_sent(kind: Kind) {
        let world = world_with(kind, RULES, webhook).await;
        let table = [
            (json!({"state": "NY"}), None, "disqualified"),
            (json!({"state": "TX"}), Some(json!({"decision": "approve", "data": {"bill": 150, "firstName": "Anna"}})), "delivered"),
            (json!({"state": "TX"}), Some(json!({"decision": "approve", "data": {"bill": 5}})), "disqualified"),
            (json!({"state": "TX"}), Some(json!({"decision": "approve"})), "disqualified"),
            (json!({"state": "CA", "bill": 200}), Some(json!({"decision": "approve", "data": {"bill": null, "state": " "}})), "delivered"),
        ];
        let mut asked = 0;
        for (nth, (mut lead, response, state)) in table.into_iter().enumerate() {
            (lead["campaign_id"], lead["email"], lead["first_name"]) = (json!("CC"), json!(format!("p{nth}@x.example")), json!("Ann"));
            asked += usize::from(response.is_some());
            world.receiver.plan(CHECKS, response.map(says));
            let id = world.push_and_settle(json!([lead])).await.remove(0);
            assert_eq!(world.state(&id).await, state, "{nth}: {:?}", lines(&world, &id).await);
            assert_eq!(world.receiver.at(CHECKS).len(), asked, "{nth}");
        }
        let sent: Vec<Value> = delivered(&world).iter().map(|request| request.json()["data"].clone()).collect();
        let shown = |data: &Value| (data["firstName"].clone(), data["state"].clone(), data["custom"]["bill"].clone());
        assert_eq!(sent.iter().map(shown).collect::<Vec<_>>(), [(json!("Anna"), json!("TX"), json!(150)), (json!("Ann"), json!("CA"), json!(200))]);
        world.stop().await;
    }
}

on_both! {
    /// L4 W9: it is asked again as often as configured, with the same id and body, and then a person decides; nothing is lost, and nothing approved.
    async fn l4_out_of_retries_a_person_decides(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        let cut = Behaviour::cut(200, "{\"decision\":\"approve\"}", Ending::Close);
        world.receiver.plan(CHECKS, [Behaviour::status(503), cut, Behaviour::status(429)]);
        let id = submit(&world, "ann@x.example").await;
        for (made, wait_ms) in WAITS_MS[..2].iter().enumerate() {
            assert_eq!((world.receiver.at(CHECKS).len(), waiting(&world).await.len()), (made + 1, 0));
            assert_eq!(world.state(&id).await, "pending_action");
            world.advance(*wait_ms).await;
        }
        let asked = world.receiver.at(CHECKS);
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|request| (&request.body, request.header("webhook-id")) == (&asked[0].body, asked[0].header("webhook-id"))));
        assert_eq!(lines(&world, &id).await[2..], ["pending_action action_webhook", "pending_action action_failed"]);
        let failed = detail(&world, &id, "action_failed").await;
        assert_eq!((&failed["attempts"], &failed["priority"]), (&json!(3), &json!("normal")));
        assert!(failed["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{failed}");
        let listed = reviews(&world, "").await;
        assert_eq!((listed.len(), &listed[0]["cause"], &listed[0]["reason"]), (1, &json!("action_failed"), &failed["reason"]));
        world.advance(86_400_000).await;
        assert_eq!((world.receiver.at(CHECKS).len(), read_events(&world, &id)), (3, names(&["lead.first_submission_action"])));
        decide(&world, &id, json!({"decision": "approve"})).await;
        assert_eq!(world.state(&id).await, "delivered");
        assert_eq!(read_events(&world, &id), names(&["lead.first_submission_action", "lead.delivered", "lead.processed"]));
        world.stop().await;
    }
}

on_both! {
    /// L4: a webhook that does not respond in time has not decided.
    async fn l4_silence_ends_at_the_timeout(kind: Kind) {
        let action = |world: &World| json!({"kind": "webhook", "url": world.receiver.url(CHECKS), "retries": 1, "timeout_s": 1});
        let world = world_with(kind, "", action).await;
        world.receiver.plan(CHECKS, [Behaviour::Silence(Duration::from_secs(30)), approves(), Behaviour::Silence(Duration::from_secs(30)), Behaviour::Silence(Duration::from_secs(30))]);
        let ids = [submit(&world, "ann@x.example").await, { world.advance(WAITS_MS[0]).await; submit(&world, "bob@x.example").await }];
        world.advance(WAITS_MS[0]).await;
        assert_eq!(world.state(&ids[0]).await, "delivered");
        assert_eq!((world.state(&ids[1]).await.as_str(), waiting(&world).await), ("pending_action", vec![ids[1].clone()]));
        world.stop().await;
    }
}

on_both! {
    /// L4: whatever is not plainly a decision is none: a person decides at once, and says what was wrong with the response.
    async fn l4_nonsense_does_not_decide(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        let text = |status: u16, body: &str| Behaviour::Respond(status, vec![("content-type".into(), "application/json".into())], body.to_owned());
        let approve = r#"{"decision":"approve"}"#;
        let elsewhere = |status| Behaviour::Respond(status, vec![("location".into(), world.receiver.url("/elsewhere"))], approve.to_owned());
        let table = [
            (Behaviour::status(200), "no body"),
            (Behaviour::status(204), "no body"),
            (text(200, "OK"), "not JSON"),
            (text(200, "{\"decision\":\"approve\"}}"), "not JSON"),
            (text(200, "[\"approve\"]"), "not a JSON object"),
            (text(200, "true"), "does not decide"),
            (text(200, "{}"), "no `decision`"),
            (text(200, "{\"decision\":\"APPROVE\"}"), "unknown"),
            (text(200, "{\"decision\":\"maybe\",\"reason\":\"?\"}"), "unknown"),
            (text(200, "{\"decision\":\"reject\",\"decision\":\"approve\"}"), "duplicate field"),
            (text(200, "{\"decision\":\"approve\",\"data\":\"x\"}"), "`data` is not an object"),
            (text(200, "{\"decision\":\"approve\",\"data\":{\"email\":7}}"), "`data.email` must be a text"),
            (text(200, &format!("{{\"decision\":\"approve\",\"pad\":\"{}\"}}", "x".repeat(300_000))), "more than"),
            (text(400, approve), "status 400"),
            (text(404, approve), "status 404"),
            (text(410, approve), "status 410"),
            (text(422, approve), "status 422"),
            (elsewhere(302), "redirects"),
            (elsewhere(308), "redirects"),
        ];
        let mut ids = Vec::new();
        for (nth, (behaviour, reason)) in table.into_iter().enumerate() {
            world.receiver.plan(CHECKS, [behaviour]);
            let id = submit(&world, &format!("p{nth}@x.example")).await;
            assert_eq!(world.state(&id).await, "pending_action", "{reason}");
            let failed = detail(&world, &id, "action_failed").await;
            assert!(failed["reason"].as_str().is_some_and(|said| said.contains(reason)), "{reason}: {failed}");
            assert_eq!(failed["attempts"], 1, "{reason}");
            ids.push(id);
        }
        world.advance(86_400_000).await;
        assert_eq!(world.receiver.at(CHECKS).len(), ids.len(), "none is asked about again");
        assert!(world.receiver.at("/elsewhere").is_empty() && delivered(&world).is_empty());
        assert_eq!(waiting(&world).await, ids, "the oldest first");
        world.stop().await;
    }
}

on_both! {
    /// L4 L11: who came before is not asked about, nor a test; a person is another one in another campaign.
    async fn l4_only_the_first_submission_of_a_person_is_asked_about(kind: Kind) {
        let world = world_with(kind, RULES, webhook).await;
        world.receiver.always(CHECKS, says(json!({"decision": "approve", "data": {"bill": 100}})));
        let lead = |more: Value| {
            let mut lead = json!({"campaign_id": "CC", "email": "ann@x.example", "state": "TX", "bill": 100});
            lead.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([lead])
        };
        let asked = |world: &World| world.receiver.at(CHECKS).len();
        // Nobody looked at one that a hard rule disqualified, so that it does not count.
        let ids = world.push_and_settle(lead(json!({"state": "NY"}))).await;
        assert_eq!((world.state(&ids[0]).await.as_str(), asked(&world)), ("disqualified", 0));
        for (more, state, count) in [(json!({}), "delivered", 1), (json!({}), "delivered", 1), (json!({"bill": 1}), "disqualified", 1), (json!({"email": "bob@x.example"}), "delivered", 2)] {
            let id = world.push_and_settle(lead(more)).await.remove(0);
            assert_eq!((world.state(&id).await.as_str(), asked(&world)), (state, count));
        }
        world.campaign("DD", "").await;
        world.admin.put("/v1/campaigns/DD/first-submission-action", &webhook(&world)).await.expect(200);
        world.push_and_settle(json!([{"campaign_id": "DD", "email": "ann@x.example"}])).await;
        assert_eq!(asked(&world), 3);
        let test = json!([{"campaign_id": "DD", "email": "tess@x.example", "is_test": true}]);
        let id = world.push_and_settle(test.clone()).await.remove(0);
        assert_eq!((world.submission(&id).await["is_test"].clone(), world.state(&id).await.as_str(), asked(&world)), (json!(true), "delivered", 3));
        let live = json!([{"campaign_id": "DD", "email": "tess@x.example"}]);
        world.push_and_settle(live).await;
        assert_eq!(asked(&world), 4, "a test does not count as the first");
        world.stop().await;
    }
}

on_both! {
    /// L4 H2: of the same person at the same moment, in one batch or in two, exactly one is asked about.
    async fn l4_two_at_once_are_asked_about_once(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        world.receiver.always(CHECKS, approves());
        for round in 1..=5 {
            let lead = json!({"campaign_id": "CC", "email": format!("p{round}@x.example")});
            let (one, other) = (json!([lead, lead, lead]), json!([lead, lead]));
            tokio::join!(world.push(one), world.push(other));
            world.settle().await;
            assert_eq!((world.receiver.at(CHECKS).len(), delivered(&world).len()), (round, 5 * round));
        }
        world.stop().await;
    }
}

on_both! {
    /// L4 H2: a host that stops or is killed while a webhook is asked asks again, with the same id and body, and goes on.
    async fn l4_a_restart_loses_nothing(kind: Kind) {
        let mut world = world_with(kind, "", webhook).await;
        world.receiver.plan(CHECKS, [Behaviour::status(503)]);
        let first = submit(&world, "ann@x.example").await;
        world.restart().await;
        world.receiver.plan(CHECKS, [approves()]);
        world.advance(WAITS_MS[0]).await;
        assert_eq!(world.state(&first).await, "delivered");

        let gate = Gate::new();
        world.receiver.plan(CHECKS, [Behaviour::Behind(gate.clone(), Box::new(approves())), approves()]);
        let id = hookmill_tests::world::submission_ids(&world.push(json!([{"campaign_id": "CC", "email": "bob@x.example"}])).await).remove(0);
        world.receiver.until(CHECKS, 3).await;
        world.kill().await;
        world.receiver.until(CHECKS, 4).await;
        gate.open();
        world.settle().await;
        assert_eq!(world.state(&id).await, "delivered");
        let asked = world.receiver.at(CHECKS);
        assert_eq!((&asked[2].body, asked[2].header("webhook-id")), (&asked[3].body, asked[3].header("webhook-id")));
        assert_eq!(delivered(&world).len(), 2);

        world.admin.put(ACTION, &json!({"kind": "review", "priority": "low"})).await.expect(200);
        let id = submit(&world, "cid@x.example").await;
        world.restart().await;
        assert_eq!(waiting(&world).await, std::slice::from_ref(&id));
        decide(&world, &id, json!({"decision": "approve"})).await;
        assert_eq!(world.state(&id).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// L2 L4: while the campaign is paused nobody is asked, and archiving cancels what waits, told of once.
    async fn l2_pausing_and_archiving_reach_what_waits(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        let set = async |state: &str| {
            world.admin.put("/v1/campaigns/CC/state", &json!({"state": state})).await.expect(200);
            world.settle().await;
        };
        world.receiver.plan(CHECKS, [Behaviour::status(503), Behaviour::status(503)]);
        let id = submit(&world, "ann@x.example").await;
        set("paused").await;
        world.advance(WAITS_MS[0]).await;
        assert_eq!((world.receiver.at(CHECKS).len(), world.state(&id).await.as_str()), (1, "pending_action"), "nobody is asked");
        set("active").await;
        assert_eq!((world.receiver.at(CHECKS).len(), world.state(&id).await.as_str()), (2, "pending_action"));

        // One waits for its webhook, one for a person, and one for its campaign after a person has approved it.
        world.receiver.always(CHECKS, Behaviour::status(400));
        let (person, approved) = (submit(&world, "bob@x.example").await, submit(&world, "cid@x.example").await);
        set("paused").await;
        decide(&world, &approved, json!({"decision": "approve", "data": {"score": 7}})).await;
        let page = world.submission(&approved).await;
        assert_eq!((&page["state"], &page["lead"]["custom"]["score"]), (&json!("pending"), &json!(7)));
        set("active").await;
        assert_eq!((world.state(&approved).await.as_str(), delivered(&world).len()), ("delivered", 1));
        assert_eq!(delivered(&world)[0].json()["data"]["custom"]["score"], 7);

        let asked = world.receiver.at(CHECKS).len();
        set("archived").await;
        for id in [&id, &person] {
            assert_eq!(lines(&world, id).await.last().unwrap(), "canceled campaign_archived");
            assert_eq!(read_events(&world, id), names(&["lead.first_submission_action", "lead.processed"]));
        }
        world.advance(86_400_000).await;
        assert_eq!((world.receiver.at(CHECKS).len(), waiting(&world).await.len(), delivered(&world).len()), (asked, 0, 1));
        world.admin.post(&format!("/v1/submissions/{person}/review"), &json!({"decision": "approve"})).await.expect_error(409, "not_in_review");
        world.stop().await;
    }
}

on_both! {
    /// L4 L9: a lead that is withdrawn while its webhook is asked is not asked about again.
    async fn l9_what_is_withdrawn_is_not_asked_about(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        world.receiver.plan(CHECKS, [Behaviour::status(503)]);
        world.receiver.always(CHECKS, approves());
        let id = submit(&world, "ann@x.example").await;
        world.admin.post(&format!("/v1/submissions/{id}/withdraw"), &json!({})).await.expect(200);
        world.advance(WAITS_MS[0]).await;
        assert_eq!((world.receiver.at(CHECKS).len(), world.state(&id).await.as_str()), (1, "canceled"));
        assert!(delivered(&world).is_empty());
        world.stop().await;
    }
}

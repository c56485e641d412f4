//! What a person decides.

use super::*;
use hookmill_tests::{Kind, command_line, on_both};

fn path(id: &str) -> String {
    format!("/v1/submissions/{id}/review")
}

on_both! {
    /// L4: a review is approved with what is added, or rejected; the timeline and the audit log say who decided and why.
    async fn l4_a_person_approves_or_rejects(kind: Kind) {
        let world = world_with(kind, RULES, review).await;
        let lead = |email: &str| json!({"campaign_id": "CC", "email": email, "state": "TX"});
        let ids = world.push_and_settle(json!([lead("ann@x.example"), lead("bob@x.example"), lead("cid@x.example")])).await;
        assert_eq!(waiting(&world).await, ids);
        let listed = reviews(&world, "?campaign=CC").await;
        let shown = ["priority", "campaign_id", "cause", "reason"].map(|name| listed[0][name].clone());
        assert_eq!(shown, [json!("normal"), json!("CC"), json!("action_review"), Value::Null]);
        assert_eq!(listed[0]["lead"]["email"], "ann@x.example");
        assert_eq!(read_events(&world, &ids[0]), names(&["lead.first_submission_action"]));
        assert_eq!(detail(&world, &ids[0], "action_review").await["priority"], "normal");

        decide(&world, &ids[0], json!({"decision": "approve", "reason": "called back", "data": {"bill": 120}})).await;
        decide(&world, &ids[1], json!({"decision": "reject", "reason": "no such house"})).await;
        // What a person adds is qualified, too.
        decide(&world, &ids[2], json!({"decision": "approve"})).await;
        assert_eq!(lines(&world, &ids[0]).await[2..], ["pending_action action_review", "pending_action review_approved", "processing started", "delivering shaped", "delivered client_accepted"]);
        assert_eq!(lines(&world, &ids[1]).await[2..], ["pending_action action_review", "disqualified review_rejected"]);
        assert_eq!(lines(&world, &ids[2]).await.last().unwrap(), "disqualified rules");
        let admin = world.admin.get("/v1/me").await.expect(200).str("id");
        let approval = detail(&world, &ids[0], "review_approved").await;
        assert_eq!(approval, json!({"decision": "approve", "reason": "called back", "user_id": admin, "data": {"custom": {"bill": 120}}}));
        assert_eq!(delivered(&world).iter().map(|request| request.json()["data"]["custom"]["bill"].clone()).collect::<Vec<_>>(), [json!(120)]);
        assert_eq!(read_events(&world, &ids[1]), names(&["lead.first_submission_action", "lead.disqualified", "lead.processed"]));
        let audited = world.admin.get("/v1/audit?limit=200").await.expect(200).json;
        let of = |id: &str| audited["items"].as_array().unwrap().iter().filter(|line| line["subject"] == id).map(|line| line["action"].clone()).collect::<Vec<_>>();
        assert_eq!((of(&ids[0]), of(&ids[1])), (vec![json!("submission.approved")], vec![json!("submission.rejected")]));
        assert!(waiting(&world).await.is_empty());
        world.stop().await;
    }
}

on_both! {
    /// L4: high before normal before low, the oldest of each first, page by page; each campaign's by themselves.
    async fn l4_reviews_are_listed_by_priority(kind: Kind) {
        let world = world_with(kind, "", review).await;
        let mut expected = Vec::new();
        for (nth, priority) in ["low", "high", "normal", "high", "low"].into_iter().enumerate() {
            world.admin.put(ACTION, &json!({"kind": "review", "priority": priority})).await.expect(200);
            expected.push((["high", "normal", "low"].iter().position(|known| *known == priority).unwrap(), submit(&world, &format!("p{nth}@x.example")).await));
        }
        expected.sort();
        let expected: Vec<String> = expected.into_iter().map(|(_, id)| id).collect();
        assert_eq!(waiting(&world).await, expected);
        let (mut paged, mut query) = (Vec::new(), "?limit=2".to_owned());
        loop {
            let page = world.admin.get(&format!("/v1/reviews{query}")).await.expect(200).json;
            paged.extend(page["items"].as_array().unwrap().iter().map(|row| row["submission_id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            query = format!("?limit=2&after={next}");
        }
        assert_eq!(paged, expected);
        world.campaign("DD", "").await;
        assert!(reviews(&world, "?campaign=DD").await.is_empty());
        assert_eq!(reviews(&world, "?campaign=CC").await.len(), 5);
        world.admin.get("/v1/reviews?after=nonsense").await.expect_error(422, "invalid");
        world.admin.get("/v1/reviews?campaign=NONE").await.expect_error(404, "not_found");
        let other = world.second_organization().await;
        assert_eq!(other.admin.get("/v1/reviews").await.expect(200).json["items"], json!([]));
        other.admin.post(&path(&expected[0]), &json!({"decision": "approve"})).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// L4: of two that decide at once one counts, and the other learns it; nothing is decided twice.
    async fn l4_of_two_reviewers_one_wins(kind: Kind) {
        let world = world_with(kind, "", review).await;
        for round in 0..8 {
            let id = submit(&world, &format!("p{round}@x.example")).await;
            let (approve, reject) = (json!({"decision": "approve"}), json!({"decision": "reject", "reason": "no"}));
            let path = path(&id);
            let (one, other) = tokio::join!(world.admin.post(&path, &approve), world.admin.post(&path, &reject));
            world.settle().await;
            let state = world.state(&id).await;
            match (one.status, other.status) {
                (200, 409) => assert_eq!((state.as_str(), &one.json["state"]), ("delivered", &json!("pending_action"))),
                (409, 200) => assert_eq!((state.as_str(), &other.json["state"]), ("disqualified", &json!("disqualified"))),
                both => panic!("{both:?}: {} {}", one.text, other.text),
            }
            let last = if state == "delivered" { "lead.delivered" } else { "lead.disqualified" };
            assert_eq!(read_events(&world, &id), names(&["lead.first_submission_action", last, "lead.processed"]));
            let late = world.admin.post(&path, &approve).await;
            assert_eq!((late.status, late.code()), (409, "not_in_review"));
        }
        world.stop().await;
    }
}

on_both! {
    /// L4: while a webhook is asked a person decides only on purpose; then it is not asked again.
    async fn l4_a_webhook_that_is_asked_can_be_overridden(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        world.receiver.always(CHECKS, Behaviour::status(503));
        let (ann, bob) = (submit(&world, "ann@x.example").await, submit(&world, "bob@x.example").await);
        world.admin.post(&path(&ann), &json!({"decision": "approve"})).await.expect_error(409, "action_under_way");
        decide(&world, &ann, json!({"decision": "approve", "override": true})).await;
        decide(&world, &bob, json!({"decision": "reject", "override": true, "reason": "no"})).await;
        assert_eq!((world.state(&ann).await.as_str(), world.state(&bob).await.as_str()), ("delivered", "disqualified"));
        assert_eq!(detail(&world, &ann, "review_approved").await["override"], true);
        let asked = world.receiver.at(CHECKS).len();
        world.advance(86_400_000).await;
        assert_eq!(world.receiver.at(CHECKS).len(), asked, "nobody is asked again");
        let deliveries = world.admin.get(&format!("/v1/deliveries?submission={ann}")).await.expect(200).json;
        let of_action = deliveries["items"].as_array().unwrap().iter().find(|row| row["destination_kind"] == "action").unwrap();
        assert_eq!(of_action["state"], "canceled");
        let resend = format!("/v1/deliveries/{}/resend", of_action["id"].as_str().unwrap());
        world.admin.post(&resend, &json!({})).await.expect_error(409, "not_resendable");
        world.stop().await;
    }
}

on_both! {
    /// L4: the response of a webhook that was overridden while it was on its way counts no more.
    async fn l4_a_late_response_changes_nothing(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        let gate = hookmill_tests::Gate::new();
        world.receiver.plan(CHECKS, [Behaviour::Behind(gate.clone(), Box::new(approves()))]);
        let pushed = world.push(json!([{"campaign_id": "CC", "email": "ann@x.example"}])).await;
        let id = hookmill_tests::world::submission_ids(&pushed).remove(0);
        world.receiver.until(CHECKS, 1).await;
        world.admin.post(&path(&id), &json!({"decision": "reject", "reason": "no", "override": true})).await.expect(200);
        gate.open();
        world.settle().await;
        world.advance(86_400_000).await;
        assert_eq!((world.state(&id).await.as_str(), delivered(&world).len(), world.receiver.at(CHECKS).len()), ("disqualified", 0, 1));
        assert_eq!(read_events(&world, &id), names(&["lead.first_submission_action", "lead.disqualified", "lead.processed"]));
        world.stop().await;
    }
}

on_both! {
    /// O8 L4: admins decide; integrators and viewers see what waits; everything wrong with a decision is named at once.
    async fn l4_only_admins_decide(kind: Kind) {
        let world = world_with(kind, "", review).await;
        let id = submit(&world, "ann@x.example").await;
        let approve = json!({"decision": "approve"});
        for role in ["viewer", "integrator"] {
            let user = world.user(role).await;
            assert_eq!(user.get("/v1/reviews").await.expect(200).json["items"][0]["submission_id"], json!(id));
            user.post(&path(&id), &approve).await.expect_error(403, "role_not_allowed");
            user.put(ACTION, &json!({"kind": "review"})).await.expect_error(403, "role_not_allowed");
            user.delete(ACTION).await.expect_error(403, "role_not_allowed");
        }
        world.campaign("DD", "").await;
        let admin_id = world.admin.get("/v1/me").await.expect(200).str("id");
        let scoped = json!({"user_id": admin_id, "name": "scoped", "campaigns": ["DD"]});
        let scoped = world.nobody.with_key(&world.admin.post("/v1/api-keys", &scoped).await.expect(201).str("key"));
        scoped.post(&path(&id), &approve).await.expect_error(404, "not_found");
        scoped.get("/v1/reviews").await.expect_error(403, "key_scoped");
        scoped.get("/v1/reviews?campaign=CC").await.expect_error(403, "campaign_not_allowed");
        scoped.get("/v1/reviews?campaign=DD").await.expect(200);
        let wrong = json!({"decision": "approve", "reason": "x".repeat(1_001), "data": {"email": 5, "tags": "x"}});
        let error = world.admin.post(&path(&id), &wrong).await.expect_error(422, "invalid");
        let places: Vec<&Value> = error.json["error"]["details"].as_array().unwrap().iter().map(|detail| &detail["path"]).collect();
        assert_eq!(places, [&json!("reason"), &json!("data.email"), &json!("data.tags")]);
        for wrong in [json!({}), json!({"decision": "reject"}), json!({"decision": "reject", "reason": " "}), json!({"decision": "later"}), json!({"decision": "approve", "note": "x"}), json!({"decision": "reject", "data": {"x": 1}})] {
            world.admin.post(&path(&id), &wrong).await.expect_error(422, "invalid");
        }
        assert_eq!(world.state(&id).await, "pending_action");
        world.admin.post(&path("req_none"), &approve).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

#[tokio::test]
async fn l4_reviews_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    world.campaign("CC", "").await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: Value| {
        let path = directory.path().join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let admin = &world.admin;
    let action = file("action.json", json!({"kind": "review", "priority": "high"}));
    let set = command_line::print(admin, &["first-submission-action", "set", "CC", &action]).await;
    assert_eq!(set, "set the first-submission action of CC: review\n");
    let shown = command_line::print(admin, &["first-submission-action", "show", "CC"]).await;
    assert!(shown.contains("\"priority\": \"high\""), "{shown}");
    let (ann, bob) = (submit(&world, "ann@x.example").await, submit(&world, "bob@x.example").await);
    let listed = command_line::print(admin, &["reviews", "list", "--campaign", "CC"]).await;
    assert!(listed.contains(&ann) && listed.contains("ann@x.example") && listed.contains("high"), "{listed}");
    let data = file("data.json", json!({"score": 7}));
    let approved = command_line::print(admin, &["reviews", "approve", &ann, "--reason", "fine", "--data", &data]).await;
    assert_eq!(approved, format!("approved {ann}\n"));
    assert_eq!(
        command_line::print(admin, &["reviews", "reject", &bob, "--reason", "no"]).await,
        format!("rejected {bob}\n")
    );
    world.settle().await;
    assert_eq!((world.state(&ann).await.as_str(), world.state(&bob).await.as_str()), ("delivered", "disqualified"));
    assert_eq!(world.submission(&ann).await["lead"]["custom"]["score"], 7);
    let failed = command_line::fail(admin, &["reviews", "reject", &ann, "--reason", "no"]).await;
    assert!(failed.contains("not_in_review"), "{failed}");
    let removed = command_line::print(admin, &["first-submission-action", "remove", "CC"]).await;
    assert_eq!(removed, "removed the first-submission action of CC\n");
    assert!(command_line::fail(admin, &["first-submission-action", "show", "CC"]).await.contains("not_found"));
    world.stop().await;
}

//! How an action is set, changed and removed, also while leads wait for it.

use super::*;
use hookmill_tests::on_both;

on_both! {
    /// L4 H5 W8: an action is shown without its secrets, a mask keeps the value, and everything wrong is named at once.
    async fn l4_an_action_is_set_shown_and_removed(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CC", "").await;
        world.admin.get(ACTION).await.expect_error(404, "not_found");
        let mut action = webhook(&world);
        (action["headers"], action["timeout_s"]) = (json!({"x-token": "hidden-value"}), json!(300));
        let saved = world.admin.put(ACTION, &action).await.expect(200);
        let secret = saved.str("new_secret");
        let shown = world.admin.get(ACTION).await.expect(200);
        let expected = json!({"kind": "webhook", "url": world.receiver.url(CHECKS), "method": "POST", "headers": {"x-token": "***"}, "retries": 2,
            "timeout_s": 300, "secrets": 1, "ca_certificates": null, "priority": null});
        assert_eq!(shown.json, expected);
        let viewer = world.user("viewer").await;
        let seen = viewer.get(ACTION).await.expect(200).str("url");
        assert!(seen.ends_with("/…") && !seen.contains("checks"), "{seen}");
        // The mask keeps the value, and no secrets keep the secrets.
        action["headers"] = json!({"X-Token": "***"});
        let again = world.admin.put(ACTION, &action).await.expect(200);
        assert_eq!(again.json.get("new_secret"), None);
        world.admin.put(ACTION, &json!({"kind": "webhook", "url": world.receiver.url(CHECKS), "headers": {"x-other": "***"}})).await.expect_error(422, "invalid");
        for text in ["hidden-value", &secret] {
            for file in world.data_files() {
                let bytes = std::fs::read(file).unwrap();
                assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} is stored as it is");
            }
        }
        let wrong = json!({"kind": "webhook", "url": "ftp://x", "method": "TRACE", "headers": {"Host": "x"}, "retries": 6, "timeout_s": 301, "secrets": [], "ca_certificates": "x", "priority": "low"});
        let error = world.admin.put(ACTION, &wrong).await.expect_error(422, "invalid");
        let places: Vec<&str> = error.json["error"]["details"].as_array().unwrap().iter().map(|detail| detail["path"].as_str().unwrap()).collect();
        assert_eq!(places, ["url", "headers", "method", "retries", "timeout_s", "secrets", "ca_certificates", "priority"]);
        for wrong in [json!({}), json!({"kind": "none"}), json!({"kind": "review", "url": "https://x.example/"}), json!({"kind": "review", "priority": "urgent"})] {
            world.admin.put(ACTION, &wrong).await.expect_error(422, "invalid");
        }
        world.admin.put(ACTION, &json!({"kind": "review"})).await.expect(200);
        let shown = world.admin.get(ACTION).await.expect(200).json;
        assert_eq!((&shown["kind"], &shown["priority"], &shown["url"]), (&json!("review"), &json!("normal"), &Value::Null));
        world.admin.delete(ACTION).await.expect(204);
        world.admin.get(ACTION).await.expect_error(404, "not_found");
        let audited = world.admin.get("/v1/audit?limit=200").await.expect(200).json;
        let of_action = audited["items"].as_array().unwrap().iter().filter(|line| line["action"].as_str().unwrap().starts_with("first_submission_action"));
        assert_eq!(of_action.map(|line| (line["action"].as_str().unwrap(), line["subject"].as_str().unwrap())).collect::<Vec<_>>(),
            [("first_submission_action.removed", "CC"), ("first_submission_action.set", "CC"), ("first_submission_action.set", "CC"), ("first_submission_action.set", "CC")]);
        world.stop().await;
    }
}

on_both! {
    /// L4: an action counts from when it is switched on, and no more once it is removed.
    async fn l4_an_action_counts_from_when_it_is_set(kind: Kind) {
        let world = world_with(kind, "", review).await;
        world.admin.delete(ACTION).await.expect(204);
        assert_eq!(world.state(&submit(&world, "ann@x.example").await).await, "delivered");
        world.admin.put(ACTION, &json!({"kind": "review"})).await.expect(200);
        let id = submit(&world, "ann@x.example").await;
        assert_eq!(world.state(&id).await, "pending_action");
        // The next one of the person goes on at once, though the first still waits.
        assert_eq!(world.state(&submit(&world, "ann@x.example").await).await, "delivered");
        world.admin.delete(ACTION).await.expect(204);
        assert_eq!(world.state(&submit(&world, "bob@x.example").await).await, "delivered");
        assert_eq!(waiting(&world).await, std::slice::from_ref(&id), "what waits stays decidable");
        decide(&world, &id, json!({"decision": "approve"})).await;
        assert_eq!(world.state(&id).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// L4: what a webhook is asked about goes on being asked where it was, when the action is another one by then; when it is removed, a person
    /// decides.
    async fn l4_what_is_asked_stays_decidable(kind: Kind) {
        let world = world_with(kind, "", webhook).await;
        world.receiver.plan(CHECKS, [Behaviour::status(503), Behaviour::status(503), Behaviour::status(503)]);
        let ann = submit(&world, "ann@x.example").await;
        world.admin.put(ACTION, &json!({"kind": "webhook", "url": world.receiver.url("/other"), "retries": 2})).await.expect(200);
        world.receiver.always("/other", approves());
        let bob = submit(&world, "bob@x.example").await;
        assert_eq!((world.state(&bob).await.as_str(), world.receiver.at("/other").len()), ("delivered", 1));
        world.admin.put(ACTION, &json!({"kind": "review"})).await.expect(200);
        world.advance(WAITS_MS[0]).await;
        assert_eq!((world.receiver.at(CHECKS).len(), world.receiver.at("/other").len()), (2, 1), "it is asked where it was");
        assert!(waiting(&world).await.is_empty());
        world.admin.delete(ACTION).await.expect(204);
        world.advance(WAITS_MS[1]).await;
        assert_eq!((world.receiver.at(CHECKS).len(), waiting(&world).await), (2, vec![ann.clone()]));
        assert_eq!(detail(&world, &ann, "action_failed").await["reason"], "destination_removed");
        decide(&world, &ann, json!({"decision": "reject", "reason": "no"})).await;
        assert_eq!(world.state(&ann).await, "disqualified");
        world.stop().await;
    }
}

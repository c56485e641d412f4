//! E: event intake.

use super::{names, storing_campaign, with};
use hookmill_tests::{World, on_both};
use serde_json::{Value, json};

on_both! {
    /// E1: the body of the example alone and as a list, and the response key by key; what is rejected says where and why.
    async fn e1_the_example_is_taken(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let hook = json!({"name": "Hook", "url": world.receiver.url("/hook"), "events": ["EMAIL_REPLY"]});
        world.admin.post("/v1/subscriptions?campaign=C1", &hook).await.expect(201);
        let example = json!({"event_id": "e1", "campaign_id": "C1", "event_type": "EMAIL_REPLY", "occurred_at": "2026-03-28T09:35:01Z", "lead": {"email": "l@x.example"},
            "category": {"id": 2, "name": "Interested"}, "payload": {"subject": "Re: roof"}});
        let taken = world.source.post("/v1/events", &example).await.expect(202);
        assert_eq!(taken.text, r#"{"accepted":1,"duplicates":0,"rejected":[]}"#);
        let next = with(&example, &json!({"event_id": "e2"}));
        let wrong = [
            (json!({"event_id": "e3", "event_type": "EMAIL_LOST"}), "event_type_unknown"), (json!({"event_id": "e4", "campaign_id": "NONE"}), "campaign_unknown"),
            (json!({"event_id": null}), "invalid"), (json!({"event_id": "e5", "campaign_id": null}), "invalid"), (json!({"event_id": "e6", "event_type": 7}), "event_type_unknown"),
            (json!({"event_id": "e7", "occurred_at": "yesterday"}), "invalid"), (json!({"event_id": "e8", "payload": [1]}), "invalid"), (json!({"event_id": "e9", "lead": "l@x.example"}), "invalid"),
            (json!({"event_id": "e10", "category": {"name": "x"}}), "invalid"), (json!({"event_id": "x".repeat(256)}), "invalid"),
        ];
        let list: Vec<Value> = [example.clone(), next].into_iter().chain(wrong.iter().map(|(more, _)| with(&example, more))).collect();
        let mixed = world.source.post("/v1/events", &json!({"events": list})).await.expect(202).json;
        assert_eq!((names(&mixed), &mixed["accepted"], &mixed["duplicates"]), (vec!["accepted", "duplicates", "rejected"], &json!(1), &json!(1)), "{mixed}");
        let rejected = mixed["rejected"].as_array().unwrap();
        assert_eq!(rejected.len(), wrong.len(), "{mixed}");
        for (at, (one, (more, code))) in rejected.iter().zip(&wrong).enumerate() {
            assert_eq!(names(one), ["index", "code", "message"]);
            assert_eq!((&one["index"], &one["code"]), (&json!(at + 2), &json!(code)), "{more}: {one}");
        }
        // Which names there are is said.
        let message = rejected[0]["message"].as_str().unwrap();
        for name in ["EMAIL_SENT", "FIRST_EMAIL_SENT", "EMAIL_OPEN", "EMAIL_LINK_CLICK", "EMAIL_REPLY", "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED", "CAMPAIGN_STATUS_CHANGED", "UNTRACKED_REPLIES", "MANUAL_STEP_REACHED"] {
            assert!(message.contains(name), "{name} is not in {message}");
        }
        world.settle().await;
        let told: Vec<Value> = world.receiver.at("/hook").iter().map(|request| request.json()).collect();
        assert_eq!(told.len(), 2);
        let expected = json!({"event": "EMAIL_REPLY", "leadId": null, "submissionId": null, "campaignId": "C1", "status": null, "timestamp": "2026-03-28T09:35:01Z", "data": {"subject": "Re: roof"}});
        for name in names(&expected) {
            assert_eq!(told[0][name], expected[name], "{name}");
        }
        assert_eq!(told[0]["context"]["category"], json!({"id": 2, "name": "Interested"}));
        world.stop().await;
    }
}

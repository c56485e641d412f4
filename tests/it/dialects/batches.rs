//! B: batch push.

use super::{fixture, storing_campaign};
use hookmill_tests::client::send;
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Response, World, on_both};
use serde_json::{Value, json};

/// Posts a batch with its key in this header.
async fn post(world: &World, header: &str, value: &str, body: String) -> Response {
    let request = world.nobody.request("POST", "/v1/leads").header(header, value);
    send(request.header("content-type", "application/json").body(body)).await
}

on_both! {
    /// B1: the key in either header, the body as it is written; each lead lands in its own campaign, and the key of the batch counts whichever header came with it.
    async fn b1_a_batch_is_pushed_with_the_key_in_either_header(kind: Kind) {
        let world = World::new(kind).await;
        for id in ["AA", "BB"] {
            storing_campaign(&world, id).await;
        }
        let body = r#"{"idempotency_key":"unique-key-here","leads":[{"name":"Alice","campaign_id":"AA"},{"name":"Bob","campaign_id":"BB"}]}"#;
        let bearer = format!("Bearer {}", world.source_key);
        let taken = post(&world, "authorization", &bearer, body.into()).await.expect(202);
        let accepted = taken.json["accepted"].as_array().unwrap();
        let placed: Vec<(&Value, &Value)> = accepted.iter().map(|lead| (&lead["index"], &lead["campaign_id"])).collect();
        assert_eq!((placed, &taken.json["rejected"]), (vec![(&json!(0), &json!("AA")), (&json!(1), &json!("BB"))], &json!([])));
        let again = post(&world, "X-API-Key", &world.source_key, body.into()).await.expect_error(409, "duplicate_request");
        assert_eq!(again.json["error"]["original_request_id"].as_str().or(again.json["original_request_id"].as_str()), taken.json["request_id"].as_str(), "{}", again.text);
        let batch = fixture("batch-two-campaigns.json").replace("{{campaign_a}}", "AA").replace("{{campaign_b}}", "BB");
        let other = post(&world, "X-API-Key", &world.source_key, batch).await.expect(202);
        world.settle().await;
        for (id, (name, phone)) in submission_ids(&other).iter().zip([("Alice", "+15551234567"), ("Bob", "+15557654321")]) {
            let page = world.submission(id).await;
            assert_eq!((&page["lead"]["first_name"], &page["lead"]["phone"], &page["state"]), (&json!(name), &json!(phone), &json!("delivered")), "{page}");
        }
        for (header, value) in [("authorization", "Bearer hms_wrong"), ("x-api-key", "hms_wrong"), ("authorization", "Basic eDp5")] {
            assert_eq!(post(&world, header, value, body.into()).await.status, 401, "{header}: {value}");
        }
        world.stop().await;
    }
}

on_both! {
    /// B2, L10: after a post by the shown example the campaign lists the new submissions, whose ids begin with the request's; they are pending and not previewable until it is
    /// activated, and then they are previewed and messages generated.
    async fn b2_a_campaign_lists_what_was_pushed(kind: Kind) {
        let world = World::new(kind).await;
        world.draft_without_client("CAMP", "").await;
        world.admin.put("/v1/campaigns/CAMP/endpoint", &json!({"url": world.receiver.url("/client")})).await.expect(200);
        let shown = world.admin.get("/v1/campaigns/CAMP").await.expect(200).json["source_key"].clone();
        let example = shown["example"].as_str().unwrap();
        assert!(example.starts_with("curl") && example.contains("CAMP") && example.contains("/v1/leads"), "{example}");
        let body = example.split(" -d '").nth(1).unwrap().trim_end_matches('\'');
        let taken = world.source.post_bytes("/v1/leads", "application/json", body.into()).await.expect(202);
        let request = taken.str("request_id");
        let list = async || world.admin.get("/v1/campaigns/CAMP/submissions").await.expect(200).json["items"].as_array().unwrap().clone();
        world.settle().await;
        let rows = list().await;
        assert!(!rows.is_empty() && rows.len() == submission_ids(&taken).len(), "{rows:?}");
        assert!(rows.iter().all(|row| row["id"].as_str().unwrap().starts_with(&request) && row["state"] == "pending"), "{rows:?}");
        let generate = format!("/v1/submissions/{}/generate", rows[0]["id"].as_str().unwrap());
        world.admin.get("/v1/campaigns/CAMP/preview").await.expect_error(409, "campaign_not_active");
        world.admin.post(&generate, &json!({})).await.expect_error(409, "campaign_not_active");
        world.activate("CAMP").await;
        world.settle().await;
        let preview = world.admin.get("/v1/campaigns/CAMP/preview").await.expect(200).json;
        assert_eq!(preview["leads"].as_array().unwrap().len(), rows.len(), "{preview}");
        let made = world.admin.post(&generate, &json!({})).await.expect(200).json;
        let sent = world.receiver.at("/client");
        assert!(sent.iter().any(|request| made["message"]["body"].as_str() == std::str::from_utf8(&request.body).ok()), "{made}");
        assert!(list().await.iter().all(|row| row["state"] == "delivered"));
        world.stop().await;
    }
}

//! What a campaign would send of the leads that it has (L10): the shaping stage of production, with nothing stored and nothing sent.

use hookmill_tests::{Client, World, on_both};
use serde_json::{Value, json};

/// A document whose message reads a table and the client's URL.
const DOCUMENT: &str = "
version: 1
map:
  fields: {email: {from: email, then: [email]}, zip: zip}
shape:
  client:
    headers: {X-Campaign: {from: campaign.id}}
    body: {mail: {from: lead.email}, city: {from: lead.zip, then: [{lookup_set: cities}]}, to: {from: destination.url}}
";

async fn preview(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/campaigns/CAMP/preview{query}")).await.expect(200).json
}

/// A campaign on the document, with leads of three persons, one of whom came twice.
async fn populated(world: &World) -> Vec<String> {
    world.admin.put("/v1/value-sets/cities", &json!({"78701": "Austin", "00501": "Holtsville"})).await.expect(200);
    world.campaign("CAMP", DOCUMENT).await;
    let mut ids = Vec::new();
    for (email, zip) in [
        ("ann@x.example", "78701"),
        ("bob@x.example", "00501"),
        ("not an address", "00501"),
        ("ann@x.example", "00501"),
        ("cid@x.example", "78701"),
    ] {
        world.clock.advance_ms(1_000);
        ids.extend(world.push_and_settle(json!([{"campaign_id": "CAMP", "email": email, "zip": zip}])).await);
    }
    ids
}

fn bodies(preview: &Value) -> Vec<Value> {
    let leads = preview["leads"].as_array().unwrap().iter();
    leads.map(|lead| serde_json::from_str(lead["message"]["body"].as_str().unwrap()).unwrap()).collect()
}

on_both! {
    /// L10: a preview has the newest leads, each once, with the very messages that were sent of them; it stores nothing and sends nothing.
    async fn l10_a_preview_shows_what_would_be_sent(kind: Kind) {
        let world = World::new(kind).await;
        let ids = populated(&world).await;
        let sent: Vec<Value> = world.receiver.at("/client/CAMP").iter().map(|request| request.json()).collect();
        assert_eq!(sent.len(), 4);
        let before = (world.submission(&ids[0]).await, world.admin.get("/v1/audit").await.expect(200).json);
        let shown = preview(&world.admin, "").await;
        let leads: Vec<&str> = shown["leads"].as_array().unwrap().iter().map(|lead| lead["submission_id"].as_str().unwrap()).collect();
        assert_eq!(leads, [ids[4].as_str(), ids[3].as_str(), ids[1].as_str()]);
        assert_eq!(bodies(&shown), [sent[3].clone(), sent[2].clone(), sent[1].clone()]);
        let message = &shown["leads"][0]["message"];
        assert_eq!((&message["for"], &message["method"], &message["headers"][0][1], &shown["notice"]), (&json!("client"), &json!("POST"), &json!("CAMP"), &Value::Null));
        assert_eq!((&shown["leads"][0]["lead"]["email"], &shown["leads"][0]["state"]), (&json!("cid@x.example"), &json!("delivered")));
        assert_eq!(preview(&world.admin, "?leads=1").await["leads"].as_array().unwrap().len(), 1);
        for leads in ["0", "21", "x"] {
            world.admin.get(&format!("/v1/campaigns/CAMP/preview?leads={leads}")).await.expect_error(422, "invalid");
        }
        world.settle().await;
        assert_eq!(world.receiver.at("/client/CAMP").len(), 4);
        assert_eq!((world.submission(&ids[0]).await, world.admin.get("/v1/audit").await.expect(200).json), before);
        world.stop().await;
    }
}

on_both! {
    /// L10 M7: a preview and a generated message are those of now: of the version that is active, and of the tables as they are.
    async fn l10_it_is_the_message_of_now(kind: Kind) {
        let world = World::new(kind).await;
        let ids = populated(&world).await;
        world.admin.put("/v1/value-sets/cities", &json!({"78701": "Elsewhere", "00501": "Holtsville"})).await.expect(200);
        let other = DOCUMENT.replace("mail:", "address:");
        world.admin.put("/v1/campaigns/CAMP/document", &json!({"document": other, "activate": true})).await.expect(201);
        let shown = preview(&world.admin, "?leads=1").await;
        let to = world.receiver.url("/client/CAMP");
        assert_eq!(bodies(&shown), [json!({"address": "cid@x.example", "city": "Elsewhere", "to": to})]);
        let generated = world.admin.post(&format!("/v1/submissions/{}/generate", ids[0]), &json!({})).await.expect(200).json;
        let body: Value = serde_json::from_str(generated["message"]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, json!({"address": "ann@x.example", "city": "Elsewhere", "to": to}));
        assert_eq!((&generated["submission_id"], &generated["error"]), (&json!(ids[0]), &Value::Null));
        assert!(!generated["trace"].is_null() && generated["value_sets"]["cities"].is_string(), "{generated}");
        // What can't be made says why.
        world.admin.delete("/v1/value-sets/cities").await.expect(204);
        let failed = preview(&world.admin, "?leads=1").await["leads"][0].clone();
        assert!(failed["message"].is_null() && failed["error"]["message"].is_string(), "{failed}");
        assert_eq!(world.receiver.at("/client/CAMP").len(), 4);
        world.stop().await;
    }
}

on_both! {
    /// L2 L10: a draft, a paused and an archived campaign are not previewable, nor is a lead that was not mapped; without a client there is no
    /// message.
    async fn l2_only_what_would_be_sent_is_previewed(kind: Kind) {
        let world = World::new(kind).await;
        let ids = populated(&world).await;
        let generate = async |id: &str| world.admin.post(&format!("/v1/submissions/{id}/generate"), &json!({})).await;
        generate(&ids[2]).await.expect_error(409, "not_mapped");
        generate("req_none-0").await.expect_error(404, "not_found");
        for state in ["paused", "archived"] {
            world.admin.put("/v1/campaigns/CAMP/state", &json!({"state": state})).await.expect(200);
            world.admin.get("/v1/campaigns/CAMP/preview").await.expect_error(409, "campaign_not_active");
            generate(&ids[0]).await.expect_error(409, "campaign_not_active");
        }
        world.draft("STORE", "").await;
        world.admin.get("/v1/campaigns/STORE/preview").await.expect_error(409, "campaign_not_active");
        world.activate("STORE").await;
        assert_eq!(world.admin.get("/v1/campaigns/STORE/preview").await.expect(200).json["leads"], json!([]));
        let stored = world.push_and_settle(json!([{"campaign_id": "STORE", "email": "ann@x.example"}])).await;
        let shown = world.admin.get("/v1/campaigns/STORE/preview").await.expect(200).json;
        assert!(shown["notice"].as_str().unwrap().contains("store_only"), "{shown}");
        assert_eq!((&shown["leads"][0]["submission_id"], &shown["leads"][0]["message"]), (&json!(stored[0]), &Value::Null));
        assert!(generate(&stored[0]).await.expect(200).json["notice"].is_string());
        world.stop().await;
    }
}

on_both! {
    /// O8 O9 O1 H5: a viewer previews and does not generate; who is not an admin sees scheme and host alone of the client's URL; nothing crosses
    /// organizations or leaves the campaigns of a key.
    async fn l10_it_is_shown_as_far_as_the_key_may_see(kind: Kind) {
        let world = World::new(kind).await;
        let ids = populated(&world).await;
        let (viewer, integrator) = (world.user("viewer").await, world.user("integrator").await);
        let path = format!("/v1/submissions/{}/generate", ids[0]);
        viewer.post(&path, &json!({})).await.expect_error(403, "role_not_allowed");
        let masked = bodies(&preview(&viewer, "?leads=1").await)[0]["to"].as_str().unwrap().to_owned();
        assert!(masked.starts_with("http://127.0.0.1:") && !masked.contains("client"), "{masked}");
        assert!(!integrator.post(&path, &json!({})).await.expect(200).json["message"].to_string().contains("/client/CAMP"));
        world.source.get("/v1/campaigns/CAMP/preview").await.expect_error(403, "source_key_not_allowed");
        let other = world.second_organization().await;
        other.admin.get("/v1/campaigns/CAMP/preview").await.expect_error(404, "not_found");
        other.admin.post(&path, &json!({})).await.expect_error(404, "not_found");
        world.draft("OTHER", "").await;
        let user = world.admin.get("/v1/me").await.expect(200).str("id");
        let new = json!({"user_id": user, "name": "scoped", "campaigns": ["OTHER"]});
        let scoped = world.nobody.with_key(&world.admin.post("/v1/api-keys", &new).await.expect(201).str("key"));
        scoped.get("/v1/campaigns/CAMP/preview").await.expect_error(403, "campaign_not_allowed");
        scoped.post(&path, &json!({})).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

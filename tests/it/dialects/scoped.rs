//! S: scoped webhooks.

use super::{fixture, key_of, names, storing_campaign, with};
use hookmill_tests::{Behaviour, Response, World, on_both};
use serde_json::{Value, json};

const CREATE: &str = "/api/v1/webhook/create";
/// Every name of the registry.
const NAMES: [&str; 19] = [
    "lead.delivered",
    "lead.disqualified",
    "lead.failed",
    "lead.queued",
    "lead.first_submission_action",
    "lead.processed",
    "lead.quarantined",
    "plugin.disabled",
    "EMAIL_SENT",
    "FIRST_EMAIL_SENT",
    "EMAIL_OPEN",
    "EMAIL_LINK_CLICK",
    "EMAIL_REPLY",
    "EMAIL_BOUNCE",
    "LEAD_UNSUBSCRIBED",
    "LEAD_CATEGORY_UPDATED",
    "CAMPAIGN_STATUS_CHANGED",
    "UNTRACKED_REPLIES",
    "MANUAL_STEP_REACHED",
];

async fn create_with(world: &World, key: &str, body: &Value) -> Response {
    world.nobody.post(&format!("{CREATE}?api_key={key}"), body).await
}

async fn create(world: &World, body: &Value) -> Response {
    create_with(world, &key_of(&world.admin), body).await
}

/// Creates one; returns its number.
async fn created(world: &World, body: &Value) -> i64 {
    create(world, body).await.expect(200).json["id"].as_i64().unwrap()
}

/// The fields that are wrong.
async fn wrong_fields(world: &World, body: &Value) -> Vec<String> {
    let rejected = create(world, body).await.expect(400);
    assert_eq!(
        (&rejected.json["ok"], rejected.json["message"].is_string()),
        (&json!(false), true),
        "{}",
        rejected.text
    );
    let errors = rejected.json["errors"].as_array().unwrap_or_else(|| panic!("no errors: {}", rejected.text));
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

async fn listed(world: &World) -> Vec<Value> {
    world.admin.get("/v1/scoped-webhooks").await.expect(200).json["items"].as_array().unwrap().clone()
}

/// A client with two campaigns, beside one that has none.
async fn campaigns(world: &World) -> String {
    let client = world.admin.post("/v1/clients", &json!({"name": "Roofs"})).await.expect(201).str("id");
    for id in ["9181", "DD", "EE"] {
        storing_campaign(world, id).await;
    }
    for id in ["9181", "DD"] {
        world.admin.patch(&format!("/v1/campaigns/{id}"), &json!({"client_id": client})).await.expect(200);
    }
    client
}

on_both! {
    /// S1: each field in each of its spellings, the response key by key; ids are numbers, and what is kept is returned.
    async fn s1_every_field_is_taken(kind: Kind) {
        let world = World::new(kind).await;
        let client = campaigns(&world).await;
        let url = |path: &str| world.receiver.url(path);
        let base = json!({"webhook_url": url("/first"), "association_type": "campaign", "email_campaign_id": "9181", "event_type_map": {"EMAIL_REPLY": true}});
        let first = create(&world, &base).await.expect(200);
        assert_eq!(first.text, format!(r#"{{"ok":true,"id":1,"webhook_url":"{}"}}"#, url("/first")));
        let spellings = [
            ("user", json!("user")), ("user", json!(1)), ("user", json!("1")), ("client", json!("client")), ("client", json!(2)), ("client", json!("2")),
            ("campaign", json!("campaign")), ("campaign", json!(3)), ("campaign", json!("3")),
        ];
        for (number, (scope, spelling)) in spellings.iter().enumerate() {
            let body = with(&base, &json!({"webhook_url": url(&format!("/{number}")), "association_type": spelling, "client_id": client, "email_campaign_id": 9181}));
            let id = created(&world, &body).await;
            let row = listed(&world).await.into_iter().find(|row| row["number"] == id).unwrap();
            assert_eq!((&row["scope"], &row["url"]), (&json!(scope), &json!(url(&format!("/{number}")))), "{row}");
            let expected = match *scope {
                "client" => json!(client),
                "campaign" => json!("9181"),
                _ => world.admin.get("/v1/me").await.expect(200).json["id"].clone(),
            };
            assert_eq!(row["scope_id"], expected, "{row}");
        }
        let more = [
            (json!({"name": "Replies"}), "name", json!("Replies")),
            (json!({}), "name", json!("")),
            (json!({"event_type_map": {"EMAIL_REPLY": true, "EMAIL_SENT": false, "lead.delivered": true}}), "events", json!(["EMAIL_REPLY", "lead.delivered"])),
            (json!({"event_type_map": null, "event_type": "EMAIL_OPEN"}), "events", json!(["EMAIL_OPEN"])),
            (json!({"event_type_map": {"EMAIL_REPLY": false}, "event_type": "EMAIL_OPEN"}), "events", json!(["EMAIL_OPEN"])),
            (json!({"category_id_map": {"1": true, "2": false, "77": true}}), "categories", json!([1, 77])),
            (json!({"category_id": 5}), "categories", json!([5])),
            (json!({"category_id": "5", "category_id_map": {"1": true}}), "categories", json!([1, 5])),
            (json!({"webhook_type": "CUSTOM"}), "webhook_type", json!("CUSTOM")),
            (json!({"webhook_type": 2}), "webhook_type", json!(2)),
        ];
        for (number, (more, name, expected)) in more.iter().enumerate() {
            let id = created(&world, &with(&with(&base, more), &json!({"webhook_url": url(&format!("/more/{number}"))}))).await;
            let row = listed(&world).await.into_iter().find(|row| row["number"] == id).unwrap();
            let shown = if row[*name].is_null() { json!("") } else { row[*name].clone() };
            assert_eq!(&shown, expected, "{more}: {row}");
        }
        world.stop().await;
    }
}

on_both! {
    /// S1: each status: what is missing or wrong is named, all at once; without a good key 401; and whatever comes, never a 5xx.
    async fn s1_each_rejection_has_its_status(kind: Kind) {
        let world = World::new(kind).await;
        campaigns(&world).await;
        let base = json!({"webhook_url": world.receiver.url("/hook"), "association_type": "campaign", "email_campaign_id": "9181", "event_type_map": {"EMAIL_REPLY": true}});
        let table = [
            (json!({"webhook_url": null}), vec!["webhook_url"]), (json!({"webhook_url": ""}), vec!["webhook_url"]), (json!({"association_type": null}), vec!["association_type"]),
            (json!({"association_type": 0}), vec!["association_type"]), (json!({"association_type": 4}), vec!["association_type"]), (json!({"association_type": "everyone"}), vec!["association_type"]),
            (json!({"association_type": 1.5}), vec!["association_type"]), (json!({"association_type": true}), vec!["association_type"]), (json!({"association_type": 2}), vec!["client_id"]),
            (json!({"association_type": "2", "client_id": ""}), vec!["client_id"]), (json!({"email_campaign_id": null}), vec!["email_campaign_id"]), (json!({"email_campaign_id": {}}), vec!["email_campaign_id"]),
            (json!({"event_type_map": null}), vec!["event_type_map"]), (json!({"event_type_map": {}}), vec!["event_type_map"]), (json!({"event_type_map": {"EMAIL_REPLY": false}}), vec!["event_type_map"]),
            (json!({"event_type": "EMAIL_LOST"}), vec!["event_type"]), (json!({"event_type_map": {"email_reply": true}}), vec!["event_type_map"]),
            (json!({"webhook_url": 7, "association_type": "x", "event_type_map": [], "category_id": [], "name": {}, "force_create": 1}), vec!["webhook_url", "association_type", "event_type_map", "category_id", "name", "force_create"]),
        ];
        for (more, expected) in table {
            assert_eq!(wrong_fields(&world, &with(&base, &more)).await, expected, "{more}");
        }
        // An unknown name: the valid ones are listed.
        let unknown = create(&world, &with(&base, &json!({"event_type_map": {"EMAIL_LOST": true}}))).await.expect(400);
        for name in NAMES {
            assert!(unknown.text.contains(name), "{name} is not in {}", unknown.text);
        }
        for key in ["", "hmk_wrong", "%00"] {
            let rejected = create_with(&world, key, &base).await.expect(401);
            assert_eq!((&rejected.json["ok"], rejected.json["message"].is_string()), (&json!(false), true), "{}", rejected.text);
        }
        world.nobody.post(CREATE, &base).await.expect(401);
        let path = format!("{CREATE}?api_key={}", key_of(&world.admin));
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        let bodies: [&[u8]; 12] = [
            b"", b"[]", b"null", b"7", b"{", b"\"x\"", b"{}", b"\xff", b"{\"webhook_url\":\"\\u0000\"}", b"{\"event_type_map\":{\"\\ud800\":true}}", b"a=b", deep.as_bytes(),
        ];
        for body in bodies {
            for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded", ""] {
                let response = world.nobody.post_bytes(&path, content_type, body.to_vec()).await;
                let what = format!("{content_type} {:.40}: {} {}", String::from_utf8_lossy(body), response.status, response.text);
                assert!((400..500).contains(&response.status), "{what}");
                assert!(response.json["ok"] == false && response.json["message"].is_string(), "{what}");
            }
        }
        assert_eq!(listed(&world).await, Vec::<Value>::new());
        world.stop().await;
    }
}

on_both! {
    /// S1: similar is what has the same scope and id, the same URL however it is spelled, and one of the events; nothing else.
    async fn s1_what_counts_as_similar(kind: Kind) {
        let world = World::new(kind).await;
        let client = campaigns(&world).await;
        let at = world.receiver.url("");
        let base = json!({"webhook_url": format!("{at}/hook?x=1"), "association_type": "campaign", "email_campaign_id": "9181", "event_type_map": {"EMAIL_REPLY": true, "EMAIL_OPEN": true}});
        let existing = created(&world, &base).await;
        let similar = [
            json!({}), json!({"webhook_url": format!("{}/hook?x=1", at.replace("http", "HTTP"))}), json!({"webhook_url": format!("  {at}/hook?x=1 ")}), json!({"webhook_url": format!("{at}/a/../hook?x=1")}),
            json!({"webhook_url": format!("{at}/./hook?x=1#part")}), json!({"webhook_url": format!("{}/hook?x=1", at.replace("127.0.0.1", "0x7f.1"))}),
            json!({"event_type_map": {"EMAIL_OPEN": true, "EMAIL_BOUNCE": true}}), json!({"event_type_map": {}, "event_type": "EMAIL_REPLY"}), json!({"association_type": 3}),
            json!({"name": "Another"}), json!({"category_id": 7}), json!({"webhook_type": 9}), json!({"force_create": false}),
        ];
        for more in similar {
            let rejected = create(&world, &with(&base, &more)).await.expect(409);
            assert_eq!((&rejected.json["ok"], &rejected.json["existing_id"], rejected.json["message"].is_string()), (&json!(false), &json!(existing), true), "{more}: {}", rejected.text);
        }
        let others = [
            json!({"webhook_url": format!("{at}/hook?x=2")}), json!({"webhook_url": format!("{at}/hook/?x=1")}), json!({"webhook_url": format!("{at}/Hook?x=1")}), json!({"webhook_url": format!("{at}/hook")}),
            json!({"email_campaign_id": "DD"}), json!({"association_type": "client", "client_id": client}), json!({"association_type": "user"}), json!({"event_type_map": {"EMAIL_BOUNCE": true}}),
            json!({"event_type_map": {"EMAIL_OPEN": false, "EMAIL_SENT": true}}), json!({"force_create": true}),
        ];
        for (place, more) in others.iter().enumerate() {
            assert_eq!(created(&world, &with(&base, more)).await, existing + 1 + i64::try_from(place).unwrap(), "{more}");
        }
        // Whoever has another user's is similar to nobody, and so is another organization.
        let colleague = world.user("admin").await;
        create_with(&world, &key_of(&colleague), &with(&base, &json!({"association_type": "user"}))).await.expect(200);
        let second = world.second_organization().await;
        create_with(&world, &key_of(&second.admin), &with(&base, &json!({"association_type": "user"}))).await.expect(200);
        world.stop().await;
    }
}

/// Reports an event of a campaign, and waits until it is told.
async fn report(world: &World, id: &str, campaign: &str, event_type: &str, more: Value) {
    let event = json!({"event_id": id, "campaign_id": campaign, "event_type": event_type, "occurred_at": "2026-03-28T09:35:01Z", "lead": {"email": "l@x.example"}});
    let taken = world.source.post("/v1/events", &with(&event, &more)).await.expect(202);
    assert_eq!(taken.json["accepted"], 1, "{}", taken.text);
    world.settle().await;
}

on_both! {
    /// S2: the keys of the dialect with what the host knows; over them the payload's own, in both fixtures.
    async fn s2_bodies_are_those_of_the_dialect(kind: Kind) {
        let world = World::new(kind).await;
        campaigns(&world).await;
        world.admin.patch("/v1/campaigns/9181", &json!({"name": "Summer"})).await.expect(200);
        let events = json!({"EMAIL_REPLY": true, "LEAD_CATEGORY_UPDATED": true, "lead.delivered": true});
        let hook = json!({"webhook_url": world.receiver.url("/hook"), "association_type": 3, "email_campaign_id": "9181", "event_type_map": events, "name": "Ours"});
        let number = created(&world, &hook).await;
        world.push_and_settle(json!([{"campaign_id": "9181", "first_name": "Ann", "last_name": "Poe", "email": "ann@x.example", "phone": "512-555-0100", "plan": "pro"}])).await;
        let request = world.receiver.at("/hook").remove(0);
        assert_eq!((request.method.as_str(), request.header("content-type"), request.header("webhook-signature")), ("POST", "application/json", ""));
        let body = request.json();
        let expected = json!({"event_type": "lead.delivered", "event_timestamp": "2026-03-01T12:00:00Z", "campaign_id": "9181", "campaign_name": "Summer", "webhook_id": number, "webhook_name": "Ours",
            "sl_lead_email": "ann@x.example", "to_email": "ann@x.example", "to_name": "Ann Poe"});
        assert_eq!(names(&body)[..9], names(&expected), "{body}");
        for name in names(&expected) {
            assert_eq!(body[name], expected[name], "{name}");
        }
        let data = json!({"first_name": "Ann", "last_name": "Poe", "email": "ann@x.example", "phone_number": "+15125550100"});
        for name in names(&data) {
            assert_eq!(body["lead_data"][name], data[name], "{name}: {body}");
        }
        assert_eq!(body["custom_fields"], json!({"plan": "pro"}));
        for (event_type, file) in [("EMAIL_REPLY", "smartlead-email-reply.json"), ("LEAD_CATEGORY_UPDATED", "smartlead-category-updated.json")] {
            let payload: Value = serde_json::from_str(&fixture(file)).unwrap();
            report(&world, event_type, "9181", event_type, json!({"payload": payload})).await;
            let body = world.receiver.at("/hook").last().unwrap().json();
            for name in names(&payload) {
                assert_eq!(body[name], payload[name], "{name} is the payload's: {body}");
            }
            for name in names(&expected) {
                assert!(body.get(name).is_some(), "{name} is not in {body}");
            }
            if payload.get("webhook_name").is_none() {
                assert_eq!((&body["webhook_id"], &body["webhook_name"], &body["campaign_name"], &body["to_email"]), (&json!(number), &json!("Ours"), &json!("Summer"), &json!("l@x.example")), "{body}");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// S2: a response of 5xx, or none, is a failure, with three retries of the same bytes; the lead is not affected.
    async fn s2_a_failure_is_tried_again_three_times(kind: Kind) {
        let world = World::new(kind).await;
        campaigns(&world).await;
        let failures = [("/broken", Behaviour::status(500)), ("/closes", Behaviour::Close), ("/missing", Behaviour::status(404)), ("/moved", Behaviour::status(302))];
        for (path, behaviour) in failures {
            world.receiver.always(path, behaviour);
            created(&world, &json!({"webhook_url": world.receiver.url(path), "association_type": 3, "email_campaign_id": "EE", "event_type": "lead.delivered"})).await;
        }
        let submission = world.push_and_settle(json!([{"campaign_id": "EE", "email": "ann@x.example"}])).await.remove(0);
        for wait_ms in [7_000, 13_000, 26_000, 86_400_000] {
            world.advance(wait_ms).await;
        }
        for path in ["/broken", "/closes", "/missing", "/moved"] {
            let got = world.receiver.at(path);
            assert_eq!(got.len(), 4, "{path}");
            assert!(got.iter().all(|request| request.body == got[0].body), "{path}");
        }
        let page = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200).json;
        let rows = page["items"].as_array().unwrap();
        assert!(rows.len() == 4 && rows.iter().all(|row| row["state"] == "failed" && row["retries_max"] == 3), "{page}");
        assert_eq!(world.state(&submission).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// S3: whichever of the three scopes have a webhook for the event, the broadest alone is told, and all of that scope are; what is for another event, another campaign, another
    /// client or another owner neither fires nor shadows.
    async fn s3_the_broadest_scope_alone_is_told(kind: Kind) {
        let world = World::new(kind).await;
        let client = campaigns(&world).await;
        let url = |path: &str| world.receiver.url(path);
        let reply = json!({"event_type": "EMAIL_REPLY"});
        let scopes = [json!({"association_type": "user"}), json!({"association_type": "client", "client_id": client}), json!({"association_type": "campaign", "email_campaign_id": "9181"})];
        // These are never told: of another event, another campaign, another owner.
        let elsewhere = [
            with(&scopes[0], &json!({"event_type": "EMAIL_OPEN"})), with(&reply, &json!({"association_type": "campaign", "email_campaign_id": "EE"})),
        ];
        for more in elsewhere {
            created(&world, &with(&more, &json!({"webhook_url": url("/never")}))).await;
        }
        let colleague = world.user("admin").await;
        create_with(&world, &key_of(&colleague), &json!({"webhook_url": url("/never"), "association_type": "user", "event_type": "EMAIL_REPLY"})).await.expect(200);
        let count = |path: &str| world.receiver.at(path).len();
        for mask in 0..8_usize {
            let mut ids = Vec::new();
            for (place, scope) in scopes.iter().enumerate().filter(|(place, _)| mask & (1 << place) != 0) {
                for twin in ["a", "b"] {
                    ids.push(created(&world, &with(&with(scope, &reply), &json!({"webhook_url": url(&format!("/{place}{twin}"))}))).await);
                }
            }
            let before: Vec<usize> = (0..3).map(|place| count(&format!("/{place}a"))).collect();
            let twins: Vec<usize> = (0..3).map(|place| count(&format!("/{place}b"))).collect();
            report(&world, &format!("mask {mask}"), "9181", "EMAIL_REPLY", json!({})).await;
            let broadest = (0..3).find(|place| mask & (1 << place) != 0);
            for place in 0..3 {
                let expected = usize::from(broadest == Some(place));
                assert_eq!((count(&format!("/{place}a")) - before[place], count(&format!("/{place}b")) - twins[place]), (expected, expected), "of {mask:03b} scope {place}");
            }
            for row in listed(&world).await.into_iter().filter(|row| ids.contains(&row["number"].as_i64().unwrap())) {
                world.admin.delete(&format!("/v1/scoped-webhooks/{}", row["id"].as_str().unwrap())).await.expect(204);
            }
        }
        // A client's covers all campaigns of the client, and those alone.
        created(&world, &with(&with(&scopes[1], &reply), &json!({"webhook_url": url("/client")}))).await;
        for (number, campaign, expected) in [(1, "9181", 1), (2, "DD", 2), (3, "EE", 2)] {
            let before = count("/never");
            report(&world, &format!("client {number}"), campaign, "EMAIL_REPLY", json!({})).await;
            assert_eq!(count("/client"), expected, "{campaign}");
            assert_eq!(count("/never") - before, usize::from(campaign == "EE"), "the campaign's own, where no broader one is");
        }
        world.stop().await;
    }
}

on_both! {
    /// S1, S3: a filter lets pass what has the new category; an event without a category does not pass, and a webhook whose filter stops an event shadows all the same.
    async fn s1_categories_filter(kind: Kind) {
        let world = World::new(kind).await;
        campaigns(&world).await;
        let base = json!({"association_type": 3, "email_campaign_id": "EE", "event_type": "LEAD_CATEGORY_UPDATED"});
        for (path, more) in [("/all", json!({})), ("/two", json!({"category_id": 2})), ("/some", json!({"category_id_map": {"2": true, "3": true, "4": false}})), ("/old", json!({"category_id": "1"}))] {
            created(&world, &with(&with(&base, &more), &json!({"webhook_url": world.receiver.url(path)}))).await;
        }
        let changed = |old: i64, new: i64| json!({"payload": {"lead_category": {"old_id": old, "old_name": "x", "new_id": new, "new_name": "y"}}});
        let table = [
            (changed(1, 2), [1, 1, 1, 0]), (changed(2, 3), [1, 0, 1, 0]), (changed(2, 4), [1, 0, 0, 0]), (json!({}), [1, 0, 0, 0]), (json!({"category": {"id": 2, "name": "y"}}), [1, 1, 1, 0]),
            (json!({"category": {"id": "3", "name": "y"}}), [1, 0, 1, 0]), (changed(3, 1), [1, 0, 0, 1]),
        ];
        let counts = || ["/all", "/two", "/some", "/old"].map(|path| world.receiver.at(path).len());
        for (number, (more, expected)) in table.iter().enumerate() {
            let before = counts();
            report(&world, &format!("e{number}"), "EE", "LEAD_CATEGORY_UPDATED", more.clone()).await;
            let after = counts();
            let told: Vec<usize> = after.iter().zip(before).map(|(after, before)| after - before).collect();
            assert_eq!(told, expected, "{more}");
        }
        world.stop().await;
    }
}

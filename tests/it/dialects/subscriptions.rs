//! D: subscriptions with custom payloads.

use super::{names, with};
use hookmill_domain::signature::SigningSecret;
use hookmill_tests::{Request, World, on_both};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

async fn subscribe(world: &World, path: &str, more: Value) -> Value {
    let draft = json!({"name": "CRM", "url": world.receiver.url(path), "events": ["lead.delivered"]});
    world.admin.post("/v1/subscriptions?campaign=SUMMER", &with(&draft, &more)).await.expect(201).json
}

/// A campaign that is called as in the example.
async fn summer(world: &World) {
    let new = json!({"id": "SUMMER", "name": "Summer Promotion", "delivery": "store_only"});
    world.admin.post("/v1/campaigns", &new).await.expect(201);
    world.activate("SUMMER").await;
}

fn text(request: &Request) -> String {
    String::from_utf8(request.body.to_vec()).unwrap()
}

on_both! {
    /// D1: every setting has its default, is shown as it was set, and the secret is never returned; a blank one on edit keeps it.
    async fn d1_settings_are_shown_and_secrets_are_not(kind: Kind) {
        let world = World::new(kind).await;
        summer(&world).await;
        let plain = subscribe(&world, "/plain", json!({})).await;
        let defaults = json!({"method": "POST", "content_type": "application/json", "auth": null, "secrets": 0, "log_response_body": false, "active": true, "events": ["lead.delivered"],
            "payload": null, "retries": 3, "timeout_s": 30, "headers": {}, "categories": []});
        for name in names(&defaults) {
            assert_eq!(plain[name], defaults[name], "{name}");
        }
        let secret = SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal();
        let full = json!({"name": "Full", "url": world.receiver.url("/full"), "method": "POST", "content_type": FORM, "auth": {"kind": "basic", "username": "Aladdin", "password": "open sesame"},
            "secrets": [secret], "log_response_body": true, "active": false, "events": ["lead.failed", "lead.delivered"], "retries": 10, "timeout_s": 120});
        let path = format!("/v1/subscriptions/{}", plain["id"].as_str().unwrap());
        let mut responses = vec![world.admin.put(&path, &full).await.expect(200)];
        for blank in [json!({"secrets": [""]}), json!({"secrets": null}), json!({"secrets": ["  "]})] {
            let edited = with(&with(&full, &blank), &json!({"auth": {"kind": "basic", "username": "Aladdin", "password": "***"}}));
            responses.push(world.admin.put(&path, &edited).await.expect(200));
        }
        responses.extend([world.admin.get(&path).await.expect(200), world.admin.get("/v1/subscriptions?campaign=SUMMER").await.expect(200)]);
        for response in &responses {
            assert!(!response.text.contains(&secret) && !response.text.contains("open sesame"), "{}", response.text);
        }
        let shown = &responses[4].json;
        for name in ["name", "url", "method", "content_type", "log_response_body", "active", "events", "retries", "timeout_s"] {
            assert_eq!(shown[name], full[name], "{name}");
        }
        assert_eq!((&shown["secrets"], &shown["auth"]["kind"], &shown["auth"]["username"], &shown["auth"]["password"]), (&json!(1), &json!("basic"), &json!("Aladdin"), &json!("***")));
        world.stop().await;
    }
}

on_both! {
    /// D2: the three mappings of the example give the body of the example, and nothing else is sent.
    async fn d2_the_example_gives_the_example(kind: Kind) {
        let world = World::new(kind).await;
        summer(&world).await;
        let payload = json!({"payload": [{"name": "email", "from": "lead.email"}, {"name": "campaign_name", "from": "campaign.name"}, {"name": "source", "value": "webhook"}]});
        subscribe(&world, "/hook", payload).await;
        world.push_and_settle(json!([{"campaign_id": "SUMMER", "email": "user@example.com", "first_name": "Not", "plan": "sent"}])).await;
        let request = world.receiver.at("/hook").remove(0);
        assert_eq!(text(&request), r#"{"email":"user@example.com","campaign_name":"Summer Promotion","source":"webhook"}"#);
        world.stop().await;
    }
}

on_both! {
    /// D3, W10: lists and objects that a mapping finds, in the query and in a form; and what it does not find, by its setting, in each encoding.
    async fn d3_lists_objects_and_what_is_missing(kind: Kind) {
        let world = World::new(kind).await;
        summer(&world).await;
        let payload = json!([
            {"name": "tags", "from": "lead.tags"}, {"name": "all", "from": "lead.custom"}, {"name": "rows", "from": "lead.custom.rows"}, {"name": "big", "from": "lead.custom.big"},
            {"name": "event", "from": "event.name"}, {"name": "none", "from": "lead.custom.none"}, {"name": "is null", "from": "lead.custom.none", "on_missing": "null"},
            {"name": "is&empty", "from": "lead.custom.none", "on_missing": "empty"}, {"name": "no", "from": "lead.custom.no"}
        ]);
        for (path, more) in [("/json", json!({})), ("/form", json!({"content_type": FORM})), ("/get?key=1&x=", json!({"method": "GET"}))] {
            subscribe(&world, path, with(&more, &json!({"payload": payload}))).await;
        }
        let body = r#"{"idempotency_key":"d3","leads":[{"campaign_id":"SUMMER","email":"a@x.example","tags":["a b","ü&="],"rows":[{"n":1.10},[2]],"big":12345678901234567890.10,"no":false}]}"#;
        world.source.post_bytes("/v1/leads", "application/json", body.into()).await.expect(202);
        world.settle().await;
        let [json, form, get] = ["/json", "/form", "/get"].map(|path| world.receiver.at(path).remove(0));
        let all = r#"{"rows":[{"n":1.10},[2]],"big":12345678901234567890.10,"no":false}"#;
        let expected = format!(
            r#"{{"tags":["a b","ü&="],"all":{all},"rows":[{{"n":1.10}},[2]],"big":12345678901234567890.10,"event":"lead.delivered","is null":null,"is&empty":"","no":false}}"#
        );
        assert_eq!(text(&json), expected);
        let pairs = |text: &str| -> Vec<(String, String)> {
            reqwest::Url::parse(&format!("http://x/?{text}")).unwrap().query_pairs().into_owned().collect()
        };
        let expected = [
            ("tags", "a b"), ("tags", "ü&="), ("all", all), ("rows", r#"{"n":1.10}"#), ("rows", "[2]"), ("big", "12345678901234567890.10"), ("event", "lead.delivered"), ("is null", ""),
            ("is&empty", ""), ("no", "false"),
        ];
        let expected: Vec<(String, String)> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(pairs(&text(&form)), expected);
        assert_eq!((form.method.as_str(), form.header("content-type")), ("POST", FORM));
        let query = get.path.split_once('?').unwrap().1;
        assert!(query.starts_with("key=1&x=&"), "{query}");
        assert_eq!((get.method.as_str(), get.body.len(), &pairs(query)[2..]), ("GET", 0, expected.as_slice()));
        assert_eq!(get.header("content-type"), "");
        world.stop().await;
    }
}

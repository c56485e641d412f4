//! Inbound webhooks: addresses that are keys, their dialect, and what comes of a lead while its sender waits and afterwards.

use hookmill_tests::client::send;
use hookmill_tests::world::workspace;
use hookmill_tests::{Client, Kind, Response, World, command_line, on_both};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// Makes an inbound webhook; returns its id and its path.
async fn inbound(world: &World, campaign: &str, draft: Value) -> (String, String) {
    let made = world.admin.post(&format!("/v1/campaigns/{campaign}/inbound-webhooks"), &draft).await.expect(201);
    let url = made.str("url");
    (made.str("id"), url[url.find("/in/").unwrap()..].to_owned())
}

async fn storing_campaign(world: &World, id: &str) {
    world.draft(id, "").await;
    world.activate(id).await;
}

async fn post_form(world: &World, path: &str, form: &str) -> Response {
    world.nobody.post_bytes(path, FORM, form.as_bytes().to_vec()).await
}

/// A post with headers.
async fn post_with(world: &World, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut request = world.nobody.request("POST", path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request.body(body.to_owned())).await
}

async fn submissions(world: &World, campaign: &str) -> Vec<Value> {
    let page = world.admin.get(&format!("/v1/campaigns/{campaign}/submissions")).await.expect(200).json;
    page["items"].as_array().unwrap().clone()
}

on_both! {
    /// I9, K2: 201 with the lead, 200 when its person was known, with the dialect's keys in their order; the submission goes on, and the lead is the one of the response.
    async fn i9_k2_a_lead_is_answered_at_once(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let (_, path) = inbound(&world, "C1", json!({"source": "modal.123"})).await;
        let body = json!({"email": "Me@Example.com", "phone_number": "5125550100", "country_code": "1", "plan": "Pro", "Favourite Colour": "red", "tags": "vip",
            "__url": "https://l.example/p?utm_source=g&utm_campaign=spring&ref=x", "__uid": "u-7", "__referrer": "https://r.example/", "ip": "198.51.100.7", "campaign_id": "OTHER", "created_at": "x"});
        let created = world.nobody.post(&path, &body).await.expect(201);
        let keys: Vec<&String> = created.json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "social_id", "email", "phone_number", "first_name", "given_name", "family_name", "custom_fields", "tags", "utm", "counter", "campaign_id", "list_id", "source", "ip", "referrer", "uid", "when"]);
        let expected = json!({"email": "me@example.com", "phone_number": "+15125550100", "first_name": null, "given_name": null, "family_name": null,
            "custom_fields": {"plan": "Pro", "favourite_colour": "red", "ref": "x"}, "tags": ["vip"], "utm": {"source": "g", "campaign": "spring"}, "counter": 1,
            "campaign_id": "C1", "list_id": "C1", "source": "modal.123", "ip": "127.0.0.1", "referrer": "https://r.example/", "uid": "u-7", "when": "2026-03-01T12:00:00Z"});
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&created.json[name], value, "{name} of {}", created.text);
        }
        let lead_id = created.str("id");
        let again = world.nobody.post(&path, &json!({"phone": "+15125550100", "first_name": "Ann", "last_name": "Poe", "__source": "other"})).await.expect(200);
        assert_eq!((again.str("id"), &again.json["counter"], &again.json["given_name"], &again.json["family_name"], &again.json["source"]), (lead_id.clone(), &json!(2), &json!("Ann"), &json!("Poe"), &json!("other")));
        assert_eq!(again.str("social_id"), created.str("social_id"));
        world.settle().await;
        let rows = submissions(&world, "C1").await;
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row["state"] == "delivered" && row["lead_id"] == lead_id.as_str()), "{rows:?}");
        let lead = world.admin.get(&format!("/v1/leads/{lead_id}")).await.expect(200).json;
        assert_eq!(lead["submission_count"], 2, "{lead}");
        world.stop().await;
    }
}

on_both! {
    /// I9, K2: without an address, or with one that is not valid, 422 with the field; nothing is kept as a submission, and the request is there to be looked at and posted again.
    async fn i9_k2_what_is_not_a_lead_is_rejected_with_its_field(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let (_, path) = inbound(&world, "C1", json!({})).await;
        let many: serde_json::Map<String, Value> = (0..210).map(|n| (format!("f{n}"), json!(1))).collect();
        let table = [
            (json!({"first_name": "Ann"}), "email_or_phone_required", "email"),
            (json!({"email": "nonsense"}), "email_invalid", "email"),
            (json!({"email": "a@x.example", "phone_number": "12"}), "phone_number_invalid", "phone_number"),
            (json!({"email": "a@x.example", "must_exist": true}), "no_match", ""),
            (json!({"email": "a@x.example", "redirect_url": "https://evil.example/"}), "redirect_not_allowed", "redirect_url"),
            (json!({"email": "a@x.example", "x".repeat(65): 1}), "field_name_too_long", ""),
            (Value::Object(many), "too_many_fields", ""),
        ];
        for (body, code, field) in &table {
            let rejected = world.nobody.post(&path, body).await.expect_error(422, code);
            if !field.is_empty() {
                assert_eq!(&rejected.json["error"]["details"][0]["path"], field, "{}", rejected.text);
            }
            assert!(rejected.json["error"]["rejected_request_id"].is_string(), "{}", rejected.text);
        }
        world.settle().await;
        assert!(submissions(&world, "C1").await.is_empty());
        assert!(world.admin.get("/v1/leads").await.expect(200).json["items"].as_array().unwrap().is_empty());
        let listed = world.admin.get("/v1/rejected-requests").await.expect(200).json;
        assert_eq!(listed["items"].as_array().unwrap().len(), table.len());
        let id = listed["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
        let fixed = json!({"body": "{\"email\":\"ann@x.example\"}"});
        world.admin.post(&format!("/v1/rejected-requests/{id}/repost"), &fixed).await.expect(202);
        world.settle().await;
        assert_eq!(submissions(&world, "C1").await[0]["state"], "delivered");
        world.stop().await;
    }
}

on_both! {
    /// I9: on a campaign that is not active the lead is mapped and its person known, and the submission is pending until it is; an archived one takes nothing.
    async fn i9_a_campaign_that_is_not_active_maps_all_the_same(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("C1", "").await;
        let (_, path) = inbound(&world, "C1", json!({"tag": "spring"})).await;
        let created = world.nobody.post(&path, &json!({"email": "ann@x.example"})).await.expect(201);
        assert_eq!(created.json["tags"], json!(["spring"]));
        world.settle().await;
        assert_eq!(submissions(&world, "C1").await[0]["state"], "pending");
        assert_eq!(world.nobody.post(&path, &json!({"email": "ann@x.example"})).await.expect(200).json["counter"], 2);
        world.activate("C1").await;
        world.settle().await;
        assert!(submissions(&world, "C1").await.iter().all(|row| row["state"] == "delivered"));
        let lead = world.admin.get(&format!("/v1/leads/{}", created.str("id"))).await.expect(200).json;
        assert_eq!((&lead["submission_count"], &lead["tags"]), (&json!(2), &json!(["spring"])), "{lead}");
        world.set_state("C1", "archived").await;
        world.nobody.post(&path, &json!({"email": "ann@x.example"})).await.expect_error(409, "campaign_archived");
        world.stop().await;
    }
}

on_both! {
    /// I9: the duplicate rule is checked afterwards and changes no response; `__skip_actions` stores the lead alone; `must_exist` updates who is known.
    async fn i9_k3_what_a_body_asks_for(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let rule = json!({"duplicates": {"fields": ["email"], "scope": "campaign", "window_days": 30, "action": "reject"}});
        let set = world.admin.put("/v1/campaigns/C1/lifecycle", &rule).await;
        assert!(set.status == 200, "{}", set.text);
        let (_, path) = inbound(&world, "C1", json!({"redirect_hosts": ["thanks.example"]})).await;
        for (counter, status) in [(1, 201), (2, 200)] {
            assert_eq!(world.nobody.post(&path, &json!({"email": "ann@x.example"})).await.expect(status).json["counter"], counter);
            world.settle().await;
        }
        let states: Vec<Value> = submissions(&world, "C1").await.iter().map(|row| row["state"].clone()).collect();
        assert_eq!(states, ["duplicate", "delivered"]);
        let alone = world.nobody.post(&path, &json!({"email": "bob@x.example", "__skip_actions": "1"})).await.expect(201);
        world.settle().await;
        let rows = submissions(&world, "C1").await;
        assert_eq!((&rows[0]["state"], rows[0]["lead_id"].as_str()), (&json!("canceled"), Some(alone.str("id").as_str())));
        let shown = world.submission(rows[0]["id"].as_str().unwrap()).await;
        assert_eq!(shown["timeline"].as_array().unwrap().last().unwrap()["cause"], "stored_alone");
        assert!(shown["why"].to_string().contains("stored"), "{}", shown["why"]);
        assert_eq!(world.nobody.post(&path, &json!({"email": "bob@x.example", "must_exist": true})).await.expect(200).json["counter"], 2);
        let form = post_form(&world, &path, "email=eve%40x.example&redirect_url=https%3A%2F%2Fthanks.example%2Fok%3Fa%3D1").await.expect(303);
        assert_eq!(form.headers["location"], "https://thanks.example/ok?a=1");
        world.settle().await;
        world.stop().await;
    }
}

on_both! {
    /// I10: JSON of any root, form, multipart form, XML, compressed and in other charsets; hostile shapes come to a defined end, and none to 5xx.
    async fn i10_every_kind_of_body(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let (_, path) = inbound(&world, "C1", json!({"allow_get": true})).await;
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nann@x.example\r\n--b--\r\n";
        let good: [(&str, &[u8]); 7] = [
            ("application/json", b"{\"email\":\"a1@x.example\"}"),
            (FORM, b"email=a2%40x.example&plan=a&plan=b"),
            ("multipart/form-data; boundary=b", multipart.as_bytes()),
            ("application/xml", b"<lead><email>a3@x.example</email></lead>"),
            ("", b"{\"email\":\"a4@x.example\"}"),
            ("application/json", b"\xef\xbb\xbf{\"email\":\"a5@x.example\",\"__proto__\":{\"x\":1},\"a.b\":1,\"c[d]\":2}"),
            ("application/json", b"{\"email\":\"old@x.example\",\"email\":\"a6@x.example\",\"note\":\"a\nb\"}"),
        ];
        for (content_type, body) in good {
            let made = world.nobody.post_bytes(&path, content_type, body.to_vec()).await;
            assert_eq!(made.status, 201, "{content_type}: {}", made.text);
        }
        let latin = world.nobody.post_bytes(&path, "application/json; charset=iso-8859-1", b"{\"email\":\"a7@x.example\",\"first_name\":\"Ren\xe9e\"}".to_vec()).await.expect(201);
        assert_eq!(latin.json["first_name"], "Renée");
        let got = world.nobody.get(&format!("{path}?email=a8%40x.example&first_name=Ann&plan=a&plan=b")).await.expect(201);
        assert_eq!((&got.json["first_name"], &got.json["custom_fields"]["plan"]), (&json!("Ann"), &json!(["a", "b"])));
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let bad: [(&str, &[u8]); 8] = [
            ("application/json", b"{\"email\":"),
            ("application/json", b"{\"email\":\"\xff\"}"),
            ("application/json", b""),
            ("application/json", b"[]"),
            ("application/json", b"7"),
            ("application/json", deep.as_bytes()),
            ("image/png", b"\x89PNG"),
            ("application/xml", b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
        ];
        for (content_type, body) in bad {
            let rejected = world.nobody.post_bytes(&path, content_type, body.to_vec()).await;
            assert!((400..500).contains(&rejected.status), "{content_type}: {} {}", rejected.status, rejected.text);
        }
        world.settle().await;
        // What its mapping failed on is kept, to be reprocessed; what could not be read is with the rejected requests.
        let rows = submissions(&world, "C1").await;
        let quarantined = rows.iter().filter(|row| row["state"] == "quarantined").count();
        assert_eq!((rows.len() - quarantined, quarantined), (9, 1), "{rows:?}");
        world.stop().await;
    }
}

on_both! {
    /// I9: with `Prefer: respond-async` the request is durable and is mapped later; a body of several leads has a list in its response.
    async fn i9_async_and_several(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let (_, path) = inbound(&world, "C1", json!({})).await;
        let accepted = post_with(&world, &path, &[("prefer", "respond-async, wait=5")], "{\"email\":\"a@x.example\"}").await.expect(202);
        assert!(accepted.json["accepted"][0]["submission_id"].is_string(), "{}", accepted.text);
        world.settle().await;
        assert_eq!(submissions(&world, "C1").await[0]["state"], "delivered");
        let document = "version: 1\nname: several\nmap:\n  items: people\n  fields:\n    email: {from: email, then: [email]}\n";
        world.admin.put("/v1/campaigns/C1/document", &json!({"document": document, "activate": true})).await.expect(201);
        let several = world.nobody.post(&path, &json!({"people": [{"email": "b@x.example"}, {"email": "a@x.example"}]})).await.expect(201);
        let emails: Vec<&Value> = several.json.as_array().unwrap().iter().map(|lead| &lead["email"]).collect();
        assert_eq!(emails, ["b@x.example", "a@x.example"]);
        let counters: Vec<&Value> = several.json.as_array().unwrap().iter().map(|lead| &lead["counter"]).collect();
        assert_eq!(counters, [1, 2]);
        let wrong = world.nobody.post(&path, &json!({"people": [{"email": "nonsense"}]})).await.expect_error(422, "lead_invalid");
        assert_eq!(wrong.json["error"]["details"][0]["path"], "email", "{}", wrong.text);
        world.settle().await;
        let states: Vec<String> = submissions(&world, "C1").await.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect();
        assert_eq!(states.iter().filter(|state| *state == "delivered").count(), 3, "{states:?}");
        assert_eq!(states.iter().filter(|state| *state == "quarantined").count(), 1, "{states:?}");
        world.stop().await;
    }
}

on_both! {
    /// I13, I9: a platform verifies the address; a signature or secret that is asked for must be right, and who has none leaves nothing behind; origins and revoked
    /// addresses are rejected.
    async fn i13_senders_show_who_they_are(kind: Kind) {
        use hookmill_domain::signature::SigningSecret;
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let body = "{\"email\":\"a@x.example\"}";
        let (id, path) = inbound(&world, "C1", json!({"verify_token": "agreed", "proof": {"kind": "hub_signature", "secret": "It's a Secret to Everybody"}})).await;
        let challenge = world.nobody.get(&format!("{path}?hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=1158201444")).await.expect(200);
        assert_eq!(challenge.text, "1158201444");
        world.nobody.get(&format!("{path}?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1")).await.expect_error(403, "verify_token_wrong");
        world.nobody.get(&path).await.expect_error(405, "method_not_allowed");
        for headers in [vec![], vec![("x-hub-signature-256", "sha256=00")]] {
            post_with(&world, &path, &headers, body).await.expect_error(401, "proof_missing");
        }
        // GitHub's example.
        let signed = [("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")];
        let response = post_with(&world, &path, &signed, "Hello, World!").await;
        assert_eq!(response.status, 400, "it is signed, and not JSON: {}", response.text);
        let shown = world.admin.get(&format!("/v1/inbound-webhooks/{id}")).await.expect(200);
        assert!(!shown.text.contains("Everybody") && !shown.text.contains("agreed"), "{}", shown.text);
        // Standard Webhooks, and a plain secret; `***` keeps what is not shown.
        let secret = SigningSecret::from_bytes(vec![7; 32]).unwrap().reveal();
        world.admin.put(&format!("/v1/inbound-webhooks/{id}"), &json!({"verify_token": "***", "proof": {"kind": "standard_webhooks", "secret": secret}})).await.expect(200);
        let signature = standardwebhooks::Webhook::new(&secret).unwrap().sign("m1", 1_772_366_400, body.as_bytes()).unwrap();
        post_with(&world, &path, &[("webhook-id", "m1"), ("webhook-timestamp", "1772366400"), ("webhook-signature", &signature)], body).await.expect(201);
        post_with(&world, &path, &[("webhook-id", "m2"), ("webhook-timestamp", "1772366400"), ("webhook-signature", &signature)], body).await.expect_error(401, "proof_missing");
        world.admin.put(&format!("/v1/inbound-webhooks/{id}"), &json!({"origins": ["https://landing.example"], "proof": {"kind": "shared_secret", "secret": "hush", "header": "x-key"}})).await.expect(200);
        let allowed = post_with(&world, &path, &[("x-key", "hush"), ("origin", "https://landing.example")], body).await.expect(200);
        assert_eq!(allowed.headers["access-control-allow-origin"], "https://landing.example");
        let error = post_with(&world, &path, &[("x-key", "hush"), ("origin", "https://landing.example")], "{}").await.expect_error(422, "email_or_phone_required");
        assert_eq!(error.headers["access-control-allow-origin"], "https://landing.example", "a page reads errors, too");
        let other = post_with(&world, &path, &[("x-key", "hush"), ("origin", "https://evil.example")], body).await.expect_error(403, "origin_not_allowed");
        assert!(!other.headers.contains_key("access-control-allow-origin"));
        let preflight = send(world.nobody.request("OPTIONS", &path).header("origin", "https://landing.example").header("access-control-request-method", "POST")).await;
        assert_eq!((preflight.status, preflight.headers["access-control-allow-methods"].to_str().unwrap()), (204, "POST, GET"));
        world.admin.delete(&format!("/v1/inbound-webhooks/{id}")).await.expect(204);
        post_with(&world, &path, &[("x-key", "hush")], body).await.expect_error(404, "inbound_webhook_unknown");
        world.nobody.post("/in/unknown", &json!({})).await.expect_error(404, "inbound_webhook_unknown");
        // Of those who could not show who they are nothing is left: what is kept was signed.
        let rejected = world.admin.get("/v1/rejected-requests").await.expect(200).json;
        let codes: Vec<&Value> = rejected["items"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
        assert_eq!(codes, ["email_or_phone_required", "invalid_json"]);
        world.stop().await;
    }
}

fn key_of(client: &Client) -> String {
    client.address_and_key().1
}

on_both! {
    /// I8, K1: created in its dialect, by the key wherever it stands, with every default; each key that may not has the one error.
    async fn i8_k1_inbound_webhooks_are_created_in_their_dialect(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let key = key_of(&world.admin);
        world.push_and_settle(json!([{"campaign_id": "C1", "email": "t@x.example", "tags": ["known"]}])).await;
        let path = "/v2/C1/inbound-webhook";
        let made = world.nobody.post(&format!("{path}?api_key={key}"), &json!({})).await.expect(200);
        assert_eq!(made.json["message"], "Inbound Webhook Created");
        let url = made.str("url");
        let post_to = url[url.find("/in/").unwrap()..].to_owned();
        assert!(post_to.len() > 40, "{url}");
        world.nobody.post(&post_to, &json!({"email": "a@x.example"})).await.expect(201);
        let request = |name: &'static str, value: String| world.nobody.request("POST", path).header(name, value);
        for (name, value) in [("authorization", format!("Bearer {key}")), ("authorization", format!("Token {key}")), ("authorization", key.clone()), ("authentication", format!("Token  {key} "))] {
            send(request(name, value)).await.expect(200);
        }
        world.nobody.post(path, &json!({"api_key": key, "name": "Landing", "tag_id": "known", "source": "page"})).await.expect(200);
        post_form(&world, path, &format!("api_key={key}&name=Form&tag_id=never-seen")).await.expect(200);
        let listed = world.admin.get("/v1/campaigns/C1/inbound-webhooks").await.expect(200).json;
        let rows = listed["items"].as_array().unwrap();
        assert_eq!((&rows[0]["name"], &rows[0]["tag"]), (&json!("Inbound via API"), &Value::Null));
        assert_eq!((&rows[5]["name"], &rows[5]["tag"], &rows[5]["source"]), (&json!("Landing"), &json!("known"), &json!("page")));
        assert_eq!((&rows[6]["name"], &rows[6]["tag"]), (&json!("Form"), &Value::Null), "an unknown tag is left out");
        let viewer = world.user("viewer").await;
        let second = world.second_organization().await;
        for key in [String::new(), "hmk_wrong".into(), key_of(&viewer), key_of(&second.admin), world.source_key.clone()] {
            world.nobody.post(&format!("{path}?api_key={key}"), &json!({})).await.expect_error(401, "invalid_api_access");
        }
        world.nobody.post(&format!("/v2/NONE/inbound-webhook?api_key={key}"), &json!({})).await.expect_error(401, "invalid_api_access");
        world.nobody.post_bytes(&format!("{path}?api_key={key}"), "application/json", b"{\"name\":".to_vec()).await.expect_error(400, "invalid_json");
        // Whoever may not set it is not shown the address.
        let shown = viewer.get("/v1/campaigns/C1/inbound-webhooks").await.expect(200);
        assert!(shown.json["items"][0]["url"].is_null() && !shown.text.contains(&post_to), "{}", shown.text);
        world.stop().await;
    }
}

/// I8 H3: the same at the command line, and a campaign that starts from a sender's ready document.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i8_inbound_webhooks_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    let admin = &world.admin;
    for id in ["TYPE", "OWN"] {
        admin.post("/v1/campaigns", &json!({"id": id, "name": id, "delivery": "store_only"})).await.expect(201);
    }
    let created = command_line::print(
        admin,
        &["inbound", "create", "TYPE", "--name", "Form", "--tag", "spring", "--from", "typeform"],
    )
    .await;
    let (id, url) = created.trim().split_once('\n').expect("an id and an address");
    let (id, path) = (id.strip_prefix("created ").unwrap(), &url[url.find("/in/").unwrap()..]);
    let input = std::fs::read(workspace().join("tests/cases/from-typeform/input.json")).unwrap();
    world.nobody.post_bytes(path, "application/json", input).await.expect(201);
    let listed = command_line::print(admin, &["inbound", "list", "TYPE"]).await;
    assert!(listed.contains(id) && listed.contains("Form") && listed.contains(url), "{listed}");
    assert!(command_line::print(admin, &["inbound", "show", id]).await.contains("\"tag\": \"spring\""));
    // A second one finds the document there; a document of its own is not replaced.
    command_line::print(admin, &["inbound", "create", "TYPE", "--from", "typeform"]).await;
    admin
        .put("/v1/campaigns/OWN/document", &json!({"document": "version: 1\nname: own\n", "activate": true}))
        .await
        .expect(201);
    assert!(
        command_line::fail(admin, &["inbound", "create", "OWN", "--from", "typeform"])
            .await
            .contains("document of its own")
    );
    assert!(command_line::fail(admin, &["inbound", "create", "OWN", "--from", "wufoo"]).await.contains("typeform"));
    let document = admin.get("/v1/sender-documents/typeform").await.expect(200).str("document");
    assert_eq!(admin.get("/v1/campaigns/TYPE/document").await.expect(200).str("document"), document);
    let senders = admin.get("/v1/sender-documents").await.expect(200).json;
    assert_eq!(senders["senders"].as_array().unwrap().len(), 10);
    assert_eq!(command_line::print(admin, &["inbound", "revoke", id]).await, format!("revoked {id}\n"));
    world.nobody.post(path, &json!({})).await.expect_error(404, "inbound_webhook_unknown");
    world.stop().await;
}

/// I11, H2: a host that dies while a sender waits loses nothing of what it had on disk: the submission is taken up when it was held too long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i11_h2_what_was_held_is_taken_up() {
    let mut world = World::new(Kind::Sqlite).await;
    storing_campaign(&world, "C1").await;
    let (_, path) = inbound(&world, "C1", json!({})).await;
    world.nobody.post(&path, &json!({"email": "a@x.example"})).await.expect(201);
    world.settle().await;
    // As if the host had died between the two commits.
    let held = "update submissions set state = 'received', revision = 0, lead_id = null, lead = null, run_at = received_at + 35000";
    assert_eq!(world.change_rows(held).await, 1);
    world.change_rows("delete from timeline").await;
    world.kill().await;
    world.settle().await;
    assert_eq!(submissions(&world, "C1").await[0]["state"], "received");
    world.advance(36_000).await;
    assert_eq!(submissions(&world, "C1").await[0]["state"], "delivered");
    // The row was changed behind the back of its counters.
    world.abandon();
}

//! Who is told of events, and how: settings and override, subscriptions with custom payloads, scoped webhooks, and the view of which fire.

use hookmill_domain::signature::{SignedHeaders, SigningSecret, TOLERANCE_S};
use hookmill_domain::webhook::settings::signing_secrets;
use hookmill_tests::{Behaviour, Client, Request, World, on_both};
use serde_json::{Value, json};

fn ann(campaign: &str) -> Value {
    json!([{"campaign_id": campaign, "first_name": "Ann", "last_name": "Poe", "email": "ann@x.example", "phone": "512-555-0100", "plan": "pro", "digits": 12345678901234567890_u64}])
}

async fn submit(world: &World, campaign: &str) -> String {
    world.push_and_settle(ann(campaign)).await.remove(0)
}

/// A campaign that stores its leads: they are delivered at once.
async fn storing_campaign(world: &World, id: &str) {
    world.draft(id, "").await;
    world.activate(id).await;
}

fn subscription(world: &World, path: &str, more: Value) -> Value {
    let mut draft = json!({"name": "CRM", "url": world.receiver.url(path), "events": ["lead.delivered"]});
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    draft
}

async fn subscribe(world: &World, whom: &str, path: &str, more: Value) -> Value {
    let draft = subscription(world, path, more);
    world.admin.post(&format!("/v1/subscriptions?{whom}"), &draft).await.expect(201).json
}

/// How many requests came to a path since this was asked last.
struct Counted {
    seen: usize,
    path: &'static str,
}

impl Counted {
    fn at(path: &'static str) -> Self {
        Self { seen: 0, path }
    }

    fn new_requests(&mut self, world: &World) -> Vec<Request> {
        let all = world.receiver.at(self.path);
        let new = all[self.seen..].to_vec();
        self.seen = all.len();
        new
    }
}

on_both! {
    /// W3, C1: the whole truth table of the organization's settings and the campaign's override, by the requests that come to each, with their headers.
    async fn w3_the_truth_table_of_settings_and_override(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        let settings = |path: &str, enabled: bool, selects: bool| {
            let event = if selects { "lead.delivered" } else { "lead.failed" };
            json!({"enabled": enabled, "url": world.receiver.url(path), "events": [event], "headers": {"x-from": path}})
        };
        let (mut to_organization, mut to_own) = (Counted::at("/organization"), Counted::at("/own"));
        // on, selected | override: enabled, selected | requests to the organization's, to the override's
        let table = [
            (true, true, None, (1, 0)), (true, false, None, (0, 0)), (false, true, None, (0, 0)), (false, false, None, (0, 0)),
            (true, true, Some((false, true)), (0, 0)), (true, true, Some((false, false)), (0, 0)), (true, false, Some((false, true)), (0, 0)), (false, true, Some((false, true)), (0, 0)),
            (true, true, Some((true, true)), (0, 1)), (true, true, Some((true, false)), (1, 0)), (true, false, Some((true, true)), (0, 1)), (true, false, Some((true, false)), (0, 0)),
            (false, true, Some((true, true)), (0, 1)), (false, true, Some((true, false)), (0, 0)), (false, false, Some((true, true)), (0, 1)), (false, false, Some((true, false)), (0, 0)),
        ];
        for (on, selected, own, expected) in table {
            world.admin.put("/v1/webhook-settings", &settings("/organization", on, selected)).await.expect(200);
            match own {
                Some((enabled, selects)) => drop(world.admin.put("/v1/campaigns/CC/webhook-settings", &settings("/own", enabled, selects)).await.expect(200)),
                None => drop(world.admin.delete("/v1/campaigns/CC/webhook-settings").await.expect(204)),
            }
            let shown = world.admin.get("/v1/campaigns/CC/webhook-settings").await.expect(200).json;
            assert_eq!((&shown["is_override"], shown["own"].is_null(), shown["organization"]["enabled"].as_bool()), (&json!(own.is_some()), own.is_none(), Some(on)));
            let effective = world.admin.get("/v1/campaigns/CC/webhooks/effective?event=lead.delivered").await.expect(200).json;
            let sending = effective["webhooks"].as_array().unwrap().iter().filter(|webhook| webhook["sends"] == true).count();
            submit(&world, "CC").await;
            let got = (to_organization.new_requests(&world), to_own.new_requests(&world));
            assert_eq!((got.0.len(), got.1.len()), expected, "organization {on} {selected}, override {own:?}");
            assert_eq!(sending, expected.0 + expected.1, "{effective}");
            for (requests, path) in [(got.0, "/organization"), (got.1, "/own")] {
                assert!(requests.iter().all(|request| request.header("x-from") == path && !request.header("webhook-signature").is_empty()));
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// W5, D2, D3: the body is made of the fields and nothing else, byte for byte; in the query of a GET, in a form, and of what can't be resolved as each field says.
    async fn w5_a_custom_payload_is_sent_as_it_is_written(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        let payload = r#"[{"name": "email", "from": "lead.email"}, {"name": "campaign_name", "from": "campaign.name"}, {"name": "source", "value": "webhook"},
            {"name": "from", "from": "lead.custom.digits"}, {"name": "gone", "from": "lead.city"}, {"name": "null", "from": "lead.city", "on_missing": "null"},
            {"name": "empty", "from": "lead.city", "on_missing": "empty"}, {"name": "tags", "value": ["a b", "c"]}, {"name": "object", "value": {"n": 1.10}}]"#;
        for (path, more) in [("/json", json!({})), ("/form", json!({"content_type": "application/x-www-form-urlencoded"})), ("/get", json!({"method": "GET"}))] {
            // As text: a number keeps its digits.
            let body = subscription(&world, path, more).to_string().replacen('{', &format!("{{\"payload\":{payload},"), 1);
            let made = world.admin.post_bytes("/v1/subscriptions?campaign=CC", "application/json", body.into_bytes()).await.expect(201);
            assert!(made.text.contains(r#"{"n": 1.10}"#), "{}", made.text);
        }
        submit(&world, "CC").await;
        let form = "email=ann%40x.example&campaign_name=CC&source=webhook&from=12345678901234567890&null=&empty=&tags=a+b&tags=c&object=%7B%22n%22%3A1.10%7D";
        let [json, sent_form, get] = ["/json", "/form", "/get"].map(|path| world.receiver.at(path).remove(0));
        let text = String::from_utf8(json.body.to_vec()).unwrap();
        assert_eq!(text, r#"{"email":"ann@x.example","campaign_name":"CC","source":"webhook","from":12345678901234567890,"null":null,"empty":"","tags":["a b","c"],"object":{"n":1.10}}"#);
        assert_eq!(json.header("content-type"), "application/json");
        assert_eq!((sent_form.header("content-type"), String::from_utf8(sent_form.body.to_vec()).unwrap().as_str()), ("application/x-www-form-urlencoded", form));
        assert_eq!((get.method.as_str(), get.body.len(), get.path.split_once('?').unwrap().1), ("GET", 0, form));
        world.stop().await;
    }
}

on_both! {
    /// W4, W10, W11: authentication, headers, signature with two secrets during a rotation, response bodies in the log only where they are switched on, and a blank secret that keeps the
    /// stored one.
    async fn w4_every_setting_of_a_subscription_counts(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        let [old, new] = [7, 8].map(|byte| SigningSecret::from_bytes(vec![byte; 32]).unwrap().reveal());
        let settings = json!({"auth": {"kind": "basic", "username": "Aladdin", "password": "open sesame"}, "headers": {"x-tenant": "t1"}, "secrets": [new, old], "log_response_body": true});
        let made = subscribe(&world, "campaign=CC", "/hook", settings).await;
        let id = made["id"].as_str().unwrap();
        assert_eq!((&made["secrets"], &made["auth"]["password"], &made["headers"]["x-tenant"]), (&json!(2), &json!("***"), &json!("***")));
        assert!(!made.to_string().contains("open sesame") && !made.to_string().contains("whsec_"));
        world.receiver.always("/hook", Behaviour::json(200, &json!({"said": "thanks"})));
        submit(&world, "CC").await;
        let request = world.receiver.at("/hook").remove(0);
        assert_eq!((request.header("authorization"), request.header("x-tenant")), ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "t1"));
        for secret in [&new, &old] {
            let headers = SignedHeaders { id: request.header("webhook-id"), timestamp: request.header("webhook-timestamp"), signature: request.header("webhook-signature") };
            signing_secrets(std::slice::from_ref(secret)).unwrap().verify(headers, &request.body, 1_772_366_400, TOLERANCE_S).unwrap();
        }
        assert_eq!(request.json()["data"]["email"], "ann@x.example", "without fields the standard payload is sent");
        let log = |world: &World, id: &str| {
            let (admin, path) = (world.admin.clone(), format!("/v1/deliveries?destination={id}"));
            async move {
                let row = admin.get(&path).await.expect(200).json["items"][0].clone();
                let page = admin.get(&format!("/v1/deliveries/{}", row["id"].as_str().unwrap())).await.expect(200).json;
                (row, page["log"][0]["detail"].clone())
            }
        };
        let (row, detail) = log(&world, id).await;
        assert_eq!((&row["destination_kind"], &row["state"], &row["event"]), (&json!("subscription"), &json!("delivered"), &json!("lead.delivered")));
        assert_eq!(detail["body"], r#"{"said":"thanks"}"#);
        // Masks and blanks keep what is stored; the log is off.
        let kept = json!({"auth": {"kind": "basic", "username": "Aladdin", "password": "***"}, "headers": {"x-tenant": "***"}, "secrets": [""]});
        world.admin.put(&format!("/v1/subscriptions/{id}"), &subscription(&world, "/hook", kept)).await.expect(200);
        submit(&world, "CC").await;
        let again = world.receiver.at("/hook").remove(1);
        assert_eq!((again.header("authorization"), again.header("x-tenant"), again.header("webhook-signature").split(' ').count()), (request.header("authorization"), "t1", 2));
        let (_, detail) = log(&world, id).await;
        assert_eq!((&detail["status"], &detail["body"], &detail["body_base64"]), (&json!(200), &Value::Null, &Value::Null));
        // Without secrets nothing is signed.
        world.admin.put(&format!("/v1/subscriptions/{id}"), &subscription(&world, "/hook", json!({"secrets": []}))).await.expect(200);
        submit(&world, "CC").await;
        let unsigned = world.receiver.at("/hook").remove(2);
        assert_eq!((unsigned.header("webhook-signature"), unsigned.header("webhook-id").is_empty(), unsigned.header("authorization")), ("", false, ""));
        world.stop().await;
    }
}

on_both! {
    /// W4, O1: subscriptions of every scope fire beside each other; one that is inactive is recorded as suppressed, and can be resent once it is active; nothing crosses
    /// organizations or campaigns.
    async fn w4_subscriptions_of_every_scope_fire(kind: Kind) {
        let world = World::new(kind).await;
        let client = world.admin.post("/v1/clients", &json!({"name": "Roofs"})).await.expect(201).str("id");
        let me = world.admin.get("/v1/me").await.expect(200).json;
        let user = me["id"].as_str().unwrap_or_else(|| panic!("{me}")).to_owned();
        storing_campaign(&world, "CC").await;
        storing_campaign(&world, "OTHER").await;
        world.admin.patch("/v1/campaigns/CC", &json!({"client_id": client})).await.expect(200);
        for (whom, path) in [("campaign=CC".to_owned(), "/campaign"), (format!("client={client}"), "/client"), (format!("user={user}"), "/user"), ("campaign=OTHER".to_owned(), "/other")] {
            subscribe(&world, &whom, path, json!({})).await;
        }
        let silent = subscribe(&world, "campaign=CC", "/silent", json!({"active": false})).await["id"].as_str().unwrap().to_owned();
        let second = world.second_organization().await;
        second.admin.post("/v1/campaigns", &json!({"id": "CC", "name": "CC", "delivery": "store_only"})).await.expect(201);
        let foreign = subscription(&world, "/foreign", json!({}));
        second.admin.post("/v1/subscriptions?campaign=CC", &foreign).await.expect(201);
        second.admin.post(&format!("/v1/subscriptions?client={client}"), &foreign).await.expect_error(404, "not_found");
        second.admin.post(&format!("/v1/subscriptions?user={user}"), &foreign).await.expect_error(404, "not_found");
        second.admin.get(&format!("/v1/subscriptions/{silent}")).await.expect_error(404, "not_found");
        submit(&world, "CC").await;
        let counts = ["/campaign", "/client", "/user", "/other", "/silent", "/foreign"].map(|path| world.receiver.at(path).len());
        assert_eq!(counts, [1, 1, 1, 0, 0, 0]);
        submit(&world, "OTHER").await;
        let counts = ["/campaign", "/client", "/user", "/other", "/silent"].map(|path| world.receiver.at(path).len());
        assert_eq!(counts, [1, 1, 2, 1, 0]);
        let page = world.admin.get(&format!("/v1/deliveries?destination={silent}")).await.expect(200).json;
        assert_eq!((page["items"].as_array().unwrap().len(), &page["items"][0]["state"], &page["items"][0]["attempts"]), (1, &json!("suppressed"), &json!(0)));
        let delivery = page["items"][0]["id"].as_str().unwrap();
        world.admin.put(&format!("/v1/subscriptions/{silent}"), &subscription(&world, "/silent", json!({}))).await.expect(200);
        world.admin.post(&format!("/v1/deliveries/{delivery}/resend"), &json!({})).await.expect(202);
        world.settle().await;
        let sent = world.receiver.at("/silent");
        assert_eq!((sent.len(), &sent[0].json()["event"]), (1, &json!("lead.delivered")));
        let listed = world.admin.get(&format!("/v1/subscriptions?client={client}")).await.expect(200).json;
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["scope_id"]), (1, &json!(client)));
        assert_eq!(world.admin.get("/v1/subscriptions").await.expect(200).json["items"].as_array().unwrap().len(), 5);
        world.admin.delete(&format!("/v1/subscriptions/{silent}")).await.expect(204);
        world.admin.get(&format!("/v1/subscriptions/{silent}")).await.expect_error(404, "not_found");
        submit(&world, "CC").await;
        assert_eq!(world.receiver.at("/silent").len(), 1);
        world.stop().await;
    }
}

on_both! {
    /// W4: what happened while somebody had the campaign is told to them, though it is another's by the time that it is sent again; what happens from then on is not.
    async fn w4_what_waits_is_told_though_the_campaign_has_another_client(kind: Kind) {
        let world = World::new(kind).await;
        let client = world.admin.post("/v1/clients", &json!({"name": "Roofs"})).await.expect(201).str("id");
        let next = world.admin.post("/v1/clients", &json!({"name": "Suns"})).await.expect(201).str("id");
        storing_campaign(&world, "CC").await;
        world.admin.patch("/v1/campaigns/CC", &json!({"client_id": client})).await.expect(200);
        let payload = json!([{"name": "who", "from": "lead.email"}]);
        for (path, more) in [("/standard", json!({})), ("/own", json!({"payload": payload}))] {
            subscribe(&world, &format!("client={client}"), path, more).await;
            world.receiver.plan(path, [Behaviour::status(503)]);
        }
        submit(&world, "CC").await;
        let counts = || ["/standard", "/own"].map(|path| world.receiver.at(path).len());
        assert_eq!(counts(), [1, 1]);
        world.admin.patch("/v1/campaigns/CC", &json!({"client_id": next})).await.expect(200);
        world.advance(3_600_000).await;
        assert_eq!(counts(), [2, 2]);
        let [first, again] = [0, 1].map(|at| world.receiver.at("/own").remove(at));
        assert_eq!((&first.body, first.header("webhook-id")), (&again.body, again.header("webhook-id")));
        submit(&world, "CC").await;
        assert_eq!(counts(), [2, 2]);
        world.stop().await;
    }
}

on_both! {
    /// W4, W5: what is wrong is named with its place, and nothing is stored.
    async fn w4_w5_wrong_subscriptions_are_rejected(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        let field = |name: &str, from: &str| json!({"payload": [{"name": name, "from": from}]});
        let table = [
            (json!({"events": ["lead.lost"]}), "events"), (json!({"retries": 0}), "retries"), (json!({"retries": 11}), "retries"), (json!({"timeout_s": 121}), "timeout_s"),
            (json!({"method": "GET", "auth": {"kind": "basic", "username": "u", "password": "p"}}), "auth.kind"), (json!({"headers": {"Host": "x"}}), "headers"),
            (json!({"headers": {"x": "a\r\nb: c"}}), "headers"), (json!({"payload": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]}), "payload[1].name"),
            (field("", "lead.email"), "payload[0].name"), (field("mail", "led.email"), "payload[0].from"), (field("mail", "lead."), "payload[0].from"), (json!({"url": "https://10.0.0.1/"}), "url"),
            (json!({"url": "https://x.example/", "ca_certificates": "x"}), "ca_certificates"),
        ];
        for (more, path) in table {
            let rejected = world.admin.post("/v1/subscriptions?campaign=CC", &subscription(&world, "/x", more.clone())).await.expect_error(422, "invalid");
            let paths: Vec<&str> = rejected.json["error"]["details"].as_array().unwrap().iter().filter_map(|detail| detail["path"].as_str()).collect();
            assert!(paths.contains(&path), "{more}: {}", rejected.json);
        }
        for whom in ["", "?campaign=CC&user=usr_1"] {
            world.admin.post(&format!("/v1/subscriptions{whom}"), &subscription(&world, "/x", json!({}))).await.expect_error(422, "invalid");
        }
        world.admin.post("/v1/subscriptions?campaign=NONE", &subscription(&world, "/x", json!({}))).await.expect_error(404, "not_found");
        world.user("viewer").await.post("/v1/subscriptions?campaign=CC", &subscription(&world, "/x", json!({}))).await.expect_error(403, "role_not_allowed");
        assert_eq!(world.admin.get("/v1/subscriptions").await.expect(200).json["items"], json!([]));
        world.admin.get("/v1/campaigns/CC/webhooks/effective?event=lead.lost").await.expect_error(422, "invalid");
        world.stop().await;
    }
}

/// Creates a scoped webhook in its dialect.
async fn create_scoped(world: &World, key: &str, body: &Value) -> (u16, Value) {
    let response = world.nobody.post(&format!("/api/v1/webhook/create?api_key={key}"), body).await;
    (response.status, response.json)
}

fn key_of(client: &Client) -> String {
    client.address_and_key().1
}

on_both! {
    /// W6, S1: created with the key in the query, numbers as ids, and every rejection in the dialect's form.
    async fn w6_s1_scoped_webhooks_are_created_in_their_dialect(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        let key = key_of(&world.admin);
        let hook = |more: Value| {
            let mut body = json!({"webhook_url": world.receiver.url("/hook"), "association_type": "campaign", "email_campaign_id": "CC", "event_type_map": {"EMAIL_REPLY": true}});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let (status, made) = create_scoped(&world, &key, &hook(json!({"name": "Test", "webhook_type": 7}))).await;
        assert_eq!((status, &made["ok"], &made["id"], made["webhook_url"].as_str()), (200, &json!(true), &json!(1), Some(world.receiver.url("/hook").as_str())));
        // The same place in another spelling, and one of the same events.
        let similar = hook(json!({"webhook_url": world.receiver.url("/hook").replace("http://", "HTTP://"), "event_type_map": {"EMAIL_OPEN": true}, "event_type": "EMAIL_REPLY"}));
        let (status, rejected) = create_scoped(&world, &key, &similar).await;
        assert_eq!((status, &rejected["ok"], &rejected["existing_id"]), (409, &json!(false), &json!(1)), "{rejected}");
        let mut forced = similar.clone();
        forced["force_create"] = json!(true);
        assert_eq!(create_scoped(&world, &key, &forced).await.1["id"], 2);
        // Another event, or another scope, is not similar.
        assert_eq!(create_scoped(&world, &key, &hook(json!({"event_type_map": {"EMAIL_BOUNCE": true}}))).await.1["id"], 3);
        let (_, wide) = create_scoped(&world, &key, &hook(json!({"association_type": 1}))).await;
        assert_eq!((&wide["id"], wide["warnings"].as_array().map(Vec::len)), (&json!(4), Some(2)), "{wide}");
        let (_, narrow) = create_scoped(&world, &key, &hook(json!({"webhook_url": world.receiver.url("/other")}))).await;
        assert!(narrow["warnings"][0].as_str().unwrap().contains("webhook 4"), "{narrow}");

        let (status, rejected) = create_scoped(&world, &key, &json!({})).await;
        let fields: Vec<&str> = rejected["errors"].as_array().unwrap().iter().filter_map(|error| error["field"].as_str()).collect();
        assert_eq!((status, fields), (400, vec!["webhook_url", "association_type", "event_type_map"]));
        for (more, field) in [
            (json!({"association_type": "team"}), "association_type"), (json!({"association_type": 2}), "client_id"), (json!({"association_type": 2, "client_id": "cli_none"}), "client_id"),
            (json!({"email_campaign_id": "NONE"}), "email_campaign_id"), (json!({"webhook_url": "https://10.0.0.1/"}), "webhook_url"), (json!({"webhook_url": "ftp://x.example/"}), "webhook_url"),
            (json!({"event_type_map": {"EMAIL_LOST": true}}), "event_type_map"), (json!({"category_id": "x"}), "category_id"),
        ] {
            let (status, rejected) = create_scoped(&world, &key, &hook(more.clone())).await;
            assert_eq!((status, &rejected["ok"], &rejected["errors"][0]["field"]), (400, &json!(false), &json!(field)), "{more}: {rejected}");
        }
        for key in ["", "hmk_wrong", "x y"] {
            let (status, rejected) = create_scoped(&world, key, &hook(json!({}))).await;
            assert_eq!((status, &rejected["ok"], rejected["message"].is_string()), (401, &json!(false), true), "{rejected}");
        }
        let (status, rejected) = create_scoped(&world, &key_of(&world.user("viewer").await), &hook(json!({}))).await;
        assert_eq!((status, &rejected["ok"]), (403, &json!(false)), "{rejected}");
        let (status, _) = create_scoped(&world, &world.source_key, &hook(json!({}))).await;
        assert_eq!(status, 403);
        let broken = world.nobody.post_bytes(&format!("/api/v1/webhook/create?api_key={key}"), "application/json", b"{\"webhook_url\":".to_vec()).await;
        assert_eq!((broken.status, &broken.json["ok"]), (400, &json!(false)), "{}", broken.json);

        let listed = world.admin.get("/v1/scoped-webhooks?campaign=CC").await.expect(200).json;
        let numbers: Vec<i64> = listed["items"].as_array().unwrap().iter().filter_map(|row| row["number"].as_i64()).collect();
        assert_eq!(numbers, [1, 2, 3, 5]);
        assert_eq!((&listed["items"][0]["webhook_type"], &listed["items"][0]["name"]), (&json!(7), &json!("Test")));
        let id = listed["items"][0]["id"].as_str().unwrap();
        world.admin.get(&format!("/v1/scoped-webhooks/{id}")).await.expect(200);
        world.admin.delete(&format!("/v1/scoped-webhooks/{id}")).await.expect(204);
        // A number is never given twice.
        assert_eq!(create_scoped(&world, &key, &hook(json!({"webhook_url": world.receiver.url("/third"), "force_create": true}))).await.1["id"], 6);
        world.stop().await;
    }
}

on_both! {
    /// W6, W7, S2, S3: for one event the broadest scope alone fires, the view says so with reasons, and the body is the dialect's.
    async fn w6_w7_the_broadest_scope_alone_fires(kind: Kind) {
        let world = World::new(kind).await;
        let client = world.admin.post("/v1/clients", &json!({"name": "Roofs"})).await.expect(201).str("id");
        storing_campaign(&world, "CC").await;
        world.admin.patch("/v1/campaigns/CC", &json!({"client_id": client, "name": "Summer"})).await.expect(200);
        let key = key_of(&world.admin);
        let scopes = [("campaign", json!({"email_campaign_id": "CC"})), ("client", json!({"client_id": client})), ("user", json!({}))];
        let mut counted = ["/campaign", "/client", "/user"].map(Counted::at);
        // From the narrowest to the broadest: each takes over from the one before.
        for (place, (scope, more)) in scopes.iter().enumerate() {
            let mut body = json!({"webhook_url": world.receiver.url(&format!("/{scope}")), "association_type": scope, "event_type": "lead.delivered", "name": format!("To {scope}")});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let (status, made) = create_scoped(&world, &key, &body).await;
            assert_eq!((status, made["warnings"].as_array().map_or(0, Vec::len)), (200, place), "{made}");
            submit(&world, "CC").await;
            let got: Vec<usize> = counted.iter_mut().map(|counted| counted.new_requests(&world).len()).collect();
            let expected: Vec<usize> = (0..3).map(|at| usize::from(at == place)).collect();
            assert_eq!(got, expected, "{scope}");
            let effective = world.admin.get("/v1/campaigns/CC/webhooks/effective?event=lead.delivered").await.expect(200).json;
            let shown: Vec<(&Value, &Value)> = effective["webhooks"].as_array().unwrap().iter().map(|webhook| (&webhook["scope"], &webhook["reason"])).collect();
            let (shadowed, none) = (json!("shadowed"), Value::Null);
            let names: Vec<Value> = scopes.iter().map(|(scope, _)| json!(scope)).collect();
            let expected: Vec<(&Value, &Value)> = (0..=place).map(|at| (&names[at], if at == place { &none } else { &shadowed })).collect();
            assert_eq!(shown, expected);
            if 0 < place {
                let winner = &effective["webhooks"][place]["id"];
                assert_eq!(&effective["webhooks"][0]["in_favor_of"], &json!([winner]));
            }
        }
        let body = world.receiver.at("/user")[0].json();
        for (name, expected) in [
            ("event_type", json!("lead.delivered")), ("event_timestamp", json!("2026-03-01T12:00:00Z")), ("campaign_id", json!("CC")), ("campaign_name", json!("Summer")), ("webhook_id", json!(3)),
            ("webhook_name", json!("To user")), ("sl_lead_email", json!("ann@x.example")), ("to_email", json!("ann@x.example")), ("to_name", json!("Ann Poe")),
        ] {
            assert_eq!(body[name], expected, "{name} of {body}");
        }
        assert_eq!((&body["lead_data"]["first_name"], &body["custom_fields"]["plan"]), (&json!("Ann"), &json!("pro")), "{body}");
        let other = world.admin.get("/v1/campaigns/CC/webhooks/effective?event=lead.failed").await.expect(200).json;
        assert!(other["webhooks"].as_array().unwrap().iter().all(|webhook| webhook["reason"] == "event_not_selected"));
        world.stop().await;
    }
}

on_both! {
    /// W11: everything for one webhook that failed or was suppressed is resent, with the same ids and bytes, of one event if it is named; what was taken is not.
    async fn w11_what_a_webhook_was_not_told_is_resent(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "CC").await;
        let more = json!({"retries": 1, "events": ["lead.delivered", "lead.processed"]});
        let id = subscribe(&world, "campaign=CC", "/hook", more.clone()).await["id"].as_str().unwrap().to_owned();
        submit(&world, "CC").await;
        assert_eq!(world.receiver.at("/hook").len(), 2);
        world.receiver.always("/hook", Behaviour::status(500));
        for _ in 0..3 {
            submit(&world, "CC").await;
        }
        world.advance(7_000).await;
        let page = world.admin.get(&format!("/v1/deliveries?destination={id}&state=failed")).await.expect(200).json;
        assert_eq!(page["items"].as_array().unwrap().len(), 6);
        let mut inactive = subscription(&world, "/hook", more.clone());
        inactive["active"] = json!(false);
        world.admin.put(&format!("/v1/subscriptions/{id}"), &inactive).await.expect(200);
        submit(&world, "CC").await;
        world.admin.put(&format!("/v1/subscriptions/{id}"), &subscription(&world, "/hook", more)).await.expect(200);
        world.receiver.always("/hook", Behaviour::status(200));
        let before = world.receiver.at("/hook").len();
        let resend = json!({"destination": id, "event": "lead.delivered"});
        assert_eq!(world.admin.post("/v1/deliveries/resend", &resend).await.expect(200).json["resent"], 4);
        world.settle().await;
        let sent = world.receiver.at("/hook")[before..].to_vec();
        assert!(sent.len() == 4 && sent.iter().all(|request| request.json()["event"] == "lead.delivered"));
        let earlier = world.receiver.at("/hook")[..before].to_vec();
        for request in &sent {
            let same: Vec<&Request> = earlier.iter().filter(|one| one.header("webhook-id") == request.header("webhook-id")).collect();
            assert!(same.iter().all(|one| one.body == request.body));
        }
        let none = json!({"destination": id, "until": "2026-03-01T00:00:00Z"});
        assert_eq!(world.admin.post("/v1/deliveries/resend", &none).await.expect(200).json["resent"], 0);
        assert_eq!(world.admin.post("/v1/deliveries/resend", &json!({"destination": id})).await.expect(200).json["resent"], 4);
        world.settle().await;
        assert_eq!(world.receiver.at("/hook").len(), before + 8);
        assert_eq!(world.admin.post("/v1/deliveries/resend", &json!({"destination": id})).await.expect(200).json["resent"], 0);
        world.admin.post("/v1/deliveries/resend", &json!({"destination": "sub_none"})).await.expect_error(404, "not_found");
        world.admin.post("/v1/deliveries/resend", &json!({"destination": id, "event": "x"})).await.expect_error(422, "invalid");
        let second = world.second_organization().await;
        second.admin.post("/v1/deliveries/resend", &json!({"destination": id})).await.expect_error(404, "not_found");
        world.stop().await;
    }
}

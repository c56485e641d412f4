//! K: inbound webhooks.

use super::{fixture, key_of, names, storing_campaign, with};
use hookmill_tests::client::send;
use hookmill_tests::{Response, World, on_both};
use serde_json::{Map, Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const CREATE: &str = "/v2/C1/inbound-webhook";

/// Makes an inbound webhook of `C1`; returns its path.
async fn inbound(world: &World, draft: Value) -> String {
    let made = world.admin.post("/v1/campaigns/C1/inbound-webhooks", &draft).await.expect(201);
    path_of(&made.str("url"))
}

fn path_of(url: &str) -> String {
    url[url.find("/in/").unwrap_or_else(|| panic!("not an inbound address: {url}"))..].to_owned()
}

/// Posts JSON; the lead of the response, which has this status.
async fn post(world: &World, path: &str, body: &Value, status: u16) -> Value {
    world.nobody.post(path, body).await.expect(status).json
}

async fn post_bytes(world: &World, path: &str, content_type: &str, body: &str) -> Response {
    world.nobody.post_bytes(path, content_type, body.as_bytes().to_vec()).await
}

/// A JSON object.
fn as_json(pairs: &[(&str, &str)]) -> String {
    let members: Map<String, Value> = pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    Value::Object(members).to_string()
}

/// A form, or a query.
fn encode(pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://x/").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// A multipart form with the boundary `b`.
fn multipart(pairs: &[(&str, &str)]) -> String {
    let parts = pairs
        .iter()
        .map(|(name, value)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    format!("{}--b--\r\n", parts.collect::<String>())
}

async fn submissions(world: &World) -> Vec<Value> {
    world.settle().await;
    let page = world.admin.get("/v1/campaigns/C1/submissions").await.expect(200).json;
    page["items"].as_array().unwrap().clone()
}

on_both! {
    /// K1: the key as a parameter of the query, a form or JSON, or as the last word of either header in each of its spellings, with the parameters in each of the three; the response
    /// word by word.
    async fn k1_every_way_to_create_one(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        world.push_and_settle(json!([{"campaign_id": "C1", "email": "t@x.example", "tags": ["known"]}])).await;
        let key = key_of(&world.admin);
        let mut headers = vec![None];
        for name in ["authorization", "authentication"] {
            headers.extend([format!("Bearer {key}"), format!("Token {key}"), key.clone()].map(|value| Some((name, value))));
        }
        let mut number = 0;
        for header in &headers {
            for style in ["json", "form", "query"] {
                number += 1;
                let name = format!("Number {number}");
                let mut pairs = vec![("name", name.as_str()), ("tag_id", "known"), ("source", "page")];
                if header.is_none() {
                    pairs.push(("api_key", &key));
                }
                let query = if style == "query" { format!("?{}", encode(&pairs)) } else { String::new() };
                let mut request = world.nobody.request("POST", &format!("{CREATE}{query}"));
                if let Some((header, value)) = header {
                    request = request.header(*header, value);
                }
                let request = match style {
                    "json" => request.header("content-type", "application/json").body(as_json(&pairs)),
                    "form" => request.header("content-type", FORM).body(encode(&pairs)),
                    _ => request,
                };
                let made = send(request).await.expect(200);
                let url = made.str("url");
                assert_eq!(made.text, format!(r#"{{"message":"Inbound Webhook Created","url":"{url}"}}"#));
                assert!(url.starts_with(&format!("http://{}/in/", world.address())), "{url}");
                let rows = world.admin.get("/v1/campaigns/C1/inbound-webhooks").await.expect(200).json;
                let row = rows["items"].as_array().unwrap().last().unwrap().clone();
                assert_eq!((&row["name"], &row["tag"], &row["source"], &row["url"]), (&json!(name), &json!("known"), &json!("page"), &json!(url)), "{header:?} {style}");
            }
        }
        // What is left out has its default, and an unknown tag is left out.
        let plain = world.nobody.post(&format!("{CREATE}?api_key={key}&tag_id=never-seen"), &json!({})).await.expect(200).str("url");
        let rows = world.admin.get("/v1/campaigns/C1/inbound-webhooks").await.expect(200).json;
        let row = rows["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&row["name"], &row["tag"], &row["source"], &row["url"]), (&json!("Inbound via API"), &Value::Null, &Value::Null, &json!(plain)));
        world.stop().await;
    }
}

on_both! {
    /// K1: a key that may not is 401 wherever it stands, also one for other campaigns alone; what is not JSON is 400 and says so; repeated parameters do no harm.
    async fn k1_who_may_not_and_what_is_not_json(kind: Kind) {
        let world = World::new(kind).await;
        for id in ["C1", "C2"] {
            storing_campaign(&world, id).await;
        }
        let user = world.admin.get("/v1/me").await.expect(200).str("id");
        let within = world.operator.in_organization(&world.organization);
        let for_campaign = async |campaign: &str| {
            let new = json!({"user_id": user, "name": "one", "campaigns": [campaign]});
            within.post("/v1/api-keys", &new).await.expect(201).str("key")
        };
        let (here, elsewhere) = (for_campaign("C1").await, for_campaign("C2").await);
        let bad = [elsewhere, String::new(), "hmk_wrong".into(), world.source_key.clone(), key_of(&world.user("integrator").await), "\u{e9}".into()];
        for key in &bad {
            world.nobody.post(CREATE, &json!({"api_key": key})).await.expect_error(401, "invalid_api_access");
            post_bytes(&world, CREATE, FORM, &encode(&[("api_key", key)])).await.expect_error(401, "invalid_api_access");
            world.nobody.post(&format!("{CREATE}?{}", encode(&[("api_key", key)])), &json!({})).await.expect_error(401, "invalid_api_access");
            if key.is_ascii() && !key.is_empty() {
                for header in ["authorization", "authentication"] {
                    send(world.nobody.request("POST", CREATE).header(header, format!("Bearer {key}"))).await.expect_error(401, "invalid_api_access");
                }
            }
        }
        for (header, value) in [("authorization", "Bearer"), ("authentication", " ")] {
            send(world.nobody.request("POST", CREATE).header(header, value)).await.expect_error(401, "invalid_api_access");
        }
        for body in ["{", "{\"api_key\": hmk}", "{'api_key': 'x'}", "nul"] {
            let rejected = post_bytes(&world, &format!("{CREATE}?api_key={here}"), "application/json", body).await.expect_error(400, "invalid_json");
            assert!(rejected.json["error"]["message"].as_str().unwrap().contains("JSON"), "{}", rejected.text);
        }
        let repeated = format!("{CREATE}?api_key={here}&name=One&name=Two&source=a&source=b");
        world.nobody.post(&repeated, &json!({})).await.expect(200);
        world.stop().await;
    }
}

/// What every body of the example says, in the pairs of a form.
const EXAMPLE: [(&str, &str); 7] = [
    ("email", "me@example.com"),
    ("phone_number", "+15125550100"),
    ("plan", "Pro"),
    ("tags", "vip"),
    ("utm_source", "g"),
    ("utm_campaign", "spring"),
    ("ip", "203.0.113.9"),
];

on_both! {
    /// K2: the same lead as JSON, a form, a multipart form and XML, and the response of the example word by word: 201 for a new person, 200 and a higher counter for a known one.
    async fn k2_every_body_has_the_response_of_the_example(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let path = inbound(&world, json!({"source": "modal.123", "trusted_senders": ["127.0.0.1"]})).await;
        let as_xml: String = EXAMPLE.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        let bodies = [
            ("application/json", as_json(&EXAMPLE)), (FORM, encode(&EXAMPLE)), ("multipart/form-data; boundary=b", multipart(&EXAMPLE)),
            ("application/xml", format!("<?xml version=\"1.0\"?><lead>{as_xml}</lead>")),
        ];
        for (place, (content_type, body)) in bodies.iter().enumerate() {
            let response = post_bytes(&world, &path, content_type, body).await.expect(if place == 0 { 201 } else { 200 });
            let (id, social_id) = (response.str("id"), response.str("social_id"));
            assert!(id.starts_with("lead_") && !social_id.is_empty() && social_id.len() < id.len(), "{}", response.text);
            let expected = format!(
                r#"{{"id":"{id}","social_id":"{social_id}","email":"me@example.com","phone_number":"+15125550100","first_name":null,"given_name":null,"family_name":null,"custom_fields":{{"plan":"Pro"}},"tags":["vip"],"utm":{{"source":"g","campaign":"spring"}},"counter":{},"campaign_id":"C1","list_id":"C1","source":"modal.123","ip":"203.0.113.9","referrer":null,"uid":null,"when":"2026-03-01T12:00:00Z"}}"#,
                place + 1
            );
            assert_eq!(response.text, expected, "{content_type}");
        }
        // Known by either address; a person of another address is new.
        assert_eq!(post(&world, &path, &json!({"email": "ME@example.com"}), 200).await["counter"], 5);
        assert_eq!(post(&world, &path, &json!({"phone_number": "(512) 555-0100"}), 200).await["counter"], 6);
        assert_eq!(post(&world, &path, &json!({"email": "other@example.com"}), 201).await["counter"], 1);
        for (body, code, field) in [
            (json!({"first_name": "Ann"}), "email_or_phone_required", "email"), (json!({"email": "", "phone_number": " "}), "email_or_phone_required", "email"),
            (json!({"email": "me@", "phone_number": "+15125550100"}), "email_invalid", "email"), (json!({"email": "me@example.com", "phone_number": "call me"}), "phone_number_invalid", "phone_number"),
        ] {
            let rejected = world.nobody.post(&path, &body).await.expect_error(422, code);
            assert_eq!(rejected.json["error"]["details"][0]["path"], field, "{}", rejected.text);
        }
        world.stop().await;
    }
}

on_both! {
    /// K3: the fixture of such a form, whole.
    async fn k3_the_form_of_the_fixture(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let path = inbound(&world, json!({"source": "webhook", "redirect_hosts": ["x.example"]})).await;
        let form = fixture("kickofflabs-form.form");
        let redirected = post_bytes(&world, &path, FORM, form.trim_end()).await.expect(303);
        assert_eq!(redirected.headers["location"], "https://x.example/thanks");
        let lead = post(&world, &path, &json!({"email": "me@example.com", "phone_number": "5125550100", "country_code": 1, "Plan": "Pro", "__url": "https://x.example/?utm_source=g&utm_campaign=spring", "__source": "modal.123"}), 200).await;
        assert_eq!((&lead["phone_number"], &lead["custom_fields"], &lead["utm"], &lead["source"]), (&json!("+15125550100"), &json!({"plan": "Pro"}), &json!({"source": "g", "campaign": "spring"}), &json!("modal.123")), "{lead}");
        assert_eq!(lead["counter"], 2);
        let rows = submissions(&world).await;
        assert_eq!(rows.len(), 2);
        for row in &rows {
            let page = world.submission(row["id"].as_str().unwrap()).await;
            assert_eq!(page["element"]["__url"], "https://x.example/?utm_source=g&utm_campaign=spring", "it is kept: {page}");
            assert_eq!((&page["lead"]["source"], &page["lead"]["phone"]), (&json!("modal.123"), &json!("+15125550100")), "{page}");
            let replay = world.admin.get(&format!("/v1/submissions/{}/replay", row["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(replay.json["same"], true, "{}", replay.text);
        }
        world.stop().await;
    }
}

/// Names and values of a body.
type Fields = &'static [(&'static str, &'static str)];

on_both! {
    /// K3: each special field, in each kind of body: what it becomes in the response, which is what the lead has.
    async fn k3_each_special_field(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let path = inbound(&world, json!({"source": "webhook"})).await;
        let table: [(Fields, &str, Value); 19] = [
            (&[("phone_number", "5125550100"), ("country_code", "1")], "/phone_number", json!("+15125550100")),
            (&[("phone_number", "030 901820"), ("country_code", "+49")], "/phone_number", json!("+4930901820")),
            (&[("phone_number", "+442079460000"), ("country_code", "1")], "/phone_number", json!("+442079460000")),
            (&[("phone_number", "+15125550100"), ("country_code", "49")], "/custom_fields", json!({})),
            (&[("__url", "https://l.example/p?utm_source=g&utm_campaign=a+b&Plan=Pro&x=%C3%A9")], "/utm", json!({"source": "g", "campaign": "a b"})),
            (&[("__url", "https://l.example/p?utm_source=g&Plan=Pro&x=%C3%A9")], "/custom_fields", json!({"plan": "Pro", "x": "é"})),
            (&[("__url", "https://l.example/p?utm_source=g&plan=Pro"), ("PLAN", "Basic"), ("utm_source", "own")], "/custom_fields", json!({"plan": "Basic"})),
            (&[("__url", "https://l.example/p?utm_source=g&plan=Pro"), ("PLAN", "Basic"), ("utm_source", "own")], "/utm", json!({"source": "own"})),
            (&[("__url", "no address at all")], "/custom_fields", json!({})),
            (&[("__source", "modal.123")], "/source", json!("modal.123")),
            (&[], "/source", json!("webhook")),
            (&[("__uid", "u-7")], "/uid", json!("u-7")),
            (&[("__referrer", "https://r.example/")], "/referrer", json!("https://r.example/")),
            (&[("__sid", "s1")], "/custom_fields", json!({"sid": "s1"})),
            (&[("__session_id", "s2"), ("__rid", "r3")], "/custom_fields", json!({"session_id": "s2", "rid": "r3"})),
            (&[("ip", "198.51.100.7")], "/ip", json!("127.0.0.1")),
            (&[], "/ip", json!("127.0.0.1")),
            (&[("Favourite Colour", "red"), ("Shoe  Size", "44")], "/custom_fields", json!({"favourite_colour": "red", "shoe_size": "44"})),
            (&[("must_exist", "false"), ("__skip_actions", "0")], "/custom_fields", json!({})),
        ];
        for (number, (pairs, pointer, expected)) in table.iter().enumerate() {
            let email = format!("{number}@x.example");
            let pairs: Vec<(&str, &str)> = [("email", email.as_str())].into_iter().chain(pairs.iter().copied()).collect();
            let bodies = [("application/json", as_json(&pairs)), (FORM, encode(&pairs)), ("multipart/form-data; boundary=b", multipart(&pairs))];
            for (content_type, body) in bodies {
                let lead = post_bytes(&world, &path, content_type, &body).await;
                assert!(matches!(lead.status, 200 | 201), "{pairs:?}: {}", lead.text);
                assert_eq!(lead.json.pointer(pointer), Some(expected), "{content_type} {pairs:?}: {}", lead.text);
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// K3: the address and the page are the request's, unless the body of a listed sender, or any body, says another.
    async fn k3_who_says_ip_and_referrer(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let trusted = inbound(&world, json!({"trusted_senders": ["127.0.0.0/8"]})).await;
        let other = inbound(&world, json!({"trusted_senders": ["203.0.113.0/24"]})).await;
        let table = [
            (&trusted, json!({"ip": "198.51.100.7"}), Some("https://page.example/"), "198.51.100.7", json!("https://page.example/")),
            (&trusted, json!({}), None, "127.0.0.1", Value::Null),
            (&other, json!({"ip": "198.51.100.7"}), None, "127.0.0.1", Value::Null),
            (&other, json!({"__referrer": "https://r.example/"}), Some("https://page.example/"), "127.0.0.1", json!("https://r.example/")),
        ];
        for (path, more, referrer, ip, expected) in table {
            let body = with(&json!({"email": "ann@x.example"}), &more).to_string();
            let mut request = world.nobody.request("POST", path).header("content-type", "application/json");
            if let Some(referrer) = referrer {
                request = request.header("referer", referrer);
            }
            let lead = send(request.body(body)).await.json;
            assert_eq!((&lead["ip"], &lead["referrer"]), (&json!(ip), &expected), "{more}: {lead}");
        }
        world.stop().await;
    }
}

on_both! {
    /// K3: who must be known, who is stored alone, and which posts are redirected: those of forms, to listed hosts.
    async fn k3_must_exist_skip_actions_and_redirects(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let path = inbound(&world, json!({"redirect_hosts": ["thanks.example"]})).await;
        for yes in [json!(true), json!("true")] {
            world.nobody.post(&path, &json!({"email": "ann@x.example", "must_exist": yes})).await.expect_error(422, "no_match");
        }
        post(&world, &path, &json!({"email": "ann@x.example", "must_exist": false}), 201).await;
        post(&world, &path, &json!({"email": "ann@x.example", "must_exist": "true", "plan": "Pro"}), 200).await;
        assert_eq!(submissions(&world).await.len(), 2);
        for (number, yes) in [json!(1), json!("1")].iter().enumerate() {
            let lead = post(&world, &path, &json!({"email": format!("alone{number}@x.example"), "__skip_actions": yes}), 201).await;
            let row = submissions(&world).await.remove(0);
            assert_eq!((&row["lead_id"], &row["state"]), (&lead["id"], &json!("canceled")), "{row}");
            world.admin.get(&format!("/v1/leads/{}", lead["id"].as_str().unwrap())).await.expect(200);
        }
        let pairs = [("email", "bob@x.example"), ("redirect_url", "https://thanks.example/ok?a=1#done")];
        for (content_type, body) in [(FORM, encode(&pairs)), ("multipart/form-data; boundary=b", multipart(&pairs))] {
            let response = post_bytes(&world, &path, content_type, &body).await.expect(303);
            assert_eq!(response.headers["location"], "https://thanks.example/ok?a=1#done");
        }
        // Who posts JSON reads the response.
        let lead = post(&world, &path, &json!({"email": "bob@x.example", "redirect_url": "https://thanks.example/"}), 200).await;
        assert_eq!((&lead["counter"], &lead["custom_fields"]), (&json!(3), &json!({})));
        for url in ["https://evil.example/", "https://thanks.example.evil.example/", "https://thanks.example@evil.example/", "//thanks.example/", "javascript:alert(1)", "https://thanks.example:8443/", "/thanks"] {
            let form = encode(&[("email", "bob@x.example"), ("redirect_url", url)]);
            post_bytes(&world, &path, FORM, &form).await.expect_error(422, "redirect_not_allowed");
        }
        world.stop().await;
    }
}

on_both! {
    /// K4: none of these names is a custom field, in any letter case; whatever else is, in lower case with `_` for blanks.
    async fn k4_names_that_are_not_custom_fields(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let path = inbound(&world, json!({"redirect_hosts": ["x.example"]})).await;
        let special = [
            ("country_code", "1"), ("__url", "https://l.example/"), ("__source", "s"), ("__uid", "u"), ("__referrer", "https://r.example/"), ("ip", "203.0.113.9"), ("must_exist", "false"),
            ("redirect_url", "https://x.example/"), ("__skip_actions", "0"),
        ];
        let standard = [
            ("external_id", "e"), ("first_name", "A"), ("last_name", "B"), ("phone", "+15125550100"), ("street", "1 Main St"), ("city", "Austin"), ("state", "TX"), ("zip", "00501"), ("country", "US"),
            ("date_of_birth", "1990-05-15"), ("source", "s"), ("tags", "vip"),
        ];
        let spellings = [
            ("firstname", "A"), ("fname", "A"), ("given_name", "A"), ("lastname", "B"), ("lname", "B"), ("family_name", "B"), ("full_name", "A B"), ("name", "A B"), ("phone_number", "+15125550100"),
            ("mobile", "+15125550100"), ("address", "1 Main St"), ("zip_code", "00501"), ("postal_code", "00501"), ("dob", "1990-05-15"), ("birthday", "1990-05-15"), ("tag", "vip"),
        ];
        let envelope = ["api_key", "campaign_id", "campaignid", "list_id", "__lid", "controller", "action", "format", "id", "social_id", "points", "verified", "created_at", "updated_at"].map(|name| (name, "x"));
        let all = special.iter().chain(&standard).chain(&spellings).chain(&envelope);
        for (number, (name, value)) in all.enumerate() {
            for name in [(*name).to_owned(), name.to_uppercase()] {
                let lead = world.nobody.post(&path, &json!({"email": format!("{number}@x.example"), name.as_str(): value})).await;
                assert!(matches!(lead.status, 200 | 201), "{name}: {}", lead.text);
                assert_eq!(lead.json["custom_fields"], json!({}), "{name}: {}", lead.text);
            }
        }
        // All of the envelope at once, and the id beside another.
        let mut many: Map<String, Value> = envelope.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        many.extend([("email".into(), json!("many@x.example")), ("__uid".into(), json!("u-7")), ("Own Name".into(), json!(1)), ("ÜBER".into(), json!(2))]);
        let lead = post(&world, &path, &Value::Object(many), 201).await;
        assert_eq!((&lead["custom_fields"], &lead["uid"], &lead["campaign_id"]), (&json!({"own_name": 1, "über": 2}), &json!("u-7"), &json!("C1")), "{lead}");
        world.stop().await;
    }
}

/// A person, and so many custom fields.
fn person_with(count: usize) -> Value {
    let fields = (0..count).map(|n| (format!("f{n}"), json!(n)));
    Value::Object([("email".to_owned(), json!("ann@x.example"))].into_iter().chain(fields).collect())
}

on_both! {
    /// K4: a custom name has 64 characters at most, and a lead 200 custom fields; one more of either is 422.
    async fn k4_names_and_fields_are_bounded(kind: Kind) {
        let world = World::new(kind).await;
        storing_campaign(&world, "C1").await;
        let path = inbound(&world, json!({})).await;
        for (name, status) in [("x".repeat(64), 201), ("é".repeat(64), 200), ("x".repeat(65), 422), ("é".repeat(65), 422)] {
            let response = world.nobody.post(&path, &json!({"email": "ann@x.example", name.as_str(): "v"})).await;
            assert_eq!(response.status, status, "{}: {}", name.chars().count(), response.text);
            match status {
                422 => drop(response.expect_error(422, "field_name_too_long")),
                _ => assert_eq!(names(&response.json["custom_fields"]), [name.as_str()]),
            }
        }
        for count in [199, 200] {
            let response = world.nobody.post(&path, &person_with(count)).await;
            assert_eq!(response.status, 200, "{count}: {}", response.text);
            assert_eq!(names(&response.json["custom_fields"]).len(), count);
        }
        for count in [201, 1_000] {
            world.nobody.post(&path, &person_with(count)).await.expect_error(422, "too_many_fields");
        }
        world.stop().await;
    }
}

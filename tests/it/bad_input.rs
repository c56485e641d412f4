//! Whatever is sent to the host is answered, with an error in the form of all errors (I14); never a 5xx, never a hang.

use hookmill_tests::{Client, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const JSON: &str = "application/json";
/// How long a response to nonsense may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// States a submission may rest in.
const REST: [&str; 5] = ["delivered", "quarantined", "canceled", "disqualified", "failed"];

/// Every address that takes a body: method and path. The campaign is there, the rest is not.
const WITH_BODY: [(&str, &str); 26] = [
    ("POST", "/v1/leads"),
    ("POST", "/v1/organizations"),
    ("POST", "/v1/users"),
    ("POST", "/v1/api-keys"),
    ("POST", "/v1/source-keys"),
    ("PUT", "/v1/source-keys/src_none/charset"),
    ("POST", "/v1/source-keys/src_none/regenerate"),
    ("POST", "/v1/source-keys/src_none/reveal"),
    ("DELETE", "/v1/source-keys/src_none"),
    ("DELETE", "/v1/api-keys/key_none"),
    ("POST", "/v1/campaigns"),
    ("PATCH", "/v1/campaigns/GOOD"),
    ("PUT", "/v1/campaigns/GOOD/state"),
    ("PUT", "/v1/campaigns/GOOD/endpoint"),
    ("PUT", "/v1/campaigns/GOOD/document"),
    ("POST", "/v1/campaigns/GOOD/versions/99/activate"),
    ("POST", "/v1/campaigns/GOOD/dry-run"),
    ("POST", "/v1/bulk-jobs"),
    ("DELETE", "/v1/bulk-jobs/none"),
    ("POST", "/v1/submissions/none/reprocess"),
    ("POST", "/v1/submissions/none/repost"),
    ("POST", "/v1/submissions/none/withdraw"),
    ("POST", "/v1/deliveries/none/resend"),
    ("PUT", "/v1/webhook-settings"),
    ("PUT", "/v1/plugins/nonsense"),
    ("POST", "/v1/campaigns/NONE/leads"),
];

/// How those of them end that read no body.
const WITHOUT_BODY: [&str; 5] = ["/reveal", "/activate", "/reprocess", "/withdraw", "/resend"];

/// Every address with a part that its caller chooses.
const WITH_PART: [(&str, &str); 29] = [
    ("POST", "/v1/campaigns/{}/leads"),
    ("GET", "/v1/requests/{}"),
    ("GET", "/v1/organizations/{}"),
    ("DELETE", "/v1/api-keys/{}"),
    ("DELETE", "/v1/source-keys/{}"),
    ("PUT", "/v1/source-keys/{}/charset"),
    ("POST", "/v1/source-keys/{}/regenerate"),
    ("POST", "/v1/source-keys/{}/reveal"),
    ("GET", "/v1/campaigns/{}"),
    ("PATCH", "/v1/campaigns/{}"),
    ("PUT", "/v1/campaigns/{}/state"),
    ("PUT", "/v1/campaigns/{}/endpoint"),
    ("GET", "/v1/campaigns/{}/endpoint"),
    ("DELETE", "/v1/campaigns/{}/endpoint"),
    ("GET", "/v1/campaigns/{}/document"),
    ("GET", "/v1/campaigns/{}/versions"),
    ("POST", "/v1/campaigns/GOOD/versions/{}/activate"),
    ("POST", "/v1/campaigns/{}/dry-run"),
    ("GET", "/v1/campaigns/{}/submissions"),
    ("GET", "/v1/bulk-jobs/{}"),
    ("DELETE", "/v1/bulk-jobs/{}"),
    ("GET", "/v1/submissions/{}"),
    ("POST", "/v1/submissions/{}/reprocess"),
    ("POST", "/v1/submissions/{}/repost"),
    ("POST", "/v1/submissions/{}/withdraw"),
    ("GET", "/v1/deliveries/{}"),
    ("POST", "/v1/deliveries/{}/resend"),
    ("GET", "/v1/plugins/{}"),
    ("PUT", "/v1/plugins/{}"),
];

/// An error in the form of all errors, or no error at all; never a 5xx.
#[track_caller]
fn well_behaved(response: &Response, what: &str) {
    assert!(response.status < 500, "{what}: {} {}", response.status, response.text);
    if 400 <= response.status {
        let error = &response.json["error"];
        assert!(
            response.json["success"] == false && error["details"].is_array(),
            "{what}: {} {}",
            response.status,
            response.text
        );
        assert!(
            !response.code().is_empty() && error["message"].as_str().is_some_and(|text| !text.is_empty()),
            "{what}: {}",
            response.text
        );
        assert!(
            response.json["request_id"].as_str().is_some_and(|id| id.starts_with("req_")),
            "{what}: {}",
            response.text
        );
    }
}

async fn send(client: &Client, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Response {
    let request = client.request(method, path).header("content-type", content_type).body(body);
    let asked = hookmill_tests::client::send(request);
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{method} {path} does not respond"))
}

/// Bodies that are not JSON, or not the JSON that anybody asked for.
fn nonsense() -> Vec<(String, Vec<u8>)> {
    let wrong_types = |value: Value| {
        let names = [
            "idempotency_key",
            "leads",
            "atomic",
            "id",
            "name",
            "role",
            "user_id",
            "campaigns",
            "grace_s",
            "time_zone",
            "phone_region",
            "values",
            "state",
            "url",
            "method",
            "headers",
            "retries",
            "timeout_s",
            "document",
            "plugin",
            "activate",
            "body",
            "enabled",
            "events",
            "secrets",
        ];
        names.into_iter().map(|name| (name.to_owned(), value.clone())).collect::<serde_json::Map<_, _>>()
    };
    let mut texts: Vec<String> = [
        "",
        " ",
        "{",
        "}",
        "null",
        "5",
        "-",
        "1e999",
        "\"text\"",
        "\"",
        "[]",
        "[[]]",
        "{}",
        "{\"name\":",
        "{\"name\":\"a",
        "nul",
        "{}{}",
        "{\"name\":\"a\\u0000b\"}",
        "{\"\\u0000\":1}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":{\"$gt\":\"\"}}",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{'name':'a'}",
        "{\"name\":\"x\",\"nobody\":\"knows this\"}",
        "<lead/>",
        "a=b&c=d",
        "\u{feff}{}",
    ]
    .map(str::to_owned)
    .to_vec();
    for value in [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(18446744073709551615_u64),
        json!(""),
        json!("\u{0}"),
        json!("x".repeat(70_000)),
        json!([]),
        json!([[null]]),
        json!({}),
        json!({"a": {"b": []}}),
    ] {
        texts.push(Value::Object(wrong_types(value.clone())).to_string());
        let single = wrong_types(value);
        texts.push(json!({"name": single["name"]}).to_string());
        texts.push(json!({"name": "x", "id": single["id"], "values": {"a": single["id"]}}).to_string());
        texts.push(json!({"url": single["url"], "enabled": true, "events": ["lead.delivered"]}).to_string());
        texts.push(json!({"document": single["document"]}).to_string());
        texts.push(json!({"body": single["body"], "document": "version: 1"}).to_string());
        texts.push(json!({"idempotency_key": "k", "leads": [single["leads"]]}).to_string());
    }
    texts.push("[".repeat(10_000));
    texts.push("{\"a\":".repeat(10_000));
    texts.push(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)));
    texts.push(format!("{{{}}}", (0..20_000).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",")));
    let mut all: Vec<(String, Vec<u8>)> =
        texts.into_iter().map(|text| (text.chars().take(60).collect(), text.into_bytes())).collect();
    all.push(("invalid UTF-8".into(), b"{\"name\":\"\xff\xfe\"}".to_vec()));
    all.push(("overlong UTF-8".into(), b"{\"name\":\"\xc0\x80\"}".to_vec()));
    all.push(("zeros".into(), vec![0; 1_000]));
    all
}

on_both! {
    /// I14 H6: every address that takes a body, with every kind of nonsense.
    async fn every_address_rejects_nonsense(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        let operator = world.operator.in_organization(&world.organization);
        for (method, path) in WITH_BODY {
            let caller = if path.ends_with("leads") { &world.source } else { &operator };
            // A body that nobody reads is small: a large one would be cut off in the middle.
            let reads_none = WITHOUT_BODY.iter().any(|end| path.ends_with(end)) || method == "DELETE";
            for (what, body) in nonsense().into_iter().filter(|(_, body)| !reads_none || body.len() < 5_000) {
                let response = send(caller, method, path, JSON, body).await;
                well_behaved(&response, &format!("{method} {path} with {what}"));
            }
        }
        // It still works.
        assert_eq!(world.admin.get("/v1/campaigns/GOOD").await.expect(200).json["id"], "GOOD");
        world.stop().await;
    }
}

on_both! {
    /// I5 I14: no nonsense is taken by the batch push, whatever it claims to be.
    async fn no_nonsense_is_taken_as_a_batch(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        for content_type in [JSON, "application/xml", "multipart/form-data", "text/plain", "application/json; charset=klingon", "nonsense", ";", ""] {
            for (what, body) in nonsense() {
                let response = send(&world.source, "POST", "/v1/leads", content_type, body).await;
                well_behaved(&response, &format!("{content_type}: {what}"));
                assert!((400..500).contains(&response.status), "{content_type}: {what}: {}", response.text);
                assert_eq!(response.status == 415, content_type != JSON, "{content_type}: {what}: {}", response.text);
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// M5 H2: nonsense that a campaign's own address takes, because a campaign may map any shape, reaches a final state or waits.
    async fn nonsense_that_is_taken_reaches_a_final_state(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("GOOD", "").await;
        let mut ids = Vec::new();
        for (what, body) in nonsense() {
            for content_type in [JSON, "application/x-www-form-urlencoded"] {
                let response = send(&world.source, "POST", "/v1/campaigns/GOOD/leads", content_type, body.clone()).await;
                well_behaved(&response, &format!("{content_type}: {what}"));
                if response.status == 202 {
                    ids.push((what.clone(), hookmill_tests::world::submission_ids(&response)));
                }
            }
        }
        assert!(30 < ids.len());
        world.settle().await;
        for (what, ids) in ids {
            for id in ids {
                let state = world.state(&id).await;
                assert!(REST.contains(&state.as_str()), "{what}: {id} is {state}");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// I5 H6: 10 MB are too large, and the sender reads so; a plugin may have as many, but must be one.
    async fn large_bodies_are_rejected(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        let operator = world.operator.in_organization(&world.organization);
        let large = vec![b' '; 10_000_000];
        for (method, path) in [("POST", "/v1/leads"), ("POST", "/v1/campaigns/GOOD/leads")] {
            send(&world.source, method, path, JSON, large.clone()).await.expect_error(413, "body_too_large");
        }
        for (method, path) in [("POST", "/v1/campaigns"), ("PUT", "/v1/campaigns/GOOD/document"), ("PUT", "/v1/webhook-settings"), ("POST", "/v1/campaigns/GOOD/dry-run")] {
            send(&operator, method, path, JSON, large.clone()).await.expect_error(413, "body_too_large");
        }
        send(&operator, "PUT", "/v1/plugins/large", "application/wasm", large).await.expect_error(422, "plugin_not_admitted");
        send(&operator, "PUT", "/v1/plugins/large", "application/wasm", vec![0; 33 << 20]).await.expect_error(413, "body_too_large");
        world.stop().await;
    }
}

on_both! {
    /// I14 O1: parts of an address may hold anything.
    async fn addresses_may_hold_anything(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        let operator = world.operator.in_organization(&world.organization);
        let long = "x".repeat(5_000);
        let parts = ["%00", "a%00b", "%FF", "%C0%80", "..%2F..%2Fetc%2Fpasswd", "'%20or%201=1--", "%22%3B--", "%F0%9F%92%A9", "%25", "%", "-1", "99999999999999999999", long.as_str()];
        for (method, path) in WITH_PART {
            let caller = if path.ends_with("leads") { &world.source } else { &operator };
            for part in parts {
                let response = send(caller, method, &path.replace("{}", part), JSON, b"{}".to_vec()).await;
                well_behaved(&response, &format!("{method} {path} with {part:.40}"));
                assert!(400 <= response.status, "{method} {path} with {part:.40}: {}", response.text);
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// I14: queries may hold anything.
    async fn queries_may_hold_anything(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        let lists = ["/v1/organizations", "/v1/users", "/v1/api-keys", "/v1/source-keys", "/v1/audit", "/v1/campaigns", "/v1/requests", "/v1/deliveries",
            "/v1/plugins", "/v1/campaigns/GOOD/submissions", "/v1/campaigns/GOOD/versions"];
        let queries = ["limit=abc", "limit=-5", "limit=0", "limit=99999999999999999999", "limit=1&limit=2", "after=%00", "before=%FF", "after=%F0%9F%92%A9", "state=nonsense",
            "state=%00", "submission=%00", "campaign=%00", "campaign=NONE", "organization=%00", "organization=none", "%", "=", "&&&", "a%00b=1"];
        for path in lists {
            for query in queries {
                let response = send(&world.admin, "GET", &format!("{path}?{query}"), JSON, Vec::new()).await;
                well_behaved(&response, &format!("{path}?{query}"));
            }
        }
        world.admin.get("/v1/users?limit=abc").await.expect_error(422, "invalid");
        world.stop().await;
    }
}

on_both! {
    /// I14: unknown addresses and methods are errors with the usual body.
    async fn unknown_addresses_and_methods_are_errors(kind: Kind) {
        let world = World::new(kind).await;
        for path in ["/", "/v1", "/v1/", "/v1/leads/", "/v1//leads", "/v2/leads", "/%00", "/%FF", "/v1/campaigns/A/B/C", "/favicon.ico"] {
            world.source.get(path).await.expect_error(404, "address_unknown");
        }
        for (method, path) in WITH_BODY.into_iter().chain([("GET", "/healthz"), ("GET", "/v1/me")]) {
            for wrong in ["TRACE", "LINK", "X", "PROPFIND"] {
                let response = send(&world.source, wrong, path, JSON, Vec::new()).await.expect_error(405, "method_not_allowed");
                assert!(response.headers.contains_key("allow"), "{method} {path}");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// M2: the API rejects keys it does not know, by name.
    async fn unknown_keys_are_rejected_by_name(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        let operator = world.operator.in_organization(&world.organization);
        let table = [
            ("POST", "/v1/organizations", json!({"name": "x", "nmae": 1})),
            ("POST", "/v1/users", json!({"name": "x", "role": "viewer", "nmae": 1})),
            ("POST", "/v1/source-keys", json!({"name": "x", "nmae": 1})),
            ("POST", "/v1/campaigns", json!({"name": "x", "nmae": 1})),
            ("PATCH", "/v1/campaigns/GOOD", json!({"nmae": 1})),
            ("PUT", "/v1/campaigns/GOOD/state", json!({"state": "active", "nmae": 1})),
            ("PUT", "/v1/campaigns/GOOD/endpoint", json!({"url": "https://x.example", "nmae": 1})),
            ("PUT", "/v1/campaigns/GOOD/document", json!({"document": "version: 1", "nmae": 1})),
            ("POST", "/v1/campaigns/GOOD/dry-run", json!({"body": {}, "nmae": 1})),
            ("PUT", "/v1/webhook-settings", json!({"enabled": false, "url": "https://x.example", "events": [], "nmae": 1})),
        ];
        for (method, path, body) in table {
            let response = send(&operator, method, path, JSON, body.to_string().into_bytes()).await.expect_error(422, "invalid");
            assert!(response.text.contains("nmae"), "{method} {path}: {}", response.text);
        }
        assert_eq!(world.admin.get("/v1/campaigns/GOOD").await.expect(200).json["state"], "draft");
        world.stop().await;
    }
}

/// Writes bytes to the host and reads until it closes, or for a while.
async fn raw(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address()).await.expect("the host listens");
    // The host may close before everything is written.
    let _ = stream.write_all(bytes).await;
    let mut response = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut response))
        .await
        .expect("the host closes the connection");
    String::from_utf8_lossy(&response).into_owned()
}

on_both! {
    /// I14: who is rejected before the body was read is told that the connection ends, so that no further request is lost on it.
    async fn an_early_rejection_ends_the_connection(kind: Kind) {
        let world = World::new(kind).await;
        for (path, key, status) in [
            ("PUT /v1/plugins/large", "hmk_nobodys", 401),
            ("POST /v1/leads", "hms_nobodys", 401),
            ("PUT /v1/plugins/large", world.source_key.as_str(), 403),
            ("PUT /nowhere", "", 404),
            ("DELETE /v1/leads", "", 405),
        ] {
            let head = format!("{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: 8000000\r\n\r\n");
            let response = raw(&world, head.as_bytes()).await.to_ascii_lowercase();
            assert!(response.starts_with(&format!("http/1.1 {status}")) && response.contains("connection: close"), "{path}: {response:.400}");
        }
        world.stop().await;
    }
}

on_both! {
    /// H6: bytes that are not HTTP, heads without end and bodies that never come are cut off; others go on.
    async fn broken_connections_are_cut_off(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.request_timeout_ms = 4_000;
        options.settings.limits.connection_idle_ms = 6_000;
        options.settings.limits.head_timeout_ms = 4_000;
        let world = World::with(kind, options).await;
        let huge = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-huge: {}\r\n\r\n", "h".repeat(1 << 20));
        let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(5_000));
        for head in [huge.as_str(), many.as_str()] {
            let response = raw(&world, head.as_bytes()).await;
            assert!(response.is_empty() || response.starts_with("HTTP/1.1 4"), "{response:.100}");
        }
        for bytes in [b"\x16\x03\x01\x02\x00\x01\x00".as_slice(), b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /healthz HTTP/1.1\r\nhost: x\r\n"] {
            let response = raw(&world, bytes).await;
            assert!(response.is_empty() || response.starts_with("HTTP/1.1 4"), "{response:.100}");
        }
        let short = format!("POST /v1/leads HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: 500\r\nconnection: close\r\n\r\n{{", world.source_key);
        let response = raw(&world, short.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 4") && response.contains("body_timeout"), "{response:.300}");
        world.nobody.get("/healthz").await.expect(200);
        world.stop().await;
    }
}

/// An inbound webhook of a campaign that stores its leads; its path.
async fn inbound(world: &World) -> String {
    world.draft("IN", "").await;
    world.activate("IN").await;
    let made = world.admin.post("/v1/campaigns/IN/inbound-webhooks", &json!({})).await.expect(201);
    let url = made.str("url");
    url[url.find("/in/").unwrap()..].to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::best());
    std::io::Read::read_to_end(&mut encoder, &mut packed).unwrap();
    packed
}

/// A text in UTF-16, with its mark.
fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

on_both! {
    /// I10 I11: odd names and values that an inbound webhook takes are all there, in the response, in the lead and in the stored element; nothing is lost and nothing is 5xx.
    async fn i10_odd_names_and_values_are_kept(kind: Kind) {
        let world = World::new(kind).await;
        let path = inbound(&world).await;
        let table: [(&str, &str, Value); 23] = [
            (r#""__proto__":{"x":1}"#, "__proto__", json!({"x": 1})),
            (r#""constructor":"c""#, "constructor", json!("c")),
            (r#""prototype":{"__proto__":null}"#, "prototype", json!({"__proto__": null})),
            (r#""a.b":1"#, "a.b", json!(1)),
            (r#""a[b]":1"#, "a[b]", json!(1)),
            (r#""a[]":[1]"#, "a[]", json!([1])),
            (r#""[0]":1"#, "[0]", json!(1)),
            (r#""$":1"#, "$", json!(1)),
            (r#""$['x']":1"#, "$['x']", json!(1)),
            (r#""'":1"#, "'", json!(1)),
            (r#""\"":1"#, "\"", json!(1)),
            (r#""\\":1"#, "\\", json!(1)),
            (r#""/~0~1":1"#, "/~0~1", json!(1)),
            (r#""😀":"👍🏽""#, "😀", json!("👍🏽")),
            (r#""\ud83d\ude00":1"#, "😀", json!(1)),
            (r#""{{ x }}":"{{ lead.email }} <script>""#, "{{_x_}}", json!("{{ lead.email }} <script>")),
            (r#""'; drop table leads;--":1"#, "';_drop_table_leads;--", json!(1)),
            (r#""lone":"a\ud83db""#, "lone", json!("a\u{fffd}b")),
            (r#""lone\ude00":1"#, "lone\u{fffd}", json!(1)),
            (r#""nul":"a\u0000b""#, "nul", json!("a\u{0}b")),
            (r#""n\u0000l":1"#, "n\u{0}l", json!(1)),
            (r#""twice":1,"twice":2"#, "twice", json!(2)),
            (r#""deep":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]"#, "deep", json!([[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]])),
        ];
        let mut posted = Vec::new();
        for (number, (member, name, value)) in table.iter().enumerate() {
            let body = format!(r#"{{"email":"{number}@x.example",{member}}}"#);
            let response = send(&world.nobody, "POST", &path, JSON, body.into_bytes()).await;
            assert_eq!(response.status, 201, "{member}: {}", response.text);
            assert_eq!(&response.json["custom_fields"][*name], value, "{member}: {}", response.text);
            posted.push((member, name, value, response.str("id")));
        }
        world.settle().await;
        let rows = world.admin.get("/v1/campaigns/IN/submissions?limit=100").await.expect(200).json["items"].as_array().unwrap().clone();
        assert_eq!(rows.len(), table.len());
        for (member, name, value, lead_id) in posted {
            let row = rows.iter().find(|row| row["lead_id"] == lead_id.as_str()).unwrap_or_else(|| panic!("{member} has no submission"));
            assert_eq!(row["state"], "delivered", "{member}: {row}");
            let page = world.submission(row["id"].as_str().unwrap()).await;
            assert_eq!(&page["lead"]["custom"][*name], value, "{member}: {page}");
            assert!(page["element"]["email"].is_string(), "{member}: {page}");
        }
        world.stop().await;
    }
}

on_both! {
    /// I10 H6: bodies of an inbound webhook in every charset, with every mark and beyond every bound: read as they say, or rejected with 4xx and kept to be posted again; never a 5xx.
    async fn i10_inbound_bodies_at_their_edges(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.inflated_bytes_max = 100_000;
        let world = World::with(kind, options).await;
        let path = inbound(&world).await;
        let form = "application/x-www-form-urlencoded";
        let text = |number: usize| format!(r#"{{"email":"{number}@x.example","first_name":"Zoë"}}"#);
        let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>();
        let mark = b"\xef\xbb\xbf".as_slice();
        let good: Vec<(&str, &str, Vec<u8>)> = vec![
            (JSON, "", text(0).into_bytes()),
            (JSON, "", [mark, text(1).as_bytes()].concat()),
            (JSON, "", utf16(&text(2), true)),
            (JSON, "", utf16(&text(3), false)),
            ("application/json; charset=utf-16le", "", utf16(&text(4), true)),
            ("application/json; charset=ISO-8859-1", "", latin(&text(5))),
            ("application/json; charset=\"windows-1252\"", "", latin(&text(6))),
            // The mark counts before the parameter.
            ("application/json; charset=iso-8859-1", "", [mark, text(7).as_bytes()].concat()),
            (JSON, "gzip", gzip(text(8).as_bytes())),
            (form, "", b"email=9%40x.example&first_name=Zo%C3%AB".to_vec()),
            (form, "", [mark, b"email=10%40x.example&first_name=Zo%C3%AB"].concat()),
            ("application/x-www-form-urlencoded; charset=iso-8859-1", "", b"email=11%40x.example&first_name=Zo%EB".to_vec()),
            (form, "", b"_charset_=iso-8859-1&email=12%40x.example&first_name=Zo%EB".to_vec()),
            ("application/xml", "", [mark, "<lead><email>13@x.example</email><first_name>Zoë</first_name></lead>".as_bytes()].concat()),
            ("application/xml", "", latin("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><lead><email>14@x.example</email><first_name>Zoë</first_name></lead>")),
            ("", "", text(15).into_bytes()),
        ];
        for (number, (content_type, coding, body)) in good.iter().enumerate() {
            let response = send_coded(&world, &path, content_type, coding, body.clone()).await;
            let expected = (201, json!(format!("{number}@x.example")), json!("Zoë"));
            let found = (response.status, response.json["email"].clone(), response.json["first_name"].clone());
            assert_eq!(found, expected, "{number} {content_type}: {}", response.text);
        }
        let nested = |depth: usize| format!("{{\"email\":\"deep@x.example\",\"d\":{}1{}}}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        assert_eq!(send_coded(&world, &path, JSON, "", nested(63)).await.status, 201);
        let bomb = gzip(format!("{{\"email\":\"b@x.example\",\"note\":\"{}\"}}", "x".repeat(50 << 20)).as_bytes());
        assert!(bomb.len() < 60_000);
        let bad: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
            (JSON, "", nested(64), 400, "too_deep"),
            (JSON, "", nested(5_000), 400, "too_deep"),
            (JSON, "gzip", bomb.clone(), 413, "body_too_large"),
            (JSON, "gzip", bomb[..bomb.len() / 2].to_vec(), 413, "body_too_large"),
            (JSON, "gzip", gzip(text(0).as_bytes())[..20].to_vec(), 400, "content_encoding_broken"),
            (JSON, "gzip, gzip", gzip(&gzip(text(0).as_bytes())), 415, "content_encoding_unsupported"),
            ("application/json; charset=klingon", "", text(0).into_bytes(), 415, "charset_unsupported"),
            ("application/json; charset=", "", latin(&text(0)), 400, "invalid_utf8"),
            (JSON, "", latin(&text(0)), 400, "invalid_utf8"),
            (form, "", b"email=a%40x.example&first_name=Zo%EB".to_vec(), 400, "invalid_utf8"),
            (JSON, "", b"\xed\xa0\xbd".to_vec(), 400, "invalid_utf8"),
        ];
        for (content_type, coding, body, status, code) in &bad {
            let rejected = send_coded(&world, &path, content_type, coding, body.clone()).await;
            let shown = format!("{content_type} {coding} {code}: {}", rejected.text);
            assert_eq!((rejected.status, rejected.code()), (*status, *code), "{shown}");
            assert!(rejected.json["error"]["rejected_request_id"].is_string(), "{shown}");
        }
        for (content_type, body) in [(JSON, nested(20_000)), ("application/json; charset=utf-16", text(0).into_bytes()), ("application/json; charset=utf-32", text(0).into_bytes()), (JSON, b"\xfe\xff".to_vec()), (JSON, vec![0; 1_000]), ("application/xml", b"<lead><email>a\0b</email></lead>".to_vec()), (form, b"%00=%00&email=%00".to_vec()), (form, b"&&&=&=".to_vec())] {
            let response = send_coded(&world, &path, content_type, "", body).await;
            well_behaved(&response, content_type);
            assert!(400 <= response.status, "{content_type}: {}", response.text);
        }
        world.settle().await;
        let rows = world.admin.get("/v1/campaigns/IN/submissions?limit=100").await.expect(200).json["items"].as_array().unwrap().clone();
        assert_eq!(rows.len(), good.len() + 1, "{rows:?}");
        assert!(rows.iter().all(|row| row["state"] == "delivered"), "{rows:?}");
        world.stop().await;
    }
}

async fn send_coded(world: &World, path: &str, content_type: &str, coding: &str, body: Vec<u8>) -> Response {
    let mut request = world.nobody.request("POST", path);
    for (name, value) in [("content-type", content_type), ("content-encoding", coding)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    hookmill_tests::client::send(request.body(body)).await
}

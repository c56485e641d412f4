//! Settings of webhooks at the edges of what they may be, for each kind of webhook, by the API: what is beyond is rejected with its field and stores nothing.

use hookmill_tests::{Client, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};

/// Where each kind of webhook is saved that has settings of the usual names: its method, its address, and whether it is a subscription.
const KINDS: [(&str, &str, bool); 3] = [
    ("PUT", "/v1/webhook-settings", false),
    ("PUT", "/v1/campaigns/CC/webhook-settings", false),
    ("POST", "/v1/subscriptions?campaign=CC", true),
];
const CREATE_SCOPED: &str = "/api/v1/webhook/create";

async fn save(
    admin: &Client,
    (method, path, is_subscription): (&str, &str, bool),
    url: &str,
    more: &Value,
) -> Response {
    let mut draft = json!({"url": url, "events": ["lead.delivered"]});
    if is_subscription {
        draft["name"] = json!("Hook")
    } else {
        draft["enabled"] = json!(true)
    }
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    match method {
        "PUT" => admin.put(path, &draft).await,
        _ => admin.post(path, &draft).await,
    }
}

/// Rejected with this field among those that are wrong.
#[track_caller]
fn is_rejected(response: Response, field: &str, what: &str) {
    let shown = response.text.clone();
    assert_eq!((response.status, response.code()), (422, "invalid"), "{what}: {shown}");
    let rejected = response.expect_error(422, "invalid");
    let details = rejected.json["error"]["details"].as_array().unwrap();
    assert!(details.iter().any(|detail| detail["path"] == field), "{what}: {shown}");
}

/// A scoped webhook with this URL.
async fn create_scoped(admin: &Client, url: &str) -> Response {
    let body = json!({"webhook_url": url, "association_type": "campaign", "email_campaign_id": "CC", "event_type": "lead.delivered", "force_create": true});
    admin.post(CREATE_SCOPED, &body).await
}

/// Nothing is stored of any kind.
async fn nothing_is_stored(admin: &Client) {
    admin.get("/v1/webhook-settings").await.expect_error(404, "not_found");
    assert_eq!(admin.get("/v1/campaigns/CC/webhook-settings").await.expect(200).json["own"], Value::Null);
    for list in ["/v1/subscriptions", "/v1/scoped-webhooks"] {
        assert_eq!(admin.get(list).await.expect(200).json["items"], json!([]));
    }
}

/// URLs that no webhook may have in production.
fn bad_urls() -> Vec<String> {
    let hosts = [
        // Every spelling of the host itself and of private networks.
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7F.0.0.0x1",
        "0177.0.0.1",
        "017700000001",
        "%31%32%37.0.0.1",
        "%6c%6f%63%61%6c%68%6f%73%74",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "10.1",
        "0xa.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
    ];
    let hosts = hosts.iter().map(|host| format!("https://{host}/hook"));
    let others = [
        "http://example.com/",
        "http://2130706433/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "https://",
        "https:///",
        "https://?x",
        "",
        " ",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https://example.com:secret@127.0.0.1/",
        "https://example.com@127.0.0.1/",
        "https://example.com:0/",
        "https://example.com:70000/",
        "https://example.com:-1/",
        "https://example.com:80a/",
        "https://example.com/\r\nx-evil: 1",
        "https://exam\nple.com/",
        "https://example.com/a b",
        "https://example.com/\u{0}",
        "https://exa\tmple.com/",
        "https://example.com\r\n.evil.example/",
        "https://example.com/\u{a0}",
        "https://[::1",
        "https://[::1]x/",
        "https://[127.0.0.1]/",
        "https://1.2.3.256/",
        "https://256.1.1.1/",
        "https://0x100.1.1.1/",
        "https://a..b/",
        "https://exa%00mple.com/",
        "https://exa%20mple.com/",
        "https://exa%2fmple.com/",
        "https://xn--a/",
    ];
    let long = format!("https://example.com/{}", "x".repeat(2_048));
    hosts.chain(others.map(str::to_owned)).chain([long]).collect()
}

on_both! {
    /// W8: no spelling of an address within, no credentials, no port that is none and nothing that could end a line or a header is saved as the URL of any webhook.
    async fn w8_no_webhook_has_a_bad_url(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.development = false;
        let world = World::with(kind, options).await;
        world.draft("CC", "").await;
        for url in bad_urls() {
            for kind in KINDS {
                let what = format!("{url:.80?} at {}", kind.1);
                is_rejected(save(&world.admin, kind, &url, &json!({})).await, "url", &what);
            }
            let rejected = create_scoped(&world.admin, &url).await;
            assert_eq!((rejected.status, &rejected.json["ok"], &rejected.json["errors"][0]["field"]), (400, &json!(false), &json!("webhook_url")), "{url:.80?}: {}", rejected.text);
            // Who reads a log does not read the password.
            assert!(!rejected.text.contains("secret"), "{}", rejected.text);
        }
        nothing_is_stored(&world.admin).await;
        world.stop().await;
    }
}

on_both! {
    /// W8: what belongs to the connection or to the signature, and whatever could end a header, is not saved among the headers of any webhook.
    async fn w8_no_webhook_has_a_bad_header(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CC", "").await;
        let url = world.receiver.url("/hook");
        let names = ["Host", "hOST", "Content-Length", "content_length", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Forwarded", "X-Forwarded-For", "webhook-id",
            "Webhook-Timestamp", "webhook_signature", "WEBHOOK-anything", "", " ", "a b", "a:b", "a\r\nb", "a\nb", "é", "x\u{0}", ":authority"];
        let values = ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\u{0}b", "é", "\u{7f}"];
        let bad = names.iter().map(|name| json!({*name: "1"})).chain(values.iter().map(|value| json!({"x-a": value})));
        for headers in bad.chain([json!({"x-a": 1}), json!(["x"])]) {
            for kind in KINDS {
                let what = format!("{headers} at {}", kind.1);
                let response = save(&world.admin, kind, &url, &json!({"headers": headers})).await;
                let is_typed = headers.as_object().is_some_and(|headers| headers.values().all(Value::is_string));
                match is_typed {
                    true => is_rejected(response, "headers", &what),
                    false => drop(response.expect_error(422, "invalid")),
                }
            }
        }
        nothing_is_stored(&world.admin).await;
        world.stop().await;
    }
}

on_both! {
    /// W3 W4, C1: retries from 1 to 10 and a timeout from 1 to 120 s, for each kind; a client's from 0 to 20.
    async fn c1_retries_and_timeouts_at_their_edges(kind: Kind) {
        let world = World::new(kind).await;
        world.draft_without_client("CC", "").await;
        let url = world.receiver.url("/hook");
        let bad = [
            ("retries", json!(0)), ("retries", json!(11)), ("retries", json!(-1)), ("retries", json!(1.5)), ("retries", json!("3")), ("retries", json!(256)), ("retries", json!(1e300)), ("retries", json!(null)),
            ("timeout_s", json!(0)), ("timeout_s", json!(121)), ("timeout_s", json!(-1)), ("timeout_s", json!(0.5)), ("timeout_s", json!("30")), ("timeout_s", json!(18446744073709551615_u64)),
        ];
        for (name, value) in &bad {
            for kind in KINDS {
                let response = save(&world.admin, kind, &url, &json!({*name: value})).await;
                let shown = response.text.clone();
                response.expect_error(422, "invalid");
                assert!(shown.contains(name), "{name} {value} at {}: {shown}", kind.1);
            }
        }
        nothing_is_stored(&world.admin).await;
        for (retries, timeout_s) in [(json!(1), json!(1)), (json!(10), json!(120)), (json!(2.0), json!(3.0))] {
            for kind in KINDS {
                let saved = save(&world.admin, kind, &url, &json!({"retries": retries, "timeout_s": timeout_s})).await;
                assert!(matches!(saved.status, 200 | 201), "{}", saved.text);
                assert_eq!((saved.json["retries"].as_f64(), saved.json["timeout_s"].as_f64()), (retries.as_f64(), timeout_s.as_f64()), "{}", saved.text);
            }
        }
        let endpoint = async |name: &str, value: i64| world.admin.put("/v1/campaigns/CC/endpoint", &json!({"url": url, name: value})).await.status;
        for (name, value, status) in [("retries", -1, 422), ("retries", 0, 200), ("retries", 20, 200), ("retries", 21, 422), ("timeout_s", 0, 422), ("timeout_s", 1, 200), ("timeout_s", 120, 200), ("timeout_s", 121, 422)] {
            assert_eq!(endpoint(name, value).await, status, "{name} {value}");
        }
        let action = async |name: &str, value: i64| world.admin.put("/v1/campaigns/CC/first-submission-action", &json!({"kind": "webhook", "url": url, name: value})).await.status;
        for (name, value, status) in [("retries", -1, 422), ("retries", 0, 200), ("retries", 5, 200), ("retries", 6, 422), ("timeout_s", 0, 422), ("timeout_s", 1, 200), ("timeout_s", 300, 200), ("timeout_s", 301, 422)] {
            assert_eq!(action(name, value).await, status, "action: {name} {value}");
        }
        world.stop().await;
    }
}

on_both! {
    /// W1 W4 W5, D1, D3: an unknown event names the valid ones; basic authentication takes POST; field names differ, are not empty and are bounded.
    async fn w4_d3_what_does_not_fit_is_named(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("CC", "").await;
        let url = world.receiver.url("/hook");
        let names = ["lead.delivered", "lead.disqualified", "lead.failed", "lead.queued", "lead.first_submission_action", "lead.processed", "lead.quarantined", "plugin.disabled", "EMAIL_SENT",
            "FIRST_EMAIL_SENT", "EMAIL_OPEN", "EMAIL_LINK_CLICK", "EMAIL_REPLY", "EMAIL_BOUNCE", "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED", "CAMPAIGN_STATUS_CHANGED", "UNTRACKED_REPLIES", "MANUAL_STEP_REACHED"];
        for kind in KINDS {
            for unknown in ["lead.lost", "LEAD.DELIVERED", " lead.delivered", "", "email_reply", "x\u{0}"] {
                let response = save(&world.admin, kind, &url, &json!({"events": ["lead.failed", unknown]})).await;
                let message = response.json["error"]["message"].as_str().unwrap_or_default().to_owned();
                is_rejected(response, "events", unknown);
                let missing: Vec<&&str> = names.iter().filter(|name| !message.contains(**name)).collect();
                assert!(missing.is_empty(), "{missing:?} are not in {message}");
            }
        }
        nothing_is_stored(&world.admin).await;
        let field = |name: String| json!({"name": name, "value": 1});
        let many = |count: usize| json!({"payload": (0..count).map(|n| field(format!("f{n}"))).collect::<Vec<_>>()});
        let basic = json!({"kind": "basic", "username": "u", "password": "p"});
        let bad = [
            (json!({"method": "GET", "auth": basic}), "auth.kind"), (json!({"auth": {"kind": "bearer", "token": "t"}}), "auth.kind"), (json!({"auth": {"kind": "basic", "username": "a:b", "password": "p"}}), "auth.username"),
            (json!({"payload": [field("a".into()), field("b".into()), field("a".into())]}), "payload[2].name"), (json!({"payload": [field(String::new())]}), "payload[0].name"),
            (json!({"payload": [field("  ".into())]}), "payload[0].name"), (json!({"payload": [field("a\r\nb".into())]}), "payload[0].name"), (json!({"payload": [field("x".repeat(257))]}), "payload[0].name"),
            (json!({"payload": [field("a".into()), field("a".into()), field(String::new())]}), "payload[2].name"), (json!({"payload": []}), "payload"), (many(201), "payload"),
            (json!({"name": ""}), "name"), (json!({"name": "x".repeat(201)}), "name"), (json!({"name": "a\nb"}), "name"),
        ];
        let subscription = KINDS[2];
        for (more, path) in &bad {
            is_rejected(save(&world.admin, subscription, &url, more).await, path, &format!("{more:.200}"));
        }
        for method in ["PUT", "PATCH", "post", ""] {
            save(&world.admin, subscription, &url, &json!({"method": method})).await.expect_error(422, "invalid");
        }
        for content_type in ["text/plain", "application/xml", "APPLICATION/JSON", ""] {
            save(&world.admin, subscription, &url, &json!({"content_type": content_type})).await.expect_error(422, "invalid");
        }
        nothing_is_stored(&world.admin).await;
        let good = [
            json!({"payload": [field("a".into()), field("A".into()), field(" a".into()), field("x".repeat(256))]}), many(200), json!({"name": "x".repeat(200)}), json!({"method": "GET"}),
            json!({"method": "GET", "auth": {"kind": "none"}}), json!({"auth": basic}), json!({"events": []}),
        ];
        for more in good {
            assert_eq!(save(&world.admin, subscription, &url, &more).await.status, 201, "{more:.200}");
        }
        world.stop().await;
    }
}

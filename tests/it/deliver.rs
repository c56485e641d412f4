//! What clients and subscribers get: the same bytes until they take them, signed, no more often than asked for, and nothing that
//! they may not see.

use hookmill_domain::signature::{SignedHeaders, TOLERANCE_S};
use hookmill_domain::webhook::settings::signing_secrets;
use hookmill_tests::{Behaviour, Request, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::time::Duration;

/// More than any wait after the first, the second and the third attempt.
const WAITS_MS: [i64; 3] = [7_000, 13_000, 26_000];
/// Less than any wait after an attempt.
const TOO_SOON_MS: i64 = 3_000;

fn ann(campaign: &str) -> Value {
    json!([{"campaign_id": campaign, "first_name": "Ann", "last_name": "Poe", "email": "ann@x.example", "phone": "512-555-0100"}])
}

/// Sends one lead to a campaign and waits until nothing is due.
async fn submit(world: &World, campaign: &str) -> String {
    world.push_and_settle(ann(campaign)).await.remove(0)
}

async fn deliveries(world: &World, submission: &str, kind: &str) -> Vec<Value> {
    let page = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200);
    page.json["items"].as_array().unwrap().iter().filter(|row| row["destination_kind"] == kind).cloned().collect()
}

/// The client's delivery of a submission with its log.
async fn to_client(world: &World, submission: &str) -> Value {
    let id = deliveries(world, submission, "client").await[0]["id"].as_str().unwrap().to_owned();
    world.admin.get(&format!("/v1/deliveries/{id}")).await.expect(200).json
}

/// What the subscriber got about an event of a submission.
fn webhook_requests(world: &World, submission: &str, event: &str) -> Vec<Request> {
    let about = |request: &Request| request.json()["submissionId"] == submission && request.json()["event"] == event;
    world.receiver.at("/subscriber").into_iter().filter(about).collect()
}

on_both! {
    /// L8 H2: a client that fails twice gets the same bytes under the same id three times, with growing waits between.
    async fn a_client_that_recovers_gets_its_lead(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        world.receiver.plan("/client/CC", [Behaviour::status(500), Behaviour::Close]);
        let id = submit(&world, "CC").await;
        for (made, wait_ms) in WAITS_MS[..2].iter().enumerate() {
            assert_eq!(world.receiver.at("/client/CC").len(), made + 1);
            assert_eq!(world.state(&id).await, "delivering");
            let delivery = to_client(&world, &id).await;
            assert_eq!((&delivery["state"], delivery["attempts"].as_u64()), (&json!("waiting"), Some(made as u64 + 1)));
            assert!(delivery["next_try_at"].is_string());
            world.advance(TOO_SOON_MS).await;
            assert_eq!(world.receiver.at("/client/CC").len(), made + 1, "tried again too soon");
            world.advance(wait_ms - TOO_SOON_MS).await;
        }
        let got = world.receiver.at("/client/CC");
        assert_eq!(got.len(), 3);
        assert!(got.iter().all(|request| request.body == got[0].body && request.header("hookmill-submission-id") == id && request.method == "POST"));
        assert_eq!((&got[0].json()["data"]["email"], &got[0].json()["data"]["phone"]), (&json!("ann@x.example"), &json!("+15125550100")));
        assert_eq!(world.state(&id).await, "delivered");
        let log = to_client(&world, &id).await["log"].clone();
        let outcomes: Vec<(&Value, &Value)> = log.as_array().unwrap().iter().map(|attempt| (&attempt["outcome"], &attempt["status"])).collect();
        assert_eq!(outcomes, [(&json!("retry"), &json!(500)), (&json!("retry"), &Value::Null), (&json!("accepted"), &json!(200))]);
        world.advance(86_400_000).await;
        assert_eq!(world.receiver.at("/client/CC").len(), 3);
        let mut told = world.webhook_events(&id);
        told.sort();
        assert_eq!(told, ["lead.delivered", "lead.processed"]);
        world.stop().await;
    }
}

on_both! {
    /// M9: the default interpretation of a response: 2xx accepted, some to be tried again, all else failed; a redirect is
    /// failed and not followed.
    async fn a_response_is_interpreted_by_its_status(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        let elsewhere = vec![("location".to_owned(), world.receiver.url("/elsewhere"))];
        let table = [(200, "delivered"), (201, "delivered"), (204, "delivered"), (301, "failed"), (302, "failed"), (307, "failed"), (304, "failed"), (400, "failed"),
            (401, "failed"), (404, "failed"), (409, "failed"), (410, "failed"), (422, "failed"), (501, "delivering"), (408, "delivering"), (425, "delivering"), (429, "delivering"), (500, "delivering"), (503, "delivering")];
        for (status, state) in table {
            world.receiver.plan("/client/CC", [Behaviour::Respond(status, elsewhere.clone(), String::new())]);
            let id = submit(&world, "CC").await;
            assert_eq!(world.state(&id).await, state, "{status}");
            let delivery = to_client(&world, &id).await;
            assert_eq!(delivery["log"][0]["status"], status);
            if state == "failed" {
                let mut told = world.webhook_events(&id);
                told.sort();
                assert_eq!(told, ["lead.failed", "lead.processed"], "{status}");
                assert_eq!((&delivery["state"], &delivery["next_try_at"]), (&json!("failed"), &Value::Null));
                let event = webhook_requests(&world, &id, "lead.failed")[0].json();
                assert_eq!((&event["context"]["attempts"], &event["context"]["last_response"]["status"]), (&json!(1), &json!(status)));
            }
        }
        assert!(world.receiver.at("/elsewhere").is_empty(), "a redirect was followed");
        world.stop().await;
    }
}

on_both! {
    /// M9 W9: a client says when to retry, within bounds; nonsense is ignored.
    async fn retry_after_is_honoured(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        let busy = |value: &str| Behaviour::Respond(429, vec![("retry-after".into(), value.into())], String::new());
        // The wait asked for, at most made a quarter longer; a date counts from the world's clock.
        let table = [("120", 119_999, 151_000), ("Sun, 01 Mar 2099 00:00:00 GMT", 80_000_000, 86_500_000), ("soon", TOO_SOON_MS, 7_000), ("-5", TOO_SOON_MS, 7_000), ("99999999999999999999", TOO_SOON_MS, 7_000)];
        for (value, too_soon_ms, late_ms) in table {
            let before = world.receiver.at("/client/CC").len();
            world.receiver.plan("/client/CC", [busy(value)]);
            let id = submit(&world, "CC").await;
            world.advance(too_soon_ms).await;
            assert_eq!(world.receiver.at("/client/CC").len(), before + 1, "{value}: tried again too soon");
            world.advance(late_ms - too_soon_ms).await;
            assert_eq!(world.receiver.at("/client/CC").len(), before + 2, "{value}: not tried again in time");
            assert_eq!(world.state(&id).await, "delivered");
        }
        world.stop().await;
    }
}

on_both! {
    /// L8: when the retries are exhausted the lead is failed, once, with its attempts, and stays so.
    async fn retries_are_exhausted_at_last(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        world.receiver.always("/client/CC", Behaviour::status(503));
        let id = submit(&world, "CC").await;
        for wait_ms in WAITS_MS {
            assert_eq!(world.state(&id).await, "delivering");
            world.advance(wait_ms).await;
        }
        let page = world.submission(&id).await;
        let line = page["timeline"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&line["state"], &line["cause"], &line["detail"]["attempts"]), (&json!("failed"), &json!("retries_exhausted"), &json!(4)));
        world.advance(86_400_000).await;
        assert_eq!(world.receiver.at("/client/CC").len(), 4);
        let mut told = world.webhook_events(&id);
        told.sort();
        assert_eq!(told, ["lead.failed", "lead.processed"]);
        world.stop().await;
    }
}

on_both! {
    /// W9: a receiver that does not respond times out, and is tried again later.
    async fn silence_ends_at_the_timeout(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        let endpoint = json!({"url": world.receiver.url("/client/CC"), "timeout_s": 1, "retries": 1});
        world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200);
        world.receiver.plan("/client/CC", [Behaviour::Silence(Duration::from_secs(30))]);
        let id = submit(&world, "CC").await;
        let attempt = to_client(&world, &id).await["log"][0].clone();
        assert_eq!((&attempt["outcome"], &attempt["status"]), (&json!("retry"), &Value::Null));
        assert!((900..8_000).contains(&attempt["elapsed_ms"].as_u64().unwrap()), "{attempt}");
        world.advance(WAITS_MS[0]).await;
        assert_eq!(world.state(&id).await, "delivered");
        world.stop().await;
    }
}

fn verified(request: &Request, secret: &str, now_ms: i64) {
    let headers = SignedHeaders {
        id: request.header("webhook-id"),
        timestamp: request.header("webhook-timestamp"),
        signature: request.header("webhook-signature"),
    };
    let secrets = signing_secrets(&[secret.to_owned()]).unwrap();
    secrets.verify(headers, &request.body, now_ms / 1000, TOLERANCE_S).unwrap();
    // By the public library as well, which knows no clock but the machine's.
    let library = standardwebhooks::Webhook::new(secret).unwrap();
    let signature = library.sign(headers.id, headers.timestamp.parse().unwrap(), &request.body).unwrap();
    assert!(
        headers.signature.split(' ').any(|one| one == signature),
        "{} is not among {}",
        signature,
        headers.signature
    );
}

/// W10: a public library of Standard Webhooks accepts what is signed now, by the new secret and the old one; of another secret, text or id it does not.
#[test]
fn w10_the_public_library_accepts_what_is_signed() {
    use hookmill_domain::signature::{Message, SigningSecret};
    let now_s = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let [new, old, other] = [1, 2, 3].map(|byte| SigningSecret::from_bytes(vec![byte; 32]).unwrap().reveal());
    let body = "{\"name\":\"Zoë\"}";
    let signature = signing_secrets(&[new.clone(), old.clone()])
        .unwrap()
        .sign(Message::new("evt_1", now_s, body.as_bytes()).unwrap());
    let accepts = |secret: &str, id: &str, body: &str| {
        let mut headers = http::HeaderMap::new();
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", &now_s.to_string()), ("webhook-signature", &signature)]
        {
            headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        standardwebhooks::Webhook::new(secret).unwrap().verify(body.as_bytes(), &headers).is_ok()
    };
    assert!(accepts(&new, "evt_1", body) && accepts(&old, "evt_1", body));
    assert!(!accepts(&other, "evt_1", body) && !accepts(&new, "evt_2", body) && !accepts(&new, "evt_1", "{}"));
}

on_both! {
    /// W2 W9 W10, C2: an event's body has its keys in the documented order; it is signed over the exact bytes on every attempt; id and
    /// bytes stay, the signature's time is the attempt's.
    async fn an_event_is_signed_and_stays_the_same(kind: Kind) {
        use hookmill_domain::clock::Clock;
        let world = World::new(kind).await;
        let secret = world.subscribe().await;
        world.draft("CC", "").await;
        world.activate("CC").await;
        world.receiver.plan("/subscriber", [500, 429, 500, 503].map(Behaviour::status));
        let id = submit(&world, "CC").await;
        let mut times = vec![world.clock.now().0];
        for wait_ms in WAITS_MS {
            world.advance(wait_ms).await;
            times.push(world.clock.now().0);
        }
        let got = webhook_requests(&world, &id, "lead.delivered");
        assert_eq!(got.len(), 3, "two events share four failures");
        for (request, now_ms) in got.iter().zip(&times) {
            assert_eq!((&request.body, request.header("webhook-id")), (&got[0].body, got[0].header("webhook-id")));
            assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", "application/json"));
            verified(request, &secret, *now_ms);
        }
        assert_ne!(got[0].header("webhook-timestamp"), got[2].header("webhook-timestamp"));
        let text = String::from_utf8(got[0].body.to_vec()).unwrap();
        let keys = ["{\"event\":\"lead.delivered\"", "\"leadId\":\"lead_", "\"submissionId\":", "\"campaignId\":\"CC\"", "\"status\":\"delivered\"", "\"timestamp\":\"2026-03-01T12:00:00Z\"",
            "\"data\":{\"firstName\":\"Ann\",\"lastName\":\"Poe\",\"email\":\"ann@x.example\",\"phone\":\"+15125550100\"", "\"context\":{"];
        let places: Vec<Option<usize>> = keys.iter().map(|key| text.find(key)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted() && places[0] == Some(0), "{places:?} in {text}");
        // The lead is not affected.
        assert_eq!(world.state(&id).await, "delivered");
        let ids: std::collections::HashSet<String> = world.receiver.at("/subscriber").iter().map(|request| request.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 2, "each event has an id of its own");
        world.stop().await;
    }
}

on_both! {
    /// W9: a webhook whose retries are exhausted is failed and can be sent again by hand, with the same id and bytes.
    async fn a_failed_event_is_sent_again_by_hand(kind: Kind) {
        let world = World::new(kind).await;
        let settings = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.processed"], "retries": 1});
        world.admin.put("/v1/webhook-settings", &settings).await.expect(200);
        world.campaign("CC", "").await;
        world.receiver.always("/subscriber", Behaviour::status(500));
        let id = submit(&world, "CC").await;
        let delivery = deliveries(&world, &id, "organization_webhook").await[0]["id"].as_str().unwrap().to_owned();
        let (path, resend) = (format!("/v1/deliveries/{delivery}"), format!("/v1/deliveries/{delivery}/resend"));
        world.admin.post(&resend, &json!({})).await.expect_error(409, "not_resendable");
        let mut expected = 2;
        world.advance(WAITS_MS[0]).await;
        for _ in 0..3 {
            let page = world.admin.get(&path).await.expect(200);
            assert_eq!((&page.json["state"], page.json["attempts"].as_u64()), (&json!("failed"), Some(expected)));
            world.admin.post(&resend, &json!({})).await.expect(202);
            world.settle().await;
            world.advance(3_600_000).await;
            // The first try and as many retries as are configured, each time.
            expected += 2;
        }
        world.receiver.always("/subscriber", Behaviour::status(200));
        world.admin.post(&resend, &json!({})).await.expect(202);
        world.settle().await;
        assert_eq!(world.admin.get(&path).await.expect(200).json["state"], "delivered");
        let got = world.receiver.at("/subscriber");
        assert_eq!(got.len() as u64, expected + 1);
        assert!(got.iter().all(|request| request.body == got[0].body && request.header("webhook-id") == got[0].header("webhook-id")));
        let client = deliveries(&world, &id, "client").await[0]["id"].as_str().unwrap().to_owned();
        world.admin.post(&format!("/v1/deliveries/{client}/resend"), &json!({})).await.expect_error(409, "not_resendable");
        world.stop().await;
    }
}

on_both! {
    /// W9: 410 pauses the webhook; what falls due is skipped and visible; saving the settings ends the pause.
    async fn gone_pauses_a_webhook(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        world.receiver.always("/subscriber", Behaviour::status(410));
        submit(&world, "CC").await;
        let got = world.receiver.at("/subscriber").len();
        assert!((1..=2).contains(&got));
        assert!(world.admin.get("/v1/webhook-settings").await.expect(200).json["paused"]["at"].is_string());
        world.receiver.always("/subscriber", Behaviour::status(200));
        let second = submit(&world, "CC").await;
        assert_eq!(world.receiver.at("/subscriber").len(), got);
        assert_eq!(world.state(&second).await, "delivered", "the lead is not affected");
        let skipped = deliveries(&world, &second, "organization_webhook").await;
        assert!(skipped.len() == 2 && skipped.iter().all(|row| row["state"] == "suppressed"), "{skipped:?}");

        let again = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.processed"]});
        let saved = world.admin.put("/v1/webhook-settings", &again).await.expect(200);
        assert_eq!((&saved.json["paused"], saved.json.get("new_secret")), (&Value::Null, None));
        let third = submit(&world, "CC").await;
        assert_eq!(world.webhook_events(&third), ["lead.processed"]);
        world.stop().await;
    }
}

on_both! {
    /// W3: only the events asked for are sent, and none while the settings are off; the timeline has what happened all the same.
    async fn only_wanted_events_are_sent(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        let table = [(true, json!(["lead.delivered"]), vec!["lead.delivered"]), (true, json!([]), vec![]), (false, json!(["lead.delivered", "lead.processed"]), vec![])];
        for (enabled, events, expected) in table {
            let settings = json!({"enabled": enabled, "url": world.receiver.url("/subscriber"), "events": events});
            world.admin.put("/v1/webhook-settings", &settings).await.expect(200);
            let id = submit(&world, "CC").await;
            assert_eq!(world.webhook_events(&id), expected);
            let page = world.submission(&id).await;
            let kept: Vec<&Value> = page["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
            assert_eq!(kept, expected, "an event is kept where somebody is told of it");
            assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["state"], "delivered", "what happened is kept all the same");
        }
        world.stop().await;
    }
}

on_both! {
    /// W12: an endpoint that does not respond holds its own slots only; another is served meanwhile.
    async fn a_slow_endpoint_delays_no_other(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.deliveries_in_flight_max = 12;
        options.settings.limits.deliveries_per_destination_max = 4;
        options.settings.limits.stop_ms = 500;
        let world = World::with(kind, options).await;
        world.campaign("SLOW", "").await;
        world.campaign("FAST", "").await;
        world.receiver.always("/client/SLOW", Behaviour::Silence(Duration::from_secs(25)));
        let slow: Vec<Value> = (0..40).map(|n| json!({"campaign_id": "SLOW", "email": format!("{n}@x.example")})).collect();
        world.push(json!(slow)).await;
        let begun = async {
            while world.receiver.at("/client/SLOW").is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), begun).await.expect("the slow endpoint is asked");
        let fast: Vec<Value> = (0..20).map(|n| json!({"campaign_id": "FAST", "email": format!("{n}@x.example")})).collect();
        world.push(json!(fast)).await;
        let served = async {
            while world.receiver.at("/client/FAST").len() < 20 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(15), served).await.expect("the fast endpoint is served while the slow one says nothing");
        let in_flight = world.receiver.at("/client/SLOW").len();
        assert!((1..=4).contains(&in_flight), "{in_flight} to one endpoint at once");
        world.stop().await;
    }
}

on_both! {
    /// W8: without the development flag only https to public addresses is accepted, however the address is spelled; and no header of
    /// the host's own may be set.
    async fn only_public_https_is_accepted(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.development = false;
        let world = World::with(kind, options).await;
        world.draft_without_client("CC", "").await;
        let urls = ["http://example.com/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://0.0.0.0/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://[fe80::1]/", "https://[fd00::1]/",
            "https://[64:ff9b::7f00:1]/", "https://100.64.0.1/", "ftp://example.com/", "file:///etc/passwd", "https://", "nonsense", "", "https://user:pass@127.0.0.1/", "//example.com"];
        for url in urls {
            world.admin.put("/v1/campaigns/CC/endpoint", &json!({"url": url})).await.expect_error(422, "invalid");
            let settings = json!({"enabled": true, "url": url, "events": ["lead.delivered"]});
            world.admin.put("/v1/webhook-settings", &settings).await.expect_error(422, "invalid");
        }
        for header in ["Host", "content-length", "Connection", "Transfer-Encoding", "Forwarded", "webhook-id", "Webhook-Signature", "webhook-anything", "a b", ""] {
            let endpoint = json!({"url": "https://example.com/", "headers": {header: "x"}});
            world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect_error(422, "invalid");
        }
        world.admin.put("/v1/campaigns/CC/endpoint", &json!({"url": "https://example.com/", "headers": {"x-a": "a\r\nx-b: c"}})).await.expect_error(422, "invalid");
        world.admin.get("/v1/campaigns/CC/endpoint").await.expect_error(404, "not_found");
        world.admin.get("/v1/webhook-settings").await.expect_error(404, "not_found");
        world.stop().await;
    }
}

on_both! {
    /// H5 W4: values of headers and secrets go out to the receiver and never come back from the API; a save without secrets keeps them.
    async fn secrets_never_come_back(kind: Kind) {
        use hookmill_domain::clock::Clock;
        let world = World::new(kind).await;
        world.draft_without_client("CC", "").await;
        let endpoint = json!({"url": world.receiver.url("/client/CC"), "headers": {"Authorization": "Bearer tops3cret", "x-team": "tops3cret"}});
        let mut responses = vec![world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200)];
        let secret = "whsec_dG9wczNjcmV0dG9wczNjcmV0dG9wczNjcmV0";
        let settings = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.processed"], "headers": {"x-auth": "tops3cret"}, "secrets": [secret]});
        responses.push(world.admin.put("/v1/webhook-settings", &settings).await.expect(200));
        let mut kept = settings.clone();
        kept.as_object_mut().unwrap().remove("secrets");
        responses.push(world.admin.put("/v1/webhook-settings", &kept).await.expect(200));
        world.activate("CC").await;
        let id = submit(&world, "CC").await;

        let sent = &world.receiver.at("/client/CC")[0];
        assert_eq!((sent.header("authorization"), sent.header("x-team")), ("Bearer tops3cret", "tops3cret"));
        let told = &world.receiver.at("/subscriber")[0];
        assert_eq!(told.header("x-auth"), "tops3cret");
        verified(told, secret, world.clock.now().0);
        let mut paths = vec!["/v1/campaigns/CC/endpoint".to_owned(), "/v1/webhook-settings".into(), "/v1/campaigns/CC".into(), "/v1/campaigns".into(), "/v1/audit".into(),
            "/v1/deliveries".into(), format!("/v1/submissions/{id}"), "/v1/requests".into()];
        for kind in ["client", "organization_webhook"] {
            for row in deliveries(&world, &id, kind).await {
                paths.push(format!("/v1/deliveries/{}", row["id"].as_str().unwrap()));
            }
        }
        for path in paths {
            responses.push(world.admin.get(&path).await.expect(200));
        }
        for response in responses {
            assert!(!response.text.contains("tops3cret") && !response.text.contains("dG9wczNjcmV0"), "{}", response.text);
        }
        let shown = world.admin.get("/v1/campaigns/CC/endpoint").await.expect(200);
        assert_eq!(shown.json["headers"], json!({"Authorization": "***", "x-team": "***"}));
        assert_eq!(world.admin.get("/v1/webhook-settings").await.expect(200).json["secrets"], 1);
        world.stop().await;
    }
}

on_both! {
    /// L8: an endpoint that was taken away ends what was still on its way to it, visibly.
    async fn a_removed_endpoint_ends_its_deliveries(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        world.receiver.plan("/client/CC", [Behaviour::status(500)]);
        let id = submit(&world, "CC").await;
        world.admin.delete("/v1/campaigns/CC/endpoint").await.expect(204);
        world.advance(WAITS_MS[0]).await;
        assert_eq!(world.receiver.at("/client/CC").len(), 1);
        assert_eq!(world.state(&id).await, "failed");
        assert_eq!(to_client(&world, &id).await["log"][1]["outcome"], "destination_removed");
        let mut told = world.webhook_events(&id);
        told.sort();
        assert_eq!(told, ["lead.failed", "lead.processed"]);
        world.stop().await;
    }
}

on_both! {
    /// L2: pausing stops what is still to be sent, activating resumes it, archiving cancels it.
    async fn a_campaign_that_stops_sends_nothing_more(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        world.receiver.plan("/client/CC", [Behaviour::status(500), Behaviour::status(500)]);
        let id = submit(&world, "CC").await;
        world.admin.put("/v1/campaigns/CC/state", &json!({"state": "paused"})).await.expect(200);
        world.advance(WAITS_MS[0]).await;
        assert_eq!((world.receiver.at("/client/CC").len(), world.state(&id).await.as_str()), (1, "delivering"));
        assert_eq!(to_client(&world, &id).await["attempts"], 1, "waiting does not count as an attempt");
        world.activate("CC").await;
        world.settle().await;
        assert_eq!(world.receiver.at("/client/CC").len(), 2);
        world.admin.put("/v1/campaigns/CC/state", &json!({"state": "archived"})).await.expect(200);
        world.advance(WAITS_MS[2]).await;
        assert_eq!((world.receiver.at("/client/CC").len(), world.state(&id).await.as_str()), (2, "canceled"));
        assert_eq!(world.webhook_events(&id), ["lead.processed"]);
        world.stop().await;
    }
}

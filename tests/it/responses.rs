//! What an answer is, and whose: one that has begun is an answer, whatever comes of its body; and a delivery goes to the receiver that it was
//! made for, whatever its endpoint was changed to meanwhile [L8 W9].

use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Ending, Gate, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::time::Duration;

/// More than any wait after a first attempt.
const AGAIN_MS: i64 = 7_000;
/// More than all retries take, however long.
const A_DAY_MS: i64 = 86_400_000;

fn lead() -> Value {
    json!([{"campaign_id": "CC", "first_name": "Ann", "email": "ann@x.example", "phone": "512-555-0100"}])
}

async fn submit(world: &World) -> String {
    world.push_and_settle(lead()).await.remove(0)
}

/// The deliveries of a submission to one kind of destination, each with its log.
async fn deliveries(world: &World, submission: &str, kind: &str) -> Vec<Value> {
    let page = world.admin.get(&format!("/v1/deliveries?submission={submission}")).await.expect(200).json;
    let rows = page["items"].as_array().unwrap().iter().filter(|row| row["destination_kind"] == kind);
    let mut found = Vec::new();
    for row in rows {
        let id = row["id"].as_str().unwrap();
        found.push(world.admin.get(&format!("/v1/deliveries/{id}")).await.expect(200).json);
    }
    found
}

async fn set_endpoint(world: &World, endpoint: Value) {
    world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200);
}

/// The endpoint at a path of the receiver, with a credential.
fn endpoint(world: &World, path: &str, token: &str) -> Value {
    json!({"url": world.receiver.url(path), "headers": {"x-token": token}, "timeout_s": 2})
}

/// The tokens of the requests to a path, in order.
fn tokens(world: &World, path: &str) -> Vec<String> {
    world.receiver.at(path).iter().map(|request| request.header("x-token").to_owned()).collect()
}

/// What is wrong with a body, in every way, after a head that is whole.
fn cuts(status: u16) -> Vec<Behaviour> {
    let chunked = format!("HTTP/1.1 {status} Response\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    vec![
        Behaviour::cut(status, "", Ending::Close),
        Behaviour::cut(status, "{\"half\":", Ending::Close),
        Behaviour::cut(status, "{\"half\":", Ending::Reset),
        Behaviour::cut(status, "{\"half\":", Ending::Stall(Duration::from_secs(30))),
        Behaviour::Cut(chunked.clone().into_bytes(), Ending::Close),
        Behaviour::Cut(chunked.into_bytes(), Ending::Reset),
    ]
}

on_both! {
    /// L8 M9: the client gets a lead once whose answer is cut, however; the submission ends as its status says, and the log names the cut.
    async fn l8_a_cut_response_counts_by_its_status(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        set_endpoint(&world, endpoint(&world, "/client/CC", "a")).await;
        for (status, state) in [(200, "delivered"), (422, "failed")] {
            for behaviour in cuts(status) {
                let (before, what) = (world.receiver.at("/client/CC").len(), format!("{status}: {behaviour:?}"));
                let cut = match behaviour {
                    Behaviour::Cut(_, Ending::Stall(_)) => "timeout",
                    Behaviour::Cut(_, Ending::Reset) => "io",
                    _ => "protocol",
                };
                world.receiver.plan("/client/CC", [behaviour]);
                let id = submit(&world).await;
                assert_eq!(world.state(&id).await, state, "{what}");
                world.advance(A_DAY_MS).await;
                assert_eq!(world.receiver.at("/client/CC").len(), before + 1, "{what}: sent again");
                let delivery = deliveries(&world, &id, "client").await.remove(0);
                let attempt = &delivery["log"][0];
                let shown = (&attempt["status"], &attempt["detail"]["cut"], &attempt["detail"]["truncated"]);
                assert_eq!(shown, (&json!(status), &json!(cut), &json!(true)), "{what}: {attempt}");
                let page = world.submission(&id).await;
                assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["detail"]["cut"], cut, "{what}");
            }
        }
        world.stop().await;
    }
}

/// Reads a rejection out of a body.
const REJECTS: &str = "
version: 1
map: {fields: {email: email}}
interpret:
  outcomes:
    - {outcome: rejected, when: {field: body.status, op: eq, value: rejected}}
  reason: why
";

on_both! {
    /// L8: whatever a client does has one outcome, which the timeline and the log of the attempt tell; each lead is sent once.
    async fn l8_whatever_a_client_does_has_one_outcome(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", REJECTS).await;
        let typed = |body: String| Behaviour::Respond(200, vec![("content-type".into(), "application/json".into())], body);
        let raw = |text: &str| text.as_bytes().to_vec();
        let drip = raw("HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\nslowly, very slowly");
        let to = |url: &str| Behaviour::Respond(302, vec![("location".into(), url.into())], String::new());
        // Where the document reads the body, a success whose body is not whole is not an acceptance (M9); one that is not JSON is a text.
        let table = [
            ("accepts", typed("{}".into()), "delivered", "client_accepted", Some(200)),
            ("hangs", Behaviour::Silence(Duration::from_secs(5)), "failed", "retries_exhausted", None),
            ("drips its head", Behaviour::Drip(raw(&"HTTP/1.1 200 OK and so on".repeat(9)), Duration::from_millis(100)), "failed", "retries_exhausted", None),
            ("drips its body", Behaviour::Drip(drip, Duration::from_millis(30)), "failed", "not_interpreted", Some(200)),
            ("resets", Behaviour::Cut(Vec::new(), Ending::Reset), "failed", "retries_exhausted", None),
            ("speaks another protocol", Behaviour::Cut(raw("SSH-2.0-OpenSSH_9.2\r\n"), Ending::Close), "failed", "retries_exhausted", None),
            ("answers 10 MB", typed("x".repeat(10_000_000)), "failed", "not_interpreted", Some(200)),
            ("lies about its type", typed("<html>thank you</html>".into()), "delivered", "client_accepted", Some(200)),
            ("says more than its length", Behaviour::Cut(raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok{\"status\":\"rejected\"}"), Ending::Close), "delivered", "client_accepted", Some(200)),
            ("says less than its length", Behaviour::cut(200, "{", Ending::Close), "failed", "not_interpreted", Some(200)),
            ("redirects to a private address", to("http://10.0.0.1/leads"), "failed", "client_failed", Some(302)),
            ("rejects with 200", typed(r#"{"status":"rejected","why":"not in this area"}"#.into()), "rejected", "client_rejected", Some(200)),
            ("is broken", Behaviour::status(500), "failed", "retries_exhausted", Some(500)),
        ];
        for (number, (what, behaviour, state, cause, status)) in table.into_iter().enumerate() {
            let path = format!("/client/{number}");
            set_endpoint(&world, json!({"url": world.receiver.url(&path), "timeout_s": 2, "retries": 0})).await;
            world.receiver.plan(&path, [behaviour]);
            let id = submit(&world).await;
            let page = world.submission(&id).await;
            let last = page["timeline"].as_array().unwrap().last().unwrap().clone();
            assert_eq!((&last["state"], &last["cause"]), (&json!(state), &json!(cause)), "{what}: {page}");
            let delivery = deliveries(&world, &id, "client").await.remove(0);
            let attempts = delivery["log"].as_array().unwrap();
            assert_eq!((attempts.len(), &attempts[0]["status"]), (1, &json!(status)), "{what}: {delivery}");
            assert_eq!(world.receiver.at(&path).len(), 1, "{what}");
            assert!(!page["why"]["sentence"].as_str().unwrap().is_empty(), "{what}");
            // What is kept of a response is bounded.
            assert!(delivery.to_string().len() < 40_000, "{what}: {}", delivery.to_string().len());
        }
        world.stop().await;
    }
}

on_both! {
    /// L8 M9: an answer that asks for patience is heard though it is cut, and what was answered whole says nothing of a cut.
    async fn l8_a_cut_response_is_tried_again_where_its_status_says_so(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        world.receiver.plan("/client/CC", [Behaviour::cut(503, "{", Ending::Close)]);
        let id = submit(&world).await;
        assert_eq!(world.state(&id).await, "delivering");
        world.advance(AGAIN_MS).await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/client/CC").len()), ("delivered", 2));
        let log = deliveries(&world, &id, "client").await.remove(0)["log"].clone();
        let shown: Vec<Value> = log.as_array().unwrap().iter().map(|attempt| json!([attempt["outcome"], attempt["status"], attempt["detail"]["cut"]])).collect();
        assert_eq!(shown, [json!(["retry", 503, "protocol"]), json!(["accepted", 200, null])]);
        let page = world.submission(&id).await;
        assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["detail"].get("cut"), None);
        world.stop().await;
    }
}

const DESCRIBED: &str = r#"
version: 1
interpret:
  outcomes:
    - {outcome: accepted, when: {field: result, op: eq, value: ok}}
    - {outcome: rejected, when: {field: text, op: contains, value: rejected}}
  reference: id
"#;

on_both! {
    /// L8 M9: a document that says what an acceptance looks like finds none in a body that can't be read: the lead has failed, once. What can
    /// be read of a cut body counts.
    async fn m9_a_cut_body_accepts_nothing_where_the_document_describes_one(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", DESCRIBED).await;
        let close = |begun: &str| Behaviour::cut(200, begun, Ending::Close);
        let table = [
            (close("{\"result\":\"ok\",\"id\":"), "failed", "client_failed"),
            (close("{\"result\":\"rejected\",\"why"), "rejected", "client_rejected"),
            (Behaviour::json(200, &json!({"result": "ok"})), "delivered", "client_accepted"),
        ];
        for (at, (behaviour, state, cause)) in table.into_iter().enumerate() {
            let what = format!("{behaviour:?}");
            world.receiver.plan("/client/CC", [behaviour]);
            let id = submit(&world).await;
            world.advance(A_DAY_MS).await;
            assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/client/CC").len()), (state, at + 1), "{what}");
            let line = world.submission(&id).await["timeline"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(line["cause"], cause, "{what}");
            if state == "failed" {
                assert_eq!(line["detail"]["reason"], "the response matches no outcome of the document");
            }
        }
        world.stop().await;
    }
}

on_both! {
    /// L8 M9: where a document describes rejections alone, a success whose body can't be read may be one: nobody knows, so the lead has failed. An
    /// empty body is none, and a turned condition takes nothing for an acceptance.
    async fn m9_a_rejection_that_cannot_be_read_accepts_nothing(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "version: 1\ninterpret: {outcomes: [{outcome: rejected, when: {field: body.error, op: present}}]}\n").await;
        let table = [
            (Behaviour::cut(200, "{\"error\":", Ending::Close), "failed", "not_interpreted"),
            (Behaviour::cut(200, "", Ending::Close), "failed", "not_interpreted"),
            (Behaviour::Respond(200, Vec::new(), "<html><p>Sign in".into()), "failed", "not_interpreted"),
            (Behaviour::Respond(200, Vec::new(), String::new()), "delivered", "client_accepted"),
            (Behaviour::json(200, &json!({"error": "known"})), "rejected", "client_rejected"),
        ];
        for (at, (behaviour, state, cause)) in table.into_iter().enumerate() {
            let what = format!("{behaviour:?}");
            world.receiver.plan("/client/CC", [behaviour]);
            let id = submit(&world).await;
            world.advance(A_DAY_MS).await;
            assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/client/CC").len()), (state, at + 1), "{what}");
            let line = world.submission(&id).await["timeline"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(line["cause"], cause, "{what}: {line}");
        }
        let turned = "version: 1\ninterpret: {outcomes: [{outcome: accepted, when: {not: {field: body.error, op: present}}}]}\n";
        world.admin.put("/v1/campaigns/CC/document", &json!({"document": turned, "activate": true})).await.expect(201);
        for (body, state) in [("", "failed"), ("{\"id\":1}", "delivered")] {
            world.receiver.plan("/client/CC", [Behaviour::Respond(200, Vec::new(), body.into())]);
            let id = submit(&world).await;
            assert_eq!(world.state(&id).await, state, "{body}");
        }
        world.stop().await;
    }
}

on_both! {
    /// W9: a subscriber's cut answer is one too: a success is not repeated, and `410` pauses.
    async fn w9_a_cut_response_of_a_subscriber_counts(kind: Kind) {
        let world = World::new(kind).await;
        let settings = json!({"enabled": true, "url": world.receiver.url("/subscriber"), "events": ["lead.processed"]});
        world.admin.put("/v1/webhook-settings", &settings).await.expect(200);
        world.campaign("CC", "").await;
        world.receiver.plan("/subscriber", [Behaviour::cut(200, "tha", Ending::Reset), Behaviour::cut(410, "gone", Ending::Close)]);
        let first = submit(&world).await;
        world.advance(A_DAY_MS).await;
        assert_eq!(world.receiver.at("/subscriber").len(), 1);
        assert_eq!(deliveries(&world, &first, "organization_webhook").await[0]["state"], "delivered");
        submit(&world).await;
        assert!(world.admin.get("/v1/webhook-settings").await.expect(200).json["paused"]["at"].is_string());
        world.stop().await;
    }
}

on_both! {
    /// L8: a lead that was sent to one client without an answer never goes to another because the endpoint was edited, neither from memory
    /// nor from the store; what is made afterwards does.
    async fn l8_a_lead_stays_with_the_client_it_was_sent_to(kind: Kind) {
        let mut world = World::new(kind).await;
        world.campaign("CC", "").await;
        for restarts in [false, true] {
            let (a, b) = (format!("/a/{restarts}"), format!("/b/{restarts}"));
            set_endpoint(&world, endpoint(&world, &a, "of a")).await;
            world.receiver.plan(&a, [Behaviour::Close]);
            let id = submit(&world).await;
            set_endpoint(&world, endpoint(&world, &b, "of b")).await;
            if restarts {
                world.restart().await;
            }
            world.advance(AGAIN_MS).await;
            assert_eq!(world.state(&id).await, "delivered");
            assert_eq!((tokens(&world, &a), tokens(&world, &b)), (vec!["of a".to_owned(), "of a".into()], vec![]));
            submit(&world).await;
            assert_eq!((tokens(&world, &a).len(), tokens(&world, &b)), (2, vec!["of b".to_owned()]));
        }
        world.stop().await;
    }
}

on_both! {
    /// L8: an edit that leaves the receiver what it is, such as a new credential, reaches what waits, and so do settings that come back to it;
    /// else the last ones count that its version had. Another method is another receiver.
    async fn l8_a_new_credential_reaches_what_waits(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        set_endpoint(&world, endpoint(&world, "/a", "1")).await;
        world.receiver.plan("/a", [Behaviour::Close, Behaviour::status(500), Behaviour::status(500), Behaviour::status(500)]);
        let id = submit(&world).await;
        set_endpoint(&world, endpoint(&world, "/a", "2")).await;
        world.advance(AGAIN_MS).await;
        set_endpoint(&world, endpoint(&world, "/a", "3")).await;
        set_endpoint(&world, endpoint(&world, "/b", "of b")).await;
        world.advance(2 * AGAIN_MS).await;
        set_endpoint(&world, endpoint(&world, "/a", "4")).await;
        world.advance(4 * AGAIN_MS).await;
        let mut put = endpoint(&world, "/a", "of the put");
        put["method"] = json!("PUT");
        set_endpoint(&world, put).await;
        world.advance(8 * AGAIN_MS).await;
        assert_eq!(world.state(&id).await, "delivered");
        let got = world.receiver.at("/a");
        assert!(got.iter().all(|request| request.method == "POST" && request.body == got[0].body), "{got:?}");
        assert_eq!((tokens(&world, "/a"), tokens(&world, "/b")), (["1", "2", "3", "4", "3"].map(str::to_owned).to_vec(), vec![]));
        world.stop().await;
    }
}

on_both! {
    /// L2 L8: what a paused campaign holds goes to the client it was made for; an endpoint that is taken away ends that too.
    async fn l8_what_is_held_keeps_its_client(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        set_endpoint(&world, endpoint(&world, "/a", "of a")).await;
        world.receiver.plan("/a", [Behaviour::status(500), Behaviour::status(500)]);
        let id = submit(&world).await;
        world.set_state("CC", "paused").await;
        world.advance(AGAIN_MS).await;
        set_endpoint(&world, endpoint(&world, "/b", "of b")).await;
        world.activate("CC").await;
        world.settle().await;
        assert_eq!((world.receiver.at("/a").len(), world.receiver.at("/b").len()), (2, 0));
        world.admin.delete("/v1/campaigns/CC/endpoint").await.expect(204);
        set_endpoint(&world, endpoint(&world, "/a", "of another a")).await;
        world.advance(A_DAY_MS).await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/a").len()), ("failed", 2));
        assert_eq!(deliveries(&world, &id, "client").await[0]["log"][2]["outcome"], "destination_removed");
        world.stop().await;
    }
}

on_both! {
    /// W9 W11: an event waits for the webhook it was made for; sent again by hand, it goes to the one of now, and stays with that.
    async fn w11_a_resent_event_goes_to_the_webhook_of_now(kind: Kind) {
        let world = World::new(kind).await;
        let settings = |path: &str| json!({"enabled": true, "url": world.receiver.url(path), "events": ["lead.processed"], "retries": 1});
        world.admin.put("/v1/webhook-settings", &settings("/old")).await.expect(200);
        world.campaign("CC", "").await;
        world.receiver.always("/old", Behaviour::status(500));
        let id = submit(&world).await;
        world.admin.put("/v1/webhook-settings", &settings("/new")).await.expect(200);
        world.advance(AGAIN_MS).await;
        let delivery = deliveries(&world, &id, "organization_webhook").await.remove(0);
        assert_eq!((&delivery["state"], world.receiver.at("/old").len(), world.receiver.at("/new").len()), (&json!("failed"), 2, 0));
        world.receiver.plan("/new", [Behaviour::status(500)]);
        let resend = format!("/v1/deliveries/{}/resend", delivery["id"].as_str().unwrap());
        world.admin.post(&resend, &json!({})).await.expect(202);
        world.settle().await;
        world.admin.put("/v1/webhook-settings", &settings("/newest")).await.expect(200);
        // Its third attempt was its first there: the wait is that after three.
        world.advance(4 * AGAIN_MS).await;
        let got = world.receiver.at("/new");
        assert_eq!((world.receiver.at("/old").len(), got.len(), world.receiver.at("/newest").len()), (2, 2, 0));
        let first = &world.receiver.at("/old")[0];
        assert!(got.iter().all(|request| request.body == first.body && request.header("webhook-id") == first.header("webhook-id")));
        assert_eq!(deliveries(&world, &id, "organization_webhook").await[0]["state"], "delivered");
        world.stop().await;
    }
}

on_both! {
    /// H6 L8: only so many earlier receivers are kept, and those for which nothing can wait are not; what waits for one that is gone ends, and
    /// goes to nobody else.
    async fn h6_earlier_receivers_are_bounded(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.destination_versions_max = 2;
        let world = World::with(kind, options).await;
        world.campaign("CC", "").await;
        let store = world.pipeline().store();
        let key = store.campaign_by_id(&world.organization, "CC").await.unwrap().unwrap().key;
        let kept = async || {
            let current = store.client_destination(&key).await.unwrap().unwrap();
            let mut kept = Vec::new();
            for version in 1..=current.version {
                kept.extend(store.client_version(&current.id, version).await.unwrap().map(|_| version));
            }
            (current.version, kept)
        };
        world.receiver.plan("/0", [Behaviour::Close]);
        set_endpoint(&world, endpoint(&world, "/0", "")).await;
        let first = kept().await.0;
        let id = submit(&world).await;
        for n in 1..=3 {
            set_endpoint(&world, endpoint(&world, &format!("/{n}"), "")).await;
        }
        assert_eq!(kept().await, (first + 3, vec![first + 1, first + 2, first + 3]));
        world.advance(AGAIN_MS).await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/0").len()), ("failed", 1));
        assert_eq!(deliveries(&world, &id, "client").await[0]["log"][1]["outcome"], "destination_removed");
        assert!((1..=3).all(|n| world.receiver.at(&format!("/{n}")).is_empty()));
        // Nothing waits any more: what was replaced long ago is not kept.
        world.advance(A_DAY_MS).await;
        set_endpoint(&world, endpoint(&world, "/4", "")).await;
        assert_eq!(kept().await, (first + 4, vec![first + 3, first + 4]));
        // What something may still wait for is.
        world.receiver.plan("/4", [Behaviour::Close]);
        let id = submit(&world).await;
        world.set_state("CC", "paused").await;
        world.advance(A_DAY_MS).await;
        set_endpoint(&world, endpoint(&world, "/5", "")).await;
        world.clock.advance_ms(A_DAY_MS);
        set_endpoint(&world, endpoint(&world, "/6", "")).await;
        assert_eq!(kept().await, (first + 6, vec![first + 4, first + 5, first + 6]));
        world.activate("CC").await;
        world.settle().await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/4").len()), ("delivered", 2));
        world.stop().await;
    }
}

on_both! {
    /// W9: a `410` that answers a request by earlier settings does not pause what was saved meanwhile, neither the same URL nor another.
    async fn w9_gone_does_not_pause_newer_settings(kind: Kind) {
        let world = World::new(kind).await;
        let settings = |path: &str| json!({"enabled": true, "url": world.receiver.url(path), "events": ["lead.processed"]});
        world.campaign("CC", "").await;
        for (before, after) in [("/same", "/same"), ("/old", "/new")] {
            world.admin.put("/v1/webhook-settings", &settings(before)).await.expect(200);
            let (gate, made) = (Gate::new(), world.receiver.at(before).len());
            world.receiver.plan(before, [Behaviour::behind(&gate, 410)]);
            let id = submission_ids(&world.push(lead()).await).remove(0);
            world.receiver.until(before, made + 1).await;
            world.admin.put("/v1/webhook-settings", &settings(after)).await.expect(200);
            gate.open();
            world.settle().await;
            let delivery = deliveries(&world, &id, "organization_webhook").await.remove(0);
            assert_eq!((&delivery["state"], &delivery["log"][0]["status"]), (&json!("failed"), &json!(410)));
            assert_eq!(world.admin.get("/v1/webhook-settings").await.expect(200).json["paused"], Value::Null, "{before} {after}");
            let next = submit(&world).await;
            assert_eq!(deliveries(&world, &next, "organization_webhook").await[0]["state"], "delivered");
        }
        // Settings that were asked are paused.
        world.receiver.plan("/new", [Behaviour::status(410)]);
        submit(&world).await;
        assert!(world.admin.get("/v1/webhook-settings").await.expect(200).json["paused"]["at"].is_string());
        world.stop().await;
    }
}

/// A response of a client with these bytes as its body.
fn bytes(headers: &str, body: &[u8]) -> Behaviour {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\ncontent-length: {}\r\n\r\n", body.len());
    Behaviour::Cut([head.as_bytes(), body].concat(), Ending::Close)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(body, flate2::Compression::fast());
    std::io::Read::read_to_end(&mut encoder, &mut packed).unwrap();
    packed
}

on_both! {
    /// M9 W11: a response that came compressed or in another charset is interpreted by what it says, and logged as it came; one that can't be
    /// read is interpreted without a body, and the log says why.
    async fn m9_a_response_is_read_however_it_came(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", DESCRIBED).await;
        let accepted = br#"{"result":"ok","id":"7"}"#;
        let latin = b"<r>rejected, Stra\xdfe</r>";
        let bomb = gzip(&vec![b' '; 8 << 20]);
        let json = "content-type: application/json\r\ncontent-encoding:";
        let table = [
            (bytes(&format!("{json} gzip"), &gzip(accepted)), "delivered", json!(r#"{"result":"ok","id":"7"}"#), json!("gzip"), false),
            (bytes("content-type: text/xml; charset=ISO-8859-1", latin), "rejected", json!("<r>rejected, Straße</r>"), json!(null), true),
            (bytes(&format!("{json} br"), b"\x0b\x02\x80abc\x03"), "failed", json!(null), json!("br"), true),
            (bytes(&format!("{json} gzip"), b"\xffnot gzip"), "failed", json!(null), json!("gzip"), true),
            (bytes(&format!("{json} gzip"), &bomb), "failed", json!(" ".repeat(4_096)), json!("gzip"), false),
            (bytes("content-type: image/png", b"\x89PNG"), "failed", json!(null), json!(null), true),
        ];
        for (behaviour, state, body, encoding, has_bytes) in table {
            world.receiver.plan("/client/CC", [behaviour]);
            let id = submit(&world).await;
            let detail = deliveries(&world, &id, "client").await[0]["log"][0]["detail"].clone();
            assert_eq!(world.state(&id).await, state, "{detail}");
            assert_eq!((&detail["body"], &detail["content_encoding"]), (&body, &encoding), "{detail}");
            assert_eq!(detail["body_base64"].is_string(), has_bytes, "{detail}");
            let is_unread = encoding.is_string() && body.is_null();
            assert_eq!(detail["body_problem"].is_string(), is_unread, "{detail}");
        }
        world.stop().await;
    }
}

on_both! {
    /// L8: a request that is lost with a kept connection does not count as an attempt, also without retries: the client reads it once, and the log and the
    /// timeline say that it was sent again.
    async fn l8_a_request_lost_with_a_kept_connection_is_no_attempt(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        let mut endpoint = endpoint(&world, "/client/CC", "a");
        endpoint["retries"] = json!(0);
        set_endpoint(&world, endpoint).await;
        world.receiver.plan("/client/CC", [Behaviour::ThenReset(200)]);
        submit(&world).await;
        let id = submit(&world).await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/client/CC").len()), ("delivered", 2));
        let log = deliveries(&world, &id, "client").await[0]["log"].clone();
        assert_eq!((log.as_array().unwrap().len(), &log[0]["detail"]["resent"]), (1, &json!(true)), "{log}");
        let page = world.submission(&id).await;
        assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["detail"]["resent"], true, "{page}");
        world.stop().await;
    }
}

on_both! {
    /// M9: a redirect is not followed, and says what to save.
    async fn m9_a_redirect_says_what_to_save(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CC", "").await;
        let location = vec![("location".to_owned(), "/moved".to_owned())];
        world.receiver.plan("/client/CC", [Behaviour::Respond(301, location, String::new())]);
        let id = submit(&world).await;
        assert_eq!((world.state(&id).await.as_str(), world.receiver.at("/moved").len()), ("failed", 0));
        let attempt = deliveries(&world, &id, "client").await[0]["log"][0].clone();
        let target = world.receiver.url("/moved");
        let expected = format!("the endpoint redirects to {target} (301); save {target} as its URL");
        assert_eq!((&attempt["detail"]["reason"], &attempt["detail"]["redirects_to"]), (&json!(expected), &json!("/moved")));
        assert_eq!(world.submission(&id).await["client"]["reason"], expected);
        world.stop().await;
    }
}

on_both! {
    /// O9 W8: the target of a redirect may be as much of a secret as the URL it stands for: who may not set that URL sees scheme and host of it,
    /// and so do subscribers.
    async fn o9_a_viewer_does_not_see_where_a_redirect_leads(kind: Kind) {
        let world = World::new(kind).await;
        world.subscribe().await;
        world.campaign("CC", "").await;
        let target = "https://new.client.example/T000/B000?key=s3cret";
        let page = format!("Moved to <a href=\"{target}\">");
        world.receiver.plan("/client/CC", [Behaviour::Respond(301, vec![("location".to_owned(), target.to_owned())], page)]);
        let id = submit(&world).await;
        let delivery = deliveries(&world, &id, "client").await[0]["id"].as_str().unwrap().to_owned();
        let viewer = world.user("viewer").await;
        let addresses = [format!("/v1/submissions/{id}"), format!("/v1/deliveries/{delivery}")];
        for address in &addresses {
            let (whole, shown) = (world.admin.get(address).await.expect(200), viewer.get(address).await.expect(200));
            assert!(whole.text.contains("s3cret"), "{address}: {}", whole.text);
            assert!(!shown.text.contains("s3cret") && !shown.text.contains("T000"), "{address}: {}", shown.text);
            assert!(shown.text.contains("save https://new.client.example/\u{2026} as its URL"), "{address}: {}", shown.text);
        }
        // A redirect may be taken for an acceptance: then the response stands with the delivery alone.
        let accepts = "version: 1\ninterpret: {outcomes: [{outcome: accepted, when: {field: status, op: eq, value: 301}}]}";
        world.campaign("AA", accepts).await;
        let page = format!("Moved to <a href=\"{target}\">");
        world.receiver.plan("/client/AA", [Behaviour::Respond(301, vec![("location".to_owned(), target.to_owned())], page)]);
        let id = world.push_and_settle(json!([{"campaign_id": "AA"}])).await.remove(0);
        let address = format!("/v1/submissions/{id}");
        let (whole, shown) = (world.admin.get(&address).await.expect(200), viewer.get(&address).await.expect(200));
        assert_eq!((&whole.json["state"], &whole.json["why"]["response"]["status"]), (&json!("delivered"), &json!(301)));
        assert!(whole.text.contains("s3cret") && !shown.text.contains("s3cret"), "{}", shown.text);
        let told = world.receiver.at("/subscriber");
        assert!(told.iter().any(|request| String::from_utf8_lossy(&request.body).contains("redirects to https://new.client.example/")));
        assert!(told.iter().all(|request| !String::from_utf8_lossy(&request.body).contains("s3cret")));
        world.stop().await;
    }
}

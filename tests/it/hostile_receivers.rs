//! Receivers that do whatever they like to whoever sends to them, as clients and as webhooks [W8 W9 W11 W12 L8]: what the log says of each, what is
//! kept of it, that its place is free when it behaves at last, and that nobody else waited for it.

mod receiver;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookmill_domain::clock::Timestamp;
use hookmill_tests::world::START;
use hookmill_tests::{Behaviour, Client, Ending, Gate, Tenant, World, WorldOptions, on_both, on_sqlite};
use receiver::{Act, Hostile};
use serde_json::{Value, json};
use std::time::Duration;

/// More than any wait after a first attempt.
const AGAIN_MS: i64 = 7_000;
/// The longest wait that a receiver can ask for, in milliseconds.
const WAIT_MS_MAX: i64 = 86_400_000;
/// What is kept of a body at most (`kept_response_bytes_max`).
const KEPT_BYTES_MAX: usize = 4_096;
/// The deadline of what stalls, in seconds: long enough for a head to arrive on a busy machine.
const SHORT_S: u64 = 2;
/// The deadline of what ends by itself, in seconds.
const LONG_S: u64 = 30;
/// Longer than any deadline here.
const LONG: Duration = Duration::from_secs(60);
/// How much a receiver may get rid of before the host stops to read: its own bound, and what the kernel holds for both.
const TAKEN_BYTES_MAX: u64 = 64 << 20;
/// The bytes of one piece of a flood.
const PIECE: usize = 64 << 10;

/// A receiver, what it does, and what the log says of it by the documentation.
struct Case {
    name: &'static str,
    act: Act,
    /// The status of the response; none where none began.
    status: Option<u16>,
    outcome: &'static str,
    /// What the attempt names as the error, or as what cut the body: one of these. Empty where there is neither.
    problem: &'static [&'static str],
    /// The body as it is kept, where that is plain.
    body: Option<&'static str>,
}

/// A case without a response: it is tried again.
fn none(name: &'static str, act: Act, problem: &'static [&'static str]) -> Case {
    Case { name, act, status: None, outcome: "retry", problem, body: None }
}

/// A response that is whole.
fn whole(name: &'static str, act: Act, status: u16, outcome: &'static str) -> Case {
    Case { name, act, status: Some(status), outcome, problem: &[], body: None }
}

/// A success whose body is cut.
fn cut(name: &'static str, act: Act, problem: &'static [&'static str]) -> Case {
    Case { name, act, status: Some(200), outcome: "accepted", problem, body: None }
}

impl Case {
    fn with_body(self, body: &'static str) -> Self {
        Self { body: Some(body), ..self }
    }

    fn timeout_s(&self) -> u64 {
        if self.problem.contains(&"timeout") { SHORT_S } else { LONG_S }
    }
}

fn write(text: &str, ending: Ending) -> Act {
    Act::Write(text.as_bytes().to_vec(), ending)
}

/// A response of these lines after the first, and a body.
fn respond(status: &str, headers: &str, body: &str) -> Act {
    write(&format!("HTTP/1.1 {status}\r\n{headers}\r\n{body}"), Ending::Close)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(body, flate2::Compression::best());
    std::io::Read::read_to_end(&mut encoder, &mut packed).unwrap();
    packed
}

/// A body that comes compressed, and is a thousand times as long.
fn bomb() -> Act {
    let packed = gzip(&vec![b' '; 32 << 20]);
    assert!(packed.len() * 1_000 < 33 << 20);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    Act::Write([head.as_bytes(), &packed].concat(), Ending::Close)
}

fn flood(first: &str, piece: &[u8]) -> Act {
    Act::Flood(first.as_bytes().to_vec(), piece.to_vec())
}

fn drip(first: &str, piece: &str, last: &str, gate: &Gate) -> Act {
    Act::Drip(first.into(), piece.into(), last.into(), gate.clone())
}

/// Connections that break, in every phase.
fn breaks() -> Vec<Case> {
    const BROKEN: &[&str] = &["io"];
    let never = Gate::new();
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
    vec![
        none("resets when it has accepted", Act::EndAtOnce(Ending::Reset), &["io", "connect"]),
        none("closes when it has accepted", Act::EndAtOnce(Ending::Close), BROKEN),
        none("resets while it reads", Act::ResetWhileReading, BROKEN),
        none("resets when it has read", write("", Ending::Reset), BROKEN),
        none("closes when it has read", write("", Ending::Close), BROKEN),
        none("resets after the status line", write("HTTP/1.1 200 OK\r\n", Ending::Reset), BROKEN),
        none("resets within a header", write("HTTP/1.1 200 OK\r\ncontent-le", Ending::Reset), BROKEN),
        none("closes within a header", write("HTTP/1.1 200 OK\r\ncontent-le", Ending::Close), BROKEN),
        none("accepts and says nothing", Act::EndAtOnce(Ending::Stall(LONG)), &["timeout"]),
        none("reads and says nothing", write("", Ending::Stall(LONG)), &["timeout"]),
        none("drips its head", drip("HTTP/1.1 200 OK\r\nx-drip: ", "x", "", &never), &["timeout"]),
        cut("resets within the body", write(&format!("{head}half"), Ending::Reset), BROKEN),
        cut("closes within the body", write(&format!("{head}half"), Ending::Close), &["protocol"]).with_body("half"),
        cut("never ends its body", write(&format!("{head}half"), Ending::Stall(LONG)), &["timeout"]).with_body("half"),
        cut("drips its body", drip(head, "x", "", &never), &["timeout"]),
        whole("closes after each response", Act::CloseAfterEach, 200, "accepted"),
    ]
}

/// Bodies and heads without end.
fn floods() -> Vec<Case> {
    let chunk = [format!("{PIECE:x}\r\n").as_bytes(), &[b'x'; PIECE], b"\r\n"].concat();
    let piece = vec![b'x'; PIECE];
    let hint = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let lines = |count: usize| (0..count).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    vec![
        whole(
            "sends a gigabyte",
            flood("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", &piece),
            200,
            "accepted",
        ),
        whole(
            "sends chunks for ever",
            flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &chunk),
            200,
            "accepted",
        ),
        whole("sends a body without a length for ever", flood("HTTP/1.1 200 OK\r\n\r\n", &piece), 200, "accepted"),
        whole("sends a bomb", bomb(), 200, "accepted"),
        none("sends one header for ever", flood("HTTP/1.1 200 OK\r\nx: ", &piece), &["too_many_headers"]),
        none("sends too many headers", respond("200 OK", &lines(200), ""), &["too_many_headers"]),
        none("sends hints for ever", flood("", hint.repeat(1_000).as_bytes()), &["timeout", "too_many_headers"]),
        whole(
            "sends a hundred hints first",
            write(&format!("{}HTTP/1.1 204 None\r\n\r\n", hint.repeat(100)), Ending::Close),
            204,
            "accepted",
        ),
    ]
}

/// Responses that contradict themselves.
fn contradictions() -> Vec<Case> {
    const CUT: &[&str] = &["io", "protocol"];
    const CHUNKED: &str = "transfer-encoding: chunked\r\n";
    vec![
        cut("names too long a length", respond("200 OK", "content-length: 100\r\n", "short"), &["protocol"])
            .with_body("short"),
        whole("names too short a length", respond("200 OK", "content-length: 2\r\n", "ok and more"), 200, "accepted")
            .with_body("ok"),
        none(
            "names two lengths",
            respond("200 OK", "content-length: 2\r\ncontent-length: 3\r\n", "ok!"),
            &["protocol"],
        ),
        none("names a negative length", respond("200 OK", "content-length: -2\r\n", "ok"), &["protocol"]),
        none("names a length in words", respond("200 OK", "content-length: two\r\n", "ok"), &["protocol"]),
        none(
            "names a length beyond all numbers",
            respond("200 OK", "content-length: 99999999999999999999999\r\n", "ok"),
            &["protocol"],
        ),
        whole(
            "names a length and sends chunks",
            respond("200 OK", &format!("content-length: 3\r\n{CHUNKED}"), "5\r\nhello\r\n0\r\n\r\n"),
            200,
            "accepted",
        )
        .with_body("hello"),
        cut("breaks the length of a chunk", respond("200 OK", CHUNKED, "5\r\nhello\r\nzz\r\n"), CUT).with_body("hello"),
        cut("sends a negative chunk", respond("200 OK", CHUNKED, "5\r\nhello\r\n-1\r\n"), CUT).with_body("hello"),
        cut(
            "sends a chunk beyond all numbers",
            respond("200 OK", CHUNKED, "5\r\nhello\r\nffffffffffffffffff\r\n"),
            CUT,
        )
        .with_body("hello"),
        cut("leaves out the last chunk", respond("200 OK", CHUNKED, "5\r\nhello\r\n"), &["protocol"])
            .with_body("hello"),
        whole(
            "claims to be compressed",
            respond("200 OK", "content-encoding: gzip\r\ncontent-length: 5\r\n", "hello"),
            200,
            "accepted",
        ),
        whole("sends a body with 204", respond("204 None", "content-length: 5\r\n", "hello"), 204, "accepted"),
        whole(
            "responds before the body",
            Act::WriteBeforeTheBody(
                b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
            ),
            413,
            "failed",
        ),
    ]
}

/// Statuses that are none of HTTP's, and what is not HTTP.
fn statuses(elsewhere: &str) -> Vec<Case> {
    const NOT_HTTP: &[&str] = &["protocol"];
    let to =
        |status: &str, location: &str| respond(status, &format!("location: {location}\r\ncontent-length: 0\r\n"), "");
    let raw = |bytes: &[u8]| Act::Write(bytes.to_vec(), Ending::Close);
    vec![
        whole("says 999", respond("999 Beyond", "content-length: 0\r\n", ""), 999, "failed"),
        none("says 000", respond("000 Nothing", "content-length: 0\r\n", ""), NOT_HTTP),
        none("says 99", respond("99 Few", "content-length: 0\r\n", ""), NOT_HTTP),
        none("says 2000", respond("2000 Many", "content-length: 0\r\n", ""), NOT_HTTP),
        none("says a word for a status", respond("abc OK", "content-length: 0\r\n", ""), NOT_HTTP),
        none("speaks SSH", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), NOT_HTTP),
        none("speaks HTTP/0.9", raw(b"<html>hello</html>\r\n"), NOT_HTTP),
        none(
            "speaks HTTP/2",
            raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04\x00\x01\x00\x00"),
            NOT_HTTP,
        ),
        none("speaks TLS", raw(b"\x15\x03\x01\x00\x02\x02\x46"), NOT_HTTP),
        none("has NUL in a header", raw(b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n"), NOT_HTTP),
        whole(
            "has other bytes than ASCII in a header",
            raw(b"HTTP/1.1 200 \xe9\r\nx: \xff\xfe\r\ncontent-length: 0\r\n\r\n"),
            200,
            "accepted",
        ),
        whole("is gone", respond("410 Gone", "content-length: 0\r\n", ""), 410, "failed"),
        whole(
            "redirects to a private address",
            to("302 Found", "http://169.254.169.254/latest/meta-data"),
            302,
            "failed",
        ),
        whole("redirects to another receiver", to("307 Temporary", elsewhere), 307, "failed"),
        whole("redirects to nowhere", respond("301 Moved", "content-length: 0\r\n", ""), 301, "failed"),
        whole("redirects to nonsense", to("308 Permanent", "http://[\u{e9}"), 308, "failed"),
        whole("redirects to itself", Act::RedirectToItself(301), 301, "failed"),
    ]
}

/// A case with its two receivers, of which one is a client and one a webhook.
struct Trial {
    case: Case,
    campaign: String,
    client: Hostile,
    webhook: Hostile,
    subscription: String,
}

/// The newest delivery of these, with its log.
async fn delivery(admin: &Client, query: &str) -> Value {
    let page = admin.get(&format!("/v1/deliveries?limit=1&{query}")).await.expect(200).json;
    let id = page["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no delivery for {query}")).to_owned();
    admin.get(&format!("/v1/deliveries/{id}")).await.expect(200).json
}

/// One that was sent to the client of a campaign.
async fn client_delivery(admin: &Client, campaign: &str) -> Value {
    let page = admin.get(&format!("/v1/campaigns/{campaign}/submissions?limit=1")).await.expect(200).json;
    let submission = page["items"][0]["id"].as_str().unwrap().to_owned();
    delivery(admin, &format!("submission={submission}")).await
}

async fn subscribe(admin: &Client, campaign: &str, url: &str, more: Value) -> String {
    let mut draft = json!({"name": "Hook", "url": url, "events": ["lead.delivered"], "retries": 1, "timeout_s": LONG_S, "log_response_body": true});
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    admin.post(&format!("/v1/subscriptions?campaign={campaign}"), &draft).await.expect(201).str("id")
}

impl Trial {
    /// A campaign whose client is hostile, and a hostile subscription of the campaign `HOOKS`.
    async fn start(world: &World, number: usize, case: Case) -> Self {
        let (client, webhook) = (Hostile::start(case.act.clone()).await, Hostile::start(case.act.clone()).await);
        let campaign = world.campaign(&format!("C{number}"), "").await;
        let endpoint = json!({"url": client.url(), "retries": 1, "timeout_s": case.timeout_s()});
        world.admin.put(&format!("/v1/campaigns/{campaign}/endpoint"), &endpoint).await.expect(200);
        let deadline = json!({"timeout_s": case.timeout_s()});
        let subscription = subscribe(&world.admin, "HOOKS", &webhook.url(), deadline).await;
        Self { case, campaign, client, webhook, subscription }
    }

    fn pauses(&self) -> bool {
        self.case.status == Some(410)
    }

    /// Both deliveries, each with what it is.
    async fn deliveries(&self, world: &World) -> [(String, Value); 2] {
        let to_client = client_delivery(&world.admin, &self.campaign).await;
        let to_webhook = delivery(&world.admin, &format!("destination={}", self.subscription)).await;
        let name = self.case.name;
        [(format!("a client that {name}"), to_client), (format!("a webhook that {name}"), to_webhook)]
    }

    /// What was done is in the log, and little of what was sent is kept.
    async fn check_first(&self, world: &World) {
        for (what, page) in self.deliveries(world).await {
            let (attempt, case) = (&page["log"][0], &self.case);
            let detail = &attempt["detail"];
            assert_eq!(page["log"].as_array().unwrap().len(), 1, "{what}: {page}");
            assert_eq!(attempt["status"], json!(case.status), "{what}: {page}");
            let problem = if case.status.is_none() { &detail["error"] } else { &detail["cut"] };
            match case.problem {
                [] => assert_eq!(problem, &Value::Null, "{what}: {page}"),
                expected => {
                    assert!(problem.as_str().is_some_and(|problem| expected.contains(&problem)), "{what}: {page}")
                }
            }
            match (case.outcome, page["destination_kind"].as_str()) {
                // Whether a webhook that says no is asked again does not matter here.
                ("failed", Some("subscription")) => assert_ne!(page["state"], "delivered", "{what}: {page}"),
                ("failed", _) => assert_eq!(
                    (&page["state"], &attempt["outcome"]),
                    (&json!("failed"), &json!("failed")),
                    "{what}: {page}"
                ),
                ("accepted", _) => assert_eq!(
                    (&page["state"], &attempt["outcome"]),
                    (&json!("delivered"), &json!("accepted")),
                    "{what}: {page}"
                ),
                (outcome, _) => assert_eq!(
                    (&page["state"], &attempt["outcome"]),
                    (&json!("waiting"), &json!(outcome)),
                    "{what}: {page}"
                ),
            }
            if let Some(body) = case.body {
                assert_eq!(detail["body"], body, "{what}: {page}");
            }
            self.check_kept(&what, detail);
        }
        for receiver in [&self.client, &self.webhook] {
            // Hints are not kept, and are read until the deadline.
            let is_bounded = receiver.bytes_taken() <= TAKEN_BYTES_MAX || self.case.name == "sends hints for ever";
            assert!(is_bounded, "{}: {} bytes", self.case.name, receiver.bytes_taken());
            assert!(
                receiver.received().len() <= 1,
                "{}: a redirect was followed, or it was sent twice",
                self.case.name
            );
        }
    }

    fn check_kept(&self, what: &str, detail: &Value) {
        let text = detail["body"].as_str().map_or(0, str::len);
        let bytes = detail["body_base64"].as_str().map_or(0, |text| STANDARD.decode(text).unwrap().len());
        assert!(text <= KEPT_BYTES_MAX && bytes <= KEPT_BYTES_MAX, "{what}: {text} and {bytes} bytes are kept");
        let is_long = matches!(self.case.act, Act::Flood(..)) || self.case.name == "sends a bomb";
        if is_long && self.case.status.is_some() {
            assert_eq!((text, &detail["truncated"]), (KEPT_BYTES_MAX, &json!(true)), "{what}: {detail}");
        }
        assert!(detail.to_string().len() < 4 * KEPT_BYTES_MAX, "{what}: {detail}");
    }

    /// What was to be tried again is, with the same bytes under the same id, and is taken.
    async fn check_again(&self, world: &World) {
        if self.case.outcome != "retry" {
            return;
        }
        for (what, page) in self.deliveries(world).await {
            assert_eq!(
                (&page["state"], &page["attempts"], &page["log"][1]["status"]),
                (&json!("delivered"), &json!(2), &json!(200)),
                "{what}: {page}"
            );
        }
        let got = self.webhook.received();
        let first = &got[0];
        assert!(got.iter().all(|request| request.body == first.body && request.header("webhook-id") == first.header("webhook-id")), "{got:?}");
    }

    /// Its place is free: the next message is taken at once, but by who is gone, who is not asked.
    async fn check_next(&self, world: &World) {
        for (what, page) in self.deliveries(world).await {
            let is_paused = self.pauses() && page["destination_kind"] == "subscription";
            if is_paused {
                assert_eq!(
                    (&page["state"], self.webhook.received().len()),
                    (&json!("suppressed"), 1),
                    "{what}: {page}"
                );
            } else {
                assert_eq!((&page["state"], &page["attempts"]), (&json!("delivered"), &json!(1)), "{what}: {page}");
            }
        }
    }
}

fn options() -> WorldOptions {
    let mut options = WorldOptions::default();
    options.settings.limits.stop_ms = 500;
    options
}

/// A lead for the webhooks, and one for each client.
async fn push_to_all(world: &World, trials: &[Trial], email: &str) {
    let campaigns = trials.iter().map(|trial| trial.campaign.as_str()).chain(["HOOKS"]);
    let leads: Vec<Value> = campaigns.map(|id| json!({"campaign_id": id, "email": email})).collect();
    world.push_and_settle(json!(leads)).await;
}

on_sqlite! {
    /// W8 W9 W11 L8 H6: whatever a receiver does, the log names it, little of it is kept, no redirect is followed, and its place is free when it behaves.
    async fn w9_w11_l8_whatever_a_receiver_does(kind: Kind) {
        let world = World::with(kind, options()).await;
        world.draft("HOOKS", "").await;
        world.activate("HOOKS").await;
        let elsewhere = world.receiver.url("/elsewhere");
        let cases: Vec<Case> = [breaks(), floods(), contradictions(), statuses(&elsewhere)].into_iter().flatten().collect();
        let mut trials = Vec::new();
        for (number, case) in cases.into_iter().enumerate() {
            trials.push(Trial::start(&world, number, case).await);
        }
        push_to_all(&world, &trials, "first@x.example").await;
        for trial in &trials {
            trial.check_first(&world).await;
            trial.client.behave();
            trial.webhook.behave();
        }
        world.advance(AGAIN_MS).await;
        for trial in &trials {
            trial.check_again(&world).await;
        }
        push_to_all(&world, &trials, "next@x.example").await;
        for trial in &trials {
            trial.check_next(&world).await;
        }
        assert!(world.receiver.at("/elsewhere").is_empty(), "a redirect was followed");
        // Whoever was gone is told again once it is saved.
        let gone = trials.iter().find(|trial| trial.pauses()).unwrap();
        let path = format!("/v1/subscriptions/{}", gone.subscription);
        let shown = world.admin.get(&path).await.expect(200).json;
        assert!(shown["paused"]["at"].is_string(), "{shown}");
        let again = json!({"name": "Hook", "url": gone.webhook.url(), "events": ["lead.delivered"]});
        assert_eq!(world.admin.put(&path, &again).await.expect(200).json["paused"], Value::Null);
        world.push_and_settle(json!([{"campaign_id": "HOOKS", "email": "last@x.example"}])).await;
        let last = delivery(&world.admin, &format!("destination={}", gone.subscription)).await;
        assert_eq!((&last["state"], &last["attempts"]), (&json!("delivered"), &json!(1)), "{last}");
        world.stop().await;
    }
}

/// A response that asks for patience, with these bytes as headers.
fn busy(headers: &[u8]) -> Act {
    Act::Write([b"HTTP/1.1 503 Busy\r\n".as_slice(), headers, b"content-length: 0\r\n\r\n"].concat(), Ending::Close)
}

/// A value of `Retry-After`, and after how many milliseconds the next attempt is due.
fn patience() -> Vec<(Vec<u8>, std::ops::RangeInclusive<i64>)> {
    // What is nonsense is ignored: five seconds, a quarter less at most.
    let ours = 3_750..=5_000;
    let longest = WAIT_MS_MAX..=WAIT_MS_MAX;
    let long = "9".repeat(5_000);
    let ignored: Vec<&[u8]> = vec![
        b"-5",
        b"+5",
        b"1e9",
        b"5.5",
        b"soon",
        b"",
        b"   ",
        b"99999999999999999999999999",
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sun, 01 Mar 2026 12:00:00 GMT",
        b"Mon, 31 Feb 2099 25:61:61 GMT",
        b"5, 10",
        b"\xd9\xa3",
        b"\xff\xfe",
        b"0x10",
        long.as_bytes(),
    ];
    let mut all: Vec<_> = ignored.into_iter().map(|value| (line(value), ours.clone())).collect();
    all.extend([
        // Within bounds: a second at least, a day at most, and never earlier than asked.
        (line(b"0"), 1_000..=1_250),
        (line(b"60"), 60_000..=75_000),
        (line(b"3153600000"), longest.clone()),
        (line(b"Fri, 31 Dec 9999 23:59:59 GMT"), longest),
        (line(b"Sun, 01 Mar 2026 12:01:00 GMT"), 60_000..=75_000),
        // Of many the first counts.
        (line(b"60").repeat(2), 60_000..=75_000),
        ([line(b"60"), line(b"3600")].concat(), 60_000..=75_000),
    ]);
    all
}

fn line(value: &[u8]) -> Vec<u8> {
    [b"retry-after: ", value, b"\r\n"].concat()
}

on_both! {
    /// W9: whatever a receiver writes as `Retry-After`, the next attempt is due within bounds; nonsense is ignored.
    async fn w9_any_retry_after_is_survived(kind: Kind) {
        let world = World::with(kind, options()).await;
        world.draft("HOOKS", "").await;
        world.activate("HOOKS").await;
        let mut due = Vec::new();
        for (headers, expected) in patience() {
            let receiver = Hostile::start(busy(&headers)).await;
            let id = subscribe(&world.admin, "HOOKS", &receiver.url(), json!({})).await;
            due.push((receiver, String::from_utf8_lossy(&headers[..headers.len().min(80)]).into_owned(), id, expected));
        }
        world.push_and_settle(json!([{"campaign_id": "HOOKS", "email": "ann@x.example"}])).await;
        for (receiver, what, id, expected) in &due {
            let page = delivery(&world.admin, &format!("destination={id}")).await;
            assert_eq!((&page["state"], &page["log"][0]["status"]), (&json!("waiting"), &json!(503)), "{what}: {page}");
            let at = Timestamp::parse(page["next_try_at"].as_str().unwrap()).unwrap();
            let wait_ms = at.0 - START.0;
            assert!(expected.contains(&wait_ms), "{what}: {wait_ms} ms");
            receiver.behave();
        }
        world.advance(WAIT_MS_MAX).await;
        for (_, what, id, _) in &due {
            let page = delivery(&world.admin, &format!("destination={id}")).await;
            assert_eq!((&page["state"], &page["attempts"]), (&json!("delivered"), &json!(2)), "{what}: {page}");
        }
        world.stop().await;
    }
}

/// A receiver that holds what it gets until the gate is open, in one of three ways.
async fn holding(way: usize, gate: &Gate) -> Hostile {
    let act = match way % 3 {
        0 => drip("", "", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", gate),
        1 => drip("HTTP/1.1 200 OK\r\nx-drip: ", "x", "\r\ncontent-length: 0\r\n\r\n", gate),
        _ => drip("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n", "0\r\n\r\n", gate),
    };
    Hostile::start(act).await
}

/// A campaign of another organization with a client and a subscription that behave.
async fn well_behaved_neighbour(world: &World) -> Tenant {
    let other = world.second_organization().await;
    other.admin.post("/v1/campaigns", &json!({"id": "WELL", "name": "WELL"})).await.expect(201);
    let endpoint = json!({"url": world.receiver.url("/other/client"), "retries": 1});
    other.admin.put("/v1/campaigns/WELL/endpoint", &endpoint).await.expect(200);
    other.admin.put("/v1/campaigns/WELL/state", &json!({"state": "active"})).await.expect(200);
    subscribe(&other.admin, "WELL", &world.receiver.url("/other/hook"), json!({})).await;
    other
}

const LEADS: usize = 10;

fn leads(campaign: &str) -> Value {
    json!((0..LEADS).map(|n| json!({"campaign_id": campaign, "email": format!("{n}@x.example")})).collect::<Vec<_>>())
}

on_both! {
    /// W9 W12: while receivers of every kind hold what they get (the settings' webhooks, subscriptions, a scoped one and a client), whoever behaves is told, in the same
    /// campaign, in another of the organization and in another organization; and once they let go, all is delivered at the first attempt.
    async fn w12_who_holds_on_delays_nobody(kind: Kind) {
        let mut options = options();
        options.settings.limits.deliveries_in_flight_max = 128;
        options.settings.limits.deliveries_to_new_destination_max = 2;
        let world = World::with(kind, options).await;
        for id in ["HOOKS", "OWN"] {
            world.draft(id, "").await;
            world.activate(id).await;
        }
        world.campaign("HELD", "").await;
        let gate = Gate::new();
        let mut held = Vec::new();
        for way in 0..8 {
            held.push(holding(way, &gate).await);
        }
        let admin = &world.admin;
        let settings = |receiver: &Hostile| json!({"enabled": true, "url": receiver.url(), "events": ["lead.delivered"], "timeout_s": 120});
        admin.put("/v1/webhook-settings", &settings(&held[0])).await.expect(200);
        admin.put("/v1/campaigns/OWN/webhook-settings", &settings(&held[1])).await.expect(200);
        admin.put("/v1/campaigns/HELD/endpoint", &json!({"url": held[2].url(), "timeout_s": 120})).await.expect(200);
        let scoped = json!({"webhook_url": held[3].url(), "association_type": "campaign", "email_campaign_id": "HOOKS", "event_type": "lead.delivered"});
        admin.post("/api/v1/webhook/create", &scoped).await.expect(200);
        for receiver in &held[4..] {
            subscribe(admin, "HOOKS", &receiver.url(), json!({"timeout_s": 120})).await;
        }
        for campaign in ["HOOKS", "OWN", "HELD"] {
            world.push(leads(campaign)).await;
        }
        world.until("each of them holds what it may have", async || held.iter().all(|receiver| receiver.received().len() == 2)).await;

        subscribe(admin, "HOOKS", &world.receiver.url("/same/campaign"), json!({})).await;
        subscribe(admin, "OWN", &world.receiver.url("/same/organization"), json!({})).await;
        world.campaign("WELL", "").await;
        let other = well_behaved_neighbour(&world).await;
        for campaign in ["HOOKS", "OWN", "WELL"] {
            world.push(leads(campaign)).await;
        }
        other.source.post("/v1/leads", &json!({"idempotency_key": "well", "leads": leads("WELL")})).await.expect(202);
        for path in ["/same/campaign", "/same/organization", "/client/WELL", "/other/client", "/other/hook"] {
            world.receiver.until(path, LEADS).await;
        }
        assert!(!gate.is_open());
        for receiver in &held {
            assert_eq!(receiver.received().len(), 2, "a receiver that has not responded gets no more than its places");
        }
        gate.open();
        world.settle().await;
        let left = world.admin.get("/v1/deliveries?state=waiting").await.expect(200).json;
        assert_eq!(left["items"], json!([]), "all are delivered at the first attempt");
        let counts: Vec<usize> = held.iter().map(|receiver| receiver.received().len()).collect();
        // The organization's webhook is told of all campaigns but the one with settings of its own: twice of one, and once of two.
        assert_eq!(counts, [4 * LEADS, 2 * LEADS, LEADS, 2 * LEADS, 2 * LEADS, 2 * LEADS, 2 * LEADS, 2 * LEADS]);
        world.stop().await;
    }
}

on_both! {
    /// W9 W11: a webhook that closes kept connections, or resets them under the next request, is told of everything once, at the first attempt.
    async fn w9_idle_connections_may_go(kind: Kind) {
        let world = World::with(kind, options()).await;
        world.draft("HOOKS", "").await;
        world.activate("HOOKS").await;
        let closes = Hostile::start(Act::CloseAfterEach).await;
        let closing = subscribe(&world.admin, "HOOKS", &closes.url(), json!({})).await;
        let resetting = subscribe(&world.admin, "HOOKS", &world.receiver.url("/resets"), json!({})).await;
        world.receiver.always("/resets", Behaviour::ThenReset(200));
        for n in 0..6 {
            world.push_and_settle(json!([{"campaign_id": "HOOKS", "email": format!("{n}@x.example")}])).await;
            for id in [&closing, &resetting] {
                let page = delivery(&world.admin, &format!("destination={id}")).await;
                assert_eq!((&page["state"], &page["attempts"]), (&json!("delivered"), &json!(1)), "{n}: {page}");
            }
        }
        assert_eq!((closes.received().len(), world.receiver.at("/resets").len()), (6, 6));
        world.stop().await;
    }
}

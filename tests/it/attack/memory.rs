//! Attacks on memory and on the threads that serve all: by large samples, by bodies that inflate a thousandfold, by calls that take long, and
//! by who leaves in the middle. One organization has a part of what all share; the others go on, and all of it is given back.

use flate2::Compression;
use flate2::read::GzEncoder;
use hookmill_domain::config::Limits;
use hookmill_tests::{Client, HostProcess, Kind, Response, TestDatabase, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::hostile::fixtures::guest;
use crate::hostile::neighbour::{Latencies, now, read_resources};

/// How long anything may take that is to happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a victim may wait for a response, on a machine that does much else.
const VICTIM_MAX: Duration = Duration::from_secs(5);
/// How much memory the host may have, whatever is done to it.
const RESIDENT_KB_MAX: u64 = 1 << 20;
/// How often a victim posts and looks at the host's health.
const VISITS: usize = 40;
/// How many attack at once.
const ATTACKERS: usize = 40;

/// An organization on a host, with an admin and a source.
struct Tenant {
    admin: Client,
    source: Client,
}

impl Tenant {
    async fn create(operator: &Client, name: &str) -> Self {
        let id = operator.post("/v1/organizations", &json!({"name": name})).await.expect(201).str("id");
        let within = operator.in_organization(&id);
        let user = within.post("/v1/users", &json!({"name": "admin", "role": "admin"})).await.expect(201).str("id");
        let key = within.post("/v1/api-keys", &json!({"user_id": user, "name": "k"})).await.expect(201).str("key");
        let admin = operator.with_key(&key).without_organization();
        let key = within.post("/v1/source-keys", &json!({"name": "website"})).await.expect(201).str("key");
        let source = operator.with_key(&key).without_organization();
        admin.post("/v1/campaigns", &json!({"id": "CC", "name": "CC"})).await.expect(201);
        Self { admin, source }
    }
}

/// A host in a process of its own, with an attacker and a victim on it.
struct Attacked {
    host: HostProcess,
    attacker: Tenant,
    victim: Tenant,
    _database: TestDatabase,
    _data: tempfile::TempDir,
}

impl Attacked {
    async fn start(kind: Kind) -> Self {
        let (database, data) = (TestDatabase::create(kind).await, tempfile::tempdir().expect("a directory"));
        let host = HostProcess::start(data.path(), database.url.as_deref()).await;
        let operator = host.client().with_key(host.operator_key.as_deref().expect("a key on empty data"));
        let attacker = Tenant::create(&operator, "attacker").await;
        let victim = Tenant::create(&operator, "victim").await;
        Self { host, attacker, victim, _database: database, _data: data }
    }

    /// Has attackers do this until the victim has made its visits; returns what they got, by status, code and budget.
    async fn while_attacked<F>(&self, name: &str, attack: impl Fn(usize) -> F) -> BTreeMap<(u16, String, String), usize>
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let (goes_on, most) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        let attack = &attack;
        let attackers = async {
            let attacker = |number| {
                let goes_on = Arc::clone(&goes_on);
                async move {
                    let mut got = Vec::new();
                    // Each at least once, however soon the victim is served.
                    loop {
                        let response = attack(number).await;
                        check_rejection(&response);
                        let budget = response.json["error"]["budget"].as_str().unwrap_or_default().to_owned();
                        got.push((response.status, response.code().to_owned(), budget));
                        if !goes_on.load(Ordering::Relaxed) {
                            return got;
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            };
            let mut all = Vec::new();
            for got in join_all((0..ATTACKERS).map(attacker)).await {
                all.extend(got);
            }
            all
        };
        let process = self.host.id().to_string();
        let victim = async {
            let (mut posts, mut health) = (Vec::new(), Vec::new());
            for visit in 0..VISITS {
                let lead = json!({"campaign_id": "CC", "email": format!("{visit}@x.example")});
                let body = json!({"idempotency_key": format!("{name}-{visit}"), "leads": [lead]});
                let start = now();
                self.victim.source.post("/v1/leads", &body).await.expect(202);
                posts.push(start.elapsed());
                let start = now();
                self.host.client().get("/healthz").await.expect(200);
                health.push(start.elapsed());
                most.fetch_max(read_resources(&process).resident_kb, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            goes_on.store(false, Ordering::Relaxed);
            (Latencies::new(posts), Latencies::new(health))
        };
        let (got, (posts, health)) = tokio::join!(attackers, victim);
        most.fetch_max(read_resources(&process).resident_kb, Ordering::Relaxed);
        let most = most.load(Ordering::Relaxed);
        let mut table = BTreeMap::new();
        for response in got {
            *table.entry(response).or_insert(0) += 1;
        }
        println!("{name}: posts {posts}, health {health}, {most} KB at most, {table:?}");
        assert!(posts.percentile(99) < VICTIM_MAX && health.percentile(99) < VICTIM_MAX, "{name}");
        assert!(most < RESIDENT_KB_MAX, "{name}: {most} KB");
        table
    }
}

/// H6 I14: what is rejected for want of room says which budget is used up, and when to come again.
fn check_rejection(response: &Response) {
    if response.status == 429 {
        assert!(response.headers.contains_key("retry-after"), "{}", response.text);
        let budget = response.json["error"]["budget"].as_str().unwrap_or_default();
        assert!(["bodies_bytes_max", "heavy_calls_max", "rows_shown_max"].contains(&budget), "{}", response.text);
        assert!(response.json["error"]["message"].as_str().unwrap().contains(budget), "{}", response.text);
    }
}

/// Polls all of them on this task, in turn.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pending.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if pending.iter().all(|(_, done)| done.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}

/// Posts bytes that were made before: the attack is to cost the host, not the test.
fn post(
    client: &Client,
    path: &str,
    coding: &str,
    body: bytes::Bytes,
) -> impl Future<Output = Response> + Send + 'static {
    let request = client.request("POST", path).header("content-type", "application/json");
    let request = if coding.is_empty() { request } else { request.header("content-encoding", coding.to_owned()) };
    async move {
        let response = request.body(body).send().await.expect("a response, also to what is rejected");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_default();
        Response { status, headers, json: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}

fn gzip(body: &[u8]) -> bytes::Bytes {
    let mut packed = Vec::new();
    GzEncoder::new(body, Compression::best()).read_to_end(&mut packed).unwrap();
    packed.into()
}

/// A sample of about so many bytes with a text, or with many small fields.
fn sample(bytes: usize, has_fields: bool) -> bytes::Bytes {
    let body = if has_fields {
        let fields: Vec<String> = (0..bytes / 12).map(|n| format!("\"f{n:06}\":0")).collect();
        format!("{{\"email\":\"a@x.example\",{}}}", fields.join(","))
    } else {
        format!("{{\"email\":\"a@x.example\",\"note\":\"{}\"}}", "x".repeat(bytes))
    };
    format!("{{\"body\":{body}}}").into()
}

on_both! {
    /// H6: dry runs of samples of 8 MiB, and of the largest that are run, from one organization on forty connections: another one's leads
    /// are taken, the host says that it is well, and its memory stays within its bound.
    async fn h6_large_dry_runs_stop_nobody(kind: Kind) {
        let attacked = Attacked::start(kind).await;
        let samples = [sample((8 << 20) - 200, false), sample((8 << 20) - 200, true), sample(1_000_000, false), sample(1_000_000, true)];
        let admin = &attacked.attacker.admin;
        let table = attacked.while_attacked("dry runs", |number| post(admin, "/v1/campaigns/CC/dry-run", "", samples[number % samples.len()].clone())).await;
        for (status, code, _) in table.keys() {
            assert!([200, 400, 413, 422, 429, 503].contains(status), "{status} {code}");
        }
        assert!(table.keys().any(|(status, code, _)| *status == 413 && code == "sample_too_large"), "{table:?}");
        // The attacker is served again when it has stopped.
        let small = json!({"body": {"email": "a@x.example"}});
        admin.post("/v1/campaigns/CC/dry-run", &small).await.expect(200);
        attacked.host.kill().await;
    }
}

on_both! {
    /// H6: bodies that inflate a thousandfold, from one organization on forty connections: another one's leads are taken.
    async fn h6_bodies_that_inflate_stop_nobody(kind: Kind) {
        let attacked = Attacked::start(kind).await;
        let spaces = |bytes: usize| gzip(format!("{}[{{\"email\":\"a@x.example\"}}]", " ".repeat(bytes)).as_bytes());
        // Beyond the bound, below it, and not JSON at its very end.
        let bodies = [spaces(64 << 20), spaces(15 << 20), gzip(format!("{}x", " ".repeat(15 << 20)).as_bytes())];
        assert!(bodies.iter().all(|body| body.len() < 1 << 17), "they are small as they are sent");
        let source = &attacked.attacker.source;
        let table = attacked.while_attacked("gzip", |number| post(source, "/v1/campaigns/CC/leads", "gzip", bodies[number % bodies.len()].clone())).await;
        for (status, code, _) in table.keys() {
            assert!([202, 400, 413, 429, 503].contains(status), "{status} {code}");
        }
        attacked.host.kill().await;
    }
}

/// Waits until nothing is held any more.
async fn until_given_back(world: &World, what: &str) {
    let budgets = world.pipeline().budgets();
    let held = || [budgets.bytes.in_use(), budgets.heavy_calls.in_use(), budgets.rows.in_use()];
    let given_back = async {
        while held() != [0; 3] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, given_back).await;
    assert!(ended.is_ok(), "{what}: bytes, calls and rows {:?} are still held", held());
}

async fn world(kind: Kind, set: impl FnOnce(&mut Limits)) -> World {
    let mut options = WorldOptions::default();
    set(&mut options.settings.limits);
    options.engine_limits.deadline_base_ms = 2_000;
    World::with(kind, options).await
}

/// A campaign of the hostile plugin, whose samples do as they say.
async fn hostile_campaign(world: &World, id: &str) {
    let uploaded = world.admin.put_bytes("/v1/plugins/hostile", guest("hostile")).await.expect(201).json;
    world.draft(id, "").await;
    let plugin = json!({"id": uploaded["plugin_id"], "version": uploaded["version"]});
    let chosen = json!({"plugin": plugin, "document": "any", "activate": true});
    world.admin.put(&format!("/v1/campaigns/{id}/document"), &chosen).await.expect(201);
}

fn slow_dry_run(world: &World) -> JoinHandle<Response> {
    let (admin, sample) = (world.admin.clone(), json!({"body": {"email": "a@x.example", "do": "map:loop"}}));
    tokio::spawn(async move { admin.post("/v1/campaigns/LOOP/dry-run", &sample).await })
}

/// Waits until so many calls that take long are under way.
async fn until_heavy_calls(world: &World, count: usize) {
    let begun = async {
        while world.pipeline().budgets().heavy_calls.in_use() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("the calls begin");
}

on_both! {
    /// H6: an organization has half of the calls that take long; the next one is told which bound it meets, and another organization's is
    /// taken.
    async fn h6_one_organization_has_half_of_the_heavy_calls(kind: Kind) {
        let world = world(kind, |limits| limits.heavy_calls_max = 4).await;
        let other = world.second_organization().await;
        hostile_campaign(&world, "LOOP").await;
        other.admin.post("/v1/campaigns", &json!({"id": "OTHER", "name": "OTHER"})).await.expect(201);
        until_given_back(&world, "before").await;
        let slow = [slow_dry_run(&world), slow_dry_run(&world)];
        until_heavy_calls(&world, 2).await;
        let sample = json!({"body": {"email": "a@x.example"}});
        let rejected = world.admin.post("/v1/campaigns/LOOP/dry-run", &sample).await.expect_error(429, "overloaded");
        check_rejection(&rejected);
        assert_eq!(rejected.json["error"]["budget"], "heavy_calls_max");
        world.admin.get("/v1/campaigns/LOOP/fields").await.expect_error(429, "overloaded");
        world.admin.put("/v1/value-sets/set", &json!({"a": 1})).await.expect_error(429, "overloaded");
        other.admin.post("/v1/campaigns/OTHER/dry-run", &sample).await.expect(200);
        for run in slow {
            run.await.unwrap().expect(200);
        }
        until_given_back(&world, "after").await;
        world.admin.post("/v1/campaigns/LOOP/dry-run", &sample).await.expect(200);
        world.stop().await;
    }
}

/// Begins a post of this body and keeps all but its last byte.
async fn begin_post(world: &World, key: &str, path: &str, headers: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(world.address()).await.expect("the host listens");
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it is connected");
    stream.write_all(&body[..length - 1]).await.expect("it is connected");
    stream
}

async fn until_bytes(world: &World, bytes: usize) {
    let begun = async {
        while world.pipeline().budgets().bytes.in_use() < bytes {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("the bytes are held");
}

on_both! {
    /// H6: bodies of one organization that are half read take its part of the memory; its next one is rejected, and another one's are taken. Whoever
    /// is rejected reads why.
    async fn h6_one_organization_has_half_of_the_memory_for_bodies(kind: Kind) {
        let world = world(kind, |limits| {
            (limits.bodies_bytes_max, limits.progress_ms, limits.request_timeout_ms) = (1 << 20, 120_000, 120_000);
        }).await;
        let other = world.second_organization().await;
        world.draft("CC", "").await;
        other.admin.post("/v1/campaigns", &json!({"id": "CC", "name": "CC"})).await.expect(201);
        let body = format!("{{\"email\":\"a@x.example\",\"note\":\"{}\"}}", "x".repeat(400_000));
        let stuck = begin_post(&world, &world.source_key, "/v1/campaigns/CC/leads", "", body.as_bytes()).await;
        until_bytes(&world, 400_000).await;
        let again = post(&world.source, "/v1/campaigns/CC/leads", "", body.clone().into()).await;
        check_rejection(&again);
        assert_eq!((again.status, again.json["error"]["budget"].as_str()), (429, Some("bodies_bytes_max")), "{}", again.text);
        post(&other.source, "/v1/campaigns/CC/leads", "", r#"{"email":"a@x.example"}"#.into()).await.expect(202);
        drop(stuck);
        until_given_back(&world, "the sender has left").await;
        post(&world.source, "/v1/campaigns/CC/leads", "", r#"{"email":"a@x.example"}"#.into()).await.expect(202);
        world.stop().await;
    }
}

on_both! {
    /// H6: however a request ends, what was held for it is given back.
    async fn h6_whatever_ends_a_request_gives_its_permits_back(kind: Kind) {
        let world = world(kind, |limits| {
            (limits.progress_ms, limits.sample_bytes_max, limits.sample_leads_max) = (3_000, 100_000, 2);
            (limits.held_requests_bytes_max, limits.shown_bytes_max) = (3_000_000, 2_000_000);
        }).await;
        world.draft("CC", "").await;
        hostile_campaign(&world, "LOOP").await;
        let large = format!("{{\"email\":\"a@x.example\",\"note\":\"{}\"}}", "x".repeat(1_000_000));
        let leads = "/v1/campaigns/CC/leads";

        // A source that leaves in the middle of its body.
        let stream = begin_post(&world, &world.source_key, leads, "", large.as_bytes()).await;
        until_bytes(&world, 900_000).await;
        drop(stream);
        until_given_back(&world, "a hang-up in the middle of a body").await;
        // One that leaves when the body has come.
        let mut stream = begin_post(&world, &world.source_key, leads, "", large.as_bytes()).await;
        stream.write_all(b"}").await.expect("it is connected");
        drop(stream);
        until_given_back(&world, "a hang-up after the body").await;
        // One that does not go on.
        let stream = begin_post(&world, &world.source_key, leads, "", large.as_bytes()).await;
        until_bytes(&world, 900_000).await;
        until_given_back(&world, "a body that does not come").await;
        drop(stream);

        let cut = { let whole = gzip(large.as_bytes()); whole.slice(..whole.len() - 5) };
        let table: [(&str, &str, bytes::Bytes, u16); 5] = [
            ("gzip that is cut", "gzip", cut, 400),
            ("gzip that is none", "gzip", large.clone().into(), 400),
            ("a bomb", "gzip", gzip(&vec![b' '; 32 << 20]), 413),
            ("JSON that is cut", "", large[..large.len() - 3].to_owned().into(), 400),
            ("a body too large", "", vec![b' '; 9 << 20].into(), 413),
        ];
        for (what, coding, body, status) in table {
            let response = post(&world.source, leads, coding, body).await;
            assert_eq!(response.status, status, "{what}: {}", response.text);
            until_given_back(&world, what).await;
        }
        post(&world.source, "/v1/leads", "", "{}".into()).await.expect(422);
        until_given_back(&world, "an envelope that is wrong").await;
        // As much as the organization may have, and once more.
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(post(&world.source, leads, "", large.clone().into()).await.status);
        }
        assert!(statuses.contains(&202) && statuses.contains(&429), "{statuses:?}");
        until_given_back(&world, "a quota that is reached").await;

        let dry = async |campaign: &str, body: Value| world.admin.post(&format!("/v1/campaigns/{campaign}/dry-run"), &json!({"body": body})).await;
        dry("CC", json!({"email": "a@x.example"})).await.expect(200);
        until_given_back(&world, "a dry run").await;
        dry("LOOP", json!({"do": "map:trap"})).await.expect(200);
        until_given_back(&world, "a dry run that fails").await;
        dry("CC", json!("x".repeat(200_000))).await.expect_error(413, "sample_too_large");
        until_given_back(&world, "a sample too large").await;
        dry("CC", Value::Array(vec![json!([0]); 20_000])).await.expect_error(422, "leads_invalid");
        until_given_back(&world, "a sample of too many leads").await;
        world.admin.post("/v1/campaigns/CC/dry-run", &json!({"body": {}, "unknown": 1})).await.expect(422);
        until_given_back(&world, "a sample that is not one").await;
        let run = slow_dry_run(&world);
        until_heavy_calls(&world, 1).await;
        run.abort();
        until_given_back(&world, "a dry run that nobody waits for").await;
        world.admin.put("/v1/value-sets/set", &json!({"a": {"b": 1}})).await.expect(200);
        world.admin.get("/v1/campaigns/CC/submissions?limit=200").await.expect(200);
        world.admin.get("/v1/campaigns/CC/fields").await.expect(200);
        until_given_back(&world, "lists and tables").await;
        world.stop().await;
    }
}

on_both! {
    /// H6: a large page comes whole, in pieces, and what was held for it is given back when it was sent.
    async fn h6_a_large_page_comes_whole(kind: Kind) {
        let world = world(kind, |_| {}).await;
        let table: serde_json::Map<String, Value> = (0..200).map(|n| (format!("k{n:03}"), json!("x".repeat(10_000)))).collect();
        world.admin.put("/v1/value-sets/large", &table.into()).await.expect(200);
        until_given_back(&world, "before").await;
        let page = world.admin.get("/v1/value-sets/large/entries?limit=200").await.expect(200);
        let items = page.json["items"].as_array().unwrap();
        assert_eq!((items.len(), items[199]["value"].as_str().unwrap().len()), (200, 10_000));
        until_given_back(&world, "a page that was read").await;
        world.stop().await;
    }
}

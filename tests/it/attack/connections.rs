//! Attacks on the listener: by who sends nothing, or half a head, or never reads; and by who leaves in the middle of a change.
//!
//! All of it comes from the loopback interface, of which each address from 127.0.1.1 on is an attacker; the victim comes from 127.0.0.1.

use hookmill_domain::campaign::CampaignState;
use hookmill_domain::clock::Clock;
use hookmill_domain::config::Limits;
use hookmill_store::audit::AuditEntry;
use hookmill_tests::{HostProcess, Kind, Random, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::hostile::fixtures::guest;
use crate::hostile::neighbour::{Latencies, now};

/// How long anything may take that is to happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a victim may wait for a response, on a machine that does much else.
const VICTIM_MAX: Duration = Duration::from_secs(3);
/// Half a head.
const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-half:";

/// A host with these bounds; the attack has a hundredth of its usual size.
async fn world(kind: Kind, set: impl FnOnce(&mut Limits)) -> World {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    (limits.connections_max, limits.connections_per_address_max) = (48, 12);
    (limits.reserved_connections_max, limits.reserved_per_address_max) = (4, 2);
    set(limits);
    World::with(kind, options).await
}

/// A connection from an address of one's own, with a small window: what is not read stays at the host.
async fn connect(host: SocketAddr, from: Ipv4Addr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    socket.bind((from, 0).into())?;
    socket.connect(host).await
}

fn attacker(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(number + 1).expect("few attackers"))
}

const VICTIM: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Sends bytes and reads until the host closes; empty when it did so without a word.
async fn exchange(host: SocketAddr, from: Ipv4Addr, bytes: &[u8]) -> String {
    let exchange = async {
        let mut stream = connect(host, from).await?;
        stream.write_all(bytes).await?;
        let mut response = Vec::new();
        // What came before an error counts.
        let _ = stream.read_to_end(&mut response).await;
        std::io::Result::Ok(String::from_utf8_lossy(&response).into_owned())
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("the host closes the connection").unwrap_or_default()
}

async fn get(host: SocketAddr, from: Ipv4Addr, path: &str) -> String {
    exchange(host, from, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await
}

fn post_lead(key: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/campaigns/GOOD/leads HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn status(response: &str) -> &str {
    response.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or("none")
}

/// Waits until something holds.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let held = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, held).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Reads the head and body of one response on a connection that stays open.
async fn read_one(stream: &mut TcpStream) -> String {
    let mut response = String::new();
    let read = async {
        loop {
            let mut bytes = [0; 4_096];
            let count = stream.read(&mut bytes).await.expect("the connection is open");
            assert!(count != 0, "the host closed the connection after {response:?}");
            response.push_str(&String::from_utf8_lossy(&bytes[..count]));
            let Some((head, body)) = response.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            if length.parse::<usize>().expect("a number") <= body.len() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the host responds");
    response
}

/// Whether the host has closed a connection on which nothing is expected.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0; 1]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// Attackers at so many addresses, each with so many connections on which it sends these bytes and reads nothing. Those that are closed are
/// opened again, until the task is aborted.
fn attack(host: SocketAddr, addresses: usize, connections: usize, bytes: &'static [u8]) -> Vec<JoinHandle<()>> {
    let of_one = |number| async move {
        let mut streams: Vec<TcpStream> = Vec::new();
        loop {
            streams.retain(|stream| !is_closed(stream));
            while streams.len() < connections {
                let Ok(stream) = connect(host, attacker(number)).await else { break };
                // As much as the kernel takes.
                let _ = tokio::time::timeout(Duration::from_millis(5), stream.writable()).await;
                let _ = stream.try_write(bytes);
                streams.push(stream);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    (0..addresses).map(|number| tokio::spawn(of_one(number))).collect()
}

/// What a victim is given: how long it waits, for its post and for the state of the host.
struct Victim {
    posts: Latencies,
    health: Latencies,
}

impl Victim {
    /// Posts leads and looks at the host's health, each on a connection of its own.
    async fn visit(world: &World, name: &str, visits: usize) -> Self {
        let (mut posts, mut health) = (Vec::new(), Vec::new());
        for visit in 0..visits {
            let lead = json!({"email": format!("{name}-{visit}@x.example")}).to_string();
            let start = now();
            let posted = exchange(world.address(), VICTIM, post_lead(&world.source_key, &lead).as_bytes()).await;
            posts.push(start.elapsed());
            assert_eq!(status(&posted), "202", "{name}, visit {visit}: {posted}");
            let start = now();
            let healthy = get(world.address(), VICTIM, "/healthz").await;
            health.push(start.elapsed());
            assert_eq!(status(&healthy), "200", "{name}, visit {visit}: {healthy}");
        }
        let victim = Self { posts: Latencies::new(posts), health: Latencies::new(health) };
        println!("{name}: posts {}, health {}", victim.posts, victim.health);
        assert!(victim.posts.percentile(100) < VICTIM_MAX && victim.health.percentile(100) < VICTIM_MAX, "{name}");
        victim
    }
}

/// How a victim fares while attackers do what they do.
async fn visit_while(world: &World, what: &str, attackers: Vec<JoinHandle<()>>) {
    // They have what they can get.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Victim::visit(world, what, 40).await;
    attackers.iter().for_each(JoinHandle::abort);
}

/// Many responses on one connection, more than any kernel keeps for who does not read.
const PIPELINED: [u8; 200 * PIPELINED_GET.len()] = {
    let mut all = [0; 200 * PIPELINED_GET.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = PIPELINED_GET[at % PIPELINED_GET.len()];
        at += 1;
    }
    all
};
const PIPELINED_GET: &[u8] = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";

on_both! {
    /// H6: clients that send half a head, or that pipeline requests and never read, take their own part of the places and no more, as many as
    /// they are; whoever comes from another address is served.
    async fn one_address_stops_nobody(kind: Kind) {
        let world = world(kind, |limits| (limits.head_timeout_ms, limits.progress_ms) = (2_000, 1_000)).await;
        world.campaign("GOOD", "").await;
        Victim::visit(&world, "alone", 40).await;
        visit_while(&world, "half heads", attack(world.address(), 1, 60, HALF)).await;
        visit_while(&world, "nobody reads", attack(world.address(), 1, 60, &PIPELINED)).await;
        world.settle().await;
        world.stop().await;
    }
}

/// H6: half heads from many addresses, more than there are places: the oldest of them goes for whoever comes next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_heads_of_many_addresses_stop_nobody() {
    let world = world(Kind::Sqlite, |limits| limits.head_timeout_ms = 60_000).await;
    world.campaign("GOOD", "").await;
    visit_while(&world, "half heads of many", attack(world.address(), 5, 12, HALF)).await;
    world.settle().await;
    world.stop().await;
}

/// H6: while all places are taken by clients that never read, `/healthz` and `/readyz` are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_served_while_nobody_else_is() {
    let world = world(Kind::Sqlite, |limits| {
        (limits.progress_ms, limits.reserved_connections_max) = (2_000, 16);
    })
    .await;
    let host = world.address();
    let attackers = attack(host, 5, 12, &PIPELINED);
    until("all places are taken", || async { status(&get(host, VICTIM, "/v1/me").await) == "503" }).await;
    for _ in 0..20 {
        for path in ["/healthz", "/readyz"] {
            let response = get(host, VICTIM, path).await;
            assert_eq!(status(&response), "200", "{path}: {response}");
        }
    }
    attackers.iter().for_each(JoinHandle::abort);
    until("places are free again", || async { status(&get(host, VICTIM, "/v1/me").await) == "401" }).await;
    world.stop().await;
}

/// A post without the last byte of its body: its request is under way for as long as the test wants. None when the host does not ask for
/// the body.
async fn begin_post(world: &World, from: Ipv4Addr, body: &str) -> Option<TcpStream> {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut stream = connect(world.address(), from).await.expect("the host listens");
    let post = post_lead(&world.source_key, body).replacen("host: x", "host: x\r\nexpect: 100-continue", 1);
    let (head, _) = post.split_once(body).expect("it has a body");
    stream.write_all(head.as_bytes()).await.expect("it is connected");
    let mut asked = [0; CONTINUE.len()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut asked)).await.expect("the host responds").ok()?;
    if asked != CONTINUE {
        return None;
    }
    stream.write_all(&body.as_bytes()[..body.len() - 1]).await.expect("it is connected");
    Some(stream)
}

/// The same, when there is a place for it.
async fn begin_post_at_last(world: &World, from: Ipv4Addr, body: &str) -> TcpStream {
    let begun = async {
        loop {
            match begin_post(world, from, body).await {
                Some(post) => return post,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("there is a place")
}

/// H6 I14: at the bound, while requests are under way on all connections, a new one is turned away with a complete response; health has
/// places of its own, and nothing that is under way is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_too_many_is_told_so() {
    for reserved in [4, 0] {
        let world = world(Kind::Sqlite, |limits| {
            (limits.connections_max, limits.reserved_connections_max, limits.progress_ms) = (4, reserved, 60_000);
            limits.request_timeout_ms = 60_000;
        })
        .await;
        world.draft("GOOD", "").await;
        let host = world.address();
        let mut posts = Vec::new();
        // The client of the test keeps a connection, which goes once it has been seen to be idle.
        for number in 0..4 {
            posts.push(begin_post_at_last(&world, attacker(number), r#"{"email":"a@x.example"}"#).await);
        }
        until("all places are taken", || async { status(&get(host, VICTIM, "/v1/me").await) == "503" }).await;
        let response = get(host, VICTIM, "/v1/me").await;
        let (head, body) = response.split_once("\r\n\r\n").expect("a complete response");
        for header in ["retry-after: 1", "connection: close", "content-type: application/json"] {
            assert!(head.lines().any(|line| line.eq_ignore_ascii_case(header)), "{header}: {head}");
        }
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!((&body["success"], &body["error"]["code"]), (&json!(false), &json!("connections_full")));
        let expected = if reserved == 0 { "503" } else { "200" };
        for path in ["/healthz", "/readyz"] {
            assert_eq!(status(&get(host, VICTIM, path).await), expected, "{path}");
        }
        for post in &mut posts {
            post.write_all(b"}").await.expect("it is still connected");
            assert_eq!(status(&read_one(post).await), "202");
        }
        until("places are free again", || async { status(&get(host, VICTIM, "/v1/me").await) == "401" }).await;
        world.stop().await;
    }
}

/// H6: the reserved places can't be held either: not by half heads, and not by who asks and stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reserved_places_cannot_be_held() {
    let world = world(Kind::Sqlite, |limits| {
        (limits.connections_max, limits.progress_ms, limits.request_timeout_ms) = (2, 60_000, 60_000);
    })
    .await;
    world.draft("GOOD", "").await;
    let host = world.address();
    let posts =
        [begin_post_at_last(&world, attacker(0), "{}").await, begin_post_at_last(&world, attacker(1), "{}").await];
    until("all places are taken", || async { status(&get(host, VICTIM, "/v1/me").await) == "503" }).await;
    let attackers = attack(host, 5, 8, HALF);
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..20 {
        until("health is served", || async { status(&get(host, VICTIM, "/healthz").await) == "200" }).await;
    }
    attackers.iter().for_each(JoinHandle::abort);
    drop(posts);
    world.stop().await;
}

/// H6: at the bound the connection goes that has been without a request for longest; the others stay, and serve.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_been_idle_for_longest_goes() {
    let world = world(Kind::Sqlite, |limits| limits.connections_per_address_max = 3).await;
    let host = world.address();
    let ask = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(host, attacker(0)).await.expect("the host listens");
        stream.write_all(ask).await.expect("it is connected");
        read_one(&mut stream).await;
        kept.push(stream);
        // Longer than the host takes from one look at its connections to the next.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    assert_eq!(status(&get(host, attacker(0), "/healthz").await), "200");
    let mut first = kept.remove(0);
    assert_eq!(first.read(&mut [0; 1]).await.unwrap_or(0), 0, "the first was closed");
    for stream in &mut kept {
        stream.write_all(ask).await.expect("it is connected");
        assert_eq!(status(&read_one(stream).await), "200");
    }
    world.stop().await;
}

/// H6: who sends nothing, half a head, or does not read is cut, each after its own time; the host needs nobody's help for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_a_place_for_nothing_is_cut() {
    let world = world(Kind::Sqlite, |limits| {
        (limits.connection_idle_ms, limits.head_timeout_ms, limits.progress_ms) = (1_500, 1_000, 1_000);
    })
    .await;
    let host = world.address();
    for bytes in [b"".as_slice(), HALF] {
        assert_eq!(exchange(host, attacker(0), bytes).await, "");
    }
    // A head of which a byte comes now and then.
    let mut trickle = connect(host, attacker(0)).await.expect("the host listens");
    let start = now();
    while trickle.write_all(b"G").await.is_ok() && !is_closed(&trickle) {
        assert!(start.elapsed() < PATIENCE, "a head trickles in for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A reader of a byte now and then: its own address has one place, which is free when it is cut.
    world.stop().await;
    let world = self::world(Kind::Sqlite, |limits| {
        (limits.connections_per_address_max, limits.reserved_connections_max, limits.progress_ms) = (1, 0, 1_000);
    })
    .await;
    let host = world.address();
    let mut reader = connect(host, attacker(0)).await.expect("the host listens");
    reader.write_all(&PIPELINED).await.expect("it is connected");
    reader.read_u8().await.expect("a response begins");
    until("the reader holds its place", || async { status(&get(host, attacker(0), "/healthz").await) == "503" }).await;
    let reading = tokio::spawn(async move {
        while reader.read_u8().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    until("who reads a byte now and then is cut", || async {
        status(&get(host, attacker(0), "/healthz").await) == "200"
    })
    .await;
    reading.abort();
    world.stop().await;
}

/// H6: who reads slowly but steadily gets all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_connection_is_served() {
    let world = world(Kind::Sqlite, |limits| (limits.progress_ms, limits.send_buffer_bytes) = (1_000, 8 << 10)).await;
    let whole = get(world.address(), VICTIM, "/openapi.json").await;
    let mut stream = connect(world.address(), attacker(0)).await.expect("the host listens");
    stream
        .write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .expect("it is connected");
    let (mut read, mut piece) = (0, vec![0; whole.len() / 40]);
    let start = now();
    loop {
        let count = stream.read(&mut piece).await.expect("it is not cut");
        if count == 0 {
            break;
        }
        read += count;
        // Slower than the bound in all, and faster than the bound at any time.
        tokio::time::sleep(Duration::from_millis(u64::try_from(count * 4_000 / whole.len()).unwrap_or_default())).await;
    }
    assert!(whole.len() <= read + 100, "{read} of {} bytes", whole.len());
    assert!(Duration::from_secs(2) < start.elapsed(), "it was not slow");
    world.stop().await;
}

/// H6: a request that works for longer than any time a client may take is not cut: its response comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_work_is_not_cut() {
    let mut options = WorldOptions::default();
    let limits = &mut options.settings.limits;
    (limits.connection_idle_ms, limits.head_timeout_ms, limits.progress_ms) = (300, 300, 300);
    options.engine_limits.deadline_base_ms = 2_000;
    let world = World::with(Kind::Sqlite, options).await;
    let uploaded = world.admin.put_bytes("/v1/plugins/hostile", guest("hostile")).await.expect(201).json;
    world.draft("LONG", "").await;
    let plugin = json!({"id": uploaded["plugin_id"], "version": uploaded["version"]});
    let chosen = json!({"plugin": plugin, "document": "any", "activate": true});
    world.admin.put("/v1/campaigns/LONG/document", &chosen).await.expect(201);
    let start = now();
    let sample = json!({"body": {"email": "a@x.example", "do": "map:loop"}});
    world.admin.post("/v1/campaigns/LONG/dry-run", &sample).await.expect(200);
    assert!(Duration::from_millis(1_500) < start.elapsed(), "it was not long");
    world.stop().await;
}

/// H6: a body that comes too slowly is rejected, and its sender reads why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_in_is_rejected() {
    let world = world(Kind::Sqlite, |limits| limits.progress_ms = 500).await;
    world.draft("GOOD", "").await;
    let body = format!("[{}]", "1,".repeat(5_000));
    let mut stream = begin_post(&world, attacker(0), &body).await.expect("a place");
    let response = read_one(&mut stream).await;
    assert!(status(&response) == "400" && response.contains("body_timeout"), "{response}");
    world.stop().await;
}

/// I10: behind a trusted proxy the address of a source is the one that the proxy names, and the proxy has as many connections as it needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_stands_for_many() {
    let mut options = WorldOptions::default();
    options.settings.limits.connections_per_address_max = 2;
    options.settings.limits.reserved_connections_max = 0;
    options.settings.trusted_proxies = vec!["127.0.1.0/24".parse().expect("a network")];
    let world = World::with(Kind::Sqlite, options).await;
    world.draft("GOOD", "").await;
    let post = post_lead(&world.source_key, "{}").replacen("host: x", "host: x\r\nx-forwarded-for: 203.0.113.9", 1);
    for (from, expected) in [(attacker(0), "203.0.113.9"), (Ipv4Addr::new(127, 0, 2, 1), "127.0.2.1")] {
        assert_eq!(status(&exchange(world.address(), from, post.as_bytes()).await), "202");
        let newest = world.admin.get("/v1/requests?limit=1").await.expect(200).json;
        assert_eq!(newest["items"][0]["remote_address"], expected);
    }
    for (from, is_proxy) in [(attacker(1), true), (Ipv4Addr::new(127, 0, 2, 2), false)] {
        let mut posts = Vec::new();
        for _ in 0..4 {
            posts.push(begin_post(&world, from, "{}").await);
        }
        let mut served: Vec<TcpStream> = posts.into_iter().flatten().collect();
        assert_eq!(served.len(), if is_proxy { 4 } else { 2 });
        for post in &mut served {
            post.write_all(b"}").await.expect("it is still connected");
            assert_eq!(status(&read_one(post).await), "202");
        }
    }
    world.stop().await;
}

/// H7: a stop waits for what is under way, and neither for connections without a request nor for half heads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_requests_alone() {
    let world = world(Kind::Sqlite, |limits| limits.stop_ms = 60_000).await;
    world.draft("GOOD", "").await;
    let mut idle = connect(world.address(), attacker(0)).await.expect("the host listens");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is connected");
    read_one(&mut idle).await;
    let mut half = connect(world.address(), attacker(0)).await.expect("the host listens");
    half.write_all(HALF).await.expect("it is connected");
    let mut post = begin_post(&world, attacker(1), "{}").await.expect("a place");
    let finish = tokio::spawn(async move {
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0, "it is closed at once");
        post.write_all(b"}").await.expect("it is still connected");
        assert_eq!(status(&read_one(&mut post).await), "202");
    });
    let start = now();
    world.stop().await;
    finish.await.expect("both are treated so");
    assert!(start.elapsed() < PATIENCE, "the stop waited for a half head");
    drop(half);
}

on_both! {
    /// O9: whoever leaves in the middle of a change does not stop it: what is in the audit log was done, wholly and at once.
    async fn a_change_goes_on_when_its_caller_leaves(kind: Kind) {
        const ROUNDS: usize = 25;
        let mut options = WorldOptions::default();
        // A key or a campaign that was looked up is trusted until the change makes the host forget it.
        options.settings.limits.lookup_ttl_ms = 3_600_000;
        let world = World::with(kind, options).await;
        let mut random = Random::new(Random::seed());
        let operator = world.operator.in_organization(&world.organization);
        let user = operator.post("/v1/users", &json!({"name": "raw", "role": "admin"})).await.expect(201).str("id");
        let key = operator.post("/v1/api-keys", &json!({"user_id": user, "name": "raw"})).await.expect(201).str("key");
        let leave = async |request: String, random: &mut Random| {
            let mut stream = connect(world.address(), VICTIM).await.expect("the host listens");
            stream.write_all(request.as_bytes()).await.expect("it is connected");
            tokio::time::sleep(Duration::from_micros(random.between(0, 6_000))).await;
            drop(stream);
        };
        let head = |line: &str| format!("{line} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n");

        world.draft("GOOD", "").await;
        let lead = |key: &str| json!({"idempotency_key": key, "leads": [{"campaign_id": "GOOD", "email": "a@x.example"}]});
        let mut keys = Vec::new();
        for round in 0..ROUNDS {
            let fresh = operator.post("/v1/source-keys", &json!({"name": format!("k{round}")})).await.expect(201);
            let caller = world.nobody.with_key(&fresh.str("key"));
            caller.post("/v1/leads", &lead(&format!("r{round}"))).await.expect(202);
            leave(head(&format!("DELETE /v1/source-keys/{}", fresh.str("id"))) + "\r\n", &mut random).await;
            keys.push((fresh.str("id"), caller));
        }
        let mut campaigns = Vec::new();
        for round in 0..ROUNDS {
            let id = format!("W{round}");
            world.draft(&id, "").await;
            let leads: Vec<Value> = (0..20).map(|lead| json!({"campaign_id": id, "email": format!("{round}-{lead}@x.example")})).collect();
            world.push(json!(leads)).await;
            campaigns.push(id);
        }
        world.settle().await;
        for id in &campaigns {
            let body = r#"{"state":"active"}"#;
            let request = head(&format!("PUT /v1/campaigns/{id}/state")) + &format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            leave(request, &mut random).await;
        }
        let audited = audited_at_last(&world).await;
        world.settle().await;
        let lines = |action: &str, subject: &str| audited.iter().filter(|line| line.0 == action && line.1 == subject).count();
        let mut done = 0;
        for (id, caller) in &keys {
            let posted = caller.post("/v1/leads", &lead(id)).await.status;
            assert_eq!(posted == 401, lines("source_key.revoked", id) == 1, "the audit log has {} lines about {id}, which gets {posted}", lines("source_key.revoked", id));
            done += usize::from(posted == 401);
        }
        for id in &campaigns {
            let campaign = world.admin.get(&format!("/v1/campaigns/{id}")).await.expect(200).json;
            let is_active = campaign["state"] == "active";
            assert_eq!(is_active, lines("campaign.active", id) == 1, "{campaign}");
            let pending = campaign["submissions"]["pending"].as_i64().unwrap_or(0);
            assert_eq!(pending, if is_active { 0 } else { 20 }, "{campaign}");
            done += usize::from(is_active);
        }
        println!("{done} of {} changes were done", 2 * ROUNDS);
        assert!(0 < done, "no change was reached");
        world.stop().await;
    }
}

/// The lines of the audit log when no more come: what had begun has ended.
async fn audited_at_last(world: &World) -> Vec<(String, String)> {
    let (mut before, mut again) = (audited(world).await, 0);
    while again < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let lines = audited(world).await;
        again = if lines == before { again + 1 } else { 0 };
        before = lines;
    }
    before
}

/// The newest lines of the audit log: action and subject.
async fn audited(world: &World) -> Vec<(String, String)> {
    let page = world.admin.get("/v1/audit?limit=200").await.expect(200).json;
    let line = |line: &Value| {
        (
            line["action"].as_str().unwrap_or_default().to_owned(),
            line["subject"].as_str().unwrap_or_default().to_owned(),
        )
    };
    page["items"].as_array().expect("a page").iter().map(line).collect()
}

on_both! {
    /// O3 H2: a host that is killed after a campaign was activated, and before all that waited was released, leaves nothing waiting.
    async fn what_a_killed_host_did_not_release_is_released(kind: Kind) {
        let mut world = World::new(kind).await;
        world.draft("LEFT", "").await;
        let ids = world.push_and_settle(json!([{"campaign_id": "LEFT", "email": "a@x.example"}, {"campaign_id": "LEFT", "email": "b@x.example"}])).await;
        for id in &ids {
            assert_eq!(world.state(id).await, "pending");
        }
        let store = world.pipeline().store().clone();
        let campaign = store.campaign_by_id(&world.organization, "LEFT").await.expect("the store responds").expect("it is there");
        let entry = AuditEntry { organization_id: Some(world.organization.clone()), user_id: "test".into(), action: "campaign.active" };
        assert!(store.move_campaign(&campaign, CampaignState::Active, &entry, world.clock.now()).await.expect("the store responds"));
        world.kill().await;
        world.settle().await;
        assert_eq!(world.state(&ids[0]).await, "pending", "nobody takes a release that may be under way");
        world.clock.advance_ms(60_000);
        for id in &ids {
            until("what waited is released", || async { world.state(id).await == "delivered" }).await;
        }
        assert!(store_is_clear(&world).await, "it is not released again and again");
        world.stop().await;
    }
}

async fn store_is_clear(world: &World) -> bool {
    world.pipeline().store().campaigns_to_release(world.clock.now(), 10).await.expect("the store responds").is_empty()
}

/// H6: a host that has no file left for a connection closes one that does nothing, and goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_without_files_goes_on() {
    let data = tempfile::tempdir().expect("a directory");
    let host = HostProcess::start_with_files(data.path(), 160).await;
    let mut idle = Vec::new();
    for _ in 0..240 {
        idle.push(connect(host.address, attacker(0)).await.expect("the kernel accepts it"));
    }
    for _ in 0..10 {
        assert_eq!(status(&get(host.address, VICTIM, "/healthz").await), "200");
    }
    drop(idle);
    assert!(host.terminate().await.success());
}

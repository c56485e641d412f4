//! W8: only checked addresses are dialled.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use hookmill_domain::net_policy::BlockReason;

use super::super::names::{Found, Lookup};
use super::super::{BlockedDestination, SendErrorKind, client};
use super::receiver::{Behaviour, Receiver, http_response};
use super::*;

/// Answers each look-up with the next of these lists, the last one for ever.
struct ScriptedLookup(Mutex<Vec<Vec<&'static str>>>);

/// Never responds.
struct SilentLookup;

impl Lookup for ScriptedLookup {
    fn lookup(&self, _: &str) -> Found {
        let mut lists = self.0.lock().expect("no panic");
        let list = if lists.len() == 1 { lists[0].clone() } else { lists.remove(0) };
        let ips = list.iter().map(|ip| ip.parse::<IpAddr>().expect("an address")).collect();
        Box::pin(async move { Ok(ips) })
    }
}

impl Lookup for SilentLookup {
    fn lookup(&self, _: &str) -> Found {
        Box::pin(std::future::pending::<io::Result<Vec<IpAddr>>>())
    }
}

fn looking_up(policy: AddressPolicy, lists: &[&[&'static str]]) -> Sender {
    let lookup = ScriptedLookup(Mutex::new(lists.iter().map(|list| list.to_vec()).collect()));
    Sender::with_parts(OutboundLimits::default(), policy, Box::new(lookup), client::public_roots()).expect("a sender")
}

fn production() -> AddressPolicy {
    AddressPolicy::default()
}

/// W8: every literal spelling of an inner address is blocked, at save and at send, before anything leaves.
#[tokio::test]
async fn w8_literal_addresses_are_blocked() {
    let sender = Sender::new(OutboundLimits::default(), production()).expect("a sender");
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "2130706433",
        "017700000001",
        "0177.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2606:4700::200:5efe:10.0.0.1]",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "198.18.0.1",
    ];
    for host in hosts {
        let text = format!("https://{host}:9/");
        let blocked = sender.check(ORGANIZATION, &url(&text)).await.expect_err(host);
        assert!(matches!(blocked, BlockedDestination::Address { .. }), "{host}: {blocked:?}");
        let error = sender.send(post(&text, PATIENCE)).await.expect_err(host);
        assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false), "{host}: {error:?}");
        assert_eq!(error.message, blocked.to_string());
    }
}

/// W8: http, and whatever was saved under the development flag, is blocked without it.
#[tokio::test]
async fn w8_http_needs_the_development_flag() {
    let sender = looking_up(production(), &[&["93.184.216.34"]]);
    let plain = url("http://example.com/x?key=secret");
    assert_eq!(
        sender.check(ORGANIZATION, &plain).await,
        Err(BlockedDestination::Scheme { url: "http://example.com/…".to_owned() })
    );
    let error = sender.send(post("http://example.com/", PATIENCE)).await.expect_err("http");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false));
    assert_eq!(sender.check(ORGANIZATION, &url("https://example.com/")).await, Ok(()));
}

/// W8: the real name `localhost`, through the system's resolver: blocked in production, reached in development.
#[tokio::test]
async fn w8_localhost_by_name() {
    let receiver = Receiver::with(Behaviour::Responds(http_response("200 OK", ""))).await;
    let text = format!("https://localhost:{}/", receiver.port);
    let sender = Sender::new(OutboundLimits::default(), production()).expect("a sender");
    let blocked = sender.check(ORGANIZATION, &url(&text)).await.expect_err("loopback");
    assert!(matches!(blocked, BlockedDestination::Address { reason: BlockReason::Loopback, .. }), "{blocked:?}");
    let error = sender.send(post(&text, PATIENCE)).await.expect_err("loopback");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false), "{error:?}");
    let development = super::sender(OutboundLimits::default());
    let plain = format!("http://localhost:{}/", receiver.port);
    assert_eq!(development.check(ORGANIZATION, &url(&plain)).await, Ok(()));
    assert_eq!(development.send(post(&plain, PATIENCE)).await.expect("a response").status, 200);
    assert_eq!(receiver.requests().len(), 1);
}

/// W8: one blocked address among good ones blocks the name.
#[tokio::test]
async fn w8_all_addresses_of_a_name_count() {
    let lists: [&[&str]; 4] = [
        &["93.184.216.34", "10.0.0.1"],
        &["10.0.0.1", "93.184.216.34"],
        &["2606:4700::1", "::ffff:169.254.169.254"],
        &["93.184.216.34", "93.184.216.35", "64:ff9b::7f00:1"],
    ];
    for list in lists {
        let sender = looking_up(production(), &[list]);
        let blocked = sender.check(ORGANIZATION, &url("https://both.example/")).await.expect_err("inside");
        assert!(matches!(blocked, BlockedDestination::Address { .. }), "{list:?}: {blocked:?}");
        let error = sender.send(post("https://both.example/", PATIENCE)).await.expect_err("inside");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false), "{list:?}: {error:?}");
    }
}

/// W8: a name that was good when it was saved and points inside when it is dialled.
#[tokio::test]
async fn w8_a_name_that_changes_is_caught_at_the_connection() {
    let receiver = Receiver::with(Behaviour::Responds(http_response("200 OK", ""))).await;
    let sender = looking_up(production(), &[&["93.184.216.34"], &["127.0.0.1"]]);
    let text = format!("https://rebind.example:{}/", receiver.port);
    assert_eq!(sender.check(ORGANIZATION, &url(&text)).await, Ok(()));
    let error = sender.send(post(&text, PATIENCE)).await.expect_err("loopback");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false), "{error:?}");
    assert!(error.message.contains("127.0.0.1 is a loopback address"), "{error}");
}

/// W8: the address that was checked is the one that is dialled: the name resolves once for a connection.
#[tokio::test]
async fn w8_the_checked_address_is_dialled() {
    let receiver = Receiver::with(Behaviour::Responds(http_response("200 OK", ""))).await;
    let sender = looking_up(DEVELOPMENT, &[&["127.0.0.1"], &["10.0.0.1"]]);
    let text = format!("http://once.example:{}/", receiver.port);
    assert_eq!(sender.send(post(&text, PATIENCE)).await.expect("a response").status, 200);
    assert!(receiver.requests()[0].contains(&format!("host: once.example:{}", receiver.port)));
}

/// W8: a range an operator allows is dialled, its neighbours are not.
#[tokio::test]
async fn w8_an_allowed_range_is_dialled() {
    let policy = AddressPolicy { allowed: vec!["10.1.0.0/16".parse().expect("a range")], development: false };
    let good = looking_up(policy.clone(), &[&["10.1.2.3"]]);
    assert_eq!(good.check(ORGANIZATION, &url("https://inside.example/")).await, Ok(()));
    let bad = looking_up(policy, &[&["10.2.2.3"]]);
    let blocked = bad.check(ORGANIZATION, &url("https://inside.example/")).await.expect_err("a private address");
    assert!(blocked.to_string().contains("an operator can allow its range"), "{blocked}");
}

/// W9: a name without an address, and a name server that never responds.
#[tokio::test]
async fn w9_resolving_fails_within_the_deadline() {
    let nowhere = looking_up(production(), &[&[]]);
    let error = nowhere.send(post("https://nowhere.example/", PATIENCE)).await.expect_err("no address");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Resolve, false), "{error:?}");
    assert!(matches!(
        nowhere.check(ORGANIZATION, &url("https://nowhere.example/")).await,
        Err(BlockedDestination::Unresolved { .. })
    ));
    let limits = OutboundLimits { check_timeout_ms: 100, ..OutboundLimits::default() };
    let silent =
        Sender::with_parts(limits, production(), Box::new(SilentLookup), client::public_roots()).expect("a sender");
    let slow = silent.check(ORGANIZATION, &url("https://slow.example/")).await.expect_err("no response");
    assert!(matches!(slow, BlockedDestination::Slow { timeout_ms: 100, .. }), "{slow:?}");
    for request in [
        post("https://slow.example/", Duration::from_millis(200)),
        get("https://slow.example/", Duration::from_millis(200)),
    ] {
        let error = silent.send(request).await.expect_err("no response");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Timeout, false), "{error:?}");
    }
}

/// W8: a name that does not exist, through the system's resolver (`.invalid` never does).
#[tokio::test]
async fn w8_an_unknown_name_is_unresolved() {
    let limits = OutboundLimits { check_timeout_ms: 2_000, ..OutboundLimits::default() };
    let sender = Sender::new(limits, production()).expect("a sender");
    let blocked = sender.check(ORGANIZATION, &url("https://hookmill.invalid/")).await.expect_err("no such name");
    assert!(matches!(blocked, BlockedDestination::Unresolved { .. } | BlockedDestination::Slow { .. }), "{blocked:?}");
}

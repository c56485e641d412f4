//! W12: looking names up is remembered, done once, and shared out among organizations.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::super::names::{Found, Lookup, Names};
use super::super::{SendErrorKind, client};
use super::receiver::{Behaviour, Receiver, http_response};
use super::*;

/// Counts look-ups. Names that begin with `slow` wait until they are let go, those that begin with `no` have no address and those with
/// `many` have 300; all point at this machine unless told otherwise.
#[derive(Clone)]
struct CountingLookup {
    counts: Arc<Mutex<HashMap<String, usize>>>,
    elsewhere: Arc<Mutex<Option<IpAddr>>>,
    let_go: watch::Sender<bool>,
}

impl CountingLookup {
    fn new() -> Self {
        Self { counts: Arc::default(), elsewhere: Arc::default(), let_go: watch::channel(false).0 }
    }

    fn sender(&self, policy: AddressPolicy, limits: OutboundLimits) -> Arc<Sender> {
        let lookup = Box::new(self.clone());
        Arc::new(Sender::with_parts(limits, policy, lookup, client::public_roots()).expect("a sender"))
    }

    fn count(&self, host: &str) -> usize {
        self.counts.lock().expect("no panic").get(host).copied().unwrap_or(0)
    }

    /// How many different names were asked for.
    fn names(&self) -> usize {
        self.counts.lock().expect("no panic").len()
    }

    fn point_to(&self, ip: &str) {
        *self.elsewhere.lock().expect("no panic") = Some(ip.parse().expect("an address"));
    }

    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let reached = async {
            while !condition(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the look-ups that were expected");
    }
}

impl Lookup for CountingLookup {
    fn lookup(&self, host: &str) -> Found {
        *self.counts.lock().expect("no panic").entry(host.to_owned()).or_default() += 1;
        let ip = self.elsewhere.lock().expect("no panic").unwrap_or_else(|| "127.0.0.1".parse().expect("an address"));
        let found = vec![
            ip;
            if host.starts_with("no") {
                0
            } else if host.starts_with("many") {
                300
            } else {
                1
            }
        ];
        let (is_slow, mut let_go) = (host.starts_with("slow"), self.let_go.subscribe());
        Box::pin(async move {
            if is_slow {
                let _ = let_go.wait_for(|is_free| *is_free).await;
            }
            Ok(found)
        })
    }
}

async fn good() -> Receiver {
    // A connection that is closed asks for the name again.
    Receiver::with(Behaviour::RespondsAndCloses(http_response("200 OK", ""))).await
}

fn to(organization: &str, host: &str, port: u16) -> OutboundRequest {
    OutboundRequest { organization: organization.into(), ..post(&format!("http://{host}:{port}/"), PATIENCE) }
}

/// W12: an organization with more slow names than there are look-ups in all delays nobody else's new connections.
#[tokio::test]
async fn w12_slow_names_of_one_organization_delay_no_other() {
    let limits = OutboundLimits { lookups_max: 16, lookups_per_organization_max: 4, ..OutboundLimits::default() };
    let (lookup, receiver) = (CountingLookup::new(), good().await);
    let sender = lookup.sender(DEVELOPMENT, limits);
    let slow: Vec<_> = (0..40)
        .map(|n| {
            let (sender, request) = (Arc::clone(&sender), to("org_slow", &format!("slow{n}.example"), receiver.port));
            tokio::spawn(async move { sender.send(request).await })
        })
        .collect();
    // Saving endpoints takes the same share.
    let saves: Vec<_> = (0..40)
        .map(|n| {
            let (sender, saved) = (Arc::clone(&sender), url(&format!("http://slow{n}.save.example/")));
            tokio::spawn(async move { sender.check("org_slow", &saved).await })
        })
        .collect();
    lookup.until(|lookup| 4 <= lookup.names()).await;
    for n in 0..20 {
        let response =
            sender.send(to("org_other", &format!("host{n}.example"), receiver.port)).await.expect("a response");
        assert!(response.status == 200 && response.elapsed_ms < 5_000, "{response:?}");
    }
    assert_eq!(lookup.names(), 4 + 20, "a slow organization looks up as many names at once as it may");
    lookup.let_go.send_replace(true);
    for one in slow {
        assert_eq!(one.await.expect("no panic").expect("a response").status, 200);
    }
    for one in saves {
        assert_eq!(one.await.expect("no panic"), Ok(()));
    }
}

/// W12: who waits for its share holds up nobody who asks for the same name.
#[tokio::test]
async fn w12_a_shared_name_does_not_wait_in_anothers_queue() {
    let limits = OutboundLimits { lookups_per_organization_max: 1, ..OutboundLimits::default() };
    let (lookup, receiver) = (CountingLookup::new(), good().await);
    let sender = lookup.sender(DEVELOPMENT, limits);
    let begin = |host: &str| {
        let (sender, request) = (Arc::clone(&sender), to("org_slow", host, receiver.port));
        tokio::spawn(async move { sender.send(request).await })
    };
    let first = begin("slow.example");
    lookup.until(|lookup| lookup.count("slow.example") == 1).await;
    let second = begin("shared.example");
    assert_eq!(sender.send(to("org_other", "shared.example", receiver.port)).await.expect("a response").status, 200);
    lookup.let_go.send_replace(true);
    for one in [first, second] {
        assert_eq!(one.await.expect("no panic").expect("a response").status, 200);
    }
    assert_eq!(lookup.count("shared.example"), 1, "it was known when the share came free");
}

/// W12: one look-up of a name at once, whoever asks, and none while its addresses are remembered.
#[tokio::test]
async fn w12_a_name_is_looked_up_once() {
    let (lookup, receiver) = (CountingLookup::new(), good().await);
    let sender = lookup.sender(DEVELOPMENT, OutboundLimits::default());
    let many: Vec<_> = (0..30)
        .map(|n| {
            let (sender, request) = (Arc::clone(&sender), to(&format!("org_{}", n % 3), "slow.example", receiver.port));
            tokio::spawn(async move { sender.send(request).await })
        })
        .collect();
    lookup.until(|lookup| lookup.count("slow.example") == 1).await;
    lookup.let_go.send_replace(true);
    for one in many {
        assert_eq!(one.await.expect("no panic").expect("a response").status, 200);
    }
    assert_eq!((lookup.count("slow.example"), receiver.requests().len()), (1, 30));
}

/// W8: what is remembered is forgotten in time, a name that failed sooner; and then it is looked up again.
#[tokio::test]
async fn w8_names_are_remembered_for_a_while_only() {
    let limits = OutboundLimits { name_ttl_ms: 60_000, failed_name_ttl_ms: 300, ..OutboundLimits::default() };
    let (lookup, receiver) = (CountingLookup::new(), good().await);
    let sender = lookup.sender(DEVELOPMENT, limits);
    for _ in 0..3 {
        assert_eq!(sender.send(to("org_1", "good.example", receiver.port)).await.expect("a response").status, 200);
        let error = sender.send(to("org_1", "no.example", receiver.port)).await.expect_err("no address");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Resolve, false), "{error:?}");
        assert!(error.message.contains("it has no address"), "{error}");
    }
    assert_eq!(lookup.count("good.example"), 1);
    lookup.until_again("no.example", &sender, receiver.port).await;
    let brief = lookup.sender(DEVELOPMENT, OutboundLimits { name_ttl_ms: 1, ..OutboundLimits::default() });
    for _ in 0..2 {
        assert_eq!(brief.send(to("org_1", "brief.example", receiver.port)).await.expect("a response").status, 200);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(lookup.count("brief.example"), 2);
}

impl CountingLookup {
    /// Sends to a name until it is looked up once more.
    async fn until_again(&self, host: &str, sender: &Sender, port: u16) {
        let before = self.count(host);
        let again = async {
            while self.count(host) == before {
                let _ = sender.send(to("org_1", host, port)).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, again).await.expect("another look-up");
    }
}

/// W8: remembered addresses are checked like new ones; a check for a person looks up anew and leaves nothing behind.
#[tokio::test]
async fn w8_what_is_remembered_is_checked_and_a_check_remembers_nothing() {
    let receiver = good().await;
    let lookup = CountingLookup::new();
    let sender = lookup.sender(AddressPolicy::default(), OutboundLimits::default());
    let saved = url("https://rebind.example/");
    lookup.point_to("93.184.216.34");
    assert_eq!(sender.check("org_1", &saved).await, Ok(()));
    lookup.point_to("127.0.0.1");
    let mut request = to("org_1", "rebind.example", receiver.port);
    request.url = url(&format!("https://rebind.example:{}/", receiver.port));
    for _ in 0..3 {
        let error = sender.send(request.clone()).await.expect_err("loopback");
        assert_eq!((error.kind, error.sent), (SendErrorKind::Blocked, false), "{error:?}");
    }
    assert_eq!(lookup.count("rebind.example"), 2, "the check's, and one for three requests");
    // The good address that a check finds opens nothing.
    lookup.point_to("93.184.216.34");
    assert_eq!(sender.check("org_1", &saved).await, Ok(()));
    assert_eq!(sender.send(request).await.expect_err("remembered").kind, SendErrorKind::Blocked);
    assert!(receiver.requests().is_empty());
}

/// W8: a name whose addresses don't take connections is looked up again at once: it may have moved.
#[tokio::test]
async fn w8_a_name_that_moved_is_found_again() {
    let (lookup, receiver) = (CountingLookup::new(), good().await);
    let sender = lookup.sender(DEVELOPMENT, OutboundLimits::default());
    // An address of this machine on which nothing listens.
    lookup.point_to("127.0.0.2");
    let error = sender.send(to("org_1", "moves.example", receiver.port)).await.expect_err("nobody there");
    assert_eq!((error.kind, error.sent), (SendErrorKind::Connect, false), "{error:?}");
    lookup.point_to("127.0.0.1");
    assert_eq!(sender.send(to("org_1", "moves.example", receiver.port)).await.expect("a response").status, 200);
}

/// H6: only so many names are remembered, and a name with more addresses than are looked through can't be resolved.
#[tokio::test]
async fn h6_what_is_remembered_of_names_is_bounded() {
    let limits = OutboundLimits { names_known_max: 10, ..OutboundLimits::default() };
    let names = Arc::new(Names::new(Box::new(CountingLookup::new()), &limits));
    for n in 0..100 {
        assert_eq!(names.addresses("org_1", &format!("host{n}.example")).await.map(|found| found.len()), Ok(1));
    }
    assert!((1..=10).contains(&names.known_count()), "{}", names.known_count());
    let too_many = names.addresses("org_1", "many.example").await.expect_err("300 addresses");
    assert_eq!(&*too_many, "it has 300 addresses; at most 256 are looked through");
    let zero = OutboundLimits { addresses_per_name_max: 0, ..OutboundLimits::default() };
    let error = Sender::new(zero, DEVELOPMENT).err().expect("a limit of zero");
    assert!(error.to_string().contains("addresses_per_name_max"), "{error}");
}

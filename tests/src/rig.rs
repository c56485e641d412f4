//! What stays while host processes come and go: the database, the receiver, the keys, one campaign that delivers and one
//! subscriber; and the comparison of what was received with what sources were told.

use crate::client::Client;
use crate::database::{Kind, TestDatabase};
use crate::load::{Batch, ExpectedLeads};
use crate::process::{HostProcess, Stderr};
use crate::receiver::{Behaviour, Receiver, Request};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// The campaign's id.
pub const CAMPAIGN: &str = "CRASH";
/// Where its leads go.
pub const CLIENT: &str = "/client";
/// Where the organization's events go.
pub const SUBSCRIBER: &str = "/subscriber";
/// How long hosts may take to become idle: longer than a dead host's leases last.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long the client's responses are waited for, in seconds, unless a test says otherwise.
const RESPONSE_TIMEOUT_S: u64 = 10;
/// The states of a submission on its way, in the order it passes through them.
const UNDER_WAY: [&str; 6] = ["received", "pending", "processing", "queued", "pending_action", "delivering"];
/// The encryption key of hosts that share a database.
const KEY: &str = "aG9va21pbGwgdGVzdHMgc2VhbCB3aXRoIHRoaXMga2U=";

const DOCUMENT: &str = "
version: 1
name: crash
map:
  fields:
    email: {from: email, then: [email]}
    marker: marker
shape:
  client:
    body:
      marker: {from: lead.custom.marker}
";

/// What stays.
pub struct Rig {
    /// The database.
    pub database: TestDatabase,
    /// Plays the client and the subscriber.
    pub receiver: Receiver,
    data: Vec<tempfile::TempDir>,
    admin_key: String,
    source_key: String,
}

impl Rig {
    /// Starts the first host on empty data and provisions everything.
    pub async fn new(kind: Kind) -> (Self, HostProcess) {
        let mut rig = Self {
            database: TestDatabase::create(kind).await,
            receiver: Receiver::start().await,
            data: (0..3).map(|_| tempfile::tempdir().expect("a directory")).collect(),
            admin_key: String::new(),
            source_key: String::new(),
        };
        let host = rig.host(0).await;
        rig.provision(&host).await;
        (rig, host)
    }

    /// Starts a host on this place's data directory (there are three).
    pub async fn host(&self, place: usize) -> HostProcess {
        HostProcess::start_with_key(self.data(place), self.database.url.as_deref(), KEY).await
    }

    /// Starts a host here whose log can't be written.
    pub async fn host_without_log(&self, place: usize, stderr: Stderr) -> HostProcess {
        HostProcess::start_without_log(self.data(place), self.database.url.as_deref(), KEY, stderr).await
    }

    /// Starts a host at this place and kills it after a while, wherever it is in its start by then.
    pub async fn kill_while_starting(&self, place: usize, life: Duration) {
        HostProcess::kill_while_starting(self.data(place), self.database.url.as_deref(), KEY, life).await;
    }

    /// A place's data directory.
    pub fn data(&self, place: usize) -> &Path {
        self.data[place].path()
    }

    /// The admin at a host.
    pub fn admin(&self, host: &HostProcess) -> Client {
        host.client().with_key(&self.admin_key)
    }

    /// The source at a host.
    pub fn source(&self, host: &HostProcess) -> Client {
        host.client().with_key(&self.source_key)
    }

    async fn provision(&mut self, host: &HostProcess) {
        let operator = host.client().with_key(host.operator_key.as_deref().expect("an operator key on empty data"));
        let organization = operator.post("/v1/organizations", &json!({"name": "First"})).await.expect(201).str("id");
        let within = operator.in_organization(&organization);
        let user = within.post("/v1/users", &json!({"name": "admin", "role": "admin"})).await.expect(201).str("id");
        self.admin_key =
            within.post("/v1/api-keys", &json!({"user_id": user, "name": "a"})).await.expect(201).str("key");
        self.source_key = within.post("/v1/source-keys", &json!({"name": "website"})).await.expect(201).str("key");
        let admin = self.admin(host);
        admin.post("/v1/campaigns", &json!({"id": CAMPAIGN, "name": CAMPAIGN})).await.expect(201);
        let at = |rest: &str| format!("/v1/campaigns/{CAMPAIGN}/{rest}");
        admin.put(&at("document"), &json!({"document": DOCUMENT, "activate": true})).await.expect(201);
        self.wait_for_responses(host, RESPONSE_TIMEOUT_S).await;
        admin.put(&at("state"), &json!({"state": "active"})).await.expect(200);
        let events = ["lead.delivered", "lead.processed"];
        let settings = json!({"enabled": true, "url": self.receiver.url(SUBSCRIBER), "events": events});
        admin.put("/v1/webhook-settings", &settings).await.expect(200);
    }

    /// How long the client's responses are waited for.
    pub async fn wait_for_responses(&self, host: &HostProcess, timeout_s: u64) {
        let endpoint = json!({"url": self.receiver.url(CLIENT), "retries": 3, "timeout_s": timeout_s});
        self.admin(host).put(&format!("/v1/campaigns/{CAMPAIGN}/endpoint"), &endpoint).await.expect(200);
    }

    /// The client does not respond to the next `count` requests; returns when they have arrived.
    pub async fn silence(&self, count: usize) {
        let silent = self.receiver.at(CLIENT).len() + count;
        self.receiver.plan(CLIENT, vec![Behaviour::Silence(PATIENCE); count]);
        let arrived = async {
            while self.receiver.at(CLIENT).len() < silent {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("the client is sent enough");
    }

    /// From now on the client takes so long to respond.
    pub fn slow(&self, wait: Duration) {
        self.receiver.always(CLIENT, Behaviour::Late(wait));
    }

    /// How many requests the client had at once at most.
    pub fn most_at_once(&self) -> usize {
        self.receiver.most_at_once(CLIENT)
    }

    /// Waits until no submission and no message is under way.
    pub async fn wait_until_idle(&self, host: &HostProcess) {
        let admin = self.admin(host);
        let rest = async {
            while is_moving(&admin).await {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(PATIENCE, rest).await.expect("the host becomes idle");
    }

    /// Compares what the API shows and what was received with what the sources were told (H2 I2 I4 L8 W9).
    pub async fn audit(&self, host: &HostProcess, expected: &ExpectedLeads) -> Tally {
        let source = self.source(host);
        for batch in expected.values() {
            check_request(&source, batch).await;
        }
        let (mut tally, submissions) = self.check_leads(expected);
        self.check_events(&submissions, &mut tally);
        println!("{tally:?}");
        tally
    }

    fn check_leads(&self, expected: &ExpectedLeads) -> (Tally, BTreeSet<String>) {
        let told = submission_ids(expected);
        let mut got: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let (mut tally, mut delivered) = (Tally::default(), BTreeSet::new());
        for request in self.receiver.at(CLIENT) {
            tally.sent += 1;
            let marker = request.json()["marker"].as_str().expect("a marker").to_owned();
            got.entry(marker).or_default().insert(request.header("hookmill-submission-id").to_owned());
        }
        for (marker, submissions) in &got {
            let expected = told.get(marker).unwrap_or_else(|| panic!("{marker} was delivered and never posted"));
            assert_eq!(submissions.len(), 1, "{marker} was delivered as two submissions: {submissions:?}");
            let submission = submissions.first().expect("one").clone();
            assert!(expected.as_ref().is_none_or(|id| *id == submission), "{marker} as {submission}, not {expected:?}");
            delivered.insert(submission);
        }
        for (marker, _) in told.iter().filter(|(_, submission)| submission.is_some()) {
            tally.acknowledged += 1;
            assert!(got.contains_key(marker), "{marker} was acknowledged and never delivered");
        }
        tally.repeats = tally.sent - delivered.len();
        (tally, delivered)
    }

    /// Each delivered lead has the events delivered and processed, each under one id and with one body however often it was sent.
    fn check_events(&self, delivered: &BTreeSet<String>, tally: &mut Tally) {
        let mut told: BTreeMap<(String, String), Vec<Request>> = BTreeMap::new();
        for request in self.receiver.at(SUBSCRIBER) {
            tally.events_sent += 1;
            let event = request.json();
            let word = |name: &str| event[name].as_str().unwrap_or_else(|| panic!("no {name} in {event}")).to_owned();
            told.entry((word("submissionId"), word("event"))).or_default().push(request);
        }
        for ((submission, event), requests) in &told {
            assert!(delivered.contains(submission), "{event} of {submission}, which no client received");
            let same = |other: &Request| {
                other.header("webhook-id") == requests[0].header("webhook-id") && other.body == requests[0].body
            };
            assert!(requests.iter().all(same), "{event} of {submission} is not the same each time: {requests:?}");
        }
        for submission in delivered {
            for event in ["lead.delivered", "lead.processed"] {
                assert!(told.contains_key(&(submission.clone(), event.into())), "{event} of {submission} was not told");
            }
        }
        let ids: BTreeSet<&str> = told.values().map(|requests| requests[0].header("webhook-id")).collect();
        assert_eq!(ids.len(), told.len(), "two events under one id");
        tally.event_repeats = tally.events_sent - told.len();
    }
}

/// What was sent in all.
#[derive(Debug, Default)]
pub struct Tally {
    /// Leads whose source knows that they are kept.
    pub acknowledged: usize,
    /// Requests the client received.
    pub sent: usize,
    /// How many of them repeated an earlier one.
    pub repeats: usize,
    /// Requests the subscriber received.
    pub events_sent: usize,
    /// How many of them repeated an earlier one.
    pub event_repeats: usize,
}

async fn is_moving(admin: &Client) -> bool {
    // In the order of a lead's way, so that one that moves on between two looks is met again.
    for state in UNDER_WAY {
        let path = format!("/v1/campaigns/{CAMPAIGN}/submissions?limit=1&state={state}");
        if has_rows(&admin.get(&path).await.expect(200).json) {
            return true;
        }
    }
    has_rows(&admin.get("/v1/deliveries?limit=1&state=waiting").await.expect(200).json)
}

fn has_rows(page: &Value) -> bool {
    let rows = page["items"].as_array().unwrap_or_else(|| panic!("no page: {page}"));
    !rows.is_empty()
}

/// I2: a request that was named can be read, and each of its leads was delivered.
async fn check_request(source: &Client, batch: &Batch) {
    let Some(request) = &batch.request else { return };
    let page = source.get(&format!("/v1/requests/{request}")).await.expect(200).json;
    let submissions = page["submissions"].as_array().expect("submissions");
    assert_eq!(submissions.len(), batch.markers.len(), "{page}");
    for submission in submissions {
        assert_eq!(submission["state"], "delivered", "{page}");
    }
}

/// The submission of each marker that was ever posted, where its source knows it.
fn submission_ids(expected: &ExpectedLeads) -> BTreeMap<String, Option<String>> {
    let of = |batch: &Batch| {
        let pairs = batch.markers.iter().enumerate().map(|(at, marker)| (marker.clone(), batch.submission(at)));
        pairs.collect::<Vec<_>>()
    };
    expected.values().flat_map(of).collect()
}

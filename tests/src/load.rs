//! Sources that post without rest while hosts come and go, and the record of what is expected: what was posted, what was acknowledged, and
//! under which submission. Every acknowledgement must hold.

use crate::client::Client;
use crate::random::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many sources post at once.
const SOURCES: u64 = 4;
/// How many leads a batch carries at most.
const LEADS_MAX: u64 = 12;
/// How long a source rests between batches, in milliseconds.
const REST_MS: (u64, u64) = (10, 80);
/// How long a source waits before it tries again, in milliseconds.
const AGAIN_MS: u64 = 40;

/// A batch as its source knows it.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The idempotency key.
    pub key: String,
    /// The marker of its leads.
    pub markers: Vec<String>,
    /// The request it became, once some response has named it.
    pub request: Option<String>,
    /// How often it was accepted.
    pub accepted: usize,
    /// The tries whose end is not known: the connection broke, or the host could not say.
    pub unknown: usize,
    /// How often it was asked to try again later (`429`, `503`).
    pub deferred: usize,
}

/// Everything that was ever posted, by idempotency key.
pub type ExpectedLeads = BTreeMap<String, Batch>;

/// How a try ended.
enum Outcome {
    /// `202`, with the request's id.
    Accepted(String),
    /// `409`: an earlier try counts.
    Original(String),
    /// `429`, or `503` of a host that stops: nothing was kept.
    Deferred,
    /// `503` of a host whose database does not respond: it may have taken it all the same.
    Unsure,
    /// No response.
    Broken,
}

/// Sources at work.
pub struct Load {
    expected: Arc<Mutex<ExpectedLeads>>,
    hosts: watch::Sender<Vec<Client>>,
    stop: watch::Sender<bool>,
    sources: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the sources; they post to any of `hosts`, as clients with the source's key.
    pub fn start(seed: u64, campaign: &str, hosts: Vec<Client>) -> Self {
        let (hosts, where_to) = watch::channel(hosts);
        let (stop, stopped) = watch::channel(false);
        let expected = Arc::<Mutex<ExpectedLeads>>::default();
        let source = |number| Source {
            number,
            random: Random::new(seed.wrapping_add(number)),
            campaign: campaign.to_owned(),
            expected: Arc::clone(&expected),
            hosts: where_to.clone(),
            stopped: stopped.clone(),
        };
        let sources = (0..SOURCES).map(|number| tokio::spawn(source(number).post_on())).collect();
        Self { expected, hosts, stop, sources }
    }

    /// From now on sources post to these hosts.
    pub fn aim(&self, hosts: Vec<Client>) {
        self.hosts.send_replace(hosts);
    }

    /// How many batches were ended so far: acknowledged, or given up.
    pub fn ended_batches(&self) -> usize {
        lock(&self.expected).len()
    }

    /// Lets every source end its batch, and returns what is expected.
    pub async fn stop(self) -> ExpectedLeads {
        self.stop.send_replace(true);
        for source in self.sources {
            source.await.expect("a source sees nothing that may not be");
        }
        lock(&self.expected).clone()
    }
}

fn lock(expected: &Mutex<ExpectedLeads>) -> std::sync::MutexGuard<'_, ExpectedLeads> {
    expected.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Source {
    number: u64,
    random: Random,
    campaign: String,
    expected: Arc<Mutex<ExpectedLeads>>,
    hosts: watch::Receiver<Vec<Client>>,
    stopped: watch::Receiver<bool>,
}

impl Source {
    async fn post_on(mut self) {
        let mut count = 0;
        while !*self.stopped.borrow() {
            let (batch, body) = self.draw(count);
            let batch = self.post(batch, &body).await;
            lock(&self.expected).insert(batch.key.clone(), batch);
            count += 1;
            let rest = self.random.between(REST_MS.0, REST_MS.1);
            tokio::time::sleep(Duration::from_millis(rest)).await;
        }
    }

    fn draw(&mut self, count: u64) -> (Batch, Value) {
        let key = format!("source-{}-batch-{count}", self.number);
        let leads = self.random.between(1, LEADS_MAX);
        let markers: Vec<String> = (0..leads).map(|lead| format!("s{}b{count}l{lead}", self.number)).collect();
        let lead = |marker: &String| json!({"campaign_id": self.campaign, "marker": marker, "email": format!("{marker}@example.com")});
        let body = json!({"idempotency_key": key, "leads": markers.iter().map(lead).collect::<Vec<_>>()});
        (Batch { key, markers, ..Batch::default() }, body)
    }

    /// Posts until a response counts, or gives up after a broken try. Some batches are posted by two at once, some again after
    /// they were acknowledged.
    async fn post(&mut self, mut batch: Batch, body: &Value) -> Batch {
        if self.random.once_in(8) {
            let (one, other) = (self.any_host(), self.any_host());
            let (one, other) = tokio::join!(try_post(&one, body), try_post(&other, body));
            // Which of the two came first is the host's affair.
            batch.unknown += 1;
            batch.note(one);
            batch.note(other);
        }
        while batch.request.is_none() {
            let outcome = try_post(&self.any_host(), body).await;
            let broken = matches!(outcome, Outcome::Broken);
            batch.note(outcome);
            if broken && self.random.once_in(6) {
                return batch;
            }
            if batch.request.is_none() {
                tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
            }
        }
        if self.random.once_in(5) {
            batch.note(try_post(&self.any_host(), body).await);
        }
        batch
    }

    fn any_host(&mut self) -> Client {
        let hosts = self.hosts.borrow().clone();
        let last = u64::try_from(hosts.len()).expect("few hosts") - 1;
        let at = usize::try_from(self.random.between(0, last)).expect("a place");
        hosts[at].clone()
    }
}

impl Batch {
    /// I4: of all tries with one key at most one is accepted, and every response names the same request.
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Broken => self.unknown += 1,
            Outcome::Deferred => self.deferred += 1,
            Outcome::Unsure => {
                self.unknown += 1;
                self.deferred += 1;
            }
            Outcome::Accepted(request) => {
                self.accepted += 1;
                assert_eq!(self.accepted, 1, "{} was accepted twice, at last as {request}: {self:?}", self.key);
                self.name(request);
            }
            Outcome::Original(request) => {
                let earlier = self.accepted + self.unknown;
                assert!(0 < earlier, "{} was used before its first try, by {request}: {self:?}", self.key);
                self.name(request);
            }
        }
    }

    fn name(&mut self, request: String) {
        let known = self.request.get_or_insert_with(|| request.clone());
        assert_eq!(*known, request, "two requests for the key {}", self.key);
    }

    /// The submission of its lead at this place, when its request is known.
    pub fn submission(&self, index: usize) -> Option<String> {
        self.request.as_ref().map(|request| format!("{request}-{index}"))
    }
}

async fn try_post(source: &Client, body: &Value) -> Outcome {
    let request = source.request("POST", "/v1/leads").header("content-type", "application/json");
    let Ok(response) = request.body(body.to_string()).send().await else { return Outcome::Broken };
    let (status, retry_after) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
    let Ok(text) = response.text().await else { return Outcome::Broken };
    let response: Value = serde_json::from_str(&text).unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{status} {text}")).to_owned();
    match status {
        202 => {
            let (taken, sent) =
                (response["accepted"].as_array().map_or(0, Vec::len), body["leads"].as_array().map_or(0, Vec::len));
            assert_eq!(taken, sent, "{text}");
            Outcome::Accepted(word(&response["request_id"]))
        }
        409 => {
            assert_eq!(response["error"]["same_body"], true, "{text}");
            Outcome::Original(word(&response["error"]["original_request_id"]))
        }
        429 | 503 => {
            assert!(retry_after, "{status} without Retry-After: {text}");
            if response["error"]["code"] == "unavailable" { Outcome::Unsure } else { Outcome::Deferred }
        }
        _ => panic!("{status} {text}"),
    }
}

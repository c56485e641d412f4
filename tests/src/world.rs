//! A host in this process, on a database of its own, with a clock that the test moves; and the actors around it.

use crate::client::{Client, Response};
use crate::database::{Kind, TestDatabase};
use crate::mortal::{MortalHost, Start};
use crate::receiver::Receiver;
use hookmill_domain::clock::{ManualClock, Timestamp};
use hookmill_domain::config::HostSettings;
use hookmill_pipeline::Pipeline;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where every world's clock starts: 2026-03-01T12:00:00Z.
pub const START: Timestamp = Timestamp(1_772_366_400_000);
/// How long callers of long calls wait for their responses, in milliseconds: for longer than any test does, unless it is about jobs.
pub const JOB_WAIT_MS: u64 = 600_000;
/// How many deliveries to one destination may wait to be written, so that a host that dies has few of them to send again.
pub const UNWRITTEN_MAX: usize = 64;
/// How long a test waits for the host to become idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a world differs from the usual one.
pub struct WorldOptions {
    /// What the operator set.
    pub settings: HostSettings,
    /// The engine's bounds.
    pub engine_limits: hookmill_engine::Limits,
    /// Where plugins are compiled.
    pub compiler: hookmill_engine::Compiler,
}

impl Default for WorldOptions {
    fn default() -> Self {
        let mut settings = HostSettings { development: true, public_url: String::new(), ..HostSettings::default() };
        settings.limits.poll_ms = 20;
        settings.limits.lookup_ttl_ms = 0;
        settings.limits.job_wait_ms = JOB_WAIT_MS;
        settings.limits.unwritten_per_destination_max = UNWRITTEN_MAX;
        // The world's clock is years from the database's.
        settings.limits.clock_offset_ms_max = i64::MAX;
        let compiler = hookmill_engine::Compiler::InProcess;
        Self { settings, engine_limits: hookmill_engine::Limits::default(), compiler }
    }
}

/// A host and the actors around it.
pub struct World {
    /// The clock; it does not advance by itself.
    pub clock: Arc<ManualClock>,
    /// Plays clients and subscribers.
    pub receiver: Receiver,
    /// Somebody without a key.
    pub nobody: Client,
    /// The operator.
    pub operator: Client,
    /// The admin of the first organization.
    pub admin: Client,
    /// A source of the first organization.
    pub source: Client,
    /// The first organization.
    pub organization: String,
    /// The source's key.
    pub source_key: String,
    host: Option<MortalHost>,
    start: Start,
    data: tempfile::TempDir,
    /// Its database.
    pub database: TestDatabase,
}

/// An organization beside the first, and its actors.
pub struct Tenant {
    /// The organization.
    pub organization: String,
    /// Its admin.
    pub admin: Client,
    /// A source of it.
    pub source: Client,
}

/// Another host beside a world's own.
pub struct Neighbour {
    host: MortalHost,
    _data: tempfile::TempDir,
}

impl Neighbour {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.host.running().address
    }

    /// Its id among those that share the database.
    pub fn host_id(&self) -> String {
        self.host.running().pipeline.host_id().to_owned()
    }

    /// Ends it at once.
    pub fn kill(self) {
        self.host.kill();
    }
}

static BATCHES: AtomicU32 = AtomicU32::new(0);

impl World {
    /// The usual world.
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, WorldOptions::default()).await
    }

    /// A world that differs.
    pub async fn with(kind: Kind, options: WorldOptions) -> Self {
        let database = TestDatabase::create(kind).await;
        let data = tempfile::tempdir().expect("a directory");
        let clock = ManualClock::new(START);
        let mut start = Start {
            data: data.path().to_owned(),
            database_url: database.url.clone(),
            settings: options.settings,
            engine_limits: options.engine_limits,
            compiler: options.compiler,
            clock: clock.clone(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let host = MortalHost::start(&start).await;
        let running = host.running();
        // A host that is started again listens where it did.
        start.listen = running.address;
        let nobody = Client::new(running.address);
        let operator = nobody.with_key(&running.operator_key.as_ref().expect("an operator key on empty data").key);
        let organization = operator.post("/v1/organizations", &json!({"name": "First"})).await.expect(201).str("id");
        let admin = user(&operator, &organization, "admin").await;
        let within = operator.in_organization(&organization);
        let source_key = within.post("/v1/source-keys", &json!({"name": "website"})).await.expect(201).str("key");
        let source = nobody.with_key(&source_key);
        let receiver = Receiver::start().await;
        Self {
            clock,
            receiver,
            nobody,
            operator,
            admin,
            source,
            organization,
            source_key,
            host: Some(host),
            start,
            data,
            database,
        }
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &Pipeline {
        &self.host().running().pipeline
    }

    fn host(&self) -> &MortalHost {
        self.host.as_ref().expect("the host runs")
    }

    /// Stops the host gracefully and starts it again.
    pub async fn restart(&mut self) {
        self.host.take().expect("the host runs").stop().await;
        self.host = Some(MortalHost::start(&self.start).await);
    }

    /// Kills the host and starts it again.
    pub async fn kill(&mut self) {
        self.host.take().expect("the host runs").kill();
        self.host = Some(MortalHost::start(&self.start).await);
    }

    /// Where the host listens.
    pub fn address(&self) -> SocketAddr {
        self.host().running().address
    }

    /// A user of the first organization.
    pub async fn user(&self, role: &str) -> Client {
        user(&self.operator, &self.organization, role).await
    }

    /// Another organization beside the first.
    pub async fn second_organization(&self) -> Tenant {
        let organization =
            self.operator.post("/v1/organizations", &json!({"name": "Second"})).await.expect(201).str("id");
        let admin = user(&self.operator, &organization, "admin").await;
        let within = self.operator.in_organization(&organization);
        let key = within.post("/v1/source-keys", &json!({"name": "website"})).await.expect(201).str("key");
        Tenant { organization, admin, source: self.nobody.with_key(&key) }
    }

    /// An active campaign on this document, which delivers to `/client/ID` of the receiver.
    pub async fn campaign(&self, id: &str, document: &str) -> String {
        self.new_campaign(id, document, "client").await;
        let endpoint = json!({"url": self.receiver.url(&format!("/client/{id}")), "retries": 3});
        self.admin.put(&format!("/v1/campaigns/{id}/endpoint"), &endpoint).await.expect(200);
        self.activate(id).await;
        id.to_owned()
    }

    /// A draft campaign on this document that stores its leads and sends them to no client.
    pub async fn draft(&self, id: &str, document: &str) {
        self.new_campaign(id, document, "store_only").await;
    }

    /// A draft campaign on this document, which lacks its client endpoint.
    pub async fn draft_without_client(&self, id: &str, document: &str) {
        self.new_campaign(id, document, "client").await;
    }

    async fn new_campaign(&self, id: &str, document: &str, delivery: &str) {
        let new = json!({"id": id, "name": id, "delivery": delivery});
        self.admin.post("/v1/campaigns", &new).await.expect(201);
        if !document.is_empty() {
            let saved = json!({"document": document, "activate": true});
            self.admin.put(&format!("/v1/campaigns/{id}/document"), &saved).await.expect(201);
        }
    }

    /// Activates a campaign.
    pub async fn activate(&self, id: &str) {
        self.set_state(id, "active").await;
    }

    /// Moves a campaign to a state.
    pub async fn set_state(&self, id: &str, state: &str) {
        self.admin.put(&format!("/v1/campaigns/{id}/state"), &json!({"state": state})).await.expect(200);
    }

    /// Waits until something is so; fails where it does not come to be.
    pub async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("it does not come to be so: {what}"));
    }

    /// Waits until two hosts share the work.
    pub async fn until_two_hosts_work(&self) {
        self.until("two hosts have shards", async || 2 <= self.database.leases().await.1).await;
    }

    /// Sends all events of the first organization to `/subscriber` of the receiver; returns the signing secret.
    pub async fn subscribe(&self) -> String {
        let events =
            ["lead.delivered", "lead.disqualified", "lead.failed", "lead.processed", "lead.quarantined", "lead.queued"];
        let settings = json!({"enabled": true, "url": self.receiver.url("/subscriber"), "events": events});
        self.admin.put("/v1/webhook-settings", &settings).await.expect(200).str("new_secret")
    }

    /// Posts leads under a key of their own; they are accepted.
    pub async fn push(&self, leads: Value) -> Response {
        let key = format!("batch-{}", BATCHES.fetch_add(1, Ordering::SeqCst));
        self.source.post("/v1/leads", &json!({"idempotency_key": key, "leads": leads})).await.expect(202)
    }

    /// Posts leads and returns the ids of their submissions when the host is idle.
    pub async fn push_and_settle(&self, leads: Value) -> Vec<String> {
        let response = self.push(leads).await;
        self.settle().await;
        submission_ids(&response)
    }

    /// Waits until nothing is due at the world's time and nothing is under way.
    pub async fn settle(&self) {
        let rest = async {
            while self.is_busy().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, rest).await.expect("the host becomes idle");
    }

    /// Has a bulk job done, and returns it when it is over.
    pub async fn bulk(&self, new: &Value) -> Value {
        let job = self.admin.post("/v1/bulk-jobs", new).await.expect(202).str("id");
        self.bulk_job_ended(&job).await
    }

    /// A bulk job when it is over.
    pub async fn bulk_job_ended(&self, id: &str) -> Value {
        let path = format!("/v1/bulk-jobs/{id}");
        let ended = async {
            loop {
                let job = self.admin.get(&path).await.expect(200).json;
                if !job["ended_at"].is_null() {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("the bulk job ends")
    }

    /// Has what is in quarantine of a campaign run again; returns how many that were.
    pub async fn reprocess(&self, campaign: &str) -> u64 {
        let new = json!({"operation": "reprocess", "filter": {"campaign_id": campaign}});
        let job = self.bulk(&new).await;
        assert_eq!(job["state"], "completed", "{job}");
        job["done"].as_u64().expect("a number")
    }

    /// Another host on the same PostgreSQL database, with a data directory of its own and the same key.
    pub async fn another_host(&self) -> Neighbour {
        let data = tempfile::tempdir().expect("a directory");
        let key = "hookmill.key";
        std::fs::copy(self.data.path().join(key), data.path().join(key)).expect("the key is there");
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let start = Start { data: data.path().to_owned(), listen, ..self.start.clone() };
        Neighbour { host: MortalHost::start(&start).await, _data: data }
    }

    async fn is_busy(&self) -> bool {
        use hookmill_domain::clock::Clock;
        self.pipeline().store().is_busy_at(self.clock.now()).await.expect("the store responds")
    }

    /// A submission as the API shows it.
    pub async fn submission(&self, id: &str) -> Value {
        self.admin.get(&format!("/v1/submissions/{id}")).await.expect(200).json
    }

    /// The state of a submission.
    pub async fn state(&self, id: &str) -> String {
        self.submission(id).await["state"].as_str().unwrap_or_default().to_owned()
    }

    /// The states of submissions, in their order.
    pub async fn states(&self, ids: &[String]) -> Vec<String> {
        let mut states = Vec::with_capacity(ids.len());
        for id in ids {
            states.push(self.state(id).await);
        }
        states
    }

    /// Sets the lifecycle of a campaign.
    pub async fn set_lifecycle(&self, campaign: &str, lifecycle: &Value) {
        self.admin.put(&format!("/v1/campaigns/{campaign}/lifecycle"), lifecycle).await.expect(200);
    }

    /// Lets time go on by so many milliseconds, and waits until nothing is due any more.
    pub async fn advance(&self, ms: i64) {
        self.clock.advance_ms(ms);
        self.settle().await;
    }

    /// The names of the events told to the subscriber so far about a submission, in order.
    pub fn webhook_events(&self, submission_id: &str) -> Vec<String> {
        let told = self.receiver.at("/subscriber").into_iter().map(|request| request.json());
        let about = told.filter(|event| event["submissionId"] == submission_id);
        about.map(|event| event["event"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The same in the order of their names.
    pub fn sorted_webhook_events(&self, submission_id: &str) -> Vec<String> {
        let mut events = self.webhook_events(submission_id);
        events.sort();
        events
    }

    /// Has the database take no more rows of a table whose column holds this text, at `insert` or `update`.
    pub async fn reject_rows(&self, event: &str, table: &str, column: &str, text: &str) {
        self.database.reject_rows(self.data.path(), event, table, column, text).await;
    }

    /// Has it take all rows of a table again.
    pub async fn accept_rows(&self, table: &str) {
        self.database.accept_rows(self.data.path(), table).await;
    }

    /// Changes rows behind the host's back; returns how many.
    pub async fn change_rows(&self, sql: &str) -> u64 {
        self.database.change(self.data.path(), sql).await
    }

    /// The texts of one column, as the database has them.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        self.database.texts(self.data.path(), sql).await
    }

    /// Where any of these texts stands in the database, as table and column; letter case aside.
    pub async fn places_of(&self, texts: &[&str]) -> BTreeSet<String> {
        let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.to_lowercase().into_bytes()).collect();
        let is_named = |value: &[u8]| {
            let value = value.to_ascii_lowercase();
            texts.iter().any(|text| value.windows(text.len()).any(|part| part == text))
        };
        let cells = self.database.cells(self.data.path()).await;
        cells.into_iter().filter(|(_, value)| is_named(value)).map(|(place, _)| place).collect()
    }

    /// The files of the embedded database; none on PostgreSQL.
    pub fn data_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.data.path()).expect("the data directory is there");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.is_file() && path.extension().is_none_or(|extension| extension != "key")).collect()
    }

    /// Ends the host at once, and looks at nothing: its rows were changed behind its back.
    pub fn abandon(mut self) {
        self.host.take().expect("the host runs").kill();
    }

    /// Stops the host gracefully.
    pub async fn stop(mut self) {
        self.host.take().expect("the host runs").stop().await;
        // Whatever a test did: what was counted is what is there.
        assert_eq!(self.database.wrong_counts(self.data.path()).await, [], "counters differ from the rows");
    }
}

/// The submissions a response names.
pub fn submission_ids(response: &Response) -> Vec<String> {
    let accepted = response.json["accepted"].as_array().cloned().unwrap_or_default();
    accepted.iter().map(|lead| lead["submission_id"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn user(operator: &Client, organization: &str, role: &str) -> Client {
    let within = operator.in_organization(organization);
    let user = within.post("/v1/users", &json!({"name": role, "role": role})).await.expect(201).str("id");
    let key = within.post("/v1/api-keys", &json!({"user_id": user, "name": "test"})).await.expect(201).str("key");
    operator.with_key(&key).without_organization()
}

/// Compiled plugins are shared by all tests: compiling them is slow, and the cache is made to be shared.
pub fn cache() -> PathBuf {
    workspace().join("target/test-cache")
}

/// The root of the repository.
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

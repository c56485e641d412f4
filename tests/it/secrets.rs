//! Secrets at rest and in output (H5): nothing that anybody can read has one, and the key that encrypts them can be replaced.

use hookmill_tests::process::{HostProcess, binary};
use hookmill_tests::{Behaviour, Client, Kind, Receiver, TestDatabase};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// Where the host keeps its encryption key.
const KEY_FILE: &str = "hookmill.key";

/// A secret that can be found anywhere: in each place where one is given there is another.
fn marked(place: &str) -> String {
    format!("m4rked-{place}-s3cret")
}

/// How it looks where it is part of an `Authorization` of kind basic.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

fn whsec(byte: u8) -> String {
    use base64::Engine as _;
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode([byte; 32]))
}

/// Everything that must be nowhere, by where it was given.
struct Planted(BTreeMap<String, String>);

impl Planted {
    fn add(&mut self, place: &str, secret: String) -> String {
        self.0.insert(place.to_owned(), secret.clone());
        secret
    }

    fn mark(&mut self, place: &str) -> String {
        self.add(place, marked(place))
    }

    #[track_caller]
    fn assert_absent(&self, text: &str, what: &str) {
        for (place, secret) in &self.0 {
            assert!(!text.contains(secret.as_str()), "{what} has the secret of {place}: {text}");
        }
    }
}

/// A receiver that repeats all that it is sent of one place: the worst of error pages.
fn echo(planted: &Planted, place: &str) -> Behaviour {
    let sent = planted.0.iter().filter(|(name, secret)| name.starts_with(place) && !secret.starts_with("whsec_"));
    let sent: Vec<&str> = sent.map(|(_, secret)| secret.as_str()).collect();
    Behaviour::Respond(500, vec![("x-echo".into(), sent.join(" "))], format!("you sent: {}", sent.join(" | ")))
}

/// The key of the operator of a host on empty data, and an organization there.
async fn first_organization(host: &HostProcess) -> (String, String) {
    let operator_key = host.operator_key.clone().expect("an operator key on empty data");
    let operator = host.client().with_key(&operator_key);
    let organization = operator.post("/v1/organizations", &json!({"name": "First"})).await.expect(201).str("id");
    (operator_key, organization)
}

async fn plant(within: &Client, receiver: &Receiver) -> Planted {
    let mut planted = Planted(BTreeMap::new());
    let settings = json!({
        "enabled": true, "url": receiver.url("/settings"), "events": ["lead.failed", "lead.processed"], "retries": 1,
        "headers": {"x-key": planted.mark("settings-header")}, "secrets": [planted.add("settings-secret", whsec(1)), planted.add("settings-old-secret", whsec(2))],
    });
    within.put("/v1/webhook-settings", &settings).await.expect(200);
    within.post("/v1/campaigns", &json!({"id": "CC", "name": "CC"})).await.expect(201);
    let own = json!({
        "enabled": true, "url": receiver.url("/own"), "events": ["lead.failed"], "retries": 1, "headers": {"x-key": planted.mark("own-header")},
        "secrets": [planted.add("own-secret", whsec(3))],
    });
    within.put("/v1/campaigns/CC/webhook-settings", &own).await.expect(200);
    let password = planted.mark("subscription-password");
    planted.add("subscription-basic", basic("me", &password));
    let subscription = json!({
        "name": "s", "url": receiver.url("/subscription"), "events": ["lead.failed", "EMAIL_REPLY"], "retries": 1, "log_response_body": true,
        "auth": {"kind": "basic", "username": "me", "password": password}, "headers": {"x-key": planted.mark("subscription-header")},
        "secrets": [planted.add("subscription-secret", whsec(4))],
    });
    within.post("/v1/subscriptions?campaign=CC", &subscription).await.expect(201);
    let endpoint = json!({
        "url": receiver.url("/client"), "retries": 0, "headers": {"x-key": planted.mark("client-header")},
        "auth": {"kind": "bearer", "token": planted.mark("client-token")},
    });
    within.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200);
    let inbound = json!({
        "name": "form", "verify_token": planted.mark("inbound-verify"),
        "proof": {"kind": "shared_secret", "secret": planted.mark("inbound-proof"), "header": "x-proof"},
    });
    within.post("/v1/campaigns/CC/inbound-webhooks", &inbound).await.expect(201);
    within.put("/v1/campaigns/CC/state", &json!({"state": "active"})).await.expect(200);
    planted
}

/// Every path that can be read, with the ids of what is there; which could not be filled in.
async fn readable(within: &Client) -> (Vec<String>, Vec<String>) {
    let described = within.get("/openapi.json").await.expect(200).json;
    let (mut paths, mut unfilled) = (Vec::new(), Vec::new());
    for (template, item) in described["paths"].as_object().expect("paths") {
        if item.get("get").is_none() || template.starts_with("/in/") || template.contains("/events") {
            continue;
        }
        match fill(within, template).await {
            Some(path) => paths.push(path),
            None => unfilled.push(template.clone()),
        }
    }
    (paths, unfilled)
}

/// A path whose parameters are those of the first thing that its list has.
async fn fill(within: &Client, template: &str) -> Option<String> {
    let mut path = String::new();
    for part in template.split('/').skip(1) {
        let part = match part.starts_with('{') {
            false => part.to_owned(),
            true => {
                let listed = within.get(&path).await;
                let first = listed.json["items"].as_array().and_then(|items| items.first()).cloned()?;
                let named = ["id", "version", "name"].iter().find_map(|name| first.get(*name)).cloned()?;
                named.as_str().map(str::to_owned).unwrap_or_else(|| named.to_string())
            }
        };
        path = format!("{path}/{part}");
    }
    Some(path)
}

async fn until_sent(within: &Client) {
    let sent = async {
        loop {
            let rows = within.get("/v1/deliveries?limit=100").await.expect(200).json["items"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if 4 <= rows.len() && rows.iter().all(|row| 0 < row["attempts"].as_i64().unwrap_or_default()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, sent).await.expect("everything is sent once");
}

/// H4 H5: secrets are planted wherever one can be given, everybody who is sent one repeats it, and then everything that can be read is searched:
/// every path of the API, dry runs and replays, errors, metrics, the audit log, what the command line prints, and the log of a host that logs
/// all it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_no_output_has_a_secret() {
    let data = tempfile::tempdir().expect("a directory");
    let log = data.path().join("log.txt");
    let (host, receiver) = (HostProcess::start_with_log(data.path(), &log).await, Receiver::start().await);
    let (operator_key, organization) = first_organization(&host).await;
    let within = host.client().with_key(&operator_key).in_organization(&organization);
    let mut planted = plant(&within, &receiver).await;
    let source_key = within.post("/v1/source-keys", &json!({"name": "website"})).await.expect(201).str("key");
    planted.add("operator-key", operator_key);
    planted.add("source-key", source_key.clone());
    for place in ["settings", "own", "subscription", "client"] {
        receiver.always(&format!("/{place}"), echo(&planted, place));
    }
    let source = host.client().with_key(&source_key);
    let batch = json!({"idempotency_key": "1", "leads": [{"campaign_id": "CC", "email": "a@x.example", "phone": "512-555-0100"}]});
    let posted = source.post("/v1/leads", &batch).await.expect(202);
    let submission = posted.json["accepted"][0]["submission_id"].as_str().expect("an id").to_owned();
    let event = json!({"event_id": "e1", "campaign_id": "CC", "event_type": "EMAIL_REPLY", "occurred_at": "2026-03-28T09:35:01Z", "lead": {"email": "a@x.example"}});
    source.post("/v1/events", &event).await.expect(202);
    until_sent(&within).await;

    let mut outputs: Vec<(String, String)> = Vec::new();
    let (paths, unfilled) = readable(&within).await;
    assert!(40 <= paths.len(), "{} paths are read, and not {unfilled:?}", paths.len());
    for path in &paths {
        let got = within.get(path).await;
        assert!(got.status < 500, "{path}: {}", got.text);
        outputs.push((format!("GET {path}"), got.text));
    }
    let deliveries = within.get("/v1/deliveries?limit=100").await.expect(200).json["items"].clone();
    for row in deliveries.as_array().expect("rows") {
        let path = format!("/v1/deliveries/{}", row["id"].as_str().expect("an id"));
        outputs.push((path.clone(), within.get(&path).await.expect(200).text));
    }
    let replayed = within.get(&format!("/v1/submissions/{submission}/replay?version=1")).await;
    outputs.push(("replay".into(), replayed.text));
    let dry = within
        .post("/v1/campaigns/CC/dry-run", &json!({"body": {"email": "a@x.example", "phone": "512-555-0100"}}))
        .await;
    assert_eq!(dry.status, 200, "{}", dry.text);
    outputs.push(("dry run".into(), dry.text));
    // What is rejected is not repeated either.
    let bad = json!({"enabled": true, "url": "nonsense", "events": ["nonsense"], "headers": {"x-key": marked("settings-header"), "host": marked("own-header")}, "secrets": [marked("client-token")]});
    outputs.push(("an error".into(), within.put("/v1/webhook-settings", &bad).await.expect(422).text));
    let unknown = host.client().with_key(&marked("client-token")).get("/v1/me").await;
    outputs.push(("an unknown key".into(), unknown.expect(401).text));
    for words in [&["inbound", "list", "CC"][..], &["submissions", "show", &submission], &["submissions", "list"]] {
        let output = hookmill_tests::command_line::run(&within, words).await;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        outputs.push((format!("hookmill {words:?}"), text));
    }
    host.terminate().await;
    let lines = std::fs::read_to_string(&log).expect("the log is there");
    assert!(lines.contains("request_id"), "nothing is logged: {lines}");
    outputs.push(("the log".into(), lines));
    for (what, text) in &outputs {
        planted.assert_absent(text, what);
    }
    // They were sent all the same: the search would find them.
    let sent = receiver.at("/subscription");
    let headers: Vec<&str> =
        sent.iter().flat_map(|request| [request.header("authorization"), request.header("x-key")]).collect();
    let authorization = format!("Basic {}", basic("me", &marked("subscription-password")));
    assert!(
        headers.contains(&authorization.as_str()) && headers.contains(&marked("subscription-header").as_str()),
        "{headers:?}"
    );
}

fn rotate(data: &Path, database: &TestDatabase, key: Option<&str>) -> Output {
    let mut command = std::process::Command::new(binary());
    command.args(["encryption-key", "rotate", "--json", "--data"]).arg(data);
    if let Some(url) = &database.url {
        command.args(["--database-url", url]);
    }
    if let Some(key) = key {
        command.env("HOOKMILL_KEY", key);
    }
    command.output().expect("the binary can be run")
}

/// How many secrets it says to have encrypted anew.
#[track_caller]
fn rotated(output: &Output) -> u64 {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    said["secrets_encrypted"].as_u64().expect("a number")
}

#[track_caller]
fn rejected(output: &Output, part: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(part), "{said}");
}

/// What a client is sent with, as a host has it.
async fn sends(host: &HostProcess, operator_key: &str, organization: &str, receiver: &Receiver, key: &str) {
    let within = host.client().with_key(operator_key).in_organization(organization);
    let source_key = within.post("/v1/source-keys", &json!({"name": key})).await.expect(201).str("key");
    let before = receiver.at("/client").len();
    let batch = json!({"idempotency_key": key, "leads": [{"campaign_id": "CC", "email": "a@x.example", "phone": "512-555-0100"}]});
    host.client().with_key(&source_key).post("/v1/leads", &batch).await.expect(202);
    receiver.until("/client", before + 1).await;
    assert_eq!(receiver.at("/client")[before].header("x-key"), marked("client-header"));
}

/// H5: on the embedded database the key file gets a new key, every secret is encrypted with it, and the old one opens nothing. Stopped in between
/// it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_the_key_of_a_file_is_replaced() {
    let (data, receiver) = (tempfile::tempdir().expect("a directory"), Receiver::start().await);
    let database = TestDatabase::create(Kind::Sqlite).await;
    let file = data.path().join(KEY_FILE);
    let host = HostProcess::start(data.path(), None).await;
    let (operator_key, organization) = first_organization(&host).await;
    plant(&host.client().with_key(&operator_key).in_organization(&organization), &receiver).await;
    rejected(&rotate(data.path(), &database, None), "stop it first");
    host.terminate().await;

    let old = std::fs::read_to_string(&file).expect("the key is there");
    // Settings of the organization, of the campaign, a subscription, a client, an inbound webhook.
    assert_eq!(rotated(&rotate(data.path(), &database, None)), 5);
    let new = std::fs::read_to_string(&file).expect("the key is there");
    assert!(new != old && new.trim().len() == 44, "{} letters", new.len());
    rejected(&rotate(data.path(), &database, Some(old.trim())), "one encryption key alone");
    let host = HostProcess::start(data.path(), None).await;
    sends(&host, &operator_key, &organization, &receiver, "after").await;
    host.terminate().await;

    // One that was stopped when it had written the file: the host starts, and the next run goes on.
    let both = format!("{}{new}", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=\n");
    std::fs::write(&file, &both).expect("it can be written");
    let host = HostProcess::start(data.path(), None).await;
    sends(&host, &operator_key, &organization, &receiver, "between").await;
    host.terminate().await;
    assert_eq!(
        rotated(&rotate(data.path(), &database, None)),
        6,
        "those from before, and the key of a source; its newest is under the new one"
    );
    assert_eq!(std::fs::read_to_string(&file).expect("the key is there").lines().count(), 1);
    rejected(&rotate(data.path(), &database, Some(&format!("{0} {0}", new.trim()))), "encrypted with another key");
}

/// H5: on PostgreSQL the key is replaced while hosts run: each has the other key beside its own first, and then the new one before the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_the_key_of_running_hosts_is_replaced() {
    const OLD: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
    const NEW: &str = "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI=";
    let (data, receiver) = (tempfile::tempdir().expect("a directory"), Receiver::start().await);
    let database = TestDatabase::create(Kind::Postgres).await;
    let other_data = tempfile::tempdir().expect("a directory");
    let start_in = async |data: &Path, key: &str| HostProcess::start_with_key(data, database.url.as_deref(), key).await;
    let start = async |key: &str| start_in(data.path(), key).await;
    let host = start(OLD).await;
    let (operator_key, organization) = first_organization(&host).await;
    plant(&host.client().with_key(&operator_key).in_organization(&organization), &receiver).await;
    rejected(&rotate(data.path(), &database, Some(OLD)), "one encryption key alone");
    host.terminate().await;
    let (both, turned) = (format!("{OLD} {NEW}"), format!("{NEW} {OLD}"));
    let (first, second) = (start(&both).await, start_in(other_data.path(), &turned).await);
    sends(&second, &operator_key, &organization, &receiver, "under the new one").await;
    sends(&first, &operator_key, &organization, &receiver, "under the old one").await;
    assert_eq!(
        rotated(&rotate(data.path(), &database, Some(&turned))),
        6,
        "five that were planted, and the key that was made under the old one"
    );
    sends(&first, &operator_key, &organization, &receiver, "read by whoever has both").await;
    first.terminate().await;
    second.terminate().await;
    assert_eq!(rotated(&rotate(data.path(), &database, Some(&turned))), 1, "what the first host made since");
    let host = start(NEW).await;
    sends(&host, &operator_key, &organization, &receiver, "the new one alone").await;
    host.terminate().await;
}

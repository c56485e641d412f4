//! Keys and other secrets: operator keys are made and revoked by whoever has the host's data, whatever becomes of the output; the URLs of
//! receivers are for admins alone; and a clock that is set back keeps nothing alive.

use hookmill_store::audit::AuditEntry;
use hookmill_tests::process::{binary, full, run_without_output};
use hookmill_tests::{Behaviour, Client, HostProcess, Kind, Receiver, TestDatabase, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// How long a test waits for a host.
const PATIENCE: Duration = Duration::from_secs(60);
/// What nobody but admins may see of a URL, in its path and in its query.
const SECRETS: [&str; 2] = ["T0-s3cret-path", "s3cret-query"];
const CLIENT: &str = "/services/T0-s3cret-path";
const SUBSCRIBER: &str = "/hooks/T0-s3cret-path";
/// A document that writes the URL of its receiver into the message.
const TELLS: &str = "version: 1\nshape:\n  client:\n    body:\n      there: {from: destination.url}\n";

/// Data that hosts and commands are run on, one after the other or together.
struct Data {
    directory: tempfile::TempDir,
    database: TestDatabase,
}

impl Data {
    async fn create(kind: Kind) -> Self {
        Self { directory: tempfile::tempdir().expect("a directory"), database: TestDatabase::create(kind).await }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn url(&self) -> Option<&str> {
        self.database.url.as_deref()
    }

    async fn host(&self) -> HostProcess {
        HostProcess::start(self.path(), self.url()).await
    }

    /// Lets a command have the data: a SQLite that a host runs on is the host's alone.
    async fn leave(&self, host: HostProcess) -> Option<HostProcess> {
        if self.url().is_some() {
            return Some(host);
        }
        host.terminate().await;
        None
    }

    /// The host that was left, or another one.
    async fn come_back(&self, host: Option<HostProcess>) -> HostProcess {
        match host {
            Some(host) => host,
            None => self.host().await,
        }
    }

    /// `hookmill operator-keys WORDS` on this data.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.arg("operator-keys").args(words).arg("--data").arg(self.path());
        if let Some(url) = self.url() {
            command.args(["--database-url", url]);
        }
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the binary can be run")
    }

    /// The same, which succeeds; its output.
    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", err(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[words, &["--json"]].concat())).expect("JSON")
    }

    /// The keys that are listed: id and whether it is revoked.
    fn keys(&self) -> Vec<(String, bool)> {
        let listed = self.json(&["list"]);
        let key = |key: &Value| (key["id"].as_str().unwrap_or_default().to_owned(), !key["revoked_at"].is_null());
        listed.as_array().expect("a list").iter().map(key).collect()
    }

    /// What the audit log has of operators: action and subject.
    async fn audited(&self) -> Vec<String> {
        let sql = "select action || ' ' || subject from audit where organization_id is null and user_id = 'host' \
            and action like 'operator%' order by id";
        self.database.texts(self.path(), sql).await
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What an operator's key is good for.
async fn status(host: &HostProcess, key: &str) -> u16 {
    host.client().with_key(key).get("/v1/organizations").await.status
}

on_both! {
    /// O9 H3: whoever has the host's data lists, makes and revokes the keys of operators; each deed leaves its line. A SQLite that a host
    /// runs on is left to it.
    async fn operator_keys_are_managed_on_the_data(kind: Kind) {
        let data = Data::create(kind).await;
        let nothing = Command::new(binary()).args(["operator-keys", "list", "--data"]).arg(data.path().join("none")).output().unwrap();
        assert!(!nothing.status.success() && err(&nothing).contains("there is no database"), "{}", err(&nothing));
        assert!(!data.path().join("none").exists(), "a look makes nothing");

        let host = data.host().await;
        let first = host.operator_key.clone().expect("an operator key on empty data");
        if kind == Kind::Sqlite {
            let busy = data.run(&["list"]);
            let (id, said) = (host.id(), err(&busy));
            assert!(!busy.status.success() && said.contains(&format!("process {id} runs on")) && said.contains("stop it"), "{said}");
        }
        let host = data.leave(host).await;
        let listed = data.json(&["list"]);
        let of_first = listed[0].clone();
        assert_eq!((listed.as_array().unwrap().len(), &of_first["revoked_at"]), (1, &Value::Null), "{listed}");
        assert!(first.starts_with(of_first["prefix"].as_str().unwrap()), "{listed}");

        let laptop = data.json(&["create", "--name", "laptop"]);
        let shown = data.done(&["create", "--user", of_first["user_id"].as_str().unwrap()]);
        let second = shown.lines().find_map(|line| line.strip_prefix("operator key: ")).expect("a key").to_owned();
        let listed = data.json(&["list"]);
        assert_eq!((&listed[1]["id"], &listed[1]["name"]), (&laptop["id"], &json!("laptop")), "{listed}");
        assert_ne!(listed[1]["user_id"], of_first["user_id"], "{listed}");
        assert_eq!(listed[2]["user_id"], of_first["user_id"], "{listed}");
        let table = data.done(&["list"]);
        for (key, id) in [(first.as_str(), &of_first["id"]), (laptop["key"].as_str().unwrap(), &laptop["id"]), (&second, &listed[2]["id"])] {
            assert!(table.contains(id.as_str().unwrap()), "{table}");
            assert!(!table.contains(key) && !listed.to_string().contains(key), "a key is shown once");
        }
        let stranger = data.run(&["create", "--user", "usr_none"]);
        assert!(!stranger.status.success() && err(&stranger).contains("not the id of an operator"), "{}", err(&stranger));

        let host = data.come_back(host).await;
        assert_eq!(host.operator_key.is_some(), kind == Kind::Postgres, "only empty data gets a key by itself");
        let fresh = laptop["key"].as_str().unwrap();
        assert_eq!([status(&host, &first).await, status(&host, fresh).await, status(&host, &second).await], [200; 3]);
        let host = data.leave(host).await;
        let first_id = of_first["id"].as_str().unwrap();
        assert_eq!(data.json(&["revoke", first_id]), json!({"id": first_id, "keys_left": 2}));
        let again = data.run(&["revoke", first_id]);
        assert!(!again.status.success() && err(&again).contains("revoked already"), "{}", err(&again));
        let host = data.come_back(host).await;
        assert_eq!([status(&host, &first).await, status(&host, fresh).await], [401, 200], "a host that runs knows at once");
        host.terminate().await;

        let [laptop_id, second_id] = [&laptop["id"], &listed[2]["id"]].map(|id| id.as_str().unwrap().to_owned());
        assert!(!data.done(&["revoke", &second_id]).contains("no operator key is left"));
        assert!(data.done(&["revoke", &laptop_id]).contains("no operator key is left: create one with"));
        let expected = [
            format!("operator_key.created {first_id}"),
            format!("operator_key.created {laptop_id}"),
            format!("operator_key.created {second_id}"),
            format!("operator_key.revoked {first_id}"),
            format!("operator_key.revoked {second_id}"),
            format!("operator_key.revoked {laptop_id}"),
        ];
        assert_eq!(data.audited().await, expected);

        let last = data.json(&["create"]);
        let host = data.host().await;
        assert_eq!(status(&host, last["key"].as_str().unwrap()).await, 200);
        host.terminate().await;
    }
}

on_both! {
    /// O9: a key that could not be printed does not count: neither that of a first start, nor that of a command.
    async fn a_key_that_nobody_got_does_not_count(kind: Kind) {
        let data = Data::create(kind).await;
        let ended = run_without_output(data.path(), data.url()).await;
        assert!(!ended.status.success() && err(&ended).contains("hookmill operator-keys create"), "{}", err(&ended));
        assert_eq!(data.keys().into_iter().map(|(_, is_revoked)| is_revoked).collect::<Vec<_>>(), [true]);

        let created = data.command(&["create"]).stdout(full()).output().expect("the binary can be run");
        assert!(!created.status.success() && err(&created).contains("it is revoked"), "{}", err(&created));
        let keys = data.keys();
        assert_eq!(keys.iter().map(|(_, is_revoked)| *is_revoked).collect::<Vec<_>>(), [true, true]);
        let expected: Vec<String> = keys.iter().flat_map(|(id, _)| [format!("operator_key.created {id}"), format!("operator_key.revoked {id}")]).collect();
        assert_eq!(data.audited().await, expected);

        let created = data.json(&["create"]);
        let host = data.host().await;
        assert_eq!((&host.operator_key, status(&host, created["key"].as_str().unwrap()).await), (&None, 200));
        host.terminate().await;
    }
}

fn secret_url(receiver: &Receiver, path: &str) -> String {
    receiver.url(&format!("{path}?token={}", SECRETS[1]))
}

/// An error page of the usual kind: it repeats what was asked for.
fn echo(path: &str) -> Behaviour {
    Behaviour::Respond(404, vec![], format!("Cannot POST {path}?token={}", SECRETS[1]))
}

#[track_caller]
fn assert_masked(text: &str, what: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows `{secret}`: {text}");
    }
}

/// Everything that can be read of a campaign, its leads and what was sent.
async fn readable(client: &Client, submission: &str) -> Vec<String> {
    let mut paths: Vec<String> = [
        "/v1/campaigns",
        "/v1/campaigns/CC",
        "/v1/campaigns/CC/endpoint",
        "/v1/campaigns/CC/versions",
        "/v1/campaigns/CC/document",
        "/v1/campaigns/CC/submissions",
        "/v1/campaigns/CC/fields",
        "/v1/campaigns/CC/fields/draft",
        "/v1/campaigns/CC/warnings",
        "/v1/webhook-settings",
        "/v1/deliveries",
        "/v1/requests",
        "/v1/rejected-requests",
        "/v1/me",
    ]
    .map(str::to_owned)
    .into();
    paths.push(format!("/v1/submissions/{submission}"));
    let deliveries = client.get("/v1/deliveries").await.expect(200).json["items"].clone();
    let ids = deliveries.as_array().into_iter().flatten().map(|row| row["id"].as_str().unwrap_or_default().to_owned());
    paths.extend(ids.map(|id| format!("/v1/deliveries/{id}")));
    paths
}

on_both! {
    /// O8 H5: who is below `admin` sees where leads and events go, and not what it takes to post there: not in settings, in what was sent, in
    /// what the receiver responded, nor by a document that writes it into a message. What they see is not taken for a URL.
    async fn urls_of_receivers_are_for_admins(kind: Kind) {
        let world = World::new(kind).await;
        let (client_url, subscriber_url) = (secret_url(&world.receiver, CLIENT), secret_url(&world.receiver, SUBSCRIBER));
        world.receiver.always(CLIENT, echo(CLIENT));
        world.receiver.always(SUBSCRIBER, echo(SUBSCRIBER));
        world.draft_without_client("CC", "").await;
        let endpoint = json!({"url": client_url, "retries": 0});
        assert_eq!(world.admin.put("/v1/campaigns/CC/endpoint", &endpoint).await.expect(200).str("url"), client_url);
        let settings = json!({"enabled": true, "url": subscriber_url, "events": ["lead.failed"], "retries": 1});
        assert_eq!(world.admin.put("/v1/webhook-settings", &settings).await.expect(200).str("url"), subscriber_url);
        world.activate("CC").await;
        let submission = world.push_and_settle(json!([{"campaign_id": "CC", "email": "a@x.example"}])).await.remove(0);
        assert_eq!((world.receiver.at(CLIENT).len(), world.receiver.at(SUBSCRIBER).len()), (1, 1));

        let operator = world.operator.in_organization(&world.organization);
        for sees_all in [&world.admin, &operator] {
            assert_eq!(sees_all.get("/v1/campaigns/CC/endpoint").await.expect(200).str("url"), client_url);
            assert_eq!(sees_all.get("/v1/webhook-settings").await.expect(200).str("url"), subscriber_url);
        }
        assert_masked(&world.admin.get("/v1/audit").await.expect(200).text, "the audit log");
        let masked = world.receiver.url("/…");
        let integrator = world.user("integrator").await;
        for (role, below) in [("integrator", &integrator), ("viewer", &world.user("viewer").await)] {
            for path in readable(below, &submission).await {
                assert_masked(&below.get(&path).await.expect(200).text, &format!("{role} {path}"));
            }
            assert_eq!(below.get("/v1/campaigns/CC/endpoint").await.expect(200).str("url"), masked);
            assert_eq!(below.get("/v1/webhook-settings").await.expect(200).str("url"), masked);
        }

        let saved = integrator.put("/v1/campaigns/CC/document", &json!({"document": TELLS})).await.expect(201).json;
        let version = saved["version"].as_i64().expect("a version");
        let sample = json!({"body": {"email": "a@x.example"}, "document": TELLS});
        let looks = [
            ("POST", "/v1/campaigns/CC/dry-run".to_owned(), Some(sample)),
            ("GET", format!("/v1/submissions/{submission}/replay?version={version}"), None),
            ("GET", format!("/v1/campaigns/CC/versions/{version}/comparison"), None),
        ];
        for (method, path, body) in looks {
            let look = async |client: &Client| match &body {
                Some(body) => client.post(&path, body).await.expect(200).text,
                None => client.get(&path).await.expect(200).text,
            };
            let (of_integrator, of_admin) = (look(&integrator).await, look(&world.admin).await);
            assert_masked(&of_integrator, &format!("{method} {path}"));
            assert!(of_integrator.contains("/…"), "{method} {path}: {of_integrator}");
            assert!(SECRETS.iter().all(|secret| of_admin.contains(secret)), "{method} {path}: {of_admin}");
        }

        let given_back = json!({"url": masked});
        let rejected = world.admin.put("/v1/campaigns/CC/endpoint", &given_back).await.expect_error(422, "invalid");
        assert!(rejected.text.contains("send the whole URL"), "{}", rejected.text);
        let given_back = json!({"enabled": true, "url": masked, "events": []});
        world.admin.put("/v1/webhook-settings", &given_back).await.expect_error(422, "invalid");
        assert_eq!(world.admin.get("/v1/campaigns/CC/endpoint").await.expect(200).str("url"), client_url);
        assert_eq!(world.admin.get("/v1/webhook-settings").await.expect(200).str("url"), subscriber_url);
        world.stop().await;
    }
}

/// H4 H5: the log has neither a receiver's path nor a key, whatever goes wrong and however much is logged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_has_no_secrets() {
    let data = Data::create(Kind::Sqlite).await;
    let log = data.path().join("log.txt");
    let (host, receiver) = (HostProcess::start_with_log(data.path(), &log).await, Receiver::start().await);
    receiver.always(CLIENT, echo(CLIENT));
    let operator_key = host.operator_key.clone().expect("an operator key on empty data");
    let operator = host.client().with_key(&operator_key);
    let organization = operator.post("/v1/organizations", &json!({"name": "First"})).await.expect(201).str("id");
    let within = operator.in_organization(&organization);
    let source_key = within.post("/v1/source-keys", &json!({"name": "website"})).await.expect(201).str("key");
    let unreachable = format!("http://127.0.0.1:1{SUBSCRIBER}?token={}", SECRETS[1]);
    let settings = json!({"enabled": true, "url": unreachable, "events": ["lead.failed", "lead.processed"]});
    within.put("/v1/webhook-settings", &settings).await.expect(200);
    within.post("/v1/campaigns", &json!({"id": "CC", "name": "CC"})).await.expect(201);
    within.put("/v1/campaigns/CC/endpoint", &json!({"url": secret_url(&receiver, CLIENT)})).await.expect(200);
    within.put("/v1/campaigns/CC/endpoint", &json!({"url": receiver.url("/…")})).await.expect_error(422, "invalid");
    within.put("/v1/campaigns/CC/state", &json!({"state": "active"})).await.expect(200);
    let batch = json!({"idempotency_key": "1", "leads": [{"campaign_id": "CC", "email": "a@x.example"}]});
    let posted = host.client().with_key(&source_key).post("/v1/leads", &batch).await.expect(202);
    let submission = posted.json["accepted"][0]["submission_id"].as_str().expect("an id").to_owned();
    let attempted = async {
        loop {
            let shown = within.get("/v1/deliveries").await.expect(200).json;
            let rows = shown["items"].as_array().cloned().unwrap_or_default();
            if rows.len() == 3 && rows.iter().all(|row| 0 < row["attempts"].as_i64().unwrap_or_default()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, attempted).await.expect("everything is sent once");
    assert_eq!(within.get(&format!("/v1/submissions/{submission}")).await.expect(200).json["state"], "failed");
    host.terminate().await;
    let lines = std::fs::read_to_string(&log).expect("the log is there");
    assert!(lines.contains("request_id"), "nothing is logged: {lines}");
    assert_masked(&lines, "the log");
    assert!(!lines.contains(&operator_key) && !lines.contains(&source_key), "the log has a key");
}

on_both! {
    /// O9: what was looked up is trusted for a second by a clock that nobody sets: setting the other one back keeps no revoked key alive, and
    /// brings none back.
    async fn a_clock_that_is_set_back_keeps_no_key_alive(kind: Kind) {
        use hookmill_domain::clock::Clock;
        const HOUR_MS: i64 = 3_600_000;
        let mut options = WorldOptions::default();
        options.settings.limits.lookup_ttl_ms = 1_000;
        let world = World::with(kind, options).await;
        world.draft("CC", "").await;
        let post = async |key: &str| {
            let batch = json!({"idempotency_key": key, "leads": [{"campaign_id": "CC", "email": "a@x.example"}]});
            world.source.post("/v1/leads", &batch).await
        };
        let id = world.admin.get("/v1/source-keys").await.expect(200).json["items"][0]["id"].as_str().expect("a key").to_owned();
        post("known").await.expect(202);
        world.clock.set_back_ms(HOUR_MS);
        // As another host would do it.
        let user_id = world.admin.get("/v1/me").await.expect(200).str("id");
        let entry = AuditEntry { organization_id: Some(world.organization.clone()), user_id, action: "source_key.revoked" };
        let store = world.pipeline().store();
        assert!(store.revoke_source_key(&world.organization, &id, &entry, world.clock.now()).await.expect("the store responds"));
        world.clock.advance_ms(999);
        post("trusted").await.expect(202);
        world.clock.advance_ms(1);
        post("revoked").await.expect_error(401, "key_unknown");
        world.clock.set_back_ms(HOUR_MS);
        post("still revoked").await.expect_error(401, "key_unknown");
        world.clock.advance_ms(2_000);
        post("and later").await.expect_error(401, "key_unknown");
        world.stop().await;
    }
}

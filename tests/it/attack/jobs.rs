//! Long calls are jobs (H6): nothing between a caller and the host cuts one in silence. Here a compiler that can be told to wait makes uploads
//! as long as a test likes.

use super::host_faults::{FragileCompiler, new_plugin, until};
use hookmill_domain::config::Limits;
use hookmill_tests::client::send;
use hookmill_tests::{Client, Kind, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a caller waits in these tests, in milliseconds.
const WAIT_MS: u64 = 200;

const DOCUMENT: &str = "
version: 1
name: jobs
map:
  fields:
    email: {from: email, then: [email]}
";

/// A host whose callers wait for a moment, with this compiler.
async fn world(kind: Kind, compiler: &FragileCompiler, set: impl FnOnce(&mut Limits)) -> World {
    let mut options = WorldOptions { compiler: compiler.compiler(), ..WorldOptions::default() };
    options.settings.limits.job_wait_ms = WAIT_MS;
    set(&mut options.settings.limits);
    World::with(kind, options).await
}

async fn upload(client: &Client, name: &str, component: &[u8]) -> Response {
    client.put_bytes(&format!("/v1/plugins/{name}"), component.to_vec()).await
}

/// A call whose caller does not want to wait.
async fn prefer_job(client: &Client, path: &str) -> Response {
    // A call that ends at the very moment responds as any other, and makes no job.
    for _ in 0..50 {
        let response = send(client.request("GET", path).header("prefer", "respond-async")).await;
        if response.status == 202 {
            return response;
        }
    }
    panic!("{path} never became a job");
}

/// Where a response says that its job is read.
fn address(accepted: &Response) -> String {
    accepted.headers["location"].to_str().unwrap().to_owned()
}

/// A job when it is over.
async fn ended(client: &Client, address: &str) -> Value {
    let look = async || client.get(address).await.expect(200).json;
    until("the job ends", async || look().await["state"] != "running").await;
    look().await
}

/// The status and the body that a long call comes to, whether its caller has to follow a job or not.
async fn follow(client: &Client, response: Response) -> (u64, Value) {
    if response.status != 202 {
        return (response.status.into(), response.json);
    }
    let job = ended(client, &address(&response)).await;
    (job["status"].as_u64().unwrap(), job["response"].clone())
}

async fn jobs(client: &Client) -> Vec<Value> {
    client.get("/v1/jobs").await.expect(200).json["items"].as_array().unwrap().clone()
}

on_both! {
    /// H6: an upload that takes longer than its caller waits goes on as a job, and comes to what it would have come to.
    async fn h6_an_upload_that_takes_long_is_a_job(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world = world(kind, &compiler, |_| {}).await;
        let component = new_plugin();
        compiler.hold();
        let accepted = upload(&world.admin, "slow", &component).await.expect(202);
        let job = address(&accepted);
        assert_eq!((accepted.str("address"), format!("/v1/jobs/{}", accepted.str("id"))), (job.clone(), job.clone()));
        assert!(accepted.headers.get("preference-applied").is_none());
        let running = world.admin.get(&job).await.expect(200).json;
        assert_eq!(running, accepted.json);
        assert_eq!((&running["state"], &running["operation"], &running["path"]), (&json!("running"), &json!("uploadPlugin"), &json!("/v1/plugins/slow")));
        assert_eq!(running["request_id"], accepted.headers["x-request-id"].to_str().unwrap());
        assert_eq!(running["created_by"], world.admin.get("/v1/me").await.expect(200).json["id"]);
        for name in ["status", "response", "left_out", "ended_at"] {
            assert!(running[name].is_null(), "{running}");
        }
        assert_eq!(jobs(&world.admin).await[0]["state"], "running");
        assert_eq!(world.admin.get("/v1/plugins").await.expect(200).json["items"], json!([]));

        compiler.let_go();
        let done = ended(&world.admin, &job).await;
        assert_eq!((&done["state"], &done["status"], &done["left_out"]), (&json!("done"), &json!(201), &Value::Null), "{done}");
        assert!(done["ended_at"].is_string(), "{done}");
        let version = world.admin.get("/v1/plugins/slow").await.expect(200).json["items"][0].clone();
        for (name, value) in version.as_object().unwrap() {
            assert_eq!(done["response"][name], *value, "{name}");
        }
        // The same bytes are the same version, and compiled by now.
        let again = upload(&world.admin, "slow", &component).await;
        assert_eq!(follow(&world.admin, again).await, (201, done["response"].clone()));
        let lines = world.admin.get("/v1/audit?limit=200").await.expect(200).json["items"].clone();
        let uploads = lines.as_array().unwrap().iter().filter(|line| line["action"] == "plugin.uploaded");
        assert!(uploads.clone().all(|line| line["user_id"] == done["created_by"]));
        assert_eq!(uploads.count(), 2);
        world.stop().await;
    }
}

on_both! {
    /// H6: what is rejected after a while is a job that has failed, with the error that it would have been.
    async fn h6_a_job_fails_as_its_call_would(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world = world(kind, &compiler, |_| {}).await;
        world.draft("CAMP", "").await;
        let accepted = prefer_job(&world.admin, "/v1/campaigns/NONE/fields").await.expect(202);
        assert_eq!(accepted.headers["preference-applied"], "respond-async");
        let failed = ended(&world.admin, &address(&accepted)).await;
        assert_eq!((&failed["state"], &failed["status"]), (&json!("failed"), &json!(404)), "{failed}");
        let direct = world.admin.get("/v1/campaigns/NONE/fields").await;
        let (_, direct) = follow(&world.admin, direct).await;
        assert_eq!((&failed["response"]["error"], &failed["response"]["success"]), (&direct["error"], &json!(false)));
        assert_eq!(failed["response"]["request_id"], accepted.headers["x-request-id"].to_str().unwrap());
        world.stop().await;
    }
}

on_both! {
    /// H6: whoever prefers not to wait gets the address at once, and reads what a direct call says: JSON as JSON, a text as a text.
    async fn h6_who_prefers_a_job_gets_one_at_once(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world = world(kind, &compiler, |limits| limits.job_wait_ms = 600_000).await;
        world.draft("CAMP", DOCUMENT).await;
        world.push(json!([{"campaign_id": "CAMP", "email": "a@x.example"}])).await;
        world.settle().await;
        for path in ["/v1/campaigns/CAMP/fields", "/v1/campaigns/CAMP/fields/draft", "/v1/campaigns/CAMP/versions/1/comparison?against=1"] {
            let accepted = prefer_job(&world.admin, path).await.expect(202);
            let done = ended(&world.admin, &address(&accepted)).await;
            let direct = world.admin.get(path).await.expect(200);
            let expected = if direct.json.is_null() { json!(direct.text) } else { direct.json };
            assert_eq!((&done["status"], &done["response"]), (&json!(200), &expected), "{path}");
        }
        // What takes long goes on all the same, and its caller has the address while it does.
        compiler.hold();
        let request = world.admin.request("PUT", "/v1/plugins/slow").header("prefer", "respond-async");
        let accepted = send(request.body(new_plugin())).await.expect(202);
        assert_eq!(world.admin.get(&address(&accepted)).await.expect(200).json["state"], "running");
        compiler.let_go();
        assert_eq!(ended(&world.admin, &address(&accepted)).await["status"], 201);
        world.stop().await;
    }
}

on_both! {
    /// H6: whoever leaves before the response has their upload all the same, and gets no second place by it.
    async fn h6_a_caller_who_leaves_has_their_upload(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world =
            world(kind, &compiler, |limits| (limits.job_wait_ms, limits.jobs_per_organization_max) = (600_000, 1)).await;
        world.draft("CAMP", "").await;
        let before = compiler.compilations();
        compiler.hold();
        let admin = world.admin.clone();
        let caller = tokio::spawn(async move { upload(&admin, "left", &new_plugin()).await });
        until("it compiles", async || before < compiler.compilations()).await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        // The host has noticed by then.
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.admin.get("/v1/campaigns/CAMP/fields").await.expect_error(429, "jobs_full");
        compiler.let_go();
        until("it is there", async || world.admin.get("/v1/plugins/left").await.status == 200).await;
        world.stop().await;
    }
}

on_both! {
    /// H6: a job whose host is killed has failed and says what to do, which succeeds.
    async fn h6_a_job_whose_host_is_killed_has_failed(kind: Kind) {
        let compiler = FragileCompiler::new();
        let mut world = world(kind, &compiler, |_| {}).await;
        let component = new_plugin();
        compiler.hold();
        let accepted = upload(&world.admin, "killed", &component).await.expect(202);
        world.kill().await;
        compiler.let_go();
        // On PostgreSQL its lease has to run out.
        let failed = ended(&world.admin, &address(&accepted)).await;
        assert_eq!((&failed["state"], &failed["status"]), (&json!("failed"), &json!(503)), "{failed}");
        assert_eq!(failed["response"]["error"]["code"], "host_ended");
        assert!(failed["response"]["error"]["message"].as_str().unwrap().contains("again"), "{failed}");
        assert_eq!(failed["response"]["request_id"], failed["request_id"]);
        assert_eq!(jobs(&world.admin).await[0]["state"], "failed");
        let again = upload(&world.admin, "killed", &component).await;
        let (status, body) = follow(&world.admin, again).await;
        assert_eq!((status, &body["version"]), (201, &json!(1)), "{body}");
        world.stop().await;
    }
}

on_both! {
    /// H7: a host that stops lets a job that changes something end.
    async fn h7_a_host_that_stops_waits_for_its_jobs(kind: Kind) {
        let compiler = FragileCompiler::new();
        let mut world = world(kind, &compiler, |limits| limits.stop_ms = 60_000).await;
        compiler.hold();
        let accepted = upload(&world.admin, "stopped", &new_plugin()).await.expect(202);
        let let_go = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            compiler.let_go();
        };
        tokio::join!(world.restart(), let_go);
        let done = world.admin.get(&address(&accepted)).await.expect(200).json;
        assert_eq!((&done["state"], &done["status"]), (&json!("done"), &json!(201)), "{done}");
        world.stop().await;
    }
}

on_both! {
    /// H7: what does not end within the time that a stopping host has is shown as failed from the next start on.
    async fn h7_a_job_that_outlasts_its_host_has_failed(kind: Kind) {
        let compiler = FragileCompiler::new();
        let mut world = world(kind, &compiler, |limits| limits.stop_ms = 300).await;
        compiler.hold();
        let accepted = upload(&world.admin, "outlasts", &new_plugin()).await.expect(202);
        world.restart().await;
        compiler.let_go();
        let failed = world.admin.get(&address(&accepted)).await.expect(200).json;
        assert_eq!((&failed["state"], &failed["response"]["error"]["code"]), (&json!("failed"), &json!("host_ended")), "{failed}");
        world.stop().await;
    }
}

on_both! {
    /// O8 O9: a job is its organization's, and is for who may make its call; a scoped key sees its own.
    async fn o9_nobody_reads_the_jobs_of_others(kind: Kind) {
        let compiler = FragileCompiler::new();
        let world = world(kind, &compiler, |_| {}).await;
        for campaign in ["ONE", "TWO"] {
            world.draft(campaign, "").await;
        }
        let other = world.second_organization().await;
        let viewer = world.user("viewer").await;
        let user_id = world.admin.get("/v1/me").await.expect(200).str("id");
        let mut scoped = Vec::new();
        for campaign in ["ONE", "TWO"] {
            let new = json!({"user_id": user_id, "name": "scoped", "campaigns": [campaign]});
            let key = world.admin.post("/v1/api-keys", &new).await.expect(201).str("key");
            scoped.push(world.nobody.with_key(&key));
        }

        let uploaded = send(world.admin.request("PUT", "/v1/plugins/mine").header("prefer", "respond-async").body(new_plugin())).await;
        let uploaded = address(&uploaded.expect(202));
        let read = address(&prefer_job(&scoped[0], "/v1/campaigns/ONE/fields").await.expect(202));
        for job in [&uploaded, &read] {
            ended(&world.admin, job).await;
            other.admin.get(job).await.expect_error(404, "not_found");
            scoped[1].get(job).await.expect_error(404, "not_found");
        }
        ended(&scoped[0], &read).await;
        scoped[0].get(&uploaded).await.expect_error(404, "not_found");
        // What a job shows is what its caller is shown, such as URLs of receivers: who is not shown them reads their own.
        let own = address(&prefer_job(&viewer, "/v1/campaigns/ONE/fields").await.expect(202));
        ended(&viewer, &own).await;
        viewer.get(&read).await.expect_error(404, "not_found");
        viewer.get(&uploaded).await.expect_error(404, "not_found");
        assert_eq!(jobs(&world.admin).await.len(), 3);
        assert_eq!(jobs(&other.admin).await, [] as [Value; 0]);
        scoped[0].get("/v1/jobs").await.expect_error(403, "key_scoped");
        world.admin.get("/v1/jobs/job_none").await.expect_error(404, "not_found");

        // An operator's address names the organization, so that it can be followed as it is.
        let operator = world.operator.in_organization(&world.organization);
        let named = address(&prefer_job(&operator, "/v1/campaigns/ONE/fields").await.expect(202));
        ended(&world.operator.without_organization(), &named).await;
        // Who may not make a call makes no job of it.
        let rejected = viewer.request("PUT", "/v1/plugins/mine").header("prefer", "respond-async").body(new_plugin());
        send(rejected).await.expect_error(403, "role_not_allowed");
        send(world.nobody.request("GET", "/v1/campaigns/ONE/fields").header("prefer", "respond-async")).await.expect_error(401, "key_missing");
        assert_eq!(jobs(&world.admin).await.len(), 4);
        world.stop().await;
    }
}

/// H6: an organization has so many long calls under way, and all together; whoever comes then is told to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_long_calls_are_bounded() {
    for (each_max, all_max, other_is_served) in [(1, 8, true), (8, 1, false)] {
        let compiler = FragileCompiler::new();
        let world = world(Kind::Sqlite, &compiler, |limits| {
            (limits.jobs_per_organization_max, limits.jobs_max) = (each_max, all_max);
        })
        .await;
        world.draft("CAMP", "").await;
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "OTHER", "name": "OTHER"})).await.expect(201);
        compiler.hold();
        let accepted = upload(&world.admin, "first", &new_plugin()).await.expect(202);
        let rejected = world.admin.get("/v1/campaigns/CAMP/fields").await.expect_error(429, "jobs_full");
        assert!(rejected.headers.contains_key("retry-after"));
        let others = other.admin.get("/v1/campaigns/OTHER/fields").await;
        if other_is_served {
            assert_eq!(follow(&other.admin, others).await.0, 200);
        } else {
            others.expect_error(429, "jobs_full");
        }
        // What is short is not counted.
        world.admin.get("/v1/campaigns/CAMP").await.expect(200);
        compiler.let_go();
        ended(&world.admin, &address(&accepted)).await;
        until("its place is free", async || world.admin.get("/v1/campaigns/CAMP/fields").await.status != 429).await;
        world.stop().await;
    }
}

on_both! {
    /// H6 I11: of a response only so much is kept, and of jobs only the newest, for a time.
    async fn h6_jobs_do_not_fill_the_disk(kind: Kind) {
        const KEPT: usize = 3;
        const DAY_MS: i64 = 24 * 3_600_000;
        let compiler = FragileCompiler::new();
        let world = world(kind, &compiler, |limits| (limits.job_response_bytes_max, limits.jobs_rows_max) = (64, 3)).await;
        world.draft("CAMP", "").await;
        let mut ids = Vec::new();
        for _ in 0..KEPT + 2 {
            let accepted = prefer_job(&world.admin, "/v1/campaigns/CAMP/fields").await.expect(202);
            let done = ended(&world.admin, &address(&accepted)).await;
            assert_eq!((&done["state"], &done["status"], &done["response"]), (&json!("done"), &json!(200), &Value::Null));
            assert!(done["left_out"].as_str().unwrap().contains("job_response_bytes_max"), "{done}");
            ids.insert(0, accepted.json["id"].clone());
        }
        let listed: Vec<Value> = jobs(&world.admin).await.iter().map(|job| job["id"].clone()).collect();
        assert_eq!(listed, ids[..KEPT]);
        let page = world.admin.get("/v1/jobs?limit=2").await.expect(200).json;
        assert_eq!((&page["items"][1]["id"], &page["next"]), (&ids[1], &ids[1]));
        let rest = world.admin.get(&format!("/v1/jobs?limit=2&before={}", ids[1].as_str().unwrap())).await.expect(200).json;
        assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&ids[2], &Value::Null));
        world.clock.advance_ms(8 * DAY_MS);
        until("they are forgotten", async || jobs(&world.admin).await.is_empty()).await;
        world.stop().await;
    }
}

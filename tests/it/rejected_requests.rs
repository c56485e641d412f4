//! Posts that are rejected as a whole (I2): they are kept to the byte, found again, and become requests once what was wrong is fixed.

use hookmill_tests::client::send;
use hookmill_tests::process::binary;
use hookmill_tests::{Client, Kind, Response, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::process::{Command, Output};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const LIST: &str = "/v1/rejected-requests";

/// `{"email":"ren\xe9e@x.example", ...}` in windows-1252, which is not UTF-8.
const LATIN: &[u8] = b"{\"email\":\"a@x.example\",\"first_name\":\"Ren\xe9e\"}";

/// The id under which a rejected request is kept.
#[track_caller]
fn rejected_id(response: &Response) -> String {
    let id = response.json["error"]["rejected_request_id"].as_str();
    id.unwrap_or_else(|| panic!("it is not kept: {}", response.text)).to_owned()
}

fn message(response: &Response) -> &str {
    response.json["error"]["message"].as_str().unwrap()
}

async fn post(world: &World, path: &str, content_type: &str, body: &[u8]) -> Response {
    world.source.post_bytes(path, content_type, body.to_vec()).await
}

async fn fetch_body(client: &Client, id: &str) -> Vec<u8> {
    let response = client.request("GET", &format!("{LIST}/{id}/body")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    response.bytes().await.unwrap().to_vec()
}

async fn list(world: &World, query: &str) -> Value {
    world.admin.get(&format!("{LIST}{query}")).await.expect(200).json
}

async fn ids(world: &World, query: &str) -> Vec<String> {
    let page = list(world, query).await;
    page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn repost(world: &World, id: &str, correction: Value) -> Response {
    world.admin.post(&format!("{LIST}/{id}/repost"), &correction).await
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "never: {what}");
}

on_both! {
    /// I2: each error that sending again does not fix is kept with its body, its place and how it was sent; nothing else is.
    async fn what_the_sender_must_fix_is_kept_to_the_byte(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GOOD", "").await;
        world.draft("OLD", "").await;
        world.admin.put("/v1/campaigns/OLD/state", &json!({"state": "archived"})).await.expect(200);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let many = format!("[{}]", vec!["{}"; 1_001].join(","));
        let own = "/v1/campaigns/GOOD/leads";
        let cases: [(&str, &str, &[u8], u16, &str); 12] = [
            ("/v1/leads", "application/json", b"{\"a\":", 400, "invalid_json"),
            (own, "application/json", LATIN, 400, "invalid_utf8"),
            (own, "application/json; charset=klingon", b"{}", 415, "charset_unsupported"),
            (own, "text/csv", b"a,b\r\n\x00\xff", 415, "content_type_unsupported"),
            ("/v1/leads", "text/plain", b"", 415, "content_type_unsupported"),
            (own, "application/json", deep.as_bytes(), 400, "too_deep"),
            (own, "application/json", many.as_bytes(), 422, "leads_invalid"),
            ("/v1/campaigns/NONE/leads", "application/json", b"{}", 404, "campaign_unknown"),
            ("/v1/campaigns/OLD/leads", "application/json", b"{}", 409, "campaign_archived"),
            ("/v1/leads", "application/json", b"{\"leads\":[{}]}", 422, "envelope_invalid"),
            ("/v1/leads", "application/json", b"{\"idempotency_key\":\"k\",\"leads\":[{}]}", 422, "leads_rejected"),
            (own, "application/xml", b"<a>\n<b></a>", 400, "xml_syntax"),
        ];
        let mut kept = Vec::new();
        for (path, content_type, bytes, status, code) in cases {
            let request = world.source.request("POST", &format!("{path}?utm=1&k={}", world.source_key));
            let request = request.header("content-type", content_type).header("x-hub-signature-256", "sha256=secret").header("user-agent", "CRM/1");
            let response = send(request.body(bytes.to_vec())).await.expect_error(status, code);
            let id = rejected_id(&response);
            assert_eq!(fetch_body(&world.admin, &id).await, bytes, "{code}");
            let shown = world.admin.get(&format!("{LIST}/{id}")).await.expect(200);
            assert!(!shown.text.contains("secret") && !shown.text.contains(&world.source_key), "{}", shown.text);
            let row = shown.json;
            assert_eq!((&row["code"], &row["content_type"]), (&json!(code), &json!(content_type)));
            assert_eq!((&row["error"]["message"], &row["error"]["details"]), (&response.json["error"]["message"], &response.json["error"]["details"]));
            assert_eq!((&row["body_bytes"], &row["kept_bytes"]), (&json!(bytes.len()), &json!(bytes.len())));
            assert_eq!(row["campaign_id"].as_str(), path.strip_prefix("/v1/campaigns/").and_then(|rest| rest.split('/').next()));
            assert_eq!(row["query"], json!([["utm", "1"]]));
            assert!(row["headers"].as_array().unwrap().contains(&json!(["user-agent", "CRM/1"])), "{row}");
            assert_eq!((&row["rejected_at"], &row["reposted_as"]), (&json!("2026-03-01T12:00:00Z"), &Value::Null));
            kept.insert(0, id);
        }
        assert_eq!(ids(&world, "").await, kept);
        let one = ids(&world, "?code=xml_syntax").await;
        let row = world.admin.get(&format!("{LIST}/{}", one[0])).await.expect(200).json;
        assert_eq!(row["error"]["details"][0]["message"], "line 2, column 4");

        // Without a good key, and where all of it is here, nothing is kept.
        world.nobody.post_bytes("/v1/leads", "application/json", b"{".to_vec()).await.expect_error(401, "key_missing");
        let unknown = world.nobody.with_key("hms_unknown").post_bytes("/v1/leads", "application/json", b"{".to_vec()).await;
        unknown.expect_error(401, "key_unknown");
        let batch = json!({"idempotency_key": "once", "leads": [{"campaign_id": "GOOD"}]});
        world.source.post("/v1/leads", &batch).await.expect(202);
        let again = world.source.post("/v1/leads", &batch).await.expect_error(409, "duplicate_request");
        assert!(again.json["error"].get("rejected_request_id").is_none());
        assert_eq!(ids(&world, "").await, kept);
        // With another body its leads are nowhere else.
        let other = json!({"idempotency_key": "once", "leads": [{"campaign_id": "GOOD", "email": "b@x.example"}]});
        let other = world.source.post("/v1/leads", &other).await.expect_error(409, "duplicate_request");
        assert_eq!(ids(&world, "").await[0], rejected_id(&other));
        world.stop().await;
    }
}

on_both! {
    /// I2: they are found by source, campaign, code and time, page by page, by their own organization alone.
    async fn they_are_found_by_what_they_are(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        let mut all = Vec::new();
        for (campaign, body) in [("A", "{"), ("B", "{"), ("A", "[]"), ("A", "{")] {
            world.clock.advance_ms(1_000);
            let response = post(&world, &format!("/v1/campaigns/{campaign}/leads"), "application/json", body.as_bytes()).await;
            all.insert(0, rejected_id(&response));
        }
        let key = world.admin.get("/v1/source-keys").await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        // Another key of the same source.
        let fresh = world.admin.post(&format!("/v1/source-keys/{key}/regenerate"), &json!({})).await.expect(201);
        world.clock.advance_ms(1_000);
        let response = world.nobody.with_key(&fresh.str("key")).post_bytes("/v1/leads", "application/json", b"{".to_vec()).await;
        all.insert(0, rejected_id(&response));
        let pick = |places: &[usize]| places.iter().map(|place| all[*place].clone()).collect::<Vec<_>>();
        let fresh_id = fresh.str("id");
        for (query, expected) in [
            (String::new(), pick(&[0, 1, 2, 3, 4])),
            ("?campaign=A".into(), pick(&[1, 2, 4])),
            ("?code=invalid_json".into(), pick(&[0, 1, 3, 4])),
            ("?campaign=A&code=invalid_json".into(), pick(&[1, 4])),
            (format!("?source={key}"), pick(&[0, 1, 2, 3, 4])),
            (format!("?source={fresh_id}&campaign=B"), pick(&[3])),
            ("?source=src_none".into(), pick(&[])),
            ("?since=2026-03-01T12:00:03Z".into(), pick(&[0, 1, 2])),
            ("?until=2026-03-01T12:00:03Z".into(), pick(&[3, 4])),
            ("?since=2026-03-01T12:00:02Z&until=2026-03-01T13:00:04%2B01:00".into(), pick(&[2, 3])),
            (format!("?limit=2&before={}", all[1]), pick(&[2, 3])),
            (format!("?until=2026-03-01T12:00:03Z&before={}", all[0]), pick(&[3, 4])),
        ] {
            assert_eq!(ids(&world, &query).await, expected, "{query}");
        }
        let page = list(&world, "?limit=2").await;
        assert_eq!((&page["next"], &page["rows"], &page["not_kept"]), (&json!(all[1]), &json!(5), &json!(0)));
        assert!(page["bytes"].as_i64().is_some_and(|bytes| 5 * 512 < bytes), "{page}");
        world.admin.get(&format!("{LIST}?since=yesterday")).await.expect_error(422, "invalid");
        assert_eq!(other.admin.get(LIST).await.expect(200).json["items"], json!([]));
        for path in [format!("{LIST}/{}", all[0]), format!("{LIST}/{}/body", all[0]), format!("{LIST}/%00")] {
            other.admin.get(&path).await.expect_error(404, "not_found");
        }
        other.admin.post(&format!("{LIST}/{}/repost", all[0]), &json!({})).await.expect_error(404, "not_found");
        other.admin.delete(&format!("{LIST}/{}", all[0])).await.expect_error(404, "not_found");

        world.admin.delete(&format!("{LIST}/{}", all[0])).await.expect(204);
        world.admin.delete(&format!("{LIST}/{}", all[0])).await.expect_error(404, "not_found");
        assert_eq!(list(&world, "").await["rows"], 4);
        let line = world.admin.get("/v1/audit?limit=1").await.expect(200).json["items"][0].clone();
        assert_eq!((&line["action"], &line["subject"]), (&json!("rejected_request.deleted"), &json!(all[0])));
        world.stop().await;
    }
}

on_both! {
    /// I2 I3: once its charset is named, a rejected request becomes a delivered lead, and no second one.
    async fn a_corrected_charset_delivers_the_lead(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("CAMP", "").await;
        let rejected = post(&world, "/v1/campaigns/CAMP/leads", "application/json", LATIN).await.expect_error(400, "invalid_utf8");
        let id = rejected_id(&rejected);
        repost(&world, &id, json!({})).await.expect_error(400, "invalid_utf8");
        assert_eq!(ids(&world, "").await, std::slice::from_ref(&id), "what is rejected again is not kept again");
        let done = repost(&world, &id, json!({"charset": "windows-1252"})).await.expect(202);
        let (request, submission) = (done.str("request_id"), done.json["accepted"][0]["submission_id"].as_str().unwrap().to_owned());
        world.settle().await;
        let lead = world.submission(&submission).await;
        assert_eq!((&lead["state"], &lead["lead"]["first_name"]), (&json!("delivered"), &json!("Renée")));

        let again = repost(&world, &id, json!({"charset": "windows-1252"})).await.expect_error(409, "already_reposted");
        assert_eq!((&again.json["error"]["reposted_as"], &again.json["error"]["submission_ids"]), (&json!(request), &json!([submission])));
        let row = world.admin.get(&format!("{LIST}/{id}")).await.expect(200).json;
        assert_eq!((&row["reposted_as"], &row["submissions"]), (&json!(request), &json!([{"submission_id": submission, "state": "delivered"}])));
        // The source reads it like any of its own.
        world.source.get(&format!("/v1/requests/{request}")).await.expect(200);
        let lines = world.admin.get("/v1/audit?limit=200").await.expect(200).json;
        let lines = lines["items"].as_array().unwrap().iter().filter(|line| line["action"] == "rejected_request.reposted");
        assert_eq!(lines.map(|line| line["subject"].clone()).collect::<Vec<_>>(), [json!(id)]);
        world.stop().await;
    }
}

on_both! {
    /// I2 I4: of many calls at one moment one posts; what was missing here is created and nothing corrected; the idempotency key counts.
    async fn it_is_posted_once_however_often_it_is_called(kind: Kind) {
        let world = World::new(kind).await;
        let batch = json!({"idempotency_key": "k1", "leads": [{"campaign_id": "LATE", "email": "a@x.example"}, {"campaign_id": "LATE", "email": "b@x.example"}]});
        let first = rejected_id(&world.source.post("/v1/leads", &batch).await.expect_error(422, "leads_rejected"));
        let lone = rejected_id(&post(&world, "/v1/campaigns/LATE/leads", "application/json", b"{\"email\":\"c@x.example\"}").await);
        let second = rejected_id(&world.source.post("/v1/leads", &batch).await.expect_error(422, "leads_rejected"));
        world.draft("LATE", "").await;
        for (id, leads) in [(&first, 2), (&lone, 1)] {
            let mut calls = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let (admin, path) = (world.admin.clone(), format!("{LIST}/{id}/repost"));
                calls.spawn(async move { admin.post(&path, &json!({})).await });
            }
            let responses = calls.join_all().await;
            let (done, others): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 202);
            assert_eq!((done.len(), others.len()), (1, 7));
            assert_eq!(done[0].json["accepted"].as_array().unwrap().len(), leads);
            for other in others {
                assert!(other.status == 409 && ["already_reposted", "duplicate_request"].contains(&other.code()), "{}", other.text);
            }
            repost(&world, id, json!({})).await.expect_error(409, "already_reposted");
        }
        // The same key is in this one's body; a corrected body has another.
        repost(&world, &second, json!({})).await.expect_error(409, "duplicate_request");
        let row = world.admin.get(&format!("{LIST}/{second}")).await.expect(200).json;
        assert_eq!(row["reposted_as"], Value::Null);
        let mut corrected = batch.clone();
        corrected["idempotency_key"] = json!("k2");
        repost(&world, &second, json!({"body": corrected.to_string()})).await.expect(202);
        let found = world.admin.get("/v1/campaigns/LATE/submissions").await.expect(200).json;
        assert_eq!(found["items"].as_array().unwrap().len(), 5);
        world.stop().await;
    }
}

on_both! {
    /// I2: of a body that is too large the first bytes are kept, and it is posted again with a corrected one.
    async fn of_a_large_body_the_first_bytes_are_kept(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.body_bytes_max = 50_000;
        options.settings.limits.rejected_body_bytes_max = 1_000;
        let world = World::with(kind, options).await;
        world.draft("CAMP", "").await;
        let path = "/v1/campaigns/CAMP/leads";
        for (bytes, status, code) in [(200_000, 413, "body_too_large"), (20_000, 400, "invalid_json")] {
            let sent: Vec<u8> = (0..bytes).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
            let id = rejected_id(&post(&world, path, "application/json", &sent).await.expect_error(status, code));
            assert_eq!(fetch_body(&world.admin, &id).await, sent[..1_000]);
            let row = world.admin.get(&format!("{LIST}/{id}")).await.expect(200).json;
            assert_eq!((&row["kept_bytes"], row["body_digest"].is_null()), (&json!(1_000), status == 413), "{row}");
            assert!(row["body_bytes"].as_i64().is_some_and(|count| 50_000 < count || count == 20_000), "{row}");
            repost(&world, &id, json!({})).await.expect_error(409, "body_not_whole");
            repost(&world, &id, json!({"body": "{}", "body_base64": "e30="})).await.expect_error(422, "invalid");
            repost(&world, &id, json!({"body_base64": "e30="})).await.expect(202);
        }
        world.stop().await;
    }
}

on_both! {
    /// H6 I2: a flood keeps the newest within rows and bytes; what comes beyond the bytes of a minute is counted, another organization's is kept.
    async fn h6_a_flood_stays_within_its_bounds(kind: Kind) {
        let mut options = WorldOptions::default();
        let limits = &mut options.settings.limits;
        (limits.rejected_rows_max, limits.rejected_bytes_max, limits.rejected_bytes_per_minute_max) = (20, 100_000, 600_000);
        let world = World::with(kind, options).await;
        let other = world.second_organization().await;
        let flood = async |count: usize, bytes: usize| {
            let body = "x".repeat(bytes);
            for _ in 0..count {
                post(&world, "/v1/leads", "application/json", body.as_bytes()).await.expect_error(400, "invalid_json");
            }
        };
        let figures = async |name: &str| list(&world, "").await[name].as_i64().unwrap();
        flood(60, 1).await;
        until("there are 20 rows", async || figures("rows").await == 20).await;
        assert_eq!(ids(&world, "?limit=200").await.len(), 20);
        flood(6, 30_000).await;
        until("there are 100,000 bytes", async || figures("bytes").await <= 100_000).await;
        let newest = list(&world, "").await["items"].as_array().unwrap().len();
        assert!((1..=3).contains(&newest), "{newest} rows");
        assert_eq!(figures("not_kept").await, 0);

        flood(20, 30_000).await;
        until("what was not kept is counted", async || 0 < figures("not_kept").await).await;
        let response = post(&world, "/v1/leads", "application/json", "x".repeat(30_000).as_bytes()).await;
        assert!(response.json["error"].get("rejected_request_id").is_none(), "{}", response.text);
        rejected_id(&other.source.post_bytes("/v1/leads", "application/json", b"{".to_vec()).await);
        world.clock.advance_ms(60_000);
        rejected_id(&post(&world, "/v1/leads", "application/json", b"{").await);
        world.stop().await;
    }
}

/// I2: the same at the command line, against a host that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_rejected_requests_at_the_command_line() {
    let world = World::new(Kind::Sqlite).await;
    world.campaign("CAMP", "").await;
    let id = rejected_id(&post(&world, "/v1/campaigns/CAMP/leads", "application/json", LATIN).await);
    let (url, key) = world.admin.address_and_key();
    let run = async |words: &[&str]| -> Output {
        let mut command = Command::new(binary());
        command.arg("rejected-requests").args(words).env("HOOKMILL_URL", &url).env("HOOKMILL_API_KEY", &key);
        tokio::task::spawn_blocking(move || command.output().expect("the binary can be run")).await.unwrap()
    };
    let out = |output: &Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let listed = out(&run(&["list", "--campaign", "CAMP"]).await);
    assert!(listed.contains(&id) && listed.contains("invalid_utf8") && listed.contains("1 kept"), "{listed}");
    assert!(!out(&run(&["list", "--code", "x"]).await).contains(&id));
    let shown: Value = serde_json::from_str(&out(&run(&["show", &id]).await)).unwrap();
    assert_eq!(shown["code"], "invalid_utf8");
    assert_eq!(run(&["body", &id]).await.stdout, LATIN);
    let failed = run(&["repost", &id]).await;
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("invalid_utf8"));
    let reposted = out(&run(&["repost", &id, "--charset", "windows-1252"]).await);
    assert!(reposted.contains("accepted req_"), "{reposted}");
    let twice = run(&["repost", &id, "--charset", "windows-1252"]).await;
    assert!(String::from_utf8_lossy(&twice.stderr).contains("already_reposted"));
    assert!(out(&run(&["list"]).await).contains("posted again as req_"));
    assert_eq!(out(&run(&["delete", &id]).await), format!("deleted {id}\n"));
    assert!(!run(&["show", &id]).await.status.success());
    assert!(!run(&["show", "../me"]).await.status.success());
    world.stop().await;
}

/// H3: who asks for an address or a method that is not here is told what is; nothing is redirected.
#[tokio::test]
async fn h3_what_is_nearly_right_is_named() {
    let world = World::new(Kind::Sqlite).await;
    for (path, meant) in [
        ("/v1/leads/", "`/v1/leads`"),
        ("/leads", "`/v1/leads`"),
        ("/v1/campaign/SOLAR/leads", "`/v1/campaigns/SOLAR/leads`"),
        ("/v1/rejected_requests", "`/v1/rejected-requests`"),
    ] {
        let response = world.source.post(path, &json!({})).await.expect_error(404, "address_unknown");
        assert!(message(&response).contains(&format!("did you mean {meant}?")), "{}", response.text);
    }
    let response = world.source.get("/wp-login.php").await.expect_error(404, "address_unknown");
    assert!(!response.text.contains("did you mean"), "{}", response.text);
    let response = world.source.get("/v1/campaigns/SOLAR/leads").await.expect_error(405, "method_not_allowed");
    assert!(message(&response).ends_with("it supports POST"), "{}", response.text);
    let response = world.nobody.post("/v1/leads?api_key=x", &json!({})).await.expect_error(401, "key_missing");
    assert!(response.text.contains("can't set a header"), "{}", response.text);
    world.stop().await;
}

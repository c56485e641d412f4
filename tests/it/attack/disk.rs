//! What the database does not take, who asks it for too much, and what is kept for ever: one row, one caller, one organization stops nobody else.
#![allow(clippy::disallowed_methods, reason = "how long others wait is measured")]

use hookmill_tests::world::submission_ids;
use hookmill_tests::{Behaviour, Client, Kind, World, WorldOptions, on_both};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);
const DAY_MS: i64 = 24 * 3_600_000;

fn leads(campaign: &str, count: usize, odd_one: usize) -> Value {
    let note = |n: usize| if n == odd_one { "poison" } else { "fine" };
    let lead = |n: usize| json!({"campaign_id": campaign, "email": format!("{n}@x.example"), "note": note(n)});
    Value::Array((0..count).map(lead).collect())
}

async fn states(world: &World, ids: &[String]) -> Vec<String> {
    let mut states = Vec::new();
    for id in ids {
        states.push(world.state(id).await);
    }
    states
}

on_both! {
    /// H2: a lead whose rows the database does not take waits for a person, with a reason; the others of its batch are delivered.
    async fn h2_a_lead_that_can_not_be_written_holds_up_no_other(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("POISON", "").await;
        world.subscribe().await;
        world.reject_rows("update", "submissions", "lead", "poison").await;
        let ids = world.push_and_settle(leads("POISON", 20, 7)).await;
        let expected: Vec<&str> = (0..20).map(|n| if n == 7 { "quarantined" } else { "delivered" }).collect();
        assert_eq!(states(&world, &ids).await, expected);
        let page = world.submission(&ids[7]).await;
        assert_eq!(page["timeline"].as_array().unwrap().last().unwrap()["cause"], "unwritable", "{page}");
        assert_eq!(world.receiver.at("/client/POISON").len(), 19);
        assert_eq!(world.webhook_events(&ids[7]), ["lead.quarantined"]);
        assert!(ids.iter().enumerate().all(|(n, id)| n == 7 || world.webhook_events(id).contains(&"lead.delivered".to_owned())));
        // Once the database takes it, it goes its way like any other.
        world.accept_rows("submissions").await;
        world.admin.post(&format!("/v1/submissions/{}/reprocess", ids[7]), &json!({})).await.expect(200);
        world.settle().await;
        assert_eq!(world.state(&ids[7]).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// H2 L9: a lead that was stored before, and whose rows the database does not take when it goes on, keeps its lead and goes on with it once
    /// they are taken.
    async fn h2_a_lead_that_was_stored_is_kept(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("POISON", "").await;
        world.set_lifecycle("POISON", &json!({"caps": {"day": 1}})).await;
        let ids = world.push_and_settle(leads("POISON", 2, 1)).await;
        assert_eq!(states(&world, &ids).await, ["delivered", "queued"]);
        let stored = world.submission(&ids[1]).await;
        world.reject_rows("insert", "deliveries", "message_body", "poison").await;
        world.set_lifecycle("POISON", &json!({})).await;
        world.settle().await;
        let page = world.submission(&ids[1]).await;
        assert_eq!((&page["state"], &page["cause"]), (&json!("quarantined"), &json!("unwritable")), "{page}");
        for name in ["lead", "lead_id", "decision", "is_test"] {
            assert_eq!(page[name], stored[name], "{name}");
        }
        assert_eq!(page["lead"]["email"], "1@x.example");
        world.accept_rows("deliveries").await;
        world.admin.post(&format!("/v1/submissions/{}/reprocess", ids[1]), &json!({})).await.expect(200);
        world.settle().await;
        assert_eq!(states(&world, &ids).await, ["delivered", "delivered"]);
        world.stop().await;
    }
}

on_both! {
    /// H2: an attempt whose row the database does not take is kept without what it does not take, and holds up no other; nothing is sent twice.
    async fn h2_an_attempt_that_can_not_be_written_holds_up_no_other(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("ANSWER", "").await;
        world.reject_rows("insert", "attempts", "detail", "poison").await;
        world.receiver.plan("/client/ANSWER", [Behaviour::json(200, &json!({"note": "poison"}))]);
        let ids = world.push_and_settle(leads("ANSWER", 20, 99)).await;
        assert_eq!(states(&world, &ids).await, vec!["delivered"; 20]);
        assert_eq!(world.receiver.at("/client/ANSWER").len(), 20, "each is sent once");
        world.stop().await;
    }
}

/// A campaign whose subscriber is told of what happens.
async fn subscribed(world: &World) {
    world.campaign("TOLD", "").await;
    world.subscribe().await;
}

/// Twenty leads, one of them with another address, are delivered; the messages about them wait for a retry in the store, and are to be shaped
/// again.
async fn wait_unshaped(world: &World) -> Vec<String> {
    world.receiver.always("/subscriber", Behaviour::status(503));
    let email = |n: usize| if n == 7 { "poison@x.example".to_owned() } else { format!("{n}@x.example") };
    let ids = world.push_and_settle((0..20).map(|n| json!({"campaign_id": "TOLD", "email": email(n)})).collect()).await;
    assert_eq!(states(world, &ids).await, vec!["delivered"; 20]);
    assert_eq!(world.receiver.at("/client/TOLD").len(), 20, "each is sent once");
    assert_eq!(world.receiver.at("/subscriber").len(), 40);
    let forget = "update deliveries set message_head = null, message_body = null where event_id is not null and state = 'waiting'";
    assert_eq!(world.change_rows(forget).await, 40);
    world.receiver.always("/subscriber", Behaviour::status(200));
    ids
}

async fn failed_deliveries(world: &World) -> Vec<String> {
    let page = world.admin.get("/v1/deliveries?limit=200&state=failed").await.expect(200).json;
    page["items"].as_array().unwrap().iter().map(|one| one["submission_id"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    /// H2: a message that the database does not take ends its own delivery, with a reason; those that were shaped with it are sent.
    async fn h2_a_message_that_can_not_be_written_holds_up_no_other(kind: Kind) {
        let world = World::new(kind).await;
        subscribed(&world).await;
        let ids = wait_unshaped(&world).await;
        world.reject_rows("update", "deliveries", "message_body", "poison").await;
        world.clock.advance_ms(60_000);
        world.settle().await;
        assert_eq!(world.receiver.at("/subscriber").len(), 40 + 38);
        assert_eq!(failed_deliveries(&world).await, [ids[7].as_str(), ids[7].as_str()]);
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(world.webhook_events(id).len(), if n == 7 { 2 } else { 4 }, "{n}");
        }
        world.stop().await;
    }
}

/// H8: where PostgreSQL ends a transaction because it met another one (40001, 40P01), the very same is done again: nobody notices, and
/// nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h8_a_commit_that_meets_another_is_repeated() {
    const TIMES: u32 = 2;
    let world = World::new(Kind::Postgres).await;
    subscribed(&world).await;
    let kinds = [("insert", "requests", "40001"), ("update", "submissions", "40P01"), ("insert", "attempts", "40001")];
    for (event, table, code) in kinds {
        world.database.fail_first(event, table, code, TIMES).await;
    }
    wait_unshaped(&world).await;
    world.database.fail_first("update of message_head", "deliveries", "40P01", TIMES).await;
    world.clock.advance_ms(60_000);
    world.settle().await;
    assert_eq!(world.receiver.at("/subscriber").len(), 80);
    assert_eq!(failed_deliveries(&world).await, Vec::<String>::new());
    for table in ["requests", "submissions", "attempts", "deliveries"] {
        assert!(i64::from(TIMES) < world.database.tries(table).await, "{table}");
    }
    world.stop().await;
}

on_both! {
    /// H2: a request that the database does not take is answered with 503; those that came with it are accepted, and are not lost.
    async fn h2_a_request_that_can_not_be_written_holds_up_no_other(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("GROUP", "").await;
        world.reject_rows("insert", "requests", "body", "poison").await;
        let post = |n: usize| {
            let source = world.source.clone();
            let body = json!({"idempotency_key": format!("k{n}"), "leads": leads("GROUP", 1, if n % 16 == 5 { 0 } else { 9 })});
            async move { source.post("/v1/leads", &body).await }
        };
        let posted: Vec<_> = (0..64).map(|n| tokio::spawn(post(n))).collect();
        let mut responses = Vec::new();
        for response in posted {
            responses.push(response.await.unwrap());
        }
        for (n, response) in responses.iter().enumerate() {
            if n % 16 == 5 {
                assert_eq!((response.status, response.code()), (503, "unavailable"), "{n}");
            } else {
                assert_eq!(response.status, 202, "{n}: {}", response.json);
                assert_eq!(world.submission(&submission_ids(response)[0]).await["campaign_id"], "GROUP");
            }
        }
        // What was not taken has not used its key up.
        world.accept_rows("requests").await;
        assert_eq!(post(5).await.status, 202);
        world.stop().await;
    }
}

/// How long posts of one lead take while something else goes on: the median.
async fn median(source: &Client, campaign: &str, name: &str) -> Duration {
    let mut took = Vec::new();
    for n in 0..40 {
        let body = json!({"idempotency_key": format!("{name}-{n}"), "leads": [{"campaign_id": campaign, "email": "a@x.example"}]});
        let began = Instant::now();
        source.post("/v1/leads", &body).await.expect(202);
        took.push(began.elapsed());
    }
    took.sort();
    took[took.len() / 2]
}

on_both! {
    /// H6: a valid key that posts nothing but nonsense goes ahead of nobody; what it posted is recorded, as far as there is room.
    async fn h6_nonsense_goes_ahead_of_nobody(kind: Kind) {
        let world = World::new(kind).await;
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "VICTIM", "name": "VICTIM"})).await.expect(201);
        let alone = median(&other.source, "VICTIM", "alone").await;
        let attackers: Vec<_> = (0..32)
            .map(|_| {
                let source = world.source.clone();
                tokio::spawn(async move {
                    loop {
                        source.post_bytes("/v1/leads", "application/json", b"{".to_vec()).await.expect_error(400, "invalid_json");
                    }
                })
            })
            .collect();
        let recorded = async || world.admin.get("/v1/rejected-requests").await.expect(200).json["items"].as_array().unwrap().len();
        tokio::time::timeout(PATIENCE, async { while recorded().await < 20 { tokio::task::yield_now().await } }).await.expect("they are recorded");
        let crowded = median(&other.source, "VICTIM", "beside").await;
        attackers.iter().for_each(tokio::task::JoinHandle::abort);
        println!("{kind:?}: a post took {alone:?} alone, {crowded:?} next to 32 that post nonsense");
        assert!(crowded < alone * 10 + Duration::from_millis(500), "{crowded:?} instead of {alone:?}");
        world.stop().await;
    }
}

on_both! {
    /// H6: a page has so many bytes, whatever its rows have, and all rows are found page by page.
    async fn h6_a_page_of_large_leads_is_short(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.page_bytes_max = 100_000;
        let world = World::with(kind, options).await;
        world.campaign("LARGE", "").await;
        let lead = |n: usize| json!({"campaign_id": "LARGE", "email": format!("{n}@x.example"), "note": "x".repeat(if n == 3 { 150_000 } else { 30_000 })});
        let ids = world.push_and_settle((0..12).map(lead).collect()).await;
        let (mut found, mut next, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = world.admin.get(&format!("/v1/campaigns/LARGE/submissions?limit=200&before={next}")).await.expect(200).json;
            let items = page["items"].as_array().unwrap();
            assert!(page.to_string().len() < 110_000 || items.len() == 1, "{} rows of {} bytes", items.len(), page.to_string().len());
            found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(more) = page["next"].as_str() else { break };
            next = more.to_owned();
        }
        found.reverse();
        let mut ids = ids;
        ids.sort();
        assert_eq!(found, ids);
        assert!((4..12).contains(&pages), "{pages} pages");
        world.stop().await;
    }
}

on_both! {
    /// I11: what is kept for a time is gone after it, by itself, and what is not old stays.
    async fn i11_rejected_requests_are_forgotten(kind: Kind) {
        let world = World::new(kind).await;
        let nonsense = async || world.source.post_bytes("/v1/leads", "application/json", b"{".to_vec()).await.expect_error(400, "invalid_json");
        let listed = async || world.admin.get("/v1/rejected-requests").await.expect(200).json["items"].as_array().unwrap().len();
        nonsense().await;
        nonsense().await;
        world.clock.advance_ms(29 * DAY_MS);
        nonsense().await;
        assert_eq!(listed().await, 3);
        world.clock.advance_ms(2 * DAY_MS);
        let forgotten = async { while 1 < listed().await { tokio::time::sleep(Duration::from_millis(50)).await } };
        tokio::time::timeout(PATIENCE, forgotten).await.expect("they are forgotten");
        assert_eq!(listed().await, 1);
        world.stop().await;
    }
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "never: {what}");
}

on_both! {
    /// I11 P8: where an operator says so, raw requests go once their leads have ended and their time is over; whoever asks for one is told why it is
    /// not there. A lead that still waits is processed from its own, however old.
    async fn i11_requests_that_have_ended_are_forgotten(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.requests_kept_days = 30;
        let world = World::with(kind, options).await;
        world.campaign("ENDS", "").await;
        world.draft("WAITS", "").await;
        let post = async |campaign: &str| world.push(json!([{"campaign_id": campaign, "email": "a@x.example"}])).await;
        let (ends, waits) = (post("ENDS").await, post("WAITS").await);
        world.settle().await;
        let (ended, waiting) = (submission_ids(&ends).remove(0), submission_ids(&waits).remove(0));
        world.clock.advance_ms(29 * DAY_MS);
        world.admin.get(&format!("/v1/submissions/{ended}/replay")).await.expect(200);
        world.clock.advance_ms(2 * DAY_MS);
        let path = format!("/v1/requests/{}", ends.str("request_id"));
        until("it is forgotten", async || world.admin.get(&path).await.status == 404).await;
        let missing = world.source.get(&path).await.expect_error(404, "not_found");
        assert!(missing.text.contains("requests_kept_days"), "{}", missing.text);
        world.admin.get(&format!("/v1/submissions/{ended}/replay")).await.expect_error(410, "request_gone");
        assert_eq!(world.state(&ended).await, "delivered");
        world.source.get(&format!("/v1/requests/{}", waits.str("request_id"))).await.expect(200);
        world.activate("WAITS").await;
        world.settle().await;
        assert_eq!(world.state(&waiting).await, "delivered");
        world.stop().await;
    }
}

on_both! {
    /// O5 P8: where an operator says so, the documents of old versions go, and whoever asks for one is told so. What runs, what ran last before, and
    /// what a lead waits on stay; and going back to those is one call.
    async fn o5_documents_that_nothing_runs_are_forgotten(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.versions_kept_days = 30;
        let world = World::with(kind, options).await;
        let document = |note: &str| format!("version: 1\n# {note}\nmap:\n  fields:\n    email: {{from: email, then: [email]}}\n");
        world.campaign("EDITED", &document("second")).await;
        let lead = |email: &str| json!({"campaign_id": "EDITED", "email": email});
        let ids = world.push_and_settle(json!([lead("no address"), lead("a@x.example")])).await;
        assert_eq!(states(&world, &ids).await, ["quarantined", "delivered"]);
        let save = async |note: &str| {
            let saved = json!({"document": document(note), "activate": true});
            world.admin.put("/v1/campaigns/EDITED/document", &saved).await.expect(201);
        };
        save("third").await;
        let third = world.push_and_settle(json!([lead("b@x.example")])).await;
        save("fourth").await;
        save("fifth").await;
        let kept = async || {
            let page = world.admin.get("/v1/campaigns/EDITED/versions").await.expect(200).json;
            let versions = page["items"].as_array().unwrap().iter();
            versions.map(|one| (one["version"].as_i64().unwrap(), one["deleted_at"].is_null(), one["has_document"].as_bool().unwrap())).collect::<Vec<_>>()
        };
        let whole: Vec<_> = (1..=5).rev().map(|version| (version, true, true)).collect();
        world.clock.advance_ms(29 * DAY_MS);
        assert_eq!(kept().await, whole);
        world.clock.advance_ms(2 * DAY_MS);
        // The first was there before any, the second has a lead in quarantine, the fourth ran last before the fifth.
        let expected = [(5, true, true), (4, true, true), (3, false, false), (2, true, true), (1, false, false)];
        until("they are forgotten", async || kept().await == expected).await;
        let activate = async |version: i64| world.admin.post(&format!("/v1/campaigns/EDITED/versions/{version}/activate"), &json!({})).await;
        let gone = activate(3).await.expect_error(410, "version_gone");
        assert!(gone.text.contains("versions_kept_days"), "{}", gone.text);
        world.admin.get(&format!("/v1/submissions/{}/replay", third[0])).await.expect_error(410, "version_gone");
        world.admin.get(&format!("/v1/submissions/{}/replay?version=1", ids[1])).await.expect_error(410, "version_gone");
        world.admin.get("/v1/campaigns/EDITED/versions/1/comparison").await.expect_error(410, "version_gone");
        world.admin.get(&format!("/v1/submissions/{}/replay", ids[1])).await.expect(200);
        activate(4).await.expect(204);
        activate(2).await.expect(204);
        assert_eq!(states(&world, &world.push_and_settle(json!([lead("c@x.example")])).await).await, ["delivered"]);
        world.stop().await;
    }
}

on_both! {
    /// M7 P8: where an operator says so, tables go that no value set means any more; whoever asks for one is told so, and the same table can be put
    /// again. What another organization means stays its own.
    async fn m7_tables_that_no_set_means_are_forgotten(kind: Kind) {
        const DOCUMENT: &str = "
version: 1
map:
  fields: {email: email, code: code}
qualify:
  - {field: custom.code, op: in_set, set: codes, reason: unknown code}
";
        let mut options = WorldOptions::default();
        options.settings.limits.tables_kept_days = 30;
        let world = World::with(kind, options).await;
        let other = world.second_organization().await;
        let put = async |client: &Client, codes: &[&str]| client.put("/v1/value-sets/codes", &json!(codes)).await.expect(200).str("digest");
        let first = put(&world.admin, &["a"]).await;
        assert_eq!(put(&other.admin, &["a"]).await, first, "a table is kept once");
        world.campaign("CODES", DOCUMENT).await;
        let ids = world.push_and_settle(json!([{"campaign_id": "CODES", "email": "a@x.example", "code": "a"}])).await;
        assert_eq!(world.state(&ids[0]).await, "delivered");
        for codes in [&["b"], &["c"], &["a"], &["d"], &["e"]] {
            put(&world.admin, codes).await;
        }
        let kept = async || {
            let page = world.admin.get("/v1/value-sets/codes/versions").await.expect(200).json;
            let versions = page["items"].as_array().unwrap().iter();
            versions.map(|one| (one["version"].as_i64().unwrap(), one["deleted_at"].is_null())).collect::<Vec<_>>()
        };
        world.clock.advance_ms(29 * DAY_MS);
        assert_eq!(kept().await, [(6, true), (5, true), (4, true), (3, true), (2, true), (1, true)]);
        world.admin.get(&format!("/v1/submissions/{}/replay", ids[0])).await.expect(200);
        world.clock.advance_ms(2 * DAY_MS);
        // The fifth is what was meant last before; the first and the fourth are one table, and both are old.
        let expected = [(6, true), (5, true), (4, false), (3, false), (2, false), (1, false)];
        until("they are forgotten", async || kept().await == expected).await;
        let restore = async |version: i64| world.admin.post(&format!("/v1/value-sets/codes/versions/{version}/restore"), &json!({})).await;
        let gone = restore(2).await.expect_error(410, "table_gone");
        assert!(gone.text.contains("tables_kept_days"), "{}", gone.text);
        world.admin.get("/v1/value-sets/codes/entries?version=3").await.expect_error(410, "table_gone");
        // The other organization means the first table still, so the lead can be run again; once it does not, it can't.
        world.admin.get(&format!("/v1/submissions/{}/replay", ids[0])).await.expect(200);
        for codes in [&["x"], &["y"]] {
            put(&other.admin, codes).await;
        }
        world.clock.advance_ms(31 * DAY_MS);
        let replay = async || world.admin.get(&format!("/v1/submissions/{}/replay", ids[0])).await;
        until("the last one gives it up", async || replay().await.status == 410).await;
        replay().await.expect_error(410, "table_gone");
        restore(5).await.expect(200);
        assert_eq!(put(&world.admin, &["a"]).await, first);
        replay().await.expect(200);
        assert_eq!(world.admin.get("/v1/value-sets/codes/entries").await.expect(200).json["items"][0]["key"], "a");
        world.stop().await;
    }
}

on_both! {
    /// H6: an organization has so many bytes of each kind. What passes that is rejected, says what is full and who can help; others go on, and what
    /// is there stays as it is.
    async fn h6_an_organization_has_so_many_bytes(kind: Kind) {
        let mut options = WorldOptions::default();
        options.settings.limits.held_requests_bytes_max = 20_000;
        options.settings.limits.held_versions_bytes_max = 200_000;
        options.settings.limits.held_tables_bytes_max = 3_000;
        let world = World::with(kind, options).await;
        let other = world.second_organization().await;
        other.admin.post("/v1/campaigns", &json!({"id": "OTHER", "name": "OTHER"})).await.expect(201);
        world.draft("FULL", "").await;
        // Tables, older ones too: the same table again takes nothing.
        let put = async |n: usize| world.admin.put("/v1/value-sets/set", &json!({"a": "x".repeat(900 + n)})).await;
        for n in [0, 1, 2, 0, 1, 2] {
            assert!(put(n).await.status < 300, "{n}");
        }
        let full = put(3).await.expect_error(409, "quota_reached");
        assert!(full.json["error"]["message"].as_str().unwrap().contains("held_tables_bytes_max"), "{}", full.json);
        assert!(put(1).await.status < 300, "what is there can be used");
        // Versions of campaigns.
        let save = async || world.admin.put("/v1/campaigns/FULL/document", &json!({"document": format!("version: 1\n# {}\n", "x".repeat(10_000))})).await;
        let mut saved = 0;
        while saved < 20 {
            let response = save().await;
            if response.status == 409 {
                response.expect_error(409, "quota_reached");
                break;
            }
            response.expect(201);
            saved += 1;
        }
        assert!((1..8).contains(&saved), "{saved} versions of 45 kB in 200 kB");
        // Requests.
        let post = async |source: &Client, campaign: &str, n: usize| {
            let lead = json!({"campaign_id": campaign, "email": "a@x.example", "note": "x".repeat(4_000)});
            source.post("/v1/leads", &json!({"idempotency_key": format!("k{n}"), "leads": [lead]})).await
        };
        let mut taken = 0;
        while taken < 20 && post(&world.source, "FULL", taken).await.status == 202 {
            taken += 1;
        }
        assert!((2..8).contains(&taken), "{taken} requests of 4 kB in 20 kB");
        post(&world.source, "FULL", 100).await.expect_error(429, "quota_reached");
        for n in 0..3 {
            post(&other.source, "OTHER", n).await.expect(202);
        }
        world.stop().await;
    }
}

/// H7: a host that finds that it can't go on, here since its database file is damaged, is not ready, and says why; it is healthy as long as its
/// process runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h7_a_host_that_can_not_go_on_is_not_ready() {
    const PAGE_BYTES: u64 = 4_096;
    let mut world = World::new(Kind::Sqlite).await;
    // What was written is in the file, and not in its log.
    world.restart().await;
    let ready = async || world.nobody.get("/readyz").await;
    tokio::time::timeout(PATIENCE, async {
        while ready().await.status != 200 {
            tokio::time::sleep(LOOK).await
        }
    })
    .await
    .expect("it is ready");
    let file =
        world.data_files().into_iter().find(|path| path.extension().is_some_and(|name| name == "sqlite")).unwrap();
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    // A page that nobody needs who starts.
    let sql = "select rootpage from sqlite_schema where name = 'events_of_subject'";
    let page: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start((page.unsigned_abs() - 1) * PAGE_BYTES)).unwrap();
    file.write_all(&[0xa5; PAGE_BYTES as usize]).unwrap();
    file.sync_all().unwrap();
    world.restart().await;
    let is_noticed =
        async || world.nobody.get("/readyz").await.expect(503).text.contains("the database file is damaged");
    tokio::time::timeout(PATIENCE, async {
        while !is_noticed().await {
            tokio::time::sleep(LOOK).await
        }
    })
    .await
    .expect("it is noticed");
    world.nobody.get("/healthz").await.expect(200);
    world.pipeline().failed().await;
    world.stop().await;
}

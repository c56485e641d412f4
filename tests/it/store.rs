//! What is kept: hostile text as it is, work that only its owner takes up, and secrets that only their key opens.

use hookmill_domain::clock::{Clock, Timestamp};
use hookmill_domain::config::Limits;
use hookmill_domain::flow::SHARDS;
use hookmill_domain::ids::SystemIdGenerator;
use hookmill_domain::state::{Change, State};
use hookmill_store::encryption::Cipher;
use hookmill_store::processed::Processed;
use hookmill_store::runs::RunStart;
use hookmill_store::{Store, StoreError, StoreOptions, Target};
use hookmill_tests::world::submission_ids;
use hookmill_tests::{Kind, TestDatabase, World, WorldOptions, on_both};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Text that has hurt others.
fn hostile_texts() -> Vec<String> {
    let long = "x".repeat(255);
    [
        "O'Brien \"quoted\" \\ back`tick",
        "'; drop table campaigns; --",
        "%s %n $1 $$ ? :name {{lead}} ${x}",
        "💩👩‍👩‍👧‍👦 é e\u{301}",
        "\u{202e}right to left",
        "\u{200b}no width",
        "null",
        "true",
        "0",
        "-1e400",
        "<script>alert(1)</script>",
        "日本語のなまえ",
        long.as_str(),
    ]
    .map(str::to_owned)
    .to_vec()
}

on_both! {
    /// O1 O3: a name comes back as it was given, whatever it holds; what no name may hold is rejected.
    async fn names_come_back_as_they_were_given(kind: Kind) {
        let world = World::new(kind).await;
        let within = world.operator.in_organization(&world.organization);
        for (index, text) in hostile_texts().into_iter().enumerate() {
            let made = world.admin.post("/v1/campaigns", &json!({"id": format!("N{index}"), "name": text, "values": {&text: text}})).await.expect(201);
            assert_eq!((&made.json["name"], &made.json["values"][&text]), (&json!(text.trim()), &json!(text)));
            let page = world.admin.get(&format!("/v1/campaigns/N{index}")).await.expect(200);
            assert_eq!((&page.json["name"], &page.json["values"]), (&json!(text.trim()), &json!({&text: text})));
            let user = world.admin.post("/v1/users", &json!({"name": text, "role": "viewer"})).await.expect(201);
            assert_eq!(user.json["name"], text.trim());
            within.post("/v1/source-keys", &json!({"name": text})).await.expect(201);
            let organization = world.operator.post("/v1/organizations", &json!({"name": text})).await.expect(201);
            assert_eq!(world.operator.get(&format!("/v1/organizations/{}", organization.str("id"))).await.expect(200).json["name"], text.trim());
        }
        let names: Vec<Value> = world.admin.get("/v1/source-keys").await.expect(200).json["items"].as_array().unwrap()[1..].iter().map(|key| key["name"].clone()).collect();
        assert_eq!(names, hostile_texts());
        for bad in ["", "   ", "a\u{0}b", "a\nb", "\u{7f}", &"x".repeat(256), &"é".repeat(256)] {
            world.admin.post("/v1/campaigns", &json!({"name": bad})).await.expect_error(422, "invalid");
            world.admin.post("/v1/users", &json!({"name": bad, "role": "viewer"})).await.expect_error(422, "invalid");
        }
        for bad in ["A", "ABCDEFGHIJKLMNOPQ", "A B", "Ä1", "A\u{0}B", "a.b", "a/b", "'\"", ""] {
            world.admin.post("/v1/campaigns", &json!({"id": bad, "name": "x"})).await.expect_error(422, "invalid");
        }
        world.admin.post("/v1/campaigns", &json!({"id": "N0", "name": "x"})).await.expect_error(409, "campaign_exists");
        world.stop().await;
    }
}

on_both! {
    /// I4 M5: keys and leads may hold anything that JSON may, U+0000 in a lead too; they are kept and sent as they are.
    async fn leads_are_kept_as_they_are(kind: Kind) {
        let world = World::new(kind).await;
        world.campaign("KEEP", "").await;
        let mut texts = hostile_texts();
        texts.push("line\nbreak\ttab\r".into());
        for text in &texts {
            let leads = json!([{"campaign_id": "KEEP", "comment": text, text: "key"}]);
            let body = json!({"idempotency_key": text, "leads": leads});
            let first = world.source.post("/v1/leads", &body).await.expect(202);
            let again = world.source.post("/v1/leads", &body).await.expect_error(409, "duplicate_request");
            assert_eq!(again.json["error"]["original_request_id"], first.json["request_id"]);
            world.settle().await;
            let page = world.submission(&submission_ids(&first)[0]).await;
            assert_eq!((&page["state"], &page["element"]), (&json!("delivered"), &leads[0]), "{text:?}");
            assert_eq!(page["lead"]["custom"]["comment"], *text);
            let sent = world.receiver.at("/client/KEEP").pop().unwrap().json();
            assert_eq!(sent["data"]["custom"]["comment"], *text);
        }
        world.source.post("/v1/leads", &json!({"idempotency_key": "a\u{0}b", "leads": [{"campaign_id": "KEEP"}]})).await.expect_error(422, "envelope_invalid");
        let nul = json!({"campaign_id": "KEEP", "first_name": "a\u{0}b", "email": "a\u{0}@x.example", "comment": "a\u{0}b", "k\u{0}": 1});
        let ids = world.push_and_settle(json!([nul])).await;
        let page = world.submission(&ids[0]).await;
        assert_eq!((&page["element"], &page["lead"]["custom"]["comment"]), (&nul, &json!("a\u{0}b")));
        assert!(["delivered", "quarantined"].contains(&page["state"].as_str().unwrap()), "{page}");
        world.stop().await;
    }
}

/// A world whose host processes nothing by itself.
async fn idle(kind: hookmill_tests::Kind) -> World {
    let mut options = WorldOptions::default();
    options.settings.limits.process_workers = 0;
    World::with(kind, options).await
}

async fn waiting(world: &World, count: usize) -> Vec<String> {
    world.draft("WAIT", "").await;
    let leads: Vec<Value> = (0..count).map(|n| json!({"campaign_id": "WAIT", "n": n})).collect();
    submission_ids(&world.push(json!(leads)).await)
}

/// What processing decides for a submission: it is canceled.
fn decided(world: &World, campaign_key: &str, id: &str, cause: &'static str) -> Processed {
    Processed {
        id: id.to_owned(),
        organization_id: world.organization.clone(),
        campaign_key: campaign_key.to_owned(),
        shard: 0,
        revision: 0,
        from: State::Received,
        change: const { Change::of(State::Processing, State::Canceled) },
        cause,
        detail: None,
        campaign_version_id: None,
        leaves_stored: false,
        lead: None,
        decision: None,
        value_sets: None,
        kept: None,
        firsts: Vec::new(),
        takes_slot: false,
        review_priority: None,
        seeks_slot: false,
        run_at: None,
        queue_run_at: None,
        moved_to: None,
        delivery: None,
        pings: Vec::new(),
        events: Vec::new(),
        derived_from: None,
    }
}

on_both! {
    /// H2: who commits on what has moved on since writes nothing, however late; a commit that happened is found by its id.
    async fn a_late_commit_changes_nothing(kind: Kind) {
        let world = idle(kind).await;
        let ids = waiting(&world, 3).await;
        let (store, now) = (world.pipeline().store(), world.clock.now());
        let run = RunStart { id: "run_of_test".into(), at: now };
        let shards: Vec<u16> = (0..SHARDS).collect();
        let campaign_key = store.submission_lanes(&shards).await.unwrap()[0].lane.clone();
        let batch = |cause| ids.iter().map(|id| decided(&world, &campaign_key, id, cause)).collect::<Vec<_>>();
        let first = store.commit_processed("cmt_first", &batch("first"), None, &run, now).await.unwrap().written;
        assert_eq!(first, ids.iter().cloned().collect::<HashSet<_>>());
        for late in ["cmt_late", "cmt_later"] {
            assert!(store.commit_processed(late, &batch("late"), None, &run, now).await.unwrap().written.is_empty());
        }
        assert!(store.is_committed("cmt_first").await.unwrap() && !store.is_committed("cmt_never").await.unwrap());
        for id in &ids {
            let lines = world.submission(id).await["timeline"].clone();
            let causes: Vec<&Value> = lines.as_array().unwrap().iter().map(|line| &line["cause"]).collect();
            assert_eq!(causes, ["ingested", "started", "first"]);
        }
        world.stop().await;
    }
}

on_both! {
    /// L7 H2: what is due is found by lane and read in the order of arrival, piece by piece; what is decided is not found again.
    async fn due_work_is_read_in_order(kind: Kind) {
        let world = idle(kind).await;
        let ids = waiting(&world, 5).await;
        let (store, now) = (world.pipeline().store(), world.clock.now());
        let run = RunStart { id: "run_of_test".into(), at: now };
        let shards: Vec<u16> = (0..SHARDS).collect();
        let lanes = store.submission_lanes(&shards).await.unwrap();
        assert_eq!((lanes.len(), lanes[0].organization_id.as_str(), lanes[0].run_at), (1, world.organization.as_str(), now.0));
        let piece = store.due_submissions(&lanes[0].lane, &shards, 3, now).await.unwrap();
        let read: Vec<&str> = piece.rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!((read, piece.has_more), (ids[..3].iter().map(String::as_str).collect(), true));
        let early = store.due_submissions(&lanes[0].lane, &shards, 9, now.plus_ms(-1)).await.unwrap();
        assert_eq!((early.rows.len(), early.has_more, early.next_at), (0, false, Some(now)), "not due yet");
        let batch: Vec<_> = ids.iter().map(|id| decided(&world, &lanes[0].lane, id, "done")).collect();
        store.commit_processed("cmt_done", &batch, None, &run, now).await.unwrap();
        assert!(store.submission_lanes(&shards).await.unwrap().is_empty());
        world.stop().await;
    }
}

/// H1 H2: leases are counted by the database's clock: one host has a shard until it gives it up or is not heard of for the lease's time.
#[tokio::test]
async fn a_shard_has_one_owner_at_a_time() {
    let (database, directory) = (TestDatabase::create(Kind::Postgres).await, tempfile::tempdir().unwrap());
    let store = open(&database, directory.path(), 1).await.unwrap();
    let (long, short) = (60_000, 1);
    let take = async |host, shards: &[(u16, i64)], lease_ms| {
        let taken = store.take_leases(host, shards, lease_ms, Timestamp(5)).await.unwrap();
        taken.into_iter().map(|taken| (taken.shard, taken.epoch, taken.unclean_at)).collect::<Vec<_>>()
    };
    assert_eq!(take("a", &[(7, 0), (9, 0)], long).await, [(7, 1, None), (9, 1, None)]);
    assert!(take("b", &[(7, 1)], long).await.is_empty(), "it is held");
    assert_eq!(store.renew_leases("a", &[(7, 1)], long).await.unwrap(), [(7, 1)]);
    assert!(store.renew_leases("b", &[(7, 1)], long).await.unwrap().is_empty(), "somebody else's");
    assert!(store.renew_leases("a", &[(7, 2)], long).await.unwrap().is_empty(), "another epoch");
    store.give_up_leases("a", &[(7, 1)]).await.unwrap();
    assert_eq!(take("b", &[(7, 1), (9, 1)], short).await, [(7, 2, None)], "the other is held");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(store.renew_leases("b", &[(7, 2)], long).await.unwrap().is_empty(), "it has run out");
    assert!(take("c", &[(7, 1)], long).await.is_empty(), "it was seen in an older epoch");
    assert_eq!(take("c", &[(7, 2)], long).await, [(7, 3, Some(Timestamp(5)))], "its owner was lost");
    store.signal_shards(&[7, 7, 9]).await.unwrap();
    let view = store.announce_host("c", long).await.unwrap();
    assert_eq!((view.hosts, view.signals), (1, vec![(7, 1), (9, 1)]));
    // L8: it stays known when a shard was taken from a lost owner; who retires without giving up is one.
    store.give_up_leases("c", &[(7, 3)]).await.unwrap();
    store.retire_host("a").await.unwrap();
    assert_eq!(take("d", &[(7, 3), (9, 1)], long).await, [(7, 4, Some(Timestamp(5))), (9, 2, Some(Timestamp(5)))]);
    store.close().await;
}

async fn open(database: &TestDatabase, directory: &Path, key: u8) -> Result<Store, StoreError> {
    let target = match &database.url {
        Some(url) => Target::Postgres(url.clone()),
        None => Target::Sqlite(directory.join("data.sqlite")),
    };
    let (cipher, ids) = (Cipher::new([key; 32]), Arc::new(SystemIdGenerator::default()));
    Store::open(StoreOptions { target, cipher, ids, limits: Limits::default() }).await
}

on_both! {
    /// H5: with another key the host does not start on the data, and harms nothing.
    async fn another_key_is_rejected(kind: Kind) {
        let (database, directory) = (TestDatabase::create(kind).await, tempfile::tempdir().unwrap());
        open(&database, directory.path(), 1).await.unwrap().close().await;
        for _ in 0..2 {
            let rejected = open(&database, directory.path(), 2).await.err().expect("another key is rejected");
            assert!(matches!(&rejected, StoreError::Key(message) if message.contains("HOOKMILL_KEY")), "{rejected}");
        }
        open(&database, directory.path(), 1).await.unwrap().close().await;
    }
}

on_both! {
    /// H8: an older binary rejects a newer schema.
    async fn a_newer_schema_is_rejected(kind: Kind) {
        use sqlx::Connection;
        let (database, directory) = (TestDatabase::create(kind).await, tempfile::tempdir().unwrap());
        open(&database, directory.path(), 1).await.unwrap().close().await;
        match &database.url {
            Some(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'later', true, 'x'::bytea, 1)").execute(&mut connection).await.unwrap();
            }
            None => {
                let file = format!("sqlite://{}", directory.path().join("data.sqlite").display());
                let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
                sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'later', true, x'00', 1)").execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
        let rejected = open(&database, directory.path(), 1).await.err().expect("a newer schema is rejected");
        assert!(matches!(rejected, StoreError::Migration(_)), "{rejected}");
    }
}

on_both! {
    /// H5: neither keys nor secrets nor the values of headers are in the database unencrypted.
    async fn secrets_are_encrypted_at_rest(kind: Kind) {
        let world = World::new(kind).await;
        world.draft_without_client("SEAL", "").await;
        let endpoint = json!({"url": world.receiver.url("/x"), "headers": {"authorization": "tops3cret-header"}});
        world.admin.put("/v1/campaigns/SEAL/endpoint", &endpoint).await.expect(200);
        let secret = world.subscribe().await;
        let store = world.pipeline().store();
        let campaign = store.campaign_by_id(&world.organization, "SEAL").await.unwrap().unwrap();
        let client = store.client_destination(&campaign.key).await.unwrap().unwrap();
        assert_eq!(client.settings.headers["authorization"], "tops3cret-header");
        for encrypted in world.database.encrypted_settings().await {
            assert!(!contains(&encrypted, b"tops3cret-header") && !contains(&encrypted, world.receiver.url("/x").as_bytes()));
        }
        for file in world.data_files() {
            let bytes = std::fs::read(&file).unwrap_or_default();
            for text in ["tops3cret-header", secret.as_str(), world.source_key.as_str()] {
                assert!(!contains(&bytes, text.as_bytes()), "{} holds {text}", file.display());
            }
        }
        world.stop().await;
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

//! What is kept: hostile text as it is, claims that only their holder can finish, and secrets that only their key opens.

use hookmill_domain::clock::Clock;
use hookmill_domain::ids::SystemMinter;
use hookmill_domain::state::State;
use hookmill_store::claims::LEASE_MS;
use hookmill_store::processed::Processed;
use hookmill_store::seal::Sealer;
use hookmill_store::{Store, StoreError, StoreOptions, Target};
use hookmill_tests::world::submission_ids;
use hookmill_tests::{TestDatabase, World, WorldOptions, on_both};
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
    /// O1 O3: a name comes back as it was given, whatever it holds; what no name may hold is refused.
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
            world.admin.post("/v1/campaigns", &json!({"name": bad})).await.refused(422, "invalid");
            world.admin.post("/v1/users", &json!({"name": bad, "role": "viewer"})).await.refused(422, "invalid");
        }
        for bad in ["A", "ABCDEFGHIJKLMNOPQ", "A B", "Ä1", "A\u{0}B", "a.b", "a/b", "'\"", ""] {
            world.admin.post("/v1/campaigns", &json!({"id": bad, "name": "x"})).await.refused(422, "invalid");
        }
        world.admin.post("/v1/campaigns", &json!({"id": "N0", "name": "x"})).await.refused(409, "campaign_exists");
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
            let leads = json!([{"campaign_id": "KEEP", "remark": text, text: "key"}]);
            let body = json!({"idempotency_key": text, "leads": leads});
            let first = world.source.post("/v1/leads", &body).await.expect(202);
            let again = world.source.post("/v1/leads", &body).await.refused(409, "duplicate_request");
            assert_eq!(again.json["error"]["original_request_id"], first.json["request_id"]);
            world.settle().await;
            let page = world.submission(&submission_ids(&first)[0]).await;
            assert_eq!((&page["state"], &page["element"]), (&json!("delivered"), &leads[0]), "{text:?}");
            assert_eq!(page["lead"]["custom"]["remark"], *text);
            let sent = world.receiver.at("/client/KEEP").pop().unwrap().json();
            assert_eq!(sent["data"]["custom"]["remark"], *text);
        }
        world.source.post("/v1/leads", &json!({"idempotency_key": "a\u{0}b", "leads": [{"campaign_id": "KEEP"}]})).await.refused(422, "envelope_invalid");
        let nul = json!({"campaign_id": "KEEP", "first_name": "a\u{0}b", "email": "a\u{0}@x.example", "remark": "a\u{0}b", "k\u{0}": 1});
        let ids = world.push_and_settle(json!([nul])).await;
        let page = world.submission(&ids[0]).await;
        assert_eq!((&page["element"], &page["lead"]["custom"]["remark"]), (&nul, &json!("a\u{0}b")));
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
fn decided(world: &World, id: &str, revision: i64, cause: &'static str) -> Processed {
    Processed {
        id: id.to_owned(),
        organization_id: world.organization.clone(),
        revision,
        state: State::Canceled,
        cause,
        detail: None,
        program_id: None,
        lead: None,
        decision: None,
        value_sets: None,
        delivery: None,
        events: Vec::new(),
        born: None,
    }
}

on_both! {
    /// H2: a claim that ran out is another's; whoever lost it writes nothing, however late.
    async fn only_the_holder_of_a_claim_finishes(kind: Kind) {
        let world = idle(kind).await;
        let ids = waiting(&world, 3).await;
        let store = world.pipeline().store();
        let now = || world.clock.now();
        let loser = store.claim_submissions("loser", 10, now()).await.unwrap();
        let claimed: Vec<&str> = loser.iter().map(|claimed| claimed.id.as_str()).collect();
        assert_eq!(claimed, ids, "in the order of arrival");
        assert!(store.claim_submissions("winner", 10, now()).await.unwrap().is_empty());
        world.clock.advance_ms(LEASE_MS - 1);
        assert!(store.claim_submissions("winner", 10, now()).await.unwrap().is_empty());
        world.clock.advance_ms(1);
        let winner = store.claim_submissions("winner", 10, now()).await.unwrap();
        assert_eq!(winner.len(), 3);

        let batch = |cause| ids.iter().map(|id| decided(&world, id, winner[0].revision, cause)).collect::<Vec<_>>();
        assert_eq!(store.commit_processed("loser", &batch("lost"), now(), now()).await.unwrap(), 0);
        store.hand_back("loser", &[&ids[0]], now(), now()).await.unwrap();
        assert_eq!(world.state(&ids[0]).await, "processing");
        assert_eq!(store.commit_processed("winner", &batch("won"), now(), now()).await.unwrap(), 3);
        assert_eq!(store.commit_processed("loser", &batch("lost"), now(), now()).await.unwrap(), 0);
        assert_eq!(store.commit_processed("winner", &batch("again"), now(), now()).await.unwrap(), 0);
        for id in &ids {
            let lines = world.submission(id).await["timeline"].clone();
            let causes: Vec<&Value> = lines.as_array().unwrap().iter().map(|line| &line["cause"]).collect();
            assert_eq!(causes, ["ingested", "claimed", "won"]);
        }
        world.stop().await;
    }
}

on_both! {
    /// H2: a claim that is renewed does not run out.
    async fn a_renewed_claim_does_not_run_out(kind: Kind) {
        let world = idle(kind).await;
        waiting(&world, 2).await;
        let store = world.pipeline().store();
        assert_eq!(store.claim_submissions("living", 10, world.clock.now()).await.unwrap().len(), 2);
        for _ in 0..5 {
            world.clock.advance_ms(LEASE_MS - 1_000);
            store.renew(&["living".into()], world.clock.now(), world.clock.now()).await.unwrap();
            assert!(store.claim_submissions("other", 10, world.clock.now()).await.unwrap().is_empty());
        }
        world.clock.advance_ms(LEASE_MS);
        store.renew(&["nobody".into()], world.clock.now(), world.clock.now()).await.unwrap();
        assert_eq!(store.claim_submissions("other", 10, world.clock.now()).await.unwrap().len(), 2);
        world.stop().await;
    }
}

on_both! {
    /// H2: what ran out while the database was away is still its holder's, if nobody else has taken it.
    async fn a_claim_that_ran_out_in_an_outage_is_renewed(kind: Kind) {
        let world = idle(kind).await;
        waiting(&world, 2).await;
        let (store, renewed_at) = (world.pipeline().store(), world.clock.now());
        assert_eq!(store.claim_submissions("living", 10, renewed_at).await.unwrap().len(), 2);
        world.clock.advance_ms(3 * LEASE_MS);
        store.renew(&["living".into()], renewed_at, world.clock.now()).await.unwrap();
        assert!(store.claim_submissions("other", 10, world.clock.now()).await.unwrap().is_empty());
        world.stop().await;
    }
}

on_both! {
    /// H1 H2: claims made at the same moment never share a submission, and leave none behind.
    async fn claims_at_once_share_nothing(kind: Kind) {
        let world = idle(kind).await;
        let ids: HashSet<String> = waiting(&world, 200).await.into_iter().collect();
        let now = world.clock.now();
        let claiming: Vec<_> = (0..8).map(|host| {
            let store = world.pipeline().store().clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = store.claim_submissions(&format!("host-{host}"), 7, now).await.unwrap();
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed.into_iter().map(|claimed| claimed.id));
                }
            })
        }).collect();
        let mut all = Vec::new();
        for claim in claiming {
            all.extend(claim.await.unwrap());
        }
        // One that finds every row locked by others sees none; those that hold them take them all.
        assert_eq!(all.len(), 200);
        assert_eq!(all.into_iter().collect::<HashSet<_>>(), ids);
        world.stop().await;
    }
}

async fn open(database: &TestDatabase, directory: &Path, key: u8) -> Result<Store, StoreError> {
    let target = match &database.url {
        Some(url) => Target::Postgres(url.clone()),
        None => Target::Sqlite(directory.join("data.sqlite")),
    };
    Store::open(StoreOptions { target, sealer: Sealer::new([key; 32]), minter: Arc::new(SystemMinter::default()) })
        .await
}

on_both! {
    /// H5: with another key the host refuses to start on the data, and harms nothing.
    async fn another_key_is_refused(kind: Kind) {
        let (database, directory) = (TestDatabase::create(kind).await, tempfile::tempdir().unwrap());
        open(&database, directory.path(), 1).await.unwrap().close().await;
        for _ in 0..2 {
            let refused = open(&database, directory.path(), 2).await.err().expect("another key is refused");
            assert!(matches!(&refused, StoreError::Key(message) if message.contains("HOOKMILL_KEY")), "{refused}");
        }
        open(&database, directory.path(), 1).await.unwrap().close().await;
    }
}

on_both! {
    /// H8: an older binary refuses a newer schema.
    async fn a_newer_schema_is_refused(kind: Kind) {
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
        let refused = open(&database, directory.path(), 1).await.err().expect("a newer schema is refused");
        assert!(matches!(refused, StoreError::Migration(_)), "{refused}");
    }
}

on_both! {
    /// H5: neither keys nor secrets nor the values of headers stand in the database as they are.
    async fn secrets_are_sealed_at_rest(kind: Kind) {
        let world = World::new(kind).await;
        world.draft("SEAL", "").await;
        let endpoint = json!({"url": world.receiver.url("/x"), "headers": {"authorization": "tops3cret-header"}});
        world.admin.put("/v1/campaigns/SEAL/endpoint", &endpoint).await.expect(200);
        let secret = world.subscribe().await;
        let store = world.pipeline().store();
        let campaign = store.campaign_of(&world.organization, "SEAL").await.unwrap().unwrap();
        let sealed = campaign.endpoint_sealed.clone().unwrap();
        assert!(!contains(&sealed, b"tops3cret-header") && !contains(&sealed, world.receiver.url("/x").as_bytes()));
        assert_eq!(store.endpoint_of(&campaign).unwrap().unwrap().headers["authorization"], "tops3cret-header");
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

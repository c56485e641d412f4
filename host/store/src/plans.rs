//! What the planners of both databases make of the store's statements when the tables are full: each growing table is only ever entered
//! through an index, and each list through the one that is named for it.
#![allow(clippy::disallowed_methods, reason = "the test's server is named by the environment")]

use super::audit::AuditEntry;
use super::database::Database;
use super::deliveries::{DeliveryFilter, DeliveryKey, Message, NewDelivery, NewEvent, Shaped};
use super::encryption::Cipher;
use super::outcome::{Attempt, Next, Outcome, Transition};
use super::processed::{DerivedFrom, Processed, ProcessedLead};
use super::release::Release;
use super::{Store, StoreError, StoreOptions, Target};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::delivery::DestinationKind;
use hookmill_domain::flow::SHARDS;
use hookmill_domain::ids::SystemIdGenerator;
use hookmill_domain::state::State;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many submissions the tables hold.
const SUBMISSIONS: usize = 500_000;
/// The tables that grow with every lead.
const GROWING: [&str; 11] = [
    "requests",
    "submissions",
    "timeline",
    "leads",
    "lead_identities",
    "events",
    "deliveries",
    "attempts",
    "commits",
    "idempotency",
    "rejected_requests",
];
const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// Rows as a year of ten organizations with ten campaigns each leaves them: nearly all ended, some of each other state, and some due.
/// Numbers follow from the row's, so that both databases hold the same.
fn filling() -> Vec<String> {
    let n = format!("with recursive n (i) as (select 0 union all select i + 1 from n where i < {})", SUBMISSIONS - 1);
    let (org, campaign) = ("'org_' || cast(i % 10 as text)", "'cmp_' || cast(100 + i % 100 as text)");
    let id = |prefix: &str| format!("'{prefix}_' || cast(10000000 + i as text)");
    let states = State::ALL.iter().enumerate();
    // One row in a hundred is in one of the other states, each in turn.
    let state = states.map(|(at, state)| format!("when {at} then '{}' ", state.as_str())).collect::<String>();
    let state =
        format!("case when i % 100 = 7 then case (i / 100) % {} {state} end else 'delivered' end", State::ALL.len());
    let some = |every: usize| format!("case when i % {every} = 7 then {} + i else null end", NOW.0 - 1_000_000);
    vec![
        "insert into organizations (id, name, salt, \"values\", created_at) with recursive n (i) as (select 0 union all select i + 1 from n where i < 9) \
         select 'org_' || cast(i as text), 'x', cast('00' as bytea), cast('{}' as bytea), 0 from n"
            .into(),
        "insert into campaigns (campaign_key, organization_id, campaign_id, name, state, time_zone, phone_region, \"values\", granted_value_sets, created_at, updated_at) \
         with recursive n (i) as (select 0 union all select i + 1 from n where i < 99) select 'cmp_' || cast(100 + i as text), 'org_' || cast(i % 10 as text), \
         'C' || cast(i as text), 'x', 'active', 'UTC', 'DE', cast('{}' as bytea), cast('[]' as bytea), 0, 0 from n"
            .into(),
        format!(
            "insert into requests (organization_id, id, source_key_id, channel, content_type, metadata, body, response, received_at) {n} \
             select {org}, {}, 'key_1', 'batch', 'application/json', cast('{{}}' as bytea), cast('{{}}' as bytea), cast('{{}}' as bytea), i from n where i % 10 < 5",
            id("req")
        ),
        format!(
            "insert into submissions (organization_id, id, request_id, campaign_key, shard, element_start, element_bytes, state, revision, received_at, \
             updated_at, run_at, is_test) {n} select {org}, {}, {}, {campaign}, i % 64, 0, 2, {state}, 3, i, i, {}, false from n",
            id("sub"),
            id("req"),
            some(100)
        ),
        format!(
            "insert into timeline (organization_id, submission_id, revision, at, state, cause) {n} select {org}, {}, 1, i, 'delivered', 'x' from n",
            id("sub")
        ),
        format!(
            "insert into events (organization_id, id, subject_kind, subject_id, campaign_key, name, details, occurred_at) {n} \
             select {org}, {}, 'submission', {}, {campaign}, 'x', cast('{{}}' as bytea), i from n where i % 2 = 0",
            id("evt"),
            id("sub")
        ),
        format!(
            "insert into deliveries (organization_id, id, campaign_key, submission_id, destination_id, destination_kind, shard, state, attempts, \
             retries_max, created_at, updated_at, run_at) {n} select {org}, {}, {campaign}, {}, 'dst_' || cast(i % 100 as text), 'client', i % 64, \
             case when i % 100 = 7 then 'waiting' when i % 1000 = 8 then 'held' when i % 1000 = 9 then 'failed' else 'delivered' end, 1, 3, i, i, {} from n",
            id("dlv"),
            id("sub"),
            some(100)
        ),
        format!(
            "insert into attempts (organization_id, delivery_id, id, number, started_at, elapsed_ms, outcome, detail) {n} \
             select {org}, {}, {}, 1, i, 1, 'accepted', cast('{{}}' as bytea) from n where i % 2 = 0",
            id("dlv"),
            id("att")
        ),
        format!(
            "insert into leads (organization_id, id, created_at, updated_at, submission_count) {n} select {org}, {}, i, i, 1 from n where i % 4 = 0",
            id("led")
        ),
        format!(
            "insert into lead_identities (organization_id, identity_hash, lead_id) {n} select {org}, cast({} as bytea), {} from n where i % 4 = 0",
            id("hash"),
            id("led")
        ),
        format!("insert into commits (id, committed_at) {n} select {}, i from n where i % 10 = 0", id("cmt")),
        format!(
            "insert into idempotency (organization_id, key_hash, request_id, body_digest, first_seen_at, expires_at) {n} \
             select {org}, cast({} as bytea), {}, cast('00' as bytea), i, i from n where i % 10 = 0",
            id("key"),
            id("req")
        ),
        format!(
            "insert into rejected_requests (organization_id, id, code, body_bytes, body_digest, rejected_at) {n} \
             select {org}, {}, 'x', 1, cast('00' as bytea), i from n where i % 10 = 0",
            id("rej")
        ),
        "analyze".into(),
    ]
}

/// A store whose statements can be asked for: PostgreSQL by one connection, which knows what it has prepared.
struct Asked {
    store: Store,
    seen: BTreeSet<String>,
}

impl Asked {
    /// The statements that were new since the last call, as (name on the connection, text, number of parameters).
    async fn new_statements(&mut self) -> Vec<(String, String, usize)> {
        let Database::Postgres { pool } = &self.store.database else { panic!("not PostgreSQL") };
        let rows = sqlx::query(
            "select name, statement, cardinality(parameter_types) as parameters from pg_prepared_statements",
        )
        .persistent(false)
        .fetch_all(pool)
        .await
        .unwrap();
        let rows = rows.iter().map(|row| (row.get("name"), row.get("statement"), row.get::<i32, _>("parameters")));
        let new = rows.filter(|(name, ..): &(String, String, i32)| self.seen.insert(name.clone()));
        new.map(|(name, text, parameters)| (name, text, usize::try_from(parameters).unwrap())).collect()
    }

    /// How PostgreSQL would run a prepared statement, whatever its parameters are.
    async fn postgres_plan(&self, name: &str, parameters: usize) -> Vec<String> {
        let Database::Postgres { pool } = &self.store.database else { panic!("not PostgreSQL") };
        let nulls = vec!["null"; parameters].join(", ");
        let arguments = if parameters == 0 { String::new() } else { format!("({nulls})") };
        let sql = format!("explain execute \"{name}\" {arguments}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .fetch_all(pool)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get::<String, _>(0))
            .collect()
    }
}

async fn sqlite_plan(store: &Store, text: &str) -> Vec<String> {
    let Database::Sqlite { readers, .. } = &store.database else { panic!("not SQLite") };
    let sql = format!("explain query plan {text}");
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(readers).await;
    rows.unwrap_or_else(|error| panic!("{error}: {text}")).iter().map(|row| row.get::<String, _>(3)).collect()
}

/// The names by which a statement calls the growing tables.
fn names_of_growing(text: &str) -> BTreeSet<String> {
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let mut names = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let follows_table_word =
            at.checked_sub(1).is_some_and(|before| ["from", "join", "update", "into"].contains(&words[before]));
        if !follows_table_word || !GROWING.contains(word) {
            continue;
        }
        let alias = if words.get(at + 1) == Some(&"as") { words.get(at + 2) } else { words.get(at + 1) };
        names.insert((*word).to_owned());
        names.extend(alias.filter(|alias| alias.len() <= 2).map(|alias| (*alias).to_owned()));
    }
    names
}

/// The steps of a plan that read a growing table without seeking.
fn scans(plan: &[String], names: &BTreeSet<String>) -> Vec<String> {
    let is_scan = |step: &&String| {
        let words: Vec<&str> = step.split_whitespace().collect();
        let of_sqlite = words.first() == Some(&"SCAN") && words.get(1).is_some_and(|name| names.contains(*name));
        let of_postgres = step.contains("Seq Scan on") && words.iter().any(|word| GROWING.contains(word));
        of_sqlite || of_postgres
    };
    plan.iter().filter(is_scan).cloned().collect()
}

/// PostgreSQL walks a whole index where no condition narrows it.
fn walks(plan: &[String]) -> Vec<String> {
    let is_index = |step: &String| {
        let table = step.split_once(" on ").and_then(|(_, rest)| rest.split_whitespace().next());
        let is_scan = step.contains("Index Scan using") || step.contains("Index Only Scan using");
        is_scan && table.is_some_and(|table| GROWING.contains(&table))
    };
    let unbounded = plan.windows(2).filter(|pair| is_index(&pair[0]) && !pair[1].contains("Index Cond"));
    unbounded.map(|pair| pair[0].clone()).chain(plan.last().filter(|last| is_index(last)).cloned()).collect()
}

/// What a planner calls an index; a primary key has another name in each database.
fn names_index(plan: &[String], index: &str) -> bool {
    let names = match index.strip_prefix("key of ") {
        Some(table) => vec![format!("sqlite_autoindex_{table}_1"), format!("{table}_pkey")],
        None => vec![index.to_owned()],
    };
    plan.iter().any(|step| step.split_whitespace().any(|word| names.iter().any(|name| name == word)))
}

async fn open(target: Target) -> Store {
    let options = StoreOptions { target, cipher: Cipher::new([1; 32]), ids: Arc::new(SystemIdGenerator::default()) };
    Store::open(options).await.unwrap()
}

fn processed(id: &str, delivery: NewDelivery, event: NewEvent, derived_from: Option<DerivedFrom>) -> Processed {
    Processed {
        id: id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        revision: 3,
        state: State::Delivering,
        cause: "shaped",
        detail: None,
        campaign_version_id: None,
        lead: Some(ProcessedLead {
            lead_id: "led_1".into(),
            identities: vec![[7; 32]],
            lead: b"{}".to_vec(),
            is_test: false,
        }),
        decision: None,
        value_sets: None,
        delivery: Some(delivery),
        events: vec![event],
        derived_from,
    }
}

fn delivery(id: &str, submission_id: &str) -> NewDelivery {
    NewDelivery {
        id: id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        submission_id: submission_id.into(),
        event_id: None,
        destination_id: "dst_1".into(),
        destination_kind: DestinationKind::Client,
        shard: 1,
        retries_max: 3,
        message: Some(Message::new(None, vec![], vec![], None, Some(b"{}".to_vec()))),
    }
}

fn event(id: &str, submission_id: &str) -> NewEvent {
    NewEvent {
        id: id.into(),
        organization_id: "org_1".into(),
        campaign_key: "cmp_101".into(),
        submission_id: submission_id.into(),
        name: "submission.accepted",
        status: "delivering",
        details: b"{}".to_vec(),
        occurred_at: NOW,
        deliveries: Vec::new(),
    }
}

fn outcome(delivery_id: &str, submission_id: &str, next: Next) -> Outcome {
    Outcome {
        delivery_id: delivery_id.into(),
        organization_id: "org_1".into(),
        attempts_before: 0,
        attempt: Some(Attempt {
            id: format!("att_{delivery_id}"),
            started_at: NOW,
            elapsed_ms: 1,
            status: Some(200),
            outcome: "accepted",
            detail: b"{}".to_vec(),
        }),
        next,
        transition: Some(Transition {
            submission_id: submission_id.into(),
            campaign_key: "cmp_101".into(),
            revision: 4,
            state: State::Delivered,
            cause: "client_accepted",
            detail: b"{}".to_vec(),
            events: vec![event(&format!("evt_{delivery_id}"), submission_id)],
        }),
    }
}

/// What every statement is asked through, and the index by which its growing table is to be entered.
async fn ask(store: &Store, what: &str) -> Result<&'static str, StoreError> {
    let (org, campaign, shards) = ("org_1", "cmp_101", (0..SHARDS).collect::<Vec<u16>>());
    let filter = DeliveryFilter::default();
    Ok(match what {
        "submissions of a campaign" => {
            store.submissions(campaign, None, "", 50).await?;
            "submissions_of_campaign"
        }
        "submissions in a state" => {
            store.submissions(campaign, Some(State::Received), "", 50).await?;
            "submissions_in_state"
        }
        "submission" => {
            store.submission(org, "sub_10000001").await?;
            "key of submissions"
        }
        "timeline" => {
            store.timeline(org, "sub_10000001").await?;
            "key of timeline"
        }
        "element" => {
            store.element_place(org, "sub_10000001").await?;
            "key of submissions"
        }
        "recent elements" => {
            store.recent_elements(campaign, 10).await?;
            "submissions_of_campaign"
        }
        "newest decisions" => {
            store.newest_decisions(campaign, 10).await?;
            "submissions_of_campaign"
        }
        "submission states" => {
            store.submission_states(org, &["sub_10000001", "sub_10000011"]).await?;
            "key of submissions"
        }
        "children" => {
            store.child_submissions(org, &["sub_10000001"]).await?;
            "submissions_of_parent"
        }
        "requests" => {
            store.requests(org, "", 50).await?;
            "key of requests"
        }
        "request" => {
            store.request(org, "req_10000001").await?;
            store.request_of_source(org, "key_1", "req_10000001").await?;
            "key of requests"
        }
        "requests to read" => {
            store.request_sizes(org, &["req_10000001"]).await?;
            store.requests_to_read(org, &["req_10000001"]).await?;
            "key of requests"
        }
        "rejected requests" => {
            store.rejected_requests(org, "", 50).await?;
            "key of rejected_requests"
        }
        "deliveries" => {
            store.deliveries(org, &filter, "", 50).await?;
            "key of deliveries"
        }
        "deliveries of a submission" => {
            let filter = DeliveryFilter { submission_id: "sub_10000001".into(), ..filter };
            store.deliveries(org, &filter, "", 50).await?;
            "deliveries_of_submission"
        }
        "deliveries of a campaign" => {
            store.deliveries(org, &DeliveryFilter { campaign_key: campaign.into(), ..filter }, "", 50).await?;
            "deliveries_of_campaign"
        }
        "deliveries in a state" => {
            store.deliveries(org, &DeliveryFilter { state: "failed".into(), ..filter }, "", 50).await?;
            "deliveries_in_state"
        }
        "deliveries of a campaign in a state" => {
            let filter = DeliveryFilter { campaign_key: campaign.into(), state: "failed".into(), ..filter };
            store.deliveries(org, &filter, "", 50).await?;
            "deliveries_in_state"
        }
        "delivery" => {
            store.delivery(org, "dlv_10000001").await?;
            "key of deliveries"
        }
        "events of a submission" => {
            store.events_of_submission(org, "sub_10000001").await?;
            "events_of_subject"
        }
        "events to shape" => {
            store.events_to_shape(org, &["evt_10000002"]).await?;
            "key of events"
        }
        "lanes of submissions" => {
            store.submission_lanes(&shards).await?;
            "submissions_due"
        }
        "lanes of deliveries" => {
            store.delivery_lanes(&shards).await?;
            "deliveries_due"
        }
        "due submissions" => {
            store.due_submissions(campaign, &shards, 100, NOW).await?;
            "submissions_due"
        }
        "due deliveries" => {
            store.due_deliveries("dst_1", &shards, 100, NOW).await?;
            "deliveries_due"
        }
        "known leads" => {
            store.known_leads(org, &[[7; 32]]).await?;
            "key of lead_identities"
        }
        "processed" => {
            let from = DerivedFrom {
                parent_id: "sub_10000001".into(),
                request_id: "req_10000001".into(),
                shard: 1,
                element_start: 0,
                element_bytes: 2,
                received_at: 0,
            };
            let first =
                processed("sub_10000001", delivery("dlv_a", "sub_10000001"), event("evt_a", "sub_10000001"), None);
            let second = processed(
                "sub_10000001.1",
                delivery("dlv_b", "sub_10000001.1"),
                event("evt_b", "sub_10000001.1"),
                Some(from),
            );
            store.commit_processed("cmt_a", &[first, second], NOW, NOW).await?;
            "key of submissions"
        }
        "outcomes" => {
            let over = outcome("dlv_a", "sub_10000001", Next::Over("delivered"));
            store.commit_outcomes("cmt_b", &[over, outcome("dlv_b", "sub_10000001.1", Next::Hold)], NOW).await?;
            "key of deliveries"
        }
        "shaped" => {
            let key = |id: &str| DeliveryKey { organization_id: org.into(), id: id.into() };
            let failed = Shaped::Failed { attempt_id: "att_x".into(), detail: b"{}".to_vec() };
            let message = Shaped::Message(Message::new(None, vec![], vec![], None, None));
            store.commit_shaped(&[(key("dlv_10000001"), failed), (key("dlv_10000011"), message)], NOW).await?;
            "key of deliveries"
        }
        "defer" => {
            store.defer_submissions(org, &["sub_10000001"], NOW).await?;
            "key of submissions"
        }
        "release of submissions" => {
            store.release_submissions("cmp_107", Release::Pending, "x", None, NOW).await?;
            store.release_submissions("cmp_107", Release::Quarantined, "x", None, NOW).await?;
            "submissions_in_state"
        }
        "release of one" => {
            store.release_submissions(campaign, Release::One("sub_10000001"), "x", None, NOW).await?;
            "submissions_in_state"
        }
        "release of deliveries" => {
            store.release_deliveries("cmp_108", NOW).await?;
            "deliveries_in_state"
        }
        "resend" => {
            let entry =
                AuditEntry { organization_id: Some(org.into()), user_id: "usr_1".into(), action: "delivery.resent" };
            store.resend_delivery(org, "dlv_10000001", 1, &entry, NOW).await?;
            "key of deliveries"
        }
        "commit" => {
            store.is_committed("cmt_10000000").await?;
            store.forget_commits("cmt_1").await?;
            "key of commits"
        }
        "counts" => {
            store.submission_counts(campaign).await?;
            "key of submission_counts"
        }
        _ => panic!("nothing is called {what}"),
    })
}

const ASKED: [&str; 36] = [
    "submissions of a campaign",
    "submissions in a state",
    "submission",
    "timeline",
    "element",
    "recent elements",
    "newest decisions",
    "submission states",
    "children",
    "requests",
    "request",
    "requests to read",
    "rejected requests",
    "deliveries",
    "deliveries of a submission",
    "deliveries of a campaign",
    "deliveries in a state",
    "deliveries of a campaign in a state",
    "delivery",
    "events of a submission",
    "events to shape",
    "lanes of submissions",
    "lanes of deliveries",
    "due submissions",
    "due deliveries",
    "known leads",
    "processed",
    "outcomes",
    "shaped",
    "defer",
    "release of submissions",
    "release of one",
    "release of deliveries",
    "resend",
    "commit",
    "counts",
];

/// H6: no statement reads a growing table but by seeking in an index, and each list by the index that is meant for it: a list, a commit
/// or a look for due work costs the same with half a million submissions as with ten.
#[tokio::test]
async fn h6_every_statement_seeks_in_its_index() {
    let server = std::env::var("HOOKMILL_TEST_POSTGRES")
        .expect("HOOKMILL_TEST_POSTGRES names a PostgreSQL server: run `cargo xtask test`, which starts one");
    let name = format!("plans_{}", std::process::id());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = server.rsplit_once('/').map(|(server, _)| format!("{server}/{name}")).unwrap();
    let postgres = open(Target::Postgres(url.clone())).await;
    postgres.close().await;
    let options = super::database::postgres_options(&url).unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::raw_sql("set plan_cache_mode = force_generic_plan").execute(&pool).await.unwrap();
    let postgres = Store { database: Database::Postgres { pool: pool.clone() }, ..postgres };
    let sqlite = open(Target::Sqlite(directory.path().join("plans.sqlite"))).await;
    let Database::Sqlite { writer, .. } = &sqlite.database else { panic!("not SQLite") };
    for sql in filling() {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()))
            .execute(&pool)
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
        let sql = sql.replace("as bytea)", "as blob)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()))
            .execute(writer)
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    let mut asked = Asked { store: postgres, seen: BTreeSet::new() };
    asked.new_statements().await;
    let mut wrong = BTreeMap::<String, Vec<String>>::new();
    for what in ASKED {
        let index = ask(&asked.store, what).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut is_used = [false, false];
        for (statement, text, parameters) in asked.new_statements().await {
            let names = names_of_growing(&text);
            // Leases are PostgreSQL's alone, and small tables may be read whole.
            if names.is_empty() && !text.contains("submission_count") {
                continue;
            }
            let plans = [asked.postgres_plan(&statement, parameters).await, sqlite_plan(&sqlite, &text).await];
            for ((database, plan), is_used) in ["PostgreSQL", "SQLite"].iter().zip(&plans).zip(&mut is_used) {
                *is_used |= names_index(plan, index);
                let bad = [scans(plan, &names), walks(plan)].concat();
                if !bad.is_empty() {
                    wrong.entry(format!("{what} on {database}: {text}")).or_default().extend(bad);
                }
            }
            if !is_used[0] || !is_used[1] {
                wrong.entry(format!("{what}: {index} is not used")).or_default().extend(plans.concat());
            }
            if is_used[0] && is_used[1] {
                wrong.remove(&format!("{what}: {index} is not used"));
            }
        }
    }
    pool.close().await;
    sqlite.close().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop database {name}"))).execute(&mut admin).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The check can fail: what it is to find in plans is found in these.
#[test]
fn scans_are_found_in_plans() {
    let names = names_of_growing(
        "select d.id from deliveries d join campaigns c on c.campaign_key = d.campaign_key where d.id in (select id from events)",
    );
    assert_eq!(names, BTreeSet::from(["deliveries", "d", "events"].map(str::to_owned)));
    let plan = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
    let sqlite = plan(&["SCAN d USING INDEX deliveries_due", "SEARCH c USING INDEX x (id=?)", "SCAN v", "SCAN events"]);
    assert_eq!(scans(&sqlite, &names), ["SCAN d USING INDEX deliveries_due", "SCAN events"]);
    let postgres =
        plan(&["Limit  (cost=0)", "  ->  Seq Scan on deliveries d  (cost=0)", "  ->  Seq Scan on campaigns c"]);
    assert_eq!(scans(&postgres, &names), ["  ->  Seq Scan on deliveries d  (cost=0)"]);
    let scoped =
        plan(&["Index Scan using a on deliveries", "  Index Cond: (x)", "Index Only Scan using b on deliveries"]);
    assert_eq!(walks(&scoped), ["Index Only Scan using b on deliveries"]);
    assert!(names_index(&sqlite, "deliveries_due") && !names_index(&sqlite, "deliveries"));
}

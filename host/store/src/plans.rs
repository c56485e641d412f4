//! What the planners of both databases make of the store's statements when the tables are full: each growing table is only ever entered
//! through an index, and each list through the one that is named for it.
#![allow(clippy::disallowed_methods, reason = "the test's server is named by the environment")]

mod filling;
mod statements;

use super::database::Database;
use super::encryption::Cipher;
use super::{Store, StoreOptions, Target};
use filling::filling;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::config::Limits;
use hookmill_domain::ids::SystemIdGenerator;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, Row};
use statements::STATEMENTS;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many submissions the tables hold.
const SUBMISSIONS: usize = 500_000;
/// The tables that grow with every lead.
const GROWING: &[&str] = &[
    "requests",
    "submissions",
    "timeline",
    "leads",
    "lead_identities",
    "first_submissions",
    "lead_tags",
    "events",
    "deliveries",
    "attempts",
    "commits",
    "idempotency",
    "rejected_requests",
    "audit",
    "campaign_versions",
    "jobs",
    "bulk_jobs",
];
const NOW: Timestamp = Timestamp(1_790_000_000_000);

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

pub(super) async fn open(target: Target, limits: Limits) -> Store {
    let (cipher, ids) = (Cipher::new([1; 32]), Arc::new(SystemIdGenerator::default()));
    Store::open(StoreOptions { target, cipher, ids, limits }).await.unwrap()
}

/// A database of a test's own on each of the two.
pub(super) struct Servers {
    name: String,
    url: String,
    admin: PgConnection,
    postgres: Store,
    sqlite: Store,
    directory: tempfile::TempDir,
}

impl Servers {
    /// Creates both.
    pub(super) async fn start(test: &str) -> Self {
        let server = std::env::var("HOOKMILL_TEST_POSTGRES")
            .expect("HOOKMILL_TEST_POSTGRES names a PostgreSQL server: run `cargo xtask test`, which starts one");
        let name = format!("{test}_{}", std::process::id());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let url = server.rsplit_once('/').map(|(server, _)| format!("{server}/{name}")).unwrap();
        let postgres = open(Target::Postgres(url.clone()), Limits::default()).await;
        postgres.close().await;
        let options = super::database::postgres_options(&url).unwrap();
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        sqlx::raw_sql("set plan_cache_mode = force_generic_plan").execute(&pool).await.unwrap();
        let postgres = Store { database: Database::Postgres { pool }, ..postgres };
        let sqlite = open(Target::Sqlite(directory.path().join("test.sqlite")), Limits::default()).await;
        Self { name, url, admin, postgres, sqlite, directory }
    }

    /// Opens both once more, within these bounds.
    pub(super) async fn open_within(&self, limits: &Limits) -> [Store; 2] {
        let path = self.directory.path().join("test.sqlite");
        let postgres = open(Target::Postgres(self.url.clone()), limits.clone()).await;
        [postgres, open(Target::Sqlite(path), limits.clone()).await]
    }

    /// PostgreSQL's and SQLite's.
    pub(super) fn stores(&self) -> [&Store; 2] {
        [&self.postgres, &self.sqlite]
    }

    /// Runs a statement on both.
    pub(super) async fn execute(&self, sql: &str) {
        let failed = |error| -> ! { panic!("{error}: {sql}") };
        let Database::Postgres { pool } = &self.postgres.database else { panic!("not PostgreSQL") };
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap_or_else(|error| failed(error));
        let Database::Sqlite { writer, .. } = &self.sqlite.database else { panic!("not SQLite") };
        let of_sqlite = sql.replace("as bytea)", "as blob)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(of_sqlite)).execute(writer).await.unwrap_or_else(|error| failed(error));
    }

    /// Removes both.
    pub(super) async fn stop(mut self) {
        self.postgres.close().await;
        self.sqlite.close().await;
        let drop = format!("drop database {}", self.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut self.admin).await.unwrap();
    }
}

/// H6: no statement reads a growing table but by seeking in an index, and each list by the index that is meant for it: a list, a commit
/// or a look for due work costs the same with half a million submissions as with ten.
#[tokio::test]
async fn h6_every_statement_seeks_in_its_index() {
    let servers = Servers::start("plans").await;
    for sql in filling() {
        servers.execute(&sql).await;
    }
    let mut asked = Asked { store: servers.postgres.clone(), seen: BTreeSet::new() };
    asked.new_statements().await;
    let mut wrong = BTreeMap::<String, Vec<String>>::new();
    for statements::Statement { what, index, run } in STATEMENTS {
        run(asked.store.clone()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (mut is_used, mut seen) = ([false, false], Vec::new());
        for (statement, text, parameters) in asked.new_statements().await {
            let names = names_of_growing(&text);
            // Leases are PostgreSQL's alone, and small tables may be read whole.
            if names.is_empty() && !text.contains("count_changes") {
                continue;
            }
            let plans = [asked.postgres_plan(&statement, parameters).await, sqlite_plan(&servers.sqlite, &text).await];
            for ((database, plan), is_used) in ["PostgreSQL", "SQLite"].iter().zip(&plans).zip(&mut is_used) {
                *is_used |= index.split('|').any(|index| names_index(plan, index));
                let bad = [scans(plan, &names), walks(plan)].concat();
                if !bad.is_empty() {
                    wrong.entry(format!("{what} on {database}: {text}")).or_default().extend(bad);
                }
            }
            seen.extend(plans.concat());
        }
        // What was asked before is not asked again: then there is nothing to be seen.
        if is_used != [true, true] && !seen.is_empty() {
            wrong.insert(format!("{what}: {index} is not used"), seen);
        }
    }
    servers.stop().await;
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

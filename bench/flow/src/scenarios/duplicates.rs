//! The look-up of duplicates with ten million keys stored: how the database does it, and how long it takes.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use hookmill_bench_flow::now_us;

use super::announce;
use crate::options::{DatabaseKind, Options};
use crate::report::Report;
use crate::report::other::LookupRow;
use crate::sql::{Sql, numbers};
use crate::stored::id_time;
use crate::world::World;

/// Keys that are stored.
const STORED: [u64; 2] = [200_000, 10_000_000];
/// Keys in one statement: those of a batch of leads.
const KEYS: u64 = 100;
/// How often the statement is run with keys that are known, and with others, each time with other keys.
const STATEMENTS: u64 = 100;
const ORGANIZATION: &str = "org_01k00000000000000000000000";
const SCOPE: &str = "dup:campaign:cmp_01k00000000000000000000000:email";

/// The host's statement, behind its rows of organization, scope and key (`first_submissions` in `host/store/src/processed/firsts.rs`).
const HEAD: &str = "with v (organization_id, scope, key_hash) as (values";
const SELECT: &str = ") select f.scope, f.key_hash, f.submission_id, f.received_at from v join first_submissions f \
     on f.organization_id = v.organization_id and f.scope = v.scope and f.key_hash = v.key_hash";

/// How a host has PostgreSQL plan its statements (`host/store/src/database.rs`).
const POSTGRES_PLANS: &str =
    "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off;\n";

/// Looks up in the tables of a host.
pub async fn run(options: &Options, database: DatabaseKind, report: &mut Report) -> Result<()> {
    let [quick, whole] = STORED;
    let stored = options.pick(quick, whole);
    announce("duplicates", database, &format!("{stored} keys are stored"));
    let mut world = World::start(options, database, 0).await?;
    world.stop_host().await?;
    measure(&world.sql(), database, stored, report).await?;
    world.start_host_again().await?;
    world.end().await
}

/// Fills the table of a host that is stopped, and looks up.
async fn measure(sql: &Sql, database: DatabaseKind, stored: u64, report: &mut Report) -> Result<()> {
    sql.fill(&[filling(sql, stored)]).await?;
    // Known keys from all over the table, then keys that nobody has.
    for (is_known, step, first) in [(true, (stored / (KEYS * STATEMENTS)).max(1), 0), (false, 1, stored)] {
        let statements = statements(sql, step, first).await?;
        let (found, ms) = look_up(sql, &statements).await?;
        let expected = if is_known { KEYS * STATEMENTS } else { 0 };
        ensure!(found == expected, "{found} keys were found, not {expected}");
        let row = LookupRow {
            database,
            stored,
            is_known,
            ms: ms / STATEMENTS as f64,
            plan: plan(sql, &statements[0]).await?,
        };
        ensure!(is_search(database, &row.plan), "the look-up does not seek in the key:\n{}", row.plan.join("\n"));
        eprintln!("    {:.2} ms for {KEYS} keys, {found} of {} found", row.ms, KEYS * STATEMENTS);
        report.lookups.push(row);
    }
    Ok(())
}

/// Keys in the order of their hashes, so that every index grows at its end: ten million take minutes, not hours.
fn filling(sql: &Sql, count: u64) -> String {
    let (n, now_ms, hash) = (numbers(count), now_us() / 1_000, sql.hash("'email' || i"));
    let submission = format!("'req_{}' || {} || '-0'", id_time(now_ms), sql.hex("substr(key_hash, 1, 8)"));
    format!(
        "insert into first_submissions (organization_id, scope, key_hash, submission_id, received_at, counts_from) \
         select '{ORGANIZATION}', '{SCOPE}', key_hash, {submission}, {now_ms}, 0 \
         from ({n} select {hash} as key_hash from n) as k order by key_hash"
    )
}

/// The statements that look up every `step`th key from `first` on.
async fn statements(sql: &Sql, step: u64, first: u64) -> Result<Vec<String>> {
    let n = numbers(KEYS * STATEMENTS);
    let hash = sql.hex(&sql.hash(&format!("'email' || ({first} + i * {step})")));
    let keys = sql.run(&format!("{n} select {hash} from n;\n")).await?;
    let rows: Vec<String> =
        keys.lines().map(|key| format!("('{ORGANIZATION}', '{SCOPE}', {})", sql.literal(key))).collect();
    Ok(rows.chunks(usize::try_from(KEYS)?).map(|rows| format!("{HEAD} {} {SELECT}", rows.join(","))).collect())
}

/// How many rows were found, and how long all statements took, in milliseconds.
async fn look_up(sql: &Sql, statements: &[String]) -> Result<(u64, f64)> {
    let clock = format!("select 'at', {};\n", sql.clock_ms());
    let mut script = settings(sql) + &clock;
    for statement in statements {
        writeln!(script, "{statement};")?;
    }
    let output = sql.run(&(script + &clock)).await?;
    let times: Vec<f64> = output.lines().filter_map(|line| line.strip_prefix("at|")?.parse().ok()).collect();
    let found = output.lines().filter(|line| line.starts_with(SCOPE)).count();
    let (began, ended) = times.first().zip(times.get(1)).context("the database does not tell the time")?;
    Ok((found as u64, ended - began))
}

/// How the database runs a statement.
async fn plan(sql: &Sql, statement: &str) -> Result<Vec<String>> {
    let explain = match sql {
        Sql::Sqlite(_) => "explain query plan",
        Sql::Postgres(_) => "explain (analyze)",
    };
    let output = sql.run(&format!("{}{explain} {statement};\n", settings(sql))).await?;
    Ok(output.lines().map(str::to_owned).collect())
}

fn settings(sql: &Sql) -> String {
    match sql {
        Sql::Sqlite(_) => String::new(),
        Sql::Postgres(_) => POSTGRES_PLANS.to_owned(),
    }
}

/// Whether the table is entered by its key alone, by all three columns.
fn is_search(database: DatabaseKind, plan: &[String]) -> bool {
    let has = |text: &str| plan.iter().any(|step| step.contains(text));
    match database {
        DatabaseKind::Sqlite => {
            let key = "SEARCH f USING INDEX sqlite_autoindex_first_submissions_1";
            has(&format!("{key} (organization_id=? AND scope=? AND key_hash=?)")) && !has("SCAN f")
        }
        DatabaseKind::Postgres => {
            let reads = plan.iter().filter(|step| step.contains(" on first_submissions"));
            let mut reads = reads.map(|step| step.contains("Index Scan using first_submissions_pkey"));
            let is_narrow = |step: &String| step.contains("Index Cond") && step.contains("key_hash = ");
            plan.iter().any(is_narrow) && reads.next() == Some(true) && reads.all(|is_seek| is_seek)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is measured is what the host runs.
    #[test]
    fn the_statement_is_the_hosts() -> Result<()> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../host/store/src/processed/firsts.rs");
        let words = |text: &str| text.replace('\\', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let source = words(&std::fs::read_to_string(file)?);
        assert!(source.contains(&words(HEAD)) && source.contains(&words(SELECT)));
        Ok(())
    }

    /// A plan that reads the table otherwise is told from one that seeks.
    #[test]
    fn a_scan_is_not_a_search() {
        let plan = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let key = "SEARCH f USING INDEX sqlite_autoindex_first_submissions_1";
        let all = format!("   `--{key} (organization_id=? AND scope=? AND key_hash=?)");
        assert!(is_search(DatabaseKind::Sqlite, &plan(&["QUERY PLAN", "|--SCAN v", &all])));
        assert!(!is_search(DatabaseKind::Sqlite, &plan(&["|--SCAN f", &format!("`--{key} (organization_id=?)")])));
        let condition = "        Index Cond: ((scope = \"*VALUES*\".column2) AND (key_hash = \"*VALUES*\".column3))";
        let seek = "  ->  Index Scan using first_submissions_pkey on first_submissions f  (cost=0.68..8.71)";
        assert!(is_search(DatabaseKind::Postgres, &plan(&["Nested Loop", seek, condition])));
        assert!(!is_search(
            DatabaseKind::Postgres,
            &plan(&["Nested Loop", "  ->  Seq Scan on first_submissions f", condition])
        ));
    }
}

//! How many leads the host takes: each combination of database, batch size and connections on a fresh host with fresh data,
//! so that no measurement carries the backlog of the one before. The host processes what it took meanwhile, as in
//! production.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use sqlx::Connection;

use crate::host::Host;
use crate::load::Load;
use crate::report::{self, Account, Combination, Row};
use crate::{leads, process, provision};

const WARM_UP: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(Args)]
pub struct Plan {
    /// Where the host keeps its data
    #[arg(long, value_enum, default_value = "both")]
    database: Databases,
    /// How long each combination is measured, after a warm-up
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Leads in one request
    #[arg(long, value_delimiter = ',', default_value = "1,10,100")]
    batch: Vec<usize>,
    /// Connections at the same time
    #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
    connections: Vec<usize>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// The program to measure
    #[arg(long, value_name = "FILE")]
    host_binary: PathBuf,
    /// A PostgreSQL where databases may be made
    #[arg(long, env = "HOOKMILL_BENCH_POSTGRES", hide_env_values = true, value_name = "URL")]
    postgres: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Databases {
    Sqlite,
    Postgres,
    Both,
}

impl Databases {
    fn names(self) -> &'static [&'static str] {
        match self {
            Databases::Sqlite => &["sqlite"],
            Databases::Postgres => &["postgres"],
            Databases::Both => &["sqlite", "postgres"],
        }
    }
}

/// Measures all combinations; rows appear as they are done.
pub async fn run(plan: &Plan) -> Result<()> {
    let mut rows = Vec::new();
    if !plan.json {
        println!("{}", report::header());
    }
    for combination in plan.combinations() {
        let row = measure(plan, combination).await.with_context(|| format!("measuring {combination}"))?;
        if !plan.json {
            println!("{}", report::line(&row));
        }
        rows.push(row);
    }
    if plan.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    Ok(())
}

impl Plan {
    fn combinations(&self) -> impl Iterator<Item = Combination> {
        let databases = self.database.names().iter();
        databases.flat_map(move |&database| {
            self.batch.iter().flat_map(move |&batch| {
                self.connections.iter().map(move |&connections| Combination { database, batch, connections })
            })
        })
    }
}

async fn measure(plan: &Plan, combination: Combination) -> Result<Row> {
    let database_url = match combination.database {
        "postgres" => Some(fresh_database(plan.postgres.as_deref()).await?),
        _ => None,
    };
    let host = Host::start(&plan.host_binary, database_url.as_deref()).await?;
    let source_key = provision::campaign(&host, leads::CAMPAIGN).await?;
    let requests = leads::requests(&source_key, host.address, combination.batch, combination.connections);
    let mut load = Load::connect(host.address, requests).await?;
    load.run(WARM_UP).await?;
    let [host_before, own_before] = cpu_seconds(&host)?;
    let outcome = load.run(Duration::from_secs(plan.seconds)).await?;
    let [host_after, own_after] = cpu_seconds(&host)?;
    let account = Account {
        host_cpu_s: host_after - host_before,
        generator_cpu_s: own_after - own_before,
        host_peak_memory_kb: process::peak_memory_kb(host.pid()?)?,
    };
    host.stop().await?;
    Ok(Row::new(combination, outcome, account))
}

fn cpu_seconds(host: &Host) -> Result<[f64; 2]> {
    Ok([process::cpu_seconds(host.pid()?)?, process::cpu_seconds(std::process::id())?])
}

/// A new database in the server at `url`; its name is the next that is free.
async fn fresh_database(url: Option<&str>) -> Result<String> {
    let url = url.context("no PostgreSQL is named; run this as `cargo xtask bench ingest`, which starts one")?;
    let (server, _) = url.rsplit_once('/').with_context(|| format!("`{url}` names no database"))?;
    let mut connection = sqlx::PgConnection::connect(url).await.with_context(|| format!("can't connect to {url}"))?;
    let number: i64 = sqlx::query_scalar("select count(*) from pg_database").fetch_one(&mut connection).await?;
    let name = format!("bench_{number}");
    sqlx::query(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await?;
    connection.close().await?;
    Ok(format!("{server}/{name}"))
}

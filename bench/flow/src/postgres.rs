//! PostgreSQL through its own command line: a fresh database for each measurement, and what the server counts.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long the server may take to let go of a host that ended, which is when it counts the last rows.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

const ROW_WRITES: &str = "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables";
const OTHER_SESSIONS: &str = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";

/// A database of its own in a server.
pub struct Database {
    /// Where a host connects.
    pub url: String,
    /// The server's first process, the parent of all others.
    pub server_pid: u32,
    name: String,
    server_url: String,
}

impl Database {
    /// Makes a database in the server at `url`, under the next number that is free.
    pub fn create(url: Option<&str>) -> Result<Database> {
        let url = url.context("no PostgreSQL is named; run this as `cargo xtask bench flow`, which starts one")?;
        let (server, _) = url.rsplit_once('/').with_context(|| format!("`{url}` does not name a database"))?;
        let newest = query(url, "select coalesce(max(oid::bigint), 0) from pg_database")?;
        let name = format!("bench_flow_{newest}");
        query(url, &format!("create database {name}"))?;
        let server_pid = server_pid(url)?;
        Ok(Database { url: format!("{server}/{name}"), server_pid, name, server_url: url.to_owned() })
    }

    /// Transactions of the server that wrote, since ever: each takes a number.
    pub fn write_transactions(&self) -> Result<u64> {
        number(&query(&self.url, "select pg_snapshot_xmax(pg_current_snapshot())")?)
    }

    /// Rows inserted, changed and removed, as far as the sessions reported them; they report about once a second.
    pub fn row_writes(&self) -> Result<u64> {
        number(&query(&self.url, ROW_WRITES)?)
    }

    /// As [`Database::row_writes`], exact, once no other session is left.
    pub async fn row_writes_when_idle(&self) -> Result<u64> {
        let began = Instant::now();
        while query(&self.url, OTHER_SESSIONS)? != "0" {
            if IDLE_LIMIT < began.elapsed() {
                bail!("sessions of an ended host are still open after {} s", IDLE_LIMIT.as_secs());
            }
            tokio::time::sleep(POLL).await;
        }
        self.row_writes()
    }

    /// What the database takes on disk, without the write-ahead log.
    pub fn size_bytes(&self) -> Result<u64> {
        number(&query(&self.url, "select pg_database_size(current_database())")?)
    }

    /// Removes the database.
    pub fn remove(self) -> Result<()> {
        query(&self.server_url, &format!("drop database {} with (force)", self.name)).map(drop)
    }
}

/// The first line of the file that a server keeps of its own process.
fn server_pid(url: &str) -> Result<u32> {
    let file = query(url, "select pg_read_file('postmaster.pid')")?;
    let first = file.lines().next().unwrap_or_default();
    first.trim().parse().with_context(|| format!("`{first}` is not a process"))
}

fn query(url: &str, sql: &str) -> Result<String> {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--command", sql, url]);
    command.env("PGCONNECT_TIMEOUT", "10").stdin(Stdio::null());
    let output = command.output().context("can't start `psql`; install PostgreSQL's client programs")?;
    if !output.status.success() {
        bail!("`{sql}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn number(text: &str) -> Result<u64> {
    text.parse().with_context(|| format!("`{text}` is not a number"))
}

//! A host's database past the host, through the database's own command line program: for what a host would take too long to be given. No host
//! runs on it meanwhile.

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The host's file in its directory of data.
const SQLITE_FILE: &str = "hookmill.sqlite";

/// Numbers have so many digits where they are a part of ids, so that ids sort by them.
const NUMBER_BASE: u64 = 10_000_000_000_000_000;

/// A database, and what its SQL says in a way of its own.
#[derive(Debug, Clone)]
pub enum Sql {
    /// The file.
    Sqlite(PathBuf),
    /// Where a superuser connects.
    Postgres(String),
}

impl Sql {
    /// The embedded database of a host with this directory of data.
    pub fn of_data(data: &Path) -> Sql {
        Sql::Sqlite(data.join(SQLITE_FILE))
    }

    /// Runs statements, each in a transaction of its own unless they say otherwise, and returns what they print: a line each row, a bar between
    /// columns.
    pub async fn run(&self, script: &str) -> Result<String> {
        let mut input = tempfile::tempfile()?;
        input.write_all(script.as_bytes())?;
        input.rewind()?;
        let mut command = self.command();
        command.stdin(Stdio::from(input)).kill_on_drop(true);
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let output = command.output().await.with_context(|| format!("can't start `{name}`; install it"))?;
        if !output.status.success() {
            bail!("`{name}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        // SQLite prints bytes as they are.
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self) -> Command {
        match self {
            Sql::Sqlite(file) => {
                let mut command = Command::new("sqlite3");
                command.args(["-batch", "-bail", "-init", "/dev/null"]).arg(file);
                command
            }
            Sql::Postgres(url) => {
                let mut command = Command::new("psql");
                command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set=ON_ERROR_STOP=1", url]);
                command.env("PGCONNECT_TIMEOUT", "10");
                command
            }
        }
    }

    /// Inserts rows quickly: nothing of it needs to outlive a crash. At its end everything is on disk, so that no measurement pays for it.
    pub async fn fill(&self, statements: &[String]) -> Result<()> {
        let statements = statements.join(";\n");
        let script = match self {
            // Without statistics, as hosts have it: they never ask for any.
            Sql::Sqlite(_) => format!(
                "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -500000;\n\
                 begin;\n{statements};\ncommit;\n"
            ),
            // As the server has it soon by itself, which is not to happen during the measurement.
            Sql::Postgres(_) => {
                format!("set synchronous_commit = off;\n{statements};\nvacuum analyze;\ncheckpoint;\n")
            }
        };
        self.run(&script).await?;
        if let Sql::Sqlite(file) = self {
            std::fs::File::open(file)?.sync_all()?;
        }
        Ok(())
    }

    /// 32 bytes that nothing can be told from, the same for the same text.
    pub fn hash(&self, text: &str) -> String {
        match self {
            Sql::Sqlite(_) => format!("sha3({text}, 256)"),
            Sql::Postgres(_) => format!("sha256(convert_to({text}, 'UTF8'))"),
        }
    }

    /// Bytes as lower-case hexadecimal digits.
    pub fn hex(&self, bytes: &str) -> String {
        match self {
            Sql::Sqlite(_) => format!("lower(hex({bytes}))"),
            Sql::Postgres(_) => format!("encode({bytes}, 'hex')"),
        }
    }

    /// A text as bytes.
    pub fn bytes(&self, text: &str) -> String {
        match self {
            Sql::Sqlite(_) => format!("cast({text} as blob)"),
            Sql::Postgres(_) => format!("convert_to({text}, 'UTF8')"),
        }
    }

    /// Bytes, written down.
    pub fn literal(&self, hex: &str) -> String {
        match self {
            Sql::Sqlite(_) => format!("x'{hex}'"),
            Sql::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// The time while a statement runs, in milliseconds.
    pub fn clock_ms(&self) -> &'static str {
        match self {
            Sql::Sqlite(_) => "cast(round((julianday('now') - 2440587.5) * 86400000) as bigint)",
            Sql::Postgres(_) => "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
        }
    }
}

/// The numbers `n.i` below `count`, for the beginning of a statement.
pub fn numbers(count: u64) -> String {
    let last = count.saturating_sub(1);
    format!("with recursive n (i) as (select cast(0 as bigint) union all select i + 1 from n where i < {last})")
}

/// `n.i` in sixteen digits.
pub fn digits() -> String {
    format!("substr(cast({NUMBER_BASE} + i as text), 2)")
}

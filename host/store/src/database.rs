//! The two databases behind one text. `reading!` and `writing!` compile one body for each driver; the only forks are how a
//! transaction begins, and leases, which SQLite does not need.

use super::StoreError;
use super::encryption::Cipher;
use super::turns::{Class, Turn, Turns};
use async_recursion::async_recursion as boxed;
use hookmill_domain::config::Limits;
use hookmill_domain::ids::SharedIdGenerator;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgPool, SqlStr, SqliteConnection, SqlitePool};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};

/// How many instructions SQLite runs between two looks at the clock: some milliseconds.
const SQLITE_STEPS_PER_LOOK: i32 = 20_000;
/// Pages the write-ahead log may grow to before the writer itself folds it back (256 MiB). Long before, `checkpoint_forever` does it
/// beside the writer.
const SQLITE_CHECKPOINT_PAGES: &str = "65536";
/// How often the write-ahead log is folded back beside the writer.
const SQLITE_CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
/// How PostgreSQL is to plan the store's statements: all of them seek in an index that is made for them. A planner that has no statistics yet
/// would read small tables whole, and keep that plan while they grow. Without compilation, which only costs at such statements.
const POSTGRES_PLANS: [(&str, &str); 4] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("jit", "off")];

/// The tables, step by step: version, name, text. A step that was released never changes.
const MIGRATIONS: [(i64, &str, &str); 1] = [(1, "core", include_str!("../migrations/0001_core.sql"))];

/// Which database, and where.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file of the embedded SQLite.
    Sqlite(PathBuf),
    /// A PostgreSQL, as a URL.
    Postgres(String),
}

/// How to open a store.
pub struct StoreOptions {
    /// Which database.
    pub target: Target,
    /// The key that encrypts secrets.
    pub cipher: Cipher,
    /// Ids and nonces.
    pub ids: SharedIdGenerator,
    /// How many connections, how long they wait and run, and what is kept.
    pub limits: Limits,
}

/// The store. What people ask goes by [`Store::for_people`].
#[derive(Clone)]
pub struct Store {
    pub(super) database: Database,
    /// The same database by connections of its own, for people.
    pub(super) people: Database,
    /// SQLite: the connection that folds the write-ahead log back.
    pub(super) checkpoints: Option<SqlitePool>,
    pub(super) cipher: Cipher,
    pub(super) ids: SharedIdGenerator,
    pub(super) limits: Arc<Limits>,
}

#[derive(Clone)]
pub(super) enum Database {
    /// One connection writes, so that nothing waits on a lock; other connections read (WAL).
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        turns: Turns,
    },
    Postgres {
        pool: PgPool,
    },
}

/// Runs a body with a connection that reads.
macro_rules! reading {
    ($store:expr, $connection:ident => $body:expr) => {
        match &$store.database {
            $crate::database::Database::Sqlite { readers, .. } => {
                let mut held = readers.acquire().await?;
                let $connection = &mut *held;
                $body
            }
            $crate::database::Database::Postgres { pool } => {
                let mut held = pool.acquire().await?;
                let $connection = &mut *held;
                $body
            }
        }
    };
}

/// Runs a body between the beginning of a transaction and its commit; an early return rolls back.
macro_rules! in_transaction {
    ($begin:expr, $connection:ident => $body:expr) => {{
        let mut transaction = $begin.await?;
        let result = {
            let $connection = &mut *transaction;
            $body
        };
        transaction.commit().await?;
        result
    }};
}

/// Runs a body in one transaction of this class; an early return rolls back.
macro_rules! writing {
    ($store:expr, $connection:ident => $body:expr) => {
        writing!($store, $crate::turns::Class::People, $connection => $body)
    };
    ($store:expr, $class:expr, $connection:ident => $body:expr) => {
        match &$store.database {
            $crate::database::Database::Sqlite { writer, .. } => {
                let _turn = $store.turn($class).await?;
                in_transaction!(writer.begin_with("begin immediate"), $connection => $body)
            }
            $crate::database::Database::Postgres { pool } => in_transaction!(pool.begin(), $connection => $body),
        }
    };
}

/// As `writing!`, for the commits that many leads share, which have waited for their turn. On SQLite everybody waits for the one connection that writes: so from beginning to
/// commit its thread is answered at once, and not when the runtime comes to it.
macro_rules! committing {
    ($store:expr, $turn:expr, $connection:ident => $body:expr) => {
        match &$store.database {
            $crate::database::Database::Sqlite { writer, .. } => {
                let _turn = $turn;
                let mut held = writer.acquire().await?;
                let begin = sqlx::Connection::begin_with(&mut *held, "begin immediate");
                let work = async { Ok::<_, StoreError>(in_transaction!(begin, $connection => $body)) };
                $crate::database::in_place(work).await?
            }
            $crate::database::Database::Postgres { pool } => in_transaction!(pool.begin(), $connection => $body),
        }
    };
}

/// Reads a row by the names of its columns, on both databases. sqlx has a derive for it, but its macro crate brings a second build of both
/// drivers, one for the compiler: a tenth of all that is compiled for the host.
macro_rules! from_row {
    ($row:ident { $($column:ident),* }) => {
        from_row!(@ sqlx::sqlite::SqliteRow, $row { $($column),* });
        from_row!(@ sqlx::postgres::PgRow, $row { $($column),* });
    };
    (@ $of:ty, $row:ident { $($column:ident),* }) => {
        impl sqlx::FromRow<'_, $of> for $row {
            fn from_row(row: &$of) -> Result<Self, sqlx::Error> {
                Ok(Self { $($column: sqlx::Row::try_get(row, stringify!($column))?),* })
            }
        }
    };
}

/// Writes many rows with few statements. `$row_sql` is one row's tuple with `?` for each bound value.
macro_rules! insert_many {
    ($connection:expr, $head:expr, $row_sql:expr, $tail:expr, $rows:expr, |$query:ident, $row:ident| $bind:expr) => {
        for chunk in $crate::database::chunks($rows) {
            let sql = $crate::database::many_sql(&*$connection, $head, $row_sql, chunk.len(), $tail);
            let mut $query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for $row in chunk {
                $query = $bind;
            }
            $query.execute(&mut *$connection).await?;
        }
    };
}

/// Reads the rows of many ids with few statements. `$select` says what of `v`, the pairs of `$first` and an id, joined with the table that has
/// them: so each pair is sought by its own. Of a list of ids a planner without statistics makes a filter over all rows of the organization.
/// `$query` is sqlx's function for such rows.
macro_rules! select_many {
    ($store:expr, $query:ident as $row:ty, $select:expr, $first:expr, $ids:expr) => {{
        let mut found = Vec::with_capacity($ids.len());
        for chunk in $crate::database::chunks($ids) {
            let rows: Vec<$row> = reading!($store, connection => {
                let head = "with v (organization_id, id) as (values";
                let sql = $crate::database::many_sql(&*connection, head, "(?, ?)", chunk.len(), $select);
                let mut query = sqlx::$query(sqlx::AssertSqlSafe(sql));
                for id in chunk {
                    query = query.bind($first).bind(*id);
                }
                query.fetch_all(&mut *connection).await?
            });
            found.extend(rows);
        }
        found
    }};
}

/// Notes that a commit happened, so that whoever loses the response to it can find out.
macro_rules! insert_commit {
    ($connection:expr, $id:expr, $now:expr) => {
        sqlx::query("insert into commits (id, committed_at) values ($1, $2)")
            .bind($id)
            .bind($now.0)
            .execute(&mut *$connection)
            .await?
    };
}

/// How many statements a connection keeps prepared: each statement of many rows is one for each power of two ([`chunks`]).
const STATEMENTS_CACHED: usize = 512;
/// How many rows one statement writes at most; with the widest row it stays under both databases' bound on parameters.
const ROWS_PER_STATEMENT_MAX: usize = 128;

/// Cuts rows into pieces whose lengths are powers of two, so that few different statements are prepared.
pub(super) fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let len = match rows.len() {
            0 => return None,
            n => ROWS_PER_STATEMENT_MAX.min(1 << n.ilog2()),
        };
        let (head, tail) = rows.split_at(len);
        rows = tail;
        Some(head)
    })
}

/// Runs work on this very thread, whose other tasks go on elsewhere; a runtime of one thread has no elsewhere and runs it like any other.
pub(super) async fn in_place<F: Future>(work: F) -> F::Output {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| runtime.block_on(work))
        }
        _ => work.await,
    }
}

/// How a database wants its parameters marked. SQLite knows numbered ones too, but looks each up by its name, which costs it the
/// square of their number.
pub(super) trait Parameters {
    const NUMBERED: bool;
    /// What has a row that is read stay as it is until the commit.
    const SHARED: &str;
}

impl Parameters for sqlx::SqliteConnection {
    const NUMBERED: bool = false;
    const SHARED: &str = "";
}

impl Parameters for sqlx::PgConnection {
    const NUMBERED: bool = true;
    const SHARED: &str = " for share";
}

/// `head (..), (..) tail` with as many parameters as the rows have.
pub(super) fn many_sql<C: Parameters>(_: &C, head: &str, row_sql: &str, rows: usize, tail: &str) -> String {
    many_sql_as(C::NUMBERED, head, row_sql, rows, tail)
}

fn many_sql_as(numbered: bool, head: &str, row_sql: &str, rows: usize, tail: &str) -> String {
    use std::fmt::Write;
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * (row_sql.len() * 2 + 2) + 2);
    sql.push_str(head);
    let mut number = 0;
    for row in 0..rows {
        sql.push(if row == 0 { ' ' } else { ',' });
        if !numbered {
            sql.push_str(row_sql);
            continue;
        }
        for part in row_sql.split_inclusive('?') {
            match part.strip_suffix('?') {
                Some(text) => {
                    number += 1;
                    // Writing to a string can't fail.
                    let _ = write!(sql, "{text}${number}");
                }
                None => sql.push_str(part),
            }
        }
    }
    sql.push(' ');
    sql.push_str(tail);
    sql
}

impl Store {
    /// Opens the database, brings its tables to this version under a lock, and checks the encryption key.
    #[boxed]
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let opened = match &options.target {
            Target::Sqlite(path) => open_sqlite(path, &options.limits).await?,
            Target::Postgres(url) => open_postgres(url, &options.limits).await?,
        };
        let Opened { database, people, checkpoints } = opened;
        let limits = Arc::new(options.limits);
        let store = Self { database, people, checkpoints, cipher: options.cipher, ids: options.ids, limits };
        store.check_key().await?;
        Ok(store)
    }

    /// The same store for what people ask: its reads wait only for other people's, and end with [`StoreError::TooSlow`] after
    /// `people_statement_ms`.
    pub fn for_people(&self) -> Self {
        Self { database: self.people.clone(), ..self.clone() }
    }

    /// Waits for a turn to write.
    pub(super) async fn turn(&self, class: Class) -> Result<Turn, StoreError> {
        match &self.database {
            Database::Sqlite { turns, .. } => {
                let turn = tokio::time::timeout(milliseconds(self.limits.connection_wait_ms), turns.take(class)).await;
                turn.map_err(|_| StoreError::from(sqlx::Error::PoolTimedOut))
            }
            Database::Postgres { .. } => Ok(Turn::default()),
        }
    }

    /// Whether the database responds.
    #[boxed]
    pub async fn ping(&self) -> Result<(), StoreError> {
        reading!(self, connection => { sqlx::query("select 1").execute(&mut *connection).await?; });
        Ok(())
    }

    /// Closes every connection, those for people too.
    #[boxed]
    pub async fn close(&self) {
        for database in [&self.people, &self.database] {
            match database {
                Database::Sqlite { readers, .. } => readers.close().await,
                Database::Postgres { pool } => pool.close().await,
            }
        }
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.close().await;
        }
        if let Database::Sqlite { writer, .. } = &self.database {
            writer.close().await;
        }
    }
}

fn migrator() -> Migrator {
    let steps = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, SqlStr::from_static(text), false)
    });
    Migrator::with_migrations(steps.collect())
}

/// A database that was opened, its tables at this version.
struct Opened {
    database: Database,
    people: Database,
    checkpoints: Option<SqlitePool>,
}

#[boxed]
async fn open_sqlite(path: &std::path::Path, limits: &Limits) -> Result<Opened, StoreError> {
    let wait = milliseconds(limits.connection_wait_ms);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A response means that it is on disk.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(wait)
        .statement_cache_capacity(STATEMENTS_CACHED)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES)
        // What a rush made of the log's file is given back.
        .pragma("journal_size_limit", limits.wal_bytes_max.to_string())
        // What is deleted or overwritten is gone from its page at once (L12).
        .pragma("secure_delete", "fast")
        .pragma("temp_store", "memory");
    let with_cache = |bytes: usize| options.clone().pragma("cache_size", sqlite_kib(bytes));
    let turns = Turns::default();
    let writer = sqlite_writer(&turns, limits).connect_with(with_cache(limits.sqlite_writer_cache_bytes)).await?;
    migrator().run(&writer).await?;
    let readers = sqlite_readers(limits.sqlite_readers, limits.statement_ms, limits)
        .connect_with(with_cache(limits.sqlite_reader_cache_bytes))
        .await?;
    let for_people = sqlite_readers(limits.people_connections, limits.people_statement_ms, limits)
        .connect_with(with_cache(limits.sqlite_people_cache_bytes))
        .await?;
    let folding = options.busy_timeout(milliseconds(limits.wal_wait_ms));
    let checkpoints = SqlitePoolOptions::new().max_connections(1).acquire_timeout(wait).connect_with(folding).await?;
    let log = WriteAheadLog { path: with_suffix(path, "-wal"), bytes_max: limits.wal_bytes_max };
    tokio::spawn(log.checkpoint_forever(checkpoints.clone(), turns.clone()));
    let people = Database::Sqlite { writer: writer.clone(), readers: for_people, turns: turns.clone() };
    Ok(Opened { database: Database::Sqlite { writer, readers, turns }, people, checkpoints: Some(checkpoints) })
}

/// The one connection that writes. A transaction that is longer than any should be is interrupted, which ends it.
fn sqlite_writer(turns: &Turns, limits: &Limits) -> SqlitePoolOptions {
    let (turns, bound) = (turns.clone(), milliseconds(limits.statement_ms));
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(milliseconds(limits.connection_wait_ms))
        .after_connect(move |connection, _| {
            let turns = turns.clone();
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(SQLITE_STEPS_PER_LOOK, move || turns.held_for() < bound);
                Ok(())
            })
        })
        // A full disk makes SQLite end a transaction by itself, and the driver still counts it as open: begin with a new connection.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// Connections that read beside it, each use of one for so many milliseconds.
fn sqlite_readers(connections: u32, statement_ms: u64, limits: &Limits) -> SqlitePoolOptions {
    let bound = milliseconds(statement_ms);
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(milliseconds(limits.connection_wait_ms))
        // Setting the deadline is as good a test.
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(set_deadline(connection, bound)))
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                set_deadline(connection, bound).await?;
                Ok(true)
            })
        })
}

/// Has SQLite interrupt what the connection runs once this much time is over.
async fn set_deadline(connection: &mut SqliteConnection, bound: Duration) -> Result<(), sqlx::Error> {
    let end = super::turns::now() + bound;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(SQLITE_STEPS_PER_LOOK, move || super::turns::now() < end);
    Ok(())
}

/// The write-ahead log of SQLite.
struct WriteAheadLog {
    path: PathBuf,
    bytes_max: u64,
}

impl WriteAheadLog {
    /// Writes the log back into the database without blocking others (a passive checkpoint), so that commits do not have to; ends with the
    /// pool. Its connection is its own: neither does it wait for readers nor they for it. A reader that never leaves a gap lets the log grow
    /// all the same: then one turn of housekeeping begins it anew.
    async fn checkpoint_forever(self, checkpoints: SqlitePool, turns: Turns) {
        while !checkpoints.is_closed() {
            tokio::time::sleep(SQLITE_CHECKPOINT_EVERY).await;
            let result = if self.is_long() {
                let _turn = turns.take(Class::Housekeeping).await;
                sqlx::query("pragma wal_checkpoint(truncate)").execute(&checkpoints).await
            } else {
                sqlx::query("pragma wal_checkpoint(passive)").execute(&checkpoints).await
            };
            if let Err(error) = result
                && !checkpoints.is_closed()
            {
                tracing::debug!(error = %error, "write-ahead log checkpoint failed; will be retried");
            }
        }
    }

    fn is_long(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|file| self.bytes_max < file.len())
    }
}

fn with_suffix(path: &std::path::Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A number of bytes as SQLite wants to be told of a cache: negative KiB.
fn sqlite_kib(bytes: usize) -> String {
    format!("-{}", bytes.div_ceil(1024))
}

fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How a connection to PostgreSQL is made, without a bound on time.
pub(super) fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)?.options(POSTGRES_PLANS);
    Ok(options.application_name("hookmill").statement_cache_capacity(STATEMENTS_CACHED))
}

#[boxed]
async fn open_postgres(url: &str, limits: &Limits) -> Result<Opened, StoreError> {
    let options = postgres_options(url)?;
    // Without a bound: its lock is waited for as long as another host migrates.
    let migrating = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    migrator().run(&migrating).await?;
    migrating.close().await;
    let flow = postgres_pool(limits.postgres_connections, limits)
        .connect_with(with_bounds(options.clone(), limits.statement_ms, limits))
        .await?;
    let people = postgres_pool(limits.people_connections, limits)
        .connect_with(with_bounds(options, limits.people_statement_ms, limits))
        .await?;
    let [database, people] = [flow, people].map(|pool| Database::Postgres { pool });
    Ok(Opened { database, people, checkpoints: None })
}

fn postgres_pool(connections: u32, limits: &Limits) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(milliseconds(limits.connection_wait_ms))
}

/// What PostgreSQL is to end by itself: statements, waiting for locks, and transactions that do nothing.
fn with_bounds(options: PgConnectOptions, statement_ms: u64, limits: &Limits) -> PgConnectOptions {
    options.options([
        ("statement_timeout", statement_ms),
        ("lock_timeout", limits.lock_ms),
        ("idle_in_transaction_session_timeout", limits.statement_ms),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn h8_a_transaction_that_sqlite_ended_by_itself_spoils_no_later_one() {
        let directory = tempfile::tempdir().unwrap();
        let opened = open_sqlite(&directory.path().join("full.sqlite"), &Limits::default()).await.unwrap();
        let Database::Sqlite { writer, .. } = opened.database else { panic!("not SQLite") };
        let mut ended = writer.begin_with("begin immediate").await.unwrap();
        // As SQLite does it when the disk is full.
        sqlx::query("rollback").execute(&mut *ended).await.unwrap();
        drop(ended);
        writer.begin_with("begin immediate").await.unwrap().commit().await.unwrap();
    }

    /// A reader who never looks away keeps the log from beginning anew; once it is gone, the log is given back though nobody stops to write.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn h6_a_log_that_a_reader_let_grow_is_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sqlite");
        let limits = Limits { wal_bytes_max: 1 << 20, ..Limits::default() };
        let opened = open_sqlite(&path, &limits).await.unwrap();
        let Database::Sqlite { writer, readers, turns } = opened.database else { panic!("not SQLite") };
        let log = || std::fs::metadata(with_suffix(&path, "-wal")).unwrap().len();
        let write = async |n: i64| {
            let _turn = turns.take(Class::Intake).await;
            let sql = "insert into commits (id, committed_at) values (cast($1 as text) || hex(zeroblob(50000)), 0)";
            sqlx::query(sql).bind(n).execute(&writer).await.unwrap();
        };
        let mut reader = readers.begin().await.unwrap();
        sqlx::query("select count(*) from commits").execute(&mut *reader).await.unwrap();
        let mut written = 0;
        while log() < 4 << 20 {
            write(written).await;
            written += 1;
        }
        reader.rollback().await.unwrap();
        let shrunk = async {
            while 2 << 20 < log() {
                write(written).await;
                written += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), shrunk).await.expect("the log is given back");
    }

    #[test]
    fn parameters_are_marked_as_each_database_wants() {
        let sql =
            |numbered| many_sql_as(numbered, "insert into t (a, b) values", "(?, 'x', ?)", 2, "on conflict do nothing");
        assert_eq!(sql(true), "insert into t (a, b) values ($1, 'x', $2),($3, 'x', $4) on conflict do nothing");
        assert_eq!(sql(false), "insert into t (a, b) values (?, 'x', ?),(?, 'x', ?) on conflict do nothing");
    }

    proptest! {
        #[test]
        fn chunks_keep_every_row_in_order(count in 0_usize..1000) {
            let rows: Vec<usize> = (0..count).collect();
            let cut: Vec<&[usize]> = chunks(&rows).collect();
            prop_assert!(cut.iter().all(|c| c.len().is_power_of_two() && c.len() <= ROWS_PER_STATEMENT_MAX));
            prop_assert_eq!(cut.concat(), rows);
        }
    }
}

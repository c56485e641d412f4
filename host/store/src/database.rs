//! The two databases behind one text. `reading!` and `writing!` compile one body for each driver; the only forks are how a
//! transaction begins, and leases, which SQLite does not need.

use super::StoreError;
use super::encryption::Cipher;
use super::turns::{Class, Turn, Turns};
use async_recursion::async_recursion as boxed;
use hookmill_domain::ids::SharedIdGenerator;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgPool, SqlStr, SqlitePool};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};

/// How long a statement waits for a connection before the store counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite connections that read beside the one that writes.
const SQLITE_READERS: u32 = 4;
/// Pages the write-ahead log may grow to before the writer itself folds it back (256 MiB). Long before, `checkpoint_forever` does it
/// beside the writer.
const SQLITE_CHECKPOINT_PAGES: &str = "65536";
/// How often the write-ahead log is folded back beside the writer.
const SQLITE_CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
/// SQLite's page cache for one connection, in KiB (the sign is SQLite's way to say KiB).
const SQLITE_CACHE_KIB: &str = "-65536";
/// How PostgreSQL is to plan the store's statements: all of them seek in an index that is made for them. A planner that has no statistics yet
/// would read small tables whole, and keep that plan while they grow. Without compilation, which only costs at such statements.
const POSTGRES_PLANS: [(&str, &str); 4] =
    [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("jit", "off")];
/// PostgreSQL connections of one host.
const POSTGRES_CONNECTIONS: u32 = 16;

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
}

/// The store.
#[derive(Clone)]
pub struct Store {
    pub(super) database: Database,
    pub(super) cipher: Cipher,
    pub(super) ids: SharedIdGenerator,
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

/// Runs a body in one transaction; an early return rolls back.
macro_rules! writing {
    ($store:expr, $connection:ident => $body:expr) => {
        match &$store.database {
            $crate::database::Database::Sqlite { writer, .. } => {
                let _turn = $store.turn($crate::turns::Class::People).await?;
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
}

impl Parameters for sqlx::SqliteConnection {
    const NUMBERED: bool = false;
}

impl Parameters for sqlx::PgConnection {
    const NUMBERED: bool = true;
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
        let database = match &options.target {
            Target::Sqlite(path) => open_sqlite(path).await?,
            Target::Postgres(url) => open_postgres(url).await?,
        };
        let migrator = migrator();
        match &database {
            Database::Sqlite { writer, .. } => migrator.run(writer).await?,
            Database::Postgres { pool } => migrator.run(pool).await?,
        }
        let store = Self { database, cipher: options.cipher, ids: options.ids };
        store.check_key().await?;
        Ok(store)
    }

    /// Waits for a turn to write.
    pub(super) async fn turn(&self, class: Class) -> Result<Turn, StoreError> {
        match &self.database {
            Database::Sqlite { turns, .. } => {
                let turn = tokio::time::timeout(ACQUIRE_TIMEOUT, turns.take(class)).await;
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

    /// Closes every connection.
    #[boxed]
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Database::Postgres { pool } => pool.close().await,
        }
    }
}

fn migrator() -> Migrator {
    let steps = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, SqlStr::from_static(text), false)
    });
    Migrator::with_migrations(steps.collect())
}

async fn open_sqlite(path: &std::path::Path) -> Result<Database, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A response means that it is on disk.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(ACQUIRE_TIMEOUT)
        .statement_cache_capacity(STATEMENTS_CACHED)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES)
        .pragma("cache_size", SQLITE_CACHE_KIB)
        .pragma("temp_store", "memory");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A full disk makes SQLite end a transaction by itself, and the driver still counts it as open: begin with a new connection.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options.clone())
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await?;
    tokio::spawn(checkpoint_forever(readers.clone()));
    Ok(Database::Sqlite { writer, readers, turns: Turns::default() })
}

/// Writes the write-ahead log back into the database without blocking others (a passive checkpoint), so that commits do not have
/// to; ends with the pool.
async fn checkpoint_forever(readers: SqlitePool) {
    while !readers.is_closed() {
        tokio::time::sleep(SQLITE_CHECKPOINT_EVERY).await;
        if let Err(error) = sqlx::query("pragma wal_checkpoint(passive)").execute(&readers).await
            && !readers.is_closed()
        {
            tracing::debug!(error = %error, "write-ahead log checkpoint failed; will be retried");
        }
    }
}

/// How a connection to PostgreSQL is made.
pub(super) fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)?.options(POSTGRES_PLANS);
    Ok(options.application_name("hookmill").statement_cache_capacity(STATEMENTS_CACHED))
}

async fn open_postgres(url: &str) -> Result<Database, StoreError> {
    let options = postgres_options(url)?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await?;
    Ok(Database::Postgres { pool })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn h8_a_transaction_that_sqlite_ended_by_itself_spoils_no_later_one() {
        let directory = tempfile::tempdir().unwrap();
        let opened = open_sqlite(&directory.path().join("full.sqlite")).await.unwrap();
        let Database::Sqlite { writer, .. } = opened else { panic!("not SQLite") };
        let mut ended = writer.begin_with("begin immediate").await.unwrap();
        // As SQLite does it when the disk is full.
        sqlx::query("rollback").execute(&mut *ended).await.unwrap();
        drop(ended);
        writer.begin_with("begin immediate").await.unwrap().commit().await.unwrap();
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

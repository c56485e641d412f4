//! A database of its own for each test.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The embedded one.
    Sqlite,
    /// The one that `cargo xtask test` starts.
    Postgres,
}

/// A database that is gone when the test ends.
pub struct TestDatabase {
    /// Which.
    pub kind: Kind,
    /// The URL; none for SQLite, which lives in the data directory.
    pub url: Option<String>,
    name: String,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// Makes an empty database.
    pub async fn create(kind: Kind) -> Self {
        let name = format!("t_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        if kind == Kind::Sqlite {
            return Self { kind, url: None, name };
        }
        let server = server();
        let mut connection = PgConnection::connect(&server).await.expect("PostgreSQL responds");
        connection
            .execute(sqlx::AssertSqlSafe(format!("create database {name}")))
            .await
            .expect("a database can be made");
        Self { kind, url: Some(with_database(&server, &name)), name }
    }

    /// Cuts every connection to this PostgreSQL database and lets nobody in, as if it were gone.
    pub async fn shut(&self) {
        let name = &self.name;
        self.order(&format!("alter database {name} allow_connections false")).await;
        self.cut().await;
    }

    /// Lets hosts in again.
    pub async fn open(&self) {
        self.order(&format!("alter database {} allow_connections true", self.name)).await;
    }

    /// Cuts every connection to this PostgreSQL database.
    pub async fn cut(&self) {
        self.order(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'", self.name))
            .await;
    }

    /// How many shards of this PostgreSQL database some host has a lease on, and how many such hosts there are.
    pub async fn leases(&self) -> (i64, i64) {
        let url = self.url.as_deref().expect("a PostgreSQL database");
        let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
        sqlx::query_as("select count(*), count(distinct owner) from shard_leases where owner <> '' and cast(extract(epoch from clock_timestamp()) * 1000 as bigint) < expires_at")
            .fetch_one(&mut connection)
            .await
            .expect("the tables are there")
    }

    /// Gives every lease on this PostgreSQL database to a host that does nothing, for some time; on SQLite there are none.
    pub async fn steal_leases(&self, lease_ms: i64) {
        let Some(url) = self.url.as_deref() else { return };
        let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
        let sql = "update shard_leases set owner = 'a stranger', epoch = epoch + 1, \
            expires_at = cast(extract(epoch from clock_timestamp()) * 1000 as bigint) + $1";
        sqlx::query(sql).bind(lease_ms).execute(&mut connection).await.expect("the tables are there");
    }

    /// The settings of destinations as this PostgreSQL database keeps them; none on SQLite, whose files can be read.
    pub async fn encrypted_settings(&self) -> Vec<Vec<u8>> {
        let Some(url) = self.url.as_deref() else { return Vec::new() };
        let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
        let rows = sqlx::query_scalar("select encrypted_settings from destination_versions").fetch_all(&mut connection);
        let rows: Vec<Vec<u8>> = rows.await.expect("the tables are there");
        assert!(!rows.is_empty(), "no destination is kept");
        rows
    }

    /// What is counted and is not what is there, and by how many: submissions by campaign and state, backlogs, bytes by organization and kind,
    /// and rejected requests. Those that were not kept are nowhere to be counted.
    pub async fn wrong_counts(&self, data: &Path) -> Vec<(String, String, i64)> {
        const SQL: &str = "select owner_id, name, cast(sum(n) as bigint) from (select owner_id, name, count as n from counts \
            union all select owner_id, name, change as n from count_changes \
            union all select campaign_key, state, -count(*) as n from submissions group by campaign_key, state \
            union all select organization_id, 'backlog', -count(*) from submissions where state = 'received' group by organization_id \
            union all select 'all', 'backlog', -count(*) from submissions where state = 'received' \
            union all select organization_id, 'bytes_of_requests', -sum(length(body) + length(metadata) + length(response)) from requests group by organization_id \
            union all select organization_id, 'bytes_of_rejected', -sum(held_bytes) from rejected_requests group by organization_id \
            union all select 'all', 'bytes_of_rejected', -sum(held_bytes) from rejected_requests \
            union all select organization_id, 'rejected_rows', -count(*) from rejected_requests group by organization_id \
            union all select 'all', 'rejected_rows', -count(*) from rejected_requests \
            union all select c.organization_id, 'bytes_of_versions', -sum(coalesce(length(v.document), 0) + coalesce(length(v.plan), 0) + length(v.warnings)) \
            from campaign_versions v join campaigns c on c.campaign_key = v.campaign_key group by c.organization_id \
            union all select organization_id, 'bytes_of_tables', -sum(bytes) from (select distinct s.organization_id, t.digest, t.bytes from value_sets s \
            join value_set_versions v on v.value_set_id = s.id and v.deleted_at is null join value_tables t on t.digest = v.digest) as t group by organization_id \
            union all select organization_id, 'bytes_of_components', -sum(bytes) from (select distinct p.organization_id, k.digest, length(k.bytes) as bytes from plugins p \
            join plugin_versions v on v.plugin_id = p.id join components k on k.digest = v.component_digest) as k group by organization_id) as c \
            where name <> 'rejected_not_kept' group by owner_id, name having sum(n) <> 0";
        match &self.url {
            Some(url) => {
                let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
                sqlx::query_as(SQL).fetch_all(&mut connection).await.expect("the tables are there")
            }
            None => {
                let options = SqliteConnectOptions::new().filename(data.join("hookmill.sqlite"));
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
                sqlx::query_as(SQL).fetch_all(&mut connection).await.expect("the tables are there")
            }
        }
    }

    /// Has the database reject rows of a table whose column holds this text, at `insert` or `update`: as it rejects what breaks a rule of its own.
    pub async fn reject_rows(&self, data: &Path, event: &str, table: &str, column: &str, text: &str) {
        let sql = match self.kind {
            Kind::Sqlite => format!(
                "create trigger reject_{table} before {event} on {table} when instr(cast(new.{column} as text), '{text}') > 0 \
                 begin select raise(abort, 'rejected by a test'); end"
            ),
            Kind::Postgres => format!(
                "create function reject_{table}() returns trigger language plpgsql as $$ begin \
                 if position('{text}'::bytea in new.{column}) > 0 then raise exception 'rejected by a test' using errcode = '23514'; end if; \
                 return new; end $$; \
                 create trigger reject_{table} before {event} on {table} for each row execute function reject_{table}()"
            ),
        };
        self.execute(data, &sql).await;
    }

    /// Has this PostgreSQL database end the first statements of a kind (such as `insert`, or `update of a_column`) with an error of this code, as
    /// it does with one of two that meet.
    pub async fn fail_first(&self, event: &str, table: &str, code: &str, times: u32) {
        assert_eq!(self.kind, Kind::Postgres, "on SQLite one writes at a time");
        let sql = format!(
            "create sequence tries_{table}; \
             create function fail_{table}() returns trigger language plpgsql as $$ begin \
             if nextval('tries_{table}') <= {times} then raise exception 'met by a test' using errcode = '{code}'; end if; \
             return null; end $$; \
             create trigger fail_{table} before {event} on {table} for each statement execute function fail_{table}()"
        );
        self.execute(Path::new(""), &sql).await;
    }

    /// How often such a statement was tried since.
    pub async fn tries(&self, table: &str) -> i64 {
        let url = self.url.as_deref().expect("a PostgreSQL database");
        let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
        let sql = sqlx::AssertSqlSafe(format!("select last_value from tries_{table}"));
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("the sequence is there")
    }

    /// Has it take all rows of a table again.
    pub async fn accept_rows(&self, data: &Path, table: &str) {
        let on = if self.kind == Kind::Sqlite { String::new() } else { format!(" on {table}") };
        self.execute(data, &format!("drop trigger reject_{table}{on}")).await;
    }

    async fn execute(&self, data: &Path, sql: &str) {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        match &self.url {
            Some(url) => {
                let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
                sql.execute(&mut connection).await.expect("PostgreSQL does it");
            }
            None => {
                let options = SqliteConnectOptions::new().filename(data.join("hookmill.sqlite"));
                let options = options.busy_timeout(std::time::Duration::from_secs(30));
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
                sql.execute(&mut connection).await.expect("SQLite does it");
            }
        }
    }

    /// Changes rows behind the host's back; returns how many.
    pub async fn change(&self, data: &Path, sql: &str) -> u64 {
        match &self.url {
            Some(url) => {
                let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
                let changed = connection.execute(sqlx::AssertSqlSafe(sql)).await;
                changed.expect("PostgreSQL does it").rows_affected()
            }
            None => {
                let options = SqliteConnectOptions::new().filename(data.join("hookmill.sqlite"));
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
                let changed = connection.execute(sqlx::AssertSqlSafe(sql)).await;
                changed.expect("SQLite does it").rows_affected()
            }
        }
    }

    /// The texts of one column.
    pub async fn texts(&self, data: &Path, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.url {
            Some(url) => {
                let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("the tables are there")
            }
            None => {
                let options = SqliteConnectOptions::new().filename(data.join("hookmill.sqlite"));
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("the tables are there")
            }
        }
    }

    /// Every value of every row, each with the table and the column it stands in.
    pub async fn cells(&self, data: &Path) -> Vec<(String, Vec<u8>)> {
        const OF_SQLITE: &str = "select m.name, p.name, 'any' from sqlite_master m join pragma_table_info(m.name) p on true where m.type = 'table'";
        const OF_POSTGRES: &str = "select cast(table_name as text), cast(column_name as text), cast(data_type as text) \
            from information_schema.columns where table_schema = 'public'";
        let mut cells = Vec::new();
        match &self.url {
            Some(url) => {
                let mut connection = PgConnection::connect(url).await.expect("PostgreSQL responds");
                let columns: Vec<(String, String, String)> =
                    sqlx::query_as(OF_POSTGRES).fetch_all(&mut connection).await.expect("it says what it has");
                for (table, column, kind) in columns {
                    let value = match kind.as_str() {
                        "bytea" => format!("\"{column}\""),
                        _ => format!("convert_to(cast(\"{column}\" as text), 'UTF8')"),
                    };
                    let sql = format!("select {value} from \"{table}\" where \"{column}\" is not null");
                    let rows: Vec<Vec<u8>> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                        .fetch_all(&mut connection)
                        .await
                        .expect("a column can be read");
                    cells.extend(rows.into_iter().map(|row| (format!("{table}.{column}"), row)));
                }
            }
            None => {
                let options = SqliteConnectOptions::new().filename(data.join("hookmill.sqlite"));
                let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
                let columns: Vec<(String, String, String)> =
                    sqlx::query_as(OF_SQLITE).fetch_all(&mut connection).await.expect("it says what it has");
                for (table, column, _) in columns {
                    let sql =
                        format!("select cast(\"{column}\" as blob) from \"{table}\" where \"{column}\" is not null");
                    let rows: Vec<Vec<u8>> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                        .fetch_all(&mut connection)
                        .await
                        .expect("a column can be read");
                    cells.extend(rows.into_iter().map(|row| (format!("{table}.{column}"), row)));
                }
            }
        }
        cells
    }

    async fn order(&self, sql: &str) {
        let mut connection = PgConnection::connect(&server()).await.expect("PostgreSQL responds");
        connection.execute(sqlx::AssertSqlSafe(sql)).await.expect("PostgreSQL does it");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.kind == Kind::Sqlite {
            return;
        }
        let (server, name) = (server(), self.name.clone());
        // What can't be dropped goes with the cluster.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.ok()?;
                connection
                    .execute(sqlx::AssertSqlSafe(format!("drop database if exists {name} with (force)")))
                    .await
                    .ok()
            })
        });
        drop(dropping.join());
    }
}

fn server() -> String {
    std::env::var("HOOKMILL_TEST_POSTGRES")
        .expect("HOOKMILL_TEST_POSTGRES names a PostgreSQL server: run `cargo xtask test`, which starts one")
}

fn with_database(server: &str, name: &str) -> String {
    let mut url = reqwest::Url::parse(server).expect("HOOKMILL_TEST_POSTGRES is a URL");
    url.set_path(name);
    url.into()
}

//! What is asked for too long, on both databases: it ends, it says so, and nobody else waits for it.

use super::database::Database;
use super::plans::Servers;
use super::turns::Class;
use super::{Store, StoreError, Trouble};
use hookmill_domain::config::Limits;
use std::time::Duration;

/// A statement without end, for whoever a store is for.
async fn ask_without_end(store: &Store) -> Result<i64, StoreError> {
    const SQL: &str = "with recursive n (i) as (select 1 union all select i % 1000 + 1 from n) select count(*) from n";
    Ok(reading!(store, connection => sqlx::query_scalar(SQL).fetch_one(&mut *connection).await?))
}

/// Whether all connections that read are in use.
fn is_taken(database: &Database, connections: u32) -> bool {
    let (size, idle) = match database {
        Database::Sqlite { readers, .. } => (readers.size(), readers.num_idle()),
        Database::Postgres { pool } => (pool.size(), pool.num_idle()),
    };
    size == connections && idle == 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_who_asks_for_too_much_holds_up_nobody_and_is_told() {
    let servers = Servers::start("bounds_read").await;
    let limits = Limits { people_connections: 2, people_statement_ms: 1_500, ..Limits::default() };
    for store in servers.open_within(&limits).await {
        let people = store.for_people();
        let greedy: Vec<_> = (0..limits.people_connections)
            .map(|_| {
                let people = people.clone();
                tokio::spawn(async move { ask_without_end(&people).await })
            })
            .collect();
        while !is_taken(&people.database, limits.people_connections) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for _ in 0..20 {
            store.ping().await.unwrap();
        }
        assert!(greedy.iter().all(|one| !one.is_finished()), "the flow has waited for people");
        for one in greedy {
            let error = one.await.unwrap().unwrap_err();
            assert!(matches!(error, StoreError::TooSlow(_)) && !error.is_outage(), "{error:?}");
        }
        // The connections serve others as before.
        people.ping().await.unwrap();
        assert!(people.organization("org_none").await.unwrap().is_none());
        store.close().await;
    }
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_a_write_without_end_is_undone_and_the_next_goes_on() {
    let servers = Servers::start("bounds_write").await;
    let limits = Limits { statement_ms: 300, ..Limits::default() };
    for store in servers.open_within(&limits).await {
        let endless = async || {
            const SQL: &str = "insert into commits (id, committed_at) with recursive n (i) as (select 1 union all select i + 1 from n) \
                select cast(i as text), 0 from n";
            writing!(store, Class::People, connection => { sqlx::query(SQL).execute(&mut *connection).await?; });
            Ok::<_, StoreError>(())
        };
        let error = endless().await.unwrap_err();
        assert_eq!(error.trouble(), Trouble::TooSlow, "{error:?}");
        let count: i64 = async {
            Ok::<_, StoreError>(writing!(store, Class::People, connection => {
                sqlx::query_scalar("select count(*) from commits").fetch_one(&mut *connection).await?
            }))
        }
        .await
        .unwrap();
        assert_eq!(count, 0, "part of it was kept");
        store.close().await;
    }
    servers.stop().await;
}

/// On SQLite nobody waits for locks: writers take turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_nobody_waits_for_a_lock_for_ever() {
    let servers = Servers::start("bounds_lock").await;
    let limits = Limits { lock_ms: 200, ..Limits::default() };
    let [store, _sqlite] = servers.open_within(&limits).await;
    servers
        .execute("insert into organizations (id, name, salt, \"values\", created_at) values ('org_1', 'x', cast('00' as bytea), cast('{}' as bytea), 0)")
        .await;
    let Database::Postgres { pool } = &store.database else { panic!("not PostgreSQL") };
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("update organizations set name = 'y'").execute(&mut *holder).await.unwrap();
    let waiting = async || {
        writing!(store, Class::People, connection => { sqlx::query("update organizations set name = 'z'").execute(&mut *connection).await?; });
        Ok::<_, StoreError>(())
    };
    let error = waiting().await.unwrap_err();
    assert!(error.is_passing(), "{error:?}");
    holder.rollback().await.unwrap();
    waiting().await.unwrap();
    store.close().await;
    servers.stop().await;
}

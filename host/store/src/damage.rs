//! Whether the database file is damaged: found at the start, before what it lost is missed.

use super::{Store, StoreError, Trouble};
use async_recursion::async_recursion as boxed;
use sqlx::ConnectOptions;

impl Store {
    /// The first damage that SQLite finds in its file, in its words; none when it is whole, or when the database is not SQLite's. Reads the
    /// whole file, a second for some hundred megabytes, by a connection of its own: no time-out of others ends it, and nobody waits for it.
    #[boxed]
    pub async fn find_damage(&self) -> Result<Option<String>, StoreError> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(None) };
        let mut connection = checkpoints.connect_options().connect().await?;
        let found: Result<String, sqlx::Error> =
            sqlx::query_scalar("pragma quick_check(1)").fetch_one(&mut connection).await;
        match found.map_err(StoreError::from) {
            Ok(first) => Ok((first != "ok").then_some(first)),
            Err(error) if error.trouble() == Trouble::Damaged => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Target;
    use crate::plans::open;
    use hookmill_domain::config::Limits;
    use sqlx::{ConnectOptions, Connection};
    use std::io::{Seek, SeekFrom, Write};

    /// H7: a page that was overwritten is found.
    #[tokio::test(flavor = "multi_thread")]
    async fn h7_damage_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.sqlite");
        let store = open(Target::Sqlite(path.clone()), Limits::default()).await;
        assert_eq!(store.find_damage().await.unwrap(), None);
        // A page that is in use for certain, and no longer in the log alone.
        let options = store.checkpoints.as_ref().unwrap().connect_options();
        store.close().await;
        let mut connection = options.connect().await.unwrap();
        let sql = "select rootpage from sqlite_schema where name = 'submissions'";
        let page: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        assert!(!directory.path().join("a.sqlite-wal").exists());
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(4096 * u64::try_from(page - 1).unwrap())).unwrap();
        file.write_all(&[0xa5; 4096]).unwrap();
        drop(file);
        let damaged = open(Target::Sqlite(path.clone()), Limits::default()).await;
        assert!(damaged.find_damage().await.unwrap().is_some());
    }
}

//! Whether the database file is damaged: found at the start, before what it lost is missed.

use super::database::Database;
use super::{Store, StoreError};
use async_recursion::async_recursion as boxed;

/// SQLite's result codes for a damaged file: `SQLITE_CORRUPT` and `SQLITE_NOTADB` (sqlite.org/rescode.html).
const DAMAGE_CODES: [&str; 2] = ["11", "26"];

impl Store {
    /// The first damage that SQLite finds in its file, in its words; none when it is whole, or when the database is not SQLite's. Reads the
    /// whole file: it takes a second for some hundred megabytes.
    #[boxed]
    pub async fn find_damage(&self) -> Result<Option<String>, StoreError> {
        let Database::Sqlite { readers, .. } = &self.database else { return Ok(None) };
        let found: Result<(String,), sqlx::Error> = sqlx::query_as("pragma quick_check(1)").fetch_one(readers).await;
        match found {
            Ok((first,)) => Ok((first != "ok").then_some(first)),
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| DAMAGE_CODES.contains(&&*code)) => {
                Ok(Some(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Target;
    use crate::plans::open;
    use hookmill_domain::config::Limits;
    use std::io::{Seek, SeekFrom, Write};

    /// H7: a page that was overwritten is found.
    #[tokio::test(flavor = "multi_thread")]
    async fn h7_damage_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.sqlite");
        let store = open(Target::Sqlite(path.clone()), Limits::default()).await;
        assert_eq!(store.find_damage().await.unwrap(), None);
        store.close().await;
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(4096 * 5)).unwrap();
        file.write_all(&[0xa5; 4096]).unwrap();
        drop(file);
        let damaged = open(Target::Sqlite(path.clone()), Limits::default()).await;
        assert!(damaged.find_damage().await.unwrap().is_some());
    }
}

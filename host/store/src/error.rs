//! What can go wrong below the SQL.

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not respond, or is full: nothing was written. Later it may do.
    #[error("database unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Something with this name is there already.
    #[error("it already exists")]
    Conflict,
    /// A row that this version of the host can't read.
    #[error("corrupt row in {table}, {row}: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key in the environment or the key file is not the one this data is encrypted with.
    #[error("{0}")]
    Key(String),
    /// The tables are newer than this binary.
    #[error("the database can't be migrated to this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(ref inner) if inner.is_unique_violation() => Self::Conflict,
            other => Self::Unavailable(other),
        }
    }
}

impl StoreError {
    /// A row that can't be read.
    pub fn corrupt(table: &'static str, row: &str, reason: impl ToString) -> Self {
        Self::Corrupt { table, row: row.to_owned(), reason: reason.to_string() }
    }

    /// Whether the database is away or full, so that nothing else would succeed either: no connection, or PostgreSQL's classes
    /// 08, 53, 57 and 58, or SQLite's read-only, I/O error, full and can't-open.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                // SQLite's extended codes carry the kind in the low byte.
                match code.parse::<u32>() {
                    Ok(number) if code.len() < 5 => matches!(number & 0xff, 8 | 10 | 13 | 14),
                    _ => ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)),
                }
            }
            Self::Unavailable(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            Self::Conflict | Self::Corrupt { .. } | Self::Key(_) | Self::Migration(_) => false,
        }
    }

    /// Whether the other side of a race will have won or lost when this is tried again (PostgreSQL's serialization and
    /// deadlock codes, SQLite's busy).
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Database(error)) => {
                matches!(error.code().as_deref(), Some("40001" | "40P01" | "5"))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h8_a_database_that_is_away_is_told_from_a_row_that_does_not_fit() {
        for error in [sqlx::Error::PoolTimedOut, sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into())] {
            assert!(StoreError::from(error).is_outage());
        }
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_outage());
        assert!(!StoreError::Conflict.is_outage());
    }
}

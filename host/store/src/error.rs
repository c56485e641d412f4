//! What can go wrong below the SQL, and what is to be done about it.
//!
//! | kind | SQLite | PostgreSQL | what happens |
//! |---|---|---|---|
//! | [`Away`](Trouble::Away) | `PERM` `READONLY` `CANTOPEN` `NOMEM` | 08, 28, 3D, F0, 57P, 25006, 53200, no connection | later; `503` |
//! | [`Disk`](Trouble::Disk) | `IOERR` | 58 | later; `503` |
//! | [`Full`](Trouble::Full) | `FULL` | 53100, 53400 | later, once there is room; `503` |
//! | [`Damaged`](Trouble::Damaged) | `CORRUPT` `NOTADB` | XX001, XX002 | later, once somebody has repaired it; `503` |
//! | [`Busy`](Trouble::Busy) | `BUSY` `LOCKED` `ABORT` `PROTOCOL` | 40, 53300, 55, no connection free | the same again |
//! | [`TooSlow`](Trouble::TooSlow) | `INTERRUPT` | 57014, 25P03 | a group is halved; a person is told to ask for less |
//! | [`Row`](Trouble::Row) | `CONSTRAINT` `TOOBIG` `MISMATCH` | 22, 23, 54 | a group is halved until the row stands alone |
//! | [`Program`](Trouble::Program) | all others | all others | as a row: whatever does not meet it goes on |

use super::quotas::QuotaReached;
use std::borrow::Cow;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do it: nothing was written. [`StoreError::trouble`] says why.
    #[error("database unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// It took longer than a statement may take: nothing was written.
    #[error("the database took too long: {0}")]
    TooSlow(#[source] sqlx::Error),
    /// The organization has as many bytes as it may have: nothing was written.
    #[error(transparent)]
    Quota(#[from] QuotaReached),
    /// Something with this name is there already.
    #[error("it already exists")]
    Conflict,
    /// It refers to what is not there any more, or something refers to what it would delete: nothing was written.
    #[error("what it refers to is gone, or something refers to it")]
    Referenced,
    /// What was decided is out of date: it is decided again. Nothing was written.
    #[error("what this was decided by has changed")]
    Outdated,
    /// More leads of a campaign are under way than can be counted anew in one commit: nothing was written.
    #[error("more than {max} leads of the campaign are under way")]
    UnderWay {
        /// How many may be.
        max: i64,
    },
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
    /// The host failed while it read something: a defect, which its log has. The rows may be sound.
    #[error("the host failed while it read {what}: {reason}")]
    Lost {
        /// What it read.
        what: &'static str,
        /// What happened.
        reason: String,
    },
    /// The key in the environment or the key file is not the one this data is encrypted with.
    #[error("{0}")]
    Key(String),
    /// The tables are newer than this binary.
    #[error("the database can't be migrated to this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// What is to be done with a group of rows whose commit failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The very same again, at once.
    Again,
    /// Half of it, and then the other half: one row may be what is wrong.
    Halve,
    /// Nothing would succeed now: it waits. Whether it was written may be unknown.
    Later,
}

/// The kinds of what can go wrong; the module's table says which code is of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The database does not respond, or its files can't be opened.
    Away,
    /// The disk below it does not read or write.
    Disk,
    /// There is no room to write.
    Full,
    /// The database's files are damaged.
    Damaged,
    /// Somebody else has what is needed, or was quicker.
    Busy,
    /// It took longer than a statement may take.
    TooSlow,
    /// One of its rows can't be written or read.
    Row,
    /// The database does not understand what it was asked: a mistake in the host.
    Program,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(ref inner) if inner.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(ref inner) if inner.is_foreign_key_violation() => Self::Referenced,
            other if trouble(&other) == Trouble::TooSlow => Self::TooSlow(other),
            other => Self::Unavailable(other),
        }
    }
}

impl StoreError {
    /// A row that can't be read.
    pub fn corrupt(table: &'static str, row: &str, reason: impl ToString) -> Self {
        Self::Corrupt { table, row: row.to_owned(), reason: reason.to_string() }
    }

    /// The host failed while it read something.
    pub fn lost(what: &'static str, reason: impl ToString) -> Self {
        Self::Lost { what, reason: reason.to_string() }
    }

    /// What kind of trouble it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Unavailable(error) | Self::TooSlow(error) => trouble(error),
            Self::Conflict | Self::Referenced | Self::UnderWay { .. } | Self::Corrupt { .. } => Trouble::Row,
            Self::Outdated => Trouble::Busy,
            Self::Quota(_) | Self::Lost { .. } | Self::Key(_) | Self::Migration(_) => Trouble::Program,
        }
    }

    /// Whether nothing else would succeed either: the database is away, full or damaged.
    pub fn is_outage(&self) -> bool {
        self.trouble().remedy() == Remedy::Later
    }

    /// Whether it may succeed when the very same is tried again at once: who was in the way is gone by then.
    pub fn is_passing(&self) -> bool {
        self.trouble().remedy() == Remedy::Again
    }

    /// Whether the row itself is what is wrong: it is so however often it is tried.
    pub fn is_of_row(&self) -> bool {
        matches!(self.trouble(), Trouble::Row | Trouble::Program)
    }
}

impl Trouble {
    /// What is to be done about it.
    pub fn remedy(self) -> Remedy {
        match self {
            Self::Busy => Remedy::Again,
            Self::TooSlow | Self::Row | Self::Program => Remedy::Halve,
            Self::Away | Self::Disk | Self::Full | Self::Damaged => Remedy::Later,
        }
    }
}

fn trouble(error: &sqlx::Error) -> Trouble {
    match error {
        sqlx::Error::Database(error) => of_code(&error.code().unwrap_or(Cow::Borrowed(""))),
        sqlx::Error::PoolTimedOut => Trouble::Busy,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Trouble::Away,
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Trouble::Row,
        _ => Trouble::Program,
    }
}

/// PostgreSQL's codes have five characters. SQLite's are numbers, whose low byte says the kind.
fn of_code(code: &str) -> Trouble {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => of_sqlite(number & 0xff),
        _ => of_postgres(code),
    }
}

fn of_sqlite(code: u32) -> Trouble {
    match code {
        3 | 7 | 8 | 14 => Trouble::Away,
        10 => Trouble::Disk,
        13 => Trouble::Full,
        11 | 26 => Trouble::Damaged,
        4 | 5 | 6 | 15 => Trouble::Busy,
        9 => Trouble::TooSlow,
        18..=20 => Trouble::Row,
        _ => Trouble::Program,
    }
}

fn of_postgres(code: &str) -> Trouble {
    let whole = match code {
        "25006" | "53200" => Some(Trouble::Away),
        "53100" | "53400" => Some(Trouble::Full),
        "57014" | "25P03" => Some(Trouble::TooSlow),
        "XX001" | "XX002" => Some(Trouble::Damaged),
        _ => None,
    };
    whole.unwrap_or_else(|| match code.get(..2).unwrap_or_default() {
        "08" | "28" | "3D" | "57" | "F0" => Trouble::Away,
        "58" => Trouble::Disk,
        "40" | "53" | "55" => Trouble::Busy,
        "22" | "23" | "54" => Trouble::Row,
        _ => Trouble::Program,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h8_a_database_that_is_away_is_told_from_a_row_that_does_not_fit() {
        for error in [sqlx::Error::WorkerCrashed, sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into())] {
            assert!(StoreError::from(error).is_outage());
        }
        let busy = StoreError::from(sqlx::Error::PoolTimedOut);
        assert!(busy.is_passing() && !busy.is_outage(), "others have the connections, and give them back");
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_outage());
        assert!(!StoreError::Conflict.is_outage());
    }

    #[test]
    fn h8_codes_are_told_apart() {
        // SQLite: BUSY and BUSY_SNAPSHOT, IOERR_WRITE, FULL, CORRUPT, CONSTRAINT_NOTNULL, INTERRUPT, READONLY, ERROR.
        let sqlite = [
            ("5", Trouble::Busy),
            ("517", Trouble::Busy),
            ("778", Trouble::Disk),
            ("13", Trouble::Full),
            ("11", Trouble::Damaged),
            ("1299", Trouble::Row),
            ("9", Trouble::TooSlow),
            ("8", Trouble::Away),
            ("1", Trouble::Program),
        ];
        let postgres = [
            ("08006", Trouble::Away),
            ("57P01", Trouble::Away),
            ("57014", Trouble::TooSlow),
            ("53100", Trouble::Full),
            ("53300", Trouble::Busy),
            ("40001", Trouble::Busy),
            ("40P01", Trouble::Busy),
            ("55P03", Trouble::Busy),
            ("58030", Trouble::Disk),
            ("XX001", Trouble::Damaged),
            ("22021", Trouble::Row),
            ("23502", Trouble::Row),
            ("42P01", Trouble::Program),
            ("", Trouble::Program),
        ];
        for (code, kind) in sqlite.into_iter().chain(postgres) {
            assert_eq!(of_code(code), kind, "{code}");
        }
    }
}

//! How much may wait to be processed, of an organization and of all: beyond it requests are rejected before anything of them is kept. The figures
//! are read now and then, so that a post costs nothing; on several hosts each reads for itself.

use super::Pipeline;
use super::unavailable::{backlog_full, unavailable};
use hookmill_domain::clock::{BootTime, Timestamp};
use hookmill_domain::config::Limits;
use hookmill_domain::error::ApiError;
use hookmill_store::StoreError;
use hookmill_store::backlog::Whose;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of backlogs.
pub(crate) struct Backlogs {
    /// How many submissions wait, by owner, and when that was read.
    rows: quick_cache::sync::Cache<String, (i64, BootTime)>,
    /// Who has it reads rows: the others of that moment do with what was known.
    reading_rows: tokio::sync::Mutex<()>,
    ages: Mutex<Ages>,
    /// Who has it reads ages.
    reading_ages: tokio::sync::Mutex<()>,
}

/// Since when each organization that has a backlog waits, as it was at a time.
#[derive(Default)]
struct Ages {
    read_at: Option<BootTime>,
    since: HashMap<String, Timestamp>,
}

/// A bound that a backlog has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The organization's own rows.
    Own {
        /// How many it has.
        rows: i64,
    },
    /// Those of all.
    All {
        /// How many the organization has.
        rows: i64,
        /// How many all have.
        all: i64,
    },
    /// The organization's first one has waited for too long.
    Age {
        /// For how long, in milliseconds.
        ms: i64,
    },
}

impl Backlogs {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            rows: quick_cache::sync::Cache::new(limits.programs_cached_max),
            reading_rows: tokio::sync::Mutex::default(),
            ages: Mutex::default(),
            reading_ages: tokio::sync::Mutex::default(),
        }
    }

    fn ages(&self) -> MutexGuard<'_, Ages> {
        self.ages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long an organization waits.
    fn age_ms(&self, organization_id: &str, now: Timestamp) -> i64 {
        self.ages().since.get(organization_id).map_or(0, |since| now.0.saturating_sub(since.0))
    }
}

/// Which bound on rows is reached. What an organization has counts for itself and for all, as in memory (`flow/lanes.rs`): the more all have, the
/// less one may have, and there is always room for who has nothing.
fn full_of_rows(own: i64, all: i64, limits: &Limits) -> Option<Full> {
    if limits.backlog_rows_per_organization_max <= own {
        return Some(Full::Own { rows: own });
    }
    (limits.backlog_rows_max <= all.saturating_add(own)).then_some(Full::All { rows: own, all })
}

impl Pipeline {
    /// Rejects requests of an organization as long as its backlog is full.
    pub(crate) async fn check_backlog(&self, organization_id: &str) -> Result<(), ApiError> {
        let limits = &self.settings.limits;
        let own = self.backlog_rows(Whose::Organization(organization_id)).await.map_err(unavailable)?;
        let all = self.backlog_rows(Whose::All).await.map_err(unavailable)?;
        let full = match full_of_rows(own, all, limits) {
            Some(full) => Some(full),
            None if own <= 0 => None,
            None => self.full_of_age(organization_id).await.map_err(unavailable)?,
        };
        full.map_or(Ok(()), |full| Err(backlog_full(full, limits)))
    }

    async fn backlog_rows(&self, whose: Whose<'_>) -> Result<i64, StoreError> {
        let (backlogs, now, ttl_ms) = (&self.backlogs, self.clock.boot_time(), self.settings.limits.lookup_ttl_ms);
        let known = backlogs.rows.get(whose.owner());
        let reading = backlogs.reading_rows.try_lock();
        if let Some((rows, at)) = known {
            // Where somebody reads at this moment, it may be twice as old.
            let trusted_ms = if reading.is_ok() { ttl_ms } else { ttl_ms.saturating_mul(2) };
            if now < at.plus_ms(trusted_ms) {
                return Ok(rows);
            }
        }
        let rows = self.store.backlog_rows(whose).await?;
        backlogs.rows.insert(whose.owner().to_owned(), (rows, now));
        Ok(rows)
    }

    /// Whether an organization waits for too long. Before that is said it is looked up again, once for all who ask at that moment.
    async fn full_of_age(&self, organization_id: &str) -> Result<Option<Full>, StoreError> {
        let (limits, now) = (&self.settings.limits, self.clock.now());
        let full = || {
            let ms = self.backlogs.age_ms(organization_id, now);
            (limits.backlog_age_ms_max <= ms).then_some(Full::Age { ms })
        };
        let read_at = self.backlogs.ages().read_at;
        let is_fresh = read_at.is_some_and(|at| self.clock.boot_time() < at.plus_ms(limits.lookup_ttl_ms));
        if full().is_some()
            && !is_fresh
            && let Ok(_reading) = self.backlogs.reading_ages.try_lock()
        {
            self.read_ages().await?;
        }
        Ok(full())
    }

    /// Reads since when organizations wait.
    pub(crate) async fn read_ages(&self) -> Result<(), StoreError> {
        let read_at = Some(self.clock.boot_time());
        let since = self.store.backlogs_since().await?;
        *self.backlogs.ages() = Ages { read_at, since };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H6: one organization has its own bound, all have one together, and whoever has nothing has room, however many there are.
    #[test]
    fn h6_there_is_room_for_who_has_nothing() {
        let limits = Limits { backlog_rows_per_organization_max: 100, backlog_rows_max: 500, ..Limits::default() };
        let full = |own, all| full_of_rows(own, all, &limits);
        assert_eq!(full(99, 99), None);
        assert_eq!(full(100, 100), Some(Full::Own { rows: 100 }));
        assert_eq!(full(99, 401), Some(Full::All { rows: 99, all: 401 }));
        assert_eq!(full(0, 499), None, "whoever has nothing has room");
        let (mut all, mut organizations) = (0, 0);
        while organizations < 1_000 {
            let mut own = 0;
            while full(own, all).is_none() {
                (own, all) = (own + 1, all + 1);
            }
            organizations += 1;
            assert!(all <= 500, "{organizations}");
        }
    }
}

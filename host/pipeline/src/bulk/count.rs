//! How many submissions a bulk job would concern: counted, or estimated where that would mean to look at too many.

use super::BulkTarget;
use crate::Pipeline;
use hookmill_domain::bulk::BulkCursor;
use hookmill_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// How many submissions are looked at before the rest is estimated.
const ROWS_COUNTED_MAX: i64 = 20_000;
/// How many are looked at in one read.
const ROWS_PER_READ: usize = 1_000;

/// How many submissions a bulk job would concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct BulkCount {
    /// How many match.
    pub total: i64,
    /// Whether that is an estimate, from the first that were looked at.
    pub is_total_estimated: bool,
}

impl Pipeline {
    /// Counts the submissions that match now.
    pub async fn count_bulk(&self, target: &BulkTarget) -> Result<BulkCount, StoreError> {
        if !target.filter.ids.is_empty() {
            let found = self.candidates_by_id(target, &target.filter.ids).await?;
            let total = found.iter().filter(|candidate| target.matches(candidate)).count();
            return Ok(BulkCount { total: i64::try_from(total).unwrap_or(i64::MAX), is_total_estimated: false });
        }
        let in_states = self.count_in_states(target).await?;
        if target.filter.takes_all_in_states() {
            return Ok(BulkCount { total: in_states, is_total_estimated: false });
        }
        let (matched, seen, is_whole) = self.count_by_looking(target).await?;
        Ok(if is_whole {
            BulkCount { total: matched, is_total_estimated: false }
        } else {
            estimate(matched, seen, in_states)
        })
    }

    /// How many submissions are in the states of the filter, as they are counted all the time.
    async fn count_in_states(&self, target: &BulkTarget) -> Result<i64, StoreError> {
        let mut total = 0;
        for campaign_key in self.campaigns_of(target).await? {
            let counts = self.people.submission_counts(&campaign_key).await?;
            let is_meant = |name: &str| target.filter.states.iter().any(|state| state.as_str() == name);
            total += counts.iter().filter(|(state, _)| is_meant(state)).map(|(_, count)| count).sum::<i64>();
        }
        Ok(total)
    }

    /// How many match, how many were looked at, and whether those are all.
    async fn count_by_looking(&self, target: &BulkTarget) -> Result<(i64, i64, bool), StoreError> {
        let (mut cursor, mut matched, mut seen) = (BulkCursor::default(), 0, 0);
        let with_detail = target.filter.reason.is_some();
        while let Some(state) = self.enter_next_state(target, &mut cursor).await? {
            if ROWS_COUNTED_MAX <= seen {
                return Ok((matched, seen, false));
            }
            let read =
                self.people.bulk_candidates(&cursor.campaign_key, state, &cursor.after_id, with_detail, ROWS_PER_READ);
            let read = read.await?;
            let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
            seen += count(read.len());
            matched += count(read.iter().filter(|candidate| target.matches(candidate)).count());
            match read.last().filter(|_| read.len() == ROWS_PER_READ) {
                Some(last) => cursor.pass(&last.id),
                None => cursor.pass_state(),
            }
        }
        Ok((matched, seen, true))
    }
}

/// How many match of all, when so many of those that were looked at do.
fn estimate(matched: i64, seen: i64, all: i64) -> BulkCount {
    let share = i128::from(matched) * i128::from(all.max(seen)) / i128::from(seen.max(1));
    BulkCount { total: i64::try_from(share).unwrap_or(i64::MAX).max(matched), is_total_estimated: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l9_an_estimate_is_the_share_of_what_was_looked_at() {
        let total = |matched, seen, all| estimate(matched, seen, all).total;
        assert_eq!(total(5_000, 20_000, 100_000), 25_000);
        assert_eq!(total(0, 20_000, 100_000), 0);
        assert_eq!(total(20_000, 20_000, 100_000), 100_000);
        assert_eq!(total(7, 20_000, 5), 7, "counters may be a moment behind");
        assert_eq!(total(i64::MAX, 1, i64::MAX), i64::MAX);
        assert!(estimate(0, 0, 0).is_total_estimated);
    }
}

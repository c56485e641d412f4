//! Slots that come back (L5): of leads that end and that the client did not take. The campaign's row is locked before its counts, in the one order
//! of all hosts, as where slots are taken: who finds no slot at this moment and is queued comes before this commit, and is seen, or after it, and
//! finds one.

use super::Slot;
use hookmill_domain::lifecycle::caps::Period;
use std::collections::{BTreeMap, BTreeSet};

/// The slots that come back in a commit.
#[derive(Debug, Default)]
pub(crate) struct GivenBack<'a> {
    /// The submissions that had them, by organization and id.
    submissions: Vec<(&'a str, &'a str)>,
    counts: BTreeMap<(&'a str, Period, i64), i64>,
}

pub(crate) const CLEAR: &str = "with v (organization_id, id) as (values";
pub(crate) const CLEAR_TAIL: &str = ") update submissions set cap_slots = null from v where submissions.organization_id = v.organization_id and submissions.id = v.id";
/// What was counted anew meanwhile is never below none.
pub(crate) const GIVE_BACK: &str = "update cap_counts set taken = case when taken < $1 then 0 else taken - $1 end \
    where campaign_key = $2 and period = $3 and starts_at = $4";
/// Locks the campaign's row, and has its queue looked at where somebody waits.
pub(crate) const LOOK_AGAIN: &str = "update campaigns set queue_run_at = case when $1 < queue_run_at then $1 else queue_run_at end where campaign_key = $2";

impl<'a> GivenBack<'a> {
    /// A submission that ends, with the slots that it has. Those that can't be read are left as they are.
    pub(crate) fn add(&mut self, organization_id: &'a str, id: &'a str, campaign_key: &'a str, stored: &[u8]) {
        let Ok(slots) = serde_json::from_slice::<Vec<Slot>>(stored) else { return };
        self.submissions.push((organization_id, id));
        for (period, starts_at) in slots {
            *self.counts.entry((campaign_key, period, starts_at)).or_default() += 1;
        }
    }

    pub(crate) fn submissions(&self) -> &[(&'a str, &'a str)] {
        &self.submissions
    }

    /// How many of each period come back: the campaign, the period, its start.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'a str, &'static str, i64, i64)> {
        self.counts
            .iter()
            .map(|((campaign, period, starts_at), count)| (*campaign, period.as_str(), *starts_at, *count))
    }

    pub(crate) fn campaigns(&self) -> BTreeSet<&'a str> {
        self.counts.keys().map(|(campaign, ..)| *campaign).collect()
    }
}

/// Gives slots back, and has the queues looked at in which somebody waits for them. Where there are none, it asks nothing.
macro_rules! give_slots_back {
    ($connection:expr, $given:expr, $now:expr) => {{
        use $crate::cap_counts as sql;
        let given: &sql::GivenBack<'_> = $given;
        insert_many!($connection, sql::CLEAR, "(?, ?)", sql::CLEAR_TAIL, given.submissions(), |query, one| query
            .bind(one.0)
            .bind(one.1));
        for campaign_key in given.campaigns() {
            sqlx::query(sql::LOOK_AGAIN).bind($now.0).bind(campaign_key).execute(&mut *$connection).await?;
        }
        for (campaign_key, period, starts_at, count) in given.counts() {
            sqlx::query(sql::GIVE_BACK)
                .bind(count)
                .bind(campaign_key)
                .bind(period)
                .bind(starts_at)
                .execute(&mut *$connection)
                .await?;
        }
    }};
}
pub(crate) use give_slots_back;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_slots_come_back_in_one_order() {
        let mut given = GivenBack::default();
        given.add("org", "a", "cmp_2", br#"[["total",0],["day",70]]"#);
        given.add("org", "b", "cmp_1", br#"[["day",70]]"#);
        given.add("org", "c", "cmp_2", br#"[["total",0],["day",60]]"#);
        given.add("org", "d", "cmp_2", b"[[\"year\",0]]");
        let expected =
            [("cmp_1", "day", 70, 1), ("cmp_2", "total", 0, 2), ("cmp_2", "day", 60, 1), ("cmp_2", "day", 70, 1)];
        assert_eq!(given.counts().collect::<Vec<_>>(), expected);
        assert_eq!(given.submissions(), [("org", "a"), ("org", "b"), ("org", "c")]);
        assert_eq!(given.campaigns(), BTreeSet::from(["cmp_1", "cmp_2"]));
    }
}

//! How much may be written in a minute: of all together, and of one organization half of it at most (as `domain/src/budget.rs`).

use hookmill_domain::clock::Timestamp;
use std::collections::HashMap;

const MINUTE_MS: i64 = 60_000;

/// What was written in the minute under way.
#[derive(Debug)]
pub(super) struct Allowance {
    max: i64,
    since: Timestamp,
    all: i64,
    by_organization: HashMap<String, i64>,
}

impl Allowance {
    /// So much in a minute.
    pub(super) fn new(max: i64) -> Self {
        Self { max, since: Timestamp(i64::MIN), all: 0, by_organization: HashMap::new() }
    }

    /// Takes some for an organization; returns whether there was as much.
    pub(super) fn take(&mut self, organization_id: &str, amount: i64, now: Timestamp) -> bool {
        // A clock that is set back begins a minute, too.
        if now < self.since || self.since.plus_ms(MINUTE_MS) <= now {
            *self = Self { since: now, ..Self::new(self.max) };
        }
        let own = self.by_organization.get(organization_id).copied().unwrap_or_default();
        let all = self.all.saturating_add(amount);
        if self.max < own.saturating_add(all) {
            return false;
        }
        self.all = all;
        self.by_organization.insert(organization_id.to_owned(), own.saturating_add(amount));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_a_minute_has_so_much_and_one_organization_half_of_it() {
        let mut allowance = Allowance::new(8);
        let mut take = |organization: &str, ms: i64| allowance.take(organization, 2, Timestamp(1_000 + ms));
        assert!(take("a", 0) && take("a", 1));
        assert!(!take("a", 59_999), "it has half");
        assert!(take("b", 59_999), "there is room for who has nothing");
        assert!(!take("b", 59_999) && !take("b", 0));
        assert!(take("a", 60_000), "the next minute");
        assert!(take("a", -1_000) && take("a", -1_000), "the clock was set back");
    }
}

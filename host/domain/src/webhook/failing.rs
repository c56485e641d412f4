//! When a webhook that keeps failing is paused, and when it is asked again (W11). Failures are counted by each host in memory: one that
//! starts again counts anew.

use crate::clock::Timestamp;

/// When a webhook is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseTerms {
    /// How long it must have failed, in milliseconds.
    pub failing_ms: i64,
    /// How many requests must have failed in that time.
    pub failures_min: u32,
}

/// Failures of a webhook in a row, without a success between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    since: Timestamp,
    requests: u32,
}

impl Failing {
    /// One more request failed.
    pub fn after(before: Option<Self>, now: Timestamp) -> Self {
        match before {
            None => Self { since: now, requests: 1 },
            Some(Self { since, requests }) => Self { since, requests: requests.saturating_add(1) },
        }
    }

    /// Since when the webhook is to be paused for failing, if it is.
    pub fn is_to_pause(self, terms: PauseTerms, now: Timestamp) -> Option<Timestamp> {
        let is_long = terms.failing_ms <= now.0.saturating_sub(self.since.0);
        (is_long && terms.failures_min <= self.requests).then_some(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TERMS: PauseTerms = PauseTerms { failing_ms: 1_000, failures_min: 3 };

    fn fail_at(times: &[i64]) -> Option<Timestamp> {
        let failing = times.iter().fold(None, |before, at| Some(Failing::after(before, Timestamp(*at))))?;
        failing.is_to_pause(TERMS, Timestamp(*times.last()?))
    }

    #[test]
    fn w11_it_is_paused_when_it_failed_for_long_and_often() {
        assert_eq!(fail_at(&[0, 999, 999]), None);
        assert_eq!(fail_at(&[0, 5_000]), None);
        assert_eq!(fail_at(&[7, 500, 1_007]), Some(Timestamp(7)));
    }

    proptest! {
        #[test]
        fn w11_neither_bound_alone_pauses(mut times in proptest::collection::vec(0_i64..5_000, 1..20)) {
            times.sort_unstable();
            let (first, last) = (times[0], times[times.len() - 1]);
            let expected = 1_000 <= last - first && 3 <= times.len();
            prop_assert_eq!(fail_at(&times).is_some(), expected);
        }
    }
}

//! How many submissions one commit of a bulk job takes: as many as fit into a turn, so that it holds up nobody.

/// The most submissions of one commit.
const ROWS_MAX: usize = 1_000;
/// How many the first one takes.
const ROWS_FIRST: usize = 64;
/// How long a commit should take, in milliseconds.
const TURN_MS: u64 = 20;

/// How many submissions the next commit takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(ROWS_FIRST)
    }
}

impl Pace {
    /// How many.
    pub fn rows(self) -> usize {
        self.0
    }

    /// A commit of so many took this long; one without rows says nothing.
    pub fn took(&mut self, rows: usize, elapsed_ms: u64) {
        if rows == 0 {
            return;
        }
        let of_turn = usize::try_from(TURN_MS).unwrap_or(1);
        let elapsed = usize::try_from(elapsed_ms).unwrap_or(usize::MAX).max(1);
        if of_turn < elapsed {
            self.0 = (rows.saturating_mul(of_turn) / elapsed).clamp(1, self.0);
        } else if elapsed < of_turn / 2 && self.0 <= rows {
            // Less than half by whole milliseconds, so that twice as many still fit.
            self.0 = (self.0 * 2).min(ROWS_MAX);
        }
    }

    /// One could not be written: one of its rows may be what is wrong, and stands alone in the end.
    pub fn halve(&mut self) {
        self.0 = (self.0 / 2).max(1);
    }

    /// Whether a commit takes one submission only.
    pub fn is_one(self) -> bool {
        self.0 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn h6_a_commit_grows_to_what_fits_into_a_turn() {
        let mut pace = Pace::default();
        for expected in [128, 256, 512, 1_000, 1_000] {
            pace.took(pace.rows(), 3);
            assert_eq!(pace.rows(), expected);
        }
        pace.took(1_000, 40);
        assert_eq!(pace.rows(), 500);
        pace.took(500, 15);
        assert_eq!(pace.rows(), 500, "it is right as it is");
        let mut slow = Pace(1);
        slow.took(1, 10);
        assert!(slow.is_one(), "10.5 ms are told as 10, and two of those do not fit");
        pace.took(20, 1);
        assert_eq!(pace.rows(), 500, "few rows say nothing of many");
        pace.took(0, 5_000);
        assert_eq!(pace.rows(), 500);
        for _ in 0..20 {
            pace.halve();
        }
        assert!(pace.is_one());
        pace.took(1, 5_000);
        assert!(pace.is_one());
    }

    proptest! {
        /// Whatever commits take, the next one has at least one row and never more than the bound; where each row takes as long, it comes to
        /// fit into a turn.
        #[test]
        fn h6_a_pace_stays_within_its_bounds(commits in proptest::collection::vec((0_usize..3_000, 0_u64..100_000), 0..50), row_us in 1_u64..50_000) {
            let mut pace = Pace::default();
            for (rows, elapsed_ms) in commits {
                pace.took(rows, elapsed_ms);
                prop_assert!((1..=ROWS_MAX).contains(&pace.rows()));
            }
            for _ in 0..40 {
                let rows = pace.rows();
                pace.took(rows, rows as u64 * row_us / 1_000);
            }
            let turn_ms = pace.rows() as u64 * row_us / 1_000;
            prop_assert!(pace.is_one() || turn_ms <= TURN_MS, "{} rows take {turn_ms} ms", pace.rows());
        }
    }
}

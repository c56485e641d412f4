//! When an attempt is made again: exponential backoff with proportional jitter, a receiver's `Retry-After` within bounds,
//! and the point where the attempts are spent.
//!
//! Randomness and time are arguments, so that a test can own both.

use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

/// The retries a webhook may be configured with.
pub const WEBHOOK_RETRIES: RangeInclusive<u8> = 1..=10;
/// The retries a first-submission action may be configured with.
pub const ACTION_RETRIES: RangeInclusive<u8> = 0..=5;
/// How much of a delay jitter may change.
pub const JITTER_PERCENT: u64 = 25;
/// A `Retry-After` longer than this is not read at all.
pub const RETRY_AFTER_BYTES_MAX: usize = 64;

/// How many times an attempt is made again after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries(u8);

/// A number of retries outside what the place allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given} retries are not allowed here; choose {} to {}", allowed.start(), allowed.end())]
pub struct RetriesError {
    given: u64,
    allowed: RangeInclusive<u8>,
}

/// The bounds of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first attempt; each further one doubles it.
    pub base_ms: u64,
    /// The longest delay of our own choosing.
    pub cap_ms: u64,
    /// The shortest delay a receiver's `Retry-After` can bring about.
    pub retry_after_min_ms: u64,
    /// The longest delay a receiver's `Retry-After` can bring about.
    pub retry_after_max_ms: u64,
}

/// What follows an attempt that should be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again at this time, in milliseconds since 1970.
    At(i64),
    /// All attempts are made.
    Spent,
}

impl Retries {
    /// Checks a configured number against what the place allows, such as `WEBHOOK_RETRIES`.
    pub fn within(given: u64, allowed: RangeInclusive<u8>) -> Result<Self, RetriesError> {
        match u8::try_from(given) {
            Ok(retries) if allowed.contains(&retries) => Ok(Self(retries)),
            _ => Err(RetriesError { given, allowed }),
        }
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base_ms: 5_000, cap_ms: 3_600_000, retry_after_min_ms: 1_000, retry_after_max_ms: 86_400_000 }
    }
}

impl Backoff {
    /// Decides what follows after `attempts_made` attempts (the first one counts). `retry_after_ms` is the wait the receiver
    /// asked for (`retry_after_ms`, the function, reads it from a header); it replaces the backoff. `random` is a uniformly distributed number.
    pub fn next(
        &self,
        retries: Retries,
        attempts_made: u32,
        now_ms: i64,
        retry_after_ms: Option<u64>,
        random: u64,
    ) -> Next {
        if u32::from(retries.get()) < attempts_made {
            return Next::Spent;
        }
        let delay_ms = match retry_after_ms {
            Some(asked_ms) => self.asked_ms(asked_ms, random),
            None => self.own_ms(attempts_made, random),
        };
        Next::At(now_ms.saturating_add_unsigned(delay_ms))
    }

    /// Our own delay: the exponential one, made up to `JITTER_PERCENT` shorter so that it never passes the cap.
    fn own_ms(&self, attempts_made: u32, random: u64) -> u64 {
        let doublings = attempts_made.saturating_sub(1);
        let grown_ms = 1_u64.checked_shl(doublings).and_then(|factor| self.base_ms.checked_mul(factor));
        let delay_ms = grown_ms.unwrap_or(u64::MAX).min(self.cap_ms);
        delay_ms - jitter_ms(delay_ms, random)
    }

    /// The receiver's delay within our bounds, made up to `JITTER_PERCENT` longer so that it is never earlier than asked.
    fn asked_ms(&self, asked_ms: u64, random: u64) -> u64 {
        let longest_ms = self.retry_after_max_ms.max(self.retry_after_min_ms);
        let delay_ms = asked_ms.clamp(self.retry_after_min_ms, longest_ms);
        delay_ms.saturating_add(jitter_ms(delay_ms, random)).min(longest_ms)
    }
}

/// Reads the value of a `Retry-After` header: whole seconds, or an HTTP date after `now_ms`. Anything else is nonsense and
/// gives none, as does a date that is past already, since the clocks then disagree. Bounds are `Backoff`'s.
pub fn retry_after_ms(value: &str, now_ms: i64) -> Option<u64> {
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() || RETRY_AFTER_BYTES_MAX < value.len() {
        return None;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse::<u64>().ok()?.checked_mul(1_000);
    }
    let date_ms = unix_ms(httpdate::parse_http_date(value).ok()?)?;
    let wait_ms = date_ms.checked_sub(now_ms)?;
    u64::try_from(wait_ms).ok().filter(|wait_ms| 0 < *wait_ms)
}

fn jitter_ms(delay_ms: u64, random: u64) -> u64 {
    let span_ms = u128::from(delay_ms) * u128::from(JITTER_PERCENT) / 100;
    let part_ms = (span_ms * u128::from(random)) >> 64;
    u64::try_from(part_ms).unwrap_or(delay_ms)
}

fn unix_ms(date: SystemTime) -> Option<i64> {
    i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW_MS: i64 = 1_784_901_000_000;
    const BACKOFF: Backoff =
        Backoff { base_ms: 1_000, cap_ms: 60_000, retry_after_min_ms: 500, retry_after_max_ms: 120_000 };

    fn retries(number: u64) -> Retries {
        Retries::within(number, WEBHOOK_RETRIES).expect("within bounds")
    }

    /// W9: doubling from the base to the cap, then spent after the configured number.
    #[test]
    fn w9_the_delay_doubles_up_to_the_cap() {
        let delays = (1..=10).map(|made| BACKOFF.next(retries(9), made, NOW_MS, None, 0)).collect::<Vec<_>>();
        let expected =
            [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000].map(|ms| Next::At(NOW_MS + ms));
        assert_eq!(delays[..9], expected);
        assert_eq!(delays[9], Next::Spent);
    }

    /// W3, L4: the bounds of the settings, with a message that names them.
    #[test]
    fn w3_retries_are_bounded() {
        for (number, allowed, good) in [
            (0, WEBHOOK_RETRIES, false),
            (1, WEBHOOK_RETRIES, true),
            (10, WEBHOOK_RETRIES, true),
            (11, WEBHOOK_RETRIES, false),
            (257, WEBHOOK_RETRIES, false),
            (0, ACTION_RETRIES, true),
            (6, ACTION_RETRIES, false),
        ] {
            assert_eq!(Retries::within(number, allowed).is_ok(), good, "{number}");
        }
        let error = Retries::within(11, WEBHOOK_RETRIES).expect_err("out of bounds");
        assert_eq!(error.to_string(), "11 retries are not allowed here; choose 1 to 10");
    }

    /// M9, W9: seconds and each of the three spellings of an HTTP date; everything else is ignored.
    #[test]
    fn m9_retry_after_is_read_or_ignored() {
        let now_ms = 784_111_747_000; // 1994-11-06T08:49:07Z
        let table = [
            ("2", Some(2_000)),
            (" 120\t", Some(120_000)),
            ("0", Some(0)),
            ("007", Some(7_000)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30_000)),
            ("Sun Nov  6 08:49:37 1994", Some(30_000)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", None),
            ("Sun, 06 Nov 1994 08:48:37 GMT", None),
            ("", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("1e3", None),
            ("5s", None),
            ("soon", None),
            ("2, 3", None),
            ("٣", None),
            ("18446744073709551615", None),
            ("99999999999999999999999", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("1994-11-06T08:49:37Z", None),
        ];
        for (value, expected) in table {
            assert_eq!(retry_after_ms(value, now_ms), expected, "{value:?}");
        }
        assert_eq!(retry_after_ms(&"1".repeat(65), now_ms), None);
    }

    /// M9: the receiver's wish replaces the backoff, within the bounds.
    #[test]
    fn m9_retry_after_is_honoured_within_bounds() {
        for (asked_ms, delay_ms) in [(2_000, 2_000), (0, 500), (u64::MAX, 120_000), (90_000, 90_000)] {
            assert_eq!(BACKOFF.next(retries(3), 3, NOW_MS, Some(asked_ms), 0), Next::At(NOW_MS + delay_ms));
        }
        assert_eq!(BACKOFF.next(retries(3), 4, NOW_MS, Some(2_000), 0), Next::Spent);
    }

    proptest! {
        /// W9: whatever the settings and the random number, a delay stays within its named bounds, and jitter is proportional.
        #[test]
        fn w9_delays_stay_within_bounds(
            base_ms in 1_u64..100_000, cap_ms in 1_u64..10_000_000, made in 1_u32..=10, random: u64, asked_ms: Option<u64>,
        ) {
            let backoff = Backoff { base_ms, cap_ms, ..Backoff::default() };
            let Next::At(at_ms) = backoff.next(retries(10), made, NOW_MS, asked_ms, random) else {
                return Err(TestCaseError::fail("spent too early"));
            };
            let delay_ms = u64::try_from(at_ms - NOW_MS).expect("not in the past");
            match asked_ms {
                Some(asked_ms) => {
                    prop_assert!(asked_ms.clamp(backoff.retry_after_min_ms, backoff.retry_after_max_ms) <= delay_ms);
                    prop_assert!(delay_ms <= backoff.retry_after_max_ms);
                }
                None => {
                    let full_ms = (base_ms << (made - 1)).min(cap_ms);
                    prop_assert!(delay_ms <= full_ms);
                    prop_assert!(full_ms - full_ms * JITTER_PERCENT / 100 <= delay_ms);
                }
            }
        }

        /// W9: no time, however odd, makes the sum wrap around.
        #[test]
        fn w9_time_never_wraps(now_ms: i64, made in 1_u32..=10, random: u64, asked_ms: Option<u64>) {
            let next = Backoff::default().next(retries(10), made, now_ms, asked_ms, random);
            prop_assert!(matches!(next, Next::At(at_ms) if now_ms <= at_ms));
        }

        /// M9: no header value makes the reading panic.
        #[test]
        fn m9_any_retry_after_is_survived(value in ".{0,80}", now_ms: i64) {
            let _ = retry_after_ms(&value, now_ms);
        }
    }
}

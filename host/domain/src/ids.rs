//! Ids and random bytes. Ids are prefixed, sortable by time and lower case; both come from an [`IdGenerator`], so that a test
//! can own them.

use crate::clock::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};

/// Generates ids and random bytes.
pub trait IdGenerator: Send + Sync + 'static {
    /// Fills `buffer` with random bytes that are fit for keys.
    fn fill(&self, buffer: &mut [u8]);

    /// A new id such as `req_01jh5xk3...`: the prefix, an underscore, and a ULID in lower case.
    fn new_id(&self, prefix: &str, now: Timestamp) -> String;
}

/// A generator that several components share.
pub type SharedIdGenerator = Arc<dyn IdGenerator>;

/// The generator of production: random bytes from the operating system, ids that grow even within a millisecond.
#[derive(Debug, Default)]
pub struct SystemIdGenerator {
    last: Mutex<Option<ulid::Ulid>>,
}

impl IdGenerator for SystemIdGenerator {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness there are no safe keys: nothing sensible can be done but to stop.
        #[allow(clippy::expect_used, reason = "see above")]
        getrandom::fill(buffer).expect("the operating system provides random bytes");
    }

    fn new_id(&self, prefix: &str, now: Timestamp) -> String {
        let mut random = [0_u8; 16];
        self.fill(&mut random);
        let fresh = ulid::Ulid::from_parts(u64::try_from(now.0).unwrap_or(0), u128::from_be_bytes(random));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match *last {
            Some(before) if fresh <= before => before.increment().unwrap_or(fresh),
            _ => fresh,
        };
        *last = Some(next);
        format_id(prefix, next)
    }
}

/// Below every id of this prefix that was made at this time or later, and above those made before.
pub fn lowest_id(prefix: &str, at: Timestamp) -> String {
    format_id(prefix, ulid::Ulid::from_parts(u64::try_from(at.0).unwrap_or(0), 0))
}

fn format_id(prefix: &str, ulid: ulid::Ulid) -> String {
    let mut text = [0_u8; ulid::ULID_LEN];
    let body = ulid.array_to_str(&mut text);
    let mut id = String::with_capacity(prefix.len() + 1 + ulid::ULID_LEN);
    id.push_str(prefix);
    id.push('_');
    id.extend(body.chars().map(|letter| letter.to_ascii_lowercase()));
    id
}

/// Sixteen pseudo-random bytes derived from an id: the same for the same id, so that a replay sees what the first run saw.
pub fn derive_entropy(id: &str) -> (u64, u64) {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(id.as_bytes());
    let (mut high, mut low) = ([0_u8; 8], [0_u8; 8]);
    high.copy_from_slice(&digest[..8]);
    low.copy_from_slice(&digest[8..16]);
    (u64::from_be_bytes(high), u64::from_be_bytes(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_within_a_millisecond() {
        let generator = SystemIdGenerator::default();
        let ids: Vec<String> = (0..1000).map(|_| generator.new_id("req", Timestamp(1_700_000_000_000))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.len() == 30 && id.starts_with("req_") && *id == id.to_lowercase()));
    }

    /// An id that is made for a time in the past is above all others all the same: what is to be a border is not made as an id.
    #[test]
    fn the_lowest_id_of_a_time_divides_before_and_after() {
        let generator = SystemIdGenerator::default();
        let [before, at, after] = [999, 1_000, 1_001].map(|ms| generator.new_id("req", Timestamp(ms)));
        let border = lowest_id("req", Timestamp(1_000));
        assert!(before < border && border <= at && border < after, "{before} {border} {at}");
        assert!(after < generator.new_id("req", Timestamp(1)));
    }

    #[test]
    fn entropy_depends_on_the_id_alone() {
        assert_eq!(derive_entropy("req_a-0"), derive_entropy("req_a-0"));
        assert_ne!(derive_entropy("req_a-0"), derive_entropy("req_a-1"));
    }
}

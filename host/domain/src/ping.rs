//! Ping and post (L13): clients are asked for bids on a lead, without what identifies the person, and the lead is posted to the best one.
//! What a bid is worth, and which is the best, is decided here and nowhere else.

mod bids;
mod redact;
mod settings;

pub use bids::{Bid, NoBid, rank, weigh};
pub use redact::redact_lead;
pub use settings::{Ping, PingDraft};

use std::ops::RangeInclusive;

/// How long clients may take to bid, in milliseconds.
pub const PING_TIMEOUT_MS: RangeInclusive<u64> = 100..=30_000;
/// How many clients are asked for bids on one lead.
pub const PINGS_MAX: usize = 16;
/// How many custom fields a ping may tell.
pub const CUSTOM_FIELDS_MAX: usize = 50;
/// How long after the deadline it is decided, in milliseconds: what was responded in time is written then.
pub const DECIDE_AFTER_MS: i64 = 1_000;
/// How long after the deadline a bid counts, in milliseconds: when the client that bid more did not take the lead by then, the next one
/// is asked anew.
pub const BID_COUNTS_MS: i64 = 300_000;

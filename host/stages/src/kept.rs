//! Where a submission goes on that left its batch, was moved here or is posted again, as it is kept. Its lead stands in its row.

use super::bids::{Asked, StandingBid};
use super::way::Start;
use serde::{Deserialize, Serialize};

/// The version of the format that is written.
const FORMAT: u32 = 1;

/// Where a submission goes on, and what it must go on with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The version of the format that it was written in.
    pub format: u32,
    /// Where its way begins.
    pub start: Start,
    /// Where its way began at first, for one that was made of another one's lead: its own element is not what it is to be mapped from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_at: Option<Start>,
    /// Whether the first-submission action is behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_action_decided: bool,
    /// Whether it goes on though it is a duplicate: a person has said so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_duplicate_accepted: bool,
    /// The campaigns (the store's ids) that it was moved through, from the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visited: Vec<String>,
    /// What is left of the fallback list that it came with, as the ids that users know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// The clients that are asked for bids, while their responses are awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The bids that count, its own client's among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bids: Vec<StandingBid>,
    /// The campaigns (the store's ids) whose clients did not want it when they were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<String>,
}

/// Why a submission can't go on with what was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It is not this format.
    #[error("the kept state of a submission can't be read: {0}; repost the submission")]
    Unreadable(String),
    /// It was written by another version of the host.
    #[error(
        "the kept state of a submission has format {0}, and this host reads format {FORMAT}; repost the submission"
    )]
    Format(u32),
}

impl Kept {
    /// One that is made of another one's lead, and begins here.
    pub fn starting(start: Start) -> Self {
        Self { format: FORMAT, start, born_at: Some(start), ..Self::default() }
    }

    /// One that goes on here when what it waits for has come; with all else that was kept of it.
    pub fn going_on(kept: Option<&Self>, start: Start) -> Self {
        Self { format: FORMAT, start, ..kept.cloned().unwrap_or_default() }
    }

    /// One whose first-submission action said that it goes on.
    pub fn approved(kept: Option<&Self>) -> Self {
        Self { is_action_decided: true, ..Self::going_on(kept, Start::BetweenRules) }
    }

    /// What is kept of one that has ended: where it was made of another one's lead, it is run again with that.
    pub fn ended(kept: Option<&Self>) -> Option<Self> {
        kept.filter(|kept| kept.born_at.is_some()).cloned()
    }

    /// One that is checked again by the rules of its campaign: as it began, if it was made of another one's lead. Clients are asked anew for
    /// their bids.
    pub fn checked_again(kept: Option<&Self>) -> Self {
        Self::going_on(kept, kept.and_then(|kept| kept.born_at).unwrap_or(Start::Rules)).without_bids()
    }

    /// The same, but nobody was asked for a bid.
    #[must_use]
    pub fn without_bids(self) -> Self {
        // What it did not come with is its campaign's own list, in the order of the bids.
        let fallback = if self.born_at.is_some() { self.fallback } else { Vec::new() };
        Self { asked: None, bids: Vec::new(), declined: Vec::new(), fallback, ..self }
    }

    /// The same with the bids that another one has, and with who said no to it.
    #[must_use]
    pub fn with_bids_of(self, other: Option<&Self>) -> Self {
        let Some(Self { bids, declined, .. }) = other.cloned() else { return self };
        Self { bids, declined, ..self }
    }

    /// The bid of a campaign's client, as long as it counts.
    pub fn bid_of(&self, campaign_key: &str, now_ms: i64) -> Option<&StandingBid> {
        self.bids.iter().find(|bid| bid.campaign_key == campaign_key && now_ms < bid.until)
    }

    /// What is kept of one that is reprocessed: nothing, so that it is mapped again, unless it was made of another one's lead.
    pub fn reprocessed(kept: Option<&Self>) -> Option<Self> {
        let born_at = kept?.born_at?;
        Some(Self { is_action_decided: false, ..Self::going_on(kept, born_at) }.without_bids())
    }

    /// As a database keeps it.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where it is something else, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let unreadable = |error: serde_json::Error| KeptError::Unreadable(error.to_string());
        // The version first: what follows it may have changed.
        let Format { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(KeptError::Format(format));
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_back() {
        let kept = Kept {
            is_action_decided: true,
            visited: vec!["cmp_a".into()],
            fallback: vec!["B".into(), "C".into()],
            ..Kept::starting(Start::BetweenRules)
        };
        assert_eq!(Kept::from_bytes(&kept.to_bytes()), Ok(kept));
        let plain = Kept::starting(Start::BeforeShape);
        assert_eq!(plain.to_bytes(), br#"{"format":1,"start":"before_shape","born_at":"before_shape"}"#);
        assert_eq!(Kept::from_bytes(&plain.to_bytes()), Ok(plain));
    }

    /// What is mapped from its element is mapped again; what was made of another one's lead begins where it began.
    #[test]
    fn l9_one_begins_again_as_it_began() {
        let queued = Kept::checked_again(None);
        assert_eq!((queued.start, queued.born_at), (Start::Rules, None));
        assert_eq!(Kept::reprocessed(Some(&queued)), None);
        let moved = Kept { visited: vec!["cmp_a".into()], ..Kept::starting(Start::BeforeShape) };
        let waiting = Kept::approved(Some(&moved));
        assert_eq!(Kept::ended(Some(&waiting)), Some(waiting.clone()));
        assert_eq!((Kept::ended(Some(&Kept::approved(None))), Kept::ended(None)), (None, None));
        assert_eq!(Kept::checked_again(Some(&waiting)).start, Start::BeforeShape);
        assert_eq!(Kept::reprocessed(Some(&waiting)), Some(moved));
    }

    /// L13: a bid counts for its campaign and for a time; who is checked again is bid on again.
    #[test]
    fn l13_a_bid_counts_for_a_time() {
        let bid =
            StandingBid { campaign_key: "cmp_b".into(), price: "1.50".into(), token: Some("t".into()), until: 10 };
        let kept =
            Kept { bids: vec![bid.clone()], declined: vec!["cmp_c".into()], ..Kept::starting(Start::BeforeShape) };
        assert_eq!(Kept::from_bytes(&kept.to_bytes()), Ok(kept.clone()));
        assert_eq!(
            (kept.bid_of("cmp_b", 9), kept.bid_of("cmp_b", 10), kept.bid_of("cmp_c", 0)),
            (Some(&bid), None, None)
        );
        assert_eq!(Kept::checked_again(Some(&kept)), Kept::starting(Start::BeforeShape));
        assert_eq!(Kept::reprocessed(Some(&kept)), Some(Kept::starting(Start::BeforeShape)));
    }

    #[test]
    fn what_can_not_be_gone_on_with_is_rejected() {
        let rejected = |body: &str| Kept::from_bytes(format!("{{{body}}}").as_bytes()).unwrap_err();
        assert_eq!(rejected("\"format\":2,\"place\":7"), KeptError::Format(2));
        let table = [
            "",
            "\"format\":\"1\"",
            "\"format\":1",
            "\"format\":1,\"start\":\"nowhere\"",
            "\"format\":1,\"start\":\"map\",\"more\":1",
        ];
        for body in table {
            assert!(matches!(rejected(body), KeptError::Unreadable(_)), "{body}");
        }
        assert!(matches!(Kept::from_bytes(b"\xff"), Err(KeptError::Unreadable(_))));
    }
}

//! What the response to a ping is worth, and which bid is the best.

use crate::interpret::OutcomeKind;
use hookmill_decimal::Decimal;
use std::cmp::Reverse;
use strum::IntoStaticStr;

/// What a client said to a ping, and what its owner set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bid<'a> {
    /// What its response means; none where it did not respond in time.
    pub outcome: Option<OutcomeKind>,
    /// The price that its response says.
    pub price: Option<&'a str>,
    /// The price of an acceptance that says none.
    pub usual_price: Option<&'a str>,
    /// The least price that counts.
    pub min_price: Option<&'a str>,
}

/// Why a ping brought no bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NoBid {
    /// There was no response in time, or none that can be read.
    Unanswered,
    /// The client does not want the lead.
    Declined,
    /// It accepted without a price, or with one that is negative, and no price is set for that.
    NoPrice,
    /// It offers less than counts.
    BelowMinimum,
}

impl NoBid {
    /// Its name in the timeline.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The price of a bid, or why it is none. A price is never guessed: what is not a decimal number of 0 or more is not taken for one.
///
/// # Errors
/// Why there is no bid.
pub fn weigh(bid: Bid<'_>) -> Result<Decimal, NoBid> {
    match bid.outcome {
        Some(OutcomeKind::Accepted) => {}
        Some(OutcomeKind::Rejected | OutcomeKind::Duplicate) => return Err(NoBid::Declined),
        Some(OutcomeKind::Retry | OutcomeKind::Failed) | None => return Err(NoBid::Unanswered),
    }
    let read = |text: Option<&str>| Decimal::parse(text?).ok().filter(|price| !price.is_negative());
    let price = match bid.price {
        Some(price) => read(Some(price)),
        None => read(bid.usual_price),
    };
    let price = price.ok_or(NoBid::NoPrice)?;
    match bid.min_price.map(Decimal::parse) {
        None => Ok(price),
        Some(Ok(least)) if least <= price => Ok(price),
        // What was saved as a number can be read; what can't is not passed over.
        Some(_) => Err(NoBid::BelowMinimum),
    }
}

/// The places of the bids, the best first: the highest price, and of equal ones the first of the list.
pub fn rank(bids: &[Result<Decimal, NoBid>]) -> Vec<usize> {
    let mut ranked: Vec<(usize, &Decimal)> =
        bids.iter().enumerate().filter_map(|(at, bid)| Some((at, bid.as_ref().ok()?))).collect();
    // The order of the list stays among equals.
    ranked.sort_by_key(|(_, price)| Reverse(*price));
    ranked.into_iter().map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepted(price: Option<&str>) -> Bid<'_> {
        Bid { outcome: Some(OutcomeKind::Accepted), price, ..Bid::default() }
    }

    fn weighed(bid: Bid<'_>) -> Result<String, &'static str> {
        weigh(bid).map(|price| price.digits()).map_err(NoBid::as_str)
    }

    /// L13: an acceptance with a price is a bid, and nothing else.
    #[test]
    fn l13_what_a_response_is_worth() {
        let of = |outcome| Bid { outcome, price: Some("9"), usual_price: Some("9"), min_price: None };
        let with = |price, usual_price, min_price| Bid { usual_price, min_price, ..accepted(price) };
        let table = [
            (of(Some(OutcomeKind::Accepted)), Ok("9")),
            (of(Some(OutcomeKind::Rejected)), Err("declined")),
            (of(Some(OutcomeKind::Duplicate)), Err("declined")),
            (of(Some(OutcomeKind::Retry)), Err("unanswered")),
            (of(Some(OutcomeKind::Failed)), Err("unanswered")),
            (of(None), Err("unanswered")),
            (accepted(None), Err("no_price")),
            (with(None, Some("4.20"), None), Ok("4.20")),
            (with(Some("5"), Some("4.20"), None), Ok("5")),
            (with(Some("0"), None, None), Ok("0")),
            (with(Some("-1"), None, None), Err("no_price")),
            // What the client said counts, also when it can't be used.
            (with(Some("-1"), Some("4.20"), None), Err("no_price")),
            (with(Some("$5"), Some("4.20"), None), Err("no_price")),
            (with(Some("4.99"), None, Some("5")), Err("below_minimum")),
            (with(Some("5.00"), None, Some("5")), Ok("5.00")),
            (with(None, Some("4"), Some("5")), Err("below_minimum")),
            (with(Some("0.30000000000000000000000001"), None, Some("0.3")), Ok("0.30000000000000000000000001")),
        ];
        for (bid, expected) in table {
            assert_eq!(weighed(bid), expected.map(str::to_owned), "{bid:?}");
        }
    }

    /// L13: prices are compared as decimals, and the first of equal ones wins.
    #[test]
    fn l13_the_highest_price_wins() {
        let ranked =
            |prices: &[&str]| rank(&prices.iter().map(|price| weigh(accepted(Some(*price)))).collect::<Vec<_>>());
        assert_eq!(ranked(&["9", "10", "8.99"]), [1, 0, 2]);
        assert_eq!(ranked(&["1.0", "1", "1.00"]), [0, 1, 2]);
        assert_eq!(ranked(&["x", "0", "-1"]), [1]);
        assert_eq!(ranked(&["0.1", "0.10000000000000000000000000001"]), [1, 0]);
        assert!(ranked(&["x"]).is_empty() && ranked(&[]).is_empty());
    }

    fn any_bid() -> impl Strategy<Value = Result<Decimal, NoBid>> {
        prop_oneof![
            (0_i64..5).prop_map(|price| Ok(Decimal::integer(price))),
            Just(Err(NoBid::Unanswered)),
            Just(Err(NoBid::Declined)),
        ]
    }

    proptest! {
        /// L13: every bid is ranked once and nothing else is; none stands behind a lower one, nor behind an equal one that comes later.
        #[test]
        fn l13_bids_are_ranked_by_price_then_by_order(bids in proptest::collection::vec(any_bid(), 0..12)) {
            let ranked = rank(&bids);
            let mut places = ranked.clone();
            places.sort_unstable();
            let expected: Vec<usize> = (0..bids.len()).filter(|at| bids[*at].is_ok()).collect();
            prop_assert_eq!(places, expected);
            for pair in ranked.windows(2) {
                let (one, other) = (bids[pair[0]].clone().unwrap(), bids[pair[1]].clone().unwrap());
                prop_assert!(other < one || (one == other && pair[0] < pair[1]));
            }
        }

        /// L13: who does not bid changes nothing for those who do.
        #[test]
        fn l13_who_does_not_bid_changes_nothing(bids in proptest::collection::vec(any_bid(), 0..12), at in 0_usize..12) {
            let at = at.min(bids.len());
            let mut more = bids.clone();
            more.insert(at, Err(NoBid::Declined));
            let moved: Vec<usize> = rank(&bids).into_iter().map(|place| place + usize::from(at <= place)).collect();
            prop_assert_eq!(rank(&more), moved);
        }
    }
}

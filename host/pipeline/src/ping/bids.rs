//! What came of pings, read from their rows, and what follows: pure, so that a host that lost its memory decides the same.

use hookmill_domain::interpret::OutcomeKind;
use hookmill_domain::ping::{BID_COUNTS_MS, Bid, NoBid, rank, weigh};
use hookmill_stages::{Asked, AskedClient, Kept, StandingBid, Start};
use hookmill_store::pings::PingRow;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What a client responded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Response {
    /// In one word; none where nothing is written.
    outcome: Option<String>,
    price: Option<String>,
    /// Whether it says a price that can't be used: then none is put in its place.
    has_bad_price: bool,
    token: Option<String>,
    reason: Option<String>,
}

/// What clients responded, by the ping.
#[derive(Debug, Default)]
pub(crate) struct Responses(HashMap<String, Response>);

/// What came of asking for bids on a lead.
#[derive(Debug, PartialEq)]
pub(crate) struct Decision {
    /// The bids that count, the best first.
    standing: Vec<StandingBid>,
    /// The ids that users know, of the campaigns of these bids.
    campaign_ids: Vec<String>,
    /// The campaigns whose clients said no.
    declined: Vec<String>,
    /// Every ping, for the timeline.
    shown: Vec<Value>,
}

impl Responses {
    /// Of a ping that was sent more than once, the first response that came counts.
    pub(crate) fn of(rows: Vec<PingRow>) -> Self {
        let mut responses: HashMap<String, Response> = HashMap::with_capacity(rows.len());
        let mut responded = HashMap::new();
        for row in rows {
            let has_response = row.status.is_some();
            if *responded.get(&row.delivery_id).unwrap_or(&false) {
                continue;
            }
            responded.insert(row.delivery_id.clone(), has_response);
            responses.insert(row.delivery_id.clone(), Response::of(&row));
        }
        Self(responses)
    }
}

impl Response {
    fn of(row: &PingRow) -> Self {
        let detail: Value =
            row.detail.as_deref().and_then(|detail| serde_json::from_slice(detail).ok()).unwrap_or_default();
        let text = |name: &str| detail[name].as_str().map(str::to_owned);
        let warnings = detail["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has_bad_price =
            detail["error"] == "unwritable" || warnings.iter().any(|warning| warning["path"] == "price");
        let (price, token, reason) = (text("price"), text("reference"), text("reason"));
        Self { outcome: row.outcome.clone(), price, has_bad_price, token, reason }
    }

    /// What it means; none for what stands for a missing one.
    fn kind(&self) -> Option<OutcomeKind> {
        OutcomeKind::from_name(self.outcome.as_deref()?)
    }
}

impl Decision {
    /// Weighs what came of the pings. What is not written by now does not count.
    pub(crate) fn of(asked: &Asked, responses: &Responses) -> Self {
        let none = Response::default();
        let read = |client: &AskedClient| responses.0.get(&client.delivery_id).unwrap_or(&none).clone();
        let came: Vec<Response> = asked.clients.iter().map(read).collect();
        let weighed: Vec<_> =
            asked.clients.iter().zip(&came).map(|(client, response)| weigh(bid(client, response))).collect();
        let ranked = rank(&weighed);
        let until = asked.expires_at.saturating_add(BID_COUNTS_MS);
        let standing = ranked.iter().filter_map(|at| {
            let price = weighed[*at].as_ref().ok()?.digits();
            let campaign_key = asked.clients[*at].campaign_key.clone();
            Some(StandingBid { campaign_key, price, token: came[*at].token.clone(), until })
        });
        let said_no = |no_bid: &NoBid| *no_bid != NoBid::Unanswered;
        let declined = asked.clients.iter().zip(&weighed).filter(|(_, bid)| bid.as_ref().is_err_and(said_no));
        let shown = (0..came.len()).map(|at| {
            let place = ranked.iter().position(|ranked| *ranked == at);
            show(
                &asked.clients[at],
                &came[at],
                weighed[at].as_ref().map(|price| price.digits()).map_err(|no_bid| *no_bid),
                place,
            )
        });
        Self {
            standing: standing.collect(),
            campaign_ids: ranked.iter().map(|at| asked.clients[*at].campaign_id.clone()).collect(),
            declined: declined.map(|(client, _)| client.campaign_key.clone()).collect(),
            shown: shown.collect(),
        }
    }

    /// The campaigns that have bid, the best first.
    pub(crate) fn bidders(&self) -> impl Iterator<Item = (&StandingBid, &str)> {
        self.standing.iter().zip(self.campaign_ids.iter().map(String::as_str))
    }

    /// Every ping, for the timeline.
    pub(crate) fn show_pings(&self) -> Value {
        Value::Array(self.shown.clone())
    }

    /// What is kept of a lead that this was decided about: who is next should its client not take it, with the bids.
    pub(crate) fn keep_here(&self, kept: &Kept, own: &str) -> Kept {
        let others = self.bidders().filter(|(bid, _)| bid.campaign_key != own).map(|(_, id)| id.to_owned());
        let rest = kept.fallback.iter().filter(|id| !self.campaign_ids.contains(id)).cloned();
        let declined = kept.declined.iter().chain(&self.declined).cloned();
        Kept {
            start: Start::BeforeShape,
            asked: None,
            bids: self.standing.clone(),
            declined: declined.collect(),
            fallback: others.chain(rest).collect(),
            ..kept.clone()
        }
    }

    /// What a lead goes on with in another campaign, whose bid is at this place. Its own campaign is visited unless it has bid as well:
    /// then it may come back.
    pub(crate) fn keep_elsewhere(&self, kept: &Kept, own: &str, place: usize, list: &[String], start: Start) -> Kept {
        let behind = self.campaign_ids.iter().skip(place + 1).cloned();
        let rest = list.iter().filter(|id| !self.campaign_ids.contains(id)).cloned();
        let has_bid = self.standing.iter().any(|bid| bid.campaign_key == own);
        let visited = kept.visited.iter().cloned().chain((!has_bid).then(|| own.to_owned()));
        let Kept { bids, declined, .. } = self.keep_here(kept, own);
        Kept {
            visited: visited.collect(),
            fallback: behind.chain(rest).collect(),
            bids,
            declined,
            ..Kept::starting(start)
        }
    }
}

fn bid<'a>(client: &'a AskedClient, response: &'a Response) -> Bid<'a> {
    Bid {
        outcome: response.kind(),
        price: response.price.as_deref(),
        usual_price: client.price.as_deref().filter(|_| !response.has_bad_price),
        min_price: client.min_price.as_deref(),
    }
}

fn show(client: &AskedClient, response: &Response, weighed: Result<String, NoBid>, place: Option<usize>) -> Value {
    let (price, no_bid) = match weighed {
        Ok(price) => (Some(price), None),
        Err(no_bid) => (response.price.clone(), Some(no_bid.as_str())),
    };
    let mut shown = json!({
        "campaign_id": client.campaign_id,
        "delivery_id": client.delivery_id,
        "outcome": response.outcome,
        "price": price,
        "token": response.token,
        "reason": response.reason,
        "no_bid": no_bid,
        "rank": place.map(|place| place + 1),
    });
    // What was not said is not said here either.
    if let Some(members) = shown.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str) -> AskedClient {
        AskedClient {
            delivery_id: format!("dlv_{name}"),
            campaign_key: format!("cmp_{name}"),
            campaign_id: name.to_uppercase(),
            price: None,
            min_price: None,
        }
    }

    fn row(name: &str, outcome: &str, detail: Value) -> PingRow {
        let status = (OutcomeKind::from_name(outcome).is_some()).then_some(200);
        PingRow {
            delivery_id: format!("dlv_{name}"),
            outcome: Some(outcome.into()),
            status,
            detail: Some(detail.to_string().into_bytes()),
        }
    }

    fn accepted(name: &str, price: &str) -> PingRow {
        row(name, "accepted", json!({"price": price, "reference": format!("t-{name}")}))
    }

    fn asked(names: &[&str]) -> Asked {
        Asked {
            expires_at: 1_000,
            clients: names.iter().map(|name| client(name)).collect(),
            value_sets: Default::default(),
        }
    }

    fn decide(names: &[&str], rows: Vec<PingRow>) -> Decision {
        Decision::of(&asked(names), &Responses::of(rows))
    }

    fn ids(decision: &Decision) -> Vec<&str> {
        decision.bidders().map(|(_, id)| id).collect()
    }

    /// L13: where a client says a price that can't be read, the usual one is not put in its place.
    #[test]
    fn l13_a_price_that_can_not_be_read_is_not_guessed() {
        let with_usual = |name: &str| AskedClient { price: Some("4.20".into()), ..client(name) };
        let bad = json!({"price": null, "warnings": [{"code": "part_left_out", "path": "price", "message": "no"}]});
        let rows = vec![
            row("a", "accepted", bad),
            row("b", "accepted", json!({"price": null})),
            row("c", "accepted", json!({"error": "unwritable"})),
        ];
        let asked = Asked {
            expires_at: 1_000,
            clients: ["a", "b", "c"].map(with_usual).into(),
            value_sets: Default::default(),
        };
        let decision = Decision::of(&asked, &Responses::of(rows));
        assert_eq!(ids(&decision), ["B"]);
        assert_eq!(
            (&decision.shown[0]["no_bid"], &decision.shown[2]["no_bid"]),
            (&json!("no_price"), &json!("no_price"))
        );
    }

    /// L13: the best price first, of equal ones the first of the list, each with its token; who said nothing or no is none of them.
    #[test]
    fn l13_bids_stand_in_their_order() {
        let rows = vec![
            accepted("b", "5.0"),
            accepted("a", "5"),
            row("c", "rejected", json!({"price": "9"})),
            accepted("d", "7.5"),
        ];
        let decision = decide(&["a", "b", "c", "d", "e"], rows);
        assert_eq!(ids(&decision), ["D", "A", "B"]);
        assert_eq!(decision.standing[0].token.as_deref(), Some("t-d"));
        assert_eq!(decision.standing[0].until, 1_000 + BID_COUNTS_MS);
        assert_eq!(decision.declined, ["cmp_c"]);
        let shown = |at: usize, name: &str| decision.shown[at][name].clone();
        assert_eq!(
            (shown(3, "rank"), shown(2, "no_bid"), shown(4, "no_bid")),
            (json!(1), json!("declined"), json!("unanswered"))
        );
        assert_eq!(shown(4, "outcome"), Value::Null);
    }

    /// L13: whatever the rows hold, nothing is taken for a bid that is none.
    #[test]
    fn l13_nonsense_is_no_bid() {
        let rows = vec![
            row("a", "accepted", json!({"price": 5})),
            row("b", "accepted", json!([])),
            row("c", "deadline_passed", json!({"price": "5"})),
            PingRow { delivery_id: "dlv_d".into(), outcome: None, status: None, detail: None },
            PingRow { detail: Some(b"\xff".to_vec()), ..row("e", "accepted", json!({})) },
        ];
        let decision = decide(&["a", "b", "c", "d", "e"], rows);
        assert!(decision.standing.is_empty());
        assert_eq!(decision.declined, ["cmp_a", "cmp_b", "cmp_e"]);
    }

    /// H2: of a ping that was sent twice, the response counts that came first.
    #[test]
    fn h2_of_two_responses_the_first_counts() {
        let failed = PingRow { status: None, ..row("a", "retry", json!({})) };
        let decision = decide(&["a"], vec![failed, accepted("a", "5"), accepted("a", "6")]);
        assert_eq!(decision.standing[0].price, "5");
    }

    /// L13: who bid less is next should the client not take it, then the rest of the list; who said no is passed over.
    #[test]
    fn l13_the_next_best_bid_is_next() {
        let kept = Kept { fallback: vec!["X".into(), "B".into()], ..Kept::going_on(None, Start::BeforeShape) };
        let rows =
            || vec![accepted("own", "9"), accepted("b", "5"), accepted("c", "7"), row("d", "rejected", json!({}))];
        let decision = decide(&["own", "b", "c", "d"], rows());
        let next = decision.keep_here(&kept, "cmp_own");
        assert_eq!(
            (next.fallback, next.declined),
            (vec!["C".into(), "B".into(), "X".into()], vec!["cmp_d".to_owned()])
        );
        assert_eq!(next.bids.len(), 3);
        // Where another one gets it, its own client is one of those that are next.
        let decision = decide(&["own", "b", "c", "d"], [vec![accepted("c", "9.5")], rows()].concat());
        let list = ["B", "C", "D", "X"].map(str::to_owned);
        let elsewhere = decision.keep_elsewhere(&kept, "cmp_own", 0, &list, Start::BeforeShape);
        assert_eq!(elsewhere.fallback, ["OWN", "B", "D", "X"]);
        assert!(elsewhere.visited.is_empty() && elsewhere.born_at == Some(Start::BeforeShape));
        let decision = decide(&["own", "b"], vec![accepted("b", "1")]);
        assert_eq!(decision.keep_elsewhere(&kept, "cmp_own", 0, &list, Start::Rules).visited, ["cmp_own"]);
    }
}

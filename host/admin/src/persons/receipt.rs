//! The receipt of an erasure: what was erased, what is under way, and what remains and why.

use crate::rows::{Erasure, ErasureDetails};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::hex::write_hex;
use hookmill_domain::state::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The receipt of an erasure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureReceipt {
    /// The erasure.
    #[schema(example = "era_01kxs3n9v6z4c6c0x5h2rg5m7k")]
    pub id: String,
    /// How far it is.
    pub state: ErasureState,
    /// SHA-256 of the address and a secret of the organization: the same for the same address, and in no other place.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub person: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was asked for: what came later is not erased.
    #[schema(format = DateTime)]
    pub requested_at: String,
    /// When nothing was left to be done; null while it is under way.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// How much was erased so far.
    pub erased: ErasedCounts,
    /// The submissions that are to be erased still, the first 100: each is erased by itself once nothing of it is under way.
    pub under_way: Vec<UnderWay>,
    /// What remains, and why.
    pub remains: Vec<Remainder>,
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// What is to be erased is being looked for.
    Searching,
    /// All of it is found, and something of it is under way still, such as a request to a client.
    Waiting,
    /// Nothing is left to be done.
    Done,
}

/// How much was erased, by kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ErasedCounts {
    /// Submissions, with their leads, decisions and details.
    pub submissions: i64,
    /// How many of them were canceled by it, since they had not ended.
    pub canceled: i64,
    /// Elements of raw requests.
    pub elements: i64,
    /// Messages to clients and webhooks.
    pub messages: i64,
    /// Attempts, with the responses to them.
    pub attempts: i64,
    /// Details of events.
    pub events: i64,
    /// Leads. One with submissions that came later stays, and is known by those alone.
    pub leads: i64,
    /// Hashes by which leads are found.
    pub identities: i64,
    /// Rejected requests that named the person.
    pub rejected_requests: i64,
    /// Jobs whose responses showed leads.
    pub jobs: i64,
}

/// A submission that is to be erased still.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnderWay {
    /// The submission.
    pub submission_id: String,
    /// Its state.
    #[schema(value_type = State)]
    pub state: String,
}

/// Something that remains.
#[derive(Debug, Serialize, ToSchema)]
pub struct Remainder {
    /// What it is, as a stable code.
    pub what: &'static str,
    /// Why it remains.
    pub why: &'static str,
    /// What of it is meant, where that is single things; the first 100.
    pub ids: Vec<String>,
}

/// What remains of every person.
const REMAINS: [(&str, &str); 9] = [
    (
        "submissions",
        "ids, campaigns, states, causes and times stay, with the number of attempts and prices: counters and bills rest on them, and they say nothing of the person",
    ),
    (
        "messages",
        "SHA-256 of what had been sent stays with its delivery, with status and times: it proves what a receiver got, and shows nothing of it",
    ),
    ("person", "the hash in `person` stays, as a proof that this address was erased"),
    ("audit_log", "who exported or erased stays, and when; the person is not named there"),
    (
        "idempotency_keys",
        "hashes of the keys and bodies of requests stay until they expire, 7 days after their first use: a request that is sent again must not become another one",
    ),
    ("receivers", "what clients and webhooks got before is with them: ask them to erase it"),
    (
        "other_leads",
        "what the leads of others say of the person is theirs, such as who referred them; and what names the person in no way that is searched for, such as an address in a picture",
    ),
    (
        "tables",
        "value sets, documents, plugins and the filters of bulk jobs are the organization's own and are not looked through",
    ),
    (
        "copies",
        "backups, replicas and archives that were made before, and the free space of the database's files until it is written to again: `vacuum full` on PostgreSQL and `vacuum` on SQLite overwrite it",
    ),
];

/// What remains of some, by the kind of its notes.
const NOTED: [(&str, &str, &str); 2] = [
    (
        "related_lead",
        "related_leads",
        "these leads are known by an address that an erased submission had, too, and may be somebody else: erase them by their own address if they are the person",
    ),
    (
        "shared_element",
        "shared_elements",
        "these submissions were made of an element that an erased one was made of: they stay, but their element is gone, so they can't be mapped or replayed again",
    ),
];

#[derive(Deserialize)]
struct Progress {
    step: String,
}

impl ErasureState {
    /// How far an erasure is.
    pub fn of(erasure: &Erasure) -> Self {
        let step = serde_json::from_slice(&erasure.progress).map(|Progress { step }| step).unwrap_or_default();
        match (erasure.finished_at, step.as_str()) {
            (Some(_), _) => Self::Done,
            (None, "settle" | "done") => Self::Waiting,
            (None, _) => Self::Searching,
        }
    }
}

impl From<ErasureDetails> for ErasureReceipt {
    fn from(details: ErasureDetails) -> Self {
        let ErasureDetails { erasure, counts, notes, under_way } = details;
        let mut of_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (kind, subject) in notes {
            of_kind.entry(kind).or_default().push(subject);
        }
        let noted = NOTED.into_iter().filter_map(|(kind, what, why)| {
            let ids = of_kind.remove(kind)?;
            Some(Remainder { what, why, ids })
        });
        let always = REMAINS.into_iter().map(|(what, why)| Remainder { what, why, ids: Vec::new() });
        let remains = noted.chain(always).collect();
        let under_way = under_way.into_iter().map(|(submission_id, state)| UnderWay { submission_id, state });
        Self {
            state: ErasureState::of(&erasure),
            person: write_hex(&erasure.person_hash),
            requested_at: Timestamp(erasure.requested_at).rfc3339(),
            finished_at: erasure.finished_at.map(|at| Timestamp(at).rfc3339()),
            id: erasure.id,
            requested_by: erasure.user_id,
            erased: ErasedCounts::of(counts),
            under_way: under_way.collect(),
            remains,
        }
    }
}

impl ErasedCounts {
    fn of(counts: Vec<(String, i64)>) -> Self {
        let counts: BTreeMap<String, i64> = counts.into_iter().collect();
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        Self {
            submissions: count("submissions"),
            canceled: count("canceled"),
            elements: count("elements"),
            messages: count("messages"),
            attempts: count("attempts"),
            events: count("events"),
            leads: count("leads"),
            identities: count("identities"),
            rejected_requests: count("rejected_requests"),
            jobs: count("jobs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(progress: &[u8], finished_at: Option<i64>) -> ErasureDetails {
        let [id, user_id] = ["era_1", "usr_1"].map(str::to_owned);
        let (person_hash, progress) = (vec![0xab, 1], progress.to_vec());
        let notes = [("related_lead", "lead_2"), ("related_lead", "lead_3")];
        ErasureDetails {
            erasure: Erasure { id, user_id, person_hash, requested_at: 0, finished_at, progress },
            counts: vec![("submissions".to_owned(), 3), ("elements".to_owned(), 2)],
            notes: notes.map(|(kind, subject)| (kind.to_owned(), subject.to_owned())).to_vec(),
            under_way: vec![("req_1-0".to_owned(), "delivering".to_owned())],
        }
    }

    #[test]
    fn l12_a_receipt_says_what_was_erased_and_what_remains() {
        let receipt = ErasureReceipt::from(details(br#"{"step":"settle","is_searched":false}"#, None));
        assert_eq!((receipt.state, receipt.person.as_str()), (ErasureState::Waiting, "ab01"));
        assert_eq!((receipt.erased.submissions, receipt.erased.elements, receipt.erased.jobs), (3, 2, 0));
        assert_eq!(receipt.under_way[0].state, "delivering");
        assert_eq!((receipt.remains[0].what, receipt.remains[0].ids.len()), ("related_leads", 2));
        assert_eq!(receipt.remains.len(), 1 + REMAINS.len());
        assert_eq!(ErasureReceipt::from(details(b"{\"step\":\"mapped\"}", None)).state, ErasureState::Searching);
        let done = ErasureReceipt::from(details(b"{\"step\":\"done\"}", Some(1_000)));
        assert_eq!((done.state, done.finished_at.as_deref()), (ErasureState::Done, Some("1970-01-01T00:00:01Z")));
    }
}

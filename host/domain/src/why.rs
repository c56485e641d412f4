//! Why a submission is in its state, in one sentence for people, with its parts for programs (O4). It is made from what is kept of the last
//! transition, and pure: the same rows give the same sentence.

mod client;
mod rules;
mod sentence;
#[cfg(test)]
mod tests;
mod text;
mod waiting;

use crate::clock::Timestamp;
use crate::state::State;
use serde::Serialize;
use serde_json::Value;

/// Why a submission is in its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Why {
    /// One sentence for people, which ends with a full stop.
    pub sentence: String,
    /// Where it was decided; null where nothing was decided yet.
    pub stage: Option<WhyStage>,
    /// The field it is about, if it is about one.
    pub field: Option<String>,
    /// The rule that decided, by its place in the document, such as `qualify[0]` or `interpret.outcomes[1]`.
    pub rule: Option<String>,
    /// What the rule expected; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What the field held. A field that was missing has no `actual` at all: missing is not null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
    /// What the client responded last, or the webhook of the first-submission action while it decides; null while nothing was asked.
    pub response: Option<WhyResponse>,
}

/// Where something was decided about a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyStage {
    /// The state of its campaign.
    Campaign,
    /// Mapping.
    Map,
    /// Enrichment.
    Enrich,
    /// The duplicate rule.
    Duplicates,
    /// Rules.
    Qualify,
    /// The first-submission action, or a reviewer.
    Action,
    /// The schedule.
    Schedule,
    /// Caps, and the queue for them.
    Caps,
    /// Shaping.
    Shape,
    /// Delivery to the client.
    Deliver,
    /// The client's response.
    Interpret,
    /// A person who administers the campaign.
    Person,
}

/// A response, or why there was none: as it came, bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WhyResponse {
    /// The HTTP status; null when there was no response.
    pub status: Option<u64>,
    /// The beginning of the body as text; null where it is not text.
    pub body: Option<String>,
    /// The beginning of the body in base64, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// Whether there is more of the body.
    pub truncated: bool,
    /// Why there was no response, as a stable code; null when there was one.
    pub error: Option<String>,
    /// More about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a submission stands: what the sentence is made from.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its state.
    pub state: State,
    /// The cause of its last transition.
    pub cause: &'a str,
    /// The detail of that transition; null where it has none.
    pub detail: &'a Value,
    /// The verdict and the warnings; null where there are none.
    pub decision: &'a Value,
    /// Its newest message to the client, or to the webhook of its action while that decides.
    pub asked: Option<&'a LastDelivery>,
    /// When the queue of its campaign is looked at next.
    pub queue_at: Option<Timestamp>,
    /// Whether its person was erased, and with them what was said of them.
    pub is_erased: bool,
}

/// The newest message of a submission to whoever decides about it.
#[derive(Debug, Clone, Default)]
pub struct LastDelivery {
    /// How many requests were made.
    pub attempts: i64,
    /// How many retries may follow the first.
    pub retries_max: i64,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// The detail of the last attempt; null while there is none.
    pub attempt: Value,
}

/// Why a submission is in its state.
pub fn explain(standing: &Standing<'_>) -> Why {
    let (stage, sentence) = sentence::compose(standing);
    let failed = rules::FailedRule::of(standing);
    let by_client = client::deciding_rule(standing);
    Why {
        sentence: text::as_sentence(&sentence),
        stage,
        field: failed.as_ref().and_then(|rule| rule.field.clone()).or_else(|| failed_field(standing)),
        rule: failed.as_ref().and_then(|rule| rule.rule.clone()).or(by_client),
        expected: failed.as_ref().and_then(|rule| rule.expected.clone()),
        actual: match failed {
            Some(rule) => rule.actual,
            None => failed_input(standing),
        },
        response: client::response(standing),
    }
}

/// The field that a stage failed on.
fn failed_field(standing: &Standing<'_>) -> Option<String> {
    let field = standing.detail["field"].as_str().filter(|field| !field.is_empty());
    field.filter(|_| standing.state == State::Quarantined).map(str::to_owned)
}

/// What a stage failed on.
fn failed_input(standing: &Standing<'_>) -> Option<Value> {
    failed_field(standing)?;
    standing.detail.get("input").filter(|input| !input.is_null()).cloned()
}

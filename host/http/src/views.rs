//! What is kept, as JSON that people and programs read. Times are RFC 3339, secrets are never here.

use hookmill_admin::{Listed, MASK, PageRequest};
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// A time: RFC 3339, in UTC.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-03-01T12:00:00Z")]
pub(super) struct Time(String);

/// The state of a submission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubmissionStatus)]
pub(super) struct SubmissionStatus {
    /// The submission.
    pub submission_id: String,
    /// Its state.
    #[schema(value_type = State)]
    pub state: String,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins: send it as `after`, or as `before` where the newest come first. Null at the end.
    pub next: Option<String>,
}

/// The size of a page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageSize {
    /// The number of items, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Which page of a list whose oldest rows come first.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// The `next` of the previous page.
    after: Option<String>,
}

/// Which page of a list whose newest rows come first.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Before {
    /// The `next` of the previous page.
    before: Option<String>,
}

impl PageSize {
    /// A page of a list whose oldest rows come first.
    pub(super) fn after(self, After { after }: After) -> PageRequest {
        PageRequest { limit: self.limit, from: after }
    }

    /// A page of a list whose newest rows come first.
    pub(super) fn before(self, Before { before }: Before) -> PageRequest {
        PageRequest { limit: self.limit, from: before }
    }

    /// The beginning of a list.
    pub(super) fn first(self) -> PageRequest {
        PageRequest { limit: self.limit, from: None }
    }
}

impl<T> Page<T> {
    /// A page of rows as they are shown.
    pub(super) fn of<R>(listed: Listed<R>, view: impl FnMut(R) -> T) -> Self {
        Self { items: listed.items.into_iter().map(view).collect(), next: listed.next }
    }
}

/// A time.
pub(super) fn time(ms: i64) -> Time {
    Time(Timestamp(ms).rfc3339())
}

/// Stored JSON.
pub(super) fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// The same as its text: a value of many small ones takes many times its bytes as a tree. Half of a surrogate pair stands in the grammar of
/// JSON, and most readers reject a text that has one: what may have one is read whole.
pub(super) fn json(bytes: &[u8]) -> Box<RawValue> {
    let has_surrogate = bytes.windows(3).any(|escape| matches!(escape, [b'\\', b'u', b'd' | b'D']));
    let text = if has_surrogate { to_raw_value(&value(bytes)) } else { serde_json::from_slice(bytes) };
    text.unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Headers with their values hidden: they may be credentials.
pub(super) fn mask_headers(headers: &BTreeMap<String, String>) -> BTreeMap<&str, &'static str> {
    headers.keys().map(|name| (name.as_str(), MASK)).collect()
}

/// A `curl` call that posts a lead to this campaign (I6), to be pasted into a shell.
pub(super) fn example(public_url: &str, key: &str, campaign_id: &str) -> String {
    let lead = serde_json::json!({
        "campaign_id": campaign_id,
        "first_name": "Alice",
        "last_name": "Smith",
        "email": "alice@example.com",
        "phone": "+15125550100",
    });
    // The shell puts the time into the idempotency key, so that the line works again and again.
    format!(
        "curl -sS {public_url}/v1/leads -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
         -d '{{\"idempotency_key\":\"example-'$(date +%s%N)'\",\"leads\":[{lead}]}}'"
    )
}

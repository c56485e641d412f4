//! What is kept, as JSON that people and programs read. Times are RFC 3339, secrets are never here.

use crate::error::HttpError;
use hookmill_domain::clock::Timestamp;
use hookmill_domain::state::State;
use hookmill_pipeline::Pipeline;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The placeholder of a hidden value.
pub(super) const MASKED: &str = "***";

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
    /// The number of rows; a number out of bounds is rejected.
    pub(super) fn limit(&self, pipeline: &Pipeline) -> Result<i64, HttpError> {
        let rows_max = pipeline.settings().limits.page_rows_max;
        let limit = self.limit.unwrap_or(rows_max.min(50));
        if (1..=rows_max).contains(&limit) {
            return Ok(limit);
        }
        Err(HttpError::invalid("limit", format!("must be 1 to {rows_max}")))
    }
}

impl After {
    /// Where the page begins; empty for the beginning.
    pub(super) fn id(&self) -> &str {
        without_nul(self.after.as_deref()).unwrap_or("")
    }
}

impl Before {
    /// Where the page begins; empty for the newest.
    pub(super) fn id(&self) -> &str {
        without_nul(self.before.as_deref()).unwrap_or("")
    }
}

/// A filter value, unless it is empty; U+0000 is removed, since no id has it.
pub(super) fn without_nul(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty() && !text.contains('\0'))
}

/// A page of rows, with the place where the next begins.
pub(super) fn page<R, T>(rows: Vec<R>, limit: i64, id: impl Fn(&R) -> &str, view: impl Fn(R) -> T) -> Page<T> {
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    let next = rows.last().filter(|_| full).map(|row| id(row).to_owned());
    Page { items: rows.into_iter().map(view).collect(), next }
}

/// A time.
pub(super) fn time(ms: i64) -> Time {
    Time(Timestamp(ms).rfc3339())
}

/// Stored JSON.
pub(super) fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// Headers with their values hidden: they may be credentials.
pub(super) fn mask_headers(headers: &BTreeMap<String, String>) -> BTreeMap<&str, &'static str> {
    headers.keys().map(|name| (name.as_str(), MASKED)).collect()
}

/// The headers of a draft, with the stored value where the draft has the mask; a mask without a stored value is rejected.
pub(super) fn restore_masked(
    given: &mut BTreeMap<String, String>,
    kept: Option<&BTreeMap<String, String>>,
) -> Result<(), HttpError> {
    for (name, value) in given.iter_mut().filter(|(_, value)| *value == MASKED) {
        let stays = kept.and_then(|kept| kept.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
        let (_, stays) = stays.ok_or_else(|| {
            HttpError::invalid(
                "headers",
                format!("has `{MASKED}` for `{name}`, but no value is stored; send the value"),
            )
        })?;
        value.clone_from(stays);
    }
    Ok(())
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

/// A name: 1 to 255 characters, not all of them blank, and no control characters. Leading and trailing blanks are removed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$")]
pub(super) struct Name(pub String);

/// A valid name.
pub(super) fn checked_name(pipeline: &Pipeline, path: &str, name: &Name) -> Result<String, HttpError> {
    let chars_max = pipeline.settings().limits.name_chars_max;
    let name = name.0.trim();
    if name.is_empty() {
        return Err(HttpError::invalid(path, "must not be empty"));
    }
    let chars = name.chars().count();
    if chars_max < chars {
        return Err(HttpError::invalid(path, format!("has {chars} characters, at most {chars_max} are allowed")));
    }
    if name.chars().any(char::is_control) {
        return Err(HttpError::invalid(path, "must not contain control characters"));
    }
    Ok(name.to_owned())
}

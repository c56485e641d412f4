//! What is kept, as JSON that people and programs read. Times are RFC 3339, secrets are never here.

use crate::clock::Timestamp;
use crate::model::refusal::Refusal;
use crate::pipeline::Pipeline;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands for a value that is not shown.
pub(super) const MASKED: &str = "***";

/// How a submission stands.
#[derive(Debug, Serialize)]
pub(super) struct SubmissionState {
    /// The submission.
    pub submission_id: String,
    /// Its state.
    pub state: String,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to put into `after` (or `before`, where the newest come first) for the next page; null at the end.
    pub next: Option<String>,
}

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PageQuery {
    after: Option<String>,
    before: Option<String>,
    limit: Option<i64>,
    state: Option<String>,
    submission: Option<String>,
    campaign: Option<String>,
}

impl PageQuery {
    /// Where the page begins when the oldest come first.
    pub(super) fn after(&self) -> &str {
        clean(self.after.as_deref()).unwrap_or("")
    }

    /// Where the page begins when the newest come first.
    pub(super) fn before(&self) -> &str {
        clean(self.before.as_deref()).unwrap_or("")
    }

    /// How many rows, within the bound.
    pub(super) fn limit(&self, pipeline: &Pipeline) -> i64 {
        let rows_max = pipeline.settings().limits.page_rows_max;
        self.limit.unwrap_or(rows_max.min(50)).clamp(1, rows_max)
    }

    /// The state to filter by; empty for all.
    pub(super) fn state(&self) -> &str {
        clean(self.state.as_deref()).unwrap_or("")
    }

    /// The submission to filter by; empty for all.
    pub(super) fn submission(&self) -> &str {
        clean(self.submission.as_deref()).unwrap_or("")
    }

    /// The campaign to filter by, as its users know it.
    pub(super) fn campaign(&self) -> Option<&str> {
        clean(self.campaign.as_deref())
    }
}

fn clean(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty() && !text.contains('\0'))
}

/// A page of rows, with the place where the next begins.
pub(super) fn page<R, T>(rows: Vec<R>, limit: i64, id: impl Fn(&R) -> &str, view: impl Fn(R) -> T) -> Page<T> {
    let full = usize::try_from(limit).is_ok_and(|limit| rows.len() == limit);
    let next = rows.last().filter(|_| full).map(|row| id(row).to_owned());
    Page { items: rows.into_iter().map(view).collect(), next }
}

/// A time.
pub(super) fn time(ms: i64) -> String {
    Timestamp(ms).rfc3339()
}

/// Kept JSON.
pub(super) fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// Headers with their values hidden: they may be credentials.
pub(super) fn masked(headers: &BTreeMap<String, String>) -> BTreeMap<&str, &'static str> {
    headers.keys().map(|name| (name.as_str(), MASKED)).collect()
}

/// Headers as they are asked for, with the kept value wherever the mask is given back; a mask without a kept value is refused.
pub(super) fn unmasked(
    given: &mut BTreeMap<String, String>,
    kept: Option<&BTreeMap<String, String>>,
) -> Result<(), Refusal> {
    for (name, value) in given.iter_mut().filter(|(_, value)| *value == MASKED) {
        let stays = kept.and_then(|kept| kept.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
        let (_, stays) = stays.ok_or_else(|| {
            Refusal::invalid(
                "headers",
                format!("has `{MASKED}` for `{name}`, of which no value is kept; send the value"),
            )
        })?;
        value.clone_from(stays);
    }
    Ok(())
}

/// A call that posts a lead to this very campaign (I6), to be pasted into a shell.
pub(super) fn example(public_url: &str, key: &str, public_id: &str) -> String {
    let lead = serde_json::json!({
        "campaign_id": public_id,
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

/// A name that may be kept: not empty, within the bound, without U+0000.
pub(super) fn checked_name(pipeline: &Pipeline, path: &str, name: &str) -> Result<String, Refusal> {
    let bytes_max = pipeline.settings().limits.name_bytes_max;
    let name = name.trim();
    if name.is_empty() {
        return Err(Refusal::invalid(path, "must not be empty"));
    }
    if bytes_max < name.len() {
        return Err(Refusal::invalid(path, format!("has {} bytes, at most {bytes_max} are allowed", name.len())));
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::invalid(path, "must not contain control characters"));
    }
    Ok(name.to_owned())
}

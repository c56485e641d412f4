//! What a client did with a lead, and what it responded.

use super::waiting::{there, unsigned};
use super::{LastDelivery, Standing, WhyResponse, text};
use crate::clock::Timestamp;
use crate::state::State;
use serde_json::Value;

/// A lead that is on its way to the client.
pub(super) fn delivering(standing: &Standing<'_>) -> String {
    if standing.cause == "pinged" {
        let until = standing.detail["expires_at"].as_str().and_then(Timestamp::parse);
        let until = until.map(|at| format!(" until {}", at.rfc3339())).unwrap_or_default();
        return format!("The lead passed everything, and clients are asked for bids on it{until}");
    }
    let Some(asked) = standing.asked.filter(|asked| 0 < asked.attempts) else {
        let bid = if standing.cause == "ping_won" { " its client has bid for it," } else { "" };
        return format!("The lead passed everything,{bid} and its message is on its way to the client");
    };
    let tries = asked.retries_max.saturating_add(1).max(asked.attempts);
    let next = match asked.next_at {
        Some(at) => format!("the next attempt is made at {}", at.rfc3339()),
        None => "the next attempt waits until its campaign is active".to_owned(),
    };
    let so_far = format!("attempt {} of {tries} ended with {}", asked.attempts, what_came(&asked.attempt));
    format!("The client has not accepted the lead yet: {so_far}, and {next}")
}

/// A lead that the client accepted.
pub(super) fn accepted(detail: &Value) -> String {
    let reference =
        text::part_of(detail, "reference").map(|reference| format!("its reference is {}", text::name(&reference)));
    let price = text::part_of(detail, "price").map(|price| format!("its price is {price}"));
    let more: Vec<String> = reference.into_iter().chain(price).collect();
    let more = if more.is_empty() { String::new() } else { format!("; {}", more.join(" and ")) };
    format!("The client accepted the lead{more}")
}

/// A lead that the client did not take, in these words.
pub(super) fn not_taken(standing: &Standing<'_>, what: &str) -> String {
    let detail = standing.detail;
    let because = match text::part_of(detail, "reason") {
        Some(reason) => format!(": {reason}"),
        None if standing.is_erased => String::new(),
        None => format!(" without a reason, with {}", what_came(last_response(standing))),
    };
    format!("{what}{because}{}", moved_on(detail))
}

/// A lead whose retries are used up.
pub(super) fn exhausted(standing: &Standing<'_>) -> String {
    let detail = standing.detail;
    let attempts =
        unsigned(detail["attempts"].as_i64().or(standing.asked.map(|asked| asked.attempts)).unwrap_or_default());
    let attempts = match attempts {
        0 => String::new(),
        attempts => format!(" in {}", text::count(attempts, "attempt", "attempts")),
    };
    let came = what_came(last_response(standing));
    let reason =
        text::part_of(detail, "reason").filter(|reason| !came.contains(reason)).map(|reason| format!(": {reason}"));
    let last = if standing.is_erased { String::new() } else { format!("; the last one ended with {came}") };
    format!("The client did not accept the lead{attempts}{last}{}{}", reason.unwrap_or_default(), moved_on(detail))
}

/// A lead that failed for good at the client.
pub(super) fn failed(standing: &Standing<'_>) -> String {
    let detail = standing.detail;
    let why = match detail["reason"].as_str() {
        Some("destination_removed") => "because the endpoint that its message was made for is gone".to_owned(),
        Some("destination_paused") => "because the endpoint of its campaign is paused".to_owned(),
        Some("campaign_version_unusable") => {
            "and was not sent, because the version of its campaign that would read the response can't be run any more"
                .to_owned()
        }
        reason => match reason.and_then(text::part) {
            Some(reason) => format!("at the client: {reason}"),
            None if standing.is_erased => "at the client".to_owned(),
            None => format!("at the client, with {}", what_came(last_response(standing))),
        },
    };
    format!("The lead failed {why}{}", moved_on(detail))
}

/// A lead of which nobody knows whether the client has it.
pub(super) fn not_interpreted(standing: &Standing<'_>) -> String {
    let came = match standing.is_erased {
        true => "its response".to_owned(),
        false => what_came(last_response(standing)),
    };
    format!("Nobody knows whether the client has the lead, since {came} could not be interpreted")
}

/// What the client responded last, or whoever decides first while it does.
pub(super) fn response(standing: &Standing<'_>) -> Option<WhyResponse> {
    let last = last_response(standing);
    let text = |name: &str| last[name].as_str().map(str::to_owned);
    let response = WhyResponse {
        status: last["status"].as_u64(),
        body: text("body"),
        body_base64: text("body_base64"),
        truncated: last["truncated"] == true,
        error: text("error"),
        message: text("message"),
    };
    (response.status.is_some() || response.error.is_some()).then_some(response)
}

/// The outcome of the document that decided what the response means.
pub(super) fn deciding_rule(standing: &Standing<'_>) -> Option<String> {
    let is_decided = matches!(
        standing.state,
        State::Delivering | State::Delivered | State::Duplicate | State::Rejected | State::Failed
    );
    last_response(standing)["rule"].as_str().filter(|_| is_decided).map(str::to_owned)
}

/// The last attempt as the transition keeps it, else as the log of attempts does, which is forgotten earlier.
fn last_response<'a>(standing: &Standing<'a>) -> &'a Value {
    match &standing.detail["last_response"] {
        Value::Object(_) => &standing.detail["last_response"],
        _ => standing.asked.map_or(&Value::Null, |asked: &'a LastDelivery| &asked.attempt),
    }
}

/// What came of an attempt, as a part of a sentence.
fn what_came(attempt: &Value) -> String {
    match (attempt["status"].as_u64(), text::part_of(attempt, "message")) {
        (Some(status), _) => format!("a response of status {status}"),
        (None, Some(message)) => format!("no response ({message})"),
        (None, None) => "no response".to_owned(),
    }
}

fn moved_on(detail: &Value) -> String {
    there(detail).map(|there| format!("; it goes on {there}")).unwrap_or_default()
}

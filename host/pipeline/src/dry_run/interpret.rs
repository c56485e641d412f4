//! A client's response in a dry run: judged by the very code that judges real ones.

use super::{DryRunInput, SAMPLE_ID, Trial};
use crate::interpret::{Judge, Judged, Response, client_destination, client_response, judge, judge_by_status, said};
use crate::outcome::state_after;
use crate::rendered;
use bytes::Bytes;
use hookmill_domain::interpret::OutcomeKind;
use hookmill_domain::state::State;
use hookmill_engine::ItemError;
use hookmill_outbound::OutboundResponse;
use serde_json::{Map, Value, json};

/// What a client would respond with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl SampleResponse {
    fn as_sent(&self) -> OutboundResponse {
        OutboundResponse {
            status: self.status,
            headers: self.headers.clone(),
            headers_truncated: false,
            body: self.body.clone(),
            truncated: false,
            elapsed_ms: 0,
        }
    }
}

impl Trial {
    /// Where the response takes the submission, and what the events about it would say.
    pub(super) async fn interpret_sample(&mut self, input: &DryRunInput, now_ms: i64) -> (State, Value) {
        let Some(sample) = &input.response else { return (State::Delivered, json!({})) };
        let response: Response = Ok(sample.as_sent());
        let destination = client_destination(&input.campaign, "POST", &input.client_url);
        let asked = client_response(SAMPLE_ID, 1, destination, &response);
        let judged = judge(&mut self.run, asked, judge_by_status(&response, now_ms)).await;
        let state = reached(judged.kind);
        let shown = json!({
            "status": sample.status,
            "headers": sample.headers,
            "body": String::from_utf8_lossy(&sample.body),
        });
        self.gave("interpret", None, shown, output(&judged, state), None);
        if let (Judge::StatusInstead(error), Some(stage)) = (&judged.judge, self.stages.last_mut()) {
            stage.error = Some(why(error));
        }
        (state, context_of(&judged))
    }
}

/// A lead that is to be sent again is still on its way.
fn reached(kind: OutcomeKind) -> State {
    match kind {
        OutcomeKind::Retry => State::Delivering,
        kind => state_after(kind).0,
    }
}

fn output(judged: &Judged, state: State) -> Value {
    let mut output = json!({
        "outcome": judged.kind.as_str(),
        "state": state.as_str(),
        "retryAfterMs": judged.retry_after_ms,
    });
    for (name, value) in said(judged) {
        output[name] = value;
    }
    output
}

/// What the client said, as events tell it.
fn context_of(judged: &Judged) -> Value {
    let told = ["reason", "reference", "price"];
    let said = said(judged).into_iter().filter(|(name, value)| told.contains(name) && !value.is_null());
    said.map(|(name, value)| (name.to_owned(), value)).collect::<Map<String, Value>>().into()
}

fn why(error: &ItemError) -> Value {
    rendered::item_error("interpret", error)
        .map_or_else(|| json!("the host could not run it; try again"), |(_, detail)| detail)
}

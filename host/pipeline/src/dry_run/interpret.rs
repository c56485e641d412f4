//! A client's response in a dry run: interpreted by the code of production.

use super::{DryRunInput, SampleRun, error_value};
use crate::interpret::{
    Interpretation, SendResult, as_text, client_destination, client_response, interpret_by_status, interpret_one,
    response_fields,
};
use crate::outcome::change_after;
use crate::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookmill_domain::interpret::OutcomeKind;
use hookmill_domain::state::State;
use hookmill_engine::contract::DestinationKind;
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
    fn to_outbound(&self) -> OutboundResponse {
        OutboundResponse {
            status: self.status,
            headers: self.headers.clone(),
            headers_truncated: false,
            body: self.body.clone(),
            truncated: false,
            cut: None,
            elapsed_ms: 0,
            resent: false,
        }
    }
}

impl SampleRun {
    /// The submission's state after the sample response, and the context of the events about it.
    pub(super) async fn interpret_sample(&mut self, input: &DryRunInput, id: &str, now_ms: i64) -> (State, Value) {
        let Some(sample) = &input.response else { return (State::Delivered, json!({})) };
        let result: SendResult = Ok(Response::read(sample.to_outbound(), self.response_bytes_max));
        let destination = client_destination(&input.campaign, DestinationKind::Client, "POST", &input.client_url);
        let response = client_response(id, 1, &result);
        let by_status = interpret_by_status(&result, &input.client_url, now_ms);
        let interpretation = interpret_one(&mut self.run, &destination, response, by_status).await;
        let state = state_after_attempt(interpretation.kind);
        let headers: usize = sample.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if !self.shown.charge(headers + sample.body.len()) {
            return (state, json!({}));
        }
        let text = result.as_ref().ok().and_then(|response| as_text(&response.body, response.truncated));
        let mut shown = json!({ "status": sample.status, "headers": sample.headers, "body": text });
        if text.is_none() {
            shown["body_base64"] = STANDARD.encode(&sample.body).into();
        }
        let trace = self.shown.trace(interpretation.trace.as_deref());
        self.shown.record_output("interpret", None, shown, interpretation_json(&interpretation, state), trace);
        if let (Some(error), Some(stage)) = (interpretation.error(), self.shown.stages.last_mut()) {
            stage.error = Some(error_value(error));
        }
        (state, event_context(&interpretation))
    }
}

/// A lead that is to be sent again is still on its way.
fn state_after_attempt(kind: OutcomeKind) -> State {
    match kind {
        OutcomeKind::Retry => State::Delivering,
        kind => change_after(kind).0.to(),
    }
}

fn interpretation_json(interpretation: &Interpretation, state: State) -> Value {
    let mut output = json!({
        "outcome": interpretation.kind.as_str(),
        "state": state.as_str(),
        "retry_after_ms": interpretation.retry_after_ms,
    });
    for (name, value) in response_fields(interpretation) {
        output[name] = value;
    }
    output
}

/// The client's part of an event's context.
fn event_context(interpretation: &Interpretation) -> Value {
    let shared = ["reason", "reference", "price"];
    let fields =
        response_fields(interpretation).into_iter().filter(|(name, value)| shared.contains(name) && !value.is_null());
    fields.map(|(name, value)| (name.to_owned(), value)).collect::<Map<String, Value>>().into()
}

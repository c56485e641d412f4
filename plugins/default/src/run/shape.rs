//! `shape`: from a lead or an event to the exact bytes that are sent.

use hookmill_plugin_sdk::types::{Destination, Failure, Payload, Subject};

use super::body;
use super::encode::{self, JSON_TYPE};
use super::message::build_payload;
use super::qualify::lead;
use super::scope::{Call, LeadScope, Scope};
use crate::plan::{Format, LoadedMessage};

/// Shapes one message.
pub fn shape(
    loaded: &LoadedMessage<'_>,
    call: &Call<'_>,
    destination: &Destination,
    subject: &Subject,
) -> Result<Payload, Failure> {
    let (submission, event) = match subject {
        Subject::Submission(submission) => (Some(submission), None),
        Subject::Event(event) => (event.submission.as_ref(), Some(event)),
    };
    let lead = submission.map(|submission| lead(submission, &loaded.path_trie)).transpose()?;
    let scope = LeadScope::new(call, submission, lead.as_ref()).with_event(event);
    let saved = scope.budget().save();
    if let Some(payload) = fast_path(loaded, call, &scope, destination) {
        return Ok(payload);
    }
    scope.budget().restore(&saved);
    let message = loaded.message().map_err(|damaged| Failure::new("bad_plan", damaged.0))?;
    let method = message.method.as_deref().unwrap_or(&destination.method);
    build_payload(message, &scope, method, &destination.content_type, call.traces())
}

/// The message whose body is JSON of the usual kind, to a destination that takes it so. A trace has the parts one by one.
fn fast_path<S: Scope>(
    loaded: &LoadedMessage<'_>,
    call: &Call<'_>,
    scope: &S,
    destination: &Destination,
) -> Option<Payload> {
    let (code, head) = (loaded.body?, &loaded.head);
    let method = head.method.unwrap_or(&destination.method);
    let is_json = head.is_json || encode::format_of(&destination.content_type) == Format::Json;
    if call.traces() || method == "GET" || !is_json {
        return None;
    }
    let bytes = body::write_message(loaded, code, scope)?.into_bytes();
    Some(Payload {
        method: head.method.map(str::to_owned),
        query: Vec::new(),
        headers: Vec::new(),
        content_type: Some(head.content_type.unwrap_or(JSON_TYPE).to_owned()),
        body: Some(bytes),
        trace: None,
    })
}

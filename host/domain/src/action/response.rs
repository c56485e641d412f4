//! What the webhook of a first-submission action responds.

use super::data::ActionData;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::IntoStaticStr;

/// How many characters of a reason are kept (1,000); who decides by the API sends no more.
pub const REASON_CHARS_MAX: usize = 1_000;
/// How many characters of what was sent an error quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// What is decided about a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ReviewDecision)]
pub enum Decision {
    /// It goes on.
    Approve,
    /// It is disqualified.
    Reject,
}

impl Decision {
    /// Its name in responses, in the API and in the timeline.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A response that decides.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionResponse {
    /// What is decided.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// What is added to the lead; only an approval adds something.
    pub data: ActionData,
}

/// The members that are read; all others are passed over. Derived, so that a member that is there twice is an error and not a choice.
#[derive(Deserialize)]
struct Members {
    #[serde(default)]
    decision: Option<Value>,
    #[serde(default)]
    reason: Option<Value>,
    #[serde(default)]
    data: Option<Value>,
}

/// Reads the body of a response. Nothing is guessed: what is not plainly a decision is none.
///
/// # Errors
/// Why it does not decide, with the suggested fix.
pub fn read_response(body: &[u8]) -> Result<ActionResponse, String> {
    const EXPECTED: &str = r#"respond with {"decision": "approve"} or {"decision": "reject"}"#;
    let first = body.trim_ascii_start().first();
    if first.is_none() {
        return Err(format!("the response has no body; {EXPECTED}"));
    }
    let members: Members = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => format!("the response does not decide: {error}; {EXPECTED}"),
        _ => format!("the response is not JSON: {error}; {EXPECTED}"),
    })?;
    // The members of a list could be taken for those of an object, in their order.
    if first != Some(&b'{') {
        return Err(format!("the response is not a JSON object; {EXPECTED}"));
    }
    let decision = match members.decision.as_ref().map(|decision| decision.as_str().ok_or(decision)) {
        Some(Ok("approve")) => Decision::Approve,
        Some(Ok("reject")) => Decision::Reject,
        None | Some(Err(Value::Null)) => return Err(format!("the response has no `decision`; {EXPECTED}")),
        Some(Ok(other)) => return Err(format!("`decision` is `{}`, which is unknown; {EXPECTED}", quote(other))),
        Some(Err(_)) => return Err(format!("`decision` is not a text; {EXPECTED}")),
    };
    let data = match (decision, members.data) {
        // What is added to a lead that goes nowhere changes nothing.
        (Decision::Reject, _) | (_, None | Some(Value::Null)) => ActionData::default(),
        (Decision::Approve, Some(Value::Object(data))) => read_data(data)?,
        (Decision::Approve, Some(_)) => return Err("`data` is not an object; send one, or leave it out".to_owned()),
    };
    Ok(ActionResponse { decision, reason: members.reason.and_then(read_reason), data })
}

fn read_data(data: Map<String, Value>) -> Result<ActionData, String> {
    let messages = |problems: Vec<crate::error::Detail>| {
        problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; ")
    };
    ActionData::check("data", data).map_err(messages)
}

/// A reason changes nothing, so any is taken as it can be shown.
fn read_reason(reason: Value) -> Option<String> {
    let text = match reason {
        Value::Null => return None,
        Value::String(text) => text,
        other => other.to_string(),
    };
    let text: String = text.trim().chars().take(REASON_CHARS_MAX).collect();
    Some(text).filter(|text| !text.is_empty())
}

fn quote(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn l4_a_plain_decision_is_read() {
        let table = [
            (r#"{"decision":"approve"}"#, Decision::Approve, None, "{}"),
            (r#"{"decision":"reject"}"#, Decision::Reject, None, "{}"),
            (r#" {"decision":"reject","reason":" on a list "} "#, Decision::Reject, Some("on a list"), "{}"),
            (r#"{"decision":"reject","reason":null,"data":7}"#, Decision::Reject, None, "{}"),
            (r#"{"decision":"reject","reason":{"code":7}}"#, Decision::Reject, Some(r#"{"code":7}"#), "{}"),
            (r#"{"decision":"approve","data":null,"more":[1]}"#, Decision::Approve, None, "{}"),
            (r#"{"decision":"approve","reason":"","data":{"a":1}}"#, Decision::Approve, None, r#"{"custom":{"a":1}}"#),
        ];
        for (body, decision, reason, data) in table {
            let read = read_response(body.as_bytes()).unwrap_or_else(|why| panic!("{body}: {why}"));
            assert_eq!((read.decision, read.reason.as_deref()), (decision, reason), "{body}");
            assert_eq!(Value::Object(read.data.fields().clone()).to_string(), data, "{body}");
        }
    }

    /// L4: nothing else is a decision, and least of all an approval.
    #[test]
    fn l4_what_is_not_plainly_a_decision_is_none() {
        let table: [(&[u8], &str); 21] = [
            (b"", "no body"),
            (b" \n", "no body"),
            (b"ok", "not JSON"),
            (b"{\"decision\":\"approve\"", "not JSON"),
            (b"{\"decision\":\"approve\"} x", "not JSON"),
            (b"\xff", "not JSON"),
            (b"null", "does not decide"),
            (b"\"approve\"", "does not decide"),
            (b"true", "does not decide"),
            (b"[{\"decision\":\"approve\"}]", "not a JSON object"),
            (b"[\"approve\"]", "not a JSON object"),
            (b"{}", "no `decision`"),
            (b"{\"decision\":null}", "no `decision`"),
            (b"{\"decision\":true}", "not a text"),
            (b"{\"decision\":\"Approve\"}", "`Approve`, which is unknown"),
            (b"{\"decision\":\" approve\"}", "unknown"),
            (b"{\"decision\":\"approved\"}", "unknown"),
            (b"{\"decision\":\"reject\",\"decision\":\"approve\"}", "duplicate field `decision`"),
            (b"{\"Decision\":\"approve\"}", "no `decision`"),
            (b"{\"decision\":\"approve\",\"data\":[]}", "`data` is not an object"),
            (b"{\"decision\":\"approve\",\"data\":{\"email\":5}}", "`data.email` must be a text"),
        ];
        for (body, part) in table {
            let why = read_response(body).expect_err(&String::from_utf8_lossy(body));
            assert!(why.contains(part), "{}: {why}", String::from_utf8_lossy(body));
        }
        let large =
            format!(r#"{{"decision":"approve","data":{{"note":"{}"}}}}"#, "x".repeat(super::super::DATA_BYTES_MAX));
        assert!(read_response(large.as_bytes()).is_err());
    }

    #[test]
    fn l4_a_reason_is_cut_at_its_bound() {
        let body = format!(r#"{{"decision":"reject","reason":"{}"}}"#, "ä".repeat(REASON_CHARS_MAX + 1));
        let reason = read_response(body.as_bytes()).unwrap().reason.unwrap();
        assert_eq!(reason.chars().count(), REASON_CHARS_MAX);
    }

    proptest! {
        /// L4: whatever comes, an approval says so in a member of its own.
        #[test]
        fn l4_no_nonsense_approves(body in proptest::collection::vec(any::<u8>(), 0..60), text in ".{0,20}") {
            let approves = |body: &[u8]| read_response(body).is_ok_and(|read| read.decision == Decision::Approve);
            prop_assert!(!approves(&body));
            let json = serde_json::json!({"decision": text}).to_string();
            prop_assert_eq!(approves(json.as_bytes()), text == "approve");
        }
    }
}

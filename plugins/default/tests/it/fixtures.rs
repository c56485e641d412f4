//! What the tests share: contexts, elements, submissions, and calls with a document.

use hookmill_plugin_default::Declarative;
use hookmill_plugin_sdk::types::*;
use hookmill_plugin_sdk::{configuration, interpretation, mapping, qualification, shaping};
use serde_json::Value;

/// 2024-06-15T10:30:00Z.
pub const NOW_MS: i64 = 1_718_447_400_000;

pub fn context() -> Context {
    Context {
        organization: Organization { id: "org_1".into(), name: "Acme".into(), values: r#"{"brand":"Sunny"}"#.into() },
        campaign: Campaign {
            id: "ABC".into(),
            name: "Summer Promotion".into(),
            client: None,
            time_zone: "America/New_York".into(),
            phone_region: "US".into(),
            values: r#"{"rate":0.10}"#.into(),
        },
        now: NOW_MS,
        run_id: "run_1".into(),
        trace: false,
    }
}

pub fn inbound(body: &str) -> Inbound {
    Inbound {
        submission_id: "sub_1-0".into(),
        body: body.into(),
        headers: vec![Pair { name: "user-agent".into(), value: "curl".into() }],
        query: vec![pair("utm_source", "g"), pair("tag", "a"), pair("tag", "b")],
        origin: Origin {
            channel: Channel::Campaign,
            name: "key".into(),
            source_label: None,
            tag: None,
            remote_address: Some("203.0.113.9".into()),
        },
        received_at: NOW_MS,
        entropy: Entropy { high: 1, low: 2 },
    }
}

pub fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.into(), value: value.into() }
}

pub fn submission(lead: &str) -> Submission {
    Submission {
        id: "sub_1-0".into(),
        lead_id: Some("lead_1".into()),
        lead: lead.into(),
        is_test: false,
        received_at: NOW_MS,
        responses: vec![],
        bid: None,
        entropy: Entropy { high: 1, low: 2 },
    }
}

/// Compiles and loads a document, as the host does.
pub fn load(document: &str) -> Loaded {
    let compiled = <Declarative as configuration::Guest>::compile(document.into());
    let compiled = compiled.unwrap_or_else(|problems| panic!("{problems:#?}"));
    <Declarative as configuration::Guest>::load(compiled.plan).unwrap()
}

pub fn problems(document: &str) -> Vec<Diagnostic> {
    <Declarative as configuration::Guest>::compile(document.into()).err().unwrap_or_default()
}

pub fn map_with(document: &str, context: Context, element: Inbound) -> Result<Mapped, Failure> {
    map_all(document, context, vec![element]).remove(0)
}

/// A batch.
pub fn map_all(document: &str, context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
    load(document);
    <Declarative as mapping::Guest>::map(context, elements)
}

/// The leads of an element, each as JSON.
pub fn leads(document: &str, body: &str) -> Vec<Result<MappedLead, Failure>> {
    map_with(document, context(), inbound(body)).unwrap().leads
}

/// The one lead of an element.
pub fn lead(document: &str, body: &str) -> MappedLead {
    leads(document, body).remove(0).unwrap()
}

pub fn lead_json(document: &str, body: &str) -> String {
    lead(document, body).lead
}

pub fn failure(document: &str, body: &str) -> Failure {
    leads(document, body).remove(0).unwrap_err()
}

pub fn verdict(document: &str, severities: Severities, lead: &str) -> Verdict {
    load(document);
    <Declarative as qualification::Guest>::qualify(context(), severities, vec![submission(lead)]).remove(0).unwrap()
}

/// A destination, and what a message to it is about.
pub type ToShape = (Destination, Subject);

pub fn shape(document: &str, to_shape: ToShape) -> Result<Payload, Failure> {
    load(document);
    shape_in(context(), to_shape)
}

/// With the document that was loaded last.
pub fn shape_in(context: Context, (destination, subject): ToShape) -> Result<Payload, Failure> {
    <Declarative as shaping::Guest>::shape(context, destination, vec![subject]).remove(0)
}

/// What a response means.
pub fn interpreted(document: &str, response: ClientResponse) -> Result<Option<Outcome>, Failure> {
    load(document);
    interpret_in(context(), response)
}

/// With the document that was loaded last.
pub fn interpret_in(context: Context, response: ClientResponse) -> Result<Option<Outcome>, Failure> {
    let destination = destination(DestinationKind::Client);
    <Declarative as interpretation::Guest>::interpret(context, destination, vec![response]).remove(0)
}

/// A response of the client.
pub fn response(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> ClientResponse {
    ClientResponse {
        submission_id: "sub_1-0".into(),
        attempt: 1,
        status: Some(status),
        headers: vec![pair("content-type", content_type)],
        body: body.as_ref().to_vec(),
        truncated: false,
        error: None,
    }
}

/// No response, and why.
pub fn silence(error: &str) -> ClientResponse {
    let none = response(0, "", "");
    ClientResponse { status: None, headers: vec![], error: Some(error.into()), ..none }
}

/// The warnings of a document that compiles: place, code and path.
pub fn warnings(document: &str) -> Vec<String> {
    let compiled = <Declarative as configuration::Guest>::compile(document.into());
    let compiled = compiled.unwrap_or_else(|problems| panic!("{problems:#?}"));
    compiled.warnings.iter().map(|p| format!("{}:{} {} {}", p.line, p.column, p.code, p.path)).collect()
}

pub fn to_client(submission: Submission) -> ToShape {
    (destination(DestinationKind::Client), Subject::Submission(submission))
}

pub fn destination(kind: DestinationKind) -> Destination {
    Destination {
        kind,
        id: "dst_1".into(),
        name: "Client".into(),
        method: "POST".into(),
        url: "https://client.example/leads".into(),
        content_type: "application/json".into(),
        settings: None,
    }
}

pub fn body(payload: &Payload) -> String {
    String::from_utf8(payload.body.clone().unwrap()).unwrap()
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

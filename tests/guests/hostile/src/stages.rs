//! The five stages: what any call can do, and what only a result can be.

use hookmill_plugin_sdk::types::{
    ClientResponse, Context, Destination, FailedRule, Failure, HttpRequest, Inbound, Mapped, MappedLead, Outcome,
    OutcomeKind, Pair, Payload, Severities, Severity, Subject, Submission, Verdict, Warning,
};
use hookmill_plugin_sdk::{enrichment, interpretation, lookup, mapping, qualification, shaping};
use serde_json::{Map, Value, json};

use crate::Hostile;
use crate::behave::{act, recall};

/// Runs one item after the other: acts, and then either makes an odd result or a good one.
fn each<I, O>(
    stage: &str,
    items: Vec<I>,
    text: impl Fn(&I) -> &str,
    make: impl Fn(&str, Map<String, Value>, I) -> O,
) -> Vec<Result<O, Failure>> {
    let mut results = Vec::new();
    for item in items {
        let object: Map<String, Value> = serde_json::from_str(text(&item)).unwrap_or_default();
        let behaviour = behaviour_at(stage, &object);
        act(&behaviour);
        match behaviour.as_str() {
            "none" => return vec![],
            "short" => continue,
            "long" => results.push(Err(Failure::new("one_too_many", "a result for nobody"))),
            "fail" => {
                results.push(Err(Failure::new("asked_to_fail", "the element asks for it")));
                continue;
            }
            "fail-huge" => {
                results.push(Err(Failure::new("asked_to_fail", "x".repeat(2 << 20))));
                continue;
            }
            "fail-with-nonsense" => {
                results.push(Err(Failure::new("asked_to_fail", "its input is not JSON").on_input("{")));
                continue;
            }
            _ => {}
        }
        results.push(Ok(make(&behaviour, object, item)));
    }
    results
}

/// The behaviour that the object asks for: `BEHAVIOUR` of any stage, `STAGE:BEHAVIOUR` of one.
fn behaviour_at(stage: &str, object: &Map<String, Value>) -> String {
    let asked = object.get("do").or_else(|| object.get("custom")?.get("do"));
    let asked = asked.and_then(Value::as_str).unwrap_or_default();
    match asked.split_once(':') {
        Some((of, behaviour)) if of == stage => behaviour.to_owned(),
        Some(_) => String::new(),
        None => asked.to_owned(),
    }
}

/// What a JSON value can be; none when the behaviour is of another kind.
fn odd_json(behaviour: &str) -> Option<String> {
    match behaviour {
        "huge" => Some(huge()),
        "big-item" => Some(format!("{{\"email\":{:?}}}", "x".repeat(1_100_000))),
        "deep-output" => Some(nested(500)),
        "deepest-output" => Some(nested(200_000)),
        "invalid-json" => Some(r#"{"email":"#.to_owned()),
        "nul-json" => Some("{\"email\":\"a\0b\"}".to_owned()),
        "lone-surrogate" => Some(r#"{"email":"\ud800"}"#.to_owned()),
        "two-values" => Some("{}{}".to_owned()),
        "no-object" => Some("[]".to_owned()),
        "empty-json" => Some(String::new()),
        _ => None,
    }
}

/// A string of eighteen megabytes, made in one piece: no more memory than it takes.
fn huge() -> String {
    let mut text = vec![b'x'; 18 << 20];
    text[0] = b'"';
    text[(18 << 20) - 1] = b'"';
    String::from_utf8(text).unwrap_or_default()
}

/// Arrays in arrays.
pub(crate) fn nested(depth: usize) -> String {
    format!("{{\"email\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

fn many<T: Clone>(behaviour: &str, name: &str, count: usize, one: T) -> Vec<T> {
    if behaviour == name { vec![one; count] } else { vec![] }
}

fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

fn odd_headers(behaviour: &str) -> Vec<Pair> {
    match behaviour {
        "bad-header" => vec![pair("x y\r\nhost", "evil")],
        "bad-header-value" => vec![pair("x", "a\r\nhost: evil")],
        "many-members" => vec![pair("x", ""); 5_000],
        _ => vec![],
    }
}

impl mapping::Guest for Hostile {
    fn map(_context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
        each("map", elements, |element| &element.body, |behaviour, object, _| mapped(behaviour, object))
    }
}

fn mapped(behaviour: &str, object: Map<String, Value>) -> Mapped {
    let lead = match behaviour {
        "lookup" => json!({ "custom": { "found": looked_up() } }).to_string(),
        "remember" => json!({ "custom": { "memory": recall() } }).to_string(),
        _ => odd_json(behaviour).unwrap_or_else(|| plain(object)),
    };
    let warning = Warning { code: String::new(), path: String::new(), message: String::new() };
    let warnings = many(behaviour, "many-empty", 100_000, warning);
    let lead = Ok(MappedLead { lead, is_test: false, warnings });
    let leads = if behaviour == "many-members" { vec![lead; 5_000] } else { vec![lead] };
    Mapped { leads, trace: None }
}

fn looked_up() -> String {
    format!("{:?}", lookup::get("colours", "red"))
}

fn plain(mut lead: Map<String, Value>) -> String {
    let email = lead.remove("email").unwrap_or(Value::Null);
    json!({ "email": email, "custom": lead }).to_string()
}

impl enrichment::Guest for Hostile {
    fn enrich(_context: Context, submissions: Vec<Submission>) -> Vec<Result<Vec<HttpRequest>, Failure>> {
        each("enrich", submissions, |submission| &submission.lead, |behaviour, _, _| requests(behaviour))
    }
}

fn requests(behaviour: &str) -> Vec<HttpRequest> {
    let request = HttpRequest {
        key: "credit".to_owned(),
        method: if behaviour == "bad-method" { "GET /\r\nhost: evil".to_owned() } else { "GET".to_owned() },
        url: "https://credit.example/".to_owned(),
        headers: odd_headers(behaviour),
        body: odd_json(behaviour).unwrap_or_default().into_bytes(),
        timeout_ms: None,
    };
    if behaviour == "many-empty" { vec![request; 5_000] } else { vec![request] }
}

impl qualification::Guest for Hostile {
    fn qualify(
        _context: Context,
        _severities: Severities,
        submissions: Vec<Submission>,
    ) -> Vec<Result<Verdict, Failure>> {
        each("qualify", submissions, |submission| &submission.lead, |behaviour, _, _| verdict(behaviour))
    }
}

fn verdict(behaviour: &str) -> Verdict {
    let rule = FailedRule {
        rule: String::new(),
        field: String::new(),
        operator: String::new(),
        reason: String::new(),
        severity: Severity::Hard,
        expected: odd_json(behaviour).unwrap_or_else(|| "1".to_owned()),
        actual: None,
    };
    let failed = match behaviour {
        "many-members" | "many-empty" => vec![rule; 50_000],
        "contradiction" => vec![rule],
        _ if odd_json(behaviour).is_some() => vec![rule],
        _ => vec![],
    };
    Verdict { qualified: failed.is_empty() || behaviour == "contradiction", failed, trace: None }
}

impl shaping::Guest for Hostile {
    fn shape(_context: Context, _destination: Destination, subjects: Vec<Subject>) -> Vec<Result<Payload, Failure>> {
        each("shape", subjects, |subject| lead_text(subject), |behaviour, _, subject| payload(behaviour, &subject))
    }
}

fn lead_text(subject: &Subject) -> &str {
    match subject {
        Subject::Submission(submission) => &submission.lead,
        Subject::Event(event) => event.submission.as_ref().map_or("{}", |submission| &submission.lead),
    }
}

fn payload(behaviour: &str, subject: &Subject) -> Payload {
    Payload {
        method: (behaviour == "bad-method").then(|| "post".to_owned()),
        query: many(behaviour, "many-empty", 50_000, pair("", "")),
        headers: odd_headers(behaviour),
        content_type: (behaviour == "bad-header").then(|| "text/plain\r\nhost: evil".to_owned()),
        body: Some(match behaviour {
            "lookup" => json!({ "found": looked_up() }).to_string().into_bytes(),
            _ => odd_json(behaviour).unwrap_or_else(|| lead_text(subject).to_owned()).into_bytes(),
        }),
        trace: odd_json(behaviour).filter(|_| behaviour != "huge"),
    }
}

impl interpretation::Guest for Hostile {
    fn interpret(
        _context: Context,
        _destination: Destination,
        responses: Vec<ClientResponse>,
    ) -> Vec<Result<Option<Outcome>, Failure>> {
        each(
            "interpret",
            responses,
            |response| std::str::from_utf8(&response.body).unwrap_or("{}"),
            |behaviour, _, response| outcome(behaviour, &response),
        )
    }
}

fn outcome(behaviour: &str, response: &ClientResponse) -> Option<Outcome> {
    Some(Outcome {
        kind: if response.status == Some(200) { OutcomeKind::Accepted } else { OutcomeKind::Failed },
        reason: if behaviour == "lookup" { Some(looked_up()) } else { odd_json(behaviour) },
        reference: None,
        price: (behaviour == "bad-price").then(|| "1e999999999".to_owned()),
        retry_after_ms: Some(u64::MAX).filter(|_| behaviour == "bad-retry"),
        rule: None,
        warnings: Vec::new(),
        trace: odd_json(behaviour).filter(|_| behaviour != "huge"),
    })
}

//! The examples of the page. A block is told by the words after its three marks: `yaml` a document; then, each for the document above it,
//! `json body` or `xml body` what comes in, `json leads` what it becomes; `json lead` another lead, `json verdict` what the rules say, `text sent` what the client gets;
//! `json response` (`xml`, `text`; with a status) what it responses, `json outcome` what that means.

use hookmill_bodies::xml::{XmlLimits, to_json};
use hookmill_plugin_sdk::testing;
use hookmill_plugin_sdk::types::{MappedLead, Outcome, Payload, Severities, Verdict};
use serde_json::{Value, json};

use super::Piece;
use crate::fixtures::{interpreted, leads, response, shape, submission, to_client, verdict};

/// Longer JSON stands in several lines.
const LINE_BYTES_MAX: usize = 130;

/// A block of the page.
pub struct Block<'t> {
    /// The words after its marks.
    pub info: &'t str,
    /// What stands in it.
    pub text: &'t str,
    start: usize,
}

/// All blocks, in order.
pub fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = page[at..].find("\n```") {
        let info_at = at + open + 4;
        let start = info_at + page[info_at..].find('\n').unwrap() + 1;
        let end = start + page[start..].find("```").unwrap();
        found.push(Block { info: page[info_at..start].trim(), text: &page[start..end], start });
        at = end + 3;
    }
    found
}

/// What stands above, for the blocks below.
#[derive(Default)]
struct Above<'t> {
    document: &'t str,
    body: String,
    lead: String,
    response: Option<(u16, &'static str, &'t str)>,
}

/// The blocks that say what comes out, with what does.
pub fn pieces(page: &str) -> Vec<Piece> {
    let mut above = Above::default();
    let mut pieces = Vec::new();
    for block in blocks(page) {
        if let Some(made) = above.take(&block) {
            let what = format!("`{}` of\n{}", block.info, above.document);
            pieces.push(Piece { start: block.start, end: block.start + block.text.len(), what, made });
        }
    }
    pieces
}

impl<'t> Above<'t> {
    fn take(&mut self, block: &Block<'t>) -> Option<String> {
        let words: Vec<&str> = block.info.split(' ').collect();
        match words.as_slice() {
            ["yaml"] => *self = Self { document: block.text, ..Self::default() },
            ["json", "body"] => self.body = block.text.to_owned(),
            ["xml", "body"] => self.body = to_json(block.text.trim(), &XmlLimits::default()).unwrap(),
            ["json", "lead"] => self.lead = block.text.trim().to_owned(),
            ["json", "leads"] => return Some(self.leads()),
            ["json", "verdict"] => {
                testing::table("served_zips", [("78701", "null")]);
                testing::table("blocked", [("spam@example.com", "null")]);
                return Some(line(&verdict_json(&verdict(self.document, Severities::HARD, &self.lead))));
            }
            ["text", "sent"] => return Some(sent(&self.sent())),
            [form, "response", status @ ..] => {
                let status = status.first().map_or(200, |status| status.parse().unwrap());
                self.response = Some((status, content_type(form), block.text));
            }
            ["json", "outcome"] => return Some(self.outcome()),
            _ => {}
        }
        None
    }

    fn leads(&mut self) -> String {
        let made = leads(self.document, &self.body);
        if let Some(Ok(lead)) = made.first() {
            self.lead = lead.lead.clone();
        }
        made.into_iter().map(|lead| line(&mapped(lead))).collect()
    }

    fn sent(&self) -> Payload {
        shape(self.document, to_client(submission(&self.lead))).unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    fn outcome(&self) -> String {
        let (status, content_type, body) = self.response.unwrap();
        let outcome = interpreted(self.document, response(status, content_type, body)).unwrap();
        line(&outcome.map_or(Value::Null, meant))
    }
}

fn content_type(form: &str) -> &'static str {
    match form {
        "json" => "application/json",
        "xml" => "application/xml",
        _ => "text/plain",
    }
}

fn mapped(lead: Result<MappedLead, hookmill_plugin_sdk::types::Failure>) -> Value {
    match lead {
        Ok(lead) => serde_json::from_str(&lead.lead).unwrap(),
        Err(failure) => json!({"failed": {"code": failure.code, "field": failure.field, "message": failure.message}}),
    }
}

fn verdict_json(verdict: &Verdict) -> Value {
    let failed = verdict.failed.iter().map(|rule| {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        json!({"rule": rule.rule, "reason": rule.reason, "expected": json(&rule.expected), "actual": rule.actual.as_deref().map(json)})
    });
    json!({"qualified": verdict.qualified, "failed": failed.collect::<Vec<_>>()})
}

fn sent(payload: &Payload) -> String {
    let query: Vec<String> = payload.query.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect();
    let mut text =
        format!("{} ?{}\n", payload.method.as_deref().unwrap_or("POST"), query.join("&")).replace(" ?\n", "\n");
    if let Some(content_type) = &payload.content_type {
        text += &format!("content-type: {content_type}\n");
    }
    text.extend(payload.headers.iter().map(|header| format!("{}: {}\n", header.name, header.value)));
    let body = payload.body.as_deref().map(|body| format!("\n{}\n", String::from_utf8_lossy(body)));
    text + &body.unwrap_or_default()
}

fn meant(outcome: Outcome) -> Value {
    let mut members =
        vec![("outcome", json!(format!("{:?}", outcome.kind).rsplit("::").next().unwrap().to_lowercase()))];
    members.extend(outcome.reason.map(|text| ("reason", json!(text))));
    members.extend(outcome.price.map(|text| ("price", json!(text))));
    members.extend(outcome.reference.map(|text| ("reference", json!(text))));
    members.extend(outcome.retry_after_ms.map(|ms| ("retry_after_ms", json!(ms))));
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// JSON in one line, or in several where it is long.
fn line(value: &Value) -> String {
    fitted(value, 0) + "\n"
}

fn fitted(value: &Value, indent: usize) -> String {
    let short = value.to_string();
    if indent + short.len() <= LINE_BYTES_MAX {
        return short;
    }
    let inner = "\n".to_owned() + &" ".repeat(indent + 2);
    let end = "\n".to_owned() + &" ".repeat(indent);
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inner.clone() + &fitted(item, indent + 2)).collect();
            format!("[{}{end}]", items.join(","))
        }
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{inner}{}: {}", json!(name), fitted(value, indent + 2));
            format!("{{{}{end}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        _ => short,
    }
}

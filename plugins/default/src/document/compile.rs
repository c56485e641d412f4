//! The whole document: from text to plan.

use super::check::{At, Diagnostics, Problem, ProblemLevel, shortened, under};
use super::limits::DOCUMENT_BYTES_MAX;
use super::node::{Kind, Node, Place, Unreadable};
use super::{brackets, fields, interpret, json, keys, message, placing, rules, yaml};
use crate::plan::owned::{Interpretation, MapPlan, Message, Plan};

/// The document of a new campaign: it recognises the usual names of the standard fields and keeps the rest (O3).
pub const STANDARD_DOCUMENT: &str = include_str!("../../documents/standard.yaml");

/// What is sent where a document does not say (W2).
pub const STANDARD_PAYLOAD: &str = include_str!("../../documents/standard-payload.yaml");

const KEYS: [&str; 7] = keys::names(&keys::DOCUMENT);

const SHAPE_KEYS: [&str; 3] = keys::names(&keys::SHAPE);

/// A document that can be used.
#[derive(Debug)]
pub struct Compiled {
    /// What it means.
    pub plan: Plan,
    /// What its author probably did not mean.
    pub warnings: Vec<Problem>,
}

/// The sections that a document gave.
struct Sections {
    name: Option<String>,
    map: Option<MapPlan>,
    qualify: Vec<crate::plan::owned::RulePlan>,
    messages: Messages,
    interpret: Option<Interpretation>,
    interpret_ping: Option<Interpretation>,
}

/// The messages that a document gave.
#[derive(Default)]
struct Messages {
    client: Option<Message>,
    ping: Option<Message>,
    webhook: Option<Message>,
}

impl Messages {
    fn or(self, standard: Self) -> Self {
        let Self { client, ping, webhook } = self;
        Self { client: client.or(standard.client), ping: ping.or(standard.ping), webhook: webhook.or(standard.webhook) }
    }

    fn are_whole(&self) -> bool {
        self.client.is_some() && self.ping.is_some() && self.webhook.is_some()
    }
}

/// Compiles a document, or tells every problem in it. What it leaves out is the standard.
pub fn compile(text: &str) -> Result<Compiled, Vec<Problem>> {
    let (sections, warnings) = sections(text)?;
    let map = match sections.map {
        Some(map) => map,
        None => standard_map()?,
    };
    let Sections { name, mut qualify, messages, interpret, interpret_ping, .. } = sections;
    let messages = if messages.are_whole() { messages } else { messages.or(standard_messages()?) };
    let [mut client, mut ping, mut webhook] =
        [messages.client, messages.ping, messages.webhook].map(Option::unwrap_or_default);
    let rule_paths = placing::place_rules(&mut qualify);
    [&mut client, &mut ping, &mut webhook].into_iter().for_each(placing::place_message);
    let name = name.map(Into::into);
    let plan = Plan { name, map, qualify, rule_paths, client, ping, webhook, interpret, interpret_ping };
    Ok(Compiled { plan, warnings })
}

/// The plan of an empty document.
pub fn standard() -> Result<Plan, Vec<Problem>> {
    compile("").map(|compiled| compiled.plan)
}

fn standard_map() -> Result<MapPlan, Vec<Problem>> {
    Ok(sections(STANDARD_DOCUMENT)?.0.map.unwrap_or_default())
}

fn standard_messages() -> Result<Messages, Vec<Problem>> {
    Ok(sections(STANDARD_PAYLOAD)?.0.messages)
}

fn sections(text: &str) -> Result<(Sections, Vec<Problem>), Vec<Problem>> {
    let mut diagnostics = Diagnostics::default();
    let sections = match read(text) {
        Ok(root) => whole(&mut diagnostics, &root),
        Err(why) => {
            unreadable(&mut diagnostics, text, why);
            None
        }
    };
    match sections {
        Some(sections) if diagnostics.problems.iter().all(|problem| problem.severe == ProblemLevel::Warning) => {
            Ok((sections, diagnostics.problems))
        }
        _ => Err(diagnostics.problems),
    }
}

fn whole(diagnostics: &mut Diagnostics, root: &Node) -> Option<Sections> {
    diagnostics.doubles(root, "");
    document(diagnostics, root)
}

/// Reports why a text can't be read. Where quotes are missing and nothing else, what stands in it is looked at all the same.
fn unreadable(diagnostics: &mut Diagnostics, text: &str, why: Unreadable) {
    let repaired = if why.code == "not_yaml" { brackets::read(text, &why) } else { None };
    let Some(repaired) = repaired else { return diagnostics.unreadable(why) };
    for text in &repaired.texts {
        let message =
            format!("`{}` has brackets, and stands without quotes inside `{{ }}` or `[ ]`", shortened(&text.text));
        let suggestion = Some(format!("write `{}`", text.quoted));
        diagnostics.unreadable(Unreadable { code: "not_yaml", place: text.place, message, suggestion });
    }
    let told = diagnostics.problems.len();
    whole(diagnostics, &repaired.root);
    for problem in diagnostics.problems.iter_mut().skip(told) {
        problem.column = brackets::original_column(&repaired.texts, problem.line, problem.column);
    }
}

fn read(text: &str) -> Result<Node, Unreadable> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Unreadable {
            code: "too_large",
            place: Place { line: 1, column: 1 },
            message: format!(
                "the document has {} bytes, the bound is {DOCUMENT_BYTES_MAX} (DOCUMENT_BYTES_MAX)",
                text.len()
            ),
            suggestion: Some("shorten it: long tables belong into value sets".to_owned()),
        });
    }
    if !json::looks_like_json(text) {
        return yaml::read(text);
    }
    // What begins like JSON may still be YAML in one line; if it is neither, the JSON error is the one its author expects.
    json::read(text).or_else(|why| if why.code == "not_json" { yaml::read(text).map_err(|_| why) } else { Err(why) })
}

fn document(diagnostics: &mut Diagnostics, root: &Node) -> Option<Sections> {
    let at = At { node: root, path: "" };
    diagnostics.map_of(at, "a document with `version: 1`", &KEYS)?;
    if root.kind != Kind::Null && !matches!(&root.kind, Kind::Map(entries) if entries.is_empty()) {
        version(diagnostics, at);
    }
    let name = under(at, "name", |at| diagnostics.text(at, "the document's name").map(str::to_owned)).flatten();
    let map = under(at, "map", |at| fields::read(diagnostics, at)).flatten();
    let qualify = under(at, "qualify", |at| rules::list(diagnostics, at)).unwrap_or_default();
    let messages = under(at, "shape", |at| shapes(diagnostics, at)).unwrap_or_default();
    let interpret = under(at, "interpret", |at| interpret::read(diagnostics, at)).flatten();
    let interpret_ping = under(at, "interpret_ping", |at| interpret::read(diagnostics, at)).flatten();
    Some(Sections { name, map, qualify, messages, interpret, interpret_ping })
}

fn version(diagnostics: &mut Diagnostics, at: At<'_>) {
    match at.node.get("version").map(|node| &node.kind) {
        Some(Kind::Number(number)) if number == "1" => {}
        Some(_) => {
            let hint = Some("write `version: 1`".to_owned());
            under(at, "version", |at| {
                diagnostics.error(at, "unknown_version", "this version of documents is not known", hint)
            });
        }
        None => {
            let hint = Some("begin the document with `version: 1`".to_owned());
            diagnostics.error(at, "missing_key", "the document does not say its `version`", hint);
        }
    }
}

fn shapes(diagnostics: &mut Diagnostics, at: At<'_>) -> Messages {
    if diagnostics.map_of(at, "a map with `client`, `ping` and `webhook`", &SHAPE_KEYS).is_none() {
        return Messages::default();
    }
    let mut message = |key| under(at, key, |at| message::read(diagnostics, at)).flatten();
    Messages { client: message("client"), ping: message("ping"), webhook: message("webhook") }
}

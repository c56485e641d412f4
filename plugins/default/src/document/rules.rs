//! Rules: `{field, op, value, reason, severity, on_missing}`, and `all`, `any`, `not` of rules.

use super::check::{At, Notes, shortened, under};
use super::functions::path_of;
use super::limits::RULES_MAX;
use super::node::Kind as NodeKind;
use super::path::Stage;
use crate::json::{Decimal, Value};
use crate::plan::owned::{Check, Kind, OnMissing, Path, Root, Rule, RuleKind, RulePlan, Severity, Step, Steps};

const GROUPS: [&str; 3] = ["all", "any", "not"];

const OUTER_KEYS: [&str; 3] = ["name", "reason", "severity"];

const FIELD_KEYS: [&str; 6] = ["field", "op", "value", "values", "on_missing", "ignore_case"];

/// What an operator wants to be compared with.
#[derive(Clone, Copy, PartialEq)]
enum Wants {
    Nothing,
    Value,
    Number,
    Text,
    TwoNumbers,
    Values,
    Kind,
}

const OPERATORS: [(&str, Wants); 18] = [
    ("eq", Wants::Value),
    ("ne", Wants::Value),
    ("lt", Wants::Number),
    ("le", Wants::Number),
    ("gt", Wants::Number),
    ("ge", Wants::Number),
    ("between", Wants::TwoNumbers),
    ("in", Wants::Values),
    ("not_in", Wants::Values),
    ("contains", Wants::Value),
    ("starts_with", Wants::Text),
    ("ends_with", Wants::Text),
    ("blank", Wants::Nothing),
    ("present", Wants::Nothing),
    ("valid", Wants::Kind),
    ("invalid", Wants::Kind),
    ("is_true", Wants::Nothing),
    ("is_false", Wants::Nothing),
];

/// Reads the list of rules under `qualify`.
pub fn list(notes: &mut Notes, at: At<'_>) -> Vec<RulePlan> {
    if !matches!(at.node.kind, NodeKind::List(_) | NodeKind::Null) {
        notes.expected(at, "a list of rules");
        return Vec::new();
    }
    let items = if at.node.kind == NodeKind::Null { &[] } else { notes.items(at) };
    let mut rules = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        rules.extend(outermost(notes, At { node, path: &path }));
    }
    rules
}

fn outermost(notes: &mut Notes, at: At<'_>) -> Option<RulePlan> {
    let rule = rule(notes, at, Stage::Qualify, true)?;
    let severities = [("hard", Severity::Hard), ("soft", Severity::Soft)];
    let severity = under(at, "severity", |at| notes.one_of(at, &severities)).unwrap_or(Some(Severity::Hard))?;
    let name = under(at, "name", |at| notes.text(at, "a name").map(str::to_owned)).flatten();
    let reason = rule.reason.clone().unwrap_or_default();
    Some(RulePlan { name: name.unwrap_or_else(|| at.path.to_owned()).into(), reason, severity, rule })
}

/// Reads a condition: a rule without name and severity. A list is `all` of them.
pub fn condition(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<Rule> {
    if matches!(at.node.kind, NodeKind::List(_)) {
        let parts = parts(notes, at, stage);
        return Some(Rule { kind: RuleKind::All(parts), reason: None, line: at.node.place.line });
    }
    rule(notes, at, stage, false)
}

fn rule(notes: &mut Notes, at: At<'_>, stage: Stage, outer: bool) -> Option<Rule> {
    notes.rules += 1;
    if notes.rules > RULES_MAX {
        notes.error(at, "too_many", format!("the document has more than {RULES_MAX} rules"), None);
        return None;
    }
    if !matches!(at.node.kind, NodeKind::Map(_)) {
        notes.expected(at, "a rule such as `{field: age, op: ge, value: 18, reason: too young}`");
        return None;
    }
    let group = GROUPS.into_iter().find(|group| at.node.get(group).is_some());
    let own: &[&str] = group.as_ref().map_or(&FIELD_KEYS, std::slice::from_ref);
    let outer: &[&str] = if outer { &OUTER_KEYS } else { &["reason"] };
    // The keys of the form that is meant come first, so that suggestions name them first.
    let mut known = [own, outer].concat();
    if group.is_none() && at.node.get("field").is_none() {
        known.extend(GROUPS);
    }
    notes.map_of(at, "a rule", &known)?;
    let kind = match group {
        Some(group) => group_of(notes, at, group, stage)?,
        None => field(notes, at, stage)?,
    };
    let reason = under(at, "reason", |at| notes.text(at, "the reason, a text").map(str::to_owned)).flatten();
    Some(Rule { kind, reason: reason.map(Into::into), line: at.node.place.line })
}

fn group_of(notes: &mut Notes, at: At<'_>, group: &str, stage: Stage) -> Option<RuleKind> {
    under(at, group, |at| match group {
        "not" => condition(notes, at, stage).map(|rule| RuleKind::Not(Box::new(rule))),
        "all" => Some(RuleKind::All(parts(notes, at, stage))),
        _ => Some(RuleKind::Any(parts(notes, at, stage))),
    })
    .flatten()
}

fn parts(notes: &mut Notes, at: At<'_>, stage: Stage) -> Vec<Rule> {
    let NodeKind::List(items) = &at.node.kind else {
        notes.expected(at, "a list of rules");
        return Vec::new();
    };
    if items.is_empty() {
        notes.error(at, "empty", "this list of rules is empty", Some("put a rule in, or remove it".to_owned()));
    }
    let mut rules = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        rules.extend(rule(notes, At { node, path: &path }, stage, false));
    }
    rules
}

fn field(notes: &mut Notes, at: At<'_>, stage: Stage) -> Option<RuleKind> {
    let path = needed(notes, at, "field").and_then(|()| under(at, "field", |at| path_of(notes, at, stage)).flatten());
    let operator = needed(notes, at, "op").and_then(|()| under(at, "op", |at| operator(notes, at)).flatten());
    let misses = [("fail", OnMissing::Fail), ("pass", OnMissing::Pass), ("skip", OnMissing::Skip)];
    let on_missing = under(at, "on_missing", |at| notes.one_of(at, &misses)).unwrap_or(Some(OnMissing::Fail))?;
    let ignore_case = under(at, "ignore_case", |at| boolean(notes, at)).unwrap_or(false);
    let (path, (name, wants)) = (path?, operator?);
    let check = checked(notes, at, name, wants, &path)?;
    Some(RuleKind::Field { path, check, on_missing, ignore_case })
}

fn needed(notes: &mut Notes, at: At<'_>, key: &str) -> Option<()> {
    if at.node.get(key).is_some() {
        return Some(());
    }
    let suggestion = Some("write it like `{field: age, op: ge, value: 18}`".to_owned());
    notes.error(at, "missing_key", format!("a rule needs `{key}`"), suggestion);
    None
}

fn operator(notes: &mut Notes, at: At<'_>) -> Option<(&'static str, Wants)> {
    let words = OPERATORS.map(|(name, wants)| (name, (name, wants)));
    notes.one_of(at, &words)
}

fn boolean(notes: &mut Notes, at: At<'_>) -> bool {
    if let NodeKind::Bool(value) = at.node.kind {
        return value;
    }
    notes.expected(at, "true or false");
    false
}

/// The check of an operator with its value.
fn checked(notes: &mut Notes, at: At<'_>, name: &str, wants: Wants, path: &Path) -> Option<Check> {
    let value = match wants {
        Wants::Nothing => None,
        Wants::Values | Wants::TwoNumbers => Some(argument(notes, at, name, &["values", "value"])?),
        Wants::Kind => return kind_check(notes, at, name, path),
        _ => Some(argument(notes, at, name, &["value"])?),
    };
    for key in ["value", "values"] {
        if wants == Wants::Nothing && at.node.get(key).is_some() {
            under(at, key, |at| {
                notes.error(
                    at,
                    "odd_argument",
                    format!("`{name}` compares with nothing"),
                    Some("remove this".to_owned()),
                )
            });
        }
    }
    match wants {
        Wants::Nothing => alone(name),
        Wants::Number => number(notes, at, value?).map(|value| numeric(name, value)),
        Wants::Text => text(notes, at, value.as_ref()?).map(|text| textual(name, text)),
        Wants::TwoNumbers => bounds(notes, at, value.as_ref()?),
        Wants::Values => values(notes, at, value.as_ref()?).map(|values| listed(name, values)),
        Wants::Value | Wants::Kind => Some(any_value(name, value?)),
    }
}

fn argument(notes: &mut Notes, at: At<'_>, name: &str, keys: &[&str]) -> Option<Value<'static>> {
    if let Some(node) = keys.iter().find_map(|key| at.node.get(key)) {
        return Some(node.value());
    }
    let suggestion = Some(format!("add `{}`", keys[0]));
    notes.error(at, "missing_key", format!("`{name}` needs `{}`", keys[0]), suggestion);
    None
}

fn alone(name: &str) -> Option<Check> {
    Some(match name {
        "blank" => Check::Blank,
        "present" => Check::Present,
        "is_true" => Check::IsTrue,
        _ => Check::IsFalse,
    })
}

fn any_value(name: &str, value: Value<'static>) -> Check {
    match name {
        "eq" => Check::Equal(value),
        "ne" => Check::NotEqual(value),
        _ => Check::Contains(value),
    }
}

fn numeric(name: &str, value: Value<'static>) -> Check {
    match name {
        "lt" => Check::Less(value),
        "le" => Check::LessOrEqual(value),
        "gt" => Check::Greater(value),
        _ => Check::GreaterOrEqual(value),
    }
}

fn textual(name: &str, text: String) -> Check {
    if name == "starts_with" { Check::StartsWith(text.into()) } else { Check::EndsWith(text.into()) }
}

fn listed(name: &str, values: Vec<Value<'static>>) -> Check {
    if name == "in" { Check::In(values) } else { Check::NotIn(values) }
}

fn number(notes: &mut Notes, at: At<'_>, value: Value<'static>) -> Option<Value<'static>> {
    if matches!(value, Value::Number(_)) {
        return Some(value);
    }
    let suggestion = value.decimal().map(|_: Decimal| "write it without quotes".to_owned());
    let message = format!("this operator compares numbers, but the value is {}", value.type_name());
    under(at, "value", |at| notes.error(at, "wrong_type", message.as_str(), suggestion));
    None
}

fn text(notes: &mut Notes, at: At<'_>, value: &Value<'static>) -> Option<String> {
    let text = value.scalar_text().map(str::to_owned);
    if text.is_none() {
        under(at, "value", |at| notes.expected(at, "a text"));
    }
    text
}

fn bounds(notes: &mut Notes, at: At<'_>, value: &Value<'static>) -> Option<Check> {
    if let Value::List(items) = value
        && let [low @ Value::Number(_), high @ Value::Number(_)] = items.as_slice()
    {
        if high.decimal() < low.decimal() {
            let suggestion = Some("swap them".to_owned());
            notes.error(at, "unreachable", "nothing is between a number and a smaller one", suggestion);
        }
        return Some(Check::Between(low.clone(), high.clone()));
    }
    let suggestion = Some("write it like `values: [18, 65]`".to_owned());
    notes.error(at, "wrong_type", "`between` needs two numbers", suggestion);
    None
}

fn values(notes: &mut Notes, at: At<'_>, value: &Value<'static>) -> Option<Vec<Value<'static>>> {
    let Value::List(items) = value else {
        let suggestion = Some("write it like `values: [CA, TX]`".to_owned());
        notes.error(at, "wrong_type", format!("a list of values is needed, not {}", value.type_name()), suggestion);
        return None;
    };
    Some(items.clone())
}

fn kind_check(notes: &mut Notes, at: At<'_>, name: &str, path: &Path) -> Option<Check> {
    let kinds = [("email", Kind::Email), ("phone", Kind::Phone)];
    let given = under(at, "value", |at| notes.one_of(at, &kinds));
    let by_name = kinds.into_iter().find(|(word, _)| is_field(path, word)).map(|(_, kind)| kind);
    let Some(kind) = given.unwrap_or(by_name) else {
        if at.node.get("value").is_none() {
            let message = format!("`{}` can be {name} as what?", shortened(&path.text));
            notes.error(at, "missing_key", message, Some("add `value: email` or `value: phone`".to_owned()));
        }
        return None;
    };
    Some(if name == "valid" { Check::Valid(kind) } else { Check::Invalid(kind) })
}

/// Whether a path is the lead's standard field of this name.
fn is_field(path: &Path, name: &str) -> bool {
    let Steps::Singular(steps) = &path.steps else { return false };
    path.root == Root::Lead && matches!(steps.as_slice(), [Step::Name(only)] if only == name)
}

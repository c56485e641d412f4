//! Rules that failed, as people read them.

use super::{Standing, text};
use crate::state::State;
use serde_json::Value;

/// The first rule that failed, and how many others did.
pub(super) struct FailedRule {
    pub(super) rule: Option<String>,
    pub(super) field: Option<String>,
    pub(super) expected: Option<Value>,
    /// None where the field was missing.
    pub(super) actual: Option<Value>,
    operator: String,
    reason: Option<String>,
    others: u64,
}

impl FailedRule {
    /// The rule that disqualified a lead; none where something else did.
    pub(super) fn of(standing: &Standing<'_>) -> Option<Self> {
        if standing.state != State::Disqualified || standing.cause != "rules" {
            return None;
        }
        let rules = [standing.decision, standing.detail]
            .into_iter()
            .find_map(|part| part["failed_rules"].as_array().filter(|rules| !rules.is_empty()));
        let (first, others) = rules?.split_first()?;
        let text = |name: &str| first[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self {
            rule: text("rule"),
            field: text("field"),
            expected: first.get("expected").cloned(),
            actual: first.get("actual").cloned(),
            operator: text("operator").unwrap_or_default(),
            reason: text::part_of(first, "reason"),
            others: u64::try_from(others.len()).unwrap_or(u64::MAX),
        })
    }

    fn sentence(&self) -> String {
        let comparison = self.comparison();
        let because = match (&self.reason, comparison) {
            (Some(reason), Some(comparison)) => format!(" because {reason}: {comparison}"),
            (Some(reason), None) => format!(" because {reason}"),
            (None, Some(comparison)) => format!(" because {comparison}"),
            (None, None) => " by a rule of its campaign".to_owned(),
        };
        let others = match self.others {
            0 => String::new(),
            others => format!("; {} failed as well", text::count(others, "other rule", "other rules")),
        };
        format!("The lead is disqualified{because}{others}")
    }

    /// What the field holds and what was expected of it; none where the rule is about no field.
    fn comparison(&self) -> Option<String> {
        let field = text::name(self.field.as_deref()?);
        let expected = self.expected.as_ref().map_or_else(String::new, |expected| {
            format!(", and the rule expects {}", expectation(&self.operator, expected))
        });
        Some(match &self.actual {
            Some(actual) => format!("{field} is {}{expected}", text::value(actual)),
            None => format!("{field} is missing{expected}"),
        })
    }
}

/// The sentence about a lead that rules disqualified.
pub(super) fn sentence(standing: &Standing<'_>) -> String {
    match FailedRule::of(standing) {
        Some(rule) => rule.sentence(),
        None => match text::part_of(standing.detail, "reason") {
            Some(reason) => format!("The lead is disqualified because {reason}"),
            None => "The lead is disqualified by a rule of its campaign".to_owned(),
        },
    }
}

/// What a rule expects, in words.
fn expectation(operator: &str, expected: &Value) -> String {
    let shown = operand(expected);
    match operator {
        "eq" => shown,
        "ne" => format!("anything but {shown}"),
        "lt" => format!("less than {shown}"),
        "le" => format!("at most {shown}"),
        "gt" => format!("more than {shown}"),
        "ge" => format!("at least {shown}"),
        "between" | "age_between" => between(operator, expected),
        "in" => format!("one of {shown}"),
        "not_in" => format!("none of {shown}"),
        "in_set" => format!("an entry of the value set {shown}"),
        "not_in_set" => format!("no entry of the value set {shown}"),
        "contains" => format!("{shown} in it"),
        "starts_with" => format!("a text that starts with {shown}"),
        "ends_with" => format!("a text that ends with {shown}"),
        "matches" => format!("a text that matches {shown}"),
        "blank" => "nothing".to_owned(),
        "present" => "a value".to_owned(),
        "valid" => format!("a valid value of the kind {shown}"),
        "invalid" => format!("no valid value of the kind {shown}"),
        "is_true" => "yes".to_owned(),
        "is_false" => "no".to_owned(),
        "before" => format!("a time before {shown}"),
        "after" => format!("a time after {shown}"),
        "within" => format!("a time within {shown}"),
        "distinct" => "values that all differ".to_owned(),
        "any" => "that one of its conditions holds".to_owned(),
        "not" => "that its condition does not hold".to_owned(),
        other => match text::part(&other.replace('_', " ")) {
            Some(other) => format!("{other} {shown}"),
            None => shown,
        },
    }
}

fn between(operator: &str, expected: &Value) -> String {
    let what = if operator == "between" { "a number" } else { "an age" };
    let [from, to] = [&expected[0], &expected[1]];
    match (from.is_null(), to.is_null()) {
        (false, false) => format!("{what} from {} to {}", text::value(from), text::value(to)),
        (false, true) => format!("{what} of at least {}", text::value(from)),
        (true, false) => format!("{what} of at most {}", text::value(to)),
        (true, true) => what.to_owned(),
    }
}

/// What is compared with: a value, another field with what it held, or a moment that moves with now.
fn operand(expected: &Value) -> String {
    let Value::Object(members) = expected else { return text::value(expected) };
    let now = members.get("is").or_else(|| members.get("are")).or_else(|| members.get("value")).map(text::value);
    match (members.get("other").and_then(Value::as_str), now) {
        (Some(other), Some(value)) => format!("that of {} ({value})", text::name(other)),
        (Some(other), None) => format!("that of {}", text::name(other)),
        (None, Some(value)) => value,
        (None, None) => text::value(expected),
    }
}

//! What an operator is compared with, read as the table of operators wants it.

use hookmill_json::{CanonicalNumber, Value};
use hookmill_jsonpath::Pattern;

use super::check::{At, Diagnostics, shortened, under};
use super::functions::path_of;
use super::limits::{PATTERN_BYTES_MAX, SET_NAME_BYTES_MAX};
use super::literal;
use super::node::{Kind as NodeKind, Node};
use super::path::Stage;
use crate::moment::Written;
use crate::plan::owned::{Kind, Operator, Path, Root, Step, Steps, With};
use crate::plan::{OperatorSpec, Wants};

/// What the rule looks at, and how.
#[derive(Clone, Copy)]
pub struct RuleSubject<'r> {
    /// The field.
    pub path: &'r Path,
    /// Where the rule stands.
    pub stage: Stage,
    /// Whether case does not matter.
    pub ignore_case: bool,
}

/// Every key that some operator takes its operand from.
const KEYS: [&str; 4] = ["value", "values", "set", "other"];

/// Reads the operand of a rule.
pub fn read(
    diagnostics: &mut Diagnostics,
    at: At<'_>,
    declared: &OperatorSpec,
    subject: RuleSubject<'_>,
) -> Option<With> {
    let is_odd = report_unexpected_keys(diagnostics, at, declared);
    if declared.takes_other && at.node.get("other").is_some() {
        return under(at, "other", |at| path_of(diagnostics, at, subject.stage)).flatten().map(With::Other);
    }
    let name = declared.name;
    let key = operand_keys(declared.wants).iter().find(|key| at.node.get(key).is_some());
    match declared.wants {
        Wants::Nothing | Wants::Fields => return Some(With::Nothing),
        Wants::Kind => return kind(diagnostics, at, declared, subject.path),
        _ => {}
    }
    let Some(key) = key else {
        if !is_odd {
            missing(diagnostics, at, declared);
        }
        return None;
    };
    under(at, key, |at| match declared.wants {
        Wants::Number => number(diagnostics, at),
        Wants::Text => text(diagnostics, at, name),
        Wants::Pattern => pattern(diagnostics, at, subject.ignore_case),
        Wants::Moment => moment(diagnostics, at),
        Wants::Moments => moments(diagnostics, at),
        Wants::Numbers => numbers(diagnostics, at),
        Wants::Ages => ages(diagnostics, at),
        Wants::Values => values(diagnostics, at, declared.operator),
        Wants::Set => set(diagnostics, at),
        _ => value(diagnostics, at, declared.operator, subject),
    })
    .flatten()
}

/// The keys under which an operator finds its operand; the first is the usual one.
fn operand_keys(wants: Wants) -> &'static [&'static str] {
    match wants {
        Wants::Nothing | Wants::Fields => &[],
        Wants::Value | Wants::Number | Wants::Text | Wants::Pattern | Wants::Moment | Wants::Kind => &["value"],
        Wants::Numbers | Wants::Values | Wants::Ages => &["values", "value"],
        Wants::Moments => &["value", "values"],
        Wants::Set => &["set"],
    }
}

/// Reports operands under keys where this operator takes none; says whether there were some.
fn report_unexpected_keys(diagnostics: &mut Diagnostics, at: At<'_>, declared: &OperatorSpec) -> bool {
    let mut room = 1;
    let mut is_odd = false;
    let has_its_own = operand_keys(declared.wants).iter().any(|key| at.node.get(key).is_some());
    for key in KEYS.into_iter().filter(|key| at.node.get(key).is_some()) {
        let fits = operand_keys(declared.wants).contains(&key) || key == "other" && declared.takes_other;
        if fits && room == 1 {
            room = 0;
            continue;
        }
        let message = match (fits, operand_keys(declared.wants).first()) {
            (true, _) => format!("`{}` is compared with one thing: this is the second", declared.name),
            (false, None) => format!("`{}` compares with nothing", declared.name),
            (false, Some(usual)) => format!("`{}` takes `{usual}`, not `{key}`", declared.name),
        };
        let hint = match operand_keys(declared.wants).first() {
            Some(usual) if !fits && !has_its_own => belongs_to(declared.operator, usual, key),
            _ => "remove this".to_owned(),
        };
        under(at, key, |at| diagnostics.error(at, "unexpected_argument", message, Some(hint)));
        is_odd = true;
    }
    is_odd
}

/// Where an operand belongs that stands under another operator's key.
fn belongs_to(operator: Operator, usual: &str, key: &str) -> String {
    let of_several = match operator {
        Operator::Eq if key == "values" => "; for several values there is `op: in`",
        Operator::Ne if key == "values" => "; for several values there is `op: not_in`",
        _ => "",
    };
    format!("write it under `{usual}`{of_several}")
}

fn missing(diagnostics: &mut Diagnostics, at: At<'_>, declared: &OperatorSpec) {
    let usual = operand_keys(declared.wants).first().copied().unwrap_or("value");
    let or_other = if declared.takes_other { ", or `other` with the path of another field" } else { "" };
    let message = format!("`{}` needs `{usual}`", declared.name);
    diagnostics.error(at, "missing_key", message, Some(format!("add `{usual}`{or_other}")));
}

fn value(diagnostics: &mut Diagnostics, at: At<'_>, operator: Operator, subject: RuleSubject<'_>) -> Option<With> {
    let path = subject.path;
    let value = literal::value(diagnostics, at, subject.stage);
    if operator == Operator::Contains {
        return text(diagnostics, at, "contains");
    }
    if matches!(path.root, Root::Status | Root::StatusClass)
        && value.canonical_number().is_none()
        && value != Value::Null
    {
        let name = &path.text;
        let message = format!("`{name}` is that of HTTP, a number, and never {}", at.node.quoted());
        diagnostics.error(at, "wrong_type", message, Some(format!("for the key of the body write `body.{name}`")));
    }
    Some(With::Value(value))
}

fn number(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<With> {
    let value = at.node.value();
    if matches!(value, Value::Number(_)) {
        return Some(With::Value(value));
    }
    let suggestion = value.canonical_number().map(|_: CanonicalNumber| "write it without quotes".to_owned());
    let message = format!("this operator compares numbers, but the value is {}", value.type_name());
    diagnostics.error(at, "wrong_type", message, suggestion);
    None
}

fn text(diagnostics: &mut Diagnostics, at: At<'_>, name: &str) -> Option<With> {
    let value = at.node.value();
    match value.scalar_text() {
        None => {
            diagnostics.expected(at, "a text");
            return None;
        }
        Some("") => {
            let message = format!("`{name}` with an empty text passes for every text");
            diagnostics.warning(at, "always_true", message, Some("name the text, or use `present`".to_owned()));
        }
        Some(_) => {}
    }
    Some(With::Value(value))
}

fn pattern(diagnostics: &mut Diagnostics, at: At<'_>, ignore_case: bool) -> Option<With> {
    let read_text = diagnostics.text(at, "a regular expression such as `^[0-9]{5}$`")?;
    if read_text.len() > PATTERN_BYTES_MAX {
        let message =
            format!("this pattern has {} bytes, the bound is {PATTERN_BYTES_MAX} (PATTERN_BYTES_MAX)", read_text.len());
        diagnostics.error(at, "too_large", message, Some("split it into several rules".to_owned()));
        return None;
    }
    let used = if ignore_case { format!("(?i){read_text}") } else { read_text.to_owned() };
    match Pattern::new(used) {
        Ok(pattern) => Some(With::Pattern(read_text.to_owned().into(), pattern)),
        Err(why) => {
            let message = format!("`{}` is not a regular expression: {why}", shortened(read_text));
            let hint = "look-around and references back are not supported: they would not take linear time";
            diagnostics.error(at, "bad_pattern", message, Some(hint.to_owned()));
            None
        }
    }
}

fn moment(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<With> {
    read_text(diagnostics, at).map(|(text, _)| With::Moment(text.to_owned().into()))
}

fn read_text<'n>(diagnostics: &mut Diagnostics, at: At<'n>) -> Option<(&'n str, Written<'n>)> {
    let text = diagnostics.text(at, "a date such as `2026-01-31`, or a distance from now such as `-30d`")?;
    Written::read(text)
        .map(|read_text| (text, read_text))
        .map_err(|why| diagnostics.error(at, "bad_moment", why, None))
        .ok()
}

/// One distance from now, or two moments.
fn moments(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<With> {
    let example = Some("write it like `value: -30d`, or `values: [2026-01-01, 2026-12-31]`".to_owned());
    let NodeKind::List(items) = &at.node.kind else {
        let (text, read_text) = read_text(diagnostics, at)?;
        let Written::Distance(distance) = read_text else {
            diagnostics.error(at, "wrong_type", "`within` needs a distance from now, or two moments", example);
            return None;
        };
        let now = if distance.has_time() { "now" } else { "today" };
        let ends = if distance.is_past() { (text, now) } else { (now, text) };
        return Some(With::Moments(ends.0.to_owned().into(), ends.1.to_owned().into()));
    };
    let [from, to] = items.as_slice() else {
        diagnostics.error(at, "wrong_type", format!("two moments are needed, here are {}", items.len()), example);
        return None;
    };
    let (paths, nodes) = ([0, 1].map(|index| format!("{}[{index}]", at.path)), [from, to]);
    let [from, to] = [0, 1].map(|index| read_text(diagnostics, At { node: nodes[index], path: &paths[index] }));
    let (from, to) = (from?, to?);
    if from.1.order(to.1).is_some_and(std::cmp::Ordering::is_gt) {
        diagnostics.error(
            at,
            "unreachable",
            "nothing is between a moment and an earlier one",
            Some("swap them".to_owned()),
        );
    }
    Some(With::Moments(from.0.to_owned().into(), to.0.to_owned().into()))
}

fn numbers(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<With> {
    if let Value::List(items) = at.node.value()
        && let [Value::Number(_), Value::Number(_)] = items.as_slice()
    {
        if items[1].canonical_number() < items[0].canonical_number() {
            let suggestion = Some("swap them".to_owned());
            diagnostics.error(at, "unreachable", "nothing is between a number and a smaller one", suggestion);
        }
        return Some(With::Values(items));
    }
    let suggestion = Some("write it like `values: [18, 65]`".to_owned());
    diagnostics.error(at, "wrong_type", "`between` needs two numbers", suggestion);
    None
}

fn ages(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<With> {
    let age = |node: &Node| match &node.kind {
        NodeKind::Null => Some(None),
        NodeKind::Number(digits) => digits.parse::<u16>().ok().map(Some),
        _ => None,
    };
    let ends = match &at.node.kind {
        NodeKind::List(items) => items.iter().map(age).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let Some([from, to]) = ends.as_deref() else {
        let hint = Some("write it like `values: [18, 65]`, or `[18, null]` for everybody from 18 on".to_owned());
        diagnostics.error(at, "wrong_type", "`age_between` needs two integers of years", hint);
        return None;
    };
    match (from, to) {
        (Some(from), Some(to)) if to < from => {
            let hint = Some("swap them".to_owned());
            diagnostics.error(at, "unreachable", "no age is between a number and a smaller one", hint);
        }
        (None, None) => {
            let hint = Some("use `valid` with `value: date`".to_owned());
            diagnostics.warning(at, "always_true", "this passes for every date of birth", hint);
        }
        _ => {}
    }
    Some(With::Ages(*from, *to))
}

fn values(diagnostics: &mut Diagnostics, at: At<'_>, operator: Operator) -> Option<With> {
    let value = at.node.value();
    let (Value::List(items), NodeKind::List(_)) = (&value, &at.node.kind) else {
        let suggestion = Some("write it like `values: [CA, TX]`".to_owned());
        diagnostics.error(
            at,
            "wrong_type",
            format!("a list of values is needed, not {}", value.type_name()),
            suggestion,
        );
        return None;
    };
    // The bound of lists is noted.
    diagnostics.items(at);
    let hint = Some("name values, or remove the rule".to_owned());
    match (items.is_empty(), operator) {
        (true, Operator::In) => diagnostics.error(at, "unreachable", "nothing is in an empty list", hint),
        (true, _) => diagnostics.warning(at, "always_true", "nothing is in an empty list: this always passes", hint),
        _ => {}
    }
    Some(With::Values(items.clone()))
}

fn set(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<With> {
    let name = diagnostics.text(at, "the name of a value set")?;
    let is_name = !name.trim().is_empty() && name.trim() == name && name.len() <= SET_NAME_BYTES_MAX;
    if !is_name {
        let message = format!("`{}` is not the name of a value set", shortened(name));
        diagnostics.error(
            at,
            "bad_name",
            message,
            Some("write it as it was created, like `set: served_zips`".to_owned()),
        );
        return None;
    }
    Some(With::Set(name.to_owned().into()))
}

fn kind(diagnostics: &mut Diagnostics, at: At<'_>, declared: &OperatorSpec, path: &Path) -> Option<With> {
    let given = under(at, "value", |at| diagnostics.one_of(at, &Kind::ALL));
    let Some(kind) = given.unwrap_or_else(|| by_name(path)) else {
        if at.node.get("value").is_none() {
            let message = format!("`{}` can be {} as what?", shortened(&path.text), declared.name);
            let kinds: Vec<&str> = Kind::ALL.iter().map(|(name, _)| *name).collect();
            diagnostics.error(
                at,
                "missing_key",
                message,
                Some(format!("add `value:` with one of {}", kinds.join(", "))),
            );
        }
        return None;
    };
    Some(With::Kind(kind))
}

/// The kind that a standard field of the lead is of.
fn by_name(path: &Path) -> Option<Kind> {
    let Steps::Singular(steps) = &path.steps else { return None };
    let [Step::Name(name)] = steps.as_slice() else { return None };
    if path.root != Root::Lead {
        return None;
    }
    let name = if name == "date_of_birth" { "date" } else { name };
    Kind::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

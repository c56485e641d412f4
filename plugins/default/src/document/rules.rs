//! Rules: `{field, op, value, reason, severity, on_missing}`, and `all`, `any`, `not` of rules.

use super::check::{At, Diagnostics, under};
use super::functions::path_of;
use super::limits::RULES_MAX;
use super::node::{Kind as NodeKind, Node};
use super::path::Stage;
use super::{keys, operand, reach};
use crate::plan::owned::{Check, OnMissing, Path, Rule, RuleKind, RulePlan, Severity, With};
use crate::plan::{OPERATORS, OperatorSpec, Wants};

const GROUPS: [&str; 3] = keys::names(&keys::GROUPS);

const OUTER_KEYS: [&str; 3] = keys::names(&keys::RULE);

const FIELD_KEYS: [&str; 9] = keys::names(&keys::COMPARISON);

/// Reads the list of rules under `qualify`.
pub fn list(diagnostics: &mut Diagnostics, at: At<'_>) -> Vec<RulePlan> {
    if !matches!(at.node.kind, NodeKind::List(_) | NodeKind::Null) {
        diagnostics.expected(at, "a list of rules");
        return Vec::new();
    }
    let items = if at.node.kind == NodeKind::Null { &[] } else { diagnostics.items(at) };
    let mut rules: Vec<(&Node, RulePlan)> = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        rules.extend(outermost(diagnostics, At { node, path: &path }).map(|rule| (node, rule)));
    }
    for severity in [Severity::Hard, Severity::Soft] {
        let of_severity = rules.iter().filter(|(_, rule)| rule.severity == severity);
        reach::all(diagnostics, at, &of_severity.map(|(node, rule)| (*node, &rule.rule)).collect::<Vec<_>>());
    }
    rules.into_iter().map(|(_, rule)| rule).collect()
}

fn outermost(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<RulePlan> {
    let rule = rule(diagnostics, at, Stage::Qualify, true)?;
    let severities = [("hard", Severity::Hard), ("soft", Severity::Soft)];
    let severity = under(at, "severity", |at| diagnostics.one_of(at, &severities)).unwrap_or(Some(Severity::Hard))?;
    let name = under(at, "name", |at| diagnostics.text(at, "a name").map(str::to_owned)).flatten();
    let reason = rule.reason.clone().unwrap_or_default();
    Some(RulePlan { name: name.unwrap_or_else(|| at.path.to_owned()).into(), reason, severity, rule })
}

/// Reads a condition: a rule without name and severity. A list is `all` of them.
pub fn condition(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Rule> {
    if matches!(at.node.kind, NodeKind::List(_)) {
        let parts = parts(diagnostics, at, stage, reach::all);
        return Some(Rule { kind: RuleKind::All(parts), reason: None, line: at.node.place.line });
    }
    rule(diagnostics, at, stage, false)
}

fn rule(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage, outer: bool) -> Option<Rule> {
    diagnostics.rules += 1;
    if diagnostics.rules > RULES_MAX {
        diagnostics.error(at, "too_many", format!("the document has more than {RULES_MAX} rules (RULES_MAX)"), None);
        return None;
    }
    if !matches!(at.node.kind, NodeKind::Map(_)) {
        diagnostics.expected(at, "a rule such as `{field: age, op: ge, value: 18, reason: too young}`");
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
    diagnostics.map_of(at, "a rule", &known)?;
    let kind = match group {
        Some(group) => group_of(diagnostics, at, group, stage)?,
        None => field(diagnostics, at, stage)?,
    };
    let reason = under(at, "reason", |at| diagnostics.text(at, "the reason, a text").map(str::to_owned)).flatten();
    Some(Rule { kind, reason: reason.map(Into::into), line: at.node.place.line })
}

fn group_of(diagnostics: &mut Diagnostics, at: At<'_>, group: &str, stage: Stage) -> Option<RuleKind> {
    under(at, group, |at| match group {
        "not" => condition(diagnostics, at, stage).map(|rule| RuleKind::Not(Box::new(rule))),
        "all" => Some(RuleKind::All(parts(diagnostics, at, stage, reach::all))),
        _ => Some(RuleKind::Any(parts(diagnostics, at, stage, reach::any))),
    })
    .flatten()
}

/// How the rules of one list are looked at together.
type CheckTogether = fn(&mut Diagnostics, At<'_>, &[(&Node, &Rule)]);

fn parts(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage, together: CheckTogether) -> Vec<Rule> {
    let NodeKind::List(items) = &at.node.kind else {
        diagnostics.expected(at, "a list of rules");
        return Vec::new();
    };
    if items.is_empty() {
        diagnostics.error(at, "empty", "this list of rules is empty", Some("put a rule in, or remove it".to_owned()));
    }
    let mut rules = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        rules.extend(rule(diagnostics, At { node, path: &path }, stage, false).map(|rule| (node, rule)));
    }
    together(diagnostics, at, &rules.iter().map(|(node, rule)| (*node, rule)).collect::<Vec<_>>());
    rules.into_iter().map(|(_, rule)| rule).collect()
}

fn field(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<RuleKind> {
    let several = at.node.get("fields").is_some() && at.node.get("field").is_none();
    let paths = if several {
        under(at, "fields", |at| several_paths(diagnostics, at, stage)).flatten()
    } else {
        require(diagnostics, at, "field").and_then(|()| one_path(diagnostics, at, stage))
    };
    let declared =
        require(diagnostics, at, "op").and_then(|()| under(at, "op", |at| operator(diagnostics, at)).flatten());
    let misses = [("fail", OnMissing::Fail), ("pass", OnMissing::Pass), ("skip", OnMissing::Skip)];
    let on_missing = under(at, "on_missing", |at| diagnostics.one_of(at, &misses)).unwrap_or(Some(OnMissing::Fail))?;
    let ignore_case = under(at, "ignore_case", |at| boolean(diagnostics, at)).unwrap_or(false);
    let ((path, others), declared) = (paths?, declared?);
    if several && declared.wants != Wants::Fields {
        let hint = Some("write one path under `field`".to_owned());
        let message = format!("`{}` looks at one field; only `distinct` takes `fields`", declared.name);
        under(at, "fields", |at| diagnostics.error(at, "unexpected_argument", message, hint));
        return None;
    }
    if ignore_case && !declared.has_case {
        let message = format!("`{}` knows no case to ignore", declared.name);
        under(at, "ignore_case", |at| {
            diagnostics.error(at, "unexpected_argument", message, Some("remove this".to_owned()))
        });
    }
    let compared = operand::read(diagnostics, at, declared, operand::RuleSubject { path: &path, stage, ignore_case })?;
    let with = if others.is_empty() { compared } else { With::Others(others) };
    Some(RuleKind::Field { path, check: Check { operator: declared.operator, with }, on_missing, ignore_case })
}

fn one_path(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<(Path, Vec<Path>)> {
    let path = under(at, "field", |at| path_of(diagnostics, at, stage)).flatten()?;
    if at.node.get("fields").is_some() {
        let hint = Some("name all paths under `fields`".to_owned());
        under(at, "fields", |at| {
            diagnostics.error(at, "unexpected_argument", "a rule has `field` or `fields`, not both", hint)
        });
    }
    Some((path, Vec::new()))
}

fn several_paths(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<(Path, Vec<Path>)> {
    let items = diagnostics.items(at);
    if items.len() < 2 {
        let hint = Some("write it like `{fields: [phone, work_phone], op: distinct}`".to_owned());
        diagnostics.error(at, "wrong_type", "`fields` needs at least two paths", hint);
        return None;
    }
    let mut paths = Vec::with_capacity(items.len());
    for (index, node) in items.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        paths.push(path_of(diagnostics, At { node, path: &path }, stage)?);
    }
    let first = paths.remove(0);
    Some((first, paths))
}

fn require(diagnostics: &mut Diagnostics, at: At<'_>, key: &str) -> Option<()> {
    if at.node.get(key).is_some() {
        return Some(());
    }
    let suggestion = Some("write it like `{field: age, op: ge, value: 18}`".to_owned());
    diagnostics.error(at, "missing_key", format!("a rule needs `{key}`"), suggestion);
    None
}

fn operator(diagnostics: &mut Diagnostics, at: At<'_>) -> Option<&'static OperatorSpec> {
    let words: Vec<(&str, &'static OperatorSpec)> =
        OPERATORS.iter().map(|declared| (declared.name, declared)).collect();
    diagnostics.one_of(at, &words)
}

pub(super) fn boolean(diagnostics: &mut Diagnostics, at: At<'_>) -> bool {
    if let NodeKind::Bool(value) = at.node.kind {
        return value;
    }
    diagnostics.expected(at, "true or false");
    false
}

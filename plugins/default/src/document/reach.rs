//! Rules that stand side by side and can't hold together, or say nothing together: found where that is sure for every lead.

use std::cmp::Ordering;

use hookmill_json::{CanonicalNumber, Value};

use super::check::{At, Diagnostics};
use super::limits::{RULE_VALUES_COMPARED_MAX, RULES_COMPARED_MAX};
use super::node::Node;
use crate::moment::Written;
use crate::plan::owned::{Check, OnMissing, Operator, Path, Rule, RuleKind, With};
use crate::run::compare::{against, among};

/// One comparison of a rule.
#[derive(Clone, Copy)]
struct Leaf<'r> {
    path: &'r Path,
    check: &'r Check,
    on_missing: OnMissing,
    ignore_case: bool,
    line: u32,
}

impl<'r> Leaf<'r> {
    fn of(rule: &'r Rule) -> Option<Self> {
        let RuleKind::Field { path, check, on_missing, ignore_case } = &rule.kind else { return None };
        Some(Self { path, check, on_missing: *on_missing, ignore_case: *ignore_case, line: rule.line })
    }

    fn looks_where(self, other: Self) -> bool {
        self.path.root == other.path.root && self.path.steps == other.path.steps
    }

    fn takes_missing(self) -> bool {
        match self.check.operator {
            Operator::Blank => true,
            Operator::Present => false,
            _ => self.on_missing != OnMissing::Fail,
        }
    }
}

/// Looks at rules that must all hold.
pub fn all(diagnostics: &mut Diagnostics, at: At<'_>, rules: &[(&Node, &Rule)]) {
    let look = |diagnostics: &mut Diagnostics, at: At<'_>, one: Leaf<'_>, other: Leaf<'_>| {
        if excludes(one, other) {
            let message = format!("no value passes this rule and the one of line {}: nothing can pass both", one.line);
            diagnostics.error(at, "unreachable", message, Some("remove one, or put both under `any`".to_owned()));
        }
    };
    each_pair(diagnostics, at, rules, look);
}

/// Looks at rules of which one must hold.
pub fn any(diagnostics: &mut Diagnostics, at: At<'_>, rules: &[(&Node, &Rule)]) {
    let look = |diagnostics: &mut Diagnostics, at: At<'_>, one: Leaf<'_>, other: Leaf<'_>| {
        if completes(one.check, other.check) {
            let message = format!("every value passes this rule or the one of line {}", one.line);
            diagnostics.warning(at, "always_true", message, Some("remove the `any`".to_owned()));
        }
    };
    each_pair(diagnostics, at, rules, look);
}

type Look = fn(&mut Diagnostics, At<'_>, Leaf<'_>, Leaf<'_>);

fn each_pair(diagnostics: &mut Diagnostics, at: At<'_>, rules: &[(&Node, &Rule)], look: Look) {
    let rules = &rules[..rules.len().min(RULES_COMPARED_MAX)];
    for (index, (node, rule)) in rules.iter().enumerate() {
        let path = format!("{}[{index}]", at.path);
        let here = At { node, path: &path };
        let same = rules[..index].iter().find(|(_, earlier)| is_double(earlier, rule));
        if let Some((_, earlier)) = same {
            let message = format!("this rule is the one of line {} once more", earlier.line);
            diagnostics.warning(here, "duplicate_rule", message, Some("remove it".to_owned()));
            continue;
        }
        let Some(leaf) = Leaf::of(rule) else { continue };
        let earlier = rules[..index].iter().filter_map(|(_, rule)| Leaf::of(rule));
        earlier.filter(|earlier| earlier.looks_where(leaf)).for_each(|earlier| look(diagnostics, here, earlier, leaf));
    }
}

fn is_double(one: &Rule, other: &Rule) -> bool {
    one.kind == other.kind
}

/// Whether no value passes both.
fn excludes(one: Leaf<'_>, other: Leaf<'_>) -> bool {
    if one.takes_missing() && other.takes_missing() {
        return false;
    }
    let ignore_case = one.ignore_case || other.ignore_case;
    let (one, other) = (one.check, other.check);
    opposite(one, other)
        || opposite(other, one)
        || apart(range(one), range(other), CanonicalNumber::cmp)
        || apart(ages(one), ages(other), u16::cmp)
        || apart_in_time(one, other)
        || different_starts(one, other, ignore_case)
        || [one, other].iter().all(|check| is_short(check))
            && none_of(one, other, ignore_case)
            && none_of(other, one, ignore_case)
}

/// Whether one says what the other denies.
fn opposite(one: &Check, other: &Check) -> bool {
    match (one.operator, other.operator) {
        (Operator::Blank, Operator::Eq) => !matches!(&other.with, With::Value(value) if value.is_blank()),
        (Operator::Blank, Operator::Present | Operator::IsTrue | Operator::IsFalse | Operator::Valid) => true,
        (Operator::Blank, Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge | Operator::Between) => true,
        (Operator::Blank, Operator::Before | Operator::After | Operator::Within | Operator::AgeBetween) => true,
        (Operator::Blank, Operator::InSet) | (Operator::IsTrue, Operator::IsFalse) => true,
        (Operator::Valid, Operator::Invalid) | (Operator::InSet, Operator::NotInSet) => one.with == other.with,
        _ => false,
    }
}

/// A lower and an upper end, and whether each belongs to it.
type Range<T> = (Option<(T, bool)>, Option<(T, bool)>);

fn range(check: &Check) -> Option<Range<CanonicalNumber>> {
    let end = |value: &Value<'_>, included| Some((value.canonical_number()?, included));
    Some(match (check.operator, &check.with) {
        (Operator::Lt, With::Value(value)) => (None, end(value, false)),
        (Operator::Le, With::Value(value)) => (None, end(value, true)),
        (Operator::Gt, With::Value(value)) => (end(value, false), None),
        (Operator::Ge, With::Value(value)) => (end(value, true), None),
        (Operator::Eq, With::Value(value @ Value::Number(_))) => (end(value, true), end(value, true)),
        (Operator::Between, With::Values(values)) => (end(values.first()?, true), end(values.last()?, true)),
        _ => return None,
    })
}

fn ages(check: &Check) -> Option<Range<u16>> {
    let With::Ages(from, to) = &check.with else { return None };
    Some((from.map(|age| (age, true)), to.map(|age| (age, true))))
}

/// Whether nothing lies in both.
fn apart<T>(one: Option<Range<T>>, other: Option<Range<T>>, compare: fn(&T, &T) -> Ordering) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let ends_before = |upper: &Option<(T, bool)>, lower: &Option<(T, bool)>| match (upper, lower) {
        (Some((upper, upper_in)), Some((lower, lower_in))) => match compare(upper, lower) {
            Ordering::Less => true,
            Ordering::Equal => !(*upper_in && *lower_in),
            Ordering::Greater => false,
        },
        _ => false,
    };
    ends_before(&one.1, &other.0) || ends_before(&other.1, &one.0)
}

fn apart_in_time(one: &Check, other: &Check) -> bool {
    let (Some(one), Some(other)) = (span(one), span(other)) else { return false };
    let ends_before = |upper: Option<(&str, bool)>, lower: Option<(&str, bool)>| {
        let (Some((upper, upper_in)), Some((lower, lower_in))) = (upper, lower) else { return false };
        let (Ok(upper), Ok(lower)) = (Written::read(upper), Written::read(lower)) else { return false };
        match upper.order(lower) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !(upper_in && lower_in),
            _ => false,
        }
    };
    ends_before(one.1, other.0) || ends_before(other.1, one.0)
}

fn span(check: &Check) -> Option<Range<&str>> {
    Some(match (check.operator, &check.with) {
        (Operator::Before, With::Moment(text)) => (None, Some((text, false))),
        (Operator::After, With::Moment(text)) => (Some((text, false)), None),
        (Operator::Within, With::Moments(from, to)) => (Some((from, true)), Some((to, true))),
        _ => return None,
    })
}

fn different_starts(one: &Check, other: &Check, ignore_case: bool) -> bool {
    let both = |operator| one.operator == operator && other.operator == operator;
    let (With::Value(one_text), With::Value(other_text)) = (&one.with, &other.with) else { return false };
    let (Some(a), Some(b)) = (one_text.scalar_text(), other_text.scalar_text()) else { return false };
    let (a, b) = if ignore_case { (a.to_lowercase(), b.to_lowercase()) } else { (a.to_owned(), b.to_owned()) };
    both(Operator::StartsWith) && !a.starts_with(&b) && !b.starts_with(&a)
        || both(Operator::EndsWith) && !a.ends_with(&b) && !b.ends_with(&a)
}

fn is_short(check: &Check) -> bool {
    !matches!(&check.with, With::Values(values) if values.len() > RULE_VALUES_COMPARED_MAX)
}

/// Whether one passes for some named values only, none of which passes the other.
fn none_of(one: &Check, other: &Check, ignore_case: bool) -> bool {
    // The number 5 stands for many texts, such as `5.0`: what a text rule says of it is not sure.
    let is_sure =
        |value: &Value<'_>, wanted: &Value<'_>| !matches!((value, wanted), (Value::Number(_), Value::Text(_)));
    let passes = |value: &Value<'_>| match (&other.with, other.operator) {
        (With::Value(_), Operator::StartsWith | Operator::EndsWith | Operator::Contains) => true,
        (With::Value(wanted), operator) if is_sure(value, wanted) => {
            against(operator, value, wanted, ignore_case).unwrap_or(false)
        }
        (With::Values(values), operator) if values.iter().all(|wanted| is_sure(value, wanted)) => {
            among(operator, value, values, ignore_case).unwrap_or(false)
        }
        _ => true,
    };
    match (&one.with, one.operator) {
        (With::Value(value), Operator::Eq) => !passes(value),
        (With::Values(values), Operator::In) => !values.iter().any(passes),
        // What it passes for is not named: the other must be looked at from its side.
        (With::Value(_), Operator::Ne | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge)
        | (With::Values(_), Operator::NotIn | Operator::Between) => {
            matches!(other.operator, Operator::Eq | Operator::In)
        }
        _ => false,
    }
}

/// Whether every value passes one of them.
fn completes(one: &Check, other: &Check) -> bool {
    matches!(
        (one.operator, other.operator),
        (Operator::Blank, Operator::Present) | (Operator::Present, Operator::Blank)
    )
}

//! What a rule checks of a value: where the value is, what it is compared with, and what comes out.

use std::cell::OnceCell;

use hookmill_json::Value;

use super::budget::WorkBudget;
use super::compare::{against, all_distinct, among, between_fields, says};
use super::scope::Scope;
use super::select::Reader;
use super::valid::is_valid;
use super::value_set;
use crate::functions::{FunctionError, cost};
use crate::moment::{Moment, Now, Written};
use crate::plan::{Check, MissingOperand, OnMissing, Operator, Path, With};

/// Why a rule could not be checked: it can be neither met nor not met.
#[derive(Debug, PartialEq)]
pub struct RuleError {
    /// A stable code.
    pub code: &'static str,
    /// The field the rule looks at.
    pub field: String,
    /// The reason, with a suggested fix.
    pub message: String,
}

impl From<FunctionError> for RuleError {
    fn from(rejection: FunctionError) -> Self {
        Self { code: rejection.code, field: String::new(), message: rejection.message }
    }
}

/// Checks values in one scope.
pub struct Checker<'s, S> {
    scope: &'s S,
    now: OnceCell<Option<Now>>,
    /// What was looked at.
    pub reader: Reader<'s>,
}

impl<'s, S: Scope> Checker<'s, S> {
    /// A checker of this scope.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, now: OnceCell::new(), reader: Reader::default() }
    }

    /// The value a rule looks at, or those of its several paths. Where a path is too wide, nothing can be said of the lead: what
    /// was not looked at is not missing.
    pub fn actual(&self, path: &Path<'_>, check: &Check<'_>) -> Result<Option<Value<'s>>, RuleError> {
        let With::Others(more) = &check.with else { return self.at(path) };
        let mut found = Vec::new();
        for path in std::iter::once(path).chain(more) {
            found.extend(self.at(path)?);
        }
        Ok((!found.is_empty()).then_some(Value::List(found)))
    }

    fn at(&self, path: &Path<'_>) -> Result<Option<Value<'s>>, RuleError> {
        Ok(self.reader.look(path, self.scope)?.value(self.scope.budget())?)
    }

    /// What may still be done for the item.
    pub fn budget(&self) -> &'s WorkBudget {
        self.scope.budget()
    }

    /// The same again, to be shown: it takes nothing of what may still be done, so that a trace changes nothing.
    pub fn trace_value<T>(&self, look: impl FnOnce(&Self) -> Result<Option<T>, RuleError>) -> Option<T> {
        let mark = self.scope.budget().save();
        let found = look(self).ok().flatten();
        self.scope.budget().restore(&mark);
        found
    }

    /// Whether a value meets a check; none when there is nothing to check.
    pub fn passes(
        &self,
        check: &Check<'_>,
        actual: Option<&Value<'_>>,
        on_missing: OnMissing,
        ignore_case: bool,
    ) -> Result<Option<bool>, RuleError> {
        let lacking = check.operator.declared().lacking;
        let Some(actual) = actual else {
            let is_blank = check.operator == Operator::Blank;
            return Ok(if lacking.missing_is_compared { Some(is_blank) } else { by(on_missing) });
        };
        let first = match actual {
            Value::Null => lacking.null,
            Value::Text(text) if text.trim().is_empty() => lacking.blank,
            _ => MissingOperand::Compared,
        };
        if first != MissingOperand::Compared {
            return Ok(Some(first == MissingOperand::Passes));
        }
        let other = match &check.with {
            With::Other(path) => match self.at(path)? {
                None => return Ok(by(on_missing)),
                Some(found) => {
                    self.scope.budget().spend(cost(&found))?;
                    Some(found)
                }
            },
            _ => None,
        };
        self.scope.budget().spend(comparison_cost(check, actual))?;
        let compared = self.compare(check, actual, other.as_ref(), ignore_case)?;
        Ok(Some(compared.unwrap_or(lacking.odd == MissingOperand::Passes)))
    }

    /// What an operator says; none when it can't say anything of such a value.
    fn compare(
        &self,
        check: &Check<'_>,
        actual: &Value<'_>,
        other: Option<&Value<'_>>,
        ignore_case: bool,
    ) -> Result<Option<bool>, RuleError> {
        Ok(match (&check.with, other) {
            (With::Value(value), _) => against(check.operator, actual, value, ignore_case),
            (With::Other(_), Some(other)) if is_of_time(check.operator) => {
                let now = self.now()?;
                now.read(other).and_then(|limit| in_time(check.operator, now, now.read(actual)?, limit))
            }
            (_, Some(other)) => between_fields(check.operator, actual, other, ignore_case),
            (With::Values(values), _) => among(check.operator, actual, values, ignore_case),
            (With::Pattern(_, pattern), _) => actual.scalar_text().map(|text| pattern.is_match(text)),
            (With::Kind(kind), _) => {
                let valid = actual.scalar_text().map(|text| is_valid(*kind, text, self.scope.phone_region()));
                valid.map(|valid| valid == (check.operator == Operator::Valid))
            }
            (With::Set(set), _) => match value_set::key(actual, ignore_case) {
                Some(key) => Some(value_set::has(set, &key)? == (check.operator == Operator::InSet)),
                None => None,
            },
            (With::Moment(limit), _) => {
                let now = self.now()?;
                meant(now, limit).and_then(|limit| in_time(check.operator, now, now.read(actual)?, limit))
            }
            (With::Moments(from, to), _) => {
                let now = self.now()?;
                let at = now.read(actual);
                let is_after = |limit: Moment| at.map(|at| now.compare(limit, at).is_le());
                let is_before = |limit: Moment| at.map(|at| now.compare(at, limit).is_le());
                let starts = meant(now, from).and_then(is_after);
                starts.zip(meant(now, to).and_then(is_before)).map(|(starts, ends)| starts && ends)
            }
            (With::Ages(from, to), _) => {
                self.now()?.age(actual).map(|age| from.is_none_or(|from| from <= age) && to.is_none_or(|to| age <= to))
            }
            (With::Nothing | With::Others(_) | With::Other(_), _) => compare_one(check.operator, actual, ignore_case),
        })
    }

    fn now(&self) -> Result<&Now, RuleError> {
        let now = self.now.get_or_init(|| Now::new(self.scope.now_ms(), self.scope.time_zone()));
        now.as_ref().ok_or_else(|| {
            let zone = self.scope.time_zone();
            let message =
                format!("the campaign's time zone `{zone}` is not known; choose one such as America/New_York");
            RuleError { code: "unknown_zone", field: String::new(), message }
        })
    }

    /// What the trace and the verdict show as wanted: what moves with now, and what another field has, as it was found.
    pub fn expected<'c>(&self, check: &'c Check<'_>) -> Value<'c>
    where
        's: 'c,
    {
        match &check.with {
            With::Value(value) => value.borrowed(),
            With::Values(values) => Value::List(values.iter().map(Value::borrowed).collect()),
            With::Pattern(text, _) | With::Set(text) => Value::text(&**text),
            With::Kind(kind) => Value::text(kind.name()),
            With::Ages(from, to) => {
                Value::List([from, to].map(|age| age.map_or(Value::Null, |age| Value::integer(age.into()))).into())
            }
            With::Other(path) => {
                let mut members = vec![("other".into(), Value::text(&*path.text))];
                members.extend(self.trace_value(|checker| checker.at(path)).map(|value| ("value".into(), value)));
                Value::Object(members)
            }
            With::Moment(text) => match self.resolve_moment(text) {
                None => Value::text(&**text),
                Some(is) => Value::object([("value", Value::text(&**text)), ("is", is)]),
            },
            With::Moments(from, to) => {
                let written = Value::List(vec![Value::text(&**from), Value::text(&**to)]);
                let ends = [from, to].map(|text| self.resolve_moment(text).unwrap_or_else(|| Value::text(&**text)));
                let are = Value::List(ends.into());
                if are == written { written } else { Value::object([("values", written), ("are", are)]) }
            }
            With::Nothing | With::Others(_) if check.operator == Operator::Distinct => Value::text("all different"),
            With::Nothing | With::Others(_) => Value::Bool(true),
        }
    }

    /// Which moment a text means that moves with now.
    fn resolve_moment(&self, text: &str) -> Option<Value<'static>> {
        let written = Written::read(text).ok().filter(|written| written.is_relative())?;
        Some(Value::text(self.now().ok()?.meant(written)?.to_string()))
    }
}

/// What a comparison takes: the value is read once for each that it is compared with, and by an expression at once for each place
/// where that may be.
fn comparison_cost(check: &Check<'_>, actual: &Value<'_>) -> usize {
    let reading = cost(actual) + STEPS_PER_CHECK;
    match &check.with {
        With::Values(values) => reading.saturating_mul(values.len()),
        With::Pattern(_, pattern) => pattern.cost(reading),
        _ => reading,
    }
}

/// What any comparison takes.
const STEPS_PER_CHECK: usize = 16;

fn by(on_missing: OnMissing) -> Option<bool> {
    match on_missing {
        OnMissing::Fail => Some(false),
        OnMissing::Pass => Some(true),
        OnMissing::Skip => None,
    }
}

fn is_of_time(operator: Operator) -> bool {
    matches!(operator, Operator::Before | Operator::After)
}

/// One value by itself.
fn compare_one(operator: Operator, actual: &Value<'_>, ignore_case: bool) -> Option<bool> {
    match operator {
        Operator::Blank => Some(actual.is_blank()),
        Operator::Present => Some(!actual.is_blank()),
        Operator::IsTrue => says(actual),
        Operator::IsFalse => says(actual).map(|said| !said),
        Operator::Distinct => match actual {
            Value::List(values) => Some(all_distinct(values, ignore_case)),
            _ => Some(true),
        },
        _ => None,
    }
}

fn in_time(operator: Operator, now: &Now, at: Moment, limit: Moment) -> Option<bool> {
    let order = now.compare(at, limit);
    Some(if operator == Operator::Before { order.is_lt() } else { order.is_gt() })
}

fn meant(now: &Now, text: &str) -> Option<Moment> {
    now.meant(Written::read(text).ok()?)
}

//! Judging rules.

use std::borrow::Cow;
use std::cell::OnceCell;

use hookmill_plugin_sdk::lookup::{self, LookupError};

use super::compare::{against, all_distinct, among, says};
use super::scope::Scope;
use super::select::select;
use super::valid::is_valid;
use crate::json::{Value, text_of};
use crate::moment::{Moment, Now, Written};
use crate::plan::{Check, Lacking, OnMissing, Operator, Path, Rule, RuleKind, With};

/// Bytes of a key of a value set; a longer text is none.
const SET_KEY_BYTES_MAX: usize = 4096;

/// A rule that was not met.
pub struct Miss {
    /// Its name or place.
    pub rule: String,
    /// The field it looks at, or several.
    pub field: String,
    /// Its operator.
    pub operator: String,
    /// The reason its author gave to this part.
    pub reason: Option<String>,
    /// What it wants, JSON text.
    pub expected: String,
    /// What there is, JSON text.
    pub actual: Option<String>,
}

/// What a rule says of a lead.
pub enum Judgement {
    /// Met.
    Passed,
    /// Not met, by these parts.
    Failed(Vec<Miss>),
    /// Nothing to judge.
    Skipped,
}

/// Why a rule could not be judged: it can be neither met nor not met.
#[derive(Debug, PartialEq)]
pub struct Unjudged {
    /// A stable code.
    pub code: &'static str,
    /// The field the rule looks at.
    pub field: String,
    /// The reason and the mend.
    pub message: String,
}

/// The name of a rule or of a part of one, written out only when somebody is told.
#[derive(Clone, Copy)]
pub enum Name<'n> {
    /// A whole rule.
    Of(&'n str),
    /// A part of `all` or `any`.
    Part(&'n Name<'n>, &'static str, usize),
    /// What `not` negates.
    Not(&'n Name<'n>),
}

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(name) => f.write_str(name),
            Self::Part(whole, group, index) => write!(f, "{whole}.{group}[{index}]"),
            Self::Not(whole) => write!(f, "{whole}.not"),
        }
    }
}

/// Judges rules in one scope.
pub struct Judge<'s, S> {
    scope: &'s S,
    now: OnceCell<Option<Now>>,
    /// Each comparison, when a trace is wanted.
    pub trace: Option<Vec<Value<'static>>>,
}

impl<'s, S: Scope> Judge<'s, S> {
    /// A judge without a trace.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, now: OnceCell::new(), trace: None }
    }

    /// Whether a condition holds; one without anything to judge does.
    pub fn holds(&mut self, rule: &Rule<'_>) -> Result<bool, Unjudged> {
        Ok(!matches!(self.judge(rule, Name::Of(""))?, Judgement::Failed(_)))
    }

    /// Judges a rule of this name. The depth is the document's, which is bounded.
    pub fn judge(&mut self, rule: &Rule<'_>, name: Name<'_>) -> Result<Judgement, Unjudged> {
        match &rule.kind {
            RuleKind::All(parts) => self.all(parts, name),
            RuleKind::Any(parts) => self.any(rule, parts, name),
            RuleKind::Not(part) => self.not(rule, part, name),
            RuleKind::Field { .. } => self.field(rule, name),
        }
    }

    fn all(&mut self, parts: &[Rule<'_>], name: Name<'_>) -> Result<Judgement, Unjudged> {
        let mut misses = Vec::new();
        let mut judged = false;
        for (index, part) in parts.iter().enumerate() {
            match self.judge(part, Name::Part(&name, "all", index))? {
                Judgement::Passed => judged = true,
                Judgement::Failed(more) => misses.extend(more),
                Judgement::Skipped => {}
            }
        }
        Ok(match (misses.is_empty(), judged) {
            (false, _) => Judgement::Failed(misses),
            (true, true) => Judgement::Passed,
            (true, false) => Judgement::Skipped,
        })
    }

    fn any(&mut self, rule: &Rule<'_>, parts: &[Rule<'_>], name: Name<'_>) -> Result<Judgement, Unjudged> {
        let mut misses = Vec::new();
        let mut judged = false;
        for (index, part) in parts.iter().enumerate() {
            match self.judge(part, Name::Part(&name, "any", index))? {
                Judgement::Passed => return Ok(Judgement::Passed),
                Judgement::Failed(more) => misses.extend(more),
                Judgement::Skipped => continue,
            }
            judged = true;
        }
        if !judged {
            return Ok(Judgement::Skipped);
        }
        Ok(Judgement::Failed(vec![together(rule, &name.to_string(), "any", &misses)]))
    }

    fn not(&mut self, rule: &Rule<'_>, part: &Rule<'_>, name: Name<'_>) -> Result<Judgement, Unjudged> {
        Ok(match self.judge(part, Name::Not(&name))? {
            Judgement::Failed(_) => Judgement::Passed,
            Judgement::Skipped => Judgement::Skipped,
            Judgement::Passed => {
                let leaves: Vec<Miss> = self.leaves(part, name);
                Judgement::Failed(vec![together(rule, &name.to_string(), "not", &leaves)])
            }
        })
    }

    /// What a rule that was met looks at: the reason why its negation fails.
    fn leaves(&self, rule: &Rule<'_>, name: Name<'_>) -> Vec<Miss> {
        match &rule.kind {
            RuleKind::All(parts) | RuleKind::Any(parts) => {
                parts.iter().flat_map(|part| self.leaves(part, name)).collect()
            }
            RuleKind::Not(part) => self.leaves(part, name),
            RuleKind::Field { path, check, .. } => {
                vec![self.miss(rule, &name.to_string(), self.actual(path, check).as_ref())]
            }
        }
    }

    fn field(&mut self, rule: &Rule<'_>, name: Name<'_>) -> Result<Judgement, Unjudged> {
        let RuleKind::Field { path, check, on_missing, ignore_case } = &rule.kind else {
            return Ok(Judgement::Skipped);
        };
        let actual = self.actual(path, check);
        let passed = self.passes(check, actual.as_ref(), *on_missing, *ignore_case);
        let passed = passed.map_err(|unjudged| Unjudged { field: path.text.to_string(), ..unjudged })?;
        let judgement = match passed {
            Some(true) => Judgement::Passed,
            Some(false) => Judgement::Failed(vec![self.miss(rule, &name.to_string(), actual.as_ref())]),
            None => Judgement::Skipped,
        };
        if self.trace.is_some() {
            let miss = self.miss(rule, &name.to_string(), actual.as_ref());
            let expected = self.expected(check).into_owned();
            self.note(rule, miss, expected, actual, passed);
        }
        Ok(judgement)
    }

    /// The value a rule looks at, or those of its several paths. A path that is too wide finds nothing.
    fn actual(&self, path: &Path<'_>, check: &Check<'_>) -> Option<Value<'s>> {
        let With::Others(more) = &check.with else { return self.at(path) };
        let found: Vec<Value<'s>> = std::iter::once(path).chain(more).filter_map(|path| self.at(path)).collect();
        (!found.is_empty()).then_some(Value::List(found))
    }

    fn at(&self, path: &Path<'_>) -> Option<Value<'s>> {
        select(path, self.scope).ok()?.value()
    }

    /// Whether a value meets a check; none when there is nothing to judge.
    fn passes(
        &self,
        check: &Check<'_>,
        actual: Option<&Value<'_>>,
        on_missing: OnMissing,
        ignore_case: bool,
    ) -> Result<Option<bool>, Unjudged> {
        let lacking = check.operator.declared().lacking;
        let Some(actual) = actual else {
            let is_blank = check.operator == Operator::Blank;
            return Ok(if lacking.missing_is_compared { Some(is_blank) } else { by(on_missing) });
        };
        let first = match actual {
            Value::Null => lacking.null,
            Value::Text(text) if text.trim().is_empty() => lacking.blank,
            _ => Lacking::Compared,
        };
        if first != Lacking::Compared {
            return Ok(Some(first == Lacking::Passes));
        }
        let other = match &check.with {
            With::Other(path) => match self.at(path) {
                None => return Ok(by(on_missing)),
                found => found,
            },
            _ => None,
        };
        let compared = self.compare(check, actual, other.as_ref(), ignore_case)?;
        Ok(Some(compared.unwrap_or(lacking.odd == Lacking::Passes)))
    }

    /// What an operator says; none when it can't say anything of such a value.
    fn compare(
        &self,
        check: &Check<'_>,
        actual: &Value<'_>,
        other: Option<&Value<'_>>,
        ignore_case: bool,
    ) -> Result<Option<bool>, Unjudged> {
        Ok(match (&check.with, other) {
            (With::Value(value), _) => against(check.operator, actual, value, ignore_case),
            (With::Other(_), Some(other)) if is_of_time(check.operator) => {
                let now = self.now()?;
                now.read(other).and_then(|limit| in_time(check.operator, now, now.read(actual)?, limit))
            }
            (_, Some(other)) => against(check.operator, actual, other, ignore_case),
            (With::Values(values), _) => among(check.operator, actual, values, ignore_case),
            (With::Pattern(_, pattern), _) => actual.scalar_text().map(|text| pattern.is_match(text)),
            (With::Kind(kind), _) => {
                let valid = actual.scalar_text().map(|text| is_valid(*kind, text, self.scope.phone_region()));
                valid.map(|valid| valid == (check.operator == Operator::Valid))
            }
            (With::Set(set), _) => match set_key(actual, ignore_case) {
                Some(key) => Some(is_in_set(set, &key)? == (check.operator == Operator::InSet)),
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
            (With::Nothing | With::Others(_) | With::Other(_), _) => alone(check.operator, actual, ignore_case),
        })
    }

    fn now(&self) -> Result<&Now, Unjudged> {
        let now = self.now.get_or_init(|| Now::new(self.scope.now_ms(), self.scope.time_zone()));
        now.as_ref().ok_or_else(|| {
            let zone = self.scope.time_zone();
            let message =
                format!("the campaign's time zone `{zone}` is not known; choose one such as America/New_York");
            Unjudged { code: "unknown_time_zone", field: String::new(), message }
        })
    }

    fn miss(&self, rule: &Rule<'_>, name: &str, actual: Option<&Value<'_>>) -> Miss {
        let (field, operator, expected) = match &rule.kind {
            RuleKind::Field { path, check, .. } => {
                (looked_at(path, check), check.operator.name().to_owned(), text_of(&self.expected(check)))
            }
            _ => (String::new(), String::new(), "null".to_owned()),
        };
        Miss {
            rule: name.to_owned(),
            field,
            operator,
            reason: rule.reason.as_deref().map(str::to_owned),
            expected,
            actual: actual.map(text_of),
        }
    }

    /// What the trace and the verdict show as wanted: what moves with now, and what another field has, as it was found.
    fn expected<'c>(&self, check: &'c Check<'_>) -> Value<'c>
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
                members.extend(self.at(path).map(|value| ("value".into(), value)));
                Value::Object(members)
            }
            With::Moment(text) => match self.resolved(text) {
                None => Value::text(&**text),
                Some(is) => Value::object([("value", Value::text(&**text)), ("is", is)]),
            },
            With::Moments(from, to) => {
                let written = Value::List(vec![Value::text(&**from), Value::text(&**to)]);
                let ends = [from, to].map(|text| self.resolved(text).unwrap_or_else(|| Value::text(&**text)));
                let are = Value::List(ends.into());
                if are == written { written } else { Value::object([("values", written), ("are", are)]) }
            }
            With::Nothing | With::Others(_) if check.operator == Operator::Distinct => Value::text("all different"),
            With::Nothing | With::Others(_) => Value::Bool(true),
        }
    }

    /// Which moment a text means that moves with now.
    fn resolved(&self, text: &str) -> Option<Value<'static>> {
        let written = Written::read(text).ok().filter(|written| written.is_relative())?;
        Some(Value::text(self.now().ok()?.meant(written)?.to_string()))
    }

    fn note(
        &mut self,
        rule: &Rule<'_>,
        miss: Miss,
        expected: Value<'static>,
        actual: Option<Value<'_>>,
        passed: Option<bool>,
    ) {
        let Some(trace) = &mut self.trace else { return };
        let mut members = vec![
            ("rule", Value::text(miss.rule)),
            ("line", Value::integer(rule.line.into())),
            ("field", Value::text(miss.field)),
            ("operator", Value::text(miss.operator)),
            ("expected", expected),
        ];
        members.extend(actual.map(|actual| ("actual", actual.into_owned())));
        members.push(("passed", passed.map_or(Value::Null, Value::Bool)));
        trace.push(super::trace::object(members));
    }
}

fn by(on_missing: OnMissing) -> Option<bool> {
    match on_missing {
        OnMissing::Fail => Some(false),
        OnMissing::Pass => Some(true),
        OnMissing::Skip => None,
    }
}

fn looked_at(path: &Path<'_>, check: &Check<'_>) -> String {
    let With::Others(more) = &check.with else { return path.text.to_string() };
    let texts: Vec<&str> = std::iter::once(path).chain(more).map(|path| &*path.text).collect();
    texts.join(", ")
}

fn is_of_time(operator: Operator) -> bool {
    matches!(operator, Operator::Before | Operator::After)
}

/// One value by itself.
fn alone(operator: Operator, actual: &Value<'_>, ignore_case: bool) -> Option<bool> {
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

fn set_key<'v>(actual: &'v Value<'_>, ignore_case: bool) -> Option<Cow<'v, str>> {
    let text = actual.scalar_text()?.trim();
    let key: Cow<'v, str> = if ignore_case { text.to_lowercase().into() } else { text.into() };
    (key.len() <= SET_KEY_BYTES_MAX).then_some(key)
}

/// A table that can't be read is no table without the key.
fn is_in_set(set: &str, key: &str) -> Result<bool, Unjudged> {
    let refuse = |code, message: String| Err(Unjudged { code, field: String::new(), message });
    match lookup::get(set, key) {
        Ok(value) => Ok(value.is_some()),
        Err(LookupError::NotGranted) => {
            let mend = "an admin grants it where the plugin is activated";
            refuse("table_not_granted", format!("the value set `{set}` is not granted to this plugin; {mend}"))
        }
        Err(LookupError::Unknown) => {
            refuse("table_unknown", format!("the organization has no value set `{set}`; create it, or name another"))
        }
    }
}

/// One miss for a group: which fields, and what each was.
fn together(rule: &Rule<'_>, name: &str, operator: &str, parts: &[Miss]) -> Miss {
    let join = |pieces: Vec<String>| format!("[{}]", pieces.join(","));
    let quoted = |text: &str| text_of(&Value::text(text));
    let wanted = |part: &Miss| {
        format!("{{\"field\":{},\"op\":{},\"value\":{}}}", quoted(&part.field), quoted(&part.operator), part.expected)
    };
    let mut fields: Vec<&str> = parts.iter().map(|part| part.field.as_str()).collect();
    fields.dedup();
    Miss {
        rule: name.to_owned(),
        field: fields.join(", "),
        operator: operator.to_owned(),
        reason: rule.reason.as_deref().map(str::to_owned),
        expected: join(parts.iter().map(wanted).collect()),
        actual: Some(join(parts.iter().map(|part| part.actual.clone().unwrap_or("null".to_owned())).collect())),
    }
}

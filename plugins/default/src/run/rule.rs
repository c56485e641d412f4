//! Judging rules.

use super::query::same;
use super::scope::Scope;
use super::select::select;
use crate::functions::{email_normalized, phone};
use crate::json::{Value, text_of};
use crate::plan::{Check, Kind, OnMissing, Rule, RuleKind};

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
    /// Each comparison, when a trace is wanted.
    pub trace: Option<Vec<Value<'static>>>,
}

impl<'s, S: Scope> Judge<'s, S> {
    /// A judge without a trace.
    pub fn new(scope: &'s S) -> Self {
        Self { scope, trace: None }
    }

    /// Whether a condition holds; one without anything to judge does.
    pub fn holds(&mut self, rule: &Rule) -> bool {
        !matches!(self.judge(rule, Name::Of("")), Judgement::Failed(_))
    }

    /// Judges a rule of this name. The depth is the document's, which is bounded.
    pub fn judge(&mut self, rule: &Rule<'_>, name: Name<'_>) -> Judgement {
        match &rule.kind {
            RuleKind::All(parts) => self.all(parts, name),
            RuleKind::Any(parts) => self.any(rule, parts, name),
            RuleKind::Not(part) => self.not(rule, part, name),
            RuleKind::Field { .. } => self.field(rule, name),
        }
    }

    fn all(&mut self, parts: &[Rule<'_>], name: Name<'_>) -> Judgement {
        let mut misses = Vec::new();
        let mut judged = false;
        for (index, part) in parts.iter().enumerate() {
            match self.judge(part, Name::Part(&name, "all", index)) {
                Judgement::Passed => judged = true,
                Judgement::Failed(more) => misses.extend(more),
                Judgement::Skipped => {}
            }
        }
        match (misses.is_empty(), judged) {
            (false, _) => Judgement::Failed(misses),
            (true, true) => Judgement::Passed,
            (true, false) => Judgement::Skipped,
        }
    }

    fn any(&mut self, rule: &Rule<'_>, parts: &[Rule<'_>], name: Name<'_>) -> Judgement {
        let mut misses = Vec::new();
        let mut judged = false;
        for (index, part) in parts.iter().enumerate() {
            match self.judge(part, Name::Part(&name, "any", index)) {
                Judgement::Passed => return Judgement::Passed,
                Judgement::Failed(more) => misses.extend(more),
                Judgement::Skipped => continue,
            }
            judged = true;
        }
        if !judged {
            return Judgement::Skipped;
        }
        Judgement::Failed(vec![together(rule, &name.to_string(), "any", &misses)])
    }

    fn not(&mut self, rule: &Rule<'_>, part: &Rule<'_>, name: Name<'_>) -> Judgement {
        match self.judge(part, Name::Not(&name)) {
            Judgement::Failed(_) => Judgement::Passed,
            Judgement::Skipped => Judgement::Skipped,
            Judgement::Passed => {
                let leaves: Vec<Miss> = self.leaves(part, name);
                Judgement::Failed(vec![together(rule, &name.to_string(), "not", &leaves)])
            }
        }
    }

    /// What a rule that was met looks at: the reason why its negation fails.
    fn leaves(&self, rule: &Rule<'_>, name: Name<'_>) -> Vec<Miss> {
        match &rule.kind {
            RuleKind::All(parts) | RuleKind::Any(parts) => {
                parts.iter().flat_map(|part| self.leaves(part, name)).collect()
            }
            RuleKind::Not(part) => self.leaves(part, name),
            RuleKind::Field { .. } => vec![self.miss(rule, &name.to_string(), self.actual(rule).as_ref())],
        }
    }

    fn field(&mut self, rule: &Rule<'_>, name: Name<'_>) -> Judgement {
        let RuleKind::Field { check, on_missing, ignore_case, .. } = &rule.kind else { return Judgement::Skipped };
        let actual = self.actual(rule);
        let passed = match (check, &actual, on_missing) {
            (Check::Blank, actual, _) => Some(actual.as_ref().is_none_or(Value::is_blank)),
            (Check::Present, actual, _) => Some(!actual.as_ref().is_none_or(Value::is_blank)),
            (_, Some(actual), _) => Some(self.meets(check, actual, *ignore_case)),
            (_, None, OnMissing::Fail) => Some(false),
            (_, None, OnMissing::Pass) => Some(true),
            (_, None, OnMissing::Skip) => None,
        };
        let judgement = match passed {
            Some(true) => Judgement::Passed,
            Some(false) => Judgement::Failed(vec![self.miss(rule, &name.to_string(), actual.as_ref())]),
            None => Judgement::Skipped,
        };
        if self.trace.is_some() {
            let miss = self.miss(rule, &name.to_string(), actual.as_ref());
            self.note(rule, &miss, actual, passed);
        }
        judgement
    }

    /// The value a rule looks at. A path that is too wide finds nothing.
    fn actual(&self, rule: &Rule) -> Option<Value<'s>> {
        let RuleKind::Field { path, .. } = &rule.kind else { return None };
        select(path, self.scope).ok()?.value()
    }

    fn miss(&self, rule: &Rule<'_>, name: &str, actual: Option<&Value<'_>>) -> Miss {
        let (field, operator, expected) = match &rule.kind {
            RuleKind::Field { path, check, .. } => {
                (path.text.to_string(), check.operator().to_owned(), text_of(&check.expected()))
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

    fn note(&mut self, rule: &Rule<'_>, miss: &Miss, actual: Option<Value<'_>>, passed: Option<bool>) {
        let (Some(trace), RuleKind::Field { check, .. }) = (&mut self.trace, &rule.kind) else { return };
        let mut members = vec![
            ("rule", Value::text(miss.rule.clone())),
            ("line", Value::integer(rule.line.into())),
            ("field", Value::text(miss.field.clone())),
            ("operator", Value::text(miss.operator.clone())),
            ("expected", check.expected().into_owned()),
        ];
        members.extend(actual.map(|actual| ("actual", actual.into_owned())));
        members.push(("passed", passed.map_or(Value::Null, Value::Bool)));
        trace.push(super::trace::object(members));
    }

    fn meets(&self, check: &Check<'_>, actual: &Value<'_>, ignore_case: bool) -> bool {
        let equal = |wanted: &Value<'_>| equals(actual, wanted, ignore_case);
        match check {
            Check::Equal(wanted) => equal(wanted),
            Check::NotEqual(wanted) => !equal(wanted),
            Check::In(values) => values.iter().any(equal),
            Check::NotIn(values) => !values.iter().any(equal),
            Check::Less(limit) => compared(actual, limit, |order| order.is_lt()),
            Check::LessOrEqual(limit) => compared(actual, limit, |order| order.is_le()),
            Check::Greater(limit) => compared(actual, limit, |order| order.is_gt()),
            Check::GreaterOrEqual(limit) => compared(actual, limit, |order| order.is_ge()),
            Check::Between(low, high) => {
                compared(actual, low, |order| order.is_ge()) && compared(actual, high, |order| order.is_le())
            }
            Check::Contains(wanted) => contains(actual, wanted, ignore_case),
            Check::StartsWith(start) => on_texts(actual, start, ignore_case, |text, start| text.starts_with(start)),
            Check::EndsWith(end) => on_texts(actual, end, ignore_case, |text, end| text.ends_with(end)),
            Check::Blank => actual.is_blank(),
            Check::Present => !actual.is_blank(),
            Check::Valid(kind) => self.is_valid(*kind, actual),
            Check::Invalid(kind) => !self.is_valid(*kind, actual),
            Check::IsTrue => says(actual) == Some(true),
            Check::IsFalse => says(actual) == Some(false),
        }
    }

    fn is_valid(&self, kind: Kind, actual: &Value<'_>) -> bool {
        let Some(text) = actual.scalar_text() else { return false };
        match kind {
            Kind::Email => email_normalized(text).is_ok(),
            Kind::Phone => phone::is_assignable(text, self.scope.phone_region()),
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

/// A number in the document is compared as a number, even with a text that is written like one; a text as text, so that the
/// zip 02139 is not 2139.
fn equals(actual: &Value<'_>, wanted: &Value<'_>, ignore_case: bool) -> bool {
    match wanted {
        Value::Number(_) => actual.decimal().is_some() && actual.decimal() == wanted.decimal(),
        Value::Text(text) => on_texts(actual, text, ignore_case, |actual, wanted| actual == wanted),
        Value::Bool(wanted) => match actual {
            Value::Bool(actual) => actual == wanted,
            Value::Text(text) => text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" }),
            _ => false,
        },
        _ => same(actual, wanted),
    }
}

fn compared(actual: &Value<'_>, limit: &Value<'_>, is: impl Fn(std::cmp::Ordering) -> bool) -> bool {
    match (actual.decimal(), limit.decimal()) {
        (Some(actual), Some(limit)) => is(actual.cmp(&limit)),
        _ => false,
    }
}

fn on_texts(actual: &Value<'_>, wanted: &str, ignore_case: bool, is: impl Fn(&str, &str) -> bool) -> bool {
    let Some(actual) = actual.scalar_text() else { return false };
    if ignore_case { is(&actual.to_lowercase(), &wanted.to_lowercase()) } else { is(actual, wanted) }
}

fn contains(actual: &Value<'_>, wanted: &Value<'_>, ignore_case: bool) -> bool {
    match (actual, wanted.scalar_text()) {
        (Value::List(items), _) => items.iter().any(|item| equals(item, wanted, ignore_case)),
        (_, Some(text)) => on_texts(actual, text, ignore_case, |actual, wanted| actual.contains(wanted)),
        _ => false,
    }
}

/// What people and machines write for yes and no; none for anything else.
pub fn says(value: &Value<'_>) -> Option<bool> {
    let text = value.scalar_text()?.trim().to_lowercase();
    match text.as_str() {
        "true" | "yes" | "y" | "1" | "on" | "t" => Some(true),
        "false" | "no" | "n" | "0" | "off" | "f" => Some(false),
        _ => None,
    }
}

//! Checking rules.

use super::check::Checker;
pub use super::check::RuleError;
use hookmill_json::{NodeRef, Value, text_of};

use super::scope::Scope;
use crate::plan::{Check, Path, Root, Rule, RuleKind, With};

/// How many characters of the lead's value a verdict shows.
const ACTUAL_CHARS_MAX: usize = 1000;

/// How many characters of what a rule wants a verdict shows.
const EXPECTED_CHARS_MAX: usize = 20_000;

/// A rule that was not met.
pub struct FailedCheck {
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
pub enum RuleResult {
    /// Met.
    Passed,
    /// Not met, by these parts.
    Failed(Vec<FailedCheck>),
    /// Nothing to check.
    Skipped,
    /// It looks at what could not be read.
    Unknown,
}

/// What could not be read: what is not found there is not missing, and of a comparison with it nobody knows whether it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// What is in the body.
    pub in_body: bool,
    /// The body as a whole: it is not empty.
    pub body: bool,
    /// The end of the text.
    pub text: bool,
}

impl Unread {
    /// Whether it leaves open if a comparison holds that came to this.
    fn leaves_open(self, path: &Path<'_>, check: &Check<'_>, passed: Option<bool>) -> bool {
        let more = match &check.with {
            With::Other(other) => std::slice::from_ref(other),
            With::Others(others) => others,
            _ => &[],
        };
        std::iter::once(path).chain(more).any(|path| match path.root {
            Root::Body if path.is_whole() => self.body,
            Root::Body => self.in_body,
            // What came of a text has what it has, whatever else it was to have.
            Root::Text => self.text && (passed != Some(true) || check.operator.takes_absence()),
            _ => false,
        })
    }
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

/// Checks rules in one scope.
pub struct RuleEvaluator<'s, S> {
    checker: Checker<'s, S>,
    /// Each comparison, when a trace is wanted.
    pub trace: Option<Vec<Value<'static>>>,
    /// What comparisons come to nothing with.
    pub unread: Unread,
}

impl<'s, S: Scope> RuleEvaluator<'s, S> {
    /// A checker without a trace.
    pub fn new(scope: &'s S) -> Self {
        Self { checker: Checker::new(scope), trace: None, unread: Unread::default() }
    }

    /// Whether a condition holds; one without anything to check does.
    pub fn holds(&mut self, rule: &Rule<'_>) -> Result<bool, RuleError> {
        Ok(matches!(self.evaluate(rule, Name::Of(""))?, RuleResult::Passed | RuleResult::Skipped))
    }

    /// What conditions looked at since the last time.
    pub fn take_read(&self) -> Vec<NodeRef<'s>> {
        self.checker.reader.take()
    }

    /// Checks a rule of this name. The depth is the document's, which is bounded.
    pub fn evaluate(&mut self, rule: &Rule<'_>, name: Name<'_>) -> Result<RuleResult, RuleError> {
        match &rule.kind {
            RuleKind::All(parts) => self.all(parts, name),
            RuleKind::Any(parts) => self.any(rule, parts, name),
            RuleKind::Not(part) => self.not(rule, part, name),
            RuleKind::Field { .. } => self.field(rule, name),
        }
    }

    fn all(&mut self, parts: &[Rule<'_>], name: Name<'_>) -> Result<RuleResult, RuleError> {
        let mut failures = Vec::new();
        let (mut is_decided, mut is_open) = (false, false);
        for (index, part) in parts.iter().enumerate() {
            match self.evaluate(part, Name::Part(&name, "all", index))? {
                RuleResult::Passed => is_decided = true,
                RuleResult::Failed(more) => failures.extend(more),
                RuleResult::Skipped => {}
                RuleResult::Unknown => is_open = true,
            }
        }
        Ok(match (failures.is_empty(), is_open, is_decided) {
            (false, ..) => RuleResult::Failed(failures),
            (true, true, _) => RuleResult::Unknown,
            (true, false, true) => RuleResult::Passed,
            (true, false, false) => RuleResult::Skipped,
        })
    }

    fn any(&mut self, rule: &Rule<'_>, parts: &[Rule<'_>], name: Name<'_>) -> Result<RuleResult, RuleError> {
        let mut failures = Vec::new();
        let (mut is_decided, mut is_open) = (false, false);
        for (index, part) in parts.iter().enumerate() {
            match self.evaluate(part, Name::Part(&name, "any", index))? {
                RuleResult::Passed => return Ok(RuleResult::Passed),
                RuleResult::Failed(more) => failures.extend(more),
                RuleResult::Skipped => continue,
                RuleResult::Unknown => is_open = true,
            }
            is_decided = true;
        }
        if is_open {
            return Ok(RuleResult::Unknown);
        }
        if !is_decided {
            return Ok(RuleResult::Skipped);
        }
        Ok(RuleResult::Failed(vec![together(rule, &name.to_string(), "any", &failures)]))
    }

    fn not(&mut self, rule: &Rule<'_>, part: &Rule<'_>, name: Name<'_>) -> Result<RuleResult, RuleError> {
        Ok(match self.evaluate(part, Name::Not(&name))? {
            RuleResult::Failed(_) => RuleResult::Passed,
            RuleResult::Skipped => RuleResult::Skipped,
            RuleResult::Unknown => RuleResult::Unknown,
            RuleResult::Passed => {
                let leaves: Vec<FailedCheck> = self.leaves(part, name);
                RuleResult::Failed(vec![together(rule, &name.to_string(), "not", &leaves)])
            }
        })
    }

    /// What a rule that was met looks at: the reason why its negation fails.
    fn leaves(&self, rule: &Rule<'_>, name: Name<'_>) -> Vec<FailedCheck> {
        match &rule.kind {
            RuleKind::All(parts) | RuleKind::Any(parts) => {
                parts.iter().flat_map(|part| self.leaves(part, name)).collect()
            }
            RuleKind::Not(part) => self.leaves(part, name),
            RuleKind::Field { path, check, .. } => {
                let actual = self.checker.trace_value(|checker| checker.actual(path, check));
                vec![self.fail(rule, &name.to_string(), actual.as_ref())]
            }
        }
    }

    fn field(&mut self, rule: &Rule<'_>, name: Name<'_>) -> Result<RuleResult, RuleError> {
        let RuleKind::Field { path, check, on_missing, ignore_case } = &rule.kind else {
            return Ok(RuleResult::Skipped);
        };
        let in_field = |unchecked| RuleError { field: path.text.to_string(), ..unchecked };
        let actual = self.checker.actual(path, check).map_err(in_field)?;
        let compared = self.checker.passes(check, actual.as_ref(), *on_missing, *ignore_case).map_err(in_field)?;
        let is_open = self.unread.leaves_open(path, check, compared);
        let passed = compared.filter(|_| !is_open);
        let decision = match passed {
            Some(true) => RuleResult::Passed,
            Some(false) => RuleResult::Failed(vec![self.fail(rule, &name.to_string(), actual.as_ref())]),
            None if is_open => RuleResult::Unknown,
            None => RuleResult::Skipped,
        };
        if self.trace.is_some() && self.checker.budget().has_trace_room() {
            let failed_check = self.fail(rule, &name.to_string(), actual.as_ref());
            let expected = self.checker.budget().trace_value(&self.checker.expected(check));
            let actual = actual.map(|actual| self.checker.budget().trace_value(&actual));
            self.note(rule, failed_check, expected, actual, passed);
        }
        Ok(decision)
    }

    fn fail(&self, rule: &Rule<'_>, name: &str, actual: Option<&Value<'_>>) -> FailedCheck {
        let (field, operator, expected) = match &rule.kind {
            RuleKind::Field { path, check, .. } => (
                looked_at(path, check),
                check.operator.name().to_owned(),
                trace_value(&self.checker.expected(check), EXPECTED_CHARS_MAX),
            ),
            _ => (String::new(), String::new(), "null".to_owned()),
        };
        FailedCheck {
            rule: name.to_owned(),
            field,
            operator,
            reason: rule.reason.as_deref().map(str::to_owned),
            expected,
            actual: actual.map(|actual| trace_value(actual, ACTUAL_CHARS_MAX)),
        }
    }

    fn note(
        &mut self,
        rule: &Rule<'_>,
        failed_check: FailedCheck,
        expected: Value<'static>,
        actual: Option<Value<'static>>,
        passed: Option<bool>,
    ) {
        let Some(trace) = &mut self.trace else { return };
        let mut members = vec![
            ("rule", Value::text(failed_check.rule)),
            ("line", Value::integer(rule.line.into())),
            ("field", Value::text(failed_check.field)),
            ("operator", Value::text(failed_check.operator)),
            ("expected", expected),
        ];
        members.extend(actual.map(|actual| ("actual", actual)));
        members.push(("passed", passed.map_or(Value::Null, Value::Bool)));
        trace.push(super::trace::object(members));
    }
}

/// A value as JSON text; of a large one the beginning, as a text.
fn trace_value(value: &Value<'_>, chars_max: usize) -> String {
    // Of a long text, no more is written than is shown.
    let long = value.scalar_text().filter(|text| chars_max < text.len());
    let text = match long.and_then(|text| text.char_indices().nth(chars_max).map(|(end, _)| &text[..end])) {
        Some(beginning) => return text_of(&Value::text(format!("{beginning}..."))),
        None => text_of(value),
    };
    match text.char_indices().nth(chars_max) {
        None => text,
        Some((end, _)) => text_of(&Value::text(format!("{}...", &text[..end]))),
    }
}

fn looked_at(path: &Path<'_>, check: &Check<'_>) -> String {
    let With::Others(more) = &check.with else { return path.text.to_string() };
    let texts: Vec<&str> = std::iter::once(path).chain(more).map(|path| &*path.text).collect();
    texts.join(", ")
}

/// One miss for a group: which fields, and what each was.
fn together(rule: &Rule<'_>, name: &str, operator: &str, parts: &[FailedCheck]) -> FailedCheck {
    let join = |pieces: Vec<String>| format!("[{}]", pieces.join(","));
    let quoted = |text: &str| text_of(&Value::text(text));
    let wanted = |part: &FailedCheck| {
        format!("{{\"field\":{},\"op\":{},\"value\":{}}}", quoted(&part.field), quoted(&part.operator), part.expected)
    };
    let mut fields: Vec<&str> = parts.iter().map(|part| part.field.as_str()).collect();
    fields.dedup();
    FailedCheck {
        rule: name.to_owned(),
        field: fields.join(", "),
        operator: operator.to_owned(),
        reason: rule.reason.as_deref().map(str::to_owned),
        expected: join(parts.iter().map(wanted).collect()),
        actual: Some(join(parts.iter().map(|part| part.actual.clone().unwrap_or("null".to_owned())).collect())),
    }
}

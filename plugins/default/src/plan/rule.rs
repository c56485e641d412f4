//! Rules: what a lead must be.

use serde::{Deserialize, Serialize};

use super::Path;
use crate::json::Value;

/// A rule of `qualify`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePlan {
    /// Its name, or its place such as `qualify[2]`.
    pub name: String,
    /// What the verdict says when it fails.
    pub reason: String,
    /// When it is judged.
    pub severity: Severity,
    /// What it wants.
    pub rule: Rule,
}

/// When a rule is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// Before the first-submission action.
    Hard,
    /// After it.
    Soft,
}

/// A condition, possibly of others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What it wants.
    pub kind: RuleKind,
    /// The reason its author gave for this very part.
    pub reason: Option<String>,
    /// The line of the document.
    pub line: u32,
}

/// What a rule wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RuleKind {
    /// Every part.
    All(Vec<Rule>),
    /// At least one part.
    Any(Vec<Rule>),
    /// Not this.
    Not(Box<Rule>),
    /// One field compared.
    Field {
        /// Where the value is.
        path: Path,
        /// The operator's name.
        operator: String,
        /// What is checked.
        check: Check,
        /// What the trace and the verdict show as wanted.
        expected: Value<'static>,
        /// What a missing value counts as: passed, failed, or not judged at all.
        on_missing: OnMissing,
        /// Whether texts are compared without regard to case.
        ignore_case: bool,
    },
}

/// What a missing value counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnMissing {
    /// The rule fails.
    Fail,
    /// The rule passes.
    Pass,
    /// The rule is left out.
    Skip,
}

/// What is checked of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Check {
    /// It is this.
    Equal(Value<'static>),
    /// It is not this.
    NotEqual(Value<'static>),
    /// It is a number below this.
    Less(Value<'static>),
    /// It is a number, at most this.
    LessOrEqual(Value<'static>),
    /// It is a number above this.
    Greater(Value<'static>),
    /// It is a number, at least this.
    GreaterOrEqual(Value<'static>),
    /// It is a number from this to that, both included.
    Between(Value<'static>, Value<'static>),
    /// It is one of these.
    In(Vec<Value<'static>>),
    /// It is none of these.
    NotIn(Vec<Value<'static>>),
    /// A text with this in it, or a list with this item.
    Contains(Value<'static>),
    /// A text that begins so.
    StartsWith(String),
    /// A text that ends so.
    EndsWith(String),
    /// Missing, null, white space or empty.
    Blank,
    /// Not blank.
    Present,
    /// A well-formed value of this kind.
    Valid(Kind),
    /// Not a well-formed value of this kind.
    Invalid(Kind),
    /// Says yes.
    IsTrue,
    /// Says no.
    IsFalse,
}

/// What a value can be a well-formed one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

//! Rules: what a lead must be.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Path;
use crate::json::Value;

/// A rule of `qualify`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePlan<'p> {
    /// Its name, or its place such as `qualify[2]`.
    #[serde(borrow)]
    pub name: Cow<'p, str>,
    /// What the verdict says when it fails.
    #[serde(borrow)]
    pub reason: Cow<'p, str>,
    /// When it is judged.
    pub severity: Severity,
    /// What it wants.
    #[serde(borrow)]
    pub rule: Rule<'p>,
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
pub struct Rule<'p> {
    /// What it wants.
    #[serde(borrow)]
    pub kind: RuleKind<'p>,
    /// The reason its author gave for this very part.
    #[serde(borrow)]
    pub reason: Option<Cow<'p, str>>,
    /// The line of the document.
    pub line: u32,
}

/// What a rule wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RuleKind<'p> {
    /// Every part.
    #[serde(borrow)]
    All(Vec<Rule<'p>>),
    /// At least one part.
    #[serde(borrow)]
    Any(Vec<Rule<'p>>),
    /// Not this.
    #[serde(borrow)]
    Not(Box<Rule<'p>>),
    /// One field compared.
    Field {
        /// Where the value is.
        #[serde(borrow)]
        path: Path<'p>,
        /// The operator's name.
        #[serde(borrow)]
        operator: Cow<'p, str>,
        /// What is checked.
        #[serde(borrow)]
        check: Check<'p>,
        /// What the trace and the verdict show as wanted.
        #[serde(borrow)]
        expected: Value<'p>,
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
pub enum Check<'p> {
    /// It is this.
    #[serde(borrow)]
    Equal(Value<'p>),
    /// It is not this.
    #[serde(borrow)]
    NotEqual(Value<'p>),
    /// It is a number below this.
    #[serde(borrow)]
    Less(Value<'p>),
    /// It is a number, at most this.
    #[serde(borrow)]
    LessOrEqual(Value<'p>),
    /// It is a number above this.
    #[serde(borrow)]
    Greater(Value<'p>),
    /// It is a number, at least this.
    #[serde(borrow)]
    GreaterOrEqual(Value<'p>),
    /// It is a number from this to that, both included.
    Between(Value<'p>, Value<'p>),
    /// It is one of these.
    #[serde(borrow)]
    In(Vec<Value<'p>>),
    /// It is none of these.
    #[serde(borrow)]
    NotIn(Vec<Value<'p>>),
    /// A text with this in it, or a list with this item.
    #[serde(borrow)]
    Contains(Value<'p>),
    /// A text that begins so.
    #[serde(borrow)]
    StartsWith(Cow<'p, str>),
    /// A text that ends so.
    #[serde(borrow)]
    EndsWith(Cow<'p, str>),
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

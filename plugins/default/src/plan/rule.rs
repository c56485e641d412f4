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
        /// What is checked.
        #[serde(borrow)]
        check: Check<'p>,
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

impl Check<'_> {
    /// The operator's name in documents.
    pub fn operator(&self) -> &'static str {
        match self {
            Self::Equal(_) => "eq",
            Self::NotEqual(_) => "ne",
            Self::Less(_) => "lt",
            Self::LessOrEqual(_) => "le",
            Self::Greater(_) => "gt",
            Self::GreaterOrEqual(_) => "ge",
            Self::Between(..) => "between",
            Self::In(_) => "in",
            Self::NotIn(_) => "not_in",
            Self::Contains(_) => "contains",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Blank => "blank",
            Self::Present => "present",
            Self::Valid(_) => "valid",
            Self::Invalid(_) => "invalid",
            Self::IsTrue => "is_true",
            Self::IsFalse => "is_false",
        }
    }

    /// What the trace and the verdict show as wanted.
    pub fn expected(&self) -> Value<'_> {
        match self {
            Self::Equal(value)
            | Self::NotEqual(value)
            | Self::Less(value)
            | Self::LessOrEqual(value)
            | Self::Greater(value)
            | Self::GreaterOrEqual(value)
            | Self::Contains(value) => value.borrowed(),
            Self::Between(low, high) => Value::List(vec![low.borrowed(), high.borrowed()]),
            Self::In(values) | Self::NotIn(values) => Value::List(values.iter().map(Value::borrowed).collect()),
            Self::StartsWith(text) | Self::EndsWith(text) => Value::text(&**text),
            Self::Valid(Kind::Email) | Self::Invalid(Kind::Email) => Value::text("email"),
            Self::Valid(Kind::Phone) | Self::Invalid(Kind::Phone) => Value::text("phone"),
            Self::Blank | Self::Present | Self::IsTrue | Self::IsFalse => Value::Bool(true),
        }
    }
}

/// What a value can be a well-formed one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

//! Rules: what a lead must be.

use std::borrow::Cow;

use hookmill_json::Value;
use hookmill_jsonpath::Pattern;
use hookmill_plugin_sdk::types;
use serde::{Deserialize, Serialize};

use super::Path;
use super::operator::Operator;

/// A rule of `qualify`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulePlan<'p> {
    /// Its name, or its place such as `qualify[2]`.
    #[serde(borrow)]
    pub name: Cow<'p, str>,
    /// What the verdict says when it fails.
    #[serde(borrow)]
    pub reason: Cow<'p, str>,
    /// When it is checked.
    pub severity: Severity,
    /// What it wants.
    #[serde(borrow)]
    pub rule: Rule<'p>,
}

/// When a rule is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// Before the first-submission action.
    Hard,
    /// After it.
    Soft,
}

impl From<Severity> for types::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Hard => Self::Hard,
            Severity::Soft => Self::Soft,
        }
    }
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
        /// What a missing value counts as: passed, failed, or not checked at all.
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
pub struct Check<'p> {
    /// How.
    pub operator: Operator,
    /// Against what.
    #[serde(borrow)]
    pub with: With<'p>,
}

/// What a value is compared with; of the kind that the operator wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum With<'p> {
    /// Nothing.
    Nothing,
    /// One value, of a type that suits the operator.
    #[serde(borrow)]
    Value(Value<'p>),
    /// Any of these, or from one to the other.
    #[serde(borrow)]
    Values(Vec<Value<'p>>),
    /// The value at another path.
    #[serde(borrow)]
    Other(Path<'p>),
    /// More paths whose values are compared with the first.
    #[serde(borrow)]
    Others(Vec<Path<'p>>),
    /// A regular expression, as the author wrote it and as it is used.
    Pattern(#[serde(borrow)] Cow<'p, str>, #[serde(borrow)] Pattern<'p>),
    /// A kind of value.
    Kind(Kind),
    /// A value set of the organization.
    #[serde(borrow)]
    Set(Cow<'p, str>),
    /// A moment, as [`crate::moment::Moment`] reads it.
    #[serde(borrow)]
    Moment(Cow<'p, str>),
    /// From one moment to another.
    Moments(#[serde(borrow)] Cow<'p, str>, #[serde(borrow)] Cow<'p, str>),
    /// From one age to another, in years.
    Ages(Option<u16>, Option<u16>),
}

/// What a value can be a well-formed one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number that can be assigned.
    Phone,
    /// A date `YYYY-MM-DD` or a date and time of RFC 3339.
    Date,
    /// An absolute http or https URL.
    Url,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A postal code of the United States (5 digits, or 5 and 4) or of Canada.
    Zip,
    /// A state or territory of the United States or a province of Canada, by code or name.
    State,
    /// A country, by code or name.
    Country,
    /// A decimal number.
    Number,
    /// A UUID.
    Uuid,
}

impl Kind {
    /// Every kind with its name in documents.
    pub const ALL: [(&'static str, Self); 10] = [
        ("email", Self::Email),
        ("phone", Self::Phone),
        ("date", Self::Date),
        ("url", Self::Url),
        ("ip", Self::Ip),
        ("zip", Self::Zip),
        ("state", Self::State),
        ("country", Self::Country),
        ("number", Self::Number),
        ("uuid", Self::Uuid),
    ];

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

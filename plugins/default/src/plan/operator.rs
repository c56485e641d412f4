//! The operators of rules, each declared once: what a document writes, what it does where there is nothing to compare, and an
//! example. The parser, the checker and the reference all read [the table](OPERATORS).

use serde::{Deserialize, Serialize};

mod table;

pub use table::OPERATORS;

/// What a rule checks of a value. The order is the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is described in OPERATORS")]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Between,
    In,
    NotIn,
    InSet,
    NotInSet,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Blank,
    Present,
    Valid,
    Invalid,
    IsTrue,
    IsFalse,
    Before,
    After,
    Within,
    AgeBetween,
    Distinct,
}

/// What an operator is compared with, and under which key the document writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Nothing.
    Nothing,
    /// `value`: any value.
    Value,
    /// `value`: a number.
    Number,
    /// `value`: a text.
    Text,
    /// `value`: a regular expression.
    Pattern,
    /// `value`: a date or time, absolute or relative to now.
    Moment,
    /// `value`: the distance from now, or `values`: two dates or times.
    Moments,
    /// `values`: two numbers.
    Numbers,
    /// `values`: two integers of years, one of which may be null.
    Ages,
    /// `values`: a list of any values.
    Values,
    /// `value`: what it is to be a well-formed one of.
    Kind,
    /// `set`: the name of a value set of the organization.
    Set,
    /// Nothing; `fields` may name several paths instead of `field`.
    Fields,
}

/// What an operator says where there is nothing that it could compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingOperand {
    /// The rule passes.
    Passes,
    /// The rule fails.
    Fails,
    /// It is compared like any other value.
    Compared,
}

/// What an operator says to each kind of nothing, and to a value of a wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingOperandRules {
    /// The field is missing; otherwise the rule's `on_missing` decides.
    pub missing_is_compared: bool,
    /// The value is null.
    pub null: MissingOperand,
    /// The value is a text of nothing but white space.
    pub blank: MissingOperand,
    /// The value is of a type that the operator can't look at, or says nothing to it.
    pub odd: MissingOperand,
}

/// A rule that is tried on leads by a test, and shown in the reference.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The rule, as a document has it.
    pub rule: &'static str,
    /// A lead that passes.
    pub passes: &'static str,
    /// A lead that fails.
    pub fails: &'static str,
    /// What the verdict then names as expected, JSON.
    pub expected: &'static str,
    /// What it names as actual, JSON; none when the field is missing.
    pub actual: Option<&'static str>,
}

/// One operator.
#[derive(Clone, Copy, Debug)]
pub struct OperatorSpec {
    /// Which.
    pub operator: Operator,
    /// Its name in documents.
    pub name: &'static str,
    /// What it is compared with.
    pub wants: Wants,
    /// Whether `other: path` may stand instead of `value`.
    pub takes_other: bool,
    /// Whether `ignore_case: true` means something to it.
    pub has_case: bool,
    /// One line for people.
    pub about: &'static str,
    /// What it says where there is nothing to compare.
    pub lacking: MissingOperandRules,
    /// An example.
    pub example: Example,
}

impl Operator {
    /// Its line of the table.
    pub fn declared(self) -> &'static OperatorSpec {
        &OPERATORS[self as usize]
    }

    /// Whether it holds for what lacks something: more of a text could make it fail.
    pub fn takes_absence(self) -> bool {
        matches!(self, Self::Ne | Self::NotIn | Self::NotInSet | Self::Blank | Self::Invalid)
    }

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        self.declared().name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m7_the_table_is_in_the_order_of_the_operators() {
        for (index, declared) in OPERATORS.iter().enumerate() {
            assert_eq!((declared.operator as usize, declared.operator.name()), (index, declared.name));
            assert!(declared.about.ends_with('.'), "{}", declared.name);
        }
    }
}

//! What a document is compiled to: everything that could be decided beforehand is decided, so that a fresh instance has
//! only to load it. The same document gives the same bytes.

mod bytes;
mod codec;
mod expression;
mod field;
mod function;
mod interpret;
mod map_code;
mod message;
mod message_code;
mod operator;
mod path;
mod rule;

use std::borrow::Cow;

pub use bytes::{LoadedPlan, PLAN_BYTES_MAX};
pub use codec::{PlainCodes, PlanError};
pub use expression::{Expression, PATTERN_DEPTH_MAX, PATTERN_SIZE_MAX};
pub use field::{
    Fallback, FastPathPlan, Field, Items, MapPlan, Recipe, RecipeOptions, Source, SourceKind, Target, Unknown,
};
pub use function::{Argument, Function, FunctionId, Range};
pub use interpret::{Details, Interpretation, Otherwise, Outcome, OutcomePlan, ReadAs};
pub use map_code::{FastPath, LoadedMap, MapOptions, TargetRef};
pub use message::{Conditional, ForEach, Format, Member, Message, Shape};
pub use message_code::{Code, LoadedMessage, Part, Piece};
pub use operator::{Example, MissingOperand, MissingOperandRules, OPERATORS, Operator, OperatorSpec, Wants};
pub use path::{Path, Root, Step, Steps, Template, TemplatePart};
pub use rule::{Check, Kind, OnMissing, Rule, RuleKind, RulePlan, Severity, With};

/// A compiled document. Parts that the document left out are the standard ones, so that a plan means the same for ever.
///
/// What is loaded borrows its texts from the plan's bytes; what is compiled owns them.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'p> {
    /// The document's name.
    pub name: Option<Cow<'p, str>>,
    /// How elements become leads.
    pub map: MapPlan<'p>,
    /// The rules, in the order of the document.
    pub qualify: Vec<RulePlan<'p>>,
    /// The places that paths of the rules have in the lead, as [`hookmill_json::PathTrie`] reads them.
    pub rule_paths: Vec<u8>,
    /// The message to the client.
    pub client: Message<'p>,
    /// The message that asks the client for a bid.
    pub ping: Message<'p>,
    /// The message to webhooks.
    pub webhook: Message<'p>,
    /// What a client's response means; none for the host's default.
    pub interpret: Option<Interpretation<'p>>,
    /// What the response to a ping means; none for what any response of the client means.
    pub interpret_ping: Option<Interpretation<'p>>,
}

/// The parts of a plan that own their texts: what compiling makes.
pub mod owned {
    pub use super::{
        FastPathPlan, Format, Kind, OnMissing, Operator, Otherwise, Outcome, ReadAs, Root, Severity, Unknown,
    };

    /// A value.
    pub type Value = hookmill_json::Value<'static>;
    /// A plan.
    pub type Plan = super::Plan<'static>;
    /// How elements become leads.
    pub type MapPlan = super::MapPlan<'static>;
    /// Where elements are.
    pub type Items = super::Items<'static>;
    /// A field.
    pub type Field = super::Field<'static>;
    /// How a value is made.
    pub type Recipe = super::Recipe<'static>;
    /// What most recipes do not have.
    pub type RecipeOptions = super::RecipeOptions<'static>;
    /// Where a field goes.
    pub type Target = super::Target<'static>;
    /// One place a value may come from.
    pub type Source = super::Source<'static>;
    /// What a source is.
    pub type SourceKind = super::SourceKind<'static>;
    /// What to do instead.
    pub type Fallback = super::Fallback<'static>;
    /// A function.
    pub type Function = super::Function<'static>;
    /// An argument of a function.
    pub type Argument = super::Argument<'static>;
    /// A regular expression of a function.
    pub type Expression = super::Expression<'static>;
    /// A range of numbers.
    pub type Range = super::Range<'static>;
    /// A message.
    pub type Message = super::Message<'static>;
    /// A member of an object.
    pub type Member = super::Member<'static>;
    /// A part made where a condition holds.
    pub type Conditional = super::Conditional<'static>;
    /// A part made for each item of a list.
    pub type ForEach = super::ForEach<'static>;
    /// A value of a body.
    pub type Shape = super::Shape<'static>;
    /// A path.
    pub type Path = super::Path<'static>;
    /// The way from a root.
    pub type Steps = super::Steps<'static>;
    /// One step.
    pub type Step = super::Step<'static>;
    /// A text with places for values.
    pub type Template = super::Template<'static>;
    /// A piece of a template.
    pub type TemplatePart = super::TemplatePart<'static>;
    /// A rule of `qualify`.
    pub type RulePlan = super::RulePlan<'static>;
    /// A condition.
    pub type Rule = super::Rule<'static>;
    /// What a rule wants.
    pub type RuleKind = super::RuleKind<'static>;
    /// What is checked of a value.
    pub type Check = super::Check<'static>;
    /// What a value is compared with.
    pub type With = super::With<'static>;
    /// What a client's response means.
    pub type Interpretation = super::Interpretation<'static>;
    /// One outcome.
    pub type OutcomePlan = super::OutcomePlan<'static>;
    /// What is taken out of a response.
    pub type Details = super::Details<'static>;
}

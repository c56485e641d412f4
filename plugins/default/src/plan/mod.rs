//! What a document is compiled to: everything that could be decided beforehand is decided, so that a fresh instance has
//! only to load it. The same document gives the same bytes.

mod bytes;
mod field;
mod function;
mod message;
mod path;
mod rule;

use serde::{Deserialize, Serialize};

pub use bytes::{Damaged, PLAN_BYTES_MAX};
pub use field::{Fallback, Field, MapPlan, Recipe, Source, SourceKind, Target, Unknown};
pub use function::{Function, NamePart};
pub use message::{Format, Message, Shape};
pub use path::{
    Comparison, Filter, Operand, Path, Pattern, Query, Root, Segment, Selector, Step, Steps, Template, TemplatePart,
};
pub use rule::{Check, Kind, OnMissing, Rule, RuleKind, RulePlan, Severity};

/// A compiled document. Parts that the document left out are the standard ones, so that a plan means the same for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The document's name.
    pub name: Option<String>,
    /// How elements become leads.
    pub map: MapPlan,
    /// The rules, in the order of the document.
    pub qualify: Vec<RulePlan>,
    /// The message to the client.
    pub client: Message,
    /// The message to webhooks.
    pub webhook: Message,
}

//! What a client's response means.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Recipe, Rule};

/// The `interpret` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interpretation<'p> {
    /// How the body is read.
    pub read_as: ReadAs,
    /// Tried in order; the first that matches decides.
    #[serde(borrow)]
    pub outcomes: Vec<OutcomePlan<'p>>,
    /// What a response means that nothing matches.
    pub otherwise: Otherwise,
    /// What is taken out of every response, where its outcome does not say otherwise.
    #[serde(borrow)]
    pub details: Details<'p>,
}

impl Interpretation<'_> {
    /// Whether an acceptance can have a price.
    pub fn reads_price(&self) -> bool {
        let accepts = |outcome: &&OutcomePlan<'_>| outcome.outcome == Outcome::Accepted;
        self.details.price.is_some()
            || self.outcomes.iter().filter(accepts).any(|outcome| outcome.details.price.is_some())
    }
}

/// How the body of a response is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadAs {
    /// By its content type, else by its first character.
    #[default]
    Auto,
    /// As JSON, whatever its content type.
    Json,
    /// As XML, whatever its content type.
    Xml,
    /// Not at all: only `text` is there.
    Text,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomePlan<'p> {
    /// Its name, or its place such as `interpret.outcomes[1]`.
    #[serde(borrow)]
    pub name: Cow<'p, str>,
    /// What it means.
    pub outcome: Outcome,
    /// Which responses it is for; none for all.
    #[serde(borrow)]
    pub when: Option<Rule<'p>>,
    /// Whether its condition looks at `error`: only then it is tried when there was no response at all.
    pub knows_silence: bool,
    /// Whether its condition looks into the body, which may be such that it can't be read.
    pub looks_at_body: bool,
    /// Whether its condition looks at the body's text.
    pub looks_at_text: bool,
    /// What is taken out of the response.
    #[serde(borrow)]
    pub details: Details<'p>,
    /// The line of the document.
    pub line: u32,
}

/// What a response can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The client took the lead.
    Accepted,
    /// The client rejected it.
    Rejected,
    /// The client has it already.
    Duplicate,
    /// Try again later.
    Retry,
    /// Failed for good.
    Failed,
}

/// What a response means that no outcome matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Otherwise {
    /// What the host says by its status.
    Default,
    /// The same, but success by status alone is none: the document says what an acceptance looks like.
    Unclaimed,
    /// The same, but success by status alone is none where the body could not be read: the document says what a rejection looks like.
    Unrejected,
    /// This.
    Is(Outcome),
}

/// What is taken out of a response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Details<'p> {
    /// The client's reason.
    #[serde(borrow)]
    pub reason: Option<Recipe<'p>>,
    /// The price, a decimal number.
    #[serde(borrow)]
    pub price: Option<Recipe<'p>>,
    /// The client's own id for the lead.
    #[serde(borrow)]
    pub reference: Option<Recipe<'p>>,
    /// How many seconds to wait before the next try.
    #[serde(borrow)]
    pub retry_after: Option<Recipe<'p>>,
}

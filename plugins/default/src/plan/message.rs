//! What is sent: a tree of fixed and filled-in values.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Recipe;
use crate::json::Value;

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message<'p> {
    /// The HTTP method; none for the destination's.
    #[serde(borrow)]
    pub method: Option<Cow<'p, str>>,
    /// Headers, lower-case names.
    #[serde(borrow)]
    pub headers: Vec<(Cow<'p, str>, Recipe<'p>)>,
    /// How the body is written; none for what the destination's content type says.
    pub format: Option<Format>,
    /// The body.
    #[serde(borrow)]
    pub body: Shape<'p>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// JSON.
    Json,
    /// A form: lists as repeated keys, objects as JSON text.
    Form,
}

/// A value of the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "a plan has few of them, and most are leaves")]
pub enum Shape<'p> {
    /// The same for every lead.
    #[serde(borrow)]
    Fixed(Value<'p>),
    /// Filled in.
    #[serde(borrow)]
    Leaf(Recipe<'p>),
    /// An object; members without a value are left out.
    #[serde(borrow)]
    Object(Vec<Member<'p>>),
    /// A list; items without a value are left out.
    #[serde(borrow)]
    List(Vec<Shape<'p>>),
    /// The first that has a value which is not null.
    #[serde(borrow)]
    FirstOf(Vec<Shape<'p>>),
    /// Objects put together; of members with one name the last wins, in the first's place.
    #[serde(borrow)]
    Merge(Vec<Shape<'p>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member<'p> {
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'p, str>,
    /// Its value.
    pub shape: Shape<'p>,
}

impl Default for Shape<'_> {
    fn default() -> Self {
        Self::Object(Vec::new())
    }
}

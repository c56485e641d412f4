//! What is sent: a tree of fixed and filled-in values.

use serde::{Deserialize, Serialize};

use super::Recipe;
use crate::json::Value;

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The HTTP method; none for the destination's.
    pub method: Option<String>,
    /// Headers, lower-case names.
    pub headers: Vec<(String, Recipe)>,
    /// How the body is written; none for what the destination's content type says.
    pub format: Option<Format>,
    /// The body.
    pub body: Shape,
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
pub enum Shape {
    /// The same for every lead.
    Fixed(Value<'static>),
    /// Filled in.
    Leaf(Recipe),
    /// An object; members without a value are left out.
    Object(Vec<(String, Shape)>),
    /// A list; items without a value are left out.
    List(Vec<Shape>),
    /// The first that has a value which is not null.
    FirstOf(Vec<Shape>),
    /// Objects put together; of members with one name the last wins, in the first's place.
    Merge(Vec<Shape>),
}

impl Default for Shape {
    fn default() -> Self {
        Self::Object(Vec::new())
    }
}

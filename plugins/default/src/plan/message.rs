//! What is sent: a tree of fixed and filled-in values.

use std::borrow::Cow;

use hookmill_json::Value;
use serde::{Deserialize, Serialize};

use super::{Recipe, Rule};

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message<'p> {
    /// The HTTP method; none for the destination's.
    #[serde(borrow)]
    pub method: Option<Cow<'p, str>>,
    /// What is added to the URL's query, an object.
    #[serde(borrow)]
    pub query: Option<Shape<'p>>,
    /// Headers, lower-case names.
    #[serde(borrow)]
    pub headers: Vec<(Cow<'p, str>, Recipe<'p>)>,
    /// The value of `Content-Type`; none for the format's.
    #[serde(borrow)]
    pub content_type: Option<Cow<'p, str>>,
    /// How the body is written; none for what the destination's content type says.
    pub format: Option<Format>,
    /// The root element of an XML body, when the body itself does not have one.
    #[serde(borrow)]
    pub root: Option<Cow<'p, str>>,
    /// Whether an XML body begins without its declaration.
    pub is_undeclared: bool,
    /// Whether blank values are left out everywhere.
    pub omits_blank: bool,
    /// The body; none for a message without one.
    #[serde(borrow)]
    pub body: Option<Shape<'p>>,
    /// The places that paths into the lead have, as [`hookmill_json::PathTrie`] reads them.
    #[serde(borrow)]
    pub path_trie: Cow<'p, [u8]>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// JSON.
    Json,
    /// A form: lists as repeated keys, objects as JSON text.
    Form,
    /// XML: `@name` is an attribute, `#text` the element's own text, `#cdata` the same as CDATA, a list repeats its element.
    Xml,
    /// One text.
    Text,
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
    /// A part that is made only where a condition holds.
    #[serde(borrow)]
    When(Box<Conditional<'p>>),
    /// A list with a part for each item of another.
    #[serde(borrow)]
    ForEach(Box<ForEach<'p>>),
}

/// A part made for each item of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEach<'p> {
    /// The list; one value that is not a list is a list of one.
    #[serde(borrow)]
    pub list: Recipe<'p>,
    /// Only for items for which this holds.
    #[serde(borrow)]
    pub when: Option<Rule<'p>>,
    /// What is made, in which `item` is the item.
    #[serde(borrow)]
    pub make: Shape<'p>,
}

/// A part that is made only where a condition holds; elsewhere it is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditional<'p> {
    /// The condition.
    #[serde(borrow)]
    pub when: Rule<'p>,
    /// What is made.
    #[serde(borrow)]
    pub make: Shape<'p>,
    /// The line of the document.
    pub line: u32,
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

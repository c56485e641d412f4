//! The words of JSON Schema.

use hookmill_json::Value;

use super::Schema;
use crate::document::limits::ITEMS_MAX;

/// The members of a schema in the making.
pub struct Members(Vec<(std::borrow::Cow<'static, str>, Schema)>);

impl Members {
    /// None yet.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Schema) -> Self {
        self.0.push((name.into(), value));
        self
    }

    /// Those of another one, too.
    #[must_use]
    pub fn and(mut self, other: Schema) -> Self {
        if let Value::Object(members) = other {
            self.0.extend(members);
        }
        self
    }

    /// The schema.
    pub fn build(self) -> Schema {
        Value::Object(self.0)
    }
}

/// Begins a schema of a type.
pub fn typed(name: &'static str) -> Members {
    Members::new().with("type", text(name))
}

/// A text.
pub fn text(text: impl Into<std::borrow::Cow<'static, str>>) -> Schema {
    Value::text(text)
}

/// A list of texts.
pub fn texts(texts: &[&'static str]) -> Schema {
    Value::List(texts.iter().copied().map(text).collect())
}

/// A bound as a number.
pub fn bound(bound: usize) -> Schema {
    Value::Number(bound.to_string().into())
}

/// A definition of this schema.
pub fn reference(name: &'static str) -> Schema {
    Members::new().with("$ref", text(format!("#/$defs/{name}"))).build()
}

/// At least one of some.
pub fn any_of<const N: usize>(some: [Schema; N]) -> Schema {
    all_of_any(some.into())
}

/// At least one of some.
pub fn all_of_any(some: Vec<Schema>) -> Schema {
    Members::new().with("anyOf", Value::List(some)).build()
}

/// A list of at most as many items as documents may list.
pub fn list_of(item: Schema) -> Schema {
    typed("array").with("items", item).with("maxItems", bound(ITEMS_MAX)).build()
}

/// An integer from, to.
pub fn integer(min: i64, max: i64) -> Schema {
    typed("integer").with("minimum", Value::integer(min)).with("maximum", Value::integer(max)).build()
}

/// These keys must stand there.
pub fn required(names: &[&'static str]) -> Schema {
    Members::new().with("required", texts(names)).build()
}

/// What holds where something else does.
pub fn when(condition: Schema, then: Schema) -> Members {
    Members::new().with("if", condition).with("then", then)
}

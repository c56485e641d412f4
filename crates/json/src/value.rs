//! A JSON value that borrows what it can from the text it was read from.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::CanonicalNumber;

/// One JSON value. Object members keep their order; names in one object are distinct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as its text.
    #[serde(borrow)]
    Number(Cow<'a, str>),
    /// A text, unescape.
    #[serde(borrow)]
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Value<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// A text value.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A text value, or null when there is none.
    pub fn text_or_null(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// An integer.
    pub fn integer(number: i64) -> Self {
        Self::Number(number.to_string().into())
    }

    /// An object of the given members.
    pub fn object<const N: usize>(members: [(&'a str, Value<'a>); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// The member of this name; none when there is none or this is not an object.
    pub fn member(&self, name: &str) -> Option<&Value<'a>> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether there is nothing in it: null, a text of white space, an empty list or object. 0 and false are something.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Object(members) => members.is_empty(),
            Self::Bool(_) | Self::Number(_) => false,
        }
    }

    /// The text of a scalar: a number's digits, `true` or `false`; none for null, lists and objects.
    pub fn scalar_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The exact number that a number, or a text that is written like one, stands for.
    pub fn canonical_number(&self) -> Option<CanonicalNumber> {
        match self {
            Self::Number(text) | Self::Text(text) => CanonicalNumber::parse(text.trim()),
            _ => None,
        }
    }

    /// What people call its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The same value, borrowing all texts from this one.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(text) => Value::Number(Cow::Borrowed(text)),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::List(list) => Value::List(list.iter().map(Value::borrowed).collect()),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.borrowed())).collect())
            }
        }
    }

    /// The same value without borrowing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(text) => Value::Number(text.into_owned().into()),
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::List(list) => Value::List(list.into_iter().map(Value::into_owned).collect()),
            Self::Object(members) => Value::Object(members.into_iter().map(own_member).collect()),
        }
    }
}

fn own_member((name, value): (Cow<'_, str>, Value<'_>)) -> (Cow<'static, str>, Value<'static>) {
    (name.into_owned().into(), value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M3: missing, null, empty text and 0 are four different things.
    #[test]
    fn m3_zero_and_false_are_not_blank() {
        for (value, blank) in [
            (Value::Null, true),
            (Value::text(""), true),
            (Value::text(" \t"), true),
            (Value::List(vec![]), true),
            (Value::Object(vec![]), true),
            (Value::text("0"), false),
            (Value::integer(0), false),
            (Value::Bool(false), false),
        ] {
            assert_eq!(value.is_blank(), blank, "{value:?}");
        }
        assert_eq!(Value::Null.scalar_text(), None);
        assert_eq!(Value::integer(0).scalar_text(), Some("0"));
    }
}

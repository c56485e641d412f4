//! A JSON object or list, one member after the other, each with its text and without being built.

use serde::Deserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// What a table's JSON is made of.
pub(super) enum Member<'a> {
    /// A member of an object.
    Entry(String, &'a str),
    /// An element of a list.
    Element(&'a str),
}

/// Visits the members of an object or a list.
pub(super) fn members<'a>(text: &'a str, take: impl FnMut(Member<'a>)) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_any(Members(take))?;
    deserializer.end()
}

/// Visits the members of an object.
pub(super) fn each<'a>(text: &'a str, mut take: impl FnMut(String, &'a str)) -> Result<(), serde_json::Error> {
    let mut is_object = true;
    members(text, |member| match member {
        Member::Entry(key, value) => take(key, value),
        Member::Element(_) => is_object = false,
    })?;
    if is_object { Ok(()) } else { Err(serde_json::Error::custom("it is a list")) }
}

struct Members<F>(F);

impl<'a, F: FnMut(Member<'a>)> Visitor<'a> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys, or an object from keys to values")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let value: &RawValue = map.next_value()?;
            self.0(Member::Entry(key, value.get()));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<&RawValue>()? {
            self.0(Member::Element(value.get()));
        }
        Ok(())
    }
}

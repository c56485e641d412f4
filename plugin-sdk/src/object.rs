//! A JSON object read where it lies: names and values are slices of the text that came in.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Field;
use crate::types::Failure;

/// The members of one JSON object, in their order. Of names that repeat, the last one counts.
///
/// ```
/// use hookmill_plugin_sdk::Object;
///
/// let body = Object::parse(r#"{"budget": 12000.50, "tags": ["a"], "note": null}"#).unwrap();
/// assert_eq!(body.get("budget").json(), Some("12000.50"));
/// assert!(body.get("note").is_null());
/// assert!(body.get("phone").is_missing());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Object<'a> {
    /// Reads the text's outermost object; what its values hold is looked at when it is asked for.
    ///
    /// # Errors
    /// `not_an_object` when the text is another JSON value or none.
    ///
    /// ```
    /// use hookmill_plugin_sdk::Object;
    ///
    /// assert!(Object::parse("{}").unwrap().is_empty());
    /// assert_eq!(Object::parse("[1]").unwrap_err().code, "not_an_object");
    /// ```
    pub fn parse(json: &'a str) -> Result<Self, Failure> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let read = reader.deserialize_map(Members).and_then(|object| reader.end().map(|()| object));
        read.map_err(|error| Failure::new("not_an_object", format!("a JSON object is needed here: {error}")))
    }

    /// The member of this name, which may be missing.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"state": "TX"}"#).unwrap();
    /// assert_eq!(body.get("state").text().as_deref(), Some("TX"));
    /// ```
    pub fn get<'f>(&self, name: &'f str) -> Field<'f>
    where
        'a: 'f,
    {
        let found = self.members.iter().find(|(member, _)| member == name);
        Field::new(name, found.map(|(_, json)| *json))
    }

    /// The member of this name, taken out: what is left is what nobody asked for.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let mut body = Object::parse(r#"{"state": "TX", "roof": "flat"}"#).unwrap();
    /// assert_eq!(body.take("state").text().as_deref(), Some("TX"));
    /// assert!(body.take("state").is_missing());
    /// assert_eq!(body.iter().count(), 1);
    /// ```
    pub fn take<'f>(&mut self, name: &'f str) -> Field<'f>
    where
        'a: 'f,
    {
        let place = self.members.iter().position(|(member, _)| member == name);
        Field::new(name, place.map(|place| self.members.remove(place).1))
    }

    /// Name and JSON text of each member, in their order.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// let body = Object::parse(r#"{"a": 1, "b": [2]}"#).unwrap();
    /// assert_eq!(body.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "[2]")]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, json)| (name.as_ref(), *json))
    }

    /// Whether it has no member.
    ///
    /// ```
    /// # use hookmill_plugin_sdk::Object;
    /// assert!(Object::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

struct Members;

/// A name, borrowed where it has no escape.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, &'de str)> = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.retain(|(earlier, _)| *earlier != name);
            members.push((name, value.get()));
        }
        Ok(Object { members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I10: of names that repeat, the last counts; a name with an escape is found by what it means.
    #[test]
    fn i10_names() {
        let object = Object::parse(r#"{"a": 1, "\u0061": 2, "b c": 3}"#).unwrap();
        assert_eq!(object.iter().collect::<Vec<_>>(), [("a", "2"), ("b c", "3")]);
    }

    /// Values are slices of the text, not copies.
    #[test]
    fn values_lie_in_the_text() {
        let text = r#"{"a": {"b": [1, 2.50]}}"#.to_owned();
        let object = Object::parse(&text).unwrap();
        let json = object.get("a").json().unwrap();
        assert!(text.as_bytes().as_ptr_range().contains(&json.as_ptr()));
        assert_eq!(json, r#"{"b": [1, 2.50]}"#);
    }

    #[test]
    fn what_is_no_object_is_told() {
        for text in ["", "1", "{", "{} {}", r#"{"a"}"#] {
            assert_eq!(Object::parse(text).unwrap_err().code, "not_an_object", "{text}");
        }
    }
}

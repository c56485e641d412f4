//! What is searched in submissions where no index has it (O4): a text in the mapped lead, a rule among those that failed.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How many characters a text may have that is searched.
pub const SEARCHED_CHARS_MAX: usize = 200;

/// A text to search; letters are the same in upper and lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// The text; none when nothing but blanks is in it.
    pub fn new(text: &str) -> Option<Self> {
        Some(text.trim().to_lowercase()).filter(|text| !text.is_empty()).map(Self)
    }

    /// Whether a value of a lead, at whatever depth, has the text in it. Numbers are texts of digits; keys are not searched.
    pub fn is_in(&self, lead: &[u8]) -> bool {
        let mut deserializer = serde_json::Deserializer::from_slice(lead);
        Finder(&self.0).deserialize(&mut deserializer).unwrap_or(false)
    }

    fn is_in_text(&self, text: &str) -> bool {
        Finder(&self.0).is_in(text)
    }
}

/// Reads a value and says whether the text is in it; nothing of it is kept.
#[derive(Clone, Copy)]
struct Finder<'a>(&'a str);

impl Finder<'_> {
    fn is_in(self, text: &str) -> bool {
        text.to_lowercase().contains(self.0)
    }
}

impl<'de> DeserializeSeed<'de> for Finder<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(self.is_in(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        Ok(self.is_in(&value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        Ok(self.is_in(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        Ok(self.is_in(&value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<bool, E> {
        Ok(self.is_in(value))
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(is_in) = items.next_element_seed(self)? {
            found |= is_in;
        }
        Ok(found)
    }

    // A number of any length comes as an object with one text, its digits.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut found = false;
        while members.next_key::<IgnoredAny>()?.is_some() {
            found |= members.next_value_seed(self)?;
        }
        Ok(found)
    }
}

/// A decision, as far as it is searched.
#[derive(Deserialize)]
struct Decided {
    #[serde(default)]
    failed_rules: Vec<FailedRule>,
}

#[derive(Deserialize)]
struct FailedRule {
    #[serde(default)]
    rule: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    reason: String,
}

/// Whether a rule that failed is called so: by its place in the document, by its field, or by a part of its reason.
pub fn has_failed_rule(decision: &[u8], name: &SearchText) -> bool {
    let Ok(Decided { failed_rules }) = serde_json::from_slice(decision) else { return false };
    let is_it = |rule: &FailedRule| {
        [&rule.rule, &rule.field].into_iter().any(|part| part.to_lowercase() == name.0) || name.is_in_text(&rule.reason)
    };
    failed_rules.iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: &str = r#"{"first_name":"Ren\u00e9e","email":"ANN@x.example","zip":"00501","custom":{"bill":180.50,"big":12345678901234567890123,
        "own":true,"none":null,"list":[{"a":"deep \"value\""},["x"]]}}"#;

    #[test]
    fn o4_a_text_is_found_in_any_value() {
        let is_in = |text: &str| SearchText::new(text).is_some_and(|text| text.is_in(LEAD.as_bytes()));
        for text in ["renée", "RENÉE", "ann@X", " 0050 ", "180.50", "8901234567890", "true", "deep \"V", "x"] {
            assert!(is_in(text), "{text}");
        }
        for text in ["first_name", "bill", "null", "ann bob", "\\u00e9", "", " "] {
            assert!(!is_in(text), "{text}");
        }
        for nonsense in [&b""[..], b"{", b"nonsense", b"\xff", br#"{"a":"x""#] {
            assert!(!SearchText::new("x").unwrap().is_in(nonsense));
        }
    }

    #[test]
    fn o4_a_failed_rule_is_found_by_place_field_or_reason() {
        let decision = br#"{"qualified":false,"failed_rules":[{"rule":"qualify[0]","field":"custom.bill","reason":"Bill too low","operator":"ge"}]}"#;
        let has = |name: &str| has_failed_rule(decision, &SearchText::new(name).unwrap());
        for name in ["qualify[0]", "CUSTOM.bill", "too low", "Bill too low"] {
            assert!(has(name), "{name}");
        }
        for name in ["qualify", "custom", "ge", "low too"] {
            assert!(!has(name), "{name}");
        }
        for none in [&b""[..], b"{}", br#"{"failed_rules":null}"#, br#"{"failed_rules":[{}]}"#] {
            assert!(!has_failed_rule(none, &SearchText::new("x").unwrap()));
        }
    }
}

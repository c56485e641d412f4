//! Texts that name a person: elements that were never mapped, bodies that were rejected, and what stands around the elements of a request.

use super::{Address, Person, SEARCHED_DIGITS_MIN, SEPARATORS, digits, is_same_number};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::ops::Range;

impl Person {
    /// Whether a text has one of the addresses in it.
    pub fn is_named_in(&self, text: &str) -> bool {
        self.addresses.iter().any(|address| match address {
            Address::Email(email) => emails(text, email).any(|place| is_whole(text, &place)),
            Address::Phone(phone) => phones(text, &digits(phone)).next().is_some(),
        })
    }

    /// The same of the texts and numbers of a JSON value, whatever escapes it is written with.
    pub fn is_named_in_json(&self, json: &str) -> bool {
        let mut reader = serde_json::Deserializer::from_str(json);
        match Search(self).deserialize(&mut reader) {
            Ok(is_named) => is_named,
            Err(_) => self.is_named_in(json),
        }
    }

    /// The same of bytes that nobody could read as what they claim to be.
    pub fn is_named_in_bytes(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        // As forms write them.
        self.is_named_in(&text) || self.is_named_in(&text.replace("%40", "@").replace("%2B", "+").replace("%2b", "+"))
    }

    /// Overwrites the addresses in a text, which stays as long as it is, and JSON if it was; returns whether there were any. What begins with
    /// an address counts as one: keys are made so.
    pub fn overwrite(&self, text: &mut String) -> bool {
        let mut places: Vec<Range<usize>> = Vec::new();
        for address in &self.addresses {
            match address {
                Address::Email(email) => places.extend(emails(text, email)),
                Address::Phone(phone) => places.extend(phones(text, &digits(phone))),
            }
        }
        if places.is_empty() {
            return false;
        }
        let hidden = |letter: char| match letter {
            '0'..='9' => '1',
            'a'..='z' | 'A'..='Z' => 'x',
            other => other,
        };
        let is_inside = |at: usize| places.iter().any(|place| place.contains(&at));
        *text = text.char_indices().map(|(at, letter)| if is_inside(at) { hidden(letter) } else { letter }).collect();
        true
    }
}

/// Where an e-mail address begins; `email` is in lower case.
fn emails<'t>(text: &'t str, email: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let is_local = |letter: char| letter.is_alphanumeric() || "._%+-".contains(letter);
    let (bytes, len) = (text.as_bytes(), email.len());
    // Domains and nearly all names are ASCII; of others the case counts.
    let starts = (0..bytes.len().saturating_sub(len.saturating_sub(1)))
        .filter(move |at| text.is_char_boundary(*at) && bytes[*at..*at + len].eq_ignore_ascii_case(email.as_bytes()));
    let begins = move |place: &Range<usize>| !text[..place.start].chars().next_back().is_some_and(is_local);
    starts.map(move |at| at..at + len).filter(move |place| text.is_char_boundary(place.end)).filter(begins)
}

/// Whether an e-mail address ends where it is found to, and is not the beginning of another one.
fn is_whole(text: &str, place: &Range<usize>) -> bool {
    let is_domain = |letter: char| letter.is_alphanumeric() || letter == '-';
    let mut after = text[place.end..].chars();
    match after.next() {
        Some('.') => !after.next().is_some_and(is_domain),
        Some(letter) => !is_domain(letter),
        None => true,
    }
}

/// Where a phone number stands, with whatever is between its digits.
fn phones<'t>(text: &'t str, number: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let is_searched = SEARCHED_DIGITS_MIN <= number.len();
    runs(text).filter(move |run| is_searched && is_same_number(&digits(&text[run.clone()]), number))
}

/// The runs of digits and of what stands between the digits of phone numbers; a plus begins another one.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut letters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let start = loop {
            let (at, letter) = letters.next()?;
            if letter.is_ascii_digit() || letter == '+' {
                break at;
            }
        };
        let mut end = start + 1;
        while let Some((at, letter)) = letters.peek().copied() {
            if !letter.is_ascii_digit() && !SEPARATORS.contains(&letter) {
                break;
            }
            if letter.is_ascii_digit() {
                end = at + 1;
            }
            letters.next();
        }
        Some(start..end)
    })
}

/// Looks through a JSON value without building it.
struct Search<'a>(&'a Person);

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, number: i64) -> Result<bool, E> {
        Ok(self.0.is_named_in(&number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<bool, E> {
        Ok(self.0.is_named_in(&number.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(self.0.is_named_in(text))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<bool, S::Error> {
        while let Some(is_named) = items.next_element_seed(Search(self.0))? {
            if is_named {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<bool, M::Error> {
        // A number with all its digits is a member with a text, too.
        while let Some(is_named) = members.next_key_seed(Search(self.0))? {
            if is_named | members.next_value_seed(Search(self.0))? {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person() -> Person {
        let of = |email, phone| Address::of(email, phone).unwrap();
        Person { addresses: vec![of(Some("ann@x.example"), None), of(None, Some("+15125550100"))] }
    }

    #[test]
    fn l12_a_text_names_a_person() {
        for text in [
            "ann@x.example",
            "Ann@X.EXAMPLE",
            "mail: <ann@x.example>.",
            "write to ann@x.example. Or call",
            "+1 (512) 555-0100",
            "001 512 555 0100",
            "5125550100",
            "phone=15125550100&zip=78701",
            "call +15125550100, or +15125550199",
        ] {
            assert!(person().is_named_in(text), "{text}");
        }
        for text in [
            "",
            "joann@x.example",
            "ann@x.example.com",
            "ann@x.examples",
            "ann+solar@x.example",
            "25125550100",
            "15125550100777",
            "555-0100",
            "annäx.example",
        ] {
            assert!(!person().is_named_in(text), "{text}");
        }
    }

    #[test]
    fn l12_json_names_a_person_however_it_is_written() {
        for json in [
            r#"{"contact":{"mail":"ann\u0040x.example"}}"#,
            r#"[1, null, true, [{"p": 15125550100}], {"ann@x.example": 1}]"#,
            r#"{"p": 5125550100.0}"#,
            r#"{"raw": "{\"email\":\"ann@x.example\"}"}"#,
            "ann@x.example is not JSON",
        ] {
            let is_number_with_point = json.contains(".0}");
            assert_eq!(person().is_named_in_json(json), !is_number_with_point, "{json}");
        }
        assert!(!person().is_named_in_json(r#"{"a": ["b", 1e400, {"c": {}}], "d": -1.5}"#));
        assert!(person().is_named_in_bytes(b"\xff&email=ann%40x.example&"));
    }

    #[test]
    fn l12_an_address_is_overwritten_in_its_place() {
        let mut text = r#"{"k":"Ann@x.example-7","n":15125550100,"é":"bob@x.example +1 512 555-0100"}"#.to_owned();
        let len = text.len();
        assert!(!person().overwrite(&mut "bob@x.example".to_owned()));
        assert!(person().overwrite(&mut text));
        assert_eq!(text.len(), len);
        assert_eq!(text, r#"{"k":"xxx@x.xxxxxxx-7","n":11111111111,"é":"bob@x.example +1 111 111-1111"}"#);
        let mut key = r#"{"idempotency_key":"ann@x.example"}"#.to_owned();
        assert!(person().overwrite(&mut key));
        assert_eq!(key, r#"{"idempotency_key":"xxx@x.xxxxxxx"}"#);
    }

    proptest! {
        #[test]
        fn any_text_is_searched_and_overwritten(before in ".{0,12}", after in ".{0,12}") {
            let mut text = format!("{before} ann@x.example {after}");
            let len = text.len();
            prop_assert!(person().is_named_in(&text));
            prop_assert!(person().overwrite(&mut text));
            prop_assert_eq!(text.len(), len);
            prop_assert!(!person().is_named_in(&text));
        }
    }
}

//! By what the host recognises a person (O4): e-mail address and phone number, hashed with the organization's salt.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A hash by which a person is found. Nothing crosses organizations: the salt is the organization's.
pub type IdentityHash = [u8; 32];

/// What identifies a person, the stronger first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Hashes of what identifies the person: e-mail before phone; empty when the lead has neither.
    pub hashes: Vec<IdentityHash>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    email: Option<Text<'a>>,
    #[serde(borrow, default)]
    phone: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(serde::de::IgnoredAny),
}

impl Identity {
    /// The hashes under which a person with this e-mail address is known.
    pub fn of_email(salt: &[u8], email: &str) -> Vec<IdentityHash> {
        vec![hash(salt, "email", &email.trim().to_lowercase())]
    }

    /// The hashes under which a person with this phone number may be known: as it is given, and in international form where it has no other
    /// letters than digits, for a `+` is easily lost on the way (in a query it is a blank).
    pub fn of_phone(salt: &[u8], phone: &str) -> Vec<IdentityHash> {
        let given = phone.trim().to_lowercase();
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        let has_letters = given.chars().any(char::is_alphabetic);
        let international =
            Some(format!("+{digits}")).filter(|text| !digits.is_empty() && !has_letters && *text != given);
        std::iter::once(given).chain(international).map(|text| hash(salt, "phone", &text)).collect()
    }

    /// Reads what identifies the person from a mapped lead.
    pub fn of(salt: &[u8], lead: &str) -> Self {
        let Ok(fields) = serde_json::from_str::<Fields>(lead) else { return Self::default() };
        let known = [("email", fields.email), ("phone", fields.phone)];
        let hashes = known.into_iter().filter_map(|(kind, value)| match value {
            Some(Text::Text(text)) if !text.trim().is_empty() => Some(Self::hash_of(salt, kind, &text)),
            _ => None,
        });
        Self { hashes: hashes.collect() }
    }

    /// The hash of one address; `kind` is the field that has it, `email` or `phone`.
    pub fn hash_of(salt: &[u8], kind: &str, address: &str) -> IdentityHash {
        hash(salt, kind, &address.trim().to_lowercase())
    }

    /// The id of a new person's lead. It follows from what identifies the person,
    /// so that two hosts that receive the same person at the same moment agree without coordination. `fallback` identifies a
    /// lead with neither e-mail nor phone.
    pub fn lead_id(&self, salt: &[u8], fallback: &str) -> String {
        let hash = self.hashes.first().copied().unwrap_or_else(|| hash(salt, "submission", fallback));
        let mut id = String::from("lead_");
        id.extend(
            hash[..16]
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 15])
                .filter_map(|half| char::from_digit(u32::from(half), 16)),
        );
        id
    }
}

/// How many tags of one submission are kept.
const TAGS_MAX: usize = 50;
/// How many characters a tag may have; a longer one is not kept.
const TAG_CHARS_MAX: usize = 100;

#[derive(Deserialize)]
struct Tagged {
    #[serde(default)]
    tags: serde_json::Value,
}

/// The tags in a mapped lead, each once: those that a person can be found by.
pub fn tags(lead: &str) -> BTreeSet<String> {
    // Most leads have none, which is seen without reading them.
    if !lead.contains("\"tags\"") {
        return BTreeSet::new();
    }
    let given = serde_json::from_str::<Tagged>(lead).map(|lead| lead.tags).unwrap_or_default();
    let given = match given {
        serde_json::Value::Array(list) => list,
        one => vec![one],
    };
    let texts = given.into_iter().filter_map(|tag| match tag {
        serde_json::Value::String(text) => Some(text.trim().to_owned()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    let is_tag = |text: &String| {
        !text.is_empty() && text.chars().count() <= TAG_CHARS_MAX && !text.chars().any(char::is_control)
    };
    texts.filter(is_tag).take(TAGS_MAX).collect()
}

/// The hash of one value of one kind, in an organization.
pub(crate) fn hash(salt: &[u8], kind: &str, value: &str) -> IdentityHash {
    let mut digest = Sha256::new();
    digest.update(salt);
    digest.update([0]);
    digest.update(kind.as_bytes());
    digest.update([0]);
    digest.update(value.as_bytes());
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o4_the_same_person_is_found_by_email_or_phone() {
        let one = Identity::of(b"s", r#"{"email":"A@x.example","phone":"+15125550100"}"#);
        let two = Identity::of(b"s", r#"{"phone":"+15125550100"}"#);
        assert_eq!(one.hashes.len(), 2);
        assert!(one.hashes.contains(&two.hashes[0]));
        assert_eq!(Identity::of(b"s", r#"{"email":"a@x.example"}"#).lead_id(b"s", ""), one.lead_id(b"s", ""));
    }

    /// O4: a phone number is found as the lead has it, also where its `+`, or all but its digits, was lost.
    #[test]
    fn o4_a_person_is_found_by_what_is_typed() {
        let known = Identity::of(b"s", r#"{"email":"a@x.example","phone":"+15125550100"}"#).hashes;
        assert_eq!(Identity::of_email(b"s", " A@X.example "), known[..1]);
        for typed in ["+15125550100", " 15125550100", "+1 (512) 555-0100", "1.512.555.0100"] {
            assert!(Identity::of_phone(b"s", typed).contains(&known[1]), "{typed}");
        }
        assert_eq!(Identity::of_phone(b"s", "+15125550100").len(), 1);
        for typed in ["5125550100", "1512555010x", "+15125550101", "", "+"] {
            assert!(!Identity::of_phone(b"s", typed).contains(&known[1]), "{typed}");
        }
        let local = Identity::of(b"s", r#"{"phone":"512-555-0100"}"#).hashes;
        assert!(Identity::of_phone(b"s", "512-555-0100").contains(&local[0]));
    }

    #[test]
    fn o4_tags_are_read_from_the_lead() {
        let of = |lead: &str| tags(lead).into_iter().collect::<Vec<_>>();
        assert_eq!(of(r#"{"tags":["vip"," new ","vip",7,null,{},"","a\u0000b"]}"#), ["7", "new", "vip"]);
        assert_eq!(of(r#"{"tags":"spring sale"}"#), ["spring sale"]);
        for none in [
            r#"{"tags":null}"#,
            r#"{"tags":[]}"#,
            r#"{"custom":{"tags":["x"]}}"#,
            "{}",
            r#""tags""#,
            "nonsense \"tags\"",
        ] {
            assert_eq!(of(none), [""; 0], "{none}");
        }
        let long = serde_json::json!({"tags": ["x".repeat(100), "y".repeat(101)]}).to_string();
        assert_eq!(of(&long), ["x".repeat(100)]);
        let many = serde_json::json!({"tags": (0..60).collect::<Vec<_>>()}).to_string();
        assert_eq!(of(&many).len(), TAGS_MAX);
    }

    #[test]
    fn o1_nothing_crosses_organizations() {
        let lead = r#"{"email":"a@x.example"}"#;
        assert_ne!(Identity::of(b"s", lead), Identity::of(b"t", lead));
    }

    #[test]
    fn a_lead_without_either_stands_for_itself() {
        for lead in [r#"{"email":null}"#, r#"{"email":5,"phone":" "}"#, "{}", "[]", "nonsense"] {
            assert_eq!(Identity::of(b"s", lead), Identity::default(), "{lead}");
        }
        assert_ne!(Identity::default().lead_id(b"s", "a"), Identity::default().lead_id(b"s", "b"));
    }
}

//! By what the host recognises a person (O4): e-mail address and phone number, hashed with the organization's salt.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

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

//! A person as an admin names one (L12): by an e-mail address or a phone number. And whether a text names that person.

mod search;

use super::error::{ApiError, Kind};
use super::lead::{Identity, IdentityHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many characters an e-mail address or a phone number may have.
pub const ADDRESS_CHARS_MAX: usize = 320;
/// How many digits a phone number has at least.
pub const PHONE_DIGITS_MIN: usize = 5;
/// How many digits a phone number has at least that is looked for in texts: shorter ones stand there by accident.
const SEARCHED_DIGITS_MIN: usize = 7;
/// What people write between the digits of a phone number.
const SEPARATORS: [char; 9] = [' ', '\t', '\u{a0}', '-', '.', '(', ')', '/', '\u{2011}'];

/// An e-mail address or a phone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// An e-mail address, in lower case.
    Email(String),
    /// A phone number, as it was given.
    Phone(String),
}

/// A person by all addresses that are known to be theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The addresses; the one that was asked for first.
    pub addresses: Vec<Address>,
}

impl Address {
    /// The one address that is given.
    ///
    /// # Errors
    /// Where none is given, both are, or the one is not an address.
    pub fn of(email: Option<&str>, phone: Option<&str>) -> Result<Self, ApiError> {
        match (email, phone) {
            (Some(text), None) => Self::email(text),
            (None, Some(text)) => Self::phone(text),
            (None, None) => {
                let message = "the person is not named: give `email` or `phone`";
                Err(ApiError::new(Kind::Invalid, "invalid", message).at("", "invalid", message))
            }
            (Some(_), Some(_)) => {
                let message = "must not be given with `email`: one of them is enough for all leads of a person, and two may be two persons'";
                Err(ApiError::invalid("phone", message))
            }
        }
    }

    fn email(text: &str) -> Result<Self, ApiError> {
        let text = checked("email", text)?.to_lowercase();
        let is_email = text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
            && !text.contains(char::is_whitespace);
        if is_email {
            return Ok(Self::Email(text));
        }
        Err(ApiError::invalid("email", "must be an e-mail address as the lead has it, such as alice@example.com"))
    }

    fn phone(text: &str) -> Result<Self, ApiError> {
        let text = checked("phone", text)?;
        let is_phone =
            text.chars().all(|letter| letter.is_ascii_digit() || letter == '+' || SEPARATORS.contains(&letter));
        if is_phone && PHONE_DIGITS_MIN <= digits(text).len() {
            return Ok(Self::Phone(text.to_owned()));
        }
        let message = format!(
            "must be a phone number of at least {PHONE_DIGITS_MIN} digits as the lead has it, such as +15125550100"
        );
        Err(ApiError::invalid("phone", message))
    }

    /// The hashes by which leads with this address are found. A phone number counts as it is given, and without what stands between its digits.
    pub fn identities(&self, salt: &[u8]) -> Vec<IdentityHash> {
        match self {
            Self::Email(text) => vec![Identity::hash_of(salt, "email", text)],
            Self::Phone(text) => {
                let compact: String = text.chars().filter(|letter| !SEPARATORS.contains(letter)).collect();
                let mut hashes = vec![Identity::hash_of(salt, "phone", text)];
                if compact != *text {
                    hashes.push(Identity::hash_of(salt, "phone", &compact));
                }
                hashes
            }
        }
    }

    /// The ids that leads have which are known by this address alone.
    pub fn lead_ids(&self, salt: &[u8]) -> Vec<String> {
        let identities = self.identities(salt).into_iter();
        identities.map(|hash| Identity { hashes: vec![hash] }.lead_id(salt, "")).collect()
    }

    /// What is kept as a proof that the person was erased. It leads to nothing else that is kept.
    pub fn proof(&self, salt: &[u8]) -> [u8; 32] {
        let address = match self {
            Self::Email(text) => text.clone(),
            Self::Phone(text) => digits(text),
        };
        let mut digest = Sha256::new();
        digest.update(salt);
        digest.update(b"\0erasure\0");
        digest.update(address.as_bytes());
        digest.finalize().into()
    }
}

/// The text of an address without blanks around it.
fn checked<'a>(path: &str, text: &'a str) -> Result<&'a str, ApiError> {
    let text = text.trim();
    if ADDRESS_CHARS_MAX < text.chars().count() {
        return Err(ApiError::invalid(path, format!("has more than {ADDRESS_CHARS_MAX} characters")));
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\t') {
        return Err(ApiError::invalid(path, "must not contain control characters"));
    }
    Ok(text)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Whether the digits of a text are those of a phone number: with or without the prefix of international calls, and for numbers of +1 without
/// the 1, since those have one length everywhere.
fn is_same_number(text: &str, number: &str) -> bool {
    let plain = text.strip_prefix("00").unwrap_or(text);
    plain == number || (number.len() == 11 && number.strip_prefix('1') == Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_one_address_is_given() {
        let of = |email: Option<&str>, phone: Option<&str>| Address::of(email, phone);
        assert_eq!(of(Some(" Ann@X.example "), None), Ok(Address::Email("ann@x.example".into())));
        assert_eq!(of(None, Some("+1 (512) 555-0100")), Ok(Address::Phone("+1 (512) 555-0100".into())));
        for (email, phone, path) in [
            (None, None, ""),
            (Some("a@x.example"), Some("+15125550100"), "phone"),
            (Some("nobody"), None, "email"),
            (Some("@x.example"), None, "email"),
            (Some("a b@x.example"), None, "email"),
            (Some("a@x\0.example"), None, "email"),
            (None, Some("512"), "phone"),
            (None, Some("call me"), "phone"),
            (None, Some(""), "phone"),
        ] {
            let error = of(email, phone).unwrap_err();
            assert_eq!((error.code, error.details[0].path.as_str()), ("invalid", path), "{email:?} {phone:?}");
        }
        assert!(of(Some(&format!("{}@x.example", "a".repeat(400))), None).is_err());
    }

    /// O4: an address finds the leads that have it, and no other organization's.
    #[test]
    fn l12_an_address_finds_its_leads() {
        let lead = Identity::of(b"s", r#"{"email":"Ann@x.example","phone":"+15125550100"}"#);
        let by = |email, phone| Address::of(email, phone).unwrap().identities(b"s");
        assert_eq!(by(Some("ANN@X.example"), None), [lead.hashes[0]]);
        assert!(by(None, Some("+1 512-555-0100")).contains(&lead.hashes[1]));
        assert!(!by(None, Some("512-555-0100")).contains(&lead.hashes[1]), "that may be another country's");
        let ann = Address::of(Some("ann@x.example"), None).unwrap();
        assert_eq!(ann.lead_ids(b"s"), [lead.lead_id(b"s", "")]);
        assert_ne!(ann.proof(b"s"), ann.proof(b"t"));
        assert!(!ann.identities(b"s").contains(&ann.proof(b"s")));
    }
}

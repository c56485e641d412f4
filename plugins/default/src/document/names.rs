//! Names of custom fields that were probably meant to be standard ones.

use super::check::Diagnostics;
use super::node::{Key, Node};
use super::{path, suggest};
use crate::lead::{TAGS, TEXT_FIELDS};
use crate::plan::owned::{Field, Target};

/// What people also call standard fields, in bare form.
const ALSO_CALLED: [(&str, &str); 20] = [
    ("firstnames", "first_name"),
    ("fname", "first_name"),
    ("givenname", "first_name"),
    ("lname", "last_name"),
    ("surname", "last_name"),
    ("familyname", "last_name"),
    ("emailaddress", "email"),
    ("mail", "email"),
    ("phonenumber", "phone"),
    ("telephone", "phone"),
    ("streetaddress", "street"),
    ("address1", "street"),
    ("zipcode", "zip"),
    ("postalcode", "zip"),
    ("postcode", "zip"),
    ("dob", "date_of_birth"),
    ("birthdate", "date_of_birth"),
    ("dateofbirth", "date_of_birth"),
    ("ipaddress", "ip"),
    ("tag", "tags"),
];

/// Words that are near a standard field and mean something else.
const OWN_WORDS: [&str; 3] = ["county", "stage", "estate"];

/// Shorter names are near to too much.
const NEAR_CHARS_MIN: usize = 4;

/// Names from this length on may differ in two letters.
const LONG_CHARS_MIN: usize = 9;

/// A standard field that differs from a name in nothing but case and separators, or in one swapped pair of letters.
pub fn misspelt(name: &str) -> Option<&'static str> {
    let bare = path::bare(name);
    let same = |field: &&&str| path::bare(field) == bare;
    let swapped = |field: &&&str| field.len() > NEAR_CHARS_MIN && suggest::is_swapped(name, field);
    standard().find(|field| same(&field) || swapped(&field))
}

/// Warns of custom fields that are called nearly like a standard one which the document does not map.
pub fn warn_of_near_ones(diagnostics: &mut Diagnostics, parent: &str, entries: &[(Key, Node)], fields: &[Field]) {
    let mapped: Vec<&str> = fields.iter().filter_map(|field| standard_name(&field.target)).collect();
    for (key, _) in entries {
        let is_custom = fields.iter().any(|field| field.name == key.text && matches!(field.target, Target::Custom(_)));
        let Some(near) = near(&key.text).filter(|near| is_custom && !mapped.contains(near)) else { continue };
        let message = format!("`{}` will be a custom field; the standard field is called `{near}`", key.text);
        let hint = format!("write `{near}`, or `custom.{}` if you mean a custom field", key.text);
        diagnostics.warning_at_key(parent, key, "near_standard_field", message, &hint);
    }
}

fn standard() -> impl Iterator<Item = &'static str> {
    TEXT_FIELDS.into_iter().chain([TAGS])
}

fn standard_name(target: &Target) -> Option<&'static str> {
    match target {
        Target::Text(index) => TEXT_FIELDS.get(*index).copied(),
        Target::Tags => Some(TAGS),
        Target::Custom(_) | Target::Variable => None,
    }
}

/// The standard field that a name comes near, by letters or by meaning.
fn near(name: &str) -> Option<&'static str> {
    if name.starts_with("custom.") {
        return None;
    }
    let bare = path::bare(name);
    if let Some((_, field)) = ALSO_CALLED.iter().find(|(called, _)| *called == bare) {
        return Some(field);
    }
    // A second one is numbered, and is another.
    if OWN_WORDS.contains(&bare.as_str()) || bare.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let tolerable = |field: &str| if LONG_CHARS_MIN <= field.len() { 2 } else { 1 };
    let is_near = |field: &&str| NEAR_CHARS_MIN <= field.len() && suggest::distance(name, field) <= tolerable(field);
    standard().find(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m2_names_near_a_standard_field() {
        for (name, expected) in [
            ("fist_name", Some("first_name")),
            ("phone_number", Some("phone")),
            ("Phone Number", Some("phone")),
            ("contry", Some("country")),
            ("sorce", Some("source")),
            ("tag", Some("tags")),
            ("dob", Some("date_of_birth")),
            ("county", None),
            ("phone2", None),
            ("street_2", None),
            ("income", None),
            ("id", None),
            ("custom.phone_number", None),
        ] {
            assert_eq!(near(name), expected, "{name}");
        }
        for (name, expected) in [
            ("e-mail", Some("email")),
            ("frist_name", Some("first_name")),
            ("FirstName", Some("first_name")),
            ("mail", None),
        ] {
            assert_eq!(misspelt(name), expected, "{name}");
        }
    }
}

//! The smallest plugin: turns the names of a lead to upper case, and keeps every other key as it came under `custom`.

// The registration macro makes the exported functions, which the canonical ABI cannot do without `unsafe`.
#![allow(unsafe_code)]

use std::collections::BTreeMap;

use hookmill_plugin_sdk::mapping::Guest;
use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped, MappedLead};
use serde_json::value::{RawValue, to_raw_value};

/// A value as it came: its text is never touched, so every digit of a number is kept.
type Raw = Box<RawValue>;

/// The type that the host calls.
pub struct Uppercase;

impl Guest for Uppercase {
    fn map(_context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
        elements.iter().map(|element| Ok(Mapped { leads: vec![map_one(&element.body)], trace: None })).collect()
    }
}

/// Maps one body; a failure here stops this lead alone.
fn map_one(body: &str) -> Result<MappedLead, Failure> {
    let mut custom: BTreeMap<String, Raw> = serde_json::from_str(body)
        .map_err(|error| Failure::new("not_an_object", format!("post a JSON object: {error}")).on_input("null"))?;
    let mut lead: BTreeMap<String, Raw> = BTreeMap::new();
    for field in ["first_name", "last_name"] {
        if let Some(name) = custom.remove(field) {
            lead.insert(field.to_owned(), upper(field, &name)?);
        }
    }
    for field in ["email", "phone"] {
        lead.extend(custom.remove_entry(field));
    }
    lead.insert("custom".to_owned(), raw("custom", &custom)?);
    Ok(MappedLead { lead: raw("lead", &lead)?.get().to_owned(), is_test: false, notices: vec![] })
}

fn upper(field: &str, name: &RawValue) -> Result<Raw, Failure> {
    let text: String = serde_json::from_str(name.get()).map_err(|_| {
        Failure::new("not_text", format!("{field} must be text, not {name}")).in_field(field).on_input(name.get())
    })?;
    raw(field, &text.to_uppercase())
}

fn raw(field: &str, value: &impl serde::Serialize) -> Result<Raw, Failure> {
    to_raw_value(value).map_err(|error| Failure::new("not_json", error.to_string()).in_field(field))
}

hookmill_plugin_sdk::export!(guest Uppercase: mapping);

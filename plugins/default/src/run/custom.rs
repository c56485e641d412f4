//! The custom fields of a lead: those that fields made, then what was left of the input.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hookmill_json::{Value, write_text, write_value};

use crate::functions::text_size;

/// Names up to this many are compared one by one.
const FEW_NAMES: usize = 16;

/// The value of a custom field.
pub enum CustomValue<'s> {
    /// Made by a field.
    Built(Value<'s>),
    /// What was left of the input, as JSON text.
    Json(String),
}

/// Custom fields in order; no two have one name.
#[derive(Default)]
pub struct CustomFields<'s> {
    fields: Vec<(Cow<'s, str>, CustomValue<'s>)>,
    /// Their names, once they are many.
    taken: BTreeSet<Cow<'s, str>>,
}

impl<'s> CustomFields<'s> {
    /// Whether there is a field of this name.
    pub fn is_taken(&self, name: &str) -> bool {
        if self.fields.len() <= FEW_NAMES {
            return self.fields.iter().any(|(taken, _)| taken == name);
        }
        self.taken.contains(name)
    }

    /// The value of a field that was made.
    pub fn value_of(&self, name: &str) -> Option<&Value<'s>> {
        self.fields.iter().find_map(|(made, value)| match value {
            CustomValue::Built(value) if made == name => Some(value),
            _ => None,
        })
    }

    /// Takes a field out again.
    pub fn take(&mut self, name: &str) -> Option<CustomValue<'s>> {
        let at = self.fields.iter().position(|(taken, _)| taken == name)?;
        self.taken.remove(name);
        Some(self.fields.remove(at).1)
    }

    /// Adds a field whose name is not taken.
    pub fn add(&mut self, name: Cow<'s, str>, value: CustomValue<'s>) {
        if self.fields.len() == FEW_NAMES {
            self.taken.extend(self.fields.iter().map(|(name, _)| name.clone()));
        }
        if FEW_NAMES <= self.fields.len() {
            self.taken.insert(name.clone());
        }
        self.fields.push((name, value));
    }

    /// About how many bytes the names and the made ones are, without those of escapes.
    pub fn text_size(&self) -> usize {
        let of = |value: &CustomValue<'_>| match value {
            CustomValue::Built(value) => text_size(value),
            CustomValue::Json(_) => 0,
        };
        self.fields.iter().map(|(name, value)| name.len() + of(value)).sum()
    }

    /// Appends them as a JSON object.
    pub fn write(&self, out: &mut String) {
        out.push('{');
        for (index, (name, value)) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_text(out, name);
            out.push(':');
            match value {
                CustomValue::Built(value) => write_value(out, value),
                CustomValue::Json(text) => out.push_str(text),
            }
        }
        out.push('}');
    }
}

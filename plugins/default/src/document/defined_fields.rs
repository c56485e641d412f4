//! `fields.x` in `map`: the fields that are defined so far, in the order of the document.

use super::node::{Key, Node};
use super::path;
use super::suggest::nearest;
use crate::lead::{CUSTOM, DATE_OF_BIRTH, TAGS, TEXT_FIELDS};
use crate::plan::owned::{Path, Steps, Target};

/// The fields of a document, and which of them are defined so far.
#[derive(Default)]
pub struct DefinedFields {
    fields: Vec<Declared>,
    /// Which one is being read; none outside of `fields`.
    current: Option<usize>,
    /// Places in the plan of the fields that others refer to.
    referenced: Vec<u16>,
}

struct Declared {
    name: String,
    target: Target,
    line: u32,
    /// Its place in the plan; none before it is read, and for one with errors.
    place: Option<u16>,
}

impl DefinedFields {
    /// Takes the names of all fields; none is defined yet.
    pub fn of(entries: &[(Key, Node)]) -> Self {
        let declare = |(key, _): &(Key, Node)| Declared {
            name: key.text.clone(),
            target: target_of(&key.text),
            line: key.place.line,
            place: None,
        };
        Self { fields: entries.iter().map(declare).collect(), current: None, referenced: Vec::new() }
    }

    /// The field of this number is read now.
    pub fn begin(&mut self, number: usize) {
        self.current = Some(number);
    }

    /// All fields are read: whatever comes now may look at each.
    pub fn begin_after_all(&mut self) {
        self.current = Some(self.fields.len());
    }

    /// The field that was read is defined, and has this place in the plan.
    pub fn end(&mut self, place: usize) {
        let current = self.current.and_then(|current| self.fields.get_mut(current));
        if let (Some(field), Ok(place)) = (current, u16::try_from(place)) {
            field.place = Some(place);
        }
    }

    /// Whether the field that is read now is the standard one of the date of birth.
    pub fn is_date_of_birth(&self) -> bool {
        self.current.and_then(|current| self.fields.get(current)).is_some_and(|field| field.name == DATE_OF_BIRTH)
    }

    /// Remembers that another field refers to the one at this place in the plan.
    pub fn refer_to(&mut self, place: u16) {
        if !self.referenced.contains(&place) {
            self.referenced.push(place);
        }
    }

    /// Places in the plan of the fields that others refer to.
    pub fn into_referenced(self) -> Vec<u16> {
        self.referenced
    }
}

/// Where a field of this name goes.
fn target_of(name: &str) -> Target {
    match TEXT_FIELDS.iter().position(|field| *field == name) {
        Some(index) => Target::Text(index),
        None if name == TAGS => Target::Tags,
        None => Target::Custom(name.strip_prefix("custom.").unwrap_or(name).to_owned().into()),
    }
}

/// Why a path does not lead to a field.
pub struct ReferenceError {
    /// What is wrong.
    pub message: String,
    /// A suggested fix.
    pub hint: Option<String>,
}

/// Finds the place of the field and the steps that go on from it. No reason where another problem was reported already.
pub fn find(defined: &DefinedFields, path: &Path) -> Result<(u16, Steps), Option<ReferenceError>> {
    let error = |message: String, hint| Err(Some(ReferenceError { message, hint }));
    let Some(current) = defined.current else {
        return error("no field of the lead is defined here".to_owned(), None);
    };
    let first = path::first_name(&path.steps).unwrap_or_default().to_owned();
    let (name, steps) = match first.as_str() {
        CUSTOM => {
            let rest = path::without_first(path.steps.clone());
            let Some(name) = path::first_name(&rest).map(str::to_owned) else {
                return error(
                    "this does not name a field".to_owned(),
                    Some("write it like `fields.custom.age`".to_owned()),
                );
            };
            (format!("custom.{name}"), path::without_first(rest))
        }
        _ => (first, path::without_first(path.steps.clone())),
    };
    let target = target_of(&name);
    let Some(number) = defined.fields.iter().position(|field| field.target == target) else {
        let names: Vec<&str> = defined.fields.iter().take(current).map(|field| field.name.as_str()).collect();
        return error(format!("the document does not define a field `{name}`"), nearest(&name, &names));
    };
    let Declared { name, line, place, .. } = &defined.fields[number];
    if number == current {
        return error("this is the field itself, which is not defined yet".to_owned(), None);
    }
    if current < number {
        let message = format!("the field is defined later, in line {line}");
        let hint = format!("put `{name}` before this field, or make a variable of it, which may stand anywhere");
        return error(message, Some(hint));
    }
    place.map(|place| (place, steps)).ok_or(None)
}

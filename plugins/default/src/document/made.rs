//! `made.x` in `map`: the fields that were made so far, in the order of the document.

use super::check::{At, Notes};
use super::node::{Key, Node};
use super::path;
use super::suggest::nearest;
use crate::lead::{CUSTOM, TAGS, TEXT_FIELDS};
use crate::plan::owned::{Path, Root, Target};

/// The fields of a document, and which of them were made so far.
#[derive(Default)]
pub struct Made {
    fields: Vec<Declared>,
    /// Which one is being read; none outside of `fields`.
    current: Option<usize>,
    /// Those that somebody looks at.
    asked: Vec<u16>,
}

struct Declared {
    name: String,
    target: Target,
    line: u32,
    /// Its place in the plan; none before it is made, and for one that can't be.
    place: Option<u16>,
}

impl Made {
    /// Nothing is made yet.
    pub fn of(entries: &[(Key, Node)]) -> Self {
        let declared = |(key, _): &(Key, Node)| Declared {
            name: key.text.clone(),
            target: target(&key.text),
            line: key.place.line,
            place: None,
        };
        Self { fields: entries.iter().map(declared).collect(), current: None, asked: Vec::new() }
    }

    /// The field of this number is read now.
    pub fn begin(&mut self, number: usize) {
        self.current = Some(number);
    }

    /// The field that was read is made, and has this place in the plan.
    pub fn end(&mut self, place: usize) {
        let current = self.current.and_then(|current| self.fields.get_mut(current));
        if let (Some(field), Ok(place)) = (current, u16::try_from(place)) {
            field.place = Some(place);
        }
    }

    /// The places of the fields that somebody looks at.
    pub fn into_asked(self) -> Vec<u16> {
        self.asked
    }
}

/// Where a field of this name goes.
fn target(name: &str) -> Target {
    match TEXT_FIELDS.iter().position(|field| *field == name) {
        Some(index) => Target::Text(index),
        None if name == TAGS => Target::Tags,
        None => Target::Custom(name.strip_prefix("custom.").unwrap_or(name).to_owned().into()),
    }
}

/// A path of `map` that begins at `made` leads to the field that it names, if that was made before.
pub fn resolved(notes: &mut Notes, at: At<'_>, path: Path) -> Path {
    if path.root != Root::Made(Root::NO_FIELD) {
        return path;
    }
    match find(&notes.made, &path) {
        Ok((place, steps)) => {
            if !notes.made.asked.contains(&place) {
                notes.made.asked.push(place);
            }
            Path { root: Root::Made(place), steps, ..path }
        }
        Err(None) => path,
        Err(Some(why)) => {
            let of_element = format!("a key of the element is written `$.{}`", path.text.trim_start_matches("$."));
            let mend = why.mend.map_or(of_element.clone(), |mend| format!("{mend}; {of_element}"));
            notes.error(at, "used_before_made", format!("`{}`: {}", path.text, why.message), Some(mend));
            path
        }
    }
}

struct Why {
    message: String,
    mend: Option<String>,
}

/// The place of the field and the steps that go on from it; no reason where another problem has told it already.
fn find(made: &Made, path: &Path) -> Result<(u16, crate::plan::owned::Steps), Option<Why>> {
    let why = |message: String, mend| Err(Some(Why { message, mend }));
    let Some(current) = made.current else {
        return why("no field of the lead is made here".to_owned(), None);
    };
    let first = path::first_name(&path.steps).unwrap_or_default().to_owned();
    let (name, steps) = match first.as_str() {
        CUSTOM => {
            let rest = path::without_first(path.steps.clone());
            let Some(name) = path::first_name(&rest).map(str::to_owned) else {
                return why("this names no field".to_owned(), Some("write it like `made.custom.age`".to_owned()));
            };
            (format!("custom.{name}"), path::without_first(rest))
        }
        _ => (first, path::without_first(path.steps.clone())),
    };
    let wanted = target(&name);
    let Some(number) = made.fields.iter().position(|field| field.target == wanted) else {
        let names: Vec<&str> = made.fields.iter().take(current).map(|field| field.name.as_str()).collect();
        return why(format!("the document makes no field `{name}`"), nearest(&name, &names));
    };
    let Declared { name, line, place, .. } = &made.fields[number];
    if number == current {
        return why("this is the field itself, which is not made yet".to_owned(), None);
    }
    if current < number {
        let message = format!("the field is made later, in line {line}");
        return why(message, Some(format!("put `{name}` before this field")));
    }
    place.map(|place| (place, steps)).ok_or(None)
}

//! What is known of one path: how often it was there and filled, what stood in it, since when and until when.

use super::dates;
use super::mask::mask;
use super::meaning::{Meaning, Shapes};
use super::path::Path;
use super::{ABSENCE_FACTOR, EXAMPLES_MAX};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How many values of each type a path has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FieldTypes)]
pub struct Kinds {
    /// Texts.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(required = false)]
    pub text: usize,
    /// Numbers.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(required = false)]
    pub number: usize,
    /// True or false.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(required = false)]
    pub boolean: usize,
    /// Nulls.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(required = false)]
    pub null: usize,
    /// Objects without members.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(required = false)]
    pub empty_object: usize,
    /// Lists without items.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(required = false)]
    pub empty_list: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Kinds {
    fn add(&mut self, value: &Value) {
        let count = match value {
            Value::String(_) => &mut self.text,
            Value::Number(_) => &mut self.number,
            Value::Bool(_) => &mut self.boolean,
            Value::Null => &mut self.null,
            Value::Object(_) => &mut self.empty_object,
            Value::Array(_) => &mut self.empty_list,
        };
        *count += 1;
    }

    /// Names and counts of those that were seen.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [
            ("text", self.text),
            ("number", self.number),
            ("boolean", self.boolean),
            ("null", self.null),
            ("empty object", self.empty_object),
            ("empty list", self.empty_list),
        ]
        .into_iter()
        .filter(|(_, count)| 0 < *count)
    }
}

/// Null, empty, or nothing but space.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is known about one path.
#[derive(Debug, Clone)]
pub(super) struct PathStats {
    pub(super) path: Path,
    pub(super) kinds: Kinds,
    pub(super) shapes: Shapes,
    /// How many values each format of days fits.
    dates: [usize; dates::FORMATS.len()],
    pub(super) examples: Vec<String>,
    /// In how many elements it was.
    pub(super) seen: usize,
    /// In how many of them it was not blank.
    pub(super) filled: usize,
    /// The first element that has it, counted from 0.
    pub(super) first: usize,
    /// The last one.
    pub(super) last: usize,
    /// The first and the last element in which it is not blank.
    pub(super) filled_in: Option<(usize, usize)>,
    /// Whether a pair has more than one value somewhere.
    pub(super) is_several: bool,
    named: Option<Meaning>,
}

impl PathStats {
    pub(super) fn new(path: Path, element: usize) -> Self {
        let named = Meaning::by_name(&path);
        Self {
            path,
            named,
            kinds: Kinds::default(),
            shapes: Shapes::default(),
            dates: Default::default(),
            examples: Vec::new(),
            seen: 0,
            filled: 0,
            first: element,
            last: element,
            filled_in: None,
            is_several: false,
        }
    }

    /// Another value; elements come in their order.
    pub(super) fn add(&mut self, element: usize, value: &Value) {
        self.kinds.add(value);
        if self.seen == 0 || self.last != element {
            self.seen += 1;
            self.last = element;
        } else {
            self.is_several = true;
        }
        if is_blank(value) {
            return;
        }
        if self.filled_in.is_none_or(|(_, last)| last != element) {
            self.filled_in = Some((self.filled_in.map_or(element, |(first, _)| first), element));
            self.filled += 1;
        }
        match value {
            Value::String(text) => self.text(text),
            Value::Number(number) => self.text(&number.to_string()),
            other => self.text(&other.to_string()),
        }
    }

    fn text(&mut self, text: &str) {
        self.shapes.add(text);
        for format in dates::formats(text) {
            self.dates.get_mut(format).into_iter().for_each(|count| *count += 1);
        }
        if self.examples.len() < EXAMPLES_MAX {
            let example = mask(text, self.named);
            if !self.examples.contains(&example) {
                self.examples.push(example);
            }
        }
    }

    /// The formats of its dates: those that fit all of them, else the ones that fit some, most of them first.
    pub(super) fn date_formats(&self) -> Vec<&'static str> {
        let most = self.dates.iter().copied().max().unwrap_or_default();
        let all = self.dates.iter().zip(dates::FORMATS).filter(|(count, _)| 0 < most && **count == self.shapes.total);
        let all: Vec<&str> = all.map(|(_, format)| format).collect();
        if !all.is_empty() {
            return all;
        }
        let mut some: Vec<_> = self.dates.iter().copied().zip(dates::FORMATS).filter(|(count, _)| 0 < *count).collect();
        some.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        some.into_iter().map(|(_, format)| format).collect()
    }

    /// Whether it came up in these elements: it was absent before for far longer than it is between its sightings.
    pub(super) fn is_new(&self, elements: usize) -> bool {
        let since = elements.saturating_sub(self.first);
        self.is_long(self.first, since)
    }

    /// Whether it went away in them: it is absent since for far longer than it was between its sightings.
    pub(super) fn has_vanished(&self, elements: usize) -> bool {
        self.is_long(elements.saturating_sub(self.last + 1), self.last + 1)
    }

    /// `absent` elements without it, beside `present` ones in which it was seen now and then.
    fn is_long(&self, absent: usize, present: usize) -> bool {
        ABSENCE_FACTOR * present <= absent * self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M11: a rare path is neither new nor vanished because it is not in the last few elements.
    #[test]
    fn m11_new_and_vanished_follow_from_how_often_a_path_comes() {
        let table: [(&[usize], usize, bool, bool); 10] = [
            (&[0, 1, 2], 6, false, true),
            (&[3, 4, 5], 6, true, false),
            (&[0, 1, 2, 3, 4, 5], 6, false, false),
            (&[0], 1, false, false),
            (&[199], 200, true, false),
            (&[0], 4, false, true),
            (&[10, 60, 110, 160], 200, false, false),
            (&[100], 200, false, false),
            (&[4, 5], 6, true, false),
            (&[4, 6], 8, false, false),
        ];
        for (sightings, elements, new, vanished) in table {
            let mut stats = PathStats::new(Path::default(), sightings[0]);
            sightings.iter().for_each(|element| stats.add(*element, &"x".into()));
            let found = (stats.is_new(elements), stats.has_vanished(elements));
            assert_eq!(found, (new, vanished), "{sightings:?} of {elements}");
        }
    }
}

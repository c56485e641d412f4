//! Why a body can't be read: what kind of fault, where it stands, and the suggested fix.

use std::fmt;

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are not of the syntax they claim.
    Syntax,
    /// More bytes than a bound allows.
    TooLarge,
    /// More elements or fields than a bound allows.
    TooMany,
    /// A kind of body, a charset or a coding that is not understood.
    Kind,
}

/// A place in a text: line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of the byte at `offset`; the end of the text where it is shorter.
    pub fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Self { line, column }
    }
}

#[cfg(feature = "inbound")]
/// The places of bytes that come in order, in one walk over the text.
pub(crate) fn places_of(text: &str, offsets: impl Iterator<Item = usize>) -> Vec<Place> {
    let (mut at, mut place) = (0, Place { line: 1, column: 1 });
    let mut places = Vec::new();
    for offset in offsets {
        let between = text.get(at..offset).unwrap_or_default();
        match between.rsplit_once('\n') {
            None => place.column += between.chars().count(),
            Some((lines, rest)) => {
                place = Place { line: place.line + lines.matches('\n').count() + 1, column: rest.chars().count() + 1 };
            }
        }
        at = offset;
        places.push(place);
    }
    places
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

/// A body that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError {
    /// What kind of fault it is.
    pub fault: Fault,
    /// A stable code in snake case, such as `xml_syntax`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The suggested fix.
    pub hint: Option<String>,
    /// Where, when it has a place in a text.
    pub place: Option<Place>,
    /// The field of a form, when it is in one.
    pub field: Option<String>,
}

impl BodyError {
    /// A fault of the whole body.
    pub fn new(fault: Fault, code: &'static str, message: impl Into<String>) -> Self {
        Self { fault, code, message: message.into(), hint: None, place: None, field: None }
    }

    /// With the suggested fix.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong, the suggested fix and the place, in one sentence.
    pub fn sentence(&self) -> String {
        let hint = self.hint.iter().flat_map(|hint| ["; ", hint.as_str()]).collect::<String>();
        let place = self.place.map(|place| format!(" ({place})")).unwrap_or_default();
        format!("{}{hint}{place}", self.message)
    }

    /// The same at a byte of a text.
    pub fn at(mut self, text: &str, offset: usize) -> Self {
        self.place = Some(Place::of(text, offset));
        self
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.sentence())
    }
}

impl std::error::Error for BodyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        for (offset, line, column) in [(0, 1, 1), (1, 1, 2), (2, 1, 2), (3, 1, 3), (4, 2, 1), (99, 2, 2)] {
            assert_eq!(Place::of("xä\ny", offset), Place { line, column }, "{offset}");
        }
    }

    #[cfg(feature = "inbound")]
    #[test]
    fn places_are_found_in_one_walk() {
        let text = "xä\n\nyz\n";
        let offsets = [0, 1, 3, 4, 5, 6, 7, 8];
        let one_by_one: Vec<Place> = offsets.iter().map(|offset| Place::of(text, *offset)).collect();
        assert_eq!(places_of(text, offsets.into_iter()), one_by_one);
    }
}

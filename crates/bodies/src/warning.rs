//! What is odd about a body that is read all the same.

use crate::error::Place;
use hookmill_json::RepairKind;
use serde::{Deserialize, Serialize};

/// What was read though it is not as its format has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyWarning {
    /// A stable code in snake case.
    pub code: &'static str,
    /// What it is, where, and the suggested fix.
    pub message: String,
    /// Where it stands first in the body.
    pub place: Place,
}

/// Something in a text that was rewritten, with its place in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlacedRepair {
    pub kind: RepairKind,
    /// Where its replacement stands in the text that was opened.
    pub new_offset: usize,
    pub place: Place,
}

/// The same as it is kept with a text that was opened and whose bytes are gone (see [`Opened::restore`](crate::Opened::restore)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRepair {
    /// The raw character that an escape stands for; none for half a surrogate pair.
    pub character: Option<char>,
    /// Where the replacement stands in the text.
    pub offset: usize,
    /// The line of the body, from 1.
    pub line: usize,
    /// The column of that line, from 1.
    pub column: usize,
}

impl From<PlacedRepair> for TextRepair {
    fn from(PlacedRepair { kind, new_offset, place }: PlacedRepair) -> Self {
        let character = match kind {
            RepairKind::ControlCharacter(character) => Some(character),
            RepairKind::LoneSurrogate => None,
        };
        Self { character, offset: new_offset, line: place.line, column: place.column }
    }
}

impl From<TextRepair> for PlacedRepair {
    fn from(TextRepair { character, offset, line, column }: TextRepair) -> Self {
        let kind = character.map_or(RepairKind::LoneSurrogate, RepairKind::ControlCharacter);
        Self { kind, new_offset: offset, place: Place { line, column } }
    }
}

/// One warning for each kind of what was rewritten.
pub(crate) fn warnings_of(repairs: &[PlacedRepair]) -> Vec<BodyWarning> {
    let (controls, halves): (Vec<&PlacedRepair>, Vec<&PlacedRepair>) =
        repairs.iter().partition(|repair| matches!(repair.kind, RepairKind::ControlCharacter(_)));
    let controls = warning("raw_control_character", &controls, |kind| {
        let (what, escape) = describe(kind);
        format!("a raw {what} stands in a text and is kept; the sender should write {escape}")
    });
    let halves = warning("lone_surrogate", &halves, |_| {
        "half a surrogate pair stands in a text, and U+FFFD takes its place; the sender should not cut a character in two".to_owned()
    });
    controls.into_iter().chain(halves).collect()
}

fn warning(code: &'static str, repairs: &[&PlacedRepair], sentence: fn(RepairKind) -> String) -> Option<BodyWarning> {
    let first = repairs.first()?;
    let more = match repairs.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more like it"),
    };
    let message = format!("{} ({}{more})", sentence(first.kind), first.place);
    Some(BodyWarning { code, message, place: first.place })
}

/// A character that JSON can't have as it is, and what it has instead.
pub(crate) fn describe(kind: RepairKind) -> (&'static str, String) {
    match kind {
        RepairKind::ControlCharacter('\n') => ("line break", "`\\n`".to_owned()),
        RepairKind::ControlCharacter('\r') => ("line break", "`\\r`".to_owned()),
        RepairKind::ControlCharacter('\t') => ("tab", "`\\t`".to_owned()),
        RepairKind::ControlCharacter(other) => ("control character", format!("`\\u{:04x}`", u32::from(other))),
        RepairKind::LoneSurrogate => ("half of a surrogate pair", "both of its halves".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i10_each_kind_is_told_once_with_its_first_place() {
        let repair = |kind, line| PlacedRepair { kind, new_offset: 0, place: Place { line, column: 5 } };
        let repairs = [
            repair(RepairKind::LoneSurrogate, 1),
            repair(RepairKind::ControlCharacter('\n'), 2),
            repair(RepairKind::ControlCharacter('\t'), 3),
        ];
        let warnings = warnings_of(&repairs);
        let messages: Vec<&str> = warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "a raw line break stands in a text and is kept; the sender should write `\\n` (line 2, column 5, and 1 more like it)",
                "half a surrogate pair stands in a text, and U+FFFD takes its place; the sender should not cut a character in two (line 1, column 5)",
            ]
        );
        assert_eq!(warnings_of(&[]), []);
    }
}

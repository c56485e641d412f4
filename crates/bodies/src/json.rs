//! JSON bodies: checked in their depth, and rewritten where their meaning is plain though their syntax is wrong. What is wrong besides is
//! rejected in words for its sender.

use crate::depth::too_deep;
use crate::error::{BodyError, Fault, places_of};
use crate::limits::BodyLimits;
use crate::open::Opened;
use crate::warning::PlacedRepair;
use hookmill_json::{JsonError, REPAIRS_MAX, Repair, Repaired, check, ends_inside, explain, repair, scan};
use std::borrow::Cow;

/// Why a text is not JSON, with its place and the suggested fix.
pub fn syntax_error(text: &str) -> BodyError {
    match check(text, usize::MAX) {
        Err(error) => not_json(text, &error),
        Ok(()) => BodyError::new(Fault::Syntax, "invalid_json", "the body can't be read as JSON"),
    }
}

fn not_json(text: &str, error: &JsonError) -> BodyError {
    let explanation = explain(text, error);
    let message = format!("the body is not JSON: {}", explanation.message);
    let rejected = BodyError::new(Fault::Syntax, "invalid_json", message).at(text, error.offset);
    BodyError { hint: explanation.hint, ..rejected }
}

/// One value.
pub(crate) fn open<'a>(text: Cow<'a, str>, limits: &BodyLimits) -> Result<Opened<'a>, BodyError> {
    let value = BodyText { whole: &text, start: 0, text: &text, is_line: false };
    let Some(repaired) = value.repaired(limits.depth_max)? else { return Ok(Opened::json(text, Vec::new())) };
    let repairs = place(&text, &repaired.repairs);
    Ok(Opened::json(Cow::Owned(repaired.text), repairs))
}

/// A value on each line, as a list of them. Blank lines are nothing.
pub(crate) fn open_lines(text: &str, limits: &BodyLimits) -> Result<Opened<'static>, BodyError> {
    let (mut list, mut repairs, mut line_start) = (String::with_capacity(text.len() + 2), Vec::new(), 0);
    list.push('[');
    for line in text.split_inclusive('\n') {
        let start = line_start;
        line_start += line.len();
        let value = line.trim_matches([' ', '\t', '\r', '\n']);
        if value.is_empty() {
            continue;
        }
        // Places are those of the body.
        let start = start + (value.as_ptr() as usize - line.as_ptr() as usize);
        let value = BodyText { whole: text, start, text: value, is_line: true };
        if 1 < list.len() {
            list.push(',');
        }
        match value.repaired(limits.depth_max.saturating_sub(1))? {
            Some(repaired) => {
                let in_body = |repair: &Repair| Repair {
                    offset: start + repair.offset,
                    new_offset: list.len() + repair.new_offset,
                    ..*repair
                };
                repairs.extend(repaired.repairs.iter().map(in_body));
                list.push_str(&repaired.text);
            }
            None => {
                check(value.text, usize::MAX).map_err(|error| value.not_json(value.text, &error, error.offset))?;
                list.push_str(value.text);
            }
        }
        if REPAIRS_MAX < repairs.len() {
            let message = format!("more than {REPAIRS_MAX} characters that JSON can't have (REPAIRS_MAX)");
            return Err(BodyError::new(Fault::Syntax, "invalid_json", message));
        }
    }
    if list.len() == 1 {
        return Err(syntax_error(""));
    }
    list.push(']');
    Ok(Opened::json(Cow::Owned(list), place(text, &repairs)))
}

/// The error of a line that ends inside of its value: as JSON, the whole body may be one.
fn on_several_lines(body: &str, error: BodyError) -> BodyError {
    let message = "the body is not JSON: each line must be one object, and this one ends before its object does";
    let hint = if check(body, usize::MAX).is_ok() {
        "the whole body is one JSON value: send it with `Content-Type: application/json`, or write each object on one line"
    } else {
        "write each object on one line, or send a list of them with `Content-Type: application/json`"
    };
    BodyError { message: message.to_owned(), hint: Some(hint.to_owned()), ..error }
}

/// What was rewritten in a body, with its places there.
fn place(body: &str, repairs: &[Repair]) -> Vec<PlacedRepair> {
    let places = places_of(body, repairs.iter().map(|repair| repair.offset));
    let placed = repairs.iter().zip(places);
    placed.map(|(repair, place)| PlacedRepair { kind: repair.kind, new_offset: repair.new_offset, place }).collect()
}

/// A value in a body.
struct BodyText<'t> {
    whole: &'t str,
    /// Where it begins in the body.
    start: usize,
    text: &'t str,
    /// Whether it has a line of its own.
    is_line: bool,
}

impl BodyText<'_> {
    /// The text with its syntax put right; none where there is nothing to put right, and the syntax is for its reader to check.
    fn repaired(&self, depth_max: usize) -> Result<Option<Repaired>, BodyError> {
        let scanned = scan(self.text, depth_max);
        if let Some(offset) = scanned.too_deep {
            return Err(too_deep(self.whole, self.start + offset, depth_max));
        }
        if !scanned.is_suspect {
            return Ok(None);
        }
        let repaired = repair(self.text).map_err(|error| self.not_json(self.text, &error, error.offset))?;
        let Some(repaired) = repaired else { return Ok(None) };
        check(&repaired.text, usize::MAX)
            .map_err(|error| self.not_json(&repaired.text, &error, repaired.original_offset(error.offset)))?;
        Ok(Some(repaired))
    }

    /// The place is that of the body as it was written. Where a line ends inside of its value, that is on several lines.
    fn not_json(&self, text: &str, error: &JsonError, offset: usize) -> BodyError {
        let rejected = not_json(text, error).at(self.whole, self.start + offset);
        if self.is_line && ends_inside(text, error) { on_several_lines(self.whole, rejected) } else { rejected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(opened: &Opened<'_>) -> Vec<(&'static str, usize, usize)> {
        let warnings = opened.warnings(0, opened.text().len()).into_iter();
        warnings.map(|warning| (warning.code, warning.place.line, warning.place.column)).collect()
    }

    fn read(text: &str) -> Result<Opened<'_>, BodyError> {
        open(Cow::Borrowed(text), &BodyLimits::default())
    }

    #[test]
    fn i10_what_is_plain_is_read_with_a_warning() {
        let (control, half) = ("raw_control_character", "lone_surrogate");
        let table = [
            ("{\"a\":\n \"x\ny\tz\"}", "{\"a\":\n \"x\\ny\\tz\"}", vec![(control, 2, 4)]),
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#, vec![(half, 1, 7)]),
            ("[\"\u{1}\", \"\\udc00\"]", r#"["\u0001", "\ufffd"]"#, vec![(control, 1, 3), (half, 1, 8)]),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#, vec![]),
            ("{\n\t\"a\": 1\r\n}", "{\n\t\"a\": 1\r\n}", vec![]),
        ];
        for (text, expected, warnings) in table {
            let opened = read(text).unwrap();
            assert_eq!((opened.text(), warned(&opened)), (expected, warnings), "{text}");
        }
    }

    /// L12: a body whose bytes are gone gives the same elements, with the same warnings.
    #[test]
    fn l12_what_was_opened_is_restored() {
        let opened = read("[{\"a\":\"x\ny\"},\n\"\\ud83d\"]").unwrap();
        let restored = Opened::restore(opened.text(), &opened.repairs());
        assert_eq!(restored, opened);
        assert_eq!(warned(&restored), [("raw_control_character", 1, 9), ("lone_surrogate", 3, 2)]);
    }

    #[test]
    fn i10_places_of_faults_are_those_of_the_body() {
        let text = "{\"a\": \"x\ny\",\n \"b\": NaN}";
        let error = read(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid_json: the body is not JSON: `NaN` is not a value of JSON; the sender must write `null` (line 3, column 7)"
        );
        assert_eq!(syntax_error("{\"a\": 1,}").place.unwrap().column, 9);
    }

    #[test]
    fn i10_lines_are_a_list() {
        let limits = BodyLimits::default();
        let opened = open_lines("{\"a\":1}\n\r\n {\"b\":\"\\ud83d\"}\r\n[2]", &limits).unwrap();
        assert_eq!(opened.text(), r#"[{"a":1},{"b":"\ufffd"},[2]]"#);
        assert_eq!(warned(&opened), [("lone_surrogate", 3, 8)]);
        let error = open_lines("{\"a\":1}\n{\"b\":1,}\n", &limits).unwrap_err();
        assert_eq!((error.code, error.place.map(|place| (place.line, place.column))), ("invalid_json", Some((2, 8))));
        assert_eq!(open_lines(" \n", &limits).unwrap_err().code, "invalid_json");
        for (body, line, column, hint) in [
            (
                "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
                1,
                2,
                "is one JSON value: send it with `Content-Type: application/json`",
            ),
            ("[\n{\"a\":1},\n{\"a\":2}\n]", 1, 2, "is one JSON value"),
            ("{\"a\":1}\n{\n\"a\":2\n}", 2, 2, "write each object on one line, or send a list of them"),
            ("{\"a\":\"x\ty\",\n\"b\":1}", 1, 12, "write each object on one line"),
            ("{\"a\":1,}\n", 1, 8, "leave out the comma"),
        ] {
            let error = open_lines(body, &limits).unwrap_err();
            assert_eq!(error.place.map(|place| (place.line, place.column)), Some((line, column)), "{body}: {error}");
            assert!(error.hint.as_deref().is_some_and(|found| found.contains(hint)), "{body}: {error}");
        }
        let shallow = BodyLimits { depth_max: 2, ..limits };
        assert!(open_lines("[1]\n", &shallow).is_ok());
        assert_eq!(
            open_lines("1\n[[1]]", &shallow).unwrap_err().place.map(|place| (place.line, place.column)),
            Some((2, 2))
        );
    }
}

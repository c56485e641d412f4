//! Texts whose meaning is plain though their syntax is wrong: a raw line break, tab or other control character inside a string, and half
//! a surrogate pair (`"\ud83d"`). They are rewritten as JSON has them, so that every later reader takes the same text.

use crate::error::JsonError;
use crate::string::{escape, plain_run};
use crate::write::write_escape;

/// What was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairKind {
    /// A control character that stood in a string as it is: it is kept, as an escape.
    ControlCharacter(char),
    /// Half a surrogate pair: U+FFFD stands in its place.
    LoneSurrogate,
}

/// One thing that was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What.
    pub kind: RepairKind,
    /// Where it stood, in bytes from the start of the text.
    pub offset: usize,
    /// Where its replacement stands in the new text.
    pub new_offset: usize,
}

/// A text that was rewritten, with what was wrong in it, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// The new text. Its syntax is not checked.
    pub text: String,
    /// What was rewritten.
    pub repairs: Vec<Repair>,
}

impl Repaired {
    /// Where the byte of the new text at this place stood in the text as it was written.
    pub fn original_offset(&self, new_offset: usize) -> usize {
        let before = self.repairs.partition_point(|repair| repair.new_offset <= new_offset);
        match before.checked_sub(1).map(|last| self.repairs[last]) {
            None => new_offset,
            Some(last) => {
                // Both texts are the same between two replacements.
                let (old_end, new_end) = (last.offset + last.old_bytes(), last.new_offset + last.new_bytes());
                if new_offset < new_end { last.offset } else { old_end + (new_offset - new_end) }
            }
        }
    }
}

impl Repair {
    fn old_bytes(&self) -> usize {
        match self.kind {
            RepairKind::ControlCharacter(_) => 1,
            RepairKind::LoneSurrogate => REPLACEMENT.len(),
        }
    }

    fn new_bytes(&self) -> usize {
        match self.kind {
            RepairKind::ControlCharacter('\n' | '\r' | '\t') => 2,
            RepairKind::ControlCharacter(_) | RepairKind::LoneSurrogate => REPLACEMENT.len(),
        }
    }
}

/// What stands in the place of half a surrogate pair; as long as the escape it replaces.
const REPLACEMENT: &str = "\\ufffd";

/// How many things are rewritten in one text: each is kept with its place.
pub const REPAIRS_MAX: usize = 100_000;

/// Rewrites what is wrong inside of strings; none where nothing is.
///
/// # Errors
/// `too_many_repairs` at the first one too many.
pub fn repair(text: &str) -> Result<Option<Repaired>, JsonError> {
    let bytes = text.as_bytes();
    let (mut repaired, mut copied, mut at) = (Repaired::default(), 0, 0);
    while let Some(quote) = bytes[at..].iter().position(|byte| *byte == b'"') {
        at += quote + 1;
        while let Some(rest) = bytes.get(at..) {
            at += plain_run(rest);
            let Some(byte) = bytes.get(at) else { break };
            let kind = match byte {
                b'"' => break,
                b'\\' => match escape(text, at) {
                    Ok((_, after)) => {
                        at = after;
                        continue;
                    }
                    Err(error) if error.code == "lone_surrogate" => RepairKind::LoneSurrogate,
                    Err(_) => {
                        at += 2;
                        continue;
                    }
                },
                _ => RepairKind::ControlCharacter(char::from(*byte)),
            };
            if REPAIRS_MAX <= repaired.repairs.len() {
                let message = format!("more than {REPAIRS_MAX} characters that JSON can't have (REPAIRS_MAX)");
                return Err(JsonError::new("too_many_repairs", at, message));
            }
            repaired.text.push_str(&text[copied..at]);
            let repair = Repair { kind, offset: at, new_offset: repaired.text.len() };
            match kind {
                RepairKind::LoneSurrogate => repaired.text.push_str(REPLACEMENT),
                RepairKind::ControlCharacter(_) => write_escape(&mut repaired.text, *byte),
            }
            at += repair.old_bytes();
            copied = at;
            repaired.repairs.push(repair);
        }
        at = (at + 1).min(bytes.len());
    }
    if repaired.repairs.is_empty() {
        return Ok(None);
    }
    repaired.text.push_str(&text[copied..]);
    Ok(Some(repaired))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{check, scan};

    #[test]
    fn what_is_plain_is_rewritten() {
        let table = [
            ("{\"a\":\"x\ny\"}", r#"{"a":"x\ny"}"#, vec![7]),
            ("[\"\t\r\",\n\"\u{1}\"]", "[\"\\t\\r\",\n\"\\u0001\"]", vec![2, 3, 8]),
            (r#""\ud83d!""#, r#""\ufffd!""#, vec![1]),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#, vec![1, 19]),
            (r#""\ud83dA""#, r#""\ufffdA""#, vec![1]),
            ("{\"a\nb\":1}", r#"{"a\nb":1}"#, vec![3]),
        ];
        for (text, expected, offsets) in table {
            let repaired = repair(text).unwrap().unwrap();
            assert_eq!(repaired.text, expected, "{text}");
            assert_eq!(repaired.repairs.iter().map(|repair| repair.offset).collect::<Vec<_>>(), offsets, "{text}");
            assert_eq!(check(&repaired.text, 9), Ok(()), "{text}");
            assert!(scan(text, 9).is_suspect, "{text}");
        }
    }

    #[test]
    fn what_is_json_or_not_plain_stays() {
        for text in ["{\n\"a\": 1}", r#""\n\ud83d\ude00""#, r#""\x""#, "\"", "\"\\", "", "\"\\ä\"", r#""\ud8""#] {
            assert_eq!(repair(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_rewritten_is_bounded() {
        let text = format!("\"{}\"", "\n".repeat(REPAIRS_MAX));
        assert_eq!(repair(&text).unwrap().unwrap().repairs.len(), REPAIRS_MAX);
        assert_eq!(repair(&text.replace("\"\n", "\"\n\n")).unwrap_err().code, "too_many_repairs");
    }

    proptest! {
        /// What is suspected or not agrees with what is rewritten, and places lead back.
        #[test]
        fn any_text_is_rewritten_or_not(text in "[\"\\\\u\\n\t d83cae0ä{}]{0,24}") {
            let Some(repaired) = repair(&text).unwrap() else { return Ok(()) };
            prop_assert!(scan(&text, 99).is_suspect);
            prop_assert_eq!(repair(&repaired.text), Ok(None));
            for (old, new) in repaired.repairs.iter().map(|repair| (repair.offset, repair.new_offset)) {
                prop_assert_eq!(repaired.original_offset(new), old);
            }
            prop_assert_eq!(repaired.original_offset(repaired.text.len()), text.len());
        }
    }
}

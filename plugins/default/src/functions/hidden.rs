//! Characters that nobody sees and no value means: byte order marks, zero-width spaces, soft hyphens, marks of direction, selectors of a
//! variation. Chats, sheets and browsers put them around and into what people copy.
//!
//! They are what Unicode calls default ignorable. Joiners and selectors stay where they change what is seen: in the scripts whose letters
//! join or stack, in emoji, and (selectors alone) behind ideographs, of which some names have a variant.

use std::borrow::Cow;

use hookmill_json::Value;

/// Whether a text has a character that nobody sees and that changes nothing.
pub fn has_hidden(text: &str) -> bool {
    !text.is_ascii() && text.contains(is_ignorable) && strip_ignorable(text).len() < text.len()
}

/// A text without them.
pub fn strip_hidden(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_ignorable) { text.into() } else { strip_ignorable(text).into() }
}

/// A value of which no text has them; what is not a text stays as it is.
pub fn strip_hidden_of(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Text(text) if has_hidden(&text) => Value::text(strip_ignorable(&text)),
        other => other,
    }
}

fn strip_ignorable(text: &str) -> String {
    let mut base = None;
    let mut stripped = String::with_capacity(text.len());
    for character in text.chars() {
        let is_seen = !is_ignorable(character);
        if is_seen || base.is_some_and(|base| changes(character, base)) {
            stripped.push(character);
        }
        if is_seen {
            base = Some(character);
        }
    }
    stripped
}

/// Whether an ignorable character changes how the visible one before it is seen.
fn changes(mark: char, base: char) -> bool {
    match mark {
        '\u{180e}' | '\u{200c}' | '\u{200d}' => joins(base),
        '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            joins(base) || matches!(base, '\u{3001}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        }
        '\u{e0020}'..='\u{e007f}' => base == '\u{1f3f4}',
        _ => false,
    }
}

/// Whether joiners mean something behind a character: letters and signs from Arabic to Vedic and in the scripts related to them, and emoji.
fn joins(base: char) -> bool {
    let is_joining = matches!(
        base,
        '\u{600}'..='\u{1dff}' | '\u{2190}'..='\u{2bff}' | '\u{a800}'..='\u{abff}' | '\u{10a00}'..='\u{1fbff}'
    );
    is_joining && (!base.is_numeric() || '\u{2190}' <= base)
}

/// `Default_Ignorable_Code_Point` of Unicode, and the marks of annotations.
fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn m4_what_nobody_sees_is_taken_out() {
        for (text, expected) in [
            ("\u{feff}yes\u{200b}", "yes"),
            ("\u{200e}3/\u{200e}4", "3/4"),
            ("\u{2066}a\u{2069}\u{ad}b", "ab"),
            ("ann@example.com\u{fe0f}", "ann@example.com"),
            ("an\u{200d}n", "ann"),
            ("Jos\u{e9}\u{200c}", "Jos\u{e9}"),
            ("\u{200f}\u{645}\u{62d}\u{645}\u{62f}", "\u{645}\u{62d}\u{645}\u{62f}"),
            ("\u{661}\u{200c}\u{662}", "\u{661}\u{662}"),
            ("\u{200d}\u{915}", "\u{915}"),
            ("\u{3164}", ""),
            ("\u{a0}a\u{301} ", "\u{a0}a\u{301} "),
        ] {
            assert_eq!(strip_hidden(text), expected, "{text:?}");
            assert_eq!(has_hidden(text), text != expected, "{text:?}");
        }
    }

    #[test]
    fn m4_joiners_and_selectors_stay_where_they_are_seen() {
        for text in [
            "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}", // Alireza, in Persian
            "\u{d05}\u{d35}\u{d28}\u{d4d}\u{200d}",               // a final n of Malayalam
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}",               // Sri, in Sinhala
            "\u{845b}\u{e0100}\u{57ce}",                          // Katsuragi, in the variant of a family
            "\u{1f469}\u{1f3fd}\u{200d}\u{2764}\u{fe0f}\u{200d}\u{1f469}", // one emoji
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",               // a flag
        ] {
            assert_eq!(strip_hidden(text), text);
            assert!(!has_hidden(text));
        }
    }

    proptest! {
        #[test]
        fn what_is_stripped_has_nothing_hidden(text: String, odd in "[a\u{639}\u{845b}1\u{200b}-\u{200f}\u{fe0f}\u{feff}\u{e0067}]{0,12}") {
            for text in [text, odd] {
                prop_assert!(!has_hidden(&strip_hidden(&text)));
            }
        }
    }
}

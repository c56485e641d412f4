//! What people write for a phone number: digits with all kinds of marks between them, an extension, letters for digits.

use crate::functions::digit::ascii_digit;

/// Longer texts are not phone numbers.
const TEXT_CHARS_MAX: usize = 250;

/// Longer numbers are none: the longest has 17 digits and may have prefixes before it.
const DIGITS_MAX: usize = 30;

/// Three letters or more stand for digits (1-800-FLOWERS); fewer are a mistake.
const VANITY_LETTERS_MIN: usize = 3;

/// What may introduce an extension, lower case.
const EXTENSIONS: [&str; 8] = ["extension", "extn", "ext", "x", "#", ";ext=", "доб", "anexo"];

/// The digits of a number as it was written.
pub struct Written {
    /// It began with `+`.
    pub international: bool,
    /// Letters stand for some of its digits.
    pub has_letters: bool,
    /// Its digits.
    pub digits: String,
}

impl Written {
    /// Reads a number; none when the text has no digits or has what numbers don't have.
    pub fn read(text: &str) -> Option<Self> {
        if text.chars().count() > TEXT_CHARS_MAX {
            return None;
        }
        let plain = plain_text(text);
        let text = without_extension(core(&plain));
        let international = text.starts_with('+');
        let body = text.trim_start_matches('+');
        if is_amount(before_core(&plain), body) || has_masked_digits(before_core(&plain)) || has_masked_digits(body) {
            return None;
        }
        let body = without_decimals(body);
        let letters = body.chars().filter(char::is_ascii_lowercase).count();
        let has_letters = letters >= VANITY_LETTERS_MIN;
        let digits: Vec<Option<char>> = body.chars().map(|c| digit(c, has_letters)).collect::<Option<_>>()?;
        let digits: String = digits.into_iter().flatten().collect();
        (!digits.is_empty() && digits.len() <= DIGITS_MAX).then_some(Self { international, has_letters, digits })
    }
}

/// The digits of an extension, if there is one.
pub fn extension(text: &str) -> Option<String> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return None;
    }
    let text = plain_text(text);
    let text = core(&text);
    let behind = &text[without_extension(text).len()..];
    let digits: String = behind.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

fn plain_text(text: &str) -> String {
    text.chars().map(plain).collect::<String>().to_lowercase()
}

/// Whether it is money, or a number in groups of thousands: `$512`, `5,125,550,142`.
fn is_amount(before: &str, body: &str) -> bool {
    let has_sign = before.contains(['$', '¢', '£', '¤', '¥', '\u{ffe5}']);
    let has_currency = before.chars().any(|c| matches!(c, '\u{20a0}'..='\u{20cf}'));
    let mut groups = body.split(',');
    let begins_short = groups.next().is_some_and(|group| is_digits(group) && (1..=3).contains(&group.len()));
    let mut thousands = groups.peekable();
    let is_grouped = thousands.peek().is_some() && thousands.all(|group| group.len() == 3 && is_digits(group));
    has_sign || has_currency || begins_short && is_grouped
}

/// Whether the same letter stands for each hidden digit (`512-555-XXXX`), or a star does. A word has several letters.
fn has_masked_digits(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()).peekable();
    let is_one_letter = |word: &str| word.len() > 1 && word.bytes().all(|byte| word.as_bytes().first() == Some(&byte));
    text.contains('*') || words.peek().is_some() && words.all(is_one_letter)
}

/// The digits of a number that a sheet wrote with decimals: `5125550142.0`.
fn without_decimals(body: &str) -> &str {
    body.strip_suffix(".0").filter(|rest| is_digits(rest)).unwrap_or(body)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before the number.
fn before_core(text: &str) -> &str {
    &text[..text.find(begins_number).unwrap_or(text.len())]
}

fn begins_number(character: char) -> bool {
    character == '+' || character.is_ascii_digit()
}

/// What begins with a digit or `+` and ends with a digit or a letter.
fn core(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| !begins_number(c));
    text.trim_end_matches([' ', '.', ',', ';', '-', ')', '/'])
}

/// The digit a character stands for, an inner none for a mark between digits; an outer none when a number can't have it.
fn digit(character: char, has_letters: bool) -> Option<Option<char>> {
    match character {
        '0'..='9' => Some(Some(character)),
        'a'..='z' if has_letters => Some(Some(keypad(character))),
        ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | ',' => Some(None),
        _ => None,
    }
}

fn keypad(letter: char) -> char {
    match letter {
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        _ => '9',
    }
}

/// Digits of other scripts, typographic hyphens and spaces as their ASCII brothers.
fn plain(character: char) -> char {
    match character {
        _ if character.is_whitespace() => ' ',
        '\0'..='\x7f' => character,
        '\u{ff0b}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}' => '-',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        _ => ascii_digit(character).unwrap_or(character),
    }
}

/// The text before an extension such as `x12` or `ext. 12`.
fn without_extension(text: &str) -> &str {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if before.len() == text.len() || before.is_empty() {
        return text;
    }
    let before = before.trim_end_matches([' ', '.', ':', ',']);
    let marks = EXTENSIONS.iter().filter_map(|mark| before.strip_suffix(mark));
    let found = marks.min_by_key(|rest| rest.len());
    found.filter(|rest| rest.chars().filter(char::is_ascii_digit).count() > 2).map_or(text, |rest| rest.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Option<String> {
        Written::read(text).map(|w| if w.international { format!("+{}", w.digits) } else { w.digits })
    }

    #[test]
    fn marks_extensions_and_letters_are_read() {
        for (text, expected) in [
            ("(555) 123-4567", Some("5551234567")),
            ("+1 (555) 987-6543", Some("+15559876543")),
            ("tel:+44 20 7946 0958", Some("+442079460958")),
            ("555.123.4567 x12", Some("5551234567")),
            ("555 123 4567 ext. 12", Some("5551234567")),
            ("555 123 4567;ext=12", Some("5551234567")),
            ("1-800-FLOWERS", Some("18003569377")),
            ("\u{ff0b}\u{ff11}\u{ff12}\u{ff13}", Some("+123")),
            ("+971 \u{665}\u{660}", Some("+97150")),
            ("555\u{2011}1234", Some("5551234")),
            ("", None),
            ("none", None),
            ("555-12a4", None),
            ("555 @ 1234", None),
            ("1+2", None),
            ("5125550142.0", Some("5125550142")),
            ("030.123", Some("030123")),
            ("+30.0", Some("+30")),
            ("०९८७६५ ४३२१०", Some("09876543210")),
            ("1-800-AAA-HELP", Some("18002224357")),
            ("512-555-XXXX", None),
            ("512-XXX-YYYY", None),
            ("XXX-555-0142", None),
            ("030 1234**", None),
            ("***-555-0142", None),
            ("$5,125,550,142", None),
            ("€ 5125550142", None),
            ("5,125,550,142", None),
            ("512,555,0142", Some("5125550142")),
        ] {
            assert_eq!(digits(text).as_deref(), expected, "{text}");
        }
        assert!(digits(&"1".repeat(31)).is_none());
        assert!(digits(&" 1".repeat(200)).is_none());
    }
}

//! What people write for a phone number: digits with all kinds of marks between them, an extension, letters for digits.

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
    /// Its digits.
    pub digits: String,
}

impl Written {
    /// Reads a number; none when the text has no digits or has what numbers don't have.
    pub fn read(text: &str) -> Option<Self> {
        if text.chars().count() > TEXT_CHARS_MAX {
            return None;
        }
        let text = plain_text(text);
        let text = without_extension(core(&text));
        let international = text.starts_with('+');
        let body = text.trim_start_matches('+');
        let letters = body.chars().filter(char::is_ascii_lowercase).count();
        let vanity = letters >= VANITY_LETTERS_MIN;
        let digits: Vec<Option<char>> = body.chars().map(|c| digit(c, vanity)).collect::<Option<_>>()?;
        let digits: String = digits.into_iter().flatten().collect();
        (!digits.is_empty() && digits.len() <= DIGITS_MAX).then_some(Self { international, digits })
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

/// What begins with a digit or `+` and ends with a digit or a letter.
fn core(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| c != '+' && !c.is_ascii_digit());
    text.trim_end_matches([' ', '.', ',', ';', '-', ')', '/'])
}

/// The digit a character stands for, an inner none for a mark between digits; an outer none when a number can't have it.
fn digit(character: char, vanity: bool) -> Option<Option<char>> {
    match character {
        '0'..='9' => Some(Some(character)),
        'a'..='z' if vanity => Some(Some(keypad(character))),
        ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | '*' | ',' => Some(None),
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

/// Full-width and Arabic digits, typographic hyphens and spaces as their ASCII brothers.
fn plain(character: char) -> char {
    let offset = |zero: u32| char::from_digit(u32::from(character) - zero, 10).unwrap_or(character);
    match character {
        '\u{ff10}'..='\u{ff19}' => offset(0xff10),
        '\u{660}'..='\u{669}' => offset(0x660),
        '\u{6f0}'..='\u{6f9}' => offset(0x6f0),
        '\u{ff0b}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}' => '-',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' => ' ',
        _ if character.is_whitespace() => ' ',
        _ => character,
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
        ] {
            assert_eq!(digits(text).as_deref(), expected, "{text}");
        }
        assert!(digits(&"1".repeat(31)).is_none());
        assert!(digits(&" 1".repeat(200)).is_none());
    }
}

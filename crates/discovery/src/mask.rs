//! Examples that show how a value is written and never what it says: whoever reads a table of fields is not to read people in it.

use super::EXAMPLE_CHARS_MAX;
use super::meaning::Meaning;
use super::shape::{Shape, could_be_phone};

/// A value, masked. `meaning` is what its key says that it is.
pub(super) fn mask(text: &str, meaning: Option<Meaning>) -> String {
    let text = text.trim();
    match (Shape::of(text), meaning) {
        (Shape::Email, _) => email(text),
        (Shape::Phone, _) => last_two(text),
        (_, Some(Meaning::Phone)) if could_be_phone(text) => last_two(text),
        (_, Some(meaning)) if meaning.is_somebody() => outline(text),
        (Shape::Flag | Shape::Code, _) => text.to_owned(),
        (Shape::Number, _) if text.len() == 1 => text.to_owned(),
        _ if is_constant(text) => text.to_owned(),
        _ => outline(text),
    }
}

/// `EMAIL_REPLY`: a word of a program, nobody's.
fn is_constant(text: &str) -> bool {
    text.len() <= EXAMPLE_CHARS_MAX
        && text.contains('_')
        && text.split('_').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase()))
}

fn email(text: &str) -> String {
    let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
    let first = |part: &str| part.chars().next().filter(|c| c.is_alphanumeric()).map(String::from).unwrap_or_default();
    truncate(&format!("{}***@{}***.{top}", first(local), first(domain)))
}

/// All digits but the last two are hidden.
fn last_two(text: &str) -> String {
    let mut left = text.chars().filter(char::is_ascii_digit).count();
    let hidden = text.chars().map(|c| {
        if !c.is_ascii_digit() {
            return c;
        }
        left -= 1;
        if left < 2 { c } else { '*' }
    });
    truncate(&hidden.collect::<String>())
}

/// Letters and digits without what they say.
fn outline(text: &str) -> String {
    let (scheme, rest) = match text.find("://").filter(|_| Shape::of(text) == Shape::Url) {
        Some(end) => text.split_at(end + 3),
        None => ("", text),
    };
    let hidden = |c: char| match c {
        c if c.is_numeric() => '#',
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        c if c.is_ascii_punctuation() || c == ' ' => c,
        c if c.is_whitespace() || c.is_control() => ' ',
        _ => '?',
    };
    // Hidden after it is cut: a long text is not gone through to its end.
    let rest: String = rest.chars().take(EXAMPLE_CHARS_MAX + 1).map(hidden).collect();
    truncate(&format!("{scheme}{rest}"))
}

fn truncate(text: &str) -> String {
    match text.char_indices().nth(EXAMPLE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn m11_examples_show_how_and_not_what() {
        let long = "x".repeat(32) + "…";
        let table = [
            ("alice@example.com", None, "a***@e***.com"),
            ("j@to.example", None, "j***@t***.example"),
            ("+15125550199", None, "+*********99"),
            ("(555) 765-4321", None, "(***) ***-**21"),
            ("5125550100", Some(Meaning::Phone), "********00"),
            ("5125550100", None, "##########"),
            ("Maria del Carmen", None, "Xxxxx xxx Xxxxxx"),
            ("CA", None, "CA"),
            ("NO", Some(Meaning::LastName), "XX"),
            ("true", None, "true"),
            ("5", None, "5"),
            ("EMAIL_REPLY", None, "EMAIL_REPLY"),
            ("fb", None, "xx"),
            ("1990-05-15", Some(Meaning::DateOfBirth), "####-##-##"),
            ("$12,000", None, "$##,###"),
            ("https://x.example/a?b=c", None, "https://x.xxxxxxx/x?x=x"),
            ("a\nb", None, "x x"),
            (&"é".repeat(90), None, &long),
        ];
        for (text, meaning, expected) in table {
            assert_eq!(mask(text, meaning), expected, "{text}");
        }
    }

    proptest! {
        /// M11: no run of letters or digits of a person's value is to be read in its example, whatever it is.
        #[test]
        fn m11_nothing_whole_is_shown(text in "\\PC{0,60}") {
            let shown = mask(&text, Some(Meaning::FullName));
            prop_assert!(shown.chars().count() <= EXAMPLE_CHARS_MAX + 1);
            let outlined = |c: char| !c.is_alphanumeric() || "xX*".contains(c) || c.is_ascii_digit();
            prop_assert!(Shape::of(&text) == Shape::Email || shown.chars().all(outlined), "{text} as {shown}");
        }
    }
}

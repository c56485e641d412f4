//! Functions on the characters of a text.

/// Without white space at both ends.
pub fn trim(text: &str) -> String {
    text.trim().to_owned()
}

/// Runs of white space become one space, none at the ends.
pub fn collapse_space(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// The first letter of each word in upper case, the others in lower case. A word begins after anything but a letter or a
/// digit, and after an apostrophe that follows one letter (O'Neil, but don't).
pub fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut letters = 0;
    for character in text.chars() {
        if letters == 0 {
            titled.extend(character.to_uppercase());
        } else {
            titled.extend(character.to_lowercase());
        }
        let inside = character.is_alphanumeric() || (matches!(character, '\'' | '\u{2019}') && letters > 1);
        letters = if inside { letters + 1 } else { 0 };
    }
    titled
}

/// Only the digits 0-9.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_title_knows_hyphens_and_apostrophes() {
        for (text, expected) in [
            ("JEAN-LUC", "Jean-Luc"),
            ("o'neil", "O'Neil"),
            ("don't", "Don't"),
            ("élodie", "Élodie"),
            ("2nd street", "2nd Street"),
            ("", ""),
        ] {
            assert_eq!(title(text), expected);
        }
    }
}

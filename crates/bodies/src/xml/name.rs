//! What may stand as a name. The reader takes almost anything for one; the members `@...` and `#text` must be ours alone.

/// Whether `name` is a name as XML 1.0 (fifth edition) has it.
pub fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(starts) && letters.all(goes_on)
}

fn starts(letter: char) -> bool {
    matches!(letter, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn goes_on(letter: char) -> bool {
    starts(letter)
        || matches!(letter, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_those_of_xml() {
        let table = [
            ("a", true),
            ("soap:Body", true),
            ("_x-1.y", true),
            ("Prénom", true),
            ("", false),
            ("1a", false),
            ("-a", false),
            ("#text", false),
            ("@a", false),
            ("a b", false),
            ("a<b", false),
        ];
        for (name, expected) in table {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
    }
}

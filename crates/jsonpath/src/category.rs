//! The general categories of Unicode, for `\p{...}`. The table is made by the build script.

include!(concat!(env!("OUT_DIR"), "/category_table.rs"));

/// All characters of a category (`Lu`) or of a group of them (`L`), or all others; none when there is no such category.
pub fn ranges(name: &str, is_complement: bool) -> Option<Vec<(char, char)>> {
    let is_of = |category: &str| !name.is_empty() && category.starts_with(name);
    if !CATEGORIES.iter().any(|category| is_of(category)) {
        return None;
    }
    let mut ranges: Vec<(char, char)> = Vec::new();
    for (place, run) in RUNS.iter().enumerate() {
        // The last run ends with the last character; surrogates, which are none, have no run.
        let end = RUNS.get(place + 1).map_or(u32::from(char::MAX) + 1, |next| next >> 8);
        let category = CATEGORIES.get((run & 0xff) as usize);
        if category.is_some_and(|category| is_of(category) != is_complement) {
            push(&mut ranges, run >> 8, end - 1);
        }
    }
    Some(ranges)
}

/// Appends a range, to the one before if they touch.
fn push(ranges: &mut Vec<(char, char)>, low: u32, high: u32) {
    let (Some(low), Some(high)) = (char::from_u32(low), char::from_u32(high)) else { return };
    match ranges.last_mut() {
        Some((_, end)) if u32::from(*end) + 1 == u32::from(low) => *end = high,
        _ => ranges.push((low, high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(name: &str, c: char) -> bool {
        ranges(name, false).unwrap().iter().any(|(low, high)| (*low..=*high).contains(&c))
    }

    #[test]
    fn m3_characters_are_in_their_category_alone() {
        for (name, c) in [
            ("Lu", 'A'),
            ("Lu", 'Ж'),
            ("Ll", 'z'),
            ("Ll", 'ß'),
            ("Lt", 'ǅ'),
            ("Lm", 'ʰ'),
            ("Lo", '中'),
            ("Mn", '\u{301}'),
            ("Nd", '7'),
            ("Nd", '٣'),
            ("Nl", 'Ⅷ'),
            ("No", '½'),
            ("Pc", '_'),
            ("Pd", '-'),
            ("Ps", '('),
            ("Pe", ')'),
            ("Pi", '«'),
            ("Pf", '»'),
            ("Po", '!'),
            ("Zs", ' '),
            ("Zl", '\u{2028}'),
            ("Zp", '\u{2029}'),
            ("Sm", '+'),
            ("Sc", '€'),
            ("Sk", '^'),
            ("So", '😀'),
            ("Cc", '\n'),
            ("Cf", '\u{200d}'),
            ("Co", '\u{e000}'),
            ("Cn", char::MAX),
        ] {
            for category in CATEGORIES {
                assert_eq!(has(category, c), category == name, "{c} {category}");
            }
            assert!(has(&name[..1], c), "{c}");
        }
        for name in ["", "Lx", "Latin", "l", "Cs", "LL", "X"] {
            assert_eq!(ranges(name, false), None, "{name}");
        }
    }

    #[test]
    fn m3_a_category_and_its_complement_are_all_characters() {
        let size = |ranges: Option<Vec<(char, char)>>| -> u32 {
            ranges.unwrap().iter().map(|(low, high)| u32::from(*high) - u32::from(*low) + 1).sum()
        };
        for name in CATEGORIES.iter().copied().chain(["L", "M", "N", "P", "Z", "S", "C"]) {
            assert_eq!(size(ranges(name, false)) + size(ranges(name, true)), 0x11_0000 - 0x800, "{name}");
        }
    }
}

//! The nearest known name to an unknown one.

use super::synonyms;

/// Longer names are not compared; nobody means one of ours by them.
const NAME_CHARS_MAX: usize = 40;

/// Shorter words, such as `on` and `is`, are in too many names.
const WORD_CHARS_MIN: usize = 4;

/// "did you mean ...?", when a known name means the same or is near, else the list of what is known.
pub fn nearest(name: &str, known: &[&str]) -> Option<String> {
    if let Some(meant) = synonyms::meant(name, known) {
        return Some(meant);
    }
    let near = known.iter().map(|candidate| (distance(name, candidate), *candidate)).min();
    let (away, candidate) = near?;
    let tolerable = 1 + candidate.len().min(name.len()) / 4;
    if away <= tolerable {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let alike: Vec<&str> = known.iter().copied().filter(|known| shares_a_word(name, known)).collect();
    let listed = if alike.is_empty() { known } else { &alike };
    Some(format!("known here: {}", listed.join(", ")))
}

/// Whether two names have a word in common, as `phone_format` and `phone_national` have.
fn shares_a_word(name: &str, other: &str) -> bool {
    let long = |word: &&str| WORD_CHARS_MIN <= word.len();
    name.split('_').filter(long).any(|word| other.split('_').any(|own| own.eq_ignore_ascii_case(word)))
}

/// Whether two names differ only in one pair of neighbours that changed places.
pub fn is_swapped(name: &str, other: &str) -> bool {
    let differing: Vec<usize> =
        (0..name.len().min(other.len())).filter(|at| name.as_bytes()[*at] != other.as_bytes()[*at]).collect();
    let swapped = |first: usize| {
        name.as_bytes()[first] == other.as_bytes()[first + 1] && name.as_bytes()[first + 1] == other.as_bytes()[first]
    };
    name.len() == other.len()
        && matches!(differing.as_slice(), [first, second] if first + 1 == *second && swapped(*first))
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour. Case and `-` for `_` do not count.
pub fn distance(left: &str, right: &str) -> usize {
    if left.chars().count() > NAME_CHARS_MAX {
        return usize::MAX;
    }
    let normalize = |text: &str| text.to_lowercase().replace('-', "_");
    strsim::osa_distance(&normalize(left), &normalize(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m2_a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["first_name", "last_name", "fields", "on_missing"];
        for (name, expected) in [
            ("frist_name", "did you mean `first_name`?"),
            ("On-Missing", "did you mean `on_missing`?"),
            ("field", "did you mean `fields`?"),
            ("zzz", "known here: first_name, last_name, fields, on_missing"),
        ] {
            assert_eq!(nearest(name, &known).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(nearest("x", &[]), None);
        assert!(nearest(&"y".repeat(100_000), &known).is_some_and(|text| text.starts_with("known here")));
    }
}

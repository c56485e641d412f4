//! The known name that a misspelt one probably means.

/// The nearest name, if it is near: one change for every three characters.
pub(super) fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let near = known.iter().map(|candidate| (distance(name, candidate), candidate.as_str()));
    let (distance, candidate) = near.min()?;
    (distance <= 1.max(name.chars().count() / 3)).then_some(candidate)
}

/// How many characters must be put in, left out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let known = ["states".to_owned(), "bill_min".to_owned()];
        assert_eq!(nearest("state", &known), Some("states"));
        assert_eq!(nearest("billmin", &known), Some("bill_min"));
        assert_eq!(nearest("x", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}

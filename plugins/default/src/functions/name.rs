//! The parts of a person's name, as people write them in one field.

use hookmill_json::Value;

use super::call::Call;
use super::spec::{ArgumentKind, EmptyInput, Run, Spec, example, required};

/// The parts by name, in the order of [`NamePart`].
const PARTS: [&str; 5] = ["prefix", "first", "middle", "last", "suffix"];

/// A part of a person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamePart {
    /// Dr, Mrs and the like.
    Prefix,
    /// The given name.
    First,
    /// What stands between.
    Middle,
    /// The family name.
    Last,
    /// Jr, III, PhD and the like.
    Suffix,
}

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[Spec {
    name: "split_name",
    reads_people: true,
    summary: "Takes one part of a person's full name; a part that the name does not have is missing.",
    parameters: &[required("part", ArgumentKind::Word(&PARTS), "which part")],
    on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "[]", "wrong_type"]),
    examples: &[
        example("{split_name: last}", r#""Maria del Carmen Lopez""#, r#""Lopez""#),
        example("{split_name: first}", r#""Dr. King, Martin Luther""#, r#""Martin""#),
        example("{split_name: suffix}", r#""Henry Ford II""#, r#""II""#),
        example("{split_name: middle}", r#""Jane Doe""#, "missing"),
    ],
    run: Run::Read(|text, call| Ok(split(text, part(call)).map(Value::text))),
    ..Spec::USUAL
}];

fn part(call: &Call<'_, '_>) -> NamePart {
    match call.word(0) {
        0 => NamePart::Prefix,
        1 => NamePart::First,
        2 => NamePart::Middle,
        3 => NamePart::Last,
        _ => NamePart::Suffix,
    }
}

const PREFIXES: [&str; 16] =
    ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "fr", "sr.", "sra", "hon", "sir", "herr", "frau", "mme"];

const SUFFIXES: [&str; 14] =
    ["jr", "sr", "ii", "iii", "iv", "phd", "md", "dds", "esq", "cpa", "dvm", "mba", "rn", "jd"];

/// Words that belong to the name after them: "van der Berg", "del Carmen".
const PARTICLES: [&str; 22] = [
    "von", "van", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "du", "la", "le", "los", "las", "el",
    "al", "bin", "ibn", "ter", "zu",
];

/// One part of a full name; none when the name does not have it.
fn split(full_name: &str, part: NamePart) -> Option<String> {
    let (core, mut suffix) = cut_suffix_after_comma(full_name);
    let words: Vec<&str> = core.split_whitespace().collect();
    let (prefix, mut words) = cut_prefix(&words);
    if suffix.is_empty() && words.len() > 2 && is_suffix(words[words.len() - 1]) {
        suffix = words[words.len() - 1].to_owned();
        words = &words[..words.len() - 1];
    }
    let groups = group_particles(words);
    let (first, rest) = groups.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first.clone()), rest));
    let (last, middle) = rest.split_last().map_or((None, &[][..]), |(last, middle)| (Some(last.clone()), middle));
    let found = match part {
        NamePart::Prefix => Some(prefix.join(" ")),
        NamePart::First => first,
        NamePart::Middle => Some(middle.join(" ")),
        NamePart::Last => last,
        NamePart::Suffix => Some(suffix),
    };
    found.filter(|text| !text.is_empty())
}

/// "Doe, Jane" is turned round; "Jane Doe, Jr." gives up its suffix.
fn cut_suffix_after_comma(full_name: &str) -> (String, String) {
    let Some((before, after)) = full_name.split_once(',') else { return (full_name.to_owned(), String::new()) };
    if after.split_whitespace().next().is_some_and(is_suffix) {
        return (before.to_owned(), after.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    (format!("{} {}", after.replace(',', " "), keep_together(before)), String::new())
}

/// A family name of several words stays one group behind the given names.
fn keep_together(family_name: &str) -> String {
    family_name.split_whitespace().collect::<Vec<_>>().join("\u{a0}")
}

fn cut_prefix<'w, 'n>(words: &'w [&'n str]) -> (&'w [&'n str], &'w [&'n str]) {
    let is_prefix = |word: &&&str| {
        let word = word.to_lowercase();
        PREFIXES.contains(&word.as_str()) || PREFIXES.contains(&word.trim_end_matches('.'))
    };
    let count = words.iter().take_while(is_prefix).count();
    // A name of nothing but prefixes is a name.
    if count < words.len() { words.split_at(count) } else { words.split_at(0) }
}

fn is_suffix(word: &str) -> bool {
    let bare: String = word.chars().filter(|c| *c != '.').collect::<String>().to_lowercase();
    SUFFIXES.contains(&bare.as_str())
}

/// Words with the particles before them, except that the first word always stands for itself.
fn group_particles(words: &[&str]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let mut open = false;
    for (index, word) in words.iter().enumerate() {
        match groups.last_mut().filter(|_| open) {
            Some(group) => *group = format!("{group} {word}"),
            None => groups.push((*word).to_owned()),
        }
        open = index > 0 && PARTICLES.contains(&word.to_lowercase().as_str());
    }
    groups.into_iter().map(|group| group.replace('\u{a0}', " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_names_fall_into_their_parts() {
        for (full, parts) in [
            ("Jane Doe", ["", "Jane", "", "Doe", ""]),
            ("Jane Q Doe", ["", "Jane", "Q", "Doe", ""]),
            ("Maria del Carmen Lopez", ["", "Maria", "del Carmen", "Lopez", ""]),
            ("Ludwig van Beethoven", ["", "Ludwig", "", "van Beethoven", ""]),
            ("Jan van der Berg", ["", "Jan", "", "van der Berg", ""]),
            ("Van Morrison", ["", "Van", "", "Morrison", ""]),
            ("Dr. Martin Luther King, Jr.", ["Dr.", "Martin", "Luther", "King", "Jr."]),
            ("Prof. Dr. Anna Bauer", ["Prof. Dr.", "Anna", "", "Bauer", ""]),
            ("Henry Ford II", ["", "Henry", "", "Ford", "II"]),
            ("Doe, Jane Q", ["", "Jane", "Q", "Doe", ""]),
            ("De la Cruz, Juan", ["", "Juan", "", "De la Cruz", ""]),
            ("Alice", ["", "Alice", "", "", ""]),
            ("Dr", ["", "Dr", "", "", ""]),
            ("  ", ["", "", "", "", ""]),
            (",", ["", "", "", "", ""]),
        ] {
            let order = [NamePart::Prefix, NamePart::First, NamePart::Middle, NamePart::Last, NamePart::Suffix];
            let found = order.map(|part| split(full, part).unwrap_or_default());
            assert_eq!(found, parts, "{full}");
        }
    }
}

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
    summary: "Takes one part of a person's full name; missing when it has none. Names in Chinese, Japanese and Korean writing begin with the last name.",
    parameters: &[required("part", ArgumentKind::Word(&PARTS), "which part")],
    on_empty: EmptyInput::of(["missing", "null", "missing", "missing", "[]", "wrong_type"]),
    examples: &[
        example("{split_name: last}", r#""Maria del Carmen Lopez""#, r#""Lopez""#),
        example("{split_name: first}", r#""Dr. King, Martin Luther""#, r#""Martin""#),
        example("{split_name: suffix}", r#""Henry Ford II""#, r#""II""#),
        example("{split_name: middle}", r#""Jane Doe""#, "missing"),
        example("{split_name: last}", r#""García Márquez, Gabriel""#, r#""García Márquez""#),
        example("{split_name: last}", r#""山田 太郎""#, r#""山田""#),
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

const SUFFIXES: [&str; 18] = [
    "jr", "sr", "ii", "iii", "iv", "phd", "md", "dds", "esq", "cpa", "dvm", "mba", "rn", "jd", "様", "さん", "님", "씨",
];

/// Words that belong to the name after them: "van der Berg", "del Carmen".
const PARTICLES: [&str; 34] = [
    "von", "van", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "du", "la", "le", "los", "las", "el",
    "al", "bin", "ibn", "ter", "zu", "do", "des", "dei", "zum", "zur", "vom", "ten", "af", "bint", "abu", "ó", "ní",
];

/// The parts of a full name; what the name does not have is empty.
#[derive(Default)]
struct Parts {
    prefix: String,
    first: String,
    middle: String,
    last: String,
    suffix: String,
}

/// One part of a full name; none when the name does not have it.
fn split(full_name: &str, part: NamePart) -> Option<String> {
    let Parts { prefix, first, middle, last, suffix } = parts(full_name);
    let found = match part {
        NamePart::Prefix => prefix,
        NamePart::First => first,
        NamePart::Middle => middle,
        NamePart::Last => last,
        NamePart::Suffix => suffix,
    };
    Some(found).filter(|text| !text.is_empty())
}

fn parts(full_name: &str) -> Parts {
    let mut pieces: Vec<&str> = full_name.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let begins_with_suffix = |piece: &&str| piece.split_whitespace().next().is_some_and(is_suffix);
    let name_pieces = pieces.iter().skip(1).position(begins_with_suffix).map_or(pieces.len(), |place| place + 1);
    let behind = pieces.split_off(name_pieces);
    let mut parts = match pieces.split_first() {
        Some((family, given)) if !given.is_empty() => last_name_first(family, &given.join(" ")),
        Some((name, _)) => first_name_first(name),
        None => Parts::default(),
    };
    parts.suffix = joined([parts.suffix.as_str(), &behind.join(", ")]);
    parts
}

/// "Dr. King, Martin Luther": all words before the comma are of the family.
fn last_name_first(family: &str, given: &str) -> Parts {
    let (family, given): (Vec<&str>, Vec<&str>) =
        (family.split_whitespace().collect(), given.split_whitespace().collect());
    let (title, family) = cut_prefix(&family);
    let (family, suffix) = cut_suffix(family, 2);
    let (prefix, given) = cut_prefix(&given);
    let (given, other_suffix) = cut_suffix(given, 2);
    let (first, middle) = given.split_first().map_or(("", &[][..]), |(first, middle)| (*first, middle));
    Parts {
        prefix: joined([&*title.join(" "), &prefix.join(" ")]),
        first: first.to_owned(),
        middle: middle.join(" "),
        last: family.join(" "),
        suffix: joined([suffix, other_suffix]),
    }
}

fn first_name_first(name: &str) -> Parts {
    let words: Vec<&str> = name.split_whitespace().collect();
    let (prefix, words) = cut_prefix(&words);
    let (words, suffix) = cut_suffix(words, 3);
    let (prefix, suffix) = (prefix.join(" "), suffix.to_owned());
    if let [family, given @ ..] = words
        && !given.is_empty()
        && words.iter().all(|word| is_east_asian(word))
    {
        return Parts { prefix, first: given.join(" "), last: (*family).to_owned(), suffix, ..Parts::default() };
    }
    let mut groups = group_particles(words).into_iter();
    let (first, last) = (groups.next().unwrap_or_default(), groups.next_back().unwrap_or_default());
    Parts { prefix, first, middle: groups.collect::<Vec<_>>().join(" "), last, suffix }
}

/// Chinese, Japanese and Korean names in their own scripts begin with the family name, and have no middle one. In a
/// foreign name, `・` stands between the words.
fn is_east_asian(word: &str) -> bool {
    word.chars().all(|c| {
        matches!(
            c,
            '\u{3005}' | '\u{3040}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
                | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{20000}'..='\u{3ffff}' | '\u{e0100}'..='\u{e01ef}'
        )
    })
}

/// The texts that are not empty, in one.
fn joined(texts: [&str; 2]) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The words before a suffix at their end, and the suffix, where so many words leave a name.
fn cut_suffix<'w, 'n>(words: &'w [&'n str], words_min: usize) -> (&'w [&'n str], &'n str) {
    match words.split_last() {
        Some((last, name)) if words.len() >= words_min && is_suffix(last) => (name, *last),
        _ => (words, ""),
    }
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
    groups
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
            ("Dr. King, Martin Luther", ["Dr.", "Martin", "Luther", "King", ""]),
            ("King, Dr. Martin Luther, Jr.", ["Dr.", "Martin", "Luther", "King", "Jr."]),
            ("King Jr., Martin Luther", ["", "Martin", "Luther", "King", "Jr."]),
            ("Jane Doe Jr., MD, PhD", ["", "Jane", "", "Doe", "Jr. MD, PhD"]),
            ("García Márquez, Gabriel", ["", "Gabriel", "", "García Márquez", ""]),
            ("Ana de la Cruz", ["", "Ana", "", "de la Cruz", ""]),
            ("Seán Ó Briain", ["", "Seán", "", "Ó Briain", ""]),
            ("山田 太郎 様", ["", "太郎", "", "山田", "様"]),
            ("トム・J クルーズ", ["", "トム・J", "", "クルーズ", ""]),
            ("山田太郎", ["", "山田太郎", "", "", ""]),
            ("김 민수", ["", "민수", "", "김", ""]),
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

//! The names of months and weekdays in the languages of Europe and Latin America, with their usual abbreviations and the cases in which
//! they stand in dates: of the Unicode CLDR, and what people write besides. All in ASCII, so that accents and case don't matter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A line for each language: its code of ISO 639, and the names of the months, January first.
const MONTHS: &str = include_str!("months.txt");

/// Roman numerals, which stand for months in dates of many countries.
const NUMERALS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// A line for each language, Monday first.
const WEEKDAYS: &str = include_str!("weekdays.txt");

/// What stands before a name in Greek and in Cyrillic letters, so that it is not taken for one in Latin letters.
const SCRIPTS: [(char, &[&str]); 2] = [('1', &["el"]), ('2', &["bg", "ru", "uk"])];

/// The tables: months by name (0 for one that differs by language), what those are, weekdays by name (a bit for each it can be).
pub fn table() -> String {
    let languages: Vec<&str> = lines(MONTHS).map(|(code, _)| code).collect();
    let months = months();
    let by_name: Vec<(&String, usize)> = months.iter().map(|(key, meanings)| (key, only(meanings))).collect();
    let several: Vec<String> = months.iter().filter(|(_, meanings)| only(meanings) == 0).map(one_of_several).collect();
    let weekdays: Vec<(String, u8)> = weekdays().into_iter().collect();
    let mut text = String::new();
    let _ = writeln!(text, "/// The languages whose names of months are known, by their codes of ISO 639.");
    let _ = writeln!(text, "pub const LANGUAGES: [&str; {}] = {languages:?};", languages.len());
    let _ = writeln!(text, "static MONTHS: [(&str, u8); {}] = {by_name:?};", by_name.len());
    let _ = writeln!(text, "static SEVERAL: [(&str, Meanings); {}] = [{}];", several.len(), several.join(", "));
    let _ = writeln!(text, "static WEEKDAYS: [(&str, u8); {}] = {weekdays:?};", weekdays.len());
    text
}

/// The months that a name can mean, each with the places of its languages.
type Meanings = BTreeMap<usize, Vec<usize>>;

fn months() -> BTreeMap<String, Meanings> {
    let mut months: BTreeMap<String, Meanings> = BTreeMap::new();
    for (language, (code, names)) in lines(MONTHS).enumerate() {
        for (month, names) in names.split(" | ").enumerate() {
            for key in keys(code, names) {
                months.entry(key).or_default().entry(month + 1).or_default().push(language);
            }
        }
    }
    for (month, numeral) in NUMERALS.iter().enumerate() {
        months.entry(numeral.to_lowercase()).or_default().entry(month + 1).or_default();
    }
    months
}

fn weekdays() -> BTreeMap<String, u8> {
    let mut weekdays: BTreeMap<String, u8> = BTreeMap::new();
    for (code, names) in lines(WEEKDAYS) {
        for (weekday, names) in names.split(" | ").enumerate() {
            for key in keys(code, names) {
                *weekdays.entry(key).or_default() |= 1 << weekday;
            }
        }
    }
    weekdays
}

/// The one month that a name means; 0 when there are several.
fn only(meanings: &Meanings) -> usize {
    if meanings.len() == 1 { meanings.keys().next().copied().unwrap_or_default() } else { 0 }
}

fn one_of_several((key, meanings): (&String, &Meanings)) -> String {
    let meanings: Vec<String> = meanings.iter().map(|(month, codes)| format!("({month}, &{codes:?})")).collect();
    format!("({key:?}, &[{}])", meanings.join(", "))
}

fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().map(|line| line.split_once(": ").expect("a code before the names"))
}

fn keys(language: &str, names: &str) -> BTreeSet<String> {
    let script = SCRIPTS.iter().find(|(_, languages)| languages.contains(&language)).map(|(mark, _)| *mark);
    let key = |name: &str| {
        let ascii: String = name.chars().map(any_ascii::any_ascii_char).collect();
        let letters = ascii.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
        script.into_iter().chain(letters).collect()
    };
    names.split(' ').map(key).collect()
}

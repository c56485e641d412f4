//! The names of months and weekdays in the languages of Europe and Latin America, by static tables made at build time (see `build.rs`).

use std::borrow::Cow;

use hookmill_json::Value;
use jiff::civil::Weekday;

use super::fold;

include!(concat!(env!("OUT_DIR"), "/calendar_table.rs"));

/// The months in English, for messages.
const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The months that one name can mean, each with the places of its languages.
pub type Meanings = &'static [(u8, &'static [usize])];

/// How months are named.
#[derive(Clone, Copy, Default)]
pub struct MonthNames<'d> {
    /// The place of the language whose names are meant where languages differ.
    pub language: Option<usize>,
    /// Names that the document adds, as [`key`] has them, in their order, with the numbers of their months.
    pub added: &'d [(Cow<'d, str>, Value<'d>)],
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FoundMonth {
    /// Nothing.
    Unknown,
    /// One month.
    One(i8),
    /// Different months in different languages.
    Several(Meanings),
}

impl MonthNames<'_> {
    /// The month of a name.
    pub fn find(self, name: &str) -> FoundMonth {
        let key = key(name);
        let added = self.added.binary_search_by(|(known, _)| known.as_ref().cmp(&key)).ok();
        if let Some((_, Value::Number(digits))) = added.and_then(|at| self.added.get(at)) {
            return digits.parse().map_or(FoundMonth::Unknown, FoundMonth::One);
        }
        match look_up(&MONTHS, &key) {
            None => FoundMonth::Unknown,
            Some(0) => self.one_of_several(&key),
            Some(month) => i8::try_from(month).map_or(FoundMonth::Unknown, FoundMonth::One),
        }
    }

    fn one_of_several(self, key: &str) -> FoundMonth {
        let meanings = SEVERAL.iter().find(|(known, _)| *known == key).map_or(&[][..], |(_, meanings)| meanings);
        let spoken = |language: usize| meanings.iter().find(|(_, languages)| languages.contains(&language));
        let found = self.language.and_then(spoken).and_then(|(month, _)| i8::try_from(*month).ok());
        found.map_or(FoundMonth::Several(meanings), FoundMonth::One)
    }
}

/// What a name means in which languages, for a message: `October in hr, November in cs pl`.
pub fn describe_meanings(meanings: Meanings) -> String {
    let describe = |(month, languages): &(u8, &[usize])| {
        let month =
            usize::from(*month).checked_sub(1).and_then(|place| ENGLISH.get(place)).copied().unwrap_or_default();
        let codes: Vec<&str> = languages.iter().filter_map(|place| LANGUAGES.get(*place).copied()).collect();
        format!("{month} in {}", codes.join(" "))
    };
    meanings.iter().map(describe).collect::<Vec<_>>().join(", ")
}

/// The weekdays that a name can mean, a bit for each; 0 for a name of none.
pub fn weekdays(name: &str) -> u8 {
    look_up(&WEEKDAYS, &key(name)).unwrap_or(0)
}

/// Whether a day is one of these weekdays.
pub fn is_one_of(weekdays: u8, day: Weekday) -> bool {
    weekdays & (1 << day.to_monday_zero_offset()) != 0
}

fn look_up(table: &[(&str, u8)], key: &str) -> Option<u8> {
    table.binary_search_by(|(known, _)| (*known).cmp(key)).ok().and_then(|at| table.get(at)).map(|(_, value)| *value)
}

/// A name without case and accents. A mark before it tells names in Greek and in Cyrillic letters from those in Latin ones, and
/// letters that have no ASCII form stay.
pub fn key(name: &str) -> String {
    let script = match name.chars().find(|c| c.is_alphabetic()) {
        Some('\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}') => Some('1'),
        Some('\u{400}'..='\u{52f}') => Some('2'),
        _ => None,
    };
    let mut key: String = script.into_iter().collect();
    for letter in name.chars().filter(|c| c.is_alphabetic()) {
        let mut bytes = [0; 4];
        match &*fold::ascii(letter.encode_utf8(&mut bytes)) {
            "" => key.extend(letter.to_lowercase()),
            ascii => key.extend(ascii.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase())),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(code: &str) -> Option<usize> {
        LANGUAGES.iter().position(|known| *known == code)
    }

    #[test]
    fn m4_months_are_known_in_many_languages() {
        for (name, month) in [
            ("août", 8),
            ("AOUT", 8),
            ("aou\u{302}t", 8),
            ("février", 2),
            ("März", 3),
            ("maerz", 3),
            ("Jänner", 1),
            ("septiembre", 9),
            ("setiembre", 9),
            ("março", 3),
            ("maggio", 5),
            ("mei", 5),
            ("sierpnia", 8),
            ("paź", 10),
            ("augusti", 8),
            ("marts", 3),
            ("desember", 12),
            ("elokuuta", 8),
            ("červenec", 7),
            ("červen", 6),
            ("ríjna", 10),
            ("júla", 7),
            ("augusztus", 8),
            ("noiembrie", 11),
            ("lipnja", 6),
            ("avgusta", 8),
            ("AĞUSTOS", 8),
            ("KASIM", 11),
            ("Αυγούστου", 8),
            ("ΑΥΓΟΥΣΤΟΥ", 8),
            ("августа", 8),
            ("ЛИПНЯ", 7),
            ("листопада", 11),
            ("VIII", 8),
            ("may", 5),
        ] {
            assert_eq!(MonthNames::default().find(name), FoundMonth::One(month), "{name}");
        }
        assert_eq!(MonthNames::default().find("foo"), FoundMonth::Unknown);
    }

    /// Where languages differ, nothing is guessed.
    #[test]
    fn m4_names_of_several_months_need_a_language() {
        for (name, code, month) in
            [("listopad", "hr", 10), ("listopadu", "pl", 11), ("Lip", "pl", 7), ("srp", "cs", 8), ("srp", "hr", 7)]
        {
            let names = MonthNames { language: language(code), ..MonthNames::default() };
            assert_eq!(names.find(name), FoundMonth::One(month), "{name} in {code}");
        }
        let FoundMonth::Several(meanings) = MonthNames::default().find("LISTOPAD") else { panic!("one month") };
        assert_eq!(describe_meanings(meanings), "October in hr, November in cs pl");
        let english = MonthNames { language: language("en"), ..MonthNames::default() };
        assert!(matches!(english.find("lis"), FoundMonth::Several(_)));
    }

    #[test]
    fn m4_a_document_adds_names() {
        let added = [("listopad".into(), Value::integer(10)), (key("يناير").into(), Value::integer(1))];
        let names = MonthNames { language: None, added: &added };
        assert_eq!(names.find("Listopad"), FoundMonth::One(10));
        assert_eq!(names.find("يناير"), FoundMonth::One(1));
        assert_eq!(names.find("mars"), FoundMonth::One(3));
    }

    #[test]
    fn m4_weekdays_are_known_in_many_languages() {
        for (name, day) in [
            ("samedi", Weekday::Saturday),
            ("Sonnabend", Weekday::Saturday),
            ("śr", Weekday::Wednesday),
            ("segunda-feira", Weekday::Monday),
            ("п'ятниця", Weekday::Friday),
            ("do", Weekday::Thursday),
            ("do", Weekday::Sunday),
        ] {
            assert!(is_one_of(weekdays(name), day), "{name}");
        }
        assert_eq!(weekdays("foo"), 0);
        assert!(!is_one_of(weekdays("samedi"), Weekday::Sunday));
    }

    #[test]
    fn names_are_in_order() {
        assert!(
            MONTHS.is_sorted_by(|one, other| one.0 < other.0) && WEEKDAYS.is_sorted_by(|one, other| one.0 < other.0)
        );
    }
}

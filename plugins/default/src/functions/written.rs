//! Numbers and ranges as people write them. A text is a number only when nothing else stands in it: "Unit 5" is not 5. What reads two
//! ways is rejected.

mod amount;
mod currency;
mod normal;
mod range;
mod suffix;

use amount::Amount;
pub use currency::currency_words;
pub use range::{Part, range};
pub use suffix::suffix_words;

use super::error::{FunctionError, quote_text};
use super::limits::NUMBER_DIGITS_MAX;

/// How numbers are written.
#[derive(Clone, Copy)]
pub struct Style {
    /// The mark before the decimals, `.` or `,`.
    pub decimal: char,
    /// Whether letters and words behind a number stand for zeros.
    pub suffixes: bool,
}

impl Style {
    /// Of comma and point the one that may stand between thousands.
    fn other_mark(self) -> char {
        if self.decimal == '.' { ',' } else { '.' }
    }

    fn with_other_mark(self) -> Self {
        Self { decimal: self.other_mark(), ..self }
    }
}

/// The digits of a written number, as JSON writes them.
pub fn read(text: &str, style: Style) -> Result<String, FunctionError> {
    let digits = number(text, style).ok_or_else(|| not_a_number(text, style))?;
    if 2 * NUMBER_DIGITS_MAX < digits.len() { Err(too_long(text)) } else { Ok(digits) }
}

fn number(text: &str, style: Style) -> Option<String> {
    Amount::read(&normal::normalize(text, style), style).map(|amount| amount.digits())
}

fn not_a_number(text: &str, style: Style) -> FunctionError {
    let with_suffixes = Style { suffixes: true, ..style };
    let hint = if number(text, with_suffixes).is_some() {
        "write `{number: {suffixes: true}}` if the letter stands for zeros"
    } else if number(text, style.with_other_mark()).is_some() {
        "write `{number: {decimal: ','}}` if a comma stands before its decimals, `'.'` if a point does"
    } else if range::is_range(text, with_suffixes) {
        "read a range such as `100-200` or `10+` with `range`"
    } else if text.contains('%') {
        "put `{replace: '%'}` before, if parts of a hundred are what you want"
    } else if text.trim().starts_with('(') {
        "put `{replace_pattern: {pattern: '^\\((.*)\\)$', with: '-$1'}}` before, if parentheses stand for a minus"
    } else if text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b' ') {
        match text.contains(',') {
            true => {
                "its groups are not thousands; take the marks out with `{replace: ','}` before, if they mean nothing"
            }
            false => {
                "its groups are not thousands; take the spaces out with `{replace: ' '}` before, if they mean nothing"
            }
        }
    } else {
        "take the number out of the text with `extract` before, if it is one"
    };
    FunctionError::new("not_a_number", format!("{} is not a number and nothing else; {hint}", quote_text(text)))
}

fn too_long(text: &str) -> FunctionError {
    let message = format!("{} has more than {NUMBER_DIGITS_MAX} digits (NUMBER_DIGITS_MAX)", quote_text(text));
    FunctionError::new("number_too_long", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use hookmill_decimal::Decimal;

    use super::*;

    const PLAIN: Style = Style { decimal: '.', suffixes: false };

    #[test]
    fn m4_what_is_a_number_and_what_is_not() {
        for (text, expected) in [
            ("12", Some("12")),
            ("-12.50", Some("-12.50")),
            ("007", Some("7")),
            ("0", Some("0")),
            ("-0", Some("0")),
            (".5", Some("0.5")),
            ("$ 1,234,567.89", Some("1234567.89")),
            ("-$5", Some("-5")),
            ("$-5", Some("-5")),
            ("US$5", Some("5")),
            ("5 €", Some("5")),
            ("$5 USD", Some("5")),
            ("1 234", Some("1234")),
            ("1'234", Some("1234")),
            ("1,20,000.50", Some("120000.50")),
            ("\u{2212}3", Some("-3")),
            ("١٢", Some("12")),
            ("12,00", None),
            ("0,500", None),
            ("1,2345", None),
            ("123,45,678", None),
            ("1,234.5.6", None),
            ("1\n234", None),
            ("1.", None),
            ("", None),
            ("$", None),
            ("€5$", None),
            ("5 people", None),
            ("Unit 5", None),
            ("5-6", None),
            ("1e5", None),
            ("0x1f", None),
            ("12%", None),
            ("(12)", None),
            ("--5", None),
            ("- 5", None),
            ("1,234 567", None),
            ("NaN", None),
            ("five", None),
        ] {
            assert_eq!(number(text, PLAIN).as_deref(), expected, "{text}");
        }
        let german = Style { decimal: ',', suffixes: false };
        for (text, expected) in [
            ("1.234,56", Some("1234.56")),
            ("EUR 1.234,-", Some("1234")),
            ("1,234.56", None),
            ("1.20.000", None),
            ("0.500", None),
            ("12,50,-", None),
        ] {
            assert_eq!(number(text, german).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn m4_a_mark_behind_letters_is_not_the_numbers() {
        for (text, expected) in [
            ("Rs.500", Some("500")),
            ("Rs.500/-", Some("500")),
            ("Rs..50", Some("0.50")),
            ("$.50", Some("0.50")),
            ("USD .50", Some("0.50")),
            ("USD.50", None),
            ("$..50", None),
        ] {
            assert_eq!(number(text, PLAIN).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn m4_letters_stand_for_zeros_where_they_may() {
        let short = Style { decimal: '.', suffixes: true };
        for (text, expected) in [
            ("12.5k", Some("12500")),
            ("1.2345K", Some("1234.5")),
            ("$1M", Some("1000000")),
            ("0.5 million", Some("500000")),
            ("1.5 Mio. €", Some("1500000")),
            ("2 lakh", Some("200000")),
            ("₹2.5 Cr", Some("25000000")),
            ("120万円", Some("1200000")),
            ("50 тыс. руб.", Some("50000")),
            ("5 Mkr", Some("5000000")),
            ("5 kr", Some("5")),
            ("5 km", None),
            ("1 billion", None),
            ("5 mil", None),
            ("5kk", None),
        ] {
            assert_eq!(number(text, short).as_deref(), expected, "{text}");
            if expected.is_some() && text != "5 kr" {
                assert_eq!(number(text, PLAIN), None, "{text}");
            }
        }
    }

    /// Digits with a mark between thousands, or as in India.
    fn grouped(digits: &str, mark: &str, in_lakhs: bool) -> String {
        let (head, last) = digits.split_at(digits.len().saturating_sub(3));
        let size = if in_lakhs { 2 } else { 3 };
        let groups = head.as_bytes().rchunks(size).rev().chain([last.as_bytes()]);
        let texts: Vec<&str> = groups.filter_map(|group| std::str::from_utf8(group).ok()).collect();
        texts.join(mark)
    }

    proptest! {
        #[test]
        fn m4_what_is_read_is_a_number_and_reads_back_to_itself(
            text in "[-+–$€£ ,.'/0-9०१R٣kmsUD_]{0,12}|[0-9]{1,3}([,.' ][0-9]{2,3}){0,3}( ?(k|Cr|USD|kr|lakh|,-))?",
            comma: bool,
            suffixes: bool,
        ) {
            let style = Style { decimal: if comma { ',' } else { '.' }, suffixes };
            if let Some(digits) = number(&text, style) {
                prop_assert!(hookmill_json::parse(&digits).is_ok() && Decimal::parse(&digits).is_ok(), "{text} is {digits}");
                prop_assert_eq!(number(&digits, PLAIN), Some(digits));
            }
            for part in [Part::Min, Part::Max, Part::Avg] {
                if let Ok(Some(end)) = range(&text, part, style) {
                    prop_assert_eq!(range(&end.digits(), part, PLAIN), Ok(Some(end)));
                }
            }
        }

        #[test]
        fn m4_a_number_is_read_however_it_is_written(
            number_of in 0_u64..10_000_000_000_000,
            mark in proptest::sample::select(vec![",", " ", "'", "\u{2019}", "\u{202f}", ""]),
            in_lakhs: bool,
            zero in proptest::sample::select(vec!['0', '٠', '०', '๐', '０']),
            currency in proptest::sample::select(vec!["", "$", "CHF ", "Rs.", "kr "]),
            is_negative: bool,
        ) {
            let plain = number_of.to_string();
            let digits = grouped(&plain, mark, in_lakhs && mark == ",");
            let of_script = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(u32::from(zero) + digit)).unwrap_or(c);
            let digits: String = digits.chars().map(of_script).collect();
            let sign = if is_negative { "−" } else { "" };
            let expected = if is_negative && plain != "0" { format!("-{plain}") } else { plain };
            let text = format!("{sign}{currency}{digits}");
            prop_assert_eq!(number(&text, PLAIN), Some(expected), "{}", text);
        }
    }
}

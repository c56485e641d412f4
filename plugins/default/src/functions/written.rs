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

use hookmill_json::Value;

use super::error::{FunctionError, quote_text, shorten};
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

    /// `number` with the arguments that say this, as a document calls it.
    fn call(self) -> &'static str {
        match (self.decimal, self.suffixes) {
            (',', false) => "{number: {decimal: ','}}",
            (',', true) => "{number: {decimal: ',', suffixes: true}}",
            (_, true) => "{number: {suffixes: true}}",
            (_, false) => "number",
        }
    }
}

/// The digits of a written number, as JSON writes them.
pub fn read(text: &str, style: Style) -> Result<String, FunctionError> {
    let digits = number(text, style).ok_or_else(|| not_a_number(text, style))?;
    if is_too_long(&digits) { Err(too_long(text)) } else { Ok(digits) }
}

/// Whether a number that JSON writes so has more digits before or after the point than may be computed with.
fn is_too_long(digits: &str) -> bool {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    [whole.trim_start_matches('-'), fraction].iter().any(|part| NUMBER_DIGITS_MAX < part.len())
}

fn number(text: &str, style: Style) -> Option<String> {
    Amount::read(&normal::normalize(text, style), style).map(|amount| amount.digits())
}

/// The function that reads a text which is not written like a number of JSON, as a document calls it, and what it makes of it; none where
/// none reads it. The ways to write a number are tried from the likeliest on.
pub fn find_reading(text: &str) -> Option<(&'static str, String)> {
    let styles = [('.', false), (',', false), ('.', true), (',', true)];
    let styles = styles.map(|(decimal, suffixes)| Style { decimal, suffixes });
    let read = |style: Style| Some((style.call(), number(text, style)?));
    let exponent = || has_exponent(text).then(|| ("parse_json", text.trim().to_owned()));
    let (call, digits) = styles.into_iter().find_map(read).or_else(exponent)?;
    Some((call, shorten(&digits)))
}

/// Whether it is a number of JSON with an exponent. As a text, `1E5` may be a flat as well.
fn has_exponent(text: &str) -> bool {
    let text = text.trim();
    text.contains(['e', 'E']) && matches!(hookmill_json::parse(text), Ok(Value::Number(_)))
}

fn not_a_number(text: &str, style: Style) -> FunctionError {
    let with_suffixes = Style { suffixes: true, ..style };
    let other_marks = [style, with_suffixes].map(Style::with_other_mark);
    let by_other_mark = other_marks.into_iter().find_map(|other| Some((other, number(text, other)?)));
    let marks = [(style.other_mark(), "marks"), (' ', "spaces")];
    let is_grouped = text.trim().chars().all(|c| c.is_ascii_digit() || c == style.other_mark() || c == ' ');
    let mark = marks.into_iter().find(|(mark, _)| is_grouped && text.trim().contains(*mark));
    let hint = if number(text, with_suffixes).is_some() {
        format!("write `{}` if the letter stands for zeros", with_suffixes.call())
    } else if let Some((other, digits)) = by_other_mark {
        let mark = if other.decimal == ',' { "comma" } else { "point" };
        format!(
            "write `{}`, which reads it as {}, if a {mark} stands before its decimals",
            other.call(),
            shorten(&digits)
        )
    } else if has_exponent(text) {
        "put `parse_json` before, if it is a number with an exponent".to_owned()
    } else if range::is_range(text, with_suffixes) {
        "read a range such as `100-200` or `10+` with `range`".to_owned()
    } else if text.contains('%') {
        "put `{replace: '%'}` before, if parts of a hundred are what you want".to_owned()
    } else if text.trim().starts_with('(') {
        "put `{replace_pattern: {pattern: '^\\((.*)\\)$', with: '-$1'}}` before, if parentheses stand for a minus"
            .to_owned()
    } else if let Some((mark, marks)) = mark {
        format!(
            "its groups are not thousands; take the {marks} out with `{{replace: '{mark}'}}` before, if they mean nothing"
        )
    } else {
        "take the number out of the text with `extract` before, if it is one".to_owned()
    };
    FunctionError::new("not_a_number", format!("{} is not a number and nothing else; {hint}", quote_text(text)))
}

fn too_long(text: &str) -> FunctionError {
    let message = format!(
        "{} has more than {NUMBER_DIGITS_MAX} digits before or after the point (NUMBER_DIGITS_MAX)",
        quote_text(text)
    );
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

//! Ranges as people write them: two ends, one, or a single number.

use std::cmp::Ordering;

use hookmill_decimal::{Decimal, Rounding};

use super::amount::Amount;
use super::currency::Currency;
use super::normal::normalize;
use super::{Style, too_long};
use crate::functions::error::FunctionError;
use crate::functions::limits::NUMBER_DIGITS_MAX;

/// Words and marks before a range without a lower end, and before one without an upper end.
const BELOW: [&str; 11] = ["less than", "up to", "under", "below", "at most", "maximum", "max.", "max", "<=", "≤", "<"];
const ABOVE: [&str; 12] =
    ["more than", "greater than", "at least", "over", "above", "from", "minimum", "min.", "min", ">=", "≥", ">"];

/// Words and marks behind a range without an upper end, and without a lower end.
const OR_MORE: [&str; 6] = ["+", "plus", "or more", "or above", "and up", "and above"];
const OR_LESS: [&str; 3] = ["or less", "or below", "and below"];

/// Marks between two ends. Where one stands more often, the ones behind the first few are not tried: an end has few dashes of its own.
const BETWEEN: [&str; 4] = ["-", "–", "~", ".."];
const PLACES_TRIED_MAX: usize = 4;

/// What of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The lower end.
    Min,
    /// The upper end.
    Max,
    /// The middle.
    Avg,
}

/// A range as it was written.
enum Written {
    One(Amount),
    AtLeast(Amount),
    AtMost(Amount),
    Pair(Amount, Amount),
}

/// The two ends, where there are any.
type Ends = (Option<Decimal>, Option<Decimal>);

/// A part of a range; none when the range has no such end.
pub fn range(text: &str, part: Part, style: Style) -> Result<Option<Decimal>, FunctionError> {
    let written = read(text, style).ok_or_else(|| reject(text, range_hint(text, style)))?;
    let (low, high) = ends(written, text)?;
    match (part, low, high) {
        (Part::Min, low, _) => Ok(low),
        (Part::Max, _, high) => Ok(high),
        (Part::Avg, Some(low), Some(high)) => {
            let sum = low.plus(&high)?;
            Ok(sum.divided_by(&Decimal::integer(2), NUMBER_DIGITS_MAX, Rounding::HalfUp).transpose()?)
        }
        (Part::Avg, ..) => Ok(None),
    }
}

/// Whether a text is a range of two ends or of one.
pub fn is_range(text: &str, style: Style) -> bool {
    read(text, style).is_some()
}

fn reject(text: &str, reason: &str) -> FunctionError {
    FunctionError::of_text("not_a_range", text, reason)
}

fn range_hint(text: &str, style: Style) -> &'static str {
    if is_range(text, Style { suffixes: true, ..style }) {
        "is a range only if its letters stand for zeros; write `suffixes: true` if they do"
    } else if is_range(text, style.with_other_mark()) {
        match style.decimal {
            '.' => "is a range only if a comma stands before its decimals; write `decimal: ','` if it does",
            _ => "is a range only if a point stands before its decimals; write `decimal: '.'` if it does",
        }
    } else if text.contains('%') {
        "is not a range of numbers; put `{replace: '%'}` before, if parts of a hundred are what you want"
    } else {
        "is not a range such as `100-200`, `10+` or `under 50`; give each choice of a form its number with `lookup`"
    }
}

fn read(text: &str, style: Style) -> Option<Written> {
    let text = normalize(text, style);
    // The keys of a form's choices have `_` for a space. `100_200` alone may be two numbers.
    let spaced = text.replace('_', " ");
    let single = Amount::read(&text, style).map(Written::One);
    single.or_else(|| read_one_end(&spaced, style)).or_else(|| read_pair(&spaced, style))
}

fn read_one_end(text: &str, style: Style) -> Option<Written> {
    let amount = |text: &str| Amount::read(text, style);
    let before = |words: &[&str]| words.iter().find_map(|word| amount(cut_word(text, word)?));
    let behind = |words: &[&str]| words.iter().find_map(|word| amount(cut_last_word(text, word)?));
    let at_most = || before(&BELOW).or_else(|| behind(&OR_LESS)).map(Written::AtMost);
    let at_least = || before(&ABOVE).or_else(|| behind(&OR_MORE)).map(Written::AtLeast);
    at_most().or_else(at_least)
}

/// `between` goes with `and`, `from` with `to`, and a mark with any of them: `100 and 200` are two numbers.
fn read_pair(text: &str, style: Style) -> Option<Written> {
    let after_between = cut_word(text, "between");
    let text = after_between.or_else(|| cut_word(text, "from")).unwrap_or(text);
    let word = if after_between.is_some() { " and " } else { " to " };
    let lower = text.to_ascii_lowercase();
    BETWEEN.iter().chain([&word]).find_map(|mark| {
        lower.match_indices(mark).take(PLACES_TRIED_MAX).find_map(|(at, _)| {
            let (low, high) = (&text[..at], &text[at + mark.len()..]);
            // `1...5` has no half.
            let high = Some(high).filter(|high| *mark != ".." || !high.starts_with('.'))?;
            Some(Written::Pair(Amount::read(low, style)?, Amount::read(high, style)?))
        })
    })
}

fn cut_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

fn cut_last_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(word.len())?)?;
    end.eq_ignore_ascii_case(word).then_some(rest)
}

fn ends(written: Written, text: &str) -> Result<Ends, FunctionError> {
    let number = |amount: &Amount| decimal(amount.digits(), text).map(Some);
    match &written {
        Written::One(amount) => Ok((number(amount)?, number(amount)?)),
        Written::AtLeast(amount) => Ok((number(amount)?, None)),
        Written::AtMost(amount) => Ok((None, number(amount)?)),
        Written::Pair(low, high) => pair(low, high, text).map(|(low, high)| (Some(low), Some(high))),
    }
}

fn pair(low: &Amount, high: &Amount, text: &str) -> Result<(Decimal, Decimal), FunctionError> {
    if Currency::shared(low.currency, high.currency).is_none() {
        return Err(reject(text, "is not a range: its ends are of two currencies"));
    }
    let begin = lower_end(low, high, text)?;
    let end = decimal(high.digits(), text)?;
    if end < begin {
        return Err(reject(text, "is not a range: it ends before it begins"));
    }
    Ok((begin, end))
}

/// A suffix behind the upper end alone is for both (`20-30k`), unless the range would then end before it begins (`500-2k`). Where each end
/// has its own currency (`$1 - $2k`), it may be meant either way.
fn lower_end(low: &Amount, high: &Amount, text: &str) -> Result<Decimal, FunctionError> {
    let alone = decimal(low.digits(), text)?;
    let Some(zeros) = high.zeros.filter(|_| low.zeros.is_none() && !alone.is_zero()) else { return Ok(alone) };
    let scaled = decimal(low.digits_with(zeros), text)?;
    let is_apart = low.currency.is_some() && high.currency.is_some();
    match scaled.cmp(&decimal(high.digits(), text)?) {
        Ordering::Greater => Ok(alone),
        Ordering::Less if !is_apart => Ok(scaled),
        _ => Err(reject(
            text,
            "reads two ways: its suffix may be for the upper end alone or for both; give each choice of a form its number with `lookup`",
        )),
    }
}

fn decimal(digits: String, text: &str) -> Result<Decimal, FunctionError> {
    Decimal::parse(&digits).map_err(|_| too_long(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STYLE: Style = Style { decimal: '.', suffixes: true };

    /// Both ends, `-` for one that is not there.
    fn both(text: &str, style: Style) -> Option<String> {
        let end =
            |part| range(text, part, style).ok().map(|end| end.map_or_else(|| "-".to_owned(), |end| end.digits()));
        Some(format!("{} {}", end(Part::Min)?, end(Part::Max)?))
    }

    #[test]
    fn m4_ranges_as_people_write_them() {
        for (text, expected) in [
            ("100-200", Some("100 200")),
            ("100 – 200", Some("100 200")),
            ("$10,000_-_$20,000", Some("10000 20000")),
            ("10_000_€_-_20_000_€", Some("10000 20000")),
            ("100_200", None),
            ("10k to 20k", Some("10000 20000")),
            ("between 1 and 2", Some("1 2")),
            ("10+", Some("10 -")),
            ("$500 or more", Some("500 -")),
            ("over 100", Some("100 -")),
            ("> 100", Some("100 -")),
            ("min 100", Some("100 -")),
            ("<50", Some("- 50")),
            ("≤ 50", Some("- 50")),
            ("up to $50", Some("- 50")),
            ("50 or less", Some("- 50")),
            ("5", Some("5 5")),
            ("-5", Some("-5 -5")),
            ("-10--5", Some("-10 -5")),
            ("0...5", None),
            ("0..5", Some("0 5")),
            ("1'000.- – 2'000.-", Some("1000 2000")),
            ("100 and 200", None),
            ("–5", None),
            ("a-b", None),
            ("1/2", None),
            ("1-2-3", None),
            ("many", None),
            ("", None),
            ("Unit 5", None),
            ("5+ rooms", None),
            ("+", None),
        ] {
            assert_eq!(both(text, STYLE).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn m4_one_suffix_is_for_both_ends_where_it_can_be() {
        for (text, expected) in [
            ("20-30k", Some("20000 30000")),
            ("$50-75K", Some("50000 75000")),
            ("1-1.5m", Some("1000000 1500000")),
            ("20k-30k", Some("20000 30000")),
            ("500-2k", Some("500 2000")),
            ("$500 - $2k", Some("500 2000")),
            ("$0 - $50k", Some("0 50000")),
            ("$1 - $50k", None),
            ("1-1k", None),
            ("500k - 1,000,000", Some("500000 1000000")),
            ("20k-30", None),
            ("50 lakh - 1 crore", Some("5000000 10000000")),
        ] {
            assert_eq!(both(text, STYLE).as_deref(), expected, "{text}");
        }
        let without = Style { suffixes: false, ..STYLE };
        assert_eq!(both("20-30k", without), None);
    }

    #[test]
    fn m4_an_error_says_what_to_do() {
        let german = Style { decimal: ',', suffixes: false };
        for (text, style, hint) in [
            ("$100 - €200", STYLE, "two currencies"),
            ("$1 - $50k", STYLE, "two ways"),
            ("200-100", STYLE, "before it begins"),
            ("20-30k", german, "`suffixes: true`"),
            ("1,000.50 - 2,000.50", german, "`decimal: '.'`"),
            ("1.000,50 - 2.000,50", STYLE, "`decimal: ','`"),
            ("10%-20%", STYLE, "`{replace: '%'}`"),
            ("not sure", STYLE, "`lookup`"),
        ] {
            let error = range(text, Part::Min, style).unwrap_err();
            assert_eq!(error.code, "not_a_range");
            assert!(error.message.contains(hint), "{}", error.message);
        }
    }

    #[test]
    fn s2_a_long_text_of_dashes_takes_a_moment() {
        assert!(range(&"1-".repeat(100_000), Part::Min, STYLE).is_err());
    }

    proptest! {
        #[test]
        fn m4_ends_of_a_range_are_in_one_unit(low in 1_u32..10_000, more in 1_u32..10_000, suffix in "k|M|bn| lakh| Mio. €") {
            let high = low + more;
            let text = format!("{low}-{high}{suffix}");
            prop_assert_eq!(both(&text, STYLE), both(&format!("{low}{suffix} - {high}{suffix}"), STYLE));
        }
    }
}

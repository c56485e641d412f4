//! Numbers and ranges as people write them. A text is a number only when nothing else stands in it: "Unit 5" is not 5.

use hookmill_decimal::{Decimal, Rounding};

use super::error::{FunctionError, quote_text};
use super::limits::NUMBER_DIGITS_MAX;

/// What may stand before or behind an amount.
const CURRENCIES: [&str; 40] = [
    "$", "€", "£", "¥", "₹", "₽", "₺", "₩", "₪", "฿", "₫", "₴", "₦", "zł", "us$", "ca$", "c$", "a$", "au$", "nz$",
    "r$", "usd", "eur", "gbp", "cad", "aud", "nzd", "chf", "jpy", "cny", "inr", "mxn", "brl", "sek", "nok", "dkk",
    "pln", "czk", "zar", "sgd",
];

/// Words and marks before a range without a lower end, and before one without an upper end.
const BELOW: [&str; 8] = ["less than", "up to", "under", "below", "at most", "max", "<=", "<"];
const ABOVE: [&str; 8] = ["more than", "greater than", "at least", "over", "above", "from", ">=", ">"];

/// Words and marks behind a range without an upper end, and without a lower end.
const OR_MORE: [&str; 6] = ["+", "plus", "or more", "or above", "and up", "and above"];
const OR_LESS: [&str; 3] = ["or less", "or below", "and below"];

/// How numbers are written.
#[derive(Clone, Copy)]
pub struct Style {
    /// The mark before the decimals.
    pub decimal: char,
    /// Whether `k`, `m` and `b` stand for zeros.
    pub suffixes: bool,
}

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

/// The digits of a written number, as JSON writes them.
pub fn read(text: &str, style: Style) -> Result<String, FunctionError> {
    number(text, style).ok_or_else(|| not_a_number(text, style)).and_then(|digits| within_bounds(digits, text))
}

fn not_a_number(text: &str, style: Style) -> FunctionError {
    let plain = text.trim().to_lowercase();
    let hint = if !style.suffixes && number(text, Style { suffixes: true, ..style }).is_some() {
        "write `{number: {suffixes: true}}` if the letter stands for zeros"
    } else if number(text, Style { decimal: if style.decimal == '.' { ',' } else { '.' }, ..style }).is_some() {
        "write `{number: {decimal: ','}}` if a comma stands before its decimals, `'.'` if a point does"
    } else if plain.contains(['-', '+']) {
        "read a range such as `100-200` or `10+` with `range`"
    } else {
        "take the number out of the text with `extract` before, if it is one"
    };
    FunctionError::new("not_a_number", format!("{} is not a number and nothing else; {hint}", quote_text(text)))
}

fn within_bounds(digits: String, text: &str) -> Result<String, FunctionError> {
    if digits.len() <= 2 * NUMBER_DIGITS_MAX {
        return Ok(digits);
    }
    let message = format!("{} has more than {NUMBER_DIGITS_MAX} digits (NUMBER_DIGITS_MAX)", quote_text(text));
    Err(FunctionError::new("number_too_long", message))
}

/// The digits of a number with an optional sign, currency and suffix; none for anything else.
fn number(text: &str, style: Style) -> Option<String> {
    let lower = text.trim().to_lowercase().replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ").replace('\u{2212}', "-");
    let (negative, rest) = sign(&lower);
    let (bare, before) = without_currency_before(rest);
    let (negative, bare) = if before && !negative { sign(bare) } else { (negative, bare) };
    let bare = if before { bare } else { without_currency_behind(bare) };
    let (bare, zeros) = suffix(bare, style);
    let (whole, fraction) = bare.split_once(style.decimal).map_or((bare, None), |(whole, rest)| (whole, Some(rest)));
    let whole = parse_groups(whole, style)?;
    let fraction = fraction.unwrap_or_default();
    if bare.ends_with(style.decimal) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(shift_point(negative, &whole, fraction, zeros))
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

/// The longest currency that stands there, so that `us$` is not `$`.
fn without_currency_before(text: &str) -> (&str, bool) {
    let found = CURRENCIES.iter().filter_map(|currency| text.strip_prefix(currency)).min_by_key(|rest| rest.len());
    found.map_or((text, false), |rest| (rest.trim_start(), true))
}

fn without_currency_behind(text: &str) -> &str {
    let found = CURRENCIES.iter().filter_map(|currency| text.strip_suffix(currency)).min_by_key(|rest| rest.len());
    found.map_or(text, str::trim_end)
}

/// The number before a suffix, and the zeros the suffix stands for.
fn suffix(text: &str, style: Style) -> (&str, usize) {
    let known = [("k", 3), ("m", 6), ("mio", 6), ("million", 6), ("b", 9), ("bn", 9)];
    if !style.suffixes {
        return (text, 0);
    }
    let found = known.iter().filter_map(|(mark, zeros)| Some((text.strip_suffix(mark)?, *zeros)));
    let found = found.filter(|(rest, _)| rest.trim_end().ends_with(|c: char| c.is_ascii_digit()));
    found.map(|(rest, zeros)| (rest.trim_end(), zeros)).next().unwrap_or((text, 0))
}

/// Digits with a mark before each three of them, always the same one; none for anything else.
fn parse_groups(text: &str, style: Style) -> Option<String> {
    let other = if style.decimal == '.' { ',' } else { '.' };
    let mark = text.chars().find(|c| !c.is_ascii_digit());
    let Some(mark) = mark else {
        return (!text.is_empty()).then(|| text.to_owned());
    };
    if ![other, ' ', '\'', '\u{2019}'].contains(&mark) {
        return None;
    }
    let groups: Vec<&str> = text.split(mark).collect();
    let fits = |(place, group): (usize, &&str)| {
        let length = if place == 0 { 1..=3 } else { 3..=3 };
        length.contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    groups.iter().enumerate().all(fits).then(|| groups.concat())
}

/// The number with its point moved by a suffix.
fn shift_point(negative: bool, whole: &str, fraction: &str, zeros: usize) -> String {
    let moved = fraction.len().min(zeros);
    let mut digits = format!("{whole}{}{}", &fraction[..moved], "0".repeat(zeros - moved));
    digits.drain(..digits.len() - digits.trim_start_matches('0').len().max(1));
    let is_zero = digits == "0" && fraction[moved..].bytes().all(|byte| byte == b'0');
    let sign = if negative && !is_zero { "-" } else { "" };
    match &fraction[moved..] {
        "" => format!("{sign}{digits}"),
        rest => format!("{sign}{digits}.{rest}"),
    }
}

fn range_hint(text: &str, style: Style) -> String {
    let with_suffixes = Style { suffixes: true, ..style };
    let hint = match ends(text, with_suffixes) {
        Some(_) if !style.suffixes => "; say `suffixes: true` if the letter stands for zeros",
        _ => "",
    };
    format!("is not a range such as `100-200`, `10+` or `under 50`{hint}")
}

/// A part of a range; none when the range has no such end.
pub fn range(text: &str, part: Part, style: Style) -> Result<Option<Decimal>, FunctionError> {
    let reject = |why: &str| FunctionError::of_text("not_a_range", text, why);
    let (low, high) = ends(text, style).ok_or_else(|| reject(&range_hint(text, style)))?;
    let exact = |digits: Option<String>| digits.map(|digits| Decimal::parse(&digits)).transpose();
    let too_long =
        |_| within_bounds("9".repeat(2 * NUMBER_DIGITS_MAX + 1), text).err().unwrap_or_else(|| reject("is too long"));
    let (low, high) = (exact(low).map_err(too_long)?, exact(high).map_err(too_long)?);
    if let (Some(low), Some(high)) = (&low, &high)
        && high < low
    {
        return Err(reject("is not a range: it ends before it begins"));
    }
    match (part, low, high) {
        (Part::Min, low, _) => Ok(low),
        (Part::Max, _, high) => Ok(high),
        (Part::Avg, Some(low), Some(high)) => {
            let sum = low.plus(&high)?;
            Ok(sum.divided_by(&Decimal::integer(2), NUMBER_DIGITS_MAX, Rounding::HalfUp))
        }
        (Part::Avg, ..) => Ok(None),
    }
}

type Ends = (Option<String>, Option<String>);

fn ends(text: &str, style: Style) -> Option<Ends> {
    let plain = text.replace(['_', '\u{a0}'], " ").replace(['\u{2013}', '\u{2014}', '\u{2212}'], "-").to_lowercase();
    let plain = plain.trim();
    if let Some(digits) = number(plain, style) {
        return Some((Some(digits.clone()), Some(digits)));
    }
    let open = |marks: &[&str], cut: fn(&str, &str) -> Option<String>| {
        marks.iter().find_map(|mark| number(&cut(plain, mark)?, style))
    };
    let before = |text: &str, mark: &str| text.strip_prefix(mark).map(str::to_owned);
    let behind = |text: &str, mark: &str| text.strip_suffix(mark).map(str::to_owned);
    if let Some(high) = open(&BELOW, before).or_else(|| open(&OR_LESS, behind)) {
        return Some((None, Some(high)));
    }
    if let Some(low) = open(&OR_MORE, behind).or_else(|| open(&ABOVE, before)) {
        return Some((Some(low), None));
    }
    let plain = plain.strip_prefix("between").or_else(|| plain.strip_prefix("from")).unwrap_or(plain);
    let pairs = [" to ", " and ", "-", ".."].iter().filter_map(|mark| plain.split_once(mark));
    pairs.filter_map(|(low, high)| Some((Some(number(low, style)?), Some(number(high, style)?)))).next()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("$ 1,234,567.89", Some("1234567.89")),
            ("-$5", Some("-5")),
            ("$-5", Some("-5")),
            ("US$5", Some("5")),
            ("5 €", Some("5")),
            ("1 234", Some("1234")),
            ("1'234", Some("1234")),
            ("\u{2212}3", Some("-3")),
            ("12,00", None),
            ("1,2345", None),
            ("1,234.5.6", None),
            ("1.", None),
            (".5", None),
            ("", None),
            ("$", None),
            ("$5$", None),
            ("5 people", None),
            ("Unit 5", None),
            ("5-6", None),
            ("1e5", None),
            ("0x1f", None),
            ("12%", None),
            ("(12)", None),
            ("١٢", None),
            ("--5", None),
            ("1,234 567", None),
            ("NaN", None),
            ("five", None),
        ] {
            assert_eq!(number(text, PLAIN).as_deref(), expected, "{text}");
        }
        let german = Style { decimal: ',', suffixes: false };
        assert_eq!(number("1.234,56", german).as_deref(), Some("1234.56"));
        assert_eq!(number("1,234.56", german), None);
        let short = Style { decimal: '.', suffixes: true };
        for (text, expected) in
            [("12.5k", "12500"), ("1.2345K", "1234.5"), ("$1M", "1000000"), ("0.5 million", "500000")]
        {
            assert_eq!(number(text, short).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn m4_ranges_as_people_write_them() {
        let style = Style { decimal: '.', suffixes: true };
        let told = |end: Option<String>| end.unwrap_or_else(|| "-".to_owned());
        for (text, expected) in [
            ("100-200", Some("100 200")),
            ("100 – 200", Some("100 200")),
            ("$10,000_-_$20,000", Some("10000 20000")),
            ("10k to 20k", Some("10000 20000")),
            ("between 1 and 2", Some("1 2")),
            ("10+", Some("10 -")),
            ("$500 or more", Some("500 -")),
            ("over 100", Some("100 -")),
            ("> 100", Some("100 -")),
            ("<50", Some("- 50")),
            ("up to $50", Some("- 50")),
            ("50 or less", Some("- 50")),
            ("5", Some("5 5")),
            ("-5", Some("-5 -5")),
            ("a-b", None),
            ("1/2", None),
            ("1-2-3", None),
            ("many", None),
            ("", None),
            ("Unit 5", None),
            ("5+ rooms", None),
            ("+", None),
        ] {
            let found = ends(text, style).map(|(low, high)| format!("{} {}", told(low), told(high)));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_a_number(text in "[-+$€ ,.'0-9km]{0,12}", comma: bool, suffixes: bool) {
            let style = Style { decimal: if comma { ',' } else { '.' }, suffixes };
            if let Some(digits) = number(&text, style) {
                prop_assert!(hookmill_json::parse(&digits).is_ok() && Decimal::parse(&digits).is_ok(), "{text} is {digits}");
            }
            let _ = range(&text, Part::Avg, style);
        }
    }
}

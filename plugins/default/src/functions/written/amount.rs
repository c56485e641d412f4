//! One number with its sign, currency and suffix, and nothing else.

use super::Style;
use super::currency::Currency;
use super::suffix::cut_suffix;

/// A number as it was written.
#[derive(Debug)]
pub struct Amount {
    is_negative: bool,
    /// The digits before the point.
    whole: String,
    /// The digits behind it.
    fraction: String,
    /// The zeros that its suffix stands for.
    pub zeros: Option<usize>,
    /// What it is counted in.
    pub currency: Option<Currency>,
}

impl Amount {
    /// Reads a normalized text; none when it is not one number and nothing else.
    pub fn read(text: &str, style: Style) -> Option<Self> {
        let (before, digits, behind) = cut(text.trim(), style.decimal)?;
        let (is_negative, first) = read_before(before)?;
        let (zeros, second) = read_behind(without_cents_mark(digits, behind, style.decimal), style)?;
        let (whole, fraction) = digits.split_once(style.decimal).unwrap_or((digits, ""));
        let whole = if whole.is_empty() { "0".to_owned() } else { join_groups(whole, style)? };
        let currency = Currency::shared(first, second)?;
        let is_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
        is_digits.then(|| Self { is_negative, whole, fraction: fraction.to_owned(), zeros, currency })
    }

    /// The number as JSON writes it.
    pub fn digits(&self) -> String {
        self.digits_with(self.zeros.unwrap_or(0))
    }

    /// The number as if a suffix stood for so many zeros.
    pub fn digits_with(&self, zeros: usize) -> String {
        let moved = self.fraction.len().min(zeros);
        let (up, fraction) = self.fraction.split_at(moved);
        let mut digits = format!("{}{up}{}", self.whole, "0".repeat(zeros - moved));
        digits.drain(..digits.len() - digits.trim_start_matches('0').len().max(1));
        let is_zero = digits == "0" && fraction.bytes().all(|byte| byte == b'0');
        let sign = if self.is_negative && !is_zero { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{digits}{point}{fraction}")
    }
}

/// What stands before the digits, the digits with their marks, and what stands behind them.
fn cut(text: &str, decimal: char) -> Option<(&str, &str, &str)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    // Behind letters a mark is not the number's: `Rs.500` are five hundred rupees, not half a rupee.
    let bare = text[..start].strip_suffix(decimal).filter(|bare| !bare.ends_with(char::is_alphabetic));
    let (before, start) = bare.map_or((&text[..start], start), |bare| (bare, start - decimal.len_utf8()));
    Some((before, &text[start..end], &text[end..]))
}

/// A sign and a currency, in any order. A sign touches what it is for: `- 5` may be an item of a list.
fn read_before(text: &str) -> Option<(bool, Option<Currency>)> {
    const SIGNS: [char; 2] = ['-', '+'];
    let is_negative = text.contains('-');
    let rest = text.strip_prefix(SIGNS).or_else(|| text.strip_suffix(SIGNS)).unwrap_or(text);
    if rest.starts_with(' ') {
        return None;
    }
    match rest.trim_end() {
        "" => Some((is_negative, None)),
        currency => Currency::before(currency).map(|currency| (is_negative, Some(currency))),
    }
}

/// What stands behind a number without the mark that it has no cents: `5,-`, `5.--`, `500/-`.
fn without_cents_mark<'t>(digits: &str, behind: &'t str, decimal: char) -> &'t str {
    let dashes = behind.strip_prefix(decimal).filter(|_| !digits.contains(decimal));
    let rest = dashes.and_then(|dashes| ["--", "-", "–"].iter().find_map(|mark| dashes.strip_prefix(mark)));
    rest.or_else(|| behind.strip_prefix("/-")).unwrap_or(behind)
}

/// A suffix and a currency.
fn read_behind(text: &str, style: Style) -> Option<(Option<usize>, Option<Currency>)> {
    let text = text.trim();
    if text.is_empty() {
        return Some((None, None));
    }
    if let Some(currency) = Currency::behind(text) {
        return Some((None, Some(currency)));
    }
    if !style.suffixes {
        return None;
    }
    cut_suffix(text).find_map(|(zeros, rest)| match rest {
        "" => Some((Some(zeros), None)),
        rest => Currency::behind(rest).map(|currency| (Some(zeros), Some(currency))),
    })
}

/// The digits of groups of three, or of the lakhs and crores of India, with the same mark between them.
fn join_groups(text: &str, style: Style) -> Option<String> {
    let Some(mark) = text.chars().find(|c| !c.is_ascii_digit()) else { return Some(text.to_owned()) };
    if ![style.other_mark(), ' ', '\''].contains(&mark) {
        return None;
    }
    let groups: Vec<&str> = text.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    // `0,500` has no thousands: its mark was meant for the decimals.
    let is_grouped = !first.is_empty() && !first.starts_with('0') && last.len() == 3;
    let in_threes = first.len() <= 3 && middle.iter().all(|group| group.len() == 3);
    let in_lakhs = mark == ',' && first.len() <= 2 && middle.iter().all(|group| group.len() == 2);
    let is_digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    (is_grouped && is_digits && (in_threes || in_lakhs)).then(|| groups.concat())
}

//! JSON numbers: where one ends, and exact comparison of numbers of any length, without a float anywhere.

use std::cmp::Ordering;

/// The length of the number that begins here by the grammar of RFC 8259; 0 when none does.
#[inline]
pub(crate) fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = if bytes.get(at) == Some(&b'0') { 1 } else { digits(at) };
    if whole == 0 {
        return 0;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return 0,
            fraction => at += 1 + fraction,
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        match digits(at + 1 + sign) {
            0 => return 0,
            exponent => at += 1 + sign + exponent,
        }
    }
    at
}

/// A number in its canonical form, so that equal numbers are equal however they were written: sign, significant digits without zeros at either end, and the power of ten of the first digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalNumber {
    negative: bool,
    digits: Vec<u8>,
    magnitude: i64,
}

impl CanonicalNumber {
    /// Reads a number as JSON writes it, a leading `+` and leading zeros allowed; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text);
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let zeros = text.len() - text.trim_start_matches('0').len();
        let significant = match text.as_bytes().get(zeros) {
            Some(b'0'..=b'9') => &text[zeros..],
            _ => &text[zeros.saturating_sub(1)..],
        };
        (!significant.starts_with('-')
            && number_length(significant.as_bytes()) == significant.len()
            && !text.is_empty())
        .then(|| Self::of_parts(negative, significant))
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    fn of_parts(negative: bool, text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = all.iter().take_while(|digit| **digit == b'0').count();
        let trailing = all.iter().rev().take_while(|digit| **digit == b'0').count();
        if leading == all.len() {
            return Self { negative: false, digits: Vec::new(), magnitude: 0 };
        }
        let shift = i64::try_from(whole.len()).unwrap_or(i64::MAX) - i64::try_from(leading).unwrap_or(i64::MAX);
        let magnitude = exponent_of(exponent).saturating_add(shift);
        Self { negative, digits: all[leading..all.len() - trailing].to_vec(), magnitude }
    }

    fn compare_size(&self, other: &Self) -> Ordering {
        self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl Ord for CanonicalNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (left, right) if left != right => left.cmp(&right),
            (-1, _) => other.compare_size(self),
            (0, _) => Ordering::Equal,
            _ => self.compare_size(other),
        }
    }
}

impl PartialOrd for CanonicalNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl CanonicalNumber {
    fn sign(&self) -> i8 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

/// An exponent of more digits than fit is as good as infinite.
fn exponent_of(text: &str) -> i64 {
    let limit = if text.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    text.parse().map_or(limit, |value: i64| value.clamp(i64::MIN / 2, i64::MAX / 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compare(left: &str, right: &str) -> Option<Ordering> {
        Some(CanonicalNumber::parse(left)?.cmp(&CanonicalNumber::parse(right)?))
    }

    #[test]
    fn m7_numbers_compare_exactly() {
        for (left, right, order) in [
            ("1", "1.0", Ordering::Equal),
            ("100", "1e2", Ordering::Equal),
            ("0.1", "1E-1", Ordering::Equal),
            ("-0", "0.00e5", Ordering::Equal),
            ("+007", "7", Ordering::Equal),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("0.1", "0.10000000000000000001", Ordering::Less),
            ("1e400", "1e399", Ordering::Greater),
            ("-1e400", "-1e399", Ordering::Less),
            ("-1", "0", Ordering::Less),
            ("1e99999999999999999999", "5", Ordering::Greater),
            ("1e-99999999999999999999", "5", Ordering::Less),
        ] {
            assert_eq!(compare(left, right), Some(order), "{left} {right}");
        }
    }

    #[test]
    fn other_texts_are_not_numbers() {
        for text in
            ["", "-", "+", "+-1", "--1", "1.", ".5", "1e", "0x10", "1 2", "NaN", "one", "1,000", "--", "e5", "00x"]
        {
            assert_eq!(CanonicalNumber::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn integers_compare_as_integers(left: i64, right: i64) {
            prop_assert_eq!(compare(&left.to_string(), &right.to_string()), Some(left.cmp(&right)));
        }

        #[test]
        fn any_text_is_read_or_not(text: String) {
            let _ = CanonicalNumber::parse(&text);
        }
    }
}

//! Decimal numbers of up to a hundred digits on each side of the point, computed exactly: never a binary float, and never rounded
//! unless a rounding is asked for.
//!
//! Sums and products are exact or an error; a quotient has the decimals that the caller names, and is rounded once, from the exact
//! quotient. (A library of decimals rounds a quotient at its own precision first, which can turn 0.4999... into 0.5 and then
//! into 1.)

use std::fmt;

use num_bigint::{BigInt, Sign};

/// Digits of a number, before and after the point each.
pub const NUMBER_DIGITS_MAX: usize = 100;

/// A number has more than [`NUMBER_DIGITS_MAX`] digits before or after the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The number, as far as it is known.
    pub digits: String,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = &self.digits;
        write!(f, "{digits} has more than {NUMBER_DIGITS_MAX} digits before or after the point (NUMBER_DIGITS_MAX)")
    }
}

impl std::error::Error for TooLong {}

/// Why a text is not a number that can be computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It is not written like a number.
    NotANumber,
    /// It has more than [`NUMBER_DIGITS_MAX`] digits before or after the point.
    TooLong,
}

/// A number: an integer, and how many of its last digits stand behind the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    unscaled: BigInt,
    decimals: usize,
}

/// How a number that falls between two is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearer one; the middle goes away from zero, as people round: 2.5 is 3, -2.5 is -3.
    HalfUp,
    /// To the nearer one; the middle goes to the even digit: 2.5 is 2, 3.5 is 4.
    HalfEven,
    /// To the lower one.
    Floor,
    /// To the higher one.
    Ceiling,
    /// Towards zero: the other digits are cut off.
    Truncate,
}

impl Decimal {
    /// An integer.
    pub fn integer(number: i64) -> Self {
        Self { unscaled: BigInt::from(number), decimals: 0 }
    }

    /// Reads a number as JSON writes it, a leading `+` and leading zeros allowed.
    ///
    /// # Errors
    /// Whether it is not a number, or one that is too long.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (mantissa, exponent) = split_number(text).ok_or(ParseError::NotANumber)?;
        Self::of_parts(mantissa, exponent).ok_or(ParseError::TooLong)
    }

    fn of_parts(mantissa: &str, exponent: &str) -> Option<Self> {
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let bare = whole.trim_start_matches(['-', '+', '0']);
        let exponent: i64 = exponent.parse().ok()?;
        let decimals = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let limit = i64::try_from(NUMBER_DIGITS_MAX).ok()?;
        if bare.len() + fraction.len() > 2 * NUMBER_DIGITS_MAX || decimals > limit || decimals < -limit {
            return None;
        }
        let digits: String = whole.chars().chain(fraction.chars()).collect();
        let unscaled: BigInt = digits.strip_prefix('+').unwrap_or(&digits).parse().ok()?;
        let raised = if decimals < 0 { unscaled * ten_to(decimals.unsigned_abs() as usize) } else { unscaled };
        Self { unscaled: raised, decimals: usize::try_from(decimals.max(0)).ok()? }.within_bounds()
    }

    fn within_bounds(self) -> Option<Self> {
        (self.decimals <= NUMBER_DIGITS_MAX && self.whole_digits_fit()).then_some(self)
    }

    /// Whether at most [`NUMBER_DIGITS_MAX`] digits stand before the point. The digits of most numbers need not be counted for it.
    fn whole_digits_fit(&self) -> bool {
        let digits_max = NUMBER_DIGITS_MAX + self.decimals;
        // A bit is less than a third of a digit.
        self.unscaled.bits() < 3 * digits_max as u64 || self.unscaled.magnitude().to_string().len() <= digits_max
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.unscaled.sign() == Sign::NoSign
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.unscaled.sign() == Sign::Minus
    }

    fn aligned(&self, other: &Self) -> (BigInt, BigInt, usize) {
        let decimals = self.decimals.max(other.decimals);
        let raise = |number: &Self| &number.unscaled * ten_to(decimals - number.decimals);
        (raise(self), raise(other), decimals)
    }

    /// The sum.
    ///
    /// # Errors
    /// When it has more digits than the bound.
    pub fn plus(&self, other: &Self) -> Result<Self, TooLong> {
        let (left, right, decimals) = self.aligned(other);
        Self { unscaled: left + right, decimals }.checked()
    }

    /// The difference.
    ///
    /// # Errors
    /// When it has more digits than the bound.
    pub fn minus(&self, other: &Self) -> Result<Self, TooLong> {
        let (left, right, decimals) = self.aligned(other);
        Self { unscaled: left - right, decimals }.checked()
    }

    /// The product.
    ///
    /// # Errors
    /// When it has more digits than the bound.
    pub fn times(&self, other: &Self) -> Result<Self, TooLong> {
        Self { unscaled: &self.unscaled * &other.unscaled, decimals: self.decimals + other.decimals }
            .without_trailing_zeros()
            .checked()
    }

    /// The quotient with so many decimals; none when the other is zero, an error inside when it has more digits than the bound.
    pub fn divided_by(&self, other: &Self, decimals: usize, rounding: Rounding) -> Option<Result<Self, TooLong>> {
        if other.is_zero() {
            return None;
        }
        let (left, right, _) = self.aligned(other);
        let quotient = rounded_quotient(&(left * ten_to(decimals)), &right, rounding);
        Some(Self { unscaled: quotient, decimals }.without_trailing_zeros().checked())
    }

    /// With so many decimals at most; a negative number rounds to tens, hundreds and so on.
    ///
    /// # Errors
    /// When it is rounded up to one that has more digits than the bound.
    pub fn rounded(&self, decimals: i64, rounding: Rounding) -> Result<Self, TooLong> {
        let have = i64::try_from(self.decimals).unwrap_or(i64::MAX);
        let Ok(drop) = usize::try_from(have.saturating_sub(decimals)) else { return Ok(self.clone()) };
        let quotient = rounded_quotient(&self.unscaled, &ten_to(drop), rounding);
        let rounded = match usize::try_from(decimals) {
            Ok(decimals) => Self { unscaled: quotient, decimals },
            Err(_) => Self { unscaled: quotient * ten_to(decimals.unsigned_abs() as usize), decimals: 0 },
        };
        rounded.checked()
    }

    /// Whether nothing but zeros stands behind the point.
    pub fn is_integer(&self) -> bool {
        self.clone().without_trailing_zeros().decimals == 0
    }

    /// As a machine's integer, if it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        let bare = self.clone().without_trailing_zeros();
        if bare.decimals > 0 { None } else { bare.unscaled.try_into().ok() }
    }

    fn checked(self) -> Result<Self, TooLong> {
        let digits = self.digits();
        self.within_bounds().ok_or(TooLong { digits })
    }

    /// Without zeros at the end of its decimals.
    #[must_use]
    pub fn without_trailing_zeros(self) -> Self {
        if self.decimals == 0 {
            return self;
        }
        let digits = self.unscaled.to_string();
        let zeros = (digits.len() - digits.trim_end_matches('0').len()).min(self.decimals);
        if self.is_zero() {
            return Self::integer(0);
        }
        Self { unscaled: self.unscaled / ten_to(zeros), decimals: self.decimals - zeros }
    }

    /// As JSON writes it, without an exponent.
    pub fn digits(&self) -> String {
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = self.unscaled.magnitude().to_string();
        if self.decimals == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = self.decimals + 1);
        let (whole, fraction) = padded.split_at(padded.len() - self.decimals);
        format!("{sign}{whole}.{fraction}")
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The digits with sign and point, and the exponent; none when the text is not a number.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let bare = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = bare.split_once('.').map_or((bare, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let is_number = is_digits(whole) && fraction.is_none_or(is_digits) && is_digits(exponent_digits);
    is_number.then_some((mantissa, exponent.strip_prefix('+').unwrap_or(exponent)))
}

fn ten_to(power: usize) -> BigInt {
    BigInt::from(10).pow(u32::try_from(power).unwrap_or(u32::MAX))
}

fn rounded_quotient(number: &BigInt, divisor: &BigInt, rounding: Rounding) -> BigInt {
    let quotient = number / divisor;
    let rest = number - &quotient * divisor;
    if rest.sign() == Sign::NoSign {
        return quotient;
    }
    let is_negative = (number.sign() == Sign::Minus) != (divisor.sign() == Sign::Minus);
    let twice = rest.magnitude() * 2_u32;
    let is_odd = quotient.bit(0);
    let away = match (rounding, twice.cmp(divisor.magnitude())) {
        (Rounding::Truncate, _) => false,
        (Rounding::Floor, _) => is_negative,
        (Rounding::Ceiling, _) => !is_negative,
        (_, std::cmp::Ordering::Less) => false,
        (_, std::cmp::Ordering::Greater) | (Rounding::HalfUp, _) => true,
        (Rounding::HalfEven, _) => is_odd,
    };
    match (away, is_negative) {
        (false, _) => quotient,
        (true, false) => quotient + 1,
        (true, true) => quotient - 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn m4_numbers_are_computed_exactly() {
        let exact = |text: &str| Decimal::parse(text).unwrap();
        for (left, right, sum, product) in [
            ("0.1", "0.2", "0.3", "0.02"),
            ("1e2", "-0.5", "99.5", "-50"),
            ("9007199254740993", "1", "9007199254740994", "9007199254740993"),
            ("-1.50", "1.50", "0.00", "-2.25"),
        ] {
            assert_eq!(exact(left).plus(&exact(right)).unwrap().digits(), sum, "{left} + {right}");
            assert_eq!(exact(left).times(&exact(right)).unwrap().digits(), product, "{left} * {right}");
        }
    }

    #[test]
    fn m4_each_way_to_round() {
        use Rounding::{Ceiling, Floor, HalfEven, HalfUp, Truncate};
        for (number, decimals, expected) in [
            ("2.5", 0, ["3", "2", "2", "3", "2"]),
            ("-2.5", 0, ["-3", "-2", "-3", "-2", "-2"]),
            ("3.5", 0, ["4", "4", "3", "4", "3"]),
            ("0.125", 2, ["0.13", "0.12", "0.12", "0.13", "0.12"]),
            ("1250", -2, ["1300", "1200", "1200", "1300", "1200"]),
            ("1.5", 3, ["1.5"; 5]),
        ] {
            let found = [HalfUp, HalfEven, Floor, Ceiling, Truncate]
                .map(|rounding| Decimal::parse(number).unwrap().rounded(decimals, rounding).unwrap().digits());
            assert_eq!(found, expected, "{number}");
        }
    }

    #[test]
    fn other_texts_are_not_numbers() {
        for text in ["", "-", "1.", ".5", "1e", "e5", "0x1", "1 2", "1,000", "--1", "+-1", "NaN", "1e1000", "1e-1000"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    /// H6: a hundred digits on each side of the point, however they are written, and not one more.
    #[test]
    fn h6_numbers_have_a_hundred_digits_on_each_side() {
        let nines = |count: usize| "9".repeat(count);
        let whole = |count: usize| [nines(count), format!("-000{}", nines(count)), format!("{}.5", nines(count))];
        let decimals = |count: usize| [format!("0.{}", nines(count)), format!("1.{}", nines(count))];
        for text in whole(100).into_iter().chain(decimals(100)) {
            assert!(Decimal::parse(&text).is_ok(), "{text}");
        }
        for text in whole(101).into_iter().chain(decimals(101)) {
            assert_eq!(Decimal::parse(&text), Err(ParseError::TooLong), "{text}");
        }
        for (text, is_read) in [("1e99", true), ("1e100", false), ("1.5e-99", true), ("1.5e-100", false)] {
            assert_eq!(Decimal::parse(text).is_ok(), is_read, "{text}");
        }
        for count in [100, 101, 150, 199] {
            assert_eq!(Decimal::parse(&format!("{0}.{0}", nines(count))).is_ok(), count == 100, "{count}");
        }
    }

    #[test]
    fn h6_what_is_computed_has_no_more_digits() {
        let exact = |text: &str| Decimal::parse(text).unwrap();
        let (large, small) = (exact(&"9".repeat(100)), exact(&format!("0.{}1", "0".repeat(99))));
        assert!(large.plus(&Decimal::integer(1)).is_err() && large.minus(&Decimal::integer(-1)).is_err());
        assert!(large.times(&Decimal::integer(2)).is_err() && small.times(&exact("0.1")).is_err());
        assert!(large.divided_by(&small, 0, Rounding::HalfUp).unwrap().is_err());
        assert!(large.divided_by(&exact("0.5"), 0, Rounding::HalfUp).unwrap().is_err());
        assert!(large.rounded(-1, Rounding::HalfUp).is_err() && large.rounded(-1, Rounding::Truncate).is_ok());
        assert_eq!(large.divided_by(&Decimal::integer(1), 0, Rounding::HalfUp), Some(Ok(large)));
    }

    /// The quotient is rounded once, however many digits stand before the one that decides.
    #[test]
    fn m4_a_quotient_is_not_rounded_twice() {
        let almost_half = format!("0.4{}", "9".repeat(95));
        let quotient = Decimal::parse(&almost_half).unwrap().divided_by(&Decimal::integer(1), 0, Rounding::HalfUp);
        assert_eq!(quotient.unwrap().unwrap().digits(), "0");
        let number = Decimal::parse(&format!("4{}", "9".repeat(98))).unwrap();
        let divisor = Decimal::parse(&format!("1{}", "0".repeat(99))).unwrap();
        assert_eq!(number.divided_by(&divisor, 0, Rounding::HalfUp).unwrap().unwrap().digits(), "0");
    }

    proptest! {
        #[test]
        fn integers_are_computed_as_machines_do(left: i32, right: i32, decimals in 0_usize..5) {
            let (a, b) = (Decimal::integer(left.into()), Decimal::integer(right.into()));
            prop_assert_eq!(a.plus(&b).unwrap().to_i64(), Some(i64::from(left) + i64::from(right)));
            prop_assert_eq!(a.minus(&b).unwrap().to_i64(), Some(i64::from(left) - i64::from(right)));
            prop_assert_eq!(a.times(&b).unwrap().to_i64(), Some(i64::from(left) * i64::from(right)));
            if let Some(quotient) = a.divided_by(&b, decimals, Rounding::Truncate) {
                let scale = 10_i64.pow(decimals as u32);
                let scaled = quotient.unwrap().times(&Decimal::integer(scale)).unwrap().to_i64();
                prop_assert_eq!(scaled, Some(i64::from(left) * scale / i64::from(right)));
            }
        }

        #[test]
        fn any_text_is_read_or_not(text: String) {
            if let Ok(number) = Decimal::parse(&text) {
                prop_assert_eq!(Decimal::parse(&number.digits()), Ok(number));
            }
        }
    }
}

//! CanonicalNumber numbers of up to a hundred digits on each side of the point, computed exactly: never a binary float.

use hookmill_json::Value;
use num_bigint::{BigInt, Sign};

use super::limits::NUMBER_DIGITS_MAX;
use super::refusal::{Refusal, quoted};

/// A number: an integer, and how many of its last digits stand behind the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exact {
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
    Down,
    /// To the higher one.
    Up,
    /// Towards zero: the other digits are cut off.
    Cut,
}

impl Exact {
    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self { unscaled: BigInt::from(number), decimals: 0 }
    }

    /// The number that a number, or a text that is written like one, stands for; why it is none for `function`.
    pub fn of_value(value: &Value<'_>, function: &str) -> Result<Self, Refusal> {
        let text = match value {
            Value::Number(text) => text.as_ref(),
            // In a text, `1E5` may be a flat as well as a number.
            Value::Text(text) if text.contains(['e', 'E']) => "",
            Value::Text(text) => text.trim(),
            other => return Err(Refusal::wrong_type(function, "a number", other)),
        };
        let mend = "`number` reads other ways to write one";
        let refuse =
            || Refusal::new("not_a_number", format!("`{function}` needs a number, not {}; {mend}", quoted(value)));
        let (mantissa, exponent) = parts(text).ok_or_else(refuse)?;
        Self::of_parts(mantissa, exponent).ok_or_else(|| too_long(&quoted(value)))
    }

    /// Reads a number as JSON writes it, a leading `+` and leading zeros allowed; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = parts(text)?;
        Self::of_parts(mantissa, exponent)
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
        let digits = self.unscaled.magnitude().bits() as usize * 3 / 10;
        (digits <= 2 * NUMBER_DIGITS_MAX && self.decimals <= NUMBER_DIGITS_MAX).then_some(self)
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

    /// The sum; a refusal when it has more digits than the bound.
    pub fn plus(&self, other: &Self) -> Result<Self, Refusal> {
        let (left, right, decimals) = self.aligned(other);
        Self { unscaled: left + right, decimals }.checked()
    }

    /// The difference.
    pub fn minus(&self, other: &Self) -> Result<Self, Refusal> {
        let (left, right, decimals) = self.aligned(other);
        Self { unscaled: left - right, decimals }.checked()
    }

    /// The product.
    pub fn times(&self, other: &Self) -> Result<Self, Refusal> {
        Self { unscaled: &self.unscaled * &other.unscaled, decimals: self.decimals + other.decimals }
            .without_trailing_zeros()
            .checked()
    }

    /// The quotient with so many decimals; none when the other is zero.
    pub fn divided_by(&self, other: &Self, decimals: usize, rounding: Rounding) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let (left, right, _) = self.aligned(other);
        let quotient = rounded_quotient(&(left * ten_to(decimals)), &right, rounding);
        Some(Self { unscaled: quotient, decimals }.without_trailing_zeros())
    }

    /// With so many decimals at most; a negative number rounds to tens, hundreds and so on.
    #[must_use]
    pub fn rounded(&self, decimals: i64, rounding: Rounding) -> Self {
        let have = i64::try_from(self.decimals).unwrap_or(i64::MAX);
        let Ok(drop) = usize::try_from(have.saturating_sub(decimals)) else { return self.clone() };
        let quotient = rounded_quotient(&self.unscaled, &ten_to(drop), rounding);
        match usize::try_from(decimals) {
            Ok(decimals) => Self { unscaled: quotient, decimals },
            Err(_) => Self { unscaled: quotient * ten_to(decimals.unsigned_abs() as usize), decimals: 0 },
        }
    }

    /// Whether nothing but zeros stands behind the point.
    pub fn is_whole(&self) -> bool {
        self.clone().without_trailing_zeros().decimals == 0
    }

    /// As a machine's whole number, if it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        let bare = self.clone().without_trailing_zeros();
        if bare.decimals > 0 { None } else { bare.unscaled.try_into().ok() }
    }

    fn checked(self) -> Result<Self, Refusal> {
        let shown = self.digits();
        self.within_bounds().ok_or_else(|| too_long(&shown))
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
            return Self::whole(0);
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

    /// As a value.
    pub fn into_value(self) -> Value<'static> {
        Value::Number(self.digits().into())
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The digits with sign and point, and the exponent; none when the text is no number.
fn parts(text: &str) -> Option<(&str, &str)> {
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
        (Rounding::Cut, _) => false,
        (Rounding::Down, _) => is_negative,
        (Rounding::Up, _) => !is_negative,
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

fn too_long(shown: &str) -> Refusal {
    let message =
        format!("{shown} has more than {NUMBER_DIGITS_MAX} digits before or after the point (NUMBER_DIGITS_MAX)");
    Refusal::new("number_too_long", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn m4_numbers_are_computed_exactly() {
        let exact = |text: &str| Exact::parse(text).unwrap();
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
        use Rounding::{Cut, Down, HalfEven, HalfUp, Up};
        for (number, decimals, expected) in [
            ("2.5", 0, ["3", "2", "2", "3", "2"]),
            ("-2.5", 0, ["-3", "-2", "-3", "-2", "-2"]),
            ("3.5", 0, ["4", "4", "3", "4", "3"]),
            ("0.125", 2, ["0.13", "0.12", "0.12", "0.13", "0.12"]),
            ("1250", -2, ["1300", "1200", "1200", "1300", "1200"]),
            ("1.5", 3, ["1.5"; 5]),
        ] {
            let found = [HalfUp, HalfEven, Down, Up, Cut]
                .map(|rounding| Exact::parse(number).unwrap().rounded(decimals, rounding).digits());
            assert_eq!(found, expected, "{number}");
        }
    }

    #[test]
    fn what_is_no_number_or_too_long_is_none() {
        for text in ["", "-", "1.", ".5", "1e", "e5", "0x1", "1 2", "1,000", "--1", "+-1", "NaN", "1e1000", "1e-1000"] {
            assert_eq!(Exact::parse(text), None, "{text}");
        }
        assert!(Exact::parse(&"9".repeat(200)).is_some() && Exact::parse(&"9".repeat(300)).is_none());
    }

    proptest! {
        #[test]
        fn whole_numbers_are_computed_as_machines_do(left: i32, right: i32, decimals in 0_usize..5) {
            let (a, b) = (Exact::whole(left.into()), Exact::whole(right.into()));
            prop_assert_eq!(a.plus(&b).unwrap().to_i64(), Some(i64::from(left) + i64::from(right)));
            prop_assert_eq!(a.minus(&b).unwrap().to_i64(), Some(i64::from(left) - i64::from(right)));
            prop_assert_eq!(a.times(&b).unwrap().to_i64(), Some(i64::from(left) * i64::from(right)));
            if let Some(quotient) = a.divided_by(&b, decimals, Rounding::Cut) {
                let scale = 10_i64.pow(decimals as u32);
                let scaled = quotient.times(&Exact::whole(scale)).unwrap().to_i64();
                prop_assert_eq!(scaled, Some(i64::from(left) * scale / i64::from(right)));
            }
        }

        #[test]
        fn any_text_is_read_or_not(text: String) {
            if let Some(number) = Exact::parse(&text) {
                prop_assert_eq!(Exact::parse(&number.digits()), Some(number));
            }
        }
    }
}

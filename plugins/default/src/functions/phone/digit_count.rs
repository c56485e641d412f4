//! How many digits a number has that is too short or too long, and how many it should have.

/// A number with a digit too few or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigitCount {
    /// The code of its country.
    pub code: u16,
    /// How many digits it has behind country code and prefix.
    pub has: usize,
    /// A bit for each number of digits that it may have.
    pub lengths: u32,
}

impl DigitCount {
    /// For people.
    pub fn reason(self) -> String {
        let digits = if self.has == 1 { "digit" } else { "digits" };
        format!(
            "it has {} {digits} without country code and prefix, and such numbers of +{} have {}",
            self.has,
            self.code,
            self.allowed()
        )
    }

    /// The suggested fix.
    pub fn hint(self) -> &'static str {
        if u32::try_from(self.has).is_ok_and(|has| has < self.longest()) {
            "write all of its digits, with its area code"
        } else {
            "write one number, with `+` where it is of another country"
        }
    }

    fn longest(self) -> u32 {
        31_u32.saturating_sub(self.lengths.leading_zeros())
    }

    /// `10`, `9 or 10`, `4 to 11`.
    fn allowed(self) -> String {
        let (shortest, longest) = (self.lengths.trailing_zeros(), self.longest());
        if 2 < self.lengths.count_ones() && self.lengths.count_ones() == longest - shortest + 1 {
            return format!("{shortest} to {longest}");
        }
        let all: Vec<String> =
            (0..32).filter(|length| self.lengths & (1 << length) != 0).map(|length| length.to_string()).collect();
        match all.split_last() {
            Some((last, before @ [_, ..])) => format!("{} or {last}", before.join(", ")),
            _ => all.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_the_digits_of_a_number_are_told() {
        for (has, lengths, allowed, hint) in [
            (9, 1 << 10, "have 10", "all of its digits"),
            (11, 1 << 10, "have 10", "one number"),
            (1, 1 << 9 | 1 << 10, "have 9 or 10", "all of its digits"),
            (8, 1 << 7 | 1 << 9 | 1 << 10, "have 7, 9 or 10", "all of its digits"),
            (17, 0b1111_1000, "have 3 to 7", "one number"),
        ] {
            let count = DigitCount { code: 44, has, lengths };
            let reason = count.reason();
            assert!(reason.ends_with(allowed) && reason.starts_with(&format!("it has {has} digit")), "{reason}");
            assert!(count.hint().contains(hint), "{}", count.hint());
        }
    }
}

//! Decimal digits of all scripts.

/// The zero of each script, after which its digits stand in order.
const ZEROS: [u16; 36] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// The ASCII digit for a decimal digit of any other script of the Basic Multilingual Plane.
pub fn ascii_digit(character: char) -> Option<char> {
    let code = u16::try_from(u32::from(character)).ok()?;
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?)?;
    char::from_digit(u32::from(code - zero), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_digits_of_all_scripts_are_digits() {
        assert!(ZEROS.is_sorted());
        for (text, expected) in [("１９", "19"), ("٠٩", "09"), ("۰۹", "09"), ("०९", "09"), ("๐๙", "09"), ("᮰᮹", "09")]
        {
            assert_eq!(text.chars().filter_map(ascii_digit).collect::<String>(), expected);
        }
        assert!("a1½²①\u{970}".chars().all(|character| ascii_digit(character).is_none()));
    }
}

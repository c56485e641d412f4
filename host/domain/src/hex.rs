//! Bytes as text.

/// Bytes as lower-case hexadecimal digits.
pub fn write_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(super::write_hex(&[0, 10, 255]), "000aff");
    }
}

//! Loose names: the same name but for case, spaces, `_`, `-` and `.`.

/// Names whose bare form has more bytes than this fit no loose name that anybody writes.
pub(crate) const BARE_BYTES_MAX: usize = 128;

/// Whether a name is the bare one but for case, spaces, `_`, `-` and `.`.
pub fn is_loosely(name: &str, bare: &str) -> bool {
    let is_between = |byte: u8| matches!(byte, b' ' | b'_' | b'-' | b'.');
    if name.is_ascii() && bare.is_ascii() {
        // Most names differ in the first letter.
        let first = name.bytes().find(|byte| !is_between(*byte)).map(|byte| byte.to_ascii_lowercase());
        if name.len() < bare.len() || first != bare.bytes().next() {
            return false;
        }
        return name.bytes().filter(|byte| !is_between(*byte)).map(|byte| byte.to_ascii_lowercase()).eq(bare.bytes());
    }
    bare_of(name).eq(bare.chars())
}

fn bare_of(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase)
}

/// A name without case, spaces, `_`, `-` and `.`; none when there is no room for it.
pub(crate) fn bare_in<'r>(room: &'r mut [u8; BARE_BYTES_MAX], name: &str) -> Option<&'r str> {
    let mut length = 0;
    if name.is_ascii() {
        for byte in name.bytes().filter(|byte| !matches!(byte, b' ' | b'_' | b'-' | b'.')) {
            *room.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
    } else {
        for letter in bare_of(name) {
            length += letter.encode_utf8(room.get_mut(length..length + 4)?).len();
        }
    }
    std::str::from_utf8(&room[..length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o3_names_are_found_in_any_spelling() {
        for name in ["firstName", "First Name", "first-name", "FIRST_NAME", "first.name", "firstname"] {
            assert!(is_loosely(name, "firstname"), "{name}");
        }
        for name in ["firstname2", "first", "", "first/name"] {
            assert!(!is_loosely(name, "firstname"), "{name}");
        }
    }
}

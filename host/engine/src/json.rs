//! One pass over a JSON text from a plugin: is it JSON by RFC 8259, and how deep?
//!
//! It builds nothing and does not recurse, so a hostile text costs its length and no more. Unlike a plain grammar check it rejects
//! lone surrogates (`"\ud800"`), which are not text and which no later reader could take.

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonFlaw {
    #[error("it is not valid JSON at byte {at}")]
    Syntax { at: usize },
    #[error("its JSON nests deeper than {depth_max}")]
    TooDeep { depth_max: usize },
}

/// Checks a text.
pub(crate) fn check(text: &str, depth_max: usize) -> Result<(), JsonFlaw> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    scan.document(depth_max).map_err(|flaw| flaw.unwrap_or(JsonFlaw::Syntax { at: scan.at }))
}

/// Whether the text, already checked, is an object.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// How many bytes there are before one that ends a string or means something in it. Eight at a time: a lead is mostly strings.
fn plain(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks();
    let whole = words.iter().take_while(|word| is_plain(u64::from_le_bytes(**word))).count() * 8;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|&&b| b != b'"' && b != b'\\' && b' ' <= b).count()
}

/// Whether none of eight bytes is a quote, a backslash or a control character.
fn is_plain(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    // The high bit of each byte less than 32 is set, and of none before the first such; bytes from 128 on don't count.
    let low = |word: u64, below: u64| word.wrapping_sub(ONES * below) & !word & HIGHS;
    let equal = |byte: u8| low(word ^ (ONES * u64::from(byte)), 1);
    low(word, 0x20) | equal(b'"') | equal(b'\\') == 0
}

/// None stands for a syntax error at the place where the scan stopped.
type Scanned<T = ()> = Result<T, Option<JsonFlaw>>;

impl Scan<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Scanned {
        if self.peek() != byte {
            return Err(None);
        }
        self.at += 1;
        Ok(())
    }

    fn document(&mut self, depth_max: usize) -> Scanned {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.blank();
            match self.peek() {
                bracket @ (b'{' | b'[') => {
                    if depth_max <= open.len() {
                        return Err(Some(JsonFlaw::TooDeep { depth_max }));
                    }
                    self.at += 1;
                    if self.enter(bracket)? {
                        open.push(bracket);
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            if !self.leave(&mut open)? {
                break;
            }
        }
        if self.at < self.bytes.len() { Err(None) } else { Ok(()) }
    }

    /// After an opening bracket: true when a value follows, false when it is closed at once.
    fn enter(&mut self, bracket: u8) -> Scanned<bool> {
        self.blank();
        let close = if bracket == b'{' { b'}' } else { b']' };
        if self.peek() == close {
            self.at += 1;
            return Ok(false);
        }
        if bracket == b'{' {
            self.key()?;
        }
        Ok(true)
    }

    /// After a value: closes what ends here. True when another value follows.
    fn leave(&mut self, open: &mut Vec<u8>) -> Scanned<bool> {
        loop {
            self.blank();
            let Some(bracket) = open.last().copied() else { return Ok(false) };
            match (self.peek(), bracket) {
                (b',', b'{') => {
                    self.at += 1;
                    self.blank();
                    self.key()?;
                    return Ok(true);
                }
                (b',', _) => {
                    self.at += 1;
                    return Ok(true);
                }
                (b'}', b'{') | (b']', b'[') => {
                    self.at += 1;
                    open.pop();
                }
                _ => return Err(None),
            }
        }
    }

    fn key(&mut self) -> Scanned {
        self.string()?;
        self.blank();
        self.take(b':')
    }

    fn scalar(&mut self) -> Scanned {
        match self.peek() {
            b'"' => self.string(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Scanned {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(None);
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> Scanned {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(None) } else { Ok(()) }
    }

    fn number(&mut self) -> Scanned {
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn string(&mut self) -> Scanned {
        self.take(b'"')?;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain = plain(rest);
            if plain == rest.len() {
                return Err(None);
            }
            self.at += plain;
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape()?,
                _ => return Err(None),
            }
        }
    }

    fn escape(&mut self) -> Scanned {
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => self.unicode(),
            _ => Err(None),
        }
    }

    fn unicode(&mut self) -> Scanned {
        match self.code_unit()? {
            0xD800..=0xDBFF => {
                self.take(b'\\')?;
                let low = self.code_unit()?;
                if (0xDC00..=0xDFFF).contains(&low) { Ok(()) } else { Err(None) }
            }
            0xDC00..=0xDFFF => Err(None),
            _ => Ok(()),
        }
    }

    /// At `uXXXX`.
    fn code_unit(&mut self) -> Scanned<u32> {
        self.take(b'u')?;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.peek()).to_digit(16).ok_or(None)?;
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    const GOOD: [&str; 14] = [
        "{}",
        "[]",
        " null ",
        "true",
        "false",
        "-0",
        "0.5e-3",
        "1e400",
        r#""""#,
        r#""\u00e9\n\\\/""#,
        r#""\ud83d\ude00""#,
        r#"{"a":[1,{"b":"c"},[]],"a":{}}"#,
        "[[],[{}],\t-1.0E+2 ]",
        "\"äöü\"",
    ];
    const BAD: [&str; 33] = [
        "",
        " ",
        "{",
        "[",
        "]",
        "{]",
        "[}",
        "{,}",
        "[,]",
        "[1,]",
        r#"{"a":1,}"#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        "{1:2}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "nul",
        "truex",
        "1 2",
        "\"",
        "\"\n\"",
        r#""\x""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\ude00\ud83d""#,
        r#""\ud800\u0041""#,
        "[1 2]",
        "{\"a\" 1}",
        "\u{0}",
    ];

    #[test]
    fn tells_good_from_bad() {
        GOOD.iter().for_each(|text| assert_eq!(check(text, 8), Ok(()), "{text}"));
        BAD.iter().for_each(|text| assert!(matches!(check(text, 8), Err(JsonFlaw::Syntax { .. })), "{text}"));
    }

    /// P3: depth is bounded, and a hostile depth costs nothing.
    #[test]
    fn bounds_the_depth() {
        assert_eq!(check("[[]]", 2), Ok(()));
        assert_eq!(check("[[]]", 1), Err(JsonFlaw::TooDeep { depth_max: 1 }));
        assert_eq!(check("1", 0), Ok(()));
        assert_eq!(check(&"[".repeat(1_000_000), 64), Err(JsonFlaw::TooDeep { depth_max: 64 }));
    }

    #[test]
    fn knows_objects() {
        assert!(is_object(" \n{}") && !is_object("[]") && !is_object("\"{\""));
    }

    proptest! {
        /// Eight at a time finds what one at a time finds.
        #[test]
        fn finds_what_ends_a_string(bytes in prop::collection::vec(prop_oneof![9 => 0x20..=0xffu8, 1 => any::<u8>()], 0..60)) {
            let one_by_one = bytes.iter().take_while(|b| **b != b'"' && **b != b'\\' && b' ' <= **b).count();
            prop_assert_eq!(plain(&bytes), one_by_one);
        }

        /// The same texts pass as with the JSON reader of the rest of the host, lone surrogates aside.
        #[test]
        fn agrees_with_serde(text in r#"[\[\]{}:, "a\\u0e1.t-]{0,12}"#) {
            prop_assume!(!text.contains("\\u"));
            prop_assert_eq!(check(&text, 99).is_ok(), serde_json::from_str::<Box<RawValue>>(&text).is_ok());
        }

        /// No text makes it panic.
        #[test]
        fn takes_anything(text in any::<String>()) {
            let _ = check(&text, 3);
        }
    }
}

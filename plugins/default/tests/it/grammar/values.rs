//! Values: JSON that looks like leads, and JSON that nobody would send.

use super::Draw;

/// Names that paths of the grammar point at, and some that are hard to point at.
pub const NAMES: [&str; 16] = [
    "email",
    "phone",
    "name",
    "First Name",
    "contact",
    "address",
    "custom",
    "tags",
    "list",
    "id",
    "x",
    "a",
    "is_test",
    "a.b",
    "",
    "inbound_x",
];

/// Texts that functions look at in a way of their own.
pub const TEXTS: [&str; 44] = [
    "",
    "a",
    " ",
    "a@b.example",
    "\"A B\" <A@B.Example>",
    "mailto:x+y@z.example?subject=1",
    "5125550142",
    "+44 20 7946 0958 ext. 12",
    "tel:+1-512-555-0142;ext=9",
    "03/04/2026",
    "31.12.1999",
    "2026-03-08T02:30:00",
    "2026-03-08T09:09:27.123456789+0000",
    "-9999-01-01",
    "1718447400000",
    "253402300800000",
    "$12,000.50",
    "(1,234)",
    "100-200",
    "10+",
    "12.5k",
    "1.234,56",
    "1e5",
    "-0",
    "999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    "California",
    "ca",
    "02139-1234",
    "Germany",
    "true",
    "no",
    "{\"a\":[1,{\"b\":null}]}",
    "[[[[[[[[1]]]]]]]]",
    "%41%zz%F0%9F%98%80",
    "YWJj",
    "<p>x &amp; &#x1F600; y</p><!-- -->",
    "Dr. Ludwig van der Beethoven-Smith, Jr.",
    "e\u{301}\u{1f600}\u{200d}\u{1f468}",
    "\u{0}\u{1b}\r\n\t\u{ffff}",
    "]]>",
    "İSTANBUL ß ŉ",
    "https://u:p@[::1]:99999/?q#f",
    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t",
];

const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "-0",
    "-1.50",
    "2.5",
    "1e400",
    "1e-400",
    "1e999999999999999999999",
    "-1E-999999999",
    "9007199254740993",
    "1718447400000",
    "99999999999999999999",
    "0.1",
    "18",
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890.5",
    "3.14159265358979323846264338327950288419716939937510",
];

/// A text.
pub fn text(draw: &mut Draw<'_>) -> String {
    match draw.count(7) {
        0 => draw.any_text(),
        1 => draw.word(&NAMES),
        2 => draw.one(&TEXTS).repeat(draw.count(40)),
        _ => draw.word(&TEXTS),
    }
}

/// A name of a member.
pub fn name(draw: &mut Draw<'_>) -> String {
    if draw.once_in(8) { text(draw) } else { draw.word(&NAMES) }
}

/// A text as JSON writes it.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Any JSON text, so many levels deep at most.
pub fn json(draw: &mut Draw<'_>, depth: usize) -> String {
    match draw.count(if depth == 0 { 4 } else { 8 }) {
        0 => "null".to_owned(),
        1 => draw.word(&["true", "false"]),
        2 => draw.word(&NUMBERS),
        3 | 4 => quoted(&text(draw)),
        5 | 6 => format!("[{}]", draw.several(5, |draw| json(draw, depth - 1)).join(",")),
        _ => {
            let member = |draw: &mut Draw<'_>| format!("{}:{}", quoted(&name(draw)), json(draw, depth - 1));
            format!("{{{}}}", draw.several(6, member).join(","))
        }
    }
}

/// The same as a value, for documents.
pub fn fixed(draw: &mut Draw<'_>) -> serde_json::Value {
    serde_json::from_str(&json(draw, 2)).unwrap_or_default()
}

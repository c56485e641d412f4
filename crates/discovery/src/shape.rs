//! What a text looks like, whatever its key is called.

use super::SHAPED_CHARS_MAX;
use super::dates;
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FieldShape)]
pub enum Shape {
    /// An e-mail address.
    Email,
    /// A phone number that is written like one.
    Phone,
    /// A day.
    Date,
    /// A day and a time.
    Moment,
    /// An IP address.
    Ip,
    /// An address of the web.
    Url,
    /// A UUID.
    Uuid,
    /// A postal code of nine digits.
    Zip,
    /// A street with a number.
    Street,
    /// Two capital letters: a state, a country.
    Code,
    /// Yes or no in some words.
    Flag,
    /// A number.
    Number,
    /// Any other text.
    Text,
}

const FLAGS: [&str; 8] = ["true", "false", "yes", "no", "y", "n", "on", "off"];

/// Words that end the name of a street.
const STREETS: [&str; 24] = [
    "st",
    "street",
    "ave",
    "avenue",
    "rd",
    "road",
    "blvd",
    "boulevard",
    "ln",
    "lane",
    "dr",
    "drive",
    "ct",
    "court",
    "way",
    "pl",
    "place",
    "ter",
    "terrace",
    "cir",
    "circle",
    "hwy",
    "highway",
    "pkwy",
];

impl Shape {
    /// What a text looks like, without the space around it.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if SHAPED_CHARS_MAX < text.len() {
            return Self::Text;
        }
        KNOWN.iter().find(|(_, fits)| fits(text)).map_or(Self::Text, |(shape, _)| *shape)
    }
}

type Fits = fn(&str) -> bool;

/// The first that fits is what a text looks like.
const KNOWN: [(Shape, Fits); 12] = [
    (Shape::Flag, is_flag),
    (Shape::Code, is_code),
    (Shape::Email, is_email),
    (Shape::Ip, is_ip),
    (Shape::Uuid, is_uuid),
    (Shape::Moment, dates::is_moment),
    (Shape::Date, |text| !dates::formats(text).is_empty()),
    (Shape::Zip, is_long_zip),
    (Shape::Phone, is_phone),
    (Shape::Number, is_number),
    (Shape::Url, is_url),
    (Shape::Street, is_street),
];

fn is_flag(text: &str) -> bool {
    FLAGS.iter().any(|flag| text.eq_ignore_ascii_case(flag))
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let in_domain = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    !local.is_empty()
        && !local.contains(|c: char| c.is_whitespace() || "<>()[],;:@".contains(c))
        && domain.chars().all(in_domain)
        && domain.rsplit_once('.').is_some_and(|(host, top)| !host.is_empty() && 1 < top.len())
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_long_zip(text: &str) -> bool {
    text.split_once('-').is_some_and(|(five, four)| is_digits(five, 5) && is_digits(four, 4))
}

fn is_digits(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Written like a phone number: with a plus, or with the marks that people put between groups. Bare digits are more often an id.
fn is_phone(text: &str) -> bool {
    let digits = digits(text);
    let marks = text.chars().filter(|c| " -.()".contains(*c)).count();
    could_be_phone(text) && ((text.starts_with('+') && 8 <= digits) || (2 <= marks && (10..=11).contains(&digits)))
}

/// Nothing speaks against a phone number where the key says that it is one.
pub(super) fn could_be_phone(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || " +-.()/x".contains(c);
    (7..=15).contains(&digits(text)) && text.trim().chars().all(fits) && !text.trim().starts_with('-')
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn is_street(text: &str) -> bool {
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let numbered = words.next().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let is_last = |word: &str| STREETS.contains(&word.trim_end_matches('.').to_ascii_lowercase().as_str());
    numbered && words.skip(1).any(is_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M11: an e-mail is an e-mail whatever its key, a date is known by its format, and bare digits are a number.
    #[test]
    fn m11_values_are_known_by_their_shape() {
        let table = [
            ("MARIA@Example.com", Shape::Email),
            (" a@b.example ", Shape::Email),
            ("a@b", Shape::Text),
            ("<m1@x.example>", Shape::Text),
            ("+15125550199", Shape::Phone),
            ("(555) 765-4321", Shape::Phone),
            ("512-555-0142", Shape::Phone),
            ("5125550100", Shape::Number),
            ("14905838062380228", Shape::Number),
            ("1990-05-15", Shape::Date),
            ("10/12/1976", Shape::Date),
            ("31.12.2026", Shape::Date),
            ("2026-03-08T09:09:27+0000", Shape::Moment),
            ("2026-02-26T12:30:00Z", Shape::Moment),
            ("192.168.100.200", Shape::Ip),
            ("2001:db8::1", Shape::Ip),
            ("0a0b0c0d-0000-4000-8000-000000000001", Shape::Uuid),
            ("02139-1234", Shape::Zip),
            ("123 Main St", Shape::Street),
            ("12 N. Elm Avenue, Apt 4", Shape::Street),
            ("12 of them", Shape::Text),
            ("CA", Shape::Code),
            ("Yes", Shape::Flag),
            ("-12.5", Shape::Number),
            ("$12,000", Shape::Text),
            ("https://x.example/?a=b", Shape::Url),
            ("Jane", Shape::Text),
            ("", Shape::Text),
        ];
        for (text, expected) in table {
            assert_eq!(Shape::of(text), expected, "{text}");
        }
    }
}

//! Whether a text is a well-formed value of a kind: of its form, never of what exists.

use std::net::{IpAddr, Ipv6Addr};

use hookmill_json::CanonicalNumber;

use crate::functions::hidden::has_hidden;
use crate::functions::{normalize_email, phone, place};
use crate::moment::is_moment;
use crate::plan::Kind;

/// Bytes of a URL; a longer one is none.
const URL_BYTES_MAX: usize = 2048;

/// Whether a text is one of this kind. White space around it does not matter, as everywhere in leads; characters that nobody sees are of none,
/// for they would be sent as they are.
pub fn is_valid(kind: Kind, text: &str, phone_region: &str) -> bool {
    let text = text.trim();
    if has_hidden(text) {
        return false;
    }
    match kind {
        Kind::Email => normalize_email(text).is_ok(),
        Kind::Phone => phone::is_assignable(text, phone_region),
        Kind::Date => is_moment(text),
        Kind::Url => is_url(text),
        Kind::Ip => text.parse::<IpAddr>().is_ok(),
        Kind::Zip => is_zip(text),
        Kind::State => place::is_state(text),
        Kind::Country => place::is_country(text),
        Kind::Number => CanonicalNumber::parse(text).is_some(),
        Kind::Uuid => is_uuid(text),
    }
}

/// `12345`, `12345-6789`, `123456789`, `K1A 0B1`, `K1A0B1`.
fn is_zip(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('-') {
        Some((five, four)) => five.len() == 5 && four.len() == 4 && digits(five) && digits(four),
        None => matches!(text.len(), 5 | 9) && digits(text) || is_canadian(text),
    }
}

fn is_canadian(text: &str) -> bool {
    let (first, last) = text.split_at_checked(3).unwrap_or_default();
    place::is_canadian_code(&format!("{first}{}", last.strip_prefix(' ').unwrap_or(last)))
}

fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let known = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c);
    if !known || text.len() > URL_BYTES_MAX || text.chars().any(is_odd) {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = host_and_port_of(host_and_port);
    is_host(host) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn host_and_port_of(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let inner = label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        !label.is_empty() && label.len() <= 63 && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn m7_each_kind_knows_its_own() {
        for (kind, good, bad) in [
            (Kind::Email, &["a@b.example"][..], &["a", "a@b"][..]),
            (Kind::Phone, &["512-555-0142"], &["12", "5551234567"]),
            (Kind::Date, &["2024-02-29", "2024-06-15T10:00:00Z"], &["2023-02-29", "06/15/2024", "2024"]),
            (
                Kind::Url,
                &[
                    "https://x.example",
                    "HTTP://a.b:8080/p?q#f",
                    "https://[::1]/",
                    "http://u:p@h",
                    "https://münchen.example",
                ],
                &[
                    "x.example",
                    "ftp://x.example",
                    "https://",
                    "https:///p",
                    "https://a b",
                    "http://a:0",
                    "http://a:x",
                    "https://-a.b",
                    "javascript:alert(1)",
                ],
            ),
            (Kind::Ip, &["203.0.113.9", "::1", "2001:db8::1"], &["256.1.1.1", "1.2.3", "1.2.3.4:80", "01.2.3.4"]),
            (
                Kind::Zip,
                &["02139", "78701-1234", "787011234", "K1A 0B1", "k1a0b1"],
                &["2139", "7870a", "78701-12", "D1A 0B1", "K1A  0B1", "é1234"],
            ),
            (Kind::State, &["CA", "tx", "New York", "Ontario", "DC"], &["XX", "Bavaria", "C"]),
            (Kind::Country, &["US", "deu", "Germany"], &["XX", "U", "Atlantis"]),
            (Kind::Number, &["1", "-1.50", "1e400", " 7 "], &["", "$1", "1,000", "0x1", "NaN"]),
            (
                Kind::Uuid,
                &["123E4567-e89b-12d3-a456-426614174000"],
                &["123e4567e89b12d3a456426614174000", "g23e4567-e89b-12d3-a456-426614174000"],
            ),
        ] {
            for text in good {
                assert!(is_valid(kind, text, "US"), "{text} is not a valid {}", kind.name());
            }
            for text in bad {
                assert!(!is_valid(kind, text, "US"), "{text} is a {}", kind.name());
            }
            assert!(good.iter().all(|text| !is_valid(kind, &format!("{text}\u{200b}"), "US")));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_checked(text: String, odd in "[0-9a-zA-Z:/@.\\[\\]\u{e9} -]{0,20}") {
            for (_, kind) in Kind::ALL {
                let _ = (is_valid(kind, &text, "US"), is_valid(kind, &odd, ""));
            }
        }
    }
}

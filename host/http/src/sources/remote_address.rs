//! Where a source is: the other end of its connection, or behind a trusted proxy what that proxy says of it.

use axum::http::{HeaderMap, HeaderName};
use hookmill_domain::config::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Each proxy adds the address that it was called from at the end.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The last address that a trusted proxy vouches for. Who is not trusted could have written anything, so that what stands before an
/// untrusted address is not looked at, nor what stands before something that is not an address.
pub(super) fn remote_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut named = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).map(address);
    let mut vouched = peer;
    while let Some(Some(address)) = named.next() {
        vouched = address;
        if !is_trusted(&address) {
            break;
        }
    }
    vouched
}

/// An address as proxies write it, with or without a port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I10: peer, headers, and the address that is stored; 10.0.0.0/8 and fd00::/8 are trusted.
    #[test]
    fn i10_the_address_is_what_a_trusted_proxy_says() {
        let table: [(&str, &[&str], &str); 24] = [
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            // What the source itself wrote stands first.
            ("10.0.0.1", &["192.0.2.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["10.9.9.9, 198.51.100.1"], "198.51.100.1"),
            // Through several proxies.
            ("10.0.0.1", &["192.0.2.1, 198.51.100.1, 10.0.0.2,10.0.0.3"], "198.51.100.1"),
            ("10.0.0.1", &["192.0.2.1", "198.51.100.1, 10.0.0.2", "10.0.0.3"], "198.51.100.1"),
            // From within.
            ("10.0.0.1", &["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
            ("10.0.0.1", &["10.0.0.1, 10.0.0.1"], "10.0.0.1"),
            // As it is written.
            ("10.0.0.1", &["198.51.100.1:52012"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::7]:52012"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["\t198.51.100.1 "], "198.51.100.1"),
            // Nonsense, and what stands before it.
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, 10.0.0.2x, 10.0.0.3"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.1,"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1", "\u{e9}"], "10.0.0.1"),
            ("10.0.0.1", &["999.1.1.1"], "10.0.0.1"),
        ];
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        for (peer, lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.as_bytes().try_into().unwrap());
            }
            let found = remote_address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found.to_string(), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn i10_without_trusted_proxies_the_header_means_nothing() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, "198.51.100.1".parse().unwrap());
        assert_eq!(remote_address("10.0.0.1".parse().unwrap(), &headers, &[]).to_string(), "10.0.0.1");
    }
}

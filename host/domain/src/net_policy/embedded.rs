//! IPv4 addresses in IPv6 spellings.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The IPv4 addresses inside an IPv6 address.
pub(super) enum EmbeddedIpv4 {
    /// None.
    None,
    /// It is another spelling of this one.
    Address(Ipv4Addr),
    /// The server and the client of a Teredo tunnel.
    Teredo([Ipv4Addr; 2]),
    /// Its last part is one (ISATAP); the network in front counts too.
    Tail(Ipv4Addr),
}

impl EmbeddedIpv4 {
    /// All of them.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        let pair = match *self {
            Self::None => [None, None],
            Self::Address(ip) | Self::Tail(ip) => [Some(ip), None],
            Self::Teredo([server, client]) => [Some(server), Some(client)],
        };
        pair.into_iter().flatten()
    }
}

/// The IPv4 addresses inside this one, by every scheme that puts them there.
pub(super) fn embedded_ipv4(ip: Ipv6Addr) -> EmbeddedIpv4 {
    let s = ip.segments();
    let tail = to_ipv4(s[6], s[7]);
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => EmbeddedIpv4::None, // :: and ::1 are IPv6's own
        [0, 0, 0, 0, 0, 0, _, _] => EmbeddedIpv4::Address(tail), // ::a.b.c.d, compatible
        [0, 0, 0, 0, 0, 0xffff, _, _] => EmbeddedIpv4::Address(tail), // ::ffff:a.b.c.d, mapped
        [0, 0, 0, 0, 0xffff, 0, _, _] => EmbeddedIpv4::Address(tail), // ::ffff:0:a.b.c.d, translated
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => EmbeddedIpv4::Address(tail), // 64:ff9b::a.b.c.d, NAT64
        [0x2002, high, low, ..] => EmbeddedIpv4::Address(to_ipv4(high, low)), // 2002:a.b.c.d::, 6to4
        [0x2001, 0, high, low, ..] => EmbeddedIpv4::Teredo([to_ipv4(high, low), to_ipv4(!s[6], !s[7])]),
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => EmbeddedIpv4::Tail(tail), // ISATAP
        _ => EmbeddedIpv4::None,
    }
}

fn to_ipv4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

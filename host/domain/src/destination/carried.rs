//! IPv4 addresses in IPv6 spellings.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The IPv4 addresses inside an IPv6 address.
pub(super) enum Carried {
    /// None.
    Nothing,
    /// It is another spelling of this one.
    Whole(Ipv4Addr),
    /// The server and the client of a Teredo tunnel.
    Teredo([Ipv4Addr; 2]),
    /// Its last part is one (ISATAP); the network in front counts too.
    Tail(Ipv4Addr),
}

impl Carried {
    /// All of them.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        let pair = match *self {
            Self::Nothing => [None, None],
            Self::Whole(ip) | Self::Tail(ip) => [Some(ip), None],
            Self::Teredo([server, client]) => [Some(server), Some(client)],
        };
        pair.into_iter().flatten()
    }
}

/// The IPv4 addresses inside this one, by every scheme that puts them there.
pub(super) fn carried_v4(ip: Ipv6Addr) -> Carried {
    let s = ip.segments();
    let tail = to_ipv4(s[6], s[7]);
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Carried::Nothing, // :: and ::1 are IPv6's own
        [0, 0, 0, 0, 0, 0, _, _] => Carried::Whole(tail), // ::a.b.c.d, compatible
        [0, 0, 0, 0, 0, 0xffff, _, _] => Carried::Whole(tail), // ::ffff:a.b.c.d, mapped
        [0, 0, 0, 0, 0xffff, 0, _, _] => Carried::Whole(tail), // ::ffff:0:a.b.c.d, translated
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Carried::Whole(tail), // 64:ff9b::a.b.c.d, NAT64
        [0x2002, high, low, ..] => Carried::Whole(to_ipv4(high, low)), // 2002:a.b.c.d::, 6to4
        [0x2001, 0, high, low, ..] => Carried::Teredo([to_ipv4(high, low), to_ipv4(!s[6], !s[7])]),
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => Carried::Tail(tail), // ISATAP
        _ => Carried::Nothing,
    }
}

fn to_ipv4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

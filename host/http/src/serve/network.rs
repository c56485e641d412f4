//! Where a connection comes from, as far as the bound for each address is concerned.

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, or an IPv6 network of 64 bits: whoever has one address of it has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    /// The network of an address. An IPv4 address is one however it is written.
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_an_address_is_one_however_it_is_written() {
        let table = [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("2001:db8::1", "2001:db8::ffff:0:0:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ];
        for (one, other, expected) in table {
            let [first, second] = [one, other].map(|text| Network::of(text.parse().unwrap()));
            assert_eq!(first == second, expected, "{one} {other}");
        }
    }
}

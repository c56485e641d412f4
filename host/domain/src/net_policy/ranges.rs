//! The ranges that are blocked, as tables after the special-purpose registries of IANA, and the metadata services of clouds.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::BlockReason;

/// The range an IPv4 address lies in, if it is one of those that are blocked.
pub(super) fn blocked_range_v4(ip: Ipv4Addr) -> Option<BlockReason> {
    V4.iter().find(|(range, _)| range.contains(&ip)).map(|(_, reason)| *reason)
}

/// The same for an IPv6 address that carries no other.
pub(super) fn blocked_range_v6(ip: Ipv6Addr) -> Option<BlockReason> {
    let listed = V6.iter().find(|(range, _)| range.contains(&ip)).map(|(_, reason)| *reason);
    listed.or((!GLOBAL_UNICAST.contains(&ip)).then_some(BlockReason::Reserved))
}

/// The range that all of this one lies in, if it is one of those that are blocked.
pub(super) fn range_around(range: IpNet) -> Option<BlockReason> {
    match range {
        IpNet::V4(range) => V4.iter().find(|(listed, _)| listed.contains(&range)).map(|(_, reason)| *reason),
        IpNet::V6(range) => V6.iter().find(|(listed, _)| listed.contains(&range)).map(|(_, reason)| *reason),
    }
}

/// Every range that is blocked for a reason of its own.
pub(super) fn listed_ranges() -> impl Iterator<Item = (IpNet, BlockReason)> {
    let v4 = V4.iter().map(|(range, reason)| (IpNet::V4(*range), *reason));
    v4.chain(V6.iter().map(|(range, reason)| (IpNet::V6(*range), *reason)))
}

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}

/// The first range that contains an address decides, so smaller ranges come before larger ones.
const V4: &[(Ipv4Net, BlockReason)] = &[
    (v4([169, 254, 169, 254], 32), BlockReason::Metadata), // nearly every cloud
    (v4([169, 254, 170, 2], 32), BlockReason::Metadata),   // AWS, containers
    (v4([169, 254, 170, 23], 32), BlockReason::Metadata),  // AWS, pods
    (v4([100, 100, 100, 200], 32), BlockReason::Metadata), // Alibaba
    (v4([168, 63, 129, 16], 32), BlockReason::Metadata),   // Azure, a public address
    (v4([192, 0, 0, 192], 32), BlockReason::Metadata),     // Oracle
    (v4([0, 0, 0, 0], 8), BlockReason::Unspecified),
    (v4([127, 0, 0, 0], 8), BlockReason::Loopback),
    (v4([10, 0, 0, 0], 8), BlockReason::Private),
    (v4([172, 16, 0, 0], 12), BlockReason::Private),
    (v4([192, 168, 0, 0], 16), BlockReason::Private),
    (v4([100, 64, 0, 0], 10), BlockReason::CarrierGrade),
    (v4([169, 254, 0, 0], 16), BlockReason::LinkLocal),
    (v4([192, 0, 0, 0], 24), BlockReason::Reserved), // protocol assignments
    (v4([192, 0, 2, 0], 24), BlockReason::Documentation),
    (v4([198, 51, 100, 0], 24), BlockReason::Documentation),
    (v4([203, 0, 113, 0], 24), BlockReason::Documentation),
    (v4([192, 88, 99, 0], 24), BlockReason::Reserved), // relays of 6to4, retired
    (v4([198, 18, 0, 0], 15), BlockReason::Benchmarking),
    (v4([224, 0, 0, 0], 4), BlockReason::Multicast),
    (v4([255, 255, 255, 255], 32), BlockReason::Broadcast),
    (v4([240, 0, 0, 0], 4), BlockReason::Reserved),
];

/// As `V4`. What lies outside `GLOBAL_UNICAST` is reserved without being listed.
const V6: &[(Ipv6Net, BlockReason)] = &[
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), BlockReason::Metadata), // AWS, machines (::254) and pods (::23)
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), BlockReason::Metadata), // Google
    (v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), BlockReason::Metadata), // Scaleway
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), BlockReason::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), BlockReason::Loopback),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), BlockReason::LocalTranslation),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), BlockReason::Benchmarking),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), BlockReason::Documentation),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), BlockReason::Documentation),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), BlockReason::Reserved), // protocol assignments
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), BlockReason::UniqueLocal),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), BlockReason::UniqueLocal),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), BlockReason::LinkLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), BlockReason::Multicast),
];

/// The only part of IPv6 that has been given out for the internet.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

#[cfg(test)]
mod tests {
    use super::super::block_reason;
    use super::*;

    fn check(ip: &str) -> Option<BlockReason> {
        block_reason(ip.parse().expect("an address"), &[])
    }

    /// W8: one address from each end of every range, and the public neighbours on either side.
    #[test]
    fn w8_ipv4_ranges() {
        use BlockReason::{
            Benchmarking, Broadcast, CarrierGrade, Documentation, LinkLocal, Loopback, Metadata, Multicast, Private,
            Reserved, Unspecified,
        };
        let table = [
            ("0.0.0.0", Some(Unspecified)),
            ("0.255.255.255", Some(Unspecified)),
            ("1.0.0.0", None),
            ("9.255.255.255", None),
            ("10.0.0.0", Some(Private)),
            ("10.255.255.255", Some(Private)),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.0", Some(CarrierGrade)),
            ("100.127.255.255", Some(CarrierGrade)),
            ("100.100.100.200", Some(Metadata)),
            ("100.128.0.0", None),
            ("126.255.255.255", None),
            ("127.0.0.1", Some(Loopback)),
            ("127.255.255.254", Some(Loopback)),
            ("128.0.0.0", None),
            ("168.63.129.16", Some(Metadata)),
            ("168.63.129.17", None),
            ("169.253.255.255", None),
            ("169.254.0.0", Some(LinkLocal)),
            ("169.254.169.254", Some(Metadata)),
            ("169.254.170.2", Some(Metadata)),
            ("169.254.170.23", Some(Metadata)),
            ("169.254.255.255", Some(LinkLocal)),
            ("169.255.0.0", None),
            ("172.15.255.255", None),
            ("172.16.0.0", Some(Private)),
            ("172.31.255.255", Some(Private)),
            ("172.32.0.0", None),
            ("191.255.255.255", None),
            ("192.0.0.0", Some(Reserved)),
            ("192.0.0.192", Some(Metadata)),
            ("192.0.0.255", Some(Reserved)),
            ("192.0.1.0", None),
            ("192.0.2.1", Some(Documentation)),
            ("192.0.3.0", None),
            ("192.88.99.1", Some(Reserved)),
            ("192.88.100.0", None),
            ("192.167.255.255", None),
            ("192.168.0.0", Some(Private)),
            ("192.168.255.255", Some(Private)),
            ("192.169.0.0", None),
            ("198.17.255.255", None),
            ("198.18.0.0", Some(Benchmarking)),
            ("198.19.255.255", Some(Benchmarking)),
            ("198.20.0.0", None),
            ("198.51.100.7", Some(Documentation)),
            ("198.51.101.0", None),
            ("203.0.113.255", Some(Documentation)),
            ("203.0.114.0", None),
            ("223.255.255.255", None),
            ("224.0.0.1", Some(Multicast)),
            ("239.255.255.255", Some(Multicast)),
            ("240.0.0.0", Some(Reserved)),
            ("255.255.255.254", Some(Reserved)),
            ("255.255.255.255", Some(Broadcast)),
            ("8.8.8.8", None),
        ];
        for (ip, expected) in table {
            assert_eq!(check(ip), expected, "{ip}");
        }
    }

    /// W8: the ranges of IPv6 itself.
    #[test]
    fn w8_ipv6_ranges() {
        use BlockReason::{
            Benchmarking, Documentation, LinkLocal, LocalTranslation, Loopback, Metadata, Multicast, Reserved,
            UniqueLocal, Unspecified,
        };
        let table = [
            ("::", Some(Unspecified)),
            ("::1", Some(Loopback)),
            ("64:ff9b:1::1", Some(LocalTranslation)),
            ("64:ff9b:1:ffff::7f00:1", Some(LocalTranslation)),
            ("100::1", Some(Reserved)),
            ("1fff:ffff::", Some(Reserved)),
            ("2001:2::1", Some(Benchmarking)),
            ("2001:10::1", Some(Reserved)),
            ("2001:20::1", Some(Reserved)),
            ("2001:db8::1", Some(Documentation)),
            ("3fff::1", Some(Documentation)),
            ("3fff:0fff::1", Some(Documentation)),
            ("3fff:1000::1", None),
            ("4000::1", Some(Reserved)),
            ("5f00::1", Some(Reserved)),
            ("fbff::1", Some(Reserved)),
            ("fc00::1", Some(UniqueLocal)),
            ("fd00::1", Some(UniqueLocal)),
            ("fd00:ec2::254", Some(Metadata)),
            ("fd00:ec2::23", Some(Metadata)),
            ("fd20:ce::254", Some(Metadata)),
            ("fd00:42::42", Some(Metadata)),
            ("fdff::1", Some(UniqueLocal)),
            ("fe00::1", Some(Reserved)),
            ("fe80::1", Some(LinkLocal)),
            ("febf::1", Some(LinkLocal)),
            ("fec0::1", Some(UniqueLocal)),
            ("feff::1", Some(UniqueLocal)),
            ("ff02::1", Some(Multicast)),
            ("2606:4700:4700::1111", None),
            ("2a00:1450:4001:80b::200e", None),
            ("2001:4860:4860::8888", None),
        ];
        for (ip, expected) in table {
            assert_eq!(check(ip), expected, "{ip}");
        }
    }
}

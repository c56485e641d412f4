//! Which addresses may be dialled.
//!
//! The address guard's judgement, as tables: each range with its reason. An IPv6 address that stands for an IPv4 one is
//! unwrapped first and judged as that one, since that is the machine it reaches.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Schemes;

/// What an operator allows beyond the public internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Ranges that may be dialled although they are private. They lift only the reasons that `Reason::can_be_allowed` names.
    pub allowed: Vec<IpNet>,
    /// Whether this is a developer's machine: `http` and loopback addresses are then allowed.
    pub development: bool,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No address at all (`0.0.0.0/8`, `::`), which many systems take for themselves.
    Unspecified,
    /// This very machine.
    Loopback,
    /// A private network.
    Private,
    /// A network shared behind a carrier's translation (100.64.0.0/10).
    CarrierGrade,
    /// The local wire.
    LinkLocal,
    /// The metadata service of a cloud, which hands out credentials.
    Metadata,
    /// A group of machines.
    Multicast,
    /// All machines.
    Broadcast,
    /// A private network of IPv6 (unique local, or the older site-local).
    UniqueLocal,
    /// A range for examples in documents.
    Documentation,
    /// A range for measuring network gear.
    Benchmarking,
    /// A translation prefix that means something only on the local network (64:ff9b:1::/48).
    LocalTranslation,
    /// Not given out for use on the internet.
    Reserved,
}

impl AddressPolicy {
    /// Why this address must not be dialled under this policy; none when it may.
    pub fn refused(&self, ip: IpAddr) -> Option<Reason> {
        match refused(ip, &self.allowed)? {
            Reason::Loopback if self.development => None,
            reason => Some(reason),
        }
    }

    /// The URL schemes this policy takes.
    pub fn schemes(&self) -> Schemes {
        if self.development { Schemes::HttpToo } else { Schemes::HttpsOnly }
    }
}

impl Reason {
    /// Whether an operator's allowed range lifts it. Nothing lifts the others: they are never an endpoint, or they hand out
    /// credentials, and an operator who allows `0.0.0.0/0` does not mean those.
    pub fn can_be_allowed(self) -> bool {
        use Reason::{Benchmarking, CarrierGrade, Documentation, LocalTranslation, Loopback, Private, UniqueLocal};
        matches!(
            self,
            Loopback | Private | CarrierGrade | UniqueLocal | LocalTranslation | Documentation | Benchmarking
        )
    }

    /// The reason in words, to follow "it is".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::CarrierGrade => "an address of a carrier's shared network",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud's metadata service",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::UniqueLocal => "a private (unique local) address",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarking",
            Self::LocalTranslation => "an address of a local translation prefix",
            Self::Reserved => "a reserved address",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why this address must not be dialled; none when it may. `allowed` are the operator's ranges.
pub fn refused(ip: IpAddr, allowed: &[IpNet]) -> Option<Reason> {
    match ip {
        IpAddr::V4(ip) => refused_v4(ip, allowed),
        IpAddr::V6(ip) => refused_v6(ip, allowed),
    }
}

fn refused_v4(ip: Ipv4Addr, allowed: &[IpNet]) -> Option<Reason> {
    let (_, reason) = V4.iter().find(|(range, _)| range.contains(&ip))?;
    standing(*reason, ip.into(), allowed)
}

fn refused_v6(ip: Ipv6Addr, allowed: &[IpNet]) -> Option<Reason> {
    let carried = carried_v4(ip);
    if let Some(reason) = carried.addresses().find_map(|v4| refused_v4(v4, allowed)) {
        return Some(reason);
    }
    if matches!(carried, Carried::Whole(_) | Carried::Teredo(_)) {
        return None;
    }
    let listed = V6.iter().find(|(range, _)| range.contains(&ip)).map(|(_, reason)| *reason);
    let reason = listed.or((!GLOBAL_UNICAST.contains(&ip)).then_some(Reason::Reserved))?;
    standing(reason, ip.into(), allowed)
}

fn standing(reason: Reason, ip: IpAddr, allowed: &[IpNet]) -> Option<Reason> {
    let lifted = reason.can_be_allowed() && allowed.iter().any(|range| range.contains(&ip));
    (!lifted).then_some(reason)
}

/// The IPv4 addresses inside an IPv6 address.
enum Carried {
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
    fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        let pair = match *self {
            Self::Nothing => [None, None],
            Self::Whole(ip) | Self::Tail(ip) => [Some(ip), None],
            Self::Teredo([server, client]) => [Some(server), Some(client)],
        };
        pair.into_iter().flatten()
    }
}

fn carried_v4(ip: Ipv6Addr) -> Carried {
    let s = ip.segments();
    let tail = v4_of(s[6], s[7]);
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Carried::Nothing,             // :: and ::1 are IPv6's own
        [0, 0, 0, 0, 0, 0, _, _] => Carried::Whole(tail),             // ::a.b.c.d, compatible
        [0, 0, 0, 0, 0, 0xffff, _, _] => Carried::Whole(tail),        // ::ffff:a.b.c.d, mapped
        [0, 0, 0, 0, 0xffff, 0, _, _] => Carried::Whole(tail),        // ::ffff:0:a.b.c.d, translated
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Carried::Whole(tail),     // 64:ff9b::a.b.c.d, NAT64
        [0x2002, high, low, ..] => Carried::Whole(v4_of(high, low)),  // 2002:a.b.c.d::, 6to4
        [0x2001, 0, high, low, ..] => Carried::Teredo([v4_of(high, low), v4_of(!s[6], !s[7])]),
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => Carried::Tail(tail), // ISATAP
        _ => Carried::Nothing,
    }
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}

/// The first range that contains an address decides, so the narrow ones stand before the wide ones.
const V4: &[(Ipv4Net, Reason)] = &[
    (v4([169, 254, 169, 254], 32), Reason::Metadata), // nearly every cloud
    (v4([169, 254, 170, 2], 32), Reason::Metadata),   // AWS, containers
    (v4([169, 254, 170, 23], 32), Reason::Metadata),  // AWS, pods
    (v4([100, 100, 100, 200], 32), Reason::Metadata), // Alibaba
    (v4([168, 63, 129, 16], 32), Reason::Metadata),   // Azure, a public address
    (v4([192, 0, 0, 192], 32), Reason::Metadata),     // Oracle
    (v4([0, 0, 0, 0], 8), Reason::Unspecified),
    (v4([127, 0, 0, 0], 8), Reason::Loopback),
    (v4([10, 0, 0, 0], 8), Reason::Private),
    (v4([172, 16, 0, 0], 12), Reason::Private),
    (v4([192, 168, 0, 0], 16), Reason::Private),
    (v4([100, 64, 0, 0], 10), Reason::CarrierGrade),
    (v4([169, 254, 0, 0], 16), Reason::LinkLocal),
    (v4([192, 0, 0, 0], 24), Reason::Reserved), // protocol assignments
    (v4([192, 0, 2, 0], 24), Reason::Documentation),
    (v4([198, 51, 100, 0], 24), Reason::Documentation),
    (v4([203, 0, 113, 0], 24), Reason::Documentation),
    (v4([192, 88, 99, 0], 24), Reason::Reserved), // relays of 6to4, retired
    (v4([198, 18, 0, 0], 15), Reason::Benchmarking),
    (v4([224, 0, 0, 0], 4), Reason::Multicast),
    (v4([255, 255, 255, 255], 32), Reason::Broadcast),
    (v4([240, 0, 0, 0], 4), Reason::Reserved),
];

/// As `V4`. What lies outside `GLOBAL_UNICAST` is reserved without being listed.
const V6: &[(Ipv6Net, Reason)] = &[
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), Reason::Metadata), // AWS, machines (::254) and pods (::23)
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), Reason::Metadata), // Google
    (v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), Reason::Metadata), // Scaleway
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Reason::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Reason::Loopback),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Reason::LocalTranslation),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), Reason::Benchmarking),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Reason::Documentation),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Reason::Documentation),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Reason::Reserved), // protocol assignments
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Reason::UniqueLocal),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Reason::UniqueLocal),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Reason::LinkLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Reason::Multicast),
];

/// The only part of IPv6 that has been given out for the internet.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(ip: &str, allowed: &[&str]) -> Option<Reason> {
        let allowed = allowed.iter().map(|range| range.parse().expect("a range")).collect::<Vec<_>>();
        refused(ip.parse().expect("an address"), &allowed)
    }

    /// W8: one address from each end of every range, and the public neighbours on either side.
    #[test]
    fn w8_ipv4_ranges() {
        use Reason::{
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
            assert_eq!(judged(ip, &[]), expected, "{ip}");
        }
    }

    /// W8: the ranges of IPv6 itself.
    #[test]
    fn w8_ipv6_ranges() {
        use Reason::{
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
            assert_eq!(judged(ip, &[]), expected, "{ip}");
        }
    }

    /// W8: an IPv4 address is judged as itself in whatever IPv6 spelling it comes.
    #[test]
    fn w8_ipv4_within_ipv6() {
        use Reason::{LinkLocal, Loopback, Metadata, Private, Unspecified};
        let table = [
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::ffff:169.254.169.254", Some(Metadata)),
            ("::ffff:0.0.0.0", Some(Unspecified)),
            ("::ffff:8.8.8.8", None),
            ("::127.0.0.1", Some(Loopback)),
            ("::10.0.0.1", Some(Private)),
            ("::0.0.0.2", Some(Unspecified)),
            ("::8.8.8.8", None),
            ("::ffff:0:127.0.0.1", Some(Loopback)),
            ("::ffff:0:8.8.8.8", None),
            ("64:ff9b::127.0.0.1", Some(Loopback)),
            ("64:ff9b::a9fe:a9fe", Some(Metadata)),
            ("64:ff9b::8.8.8.8", None),
            ("2002:7f00:1::", Some(Loopback)),
            ("2002:a9fe:a9fe::1", Some(Metadata)),
            ("2002:c0a8:101:1::1", Some(Private)),
            ("2002:808:808::1", None),
            ("2001:0:7f00:1::f7f7:f7f7", Some(Loopback)),     // the server of the tunnel
            ("2001:0:808:808::80ff:fffe", Some(Loopback)),    // its client, with the bits turned
            ("2001:0:808:808::f7f7:f7f7", None),
            ("2606:4700::5efe:10.0.0.1", Some(Private)),
            ("2606:4700::200:5efe:127.0.0.1", Some(Loopback)),
            ("2606:4700::5efe:8.8.8.8", None),
            ("fe80::5efe:8.8.8.8", Some(LinkLocal)),
        ];
        for (ip, expected) in table {
            assert_eq!(judged(ip, &[]), expected, "{ip}");
        }
    }

    /// W8: an operator may allow named private ranges, and those alone; metadata stays refused.
    #[test]
    fn w8_allowed_ranges_lift_what_can_be_lifted() {
        let table = [
            ("10.1.2.3", &["10.1.0.0/16"][..], None),
            ("10.2.2.3", &["10.1.0.0/16"], Some(Reason::Private)),
            ("::ffff:10.1.2.3", &["10.1.0.0/16"], None),
            ("64:ff9b::10.1.2.3", &["10.1.0.0/16"], None),
            ("127.0.0.1", &["127.0.0.1/32"], None),
            ("::1", &["::1/128"], None),
            ("fd12::1", &["fd12::/16"], None),
            ("fd13::1", &["fd12::/16"], Some(Reason::UniqueLocal)),
            ("169.254.169.254", &["169.254.169.254/32", "0.0.0.0/0"], Some(Reason::Metadata)),
            ("100.100.100.200", &["100.64.0.0/10"], Some(Reason::Metadata)),
            ("fd00:ec2::254", &["::/0"], Some(Reason::Metadata)),
            ("169.254.1.1", &["0.0.0.0/0"], Some(Reason::LinkLocal)),
            ("0.0.0.0", &["0.0.0.0/0"], Some(Reason::Unspecified)),
            ("224.0.0.1", &["0.0.0.0/0"], Some(Reason::Multicast)),
            ("255.255.255.255", &["0.0.0.0/0"], Some(Reason::Broadcast)),
        ];
        for (ip, allowed, expected) in table {
            assert_eq!(judged(ip, allowed), expected, "{ip} {allowed:?}");
        }
    }

    /// W8: the development flag adds loopback, in every spelling, and nothing else.
    #[test]
    fn w8_development_adds_loopback_only() {
        let policy = AddressPolicy { allowed: Vec::new(), development: true };
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(policy.refused(ip.parse().expect("an address")), None, "{ip}");
            assert!(AddressPolicy::default().refused(ip.parse().expect("an address")).is_some(), "{ip}");
        }
        for ip in ["10.0.0.1", "169.254.169.254", "0.0.0.0", "fd00::1"] {
            assert!(policy.refused(ip.parse().expect("an address")).is_some(), "{ip}");
        }
    }

    proptest! {
        /// W8: every spelling of an IPv4 address as a whole has the verdict of the address itself.
        #[test]
        fn w8_every_spelling_is_judged_alike(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            let [a, b, c, d] = ip.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let plain = refused(ip.into(), &[]);
            let spellings = [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 1, 2, 3, 4, 5),
                Ipv6Addr::new(0x2001, 0, 0x808, 0x808, 0, 0, !high, !low),
                Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !0x808, !0x808),
            ];
            for spelling in spellings {
                prop_assert_eq!(refused(spelling.into(), &[]), plain, "{}", spelling);
            }
        }

        /// W8: nothing the standard library calls private, local or multicast passes.
        #[test]
        fn w8_agrees_with_the_standard_library(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            let inner = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
                || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified();
            prop_assert!(!inner || refused(ip.into(), &[]).is_some(), "{}", ip);
        }
    }
}

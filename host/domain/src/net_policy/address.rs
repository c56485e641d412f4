//! Which addresses may be dialled.
//!
//! The rules of the address guard. An IPv6 address that stands for an IPv4 one is
//! unwrapped first and checked as that one, since that is the machine it reaches.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Schemes;
use super::allowed::AllowedRange;
use super::embedded::{EmbeddedIpv4, embedded_ipv4};
use super::ranges::{blocked_range_v4, blocked_range_v6};

/// What an operator allows beyond the public internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Ranges that may be dialled although they are private. They lift only the reasons that `BlockReason::can_be_allowed` names.
    pub allowed: Vec<AllowedRange>,
    /// Whether this is a developer's machine: `http` and loopback addresses are then allowed.
    pub development: bool,
}

/// Why an address is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockReason {
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
    pub fn block_reason(&self, ip: IpAddr) -> Option<BlockReason> {
        match block_reason(ip, &self.allowed)? {
            BlockReason::Loopback if self.development => None,
            reason => Some(reason),
        }
    }

    /// The URL schemes this policy takes.
    pub fn schemes(&self) -> Schemes {
        if self.development { Schemes::HttpToo } else { Schemes::HttpsOnly }
    }
}

impl BlockReason {
    /// Whether an operator's allowed range lifts it. Nothing lifts the others: they are never an endpoint, or they hand out
    /// credentials.
    pub fn can_be_allowed(self) -> bool {
        use BlockReason::{
            Benchmarking, CarrierGrade, Documentation, LocalTranslation, Loopback, Private, UniqueLocal,
        };
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

impl fmt::Display for BlockReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why this address must not be dialled; none when it may. `allowed` are the operator's ranges.
pub fn block_reason(ip: IpAddr, allowed: &[AllowedRange]) -> Option<BlockReason> {
    match ip {
        IpAddr::V4(ip) => blocked_v4(ip, allowed),
        IpAddr::V6(ip) => blocked_v6(ip, allowed),
    }
}

fn blocked_v4(ip: Ipv4Addr, allowed: &[AllowedRange]) -> Option<BlockReason> {
    unless_allowed(blocked_range_v4(ip)?, ip.into(), allowed)
}

fn blocked_v6(ip: Ipv6Addr, allowed: &[AllowedRange]) -> Option<BlockReason> {
    let embedded = embedded_ipv4(ip);
    if let Some(reason) = embedded.addresses().find_map(|v4| blocked_v4(v4, allowed)) {
        return Some(reason);
    }
    if matches!(embedded, EmbeddedIpv4::Address(_) | EmbeddedIpv4::Teredo(_)) {
        return None;
    }
    unless_allowed(blocked_range_v6(ip)?, ip.into(), allowed)
}

fn unless_allowed(reason: BlockReason, ip: IpAddr, allowed: &[AllowedRange]) -> Option<BlockReason> {
    let lifted = reason.can_be_allowed() && allowed.iter().any(|range| range.contains(ip));
    (!lifted).then_some(reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(ip: &str, allowed: &[&str]) -> Option<BlockReason> {
        let allowed = allowed.iter().map(|range| range.parse().expect("a range")).collect::<Vec<_>>();
        block_reason(ip.parse().expect("an address"), &allowed)
    }

    /// W8: an IPv4 address is checked as itself in whatever IPv6 spelling it comes.
    #[test]
    fn w8_ipv4_within_ipv6() {
        use BlockReason::{LinkLocal, Loopback, Metadata, Private, Unspecified};
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
            ("2001:0:7f00:1::f7f7:f7f7", Some(Loopback)), // the server of the tunnel
            ("2001:0:808:808::80ff:fffe", Some(Loopback)), // its client, with the bits turned
            ("2001:0:808:808::f7f7:f7f7", None),
            ("2606:4700::5efe:10.0.0.1", Some(Private)),
            ("2606:4700::200:5efe:127.0.0.1", Some(Loopback)),
            ("2606:4700::5efe:8.8.8.8", None),
            ("fe80::5efe:8.8.8.8", Some(LinkLocal)),
        ];
        for (ip, expected) in table {
            assert_eq!(check(ip, &[]), expected, "{ip}");
        }
    }

    /// W8: an operator may allow named private ranges, and those alone; metadata stays blocked.
    #[test]
    fn w8_allowed_ranges_lift_what_can_be_lifted() {
        let table = [
            ("10.1.2.3", &["10.1.0.0/16"][..], None),
            ("10.2.2.3", &["10.1.0.0/16"], Some(BlockReason::Private)),
            ("::ffff:10.1.2.3", &["10.1.0.0/16"], None),
            ("64:ff9b::10.1.2.3", &["10.1.0.0/16"], None),
            ("127.0.0.1", &["127.0.0.1/32"], None),
            ("::1", &["::1/128"], None),
            ("fd12::1", &["fd12::/16"], None),
            ("fd13::1", &["fd12::/16"], Some(BlockReason::UniqueLocal)),
            ("127.0.0.1", &["10.0.0.0/8"], Some(BlockReason::Loopback)),
            ("100.100.100.200", &["100.64.0.0/10"], Some(BlockReason::Metadata)),
            ("fd00:ec2::254", &["fd00::/8"], Some(BlockReason::Metadata)),
            ("fd00:ec3::254", &["fd00::/8"], None),
        ];
        for (ip, allowed, expected) in table {
            assert_eq!(check(ip, allowed), expected, "{ip} {allowed:?}");
        }
    }

    /// W8: the development flag adds loopback, in every spelling, and nothing else.
    #[test]
    fn w8_development_adds_loopback_only() {
        let policy = AddressPolicy { allowed: Vec::new(), development: true };
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(policy.block_reason(ip.parse().expect("an address")), None, "{ip}");
            assert!(AddressPolicy::default().block_reason(ip.parse().expect("an address")).is_some(), "{ip}");
        }
        for ip in ["10.0.0.1", "169.254.169.254", "0.0.0.0", "fd00::1"] {
            assert!(policy.block_reason(ip.parse().expect("an address")).is_some(), "{ip}");
        }
    }

    proptest! {
        /// W8: every spelling of an IPv4 address as a whole has the verdict of the address itself.
        #[test]
        fn w8_every_spelling_is_checked_alike(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            let [a, b, c, d] = ip.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let plain = block_reason(ip.into(), &[]);
            let spellings = [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 1, 2, 3, 4, 5),
                Ipv6Addr::new(0x2001, 0, 0x808, 0x808, 0, 0, !high, !low),
                Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !0x808, !0x808),
            ];
            for spelling in spellings {
                prop_assert_eq!(block_reason(spelling.into(), &[]), plain, "{}", spelling);
            }
        }

        /// W8: nothing the standard library calls private, local or multicast passes.
        #[test]
        fn w8_agrees_with_the_standard_library(bits: u32) {
            let ip = Ipv4Addr::from(bits);
            let inner = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
                || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified();
            prop_assert!(!inner || block_reason(ip.into(), &[]).is_some(), "{}", ip);
        }
    }
}

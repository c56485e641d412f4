//! Private ranges that an operator allows by name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::BlockReason;
use super::ranges::{listed_ranges, range_around};

/// A range that may be dialled although it is private. It lies within one private range, so that nothing else is allowed by accident:
/// not loopback by `0.0.0.0/0`, and never what hands out credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AllowedRange(IpNet);

impl AllowedRange {
    /// All that can be allowed.
    pub fn all() -> Vec<Self> {
        listed_ranges().filter(|(_, reason)| reason.can_be_allowed()).map(|(range, _)| Self(range)).collect()
    }

    /// Whether this address lies in it.
    pub fn contains(self, ip: IpAddr) -> bool {
        self.0.contains(&ip)
    }
}

impl FromStr for AllowedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = crate::config::parse_network(text)?;
        match range_around(range) {
            Some(reason) if reason.can_be_allowed() => Ok(Self(range)),
            Some(reason) => Err(format!("`{range}` can't be allowed: it is {reason}")),
            None => Err(format!(
                "`{range}` does not lie within one private range; name the part of a private network that is meant, such as 10.1.0.0/16"
            )),
        }
    }
}

impl fmt::Display for AllowedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl BlockReason {
    /// What an operator can do about it, to follow the message.
    pub fn hint(self) -> &'static str {
        if self.can_be_allowed() {
            "; an operator can allow its range with `host.allowed_private_ranges` (HOOKMILL_ALLOWED_PRIVATE_RANGES)"
        } else {
            ""
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W8: a range is allowed where all of it is private, and nothing of it is loopback unless it is named as that.
    #[test]
    fn w8_a_range_lies_within_one_private_range() {
        for good in [
            "10.1.0.0/16",
            "10.0.0.0/8",
            "192.168.7.9",
            "100.64.0.0/10",
            "127.0.0.1",
            "::1",
            "fd12:3456::/32",
            " 172.16.0.0/12 ",
        ] {
            assert!(AllowedRange::from_str(good).is_ok(), "{good}");
        }
        let table = [
            ("0.0.0.0/0", "does not lie within one private range"),
            ("10.0.0.0/7", "does not lie within one private range"),
            ("8.8.8.0/24", "does not lie within one private range"),
            ("::/0", "does not lie within one private range"),
            ("169.254.0.0/16", "it is a link-local address"),
            ("169.254.169.254", "it is a cloud's metadata service"),
            ("224.0.0.0/8", "it is a multicast address"),
            ("fe80::/10", "it is a link-local address"),
            ("intranet", "is not a network"),
        ];
        for (bad, expected) in table {
            let error = AllowedRange::from_str(bad).unwrap_err();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }
}

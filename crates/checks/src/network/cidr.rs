//! Blocks of addresses.

use std::net::IpAddr;

/// Addresses with a common beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    is_v4: bool,
    first: u128,
    length: u32,
}

impl Cidr {
    /// Reads `10.0.0.0/8`. Bits after the prefix do not matter. IPv4 that is written as a part of IPv6 is IPv4.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut length: u32 = length.parse().ok()?;
        let address: IpAddr = address.parse().ok()?;
        let (is_v4, bits, width) = match address {
            IpAddr::V4(address) => (true, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => match address.to_ipv4_mapped().filter(|_| length >= 96) {
                Some(mapped) => {
                    length -= 96;
                    (true, u128::from(u32::from(mapped)), 32)
                }
                None => (false, u128::from(address), 128),
            },
        };
        let host = width - length.min(width);
        let first = if host >= 128 { 0 } else { (bits >> host) << host };
        (length <= width).then_some(Self { is_v4, first, length })
    }

    /// Whether all of `other` lies within.
    pub(super) fn contains(self, other: Cidr) -> bool {
        let width: u32 = if self.is_v4 { 32 } else { 128 };
        let host = width - self.length;
        let start = |bits: u128| if host >= 128 { 0 } else { bits >> host };
        self.is_v4 == other.is_v4 && self.length <= other.length && start(self.first) == start(other.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(whole: &str, part: &str) -> bool {
        Cidr::parse(whole).unwrap().contains(Cidr::parse(part).unwrap())
    }

    #[test]
    fn blocks_contain_smaller_ones_of_their_family() {
        assert!(contains("0.0.0.0/0", "169.254.169.254/32") && contains("10.0.0.0/8", "10.255.0.0/16"));
        assert!(!contains("10.0.0.0/8", "11.0.0.0/8") && !contains("10.0.0.0/16", "10.0.0.0/8"));
        assert!(contains("::/0", "fd00:ec2::254/128") && !contains("::/0", "10.0.0.0/8"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.0.0/112"));
    }

    #[test]
    fn what_is_no_block_is_none() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0/8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "x/8",
            "::/129",
            "10.0.0.0/8 ",
        ] {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
    }
}

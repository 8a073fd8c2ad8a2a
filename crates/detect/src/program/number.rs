//! Constants of fields that are no texts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::condition::Comparison;

/// A network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                u32::from(network) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                u128::from(network) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }
}

/// Reads a decimal integer as `sscanf` does: blanks before it, one sign. An unsigned field takes a negative
/// number modulo 2^64.
pub(crate) fn parse_integer(text: &str, is_unsigned: bool) -> Result<i128, String> {
    let invalid = || format!("{text} is not a valid number");
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let magnitude: u64 = digits.parse().map_err(|_| invalid())?;
    let is_negative = trimmed.starts_with('-');
    if is_unsigned {
        let value = if is_negative { magnitude.wrapping_neg() } else { magnitude };
        return Ok(i128::from(value));
    }
    let value = if is_negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    i64::try_from(value).map(i128::from).map_err(|_| invalid())
}

pub(crate) fn parse_float(text: &str) -> Result<f64, String> {
    let float: f64 = text.trim_start().parse().map_err(|_| format!("{text} is not a valid number"))?;
    if float.is_finite() { Ok(float) } else { Err(format!("{text} is not a valid number")) }
}

pub(crate) fn parse_boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("filter error: unrecognized boolean value {text}")),
    }
}

/// A number, or the name of a service.
pub(crate) fn parse_port(text: &str) -> Result<i128, String> {
    if text.is_empty() {
        return Ok(0);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<u16>().map(i128::from).map_err(|_| format!("{text} is not a valid number"));
    }
    let named = SERVICES.iter().find(|(name, _)| *name == text);
    named.map(|(_, port)| i128::from(*port)).ok_or_else(|| format!("unrecognized protocol {text}"))
}

/// The services that rules name; `/etc/services` has more, but a rule must mean the same on every host.
const SERVICES: [(&str, u16); 26] = [
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("dns", 53),
    ("tftp", 69),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("imap2", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("syslog", 514),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("ms-sql-s", 1433),
    ("nfs", 2049),
    ("mysql", 3306),
    ("postgresql", 5432),
    ("http-alt", 8080),
];

pub(crate) fn parse_address(text: &str) -> Result<IpAddr, String> {
    if text.contains('.') && !text.contains(':') {
        let v4: Result<Ipv4Addr, _> = text.parse();
        return v4.map(IpAddr::V4).map_err(|_| format!("unrecognized IPv4 address {text}"));
    }
    let v6: Result<Ipv6Addr, _> = text.parse();
    v6.map(IpAddr::V6).map_err(|_| format!("unrecognized IPv6 address {text}"))
}

pub(crate) fn parse_network(text: &str) -> Result<Network, String> {
    let Some((address, mask)) = text.split_once('/') else {
        return Err(format!("unrecognized IP network {text}"));
    };
    let address: IpAddr = address.parse().map_err(|_| format!("unrecognized IP address {text}"))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    match mask.parse::<u8>() {
        Ok(bits) if bits <= longest => Ok(Network { address, bits }),
        _ => Err(format!("invalid netmask {mask}")),
    }
}

/// Compares numbers of any kind.
pub(crate) fn order<T: PartialOrd>(comparison: Comparison, left: &T, right: &T) -> bool {
    match comparison {
        Comparison::Eq | Comparison::In | Comparison::Intersects => left == right,
        Comparison::Ne => left != right,
        Comparison::Lt => left < right,
        Comparison::Le => left <= right,
        Comparison::Gt => left > right,
        Comparison::Ge => left >= right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_decimal() {
        assert_eq!(parse_integer("-1", true), Ok(i128::from(u64::MAX)));
        assert_eq!(parse_integer(" 7", false), Ok(7));
        for text in ["", "0x1f", "1.5", "7 ", "18446744073709551616"] {
            assert_eq!(parse_integer(text, true), Err(format!("{text} is not a valid number")), "{text}");
        }
        assert!(parse_integer("9223372036854775808", false).is_err());
    }

    #[test]
    fn networks_contain_their_addresses() {
        let network = parse_network("10.1.0.0/16").unwrap();
        assert!(network.contains("10.1.255.1".parse().unwrap()));
        assert!(!network.contains("10.2.0.1".parse().unwrap()));
        assert!(parse_network("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!(parse_network("fd00::/8").unwrap().contains("fd12::1".parse().unwrap()));
        assert_eq!(parse_network("10.0.0.0/33").unwrap_err(), "invalid netmask 33");
        assert_eq!(parse_network("10.0.0.0").unwrap_err(), "unrecognized IP network 10.0.0.0");
        assert_eq!(parse_address("known_good_ips").unwrap_err(), "unrecognized IPv6 address known_good_ips");
    }
}

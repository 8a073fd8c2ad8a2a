//! Protocols and ports as numbers on one line.
//!
//! | numbers | what |
//! |---|---|
//! | `0x0_0000..=0x0_FFFF` | TCP, by destination port |
//! | `0x1_0000..=0x1_FFFF` | UDP |
//! | `0x2_0000..=0x2_FFFF` | SCTP |
//! | `0x3_0000..=0x3_FFFF` | ICMP, by type × 256 + code |
//! | `0x4_0000..=0x4_FFFF` | ICMPv6 |
//! | `0x5_0000..` | every other protocol, by its number |
//!
//! Port 0 does not exist on the wire. It goes with port 1, so that `1-65535` is all of a protocol.

use std::fmt;

use crate::space::{ConnId, Line, Range, Space};

/// A transport protocol, or any other by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// ICMP for IPv4.
    Icmp,
    /// ICMP for IPv6.
    Icmpv6,
    /// By the number that IANA gave it.
    Other(u8),
}

/// First number of the protocols that have neither ports nor types.
const OTHER: u32 = 5 << 16;

impl Protocol {
    /// The protocols that Kubernetes' own policies know.
    pub const WITH_PORTS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

    /// Reads a name, in any case, or a number.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<u8>() {
            return Some(Self::from_number(number));
        }
        Some(match text.to_ascii_uppercase().as_str() {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            "ICMP" => Protocol::Icmp,
            "ICMPV6" => Protocol::Icmpv6,
            "UDPLITE" => Protocol::Other(136),
            _ => return None,
        })
    }

    /// The protocol with that IANA number.
    pub fn from_number(number: u8) -> Self {
        match number {
            6 => Protocol::Tcp,
            17 => Protocol::Udp,
            132 => Protocol::Sctp,
            1 => Protocol::Icmp,
            58 => Protocol::Icmpv6,
            other => Protocol::Other(other),
        }
    }

    /// Whether its packets have ports.
    pub fn has_ports(self) -> bool {
        matches!(self, Protocol::Tcp | Protocol::Udp | Protocol::Sctp)
    }

    fn base(self) -> u32 {
        match self {
            Protocol::Tcp => 0,
            Protocol::Udp => 1 << 16,
            Protocol::Sctp => 2 << 16,
            Protocol::Icmp => 3 << 16,
            Protocol::Icmpv6 => 4 << 16,
            Protocol::Other(number) => OTHER + u32::from(number),
        }
    }

    /// Every connection of the protocol.
    pub fn all(self) -> Range {
        match self {
            Protocol::Other(_) => (self.base(), self.base()),
            _ => (self.base(), self.base() + 0xFFFF),
        }
    }

    /// Its connections to a port.
    pub fn port(self, port: u16) -> u32 {
        self.base() + u32::from(port)
    }

    /// Its connections to the ports `first..=last`; all of a protocol without ports.
    pub fn ports(self, first: u16, last: u16) -> Range {
        match self {
            Protocol::Other(_) => self.all(),
            _ => {
                let first = if first <= 1 { 0 } else { u32::from(first) };
                (self.base() + first, self.base() + u32::from(last))
            }
        }
    }

    /// ICMP messages of a type, with all codes or one.
    pub fn icmp(self, kind: u8, code: Option<u8>) -> Range {
        let base = self.base() + u32::from(kind) * 256;
        code.map_or((base, base + 255), |code| (base + u32::from(code), base + u32::from(code)))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protocol::Tcp => f.write_str("TCP"),
            Protocol::Udp => f.write_str("UDP"),
            Protocol::Sctp => f.write_str("SCTP"),
            Protocol::Icmp => f.write_str("ICMP"),
            Protocol::Icmpv6 => f.write_str("ICMPv6"),
            Protocol::Other(136) => f.write_str("UDPLite"),
            Protocol::Other(number) => write!(f, "protocol {number}"),
        }
    }
}

/// Numbers for ports that are known by name only, because nothing that would declare them is known.
pub fn unresolved() -> Range {
    (6 << 16, (7 << 16) - 1)
}

/// TCP, UDP and SCTP: all that a NetworkPolicy speaks of.
pub fn with_ports() -> Range {
    (0, (3 << 16) - 1)
}

/// The ports of one protocol in a set, as ranges that begin at 1; conditions on other lines are ignored.
pub fn ports_of(space: &Space, set: ConnId, protocol: Protocol) -> Vec<(u16, u16)> {
    let (low, high) = protocol.all();
    let mut ports = Vec::new();
    for (first, last) in space.targets(set) {
        let (first, last) = (first.max(low), last.min(high));
        if first > last {
            continue;
        }
        let (Ok(first), Ok(last)) = (u16::try_from((first - low).max(1)), u16::try_from(last - low)) else {
            continue;
        };
        if first <= last {
            ports.push((first, last));
        }
    }
    ports
}

/// `80,443,8000-8080`.
pub fn ports_text(ports: &[(u16, u16)]) -> String {
    let mut text = String::new();
    for (first, last) in ports {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&first.to_string());
        if first != last {
            text.push('-');
            text.push_str(&last.to_string());
        }
    }
    text
}

/// What of the set goes over TCP, UDP and SCTP.
pub fn portful(space: &mut Space, set: ConnId) -> ConnId {
    let mask = space.ranges(Line::Target, &[with_ports()]);
    space.intersect(set, mask)
}

/// The TCP, UDP and SCTP part of a set for people: `All Connections`, `No Connections`, or `SCTP 1-65535,TCP 80,443`
/// with the protocols in alphabetical order.
pub fn text(space: &mut Space, set: ConnId) -> String {
    let mask = space.ranges(Line::Target, &[with_ports()]);
    let set = space.intersect(set, mask);
    if set == mask {
        return "All Connections".to_owned();
    }
    let mut parts = Vec::new();
    for protocol in [Protocol::Sctp, Protocol::Tcp, Protocol::Udp] {
        let ports = ports_of(space, set, protocol);
        if !ports.is_empty() {
            parts.push(format!("{protocol} {}", ports_text(&ports)));
        }
    }
    if parts.is_empty() { "No Connections".to_owned() } else { parts.join(",") }
}

/// The whole set for people who look at all protocols: as [`text`], with ICMP and others named.
pub fn full_text(space: &mut Space, set: ConnId) -> String {
    if set == ConnId::ALL {
        return "All Connections".to_owned();
    }
    if set.is_empty() {
        return "No Connections".to_owned();
    }
    let mut parts = Vec::new();
    for protocol in [Protocol::Sctp, Protocol::Tcp, Protocol::Udp] {
        let ports = ports_of(space, set, protocol);
        if !ports.is_empty() {
            parts.push(format!("{protocol} {}", ports_text(&ports)));
        }
    }
    for protocol in [Protocol::Icmp, Protocol::Icmpv6] {
        let (low, high) = protocol.all();
        let types: Vec<String> = space
            .targets(set)
            .into_iter()
            .map(|(first, last)| (first.max(low), last.min(high)))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| {
                let (first, last) = (first - low, last - low);
                if (first, last) == (0, 0xFFFF) {
                    String::new()
                } else if first % 256 == 0 && last % 256 == 255 {
                    let (from, to) = (first / 256, last / 256);
                    if from == to { format!(" type {from}") } else { format!(" type {from}-{to}") }
                } else {
                    format!(
                        " type {} code {} to type {} code {}",
                        first / 256,
                        first % 256,
                        last / 256,
                        last % 256
                    )
                }
            })
            .collect();
        if !types.is_empty() {
            parts.push(format!("{protocol}{}", types.join(",")));
        }
    }
    let others: Vec<Range> = space
        .targets(set)
        .into_iter()
        .map(|(first, last)| (first.max(OTHER), last.min(OTHER + 255)))
        .filter(|(first, last)| first <= last)
        .map(|(first, last)| (first - OTHER, last - OTHER))
        .collect();
    match others.as_slice() {
        [] => {}
        [(0, 255)] => parts.push("other protocols".to_owned()),
        some => {
            let numbers: Vec<String> = some
                .iter()
                .map(
                    |(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") },
                )
                .collect();
            parts.push(format!("protocols {}", numbers.join(",")));
        }
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ports_of_all_protocols_is_all_connections() {
        let mut space = Space::new();
        let set = Protocol::WITH_PORTS.iter().fold(ConnId::EMPTY, |set, protocol| {
            let part = space.ranges(Line::Target, &[protocol.ports(1, 65_535)]);
            space.union(set, part)
        });
        assert_eq!(text(&mut space, set), "All Connections");
        let web = space.ranges(Line::Target, &[Protocol::Tcp.ports(80, 80), Protocol::Udp.ports(1, 5)]);
        assert_eq!(text(&mut space, web), "TCP 80,UDP 1-5");
        assert_eq!(text(&mut space, ConnId::EMPTY), "No Connections");
    }
}

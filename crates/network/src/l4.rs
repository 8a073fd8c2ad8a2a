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

use crate::engine::Strings;
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
        ports.extend(ports_within(low, first, last));
    }
    ports
}

/// As [`ports_of`], without ports that are open on conditions only.
pub fn ports_without_condition(space: &Space, set: ConnId, protocol: Protocol) -> Vec<(u16, u16)> {
    let first = by_condition(space, set, protocol).into_iter().next();
    first.filter(|(child, _)| *child == ConnId::ALL).map(|(_, ports)| ports).unwrap_or_default()
}

/// Ports of a protocol whose numbers begin at `low`; 0 is none.
fn ports_within(low: u32, first: u32, last: u32) -> Option<(u16, u16)> {
    let (first, last) = (u16::try_from((first - low).max(1)).ok()?, u16::try_from(last - low).ok()?);
    (first <= last).then_some((first, last))
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

/// Connections to some ports that pass on conditions only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditional {
    /// `TCP 80,8080`.
    pub ports: String,
    /// For what they pass: requests and source ports, as [`Strings::conditions`] writes them.
    pub only: Vec<String>,
}

/// The ports of a protocol by what passes on them: everything, then what is limited.
fn by_condition(space: &Space, set: ConnId, protocol: Protocol) -> Vec<(ConnId, Vec<(u16, u16)>)> {
    let (low, high) = protocol.all();
    let mut found: Vec<(ConnId, Vec<(u16, u16)>)> = Vec::new();
    for ((first, last), child) in space.pieces(set, Line::Target) {
        let (first, last) = (first.max(low), last.min(high));
        if first > last {
            continue;
        }
        let ports = ports_within(low, first, last);
        match found.iter_mut().find(|(known, _)| *known == child) {
            Some((_, all)) => all.extend(ports),
            None => found.push((child, ports.into_iter().collect())),
        }
    }
    found.retain(|(_, ports)| !ports.is_empty());
    // The first is what passes without conditions.
    found.sort_by_key(|(child, _)| *child != ConnId::ALL);
    found
}

/// What of the set passes on conditions only, by protocol and ports.
pub fn conditional(space: &Space, strings: &Strings, set: ConnId) -> Vec<Conditional> {
    let mut found = Vec::new();
    for protocol in [Protocol::Sctp, Protocol::Tcp, Protocol::Udp] {
        for (child, ports) in by_condition(space, set, protocol) {
            if child != ConnId::ALL {
                let ports = format!("{protocol} {}", ports_text(&ports));
                found.push(Conditional { ports, only: strings.conditions(space, child) });
            }
        }
    }
    found
}

/// The TCP, UDP and SCTP part of a set for people: `All Connections`, `No Connections`, or `SCTP 1-65535,TCP 80,443`
/// with the protocols in alphabetical order. Ports that are open for some requests only have these in braces:
/// `TCP 80 {GET /v1/*}`.
pub fn text(space: &mut Space, strings: &Strings, set: ConnId) -> String {
    let mask = space.ranges(Line::Target, &[with_ports()]);
    let set = space.intersect(set, mask);
    if set == mask {
        return "All Connections".to_owned();
    }
    let mut parts = Vec::new();
    for protocol in [Protocol::Sctp, Protocol::Tcp, Protocol::Udp] {
        for (child, ports) in by_condition(space, set, protocol) {
            let ports = ports_text(&ports);
            parts.push(match child {
                ConnId::ALL => format!("{protocol} {ports}"),
                _ => format!("{protocol} {ports} {{{}}}", strings.conditions(space, child).join("; ")),
            });
        }
    }
    if parts.is_empty() { "No Connections".to_owned() } else { parts.join(",") }
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
        let strings = Strings::default();
        assert_eq!(text(&mut space, &strings, set), "All Connections");
        let web = space.ranges(Line::Target, &[Protocol::Tcp.ports(80, 80), Protocol::Udp.ports(1, 5)]);
        assert_eq!(text(&mut space, &strings, web), "TCP 80,UDP 1-5");
        assert_eq!(text(&mut space, &strings, ConnId::EMPTY), "No Connections");
    }
}

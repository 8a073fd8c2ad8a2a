//! Sets of IP addresses as sorted, disjoint ranges; IPv4 before IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The highest address as a number.
    pub fn last(self) -> u128 {
        match self {
            Family::V4 => u128::from(u32::MAX),
            Family::V6 => u128::MAX,
        }
    }
}

/// Addresses `first..=last` of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    /// IP version.
    pub family: Family,
    /// Lowest address.
    pub first: u128,
    /// Highest address.
    pub last: u128,
}

/// Why a text is no CIDR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// No address before the `/`, or none that is written as RFC 5952 or dotted decimal without leading zeros.
    #[error("`{0}` is no IP address")]
    Address(String),
    /// No prefix length that fits the address.
    #[error("`{0}` has no prefix length between 0 and {1}")]
    Length(String, u8),
    /// An address of IPv4 within IPv6: newer API servers refuse it, and plugins do not agree what it means.
    #[error("`{0}` is an IPv4 address in the form of IPv6: write it as IPv4")]
    Mapped(String),
}

fn number(address: IpAddr) -> (Family, u128) {
    match address {
        IpAddr::V4(address) => (Family::V4, u128::from(u32::from(address))),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => (Family::V4, u128::from(u32::from(mapped))),
            None => (Family::V6, u128::from(address)),
        },
    }
}

impl IpRange {
    /// All addresses of a family.
    pub fn all(family: Family) -> Self {
        Self { family, first: 0, last: family.last() }
    }

    /// One address.
    pub fn single(address: IpAddr) -> Self {
        let (family, number) = number(address);
        Self { family, first: number, last: number }
    }

    /// Reads `10.0.0.0/8`; bits after the prefix are ignored, as Kubernetes and the CNIs do. IPv4 that is written as a
    /// part of IPv6 (`::ffff:10.0.0.0/104`) is IPv4, as Go's `net.IPNet` has it.
    pub fn parse_cidr(text: &str) -> Result<Self, CidrError> {
        let Some((address, length)) = text.split_once('/') else {
            let bits = if text.contains(':') { 128 } else { 32 };
            return Err(CidrError::Length(text.to_owned(), bits));
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address(address.to_owned()))?;
        let bits = if address.is_ipv4() { 32u8 } else { 128 };
        let wrong = || CidrError::Length(text.to_owned(), bits);
        if length.is_empty() || length.len() > 3 || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let length: u8 = length.parse().ok().filter(|length| *length <= bits).ok_or_else(wrong)?;
        if matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some()) && length >= 96 {
            return Err(CidrError::Mapped(text.to_owned()));
        }
        let (family, value) = match address {
            IpAddr::V4(address) => (Family::V4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (Family::V6, u128::from(address)),
        };
        let free = u32::from(bits - length);
        let mask = if free >= 128 { u128::MAX } else { (1u128 << free) - 1 };
        Ok(Self { family, first: value & !mask, last: value | mask })
    }

    /// Reads a CIDR, or a single address.
    pub fn parse_cidr_or_address(text: &str) -> Result<Self, CidrError> {
        if text.contains('/') {
            return Self::parse_cidr(text);
        }
        let address = text.parse::<IpAddr>().map(|address| address.to_canonical());
        address.map(Self::single).map_err(|_| CidrError::Address(text.to_owned()))
    }

    /// The lowest address.
    pub fn first_address(self) -> IpAddr {
        address(self.family, self.first)
    }

    /// The highest address.
    pub fn last_address(self) -> IpAddr {
        address(self.family, self.last)
    }

    /// The range as CIDRs, largest blocks first from the left.
    pub fn cidrs(self) -> Vec<String> {
        let bits = if self.family == Family::V4 { 32 } else { 128 };
        let mut cidrs = Vec::new();
        let mut from = self.first;
        loop {
            let mut free = from.trailing_zeros().min(bits);
            // The largest aligned block that does not reach beyond the end.
            while free > 0
                && (free >= 128 && (from, self.last) != (0, u128::MAX)
                    || free < 128 && from + ((1u128 << free) - 1) > self.last)
            {
                free -= 1;
            }
            cidrs.push(format!("{}/{}", address(self.family, from), bits - free));
            let last = if free >= 128 { u128::MAX } else { from + ((1u128 << free) - 1) };
            if last >= self.last {
                return cidrs;
            }
            from = last + 1;
        }
    }
}

fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

impl fmt::Display for IpRange {
    /// `first-last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first_address(), self.last_address())
    }
}

/// A set of addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct IpSet(Vec<IpRange>);

impl FromIterator<IpRange> for IpSet {
    fn from_iter<T: IntoIterator<Item = IpRange>>(ranges: T) -> Self {
        let mut ranges: Vec<IpRange> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut merged: Vec<IpRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(before)
                    if before.family == range.family
                        && (before.last == u128::MAX || range.first <= before.last + 1) =>
                {
                    before.last = before.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }
}

impl IpSet {
    /// Every address of both families.
    pub fn all() -> Self {
        Self(vec![IpRange::all(Family::V4), IpRange::all(Family::V6)])
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[IpRange] {
        &self.0
    }

    /// Whether no address is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is in either.
    pub fn union(&self, other: &IpSet) -> IpSet {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// What is in `self` but not in `other`.
    pub fn minus(&self, other: &IpSet) -> IpSet {
        let mut result = Vec::new();
        for range in &self.0 {
            let mut first = range.first;
            let mut is_used_up = false;
            for less in other.0.iter().filter(|less| less.family == range.family) {
                if less.last < first || less.first > range.last {
                    continue;
                }
                if less.first > first {
                    result.push(IpRange { family: range.family, first, last: less.first - 1 });
                }
                if less.last >= range.last {
                    is_used_up = true;
                    break;
                }
                first = less.last + 1;
            }
            if !is_used_up {
                result.push(IpRange { family: range.family, first, last: range.last });
            }
        }
        Self(result)
    }

    /// What is in both.
    pub fn intersect(&self, other: &IpSet) -> IpSet {
        let mut result = Vec::new();
        for a in &self.0 {
            for b in other.0.iter().filter(|b| b.family == a.family) {
                let (first, last) = (a.first.max(b.first), a.last.min(b.last));
                if first <= last {
                    result.push(IpRange { family: a.family, first, last });
                }
            }
        }
        Self(result)
    }

    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (family, value) = number(address);
        self.0.iter().any(|range| range.family == family && (range.first..=range.last).contains(&value))
    }

    /// Whether all addresses of `range` are in it.
    pub fn covers(&self, range: IpRange) -> bool {
        self.0
            .iter()
            .any(|mine| mine.family == range.family && mine.first <= range.first && range.last <= mine.last)
    }
}

/// Cuts all addresses at the borders of the given sets: the result are disjoint sets, each wholly inside or wholly
/// outside of each given one, and no two of them alike in that.
pub fn atoms(sets: &[IpSet]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut by_members: rustc_hash::FxHashMap<Vec<u64>, usize> = rustc_hash::FxHashMap::default();
    for family in [Family::V4, Family::V6] {
        // (address, entering or leaving, set): an address after a range's end leaves it.
        let mut borders: Vec<(u128, bool, usize)> = Vec::new();
        for (index, set) in sets.iter().enumerate() {
            for range in set.0.iter().filter(|range| range.family == family) {
                borders.push((range.first, true, index));
                if range.last < family.last() {
                    borders.push((range.last + 1, false, index));
                }
            }
        }
        borders.sort_unstable();
        let mut members = vec![0u64; sets.len().div_ceil(64)];
        let mut from = 0u128;
        let mut next = borders.iter().peekable();
        loop {
            while let Some((_, enters, index)) = next.next_if(|(address, ..)| *address == from) {
                if let Some(word) = members.get_mut(index / 64) {
                    if *enters {
                        *word |= 1 << (index % 64);
                    } else {
                        *word &= !(1 << (index % 64));
                    }
                }
            }
            let until = next.peek().map(|(address, ..)| *address);
            let last = until.map_or(family.last(), |address| address - 1);
            let range = IpRange { family, first: from, last };
            // IPv4 and IPv6 stay apart even where no set tells them apart.
            let mut key = members.clone();
            key.push(family as u64);
            match by_members.get(&key) {
                Some(atom) => {
                    if let Some(atom) = atoms.get_mut(*atom) {
                        atom.addresses.0.push(range);
                    }
                }
                None => {
                    by_members.insert(key, atoms.len());
                    atoms.push(Atom { addresses: IpSet(vec![range]), members: members.clone() });
                }
            }
            match until {
                Some(address) => from = address,
                None => break,
            }
        }
    }
    for atom in &mut atoms {
        // Neighbours with equal members were pushed one by one.
        atom.addresses = atom.addresses.0.drain(..).collect();
    }
    atoms
}

/// Addresses that no given set tells apart.
#[derive(Debug, Clone)]
pub struct Atom {
    /// The addresses; never none.
    pub addresses: IpSet,
    members: Vec<u64>,
}

impl Atom {
    /// Whether it lies in the given set of that index.
    pub fn is_in(&self, set: usize) -> bool {
        self.members.get(set / 64).is_some_and(|word| word >> (set % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cidrs: &[&str]) -> IpSet {
        cidrs.iter().map(|cidr| IpRange::parse_cidr(cidr).unwrap()).collect()
    }

    #[test]
    fn cidrs_are_read_as_go_reads_them() {
        assert_eq!(IpRange::parse_cidr("10.1.2.3/8").unwrap().to_string(), "10.0.0.0-10.255.255.255");
        assert_eq!(IpRange::parse_cidr("::/0").unwrap(), IpRange::all(Family::V6));
        for bad in ["10.0.0.0", "10.0.0.0/33", "010.0.0.0/8", "10.0.0/8", "10.0.0.0/+8", "x/8", "10.0.0.0/"] {
            assert!(IpRange::parse_cidr(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_become_the_fewest_cidrs() {
        let range = |first: &str, last: &str| IpRange {
            family: Family::V4,
            first: IpRange::single(first.parse().unwrap()).first,
            last: IpRange::single(last.parse().unwrap()).first,
        };
        assert_eq!(range("0.0.0.0", "255.255.255.255").cidrs(), ["0.0.0.0/0"]);
        assert_eq!(range("10.0.0.1", "10.0.0.4").cidrs(), ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"]);
        assert_eq!(IpRange::all(Family::V6).cidrs(), ["::/0"]);
    }

    #[test]
    fn atoms_are_disjoint_and_fill_everything() {
        let sets = [set(&["10.0.0.0/8"]), set(&["10.1.0.0/16", "192.168.0.0/16"]), set(&["fd00::/8"])];
        let atoms = atoms(&sets);
        let all = atoms.iter().fold(IpSet::default(), |all, atom| {
            assert!(all.intersect(&atom.addresses).is_empty());
            all.union(&atom.addresses)
        });
        assert_eq!(all, IpSet::all());
        for atom in &atoms {
            for (index, set) in sets.iter().enumerate() {
                let common = atom.addresses.intersect(set);
                assert!(if atom.is_in(index) { common == atom.addresses } else { common.is_empty() });
            }
        }
        assert_eq!(atoms.len(), 6);
    }

    #[test]
    fn minus_keeps_both_ends() {
        let rest = set(&["10.0.0.0/24"]).minus(&set(&["10.0.0.128/32"]));
        assert_eq!(rest.ranges().len(), 2);
        assert!(
            !rest.contains("10.0.0.128".parse().unwrap()) && rest.contains("10.0.0.129".parse().unwrap())
        );
    }
}

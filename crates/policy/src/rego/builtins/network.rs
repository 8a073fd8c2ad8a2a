//! Addresses and versions.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::{Builtin, builtin, truth, two};
use crate::rego::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    builtin("net.cidr_contains", 2, |_, args| {
        let Some((outer, inner)) = two(args) else { return Ok(None) };
        let inner = Network::parse(inner).or_else(|| Network::of_address(inner));
        Network::parse(outer).zip(inner).map_or(Ok(None), |(outer, inner)| truth(outer.contains(inner)))
    }),
    builtin("net.cidr_intersects", 2, |_, args| {
        let both = two(args).and_then(|(left, right)| Network::parse(left).zip(Network::parse(right)));
        both.map_or(Ok(None), |(left, right)| truth(left.contains(right) || right.contains(left)))
    }),
    builtin("net.cidr_overlap", 2, |_, args| {
        let Some((outer, inner)) = two(args) else { return Ok(None) };
        let inner = Network::of_address(inner);
        Network::parse(outer).zip(inner).map_or(Ok(None), |(outer, inner)| truth(outer.contains(inner)))
    }),
    builtin("net.cidr_is_valid", 1, |_, args| {
        let text = args.first().and_then(Value::as_str);
        truth(text.and_then(Network::parse).is_some())
    }),
    builtin("semver.is_valid", 1, |_, args| {
        let text = args.first().and_then(Value::as_str);
        truth(text.and_then(Semver::parse).is_some())
    }),
    builtin("semver.compare", 2, |_, args| {
        let both = two(args).and_then(|(left, right)| Semver::parse(left).zip(Semver::parse(right)));
        Ok(both.map(|(left, right)| Value::Int(left.compare(&right) as i64)))
    }),
];

/// An address and the number of bits of it that count.
#[derive(Debug, Clone, Copy)]
struct Network {
    bits: u128,
    prefix: u32,
    width: u32,
}

impl Network {
    fn new(address: IpAddr, prefix: u32) -> Self {
        match address {
            IpAddr::V4(address) => Self { bits: u128::from(u32::from(address)) << 96, prefix, width: 32 },
            IpAddr::V6(address) => Self { bits: u128::from(address), prefix, width: 128 },
        }
    }

    fn of_address(text: &str) -> Option<Self> {
        let address: IpAddr = text.parse().ok()?;
        Some(Self::new(address, if address.is_ipv4() { 32 } else { 128 }))
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let network = Self::of_address(address)?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= network.width)?;
        Some(Self { prefix, ..network })
    }

    fn contains(self, other: Self) -> bool {
        let mask = if self.prefix == 0 { 0 } else { u128::MAX << (128 - self.prefix) };
        self.width == other.width && self.prefix <= other.prefix && self.bits & mask == other.bits & mask
    }
}

/// A version as semver.org has it.
#[derive(Debug)]
struct Semver<'t> {
    numbers: [u64; 3],
    pre: Vec<&'t str>,
}

impl<'t> Semver<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut parts = core.split('.');
        let mut numbers = [0; 3];
        for number in &mut numbers {
            let part = parts.next()?;
            *number = part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        }
        let pre: Vec<&str> = pre.map(|pre| pre.split('.').collect()).unwrap_or_default();
        let is_good = parts.next().is_none() && pre.iter().all(|part| !part.is_empty());
        is_good.then_some(Self { numbers, pre })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_numbers = self.numbers.cmp(&other.numbers);
        if by_numbers.is_ne() {
            return by_numbers;
        }
        match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        for (left, right) in self.pre.iter().zip(&other.pre) {
            let order = match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            };
            if order.is_ne() {
                return order;
            }
        }
        self.pre.len().cmp(&other.pre.len())
    }
}

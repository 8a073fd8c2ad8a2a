//! What a call costs, by the reckoning of the reference implementation and of Kubernetes.
//!
//! Charged before the call, so that what is too dear does not run. Sizes of results are estimated from above.

use crate::decls::Func;
use crate::eval::Evaluator;
use crate::fail::Fail;
use crate::value::Value;

/// A tenth of the size, rounded up.
fn tenth(size: u64) -> u64 {
    size.div_ceil(10)
}

fn size(args: &[Value<'_>], index: usize) -> u64 {
    args.get(index).map_or(1, Value::size)
}

/// Text times pattern.
fn search(text: u64, pattern: u64) -> u64 {
    tenth(text + 1).saturating_mul(pattern.div_ceil(4))
}

/// Comparing a list's items with one another.
fn self_compare(args: &[Value<'_>]) -> u64 {
    let len = size(args, 0);
    let first = args.first().and_then(Value::items).and_then(|mut items| items.next());
    let squared = len.saturating_mul(len);
    let factor = match first {
        Some(Value::String(_) | Value::Bytes(_)) => tenth(squared.saturating_mul(21)),
        _ => squared.saturating_mul(2),
    };
    factor.saturating_add(11)
}

/// A walk over a list and the texts in it.
fn traversal(value: Option<&Value<'_>>) -> u64 {
    match value {
        Some(Value::String(_)) => value.map_or(1, |value| tenth(value.size())),
        Some(value) => match value.items() {
            Some(items) => items
                .map(|item| match item {
                    Value::String(_) | Value::Bytes(_) => 1 + tenth(item.size()),
                    _ => 1,
                })
                .sum(),
            None => 1,
        },
        None => 1,
    }
}

pub(crate) fn charge(evaluator: &mut Evaluator<'_>, func: Func, args: &[Value<'_>]) -> Result<(), Fail> {
    // Reading a long text or a large map takes time even where its price is one.
    let reading: usize = args
        .iter()
        .map(|arg| match arg {
            Value::String(text) => text.len() / 64,
            Value::Bytes(bytes) => bytes.len() / 64,
            Value::NodeMap(node) => node.len() / 2,
            _ => 0,
        })
        .sum();
    let making = match func {
        Func::Url | Func::GetQuery => 150,
        Func::Quantity | Func::IsQuantity | Func::Semver | Func::IsSemver | Func::IsUrl | Func::Validate => {
            30
        }
        _ => 0,
    };
    evaluator.toil(reading as u64 + making)?;
    let cost = match func {
        Func::Equal | Func::NotEqual | Func::Less | Func::LessEqual | Func::Greater | Func::GreaterEqual => {
            tenth(size(args, 0).min(size(args, 1))).max(1)
        }
        Func::StartsWith | Func::EndsWith | Func::ToBytes | Func::Quote | Func::Format => {
            tenth(size(args, 0))
        }
        Func::ToString => match args.first() {
            Some(Value::Bytes(bytes)) => tenth(bytes.len() as u64),
            _ => 1,
        },
        Func::In => match args.get(1) {
            Some(list @ (Value::List(_) | Value::NodeList(_))) => list.size(),
            _ => 1,
        },
        Func::Add => match args {
            [Value::String(_) | Value::Bytes(_), _] => tenth(size(args, 0).saturating_add(size(args, 1))),
            _ => 1,
        },
        Func::Matches | Func::Find | Func::FindAll => search(size(args, 0), size(args, 1)),
        Func::Contains => tenth(size(args, 0)).saturating_mul(tenth(size(args, 1))),
        Func::AuthzCheck => 350_000,
        Func::AuthzFieldSelector | Func::AuthzLabelSelector => {
            let len = size(args, 1);
            10_u64.saturating_add(tenth(len)).saturating_add(len.div_ceil(2).saturating_mul(50))
        }
        Func::IsSorted | Func::Sum | Func::Max | Func::Min | Func::IndexOf | Func::LastIndexOf => {
            traversal(args.first())
        }
        Func::Url
        | Func::LowerAscii
        | Func::UpperAscii
        | Func::Substring
        | Func::Trim
        | Func::JsonPatchEscapeKey => tenth(size(args, 0)),
        Func::Replace | Func::Split => tenth(size(args, 0).saturating_mul(2)),
        Func::Join => {
            let separator = if args.len() > 1 { size(args, 1) } else { 0 };
            let items = args.first().and_then(Value::items);
            let text: u64 = items.into_iter().flatten().map(|item| item.size() + separator).sum();
            tenth(text.saturating_mul(2))
        }
        Func::Cidr
        | Func::IsIp
        | Func::IsCidr
        | Func::Quantity
        | Func::IsQuantity
        | Func::Semver
        | Func::IsSemver => tenth(size(args, 0)),
        Func::Ip => match args.first() {
            Some(Value::String(_)) => tenth(size(args, 0)),
            _ => 1,
        },
        Func::IpIsCanonical => tenth(size(args, 0).saturating_mul(2)),
        Func::ContainsIp | Func::ContainsCidr => {
            let network = size(args, 0);
            let other = match args.get(1) {
                Some(Value::String(_)) => tenth(size(args, 1)),
                _ => 0,
            };
            let more = if func == Func::ContainsCidr { tenth(network) + 1 } else { 0 };
            tenth(network * 2) + more + other
        }
        Func::Validate => match args.first() {
            Some(Value::Format(format)) => {
                tenth(size(args, 1) + 1).saturating_mul(format.pattern_len().div_ceil(4))
            }
            _ => 1,
        },
        Func::Slice | Func::Reverse | Func::Flatten => size(args, 0).saturating_add(11),
        Func::ListsRange => match args.first() {
            Some(Value::Int(count)) => u64::try_from(*count).unwrap_or(0).saturating_add(11),
            _ => 1,
        },
        Func::Distinct | Func::Sort => self_compare(args),
        Func::SetsContains | Func::SetsIntersects => {
            size(args, 0).saturating_mul(size(args, 1)).saturating_add(1)
        }
        Func::SetsEquivalent => {
            size(args, 0).saturating_mul(size(args, 1)).saturating_mul(2).saturating_add(1)
        }
        _ => 1,
    };
    evaluator.charge(cost)
}

//! Kubernetes' own libraries: addresses, quantities, versions, formats, URLs, authorization.

use std::cmp::Ordering;

use bumpalo::collections::Vec as BumpVec;

use crate::authz::{Access, Authz, Decision, ResourceAccess, Subject};
use crate::decls::Func;
use crate::eval::{Evaluated, Evaluator};
use crate::fail::Fail;
use crate::format::NamedFormat;
use crate::net::{
    contains, contains_network, is_global_unicast, is_link_local_multicast, is_link_local_unicast, masked,
    parse_cidr, parse_ip,
};
use crate::quantity::Quantity;
use crate::semver::Version;
use crate::url::Url;
use crate::value::{Map, Value};

pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    func: Func,
    name: &'a str,
    args: &[Value<'a>],
) -> Evaluated<'a> {
    use Func as F;
    match (func, args) {
        (F::Quantity, [Value::String(text)]) => match Quantity::parse(text) {
            Some(quantity) => Ok(Value::Quantity(evaluator.arena.alloc(quantity))),
            None => Err(Fail::error(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            )),
        },
        (F::IsQuantity, [Value::String(text)]) => Ok(Value::Bool(Quantity::parse(text).is_some())),
        (F::Semver, [Value::String(text), rest @ ..]) => {
            let version = Version::parse(evaluator.arena, text, normalizes(rest)?);
            let version =
                version.ok_or_else(|| Fail::error(format!("invalid semantic version: {text:?}")))?;
            Ok(Value::Semver(evaluator.arena.alloc(version)))
        }
        (F::IsSemver, [Value::String(text), rest @ ..]) => {
            Ok(Value::Bool(Version::parse(evaluator.arena, text, normalizes(rest)?).is_some()))
        }
        (F::IsGreaterThan, [one, other]) => compare(one, other).map(|order| Value::Bool(order.is_gt())),
        (F::IsLessThan, [one, other]) => compare(one, other).map(|order| Value::Bool(order.is_lt())),
        (F::CompareTo, [one, other]) => compare(one, other).map(|order| Value::Int(order as i64)),
        (
            F::Sign | F::AsApproximateFloat | F::AsInteger | F::IsInteger | F::QuantityAdd | F::QuantitySub,
            _,
        ) => quantity(evaluator, func, args),
        (F::Major, [Value::Semver(version)]) => int(version.major),
        (F::Minor, [Value::Semver(version)]) => int(version.minor),
        (F::Patch, [Value::Semver(version)]) => int(version.patch),
        (F::IsUrl, [Value::String(text)]) => Ok(Value::Bool(Url::is_request_uri(text))),
        (F::Url, [Value::String(text)]) => {
            let url = Url::parse(evaluator.arena, text);
            let url = url.ok_or_else(|| {
                Fail::error(format!(
                    "URL parse error during conversion from string: parse {text:?}: invalid URI for request"
                ))
            })?;
            Ok(Value::Url(evaluator.arena.alloc(url)))
        }
        (F::GetScheme, [Value::Url(url)]) => Ok(Value::String(url.scheme)),
        (F::GetHost, [Value::Url(url)]) => Ok(Value::String(url.host)),
        (F::GetHostname, [Value::Url(url)]) => Ok(Value::String(url.hostname())),
        (F::GetPort, [Value::Url(url)]) => Ok(Value::String(url.port())),
        (F::GetEscapedPath, [Value::Url(url)]) => Ok(Value::String(url.path)),
        (F::GetQuery, [Value::Url(url)]) => query(evaluator, url),
        (F::FormatConstant, []) => format_named(name.strip_prefix("format.").unwrap_or(name))
            .map(Value::Format)
            .ok_or_else(Fail::no_such_overload),
        (F::FormatNamed, [Value::String(name)]) => {
            Ok(format_named(name)
                .map_or(Value::Optional(None), |format| evaluator.some(Value::Format(format))))
        }
        (F::Validate, [Value::Format(format), Value::String(text)]) => {
            evaluator.toil_bytes(text.len())?;
            let errors = format.errors(text);
            if errors.is_empty() {
                return Ok(Value::Optional(None));
            }
            let arena = evaluator.arena;
            let errors = errors.iter().map(|error| Value::String(arena.alloc_str(error)));
            let list = Value::List(BumpVec::from_iter_in(errors, arena).into_bump_slice());
            Ok(evaluator.some(list))
        }
        (F::JsonPatchEscapeKey, [Value::String(text)]) => {
            let escaped = text.replace('~', "~0").replace('/', "~1");
            evaluator.text(&escaped)
        }
        _ => match args.first() {
            Some(Value::Authz(receiver)) => authorize(evaluator, func, receiver, args),
            _ => network(func, args),
        },
    }
}

fn int<'a>(value: u64) -> Evaluated<'a> {
    i64::try_from(value).map(Value::Int).map_err(|_| Fail::overflow("integer"))
}

fn normalizes(rest: &[Value<'_>]) -> Result<bool, Fail> {
    match rest {
        [] => Ok(false),
        [Value::Bool(normalize)] => Ok(*normalize),
        _ => Err(Fail::no_such_overload()),
    }
}

fn format_named(name: &str) -> Option<NamedFormat> {
    NamedFormat::named(name)
}

fn compare(one: &Value<'_>, other: &Value<'_>) -> Result<Ordering, Fail> {
    match (one, other) {
        (Value::Quantity(one), Value::Quantity(other)) => Ok(one.compare(other)),
        (Value::Semver(one), Value::Semver(other)) => Ok(one.compare(other)),
        _ => Err(Fail::no_such_overload()),
    }
}

fn quantity<'a>(evaluator: &mut Evaluator<'a>, func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    let result = match (func, args) {
        (Func::Sign, [Value::Quantity(quantity)]) => return Ok(Value::Int(quantity.sign())),
        (Func::AsApproximateFloat, [Value::Quantity(quantity)]) => {
            return Ok(Value::Double(quantity.as_float()));
        }
        (Func::IsInteger, [Value::Quantity(quantity)]) => {
            return Ok(Value::Bool(quantity.as_int().is_some()));
        }
        (Func::AsInteger, [Value::Quantity(quantity)]) => {
            let whole = quantity.as_int().map(Value::Int);
            return whole.ok_or_else(|| Fail::error("cannot convert value to integer"));
        }
        (Func::QuantityAdd, [Value::Quantity(one), Value::Quantity(other)]) => one.add(other),
        (Func::QuantityAdd, [Value::Quantity(one), Value::Int(other)]) => one.add_int(*other),
        (Func::QuantitySub, [Value::Quantity(one), Value::Quantity(other)]) => one.sub(other),
        (Func::QuantitySub, [Value::Quantity(one), Value::Int(other)]) => one.sub_int(*other),
        _ => return Err(Fail::no_such_overload()),
    };
    Ok(Value::Quantity(evaluator.arena.alloc(result)))
}

fn query<'a>(evaluator: &mut Evaluator<'a>, url: &Url<'a>) -> Evaluated<'a> {
    let arena = evaluator.arena;
    let mut grouped: Vec<(&'a str, Vec<Value<'a>>)> = Vec::new();
    for (key, value) in url.query_pairs() {
        evaluator.toil_items(grouped.len() / 4 + 1)?;
        let value = Value::String(arena.alloc_str(&value));
        match grouped.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => grouped.push((arena.alloc_str(&key), vec![value])),
        }
    }
    let entries = grouped
        .into_iter()
        .map(|(key, values)| (Value::String(key), Value::List(arena.alloc_slice_copy(&values))))
        .collect();
    Ok(Value::Map(Map::new(arena, entries)))
}

fn ip_of(value: &Value<'_>) -> Result<std::net::IpAddr, Fail> {
    match value {
        Value::Ip(address) => Ok(*address),
        Value::String(text) => parse_ip(text).ok_or_else(|| {
            Fail::error(format!("IP Address {text:?} parse error during conversion from string"))
        }),
        _ => Err(Fail::no_such_overload()),
    }
}

fn cidr_of(value: &Value<'_>) -> Result<(std::net::IpAddr, u8), Fail> {
    match value {
        Value::Cidr(address, bits) => Ok((*address, *bits)),
        Value::String(text) => parse_cidr(text).ok_or_else(|| {
            Fail::error(format!("network address parse error during conversion from string: {text:?}"))
        }),
        _ => Err(Fail::no_such_overload()),
    }
}

fn network<'a>(func: Func, args: &[Value<'a>]) -> Evaluated<'a> {
    use Func as F;
    Ok(match (func, args) {
        (F::Ip, [Value::Cidr(address, _)]) => Value::Ip(*address),
        (F::Ip, [text @ Value::String(_)]) => Value::Ip(ip_of(text)?),
        (F::IsIp, [Value::String(text)]) => Value::Bool(parse_ip(text).is_some()),
        (F::IpIsCanonical, [text @ Value::String(raw)]) => Value::Bool(ip_of(text)?.to_string() == *raw),
        (F::Family, [Value::Ip(address)]) => Value::Int(if address.is_ipv4() { 4 } else { 6 }),
        (F::IsUnspecified, [Value::Ip(address)]) => Value::Bool(address.is_unspecified()),
        (F::IsLoopback, [Value::Ip(address)]) => Value::Bool(address.is_loopback()),
        (F::IsLinkLocalMulticast, [Value::Ip(address)]) => Value::Bool(is_link_local_multicast(*address)),
        (F::IsLinkLocalUnicast, [Value::Ip(address)]) => Value::Bool(is_link_local_unicast(*address)),
        (F::IsGlobalUnicast, [Value::Ip(address)]) => Value::Bool(is_global_unicast(*address)),
        (F::Cidr, [text @ Value::String(_)]) => {
            let (address, bits) = cidr_of(text)?;
            Value::Cidr(address, bits)
        }
        (F::IsCidr, [Value::String(text)]) => Value::Bool(parse_cidr(text).is_some()),
        (F::ContainsIp, [Value::Cidr(address, bits), other]) => {
            Value::Bool(contains((*address, *bits), ip_of(other)?))
        }
        (F::ContainsCidr, [Value::Cidr(address, bits), other]) => {
            Value::Bool(contains_network((*address, *bits), cidr_of(other)?))
        }
        (F::PrefixLength, [Value::Cidr(_, bits)]) => Value::Int(i64::from(*bits)),
        (F::Masked, [Value::Cidr(address, bits)]) => Value::Cidr(masked(*address, *bits), *bits),
        _ => return Err(Fail::no_such_overload()),
    })
}

fn authorize<'a>(
    evaluator: &mut Evaluator<'a>,
    func: Func,
    receiver: &Authz<'a>,
    args: &[Value<'a>],
) -> Evaluated<'a> {
    use Func as F;
    let text = |index: usize| args.get(index).and_then(Value::as_str).ok_or_else(Fail::no_such_overload);
    let made = match (func, *receiver) {
        (F::AuthzPath, Authz::Authorizer(subject)) => match text(1)? {
            path if path.trim().is_empty() => return Err(Fail::error("path must not be empty")),
            path => Authz::Path(subject, path),
        },
        (F::AuthzGroup, Authz::Authorizer(subject)) => Authz::Group(subject, text(1)?),
        (F::AuthzServiceAccount, Authz::Authorizer(_)) => {
            let (namespace, name) = (text(1)?, text(2)?);
            if !NamedFormat::Dns1123Subdomain.errors(name).is_empty() {
                return Err(Fail::error("Invalid service account name"));
            }
            if !NamedFormat::Dns1123Label.errors(namespace).is_empty() {
                return Err(Fail::error("Invalid service account namespace"));
            }
            Authz::Authorizer(Subject::ServiceAccount { namespace, name })
        }
        (F::AuthzResource, Authz::Group(subject, group)) => match text(1)? {
            resource if resource.trim().is_empty() => return Err(Fail::error("resource must not be empty")),
            resource => {
                Authz::Resource(subject, ResourceAccess { group, resource, ..ResourceAccess::default() })
            }
        },
        (F::AuthzSubresource, Authz::Resource(subject, of)) => {
            Authz::Resource(subject, ResourceAccess { subresource: text(1)?, ..of })
        }
        (F::AuthzNamespace, Authz::Resource(subject, of)) => {
            Authz::Resource(subject, ResourceAccess { namespace: text(1)?, ..of })
        }
        (F::AuthzName, Authz::Resource(subject, of)) => {
            Authz::Resource(subject, ResourceAccess { name: text(1)?, ..of })
        }
        (F::AuthzFieldSelector, Authz::Resource(subject, of)) => {
            Authz::Resource(subject, ResourceAccess { field_selector: text(1)?, ..of })
        }
        (F::AuthzLabelSelector, Authz::Resource(subject, of)) => {
            Authz::Resource(subject, ResourceAccess { label_selector: text(1)?, ..of })
        }
        (F::AuthzCheck, Authz::Path(subject, path)) => {
            decide(evaluator, &subject, text(1)?, &Access::Path(path))?
        }
        (F::AuthzCheck, Authz::Resource(subject, of)) => {
            decide(evaluator, &subject, text(1)?, &Access::Resource(of))?
        }
        (F::DecisionAllowed, Authz::Decision { allowed, .. }) => return Ok(Value::Bool(allowed)),
        (F::DecisionReason, Authz::Decision { reason, .. }) => return Ok(Value::String(reason)),
        (F::DecisionErrored, Authz::Decision { .. }) => return Ok(Value::Bool(false)),
        (F::DecisionError, Authz::Decision { .. }) => return Ok(Value::String("")),
        _ => return Err(Fail::no_such_overload()),
    };
    Ok(Value::Authz(evaluator.arena.alloc(made)))
}

fn decide<'a>(
    evaluator: &mut Evaluator<'a>,
    subject: &Subject<'a>,
    verb: &str,
    access: &Access<'a>,
) -> Result<Authz<'a>, Fail> {
    let Some(authorizer) = evaluator.authorizer else {
        return Err(Fail::no_roles());
    };
    let (allowed, reason) = match authorizer.decide(&evaluator.requester, subject, verb, access) {
        Decision::Allow(reason) => (true, reason),
        Decision::Deny(reason) => (false, reason),
        Decision::Unknown(reason) => {
            return Err(Fail::unknown(format!("unknown what the authorizer allows: {reason}")));
        }
    };
    Ok(Authz::Decision { allowed, reason: evaluator.arena.alloc_str(&reason) })
}

//! Fields of events that another sensor recorded: Falco's JSON output names each field with its value.
//!
//! A field that the record does not name has no value. That is all that can be known; so `not` over such a field
//! holds, as over any missing field.

use super::{Scratch, Slot, typed};
use crate::fields::{FieldRef, Type};
use crate::json::{Kind, Value};

pub(super) fn extract(field: &FieldRef, reported: Value<'_>, scratch: &mut Scratch) -> Slot {
    let definition = field.field();
    let printed = field.printed();
    let others = others(definition.name);
    if others.is_empty() {
        if let Some(value) = reported.get(&printed).or_else(|| dotted(field, reported)) {
            return read(definition.ty, definition.is_list, value, scratch);
        }
        if definition.argument.is_some_and(|rule| !rule.required) && field.argument.is_none() {
            return any_argument(definition.name, definition.ty, reported, scratch);
        }
        return Slot::Absent;
    }
    let start = scratch.list_start();
    for other in others {
        if let Some(value) = reported.get(other)
            && let slot @ (Slot::Address(_) | Slot::Unsigned(_) | Slot::Text(_)) =
                read(definition.ty, false, value, scratch)
        {
            scratch.list.push(slot);
        }
    }
    scratch.list_since(start)
}

/// `evt.arg.flags` is reported as it is written, `evt.arg[flags]` too.
fn dotted<'e>(field: &FieldRef, reported: Value<'e>) -> Option<Value<'e>> {
    let argument = field.argument.as_deref()?;
    reported.get(&format!("{}.{argument}", field.field().name))
}

/// `proc.aname` without a number is the name of any ancestor: all that are reported.
fn any_argument(name: &str, ty: Type, reported: Value<'_>, scratch: &mut Scratch) -> Slot {
    let start = scratch.list_start();
    for member in reported.members() {
        if member.raw_key.strip_prefix(name).is_some_and(|rest| rest.starts_with('['))
            && let slot @ (Slot::Text(_) | Slot::Unsigned(_) | Slot::Signed(_)) =
                read(ty, false, member.value, scratch)
        {
            scratch.list.push(slot);
        }
    }
    scratch.list_since(start)
}

/// The reported fields that a field of either end of a connection, or about its network, looks at.
fn others(name: &str) -> &'static [&'static str] {
    match name {
        "fd.ip" | "fd.net" => &["fd.cip", "fd.sip", "fd.lip", "fd.rip"],
        "fd.cnet" => &["fd.cip"],
        "fd.snet" => &["fd.sip"],
        "fd.lnet" => &["fd.lip"],
        "fd.rnet" => &["fd.rip"],
        "fd.port" | "fd.proto" => &["fd.cport", "fd.sport", "fd.lport", "fd.rport"],
        _ => &[],
    }
}

fn read(ty: Type, is_list: bool, value: Value<'_>, scratch: &mut Scratch) -> Slot {
    if value.kind() == Kind::Null {
        return Slot::Absent;
    }
    if is_list {
        let start = scratch.list_start();
        for item in value.items() {
            let text = scratch.text_of(item);
            scratch.list.push(Slot::Text(text));
        }
        return scratch.list_since(start);
    }
    match ty {
        Type::Dynamic if value.kind() == Kind::Number && value.raw().parse::<i64>().is_ok() => {
            typed(Type::Signed, value.raw())
        }
        Type::Text | Type::Bytes | Type::Dynamic => Slot::Text(scratch.text_of(value)),
        _ => typed(ty, &value.to_text()),
    }
}

//! `evt.*` and `json.*`: what every event has.

use super::{Scratch, Slot, Special, TextRef};
use crate::event::{Body, Event};
use crate::fields::{FieldRef, Source};
use crate::json::Value;
use crate::time;

pub(super) fn is_generic(special: Special) -> bool {
    use Special::*;
    matches!(
        special,
        Number
            | Time
            | TimeSeconds
            | TimeIso8601
            | DateTime
            | DateTimeSeconds
            | RawTime
            | RawTimeSeconds
            | RawTimeNanos
            | RawTimeText
            | RelTime
            | RelTimeSeconds
            | RelTimeNanos
            | PluginName
            | SourceName
            | IsAsync
    )
}

pub(super) fn extract(
    special: Special,
    field: &FieldRef,
    event: &Event<'_>,
    scratch: &mut Scratch,
) -> Option<Slot> {
    const SECOND: u64 = 1_000_000_000;
    let time = event.time_ns;
    let since_first = time.saturating_sub(event.first_time_ns);
    let mut write = |format: fn(u64) -> String| Slot::Text(scratch.store(format(time).as_bytes()));
    Some(match special {
        Special::Number => Slot::Unsigned(event.number),
        Special::Time => write(time::clock),
        Special::TimeSeconds => write(time::clock_seconds),
        Special::TimeIso8601 => write(time::iso8601_offset),
        Special::DateTime => write(time::date_time),
        Special::DateTimeSeconds => write(time::date_time_seconds),
        Special::RawTime => Slot::Unsigned(time),
        Special::RawTimeSeconds => Slot::Unsigned(time / SECOND),
        Special::RawTimeNanos => Slot::Unsigned(time % SECOND),
        Special::RawTimeText => Slot::Text(scratch.build(|out| decimal(time, out))),
        Special::RelTime => Slot::Unsigned(since_first),
        Special::RelTimeSeconds => Slot::Unsigned(since_first / SECOND),
        Special::RelTimeNanos => Slot::Unsigned(since_first % SECOND),
        Special::PluginName => match Source::at(event.source) {
            Some(source) if !source.plugin.is_empty() => Slot::Text(TextRef::Static(source.plugin)),
            _ => Slot::Absent,
        },
        // The plugins for audit logs print the event as it is; CloudTrail's prints the summary of `ct.info`.
        Special::PluginInfo => match event.body {
            Body::Json(_) if event.source == Source::CLOUDTRAIL => {
                return super::cloudtrail::extract(Special::CloudInfo, field, event, scratch);
            }
            Body::Json(_) => Slot::Text(scratch.text_of(event.value(event.part))),
            _ => Slot::Absent,
        },
        Special::SourceName => match Source::at(event.source) {
            Some(source) => Slot::Text(TextRef::Static(source.name)),
            None => Slot::Absent,
        },
        Special::IsAsync => Slot::Boolean(false),
        Special::JsonPointer if field.steps.len() == 1 => {
            super::plain_text(field.steps.first().map_or("", String::as_str), event, scratch)
        }
        Special::JsonPointer => match pointer(event, &field.steps) {
            Some(value) => Slot::Text(scratch.text_of(value)),
            None => Slot::Absent,
        },
        Special::JsonIndented => match event.body {
            Body::Json(_) => {
                let value = event.value(event.part);
                Slot::Text(scratch.build(|out| indent(value, 0, out)))
            }
            _ => Slot::Absent,
        },
        _ => return None,
    })
}

/// Rules ask of every event whether its time is 0: a placeholder for what never holds.
fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        start -= 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// The value at the end of the steps of a JSON pointer; the whole event for none.
fn pointer<'e>(event: &Event<'e>, steps: &[String]) -> Option<Value<'e>> {
    let Body::Json(_) = event.body else { return None };
    match steps.split_first() {
        None => Some(event.value(event.part)),
        Some((first, rest)) => rest.iter().try_fold(event.top(first)?, |value, step| value.get(step)),
    }
}

/// Cuts a JSON pointer (RFC 6901, except that the first `/` may be missing) into its steps.
pub(crate) fn pointer_steps(pointer: &str) -> Vec<String> {
    if pointer.is_empty() {
        return Vec::new();
    }
    let steps = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
    steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// As Go's `json.Indent` with two blanks.
fn indent(value: Value<'_>, depth: usize, out: &mut Vec<u8>) {
    use crate::json::Kind;
    let line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', depth * 2));
    };
    // Deeper levels are written as they are: the recursion stays bounded.
    let is_deep = depth > 64;
    match value.kind() {
        Kind::Object if !is_deep => {
            out.push(b'{');
            let mut any = false;
            for member in value.members() {
                out.extend_from_slice(if any { b"," } else { b"" });
                any = true;
                line(out, depth + 1);
                out.push(b'"');
                out.extend_from_slice(member.raw_key.as_bytes());
                out.extend_from_slice(b"\": ");
                indent(member.value, depth + 1, out);
            }
            if any {
                line(out, depth);
            }
            out.push(b'}');
        }
        Kind::Array if !is_deep => {
            out.push(b'[');
            let mut any = false;
            for item in value.items() {
                out.extend_from_slice(if any { b"," } else { b"" });
                any = true;
                line(out, depth + 1);
                indent(item, depth + 1, out);
            }
            if any {
                line(out, depth);
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(value.raw().as_bytes()),
    }
}

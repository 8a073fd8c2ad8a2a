//! Fields of every event, and of every event that is JSON.

use super::{Argument, Extract, Field};
use crate::extract::Special;

const fn of(field: Field, special: Special) -> Field {
    field.from(Extract::Special(special))
}

pub(super) const GENERIC: &[Field] = &[
    of(Field::unsigned("evt.num"), Special::Number),
    of(Field::text("evt.time"), Special::Time),
    of(Field::text("evt.time.s"), Special::TimeSeconds),
    of(Field::text("evt.time.iso8601"), Special::TimeIso8601),
    of(Field::text("evt.datetime"), Special::DateTime),
    of(Field::text("evt.datetime.s"), Special::DateTimeSeconds),
    of(Field::time("evt.rawtime"), Special::RawTime),
    of(Field::time("evt.rawtime.s"), Special::RawTimeSeconds),
    of(Field::time("evt.rawtime.ns"), Special::RawTimeNanos),
    of(Field::duration("evt.reltime"), Special::RelTime),
    of(Field::duration("evt.reltime.s"), Special::RelTimeSeconds),
    of(Field::duration("evt.reltime.ns"), Special::RelTimeNanos),
    of(Field::text("evt.pluginname"), Special::PluginName),
    of(Field::text("evt.plugininfo"), Special::PluginInfo),
    of(Field::text("evt.source"), Special::SourceName),
    of(Field::boolean("evt.is_async"), Special::IsAsync),
    Field::text("evt.asynctype"),
    Field::text("evt.hostname"),
];

pub(super) const JSON: &[Field] = &[
    of(Field::text("json.value"), Special::JsonPointer).argument(Argument::REQUIRED_KEY),
    of(Field::text("json.obj"), Special::JsonIndented),
    of(Field::text("json.rawtime"), Special::RawTimeText),
    of(Field::text("jevt.value"), Special::JsonPointer).argument(Argument::REQUIRED_KEY),
    of(Field::text("jevt.obj"), Special::JsonIndented),
    of(Field::text("jevt.rawtime"), Special::RawTimeText),
];

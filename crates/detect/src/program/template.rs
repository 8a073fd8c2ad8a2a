//! Output templates: `User logged in (user=%ka.user.name uri=%20ka.uri)`.

use std::borrow::Cow;
use std::fmt;

use haechi_model::FieldValue;

use super::builder::Compiler;
use super::evaluate::State;
use super::getter::GetterId;
use super::{Getter, SourceProgram};
use crate::condition::{Operand, parse_operand_prefix};
use crate::event::Event;
use crate::extract::{Scratch, Slot};

/// A template that cannot be compiled; the text is Falco's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Bytes before the place.
    pub offset: usize,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

/// A compiled output.
#[derive(Debug, Clone)]
pub struct Template {
    /// The text as the rule has it.
    pub text: String,
    pieces: Vec<Piece>,
    /// The fields that JSON output names, sorted by name, each once.
    fields: Vec<(String, GetterId)>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Value {
        getter: GetterId,
        /// Cut or filled up to so many bytes; 0 for as it is.
        width: usize,
    },
}

/// What stands for a missing value.
const NOT_AVAILABLE: &str = "<NA>";

impl Template {
    pub(crate) fn compile(text: &str, compiler: &mut Compiler<'_>) -> Result<Self, TemplateError> {
        let fail = |message: &str, offset: usize| Err(TemplateError { message: message.into(), offset });
        if text.is_empty() {
            return fail("empty formatting token", 0);
        }
        // A leading `*` asks for output where fields are missing; detections are always shown so.
        let body = text.strip_prefix('*').unwrap_or(text);
        let skipped = text.len() - body.len();
        let mut pieces = Vec::new();
        let mut fields = Vec::new();
        let mut rest = body;
        while let Some(at) = rest.find('%') {
            let (before, token) = rest.split_at(at);
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let token = token.get(1..).unwrap_or_default();
            let offset = skipped + body.len() - token.len();
            if token.is_empty() {
                return fail("invalid formatting syntax: formatting cannot end with a %", offset);
            }
            let digits = token.bytes().take_while(u8::is_ascii_digit).count();
            let (width, token) = token.split_at(digits);
            if token.is_empty() {
                return fail("invalid formatting syntax: formatting cannot end with a number", offset);
            }
            let Some((operand, getter, length)) = longest_operand(token, compiler) else {
                return fail(&format!("invalid formatting token {token}"), offset);
            };
            collect_fields(&operand, compiler, &mut fields);
            // Falco keeps the width in 32 bits; no field is worth more than some thousand characters.
            let width = width.parse::<usize>().unwrap_or(0).min(1 << 16);
            pieces.push(Piece::Value { getter, width });
            rest = token.get(length..).unwrap_or_default();
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        fields.sort();
        fields.dedup();
        Ok(Self { text: text.to_owned(), pieces, fields })
    }

    /// The names of the fields in the output.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn message(&self, source: &SourceProgram, state: &mut State, event: &Event<'_>) -> String {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Value { getter, width } => {
                    let slot = state.slot(source, *getter, event);
                    let text = print(slot, state.scratch(), event);
                    let start = out.len();
                    out.extend_from_slice(text.as_bytes());
                    if *width > 0 {
                        out.resize(start + *width, b' ');
                    }
                }
            }
        }
        // A width may cut a character in two.
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    pub(crate) fn values(
        &self,
        source: &SourceProgram,
        state: &mut State,
        event: &Event<'_>,
    ) -> Vec<(String, FieldValue)> {
        let value = |(name, getter): &(String, GetterId)| {
            let slot = state.slot(source, *getter, event);
            (name.clone(), json_value(source, *getter, slot, state.scratch(), event))
        };
        self.fields.iter().map(value).collect()
    }
}

/// The longest beginning of `token` that is a field or function of the source. `%ka.user.name.` names a field and
/// a full stop.
fn longest_operand(token: &str, compiler: &mut Compiler<'_>) -> Option<(Operand, GetterId, usize)> {
    let mut end = token.len();
    loop {
        let text = token.get(..end)?;
        match parse_operand_prefix(text) {
            Ok((operand, length)) => {
                if let Ok(getter) = compiler.operand(&operand)
                    && !is_filter_only(&operand, compiler)
                {
                    return Some((operand, getter, length));
                }
                // A shorter beginning can only be read differently where this one ended or earlier.
                end = length.min(end);
            }
            Err(error) => end = end.min(error.pos.offset.max(1)),
        }
        end = end.checked_sub(1)?;
        while end > 0 && !token.is_char_boundary(end) {
            end -= 1;
        }
        if end == 0 {
            return None;
        }
    }
}

fn is_filter_only(operand: &Operand, compiler: &mut Compiler<'_>) -> bool {
    match operand {
        Operand::Field(_) => compiler.is_filter_only(operand),
        _ => false,
    }
}

/// JSON output names fields, not functions over them; the fields inside functions are named too.
fn collect_fields(operand: &Operand, compiler: &mut Compiler<'_>, fields: &mut Vec<(String, GetterId)>) {
    match operand {
        Operand::Field(field) => {
            if let Ok(getter) = compiler.operand(operand) {
                let name = match &field.argument {
                    Some(argument) => format!("{}[{argument}]", field.name),
                    None => field.name.clone(),
                };
                fields.push((name, getter));
            }
        }
        Operand::Transform { arguments, .. } => {
            arguments.iter().for_each(|argument| collect_fields(argument, compiler, fields));
        }
        Operand::List(items, _) => items.iter().for_each(|item| collect_fields(item, compiler, fields)),
        Operand::Value(..) => {}
    }
}

/// A value as text output shows it.
pub(crate) fn print<'a>(slot: Slot, scratch: &'a Scratch, event: &Event<'a>) -> Cow<'a, str> {
    match slot {
        Slot::Absent => Cow::Borrowed(NOT_AVAILABLE),
        Slot::Text(text) => {
            let bytes = scratch.bytes(event, text);
            simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
        }
        Slot::Unsigned(number) => Cow::Owned(number.to_string()),
        Slot::Signed(number) => Cow::Owned(number.to_string()),
        Slot::Float(number) => Cow::Owned(format!("{number:.1}")),
        Slot::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Slot::Address(address) => Cow::Owned(address.to_string()),
        Slot::List(items) => {
            let items: Vec<_> =
                scratch.items(items).iter().map(|item| print(*item, scratch, event)).collect();
            Cow::Owned(format!("({})", items.join(",")))
        }
    }
}

/// A value as JSON output shows it. Times are numbers there, also where text output formats them.
fn json_value(
    source: &SourceProgram,
    getter: GetterId,
    slot: Slot,
    scratch: &Scratch,
    event: &Event<'_>,
) -> FieldValue {
    if let Some(Getter::Field(field)) = source.getters.get(getter as usize)
        && matches!(
            field.field().name,
            "evt.time" | "evt.time.s" | "evt.time.iso8601" | "evt.datetime" | "evt.datetime.s"
        )
    {
        return FieldValue::Unsigned(event.time_ns);
    }
    plain_value(slot, scratch, event)
}

fn plain_value(slot: Slot, scratch: &Scratch, event: &Event<'_>) -> FieldValue {
    match slot {
        Slot::Absent => FieldValue::Null,
        Slot::Unsigned(number) => FieldValue::Unsigned(number),
        Slot::Signed(number) => FieldValue::Signed(number),
        Slot::Float(number) => FieldValue::Float(number),
        Slot::Boolean(value) => FieldValue::Bool(value),
        Slot::List(items) => FieldValue::List(
            scratch.items(items).iter().map(|item| plain_value(*item, scratch, event)).collect(),
        ),
        slot @ (Slot::Text(_) | Slot::Address(_)) => {
            FieldValue::Text(print(slot, scratch, event).into_owned())
        }
    }
}

//! `policy/cel-spec`: the language's own tests, as far as they are about what Kubernetes has.
//!
//! Apart: protocol buffers (messages, enums, wrappers, extensions), containers, programs that are not type-checked, and
//! libraries that Kubernetes does not have. Literals of mixed types, which Kubernetes refuses and the language does not,
//! are judged as the language would.

use std::path::Path;

use anyhow::{Context, Result};
use haechi_cel::{Bump, Env, Evaluator, Library, Limits, Map, Timestamp, Type, Value as Cel};

use super::textproto::{Message, Value, parse};
use crate::conformance::{Outcome, Suite};

pub(crate) const SUITE: Suite = Suite { name: "policy/cel-spec", needs: "policy/cel-spec", run };

/// Files that are wholly about what Kubernetes does not have, and why.
const APART: [(&str, &str); 9] = [
    ("block_ext", "cel.block is not in Kubernetes"),
    ("dynamic", "conversions of protobuf messages"),
    ("enums", "protobuf enums"),
    ("network_ext", "another library than Kubernetes' own for addresses"),
    ("proto2", "protobuf messages"),
    ("proto2_ext", "protobuf extensions"),
    ("proto3", "protobuf messages"),
    ("unknowns", "no test in it"),
    ("wrappers", "protobuf wrappers"),
];

fn run(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut files: Vec<_> = std::fs::read_dir(root.join(SUITE.needs))?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files {
        let path = file.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "textproto") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let message = parse(&text).with_context(|| path.display().to_string())?;
        let apart = APART.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason);
        for section in message.messages("section") {
            for test in section.messages("test") {
                let part = section.text("name").unwrap_or_default();
                let case = format!("{name}/{part}/{}", test.text("name").unwrap_or_default());
                match apart.map(str::to_owned).or_else(|| reason_apart(&name, test)) {
                    Some(reason) => outcome.apart.push((case, reason)),
                    None => match differs(test) {
                        Verdict::Right => outcome.judge(case, None),
                        Verdict::Wrong(detail) => outcome.judge(case, Some(detail)),
                        Verdict::Apart(reason) => outcome.apart.push((case, reason)),
                    },
                }
            }
        }
    }
    Ok(outcome)
}

enum Verdict {
    Right,
    Wrong(String),
    Apart(String),
}

fn reason_apart(file: &str, test: &Message) -> Option<String> {
    let expr = test.text("expr").unwrap_or_default();
    let because = |reason: &str| Some(reason.to_owned());
    if test.is_set("disable_check") {
        return because("programs are always type-checked in Kubernetes");
    }
    if test.is_set("disable_macros") {
        return because("macros cannot be switched off in Kubernetes");
    }
    if test.text("container").is_some_and(|container| !container.is_empty()) {
        return because("Kubernetes has no container");
    }
    let proto =
        ["TestAllTypes", "google.protobuf.", "NestedEnum", "GlobalEnum", "proto2", "proto3", "cel.expr."];
    if proto.iter().any(|word| expr.contains(word)) && !expr.contains("google.protobuf.Timestamp") {
        return because("protobuf messages");
    }
    if expr.contains('`') {
        return because("fields in backquotes are not in Kubernetes");
    }
    if file == "string_ext" && (expr.contains(".reverse()") || expr.contains(".format(")) {
        // Kubernetes has version 2 of the extension: no `reverse`, and numbers formatted with the locale.
        return because("a later version of the strings extension than Kubernetes'");
    }
    None
}

fn env_of(test: &Message) -> Result<(Env, Vec<String>), String> {
    let mut env = Env::kubernetes();
    env.add_library(Library::Math);
    env.add_library(Library::Encoders);
    env.features_mut().bindings = true;
    env.features_mut().homogeneous_literals = false;
    let mut names = Vec::new();
    for declaration in test.messages("type_env") {
        let name = declaration.text("name").unwrap_or_default();
        let Some(ident) = declaration.message("ident") else { return Err("declares a function".into()) };
        let of = ident.message("type").and_then(type_of).ok_or("protobuf messages")?;
        env.add_variable(&name, of);
        names.push(name);
    }
    Ok((env, names))
}

fn type_of(message: &Message) -> Option<Type> {
    let (field, value) = message.0.first()?;
    let inner = match value {
        Value::Message(inner) => Some(inner),
        _ => None,
    };
    let word = match value {
        Value::Word(word) => word.as_str(),
        _ => "",
    };
    Some(match field.as_str() {
        "primitive" => match word {
            "BOOL" => Type::Bool,
            "INT64" => Type::Int,
            "UINT64" => Type::Uint,
            "DOUBLE" => Type::Double,
            "STRING" => Type::String,
            "BYTES" => Type::Bytes,
            _ => return None,
        },
        "well_known" => match word {
            "TIMESTAMP" => Type::Timestamp,
            "DURATION" => Type::Duration,
            _ => return None,
        },
        "null" => Type::Null,
        "dyn" => Type::Dyn,
        "list_type" => Type::list(inner?.message("elem_type").map_or(Some(Type::Dyn), type_of)?),
        "map_type" => {
            Type::map(type_of(inner?.message("key_type")?)?, type_of(inner?.message("value_type")?)?)
        }
        "type" => Type::Type(type_of(inner?)?.into()),
        "abstract_type" if inner?.text("name")? == "optional_type" => {
            Type::optional(type_of(inner?.message("parameter_types")?)?)
        }
        _ => return None,
    })
}

fn value_of<'a>(arena: &'a Bump, message: &Message) -> Option<Cel<'a>> {
    let (field, value) = message.0.first()?;
    let inner = match value {
        Value::Message(inner) => Some(inner),
        _ => None,
    };
    let word = match value {
        Value::Word(word) => word.as_str(),
        _ => "",
    };
    let bytes = match value {
        Value::Text(bytes) => bytes.as_slice(),
        _ => &[],
    };
    Some(match field.as_str() {
        "null_value" => Cel::Null,
        "bool_value" => Cel::Bool(word == "true"),
        "int64_value" => Cel::Int(match word.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16).ok()?,
            None => word.parse().ok()?,
        }),
        "uint64_value" => Cel::Uint(match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok()?,
            None => word.parse().ok()?,
        }),
        "double_value" => Cel::Double(match word {
            "inf" => f64::INFINITY,
            "-inf" => f64::NEG_INFINITY,
            "nan" => f64::NAN,
            word => word.parse().ok()?,
        }),
        "string_value" => Cel::String(arena.alloc_str(&String::from_utf8_lossy(bytes))),
        "bytes_value" => Cel::Bytes(arena.alloc_slice_copy(bytes)),
        "type_value" => Cel::Type(arena.alloc_str(&String::from_utf8_lossy(bytes))),
        "list_value" => {
            let items: Option<Vec<Cel<'a>>> =
                inner?.messages("values").map(|item| value_of(arena, item)).collect();
            Cel::List(arena.alloc_slice_copy(&items?))
        }
        "map_value" => {
            let entries: Option<Vec<_>> = inner?
                .messages("entries")
                .map(|entry| {
                    Some((value_of(arena, entry.message("key")?)?, value_of(arena, entry.message("value")?)?))
                })
                .collect();
            Cel::Map(Map::new(arena, entries?))
        }
        "object_value" => {
            let typed = inner?.message("[type]")?;
            let number = |name: &str| typed.text(name).map_or(Some(0), |text| text.parse::<i64>().ok());
            // Both have seconds and nanos; which one it is shows in the source alone.
            let (seconds, nanos) = (number("seconds")?, number("nanos")?);
            Cel::Timestamp(Timestamp::new(seconds, u32::try_from(nanos).ok()?)?)
        }
        _ => return None,
    })
}

fn differs(test: &Message) -> Verdict {
    let expr = test.text("expr").unwrap_or_default();
    let (env, names) = match env_of(test) {
        Ok(found) => found,
        Err(reason) => return Verdict::Apart(reason),
    };
    let typed = test.message("typed_result");
    let wants_error = test.message("eval_error").is_some() || test.message("any_eval_errors").is_some();
    let program = match env.compile(&expr) {
        Ok(program) => program,
        // Kubernetes folds conversions of literals when it makes the program, so their errors come earlier.
        Err(error) if wants_error && is_early(error.message()) => return Verdict::Right,
        Err(error) => return Verdict::Wrong(format!("`{expr}` is refused: {}", error.message())),
    };
    if let Some(deduced) = typed.and_then(|typed| typed.message("deduced_type")) {
        let Some(wanted) = type_of(deduced) else { return Verdict::Apart("protobuf messages".into()) };
        if *program.output_type() != wanted {
            return Verdict::Wrong(format!(
                "`{expr}` is of type {}, expected {wanted}",
                program.output_type()
            ));
        }
    }
    if test.is_set("check_only") {
        return Verdict::Right;
    }
    let arena = Bump::new();
    let mut evaluator = Evaluator::new(&arena, Limits::default());
    for binding in test.messages("bindings") {
        let key = binding.text("key").unwrap_or_default();
        let value = binding.message("value").and_then(|value| value.message("value"));
        let Some(slot) = names.iter().position(|name| *name == key) else { continue };
        match value.and_then(|value| value_of(&arena, value)) {
            Some(value) => evaluator.set(slot, Some(value)),
            None => return Verdict::Apart("protobuf messages".into()),
        }
    }
    let result = evaluator.run(&program);
    let wanted = test.message("value").or_else(|| typed.and_then(|typed| typed.message("result")));
    match (result, wanted) {
        (Err(_), _) if wants_error => Verdict::Right,
        (Ok(value), _) if wants_error => Verdict::Wrong(format!("`{expr}` is {value:?}, expected an error")),
        (Err(fail), _) => Verdict::Wrong(format!("`{expr}` fails: {}", fail.message())),
        // Without anything wanted, it is true that is wanted.
        (Ok(value), None) => same(&expr, &value, &Cel::Bool(true)),
        (Ok(value), Some(wanted)) => match value_of(&arena, wanted) {
            Some(wanted) => same(&expr, &value, &wanted),
            None => Verdict::Apart("protobuf messages".into()),
        },
    }
}

fn is_early(message: &str) -> bool {
    message.starts_with("program instantiation failed") || message.starts_with("invalid ")
}

fn same(expr: &str, found: &Cel<'_>, wanted: &Cel<'_>) -> Verdict {
    if equal(found, wanted) {
        Verdict::Right
    } else {
        Verdict::Wrong(format!("`{expr}` is {found:?}, expected {wanted:?}"))
    }
}

/// Equal in type and value, NaN included.
fn equal(one: &Cel<'_>, other: &Cel<'_>) -> bool {
    match (one, other) {
        (Cel::Null, Cel::Null) => true,
        (Cel::Bool(one), Cel::Bool(other)) => one == other,
        (Cel::Int(one), Cel::Int(other)) => one == other,
        (Cel::Uint(one), Cel::Uint(other)) => one == other,
        (Cel::Double(one), Cel::Double(other)) => one == other || (one.is_nan() && other.is_nan()),
        (Cel::String(one), Cel::String(other)) => one == other,
        (Cel::Bytes(one), Cel::Bytes(other)) => one == other,
        (Cel::Type(one), Cel::Type(other)) => one == other,
        (Cel::Timestamp(one), Cel::Timestamp(other)) => one == other,
        (Cel::Duration(nanos), Cel::Timestamp(at)) => {
            *nanos == at.seconds * 1_000_000_000 + i64::from(at.nanos)
        }
        (Cel::List(_) | Cel::NodeList(_), Cel::List(_) | Cel::NodeList(_)) => {
            let (Some(ones), Some(others)) = (one.items(), other.items()) else { return false };
            ones.len() == others.len() && ones.zip(others).all(|(one, other)| equal(&one, &other))
        }
        (Cel::Map(one), Cel::Map(other)) => {
            one.entries().len() == other.entries().len()
                && one.entries().iter().zip(other.entries()).all(
                    |((key, value), (other_key, other_value))| {
                        equal(key, other_key) && equal(value, other_value)
                    },
                )
        }
        _ => false,
    }
}

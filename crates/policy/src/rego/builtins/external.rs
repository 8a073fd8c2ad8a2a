//! `external_data`, as Gatekeeper adds it to Rego.

use serde_json::Value as Json;

use super::{Answer, Builtin, builtin};
use crate::gatekeeper::ExternalError;
use crate::rego::eval::{EvalError, Evaluation};
use crate::rego::value::{Flag, Value};

/// Keys that one call may ask about.
const MOST: usize = 1000;

pub(super) const TABLE: &[Builtin] = &[builtin("external_data", 1, external_data)];

fn external_data<'a>(eval: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let field = |key| args.first().and_then(|request| request.get(&Value::Str(key)));
    let (Some(provider), Some(keys)) = (field("provider"), field("keys")) else { return Ok(None) };
    let (Some(provider), Some(keys)) = (provider.as_str(), keys.items()) else { return Ok(None) };
    let Some(keys) = keys.iter().map(Value::as_str).collect::<Option<Vec<&str>>>() else { return Ok(None) };
    let failed = |why| Err(EvalError::External { provider: provider.to_owned(), why }.into());
    let Some(external) = eval.external() else { return failed(ExternalError::Off) };
    if keys.len() > MOST {
        return failed(ExternalError::TooManyKeys);
    }
    eval.spend(1000 + 10 * keys.len() as u64)?;
    let answer = match external.ask(provider, &keys) {
        Ok(answer) => answer,
        Err(error) => return failed(error),
    };
    let pair = |key: String, value: Value<'a>| Value::array(vec![Value::text(key), value]);
    let responses = answer.responses.into_iter().map(|(key, value)| pair(key, of_json(&value)));
    let responses = Value::array(responses.collect());
    let errors = answer.errors.into_iter().map(|(key, error)| pair(key, Value::text(error)));
    let errors = Value::array(errors.collect());
    Ok(Some(Value::object(vec![
        (Value::Str("errors"), errors),
        (Value::Str("responses"), responses),
        (Value::Str("status_code"), Value::Int(answer.status_code)),
        (Value::Str("system_error"), Value::text(answer.system_error)),
    ])))
}

fn of_json(json: &Json) -> Value<'static> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(Flag(*value)),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::number(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::array(items.iter().map(of_json).collect()),
        Json::Object(fields) => Value::object(
            fields.iter().map(|(key, value)| (Value::text(key.as_str()), of_json(value))).collect(),
        ),
    }
}

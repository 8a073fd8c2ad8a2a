//! Fields, keys and indices.

use super::Evaluator;
use crate::eval::Evaluated;
use crate::fail::Fail;
use crate::functions;
use crate::value::Value;

impl<'a> Evaluator<'a> {
    #[inline]
    fn find_field(&mut self, value: Value<'a>, field: &'a str) -> Result<Option<Value<'a>>, Fail> {
        Ok(match value {
            Value::NodeMap(node) => {
                // Looking up is a walk, which only matters in large maps.
                self.toil(node.len() as u64 / 4)?;
                node.get(field).map(Value::of_node)
            }
            Value::Map(map) => map.get(&Value::String(field)),
            Value::Object(object) => object.get(field),
            Value::Variables => Some(self.composed(field)?),
            _ => None,
        })
    }

    #[inline]
    pub(super) fn select(&mut self, value: Value<'a>, field: &'a str) -> Evaluated<'a> {
        if let Value::Optional(inner) = value {
            let Some(inner) = inner else { return Ok(Value::Optional(None)) };
            return self.opt_select(*inner, field);
        }
        self.find_field(value, field)?.ok_or_else(|| Fail::no_such_key(field))
    }

    pub(super) fn test(&mut self, value: Value<'a>, field: &'a str) -> Result<bool, Fail> {
        match value {
            Value::Optional(None) => Ok(false),
            Value::Optional(Some(inner)) => self.test(*inner, field),
            Value::Variables => Ok(self.composed.iter().any(|variable| *variable.name == *field)),
            value => Ok(self.find_field(value, field)?.is_some()),
        }
    }

    pub(super) fn opt_select(&mut self, value: Value<'a>, field: &'a str) -> Evaluated<'a> {
        if let Value::Optional(inner) = value {
            return match inner {
                Some(inner) => self.opt_select(*inner, field),
                None => Ok(Value::Optional(None)),
            };
        }
        let found = self.find_field(value, field)?;
        Ok(found.map_or(Value::Optional(None), |found| self.some(found)))
    }

    /// The item or entry at an index; `None` if it is not there.
    #[inline]
    pub(super) fn find_index(
        &mut self,
        value: Value<'a>,
        index: Value<'a>,
    ) -> Result<Option<Value<'a>>, Fail> {
        match value {
            Value::List(_) | Value::NodeList(_) => {
                let whole = match index {
                    Value::Int(index) => usize::try_from(index).ok(),
                    Value::Uint(index) => usize::try_from(index).ok(),
                    Value::Double(index) if index.fract() == 0.0 && index.abs() < 9.0e15 => {
                        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
                        let whole = index as i64;
                        usize::try_from(whole).ok()
                    }
                    other => {
                        let message = format!("unsupported index type '{}' in list", other.type_name());
                        return Err(Fail::error(message));
                    }
                };
                Ok(whole.and_then(|whole| value.items()?.nth(whole)))
            }
            Value::NodeMap(node) => Ok(index.as_str().and_then(|key| node.get(key)).map(Value::of_node)),
            Value::Map(map) => Ok(map.get(&index)),
            Value::Object(_) | Value::Variables => match index {
                Value::String(field) => self.find_field(value, field),
                _ => Ok(None),
            },
            _ => Err(Fail::no_such_overload()),
        }
    }

    #[inline]
    pub(super) fn index(&mut self, value: Value<'a>, index: Value<'a>) -> Evaluated<'a> {
        if let Value::Optional(inner) = value {
            let Some(inner) = inner else { return Ok(Value::Optional(None)) };
            return self.opt_index(*inner, index);
        }
        let is_list = value.items().is_some();
        self.find_index(value, index)?.ok_or_else(|| {
            let shown = functions::show(&index);
            if is_list { Fail::out_of_bounds(shown) } else { Fail::no_such_key(shown) }
        })
    }

    pub(super) fn opt_index(&mut self, value: Value<'a>, index: Value<'a>) -> Evaluated<'a> {
        if let Value::Optional(inner) = value {
            return match inner {
                Some(inner) => self.opt_index(*inner, index),
                None => Ok(Value::Optional(None)),
            };
        }
        let found = self.find_index(value, index)?;
        Ok(found.map_or(Value::Optional(None), |found| self.some(found)))
    }
}

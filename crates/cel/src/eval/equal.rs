//! Whether two values are the same.

use super::{Evaluator, Range};
use crate::fail::Fail;
use crate::value::{Value, compare_numbers};

impl<'a> Evaluator<'a> {
    /// Whether two values are equal; numbers by amount, anything of different types is not.
    pub(crate) fn equal(&mut self, one: &Value<'a>, other: &Value<'a>) -> Result<bool, Fail> {
        self.toil(3)?;
        Ok(match (one, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (
                Value::Int(_) | Value::Uint(_) | Value::Double(_),
                Value::Int(_) | Value::Uint(_) | Value::Double(_),
            ) => compare_numbers(one, other).is_some_and(std::cmp::Ordering::is_eq),
            (Value::String(one), Value::String(other)) => {
                if one.len() == other.len() {
                    self.toil_bytes(one.len())?;
                }
                one == other
            }
            (Value::Bytes(one), Value::Bytes(other)) => one == other,
            (Value::Duration(one), Value::Duration(other)) => one == other,
            (Value::Timestamp(one), Value::Timestamp(other)) => one == other,
            (Value::Type(one), Value::Type(other)) => one == other,
            (Value::Optional(None), Value::Optional(None)) => true,
            (Value::Optional(Some(one)), Value::Optional(Some(other))) => self.equal(one, other)?,
            (Value::List(_) | Value::NodeList(_), Value::List(_) | Value::NodeList(_)) => {
                let (Some(ones), Some(others)) = (one.items(), other.items()) else { return Ok(false) };
                if ones.len() != others.len() {
                    return Ok(false);
                }
                for (one, other) in ones.zip(others) {
                    if !self.equal(&one, &other)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Map(_) | Value::NodeMap(_), Value::Map(_) | Value::NodeMap(_)) => {
                self.equal_maps(one, other)?
            }
            (Value::Object(one), Value::Object(other)) => {
                if one.type_name != other.type_name || one.fields.len() != other.fields.len() {
                    return Ok(false);
                }
                for (name, value) in one.fields {
                    match other.get(name) {
                        Some(found) if self.equal(value, &found)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Ip(one), Value::Ip(other)) => one == other,
            (Value::Cidr(one, bits), Value::Cidr(other, other_bits)) => one == other && bits == other_bits,
            (Value::Url(one), Value::Url(other)) => one == other,
            (Value::Quantity(one), Value::Quantity(other)) => one.compare(other).is_eq(),
            (Value::Semver(one), Value::Semver(other)) => one.compare(other).is_eq(),
            (Value::Format(one), Value::Format(other)) => one == other,
            _ => false,
        })
    }

    fn equal_maps(&mut self, one: &Value<'a>, other: &Value<'a>) -> Result<bool, Fail> {
        if one.size() != other.size() {
            return Ok(false);
        }
        let Some(mut range) = Range::of(*one) else { return Ok(false) };
        while let Some((key, value)) = range.next_pair() {
            // Finding a key in a document's map is a walk.
            self.toil(other.size())?;
            match self.find_index(*other, key)? {
                Some(found) if self.equal(&value, &found)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

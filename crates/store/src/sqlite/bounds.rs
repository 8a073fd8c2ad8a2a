//! What arguments and rows must be.

use std::error::Error as StdError;
use std::str::FromStr;

use rusqlite::{Error, ErrorCode, Row};

use crate::StoreError;

/// Most bytes of the name of a source or reason.
const MAX_NAME: usize = 256;
/// Most bytes of ids, names, and other short texts.
const MAX_TEXT: usize = 4096;
/// Most bytes of a body as JSON, a payload, notes.
const MAX_BODY: usize = 1 << 20;
/// Most things in one call.
const MAX_ITEMS: usize = 1_000_000;
/// Most things that a query gives.
pub(super) const MAX_PAGE: u32 = 10_000;

pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), StoreError> {
    if name.is_empty() {
        return Err(StoreError::Invalid { detail: format!("the {what} has no name") });
    }
    at_most(what, name.len(), MAX_NAME)
}

pub(super) fn check_lengths(fields: &[(&'static str, &str)]) -> Result<(), StoreError> {
    fields.iter().try_for_each(|(what, text)| at_most(what, text.len(), MAX_TEXT))
}

pub(super) fn check_body(what: &'static str, bytes: &[u8]) -> Result<(), StoreError> {
    at_most(what, bytes.len(), MAX_BODY)
}

pub(super) fn check_items(what: &'static str, count: usize) -> Result<(), StoreError> {
    if count > MAX_ITEMS {
        let detail = format!("{count} {what} at once are too many, at most {MAX_ITEMS} are taken");
        return Err(StoreError::Invalid { detail });
    }
    Ok(())
}

fn at_most(what: &'static str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit { Err(StoreError::TooLarge { what, size, limit }) } else { Ok(()) }
}

/// Tells a name that is taken from other errors.
pub(super) fn unless_taken(
    result: rusqlite::Result<usize>,
    what: &'static str,
    id: &str,
) -> Result<usize, StoreError> {
    match result {
        Err(Error::SqliteFailure(failure, _)) if failure.code == ErrorCode::ConstraintViolation => {
            Err(StoreError::Exists { what, id: id.to_owned() })
        }
        other => Ok(other?),
    }
}

pub(super) fn missing(what: &'static str, id: &str) -> StoreError {
    StoreError::NotFound { what, id: id.to_owned() }
}

/// A column with the name of a value.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| {
        Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// A column with the place of a value in the list of all.
pub(super) fn placed<T: Copy>(row: &Row<'_>, column: usize, all: &[T]) -> rusqlite::Result<T> {
    let place: i64 = row.get(column)?;
    let found = usize::try_from(place).ok().and_then(|place| all.get(place));
    found.copied().ok_or(Error::IntegralValueOutOfRange(column, place))
}

/// The place of a value in the list of all, as [`placed`] reads it.
pub(super) fn place_of<T: PartialEq>(value: &T, all: &[T]) -> Option<i64> {
    all.iter().position(|other| other == value).and_then(|place| i64::try_from(place).ok())
}

/// The condition for a filter that may be set: so written, an index on the column is used.
pub(super) fn only(column: &str, place: usize, is_set: bool) -> String {
    if is_set { format!("{column} = ?{place}") } else { format!("?{place} IS NULL") }
}

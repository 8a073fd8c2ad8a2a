//! Lines of VPC flow logs.
//!
//! From version 3 on whoever sets a log up chooses its columns; files begin with a line that names them. A line that
//! came without one is read only where somebody says what its columns are: a guess could take one address for another.

use crate::event::Columns;
use crate::fields::vpc_flow::{COLUMNS, DEFAULT_COLUMNS};
use crate::json::Part;

/// Which columns a flow log has, and in which order.
#[derive(Debug, Clone)]
pub struct FlowColumns {
    columns: Vec<Option<usize>>,
    /// Whether somebody said so: without that, only lines that have the form of version 2 are read.
    is_given: bool,
}

/// No column is called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowColumnsError(pub String);

impl std::fmt::Display for FlowColumnsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown flow log column `{}`", self.0)
    }
}

impl std::error::Error for FlowColumnsError {}

impl Default for FlowColumns {
    /// Version 2, which has no choice of columns.
    fn default() -> Self {
        Self { columns: (0..DEFAULT_COLUMNS).map(Some).collect(), is_given: false }
    }
}

/// Why a line is not cut into columns.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoFlow {
    /// Not as many columns as there should be.
    Malformed,
    /// A later version, whose columns nobody named.
    UnknownColumns,
}

impl FlowColumns {
    /// Reads the names of columns as they stand in the definition of a flow log: `${version} ${vpc-id} …`, or without
    /// the signs around them.
    ///
    /// # Errors
    /// A name that is none.
    pub fn parse(text: &str) -> Result<Self, FlowColumnsError> {
        let column = |(_, word)| column(word).map(Some).ok_or_else(|| FlowColumnsError(str::to_owned(word)));
        Ok(Self { columns: words(text).map(column).collect::<Result<_, _>>()?, is_given: true })
    }

    /// Reads a line of column names, as AWS puts it first in each file: `version account-id …`. Columns that we do
    /// not know are kept without meaning.
    pub(super) fn from_header(line: &str) -> Option<Self> {
        // Most lines are data: they begin with a number.
        if line.as_bytes().first().is_none_or(u8::is_ascii_digit) {
            return None;
        }
        let columns: Vec<Option<usize>> = words(line).map(|(_, word)| column(word)).collect();
        let known = columns.iter().flatten().count();
        // A line of data never has two column names in it.
        (known >= 2).then_some(Self { columns, is_given: true })
    }

    /// Whether there is a column that says when.
    pub(super) fn has_time(&self) -> bool {
        self.columns.iter().flatten().any(|column| matches!(COLUMNS.get(*column), Some(&("start" | "end"))))
    }

    /// Cuts a line.
    pub(super) fn split(&self, line: &str) -> Result<Columns, NoFlow> {
        let mut out = [Part::default(); COLUMNS.len()];
        let mut count = 0;
        for (part, _) in words(line) {
            let Some(column) = self.columns.get(count) else {
                count += 1;
                break;
            };
            if let Some(slot) = column.and_then(|column| out.get_mut(column)) {
                *slot = part;
            }
            count += 1;
        }
        let is_whole = count == self.columns.len();
        let is_read = self.is_given || (is_whole && is_version_2(&out, line));
        if !is_read {
            let version = words(line).next().and_then(|(_, word)| word.parse::<u8>().ok());
            return match version {
                Some(3..=99) => Err(NoFlow::UnknownColumns),
                Some(2) if is_whole => Err(NoFlow::UnknownColumns),
                _ => Err(NoFlow::Malformed),
            };
        }
        if is_whole { Ok(out) } else { Err(NoFlow::Malformed) }
    }
}

/// Whether the columns have what those of version 2 have: somebody may have chosen the same ones in another order.
fn is_version_2(columns: &Columns, line: &str) -> bool {
    let is = |at: usize, known: &[&str]| columns.get(at).is_some_and(|part| known.contains(&part.of(line)));
    let is_number = |at: usize| {
        columns.get(at).is_some_and(|part| part.of(line).bytes().all(|byte| byte.is_ascii_digit()))
    };
    is(0, &["2"]) && is_number(10) && is_number(11) && is(12, &ACTIONS) && is(13, &STATUSES)
}

const ACTIONS: [&str; 3] = ["ACCEPT", "REJECT", "-"];
const STATUSES: [&str; 4] = ["OK", "NODATA", "SKIPDATA", "-"];

/// Whether the action and the status are those that flow logs have.
pub(super) fn has_known_values(columns: &Columns, line: &str) -> bool {
    let is = |at: usize, known: &[&str]| {
        columns.get(at).is_none_or(|part| matches!(part.of(line), "") || known.contains(&part.of(line)))
    };
    is(12, &ACTIONS) && is(13, &STATUSES)
}

/// The column of that name, with `${…}` around it or not; Parquet has `_` for `-`.
fn column(word: &str) -> Option<usize> {
    let word = word.strip_prefix("${").and_then(|word| word.strip_suffix('}')).unwrap_or(word);
    let is_it = |name: &&str| {
        name.len() == word.len() && name.bytes().eq(word.bytes().map(|b| if b == b'_' { b'-' } else { b }))
    };
    COLUMNS.iter().position(is_it)
}

fn words(line: &str) -> impl Iterator<Item = (Part, &str)> {
    let base = line.as_ptr() as usize;
    line.split_ascii_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - base;
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        (Part { start: at(start), end: at(start + word.len()) }, word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(columns: &FlowColumns, line: &str) -> Option<Vec<String>> {
        let columns = columns.split(line).ok()?;
        Some(columns.iter().map(|part| part.of(line).to_owned()).filter(|text| !text.is_empty()).collect())
    }

    #[test]
    fn headers_choose_the_columns() {
        let columns = FlowColumns::from_header("version srcaddr new-thing ${dstaddr} action").unwrap();
        let line = "5 10.0.0.1 x 10.0.0.2 REJECT";
        assert_eq!(cut(&columns, line).unwrap(), ["5", "10.0.0.1", "10.0.0.2", "REJECT"]);
        assert_eq!(columns.split("5 10.0.0.1").err(), Some(NoFlow::Malformed));
        assert!(FlowColumns::from_header("2 123456789010 eni-1 - - - - - - - 1 2 - NODATA").is_none());
        assert!(FlowColumns::from_header("version account_id srcaddr").is_some());
    }

    #[test]
    fn later_versions_are_not_guessed() {
        let columns = FlowColumns::default();
        for line in [
            "3 vpc-1 subnet-1 i-1 eni-1 1 IPv4 10.0.0.1 10.0.0.2 5 6 10.0.0.1 10.0.0.2 6 7 7 1 2 ACCEPT 18 OK",
            // As many columns as version 2 has.
            "5 10.0.0.71 52.95.128.179 34210 80 6 1616729292 1616729349 IPv4 7 471 1 2 ACCEPT",
            "2 10.0.0.1 10.0.0.2 1 2 6 7 8 1 2 ACCEPT OK 123456789010 eni-1",
        ] {
            assert_eq!(columns.split(line).err(), Some(NoFlow::UnknownColumns), "{line}");
        }
        assert_eq!(columns.split("no flow log").err(), Some(NoFlow::Malformed));
        let line = "2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 7 8 1 2 ACCEPT OK";
        assert_eq!(cut(&columns, line).unwrap().len(), 14);
        assert_eq!(columns.split(&format!("{line} more")).err(), Some(NoFlow::Malformed));
    }

    #[test]
    fn columns_are_named_as_in_the_definition_of_a_flow_log() {
        let columns = FlowColumns::parse("${version} ${srcaddr} dstaddr").unwrap();
        assert_eq!(cut(&columns, "3 10.0.0.1 -").unwrap(), ["3", "10.0.0.1", "-"]);
        assert!(!columns.has_time());
        assert_eq!(FlowColumns::parse("version srcadr").unwrap_err(), FlowColumnsError("srcadr".into()));
    }
}

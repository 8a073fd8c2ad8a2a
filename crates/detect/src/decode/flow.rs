//! Lines of VPC flow logs.

use crate::event::Columns;
use crate::fields::vpc_flow::{COLUMNS, DEFAULT_COLUMNS};
use crate::json::Part;

/// Which column of a line is which of ours.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    columns: Vec<Option<usize>>,
}

impl Default for Layout {
    /// Version 2, which has no choice of columns.
    fn default() -> Self {
        Self { columns: (0..DEFAULT_COLUMNS).map(Some).collect() }
    }
}

impl Layout {
    /// Reads a line of column names, as AWS puts it first in each file: `version account-id …`, or with `${…}`
    /// around each as in a format string. Columns that we do not know are kept without meaning.
    pub(super) fn from_header(line: &str) -> Option<Self> {
        let columns: Vec<Option<usize>> = words(line)
            .map(|(_, word)| {
                let word = word.strip_prefix("${").and_then(|word| word.strip_suffix('}')).unwrap_or(word);
                let word = word.replace('_', "-");
                COLUMNS.iter().position(|column| *column == word)
            })
            .collect();
        let known = columns.iter().flatten().count();
        // A line of data never has two column names in it.
        (known >= 2).then_some(Self { columns })
    }

    /// Cuts a line; nothing where it has another number of columns.
    pub(super) fn split(&self, line: &str) -> Option<Columns> {
        let mut out = [Part::default(); COLUMNS.len()];
        let mut count = 0;
        for (part, _) in words(line) {
            if let Some(column) = self.columns.get(count)?
                && let Some(slot) = out.get_mut(*column)
            {
                *slot = part;
            }
            count += 1;
        }
        (count == self.columns.len()).then_some(out)
    }
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

    #[test]
    fn headers_choose_the_columns() {
        let layout = Layout::from_header("version srcaddr new-thing ${dstaddr} action").unwrap();
        let line = "5 10.0.0.1 x 10.0.0.2 REJECT";
        let columns = layout.split(line).unwrap();
        assert_eq!(columns[4].of(line), "10.0.0.2");
        assert_eq!(columns[12].of(line), "REJECT");
        assert!(layout.split("5 10.0.0.1").is_none());
        assert!(Layout::from_header("2 123456789010 eni-1 - - - - - - - 1 2 - NODATA").is_none());
    }
}

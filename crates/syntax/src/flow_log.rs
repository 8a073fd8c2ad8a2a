//! Lines of VPC flow logs.
//!
//! From version 3 on whoever sets a log up chooses its columns; files begin with a line that names them. A line that
//! came without one is read only where somebody says what its columns are: a guess could take one address for another.

/// The columns by the names that AWS gives them in a header or a format string.
pub const COLUMNS: [&str; 42] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
    "ecs-cluster-arn",
    "ecs-cluster-name",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    "reject-reason",
    "resource-id",
    "encryption-status",
];

/// The columns of version 2, which is what a log without header has.
pub const DEFAULT_COLUMNS: usize = 14;

/// What stands in each column of a line, in the order of [`COLUMNS`]; an empty text in a column that the line lacks.
pub type Cells<'l> = [&'l str; COLUMNS.len()];

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFlow {
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
        let column = |word| column(word).map(Some).ok_or_else(|| FlowColumnsError(str::to_owned(word)));
        Ok(Self {
            columns: text.split_ascii_whitespace().map(column).collect::<Result<_, _>>()?,
            is_given: true,
        })
    }

    /// Reads a line of column names, as AWS puts it first in each file: `version account-id …`. Columns that we do
    /// not know are kept without meaning.
    pub fn from_header(line: &str) -> Option<Self> {
        // Most lines are data: they begin with a number.
        if line.as_bytes().first().is_none_or(u8::is_ascii_digit) {
            return None;
        }
        let columns: Vec<Option<usize>> = line.split_ascii_whitespace().map(column).collect();
        let known = columns.iter().flatten().count();
        // A line of data never has two column names in it.
        (known >= 2).then_some(Self { columns, is_given: true })
    }

    /// Whether there is a column that says when.
    pub fn has_time(&self) -> bool {
        self.columns.iter().flatten().any(|column| matches!(COLUMNS.get(*column), Some(&("start" | "end"))))
    }

    /// Cuts a line.
    ///
    /// # Errors
    /// It is no line of this log, or of one whose columns nobody named.
    pub fn split<'l>(&self, line: &'l str) -> Result<Cells<'l>, NoFlow> {
        let mut out = [""; COLUMNS.len()];
        let mut count = 0;
        for word in line.split_ascii_whitespace() {
            let Some(column) = self.columns.get(count) else {
                count += 1;
                break;
            };
            if let Some(slot) = column.and_then(|column| out.get_mut(column)) {
                *slot = word;
            }
            count += 1;
        }
        let is_whole = count == self.columns.len();
        let is_read = self.is_given || (is_whole && is_version_2(&out));
        if !is_read {
            let version = line.split_ascii_whitespace().next().and_then(|word| word.parse::<u8>().ok());
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
fn is_version_2(cells: &Cells<'_>) -> bool {
    let is = |at: usize, known: &[&str]| cells.get(at).is_some_and(|cell| known.contains(cell));
    let is_number =
        |at: usize| cells.get(at).is_some_and(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()));
    is(0, &["2"]) && is_number(10) && is_number(11) && is(12, &ACTIONS) && is(13, &STATUSES)
}

const ACTIONS: [&str; 3] = ["ACCEPT", "REJECT", "-"];
const STATUSES: [&str; 4] = ["OK", "NODATA", "SKIPDATA", "-"];

/// Whether the action and the status are those that flow logs have.
pub fn has_known_values(cells: &Cells<'_>) -> bool {
    let is =
        |at: usize, known: &[&str]| cells.get(at).is_none_or(|cell| cell.is_empty() || known.contains(cell));
    is(12, &ACTIONS) && is(13, &STATUSES)
}

/// The column of that name, with `${…}` around it or not; Parquet has `_` for `-`.
pub fn column(word: &str) -> Option<usize> {
    let word = word.strip_prefix("${").and_then(|word| word.strip_suffix('}')).unwrap_or(word);
    let is_it = |name: &&str| {
        name.len() == word.len() && name.bytes().eq(word.bytes().map(|b| if b == b'_' { b'-' } else { b }))
    };
    COLUMNS.iter().position(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(columns: &FlowColumns, line: &str) -> Option<Vec<String>> {
        let columns = columns.split(line).ok()?;
        Some(columns.iter().map(|&cell| cell.to_owned()).filter(|text| !text.is_empty()).collect())
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

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Anchor, Break, Entry, Hash, Kept, MAX_DETAILS, MAX_NAME, Report};

/// Most bytes of a line: an entry with every character escaped.
const MAX_LINE: usize = 6 * (3 * MAX_NAME + MAX_DETAILS) + 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    seq: u64,
    time_us: i64,
    #[serde(borrow)]
    actor: std::borrow::Cow<'l, str>,
    #[serde(borrow)]
    act: std::borrow::Cow<'l, str>,
    #[serde(borrow)]
    subject: std::borrow::Cow<'l, str>,
    #[serde(borrow)]
    details: &'l RawValue,
    prev: Hash,
    hash: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: Anchor,
}

/// Why an exported journal cannot be read; what is broken in one that can be is a [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system failed.
    #[error("cannot read the journal")]
    Io(#[from] io::Error),
    /// A line is nothing that an export holds.
    #[error("line {line} is no entry of a journal ({detail}): was the file changed, or is it another one?")]
    Line {
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong.
        detail: String,
    },
    /// A line is longer than any entry.
    #[error("line {line} has more than {MAX_LINE} bytes, no entry of a journal has")]
    TooLong {
        /// Number of the line, from 1.
        line: u64,
    },
    /// The last line, which names the anchor, is not there.
    #[error("the file ends after {entries} entries without its last line: it was cut off")]
    Cut {
        /// Entries that were read and are in order.
        entries: u64,
    },
}

/// Writes an entry as a line of JSON.
///
/// # Errors
/// When it cannot be written, or its details are no JSON.
pub fn write_entry(entry: &Entry, to: &mut dyn Write) -> io::Result<()> {
    let details: &RawValue = serde_json::from_str(&entry.details)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let line = Line {
        seq: entry.seq,
        time_us: entry.time_us,
        actor: entry.actor.as_str().into(),
        act: entry.act.as_str().into(),
        subject: entry.subject.as_str().into(),
        details,
        prev: entry.prev,
        hash: entry.hash,
    };
    serde_json::to_writer(&mut *to, &line)?;
    to.write_all(b"\n")
}

/// Writes the last line: `{"end":{"entries":N,"head":"…"}}`.
///
/// # Errors
/// When it cannot be written.
pub fn write_end(anchor: Anchor, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *to, &End { end: anchor })?;
    to.write_all(b"\n")
}

/// Reads an exported journal and holds it against its hashes, its own last line, and an anchor that was kept elsewhere.
///
/// Each line is an object with `seq`, `time_us`, `actor`, `act`, `subject`, `details`, `prev`, `hash`; the last one has `end` with
/// the anchor. The text of `details` is hashed as it stands in the line.
///
/// # Errors
/// When it cannot be read, or is not what an export looks like. What is read before is judged: a broken entry comes first.
pub fn read_lines(from: &mut dyn BufRead, kept: Option<&Anchor>) -> Result<Report, ReadError> {
    read_lines_against(from, kept.copied().map(Kept::Anchor).as_ref())
}

/// As [`read_lines`], against whatever was kept elsewhere.
///
/// # Errors
/// As [`read_lines`].
pub fn read_lines_against(mut from: &mut dyn BufRead, kept: Option<&Kept>) -> Result<Report, ReadError> {
    let mut chain = Kept::chain(kept, None);
    let mut is_broken = false;
    let mut line = 0;
    let mut end = None;
    let mut text = Vec::new();
    loop {
        line += 1;
        text.clear();
        if Read::take(&mut from, MAX_LINE as u64 + 1).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        if text.len() > MAX_LINE {
            return if is_broken { Ok(chain.finish()) } else { Err(ReadError::TooLong { line }) };
        }
        if is_broken {
            return Ok(chain.finish());
        }
        let wrong = |detail: String| ReadError::Line { line, detail };
        if end.is_some() {
            return Err(wrong("it stands behind the last one".to_owned()));
        }
        if text.starts_with(b"{\"end\"") {
            end = Some(serde_json::from_slice::<End>(&text).map_err(|error| wrong(error.to_string()))?.end);
            continue;
        }
        let read: Line<'_> = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let entry = Entry {
            seq: read.seq,
            time_us: read.time_us,
            actor: read.actor.into_owned(),
            act: read.act.into_owned(),
            subject: read.subject.into_owned(),
            details: read.details.get().to_owned(),
            prev: read.prev,
            hash: read.hash,
        };
        is_broken = !chain.push(&entry);
    }
    let report = chain.finish();
    match end {
        _ if is_broken => Ok(report),
        None => Err(ReadError::Cut { entries: report.good.entries }),
        Some(end) if end == report.good => Ok(report),
        Some(end) if end.entries > report.good.entries => {
            let (from, to) = (report.good.entries.saturating_add(1), end.entries);
            Ok(Report { broken: Some(Break::Truncated { from, to }), ..report })
        }
        Some(_) => Ok(Report { broken: Some(Break::Rewritten { seq: report.good.entries }), ..report }),
    }
}

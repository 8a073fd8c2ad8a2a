//! From bytes to events: what a document is, which events it holds, when they happened.
//!
//! ```text
//! bytes ─► Framer: documents with their line ─► Decoder: source, time, members ─► Event
//! ```
//!
//! Nothing stops the stream: what is no event is counted by reason, with its line, and the next one goes on.

mod document;
mod framer;

pub use document::{Decoder, Format};
pub use framer::{Framer, Limits};
pub use haechi_syntax::flow_log::{FlowColumns, FlowColumnsError};

use crate::event::Event;

/// Why something that was read is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Longer than [`Limits::document_bytes`].
    TooLarge,
    /// Ends inside a value.
    Truncated,
    /// Not JSON, nor a line of a flow log.
    Malformed,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// Readable, but no kind of event that is known.
    UnknownKind,
    /// An event without a time, or with one that is none.
    NoTime,
    /// Later than the clock allows: more than a day after the time of reading.
    FutureTime,
    /// A flow log line of version 3 or later without a header: which column is which is not known.
    UnknownColumns,
    /// A recording of kernel events in another byte order, or of a later version of its format.
    Capture,
    /// A block of such a recording that does not hold what its type has; the next one is read.
    CaptureBlock,
    /// The length of a block of such a recording cannot be believed: what stands behind it is lost.
    CaptureLength,
    /// An event with a value that its format does not have: an unknown stage (audit), category (CloudTrail), action or
    /// status (flow logs), severity, state or status (Security Hub, Inspector, AWS Config), priority (Falco's alerts). It is
    /// held against the rules all the same, but rules that ask for the known values cannot tell.
    UnknownValue,
}

impl RejectReason {
    /// All reasons.
    pub const ALL: [RejectReason; 12] = [
        RejectReason::TooLarge,
        RejectReason::Truncated,
        RejectReason::Malformed,
        RejectReason::InvalidUtf8,
        RejectReason::UnknownKind,
        RejectReason::NoTime,
        RejectReason::FutureTime,
        RejectReason::UnknownColumns,
        RejectReason::Capture,
        RejectReason::CaptureBlock,
        RejectReason::CaptureLength,
        RejectReason::UnknownValue,
    ];

    /// Whether its place is that of a byte: recordings of kernel events have no lines.
    pub const fn is_at_byte(self) -> bool {
        matches!(self, RejectReason::Capture | RejectReason::CaptureBlock | RejectReason::CaptureLength)
    }

    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            RejectReason::TooLarge => "too-large",
            RejectReason::Truncated => "truncated",
            RejectReason::Malformed => "malformed",
            RejectReason::InvalidUtf8 => "invalid-utf8",
            RejectReason::UnknownKind => "unknown-kind",
            RejectReason::NoTime => "no-time",
            RejectReason::FutureTime => "future-time",
            RejectReason::UnknownColumns => "unknown-columns",
            RejectReason::Capture => "capture",
            RejectReason::CaptureBlock => "capture-block",
            RejectReason::CaptureLength => "capture-length",
            RejectReason::UnknownValue => "unknown-value",
        }
    }
}

/// Something that is no event, or one that cannot be judged in full ([`RejectReason::UnknownValue`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// The line that it begins on, one-based; of a recording of kernel events the byte, zero-based, in its unpacked
    /// form.
    pub line: u64,
    /// Why it is none.
    pub reason: RejectReason,
}

/// Takes what a stream yields.
pub trait Sink {
    /// An event, and the line that it begins on: 0 in a recording of kernel events, which has none.
    fn event(&mut self, event: &Event<'_>, line: u64);
    /// Something that is none.
    fn reject(&mut self, reject: Reject);
}

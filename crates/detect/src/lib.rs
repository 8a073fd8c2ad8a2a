//! Detection: the Falco language over audit logs, cloud trails, flows, findings and recorded kernel events.
//!
//! People own rule files; this crate loads them, holds streams of events against them exactly as Falco does, and
//! explains each verdict. Where Falco's plugins read something else than their fields say, the field is read as it
//! is described; the modules under `extract` list every such difference.
//!
//! ```text
//! rule files ─► rules::load ─► Program (shared checks, boolean nodes, index) ─┐
//! bytes ─► Framer or capture ─► Decoder ─► Event (text + parts) ─────────────────────────┴─► Matcher ─► Detection ─► output
//! ```
//!
//! Invariants:
//! - no I/O, no clock, no randomness, no async: bytes and the time of reading come in as arguments;
//! - a [`program::Program`] is all that rules become; no front end has an evaluator of its own;
//! - an event is held against each distinct check at most once, and nothing of it is parsed that no rule asks for;
//! - a field without value passes no check, not even `!=`; its negation holds;
//! - one bad rule, one bad event loses nothing else: it is told with its place, and the next one goes on;
//! - what is told without reading (an index of rules, keys that are written nowhere, combinations of values seen before)
//!   only ever rules out what could not match; `tests/candidates.rs` and `tests/needs.rs` hold it against plain evaluation;
//! - memory is flat: one document, marks of the last events that matched, and what some thousand combinations rule out.

pub mod builtin;
pub mod capture;
pub mod condition;
pub mod decode;
pub mod event;
mod extract;
pub mod fields;
pub mod json;
pub mod output;
pub mod program;
pub mod rules;
pub mod stream;
pub mod target;
mod time;

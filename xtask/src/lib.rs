//! Development tasks: conformance suites, generated documents, benchmarks of the whole process.
//!
//! ```text
//! conformance corpora ─► suite (engine under test) ─► Outcome ─► known differences ─► one line per suite
//! ```
//!
//! Invariants:
//! - suites judge the engines by cases that nobody here wrote; expected answers come from the corpora alone;
//! - a case that differs is wrong until a reason for it is checked in under `conformance/known`, and that reason
//!   must go when the case comes right.

pub mod bench;
pub mod conformance;
pub mod docs;
pub mod layers;
pub mod sample;
mod suites;

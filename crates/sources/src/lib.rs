//! Where data comes from: for now files and standard input.
//!
//! ```text
//! paths, globs, `-` ─► discover() ─► FileEntry… + Problem… ─► read() ─► bytes
//! paths, `-`, gzip, a growing file ─► events ─► bytes, piece by piece
//! ```
//!
//! Invariants:
//! - knows nothing of rules; says of each file only what it is by its place (manifest, part of a chart …);
//! - whatever is left out is a [`haechi_model::Problem`], except what the user's own ignore files name;
//! - the same tree gives the same entries in the same order;
//! - never reads more of a file than the limit.

mod charts;
mod discover;
mod events;
#[cfg(feature = "parquet")]
mod parquet;
mod read;

pub use discover::{DiscoverOptions, Discovery, FileEntry, discover};
pub use events::{FollowedFile, event_files, open_events};
pub use read::{ReadError, read};

//! Where data comes from: files, standard input, and (feature `cluster`) a live cluster.
//!
//! ```text
//! connection ─► cluster ─► documents with an origin `cluster/KIND/NAMESPACE/NAME`
//! paths, globs, `-` ─► discover() ─► FileEntry… + Problem… ─► read() ─► bytes
//! paths, `-`, gzip, a growing file ─► events ─► bytes, piece by piece
//! chart, kustomization ─► run_renderer() ─► bytes, or why not
//! ```
//!
//! Invariants:
//! - knows nothing of rules; says of each file only what it is by its place (manifest, part of a chart …);
//! - whatever is left out is a [`haechi_model::Problem`], except what the user's own ignore files name;
//! - the same tree gives the same entries in the same order;
//! - never reads more of a file than the limit;
//! - starts no program but those that render, and these only when told, see [`run_renderer`].

mod charts;
#[cfg(feature = "cluster")]
pub mod cluster;
mod discover;
mod events;
mod kinds;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod render;

pub use discover::{Chart, DiscoverOptions, Discovery, FileEntry, discover};
pub use events::{EventsRefusal, FollowedFile, event_files, open_events};
pub use kinds::{ClusterKind, Detail};
pub use read::{ReadError, read};
pub use render::{RenderBounds, RenderError, Workplace, find_program, run_renderer};

//! What can reach what in a cluster, why, and the policy that closes it.
//!
//! Policies of every kind become one form, endpoints that no policy can tell apart become one class, and ports and
//! addresses are cut into disjoint ranges, so that the answer for every pair of endpoints is an exact set of
//! connections and stays affordable for a cluster of a hundred thousand pods.
//!
//! ```text
//! objects ─► read ─► World ─► Engine (classes, rows) ─► Verdict ─► lists, diffs, explanations, policies
//! ```
//!
//! Invariants:
//! - no I/O, no clock, no randomness, no Kubernetes client;
//! - a verdict is an interval: what is surely allowed and what may be allowed. What lies between is unknown, and is
//!   shown neither as open nor as closed;
//! - what the specification leaves to the network plugin is decided by a named [`Profile`], nowhere else;
//! - a policy that cannot be read makes the endpoints that it may be for unknown; it is never skipped.

pub mod audit;
pub mod bits;
pub mod classes;
pub mod diff;
pub mod doors;
pub mod encryption;
pub mod engine;
pub mod explain;
pub mod exposure;
pub mod flows;
pub mod format;
pub mod generate;
pub mod ip;
pub mod isolate;
pub mod l4;
pub mod lint;
pub mod list;
pub mod mesh;
pub mod networks;
pub mod notice;
pub mod profile;
pub mod read;
pub mod space;
pub mod strings;
pub mod svg;
pub mod world;

pub use engine::{Engine, Verdict};
pub use profile::{Profile, Tri};
pub use space::{ConnId, Space};
pub use world::World;

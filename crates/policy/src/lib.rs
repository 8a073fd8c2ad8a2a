//! The policy engines: rules that users bring (Gatekeeper, Kubernetes' CEL policies) and the Pod Security Standards,
//! judged as the cluster would judge them.
//!
//! ```text
//! documents ─► Engine::load ─► PolicySet + LoadErrors;   Request ─► PolicySet::review ─► Verdicts
//! ```
//!
//! Invariants:
//! - no I/O, no clock, no randomness, no store, no network: whatever a policy may look up comes in with the
//!   [`Request`];
//! - a policy that fails, or that is stopped because it costs too much, is an [`Outcome::Error`] with its name and
//!   fail mode, never a pass;
//! - a mistake in one document of a set loses no other policy;
//! - objects are read where they lie: no engine copies the tree to judge it.

mod admission;
mod apply;
pub mod cel;
mod engine;
pub mod gatekeeper;
mod go;
mod mistake;
pub mod pss;
mod rego;

pub use admission::AdmissionError;
pub use apply::{Policies, PolicyEngines};
pub use engine::{
    Actions, Engine, FailMode, GroupVersionKind, GroupVersionResource, Inventory, LoadError, Loaded,
    Operation, Outcome, Patch, PatchOp, Permissions, PolicyDocument, PolicyInfo, PolicySet, Request,
    UserInfo, Verdict, Violation,
};
pub use mistake::Mistake;

//! The plain data that flows between Haechi's rooms.
//!
//! Engines produce these types, the store keeps them, reports and the service show them. Nothing here
//! decides anything: the types have public fields and no behaviour beyond ordering, naming and hashing.
//!
//! ```text
//! sources ─► (syntax, objects) ─► engines ─► Finding / Problem / Detection ─► report, store, serve
//! ```
//!
//! Invariants:
//! - depends on no other crate of this workspace;
//! - holds no user-facing sentence: a finding carries the id of its rule and the arguments, and the text is
//!   made in the reader's language when it is shown;
//! - no I/O, no clock, no randomness.

mod detection;
mod finding;
mod fix;
mod problem;
mod resource;
mod rule;
mod scan;
mod severity;
mod span;

pub use detection::{Detection, FieldValue, ParsePriorityError, Priority};
pub use finding::{Arg, ArgValue, Finding, Fingerprint, FingerprintBuilder, RuleSource};
pub use fix::{Action, Alteration, Edit, Fix, FixSafety, NewValue};
pub use problem::{Problem, ProblemGroup, ProblemKind};
pub use resource::ResourceRef;
pub use rule::{PeerId, RuleInfo};
pub use scan::{Rendered, ScanCounts, ScanReport, Suppressed, SuppressionSource};
pub use severity::{ParseSeverityError, Severity};
pub use span::{Location, Position, Span};

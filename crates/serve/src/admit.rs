//! Admission: AdmissionReviews in, answers out.
//!
//! ```text
//! bytes ─► Review::read ─► Generation::judge (verdicts) ─► Answer::of (pure) ─► JSON
//! ```

mod answer;
mod checks;
mod decision;
mod generation;
mod pool;
mod review;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod watch;

pub use answer::{Answer, Causes};
pub use checks::{CheckError, ChosenCheck};
pub use decision::{Decision, Decisions, Ruling};
pub use generation::{Generation, Phase};
pub use pool::{Busy, Pool, PoolOptions};
pub use review::{Review, ReviewError, Version};
pub use service::{Admission, AdmissionCounts, Told};
pub use settings::{AdmissionSettings, Enforcement, ParseEnforcementError, PolicyOverride};
pub use watch::{PolicyFolder, PolicyHealth, Reloaded};

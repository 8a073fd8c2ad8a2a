//! Intake: events in, detections out, acknowledged when they are on disk.
//!
//! ```text
//! body ─► bounded queue ─► unwrap (gzip, SNS) ─► decode, match ─► store in one transaction ─► Receipt
//!           full: 429 for who sends again, shed and counted for who does not
//! ```

mod envelope;
mod folder;
mod pipeline;
mod queue;
mod rules;
mod sns;
#[cfg(test)]
mod sns_tests;
#[cfg(test)]
mod tests;

pub use envelope::{UnwrapError, Unwrapped, unpack, unwrap};
pub use folder::watch_folders;
pub use pipeline::{Detected, Listener, Receipt};
pub use queue::{Intake, IntakeError, IntakeOptions};
pub use rules::{RuleBook, RuleHealth};
pub use sns::{SnsError, SnsOptions, SnsTrust};

/// Which door something came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feed {
    /// Kubernetes' audit webhook backend.
    Audit,
    /// Falco, by its `http_output` or through Falcosidekick.
    Falco,
    /// CloudTrail, GuardDuty and the like, as they are or in envelopes.
    Cloud,
    /// A watched folder.
    Folder,
}

impl Feed {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Feed::Audit => "audit",
            Feed::Falco => "falco",
            Feed::Cloud => "cloud",
            Feed::Folder => "folder",
        }
    }

    /// Whether who sends through it sends again what was not taken.
    pub const fn sends_again(self) -> bool {
        !matches!(self, Feed::Falco)
    }
}

use std::fmt;

use haechi_model::{PeerId, RuleInfo};
use haechi_objects::{Object, Pod};

use crate::Findings;

/// What a check looks at.
#[derive(Clone, Copy)]
pub enum Run {
    /// Any object.
    Object(fn(Object<'_>, &mut Findings<'_>)),
    /// Objects that run pods.
    Pod(fn(Pod<'_>, &mut Findings<'_>)),
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Run::Object(_) => "Object",
            Run::Pod(_) => "Pod",
        })
    }
}

/// A built-in rule.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its identity, severity and references.
    pub info: RuleInfo,
    /// What it does.
    pub run: Run,
}

/// The id of the same rule elsewhere.
pub(crate) const fn peer(peer: &'static str, id: &'static str) -> PeerId {
    PeerId { peer, id }
}

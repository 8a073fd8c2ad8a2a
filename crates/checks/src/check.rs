use std::fmt;

use haechi_model::{PeerId, RuleInfo};
use haechi_objects::{Object, Pod, PodTemplates};

use crate::{Findings, Inventory, Options};

/// What a check may know beside the object that it judges.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    /// Which kinds run pods.
    pub templates: &'c PodTemplates,
    /// What the user set for checks that can be set.
    pub options: &'c Options,
    /// All objects of the scan.
    pub inventory: &'c Inventory<'c>,
}

impl Context<'_> {
    /// Whether an object of that kind may exist in the cluster although the scan does not hold it.
    ///
    /// A scan of a few files knows nothing about what others applied. Where it holds objects of the kind for that
    /// namespace, it is taken to hold them all: what is missing then was forgotten or misspelt.
    pub fn may_be_elsewhere(&self, group: &str, kind: &str, namespace: Option<&str>) -> bool {
        !self.options.whole && !self.inventory.holds(group, kind, namespace)
    }
}

/// What a check looks at.
#[derive(Clone, Copy)]
pub enum Run {
    /// Any object.
    Object(fn(Object<'_>, &mut Findings<'_>)),
    /// Objects that run pods.
    Pod(fn(Pod<'_>, &mut Findings<'_>)),
    /// Any object, among the others of the scan.
    ObjectAmong(fn(Object<'_>, &Context<'_>, &mut Findings<'_>)),
    /// Objects that run pods, among the others of the scan.
    PodAmong(fn(Pod<'_>, &Context<'_>, &mut Findings<'_>)),
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Run::Object(_) => "Object",
            Run::Pod(_) => "Pod",
            Run::ObjectAmong(_) => "ObjectAmong",
            Run::PodAmong(_) => "PodAmong",
        })
    }
}

/// A built-in rule.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its identity, severity and references.
    pub info: RuleInfo,
    /// Whether it is asked only on request: most manifests break it for good reasons, another check finds the same
    /// more broadly, or it only lists what to review. The check's documentation says which.
    pub opt_in: bool,
    /// What it does.
    pub run: Run,
}

/// The id of the same rule elsewhere.
pub(crate) const fn peer(peer: &'static str, id: &'static str) -> PeerId {
    PeerId { peer, id }
}

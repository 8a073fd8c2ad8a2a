use std::fmt;

use haechi_model::{PeerId, RuleInfo, Severity};
use haechi_objects::{LabelSelector, Labels, Object, Pod, PodTemplates};

use crate::{Findings, Inventory, Options, may_share_namespace};

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
        !self.options.whole && !self.inventory.holds_beside(group, kind, namespace)
    }

    /// How bad it is that no object of that kind and name is in the scan: as bad as the check says where the scan is
    /// whole or holds one with almost that name. Otherwise others may make it, a controller for one: that is told for
    /// information.
    pub(crate) fn severity_of_missing(
        &self,
        check: &Check,
        group: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Severity {
        let is_misspelt = || {
            self.inventory.of_kind(group, kind).any(|object| {
                may_share_namespace(object.namespace(), namespace) && is_alike(object.name(), name)
            })
        };
        if self.options.whole || is_misspelt() { check.info.severity } else { Severity::Info }
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

impl Context<'_> {
    /// How bad it is that a selector selects none of `candidates`: as bad as the check says where the scan is whole or one
    /// of them is almost meant, but for slips in values. Otherwise a controller may make what is
    /// selected: that is told for information.
    pub(crate) fn severity_of_unselected<'l>(
        &self,
        check: &Check,
        selector: &LabelSelector<'_>,
        mut candidates: impl Iterator<Item = Labels<'l>>,
    ) -> Severity {
        let is_near = |labels: Labels<'_>| {
            !selector.requirements.is_empty()
                && selector.requirements.iter().all(|requirement| {
                    labels.get(requirement.key).is_some_and(|value| {
                        requirement.values.iter().any(|wanted| *wanted == value || is_alike(wanted, value))
                    })
                })
        };
        if self.options.whole || candidates.any(is_near) { check.info.severity } else { Severity::Info }
    }
}

/// Whether two names differ by one character that was changed, left out, added or swapped with its neighbour.
fn is_alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let before = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let rests = (one.get(before..).unwrap_or_default(), other.get(before..).unwrap_or_default());
    let after = rests.0.iter().rev().zip(rests.1.iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (rests.0.len() - after, rests.1.len() - after);
    let is_swapped =
        left == 2 && right == 2 && rests.0.first() == rests.1.get(1) && rests.0.get(1) == rests.1.first();
    // Short names are alike by chance.
    one.len().max(other.len()) > 3 && ((left <= 1 && right <= 1) || is_swapped)
}

/// The id of the same rule elsewhere.
pub(crate) const fn peer(peer: &'static str, id: &'static str) -> PeerId {
    PeerId { peer, id }
}

#[cfg(test)]
mod tests {
    use super::is_alike;

    #[test]
    fn names_with_one_slip_are_alike() {
        for (one, other) in
            [("shop-config", "shop-confg"), ("shop", "shpo"), ("settings", "setting"), ("web-a", "web-b")]
        {
            assert!(is_alike(one, other), "{one} {other}");
        }
        for (one, other) in
            [("shop", "mail"), ("a", "b"), ("rook-config", "rook-endpoints"), ("shop", "pohs")]
        {
            assert!(!is_alike(one, other), "{one} {other}");
        }
    }
}

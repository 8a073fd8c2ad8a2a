//! The Pod Security Standards within a scan: the level that the user names, and those that namespaces in the scan ask
//! for by their labels.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_model::{Finding, Fingerprint, Location, RuleSource, Severity, Span};
use haechi_objects::{Object, Pod};
use haechi_policy::pss::{
    Culprit, Level, LevelVersion, NamespacePolicy, Standards, Violation, read_legacy_policy,
};

use haechi_syntax::Node;

use super::text;

/// The standards that pods of a scan are held to.
#[derive(Debug, Clone, Default)]
pub(crate) struct PodSecurityLevels {
    /// What the user asked for, for every pod.
    chosen: Option<LevelVersion>,
    /// What namespaces enforce, by name.
    enforced: BTreeMap<String, LevelVersion>,
}

impl PodSecurityLevels {
    /// Reads the labels of the namespaces among `objects`.
    pub(crate) fn new<'d>(chosen: Option<LevelVersion>, objects: impl Iterator<Item = Object<'d>>) -> Self {
        let mut enforced = BTreeMap::new();
        for object in objects.filter(|object| object.is("", "Namespace")) {
            let (policy, _) = NamespacePolicy::from_labels(object.labels(), NamespacePolicy::default());
            if policy.enforce.level > Level::Privileged {
                enforced.insert(object.name().to_owned(), policy.enforce);
            }
        }
        Self { chosen, enforced }
    }

    /// What a pod is held to. Where both apply, the stricter level does: a pod that meets it meets the other.
    fn of(&self, pod: Pod<'_>) -> Option<LevelVersion> {
        let enforced = pod.object().namespace().and_then(|namespace| self.enforced.get(namespace)).copied();
        match (self.chosen, enforced) {
            (Some(chosen), Some(enforced)) if enforced.level > chosen.level => Some(enforced),
            (chosen, enforced) => chosen.or(enforced),
        }
    }

    /// Judges a pod; values that keep a check from being judged are handed to `unjudged`, with the type
    /// that they should have.
    pub(crate) fn judge<'d>(
        &self,
        pod: Pod<'d>,
        path: &Arc<str>,
        mut unjudged: impl FnMut(Node<'d>, &'static str),
    ) -> Vec<Finding> {
        let Some(standard) = self.of(pod) else { return Vec::new() };
        let judgement = Standards::default().judge(pod, standard.level, standard.version);
        for check in &judgement.unjudged {
            unjudged(check.node, check.expected);
        }
        judgement.violations.iter().map(|violation| finding(pod, path, standard, violation)).collect()
    }
}

fn finding(pod: Pod<'_>, path: &Arc<str>, standard: LevelVersion, violation: &Violation<'_>) -> Finding {
    let object = pod.object();
    let place = match violation.culprits.first() {
        Some(culprit) => *culprit,
        None => Culprit { node: pod.spec(), missing: "" },
    };
    let severity = if violation.level == Level::Baseline { Severity::High } else { Severity::Medium };
    let message = format!("violates PodSecurity \"{standard}\": {violation}");
    Finding {
        rule: Cow::Borrowed(violation.check),
        source: RuleSource::PodSecurity,
        severity,
        resource: object.resource(),
        location: location(object, path, place.span(), place.json_path()),
        args: vec![text("message", message)],
        fingerprint: fingerprint(object, violation.check),
        fix: None,
    }
}

/// A PodSecurityPolicy: nothing reads it any more, so the protection that it seems to give is not there.
pub(crate) fn legacy(object: Object<'_>, path: &Arc<str>) -> Option<Finding> {
    const RULE: &str = "podSecurityPolicyRemoved";
    let policy = read_legacy_policy(object)?;
    let level = policy.level.map_or("unknown", Level::as_str);
    let place = object.node().get("kind").unwrap_or(object.node());
    Some(Finding {
        rule: Cow::Borrowed(RULE),
        source: RuleSource::PodSecurity,
        severity: Severity::High,
        resource: object.resource(),
        location: location(object, path, place.span(), place.json_path()),
        args: vec![text("level", level)],
        fingerprint: fingerprint(object, RULE),
        fix: None,
    })
}

fn location(object: Object<'_>, path: &Arc<str>, span: Span, json_path: String) -> Location {
    let source = object.node().document().source();
    let (start, end) = (source.position(span.start), source.position(span.end));
    Location { path: path.clone(), span, start, end, json_path }
}

/// A standard's check speaks once of an object.
fn fingerprint(object: Object<'_>, check: &str) -> Fingerprint {
    let namespace = object.namespace().unwrap_or_default();
    Fingerprint::of(["pod-security", check, object.group(), object.kind(), namespace, object.name()])
}

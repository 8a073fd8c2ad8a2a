//! The standards as a policy engine: namespaces say by their labels what is enforced, audited and warned of.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_objects::{Object, Pod, PodTemplates, WorkloadKind};
use haechi_syntax::Node;

use super::{Judgement, LevelVersion, NamespacePolicy, Standards, Standing};
use crate::engine::{
    Actions, Engine, FailMode, LoadError, Loaded, Operation, Outcome, PolicyDocument, PolicySet, Request,
    Verdict, Violation,
};
use crate::mistake::mistake;

/// Subresources of pods that PodSecurity admission does not look at.
const IGNORED_SUBRESOURCES: [&str; 8] =
    ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

/// Reads namespaces and judges the pods in them.
#[derive(Debug, Clone, Default)]
pub struct PodSecurity {
    /// The standards of the cluster.
    pub standards: Standards,
    /// What holds where a namespace says nothing.
    pub defaults: NamespacePolicy,
    /// Kinds that run pods.
    pub templates: PodTemplates,
}

/// What the namespaces ask for.
#[derive(Debug, Clone, Default)]
pub struct PodSecuritySet {
    engine: PodSecurity,
    namespaces: BTreeMap<String, NamespacePolicy>,
    names: Names,
}

/// Texts that verdicts share.
#[derive(Debug, Clone)]
struct Names {
    policy: Arc<str>,
    enforce: Arc<str>,
    audit: Arc<str>,
    warn: Arc<str>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            policy: "pod-security".into(),
            enforce: "enforce".into(),
            audit: "audit".into(),
            warn: "warn".into(),
        }
    }
}

impl Engine for PodSecurity {
    type Set = PodSecuritySet;

    fn claims(&self, object: Object<'_>) -> bool {
        object.is("", "Namespace")
    }

    fn load(&self, documents: &[PolicyDocument<'_>]) -> Loaded<PodSecuritySet> {
        let mut loaded = Loaded {
            set: PodSecuritySet { engine: self.clone(), ..PodSecuritySet::default() },
            errors: Vec::new(),
        };
        for document in documents.iter().filter(|document| self.claims(document.object)) {
            let (policy, errors) = NamespacePolicy::from_labels(document.object.labels(), self.defaults);
            loaded.set.namespaces.insert(document.object.name().to_owned(), policy);
            for error in errors {
                let node = error.node.unwrap_or(document.object.node());
                loaded.errors.push(LoadError::at(document, node, error.message));
            }
        }
        loaded
    }
}

impl PodSecuritySet {
    fn policy_for(&self, request: &Request<'_>) -> NamespacePolicy {
        match request.namespace_object {
            Some(namespace) => NamespacePolicy::from_labels(namespace.labels(), self.engine.defaults).0,
            None => self.namespaces.get(request.namespace).copied().unwrap_or(self.engine.defaults),
        }
    }

    fn verdict(&self, rule: &Arc<str>, actions: Actions, outcome: Outcome) -> Verdict {
        Verdict {
            policy: self.names.policy.clone(),
            rule: rule.clone(),
            outcome,
            actions,
            patches: Vec::new(),
            audit_annotations: Vec::new(),
        }
    }

    fn judge(&self, pod: Pod<'_>, asked: LevelVersion, verb: &str) -> Outcome {
        let judgement = self.engine.standards.judge(pod, asked.level, asked.version);
        outcome(&judgement, asked, verb)
    }
}

impl PolicySet for PodSecuritySet {
    fn review(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) {
        let not_applicable = |reason| {
            let outcome = Outcome::NotApplicable(reason);
            self.verdict(&self.names.enforce, Actions::DENY, outcome)
        };
        let object = match (request.operation, request.object) {
            (None | Some(Operation::Create | Operation::Update), Some(object)) => object,
            _ => return verdicts.push(not_applicable("operation")),
        };
        if !self.engine.templates.runs_pods(object) {
            return verdicts.push(not_applicable("kind"));
        }
        let Some(pod) = self.engine.templates.pod(object) else {
            let message = mistake!("pss-no-pod", "the object has no pod spec that could be judged");
            let outcome = Outcome::Error { message, fail_mode: FailMode::Fail };
            return verdicts.push(self.verdict(&self.names.enforce, Actions::DENY, outcome));
        };
        let is_pod = pod.kind() == WorkloadKind::Pod;
        let ignores_subresource = match is_pod {
            true => IGNORED_SUBRESOURCES.contains(&request.sub_resource),
            false => !request.sub_resource.is_empty(),
        };
        if ignores_subresource {
            return verdicts.push(not_applicable("subresource"));
        }
        let old_pod = request.old_object.and_then(|old| self.engine.templates.pod(old));
        if is_pod
            && request.operation == Some(Operation::Update)
            && old_pod.is_some_and(|old| !is_significant_update(pod, old))
        {
            return verdicts.push(not_applicable("update"));
        }
        let policy = self.policy_for(request);
        if is_pod {
            let outcome = self.judge(pod, policy.enforce, "violates");
            verdicts.push(self.verdict(&self.names.enforce, Actions::DENY, outcome));
        }
        let audit = self.judge(pod, policy.audit, "would violate");
        verdicts.push(self.verdict(&self.names.audit, Actions::AUDIT, audit));
        let warn = self.judge(pod, policy.warn, "would violate");
        verdicts.push(self.verdict(&self.names.warn, Actions::WARN, warn));
    }
}

fn outcome(judgement: &Judgement<'_>, asked: LevelVersion, verb: &str) -> Outcome {
    match judgement.standing() {
        Standing::Meets => Outcome::Pass,
        Standing::Violates => {
            let culprits = judgement.violations.iter().flat_map(|violation| &violation.culprits);
            Outcome::Violation(Violation {
                message: format!("{verb} PodSecurity \"{asked}\": {}", judgement.message()),
                details: serde_json::Value::Null,
                spans: culprits.map(super::Culprit::span).collect(),
            })
        }
        Standing::Unknown => {
            let first = judgement.unjudged.first();
            let what = first.map(|unjudged| {
                mistake!(
                    "pss-type",
                    "`{path}` is not of type {expected}",
                    path = unjudged.node.json_path(),
                    expected = unjudged.expected,
                )
            });
            let message = what.unwrap_or_else(|| mistake!("pss-unjudged", "the pod could not be judged"));
            Outcome::Error { message, fail_mode: FailMode::Fail }
        }
    }
}

/// Whether an update may change what the standards say: other containers or images, or a new ephemeral container.
fn is_significant_update(new: Pod<'_>, old: Pod<'_>) -> bool {
    let image = |node: Node<'_>| node.get("image").and_then(Node::as_str).unwrap_or_default().to_owned();
    let list = |pod: Pod<'_>, field: &str| -> Vec<String> {
        pod.spec().get(field).map(Node::items).into_iter().flatten().map(image).collect()
    };
    if ["containers", "initContainers"].into_iter().any(|field| list(new, field) != list(old, field)) {
        return true;
    }
    let ephemeral = |pod: Pod<'_>| -> BTreeMap<String, String> {
        let nodes = pod.spec().get("ephemeralContainers").map(Node::items).into_iter().flatten();
        let name = |node: Node<'_>| node.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
        nodes.map(|node| (name(node), image(node))).collect()
    };
    let known = ephemeral(old);
    ephemeral(new).iter().any(|(name, image)| known.get(name) != Some(image))
}

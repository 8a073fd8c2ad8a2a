//! All engines together: what a command or the service asks.

use haechi_objects::Object;
use haechi_syntax::{Limits, parse_json};

use crate::cel::{CelEngine, CelSet, difference, json_of_node};
use crate::engine::{
    Actions, Engine, FailMode, LoadError, Loaded, Outcome, Patch, PolicyDocument, PolicyInfo, PolicySet,
    Request, Verdict,
};
use crate::gatekeeper::{Gatekeeper, GatekeeperSet};
use crate::mistake::mistake;
use crate::pss::{PodSecurity, PodSecuritySet, read_legacy_policy};

/// Which engines read policies, and how.
#[derive(Debug, Clone, Default)]
pub struct PolicyEngines {
    /// Gatekeeper's templates, constraints, mutators and expansions.
    pub gatekeeper: Gatekeeper,
    /// Kubernetes' own admission policies.
    pub cel: CelEngine,
    /// The Pod Security Standards, by the labels of namespaces; left out unless asked for.
    pub pod_security: Option<PodSecurity>,
}

/// Policies of all engines.
#[derive(Debug, Default)]
pub struct Policies {
    gatekeeper: GatekeeperSet,
    cel: CelSet,
    pod_security: Option<PodSecuritySet>,
}

impl Engine for PolicyEngines {
    type Set = Policies;

    fn claims(&self, object: Object<'_>) -> bool {
        self.gatekeeper.claims(object)
            || self.cel.claims(object)
            || read_legacy_policy(object).is_some()
            || self.pod_security.as_ref().is_some_and(|engine| engine.claims(object))
    }

    /// Loads the documents into all engines. A PodSecurityPolicy, which no API server since 1.25 knows, is an error that
    /// names the level of the standards that comes closest.
    fn load(&self, documents: &[PolicyDocument<'_>]) -> Loaded<Policies> {
        let gatekeeper = self.gatekeeper.load(documents);
        let cel = self.cel.load(documents);
        let pod_security = self.pod_security.as_ref().map(|engine| engine.load(documents));
        let mut errors = gatekeeper.errors;
        errors.extend(cel.errors);
        let pod_security = pod_security.map(|loaded| {
            errors.extend(loaded.errors);
            loaded.set
        });
        errors.extend(documents.iter().filter_map(removed));
        errors.sort_by_key(|error| {
            let index = documents.iter().position(|document| document.path == error.path);
            (index.unwrap_or(usize::MAX), error.position)
        });
        Loaded { set: Policies { gatekeeper: gatekeeper.set, cel: cel.set, pod_security }, errors }
    }
}

fn removed(document: &PolicyDocument<'_>) -> Option<LoadError> {
    let policy = read_legacy_policy(document.object)?;
    let level = match policy.level {
        Some(level) => format!("the Pod Security Standard that comes closest is `{level}`"),
        None => {
            "which Pod Security Standard comes closest cannot be told, its values are malformed".to_owned()
        }
    };
    let node = document.object.node().get("kind").unwrap_or(document.object.node());
    let message = format!("PodSecurityPolicy was removed in Kubernetes 1.25; {level}");
    Some(LoadError::at(document, node, message))
}

impl PolicySet for Policies {
    fn review(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) {
        self.gatekeeper.review(request, verdicts);
        self.cel.review(request, verdicts);
        if let Some(pod_security) = &self.pod_security {
            pod_security.review(request, verdicts);
        }
    }
}

impl Policies {
    /// What an API server's validating webhook answers by: the constraints, validating policies and standards, about
    /// the object as it stands. `now_ns` is the time that policies are told, in nanoseconds since 1970.
    pub fn validate(&self, request: &Request<'_>, now_ns: Option<i64>, verdicts: &mut Vec<Verdict>) {
        self.gatekeeper.validate(request, now_ns, verdicts);
        self.cel.validate(request, verdicts);
        if let Some(pod_security) = &self.pod_security {
            pod_security.review(request, verdicts);
        }
    }

    /// What a mutating webhook answers by: Kubernetes' own mutating policies, then, about what these made of the object,
    /// Gatekeeper's mutators. One patch comes back that leads from the object as it stands to what all of them make of
    /// it; the patches in the verdicts tell who changed what, and do not lead there one after the other.
    pub fn mutate(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) -> Vec<Patch> {
        let Some(original) = request.object else {
            self.cel.mutate(request, verdicts);
            self.gatekeeper.mutate(request, verdicts);
            return Vec::new();
        };
        let changed = self.cel.mutate(request, verdicts);
        let parsed = changed.as_ref().map(|json| parse_json(json.to_string().as_bytes(), &Limits::default()));
        let document = parsed.as_ref().and_then(|parsed| match parsed.errors.as_slice() {
            [] => parsed.documents.first(),
            _ => None,
        });
        if let (Some(_), None) = (&changed, document) {
            verdicts.push(Verdict {
                policy: "MutatingAdmissionPolicy".into(),
                rule: "".into(),
                outcome: Outcome::Error {
                    message: mistake!(
                        "mutated-too-large",
                        "the object that the policies make is too large or too deep"
                    ),
                    fail_mode: FailMode::Fail,
                },
                actions: Actions::DENY,
                patches: Vec::new(),
                audit_annotations: Vec::new(),
            });
            return Vec::new();
        }
        let now = document.map_or(original, |document| {
            Object::new(document.root(), original.api_version(), original.kind())
        });
        let request = Request { object: Some(now), ..request.clone() };
        let mutated = self.gatekeeper.mutate(&request, verdicts);
        let last = mutated.as_ref().and_then(|mutated| mutated.object());
        let last = last.map(|object| json_of_node(object.node())).or(changed);
        last.map_or_else(Vec::new, |last| difference(&json_of_node(original.node()), &last))
    }

    /// All policies, as whoever asks them must know them. The standards are not among them.
    pub fn infos(&self) -> impl Iterator<Item = PolicyInfo> {
        self.gatekeeper.infos().chain(self.cel.infos())
    }

    /// The number of constraints, mutators and admission policies.
    pub fn len(&self) -> usize {
        self.gatekeeper.policies().count() + self.gatekeeper.mutators().count() + self.cel.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

//! All engines together: what `policy apply` and `policy explain` do.

use std::sync::Arc;

use haechi_objects::Object;

use crate::engine::{
    Actions, Engine, LoadError, Loaded, Outcome, PolicyDocument, PolicySet, Request, Verdict,
};
use crate::gatekeeper::{Gatekeeper, GatekeeperSet};
use crate::pss::{PodSecurity, PodSecuritySet, read_legacy_policy};

/// Which engines read policies, and how.
#[derive(Debug, Clone, Default)]
pub struct PolicyEngines {
    /// Gatekeeper's templates and constraints.
    pub gatekeeper: Gatekeeper,
    /// The Pod Security Standards, by the labels of namespaces; left out unless asked for.
    pub pod_security: Option<PodSecurity>,
}

/// Policies of all engines.
#[derive(Debug, Default)]
pub struct Policies {
    gatekeeper: GatekeeperSet,
    pod_security: Option<PodSecuritySet>,
}

/// Why a policy has something to say about a request, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The policy.
    pub policy: Arc<str>,
    /// What is done about a violation.
    pub actions: Actions,
    /// The field of the policy that leaves the request out; `None` if the policy is about it.
    pub left_out_by: Option<&'static str>,
}

impl Engine for PolicyEngines {
    type Set = Policies;

    fn claims(&self, object: Object<'_>) -> bool {
        self.gatekeeper.claims(object)
            || self.pod_security.as_ref().is_some_and(|engine| engine.claims(object))
    }

    /// Loads the documents into all engines. A PodSecurityPolicy, which no API server since 1.25 knows, is an error that
    /// names the level of the standards that comes closest.
    fn load(&self, documents: &[PolicyDocument<'_>]) -> Loaded<Policies> {
        let mut errors: Vec<(usize, LoadError)> = Vec::new();
        let mut add = |list: Vec<LoadError>| {
            for error in list {
                let index = documents.iter().position(|document| document.path == error.path);
                errors.push((index.unwrap_or(usize::MAX), error));
            }
        };
        let gatekeeper = self.gatekeeper.load(documents);
        let pod_security = self.pod_security.as_ref().map(|engine| engine.load(documents));
        add(gatekeeper.errors);
        let pod_security = pod_security.map(|loaded| {
            add(loaded.errors);
            loaded.set
        });
        add(documents.iter().filter_map(removed).collect());
        errors.sort_by_key(|(index, error)| (*index, error.span));
        Loaded {
            set: Policies { gatekeeper: gatekeeper.set, pod_security },
            errors: errors.into_iter().map(|(_, error)| error).collect(),
        }
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
        if let Some(pod_security) = &self.pod_security {
            pod_security.review(request, verdicts);
        }
    }
}

impl Policies {
    /// Says of each policy whether it is about the request, and if not, by which field.
    pub fn explain(&self, request: &Request<'_>) -> Vec<Explanation> {
        let mut verdicts = Vec::new();
        self.review(request, &mut verdicts);
        let mut explanations: Vec<Explanation> = verdicts
            .into_iter()
            .map(|verdict| Explanation {
                policy: verdict.policy,
                actions: verdict.actions,
                left_out_by: match verdict.outcome {
                    Outcome::NotApplicable(field) => Some(field),
                    _ => None,
                },
            })
            .collect();
        explanations.dedup();
        explanations
    }
}

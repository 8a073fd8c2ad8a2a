//! Kubernetes' own policies: ValidatingAdmissionPolicy and MutatingAdmissionPolicy, with their bindings.
//!
//! ```text
//! documents ─► load (compile, refuse) ─► CelSet;   Request ─► match ─► params ─► conditions ─► validate | mutate
//! ```

mod defaults;
mod env;
mod load;
mod matching;
mod merge;
mod mutate;
mod patch;
mod resources;
mod review;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::sync::Arc;

use haechi_cel::{Authorizer, Composed, Program};
use haechi_objects::Object;
use serde_json::Value as Json;

use self::load::claimed;
pub(crate) use self::load::load_native;
use self::matching::{MatchResources, Selector};
pub(crate) use self::mutate::json_of_node;
pub(crate) use self::patch::difference;
pub(crate) use self::resources::Resources;
pub(crate) use self::review::NativeSession;
use crate::{Actions, Engine, FailMode, Loaded, PolicyDocument, PolicyInfo, PolicySet, Request, Verdict};

/// The engine for ValidatingAdmissionPolicy and MutatingAdmissionPolicy.
#[derive(Clone, Default)]
pub struct CelEngine {
    /// Answers `authorizer`; without one a policy that asks it is an error.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// Whether a policy without any binding is judged as if it were bound to everything, with `Deny`. The API server
    /// leaves it without effect; whoever tests a policy by itself wants it judged.
    pub apply_unbound: bool,
    /// Whether to read policies as Kyverno's command line does where it differs from the API server: a rule without
    /// operations, which the API server refuses, is about all of them.
    pub as_kyverno: bool,
    /// Whether verdicts name a policy with its kind, `ValidatingAdmissionPolicy/name`, for where policies of several engines
    /// stand side by side.
    pub with_kinds: bool,
}

impl fmt::Debug for CelEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CelEngine")
            .field("authorizer", &self.authorizer.is_some())
            .field("apply_unbound", &self.apply_unbound)
            .field("as_kyverno", &self.as_kyverno)
            .field("with_kinds", &self.with_kinds)
            .finish()
    }
}

impl Engine for CelEngine {
    type Set = CelSet;

    fn claims(&self, object: Object<'_>) -> bool {
        claimed(object.group(), object.kind()).is_some()
    }

    /// CustomResourceDefinitions among the documents are read too, for the endpoints of their kinds.
    fn load(&self, documents: &[PolicyDocument<'_>]) -> Loaded<CelSet> {
        let set = CelSet {
            policies: Vec::new(),
            shared: 0,
            resources: Resources::default(),
            authorizer: self.authorizer.clone(),
            apply_unbound: self.apply_unbound,
            as_kyverno: self.as_kyverno,
            with_kinds: self.with_kinds,
        };
        load::load(documents, set)
    }
}

/// Compiled policies with their bindings.
#[derive(Default)]
pub struct CelSet {
    /// Ordered by name.
    policies: Vec<Policy>,
    /// Expressions that stand in several policies.
    shared: usize,
    resources: Resources,
    authorizer: Option<Arc<dyn Authorizer>>,
    apply_unbound: bool,
    as_kyverno: bool,
    with_kinds: bool,
}

impl fmt::Debug for CelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CelSet").field("policies", &self.policies).finish_non_exhaustive()
    }
}

impl CelSet {
    /// The number of policies.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// The policies, as whoever asks them must know them.
    pub fn infos(&self) -> impl Iterator<Item = PolicyInfo> {
        self.policies.iter().map(|policy| {
            let mutates = matches!(policy.body, Body::Mutating { .. });
            let is_unbound = policy.bindings.is_empty() && self.apply_unbound;
            PolicyInfo {
                policy: policy.shown.clone(),
                fail_mode: policy.fail_mode,
                denies: is_unbound || policy.bindings.iter().any(|binding| mutates || binding.actions.deny),
                mutates,
                reads_inventory: false,
            }
        })
    }

    /// Asks the validating policies about the object as it stands: for a webhook that is asked after the mutating ones
    /// were.
    pub fn validate(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) {
        review::review_phase(self, request, Phase::Validating, verdicts);
    }

    /// Asks the mutating policies only; what they make of the object, if they change it.
    pub(crate) fn mutate(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) -> Option<Json> {
        review::review_phase(self, request, Phase::Mutating, verdicts)
    }
}

/// Which policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The mutating ones, then the others about what these made.
    Both,
    Mutating,
    Validating,
}

impl PolicySet for CelSet {
    fn review(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) {
        review::review_phase(self, request, Phase::Both, verdicts);
    }
}

/// How the API server words the refusal of a request by a ValidatingAdmissionPolicy; `binding` is empty for a mistake
/// in the policy itself.
pub fn denial(policy: &str, binding: &str, message: &str) -> String {
    if binding.is_empty() {
        format!("ValidatingAdmissionPolicy '{policy}' denied request: {message}")
    } else {
        format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {message}")
    }
}

/// How the API server words the warning about a violation.
pub fn warning(policy: &str, binding: &str, message: &str) -> String {
    format!("Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}': {message}")
}

#[derive(Debug)]
pub(crate) struct Policy {
    name: Arc<str>,
    /// The name in verdicts.
    shown: Arc<str>,
    fail_mode: FailMode,
    param_kind: Option<ParamKind>,
    constraints: MatchResources,
    conditions: Vec<NamedProgram>,
    variables: Vec<Composed>,
    body: Body,
    bindings: Vec<Binding>,
}

#[derive(Debug)]
enum Body {
    Validating { validations: Vec<Validation>, annotations: Vec<NamedProgram> },
    Mutating { mutations: Vec<Mutation>, reinvoke: bool },
}

#[derive(Debug)]
struct NamedProgram {
    name: Box<str>,
    program: Program,
}

#[derive(Debug)]
struct Validation {
    program: Program,
    message: Option<Box<str>>,
    message_expression: Option<Program>,
    reason: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MutationKind {
    Apply,
    JsonPatch,
}

#[derive(Debug)]
struct Mutation {
    kind: MutationKind,
    program: Program,
}

#[derive(Debug)]
struct ParamKind {
    api_version: Box<str>,
    kind: Box<str>,
}

#[derive(Debug)]
struct ParamRef {
    name: Option<Box<str>>,
    namespace: Option<Box<str>>,
    selector: Option<Selector>,
    deny_if_missing: bool,
}

#[derive(Debug)]
struct Binding {
    name: Arc<str>,
    param_ref: Option<ParamRef>,
    resources: Option<MatchResources>,
    actions: Actions,
}

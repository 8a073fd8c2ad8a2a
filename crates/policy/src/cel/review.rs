//! One request against all policies.

use std::sync::Arc;

use haechi_cel::Map as CelMap;
use haechi_cel::{
    Authorizer, Authz, Bump, Evaluator, Fail, Limits, Program, Requester, ResourceAccess, Subject, Value,
};
use haechi_model::Span;
use haechi_objects::Object;
use haechi_syntax::{Document, Node};
use serde_json::Value as Json;

use super::defaults::as_admitted;
use super::env::{
    AUTHORIZER, NAMESPACE_OBJECT, OBJECT, OLD_OBJECT, PARAMS, REQUEST, REQUEST_RESOURCE, SHARED, VARIABLES,
};
use super::matching::{Matched, Target, is_namespace};
use super::mutate::Mutator;
use super::words::{
    all_of, binding_error, expression_error, message_out_of_budget, out_of_budget, policy_error,
};
use super::{Binding, Body, CelSet, NamedProgram, ParamRef, Phase, Policy, Validation, denial};
use crate::mistake::{Mistake, mistake};
use crate::{
    Actions, GroupVersionKind, GroupVersionResource, Operation, Outcome, Request, Verdict, Violation,
};

/// Kubernetes' `RuntimeCELCostBudget`, for all expressions of one policy and binding.
const BUDGET: u64 = 10_000_000;
/// Kubernetes' `RuntimeCELCostBudgetMatchConditions`.
const CONDITIONS_BUDGET: u64 = 2_500_000;
/// Kubernetes' `MaxEvaluatedMessageExpressionSizeBytes`.
const MESSAGE_LIMIT: usize = 5 * 1024;
/// Longest value of an annotation.
const ANNOTATION_LIMIT: usize = 10 * 1024;

/// An error of a whole run, as opposed to one of a single expression.
pub(super) struct Exhausted;

/// Everything that is the same for all policies: the values of the variables and the evaluator.
pub(super) struct Session<'a> {
    pub(super) target: Target<'a>,
    pub(super) arena: &'a Bump,
    pub(super) evaluator: Evaluator<'a>,
    namespace: Option<Value<'a>>,
    /// The object as it was written, before defaults and mutations.
    written: Option<Object<'a>>,
    budget: u64,
}

/// Asks the policies of a phase. What the mutating ones made of the object comes back.
pub(super) fn review_phase(
    set: &CelSet,
    request: &Request<'_>,
    phase: Phase,
    verdicts: &mut Vec<Verdict>,
) -> Option<Json> {
    let is_mutating = |policy: &&Policy| matches!(policy.body, Body::Mutating { .. });
    let is_asked = |policy: &Policy| match phase {
        Phase::Both => true,
        Phase::Mutating => is_mutating(&policy),
        Phase::Validating => !is_mutating(&policy),
    };
    if !set.policies.iter().any(is_asked) {
        return None;
    }
    let arena = Bump::with_capacity(16 << 10);
    let endpoint = set.resources.endpoint(&request.kind);
    let resource = request.resource.unwrap_or(GroupVersionResource {
        group: request.kind.group,
        version: request.kind.version,
        resource: &endpoint.plural,
    });
    let namespace = match endpoint.namespaced {
        Some(false) if is_namespace(&request.kind) => request.name,
        Some(false) => "",
        // A manifest that names none goes where clients send it by default.
        Some(true) if request.operation.is_none() && request.namespace.is_empty() => "default",
        _ => request.namespace,
    };
    let operation = request.operation.unwrap_or(Operation::Create);
    let own = set.authorizer.as_deref().map(|authorizer| authorizer as &dyn Authorizer);
    let authorizer = request.authorizer.map(|permissions| permissions.0).or(own);
    let namespaced = endpoint.namespaced;
    let target = Target { request, kind: request.kind, resource, operation, namespaced, namespace };
    // What an AdmissionReview holds has been through the API server; a manifest has not.
    let is_manifest = request.admission.is_none() && !set.as_kyverno;
    let is_meant = |policy: &Policy| {
        is_asked(policy) && !matches!(policy.constraints.matches(&target, &set.resources), Matched::No(_))
    };
    let admitted = match is_manifest && set.policies.iter().any(is_meant) {
        true => [request.object, request.old_object].map(|object| as_admitted(object?, namespace)),
        false => [None, None],
    };
    let with_defaults = match &admitted {
        [None, None] => None,
        [object, old_object] => Some(Request {
            object: object.as_ref().map_or(request.object, |document| Some(whole(document))),
            old_object: old_object.as_ref().map_or(request.old_object, |document| Some(whole(document))),
            ..request.clone()
        }),
    };
    let written = request.object;
    let request = with_defaults.as_ref().unwrap_or(request);
    let target = Target { request, ..target };
    let groups: &[&str] = arena.alloc_slice_copy(&request.user.groups);
    let mut session = Session::new(&arena, target, operation.as_str(), authorizer, groups);
    session.written = written;
    session.evaluator.share(set.shared, SHARED);
    let is_exempt = is_policy_resource(&session.target.resource);
    let first = verdicts.len();
    // Mutations come first: what is validated is the object that would be stored.
    let mut changed = None;
    if phase != Phase::Validating && set.policies.iter().any(|policy| is_mutating(&policy)) {
        let mut mutator = Mutator::new(request);
        for policy in set.policies.iter().filter(is_mutating) {
            if is_exempt {
                verdicts.push(not_applicable(policy, "policy resource"));
                continue;
            }
            for_each_invocation(set, policy, &mut session, verdicts, |session, binding, param, verdicts| {
                mutator.invoke(session, policy, binding, param, verdicts);
            });
        }
        mutator.reinvoke(&mut session, verdicts);
        changed = mutator.into_changed();
    }
    for policy in set.policies.iter().filter(|_| phase != Phase::Mutating) {
        if let Body::Validating { validations, annotations } = &policy.body {
            if is_exempt {
                verdicts.push(not_applicable(policy, "policy resource"));
                continue;
            }
            for_each_invocation(set, policy, &mut session, verdicts, |session, binding, param, verdicts| {
                session.validate(policy, binding, param, validations, annotations, verdicts);
            });
        }
    }
    if let Some(own) = verdicts.get_mut(first..) {
        own.sort_by(|one, other| one.policy.cmp(&other.policy));
    }
    changed
}

/// The object that a document is.
fn whole(document: &Document) -> Object<'_> {
    let root = document.root();
    let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
    Object::new(root, text("apiVersion"), text("kind"))
}

/// The API server does not ask policies about policies.
fn is_policy_resource(resource: &GroupVersionResource<'_>) -> bool {
    resource.group == "admissionregistration.k8s.io"
        && matches!(
            resource.resource,
            "validatingadmissionpolicies"
                | "validatingadmissionpolicybindings"
                | "mutatingadmissionpolicies"
                | "mutatingadmissionpolicybindings"
        )
}

pub(super) fn verdict(policy: &Policy, binding: Option<&Binding>, outcome: Outcome) -> Verdict {
    Verdict {
        policy: policy.shown.clone(),
        rule: binding.map_or_else(|| Arc::from(""), |binding| binding.name.clone()),
        outcome,
        actions: binding.map_or(Actions::DENY, |binding| binding.actions),
        patches: Vec::new(),
        audit_annotations: Vec::new(),
    }
}

fn not_applicable(policy: &Policy, reason: &'static str) -> Verdict {
    Verdict { actions: Actions::NONE, ..verdict(policy, None, Outcome::NotApplicable(reason)) }
}

pub(super) fn error(policy: &Policy, binding: Option<&Binding>, message: Mistake) -> Verdict {
    verdict(policy, binding, Outcome::Error { message, fail_mode: policy.fail_mode })
}

/// Calls `invoke` for each binding that is about the request and each of its parameters.
fn for_each_invocation<'a>(
    set: &CelSet,
    policy: &'a Policy,
    session: &mut Session<'a>,
    verdicts: &mut Vec<Verdict>,
    mut invoke: impl FnMut(&mut Session<'a>, Option<&'a Binding>, Value<'a>, &mut Vec<Verdict>),
) {
    match policy.constraints.matches(&session.target, &set.resources) {
        Matched::Yes => {}
        Matched::No(reason) => return verdicts.push(not_applicable(policy, reason)),
        Matched::Error(message) => {
            return verdicts.push(error(policy, None, policy_error(message)));
        }
    }
    if policy.bindings.is_empty() {
        if set.apply_unbound {
            return invoke(session, None, Value::Null, verdicts);
        }
        return verdicts.push(not_applicable(policy, "binding"));
    }
    for binding in &policy.bindings {
        let matched = binding
            .resources
            .as_ref()
            .map_or(Matched::Yes, |resources| resources.matches(&session.target, &set.resources));
        match matched {
            Matched::Yes => {}
            Matched::No(reason) => {
                let outcome = Outcome::NotApplicable(reason);
                verdicts.push(Verdict { actions: Actions::NONE, ..verdict(policy, Some(binding), outcome) });
                continue;
            }
            Matched::Error(message) => {
                verdicts.push(error(policy, Some(binding), binding_error(message)));
                continue;
            }
        }
        match params(policy, binding, &session.target) {
            Ok(Params::None) => invoke(session, Some(binding), Value::Null, verdicts),
            Ok(Params::Each(params)) if params.is_empty() => {
                let outcome = Outcome::NotApplicable("params");
                verdicts.push(Verdict { actions: Actions::NONE, ..verdict(policy, Some(binding), outcome) });
            }
            Ok(Params::Each(params)) => {
                for param in params {
                    invoke(session, Some(binding), Value::of_node(param.node()), verdicts);
                }
            }
            Err(message) => {
                verdicts.push(error(policy, Some(binding), binding_error(message)));
            }
        }
    }
}

enum Params<'a> {
    /// The policy takes none, or the binding gives none.
    None,
    Each(Vec<Object<'a>>),
}

fn params<'a>(policy: &Policy, binding: &Binding, target: &Target<'a>) -> Result<Params<'a>, Mistake> {
    let (Some(kind), Some(reference)) = (&policy.param_kind, &binding.param_ref) else {
        return Ok(Params::None);
    };
    let known = target.request.parameters.of_kind(&kind.api_version, &kind.kind);
    let found = select_params(known, reference, target)?;
    if found.is_empty() && reference.deny_if_missing {
        return Err(mistake!(
            "params-missing",
            "no params found for policy binding with `Deny` parameterNotFoundAction"
        ));
    }
    Ok(Params::Each(found))
}

/// Objects without a namespace make a kind without namespaces: that is all that can be seen of it here.
fn select_params<'a>(
    known: &'a [Object<'a>],
    reference: &ParamRef,
    target: &Target<'a>,
) -> Result<Vec<Object<'a>>, Mistake> {
    let is_clusterwide = known.iter().all(|object| object.namespace().is_none());
    let namespace = match (&reference.namespace, target.namespace) {
        _ if known.is_empty() => None,
        (Some(_), _) if is_clusterwide => {
            return Err(mistake!(
                "params-namespace",
                "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
            ));
        }
        _ if is_clusterwide => None,
        (Some(namespace), _) => Some(&**namespace),
        (None, "") => {
            return Err(mistake!(
                "params-cluster-scoped",
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            ));
        }
        (None, namespace) => Some(namespace),
    };
    let selected = known.iter().copied().filter(|object| {
        let is_there = namespace.is_none_or(|namespace| object.namespace() == Some(namespace));
        let is_named = reference.name.as_ref().is_none_or(|name| *object.name() == **name);
        let is_selected = reference.selector.as_ref().is_none_or(|selector| selector.matches(*object));
        is_there && is_named && is_selected
    });
    Ok(selected.collect())
}

/// One request against the CEL of Gatekeeper's templates.
pub(crate) struct NativeSession<'a>(Session<'a>);

impl<'a> NativeSession<'a> {
    /// Gatekeeper hands on what it was sent: an object by itself has neither operation nor endpoint.
    pub(crate) fn new(arena: &'a Bump, request: &'a Request<'a>) -> Self {
        let groups: &[&str] = arena.alloc_slice_copy(&request.user.groups);
        let target = Target {
            request,
            kind: request.kind,
            resource: request.resource.unwrap_or_default(),
            operation: request.operation.unwrap_or(Operation::Create),
            namespaced: None,
            namespace: request.namespace,
        };
        let operation = request.operation.map_or("", Operation::as_str);
        let mut session = Session::new(arena, target, operation, None, groups);
        if request.operation == Some(Operation::Delete) {
            session.evaluator.set(OBJECT, Some(Value::Null));
        }
        Self(session)
    }

    /// Appends the verdicts of one constraint, under the template's name.
    pub(crate) fn judge(&mut self, policy: &'a Policy, params: Value<'a>, verdicts: &mut Vec<Verdict>) {
        if let Body::Validating { validations, annotations } = &policy.body {
            self.0.validate(policy, None, params, validations, annotations, verdicts);
        }
    }
}

impl<'a> Session<'a> {
    fn new(
        arena: &'a Bump,
        target: Target<'a>,
        operation: &'a str,
        authorizer: Option<&'a dyn Authorizer>,
        groups: &'a [&'a str],
    ) -> Self {
        let request = target.request;
        let mut evaluator = Evaluator::new(arena, Limits::default());
        let of_object =
            |object: Option<Object<'a>>| object.map_or(Value::Null, |object| Value::of_node(object.node()));
        evaluator.set(OBJECT, Some(of_object(request.object)));
        evaluator.set(OLD_OBJECT, Some(of_object(request.old_object)));
        evaluator.set(REQUEST, Some(request_value(arena, &target, operation)));
        evaluator.set(VARIABLES, Some(Value::Variables));
        let namespace_name = if is_namespace(&target.kind) { "" } else { target.namespace };
        let known = target.namespace_object();
        let namespace = match known {
            _ if namespace_name.is_empty() => Some(Value::Null),
            Some(object) => Some(Value::of_node(object.node())),
            None => None,
        };
        let requester = Requester { username: request.user.username, groups };
        evaluator.set_authorizer(authorizer, requester);
        let written = request.object;
        let mut session = Self { target, arena, evaluator, namespace, written, budget: 0 };
        session.set_authorizer(true);
        session
    }

    fn set_authorizer(&mut self, on: bool) {
        let target = &self.target;
        let whole = Authz::Authorizer(Subject::Requester);
        let check = Authz::Resource(
            Subject::Requester,
            ResourceAccess {
                group: target.resource.group,
                resource: target.resource.resource,
                subresource: target.request.sub_resource,
                namespace: target.namespace,
                name: target.request.name,
                ..ResourceAccess::default()
            },
        );
        let arena = self.arena;
        let value = |authz| on.then(|| Value::Authz(arena.alloc(authz)));
        self.evaluator.set(AUTHORIZER, value(whole));
        self.evaluator.set(REQUEST_RESOURCE, value(check));
    }

    /// Gives the next mutation a budget of its own.
    pub(super) fn renew_budget(&mut self) {
        self.budget = BUDGET;
    }

    /// Makes ready for one policy, binding and parameter.
    pub(super) fn prepare(&mut self, policy: &'a Policy, param: Value<'a>) {
        self.evaluator.set(PARAMS, Some(param));
        self.evaluator.set_composed(&policy.variables);
        self.budget = BUDGET;
    }

    /// Runs one expression against the budget.
    pub(super) fn run(&mut self, program: &'a Program) -> Result<Result<Value<'a>, Fail>, Exhausted> {
        self.evaluator.take_cost();
        let result = self.evaluator.run(program);
        match self.budget.checked_sub(self.evaluator.take_cost()) {
            Some(rest) => {
                self.budget = rest;
                Ok(result)
            }
            None => Err(Exhausted),
        }
    }

    /// Whether the match conditions hold: `Ok(false)` where one does not, an error where they cannot be evaluated and
    /// none is false.
    pub(super) fn conditions(&mut self, conditions: &'a [NamedProgram]) -> Result<bool, Mistake> {
        if conditions.is_empty() {
            return Ok(true);
        }
        self.budget = CONDITIONS_BUDGET;
        // The API server gives them no namespace.
        self.evaluator.set(NAMESPACE_OBJECT, Some(Value::Null));
        let mut errors = Vec::new();
        let mut outcome = Ok(true);
        for condition in conditions {
            match self.run(&condition.program) {
                Ok(Ok(Value::Bool(false))) => {
                    outcome = Ok(false);
                    break;
                }
                Ok(Ok(_)) => {}
                Ok(Err(fail)) => errors.push(expression_error(&condition.program, &fail)),
                Err(Exhausted) => {
                    outcome = Err(out_of_budget());
                    break;
                }
            }
        }
        self.budget = BUDGET;
        match (outcome, all_of(errors)) {
            (Ok(true), Some(error)) => Err(error),
            (outcome, _) => outcome,
        }
    }

    /// Gives the expressions of the body their namespace.
    pub(super) fn enter_body(&mut self) {
        self.evaluator.set(NAMESPACE_OBJECT, self.namespace);
    }

    fn validate(
        &mut self,
        policy: &'a Policy,
        binding: Option<&'a Binding>,
        param: Value<'a>,
        validations: &'a [Validation],
        annotations: &'a [NamedProgram],
        verdicts: &mut Vec<Verdict>,
    ) {
        self.prepare(policy, param);
        match self.conditions(&policy.conditions) {
            Ok(true) => {}
            Ok(false) => {
                let outcome = Outcome::NotApplicable("matchConditions");
                return verdicts
                    .push(Verdict { actions: Actions::NONE, ..verdict(policy, binding, outcome) });
            }
            Err(message) => return verdicts.push(error(policy, binding, message)),
        }
        self.enter_body();
        let first = verdicts.len();
        for (index, validation) in validations.iter().enumerate() {
            match self.run(&validation.program) {
                Ok(Ok(Value::Bool(true))) => {}
                Ok(Ok(_)) => {
                    let Ok(message) = self.message(validation) else {
                        verdicts.push(error(policy, binding, message_out_of_budget()));
                        continue;
                    };
                    let binding_name = binding.map_or("", |binding| &*binding.name);
                    let details = serde_json::json!({
                        "expression": index,
                        "reason": validation.reason,
                        "status": denial(&policy.name, binding_name, &message),
                    });
                    let spans = self.place_of(&validation.program).into_iter().collect();
                    let violation = Violation { message, details, spans };
                    verdicts.push(verdict(policy, binding, Outcome::Violation(violation)));
                }
                Ok(Err(fail)) => {
                    verdicts.push(error(policy, binding, expression_error(&validation.program, &fail)));
                }
                Err(Exhausted) => {
                    verdicts.truncate(first);
                    return verdicts.push(error(policy, binding, out_of_budget()));
                }
            }
        }
        if verdicts.len() == first {
            verdicts.push(verdict(policy, binding, Outcome::Pass));
        }
        self.annotate(policy, binding, annotations, first, verdicts);
    }

    /// What an expression that reads one place only is about: that place as it was written, or the nearest thing that
    /// is there.
    fn place_of(&self, program: &Program) -> Option<Span> {
        let names = program.only_place(OBJECT, &[PARAMS])?;
        let root = self.written?.node();
        let mut at = root;
        for name in names {
            match at.get(name) {
                Some(next) => at = next,
                None => break,
            }
        }
        (at != root).then(|| at.anchor_span())
    }

    /// The text for a violation: the message expression's where it gives a usable one, else the message, else the
    /// expression.
    fn message(&mut self, validation: &'a Validation) -> Result<String, Exhausted> {
        if let Some(program) = &validation.message_expression {
            self.set_authorizer(false);
            let result = self.run(program);
            self.set_authorizer(true);
            if let Ok(Value::String(text)) = result? {
                let text = text.trim();
                if !text.is_empty() && text.len() <= MESSAGE_LIMIT && !text.contains('\n') {
                    return Ok(text.to_owned());
                }
            }
        }
        Ok(match &validation.message {
            Some(message) => message.to_string(),
            None => format!("failed expression: {}", validation.program.source().trim()),
        })
    }

    fn annotate(
        &mut self,
        policy: &'a Policy,
        binding: Option<&'a Binding>,
        annotations: &'a [NamedProgram],
        first: usize,
        verdicts: &mut Vec<Verdict>,
    ) {
        let mut found = Vec::new();
        self.budget = BUDGET;
        // The API server gives it to conditions and validations only.
        if !annotations.is_empty() {
            self.set_authorizer(false);
        }
        for annotation in annotations {
            match self.run(&annotation.program) {
                Ok(Ok(Value::String(text))) => {
                    let text = text.trim();
                    let end =
                        (0..=text.len().min(ANNOTATION_LIMIT)).rev().find(|end| text.is_char_boundary(*end));
                    let text = text.get(..end.unwrap_or(0)).unwrap_or_default();
                    if !text.is_empty() {
                        found.push((format!("{}/{}", policy.name, annotation.name), text.to_owned()));
                    }
                }
                Ok(Ok(_)) => {}
                Ok(Err(fail)) => {
                    verdicts.push(error(policy, binding, expression_error(&annotation.program, &fail)));
                }
                Err(Exhausted) => {
                    verdicts.push(error(policy, binding, out_of_budget()));
                    break;
                }
            }
        }
        if !annotations.is_empty() {
            self.set_authorizer(true);
        }
        if let Some(verdict) = verdicts.get_mut(first) {
            verdict.audit_annotations = found;
        }
    }
}

/// `request`: what is empty is left out, as the API server leaves it out.
fn request_value<'a>(arena: &'a Bump, target: &Target<'a>, operation: &'a str) -> Value<'a> {
    let request = target.request;
    let map = |fields: &[(&'a str, Value<'a>)]| Value::Map(CelMap::of_fields(arena, fields));
    let kind = |kind: &GroupVersionKind<'a>| {
        map(&[
            ("group", Value::String(kind.group)),
            ("version", Value::String(kind.version)),
            ("kind", Value::String(kind.kind)),
        ])
    };
    let resource = |resource: &GroupVersionResource<'a>| {
        map(&[
            ("group", Value::String(resource.group)),
            ("version", Value::String(resource.version)),
            ("resource", Value::String(resource.resource)),
        ])
    };
    let mut user: Vec<(&'a str, Value<'a>)> = Vec::with_capacity(4);
    let text = |value: &'a str| (!value.is_empty()).then_some(Value::String(value));
    user.extend(text(request.user.username).map(|value| ("username", value)));
    user.extend(text(request.user.uid).map(|value| ("uid", value)));
    if !request.user.groups.is_empty() {
        let groups = request.user.groups.iter().map(|group| Value::String(group));
        user.push(("groups", Value::List(arena.alloc_slice_fill_iter(groups.collect::<Vec<_>>()))));
    }
    if let Some(extra) =
        request.user.node.and_then(|node| node.get("extra")).filter(|extra| !extra.is_empty())
    {
        user.push(("extra", Value::of_node(extra)));
    }
    let mut fields = vec![
        ("kind", kind(&target.kind)),
        ("resource", resource(&target.resource)),
        ("requestKind", kind(&target.kind)),
        ("requestResource", resource(&target.resource)),
        ("operation", Value::String(operation)),
        ("userInfo", map(&user)),
        ("dryRun", Value::Bool(request.dry_run)),
    ];
    fields.extend(text(request.sub_resource).map(|value| ("subResource", value)));
    fields.extend(text(request.sub_resource).map(|value| ("requestSubResource", value)));
    fields.extend(text(request.name).map(|value| ("name", value)));
    fields.extend(text(target.namespace).map(|value| ("namespace", value)));
    fields.push(("options", request.options.map_or(Value::Null, Value::of_node)));
    map(&fields)
}

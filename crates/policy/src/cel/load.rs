//! Documents to compiled policies, refused where the API server refuses them.

mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_cel::{CompileError, Composed, Env, NamedFormat, Program, Type};
use haechi_model::Span;
use haechi_syntax::{Node, Style, Value};

use super::env::{Declares, SHARED, VARIABLES_TYPE, admission_env, carried_over};
use super::matching::MatchResources;
use super::{
    Binding, Body, CelSet, Mutation, MutationKind, NamedProgram, ParamKind, ParamRef, Policy, Validation,
};
use crate::mistake::{Mistake, mistake};
use crate::{Actions, FailMode, LoadError, Loaded, PolicyDocument};

/// Kubernetes has no such limit; values that are made of one another stay as shallow as this.
const MAX_VARIABLES: usize = 250;
/// Most audit annotations of one policy, as in the API server.
const MAX_ANNOTATIONS: usize = 20;

const GROUP: &str = "admissionregistration.k8s.io";

/// What a document of this engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    Validating,
    Mutating,
    ValidatingBinding,
    MutatingBinding,
}

pub(crate) fn claimed(group: &str, kind: &str) -> Option<Claimed> {
    if group != GROUP {
        return None;
    }
    Some(match kind {
        "ValidatingAdmissionPolicy" => Claimed::Validating,
        "MutatingAdmissionPolicy" => Claimed::Mutating,
        "ValidatingAdmissionPolicyBinding" => Claimed::ValidatingBinding,
        "MutatingAdmissionPolicyBinding" => Claimed::MutatingBinding,
        _ => return None,
    })
}

pub(crate) fn load(documents: &[PolicyDocument<'_>], mut set: CelSet) -> Loaded<CelSet> {
    let mut errors = Vec::new();
    let mut policies: BTreeMap<(bool, Arc<str>), Policy> = BTreeMap::new();
    let mut refused: Vec<(bool, &str)> = Vec::new();
    for document in documents {
        set.resources.learn(document.object);
        let claimed = claimed(document.object.group(), document.object.kind());
        let Some(claimed @ (Claimed::Validating | Claimed::Mutating)) = claimed else { continue };
        let mutating = claimed == Claimed::Mutating;
        let mut loader =
            Loader { document, errors: &mut errors, as_kyverno: set.as_kyverno, with_kinds: set.with_kinds };
        match loader.policy(mutating) {
            Some(policy) => {
                policies.insert((mutating, policy.name.clone()), policy);
            }
            None => refused.push((mutating, document.object.name())),
        }
    }
    for document in documents {
        let claimed = claimed(document.object.group(), document.object.kind());
        let Some(claimed @ (Claimed::ValidatingBinding | Claimed::MutatingBinding)) = claimed else {
            continue;
        };
        let mutating = claimed == Claimed::MutatingBinding;
        let mut loader =
            Loader { document, errors: &mut errors, as_kyverno: set.as_kyverno, with_kinds: set.with_kinds };
        let Some((policy_name, binding)) = loader.binding(mutating) else { continue };
        match policies.get_mut(&(mutating, policy_name.clone())) {
            Some(policy) => {
                policy.bindings.retain(|known| known.name != binding.name);
                policy.bindings.push(binding);
            }
            None if refused.contains(&(mutating, &*policy_name)) => {}
            None => {
                let node =
                    document.object.node().at(&["spec", "policyName"]).unwrap_or(document.object.node());
                let message = mistake!(
                    "binding-policy",
                    "there is no policy named `{name}` here, so this binding does nothing",
                    name = policy_name
                );
                errors.push(LoadError::at(document, node, message));
            }
        }
    }
    for policy in policies.values_mut() {
        policy.bindings.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let mut policies: Vec<Policy> = policies.into_values().collect();
    policies.sort_by(|one, other| one.name.cmp(&other.name));
    set.policies = policies;
    set.shared = number_same(&mut set.policies);
    Loaded { set, errors }
}

/// Numbers the expressions that stand in several policies and depend on nothing but the request. Gives how many there are.
fn number_same(policies: &mut [Policy]) -> usize {
    let mut seen: BTreeMap<(bool, Box<str>), usize> = BTreeMap::new();
    shareable(policies).for_each(|(key, _)| *seen.entry(key).or_default() += 1);
    seen.retain(|_, count| *count > 1);
    seen.values_mut().enumerate().for_each(|(number, count)| *count = number);
    for (key, program) in shareable(policies) {
        if let Some(number) = seen.get(&key) {
            program.set_shared(*number);
        }
    }
    seen.len()
}

/// The expressions that depend on nothing but the request, each by its text and whether its policy mutates: the types that
/// a text may name are not the same in both kinds.
fn shareable(policies: &mut [Policy]) -> impl Iterator<Item = ((bool, Box<str>), &mut Program)> {
    policies.iter_mut().flat_map(|policy| {
        let mutates = matches!(policy.body, Body::Mutating { .. });
        let programs = programs(policy).filter(|program| program.reads_only(SHARED));
        programs.map(move |program| ((mutates, program.source().into()), program))
    })
}

/// The expressions of a policy that decide.
fn programs(policy: &mut Policy) -> impl Iterator<Item = &mut Program> {
    let conditions = policy.conditions.iter_mut().map(|condition| &mut condition.program);
    let variables = policy.variables.iter_mut().map(|variable| &mut variable.program);
    let validations = match &mut policy.body {
        Body::Validating { validations, .. } => validations.as_mut_slice(),
        Body::Mutating { .. } => &mut [],
    };
    conditions.chain(variables).chain(validations.iter_mut().map(|validation| &mut validation.program))
}

/// Names that Gatekeeper keeps for itself.
const RESERVED: &str = "gatekeeper_internal_";

/// `variables.anyObject` of Gatekeeper: the object, or on delete the one that is deleted.
const ANY_OBJECT: &str =
    "has(request.operation) && request.operation == 'DELETE' && object == null ? oldObject : object";

/// Reads the CEL of a ConstraintTemplate; mistakes are added to `errors`.
pub(crate) fn load_native<'d>(
    document: &PolicyDocument<'d>,
    source: Node<'d>,
    errors: &mut Vec<LoadError>,
) -> Option<Policy> {
    Loader { document, errors, as_kyverno: false, with_kinds: false }.native(source)
}

struct Loader<'l, 'd> {
    document: &'l PolicyDocument<'d>,
    errors: &'l mut Vec<LoadError>,
    as_kyverno: bool,
    with_kinds: bool,
}

impl<'d> Loader<'_, 'd> {
    fn wrong(&mut self, node: Node<'_>, message: impl Into<Mistake>) {
        self.errors.push(LoadError::at(self.document, node, message));
    }

    /// A mistake within an expression, at its place in the file where that place is certain.
    fn refuse_expression(&mut self, node: Node<'_>, field: &str, error: &CompileError) {
        let message = mistake!(
            "cel",
            "{field}: compilation failed: {detail}",
            field = field,
            detail = error.message(),
        );
        let mut load_error = LoadError::at(self.document, node, message);
        if let Some(offset) = locate(node, error.offset() as usize) {
            load_error.span = Span::new(offset, offset + 1);
            load_error.position = node.document().source().position(offset);
        }
        self.errors.push(load_error);
    }

    fn text(&mut self, node: Option<Node<'d>>, field: &str) -> Option<&'d str> {
        let node = node?;
        let text = node.as_str();
        if text.is_none() {
            self.wrong(node, mistake!("text", "`{field}` is text", field = field));
        }
        text
    }

    /// A field that must be there and is text.
    fn required(&mut self, parent: Node<'d>, field: &str) -> Option<(&'d str, Node<'d>)> {
        match parent.get(field) {
            Some(node) => match node.as_str() {
                Some(text) if !text.trim().is_empty() => Some((text, node)),
                Some(_) => {
                    self.wrong(node, mistake!("empty", "`{field}` is empty", field = field));
                    None
                }
                None => {
                    self.wrong(node, mistake!("text", "`{field}` is text", field = field));
                    None
                }
            },
            None => {
                self.wrong(parent, mistake!("missing", "`{field}` is missing", field = field));
                None
            }
        }
    }

    fn list(&mut self, parent: Node<'d>, field: &str) -> Vec<Node<'d>> {
        match parent.get(field) {
            None => Vec::new(),
            Some(node) if node.is_sequence() => node.items().collect(),
            Some(node) => {
                self.wrong(node, mistake!("list", "`{field}` is a list", field = field));
                Vec::new()
            }
        }
    }

    fn texts(&mut self, parent: Node<'d>, field: &str) -> Vec<Box<str>> {
        let mut texts = Vec::new();
        for node in self.list(parent, field) {
            match node.as_str() {
                Some(text) => texts.push(text.into()),
                None => self.wrong(node, mistake!("texts", "`{field}` is a list of texts", field = field)),
            }
        }
        texts
    }

    /// `failurePolicy`
    fn fail_mode(&mut self, spec: Node<'d>) -> FailMode {
        match spec.get("failurePolicy").map(|node| (node, node.as_str())) {
            None | Some((_, Some("Fail"))) => FailMode::Fail,
            Some((_, Some("Ignore"))) => FailMode::Ignore,
            Some((node, _)) => {
                self.wrong(
                    node,
                    mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "failurePolicy",
                        allowed = "Fail, Ignore"
                    ),
                );
                FailMode::Fail
            }
        }
    }

    /// The API version and the kind of parameters must be such as the API server could serve.
    fn check_param_kind(&mut self, node: Node<'d>, api_version: &str, kind: &str, kind_node: Node<'d>) {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let is_group = group.is_empty() || NamedFormat::Dns1123Subdomain.is_valid(group);
        if !is_group || !NamedFormat::Dns1035Label.is_valid(version) {
            let message = mistake!("api-version", "`{version}` is no API version", version = api_version);
            self.wrong(node.get("apiVersion").unwrap_or(node), message);
        }
        if !NamedFormat::Dns1035Label.is_valid(&kind.to_lowercase()) {
            self.wrong(kind_node, mistake!("kind", "`{kind}` is no kind", kind = kind));
        }
    }

    fn policy(&mut self, mutating: bool) -> Option<Policy> {
        let before = self.errors.len();
        let object = self.document.object;
        let Some(spec) = object.spec() else {
            self.wrong(object.node(), mistake!("missing", "`{field}` is missing", field = "spec"));
            return None;
        };
        if object.name().is_empty() {
            self.wrong(object.node(), mistake!("missing", "`{field}` is missing", field = "metadata.name"));
        }
        let fail_mode = self.fail_mode(spec);
        let param_kind = spec.get("paramKind").and_then(|node| {
            let api_version = self.required(node, "apiVersion")?.0;
            let (kind, kind_node) = self.required(node, "kind")?;
            self.check_param_kind(node, api_version, kind, kind_node);
            Some(ParamKind { api_version: api_version.into(), kind: kind.into() })
        });
        let constraints = match spec.get("matchConstraints") {
            Some(node) => {
                let constraints = self.match_resources(node);
                if constraints.rules.is_empty() {
                    self.wrong(
                        node,
                        mistake!(
                            "no-items",
                            "`{field}` must contain at least one item",
                            field = "matchConstraints.resourceRules"
                        ),
                    );
                }
                constraints
            }
            None => {
                self.wrong(spec, mistake!("missing", "`{field}` is missing", field = "matchConstraints"));
                MatchResources::default()
            }
        };
        let params = spec.get("paramKind").is_some();
        // Match conditions do not see the variables.
        let env = admission_env(Declares { params, authorizer: true, variables: false, patch_types: false });
        let mut conditions = Vec::new();
        for (index, node) in self.list(spec, "matchConditions").into_iter().enumerate() {
            let field = format!("spec.matchConditions[{index}].expression");
            let name = self.required(node, "name");
            if let Some((name, name_node)) = name {
                if !NamedFormat::QualifiedName.is_valid(name) {
                    self.wrong(
                        name_node,
                        mistake!("qualified-name", "`{name}` is no qualified name", name = name),
                    );
                }
                if conditions.iter().any(|known: &NamedProgram| &*known.name == name) {
                    self.twice(name_node, "matchConditions", name);
                }
            }
            let name = name.map(|(name, _)| name.into());
            let program = self.expression(node, "expression", &field, &env, &[Type::Bool], true);
            if let (Some(name), Some(program)) = (name, program) {
                conditions.push(NamedProgram { name, program });
            }
        }
        if conditions.len() > 64 {
            self.wrong(
                spec,
                mistake!("too-many", "`{field}` holds at most {most}", field = "matchConditions", most = 64),
            );
        }
        let declares = Declares { params, authorizer: true, variables: true, patch_types: mutating };
        let mut env = admission_env(declares);
        let mut message_env = admission_env(Declares { authorizer: false, ..declares });
        let variables = self.variables(spec, [&mut env, &mut message_env], Vec::new());
        let body =
            if mutating { self.mutations(spec, &env) } else { self.validations(spec, &env, &message_env) };
        (self.errors.len() == before).then(|| Policy {
            name: object.name().into(),
            shown: match self.with_kinds {
                true => format!("{}/{}", object.kind(), object.name()).into(),
                false => object.name().into(),
            },
            fail_mode,
            param_kind,
            constraints,
            conditions,
            variables,
            body,
            bindings: Vec::new(),
        })
    }

    /// The `source` of a K8sNativeValidation block of a ConstraintTemplate.
    fn native(&mut self, source: Node<'d>) -> Option<Policy> {
        let before = self.errors.len();
        const FIELDS: [&str; 5] =
            ["validations", "variables", "matchCondition", "failurePolicy", "generateVAP"];
        for entry in source.entries().filter(|entry| !FIELDS.contains(&entry.key)) {
            let hint = if entry.key == "matchConditions" { "; it is `matchCondition` here" } else { "" };
            let message = format!(
                "Gatekeeper does not read the field `{}` of K8sNativeValidation, there are {}{hint}",
                entry.key,
                FIELDS.join(", ")
            );
            self.wrong(entry.value, message);
        }
        let fail_mode = self.fail_mode(source);
        for list in ["variables", "matchCondition"] {
            for item in self.list(source, list) {
                let name = item.get("name").and_then(Node::as_str).unwrap_or_default();
                if name.starts_with(RESERVED) {
                    self.wrong(
                        item,
                        mistake!(
                            "name-reserved",
                            "a name must not begin with `{prefix}`: `{name}`",
                            prefix = RESERVED,
                            name = name
                        ),
                    );
                }
            }
        }
        // Only what Gatekeeper adds itself sees the constraint.
        let declares = Declares { params: false, authorizer: false, variables: true, patch_types: false };
        let (mut env, mut message_env) = (admission_env(declares), admission_env(declares));
        let mut given = Vec::new();
        for (name, text) in [("anyObject", ANY_OBJECT), ("params", "params")] {
            let program = match admission_env(Declares { params: true, ..declares }).compile(text) {
                Ok(program) => program,
                Err(error) => {
                    self.wrong(
                        source,
                        mistake!(
                            "cel",
                            "{field}: compilation failed: {detail}",
                            field = format!("variables.{name}"),
                            detail = error
                        ),
                    );
                    continue;
                }
            };
            env.add_field(VARIABLES_TYPE, name, Type::Dyn);
            message_env.add_field(VARIABLES_TYPE, name, Type::Dyn);
            given.push(Composed { name: name.into(), program });
        }
        let variables = self.variables(source, [&mut env, &mut message_env], given);
        let mut conditions = Vec::new();
        for (index, node) in self.list(source, "matchCondition").into_iter().enumerate() {
            let field = format!("matchCondition[{index}].expression");
            let name = self.required(node, "name").map(|(name, _)| name.into());
            let program = self.expression(node, "expression", &field, &env, &[Type::Bool], true);
            if let (Some(name), Some(program)) = (name, program) {
                conditions.push(NamedProgram { name, program });
            }
        }
        let body = self.validations(source, &env, &message_env);
        (self.errors.len() == before).then(|| Policy {
            name: self.document.object.name().into(),
            shown: self.document.object.name().into(),
            fail_mode,
            param_kind: None,
            constraints: MatchResources::default(),
            conditions,
            variables,
            body,
            bindings: Vec::new(),
        })
    }

    /// The variables of a policy, after those that are `given`.
    fn variables(&mut self, spec: Node<'d>, envs: [&mut Env; 2], given: Vec<Composed>) -> Vec<Composed> {
        let [env, message_env] = envs;
        let mut variables = given;
        let nodes = self.list(spec, "variables");
        if nodes.len() > MAX_VARIABLES {
            self.wrong(
                spec,
                mistake!(
                    "too-many",
                    "`{field}` holds at most {most}",
                    field = "variables",
                    most = MAX_VARIABLES
                ),
            );
            return variables;
        }
        for (index, node) in nodes.into_iter().enumerate() {
            let Some((name, name_node)) = self.required(node, "name") else { continue };
            if !haechi_cel::is_name(name) {
                self.wrong(
                    name_node,
                    mistake!("variable-name", "`{name}` is not a valid CEL identifier", name = name),
                );
            } else if variables.iter().any(|known| &*known.name == name) {
                self.wrong(
                    name_node,
                    mistake!("variable-twice", "there is a variable named `{name}` already", name = name),
                );
            }
            let field = format!("spec.variables[{index}].expression");
            let program = self.expression(node, "expression", &field, env, &[], false);
            // A variable that is wrong stands for anything, so that its mistake is told once.
            let of = program.as_ref().map_or(Type::Dyn, |program| carried_over(program.output_type()));
            env.add_field(VARIABLES_TYPE, name, of.clone());
            message_env.add_field(VARIABLES_TYPE, name, of);
            if let Some(program) = program {
                variables.push(Composed { name: name.into(), program });
            }
        }
        variables
    }

    fn validations(&mut self, spec: Node<'d>, env: &Env, message_env: &Env) -> Body {
        let mut validations = Vec::new();
        for (index, node) in self.list(spec, "validations").into_iter().enumerate() {
            let field = format!("spec.validations[{index}]");
            let expression = format!("{field}.expression");
            let program = self.expression(node, "expression", &expression, env, &[Type::Bool], false);
            let is_set = |node: &Node<'d>| node.as_str() != Some("");
            let message_expression = node.get("messageExpression").filter(is_set).and_then(|_| {
                let field = format!("{field}.messageExpression");
                self.expression(node, "messageExpression", &field, message_env, &[Type::String], false)
            });
            let message = self.text(node.get("message").filter(is_set), "message").map(str::trim);
            if let (Some(text), Some(node)) = (message, node.get("message")) {
                if text.is_empty() {
                    self.wrong(node, mistake!("empty", "`{field}` is empty", field = "message"));
                } else if text.contains(['\n', '\r']) {
                    self.wrong(node, mistake!("message-lines", "`message` must not contain line breaks"));
                }
            }
            let reason = self.text(node.get("reason"), "reason").unwrap_or("Invalid");
            if !matches!(reason, "Unauthorized" | "Forbidden" | "Invalid" | "RequestEntityTooLarge") {
                let message = mistake!(
                    "one-of",
                    "`{field}` is one of {allowed}",
                    field = "reason",
                    allowed = "Forbidden, Invalid, RequestEntityTooLarge, Unauthorized"
                );
                self.wrong(node.get("reason").unwrap_or(node), message);
            }
            if let Some(program) = program {
                validations.push(Validation {
                    program,
                    message: message.map(Box::from),
                    message_expression,
                    reason: reason.into(),
                });
            }
        }
        let mut annotations: Vec<NamedProgram> = Vec::new();
        let nodes = self.list(spec, "auditAnnotations");
        if nodes.len() > MAX_ANNOTATIONS {
            self.wrong(
                spec,
                mistake!(
                    "too-many",
                    "`{field}` holds at most {most}",
                    field = "auditAnnotations",
                    most = MAX_ANNOTATIONS
                ),
            );
        }
        for (index, node) in nodes.into_iter().enumerate() {
            let field = format!("spec.auditAnnotations[{index}].valueExpression");
            let Some((key, key_node)) = self.required(node, "key") else { continue };
            if annotations.iter().any(|known| &*known.name == key) {
                self.wrong(
                    key_node,
                    mistake!("annotation-twice", "there is an annotation `{key}` already", key = key),
                );
            }
            if !NamedFormat::QualifiedName.is_valid(key) || key.contains('/') {
                self.wrong(
                    key_node,
                    mistake!("annotation-name", "`{key}` is no name of an annotation", key = key),
                );
            }
            let returns = [Type::String, Type::Null];
            if let Some(program) = self.expression(node, "valueExpression", &field, env, &returns, true) {
                annotations.push(NamedProgram { name: key.into(), program });
            }
        }
        let has_any = spec.get("validations").is_some_and(|list| !list.is_empty())
            || spec.get("auditAnnotations").is_some_and(|list| !list.is_empty());
        if !has_any {
            self.wrong(
                spec,
                mistake!(
                    "no-validations",
                    "`validations` or `auditAnnotations` must contain at least one item"
                ),
            );
        }
        Body::Validating { validations, annotations }
    }

    fn mutations(&mut self, spec: Node<'d>, env: &Env) -> Body {
        let mut mutations = Vec::new();
        for (index, node) in self.list(spec, "mutations").into_iter().enumerate() {
            let field = format!("spec.mutations[{index}]");
            let Some((patch_type, type_node)) = self.required(node, "patchType") else { continue };
            let (kind, key, returns) = match patch_type {
                "ApplyConfiguration" => (MutationKind::Apply, "applyConfiguration", Type::object("Object")),
                "JSONPatch" => (MutationKind::JsonPatch, "jsonPatch", Type::list(Type::object("JSONPatch"))),
                _ => {
                    self.wrong(
                        type_node,
                        mistake!(
                            "one-of",
                            "`{field}` is one of {allowed}",
                            field = "patchType",
                            allowed = "ApplyConfiguration, JSONPatch"
                        ),
                    );
                    continue;
                }
            };
            let Some(inner) = node.get(key) else {
                self.wrong(
                    node,
                    mistake!(
                        "missing-for",
                        "`{field}` is missing for this `{other}`",
                        field = key,
                        other = "patchType"
                    ),
                );
                continue;
            };
            let field = format!("{field}.{key}.expression");
            if let Some(program) = self.expression(inner, "expression", &field, env, &[returns], false) {
                mutations.push(Mutation { kind, program });
            }
        }
        if spec.get("mutations").is_none_or(|list| list.is_empty()) {
            self.wrong(
                spec,
                mistake!("no-items", "`{field}` must contain at least one item", field = "mutations"),
            );
        }
        let reinvoke = match self.text(spec.get("reinvocationPolicy"), "reinvocationPolicy") {
            None | Some("Never") => false,
            Some("IfNeeded") => true,
            Some(_) => {
                let node = spec.get("reinvocationPolicy").unwrap_or(spec);
                self.wrong(
                    node,
                    mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "reinvocationPolicy",
                        allowed = "Never, IfNeeded"
                    ),
                );
                false
            }
        };
        Body::Mutating { mutations, reinvoke }
    }

    /// Compiles an expression that must have one of these types; none means any.
    fn expression(
        &mut self,
        parent: Node<'d>,
        key: &str,
        field: &str,
        env: &Env,
        returns: &[Type],
        trim: bool,
    ) -> Option<Program> {
        let (text, node) = self.required(parent, key)?;
        let text = if trim { text.trim() } else { text };
        let program = match env.compile(text) {
            Ok(program) => program,
            Err(error) => {
                self.refuse_expression(node, field, &error);
                return None;
            }
        };
        let of = program.output_type();
        if returns.is_empty() || returns.contains(of) {
            return Some(program);
        }
        let message = match returns {
            [one] => mistake!(
                "cel-type",
                "{field}: must evaluate to {wanted} but got {found}",
                field = field,
                wanted = one,
                found = of
            ),
            several => {
                let several: Vec<String> = several.iter().map(ToString::to_string).collect();
                mistake!(
                    "cel-types",
                    "{field}: must evaluate to one of [{wanted}] but got {found}",
                    field = field,
                    wanted = several.join(" "),
                    found = of,
                )
            }
        };
        self.wrong(node, message);
        None
    }

    fn binding(&mut self, mutating: bool) -> Option<(Arc<str>, Binding)> {
        let before = self.errors.len();
        let object = self.document.object;
        let Some(spec) = object.spec() else {
            self.wrong(object.node(), mistake!("missing", "`{field}` is missing", field = "spec"));
            return None;
        };
        let policy = self.required(spec, "policyName").map(|(name, _)| name);
        let mut actions = Actions::NONE;
        let mut named = Vec::new();
        for node in self.list(spec, "validationActions") {
            if named.contains(&node.as_str()) {
                self.twice(node, "validationActions", node.as_str().unwrap_or_default());
            }
            named.push(node.as_str());
            match node.as_str() {
                Some("Deny") => actions.deny = true,
                Some("Warn") => actions.warn = true,
                Some("Audit") => actions.audit = true,
                _ => self.wrong(
                    node,
                    mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "validationActions",
                        allowed = "Audit, Deny, Warn"
                    ),
                ),
            }
        }
        if mutating {
            // A mutating policy that fails refuses the request.
            actions = Actions::DENY;
        } else if spec.get("validationActions").is_none_or(|list| list.is_empty()) {
            self.wrong(
                spec,
                mistake!("no-items", "`{field}` must contain at least one item", field = "validationActions"),
            );
        } else if actions.deny && actions.warn {
            let node = spec.get("validationActions").unwrap_or(spec);
            self.wrong(
                node,
                mistake!("deny-and-warn", "`validationActions` must not contain both Deny and Warn"),
            );
        }
        let param_ref = spec.get("paramRef").and_then(|node| self.param_ref(node));
        let resources = spec.get("matchResources").map(|node| self.match_resources(node));
        let binding = Binding { name: object.name().into(), param_ref, resources, actions };
        (self.errors.len() == before).then_some((policy?.into(), binding))
    }

    fn param_ref(&mut self, node: Node<'d>) -> Option<ParamRef> {
        let name = self.text(node.get("name"), "name").filter(|name| !name.is_empty());
        let selector = node.get("selector").map(|_| self.selector(node, "selector"));
        match (name, &selector) {
            (Some(_), Some(_)) => self.wrong(
                node,
                mistake!("param-ref-both", "`paramRef` has either a `name` or a `selector`, not both"),
            ),
            (None, None) => {
                self.wrong(node, mistake!("param-ref-neither", "`paramRef` needs a `name` or a `selector`"))
            }
            _ => {}
        }
        let namespace =
            self.text(node.get("namespace"), "namespace").filter(|namespace| !namespace.is_empty());
        let deny_if_missing = match self.text(node.get("parameterNotFoundAction"), "parameterNotFoundAction")
        {
            Some("Allow") => false,
            Some("Deny") => true,
            None if self.as_kyverno || node.get("parameterNotFoundAction").is_some() => false,
            None => {
                self.wrong(
                    node,
                    mistake!("missing", "`{field}` is missing", field = "parameterNotFoundAction"),
                );
                true
            }
            Some(_) => {
                let node = node.get("parameterNotFoundAction").unwrap_or(node);
                self.wrong(
                    node,
                    mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "parameterNotFoundAction",
                        allowed = "Allow, Deny"
                    ),
                );
                true
            }
        };
        Some(ParamRef {
            name: name.map(Box::from),
            namespace: namespace.map(Box::from),
            selector,
            deny_if_missing,
        })
    }
}

/// The place in the file of a byte of a text, if it is certain: the text and what stands in the file are alike but for
/// white space.
fn locate(node: Node<'_>, offset: usize) -> Option<u32> {
    let Value::String(text) = node.value() else { return None };
    let span = node.span();
    let source = node.document().source().slice(span);
    let (skip, end) = match node.style() {
        Style::Literal | Style::Folded if source.starts_with(['|', '>']) => {
            (source.find('\n')? + 1, source.len())
        }
        Style::SingleQuoted | Style::DoubleQuoted if source.starts_with(['\'', '"']) => {
            (1, source.len().checked_sub(1)?)
        }
        _ => (0, source.len()),
    };
    let body = source.get(skip..end)?;
    let visible = |text: &str| -> Vec<(usize, char)> {
        text.char_indices().filter(|(_, c)| !c.is_whitespace()).collect()
    };
    let (wanted, found) = (visible(text), visible(body));
    let is_same =
        wanted.len() == found.len() && wanted.iter().zip(&found).all(|((_, one), (_, other))| one == other);
    if !is_same {
        return None;
    }
    let index = wanted.partition_point(|(at, _)| *at < offset).min(found.len().checked_sub(1)?);
    let (at, _) = found.get(index)?;
    Some(span.start + u32::try_from(skip + at).ok()?)
}

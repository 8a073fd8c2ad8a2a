//! Judging a request by the constraints.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_cel::{Bump, Value as CelValue};
use haechi_objects::Object;

use super::GatekeeperSet;
use super::constraint::{Constraint, EnforcementPoint};
use super::matching::{Matched, ObjectSource, Unknown, goes_to_a_namespace};
use super::mutation::Mutated;
use super::template::{Code, Template};
use crate::cel::NativeSession;
use crate::engine::{Actions, FailMode, Operation, Outcome, PolicySet, Request, Verdict, Violation};
use crate::mistake::mistake;
use crate::rego::{Evaluation, Flag, Input, Program, Value};

/// Texts that all verdicts share.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    none: Arc<str>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { none: "".into() }
    }
}

/// Steps that one constraint may take: some 10 ms, 50 at most whatever the steps are (`benches/mixed.rs`, `stops`).
const BUDGET: u64 = 500_000;

impl PolicySet for GatekeeperSet {
    /// Mutators come first. At admission the constraints judge what the mutators make of the object; elsewhere the
    /// object as it stands, as gator does. What the object will bring about by the ExpansionTemplates is judged with it.
    fn review(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) {
        let mutated = self.mutate(request, verdicts);
        let changed = mutated.as_ref().and_then(Mutated::object);
        match changed.filter(|_| self.point == EnforcementPoint::Admission) {
            Some(object) => {
                // The request as a whole still holds the object as it was.
                let request = Request { object: Some(object), ..request.clone() };
                self.validate(&request, self.now_ns, verdicts);
            }
            None => self.validate(request, self.now_ns, verdicts),
        }
    }
}

impl GatekeeperSet {
    /// What the constraints say of the object as it stands, mutators aside: for a webhook that is asked after they were.
    /// `now_ns` is the time that policies are told, in nanoseconds since 1970.
    pub fn validate(&self, request: &Request<'_>, now_ns: Option<i64>, verdicts: &mut Vec<Verdict>) {
        self.review_at(request, ObjectSource::Original, now_ns, verdicts);
        if matches!(request.operation, None | Some(Operation::Create | Operation::Update)) {
            self.review_expanded(request, now_ns, verdicts);
        }
    }

    /// What the mutators make of the object.
    pub(crate) fn mutate(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>) -> Option<Mutated> {
        if self.mutators.is_empty() {
            return None;
        }
        let object = match (request.operation, request.object) {
            (None | Some(Operation::Create | Operation::Update), Some(object)) => object,
            _ => {
                self.mutators.left_out("operation", verdicts);
                return None;
            }
        };
        let is_excluded =
            self.point == EnforcementPoint::Admission && self.excludes("mutation-webhook", request);
        if is_excluded {
            self.mutators.left_out(EXCLUDED, verdicts);
            return None;
        }
        match self.mutators.mutate(object, namespace_of(request), request.operation, ObjectSource::Original) {
            Ok(mut mutated) => {
                self.mutators.verdicts(&mut mutated, verdicts);
                Some(mutated)
            }
            Err((policy, message)) => {
                verdicts.push(Verdict {
                    policy,
                    rule: self.texts.none.clone(),
                    outcome: Outcome::Error { message, fail_mode: FailMode::Fail },
                    actions: Actions::DENY,
                    patches: Vec::new(),
                    audit_annotations: Vec::new(),
                });
                None
            }
        }
    }

    /// Whether the Config keeps a process away from the namespace of a request.
    fn excludes(&self, process: &str, request: &Request<'_>) -> bool {
        let name = match request.kind.kind == "Namespace" && request.kind.group.is_empty() {
            true => request.name,
            false => request.namespace,
        };
        !name.is_empty() && self.config.excludes(process, name)
    }

    /// Judges what the object will bring about, by the ExpansionTemplates.
    fn review_expanded(&self, request: &Request<'_>, now_ns: Option<i64>, verdicts: &mut Vec<Verdict>) {
        let Some(object) = request.object.filter(|_| !self.expansions.is_empty()) else { return };
        let expanded = match self.expand(object, namespace_of(request)) {
            Ok(expanded) => expanded,
            Err(message) => {
                return verdicts.push(Verdict {
                    policy: "ExpansionTemplate".into(),
                    rule: self.texts.none.clone(),
                    outcome: Outcome::Error { message, fail_mode: FailMode::Fail },
                    actions: Actions::DENY,
                    patches: Vec::new(),
                    audit_annotations: Vec::new(),
                });
            }
        };
        for expanded in &expanded {
            let Some(object) = expanded.object() else { continue };
            let mut implied = Vec::new();
            let child = Request {
                namespace_object: request.namespace_object,
                user: request.user.clone(),
                operation: request.operation,
                ..Request::of_object(object, request.inventory)
            };
            self.review_at(&child, ObjectSource::Generated, now_ns, &mut implied);
            // What is not about the expanded object was said of the object itself.
            implied.retain(|verdict| !matches!(verdict.outcome, Outcome::NotApplicable(_)));
            for verdict in &mut implied {
                verdict.rule = expanded.template.as_str().into();
                verdict.actions = expanded.actions.unwrap_or(verdict.actions);
                if let Outcome::Violation(violation) = &mut verdict.outcome {
                    violation.message = format!("[Implied by {}] {}", expanded.template, violation.message);
                }
            }
            verdicts.append(&mut implied);
        }
    }

    /// As [`PolicySet::review`], for an object that comes from `source`, and for nothing that it brings about.
    pub fn review_from(&self, request: &Request<'_>, source: ObjectSource, verdicts: &mut Vec<Verdict>) {
        self.review_at(request, source, self.now_ns, verdicts);
    }

    fn review_at(
        &self,
        request: &Request<'_>,
        source: ObjectSource,
        now_ns: Option<i64>,
        verdicts: &mut Vec<Verdict>,
    ) {
        let arena = Bump::new();
        let mut review = Review {
            set: self,
            request,
            source,
            now_ns,
            arena: &arena,
            native: None,
            input: None,
            object: None,
            spec: None,
            inventory: None,
            evaluation: None,
            said: BTreeMap::new(),
        };
        for (template, constraint) in &self.constraints {
            review.judge(template, constraint, verdicts);
        }
    }
}

/// Why a constraint is not asked about a namespace that the Config names.
const EXCLUDED: &str = "config";

/// The Namespace of a request, if it is known.
fn namespace_of<'r>(request: &Request<'r>) -> Option<Object<'r>> {
    let known = || request.inventory.get("v1", "Namespace", None, request.namespace);
    request.namespace_object.or_else(|| known().filter(|_| !request.namespace.is_empty()))
}

/// One request, with what is made of it once.
struct Review<'r, 'd> {
    set: &'r GatekeeperSet,
    request: &'r Request<'d>,
    source: ObjectSource,
    now_ns: Option<i64>,
    arena: &'r Bump,
    /// For templates in CEL.
    native: Option<NativeSession<'r>>,
    /// `input.review`
    input: Option<Value<'r>>,
    /// `input.review.object`
    object: Option<Value<'r>>,
    /// `input.review.object.spec`
    spec: Option<Value<'r>>,
    /// `data.inventory`
    inventory: Option<Value<'r>>,
    /// Kept from one constraint to the next, for its memory.
    evaluation: Option<Evaluation<'r>>,
    /// What Rego said so far, by [`Constraint::same_as`].
    said: BTreeMap<usize, Vec<Outcome>>,
}

impl<'r> Review<'r, '_> {
    fn judge(&mut self, template: &'r Template, constraint: &'r Constraint, verdicts: &mut Vec<Verdict>) {
        let actions = constraint.enforcement.at(self.set.point);
        let verdict = |outcome: Outcome, actions: Actions| Verdict {
            policy: constraint.policy.clone(),
            rule: self.set.texts.none.clone(),
            outcome,
            actions,
            patches: Vec::new(),
            audit_annotations: Vec::new(),
        };
        let Some(actions) = actions else {
            return verdicts.push(verdict(Outcome::NotApplicable("enforcementPoints"), Actions::NONE));
        };
        match self.applies(template, constraint) {
            Matched::Yes => {}
            Matched::No(why) => return verdicts.push(verdict(Outcome::NotApplicable(why), actions)),
            Matched::Unknown(why) => {
                let outcome = Outcome::Error { message: why.mistake(), fail_mode: FailMode::Fail };
                return verdicts.push(verdict(outcome, actions));
            }
        }
        let before = verdicts.len();
        match &template.code {
            Code::Rego(program) => {
                let said = match self.said.get(&constraint.same_as) {
                    Some(said) => said,
                    None => {
                        let said = self.ask(program, constraint);
                        self.said.entry(constraint.same_as).or_insert(said)
                    }
                };
                verdicts.extend(said.iter().map(|outcome| verdict(outcome.clone(), actions)));
            }
            Code::Cel(policy) => {
                let (arena, request) = (self.arena, self.request);
                let native = self.native.get_or_insert_with(|| NativeSession::new(arena, request));
                let params = constraint
                    .document
                    .as_ref()
                    .map_or(CelValue::Null, |document| CelValue::of_node(document.root()));
                native.judge(policy, params, verdicts);
                for verdict in verdicts.iter_mut().skip(before) {
                    verdict.policy = constraint.policy.clone();
                    if let Outcome::Violation(violation) = &mut verdict.outcome {
                        violation.details = serde_json::Value::Object(serde_json::Map::new());
                    }
                    if !matches!(verdict.outcome, Outcome::NotApplicable(_)) {
                        verdict.actions = actions;
                    }
                }
            }
        }
    }

    /// What Rego says to a constraint.
    fn ask(&mut self, program: &'r Program, constraint: &'r Constraint) -> Vec<Outcome> {
        let input = Input {
            review: self.input(),
            object: self.object.clone(),
            spec: self.spec.clone(),
            parameters: constraint.parameters.clone(),
            inventory: program.reads_inventory.then(|| self.inventory()),
            external: self.set.external.as_deref(),
            now_ns: self.now_ns,
        };
        let violations = match &mut self.evaluation {
            Some(evaluation) => {
                evaluation.restart(program, input, BUDGET);
                evaluation.violations()
            }
            none => none.insert(Evaluation::new(program, input, &self.set.regexes, BUDGET)).violations(),
        };
        match violations {
            Ok(violations) if violations.is_empty() => vec![Outcome::Pass],
            Ok(violations) => violations.iter().map(violation).collect(),
            Err(error) => vec![Outcome::Error { message: error.mistake(), fail_mode: FailMode::Fail }],
        }
    }

    /// Whether a constraint is about the request; an update is matched by the object as it was, too.
    fn applies(&self, template: &Template, constraint: &Constraint) -> Matched {
        let request = self.request;
        let process = match self.set.point {
            EnforcementPoint::Admission => Some("webhook"),
            EnforcementPoint::Audit => Some("audit"),
            EnforcementPoint::CommandLine => None,
        };
        if process.is_some_and(|process| self.set.excludes(process, request)) {
            return Matched::No(EXCLUDED);
        }
        if let Some(operation) = request.operation
            && !template.operations.is_empty()
            && !template.operations.iter().any(|name| name == "*" || name == operation.as_str())
        {
            return Matched::No("operations");
        }
        let object = match request.operation {
            Some(Operation::Delete) => request.old_object,
            _ => request.object,
        };
        let namespace = namespace_of(request);
        let is_namespaced =
            request.operation.is_none() && !self.set.as_verify && object.is_some_and(goes_to_a_namespace);
        let mut result = Matched::Unknown(Unknown::Object);
        for object in [object, request.old_object].into_iter().flatten() {
            match constraint.matches.matches(object, namespace, self.source, is_namespaced) {
                Matched::Yes => return Matched::Yes,
                Matched::Unknown(why) => return Matched::Unknown(why),
                no @ Matched::No(_) if matches!(result, Matched::Unknown(_)) => result = no,
                Matched::No(_) => {}
            }
        }
        result
    }

    fn input(&mut self) -> Value<'r> {
        match &self.input {
            Some(input) => input.clone(),
            None => {
                let input = review_value(self.request);
                self.input = Some(input.clone());
                self.object = input.field("object");
                self.spec = self.object.as_ref().and_then(|object| object.field("spec"));
                input
            }
        }
    }

    fn inventory(&mut self) -> Value<'r> {
        match &self.inventory {
            Some(inventory) => inventory.clone(),
            None => {
                let inventory = inventory_value(self.request);
                self.inventory = Some(inventory.clone());
                inventory
            }
        }
    }
}

fn violation(value: &Value<'_>) -> Outcome {
    let message = value.get(&Value::Str("msg"));
    match message.as_ref().map(|message| (message.as_str(), message.type_name())) {
        Some((Some(text), _)) => Outcome::Violation(Violation {
            message: text.to_owned(),
            details: value.get(&Value::Str("details")).map_or_else(
                || serde_json::Value::Object(serde_json::Map::new()),
                |details| details.to_json(),
            ),
            spans: Vec::new(),
        }),
        Some((None, found)) => Outcome::Error {
            message: mistake!(
                "violation-message",
                "`msg` of a violation is {found}, it must be a string",
                found = found,
            ),
            fail_mode: FailMode::Fail,
        },
        // Gatekeeper drops such a violation without a word.
        None => Outcome::Error {
            message: mistake!(
                "eval-no-message",
                "a violation without `msg`, which Gatekeeper drops: {value}",
                value = value,
            ),
            fail_mode: FailMode::Ignore,
        },
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Str(text)
}

fn object_value<'r>(object: Option<Object<'r>>) -> Value<'r> {
    object.map_or(Value::Null, |object| Value::of_node(object.node()))
}

/// `input.review`: the AdmissionRequest as Gatekeeper hands it on.
fn review_value<'r>(request: &'r Request<'_>) -> Value<'r> {
    let object = match request.operation {
        // On delete the old object stands in both places.
        Some(Operation::Delete) => request.old_object,
        _ => request.object,
    };
    let fixed = [
        ("object", object_value(object)),
        ("oldObject", object_value(request.old_object)),
        ("namespaceObject", object_value(request.namespace_object)),
    ];
    let mut entries: Vec<(Value<'r>, Value<'r>)> =
        fixed.into_iter().map(|(key, value)| (text(key), value)).collect();
    if let Some(admission) = request.admission {
        let rest = admission
            .entries()
            .filter(|entry| !matches!(entry.key, "object" | "oldObject" | "namespaceObject"));
        entries.extend(rest.map(|entry| (text(entry.key), Value::of_node(entry.value))));
        return Value::object(entries);
    }
    let kind = request.kind;
    let group_version = |group, version, last: (&'static str, &'r str)| {
        Value::object(vec![
            (text("group"), text(group)),
            (text(last.0), text(last.1)),
            (text("version"), text(version)),
        ])
    };
    let resource = request.resource.unwrap_or_default();
    let groups = Value::array(request.user.groups.iter().map(|group| text(group)).collect());
    let mut user = Vec::new();
    if !request.user.groups.is_empty() {
        user.push((text("groups"), groups));
    }
    for (key, value) in [("uid", request.user.uid), ("username", request.user.username)] {
        if !value.is_empty() {
            user.push((text(key), text(value)));
        }
    }
    let user = match request.user.node {
        Some(node) => Value::of_node(node),
        None => Value::object(user),
    };
    entries.extend([
        (text("kind"), group_version(kind.group, kind.version, ("kind", kind.kind))),
        (text("operation"), text(request.operation.map_or("", Operation::as_str))),
        (text("options"), request.options.map_or(Value::Null, Value::of_node)),
        (text("resource"), group_version(resource.group, resource.version, ("resource", resource.resource))),
        (text("uid"), text("")),
        (text("userInfo"), user),
    ]);
    for (key, value) in
        [("name", request.name), ("namespace", request.namespace), ("subResource", request.sub_resource)]
    {
        if !value.is_empty() {
            entries.push((text(key), text(value)));
        }
    }
    if request.dry_run {
        entries.push((text("dryRun"), Value::Bool(Flag(true))));
    }
    Value::object(entries)
}

/// `data.inventory`: `cluster[apiVersion][kind][name]` and `namespace[namespace][apiVersion][kind][name]`.
fn inventory_value<'r>(request: &'r Request<'_>) -> Value<'r> {
    type Kinds<'r> = BTreeMap<&'r str, BTreeMap<&'r str, Vec<(Value<'r>, Value<'r>)>>>;
    let mut cluster: Kinds<'r> = BTreeMap::new();
    let mut namespaces: BTreeMap<&'r str, Kinds<'r>> = BTreeMap::new();
    for object in request.inventory.iter() {
        let kinds = match object.namespace() {
            Some(namespace) => namespaces.entry(namespace).or_default(),
            None => &mut cluster,
        };
        let names = kinds.entry(object.api_version()).or_default().entry(object.kind()).or_default();
        names.push((text(object.name()), Value::of_node(object.node())));
    }
    let kinds_value = |kinds: Kinds<'r>| {
        let versions = kinds.into_iter().map(|(version, kinds)| {
            let kinds = kinds.into_iter().map(|(kind, names)| (text(kind), Value::object(names)));
            (text(version), Value::object(kinds.collect()))
        });
        Value::object(versions.collect())
    };
    let mut entries = Vec::new();
    if !cluster.is_empty() {
        entries.push((text("cluster"), kinds_value(cluster)));
    }
    if !namespaces.is_empty() {
        let spaces = namespaces.into_iter().map(|(name, kinds)| (text(name), kinds_value(kinds)));
        entries.push((text("namespace"), Value::object(spaces.collect())));
    }
    Value::object(entries)
}

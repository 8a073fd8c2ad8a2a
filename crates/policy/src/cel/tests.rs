//! What the corpora do not ask: words of the API server, bindings, parameters, audit annotations, places of mistakes,
//! mutations after one another.

mod patches;
mod refused;
mod sharing;

use std::sync::Arc;

use haechi_objects::{Object, objects};
use haechi_syntax::{Limits, Parsed, parse};
use serde_json::json;

use super::{CelEngine, denial, patch};
use crate::{
    Actions, Engine, FailMode, Inventory, LoadError, Operation, Outcome, PolicyDocument, PolicySet, Request,
    Verdict,
};

const RULES: &str =
    "resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: ['*']}]";

fn objects_of(parsed: &Parsed) -> Vec<Object<'_>> {
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.documents.iter().flat_map(|document| objects(document).objects).collect()
}

fn policy(name: &str, spec: &str) -> String {
    let indented: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: {name}}}\n\
         spec:\n  matchConstraints: {{{RULES}}}\n{indented}"
    )
}

fn binding(name: &str, policy: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\n\
         metadata: {{name: {name}}}\nspec: {{policyName: {policy}, {rest}}}\n"
    )
}

fn mutation(name: &str, spec: &str) -> String {
    let text = policy(name, spec).replace("kind: Validating", "kind: Mutating");
    let bound = binding(&format!("{name}-b"), name, "matchResources: {}");
    text + &bound.replace("kind: Validating", "kind: Mutating")
}

fn load_errors(policies: &str) -> Vec<LoadError> {
    let parsed = parse(policies.as_bytes(), &Limits::default());
    let documents: Vec<PolicyDocument<'_>> = objects_of(&parsed)
        .into_iter()
        .map(|object| PolicyDocument { path: Arc::from("policies.yaml"), object })
        .collect();
    CelEngine::default().load(&documents).errors
}

/// Loads policies, reviews the creation of an object, with others at hand.
fn review(policies: &str, object: &str, others: &str) -> Vec<Verdict> {
    review_as(Operation::Create, policies, object, others)
}

fn review_as(operation: Operation, policies: &str, object: &str, others: &str) -> Vec<Verdict> {
    let parsed = parse(policies.as_bytes(), &Limits::default());
    let documents: Vec<PolicyDocument<'_>> = objects_of(&parsed)
        .into_iter()
        .map(|object| PolicyDocument { path: Arc::from("p"), object })
        .collect();
    let loaded = CelEngine::default().load(&documents);
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    let (object, others) =
        (parse(object.as_bytes(), &Limits::default()), parse(others.as_bytes(), &Limits::default()));
    let inventory = Inventory::new(objects_of(&others));
    let objects = objects_of(&object);
    let request = Request { operation: Some(operation), ..Request::of_object(objects[0], &inventory) };
    let mut verdicts = Vec::new();
    loaded.set.review(&request, &mut verdicts);
    verdicts
}

const CONFIG: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns, labels: {a: b}}, data: {k: v}}";

fn message(verdict: &Verdict) -> &str {
    match &verdict.outcome {
        Outcome::Violation(violation) => &violation.message,
        Outcome::Error { message, .. } => &message.text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_violation_is_told_in_the_words_of_the_api_server() {
    let text = policy("p", "validations: [{expression: \"object.data.k == 'w'\", reason: Forbidden}]")
        + &binding("b", "p", "validationActions: [Deny, Audit]");
    let verdicts = review(&text, CONFIG, "");
    assert_eq!(message(&verdicts[0]), "failed expression: object.data.k == 'w'");
    let Outcome::Violation(violation) = &verdicts[0].outcome else { panic!() };
    assert_eq!(violation.details["reason"], "Forbidden");
    assert_eq!(
        violation.details["status"],
        "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.data.k == 'w'"
    );
    assert_eq!(verdicts[0].actions, Actions { audit: true, ..Actions::DENY });
    assert!(verdicts[0].refuses());
    assert_eq!(denial("p", "", "m"), "ValidatingAdmissionPolicy 'p' denied request: m");
}

#[test]
fn a_message_expression_that_fails_or_is_blank_gives_way_to_the_message() {
    for expression in ["object.nope", "'  '", "'a\\\\nb'"] {
        let spec = format!(
            "validations: [{{expression: 'false', message: ' plain ', messageExpression: \"string({expression})\"}}]"
        );
        let text = policy("p", &spec) + &binding("b", "p", "validationActions: [Warn]");
        let verdicts = review(&text, CONFIG, "");
        assert_eq!(message(&verdicts[0]), "plain", "{expression}");
        assert!(!verdicts[0].refuses());
    }
}

#[test]
fn an_error_is_no_pass_and_follows_the_failure_policy() {
    for (policy_line, mode) in
        [("failurePolicy: Fail", FailMode::Fail), ("failurePolicy: Ignore", FailMode::Ignore)]
    {
        let spec = format!("{policy_line}\nvalidations: [{{expression: 'object.nope == 1'}}]");
        let text = policy("p", &spec) + &binding("b", "p", "validationActions: [Deny]");
        let verdicts = review(&text, CONFIG, "");
        let wanted = "expression 'object.nope == 1' resulted in error: no such key: nope";
        assert_eq!(message(&verdicts[0]), wanted);
        assert!(matches!(verdicts[0].outcome, Outcome::Error { fail_mode, .. } if fail_mode == mode));
        assert_eq!(verdicts[0].refuses(), mode == FailMode::Fail);
    }
}

#[test]
fn an_expression_over_budget_is_stopped_and_named() {
    let dear = "lists.range(1000).all(a, lists.range(1000).all(b, a + b >= 0))";
    let text = policy("p", &format!("validations: [{{expression: '{dear}'}}]"))
        + &binding("b", "p", "validationActions: [Deny]");
    let verdicts = review(&text, CONFIG, "");
    assert!(message(&verdicts[0]).ends_with("actual cost limit exceeded"), "{:?}", verdicts[0]);
    assert!(verdicts[0].refuses());
}

#[test]
fn all_expressions_together_have_a_budget() {
    // Each stays below the limit for one expression, twelve are beyond the limit for a policy.
    let dear = "lists.range(900).all(a, lists.range(130).all(b, a + b >= 0))";
    let list: String = (0..12).map(|_| format!("- expression: '{dear}'\n")).collect();
    let text =
        policy("p", &format!("validations:\n{list}")) + &binding("b", "p", "validationActions: [Deny]");
    let verdicts = review(&text, CONFIG, "");
    assert_eq!(verdicts.len(), 1);
    assert!(message(&verdicts[0]).contains("running out of cost budget"), "{:?}", verdicts[0]);
}

#[test]
fn a_false_match_condition_wins_over_one_that_fails() {
    let spec = |second: &str| {
        format!(
            "matchConditions: [{{name: a, expression: 'object.nope == 1'}}, {{name: b, expression: '{second}'}}]\n\
             validations: [{{expression: 'false'}}]"
        )
    };
    let bound = binding("b", "p", "validationActions: [Deny]");
    let skipped = review(&(policy("p", &spec("false")) + &bound), CONFIG, "");
    assert_eq!(skipped[0].outcome, Outcome::NotApplicable("matchConditions"));
    let failed = review(&(policy("p", &spec("true")) + &bound), CONFIG, "");
    assert!(message(&failed[0]).contains("no such key: nope"));
}

#[test]
fn parameters_are_chosen_by_name_selector_and_namespace() {
    let spec = "paramKind: {apiVersion: v1, kind: ConfigMap}\n\
                validations: [{expression: 'false', messageExpression: 'string(params.metadata.namespace) + string(params.metadata.name)'}]";
    let others = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: ns, labels: {p: q}}}\n---\n\
                  {apiVersion: v1, kind: ConfigMap, metadata: {name: z, namespace: ns, labels: {p: q}}}\n---\n\
                  {apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: os}}";
    let messages = |reference: &str| -> Vec<String> {
        let rest = format!("validationActions: [Deny], paramRef: {{{reference}}}");
        let text = policy("p", spec) + &binding("b", "p", &rest);
        review(&text, CONFIG, others)
            .iter()
            .map(|verdict| match &verdict.outcome {
                Outcome::NotApplicable(reason) => (*reason).to_owned(),
                _ => message(verdict).to_owned(),
            })
            .collect()
    };
    assert_eq!(messages("name: x, parameterNotFoundAction: Deny"), ["nsx"]);
    assert_eq!(messages("name: x, namespace: os, parameterNotFoundAction: Deny"), ["osx"]);
    assert_eq!(messages("selector: {matchLabels: {p: q}}, parameterNotFoundAction: Deny"), ["nsx", "nsz"]);
    assert_eq!(messages("name: none, parameterNotFoundAction: Allow"), ["params"]);
    assert_eq!(
        messages("name: none, parameterNotFoundAction: Deny"),
        [
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
        ]
    );
}

#[test]
fn a_policy_without_binding_has_no_effect() {
    let text = policy("p", "validations: [{expression: 'false'}]");
    assert_eq!(review(&text, CONFIG, "")[0].outcome, Outcome::NotApplicable("binding"));
}

#[test]
fn constraints_choose_by_operation_scope_and_labels() {
    let with = |constraints: &str| {
        let text = policy("p", "validations: [{expression: 'false'}]").replace(RULES, constraints)
            + &binding("b", "p", "validationActions: [Deny]");
        match &review(&text, CONFIG, "")[0].outcome {
            Outcome::NotApplicable(reason) => *reason,
            Outcome::Violation(_) => "applies",
            Outcome::Error { .. } => "error",
            Outcome::Pass => "pass",
        }
    };
    let rule = |rest: &str| {
        format!(
            "resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps]{rest}}}]"
        )
    };
    assert_eq!(with(&rule("")), "applies");
    assert_eq!(with(&rule(", scope: Cluster")), "resourceRules");
    assert_eq!(with(&rule(", resourceNames: [d]")), "resourceRules");
    assert_eq!(with(&rule("").replace("CREATE", "DELETE")), "resourceRules");
    assert_eq!(with(&format!("{}, objectSelector: {{matchLabels: {{a: c}}}}", rule(""))), "objectSelector");
    assert_eq!(
        with(&format!("{}, {}", rule(""), rule("").replace("resourceRules", "excludeResourceRules"))),
        "excludeResourceRules"
    );
    let named = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns}}";
    assert_eq!(with(&format!("{}, {named}", rule(""))), "applies");
    // Nobody here knows the other labels of the namespace.
    let unknown = "namespaceSelector: {matchLabels: {env: prod}}";
    assert_eq!(with(&format!("{}, {unknown}", rule(""))), "error");
}

#[test]
fn expressions_that_take_long_exhaust_the_budget_of_the_policy() {
    // Cheap by the reckoning of costs, but each compiles patterns until it is stopped.
    let long = "lists.range(200).all(i, !object.data.k.matches('(a{1,60}){1,15}' + string(i)))";
    let list: String = (0..40).map(|_| format!("- expression: \"{long}\"\n")).collect();
    let text =
        policy("p", &format!("validations:\n{list}")) + &binding("b", "p", "validationActions: [Deny]");
    let verdicts = review(&text, CONFIG, "");
    assert_eq!(verdicts.len(), 1);
    assert!(message(&verdicts[0]).contains("running out of cost budget"), "{:?}", verdicts[0]);
}

#[test]
fn times_of_the_namespace_are_points_in_time() {
    let spec = "validations: [{expression: \"namespaceObject.metadata.creationTimestamp < timestamp('2025-01-01T00:00:00Z')\"}]";
    let text = policy("p", spec) + &binding("b", "p", "validationActions: [Deny]");
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: ns, creationTimestamp: '2024-01-01T00:00:00Z'}}";
    assert_eq!(review(&text, CONFIG, namespace)[0].outcome, Outcome::Pass);
}

#[test]
fn audit_annotations_carry_the_name_of_the_policy() {
    let spec = "validations: [{expression: 'true'}]\nauditAnnotations: [{key: k, valueExpression: \"' x ' + object.metadata.name\"}]";
    let text = policy("p", spec) + &binding("b", "p", "validationActions: [Audit]");
    let verdicts = review(&text, CONFIG, "");
    assert_eq!(verdicts[0].outcome, Outcome::Pass);
    assert_eq!(verdicts[0].audit_annotations, [("p/k".to_owned(), "x c".to_owned())]);
}

#[test]
fn audit_annotations_may_name_the_authorizer_but_are_not_given_it() {
    let spec = "validations: [{expression: 'true'}]\nauditAnnotations: [{key: k, valueExpression: \"\
                authorizer.path('/x').check('get').allowed() ? 'a' : 'b'\"}]";
    let text = policy("p", spec) + &binding("b", "p", "validationActions: [Deny]");
    let verdicts = review(&text, CONFIG, "");
    assert_eq!(verdicts[0].outcome, Outcome::Pass);
    assert!(message(&verdicts[1]).ends_with("`authorizer` is not known here"), "{:?}", verdicts[1]);
}

#[test]
fn policies_are_not_asked_about_policies() {
    let text =
        policy("p", "validations: [{expression: 'false'}]") + &binding("b", "p", "validationActions: [Deny]");
    let verdicts = review(&text, &policy("other", "validations: [{expression: 'true'}]"), "");
    assert_eq!(verdicts[0].outcome, Outcome::NotApplicable("policy resource"));
}

#[test]
fn a_mistake_is_shown_at_its_place() {
    let text = policy(
        "p",
        "variables:\n- name: a\n  expression: object.spec\nvalidations:\n- expression: |\n    has(object.spec) &&\n      variables.b == 1",
    );
    let errors = load_errors(&text);
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let line = text.lines().position(|line| line.contains("variables.b")).unwrap() + 1;
    let column = text.lines().nth(line - 1).unwrap().find(".b").unwrap() + 1;
    assert_eq!(
        shown,
        [format!(
            "policies.yaml:{line}:{column}: ValidatingAdmissionPolicy p: spec.validations[0].expression: compilation \
             failed: undefined field 'b'"
        )]
    );
}

#[test]
fn what_the_api_server_refuses_is_refused() {
    let cases = [
        ("validations: [{expression: object.spec.x}]", "must evaluate to bool but got dyn"),
        (
            "validations: [{expression: 'true', messageExpression: '1'}]",
            "must evaluate to string but got int",
        ),
        ("validations: [{expression: 'params.x == 1'}]", "undeclared reference to 'params'"),
        ("validations: [{expression: 'request.nope == 1'}]", "undefined field 'nope'"),
        (
            "validations: [{expression: 'true', messageExpression: \"authorizer.path('/').check('get').reason()\"}]",
            "undeclared reference to 'authorizer'",
        ),
        (
            "matchConditions: [{name: a, expression: variables.x}]\nvalidations: [{expression: 'true'}]",
            "undeclared reference to 'variables'",
        ),
        ("failurePolicy: Maybe\nvalidations: [{expression: 'true'}]", "`failurePolicy`"),
        (
            "variables: [{name: a, expression: variables.b}, {name: b, expression: '1'}]\nvalidations: [{expression: 'true'}]",
            "undefined field 'b'",
        ),
        (
            "variables: [{name: 1a, expression: '1'}]\nvalidations: [{expression: 'true'}]",
            "not a valid CEL identifier",
        ),
        ("validations: []", "must contain at least one item"),
        ("validations: [{expression: 'true', reason: Nope}]", "`reason`"),
    ];
    for (spec, wanted) in cases {
        let errors = load_errors(&policy("p", spec));
        assert!(errors.iter().any(|error| error.message.contains(wanted)), "{spec}: {errors:?}");
    }
    let both = binding("b", "p", "validationActions: [Deny, Warn]");
    let errors = load_errors(&(policy("p", "validations: [{expression: 'true'}]") + &both));
    assert!(errors[0].message.contains("both Deny and Warn"), "{errors:?}");
    assert!(
        load_errors(&binding("b", "nope", "validationActions: [Deny]"))[0]
            .message
            .contains("no policy named `nope`")
    );
}

#[test]
fn mutations_see_what_was_made_before_them() {
    let text = mutation(
        "a",
        "mutations:\n- patchType: ApplyConfiguration\n  applyConfiguration: {expression: \"Object{metadata: Object.metadata{labels: {'x': 'one'}}}\"}",
    ) + &mutation(
        "b",
        "mutations:\n- patchType: JSONPatch\n  jsonPatch: {expression: \"[JSONPatch{op: 'test', path: '/data/k', value: 'v'}, JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('a/b'), value: object.metadata.labels.x}]\"}",
    );
    let verdicts = review(&text, CONFIG, "");
    let patches: Vec<_> = verdicts.iter().flat_map(|verdict| verdict.patches.clone()).collect();
    let before = json!({"metadata": {"labels": {"a": "b"}}, "data": {"k": "v"}});
    let after = json!({"metadata": {"labels": {"a": "b", "x": "one"}}, "data": {"k": "v", "a/b": "one"}});
    assert_eq!(patch::apply(&before, &patches), Ok(after));
}

#[test]
fn a_mutation_is_asked_again_when_the_object_changed_after_it() {
    let set = |name: &str, expression: &str, more: &str| {
        mutation(
            name,
            &format!(
                "{more}mutations:\n- patchType: ApplyConfiguration\n  applyConfiguration: {{expression: \"{expression}\"}}"
            ),
        )
    };
    let copy =
        "Object{metadata: Object.metadata{labels: {'copy': object.metadata.?labels['x'].orValue('none')}}}";
    let later = set("b", "Object{metadata: Object.metadata{labels: {'x': 'late'}}}", "");
    let label = |reinvocation: &str| {
        let verdicts = review(&(set("a", copy, reinvocation) + &later), CONFIG, "");
        let patches: Vec<_> = verdicts.iter().flat_map(|verdict| verdict.patches.clone()).collect();
        // The second asking is told after the first: order by what was done, not by name.
        let mut patches = patches;
        patches.sort_by_key(|patch| patch.op != crate::PatchOp::Add);
        let object = json!({"metadata": {"labels": {"a": "b"}}, "data": {"k": "v"}});
        patch::apply(&object, &patches).unwrap().pointer("/metadata/labels/copy").cloned()
    };
    assert_eq!(label("reinvocationPolicy: Never\n"), Some(json!("none")));
    assert_eq!(label("reinvocationPolicy: IfNeeded\n"), Some(json!("late")));
}

#[test]
fn an_object_literal_under_the_wrong_field_is_an_error() {
    let text = mutation(
        "a",
        "mutations:\n- patchType: ApplyConfiguration\n  applyConfiguration: {expression: 'Object{spec: Object.metadata{}}'}",
    );
    assert!(message(&review(&text, CONFIG, "")[0]).contains("unexpected type name \"Object.metadata\""));
}

#[test]
fn what_is_validated_is_what_was_mutated() {
    let text = mutation(
        "m",
        "mutations:\n- patchType: ApplyConfiguration\n  applyConfiguration: {expression: \"Object{data: {'k': 'w'}}\"}",
    )
    .replace("Object{data: {", "Object{data: Object.data{")
    .replace("'k': 'w'", "k: 'w'")
        + &policy("v", "validations: [{expression: \"object.data.k == 'w'\"}]")
        + &binding("b", "v", "validationActions: [Deny]");
    let verdicts = review(&text, CONFIG, "");
    assert_eq!(
        verdicts.iter().map(|verdict| &verdict.outcome).collect::<Vec<_>>(),
        [&Outcome::Pass, &Outcome::Pass]
    );
}

/// Whether a policy with that expression lets a manifest pass; `None` if it cannot tell.
fn holds(expression: &str, object: &str) -> Option<bool> {
    let spec = format!("validations:\n- expression: \"{expression}\"");
    let all = policy("p", &spec) + &binding("b", "p", "validationActions: [Deny]");
    match &review(&all, object, "").pop().unwrap().outcome {
        Outcome::Pass => Some(true),
        Outcome::Violation(_) => Some(false),
        _ => None,
    }
}

#[test]
fn manifest_is_judged_as_the_server_would_hand_it_over() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: n}, spec: {hostNetwork: false, containers: [{name: \
               a, image: a}]}}";
    // A boolean that is false is not written: asking for its value is an error in a cluster, and no pass here.
    assert_eq!(holds("object.spec.hostNetwork == false", pod), None);
    assert_eq!(holds("!has(object.spec.hostNetwork)", pod), Some(true));
    assert_eq!(holds("object.spec.restartPolicy == 'Always'", pod), Some(true));
    assert_eq!(holds("object.spec.containers.all(c, c.imagePullPolicy == 'Always')", pod), Some(true));
    let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: n}, spec: {template: {spec: \
                      {containers: [{name: a, image: 'a:1'}]}}}}";
    assert_eq!(holds("object.spec.replicas == 1", deployment), Some(true));
    // Addresses are given out by the server: nobody knows them here.
    let service =
        "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: n}, spec: {ports: [{port: 80}]}}";
    assert_eq!(holds("object.spec.clusterIP != ''", service), None);
}

#[test]
fn a_violation_points_to_the_one_place_that_was_read() {
    let object =
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns, labels: {a: b}}, data: {k: v}}";
    let pointed = |expression: &str| {
        let text = policy("p", &format!("validations: [{{expression: \"{expression}\"}}]"))
            + &binding("b", "p", "validationActions: [Deny]");
        let verdicts = review(&text, object, "");
        let Outcome::Violation(violation) = &verdicts[0].outcome else {
            panic!("{expression}: {verdicts:?}")
        };
        violation.spans.first().map(|span| object[span.start as usize..span.end as usize].to_owned())
    };
    assert_eq!(pointed("object.data.k == 'w'").as_deref(), Some("v"));
    assert_eq!(pointed("has(object.data.k) && object.data.k == 'w'").as_deref(), Some("v"));
    assert_eq!(pointed("has(object.metadata.labels.team)").as_deref(), Some("labels"));
    assert_eq!(pointed("object.metadata.labels.all(k, k == 'team')").as_deref(), Some("labels"));
    assert_eq!(pointed("object.metadata.labels['a'] == 'c'").as_deref(), Some("labels"));
    // Which of several it is cannot be told.
    assert_eq!(pointed("object.data.k == object.metadata.name"), None);
    assert_eq!(pointed("object.data.k == request.name"), None);
    assert_eq!(pointed("object == oldObject"), None);
    assert_eq!(pointed("has(object.spec)"), None);
}

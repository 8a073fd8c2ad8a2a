//! What the API server refuses when a policy or a binding is created.

use super::{RULES, binding, load_errors, policy};

const TRUE: &str = "validations: [{expression: 'true'}]";

/// The mistakes of a policy with this spec.
fn mistakes(spec: &str) -> Vec<String> {
    load_errors(&(policy("p", spec) + &binding("b", "p", "validationActions: [Deny]")))
        .into_iter()
        .map(|error| error.message)
        .filter(|message| !message.contains("there is no policy named"))
        .collect()
}

fn mistakes_of_rule(rule: &str) -> Vec<String> {
    let text = policy("p", TRUE).replace(RULES, &format!("resourceRules: [{{{rule}}}]"));
    load_errors(&text).into_iter().map(|error| error.message).collect()
}

#[test]
fn rules_with_wildcards_beside_others_are_refused() {
    let rule = |groups: &str, versions: &str, operations: &str, resources: &str| {
        mistakes_of_rule(&format!(
            "apiGroups: {groups}, apiVersions: {versions}, operations: {operations}, resources: {resources}"
        ))
    };
    assert!(rule("['', apps]", "[v1, v1beta1]", "[CREATE, UPDATE]", "['*', '*/scale']").is_empty());
    assert!(rule("['*']", "['*']", "['*']", "['pods', 'pods/log', 'pods/*']").is_empty());
    for (groups, versions, operations, resources, wanted) in [
        ("['*', apps]", "[v1]", "[CREATE]", "[pods]", "`*` in `apiGroups` must stand alone"),
        ("['']", "[v1, '*']", "[CREATE]", "[pods]", "`*` in `apiVersions` must stand alone"),
        ("['']", "['']", "[CREATE]", "[pods]", "`apiVersions` is empty"),
        ("['']", "[v1]", "['*', CREATE]", "[pods]", "`*` in `operations` must stand alone"),
        ("['']", "[v1]", "[CREATE]", "['*/*', pods]", "`*/*` in `resources` must stand alone"),
        ("['']", "[v1]", "[CREATE]", "['*', pods]", "`*` in `resources` must not stand beside `pods`"),
        (
            "['']",
            "[v1]",
            "[CREATE]",
            "['pods/*', pods/log]",
            "`pods/*` in `resources` must not stand beside `pods/log`",
        ),
        (
            "['']",
            "[v1]",
            "[CREATE]",
            "['*/log', pods/log]",
            "`*/log` in `resources` must not stand beside `pods/log`",
        ),
        ("['']", "[v1]", "[CREATE]", "['']", "`resources` is empty"),
    ] {
        assert_eq!(rule(groups, versions, operations, resources), [wanted]);
    }
    let named =
        "apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'], resourceNames: [a, a]";
    assert_eq!(mistakes_of_rule(named), ["`a` stands in `resourceNames` twice"]);
}

#[test]
fn names_and_kinds_are_such_as_there_may_be() {
    let with = |more: &str| mistakes(&format!("{TRUE}\n{more}"));
    assert!(with("paramKind: {apiVersion: rules.example.com/v1, kind: ReplicaLimit}").is_empty());
    assert_eq!(with("paramKind: {apiVersion: a/b/c, kind: K}"), ["`a/b/c` is no API version"]);
    assert_eq!(with("paramKind: {apiVersion: Rules/v1, kind: K}"), ["`Rules/v1` is no API version"]);
    assert_eq!(with("paramKind: {apiVersion: rules/, kind: K}"), ["`rules/` is no API version"]);
    assert_eq!(with("paramKind: {apiVersion: v1, kind: 'K!'}"), ["`K!` is no kind"]);
    assert!(with("matchConditions: [{name: a.b/c, expression: 'true'}]").is_empty());
    assert_eq!(with("matchConditions: [{name: -a, expression: 'true'}]"), ["`-a` is no qualified name"]);
    assert_eq!(
        with("matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]"),
        ["`a` stands in `matchConditions` twice"]
    );
}

#[test]
fn messages_that_are_empty_texts_are_none_and_blank_ones_are_refused() {
    let with = |more: &str| mistakes(&format!("validations: [{{expression: 'true', {more}}}]"));
    assert!(with("message: '', messageExpression: ''").is_empty());
    assert_eq!(with("message: ' '"), ["`message` is empty"]);
    assert_eq!(with("messageExpression: ' '"), ["`messageExpression` is empty"]);
    assert_eq!(with("message: \"a\\rb\""), ["`message` must not contain line breaks"]);
}

#[test]
fn there_are_twenty_annotations_at_most() {
    let many = |count: usize| {
        let list: Vec<String> =
            (0..count).map(|n| format!("{{key: k{n}, valueExpression: '\"x\"'}}")).collect();
        mistakes(&format!("auditAnnotations: [{}]", list.join(", ")))
    };
    assert!(many(20).is_empty());
    assert_eq!(many(21), ["`auditAnnotations` holds at most 20"]);
}

#[test]
fn bindings_say_what_they_do_once_and_what_without_parameters() {
    let bound = |rest: &str| -> Vec<String> {
        let spec = format!("{TRUE}\nparamKind: {{apiVersion: v1, kind: ConfigMap}}");
        let text = policy("p", &spec) + &binding("b", "p", rest);
        load_errors(&text).into_iter().map(|error| error.message).collect()
    };
    assert!(
        bound("validationActions: [Deny, Audit], paramRef: {name: a, parameterNotFoundAction: Deny}")
            .is_empty()
    );
    assert_eq!(bound("validationActions: [Warn, Warn]"), ["`Warn` stands in `validationActions` twice"]);
    assert_eq!(
        bound("validationActions: [Deny], paramRef: {name: a}"),
        ["`parameterNotFoundAction` is missing"]
    );
}

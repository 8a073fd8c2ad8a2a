//! Expressions that stand in several policies are evaluated once a request: nobody may notice but by the time.

use super::*;

/// What each policy says beside the others is what it says by itself.
fn alike(policies: &[String], object: &str, others: &str) -> Vec<Verdict> {
    let together = review(&policies.concat(), object, others);
    let mut alone: Vec<Verdict> = policies.iter().flat_map(|policy| review(policy, object, others)).collect();
    alone.sort_by(|one, other| one.policy.cmp(&other.policy));
    assert_eq!(together, alone);
    together
}

fn bound(name: &str, spec: &str) -> String {
    policy(name, spec) + &binding(&format!("{name}-b"), name, "validationActions: [Deny]")
}

#[test]
fn equal_expressions_say_the_same_under_each_name() {
    let all = alike(
        &[
            bound("a", "validations: [{expression: \"object.data.k == 'w'\", message: one}]"),
            bound(
                "b",
                "validations: [{expression: \"object.data.k == 'w'\", message: two, reason: Forbidden}]",
            ),
            bound("c", "validations: [{expression: \"object.data.absent == 'w'\"}]\nfailurePolicy: Ignore"),
            bound("d", "validations: [{expression: \"object.data.absent == 'w'\"}, {expression: 'false'}]"),
            bound(
                "e",
                "matchConditions: [{name: cond, expression: \"object.data.k == 'w'\"}]\nvalidations: [{expression: 'false'}]",
            ),
        ],
        CONFIG,
        "",
    );
    assert_eq!(message(&all[0]), "one");
    assert_eq!(message(&all[1]), "two");
    assert!(message(&all[2]).contains("no such key: absent"));
    assert_eq!(message(&all[2]), message(&all[3]));
    assert_eq!(all.last().map(|verdict| &verdict.outcome), Some(&Outcome::NotApplicable("matchConditions")));
}

#[test]
fn variables_and_parameters_of_one_policy_are_not_those_of_another() {
    let with_variable = |name: &str, of: &str| {
        bound(
            name,
            &format!(
                "variables: [{{name: x, expression: \"{of}\"}}, {{name: z, expression: variables.x}}]\nvalidations: [{{expression: \"variables.z == 'v'\"}}]"
            ),
        )
    };
    let with_params = |name: &str| {
        policy(
            name,
            "paramKind: {apiVersion: v1, kind: Secret}\nvariables: [{name: p, expression: params.data.k}]\nvalidations: [{expression: \"variables.p == 'one'\"}, \
             {expression: \"params.data.k == 'one'\"}]",
        ) + &binding(
            &format!("{name}-b"),
            name,
            &format!(
                "validationActions: [Deny], paramRef: {{name: {name}, namespace: ns, parameterNotFoundAction: Deny}}"
            ),
        )
    };
    let secrets = "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: ns}, data: {k: one}}\n---\n\
                   {apiVersion: v1, kind: Secret, metadata: {name: t, namespace: ns}, data: {k: two}}";
    let all = alike(
        &[
            with_variable("a", "object.data.k"),
            with_variable("b", "'w'"),
            with_variable("c", "object.data.k"),
            with_variable("d", "object.data.absent"),
            with_variable("e", "object.data.absent"),
            with_params("s"),
            with_params("t"),
        ],
        CONFIG,
        secrets,
    );
    let passes: Vec<bool> = all.iter().map(|verdict| verdict.outcome == Outcome::Pass).collect();
    assert_eq!(passes, [true, false, true, false, false, true, false, false]);
}

#[test]
fn what_is_hidden_or_changed_on_the_way_is_not_taken_over() {
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: ns, labels: {a: b}}}";
    let all = alike(
        &[
            bound("a", "validations: [{expression: 'namespaceObject == null'}]"),
            bound(
                "b",
                "matchConditions: [{name: cond, expression: 'namespaceObject == null'}]\nvalidations: [{expression: 'namespaceObject == null'}]",
            ),
        ],
        CONFIG,
        namespace,
    );
    assert_eq!(all.len(), 2);
    // Mutations come between: what is validated is what they made.
    let change = "reinvocationPolicy: Never\nvariables: [{name: size, expression: object.metadata.labels.size()}]\n\
                  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: \"Object{metadata: \
                  Object.metadata{labels: {'n' + string(variables.size): 'x'}}}\"}}]";
    let text = mutation("m1", change)
        + &mutation("m2", change)
        + &bound("v1", "validations: [{expression: object.metadata.labels.size() == 3}]")
        + &bound("v2", "validations: [{expression: object.metadata.labels.size() == 3}]");
    let verdicts = review(&text, CONFIG, "");
    let outcomes: Vec<&Outcome> = verdicts.iter().map(|verdict| &verdict.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Pass; 4]);
}

#[test]
fn a_stop_stops_each_policy_and_each_pays() {
    let list = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let dear = format!("[{list}].all(a, [{list}].all(b, [{list}].all(c, a + b + c >= 0)))");
    let stopped = |name: &str| bound(name, &format!("validations: [{{expression: \"{dear}\"}}]"));
    let all = alike(&[stopped("a"), stopped("b"), stopped("c")], CONFIG, "");
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(
        |verdict| matches!(&verdict.outcome, Outcome::Error { message, .. } if message.text.contains("cost limit"))
    ));
    // Twenty expressions that cost half a million each are over the budget of each policy, wherever they stand first.
    let half = format!("[{list}].all(a, [{list}].all(b, a + b >= 0))");
    let many = |name: &str| {
        let validations = vec![format!("{{expression: \"{half}\"}}"); 60].join(", ");
        bound(name, &format!("validations: [{validations}]"))
    };
    let all = alike(&[many("a"), many("b")], CONFIG, "");
    assert_eq!(all.len(), 2);
    assert!(
        all.iter().all(
            |verdict| matches!(&verdict.outcome, Outcome::Error { message, .. } if message.text.contains("budget"))
        ),
        "{all:?}"
    );
}

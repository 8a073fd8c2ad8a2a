//! Constraints of one template that ask the same are asked once, and each answers for itself.

use super::*;

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {team: a}}, spec: {}}";

fn constraint(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: K8sOwner, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

fn said(constraints: &[(&str, &str)]) -> Vec<(String, Outcome, Actions)> {
    let texts: Vec<String> = constraints.iter().map(|(name, spec)| constraint(name, spec)).collect();
    let texts: Vec<&str> = std::iter::once(TEMPLATE).chain(texts.iter().map(String::as_str)).collect();
    let (set, errors) = load(&texts);
    assert_eq!(errors, Vec::<String>::new());
    let verdicts = review(&set, POD).into_iter();
    verdicts.map(|verdict| (verdict.policy.to_string(), verdict.outcome, verdict.actions)).collect()
}

/// What each constraint says beside the others is what it says by itself.
fn alike(constraints: &[(&str, &str)]) -> Vec<(String, Outcome, Actions)> {
    let together = said(constraints);
    let mut alone: Vec<_> = constraints.iter().flat_map(|constraint| said(&[*constraint])).collect();
    alone.sort_by(|left, right| left.0.cmp(&right.0));
    assert_eq!(together, alone);
    together
}

#[test]
fn constraints_with_equal_parameters_keep_their_own_names_actions_and_matches() {
    let all = alike(&[
        ("a", "{}"),
        ("b", "{parameters: {label: owner}, enforcementAction: warn}"),
        ("c", "{parameters: {label: team}}"),
        ("d", "{parameters: {label: owner}, match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}}"),
        ("e", "{parameters: {}, enforcementAction: dryrun}"),
        ("f", "{parameters: {label: owner, least: 1}}"),
        ("g", "{parameters: {label: team}, match: {excludedNamespaces: [kube-*]}}"),
    ]);
    let violates: Vec<bool> =
        all.iter().map(|(_, outcome, _)| matches!(outcome, Outcome::Violation(_))).collect();
    // Without any `parameters` there are no defaults.
    assert_eq!(violates, [false, true, false, false, true, true, false]);
    assert_eq!((all[0].2, all[1].2, all[4].2), (Actions::DENY, Actions::WARN, Actions::DRY_RUN));
    assert!(matches!(all[3].1, Outcome::NotApplicable("kinds")));
}

#[test]
fn an_error_is_told_under_each_name() {
    let looping = TEMPLATE.replace(
        "label := input.parameters.label\n",
        "label := input.parameters.label\n          r := numbers.range(1, 3000); a := r[_]; b := r[_]; a + b < 0\n",
    );
    let texts = [
        constraint("a", "{parameters: {}}"),
        constraint("b", "{parameters: {label: owner}}"),
        constraint("c", "{parameters: {}}"),
    ];
    let texts: Vec<&str> =
        std::iter::once(looping.as_str()).chain(texts.iter().map(String::as_str)).collect();
    let (set, errors) = load(&texts);
    assert_eq!(errors, Vec::<String>::new());
    let verdicts = review(&set, POD);
    let names: Vec<&str> = verdicts.iter().map(|verdict| &*verdict.policy).collect();
    assert_eq!(names, ["K8sOwner/a", "K8sOwner/b", "K8sOwner/c"]);
    assert!(verdicts.iter().all(
        |verdict| matches!(&verdict.outcome, Outcome::Error { message, .. } if message.text.contains("stopped"))
    ));
}

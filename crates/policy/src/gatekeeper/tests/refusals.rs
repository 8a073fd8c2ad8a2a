//! What looks like a policy and would not be one in a cluster.

use super::*;

#[test]
fn schema_that_stands_one_level_too_high_is_named_with_its_mend() {
    let misplaced = TEMPLATE.replace(
        "        openAPIV3Schema:\n          type: object\n          properties:",
        "        properties:",
    );
    assert_ne!(misplaced, TEMPLATE);
    let (set, errors) = load(&[&misplaced, CONSTRAINT]);
    assert_eq!(set.policies().count(), 0);
    assert_eq!(
        errors[0],
        "p.yaml:11:9: ConstraintTemplate k8sowner: unknown field `properties` of `validation`: the schema of the parameters \
         stands in `openAPIV3Schema`"
    );
    assert!(errors[1].contains("the template of `K8sOwner` could not be loaded"), "{errors:?}");
    let legacy = TEMPLATE.replace("openAPIV3Schema:", "legacySchema: true\n        openAPIV3Schema:");
    assert_eq!(load(&[&legacy, CONSTRAINT]).1, Vec::<String>::new());
}

#[test]
fn mistakes_carry_what_their_texts_name() {
    let documents = documents(&[TEMPLATE, &CONSTRAINT.replace("parameters: {}", "parameters: {label: 1}")]);
    let loaded = Gatekeeper::default().load(&policies(&documents));
    let error = &loaded.errors[0];
    assert_eq!(error.id, Some("value-type"));
    let args: Vec<(&str, &str)> = error.args.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(args, [("path", "spec.parameters.label"), ("kind", "string"), ("found", "number")]);
}

/// Above 2^53 a float cannot tell neighbours apart; OPA can.
#[test]
fn large_integers_are_exact() {
    let template = TEMPLATE.replace(
        "label := input.parameters.label\n          not input.review.object.metadata.labels[label]",
        "label := input.review.object.spec.number\n          label != input.parameters.least",
    );
    assert_ne!(template, TEMPLATE);
    let judged = |parameter: &str, number: &str| {
        let constraint = CONSTRAINT.replace("parameters: {}", &format!("parameters: {{least: {parameter}}}"));
        let (set, errors) = load(&[&template, &constraint]);
        assert_eq!(errors, Vec::<String>::new());
        messages(&review(
            &set,
            &format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{number: {number}}}}}"),
        ))
    };
    assert_eq!(judged("9007199254740993", "9007199254740993"), Vec::<String>::new());
    assert_eq!(judged("9007199254740992", "9007199254740993"), ["label 9007199254740993 is missing"]);
    assert_eq!(
        judged("9223372036854775807", "9223372036854775806"),
        ["label 9223372036854775806 is missing"]
    );
}

#[test]
fn large_integers_are_reckoned_with_exactly() {
    let template = TEMPLATE.replace(
        "label := input.parameters.label\n          not input.review.object.metadata.labels[label]",
        "label := [9007199254740993 + 2, 9007199254740993 - 1, 3002399751580331 * 3, 9007199254740993 % 10, \
         sum([9007199254740993, 1]), max([9007199254740993, 9007199254740992]), to_number(\"9007199254740993\"), \
         abs(-9007199254740993), 9007199254740993 > 9007199254740992, product([3002399751580331, 3])]",
    );
    let (set, errors) = load(&[&template, CONSTRAINT]);
    assert_eq!(errors, Vec::<String>::new());
    let expected = "label [9007199254740995, 9007199254740992, 9007199254740993, 3, 9007199254740994, 9007199254740993, \
                    9007199254740993, 9007199254740993, true, 9007199254740993] is missing";
    assert_eq!(messages(&review(&set, POD)), [expected]);
}

//! Policies that are broken, missing or stopped: named with their place, never a pass.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const TEMPLATE: &str = "\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: hasowner}
spec:
  crd: {spec: {names: {kind: HasOwner}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package hasowner
      violation[{\"msg\": \"no owner\"}] { not input.review.object.metadata.labels.owner }
";

const CONSTRAINT: &str = "\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: HasOwner
metadata: {name: all}
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: a, image: 'a:1'}]}
";

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn haechi(folder: &Path, args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains("panicked"), "{err}");
    Run { code: output.status.code().unwrap(), out: String::from_utf8(output.stdout).unwrap(), err }
}

fn apply(files: &[(&str, &str)]) -> Run {
    haechi(folder(files).path(), &["policy", "apply", "-p", "p", "pod.yaml"])
}

#[test]
fn violation_is_exit_code_1() {
    let run = apply(&[("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", POD)]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("deny: HasOwner/all: no owner"), "{}", run.out);
    let owned = POD.replace("namespace: shop", "namespace: shop, labels: {owner: a}");
    let run = apply(&[("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", &owned)]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn refused_policy_makes_the_result_incomplete_and_loses_no_other() {
    let broken =
        TEMPLATE.replace("hasowner", "broken").replace("HasOwner", "Broken").replace("{ not", "{ nott");
    let run =
        apply(&[("p/b.yaml", &broken), ("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", POD)]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("p/b.yaml:10:"), "{}", run.err);
    assert!(run.err.contains("ConstraintTemplate broken: rego:2:"), "{}", run.err);
    assert!(run.out.contains("HasOwner/all: no owner"), "{}", run.out);
}

#[test]
fn constraint_without_a_template_is_named() {
    let run = apply(&[("p/c.yaml", CONSTRAINT), ("pod.yaml", POD)]);
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("p/c.yaml:2:7: HasOwner all: there is no ConstraintTemplate for `HasOwner`"),
        "{}",
        run.err
    );
}

#[test]
fn broken_yaml_among_policies_is_named() {
    let run =
        apply(&[("p/x.yaml", "a: [\n"), ("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", POD)]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("p/x.yaml:"), "{}", run.err);
    assert!(run.out.contains("no owner"));
}

#[test]
fn missing_policy_and_missing_resource_are_no_pass() {
    let run =
        haechi(folder(&[("pod.yaml", POD)]).path(), &["policy", "apply", "-p", "gone.yaml", "pod.yaml"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("gone.yaml"), "{}", run.err);
    let files = [("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT)];
    let run = haechi(folder(&files).path(), &["policy", "apply", "-p", "p", "gone.yaml"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("gone.yaml"), "{}", run.err);
}

#[test]
fn unrendered_template_of_a_resource_is_not_judged() {
    let pod = POD.replace("name: web", "name: '{{ .Values.name }}'");
    let run = apply(&[("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", &pod)]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("pod.yaml:3:"), "{}", run.err);
}

#[test]
fn template_that_runs_for_ever_is_an_error_by_name() {
    let body = "r := numbers.range(1, 3000); a := r[_]; b := r[_]; a + b < 0";
    let template = TEMPLATE.replace("not input.review.object.metadata.labels.owner", body);
    let run = apply(&[("p/t.yaml", &template), ("p/c.yaml", CONSTRAINT), ("pod.yaml", POD)]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("error: HasOwner/all: stopped: the policy takes too many steps"), "{}", run.out);
}

#[test]
fn admission_review_is_judged_by_its_operation() {
    let review = "{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {uid: a, operation: UPDATE, kind: {group: \
                  '', version: v1, kind: Pod}, name: web, namespace: shop, object: {apiVersion: v1, kind: Pod, metadata: \
                  {name: web, namespace: shop}}, oldObject: {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: \
                  shop}}}}\n";
    let run = apply(&[("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", review)]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.out.contains("Pod shop/web"), "{}", run.out);
    let broken = review.replace("operation: UPDATE", "operation: UPSERT");
    let run = apply(&[("p/t.yaml", TEMPLATE), ("p/c.yaml", CONSTRAINT), ("pod.yaml", &broken)]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("unknown operation `UPSERT`"), "{}", run.err);
}

#[test]
fn findings_of_policies_are_suppressed_like_others() {
    let files = |comment: &str| {
        vec![
            ("p/t.yaml", TEMPLATE.to_owned()),
            ("p/c.yaml", CONSTRAINT.to_owned()),
            ("pod.yaml", format!("{comment}{POD}")),
        ]
    };
    let scan = |comment: &str, format: &str| {
        let files = files(comment);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let args = ["scan", "--only", "host-port", "--policies", "p", "-o", format, "pod.yaml"];
        haechi(folder(&files).path(), &args)
    };
    for format in ["table", "json", "sarif", "junit", "csv", "html", "github"] {
        let run = scan("", format);
        assert_eq!(run.code, 1, "{format}: {}{}", run.out, run.err);
        assert!(run.out.contains("HasOwner/all") && run.out.contains("no owner"), "{format}: {}", run.out);
    }
    let run = scan("# haechi:ignore-file policy/HasOwner/all -- nobody owns it\n", "table");
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn policy_that_fails_makes_a_scan_incomplete() {
    let template = TEMPLATE
        .replace("violation[", "x = 1 { true }\n      x = 2 { true }\n      violation[")
        .replace("{ not", "{ x == 1; not");
    let files = [("p/t.yaml", template.as_str()), ("p/c.yaml", CONSTRAINT), ("pod.yaml", POD)];
    let run = haechi(folder(&files).path(), &["scan", "--only", "host-port", "--policies", "p", "pod.yaml"]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    let flat = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("HasOwner/all: eval_conflict_error"), "{}", run.out);
}

#[test]
fn suite_that_fails_is_exit_code_1() {
    let suite = "{apiVersion: test.gatekeeper.sh/v1alpha1, kind: Suite, tests: [{name: t, template: t.yaml, constraint: \
                 c.yaml, cases: [{name: good, object: pod.yaml, assertions: [{violations: 1}]}, {name: bad, object: \
                 pod.yaml, assertions: [{violations: no}]}]}]}";
    let files = [("t.yaml", TEMPLATE), ("c.yaml", CONSTRAINT), ("pod.yaml", POD), ("suite.yaml", suite)];
    let run = haechi(folder(&files).path(), &["policy", "test", "."]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("--- FAIL: bad") && run.out.ends_with("FAIL\n"), "{}", run.out);
    let run = haechi(folder(&files).path(), &["policy", "test", "--run", "//good", "-v", "./..."]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("--- PASS: good") && run.out.contains("=== SKIP  bad"), "{}", run.out);
    let run = haechi(folder(&files).path(), &["policy", "test", "--run", "(", "."]);
    assert_eq!(run.code, 2);
}

#[test]
fn external_data_comes_from_a_file_or_is_switched_off() {
    let rego = TEMPLATE.replace(
        "not input.review.object.metadata.labels.owner",
        "a := external_data({\"provider\": \"signatures\", \"keys\": [input.review.object.spec.containers[_].image]}); \
         count(a.errors) > 0",
    );
    let answers = |text: &'static str| {
        vec![
            ("p/t.yaml", rego.clone()),
            ("p/c.yaml", CONSTRAINT.to_owned()),
            ("pod.yaml", POD.to_owned()),
            ("a.yaml", text.to_owned()),
        ]
    };
    let apply = |text: &'static str, more: &[&str]| {
        let files = answers(text);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        haechi(folder(&files).path(), &[&["policy", "apply", "-p", "p", "pod.yaml"], more].concat())
    };
    let off = apply("{}", &[]);
    assert_eq!(off.code, 3);
    assert!(
        off.out.contains("external data is switched off: the policy asks the provider `signatures`"),
        "{}",
        off.out
    );
    let on = ["--external-data", "a.yaml"];
    assert_eq!(apply("signatures: {'a:1': signed}", &on).code, 0);
    assert_eq!(apply("signatures: {'a:1': {error: unsigned}}", &on).code, 1);
    let unknown = apply("signatures: {'b:1': signed}", &on);
    assert_eq!(unknown.code, 3);
    assert!(unknown.out.contains("no answer about `a:1` is recorded"), "{}", unknown.out);
    assert_eq!(apply("[", &on).code, 2);
}

#[test]
fn authorizer_answers_from_the_roles_at_hand() {
    let policy = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: may}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: \"authorizer.serviceAccount('shop', 'web').group('').resource('pods').namespace('shop').check('create').allowed()\"}]
";
    let roles = "\
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop}, rules: [{apiGroups: [''], resources: [pods], verbs: [create]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: shop}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: web, namespace: shop}]}
";
    let unknown = apply(&[("p/p.yaml", policy), ("pod.yaml", POD)]);
    assert_eq!(unknown.code, 3, "{}{}", unknown.out, unknown.err);
    let run = |roles: &str| {
        let files = [("p/p.yaml", policy), ("pod.yaml", POD), ("r.yaml", roles)];
        haechi(folder(&files).path(), &["policy", "apply", "-p", "p", "-i", "r.yaml", "pod.yaml"])
    };
    assert_eq!(run(roles).code, 0);
    assert_eq!(run(&roles.replace("verbs: [create]", "verbs: [get]")).code, 1);
    // A scan answers from the roles among what is scanned, and from nothing is unable to answer.
    let scan = |roles: &str| {
        let files = [("p/p.yaml", policy), ("m/pod.yaml", POD), ("m/r.yaml", roles)];
        let args = ["scan", "--only", "host-port", "--policies", "p", "-o", "json", "m"];
        haechi(folder(&files).path(), &args)
    };
    let allowed = scan(roles);
    assert!(!allowed.out.contains("ValidatingAdmissionPolicy"), "{}{}", allowed.out, allowed.err);
    assert_eq!(allowed.code, 0, "{}{}", allowed.out, allowed.err);
    let denied = scan(&roles.replace("verbs: [create]", "verbs: [get]"));
    assert_eq!(denied.code, 1, "{}{}", denied.out, denied.err);
    let unknown = scan("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}");
    assert_eq!(unknown.code, 3, "{}{}", unknown.out, unknown.err);
}

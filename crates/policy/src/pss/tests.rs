use haechi_objects::{PodTemplates, objects};
use haechi_syntax::{Document, Limits, parse};

use super::checks::CHECKS;
use super::*;
use crate::engine::{Engine, Inventory, Outcome, PolicyDocument, PolicySet, Request};

fn document(text: &str) -> Document {
    parse(text.as_bytes(), &Limits::default()).documents.remove(0)
}

fn pod_text(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {spec}\n")
}

fn judge(spec: &str, level: Level) -> (Standing, String) {
    let document = document(&pod_text(spec));
    let object = objects(&document).objects[0];
    let pod = PodTemplates::default().pod(object).unwrap();
    let judgement = Standards::default().judge(pod, level, Version::Latest);
    (judgement.standing(), judgement.message())
}

#[test]
fn checks_stand_in_the_api_servers_order() {
    let baseline: Vec<&str> =
        CHECKS.iter().filter(|check| check.level == Level::Baseline).map(|check| check.id).collect();
    assert!(baseline.is_sorted());
    assert!(CHECKS[baseline.len()..].is_sorted_by_key(|check| check.id));
    let index = |id: &str| CHECKS.iter().position(|check| check.id == id).unwrap();
    assert!(checks::SECCOMP.contains(index("seccompProfile_restricted")));
    assert!(checks::SECCOMP.contains(index("seccompProfile_baseline")));
    assert!(checks::NON_ROOT.contains(index("runAsNonRoot")));
    assert!(checks::RUN_AS_USER.contains(index("runAsUser")));
    assert!(checks::VOLUMES.contains(index("restrictedVolumes")));
    assert!(checks::HOST_PROCESS.contains(index("windowsHostProcess")));
    assert!(checks::SYSCTLS.contains(index("sysctls")));
    assert!(checks::CAPABILITIES.contains(index("capabilities_restricted")));
    assert!(checks::ESCALATION.contains(index("allowPrivilegeEscalation")));
    assert!(checks::PROC_MOUNT.contains(index("procMount_restricted")));
    assert!(checks::HANDLERS.contains(index("hostProbesAndHostLifecycle")));
}

#[test]
fn boolean_in_quotes_is_unknown_and_not_a_pass() {
    let spec = "{containers: [{name: a, securityContext: {privileged: 'true'}}]}";
    assert_eq!(judge(spec, Level::Baseline).0, Standing::Unknown);
    assert_eq!(judge("{containers: nothing}", Level::Baseline).0, Standing::Unknown);
    assert_eq!(judge("{containers: [null]}", Level::Baseline).0, Standing::Unknown);
}

#[test]
fn certain_violation_is_told_beside_a_malformed_value() {
    let spec = "{hostPID: true, containers: [{name: a, securityContext: {privileged: 'true'}}]}";
    assert_eq!(judge(spec, Level::Baseline), (Standing::Violates, "host namespaces (hostPID=true)".into()));
}

#[test]
fn malformed_value_leaves_checks_alone_that_do_not_read_it() {
    let spec = "{containers: [{name: a, securityContext: {runAsNonRoot: 'yes'}}]}";
    assert_eq!(judge(spec, Level::Baseline).0, Standing::Meets);
}

#[test]
fn level_is_the_strictest_one_met() {
    let level = |spec: &str| {
        let document = document(&pod_text(spec));
        let pod = PodTemplates::default().pod(objects(&document).objects[0]).unwrap();
        Standards::default().level_of(pod, Version::Latest)
    };
    let strict = "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: \
                  [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}";
    assert_eq!(level(strict), Some(Level::Restricted));
    assert_eq!(level("{containers: [{name: a}]}"), Some(Level::Baseline));
    assert_eq!(level("{hostPID: true, containers: [{name: a}]}"), Some(Level::Privileged));
    assert_eq!(level("{hostPID: 'true', containers: [{name: a}]}"), None);
}

#[test]
fn culprit_of_a_missing_field_names_its_path() {
    let document = document(&pod_text("{containers: [{name: a, securityContext: {}}, {name: b}]}"));
    let pod = PodTemplates::default().pod(objects(&document).objects[0]).unwrap();
    let judgement = Standards::default().judge(pod, Level::Restricted, Version::Latest);
    let violation = judgement.violations.iter().find(|v| v.check == "runAsNonRoot").unwrap();
    let paths: Vec<String> = violation.culprits.iter().map(Culprit::json_path).collect();
    assert_eq!(
        paths,
        [
            "$.spec.containers[0].securityContext.runAsNonRoot",
            "$.spec.containers[1].securityContext.runAsNonRoot"
        ]
    );
}

#[test]
fn many_containers_are_all_judged() {
    let containers: Vec<String> = (0..20).map(|n| format!("{{name: c{n}}}")).collect();
    let spec = format!(
        "{{containers: [{}, {{name: bad, securityContext: {{privileged: true}}}}]}}",
        containers.join(", ")
    );
    let (standing, message) = judge(&spec, Level::Baseline);
    assert_eq!(standing, Standing::Violates);
    assert_eq!(message, "privileged (container \"bad\" must not set securityContext.privileged=true)");
}

#[test]
fn versions_are_read_as_the_api_server_reads_them() {
    assert_eq!("v1.0".parse(), Ok(Version::Minor(0)));
    assert_eq!("latest".parse(), Ok(Version::Latest));
    for wrong in ["", "v1", "v1.", "v1.01", "1.2", "v1.-1", "v2.0", "v1.99999999999999999999"] {
        assert!(wrong.parse::<Version>().is_err(), "{wrong}");
    }
    assert_eq!(Standards::new(Version::Minor(30)).resolve("v1.70000".parse().unwrap()), 30);
}

fn labels_policy(labels: &str) -> (NamespacePolicy, Vec<String>) {
    let text = format!("labels: {{{labels}}}");
    let document = document(&text);
    let labels = haechi_objects::Labels::new(document.root().get("labels"));
    let (policy, errors) = NamespacePolicy::from_labels(labels, NamespacePolicy::default());
    (policy, errors.into_iter().map(|error| error.message).collect())
}

#[test]
fn enforced_level_is_also_warned_of() {
    let (policy, errors) = labels_policy(
        "pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/enforce-version: v1.30",
    );
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(policy.warn.to_string(), "baseline:v1.30");
    assert_eq!(policy.audit.to_string(), "privileged:latest");
}

#[test]
fn label_that_cannot_be_read_fails_closed_for_enforce_only() {
    let (policy, errors) = labels_policy(
        "pod-security.kubernetes.io/enforce: Baseline, pod-security.kubernetes.io/warn: x, \
         pod-security.kubernetes.io/audit-version: '1.30'",
    );
    assert_eq!(policy.enforce.level, Level::Restricted);
    assert_eq!(policy.warn.level, Level::Privileged);
    assert_eq!(policy.audit.version, Version::Latest);
    assert_eq!(
        errors,
        [
            "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Baseline\": must be one of \
             privileged, baseline, restricted",
            "metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: \"1.30\": must be \
             \"latest\" or \"v1.x\"",
            "metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"x\": must be one of privileged, \
             baseline, restricted",
        ]
    );
}

fn legacy(spec: &str, annotations: &str) -> (Option<Level>, Vec<&'static str>) {
    let text = format!(
        "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {{name: p, annotations: {{{annotations}}}}}\n\
         spec: {spec}\n"
    );
    let document = document(&text);
    let policy = read_legacy_policy(objects(&document).objects[0]).unwrap();
    (policy.level, policy.reasons.iter().map(|reason| reason.field).collect())
}

#[test]
fn legacy_policies_map_to_levels() {
    let seccomp = "seccomp.security.alpha.kubernetes.io/allowedProfileNames: runtime/default";
    let strict = "{privileged: false, allowPrivilegeEscalation: false, requiredDropCapabilities: [ALL], volumes: \
                  [configMap, secret], runAsUser: {rule: MustRunAsNonRoot}, seLinux: {rule: MustRunAs}}";
    assert_eq!(legacy(strict, seccomp), (Some(Level::Restricted), vec![]));
    assert_eq!(
        legacy(strict, ""),
        (Some(Level::Baseline), vec!["seccomp.security.alpha.kubernetes.io/allowedProfileNames"])
    );
    assert_eq!(
        legacy("{privileged: true, volumes: ['*'], seLinux: {rule: RunAsAny}}", "").0,
        Some(Level::Privileged)
    );
    assert_eq!(legacy("{privileged: 'no'}", "").0, None);
}

#[test]
fn engine_judges_by_the_labels_of_the_namespace() {
    let namespace = document(
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: \
         baseline}}}",
    );
    let engine = PodSecurity::default();
    let loaded =
        engine.load(&[PolicyDocument { path: "ns.yaml".into(), object: objects(&namespace).objects[0] }]);
    assert!(loaded.errors.is_empty());
    let pod = document(
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {hostPID: true, containers: \
         [{name: a}]}}",
    );
    let inventory = Inventory::default();
    let mut verdicts = Vec::new();
    loaded.set.review(&Request::of_object(objects(&pod).objects[0], &inventory), &mut verdicts);
    assert!(verdicts[0].refuses());
    match &verdicts[0].outcome {
        Outcome::Violation(violation) => assert_eq!(
            violation.message,
            "violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(verdicts[1].outcome, Outcome::Pass);
    assert!(matches!(verdicts[2].outcome, Outcome::Violation(_)));
}

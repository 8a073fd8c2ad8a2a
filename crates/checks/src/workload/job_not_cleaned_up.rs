use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags Jobs without `ttlSecondsAfterFinished`, and CronJobs whose Jobs have one.
/// ## Why is this bad?
///    *[Job] Set `ttlSecondsAfterFinished`.
/// ## Example
/// ```yaml
/// kind: Job
/// spec: {}
/// ```
/// ## Use instead
/// ```yaml
/// kind: Job
/// spec:
///   ttlSecondsAfterFinished: 3600
/// ```
/// ## Decisions
/// A CronJob removes its Jobs by its history limits; a time to live beside them makes the stricter one count. A Job
/// that something owns is removed with its owner. Jobs that are Helm hooks or Argo CD hooks with a delete policy
/// are removed by these.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "job-not-cleaned-up",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/"],
        peers: &[peer("kube-linter", "job-ttl-seconds-after-finished")],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.is("batch", "CronJob") {
        if let Some(ttl) = object.node().at(&["spec", "jobTemplate", "spec", "ttlSecondsAfterFinished"]) {
            let spec = object.node().at(&["spec", "jobTemplate", "spec"]);
            let change = spec.and_then(|spec| edit::remove(spec, "ttlSecondsAfterFinished"));
            out.report(&CHECK, ttl).arg("kind", "CronJob").fix(FixSafety::Unsafe, change);
        }
    } else if object.is("batch", "Job") {
        let owners = object.metadata().and_then(|metadata| metadata.get("ownerReferences"));
        let is_removed = ["helm.sh/hook-delete-policy", "argocd.argoproj.io/hook-delete-policy"]
            .iter()
            .any(|policy| object.annotation(policy).is_some());
        let has_ttl = object.node().at(&["spec", "ttlSecondsAfterFinished"]).is_some();
        if owners.is_none_or(|owners| owners.is_empty()) && !is_removed && !has_ttl {
            let place = Place::Missing(object.node(), &["spec", "ttlSecondsAfterFinished"]);
            let change = out.fix_value(&CHECK).and_then(|seconds| place.set(seconds));
            out.report(&CHECK, place).arg("kind", "Job").fix(FixSafety::Unsafe, change);
        }
    }
}

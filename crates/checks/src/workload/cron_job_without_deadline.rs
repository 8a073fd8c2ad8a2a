use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags CronJobs without `startingDeadlineSeconds`.
/// ## Why is this bad?
/// After more than a hundred missed runs the controller gives the CronJob up, and nobody is told.
/// ## Example
/// ```yaml
/// spec:
///   schedule: "0 3 * * *"
/// ```
/// ## Use instead
/// ```yaml
/// spec:
///   schedule: "0 3 * * *"
///   startingDeadlineSeconds: 3600
/// ```
/// ## Decisions
/// Asked only on request: without a deadline a CronJob that missed more than a hundred runs stops for good, which
/// happens only after a long outage of the control plane.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "cron-job-without-deadline",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"],
        peers: &[peer("kube-score", "CronJob has deadline")],
    },
    opt_in: true,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.is("batch", "CronJob") && object.node().at(&["spec", "startingDeadlineSeconds"]).is_none() {
        let place = Place::Missing(object.node(), &["spec", "startingDeadlineSeconds"]);
        let change = out.fix_value(&CHECK).and_then(|seconds| place.set(seconds));
        out.report(&CHECK, place).fix(FixSafety::Unsafe, change);
    }
}

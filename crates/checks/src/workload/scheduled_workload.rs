use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Lists CronJobs, so that they can be reviewed.
/// ## Why is this bad?
/// A task that comes back by itself survives clean-ups. Attackers use it to stay.
/// ## Example
/// ```yaml
/// kind: CronJob
/// ```
/// ## Use instead
/// ```yaml
/// kind: Job
/// ```
/// ## Decisions
/// Asked only on request: a CronJob is no mistake. Attackers use them to come back, so somebody should know each
/// one.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "scheduled-workload",
        area: "workload",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/",
            "https://attack.mitre.org/techniques/T1053/007/",
        ],
        peers: &[peer("kubescape", "C-0026"), peer("attack", "Persistence")],
    },
    opt_in: true,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.is("batch", "CronJob") {
        let schedule = object.spec().and_then(|spec| spec.get("schedule"));
        let text = schedule.and_then(Node::as_str).unwrap_or_default();
        out.report(&CHECK, schedule.unwrap_or(object.node())).arg("schedule", text);
    }
}

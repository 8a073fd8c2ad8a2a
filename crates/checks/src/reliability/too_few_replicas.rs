use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::replicas::{autoscaled, replicas};
use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags Deployments and their like that run fewer replicas than wanted (two unless set otherwise).
/// ## Why is this bad?
/// When the node of the only pod fails or is drained, nobody answers until another has started.
/// ## Example
/// ```yaml
/// kind: Deployment
/// spec:
///   replicas: 1
/// ```
/// ## Use instead
/// ```yaml
/// kind: Deployment
/// spec:
///   replicas: 3
/// ```
/// ## Decisions
/// Asked only on request: most manifests of tests, tools and databases run one on purpose. Where the scan holds an
/// autoscaler of the workload, its minimum is the matter of `too-few-autoscaler-replicas`. Zero is a workload that
/// is switched off. StatefulSets and ReplicaSets are left out: their number is no free choice.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "too-few-replicas",
        area: "reliability",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"],
        peers: &[
            peer("polaris", "deploymentMissingReplicas"),
            peer("kube-linter", "minimum-three-replicas"),
            peer("kube-score", "Deployment Replicas"),
        ],
    },
    opt_in: true,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let is_scaled = matches!(
        (object.group(), object.kind()),
        ("apps" | "extensions", "Deployment")
            | ("apps.openshift.io", "DeploymentConfig")
            | ("argoproj.io", "Rollout")
    );
    if !is_scaled || autoscaled(object, context).is_some() {
        return;
    }
    let least = context.options.minimum_replicas;
    let own = replicas(object);
    let count = own.map_or(Some(1), Node::as_i64);
    if let Some(count) = count.filter(|count| *count > 0 && *count < least) {
        let place = own.map_or(Place::Missing(object.node(), &["spec", "replicas"]), Place::Value);
        out.report(&CHECK, place)
            .arg("count", count)
            .arg("least", least)
            .fix(FixSafety::Unsafe, place.set(least));
    }
}

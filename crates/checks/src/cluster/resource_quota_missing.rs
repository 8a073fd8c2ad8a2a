use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use super::pod_security_not_enforced::is_system;
use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags namespaces without a ResourceQuota while other namespaces of the scan have one, and quotas for CPU or
/// memory that leave out a part.
/// ## Why is this bad?
/// One namespace can use up the cluster, by mistake or by an attacker who mines coins there.
/// ## Example
/// ```yaml
/// kind: ResourceQuota
/// spec:
///   hard:
///     requests.cpu: "10"
/// ```
/// ## Use instead
/// ```yaml
/// kind: ResourceQuota
/// spec:
///   hard:
///     requests.cpu: "10"
///     requests.memory: 20Gi
///     limits.cpu: "20"
///     limits.memory: 40Gi
/// ```
/// ## Decisions
/// A scan without any ResourceQuota says nothing about the cluster's. Quotas may be spread over several objects of
/// a namespace: together they should bound requests and limits of CPU and memory. A quota with a scope bounds some of
/// the pods: it does not complete the others. It, and one that bounds counts and storage alone, is flagged only where it
/// bounds nothing at all.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "resource-quota-missing",
        area: "cluster",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
            "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
        ],
        peers: &[peer("trivy", "KSV-0040"), peer("nsa-cisa", "4.0")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

/// What should be bounded, in both spellings.
const PARTS: &[(&str, &str)] = &[
    ("requests.cpu", "cpu"),
    ("requests.memory", "memory"),
    ("limits.cpu", "limits.cpu"),
    ("limits.memory", "limits.memory"),
];

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.is("", "ResourceQuota") {
        let Some(hard) = object.node().at(&["spec", "hard"]).filter(|hard| !hard.is_empty()) else {
            out.report(&CHECK, Place::Missing(object.node(), &["spec", "hard"])).arg("missing", "hard");
            return;
        };
        let bounds = |quota: Object<'_>, part: &(&str, &str)| {
            let hard = quota.node().at(&["spec", "hard"]);
            hard.is_some_and(|hard| hard.get(part.0).is_some() || hard.get(part.1).is_some())
        };
        if has_scope(object) || !PARTS.iter().any(|part| bounds(object, part)) {
            return;
        }
        let mut quotas = context
            .inventory
            .of_kind("", "ResourceQuota")
            .filter(|quota| quota.namespace() == object.namespace() && !has_scope(*quota))
            .collect::<Vec<_>>();
        quotas.push(object);
        let missing = PARTS.iter().find(|part| !quotas.iter().any(|quota| bounds(*quota, part)));
        if let Some((missing, _)) = missing {
            out.report(&CHECK, hard).arg("missing", *missing);
        }
    } else if object.is("", "Namespace") && !is_system(object.name()) {
        let is_missing = !context.inventory.holds("", "ResourceQuota", Some(object.name()));
        let uses_them =
            context.options.whole || context.inventory.of_kind("", "ResourceQuota").next().is_some();
        if is_missing && uses_them {
            out.report(&CHECK, object.metadata().and_then(|m| m.get("name")).unwrap_or(object.node()))
                .arg("missing", "none");
        }
    }
}

/// Whether the quota counts some pods only.
fn has_scope(quota: Object<'_>) -> bool {
    let is_set = |field: &str| quota.node().at(&["spec", field]).is_some_and(|scope| !scope.is_empty());
    is_set("scopes") || is_set("scopeSelector")
}

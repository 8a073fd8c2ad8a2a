use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Context, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags namespaces that are labelled as holding personal data but do not enforce the restricted Pod Security level
/// or have no NetworkPolicy.
/// ## Why is this bad?
/// Laws ask for stricter protection of personal data, and a label without it protects nothing.
/// ## Example
/// ```yaml
/// kind: Namespace
/// metadata:
///   labels:
///     data-classification: pii
/// ```
/// ## Use instead
/// ```yaml
/// kind: Namespace
/// metadata:
///   labels:
///     data-classification: pii
///     pod-security.kubernetes.io/enforce: restricted
/// ```
/// ## Decisions
/// Which labels say so can be set; `data-classification` with `pii`, `personal` or `restricted` is the default.
/// NetworkPolicies are looked for in the scan, and only where it holds any.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "personal-data-unguarded",
        area: "data",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
            "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        ],
        peers: &[],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Namespace") {
        return;
    }
    let labels = object.labels();
    let label = context.options.personal_data_labels.iter().find_map(|rule| {
        let (key, value) = rule.split_once('=')?;
        (labels.get(key) == Some(value)).then(|| labels.node()?.get(key)).flatten()
    });
    let Some(label) = label else { return };
    if labels.get("pod-security.kubernetes.io/enforce") != Some("restricted") {
        out.report(&CHECK, label).part("lacks", "pod-security");
    }
    let name = Some(object.name());
    let inventory = context.inventory;
    let uses_policies =
        context.options.whole || inventory.of_kind("networking.k8s.io", "NetworkPolicy").next().is_some();
    if uses_policies && !inventory.holds("networking.k8s.io", "NetworkPolicy", name) {
        out.report(&CHECK, label).part("lacks", "network-policy");
    }
}

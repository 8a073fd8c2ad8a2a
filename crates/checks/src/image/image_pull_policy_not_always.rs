use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags containers that start from an image of the node's cache without asking the registry.
/// ## Why is this bad?
/// Whoever can start pods on the node gets at cached images without credentials for the registry, and a changed tag
/// is not noticed.
/// ## Example
/// ```yaml
/// image: registry.example/shop:1.4.2
/// imagePullPolicy: IfNotPresent
/// ```
/// ## Use instead
/// ```yaml
/// image: registry.example/shop:1.4.2
/// imagePullPolicy: Always
/// ```
/// ## Decisions
/// Asked only on request: with fixed tags the cache is what makes starts fast and independent of the registry; in
/// clusters of several tenants the admission plugin AlwaysPullImages is the better answer. A missing policy is
/// `Always` for `latest` or no tag, else `IfNotPresent`; an image with a digest is the same wherever it comes from.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "image-pull-policy-not-always",
        area: "image",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/containers/images/"],
        peers: &[
            peer("polaris", "pullPolicyNotAlways"),
            peer("checkov", "CKV_K8S_15"),
            peer("kube-score", "Container Image Pull Policy"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(written) = container.image().and_then(Node::as_str) else { continue };
        let Some(reference) = ImageRef::parse(written) else { continue };
        let policy = container.node().get("imagePullPolicy");
        let place = match policy {
            _ if reference.digest.is_some() => continue,
            Some(policy) if policy.as_str() == Some("Always") => continue,
            Some(policy) => Place::Value(policy),
            None if reference.tag.is_none_or(|tag| tag == "latest") => continue,
            None => Place::ContainerLacks(container, &["imagePullPolicy"]),
        };
        out.report(&CHECK, place).container(container).fix(FixSafety::Unsafe, place.set("Always"));
    }
}

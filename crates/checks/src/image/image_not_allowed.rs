use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags images that the configuration forbids, or that are not among those that it allows.
/// ## Why is this bad?
/// Images from elsewhere have not been scanned, signed or kept by the organisation. Whoever controls that registry
/// controls what runs.
/// ## Example
/// ```yaml
/// image: somewhere.example/shop:1.4.2
/// ```
/// ## Use instead
/// ```yaml
/// image: registry.example/shop:1.4.2
/// ```
/// ## Decisions
/// Without such lists in the configuration there is nothing to flag. An entry is a prefix that ends where a part of
/// the name ends: `registry.example` and `registry.example/team` do, `registry.ex` does not. Images without a
/// registry are Docker Hub's (`docker.io/library/nginx`). The forbidden ones go before the allowed ones.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "image-not-allowed",
        area: "image",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/containers/images/"],
        peers: &[
            peer("eks-1.8.0", "5.1.4"),
            peer("aks-1.8.0", "5.1.4"),
            peer("gke-1.9.0", "5.1.4"),
            peer("kubescape", "C-0001"),
            peer("kubescape", "C-0078"),
            peer("trivy", "KSV-0032"),
            peer("trivy", "KSV-0033"),
            peer("trivy", "KSV-0034"),
            peer("trivy", "KSV-0035"),
            peer("trivy", "KSV-0125"),
            peer("complianceascode", "ocp_allowed_registries"),
            peer("complianceascode", "ocp_allowed_registries_for_import"),
            peer("nist-800-53r5", "CM-11"),
            peer("nist-800-53r5", "CM-5(3)"),
            peer("nist-800-53r5", "CM-7(2)"),
            peer("nist-800-53r5", "CM-7(5)"),
        ],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let (allowed, forbidden) = (&context.options.allowed_images, &context.options.forbidden_images);
    if allowed.is_empty() && forbidden.is_empty() {
        return;
    }
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let Some(written) = image.as_str() else { continue };
        let Some(reference) = ImageRef::parse(written) else { continue };
        let name = full_name(reference);
        let is_in = |list: &[String]| list.iter().any(|prefix| covers(prefix, &name));
        if is_in(forbidden) || !(allowed.is_empty() || is_in(allowed)) {
            out.report(&CHECK, image).container(container).arg("image", written);
        }
    }
}

fn full_name(reference: ImageRef<'_>) -> String {
    let registry = reference.registry_or_default();
    let is_official = registry == "docker.io" && !reference.repository.contains('/');
    let library = if is_official { "library/" } else { "" };
    format!("{registry}/{library}{}", reference.repository)
}

fn covers(prefix: &str, name: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

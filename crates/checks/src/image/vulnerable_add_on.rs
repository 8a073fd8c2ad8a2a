use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags versions of widely used cluster add-ons with a known, serious vulnerability.
/// ## Why is this bad?
/// The vulnerability lets attackers run code, read credentials or pass checks in a component that the whole cluster
/// relies on.
/// ## Example
/// ```yaml
/// image: registry.k8s.io/ingress-nginx/controller:v1.11.3
/// ```
/// ## Use instead
/// ```yaml
/// image: registry.k8s.io/ingress-nginx/controller:v1.12.1
/// ```
/// ## Decisions
/// A short list of those that hand over the cluster or its credentials; a vulnerability scanner knows the rest.
/// Versions that are no plain numbers cannot be compared and are not flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "vulnerable-add-on",
        area: "image",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://nvd.nist.gov/vuln/detail/CVE-2025-1974",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-24348",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-39328",
            "https://nvd.nist.gov/vuln/detail/CVE-2022-47633",
        ],
        peers: &[peer("kubescape", "C-0081"), peer("kubescape", "C-0090"), peer("kubescape", "C-0091")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

/// (end of the repository, first vulnerable version, first mended version, vulnerability).
const KNOWN: &[(&str, [u64; 3], [u64; 3], &str)] = &[
    ("ingress-nginx/controller", [0, 0, 0], [1, 11, 5], "CVE-2025-1974"),
    ("ingress-nginx/controller", [1, 12, 0], [1, 12, 1], "CVE-2025-1974"),
    ("argoproj/argocd", [0, 0, 0], [2, 1, 9], "CVE-2022-24348"),
    ("argoproj/argocd", [2, 2, 0], [2, 2, 4], "CVE-2022-24348"),
    ("grafana/grafana", [9, 2, 0], [9, 2, 4], "CVE-2022-39328"),
    ("kyverno/kyverno", [1, 8, 3], [1, 8, 5], "CVE-2022-47633"),
];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let Some(written) = image.as_str() else { continue };
        let Some(reference) = ImageRef::parse(written) else { continue };
        let Some(version) = reference.tag.and_then(version) else { continue };
        let known = KNOWN.iter().find(|(repository, first, mended, _)| {
            let is_it = reference
                .repository
                .strip_suffix(repository)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'));
            is_it && (*first..*mended).contains(&version)
        });
        if let Some((.., vulnerability)) = known {
            out.report(&CHECK, image).container(container).part("id", *vulnerability).arg("image", written);
        }
    }
}

/// `v1.11.3`, `1.11.3-alpine`, `2.1`.
fn version(tag: &str) -> Option<[u64; 3]> {
    let numbers = tag.strip_prefix('v').unwrap_or(tag);
    let numbers = numbers.split(['-', '+']).next()?;
    let mut version = [0; 3];
    for (at, part) in numbers.split('.').enumerate() {
        *version.get_mut(at)? = part.parse().ok()?;
    }
    // A tag of a single number is a moving one.
    numbers.contains('.').then_some(version)
}

use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};
use haechi_syntax::edit;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags images of registries that are frozen or gone.
/// ## Why is this bad?
/// No new versions and no security fixes appear there, and one day the image cannot be pulled.
/// ## Example
/// ```yaml
/// image: k8s.gcr.io/pause:3.9
/// ```
/// ## Use instead
/// ```yaml
/// image: registry.k8s.io/pause:3.9
/// ```
/// ## Decisions
/// `k8s.gcr.io` was frozen in April 2023 and `gcr.io/google_containers` before;
/// `quay.io/kubernetes-ingress-controller` and `docker.pkg.github.com` are gone.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "retired-image-registry",
        area: "image",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/"],
        peers: &[peer("kubescape", "C-0253")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

const RETIRED: &[(&str, &str)] = &[
    ("k8s.gcr.io", ""),
    ("gcr.io", "google_containers/"),
    ("gcr.io", "google-containers/"),
    ("gcr.io", "kubernetes-helm/"),
    ("quay.io", "kubernetes-ingress-controller/"),
    ("docker.pkg.github.com", ""),
];

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let Some(written) = image.as_str() else { continue };
        let Some(reference) = ImageRef::parse(written) else { continue };
        let is_retired = RETIRED.iter().any(|(registry, prefix)| {
            reference.registry == Some(*registry) && reference.repository.starts_with(prefix)
        });
        if is_retired {
            // Its successor holds the same images under the same names.
            let rest = written.strip_prefix("k8s.gcr.io/");
            let new = rest.map(|rest| format!("registry.k8s.io/{rest}"));
            let change = new.and_then(|new| edit::replace(image, new.as_str()));
            out.report(&CHECK, image)
                .container(container)
                .arg("image", written)
                .fix(FixSafety::Unsafe, change);
        }
    }
}

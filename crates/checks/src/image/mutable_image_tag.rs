use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags images without a tag or with the tag `latest`.
/// ## Why is this bad?
/// What runs depends on when a node pulled the image: nobody can tell which version is attacked or patched, and a
/// roll-back brings nothing back.
/// ## Example
/// ```yaml
/// image: nginx:latest
/// ```
/// ## Use instead
/// ```yaml
/// image: nginx:1.29.1
/// ```
/// ## Decisions
/// A digest fixes the image whatever the tag says. Placeholders that are filled in before the manifest is applied
/// cannot be judged and are not flagged here.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "mutable-image-tag",
        area: "image",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/containers/images/#image-names",
            "https://kubernetes.io/docs/concepts/configuration/overview/",
        ],
        peers: &[
            peer("polaris", "tagNotSpecified"),
            peer("kubeaudit", "image"),
            peer("kube-linter", "latest-tag"),
            peer("trivy", "KSV-0013"),
            peer("checkov", "CKV_K8S_14"),
            peer("kube-score", "Container Image Tag"),
            peer("prowler", "core_image_tag_fixed"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let Some(reference) = image.as_str().and_then(ImageRef::parse) else { continue };
        if reference.digest.is_none() && reference.tag.is_none_or(|tag| tag == "latest") {
            let written = image.as_str().unwrap_or_default();
            out.report(&CHECK, image).container(container).arg("image", written);
        }
    }
}

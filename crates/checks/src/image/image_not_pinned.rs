use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags images that are not named by a digest.
/// ## Why is this bad?
/// A tag can be moved to another image by whoever may push to the registry. A digest names one image for good.
/// ## Example
/// ```yaml
/// image: registry.example/shop:1.4.2
/// ```
/// ## Use instead
/// ```yaml
/// image: registry.example/shop:1.4.2@sha256:2d26…
/// ```
/// ## Decisions
/// Asked only on request: digests are for pipelines to fill in; written by hand they grow old, and with them go the
/// security fixes. A digest must be a whole one: SHA-2 with its number of hexadecimal digits in lower case, or another
/// algorithm with a digest as the image specification writes them. A shortened one pulls no image at all.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "image-not-pinned",
        area: "image",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/containers/images/"],
        peers: &[peer("kubescape", "C-0306"), peer("checkov", "CKV_K8S_43")],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let Some(written) = image.as_str() else { continue };
        if ImageRef::parse(written).is_some() || written.contains('@') {
            let digest = written.split_once('@').map(|(_, digest)| digest);
            if !digest.is_some_and(is_whole) {
                out.report(&CHECK, image).container(container).arg("image", written);
            }
        }
    }
}

/// The registered algorithms have a fixed length in hexadecimal digits; what others write is their own matter.
fn is_whole(digest: &str) -> bool {
    let Some((algorithm, encoded)) = digest.split_once(':') else { return false };
    let is_hex = encoded.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    match algorithm {
        "sha256" => is_hex && encoded.len() == 64,
        "sha384" => is_hex && encoded.len() == 96,
        "sha512" => is_hex && encoded.len() == 128,
        _ => {
            let is_encoded =
                encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=_-".contains(&byte));
            !algorithm.is_empty() && !encoded.is_empty() && is_encoded
        }
    }
}

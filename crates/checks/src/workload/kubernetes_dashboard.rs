use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags the Kubernetes dashboard, and other pods that run under its service account.
/// ## Why is this bad?
/// The dashboard acts with the rights of its service account or of whoever pastes a token. Left open or given too
/// much, it has handed over whole clusters. The project was archived in 2025.
/// ## Example
/// ```yaml
/// image: kubernetesui/dashboard:v2.7.0
/// ```
/// ## Use instead
/// ```yaml
/// # Use kubectl, or a console that authenticates users by the cluster's identity provider.
/// ```
/// ## Decisions
/// Told by the image's name, or by the labels `app` or `k8s-app` of the pod.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "kubernetes-dashboard",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/access-application-cluster/web-ui-dashboard/",
            "https://microsoft.github.io/Threat-Matrix-for-Kubernetes/techniques/Access%20Kubernetes%20dashboard/",
        ],
        peers: &[
            peer("gke-1.9.0", "5.10.1"),
            peer("kubescape", "C-0014"),
            peer("checkov", "CKV_K8S_33"),
            peer("kube-hunter", "KHV029"),
            peer("attack", "Discovery"),
            peer("attack", "Lateral Movement"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

const NAME: &str = "kubernetes-dashboard";

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    let mut is_found = false;
    for container in pod.containers() {
        let Some(image) = container.image() else { continue };
        let Some(reference) = image.as_str().and_then(ImageRef::parse) else { continue };
        if reference.repository.contains(NAME) || reference.repository.starts_with("kubernetesui/dashboard") {
            is_found = true;
            out.report(&CHECK, image);
        }
    }
    if is_found {
        return;
    }
    for key in ["k8s-app", "app"] {
        let labels = pod.labels().node().and_then(|labels| labels.get(key));
        if let Some(label) = labels.filter(|label| label.as_str() == Some(NAME)) {
            out.report(&CHECK, label);
            return;
        }
    }
    let account = pod.spec().get("serviceAccountName").or_else(|| pod.spec().get("serviceAccount"));
    if let Some(account) = account.filter(|account| account.as_str() == Some(NAME)) {
        out.report(&CHECK, account);
    }
}

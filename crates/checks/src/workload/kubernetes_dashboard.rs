use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Object, Pod};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags the Kubernetes dashboard, other pods that run under its service account, and others who are bound to its role.
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
/// Told by the image's name, or by the labels `app` or `k8s-app` of the pod. A binding of the dashboard's role to its
/// own service account comes with the dashboard and is no finding.
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
    run: Run::ObjectAmong(check),
};

const NAME: &str = "kubernetes-dashboard";

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    match context.templates.pod(object) {
        Some(pod) => check_pod(pod, out),
        None => check_binding(object, out),
    }
}

/// The dashboard's role is for its own account.
fn check_binding(object: Object<'_>, out: &mut Findings<'_>) {
    let is_binding =
        ["RoleBinding", "ClusterRoleBinding"].iter().any(|kind| object.is("rbac.authorization.k8s.io", kind));
    let role = object.node().at(&["roleRef", "name"]).and_then(Node::as_str);
    if !is_binding || role != Some(NAME) {
        return;
    }
    for subject in object.node().get("subjects").map(Node::items).into_iter().flatten() {
        let text = |key: &str| subject.get(key).and_then(Node::as_str);
        if text("kind") != Some("ServiceAccount") || text("name") != Some(NAME) {
            out.report(&CHECK, subject.get("name").unwrap_or(subject));
        }
    }
}

fn check_pod(pod: Pod<'_>, out: &mut Findings<'_>) {
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

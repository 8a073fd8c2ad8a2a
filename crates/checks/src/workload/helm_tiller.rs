use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Container, ImageRef, Labels, Object, Pod};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Tiller, the server of Helm 2, and Services that lead to it.
/// ## Why is this bad?
/// Tiller answers anyone in the cluster without asking who they are, and usually may do everything. It has had no
/// security fixes since 2020.
/// ## Example
/// ```yaml
/// image: ghcr.io/helm/tiller:v2.17.0
/// ```
/// ## Use instead
/// ```yaml
/// # Helm 3 needs no server.
/// ```
/// ## Decisions
/// Told by the image's name, or by the labels `app: helm` and `name: tiller`. Whether it answers the whole cluster is `helm-tiller-open`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "helm-tiller",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://helm.sh/docs/topics/v2_v3_migration/"],
        peers: &[peer("trivy", "KSV-0102"), peer("checkov", "CKV_K8S_34"), peer("checkov", "CKV_K8S_44")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.is("", "Service") {
        let selector = Labels::new(object.spec().and_then(|spec| spec.get("selector")));
        let names = [object.labels(), selector];
        if object.name() == "tiller-deploy" || names.into_iter().any(is_tiller) {
            out.report(
                &CHECK,
                object.metadata().and_then(|metadata| metadata.get("name")).unwrap_or(object.node()),
            );
        }
        return;
    }
    let Some(pod) = context.templates.pod(object) else { return };
    for container in pod.containers() {
        if is_tiller_container(pod, container) {
            out.report(&CHECK, container.image().unwrap_or(container.node()));
        }
    }
}

pub(super) fn is_tiller_container(pod: Pod<'_>, container: Container<'_>) -> bool {
    let reference = container.image().and_then(Node::as_str).and_then(ImageRef::parse);
    let is_image = reference.is_some_and(|reference| {
        reference.repository.rsplit('/').next().is_some_and(|name| name == "tiller")
    });
    let is_labelled = is_tiller(pod.labels()) || is_tiller(pod.object().labels());
    is_image || (is_labelled && container.name() == "tiller")
}

fn is_tiller(labels: Labels<'_>) -> bool {
    labels.get("app") == Some("helm") && labels.get("name") == Some("tiller")
}

pub(super) fn listens_on_loopback(container: Container<'_>) -> bool {
    let node = container.node();
    [node.get("command"), node.get("args")].into_iter().flatten().flat_map(Node::items).any(|word| {
        word.as_str()
            .is_some_and(|word| word.contains("-listen=localhost") || word.contains("-listen=127.0.0.1"))
    })
}

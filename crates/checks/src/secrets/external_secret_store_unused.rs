use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags pods that use Secrets of the cluster, none of which comes from an external store.
/// ## Why is this bad?
/// Secrets of the cluster are as safe as its etcd and its rights to read Secrets. A store of its own adds rotation,
/// audit and short-lived credentials.
/// ## Example
/// ```yaml
/// volumes:
/// - name: db
///   secret:
///     secretName: db
/// ```
/// ## Use instead
/// ```yaml
/// volumes:
/// - name: db
///   csi:
///     driver: secrets-store.csi.k8s.io
///     readOnly: true
/// ```
/// ## Decisions
/// Asked only on request: Secrets with encryption at rest and narrow rights are good enough for many. A volume of
/// the Secrets Store CSI driver, a vault injector's annotation, or a Secret that an operator in the scan makes
/// (External Secrets, Sealed Secrets, Vault) counts as an external store, mounted or in the environment. A pod that
/// uses no Secret is no finding.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "external-secret-store-unused",
        area: "secrets",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
            "https://secrets-store-csi-driver.sigs.k8s.io/",
        ],
        peers: &[
            peer("cis-1.23", "5.4.2"),
            peer("eks-1.8.0", "4.4.2"),
            peer("aks-1.8.0", "4.5.2"),
            peer("gke-1.9.0", "4.4.2"),
            peer("kubescape", "C-0208"),
            peer("kubescape", "C-0234"),
            peer("complianceascode", "secrets_consider_external_storage"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
        ],
    },
    opt_in: true,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let uses_driver = pod.volumes().any(|volume| {
        volume.at(&["csi", "driver"]).and_then(Node::as_str) == Some("secrets-store.csi.k8s.io")
    });
    let is_injected = ["vault.hashicorp.com/agent-inject", "vault.security.banzaicloud.io/vault-addr"]
        .iter()
        .any(|annotation| pod.annotation(annotation).is_some());
    if uses_driver || is_injected {
        return;
    }
    let mut secrets = secrets(pod).peekable();
    let Some(first) = secrets.peek().copied() else { return };
    let is_made =
        |name: Node<'_>| name.as_str().is_some_and(|name| context.inventory.is_made("Secret", name));
    if !secrets.any(is_made) {
        out.report(&CHECK, first);
    }
}

/// The names of the Secrets that the pod mounts or has in its environment.
fn secrets<'d>(pod: Pod<'d>) -> impl Iterator<Item = Node<'d>> {
    let mounted = pod.volumes().flat_map(|volume| {
        let projected = volume.at(&["projected", "sources"]).map(Node::items).into_iter().flatten();
        let of_projected = projected.filter_map(|source| source.at(&["secret", "name"]));
        volume.at(&["secret", "secretName"]).into_iter().chain(of_projected)
    });
    let in_environment = pod.containers().flat_map(|container| {
        let list = move |field: &str| container.node().get(field).map(Node::items).into_iter().flatten();
        let single = list("env").filter_map(|entry| entry.at(&["valueFrom", "secretKeyRef", "name"]));
        single.chain(list("envFrom").filter_map(|entry| entry.at(&["secretRef", "name"])))
    });
    mounted.chain(in_environment)
}

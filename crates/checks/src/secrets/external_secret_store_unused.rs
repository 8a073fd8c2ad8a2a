use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

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
/// (External Secrets, Sealed Secrets, Vault) counts as an external store. A pod that uses no Secret is judged as
/// the peers do: it is flagged as well, for nothing tells where its credentials come from.
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
    let is_made = pod.volumes().any(|volume| {
        let name = volume.at(&["secret", "secretName"]).and_then(Node::as_str);
        name.is_some_and(|name| context.inventory.is_made("Secret", name))
    });
    if !(uses_driver || is_injected || is_made) {
        out.report(&CHECK, Place::Missing(pod.spec(), &["volumes"]));
    }
}

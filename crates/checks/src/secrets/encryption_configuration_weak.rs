use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags EncryptionConfiguration files of the API server that leave Secrets unencrypted or use a weak provider.
/// ## Why is this bad?
/// Whoever gets a copy of etcd or of its backup has every Secret of the cluster.
/// ## Example
/// ```yaml
/// kind: EncryptionConfiguration
/// resources:
/// - resources: [secrets]
///   providers:
///   - identity: {}
/// ```
/// ## Use instead
/// ```yaml
/// kind: EncryptionConfiguration
/// resources:
/// - resources: [secrets]
///   providers:
///   - kms:
///       apiVersion: v2
///       name: vault
///       endpoint: unix:///run/kms.sock
///   - identity: {}
/// ```
/// ## Decisions
/// Only the first provider of an entry encrypts. `identity` first encrypts nothing; `kms` without `apiVersion: v2`
/// is deprecated and slow; `aescbc`, `aesgcm` and `secretbox` are accepted, as CIS does, although their keys lie
/// beside the data. Secrets must be covered by name, by `*.` or by `*.*`.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "encryption-configuration-weak",
        area: "secrets",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[
            peer("eks-1.8.0", "5.3.1"),
            peer("aks-1.8.0", "5.3.1"),
            peer("gke-1.9.0", "5.3.1"),
            peer("kubescape", "C-0066"),
            peer("kubescape", "C-0244"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("apiserver.config.k8s.io", "EncryptionConfiguration") {
        return;
    }
    let entries = object.node().get("resources").map(Node::items);
    let mut covers_secrets = false;
    for entry in entries.into_iter().flatten() {
        let resources = entry.get("resources").map(Node::items);
        let covers = resources
            .into_iter()
            .flatten()
            .any(|resource| matches!(resource.as_str(), Some("secrets" | "*." | "*.*")));
        covers_secrets |= covers;
        let first = entry.get("providers").and_then(|providers| providers.item(0));
        let Some(provider) = first.and_then(|first| first.entries().next()) else { continue };
        let is_old_kms = provider.key == "kms"
            && provider.value.get("apiVersion").and_then(Node::as_str).is_none_or(|version| version != "v2");
        if provider.key == "identity" && covers {
            out.report(&CHECK, provider.value).part("problem", "identity");
        } else if is_old_kms {
            out.report(&CHECK, provider.value).part("problem", "kms-v1").severity(Severity::Low);
        }
    }
    if !covers_secrets {
        out.report(&CHECK, Place::Missing(object.node(), &["resources"])).part("problem", "secrets");
    }
}

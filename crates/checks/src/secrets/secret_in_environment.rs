use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers that get a Secret as environment variables.
/// ## Why is this bad?
/// Environment variables end up in crash reports, debug pages and child processes, and keep their old value when
/// the Secret is rotated.
/// ## Example
/// ```yaml
/// env:
/// - name: DB_PASSWORD
///   valueFrom:
///     secretKeyRef:
///       name: db
///       key: password
/// ```
/// ## Use instead
/// ```yaml
/// volumeMounts:
/// - name: db
///   mountPath: /run/secrets/db
///   readOnly: true
/// ```
/// ## Decisions
/// Asked only on request: most programs take their credentials this way, and it is better than a literal. Both
/// single keys (`secretKeyRef`) and whole Secrets (`envFrom`) count.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "secret-in-environment",
        area: "secrets",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
            "https://www.cisecurity.org/benchmark/kubernetes",
        ],
        peers: &[
            peer("cis-1.23", "5.4.1"),
            peer("eks-1.8.0", "4.4.1"),
            peer("aks-1.8.0", "4.5.1"),
            peer("gke-1.9.0", "4.4.1"),
            peer("kubescape", "C-0207"),
            peer("kube-linter", "env-var-secret"),
            peer("kube-linter", "read-secret-from-env-var"),
            peer("checkov", "CKV_K8S_35"),
            peer("kubesec", "SecretsAsEnvironmentVariables"),
            peer("prowler", "core_no_secrets_envs"),
            peer("complianceascode", "secrets_no_environment_variables"),
            peer("pci-dss-4", "A1.2.1"),
            peer("pci-dss-4", "2.2.5"),
            peer("pci-dss-4", "2.2.7"),
            peer("pci-dss-4", "A3.4.1"),
            peer("pci-dss-4", "3.5.1"),
            peer("pci-dss-4", "3.7.2"),
            peer("pci-dss-4", "4.2.1"),
            peer("pci-dss-4", "8.2.1"),
            peer("pci-dss-4", "8.2.2"),
            peer("pci-dss-4", "8.2.5"),
            peer("pci-dss-4", "8.3.2"),
            peer("pci-dss-4", "8.3.11"),
            peer("nist-800-53r5", "CM-6"),
            peer("nist-800-53r5", "CM-6(1)"),
            peer("kubescape", "C-0012"),
        ],
    },
    opt_in: true,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for variable in container.node().get("env").map(Node::items).into_iter().flatten() {
            let Some(reference) = variable.at(&["valueFrom", "secretKeyRef"]) else { continue };
            let name = reference.get("name").and_then(Node::as_str).unwrap_or_default();
            out.report(&CHECK, reference).container(container).part("secret", name);
        }
        for source in container.node().get("envFrom").map(Node::items).into_iter().flatten() {
            let Some(reference) = source.get("secretRef") else { continue };
            let name = reference.get("name").and_then(Node::as_str).unwrap_or_default();
            out.report(&CHECK, reference).container(container).part("secret", name);
        }
    }
}

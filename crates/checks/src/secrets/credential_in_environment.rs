use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use super::credential::{is_credential, kind_of};
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags environment variables with a credential in plain text, told by the variable's name or by the looks of the
/// value.
/// ## Why is this bad?
/// Everyone who may read the manifest, its repository or the workload has the credential, and it cannot be rotated
/// without a new release.
/// ## Example
/// ```yaml
/// env:
/// - name: DB_PASSWORD
///   value: hunter2
/// ```
/// ## Use instead
/// ```yaml
/// env:
/// - name: DB_PASSWORD
///   valueFrom:
///     secretKeyRef:
///       name: db
///       key: password
/// ```
/// ## Decisions
/// Names are read word by word, and a telling name counts only beside a value that may be a credential: not empty,
/// no reference (`$(NAME)`, a path, a vault address), no switch, number or duration. Well-known default passwords
/// count: they are in use. Some values are known by their looks under any name.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "credential-in-environment",
        area: "secrets",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
            "https://attack.mitre.org/techniques/T1552/007/",
        ],
        peers: &[
            peer("kubescape", "C-0012"),
            peer("kubescape", "C-0259"),
            peer("polaris", "sensitiveContainerEnvVar"),
            peer("kube-linter", "env-var-secret"),
            peer("attack", "Credential access"),
            peer("attack", "Lateral Movement"),
            peer("soc-2", "CC6.1"),
            peer("soc-2", "CC6.6"),
            peer("soc-2", "CC6.7"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for variable in container.node().get("env").map(Node::items).into_iter().flatten() {
            let name = variable.get("name").and_then(Node::as_str).unwrap_or_default();
            let Some(value) = variable.get("value") else { continue };
            let Some(text) = value.as_str() else { continue };
            let is_named = is_credential(name, text);
            if is_named || kind_of(text).is_some() {
                out.report(&CHECK, value).container(container).part("variable", name);
            }
        }
    }
}

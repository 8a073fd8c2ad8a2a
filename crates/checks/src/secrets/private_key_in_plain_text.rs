use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::credential::has_private_key;
use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags private keys in PEM form in ConfigMaps and in the environment, command or arguments of containers.
/// ## Why is this bad?
/// Whoever reads it can be taken for the owner of the key, and decrypt or sign in their name, until the key is
/// withdrawn everywhere.
/// ## Example
/// ```yaml
/// kind: ConfigMap
/// data:
///   tls.key: |
///     -----BEGIN PRIVATE KEY-----
/// ```
/// ## Use instead
/// ```yaml
/// kind: Secret
/// type: kubernetes.io/tls
/// ```
/// ## Decisions
/// Keys in Secrets are where they belong, though not in a repository; that is `secret-in-manifest`. Certificates
/// and public keys are no secrets.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "private-key-in-plain-text",
        area: "secrets",
        severity: Severity::Critical,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
            "https://attack.mitre.org/techniques/T1552/004/",
        ],
        peers: &[peer("polaris", "sensitiveConfigmapContent"), peer("polaris", "sensitiveContainerEnvVar")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.is("", "ConfigMap") {
        for entry in object.node().get("data").map(Node::entries).into_iter().flatten() {
            if entry.value.as_str().is_some_and(has_private_key) {
                out.report(&CHECK, entry.value).part("name", entry.key);
            }
        }
        return;
    }
    let Some(pod) = context.templates.pod(object) else { return };
    for container in pod.containers() {
        let node = container.node();
        for variable in node.get("env").map(Node::items).into_iter().flatten() {
            let Some(value) = variable.get("value") else { continue };
            if value.as_str().is_some_and(has_private_key) {
                let name = variable.get("name").and_then(Node::as_str).unwrap_or_default();
                out.report(&CHECK, value).container(container).part("name", name);
            }
        }
        for word in [node.get("command"), node.get("args")].into_iter().flatten().flat_map(Node::items) {
            if word.as_str().is_some_and(has_private_key) {
                out.report(&CHECK, word).container(container).part("name", "command");
            }
        }
    }
}

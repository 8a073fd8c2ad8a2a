use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use super::credential::{has_private_key, is_credential, kind_of};
use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags ConfigMaps that hold a credential, under a key of their own or inside of a file.
/// ## Why is this bad?
/// ConfigMaps are not encrypted at rest, and far more people and programs may read them than Secrets.
/// ## Example
/// ```yaml
/// kind: ConfigMap
/// data:
///   app.properties: |
///     db.password=hunter2
/// ```
/// ## Use instead
/// ```yaml
/// kind: Secret
/// stringData:
///   app.properties: |
///     db.password=…
/// ```
/// ## Decisions
/// Keys and values are judged as those of environment variables. In files, lines of the form `name=value` and
/// `name: value` count. Comments, empty values and references do not. A user name is no credential.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "credential-in-config-map",
        area: "secrets",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/configuration/configmap/",
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
        ],
        peers: &[
            peer("polaris", "sensitiveConfigmapContent"),
            peer("trivy", "KSV-01010"),
            peer("trivy", "KSV-0109"),
            peer("kubescape", "rule-credentials-configmap"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("", "ConfigMap") {
        return;
    }
    for entry in object.node().get("data").map(Node::entries).into_iter().flatten() {
        let Some(text) = entry.value.as_str() else { continue };
        if has_private_key(text) {
            // `private-key-in-plain-text` has it.
            continue;
        }
        // Base64 ends with equals signs.
        let text = text.trim_end();
        let is_file = text.contains('\n') || text.trim_end_matches('=').contains('=') || text.contains(": ");
        let is_named = is_credential(entry.key, text);
        if is_named && !is_file {
            out.report(&CHECK, entry.value).part("key", entry.key).arg("name", entry.key);
        } else if let Some(name) = text.lines().find_map(credential_line) {
            out.report(&CHECK, entry.value).part("key", entry.key).arg("name", name);
        }
    }
}

/// The name on a line of a configuration file that sets a credential.
fn credential_line(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with(['#', ';']) || line.starts_with("//") || line.len() > 400 {
        return None;
    }
    let (name, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
    let name = name.trim().trim_start_matches("export ").trim_matches(['"', '\'', '-', ' ']);
    let value = value.trim().trim_end_matches(',');
    // Names are single words of a configuration; sentences, code and calls are none.
    let is_name = !name.is_empty() && !name.contains([' ', '(', ')', '{', '}', '<', '>', '"', '$']);
    let is_code =
        value.starts_with(['=', '{', '(', '[']) || value.contains(['(', '<']) || value.ends_with(';');
    let is_credential = is_name && is_credential(name, value) && !is_code;
    (is_credential || kind_of(value).is_some_and(|kind| kind != "password-in-url" || is_name)).then_some(name)
}

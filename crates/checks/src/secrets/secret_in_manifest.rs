use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::secrets::credential::{is_credential_name, is_plausible_value, is_setting_name};

/// ## What it does
/// Flags Secrets whose values are written in the manifest.
/// ## Why is this bad?
/// Base64 is no encryption. The value is known to everyone who has seen the file, and stays in the repository's
/// history.
/// ## Example
/// ```yaml
/// kind: Secret
/// data:
///   password: aHVudGVyMg==
/// ```
/// ## Use instead
/// ```yaml
/// kind: ExternalSecret
/// ```
/// ## Decisions
/// Base64 hides nothing. Empty values, placeholders and references of tools that fill them in (SOPS, vault
/// injectors) are not flagged, neither are values that are no secrets: certificates without a key, service account
/// tokens that Kubernetes fills in, and by their name or look settings beside the secret (`url`, `username`, `"true"`). Live Secrets have values of course; in a scan of a cluster this
/// check is left out.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "secret-in-manifest",
        area: "secrets",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
            "https://kubernetes.io/docs/concepts/configuration/secret/",
        ],
        peers: &[peer("attack", "Credential access")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    // `uid` is set by the API server alone.
    let is_live = object.metadata().is_some_and(|metadata| metadata.get("uid").is_some());
    if !object.is("", "Secret") || is_live || context.options.whole || object.node().get("sops").is_some() {
        return;
    }
    if object.node().get("type").and_then(Node::as_str) == Some("kubernetes.io/service-account-token") {
        return;
    }
    for field in ["data", "stringData"] {
        for entry in object.node().get(field).map(Node::entries).into_iter().flatten() {
            let Some(text) = entry.value.as_str() else { continue };
            let is_setting = is_setting_name(entry.key)
                || (field == "stringData" && !is_credential_name(entry.key) && !is_plausible_value(text));
            if is_value(text, field) && !is_setting && !matches!(entry.key, "ca.crt" | "tls.crt") {
                out.report(&CHECK, entry.value).part("key", entry.key);
            }
        }
    }
}

fn is_value(text: &str, field: &str) -> bool {
    let text = text.trim();
    let is_placeholder = text.is_empty()
        || text.starts_with("ENC[")
        || text.starts_with("vault:")
        || text.contains("${")
        || text.contains("{{")
        || (text.starts_with('<') && text.ends_with('>'));
    // Values under `data` that are no base64 are placeholders too: the API server would refuse them.
    let is_base64 = text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
    });
    !is_placeholder && (field == "stringData" || is_base64)
}

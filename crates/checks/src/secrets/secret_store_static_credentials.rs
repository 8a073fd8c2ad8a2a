use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run};
use crate::findings::Findings;

/// ## What it does
/// Flags SecretStores and ClusterSecretStores that log in with a long-lived key instead of a workload identity.
/// ## Why is this bad?
/// The key lies in the cluster and opens the whole store to whoever finds it, for as long as nobody rotates it.
/// ## Example
/// ```yaml
/// provider:
///   aws:
///     auth:
///       secretRef:
///         accessKeyIDSecretRef: {name: aws, key: id}
/// ```
/// ## Use instead
/// ```yaml
/// provider:
///   aws:
///     auth:
///       jwt:
///         serviceAccountRef: {name: shop}
/// ```
/// ## Decisions
/// Static are AWS access keys, Google service account keys, Azure client secrets, and Vault tokens, user names and
/// AppRole secret ids. Where a provider has no other way, the key cannot be avoided; only the providers named here
/// are judged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "secret-store-static-credentials",
        area: "secrets",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://external-secrets.io/latest/guides/security-best-practices/"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

/// Paths beneath `spec.provider` that name a long-lived credential.
const STATIC: &[&[&str]] = &[
    &["aws", "auth", "secretRef"],
    &["gcpsm", "auth", "secretRef"],
    &["azurekv", "authSecretRef", "clientSecret"],
    &["vault", "auth", "tokenSecretRef"],
    &["vault", "auth", "userPass"],
    &["vault", "auth", "appRole", "secretRef"],
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if object.group() != "external-secrets.io"
        || !matches!(object.kind(), "SecretStore" | "ClusterSecretStore")
    {
        return;
    }
    let provider = object.spec().and_then(|spec| spec.get("provider"));
    for path in STATIC {
        if let Some(node) = provider.and_then(|provider| provider.at(path)) {
            out.report(&CHECK, node).arg("provider", path.first().copied().unwrap_or_default());
        }
    }
}

use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags annotations of ingress-nginx that put text of their author into the configuration of the proxy.
/// ## Why is this bad?
/// Whoever may write an Ingress can run code in the controller and read every Secret that it may read, of all namespaces.
/// ## Example
/// ```yaml
/// metadata:
///   annotations:
///     nginx.ingress.kubernetes.io/configuration-snippet: |
///       more_set_headers "X: y";
/// ```
/// ## Use instead
/// ```yaml
/// metadata:
///   annotations:
///     nginx.ingress.kubernetes.io/custom-headers: shop/headers
/// ```
/// ## Decisions
/// Snippets of every kind are high; `auth-url`, `auth-signin` and `server-alias` only with characters that end a directive
/// (`;`, `{`, `}`, line breaks), and `permanent-redirect`, `rewrite-target` and the like as well.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "ingress-nginx-snippet",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations-risk/",
            "https://nvd.nist.gov/vuln/detail/CVE-2021-25742",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-1974",
        ],
        peers: &[
            peer("kubescape", "C-0059"),
            peer("checkov", "CKV_K8S_152"),
            peer("checkov", "CKV_K8S_153"),
            peer("checkov", "CKV_K8S_154"),
        ],
    },
    opt_in: false,
    run: Run::Object(check),
};

/// Annotations whose text becomes configuration as it is.
const SNIPPETS: &[&str] = &[
    "configuration-snippet",
    "server-snippet",
    "auth-snippet",
    "modsecurity-snippet",
    "stream-snippet",
    "location-snippet",
];

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    let is_ingress =
        object.kind() == "Ingress" && matches!(object.group(), "networking.k8s.io" | "extensions");
    let annotations = object.metadata().and_then(|metadata| metadata.get("annotations"));
    let Some(annotations) = annotations.filter(|_| is_ingress) else { return };
    for entry in annotations.entries() {
        let Some(name) = entry.key.strip_prefix("nginx.ingress.kubernetes.io/") else { continue };
        let text = entry.value.as_str().unwrap_or_default();
        let ends_directive = text.contains([';', '{', '}', '\n', '#']);
        // `{` and `}` count repetitions in a pattern.
        let is_pattern = matches!(name, "rewrite-target" | "app-root" | "cors-allow-origin");
        if SNIPPETS.contains(&name) || ends_directive && !is_pattern && INTO_CONFIG.contains(&name) {
            out.report(&CHECK, entry.value).part("annotation", name);
        }
    }
}

/// Annotations whose text becomes a part of a directive.
const INTO_CONFIG: &[&str] = &[
    "auth-url",
    "auth-signin",
    "auth-tls-match-cn",
    "mirror-target",
    "mirror-host",
    "permanent-redirect",
    "server-alias",
    "temporal-redirect",
    "upstream-vhost",
];

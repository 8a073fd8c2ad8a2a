use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Run};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags Secrets whose type demands keys that they lack, and opaque Secrets that hold what has a type of its own.
/// ## Why is this bad?
/// The API server refuses a typed Secret without its keys, and rules that guard certificates and registry
/// credentials by their type miss an opaque one.
/// ## Example
/// ```yaml
/// kind: Secret
/// type: Opaque
/// data:
///   tls.crt: …
///   tls.key: …
/// ```
/// ## Use instead
/// ```yaml
/// kind: Secret
/// type: kubernetes.io/tls
/// data:
///   tls.crt: …
///   tls.key: …
/// ```
/// ## Decisions
/// The keys are those that the API server demands. An opaque Secret with `tls.crt` and `tls.key` and perhaps `ca.crt`, or
/// with `.dockerconfigjson`, and nothing else, works, but escapes rules and tools that go by the type. A Secret without any data is filled
/// in later.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "secret-type-mismatch",
        area: "secrets",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/secret/#secret-types"],
        peers: &[],
    },
    opt_in: false,
    run: Run::Object(check),
};

fn check(object: Object<'_>, out: &mut Findings<'_>) {
    if !object.is("", "Secret") {
        return;
    }
    let fields = [object.node().get("data"), object.node().get("stringData")];
    let has = |key: &str| fields.iter().flatten().any(|field| field.entry(key).is_some());
    if fields.iter().flatten().all(|field| field.is_empty()) {
        return;
    }
    let holds_only = |keys: &[&str]| {
        fields.iter().flatten().flat_map(|field| field.entries()).all(|entry| keys.contains(&entry.key))
    };
    let kind = object.node().get("type");
    let name = kind.and_then(Node::as_str).unwrap_or("Opaque");
    let (is_fitting, better) = match name {
        "kubernetes.io/tls" => (has("tls.crt") && has("tls.key"), "Opaque"),
        "kubernetes.io/dockerconfigjson" => (has(".dockerconfigjson"), "Opaque"),
        "kubernetes.io/dockercfg" => (has(".dockercfg"), "Opaque"),
        "kubernetes.io/ssh-auth" => (has("ssh-privatekey"), "Opaque"),
        "kubernetes.io/basic-auth" => (has("username") || has("password"), "Opaque"),
        "Opaque" if has("tls.crt") && has("tls.key") && holds_only(&["tls.crt", "tls.key", "ca.crt"]) => {
            (false, "kubernetes.io/tls")
        }
        "Opaque" if has(".dockerconfigjson") && holds_only(&[".dockerconfigjson"]) => {
            (false, "kubernetes.io/dockerconfigjson")
        }
        _ => (true, ""),
    };
    if !is_fitting {
        let place = kind.map_or(Place::Missing(object.node(), &["type"]), Place::Value);
        out.report(&CHECK, place).arg("type", name).arg("better", better);
    }
}

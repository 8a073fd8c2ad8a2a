//! Findings as the store keeps them.

use haechi_model::Finding;
use haechi_store::findings::SeenFinding;
use serde_json::json;

/// A finding as the store keeps it: data, no sentences, so that each reader gets it in a language of their own; and no
/// values, which may be credentials.
pub(crate) fn seen(finding: &Finding) -> SeenFinding {
    let args: serde_json::Map<_, _> =
        finding.args.iter().map(|arg| (arg.name.to_string(), arg.value.to_string().into())).collect();
    let body = json!({
        "rule": finding.rule,
        "source": format!("{:?}", finding.source).to_ascii_lowercase(),
        "severity": finding.severity.as_str(),
        "path": finding.location.path.as_ref(),
        "jsonPath": finding.location.json_path,
        "args": args,
    });
    SeenFinding {
        fingerprint: finding.fingerprint,
        rule: finding.rule.to_string(),
        severity: finding.severity,
        resource: finding.resource.clone(),
        body: body.to_string(),
    }
}

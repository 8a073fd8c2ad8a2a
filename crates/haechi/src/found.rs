//! Findings as the store keeps them.

use haechi_checks::Check;
use haechi_model::{Finding, ScanReport};
use haechi_serve::compliance::Compliance;
use haechi_store::findings::SeenFinding;
use serde_json::json;

/// How much of what frameworks demand holds by a scan that saw everything: nothing where something could not be judged. What was
/// accepted is a violation all the same.
pub(crate) fn compliance(report: &ScanReport, checks: &[&Check]) -> Option<Compliance> {
    if !report.problems.is_empty() {
        return None;
    }
    let accepted = report.suppressed.iter().map(|accepted| &accepted.finding);
    let open = report.findings.iter().chain(accepted).map(|finding| &*finding.rule).collect();
    Compliance::judge(checks.iter().map(|check| &check.info), &open)
}

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

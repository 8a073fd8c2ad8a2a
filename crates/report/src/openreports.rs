//! Reports as objects of Kubernetes (`openreports.io/v1alpha1`), for `kubectl apply` and for dashboards that read them.
//!
//! One report for each object with findings, next to it in its namespace, and one of the cluster for what could not be
//! judged. A report tells what fails, what is accepted (`skip`) and what could not be evaluated (`error`); what passes is
//! not listed, so that `pass` is 0.

use std::collections::BTreeMap;
use std::io;

use haechi_model::{Finding, Fingerprint, Problem, ResourceRef, ScanReport, Severity};
use serde::Serialize;

use crate::Context;
use crate::context::Catalogue;
use crate::json::{source_name, suppression_name};
use crate::json_text::write_pretty;

const API_VERSION: &str = "openreports.io/v1alpha1";
/// Bytes of one message: reports live in etcd, which takes objects up to one and a half megabytes.
const MESSAGE: usize = 2_000;
/// Results of one report, for the same reason; more are counted and not listed.
const RESULTS: usize = 400;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Report>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Reference>,
    summary: Summary,
    results: Vec<ReportResult>,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    labels: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    api_version: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
}

#[derive(Serialize, Default)]
struct Summary {
    pass: usize,
    fail: usize,
    warn: usize,
    error: usize,
    skip: usize,
}

#[derive(Serialize)]
struct ReportResult {
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    result: &'static str,
    scored: bool,
    message: String,
    properties: BTreeMap<&'static str, String>,
}

/// Writes a `List` of `Report`s and `ClusterReport`s in JSON.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_openreports(
    report: &ScanReport,
    context: &Context<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let context = &context.with(report);
    let catalogue = context.catalogue();
    let mut by_object: BTreeMap<&ResourceRef, Vec<ReportResult>> = BTreeMap::new();
    for finding in &report.findings {
        let result = of_finding(finding, "fail", None, context, &catalogue);
        by_object.entry(&finding.resource).or_default().push(result);
    }
    for suppressed in &report.suppressed {
        let why = Some((suppressed.reason.as_str(), suppression_name(suppressed.source)));
        let result = of_finding(&suppressed.finding, "skip", why, context, &catalogue);
        by_object.entry(&suppressed.finding.resource).or_default().push(result);
    }
    let mut items: Vec<Report> =
        by_object.into_iter().map(|(object, results)| of_object(object, results)).collect();
    let problems: Vec<ReportResult> =
        report.problems.iter().map(|problem| of_problem(problem, context)).collect();
    if !problems.is_empty() {
        items.push(assemble("ClusterReport", "haechi-incomplete".to_owned(), None, None, problems));
    }
    let list = List { api_version: "v1", kind: "List", items };
    write_pretty(&list, out)
}

fn of_object(object: &ResourceRef, results: Vec<ReportResult>) -> Report {
    let namespace = object.namespace.clone();
    let identity = Fingerprint::of([
        object.api_version.as_str(),
        object.kind.as_str(),
        namespace.as_deref().unwrap_or_default(),
        object.name.as_str(),
    ]);
    let is_of_cluster = namespace.is_none() && OF_CLUSTER.contains(&object.kind.as_str());
    let kind = if is_of_cluster { "ClusterReport" } else { "Report" };
    let scope = Reference {
        api_version: object.api_version.clone(),
        kind: object.kind.clone(),
        namespace: namespace.clone(),
        name: object.name.clone(),
    };
    // Half of the digits tell objects of one namespace apart, and leave the name readable.
    let digits: String = identity.to_string().chars().take(16).collect();
    let letters = object.kind.chars().filter(char::is_ascii_alphanumeric).take(40);
    let name = ["haechi", &letters.collect::<String>().to_ascii_lowercase(), &digits].join("-");
    assemble(kind, name, namespace, Some(scope), results)
}

fn assemble(
    kind: &'static str,
    name: String,
    namespace: Option<String>,
    scope: Option<Reference>,
    mut results: Vec<ReportResult>,
) -> Report {
    let count = |wanted: &str| results.iter().filter(|result| result.result == wanted).count();
    let summary =
        Summary { fail: count("fail"), error: count("error"), skip: count("skip"), ..Summary::default() };
    // The gravest stay.
    results.sort_by_key(|result| {
        std::cmp::Reverse(result.severity.and_then(|severity| severity.parse::<Severity>().ok()))
    });
    results.truncate(RESULTS);
    let labels = BTreeMap::from([("app.kubernetes.io/managed-by", "haechi")]);
    let metadata = Metadata { name, namespace, labels };
    Report { api_version: API_VERSION, kind, metadata, source: "haechi", scope, summary, results }
}

fn of_finding(
    finding: &Finding,
    result: &'static str,
    accepted: Option<(&str, &'static str)>,
    context: &Context<'_>,
    catalogue: &Catalogue<'_>,
) -> ReportResult {
    let texts = context.texts.finding(finding);
    let mut properties = BTreeMap::from([
        ("fingerprint", finding.fingerprint.to_string()),
        ("jsonPath", finding.location.json_path.clone()),
        ("origin", source_name(finding.source).to_owned()),
        ("path", format!("{}:{}", finding.location.path, finding.location.start.line)),
        ("title", texts.title.to_string()),
    ]);
    if let Some(fix) = &texts.fix {
        properties.insert("remedy", cut(fix));
    }
    if let Some((reason, source)) = accepted {
        properties.insert("reason", cut(reason));
        properties.insert("acceptedBy", source.to_owned());
    }
    ReportResult {
        policy: finding.rule.to_string(),
        category: catalogue.get(&finding.rule).map(|rule| rule.area.to_owned()),
        severity: Some(finding.severity.as_str()),
        result,
        scored: true,
        message: cut(&texts.message),
        properties,
    }
}

fn of_problem(problem: &Problem, context: &Context<'_>) -> ReportResult {
    let texts = context.texts.problem(problem);
    let place = match problem.position {
        Some(position) => format!("{}:{}", problem.path, position.line),
        None => problem.path.to_string(),
    };
    let message = match &texts.detail {
        Some(detail) => format!("{}: {detail}", texts.title),
        None => texts.title.to_string(),
    };
    ReportResult {
        policy: problem.kind.as_str().to_owned(),
        category: None,
        severity: None,
        // What is no Kubernetes object at all is left out, not failed at.
        result: if problem.kind.is_incomplete() { "error" } else { "skip" },
        scored: false,
        message: cut(&message),
        properties: BTreeMap::from([("path", place), ("remedy", cut(&texts.help))]),
    }
}

/// The first bytes of a text, whole characters.
fn cut(text: &str) -> String {
    if text.len() <= MESSAGE {
        return text.to_owned();
    }
    let mut end = MESSAGE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// Kinds that live in no namespace. An object of another kind that names none goes where it is applied to, and its report
/// with it.
const OF_CLUSTER: &[&str] = &[
    "APIService",
    "CSIDriver",
    "ClusterIssuer",
    "ClusterNetworkPolicy",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterSecretStore",
    "CustomResourceDefinition",
    "GatewayClass",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "RuntimeClass",
    "SecurityContextConstraints",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

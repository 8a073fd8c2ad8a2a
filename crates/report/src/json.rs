//! The report for programs, in a format of our own: `docs/schema/scan-v1.json` describes it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use haechi_model::{
    ArgValue, Finding, Fix, PeerId, Position, Problem, RuleSource, ScanReport, Severity, SuppressionSource,
};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Serialize, ser};

use crate::Context;
use crate::context::Catalogue;
use crate::json_text::write_pretty;

/// The name and version of the format. The version rises when a reader of the old one would misunderstand the
/// new one; members may be added without that.
pub const SCAN_SCHEMA: &str = "haechi.scan/v1";

/// Writes the report as one JSON object, followed by a line break.
pub fn write_json(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    write_pretty(&scan(report, context, &context.catalogue()), out)
}

pub(crate) fn scan<'r>(
    report: &'r ScanReport,
    context: &'r Context<'r>,
    catalogue: &'r Catalogue<'r>,
) -> Scan<'r> {
    Scan {
        schema: SCAN_SCHEMA,
        tool: Tool { name: "haechi", version: context.version },
        language: context.texts.language().as_str(),
        time: context.time,
        complete: report.is_complete(),
        counts: Counts {
            files: report.counts.files,
            documents: report.counts.documents,
            objects: report.counts.objects,
            rules: report.counts.rules,
            findings: report.findings.len(),
            hidden_findings: context.hidden,
            suppressed: report.suppressed.len(),
            known: report.known,
            fixed: report.fixed.len(),
            fixable: Fixable::of(report),
            problems: report.problems.len(),
            by_severity: BySeverity::of(report),
        },
        findings: Findings { findings: &report.findings, context, catalogue },
        fixed: Findings { findings: &report.fixed, context, catalogue },
        suppressed: AllSuppressed { report, context, catalogue },
        problems: Problems { report, context },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scan<'r> {
    schema: &'static str,
    tool: Tool<'r>,
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'r str>,
    complete: bool,
    counts: Counts,
    findings: Findings<'r>,
    fixed: Findings<'r>,
    suppressed: AllSuppressed<'r>,
    problems: Problems<'r>,
}

#[derive(Serialize)]
struct Tool<'r> {
    name: &'static str,
    version: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    files: usize,
    documents: usize,
    objects: usize,
    rules: usize,
    findings: usize,
    hidden_findings: usize,
    suppressed: usize,
    known: usize,
    fixed: usize,
    fixable: Fixable,
    problems: usize,
    by_severity: BySeverity,
}

/// Findings that have a mechanical remedy, by its safety.
#[derive(Serialize)]
struct Fixable {
    safe: usize,
    #[serde(rename = "unsafe")]
    not_safe: usize,
}

impl Fixable {
    fn of(report: &ScanReport) -> Self {
        let (safe, not_safe) = report.fixable();
        Self { safe, not_safe }
    }
}

#[derive(Serialize, Default)]
struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
}

impl BySeverity {
    fn of(report: &ScanReport) -> Self {
        let mut counts = Self::default();
        for finding in &report.findings {
            *match finding.severity {
                Severity::Critical => &mut counts.critical,
                Severity::High => &mut counts.high,
                Severity::Medium => &mut counts.medium,
                Severity::Low => &mut counts.low,
                Severity::Info => &mut counts.info,
            } += 1;
        }
        counts
    }
}

/// Written one by one, so that the texts of all findings are never in memory together.
struct Findings<'r> {
    findings: &'r [Finding],
    context: &'r Context<'r>,
    catalogue: &'r Catalogue<'r>,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        each(serializer, self.findings, |finding| WireFinding::of(finding, self.context, self.catalogue))
    }
}

/// Where a suppression stands, as programs read it.
pub(crate) const fn suppression_name(source: SuppressionSource) -> &'static str {
    match source {
        SuppressionSource::Comment => "comment",
        SuppressionSource::Annotation => "annotation",
        SuppressionSource::Config => "config",
    }
}

struct AllSuppressed<'r> {
    report: &'r ScanReport,
    context: &'r Context<'r>,
    catalogue: &'r Catalogue<'r>,
}

impl Serialize for AllSuppressed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        each(serializer, &self.report.suppressed, |suppressed| WireSuppressed {
            reason: &suppressed.reason,
            suppressed_by: suppression_name(suppressed.source),
            finding: WireFinding::of(&suppressed.finding, self.context, self.catalogue),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSuppressed<'r> {
    reason: &'r str,
    suppressed_by: &'static str,
    finding: WireFinding<'r>,
}

struct Problems<'r> {
    report: &'r ScanReport,
    context: &'r Context<'r>,
}

impl Serialize for Problems<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        each(serializer, &self.report.problems, |problem| WireProblem::of(problem, self.context))
    }
}

fn each<'i, S: Serializer, T, W: ser::Serialize>(
    serializer: S,
    items: &'i [T],
    wire: impl Fn(&'i T) -> W,
) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        sequence.serialize_element(&wire(item))?;
    }
    sequence.end()
}

#[derive(Serialize)]
struct WireFinding<'r> {
    rule: &'r str,
    source: &'static str,
    severity: &'static str,
    title: Cow<'r, str>,
    message: Cow<'r, str>,
    why: Option<Cow<'r, str>>,
    fix: Option<Cow<'r, str>>,
    resource: Resource<'r>,
    location: WireLocation<'r>,
    fingerprint: String,
    references: &'r [&'r str],
    peers: Vec<Peer<'r>>,
    edits: Option<Edits<'r>>,
}

impl<'r> WireFinding<'r> {
    fn of(finding: &'r Finding, context: &'r Context<'r>, catalogue: &Catalogue<'r>) -> Self {
        let text = context.texts.finding(finding);
        let rule = catalogue.get(&finding.rule);
        Self {
            rule: &finding.rule,
            source: source_name(finding.source),
            severity: finding.severity.as_str(),
            title: text.title,
            message: text.message,
            why: text.why,
            fix: text.fix,
            resource: Resource {
                api_version: &finding.resource.api_version,
                kind: &finding.resource.kind,
                namespace: finding.resource.namespace.as_deref(),
                name: &finding.resource.name,
            },
            location: WireLocation {
                path: &finding.location.path,
                start: Place::of(finding.location.start),
                end: Place::of(finding.location.end),
                span: ByteSpan { start: finding.location.span.start, end: finding.location.span.end },
                json_path: &finding.location.json_path,
                rendered: context
                    .rendered
                    .get(&finding.location.path)
                    .map(|rendered| WireRendered { folder: &rendered.folder, from: &rendered.from }),
            },
            fingerprint: finding.fingerprint.to_string(),
            references: rule.map_or(&[], |rule| rule.references),
            peers: rule.map_or(&[][..], |rule| rule.peers).iter().map(Peer::of).collect(),
            edits: finding.fix.as_ref().map(|fix| Edits::of(fix, context.texts.fix_risk(finding))),
        }
    }
}

pub(crate) const fn source_name(source: RuleSource) -> &'static str {
    match source {
        RuleSource::Check => "check",
        RuleSource::PodSecurity => "pod-security",
        RuleSource::Policy => "policy",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'r> {
    api_version: &'r str,
    kind: &'r str,
    namespace: Option<&'r str>,
    name: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLocation<'r> {
    path: &'r str,
    start: Place,
    end: Place,
    span: ByteSpan,
    json_path: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<WireRendered<'r>>,
}

/// What the text was made of, in which the place is.
#[derive(Serialize)]
struct WireRendered<'r> {
    folder: &'r str,
    from: &'r str,
}

#[derive(Serialize)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    fn of(position: Position) -> Self {
        Self { line: position.line, column: position.column }
    }
}

#[derive(Serialize)]
struct ByteSpan {
    start: u32,
    end: u32,
}

#[derive(Serialize)]
pub(crate) struct Peer<'r> {
    peer: &'r str,
    id: &'r str,
}

impl<'r> Peer<'r> {
    pub(crate) fn of(peer: &'r PeerId) -> Self {
        Self { peer: peer.peer, id: peer.id }
    }
}

#[derive(Serialize)]
struct Edits<'r> {
    safety: &'static str,
    risk: Option<Cow<'r, str>>,
    edits: Vec<WireEdit<'r>>,
}

#[derive(Serialize)]
struct WireEdit<'r> {
    span: ByteSpan,
    start: Place,
    end: Place,
    text: &'r str,
}

impl<'r> Edits<'r> {
    fn of(fix: &'r Fix, risk: Option<Cow<'r, str>>) -> Self {
        let edits = fix.edits.iter().map(|edit| WireEdit {
            span: ByteSpan { start: edit.span.start, end: edit.span.end },
            start: Place::of(edit.start),
            end: Place::of(edit.end),
            text: &edit.text,
        });
        Self { safety: fix.safety.as_str(), risk, edits: edits.collect() }
    }
}

#[derive(Serialize)]
struct WireProblem<'r> {
    kind: &'static str,
    incomplete: bool,
    path: &'r str,
    position: Option<Place>,
    message: Cow<'r, str>,
    help: Cow<'r, str>,
    args: BTreeMap<&'r str, WireValue<'r>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireValue<'r> {
    Number(i64),
    Text(&'r str),
}

impl<'r> WireProblem<'r> {
    fn of(problem: &'r Problem, context: &'r Context<'r>) -> Self {
        let text = context.texts.problem(problem);
        let args = problem.args.iter().map(|arg| {
            let value = match &arg.value {
                ArgValue::Number(number) => WireValue::Number(*number),
                ArgValue::Text(text) => WireValue::Text(text),
            };
            (arg.name.as_ref(), value)
        });
        Self {
            kind: problem.kind.as_str(),
            incomplete: problem.kind.is_incomplete(),
            path: &problem.path,
            position: problem.position.map(Place::of),
            message: text.title,
            help: text.help,
            args: args.collect(),
        }
    }
}

//! The report in SARIF 2.1.0, as GitHub and other code scanning services read it.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

mod result;

use std::collections::BTreeMap;
use std::io;

use haechi_model::{Finding, Problem, RuleSource, ScanReport, Severity, Suppressed};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Serialize, ser};

use crate::context::Catalogue;
use crate::json_text::write_pretty;
use crate::table::rule_name;
use crate::{Args, Context};
use result::{PhysicalLocation, SarifResult};

/// Most results that GitHub takes in one run.
const GITHUB_RESULTS: usize = 25_000;
/// Most tags that GitHub takes for one rule.
const GITHUB_TAGS: usize = 20;

/// Writes the report as SARIF 2.1.0.
///
/// All findings are written unless [`Context::sarif_limit`] says otherwise; then the gravest ones are, in the
/// order of the report, and a notification tells how many are missing. Accepted findings follow with their reason,
/// as results that are suppressed; the limit leaves them in.
pub fn write_sarif(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    let shown = shown(report, context.sarif_limit);
    let accepted = report.suppressed.iter().map(|suppressed| &suppressed.finding);
    let rules = Rules::of(shown.iter().copied().chain(accepted), context, &context.catalogue());
    let results = Results { shown: &shown, accepted: &report.suppressed, rules: &rules, context };
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Haechi",
                    semantic_version: context.version,
                    language: context.texts.language().as_str(),
                    rules: &rules.list,
                    notifications: notification_kinds(report),
                },
            },
            column_kind: "unicodeCodePoints",
            original_uri_base_ids: BaseIds {
                root: BaseId {
                    description: Text { text: context.texts.message("sarif-root", &Args::new()) },
                },
            },
            invocations: [Invocation {
                execution_successful: report.is_complete(),
                end_time_utc: context.time,
                tool_execution_notifications: notifications(report, &shown, context),
            }],
            results,
        }],
    };
    write_pretty(&log, out)
}

/// The findings that are written: all, or the gravest ones.
fn shown(report: &ScanReport, limit: Option<usize>) -> Vec<&Finding> {
    let mut shown: Vec<(usize, &Finding)> = report.findings.iter().enumerate().collect();
    if let Some(limit) = limit.filter(|&limit| limit < shown.len()) {
        shown.sort_by_key(|(at, finding)| (std::cmp::Reverse(finding.severity), *at));
        shown.truncate(limit);
        shown.sort_by_key(|(at, _)| *at);
    }
    shown.into_iter().map(|(_, finding)| finding).collect()
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool<'r>,
    column_kind: &'static str,
    original_uri_base_ids: BaseIds,
    invocations: [Invocation<'r>; 1],
    results: Results<'r>,
}

#[derive(Serialize)]
struct BaseIds {
    #[serde(rename = "%SRCROOT%")]
    root: BaseId,
}

#[derive(Serialize)]
struct BaseId {
    description: Text,
}

#[derive(Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'r> {
    name: &'static str,
    semantic_version: &'r str,
    language: &'static str,
    rules: &'r [Rule],
    notifications: Vec<NotificationKind>,
}

#[derive(Serialize)]
struct NotificationKind {
    id: &'static str,
}

/// A message of SARIF.
#[derive(Debug, Serialize)]
struct Text {
    text: String,
}

impl Text {
    /// A message with words from a scanned file, which must not become a link (`[name](address)`) on the page
    /// that shows it.
    fn quoting(text: &str) -> Self {
        Self { text: text.replace("](", "] (") }
    }
}

#[derive(Debug, Serialize)]
struct Help {
    text: String,
    markdown: String,
}

/// A `reportingDescriptor`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Text,
    full_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'static str>,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct RuleProperties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<&'static str>,
}

/// How bad a severity is for a reader of SARIF.
const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The middle of the range that GitHub gives this name: above 9, above 7, above 4, above 0. What is not a
/// weakness has none.
const fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.0"),
        Severity::Info => None,
    }
}

/// The rules of the findings, in the order of their names.
#[derive(Debug)]
struct Rules<'r> {
    list: Vec<Rule>,
    index: BTreeMap<(RuleSource, &'r str), usize>,
}

impl<'r> Rules<'r> {
    fn of(
        findings: impl Iterator<Item = &'r Finding>,
        context: &Context<'_>,
        catalogue: &Catalogue<'_>,
    ) -> Self {
        let mut first: BTreeMap<(RuleSource, &str), &Finding> = BTreeMap::new();
        for finding in findings {
            let entry = first.entry((finding.source, finding.rule.as_ref())).or_insert(finding);
            if finding.severity > entry.severity {
                *entry = finding;
            }
        }
        let list = first.values().map(|finding| rule(finding, context, catalogue)).collect();
        Self { list, index: first.into_keys().enumerate().map(|(at, key)| (key, at)).collect() }
    }

    fn index(&self, finding: &'r Finding) -> Option<usize> {
        self.index.get(&(finding.source, finding.rule.as_ref())).copied()
    }
}

fn rule(finding: &Finding, context: &Context<'_>, catalogue: &Catalogue<'_>) -> Rule {
    let info = catalogue.get(&finding.rule);
    let severity = info.map_or(finding.severity, |info| info.severity);
    let text = context.texts.general(finding.source, &finding.rule);
    let label = |id| context.texts.message(id, &Args::new());
    let mut plain = Vec::new();
    let mut markdown = Vec::new();
    for (id, paragraph) in [("label-why", &text.why), ("label-fix", &text.fix)] {
        if let Some(paragraph) = paragraph {
            plain.push(format!("{}: {paragraph}", label(id)));
            markdown.push(format!("**{}**: {paragraph}", label(id)));
        }
    }
    let references = info.map_or(&[][..], |info| info.references);
    if !references.is_empty() {
        let list = |open: &str, close: &str| {
            let lines = references.iter().map(|reference| format!("- {open}{reference}{close}"));
            lines.collect::<Vec<_>>().join("\n")
        };
        plain.push(format!("{}:\n{}", label("label-references"), list("", "")));
        markdown.push(format!("**{}**:\n\n{}", label("label-references"), list("<", ">")));
    }
    if plain.is_empty() {
        plain.push(text.title.clone().into_owned());
        markdown.push(text.title.clone().into_owned());
    }
    let mut tags = vec!["security".to_owned(), "kubernetes".to_owned()];
    if finding.source == RuleSource::PodSecurity {
        tags.push("pod-security-standards".to_owned());
    }
    if finding.source == RuleSource::Policy {
        tags.push("policy".to_owned());
    }
    if let Some(info) = info {
        tags.push(info.area.to_owned());
        tags.extend(info.peers.iter().map(|peer| format!("{}/{}", peer.peer, peer.id)));
    }
    tags.truncate(GITHUB_TAGS);
    Rule {
        id: rule_name(finding).into_owned(),
        short_description: Text { text: text.title.clone().into_owned() },
        full_description: Text { text: text.why.clone().unwrap_or(text.title).into_owned() },
        help_uri: references.first().copied(),
        help: Help { text: plain.join("\n\n"), markdown: markdown.join("\n\n") },
        default_configuration: Configuration { level: level(severity) },
        properties: RuleProperties {
            tags,
            precision: "high",
            security_severity: security_severity(severity),
        },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'r> {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<&'r str>,
    tool_execution_notifications: Vec<Notification<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification<'r> {
    descriptor: NotificationKind,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<NotificationLocation<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationLocation<'r> {
    physical_location: PhysicalLocation<'r>,
}

const NOTHING: &str = "nothing-scanned";
const HIDDEN: &str = "findings-hidden";
const TRUNCATED: &str = "results-truncated";
const OVER_LIMIT: &str = "results-over-github-limit";

fn notification_kinds(report: &ScanReport) -> Vec<NotificationKind> {
    let kinds: std::collections::BTreeSet<_> = report.problems.iter().map(|problem| problem.kind).collect();
    let of_problems = kinds.into_iter().map(haechi_model::ProblemKind::as_str);
    of_problems.chain([NOTHING, HIDDEN, TRUNCATED, OVER_LIMIT]).map(|id| NotificationKind { id }).collect()
}

fn notifications<'r>(
    report: &'r ScanReport,
    shown: &[&Finding],
    context: &Context<'r>,
) -> Vec<Notification<'r>> {
    let texts = context.texts;
    let general = |id: &'static str, level: &'static str, text: String| Notification {
        descriptor: NotificationKind { id },
        level,
        message: Text { text },
        locations: Vec::new(),
    };
    let mut all: Vec<Notification<'r>> =
        report.problems.iter().map(|problem| of_problem(problem, context)).collect();
    if report.counts.objects == 0 {
        all.push(general(NOTHING, "error", texts.message("verdict-nothing", &Args::new())));
    }
    if context.hidden > 0 {
        let args = Args::new().number("count", context.hidden);
        all.push(general(HIDDEN, "note", texts.message("summary-hidden", &args)));
    }
    let total = report.findings.len();
    if shown.len() < total {
        let args = Args::new()
            .number("total", total)
            .number("shown", shown.len())
            .number("omitted", total - shown.len());
        all.push(general(TRUNCATED, "warning", texts.message("sarif-truncated", &args)));
    }
    let written = shown.len() + report.suppressed.len();
    if written > GITHUB_RESULTS {
        let args = Args::new().number("total", written).number("limit", GITHUB_RESULTS);
        all.push(general(OVER_LIMIT, "warning", texts.message("sarif-over-limit", &args)));
    }
    all
}

fn of_problem<'r>(problem: &'r Problem, context: &Context<'r>) -> Notification<'r> {
    let text = context.texts.problem(problem);
    let text = match text.detail {
        Some(detail) => format!("{}: {detail}", text.title),
        None => text.title.into_owned(),
    };
    Notification {
        descriptor: NotificationKind { id: problem.kind.as_str() },
        level: if problem.kind.is_incomplete() { "error" } else { "note" },
        message: Text::quoting(&text),
        locations: vec![NotificationLocation {
            physical_location: PhysicalLocation::of_position(
                context.file_of(&problem.path),
                problem.position.filter(|_| !context.rendered.contains_key(&problem.path)),
            ),
        }],
    }
}

/// Written one by one, as there may be many.
struct Results<'r> {
    shown: &'r [&'r Finding],
    accepted: &'r [Suppressed],
    rules: &'r Rules<'r>,
    context: &'r Context<'r>,
}

impl<'r> Serialize for Results<'r> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.shown.len() + self.accepted.len()))?;
        // Two findings of one identity in one file are told apart by their order.
        let mut seen: BTreeMap<(&str, [u8; 16]), usize> = BTreeMap::new();
        let mut result = |finding: &'r Finding| {
            let ordinal = seen.entry((&finding.location.path, finding.fingerprint.0)).or_default();
            *ordinal += 1;
            SarifResult::of(finding, self.rules.index(finding), *ordinal, self.context)
        };
        for &finding in self.shown {
            let result = result(finding);
            let result = if self.accepted.is_empty() { result } else { result.unsuppressed() };
            ser::SerializeSeq::serialize_element(&mut sequence, &result)?;
        }
        for accepted in self.accepted {
            let result = result(&accepted.finding).suppressed(accepted);
            ser::SerializeSeq::serialize_element(&mut sequence, &result)?;
        }
        sequence.end()
    }
}

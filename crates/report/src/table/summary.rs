//! Problems, counts and the last word.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use haechi_model::{Finding, Problem, ProblemGroup, ProblemKind, RuleSource, ScanReport, Severity};
use unicode_width::UnicodeWidthStr;

use super::page::{Labelled, Page, Tone};
use super::{rule_name, severity_names};
use crate::visible::visible;
use crate::{Args, Context};

/// What was not judged, by kind; then what is no Kubernetes object.
pub(super) fn problems(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    for (heading, group) in [
        ("problems-left-out", ProblemGroup::LeftOut),
        ("problems-suppression", ProblemGroup::Suppression),
        ("problems-not-fixed", ProblemGroup::NotFixed),
        ("problems-incomplete", ProblemGroup::Incomplete),
    ] {
        of_group(heading, group, report, context, page);
    }
}

/// What was to be fixed and was not.
pub(super) fn not_fixed(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    of_group("problems-not-fixed", ProblemGroup::NotFixed, report, context, page);
}

fn of_group(heading: &str, group: ProblemGroup, report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    let mut kinds: BTreeMap<ProblemKind, Vec<&Problem>> = BTreeMap::new();
    for problem in report.problems.iter().filter(|problem| problem.kind.group() == group) {
        kinds.entry(problem.kind).or_default().push(problem);
    }
    if kinds.is_empty() {
        return;
    }
    page.styled(Tone::Strong, &context.texts.message(heading, &Args::new()));
    page.blank();
    for (kind, problems) in kinds {
        kind_of_problem(kind, &problems, context, page);
    }
}

fn kind_of_problem(kind: ProblemKind, problems: &[&Problem], context: &Context<'_>, page: &mut Page) {
    let (title, help) = context.texts.problem_kind(kind);
    page.push("  ");
    let tone = if kind.is_incomplete() { Tone::of(Severity::Medium) } else { Tone::Plain };
    page.styled(tone, &title);
    for problem in problems {
        let mut line = visible(&context.shown(&problem.path)).into_owned();
        if let Some(position) = problem.position {
            line.push_str(&format!(":{}:{}", position.line, position.column));
        }
        if let Some(detail) = context.texts.problem(problem).detail {
            line.push_str(": ");
            line.push_str(&detail);
        }
        page.prose(4, &line);
    }
    let label = context.texts.message("label-help", &Args::new());
    page.labelled(&Labelled { indent: 4, label: &label, text: &help });
    page.blank();
}

/// Counts, rules and what the result is worth.
pub(super) fn summary(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    let texts = context.texts;
    page.styled(Tone::Strong, &texts.message("summary-heading", &Args::new()));
    page.blank();
    let scope = Args::new()
        .number("files", report.counts.files)
        .number("objects", report.counts.objects)
        .number("rules", report.counts.rules);
    page.prose(2, &texts.message("summary-scope", &scope));
    if !report.findings.is_empty() {
        severities(report, context, page);
        page.blank();
        rules(report, context, page);
        page.blank();
        let catalogue = context.catalogue();
        let known = report.findings.iter().filter(|finding| catalogue.get(&finding.rule).is_some());
        if let Some(finding) = known.max_by_key(|finding| finding.severity) {
            let args = Args::new().text("rule", finding.rule.as_ref());
            page.prose(2, &texts.message("summary-explain", &args));
        }
    }
    super::fixed::counts(report, context, page);
    let left_out =
        report.problems.iter().filter(|problem| problem.kind.group() == ProblemGroup::LeftOut).count();
    for (id, count) in [("summary-suppressed", report.suppressed.len()), ("summary-known", report.known)] {
        if count > 0 {
            page.prose(2, &texts.message(id, &Args::new().number("count", count)));
        }
    }
    if left_out > 0 {
        page.prose(2, &texts.message("summary-left-out", &Args::new().number("count", left_out)));
    }
    if context.hidden > 0 {
        page.prose(2, &texts.message("summary-hidden", &Args::new().number("count", context.hidden)));
    }
    page.blank();
    for (tone, line) in verdict(report, context) {
        page.styled(tone, &line);
    }
}

fn severities(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    page.push("  ");
    let mut is_first = true;
    for severity in Severity::ALL.into_iter().rev() {
        let count = report.findings.iter().filter(|finding| finding.severity == severity).count();
        if !is_first {
            page.push("  ");
        }
        is_first = false;
        let tone = if count > 0 { Tone::of(severity) } else { Tone::Quiet };
        page.styled_part(tone, &format!("{} {count}", context.texts.severity(severity)));
    }
    page.blank();
}

fn rules(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    let mut counts: BTreeMap<(Reverse<Severity>, RuleSource, &str), (usize, &Finding)> = BTreeMap::new();
    for finding in &report.findings {
        let key = (Reverse(finding.severity), finding.source, finding.rule.as_ref());
        counts.entry(key).or_insert((0, finding)).0 += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|((severity, _, rule), (count, _))| (*severity, Reverse(*count), *rule));
    let severities = severity_names(context.texts);
    let widest_severity = severities.values().map(|name| name.width()).max().unwrap_or_default();
    let names: Vec<String> =
        rows.iter().map(|(_, (_, finding))| visible(&rule_name(finding)).into_owned()).collect();
    let widest_rule = names.iter().map(|name| name.width()).max().unwrap_or_default();
    let widest_count = rows.iter().map(|(_, (count, _))| count.to_string().len()).max().unwrap_or_default();
    for (((severity, _, _), (count, finding)), name) in rows.iter().zip(&names) {
        page.push("  ");
        let severity = severity.0;
        page.cell(
            Tone::of(severity),
            severities.get(&severity).map_or("", String::as_str),
            widest_severity + 2,
        );
        page.number(&count.to_string(), widest_count);
        page.push("  ");
        page.cell(Tone::Plain, name, widest_rule + 2);
        page.styled(Tone::Quiet, &visible(&context.texts.finding(finding).title));
    }
}

/// The last lines. Only a complete scan may say that there is nothing.
pub(crate) fn verdict(report: &ScanReport, context: &Context<'_>) -> Vec<(Tone, String)> {
    let texts = context.texts;
    let mut lines = Vec::new();
    let incomplete = report.problems.iter().filter(|problem| problem.kind.is_incomplete()).count();
    let has_judged = report.counts.objects > 0;
    if !report.findings.is_empty() {
        let files: BTreeSet<&str> =
            report.findings.iter().map(|finding| finding.location.path.as_ref()).collect();
        let worst = report.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info);
        let args = Args::new().number("count", report.findings.len()).number("files", files.len());
        lines.push((Tone::of(worst), texts.message("verdict-findings", &args)));
    } else if has_judged {
        let id = match (incomplete > 0, context.hidden > 0) {
            (true, _) => "verdict-no-findings-in-part",
            (false, true) => "verdict-clean-shown",
            (false, false) => "verdict-clean",
        };
        lines.push((Tone::Strong, texts.message(id, &Args::new())));
    } else {
        lines.push((Tone::of(Severity::High), texts.message("verdict-nothing", &Args::new())));
    }
    if incomplete > 0 {
        let args = Args::new().number("count", incomplete);
        lines.push((Tone::of(Severity::High), texts.message("verdict-incomplete", &args)));
    }
    lines
}

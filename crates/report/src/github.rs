//! Annotations in a workflow of GitHub: lines that the runner reads from the output of a step.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write as _;
use std::io;

use haechi_model::{Finding, Problem, ScanReport, Severity};

use crate::table::{rule_name, verdict};
use crate::visible::{is_hidden, push_escaped};
use crate::{Args, Context};

/// Writes one annotation per finding and problem, the gravest first because GitHub shows only the first few of a
/// step, and the result in plain lines after them.
pub fn write_github(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    let mut text = String::new();
    for problem in report.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
        of_problem(problem, "error", context, &mut text);
    }
    if report.counts.objects == 0 {
        let message = context.texts.message("verdict-nothing", &Args::new());
        let _ = writeln!(text, "::error title=haechi::{}", data(&message));
    }
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        of_finding(finding, context, &mut text);
    }
    for problem in report.problems.iter().filter(|problem| !problem.kind.is_incomplete()) {
        of_problem(problem, "notice", context, &mut text);
    }
    for (id, count) in [("summary-suppressed", report.suppressed.len()), ("summary-known", report.known)] {
        if count > 0 {
            text.push_str(&context.texts.message(id, &Args::new().number("count", count)));
            text.push('\n');
        }
    }
    for (_, line) in verdict(report, context) {
        text.push_str(&line);
        text.push('\n');
    }
    out.write_all(text.as_bytes())
}

fn of_finding(finding: &Finding, context: &Context<'_>, text: &mut String) {
    let texts = context.texts.finding(finding);
    let command = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    };
    let location = &finding.location;
    let mut body = texts.message.into_owned();
    if let Some(fix) = &texts.fix {
        let _ = write!(body, "\n{}: {fix}", context.texts.message("label-fix", &Args::new()));
    }
    let is_rendered = context.rendered.contains_key(&location.path);
    if is_rendered {
        let (line, column) = (location.start.line, location.start.column);
        let _ = write!(body, "\n{}:{line}:{column}", context.shown(&location.path));
    }
    let line = if is_rendered { 1 } else { location.start.line };
    let _ = write!(text, "::{command} file={},line={line}", file(context.file_of(&location.path)));
    if is_rendered {
        // Lines of a rendered text are none of the file.
    } else if location.end.line == location.start.line {
        // GitHub refuses columns on annotations of several lines.
        let last = location.end.column.saturating_sub(1).max(location.start.column);
        let _ = write!(text, ",col={},endColumn={last}", location.start.column);
    } else if location.end.line > location.start.line {
        let _ = write!(text, ",endLine={}", location.end.line);
    }
    let title =
        format!("{} [{}, {}]", texts.title, rule_name(finding), context.texts.severity(finding.severity));
    let _ = writeln!(text, ",title={}::{}", property(&title), data(&body));
}

fn of_problem(problem: &Problem, command: &str, context: &Context<'_>, text: &mut String) {
    let texts = context.texts.problem(problem);
    let _ = write!(text, "::{command} file={}", file(context.file_of(&problem.path)));
    if let Some(position) = problem.position.filter(|_| !context.rendered.contains_key(&problem.path)) {
        let _ = write!(text, ",line={},col={}", position.line, position.column);
    }
    let body = match &texts.detail {
        Some(detail) => format!("{detail}\n{}", texts.help),
        None => texts.help.into_owned(),
    };
    let _ = writeln!(text, ",title={}::{}", property(&texts.title), data(&body));
}

/// Text after the `::`.
fn data(text: &str) -> String {
    escaped(text, "")
}

/// The path as the repository names the file.
fn file(path: &str) -> String {
    property(path.strip_prefix("./").unwrap_or(path))
}

/// A value before it, where colon and comma have a meaning.
fn property(text: &str) -> String {
    escaped(text, ":,")
}

fn escaped(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '%' | '\r' | '\n') || also.contains(c) {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else if is_hidden(c) {
            push_escaped(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_command() {
        assert_eq!(data("a\n::error::b 100%"), "a%0A::error::b 100%25");
        assert_eq!(property("a,b:c\r\n"), "a%2Cb%3Ac%0D%0A");
        assert_eq!(property("a\u{1b}"), "a\\u{1b}");
    }
}

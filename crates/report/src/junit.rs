//! The report for build servers that show test results.
//!
//! A file is a test suite, a finding a failed test, something that could not be judged a test that broke; a finding
//! that was accepted and a document that is not a Kubernetes object are skipped ones. JUnit's XML has no standard; this is the part that
//! Jenkins, GitLab and GitHub actions read alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use haechi_model::{Finding, Problem, ScanReport, Suppressed};

use crate::table::rule_name;
use crate::xml::{attribute, escaped};
use crate::{Args, Context};

/// Writes the report as JUnit XML.
pub fn write_junit(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for finding in &report.findings {
        suites.entry(&finding.location.path).or_default().findings.push(finding);
    }
    for suppressed in &report.suppressed {
        suites.entry(&suppressed.finding.location.path).or_default().accepted.push(suppressed);
    }
    for problem in &report.problems {
        suites.entry(&problem.path).or_default().problems.push(problem);
    }
    let broken = report.problems.iter().filter(|problem| problem.kind.is_incomplete()).count();
    let nothing = report.counts.objects == 0;
    // A build server takes a report without tests for a mistake, or worse for a success.
    let has_verdict = suites.is_empty() || nothing;
    let skipped = report.suppressed.len() + report.problems.len() - broken;
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"haechi\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{skipped}\"{}>",
        report.findings.len() + report.suppressed.len() + report.problems.len() + usize::from(has_verdict),
        report.findings.len(),
        broken + usize::from(nothing),
        time(context),
    );
    if has_verdict {
        verdict(nothing, context, &mut text);
    }
    for (path, suite) in suites {
        suite.write(path, context, &mut text);
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes())
}

fn time(context: &Context<'_>) -> String {
    context.time.map(|time| format!(" timestamp=\"{}\"", attribute(time))).unwrap_or_default()
}

fn verdict(nothing: bool, context: &Context<'_>, text: &mut String) {
    let name = context.texts.message("junit-scan", &Args::new());
    let _ = writeln!(
        text,
        "  <testsuite name=\"haechi\" tests=\"1\" failures=\"0\" errors=\"{}\" skipped=\"0\">",
        u8::from(nothing)
    );
    if nothing {
        let message = context.texts.message("verdict-nothing", &Args::new());
        let _ = writeln!(
            text,
            "    <testcase name=\"{}\" classname=\"haechi\">\n      <error message=\"{}\" type=\"nothing-scanned\"/>\n    </testcase>",
            attribute(&name),
            attribute(&message)
        );
    } else {
        let _ = writeln!(text, "    <testcase name=\"{}\" classname=\"haechi\"/>", attribute(&name));
    }
    text.push_str("  </testsuite>\n");
}

#[derive(Debug, Default)]
struct Suite<'r> {
    findings: Vec<&'r Finding>,
    accepted: Vec<&'r Suppressed>,
    problems: Vec<&'r Problem>,
}

impl Suite<'_> {
    fn write(&self, path: &str, context: &Context<'_>, text: &mut String) {
        let broken = self.problems.iter().filter(|problem| problem.kind.is_incomplete()).count();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{broken}\" skipped=\"{}\">",
            attribute(path),
            self.findings.len() + self.accepted.len() + self.problems.len(),
            self.findings.len(),
            self.accepted.len() + self.problems.len() - broken,
        );
        for finding in &self.findings {
            failure(finding, context, text);
        }
        for suppressed in &self.accepted {
            accepted(suppressed, context, text);
        }
        for problem in &self.problems {
            broken_test(problem, context, text);
        }
        text.push_str("  </testsuite>\n");
    }
}

fn failure(finding: &Finding, context: &Context<'_>, text: &mut String) {
    let texts = context.texts.finding(finding);
    let place = format!(
        "{}:{}:{}",
        context.shown(&finding.location.path),
        finding.location.start.line,
        finding.location.start.column
    );
    let mut body = format!("{place}\n[{}] {}", context.texts.severity(finding.severity), texts.title);
    for (label, paragraph) in [("label-why", &texts.why), ("label-fix", &texts.fix)] {
        if let Some(paragraph) = paragraph {
            let _ = write!(body, "\n{}: {paragraph}", context.texts.message(label, &Args::new()));
        }
    }
    let _ = writeln!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>",
        attribute(&test_name(finding)),
        attribute(&finding.location.path),
        attribute(context.file_of(&finding.location.path)),
        line(finding, context),
        attribute(&texts.message),
        finding.severity,
        escaped(&body),
    );
}

/// Lines of a rendered text are none of the file that stands for it.
fn line(finding: &Finding, context: &Context<'_>) -> u32 {
    let is_rendered = context.rendered.contains_key(&finding.location.path);
    if is_rendered { 1 } else { finding.location.start.line }
}

fn test_name(finding: &Finding) -> String {
    format!("{}: {} {}", rule_name(finding), finding.resource, finding.location.json_path)
}

fn accepted(suppressed: &Suppressed, context: &Context<'_>, text: &mut String) {
    let finding = &suppressed.finding;
    let args = Args::new().text("reason", suppressed.reason.as_str());
    let _ = writeln!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\">\n      <skipped message=\"{}\"/>\n    </testcase>",
        attribute(&test_name(finding)),
        attribute(&finding.location.path),
        attribute(context.file_of(&finding.location.path)),
        line(finding, context),
        attribute(&context.texts.message("accepted-because", &args)),
    );
}

fn broken_test(problem: &Problem, context: &Context<'_>, text: &mut String) {
    let texts = context.texts.problem(problem);
    let place = problem.position.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
    let message = match &texts.detail {
        Some(detail) => format!("{}: {detail}", texts.title),
        None => texts.title.clone().into_owned(),
    };
    let kind = problem.kind.as_str();
    let _ = writeln!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\">",
        attribute(&format!("{kind}{place}")),
        attribute(&problem.path)
    );
    let _ = if problem.kind.is_incomplete() {
        writeln!(
            text,
            "      <error message=\"{}\" type=\"{kind}\">{}</error>",
            attribute(&message),
            escaped(&format!("{}{place}\n{}", problem.path, texts.help))
        )
    } else {
        writeln!(text, "      <skipped message=\"{}\"/>", attribute(&message))
    };
    text.push_str("    </testcase>\n");
}

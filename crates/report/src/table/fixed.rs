//! What was fixed, finding by finding, and what that may change.

use std::collections::BTreeSet;

use haechi_model::ScanReport;

use super::page::{Page, Tone};
use super::rule_name;
use crate::visible::visible;
use crate::{Args, Context};

/// The findings that are gone, by file. What an unsafe fix may change is told once for each rule.
pub(super) fn fixed(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    if report.fixed.is_empty() {
        return;
    }
    let texts = context.texts;
    let is_planned = context.fixing.is_some_and(|fixing| fixing.planned);
    let heading = if is_planned { "fixed-heading-diff" } else { "fixed-heading" };
    page.styled(Tone::Strong, &texts.message(heading, &Args::new()));
    page.blank();
    let mut told = BTreeSet::new();
    for file in report.fixed.chunk_by(|one, other| one.location.path == other.location.path) {
        for (at, finding) in file.iter().enumerate() {
            let location = &finding.location;
            if at == 0 {
                page.styled(Tone::Plain, &format!("  {}", visible(&location.path)));
            }
            let message = texts.finding(finding).message;
            let name = rule_name(finding);
            let (line, column) = (location.start.line, location.start.column);
            page.prose(4, &format!("{line}:{column} {message} [{name}]"));
            if let Some(risk) = texts.fix_risk(finding).filter(|_| told.insert(name.into_owned())) {
                let label = texts.message("fixed-unsafe", &Args::new());
                page.prose(6, &format!("{label}: {risk}"));
            }
        }
        page.blank();
    }
}

/// What could be fixed, or was.
pub(super) fn counts(report: &ScanReport, context: &Context<'_>, page: &mut Page) {
    let texts = context.texts;
    let (safe, not_safe) = report.fixable();
    let (safe, not_safe) = match context.fixing {
        None => (safe, not_safe),
        Some(fixing) => {
            let files: BTreeSet<&str> =
                report.fixed.iter().map(|finding| finding.location.path.as_ref()).collect();
            let id = match (report.fixed.is_empty(), fixing.planned) {
                (true, _) => "summary-nothing-fixed",
                (false, true) => "summary-would-be-fixed",
                (false, false) => "summary-fixed",
            };
            let args = Args::new().number("count", report.fixed.len()).number("files", files.len());
            if !(report.fixed.is_empty() && report.findings.is_empty()) {
                page.prose(2, &texts.message(id, &args));
            }
            // What this run could fix and did not is told as a problem.
            (0, if fixing.with_unsafe { 0 } else { not_safe })
        }
    };
    for (id, count) in [("summary-fixable", safe), ("summary-fixable-unsafe", not_safe)] {
        if count > 0 {
            page.prose(2, &texts.message(id, &Args::new().number("count", count)));
        }
    }
}

//! The report for spreadsheets (RFC 4180).

use std::io;

use haechi_model::{Finding, ScanReport};

use crate::context::Catalogue;
use crate::json::{source_name, suppression_name};
use crate::visible::{is_hidden, push_escaped};
use crate::{Context, Language};

/// The columns, the same in every language: programs read them too.
const COLUMNS: [&str; 20] = [
    "type",
    "severity",
    "rule",
    "source",
    "title",
    "message",
    "fix",
    "path",
    "line",
    "column",
    "json_path",
    "api_version",
    "kind",
    "namespace",
    "name",
    "peers",
    "fingerprint",
    "time",
    "reason",
    "accepted_by",
];

/// Writes one row per finding and one per problem, under a row of names.
///
/// The first column tells them apart: `finding`, `accepted` (a finding that a suppression accepts, its reason and where
/// that stands in the last columns), `problem` (the result is incomplete), `left-out` (no Kubernetes
/// object), `nothing-scanned`. Cells that a spreadsheet would take for a formula begin with an apostrophe.
pub fn write_csv(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    let catalogue = context.catalogue();
    let time = context.time.unwrap_or_default();
    let mut text = String::new();
    if context.texts.language() == Language::Ko {
        // Excel takes a file without this mark for the system's old code page, and shows no Hangul.
        text.push('\u{feff}');
    }
    row(&mut text, COLUMNS);
    for finding in &report.findings {
        of_finding(finding, ["finding", "", ""], context, &catalogue, &mut text);
        if text.len() > 1 << 16 {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    for suppressed in &report.suppressed {
        let accepted = ["accepted", &suppressed.reason, suppression_name(suppressed.source)];
        of_finding(&suppressed.finding, accepted, context, &catalogue, &mut text);
    }
    for problem in &report.problems {
        let texts = context.texts.problem(problem);
        let (line, column) = problem
            .position
            .map(|position| (position.line.to_string(), position.column.to_string()))
            .unwrap_or_default();
        let kind = if problem.kind.is_incomplete() { "problem" } else { "left-out" };
        row(
            &mut text,
            [
                kind,
                "",
                problem.kind.as_str(),
                "",
                &texts.title,
                texts.detail.as_deref().unwrap_or_default(),
                &texts.help,
                &problem.path,
                &line,
                &column,
                "",
                "",
                "",
                "",
                "",
                "",
                "",
                time,
                "",
                "",
            ],
        );
    }
    if report.counts.objects == 0 {
        let message = context.texts.message("verdict-nothing", &crate::Args::new());
        let mut cells = [""; COLUMNS.len()];
        let [kind, _, _, _, _, said, ..] = &mut cells;
        *kind = "nothing-scanned";
        *said = &message;
        row(&mut text, cells);
    }
    out.write_all(text.as_bytes())
}

fn of_finding(
    finding: &Finding,
    [kind, reason, accepted_by]: [&str; 3],
    context: &Context<'_>,
    catalogue: &Catalogue<'_>,
    text: &mut String,
) {
    let texts = context.texts.finding(finding);
    let peers = catalogue.get(&finding.rule).map_or(&[][..], |rule| rule.peers);
    let peers: Vec<String> = peers.iter().map(|peer| format!("{}:{}", peer.peer, peer.id)).collect();
    row(
        text,
        [
            kind,
            finding.severity.as_str(),
            &finding.rule,
            source_name(finding.source),
            &texts.title,
            &texts.message,
            texts.fix.as_deref().unwrap_or_default(),
            &finding.location.path,
            &finding.location.start.line.to_string(),
            &finding.location.start.column.to_string(),
            &finding.location.json_path,
            &finding.resource.api_version,
            &finding.resource.kind,
            finding.resource.namespace.as_deref().unwrap_or_default(),
            &finding.resource.name,
            &peers.join(" "),
            &finding.fingerprint.to_string(),
            context.time.unwrap_or_default(),
            reason,
            accepted_by,
        ],
    );
}

fn row(text: &mut String, cells: [&str; COLUMNS.len()]) {
    for (at, value) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        cell(text, value);
    }
    text.push_str("\r\n");
}

fn cell(text: &mut String, value: &str) {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let has_special = value.contains(|c: char| matches!(c, '"' | ',' | '\'') || is_hidden(c));
    if !is_formula && !has_special {
        text.push_str(value);
        return;
    }
    text.push('"');
    if is_formula {
        text.push('\'');
    }
    for c in value.chars() {
        match c {
            '"' => text.push_str("\"\""),
            '\n' => text.push(' '),
            c if is_hidden(c) => push_escaped(c, text),
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> String {
        let mut text = String::new();
        cell(&mut text, value);
        text
    }

    #[test]
    fn cells_are_quoted_where_needed() {
        assert_eq!(one("a b"), "a b");
        assert_eq!(one("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(one("a\n\nb\u{1b}\r"), "\"a  b\\u{1b}\\r\"");
    }

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1"] {
            assert!(one(formula).starts_with("\"'"), "{formula:?}");
        }
        assert_eq!(one("-"), "\"'-\"");
    }
}

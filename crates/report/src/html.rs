//! The report as one page that needs nothing else: no script, no other file, no network.
//!
//! The page says first what the result is worth and what could not be judged, then which rules are broken and why
//! that matters (once for each rule), then where, file by file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use haechi_model::{Finding, Problem, RuleSource, ScanReport, Severity};

use crate::group::{Section, sections};
use crate::source_line::SourceLine;
use crate::table::{Files, by_rule, rule_name, severity_names, verdict};
use crate::texts::RuleText;
use crate::xml::{attribute, escaped};
use crate::{Args, Context, GroupBy};

const STYLE: &str = include_str!("html/style.css");

/// Writes the report as an HTML page.
pub fn write_html(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    let mut page =
        Html { context, text: String::new(), names: severity_names(context.texts), files: Files::default() };
    page.head();
    page.verdict(report);
    page.problems(report, true);
    page.rules(report);
    page.flush(out)?;
    if !report.findings.is_empty() {
        page.heading(match context.group_by {
            GroupBy::File => "html-findings",
            GroupBy::Namespace => "html-findings-namespace",
            GroupBy::Check => "html-findings-check",
            GroupBy::Owner => "html-findings-owner",
        });
    }
    for section in sections(report, context.group_by, context.texts) {
        page.section(&section);
        page.flush(out)?;
    }
    page.accepted(report);
    page.problems(report, false);
    page.foot();
    page.flush(out)
}

struct Html<'c> {
    context: &'c Context<'c>,
    text: String,
    names: BTreeMap<Severity, String>,
    files: Files,
}

impl Html<'_> {
    fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    fn add(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn message(&self, id: &str) -> String {
        escaped(&self.context.texts.message(id, &Args::new())).into_owned()
    }

    fn heading(&mut self, id: &str) {
        let heading = self.message(id);
        self.add(&["<h2>", &heading, "</h2>\n"]);
    }

    fn head(&mut self) {
        let language = self.context.texts.language().as_str();
        let title = self.message("html-title");
        self.add(&[
            "<!doctype html>\n<html lang=\"",
            language,
            "\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
            &title,
            "</title>\n<style>\n",
            STYLE,
            "</style>\n</head>\n<body>\n<main>\n<h1>",
            &title,
            "</h1>\n",
        ]);
    }

    fn verdict(&mut self, report: &ScanReport) {
        let class = match (report.is_complete(), report.findings.iter().map(|finding| finding.severity).max())
        {
            (false, _) => "incomplete",
            (true, Some(Severity::Critical | Severity::High)) => "bad",
            (true, Some(_)) => "fair",
            (true, None) => "good",
        };
        self.add(&["<div class=\"verdict ", class, "\">\n"]);
        for (_, line) in verdict(report, self.context) {
            self.add(&["<p>", &escaped(&line), "</p>\n"]);
        }
        self.text.push_str("</div>\n");
        let counts = report.counts;
        let args = Args::new()
            .number("files", counts.files)
            .number("objects", counts.objects)
            .number("rules", counts.rules);
        let scope = self.context.texts.message("summary-scope", &args);
        self.add(&["<p class=\"scope\">", &escaped(&scope), "</p>\n"]);
        for (id, count) in [("summary-suppressed", report.suppressed.len()), ("summary-known", report.known)]
        {
            if count > 0 {
                let line = self.context.texts.message(id, &Args::new().number("count", count));
                self.add(&["<p class=\"scope\">", &escaped(&line), "</p>\n"]);
            }
        }
        if self.context.hidden > 0 {
            let args = Args::new().number("count", self.context.hidden);
            let hidden = self.context.texts.message("summary-hidden", &args);
            self.add(&["<p class=\"scope\">", &escaped(&hidden), "</p>\n"]);
        }
        if report.findings.is_empty() {
            return;
        }
        self.text.push_str("<ul class=\"counts\">\n");
        for severity in Severity::ALL.into_iter().rev() {
            let count = report.findings.iter().filter(|finding| finding.severity == severity).count();
            let class = if count == 0 { " none" } else { "" };
            let name = self.names.get(&severity).map_or("", String::as_str);
            let _ =
                writeln!(self.text, "<li class=\"{severity}{class}\"><b>{count}</b> {}</li>", escaped(name));
        }
        self.text.push_str("</ul>\n");
    }

    fn badge(&mut self, severity: Severity) {
        let name = self.names.get(&severity).map_or("", String::as_str);
        let _ = write!(self.text, "<span class=\"badge {severity}\">{}</span> ", escaped(name));
    }

    /// Every broken rule once, with its reason.
    fn rules(&mut self, report: &ScanReport) {
        let mut rules: BTreeMap<(RuleSource, &str), (usize, &Finding)> = BTreeMap::new();
        for finding in &report.findings {
            let entry = rules.entry((finding.source, &finding.rule)).or_insert((0, finding));
            entry.0 += 1;
            if finding.severity > entry.1.severity {
                entry.1 = finding;
            }
        }
        if rules.is_empty() {
            return;
        }
        let mut rules: Vec<(usize, &Finding)> = rules.into_values().collect();
        rules.sort_by_key(|(count, finding)| {
            (std::cmp::Reverse(finding.severity), std::cmp::Reverse(*count), finding.rule.clone())
        });
        let catalogue = self.context.catalogue();
        self.heading("html-rules");
        for (count, finding) in rules {
            let text = self.context.texts.general(finding.source, &finding.rule);
            let name = rule_name(finding).into_owned();
            self.add(&["<section class=\"rule\" id=\"", &anchor(&name), "\">\n<h3>"]);
            self.badge(finding.severity);
            self.add(&[&escaped(&text.title), " <code>", &escaped(&name), "</code>"]);
            let _ = writeln!(self.text, " <span class=\"count\">{count}</span></h3>");
            if let Some(why) = &text.why {
                self.paragraph(why);
            }
            let references = catalogue.get(&finding.rule).map_or(&[][..], |rule| rule.references);
            if !references.is_empty() {
                self.text.push_str("<ul class=\"references\">\n");
                for reference in references {
                    self.reference(reference);
                }
                self.text.push_str("</ul>\n");
            }
            self.text.push_str("</section>\n");
        }
    }

    fn reference(&mut self, address: &str) {
        let shown = escaped(address).into_owned();
        if address.starts_with("https://") {
            let target = attribute(address);
            self.add(&["<li><a rel=\"noreferrer\" href=\"", &target, "\">", &shown, "</a></li>\n"]);
        } else {
            self.add(&["<li>", &shown, "</li>\n"]);
        }
    }

    fn section(&mut self, section: &Section<'_>) {
        self.text.push_str("<section class=\"file\">\n");
        if let Some(heading) = &section.heading {
            let class = if self.context.group_by == GroupBy::File { " class=\"path\"" } else { "" };
            self.add(&["<h3", class, ">", &attribute(&self.context.shown(heading)), "</h3>\n"]);
        }
        for (_, group) in by_rule(&section.findings) {
            self.group(&group);
        }
        self.text.push_str("</section>\n");
    }

    fn group(&mut self, group: &[&Finding]) {
        let texts: Vec<RuleText<'_>> =
            group.iter().map(|finding| self.context.texts.finding(finding)).collect();
        let (Some(first), Some(text)) = (group.first(), texts.first()) else { return };
        let name = rule_name(first).into_owned();
        self.text.push_str("<div class=\"group\">\n<h4>");
        self.badge(first.severity);
        self.add(&["<a href=\"#", &anchor(&name), "\">", &escaped(&text.title), "</a></h4>\n"]);
        let fix = text.fix.as_deref().filter(|fix| texts.iter().all(|t| t.fix.as_deref() == Some(fix)));
        for (finding, text) in group.iter().zip(&texts) {
            let source = self.files.get(&finding.location.path, self.context);
            self.place(finding, text, source.as_deref());
            if fix.is_none()
                && let Some(fix) = &text.fix
            {
                self.fix(fix);
            }
        }
        if let Some(fix) = fix {
            self.fix(fix);
        }
        self.text.push_str("</div>\n");
    }

    fn fix(&mut self, fix: &str) {
        let label = self.message("label-fix");
        self.add(&["<p class=\"fix\"><b>", &label, "</b> ", &prose(fix), "</p>\n"]);
    }

    fn paragraph(&mut self, text: &str) {
        for paragraph in text.split("\n\n") {
            self.add(&["<p>", &prose(paragraph), "</p>\n"]);
        }
    }

    fn place(&mut self, finding: &Finding, text: &RuleText<'_>, source: Option<&[u8]>) {
        let start = finding.location.start;
        self.paragraph(&text.message);
        let _ = writeln!(
            self.text,
            "<p class=\"place\">{}:{}:{} <span>{}</span></p>",
            attribute(&self.context.shown(&finding.location.path)),
            start.line,
            start.column,
            attribute(&finding.resource.to_string())
        );
        let Some(line) = source.and_then(|source| SourceLine::around(source, finding.location.span)) else {
            return;
        };
        let Some((before, rest)) = line.text.split_at_checked(line.mark.start) else { return };
        let Some((inside, after)) = rest.split_at_checked(line.mark.len()) else { return };
        let _ = writeln!(
            self.text,
            "<pre><span class=\"line\">{}</span>{}<mark class=\"{}\">{}</mark>{}</pre>",
            start.line,
            escaped(before),
            finding.severity,
            escaped(inside),
            escaped(after)
        );
    }

    /// What somebody accepted, each with the reason.
    fn accepted(&mut self, report: &ScanReport) {
        if report.suppressed.is_empty() {
            return;
        }
        self.heading("html-accepted");
        self.text.push_str("<ul class=\"problems\">\n");
        for suppressed in &report.suppressed {
            let finding = &suppressed.finding;
            let start = finding.location.start;
            let texts = self.context.texts.finding(finding);
            let place = format!(":{}:{}", start.line, start.column);
            let reason = Args::new().text("reason", suppressed.reason.as_str());
            let reason = self.context.texts.message("accepted-because", &reason);
            self.text.push_str("<li>");
            self.badge(finding.severity);
            let path = self.context.shown(&finding.location.path);
            self.add(&["<span class=\"path\">", &attribute(&path), &place, "</span> "]);
            self.add(&[&prose(&texts.message), "<br><small>", &escaped(&reason), "</small></li>\n"]);
        }
        self.text.push_str("</ul>\n");
    }

    /// What was not judged, or what is no Kubernetes object.
    fn problems(&mut self, report: &ScanReport, incomplete: bool) {
        let problems: Vec<&Problem> =
            report.problems.iter().filter(|problem| problem.kind.is_incomplete() == incomplete).collect();
        if problems.is_empty() {
            return;
        }
        self.heading(if incomplete { "problems-incomplete" } else { "problems-left-out" });
        self.text.push_str("<ul class=\"problems\">\n");
        for problem in problems {
            self.problem(problem);
        }
        self.text.push_str("</ul>\n");
    }

    fn problem(&mut self, problem: &Problem) {
        let texts = self.context.texts.problem(problem);
        let place = problem.position.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default();
        self.add(&[
            "<li><span class=\"path\">",
            &attribute(&self.context.shown(&problem.path)),
            &place,
            "</span> ",
        ]);
        self.add(&[&escaped(&texts.title)]);
        if let Some(detail) = &texts.detail {
            self.add(&[": ", &prose(detail)]);
        }
        self.add(&["<br><small>", &prose(&texts.help), "</small></li>\n"]);
    }

    fn foot(&mut self) {
        self.add(&["</main>\n<footer>Haechi ", &attribute(self.context.version)]);
        if let Some(time) = self.context.time {
            let time = attribute(time);
            self.add(&[", <time datetime=\"", &time, "\">", &time, "</time>"]);
        }
        self.text.push_str("</footer>\n</body>\n</html>\n");
    }
}

/// The id of a rule on the page.
fn anchor(rule: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    std::iter::once("rule-".to_owned()).chain(rule.chars().map(|c| safe(c).to_string())).collect()
}

/// Text with what stands between backticks as code.
fn prose(text: &str) -> String {
    let text = escaped(text);
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text.as_ref();
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, more)) = after.split_once('`') else { break };
        out.extend([before, "<code>", code, "</code>"]);
        rest = more;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_become_code() {
        assert_eq!(prose("set `a: <b>` or `c`."), "set <code>a: &lt;b&gt;</code> or <code>c</code>.");
        assert_eq!(prose("one ` only"), "one ` only");
    }

    #[test]
    fn anchors_hold_no_markup() {
        assert_eq!(anchor("pod-security/x\"><b>"), "rule-pod-security_x___b_");
    }
}

//! The report for people at a terminal.
//!
//! Findings stand by file (or by what else was asked for) and, in a file, by rule with the gravest first. The reason of a rule is told where the
//! rule first appears, its remedy in every file: whoever mends a file needs the remedy there, and the same reason
//! five hundred times hides what differs. The summary comes last, where a terminal leaves the reader, and its
//! last lines say what the result is worth.
//!
//! Signs are ASCII throughout: lines and dots of Unicode are one cell wide in some Korean terminals and two in
//! others, and would break the columns.

mod fixed;
mod page;
mod snippet;
mod summary;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use haechi_model::{Finding, RuleSource, ScanReport, Severity};

use crate::group::{Section, sections};
use crate::texts::RuleText;
use crate::visible::visible;
use crate::{Context, Texts};
use page::Labelled;
pub(crate) use page::{Page, Tone};
use snippet::Snippets;
pub(crate) use summary::verdict;

/// Writes the report for people: findings with their source lines, problems, summary.
pub fn write_table(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let context = &context.with(report);
    let mut table = Table::new(context);
    for section in sections(report, context.group_by, context.texts) {
        table.section(&section);
        table.page.flush(out)?;
    }
    fixed::fixed(report, context, &mut table.page);
    summary::problems(report, context, &mut table.page);
    summary::summary(report, context, &mut table.page);
    table.page.flush(out)
}

/// Writes what was fixed, what was not and what more could be, without the findings that are left: beside an output that
/// has no place for it. Where nothing is written, that output is a difference, so what could not be judged is told too.
pub fn write_fixes(report: &ScanReport, context: &Context<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(context.terminal);
    let is_planned = context.fixing.is_some_and(|fixing| fixing.planned);
    fixed::fixed(report, context, &mut page);
    if is_planned {
        summary::problems(report, context, &mut page);
    } else {
        summary::not_fixed(report, context, &mut page);
    }
    fixed::counts(report, context, &mut page);
    if is_planned && !report.is_complete() {
        // The first line counts findings, which are not shown here; but that there is nothing to judge is worth it.
        let skip = usize::from(report.counts.objects > 0);
        for (tone, line) in verdict(report, context).into_iter().skip(skip) {
            page.styled(tone, &line);
        }
    }
    page.flush(out)
}

/// Findings of one rule in one file, with the place of the first.
pub(crate) type Group<'f> = (usize, Vec<&'f Finding>);

struct Table<'c> {
    context: &'c Context<'c>,
    page: Page,
    snippets: Snippets,
    why: String,
    fix: String,
    severities: BTreeMap<Severity, String>,
    explained: BTreeSet<(RuleSource, String)>,
    files: Files,
}

/// The text of the file that was last asked for: findings next to each other are mostly of one file.
#[derive(Default)]
pub(crate) struct Files(Option<File>);

/// A path, and its text where there is one.
type File = (Arc<str>, Option<Arc<[u8]>>);

impl Files {
    pub(crate) fn get(&mut self, path: &Arc<str>, context: &Context<'_>) -> Option<Arc<[u8]>> {
        match &self.0 {
            Some((held, text)) if held == path => text.clone(),
            _ => {
                let text = (context.source)(path);
                self.0 = Some((path.clone(), text.clone()));
                text
            }
        }
    }
}

impl<'c> Table<'c> {
    fn new(context: &'c Context<'c>) -> Self {
        let texts = context.texts;
        let label = |id| texts.message(id, &crate::Args::new());
        Self {
            context,
            page: Page::new(context.terminal),
            snippets: Snippets::new(context.terminal),
            why: label("label-why"),
            fix: label("label-fix"),
            severities: severity_names(texts),
            explained: BTreeSet::new(),
            files: Files::default(),
        }
    }

    fn section(&mut self, section: &Section<'_>) {
        if let Some(heading) = &section.heading {
            self.page.styled(Tone::Strong, &visible(&self.context.shown(heading)));
            self.page.blank();
        }
        for (_, group) in by_rule(&section.findings) {
            self.group(&group);
        }
    }

    fn group(&mut self, group: &[&Finding]) {
        let Some(first) = group.first() else { return };
        let texts: Vec<RuleText<'_>> =
            group.iter().map(|finding| self.context.texts.finding(finding)).collect();
        let Some(text) = texts.first() else { return };
        self.heading(first, text);
        // Where the remedy differs from place to place, each place has its own.
        let fix = text.fix.as_deref().filter(|fix| texts.iter().all(|t| t.fix.as_deref() == Some(fix)));
        for (finding, text) in group.iter().zip(&texts) {
            let source = self.files.get(&finding.location.path, self.context);
            self.place(finding, text, source.as_deref());
            if fix.is_none()
                && let Some(fix) = &text.fix
            {
                self.page.labelled(&Labelled { indent: 4, label: &self.fix, text: fix });
                self.page.blank();
            }
        }
        let key = (first.source, first.rule.clone().into_owned());
        let why = text.why.as_deref().filter(|_| self.explained.insert(key));
        if let Some(why) = why {
            self.page.labelled(&Labelled { indent: 4, label: &self.why, text: why });
        }
        if let Some(fix) = fix {
            self.page.labelled(&Labelled { indent: 4, label: &self.fix, text: fix });
        }
        if why.is_some() || fix.is_some() {
            self.page.blank();
        }
    }

    fn heading(&mut self, finding: &Finding, text: &RuleText<'_>) {
        let severity = self.severities.get(&finding.severity).map_or("", String::as_str);
        self.page.push("  ");
        self.page.styled_part(Tone::of(finding.severity), severity);
        self.page.push("  ");
        self.page.styled_part(Tone::Strong, &visible(&text.title));
        self.page.push(" ");
        self.page.styled_part(Tone::Quiet, &format!("[{}]", visible(&rule_name(finding))));
        self.page.blank();
    }

    fn place(&mut self, finding: &Finding, text: &RuleText<'_>, source: Option<&[u8]>) {
        let location = &finding.location;
        self.page.prose(4, &text.message);
        self.page.push("    ");
        self.page.styled_part(Tone::Quiet, "-->");
        self.page.push(&format!(
            " {}:{}:{}  ",
            visible(&self.context.shown(&location.path)),
            location.start.line,
            location.start.column
        ));
        self.page.styled_part(Tone::Quiet, &visible(&finding.resource.to_string()));
        self.page.blank();
        if let Some(lines) = source.and_then(|source| self.snippets.render(source, finding)) {
            for line in lines.lines().skip(1) {
                self.page.push("    ");
                self.page.push(line);
                self.page.blank();
            }
        }
        self.page.blank();
    }
}

/// Findings of one section by rule and severity: the gravest first, then by place.
pub(crate) fn by_rule<'f>(findings: &[&'f Finding]) -> Vec<Group<'f>> {
    let mut groups: BTreeMap<(std::cmp::Reverse<Severity>, RuleSource, &str), Group<'_>> = BTreeMap::new();
    for (at, &finding) in findings.iter().enumerate() {
        let key = (std::cmp::Reverse(finding.severity), finding.source, finding.rule.as_ref());
        groups.entry(key).or_insert_with(|| (at, Vec::new())).1.push(finding);
    }
    let mut sorted: Vec<_> = groups.into_iter().collect();
    sorted.sort_by_key(|((severity, _, _), (at, _))| (*severity, *at));
    sorted.into_iter().map(|(_, group)| group).collect()
}

/// What a finding's rule is called where rules of several engines stand side by side.
pub(crate) fn rule_name(finding: &Finding) -> Cow<'_, str> {
    match finding.source {
        RuleSource::Check => Cow::Borrowed(&finding.rule),
        RuleSource::PodSecurity => Cow::Owned(format!("pod-security/{}", finding.rule)),
        RuleSource::Policy => Cow::Owned(format!("policy/{}", finding.rule)),
    }
}

pub(crate) fn severity_names(texts: &Texts) -> BTreeMap<Severity, String> {
    Severity::ALL.into_iter().map(|severity| (severity, texts.severity(severity))).collect()
}

//! What there is to know of a rule.

use std::borrow::Cow;
use std::io;

use haechi_model::{PeerId, RuleInfo};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::json::Peer;
use crate::json_text::write_pretty;
use crate::table::{Page, Tone, severity_names};
use crate::visible::visible;
use crate::{Args, Terminal, Texts};

/// Writes title, severity, reason, remedy, references and the names of a rule in other tools.
pub fn write_explain(
    rule: &RuleInfo,
    texts: &Texts,
    terminal: Terminal,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let label = |id: &str| texts.message(id, &Args::new());
    let text = texts.rule(rule);
    let mut page = Page::new(terminal);
    page.styled_part(Tone::Strong, &text.title);
    page.push(" ");
    page.styled(Tone::Quiet, &format!("[{}]", rule.slug));
    page.blank();
    let rows = [
        ("label-severity", texts.severity(rule.severity), Tone::of(rule.severity)),
        ("label-area", rule.area.to_owned(), Tone::Plain),
        ("label-since", rule.since.to_owned(), Tone::Plain),
    ];
    let widest = rows.iter().map(|(id, _, _)| label(id).width()).max().unwrap_or_default();
    for (id, value, tone) in rows {
        page.push("  ");
        page.cell(Tone::Plain, &label(id), widest + 2);
        page.styled(tone, &value);
    }
    if rule.preview {
        page.prose(2, &label("label-preview"));
    }
    for (id, paragraph) in [("label-why", &text.why), ("label-fix", &text.fix)] {
        if let Some(paragraph) = paragraph {
            page.blank();
            page.styled(Tone::Strong, &label(id));
            page.prose(2, paragraph);
        }
    }
    if !rule.references.is_empty() {
        page.blank();
        page.styled(Tone::Strong, &label("label-references"));
        for reference in rule.references {
            page.push("  ");
            page.styled(Tone::Plain, &visible(reference));
        }
    }
    if !rule.peers.is_empty() {
        page.blank();
        page.styled(Tone::Strong, &label("label-elsewhere"));
        let widest = rule.peers.iter().map(|peer| peer.peer.width()).max().unwrap_or_default();
        for (peer, ids) in by_peer(rule.peers) {
            page.push("  ");
            page.cell(Tone::Plain, peer, widest + 2);
            page.styled(Tone::Plain, &ids.join(", "));
        }
    }
    page.flush(out)
}

/// The ids of each other tool, in the order of the rule.
fn by_peer(peers: &[PeerId]) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut tools: Vec<(&str, Vec<&str>)> = Vec::new();
    for peer in peers {
        match tools.iter_mut().find(|(tool, _)| *tool == peer.peer) {
            Some((_, ids)) => ids.push(peer.id),
            None => tools.push((peer.peer, vec![peer.id])),
        }
    }
    tools
}

/// Writes one line per rule: severity, area, slug, title; in the order given.
pub fn write_rule_list(
    rules: &[RuleInfo],
    texts: &Texts,
    terminal: Terminal,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let severities = severity_names(texts);
    let mut page = Page::new(terminal);
    let widest = |column: &dyn Fn(&RuleInfo) -> usize, heading: &str| {
        rules.iter().map(column).chain([heading.width()]).max().unwrap_or_default() + 2
    };
    let heading = |id: &str| texts.message(id, &Args::new());
    let name = |rule: &RuleInfo| severities.get(&rule.severity).map_or("", String::as_str);
    let headings =
        [heading("label-severity"), heading("label-area"), heading("label-rule"), heading("label-title")];
    let [severity, area, slug, title] = &headings;
    let severity_cells = widest(&|rule| name(rule).width(), severity);
    let area_cells = widest(&|rule| rule.area.width(), area);
    let slug_cells = widest(&|rule| rule.slug.width(), slug);
    page.cell(Tone::Quiet, severity, severity_cells);
    page.cell(Tone::Quiet, area, area_cells);
    page.cell(Tone::Quiet, slug, slug_cells);
    page.styled(Tone::Quiet, title);
    for rule in rules {
        page.cell(Tone::of(rule.severity), name(rule), severity_cells);
        page.cell(Tone::Plain, rule.area, area_cells);
        page.cell(Tone::Plain, rule.slug, slug_cells);
        page.styled(Tone::Plain, &texts.rule(rule).title);
    }
    page.flush(out)
}

/// The name and version of the format of the list of rules.
const RULES_SCHEMA: &str = "haechi.rules/v1";

#[derive(Serialize)]
struct RuleList<'r> {
    schema: &'static str,
    language: &'static str,
    rules: Vec<WireRule<'r>>,
}

#[derive(Serialize)]
struct WireRule<'r> {
    slug: &'r str,
    area: &'r str,
    severity: &'static str,
    title: Cow<'r, str>,
    why: Option<Cow<'r, str>>,
    since: &'r str,
    preview: bool,
    references: &'r [&'r str],
    peers: Vec<Peer<'r>>,
}

/// Writes the rules as one JSON object, in the order given.
pub fn write_rule_list_json(rules: &[RuleInfo], texts: &Texts, out: &mut dyn io::Write) -> io::Result<()> {
    let list = RuleList {
        schema: RULES_SCHEMA,
        language: texts.language().as_str(),
        rules: rules
            .iter()
            .map(|rule| {
                let text = texts.rule(rule);
                WireRule {
                    slug: rule.slug,
                    area: rule.area,
                    severity: rule.severity.as_str(),
                    title: text.title,
                    why: text.why,
                    since: rule.since,
                    preview: rule.preview,
                    references: rule.references,
                    peers: rule.peers.iter().map(Peer::of).collect(),
                }
            })
            .collect(),
    };
    write_pretty(&list, out)
}

//! Connections and their changes as text, JSON, CSV, Markdown and Graphviz dot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::diff::{Change, ChangeKind};
use crate::list::{End, Row};

/// `source => destination : connections`, one line each.
pub fn text(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = write!(out, "{} => {} : {}", row.from, row.to, row.text);
        if let Some(unknown) = &row.unknown {
            let _ = write!(out, " (unknown: {unknown})");
        }
        out.push('\n');
    }
    out
}

/// One connection as JSON has it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct JsonRow {
    /// Source.
    pub src: String,
    /// Destination.
    pub dst: String,
    /// What surely passes.
    pub conn: String,
    /// What perhaps passes besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// A list of objects with `src`, `dst` and `conn`, and `unknown` where something is uncertain.
pub fn json(rows: &[Row]) -> Vec<JsonRow> {
    let row = |row: &Row| JsonRow {
        src: row.from.to_string(),
        dst: row.to.to_string(),
        conn: row.text.clone(),
        unknown: row.unknown.clone(),
    };
    rows.iter().map(row).collect()
}

/// Comma-separated values with a header.
pub fn csv(rows: &[Row]) -> String {
    let mut table = vec![vec!["src".to_owned(), "dst".to_owned(), "conn".to_owned()]];
    let has_unknown = rows.iter().any(|row| row.unknown.is_some());
    if let (true, Some(header)) = (has_unknown, table.first_mut()) {
        header.push("unknown".to_owned());
    }
    for row in rows {
        let mut fields = vec![row.from.to_string(), row.to.to_string(), row.text.clone()];
        if has_unknown {
            fields.push(row.unknown.clone().unwrap_or_default());
        }
        table.push(fields);
    }
    csv_table(&table)
}

/// Rows of fields as RFC 4180 has them, with bare line feeds.
pub fn csv_table(table: &[Vec<String>]) -> String {
    let mut out = String::new();
    for row in table {
        for (index, field) in row.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            // A spreadsheet would take a field that begins so for a formula.
            let is_formula = field.starts_with(['=', '+', '-', '@']);
            if field.contains([',', '"', '\n', '\r']) || is_formula || field.starts_with(' ') {
                let _ = write!(out, "\"{}\"", field.replace('"', "\"\""));
            } else {
                out.push_str(field);
            }
        }
        out.push('\n');
    }
    out
}

/// A Markdown table.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from("| src | dst | conn |\n|-----|-----|------|\n");
    for row in rows {
        let conn = match &row.unknown {
            None => row.text.clone(),
            Some(unknown) => format!("{} (unknown: {unknown})", row.text),
        };
        let _ = writeln!(out, "| {} | {} | {conn} |", row.from, row.to);
    }
    out
}

/// A text in quotes as dot wants it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Nodes of a graph grouped by namespace.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_namespace: BTreeMap<String, BTreeSet<String>>,
    pub(crate) outside: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Groups {
    pub(crate) fn add(&mut self, end: &End, color: Option<&str>) {
        self.add_in(end, color, "[namespace]", "");
    }

    /// As [`Groups::add`], with another mark on the namespace and something after the node's id.
    pub(crate) fn add_in(&mut self, end: &End, color: Option<&str>, mark: &str, suffix: &str) {
        if !self.seen.insert(end.to_string()) {
            return;
        }
        let id = quoted(&format!("{end}{suffix}"));
        match end {
            End::Workload { namespace, name, kind } => {
                let color = color.unwrap_or("blue");
                let label = quoted(&format!("{name}[{kind}]"));
                let line = format!("\t\t{id} [label={label} color=\"{color}\" fontcolor=\"{color}\"]");
                self.by_namespace.entry(format!("{namespace}{mark}")).or_default().insert(line);
            }
            _ => {
                let is_address = matches!(end, End::Range(_) | End::Name(_));
                let color = color.unwrap_or(if is_address { "red2" } else { "blue" });
                self.outside.insert(format!("\t{id} [label={id} color=\"{color}\" fontcolor=\"{color}\"]"));
            }
        }
    }

    pub(crate) fn add_line(&mut self, namespace: String, line: String) {
        self.by_namespace.entry(namespace).or_default().insert(line);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_namespace.is_empty()
    }

    pub(crate) fn write(&self, color: &str, lines: &mut Vec<String>) {
        for (namespace, nodes) in &self.by_namespace {
            // Dashes are not allowed in the names of subgraphs.
            lines.push(format!(
                "\tsubgraph {} {{",
                quoted(&format!("cluster_{}", namespace.replace('-', "_")))
            ));
            lines.push(format!("\t\tcolor=\"{color}\""));
            lines.push(format!("\t\tfontcolor=\"{color}\""));
            lines.extend(nodes.iter().cloned());
            lines.push(format!("\t\tlabel={}", quoted(namespace)));
            lines.push("\t}".to_owned());
        }
    }
}

pub(crate) fn edge(from: &str, to: &str, label: &str, color: &str, font: &str) -> String {
    // A weight that depends on the direction keeps the layout from flipping back and forth.
    let weight = if from <= to { "0.5" } else { "1" };
    format!(
        "\t{} -> {} [label={} color=\"{color}\" fontcolor=\"{font}\" weight={weight}]",
        quoted(from),
        quoted(to),
        quoted(label)
    )
}

/// A Graphviz graph: workloads grouped by namespace, connections as edges. `ends` are shown even without edges.
pub fn dot(rows: &[Row], ends: &[End]) -> String {
    dot_with(rows, ends, &|_| None)
}

/// As [`dot`], with something more to tell of a row in brackets.
pub fn dot_with(rows: &[Row], ends: &[End], more: &dyn Fn(&Row) -> Option<String>) -> String {
    let mut groups = Groups::default();
    let mut edges = Vec::new();
    for row in rows {
        groups.add(&row.from, None);
        groups.add(&row.to, None);
        let label = match &row.unknown {
            None => row.text.clone(),
            Some(unknown) => format!("{} (unknown: {unknown})", row.text),
        };
        let label = match more(row) {
            Some(more) => format!("{label} [{more}]"),
            None => label,
        };
        edges.push(edge(&row.from.to_string(), &row.to.to_string(), &label, "gold2", "darkgreen"));
    }
    ends.iter().for_each(|end| groups.add(end, None));
    edges.sort();
    let mut lines = vec!["digraph {".to_owned()];
    groups.write("black", &mut lines);
    lines.extend(groups.outside.iter().cloned());
    lines.extend(edges);
    lines.push("}".to_owned());
    lines.join("\n")
}

const DIFF_HEADER: [&str; 6] = ["diff-type", "source", "destination", "ref1", "ref2", "workloads-diff-info"];

fn diff_info(change: &Change) -> String {
    let mut names = Vec::new();
    if change.is_from_new_or_lost {
        names.push(change.from.to_string());
    }
    if change.is_to_new_or_lost {
        names.push(change.to.to_string());
    }
    if names.is_empty() {
        return String::new();
    }
    format!("workload {} {}", names.join(" and "), change.kind.as_str())
}

/// The lines of a diff in the order in which they are shown: those of policies before those of the ingress
/// controller, changed before added before removed; each group sorted.
fn diff_lines(changes: &[Change], line: impl Fn(&Change) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for is_ingress in [false, true] {
        for kind in [ChangeKind::Changed, ChangeKind::Added, ChangeKind::Removed] {
            let is_meant = |change: &&Change| {
                change.kind == kind && (change.from == End::IngressController) == is_ingress
            };
            let mut part: Vec<String> = changes.iter().filter(is_meant).map(&line).collect();
            part.sort();
            lines.extend(part);
        }
    }
    lines
}

fn is_empty(changes: &[Change]) -> bool {
    changes.iter().all(|change| change.kind == ChangeKind::Unchanged)
}

/// A diff as text; empty where nothing changed.
pub fn diff_text(changes: &[Change]) -> String {
    if is_empty(changes) {
        return String::new();
    }
    let mut out = String::from("Connectivity diff:\n");
    for line in diff_lines(changes, |change| {
        let mut line = format!(
            "diff-type: {}, source: {}, destination: {}, ref1: {}, ref2: {}",
            change.kind.as_str(),
            change.from,
            change.to,
            change.old,
            change.new
        );
        let info = diff_info(change);
        if !info.is_empty() {
            let _ = write!(line, ", workloads-diff-info: {info}");
        }
        line
    }) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn diff_fields(change: &Change) -> Vec<String> {
    vec![
        change.kind.as_str().to_owned(),
        change.from.to_string(),
        change.to.to_string(),
        change.old.clone(),
        change.new.clone(),
        diff_info(change),
    ]
}

/// A diff as comma-separated values.
pub fn diff_csv(changes: &[Change]) -> String {
    if is_empty(changes) {
        return String::new();
    }
    let header = csv_table(&[DIFF_HEADER.iter().map(|field| (*field).to_owned()).collect()]);
    let lines = diff_lines(changes, |change| csv_table(&[diff_fields(change)]));
    header + &lines.concat()
}

/// A diff as a Markdown table.
pub fn diff_markdown(changes: &[Change]) -> String {
    if is_empty(changes) {
        return String::new();
    }
    let mut lines = vec![format!("| {} |", DIFF_HEADER.join(" | "))];
    let rule: Vec<String> = DIFF_HEADER.iter().map(|field| "-".repeat(field.len() + 2)).collect();
    lines.push(format!("|{}|", rule.join("|")));
    lines.extend(diff_lines(changes, |change| format!("| {} |", diff_fields(change).join(" | "))));
    lines.join("\n")
}

/// A diff as JSON: what was added, removed and changed.
pub fn diff_json(changes: &[Change]) -> serde_json::Value {
    let shown = changes.iter().filter(|change| change.kind != ChangeKind::Unchanged);
    let rows = shown.map(|change| {
        serde_json::json!({
            "type": change.kind.as_str(),
            "src": change.from.to_string(),
            "dst": change.to.to_string(),
            "old": change.old,
            "new": change.new,
            "workloads": diff_info(change),
        })
    });
    rows.collect()
}

/// A diff as a Graphviz graph with a legend; `old_name` is what the state before is called in labels.
pub fn diff_dot(changes: &[Change], old_name: &str) -> String {
    if is_empty(changes) {
        return String::new();
    }
    let mut groups = Groups::default();
    let (mut edges, mut ingress_edges) = (Vec::new(), Vec::new());
    let order = [ChangeKind::Unchanged, ChangeKind::Changed, ChangeKind::Added, ChangeKind::Removed];
    for kind in order {
        for change in changes.iter().filter(|change| change.kind == kind) {
            let color = |is_new_or_lost: bool| {
                Some(match (is_new_or_lost, kind) {
                    (true, ChangeKind::Added) => "#008000",
                    (true, ChangeKind::Removed) => "red",
                    _ => "blue",
                })
            };
            groups.add(&change.from, color(change.is_from_new_or_lost));
            groups.add(&change.to, color(change.is_to_new_or_lost));
            let (label, color) = match kind {
                ChangeKind::Unchanged => (change.old.clone(), "grey"),
                ChangeKind::Changed => (format!("{} ({old_name}: {})", change.new, change.old), "magenta"),
                ChangeKind::Removed => (change.old.clone(), "red2"),
                ChangeKind::Added => (change.new.clone(), "#008000"),
            };
            let line = edge(&change.from.to_string(), &change.to.to_string(), &label, color, color);
            if change.from == End::IngressController { ingress_edges.push(line) } else { edges.push(line) }
        }
    }
    edges.sort();
    ingress_edges.sort();
    let mut lines = vec!["digraph {".to_owned()];
    groups.write("black", &mut lines);
    lines.extend(groups.outside.iter().cloned());
    lines.extend(edges);
    lines.extend(ingress_edges);
    legend(&mut lines);
    lines.push("}".to_owned());
    lines.join("\n")
}

fn legend(lines: &mut Vec<String>) {
    lines.extend(
        [
            "\tnodesep=0.5",
            "\tsubgraph cluster_legend {",
            "\t\tlabel=\"Legend\"",
            "\t\tfontsize = 10",
            "\t\tmargin=0",
        ]
        .map(str::to_owned),
    );
    for node in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        lines.push(format!("\t\t{node} [style=invis height=0 width=0]"));
    }
    lines.push("\t\t{rank=source a b c d}".to_owned());
    lines.push("\t\t{rank=same e f g h}".to_owned());
    let edges = [
        ("a -> b", "added connection", "#008000"),
        ("c -> d", "removed connection", "red2"),
        ("e -> f", "changed connection", "magenta"),
        ("g -> h", "unchanged connection", "grey"),
    ];
    for (edge, label, color) in edges {
        lines.push(format!(
            "\t\t{edge} [label=\"{label}\", color=\"{color}\" fontcolor=\"{color}\" fontsize = 10 arrowsize=0.2]"
        ));
    }
    let nodes =
        [("np", "new peer", "#008000"), ("lp", "lost peer", "red"), ("pp", "persistent peer", "blue")];
    for (node, label, color) in nodes {
        lines.push(format!(
            "\t\t{node} [label=\"{label}\" color=\"{color}\" fontcolor=\"{color}\" fontsize = 10]"
        ));
    }
    let tail = ["\t\t{rank=sink np lp pp}", "\t\tnp->lp [style=invis]", "\t\tlp->pp [style=invis]", "\t}"];
    lines.extend(tail.map(str::to_owned));
}

//! Paths as drawings: Graphviz text, and SVG that needs no other program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::view::{FactView, Path};

/// Words for what a drawing shows; the drawing itself speaks no language.
#[derive(Clone, Copy)]
pub struct Labels<'l> {
    /// A fact.
    pub fact: &'l dyn Fn(&FactView) -> String,
    /// A technique, by its id.
    pub technique: &'l dyn Fn(&str) -> String,
}

impl std::fmt::Debug for Labels<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Labels").finish_non_exhaustive()
    }
}

/// From, to, technique, and whether nothing is taken for granted.
type Arrow = (FactView, FactView, &'static str, bool);

#[derive(Debug, Default)]
struct Drawing {
    /// Each fact with its column, counted from the right: how many steps are ahead of it at most.
    nodes: BTreeMap<FactView, usize>,
    edges: Vec<Arrow>,
}

fn collect(paths: &[Path]) -> Drawing {
    let mut drawing = Drawing::default();
    let mut known: BTreeSet<Arrow> = BTreeSet::new();
    for path in paths {
        drawing.nodes.insert(path.start.clone(), 0);
        for step in &path.steps {
            drawing.nodes.insert(step.to.clone(), 0);
            for from in &step.from {
                drawing.nodes.insert(from.clone(), 0);
                let edge = (from.clone(), step.to.clone(), step.technique.id(), step.assumptions.is_empty());
                if known.insert(edge.clone()) {
                    drawing.edges.push(edge);
                }
            }
        }
    }
    // Paths of several starts may run in a circle together; no way is longer than there are facts.
    for _ in 0..drawing.nodes.len() {
        let mut has_changed = false;
        for (from, to, ..) in &drawing.edges {
            let ahead = drawing.nodes.get(to).copied().unwrap_or(0) + 1;
            if ahead < drawing.nodes.len()
                && let Some(column) = drawing.nodes.get_mut(from).filter(|column| **column < ahead)
            {
                *column = ahead;
                has_changed = true;
            }
        }
        if !has_changed {
            break;
        }
    }
    drawing
}

/// Graphviz' language. Steps that take something for granted are dashed.
pub fn dot(paths: &[Path], labels: Labels<'_>) -> String {
    let drawing = collect(paths);
    let quote =
        |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    let index: BTreeMap<&FactView, usize> =
        drawing.nodes.keys().enumerate().map(|(index, fact)| (fact, index)).collect();
    let mut out = String::from(
        "digraph access {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
    );
    for (fact, index) in &index {
        let _ = writeln!(out, "  n{index} [label={}];", quote(&(labels.fact)(fact)));
    }
    for (from, to, technique, is_certain) in &drawing.edges {
        let (Some(from), Some(to)) = (index.get(from), index.get(to)) else { continue };
        let style = if *is_certain { "" } else { ", style=dashed" };
        let _ = writeln!(out, "  n{from} -> n{to} [label={}{style}];", quote(&(labels.technique)(technique)));
    }
    out.push_str("}\n");
    out
}

const BOX_WIDTH: usize = 230;
const BOX_HEIGHT: usize = 44;
const COLUMN: usize = 530;
/// How far an arrow runs level below its label before it turns.
const LEVEL: usize = 215;
const ROW_GAP: usize = 26;
/// Height of one label of an arrow.
const LABEL: usize = 16;
const MARGIN: usize = 20;
/// Cells of text that fit into a box, and between two.
const BOX_CELLS: usize = 32;
const LABEL_CELLS: usize = 33;

/// Where each fact's box stands: left, top, height.
type Places<'d> = BTreeMap<&'d FactView, (usize, usize, usize)>;

/// Boxes in columns, each beside what it leads to.
fn place(drawing: &Drawing) -> (Places<'_>, usize, usize) {
    let last = drawing.nodes.values().max().copied().unwrap_or(0);
    let mut leaving: BTreeMap<&FactView, usize> = BTreeMap::new();
    for (from, ..) in &drawing.edges {
        *leaving.entry(from).or_default() += 1;
    }
    let mut places = Places::new();
    let mut height = 0;
    for column in 0..=last {
        let mut facts: Vec<(usize, &FactView)> = drawing
            .nodes
            .iter()
            .filter(|(_, of)| **of == column)
            .map(|(fact, _)| {
                let ahead: Vec<usize> = drawing
                    .edges
                    .iter()
                    .filter(|(from, ..)| from == fact)
                    .filter_map(|(_, to, ..)| places.get(to).map(|(_, top, _)| *top))
                    .collect();
                (ahead.iter().sum::<usize>() / ahead.len().max(1), fact)
            })
            .collect();
        facts.sort();
        let mut top = MARGIN;
        for (_, fact) in facts {
            let arrows = leaving.get(fact).copied().unwrap_or(0);
            let tall = BOX_HEIGHT.max((arrows + 1) * LABEL);
            places.insert(fact, (MARGIN + (last - column) * COLUMN, top, tall));
            top += tall + ROW_GAP;
        }
        height = height.max(top);
    }
    (places, 2 * MARGIN + BOX_WIDTH + last * COLUMN, height.max(MARGIN + BOX_HEIGHT) + MARGIN)
}

/// A standalone SVG image: what is wanted stands on the right, arrows carry how one comes to the next. Dashed: a step
/// that takes something for granted. Whole texts stand in the titles, which viewers show when pointed at.
pub fn svg(paths: &[Path], labels: Labels<'_>) -> String {
    let drawing = collect(paths);
    let (places, width, height) = place(&drawing);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#444\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let mut left: BTreeMap<&FactView, usize> = BTreeMap::new();
    let mut drawn_labels = String::new();
    for (from, to, technique, is_certain) in &drawing.edges {
        let (Some((x1, top, tall)), Some((x2, y2, tall2))) = (places.get(from), places.get(to)) else {
            continue;
        };
        let arrows = drawing.edges.iter().filter(|(of, ..)| of == from).count();
        let index = left.entry(from).or_default();
        *index += 1;
        let (x1, y1) = (x1 + BOX_WIDTH, top + tall * *index / (arrows + 1));
        let y2 = y2 + tall2 / 2;
        let turn = x1 + LEVEL;
        let bend = (turn + x2) / 2;
        let dash = if *is_certain { "" } else { " stroke-dasharray=\"6 4\"" };
        let label = (labels.technique)(technique);
        let _ = writeln!(
            out,
            "<path d=\"M{x1} {y1}H{turn}C{bend} {y1} {bend} {y2} {x2} {y2}\" stroke=\"#444\" fill=\"none\" \
             marker-end=\"url(#arrow)\"{dash}><title>{}</title></path>",
            escape(&label)
        );
        // A white rim keeps the text readable where arrows cross it.
        let _ = writeln!(
            drawn_labels,
            "<text x=\"{}\" y=\"{}\" fill=\"#333\" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
            x1 + 6,
            y1.saturating_sub(4),
            escape(&shorten(&label, LABEL_CELLS))
        );
    }
    out.push_str(&drawn_labels);
    for (fact, (x, y, tall)) in &places {
        let label = (labels.fact)(fact);
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{tall}\" rx=\"6\" \
             fill=\"#eef3fb\" stroke=\"#3a5a8c\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#111\">{}</text></g>",
            escape(&label),
            x + BOX_WIDTH / 2,
            y + tall / 2 + 5,
            escape(&shorten(&label, BOX_CELLS))
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Cuts a text to a number of cells; a Hangul syllable takes two.
fn shorten(text: &str, cells: usize) -> String {
    let mut used = 0;
    let mut out = String::new();
    for c in text.chars() {
        used += if u32::from(c) >= 0x1100 { 2 } else { 1 };
        if used > cells {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out
}

/// Text inside of SVG or HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no other control characters.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

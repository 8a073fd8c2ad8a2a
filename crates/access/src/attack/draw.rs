//! Paths as drawings: Graphviz text, and SVG that needs no other program.

use std::collections::BTreeMap;
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

#[derive(Debug, Default)]
struct Drawing {
    /// Each fact with its column: the longest way to it.
    nodes: BTreeMap<FactView, usize>,
    edges: Vec<(FactView, FactView, &'static str, bool)>,
}

fn collect(paths: &[Path]) -> Drawing {
    let mut drawing = Drawing::default();
    for path in paths {
        drawing.nodes.entry(path.start.clone()).or_insert(0);
        for step in &path.steps {
            let column =
                step.from.iter().filter_map(|from| drawing.nodes.get(from)).max().copied().unwrap_or(0);
            for from in &step.from {
                drawing.nodes.entry(from.clone()).or_insert(column);
            }
            drawing.nodes.entry(step.to.clone()).or_insert(column + 1);
            for from in &step.from {
                let edge = (from.clone(), step.to.clone(), step.technique.id(), step.assumptions.is_empty());
                if !drawing.edges.contains(&edge) {
                    drawing.edges.push(edge);
                }
            }
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

const BOX_WIDTH: usize = 210;
const BOX_HEIGHT: usize = 44;
const COLUMN: usize = 400;
const ROW: usize = 84;

/// A standalone SVG image. Facts stand in columns by how many steps lead to them.
pub fn svg(paths: &[Path], labels: Labels<'_>) -> String {
    let drawing = collect(paths);
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let mut places: BTreeMap<&FactView, (usize, usize)> = BTreeMap::new();
    for (fact, column) in &drawing.nodes {
        let row = rows.entry(*column).or_insert(0);
        places.insert(fact, (20 + column * COLUMN, 20 + *row * ROW));
        *row += 1;
    }
    let width = 40 + BOX_WIDTH + rows.keys().max().copied().unwrap_or(0) * COLUMN;
    let height = 40 + rows.values().max().copied().unwrap_or(1) * ROW;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#444\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (from, to, technique, is_certain) in &drawing.edges {
        let (Some((x1, y1)), Some((x2, y2))) = (places.get(from), places.get(to)) else { continue };
        let (x1, y1) = (x1 + BOX_WIDTH, y1 + BOX_HEIGHT / 2);
        let y2 = y2 + BOX_HEIGHT / 2;
        let dash = if *is_certain { "" } else { " stroke-dasharray=\"6 4\"" };
        let _ = writeln!(
            out,
            "<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"#444\" fill=\"none\" marker-end=\"url(#arrow)\"{dash}/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#333\">{}</text>",
            (x1 + x2) / 2,
            (y1 + y2) / 2 - 6,
            escape(&shorten(&(labels.technique)(technique), 26))
        );
    }
    for (fact, (x, y)) in &places {
        let label = (labels.fact)(fact);
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"6\" \
             fill=\"#eef3fb\" stroke=\"#3a5a8c\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#111\">{}</text></g>",
            escape(&label),
            x + BOX_WIDTH / 2,
            y + BOX_HEIGHT / 2 + 5,
            escape(&shorten(&label, 30))
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

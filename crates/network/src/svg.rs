//! Connections as a matrix that is drawn: sources are rows, destinations columns.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::list::{End, Row};

/// What a cell is coloured for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Everything passes.
    All,
    /// Some of it passes.
    Some,
    /// Some of it passes for some requests only.
    Conditional,
    /// It is not known what passes.
    Unknown,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::All, Kind::Some, Kind::Conditional, Kind::Unknown];

    /// The kind of a row.
    pub fn of(row: &Row) -> Self {
        match (&row.unknown, row.is_all) {
            (Some(_), _) => Kind::Unknown,
            (None, true) => Kind::All,
            (None, false) if !row.conditional.is_empty() => Kind::Conditional,
            (None, false) => Kind::Some,
        }
    }

    /// Colour and mark: nothing is told by colour alone.
    fn look(self) -> (&'static str, &'static str) {
        match self {
            Kind::All => ("#c2410c", "●"),
            Kind::Some => ("#1d4ed8", "◐"),
            Kind::Conditional => ("#7e22ce", "◇"),
            Kind::Unknown => ("#7c6f1c", "?"),
        }
    }
}

/// The words of the drawing, in the reader's language.
#[derive(Clone, Copy)]
pub struct Words<'w> {
    /// The title.
    pub title: &'w str,
    /// One sentence for those who do not see it.
    pub description: &'w str,
    /// What rows and columns are.
    pub axes: &'w str,
    /// What the mark of a kind means.
    pub legend: &'w dyn Fn(Kind) -> String,
    /// An end.
    pub end: &'w dyn Fn(&End) -> String,
    /// What a row says.
    pub row: &'w dyn Fn(&Row) -> String,
    /// Whether all that passes in a row is surely encrypted on the way.
    pub is_encrypted: &'w dyn Fn(&Row) -> bool,
    /// What the line around an encrypted cell means; `None` where nothing is known of encryption.
    pub encrypted: Option<&'w str>,
}

impl std::fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").field("title", &self.title).finish_non_exhaustive()
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no other control characters.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// How wide a text is in a proportional font of 12 pixels, generously: Hangul and the like are as wide as high.
fn width_of(text: &str) -> usize {
    text.chars().map(|c| if u32::from(c) >= 0x1100 { 13 } else { 8 }).sum()
}

/// The line around what is encrypted.
const ENCRYPTED: &str = " stroke=\"#16a34a\" stroke-width=\"3\"";

/// Width and height of a cell in pixels.
const CELL: usize = 22;

/// The matrix. A cell holds a mark, and its connections as a title.
pub fn matrix(rows: &[Row], words: &Words<'_>) -> String {
    let names = |of: &dyn Fn(&Row) -> &End| -> Vec<String> {
        // The outside comes after the workloads.
        let ends: BTreeSet<(bool, String)> =
            rows.iter().map(of).map(|end| (end.is_outside(), (words.end)(end))).collect();
        ends.into_iter().map(|(_, name)| name).collect()
    };
    let sources = names(&|row| &row.from);
    let destinations = names(&|row| &row.to);
    let longest = |names: &[String]| names.iter().map(|name| width_of(name)).max().unwrap_or(0);
    let (head, left) = (36, longest(&sources).max(width_of(words.axes)) + 20);
    let top = head + longest(&destinations) + 16;
    let has_conditional = rows.iter().any(|row| Kind::of(row) == Kind::Conditional);
    let legend: Vec<(Kind, String)> = Kind::ALL
        .into_iter()
        .filter(|kind| has_conditional || *kind != Kind::Conditional)
        .map(|kind| (kind, (words.legend)(kind)))
        .collect();
    let legend_width: usize = legend.iter().map(|(_, text)| width_of(text) + 40).sum::<usize>()
        + words.encrypted.map_or(0, |text| width_of(text) + 40);
    let bottom = top + sources.len() * CELL;
    let width = (left + destinations.len() * CELL).max(legend_width).max(width_of(words.title) * 4 / 3) + 24;
    let height = bottom + 44;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title description\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n<style>svg{{background:#fff}}text{{fill:#1f2937}}.grid{{fill:none;stroke:#d1d5db}}.mark{{fill:#fff;text-anchor:middle;font-weight:bold;pointer-events:none}}@media (prefers-color-scheme:dark){{svg{{background:#111827}}text{{fill:#e5e7eb}}.grid{{stroke:#374151}}}}</style>\n<text x=\"12\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{}</text>\n<text x=\"12\" y=\"{}\" opacity=\"0.7\">{}</text>\n",
        escaped(words.title),
        escaped(words.description),
        escaped(words.title),
        top - 10,
        escaped(words.axes),
    );
    for (at, name) in sources.iter().enumerate() {
        let y = top + at * CELL + 15;
        let _ =
            writeln!(out, "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{}</text>", left - 8, escaped(name));
    }
    for (at, name) in destinations.iter().enumerate() {
        let (x, y) = (left + at * CELL + 15, top - 8);
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-90 {x} {y})\">{}</text>",
            escaped(name)
        );
    }
    for line in 0..=sources.len() {
        let y = top + line * CELL;
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{left} {y}h{}\"/>", destinations.len() * CELL);
    }
    for line in 0..=destinations.len() {
        let x = left + line * CELL;
        let _ = writeln!(out, "<path class=\"grid\" d=\"M{x} {top}v{}\"/>", sources.len() * CELL);
    }
    for row in rows {
        let (from, to) = ((words.end)(&row.from), (words.end)(&row.to));
        let place = |names: &[String], name: &str| names.iter().position(|known| known == name).unwrap_or(0);
        let (x, y) = (left + place(&destinations, &to) * CELL, top + place(&sources, &from) * CELL);
        let (color, mark) = Kind::of(row).look();
        let line = if (words.is_encrypted)(row) { ENCRYPTED } else { "" };
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{side}\" height=\"{side}\" rx=\"3\" fill=\"{color}\"{line}/><text class=\"mark\" style=\"fill:#fff\" x=\"{}\" y=\"{}\">{mark}</text></g>",
            escaped(&(words.row)(row)),
            x + 2,
            y + 2,
            x + CELL / 2,
            y + 15,
            side = CELL - 4,
        );
    }
    let mut x = 12;
    for (kind, text) in legend {
        let (color, mark) = kind.look();
        let y = bottom + 18;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"16\" height=\"16\" rx=\"3\" fill=\"{color}\"/><text class=\"mark\" style=\"fill:#fff\" x=\"{}\" y=\"{}\">{mark}</text><text x=\"{}\" y=\"{}\">{}</text>",
            x + 8,
            y + 12,
            x + 22,
            y + 12,
            escaped(&text),
        );
        x += width_of(&text) + 40;
    }
    if let Some(text) = words.encrypted {
        let y = bottom + 18;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"16\" height=\"16\" rx=\"3\" fill=\"none\"{ENCRYPTED}/><text x=\"{}\" y=\"{}\">{}</text>",
            x + 22,
            y + 12,
            escaped(text),
        );
    }
    out.push_str("</svg>\n");
    out
}

//! Which charts of a scan are rendered, and how; and where a line of the rendered text stands in templates and values.
//!
//! A template is not YAML, so the way back goes by lines. It is certain in two cases: one line of the template reads as the
//! rendered line does, and no other could have made it; or one line is `key: {{ .Values.a.b }}`, and the values have that
//! very value there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_model::{Finding, Location, Rendered, Span};
use haechi_sources::{Chart, FileEntry, Workplace, run_renderer};
use haechi_syntax::{Limits, Node, Source};

use super::trace::{Trace, is_equal};
use super::{Failure, Product, RenderOptions, Renderer, label};
use crate::kustomize::fetched;
use crate::scan::{Loaded, load, load_text};

const NAMES: [&str; 2] = ["Chart.yaml", "Chart.yml"];
/// What goes before the path of a template in what Helm prints.
const SOURCE: &str = "# Source: ";
/// How deep charts may lie in charts when their schemas are looked at.
const DEPTH: usize = 8;
/// Words of actions that print nothing by themselves.
const SILENT: [&str; 8] = ["if", "else", "end", "range", "with", "define", "break", "continue"];
/// Words of actions that an `end` closes.
const OPENING: [&str; 5] = ["if", "range", "with", "define", "block"];

/// The charts that are no part of another chart of the scan.
pub(super) fn roots(charts: &[Chart]) -> Vec<&Chart> {
    let is_part = |chart: &&Chart| charts.iter().any(|other| is_within(chart, other));
    charts.iter().filter(|chart| !is_part(chart)).collect()
}

/// What charts of the scan a chart holds, by the paths of their problems; itself is one of them.
pub(super) fn parts(chart: &Chart, charts: &[Chart]) -> Vec<Arc<str>> {
    let is_part = |other: &&Chart| *other == chart || is_within(other, chart);
    charts.iter().filter(is_part).map(|chart| chart.shown.clone()).collect()
}

fn is_within(part: &Chart, whole: &Chart) -> bool {
    part.path.starts_with(whole.path.join("charts")) && part.path != whole.path
}

/// Renders a chart with its own values and those that the user gave.
pub(super) fn render(
    chart: &Chart,
    renderer: Option<&Renderer>,
    options: &RenderOptions,
    limits: &Limits,
) -> Result<Product, Failure> {
    if let Some(address) = fetched_by_schemas(&chart.path, limits, 0) {
        return Err(Failure::Network(address));
    }
    let Some(renderer) = renderer else { return Err(Failure::Missing("helm")) };
    let failed = |error: std::io::Error| Failure::said(renderer.name, error.to_string());
    let workplace = Workplace::new().map_err(failed)?;
    let mut arguments: Vec<OsString> = vec![renderer.command.into(), chart.path.as_os_str().to_owned()];
    let mut values = Vec::new();
    for (at, path) in options.helm_values.iter().enumerate() {
        // Under a name of our own: Helm takes commas apart and fetches addresses.
        let name = format!("values-{at}.yaml");
        let file = read_values(path, path.to_string_lossy().into(), limits);
        let bytes = std::fs::read(path).map_err(failed)?;
        workplace.write(&name, &bytes).map_err(failed)?;
        arguments.extend(["--values".into(), name.into()]);
        values.push(file);
    }
    let bytes = run_renderer(&renderer.path, &arguments, &workplace, &options.bounds).map_err(|error| {
        let theirs = chart.path.to_string_lossy();
        Failure::of_run(renderer.name, error).in_words_of_the_user(&[(&theirs, &chart.shown)])
    })?;
    // The folder may be a kustomization too.
    let shown: Arc<str> = match chart.path.join("kustomization.yaml").is_file() {
        true => format!("{} (chart, rendered)", chart.shown).into(),
        false => label(&chart.shown),
    };
    let entry = FileEntry { path: PathBuf::from(shown.as_ref()), shown, is_named: false };
    let file = load_text(entry, &bytes, limits);
    let templates = Templates::of(chart, file.source.as_deref(), values, limits);
    let others = templates.sources();
    let name = NAMES.iter().find(|name| chart.path.join(name).is_file()).unwrap_or(&NAMES[0]);
    let rendered = Rendered { folder: chart.shown.clone(), from: inside(&chart.shown, name).into() };
    Ok(Product { file, trace: Trace::Chart(templates), rendered, others })
}

fn inside(folder: &str, path: &str) -> String {
    if folder == "." { path.to_owned() } else { format!("{folder}/{path}") }
}

/// What the schema of a chart's values, or of those of a chart in it, would have fetched.
fn fetched_by_schemas(chart: &Path, limits: &Limits, depth: usize) -> Option<String> {
    let schema = chart.join("values.schema.json");
    if schema.is_file() {
        let loaded = read_values(&schema, "".into(), limits);
        let found = loaded.documents.iter().find_map(|document| referenced(document.root()));
        if let Some(found) = found {
            return Some(found);
        }
    }
    if depth == DEPTH {
        return None;
    }
    let mut parts: Vec<PathBuf> =
        std::fs::read_dir(chart.join("charts")).ok()?.flatten().map(|entry| entry.path()).collect();
    parts.sort();
    parts.iter().filter(|part| part.is_dir()).find_map(|part| fetched_by_schemas(part, limits, depth + 1))
}

/// The first reference of a schema that leads to another host. `$schema` and `$id` only name it.
fn referenced(node: Node<'_>) -> Option<String> {
    let own = node.entries().filter(|entry| entry.key == "$ref").find_map(|entry| fetched(entry.value));
    let inside = || node.items().chain(node.entries().map(|entry| entry.value)).find_map(referenced);
    own.or_else(inside)
}

fn read_values(path: &Path, shown: Arc<str>, limits: &Limits) -> Loaded {
    load(FileEntry { path: path.to_owned(), shown, is_named: true }, limits)
}

/// The templates that a text was rendered from, and the values that went in.
#[derive(Debug, Default)]
pub(in crate::scan) struct Templates {
    by_source: BTreeMap<String, Template>,
}

#[derive(Debug)]
struct Template {
    shown: Arc<str>,
    /// The text with comments of the template language blanked out.
    text: Arc<Source>,
    /// The files that may set a value, the one that counts first, with the keys above the template's own values.
    values: Vec<(Arc<Loaded>, Vec<String>)>,
}

impl Templates {
    fn of(chart: &Chart, rendered: Option<&Source>, given: Vec<Loaded>, limits: &Limits) -> Self {
        let given: Vec<Arc<Loaded>> = given.into_iter().rev().map(Arc::new).collect();
        let mut charts: BTreeMap<PathBuf, Arc<Loaded>> = BTreeMap::new();
        let mut values_of = |folder: &Path, shown: &str| {
            let path = folder.join("values.yaml");
            let known = charts.entry(path.clone());
            let shown = inside(shown, "values.yaml").into();
            let read = || match path.is_file() {
                true => read_values(&path, shown, limits),
                false => load_text(FileEntry { path: path.clone(), shown, is_named: false }, b"", limits),
            };
            known.or_insert_with(|| Arc::new(read())).clone()
        };
        let mut templates = Self::default();
        for line in rendered.map(Source::text).unwrap_or_default().lines() {
            let Some(source) = line.strip_prefix(SOURCE) else { continue };
            if templates.by_source.contains_key(source) {
                continue;
            }
            // The name of the chart stands for its folder.
            let Some((_, path)) = source.split_once('/') else { continue };
            let file = chart.path.join(path);
            let is_inside = file.canonicalize().is_ok_and(|file| file.starts_with(&chart.path));
            // A template may print any comment.
            if !(is_inside && file.is_file()) {
                continue;
            }
            let steps: Vec<&str> = path.split('/').collect();
            let part = match steps.as_slice() {
                ["templates", ..] => None,
                ["charts", part, "templates", ..] => Some(*part),
                // Further down, values come by too many ways.
                _ => continue,
            };
            let shown: Arc<str> = inside(&chart.shown, path).into();
            let template = read_values(&file, shown.clone(), limits);
            let Some(text) = template.source else { continue };
            let above: Vec<String> = part.map(str::to_owned).into_iter().collect();
            let mut values: Vec<(Arc<Loaded>, Vec<String>)> =
                given.iter().map(|file| (file.clone(), above.clone())).collect();
            values.push((values_of(&chart.path, &chart.shown), above));
            if let Some(part) = part {
                let folder = format!("charts/{part}");
                values
                    .push((values_of(&chart.path.join(&folder), &inside(&chart.shown, &folder)), Vec::new()));
            }
            templates.by_source.insert(source.to_owned(), Template { shown, text, values });
        }
        templates
    }

    /// The texts that findings may point into.
    fn sources(&self) -> BTreeMap<Arc<str>, Arc<Source>> {
        let mut sources = BTreeMap::new();
        for template in self.by_source.values() {
            sources.insert(template.shown.clone(), template.text.clone());
            for (file, _) in &template.values {
                sources.extend(file.source.clone().map(|source| (file.entry.shown.clone(), source)));
            }
        }
        sources
    }

    /// Where the line of a finding stands in a template or in values, if that is certain.
    pub(super) fn back(&self, finding: &Finding, rendered: &Source) -> Option<Location> {
        let number = finding.location.start.line;
        let source = source_of(rendered, number)?;
        let template = self.by_source.get(source)?;
        let all: Vec<&str> = rendered.text().lines().collect();
        let at = (number as usize).checked_sub(1)?;
        let line = all.get(at)?;
        let made = line.trim();
        let text = without_comments(template.text.text());
        let lines: Vec<&str> = text.lines().collect();
        let mut candidates = lines.iter().enumerate().filter(|(_, line)| could_make(line.trim(), made));
        let (found, written) = candidates.next()?;
        if candidates.next().is_some() || !has_same_parent(&lines, found, &all, at) {
            return None;
        }
        // Where the template puts in whole lines, this may be one of them: if there are more of it than it was written, or if
        // it was written where it need not have been printed.
        let again = || made_by(rendered, source).filter(|line| line.trim() == made).count() > 1;
        if makes_lines(&lines) && (again() || is_conditional(&lines, found)) {
            return None;
        }
        if written.contains("{{") {
            return value_of(written.trim(), made, template);
        }
        // Comments were blanked out with as many bytes, so places are those of the file.
        let start = offset_of(&text, found) + indentation(written);
        let column = (finding.location.span.start as usize)
            .checked_sub(offset_of(rendered.text(), at) + indentation(line))?;
        let start = start + column.min(made.len());
        let length = (finding.location.span.len() as usize).min(made.len().saturating_sub(column));
        location(template.shown.clone(), &template.text, start, length, finding.location.json_path.clone())
    }
}

fn location(
    path: Arc<str>,
    text: &Source,
    start: usize,
    length: usize,
    json_path: String,
) -> Option<Location> {
    let span = Span::new(u32::try_from(start).ok()?, u32::try_from(start + length).ok()?);
    let (start, end) = (text.position(span.start), text.position(span.end));
    Some(Location { path, span, start, end, json_path })
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The offset of a line, zero-based, in a text whose lines end as [`str::lines`] takes them.
fn offset_of(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line).map(str::len).sum()
}

/// The template that a line, one-based, of a rendered text comes from: Helm says so behind the `---` above it.
fn source_of(rendered: &Source, line: u32) -> Option<&str> {
    let above = (1..line).rev().find(|line| rendered.line(*line).starts_with("---"))?;
    rendered.line(above + 1).strip_prefix(SOURCE)
}

/// The lines of a rendered text that come from one template.
fn made_by<'t>(rendered: &'t Source, source: &'t str) -> impl Iterator<Item = &'t str> {
    let mut lines = rendered.text().lines().peekable();
    let mut is_within = false;
    std::iter::from_fn(move || {
        let line = lines.next()?;
        if line.starts_with("---") {
            is_within = lines.peek().and_then(|next| next.strip_prefix(SOURCE)) == Some(source);
        }
        Some((is_within, line))
    })
    .filter_map(|(is_within, line)| is_within.then_some(line))
}

/// Whether a line of a template could have become the rendered line: it reads the same, or as far as it stands there. A
/// line that is nothing but an action could become any; see [`makes_lines`].
fn could_make(written: &str, made: &str) -> bool {
    match written.split_once("{{") {
        None => !made.is_empty() && written == made,
        Some((before, _)) => !before.trim().is_empty() && made.starts_with(before.trim_end()),
    }
}

/// The actions of a line, by their first words.
fn actions(line: &str) -> impl Iterator<Item = &str> {
    line.split("{{").skip(1).map(|action| {
        let action = action.trim_start_matches('-').trim_start();
        action.split(|c: char| c.is_whitespace() || c == '-' || c == '}').next().unwrap_or_default()
    })
}

/// Whether a line of a template begins with an action that prints: what it prints may be whole lines.
fn makes_lines(lines: &[&str]) -> bool {
    let is_silent = |line: &str| {
        let assigns =
            line.trim_start_matches(['{', '-']).trim_start().starts_with('$') && line.contains(":=");
        assigns || actions(line).next().is_none_or(|word| SILENT.contains(&word))
    };
    let has_more = |line: &str| line.matches("{{").count() > 1;
    let may_break = |line: &str| line.contains("indent") || line.contains("toYaml") || line.contains("tpl ");
    lines
        .iter()
        .map(|line| line.trim())
        .any(|line| may_break(line) || (line.starts_with("{{") && (!is_silent(line) || has_more(line))))
}

/// Whether a line stands inside of a condition, a loop or a named template.
fn is_conditional(lines: &[&str], at: usize) -> bool {
    let mut depth = 0_i32;
    for word in lines.iter().take(at).flat_map(|line| actions(line)) {
        if OPENING.contains(&word) {
            depth += 1;
        } else if word == "end" {
            depth -= 1;
        }
    }
    depth > 0
}

/// Whether the lines stand below lines that read the same, so that it is the same part of an object.
fn has_same_parent(written: &[&str], at: usize, made: &[&str], made_at: usize) -> bool {
    let written = parent(written, at);
    let made = parent(made, made_at);
    match (written, made) {
        (Some(written), Some(made)) => could_make(written, made) || written.contains("{{"),
        (None, None) => true,
        _ => false,
    }
}

fn parent<'l>(lines: &[&'l str], at: usize) -> Option<&'l str> {
    let depth = indentation(lines.get(at)?);
    let above = lines.get(..at)?.iter().rev();
    let stands = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with(['#', '{']);
    above.filter(stands).find(|line| indentation(line) < depth).map(|line| line.trim())
}

/// The place of a value, if the line is `key: {{ .Values.a.b }}` and what counts at `a.b` is the very value.
fn value_of(written: &str, made: &str, template: &Template) -> Option<Location> {
    let (key, path) = value_line(written)?;
    let value = made.strip_prefix(key)?.trim();
    if path.first() == Some(&"global") {
        return None;
    }
    let parsed = haechi_syntax::parse_yaml(value.as_bytes(), &Limits::default());
    let [document] = parsed.documents.as_slice() else { return None };
    for (file, above) in &template.values {
        if !file.problems.is_empty() {
            return None;
        }
        let Some(root) = file.documents.first().map(haechi_syntax::Document::root) else { continue };
        let keys = above.iter().map(String::as_str).chain(path.iter().copied());
        let mut node = Some(root);
        for key in keys {
            let Some(inside) = node else { break };
            // A null takes a value of the files behind away.
            if inside.is_null() && inside != root {
                return None;
            }
            node = inside.entry(key).map(|entry| entry.value);
        }
        let Some(node) = node else { continue };
        let quoted = || node.as_str().is_none() && is_same_text(node, document.root());
        if node.is_mapping() || node.is_sequence() || !(is_equal(node, document.root()) || quoted()) {
            return None;
        }
        let source = file.source.as_deref()?;
        let span = node.anchor_span();
        let json_path = node.json_path();
        let start = span.start as usize;
        return location(file.entry.shown.clone(), source, start, span.len() as usize, json_path);
    }
    None
}

/// Whether a number or boolean of the values was rendered as a text, by `quote`.
fn is_same_text(value: Node<'_>, made: Node<'_>) -> bool {
    let written = value.document().source().slice(value.span());
    made.as_str().is_some_and(|made| made == written)
}

/// The key with its colon, and the path into the values.
fn value_line(written: &str) -> Option<(&str, Vec<&str>)> {
    let (key, action) = written.split_once("{{")?;
    let key = key.trim_end();
    let action = action.trim_end().strip_suffix("}}")?;
    let action = action.strip_prefix('-').unwrap_or(action);
    let action = action.strip_suffix('-').unwrap_or(action).trim();
    let action = action.strip_suffix("| quote").map_or(action, str::trim_end);
    let path = action.strip_prefix(".Values.")?;
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let path: Vec<&str> = path.split('.').collect();
    (key.ends_with(':') && path.iter().all(|name| is_name(name))).then_some((key, path))
}

/// The text with comments of the template language turned into spaces, line breaks kept.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, action) = rest.split_at(open);
        out.push_str(before);
        let inside = action.trim_start_matches(['{', '-']).trim_start();
        let end = match inside.starts_with("/*") {
            true => action.find("*/").and_then(|at| Some(at + action.get(at..)?.find("}}")? + 2)),
            false => None,
        };
        match end {
            Some(end) => {
                let (comment, after) = action.split_at(end);
                out.extend(comment.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
                rest = after;
            }
            None => {
                let (braces, after) = action.split_at(2);
                out.push_str(braces);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_take_one_value_are_known() {
        assert_eq!(value_line("image: {{ .Values.image.name }}"), Some(("image:", vec!["image", "name"])));
        assert_eq!(value_line("- name: {{- .Values.a | quote -}}"), Some(("- name:", vec!["a"])));
        assert_eq!(value_line("image: {{ .Values.a | default \"x\" }}"), None);
        assert_eq!(value_line("image: {{ .Values.a }}:{{ .Values.b }}"), None);
        assert_eq!(value_line("image: \"{{ .Values.a }}\""), None);
        assert_eq!(value_line("image: {{ include \"x\" . }}"), None);
    }

    #[test]
    fn lines_that_are_made_of_values_are_known() {
        assert!(!makes_lines(&["a: {{ .b }}", "{{- if .c }}", "{{ end -}}", "{{- $x := 1 }}"]));
        assert!(makes_lines(&["  {{- toYaml .Values.a | nindent 2 }}"]));
        assert!(makes_lines(&["{{ $key }}: {{ $value }}"]));
        assert!(makes_lines(&["a: {{ .b | indent 2 }}"]));
        assert!(is_conditional(&["{{- if .a }}", "x: y"], 1));
        assert!(!is_conditional(&["{{- if .a }}", "{{- else }}", "{{- end }}", "x: y"], 3));
    }

    #[test]
    fn comments_of_templates_leave_their_room() {
        let text = "a\n{{- /* privileged: 참\nx: y */ -}}\nb: {{ .c }}\n";
        let blank = without_comments(text);
        assert_eq!(blank.len(), text.len());
        assert_eq!(blank.lines().count(), text.lines().count());
        assert!(!blank.contains("privileged") && blank.ends_with("\nb: {{ .c }}\n"));
    }
}

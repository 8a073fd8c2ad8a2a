//! Leads a finding in a rendered text back to the value that somebody wrote, where it is certain which one that is.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_model::{Finding, Location, Span};
use haechi_objects::{Object, objects};
use haechi_syntax::{Document, Node, NodeId, Value};

use super::helm::Templates;
use crate::scan::Loaded;

/// Where the parts of a rendered text come from.
#[derive(Debug)]
pub(in crate::scan) enum Trace {
    /// The object that each document was made of, by the index of the document.
    Kustomization(BTreeMap<usize, Place>),
    /// The templates and values of a chart.
    Chart(Templates),
}

/// A file that something comes from.
#[derive(Debug, Clone)]
pub(super) enum FileAt {
    /// A file of the scan.
    Scanned(usize),
    /// Any other.
    Other(Arc<Loaded>),
}

impl FileAt {
    pub(super) fn loaded<'l>(&'l self, scanned: &'l [Loaded]) -> Option<&'l Loaded> {
        match self {
            FileAt::Scanned(at) => scanned.get(*at),
            FileAt::Other(file) => Some(file),
        }
    }
}

/// An object in a file.
#[derive(Debug, Clone)]
pub(in crate::scan) struct Place {
    file: FileAt,
    document: usize,
    node: NodeId,
}

impl Place {
    pub(super) fn new(file: FileAt, document: usize, node: NodeId) -> Self {
        Self { file, document, node }
    }
}

impl Trace {
    /// The files that objects come from.
    pub(super) fn files<'l>(&'l self, scanned: &'l [Loaded]) -> Vec<&'l Loaded> {
        match self {
            Trace::Kustomization(places) => {
                places.values().filter_map(|place| place.file.loaded(scanned)).collect()
            }
            // Helm keeps comments in what it prints.
            Trace::Chart(_) => Vec::new(),
        }
    }

    /// Where a finding in the rendered text comes from, if that is certain.
    pub(in crate::scan) fn back(
        &self,
        finding: &Finding,
        rendered: &Loaded,
        scanned: &[Loaded],
    ) -> Option<Location> {
        match self {
            Trace::Chart(templates) => templates.back(finding, rendered.source.as_deref()?),
            Trace::Kustomization(places) => {
                let document = document_of(finding, rendered)?;
                let place = places.get(&document.index())?;
                let found = objects(document).objects;
                let [object] = found.as_slice() else { return None };
                let file = place.file.loaded(scanned)?;
                let source = file.documents.iter().find(|document| document.index() == place.document)?;
                let (span, json_path) = same_place(finding, object.node(), source.node(place.node)?)?;
                let (start, end) = (source.source().position(span.start), source.source().position(span.end));
                Some(Location { path: file.entry.shown.clone(), span, start, end, json_path })
            }
        }
    }
}

fn document_of<'d>(finding: &Finding, rendered: &'d Loaded) -> Option<&'d Document> {
    let at = finding.location.span.start;
    rendered.documents.iter().find(|document| (document.span().start..=document.span().end).contains(&at))
}

/// What an object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    name: String,
    namespace: String,
}

impl Name {
    pub(super) fn of(object: Object<'_>) -> Self {
        let namespace = object.namespace().unwrap_or_default().to_owned();
        Self { name: object.name().to_owned(), namespace }
    }
}

/// Which of `sources` each object in `made` was made of, all of one kind and from one file: the only one there is, or the
/// one whose name is that of the object without what the kustomizations put before and behind all names. `None` where
/// more than one way to take that off would do.
pub(super) fn renamed(made: &[&Name], sources: &[&Name]) -> Vec<Option<usize>> {
    let none = || vec![None; made.len()];
    if sources.len() == 1 {
        return vec![Some(0); made.len()];
    }
    let Some(first) = made.first().map(|made| made.name.as_str()) else { return none() };
    let mut fits: Vec<Vec<usize>> = Vec::new();
    let mut tried: Vec<(&str, &str)> = Vec::new();
    for source in sources.iter().map(|source| source.name.as_str()).filter(|source| !source.is_empty()) {
        for (at, _) in first.match_indices(source) {
            let (Some(before), Some(behind)) = (first.get(..at), first.get(at + source.len()..)) else {
                continue;
            };
            if tried.contains(&(before, behind)) {
                continue;
            }
            tried.push((before, behind));
            let original = |made: &&Name| {
                let bare = made.name.strip_prefix(before)?.strip_suffix(behind)?;
                let same: Vec<_> =
                    sources.iter().enumerate().filter(|(_, source)| source.name == bare).collect();
                if let [(at, _)] = same.as_slice() {
                    return Some(*at);
                }
                // Of one name in two namespaces: kustomize could not have put them into another one.
                let mut there = same.iter().filter(|(_, source)| source.namespace == made.namespace);
                there.next().filter(|_| there.next().is_none()).map(|(at, _)| *at)
            };
            fits.extend(made.iter().map(original).collect::<Option<Vec<usize>>>());
        }
    }
    match fits.as_slice() {
        [only] => only.iter().copied().map(Some).collect(),
        _ => none(),
    }
}

/// A step into a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
}

impl Step {
    /// As it stands in a JSON path.
    fn text(&self) -> String {
        match self {
            Step::Item(at) => format!("[{at}]"),
            Step::Key(key) if key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) => {
                format!(".{key}")
            }
            Step::Key(key) => format!("['{}']", key.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

/// Reads a JSON path as findings have it.
fn steps(json_path: &str) -> Option<Vec<Step>> {
    let mut rest = json_path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("['") {
            let mut key = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                match characters.next()? {
                    (_, '\\') => key.push(characters.next()?.1),
                    (at, '\'') => break at,
                    (_, other) => key.push(other),
                }
            };
            steps.push(Step::Key(key));
            rest = after.get(end..)?.strip_prefix("']")?;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            steps.push(Step::Item(index.parse().ok()?));
            rest = after;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, after) = after.split_at_checked(end)?;
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        }
    }
    Some(steps)
}

fn step<'d>(node: Node<'d>, step: &Step) -> Option<Node<'d>> {
    match step {
        Step::Key(key) => node.get(key),
        Step::Item(at) => node.item(*at),
    }
}

/// The node of `source` that stands where `made` stands in its tree: items are found by their name where they have one,
/// else by their place in a list that is as long.
fn counterpart<'s>(path: &[Step], made: Node<'_>, source: Node<'s>) -> Option<Node<'s>> {
    let (mut made, mut source) = (made, source);
    for next in path {
        let inside = step(made, next)?;
        source = match next {
            Step::Key(_) => step(source, next)?,
            Step::Item(_) => match inside.get("name").and_then(Node::as_str) {
                Some(name) => {
                    only_named(made, name)?;
                    only_named(source, name)?
                }
                None if made.len() == source.len() => step(source, next)?,
                None => return None,
            },
        };
        made = inside;
    }
    Some(source)
}

fn only_named<'d>(list: Node<'d>, name: &str) -> Option<Node<'d>> {
    let mut same = list.items().filter(|item| item.get("name").and_then(Node::as_str) == Some(name));
    same.next().filter(|_| same.next().is_none())
}

/// How a span was taken from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Anchor,
    Whole,
    Key,
}

impl Taken {
    const ALL: [Taken; 3] = [Taken::Anchor, Taken::Whole, Taken::Key];

    fn span(self, node: Node<'_>) -> Option<Span> {
        match self {
            Taken::Anchor => Some(node.anchor_span()),
            Taken::Whole => Some(node.span()),
            Taken::Key => node.key().map(|(_, span)| span),
        }
    }
}

/// The span and path in `source`, the object that `made` was made of, of the same value with the same meaning.
fn same_place(finding: &Finding, made: Node<'_>, source: Node<'_>) -> Option<(Span, String)> {
    // A rendered document is one object.
    let path = steps(&finding.location.json_path)?;
    let mut there = 0;
    let mut deepest = made;
    while let Some(inside) = path.get(there).and_then(|next| step(deepest, next)) {
        deepest = inside;
        there += 1;
    }
    let (found, missing) = path.split_at_checked(there)?;
    let value = counterpart(found, made, source)?;
    match missing.first() {
        // What is missing must be missing there too.
        Some(next)
            if step(value, next).is_some() || value.value().type_name() != deepest.value().type_name() =>
        {
            return None;
        }
        Some(_) => {}
        // Of the whole object there is only one; it differs in what a kustomization is for.
        None if found.is_empty() => {}
        None if !is_equal(deepest, value) => return None,
        None => {}
    }
    let (shown, taken) = marked(finding.location.span, made, &path)?;
    let mark = counterpart(&shown, made, source)?;
    let is_scalar = |node: Node<'_>| !node.is_mapping() && !node.is_sequence();
    let marked = shown.iter().try_fold(made, step)?;
    if (is_scalar(marked) || is_scalar(mark)) && !is_equal(marked, mark) {
        return None;
    }
    let rest: String = missing.iter().map(Step::text).collect();
    Some((taken.span(mark)?, format!("{}{rest}", value.json_path())))
}

/// The node that a span marks: on the path of the finding, or beside it (the name of a container that lacks something).
fn marked(span: Span, made: Node<'_>, path: &[Step]) -> Option<(Vec<Step>, Taken)> {
    let fits = |node: Node<'_>| Taken::ALL.into_iter().find(|taken| taken.span(node) == Some(span));
    let mut on_path = vec![made];
    for next in path {
        match on_path.last().and_then(|node| step(*node, next)) {
            Some(inside) => on_path.push(inside),
            None => break,
        }
    }
    for (depth, node) in on_path.iter().enumerate().rev() {
        let here = path.get(..depth)?;
        if let Some(taken) = fits(*node) {
            return Some((here.to_vec(), taken));
        }
        for entry in node.entries() {
            if let Some(taken) = fits(entry.value) {
                let mut beside = here.to_vec();
                beside.push(Step::Key(entry.key.to_owned()));
                return Some((beside, taken));
            }
        }
    }
    None
}

/// Whether two values are the same to Kubernetes.
pub(super) fn is_equal(one: Node<'_>, other: Node<'_>) -> bool {
    match (one.value(), other.value()) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::String(one), Value::String(other)) => one == other,
        (Value::Int(one), Value::Int(other)) => one == other,
        (Value::Uint(one), Value::Uint(other)) => one == other,
        (
            Value::Int(_) | Value::Uint(_) | Value::Float(_),
            Value::Int(_) | Value::Uint(_) | Value::Float(_),
        ) => one.as_f64() == other.as_f64(),
        (Value::Sequence(_), Value::Sequence(_)) => {
            one.len() == other.len()
                && one.items().zip(other.items()).all(|(one, other)| is_equal(one, other))
        }
        (Value::Mapping(_), Value::Mapping(_)) => {
            one.len() == other.len()
                && one
                    .entries()
                    .all(|entry| other.entry(entry.key).is_some_and(|same| is_equal(entry.value, same.value)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(made: &[&str], sources: &[&str]) -> Vec<Option<usize>> {
        let names = |all: &[&str]| -> Vec<Name> {
            let name = |name: &&str| {
                let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
                Name { name: name.into(), namespace: namespace.into() }
            };
            all.iter().map(name).collect()
        };
        let (made, sources) = (names(made), names(sources));
        super::renamed(&made.iter().collect::<Vec<_>>(), &sources.iter().collect::<Vec<_>>())
    }

    #[test]
    fn names_are_told_apart_by_what_all_of_them_got() {
        assert_eq!(renamed(&["x"], &["web"]), [Some(0)]);
        assert_eq!(renamed(&["p-web", "p-webapp"], &["web", "webapp"]), [Some(0), Some(1)]);
        // One was deleted: `p-webapp` may be `webapp` behind `p-` or `web` between `p-` and `app`.
        assert_eq!(renamed(&["p-webapp"], &["web", "webapp"]), [None]);
        assert_eq!(renamed(&["a-web", "b-web"], &["web", "db"]), [None, None]);
        assert_eq!(renamed(&["web", "web"], &["web", "web"]), [None, None]);
        assert_eq!(renamed(&["b/p-web", "a/p-web"], &["a/web", "b/web"]), [Some(1), Some(0)]);
    }

    #[test]
    fn paths_are_read() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(
            steps("$.a-b[12]['x.y/\\'z'].c"),
            Some(vec![key("a-b"), Step::Item(12), key("x.y/'z"), key("c")])
        );
        assert_eq!(steps("$"), Some(Vec::new()));
        assert_eq!(steps("a"), None);
        assert_eq!(key("x.y/'z").text(), "['x.y/\\'z']");
    }
}

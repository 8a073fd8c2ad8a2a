use std::borrow::Cow;
use std::sync::Arc;

use haechi_model::{
    Arg, ArgValue, Edit, Finding, Fingerprint, FingerprintBuilder, Fix, FixSafety, Location, NewValue,
    RuleSource, Severity, Span,
};
use haechi_objects::{Container, Object};
use haechi_syntax::edit::Change;
use haechi_syntax::{Node, Source};

use crate::{Check, Options};

/// What a finding points at.
#[derive(Debug, Clone, Copy)]
pub enum Place<'d> {
    /// A value that is there.
    Value(Node<'d>),
    /// A field that should be there: the object that lacks it, and the keys from there on.
    Missing(Node<'d>, &'static [&'static str]),
    /// A key of a map, wherever its value stands: of a map that has it twice, one of the two.
    Key(Node<'d>, Span),
    /// A field that a container lacks; shown at the container's name.
    ContainerLacks(Container<'d>, &'static [&'static str]),
}

impl<'d> From<Node<'d>> for Place<'d> {
    fn from(node: Node<'d>) -> Self {
        Place::Value(node)
    }
}

impl<'d> Place<'d> {
    fn span(self) -> Span {
        match self {
            Place::Value(node) => node.anchor_span(),
            Place::Key(_, span) => span,
            // The deepest part of the path that is there is where the rest belongs.
            Place::Missing(node, path) => deepest(node, path).anchor_span(),
            Place::ContainerLacks(container, path) => {
                let node = container.node();
                let there = deepest(node, path);
                let place = if there == node { node.get("name").unwrap_or(node) } else { there };
                place.anchor_span()
            }
        }
    }

    fn json_path(self) -> String {
        let (node, path) = match self {
            Place::Value(node) => return node.json_path(),
            Place::Key(mapping, _) => return mapping.json_path(),
            Place::Missing(node, path) => (node, path),
            Place::ContainerLacks(container, path) => (container.node(), path),
        };
        let mut json_path = node.json_path();
        for key in path {
            json_path.push('.');
            json_path.push_str(key);
        }
        json_path
    }
}

fn deepest<'d>(node: Node<'d>, path: &[&str]) -> Node<'d> {
    let mut node = node;
    for key in path {
        match node.get(key) {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

/// Collects what checks find in one object.
#[derive(Debug)]
pub struct Findings<'d> {
    object: Object<'d>,
    path: Arc<str>,
    options: &'d Options,
    drafts: Vec<Draft>,
}

/// A finding in the making: checks add to it what the message needs.
#[derive(Debug)]
pub struct Draft {
    rule: &'static str,
    severity: Severity,
    span: Span,
    json_path: String,
    args: Vec<Arg>,
    /// How many of the arguments, from the first on, tell this finding from others of the rule in the object.
    parts: usize,
    fix: Option<(FixSafety, Change)>,
}

impl<'d> Findings<'d> {
    pub(crate) fn new(object: Object<'d>, path: Arc<str>, options: &'d Options) -> Self {
        Self { object, path, options, drafts: Vec::new() }
    }

    /// The value that the configuration gives the fix of a check which cannot know one by itself.
    pub(crate) fn fix_value(&self, check: &Check) -> Option<NewValue> {
        self.options.fix_values.get(check.info.slug).cloned()
    }

    /// Reports that `check` is violated at `place`.
    pub fn report<'p>(&mut self, check: &Check, place: impl Into<Place<'p>>) -> &mut Draft {
        let place = place.into();
        // What the object itself lacks is shown at its name.
        let span = match place {
            Place::Missing(node, path) if deepest(node, path) == self.object.node() => {
                self.object.anchor_span()
            }
            place => place.span(),
        };
        self.push(Draft {
            rule: check.info.slug,
            severity: check.info.severity,
            span,
            json_path: place.json_path(),
            args: Vec::new(),
            parts: 0,
            fix: None,
        })
    }

    fn push(&mut self, draft: Draft) -> &mut Draft {
        let at = self.drafts.len();
        self.drafts.push(draft);
        // Just pushed, so it is there; a slice pattern would need the same words.
        #[expect(clippy::indexing_slicing, reason = "the element was pushed on the line above")]
        &mut self.drafts[at]
    }

    /// The findings, ordered by place and rule.
    pub(crate) fn finish(self) -> Vec<Finding> {
        if self.drafts.is_empty() {
            return Vec::new();
        }
        let resource = self.object.resource();
        let source = self.object.node().document().source();
        let mut drafts = self.drafts;
        drafts.sort_by(|a, b| (a.span, a.rule, &a.json_path).cmp(&(b.span, b.rule, &b.json_path)));
        let mut findings = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let fingerprint = fingerprint(self.object, &draft);
            let location = Location {
                path: self.path.clone(),
                span: draft.span,
                start: source.position(draft.span.start),
                end: source.position(draft.span.end),
                json_path: draft.json_path,
            };
            findings.push(Finding {
                rule: Cow::Borrowed(draft.rule),
                source: RuleSource::Check,
                severity: draft.severity,
                resource: resource.clone(),
                location,
                args: draft.args,
                fingerprint,
                fix: draft.fix.map(|(safety, change)| fix(safety, change, source)),
            });
        }
        findings
    }
}

impl Draft {
    /// Adds a value that the message needs.
    pub fn arg(&mut self, name: &'static str, value: impl Into<ArgValue>) -> &mut Self {
        self.args.push(Arg { name: Cow::Borrowed(name), value: value.into() });
        self
    }

    /// Adds a value that the message needs and that is part of the finding's identity, such as the name of a
    /// container, volume or variable. Goes before other arguments.
    pub fn part(&mut self, name: &'static str, value: impl Into<ArgValue>) -> &mut Self {
        self.args.insert(self.parts, Arg { name: Cow::Borrowed(name), value: value.into() });
        self.parts += 1;
        self
    }

    /// Names the container that the finding is about.
    pub fn container(&mut self, container: Container<'_>) -> &mut Self {
        let name = match container.name() {
            "" => format!("{}[{}]", container.list().field(), container.index()),
            name => name.to_owned(),
        };
        self.part("container", name)
    }

    /// Adds the remedy, where there is a mechanical one and the text can take it.
    pub fn fix(&mut self, safety: FixSafety, change: Option<Change>) -> &mut Self {
        self.fix = change.map(|change| (safety, change));
        self
    }

    /// Sets another severity than the check's own, where the case is worse or milder than usual.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }
}

fn fix(safety: FixSafety, change: Change, source: &Source) -> Fix {
    let edits = change.edits.into_iter().map(|splice| Edit {
        span: splice.span,
        start: source.position(splice.span.start),
        end: source.position(splice.span.end),
        text: splice.text,
    });
    Fix { edits: edits.collect(), alteration: change.alteration, places: change.places, safety }
}

/// Rule, object, path without list indices, and the identifying arguments: nothing that changes when lines move,
/// files are renamed, a container is added before this one or an image gets a new tag.
fn fingerprint(object: Object<'_>, draft: &Draft) -> Fingerprint {
    let mut builder = FingerprintBuilder::default();
    let kind = object.kind();
    for part in [draft.rule, object.group(), kind, object.namespace().unwrap_or_default(), object.name()] {
        builder.push(part);
    }
    // Where the object stands in a list or a file says nothing about it.
    let base = object.node().json_path();
    let path = draft.json_path.strip_prefix(&base).unwrap_or(&draft.json_path);
    builder.push(&without_indices(path));
    for arg in draft.args.iter().take(draft.parts) {
        builder.push(&arg.value.to_string());
    }
    builder.finish()
}

fn without_indices(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(open) = rest.find('[') {
        let (before, from_open) = rest.split_at(open);
        out.push_str(before);
        let len = from_open.find(']').map_or(from_open.len(), |close| close + 1);
        let (step, after) = from_open.split_at(len);
        let is_index = step.trim_matches(['[', ']']).bytes().all(|byte| byte.is_ascii_digit());
        out.push_str(if is_index { "[]" } else { step });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::without_indices;

    #[test]
    fn indices_are_dropped_from_paths_but_keys_stay() {
        assert_eq!(without_indices("$.a[12].b['x.y/z'].c[0]"), "$.a[].b['x.y/z'].c[]");
    }
}

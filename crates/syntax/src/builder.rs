//! Puts a document together, node by node, and keeps its bounds.

use std::collections::HashMap;
use std::sync::Arc;

use haechi_model::Span;

use crate::document::{EntryData, NodeData, Repr, TextRef};
use crate::{Comment, Document, DuplicateKey, Limits, NodeId, Source, Style, SyntaxErrorKind};

/// Mappings of up to this many keys are searched key by key; larger ones get a hash index while they are built.
const LINEAR_KEYS: usize = 16;

/// Stands for the mapping of a duplicate key until that mapping is closed and has an id.
const OPEN_MAPPING: NodeId = NodeId(u32::MAX);

/// A mistake found while building, with its place.
pub(crate) type BuildError = (SyntaxErrorKind, Span, String);

#[derive(Debug)]
enum Frame {
    Sequence {
        span: Span,
        style: Style,
        first: usize,
    },
    Mapping {
        span: Span,
        style: Style,
        first: usize,
        key: Option<PendingKey>,
        index: Option<HashMap<String, usize>>,
        duplicates: usize,
    },
}

#[derive(Debug, Clone, Copy)]
struct PendingKey {
    text: TextRef,
    span: Span,
    is_merge: bool,
}

/// What a finished node means to its parent: whether it was reached by an alias (then its parent stays).
#[derive(Debug, Clone, Copy)]
struct Child {
    id: u32,
    span: Span,
    is_alias: bool,
}

#[derive(Debug)]
pub(crate) struct Builder {
    document: Document,
    limits: Limits,
    frames: Vec<Frame>,
    /// Items of the open sequences, one after another; a frame knows where its own begin.
    items: Vec<Child>,
    /// Entries of the open mappings.
    entries: Vec<(EntryData, bool)>,
    /// Per node: how many nodes it stands for when aliases are expanded.
    weights: Vec<u64>,
    root: Option<u32>,
}

impl Builder {
    pub(crate) fn new(source: Arc<Source>, span: Span, index: usize, limits: &Limits) -> Self {
        // Measured on real manifests: a node about every twenty bytes.
        let expected = span.len() as usize / 20 + 8;
        Self {
            document: Document {
                source,
                span,
                index,
                root: 0,
                nodes: Vec::with_capacity(expected),
                items: Vec::new(),
                entries: Vec::with_capacity(expected / 2),
                decoded: String::new(),
                comments: Vec::new(),
                duplicates: Vec::new(),
            },
            limits: *limits,
            frames: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            weights: Vec::with_capacity(expected),
            root: None,
        }
    }

    /// The document, with a null where nothing was added.
    pub(crate) fn finish(mut self) -> Document {
        self.document.root = match self.root {
            Some(root) => root,
            None => self.push(
                Repr::Null,
                Span::new(self.document.span.start, self.document.span.start),
                Style::Plain,
            ),
        };
        // Most documents live as long as the scan: what was only expected is given back.
        self.document.nodes.shrink_to_fit();
        self.document.entries.shrink_to_fit();
        self.document
    }

    pub(crate) fn comment(&mut self, span: Span) {
        self.document.comments.push(Comment { span });
    }

    /// Keeps `text`, pointing into the source where it stands there unchanged at `span` (quotes aside).
    pub(crate) fn text(&mut self, text: &str, span: Span) -> TextRef {
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        for start in [span.start, span.start + 1] {
            let range = start as usize..start as usize + text.len();
            if range.end <= span.end as usize && self.document.source.text().get(range) == Some(text) {
                return TextRef { start, len, decoded: false };
            }
        }
        let start = u32::try_from(self.document.decoded.len()).unwrap_or(u32::MAX);
        self.document.decoded.push_str(text);
        TextRef { start, len, decoded: true }
    }

    fn push(&mut self, repr: Repr, span: Span, style: Style) -> u32 {
        let id = u32::try_from(self.document.nodes.len()).unwrap_or(u32::MAX);
        self.document.nodes.push(NodeData { span, parent: id, style, repr });
        self.weights.push(1);
        id
    }

    /// Whether the next node is a key of a mapping.
    pub(crate) fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Mapping { key: None, .. }))
    }

    pub(crate) fn key(&mut self, text: TextRef, span: Span, merge: bool) {
        if let Some(Frame::Mapping { key, .. }) = self.frames.last_mut() {
            *key = Some(PendingKey { text, span, is_merge: merge });
        }
    }

    pub(crate) fn scalar(&mut self, repr: Repr, span: Span, style: Style) -> Result<u32, BuildError> {
        let id = self.push(repr, span, style);
        self.add(Child { id, span, is_alias: false })?;
        Ok(id)
    }

    /// A node outside of the tree, for aliases of a key.
    pub(crate) fn detached(&mut self, repr: Repr, span: Span, style: Style) -> u32 {
        self.push(repr, span, style)
    }

    /// Adds a node that stands elsewhere in the document.
    pub(crate) fn alias(&mut self, id: u32, span: Span) -> Result<(), BuildError> {
        self.add(Child { id, span, is_alias: true })
    }

    /// What a node is.
    pub(crate) fn node_repr(&self, id: u32) -> Option<Repr> {
        self.document.nodes.get(id as usize).map(|node| node.repr)
    }

    pub(crate) fn open_sequence(&mut self, span: Span, style: Style) -> Result<(), BuildError> {
        self.check_depth(span)?;
        self.frames.push(Frame::Sequence { span, style, first: self.items.len() });
        Ok(())
    }

    pub(crate) fn open_mapping(&mut self, span: Span, style: Style) -> Result<(), BuildError> {
        self.check_depth(span)?;
        let (first, duplicates) = (self.entries.len(), self.document.duplicates.len());
        self.frames.push(Frame::Mapping { span, style, first, key: None, index: None, duplicates });
        Ok(())
    }

    fn check_depth(&self, span: Span) -> Result<(), BuildError> {
        if self.frames.len() < self.limits.depth {
            return Ok(());
        }
        let message = format!("nested deeper than {} levels", self.limits.depth);
        Err((SyntaxErrorKind::TooDeep, span, message))
    }

    /// Closes the innermost sequence or mapping, which ends at `end`, and returns its node.
    pub(crate) fn close(&mut self, end: u32) -> Result<Option<u32>, BuildError> {
        let (repr, span, style, weight) = match self.frames.pop() {
            None => return Ok(None),
            Some(Frame::Sequence { span, style, first }) => {
                let id = u32::try_from(self.document.nodes.len()).unwrap_or(u32::MAX);
                let begin = self.document.items.len();
                let mut weight = 1_u64;
                for child in self.items.drain(first..) {
                    weight = weight.saturating_add(self.weights.get(child.id as usize).copied().unwrap_or(1));
                    self.document.items.push(child.id);
                    if !child.is_alias
                        && let Some(node) = self.document.nodes.get_mut(child.id as usize)
                    {
                        node.parent = id;
                    }
                }
                (range(begin, self.document.items.len(), false), span, style, weight)
            }
            Some(Frame::Mapping { span, style, first, duplicates, .. }) => {
                let id = u32::try_from(self.document.nodes.len()).unwrap_or(u32::MAX);
                for duplicate in self.document.duplicates.iter_mut().skip(duplicates) {
                    if duplicate.mapping == OPEN_MAPPING {
                        duplicate.mapping = NodeId(id);
                    }
                }
                let begin = self.document.entries.len();
                let mut weight = 1_u64;
                for (entry, is_shared) in self.entries.drain(first..) {
                    weight =
                        weight.saturating_add(self.weights.get(entry.value as usize).copied().unwrap_or(1));
                    self.document.entries.push(entry);
                    if !is_shared && let Some(node) = self.document.nodes.get_mut(entry.value as usize) {
                        node.parent = id;
                    }
                }
                (range(begin, self.document.entries.len(), true), span, style, weight)
            }
        };
        let span = Span::new(span.start, end.max(span.start));
        let id = self.push(repr, span, style);
        if let Some(slot) = self.weights.get_mut(id as usize) {
            *slot = weight;
        }
        self.check_weight(weight, span)?;
        self.add(Child { id, span, is_alias: false })?;
        Ok(Some(id))
    }

    fn check_weight(&self, weight: u64, span: Span) -> Result<(), BuildError> {
        if weight <= self.limits.expanded_nodes {
            return Ok(());
        }
        let message = format!("aliases expand to more than {} values", self.limits.expanded_nodes);
        Err((SyntaxErrorKind::AliasExpansion, span, message))
    }

    fn add(&mut self, child: Child) -> Result<(), BuildError> {
        let pending = match self.frames.last_mut() {
            None => {
                self.root = Some(child.id);
                return Ok(());
            }
            Some(Frame::Sequence { .. }) => {
                self.items.push(child);
                return Ok(());
            }
            Some(Frame::Mapping { key, .. }) => key.take(),
        };
        let Some(pending) = pending else {
            let message = "a list or a map cannot be a key".to_owned();
            return Err((SyntaxErrorKind::Value, child.span, message));
        };
        if pending.is_merge {
            return self.merge(child);
        }
        self.insert(
            EntryData { key: pending.text, key_span: pending.span, value: child.id },
            child.is_alias,
            true,
        );
        Ok(())
    }

    /// `<<: *base` or `<<: [*a, *b]`: later entries win over earlier ones, the first of several bases wins over
    /// the next.
    fn merge(&mut self, child: Child) -> Result<(), BuildError> {
        let wrong = || {
            let message = "`<<` takes a map or a list of maps".to_owned();
            (SyntaxErrorKind::Value, child.span, message)
        };
        match self.node_repr(child.id) {
            Some(Repr::Mapping { first, len }) => self.merge_entries(first, len, child.span),
            Some(Repr::Sequence { first, len }) => {
                for offset in (0..len).rev() {
                    let item = self.document.items.get((first + offset) as usize).copied();
                    match item.and_then(|item| self.node_repr(item)) {
                        Some(Repr::Mapping { first, len }) => self.merge_entries(first, len, child.span)?,
                        _ => return Err(wrong()),
                    }
                }
                Ok(())
            }
            _ => Err(wrong()),
        }
    }

    fn merge_entries(&mut self, first: u32, len: u32, span: Span) -> Result<(), BuildError> {
        for offset in first..first + len {
            if let Some(entry) = self.document.entries.get(offset as usize).copied() {
                self.insert(entry, true, false);
            }
        }
        // A merge copies entries without weighing them; a chain of merges must not grow without bound either.
        self.check_weight(self.entries.len() as u64 + self.document.entries.len() as u64, span)
    }

    fn insert(&mut self, entry: EntryData, is_shared: bool, is_written: bool) {
        let Some(Frame::Mapping { first, .. }) = self.frames.last() else { return };
        let first = *first;
        if let Some(at) = self.find(first, entry.key) {
            if let Some((old, was_shared)) = self.entries.get_mut(first + at) {
                if is_written && !*was_shared {
                    let mapping = OPEN_MAPPING;
                    let first = old.key_span;
                    self.document.duplicates.push(DuplicateKey { mapping, first, second: entry.key_span });
                }
                *old = entry;
                *was_shared = is_shared;
            }
            return;
        }
        self.entries.push((entry, is_shared));
        self.index(first, entry.key);
    }

    fn find(&self, first: usize, key: TextRef) -> Option<usize> {
        let text = self.document_text(key);
        match self.frames.last() {
            Some(Frame::Mapping { index: Some(index), .. }) => index.get(text).copied(),
            _ => {
                let open = self.entries.get(first..).unwrap_or_default();
                open.iter()
                    .position(|(other, _)| other.key.len == key.len && self.document_text(other.key) == text)
            }
        }
    }

    /// Keeps the hash index of a mapping that has grown large; `key` is the one just added.
    fn index(&mut self, first: usize, key: TextRef) {
        let count = self.entries.len() - first;
        if count <= LINEAR_KEYS {
            return;
        }
        let added = match self.frames.last() {
            Some(Frame::Mapping { index: Some(_), .. }) => {
                vec![(self.document_text(key).to_owned(), count - 1)]
            }
            _ => {
                let open = self.entries.get(first..).unwrap_or_default();
                open.iter()
                    .enumerate()
                    .map(|(at, (entry, _))| (self.document_text(entry.key).to_owned(), at))
                    .collect()
            }
        };
        if let Some(Frame::Mapping { index, .. }) = self.frames.last_mut() {
            index.get_or_insert_default().extend(added);
        }
    }

    fn document_text(&self, text: TextRef) -> &str {
        let range = text.start as usize..text.start as usize + text.len as usize;
        let buffer = if text.decoded { self.document.decoded.as_str() } else { self.document.source.text() };
        buffer.get(range).unwrap_or_default()
    }
}

fn range(begin: usize, end: usize, is_mapping: bool) -> Repr {
    let first = u32::try_from(begin).unwrap_or(u32::MAX);
    let len = u32::try_from(end - begin).unwrap_or(u32::MAX);
    if is_mapping { Repr::Mapping { first, len } } else { Repr::Sequence { first, len } }
}

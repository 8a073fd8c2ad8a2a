//! Puts a document together, node by node, and keeps its bounds.

use std::sync::{Arc, OnceLock};

use haechi_model::Span;

use crate::document::{EntryData, NodeData, Repr};
use crate::error::{Mistake, Outcome};
use crate::texts::{TextRef, Texts, offset};
use crate::{Comment, Document, DuplicateKey, Limits, NodeId, Source, Style, SyntaxErrorKind};

/// Mappings of up to this many keys are searched for equal keys pair by pair, larger ones by sorting.
const PAIRWISE_KEYS: usize = 12;

/// Nodes to a byte of real manifests, upside down: a node about every twenty bytes.
const BYTES_PER_NODE: u32 = 20;

/// How an entry came into its mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Key and value stand there.
    Written,
    /// The key stands there, the value elsewhere.
    Alias,
    /// From another mapping, by `<<`.
    Merged,
}

/// An open sequence or mapping.
#[derive(Debug)]
struct Frame {
    start: u32,
    style: Style,
    is_mapping: bool,
    /// Where its items or entries begin among those of all open collections.
    first: usize,
    key: Option<PendingKey>,
    /// Levels of collections inside, aliases replaced by what they stand for.
    height: usize,
    /// Whether the mapping took entries from elsewhere.
    has_merged: bool,
}

#[derive(Debug, Clone, Copy)]
struct PendingKey {
    text: TextRef,
    span: Span,
    is_merge: bool,
}

/// A finished node on its way into its parent.
#[derive(Debug, Clone, Copy)]
struct Child {
    id: u32,
    span: Span,
    is_alias: bool,
    /// Levels of collections, itself counted.
    height: usize,
}

#[derive(Debug)]
pub(crate) struct Builder {
    document: Document,
    limits: Limits,
    frames: Vec<Frame>,
    /// Items of the open sequences, one after another; a frame knows where its own begin.
    items: Vec<Child>,
    /// Entries of the open mappings.
    entries: Vec<(EntryData, Origin)>,
    /// Nodes that stand in a `<<` itself, with the depth of their mapping; they are no value of any key.
    merged: Vec<(usize, u32)>,
    root: Option<u32>,
    /// Keys that JSON cannot have, and why; an error only if they are part of the result.
    bad_keys: Vec<(Span, &'static str)>,
    /// Whether some number is not finite.
    has_not_finite: bool,
}

impl Builder {
    pub(crate) fn new(source: Arc<Source>, span: Span, index: usize, limits: &Limits) -> Self {
        let expected = (span.len() / BYTES_PER_NODE) as usize + 4;
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
                has_aliases: false,
                sharing: OnceLock::new(),
            },
            limits: *limits,
            frames: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            merged: Vec::new(),
            root: None,
            bad_keys: Vec::new(),
            has_not_finite: false,
        }
    }

    /// The document, with a null at its beginning where nothing was added.
    pub(crate) fn finish(mut self, texts: Texts<'_>, comments: &[Span]) -> Outcome<Document> {
        self.document.root = match self.root {
            Some(root) => root,
            None => self.push(Repr::Null, Span::at(self.document.span.start), Style::Plain),
        };
        self.check_representable()?;
        self.document.decoded = texts.decoded;
        self.document.comments = comments.iter().map(|span| Comment { span: *span }).collect();
        // Most documents live as long as the scan: what was only expected is given back.
        self.document.nodes.shrink_to_fit();
        self.document.items.shrink_to_fit();
        self.document.entries.shrink_to_fit();
        self.document.decoded.shrink_to_fit();
        self.document.duplicates.shrink_to_fit();
        Ok(self.document)
    }

    fn push(&mut self, repr: Repr, span: Span, style: Style) -> u32 {
        let id = offset(self.document.nodes.len());
        self.document.nodes.push(NodeData { span, parent: id, style, repr });
        id
    }

    /// Whether the next node is a key of a mapping.
    #[inline]
    pub(crate) fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { is_mapping: true, key: None, .. }))
    }

    /// Whether the next node is the value of `<<`.
    #[inline]
    pub(crate) fn expects_merged(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { key: Some(PendingKey { is_merge: true, .. }), .. }))
    }

    #[inline]
    pub(crate) fn key(&mut self, text: TextRef, span: Span) {
        self.set_key(PendingKey { text, span, is_merge: false });
    }

    pub(crate) fn merge_key(&mut self, text: TextRef, span: Span) {
        self.set_key(PendingKey { text, span, is_merge: true });
    }

    /// A key that JSON cannot have.
    pub(crate) fn bad_key(&mut self, text: TextRef, span: Span, why: &'static str) {
        self.bad_keys.push((span, why));
        self.key(text, span);
    }

    #[inline]
    fn set_key(&mut self, pending: PendingKey) {
        if let Some(Frame { key, .. }) = self.frames.last_mut() {
            *key = Some(pending);
        }
    }

    pub(crate) fn scalar(&mut self, repr: Repr, span: Span, style: Style) -> Outcome<u32> {
        if let Repr::Float(value) = repr
            && !value.is_finite()
        {
            self.has_not_finite = true;
        }
        let id = self.push(repr, span, style);
        self.add(Child { id, span, is_alias: false, height: 0 })?;
        Ok(id)
    }

    /// A node outside of the tree, for aliases of a key.
    pub(crate) fn detached(&mut self, repr: Repr, span: Span, style: Style) -> u32 {
        self.push(repr, span, style)
    }

    /// Adds a node that stands elsewhere in the document.
    pub(crate) fn alias(&mut self, id: u32, height: usize, span: Span) -> Outcome<()> {
        self.check_depth(self.frames.len() + height, span)?;
        self.document.has_aliases = true;
        self.add(Child { id, span, is_alias: true, height })
    }

    /// What a node is.
    pub(crate) fn node_repr(&self, id: u32) -> Option<Repr> {
        self.document.nodes.get(id as usize).map(|node| node.repr)
    }

    pub(crate) fn open_sequence(&mut self, start: u32, style: Style) -> Outcome<()> {
        self.open(Frame {
            start,
            style,
            is_mapping: false,
            first: self.items.len(),
            key: None,
            height: 0,
            has_merged: false,
        })
    }

    pub(crate) fn open_mapping(&mut self, start: u32, style: Style) -> Outcome<()> {
        self.open(Frame {
            start,
            style,
            is_mapping: true,
            first: self.entries.len(),
            key: None,
            height: 0,
            has_merged: false,
        })
    }

    fn open(&mut self, frame: Frame) -> Outcome<()> {
        self.check_depth(self.frames.len() + 1, Span::at(frame.start))?;
        self.frames.push(frame);
        Ok(())
    }

    fn check_depth(&self, depth: usize, span: Span) -> Outcome<()> {
        if depth <= self.limits.depth {
            return Ok(());
        }
        let message = format!("nested deeper than {} levels", self.limits.depth);
        Err(Mistake::new(SyntaxErrorKind::TooDeep, span, message))
    }

    /// Closes the innermost sequence or mapping, which ends at `end`, and returns its node and how many levels it
    /// has.
    pub(crate) fn close(&mut self, texts: &Texts<'_>, end: u32) -> Outcome<Option<(u32, usize)>> {
        let Some(frame) = self.frames.pop() else { return Ok(None) };
        let id = offset(self.document.nodes.len());
        let repr = if frame.is_mapping {
            self.close_mapping(texts, &frame, id)
        } else {
            self.close_sequence(frame.first, id)
        };
        let span = Span::new(frame.start, end.max(frame.start));
        self.push(repr, span, frame.style);
        let height = frame.height + 1;
        self.add(Child { id, span, is_alias: false, height })?;
        Ok(Some((id, height)))
    }

    fn close_sequence(&mut self, first: usize, id: u32) -> Repr {
        let begin = offset(self.document.items.len());
        for child in self.items.drain(first..) {
            self.document.items.push(child.id);
            if !child.is_alias
                && let Some(node) = self.document.nodes.get_mut(child.id as usize)
            {
                node.parent = id;
            }
        }
        Repr::Sequence { first: begin, len: offset(self.document.items.len()) - begin }
    }

    fn close_mapping(&mut self, texts: &Texts<'_>, frame: &Frame, id: u32) -> Repr {
        self.settle_equal_keys(texts, frame.first, NodeId(id));
        let begin = offset(self.document.entries.len());
        for (entry, origin) in self.entries.drain(frame.first..) {
            self.document.entries.push(entry);
            if origin == Origin::Written
                && let Some(node) = self.document.nodes.get_mut(entry.value as usize)
            {
                node.parent = id;
            }
        }
        if frame.has_merged {
            let depth = self.frames.len();
            while let Some((_, child)) = self.merged.pop_if(|(at, _)| *at == depth) {
                if let Some(node) = self.document.nodes.get_mut(child as usize) {
                    node.parent = id;
                }
            }
        }
        Repr::Mapping { first: begin, len: offset(self.document.entries.len()) - begin }
    }

    /// Of equal keys the last counts; it takes the place of the first. (Of keys that are equal only as text, `1` and
    /// `"1"`, Kubernetes takes one at random.)
    fn settle_equal_keys(&mut self, texts: &Texts<'_>, first: usize, mapping: NodeId) {
        let open = self.entries.get(first..).unwrap_or_default();
        if !has_equal_keys(open, texts) {
            return;
        }
        let mut order: Vec<usize> = (0..open.len()).collect();
        let text_of = |at: &usize| open.get(*at).map_or("", |(entry, _)| texts.get(entry.key));
        order.sort_by(|a, b| text_of(a).cmp(text_of(b)).then(a.cmp(b)));
        let mut winners: Vec<Option<usize>> = vec![None; open.len()];
        let mut found = Vec::new();
        for group in order.chunk_by(|a, b| text_of(a) == text_of(b)) {
            if let ([place, ..], Some(winner)) = (group, group.last())
                && let Some(slot) = winners.get_mut(*place)
            {
                *slot = Some(*winner);
            }
            // Merged entries are meant to be overridden; of the written ones each hides the one before.
            let written =
                group.iter().filter_map(|at| open.get(*at)).filter(|(_, from)| *from != Origin::Merged);
            let spans: Vec<Span> = written.map(|(entry, _)| entry.key_span).collect();
            for pair in spans.windows(2) {
                if let [first, second] = pair {
                    found.push(DuplicateKey { mapping, first: *first, second: *second });
                }
            }
        }
        found.sort_by_key(|duplicate| duplicate.second.start);
        self.document.duplicates.extend(found);
        let kept: Vec<_> = winners.iter().flatten().filter_map(|winner| open.get(*winner)).copied().collect();
        self.entries.truncate(first);
        self.entries.extend(kept);
    }

    fn add(&mut self, child: Child) -> Outcome<()> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(child.id);
            return Ok(());
        };
        frame.height = frame.height.max(child.height);
        if !frame.is_mapping {
            self.items.push(child);
            return Ok(());
        }
        let pending = frame.key.take();
        let Some(pending) = pending else {
            return Err(Mistake::value(child.span, "a list or a map cannot be a key"));
        };
        if pending.is_merge {
            return self.merge(child);
        }
        let entry = EntryData { key: pending.text, key_span: pending.span, value: child.id };
        self.entries.push((entry, if child.is_alias { Origin::Alias } else { Origin::Written }));
        Ok(())
    }

    /// `<<: *base` or `<<: [*a, *b]`. What stands later in the mapping wins, be it merged or written; the first of
    /// several bases wins over the next.
    fn merge(&mut self, child: Child) -> Outcome<()> {
        let wrong = || Mistake::value(child.span, "`<<` takes a map or a list of maps");
        if let Some(frame) = self.frames.last_mut() {
            frame.has_merged = true;
        }
        if !child.is_alias {
            // The depth that the mapping has when it is closed.
            self.merged.push((self.frames.len() - 1, child.id));
        }
        match self.node_repr(child.id) {
            Some(Repr::Mapping { first, len }) => self.merge_entries(first, len, child.span),
            Some(Repr::Sequence { first, len }) if !child.is_alias => {
                for at in (first..first + len).rev() {
                    let item = self.document.items.get(at as usize).copied();
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

    fn merge_entries(&mut self, first: u32, len: u32, span: Span) -> Outcome<()> {
        // Merges copy entries, and a chain of them copies them again and again.
        let copied = self.entries.len() as u64 + self.document.entries.len() as u64 + u64::from(len);
        if copied > self.limits.expanded_nodes {
            let message = format!("merges expand to more than {} entries", self.limits.expanded_nodes);
            return Err(Mistake::new(SyntaxErrorKind::AliasExpansion, span, message));
        }
        let range = first as usize..first as usize + len as usize;
        let base = self.document.entries.get(range).unwrap_or_default();
        self.entries.extend(base.iter().map(|entry| (*entry, Origin::Merged)));
        Ok(())
    }

    /// What JSON has no word for is a mistake only where it is part of the result: a later equal key may have
    /// taken its place.
    fn check_representable(&self) -> Outcome<()> {
        if !self.has_not_finite && self.bad_keys.is_empty() {
            return Ok(());
        }
        let mut is_seen = vec![false; self.document.nodes.len()];
        let mut left = vec![self.document.root];
        let mut first_mistake: Option<Mistake> = None;
        let mut note = |span: Span, message: &dyn Fn() -> String| {
            if first_mistake.as_ref().is_none_or(|first| span.start < first.span().start) {
                first_mistake = Some(Mistake::value(span, message()));
            }
        };
        while let Some(id) = left.pop() {
            let (Some(seen), Some(node)) =
                (is_seen.get_mut(id as usize), self.document.nodes.get(id as usize))
            else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            match node.repr {
                Repr::Float(value) if !value.is_finite() => {
                    note(node.span, &|| {
                        format!("JSON has no number `{}`", self.document.source.slice(node.span))
                    });
                }
                Repr::Sequence { first, len } => {
                    let range = first as usize..first as usize + len as usize;
                    left.extend(self.document.items.get(range).unwrap_or_default());
                }
                Repr::Mapping { first, len } => {
                    let range = first as usize..first as usize + len as usize;
                    for entry in self.document.entries.get(range).unwrap_or_default() {
                        left.push(entry.value);
                        if let Some((span, why)) = self.bad_key_at(entry.key_span) {
                            note(span, &|| why.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        first_mistake.map_or(Ok(()), Err)
    }

    fn bad_key_at(&self, span: Span) -> Option<(Span, &'static str)> {
        // Keys are met in the order of the source.
        let at = self.bad_keys.binary_search_by_key(&span.start, |(bad, _)| bad.start).ok()?;
        self.bad_keys.get(at).copied().filter(|(bad, _)| *bad == span)
    }
}

fn has_equal_keys(entries: &[(EntryData, Origin)], texts: &Texts<'_>) -> bool {
    if entries.len() <= PAIRWISE_KEYS {
        return entries.iter().enumerate().any(|(at, (entry, _))| {
            let before = entries.get(..at).unwrap_or_default();
            before.iter().any(|(other, _)| {
                other.key.len == entry.key.len && texts.get(other.key) == texts.get(entry.key)
            })
        });
    }
    let mut keys: Vec<&str> = entries.iter().map(|(entry, _)| texts.get(entry.key)).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair.first() == pair.last())
}

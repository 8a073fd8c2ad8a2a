//! The tree: an arena of nodes per document, and borrowed handles to walk it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use haechi_model::{Position, Span};

use crate::Source;
use crate::texts::TextRef;

/// Index of a node in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// How a node was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// A scalar without quotes, also a number or word of JSON.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A sequence or mapping by indentation.
    Block,
    /// A sequence or mapping in brackets.
    Flow,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Repr {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    String(TextRef),
    /// Children in `Document::items`.
    Sequence {
        first: u32,
        len: u32,
    },
    /// Children in `Document::entries`.
    Mapping {
        first: u32,
        len: u32,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeData {
    pub(crate) span: Span,
    /// The node that this one stands in; its own index for the root. For an anchored node: where it was defined.
    pub(crate) parent: u32,
    pub(crate) style: Style,
    pub(crate) repr: Repr,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryData {
    pub(crate) key: TextRef,
    pub(crate) key_span: Span,
    pub(crate) value: u32,
}

/// A comment, without its `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
}

/// A key that stands twice in one mapping. Kubernetes takes the last; people read the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The mapping.
    pub mapping: NodeId,
    /// The key that is overridden.
    pub first: Span,
    /// The key that counts.
    pub second: Span,
}

/// One document of a file.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
    pub(crate) index: usize,
    pub(crate) root: u32,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) items: Vec<u32>,
    pub(crate) entries: Vec<EntryData>,
    pub(crate) decoded: String,
    pub(crate) comments: Vec<Comment>,
    pub(crate) duplicates: Vec<DuplicateKey>,
    pub(crate) has_aliases: bool,
    /// Computed when first asked for.
    pub(crate) sharing: OnceLock<Sharing>,
}

/// What aliases and merges make of a document.
#[derive(Debug, Clone)]
pub(crate) struct Sharing {
    /// In how many places of the tree each node is, by its index: more than one where aliases or merges repeat it, none
    /// where it is no part of the tree. Bounded counts: a very large one stands for any larger.
    pub(crate) places: Vec<u64>,
    /// Whether a map may be merged into another.
    pub(crate) has_merges: bool,
}

impl Document {
    /// The top of the tree.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, id: NodeId(self.root) }
    }

    /// The node of this document with that id.
    pub fn node(&self, id: NodeId) -> Option<Node<'_>> {
        self.nodes.get(id.0 as usize).map(|_| Node { document: self, id })
    }

    /// The file that the document stands in.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The part of the file that the document takes, without its `---` lines.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Zero-based index among the documents of the file, broken and empty ones counted.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The comments, in order.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Keys that stand twice.
    pub fn duplicate_keys(&self) -> &[DuplicateKey] {
        &self.duplicates
    }

    /// Whether some value stands for another (`*name`), so that a change of the one may change both.
    pub fn has_aliases(&self) -> bool {
        self.has_aliases
    }

    /// What aliases and merges make of it.
    pub(crate) fn sharing(&self) -> &Sharing {
        self.sharing.get_or_init(|| Sharing {
            places: self.places(),
            has_merges: self.source.slice(self.span).contains("<<"),
        })
    }

    fn places(&self) -> Vec<u64> {
        let mut places = vec![0_u64; self.nodes.len()];
        if let Some(root) = places.get_mut(self.root as usize) {
            *root = 1;
        }
        // A node is finished before the one that holds it, be it written there or meant by an alias.
        for id in (0..self.nodes.len()).rev() {
            let count = places.get(id).copied().unwrap_or(0);
            let mut add = |child: u32| {
                if let Some(place) = places.get_mut(child as usize) {
                    *place = place.saturating_add(count);
                }
            };
            match self.nodes.get(id).map(|node| node.repr) {
                Some(Repr::Sequence { first, len }) if count > 0 => {
                    let range = first as usize..first as usize + len as usize;
                    self.items.get(range).unwrap_or_default().iter().for_each(|item| add(*item));
                }
                Some(Repr::Mapping { first, len }) if count > 0 => {
                    let range = first as usize..first as usize + len as usize;
                    self.entries.get(range).unwrap_or_default().iter().for_each(|entry| add(entry.value));
                }
                _ => {}
            }
        }
        places
    }

    /// The number of nodes, aliases counted once.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: a document has at least its root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn text(&self, text: TextRef) -> &str {
        text.get(self.source.text(), &self.decoded)
    }

    fn bytes(&self, text: TextRef) -> &[u8] {
        text.bytes(self.source.text(), &self.decoded)
    }

    fn data(&self, id: u32) -> NodeData {
        const LOST: NodeData =
            NodeData { span: Span::at(0), parent: 0, style: Style::Plain, repr: Repr::Null };
        self.nodes.get(id as usize).copied().unwrap_or(LOST)
    }
}

/// A value in a document: a cheap, copyable handle.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    id: NodeId,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.id == other.id
    }
}

impl Eq for Node<'_> {}

/// What a node is.
#[derive(Debug, Clone, Copy)]
pub enum Value<'d> {
    /// `null`, or nothing at all.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// Any other number; finite.
    Float(f64),
    /// A text.
    String(&'d str),
    /// A list.
    Sequence(Items<'d>),
    /// A map; keys are unique.
    Mapping(Entries<'d>),
}

impl Value<'_> {
    /// The JSON name of the type, for messages: `null`, `boolean`, `number`, `string`, `array` or `object`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::Uint(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Sequence(_) => "array",
            Value::Mapping(_) => "object",
        }
    }
}

impl<'d> Node<'d> {
    /// The document that this node belongs to.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// The index of this node in its document.
    pub fn id(self) -> NodeId {
        self.id
    }

    fn data(self) -> NodeData {
        self.document.data(self.id.0)
    }

    /// What the node is.
    #[inline]
    pub fn value(self) -> Value<'d> {
        match self.data().repr {
            Repr::Null => Value::Null,
            Repr::Bool(value) => Value::Bool(value),
            Repr::Int(value) => Value::Int(value),
            Repr::Uint(value) => Value::Uint(value),
            Repr::Float(value) => Value::Float(value),
            Repr::String(text) => Value::String(self.document.text(text)),
            Repr::Sequence { .. } => Value::Sequence(self.items()),
            Repr::Mapping { .. } => Value::Mapping(self.entries()),
        }
    }

    /// The bytes of the value in the source: what a fix would replace. Quotes and brackets are part of it, an anchor
    /// or a tag before it is not. A map or list ends with its last value, a block scalar with its last line (without
    /// the line break). A value that is not there is empty, right after what comes before it.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// How the value was written.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// The text if this is a string.
    pub fn as_str(self) -> Option<&'d str> {
        match self.data().repr {
            Repr::String(text) => Some(self.document.text(text)),
            _ => None,
        }
    }

    /// The boolean if this is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.data().repr {
            Repr::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The integer if this is one that fits; a float without fraction counts, as Kubernetes reads `1.0` as 1.
    pub fn as_i64(self) -> Option<i64> {
        match self.data().repr {
            Repr::Int(value) => Some(value),
            #[expect(clippy::cast_possible_truncation, reason = "the value was found integral and in range")]
            Repr::Float(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => Some(value as i64),
            _ => None,
        }
    }

    /// The number if this is one, rounded to a float.
    pub fn as_f64(self) -> Option<f64> {
        match self.data().repr {
            #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
            Repr::Int(value) => Some(value as f64),
            #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
            Repr::Uint(value) => Some(value as f64),
            Repr::Float(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(self) -> bool {
        matches!(self.data().repr, Repr::Null)
    }

    /// Whether this is the boolean true.
    pub fn is_true(self) -> bool {
        self.as_bool() == Some(true)
    }

    /// Whether this is the boolean false.
    pub fn is_false(self) -> bool {
        self.as_bool() == Some(false)
    }

    /// Whether this is a list.
    pub fn is_sequence(self) -> bool {
        matches!(self.data().repr, Repr::Sequence { .. })
    }

    /// Whether this is a map.
    pub fn is_mapping(self) -> bool {
        matches!(self.data().repr, Repr::Mapping { .. })
    }

    /// The value under `key`, if this is a map that has it and it is not null: for Kubernetes a null field is an
    /// absent one.
    #[inline]
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        self.child(key).filter(|value| !value.is_null())
    }

    /// The entry under `key`, also where its value is null.
    #[inline]
    pub fn entry(self, key: &str) -> Option<Entry<'d>> {
        let found = self.find(key)?;
        Some(Entry {
            key: self.document.text(found.key),
            key_span: found.key_span,
            value: Node { document: self.document, id: NodeId(found.value) },
        })
    }

    /// The value under `key`, also where it is null.
    #[inline]
    pub fn child(self, key: &str) -> Option<Node<'d>> {
        Some(Node { document: self.document, id: NodeId(self.find(key)?.value) })
    }

    fn find(self, key: &str) -> Option<&'d EntryData> {
        let entries = match self.data().repr {
            Repr::Mapping { first, len } => {
                self.document.entries.get(first as usize..first as usize + len as usize).unwrap_or_default()
            }
            _ => return None,
        };
        // Most keys already differ in length; those are not looked at.
        entries.iter().find(|entry| {
            entry.key.len as usize == key.len() && self.document.bytes(entry.key) == key.as_bytes()
        })
    }

    /// The value at the end of a path of keys, as [`Node::get`] step by step.
    pub fn at(self, path: &[&str]) -> Option<Node<'d>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The item at `index`, if this is a list that long.
    pub fn item(self, index: usize) -> Option<Node<'d>> {
        self.items().nth(index)
    }

    /// The items if this is a list, else none.
    #[inline]
    pub fn items(self) -> Items<'d> {
        let ids = match self.data().repr {
            Repr::Sequence { first, len } => {
                self.document.items.get(first as usize..first as usize + len as usize).unwrap_or_default()
            }
            _ => &[],
        };
        Items { document: self.document, ids }
    }

    /// The entries if this is a map, else none. Keys are unique; merged ones are included.
    #[inline]
    pub fn entries(self) -> Entries<'d> {
        let entries = match self.data().repr {
            Repr::Mapping { first, len } => {
                self.document.entries.get(first as usize..first as usize + len as usize).unwrap_or_default()
            }
            _ => &[],
        };
        Entries { document: self.document, entries }
    }

    /// The number of items or entries, 0 for a scalar.
    pub fn len(self) -> usize {
        match self.data().repr {
            Repr::Sequence { len, .. } | Repr::Mapping { len, .. } => len as usize,
            _ => 0,
        }
    }

    /// Whether this is an empty list or map, or a scalar.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The node that this one stands in. A node reached through an alias stands where its anchor is.
    pub fn parent(self) -> Option<Node<'d>> {
        let parent = self.data().parent;
        (parent != self.id.0).then_some(Node { document: self.document, id: NodeId(parent) })
    }

    /// The key that this node is the value of, with its span.
    pub fn key(self) -> Option<(&'d str, Span)> {
        let entry = self.parent()?.entries().find(|entry| entry.value.id == self.id)?;
        Some((entry.key, entry.key_span))
    }

    /// The short span that a person would point at: a scalar itself, the key of a map or list, or for an item
    /// that is a map its first key.
    pub fn anchor_span(self) -> Span {
        match self.data().repr {
            Repr::Sequence { .. } | Repr::Mapping { .. } => match self.key() {
                Some((_, span)) => span,
                None => self.entries().next().map_or_else(|| self.head_span(), |entry| entry.key_span),
            },
            Repr::Null if self.span().is_empty() => self.key().map_or(self.span(), |(_, span)| span),
            _ => self.span(),
        }
    }

    /// The first line of the span.
    fn head_span(self) -> Span {
        let span = self.span();
        let text = self.document.source.slice(span);
        let len = text.find('\n').unwrap_or(text.len());
        Span::new(span.start, span.start + u32::try_from(len).unwrap_or(0))
    }

    /// First character of the value.
    pub fn position(self) -> Position {
        self.document.source.position(self.span().start)
    }

    /// The path from the root: `$.spec.containers[0]['odd key']`.
    pub fn json_path(self) -> String {
        let mut steps = Vec::new();
        let mut node = self;
        while let Some(parent) = node.parent() {
            if parent.is_sequence() {
                let index = parent.items().position(|item| item.id == node.id).unwrap_or(0);
                steps.push(format!("[{index}]"));
            } else if let Some((key, _)) = node.key() {
                steps.push(path_step(key));
            }
            node = parent;
        }
        steps.push("$".to_owned());
        steps.reverse();
        steps.concat()
    }
}

/// A key as a step of a JSON path: `.name`, or `['a.b/c']` where it is no plain word.
fn path_step(key: &str) -> String {
    let is_word = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if is_word {
        format!(".{key}")
    } else {
        format!("['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

impl fmt::Debug for Node<'_> {
    /// The value as JSON-like text, for tests and logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
            Value::String(text) => write!(f, "{text:?}"),
            Value::Sequence(items) => f.debug_list().entries(items).finish(),
            Value::Mapping(entries) => {
                f.debug_map().entries(entries.map(|entry| (entry.key, entry.value))).finish()
            }
        }
    }
}

/// A key and its value.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    /// The key, as the text that JSON would have.
    pub key: &'d str,
    /// The key in the source.
    pub key_span: Span,
    /// The value.
    pub value: Node<'d>,
}

/// The items of a list, in order.
#[derive(Debug, Clone, Copy)]
pub struct Items<'d> {
    document: &'d Document,
    ids: &'d [u32],
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        let (first, rest) = self.ids.split_first()?;
        self.ids = rest;
        Some(Node { document: self.document, id: NodeId(*first) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ids.len(), Some(self.ids.len()))
    }

    fn nth(&mut self, n: usize) -> Option<Node<'d>> {
        self.ids = self.ids.get(n..).unwrap_or_default();
        self.next()
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The entries of a map, in the order of the source.
#[derive(Debug, Clone, Copy)]
pub struct Entries<'d> {
    document: &'d Document,
    entries: &'d [EntryData],
}

impl<'d> Iterator for Entries<'d> {
    type Item = Entry<'d>;

    fn next(&mut self) -> Option<Entry<'d>> {
        let (first, rest) = self.entries.split_first()?;
        self.entries = rest;
        Some(Entry {
            key: self.document.text(first.key),
            key_span: first.key_span,
            value: Node { document: self.document, id: NodeId(first.value) },
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.entries.len(), Some(self.entries.len()))
    }
}

impl ExactSizeIterator for Entries<'_> {}

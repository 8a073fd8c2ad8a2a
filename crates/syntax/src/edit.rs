//! Changes of single values that leave every other byte of the file as it is: comments, order, indentation, quotes and
//! line ends.
//!
//! ```text
//! Node + what it should be ─► Change (edits of bytes, and what they mean) ─► apply() ─► text ─► verify()
//! ```
//!
//! Each function answers `None` where the text is written in a way that it cannot change with certainty (tags, complex
//! keys, merges, a comment inside what would go): no edit is better than a wrong one.

mod block;
mod flow;
mod layout;
mod render;
mod verify;

use haechi_model::{Action, Alteration, Span};

pub use haechi_model::NewValue;
pub use verify::{Deviation, verify};

use crate::{Entry, Node, Style};

/// The value below these keys, one map each.
fn nested(value: NewValue, path: &[&str]) -> NewValue {
    path.iter().rev().fold(value, |value, key| NewValue::Map(vec![((*key).to_owned(), value)]))
}

fn is_scalar(value: &NewValue) -> bool {
    !matches!(value, NewValue::List(_) | NewValue::Map(_))
}

/// One replacement of bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Splice {
    /// What to replace; empty for an insertion.
    pub span: Span,
    /// What to put there.
    pub text: String,
}

/// Edits that change one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Replacements of bytes, in order, not overlapping.
    pub edits: Vec<Splice>,
    /// In how many places of the document the changed text counts: more than one where an anchor is used by aliases
    /// or merges. Right for one of them need not be right for the others.
    pub places: u64,
    /// What becomes of the value.
    pub alteration: Alteration,
}

impl Change {
    /// `node` is the value that the action speaks of.
    fn new(node: Node<'_>, mut edits: Vec<Splice>, action: Action) -> Option<Self> {
        // What writes what stands there already changes nothing.
        edits.retain(|edit| node.document().source().slice(edit.span) != edit.text);
        edits.sort();
        let places = if node.document().has_aliases() { places(node)? } else { 1 };
        let alteration = Alteration { document: node.document().index(), node: node.id().0, action };
        (!edits.is_empty()).then_some(Change { edits, places, alteration })
    }
}

/// How many places of the tree show the text of this node; nothing where that cannot be told.
fn places(node: Node<'_>) -> Option<u64> {
    let sharing = node.document().sharing();
    // What an anchored map holds may be merged elsewhere without the map itself being used there.
    let mut above = Some(node);
    while let Some(ancestor) = above.filter(|_| sharing.has_merges) {
        if ancestor.is_mapping() && layout::may_have_anchor(ancestor) {
            return None;
        }
        above = ancestor.parent();
    }
    sharing.places.get(node.id().0 as usize).copied().filter(|count| *count > 0)
}

/// The text after the edits, which are in order and do not overlap. Nothing where they do or lie outside.
pub fn apply(text: &str, edits: &[Splice]) -> Option<String> {
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start as usize)?);
        out.push_str(&edit.text);
        at = edit.span.end.max(edit.span.start) as usize;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Sets the value at the end of a path of keys below a map. What is missing of the path is added; a value that is there
/// is replaced, unless it or the new one is a list or a map.
pub fn set(map: Node<'_>, path: &[&str], value: impl Into<NewValue>) -> Option<Change> {
    let value = value.into();
    let mut map = map;
    let mut rest = path;
    while let Some((key, below)) = rest.split_first() {
        if !map.is_mapping() {
            return None;
        }
        let Some(entry) = map.entry(key) else {
            return insert(map, key, nested(value, below));
        };
        let is_here = layout::is_written(map, entry);
        if entry.value.is_null() {
            return if is_here { fill(map, entry, nested(value, below)) } else { None };
        }
        if below.is_empty() {
            return match is_here {
                true if entry.value.parent() == Some(map) => replace(entry.value, value),
                // Changing what an alias stands for changes it for all.
                true => replace(entry.value, value),
                // A key of its own goes before one that is merged in.
                false => insert(map, key, value),
            };
        }
        if !is_here {
            return None;
        }
        if entry.value.is_mapping() && entry.value.is_empty() {
            return fill(map, entry, nested(value, below));
        }
        map = entry.value;
        rest = below;
    }
    None
}

/// Puts a scalar in the place of another; quotes are kept where the text had them.
pub fn replace(scalar: Node<'_>, value: impl Into<NewValue>) -> Option<Change> {
    let value = value.into();
    let is_simple = matches!(scalar.style(), Style::Plain | Style::SingleQuoted | Style::DoubleQuoted);
    if !is_simple || scalar.span().is_empty() || !is_scalar(&value) || layout::has_tag(scalar) {
        return None;
    }
    let text = match (&value, scalar.style()) {
        (NewValue::Text(text), Style::SingleQuoted) => render::single_quoted(text)?,
        (NewValue::Text(text), Style::DoubleQuoted) => render::double_quoted(text),
        (NewValue::Text(text), Style::Plain)
            if !layout::is_in_brackets(scalar) && render::is_plain_address(text) =>
        {
            text.clone()
        }
        _ => render::scalar(&value, layout::is_json(scalar)),
    };
    Change::new(scalar, vec![Splice { span: scalar.span(), text }], Action::Replace(value))
}

/// Adds a key at the end of a map that has not got it.
fn insert(map: Node<'_>, key: &str, value: NewValue) -> Option<Change> {
    let edits = match map.style() {
        Style::Block => block::insert(map, key, &value)?,
        Style::Flow => flow::insert(map, key, &value)?,
        _ => return None,
    };
    Change::new(map, edits, Action::Set(key.to_owned(), value))
}

/// Gives a value to a key that has none, or an empty one.
fn fill(map: Node<'_>, entry: Entry<'_>, value: NewValue) -> Option<Change> {
    let is_own = entry.value.parent() == Some(map);
    if !is_own || layout::has_tag(entry.value) {
        return None;
    }
    let edits = match map.style() {
        Style::Block if !layout::is_json(map) => block::fill(map, entry, &value)?,
        Style::Flow => flow::fill(map, entry, &value)?,
        _ => return None,
    };
    Change::new(map, edits, Action::Set(entry.key.to_owned(), value))
}

/// Adds an item at the end of a list.
pub fn append(list: Node<'_>, value: impl Into<NewValue>) -> Option<Change> {
    let value = value.into();
    let edits = match list.style() {
        Style::Block => block::append(list, &value)?,
        Style::Flow if list.is_sequence() => flow::append(list, &value)?,
        _ => return None,
    };
    Change::new(list, edits, Action::Append(value))
}

/// Adds an item to the list at the end of a path of keys; the list is made where it is missing.
pub fn append_at(map: Node<'_>, path: &[&str], value: impl Into<NewValue>) -> Option<Change> {
    match map.at(path) {
        Some(list) => append(list, value),
        None => set(map, path, NewValue::List(vec![value.into()])),
    }
}

/// Writes another key in the place of one.
pub fn rename(map: Node<'_>, key: &str, new: &str) -> Option<Change> {
    let entry = map.entry(key)?;
    let is_free = map.entry(new).is_none();
    if !is_free || !layout::is_written(map, entry) || reveals_another(map, entry) {
        return None;
    }
    let text = render::key(new, layout::is_quoted(map, entry.key_span));
    Change::new(
        map,
        vec![Splice { span: entry.key_span, text }],
        Action::Rename(key.to_owned(), new.to_owned()),
    )
}

/// Takes a key and its value away, and what is empty thereafter: the map, its key in turn. Nothing where comments would
/// be lost, or where an equal key or a merge would show instead.
pub fn remove(map: Node<'_>, key: &str) -> Option<Change> {
    let entry = map.entry(key)?;
    if !layout::is_written(map, entry) || reveals_another(map, entry) {
        return None;
    }
    if map.len() == 1 {
        return remove_empty(map);
    }
    let edits = match map.style() {
        Style::Block => block::remove(map, entry)?,
        _ => flow::remove(map, entry)?,
    };
    removal(map, edits, Action::Remove(key.to_owned()))
}

/// Takes an item of a list away; the list too if it was the only one.
pub fn remove_item(list: Node<'_>, item: Node<'_>) -> Option<Change> {
    if item.parent() != Some(list) {
        return None;
    }
    if list.len() == 1 {
        return remove_empty(list);
    }
    let edits = match list.style() {
        Style::Block => block::remove_item(list, item)?,
        _ => flow::remove_item(list, item)?,
    };
    let index = list.items().position(|other| other == item)?;
    removal(list, edits, Action::RemoveItem(index))
}

/// Takes away a list or map that would be empty.
fn remove_empty(node: Node<'_>) -> Option<Change> {
    let parent = node.parent()?;
    let (key, _) = node.key()?;
    // Where aliases are about, what holds the text need not be what holds the value.
    if node.document().has_aliases() { None } else { remove(parent, key) }
}

fn removal(node: Node<'_>, edits: Vec<Splice>, action: Action) -> Option<Change> {
    let document = node.document();
    let is_clean = edits.iter().all(|edit| {
        let comments = document.comments();
        let next = comments.partition_point(|comment| comment.span.start < edit.span.start);
        let is_without = comments.get(next).is_none_or(|comment| comment.span.start >= edit.span.end);
        is_without && !(document.has_aliases() && document.source().slice(edit.span).contains('&'))
    });
    if is_clean { Change::new(node, edits, action) } else { None }
}

/// Whether something else would take the place of an entry that goes: an equal key before it, or a merged one.
fn reveals_another(map: Node<'_>, entry: Entry<'_>) -> bool {
    let document = map.document();
    document.duplicate_keys().iter().any(|duplicate| duplicate.second == entry.key_span)
        || document.source().slice(map.span()).contains("<<")
}

fn insertion(at: u32, text: String) -> Splice {
    Splice { span: Span::at(at), text }
}

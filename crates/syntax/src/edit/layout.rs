//! How a text is laid out around a node: lines, columns, where a value ends, what stands between key and value.

use haechi_model::Span;

use crate::texts::offset;
use crate::{Entry, Node, Style, Value};

/// The line around a place. Its ends are what `\n` makes lines of; a line with a rarer break in it is not looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    text: &'t str,
    pub(super) start: usize,
    /// Before the line break.
    pub(super) end: usize,
}

impl<'t> Line<'t> {
    pub(super) fn at(node: Node<'t>, place: u32) -> Option<Self> {
        let text = node.document().source().text();
        let place = place as usize;
        let start = text.get(..place)?.rfind('\n').map_or(0, |at| at + 1);
        let start = if start == 0 && text.starts_with('\u{feff}') { 3 } else { start };
        let end = text.get(place..)?.find('\n').map_or(text.len(), |at| place + at);
        let end = if text.get(..end)?.ends_with('\r') && end > place { end - 1 } else { end };
        let line = text.get(start..end)?;
        let has_odd_break = line.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}']);
        (!has_odd_break).then_some(Self { text, start, end })
    }

    pub(super) fn before(self, place: u32) -> &'t str {
        self.text.get(self.start..place as usize).unwrap_or_default()
    }

    pub(super) fn after(self, place: u32) -> &'t str {
        self.text.get(place as usize..self.end).unwrap_or_default()
    }

    /// After the line break, or the end of the text.
    pub(super) fn next(self) -> usize {
        let rest = self.text.get(self.end..).unwrap_or_default();
        let len = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        self.end + len
    }
}

/// The line break that the file uses.
pub(super) fn line_break(node: Node<'_>) -> &'static str {
    let text = node.document().source().text();
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|before| before.ends_with('\r')) => "\r\n",
        _ => "\n",
    }
}

/// Whether only blanks, or blanks and a comment, are left of a line.
pub(super) fn is_rest_free(rest: &str) -> bool {
    let trimmed = rest.trim_start_matches([' ', '\t']);
    trimmed.is_empty() || (trimmed.starts_with('#') && trimmed.len() < rest.len())
}

/// Whether the key of an entry stands in this very map, not in one that is merged into it.
pub(super) fn is_written(map: Node<'_>, entry: Entry<'_>) -> bool {
    let span = map.span();
    let is_inside = span.start <= entry.key_span.start && entry.key_span.end <= span.end;
    is_inside && (entry.value.parent() == Some(map) || alias_end(map, entry).is_some())
}

/// The colon after a key: the place after it.
pub(super) fn after_colon(map: Node<'_>, key: Span) -> Option<u32> {
    let text = map.document().source().text().get(key.end as usize..)?;
    let trimmed = text.trim_start_matches([' ', '\t']);
    trimmed.starts_with(':').then(|| key.end + offset(text.len() - trimmed.len()) + 1)
}

/// Where an alias that is the value of this entry ends.
fn alias_end(map: Node<'_>, entry: Entry<'_>) -> Option<u32> {
    if !map.document().has_aliases() {
        return None;
    }
    let start = after_colon(map, entry.key_span)?;
    let rest = map.document().source().text().get(start as usize..)?;
    let alias = rest.trim_start_matches([' ', '\t']);
    let name = alias.strip_prefix('*')?;
    let len = name.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(name.len());
    Some(start + offset(rest.len() - alias.len() + 1 + len))
}

/// Where the text of a value ends, with what belongs to a block scalar below it.
pub(super) fn end(node: Node<'_>) -> Option<u32> {
    let end = node.span().end;
    if !matches!(last_leaf(node).style(), Style::Literal | Style::Folded) {
        return Some(end);
    }
    // Blank lines are part of such a text if it says so (`|+`), or if they hold more blanks than the indentation.
    let leaf = last_leaf(node);
    let text = node.document().source().text();
    let header = node.document().source().slice(leaf.span()).lines().next().unwrap_or_default();
    let header = header.split('#').next().unwrap_or_default();
    let keeps = header.contains('+');
    let rest = text.get(end as usize..)?;
    let mut kept = 0;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        if !bare.trim_matches([' ', '\t']).is_empty() {
            break;
        }
        let is_first = at == 0;
        if !is_first && (keeps || !bare.is_empty()) {
            kept = at + bare.len();
        }
        at += line.len();
    }
    Some(end + offset(kept))
}

/// The scalar that stands last in the text of a node.
pub(super) fn last_leaf(node: Node<'_>) -> Node<'_> {
    let last = match node.value() {
        Value::Sequence(items) => items.last(),
        Value::Mapping(entries) => entries
            .filter(|entry| {
                node.span().start <= entry.key_span.start && entry.key_span.end <= node.span().end
            })
            .max_by_key(|entry| entry.key_span.start)
            .map(|entry| entry.value),
        _ => None,
    };
    match last {
        // What an alias stands for is written elsewhere.
        Some(last) if node.style() == Style::Block && last.parent() == Some(node) => last_leaf(last),
        _ => node,
    }
}

/// Where the text of an entry's value ends.
pub(super) fn entry_end(map: Node<'_>, entry: Entry<'_>) -> Option<u32> {
    if entry.value.parent() != Some(map) {
        return alias_end(map, entry);
    }
    if entry.value.is_null() && entry.value.span().is_empty() {
        return after_colon(map, entry.key_span);
    }
    end(entry.value)
}

/// The entries of this very map by their place.
pub(super) fn written<'d>(map: Node<'d>) -> Vec<Entry<'d>> {
    let mut entries: Vec<_> = map.entries().filter(|entry| is_written(map, *entry)).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

/// The column, zero-based, where the lines of a block collection begin. Only blanks and the dashes of lists may stand
/// before its first line.
pub(super) fn column(node: Node<'_>) -> Option<usize> {
    let start = node.span().start;
    let before = Line::at(node, start)?.before(start);
    (node.style() == Style::Block && before.bytes().all(|byte| matches!(byte, b' ' | b'-')))
        .then_some(before.len())
}

/// How far this file indents a map below its key, looked up as near as possible.
pub(super) fn map_step(node: Node<'_>) -> usize {
    step(node, |value| value.is_mapping(), 1).unwrap_or(2)
}

/// How far this file indents the dashes of a list below its key: often not at all.
pub(super) fn list_step(node: Node<'_>) -> usize {
    step(node, |value| value.is_sequence(), 0).unwrap_or(0)
}

fn step(node: Node<'_>, fits: impl Fn(Node<'_>) -> bool, least: usize) -> Option<usize> {
    let mut above = Some(node);
    while let Some(map) = above {
        let of_map = column(map).filter(|_| map.is_mapping());
        let found = of_map.and_then(|column_of_map| {
            let own = map.entries().filter(|entry| entry.value.parent() == Some(map));
            own.filter(|entry| fits(entry.value) && !entry.value.is_empty())
                .filter_map(|entry| column(entry.value)?.checked_sub(column_of_map))
                .find(|step| *step >= least)
        });
        if found.is_some() {
            return found;
        }
        above = map.parent();
    }
    None
}

/// Whether a key is written in double quotes, as in JSON.
pub(super) fn is_quoted(map: Node<'_>, key: Span) -> bool {
    map.document().source().slice(key).starts_with('"')
}

/// Whether a node stands in brackets whose keys are quoted: then what is written there must be JSON.
pub(super) fn is_json(node: Node<'_>) -> bool {
    let mut above = Some(node);
    while let Some(node) = above {
        if node.style() == Style::Block {
            return false;
        }
        if node.is_mapping()
            && let Some(entry) = node.entries().next()
        {
            return is_quoted(node, entry.key_span);
        }
        above = node.parent();
    }
    false
}

/// Whether a node stands in brackets, where more characters have a meaning.
pub(super) fn is_in_brackets(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.style() == Style::Flow)
}

/// Whether a tag or an anchor stands right before a value: then what is written there is read otherwise.
pub(super) fn has_tag(node: Node<'_>) -> bool {
    word_before(node).is_some_and(|word| word.starts_with('!'))
}

fn word_before(node: Node<'_>) -> Option<&str> {
    let before = node.document().source().text().get(..node.span().start as usize)?;
    before.split_ascii_whitespace().next_back()
}

/// Whether an anchor may stand before a map: what is in it may then be merged elsewhere.
pub(super) fn may_have_anchor(map: Node<'_>) -> bool {
    let source = map.document().source();
    let Some(before) = source.text().get(..map.span().start as usize) else { return true };
    // Blanks, comments and a tag may stand between the anchor and the first key.
    for line in before.lines().rev() {
        let words = line.split(" #").next().unwrap_or_default().trim();
        if words.contains('&') {
            return true;
        }
        if !(words.is_empty() || words.starts_with(['#', '!'])) {
            return false;
        }
    }
    false
}

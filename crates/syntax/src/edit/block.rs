//! Edits of lists and maps that are written by indentation.

use haechi_model::Span;

use super::layout::{self, Line, is_rest_free};
use super::render::Block;
use super::{NewValue, Splice, insertion};
use crate::texts::offset;
use crate::{Entry, Node, Style};

fn block(node: Node<'_>) -> Block {
    Block {
        line_break: layout::line_break(node),
        map_step: layout::map_step(node),
        list_step: layout::list_step(node),
    }
}

/// A new line after the last one of the map.
pub(super) fn insert(map: Node<'_>, key: &str, value: &NewValue) -> Option<Vec<Splice>> {
    let column = layout::column(map)?;
    let at = after_last_line(map)?;
    let (mut text, block) = (String::new(), block(map));
    block.new_line(&mut text, column);
    block.entry(&mut text, column, key, value);
    Some(vec![insertion(at, text)])
}

pub(super) fn append(list: Node<'_>, value: &NewValue) -> Option<Vec<Splice>> {
    let column = layout::column(list)?;
    let at = after_last_line(list)?;
    let (mut text, block) = (String::new(), block(list));
    block.new_line(&mut text, column);
    block.item(&mut text, column, value);
    Some(vec![insertion(at, text)])
}

/// The end of the last line of a collection, after a comment that stands there.
fn after_last_line(node: Node<'_>) -> Option<u32> {
    let end = layout::end(node)?;
    let line = Line::at(node, end)?;
    is_rest_free(line.after(end)).then(|| offset(line.end))
}

/// `key:`, `key: null` or `key: {}` becomes a key with a value.
pub(super) fn fill(map: Node<'_>, entry: Entry<'_>, value: &NewValue) -> Option<Vec<Splice>> {
    let colon = layout::after_colon(map, entry.key_span)?;
    let old = entry.value.span();
    let (start, end) = if old.is_empty() { (colon, colon) } else { (old.start, old.end) };
    let line = Line::at(map, colon)?;
    let gap = map.document().source().slice(Span::new(colon, start));
    let is_one_line = (end as usize) <= line.end && gap.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    if !is_one_line || !is_rest_free(line.after(end)) {
        return None;
    }
    let block = block(map);
    let mut text = String::new();
    if super::is_scalar(value)
        || matches!(value, NewValue::List(items) if !old.is_empty() && items.is_empty())
    {
        block.after_colon(&mut text, 0, value);
        return Some(vec![Splice { span: Span::new(colon, end), text }]);
    }
    let column = layout::column(map)?;
    block.after_colon(&mut text, column, value);
    // A comment stays on the line of its key.
    let gone = Splice { span: Span::new(colon, end), text: String::new() };
    Some(vec![gone, insertion(offset(line.end), text)])
}

pub(super) fn remove(map: Node<'_>, entry: Entry<'_>) -> Option<Vec<Splice>> {
    let written = layout::written(map);
    let at = written.iter().position(|other| other.key_span == entry.key_span)?;
    let end = layout::entry_end(map, entry)?;
    let next = written.get(at + 1).map(|next| next.key_span.start);
    let before = at.checked_sub(1).and_then(|at| written.get(at)).map(|before| before.value);
    remove_lines(map, (entry.key_span.start, end), before, next)
}

pub(super) fn remove_item(list: Node<'_>, item: Node<'_>) -> Option<Vec<Splice>> {
    let at = list.items().position(|other| other == item)?;
    let start = dash(list, item)?;
    let next = match list.item(at + 1) {
        Some(next) => Some(dash(list, next)?),
        None => None,
    };
    let before = at.checked_sub(1).and_then(|at| list.item(at));
    remove_lines(list, (start, layout::end(item)?), before, next)
}

/// The dash of an item.
fn dash(list: Node<'_>, item: Node<'_>) -> Option<u32> {
    if item.parent() != Some(list) {
        return None;
    }
    let line = Line::at(list, item.span().start)?;
    let before = line.before(item.span().start).trim_end_matches([' ', '\t']);
    before.ends_with('-').then(|| offset(line.start + before.len() - 1))
}

/// Takes away the lines of a range. Where something that stays stands before it on its line (the dash of an item), what
/// comes `next` moves there.
fn remove_lines(
    node: Node<'_>,
    (start, end): (u32, u32),
    value_before: Option<Node<'_>>,
    next: Option<u32>,
) -> Option<Vec<Splice>> {
    let (first, last) = (Line::at(node, start)?, Line::at(node, end)?);
    if !is_rest_free(last.after(end)) {
        return None;
    }
    // Blank lines and comments that come to stand below a block scalar would be part of it.
    let follows = Line::at(node, offset(last.next()))?;
    let is_scalar =
        |node: Node<'_>| matches!(layout::last_leaf(node).style(), Style::Literal | Style::Folded);
    let is_followed_by_text = last.next() > last.end && {
        let next = follows.before(offset(follows.end)).trim_start();
        !(next.is_empty() || next.starts_with('#'))
    };
    if value_before.is_some_and(is_scalar) && !is_followed_by_text {
        return None;
    }
    let before = first.before(start);
    let span = if before.bytes().all(|byte| byte == b' ') {
        let is_at_end = last.next() == last.end;
        // Without a line break at the end of the file the one before goes.
        let from =
            if is_at_end && first.start > 0 { end_of_line_before(node, first.start)? } else { first.start };
        Span::new(offset(from), offset(last.next()))
    } else if before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
        Span::new(start, next?)
    } else {
        return None;
    };
    Some(vec![Splice { span, text: String::new() }])
}

fn end_of_line_before(node: Node<'_>, start: usize) -> Option<usize> {
    let before = node.document().source().text().get(..start)?;
    let before = before.strip_suffix('\n')?;
    Some(before.strip_suffix('\r').unwrap_or(before).len())
}

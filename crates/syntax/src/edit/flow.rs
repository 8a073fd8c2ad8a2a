//! Edits of lists and maps that are written in brackets, JSON's too.

use haechi_model::Span;

use super::layout::{self, Line};
use super::render::Flow;
use super::{NewValue, Splice, insertion};
use crate::{Entry, Node};

/// A new entry after the last one, on a line of its own where the others are.
pub(super) fn insert(map: Node<'_>, key: &str, value: &NewValue) -> Option<Vec<Splice>> {
    let inside = inside(map)?;
    let json = layout::is_json(map);
    let written = layout::written(map);
    let Some(last) = written.last().copied() else {
        if !inside.trim().is_empty() {
            return None;
        }
        let flow = Flow { json, compact: false, lines: None };
        let mut text = String::from("{");
        flow.entry(&mut text, 0, key, value);
        text.push('}');
        return Some(vec![Splice { span: map.span(), text }]);
    };
    // A merge is no entry, and may stand last.
    if inside.contains("<<") || written.len() != map.len() {
        return None;
    }
    let end = layout::entry_end(map, last)?;
    let colon = layout::after_colon(map, last.key_span)?;
    let compact = json && after_is_tight(map, colon);
    let lines = lines(map, last.key_span.start);
    let lines =
        lines.as_ref().map(|(line_break, indent, step)| (*line_break, indent.as_str(), step.as_str()));
    let flow = Flow { json, compact, lines };
    let mut text = String::new();
    separate(flow, &mut text);
    flow.entry(&mut text, 0, key, value);
    Some(vec![insertion(end, text)])
}

pub(super) fn append(list: Node<'_>, value: &NewValue) -> Option<Vec<Splice>> {
    let inside = inside(list)?;
    let json = layout::is_json(list);
    let mut text = String::new();
    let Some(last) = list.items().last() else {
        if !inside.trim().is_empty() {
            return None;
        }
        text.push('[');
        Flow { json, compact: false, lines: None }.value(&mut text, 0, value);
        text.push(']');
        return Some(vec![Splice { span: list.span(), text }]);
    };
    if last.parent() != Some(list) || last.span().is_empty() {
        return None;
    }
    let compact = json && list.len() > 1 && !inside.contains(", ") && !inside.contains('\n');
    let lines = lines(list, last.span().start);
    let lines =
        lines.as_ref().map(|(line_break, indent, step)| (*line_break, indent.as_str(), step.as_str()));
    let flow = Flow { json, compact, lines };
    separate(flow, &mut text);
    flow.value(&mut text, 0, value);
    Some(vec![insertion(layout::end(last)?, text)])
}

/// Puts a value in the place of an empty one.
pub(super) fn fill(map: Node<'_>, entry: Entry<'_>, value: &NewValue) -> Option<Vec<Splice>> {
    let old = entry.value.span();
    let json = layout::is_json(map);
    if old.is_empty() {
        return None;
    }
    let colon = layout::after_colon(map, entry.key_span)?;
    let compact = json && after_is_tight(map, colon);
    let lines = lines(map, entry.key_span.start);
    let lines =
        lines.as_ref().map(|(line_break, indent, step)| (*line_break, indent.as_str(), step.as_str()));
    let mut text = String::new();
    Flow { json, compact, lines }.value(&mut text, 0, value);
    Some(vec![Splice { span: old, text }])
}

pub(super) fn remove(map: Node<'_>, entry: Entry<'_>) -> Option<Vec<Splice>> {
    let written = layout::written(map);
    if written.len() != map.len() {
        return None;
    }
    let at = written.iter().position(|other| other.key_span == entry.key_span)?;
    let span = match written.get(at + 1) {
        Some(next) => Span::new(entry.key_span.start, next.key_span.start),
        None => {
            let before = written.get(at.checked_sub(1)?)?;
            Span::new(layout::entry_end(map, *before)?, layout::entry_end(map, entry)?)
        }
    };
    // An equal key that does not count may stand between.
    let is_alone = !map.document().duplicate_keys().iter().any(|duplicate| duplicate.mapping == map.id());
    is_alone.then(|| vec![Splice { span, text: String::new() }])
}

pub(super) fn remove_item(list: Node<'_>, item: Node<'_>) -> Option<Vec<Splice>> {
    let at = list.items().position(|other| other == item)?;
    let own = |node: Node<'_>| node.parent() == Some(list) && !layout::has_tag(node);
    let neighbour = list.item(at + 1).or_else(|| list.item(at.checked_sub(1)?))?;
    if !own(item) || !own(neighbour) {
        return None;
    }
    let span = if neighbour.span().start > item.span().start {
        Span::new(item.span().start, neighbour.span().start)
    } else {
        Span::new(layout::end(neighbour)?, layout::end(item)?)
    };
    Some(vec![Splice { span, text: String::new() }])
}

/// What stands between the brackets.
fn inside<'d>(node: Node<'d>) -> Option<&'d str> {
    let text = node.document().source().slice(node.span());
    let text = text.strip_prefix(['{', '['])?;
    text.strip_suffix(['}', ']'])
}

fn after_is_tight(map: Node<'_>, colon: u32) -> bool {
    let text = map.document().source().text().get(colon as usize..).unwrap_or_default();
    !text.starts_with([' ', '\t', '\r', '\n'])
}

/// Line break, indentation and step where each entry has a line of its own: the last one's line begins with it.
fn lines(node: Node<'_>, last: u32) -> Option<(&'static str, String, String)> {
    let opening = Line::at(node, node.span().start)?;
    let line = Line::at(node, last)?;
    let indent = line.before(last);
    if line.start == opening.start || !indent.bytes().all(|byte| matches!(byte, b' ' | b'\t')) {
        return None;
    }
    let closing = Line::at(node, node.span().end.saturating_sub(1))?;
    let outer = closing.before(node.span().end.saturating_sub(1));
    let outer = outer.trim_end_matches(|c: char| c != ' ' && c != '\t');
    let step = indent.strip_prefix(outer).filter(|step| !step.is_empty()).unwrap_or("  ");
    Some((layout::line_break(node), indent.to_owned(), step.to_owned()))
}

fn separate(flow: Flow<'_>, text: &mut String) {
    text.push(',');
    if flow.lines.is_some() {
        flow.new_line(text, 0);
    } else if !flow.compact {
        text.push(' ');
    }
}

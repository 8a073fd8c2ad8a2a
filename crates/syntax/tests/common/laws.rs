//! What is true of every parse, whatever the bytes were. Tests and fuzz targets hold it against their inputs.

use std::collections::HashSet;

use haechi_model::Span;
use haechi_syntax::{Document, Node, Parsed, Scalar, Style, Value};

/// Checks all laws; panics with what is wrong.
pub(crate) fn check(parsed: &Parsed) {
    let text = parsed.source.text();
    for error in &parsed.errors {
        check_span(error.span, text);
        assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{error:?}");
        assert!(parsed.source.position(error.span.start).line >= 1);
    }
    let mut indices: Vec<usize> = parsed.documents.iter().map(Document::index).collect();
    assert!(indices.is_sorted(), "documents in order: {indices:?}");
    assert!(parsed.errors.is_sorted_by_key(|error| error.document), "errors in order");
    indices.extend(parsed.errors.iter().map(|error| error.document));
    let count = indices.len();
    assert_eq!(indices.iter().collect::<HashSet<_>>().len(), count, "each document is read or refused, once");
    for document in &parsed.documents {
        check_document(document, text);
    }
}

fn check_document(document: &Document, text: &str) {
    check_span(document.span(), text);
    check_comments(document, text);
    for duplicate in document.duplicate_keys() {
        assert!(duplicate.first.start < duplicate.second.start, "{duplicate:?}");
        assert!(document.node(duplicate.mapping).is_some_and(Node::is_mapping));
    }
    let mut seen = HashSet::new();
    let mut left = vec![document.root()];
    assert!(document.root().parent().is_none());
    while let Some(node) = left.pop() {
        if !seen.insert(node.id()) {
            continue;
        }
        check_node(node, text);
        for item in node.items() {
            check_child(node, item);
            left.push(item);
        }
        let mut keys = HashSet::new();
        for entry in node.entries() {
            assert!(keys.insert(entry.key), "the key {:?} stands twice", entry.key);
            check_key(entry.key, entry.key_span, text);
            let is_written_here = entry.value.key().is_some_and(|(_, span)| span == entry.key_span);
            if check_child(node, entry.value) && is_written_here {
                let is_before = entry.key_span.end <= entry.value.span().start;
                assert!(is_before, "key {:?} before value {:?}", entry.key_span, entry.value.span());
            }
            left.push(entry.value);
        }
    }
    assert!(seen.len() <= document.len());
}

fn check_span(span: Span, text: &str) {
    assert!(span.start <= span.end && text.get(span.range()).is_some(), "{span:?} in {} bytes", text.len());
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether the child stands in this node, and not elsewhere by an alias or a merge.
fn check_child(parent: Node<'_>, child: Node<'_>) -> bool {
    let stands_here = child.parent() == Some(parent);
    if stands_here {
        assert!(contains(parent.span(), child.span()), "{:?} holds {:?}", parent.span(), child.span());
    }
    stands_here
}

fn check_node(node: Node<'_>, text: &str) {
    let span = node.span();
    check_span(span, text);
    check_span(node.anchor_span(), text);
    assert!(contains(node.document().span(), span), "{span:?} outside of its document");
    assert!(node.json_path().starts_with('$'));
    let slice = text.get(span.range()).unwrap_or_default();
    let (starts, ends) = (|first| slice.starts_with(first), |last| slice.ends_with(last));
    match node.style() {
        Style::SingleQuoted => assert!(slice.len() >= 2 && starts('\'') && ends('\''), "{slice:?}"),
        Style::DoubleQuoted => assert!(slice.len() >= 2 && starts('"') && ends('"'), "{slice:?}"),
        Style::Literal => assert!(starts('|'), "{slice:?}"),
        Style::Folded => assert!(starts('>'), "{slice:?}"),
        // The last line of a block scalar may end with blanks.
        Style::Block => {
            assert_eq!(slice.trim_start().trim_end_matches(['\n', '\r']), slice, "white space around")
        }
        _ => assert_eq!(slice.trim_matches([' ', '\t', '\n', '\r']), slice, "white space around"),
    }
    let is_in_list =
        node.parent().is_some_and(|parent| parent.is_sequence() && parent.style() == Style::Flow);
    match node.value() {
        Value::String(value) if node.style() == Style::Plain && !is_tagged_binary(node, value) => {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words(slice), words(value), "a plain scalar is its text");
        }
        Value::Sequence(_) if node.style() == Style::Flow => assert!(starts('[') && ends(']'), "{slice:?}"),
        Value::Mapping(_) if node.style() == Style::Flow => {
            assert!(is_in_list || starts('{') && ends('}'), "{slice:?}");
        }
        Value::Float(value) => assert!(value.is_finite()),
        _ => {}
    }
}

/// `!!binary aGk=` stands for another text than it shows.
fn is_tagged_binary(node: Node<'_>, value: &str) -> bool {
    let before = node.document().source().text().get(..node.span().start as usize).unwrap_or_default();
    let slice = node.document().source().slice(node.span());
    value != slice && before.split_whitespace().rev().take(2).any(|word| word.contains('!'))
}

fn check_key(key: &str, span: Span, text: &str) {
    check_span(span, text);
    let slice = text.get(span.range()).unwrap_or_default();
    let is_plain =
        !slice.starts_with(['"', '\'', '*', '|', '>', '!']) && !slice.contains(char::is_whitespace);
    // What is no plain text, or has a tag, may look otherwise.
    let has_tag =
        text.get(..span.start as usize).is_some_and(|before| before.trim_end().ends_with("!!binary"));
    if is_plain && !has_tag && Scalar::resolve(slice) == Scalar::String && !slice.is_empty() {
        let is_tagged = text.get(..span.start as usize).is_some_and(|before| before.contains('!'));
        assert!(is_tagged || key == slice, "the key {key:?} is written {slice:?}");
    }
}

fn check_comments(document: &Document, text: &str) {
    let mut end = 0;
    for comment in document.comments() {
        check_span(comment.span, text);
        assert!(contains(document.span(), comment.span) && comment.span.start >= end, "comments in order");
        end = comment.span.end;
        let slice = text.get(comment.span.range()).unwrap_or_default();
        assert!(slice.starts_with('#') && !slice.contains(['\n', '\r']), "{slice:?}");
    }
}

//! An edited text reads as exactly the intended value, and nothing but the edit differs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod layouts;

use haechi_syntax::edit::{self, Change, Deviation, NewValue};
use haechi_syntax::{Limits, Node, Parsed, Value, parse};
use layouts::{Tree, Writer, tree};
use proptest::prelude::*;

fn read(text: &str) -> Parsed {
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert_eq!(parsed.errors, [], "{text}");
    parsed
}

fn to_tree(node: Node<'_>) -> Tree {
    match node.value() {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(value),
        Value::Int(value) => Tree::Int(value),
        Value::String(text) => Tree::Text(text.to_owned()),
        Value::Sequence(items) => Tree::List(items.map(to_tree).collect()),
        Value::Mapping(entries) => {
            Tree::Map(entries.map(|entry| (entry.key.to_owned(), to_tree(entry.value))).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn new_value(tree: &Tree) -> NewValue {
    match tree {
        Tree::Null => NewValue::Map(Vec::new()),
        Tree::Bool(value) => NewValue::Bool(*value),
        Tree::Int(value) => NewValue::Int(*value),
        Tree::Text(text) => NewValue::Text(text.clone()),
        Tree::List(items) => NewValue::List(items.iter().map(new_value).collect()),
        Tree::Map(entries) => {
            NewValue::Map(entries.iter().map(|(key, value)| (key.clone(), new_value(value))).collect())
        }
    }
}

fn of_new(value: &NewValue) -> Tree {
    match value {
        NewValue::Bool(value) => Tree::Bool(*value),
        NewValue::Int(value) => Tree::Int(*value),
        NewValue::Text(text) => Tree::Text(text.clone()),
        NewValue::List(items) => Tree::List(items.iter().map(of_new).collect()),
        NewValue::Map(entries) => {
            Tree::Map(entries.iter().map(|(key, value)| (key.clone(), of_new(value))).collect())
        }
    }
}

/// A place in a tree: indices of entries and items.
fn at<'d>(root: Node<'d>, path: &[usize]) -> Node<'d> {
    path.iter().fold(root, |node, step| match node.is_sequence() {
        true => node.item(*step).unwrap(),
        false => node.entries().nth(*step).unwrap().value,
    })
}

fn tree_at<'t>(tree: &'t mut Tree, path: &[usize]) -> &'t mut Tree {
    path.iter().fold(tree, |tree, step| match tree {
        Tree::List(items) => &mut items[*step],
        Tree::Map(entries) => &mut entries[*step].1,
        _ => unreachable!(),
    })
}

/// All collections of a tree.
fn collections(tree: &Tree, path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    let children: Vec<&Tree> = match tree {
        Tree::List(items) => items.iter().collect(),
        Tree::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        _ => return,
    };
    found.push(path.clone());
    for (step, child) in children.into_iter().enumerate() {
        path.push(step);
        collections(child, path, found);
        path.pop();
    }
}

/// The tree without one child, and without what is empty then. Nothing where an item or the whole would be.
fn without(root: &Tree, path: &[usize], child: usize) -> Option<Tree> {
    let mut root = root.clone();
    match tree_at(&mut root, path) {
        Tree::List(items) if items.len() > 1 => drop(items.remove(child)),
        Tree::Map(entries) if entries.len() > 1 => drop(entries.remove(child)),
        _ => {
            let (last, above) = path.split_last()?;
            return match tree_at(&mut root, above) {
                Tree::Map(_) => without(&root, above, *last),
                _ => None,
            };
        }
    }
    Some(root)
}

/// Applies the change and compares. Counts as done only what was really changed.
fn check(text: &str, change: Option<Change>, expected: Option<Tree>, what: &str) -> bool {
    let Some(change) = change else { return false };
    assert_eq!(change.places, 1);
    let expected =
        expected.unwrap_or_else(|| panic!("{what}: changed against all expectation\n{text}\n{change:?}"));
    let after = edit::apply(text, &change.edits).unwrap();
    let parsed = parse(after.as_bytes(), &Limits::default());
    assert_eq!(parsed.errors, [], "{what}\n--- before\n{text}\n--- after\n{after}");
    let read = to_tree(parsed.documents.last().unwrap().root());
    assert_eq!(read, expected, "{what}\n--- before\n{text}\n--- after\n{after}");
    assert_eq!(
        edit::verify(&read_all(text).documents, &parsed.documents, &[&change.alteration]),
        Ok(()),
        "{what}\n{text}\n{after}"
    );
    // What was not asked for is noticed; `yes` for `true` is no other value.
    let before = read_all(text);
    if to_tree(before.documents.last().unwrap().root()) != read {
        assert_ne!(
            edit::verify(&before.documents, &parsed.documents, &[]),
            Ok(()),
            "{what}\n{text}\n{after}"
        );
    }
    // Comments are all there still, in their order.
    let comments = |parsed: &Parsed| -> Vec<String> {
        parsed
            .documents
            .iter()
            .flat_map(|document| document.comments())
            .map(|comment| parsed.source.slice(comment.span).to_owned())
            .collect()
    };
    assert_eq!(
        comments(&parsed),
        comments(&read_all(text)),
        "{what}\n--- before\n{text}\n--- after\n{after}"
    );
    let bare = |text: &str| text.matches("\r\n").count() == text.matches('\n').count();
    assert!(!bare(text) || bare(&after) || !text.contains('\n'), "{what}: line ends\n{text:?}\n{after:?}");
    true
}

fn read_all(text: &str) -> Parsed {
    read(text)
}

fn value() -> impl Strategy<Value = Tree> {
    prop_oneof![
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::Int),
        layouts::text().prop_map(Tree::Text),
        Just(Tree::List(vec![Tree::Text("ALL".into())])),
        Just(Tree::Map(vec![("type".into(), Tree::Text("RuntimeDefault".into()))])),
        Just(Tree::Map(vec![(
            "a".into(),
            Tree::List(vec![Tree::Map(vec![("b".into(), Tree::Bool(true)), ("c".into(), Tree::Int(1))])])
        )])),
    ]
}

#[test]
fn edited_texts_read_as_intended() {
    let mut done = [0_usize; 5];
    let mut asked = [0_usize; 5];
    // `PROPTEST_CASES` asks for more.
    let usual = ProptestConfig::default();
    let config = ProptestConfig { cases: usual.cases.max(4_000), failure_persistence: None, ..usual };
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let (done_cell, asked_cell) = (std::cell::RefCell::new(&mut done), std::cell::RefCell::new(&mut asked));
    let cases = (
        tree(),
        any::<u64>(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        value(),
        0..5_usize,
    );
    runner
        .run(&cases, |(tree, seed, place, child, value, what)| {
            let text = Writer::write(&tree, seed);
            let parsed = read(&text);
            let root = parsed.documents.last().unwrap().root();
            assert_eq!(to_tree(root), tree, "the writer of this test wrote\n{text}");
            let mut places = Vec::new();
            collections(&tree, &mut Vec::new(), &mut places);
            let path = place.get(&places);
            let node = at(root, path);
            let mut after = tree.clone();
            let target = tree_at(&mut after, path);
            let new = new_value(&value);
            let (change, expected) = match (what, target) {
                (0, Tree::Map(entries)) => {
                    entries.push(("newKey".into(), Tree::Map(vec![("inner".into(), of_new(&new))])));
                    (edit::set(node, &["newKey", "inner"], new), Some(after))
                }
                (1, Tree::Map(entries)) if !entries.is_empty() => {
                    let at = child.index(entries.len());
                    let (key, old) = &mut entries[at];
                    let is_scalar = |tree: &Tree| !matches!(tree, Tree::List(_) | Tree::Map(_));
                    let is_empty = matches!(old, Tree::Null);
                    let key = key.clone();
                    let fits = is_empty || (is_scalar(old) && is_scalar(&of_new(&new)));
                    *old = of_new(&new);
                    (edit::set(node, &[&key], new), fits.then_some(after))
                }
                (2, Tree::List(items)) => {
                    items.push(of_new(&new));
                    (edit::append(node, new), Some(after))
                }
                (3, Tree::Map(entries)) if !entries.is_empty() => {
                    let at = child.index(entries.len());
                    let key = entries[at].0.clone();
                    (edit::remove(node, &key), without(&tree, path, at))
                }
                (4, Tree::List(items)) if !items.is_empty() => {
                    let at = child.index(items.len());
                    (edit::remove_item(node, node.item(at).unwrap()), without(&tree, path, at))
                }
                _ => return Ok(()),
            };
            let is_expected = expected.is_some();
            if is_expected {
                asked_cell.borrow_mut()[what] += 1;
            }
            if check(&text, change, expected, &format!("operation {what} at {path:?}")) {
                done_cell.borrow_mut()[what] += 1;
            }
            Ok(())
        })
        .unwrap();
    for (what, least) in [(0, 90), (1, 70), (2, 90), (3, 40), (4, 40)] {
        let share = done[what] * 100 / asked[what].max(1);
        assert!(share >= least, "operation {what}: only {} of {} were done", done[what], asked[what]);
    }
    println!("done {done:?} of {asked:?}");
}

/// `before` with one change is `after`, byte for byte.
fn golden(before: &str, change: impl Fn(Node<'_>) -> Option<Change>, after: &str) {
    let parsed = read(before);
    let change =
        change(parsed.documents.last().unwrap().root()).unwrap_or_else(|| panic!("no change for\n{before}"));
    assert_eq!(edit::apply(before, &change.edits).unwrap(), after);
}

fn refused(text: &str, change: impl Fn(Node<'_>) -> Option<Change>) {
    let parsed = read(text);
    assert_eq!(change(parsed.documents.last().unwrap().root()), None, "{text}");
}

#[test]
fn missing_maps_are_added_in_the_files_own_indentation() {
    golden(
        "spec:\n    containers:\n    -   name: a # first\n        image: b\n\n    # next\n    x: y\n",
        |root| {
            edit::set(
                root.at(&["spec", "containers"])?.item(0)?,
                &["securityContext", "capabilities", "drop"],
                &["ALL"][..],
            )
        },
        "spec:\n    containers:\n    -   name: a # first\n        image: b\n        securityContext:\n            capabilities:\n                drop:\n                - ALL\n\n    # next\n    x: y\n",
    );
    golden(
        "spec:\n  containers:\n    - name: a",
        |root| edit::set(root.at(&["spec", "containers"])?.item(0)?, &["args"], &["x"][..]),
        "spec:\n  containers:\n    - name: a\n      args:\n        - x",
    );
}

#[test]
fn empty_maps_are_filled_and_keep_their_comment() {
    golden("a: {} # none\nb: 1\n", |root| edit::set(root, &["a", "k"], true), "a: # none\n  k: true\nb: 1\n");
    golden("a:\r\nb: 1\r\n", |root| edit::set(root, &["a", "k"], true), "a:\r\n  k: true\r\nb: 1\r\n");
    golden("a: ~\nb: 1\n", |root| edit::set(root, &["a"], "x"), "a: x\nb: 1\n");
}

#[test]
fn json_keeps_its_lines() {
    golden(
        "{\n    \"a\": {\n        \"b\": 1\n    }\n}\n",
        |root| edit::set(root, &["a", "c", "d"], "e"),
        "{\n    \"a\": {\n        \"b\": 1,\n        \"c\": {\n            \"d\": \"e\"\n        }\n    }\n}\n",
    );
    golden(
        "{\"a\":{\"b\":1}}",
        |root| edit::set(root, &["a", "c", "d"], "e"),
        "{\"a\":{\"b\":1,\"c\":{\"d\":\"e\"}}}",
    );
    golden("{\"a\": 1, \"b\": 2}", |root| edit::remove(root, "b"), "{\"a\": 1}");
}

#[test]
fn what_is_removed_leaves_no_empty_line_and_no_comment_is_lost() {
    golden("a: 1\nb: 2\nc: 3\n", |root| edit::remove(root, "b"), "a: 1\nc: 3\n");
    golden("- a: 1\n  b: 2\n", |root| edit::remove(root.item(0)?, "a"), "- b: 2\n");
    golden("a: 1\nb: 2", |root| edit::remove(root, "b"), "a: 1");
    golden(
        "a: 1\nb:\n  c:\n  - d\n",
        |root| edit::remove_item(root.at(&["b", "c"])?, root.at(&["b", "c"])?.item(0)?),
        "a: 1\n",
    );
    refused("a: 1\nb: 2 # why\nc: 3\n", |root| edit::remove(root, "b"));
}

#[test]
fn block_scalars_keep_their_last_lines() {
    golden(
        "a:\n  b: |+\n    x\n\nc: 1\n",
        |root| edit::set(root, &["a", "k"], true),
        "a:\n  b: |+\n    x\n\n  k: true\nc: 1\n",
    );
    golden(
        "a:\n  b: |\n    x\n\nc: 1\n",
        |root| edit::set(root, &["a", "k"], true),
        "a:\n  b: |\n    x\n  k: true\n\nc: 1\n",
    );
}

#[test]
fn quotes_stay() {
    golden("a: 'x'\n", |root| edit::set(root, &["a"], "it's"), "a: 'it''s'\n");
    golden("a: \"x\" # c\n", |root| edit::set(root, &["a"], "y"), "a: \"y\" # c\n");
    golden(
        "a: b/x:1 # c\n",
        |root| edit::set(root, &["a"], "c.d/x:1@sha256:ab"),
        "a: c.d/x:1@sha256:ab # c\n",
    );
    golden("{a: b/x:1}\n", |root| edit::set(root, &["a"], "c/x:1"), "{a: \"c/x:1\"}\n");
    golden("a: b\n", |root| edit::set(root, &["a"], "b:"), "a: \"b:\"\n");
    golden("a: yes\n", |root| edit::set(root, &["a"], "no"), "a: \"no\"\n");
}

#[test]
fn aliased_text_says_in_how_many_places_it_counts() {
    let text = "a: &x\n  k: true\nb: *x\nc: *x\n";
    let parsed = read(text);
    let change = edit::set(parsed.documents[0].root(), &["b", "k"], false).unwrap();
    assert_eq!(change.places, 3);
    let change = edit::set(parsed.documents[0].root(), &["c", "new"], false).unwrap();
    assert_eq!(change.places, 3);
    let change = edit::set(parsed.documents[0].root(), &["new"], false).unwrap();
    assert_eq!(change.places, 1);
}

#[test]
fn merged_keys_are_overridden_where_they_count_and_bases_stay() {
    let text = "base: &b\n  k: true\n  m:\n    n: 1\nx:\n  <<: *b\n  y: 1\n";
    golden(text, |root| edit::set(root.get("x")?, &["k"], false), &format!("{text}  k: false\n"));
    refused(text, |root| edit::set(root.get("x")?, &["m", "n"], 2));
    refused(text, |root| edit::set(root.get("base")?, &["k"], false));
    refused(text, |root| edit::set(root.get("base")?, &["new"], false));
    // Without its own key the merged one would count.
    refused("b: &b {k: 1}\nx:\n  <<: *b\n  k: 2\n  y: 1\n", |root| edit::remove(root.get("x")?, "k"));
    refused("k: 1\ny: 1\nk: 2\n", |root| edit::remove(root, "k"));
}

#[test]
fn tagged_values_are_left_alone() {
    refused("a: !!str x\nb: 1\n", |root| edit::set(root, &["a"], true));
    refused("a: !!null\nb: 1\n", |root| edit::set(root, &["a", "k"], true));
}

#[test]
fn renamed_keys_keep_value_and_place() {
    golden(
        "- serviceAccount: x # c\n  b: 1\n",
        |root| edit::rename(root.item(0)?, "serviceAccount", "serviceAccountName"),
        "- serviceAccountName: x # c\n  b: 1\n",
    );
    refused("a: 1\nb: 1\n", |root| edit::rename(root, "a", "b"));
}

#[test]
fn other_changes_than_intended_are_noticed() {
    let text = "a: 1 # one\nb: &x {k: 1}\nc: *x\n";
    let parsed = read(text);
    let change = edit::set(parsed.documents[0].root(), &["a"], 2).unwrap();
    let verify = |after: &str| edit::verify(&parsed.documents, &read(after).documents, &[&change.alteration]);
    let value = |path: &str| Err(Deviation::Value(path.to_owned()));
    assert_eq!(verify("a: 2 # one\nb: &x {k: 1}\nc: *x\n"), Ok(()));
    assert_eq!(verify(text), value("$.a"));
    assert_eq!(verify("a: 3 # one\nb: &x {k: 1}\nc: *x\n"), value("$.a"));
    assert_eq!(verify("a: 2 # one\nb: &x {k: 2}\nc: *x\n"), value("$.b.k"));
    assert_eq!(verify("a: 2 # one\nb: &x {k: 1}\nc: {k: 2}\n"), value("$.b.k"));
    assert_eq!(verify("a: 2 # one\nb: &x {k: 1}\nc: *x\nd: 1\n"), value("$"));
    assert_eq!(verify("a: 2\nb: &x {k: 1}\nc: *x\n"), Err(Deviation::Comments));
    assert_eq!(verify("a: 2 # one\nb: &x {k: 1}\nc: *x\n---\nd: 1\n"), Err(Deviation::Documents));
    // An alias shows what stands at its anchor.
    let change = edit::set(parsed.documents[0].root(), &["c", "k"], 2).unwrap();
    let after = edit::apply(text, &change.edits).unwrap();
    assert_eq!(edit::verify(&parsed.documents, &read(&after).documents, &[&change.alteration]), Ok(()));
}

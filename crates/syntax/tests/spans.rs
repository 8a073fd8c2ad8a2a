//! Where values, keys and comments are: exactly, and for every text there is.

mod common {
    pub(crate) mod laws;
}

use common::laws;
use haechi_model::Span;
use haechi_syntax::{Limits, Node, Parsed, Value, parse, parse_json, parse_yaml};
use proptest::prelude::*;

fn read(text: &str) -> Parsed {
    let parsed = parse_yaml(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    laws::check(&parsed);
    parsed
}

/// The value at a path of keys and indices, also a null.
fn at<'p>(parsed: &'p Parsed, path: &[&str]) -> Option<Node<'p>> {
    path.iter().try_fold(parsed.documents.first()?.root(), |node, step| match step.parse() {
        Ok(index) => node.item(index),
        Err(_) => node.entry(step).map(|entry| entry.value),
    })
}

/// What the spans of the values at these paths cover.
fn check(text: &str, expected: &[(&[&str], &str)]) {
    let parsed = read(text);
    for (path, slice) in expected {
        let span = at(&parsed, path).map(Node::span);
        assert_eq!(span.map(|span| parsed.source.slice(span)), Some(*slice), "{path:?} in {text:?}");
    }
}

#[test]
fn scalars_cover_themselves() {
    check(
        "a: b c # d\ne: 'f'  \ng: \"h\\n\"\ni: j\n  k\n\nl: 0644\n",
        &[(&["a"], "b c"), (&["e"], "'f'"), (&["g"], "\"h\\n\""), (&["i"], "j\n  k"), (&["l"], "0644")],
    );
}

/// A fix replaces the value, and an anchor or a tag stays where it is.
#[test]
fn anchors_and_tags_are_not_part_of_the_value() {
    check(
        "a: &x b\nc: !!str d\ne: !!str &y \"f\"\ng: &z\n  h: i\nj: !k [l]\nm: &n\n- o\n",
        &[
            (&["a"], "b"),
            (&["c"], "d"),
            (&["e"], "\"f\""),
            (&["g"], "h: i"),
            (&["j"], "[l]"),
            (&["m"], "- o"),
        ],
    );
}

#[test]
fn collections_end_with_their_last_value() {
    check(
        "a:\n  b: 1\n  # comment\n\n\nc:\n- d # e\n- f:\n\n# g\nh: {i: [j, k ] } # l\n",
        &[
            (&["a"], "b: 1"),
            (&["c"], "- d # e\n- f:"),
            (&["c", "1"], "f:"),
            (&["h"], "{i: [j, k ] }"),
            (&["h", "i"], "[j, k ]"),
            (&[], "a:\n  b: 1\n  # comment\n\n\nc:\n- d # e\n- f:\n\n# g\nh: {i: [j, k ] }"),
        ],
    );
    check("? a\n: b\n", &[(&[], "? a\n: b")]);
    check("[a: b, c]\n", &[(&["0"], "a: b")]);
}

#[test]
fn block_scalars_end_with_their_last_line() {
    check(
        "a: |\n  b\n  c\n\nd: >-\n  e\n\nf: |+ # g\n  h\n\n\ni: |\nj: |2-\n   k\n",
        &[
            (&["a"], "|\n  b\n  c"),
            (&["d"], ">-\n  e"),
            (&["f"], "|+ # g\n  h"),
            (&["i"], "|"),
            (&["j"], "|2-\n   k"),
        ],
    );
    check("- |\n  b", &[(&["0"], "|\n  b"), (&[], "- |\n  b")]);
}

#[test]
fn what_is_not_there_is_right_after_what_comes_before() {
    for (text, path, offset) in [
        ("a:\nb: 1\n", &["a"][..], 2),
        ("a:   # c\nb: 1\n", &["a"], 2),
        ("- \n- a\n", &["0"], 1),
        ("{a, b: }\n", &["a"], 2),
        ("{a, b: }\n", &["b"], 6),
        ("? a\n", &["a"], 3),
        ("a: &x\nb: 1\n", &["a"], 5),
        ("a: !!str\nb: 1\n", &["a"], 8),
        ("# only a comment\n", &[], 0),
        ("---\n", &[], 3),
    ] {
        let parsed = read(text);
        assert_eq!(at(&parsed, path).unwrap().span(), Span::at(offset), "{text:?}");
    }
}

#[test]
fn keys_are_found_in_every_form() {
    let text = "a: 1\n\"b\\n\": 2\n'c': 3\n? d\n: 4\n&e f: 5\n!!str 6: 7\nyes: 8\n가 나 : 9\n*e : 10\n";
    let parsed = read(text);
    let keys: Vec<_> = parsed.documents[0]
        .root()
        .entries()
        .map(|entry| (entry.key.to_owned(), parsed.source.slice(entry.key_span).to_owned()))
        .collect();
    let expected = [
        ("a", "a"),
        ("b\n", "\"b\\n\""),
        ("c", "'c'"),
        ("d", "d"),
        ("f", "*e"),
        ("6", "6"),
        ("true", "yes"),
        ("가 나", "가 나"),
    ];
    assert_eq!(keys, expected.map(|(key, slice)| (key.to_owned(), slice.to_owned())));
}

#[test]
fn comments_are_kept_where_they_are() {
    let text = "# a\nb: 1 # c\nd: | # e\n  # no\nf: \"# no\" # g\nh: # i\n- j# no\n#k\n";
    let parsed = read(text);
    let comments: Vec<&str> =
        parsed.documents[0].comments().iter().map(|comment| parsed.source.slice(comment.span)).collect();
    assert_eq!(comments, ["# a", "# c", "# e", "# g", "# i", "#k"]);
}

#[test]
fn paths_lead_to_where_a_value_is_written() {
    let parsed = read("a: &x {b: [1, c]}\nd: *x\ne:\n  <<: {f: {g: 1}}\n'h.i/j': [k]\n");
    let root = parsed.documents[0].root();
    let path = |steps: &[&str]| root.at(steps).map(Node::json_path);
    assert_eq!(path(&["a", "b"]).as_deref(), Some("$.a.b"));
    assert_eq!(path(&["d", "b"]).as_deref(), Some("$.a.b"), "an alias stands for what is elsewhere");
    assert_eq!(path(&["e", "f", "g"]).as_deref(), Some("$.e.f.g"), "a merged map is part of its map");
    assert_eq!(
        root.get("h.i/j").and_then(|list| list.item(0)).map(Node::json_path).as_deref(),
        Some("$['h.i/j'][0]")
    );
}

/// The seeds of the fuzz targets, which run longer and look further.
#[test]
fn laws_hold_for_the_seeds_of_the_fuzz_targets() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut count = 0;
    for folder in ["syntax_yaml", "syntax_json"] {
        for seed in std::fs::read_dir(corpus.join(folder)).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            for parse in [parse, parse_yaml, parse_json] {
                laws::check(&parse(&bytes, &Limits::default()));
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} seeds");
}

/// Pieces of YAML that mean something to its scanner.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            " ", "  ", "\n", "\n  ", "\n    ", "\t", "\r\n", "- ", "? ", ": ", ", ", "[", "]", "{", "}", "&a ", "*a ",
            "*a", "!", "! ", "!!str ", "!!binary ", "|", ">", "|-\n  ", ">+2\n", "'", "\"", "\\", "\\\n", "\\u0041", "#",
            " # c", "%", "---", "\n---\n", "...", "\n...\n", "<<: ", "a", "b: ", "key: value", "1", "0x1F", "~", "yes",
            ".inf", "@", "\u{85}", "\u{2028}", "\u{feff}", "가", "😀", "\u{7}", "[]", "{a: b}", "a#b", "http://x", "aGk=",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// A value that can be written down and read again.
#[derive(Debug, Clone)]
enum Tree {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::Int),
        "[a-z가-힣]{1,8}( [a-z]{1,4})?".prop_map(|text| Tree::Text(format!("x{text}"))),
        any::<String>().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::List),
            prop::collection::btree_map("[a-z]{1,5}|.{0,6}", inner, 0..6)
                .prop_map(|map| Tree::Map(map.into_iter().collect())),
        ]
    })
}

/// How to write a tree: each decision takes the next byte.
struct Style<'b>(std::iter::Cycle<std::slice::Iter<'b, u8>>);

impl Style<'_> {
    fn choose(&mut self, of: u8) -> u8 {
        self.0.next().copied().unwrap_or(0) % of
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        let choice = usize::from(self.0.next().copied().unwrap_or(0));
        of.get(choice % of.len()).copied().unwrap_or_default()
    }
}

fn quoted(text: &str) -> String {
    let escape = |character: char| match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        ' '..='~' | '가'..='힣' => character.to_string(),
        _ => format!("\\U{:08x}", u32::from(character)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn write_text(text: &str, style: &mut Style<'_>) -> String {
    let is_simple = text.starts_with('x') && text.chars().all(|c| c.is_alphanumeric() || c == ' ');
    match style.choose(3) {
        0 if is_simple && !text.ends_with(' ') && !text.contains("  ") => text.to_owned(),
        1 if is_simple => format!("'{text}'"),
        _ => quoted(text),
    }
}

fn write_flow(tree: &Tree, style: &mut Style<'_>) -> String {
    match tree {
        Tree::Null => style.pick(&["null", "~", "NULL"]).to_owned(),
        Tree::Bool(true) => style.pick(&["true", "yes", "On"]).to_owned(),
        Tree::Bool(false) => style.pick(&["false", "no", "n"]).to_owned(),
        Tree::Int(value) if style.choose(4) == 0 && *value >= 0 => format!("0x{value:x}"),
        Tree::Int(value) => value.to_string(),
        Tree::Text(text) => write_text(text, style),
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(|item| write_flow(item, style)).collect();
            format!("[{}]", items.join(style.pick(&[", ", ",", " ,\n  "])))
        }
        Tree::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), write_flow(value, style)))
                .collect();
            format!("{{{}}}", entries.join(style.pick(&[", ", " , "])))
        }
    }
}

/// After `key:` or `-`, at that indentation.
fn write_block(tree: &Tree, indent: usize, style: &mut Style<'_>) -> String {
    let margin = " ".repeat(indent);
    let comment = style.pick(&["", "  # comment", "\n\n# comment"]);
    match tree {
        Tree::List(items) if !items.is_empty() && style.choose(4) > 0 => {
            let items =
                items.iter().map(|item| format!("\n{margin}-{}", write_block(item, indent + 2, style)));
            comment.to_owned() + &items.collect::<String>()
        }
        Tree::Map(entries) if !entries.is_empty() && style.choose(4) > 0 => {
            let entries = entries.iter().map(|(key, value)| {
                format!("\n{margin}{}:{}", quoted(key), write_block(value, indent + 2, style))
            });
            comment.to_owned() + &entries.collect::<String>()
        }
        Tree::Text(text)
            if style.choose(3) == 0 && !text.is_empty() && text.chars().all(|c| c.is_alphanumeric()) =>
        {
            format!(" |-\n{margin}{text}")
        }
        _ => format!(" {}{comment}", write_flow(tree, style)),
    }
}

fn is_same(tree: &Tree, node: Node<'_>) -> bool {
    match (tree, node.value()) {
        (Tree::Null, Value::Null) => true,
        (Tree::Bool(expected), Value::Bool(value)) => *expected == value,
        (Tree::Int(expected), Value::Int(value)) => *expected == value,
        (Tree::Text(expected), Value::String(value)) => expected == value,
        (Tree::List(expected), Value::Sequence(items)) => {
            expected.len() == items.len()
                && expected.iter().zip(items).all(|(tree, item)| is_same(tree, item))
        }
        (Tree::Map(expected), Value::Mapping(entries)) => {
            let is_entry = |(tree, entry): (&(String, Tree), haechi_syntax::Entry<'_>)| {
                tree.0 == entry.key && is_same(&tree.1, entry.value)
            };
            expected.len() == entries.len() && expected.iter().zip(entries).all(is_entry)
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws_hold_for_pieces_of_yaml(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        for parse in [parse, parse_yaml, parse_json] {
            laws::check(&parse(text.as_bytes(), &Limits::default()));
        }
    }

    #[test]
    fn laws_hold_for_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for parse in [parse, parse_yaml, parse_json] {
            laws::check(&parse(&bytes, &Limits::default()));
        }
    }

    #[test]
    fn what_is_written_is_read(tree in tree(), choices in prop::collection::vec(any::<u8>(), 1..50)) {
        let text = format!("root:{}\n", write_block(&tree, 2, &mut Style(choices.iter().cycle())));
        let parsed = parse_yaml(text.as_bytes(), &Limits::default());
        laws::check(&parsed);
        prop_assert!(parsed.errors.is_empty(), "{:?} in {text}", parsed.errors);
        let root = parsed.documents[0].root();
        let entry = root.entry("root").unwrap();
        prop_assert!(is_same(&tree, entry.value), "{:?} is not {tree:?} in {text}", entry.value);
    }

    #[test]
    fn json_that_is_written_is_read(tree in tree()) {
        fn json(tree: &Tree) -> serde_json::Value {
            match tree {
                Tree::Null => serde_json::Value::Null,
                Tree::Bool(value) => (*value).into(),
                Tree::Int(value) => (*value).into(),
                Tree::Text(text) => text.clone().into(),
                Tree::List(items) => items.iter().map(json).collect(),
                Tree::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
            }
        }
        let text = serde_json::to_string_pretty(&json(&tree)).unwrap();
        let parsed = parse_json(text.as_bytes(), &Limits::default());
        laws::check(&parsed);
        prop_assert!(parsed.errors.is_empty(), "{:?} in {text}", parsed.errors);
        prop_assert!(is_same(&tree, parsed.documents[0].root()), "{text}");
    }
}

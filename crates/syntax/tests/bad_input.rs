//! What is no manifest, or one made to break its reader: a clear answer, and nothing else lost.

use std::fmt::Write as _;

use haechi_syntax::{Limits, Parsed, SyntaxErrorKind, parse, parse_json, parse_yaml};

/// Kind, line, column and message of the first mistake.
fn first(parsed: &Parsed) -> Option<(SyntaxErrorKind, u32, u32, String)> {
    let error = parsed.errors.first()?;
    let at = parsed.source.position(error.span.start);
    Some((error.kind, at.line, at.column, error.message.clone()))
}

fn kinds(bytes: &[u8]) -> Vec<SyntaxErrorKind> {
    parse(bytes, &Limits::default()).errors.iter().map(|error| error.kind).collect()
}

#[test]
fn wide_encodings_are_named() {
    let wide = |order: fn(u16) -> [u8; 2]| "a: 이름\n".encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
    for bytes in [
        [b"\xff\xfe".as_slice(), &little].concat(),
        [b"\xfe\xff".as_slice(), &big].concat(),
        little,
        big,
        b"\xff\xfe\0\0a\0\0\0".to_vec(),
    ] {
        assert_eq!(kinds(&bytes), [SyntaxErrorKind::WrongEncoding]);
    }
}

#[test]
fn binary_files_are_named() {
    let elf: Vec<u8> = b"\x7fELF\x02\x01\x01".iter().copied().chain([0; 57]).collect();
    let noise: Vec<u8> = (0..4096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for bytes in [elf, noise, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0".to_vec()]
    {
        assert_eq!(kinds(&bytes), [SyntaxErrorKind::Binary]);
    }
}

#[test]
fn a_few_bad_bytes_cost_only_their_document() {
    let bytes = b"a: 1\n---\nb: '\xff\xfe'\n---\nc: \0\n---\nd: \x07\n---\ne: 5\n";
    let parsed = parse_yaml(bytes, &Limits::default());
    let read: Vec<_> = parsed
        .documents
        .iter()
        .map(|document| (document.index(), format!("{:?}", document.root())))
        .collect();
    assert_eq!(read, [(0, "{\"a\": 1}".to_owned()), (4, "{\"e\": 5}".to_owned())]);
    let told: Vec<_> = parsed
        .errors
        .iter()
        .map(|error| (error.document, parsed.source.position(error.span.start).line, error.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, 3, "bytes that are not UTF-8"),
            (2, 5, "the control character U+0000 is not allowed"),
            (3, 7, "the control character U+0007 is not allowed"),
        ]
    );
    assert_eq!(parsed.errors[0].span.len(), 2);
}

#[test]
fn a_broken_value_of_json_ends_the_stream_but_bad_bytes_do_not() {
    let parsed = parse_json(b"{\"a\": \"\xff\"} {\"b\": 2}", &Limits::default());
    assert_eq!(parsed.errors[0].kind, SyntaxErrorKind::InvalidUtf8);
    assert_eq!(format!("{:?}", parsed.documents[0].root()), "{\"b\": 2}");
}

#[test]
fn what_is_too_large_is_not_read() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    let parsed = parse(b"a: 34567890", &limits);
    assert_eq!(parsed.errors[0].kind, SyntaxErrorKind::TooLarge);
    assert!(parse(b"a: 4567890", &limits).errors.is_empty());
    let limits = Limits { expanded_nodes: 5, ..Limits::default() };
    assert!(parse(b"[1, 2]", &limits).errors.is_empty());
    assert_eq!(parse(b"[1, 2, 3, 4, 5]", &limits).errors[0].kind, SyntaxErrorKind::AliasExpansion);
    assert_eq!(parse_json(b"[1, 2, 3, 4, 5]", &limits).errors[0].kind, SyntaxErrorKind::AliasExpansion);
}

#[test]
fn nesting_is_bounded_in_every_form() {
    const DEEP: usize = 10_000;
    let block = (0..2_000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
    for text in [
        "[".repeat(DEEP),
        "[".repeat(DEEP) + &"]".repeat(DEEP),
        "{a: ".repeat(DEEP) + &"}".repeat(DEEP),
        "- ".repeat(DEEP) + "x",
        block,
        "{\"a\":".repeat(DEEP),
        format!("{{\"a\":{}{}}}", "[".repeat(DEEP), "]".repeat(DEEP)),
    ] {
        let parsed = parse(text.as_bytes(), &Limits::default());
        let (kind, _, _, message) = first(&parsed).unwrap();
        assert_eq!(
            (kind, message.as_str()),
            (SyntaxErrorKind::TooDeep, "nested deeper than 250 levels"),
            "{}",
            &text[..20]
        );
    }
}

#[test]
fn the_deepest_that_is_allowed_is_read() {
    for text in
        ["[".repeat(250) + &"]".repeat(250), "- ".repeat(250) + "x", "{a: ".repeat(250) + &"}".repeat(250)]
    {
        assert!(parse(text.as_bytes(), &Limits::default()).errors.is_empty());
    }
}

#[test]
fn aliases_do_not_nest_deeper_than_anything_else() {
    let chain = (1..400).fold("a0: &a0 [x]\n".to_owned(), |mut text, at| {
        let _ = writeln!(text, "a{at}: &a{at} [*a{}]", at - 1);
        text
    });
    let (kind, line, ..) = first(&parse(chain.as_bytes(), &Limits::default())).unwrap();
    // The mapping, 249 lists in one another: the next alias would be one too many.
    assert_eq!((kind, line), (SyntaxErrorKind::TooDeep, 250));
}

#[test]
fn bombs_of_aliases_and_merges_are_refused_at_once() {
    let laughs =
        (1..30).fold("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned(), |mut text, at| {
            let aliases = format!("*a{},", at - 1).repeat(9);
            let _ = writeln!(text, "a{at}: &a{at} [{aliases}]");
            text
        });
    let merges = (1..60).fold("a0: &a0 {k: v}\n".to_owned(), |mut text, at| {
        let before = at - 1;
        let _ = writeln!(
            text,
            "a{at}: &a{at} {{<<: [*a{before}, *a{before}, *a{before}], x: {{<<: *a{before}}}}}"
        );
        text
    });
    let keys: String = (0..1000).map(|at| format!("k{at}: 1, ")).collect();
    let wide = format!("a: &a {{{keys}}}\n")
        + &(0..3000).map(|at| format!("b{at}: {{<<: *a}}\n")).collect::<String>();
    for text in [laughs, merges, wide] {
        let parsed = parse(text.as_bytes(), &Limits::default());
        assert_eq!(first(&parsed).unwrap().0, SyntaxErrorKind::AliasExpansion);
        assert!(parsed.documents.is_empty());
    }
}

#[test]
fn a_value_that_contains_itself_is_named() {
    let (kind, line, column, message) =
        first(&parse(b"x: 1\na: &self\n  b: [*self]\n", &Limits::default())).unwrap();
    assert_eq!((kind, line, column), (SyntaxErrorKind::AliasCycle, 3, 7));
    assert_eq!(message, "the value of the anchor `&self` contains itself");
}

/// Long in every direction that a text can be: each must be read, or refused, in time that grows with its length.
#[test]
fn long_texts_are_read() {
    const LONG: usize = 100_000;
    let keys: String = (0..LONG).map(|at| format!("k{at}: {at}\n")).collect();
    let anchors: String = (0..LONG / 2).map(|at| format!("k{at}: &a{at} x\nl{at}: *a{at}\n")).collect();
    for (text, nodes) in [
        ("a: 1\n".repeat(LONG), LONG + 1),
        (keys, LONG + 1),
        (anchors, LONG / 2 + 1),
        (format!("a: {}\n", "1".repeat(1_000_000)), 2),
        (format!("a: 0.{}\n", "1".repeat(1_000_000)), 2),
        (format!("a: {}\n", "x ".repeat(LONG)), 2),
        (format!("a: \"{}\"\n", "\\u0041 \\\n ".repeat(LONG)), 2),
        (format!("a:{}\n", "\n  x\n".repeat(LONG)), 2),
        (format!("a: |+\n{}", "\n".repeat(LONG)), 2),
        (format!("a: >\n{}", "  x\n\n".repeat(LONG)), 2),
        (format!("[{}]", "a: b,".repeat(LONG)), LONG * 2 + 1),
        (format!("[{}]", "[[]],".repeat(LONG)), LONG * 2 + 1),
        ("# c\n".repeat(LONG), 1),
        ("? a\n".repeat(LONG), LONG + 1),
    ] {
        let parsed = parse_yaml(text.as_bytes(), &Limits::default());
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        assert_eq!(parsed.documents[0].len(), nodes, "{:?}", text.chars().take(20).collect::<String>());
    }
}

#[test]
fn thousands_of_documents_and_mistakes_are_kept_apart() {
    let text = "a: 1\n---\nb: @\n---\n".repeat(5_000);
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert_eq!((parsed.documents.len(), parsed.errors.len()), (5_000, 5_000));
    let text = "{\"a\":1}\n".repeat(5_000);
    assert_eq!(parse(text.as_bytes(), &Limits::default()).documents.len(), 5_000);
}

#[test]
fn equal_keys_are_reported_one_by_one() {
    let parsed = parse(b"a: 1\nb: {c: 1, c: 2}\na: 2\n'a': 3\n", &Limits::default());
    let document = &parsed.documents[0];
    let lines: Vec<_> = document
        .duplicate_keys()
        .iter()
        .map(|key| {
            let line = |span: haechi_model::Span| parsed.source.position(span.start).line;
            let path = document.node(key.mapping).map(|mapping| mapping.json_path());
            (path.unwrap_or_default(), line(key.first), line(key.second))
        })
        .collect();
    assert_eq!(lines, [("$.b".to_owned(), 2, 2), ("$".to_owned(), 1, 3), ("$".to_owned(), 3, 4)]);
    let merged = parse(b"a: &a {x: 1}\nb: {<<: *a, x: 2}\n", &Limits::default());
    assert!(merged.documents[0].duplicate_keys().is_empty(), "an override is no mistake");
}

/// Cut anywhere, a text is read or refused with a place inside it.
#[test]
fn truncated_texts_are_refused_inside() {
    let text = "a: [1, {b: \"c\\u00e9\"}] # d\ne: &f |2-\n   g\nh: !!str 'i'\n? j\n: *f\n---\n{\"k\": [\"\\ud83d\\ude00\"]}\n";
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        for parsed in
            [parse, parse_yaml, parse_json].map(|parse| parse(&text.as_bytes()[..end], &Limits::default()))
        {
            for error in &parsed.errors {
                assert!(
                    error.span.start <= error.span.end && error.span.end as usize <= end,
                    "{end}: {error:?}"
                );
            }
        }
    }
}

/// Line and column of what is wrong, not of where it was noticed.
#[test]
fn mistakes_are_told_where_they_are() {
    for (text, line, column, message) in [
        ("a: 1\nb\nc: 2\n", 2, 1, "expected a `:` after this key"),
        ("a: 1\n  b: 2\n", 2, 4, "a `:` cannot stand here: check the indentation, or quote the text"),
        ("a: b: c\n", 1, 5, "a `:` cannot stand here: check the indentation, or quote the text"),
        ("a:\n\tb: 1\n", 2, 1, "a tab cannot stand where indentation is expected"),
        ("a: |\n\tb\n", 2, 1, "a tab cannot stand where indentation is expected"),
        ("a: 1\nb: [1,\n  2\nc: 3\n", 4, 2, "expected `,` or `]`"),
        ("a: 1\nb: [1,\n  2\n", 2, 4, "this `[` is never closed"),
        ("a: {b: [1, 2}\n", 1, 13, "expected `,` or `]`"),
        ("a: 'b\nc: d\n", 1, 4, "the closing `'` is missing"),
        ("이름: \"값\\z\"\n", 1, 7, "no such escape; double the backslash to mean one"),
        ("a: \"\\u12\"\n", 1, 5, "expected the 4 hexadecimal digits of a Unicode character"),
        ("a: @b\n", 1, 4, "`@` cannot begin a value; quote it"),
        ("a: %b\n", 1, 4, "`%` cannot begin a value; quote it"),
        ("a: - b\n", 1, 4, "a list item cannot begin on the line of its key"),
        ("- a\nb: 1\n", 2, 1, "expected `-` and the next item of the list"),
        ("a: 1\n- b\n", 2, 1, "expected the next key of the mapping"),
        ("a: *b\n", 1, 4, "no anchor `&b` stands before this alias"),
        ("a: 1\n---\nb: .inf\n", 3, 4, "JSON has no number `.inf`"),
        ("a: {~: 1}\n", 1, 5, "null cannot be a key"),
        ("a: {? [b]: 1}\n", 1, 7, "a list or a map cannot be a key"),
        ("a: !!int x\n", 1, 10, "`x` is !!str, not !!int"),
        ("a: 1\n--- b\n", 2, 1, "only a comment can follow `---` on its line, not `b`"),
        ("a: |0\n", 1, 5, "the indentation of a block scalar is at least 1"),
        ("a: | b\n", 1, 6, "a block scalar begins on the line after its `|` or `>`"),
        ("a: &\n", 1, 5, "an anchor is made of letters, digits, `-` and `_`"),
        ("a: !!\n", 1, 6, "expected the name of a tag"),
        ("a: !x!y z\n", 1, 4, "the handle of this tag is not declared"),
        ("c: {<<: 1}\n", 1, 9, "`<<` takes a map or a list of maps"),
        ("{\"a\": 1 \"b\": 2}", 1, 9, "expected `,` or `}`"),
        ("{\"a\": 1,\n \"b\": [1, 2", 2, 7, "this `[` is never closed"),
    ] {
        let parsed = parse(text.as_bytes(), &Limits::default());
        let (_, at_line, at_column, told) = first(&parsed).unwrap();
        assert_eq!((at_line, at_column, told.as_str()), (line, column, message), "{text:?}");
    }
}

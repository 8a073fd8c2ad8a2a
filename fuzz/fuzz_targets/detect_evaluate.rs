//! Conditions over events, both made from the input's bytes, against an evaluator that knows no index, no shared checks
//! and no skipping reader: a map of texts and a walk over the tree.

#![no_main]

use std::collections::BTreeMap;
use std::fmt::Write;

use haechi_detect::decode::Reject;
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;
use libfuzzer_sys::fuzz_target;

const FIELDS: [(&str, &str); 5] = [
    ("a", "jevt.value[/a]"),
    ("verb", "ka.verb"),
    ("objectRef/resource", "ka.target.resource"),
    ("o/n", "jevt.value[/o/n]"),
    ("k~1x", "jevt.value[/k~1x]"),
];
const TEXTS: [&str; 8] = ["a", "b", "ab", "A", "a/b", "ba*", "?b", "pods"];
const OPERATORS: [&str; 10] = [
    "=", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob", "in", "exists",
];

struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn below(&mut self, bound: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % bound
    }
}

enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Check { field: usize, operator: &'static str, texts: Vec<&'static str> },
}

impl Tree {
    fn read(bytes: &mut Bytes<'_>, depth: usize) -> Self {
        let kind = if depth > 4 { 3 } else { bytes.below(6) };
        let children = |bytes: &mut Bytes<'_>| {
            let count = 2 + bytes.below(3);
            (0..count).map(|_| Tree::read(bytes, depth + 1)).collect()
        };
        match kind {
            0 => Tree::And(children(bytes)),
            1 => Tree::Or(children(bytes)),
            2 => Tree::Not(Box::new(Tree::read(bytes, depth + 1))),
            _ => {
                let operator = OPERATORS[bytes.below(OPERATORS.len())];
                let count = if operator == "in" { 1 + bytes.below(3) } else { 1 };
                let field = bytes.below(FIELDS.len());
                Tree::Check { field, operator, texts: (0..count).map(|_| TEXTS[bytes.below(TEXTS.len())]).collect() }
            }
        }
    }

    fn write(&self, out: &mut String) {
        let list = |word: &str, children: &[Tree], out: &mut String| {
            out.push('(');
            for (index, child) in children.iter().enumerate() {
                if index > 0 {
                    let _ = write!(out, " {word} ");
                }
                child.write(out);
            }
            out.push(')');
        };
        match self {
            Tree::And(children) => list("and", children, out),
            Tree::Or(children) => list("or", children, out),
            Tree::Not(child) => {
                out.push_str("not (");
                child.write(out);
                out.push(')');
            }
            Tree::Check { field, operator, texts } => {
                let _ = write!(out, "{} {operator}", FIELDS[*field].1);
                match *operator {
                    "exists" => {}
                    "in" => {
                        let texts: Vec<_> = texts.iter().map(|text| format!("\"{text}\"")).collect();
                        let _ = write!(out, " ({})", texts.join(", "));
                    }
                    _ => {
                        let _ = write!(out, " \"{}\"", texts[0]);
                    }
                }
            }
        }
    }

    fn holds(&self, event: &BTreeMap<&str, String>) -> bool {
        match self {
            Tree::And(children) => children.iter().all(|child| child.holds(event)),
            Tree::Or(children) => children.iter().any(|child| child.holds(event)),
            Tree::Not(child) => !child.holds(event),
            Tree::Check { field, operator, texts } => {
                let Some(value) = event.get(FIELDS[*field].0) else { return false };
                let text = texts[0];
                let (lower, lower_text) = (value.to_lowercase(), text.to_lowercase());
                match *operator {
                    "=" => value == text,
                    "!=" => value != text,
                    "contains" => value.contains(text),
                    "icontains" => lower.contains(&lower_text),
                    "startswith" => value.starts_with(text),
                    "endswith" => value.ends_with(text),
                    "glob" => glob(text.as_bytes(), value.as_bytes()),
                    "iglob" => glob(lower_text.as_bytes(), lower.as_bytes()),
                    "in" => texts.contains(&value.as_str()),
                    _ => true,
                }
            }
        }
    }
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|cut| glob(rest, &text[cut..])),
        (Some((b'?', rest)), Some((_, text))) => glob(rest, text),
        (Some((one, rest)), Some((other, text))) => one == other && glob(rest, text),
        _ => false,
    }
}

/// A value as JSON, and as a field shows it. Some are written with escapes, so that no reader can skip decoding.
fn value(bytes: &mut Bytes<'_>) -> (String, String) {
    match bytes.below(12) {
        0 => ("true".into(), "true".into()),
        1 => ("-1.5".into(), "-1.5".into()),
        2 => ("{ \"x\" : [1, \"}\"] }".into(), "{\"x\":[1,\"}\"]}".into()),
        3 => ("\"\\u0061\"".into(), "a".into()),
        4 => ("\"a\\/b\"".into(), "a/b".into()),
        other => {
            let text = TEXTS[other % TEXTS.len()];
            (format!("\"{text}\""), text.into())
        }
    }
}

fn event(bytes: &mut Bytes<'_>) -> (String, BTreeMap<&'static str, String>) {
    let mut values = BTreeMap::new();
    let mut object = String::from("{\"auditID\":\"x\",\"kind\":\"Event\",\"stageTimestamp\":\"2026-01-02T03:04:05Z\"");
    let pad = "[{\"deep\":\"\\\\\\\"]\"}],".repeat(bytes.below(6));
    let _ = write!(object, ",\"pad\":[{pad}0]");
    let blank = ["", " ", "\t "][bytes.below(3)];
    for (path, key) in [("a", "a"), ("verb", "v\\u0065rb"), ("k~1x", "k\\/x")] {
        if bytes.below(4) > 0 {
            let (json, text) = value(bytes);
            let key = if bytes.below(2) == 0 { key.to_owned() } else { path.replace("~1", "/") };
            let _ = write!(object, ",{blank}\"{key}\"{blank}:{blank}{json}");
            values.insert(path, text);
        }
    }
    for (path, outer, key) in [("objectRef/resource", "objectRef", "resource"), ("o/n", "o", "n")] {
        if bytes.below(4) > 0 {
            let (json, text) = value(bytes);
            let filler = "\"uid\":\"11111111-2222-3333-4444\",".repeat(bytes.below(3));
            let _ = write!(object, ",\"{outer}\":{{{filler}\"{key}\":{json},\"{key}\":\"second\"}}");
            values.insert(path, text);
        }
    }
    object.push('}');
    (object, values)
}

struct Count(usize);

impl Report for Count {
    fn detection(&mut self, _: Detection, _: u64) {
        self.0 += 1;
    }

    fn reject(&mut self, reject: Reject) {
        panic!("refused: {reject:?}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes(bytes);
    let tree = Tree::read(&mut bytes, 0);
    let mut condition = String::new();
    tree.write(&mut condition);
    let rule = format!(
        "- rule: r\n  desc: d\n  condition: >\n    {condition}\n  output: o\n  priority: INFO\n  source: k8s_audit\n"
    );
    let loaded = load(&[RuleFile { name: "r.yaml", bytes: rule.as_bytes() }], &Options::default());
    assert!(loaded.results[0].is_successful(), "{condition}: {}", loaded.results[0].verbose());
    for _ in 0..4 {
        let (text, values) = event(&mut bytes);
        let mut stream = Stream::new(&loaded.program, StreamOptions::default());
        let mut count = Count(0);
        stream.feed(text.as_bytes(), &mut count);
        stream.finish(&mut count);
        assert_eq!(count.0 == 1, tree.holds(&values), "{condition}\n{text}");
    }
});

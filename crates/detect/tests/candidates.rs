//! Which rules are looked at is decided by few fields and by what is read of an event at all. Both have to be without
//! consequence: many rules at once match what each of them matches for an evaluator that knows no index, no shared
//! checks and no reader that skips, only a map of texts and a walk over the tree.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use haechi_detect::decode::Reject;
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;
use proptest::prelude::*;

/// Where a text stands in the event, and the field that shows it. Two fields show the same text.
const FIELDS: [(&str, &str); 8] = [
    ("verb", "ka.verb"),
    ("stage", "jevt.value[/stage]"),
    ("stage", "ka.stage"),
    ("objectRef/resource", "ka.target.resource"),
    ("objectRef/subresource", "ka.target.subresource"),
    ("objectRef/namespace", "ka.target.namespace"),
    ("user/username", "ka.user.name"),
    ("o/n", "jevt.value[/o/n]"),
];

const TEXTS: [&str; 6] = ["get", "create", "pods", "exec", "a/b", ""];

#[derive(Debug, Clone)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Check(usize, &'static str, Vec<&'static str>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let text = || proptest::sample::select(TEXTS.as_slice());
    let field = || 0..FIELDS.len();
    // Checks that choose rules are the most, as in real ones.
    let leaf = prop_oneof![
        4 => (field(), text()).prop_map(|(field, text)| Tree::Check(field, "=", vec![text])),
        3 => (field(), proptest::collection::vec(text(), 1..4))
            .prop_map(|(field, texts)| Tree::Check(field, "in", texts)),
        1 => (field(), proptest::sample::select(["!=", "startswith", "contains", "exists"].as_slice()), text())
            .prop_map(|(field, operator, text)| Tree::Check(field, operator, vec![text])),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            4 => proptest::collection::vec(inner.clone(), 2..5).prop_map(Tree::And),
            2 => proptest::collection::vec(inner.clone(), 2..4).prop_map(Tree::Or),
            1 => inner.prop_map(|tree| Tree::Not(Box::new(tree))),
        ]
    })
}

impl Tree {
    fn text(&self) -> String {
        let join = |trees: &[Tree], word: &str| {
            format!("({})", trees.iter().map(Tree::text).collect::<Vec<_>>().join(word))
        };
        match self {
            Tree::And(trees) => join(trees, " and "),
            Tree::Or(trees) => join(trees, " or "),
            Tree::Not(tree) => format!("not ({})", tree.text()),
            Tree::Check(field, "exists", _) => format!("{} exists", FIELDS[*field].1),
            Tree::Check(field, "in", texts) => {
                let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
                format!("{} in ({})", FIELDS[*field].1, texts.join(", "))
            }
            Tree::Check(field, operator, texts) => {
                format!("{} {operator} \"{}\"", FIELDS[*field].1, texts[0])
            }
        }
    }

    fn holds(&self, event: &BTreeMap<&str, String>) -> bool {
        match self {
            Tree::And(trees) => trees.iter().all(|tree| tree.holds(event)),
            Tree::Or(trees) => trees.iter().any(|tree| tree.holds(event)),
            Tree::Not(tree) => !tree.holds(event),
            Tree::Check(field, operator, texts) => {
                event.get(FIELDS[*field].0).is_some_and(|value| match *operator {
                    "=" => value == texts[0],
                    "!=" => value != texts[0],
                    "startswith" => value.starts_with(texts[0]),
                    "contains" => value.contains(texts[0]),
                    "in" => texts.contains(&value.as_str()),
                    _ => true,
                })
            }
        }
    }
}

/// An event as it is written, and the texts in it.
fn event() -> impl Strategy<Value = (String, BTreeMap<&'static str, String>)> {
    // The text, how its key is written, and how much stands before it.
    let value =
        proptest::option::weighted(0.8, (proptest::sample::select(TEXTS.as_slice()), 0..4u8, 0..20usize));
    let values = proptest::collection::vec(value, 7);
    (values, proptest::sample::select(["", " "].as_slice())).prop_map(|(values, blank)| {
        let paths: Vec<&'static str> =
            FIELDS.iter().map(|(path, _)| *path).filter(|path| *path != "stage").chain(["stage"]).collect();
        let mut known = BTreeMap::new();
        let mut top = String::new();
        let mut objects: BTreeMap<&str, String> = BTreeMap::new();
        for (path, value) in paths.into_iter().zip(values) {
            let Some((text, style, pad)) = value else { continue };
            let (object, key) = path.split_once('/').unwrap_or(("", path));
            let written = match style {
                0 => key.replacen('e', "\\u0065", 1),
                _ => key.to_owned(),
            };
            let out = if object.is_empty() { &mut top } else { objects.entry(object).or_default() };
            for number in 0..pad {
                out.push_str(&format!("{blank}\"pad{number}\":{blank}[\"{{\\\"\",{{}}],"));
            }
            out.push_str(&format!("{blank}\"{written}\"{blank}:{blank}\"{text}\"{blank},"));
            if style == 1 {
                // Of two the first counts.
                out.push_str(&format!("\"{key}\":\"second\","));
            }
            known.insert(path, text.to_owned());
        }
        for (object, members) in objects {
            top.push_str(&format!("\"{object}\":{blank}{{{members}\"last\":1}},"));
        }
        let head = "\"kind\":\"Event\",\"auditID\":\"@\",\"stageTimestamp\":\"2026-01-02T03:04:05Z\"";
        (format!("{{{top}{head}}}"), known)
    })
}

#[derive(Default)]
struct Names(Vec<String>);

impl Report for Names {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.0.push(format!("{} {}", detection.event_number, detection.rule));
    }

    fn reject(&mut self, reject: Reject) {
        // The stages of these events are made up.
        assert_eq!(reject.reason, haechi_detect::decode::RejectReason::UnknownValue);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rules_match_together_what_each_matches_alone(
        trees in proptest::collection::vec(tree(), 1..8),
        events in proptest::collection::vec(event(), 4..12),
    ) {
        let rules: String = trees
            .iter()
            .enumerate()
            .map(|(number, tree)| {
                let condition = tree.text();
                format!(
                    "- rule: r{number}\n  desc: d\n  condition: >\n    {condition}\n  output: o\n  priority: INFO\n  source: k8s_audit\n"
                )
            })
            .collect();
        let loaded = load(&[RuleFile { name: "r.yaml", bytes: rules.as_bytes() }], &Options::default());
        prop_assert!(loaded.results[0].is_successful(), "{}: {}", rules, loaded.results[0].verbose());
        // Each event comes a second time, under another id, when its combination of values is known already.
        let events: Vec<_> = events.iter().chain(&events).collect();
        let lines: Vec<String> =
            (1..).zip(&events).map(|(number, (text, _))| text.replace("@", &format!("id{number}"))).collect();
        for matching in [RuleMatching::All, RuleMatching::First] {
            let options = StreamOptions { matching, ..StreamOptions::default() };
            let mut stream = Stream::new(&loaded.program, options);
            let mut names = Names::default();
            stream.feed(lines.join("\n").as_bytes(), &mut names);
            stream.finish(&mut names);
            let mut expected = Vec::new();
            for (number, (_, values)) in (1..).zip(&events) {
                let matching_rules = (0..trees.len()).filter(|at| trees[*at].holds(values));
                let most = if matching == RuleMatching::First { 1 } else { usize::MAX };
                expected.extend(matching_rules.take(most).map(|at| format!("{number} r{at}")));
            }
            prop_assert_eq!(names.0, expected, "{}\n{}", rules, lines.join("\n"));
        }
    }
}

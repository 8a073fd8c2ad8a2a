//! Any bytes as a stream: no panic; where chunks end changes nothing; what the rules say is what their explanation
//! says, which goes through the whole condition without shortcuts.

#![no_main]

use std::sync::OnceLock;

use haechi_detect::decode::{Decoder, Format, Limits, Reject, Sink};
use haechi_detect::event::Event;
use haechi_detect::program::{Matcher, RuleMatching};
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use libfuzzer_sys::fuzz_target;

const RULES: &str = include_str!("../corpus/detect_rules/rules.yaml");

fn loaded() -> &'static Loaded {
    static LOADED: OnceLock<Loaded> = OnceLock::new();
    LOADED.get_or_init(|| {
        load(&[RuleFile { name: "rules.yaml", bytes: RULES.as_bytes() }], &Options::default())
    })
}

struct Log<'p> {
    matcher: Matcher<'p>,
    lines: Vec<String>,
}

impl Sink for Log<'_> {
    fn event(&mut self, event: &Event<'_>, line: u64) {
        let program = &loaded().program;
        let matched: Vec<_> = self.matcher.matches(event).iter().map(|rule| rule.info.name.clone()).collect();
        let explained: Vec<_> = program
            .rules(event.source)
            .iter()
            .filter(|rule| program.explain(rule, event).is_some_and(|found| found.verdict.holds()))
            .map(|rule| rule.info.name.clone())
            .collect();
        assert_eq!(matched, explained);
        self.lines.push(format!("{line} {matched:?} {}", event.time_ns));
    }

    fn reject(&mut self, reject: Reject) {
        self.lines.push(format!("{reject:?}"));
    }
}

fn run(bytes: &[u8], chunk: usize) -> Vec<String> {
    let limits = Limits { document_bytes: 4096 };
    let mut decoder = Decoder::new(Format::Detect, limits, Some(4_000_000_000_000_000_000));
    let mut log = Log { matcher: Matcher::new(&loaded().program, RuleMatching::All), lines: Vec::new() };
    for piece in bytes.chunks(chunk) {
        decoder.feed(piece, &mut log);
    }
    decoder.finish(&mut log);
    log.lines
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(run(bytes, usize::MAX), run(bytes, 7));
});

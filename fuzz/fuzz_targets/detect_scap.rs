//! Any bytes as a capture of kernel events: no panic; where pieces end changes nothing; what the rules say is what
//! their explanation says. The input is blocks without their lengths, so that the fuzzer reaches what is in them: a type
//! (four bytes), a length (two bytes), and so much of a body.

#![no_main]

use std::sync::OnceLock;

use haechi_detect::decode::{Decoder, Format, Limits, Reject, Sink};
use haechi_detect::event::Event;
use haechi_detect::program::{Matcher, RuleMatching};
use haechi_detect::rules::{Loaded, Options, RuleFile, load};
use libfuzzer_sys::fuzz_target;

const RULES: &str = "
- rule: every field
  desc: asks for much
  condition: >
    evt.type exists and (proc.aname = x or fd.name contains / or evt.arg.name startswith /e or fd.sip = 10.0.0.1
    or proc.env[A] = b or thread.cap_effective contains ADMIN or container.id != host or user.name = root)
  output: >
    %evt.args %evt.res %proc.cmdline %proc.exepath %proc.aname[3] %proc.cwd %fd.name %fd.type %fd.l4proto %evt.buffer
    %container.image.repository %evt.abspath %proc.duration %fd.filename %evt.category
  priority: INFO
  warn_evttypes: false
";

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
    fn event(&mut self, event: &Event<'_>, _line: u64) {
        let program = &loaded().program;
        let rules: Vec<_> = self.matcher.matches(event).to_vec();
        let explained = program
            .rules(event.source)
            .iter()
            .filter(|rule| program.explain(rule, event).is_some_and(|found| found.verdict.holds()))
            .count();
        assert_eq!(rules.len(), explained);
        for rule in rules {
            self.lines.push(self.matcher.detection(rule, event).message);
        }
    }

    fn reject(&mut self, reject: Reject) {
        self.lines.push(format!("{reject:?}"));
    }
}

fn run(bytes: &[u8], chunk: usize) -> Vec<String> {
    let mut decoder = Decoder::new(Format::Detect, Limits::default(), None);
    let mut log = Log { matcher: Matcher::new(&loaded().program, RuleMatching::All), lines: Vec::new() };
    for piece in bytes.chunks(chunk) {
        decoder.feed(piece, &mut log);
    }
    decoder.finish(&mut log);
    log.lines
}

/// The section header, then the blocks of the input with their lengths.
fn capture(mut input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut block = |kind: [u8; 4], body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap_or(12).to_le_bytes();
        for part in [&kind, &length, body, &length] {
            out.extend_from_slice(part);
        }
    };
    let mut head = 0x1a2b_3c4du32.to_le_bytes().to_vec();
    head.extend([1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    block([0x0a, 0x0d, 0x0d, 0x0a], &head);
    while let Some((kind, rest)) = input.split_first_chunk::<4>() {
        let Some((length, rest)) = rest.split_first_chunk::<2>() else { break };
        let (body, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        block(*kind, body);
        input = rest;
    }
    out
}

fuzz_target!(|bytes: &[u8]| {
    // As it is, and as blocks that add up.
    for bytes in [bytes.to_vec(), capture(bytes)] {
        assert_eq!(run(&bytes, usize::MAX), run(&bytes, 7));
    }
});

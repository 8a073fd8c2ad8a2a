//! `replay RULES EVENTS [TIMES [unmatched]]`: holds a file against rules and tells how fast, for use below a profiler;
//! `unmatched` leaves out the lines that a rule matches.
//!
//! ```sh
//! valgrind --tool=callgrind --toggle-collect='*Stream*feed*' target/release/examples/replay rules.yaml audit.jsonl
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a measuring aid: it stops where something is wrong, and its output is the figure"
)]

use cpu_time::ThreadTime;
use haechi_detect::decode::Reject;
use haechi_detect::rules::{Options, RuleFile, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::Detection;

struct Ignore;

impl Report for Ignore {
    fn detection(&mut self, detection: Detection, _line: u64) {
        std::hint::black_box(&detection);
    }

    fn reject(&mut self, _reject: Reject) {}
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rules = std::fs::read(&arguments[1]).expect("the rules can be read");
    let events = std::fs::read(&arguments[2]).expect("the events can be read");
    let times: u32 = arguments.get(3).map_or(1, |times| times.parse().expect("a number"));
    let loaded = load(&[RuleFile { name: &arguments[1], bytes: &rules }], &Options::default());
    let events = match arguments.get(4).map(String::as_str) {
        Some("unmatched") => {
            let is_unmatched = |line: &&[u8]| {
                let mut stream = Stream::new(&loaded.program, StreamOptions::default());
                stream.feed(line, &mut Ignore);
                stream.finish(&mut Ignore);
                stream.stats().detections == 0
            };
            events.split_inclusive(|byte| *byte == b'\n').filter(is_unmatched).flatten().copied().collect()
        }
        _ => events,
    };
    let mut best = f64::MAX;
    for _ in 0..times {
        let mut stream = Stream::new(&loaded.program, StreamOptions::default());
        let start = ThreadTime::now();
        for chunk in events.chunks(1 << 18) {
            stream.feed(chunk, &mut Ignore);
        }
        stream.finish(&mut Ignore);
        let seconds = start.elapsed().as_secs_f64();
        let stats = stream.stats();
        if times == 1 || seconds < best {
            best = seconds;
            println!(
                "{} events of {} bytes, {} detections, {} refused: {:.0} events/s, {:.2} GB/s",
                stats.events,
                events.len() as u64 / stats.events.max(1),
                stats.detections,
                stats.rejected(),
                stats.events as f64 / seconds,
                events.len() as f64 / seconds / 1e9,
            );
        }
    }
}

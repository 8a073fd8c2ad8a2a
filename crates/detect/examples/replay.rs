//! `replay RULES EVENTS [TIMES [unmatched]]`: holds a file against rules and tells how fast, for use below a profiler;
//! `unmatched` leaves out the lines that a rule matches. With `-` for the events, standard input is read piece by piece,
//! and the most memory that the process had is told too.
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
    if arguments[2] == "-" {
        return stream(&arguments[1], &rules);
    }
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

/// Reads standard input to its end.
fn stream(name: &str, rules: &[u8]) {
    let loaded = load(&[RuleFile { name, bytes: rules }], &Options::default());
    let mut stream = Stream::new(&loaded.program, StreamOptions::default());
    let mut input = std::io::stdin().lock();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = std::io::Read::read(&mut input, &mut buffer).expect("standard input can be read");
        if count == 0 {
            break;
        }
        stream.feed(&buffer[..count], &mut Ignore);
    }
    stream.finish(&mut Ignore);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{:?}\n{peak}", stream.stats());
}

//! A stream of bytes in, detections out.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use haechi_model::Detection;

use crate::decode::{Decoder, FlowColumns, Format, Limits, Reject, RejectReason, Sink};
use crate::event::Event;
use crate::program::{Matcher, Program, RuleMatching};

/// Takes what detection yields.
pub trait Report {
    /// A rule matched the event that begins on that line; 0 where there are no lines.
    fn detection(&mut self, detection: Detection, line: u64);
    /// Something in the stream is no event.
    fn reject(&mut self, reject: Reject);
}

/// How a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamOptions {
    /// What its bytes are.
    pub format: Format,
    /// What bounds it.
    pub limits: Limits,
    /// How many rules may match one event.
    pub matching: RuleMatching,
    /// The time of reading; events that are more than a day later are refused. Nothing for no such check.
    pub now_ns: Option<u64>,
}

/// What was in a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Events.
    pub events: u64,
    /// Events of kinds that no rule is about.
    pub without_rules: u64,
    /// Rules that matched.
    pub detections: u64,
    /// Matches that were left out because the same event had been delivered before.
    pub duplicates: u64,
    /// What was no event, by reason: how often, and on which line first. In the order of [`RejectReason::ALL`].
    pub rejects: [(u64, u64); RejectReason::ALL.len()],
}

impl StreamStats {
    /// Everything that was no event.
    pub fn rejected(&self) -> u64 {
        self.rejects.iter().map(|(count, _)| count).sum::<u64>() - self.doubtful()
    }

    /// Events with a value that their format does not have.
    pub fn doubtful(&self) -> u64 {
        let at = RejectReason::ALL.iter().position(|reason| *reason == RejectReason::UnknownValue);
        at.and_then(|at| self.rejects.get(at)).map_or(0, |(count, _)| *count)
    }
}

/// Holds a stream against a program. Memory is flat: one document, the marks of the last events that matched, and what some
/// thousand combinations of values rule out.
#[derive(Debug)]
pub struct Stream<'p> {
    decoder: Decoder,
    engine: Engine<'p>,
}

#[derive(Debug)]
struct Engine<'p> {
    matcher: Matcher<'p>,
    seen: Seen,
    stats: StreamStats,
}

impl<'p> Stream<'p> {
    /// At the beginning of a stream.
    pub fn new(program: &'p Program, options: StreamOptions) -> Self {
        Self {
            decoder: Decoder::new(options.format, options.limits, options.now_ns),
            engine: Engine {
                matcher: Matcher::new(program, options.matching),
                seen: Seen::default(),
                stats: StreamStats::default(),
            },
        }
    }

    /// The columns of flow logs that name none.
    #[must_use]
    pub fn with_flow_columns(mut self, columns: FlowColumns) -> Self {
        self.decoder = self.decoder.with_flow_columns(columns);
        self
    }

    /// Takes more bytes.
    pub fn feed(&mut self, bytes: &[u8], report: &mut impl Report) {
        self.decoder.feed(bytes, &mut Connected { engine: &mut self.engine, report });
    }

    /// Takes the end of a file: what is unfinished is told. More may follow: the next file of the stream.
    pub fn finish(&mut self, report: &mut impl Report) {
        self.decoder.finish(&mut Connected { engine: &mut self.engine, report });
    }

    /// What was in the stream so far.
    pub fn stats(&self) -> &StreamStats {
        &self.engine.stats
    }
}

struct Connected<'s, 'p, R> {
    engine: &'s mut Engine<'p>,
    report: &'s mut R,
}

impl<R: Report> Sink for Connected<'_, '_, R> {
    fn event(&mut self, event: &Event<'_>, line: u64) {
        let Engine { matcher, seen, stats } = self.engine;
        stats.events += 1;
        if !matcher.has_rules(event.source) {
            stats.without_rules += 1;
            return;
        }
        let count = matcher.matches(event).len();
        for index in 0..count {
            let Some(rule) = matcher.matched(index) else { continue };
            let detection = matcher.detection(rule, event);
            // Logs are delivered at least once: after a retry the same event comes again, maybe much later. The id
            // alone does not make it the same one: whoever asks Kubernetes for something may choose it.
            if let Some(id) = &detection.event_id
                && !seen.is_new((&detection.rule, id, detection.time_ns))
            {
                stats.duplicates += 1;
                continue;
            }
            stats.detections += 1;
            self.report.detection(detection, line);
        }
    }

    fn reject(&mut self, reject: Reject) {
        let at = RejectReason::ALL.iter().position(|reason| *reason == reject.reason);
        if let Some((count, line)) = at.and_then(|at| self.engine.stats.rejects.get_mut(at)) {
            if *count == 0 {
                *line = reject.line;
            }
            *count += 1;
        }
        self.report.reject(reject);
    }
}

/// Marks of the last things that were seen: those of this generation and of the one before. One by one they would leave
/// gaps in the set, which grows for them although it holds no more.
#[derive(Debug, Default)]
struct Seen {
    marks: HashSet<u64>,
    before: HashSet<u64>,
}

impl Seen {
    /// So many are remembered at least, and at most twice as many.
    const CAPACITY: usize = 1 << 17;

    fn is_new(&mut self, thing: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        thing.hash(&mut hasher);
        let mark = hasher.finish();
        if self.before.contains(&mark) || !self.marks.insert(mark) {
            return false;
        }
        if self.marks.len() == Self::CAPACITY {
            std::mem::swap(&mut self.marks, &mut self.before);
            self.marks.clear();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_marks_are_remembered_and_memory_stays_flat() {
        let mut seen = Seen::default();
        let mut room = Vec::new();
        for generation in 0..6usize {
            for number in 0..Seen::CAPACITY {
                assert!(seen.is_new((generation, number)));
            }
            assert!(!seen.is_new((generation, 0usize)) && !seen.is_new((generation, Seen::CAPACITY - 1)));
            room.push(seen.marks.capacity() + seen.before.capacity());
        }
        assert!(seen.is_new((0usize, 0usize)));
        assert!(room[2..].iter().all(|capacity| *capacity == room[2]), "{room:?}");
    }
}

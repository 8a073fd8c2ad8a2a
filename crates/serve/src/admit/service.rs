//! From the body of a request to the body of its answer, in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use haechi_report::{Language, Texts};
use hyper::body::Bytes;

use super::pool::Ruled;
use super::{
    Answer, Busy, Decision, Decisions, Phase, PolicyFolder, Pool, PoolOptions, Review, ReviewError, Ruling,
};
use crate::clock::now_ns;

/// Longest body that is looked into outside of the worker threads, to answer by the fail modes.
const SHORT: usize = 256 << 10;

/// What is told to the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// An AdmissionReview, as JSON.
    Review(String),
    /// The body is not one that could be answered.
    Refused(ReviewError),
    /// There was no time, and the body is too long to look into now: the API server follows the webhook's own
    /// `failurePolicy`.
    Overloaded,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct AdmissionCounts {
    /// Answers by the fail modes for want of room.
    pub overloaded: AtomicU64,
    /// Answers by the fail modes for want of time.
    pub late: AtomicU64,
    /// Answers by the fail modes because judging broke off.
    pub broken: AtomicU64,
    /// Bodies that could not be read.
    pub refused: AtomicU64,
}

/// Answers AdmissionReviews.
#[derive(Debug)]
pub struct Admission {
    folder: Arc<PolicyFolder>,
    pool: Pool,
    decisions: Decisions,
    texts: Texts,
    counts: AdmissionCounts,
}

impl Admission {
    /// Starts the worker threads.
    ///
    /// # Errors
    /// The system makes no more threads.
    pub fn start(
        folder: Arc<PolicyFolder>,
        decisions: Decisions,
        language: Language,
    ) -> std::io::Result<Self> {
        let settings = folder.settings();
        let options = PoolOptions { workers: settings.workers, queue: settings.queue, language };
        let pool = Pool::start(folder.clone(), options)?;
        Ok(Self { folder, pool, decisions, texts: Texts::new(language), counts: AdmissionCounts::default() })
    }

    /// The policies.
    pub fn folder(&self) -> &Arc<PolicyFolder> {
        &self.folder
    }

    /// The threads.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Nothing is decided any more: whoever takes decisions hears that there are no further ones.
    pub fn end_decisions(&self) {
        self.decisions.end();
    }

    /// Counts since the start.
    pub fn counts(&self) -> &AdmissionCounts {
        &self.counts
    }

    /// Decisions that nobody had room for.
    pub fn dropped_decisions(&self) -> u64 {
        self.decisions.dropped()
    }

    /// The time that an answer may take: a tenth less than what the API server waits, as it tells by `?timeout=10s`.
    pub fn deadline(&self, query: Option<&str>) -> Duration {
        let most = self.folder.settings().deadline;
        let asked = query.into_iter().flat_map(|query| form_urlencoded::parse(query.as_bytes()));
        let asked = asked.filter(|(key, _)| key == "timeout").find_map(|(_, value)| go_duration(&value));
        asked.map_or(most, |asked| (asked.mul_f64(0.9)).min(most)).max(Duration::from_millis(50))
    }

    /// Answers a body before `deadline` has passed.
    pub async fn answer(&self, body: Bytes, phase: Phase, deadline: Duration) -> Told {
        let until = Instant::now() + deadline;
        let waiting = match self.pool.ask(body.clone(), phase, until) {
            Ok(waiting) => waiting,
            Err(Busy) => {
                self.counts.overloaded.fetch_add(1, Ordering::Relaxed);
                return self.unjudged(&body, phase, "serve-overloaded");
            }
        };
        match tokio::time::timeout(deadline, waiting).await {
            Ok(Ok(Ok(ruled))) => self.tell(ruled, phase),
            Ok(Ok(Err(error))) => {
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
                Told::Refused(error)
            }
            // The thread that had it panicked, or was too late to begin.
            Ok(Err(_)) if Instant::now() < until => {
                self.counts.broken.fetch_add(1, Ordering::Relaxed);
                self.unjudged(&body, phase, "serve-broke-off")
            }
            Ok(Err(_)) | Err(_) => {
                self.counts.late.fetch_add(1, Ordering::Relaxed);
                self.unjudged(&body, phase, "serve-too-late")
            }
        }
    }

    fn tell(&self, ruled: Ruled, phase: Phase) -> Told {
        let Ruled { answer, facts, uid, version, is_exempt } = ruled;
        let told = Told::Review(answer.to_json(version, &uid).to_string());
        let ruling = match &answer {
            _ if is_exempt => Ruling::Exempt,
            Answer { refusal: Some(_), .. } => Ruling::Refused,
            Answer { patches, .. } if patches.is_empty() => Ruling::Allowed,
            _ => Ruling::Patched,
        };
        self.decisions.tell(Decision {
            time_ns: now_ns(),
            phase,
            uid,
            operation: facts.operation,
            kind: facts.kind,
            namespace: facts.namespace,
            name: facts.name,
            user: facts.user,
            dry_run: facts.dry_run,
            ruling,
            causes: answer.causes,
        });
        told
    }

    /// The answer where nothing was judged: as each policy wants it for that case.
    fn unjudged(&self, body: &[u8], phase: Phase, reason: &str) -> Told {
        if body.len() > SHORT {
            return Told::Overloaded;
        }
        let review = match Review::read(body) {
            Ok(review) => review,
            Err(error) => return Told::Refused(error),
        };
        let generation = self.folder.current();
        let is_exempt = generation.exempts(&review);
        let answer = match is_exempt {
            true => Answer::default(),
            false => Answer::unjudged(generation.asked(phase).into_iter(), reason, &self.texts),
        };
        let facts = super::generation::Facts {
            namespace: review.namespace().to_owned(),
            ..super::generation::Facts::default()
        };
        let (uid, version) = (review.uid().to_owned(), review.version());
        self.tell(Ruled { answer, facts, uid, version, is_exempt }, phase)
    }
}

/// A duration as the API server writes it: `10s`, `1m0s`, `500ms`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() || rest.len() > 32 {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let len = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at(len);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = after;
    }
    Some(total)
}

#[cfg(test)]
mod duration_tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, millis) in [("10s", 10_000), ("1m0s", 60_000), ("500ms", 500), ("1.5s", 1500)] {
            assert_eq!(go_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1e400s", "10parsecs", "99999999999999999999999999h"] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }
}

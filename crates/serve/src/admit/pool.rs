//! Threads that judge: as many as there are cores, a bounded line before them, and nobody waits beyond the deadline.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use haechi_report::{Language, Texts};
use tokio::sync::oneshot;

use super::generation::{Facts, Judged};
use super::{Answer, Phase, PolicyFolder, Review, ReviewError, Version};
use crate::clock::now_ns;

/// How the threads are set up.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    /// How many.
    pub workers: usize,
    /// Requests that wait.
    pub queue: usize,
    /// The language of what users read.
    pub language: Language,
}

/// No room for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// A request that was judged.
#[derive(Debug)]
pub(super) struct Ruled {
    pub(super) answer: Answer,
    pub(super) facts: Facts,
    pub(super) uid: String,
    pub(super) version: Version,
    pub(super) is_exempt: bool,
}

struct Job {
    body: hyper::body::Bytes,
    phase: Phase,
    deadline: Instant,
    reply: oneshot::Sender<Result<Ruled, ReviewError>>,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

struct Shared {
    line: Mutex<Line>,
    filled: Condvar,
    capacity: usize,
    folder: Arc<PolicyFolder>,
    language: Language,
    busy: AtomicUsize,
    /// Requests that nobody waited for any more when their turn came.
    late: AtomicU64,
    panics: AtomicU64,
    is_stopped: AtomicBool,
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        // A line is never left half changed.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Judges requests by the folder's current policies.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("capacity", &self.shared.capacity).finish_non_exhaustive()
    }
}

/// Trees may be as deep as [`haechi_syntax::Limits::depth`], and engines walk them by recursion.
const STACK: usize = 8 << 20;

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system makes no more threads.
    pub fn start(folder: Arc<PolicyFolder>, options: PoolOptions) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            line: Mutex::new(Line::default()),
            filled: Condvar::new(),
            capacity: options.queue.max(1),
            folder,
            language: options.language,
            busy: AtomicUsize::new(0),
            late: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        });
        let mut threads = Vec::new();
        for index in 0..options.workers.max(1) {
            let shared = shared.clone();
            let builder = std::thread::Builder::new().name(format!("admit-{index}")).stack_size(STACK);
            threads.push(builder.spawn(move || work(&shared))?);
        }
        Ok(Self { shared, threads: Mutex::new(threads) })
    }

    /// Asks for a request to be judged before `deadline`.
    ///
    /// # Errors
    /// Too many wait already.
    pub(super) fn ask(
        &self,
        body: hyper::body::Bytes,
        phase: Phase,
        deadline: Instant,
    ) -> Result<oneshot::Receiver<Result<Ruled, ReviewError>>, Busy> {
        let (reply, answer) = oneshot::channel();
        let mut line = self.shared.line();
        if line.is_closed || line.jobs.len() >= self.shared.capacity {
            return Err(Busy);
        }
        line.jobs.push_back(Job { body, phase, deadline, reply });
        drop(line);
        self.shared.filled.notify_one();
        Ok(answer)
    }

    /// Requests that wait, and those that are being judged.
    pub fn load(&self) -> (usize, usize) {
        (self.shared.line().jobs.len(), self.shared.busy.load(Ordering::Relaxed))
    }

    /// Requests that nobody waited for any more when their turn came, and threads that panicked.
    pub fn mishaps(&self) -> (u64, u64) {
        (self.shared.late.load(Ordering::Relaxed), self.shared.panics.load(Ordering::Relaxed))
    }

    /// Lets the threads finish what waits, and waits for them.
    pub fn stop(&self) {
        self.shared.line().is_closed = true;
        self.shared.is_stopped.store(true, Ordering::Relaxed);
        self.shared.filled.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has been counted.
            let _ = thread.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
    }
}

fn next(shared: &Shared) -> Option<Job> {
    let mut line = shared.line();
    loop {
        if let Some(job) = line.jobs.pop_front() {
            return Some(job);
        }
        if line.is_closed {
            return None;
        }
        line = shared.filled.wait(line).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Judges until the line is closed and empty. What is borrowed from a generation lives as long as that generation is
/// the current one.
fn work(shared: &Shared) {
    let texts = Texts::new(shared.language);
    let mut waiting = None;
    loop {
        let Some(first) = waiting.take().or_else(|| next(shared)) else { return };
        let generation = shared.folder.current();
        let lookups = generation.lookups();
        let mut job = Some(first);
        while let Some(now) = job.take() {
            if shared.folder.current().number() != generation.number() {
                waiting = Some(now);
                break;
            }
            if now.reply.is_closed() || Instant::now() >= now.deadline {
                shared.late.fetch_add(1, Ordering::Relaxed);
            } else {
                shared.busy.fetch_add(1, Ordering::Relaxed);
                let rule = || rule(&generation, &lookups, &now, &texts);
                match catch_unwind(AssertUnwindSafe(rule)) {
                    Ok(ruled) => {
                        // Whoever asked may have gone.
                        let _ = now.reply.send(ruled);
                    }
                    // The asker hears that its request was not judged, and follows the fail modes.
                    Err(_) => {
                        shared.panics.fetch_add(1, Ordering::Relaxed);
                    }
                }
                shared.busy.fetch_sub(1, Ordering::Relaxed);
            }
            job = next(shared);
            if job.is_none() {
                return;
            }
        }
    }
}

fn rule(
    generation: &super::Generation,
    lookups: &super::generation::Lookups<'_>,
    job: &Job,
    texts: &Texts,
) -> Result<Ruled, ReviewError> {
    let review = Review::read(&job.body)?;
    let (uid, version) = (review.uid().to_owned(), review.version());
    if generation.exempts(&review) {
        let facts = Facts { namespace: review.namespace().to_owned(), ..Facts::default() };
        return Ok(Ruled { answer: Answer::default(), facts, uid, version, is_exempt: true });
    }
    let Judged { answer, facts } = generation.judge(lookups, &review, job.phase, now_ns(), texts)?;
    Ok(Ruled { answer, facts, uid, version, is_exempt: false })
}

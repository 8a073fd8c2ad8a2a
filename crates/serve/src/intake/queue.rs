//! The bounded queue before the threads that decode and store.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use haechi_detect::decode::FlowColumns;
use haechi_store::counters::SourceCounts;
use haechi_store::{Store, StoreError};
use hyper::body::Bytes;
use thiserror::Error;
use tokio::sync::oneshot;

use super::envelope::{UnwrapError, Unwrapped, unpack, unwrap};
use super::pipeline::{Pipeline, RunError};
use super::{Detected, Feed, Listener, Receipt, RuleBook, SnsTrust};
use crate::clock;
use crate::fetch::FetchError;

/// How intake is set up.
#[derive(Debug, Clone)]
pub struct IntakeOptions {
    /// Threads that decode and store; the store writes the work of several in one transaction.
    pub workers: usize,
    /// Batches that wait.
    pub queue: usize,
    /// Bytes of all batches that wait.
    pub queue_bytes: usize,
    /// Folders that are watched for files with events.
    pub folders: Vec<PathBuf>,
    /// The columns of flow logs that name none.
    pub columns: Option<FlowColumns>,
}

impl Default for IntakeOptions {
    fn default() -> Self {
        Self { workers: 4, queue: 256, queue_bytes: 64 << 20, folders: Vec::new(), columns: None }
    }
}

/// Why a batch was not taken.
#[derive(Debug, Clone, Error)]
pub enum IntakeError {
    /// Too much waits already.
    #[error("too many batches are waiting")]
    Full,
    /// The wrapping cannot be opened.
    #[error(transparent)]
    Wrapping(#[from] UnwrapError),
    /// The store refuses.
    #[error("the events could not be stored: {0}")]
    Store(#[from] StoreError),
    /// What proves a message of SNS is not to be had at the moment.
    #[error("the certificate of SNS is not to be had at the moment: {0}")]
    Unproven(#[from] FetchError),
    /// Decoding broke off, or the service ends.
    #[error("the batch was not taken to its end")]
    BrokeOff,
}

struct Batch {
    feed: Feed,
    body: Bytes,
    cluster: Option<String>,
    reply: oneshot::Sender<Result<Receipt, IntakeError>>,
}

#[derive(Default)]
struct Line {
    batches: std::collections::VecDeque<Batch>,
    bytes: usize,
    is_closed: bool,
}

pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) rules: Arc<RuleBook>,
    pub(super) listeners: Vec<Arc<dyn Listener>>,
    pub(super) options: IntakeOptions,
    sns: SnsTrust,
    line: Mutex<Line>,
    filled: Condvar,
    /// Drops that the store has not counted yet, by source and reason.
    pending: Mutex<BTreeMap<(String, String), u64>>,
    turned_away: AtomicU64,
    confirm: Mutex<Option<String>>,
}

/// Takes events in.
pub struct Intake {
    pub(super) shared: Arc<Shared>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Intake {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system makes no more threads.
    pub fn start(
        store: Arc<dyn Store>,
        rules: Arc<RuleBook>,
        listeners: Vec<Arc<dyn Listener>>,
        options: IntakeOptions,
        sns: SnsTrust,
    ) -> std::io::Result<Self> {
        let workers = options.workers;
        let shared = Arc::new(Shared {
            store,
            rules,
            listeners,
            options,
            sns,
            line: Mutex::default(),
            filled: Condvar::new(),
            pending: Mutex::default(),
            turned_away: AtomicU64::new(0),
            confirm: Mutex::default(),
        });
        let mut threads = Vec::new();
        for index in 0..workers {
            let shared = shared.clone();
            let builder = std::thread::Builder::new().name(format!("intake-{index}")).stack_size(8 << 20);
            threads.push(builder.spawn(move || work(&shared))?);
        }
        Ok(Self { shared, threads: Mutex::new(threads) })
    }

    /// The rules.
    pub fn rules(&self) -> &RuleBook {
        &self.shared.rules
    }

    /// Takes a batch; returns when it is on disk.
    ///
    /// # Errors
    /// No room, a wrapping that cannot be opened, a store that refuses. What nobody sends again has been counted as dropped.
    pub async fn take(
        &self,
        feed: Feed,
        body: Bytes,
        cluster: Option<String>,
    ) -> Result<Receipt, IntakeError> {
        if feed == Feed::Cloud {
            self.shared.sns.prepare(&body).await?;
        }
        let (reply, receipt) = oneshot::channel();
        {
            let mut line = self.shared.line.lock().unwrap_or_else(PoisonError::into_inner);
            let options = &self.shared.options;
            let is_full = line.batches.len() >= options.queue
                || (!line.batches.is_empty() && line.bytes + body.len() > options.queue_bytes);
            if line.is_closed || is_full {
                drop(line);
                self.shared.turned_away.fetch_add(1, Ordering::Relaxed);
                if !feed.sends_again() {
                    self.shared.drop_events(feed.as_str(), "queue-full", 1);
                }
                return Err(IntakeError::Full);
            }
            line.bytes += body.len();
            line.batches.push_back(Batch { feed, body, cluster, reply });
        }
        self.shared.filled.notify_one();
        let taken = receipt.await.unwrap_or(Err(IntakeError::BrokeOff));
        if let (Err(error), false) = (&taken, feed.sends_again()) {
            let reason = match error {
                IntakeError::Wrapping(_) => "malformed",
                IntakeError::Full
                | IntakeError::Store(_)
                | IntakeError::Unproven(_)
                | IntakeError::BrokeOff => "store-failed",
            };
            self.shared.drop_events(feed.as_str(), reason, 1);
        }
        taken
    }

    /// Batches and bytes that wait, and how many were turned away since the start.
    pub fn load(&self) -> (usize, usize, u64) {
        let line = self.shared.line.lock().unwrap_or_else(PoisonError::into_inner);
        (line.batches.len(), line.bytes, self.shared.turned_away.load(Ordering::Relaxed))
    }

    /// What came in and what became of it, by source, those drops included that the store has not counted yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn counts(&self) -> Result<BTreeMap<String, SourceCounts>, StoreError> {
        let pending = self.shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts = self.shared.store.counts()?;
        for ((source, reason), count) in pending.iter() {
            let of_source = counts.entry(source.clone()).or_default();
            of_source.received += count;
            *of_source.dropped.entry(reason.clone()).or_insert(0) += count;
        }
        Ok(counts)
    }

    /// An address that somebody must open for SNS to send anything.
    pub fn to_confirm(&self) -> Option<String> {
        self.shared.confirm.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the threads finish what waits, and waits for them.
    pub fn stop(&self) {
        self.shared.line.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.shared.filled.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic was caught where it happened.
            let _ = thread.join();
        }
        self.shared.settle();
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Counts events that were let go: in memory at once, in the store as soon as it takes it.
    pub(super) fn drop_events(&self, source: &str, reason: &str, count: u64) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending.entry((source.to_owned(), reason.to_owned())).or_insert(0) += count;
    }

    /// Hands the drops over to the store.
    pub(super) fn settle(&self) {
        // Held meanwhile, so that nobody sees a drop twice or not at all.
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|(source, reason), count| self.store.count_dropped(source, reason, *count).is_err());
    }

    pub(super) fn is_closed(&self) -> bool {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).is_closed
    }

    pub(super) fn tell(&self, detected: &Detected) {
        for listener in &self.listeners {
            listener.detected(detected);
        }
    }

    fn next(&self) -> Option<Batch> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(batch) = line.batches.pop_front() {
                line.bytes = line.bytes.saturating_sub(batch.body.len());
                return Some(batch);
            }
            if line.is_closed {
                return None;
            }
            line = self.filled.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn work(shared: &Shared) {
    while let Some(batch) = shared.next() {
        let Batch { feed, body, cluster, reply } = batch;
        let take = || take(shared, feed, &body, cluster.as_deref());
        // A body that breaks the decoder takes down its batch, not the thread.
        let taken = catch_unwind(AssertUnwindSafe(take)).unwrap_or(Err(IntakeError::BrokeOff));
        // Whoever sent it may have gone.
        let _ = reply.send(taken);
        shared.settle();
    }
}

fn take(shared: &Shared, feed: Feed, body: &[u8], cluster: Option<&str>) -> Result<Receipt, IntakeError> {
    let unwrapped = match feed {
        // Neither comes in envelopes.
        Feed::Audit | Feed::Falco => Unwrapped { texts: vec![unpack(body)?], ..Unwrapped::default() },
        Feed::Cloud | Feed::Folder => unwrap(body, &shared.sns)?,
    };
    let rules = shared.rules.current();
    let mut pipeline = Pipeline::new(&*shared.store, &rules.program, feed)
        .of_cluster(cluster)
        .with_columns(shared.options.columns.clone());
    // Each text ends where it ends: the next one is no more of it.
    const END: Cow<'_, [u8]> = Cow::Borrowed(b"\n");
    let mut texts = unwrapped.texts.into_iter().flat_map(|text| {
        let has_end = text.ends_with(b"\n");
        [text].into_iter().chain((!has_end).then_some(END))
    });
    let tell = |detection| {
        let cluster = cluster.map(str::to_owned);
        shared.tell(&Detected { detection, feed, cluster });
    };
    let next = || Ok(texts.next());
    let run = pipeline.run(next, clock::now_ns() / 1000, tell);
    let mut receipt = run.map_err(|error| match error {
        RunError::Store(error) => IntakeError::Store(error),
        RunError::Read(_) => IntakeError::BrokeOff,
    })?;
    for reason in unwrapped.refused {
        shared.store.count_dropped(feed.as_str(), reason, 1)?;
        receipt.received += 1;
        *receipt.dropped.entry(reason).or_insert(0) += 1;
    }
    if let Some(url) = unwrapped.confirm {
        *shared.confirm.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.clone());
        receipt.confirm = Some(url);
    }
    Ok(receipt)
}

//! The one thread that writes: takes what waits, commits it together, answers.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::files::Folder;
use super::schema;
use crate::detections::NewDetection;
use crate::events::{EventBatch, Stored};
use crate::journal::{Act, Anchor};
use crate::seal::{Keys, Sealer};
use crate::{OpenError, StoreError};

/// Most calls in a transaction.
const GROUP_CALLS: usize = 512;
/// No further call is taken into a transaction with so many bytes of events.
const GROUP_BYTES: usize = 4 << 20;
/// How long to wait for a lock of somebody else's.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for readers before the log is cut.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(100);

/// What a call may use inside the transaction.
pub(crate) struct Tx<'c> {
    pub(crate) connection: &'c Connection,
    /// Set when the journal grew.
    pub(crate) anchor: &'c mut Option<Anchor>,
    pub(crate) sealer: &'c mut Sealer,
    pub(crate) keys: &'c Keys,
}

impl Tx<'_> {
    /// Appends to the journal in this transaction.
    pub(crate) fn journal(&mut self, act: &Act) -> Result<u64, StoreError> {
        let anchor = super::journal::append(self.connection, act.clone())?;
        *self.anchor = Some(anchor);
        Ok(anchor.entries)
    }
}

/// A call that waits: run, perhaps more than once, then answered once.
trait Call: Send {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Work<F, R> {
    work: F,
    result: Option<Result<R, StoreError>>,
    reply: SyncSender<Result<R, StoreError>>,
}

impl<F, R> Call for Work<F, R>
where
    F: FnMut(&mut Tx<'_>) -> Result<R, StoreError> + Send,
    R: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let result = (self.work)(tx);
        let outcome = result.as_ref().map(|_| ()).map_err(Clone::clone);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = match outcome {
            Ok(()) => self.result.unwrap_or(Err(StoreError::Closed)),
            Err(error) => Err(error),
        };
        // Who no longer waits needs no answer.
        let _ = self.reply.try_send(result);
    }
}

/// What came of events and of what was detected in them.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) stored: Stored,
    /// Of each detection, whether it is new.
    pub(crate) news: Vec<bool>,
}

enum Request {
    Events {
        batch: EventBatch,
        detections: Vec<NewDetection>,
        done: Done,
        reply: SyncSender<Result<Done, StoreError>>,
    },
    Call {
        call: Box<dyn Call>,
        refused: Option<StoreError>,
    },
    /// Outside of any transaction.
    Checkpoint {
        reply: SyncSender<Result<(), StoreError>>,
    },
}

impl Request {
    fn bytes(&self) -> usize {
        match self {
            Request::Events { batch, detections, .. } => {
                let events: usize = batch.events.iter().map(|event| event.body.len() + 64).sum();
                events + detections.iter().map(|detection| detection.body.len() + 64).sum::<usize>()
            }
            Request::Call { .. } | Request::Checkpoint { .. } => 0,
        }
    }

    fn answer(self, outcome: Result<(), StoreError>) {
        match self {
            Request::Events { done, reply, .. } => {
                let _ = reply.try_send(outcome.map(|()| done));
            }
            Request::Call { call, refused } => call.answer(outcome.and(refused.map_or(Ok(()), Err))),
            Request::Checkpoint { reply } => {
                let _ = reply.try_send(outcome);
            }
        }
    }
}

pub(crate) struct Writer {
    /// None while it is being closed.
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
    queue_bytes: usize,
}

/// What others may know of the thread.
#[derive(Default)]
struct State {
    waiting: AtomicU64,
    waiting_bytes: AtomicUsize,
    failing: Mutex<Option<StoreError>>,
}

impl Writer {
    pub(crate) fn start(
        folder: Arc<Folder>,
        keys: Arc<Keys>,
        max_bytes: Option<u64>,
        queue: usize,
        queue_bytes: usize,
    ) -> Result<Self, OpenError> {
        let connection = connect(folder.database(), max_bytes)
            .map_err(|source| OpenError::Database { path: folder.database().to_owned(), source })?;
        schema::migrate(&connection, folder.database())?;
        anchor_new(&folder, &connection)?;
        // The log was made when the database was opened; now its name is durable as well.
        folder.sync()?;
        let sealer = Sealer::new()
            .map_err(|source| OpenError::Database { path: folder.database().to_owned(), source })?;
        let (requests, receiver) = mpsc::sync_channel(queue.max(1));
        let state = Arc::<State>::default();
        let thread = Thread {
            folder,
            keys,
            max_bytes,
            connection: Some(connection),
            sealer,
            owed: None,
            state: Arc::clone(&state),
        };
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.serve(&receiver))
            .map_err(OpenError::Thread)?;
        Ok(Self { requests: Some(requests), thread: Some(thread), state, queue_bytes })
    }

    pub(crate) fn run<R: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let call = Box::new(Work { work, result: None, reply });
        self.send(Request::Call { call, refused: None })?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) fn put_events(
        &self,
        batch: EventBatch,
        detections: Vec<NewDetection>,
    ) -> Result<Done, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Request::Events { batch, detections, done: Done::default(), reply })?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    fn send(&self, request: Request) -> Result<(), StoreError> {
        let requests = self.requests.as_ref().ok_or(StoreError::Closed)?;
        let bytes = request.bytes();
        let before = self.state.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        // A batch that is larger than all of the queue still gets through when it is alone.
        if bytes > 0 && before > 0 && before.saturating_add(bytes) > self.queue_bytes {
            self.state.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        requests.try_send(request).map_err(|error| {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            self.state.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => StoreError::Closed,
            }
        })
    }

    /// Brings the write-ahead log into the database, and gives its space back unless somebody reads.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Request::Checkpoint { reply })?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.state.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn failing(&self) -> Option<StoreError> {
        self.state.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nobody to tell.
            let _ = thread.join();
        }
    }
}

/// Writes the anchor of an empty journal, so that there is one from the beginning: a missing one was removed.
fn anchor_new(folder: &Folder, connection: &Connection) -> Result<(), OpenError> {
    let head = super::journal::head(connection)
        .map_err(|source| OpenError::Database { path: folder.database().to_owned(), source })?;
    let failed = |source| OpenError::Folder { path: folder.database().to_owned(), source };
    // One that cannot be read is for the health page.
    if head == Anchor::default() && matches!(folder.read_anchor(), Ok(None)) {
        folder.write_anchor(&head).map_err(failed)?;
    }
    Ok(())
}

/// A connection that writes, as durable as SQLite can be.
fn connect(path: &Path, max_bytes: Option<u64>) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if !path.exists() {
        // SQLite would make it readable for others.
        super::files::private()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|error| StoreError::Io { detail: error.to_string() })?;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "PRAGMA auto_vacuum=INCREMENTAL;
         PRAGMA journal_mode=WAL;
         PRAGMA synchronous=FULL;
         PRAGMA fullfsync=ON;
         PRAGMA checkpoint_fullfsync=ON;
         PRAGMA wal_autocheckpoint=4096;
         PRAGMA journal_size_limit=67108864;
         PRAGMA cache_size=-16384;
         PRAGMA temp_store=MEMORY;
         PRAGMA foreign_keys=ON;
         PRAGMA trusted_schema=OFF;
         PRAGMA cell_size_check=ON;",
    )?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        let detail = format!("write-ahead mode was refused, the mode is `{mode}`");
        return Err(StoreError::Io { detail });
    }
    if let Some(max_bytes) = max_bytes {
        let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = (max_bytes / page.max(1)).clamp(1, u64::from(u32::MAX) - 1);
        connection.pragma_update(None, "max_page_count", i64::try_from(pages).unwrap_or(i64::MAX))?;
    }
    Ok(connection)
}

/// Others wait meanwhile: when somebody reads for long, the log keeps its size until the next time.
fn checkpoint(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(CHECKPOINT_PATIENCE)?;
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.busy_timeout(PATIENCE)?;
    Ok(done?)
}

struct Thread {
    folder: Arc<Folder>,
    keys: Arc<Keys>,
    max_bytes: Option<u64>,
    /// None after an error of the disk.
    connection: Option<Connection>,
    sealer: Sealer,
    /// An anchor that could not be written.
    owed: Option<Anchor>,
    state: Arc<State>,
}

impl Thread {
    fn serve(mut self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut bytes = first.bytes();
            let mut group = vec![first];
            while group.len() < GROUP_CALLS && bytes < GROUP_BYTES {
                let Ok(next) = requests.try_recv() else { break };
                bytes += next.bytes();
                group.push(next);
            }
            self.commit(group);
        }
    }

    /// Commits, answers, and lets others take the place in the queue.
    fn commit(&mut self, group: Vec<Request>) {
        let bytes = group.iter().map(Request::bytes).sum();
        self.state.waiting.fetch_sub(group.len() as u64, Ordering::Relaxed);
        self.commit_all(group);
        self.state.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn commit_all(&mut self, group: Vec<Request>) {
        let is_checkpoint = |request: &Request| matches!(request, Request::Checkpoint { .. });
        let (checkpoints, mut group): (Vec<_>, Vec<_>) = group.into_iter().partition(is_checkpoint);
        for request in checkpoints {
            let outcome = self.connection().and_then(checkpoint);
            request.answer(outcome);
        }
        if group.is_empty() {
            return;
        }
        match self.try_commit(&mut group) {
            Ok(()) => group.into_iter().for_each(|request| request.answer(Ok(()))),
            Err(error) if group.len() == 1 => {
                group.into_iter().for_each(|request| request.answer(Err(error.clone())));
            }
            Err(_) => {
                for request in group {
                    let mut alone = [request];
                    let outcome = self.try_commit(&mut alone);
                    let [request] = alone;
                    request.answer(outcome);
                }
            }
        }
    }

    /// Runs all in one transaction, which is taken back as a whole when it fails.
    fn try_commit(&mut self, group: &mut [Request]) -> Result<(), StoreError> {
        let outcome = self.run_group(group);
        *self.state.failing.lock().unwrap_or_else(PoisonError::into_inner) = outcome.clone().err();
        outcome
    }

    fn connection(&mut self) -> Result<&Connection, StoreError> {
        if self.connection.is_none() {
            self.connection = Some(connect(self.folder.database(), self.max_bytes)?);
        }
        self.connection.as_ref().ok_or(StoreError::Closed)
    }

    fn run_group(&mut self, group: &mut [Request]) -> Result<(), StoreError> {
        self.connection()?;
        let connection = self.connection.take().ok_or(StoreError::Closed)?;
        let mut anchor = None;
        let outcome = run(&connection, group, &mut anchor, &mut self.sealer, &self.keys);
        if let Err(error) = outcome {
            let is_back = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
            let is_sound = !matches!(error, StoreError::Io { .. } | StoreError::Corrupt { .. });
            if is_back && is_sound {
                self.connection = Some(connection);
            }
            return Err(error);
        }
        self.connection = Some(connection);
        if let Some(anchor) = anchor.or(self.owed) {
            // The entries are committed, whatever becomes of the anchor; it is written with the next ones, then.
            self.owed = self.folder.write_anchor(&anchor).err().map(|_| anchor);
        }
        Ok(())
    }
}

fn run(
    connection: &Connection,
    group: &mut [Request],
    anchor: &mut Option<Anchor>,
    sealer: &mut Sealer,
    keys: &Keys,
) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let batches = group.iter_mut().filter_map(|request| match request {
        Request::Events { batch, done, .. } => Some((&*batch, &mut done.stored)),
        Request::Call { .. } | Request::Checkpoint { .. } => None,
    });
    super::events::put(connection, batches, sealer, keys)?;
    for request in group {
        let (call, refused) = match request {
            Request::Call { call, refused } => (call, refused),
            Request::Events { detections, done, .. } => {
                done.news = super::detections::insert(connection, detections)?;
                continue;
            }
            Request::Checkpoint { .. } => continue,
        };
        connection.prepare_cached("SAVEPOINT call")?.execute([])?;
        let before = *anchor;
        let outcome = call.run(&mut Tx { connection, anchor, sealer, keys });
        match outcome {
            Ok(()) => *refused = None,
            Err(error) if error.breaks_transaction() => return Err(error),
            Err(error) => {
                connection.prepare_cached("ROLLBACK TO call")?.execute([])?;
                *anchor = before;
                *refused = Some(error);
            }
        }
        connection.prepare_cached("RELEASE call")?.execute([])?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::connect;

    /// Killing a process does not show whether the disk was waited for; this does.
    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("store-1.db"), None).unwrap();
        let number =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("synchronous"), 2, "FULL");
        assert_eq!(number("fullfsync"), 1);
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        assert_eq!(number("auto_vacuum"), 2, "INCREMENTAL");
        assert_eq!(number("foreign_keys"), 1);
    }
}

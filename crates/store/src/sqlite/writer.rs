//! The one thread that writes: takes what waits, commits it together, answers.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::files::Folder;
use super::schema;
use crate::events::{EventBatch, Stored};
use crate::journal::{Act, Anchor};
use crate::seal::{Keys, Sealer};
use crate::{OpenError, StoreError};

/// Most calls in a transaction.
const GROUP_CALLS: usize = 512;
/// No further call is taken into a transaction with so many bytes of events.
const GROUP_BYTES: usize = 4 << 20;

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

enum Request {
    Events { batch: EventBatch, stored: Stored, reply: SyncSender<Result<Stored, StoreError>> },
    Call { call: Box<dyn Call>, refused: Option<StoreError> },
}

impl Request {
    fn bytes(&self) -> usize {
        match self {
            Request::Events { batch, .. } => batch.events.iter().map(|event| event.body.len() + 64).sum(),
            Request::Call { .. } => 0,
        }
    }

    fn answer(self, outcome: Result<(), StoreError>) {
        match self {
            Request::Events { stored, reply, .. } => {
                let _ = reply.try_send(outcome.map(|()| stored));
            }
            Request::Call { call, refused } => call.answer(outcome.and(refused.map_or(Ok(()), Err))),
        }
    }
}

pub(crate) struct Writer {
    /// None while it is being closed.
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        folder: Arc<Folder>,
        keys: Arc<Keys>,
        max_bytes: Option<u64>,
        queue: usize,
    ) -> Result<Self, OpenError> {
        let connection = connect(folder.database(), max_bytes)
            .map_err(|source| OpenError::Database { path: folder.database().to_owned(), source })?;
        schema::migrate(&connection, folder.database())?;
        let sealer = Sealer::new()
            .map_err(|source| OpenError::Database { path: folder.database().to_owned(), source })?;
        let (requests, receiver) = mpsc::sync_channel(queue.max(1));
        let thread = Thread { folder, keys, max_bytes, connection: Some(connection), sealer, owed: None };
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.serve(&receiver))
            .map_err(OpenError::Thread)?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
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

    pub(crate) fn put_events(&self, batch: EventBatch) -> Result<Stored, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Request::Events { batch, stored: Stored::default(), reply })?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    fn send(&self, request: Request) -> Result<(), StoreError> {
        let requests = self.requests.as_ref().ok_or(StoreError::Closed)?;
        requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
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
    connection.busy_timeout(Duration::from_secs(5))?;
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

struct Thread {
    folder: Arc<Folder>,
    keys: Arc<Keys>,
    max_bytes: Option<u64>,
    /// None after an error of the disk.
    connection: Option<Connection>,
    sealer: Sealer,
    /// An anchor that could not be written.
    owed: Option<Anchor>,
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

    fn commit(&mut self, mut group: Vec<Request>) {
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
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.folder.database(), self.max_bytes)?,
        };
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
        Request::Events { batch, stored, .. } => Some((&*batch, stored)),
        Request::Call { .. } => None,
    });
    super::events::put(connection, batches, sealer, keys)?;
    for request in group {
        let Request::Call { call, refused } = request else { continue };
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

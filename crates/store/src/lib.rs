//! Where Haechi keeps what it must not forget: events, detections, findings, incidents, accounts, alerts to send, and a
//! journal of every security-relevant act that shows when somebody changed it.
//!
//! ```text
//! caller ─► Store (traits, plain data) ─► queue ─► one writer thread ─► one transaction for all that wait ─► fsync ─► Ok
//!                       └──────────────────────────► readers with connections of their own
//! ```
//!
//! Invariants:
//! - `Ok` means: committed and on disk. What was refused was not stored, and the caller is told before anything else;
//! - an event that comes again is stored once, and counted as a duplicate; `received = stored + duplicates + drops` is
//!   written in the transaction of the events themselves;
//! - an act and its journal entry are one transaction;
//! - no SQL leaves this crate: the traits speak in plain data, so that another database can stand behind them;
//! - no clock and no engine: times and ids are arguments, verdicts are kept as they come;
//! - an incomplete scan never marks a finding as fixed; retention never touches the journal or an open incident.
//!
//! The calls block until the disk answers; an async service calls them from threads that may block.
//!
//! # Example
//!
//! ```
//! use haechi_store::events::{EventBatch, EventKey, EventQuery, NewEvent};
//! use haechi_store::sqlite::Options;
//! use haechi_store::{SqliteStore, Store};
//!
//! # let folder = tempfile::tempdir()?;
//! let store: Box<dyn Store> = Box::new(SqliteStore::open(Options::new(folder.path()))?);
//! let body = br#"{"auditID":"7d1a","stage":"ResponseComplete"}"#.to_vec();
//! let event = NewEvent {
//!     key: EventKey::of([b"k8s_audit".as_slice(), b"7d1a", b"ResponseComplete"]),
//!     time_us: Some(1_767_225_600_000_000),
//!     body,
//! };
//! let batch = EventBatch {
//!     source: "k8s_audit".to_owned(),
//!     received_us: 1_767_225_600_250_000,
//!     events: vec![event],
//! };
//! assert_eq!(store.put_events(batch.clone())?.stored, 1);
//! assert_eq!(store.put_events(batch)?.duplicates, 1);
//! assert_eq!(store.events(&EventQuery { limit: 10, ..EventQuery::default() })?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files
//!
//! See [`sqlite`] for the layout on disk, [`journal`] for the encoding of the journal's hashes.

pub mod accounts;
pub mod counters;
pub mod detections;
pub mod dispatch;
mod error;
pub mod events;
pub mod findings;
pub mod incidents;
pub mod journal;
pub mod maintenance;
pub mod outbox;
pub mod resources;
pub mod seal;
pub mod silences;
pub mod sqlite;

pub use error::{OpenError, StoreError};
pub use sqlite::SqliteStore;

/// All that a store does. Implemented by whatever implements the parts.
pub trait Store:
    accounts::AccountStore
    + counters::CounterStore
    + detections::DetectionStore
    + dispatch::DispatchStore
    + events::EventStore
    + findings::FindingStore
    + incidents::IncidentStore
    + journal::JournalStore
    + maintenance::MaintenanceStore
    + outbox::OutboxStore
    + resources::ResourceStore
    + silences::SilenceStore
    + Send
    + Sync
{
}

impl<S> Store for S where
    S: accounts::AccountStore
        + counters::CounterStore
        + detections::DetectionStore
        + dispatch::DispatchStore
        + events::EventStore
        + findings::FindingStore
        + incidents::IncidentStore
        + journal::JournalStore
        + maintenance::MaintenanceStore
        + outbox::OutboxStore
        + resources::ResourceStore
        + silences::SilenceStore
        + Send
        + Sync
{
}

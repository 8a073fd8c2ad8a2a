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
        + outbox::OutboxStore
        + resources::ResourceStore
        + silences::SilenceStore
        + Send
        + Sync
{
}

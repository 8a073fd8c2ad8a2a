//! Alerts on their way: each is delivered at least once, or known to be dead; none is lost with the process.
//!
//! ```text
//! put ─► pending ─claim─► leased ─ack──────► done
//!           ▲               │ └─retry, last──► dead ─revive─► pending
//!           └──retry, lease over─┘
//! ```
//!
//! Alerts of one receiver and group are delivered one after the other, in the order in which they came: while one is pending or
//! leased, later ones wait. A dead one lets the next ones pass.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::journal::Act;

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// To be delivered when it is due.
    Pending,
    /// Somebody is delivering it.
    Leased,
    /// Delivered.
    Done,
    /// Given up after too many attempts.
    Dead,
}

impl AlertState {
    /// All states.
    pub const ALL: [AlertState; 4] = [Self::Pending, Self::Leased, Self::Done, Self::Dead];

    /// The name in files and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An alert to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    /// What makes it one; the same alert put twice is sent once.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// What it is about: within a group and receiver, order is kept.
    pub group: String,
    /// What to send.
    pub payload: Vec<u8>,
    /// When it was made, in microseconds since 1970.
    pub created_us: i64,
    /// When to send it first.
    pub due_us: i64,
}

/// An alert that is leased to whoever claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedAlert {
    /// Its id.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// What it is about.
    pub group: String,
    /// What to send.
    pub payload: Vec<u8>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Names the lease when it ends.
    pub lease: u64,
}

/// An alert without its payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertHead {
    /// Its id.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// What it is about.
    pub group: String,
    /// When it was made, in microseconds since 1970.
    pub created_us: i64,
    /// When it is due; for a leased one, when its lease ends.
    pub due_us: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Where it stands.
    pub state: AlertState,
}

/// What became of an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It is tried again.
    Pending,
    /// That was the last attempt.
    Dead,
    /// The lease was no longer good: somebody else has claimed the alert, or ended it.
    NotYours,
}

/// Keeps alerts until they are delivered.
pub trait OutboxStore {
    /// Puts alerts in; how many of them are new.
    ///
    /// # Errors
    /// When one is beyond the bounds, or they could not be committed; then none is in.
    fn put_alerts(&self, alerts: Vec<NewAlert>) -> Result<u64, StoreError>;

    /// Puts alerts in, and notes in the same transaction that these detections need no further decision, whether an alert came of
    /// them or not (silenced, grouped): however the process ends, none is forgotten. Ids of detections that are not kept any
    /// more are passed over. How many of the alerts are new.
    ///
    /// # Errors
    /// As [`OutboxStore::put_alerts`]; then nothing is noted either.
    fn put_alerts_for(&self, detections: Vec<String>, alerts: Vec<NewAlert>) -> Result<u64, StoreError>;

    /// Leases alerts that are due, of this receiver or of all, until `lease_until_us`. Who does not end the lease by then loses it.
    ///
    /// # Errors
    /// When it could not be committed; then nothing is leased.
    fn claim_alerts(
        &self,
        receiver: Option<&str>,
        now_us: i64,
        lease_until_us: i64,
        limit: u32,
    ) -> Result<Vec<ClaimedAlert>, StoreError>;

    /// The attempt succeeded; `false` if the lease was no longer good (the alert may be delivered twice then).
    ///
    /// # Errors
    /// When it could not be committed; try again, else it will be delivered once more.
    fn ack_alert(&self, id: &str, lease: u64, now_us: i64) -> Result<bool, StoreError>;

    /// The attempt failed: try again at `due_us`, unless this was the attempt number `max_attempts`.
    ///
    /// # Errors
    /// When it could not be committed; it is tried again when the lease is over.
    fn retry_alert(
        &self,
        id: &str,
        lease: u64,
        error: &str,
        due_us: i64,
        max_attempts: u32,
    ) -> Result<Retried, StoreError>;

    /// Sends a dead alert after all, with its attempts counted anew; `false` if it is not dead.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn revive_alert(&self, id: &str, due_us: i64, act: Act) -> Result<bool, StoreError>;

    /// Gives a dead alert up for good: it is not sent any more, and no longer listed; `false` if it is not dead.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn drop_alert(&self, id: &str, act: Act) -> Result<bool, StoreError>;

    /// What an alert was to tell.
    ///
    /// # Errors
    /// When it cannot be read.
    fn alert_payload(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Alerts of a receiver (or all) in a state (or all), those that were put in last first; at most `limit`, and at most 10,000.
    ///
    /// # Errors
    /// When they cannot be read.
    fn alerts(
        &self,
        receiver: Option<&str>,
        state: Option<AlertState>,
        limit: u32,
    ) -> Result<Vec<AlertHead>, StoreError>;

    /// Numbers of alerts by receiver and state.
    ///
    /// # Errors
    /// When they cannot be read.
    fn alert_counts(&self) -> Result<BTreeMap<String, BTreeMap<AlertState, u64>>, StoreError>;
}

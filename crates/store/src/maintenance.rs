//! What keeps a store small and whole: retention, and what the health page shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::journal::Report;

/// How long things are kept. Ages are in microseconds; `None` keeps for good. The journal is always kept, and so are open
/// incidents with their detections and the events of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Retention {
    /// Events, by when they came.
    pub events_us: Option<i64>,
    /// Detections, by the time of the event.
    pub detections_us: Option<i64>,
    /// Findings, by when they were fixed.
    pub fixed_findings_us: Option<i64>,
    /// Incidents, by when they were closed.
    pub closed_incidents_us: Option<i64>,
    /// Objects, by when they were found to be gone.
    pub gone_resources_us: Option<i64>,
    /// Alerts, by when they were delivered or given up; their ids are forgotten with them.
    pub ended_alerts_us: Option<i64>,
    /// Silences, by when they ended.
    pub ended_silences_us: Option<i64>,
    /// Bytes of data; the oldest events go first, then the oldest detections.
    pub max_bytes: Option<u64>,
}

/// What retention has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Retained {
    /// Events.
    pub events: u64,
    /// Detections.
    pub detections: u64,
    /// Fixed findings.
    pub findings: u64,
    /// Closed incidents.
    pub incidents: u64,
    /// Objects that are gone.
    pub resources: u64,
    /// Alerts that were delivered or given up.
    pub alerts: u64,
    /// Silences that ended.
    pub silences: u64,
    /// Sessions that expired.
    pub sessions: u64,
    /// Bytes that the database file has become smaller.
    pub freed_bytes: u64,
    /// Whether more than [`Retention::max_bytes`] is left, all of which is to be kept.
    pub is_over: bool,
}

/// What the anchor beside the database says of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorState {
    /// It names the last entry.
    Current,
    /// It names an earlier entry: the last ones were written when the process was ended, or the disk was full.
    Behind,
    /// There is none: somebody removed it.
    Missing,
    /// It cannot be read.
    Unreadable,
}

/// Whether what was encrypted with a key can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// The key was given, and opens a body that was tried.
    Opens,
    /// The key was not given.
    Missing,
    /// The key that was given under this id is another one, or the body that was tried was changed.
    Wrong,
}

/// How a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Bytes of the database, when the write-ahead log is brought into it.
    pub database_bytes: u64,
    /// Bytes of it that hold nothing.
    pub free_bytes: u64,
    /// Bytes of the write-ahead log.
    pub log_bytes: u64,
    /// Calls that wait to be written.
    pub waiting: u64,
    /// Why the last transaction failed; none if it was committed.
    pub failing: Option<StoreError>,
    /// What is damaged, in SQLite's words; empty if nothing is.
    pub damage: Vec<String>,
    /// What came out of verifying the journal.
    pub journal: Report,
    /// What the anchor beside the database says.
    pub anchor: AnchorState,
    /// Sources whose `received = stored + duplicates + drops` does not hold.
    pub uncounted: Vec<String>,
    /// Ids of the keys that bodies are encrypted with, and whether each was given; looked up with `deep` only. One that is not in
    /// here any more is no longer needed.
    pub keys: BTreeMap<String, bool>,
}

impl Health {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.failing.is_none()
            && self.damage.is_empty()
            && self.journal.broken.is_none()
            && matches!(self.anchor, AnchorState::Current | AnchorState::Behind)
            && self.uncounted.is_empty()
            && self.keys.values().all(|is_given| *is_given)
    }
}

/// Keeps the store small and whole.
pub trait MaintenanceStore {
    /// Removes what is older than it has to be, in small transactions between those of others, and returns the space.
    ///
    /// # Errors
    /// When it could not be committed; what was removed until then stays removed.
    fn retain(&self, now_us: i64, retention: &Retention) -> Result<Retained, StoreError>;

    /// Looks whether everything is as it should be. The whole journal is read; with `deep`, so is every page and every index.
    ///
    /// # Errors
    /// When not even that can be read.
    fn health(&self, deep: bool) -> Result<Health, StoreError>;
}

//! Detections: rules that matched events.

use haechi_model::Priority;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::events::{EventBatch, EventId, EventKey, Stored};

/// A detection to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDetection {
    /// What makes it one (a digest of rule, event, and what else the caller takes); unique.
    pub id: String,
    /// The cluster or account it is about.
    pub cluster: String,
    /// Name of the rule.
    pub rule: String,
    /// Source of the event.
    pub source: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When the event happened, in microseconds since 1970.
    pub time_us: i64,
    /// Identity of the event that matched, if it is stored: the time that it tells, and its key.
    pub event: Option<(Option<i64>, EventKey)>,
    /// The whole detection as JSON.
    pub body: String,
}

/// A detection that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDetection {
    /// What makes it one.
    pub id: String,
    /// The cluster or account it is about.
    pub cluster: String,
    /// Name of the rule.
    pub rule: String,
    /// Source of the event.
    pub source: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When the event happened, in microseconds since 1970.
    pub time_us: i64,
    /// The event that matched, if it was stored when the detection came; retention may have removed it.
    pub event: Option<EventId>,
    /// The incident that it is part of.
    pub incident: Option<String>,
    /// The whole detection as JSON.
    pub body: String,
}

/// Which detections to list, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetectionQuery {
    /// Only of this cluster.
    pub cluster: Option<String>,
    /// Only of this rule.
    pub rule: Option<String>,
    /// Only of this incident.
    pub incident: Option<String>,
    /// Only this urgent, or more.
    pub at_least: Option<Priority>,
    /// Not before this time, in microseconds since 1970.
    pub from_us: Option<i64>,
    /// Before this time.
    pub to_us: Option<i64>,
    /// Go on behind this one, the last of the page before: its time and id.
    pub after: Option<(i64, String)>,
    /// At most so many, and at most 10,000.
    pub limit: u32,
}

/// Keeps detections.
pub trait DetectionStore {
    /// Stores what is new.
    ///
    /// # Errors
    /// When one is beyond the bounds, or they could not be committed; then none is stored.
    fn put_detections(&self, detections: Vec<NewDetection>) -> Result<Stored, StoreError>;

    /// Stores what is new of a batch of events, and what was detected in them, in one transaction; tells of each detection whether it
    /// is new. An id that begins with the time costs least.
    ///
    /// # Errors
    /// When something is beyond the bounds, or they could not be committed; then nothing is stored or counted.
    fn put_detected(
        &self,
        batch: EventBatch,
        detections: Vec<NewDetection>,
    ) -> Result<(Stored, Vec<bool>), StoreError>;

    /// The detection of this id.
    ///
    /// # Errors
    /// When it cannot be read.
    fn detection(&self, id: &str) -> Result<Option<StoredDetection>, StoreError>;

    /// Detections, the newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn detections(&self, query: &DetectionQuery) -> Result<Vec<StoredDetection>, StoreError>;

    /// Detections that nobody has yet decided about whether to alert, the oldest first, at most `limit` and at most 10,000: what a
    /// process that was ended had not got to. [`crate::outbox::OutboxStore::put_alerts_for`] takes them off.
    ///
    /// # Errors
    /// When they cannot be read.
    fn unalerted(&self, limit: u32) -> Result<Vec<StoredDetection>, StoreError>;

    /// Detections of which it was not yet decided to which incident they belong, the oldest first, at most `limit` and at most
    /// 10,000. [`crate::incidents::IncidentStore::put_incident`] takes them off.
    ///
    /// # Errors
    /// When they cannot be read.
    fn ungrouped(&self, limit: u32) -> Result<Vec<StoredDetection>, StoreError>;
}

//! Incidents: detections and findings that belong together, with a lifecycle.

use std::fmt;
use std::str::FromStr;

use haechi_model::{Fingerprint, Severity};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::journal::Act;

/// How far an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// Nobody has looked at it yet.
    Open,
    /// Somebody looks after it.
    Acknowledged,
    /// It does no further harm.
    Contained,
    /// Things are as they were.
    Recovered,
    /// Done: what happens later is another incident, which refers to this one.
    Closed,
}

impl IncidentState {
    /// All states in their order.
    pub const ALL: [IncidentState; 5] =
        [Self::Open, Self::Acknowledged, Self::Contained, Self::Recovered, Self::Closed];

    /// The name in files and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Contained => "contained",
            Self::Recovered => "recovered",
            Self::Closed => "closed",
        }
    }

    /// Whether an incident may go from this state to that one: forward, over as many states as need be (a false alarm is closed
    /// at once), or back to open, from closed too: somebody was wrong about its end.
    pub fn may_become(self, next: Self) -> bool {
        self != next && (next > self || next == Self::Open)
    }
}

impl fmt::Display for IncidentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No state is called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown state `{0}`, expected one of open, acknowledged, contained, recovered, closed")]
pub struct ParseIncidentStateError(pub String);

impl FromStr for IncidentState {
    type Err = ParseIncidentStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|state| state.as_str() == text);
        named.ok_or_else(|| ParseIncidentStateError(text.to_owned()))
    }
}

/// Somebody or something that detections concern, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenKey {
    /// Who or what, as the caller writes it.
    pub key: String,
    /// The first time that it was concerned, in microseconds since 1970.
    pub first_us: i64,
    /// The last time.
    pub last_us: i64,
}

/// What belongs to an incident: to one that is not closed, or to a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentUpdate {
    /// The incident; it is opened if there is none of this id.
    pub id: String,
    /// Whom or what it is about first of all.
    pub group: String,
    /// The cluster or account it is about.
    pub cluster: String,
    /// How bad it is at least: an incident never becomes less severe by what joins it.
    pub severity: Severity,
    /// When the first of it happened, in microseconds since 1970.
    pub first_us: i64,
    /// When the last of it happened.
    pub last_us: i64,
    /// What a new incident is called.
    pub title: String,
    /// Ids of detections that belong to it; one that belongs to another incident stays there.
    pub detections: Vec<String>,
    /// Findings of the same cluster that belong to it.
    pub findings: Vec<Fingerprint>,
    /// Whom and what it concerns.
    pub keys: Vec<SeenKey>,
    /// How long before its own beginning another incident may have ended that a new one refers to, in microseconds.
    pub looks_back_us: i64,
}

/// What becomes of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentMove {
    /// The incident.
    pub id: String,
    /// The state that it comes to.
    pub to: IncidentState,
    /// Who does it.
    pub by: String,
    /// When, in microseconds since 1970.
    pub now_us: i64,
    /// What they note with it, behind what was noted before; empty for nothing.
    pub note: String,
}

/// An incident that is not closed, as far as it takes to tell what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIncident {
    /// Its id.
    pub id: String,
    /// The cluster or account it is about.
    pub cluster: String,
    /// When the first of it happened, in microseconds since 1970.
    pub first_us: i64,
    /// When the last of it happened.
    pub last_us: i64,
    /// Of the keys that were asked for those that it concerns.
    pub keys: Vec<SeenKey>,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: String,
    /// By whom and where.
    pub group: String,
    /// The cluster or account it is about.
    pub cluster: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is called.
    pub title: String,
    /// How far it has come.
    pub state: IncidentState,
    /// When the first of it happened, in microseconds since 1970.
    pub opened_us: i64,
    /// When the last of it happened.
    pub last_us: i64,
    /// When something last joined it or its state changed.
    pub updated_us: i64,
    /// When somebody first looked after it.
    pub acknowledged_us: Option<i64>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// When it was closed.
    pub closed_us: Option<i64>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What people wrote about it (notes, post-mortem), as the caller likes.
    pub notes: String,
    /// The incident before it that was about some of the same, if there was one and it is still kept.
    pub follows: Option<String>,
    /// How many detections belong to it; [`crate::detections::DetectionQuery::incident`] lists them.
    pub detections: u64,
}

/// Which incidents to list: those that changed last first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentQuery {
    /// Only of this cluster.
    pub cluster: Option<String>,
    /// Only in this state.
    pub state: Option<IncidentState>,
    /// Only closed ones, or only those that are not.
    pub is_closed: Option<bool>,
    /// Only this bad, or worse.
    pub at_least: Option<Severity>,
    /// Go on behind this one, the last of the page before: its `updated_us` and id.
    pub after: Option<(i64, String)>,
    /// At most so many, and at most 10,000.
    pub limit: u32,
}

/// Keeps incidents.
pub trait IncidentStore {
    /// Adds to an incident, or opens it; whether it is new. Opening is journalled as `act`. A new one refers to the last one of
    /// the cluster that concerned one of its keys, closed or not.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it is closed, [`StoreError::NotFound`] for a detection or finding that is not stored; or when it
    /// could not be committed. Then nothing has changed.
    fn put_incident(&self, update: IncidentUpdate, act: Act) -> Result<bool, StoreError>;

    /// Incidents of a cluster that are not closed and concern one of these keys between two times.
    ///
    /// # Errors
    /// When they cannot be read.
    fn incidents_about(
        &self,
        cluster: &str,
        keys: &[String],
        from_us: i64,
        to_us: i64,
    ) -> Result<Vec<KnownIncident>, StoreError>;

    /// Brings an incident to a state, see [`IncidentState::may_become`], and keeps who acknowledged or closed it, and the note; all
    /// of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it may not; or when it could not be committed.
    fn move_incident(&self, change: IncidentMove, act: Act) -> Result<(), StoreError>;

    /// Replaces what people wrote about an incident, closed ones included.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn set_incident_notes(&self, id: &str, notes: &str, now_us: i64, act: Act) -> Result<(), StoreError>;

    /// The incident of this id.
    ///
    /// # Errors
    /// When it cannot be read.
    fn incident(&self, id: &str) -> Result<Option<Incident>, StoreError>;

    /// Whom and what an incident concerns, in the order of when it first did.
    ///
    /// # Errors
    /// When it cannot be read.
    fn incident_keys(&self, id: &str) -> Result<Vec<SeenKey>, StoreError>;

    /// Fingerprints of the findings that belong to an incident.
    ///
    /// # Errors
    /// When they cannot be read.
    fn incident_findings(&self, id: &str) -> Result<Vec<Fingerprint>, StoreError>;

    /// Incidents, those that changed last first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, StoreError>;
}

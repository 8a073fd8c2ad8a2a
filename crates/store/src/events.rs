//! Events: what happened, once, at a time; and the bodies as they came.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::StoreError;

/// Most bytes of a body.
pub const MAX_BODY: usize = 8 << 20;
/// Most bytes of the bodies of a batch.
pub const MAX_BATCH: usize = 64 << 20;
/// Most events of a batch.
pub const MAX_EVENTS: usize = 100_000;
/// Most events that a query gives at once.
pub const MAX_PAGE: u32 = 10_000;

/// What makes an event one: the same key at the same time is the same event, however often it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventKey(pub [u8; 16]);

impl EventKey {
    /// 128 bits of SHA-256 over the parts with their lengths: for Kubernetes' audit log `["k8s_audit", audit id, stage]`,
    /// for CloudTrail `["cloudtrail", event id]`, for what has no id the whole text.
    pub fn of<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(bytes)
    }
}

/// An event to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What makes it one, together with `time_us`.
    pub key: EventKey,
    /// When it happened, in microseconds since 1970 (UTC), **as the event itself says**: part of its identity. An event that
    /// tells no time has `None`, never the time of reading; its key alone is its identity then.
    pub time_us: Option<i64>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// Events of one source that came together. Stored as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBatch {
    /// `k8s_audit`, `cloudtrail`, `falco`, `vpcflow` …
    pub source: String,
    /// When they came, in microseconds since 1970.
    pub received_us: i64,
    /// The events, in the order of the source.
    pub events: Vec<NewEvent>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stored {
    /// Events that are new.
    pub stored: u64,
    /// Events that were there already, or twice in the batch.
    pub duplicates: u64,
}

/// Number of an event in a store; later ones have higher numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(pub i64);

/// An event without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventHead {
    /// Its number.
    pub id: EventId,
    /// Where it came from.
    pub source: String,
    /// What makes it one.
    pub key: EventKey,
    /// When it happened, in microseconds since 1970; nothing if it did not say.
    pub time_us: Option<i64>,
    /// When it came, in microseconds since 1970.
    pub received_us: i64,
}

/// An event with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// All but the body.
    pub head: EventHead,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A place in the order of events: by time (of the event; of its arrival where it tells none), then by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventPlace {
    /// Microseconds since 1970.
    pub time_us: i64,
    /// Key of the event.
    pub key: EventKey,
}

impl EventHead {
    /// Where it stands in the order of events.
    pub fn place(&self) -> EventPlace {
        EventPlace { time_us: self.time_us.unwrap_or(self.received_us), key: self.key }
    }
}

/// Which events to list, in the order of [`EventPlace`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventQuery {
    /// Only of this source.
    pub source: Option<String>,
    /// Not before this time, in microseconds since 1970.
    pub from_us: Option<i64>,
    /// Before this time.
    pub to_us: Option<i64>,
    /// The newest first, instead of the oldest.
    pub newest_first: bool,
    /// Go on behind this place: that of the last event of the page before.
    pub after: Option<EventPlace>,
    /// At most so many, and at most [`MAX_PAGE`].
    pub limit: u32,
}

/// Keeps events.
pub trait EventStore {
    /// Stores what is new of a batch, and counts it, in one transaction.
    ///
    /// # Errors
    /// When the batch is beyond the bounds, or could not be committed; then nothing of it is stored or counted.
    fn put_events(&self, batch: EventBatch) -> Result<Stored, StoreError>;

    /// The event of this number with its body.
    ///
    /// # Errors
    /// When it cannot be read, or not be decrypted. An unknown number is `None`.
    fn event(&self, id: EventId) -> Result<Option<StoredEvent>, StoreError>;

    /// Whether an event with this identity is stored, and under which number.
    ///
    /// # Errors
    /// When it cannot be read.
    fn find_event(&self, time_us: Option<i64>, key: &EventKey) -> Result<Option<EventId>, StoreError>;

    /// Heads of events.
    ///
    /// # Errors
    /// When they cannot be read.
    fn event_heads(&self, query: &EventQuery) -> Result<Vec<EventHead>, StoreError>;

    /// Events with bodies; fewer than asked for when their bodies are large, none only when there are no more.
    ///
    /// # Errors
    /// When they cannot be read, or not be decrypted.
    fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError>;
}

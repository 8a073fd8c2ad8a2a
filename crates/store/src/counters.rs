//! Counts of what came in, such that `received = stored + duplicates + drops` at all times.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Counts of one source since the store was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceCounts {
    /// Events that came.
    pub received: u64,
    /// Events that were stored.
    pub stored: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Events that were let go, by reason.
    pub dropped: BTreeMap<String, u64>,
}

impl SourceCounts {
    /// Whether nothing is unaccounted for.
    pub fn adds_up(&self) -> bool {
        let dropped = self.dropped.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        self.received == self.stored.saturating_add(self.duplicates).saturating_add(dropped)
    }
}

/// Counts what came and what became of it. Events that are stored count themselves.
pub trait CounterStore {
    /// Counts events that came and were let go (`queue-full`, `unreadable` …): as received, and as dropped.
    ///
    /// # Errors
    /// When the counts could not be committed; then nothing is counted, count again.
    fn count_dropped(&self, source: &str, reason: &str, count: u64) -> Result<(), StoreError>;

    /// Counts by source.
    ///
    /// # Errors
    /// When they cannot be read.
    fn counts(&self) -> Result<BTreeMap<String, SourceCounts>, StoreError>;
}

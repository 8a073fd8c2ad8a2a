//! Silences: what is not to be alerted for a while, by whom and why.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::journal::Act;

/// A silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its id; unique.
    pub id: String,
    /// What is silenced, in the caller's form.
    pub matcher: String,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When, in microseconds since 1970.
    pub created_us: i64,
    /// From when it counts.
    pub starts_us: i64,
    /// When it ends; always set.
    pub ends_us: i64,
}

/// Keeps silences.
pub trait SilenceStore {
    /// Adds a silence.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the id is taken, [`StoreError::Invalid`] if it ends before it begins; or when it could not be
    /// committed.
    fn add_silence(&self, silence: Silence, act: Act) -> Result<(), StoreError>;

    /// Ends a silence now; `false` if it was over already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; or when it could not be committed.
    fn end_silence(&self, id: &str, now_us: i64, act: Act) -> Result<bool, StoreError>;

    /// Silences that count at this time, or all that are kept.
    ///
    /// # Errors
    /// When they cannot be read.
    fn silences(&self, at_us: Option<i64>) -> Result<Vec<Silence>, StoreError>;
}

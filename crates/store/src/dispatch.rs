//! The state of whoever decides what is alerted, stored together with the alerts that it decided on: either both are kept or none.

use crate::StoreError;
use crate::outbox::NewAlert;

/// A part of the state: its name, and what it is now (`None`: it is no more).
pub type StatePart = (String, Option<Vec<u8>>);

/// Keeps the state of the dispatcher of alerts, in parts.
pub trait DispatchStore {
    /// All parts.
    ///
    /// # Errors
    /// When they cannot be read.
    fn dispatch_parts(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Changes parts and puts alerts in the outbox, as one; how many of the alerts are new.
    ///
    /// # Errors
    /// When something is beyond the bounds, or it could not be committed; then nothing has changed.
    fn commit_dispatch(&self, parts: Vec<StatePart>, alerts: Vec<NewAlert>) -> Result<u64, StoreError>;
}

//! The dispatcher and the store: what it decides is on disk together with its state, or it is decided again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use haechi_store::outbox::NewAlert;
use haechi_store::{Store, StoreError};

use crate::alert::{Alert, Origin};
use crate::config::Config;
use crate::dispatch::{Change, Counts, Dispatcher, OfferError};
use crate::silence::Silence;

/// Why alerts were not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Too many wait.
    #[error(transparent)]
    Full(#[from] OfferError),
    /// The store refuses. The alerts may be told all the same: offered again, they are known by their fingerprints.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Alerting has been stopped.
    #[error("alerting is being stopped")]
    Stopped,
}

/// The dispatcher and the store. Its calls block until the disk answers.
pub struct Pump {
    dispatcher: Dispatcher,
    store: Arc<dyn Store>,
    /// What is not on disk yet, because the store refused it.
    parts: BTreeMap<String, Option<Vec<u8>>>,
    alerts: Vec<NewAlert>,
    /// Silences that cannot be read, which have been logged.
    unreadable: Vec<String>,
    is_first: bool,
}

impl fmt::Debug for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump").field("dispatcher", &self.dispatcher).finish_non_exhaustive()
    }
}

impl Pump {
    /// Goes on from the state in the store; with the names of parts of it that cannot be read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(
        config: Arc<Config>,
        store: Arc<dyn Store>,
        now_us: i64,
    ) -> Result<(Self, Vec<String>), StoreError> {
        let parts = store.dispatch_parts()?;
        let is_first = parts.is_empty();
        let restored = Dispatcher::restore(config, parts, now_us);
        let pump = Self {
            dispatcher: restored.dispatcher,
            store,
            parts: BTreeMap::new(),
            alerts: Vec::new(),
            unreadable: Vec::new(),
            is_first,
        };
        Ok((pump, restored.unreadable))
    }

    /// What became of alerts.
    pub fn counts(&self) -> Counts {
        self.dispatcher.counts()
    }

    /// Alerts that wait or are remembered.
    pub fn waiting(&self) -> usize {
        self.dispatcher.waiting()
    }

    /// Takes alerts and stores that they were taken.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub fn submit(&mut self, alerts: Vec<Alert>, now_us: i64) -> Result<(), SubmitError> {
        self.dispatcher.offer(alerts, now_us)?;
        Ok(self.commit()?)
    }

    /// Takes alerts of which some may have been taken before: events that are known are not counted again.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub fn submit_again(&mut self, alerts: Vec<Alert>, now_us: i64) -> Result<(), SubmitError> {
        self.dispatcher.offer_again(alerts, now_us)?;
        Ok(self.commit()?)
    }

    /// What of an origin is open.
    pub fn open_conditions(&self, origin: Origin) -> Vec<Alert> {
        self.dispatcher.open_conditions(origin)
    }

    /// Whether the store held no state: alerts begin now.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Puts what is to be told now in the outbox; how many notifications.
    ///
    /// # Errors
    /// When the store cannot be read or refuses. Nothing is lost then: the next call stores it.
    pub fn tick(&mut self, now_us: i64) -> Result<usize, StoreError> {
        let silences = self.silences(now_us)?;
        let notifications = self.dispatcher.tick(now_us, &silences);
        let count = notifications.len();
        for notification in notifications {
            let payload = serde_json::to_vec(&notification)
                .map_err(|error| StoreError::Internal { detail: error.to_string() })?;
            self.alerts.push(NewAlert {
                id: notification.id,
                receiver: notification.receiver,
                group: notification.group,
                payload,
                created_us: now_us,
                due_us: now_us,
            });
        }
        self.commit()?;
        Ok(count)
    }

    fn silences(&mut self, now_us: i64) -> Result<Vec<Silence>, StoreError> {
        let mut silences = Vec::new();
        for stored in self.store.silences(Some(now_us))? {
            let silence = Silence::conditions(&stored.matcher).and_then(|conditions| {
                let period = (stored.starts_us, stored.ends_us);
                Silence::new(&stored.id, &conditions, period, &stored.created_by, &stored.reason)
            });
            match silence {
                Ok(silence) => silences.push(silence),
                // What cannot be read silences nothing.
                Err(error) if !self.unreadable.contains(&stored.id) => {
                    tracing::error!(silence = stored.id, %error, "a silence cannot be read and does not count");
                    self.unreadable.push(stored.id);
                }
                Err(_) => {}
            }
        }
        Ok(silences)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        for Change { key, value } in self.dispatcher.take_changes() {
            self.parts.insert(key, value);
        }
        if self.parts.is_empty() && self.alerts.is_empty() {
            return Ok(());
        }
        let parts = self.parts.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        self.store.commit_dispatch(parts, self.alerts.clone())?;
        self.parts.clear();
        self.alerts.clear();
        Ok(())
    }
}

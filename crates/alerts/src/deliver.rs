//! Sending: from the store's outbox to the services.
//!
//! ```text
//! submit ─► Pump (dispatcher + state) ─► outbox ─► one Worker for each receiver ─► guard ─► service
//! ```
//!
//! - an alert is taken when it is on disk; a notification is taken out when the service has it: at least once, with a key by which
//!   services that know such keys tell it from a new one;
//! - a receiver that fails is tried again with growing pauses, alone: others do not wait for it;
//! - what a service refuses for good, or does not take in `give-up-after`, stays in the outbox as dead, with its reason.

mod mail;
mod pump;
mod stream;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use haechi_store::outbox::AlertState;
use haechi_store::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use haechi_outbound::call::Reach;
pub use haechi_outbound::call::{SystemSecrets, is_forbidden};
pub use pump::{Pump, SubmitError};
pub use worker::{Attempt, StepReport, Worker, send};

use crate::alert::{Alert, AllTexts, Origin};
use crate::config::Config;
use crate::dispatch::Counts;
use crate::receivers::Receiver;
use crate::secret::Secrets;

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;

/// How a receiver is reached.
fn reach(receiver: &Receiver) -> Reach<'_> {
    Reach {
        ca_file: receiver.ca_file.as_deref(),
        allows_link_local: receiver.allows_link_local,
        timeout: receiver.timeout,
        most_bytes: MAX_ANSWER,
    }
}

/// What comes from outside: clock, randomness, secrets.
#[derive(Clone)]
pub struct Surroundings {
    /// The time, in microseconds since 1970.
    pub now_us: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Random numbers, for pauses that do not all end at once.
    pub random: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Where secrets are read.
    pub secrets: Arc<dyn Secrets + Send + Sync>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

/// How alerts stand.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// What became of alerts since the start.
    pub counts: Counts,
    /// Alerts that wait in groups or are remembered.
    pub waiting: usize,
    /// Notifications by receiver and state.
    pub outbox: BTreeMap<String, BTreeMap<AlertState, u64>>,
    /// Receivers that are no longer configured, and how many notifications wait for them.
    pub orphans: BTreeMap<String, u64>,
}

/// Alerts at work: dispatcher and workers, until [`Self::stop`].
#[derive(Debug)]
pub struct Alerts {
    pump: Arc<Mutex<Pump>>,
    store: StoreHandle,
    config: Arc<Config>,
    surroundings: Surroundings,
    news: Arc<Notify>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// A store that can be shown as nothing but that.
#[derive(Clone)]
struct StoreHandle(Arc<dyn Store>);

impl fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

/// Starts alerting in the runtime that this is called in: goes on where the process before ended.
///
/// # Errors
/// When the state cannot be read from the store. What of it cannot be understood is logged by name, and does not stop the rest.
pub fn start(
    config: Arc<Config>,
    store: Arc<dyn Store>,
    surroundings: Surroundings,
) -> Result<Alerts, StoreError> {
    let (pump, unreadable) = Pump::open(Arc::clone(&config), Arc::clone(&store), (surroundings.now_us)())?;
    for part in unreadable {
        tracing::error!(part, "part of the state of alerts cannot be read and is lost");
    }
    let (stop, stopped) = watch::channel(false);
    let news = Arc::new(Notify::new());
    let pump = Arc::new(Mutex::new(pump));
    let mut tasks = vec![tokio::spawn(keep_ticking(
        Arc::clone(&pump),
        Arc::clone(&surroundings.now_us),
        Arc::clone(&news),
        stopped.clone(),
    ))];
    let texts = Arc::new(AllTexts::default());
    for receiver in config.receivers.values() {
        let worker =
            Worker::new(receiver.clone(), Arc::clone(&store), surroundings.clone(), Arc::clone(&texts));
        tasks.push(tokio::spawn(keep_sending(
            worker,
            Arc::clone(&surroundings.now_us),
            Arc::clone(&news),
            stopped.clone(),
        )));
    }
    let alerts = Alerts { pump, store: StoreHandle(store), config, surroundings, news, stop, tasks };
    for (receiver, count) in alerts.health()?.orphans {
        tracing::error!(receiver, count, "notifications wait for a receiver that is no longer configured");
    }
    Ok(alerts)
}

impl Alerts {
    /// Takes alerts. When it returns without error they are on disk and will be told, whatever happens to this process.
    ///
    /// # Errors
    /// See [`SubmitError`]; offer them again then.
    pub async fn submit(&self, alerts: Vec<Alert>) -> Result<(), SubmitError> {
        let (pump, now_us) = (Arc::clone(&self.pump), (self.surroundings.now_us)());
        let work = move || pump.lock().unwrap_or_else(PoisonError::into_inner).submit(alerts, now_us);
        let result = tokio::task::spawn_blocking(work).await.unwrap_or(Err(SubmitError::Stopped));
        self.news.notify_waiters();
        result
    }

    /// Takes alerts of which some may have been taken before, as after a restart: events that are known are not counted again.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit_again(&self, alerts: Vec<Alert>) -> Result<(), SubmitError> {
        let (pump, now_us) = (Arc::clone(&self.pump), (self.surroundings.now_us)());
        let work = move || pump.lock().unwrap_or_else(PoisonError::into_inner).submit_again(alerts, now_us);
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(SubmitError::Stopped))
    }

    /// What of an origin is open: conditions that were submitted and are not over.
    pub fn open_conditions(&self, origin: Origin) -> Vec<Alert> {
        self.pump.lock().unwrap_or_else(PoisonError::into_inner).open_conditions(origin)
    }

    /// Whether the store held no state of alerts before: what lies in the past is then not told.
    pub fn is_first(&self) -> bool {
        self.pump.lock().unwrap_or_else(PoisonError::into_inner).is_first()
    }

    /// How alerts stand. Reads the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn health(&self) -> Result<Health, StoreError> {
        let outbox = self.store.0.alert_counts()?;
        let pump = self.pump.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = |state: &AlertState| matches!(state, AlertState::Pending | AlertState::Leased);
        let orphans = outbox
            .iter()
            .filter(|(receiver, _)| self.config.receiver(receiver).is_none())
            .map(|(receiver, states)| {
                let open = states.iter().filter(|(state, _)| is_open(state)).map(|(_, count)| *count).sum();
                (receiver.clone(), open)
            })
            .filter(|(_, open)| *open > 0)
            .collect();
        Ok(Health { counts: pump.counts(), waiting: pump.waiting(), outbox, orphans })
    }

    /// Ends all tasks; attempts that are under way end first.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of alerts failed");
            }
        }
    }
}

async fn keep_ticking(
    pump: Arc<Mutex<Pump>>,
    now_us: Arc<dyn Fn() -> i64 + Send + Sync>,
    news: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        let (pump, now) = (Arc::clone(&pump), now_us());
        let work = move || pump.lock().unwrap_or_else(PoisonError::into_inner).tick(now);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(0)) => {}
            Ok(Ok(_)) => news.notify_waiters(),
            Ok(Err(error)) => {
                tracing::error!(%error, "alerts cannot be stored; they are kept and stored later")
            }
            Err(error) => tracing::error!(%error, "the dispatcher of alerts failed"),
        }
        tokio::select! {
            _ = stopped.changed() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn keep_sending(
    mut worker: Worker,
    now_us: Arc<dyn Fn() -> i64 + Send + Sync>,
    news: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        let report = worker.step(now_us()).await;
        if report.taken > 0 && report.later == 0 {
            continue;
        }
        tokio::select! {
            _ = stopped.changed() => {}
            () = news.notified() => {}
            // News may come between the step and this line; they wait no longer than that.
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

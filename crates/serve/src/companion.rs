//! What goes on beside the service: work on a thread of its own that shares the store, for instance keeping the findings
//! of a cluster up to date.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use haechi_model::Severity;
use haechi_store::{Store, StoreError};

use crate::compliance::Compliance;
use crate::metrics::{Metrics, Posture};

/// Work beside the service.
pub trait Companion: Send {
    /// What it is called, in logs and on the health page.
    fn name(&self) -> String;

    /// What must be done before anything is taken in. It may block for a moment; what it cannot do is left to [`Companion::run`].
    fn prepare(&mut self, _beside: &Beside) {}

    /// Works until [`Beside::must_stop`]; it is asked at least once a second.
    fn run(self: Box<Self>, beside: &Beside);
}

/// What a companion shares with the service.
pub struct Beside {
    name: String,
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    states: Arc<States>,
    stop: Arc<AtomicBool>,
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Beside {
    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The store, for work on other threads.
    pub fn shared_store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Whether the service ends.
    pub fn must_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Says how it fares: nothing when all is well, else what is wrong.
    pub fn tell(&self, wrong: Option<String>) {
        let mut states = self.states.0.lock().unwrap_or_else(PoisonError::into_inner);
        if states.insert(self.name.clone(), wrong.clone()) != Some(wrong.clone())
            && let Some(wrong) = wrong
        {
            tracing::warn!(companion = self.name, "{wrong}");
        }
    }

    /// Brings the numbers of findings in the metrics up to date with the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_findings(&self) -> Result<(), StoreError> {
        let counts = self.store.finding_counts()?;
        let of = |severity| counts.values().filter_map(|counts| counts.get(&severity)).sum();
        let posture = Posture { critical: of(Severity::Critical), high: of(Severity::High) };
        self.metrics.set_posture(Some(posture));
        Ok(())
    }

    /// Brings the score of compliance in the metrics up to date; nothing where a scan did not see and judge everything.
    pub fn tell_compliance(&self, compliance: Option<Compliance>) {
        self.metrics.set_compliance(compliance);
    }
}

/// How companions fare, by name: what is wrong, if anything is.
#[derive(Debug, Default)]
pub struct States(Mutex<BTreeMap<String, Option<String>>>);

impl States {
    /// A copy of them.
    pub fn all(&self) -> BTreeMap<String, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Companions at work.
#[derive(Debug, Default)]
pub(crate) struct Companions {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Companions {
    /// Sets them to work, each on its thread.
    pub(crate) fn start(
        companions: Vec<Box<dyn Companion>>,
        store: &Arc<dyn Store>,
        metrics: &Arc<Metrics>,
        states: &Arc<States>,
    ) -> std::io::Result<Self> {
        let mut started = Self::default();
        for mut companion in companions {
            let name = companion.name();
            let beside = Beside {
                name: name.clone(),
                store: store.clone(),
                metrics: metrics.clone(),
                states: states.clone(),
                stop: started.stop.clone(),
            };
            beside.tell(None);
            companion.prepare(&beside);
            started.threads.push(std::thread::Builder::new().name(name).spawn(move || {
                companion.run(&beside);
                if !beside.must_stop() {
                    beside.tell(Some("it has ended".to_owned()));
                }
            })?);
        }
        Ok(started)
    }

    /// Has them end, and waits until they have.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!(companion = name, "it panicked");
            }
        }
    }
}

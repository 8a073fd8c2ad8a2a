//! What goes on beside the service: work on a thread of its own that shares the store, for instance keeping the findings
//! of a cluster up to date.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use haechi_store::{Store, StoreError};

use crate::clusters::{ClusterState, Clusters};
use crate::compliance::Compliance;
use crate::metrics::Metrics;

/// Work beside the service.
pub trait Companion: Send {
    /// What it is called, in logs and on the health page.
    fn name(&self) -> String;

    /// The one cluster that it is about. Who is good for another one does not learn how it fares.
    fn cluster(&self) -> Option<String> {
        None
    }

    /// What must be done before anything is taken in. It may block for a moment; what it cannot do is left to [`Companion::run`].
    fn prepare(&mut self, _beside: &Beside) {}

    /// Works until [`Beside::must_stop`]; it is asked at least once a second.
    fn run(self: Box<Self>, beside: &Beside);
}

/// What a companion shares with the service.
pub struct Beside {
    name: String,
    cluster: Option<String>,
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

    /// Waits so long; `false` where the service ends meanwhile.
    pub fn wait(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while !self.must_stop() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50).min(pause));
        }
        !self.must_stop()
    }

    /// Says how it fares: nothing when all is well, else what is wrong.
    pub fn tell(&self, wrong: Option<String>) {
        let mut fares = self.states.fares.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Fares { cluster: self.cluster.clone(), wrong: wrong.clone() };
        if fares.insert(self.name.clone(), now.clone()) != Some(now)
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
        self.metrics.set_posture(Some(self.store.finding_counts()?));
        Ok(())
    }

    /// Brings a cluster's score of compliance in the metrics up to date; nothing where a scan did not see and judge everything.
    pub fn tell_compliance(&self, cluster: &str, compliance: Option<Compliance>) {
        self.metrics.set_compliance(cluster, compliance);
    }

    /// Says how a cluster fares that is watched.
    pub fn tell_cluster(&self, cluster: &str, state: ClusterState) {
        self.states.clusters.tell(cluster, state);
    }
}

/// How a companion fares.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fares {
    cluster: Option<String>,
    wrong: Option<String>,
}

/// How companions fare, and the clusters that they watch.
#[derive(Debug, Default)]
pub struct States {
    fares: Mutex<BTreeMap<String, Fares>>,
    clusters: Clusters,
}

impl States {
    /// What is wrong with each companion, if anything is, by name; without those that are about another cluster than this one.
    pub fn all(&self, only: Option<&str>) -> BTreeMap<String, Option<String>> {
        let fares = self.fares.lock().unwrap_or_else(PoisonError::into_inner);
        let is_theirs = |fares: &&Fares| match (only, &fares.cluster) {
            (Some(only), Some(cluster)) => only == cluster,
            _ => true,
        };
        let named = fares.iter().filter(|(_, fares)| is_theirs(fares));
        named.map(|(name, fares)| (name.clone(), fares.wrong.clone())).collect()
    }

    /// The clusters that are watched.
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
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
                cluster: companion.cluster(),
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

//! What was decided, for whoever counts and writes down: behind a bounded channel, after the answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{Causes, Phase};

/// How a request fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ruling {
    /// Let through.
    Allowed,
    /// Let through, changed.
    Patched,
    /// Refused.
    Refused,
    /// Let through unseen: its namespace is exempt.
    Exempt,
}

impl Ruling {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ruling::Allowed => "allowed",
            Ruling::Patched => "patched",
            Ruling::Refused => "refused",
            Ruling::Exempt => "exempt",
        }
    }
}

/// What was decided about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When, in nanoseconds since 1970 (UTC).
    pub time_ns: i64,
    /// Which endpoint was asked.
    pub phase: Phase,
    /// The request's id.
    pub uid: String,
    /// `CREATE`, `UPDATE` …
    pub operation: &'static str,
    /// Kind of the object.
    pub kind: String,
    /// Its namespace, if it has one.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who asked.
    pub user: String,
    /// Whether nothing was stored anyway.
    pub dry_run: bool,
    /// How it fared.
    pub ruling: Ruling,
    /// Which policies said what.
    pub causes: Causes,
}

impl Decision {
    /// Whether somebody may want to read about it later: a refusal, or a policy that could not be asked.
    pub fn is_notable(&self) -> bool {
        self.ruling == Ruling::Refused
            || !self.causes.failed_open.is_empty()
            || !self.causes.failed_closed.is_empty()
    }
}

/// Hands decisions on without ever waiting.
#[derive(Debug, Clone)]
pub struct Decisions {
    sender: Arc<Mutex<Option<mpsc::Sender<Decision>>>>,
    dropped: Arc<AtomicU64>,
}

impl Decisions {
    /// Room for `capacity` decisions that nobody has taken yet.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<Decision>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { sender: Arc::new(Mutex::new(Some(sender))), dropped: Arc::default() }, receiver)
    }

    /// Hands one on; where there is no room it is dropped and counted.
    pub fn tell(&self, decision: Decision) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.as_ref().is_none_or(|sender| sender.try_send(decision).is_err()) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// There will be no further ones.
    pub(super) fn end(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

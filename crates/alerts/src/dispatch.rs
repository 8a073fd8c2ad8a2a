//! Gathers alerts in groups and decides what is told when.
//!
//! ```text
//! offer ─► routes ─► group: wait ─► tick ─► silences ─► limit of the receiver ─► Notification
//!                      └── every change ─► parts of the state, to be stored together with the notifications
//! ```
//!
//! The caller stores what [`Dispatcher::take_changes`] gives in the same transaction as the notifications; what it stored last is
//! what [`Dispatcher::restore`] goes on from.

mod plan;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use haechi_model::Fingerprint;
use serde::{Deserialize, Serialize};

pub use state::{Change, Restored};

use crate::alert::{Alert, Kind, Origin, Status};
use crate::config::Config;
use crate::notification::Notification;
use crate::receivers::Receiver;
use crate::route::Timing;
use crate::silence::Silence;

/// Why alerts were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Too many alerts wait; none of these was taken.
    #[error("{waiting} alerts wait already, at most {limit} may: none of these was taken, offer them again")]
    Full {
        /// How many wait.
        waiting: usize,
        /// How many may.
        limit: usize,
    },
}

/// What became of alerts since the dispatcher was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Alerts that were offered.
    pub offered: u64,
    /// Alerts that no route gives to anybody.
    pub unrouted: u64,
    /// Events that were silenced.
    pub silenced: u64,
    /// Alerts that came again and were counted.
    pub repeated: u64,
    /// Notifications that were made.
    pub notifications: u64,
    /// Alerts in them, once for each receiver.
    pub told: u64,
}

/// What a receiver was told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    status: Status,
    severity: haechi_model::Severity,
    at_us: i64,
}

/// An alert in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    alert: Alert,
    /// When the news came that is to be told.
    since_us: i64,
    /// How often it came since it was told last.
    count: u64,
    told: Option<Told>,
    /// Nothing is told before: it is silenced.
    held_us: i64,
}

/// Alerts that a receiver is told together.
#[derive(Debug, Clone)]
struct Group {
    head: GroupHead,
    timing: Timing,
    entries: BTreeMap<String, Entry>,
    /// Nothing has to be done before.
    due_us: i64,
}

/// What is stored of a group apart from its alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GroupHead {
    receiver: String,
    route: String,
    labels: BTreeMap<String, String>,
    /// When it was told last.
    flushed_us: Option<i64>,
    /// Nothing is told before: the receiver's limit is reached.
    held_us: i64,
}

/// How many messages a receiver was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Budget {
    since_us: i64,
    used: u32,
}

/// Gathers alerts and decides what is told when. No clock and no I/O.
#[derive(Debug)]
pub struct Dispatcher {
    config: Arc<Config>,
    groups: BTreeMap<String, Group>,
    /// Groups that hold an alert, by its fingerprint.
    index: BTreeMap<String, BTreeSet<String>>,
    budgets: BTreeMap<String, Budget>,
    counts: Counts,
    waiting: usize,
    dirty: BTreeSet<state::PartKey>,
    /// The time of the last look.
    last_us: i64,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Entry {
    fn new(alert: Alert, now_us: i64) -> Self {
        Self { alert, since_us: now_us, count: 1, told: None, held_us: i64::MIN }
    }

    /// Whether something is to be told that was not.
    fn is_news(&self) -> bool {
        match self.told {
            None => true,
            Some(told) => {
                self.alert.kind == Kind::Condition
                    && (told.status != self.alert.status
                        || (self.alert.status == Status::Firing && told.severity < self.alert.severity))
            }
        }
    }

    /// When to look at it next, apart from the group's interval.
    fn due_us(&self, timing: &Timing, resolves: bool) -> i64 {
        let (wait, interval, repeat) = (micros(timing.wait), micros(timing.interval), micros(timing.repeat));
        let due = match self.told {
            None => self.since_us.saturating_add(wait),
            Some(_) if self.is_news() => match self.alert.status {
                Status::Firing => self.since_us.saturating_add(wait),
                Status::Resolved if resolves => self.since_us,
                Status::Resolved => self.since_us.saturating_add(interval),
            },
            // Kept until then, so that one that comes and goes is not new each time.
            Some(told) if self.alert.status == Status::Resolved => told.at_us.saturating_add(interval),
            Some(told) => told.at_us.saturating_add(repeat),
        };
        due.max(self.held_us)
    }
}

impl Group {
    /// Nothing is told before.
    fn floor_us(&self) -> i64 {
        let interval = micros(self.timing.interval);
        let flushed = self.head.flushed_us.map_or(i64::MIN, |at| at.saturating_add(interval));
        flushed.max(self.head.held_us)
    }

    fn entry_due_us(&self, entry: &Entry, resolves: bool) -> i64 {
        entry.due_us(&self.timing, resolves).max(self.floor_us())
    }

    fn settle(&mut self, resolves: bool) {
        let due = self.entries.values().map(|entry| self.entry_due_us(entry, resolves)).min();
        self.due_us = due.unwrap_or(i64::MAX);
    }
}

impl Dispatcher {
    /// A dispatcher that knows of nothing yet.
    pub fn new(config: Arc<Config>) -> Self {
        let mut dispatcher = Self {
            config,
            groups: BTreeMap::new(),
            index: BTreeMap::new(),
            budgets: BTreeMap::new(),
            counts: Counts::default(),
            waiting: 0,
            dirty: BTreeSet::new(),
            last_us: i64::MIN,
        };
        dispatcher.dirty.insert(state::PartKey::Digest);
        dispatcher
    }

    /// What became of alerts.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Alerts that are kept: not told yet, or remembered so that they are not told again.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// When [`Self::tick`] has something to do.
    pub fn next_due_us(&self) -> Option<i64> {
        self.groups.values().map(|group| group.due_us).min()
    }

    /// Takes alerts. Nothing is told before the next [`Self::tick`]; they count as taken when the changes are stored.
    ///
    /// # Errors
    /// When too many wait; then none was taken.
    pub fn offer(&mut self, alerts: Vec<Alert>, now_us: i64) -> Result<(), OfferError> {
        let limit = self.config.max_alerts;
        if self.waiting.saturating_add(alerts.len()) > limit {
            self.make_room(alerts.len());
        }
        // Each may go to several receivers; what is one too many for a moment is no harm, what grows without end is.
        if self.waiting.saturating_add(alerts.len()) > limit {
            return Err(OfferError::Full { waiting: self.waiting, limit });
        }
        for alert in alerts {
            self.counts.offered += 1;
            self.take(alert.bounded(), now_us);
        }
        Ok(())
    }

    /// Forgets events that were told and did not come again, those first that were told first: they are remembered only so that
    /// they are not told twice, and what was not told yet goes before.
    fn make_room(&mut self, wanted: usize) {
        let limit = self.config.max_alerts;
        let mut told: Vec<(i64, String, String)> = Vec::new();
        for (key, group) in &self.groups {
            for (fingerprint, entry) in &group.entries {
                if let Some(at) = entry.told.filter(|_| entry.alert.kind == Kind::Event && entry.count == 0) {
                    told.push((at.at_us, key.clone(), fingerprint.clone()));
                }
            }
        }
        told.sort_unstable();
        // Some more than needed, so that the next ones find room too.
        let needed = self.waiting.saturating_add(wanted).saturating_sub(limit).saturating_add(limit / 10);
        for (_, key, fingerprint) in told.into_iter().take(needed) {
            self.forget(&key, &fingerprint);
        }
    }

    /// Takes alerts of which some may have been taken before, as after a restart: an event that is known is not counted again.
    ///
    /// # Errors
    /// When too many wait; then none was taken.
    pub fn offer_again(&mut self, alerts: Vec<Alert>, now_us: i64) -> Result<(), OfferError> {
        let is_new =
            |alert: &Alert| alert.kind == Kind::Condition || !self.index.contains_key(&alert.fingerprint);
        let alerts = alerts.into_iter().filter(is_new).collect();
        self.offer(alerts, now_us)
    }

    /// What of an origin is open: conditions that were offered and are not over.
    pub fn open_conditions(&self, origin: Origin) -> Vec<Alert> {
        let mut open: BTreeMap<&str, &Alert> = BTreeMap::new();
        for entry in self.groups.values().flat_map(|group| group.entries.values()) {
            let alert = &entry.alert;
            if alert.origin == origin && alert.kind == Kind::Condition && alert.status == Status::Firing {
                open.insert(&alert.fingerprint, alert);
            }
        }
        open.into_values().cloned().collect()
    }

    fn take(&mut self, alert: Alert, now_us: i64) {
        let known: Vec<String> = self.index.get(&alert.fingerprint).into_iter().flatten().cloned().collect();
        if alert.status == Status::Resolved {
            // To whom it was told that it began, whatever routes say now. What nobody was told of is over without a word.
            for key in known {
                self.update(&key, alert.clone(), now_us);
            }
            return;
        }
        let config = Arc::clone(&self.config);
        let destinations = config.root.destinations(&alert, now_us);
        if destinations.is_empty() {
            self.counts.unrouted += 1;
        }
        for (route, receiver) in destinations {
            let same = known
                .iter()
                .find(|key| self.groups.get(*key).is_some_and(|group| group.head.receiver == *receiver));
            if let Some(key) = same {
                self.update(key, alert.clone(), now_us);
                continue;
            }
            let labels: BTreeMap<String, String> =
                route.group_by.iter().map(|name| (name.clone(), alert.property(name).to_owned())).collect();
            let head = GroupHead {
                receiver: receiver.to_owned(),
                route: route.id.clone(),
                labels,
                flushed_us: None,
                held_us: i64::MIN,
            };
            self.insert(head, route.timing, Entry::new(alert.clone(), now_us));
        }
    }

    fn insert(&mut self, head: GroupHead, timing: Timing, entry: Entry) {
        let key = group_key(&head);
        let resolves = self.resolves(&head.receiver);
        let fingerprint = entry.alert.fingerprint.clone();
        let group = self.groups.entry(key.clone()).or_insert_with(|| {
            self.dirty.insert(state::PartKey::Group(key.clone()));
            Group { head, timing, entries: BTreeMap::new(), due_us: i64::MAX }
        });
        let due = group.entry_due_us(&entry, resolves);
        group.due_us = group.due_us.min(due);
        self.dirty.insert(state::PartKey::Entry(key.clone(), fingerprint.clone()));
        if group.entries.insert(fingerprint.clone(), entry).is_none() {
            self.waiting += 1;
        }
        self.index.entry(fingerprint).or_default().insert(key);
    }

    /// What is known of an alert already.
    fn update(&mut self, key: &str, alert: Alert, now_us: i64) {
        let Some(group) = self.groups.get_mut(key) else { return };
        let resolves =
            self.config.receiver(&group.head.receiver).is_some_and(|receiver| receiver.sends_resolved);
        let Some(mut entry) = group.entries.remove(&alert.fingerprint) else { return };
        let fingerprint = alert.fingerprint.clone();
        let was_news = entry.is_news();
        let before = entry.clone();
        if alert.kind == Kind::Event {
            entry.count = entry.count.saturating_add(1);
            self.counts.repeated += 1;
        }
        let status_changed = entry.alert.status != alert.status;
        if status_changed && alert.status == Status::Firing {
            entry.count = entry.count.saturating_add(1);
        }
        // When it began stays when it began.
        let began = entry.alert.time_us;
        let lasts = alert.kind == Kind::Condition && !status_changed;
        entry.alert = alert;
        if lasts {
            entry.alert.time_us = began.min(entry.alert.time_us);
        }
        if entry.is_news() && (!was_news || (status_changed && entry.told.is_some())) {
            entry.since_us = now_us;
        }
        let due = group.entry_due_us(&entry, resolves);
        group.due_us = group.due_us.min(due);
        if entry != before {
            self.dirty.insert(state::PartKey::Entry(key.to_owned(), fingerprint.clone()));
        }
        group.entries.insert(fingerprint, entry);
    }

    fn forget(&mut self, key: &str, fingerprint: &str) {
        let Some(group) = self.groups.get_mut(key) else { return };
        if group.entries.remove(fingerprint).is_none() {
            return;
        }
        self.waiting -= 1;
        self.dirty.insert(state::PartKey::Entry(key.to_owned(), fingerprint.to_owned()));
        if let Some(groups) = self.index.get_mut(fingerprint) {
            groups.remove(key);
            if groups.is_empty() {
                self.index.remove(fingerprint);
            }
        }
    }

    fn resolves(&self, receiver: &str) -> bool {
        self.config.receiver(receiver).is_some_and(|receiver| receiver.sends_resolved)
    }

    /// What is to be told now. Whoever calls it stores the notifications together with [`Self::take_changes`].
    pub fn tick(&mut self, now_us: i64, silences: &[Silence]) -> Vec<Notification> {
        if now_us < self.last_us || self.last_us == i64::MIN {
            self.not_after(now_us);
        }
        self.last_us = now_us;
        let due: Vec<String> = self
            .groups
            .iter()
            .filter(|(_, group)| group.due_us <= now_us)
            .map(|(key, _)| key.clone())
            .collect();
        let mut plans: BTreeMap<String, Vec<plan::Plan>> = BTreeMap::new();
        for key in &due {
            if let Some((receiver, plan)) = self.plan(key, now_us, silences) {
                plans.entry(receiver).or_default().push(plan);
            }
        }
        let mut notifications = Vec::new();
        let config = Arc::clone(&self.config);
        for (name, plans) in plans {
            if let Some(receiver) = config.receiver(&name) {
                self.within_limit(receiver, plans, now_us, &mut notifications);
            }
        }
        for key in &due {
            self.tidy(key, now_us);
        }
        notifications
    }

    /// A clock that was set back: what happened later than now happened now, so that nobody waits until the wrong time comes
    /// again.
    fn not_after(&mut self, now_us: i64) {
        let config = Arc::clone(&self.config);
        for group in self.groups.values_mut() {
            let receiver = config.receiver(&group.head.receiver);
            let longest = receiver.and_then(|receiver| receiver.limit).map_or(0, |limit| micros(limit.per));
            let (head, timing) = (&mut group.head, &group.timing);
            head.flushed_us = head.flushed_us.map(|at| at.min(now_us));
            head.held_us = head.held_us.min(now_us.saturating_add(longest));
            for entry in group.entries.values_mut() {
                entry.since_us = entry.since_us.min(now_us);
                entry.held_us = entry.held_us.min(now_us.saturating_add(micros(timing.interval)));
                if let Some(told) = &mut entry.told {
                    told.at_us = told.at_us.min(now_us);
                }
            }
            group.settle(receiver.is_some_and(|receiver| receiver.sends_resolved));
        }
    }

    /// Removes a group that holds nothing and whose interval is over, else finds when it is due next.
    fn tidy(&mut self, key: &str, now_us: i64) {
        let Some(group) = self.groups.get_mut(key) else { return };
        if group.entries.is_empty() {
            let floor = group.floor_us();
            if floor <= now_us {
                self.groups.remove(key);
                self.dirty.insert(state::PartKey::Group(key.to_owned()));
            } else {
                group.due_us = floor;
            }
            return;
        }
        let resolves =
            self.config.receiver(&group.head.receiver).is_some_and(|receiver| receiver.sends_resolved);
        group.settle(resolves);
    }

    /// Budget of a receiver in the period that now lies in: how many messages are left, and when the period ends.
    fn budget(&mut self, receiver: &Receiver, now_us: i64) -> Option<(u32, i64)> {
        let limit = receiver.limit?;
        let per = micros(limit.per);
        let fresh = Budget { since_us: now_us, used: 0 };
        let budget = self.budgets.entry(receiver.name.clone()).or_insert(fresh);
        // A clock that was set back must not stop the receiver.
        if now_us >= budget.since_us.saturating_add(per) || now_us < budget.since_us {
            *budget = fresh;
        }
        Some((limit.messages.saturating_sub(budget.used), budget.since_us.saturating_add(per)))
    }

    fn spend(&mut self, receiver: &str, messages: usize) {
        if let Some(budget) = self.budgets.get_mut(receiver) {
            budget.used = budget.used.saturating_add(u32::try_from(messages).unwrap_or(u32::MAX));
            self.dirty.insert(state::PartKey::Budget(receiver.to_owned()));
        }
    }
}

/// The name of a group: the same for the same receiver, route and labels.
fn group_key(head: &GroupHead) -> String {
    let labels = head.labels.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    Fingerprint::of([head.receiver.as_str(), head.route.as_str()].into_iter().chain(labels)).to_string()
}

//! The dispatcher's state as parts that are stored one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Budget, Dispatcher, Entry, Group, GroupHead, group_key};
use crate::alert::{Kind, Status};
use crate::config::Config;

/// A part of the state that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub key: String,
    /// What it is now; nothing if it is no more.
    pub value: Option<Vec<u8>>,
}

/// Names a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartKey {
    Digest,
    Budget(String),
    Group(String),
    Entry(String, String),
}

impl PartKey {
    fn text(&self) -> String {
        match self {
            Self::Digest => "digest".into(),
            Self::Budget(receiver) => format!("limit/{receiver}"),
            Self::Group(key) => format!("group/{key}"),
            Self::Entry(key, fingerprint) => format!("alert/{key}/{fingerprint}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/').unwrap_or((text, ""));
        match kind {
            "digest" => Some(Self::Digest),
            "limit" => Some(Self::Budget(rest.to_owned())),
            "group" => Some(Self::Group(rest.to_owned())),
            "alert" => {
                let (key, fingerprint) = rest.split_once('/')?;
                Some(Self::Entry(key.to_owned(), fingerprint.to_owned()))
            }
            _ => None,
        }
    }
}

/// A dispatcher that goes on where another one ended.
#[derive(Debug)]
pub struct Restored {
    /// It.
    pub dispatcher: Dispatcher,
    /// Names of parts that could not be read: what they held is lost, and has to be told to somebody.
    pub unreadable: Vec<String>,
}

fn json<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    // Maps with texts as keys, texts and numbers: nothing in them can fail.
    serde_json::to_vec(value).ok()
}

impl Dispatcher {
    /// The parts that changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.into_iter().map(|part| Change { value: self.part(&part), key: part.text() }).collect()
    }

    fn part(&self, part: &PartKey) -> Option<Vec<u8>> {
        match part {
            PartKey::Digest => Some(self.config.digest.clone().into_bytes()),
            PartKey::Budget(receiver) => self.budgets.get(receiver).and_then(json),
            PartKey::Group(key) => self.groups.get(key).and_then(|group| json(&group.head)),
            PartKey::Entry(key, fingerprint) => self.groups.get(key)?.entries.get(fingerprint).and_then(json),
        }
    }

    /// Goes on from the parts that were stored last. When the configuration is another one, what waits is routed anew: nothing
    /// that was not told is lost, nothing that a receiver was told is told to it again.
    pub fn restore(
        config: Arc<Config>,
        parts: impl IntoIterator<Item = (String, Vec<u8>)>,
        now_us: i64,
    ) -> Restored {
        let mut unreadable = Vec::new();
        let mut digest = None;
        let mut heads: BTreeMap<String, GroupHead> = BTreeMap::new();
        let mut entries: Vec<(String, Entry)> = Vec::new();
        let mut dispatcher = Self::new(Arc::clone(&config));
        for (name, value) in parts {
            let part = PartKey::read(&name);
            let is_read = match &part {
                Some(PartKey::Digest) => {
                    digest = Some(value);
                    true
                }
                Some(PartKey::Budget(receiver)) => read::<Budget>(&value)
                    .map(|budget| dispatcher.budgets.insert(receiver.clone(), budget))
                    .is_some(),
                Some(PartKey::Group(key)) => {
                    read(&value).map(|head| heads.insert(key.clone(), head)).is_some()
                }
                Some(PartKey::Entry(key, fingerprint)) => read::<Entry>(&value)
                    .filter(|entry| entry.alert.fingerprint == *fingerprint)
                    .map(|entry| entries.push((key.clone(), entry)))
                    .is_some(),
                None => false,
            };
            if !is_read {
                unreadable.push(name);
            }
        }
        let is_same = digest.as_deref() == Some(config.digest.as_bytes());
        if is_same {
            unreadable.extend(dispatcher.take_back(heads, entries));
        } else {
            dispatcher.route_anew(&heads, entries, now_us);
        }
        Restored { dispatcher, unreadable }
    }

    /// The groups as they were.
    fn take_back(
        &mut self,
        heads: BTreeMap<String, GroupHead>,
        entries: Vec<(String, Entry)>,
    ) -> Vec<String> {
        let config = Arc::clone(&self.config);
        let routes = config.root.walk();
        for (key, head) in heads {
            let timing = routes.iter().find(|route| route.id == head.route).map(|route| route.timing);
            let group =
                Group { head, timing: timing.unwrap_or_default(), entries: BTreeMap::new(), due_us: 0 };
            self.groups.insert(key, group);
        }
        let mut lost = Vec::new();
        for (key, entry) in entries {
            let Some(head) = self.groups.get(&key).map(|group| group.head.clone()) else {
                lost.push(PartKey::Entry(key, entry.alert.fingerprint.clone()).text());
                continue;
            };
            let timing = self.groups.get(&key).map(|group| group.timing).unwrap_or_default();
            self.insert(head, timing, entry);
        }
        self.dirty.clear();
        lost
    }

    /// Other routes than those by which the groups were made.
    fn route_anew(
        &mut self,
        heads: &BTreeMap<String, GroupHead>,
        entries: Vec<(String, Entry)>,
        now_us: i64,
    ) {
        let config = Arc::clone(&self.config);
        // By alert: what each receiver was told of it.
        let mut alerts: BTreeMap<String, Vec<(Option<&GroupHead>, Entry)>> = BTreeMap::new();
        for (key, entry) in entries {
            self.dirty.insert(PartKey::Entry(key.clone(), entry.alert.fingerprint.clone()));
            alerts.entry(entry.alert.fingerprint.clone()).or_default().push((heads.get(&key), entry));
        }
        self.dirty.extend(heads.keys().cloned().map(PartKey::Group));
        for known in alerts.into_values() {
            let Some((_, first)) = known.first() else { continue };
            let alert = first.alert.clone();
            let was_told = known.iter().any(|(_, entry)| entry.told.is_some());
            let destinations = config.root.destinations(&alert, now_us);
            if destinations.is_empty() {
                self.counts.unrouted += 1;
            }
            let mut served: BTreeSet<&str> = BTreeSet::new();
            for (route, receiver) in destinations {
                let own = known
                    .iter()
                    .find(|(head, _)| head.is_some_and(|head| head.receiver == receiver))
                    .map(|(head, entry)| (head.and_then(|head| head.flushed_us), entry.clone()));
                let (flushed_us, entry) = match own {
                    Some(own) => own,
                    // A receiver that is new to it: what lasts concerns it, what was told elsewhere is past.
                    None if was_told && (alert.kind == Kind::Event || alert.status == Status::Resolved) => {
                        continue;
                    }
                    None => (None, Entry::new(alert.clone(), now_us)),
                };
                served.insert(receiver);
                let labels =
                    route.group_by.iter().map(|name| (name.clone(), alert.property(name).to_owned()));
                let head = GroupHead {
                    receiver: receiver.to_owned(),
                    route: route.id.clone(),
                    labels: labels.collect(),
                    flushed_us,
                    held_us: i64::MIN,
                };
                let key = group_key(&head);
                let later = self.groups.get(&key).and_then(|group| group.head.flushed_us).max(flushed_us);
                self.insert(head, route.timing, entry);
                if let Some(group) = self.groups.get_mut(&key) {
                    group.head.flushed_us = later;
                }
            }
            // Whom routes no longer name, but who was told that it began, is told that it is over.
            for (head, entry) in known {
                let Some(head) = head else { continue };
                let is_open = entry.told.is_some_and(|told| told.status == Status::Firing)
                    && entry.alert.kind == Kind::Condition;
                let exists = config.receiver(&head.receiver).is_some();
                if is_open && exists && !served.contains(head.receiver.as_str()) {
                    let timing = config.root.timing;
                    self.insert(GroupHead { route: "default".into(), ..head.clone() }, timing, entry);
                }
            }
        }
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

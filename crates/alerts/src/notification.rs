//! What a receiver is told at once: the payload of the outbox.

use std::collections::BTreeMap;

use haechi_model::Severity;
use serde::{Deserialize, Serialize};

use crate::{Alert, Status};

/// Why an alert is in a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum News {
    /// It was not told yet, has become worse, or is back.
    New,
    /// It still lasts, or happened again.
    Again,
    /// It is over.
    Resolved,
}

/// An alert that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Why.
    pub news: News,
    /// How often it came since it was told last.
    pub count: u64,
    /// The alert.
    pub alert: Alert,
}

/// What a receiver is told at once. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Unique.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// The group, the same in all its notifications.
    pub group: String,
    /// The place of the route in the tree.
    pub route: String,
    /// What the alerts of the group have in common.
    pub labels: BTreeMap<String, String>,
    /// Over when all of the group is.
    pub status: Status,
    /// The alerts, the most severe first.
    pub items: Vec<Item>,
    /// Further alerts that are told by their number only.
    pub more: u64,
    /// How many groups are told together.
    pub groups: u64,
    /// Alerts of the group that last and were told before.
    pub lasting: u64,
    /// When it was made, in microseconds since 1970.
    pub created_us: i64,
    /// When what lasts is told again at the latest.
    pub again_us: i64,
    /// Which part of a notification that is too long for one message, from 1.
    pub part: u32,
    /// How many parts.
    pub parts: u32,
}

impl Notification {
    /// The worst severity of what is told.
    pub fn severity(&self) -> Severity {
        self.items.iter().map(|item| item.alert.severity).max().unwrap_or(Severity::Info)
    }

    /// Whether all that is told is over; others of the group may last.
    pub fn is_all_over(&self) -> bool {
        !self.items.is_empty() && self.items.iter().all(|item| item.alert.status == Status::Resolved)
    }

    /// How many alerts are told, shown or not.
    pub fn count(&self) -> u64 {
        self.more.saturating_add(u64::try_from(self.items.len()).unwrap_or(u64::MAX))
    }
}

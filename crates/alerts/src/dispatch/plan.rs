//! What of a group is told now, and how much of it the receiver takes.

use std::collections::BTreeMap;

use haechi_model::{Fingerprint, Severity};

use super::{Dispatcher, Told, micros, state};
use crate::alert::{Kind, Status};
use crate::notification::{Item, News, Notification};
use crate::receivers::Receiver;
use crate::silence::Silence;

/// Most bytes of the alerts of a notification.
const MAX_BYTES: usize = 600 << 10;

/// What of a group is to be told.
#[derive(Debug)]
pub(super) struct Plan {
    key: String,
    told: Vec<(String, News)>,
    severity: Severity,
}

/// What becomes of an alert now.
enum Outcome {
    Tell(News),
    Forget,
    Wait,
}

impl Dispatcher {
    /// What of a group is to be told now, and to whom.
    pub(super) fn plan(&mut self, key: &str, now_us: i64, silences: &[Silence]) -> Option<(String, Plan)> {
        let group = self.groups.get_mut(key)?;
        if group.floor_us() > now_us {
            return None;
        }
        let receiver = group.head.receiver.clone();
        let resolves = self.config.receiver(&receiver).is_some_and(|receiver| receiver.sends_resolved);
        let is_due = group.entries.values().any(|entry| entry.due_us(&group.timing, resolves) <= now_us);
        if !is_due {
            return None;
        }
        let look_again = now_us.saturating_add(micros(group.timing.interval));
        let mut told = Vec::new();
        let mut forgotten = Vec::new();
        let mut severity = Severity::Info;
        for (fingerprint, entry) in &mut group.entries {
            if entry.held_us > now_us {
                continue;
            }
            let is_due = entry.due_us(&group.timing, resolves) <= now_us;
            let outcome = match (entry.told, entry.alert.status) {
                (None, Status::Firing) => Outcome::Tell(News::New),
                (None, Status::Resolved) => Outcome::Tell(News::Resolved),
                (Some(_), Status::Firing) if entry.is_news() => Outcome::Tell(News::New),
                (Some(_), Status::Resolved) if entry.is_news() && resolves => Outcome::Tell(News::Resolved),
                (Some(_), Status::Resolved) if is_due => Outcome::Forget,
                (Some(_), Status::Firing) if is_due => match entry.alert.kind {
                    Kind::Event if entry.count == 0 => Outcome::Forget,
                    Kind::Event | Kind::Condition => Outcome::Tell(News::Again),
                },
                (Some(_), _) => Outcome::Wait,
            };
            match outcome {
                Outcome::Wait => {}
                Outcome::Forget => forgotten.push(fingerprint.clone()),
                Outcome::Tell(news) => {
                    match silences.iter().find(|silence| silence.covers(&entry.alert, now_us)) {
                        None => {
                            severity = severity.max(entry.alert.severity);
                            told.push((fingerprint.clone(), news));
                        }
                        Some(_) if entry.alert.kind == Kind::Event => {
                            self.counts.silenced += entry.count.max(1);
                            forgotten.push(fingerprint.clone());
                        }
                        Some(silence) => {
                            // What lasts is told when the silence is over; somebody may end it early.
                            entry.held_us = silence.ends_us.min(look_again);
                            let part = state::PartKey::Entry(key.to_owned(), fingerprint.clone());
                            self.dirty.insert(part);
                        }
                    }
                }
            }
        }
        for fingerprint in forgotten {
            self.forget(key, &fingerprint);
        }
        let is_something = !told.is_empty();
        is_something.then(|| (receiver, Plan { key: key.to_owned(), told, severity }))
    }

    /// Makes notifications of plans as far as the receiver's limit allows; what it does not allow waits in its group, or is told
    /// together in one message.
    pub(super) fn within_limit(
        &mut self,
        receiver: &Receiver,
        mut plans: Vec<Plan>,
        now_us: i64,
        out: &mut Vec<Notification>,
    ) {
        let Some((mut left, period_end)) = self.budget(receiver, now_us) else {
            for plan in plans {
                out.extend(self.tell(receiver, &[plan], now_us));
            }
            return;
        };
        plans.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key.cmp(&b.key)));
        let capacity = receiver.service.capacity();
        let together = capacity.counts_others && !capacity.knows_groups;
        let mut plans = std::collections::VecDeque::from(plans);
        while let Some(plan) = plans.pop_front() {
            if left == 0 {
                plans.push_front(plan);
                break;
            }
            let told = if left == 1 && together && !plans.is_empty() {
                let mut all = vec![plan];
                all.extend(plans.drain(..));
                self.tell(receiver, &all, now_us)
            } else {
                self.tell(receiver, &[plan], now_us)
            };
            self.spend(&receiver.name, told.len());
            left = left.saturating_sub(u32::try_from(told.len()).unwrap_or(u32::MAX));
            out.extend(told);
        }
        for plan in plans {
            if let Some(group) = self.groups.get_mut(&plan.key) {
                group.head.held_us = period_end;
                self.dirty.insert(state::PartKey::Group(plan.key));
            }
        }
    }

    /// Makes the notification of a group, or one of several groups, in as many parts as the service needs.
    fn tell(&mut self, receiver: &Receiver, plans: &[Plan], now_us: i64) -> Vec<Notification> {
        let mut items = Vec::new();
        let (mut lasting, mut again_us) = (0u64, now_us);
        let mut one = None;
        for plan in plans {
            let Some(group) = self.groups.get_mut(&plan.key) else { continue };
            for (fingerprint, news) in &plan.told {
                let Some(entry) = group.entries.get_mut(fingerprint) else { continue };
                items.push(Item { news: *news, count: entry.count, alert: entry.alert.clone() });
                let (status, severity) = (entry.alert.status, entry.alert.severity);
                entry.told = Some(Told { status, severity, at_us: now_us });
                entry.count = 0;
                self.dirty.insert(state::PartKey::Entry(plan.key.clone(), fingerprint.clone()));
            }
            let lasts = group.entries.iter().filter(|(fingerprint, entry)| {
                entry.alert.kind == Kind::Condition
                    && entry.alert.status == Status::Firing
                    && !plan.told.iter().any(|(told, _)| told == *fingerprint)
            });
            lasting += u64::try_from(lasts.count()).unwrap_or(u64::MAX);
            let period = micros(group.timing.repeat).saturating_add(2 * micros(group.timing.interval));
            again_us = again_us.max(now_us.saturating_add(period));
            group.head.flushed_us = Some(now_us);
            self.dirty.insert(state::PartKey::Group(plan.key.clone()));
            one = Some((plan.key.clone(), group.head.route.clone(), group.head.labels.clone()));
        }
        let Some((mut group, mut route, mut labels)) = one else { return Vec::new() };
        if plans.len() > 1 {
            group = Fingerprint::of(["together", &receiver.name]).to_string();
            route.clear();
            labels = BTreeMap::new();
        }
        items.sort_by(|a, b| {
            let order = b.alert.severity.cmp(&a.alert.severity);
            order.then_with(|| a.news.cmp(&b.news)).then_with(|| b.alert.time_us.cmp(&a.alert.time_us))
        });
        let is_over = lasting == 0 && items.iter().all(|item| item.alert.status == Status::Resolved);
        let status = if is_over { Status::Resolved } else { Status::Firing };
        let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
        self.counts.told += total;
        let now_text = now_us.to_string();
        let mut parts = split(items, receiver.service.capacity().most);
        let mut more = 0;
        if receiver.service.capacity().counts_others {
            parts.truncate(1);
            more = total - parts.first().map_or(0, |part| u64::try_from(part.len()).unwrap_or(u64::MAX));
        }
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let mut notifications = Vec::new();
        for (part, items) in (1..).zip(parts) {
            let names = items.iter().map(|item| item.alert.fingerprint.as_str());
            let number = format!("{part}");
            let id = Fingerprint::of([group.as_str(), &now_text, &number].into_iter().chain(names));
            notifications.push(Notification {
                id: id.to_string(),
                receiver: receiver.name.clone(),
                group: group.clone(),
                route: route.clone(),
                labels: labels.clone(),
                status,
                items,
                more,
                groups: u64::try_from(plans.len()).unwrap_or(u64::MAX),
                lasting,
                created_us: now_us,
                again_us,
                part,
                parts: count,
            });
        }
        self.counts.notifications += u64::from(count);
        notifications
    }
}

/// Parts of at most so many alerts and bytes; none is empty.
fn split(items: Vec<Item>, most: usize) -> Vec<Vec<Item>> {
    let mut parts = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for item in items {
        let size = serde_json::to_vec(&item).map_or(0, |json| json.len());
        if !part.is_empty() && (part.len() >= most || bytes + size > MAX_BYTES) {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += size;
        part.push(item);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

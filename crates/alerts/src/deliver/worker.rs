//! Takes notifications of one receiver out of the outbox and sends them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use haechi_store::outbox::{ClaimedAlert, Retried};
use haechi_store::{Store, StoreError};

use haechi_outbound::call::{CallError, ReachError, Request, call};

use super::{Surroundings, mail, reach, stream};
use crate::alert::AllTexts;
use crate::notification::Notification;
use crate::receivers::{Answer, HttpRequest, Outgoing, Receiver, RequestError, Service};
use crate::secret::Secrets;

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// No pause is longer, whatever a service asks for.
const LONGEST_WAIT_US: i64 = 6 * 3600 * 1_000_000;
/// How much longer than its attempts a notification is leased. Short: what a process had leased when it was killed waits so long,
/// and what comes after it in its group too; so no more than one is claimed at a time.
const LEASE: Duration = Duration::from_secs(30);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the notification.
    pub id: String,
    /// What the service said.
    pub answer: Answer,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepReport {
    /// Notifications that were claimed.
    pub taken: usize,
    /// Delivered ones.
    pub delivered: usize,
    /// Ones that are tried again.
    pub later: usize,
    /// Ones that are dead.
    pub dead: usize,
}

/// Sends to one receiver.
pub struct Worker {
    receiver: Receiver,
    store: Arc<dyn Store>,
    surroundings: Surroundings,
    texts: Arc<AllTexts>,
    /// Failures in a row.
    failures: u32,
    /// Nothing is tried before.
    paused_until_us: i64,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("receiver", &self.receiver.name).finish_non_exhaustive()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// How long to wait after so many failures: doubled each time, and a random part of it, so that not all come at once.
fn pause(failures: u32, random: u64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let whole = doubled.min(LONGEST_PAUSE);
    let half = whole / 2;
    let share = random % u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_millis(share)
}

impl Worker {
    /// A worker for a receiver.
    pub fn new(
        receiver: Receiver,
        store: Arc<dyn Store>,
        surroundings: Surroundings,
        texts: Arc<AllTexts>,
    ) -> Self {
        Self { receiver, store, surroundings, texts, failures: 0, paused_until_us: i64::MIN }
    }

    /// Sends what is due now. What the store does not let it note is sent again when the lease is over.
    pub async fn step(&mut self, now_us: i64) -> StepReport {
        let mut report = StepReport::default();
        // Not for ever, if the clock was set back.
        self.paused_until_us = self.paused_until_us.min(now_us.saturating_add(LONGEST_WAIT_US));
        if now_us < self.paused_until_us {
            return report;
        }
        let lease = self.receiver.timeout.saturating_mul(2).saturating_add(LEASE);
        let name = self.receiver.name.clone();
        let until = now_us.saturating_add(micros(lease));
        let claimed = self.with_store(move |store| store.claim_alerts(Some(&name), now_us, until, 1)).await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(receiver = self.receiver.name, %error, "the outbox cannot be read");
                return report;
            }
        };
        report.taken = claimed.len();
        for alert in claimed {
            self.deliver(&alert, now_us, &mut report).await;
        }
        report
    }

    async fn deliver(&mut self, alert: &ClaimedAlert, now_us: i64, report: &mut StepReport) {
        let notification: Notification = match serde_json::from_slice(&alert.payload) {
            Ok(notification) => notification,
            Err(error) => {
                let why = format!("the notification cannot be read: {error}");
                self.bury(alert, &why, now_us).await;
                report.dead += 1;
                return;
            }
        };
        let secrets = Arc::clone(&self.surroundings.secrets);
        let answer =
            send(&self.receiver, &notification, secrets.as_ref(), &self.texts, now_us, alert.attempt).await;
        match answer {
            Answer::Accepted => {
                self.failures = 0;
                let (id, lease) = (alert.id.clone(), alert.lease);
                let noted = self.with_store(move |store| store.ack_alert(&id, lease, now_us)).await;
                match noted {
                    Ok(true) => {}
                    Ok(false) => tracing::warn!(id = alert.id, "delivered after its lease was over"),
                    Err(error) => {
                        tracing::warn!(id = alert.id, %error, "delivered, but not noted: it is sent again")
                    }
                }
                report.delivered += 1;
            }
            Answer::Refused { why } => {
                self.bury(alert, &why, now_us).await;
                report.dead += 1;
            }
            Answer::Later { after, why } => {
                self.failures = self.failures.saturating_add(1);
                let random = (self.surroundings.random)();
                let own = pause(self.failures, random).max(after.unwrap_or_default());
                self.paused_until_us = now_us.saturating_add(micros(own));
                let age = now_us.saturating_sub(notification.created_us);
                if age > micros(self.receiver.give_up_after) {
                    self.bury(alert, &why, now_us).await;
                    report.dead += 1;
                    return;
                }
                let wait = pause(alert.attempt, random).max(own);
                tracing::warn!(
                    receiver = self.receiver.name,
                    id = alert.id,
                    attempt = alert.attempt,
                    why,
                    "tried again later"
                );
                self.retry(alert, &why, now_us.saturating_add(micros(wait)), u32::MAX).await;
                report.later += 1;
            }
        }
    }

    /// Not tried again; it stays in the outbox, with the reason, until somebody revives it.
    async fn bury(&self, alert: &ClaimedAlert, why: &str, now_us: i64) {
        tracing::error!(receiver = self.receiver.name, id = alert.id, why, "a notification is dead");
        self.retry(alert, why, now_us, 1).await;
    }

    async fn retry(&self, alert: &ClaimedAlert, why: &str, due_us: i64, most: u32) {
        let (id, lease, why) = (alert.id.clone(), alert.lease, why.to_owned());
        let noted = self.with_store(move |store| store.retry_alert(&id, lease, &why, due_us, most)).await;
        match noted {
            Ok(Retried::Pending | Retried::Dead) => {}
            Ok(Retried::NotYours) => tracing::warn!(id = alert.id, "its lease was over"),
            Err(error) => {
                tracing::warn!(id = alert.id, %error, "not noted: it is tried again when its lease is over")
            }
        }
    }

    async fn with_store<R: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || work(store.as_ref())).await.unwrap_or(Err(StoreError::Closed))
    }
}

/// Sends a notification to a receiver, once.
pub async fn send(
    receiver: &Receiver,
    notification: &Notification,
    secrets: &(dyn Secrets + Send + Sync),
    texts: &AllTexts,
    now_us: i64,
    attempt: u32,
) -> Answer {
    let outgoing = match receiver.outgoing(notification, secrets, texts, now_us) {
        Ok(outgoing) => outgoing,
        Err(error) => return unsent(&error),
    };
    match (outgoing, &receiver.service) {
        (Outgoing::Nothing, _) => Answer::Accepted,
        (Outgoing::Http(request), service) => match call(reach(receiver), posted(request)).await {
            Ok(reply) => service.judge(&reply, now_us),
            Err(CallError::Reach(error @ ReachError::Forbidden { .. })) => {
                Answer::Refused { why: error.to_string() }
            }
            Err(error) => Answer::Later { after: None, why: error.to_string() },
        },
        (Outgoing::Mail { subject, text, html }, Service::Smtp { host, port, tls, login, from, to }) => {
            let parts = mail::Parts { subject: &subject, text: &text, html: &html };
            let message = match mail::message((from, to), &parts, notification) {
                Ok(message) => message,
                Err(error) => return unsent(&error),
            };
            let login = login.as_ref().map(|(username, password)| {
                crate::secret::resolve(secrets, "password", password)
                    .map(|password| (username.clone(), password))
            });
            match login.transpose() {
                Ok(login) => {
                    let server = mail::Server { host, port: *port, tls: *tls, login, attempt };
                    mail::send(receiver, server, message).await
                }
                Err(error) => unsent(&error.into()),
            }
        }
        (Outgoing::Syslog(messages), Service::Syslog { host, port, transport, .. }) => {
            stream::send(receiver, (host, *port), *transport, &messages).await
        }
        (Outgoing::Mail { .. } | Outgoing::Syslog(_), _) => {
            Answer::Refused { why: "what was written is not for this service".into() }
        }
    }
}

fn posted(request: HttpRequest) -> Request {
    Request { method: "POST", url: request.url, headers: request.headers, body: request.body }
}

fn unsent(error: &RequestError) -> Answer {
    let why = error.to_string();
    match error {
        // Somebody may put it there.
        RequestError::Secret(_) | RequestError::Address(_) => Answer::Later { after: None, why },
        RequestError::Template(_) | RequestError::Mail(_) => Answer::Refused { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let longest = |failures| pause(failures, u64::MAX - 1);
        assert!(pause(1, 0) >= FIRST_PAUSE / 2 && longest(1) <= FIRST_PAUSE);
        assert!((1..40).all(|failures| pause(failures, 0) <= pause(failures + 1, 0)));
        assert!((1..400).all(|failures| longest(failures) <= LONGEST_PAUSE));
    }
}

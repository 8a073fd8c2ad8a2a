//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use haechi_report::Texts;
use haechi_store::accounts::SecretHash;

use crate::access::{Access, Oidc};
use crate::admit::Admission;
use crate::bodies::Bodies;
use crate::companion::States;
use crate::intake::Intake;
use crate::listen::Drain;
use crate::metrics::Metrics;

/// What all handlers share.
#[derive(Debug)]
pub struct App {
    /// Admission.
    pub admission: Admission,
    /// Accounts.
    pub access: Arc<Access>,
    /// Logging in through an identity provider, if that is set up.
    pub oidc: Option<Oidc>,
    /// Events.
    pub intake: Intake,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// How what goes on beside the service fares.
    pub companions: Arc<States>,
    /// The texts in the language of the service.
    pub texts: Texts,
    /// Names that the service is called by; addresses need none.
    pub hosts: Vec<String>,
    /// Hash of the key in the webhook's path.
    pub admission_key: Option<SecretHash>,
    /// Room for bodies under way.
    pub bodies: Bodies,
    /// Draining.
    pub drain: Drain,
    /// Whether requests should be sent here.
    pub is_ready: AtomicBool,
}

impl App {
    /// Whether requests should be sent here.
    pub fn ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed) && !self.drain.has_begun()
    }
}

//! Who is told what, when, and how: alerts from detections, findings and incidents on their way to people.
//!
//! ```text
//! Detection, Finding, Incident ─► Alert ─► Dispatcher (routes, groups, silences, limits) ─► Notification ─► outbox
//!                                                                                                             │
//!                                     service ◄─ deliver (feature) ◄─ receivers: what each service wants ◄────┘
//! ```
//!
//! Invariants:
//! - apart from `deliver` nothing here does I/O or reads a clock: time and secrets are arguments;
//! - what was offered is told, or counted by the reason why it is not (silenced, no route); nothing vanishes;
//! - nothing is told twice within a group's interval, and told again only when its repeat interval is over;
//! - a notification holds no secret: addresses and keys are read when it is sent, from files or the environment;
//! - what comes from an event or a manifest never becomes markup, a mention or a header of a service.

pub mod alert;
pub mod config;
#[cfg(feature = "deliver")]
pub mod deliver;
pub mod dispatch;
pub mod incident;
pub mod matching;
pub mod notification;
pub mod receivers;
pub mod route;
pub mod silence;
mod words;

pub use haechi_outbound::secret;

pub use alert::{Alert, Kind, Origin, Status, Wording};
pub use config::{Config, ConfigError};
pub use dispatch::{Dispatcher, OfferError};
pub use notification::Notification;
pub use silence::Silence;

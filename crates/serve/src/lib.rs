//! Haechi as a service in the cluster: it guards admission, takes in events, and tells how it fares.
//!
//! ```text
//! API server ─► TLS ─► guard ─► admit ─► Queue ─► worker threads ─► policies, checks ─► Answer
//!                        │                 └─ full, too late, failed: each policy's fail mode
//!                        │      Decision ─► bounded channel ─► metrics, journal       (never in the way of an answer)
//!                        ├─► intake ─► bounded queue ─► decode, detect ─► one transaction ─► acknowledge
//!                        └─► health, metrics, sessions, tokens
//! ```
//!
//! - [`admit`]: AdmissionReviews to answers. Worker threads own what they borrow: each keeps the current
//!   generation of policies and the index of its objects, and takes the next generation between two requests.
//! - [`routes`]: one table of all routes with what each demands; the router, the guard, the OpenAPI description and the
//!   test that walks every route are made from it.
//! - [`listen`]: sockets, TLS, certificates of our own making, limits on connections, draining.
//!
//! Invariants:
//! - nothing answers without credentials but health; what a route demands stands in the table and nowhere else;
//! - admission never touches the store; what it decided goes through a bounded channel, and what does not fit is counted;
//! - a policy that could not be asked (error, deadline, overload) follows its own fail mode and is named, never passed over;
//! - a broken file of policies keeps what was last good of it, and health says so;
//! - everything from outside has a bound: bodies, headers, connections, queues, times;
//! - the clock is read at the edges, in [`clock`].

pub mod access;
pub mod admit;
mod api;
pub mod app;
mod bodies;
pub mod bundle;
pub mod clock;
pub mod clusters;
pub mod companion;
pub mod compliance;
mod desk;
mod fetch;
mod guard;
mod health;
mod hooks;
pub mod intake;
pub mod listen;
pub mod metrics;
pub mod openapi;
mod pages;
mod provider_login;
mod records;
mod refusal;
pub mod routes;
pub mod run;
#[cfg(test)]
mod tests;
pub mod webhook;

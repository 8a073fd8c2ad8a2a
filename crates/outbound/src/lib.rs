//! Calls to other services: secrets that never show themselves, signatures, and one request over TLS.
//!
//! ```text
//! Secrets ─► Request (+ signature) ─► call: guard ─► TLS ─► HTTP ─► Reply
//! ```
//!
//! Invariants:
//! - apart from the feature `call` nothing here does I/O or reads a clock: time and secrets are arguments;
//! - a secret is read when it is needed, never shown, and wiped when it is dropped;
//! - an error names the service and never the request, whose address may be a secret;
//! - what is read of an answer has a bound, and so has the time for it; no redirect is followed.

#[cfg(feature = "call")]
pub mod call;
mod digest;
pub mod secret;
pub mod sigv4;

pub use digest::{hex, hmac};

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether there was more of it than is read.
    pub is_cut: bool,
}

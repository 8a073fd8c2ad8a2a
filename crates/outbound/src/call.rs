//! One request, or one connection, to a service.

mod guard;
mod http;
mod tls;

use std::fmt;
use std::path::Path;
use std::time::Duration;

pub use guard::{ReachError, addresses, connect, is_forbidden};
pub use http::{CallError, call, call_trusting};
pub use tls::{Trust, certificates, wrap};

use crate::secret::{Secret, SecretSource, Secrets};

/// Most bytes of a secret's file.
const MAX_SECRET: u64 = 64 << 10;

/// How a service is reached.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'r> {
    /// Authorities that its certificate must come from; none: the system's.
    pub ca_file: Option<&'r Path>,
    /// Whether link-local addresses and metadata services may be meant.
    pub allows_link_local: bool,
    /// Time for the whole exchange.
    pub timeout: Duration,
    /// Most bytes of an answer that are read; what is longer is cut.
    pub most_bytes: usize,
}

/// A request. What it holds may be secret and is not shown.
pub struct Request {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// Where to.
    pub url: Secret,
    /// Headers, the names in lower case.
    pub headers: Vec<(String, Secret)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// Secrets from files and environment variables.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    fn read(&self, from: &SecretSource) -> Result<String, String> {
        use std::io::Read as _;
        match from {
            SecretSource::File(path) => {
                let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
                let mut text = String::new();
                let read =
                    file.take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
                if u64::try_from(read).unwrap_or(u64::MAX) > MAX_SECRET {
                    return Err(format!("more than {MAX_SECRET} bytes"));
                }
                Ok(text)
            }
            SecretSource::Env(name) => std::env::var(name).map_err(|error| error.to_string()),
        }
    }
}

//! The few requests that the service makes itself: over TLS, within bounds, to no other place than was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::{StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_outbound::call::{CallError, Reach, Request, Trust, call, certificates};
use haechi_outbound::secret::Secret;
use thiserror::Error;

/// Time for a whole exchange.
const TIME: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const ANSWER: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, Error)]
pub enum FetchError {
    /// The authorities to trust.
    #[error("`{}`: {detail}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The address is none that is asked: it has to be `https`.
    #[error("`{0}` is no https address")]
    Address(String),
    /// No connection, or it broke off.
    #[error("{host}: {detail}")]
    Failed {
        /// Who did not answer.
        host: String,
        /// What went wrong.
        detail: String,
    },
    /// It took too long.
    #[error("{0} did not answer in time")]
    Late(String),
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// Makes requests.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    authorities: Option<PathBuf>,
}

impl Fetcher {
    /// Trusts the authorities of a file, or those of the system.
    ///
    /// # Errors
    /// A file that cannot be read or holds none.
    pub(crate) fn new(authorities: Option<&Path>) -> Result<Self, FetchError> {
        if let Some(path) = authorities {
            let wrong = |detail| FetchError::Authorities { path: path.to_owned(), detail };
            Trust::only(&certificates(path).map_err(wrong)?).map_err(wrong)?;
        }
        // Whether the system has any is found out by the first request: whoever never makes one needs none.
        Ok(Self { authorities: authorities.map(Path::to_owned) })
    }

    /// Reads what is at an address.
    pub(crate) async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        self.ask("GET", url, Vec::new(), Vec::new()).await
    }

    /// Reads what is at an address for who has this token.
    pub(crate) async fn get_as(&self, url: &str, token: &str) -> Result<Fetched, FetchError> {
        let bearer = ("authorization".to_owned(), Secret::new(format!("Bearer {token}")));
        self.ask("GET", url, vec![bearer], Vec::new()).await
    }

    /// Sends a form, with a name and password where they are given.
    pub(crate) async fn post(
        &self,
        url: &str,
        credentials: Option<(&str, &str)>,
        form: String,
    ) -> Result<Fetched, FetchError> {
        let header = |name: &str, value: String| (name.to_owned(), Secret::new(value));
        let mut headers = vec![header("content-type", "application/x-www-form-urlencoded".to_owned())];
        if let Some((name, password)) = credentials {
            let encoded = STANDARD.encode(format!("{name}:{password}"));
            headers.push(header("authorization", format!("Basic {encoded}")));
        }
        self.ask("POST", url, headers, form.into_bytes()).await
    }

    async fn ask(
        &self,
        method: &'static str,
        url: &str,
        mut headers: Vec<(String, Secret)>,
        body: Vec<u8>,
    ) -> Result<Fetched, FetchError> {
        let wrong = || FetchError::Address(url.chars().take(256).collect());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(wrong)?.to_owned();
        // A name before the host is no part of any address that is asked here.
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(wrong());
        }
        headers.push(("accept".to_owned(), Secret::new("application/json, */*;q=0.1")));
        let reach = Reach {
            ca_file: self.authorities.as_deref(),
            allows_link_local: false,
            timeout: TIME,
            most_bytes: ANSWER,
        };
        let reply = call(reach, Request { method, url: Secret::new(url), headers, body }).await;
        let failed = |detail: String| FetchError::Failed { host: host.clone(), detail };
        let reply = reply.map_err(|error| match error {
            CallError::Late(_) => FetchError::Late(host.clone()),
            error => {
                let text = error.to_string();
                let detail = text.strip_prefix(&format!("{host}: ")).unwrap_or(&text);
                failed(detail.to_owned())
            }
        })?;
        // Half a document is none.
        if reply.is_cut {
            return Err(failed("the answer is too long, or broke off".to_owned()));
        }
        let status = StatusCode::from_u16(reply.status).map_err(|error| failed(error.to_string()))?;
        Ok(Fetched { status, body: reply.body })
    }
}

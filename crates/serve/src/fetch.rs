//! The few requests that the service makes itself: over TLS, within bounds, to no other place than was asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

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
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
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
    pub(crate) body: Bytes,
}

/// Makes requests.
#[derive(Clone)]
pub(crate) struct Fetcher {
    config: Arc<ClientConfig>,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fetcher")
    }
}

impl Fetcher {
    /// Trusts the authorities of a file, or those of the system.
    ///
    /// # Errors
    /// A file that cannot be read or holds none.
    pub(crate) fn new(authorities: Option<&Path>) -> Result<Self, FetchError> {
        let mut roots = RootCertStore::empty();
        match authorities {
            Some(path) => {
                let wrong = |detail: String| FetchError::Authorities { path: path.to_owned(), detail };
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                for certificate in CertificateDer::pem_slice_iter(&pem) {
                    let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                    roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(wrong("it holds no certificate".to_owned()));
                }
            }
            // None at all is an error of the first request: whoever never makes one needs none.
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| FetchError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config) })
    }

    /// Reads what is at an address.
    pub(crate) async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        self.ask(Method::GET, url, None, Bytes::new()).await
    }

    /// Sends a form, with a name and password where they are given.
    pub(crate) async fn post(
        &self,
        url: &str,
        credentials: Option<(&str, &str)>,
        form: String,
    ) -> Result<Fetched, FetchError> {
        self.ask(Method::POST, url, credentials, Bytes::from(form)).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        credentials: Option<(&str, &str)>,
        body: Bytes,
    ) -> Result<Fetched, FetchError> {
        let wrong = || FetchError::Address(url.chars().take(256).collect());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(wrong)?.to_owned();
        // A name before the host is no part of any address that is asked here.
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if authority.contains('@') {
            return Err(wrong());
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::HOST, authority)
            .header(header::ACCEPT, "application/json, */*;q=0.1")
            .header(header::USER_AGENT, concat!("haechi/", env!("CARGO_PKG_VERSION")));
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some((name, password)) = credentials {
            let text = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
            let mut value = HeaderValue::from_str(&text).map_err(|_| wrong())?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Full::new(body)).map_err(|_| wrong())?;
        let port = uri.port_u16().unwrap_or(443);
        let exchange = self.exchange(&host, port, request);
        tokio::time::timeout(TIME, exchange).await.unwrap_or_else(|_| Err(FetchError::Late(host.clone())))
    }

    async fn exchange(
        &self,
        host: &str,
        port: u16,
        request: Request<Full<Bytes>>,
    ) -> Result<Fetched, FetchError> {
        let failed = |detail: String| FetchError::Failed { host: host.to_owned(), detail };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| failed(error.to_string()))?;
        let stream = TcpStream::connect((bare, port)).await.map_err(|error| failed(error.to_string()))?;
        let stream = TlsConnector::from(self.config.clone())
            .connect(name, stream)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(64 << 10)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| failed(error.to_string()))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER).collect().await;
            let body = body.map_err(|error| failed(error.to_string()))?.to_bytes();
            Ok(Fetched { status, body })
        };
        tokio::pin!(answer, connection);
        // The connection works as long as the answer is read; when it ends first, the answer says why.
        tokio::select! {
            fetched = &mut answer => fetched,
            _ = &mut connection => answer.await,
        }
    }
}

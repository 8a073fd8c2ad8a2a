//! TLS to services, with the system's authorities or the user's own.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Reach;

/// The certificates of a file.
///
/// # Errors
/// When it cannot be read.
pub fn certificates(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("`ca-file` {}: {error}", path.display()))
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn system() -> Result<Arc<ClientConfig>, String> {
    static SYSTEM: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    SYSTEM
        .get_or_init(|| {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err("the system has no certificates of authorities: name a `ca-file`".into());
            }
            config(roots)
        })
        .clone()
}

fn own(path: &Path) -> Result<Arc<ClientConfig>, String> {
    let pem = certificates(path)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("`ca-file` {}: {error}", path.display()))?;
        roots.add(certificate).map_err(|error| format!("`ca-file` {}: {error}", path.display()))?;
    }
    if roots.is_empty() {
        return Err(format!("`ca-file` {} holds no certificate", path.display()));
    }
    config(roots)
}

/// Whose certificates are trusted, by TLS 1.3.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Trusts the authorities of a text in PEM and nobody else.
    ///
    /// # Errors
    /// When the text holds no certificate, or what is none.
    pub fn only(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".into());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// A connection in TLS to the host of that name.
///
/// # Errors
/// When its certificate is not one that is trusted, or the authorities cannot be read.
pub async fn wrap(reach: Reach<'_>, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
    let config = match reach.ca_file {
        Some(path) => own(path)?,
        None => system()?,
    };
    secure(config, host, stream).await
}

/// The same, by what is trusted.
pub(super) async fn wrap_trusting(
    trust: &Trust,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    secure(trust.0.clone(), host, stream).await
}

async fn secure(
    config: Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|error| format!("{host}: {error}"))?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| format!("{host}: {error}"))
}

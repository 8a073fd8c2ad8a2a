//! Keys and certificates in files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use thiserror::Error;

/// Why a key or certificate cannot be used.
#[derive(Debug, Error)]
pub enum PemError {
    /// The file cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What is in it is not what it should be.
    #[error("`{}`: {fault}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: PemFault,
    },
}

/// What is wrong with what stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemFault {
    /// It is no PEM.
    #[error("{0}")]
    Syntax(String),
    /// There is no certificate in it.
    #[error("it holds no certificate in PEM")]
    NoCertificate,
    /// The key is none that can be used.
    #[error("{0}")]
    Key(String),
    /// The key belongs to another certificate.
    #[error("the key does not belong to the certificate")]
    Mismatch,
    /// The certificate is of no authority that could sign others.
    #[error("{0}")]
    Authority(String),
}

fn read(path: &Path) -> Result<Vec<u8>, PemError> {
    std::fs::read(path).map_err(|source| PemError::Read { path: path.to_owned(), source })
}

fn content(path: &Path, fault: PemFault) -> PemError {
    PemError::Content { path: path.to_owned(), fault }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| content(path, PemFault::Syntax(format!("{error:?}"))))?;
    if found.is_empty() { Err(content(path, PemFault::NoCertificate)) } else { Ok(found) }
}

/// A certificate with its chain, and its key.
///
/// # Errors
/// Files that cannot be read, hold something else, or do not belong together.
pub fn read_pair(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, PemError> {
    let chain = certificates(certificate)?;
    let bytes = read(key)?;
    let private = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|error| content(key, PemFault::Syntax(format!("{error:?}"))))?;
    let signing =
        any_supported_type(&private).map_err(|error| content(key, PemFault::Key(error.to_string())))?;
    let pair = CertifiedKey::new(chain, signing);
    match pair.keys_match() {
        // What cannot be compared is found out by the first handshake.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(Arc::new(pair))
        }
        Err(_) => Err(content(key, PemFault::Mismatch)),
    }
}

/// Authorities that sign client certificates.
///
/// # Errors
/// A file that cannot be read, or holds something else.
pub fn client_roots(path: &Path) -> Result<Arc<RootCertStore>, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| content(path, PemFault::Authority(error.to_string())))?;
    }
    Ok(Arc::new(roots))
}

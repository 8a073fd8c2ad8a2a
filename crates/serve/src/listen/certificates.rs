//! The certificate that we show: given in files, or of our own making and rotated by ourselves.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::{Value as Json, json};
use thiserror::Error;

use super::{PemError, read_pair};

/// Days that the authority of our own making is good for.
const AUTHORITY_DAYS: i64 = 3650;
/// Days that a certificate is good for.
const DAYS: i64 = 90;
/// Days before its end that the next one is made.
const RENEW: i64 = 30;
const DAY_S: i64 = 86_400;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file of the user's.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Making one failed.
    #[error("no certificate could be made: {0}")]
    Make(#[from] rcgen::Error),
    /// A file of ours.
    #[error("`{}` cannot be written or read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Halves of two authorities.
    #[error("the authority's key does not belong to its certificate")]
    Mismatch,
    /// A time beyond all calendars.
    #[error("the clock is wrong: {0}")]
    Clock(String),
}

/// Where certificates come from.
#[derive(Debug, Clone)]
pub enum Authority {
    /// Files, read again when they change.
    Files {
        /// The certificate with its chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// An authority of our own making, kept in a folder.
    SelfMade(SelfMade),
}

/// An authority of our own making.
#[derive(Debug, Clone)]
pub struct SelfMade {
    /// Where it is kept.
    pub folder: PathBuf,
    /// Names and addresses that the certificate is for.
    pub names: Vec<String>,
}

/// What a look at the certificate brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// The one that is shown stays.
    Same,
    /// Another one is shown from now on.
    Changed,
}

/// The certificate that is shown, whichever it is at the moment.
#[derive(Debug)]
pub struct Certificates {
    authority: Authority,
    current: Arc<ArcSwap<CertifiedKey>>,
}

/// Hands the current certificate to each handshake.
#[derive(Debug)]
struct Resolver(Arc<ArcSwap<CertifiedKey>>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Certificates {
    /// Reads or makes the certificate.
    ///
    /// # Errors
    /// Files that cannot be read or written, or hold something else.
    pub fn open(authority: Authority, now_s: i64) -> Result<Self, CertificateError> {
        let pair = match &authority {
            Authority::Files { certificate, key } => read_pair(certificate, key)?,
            Authority::SelfMade(made) => {
                made.renew(now_s)?;
                made.pair()?
            }
        };
        Ok(Self { authority, current: Arc::new(ArcSwap::new(pair)) })
    }

    /// Reads files that changed, or makes the next certificate in time.
    ///
    /// # Errors
    /// As [`Certificates::open`]; the one that is shown stays.
    pub fn refresh(&self, now_s: i64) -> Result<Issued, CertificateError> {
        let pair = match &self.authority {
            Authority::Files { certificate, key } => read_pair(certificate, key)?,
            Authority::SelfMade(made) => {
                made.renew(now_s)?;
                made.pair()?
            }
        };
        if self.current.load().cert == pair.cert {
            return Ok(Issued::Same);
        }
        self.current.store(pair);
        Ok(Issued::Changed)
    }

    /// For TLS.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::new(Resolver(self.current.clone()))
    }

    /// What a client must trust to trust us, in PEM: the authority of our own making, or of given files the last
    /// certificate of the chain.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bundle(&self) -> Result<String, CertificateError> {
        match &self.authority {
            Authority::SelfMade(made) => read(&made.authority_file()),
            Authority::Files { certificate, .. } => last_of_chain(certificate),
        }
    }
}

/// The last certificate of a chain in PEM: of what is given, the nearest to what a client must trust.
///
/// # Errors
/// The file cannot be read.
pub fn last_of_chain(certificate: &Path) -> Result<String, CertificateError> {
    let text = read(certificate)?;
    let last = text.rfind("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    Ok(text.get(last..).unwrap_or_default().to_owned())
}

impl SelfMade {
    fn authority_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    fn pair(&self) -> Result<Arc<CertifiedKey>, CertificateError> {
        let both = self.folder.join("serving.pem");
        Ok(read_pair(&both, &both)?)
    }

    /// The authority, made when it is missing or about to end: until when it is good, and its key.
    fn authority(&self, now_s: i64) -> Result<(i64, KeyPair), CertificateError> {
        let folder = &self.folder;
        let file = |source| CertificateError::File { path: folder.clone(), source };
        fs::create_dir_all(folder).map_err(file)?;
        restrict(folder, 0o700).map_err(file)?;
        let (notes, key) = (folder.join("ca.json"), folder.join("ca.key"));
        let until = note(&notes, "until").as_i64().unwrap_or(0);
        let is_good = until > now_s + (DAYS + RENEW) * DAY_S;
        if is_good && self.authority_file().is_file() && key.is_file() {
            return Ok((until, KeyPair::from_pem(&read(&key)?)?));
        }
        let made = MadeAuthority::new(now_s)?;
        self.keep(&made)?;
        Ok((made.until_s, KeyPair::from_pem(&made.key)?))
    }

    /// Writes an authority down; certificates of an earlier one are none any more.
    fn keep(&self, made: &MadeAuthority) -> Result<(), CertificateError> {
        let folder = &self.folder;
        // Notes first and last: what breaks off in between is made again and never taken for whole.
        write(&folder.join("ca.json"), "{}")?;
        write(&folder.join("ca.key"), &made.key)?;
        write(&self.authority_file(), &made.certificate)?;
        write(&folder.join("serving.json"), "{}")?;
        write(&folder.join("ca.json"), &json!({"until": made.until_s}).to_string())
    }

    /// The authority with its key, made when it is missing.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn made(&self, now_s: i64) -> Result<MadeAuthority, CertificateError> {
        let (until_s, _) = self.authority(now_s)?;
        let key = read(&self.folder.join("ca.key"))?;
        Ok(MadeAuthority { certificate: read(&self.authority_file())?, key, until_s })
    }

    /// Takes over an authority that somebody else made, such as another instance; `true` where it is another one than before.
    ///
    /// # Errors
    /// The key is none, or does not belong to the certificate; files that cannot be read or written.
    pub fn adopt(&self, given: &MadeAuthority) -> Result<bool, CertificateError> {
        given.check()?;
        let folder = &self.folder;
        let file = |source| CertificateError::File { path: folder.clone(), source };
        fs::create_dir_all(folder).map_err(file)?;
        restrict(folder, 0o700).map_err(file)?;
        let has =
            |name: &str, text: &str| fs::read_to_string(folder.join(name)).is_ok_and(|known| known == text);
        let is_same = has("ca.key", &given.key)
            && has("ca.pem", &given.certificate)
            && note(&folder.join("ca.json"), "until").as_i64() == Some(given.until_s);
        if !is_same {
            self.keep(given)?;
        }
        Ok(!is_same)
    }

    /// What a client must trust, in PEM; made when it is missing.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn bundle(&self, now_s: i64) -> Result<String, CertificateError> {
        self.authority(now_s)?;
        read(&self.authority_file())
    }

    /// Makes what is missing, about to end, or for other names.
    fn renew(&self, now_s: i64) -> Result<(), CertificateError> {
        let (authority_until, key) = self.authority(now_s)?;
        let folder = &self.folder;
        let notes = folder.join("serving.json");
        let names = json!(self.names);
        let is_good = folder.join("serving.pem").is_file()
            && note(&notes, "until").as_i64().unwrap_or(0) > now_s + RENEW * DAY_S
            && note(&notes, "names") == names;
        if is_good {
            return Ok(());
        }
        let issuer = Issuer::new(authority(now_s, authority_until)?, key);
        let until = now_s + DAYS * DAY_S;
        let mut params = CertificateParams::new(self.names.clone())?;
        params.distinguished_name = named(self.names.first().map_or("haechi", String::as_str));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params, now_s - DAY_S, until)?;
        let serving = KeyPair::generate()?;
        let certificate = params.signed_by(&serving, &issuer)?;
        // Key and certificate are one file: they change together or not at all.
        let both = format!("{}{}", certificate.pem(), serving.serialize_pem());
        write(&folder.join("serving.pem"), &both)?;
        write(&notes, &json!({"until": until, "names": names}).to_string())
    }
}

/// An authority of our own making, with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeAuthority {
    /// The certificate, in PEM.
    pub certificate: String,
    /// Its key, in PEM.
    pub key: String,
    /// When it ends, in seconds since 1970.
    pub until_s: i64,
}

impl std::fmt::Debug for MadeAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeAuthority").field("until_s", &self.until_s).finish_non_exhaustive()
    }
}

impl MadeAuthority {
    /// A new one.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(now_s: i64) -> Result<Self, CertificateError> {
        let pair = KeyPair::generate()?;
        let until_s = now_s + AUTHORITY_DAYS * DAY_S;
        let certificate = authority(now_s, until_s)?.self_signed(&pair)?.pem();
        Ok(Self { certificate, key: pair.serialize_pem(), until_s })
    }

    /// Whether the next one should be made: early enough for everybody to hear of it before it is used.
    pub fn is_late(&self, now_s: i64) -> bool {
        self.until_s <= now_s + (DAYS + 2 * RENEW) * DAY_S
    }

    /// Whether the key belongs to the certificate.
    fn check(&self) -> Result<(), CertificateError> {
        let wrong = |_| CertificateError::Mismatch;
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(wrong)?;
        let entity = webpki::EndEntityCert::try_from(&certificate).map_err(|_| CertificateError::Mismatch)?;
        let of_certificate = entity.subject_public_key_info();
        let of_key = KeyPair::from_pem(&self.key)?.subject_public_key_info();
        if of_certificate.as_ref() == of_key.as_slice() { Ok(()) } else { Err(CertificateError::Mismatch) }
    }
}

/// A value of a file of notes; null where there is none.
fn note(path: &Path, key: &str) -> Json {
    let notes = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok());
    notes.and_then(|notes| notes.get(key).cloned()).unwrap_or(Json::Null)
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    // A common name is 64 characters at most.
    named.push(DnType::CommonName, name.chars().take(64).collect::<String>());
    named
}

fn authority(now_s: i64, until_s: i64) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = named("haechi admission authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    valid(&mut params, now_s - DAY_S, until_s)?;
    Ok(params)
}

/// Sets the days from and until which a certificate is good.
fn valid(params: &mut CertificateParams, from_s: i64, until_s: i64) -> Result<(), CertificateError> {
    let day = |seconds: i64| {
        let wrong = |error: jiff::Error| CertificateError::Clock(error.to_string());
        let date =
            jiff::Timestamp::from_second(seconds).map_err(wrong)?.to_zoned(jiff::tz::TimeZone::UTC).date();
        let part = |part: i8| u8::try_from(part).unwrap_or(1);
        Ok::<_, CertificateError>(rcgen::date_time_ymd(
            date.year().into(),
            part(date.month()),
            part(date.day()),
        ))
    };
    params.not_before = day(from_s)?;
    params.not_after = day(until_s)?;
    Ok(())
}

fn read(path: &Path) -> Result<String, CertificateError> {
    fs::read_to_string(path).map_err(|source| CertificateError::File { path: path.to_owned(), source })
}

/// Writes a file that only we may read, as a whole or not at all.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), CertificateError> {
    let error = |source| CertificateError::File { path: path.to_owned(), source };
    let part = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&part).map_err(error)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(error)?;
    restrict(&part, 0o600).map_err(error)?;
    fs::rename(&part, path).map_err(error)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

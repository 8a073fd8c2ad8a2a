//! Whether a message really comes from Amazon's SNS.
//!
//! Each message says where the certificate lies that signed it, and an attacker's says so as well. So that address is held against
//! the one place where such certificates lie before anything is asked for there, and no other address in a message is ever asked.
//! A signature tells that *somebody's* topic sent it: the token in the address that SNS calls, and the list of topics if there
//! is one, tell whose.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_syntax::Node;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use thiserror::Error;
use webpki::EndEntityCert;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

use crate::fetch::{FetchError, Fetcher};

/// Most certificates that are kept.
const CERTIFICATES: usize = 64;
/// How long a certificate that was fetched is used.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// How long an address that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(30);
/// Most bytes of a file with certificates.
const FILE: u64 = 1 << 20;

/// How messages of SNS are judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnsOptions {
    /// Files or folders with the certificates to trust, in PEM. Without any they are fetched from Amazon.
    pub certificates: Vec<PathBuf>,
    /// Topics that messages are taken of; of all if none is named.
    pub topics: Vec<String>,
    /// Whether messages that nothing proves are taken all the same.
    pub takes_unverified: bool,
}

/// Why messages of SNS cannot be judged at all.
#[derive(Debug, Error)]
pub enum SnsError {
    /// A file with certificates.
    #[error("`{}` holds no certificate that can be read: {detail}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Nothing can be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// What a look at a message brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is what it says, or the user wants it unproven.
    Good,
    /// It is not taken, for that reason.
    Refused(&'static str),
}

/// Whom messages of SNS are believed to.
#[derive(Debug)]
pub struct SnsTrust {
    options: SnsOptions,
    /// Certificates of the user's.
    pinned: Vec<CertificateDer<'static>>,
    /// Fetched ones, by address; nothing where none could be had.
    fetched: Mutex<HashMap<String, (Option<CertificateDer<'static>>, Instant)>>,
    fetcher: Option<Fetcher>,
}

impl Default for SnsTrust {
    /// Trusts nobody.
    fn default() -> Self {
        Self { options: SnsOptions::default(), pinned: Vec::new(), fetched: Mutex::default(), fetcher: None }
    }
}

impl SnsTrust {
    /// Reads the certificates.
    ///
    /// # Errors
    /// A file that cannot be read or holds none.
    pub fn open(options: SnsOptions) -> Result<Self, SnsError> {
        let mut pinned = Vec::new();
        for path in &options.certificates {
            read(path, &mut pinned)?;
        }
        let fetcher = if options.certificates.is_empty() { Some(Fetcher::new(None)?) } else { None };
        Ok(Self { options, pinned, fetched: Mutex::default(), fetcher })
    }

    /// Fetches the certificate that a message needs, if it may be had and is not there. What is no message of SNS needs none.
    ///
    /// # Errors
    /// It is not to be had at the moment: whoever sent the message should send it again.
    pub(crate) async fn prepare(&self, body: &[u8]) -> Result<(), FetchError> {
        let Some(fetcher) = self.fetcher.as_ref().filter(|_| !self.options.takes_unverified) else {
            return Ok(());
        };
        let Some(url) = certificate_url(body) else { return Ok(()) };
        if !is_amazons(&url, ".pem") {
            return Ok(());
        }
        let late = || FetchError::Late(url.clone());
        {
            let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            match fetched.get(&url) {
                Some((Some(_), since)) if since.elapsed() < FRESH => return Ok(()),
                Some((None, since)) if since.elapsed() < PAUSE => return Err(late()),
                _ => {}
            }
        }
        let answer = fetcher.get(&url).await;
        let certificate =
            answer.as_ref().ok().filter(|answer| answer.status.is_success()).and_then(|answer| {
                let certificate = CertificateDer::from_pem_slice(&answer.body).ok()?;
                EndEntityCert::try_from(&certificate).ok()?;
                Some(certificate)
            });
        let is_there = certificate.is_some();
        {
            let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
            // Made-up addresses below Amazon's own must not fill the memory.
            if fetched.len() >= CERTIFICATES {
                fetched.clear();
            }
            fetched.insert(url.clone(), (certificate, Instant::now()));
        }
        answer?;
        if is_there { Ok(()) } else { Err(late()) }
    }

    /// Judges an envelope of SNS.
    pub(super) fn judge(&self, root: Node<'_>) -> Verdict {
        let word = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
        let topics = &self.options.topics;
        if !topics.is_empty() && !topics.iter().any(|topic| topic == word("TopicArn")) {
            return Verdict::Refused("sns-topic");
        }
        if self.options.takes_unverified {
            return Verdict::Good;
        }
        let Some(text) = signed_text(root) else { return Verdict::Refused("sns-unsigned") };
        let Ok(signature) = STANDARD.decode(word("Signature")) else {
            return Verdict::Refused("sns-unsigned");
        };
        let algorithm: &dyn SignatureVerificationAlgorithm = match word("SignatureVersion") {
            "1" => &Sha1,
            "2" => RSA_PKCS1_2048_8192_SHA256,
            _ => return Verdict::Refused("sns-unsigned"),
        };
        let url = word("SigningCertURL");
        if !is_amazons(url, ".pem") {
            return Verdict::Refused("sns-certificate");
        }
        let fits = |certificate: &CertificateDer<'_>| {
            EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
                certificate.verify_signature(algorithm, text.as_bytes(), &signature).is_ok()
            })
        };
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let fetched = fetched.get(url).and_then(|(certificate, _)| certificate.as_ref());
        match (self.pinned.iter().any(fits), fetched) {
            (true, _) => Verdict::Good,
            (false, Some(certificate)) if fits(certificate) => Verdict::Good,
            (false, None) if self.pinned.is_empty() => Verdict::Refused("sns-certificate"),
            (false, _) => Verdict::Refused("sns-signature"),
        }
    }
}

fn read(path: &Path, certificates: &mut Vec<CertificateDer<'static>>) -> Result<(), SnsError> {
    let wrong = |detail: String| SnsError::Certificate { path: path.to_owned(), detail };
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| wrong(error.to_string()))?;
        let mut inside = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(error.to_string()))?;
        inside.retain(|path| path.extension().is_some_and(|end| end == "pem" || end == "crt"));
        inside.sort();
        if inside.is_empty() {
            return Err(wrong("the folder has no *.pem or *.crt".to_owned()));
        }
        return inside.iter().try_for_each(|path| read(path, certificates));
    }
    let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if length > FILE {
        return Err(wrong(format!("it is longer than {FILE} bytes")));
    }
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let before = certificates.len();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        EndEntityCert::try_from(&certificate).map_err(|error| wrong(error.to_string()))?;
        certificates.push(certificate);
    }
    match (certificates.len() == before, certificates.len() > CERTIFICATES) {
        (true, _) => Err(wrong("there is none".to_owned())),
        (_, true) => Err(wrong(format!("there are more than {CERTIFICATES} altogether"))),
        (false, false) => Ok(()),
    }
}

/// Where the certificate of a message lies, by its own words.
fn certificate_url(body: &[u8]) -> Option<String> {
    memchr::memmem::find(body, b"\"SigningCertURL\"")?;
    let limits =
        haechi_syntax::Limits { bytes: super::envelope::UNPACKED, ..haechi_syntax::Limits::default() };
    let parsed = haechi_syntax::parse_json(body, &limits);
    let root = parsed.documents.first()?.root();
    root.get("SigningCertURL").and_then(Node::as_str).map(str::to_owned)
}

/// Whether an address is one of SNS' own: `https://sns.REGION.amazonaws.com/…`, in China `….com.cn`; and its path ends so.
pub(super) fn is_amazons(url: &str, end: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://sns.").filter(|_| url.len() <= 2048) else { return false };
    let Some((host, path)) = rest.split_once('/') else { return false };
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    let is_region = |region: &str| {
        region.len() >= 3 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // Neither a name before the host nor another port nor blanks pass.
    region.is_some_and(is_region) && path.ends_with(end) && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The text that is signed: some fields by name, each with its value on a line.
fn signed_text(root: Node<'_>) -> Option<String> {
    let kind = root.get("Type").and_then(Node::as_str)?;
    let names: &[&str] = match kind {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        }
        _ => return None,
    };
    let mut text = String::new();
    for name in names {
        match root.get(name).and_then(Node::as_str) {
            Some(value) => {
                for part in [name, "\n", value, "\n"] {
                    text.push_str(part);
                }
            }
            None if *name == "Subject" => {}
            None => return None,
        }
    }
    Some(text)
}

/// What version 1 of the signature is made with: SNS still sends it unless a topic is told otherwise.
#[derive(Debug)]
struct Sha1;

impl SignatureVerificationAlgorithm for Sha1 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    /// Never asked for: no certificate is verified with it.
    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PKCS1_SHA256
    }
}

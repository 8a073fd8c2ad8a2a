//! How bodies are kept: compressed in blocks, and encrypted where a key is given.
//!
//! A block is `zstd(body ‖ body ‖ …)` with its checksum; with a key it is XChaCha20-Poly1305 over that, the random nonce of 24 bytes in front. What
//! the store knows of the block (the identities of its events and where each body ends) is authenticated with it, so that a body
//! cannot be moved under another event's name.

use std::collections::BTreeMap;
use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::StoreError;

const NONCE: usize = 24;
/// Fast, and still a tenth of the size for logs.
const LEVEL: i32 = 1;

/// Keys for bodies at rest, by id. New bodies are encrypted with the current one; old ones are read with the one that they name.
/// To rotate, add a key and make it current; drop the old one when retention has removed what it encrypted.
#[derive(Clone, Default)]
pub struct Keys {
    keys: BTreeMap<String, Zeroizing<[u8; 32]>>,
    current: Option<String>,
}

impl Keys {
    /// No key: bodies are kept as they are.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a key of 32 random bytes for reading.
    #[must_use]
    pub fn with(mut self, id: impl Into<String>, key: [u8; 32]) -> Self {
        self.keys.insert(id.into(), Zeroizing::new(key));
        self
    }

    /// Adds a key of 32 random bytes and encrypts new bodies with it.
    #[must_use]
    pub fn with_current(self, id: impl Into<String>, key: [u8; 32]) -> Self {
        let id = id.into();
        let mut keys = self.with(id.clone(), key);
        keys.current = Some(id);
        keys
    }

    /// The id of the key that new bodies are encrypted with.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whether there is a key of this id.
    pub fn has(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("ids", &self.keys.keys().collect::<Vec<_>>())
            .field("current", &self.current)
            .finish()
    }
}

/// A block as it lies on disk.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) key_id: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// Makes blocks; keeps the compressor's memory for the next one.
pub(crate) struct Sealer {
    compressor: zstd::bulk::Compressor<'static>,
}

impl Sealer {
    pub(crate) fn new() -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| StoreError::Internal { detail: format!("zstd: {error}") };
        let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(failed)?;
        // SQLite does not notice when the disk changes a byte of a body.
        compressor.include_checksum(true).map_err(failed)?;
        Ok(Self { compressor })
    }

    pub(crate) fn seal(&mut self, plain: &[u8], bound: &[u8], keys: &Keys) -> Result<Sealed, StoreError> {
        let bytes = self
            .compressor
            .compress(plain)
            .map_err(|error| StoreError::Internal { detail: format!("zstd: {error}") })?;
        let Some(key_id) = &keys.current else { return Ok(Sealed { key_id: None, bytes }) };
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| StoreError::Randomness { detail: error.to_string() })?;
        let cipher = cipher(keys, key_id)?;
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: &bytes, aad: bound })
            .map_err(|_| StoreError::Internal { detail: "encryption failed".to_owned() })?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(Sealed { key_id: Some(key_id.clone()), bytes })
    }
}

fn cipher(keys: &Keys, id: &str) -> Result<XChaCha20Poly1305, StoreError> {
    let key = keys.keys.get(id).ok_or_else(|| StoreError::NoKey { key_id: id.to_owned() })?;
    Ok(XChaCha20Poly1305::new(&Key::from(**key)))
}

/// Opens a block of `size` bytes.
pub(crate) fn open(
    sealed: &[u8],
    key_id: Option<&str>,
    bound: &[u8],
    size: usize,
    keys: &Keys,
) -> Result<Vec<u8>, StoreError> {
    let decrypted;
    let compressed = match key_id {
        None => sealed,
        Some(id) => {
            let cipher = cipher(keys, id)?;
            let wrong = || StoreError::WrongKey { key_id: id.to_owned() };
            let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
            decrypted = cipher
                .decrypt(&XNonce::from(*nonce), Payload { msg: rest, aad: bound })
                .map_err(|_| wrong())?;
            &decrypted
        }
    };
    let plain = zstd::bulk::decompress(compressed, size)
        .map_err(|error| StoreError::Corrupt { detail: format!("a block of events: {error}") })?;
    if plain.len() == size {
        Ok(plain)
    } else {
        let detail = format!("a block of events has {} bytes instead of {size}", plain.len());
        Err(StoreError::Corrupt { detail })
    }
}

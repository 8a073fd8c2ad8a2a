//! Passwords: argon2id, on threads that may block, a few at a time.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Shortest password, in characters.
const SHORTEST: usize = 12;
/// Longest, in bytes.
const LONGEST: usize = 1024;

/// Why a password was not hashed or held against a hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has at least {SHORTEST} characters and at most {LONGEST} bytes")]
    Length,
    /// Too many are being held against hashes.
    #[error("too many logins at once")]
    Busy,
    /// The hash cannot be read, or the system has no randomness.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// Hashes passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    places: Arc<Semaphore>,
    memory_kib: u32,
    /// What an unknown user's password is held against, so that it takes as long as a known one's.
    decoy: Arc<str>,
}

impl Passwords {
    /// OWASP's parameters for argon2id: 19 MiB, two passes, one lane. At most `at_once` at a time, each with that memory.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn new(at_once: usize) -> Result<Self, PasswordError> {
        Self::with_memory(at_once, 19 * 1024)
    }

    pub(crate) fn with_memory(at_once: usize, memory_kib: u32) -> Result<Self, PasswordError> {
        let decoy = hash("a password that nobody has", memory_kib)?;
        Ok(Self { places: Arc::new(Semaphore::new(at_once)), memory_kib, decoy: decoy.into() })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// A password of a length that is not taken; too many at once.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            return Err(PasswordError::Length);
        }
        let place = self.place().await?;
        let (password, memory) = (password.to_owned(), self.memory_kib);
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            hash(&password, memory)
        });
        work.await.map_err(|error| PasswordError::Hash(error.to_string()))?
    }

    /// Whether a password is the one of a hash. Without a hash it takes as long, and it is not.
    ///
    /// # Errors
    /// A hash that cannot be read; too many at once.
    pub async fn verify(&self, password: &str, known: Option<&str>) -> Result<bool, PasswordError> {
        let is_known = known.is_some();
        let known = known.unwrap_or(&self.decoy).to_owned();
        let place = self.place().await?;
        let password: String = if password.len() > LONGEST { String::new() } else { password.to_owned() };
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            let known = argon2::PasswordHash::new(&known).map_err(|error| error.to_string())?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &known).is_ok())
        });
        let fits = work.await.map_err(|error| PasswordError::Hash(error.to_string()))?;
        fits.map(|fits| fits && is_known).map_err(PasswordError::Hash)
    }

    async fn place(&self) -> Result<tokio::sync::OwnedSemaphorePermit, PasswordError> {
        let wait = std::time::Duration::from_secs(2);
        match tokio::time::timeout(wait, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(PasswordError::Busy),
        }
    }
}

fn hash(password: &str, memory_kib: u32) -> Result<String, PasswordError> {
    let error = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
    let params = Params::new(memory_kib, 2, 1, None).map_err(|e| error(&e))?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|e| error(&e))
}

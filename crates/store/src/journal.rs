//! The journal: every security-relevant act, each entry chained to the one before by its hash.
//!
//! # Encoding of the hash
//!
//! `hash` = SHA-256 over, in this order:
//!
//! 1. the 18 bytes `haechi journal v1` and a line feed;
//! 2. `seq` (from 1, without gaps) as 8 bytes, big-endian;
//! 3. `time_us` as 8 bytes, big-endian, two's complement;
//! 4. `actor`, `act`, `subject`, `details`, each as its length in bytes (8 bytes, big-endian) and the bytes in UTF-8;
//! 5. `prev`, 32 bytes: the hash of the entry before; zeros for the first one.
//!
//! `details` is hashed as the text that is kept: JSON without blanks, keys of objects sorted by bytes. Whoever verifies hashes
//! that text and need not print JSON alike.
//!
//! # What the chain shows, and what it does not
//!
//! Changed, removed and inserted entries break the chain. Entries cut off at the end do not, nor does a chain that was made anew
//! from some entry on: an [`Anchor`] (how many entries, and the last hash) kept elsewhere shows these. The store keeps one in a
//! file beside the database; whoever may write there may change that, too, so keep one where the store's host cannot.

mod canonical;
mod chain;
#[cfg(feature = "age")]
mod encrypted;
mod kept;
mod lines;

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::StoreError;
pub use canonical::canonical_json;
pub use chain::{Break, Chain, Report};
#[cfg(feature = "age")]
pub use encrypted::{ExportError, export_encrypted};
pub use kept::{Kept, ParseKeptError};
pub use lines::{ReadError, read_lines, read_lines_against, write_end, write_entry};

/// Most bytes of an actor, the name of an act, or a subject.
pub const MAX_NAME: usize = 4096;
/// Most bytes of the details of an entry as JSON.
pub const MAX_DETAILS: usize = 256 * 1024;

/// Something that somebody does, to be journalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When, in microseconds since 1970.
    pub time_us: i64,
    /// Who: a user, `token:ID`, `system` …
    pub actor: String,
    /// What, as `thing.verb`: `login.succeeded`, `policy.changed`, `action.approved` …
    pub act: String,
    /// To what or whom.
    pub subject: String,
    /// What else is to be remembered; no secrets.
    pub details: Json,
}

/// A SHA-256 hash, printed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl std::str::FromStr for Hash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a hash has 64 hexadecimal digits in lower case";
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(wrong);
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(wrong),
        };
        let mut bytes = [0; 32];
        for (to, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return Err(wrong) };
            *to = value(*high)? * 16 + value(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An act in its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When, in microseconds since 1970.
    pub time_us: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// To what or whom.
    pub subject: String,
    /// What else, as canonical JSON.
    pub details: String,
    /// Hash of the entry before.
    pub prev: Hash,
    /// Hash of this entry.
    pub hash: Hash,
}

/// How many entries the journal has, and the hash of the last one (zeros if there is none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Anchor {
    /// Number of entries.
    pub entries: u64,
    /// Hash of the last one.
    pub head: Hash,
}

/// Keeps the journal.
pub trait JournalStore {
    /// Appends an act; its number.
    ///
    /// # Errors
    /// When it is beyond the bounds, or could not be committed.
    fn append_act(&self, act: Act) -> Result<u64, StoreError>;

    /// Entries with higher numbers than `after`, at most `limit` (and at most 10,000).
    ///
    /// # Errors
    /// When they cannot be read.
    fn journal(&self, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// The anchor of the journal as it stands: to be kept elsewhere.
    ///
    /// # Errors
    /// When it cannot be read.
    fn anchor(&self) -> Result<Anchor, StoreError>;

    /// Holds the whole journal against its hashes, against the anchor that the store keeps beside itself, and against one that
    /// was kept elsewhere.
    ///
    /// # Errors
    /// When it cannot be read. A broken journal is a [`Report`], no error.
    fn verify_journal(&self, kept: Option<&Anchor>) -> Result<Report, StoreError>;

    /// Writes the journal as it stands as lines of JSON, see [`read_lines`], and tells its anchor.
    ///
    /// # Errors
    /// When it cannot be read ([`io::ErrorKind::Other`] with the [`StoreError`] inside), or not be written.
    fn export_journal(&self, to: &mut dyn io::Write) -> io::Result<Anchor>;
}

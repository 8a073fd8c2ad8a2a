use sha2::{Digest, Sha256};

use super::{Act, Anchor, Entry, Hash, MAX_DETAILS, MAX_NAME, canonical_json};
use crate::StoreError;

const DOMAIN: &[u8] = b"haechi journal v1\n";

impl Entry {
    /// The entry that an act becomes after the one that the anchor names.
    ///
    /// # Errors
    /// When the act is beyond the bounds.
    pub fn new(act: Act, after: &Anchor) -> Result<Self, StoreError> {
        let details = canonical_json(&act.details);
        let fields = [
            ("actor", &act.actor, MAX_NAME),
            ("act", &act.act, MAX_NAME),
            ("subject", &act.subject, MAX_NAME),
            ("details", &details, MAX_DETAILS),
        ];
        for (what, text, limit) in fields {
            if text.len() > limit {
                return Err(StoreError::TooLarge { what, size: text.len(), limit });
            }
        }
        let mut entry = Self {
            seq: after.entries.saturating_add(1),
            time_us: act.time_us,
            actor: act.actor,
            act: act.act,
            subject: act.subject,
            details,
            prev: after.head,
            hash: Hash::default(),
        };
        entry.hash = entry.computed_hash();
        Ok(entry)
    }

    /// The hash that the entry must have.
    pub fn computed_hash(&self) -> Hash {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.time_us.to_be_bytes());
        for text in [&self.actor, &self.act, &self.subject, &self.details] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(self.prev.0);
        Hash(hash.finalize().into())
    }

    /// The anchor of a journal that ends with this entry.
    pub const fn anchor(&self) -> Anchor {
        Anchor { entries: self.seq, head: self.hash }
    }
}

/// How a journal is broken, at its first broken place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// The entry is not what its hash was made of.
    #[error("entry {seq} was altered")]
    Altered {
        /// Number of the entry.
        seq: u64,
    },
    /// The next entry was not chained to this one: this one was replaced, hash and all, or the next one was.
    #[error("entry {seq} was replaced: entry {} is chained to another one", seq.saturating_add(1))]
    Replaced {
        /// Number of the entry; zero if the first one is chained to something before it.
        seq: u64,
    },
    /// Entries are missing before one that is there.
    #[error("entries {from} to {to} are missing")]
    Missing {
        /// The first one.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// A number stands twice, or out of order.
    #[error("entry {seq} stands where entry {expected} belongs")]
    OutOfOrder {
        /// The number that stands there.
        seq: u64,
        /// The number that belongs there.
        expected: u64,
    },
    /// The journal ends before the last entry that an anchor knows.
    #[error("entries {from} to {to} were cut off at the end")]
    Truncated {
        /// The first one.
        from: u64,
        /// The last one that is known of.
        to: u64,
    },
    /// The hashes fit each other, but none is the one that was kept.
    #[error(
        "none of the {entries} entries has the hash that was kept: the journal was made anew, or cut off before that entry"
    )]
    Unknown {
        /// How many entries there are.
        entries: u64,
    },
    /// The hashes fit each other, but not the anchor: the chain was made anew at or before this entry.
    #[error("the journal was made anew: entry {seq} has another hash than the anchor says")]
    Rewritten {
        /// Number of the entry.
        seq: u64,
    },
}

/// What came out of verifying a journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The anchor of the part that is in order.
    pub good: Anchor,
    /// The first broken place; none if the journal is in order.
    pub broken: Option<Break>,
}

/// Holds entries against their hashes one by one.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    good: Anchor,
    /// Anchors that the chain must pass, by number of entries.
    anchors: Vec<Anchor>,
    /// A hash that some entry must have.
    sought: Option<Hash>,
    broken: Option<Break>,
}

impl Chain {
    /// A chain that must pass these anchors.
    pub fn with_anchors(anchors: impl IntoIterator<Item = Anchor>) -> Self {
        let anchors = anchors.into_iter().filter(|anchor| anchor.entries > 0).collect();
        Self { anchors, ..Self::default() }
    }

    /// The chain with a hash that some entry of it must have.
    #[must_use]
    pub fn seeking(mut self, head: Hash) -> Self {
        // Of a journal without entries; whatever came later fits it.
        self.sought = Some(head).filter(|head| *head != Hash::default());
        self
    }

    /// Judges the next entry; `false` when the chain is broken: further ones change nothing.
    pub fn push(&mut self, entry: &Entry) -> bool {
        if self.broken.is_none() {
            self.broken = self.judge(entry);
            if self.broken.is_none() {
                self.good = entry.anchor();
                self.sought = self.sought.filter(|head| *head != entry.hash);
            }
        }
        self.broken.is_none()
    }

    /// The next entry is there under this number, but is nothing that an entry can be.
    pub fn push_unreadable(&mut self, seq: u64) {
        if self.broken.is_none() {
            self.broken = self.judge_number(seq).or(Some(Break::Altered { seq }));
        }
    }

    fn judge_number(&self, seq: u64) -> Option<Break> {
        let expected = self.good.entries.saturating_add(1);
        if seq > expected {
            return Some(Break::Missing { from: expected, to: seq - 1 });
        }
        (seq < expected).then_some(Break::OutOfOrder { seq, expected })
    }

    fn judge(&self, entry: &Entry) -> Option<Break> {
        if let Some(wrong) = self.judge_number(entry.seq) {
            return Some(wrong);
        }
        if entry.hash != entry.computed_hash() {
            return Some(Break::Altered { seq: entry.seq });
        }
        if entry.prev != self.good.head {
            return Some(Break::Replaced { seq: self.good.entries });
        }
        self.anchors
            .iter()
            .any(|anchor| anchor.entries == entry.seq && anchor.head != entry.hash)
            .then_some(Break::Rewritten { seq: entry.seq })
    }

    /// The result, when there are no more entries.
    pub fn finish(self) -> Report {
        let furthest = self.anchors.iter().map(|anchor| anchor.entries).max().unwrap_or_default();
        let broken = self.broken.or_else(|| {
            (furthest > self.good.entries)
                .then(|| Break::Truncated { from: self.good.entries.saturating_add(1), to: furthest })
        });
        let broken = broken.or_else(|| self.sought.map(|_| Break::Unknown { entries: self.good.entries }));
        Report { good: self.good, broken }
    }
}

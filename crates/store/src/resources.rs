//! Objects as they were last seen.

use std::collections::BTreeSet;

use haechi_model::ResourceRef;

use crate::StoreError;

/// An object as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenResource {
    /// Which object; kind, namespace and name are its identity within the cluster.
    pub resource: ResourceRef,
    /// Digest of what the caller takes for its content.
    pub digest: [u8; 32],
    /// The object itself, if it is to be kept; without values of secrets.
    pub body: Option<Vec<u8>>,
}

/// Objects that were read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRun {
    /// The cluster.
    pub cluster: String,
    /// When reading began, in microseconds since 1970.
    pub at_us: i64,
    /// Kinds that were listed as a whole: what of them is not among `resources` is gone.
    pub whole_kinds: BTreeSet<String>,
    /// What was seen.
    pub resources: Vec<SeenResource>,
}

/// What a run has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResourceChanges {
    /// Objects that are new, or came back.
    pub new: u64,
    /// Objects with another digest.
    pub changed: u64,
    /// Objects that are gone.
    pub gone: u64,
    /// Objects as they were.
    pub unchanged: u64,
}

/// An object that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResource {
    /// The cluster.
    pub cluster: String,
    /// What was seen last.
    pub seen: SeenResource,
    /// When it was first seen, in microseconds since 1970.
    pub first_seen_us: i64,
    /// When its digest last changed.
    pub changed_us: i64,
    /// When it was last seen.
    pub last_seen_us: i64,
    /// When it was found to be gone.
    pub gone_us: Option<i64>,
}

/// Which objects to list, by cluster, kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceQuery {
    /// Only of this cluster.
    pub cluster: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only in this namespace.
    pub namespace: Option<String>,
    /// Only of this name.
    pub name: Option<String>,
    /// Those that are gone as well.
    pub with_gone: bool,
    /// Go on behind this one, the last of the page before: its cluster, kind, namespace (empty if none) and name.
    pub after: Option<(String, String, String, String)>,
    /// At most so many, and at most 10,000.
    pub limit: u32,
}

/// Keeps snapshots of objects.
pub trait ResourceStore {
    /// Brings the objects of a cluster up to date.
    ///
    /// # Errors
    /// When one is beyond the bounds, or it could not be committed; then nothing has changed.
    fn put_resources(&self, run: ResourceRun) -> Result<ResourceChanges, StoreError>;

    /// Objects as they were last seen; fewer than asked for when their bodies are large, none only when there are no more.
    ///
    /// # Errors
    /// When they cannot be read, or not be decrypted.
    fn resources(&self, query: &ResourceQuery) -> Result<Vec<StoredResource>, StoreError>;
}

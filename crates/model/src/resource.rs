use std::fmt;

use serde::{Deserialize, Serialize};

/// Which Kubernetes object something is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ResourceRef {
    /// `apiVersion` as written, for instance `apps/v1`.
    pub api_version: String,
    /// `kind` as written.
    pub kind: String,
    /// `metadata.namespace`, if the object names one.
    pub namespace: Option<String>,
    /// `metadata.name`; for an object with `generateName`, that prefix followed by `*`; empty when it has neither.
    pub name: String,
}

impl fmt::Display for ResourceRef {
    /// `Kind namespace/name`, or `Kind name` where no namespace is given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {}/{}", self.kind, namespace, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

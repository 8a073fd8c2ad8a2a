//! How manifests are written.

pub(crate) mod deprecated_api_version;
pub(crate) mod duplicate_yaml_key;
pub(crate) mod unknown_kind;
pub(crate) mod unsorted_keys;

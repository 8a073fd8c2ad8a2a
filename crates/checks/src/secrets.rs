//! Where credentials are kept.

pub(crate) mod cluster_secret_store_open;
mod credential;
pub(crate) mod credential_in_config_map;
pub(crate) mod credential_in_environment;
pub(crate) mod encryption_configuration_weak;
pub(crate) mod external_secret_not_refreshed;
pub(crate) mod external_secret_store_unused;
pub(crate) mod mounted_claim;
pub(crate) mod mounted_config_map;
pub(crate) mod mounted_secret;
pub(crate) mod private_key_in_plain_text;
pub(crate) mod secret_in_environment;
pub(crate) mod secret_in_manifest;
pub(crate) mod secret_store_static_credentials;
pub(crate) mod secret_type_mismatch;

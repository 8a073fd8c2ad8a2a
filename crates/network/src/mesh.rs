//! Istio: who may call a workload, and whether the call is encrypted.

pub mod authz;
pub mod mtls;
pub(crate) mod reach;
pub mod sidecar;

pub use authz::{Attributes, AuthorizationPolicy, Authorizer, Decision, Field, Maybe, TrustDomains};
pub use mtls::{ClientTls, Encryption, MeshSecurity, MtlsMode};

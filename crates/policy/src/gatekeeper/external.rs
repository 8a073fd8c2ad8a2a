//! External data: what policies ask of providers outside of the cluster's objects.

use std::fmt;

use serde_json::Value as Json;

/// Whoever asks providers. The engine asks nobody by itself; without one of these a policy that asks is an error.
pub trait ExternalData: fmt::Debug + Send + Sync {
    /// Asks a provider about keys. How long that may take is for the implementation to bound.
    ///
    /// # Errors
    /// Nobody answered: the policy that asked becomes an error with this text.
    fn ask(&self, provider: &str, keys: &[&str]) -> Result<ExternalAnswer, String>;
}

/// What a provider answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExternalAnswer {
    /// Keys with their values.
    pub responses: Vec<(String, Json)>,
    /// Keys that the provider could not answer, and why.
    pub errors: Vec<(String, String)>,
    /// What was wrong with the provider as a whole; empty for nothing.
    pub system_error: String,
    /// The status of the answer: 200 where it is one.
    pub status_code: i64,
}

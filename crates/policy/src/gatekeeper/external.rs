//! External data: what policies ask of providers outside of the cluster's objects.

use std::fmt;

use serde_json::Value as Json;

use crate::mistake::{Mistake, mistake};

/// Whoever asks providers. The engine asks nobody by itself; without one of these a policy that asks is an error.
pub trait ExternalData: fmt::Debug + Send + Sync {
    /// Asks a provider about keys. How long that may take is for the implementation to bound.
    ///
    /// # Errors
    /// Nobody answered: the policy that asked becomes an error that says why.
    fn ask(&self, provider: &str, keys: &[&str]) -> Result<ExternalAnswer, ExternalError>;
}

/// Why a provider gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExternalError {
    /// Nobody is asked.
    Off,
    /// So many keys cannot be asked about at once.
    TooManyKeys,
    /// No answers of this provider are recorded.
    NotRecorded,
    /// None about this key is.
    KeyNotRecorded(String),
    /// There is no Provider of that name.
    NoProvider,
    /// The Provider itself is wrong, in this way.
    Provider(String),
    /// It could not be reached, for this reason.
    Unreachable(String),
    /// It answered with a status that is none of success.
    Status(u16),
    /// Its answer is too long or breaks off.
    CutOff,
    /// Its answer is no JSON, for this reason.
    Unreadable(String),
    /// Its answer is of this kind.
    Kind(String),
}

impl ExternalError {
    pub(crate) fn mistake(&self) -> Mistake {
        match self {
            ExternalError::Off => mistake!("provider-off", "external data is switched off"),
            ExternalError::TooManyKeys => mistake!("provider-keys", "too many keys at once"),
            ExternalError::NotRecorded => {
                mistake!("provider-not-recorded", "no answers of this provider are recorded")
            }
            ExternalError::KeyNotRecorded(key) => {
                mistake!("provider-key-not-recorded", "no answer about `{key}` is recorded", key = key)
            }
            ExternalError::NoProvider => {
                mistake!("provider-none", "there is no Provider of this name among the policies")
            }
            ExternalError::Provider(why) => why.as_str().into(),
            ExternalError::Unreachable(why) => {
                mistake!("provider-unreachable", "it cannot be reached: {why}", why = why)
            }
            ExternalError::Status(status) => {
                mistake!("provider-status", "it answers with status {status}", status = status)
            }
            ExternalError::CutOff => {
                mistake!("provider-cut-off", "its answer is too long or breaks off")
            }
            ExternalError::Unreadable(why) => {
                mistake!("provider-unreadable", "its answer cannot be read: {why}", why = why)
            }
            ExternalError::Kind(kind) => mistake!(
                "provider-kind",
                "it answers with `{kind}` and not with a `ProviderResponse`",
                kind = kind,
            ),
        }
    }
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

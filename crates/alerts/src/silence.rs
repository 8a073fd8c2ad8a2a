//! What nobody is to be told for a while.

use crate::Alert;
use crate::matching::{Matchers, MatchersText};

/// A silence. It ends by itself.
#[derive(Debug, Clone)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub matchers: Matchers,
    /// From when it counts, in microseconds since 1970.
    pub starts_us: i64,
    /// Until when it counts.
    pub ends_us: i64,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub reason: String,
}

/// Why a silence cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// It would silence everything.
    #[error(
        "a silence without any condition would silence every alert: name a severity, source, namespace, rule …"
    )]
    Everything,
    /// It never counts.
    #[error("the silence ends before it begins")]
    Never,
    /// Nobody can tell why it is there.
    #[error("a silence needs somebody who made it and a reason")]
    NoReason,
    /// A condition cannot be read.
    #[error("`{key}`: {detail}")]
    Condition {
        /// The key of the condition.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// It is not JSON of the form that silences have.
    #[error("the condition of the silence cannot be read: {0}")]
    Form(String),
}

impl Silence {
    /// Checks a silence.
    ///
    /// # Errors
    /// See [`SilenceError`].
    pub fn new(
        id: &str,
        conditions: &MatchersText,
        (starts_us, ends_us): (i64, i64),
        created_by: &str,
        reason: &str,
    ) -> Result<Self, SilenceError> {
        if conditions.is_empty() {
            return Err(SilenceError::Everything);
        }
        if ends_us <= starts_us {
            return Err(SilenceError::Never);
        }
        if created_by.trim().is_empty() || reason.trim().is_empty() {
            return Err(SilenceError::NoReason);
        }
        let matchers = conditions.read().map_err(|(key, detail)| SilenceError::Condition { key, detail })?;
        Ok(Self {
            id: id.to_owned(),
            matchers,
            starts_us,
            ends_us,
            created_by: created_by.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Reads conditions from the JSON text in which they are stored.
    ///
    /// # Errors
    /// When it has another form.
    pub fn conditions(json: &str) -> Result<MatchersText, SilenceError> {
        serde_json::from_str(json).map_err(|error| SilenceError::Form(error.to_string()))
    }

    /// Whether an alert is silenced at a time.
    pub fn covers(&self, alert: &Alert, now_us: i64) -> bool {
        self.starts_us <= now_us && now_us < self.ends_us && self.matchers.is_match(alert, now_us)
    }
}

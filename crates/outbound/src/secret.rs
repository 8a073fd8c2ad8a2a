//! What nobody but the service may read.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use zeroize::Zeroizing;

/// Where a secret is kept. It is read when it is needed, so that a rotated one counts at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// In a file; white space around it does not count.
    File(PathBuf),
    /// In an environment variable of that name.
    Env(String),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file `{}`", path.display()),
            Self::Env(name) => write!(f, "environment variable `{name}`"),
        }
    }
}

/// A secret that was read. It is never shown and wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why a secret is not there.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file or variable cannot be read.
    #[error("cannot read the {secret} from {from}: {detail}")]
    Unreadable {
        /// Which secret: the key of the configuration.
        secret: &'static str,
        /// Where it should be.
        from: SecretSource,
        /// What the system said.
        detail: String,
    },
    /// There is nothing in it, or what no header and no address may hold.
    #[error("the {secret} from {from} is empty or has control characters in it")]
    Unusable {
        /// Which secret.
        secret: &'static str,
        /// Where it stands.
        from: SecretSource,
    },
}

/// Reads secrets from where they are kept: files and the environment at the edge, a table in tests.
pub trait Secrets {
    /// The text at a place.
    ///
    /// # Errors
    /// What the system says; never the text.
    fn read(&self, from: &SecretSource) -> Result<String, String>;
}

/// The secret at a place, checked.
///
/// # Errors
/// When it cannot be read, or is nothing that can be sent.
pub fn resolve(
    secrets: &dyn Secrets,
    secret: &'static str,
    from: &SecretSource,
) -> Result<Secret, SecretError> {
    let text = secrets.read(from).map(Zeroizing::new).map_err(|detail| SecretError::Unreadable {
        secret,
        from: from.clone(),
        detail,
    })?;
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.chars().any(char::is_control) {
        return Err(SecretError::Unusable { secret, from: from.clone() });
    }
    Ok(Secret::new(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static str);

    impl Secrets for Fixed {
        fn read(&self, _: &SecretSource) -> Result<String, String> {
            Ok(self.0.to_owned())
        }
    }

    #[test]
    fn a_secret_never_shows_itself() {
        let from = SecretSource::Env("TOKEN".into());
        let secret = resolve(&Fixed("hunter2\n"), "token", &from).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        let error = resolve(&Fixed("hunter2\nX-Evil: 1"), "token", &from).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        assert!(resolve(&Fixed(" \n"), "token", &from).is_err());
    }
}

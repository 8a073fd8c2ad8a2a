use std::io::{self, Write};

use age::Encryptor;
use age::x25519::Recipient;

use super::{Anchor, JournalStore};

/// Why a journal could not be exported for its recipients.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nobody could read it.
    #[error("nobody is named who may read the journal: name at least one age recipient (`age1…`)")]
    Nobody,
    /// The text is no recipient.
    #[error("`{given}` is no age recipient ({detail}): `age-keygen -y` prints one, it begins with `age1`")]
    Recipient {
        /// What was given.
        given: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The header could not be made.
    #[error("cannot encrypt the journal ({0})")]
    Encrypt(String),
    /// The journal could not be read, or the result not be written.
    #[error("cannot export the journal")]
    Io(#[from] io::Error),
}

/// Writes the journal as [`JournalStore::export_journal`] does, encrypted for recipients (`age1…`) in the format of age: each of
/// them reads it with `age --decrypt`, nobody else does.
///
/// # Errors
/// See [`ExportError`]; what was written until then is to be thrown away.
pub fn export_encrypted(
    store: &dyn JournalStore,
    recipients: &[String],
    to: &mut dyn Write,
) -> Result<Anchor, ExportError> {
    if recipients.is_empty() {
        return Err(ExportError::Nobody);
    }
    let mut parsed = Vec::new();
    for given in recipients {
        let recipient = given.parse::<Recipient>();
        parsed.push(recipient.map_err(|detail| ExportError::Recipient { given: given.clone(), detail })?);
    }
    let recipients = parsed.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor =
        Encryptor::with_recipients(recipients).map_err(|error| ExportError::Encrypt(error.to_string()))?;
    let mut writer = encryptor.wrap_output(to)?;
    let anchor = store.export_journal(&mut writer)?;
    // Without this the end would be missing, which whoever decrypts it is told.
    writer.finish()?;
    Ok(anchor)
}

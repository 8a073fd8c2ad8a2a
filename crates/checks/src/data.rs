//! What holds data, and what guards it.

pub(crate) mod claims_without_backup;
pub(crate) mod personal_data_unguarded;

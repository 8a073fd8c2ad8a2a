//! What SQLite's errors mean to a caller.

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match &error {
            Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Self::Full { detail },
                // A lock that was not got in time; a reader's snapshot that is too old is tried again as well.
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly { detail },
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed => Self::Io { detail },
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt { detail },
                _ => Self::Internal { detail },
            },
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::InvalidColumnType(..) => Self::Corrupt { detail },
            _ => Self::Internal { detail },
        }
    }
}

impl StoreError {
    /// Whether the transaction cannot go on after it; the others are refusals of one call.
    pub(crate) const fn breaks_transaction(&self) -> bool {
        matches!(
            self,
            Self::Full { .. }
                | Self::Io { .. }
                | Self::ReadOnly { .. }
                | Self::Corrupt { .. }
                | Self::Busy
                | Self::Internal { .. }
        )
    }
}

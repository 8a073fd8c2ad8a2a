//! The schema, as the steps that lead to it.
//!
//! A step is never changed once it is released; a change is a new step. Each runs in a transaction of its own together with the
//! new `user_version`.

use std::path::Path;

use rusqlite::Connection;

use crate::{OpenError, StoreError};

/// `Haec` in ASCII.
const APPLICATION_ID: i64 = 0x4861_6563;

/// The steps; the version of the schema is how many were taken.
const STEPS: &[&str] = &[
    include_str!("schema/0001_events_journal_accounts.sql"),
    include_str!("schema/0002_findings_incidents_alerts.sql"),
];

/// Brings the database up to date, or refuses it.
pub(crate) fn migrate(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    migrate_by(STEPS, connection, path)
}

fn migrate_by(steps: &[&str], connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source: StoreError| OpenError::Database { path: path.to_owned(), source };
    let sql_failed = |error: rusqlite::Error| failed(error.into());
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(sql_failed)?;
    let mut version = pragma("user_version").map_err(sql_failed)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql_failed)?;
    let is_new = application == 0 && version == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned(), found: application });
    }
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if version > known || version < 0 {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known });
    }
    for step in steps.iter().skip(usize::try_from(version).unwrap_or_default()) {
        version += 1;
        let step = format!(
            "BEGIN IMMEDIATE; {step}; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={version}; COMMIT;"
        );
        if let Err(error) = connection.execute_batch(&step) {
            // The step's error counts, not that of taking it back.
            let _ = connection.execute_batch("ROLLBACK");
            return Err(sql_failed(error));
        }
    }
    Ok(())
}

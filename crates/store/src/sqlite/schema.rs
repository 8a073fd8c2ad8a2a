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
    include_str!("schema/0003_detections_alerted.sql"),
    include_str!("schema/0004_incidents_by_what_they_concern.sql"),
    include_str!("schema/0005_incidents_that_follow.sql"),
];

/// Brings the database up to date, or refuses it.
pub(crate) fn migrate(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    migrate_by(STEPS, connection, path)
}

/// Refuses what is no store, or a newer one.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let version = version(STEPS, connection, path)?;
    if version == 0 {
        return Err(OpenError::Foreign { path: path.to_owned(), found: 0 });
    }
    Ok(())
}

fn failed(path: &Path, error: rusqlite::Error) -> OpenError {
    OpenError::Database { path: path.to_owned(), source: StoreError::from(error) }
}

/// The version of the schema; 0 for an empty database.
fn version(steps: &[&str], connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let number = |sql: &str| {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| failed(path, error))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let is_new = application == 0 && version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned(), found: application });
    }
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if version > known || version < 0 {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known });
    }
    Ok(version)
}

fn migrate_by(steps: &[&str], connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let mut version = version(steps, connection, path)?;
    for step in steps.iter().skip(usize::try_from(version).unwrap_or_default()) {
        version += 1;
        let step = format!(
            "BEGIN IMMEDIATE; {step}; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={version}; COMMIT;"
        );
        if let Err(error) = connection.execute_batch(&step) {
            // The step's error counts, not that of taking it back.
            let _ = connection.execute_batch("ROLLBACK");
            return Err(failed(path, error));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// How the newest schema answers a query, step by step.
    pub(crate) fn plan(sql: &str) -> String {
        let connection = database();
        migrate(&connection, Path::new(NO_PATH)).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    }

    fn database() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    fn number(connection: &Connection, sql: &str) -> i64 {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    const NO_PATH: &str = "store-1.db";

    #[test]
    fn steps_are_taken_once_and_in_order() {
        let connection = database();
        let steps = ["CREATE TABLE a (x)", "INSERT INTO a VALUES (1)", "UPDATE a SET x = x * 10"];
        migrate_by(&steps[..2], &connection, Path::new(NO_PATH)).unwrap();
        migrate_by(&steps, &connection, Path::new(NO_PATH)).unwrap();
        migrate_by(&steps, &connection, Path::new(NO_PATH)).unwrap();
        assert_eq!(number(&connection, "SELECT x FROM a"), 10);
        assert_eq!(number(&connection, "PRAGMA user_version"), 3);
    }

    #[test]
    fn a_step_that_fails_leaves_the_schema_as_it_was() {
        let connection = database();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO missing VALUES (1)"];
        assert!(migrate_by(&steps, &connection, Path::new(NO_PATH)).is_err());
        assert_eq!(number(&connection, "PRAGMA user_version"), 1);
        assert_eq!(number(&connection, "SELECT count(*) FROM sqlite_schema"), 1);
    }

    #[test]
    fn a_newer_schema_and_a_foreign_database_are_refused() {
        let connection = database();
        migrate(&connection, Path::new(NO_PATH)).unwrap();
        connection.execute_batch("PRAGMA user_version=99").unwrap();
        let error = migrate(&connection, Path::new(NO_PATH)).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
        let foreign = database();
        foreign.execute_batch("CREATE TABLE a (x)").unwrap();
        assert!(matches!(migrate(&foreign, Path::new(NO_PATH)), Err(OpenError::Foreign { .. })));
    }

    #[test]
    fn detections_of_an_older_store_are_kept_and_not_alerted_of_late() {
        let connection = database();
        migrate_by(&STEPS[..2], &connection, Path::new(NO_PATH)).unwrap();
        let old = "INSERT INTO detections (id, cluster, rule, source, priority, time_us, body)
                   VALUES ('old', 'prod', 'r', 'k8s_audit', 2, 1, '{}')";
        connection.execute_batch(old).unwrap();
        migrate(&connection, Path::new(NO_PATH)).unwrap();
        assert_eq!(number(&connection, "SELECT is_alerted FROM detections WHERE id = 'old'"), 1);
        connection.execute_batch(&old.replace("'old'", "'new'")).unwrap();
        assert_eq!(number(&connection, "SELECT is_alerted FROM detections WHERE id = 'new'"), 0);
    }

    #[test]
    fn detections_of_an_older_store_make_no_incidents_of_late() {
        let connection = database();
        migrate_by(&STEPS[..3], &connection, Path::new(NO_PATH)).unwrap();
        let old = "INSERT INTO detections (id, cluster, rule, source, priority, time_us, body)
                   VALUES ('old', 'prod', 'r', 'k8s_audit', 2, 1, '{}')";
        connection.execute_batch(old).unwrap();
        migrate(&connection, Path::new(NO_PATH)).unwrap();
        connection.execute_batch(&old.replace("'old'", "'new'")).unwrap();
        assert_eq!(number(&connection, "SELECT count(*) FROM detections WHERE is_grouped = 0"), 1);
    }

    #[test]
    fn every_step_leads_to_a_schema_without_dangling_references() {
        let connection = database();
        for taken in 1..=STEPS.len() {
            migrate_by(&STEPS[..taken], &connection, Path::new(NO_PATH)).unwrap();
            let mut check = connection.prepare("PRAGMA foreign_key_check").unwrap();
            assert!(!check.exists([]).unwrap());
        }
    }
}

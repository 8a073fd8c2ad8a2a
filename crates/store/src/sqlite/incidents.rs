use haechi_model::{Fingerprint, Severity};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{
    MAX_PAGE, check_body, check_items, check_lengths, missing, only, parsed, place_of, placed, unless_taken,
};
use crate::StoreError;
use crate::incidents::{Incident, IncidentQuery, IncidentState, IncidentStore, IncidentUpdate};
use crate::journal::Act;

const COLUMNS: &str = "id, group_key, cluster, severity, title, state, opened_us, updated_us, closed_us, notes, \
                       (SELECT count(*) FROM detections WHERE incident = incidents.id)";

fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get(0)?,
        group: row.get(1)?,
        cluster: row.get(2)?,
        severity: placed(row, 3, &Severity::ALL)?,
        title: row.get(4)?,
        state: parsed(row, 5)?,
        opened_us: row.get(6)?,
        updated_us: row.get(7)?,
        closed_us: row.get(8)?,
        notes: row.get(9)?,
        detections: row.get(10)?,
    })
}

fn find(connection: &Connection, id: &str) -> Result<Option<Incident>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM incidents WHERE id = ?1"))?;
    Ok(statement.query_row([id], incident).optional()?)
}

/// The incident of the group that is not closed, or a new one; and whether it is new.
fn open(connection: &Connection, update: &IncidentUpdate) -> Result<(String, bool), StoreError> {
    let known: Option<String> = connection
        .prepare_cached("SELECT id FROM incidents WHERE group_key = ?1 AND state <> 'closed'")?
        .query_row([&update.group], |row| row.get(0))
        .optional()?;
    let severity = place_of(&update.severity, &Severity::ALL);
    if let Some(id) = known {
        connection
            .prepare_cached(
                "UPDATE incidents SET severity = max(severity, ?2), updated_us = max(updated_us, ?3),
                 opened_us = min(opened_us, ?3) WHERE id = ?1",
            )?
            .execute(params![id, severity, update.time_us])?;
        return Ok((id, false));
    }
    let inserted = connection
        .prepare_cached(
            "INSERT INTO incidents (id, group_key, cluster, severity, title, state, opened_us, updated_us)
             VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?6)",
        )?
        .execute(params![
            update.new_id,
            update.group,
            update.cluster,
            severity,
            update.title,
            update.time_us
        ]);
    unless_taken(inserted, "incident", &update.new_id)?;
    Ok((update.new_id.clone(), true))
}

fn link(connection: &Connection, id: &str, update: &IncidentUpdate) -> Result<(), StoreError> {
    for detection in &update.detections {
        let linked = connection
            .prepare_cached("UPDATE detections SET incident = coalesce(incident, ?2) WHERE id = ?1")?
            .execute([detection, id])?;
        if linked == 0 {
            return Err(missing("detection", detection));
        }
    }
    for finding in &update.findings {
        let linked = connection
            .prepare_cached(
                "INSERT OR REPLACE INTO incident_findings (incident, cluster, fingerprint)
                 SELECT ?1, cluster, fingerprint FROM findings WHERE cluster = ?2 AND fingerprint = ?3",
            )?
            .execute(params![id, update.cluster, finding.0])?;
        if linked == 0 {
            return Err(missing("finding", &finding.to_string()));
        }
    }
    Ok(())
}

impl IncidentStore for SqliteStore {
    fn put_incident(&self, update: IncidentUpdate, act: Act) -> Result<(String, bool), StoreError> {
        check_lengths(&[
            ("group of the incident", &update.group),
            ("id of the incident", &update.new_id),
            ("cluster", &update.cluster),
            ("title of the incident", &update.title),
        ])?;
        check_items("detections", update.detections.len())?;
        check_items("findings", update.findings.len())?;
        self.write(move |tx| {
            let (id, is_new) = open(tx.connection, &update)?;
            link(tx.connection, &id, &update)?;
            if is_new {
                tx.journal(&act)?;
            }
            Ok((id, is_new))
        })
    }

    fn move_incident(&self, id: &str, to: IncidentState, now_us: i64, act: Act) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| {
            let before = find(tx.connection, &id)?.ok_or_else(|| missing("incident", &id))?;
            if !before.state.may_become(to) {
                let detail = format!("it cannot become {to}");
                let state = before.state.as_str();
                return Err(StoreError::Refused { what: "incident", id: id.clone(), state, detail });
            }
            let closed_us = (to == IncidentState::Closed).then_some(now_us);
            tx.connection
                .prepare_cached(
                    "UPDATE incidents SET state = ?2, updated_us = ?3, closed_us = ?4 WHERE id = ?1",
                )?
                .execute(params![id, to.as_str(), now_us, closed_us])?;
            tx.journal(&act).map(|_| ())
        })
    }

    fn set_incident_notes(&self, id: &str, notes: &str, now_us: i64, act: Act) -> Result<(), StoreError> {
        check_body("notes of the incident", notes.as_bytes())?;
        let (id, notes) = (id.to_owned(), notes.to_owned());
        self.write(move |tx| {
            let updated = tx
                .connection
                .prepare_cached("UPDATE incidents SET notes = ?2, updated_us = ?3 WHERE id = ?1")?
                .execute(params![id, notes, now_us])?;
            if updated == 0 {
                return Err(missing("incident", &id));
            }
            tx.journal(&act).map(|_| ())
        })
    }

    fn incident(&self, id: &str) -> Result<Option<Incident>, StoreError> {
        self.readers.read(|transaction| find(transaction, id))
    }

    fn incident_findings(&self, id: &str) -> Result<Vec<Fingerprint>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT fingerprint FROM incident_findings WHERE incident = ?1 ORDER BY fingerprint",
            )?;
            let rows = statement.query_map([id], |row| Ok(Fingerprint(row.get(0)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, StoreError> {
        self.readers.read(|transaction| {
            let behind = match query.after {
                Some(_) => "(updated_us < ?4 OR (updated_us = ?4 AND id > ?5))",
                None => "?4 IS NULL AND ?5 IS NULL",
            };
            let cluster = only("cluster", 1, query.cluster.is_some());
            let state = only("state", 2, query.state.is_some());
            let sql = format!(
                "SELECT {COLUMNS} FROM incidents
                 WHERE {cluster} AND {state}
                 AND {behind} ORDER BY updated_us DESC, id LIMIT ?3"
            );
            let mut statement = transaction.prepare_cached(&sql)?;
            let rows = statement.query_map(
                params![
                    query.cluster,
                    query.state.map(IncidentState::as_str),
                    query.limit.min(MAX_PAGE),
                    query.after.as_ref().map(|(updated_us, _)| updated_us),
                    query.after.as_ref().map(|(_, id)| id)
                ],
                incident,
            )?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

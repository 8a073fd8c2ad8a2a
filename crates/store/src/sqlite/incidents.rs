use std::collections::BTreeMap;

use haechi_model::{Fingerprint, Severity};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{
    MAX_PAGE, check_body, check_items, check_lengths, missing, only, parsed, place_of, placed, unless_taken,
};
use crate::StoreError;
use crate::incidents::{
    Incident, IncidentMove, IncidentQuery, IncidentState, IncidentStore, IncidentUpdate, KnownIncident,
    SeenKey,
};
use crate::journal::Act;

const COLUMNS: &str = "id, group_key, cluster, severity, title, state, opened_us, last_us, updated_us, \
                       acknowledged_us, acknowledged_by, closed_us, closed_by, notes, follows, \
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
        last_us: row.get(7)?,
        updated_us: row.get(8)?,
        acknowledged_us: row.get(9)?,
        acknowledged_by: row.get(10)?,
        closed_us: row.get(11)?,
        closed_by: row.get(12)?,
        notes: row.get(13)?,
        follows: row.get(14)?,
        detections: row.get(15)?,
    })
}

fn find(connection: &Connection, id: &str) -> Result<Option<Incident>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM incidents WHERE id = ?1"))?;
    Ok(statement.query_row([id], incident).optional()?)
}

/// Opens the incident if there is none; whether it is new.
fn open(connection: &Connection, update: &IncidentUpdate) -> Result<bool, StoreError> {
    let severity = place_of(&update.severity, &Severity::ALL);
    if let Some(known) = find(connection, &update.id)? {
        if known.state == IncidentState::Closed {
            let (id, state) = (update.id.clone(), known.state.as_str());
            let detail = "what happened since is another incident".to_owned();
            return Err(StoreError::Refused { what: "incident", id, state, detail });
        }
        if known.cluster != update.cluster {
            let detail = format!("incident `{}` is about another cluster", update.id);
            return Err(StoreError::Invalid { detail });
        }
        connection
            .prepare_cached(
                "UPDATE incidents SET severity = max(severity, ?2), opened_us = min(opened_us, ?3),
                 last_us = max(last_us, ?4), updated_us = max(updated_us, ?4) WHERE id = ?1",
            )?
            .execute(params![update.id, severity, update.first_us, update.last_us])?;
        return Ok(false);
    }
    let inserted = connection
        .prepare_cached(
            "INSERT INTO incidents (id, group_key, cluster, severity, title, state, opened_us, last_us, updated_us, follows)
             VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?7, ?7, ?8)",
        )?
        .execute(params![
            update.id,
            update.group,
            update.cluster,
            severity,
            update.title,
            update.first_us,
            update.last_us,
            former(connection, update)?
        ]);
    unless_taken(inserted, "incident", &update.id)?;
    Ok(true)
}

/// The incident that was last about one of the same, until the new one ends.
fn former(connection: &Connection, update: &IncidentUpdate) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT last_us, incident FROM incident_keys
         WHERE cluster = ?1 AND key = ?2 AND incident <> ?3 AND last_us >= ?4 AND first_us <= ?5
         ORDER BY last_us DESC, incident DESC LIMIT 1",
    )?;
    let since_us = update.first_us.saturating_sub(update.looks_back_us);
    let mut last: Option<(i64, String)> = None;
    for seen in &update.keys {
        let row = statement
            .query_row(params![update.cluster, seen.key, update.id, since_us, update.last_us], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        last = last.max(row);
    }
    Ok(last.map(|(_, id)| id))
}

fn keep_keys(connection: &Connection, update: &IncidentUpdate) -> Result<(), StoreError> {
    let mut keep = connection.prepare_cached(
        "INSERT INTO incident_keys (cluster, key, incident, first_us, last_us) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us)",
    )?;
    for seen in &update.keys {
        keep.execute(params![update.cluster, seen.key, update.id, seen.first_us, seen.last_us])?;
    }
    Ok(())
}

fn seen_key(row: &Row<'_>) -> rusqlite::Result<SeenKey> {
    Ok(SeenKey { key: row.get(0)?, first_us: row.get(1)?, last_us: row.get(2)? })
}

fn link(connection: &Connection, id: &str, update: &IncidentUpdate) -> Result<(), StoreError> {
    for detection in &update.detections {
        let linked = connection
            .prepare_cached(
                "UPDATE detections SET incident = coalesce(incident, ?2), is_grouped = 1 WHERE id = ?1",
            )?
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
    fn put_incident(&self, update: IncidentUpdate, act: Act) -> Result<bool, StoreError> {
        check_lengths(&[
            ("group of the incident", &update.group),
            ("id of the incident", &update.id),
            ("cluster", &update.cluster),
            ("title of the incident", &update.title),
        ])?;
        check_items("detections", update.detections.len())?;
        check_items("findings", update.findings.len())?;
        check_items("keys of the incident", update.keys.len())?;
        for seen in &update.keys {
            check_lengths(&[("key of the incident", &seen.key)])?;
        }
        self.write(move |tx| {
            let is_new = open(tx.connection, &update)?;
            link(tx.connection, &update.id, &update)?;
            keep_keys(tx.connection, &update)?;
            if is_new {
                tx.journal(&act)?;
            }
            Ok(is_new)
        })
    }

    fn incidents_about(
        &self,
        cluster: &str,
        keys: &[String],
        from_us: i64,
        to_us: i64,
    ) -> Result<Vec<KnownIncident>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT incident_keys.incident, incident_keys.first_us, incident_keys.last_us, opened_us, incidents.last_us
                 FROM incident_keys JOIN incidents ON incidents.id = incident_keys.incident
                 WHERE incident_keys.cluster = ?1 AND incident_keys.key = ?2 AND state <> 'closed'
                 AND incident_keys.last_us >= ?3 AND incident_keys.first_us <= ?4",
            )?;
            let mut known: BTreeMap<String, KnownIncident> = BTreeMap::new();
            for key in keys {
                let mut rows = statement.query(params![cluster, key, from_us, to_us])?;
                while let Some(row) = rows.next()? {
                    let id: String = row.get(0)?;
                    let (first_us, last_us) = (row.get(3)?, row.get(4)?);
                    let incident = known.entry(id.clone()).or_insert_with(|| KnownIncident {
                        id,
                        cluster: cluster.to_owned(),
                        first_us,
                        last_us,
                        keys: Vec::new(),
                    });
                    let seen = SeenKey { key: key.clone(), first_us: row.get(1)?, last_us: row.get(2)? };
                    incident.keys.push(seen);
                }
            }
            Ok(known.into_values().collect())
        })
    }

    fn move_incident(&self, change: IncidentMove, act: Act) -> Result<(), StoreError> {
        check_lengths(&[("who changes the incident", &change.by)])?;
        self.write(move |tx| {
            let IncidentMove { id, to, by, now_us, note } = &change;
            let before = find(tx.connection, id)?.ok_or_else(|| missing("incident", id))?;
            if !before.state.may_become(*to) {
                let detail = format!("it cannot become {to}");
                let state = before.state.as_str();
                return Err(StoreError::Refused { what: "incident", id: id.clone(), state, detail });
            }
            let notes = match (before.notes.as_str(), note.as_str()) {
                (notes, "") => notes.to_owned(),
                ("", note) => note.to_owned(),
                (notes, note) => [notes, note].join("\n"),
            };
            check_body("notes of the incident", notes.as_bytes())?;
            // Open again: whoever looked after it does so no longer.
            tx.connection
                .prepare_cached(
                    "UPDATE incidents SET state = ?2, updated_us = max(updated_us, ?3), notes = ?5,
                     closed_us = iif(?2 = 'closed', ?3, NULL), closed_by = iif(?2 = 'closed', ?4, NULL),
                     acknowledged_us = iif(?2 = 'open', NULL, iif(?2 = 'acknowledged', ?3, acknowledged_us)),
                     acknowledged_by = iif(?2 = 'open', NULL, iif(?2 = 'acknowledged', ?4, acknowledged_by))
                     WHERE id = ?1",
                )?
                .execute(params![id, to.as_str(), now_us, by, notes])?;
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

    fn incident_keys(&self, id: &str) -> Result<Vec<SeenKey>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT key, first_us, last_us FROM incident_keys WHERE incident = ?1 ORDER BY first_us, key",
            )?;
            let rows = statement.query_map([id], seen_key)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
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
            let closed = match query.is_closed {
                None => "true",
                Some(true) => "state = 'closed'",
                Some(false) => "state <> 'closed'",
            };
            let sql = format!(
                "SELECT {COLUMNS} FROM incidents
                 WHERE {cluster} AND {state} AND {closed} AND severity >= ?6
                 AND {behind} ORDER BY updated_us DESC, id LIMIT ?3"
            );
            let mut statement = transaction.prepare_cached(&sql)?;
            let rows = statement.query_map(
                params![
                    query.cluster,
                    query.state.map(IncidentState::as_str),
                    query.limit.min(MAX_PAGE),
                    query.after.as_ref().map(|(updated_us, _)| updated_us),
                    query.after.as_ref().map(|(_, id)| id),
                    query.at_least.map_or(Some(0), |least| place_of(&least, &Severity::ALL))
                ],
                incident,
            )?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

use haechi_model::Priority;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{MAX_PAGE, check_body, check_items, check_lengths, only, place_of, placed};
use crate::StoreError;
use crate::detections::{DetectionQuery, DetectionStore, NewDetection, StoredDetection};
use crate::events::{EventBatch, EventId, Stored};

const COLUMNS: &str = "id, cluster, rule, source, priority, time_us, event, incident, body";

fn detection(row: &Row<'_>) -> rusqlite::Result<StoredDetection> {
    Ok(StoredDetection {
        id: row.get(0)?,
        cluster: row.get(1)?,
        rule: row.get(2)?,
        source: row.get(3)?,
        priority: placed(row, 4, &Priority::ALL)?,
        time_us: row.get(5)?,
        event: row.get::<_, Option<i64>>(6)?.map(EventId),
        incident: row.get(7)?,
        body: row.get(8)?,
    })
}

fn check(detections: &[NewDetection]) -> Result<(), StoreError> {
    check_items("detections", detections.len())?;
    for detection in detections {
        check_lengths(&[
            ("id of the detection", &detection.id),
            ("cluster", &detection.cluster),
            ("rule", &detection.rule),
            ("source", &detection.source),
        ])?;
        check_body("detection", detection.body.as_bytes())?;
    }
    Ok(())
}

/// Stores what is new; tells of each whether it is.
pub(super) fn insert(connection: &Connection, detections: &[NewDetection]) -> Result<Vec<bool>, StoreError> {
    if detections.is_empty() {
        return Ok(Vec::new());
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO detections (id, cluster, rule, source, priority, time_us, event, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut news = Vec::with_capacity(detections.len());
    for new in detections {
        let event = match &new.event {
            Some((time_us, key)) => super::events::find(connection, *time_us, key)?,
            None => None,
        };
        let inserted = insert.execute(params![
            new.id,
            new.cluster,
            new.rule,
            new.source,
            place_of(&new.priority, &Priority::ALL),
            new.time_us,
            event.map(|id| id.0),
            new.body
        ])?;
        news.push(inserted == 1);
    }
    Ok(news)
}

fn page_sql(query: &DetectionQuery) -> String {
    let cluster = only("cluster", 1, query.cluster.is_some());
    let rule = only("rule", 2, query.rule.is_some());
    let incident = only("incident", 3, query.incident.is_some());
    let behind = match query.after {
        Some(_) => "(time_us < ?8 OR (time_us = ?8 AND id > ?9))",
        None => "?8 IS NULL AND ?9 IS NULL",
    };
    format!(
        "SELECT {COLUMNS} FROM detections
         WHERE {cluster} AND {rule} AND {incident} AND priority <= ?4 AND time_us >= ?5 AND time_us < ?6
         AND {behind} ORDER BY time_us DESC, id LIMIT ?7"
    )
}

impl DetectionStore for SqliteStore {
    fn put_detections(&self, detections: Vec<NewDetection>) -> Result<Stored, StoreError> {
        check(&detections)?;
        self.write(move |tx| {
            let news = insert(tx.connection, &detections)?;
            let stored = news.iter().filter(|is_new| **is_new).count() as u64;
            Ok(Stored { stored, duplicates: news.len() as u64 - stored })
        })
    }

    fn put_detected(
        &self,
        batch: EventBatch,
        detections: Vec<NewDetection>,
    ) -> Result<(Stored, Vec<bool>), StoreError> {
        super::events::check(&batch)?;
        check(&detections)?;
        self.writer.put_events(batch, detections).map(|done| (done.stored, done.news))
    }

    fn detection(&self, id: &str) -> Result<Option<StoredDetection>, StoreError> {
        self.readers.read(|transaction| {
            let query = format!("SELECT {COLUMNS} FROM detections WHERE id = ?1");
            Ok(transaction.prepare_cached(&query)?.query_row([id], detection).optional()?)
        })
    }

    fn detections(&self, query: &DetectionQuery) -> Result<Vec<StoredDetection>, StoreError> {
        self.readers.read(|transaction| {
            let sql = page_sql(query);
            let mut statement = transaction.prepare_cached(&sql)?;
            let rows = statement.query_map(
                params![
                    query.cluster,
                    query.rule,
                    query.incident,
                    query.at_least.map_or(Some(i64::MAX), |least| place_of(&least, &Priority::ALL)),
                    query.from_us.unwrap_or(i64::MIN),
                    query.to_us.unwrap_or(i64::MAX),
                    query.limit.min(MAX_PAGE),
                    query.after.as_ref().map(|(time_us, _)| time_us),
                    query.after.as_ref().map(|(_, id)| id)
                ],
                detection,
            )?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn unalerted(&self, limit: u32) -> Result<Vec<StoredDetection>, StoreError> {
        self.readers.read(|transaction| {
            let query = format!(
                "SELECT {COLUMNS} FROM detections WHERE is_alerted = 0 ORDER BY time_us, id LIMIT ?1"
            );
            let mut statement = transaction.prepare_cached(&query)?;
            let rows = statement.query_map([limit.min(MAX_PAGE)], detection)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn ungrouped(&self, limit: u32) -> Result<Vec<StoredDetection>, StoreError> {
        self.readers.read(|transaction| {
            let query = format!(
                "SELECT {COLUMNS} FROM detections WHERE is_grouped = 0 ORDER BY time_us, id LIMIT ?1"
            );
            let mut statement = transaction.prepare_cached(&query)?;
            let rows = statement.query_map([limit.min(MAX_PAGE)], detection)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::tests::plan;

    #[test]
    fn a_page_is_read_by_an_index() {
        let all = DetectionQuery::default();
        let after = DetectionQuery { after: Some((1, "d".into())), ..all.clone() };
        for query in [&all, &after] {
            let plan = plan(&page_sql(query));
            assert!(plan.contains("USING INDEX detections_order") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
        let plan = plan(&page_sql(&DetectionQuery { incident: Some("i".into()), ..all }));
        assert!(plan.contains("USING INDEX detections_incident"), "{plan}");
    }
}

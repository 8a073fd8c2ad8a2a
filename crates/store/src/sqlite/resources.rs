use haechi_model::ResourceRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{MAX_PAGE, check_items, check_lengths, only};
use super::writer::Tx;
use crate::StoreError;
use crate::events::MAX_BODY;
use crate::resources::{
    ResourceChanges, ResourceQuery, ResourceRun, ResourceStore, SeenResource, StoredResource,
};
use crate::seal::{self, Keys};

/// A page with bodies ends when it has so many bytes.
const PAGE_BYTES: usize = 16 << 20;

const COLUMNS: &str = "cluster, kind, namespace, name, api_version, digest, first_seen_us, changed_us, \
                       last_seen_us, gone_us, size, key_id, body";

/// What a body is bound to when it is encrypted.
fn bound(cluster: &str, kind: &str, namespace: &str, name: &str) -> Vec<u8> {
    let mut bound = Vec::new();
    for text in [cluster, kind, namespace, name] {
        bound.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bound.extend_from_slice(text.as_bytes());
    }
    bound
}

fn check(run: &ResourceRun) -> Result<(), StoreError> {
    check_items("objects", run.resources.len())?;
    check_lengths(&[("cluster", &run.cluster)])?;
    for seen in &run.resources {
        check_lengths(&[
            ("API version", &seen.resource.api_version),
            ("kind", &seen.resource.kind),
            ("namespace", seen.resource.namespace.as_deref().unwrap_or_default()),
            ("name", &seen.resource.name),
        ])?;
        let size = seen.body.as_ref().map_or(0, Vec::len);
        if size > MAX_BODY {
            return Err(StoreError::TooLarge { what: "object", size, limit: MAX_BODY });
        }
    }
    Ok(())
}

fn put(
    tx: &mut Tx<'_>,
    run: &ResourceRun,
    seen: &SeenResource,
    changes: &mut ResourceChanges,
) -> Result<(), StoreError> {
    let resource = &seen.resource;
    let namespace = resource.namespace.as_deref().unwrap_or_default();
    let identity = params![run.cluster, resource.kind, namespace, resource.name];
    let known = tx
        .connection
        .prepare_cached(
            "SELECT digest, gone_us, last_seen_us, body IS NOT NULL FROM resources
             WHERE cluster = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4",
        )?
        .query_row(identity, |row| {
            Ok((
                row.get::<_, [u8; 32]>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, bool>(3)?,
            ))
        })
        .optional()?;
    let is_changed = match known {
        // Of two runs that arrive in the wrong order the later one counts.
        Some((_, gone_us, last_seen_us, _)) if run.at_us < gone_us.unwrap_or(last_seen_us) => {
            changes.unchanged += 1;
            return Ok(());
        }
        Some((_, Some(_), ..)) | None => {
            changes.new += 1;
            true
        }
        Some((digest, None, _, _)) if digest != seen.digest => {
            changes.changed += 1;
            true
        }
        Some((_, None, _, has_body)) => {
            changes.unchanged += 1;
            has_body != seen.body.is_some()
        }
    };
    if !is_changed {
        tx.connection
            .prepare_cached(
                "UPDATE resources SET last_seen_us = ?5
                 WHERE cluster = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4",
            )?
            .execute(params![run.cluster, resource.kind, namespace, resource.name, run.at_us])?;
        return Ok(());
    }
    let sealed = match &seen.body {
        Some(body) => {
            let bound = bound(&run.cluster, &resource.kind, namespace, &resource.name);
            Some(tx.sealer.seal(body, &bound, tx.keys)?)
        }
        None => None,
    };
    let (key_id, body) = sealed.map(|sealed| (sealed.key_id, sealed.bytes)).unzip();
    tx.connection
        .prepare_cached(
            "INSERT INTO resources (cluster, kind, namespace, name, api_version, digest, first_seen_us, changed_us,
             last_seen_us, size, key_id, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8, ?9, ?10)
             ON CONFLICT DO UPDATE SET api_version = excluded.api_version,
             changed_us = iif(digest = excluded.digest AND gone_us IS NULL, changed_us, excluded.changed_us),
             digest = excluded.digest, last_seen_us = excluded.last_seen_us, gone_us = NULL, size = excluded.size,
             key_id = excluded.key_id, body = excluded.body",
        )?
        .execute(params![
            run.cluster,
            resource.kind,
            namespace,
            resource.name,
            resource.api_version,
            seen.digest,
            run.at_us,
            seen.body.as_ref().map(Vec::len),
            key_id.flatten(),
            body
        ])?;
    Ok(())
}

fn mark_gone(connection: &Connection, run: &ResourceRun) -> Result<u64, StoreError> {
    let mut gone = 0;
    for kind in &run.whole_kinds {
        gone += connection
            .prepare_cached(
                "UPDATE resources SET gone_us = ?3
                 WHERE cluster = ?1 AND kind = ?2 AND gone_us IS NULL AND last_seen_us < ?3",
            )?
            .execute(params![run.cluster, kind, run.at_us])?;
    }
    Ok(gone as u64)
}

fn resource(row: &Row<'_>, keys: &Keys) -> Result<StoredResource, StoreError> {
    let (cluster, kind, namespace, name): (String, String, String, String) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let size: Option<usize> = row.get(10)?;
    let body = match size {
        Some(size) if size > MAX_BODY => {
            return Err(StoreError::Corrupt { detail: format!("the body of {kind} `{name}` is too large") });
        }
        Some(size) => {
            let key_id: Option<String> = row.get(11)?;
            let sealed = row.get_ref(12)?.as_blob().map_err(|_| StoreError::Corrupt {
                detail: format!("the body of {kind} `{name}` is missing"),
            })?;
            let bound = bound(&cluster, &kind, &namespace, &name);
            Some(seal::open(sealed, key_id.as_deref(), &bound, size, keys)?)
        }
        None => None,
    };
    let namespace = (!namespace.is_empty()).then_some(namespace);
    let resource = ResourceRef { api_version: row.get(4)?, kind, namespace, name };
    Ok(StoredResource {
        cluster,
        seen: SeenResource { resource, digest: row.get(5)?, body },
        first_seen_us: row.get(6)?,
        changed_us: row.get(7)?,
        last_seen_us: row.get(8)?,
        gone_us: row.get(9)?,
    })
}

/// Opens the body that was kept last of those encrypted with a key; `None` if there is none.
pub(super) fn try_key(connection: &Connection, id: &str, keys: &Keys) -> Result<Option<()>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM resources WHERE key_id = ?1 ORDER BY changed_us DESC LIMIT 1");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    resource(row, keys).map(|_| Some(()))
}

fn page_sql(query: &ResourceQuery) -> String {
    let cluster = only("cluster", 1, query.cluster.is_some());
    let kind = only("kind", 2, query.kind.is_some());
    let namespace = only("namespace", 3, query.namespace.is_some());
    let name = only("name", 4, query.name.is_some());
    let behind = match query.after {
        Some(_) => "(cluster, kind, namespace, name) > (?7, ?8, ?9, ?10)",
        None => "?7 IS NULL AND ?8 IS NULL AND ?9 IS NULL AND ?10 IS NULL",
    };
    format!(
        "SELECT {COLUMNS} FROM resources
         WHERE {cluster} AND {kind} AND {namespace} AND {name} AND (?5 OR gone_us IS NULL)
         AND {behind} ORDER BY cluster, kind, namespace, name LIMIT ?6"
    )
}

impl ResourceStore for SqliteStore {
    fn put_resources(&self, run: ResourceRun) -> Result<ResourceChanges, StoreError> {
        check(&run)?;
        self.write(move |tx| {
            let mut changes = ResourceChanges::default();
            for seen in &run.resources {
                put(tx, &run, seen, &mut changes)?;
            }
            changes.gone = mark_gone(tx.connection, &run)?;
            Ok(changes)
        })
    }

    fn resources(&self, query: &ResourceQuery) -> Result<Vec<StoredResource>, StoreError> {
        self.readers.read(|transaction| {
            let sql = page_sql(query);
            let mut statement = transaction.prepare_cached(&sql)?;
            let after = query.after.as_ref();
            let mut rows = statement.query(params![
                query.cluster,
                query.kind,
                query.namespace,
                query.name,
                query.with_gone,
                query.limit.min(MAX_PAGE),
                after.map(|after| &after.0),
                after.map(|after| &after.1),
                after.map(|after| &after.2),
                after.map(|after| &after.3)
            ])?;
            let mut found = Vec::new();
            let mut bytes = 0;
            while let Some(row) = rows.next()? {
                let resource = resource(row, &self.keys)?;
                bytes += resource.seen.body.as_ref().map_or(0, Vec::len);
                found.push(resource);
                if bytes >= PAGE_BYTES {
                    break;
                }
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::tests::plan;

    #[test]
    fn a_page_is_read_by_the_identity() {
        let text = |text: &str| Some(text.to_owned());
        let query = ResourceQuery { cluster: text("prod"), kind: text("Pod"), ..ResourceQuery::default() };
        let plan = plan(&page_sql(&query));
        let key = "SEARCH resources USING PRIMARY KEY (cluster=? AND kind=?";
        assert!(plan.contains(key) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

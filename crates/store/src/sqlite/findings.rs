use std::collections::BTreeMap;

use haechi_model::{Fingerprint, ResourceRef, Severity};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::bounds::{MAX_PAGE, check_body, check_items, check_lengths, only, place_of, placed};
use crate::StoreError;
use crate::findings::{
    Coverage, FindingQuery, FindingStore, ScanChanges, ScanRun, SeenFinding, StoredFinding,
};

const COLUMNS: &str = "cluster, fingerprint, rule, severity, api_version, kind, namespace, name, body, \
                       first_seen_us, last_seen_us, fixed_us, reopened";

fn finding(row: &Row<'_>) -> rusqlite::Result<StoredFinding> {
    Ok(StoredFinding {
        cluster: row.get(0)?,
        finding: SeenFinding {
            fingerprint: Fingerprint(row.get(1)?),
            rule: row.get(2)?,
            severity: placed(row, 3, &Severity::ALL)?,
            resource: ResourceRef {
                api_version: row.get(4)?,
                kind: row.get(5)?,
                namespace: row.get(6)?,
                name: row.get(7)?,
            },
            body: row.get(8)?,
        },
        first_seen_us: row.get(9)?,
        last_seen_us: row.get(10)?,
        fixed_us: row.get(11)?,
        reopened: row.get(12)?,
    })
}

fn check(run: &ScanRun) -> Result<(), StoreError> {
    check_items("findings", run.findings.len())?;
    check_lengths(&[("cluster", &run.cluster)])?;
    for finding in &run.findings {
        check_lengths(&[
            ("rule", &finding.rule),
            ("API version", &finding.resource.api_version),
            ("kind", &finding.resource.kind),
            ("namespace", finding.resource.namespace.as_deref().unwrap_or_default()),
            ("name", &finding.resource.name),
        ])?;
        check_body("finding", finding.body.as_bytes())?;
    }
    Ok(())
}

/// What is known of a finding before a scan is put in.
struct Known {
    last_seen_us: i64,
    fixed_us: Option<i64>,
}

fn put(
    connection: &Connection,
    run: &ScanRun,
    seen: &SeenFinding,
    changes: &mut ScanChanges,
) -> Result<(), StoreError> {
    let known = connection
        .prepare_cached(
            "SELECT last_seen_us, fixed_us FROM findings WHERE cluster = ?1 AND fingerprint = ?2",
        )?
        .query_row(params![run.cluster, seen.fingerprint.0], |row| {
            Ok(Known { last_seen_us: row.get(0)?, fixed_us: row.get(1)? })
        })
        .optional()?;
    let severity = place_of(&seen.severity, &Severity::ALL);
    let Some(known) = known else {
        changes.new.push(seen.fingerprint);
        connection
            .prepare_cached(
                "INSERT INTO findings (cluster, fingerprint, rule, severity, api_version, kind, namespace, name,
                 body, first_seen_us, last_seen_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
            )?
            .execute(params![
                run.cluster,
                seen.fingerprint.0,
                seen.rule,
                severity,
                seen.resource.api_version,
                seen.resource.kind,
                seen.resource.namespace,
                seen.resource.name,
                seen.body,
                run.at_us
            ])?;
        return Ok(());
    };
    // Of two scans that arrive in the wrong order the later one counts, whatever the earlier one says.
    let is_reopened = known.fixed_us.is_some_and(|fixed| run.at_us > fixed);
    if run.at_us < known.last_seen_us || (known.fixed_us.is_some() && !is_reopened) {
        changes.unchanged += 1;
        connection
            .prepare_cached(
                "UPDATE findings SET first_seen_us = min(first_seen_us, ?3), last_seen_us = max(last_seen_us, ?3)
                 WHERE cluster = ?1 AND fingerprint = ?2",
            )?
            .execute(params![run.cluster, seen.fingerprint.0, run.at_us])?;
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE findings SET rule = ?3, severity = ?4, api_version = ?5, kind = ?6, namespace = ?7, name = ?8,
             body = ?9, last_seen_us = ?10, fixed_us = NULL, reopened = reopened + ?11
             WHERE cluster = ?1 AND fingerprint = ?2",
        )?
        .execute(params![
            run.cluster,
            seen.fingerprint.0,
            seen.rule,
            severity,
            seen.resource.api_version,
            seen.resource.kind,
            seen.resource.namespace,
            seen.resource.name,
            seen.body,
            run.at_us,
            is_reopened
        ])?;
    if is_reopened {
        changes.reopened.push(seen.fingerprint);
    } else {
        changes.unchanged += 1;
    }
    Ok(())
}

/// Marks what the run covered and did not see.
fn mark_fixed(
    connection: &Connection,
    run: &ScanRun,
    covered: &Coverage,
    changes: &mut ScanChanges,
) -> Result<(), StoreError> {
    let mut unseen = connection.prepare_cached(
        "SELECT fingerprint, rule, kind, namespace FROM findings
         WHERE cluster = ?1 AND fixed_us IS NULL AND last_seen_us < ?2",
    )?;
    let mut rows = unseen.query(params![run.cluster, run.at_us])?;
    while let Some(row) = rows.next()? {
        let (rule, kind, namespace): (String, String, Option<String>) =
            (row.get(1)?, row.get(2)?, row.get(3)?);
        if covered.covers(&rule, &kind, namespace.as_deref()) {
            changes.fixed.push(Fingerprint(row.get(0)?));
        }
    }
    let mut fix = connection
        .prepare_cached("UPDATE findings SET fixed_us = ?3 WHERE cluster = ?1 AND fingerprint = ?2")?;
    for fingerprint in &changes.fixed {
        fix.execute(params![run.cluster, fingerprint.0, run.at_us])?;
    }
    Ok(())
}

fn page_sql(query: &FindingQuery) -> String {
    let cluster = only("cluster", 1, query.cluster.is_some());
    let rule = only("rule", 2, query.rule.is_some());
    let namespace = only("namespace", 3, query.namespace.is_some());
    let behind = match query.after {
        Some(_) => "(severity < ?7 OR (severity = ?7 AND (cluster, fingerprint) > (?8, ?9)))",
        None => "?7 IS NULL AND ?8 IS NULL AND ?9 IS NULL",
    };
    format!(
        "SELECT {COLUMNS} FROM findings
         WHERE {cluster} AND {rule} AND {namespace} AND severity >= ?4
         AND (?5 IS NULL OR (fixed_us IS NOT NULL) = ?5)
         AND {behind} ORDER BY severity DESC, cluster, fingerprint LIMIT ?6"
    )
}

impl FindingStore for SqliteStore {
    fn put_scan(&self, mut run: ScanRun) -> Result<ScanChanges, StoreError> {
        check(&run)?;
        // What is found twice in a scan is one finding.
        run.findings.sort_by_key(|finding| finding.fingerprint);
        run.findings.dedup_by_key(|finding| finding.fingerprint);
        self.write(move |tx| {
            let mut changes = ScanChanges::default();
            for seen in &run.findings {
                put(tx.connection, &run, seen, &mut changes)?;
            }
            if let Some(covered) = &run.covered {
                mark_fixed(tx.connection, &run, covered, &mut changes)?;
            }
            Ok(changes)
        })
    }

    fn findings(&self, query: &FindingQuery) -> Result<Vec<StoredFinding>, StoreError> {
        self.readers.read(|transaction| {
            let sql = page_sql(query);
            let mut statement = transaction.prepare_cached(&sql)?;
            let rows = statement.query_map(
                params![
                    query.cluster,
                    query.rule,
                    query.namespace,
                    query.at_least.map_or(Some(0), |least| place_of(&least, &Severity::ALL)),
                    query.is_fixed,
                    query.limit.min(MAX_PAGE),
                    query.after.as_ref().map(|(severity, _, _)| place_of(severity, &Severity::ALL)),
                    query.after.as_ref().map(|(_, cluster, _)| cluster),
                    query.after.as_ref().map(|(_, _, fingerprint)| fingerprint.0)
                ],
                finding,
            )?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn finding_counts(&self) -> Result<BTreeMap<String, BTreeMap<Severity, u64>>, StoreError> {
        self.readers.read(|transaction| {
            let mut counts: BTreeMap<String, BTreeMap<Severity, u64>> = BTreeMap::new();
            let mut statement = transaction.prepare_cached(
                "SELECT cluster, severity, count(*) FROM findings WHERE fixed_us IS NULL GROUP BY cluster, severity",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let of = counts.entry(row.get(0)?).or_default();
                of.insert(placed(row, 1, &Severity::ALL)?, row.get(2)?);
            }
            Ok(counts)
        })
    }

    fn last_scan_us(&self, cluster: &str) -> Result<Option<i64>, StoreError> {
        self.readers.read(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT max(max(last_seen_us, coalesce(fixed_us, last_seen_us))) FROM findings WHERE cluster = ?1",
            )?;
            Ok(statement.query_row([cluster], |row| row.get(0))?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::tests::plan;

    #[test]
    fn a_page_is_read_by_an_index() {
        let plan = plan(&page_sql(&FindingQuery::default()));
        assert!(plan.contains("USING INDEX findings_order") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

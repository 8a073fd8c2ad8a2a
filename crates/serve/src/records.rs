//! What the store holds, for who may read: findings, detections, events, incidents.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use haechi_model::{Arg, ArgValue, Finding, Fingerprint, Location, Position, RuleSource, Span};
use haechi_report::Texts;
use haechi_store::detections::{DetectionQuery, StoredDetection};
use haechi_store::events::EventId;
use haechi_store::findings::{FindingQuery, StoredFinding};
use haechi_store::incidents::{Incident, IncidentQuery};
use haechi_store::outbox::{AlertHead, AlertState};
use haechi_store::{Store, StoreError};
use serde_json::{Value as Json, json};

use crate::access::AccessError;
use crate::app::App;
use crate::guard::{Call, answer, failure};
use crate::refusal::{refuse, refuse_with};

/// Rows of a page, unless fewer are asked for.
const PAGE: u32 = 100;
/// Rows of a page at most.
const MOST: u32 = 1000;

/// What is wrong with a question.
pub(crate) type Wrong = Box<Response>;

pub(crate) fn wrong_value(name: &str, given: &str) -> Wrong {
    let values = vec![("name", name.to_owned()), ("given", given.chars().take(100).collect())];
    Box::new(refuse_with(StatusCode::BAD_REQUEST, "asked", values))
}

/// `after` is no place that a page ended at.
fn wrong_place() -> Wrong {
    Box::new(refuse(StatusCode::BAD_REQUEST, "after"))
}

/// A value of the query, read; absent where it is empty.
fn asked<T: std::str::FromStr>(call: &Call, name: &str) -> Result<Option<T>, Wrong> {
    let text = call.asked(name).filter(|text| !text.is_empty());
    let read = text.map(|text| text.parse().map_err(|_| wrong_value(name, &text)));
    read.transpose()
}

pub(crate) fn limit(call: &Call) -> Result<u32, Wrong> {
    Ok(asked(call, "limit")?.unwrap_or(PAGE).clamp(1, MOST))
}

/// The cluster that is asked about. A token that is good for one sees no other.
pub(crate) fn cluster(call: &Call) -> Result<Option<String>, Wrong> {
    let wanted: Option<String> = asked(call, "cluster")?;
    let Some(own) = call.caller.own_cluster() else { return Ok(wanted) };
    match wanted {
        Some(other) if other != own => Err(Box::new(refuse(StatusCode::FORBIDDEN, "other-cluster"))),
        _ => Ok(Some(own.to_owned())),
    }
}

/// Where the next page begins, as whoever asks hands it back.
pub(crate) fn cursor(parts: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(json!(parts).to_string())
}

fn after<const N: usize>(call: &Call) -> Result<Option<[String; N]>, Wrong> {
    let Some(text) = call.asked("after").filter(|text| !text.is_empty()) else { return Ok(None) };
    let parts = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let parts: Option<Vec<String>> = parts;
    let parts = parts.and_then(|parts| parts.try_into().ok());
    parts.map(Some).ok_or_else(wrong_place)
}

/// Reads from the store where that may block, and answers with what comes of it.
pub(crate) async fn read(
    app: &App,
    reading: impl FnOnce(&dyn Store) -> Result<Json, StoreError> + Send + 'static,
) -> Response {
    let store = app.access.store().clone();
    match tokio::task::spawn_blocking(move || reading(&*store)).await {
        Ok(Ok(Json::Null)) => refuse(StatusCode::NOT_FOUND, "none"),
        Ok(Ok(value)) => answer(StatusCode::OK, "application/json", value.to_string()),
        Ok(Err(error)) => failure(error.into()),
        Err(error) => failure(AccessError::Internal(error.to_string())),
    }
}

/// A page of rows; `next` is absent on the last one.
pub(crate) fn page(name: &str, rows: Vec<Json>, limit: u32, next: Option<String>) -> Json {
    let is_full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    json!({name: rows, "next": next.filter(|_| is_full)})
}

pub(crate) async fn findings(app: Arc<App>, call: Call) -> Response {
    let query = match finding_query(&call) {
        Ok(query) => query,
        Err(wrong) => return *wrong,
    };
    let language = app.texts.language();
    read(&app, move |store| {
        let found = store.findings(&query)?;
        let texts = Texts::new(language);
        let next = found.last().map(|last| {
            let finding = &last.finding;
            cursor(&[
                finding.severity.as_str().to_owned(),
                last.cluster.clone(),
                finding.fingerprint.to_string(),
            ])
        });
        let rows = found.iter().map(|found| finding_json(found, &texts)).collect();
        Ok(page("findings", rows, query.limit, next))
    })
    .await
}

fn finding_query(call: &Call) -> Result<FindingQuery, Wrong> {
    let after = match after::<3>(call)? {
        None => None,
        Some([severity, cluster, fingerprint]) => {
            let bad = || wrong_place();
            let severity = severity.parse().map_err(|_| bad())?;
            Some((severity, cluster, fingerprint_of(&fingerprint).ok_or_else(bad)?))
        }
    };
    Ok(FindingQuery {
        cluster: cluster(call)?,
        rule: asked(call, "rule")?,
        namespace: asked(call, "namespace")?,
        at_least: asked(call, "severity")?,
        is_fixed: asked(call, "fixed")?,
        after,
        limit: limit(call)?,
    })
}

fn fingerprint_of(text: &str) -> Option<Fingerprint> {
    let mut fingerprint = Fingerprint::of([]);
    if text.len() != fingerprint.0.len() * 2 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in fingerprint.0.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(fingerprint)
}

/// A finding as people read it; its sentence is made now, in their language.
pub(crate) fn finding_json(stored: &StoredFinding, texts: &Texts) -> Json {
    let seen = &stored.finding;
    // What cannot be read of the body is left out: the rest of the finding stands beside it.
    let body: Json = serde_json::from_str(&seen.body).unwrap_or(Json::Null);
    let text = |key: &str| body.get(key).and_then(Json::as_str).unwrap_or_default();
    let finding = Finding {
        rule: Cow::Owned(seen.rule.clone()),
        source: match text("source") {
            "podsecurity" => RuleSource::PodSecurity,
            "policy" => RuleSource::Policy,
            _ => RuleSource::Check,
        },
        severity: seen.severity,
        resource: seen.resource.clone(),
        location: Location {
            path: text("path").into(),
            span: Span { start: 0, end: 0 },
            start: Position { line: 1, column: 1 },
            end: Position { line: 1, column: 1 },
            json_path: text("jsonPath").to_owned(),
        },
        args: body.get("args").and_then(Json::as_object).into_iter().flatten().map(arg).collect(),
        fingerprint: seen.fingerprint,
        fix: None,
    };
    let told = texts.finding(&finding);
    json!({
        "cluster": stored.cluster,
        "fingerprint": seen.fingerprint.to_string(),
        "rule": seen.rule,
        "severity": seen.severity.as_str(),
        "resource": {
            "apiVersion": seen.resource.api_version, "kind": seen.resource.kind,
            "namespace": seen.resource.namespace, "name": seen.resource.name,
        },
        "jsonPath": finding.location.json_path,
        "title": told.title, "message": told.message, "why": told.why, "fix": told.fix,
        "firstSeen_us": stored.first_seen_us, "lastSeen_us": stored.last_seen_us,
        "fixed_us": stored.fixed_us, "reopened": stored.reopened,
    })
}

/// An argument of a message. Numbers choose plural forms, so what reads as one is one.
fn arg((name, value): (&String, &Json)) -> Arg {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    let value = number.map_or_else(|| ArgValue::Text(text), ArgValue::Number);
    Arg { name: Cow::Owned(name.clone()), value }
}

pub(crate) async fn detections(app: Arc<App>, call: Call) -> Response {
    let query = match detection_query(&call) {
        Ok(query) => query,
        Err(wrong) => return *wrong,
    };
    read(&app, move |store| {
        let found = store.detections(&query)?;
        let next = found.last().map(|last| cursor(&[last.time_us.to_string(), last.id.clone()]));
        Ok(page("detections", found.iter().map(detection_json).collect(), query.limit, next))
    })
    .await
}

fn detection_query(call: &Call) -> Result<DetectionQuery, Wrong> {
    Ok(DetectionQuery {
        cluster: cluster(call)?,
        rule: asked(call, "rule")?,
        incident: asked(call, "incident")?,
        at_least: asked(call, "priority")?,
        from_us: asked(call, "from_us")?,
        to_us: asked(call, "to_us")?,
        after: time_and_id(call)?,
        limit: limit(call)?,
    })
}

pub(crate) fn time_and_id(call: &Call) -> Result<Option<(i64, String)>, Wrong> {
    let Some([time, id]) = after::<2>(call)? else { return Ok(None) };
    let time = time.parse().map_err(|_| wrong_place())?;
    Ok(Some((time, id)))
}

pub(crate) fn detection_json(stored: &StoredDetection) -> Json {
    let body: Json = serde_json::from_str(&stored.body).unwrap_or(Json::Null);
    json!({
        "id": stored.id, "cluster": stored.cluster, "rule": stored.rule, "source": stored.source,
        "priority": stored.priority.as_str(), "time_us": stored.time_us,
        "event": stored.event.map(|event| event.0), "incident": stored.incident, "detection": body,
    })
}

/// What a detection says, without the time and the priority that stand before it.
pub(crate) fn message(stored: &StoredDetection) -> String {
    let body: Json = serde_json::from_str(&stored.body).unwrap_or(Json::Null);
    let output = body.get("output").and_then(Json::as_str).unwrap_or_default();
    output.split_once(&format!(": {} ", stored.priority)).map_or(output, |(_, message)| message).to_owned()
}

/// An event with its body, which may hold whatever somebody sent to the API server.
pub(crate) async fn event(app: Arc<App>, call: Call) -> Response {
    let Some(Ok(id)) = call.params.first().map(|id| id.parse::<i64>()) else {
        return refuse(StatusCode::BAD_REQUEST, "event-number");
    };
    let actor = call.caller.actor();
    let noted = app.access.note(actor, "event.read", format!("event:{id}"), json!({})).await;
    if let Err(error) = noted {
        return failure(error);
    }
    read(&app, move |store| {
        let Some(event) = store.event(EventId(id))? else { return Ok(Json::Null) };
        let body = match serde_json::from_slice::<Json>(&event.body) {
            Ok(body) => body,
            Err(_) => String::from_utf8_lossy(&event.body).into_owned().into(),
        };
        Ok(json!({
            "id": event.head.id.0, "source": event.head.source, "time_us": event.head.time_us,
            "received_us": event.head.received_us, "body": body,
        }))
    })
    .await
}

pub(crate) async fn incidents(app: Arc<App>, call: Call) -> Response {
    let query = || {
        Ok(IncidentQuery {
            cluster: cluster(&call)?,
            state: asked(&call, "state")?,
            is_closed: asked(&call, "closed")?,
            at_least: asked(&call, "severity")?,
            after: time_and_id(&call)?,
            limit: limit(&call)?,
        })
    };
    let query = match query() {
        Ok(query) => query,
        Err::<_, Wrong>(wrong) => return *wrong,
    };
    read(&app, move |store| {
        let found = store.incidents(&query)?;
        let next = found.last().map(|last| cursor(&[last.updated_us.to_string(), last.id.clone()]));
        let rows = found.iter().map(|incident| json!(incident)).collect();
        Ok(page("incidents", rows, query.limit, next))
    })
    .await
}

/// What the page shows of the store: findings by cluster and severity, incidents that are not closed, the last detections, and
/// alerts that nobody got.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// Clusters that have or had findings, whichever is asked about.
    pub(crate) clusters: Vec<String>,
    /// Cluster, severity, how many; the most severe first.
    pub(crate) counts: Vec<(String, haechi_model::Severity, u64)>,
    /// The worst findings that are not fixed, as the API tells them.
    pub(crate) worst: Vec<Json>,
    /// Those that changed last first.
    pub(crate) incidents: Vec<Incident>,
    /// The newest first.
    pub(crate) detections: Vec<StoredDetection>,
    /// The newest first.
    pub(crate) dead: Vec<AlertHead>,
}

/// Reads it, of all clusters or of one.
pub(crate) async fn glance(app: &App, only: Option<String>) -> Result<Glance, AccessError> {
    let store = app.access.store().clone();
    let language = app.texts.language();
    let reading = move || {
        let counts = store.finding_counts()?;
        let clusters = counts.keys().cloned().collect();
        let counts =
            counts.into_iter().filter(|(cluster, _)| only.as_ref().is_none_or(|only| only == cluster));
        let counts = counts.flat_map(|(cluster, counts)| {
            counts.into_iter().rev().map(move |(severity, count)| (cluster.clone(), severity, count))
        });
        let texts = Texts::new(language);
        let open = FindingQuery {
            cluster: only.clone(),
            is_fixed: Some(false),
            limit: 10,
            ..FindingQuery::default()
        };
        let worst = store.findings(&open)?.iter().map(|found| finding_json(found, &texts)).collect();
        let query = DetectionQuery { cluster: only.clone(), limit: 20, ..DetectionQuery::default() };
        let detections = store.detections(&query)?;
        let open = IncidentQuery {
            cluster: only.clone(),
            is_closed: Some(false),
            limit: 10,
            ..IncidentQuery::default()
        };
        let incidents = store.incidents(&open)?;
        let dead = store.alerts(None, Some(AlertState::Dead), 10)?;
        Ok::<_, StoreError>(Glance { clusters, counts: counts.collect(), worst, incidents, detections, dead })
    };
    let read = tokio::task::spawn_blocking(reading).await;
    Ok(read.map_err(|error| AccessError::Internal(error.to_string()))??)
}

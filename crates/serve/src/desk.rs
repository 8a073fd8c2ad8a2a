//! What an operator does: looks after incidents, silences alerts for a while, deals with alerts that nobody got.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use haechi_alerts::matching::{MatchersText, Pattern};
use haechi_alerts::{Notification, Silence};
use haechi_model::Severity;
use haechi_store::Store;
use haechi_store::detections::DetectionQuery;
use haechi_store::findings::FindingQuery;
use haechi_store::incidents::{Incident, IncidentMove, IncidentState};
use haechi_store::outbox::{AlertHead, AlertState};
use haechi_store::silences::Silence as StoredSilence;
use haechi_store::{StoreError, journal::Act};
use serde_json::{Value as Json, json};

use crate::access::{AccessError, act};
use crate::app::App;
use crate::clock;
use crate::guard::{Call, answer, failure};
use crate::records::{
    Wrong, cluster, cursor, detection_json, finding_json, limit, page, read, time_and_id, wrong_value,
};
use crate::refusal::{refuse, refuse_with, say};

/// Fields of a silence.
pub(crate) const SILENCE: &[&str] = &[
    "severity",
    "source",
    "namespace",
    "rule",
    "framework",
    "cluster",
    "resource",
    "label",
    "reason",
    "starts",
    "ends",
    "lasts_s",
];
/// Most bytes of a note or reason.
const MAX_NOTE: usize = 4000;
/// Longest silence, in seconds.
const LONGEST_S: i64 = 366 * 86_400;
/// Dead alerts of a list.
const DEAD: u32 = 500;

fn now_us() -> i64 {
    clock::now_ns() / 1000
}

fn id(call: &Call) -> String {
    call.params.first().cloned().unwrap_or_default()
}

fn bad(refusal: Response) -> Wrong {
    Box::new(refusal)
}

fn none() -> Response {
    refuse(StatusCode::NOT_FOUND, "none")
}

/// Whoever is good for one cluster does not learn whether another one has such an incident.
fn is_theirs(call: &Call, incident: &Incident) -> bool {
    call.caller.own_cluster().is_none_or(|own| own == incident.cluster)
}

/// Does something with the store where that may block.
async fn work<R: Send + 'static>(
    app: &App,
    work: impl FnOnce(&dyn Store) -> Result<R, StoreError> + Send + 'static,
) -> Result<R, AccessError> {
    let store = app.access.store().clone();
    let done = tokio::task::spawn_blocking(move || work(&*store)).await;
    Ok(done.map_err(|error| AccessError::Internal(error.to_string()))??)
}

/// An incident with its detections page by page, its findings as they stand, and whom and what it concerns.
pub(crate) async fn incident(app: Arc<App>, call: Call) -> Response {
    let query = || {
        Ok(DetectionQuery {
            incident: Some(id(&call)),
            after: time_and_id(&call)?,
            limit: limit(&call)?,
            ..DetectionQuery::default()
        })
    };
    let query = match query() {
        Ok(query) => query,
        Err::<_, Wrong>(wrong) => return *wrong,
    };
    let language = app.texts.language();
    read(&app, move |store| {
        let id = query.incident.clone().unwrap_or_default();
        let Some(incident) = store.incident(&id)?.filter(|incident| is_theirs(&call, incident)) else {
            return Ok(Json::Null);
        };
        let detections = store.detections(&query)?;
        let next = detections.last().map(|last| cursor(&[last.time_us.to_string(), last.id.clone()]));
        let mut told = page("detections", detections.iter().map(detection_json).collect(), query.limit, next);
        if let Json::Object(fields) = &mut told {
            let keys = store.incident_keys(&id)?;
            fields.insert("findings".to_owned(), findings(store, &incident, language)?);
            fields.insert("concerns".to_owned(), json!(keys));
            fields.insert("incident".to_owned(), json!(incident));
        }
        Ok(told)
    })
    .await
}

fn findings(
    store: &dyn Store,
    incident: &Incident,
    language: haechi_report::Language,
) -> Result<Json, StoreError> {
    let wanted = store.incident_findings(&incident.id)?;
    if wanted.is_empty() {
        return Ok(json!([]));
    }
    let texts = haechi_report::Texts::new(language);
    let mut found = Vec::new();
    let mut query =
        FindingQuery { cluster: Some(incident.cluster.clone()), limit: 10_000, ..FindingQuery::default() };
    loop {
        let page = store.findings(&query)?;
        let Some(last) = page.last() else { return Ok(Json::Array(found)) };
        query.after = Some((last.finding.severity, last.cluster.clone(), last.finding.fingerprint));
        let theirs = page.iter().filter(|stored| wanted.contains(&stored.finding.fingerprint));
        found.extend(theirs.map(|stored| finding_json(stored, &texts)));
        if found.len() >= wanted.len() {
            return Ok(Json::Array(found));
        }
    }
}

pub(crate) async fn acknowledge(app: Arc<App>, call: Call) -> Response {
    bring(&app, call, IncidentState::Acknowledged, "incident.acknowledged").await
}

pub(crate) async fn close(app: Arc<App>, call: Call) -> Response {
    bring(&app, call, IncidentState::Closed, "incident.closed").await
}

pub(crate) async fn reopen(app: Arc<App>, call: Call) -> Response {
    bring(&app, call, IncidentState::Open, "incident.reopened").await
}

/// Brings an incident to a state; what is noted with it is kept behind what was noted before.
async fn bring(app: &App, call: Call, to: IncidentState, what: &'static str) -> Response {
    let note = call.field("note").unwrap_or_default();
    if note.len() > MAX_NOTE {
        return refuse(StatusCode::BAD_REQUEST, "note-too-long");
    }
    let done = work(app, move |store| {
        let id = id(&call);
        if !store.incident(&id)?.is_some_and(|incident| is_theirs(&call, &incident)) {
            return Ok(None);
        }
        let (by, note) = (call.caller.actor(), note.trim().to_owned());
        let entry = act(by.clone(), what, format!("incident:{id}"), json!({"note": note}));
        let change = IncidentMove { id: id.clone(), to, by, now_us: now_us(), note };
        store.move_incident(change, entry)?;
        store.incident(&id)
    })
    .await;
    match done {
        Ok(Some(incident)) => told(&json!({"incident": incident})),
        Ok(None) => none(),
        Err(error) => failure(error),
    }
}

fn told(value: &Json) -> Response {
    answer(StatusCode::OK, "application/json", value.to_string())
}

fn silence_json(silence: &StoredSilence, now_us: i64) -> Json {
    let conditions: Json = serde_json::from_str(&silence.matcher).unwrap_or(Json::Null);
    json!({
        "id": silence.id, "conditions": conditions, "reason": silence.reason,
        "createdBy": silence.created_by, "created_us": silence.created_us,
        "starts_us": silence.starts_us, "ends_us": silence.ends_us,
        "counts": silence.starts_us <= now_us && now_us < silence.ends_us,
    })
}

pub(crate) async fn silences(app: Arc<App>, call: Call) -> Response {
    read(&app, move |store| {
        let now = now_us();
        let mut all = store.silences(None)?;
        if let Some(own) = call.caller.own_cluster() {
            all.retain(|silence| concerns(silence, own));
        }
        Ok(json!({"silences": all.iter().map(|silence| silence_json(silence, now)).collect::<Vec<_>>()}))
    })
    .await
}

/// The conditions of the form. A token that is good for one cluster silences no other.
fn conditions(call: &Call) -> Result<MatchersText, Wrong> {
    let severity = match call.field("severity").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(text.parse::<Severity>().map_err(|_| wrong_value("severity", &text))?),
    };
    let mut text = MatchersText {
        severity,
        source: call.fields("source"),
        namespace: call.fields("namespace"),
        rule: call.fields("rule"),
        framework: call.fields("framework"),
        cluster: call.fields("cluster"),
        resource: call.fields("resource"),
        ..MatchersText::default()
    };
    for label in call.fields("label") {
        match label.split_once('=') {
            Some((name, pattern)) if !name.is_empty() && !pattern.is_empty() => {
                text.labels.entry(name.to_owned()).or_default().push(pattern.to_owned());
            }
            _ => return Err(bad(refuse(StatusCode::BAD_REQUEST, "label"))),
        }
    }
    if let Some(own) = call.caller.own_cluster() {
        if text.is_empty() {
            return Err(bad(refuse(StatusCode::BAD_REQUEST, "silence-of-all")));
        }
        if text.cluster.iter().any(|given| given != own) {
            return Err(Box::new(refuse(StatusCode::FORBIDDEN, "other-cluster")));
        }
        text.cluster = vec![Pattern::literal(own)];
    }
    Ok(text)
}

fn time(call: &Call, name: &str) -> Result<Option<i64>, Wrong> {
    let Some(text) = call.field(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_microsecond);
    read.map(Some)
        .map_err(|_| bad(refuse_with(StatusCode::BAD_REQUEST, "time", vec![("name", name.to_owned())])))
}

/// From when to when a silence counts, in microseconds since 1970.
fn period(call: &Call, now: i64) -> Result<(i64, i64), Wrong> {
    let starts = time(call, "starts")?.unwrap_or(now);
    let lasts = call.field("lasts_s").filter(|text| !text.is_empty());
    let ends = match (time(call, "ends")?, lasts) {
        (Some(ends), None) => ends,
        (None, Some(text)) => {
            let lasts = text.parse::<i64>().ok().filter(|lasts| *lasts > 0);
            let lasts = lasts.ok_or_else(|| bad(refuse(StatusCode::BAD_REQUEST, "lasts")))?;
            starts.saturating_add(lasts.saturating_mul(1_000_000))
        }
        _ => return Err(bad(refuse(StatusCode::BAD_REQUEST, "silence-end"))),
    };
    if ends <= now {
        return Err(bad(refuse(StatusCode::BAD_REQUEST, "silence-past")));
    }
    if ends.saturating_sub(starts) > LONGEST_S * 1_000_000 {
        return Err(bad(refuse(StatusCode::BAD_REQUEST, "silence-range")));
    }
    Ok((starts, ends))
}

pub(crate) async fn add_silence(app: Arc<App>, call: Call) -> Response {
    match new_silence(&call) {
        Ok((silence, entry)) => {
            let shown = silence_json(&silence, silence.created_us);
            match work(&app, move |store| store.add_silence(silence, entry)).await {
                Ok(()) => told(&shown),
                Err(error) => failure(error),
            }
        }
        Err(wrong) => *wrong,
    }
}

fn new_silence(call: &Call) -> Result<(StoredSilence, Act), Wrong> {
    let now = now_us();
    let conditions = conditions(call)?;
    let period = period(call, now)?;
    let reason = call.field("reason").unwrap_or_default().trim().to_owned();
    if reason.len() > MAX_NOTE {
        return Err(bad(refuse(StatusCode::BAD_REQUEST, "reason-too-long")));
    }
    let id = getrandom::u64()
        .map_err(|error| Box::new(failure(AccessError::Internal(error.to_string()))))
        .map(|number| format!("{number:016x}"))?;
    let actor = call.caller.actor();
    // What the dispatcher could not read is not kept.
    Silence::new(&id, &conditions, period, &actor, &reason)
        .map_err(|error| bad(say(StatusCode::BAD_REQUEST, &error.to_string())))?;
    let matcher = serde_json::to_string(&conditions)
        .map_err(|error| Box::new(failure(AccessError::Internal(error.to_string()))))?;
    let details = json!({
        "conditions": conditions, "reason": reason, "starts_us": period.0, "ends_us": period.1,
    });
    let entry = act(actor.clone(), "silence.added", format!("silence:{id}"), details);
    let silence = StoredSilence {
        id,
        matcher,
        reason,
        created_by: actor,
        created_us: now,
        starts_us: period.0,
        ends_us: period.1,
    };
    Ok((silence, entry))
}

/// Whether a silence can be about a cluster: what is silenced in others alone is nobody's business there.
fn concerns(silence: &StoredSilence, cluster: &str) -> bool {
    let is_meant = |pattern: &String| Pattern::new(pattern).is_ok_and(|pattern| pattern.is_match(cluster));
    Silence::conditions(&silence.matcher)
        .is_ok_and(|text| text.cluster.is_empty() || text.cluster.iter().any(is_meant))
}

/// Whether the silence is of the one cluster that a token is good for.
fn is_of_cluster(silence: &StoredSilence, own: &str) -> bool {
    Silence::conditions(&silence.matcher).is_ok_and(|text| text.cluster == [Pattern::literal(own)])
}

pub(crate) async fn end_silence(app: Arc<App>, call: Call) -> Response {
    let id = id(&call);
    let entry = act(call.caller.actor(), "silence.ended", format!("silence:{id}"), json!({}));
    let ended = work(&app, move |store| {
        if let Some(own) = call.caller.own_cluster() {
            let all = store.silences(None)?;
            if !all.iter().any(|silence| silence.id == id && is_of_cluster(silence, own)) {
                return Err(StoreError::NotFound { what: "silence", id });
            }
        }
        Ok((store.end_silence(&id, now_us(), entry)?, id))
    });
    match ended.await {
        Ok((true, id)) => told(&json!({"ended": id})),
        Ok((false, _)) => refuse(StatusCode::CONFLICT, "silence-over"),
        Err(error) => failure(error),
    }
}

/// Dead alerts concern whatever clusters they do.
fn all_clusters(call: &Call) -> Result<(), Wrong> {
    match cluster(call)? {
        None => Ok(()),
        Some(_) => Err(Box::new(refuse(StatusCode::FORBIDDEN, "alerts-of-all"))),
    }
}

fn dead_json(store: &dyn Store, head: &AlertHead) -> Result<Json, StoreError> {
    let payload = store.alert_payload(&head.id)?.unwrap_or_default();
    let notification = serde_json::from_slice::<Notification>(&payload).ok();
    let titles = notification.iter().flat_map(|notification| &notification.items).take(20);
    let titles: Vec<&str> = titles.map(|item| item.alert.title.en.as_str()).collect();
    Ok(json!({
        "id": head.id, "receiver": head.receiver, "created_us": head.created_us, "attempts": head.attempts,
        "why": head.last_error, "alerts": notification.as_ref().map(Notification::count), "titles": titles,
    }))
}

pub(crate) async fn dead(app: Arc<App>, call: Call) -> Response {
    if let Err(wrong) = all_clusters(&call) {
        return *wrong;
    }
    read(&app, |store| {
        let heads = store.alerts(None, Some(AlertState::Dead), DEAD)?;
        let counts = store.alert_counts()?;
        let count = counts.values().filter_map(|states| states.get(&AlertState::Dead)).sum::<u64>();
        let shown: Vec<Json> =
            heads.iter().map(|head| dead_json(store, head)).collect::<Result<_, StoreError>>()?;
        Ok(json!({"dead": shown, "count": count}))
    })
    .await
}

pub(crate) async fn retry(app: Arc<App>, call: Call) -> Response {
    end(&app, call, "alert.retried", "retried", |store, id, entry| store.revive_alert(id, now_us(), entry))
        .await
}

pub(crate) async fn drop_dead(app: Arc<App>, call: Call) -> Response {
    end(&app, call, "alert.dropped", "dropped", |store, id, entry| store.drop_alert(id, entry)).await
}

async fn end(
    app: &App,
    call: Call,
    what: &'static str,
    done: &'static str,
    change: fn(&dyn Store, &str, Act) -> Result<bool, StoreError>,
) -> Response {
    if let Err(wrong) = all_clusters(&call) {
        return *wrong;
    }
    let id = id(&call);
    let entry = act(call.caller.actor(), what, format!("alert:{id}"), json!({}));
    match work(app, move |store| Ok((change(store, &id, entry)?, id))).await {
        Ok((true, id)) => told(&json!({done: id})),
        Ok((false, _)) => refuse(StatusCode::CONFLICT, "alert-not-dead"),
        Err(error) => failure(error),
    }
}

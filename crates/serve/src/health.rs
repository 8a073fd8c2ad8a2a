//! How the service fares: probes for the kubelet, numbers for Prometheus, and for people what is wrong.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use axum::response::Response;
use haechi_store::StoreError;
use haechi_store::counters::SourceCounts;
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::guard::{Call, answer, may_read};

pub(crate) async fn live(_: Arc<App>, _: Call) -> Response {
    answer(StatusCode::OK, "text/plain", "ok\n")
}

pub(crate) async fn ready(app: Arc<App>, _: Call) -> Response {
    match app.ready() {
        true => answer(StatusCode::OK, "text/plain", "ok\n"),
        false => answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "not ready\n"),
    }
}

/// `ok` or `degraded` for anybody; with `?verbose` all about it for who may read. Never an error: whoever restarts what is
/// degraded would make it worse, since a start with a broken file of policies is refused.
pub(crate) async fn health(app: Arc<App>, call: Call) -> Response {
    let state = state(&app, call.caller.own_cluster()).await;
    if call.asked("verbose").is_some() && may_read(&call.caller) {
        return answer(StatusCode::OK, "application/json", format!("{state:#}\n"));
    }
    let word = if state.get("ok") == Some(&Json::Bool(true)) { "ok\n" } else { "degraded\n" };
    answer(StatusCode::OK, "text/plain", word)
}

pub(crate) async fn status(app: Arc<App>, call: Call) -> Response {
    let state = state(&app, call.caller.own_cluster()).await;
    answer(StatusCode::OK, "application/json", state.to_string())
}

pub(crate) async fn metrics(app: Arc<App>, call: Call) -> Response {
    let counting = app.clone();
    let counts = tokio::task::spawn_blocking(move || counting.intake.counts()).await;
    let counts = match counts {
        Ok(Ok(counts)) => Some(counts),
        // Without the store's counts the rest is told all the same.
        Ok(Err(_)) | Err(_) => None,
    };
    match app.metrics.text(&app, counts.as_ref(), call.caller.own_cluster()) {
        Ok(text) => answer(StatusCode::OK, crate::metrics::MEDIA, text),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            crate::refusal::refuse(StatusCode::INTERNAL_SERVER_ERROR, "not-now")
        }
    }
}

/// All about the service; about clusters, only what somebody may know who is good for one.
pub(crate) async fn state(app: &Arc<App>, own: Option<&str>) -> Json {
    let policies = app.admission.folder().health();
    let rules = app.intake.rules().health();
    let (waiting, busy) = app.admission.pool().load();
    let (late, panics) = app.admission.pool().mishaps();
    let (batches, bytes, turned_away) = app.intake.load();
    let counting = app.clone();
    let counts = tokio::task::spawn_blocking(move || counting.intake.counts()).await;
    let counts = counts.unwrap_or(Err(StoreError::Closed));
    let (store_ok, sources, adds_up) = match &counts {
        Ok(counts) => {
            let adds_up = counts.values().all(SourceCounts::adds_up);
            (json!("ok"), json!(counts), json!(adds_up))
        }
        Err(error) => (json!(error.to_string()), Json::Null, Json::Null),
    };
    let companions = app.companions.all(own);
    let clusters = app.companions.clusters().all(own);
    let clusters: serde_json::Map<String, Json> =
        clusters.into_iter().map(|(name, state)| (name, state.json())).collect();
    let store = app.access.store().clone();
    let alerts = tokio::task::spawn_blocking(move || store.alert_counts()).await;
    let alerts = alerts
        .unwrap_or(Err(StoreError::Closed))
        .map_or_else(|error| json!(error.to_string()), |counts| json!(counts));
    let is_ok = counts.is_ok()
        && policies.problems.is_empty()
        && rules.problems.is_empty()
        && companions.values().all(Option::is_none);
    json!({
        "ok": is_ok,
        "ready": app.ready(),
        "admission": {
            "generation": policies.generation,
            "since": policies.since_s,
            "policies": policies.policies,
            "checks": policies.checks,
            "problems": policies.problems,
            "notes": policies.notes,
            "waiting": waiting,
            "busy": busy,
            "late": late,
            "panics": panics,
            "overloaded": app.admission.counts().overloaded.load(Ordering::Relaxed),
            "uncountedDecisions": app.admission.dropped_decisions(),
        },
        "intake": {
            "rules": rules.rules,
            "problems": rules.problems,
            "waitingBatches": batches,
            "waitingBytes": bytes,
            "turnedAway": turned_away,
            "sources": sources,
            "addsUp": adds_up,
            "confirm": app.intake.to_confirm(),
        },
        "beside": companions
            .into_iter()
            .map(|(name, wrong)| (name, Json::from(wrong.unwrap_or_else(|| "ok".to_owned()))))
            .collect::<serde_json::Map<_, _>>(),
        "clusters": clusters,
        "alerts": alerts,
        "store": store_ok,
    })
}

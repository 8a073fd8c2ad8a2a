//! What other programs call: the API server, sensors, clouds.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use serde_json::json;

use crate::access::Caller;
use crate::admit::{Phase, Told};
use crate::app::App;
use crate::guard::{Call, answer, refuse};
use crate::intake::{Feed, IntakeError, Receipt};

pub(crate) async fn validate(app: Arc<App>, call: Call) -> Response {
    admit(&app, call, Phase::Validate).await
}

pub(crate) async fn mutate(app: Arc<App>, call: Call) -> Response {
    admit(&app, call, Phase::Mutate).await
}

fn is_json(call: &Call) -> bool {
    let media =
        call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

async fn admit(app: &App, call: Call, phase: Phase) -> Response {
    if !is_json(&call) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "an AdmissionReview comes as application/json");
    }
    let deadline = app.admission.deadline(call.query.as_deref());
    let begun = std::time::Instant::now();
    let told = app.admission.answer(call.body, phase, deadline).await;
    app.metrics.admission_took(phase, begun.elapsed());
    match told {
        Told::Review(text) => answer(StatusCode::OK, "application/json", text),
        Told::Refused(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        Told::Overloaded => {
            let mut response =
                refuse(StatusCode::SERVICE_UNAVAILABLE, "too many admission requests are waiting");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
    }
}

pub(crate) async fn audit(app: Arc<App>, call: Call) -> Response {
    take(&app, call, Feed::Audit).await
}

pub(crate) async fn falco(app: Arc<App>, call: Call) -> Response {
    take(&app, call, Feed::Falco).await
}

pub(crate) async fn cloud(app: Arc<App>, call: Call) -> Response {
    take(&app, call, Feed::Cloud).await
}

async fn take(app: &App, call: Call, feed: Feed) -> Response {
    let cluster = match call.caller {
        Caller::Token { cluster, .. } => cluster,
        Caller::Nobody | Caller::User { .. } | Caller::ApiServer => None,
    };
    match app.intake.take(feed, call.body, cluster).await {
        Ok(receipt) => {
            let nothing = receipt.stored + receipt.duplicates == 0 && receipt.received > 0;
            // Nothing of it was an event: it would be none the next time either.
            let status = if nothing { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            answer(status, "application/json", told(&receipt))
        }
        Err(error @ IntakeError::Wrapping(_)) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error) => {
            let status = match (&error, feed.sends_again()) {
                (IntakeError::Full, true) => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            if !matches!(error, IntakeError::Full) {
                tracing::error!(%error, feed = feed.as_str(), "events were not taken");
            }
            let mut response = refuse(status, &error.to_string());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
    }
}

fn told(receipt: &Receipt) -> String {
    json!({
        "received": receipt.received,
        "stored": receipt.stored,
        "duplicates": receipt.duplicates,
        "dropped": receipt.dropped,
        "detections": receipt.detections,
        "confirm": receipt.confirm,
    })
    .to_string()
}

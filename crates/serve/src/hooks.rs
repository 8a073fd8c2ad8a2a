//! What other programs call: the API server, sensors, clouds.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use serde_json::json;

use crate::access::Caller;
use crate::admit::{Phase, ReviewError, Told};
use crate::app::App;
use crate::guard::{Call, answer};
use crate::intake::{Feed, IntakeError, Receipt, UnwrapError};
use crate::refusal::{refuse, refuse_with};

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
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json");
    }
    let deadline = app.admission.deadline(call.query.as_deref());
    let begun = std::time::Instant::now();
    let told = app.admission.answer(call.body, phase, deadline).await;
    app.metrics.admission_took(phase, begun.elapsed());
    match told {
        Told::Review(text) => answer(StatusCode::OK, "application/json", text),
        Told::Refused(error) => review(error),
        Told::Overloaded => {
            let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "admission-full");
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
        Err(IntakeError::Wrapping(UnwrapError::Gzip(detail))) => {
            refuse_with(StatusCode::BAD_REQUEST, "gzip", vec![("detail", detail)])
        }
        Err(IntakeError::Wrapping(UnwrapError::TooLong)) => {
            refuse(StatusCode::BAD_REQUEST, "unpacked-too-long")
        }
        Err(error) => {
            if !matches!(error, IntakeError::Full) {
                tracing::error!(%error, feed = feed.as_str(), "events were not taken");
            }
            let mut response = match (&error, feed.sends_again()) {
                (IntakeError::Full, true) => refuse(StatusCode::TOO_MANY_REQUESTS, "intake-full"),
                (IntakeError::Full, false) => refuse(StatusCode::SERVICE_UNAVAILABLE, "intake-full"),
                (IntakeError::Unproven(_), _) => refuse(StatusCode::SERVICE_UNAVAILABLE, "unproven"),
                _ => refuse(StatusCode::SERVICE_UNAVAILABLE, "not-stored"),
            };
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
    }
}

/// What is wrong with a body that is no AdmissionReview which could be answered.
fn review(error: ReviewError) -> Response {
    match error {
        ReviewError::Kind(given) => {
            refuse_with(StatusCode::BAD_REQUEST, "review-kind", vec![("given", given)])
        }
        ReviewError::Twice(key) => refuse_with(StatusCode::BAD_REQUEST, "review-twice", vec![("key", key)]),
        ReviewError::Version(given) => {
            refuse_with(StatusCode::BAD_REQUEST, "review-version", vec![("version", given)])
        }
        ReviewError::NoUid => refuse(StatusCode::BAD_REQUEST, "review-uid"),
        ReviewError::Syntax(detail) => {
            refuse_with(StatusCode::BAD_REQUEST, "review-syntax", vec![("detail", detail)])
        }
        ReviewError::Request(error) => {
            refuse_with(StatusCode::BAD_REQUEST, "review-request", vec![("detail", error.to_string())])
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

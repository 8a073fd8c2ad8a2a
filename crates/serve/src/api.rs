//! What a console or a script asks for.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use haechi_store::accounts::Role;
use serde_json::{Value as Json, json};

use crate::access::{AccessError, Caller, Scope};
use crate::app::App;
use crate::guard::{Call, answer, failure};
use crate::refusal::{refuse, refuse_with};

fn told(value: &Json) -> Response {
    answer(StatusCode::OK, "application/json", value.to_string())
}

fn told_or(result: Result<Json, AccessError>) -> Response {
    result.map_or_else(failure, |value| told(&value))
}

pub(crate) async fn openapi(app: Arc<App>, _: Call) -> Response {
    told(&crate::openapi::describe(&app.texts))
}

/// Who one is, and what a form of this session must bring along.
pub(crate) async fn session(_: Arc<App>, call: Call) -> Response {
    match call.caller {
        Caller::User { name, role, csrf } => {
            told(&json!({"user": name, "role": role.as_str(), "csrf": csrf}))
        }
        Caller::Nobody | Caller::Token { .. } | Caller::ApiServer => {
            refuse(StatusCode::FORBIDDEN, "no-session")
        }
    }
}

pub(crate) async fn tokens(app: Arc<App>, _: Call) -> Response {
    let tokens = app.access.tokens().await;
    told_or(tokens.map(|tokens| {
        let shown = tokens.iter().map(|token| {
            json!({
                "id": token.id, "name": token.name, "scope": Scope::of(token).map(Scope::as_str),
                "cluster": token.cluster, "createdBy": token.created_by, "created_us": token.created_us,
                "expires_us": token.expires_us, "revoked_us": token.revoked_us, "lastUsed_us": token.last_used_us,
            })
        });
        json!({"tokens": shown.collect::<Vec<_>>()})
    }))
}

pub(crate) async fn add_token(app: Arc<App>, call: Call) -> Response {
    let Some(scope) = call.field("scope").and_then(|word| word.parse::<Scope>().ok()) else {
        return refuse(StatusCode::BAD_REQUEST, "scope");
    };
    let lasts = match call.field("lasts_s").filter(|text| !text.is_empty()).map(|text| text.parse::<i64>()) {
        None => None,
        Some(Ok(lasts)) => Some(lasts),
        Some(Err(_)) => return refuse(StatusCode::BAD_REQUEST, "lasts"),
    };
    let cluster = call.field("cluster").filter(|cluster| !cluster.is_empty());
    let name = call.field("name").unwrap_or_default();
    let made = app.access.add_token(scope, &name, cluster, lasts, call.caller.actor()).await;
    told_or(made.map(|(id, secret)| json!({"id": id, "token": secret.reveal()})))
}

pub(crate) async fn revoke_token(app: Arc<App>, call: Call) -> Response {
    let id = call.params.first().cloned().unwrap_or_default();
    told_or(app.access.revoke_token(&id, call.caller.actor()).await.map(|()| json!({"revoked": id})))
}

pub(crate) async fn users(app: Arc<App>, _: Call) -> Response {
    let users = app.access.users().await;
    told_or(users.map(|users| {
        let shown = users.iter().map(|user| {
            json!({
                "name": user.name, "role": user.role.as_str(), "disabled": user.is_disabled,
                "created_us": user.created_us,
            })
        });
        json!({"users": shown.collect::<Vec<_>>()})
    }))
}

fn role(call: &Call) -> Result<Option<Role>, Box<Response>> {
    match call.field("role").filter(|text| !text.is_empty()).map(|text| text.parse::<Role>()) {
        None => Ok(None),
        Some(Ok(role)) => Ok(Some(role)),
        Some(Err(error)) => {
            Err(Box::new(refuse_with(StatusCode::BAD_REQUEST, "role", vec![("given", error.0)])))
        }
    }
}

pub(crate) async fn add_user(app: Arc<App>, call: Call) -> Response {
    let role = match role(&call) {
        Ok(Some(role)) => role,
        Ok(None) => return refuse(StatusCode::BAD_REQUEST, "role-missing"),
        Err(refusal) => return *refusal,
    };
    let (name, password) =
        (call.field("name").unwrap_or_default(), call.field("password").unwrap_or_default());
    let added = app.access.add_user(&name, role, &password, call.caller.actor()).await;
    told_or(added.map(|()| json!({"name": name, "role": role.as_str()})))
}

pub(crate) async fn change_user(app: Arc<App>, call: Call) -> Response {
    let role = match role(&call) {
        Ok(role) => role,
        Err(refusal) => return *refusal,
    };
    let disabled = match call.field("disabled").as_deref() {
        None | Some("") => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return refuse(StatusCode::BAD_REQUEST, "disabled"),
    };
    let name = call.params.first().cloned().unwrap_or_default();
    let changed = app.access.change_user(&name, role, disabled, call.caller.actor()).await;
    told_or(changed.map(|()| json!({"name": name})))
}

pub(crate) async fn change_password(app: Arc<App>, call: Call) -> Response {
    let Caller::User { name, .. } = &call.caller else {
        return refuse(StatusCode::FORBIDDEN, "no-session");
    };
    let (old, new) = (call.field("old").unwrap_or_default(), call.field("new").unwrap_or_default());
    let changed = app.access.change_password(name, &old, &new, &call.address.to_string()).await;
    told_or(changed.map(|()| json!({"name": name})))
}

/// Entries of the journal after `?after=N`, as they are hashed.
pub(crate) async fn journal(app: Arc<App>, call: Call) -> Response {
    let after = call.asked("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let store = app.access.store().clone();
    let read = tokio::task::spawn_blocking(move || store.journal(after, 500)).await;
    match read {
        Ok(Ok(entries)) => {
            let shown = entries.iter().map(|entry| {
                json!({
                    "seq": entry.seq, "time_us": entry.time_us, "actor": entry.actor, "act": entry.act,
                    "subject": entry.subject, "details": entry.details,
                    "prev": entry.prev.to_string(), "hash": entry.hash.to_string(),
                })
            });
            told(&json!({"entries": shown.collect::<Vec<_>>()}))
        }
        Ok(Err(error)) => failure(error.into()),
        Err(error) => failure(AccessError::Internal(error.to_string())),
    }
}

//! Logging in through an identity provider: there and back again.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use haechi_report::Args;

use crate::access::{AccessError, Login, Oidc, OidcError, Secret};
use crate::app::App;
use crate::guard::{Call, OIDC_COOKIE, answer, cookie};
use crate::pages::{GONE, escape, mistake, page, say, session_cookie, set_cookie};
use crate::refusal::refuse;

/// Sends the browser to the provider.
pub(crate) async fn begin(app: Arc<App>, call: Call) -> Response {
    let Some(oidc) = &app.oidc else { return not_set_up() };
    if let Err(error) = app.access.brake_provider(&call.address.to_string()) {
        return told(&app, mistake(&app, error));
    }
    let begun = match oidc.begin().await {
        Ok(begun) => begun,
        Err(error) => return failed(&app, &error, None),
    };
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain", "");
    let Ok(location) = HeaderValue::from_str(&begun.location) else { return not_set_up() };
    response.headers_mut().insert(header::LOCATION, location);
    // Lax: the browser comes back from another site, and would leave a stricter one out.
    let line = format!(
        "{OIDC_COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
        begun.cookie, begun.lasts_s
    );
    set_cookie(&mut response, &line);
    response
}

/// Takes the browser back from the provider.
pub(crate) async fn end(app: Arc<App>, call: Call) -> Response {
    let Some(oidc) = &app.oidc else { return not_set_up() };
    let begun = cookie(&call.headers, OIDC_COOKIE).ok_or(OidcError::State);
    let state = call.asked("state").unwrap_or_default();
    let begun = match begun.and_then(|begun| oidc.end(begun.reveal(), &state).map(|()| begun)) {
        Ok(begun) => begun,
        // Nothing is written down, and a login that is under way goes on: anybody may lead a browser to this address.
        Err(error) => return failed(&app, &error, None),
    };
    let mut response = match end_login(&app, &call, oidc, &begun).await {
        Ok(login) => {
            app.metrics.login("succeeded");
            welcome(&app, &login)
        }
        Err(refused) => refused,
    };
    set_cookie(&mut response, &format!("{OIDC_COOKIE}=; {GONE}"));
    response
}

async fn end_login(app: &App, call: &Call, oidc: &Oidc, begun: &Secret) -> Result<Login, Response> {
    let address = call.address.to_string();
    let identity = match (call.asked("iss"), call.asked("error"), call.asked("code")) {
        (Some(issuer), _, _) if issuer != oidc.issuer() => {
            Err(OidcError::Token("the answer comes from another provider".to_owned()))
        }
        (_, Some(error), _) => Err(OidcError::of_answer(&error)),
        (_, None, Some(code)) if !code.is_empty() => oidc.finish(begun.reveal(), &code).await,
        _ => Err(OidcError::of_answer("no-code")),
    };
    match identity {
        Ok(identity) => {
            let login = app.access.log_in_as(&identity, &address, call.cookie.as_ref()).await;
            login.map_err(|error| {
                app.metrics.login(if matches!(error, AccessError::Denied) { "refused" } else { "failed" });
                told(app, mistake(app, error))
            })
        }
        Err(error) => {
            if error.is_refusal() {
                let subject = match &error {
                    OidcError::NoRole { subject } => Some(subject.as_str()),
                    _ => None,
                };
                let why = error.to_string();
                let noted = app.access.refuse_identity(oidc.issuer(), subject, &why, &address);
                noted.await.map_err(|error| told(app, mistake(app, error)))?;
            }
            Err(failed(app, &error, Some(&address)))
        }
    }
}

fn not_set_up() -> Response {
    refuse(StatusCode::NOT_FOUND, "nowhere")
}

/// A page and not a redirect: the browser has come from another site, and sends the new cookie along only when it is a page of
/// ours that leads on.
fn welcome(app: &App, login: &Login) -> Response {
    let title = say(app, "serve-log-in");
    let args = Args::new().text("name", login.user.as_str());
    let content =
        format!("<p><a href=\"/\">{}</a></p>\n", escape(&app.texts.message("serve-logged-in", &args)));
    let whole = page(app, &title, &content).replacen(
        "<head>",
        "<head><meta http-equiv=\"refresh\" content=\"0; url=/\">",
        1,
    );
    let mut response = answer(StatusCode::OK, "text/html", whole);
    set_cookie(&mut response, &session_cookie(&login.secret, login.lasts_s));
    response
}

/// What a person reads who was not let in. What exactly was wrong stands in the log and the journal.
fn failed(app: &App, error: &OidcError, address: Option<&str>) -> Response {
    let (id, status, counted) = match error {
        OidcError::State => ("serve-provider-state", StatusCode::BAD_REQUEST, "refused"),
        OidcError::NoRole { .. } => ("serve-provider-no-role", StatusCode::FORBIDDEN, "refused"),
        OidcError::Refused(_) | OidcError::Token(_) => {
            ("serve-provider-refused", StatusCode::UNAUTHORIZED, "refused")
        }
        _ => ("serve-not-now", StatusCode::SERVICE_UNAVAILABLE, "failed"),
    };
    app.metrics.login(counted);
    tracing::warn!(%error, address, "nobody was let in through the identity provider");
    let text = app.texts.message(id, &Args::new());
    told(app, (text, answer(status, "text/plain", "")))
}

fn told(app: &App, (text, like): (String, Response)) -> Response {
    let title = say(app, "serve-log-in");
    let content = format!("<p role=\"alert\">{}</p>\n<p><a href=\"/login\">{title}</a></p>\n", escape(&text));
    let mut response = answer(like.status(), "text/html", page(app, &title, &content));
    if let Some(wait) = like.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

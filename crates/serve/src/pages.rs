//! The few pages that are there before a console is: setting up, logging in, how the service stands. No script, no style.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use haechi_report::{Args, Language};
use serde_json::Value as Json;

use crate::access::{AccessError, Caller, Login, Secret, csrf_of};
use crate::app::App;
use crate::clusters::ClusterState;
use crate::guard::{COOKIE, Call, FORM_COOKIE, answer, failure};
use crate::health::state;
use crate::records::{glance, message};

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

pub(crate) fn say(app: &App, id: &str) -> String {
    escape(&app.texts.message(id, &Args::new()))
}

pub(crate) fn page(app: &App, title: &str, content: &str) -> String {
    let language = match app.texts.language() {
        Language::Ko => "ko",
        Language::En => "en",
    };
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title} · Haechi</title></head><body><main><h1>{title}</h1>\n{content}</main></body></html>\n"
    )
}

/// A label and its field.
fn field(app: &App, name: &str, kind: &str, complete: &str) -> String {
    format!(
        "<p><label>{} <input name=\"{name}\" type=\"{kind}\" autocomplete=\"{complete}\" required></label></p>\n",
        say(app, &format!("serve-field-{name}"))
    )
}

/// A form for whom nobody knows yet, with a cookie that it belongs to.
fn form(app: &App, call: &Call, path: &str, id: &str, fields: &str, mistake: Option<String>) -> Response {
    let cookie = match call.form_cookie.clone() {
        Some(cookie) => cookie,
        None => match Secret::new() {
            Ok(secret) => secret,
            Err(error) => return failure(AccessError::Internal(error.to_string())),
        },
    };
    let mistake =
        mistake.map(|text| format!("<p role=\"alert\">{}</p>\n", escape(&text))).unwrap_or_default();
    let title = say(app, id);
    let content = format!(
        "{mistake}<form method=\"post\" action=\"{path}\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">\n{fields}<p><button>{title}</button></p></form>\n",
        escape(&csrf_of(&cookie))
    );
    let mut response = answer(StatusCode::UNAUTHORIZED, "text/html", page(app, &title, &content));
    let line =
        format!("{FORM_COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600", cookie.reveal());
    if let Ok(value) = HeaderValue::from_str(&line) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn go_to(path: &'static str) -> Response {
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain", "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(path));
    response
}

/// What a person reads when a form did not work; the status is the error's own.
pub(crate) fn mistake(app: &App, error: AccessError) -> (String, Response) {
    let text = match &error {
        AccessError::Denied => app.texts.message("serve-denied", &Args::new()),
        AccessError::Braked(wait) => {
            let seconds = usize::try_from(*wait).unwrap_or(usize::MAX);
            app.texts.message("serve-braked", &Args::new().number("seconds", seconds))
        }
        AccessError::Password(crate::access::PasswordError::Length) => {
            app.texts.message("serve-password-length", &Args::new())
        }
        AccessError::Invalid(_) => app.texts.message("serve-name-invalid", &Args::new()),
        AccessError::Password(_) | AccessError::Store(_) | AccessError::Internal(_) => {
            app.texts.message("serve-not-now", &Args::new())
        }
    };
    (text, failure(error))
}

fn login_fields(app: &App) -> String {
    let through = app.oidc.as_ref().map_or_else(String::new, |oidc| {
        let args = Args::new().text("provider", oidc.name());
        let text = escape(&app.texts.message("serve-log-in-through", &args));
        format!("<p><a href=\"/login/oidc\">{text}</a></p>\n")
    });
    format!(
        "{through}{}{}",
        field(app, "name", "text", "username"),
        field(app, "password", "password", "current-password")
    )
}

fn setup_fields(app: &App) -> String {
    let token = field(app, "token", "password", "off");
    format!(
        "{token}{}{}",
        field(app, "name", "text", "username"),
        field(app, "password", "password", "new-password")
    )
}

pub(crate) async fn login_form(app: Arc<App>, call: Call) -> Response {
    form(&app, &call, "/login", "serve-log-in", &login_fields(&app), None)
}

/// Shows the form again with what went wrong, with the status of the error.
fn again(app: &App, call: &Call, path: &str, id: &str, fields: &str, error: AccessError) -> Response {
    let (text, failed) = mistake(app, error);
    let mut response = form(app, call, path, id, fields, Some(text));
    *response.status_mut() = failed.status();
    if let Some(wait) = failed.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

pub(crate) async fn login(app: Arc<App>, call: Call) -> Response {
    let (name, password) =
        (call.field("name").unwrap_or_default(), call.field("password").unwrap_or_default());
    let address = call.address.to_string();
    let login = app.access.log_in(&name, &password, &address, call.cookie.as_ref()).await;
    app.metrics.login(match &login {
        Ok(_) => "succeeded",
        Err(AccessError::Denied) => "refused",
        Err(AccessError::Braked(_)) => "braked",
        Err(_) => "failed",
    });
    match login {
        Ok(Login { secret, lasts_s, .. }) => {
            let mut response = go_to("/");
            set_cookie(&mut response, &session_cookie(&secret, lasts_s));
            set_cookie(&mut response, &format!("{FORM_COOKIE}=; {GONE}"));
            response
        }
        Err(error) => again(&app, &call, "/login", "serve-log-in", &login_fields(&app), error),
    }
}

/// The cookie of a session.
pub(crate) fn session_cookie(secret: &Secret, lasts_s: i64) -> String {
    format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={lasts_s}", secret.reveal())
}

pub(crate) const GONE: &str = "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";

pub(crate) fn set_cookie(response: &mut Response, line: &str) {
    if let Ok(value) = HeaderValue::from_str(line) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

pub(crate) async fn logout(app: Arc<App>, call: Call) -> Response {
    if let Some(cookie) = &call.cookie
        && let Err(error) = app.access.log_out(cookie, call.caller.actor()).await
    {
        return failure(error);
    }
    let mut response = go_to("/login");
    set_cookie(&mut response, &format!("{COOKIE}=; {GONE}"));
    response
}

pub(crate) async fn setup_form(app: Arc<App>, call: Call) -> Response {
    form(&app, &call, "/setup", "serve-set-up", &setup_fields(&app), None)
}

pub(crate) async fn setup(app: Arc<App>, call: Call) -> Response {
    let text = |name: &str| call.field(name).unwrap_or_default();
    let (token, name, password) = (text("token"), text("name"), text("password"));
    match app.access.set_up(token.trim(), &name, &password, &call.address.to_string()).await {
        Ok(()) => go_to("/login"),
        Err(error) => again(&app, &call, "/setup", "serve-set-up", &setup_fields(&app), error),
    }
}

pub(crate) async fn home(app: Arc<App>, call: Call) -> Response {
    let Caller::User { name, role, csrf } = &call.caller else { return go_to("/login") };
    let only = call.asked("cluster").filter(|cluster| !cluster.is_empty());
    let glance = match glance(&app, only.clone()).await {
        Ok(glance) => glance,
        Err(error) => return failure(error),
    };
    let mut counts = String::new();
    for (cluster, severity, count) in &glance.counts {
        let severity = app.texts.severity(*severity);
        counts.push_str(&row(&[cluster, &severity, &count.to_string()]));
    }
    let mut worst = String::new();
    for found in &glance.worst {
        let text = |pointer: &str| found.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let severity = text("/severity").parse().map(|severity| app.texts.severity(severity));
        let places = ["/resource/kind", "/resource/namespace", "/resource/name"];
        let places: Vec<&str> = places.into_iter().map(text).filter(|place| !place.is_empty()).collect();
        worst.push_str(&row(&[
            &severity.unwrap_or_default(),
            text("/title"),
            &places.join("/"),
            text("/message"),
        ]));
    }
    let mut incidents = String::new();
    for incident in &glance.incidents {
        incidents.push_str(&row(&[
            &told(incident.opened_us),
            &incident.cluster,
            &app.texts.severity(incident.severity),
            &say(&app, &format!("serve-incident-{}", incident.state)),
            &incident.title,
            &incident.detections.to_string(),
        ]));
    }
    let mut dead = String::new();
    for alert in &glance.dead {
        let why = alert.last_error.as_deref().unwrap_or_default();
        dead.push_str(&row(&[&told(alert.created_us), &alert.receiver, &alert.attempts.to_string(), why]));
    }
    // No table where nothing is wrong.
    let dead = match dead.is_empty() {
        true => String::new(),
        false => table(&app, "serve-dead-alerts", &["time", "receiver", "attempts", "why"], &dead),
    };
    let mut detections = String::new();
    for found in &glance.detections {
        let time = told(found.time_us);
        detections.push_str(&row(&[&time, found.priority.as_str(), &found.rule, &message(found)]));
    }
    let mut rows = String::new();
    flatten("", &state(&app, only.as_deref()).await, &mut rows);
    let clusters = clusters(&app, &glance.clusters, only.as_deref());
    let content = format!(
        "<p>{} ({role})</p>\n<form method=\"post\" action=\"/logout\"><input type=\"hidden\" name=\"csrf\" value=\"{}\"><button>{}</button></form>\n{clusters}{}{}{}{}{dead}{}",
        escape(name),
        escape(csrf),
        say(&app, "serve-log-out"),
        table(
            &app,
            "serve-incidents",
            &["time", "cluster", "severity", "state", "incident", "detections"],
            &incidents
        ),
        table(&app, "serve-findings", &["cluster", "severity", "count"], &counts),
        table(&app, "serve-worst", &["severity", "title", "resource", "message"], &worst),
        table(&app, "serve-detections", &["time", "severity", "rule", "message"], &detections),
        table(&app, "serve-state", &[], &rows),
    );
    answer(StatusCode::OK, "text/html", page(&app, &say(&app, "serve-status"), &content))
}

fn told(time_us: i64) -> String {
    jiff::Timestamp::from_microsecond(time_us).map_or_else(|_| String::new(), |time| time.to_string())
}

/// The clusters that are watched or that anything was found in, each with a way to what concerns it alone, and the way back.
fn clusters(app: &App, found: &[String], only: Option<&str>) -> String {
    let watched = app.companions.clusters().all(None);
    let mut names: BTreeSet<&str> = watched.keys().chain(found).map(String::as_str).collect();
    names.extend(only);
    let mut rows = String::new();
    for name in names {
        let query: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let link = match only == Some(name) {
            true => format!("<strong>{}</strong>", escape(name)),
            false => format!("<a href=\"/?cluster={}\">{}</a>", escape(&query), escape(name)),
        };
        let state = watched.get(name);
        let (word, since) = match state {
            None => ("serve-cluster-unwatched", None),
            Some(ClusterState { reachable_since_us: Some(since), .. }) => {
                ("serve-cluster-reachable", Some(*since))
            }
            Some(ClusterState { unreachable_since_us: Some(since), .. }) => {
                ("serve-cluster-unreachable", Some(*since))
            }
            Some(_) => ("serve-cluster-waiting", None),
        };
        let time = |time_us: Option<i64>| time_us.map(told).unwrap_or_default();
        let cells = [
            say(app, word),
            time(since),
            time(state.and_then(|state| state.last_listed_us)),
            time(state.and_then(|state| state.last_judged_us)),
            escape(state.and_then(|state| state.error.as_deref()).unwrap_or_default()),
        ];
        rows.push_str(&format!(
            "<tr><th scope=\"row\">{link}</th><td>{}</td></tr>\n",
            cells.join("</td><td>")
        ));
    }
    if rows.is_empty() {
        return String::new();
    }
    let all = match only {
        Some(_) => format!("<p><a href=\"/\">{}</a></p>\n", say(app, "serve-all-clusters")),
        None => String::new(),
    };
    let columns = ["cluster", "state", "since", "listed", "judged", "why"];
    format!("{}{all}", table(app, "serve-clusters", &columns, &rows))
}

fn row(cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

/// A table with its heading. Where there are no rows it says so: nothing seen is not all well.
fn table(app: &App, id: &str, columns: &[&str], rows: &str) -> String {
    let heading = format!("<h2>{}</h2>\n", say(app, id));
    if rows.is_empty() {
        return format!("{heading}<p>{}</p>\n", say(app, "serve-nothing-yet"));
    }
    let columns: String = columns
        .iter()
        .map(|name| format!("<th scope=\"col\">{}</th>", say(app, &format!("serve-column-{name}"))))
        .collect();
    let head = if columns.is_empty() { String::new() } else { format!("<thead><tr>{columns}</tr></thead>") };
    format!("{heading}<table>{head}<tbody>\n{rows}</tbody></table>\n")
}

/// One row for each value.
fn flatten(path: &str, value: &Json, rows: &mut String) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, rows);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                flatten(path, item, rows);
            }
        }
        value => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            rows.push_str(&format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                escape(path),
                escape(&text)
            ));
        }
    }
}

//! What stands before every handler: who calls, may they, is the request of a bearable size, is the form ours.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;

use crate::access::{AccessError, Caller, Invalid, Scope, Secret, csrf_of, same};
use crate::app::App;
use crate::bodies::{self, BodyError};
use crate::listen::Connection;
use crate::refusal::{refuse, refuse_with, say, word};
use crate::routes::{Demand, Route, Verb};

/// The session's cookie. The prefix binds it to this host, to TLS and to no path.
pub(crate) const COOKIE: &str = "__Host-haechi";
/// The cookie of forms that are filled in before anybody is known.
pub(crate) const FORM_COOKIE: &str = "__Host-haechi-form";
/// The cookie of a login through an identity provider that is under way.
pub(crate) const OIDC_COOKIE: &str = "__Host-haechi-oidc";
/// Bytes of a refused request that are read all the same, and the time for them.
const REFUSED_BODY: usize = 1 << 18;
const REFUSED_TIME: Duration = Duration::from_secs(1);

/// A request that was let through to its handler.
#[derive(Debug)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The other end.
    pub address: IpAddr,
    /// The query.
    pub query: Option<String>,
    /// What stands for the `{…}` of the path.
    pub params: Vec<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The session's cookie.
    pub cookie: Option<Secret>,
    /// The cookie of the form.
    pub form_cookie: Option<Secret>,
}

impl Call {
    /// A value of the form that was sent.
    pub fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// All values of that name in the form that was sent.
    pub fn fields(&self, name: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(&self.body).filter(|(key, _)| key == name);
        pairs.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty()).collect()
    }

    /// A value of the query.
    pub fn asked(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    }
}

/// Lets a request through to the handler of its route, or says why not.
pub(crate) async fn guard(
    app: Arc<App>,
    route: &'static Route,
    params: Vec<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = Some(body);
    let mut response = match admit(&app, route, params, parts, &mut body).await {
        Ok(call) => (route.handler)(app.clone(), call).await,
        Err(refusal) => {
            if let Some(body) = body {
                let_go(body).await;
            }
            refusal
        }
    };
    word(&app.texts, &mut response);
    protect(response.headers_mut());
    response
}

/// There is nothing there.
pub(crate) async fn nowhere(app: Arc<App>) -> Response {
    let mut response = refuse(StatusCode::NOT_FOUND, "nowhere");
    word(&app.texts, &mut response);
    protect(response.headers_mut());
    response
}

/// The path is known, the verb is not.
pub(crate) async fn no_such_verb(app: Arc<App>) -> Response {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "no-such-verb");
    word(&app.texts, &mut response);
    protect(response.headers_mut());
    response
}

async fn admit(
    app: &Arc<App>,
    route: &Route,
    params: Vec<String>,
    parts: Parts,
    body: &mut Option<Body>,
) -> Result<Call, Response> {
    let from_nowhere =
        Connection { peer: SocketAddr::from(([0, 0, 0, 0], 0)), has_client_certificate: false };
    let connection = parts.extensions.get::<Connection>().copied().unwrap_or(from_nowhere);
    let headers = parts.headers;
    // A page elsewhere whose name was pointed here could use what a browser sends along by itself; programs send nothing so.
    let takes_people = matches!(route.demand, Demand::Form | Demand::Caller { role: Some(_), .. });
    if takes_people && !is_our_host(app, &parts.uri, &headers) {
        return Err(refuse(StatusCode::MISDIRECTED_REQUEST, "other-name"));
    }
    let cookie = cookie(&headers, COOKIE);
    let form_cookie = cookie_of_form(&headers);
    let key = params.first().map(String::as_str).filter(|_| route.path.ends_with("{key}"));
    let caller = caller(app, route, &connection, &headers, key, cookie.as_ref()).await.map_err(failure)?;
    // Before the body: nobody's megabytes are read for a refusal.
    authorise(route, &caller).map_err(|refusal| *refusal)?;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > route.body as u64) {
        return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "body-too-long"));
    }
    let body = match (route.verb, body.take()) {
        (Verb::Post, Some(body)) => {
            let is_admission = matches!(route.demand, Demand::Caller { api_server: true, .. });
            bodies::read(body, route.body, app.bodies.room(is_admission)).await.map_err(unread)?
        }
        (Verb::Get, _) | (Verb::Post, None) => Bytes::new(),
    };
    // A token that was revoked, or ran out, while the body arrived opens nothing any more.
    if let (Caller::Token { .. }, Some(token)) = (&caller, token(&headers))
        && app.access.by_token(&token) != caller
    {
        return Err(unknown());
    }
    let call = Call {
        caller,
        address: connection.peer.ip().to_canonical(),
        query: parts.uri.query().map(str::to_owned),
        params,
        headers,
        body,
        cookie,
        form_cookie,
    };
    if route.verb == Verb::Post {
        prove_form(route, &call).map_err(|refusal| *refusal)?;
    }
    Ok(call)
}

/// Whether the request is meant for us: called by an address, `localhost`, or a configured name. A page elsewhere whose name
/// was pointed here is neither.
fn is_our_host(app: &App, uri: &Uri, headers: &HeaderMap) -> bool {
    let authority = uri.authority().map(|authority| authority.as_str());
    let host = authority.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let Some(host) = host else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || app.hosts.iter().any(|known| known.eq_ignore_ascii_case(name.trim_end_matches('.')))
}

fn cookie_of_form(headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, FORM_COOKIE)
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(key, _)| *key == name).map(|(_, value)| value)?;
    (!value.is_empty() && value.len() <= 256).then(|| Secret::of(value))
}

async fn caller(
    app: &Arc<App>,
    route: &Route,
    connection: &Connection,
    headers: &HeaderMap,
    key: Option<&str>,
    cookie: Option<&Secret>,
) -> Result<Caller, AccessError> {
    let lets_api_server = matches!(route.demand, Demand::Caller { api_server: true, .. });
    if lets_api_server {
        let has_key = key.is_some_and(|key| {
            app.admission_key.as_ref().is_some_and(|known| Secret::of(key).hash() == *known)
        });
        if connection.has_client_certificate || has_key {
            return Ok(Caller::ApiServer);
        }
    }
    if let Some(token) = token(headers) {
        let caller = app.access.by_token(&token);
        if let Caller::Token { id, .. } = &caller {
            app.access.touch_token(id);
        }
        return Ok(caller);
    }
    // Sessions are looked up in the store, which admission and intake never wait for.
    let takes_people = !matches!(route.demand, Demand::Caller { role: None, .. });
    match cookie.filter(|_| takes_people) {
        Some(cookie) => app.access.by_cookie(cookie).await,
        None => Ok(Caller::Nobody),
    }
}

/// The token of `Authorization: Bearer`, or the password of `Basic`, which is all that some senders can do.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        return decoded.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

fn authorise(route: &Route, caller: &Caller) -> Result<(), Box<Response>> {
    let Demand::Caller { role, scopes, api_server } = route.demand else { return Ok(()) };
    let may = match caller {
        Caller::Nobody => return Err(Box::new(unknown())),
        Caller::User { role: has, .. } => role.is_some_and(|least| *has >= least),
        Caller::Token { scope, .. } => scopes.contains(scope),
        Caller::ApiServer => api_server,
    };
    match may {
        true => Ok(()),
        false => Err(Box::new(refuse(StatusCode::FORBIDDEN, "not-yours"))),
    }
}

fn unknown() -> Response {
    let mut response = refuse(StatusCode::UNAUTHORIZED, "who");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"haechi\""));
    response
}

fn unread(error: BodyError) -> Response {
    match error {
        BodyError::TooLong => refuse(StatusCode::PAYLOAD_TOO_LARGE, "body-too-long"),
        BodyError::BrokeOff => refuse(StatusCode::BAD_REQUEST, "body-broke-off"),
        BodyError::TooSlow => refuse(StatusCode::REQUEST_TIMEOUT, "body-too-slow"),
        BodyError::NoRoom => {
            let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "bodies-full");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
    }
}

/// Reads what has been sent along with a refused request, if it is not much: many clients take a stream that ends under their
/// hands for a broken connection, and never read why.
async fn let_go(body: Body) {
    let read = Limited::new(body, REFUSED_BODY).collect();
    // Neither what was in it nor how it ended matters.
    let _ = tokio::time::timeout(REFUSED_TIME, read).await;
}

/// A browser sends cookies along with whatever page made it send; only a page of ours knows what belongs to them.
fn prove_form(route: &Route, call: &Call) -> Result<(), Box<Response>> {
    let wanted = match (route.demand, &call.caller) {
        (Demand::Form, _) => call.form_cookie.as_ref().map(csrf_of),
        (_, Caller::User { csrf, .. }) => Some(csrf.clone()),
        // A program's token is no cookie: no page can make a browser send it.
        (_, Caller::Nobody | Caller::Token { .. } | Caller::ApiServer) => return Ok(()),
    };
    let header = call.headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let given = header.or_else(|| call.field("csrf")).unwrap_or_default();
    match wanted {
        Some(wanted) if same(&wanted, &given) => Ok(()),
        _ => Err(Box::new(refuse(StatusCode::FORBIDDEN, "form"))),
    }
}

/// Headers that every answer has.
fn protect(headers: &mut HeaderMap) {
    const HEADERS: [(&str, &str); 9] = [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("cache-control", "no-store"),
    ];
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// An answer of a media type.
pub(crate) fn answer(status: StatusCode, media: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let media = match media {
        "text/html" => "text/html; charset=utf-8",
        "text/plain" => "text/plain; charset=utf-8",
        other => other,
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// What an error of accounts comes to.
pub(crate) fn failure(error: AccessError) -> Response {
    use haechi_store::StoreError;
    let mut response = match &error {
        AccessError::Denied => refuse(StatusCode::UNAUTHORIZED, "denied"),
        AccessError::Braked(wait) => {
            refuse_with(StatusCode::TOO_MANY_REQUESTS, "braked", vec![("seconds", wait.to_string())])
        }
        AccessError::Invalid(Invalid::Name) => refuse(StatusCode::BAD_REQUEST, "name"),
        AccessError::Invalid(Invalid::Lasts) => refuse(StatusCode::BAD_REQUEST, "lasts-range"),
        AccessError::Invalid(Invalid::LastAdmin) => refuse(StatusCode::BAD_REQUEST, "last-admin"),
        AccessError::Password(crate::access::PasswordError::Length) => {
            refuse(StatusCode::BAD_REQUEST, "password-length")
        }
        AccessError::Store(StoreError::Exists { id, .. }) => {
            refuse_with(StatusCode::CONFLICT, "exists", vec![("name", id.clone())])
        }
        AccessError::Store(StoreError::NotFound { id, .. }) => {
            refuse_with(StatusCode::NOT_FOUND, "not-found", vec![("name", id.clone())])
        }
        AccessError::Store(error @ StoreError::Refused { .. }) => {
            say(StatusCode::CONFLICT, &error.to_string())
        }
        AccessError::Store(error @ (StoreError::TooLarge { .. } | StoreError::Invalid { .. })) => {
            say(StatusCode::BAD_REQUEST, &error.to_string())
        }
        AccessError::Password(_) | AccessError::Store(_) | AccessError::Internal(_) => {
            tracing::warn!(%error, "a request could not be served");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "not-now");
        }
    };
    if let AccessError::Braked(wait) = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}

/// Whether somebody may read what viewers read.
pub(crate) fn may_read(caller: &Caller) -> bool {
    match caller {
        Caller::User { .. } => true,
        Caller::Token { scope, .. } => matches!(scope, Scope::Read | Scope::Metrics | Scope::Operate),
        Caller::Nobody | Caller::ApiServer => false,
    }
}

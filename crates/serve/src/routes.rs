//! All routes, with what each demands. The router, the guard, the description of the API and the test that walks every
//! route are made from this table.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use haechi_store::accounts::Role;

use crate::access::Scope;
use crate::app::App;
use crate::guard::{Call, guard};
use crate::{api, desk, health, hooks, pages, provider_login, records};

/// What may be done with a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Looking.
    Get,
    /// Doing.
    Post,
}

impl Verb {
    /// The name in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
        }
    }
}

/// What a route demands of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: health.
    Nothing,
    /// What only a page of ours can know: the token of a form that is filled in before anybody is known. What is shown goes
    /// out with status 401.
    Form,
    /// Somebody who is known.
    Caller {
        /// The least role of a person; no person at all if none.
        role: Option<Role>,
        /// Scopes of which a token needs one.
        scopes: &'static [Scope],
        /// Whether the API server is let in by its certificate or the key in the path.
        api_server: bool,
    },
}

/// Answers a call.
pub type Handler = fn(Arc<App>, Call) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// What is done.
    pub verb: Verb,
    /// Where; `{name}` stands for any part.
    pub path: &'static str,
    /// What it is called; its text is `serve-route-ID`.
    pub id: &'static str,
    /// Who may.
    pub demand: Demand,
    /// Most bytes of a body.
    pub body: usize,
    /// Fields of the form that is sent.
    pub fields: &'static [&'static str],
    /// Media type of what comes back.
    pub answers: &'static str,
    /// Answers.
    pub handler: Handler,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// Most bytes of a form.
const FORM: usize = 16 * KIB;
/// Most bytes of a batch of events, as sent.
const EVENTS: usize = 16 * MIB;

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const TEXT: &str = "text/plain";

const fn person(role: Role) -> Demand {
    Demand::Caller { role: Some(role), scopes: &[], api_server: false }
}

const fn program(scopes: &'static [Scope]) -> Demand {
    Demand::Caller { role: None, scopes, api_server: false }
}

const READERS: Demand =
    Demand::Caller { role: Some(Role::Viewer), scopes: &[Scope::Read, Scope::Operate], api_server: false };
/// Who deals with what has happened.
const OPERATORS: Demand =
    Demand::Caller { role: Some(Role::Operator), scopes: &[Scope::Operate], api_server: false };
const SCRAPERS: Demand = Demand::Caller {
    role: Some(Role::Viewer),
    scopes: &[Scope::Metrics, Scope::Read, Scope::Operate],
    api_server: false,
};
const API_SERVER: Demand = Demand::Caller { role: None, scopes: &[Scope::Admit], api_server: true };

const fn get(
    path: &'static str,
    id: &'static str,
    demand: Demand,
    answers: &'static str,
    handler: Handler,
) -> Route {
    Route { verb: Verb::Get, path, id, demand, body: 0, fields: &[], answers, handler }
}

const fn post(
    path: &'static str,
    id: &'static str,
    demand: Demand,
    body: usize,
    fields: &'static [&'static str],
    answers: &'static str,
    handler: Handler,
) -> Route {
    Route { verb: Verb::Post, path, id, demand, body, fields, answers, handler }
}

/// All routes.
pub static ROUTES: &[Route] = &[
    get("/livez", "livez", Demand::Nothing, TEXT, |app, call| Box::pin(health::live(app, call))),
    get("/readyz", "readyz", Demand::Nothing, TEXT, |app, call| Box::pin(health::ready(app, call))),
    get("/healthz", "healthz", Demand::Nothing, TEXT, |app, call| Box::pin(health::health(app, call))),
    post("/admit/validate", "admit-validate", API_SERVER, 16 * MIB, &[], JSON, |app, call| {
        Box::pin(hooks::validate(app, call))
    }),
    post("/admit/mutate", "admit-mutate", API_SERVER, 16 * MIB, &[], JSON, |app, call| {
        Box::pin(hooks::mutate(app, call))
    }),
    post("/admit/validate/{key}", "admit-validate-key", API_SERVER, 16 * MIB, &[], JSON, |app, call| {
        Box::pin(hooks::validate(app, call))
    }),
    post("/admit/mutate/{key}", "admit-mutate-key", API_SERVER, 16 * MIB, &[], JSON, |app, call| {
        Box::pin(hooks::mutate(app, call))
    }),
    post("/intake/audit", "intake-audit", program(&[Scope::Intake]), EVENTS, &[], JSON, |app, call| {
        Box::pin(hooks::audit(app, call))
    }),
    post("/intake/falco", "intake-falco", program(&[Scope::Intake]), MIB, &[], JSON, |app, call| {
        Box::pin(hooks::falco(app, call))
    }),
    post("/intake/cloud", "intake-cloud", program(&[Scope::Intake]), EVENTS, &[], JSON, |app, call| {
        Box::pin(hooks::cloud(app, call))
    }),
    get("/metrics", "metrics", SCRAPERS, TEXT, |app, call| Box::pin(health::metrics(app, call))),
    get("/api/openapi.json", "openapi", READERS, JSON, |app, call| Box::pin(api::openapi(app, call))),
    get("/api/status", "status", READERS, JSON, |app, call| Box::pin(health::status(app, call))),
    get("/api/findings", "findings", READERS, JSON, |app, call| Box::pin(records::findings(app, call))),
    get("/api/detections", "detections", READERS, JSON, |app, call| Box::pin(records::detections(app, call))),
    get("/api/incidents", "incidents", READERS, JSON, |app, call| Box::pin(records::incidents(app, call))),
    get("/api/incidents/{id}", "incident", READERS, JSON, |app, call| Box::pin(desk::incident(app, call))),
    post(
        "/api/incidents/{id}/acknowledge",
        "incident-acknowledge",
        OPERATORS,
        FORM,
        &["note"],
        JSON,
        |app, call| Box::pin(desk::acknowledge(app, call)),
    ),
    post("/api/incidents/{id}/close", "incident-close", OPERATORS, FORM, &["note"], JSON, |app, call| {
        Box::pin(desk::close(app, call))
    }),
    post("/api/incidents/{id}/reopen", "incident-reopen", OPERATORS, FORM, &["note"], JSON, |app, call| {
        Box::pin(desk::reopen(app, call))
    }),
    get("/api/silences", "silences", READERS, JSON, |app, call| Box::pin(desk::silences(app, call))),
    post("/api/silences", "silence-add", OPERATORS, FORM, desk::SILENCE, JSON, |app, call| {
        Box::pin(desk::add_silence(app, call))
    }),
    post("/api/silences/{id}/end", "silence-end", OPERATORS, FORM, &[], JSON, |app, call| {
        Box::pin(desk::end_silence(app, call))
    }),
    get("/api/alerts/dead", "alerts-dead", READERS, JSON, |app, call| Box::pin(desk::dead(app, call))),
    post("/api/alerts/dead/{id}/retry", "alert-retry", OPERATORS, FORM, &[], JSON, |app, call| {
        Box::pin(desk::retry(app, call))
    }),
    post("/api/alerts/dead/{id}/drop", "alert-drop", OPERATORS, FORM, &[], JSON, |app, call| {
        Box::pin(desk::drop_dead(app, call))
    }),
    // A body may hold what only who works with it should see.
    get("/api/events/{id}", "event", person(Role::Operator), JSON, |app, call| {
        Box::pin(records::event(app, call))
    }),
    get("/api/session", "session", person(Role::Viewer), JSON, |app, call| Box::pin(api::session(app, call))),
    get("/api/tokens", "tokens", person(Role::Admin), JSON, |app, call| Box::pin(api::tokens(app, call))),
    post(
        "/api/tokens",
        "token-add",
        person(Role::Admin),
        FORM,
        &["scope", "name", "cluster", "lasts_s"],
        JSON,
        |app, call| Box::pin(api::add_token(app, call)),
    ),
    post("/api/tokens/{id}/revoke", "token-revoke", person(Role::Admin), FORM, &[], JSON, |app, call| {
        Box::pin(api::revoke_token(app, call))
    }),
    get("/api/users", "users", person(Role::Admin), JSON, |app, call| Box::pin(api::users(app, call))),
    post(
        "/api/users",
        "user-add",
        person(Role::Admin),
        FORM,
        &["name", "role", "password"],
        JSON,
        |app, call| Box::pin(api::add_user(app, call)),
    ),
    post(
        "/api/users/{name}",
        "user-change",
        person(Role::Admin),
        FORM,
        &["role", "disabled"],
        JSON,
        |app, call| Box::pin(api::change_user(app, call)),
    ),
    post("/api/password", "password", person(Role::Viewer), FORM, &["old", "new"], JSON, |app, call| {
        Box::pin(api::change_password(app, call))
    }),
    get("/api/journal", "journal", person(Role::Admin), JSON, |app, call| Box::pin(api::journal(app, call))),
    get("/", "home", person(Role::Viewer), HTML, |app, call| Box::pin(pages::home(app, call))),
    get("/setup", "setup-form", Demand::Form, HTML, |app, call| Box::pin(pages::setup_form(app, call))),
    post("/setup", "setup", Demand::Form, FORM, &["token", "name", "password"], HTML, |app, call| {
        Box::pin(pages::setup(app, call))
    }),
    get("/login", "login-form", Demand::Form, HTML, |app, call| Box::pin(pages::login_form(app, call))),
    post("/login", "login", Demand::Form, FORM, &["name", "password"], HTML, |app, call| {
        Box::pin(pages::login(app, call))
    }),
    get("/login/oidc", "oidc-begin", Demand::Form, HTML, |app, call| {
        Box::pin(provider_login::begin(app, call))
    }),
    get("/login/oidc/callback", "oidc-end", Demand::Form, HTML, |app, call| {
        Box::pin(provider_login::end(app, call))
    }),
    post("/logout", "logout", person(Role::Viewer), FORM, &[], HTML, |app, call| {
        Box::pin(pages::logout(app, call))
    }),
];

/// What a socket serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All routes.
    All,
    /// What other programs call: admission, intake, health.
    Hooks,
    /// The rest, and health.
    Console,
}

impl Part {
    fn holds(self, route: &Route) -> bool {
        let is_hook = route.path.starts_with("/admit/") || route.path.starts_with("/intake/");
        match self {
            Part::All => true,
            _ if route.demand == Demand::Nothing => true,
            Part::Hooks => is_hook,
            Part::Console => !is_hook,
        }
    }
}

/// The router over the table; nothing is reached but through the guard.
pub fn router(app: &Arc<App>, part: Part) -> Router {
    let mut router = Router::new();
    for route in ROUTES.iter().filter(|route| part.holds(route)) {
        let filter = match route.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        let app = app.clone();
        let handler = move |params: RawPathParams, request: Request| {
            let app = app.clone();
            let params = params.iter().map(|(_, value)| value.to_owned()).collect::<Vec<String>>();
            async move { guard(app, route, params, request).await }
        };
        router = router.route(route.path, on(filter, handler));
    }
    let (nowhere, no_such_verb) = (app.clone(), app.clone());
    router
        .fallback(move || crate::guard::nowhere(nowhere))
        .method_not_allowed_fallback(move || crate::guard::no_such_verb(no_such_verb))
}

//! The routes, in process: a router, a store on disk, no socket.

mod adversary;
mod clusters;
mod desk;
pub(crate) mod keys;
mod records;
mod refused;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use haechi_model::Severity;
use haechi_report::{Language, Texts};
use haechi_store::SqliteStore;
use haechi_store::accounts::Role;
use haechi_store::sqlite::Options;
use http_body_util::BodyExt;
use serde_json::Value as Json;
use tower::ServiceExt;

use crate::access::{
    Access, AccessOptions, Brake, BrakeOptions, Oidc, Passwords, Scope, Secret, SetupState, csrf_of,
};
use crate::admit::{Admission, AdmissionSettings, Decisions, PolicyFolder};
use crate::app::App;
use crate::bodies::Bodies;
use crate::clusters::ClusterState;
use crate::intake::{Intake, IntakeOptions, RuleBook, SnsTrust};
use crate::listen::Drain;
use crate::metrics::Metrics;
use crate::routes::{Demand, Part, ROUTES, Route, Verb, router};

const PASSWORD: &str = "correct horse battery";
const KEY: &str = "0123456789012345678901234567890123456789";

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    router: Router,
    _folder: tempfile::TempDir,
}

fn world_with(options: AccessOptions) -> World {
    world_of(options, None, Bodies::default())
}

pub(crate) fn world_with_oidc(oidc: Option<Oidc>) -> World {
    // Tests of logins come from one address.
    let brake = BrakeOptions { free: 100, ..BrakeOptions::default() };
    world_of(AccessOptions { brake, ..AccessOptions::default() }, oidc, Bodies::default())
}

fn world_of(options: AccessOptions, oidc: Option<Oidc>, bodies: Bodies) -> World {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn haechi_store::Store> =
        Arc::new(SqliteStore::open(Options::new(folder.path().join("store"))).unwrap());
    // As cheap as argon2 allows: what is tested is not how slow it is.
    let passwords = Passwords::with_memory(2, 64).unwrap();
    let access = Arc::new(Access::with_passwords(store.clone(), options, passwords).unwrap());
    let policies = PolicyFolder::open(AdmissionSettings { workers: 1, ..AdmissionSettings::default() }, 0);
    let (told, _) = Decisions::channel(8);
    let metrics = Arc::new(Metrics::new());
    let rules = Arc::new(RuleBook::open(Vec::new(), false).unwrap());
    let intake_options = IntakeOptions { workers: 1, ..IntakeOptions::default() };
    let app = Arc::new(App {
        admission: Admission::start(Arc::new(policies.unwrap()), told, Language::En).unwrap(),
        access,
        oidc,
        intake: Intake::start(store, rules, vec![metrics.clone()], intake_options, SnsTrust::default())
            .unwrap(),
        metrics,
        companions: Arc::default(),
        texts: Texts::new(Language::En),
        hosts: vec!["haechi.test".to_owned()],
        admission_key: Some(Secret::of(KEY).hash()),
        bodies,
        drain: Drain::default(),
        is_ready: AtomicBool::new(true),
    });
    World { router: router(&app, Part::All), app, _folder: folder }
}

fn world() -> World {
    world_with(AccessOptions::default())
}

#[derive(Default, Clone)]
pub(crate) struct Credentials {
    pub(crate) cookie: Option<String>,
    pub(crate) csrf: Option<String>,
    pub(crate) bearer: Option<String>,
}

impl World {
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn call(&self, verb: Verb, path: &str, with: &Credentials, form: &str) -> Response<Body> {
        let mut request =
            Request::builder().method(verb.as_str()).uri(path).header(header::HOST, "haechi.test");
        if let Some(cookie) = &with.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(csrf) = &with.csrf {
            request = request.header("x-csrf-token", csrf);
        }
        if let Some(bearer) = &with.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    pub(crate) async fn user(&self, name: &str, role: Role) -> Credentials {
        let users = self.app.access.users().await.unwrap();
        if !users.iter().any(|user| user.name == name) {
            self.app.access.add_user(name, role, PASSWORD, "test".to_owned()).await.unwrap();
        }
        self.log_in(name).await
    }

    async fn log_in(&self, name: &str) -> Credentials {
        let login = self.app.access.log_in(name, PASSWORD, "127.0.0.1", None).await.unwrap();
        Credentials {
            cookie: Some(format!("__Host-haechi={}", login.secret.reveal())),
            csrf: Some(csrf_of(&login.secret)),
            bearer: None,
        }
    }

    async fn token(&self, scope: Scope) -> (String, Credentials) {
        let (id, secret) =
            self.app.access.add_token(scope, "t", None, None, "test".to_owned()).await.unwrap();
        (id, Credentials { bearer: Some(secret.reveal().to_owned()), ..Credentials::default() })
    }
}

pub(crate) async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub(crate) async fn json(response: Response<Body>) -> Json {
    serde_json::from_str(&text(response).await).expect("JSON")
}

/// The path with something in place of what stands for anything.
fn concrete(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn nothing_but_health_answers_without_credentials() {
    let world = world();
    let wrong = [
        Credentials::default(),
        Credentials { bearer: Some("haechi_read_x".to_owned()), ..Credentials::default() },
        Credentials {
            cookie: Some("__Host-haechi=x; __Host-haechi-form=x".to_owned()),
            csrf: Some("x".to_owned()),
            bearer: None,
        },
    ];
    for route in ROUTES {
        for credentials in &wrong {
            let status = world.call(route.verb, &concrete(route), credentials, "").await.status();
            let is_health = matches!(route.path, "/livez" | "/readyz" | "/healthz");
            assert_eq!(status.is_success(), is_health, "{} {}: {status}", route.verb.as_str(), route.path);
        }
    }
    for path in ["/nowhere", "/admit", "/api", "/%2e%2e/etc/passwd"] {
        assert!(!world.call(Verb::Get, path, &wrong[0], "").await.status().is_success(), "{path}");
    }
    let verbose = text(world.call(Verb::Get, "/healthz?verbose", &wrong[0], "").await).await;
    assert_eq!(verbose, "ok\n", "nobody learns more than that");
}

#[tokio::test]
async fn every_form_refuses_a_missing_or_wrong_token() {
    let world = world();
    let admin = world.user("root", Role::Admin).await;
    let mut forms = 0;
    for route in ROUTES.iter().filter(|route| route.verb == Verb::Post) {
        let is_form = match route.demand {
            Demand::Form => true,
            Demand::Caller { role, .. } => role.is_some(),
            Demand::Nothing => panic!("a form without any demand: {}", route.path),
        };
        if !is_form {
            continue;
        }
        forms += 1;
        let cookie = format!("{}; __Host-haechi-form=abc", admin.cookie.clone().unwrap());
        let other = csrf_of(&Secret::of("another session"));
        for csrf in [None, Some(String::new()), Some("x".to_owned()), Some(other)] {
            let with = Credentials { cookie: Some(cookie.clone()), csrf, bearer: None };
            let response = world.call(route.verb, &concrete(route), &with, "name=x&password=y").await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{}", route.path);
        }
    }
    assert!(forms >= 8, "{forms}");
}

#[tokio::test]
async fn each_role_and_scope_reaches_what_the_table_says() {
    let world = world();
    world.user("root", Role::Admin).await;
    for role in Role::ALL {
        for route in ROUTES.iter().filter(|route| !matches!(route.path, "/logout" | "/api/password")) {
            let Demand::Caller { role: least, .. } = route.demand else { continue };
            let credentials = world.user(role.as_str(), role).await;
            let status = world.call(route.verb, &concrete(route), &credentials, "").await.status();
            let may = least.is_some_and(|least| role >= least);
            let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            assert_eq!(is_refused, !may, "{role} {}: {status}", route.path);
        }
    }
    for scope in Scope::ALL {
        let (_, credentials) = world.token(scope).await;
        for route in ROUTES {
            let Demand::Caller { scopes, .. } = route.demand else { continue };
            let status = world.call(route.verb, &concrete(route), &credentials, "").await.status();
            let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            // A token has no session to tell of.
            assert_eq!(is_refused, !scopes.contains(&scope), "{scope} {}: {status}", route.path);
        }
    }
}

#[tokio::test]
async fn the_key_in_the_path_lets_the_api_server_in_and_nobody_else() {
    let world = world();
    let none = Credentials::default();
    for path in ["/admit/validate", "/admit/mutate"] {
        let status = world.call(Verb::Post, &format!("{path}/{KEY}"), &none, "{}").await.status();
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "let in, but no JSON");
        for wrong in ["x", &KEY[1..], &format!("{KEY}0")] {
            let status = world.call(Verb::Post, &format!("{path}/{wrong}"), &none, "{}").await.status();
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
    }
    let status = world.call(Verb::Post, &format!("/api/users/{KEY}"), &none, "").await.status();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "the key opens nothing else");
}

#[tokio::test]
async fn the_setup_token_is_good_once() {
    let world = world();
    let SetupState::Token(first) = world.app.access.begin_setup().unwrap() else { panic!("no token") };
    let SetupState::Token(second) = world.app.access.begin_setup().unwrap() else { panic!("no token") };
    let access = &world.app.access;
    assert!(
        access.set_up(first.reveal(), "kim", PASSWORD, "1").await.is_err(),
        "the later start made it void"
    );
    assert!(access.set_up(second.reveal(), "kim", "short", "1").await.is_err());
    access.set_up(second.reveal(), "kim", PASSWORD, "1").await.expect("the first user");
    assert!(access.set_up(second.reveal(), "lee", PASSWORD, "1").await.is_err(), "it is void after use");
    assert!(matches!(access.begin_setup().unwrap(), SetupState::Done));
    let users = access.users().await.unwrap();
    assert_eq!(users.len(), 1);
    assert!(users[0].password.as_ref().unwrap().starts_with("$argon2id$"));
}

#[tokio::test]
async fn a_login_goes_through_the_form_and_a_new_cookie_each_time() {
    let world = world();
    world.user("kim", Role::Viewer).await;
    let page = world.call(Verb::Get, "/login", &Credentials::default(), "").await;
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED);
    let form_cookie = page.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["__Host-haechi-form=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(form_cookie.contains(part), "{form_cookie}");
    }
    let cookie = form_cookie.split(';').next().unwrap().to_owned();
    let page = text(page).await;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let with = Credentials { cookie: Some(cookie), csrf: None, bearer: None };
    let form = format!("csrf={csrf}&name=kim&password={}", PASSWORD.replace(' ', "+"));
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let response = world.call(Verb::Post, "/login", &with, &form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let line = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        for part in ["__Host-haechi=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
            assert!(line.contains(part), "{line}");
        }
        sessions.push(line.split(';').next().unwrap().to_owned());
    }
    assert_ne!(sessions[0], sessions[1]);
    let session = Credentials { cookie: Some(sessions[0].clone()), ..Credentials::default() };
    assert_eq!(json(world.call(Verb::Get, "/api/session", &session, "").await).await["user"], "kim");
    // A login that carries an old session ends it.
    let both = Credentials {
        cookie: Some(format!("{}; {}", with.cookie.clone().unwrap(), sessions[0])),
        ..Credentials::default()
    };
    assert_eq!(world.call(Verb::Post, "/login", &both, &form).await.status(), StatusCode::SEE_OTHER);
    let status = world.call(Verb::Get, "/api/session", &session, "").await.status();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_out_and_idling_end_a_session() {
    let world_one = world();
    let kim = world_one.user("kim", Role::Viewer).await;
    assert_eq!(world_one.call(Verb::Post, "/logout", &kim, "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(world_one.call(Verb::Get, "/", &kim, "").await.status(), StatusCode::UNAUTHORIZED);

    for options in [
        AccessOptions { idle_s: -1, ..AccessOptions::default() },
        AccessOptions { session_s: 0, ..AccessOptions::default() },
    ] {
        let world = world_with(options);
        let kim = world.user("kim", Role::Viewer).await;
        assert_eq!(world.call(Verb::Get, "/", &kim, "").await.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn what_was_wrong_with_a_login_is_not_told_and_guessing_is_braked() {
    let brake = BrakeOptions { free: 3, refill_s: 3600, buckets: 1 << 14 };
    let world = world_with(AccessOptions { brake, ..AccessOptions::default() });
    world.app.access.add_user("kim", Role::Viewer, PASSWORD, "test".to_owned()).await.unwrap();
    let form = Secret::of("form");
    let with = Credentials {
        cookie: Some("__Host-haechi-form=form".to_owned()),
        csrf: Some(csrf_of(&form)),
        bearer: None,
    };
    let attempt = async |name: &str, password: &str| {
        let form = format!("name={name}&password={password}");
        world.call(Verb::Post, "/login", &with, &form).await
    };
    let (known, unknown) = (attempt("kim", "wrong").await, attempt("nobody", "wrong").await);
    assert_eq!(known.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(unknown.status(), known.status());
    assert_eq!(text(unknown).await, text(known).await);
    attempt("kim", "wrong").await;
    let braked = attempt("kim", &PASSWORD.replace(' ', "+")).await;
    assert_eq!(braked.status(), StatusCode::TOO_MANY_REQUESTS, "even with the right password");
    assert!(braked.headers().contains_key(header::RETRY_AFTER));
}

#[test]
fn the_brake_lets_go_in_time_and_takes_no_more_memory_for_more_names() {
    let brake = Brake::new(BrakeOptions { free: 2, refill_s: 10, buckets: 8 });
    let kim = [("user", "kim")];
    assert_eq!(brake.attempt(&kim, 0), None);
    assert_eq!(brake.attempt(&kim, 0), None);
    assert_eq!(brake.attempt(&kim, 1), Some(9));
    assert_eq!(brake.attempt(&kim, 10), None);
    assert_eq!(brake.attempt(&kim, 10), Some(10));
    brake.forgive(&kim);
    assert_eq!(brake.attempt(&kim, 10), None);
    for index in 0..1000 {
        brake.attempt(&[("user", &index.to_string())], 11);
    }
    assert!(format!("{brake:?}").matches("Bucket {").count() <= 8);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_at_once() {
    let world = world();
    let admin = world.user("root", Role::Admin).await;
    let made = json(world.call(Verb::Post, "/api/tokens", &admin, "scope=read&name=grafana").await).await;
    let (id, secret) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap().to_owned());
    let with = Credentials { bearer: Some(secret.clone()), ..Credentials::default() };
    assert_eq!(world.call(Verb::Get, "/api/status", &with, "").await.status(), StatusCode::OK);
    let listed = text(world.call(Verb::Get, "/api/tokens", &admin, "").await).await;
    assert!(listed.contains(id) && !listed.contains(&secret), "{listed}");
    let revoke = format!("/api/tokens/{id}/revoke");
    assert_eq!(world.call(Verb::Post, &revoke, &admin, "").await.status(), StatusCode::OK);
    assert_eq!(world.call(Verb::Get, "/api/status", &with, "").await.status(), StatusCode::UNAUTHORIZED);
    // Basic, for senders that can do nothing else.
    let (_, intake) = world.token(Scope::Intake).await;
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("any:{}", intake.bearer.unwrap()));
    let request = Request::post("/intake/falco")
        .header(header::HOST, "haechi.test")
        .header(header::AUTHORIZATION, format!("Basic {basic}"))
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(world.send(request).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_last_admin_stays_one_and_acts_are_journalled() {
    let world = world();
    let admin = world.user("root", Role::Admin).await;
    for form in ["role=viewer", "disabled=true"] {
        let status = world.call(Verb::Post, "/api/users/root", &admin, form).await.status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
    }
    let form = format!("name=lee&role=admin&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(world.call(Verb::Post, "/api/users", &admin, &form).await.status(), StatusCode::OK);
    assert_eq!(world.call(Verb::Post, "/api/users", &admin, &form).await.status(), StatusCode::CONFLICT);
    assert_eq!(
        world.call(Verb::Post, "/api/users/lee", &admin, "disabled=true").await.status(),
        StatusCode::OK
    );
    assert!(world.app.access.log_in("lee", PASSWORD, "1", None).await.is_err(), "a locked account");
    let journal = json(world.call(Verb::Get, "/api/journal", &admin, "").await).await;
    let acts: Vec<&str> =
        journal["entries"].as_array().unwrap().iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    for act in ["user.created", "login.succeeded", "user.changed", "login.refused"] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }
    assert!(!journal.to_string().contains(PASSWORD) && !journal.to_string().contains("argon2"));
}

#[tokio::test]
async fn a_request_under_a_foreign_name_is_refused() {
    let world = world();
    let admin = world.user("root", Role::Admin).await;
    for (host, expected) in [
        ("haechi.test", StatusCode::OK),
        ("haechi.test:8443", StatusCode::OK),
        ("127.0.0.1:8443", StatusCode::OK),
        ("[::1]:8443", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("haechi.test.evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let request = Request::get("/api/session")
            .header(header::HOST, host)
            .header(header::COOKIE, admin.cookie.clone().unwrap());
        let status = world.send(request.body(Body::empty()).unwrap()).await.status();
        assert_eq!(status, expected, "{host}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_answers_protected() {
    let world = world();
    let admin = world.user("root", Role::Admin).await;
    let long = format!("scope=read&name={}", "x".repeat(20 << 10));
    let response = world.call(Verb::Post, "/api/tokens", &admin, &long).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    for path in ["/", "/login", "/nowhere", "/livez"] {
        let response = world.call(Verb::Get, path, &admin, "").await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        for name in
            ["strict-transport-security", "x-content-type-options", "referrer-policy", "cache-control"]
        {
            assert!(response.headers().contains_key(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn readiness_goes_when_draining_begins() {
    let world = world();
    let none = Credentials::default();
    assert_eq!(world.call(Verb::Get, "/readyz", &none, "").await.status(), StatusCode::OK);
    world.app.drain.begin();
    assert_eq!(world.call(Verb::Get, "/readyz", &none, "").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.call(Verb::Get, "/livez", &none, "").await.status(), StatusCode::OK);
}

fn project() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_description_of_the_api_is_up_to_date() {
    let described = crate::openapi::describe(&Texts::new(Language::En));
    for route in ROUTES {
        let operation = &described["paths"][route.path][route.verb.as_str().to_lowercase()];
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.starts_with("serve-route-"), "{} has no text", route.id);
    }
    let file = project().join("docs/openapi.json");
    let text = format!("{described:#}\n");
    if std::env::var_os("HAECHI_WRITE").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(known, text, "run this test with HAECHI_WRITE=1");
}

/// Names of metrics in a PromQL expression: what is no function, keyword, label or number.
fn names(expression: &str) -> Vec<String> {
    let mut without_labels = String::new();
    let (mut depth, mut quoted) = (0, false);
    for c in expression.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            c if depth == 0 && !quoted => without_labels.push(c),
            _ => {}
        }
    }
    // `by (…)` holds labels.
    let mut text = without_labels;
    while let Some(at) = text.find("by (") {
        let end = text[at..].find(')').map_or(text.len(), |end| at + end + 1);
        text.replace_range(at..end, " ");
    }
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.contains('_') && *word != "histogram_quantile").map(str::to_owned).collect()
}

fn expressions(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::Object(fields) => fields.iter().for_each(|(key, value)| match (key.as_str(), value) {
            ("expr", Json::String(text)) => found.push(text.clone()),
            (_, value) => expressions(value, found),
        }),
        Json::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn dashboards_and_alerts_ask_for_numbers_that_are_there() {
    let world = world();
    let (_, scraper) = world.token(Scope::Metrics).await;
    let bare = text(world.call(Verb::Get, "/metrics", &scraper, "").await).await;
    assert!(
        !bare.contains("compliance_score") && !bare.contains("vulnerability_scan"),
        "nothing was evaluated"
    );

    let counts = [(Severity::Critical, 1), (Severity::High, 2)].into();
    world.app.metrics.set_posture(Some([("prod".to_owned(), counts)].into()));
    world
        .app
        .companions
        .clusters()
        .tell("prod", ClusterState { last_listed_us: Some(1), ..Default::default() });
    let open = ["privileged-container"].into();
    let asked = haechi_checks::CHECKS.iter().map(|check| &check.info);
    world.app.metrics.set_compliance("prod", crate::compliance::Compliance::judge(asked, &open));
    world.app.metrics.login("refused");
    world.app.metrics.admission_took(crate::admit::Phase::Validate, std::time::Duration::from_millis(1));
    let decision = crate::admit::Decision {
        time_ns: 0,
        phase: crate::admit::Phase::Validate,
        uid: String::new(),
        operation: "CREATE",
        kind: "Pod".to_owned(),
        namespace: String::new(),
        name: String::new(),
        user: String::new(),
        dry_run: false,
        ruling: crate::admit::Ruling::Refused,
        causes: crate::admit::Causes { failed_open: vec!["p".to_owned()], ..Default::default() },
    };
    world.app.metrics.decided(&decision);
    let (_, intake) = world.token(Scope::Intake).await;
    let alert = r#"{"rule":"Shell","priority":"Critical","output":"o","time":"2026-11-22T10:00:00Z","output_fields":{}}"#;
    assert_eq!(world.call(Verb::Post, "/intake/falco", &intake, alert).await.status(), StatusCode::OK);
    world.call(Verb::Post, "/intake/falco", &intake, "{}").await;
    let exposed = text(world.call(Verb::Get, "/metrics", &scraper, "").await).await;
    assert!(
        exposed.contains("security_events_total{severity=\"critical\",event_type=\"syscall\"} 1"),
        "{exposed}"
    );
    assert!(exposed.contains("vulnerability_scan_critical_total 1"), "{exposed}");
    assert!(
        exposed.contains("haechi_compliance_score_percentage{cluster=\"prod\",framework=\"cis-1.12\"} 9"),
        "{exposed}"
    );
    let known: std::collections::BTreeSet<&str> = exposed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();

    let mut asked = Vec::new();
    let dashboard = std::fs::read_to_string(project().join("deploy/grafana/haechi.json")).unwrap();
    expressions(&serde_json::from_str(&dashboard).unwrap(), &mut asked);
    let rules = std::fs::read(project().join("deploy/prometheus/rules.yaml")).unwrap();
    let parsed = haechi_syntax::parse(&rules, &haechi_syntax::Limits::default());
    assert_eq!(parsed.errors.len(), 0);
    let groups = parsed.documents[0].root().get("groups").unwrap();
    for rule in groups.items().flat_map(|group| group.get("rules").unwrap().items()) {
        asked.push(rule.get("expr").unwrap().as_str().unwrap().to_owned());
    }
    assert!(asked.len() >= 10, "{asked:?}");
    for expression in asked {
        let names = names(&expression);
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            assert!(known.contains(name.as_str()), "{name} of {expression} is not exposed: {known:?}");
        }
    }
}

//! Everything put together: opened, served, drained.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use haechi_report::{Args, Language, Texts};
use haechi_store::maintenance::KeyState;
use haechi_store::seal::Keys;
use haechi_store::sqlite::Options as StoreOptions;
use haechi_store::{OpenError, SqliteStore, Store};
use serde_json::json;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::access::{Access, AccessError, AccessOptions, Oidc, OidcError, OidcSettings, SetupState};
use crate::admit::{Admission, AdmissionSettings, Decision, Decisions, PolicyFolder, Reloaded};
use crate::app::App;
use crate::bodies::Bodies;
use crate::clock;
use crate::companion::{Companion, Companions, States};
pub use crate::fetch::FetchError;
use crate::intake::{
    Intake, IntakeOptions, Listener as Hears, RuleBook, SnsError, SnsOptions, SnsTrust, watch_folders,
};
use crate::listen::{
    Authority, CertificateError, Certificates, Drain, Issued, ListenError, Listener, PemError, SelfMade,
    ServerOptions, client_roots,
};
use crate::metrics::Metrics;
use crate::routes::{Part, router};
use crate::webhook::{KeyError, path_key};

/// What the service is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where other programs call, if that is to be apart.
    pub hooks: Option<SocketAddr>,
    /// The folder that everything is kept in.
    pub data: PathBuf,
    /// Keys for what is kept encrypted.
    pub keys: Keys,
    /// Names that it is called by.
    pub names: Vec<String>,
    /// Certificate and key, if they are given.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Authorities whose client certificates let the API server in.
    pub client_authorities: Option<PathBuf>,
    /// Admission.
    pub admission: AdmissionSettings,
    /// Files and folders with detection rules.
    pub rules: Vec<PathBuf>,
    /// Intake.
    pub intake: IntakeOptions,
    /// Messages of SNS.
    pub sns: SnsOptions,
    /// Accounts.
    pub access: AccessOptions,
    /// Logging in through an identity provider.
    pub oidc: Option<OidcSettings>,
    /// Connections.
    pub server: ServerOptions,
    /// The language of texts.
    pub language: Language,
    /// How long requests are still taken after a signal: until everybody has heard that they should go elsewhere.
    pub drain_delay: Duration,
    /// How long requests that are under way may take then.
    pub drain_time: Duration,
}

/// Why the service did not start, or ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// Policies with mistakes.
    #[error("policies cannot be used:\n{}", .0.join("\n"))]
    Policies(Vec<String>),
    /// Rules with mistakes.
    #[error("detection rules cannot be used:\n{}", .0.join("\n"))]
    Rules(Vec<String>),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Accounts.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A key that is not the one that its id stands for.
    #[error(
        "the key `{0}` is not the one that bodies were encrypted with under this id: give the right one, or the new one another id; nothing was changed"
    )]
    WrongKey(String),
    /// Certificates of SNS.
    #[error(transparent)]
    Sns(#[from] SnsError),
    /// The identity provider.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The authorities for client certificates.
    #[error(transparent)]
    Authorities(#[from] PemError),
    /// The key in the webhook's path.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A socket.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl RunError {
    /// Whether it is a mistake of whoever started it.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            RunError::Policies(_)
                | RunError::Rules(_)
                | RunError::Authorities(_)
                | RunError::Oidc(_)
                | RunError::Sns(_)
                | RunError::WrongKey(_)
                | RunError::Certificate(CertificateError::Pem(_))
        )
    }
}

impl Settings {
    /// Where the certificate comes from.
    pub fn authority(&self) -> Authority {
        match &self.certificate {
            Some((certificate, key)) => {
                Authority::Files { certificate: certificate.clone(), key: key.clone() }
            }
            None => Authority::SelfMade(self_made(&self.data, &self.names)),
        }
    }
}

/// The authority of our own making in a folder, for these names and the machine's own.
pub fn self_made(data: &Path, names: &[String]) -> SelfMade {
    let mut names = names.to_vec();
    for usual in ["localhost", "127.0.0.1", "::1"] {
        if !names.iter().any(|name| name == usual) {
            names.push(usual.to_owned());
        }
    }
    SelfMade { folder: data.join("tls"), names }
}

/// Serves until a signal. `listeners` hear of each detection, `companions` work beside the service; `out` gets the
/// addresses, `err` what an operator must know.
///
/// # Errors
/// See [`RunError`].
pub fn serve(
    settings: Settings,
    listeners: Vec<Arc<dyn Hears>>,
    companions: Vec<Box<dyn Companion>>,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(settings, listeners, companions, out, err))
}

async fn run(
    settings: Settings,
    listeners: Vec<Arc<dyn Hears>>,
    companions: Vec<Box<dyn Companion>>,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<(), RunError> {
    let texts = Texts::new(settings.language);
    // A signal that comes while things are opened must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let folder =
        PolicyFolder::open(settings.admission.clone(), clock::now_s()).map_err(RunError::Policies)?;
    let folder = Arc::new(folder);
    let is_korean = settings.language == Language::Ko;
    let rules = Arc::new(RuleBook::open(settings.rules.clone(), is_korean).map_err(RunError::Rules)?);
    let certificates = Arc::new(Certificates::open(settings.authority(), clock::now_s())?);
    let clients = settings.client_authorities.as_deref().map(client_roots).transpose()?;
    let sns = SnsTrust::open(settings.sns)?;
    let oidc = settings.oidc.map(Oidc::open).transpose()?;
    let key = path_key(&settings.data)?;
    let store_options =
        StoreOptions { keys: settings.keys.clone(), ..StoreOptions::new(settings.data.join("store")) };
    let store = SqliteStore::open(store_options)?;
    try_keys(&store, &settings.keys, &texts, err)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let access = Arc::new(Access::open(store.clone(), settings.access)?);
    if let SetupState::Token(secret) = access.begin_setup()? {
        let args = Args::new().text("token", secret.reveal());
        writeln!(err, "{}", texts.message("serve-setup-token", &args))?;
    }
    let metrics = Arc::new(Metrics::new());
    let mut hears: Vec<Arc<dyn Hears>> = vec![metrics.clone()];
    hears.extend(listeners);
    let states = Arc::new(States::default());
    let companions = Companions::start(companions, &store, &metrics, &states)?;
    let intake = Intake::start(store, rules, hears, settings.intake.clone(), sns)?;
    watch_folders(&intake, Duration::from_secs(5))?;
    let (told, decisions) = Decisions::channel(4096);
    let admission = Admission::start(folder.clone(), told, settings.language)?;
    let drain = Drain::default();
    let app = Arc::new(App {
        admission,
        access,
        oidc,
        intake,
        metrics,
        companions: states,
        texts: Texts::new(settings.language),
        hosts: settings.names.clone(),
        admission_key: Some(key.hash()),
        bodies: Bodies::default(),
        drain: drain.clone(),
        is_ready: AtomicBool::new(false),
    });
    note_policies(&app, "policies.loaded").await;

    let mut sockets = vec![(
        Listener::bind(settings.listen).await?,
        if settings.hooks.is_some() { Part::Console } else { Part::All },
    )];
    if let Some(hooks) = settings.hooks {
        sockets.push((Listener::bind(hooks).await?, Part::Hooks));
    }
    let mut serving = tokio::task::JoinSet::new();
    for (listener, part) in sockets {
        let args = Args::new().text("address", format!("https://{}", listener.address()));
        writeln!(out, "{}", texts.message("serve-listening", &args))?;
        let (router, certificates, clients) = (router(&app, part), certificates.clone(), clients.clone());
        let (options, drain) = (settings.server, drain.clone());
        serving.spawn(async move { listener.serve(router, &certificates, clients, options, drain).await });
    }
    out.flush()?;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(watch_policies(app.clone(), settings.admission.poll));
    tasks.spawn(watch_certificates(certificates));
    let counting = tokio::spawn(count(app.clone(), decisions));
    app.is_ready.store(true, Ordering::Relaxed);
    tracing::info!(policies = folder.health().policies, rules = app.intake.rules().health().rules, "ready");

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        // A socket that ends by itself is an error.
        Some(ended) = serving.join_next() => {
            ended.map_err(std::io::Error::other)??;
        }
    }
    tracing::info!(delay = ?settings.drain_delay, "draining");
    app.is_ready.store(false, Ordering::Relaxed);
    tokio::select! {
        () = tokio::time::sleep(settings.drain_delay) => {}
        // A second signal is impatience.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drain.begin();
    let ended = async { while serving.join_next().await.is_some() {} };
    if tokio::time::timeout(settings.drain_time, ended).await.is_err() {
        tracing::warn!("connections were cut off");
    }
    tasks.shutdown().await;
    serving.shutdown().await;
    let stopping = app.clone();
    let stopped = tokio::task::spawn_blocking(move || {
        stopping.admission.pool().stop();
        stopping.intake.stop();
        companions.stop();
    });
    stopped.await.map_err(std::io::Error::other)?;
    // The counter ends when nobody is left who could tell it anything.
    app.admission.end_decisions();
    if tokio::time::timeout(Duration::from_secs(5), counting).await.is_err() {
        tracing::warn!("the last decisions were not written down");
    }
    Ok(())
}

/// Refuses to encrypt with a key that is not the one that its id stands for: half of what is kept could not be read any more. A
/// key that is not given is told, and what was encrypted with it stays as it is.
fn try_keys(
    store: &SqliteStore,
    keys: &Keys,
    texts: &Texts,
    err: &mut (dyn Write + Send),
) -> Result<(), RunError> {
    for (id, state) in store.try_keys().map_err(AccessError::from)? {
        match state {
            KeyState::Opens => {}
            KeyState::Wrong if keys.current() == Some(id.as_str()) => return Err(RunError::WrongKey(id)),
            KeyState::Wrong => {
                writeln!(err, "{}", texts.message("serve-key-wrong", &Args::new().text("key", id)))?;
            }
            KeyState::Missing => {
                writeln!(err, "{}", texts.message("serve-key-missing", &Args::new().text("key", id)))?;
            }
        }
    }
    Ok(())
}

async fn note_policies(app: &Arc<App>, what: &'static str) {
    let health = app.admission.folder().health();
    let details = json!({
        "generation": health.generation, "policies": health.policies, "checks": health.checks,
        "problems": health.problems.iter().take(20).collect::<Vec<_>>(),
    });
    let noted = app.access.note("system".to_owned(), what, "policies".to_owned(), details).await;
    if let Err(error) = noted {
        tracing::error!(%error, "a change of policies was not written into the journal");
    }
}

/// Looks at the files of policies and rules from time to time.
async fn watch_policies(app: Arc<App>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let looking = app.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let rules = looking.intake.rules().reload();
            (looking.admission.folder().reload(clock::now_s()), rules)
        });
        let Ok((policies, rules)) = looked.await else { continue };
        if policies != Reloaded::Same {
            let health = app.admission.folder().health();
            tracing::info!(policies = health.policies, problems = health.problems.len(), "policies changed");
            note_policies(&app, "policies.changed").await;
        }
        if rules {
            let details = json!({"rules": app.intake.rules().health().rules});
            let noted = app.access.note("system".to_owned(), "rules.changed", "rules".to_owned(), details);
            if let Err(error) = noted.await {
                tracing::error!(%error, "a change of rules was not written into the journal");
            }
        }
    }
}

async fn watch_certificates(certificates: Arc<Certificates>) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let refreshing = certificates.clone();
        let refreshed = tokio::task::spawn_blocking(move || refreshing.refresh(clock::now_s())).await;
        match refreshed {
            Ok(Ok(Issued::Same)) => {}
            Ok(Ok(Issued::Changed)) => tracing::info!("another certificate is shown"),
            Ok(Err(error)) => {
                tracing::error!(%error, "the certificate was not renewed; the old one is shown")
            }
            Err(error) => tracing::error!(%error, "the certificate was not looked at"),
        }
    }
}

/// Refusals and failures of one kind, within one entry of the journal.
type Kinds = BTreeMap<(&'static str, String, String), u64>;
/// Kinds that one entry tells apart.
const KINDS: usize = 100;

/// Counts decisions, and writes refusals and failures down: once in a while for all of them together, so that whoever is
/// refused over and over cannot fill the journal.
async fn count(app: Arc<App>, mut decisions: mpsc::Receiver<Decision>) {
    let mut kinds: Kinds = BTreeMap::new();
    let mut more = 0_u64;
    let mut tick = tokio::time::interval(Duration::from_secs(10));
    loop {
        let decision = tokio::select! {
            decision = decisions.recv() => decision,
            _ = tick.tick() => {
                write_down(&app, &mut kinds, &mut more).await;
                continue;
            }
        };
        let Some(decision) = decision else {
            return write_down(&app, &mut kinds, &mut more).await;
        };
        app.metrics.decided(&decision);
        if !decision.is_notable() {
            continue;
        }
        let causes = &decision.causes;
        let lists = [
            ("denied", &causes.denied),
            ("failed-closed", &causes.failed_closed),
            ("failed-open", &causes.failed_open),
        ];
        for (what, policies) in lists {
            for policy in policies {
                let kind = (what, policy.clone(), decision.user.clone());
                if kinds.len() < KINDS || kinds.contains_key(&kind) {
                    *kinds.entry(kind).or_insert(0) += 1;
                } else {
                    more += 1;
                }
            }
        }
    }
}

async fn write_down(app: &Arc<App>, kinds: &mut Kinds, more: &mut u64) {
    if kinds.is_empty() {
        return;
    }
    let listed: Vec<_> = std::mem::take(kinds)
        .into_iter()
        .map(|((what, policy, user), count)| json!({"what": what, "policy": policy, "user": user, "count": count}))
        .collect();
    let details = json!({"decisions": listed, "more": std::mem::take(more)});
    let noted = app.access.note("system".to_owned(), "admission.decided", "admission".to_owned(), details);
    if let Err(error) = noted.await {
        tracing::error!(%error, "refusals were not written into the journal");
    }
}

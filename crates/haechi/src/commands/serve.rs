//! `haechi serve`: settings from the command line, and the service.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use haechi_policy::FailMode;
use haechi_policy::pss::LevelVersion;
use haechi_report::{Args, Texts};
use haechi_serve::access::AccessOptions;
use haechi_serve::admit::{AdmissionSettings, CheckError, ChosenCheck, Enforcement};
use haechi_serve::clock::now_s;
use haechi_serve::companion::Companion;
use haechi_serve::intake::{IntakeOptions, Listener, SnsOptions};
use haechi_serve::listen::ServerOptions;
use haechi_serve::run::{Settings, serve};
use haechi_serve::webhook::{Reach, Webhooks, path_key};
#[cfg(feature = "cluster")]
use haechi_sources::cluster::Connection;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::scan::config;
use super::{serve_start, to_stdout};
use crate::Exit;
use crate::cli::level_version;
#[cfg(feature = "cluster")]
use crate::cluster_policies::PolicyKeeper;
#[cfg(feature = "cluster")]
use crate::clusters::{Link, WatchedCluster, watched};
use crate::connection;
use crate::demo::Demo;
use crate::exit::UsageError;
#[cfg(feature = "cluster")]
use crate::keep::Keeper;
#[cfg(feature = "cluster")]
use crate::scan::ScanOptions;
#[cfg(feature = "cluster")]
use crate::told::Told;
#[cfg(feature = "cluster")]
use crate::written::{What, Writer};

/// The command and its options; texts are put in later.
pub(crate) fn command() -> Command {
    let path = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
    let paths = |name: &'static str| path(name).action(ArgAction::Append);
    let words = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    let data = || path("data").default_value("haechi-data");
    let seconds = |name: &'static str, default: &'static str| {
        Arg::new(name).long(name).value_parser(value_parser!(u64).range(0..=3600)).default_value(default)
    };
    let address = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(SocketAddr));
    let serve = Command::new("serve")
        .args_conflicts_with_subcommands(true)
        .arg(address("listen").default_value("127.0.0.1:8443"))
        .arg(address("hook-listen"))
        .arg(data())
        .arg(path("keys"))
        .arg(words("name"))
        .arg(path("tls-cert").requires("tls-key"))
        .arg(path("tls-key").requires("tls-cert"))
        .arg(path("client-ca"))
        .arg(paths("policies"))
        .arg(paths("inventory"))
        .arg(words("check"))
        .arg(words("enforce"))
        .arg(words("on-error"))
        .arg(words("exempt-namespace"))
        .arg(Arg::new("pod-security").long("pod-security").value_parser(level_version))
        .arg(Arg::new("rego-first").long("rego-first").action(ArgAction::SetTrue))
        .arg(paths("rules"))
        .arg(paths("watch"))
        .arg(paths("sns-certificate"))
        .arg(words("sns-topic"))
        .arg(Arg::new("sns-unverified").long("sns-unverified").action(ArgAction::SetTrue))
        .arg(Arg::new("demo").long("demo").action(ArgAction::SetTrue).conflicts_with_all(["data", "watch"]))
        .arg(path("config"))
        .arg(seconds("drain-delay", "5"))
        .arg(seconds("drain-time", "25"))
        .arg(
            Arg::new("write")
                .long("write")
                .requires("cluster")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(["openreports", "events"]),
        )
        .arg(words("cluster-name").requires("cluster"))
        .arg(
            Arg::new("cluster-policies")
                .long("cluster-policies")
                .requires("cluster")
                .conflicts_with("demo")
                .action(ArgAction::SetTrue),
        )
        .arg(Arg::new("webhooks").long("webhooks").requires("cluster"))
        .arg(
            Arg::new("authority-secret")
                .long("authority-secret")
                .requires("cluster")
                .conflicts_with("tls-cert"),
        )
        .subcommand(
            Command::new("webhook-config")
                .arg(data())
                .arg(path("tls-cert"))
                .arg(Arg::new("service").long("service").required_unless_present("url"))
                .arg(Arg::new("url").long("url").conflicts_with("service"))
                .arg(words("exempt-namespace"))
                .arg(Arg::new("fail-open").long("fail-open").action(ArgAction::SetTrue))
                .arg(
                    Arg::new("timeout")
                        .long("timeout")
                        .value_parser(value_parser!(u8).range(1..=30))
                        .default_value("10"),
                ),
        );
    connection::arguments(serve).mut_arg("context", |context| context.action(ArgAction::Append))
}

/// `haechi serve`
pub(super) fn run(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    if let Some(("webhook-config", matches)) = matches.subcommand() {
        return webhook_config(matches, texts);
    }
    let mut settings = settings(matches, texts)?;
    let mut companions = companions(matches, texts)?;
    let (listener, companion) = crate::incidents::incidents();
    let mut listeners: Vec<Arc<dyn Listener>> = vec![listener];
    companions.push(companion);
    // Kept until the end: its folder goes with it.
    let demo = matches.get_flag("demo").then(Demo::prepare).transpose()?;
    if let Some(demo) = &demo {
        settings.data = demo.data().to_owned();
        settings.intake.folders = vec![demo.logs()];
        settings.drain_delay = Duration::ZERO;
        companions.push(demo.player());
        writeln!(io::stderr(), "{}\n", demo.told(&settings.listen.to_string(), texts))?;
    }
    #[cfg(feature = "cluster")]
    if matches.get_flag("cluster-policies") {
        let keeper = PolicyKeeper::open(connection::open(matches)?, &settings.data);
        let keeper = keeper.map_err(|why| {
            anyhow::anyhow!(texts.message("cli-serve-cluster-policies-unread", &Args::new().text("why", why)))
        })?;
        settings.admission.policies.push(keeper.policies());
        settings.admission.inventory.push(keeper.inventory());
        companions.push(Box::new(keeper));
    }
    if let Some(alerts) = config(matches, &[])?.alerts {
        let (listener, companion) = crate::alerting::alerting(alerts);
        listeners.push(listener);
        companions.push(companion);
    }
    // Companions say which cluster is away, and once; its client would say it again for each kind, without the name.
    let told = Targets::new().with_default(LevelFilter::INFO).with_target("kube_client", LevelFilter::OFF);
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).finish().with(told).init();
    match serve(settings, listeners, companions, &mut io::stdout(), &mut io::stderr()) {
        Ok(()) => Ok(Exit::Clean),
        Err(error) => Err(serve_start::told(&error).into()),
    }
}

/// What works beside the service: the findings of each cluster are kept current that is named.
#[cfg(feature = "cluster")]
fn companions(matches: &ArgMatches, texts: &Texts) -> Result<Vec<Box<dyn Companion>>> {
    let config = config(matches, &[])?;
    let clusters = watched(matches, config.clusters.clone(), texts)?;
    let is_asked =
        |check: &&haechi_checks::Check| config.enabled.get(check.info.slug).copied().unwrap_or(!check.opt_in);
    let options = ScanOptions {
        checks: haechi_checks::CHECKS.iter().copied().filter(is_asked).collect(),
        check_options: config.check_options.clone(),
        templates: config.templates.clone(),
        pod_security: config.pod_security,
        // Admission goes first.
        threads: 1,
        config,
        ..ScanOptions::default()
    };
    let mut companions: Vec<Box<dyn Companion>> = Vec::new();
    for WatchedCluster { name, connection, what } in clusters {
        if what != What::default() {
            // Who writes decides when it is tried again.
            let link = Link::new(Connection { repeats: false, ..connection.clone() });
            let language = texts.language();
            companions.push(Box::new(Writer { name: name.clone(), link, what, language }));
        }
        companions.push(Box::new(Keeper { name, connection, options: options.clone() }));
    }
    if connection::is_asked(matches) {
        companions.extend(webhook_keeper(matches, texts)?);
    }
    Ok(companions)
}

/// Looks after the webhook configurations and the Secret that are named. What instances share is taken over at once.
#[cfg(feature = "cluster")]
fn webhook_keeper(matches: &ArgMatches, texts: &Texts) -> Result<Option<Box<dyn Companion>>> {
    use crate::webhooks::{Origin, SecretPlace, WebhookKeeper, take_over};
    let text = |name: &str| matches.get_one::<String>(name);
    let place = text("authority-secret").map(|given| {
        let wrong =
            || UsageError(texts.message("cli-serve-secret", &Args::new().text("given", given.as_str())));
        SecretPlace::parse(given).ok_or_else(wrong)
    });
    let (place, webhooks) = (place.transpose()?, text("webhooks").cloned());
    if place.is_none() && webhooks.is_none() {
        return Ok(None);
    }
    let data = matches.get_one::<PathBuf>("data").cloned().unwrap_or_default();
    let cluster = connection::open(matches)?;
    if let Some(place) = &place {
        let shared = take_over(&cluster, place, &data);
        shared.map_err(|why| Told::of("start-shared").with("why", why).by_the_system())?;
    }
    let origin = match matches.get_one::<PathBuf>("tls-cert") {
        Some(chain) => Origin::Given(chain.clone()),
        None => Origin::Made(haechi_serve::run::self_made(&data, &[]), place),
    };
    Ok(Some(Box::new(WebhookKeeper { cluster, name: webhooks, data, origin })))
}

/// Without the Kubernetes client in the build there is no cluster to watch.
#[cfg(not(feature = "cluster"))]
fn companions(matches: &ArgMatches, texts: &Texts) -> Result<Vec<Box<dyn Companion>>> {
    match connection::is_asked(matches) || !config(matches, &[])?.clusters.is_empty() {
        true => Err(UsageError(texts.message("cli-connection-not-built", &Args::new())).into()),
        false => Ok(Vec::new()),
    }
}

fn all<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    matches.get_many::<T>(name).into_iter().flatten().cloned().collect()
}

/// `NAME=VALUE`; names of policies hold `/` and may hold `=` no more than Kubernetes' names do.
fn pairs(matches: &ArgMatches, name: &str, texts: &Texts) -> Result<Vec<(String, String)>, UsageError> {
    let split = |given: String| match given.rsplit_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(UsageError(texts.message("cli-serve-pair", &Args::new().text("given", given)))),
    };
    all::<String>(matches, name).into_iter().map(split).collect()
}

fn enforcement(word: &str, texts: &Texts) -> Result<Enforcement, UsageError> {
    let wrong = |_| UsageError(texts.message("cli-serve-enforcement-word", &Args::new().text("given", word)));
    word.parse().map_err(wrong)
}

/// A check that may be asked at admission.
fn check(slug: &str, word: &str, texts: &Texts) -> Result<ChosenCheck, UsageError> {
    ChosenCheck::new(slug, enforcement(word, texts)?).map_err(|error| {
        UsageError(match error {
            CheckError::Unknown(slug) => texts.message("cli-unknown-rule", &Args::new().text("id", slug)),
            CheckError::Among(slug) => {
                texts.message("cli-serve-check-among", &Args::new().text("check", slug))
            }
        })
    })
}

fn settings(matches: &ArgMatches, texts: &Texts) -> Result<Settings> {
    let config = config(matches, &[])?;
    let mut admission = AdmissionSettings {
        policies: all(matches, "policies"),
        inventory: all(matches, "inventory"),
        pod_security: matches.get_one::<LevelVersion>("pod-security").copied(),
        exempt: all::<String>(matches, "exempt-namespace").into_iter().collect(),
        rego_first: matches.get_flag("rego-first"),
        templates: config.templates,
        check_options: config.check_options,
        ..AdmissionSettings::default()
    };
    // The command line goes before the file: what it names last counts.
    let configured = |entries: &std::collections::BTreeMap<String, toml::Spanned<String>>| {
        let pairs = entries.iter().map(|(name, word)| (name.clone(), word.get_ref().clone()));
        pairs.collect::<Vec<(String, String)>>()
    };
    let set = config.admission;
    admission.exempt.extend(set.exempt_namespaces);
    admission.exempt.retain(|namespace| !namespace.is_empty());
    for (slug, word) in configured(&set.checks).into_iter().chain(pairs(matches, "check", texts)?) {
        admission.checks.retain(|known| known.check.info.slug != slug);
        admission.checks.push(check(&slug, &word, texts)?);
    }
    for (policy, word) in configured(&set.enforce).into_iter().chain(pairs(matches, "enforce", texts)?) {
        admission.overrides.entry(policy).or_default().enforcement = Some(enforcement(&word, texts)?);
    }
    for (policy, word) in configured(&set.on_error).into_iter().chain(pairs(matches, "on-error", texts)?) {
        let mode = match word.as_str() {
            "allow" => FailMode::Ignore,
            "refuse" => FailMode::Fail,
            _ => {
                let args = Args::new().text("given", word);
                return Err(UsageError(texts.message("cli-serve-on-error-word", &args)).into());
            }
        };
        admission.overrides.entry(policy).or_default().on_error = Some(mode);
    }
    let certificate = match (matches.get_one::<PathBuf>("tls-cert"), matches.get_one::<PathBuf>("tls-key")) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        _ => None,
    };
    let seconds = |name: &str| Duration::from_secs(matches.get_one::<u64>(name).copied().unwrap_or_default());
    Ok(Settings {
        listen: address(matches, "listen")?,
        hooks: matches.get_one::<SocketAddr>("hook-listen").copied(),
        data: matches.get_one::<PathBuf>("data").cloned().unwrap_or_default(),
        keys: match matches.get_one::<PathBuf>("keys") {
            Some(path) => crate::keys::fetch(path, haechi_serve::clock::now_ns() / 1000)?,
            None => haechi_store::seal::Keys::none(),
        },
        names: all(matches, "name"),
        certificate,
        client_authorities: matches.get_one::<PathBuf>("client-ca").cloned(),
        admission,
        rules: all(matches, "rules"),
        intake: IntakeOptions { folders: all(matches, "watch"), ..IntakeOptions::default() },
        sns: SnsOptions {
            certificates: all(matches, "sns-certificate"),
            topics: all(matches, "sns-topic"),
            takes_unverified: matches.get_flag("sns-unverified"),
        },
        access: AccessOptions::default(),
        oidc: config.oidc,
        server: ServerOptions::default(),
        language: texts.language(),
        drain_delay: seconds("drain-delay"),
        drain_time: seconds("drain-time"),
    })
}

fn address(matches: &ArgMatches, name: &str) -> Result<SocketAddr> {
    matches.get_one::<SocketAddr>(name).copied().ok_or_else(|| anyhow::anyhow!("no address to listen on"))
}

/// `haechi serve webhook-config`
fn webhook_config(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let data = matches.get_one::<PathBuf>("data").cloned().unwrap_or_default();
    let mut exempt: Vec<String> = all(matches, "exempt-namespace");
    let reach = match (matches.get_one::<String>("service"), matches.get_one::<String>("url")) {
        (Some(given), _) => {
            let reach = service(given).ok_or_else(|| {
                UsageError(texts.message("cli-serve-service", &Args::new().text("given", given.as_str())))
            })?;
            if let Reach::Service { namespace, .. } = &reach
                && !exempt.contains(namespace)
            {
                exempt.push(namespace.clone());
            }
            reach
        }
        (None, url) => Reach::Url(url.cloned().unwrap_or_default()),
    };
    let bundle = match matches.get_one::<PathBuf>("tls-cert") {
        Some(certificate) => {
            let bundle = haechi_serve::listen::last_of_chain(certificate);
            bundle.map_err(|error| serve_start::certificate(&error))?
        }
        None => haechi_serve::run::self_made(&data, &[])
            .bundle(now_s())
            .map_err(|error| serve_start::certificate(&error).by_the_system())?,
    };
    let key = path_key(&data).map_err(|error| serve_start::key(&error).by_the_system())?;
    let webhooks = Webhooks {
        reach,
        bundle: &bundle,
        key: &key,
        exempt: &exempt,
        fails_open: matches.get_flag("fail-open"),
        timeout_s: matches.get_one::<u8>("timeout").copied().unwrap_or(10),
    };
    let text = webhooks.yaml();
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Clean)
}

/// `NAMESPACE/NAME` or `NAMESPACE/NAME:PORT`
fn service(given: &str) -> Option<Reach> {
    let (namespace, rest) = given.split_once('/')?;
    let (name, port) = match rest.split_once(':') {
        Some((name, port)) => (name, port.parse().ok()?),
        None => (rest, 443),
    };
    let fits = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    (fits(namespace) && fits(name)).then(|| Reach::Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        port,
    })
}

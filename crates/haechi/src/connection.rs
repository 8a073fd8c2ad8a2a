//! `--cluster` and kubectl's own connection flags, for every command that reads a cluster.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
#[cfg(feature = "cluster")]
use haechi_report::Args;
use haechi_report::Texts;
use haechi_sources::ClusterKind;

#[cfg(not(feature = "cluster"))]
use crate::exit::UsageError;
#[cfg(feature = "cluster")]
use crate::told::Told;

/// The flags; their texts stand under `cli-connection`.
pub(crate) const NAMES: &[&str] = &["cluster", "kubeconfig", "context", "request-timeout"];

/// Adds the flags to a command.
pub(crate) fn arguments(command: Command) -> Command {
    let of_cluster = |name: &'static str| Arg::new(name).long(name).requires("cluster");
    command
        .arg(Arg::new("cluster").long("cluster").action(ArgAction::SetTrue))
        .arg(of_cluster("kubeconfig").value_parser(value_parser!(PathBuf)))
        .arg(of_cluster("context"))
        .arg(of_cluster("request-timeout").value_parser(seconds))
}

/// `30`, `30s`, `2m`, `1h`.
fn seconds(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("30, 30s, 2m, 1h".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "30, 30s, 2m, 1h".to_owned())?;
    match number.saturating_mul(factor) {
        0 => Err("> 0".to_owned()),
        seconds => Ok(seconds),
    }
}

/// Whether a live cluster is asked for.
pub(crate) fn is_asked(matches: &ArgMatches) -> bool {
    matches.try_get_one::<bool>("cluster").ok().flatten().copied().unwrap_or_default()
}

/// An object of the cluster as a document.
#[derive(Debug)]
pub(crate) struct Document {
    /// `cluster/KIND/NAMESPACE/NAME`.
    pub(crate) origin: Arc<str>,
    /// JSON.
    pub(crate) text: String,
}

/// A kind that could not be listed as a whole.
#[derive(Debug)]
pub(crate) struct Missing {
    /// Which.
    pub(crate) kind: ClusterKind,
    /// Why, in words.
    pub(crate) detail: String,
}

/// Which namespaces are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespaces<'n> {
    /// All; where that is refused, this one.
    All(Option<&'n str>),
    /// This one.
    Only(&'n str),
}

/// The cluster that the flags name.
#[cfg(feature = "cluster")]
pub(crate) fn connect(matches: &ArgMatches) -> Result<haechi_sources::cluster::Cluster> {
    let cluster = open(matches)?;
    cluster.reach().map_err(|error| told(&error))?;
    Ok(cluster)
}

/// The cluster that the flags name, whether or not it answers now.
#[cfg(feature = "cluster")]
pub(crate) fn open(matches: &ArgMatches) -> Result<haechi_sources::cluster::Cluster> {
    use haechi_sources::cluster::{Cluster, ClusterLimits, Connection};
    use std::time::Duration;

    let connection = Connection {
        kubeconfig: matches.get_one::<PathBuf>("kubeconfig").cloned(),
        context: matches.get_one::<String>("context").cloned(),
        request_timeout: Duration::from_secs(
            matches.get_one::<u64>("request-timeout").copied().unwrap_or(30),
        ),
        ..Connection::default()
    };
    Ok(Cluster::open(&connection, ClusterLimits::default()).map_err(|error| told(&error))?)
}

/// Why there is no connection, in the reader's language.
#[cfg(feature = "cluster")]
pub(crate) fn told(error: &haechi_sources::cluster::ConnectError) -> Told {
    use haechi_sources::cluster::ConnectError;
    let at = |id, server: &String| Told::of(id).with("server", server.as_str()).by_the_system();
    match error {
        ConnectError::Config(detail) => Told::of("cli-connection-config").with("detail", detail.as_str()),
        ConnectError::Unusable { server, detail } => {
            at("cli-connection-unusable", server).with("detail", detail.as_str())
        }
        ConnectError::Unreachable { server, detail } => {
            at("cli-connection-unreachable", server).with("detail", detail.as_str())
        }
        ConnectError::Unauthorized { server } => at("cli-connection-unauthorized", server),
    }
}

/// Lists kinds of the cluster that the flags name.
#[cfg(feature = "cluster")]
pub(crate) fn read(
    matches: &ArgMatches,
    texts: &Texts,
    kinds: &[ClusterKind],
    namespaces: Namespaces<'_>,
) -> Result<(Vec<Document>, Vec<Missing>)> {
    use haechi_sources::cluster::{Outcome, Scope};

    let cluster = connect(matches)?;
    let scope = match namespaces {
        Namespaces::All(fallback) => Scope::All { fallback },
        Namespaces::Only(namespace) => Scope::Only(namespace),
    };
    let mut documents = Vec::new();
    let listed = cluster.list(kinds, scope, &mut |document| {
        documents.push(Document { origin: document.origin, text: document.text });
    });
    let mut missing = Vec::new();
    for listed in listed {
        let Some(error) = listed.error() else { continue };
        let detail = match &listed.outcome {
            Outcome::OneNamespace(namespace, _) => {
                let args = Args::new().text("namespace", namespace.clone()).text("detail", error.to_string());
                texts.message("cli-connection-one-namespace", &args)
            }
            _ => error.to_string(),
        };
        missing.push(Missing { kind: listed.kind, detail });
    }
    Ok((documents, missing))
}

/// Without the Kubernetes client in the build there is nothing to list with.
#[cfg(not(feature = "cluster"))]
pub(crate) fn read(
    _matches: &ArgMatches,
    texts: &Texts,
    _kinds: &[ClusterKind],
    _namespaces: Namespaces<'_>,
) -> Result<(Vec<Document>, Vec<Missing>)> {
    Err(UsageError(texts.message("cli-connection-not-built", &haechi_report::Args::new())).into())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn timeouts_are_read_as_kubectl_does() {
        assert_eq!((seconds("30"), seconds("2m"), seconds("1h")), (Ok(30), Ok(120), Ok(3600)));
        assert!(seconds("0").is_err() && seconds("s").is_err() && seconds("1d").is_err());
    }
}

//! The clusters that one `haechi serve` watches: those that the flags name, and those of `[[serve.cluster]]`.
//!
//! Each is watched by itself, with a name and a connection of its own. Admission answers for one cluster only, since a review does
//! not tell where it comes from: the one that the flags name.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::ArgMatches;
use haechi_report::{Args, Texts};
use haechi_sources::cluster::{Cluster, ClusterLimits, ConnectError, Connection};

use crate::config::ClusterSettings;
use crate::connection;
use crate::exit::UsageError;
use crate::written::What;

/// What the one cluster is called that the flags name, unless they say otherwise.
const USUAL: &str = "default";
/// Flags that are about the cluster that admission answers for.
const OF_ADMISSION: [&str; 3] = ["cluster-policies", "webhooks", "authority-secret"];

/// A cluster that is to be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchedCluster {
    /// What it is called.
    pub(crate) name: String,
    /// How to connect.
    pub(crate) connection: Connection,
    /// What is written into it.
    pub(crate) what: What,
}

/// All clusters that are to be watched, those of the flags first. Whether they answer is not asked here: one that is away
/// must not keep the others from being watched.
///
/// # Errors
/// Names that are missing or given twice, a configuration that cannot be read, flags that do not fit together.
pub(crate) fn watched(
    matches: &ArgMatches,
    configured: Vec<ClusterSettings>,
    texts: &Texts,
) -> Result<Vec<WatchedCluster>> {
    let wrong = |id: &str, args: Args<'_>| UsageError(texts.message(id, &args));
    let timeout = Duration::from_secs(matches.get_one::<u64>("request-timeout").copied().unwrap_or(30));
    let connect = |kubeconfig: Option<PathBuf>, context: Option<String>| Connection {
        kubeconfig,
        context,
        request_timeout: timeout,
        ..Connection::default()
    };
    let all = |name: &str| -> Vec<String> {
        matches.get_many::<String>(name).into_iter().flatten().cloned().collect()
    };
    let mut clusters = Vec::new();
    if connection::is_asked(matches) {
        let (contexts, names) = (all("context"), all("cluster-name"));
        let given = |name: &&&str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        if let Some(flag) = OF_ADMISSION.iter().find(given).filter(|_| contexts.len() > 1) {
            return Err(wrong("cli-serve-one-cluster", Args::new().text("flag", format!("--{flag}"))).into());
        }
        let count = contexts.len().max(1);
        if names.len() != count && !names.is_empty() {
            let args = Args::new().number("names", names.len()).number("clusters", count);
            return Err(wrong("cli-serve-cluster-names", args).into());
        }
        let written = all("write");
        let what = what(|word| written.iter().any(|given| given == word));
        let kubeconfig = matches.get_one::<PathBuf>("kubeconfig").cloned();
        for at in 0..count {
            let context = contexts.get(at).cloned();
            let usual = || if count > 1 { context.clone() } else { None };
            let name = names.get(at).cloned().or_else(usual).unwrap_or_else(|| USUAL.to_owned());
            clusters.push(WatchedCluster { name, connection: connect(kubeconfig.clone(), context), what });
        }
    }
    for settings in configured {
        let what = what(|word| settings.write.contains(word));
        let connection = connect(settings.kubeconfig, settings.context);
        clusters.push(WatchedCluster { name: settings.name, connection, what });
    }
    for (at, cluster) in clusters.iter().enumerate() {
        let name = || Args::new().text("name", cluster.name.clone());
        if !haechi_serve::clusters::is_name(&cluster.name) {
            return Err(wrong("cli-serve-cluster-name-wrong", name()).into());
        }
        if clusters.iter().take(at).any(|known| known.name == cluster.name) {
            return Err(wrong("cli-serve-cluster-twice", name()).into());
        }
        if let Err(error) = cluster.connection.server() {
            let args = name().text("why", connection::told(&error).text(texts));
            return Err(wrong("cli-serve-cluster-configuration", args).into());
        }
    }
    Ok(clusters)
}

fn what(is_asked: impl Fn(&str) -> bool) -> What {
    What { reports: is_asked("openreports"), events: is_asked("events") }
}

/// A connection that is made when it is first needed, and can be made anew: what its credentials come from may be away for now.
pub(crate) struct Link {
    connection: Connection,
    cluster: OnceCell<Cluster>,
}

impl Link {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, cluster: OnceCell::new() }
    }

    /// The cluster.
    ///
    /// # Errors
    /// What the connection is made of cannot be read or used.
    pub(crate) fn cluster(&self) -> Result<&Cluster, ConnectError> {
        match self.cluster.get() {
            Some(cluster) => Ok(cluster),
            None => {
                let cluster = Cluster::open(&self.connection, ClusterLimits::default())?;
                Ok(self.cluster.get_or_init(|| cluster))
            }
        }
    }

    /// Makes the connection anew when it is next needed.
    pub(crate) fn forget(&mut self) {
        self.cluster.take();
    }
}

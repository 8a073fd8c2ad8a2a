//! A live cluster as documents: kinds of objects, listed in pages through the API server.
//!
//! ```text
//! kubeconfig or service account ─► Cluster::connect ─► Cluster::list(kinds) ─► ClusterDocument… + Listed (one a kind)
//! ```
//!
//! Lists are bounded in time, bytes and objects. What a list could not bring is told by its [`Listed`], and never looks
//! like an empty cluster. [`Cluster::watch`] goes on where a list ended, and lists anew what it missed.
//!
//! Of Secrets only metadata is asked for, so that no secret value ever leaves the API server.

mod objects;
mod page;
mod watch;
mod write;

pub use crate::kinds::{ClusterKind, Detail};
pub use objects::Written;
pub use watch::{Change, WatchOptions};
pub use write::{Deed, DeedError, encoded};

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use thiserror::Error;

/// Which cluster, by kubectl's own connection flags. Without a file: `$KUBECONFIG`, `~/.kube/config`, else the service
/// account that the process runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--request-timeout`: how long one page may take.
    pub request_timeout: Duration,
    /// Whether a request is sent again at once when the server is busy (429, 503, 504); else whoever asked decides when.
    pub repeats: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self { kubeconfig: None, context: None, request_timeout: Duration::from_secs(30), repeats: true }
    }
}

/// Bounds on what is taken from a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterLimits {
    /// Objects asked for in one page.
    pub page_objects: usize,
    /// Bytes of one page.
    pub page_bytes: usize,
    /// Objects of one kind.
    pub objects: usize,
}

impl Default for ClusterLimits {
    fn default() -> Self {
        Self { page_objects: 500, page_bytes: 64 << 20, objects: 500_000 }
    }
}

/// Why a cluster cannot be talked to at all.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Neither a kubeconfig nor a service account, or one that cannot be read.
    #[error("no connection to a cluster is configured: {0}")]
    Config(String),
    /// The configuration can be read, but not used for now: a program that brings credentials fails, for instance.
    #[error("the API server at {server} cannot be asked: {detail}")]
    Unusable {
        /// Its address.
        server: String,
        /// The client's words.
        detail: String,
    },
    /// The server did not answer.
    #[error("the API server at {server} does not answer: {detail}")]
    Unreachable {
        /// Its address.
        server: String,
        /// The client's words.
        detail: String,
    },
    /// It does not know who asks.
    #[error("the API server at {server} does not accept these credentials (401)")]
    Unauthorized {
        /// Its address.
        server: String,
    },
}

/// Why a list is not there, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListError {
    /// 403: the words of the API server say who may not what.
    #[error("{0}")]
    Forbidden(String),
    /// 410: the list grew older than the server's memory, more often than it is worth starting anew.
    #[error("the list expired while it was read, {0} times")]
    Expired(u32),
    /// Another answer than a list.
    #[error("the API server answered {code}: {message}")]
    Status {
        /// The HTTP status.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// No answer in time.
    #[error("no answer within {0} s")]
    TimedOut(u64),
    /// The connection broke.
    #[error("{0}")]
    Broken(String),
    /// The answer is no list of objects in JSON.
    #[error("the answer is no list: {0}")]
    Malformed(String),
    /// A page is larger than the limit.
    #[error("a page is larger than {0} bytes")]
    PageTooLarge(usize),
    /// There are more objects than the limit.
    #[error("more than {0} objects")]
    TooMany(usize),
}

/// One object as a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterDocument {
    /// `cluster/KIND/NAMESPACE/NAME`, without the namespace for what has none.
    pub origin: Arc<str>,
    /// What kind it was listed as.
    pub kind: ClusterKind,
    /// JSON, one field a line, `kind` and `apiVersion` filled in, without `metadata.managedFields`.
    pub text: String,
}

/// Which namespaces are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'n> {
    /// All; where the API server refuses that, the one given.
    All {
        /// The namespace to list instead.
        fallback: Option<&'n str>,
    },
    /// One namespace, and what lives in none.
    Only(&'n str),
}

/// What came of listing one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The kind.
    pub kind: ClusterKind,
    /// How many objects came.
    pub objects: usize,
    /// The version of the list, where a watch goes on from; `None` if it is not whole.
    pub resource_version: Option<String>,
    /// Whether it is whole.
    pub outcome: Outcome,
}

/// Whether a list is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All objects came.
    Whole,
    /// The API server does not serve the kind, so there are none.
    NotServed,
    /// Only those of one namespace: the API server refused to list all of them.
    OneNamespace(String, ListError),
    /// Some or all are missing.
    Incomplete(ListError),
}

impl Listed {
    /// What is missing; `None` for a whole list, and for a kind that is not served.
    pub fn error(&self) -> Option<&ListError> {
        match &self.outcome {
            Outcome::Whole | Outcome::NotServed => None,
            Outcome::OneNamespace(_, error) | Outcome::Incomplete(error) => Some(error),
        }
    }
}

/// A connection to an API server. Blocks: for commands that read a cluster once.
pub struct Cluster {
    runtime: tokio::runtime::Runtime,
    client: Client,
    server: String,
    default_namespace: String,
    timeout: Duration,
    limits: ClusterLimits,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the configuration and asks the server whether it is there.
    ///
    /// # Errors
    /// There is no usable configuration, or no API server answers to it.
    pub fn connect(connection: &Connection, limits: ClusterLimits) -> Result<Self, ConnectError> {
        let cluster = Self::open(connection, limits)?;
        cluster.reach()?;
        Ok(cluster)
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// It does not answer, or does not know who asks.
    pub fn reach(&self) -> Result<(), ConnectError> {
        match self.runtime.block_on(self.pages().ask()) {
            // A server that is busy may still list.
            Ok(()) | Err(ListError::Status { code: 500.., .. }) => Ok(()),
            Err(error) => Err(self.away(&error)),
        }
    }

    /// What it means that the server, asked whether it is there, did not say so.
    pub fn away(&self, error: &ListError) -> ConnectError {
        let server = self.server.clone();
        match error {
            ListError::Status { code: 401, .. } => ConnectError::Unauthorized { server },
            error => ConnectError::Unreachable { server, detail: error.to_string() },
        }
    }

    /// Reads the configuration, for whoever goes on asking a server that does not answer yet.
    ///
    /// # Errors
    /// [`ConnectError::Config`] and [`ConnectError::Unusable`].
    pub fn open(connection: &Connection, limits: ClusterLimits) -> Result<Self, ConnectError> {
        let runtime = runtime()?;
        let (client, server, default_namespace) = runtime.block_on(async {
            let config = configuration(connection).await?;
            let (server, namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
            let client = Client::try_from(config).map_err(|error| ConnectError::Unusable {
                server: server.clone(),
                detail: with_causes(&error),
            })?;
            Ok::<_, ConnectError>((client, server, namespace))
        })?;
        Ok(Self { runtime, client, server, default_namespace, timeout: connection.request_timeout, limits })
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The namespace of the context.
    pub fn default_namespace(&self) -> &str {
        &self.default_namespace
    }

    /// Lists kinds one after the other, in the server's order.
    pub fn list(
        &self,
        kinds: &[ClusterKind],
        scope: Scope<'_>,
        take: &mut dyn FnMut(ClusterDocument),
    ) -> Vec<Listed> {
        let list = |kind: &ClusterKind| {
            let (documents, listed, _) = self.runtime.block_on(self.pages().list(*kind, scope));
            documents.into_iter().for_each(&mut *take);
            listed
        };
        kinds.iter().map(list).collect()
    }

    /// Lists kinds and then keeps watching them, until `take` says to stop. It is told each change, and nothing after
    /// each [`WatchOptions::tick`] in which nothing changed, so that it can stop at any time.
    ///
    /// What a watch missed is listed anew; a kind that cannot be seen is told as [`Change::Lost`] and tried again.
    pub fn watch(
        &self,
        kinds: &[ClusterKind],
        scope: Scope<'_>,
        options: WatchOptions,
        take: &mut dyn FnMut(Option<Change>) -> ControlFlow<()>,
    ) {
        self.runtime.block_on(watch::all(&self.pages(), kinds, scope, options, take));
    }

    fn pages(&self) -> page::Pages {
        page::Pages { client: self.client.clone(), timeout: self.timeout, limits: self.limits }
    }
}

impl Connection {
    /// The address of the API server that this leads to; nobody is asked.
    ///
    /// # Errors
    /// [`ConnectError::Config`].
    pub fn server(&self) -> Result<String, ConnectError> {
        Ok(runtime()?.block_on(configuration(self))?.cluster_url.to_string())
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, ConnectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| ConnectError::Config(error.to_string()))
}

async fn configuration(connection: &Connection) -> Result<Config, ConnectError> {
    let refuse = |error: &dyn std::error::Error| ConnectError::Config(with_causes(error));
    let options = KubeConfigOptions { context: connection.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match &connection.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| {
                ConnectError::Config(format!("{}: {}", path.display(), with_causes(&error)))
            })?;
            Config::from_custom_kubeconfig(file, &options).await.map_err(|error| refuse(&error))?
        }
        None if connection.context.is_some() => {
            Config::from_kubeconfig(&options).await.map_err(|error| refuse(&error))?
        }
        None => Config::infer().await.map_err(|error| refuse(&error))?,
    };
    // Every answer has its own bound; a watch may be silent for longer.
    config.read_timeout = None;
    config.default_retry = connection.repeats;
    Ok(config)
}

/// An error with its causes, which wrappers of the client do not tell by themselves.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

//! `haechi serve --demo`: a made-up cluster with weaknesses, and an attack on it.
//!
//! ```text
//! manifests ─► scan ─► store          what the attack leaves behind is scanned too
//! requests ─► audit log in a watched folder ─► intake ─► rules ─► detections
//! ```
//!
//! Only the cluster is made up: everything goes the way that it goes in earnest. The times are those of the clock, so that
//! windows, retention and alerts work as they do elsewhere.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use haechi_report::{Args, Texts};
use haechi_serve::access::{Access, AccessOptions, Scope, Secret, SetupState};
use haechi_serve::clock::now_ns;
use haechi_serve::companion::{Beside, Companion};
use haechi_sources::Discovery;
use haechi_store::findings::{Coverage, ScanRun};
use haechi_store::sqlite::Options;
use haechi_store::{SqliteStore, Store};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::commands::scan::today;
use crate::found::{compliance, seen};
use crate::scan::{ScanOptions, Text, scan_with};

/// Who may log in.
const USER: &str = "demo";
/// The cluster that events in a watched folder are of.
const CLUSTER: &str = "default";
/// From one wave of requests to the next.
const PAUSE: Duration = Duration::from_secs(4);
/// The folder, in the demo's own, that audit logs arrive in.
const LOGS: &str = "audit";

/// The cluster, by what stands for the files.
const MANIFESTS: [(&str, &str); 6] = [
    ("shop/namespace.yaml", include_str!("../../../examples/shop/namespace.yaml")),
    ("shop/web.yaml", include_str!("../../../examples/shop/web.yaml")),
    ("shop/payment.yaml", include_str!("../../../examples/shop/payment.yaml")),
    ("shop/database.yaml", include_str!("../../../examples/shop/database.yaml")),
    ("shop/backup.yaml", include_str!("../../../examples/shop/backup.yaml")),
    ("cluster.yaml", include_str!("../demo/cluster.yaml")),
];
/// What is in it after the attack.
const INTRUDER: (&str, &str) = ("intruder.yaml", include_str!("../demo/intruder.yaml"));
const ATTACK: &str = include_str!("../demo/attack.json");

/// A demo that was set up: its folder goes when this does.
pub(crate) struct Demo {
    folder: tempfile::TempDir,
    password: Secret,
    token: Secret,
}

impl Demo {
    /// Makes the folder, an admin with a password that nobody else has, and a token that reads.
    pub(crate) fn prepare() -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("haechi-demo-").tempdir().context("a folder for the demo")?;
        std::fs::create_dir(folder.path().join(LOGS))?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Options::new(folder.path().join("store")))?);
        let access = Access::open(store, AccessOptions::default())?;
        let password = Secret::new()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let token = runtime.block_on(async {
            if let SetupState::Token(token) = access.begin_setup()? {
                access.set_up(token.reveal(), USER, password.reveal(), "demo").await?;
            }
            access.add_token(Scope::Read, USER, None, None, "system".to_owned()).await
        });
        let (_, token) = token?;
        Ok(Self { folder, password, token })
    }

    /// The folder that everything is kept in.
    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that is to be watched for events.
    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.path().join(LOGS)
    }

    /// What is shown here, and how to look at it.
    pub(crate) fn told(&self, address: &str, texts: &Texts) -> String {
        let args = Args::new()
            .text("address", format!("https://{address}"))
            .text("user", USER)
            .text("password", self.password.reveal())
            .text("token", self.token.reveal());
        texts.message("serve-demo", &args)
    }

    /// Plays it.
    pub(crate) fn player(&self) -> Box<dyn Companion> {
        Box::new(Player { logs: self.logs() })
    }
}

/// One wave of requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wave {
    #[serde(rename = "what")]
    _what: String,
    /// The address that they come from.
    #[serde(default = "inside")]
    from: String,
    /// Whether something is in the cluster afterwards that was not.
    #[serde(default)]
    leaves: bool,
    requests: Vec<Request>,
}

fn inside() -> String {
    "10.0.0.5".to_owned()
}

/// A request to the API server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    user: String,
    agent: String,
    verb: String,
    #[serde(default)]
    group: Option<String>,
    resource: String,
    #[serde(default)]
    subresource: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    code: Option<u16>,
    #[serde(default)]
    request: Option<Json>,
}

impl Request {
    /// The path that the API server has for it: what is created has no name there yet.
    fn uri(&self) -> String {
        let mut uri =
            self.group.as_ref().map_or_else(|| "/api/v1".to_owned(), |group| format!("/apis/{group}"));
        if let Some(namespace) = &self.namespace {
            uri.push_str(&format!("/namespaces/{namespace}"));
        }
        uri.push_str(&format!("/{}", self.resource));
        let is_made = self.verb == "create" && self.subresource.is_none();
        if let Some(name) = self.name.as_ref().filter(|_| !is_made) {
            uri.push_str(&format!("/{name}"));
        }
        if let Some(subresource) = &self.subresource {
            uri.push_str(&format!("/{subresource}"));
        }
        if let Some(query) = &self.query {
            uri.push_str(&format!("?{query}"));
        }
        uri
    }

    /// The event that the API server writes about it.
    fn event(&self, id: &str, from: &str, time: jiff::Timestamp) -> Json {
        let code = self.code.unwrap_or(200);
        let decision = if code == 403 { "forbid" } else { "allow" };
        let (group, version) = match self.group.as_deref().and_then(|group| group.split_once('/')) {
            Some((group, version)) => (Some(group), version),
            None => (None, "v1"),
        };
        let object = json!({
            "resource": self.resource, "subresource": self.subresource, "namespace": self.namespace,
            "name": self.name, "apiGroup": group, "apiVersion": version,
        });
        // In microseconds, as the API server writes it.
        let time = time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let mut event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1",
            "level": if self.request.is_some() { "Request" } else { "Metadata" },
            "auditID": id, "stage": self.stage.as_deref().unwrap_or("ResponseComplete"), "requestURI": self.uri(),
            "verb": self.verb, "user": {"username": self.user, "groups": ["system:authenticated"]},
            "sourceIPs": [from], "userAgent": self.agent, "objectRef": without_null(object),
            "responseStatus": {"code": code}, "requestReceivedTimestamp": time,
            "stageTimestamp": time, "annotations": {"authorization.k8s.io/decision": decision},
        });
        if let (Some(request), Some(event)) = (&self.request, event.as_object_mut()) {
            event.insert("requestObject".to_owned(), request.clone());
        }
        event
    }
}

fn without_null(mut value: Json) -> Json {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

struct Player {
    logs: PathBuf,
}

impl Companion for Player {
    fn name(&self) -> String {
        "demo".to_owned()
    }

    fn run(self: Box<Self>, beside: &Beside) {
        beside.tell(self.play(beside).err().map(|error| format!("{error:#}")));
        while !beside.must_stop() {
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Player {
    fn play(&self, beside: &Beside) -> Result<()> {
        let waves: Vec<Wave> = serde_json::from_str(ATTACK)?;
        scan(beside, &MANIFESTS)?;
        let begun = now_ns();
        for (number, wave) in waves.iter().enumerate() {
            if !beside.wait(PAUSE) {
                break;
            }
            self.write(number, wave, begun)?;
            if wave.leaves {
                let manifests: Vec<_> = MANIFESTS.into_iter().chain([INTRUDER]).collect();
                scan(beside, &manifests)?;
            }
        }
        Ok(())
    }

    /// Puts an audit log into the folder, whole at once and as old as files must be that nobody writes to any more.
    fn write(&self, number: usize, wave: &Wave, begun: i64) -> Result<()> {
        let now = jiff::Timestamp::now();
        let mut log = String::new();
        for (at, request) in wave.requests.iter().enumerate() {
            let id = format!("demo-{begun:x}-{number}-{at}");
            let time = now + Duration::from_millis(170) * u32::try_from(at).unwrap_or_default();
            log.push_str(&format!("{}\n", request.event(&id, &wave.from, time)));
        }
        let name = format!("audit-{number}.jsonl");
        let beginning = self.logs.join(format!("{name}.part"));
        std::fs::write(&beginning, log)?;
        let file = std::fs::File::options().write(true).open(&beginning)?;
        file.set_modified(
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(begun / 1_000_000_000)? - 3600),
        )?;
        std::fs::rename(beginning, self.logs.join(name)).map_err(io::Error::into)
    }
}

/// Scans the manifests as if they were all of the cluster.
fn scan(beside: &Beside, manifests: &[(&str, &str)]) -> Result<()> {
    let text = |(shown, text): &(&str, &str)| Text { shown: Arc::from(*shown), text: Arc::from(*text) };
    let at_us = now_ns() / 1000;
    let options = ScanOptions { today: today(), ..ScanOptions::default() };
    let scanned = scan_with(Discovery::default(), manifests.iter().map(text).collect(), &options, &|| {});
    let findings = scanned.report.findings.iter().map(seen).collect();
    let covered = Some(Coverage::default());
    beside.store().put_scan(ScanRun { cluster: CLUSTER.to_owned(), at_us, covered, findings })?;
    beside.tell_compliance(CLUSTER, compliance(&scanned.report, &options.checks));
    beside.count_findings()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api_server() {
        let waves: Vec<Wave> = serde_json::from_str(ATTACK).unwrap();
        let uris: Vec<String> = waves.iter().flat_map(|wave| &wave.requests).map(Request::uri).collect();
        for uri in [
            "/api/v1/nodes/node-1/status",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            "/api/v1/namespaces/kube-system/pods",
            "/api/v1/namespaces/kube-system/pods/kube-proxy-x7k2p/exec?command=chroot&command=%2Fhost&command=sh",
            "/api/v1/secrets",
        ] {
            assert!(uris.iter().any(|known| known == uri), "{uri}: {uris:?}");
        }
    }
}

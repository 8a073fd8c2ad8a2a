//! What `haechi serve --cluster --write …` writes into the cluster: its findings as reports (`openreports.io`), and events about
//! what is new and critical.
//!
//! ```text
//! store ─► what should be there ─┐
//! cluster ─► what is there of ours ┴► Plan ─► apply, remove
//! ```
//!
//! Only objects with our label and the digest of this cluster's name are ours; whatever else has such a name is left alone and told.
//! Fields are applied by the server under our own name and never taken over from others. A finding that is fixed goes from its
//! report, and the report with its last one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use haechi_alerts::incident::object_of;
use haechi_model::{Fingerprint, ScanReport, Severity};
use haechi_report::{Context, Language, Texts, write_openreports};
use haechi_serve::clock::now_ns;
use haechi_serve::companion::{Beside, Companion};
use haechi_sources::cluster::{ConnectError, Deed, DeedError, encoded};
use haechi_store::findings::{FindingQuery, StoredFinding};
use haechi_store::incidents::{Incident, IncidentQuery};
use haechi_store::{Store, StoreError};
use serde_json::{Value as Json, json};

use crate::alerting::finding_of;
use crate::clusters::Link;
use crate::commands::catalogue;

/// Where reports live.
const REPORTS: &str = "/apis/openreports.io/v1alpha1";
/// The field manager.
const MANAGER: &str = "haechi-serve";
/// Whose objects: the digest of the cluster's name.
const OWNER: &str = "haechi.dev/owner";
/// What an object was made of.
const DIGEST: &str = "haechi.dev/digest";
/// How often it is looked.
const EVERY: Duration = Duration::from_secs(15);
/// The first pause after a refusal, which doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));
/// How new something is that an event tells of, in microseconds: the cluster forgets events after an hour.
const NEW_US: i64 = 3600 * 1_000_000;
/// Events of one look.
const EVENTS: usize = 100;
/// Rows of a page of the store.
const PAGE: u32 = 10_000;
/// Failures of one look after which the rest waits.
const FAILURES: usize = 5;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct What {
    /// Reports about findings.
    pub(crate) reports: bool,
    /// Events about what is new and critical.
    pub(crate) events: bool,
}

/// Writes into a cluster.
pub(crate) struct Writer {
    /// What the cluster is called in the store.
    pub(crate) name: String,
    /// How to connect; whoever asks decides when it is tried again.
    pub(crate) link: Link,
    /// What is written.
    pub(crate) what: What,
    /// The language of what people read.
    pub(crate) language: Language,
}

impl Companion for Writer {
    fn name(&self) -> String {
        format!("writing to cluster {}", self.name)
    }

    fn cluster(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn run(mut self: Box<Self>, beside: &Beside) {
        let texts = Texts::new(self.language);
        let mut parts = [Part::default(), Part::default()];
        let mut told = BTreeSet::new();
        while !beside.must_stop() {
            let [reports, events] = &mut parts;
            let mut has_failed = false;
            if self.what.reports {
                has_failed |= reports.work(|| self.write_reports(beside.store(), &texts)).is_break();
            }
            if self.what.events {
                has_failed |= events.work(|| self.write_events(beside.store(), &texts, &mut told)).is_break();
            }
            if has_failed {
                // Other credentials may have come into the configuration.
                self.link.forget();
            }
            let wrong: Vec<&str> = parts.iter().filter_map(|part| part.wrong.as_deref()).collect();
            beside.tell((!wrong.is_empty()).then(|| wrong.join("; ")));
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Why a look did not do all of its work.
#[derive(Debug)]
struct Trouble {
    what: String,
    /// How long the server asks to wait.
    wait: Option<Duration>,
}

impl From<ConnectError> for Trouble {
    fn from(error: ConnectError) -> Self {
        Self { what: error.to_string(), wait: None }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self { what: format!("the store cannot be read: {error}"), wait: None }
    }
}

/// A part of the work, and when it goes on.
#[derive(Debug, Default)]
struct Part {
    next: Option<Instant>,
    failures: u32,
    wrong: Option<String>,
}

impl Part {
    /// Works if it is time; tells of a failure.
    fn work(&mut self, work: impl FnOnce() -> Result<(), Trouble>) -> ControlFlow<()> {
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return ControlFlow::Continue(());
        }
        match work() {
            Ok(()) => {
                (self.failures, self.wrong) = (0, None);
                self.next = Some(now + EVERY);
                ControlFlow::Continue(())
            }
            Err(trouble) => {
                let pause = pause(self.failures).max(trouble.wait.unwrap_or_default().min(PAUSES.1));
                self.failures = self.failures.saturating_add(1);
                self.next = Some(now + pause);
                self.wrong = Some(format!("{}; tried again in {} s", trouble.what, pause.as_secs()));
                ControlFlow::Break(())
            }
        }
    }
}

/// The pause after so many failures before.
fn pause(failures: u32) -> Duration {
    PAUSES.0.saturating_mul(2_u32.saturating_pow(failures.min(10))).min(PAUSES.1)
}

/// What is there of ours, by its path.
type Present = BTreeMap<String, Own>;

/// An object of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    uid: String,
    digest: String,
}

/// What brings the cluster to what it should hold.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    apply: Vec<(String, Json)>,
    remove: Vec<(String, String)>,
}

/// Objects that should be there, by path; each with our labels and what it was made of.
fn wanted(list: Json, owner: &str, namespace: &str) -> BTreeMap<String, Json> {
    let items = list.get("items").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut wanted = BTreeMap::new();
    for mut item in items {
        let digest = Fingerprint::of([item.to_string().as_str()]).to_string();
        let text = |pointer: &str| item.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
        let (Some(kind), Some(name)) = (text("/kind"), text("/metadata/name")) else { continue };
        let lies_in = text("/metadata/namespace").unwrap_or_else(|| namespace.to_owned());
        let path = match kind.as_str() {
            "ClusterReport" => format!("{REPORTS}/clusterreports/{}", encoded(&name)),
            _ => format!("{REPORTS}/namespaces/{}/reports/{}", encoded(&lies_in), encoded(&name)),
        };
        if let Some(Json::Object(metadata)) = item.get_mut("metadata") {
            if kind != "ClusterReport" {
                metadata.insert("namespace".to_owned(), json!(lies_in));
            }
            metadata.insert("annotations".to_owned(), json!({DIGEST: digest}));
            if let Some(Json::Object(labels)) = metadata.get_mut("labels") {
                labels.insert(OWNER.to_owned(), json!(owner));
            }
        }
        wanted.insert(path, item);
    }
    wanted
}

fn plan(wanted: &BTreeMap<String, Json>, present: &Present) -> Plan {
    let digest = |item: &Json| {
        item.pointer("/metadata/annotations").and_then(|all| Some(all.get(DIGEST)?.as_str()?.to_owned()))
    };
    let mut plan = Plan::default();
    for (path, item) in wanted {
        let is_there = present.get(path).is_some_and(|own| Some(&own.digest) == digest(item).as_ref());
        if !is_there {
            plan.apply.push((path.clone(), item.clone()));
        }
    }
    for (path, own) in present {
        if !wanted.contains_key(path) {
            plan.remove.push((path.clone(), own.uid.clone()));
        }
    }
    plan
}

/// The label value for a cluster's name.
fn owner_of(cluster: &str) -> String {
    Fingerprint::of(["owner", cluster]).to_string()
}

impl Writer {
    fn write_reports(&self, store: &dyn Store, texts: &Texts) -> Result<(), Trouble> {
        let any = FindingQuery { cluster: Some(self.name.clone()), limit: 1, ..FindingQuery::default() };
        if store.findings(&any)?.is_empty() {
            // Nothing was ever found, perhaps not even looked for: nothing is called fixed.
            return Ok(());
        }
        let findings = self.findings(store, Severity::Info)?;
        let report =
            ScanReport { findings: findings.iter().map(finding_of).collect(), ..ScanReport::default() };
        let rules = catalogue();
        let context = Context::new(texts, &rules, env!("CARGO_PKG_VERSION"));
        let mut text = Vec::new();
        let failed = |what: String| Trouble { what, wait: None };
        write_openreports(&report, &context, &mut text).map_err(|error| failed(error.to_string()))?;
        let list = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
        let wanted = wanted(list, &owner_of(&self.name), self.link.cluster()?.default_namespace());
        let present = self.present()?;
        let plan = plan(&wanted, &present);
        let mut failures = Failures::default();
        for (path, item) in &plan.apply {
            if !present.contains_key(path) && !self.is_free(path, &mut failures)? {
                continue;
            }
            failures.take(
                path,
                self.link.cluster()?.perform(Deed::Apply { manager: MANAGER }, path, Some(item)),
            )?;
        }
        for (path, uid) in &plan.remove {
            // Only the very object that was listed as ours.
            let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}});
            failures.take(path, self.link.cluster()?.perform(Deed::Delete, path, Some(&body)))?;
        }
        failures.end("reports are not written")
    }

    /// Whether nothing has that name: an object that is not ours is left alone.
    fn is_free(&self, path: &str, failures: &mut Failures) -> Result<bool, Trouble> {
        match self.link.cluster()?.perform(Deed::Read, path, None) {
            Err(DeedError { status: Some(404), .. }) => Ok(true),
            Ok(_) => {
                failures.note(format!("{path} is there already and not of this service: it is left alone"));
                Ok(false)
            }
            Err(error) => failures.take(path, Err(error)).map(|()| false),
        }
    }

    /// Our objects in the cluster.
    fn present(&self) -> Result<Present, Trouble> {
        let selector = format!("app.kubernetes.io/managed-by=haechi,{OWNER}={}", owner_of(&self.name));
        let mut present = Present::new();
        for kind in ["reports", "clusterreports"] {
            let mut next = String::new();
            loop {
                let more = match next.as_str() {
                    "" => String::new(),
                    next => format!("&continue={}", encoded(next)),
                };
                let path = format!("{REPORTS}/{kind}?labelSelector={}&limit=500{more}", encoded(&selector));
                let page =
                    self.link.cluster()?.perform(Deed::ListMetadata, &path, None).map_err(|error| {
                        let what = match error.status {
                            Some(404) => {
                                "the cluster does not serve openreports.io/v1alpha1: install its definitions"
                                    .to_owned()
                            }
                            _ => format!("reports cannot be listed: {error}"),
                        };
                        Trouble { what, wait: error.retry_after }
                    })?;
                for item in page.get("items").and_then(Json::as_array).into_iter().flatten() {
                    present.extend(own(kind, item, &self.name));
                }
                let token = page.pointer("/metadata/continue").and_then(Json::as_str).unwrap_or_default();
                if token.is_empty() || token == next {
                    break;
                }
                next = token.to_owned();
            }
        }
        Ok(present)
    }

    fn findings(&self, store: &dyn Store, at_least: Severity) -> Result<Vec<StoredFinding>, StoreError> {
        let mut query = FindingQuery {
            cluster: Some(self.name.clone()),
            at_least: Some(at_least),
            is_fixed: Some(false),
            limit: PAGE,
            ..FindingQuery::default()
        };
        let mut all = Vec::new();
        loop {
            let page = store.findings(&query)?;
            let Some(last) = page.last() else { return Ok(all) };
            query.after = Some((last.finding.severity, last.cluster.clone(), last.finding.fingerprint));
            all.extend(page);
        }
    }

    fn write_events(
        &self,
        store: &dyn Store,
        texts: &Texts,
        told: &mut BTreeSet<String>,
    ) -> Result<(), Trouble> {
        let now_us = now_ns() / 1000;
        // What was told before the last start is there under its name.
        let since = now_us.saturating_sub(NEW_US);
        let mut events: Vec<(String, String, Json)> = Vec::new();
        for stored in self.findings(store, Severity::Critical)? {
            if stored.first_seen_us >= since {
                events.push(finding_event(&stored, texts, now_us));
            }
        }
        let query = IncidentQuery {
            cluster: Some(self.name.clone()),
            is_closed: Some(false),
            at_least: Some(Severity::Critical),
            limit: PAGE,
            ..IncidentQuery::default()
        };
        for incident in store.incidents(&query)?.into_iter().filter(|incident| incident.last_us >= since) {
            let keys = store.incident_keys(&incident.id)?;
            let pod = keys.iter().find_map(|seen| object_of(&seen.key).filter(|(kind, ..)| *kind == "pods"));
            events.push(incident_event(
                &incident,
                pod.and_then(|(_, namespace, name)| Some((namespace?, name))),
                now_us,
            ));
        }
        let mut failures = Failures::default();
        events.retain(|(_, name, _)| !told.contains(name));
        for (namespace, name, event) in events.into_iter().take(EVENTS) {
            let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events", encoded(&namespace));
            let done = match self.link.cluster()?.perform(Deed::Create, &path, Some(&event)) {
                // Told before the last start.
                Err(DeedError { status: Some(409), .. }) => Ok(Json::Null),
                done => done,
            };
            let is_done = done.is_ok();
            failures.take(&path, done)?;
            if is_done {
                told.insert(name);
            }
        }
        failures.end("events are not written")
    }
}

/// The path of an object of ours and what it was made of; nothing if its labels say that it is not ours, whatever was asked for.
fn own(kind: &str, item: &Json, cluster: &str) -> Option<(String, Own)> {
    let metadata = item.get("metadata")?;
    let text = |pointer: &str| metadata.pointer(pointer).and_then(Json::as_str);
    let labels = metadata.get("labels")?;
    let label = |name: &str| labels.get(name).and_then(Json::as_str);
    if label(OWNER) != Some(owner_of(cluster).as_str())
        || label("app.kubernetes.io/managed-by") != Some("haechi")
    {
        return None;
    }
    let name = encoded(text("/name")?);
    let path = match text("/namespace") {
        Some(namespace) => format!("{REPORTS}/namespaces/{}/{kind}/{name}", encoded(namespace)),
        None => format!("{REPORTS}/{kind}/{name}"),
    };
    let digest = metadata.get("annotations").and_then(|all| all.get(DIGEST)?.as_str()).unwrap_or_default();
    Some((path, Own { uid: text("/uid")?.to_owned(), digest: digest.to_owned() }))
}

/// What failed in one look. One object that is refused stops no other one; a server that is busy, or refuses one after the other,
/// is left in peace.
#[derive(Debug, Default)]
struct Failures {
    count: usize,
    first: Option<String>,
}

impl Failures {
    fn note(&mut self, what: String) {
        self.first.get_or_insert(what);
    }

    fn take(&mut self, path: &str, done: Result<Json, DeedError>) -> Result<(), Trouble> {
        let Err(error) = done else { return Ok(()) };
        // The namespace, or the object, is gone: so will be its findings.
        if error.status == Some(404) {
            return Ok(());
        }
        self.count += 1;
        let what = format!("{path}: {error}");
        let is_busy = matches!(error.status, None | Some(429 | 500..));
        if is_busy || self.count >= FAILURES {
            return Err(Trouble { what, wait: error.retry_after });
        }
        self.note(what);
        Ok(())
    }

    fn end(self, what: &str) -> Result<(), Trouble> {
        match self.first {
            None => Ok(()),
            Some(first) => Err(Trouble { what: format!("{what}: {first}"), wait: None }),
        }
    }
}

fn event(
    (namespace, name): (&str, &str),
    reason: &str,
    regarding: Json,
    note: &str,
    now_us: i64,
) -> (String, String, Json) {
    let time = jiff::Timestamp::from_microsecond(now_us).map(|time| format!("{time:.6}")).unwrap_or_default();
    // The API server takes 1,024 bytes.
    let mut end = note.len().min(1000);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "haechi"}},
        "eventTime": time, "reportingController": "haechi.dev/serve", "reportingInstance": "haechi",
        "action": "Reported", "reason": reason, "type": "Warning",
        "regarding": regarding, "note": note.get(..end).unwrap_or_default(),
    });
    (namespace.to_owned(), name.to_owned(), event)
}

fn finding_event(stored: &StoredFinding, texts: &Texts, now_us: i64) -> (String, String, Json) {
    let finding = finding_of(stored);
    let told = texts.finding(&finding);
    let resource = &stored.finding.resource;
    // Events about what lives in no namespace lie in `default`.
    let namespace = resource.namespace.as_deref().unwrap_or("default");
    let name = format!("haechi-{}-{:x}", stored.finding.fingerprint, stored.first_seen_us);
    let mut regarding = json!({
        "apiVersion": resource.api_version, "kind": resource.kind, "name": resource.name,
    });
    if let (Json::Object(fields), Some(namespace)) = (&mut regarding, &resource.namespace) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    let note = format!("{}: {}", told.title, told.message);
    event((namespace, &name), "CriticalFinding", regarding, &note, now_us)
}

fn incident_event(incident: &Incident, pod: Option<(&str, &str)>, now_us: i64) -> (String, String, Json) {
    let name = format!("haechi-incident-{}", incident.id);
    let note = format!("{} ({} detections, incident {})", incident.title, incident.detections, incident.id);
    match pod {
        Some((namespace, pod)) => {
            let regarding = json!({"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod});
            event((namespace, &name), "CriticalIncident", regarding, &note, now_us)
        }
        None => {
            let regarding = json!({"apiVersion": "v1", "kind": "Namespace", "name": "default"});
            event(("default", &name), "CriticalIncident", regarding, &note, now_us)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, namespace: Option<&str>, fail: u64) -> Json {
        let kind = if namespace.is_some() { "Report" } else { "ClusterReport" };
        let mut metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": "haechi"}});
        if let Some(namespace) = namespace {
            metadata["namespace"] = json!(namespace);
        }
        json!({"kind": kind, "metadata": metadata, "summary": {"fail": fail}})
    }

    /// What the server would list after these were applied.
    fn present(wanted: &BTreeMap<String, Json>) -> Present {
        let listed = wanted.values().enumerate().filter_map(|(number, item)| {
            let kind = if item["kind"] == "Report" { "reports" } else { "clusterreports" };
            let mut item = item.clone();
            item["metadata"]["uid"] = json!(format!("u{number}"));
            own(kind, &item, "prod")
        });
        listed.collect()
    }

    #[test]
    fn what_is_there_is_left_what_changed_is_applied_what_is_fixed_goes() {
        let list = |fail| json!({"items": [report("a", Some("shop"), fail), report("b", None, 1)]});
        let first = wanted(list(1), &owner_of("prod"), "default");
        assert_eq!(plan(&first, &Present::new()).apply.len(), 2);
        let there = present(&first);
        assert_eq!(there.len(), 2, "paths are the same as those that were applied");
        assert_eq!(plan(&first, &there), Plan::default());
        let changed = plan(&wanted(list(2), &owner_of("prod"), "default"), &there);
        assert_eq!(changed.apply.len(), 1);
        assert!(changed.apply[0].0.ends_with("/namespaces/shop/reports/a") && changed.remove.is_empty());
        let none = plan(&BTreeMap::new(), &there);
        assert_eq!(none.remove.len(), 2);
    }

    #[test]
    fn objects_of_others_are_never_ours() {
        let mut item = report("a", Some("shop"), 1);
        item["metadata"]["uid"] = json!("u");
        assert_eq!(own("reports", &item, "prod"), None, "applied by hand: no owner");
        item["metadata"]["labels"][OWNER] = json!(owner_of("test"));
        assert_eq!(own("reports", &item, "prod"), None, "of another service");
        item["metadata"]["labels"] = json!({OWNER: owner_of("prod"), "app.kubernetes.io/managed-by": "helm"});
        assert_eq!(own("reports", &item, "prod"), None);
    }

    #[test]
    fn pauses_grow_and_follow_the_server() {
        assert!((0..30).all(|failures| pause(failures) <= pause(failures + 1)));
        assert_eq!((pause(0), pause(30)), PAUSES);
        let mut part = Part::default();
        let failed =
            part.work(|| Err(Trouble { what: "busy".to_owned(), wait: Some(Duration::from_secs(77)) }));
        assert!(failed.is_break());
        assert_eq!(part.wrong.as_deref(), Some("busy; tried again in 77 s"));
        assert!(part.work(|| panic!("it is not time yet")).is_continue());
    }

    #[test]
    fn one_refusal_stops_no_other_and_a_busy_server_is_left_in_peace() {
        let refused = |status| DeedError { status, retry_after: None, message: "no".to_owned() };
        let mut failures = Failures::default();
        assert!(failures.take("a", Err(refused(Some(404)))).is_ok());
        assert!(failures.take("a", Err(refused(Some(403)))).is_ok());
        assert!(failures.take("b", Ok(Json::Null)).is_ok());
        assert!(failures.take("c", Err(refused(Some(429)))).is_err());
        assert!(failures.end("x").unwrap_err().what.contains("a: no"));
        let mut failures = Failures::default();
        assert_eq!((0..FAILURES).filter(|_| failures.take("a", Err(refused(Some(403)))).is_err()).count(), 1);
    }
}

//! Alerts beside the service: what is detected and what is found goes to the dispatcher, which tells the people concerned.
//!
//! The store knows which detections were not handed over yet: those of a process that was ended are handed over by the next one.
//! Findings and incidents are compared with the store's: one that is open and not known is told, one that is known and no longer open
//! is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_alerts::alert::{Alert, AllTexts, Context, IncidentFacts, Origin, Status};
use haechi_alerts::deliver::{Alerts, Surroundings, SystemSecrets, start};
use haechi_alerts::incident::object_of;
use haechi_alerts::{Config, Dispatcher};
use haechi_model::{
    Arg, ArgValue, Detection, FieldValue, Finding, Location, Position, ResourceRef, RuleSource, Severity,
    Span,
};
use haechi_serve::clock::now_ns;
use haechi_serve::companion::{Beside, Companion};
use haechi_serve::intake::{Detected, Listener};
use haechi_store::detections::{DetectionQuery, StoredDetection};
use haechi_store::findings::{FindingQuery, StoredFinding};
use haechi_store::incidents::{Incident, IncidentQuery};
use haechi_store::outbox::AlertState;
use haechi_store::{Store, StoreError};
use serde::Deserialize as _;
use tokio::sync::Notify;

/// Detections that are handed over at once.
const BATCH: u32 = 1000;
/// How often findings are compared, and the outbox is looked at.
const COMPARE: Duration = Duration::from_secs(30);
/// How often incidents are compared.
const COMPARE_INCIDENTS: Duration = Duration::from_secs(2);
/// The label that names an incident.
const INCIDENT: &str = "incident";
/// Most things of a page of the store.
const PAGE: u32 = 10_000;

/// The listener and the companion that belong together.
pub(crate) fn alerting(config: Config) -> (Arc<dyn Listener>, Box<dyn Companion>) {
    let news = Arc::new(Notify::new());
    (
        Arc::new(Ear { news: Arc::clone(&news) }),
        Box::new(Alerting { config: Arc::new(config), news, has_begun: false }),
    )
}

/// Hears of detections: they are in the store then.
struct Ear {
    news: Arc<Notify>,
}

impl Listener for Ear {
    fn detected(&self, _: &Detected) {
        self.news.notify_one();
    }
}

/// Hands over and looks after the dispatcher.
struct Alerting {
    config: Arc<Config>,
    news: Arc<Notify>,
    /// Whether the store says that there are alerts, so that whatever it holds undecided is news.
    has_begun: bool,
}

fn now_us() -> i64 {
    now_ns() / 1000
}

/// Random numbers for pauses; without any from the system, the clock's last digits do.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| now_ns().unsigned_abs())
}

impl Companion for Alerting {
    fn name(&self) -> String {
        "alerts".to_owned()
    }

    fn prepare(&mut self, beside: &Beside) {
        match begin(&self.config, beside.store()) {
            Ok(()) => self.has_begun = true,
            Err(error) => beside.tell(Some(format!("the state of alerts cannot be read: {error}"))),
        }
    }

    fn run(self: Box<Self>, beside: &Beside) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.work(beside)),
            Err(error) => beside.tell(Some(format!("no runtime for alerts: {error}"))),
        }
    }
}

impl Alerting {
    async fn work(self, beside: &Beside) {
        let surroundings = Surroundings {
            now_us: Arc::new(now_us),
            random: Arc::new(random),
            secrets: Arc::new(SystemSecrets),
        };
        let store = beside.shared_store();
        let alerts = loop {
            match start(Arc::clone(&self.config), Arc::clone(&store), surroundings.clone()) {
                Ok(alerts) => break alerts,
                Err(error) => beside.tell(Some(format!("the state of alerts cannot be read: {error}"))),
            }
            if beside.must_stop() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        let mut wrong = Wrong::default();
        let texts = Arc::new(AllTexts::default());
        // What lies in the past when alerts begin is nobody's news.
        let mut how = match alerts.is_first() && !self.has_begun {
            true => Handing::Past,
            false => Handing::Again,
        };
        let mut compared: Option<Instant> = None;
        let mut incidents = Incidents::default();
        loop {
            let is_last = beside.must_stop();
            // Where nobody is to hear of each, they are noted as decided all the same.
            let told_how = if self.config.detections { how } else { Handing::Past };
            let handed = hand_over(&alerts, &store, told_how).await;
            how = match (&handed, how) {
                (Ok(()), _) => Handing::New,
                (Err(_), Handing::Past) => Handing::Past,
                (Err(_), _) => Handing::Again,
            };
            wrong.handing = handed.err();
            if !is_last && compared.is_none_or(|at| at.elapsed() >= COMPARE) {
                compared = Some(Instant::now());
                wrong.findings = match self.config.findings {
                    None => None,
                    Some(at_least) => compare(&alerts, &store, &texts, at_least).await.err(),
                };
                wrong.outbox = outbox(&alerts);
            }
            if let Some(at_least) = self.config.incidents.filter(|_| !is_last && incidents.is_due()) {
                wrong.incidents = incidents.compare(&alerts, &store, &texts, at_least).await.err();
            }
            beside.tell(wrong.told());
            if is_last {
                break;
            }
            // Nobody came: a look at the clock.
            let _ = tokio::time::timeout(Duration::from_millis(500), self.news.notified()).await;
        }
        alerts.stop().await;
    }
}

/// Where there were no alerts before: notes what was detected until now as nobody's news, and then that alerts have begun, so that
/// what comes from here on is told, whenever this process ends. Nothing is taken in meanwhile.
fn begin(config: &Arc<Config>, store: &dyn Store) -> Result<(), StoreError> {
    if !store.dispatch_parts()?.is_empty() {
        return Ok(());
    }
    loop {
        let past = store.unalerted(BATCH)?;
        if past.is_empty() {
            break;
        }
        store.put_alerts_for(past.into_iter().map(|stored| stored.id).collect(), Vec::new())?;
    }
    let changes = Dispatcher::new(Arc::clone(config)).take_changes();
    let parts = changes.into_iter().map(|change| (change.key, change.value)).collect();
    store.commit_dispatch(parts, Vec::new()).map(drop)
}

/// What is wrong, each by itself.
#[derive(Debug, Default)]
struct Wrong {
    handing: Option<String>,
    findings: Option<String>,
    incidents: Option<String>,
    outbox: Option<String>,
}

impl Wrong {
    fn told(&self) -> Option<String> {
        let all = [&self.handing, &self.findings, &self.incidents, &self.outbox];
        let told: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

fn alert(detection: &Detection, cluster: &str) -> Alert {
    Alert::from_detection(detection, Context { cluster: cluster.to_owned(), ..Context::default() })
}

/// Dead notifications and those that nobody will send.
fn outbox(alerts: &Alerts) -> Option<String> {
    let health = match alerts.health() {
        Ok(health) => health,
        Err(error) => return Some(format!("the outbox cannot be read: {error}")),
    };
    let mut told = Vec::new();
    for (receiver, states) in &health.outbox {
        if let Some(dead) = states.get(&AlertState::Dead).filter(|dead| **dead > 0) {
            told.push(format!("{dead} notifications to `{receiver}` are dead"));
        }
    }
    for (receiver, count) in &health.orphans {
        told.push(format!("{count} notifications wait for `{receiver}`, which is no longer configured"));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

/// What is known of detections that were not handed over.
#[derive(Debug, Clone, Copy)]
enum Handing {
    /// They are from before there were alerts: they are noted only.
    Past,
    /// Some may have been handed over already, without its being noted: what is known is not counted again.
    Again,
    /// They are new.
    New,
}

/// Hands over the detections that were not yet, and notes it; when this process is ended in between, the next one hands them over
/// again.
async fn hand_over(alerts: &Alerts, store: &Arc<dyn Store>, how: Handing) -> Result<(), String> {
    loop {
        let reader = Arc::clone(store);
        let page = tokio::task::spawn_blocking(move || reader.unalerted(BATCH)).await;
        let page = page.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if page.is_empty() {
            return Ok(());
        }
        let news = page.iter().map(|stored| alert(&read_back(stored), &stored.cluster)).collect();
        let taken = match how {
            Handing::Past => Ok(()),
            Handing::Again => alerts.submit_again(news).await,
            Handing::New => alerts.submit(news).await,
        };
        taken.map_err(|error| format!("alerts are not taken: {error}"))?;
        let (writer, ids) = (Arc::clone(store), page.into_iter().map(|stored| stored.id).collect());
        let noted = tokio::task::spawn_blocking(move || writer.put_alerts_for(ids, Vec::new())).await;
        noted.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    }
}

/// A detection as it was when it was stored.
fn read_back(stored: &StoredDetection) -> Detection {
    let body: serde_json::Value = serde_json::from_str(&stored.body).unwrap_or_default();
    let output = body.get("output").and_then(serde_json::Value::as_str).unwrap_or_default();
    // `TIME: Priority message`
    let message = output
        .split_once(&format!(": {} ", stored.priority))
        .map_or(output, |(_, message)| message)
        .to_owned();
    let fields = body.get("output_fields").and_then(serde_json::Value::as_object);
    let fields = fields
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), FieldValue::Text(value.as_str()?.to_owned()))));
    let resource = body.get("resource").and_then(|resource| ResourceRef::deserialize(resource).ok());
    Detection {
        rule: stored.rule.as_str().into(),
        source: stored.source.as_str().into(),
        priority: stored.priority,
        tags: Arc::new([]),
        time_ns: u64::try_from(stored.time_us).unwrap_or_default().saturating_mul(1000),
        event_number: 0,
        event_id: None,
        namespace: body.get("namespace").and_then(serde_json::Value::as_str).map(str::to_owned),
        resource,
        message,
        fields: fields.collect(),
    }
}

/// Compares the store's open findings with those that the dispatcher knows.
async fn compare(
    alerts: &Alerts,
    store: &Arc<dyn Store>,
    texts: &Arc<AllTexts>,
    at_least: Severity,
) -> Result<(), String> {
    let (store, texts) = (Arc::clone(store), Arc::clone(texts));
    let read = move || open_findings(&*store, &texts, at_least);
    let open = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())??;
    let names: BTreeSet<&str> = open.iter().map(|alert| alert.fingerprint.as_str()).collect();
    let now_us = now_us();
    let mut changed: Vec<Alert> = alerts
        .open_conditions(Origin::Finding)
        .into_iter()
        .filter(|known| !names.contains(known.fingerprint.as_str()))
        .map(|known| Alert { status: Status::Resolved, ended_us: Some(now_us), ..known })
        .collect();
    changed.extend(open);
    if changed.is_empty() {
        return Ok(());
    }
    alerts.submit(changed).await.map_err(|error| format!("findings are not alerted: {error}"))
}

/// Incidents as they were last told to the dispatcher.
#[derive(Debug, Default)]
struct Incidents {
    known: BTreeMap<String, Incident>,
    compared: Option<Instant>,
}

impl Incidents {
    fn is_due(&self) -> bool {
        self.compared.is_none_or(|at| at.elapsed() >= COMPARE_INCIDENTS)
    }

    /// Tells the dispatcher what is new, has changed, or is over.
    async fn compare(
        &mut self,
        alerts: &Alerts,
        store: &Arc<dyn Store>,
        texts: &Arc<AllTexts>,
        at_least: Severity,
    ) -> Result<(), String> {
        self.compared = Some(Instant::now());
        let (store, texts) = (Arc::clone(store), Arc::clone(texts));
        let known = self.known.clone();
        let told = alerts.open_conditions(Origin::Incident);
        let read = move || {
            let open = open_incidents(&*store, at_least)?;
            let is_changed = |incident: &&Incident| known.get(&incident.id) != Some(*incident);
            let changed =
                open.values().filter(is_changed).map(|incident| incident_alert(&*store, incident, &texts));
            let mut changed = changed.collect::<Result<Vec<Alert>, StoreError>>()?;
            let names: BTreeSet<String> = open.keys().map(|id| Alert::incident_fingerprint(id)).collect();
            for alert in told.into_iter().filter(|alert| !names.contains(&alert.fingerprint)) {
                changed.extend(ended(&*store, alert, at_least)?);
            }
            Ok::<_, StoreError>((changed, open))
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())?;
        let (changed, open) = read.map_err(|error| format!("incidents cannot be read: {error}"))?;
        if !changed.is_empty() {
            let taken = alerts.submit(changed).await;
            taken.map_err(|error| format!("incidents are not alerted: {error}"))?;
        }
        self.known = open;
        Ok(())
    }
}

/// The end of an incident that was told, unless it goes on after all: while a long list is read, one may move in it.
fn ended(store: &dyn Store, told: Alert, at_least: Severity) -> Result<Option<Alert>, StoreError> {
    let id = told.labels.get(INCIDENT).map(String::as_str).unwrap_or_default();
    let stored = store.incident(id)?;
    let goes_on = |incident: &Incident| incident.closed_us.is_none() && incident.severity >= at_least;
    if stored.as_ref().is_some_and(goes_on) {
        return Ok(None);
    }
    let ended_us = stored.and_then(|incident| incident.closed_us).unwrap_or_else(now_us);
    Ok(Some(Alert { status: Status::Resolved, ended_us: Some(ended_us), ..told }))
}

/// All that are not closed.
fn open_incidents(store: &dyn Store, at_least: Severity) -> Result<BTreeMap<String, Incident>, StoreError> {
    let mut open = BTreeMap::new();
    let mut query = IncidentQuery {
        is_closed: Some(false),
        at_least: Some(at_least),
        limit: PAGE,
        ..IncidentQuery::default()
    };
    loop {
        let page = store.incidents(&query)?;
        let Some(last) = page.last() else { return Ok(open) };
        query.after = Some((last.updated_us, last.id.clone()));
        open.extend(page.into_iter().map(|incident| (incident.id.clone(), incident)));
    }
}

/// The namespace that a detection of an incident names without the object in it.
fn namespace_of(store: &dyn Store, incident: &Incident) -> Result<Option<String>, StoreError> {
    let query =
        DetectionQuery { incident: Some(incident.id.clone()), limit: 100, ..DetectionQuery::default() };
    let detections = store.detections(&query)?;
    // The oldest of them, so that further ones do not change it.
    Ok(detections.iter().rev().find_map(|stored| alert(&read_back(stored), &stored.cluster).namespace))
}

fn incident_alert(store: &dyn Store, incident: &Incident, texts: &AllTexts) -> Result<Alert, StoreError> {
    let facts = IncidentFacts {
        id: incident.id.clone(),
        group: incident.group.clone(),
        title: incident.title.clone(),
        severity: incident.severity,
        opened_us: incident.opened_us,
        closed_us: incident.closed_us,
        detections: incident.detections,
    };
    let keys = store.incident_keys(&incident.id)?;
    let mut labels = BTreeMap::from([(INCIDENT.to_owned(), incident.id.clone())]);
    if let Some(user) = keys.iter().find_map(|seen| seen.key.strip_prefix("user ")) {
        labels.insert("user".to_owned(), user.to_owned());
    }
    let namespace = match keys.iter().find_map(|seen| object_of(&seen.key)?.1) {
        Some(namespace) => Some(namespace.to_owned()),
        None => namespace_of(store, incident)?,
    };
    if let Some(namespace) = namespace {
        labels.insert("namespace".to_owned(), namespace);
    }
    let context = Context { cluster: incident.cluster.clone(), labels, ..Context::default() };
    Ok(Alert::from_incident(&facts, texts, context))
}

/// All of them: half a list would look as if the rest were mended.
fn open_findings(store: &dyn Store, texts: &AllTexts, at_least: Severity) -> Result<Vec<Alert>, String> {
    let mut open = Vec::new();
    let mut query = FindingQuery {
        at_least: Some(at_least),
        is_fixed: Some(false),
        limit: PAGE,
        ..FindingQuery::default()
    };
    loop {
        let page = store.findings(&query).map_err(|error| format!("findings cannot be read: {error}"))?;
        let Some(last) = page.last() else { return Ok(open) };
        query.after = Some((last.finding.severity, last.cluster.clone(), last.finding.fingerprint));
        open.extend(page.iter().map(|stored| finding_alert(stored, texts)));
    }
}

fn finding_alert(stored: &StoredFinding, texts: &AllTexts) -> Alert {
    let (frameworks, controls) = demanded(&stored.finding.rule);
    let context = Context { cluster: stored.cluster.clone(), frameworks, controls, ..Context::default() };
    Alert::from_finding(&finding_of(stored), stored.first_seen_us, stored.fixed_us, texts, context)
}

/// Peers of checks that are programs, and demand nothing of anybody.
const PROGRAMS: [&str; 12] = [
    "checkov",
    "complianceascode",
    "kube-hunter",
    "kube-linter",
    "kube-score",
    "kubeaudit",
    "kubescape",
    "kubesec",
    "polaris",
    "prowler",
    "trivy",
    "yaml",
];

/// Frameworks that demand what a rule is about (`pci-dss-4`), and their controls (`pci-dss-4 2.2.1`).
fn demanded(rule: &str) -> (Vec<String>, Vec<String>) {
    let check = haechi_checks::CHECKS.iter().find(|check| check.info.slug == rule);
    let peers = check.into_iter().flat_map(|check| check.info.peers);
    let peers = peers.filter(|peer| !PROGRAMS.contains(&peer.peer));
    let mut frameworks = BTreeSet::new();
    let mut controls = BTreeSet::new();
    for peer in peers {
        frameworks.insert(peer.peer.to_owned());
        controls.insert(format!("{} {}", peer.peer, peer.id));
    }
    (frameworks.into_iter().collect(), controls.into_iter().collect())
}

/// A finding as far as the store keeps it: without the text that it was found in.
pub(crate) fn finding_of(stored: &StoredFinding) -> Finding {
    let seen = &stored.finding;
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap_or_default();
    let args = body.get("args").and_then(serde_json::Value::as_object).into_iter().flatten();
    let args = args.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Numbers choose plural forms.
        let value = text.parse().map_or(ArgValue::Text(text), ArgValue::Number);
        Arg { name: name.clone().into(), value }
    });
    let source = match body.get("source").and_then(serde_json::Value::as_str) {
        Some("policy") => RuleSource::Policy,
        Some("podsecurity" | "pod-security") => RuleSource::PodSecurity,
        _ => RuleSource::Check,
    };
    let nowhere = Position { line: 1, column: 1 };
    Finding {
        rule: seen.rule.clone().into(),
        source,
        severity: seen.severity,
        resource: seen.resource.clone(),
        location: Location {
            path: "".into(),
            span: Span { start: 0, end: 0 },
            start: nowhere,
            end: nowhere,
            json_path: String::new(),
        },
        args: args.collect(),
        fingerprint: seen.fingerprint,
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_detect::output::OutputOptions;
    use haechi_model::Priority;

    #[test]
    fn findings_are_routed_by_the_frameworks_that_demand_them() {
        let (frameworks, controls) = demanded("privileged-container");
        assert!(
            frameworks.contains(&"cis-1.12".to_owned()) && controls.contains(&"cis-1.12 5.2.2".to_owned())
        );
        assert!(!frameworks.iter().any(|framework| framework == "trivy"));
        assert_eq!(demanded("no-such-check"), (Vec::new(), Vec::new()));
        let config = "[alerts]\nreceivers = []\n[[alerts.receiver]]\nname = 'a'\nkind = 'webhook'\nurl = 'https://a.example/'\n\
                      [[alerts.route]]\nframework = ['cis-*']\nreceivers = ['a']\n";
        let config = Config::parse(config).unwrap().unwrap();
        let alert = |rule| {
            let (frameworks, controls) = demanded(rule);
            let context = Context { frameworks, controls, ..Context::default() };
            Alert::test("t", 0, &AllTexts::default(), context)
        };
        assert_eq!(config.root.destinations(&alert("privileged-container"), 0).len(), 1);
        assert_eq!(config.root.destinations(&alert("no-such-check"), 0).len(), 0);
    }

    /// A peer that is neither a program that is known nor a framework by its form would be a framework by mistake.
    #[test]
    fn every_peer_of_a_check_is_a_program_or_a_framework() {
        let forms = [
            "aks-", "attack", "cis-", "eks-", "gke-", "nist-", "nsa-", "pci-", "pss", "soc-", "iso-", "hipaa",
        ];
        for peer in haechi_checks::CHECKS.iter().flat_map(|check| check.info.peers) {
            let is_framework = forms.iter().any(|form| peer.peer.starts_with(form));
            assert_ne!(is_framework, PROGRAMS.contains(&peer.peer), "{}", peer.peer);
        }
    }

    #[test]
    fn detection_that_is_read_back_is_the_same_alert() {
        let detection = Detection {
            rule: "Secret read".into(),
            source: "k8s_audit".into(),
            priority: Priority::Warning,
            tags: vec!["k8s".to_owned()].into(),
            time_ns: 1_700_000_000_123_456_000,
            event_number: 3,
            event_id: Some("1".into()),
            namespace: Some("shop".into()),
            resource: Some(ResourceRef {
                api_version: "v1".into(),
                kind: "Secret".into(),
                namespace: Some("shop".into()),
                name: "db".into(),
            }),
            message: "a: Warning b".into(),
            fields: vec![
                ("ka.target.name".into(), FieldValue::Text("db".into())),
                ("ka.target.namespace".into(), FieldValue::Text("shop".into())),
                ("ka.target.resource".into(), FieldValue::Text("secrets".into())),
                ("ka.user.name".into(), FieldValue::Text("alice".into())),
            ],
        };
        let stored = StoredDetection {
            id: "1".into(),
            cluster: "prod".into(),
            rule: detection.rule.to_string(),
            source: detection.source.to_string(),
            priority: detection.priority,
            time_us: 1_700_000_000_123_456,
            event: None,
            incident: None,
            body: OutputOptions { time_iso8601: true, include_target: true, ..OutputOptions::default() }
                .json(&detection),
        };
        let alert_of_it = alert(&read_back(&stored), "prod");
        assert_eq!(alert_of_it, alert(&detection, "prod"));
        assert_eq!(alert_of_it.namespace.as_deref(), Some("shop"));
        assert_eq!(alert_of_it.resource.as_deref(), Some("Secret shop/db"));
    }
}

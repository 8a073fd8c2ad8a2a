//! Numbers for Prometheus. Those of the seed's dashboard keep their names.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use haechi_model::{Priority, Severity};
use haechi_store::counters::SourceCounts;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelSetEncoder,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::admit::{Decision, Phase};
use crate::app::App;
use crate::clusters::ClusterState;
use crate::compliance::Compliance;
use crate::intake::{Detected, Listener};

/// The media type of what Prometheus reads.
pub const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Labels<const N: usize>([(&'static str, String); N]);

impl<const N: usize> EncodeLabelSet for Labels<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, value) in &self.0 {
            let mut label = encoder.encode_label();
            let mut key = label.encode_label_key()?;
            fmt::Write::write_str(&mut key, name)?;
            let mut text = key.encode_label_value()?;
            EncodeLabelValue::encode(value, &mut text)?;
            text.finish()?;
        }
        Ok(())
    }
}

type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// What scans found, by cluster and severity. Absent until there was one: nothing evaluated is not all well.
pub type Posture = BTreeMap<String, BTreeMap<Severity, u64>>;

/// Counts since the start.
#[derive(Debug)]
pub struct Metrics {
    events: Counters<2>,
    decisions: Counters<3>,
    verdicts: Counters<2>,
    logins: Counters<1>,
    took: Family<Labels<1>, Histogram, fn() -> Histogram>,
    posture: Mutex<Option<Posture>>,
    /// By cluster; nothing for one that was not seen and judged as a whole.
    compliance: Mutex<BTreeMap<String, Option<Compliance>>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Names of policies that are counted one by one; of more, the rest is counted together.
const POLICIES: usize = 500;

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let took: fn() -> Histogram =
            || Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);
        Self {
            events: Family::default(),
            decisions: Family::default(),
            verdicts: Family::default(),
            logins: Family::default(),
            took: Family::new_with_constructor(took),
            posture: Mutex::default(),
            compliance: Mutex::default(),
        }
    }

    /// How long an answer took.
    pub(crate) fn admission_took(&self, phase: Phase, time: Duration) {
        let labels = Labels([("endpoint", phase.as_str().to_owned())]);
        self.took.get_or_create(&labels).observe(time.as_secs_f64());
    }

    /// Counts a decision. What changes nothing is counted apart: a dry run is none.
    pub fn decided(&self, decision: &Decision) {
        let labels = Labels([
            ("endpoint", decision.phase.as_str().to_owned()),
            ("ruling", decision.ruling.as_str().to_owned()),
            ("dry_run", decision.dry_run.to_string()),
        ]);
        self.decisions.get_or_create(&labels).inc();
        let causes = &decision.causes;
        let lists = [
            ("denied", &causes.denied),
            ("warned", &causes.warned),
            ("audited", &causes.audited),
            ("dryrun", &causes.dry_run),
            ("failed_closed", &causes.failed_closed),
            ("failed_open", &causes.failed_open),
        ];
        for (verdict, policies) in lists {
            for policy in policies.iter().take(POLICIES) {
                let labels = Labels([("policy", policy.clone()), ("verdict", verdict.to_owned())]);
                self.verdicts.get_or_create(&labels).inc();
            }
        }
    }

    /// Counts an attempt to log in.
    pub fn login(&self, result: &'static str) {
        self.logins.get_or_create(&Labels([("result", result.to_owned())])).inc();
    }

    /// Takes over what a scan found.
    pub fn set_posture(&self, posture: Option<Posture>) {
        *self.posture.lock().unwrap_or_else(PoisonError::into_inner) = posture;
    }

    /// Takes over how much of what frameworks demand holds in a cluster; nothing where that cannot be told.
    pub fn set_compliance(&self, cluster: &str, compliance: Option<Compliance>) {
        let mut known = self.compliance.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(cluster.to_owned(), compliance);
    }

    /// All numbers as text; of clusters, only those of `own` where it names one.
    ///
    /// # Errors
    /// None that is known: writing to a text cannot fail.
    pub(crate) fn text(
        &self,
        app: &App,
        counts: Option<&BTreeMap<String, SourceCounts>>,
        own: Option<&str>,
    ) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register("security_events", "Detections by urgency and kind of event", self.events.clone());
        registry.register("haechi_admission_decisions", "Answers to the API server", self.decisions.clone());
        registry.register("haechi_policy_verdicts", "What policies said", self.verdicts.clone());
        registry.register("haechi_logins", "Attempts to log in", self.logins.clone());
        registry.register("haechi_admission_seconds", "Time for an answer", self.took.clone());
        let mut rows = rows(app, counts);
        if let Some(mut posture) = self.posture.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            // What was watched and has no finding has none of each severity.
            for cluster in app.companions.clusters().all(None).into_keys() {
                posture.entry(cluster).or_default();
            }
            posture.retain(|cluster, _| own.is_none_or(|own| own == cluster));
            rows.extend(findings(&posture));
        }
        let mut scored = self.compliance.lock().unwrap_or_else(PoisonError::into_inner).clone();
        scored.retain(|cluster, _| own.is_none_or(|own| own == cluster));
        rows.extend(scores(&scored));
        rows.extend(reached(&app.companions.clusters().all(own)));
        registry.register_collector(Box::new(Read { rows }));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Listener for Metrics {
    fn detected(&self, detected: &Detected) {
        let labels = Labels([
            ("severity", severity(detected.detection.priority).to_owned()),
            ("event_type", detected.detection.source.to_string()),
        ]);
        self.events.get_or_create(&labels).inc();
    }
}

/// Falco's eight levels as the five of findings.
pub(crate) const fn severity(priority: Priority) -> &'static str {
    match priority {
        Priority::Emergency | Priority::Alert | Priority::Critical => "critical",
        Priority::Error => "high",
        Priority::Warning => "medium",
        Priority::Notice => "low",
        Priority::Informational | Priority::Debug => "info",
    }
}

/// A number that is read off when it is asked for.
#[derive(Debug)]
struct Row {
    name: &'static str,
    help: &'static str,
    is_counter: bool,
    values: Vec<(Vec<(&'static str, String)>, f64)>,
}

#[derive(Debug)]
struct Read {
    rows: Vec<Row>,
}

impl Collector for Read {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for row in &self.rows {
            let (counter, gauge) = (ConstCounter::new(0.0), ConstGauge::new(0.0));
            let kind = if row.is_counter { counter.metric_type() } else { gauge.metric_type() };
            let mut metric = encoder.encode_descriptor(row.name, row.help, None, kind)?;
            if let [(labels, value)] = row.values.as_slice()
                && labels.is_empty()
            {
                match row.is_counter {
                    true => ConstCounter::new(*value).encode(metric)?,
                    false => ConstGauge::new(*value).encode(metric)?,
                }
                continue;
            }
            for (labels, value) in &row.values {
                let labels = Borrowed(labels);
                let of_labels = metric.encode_family(&labels)?;
                match row.is_counter {
                    true => ConstCounter::new(*value).encode(of_labels)?,
                    false => ConstGauge::new(*value).encode(of_labels)?,
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Borrowed<'l>(&'l [(&'static str, String)]);

impl EncodeLabelSet for Borrowed<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, value) in self.0 {
            let mut label = encoder.encode_label();
            let mut key = label.encode_label_key()?;
            fmt::Write::write_str(&mut key, name)?;
            let mut text = key.encode_label_value()?;
            EncodeLabelValue::encode(value, &mut text)?;
            text.finish()?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floating point")]
fn float(number: u64) -> f64 {
    number as f64
}

fn rows(app: &App, counts: Option<&BTreeMap<String, SourceCounts>>) -> Vec<Row> {
    let gauge = |name, help, value: usize| Row {
        name,
        help,
        is_counter: false,
        values: vec![(Vec::new(), float(value as u64))],
    };
    let counter = |name, help, value: u64| Row {
        name,
        help,
        is_counter: true,
        values: vec![(Vec::new(), float(value))],
    };
    let policies = app.admission.folder().health();
    let (waiting, busy) = app.admission.pool().load();
    let (_, panics) = app.admission.pool().mishaps();
    let (batches, _, turned_away) = app.intake.load();
    let rules = app.intake.rules().health();
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let admission = app.admission.counts();
    let mut rows = vec![
        gauge("haechi_policies", "Policies that are asked", policies.policies),
        gauge("haechi_policy_problems", "Mistakes in files of policies", policies.problems.len()),
        gauge("haechi_rules", "Detection rules that are asked", rules.rules),
        gauge("haechi_rule_problems", "Mistakes in files of rules", rules.problems.len()),
        gauge("haechi_admission_waiting", "Admission requests that wait", waiting),
        gauge("haechi_admission_busy", "Admission requests that are being judged", busy),
        counter(
            "haechi_admission_overloaded",
            "Answers by the fail modes for want of room",
            load(&admission.overloaded),
        ),
        counter("haechi_admission_late", "Answers by the fail modes for want of time", load(&admission.late)),
        counter(
            "haechi_admission_broken",
            "Answers by the fail modes after a panic",
            load(&admission.broken).max(panics),
        ),
        counter(
            "haechi_admission_refused_bodies",
            "Bodies that were no AdmissionReview",
            load(&admission.refused),
        ),
        counter(
            "haechi_decisions_uncounted",
            "Decisions that nobody had room for",
            app.admission.dropped_decisions(),
        ),
        gauge("haechi_intake_waiting", "Batches of events that wait", batches),
        counter("haechi_intake_turned_away", "Batches that found no room", turned_away),
    ];
    if let Some(counts) = counts {
        let by_source = |name, help, of: fn(&SourceCounts) -> u64| Row {
            name,
            help,
            is_counter: true,
            values: counts
                .iter()
                .map(|(source, counts)| (vec![("source", source.clone())], float(of(counts))))
                .collect(),
        };
        rows.push(by_source("haechi_events_received", "Events that came in", |counts| counts.received));
        rows.push(by_source("haechi_events_stored", "Events that were stored", |counts| counts.stored));
        rows.push(by_source("haechi_events_duplicate", "Events that were there already", |counts| {
            counts.duplicates
        }));
        let dropped = counts.iter().flat_map(|(source, counts)| {
            counts.dropped.iter().map(move |(reason, count)| {
                (vec![("source", source.clone()), ("reason", reason.clone())], float(*count))
            })
        });
        rows.push(Row {
            name: "haechi_events_dropped",
            help: "Events that were let go",
            is_counter: true,
            values: dropped.collect(),
        });
    }
    rows
}

fn findings(posture: &Posture) -> [Row; 3] {
    let of = |severity| posture.values().filter_map(|counts| counts.get(&severity)).sum();
    let all = |name, help, severity| Row {
        name,
        help,
        is_counter: true,
        values: vec![(Vec::new(), float(of(severity)))],
    };
    let by_cluster = posture.iter().flat_map(|(cluster, counts)| {
        Severity::ALL.into_iter().map(move |severity| {
            let labels = vec![("cluster", cluster.clone()), ("severity", severity.as_str().to_owned())];
            (labels, float(counts.get(&severity).copied().unwrap_or_default()))
        })
    });
    [
        all("vulnerability_scan_critical", "Critical findings", Severity::Critical),
        all("vulnerability_scan_high", "High findings", Severity::High),
        Row {
            name: "haechi_findings",
            help: "Findings of a cluster that are not fixed",
            is_counter: false,
            values: by_cluster.collect(),
        },
    ]
}

/// Whether clusters answer, and when they were last listed.
fn reached(clusters: &BTreeMap<String, ClusterState>) -> Vec<Row> {
    if clusters.is_empty() {
        return Vec::new();
    }
    let label = |cluster: &String| vec![("cluster", cluster.clone())];
    let gauge = |name, help, values| Row { name, help, is_counter: false, values };
    let reachable = clusters
        .iter()
        .map(|(cluster, state)| (label(cluster), f64::from(u8::from(state.reachable_since_us.is_some()))));
    let listed = clusters.iter().filter_map(|(cluster, state)| {
        let seconds = u64::try_from(state.last_listed_us?.div_euclid(1_000_000)).ok()?;
        Some((label(cluster), float(seconds)))
    });
    let (reachable, listed): (Vec<_>, Vec<_>) = (reachable.collect(), listed.collect());
    let mut rows =
        vec![gauge("haechi_cluster_reachable", "Whether the API server of a cluster answers", reachable)];
    if !listed.is_empty() {
        let help = "When objects of a cluster were last listed";
        rows.push(gauge("haechi_cluster_last_listed_timestamp_seconds", help, listed));
    }
    rows
}

fn scores(clusters: &BTreeMap<String, Option<Compliance>>) -> Vec<Row> {
    let gauge = |name, help, values| Row { name, help, is_counter: false, values };
    let judged: Vec<(&String, &Compliance)> =
        clusters.iter().filter_map(|(cluster, compliance)| Some((cluster, compliance.as_ref()?))).collect();
    if judged.is_empty() {
        return Vec::new();
    }
    let by_framework = judged.iter().flat_map(|(cluster, compliance)| {
        compliance.0.iter().map(|(framework, controls)| {
            let labels = vec![("cluster", (*cluster).clone()), ("framework", (*framework).to_owned())];
            (labels, controls.score())
        })
    });
    let help = "Controls of a framework that hold in a cluster, of those that checks could judge";
    let mut rows = vec![gauge("haechi_compliance_score_percentage", help, by_framework.collect())];
    // One number for all only where all of them were judged.
    if judged.len() == clusters.len() {
        let all = Compliance::score_of_all(judged.into_iter().map(|(_, compliance)| compliance));
        let help = "Controls that hold, of those that checks could judge";
        rows.push(gauge("compliance_score_percentage", help, vec![(Vec::new(), all)]));
    }
    rows
}

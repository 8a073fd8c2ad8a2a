//! What somebody may have to be told.

use std::collections::BTreeMap;

use haechi_model::{Detection, FieldValue, Finding, Fingerprint, Priority, Severity};
use haechi_report::{Language, Texts};
use serde::{Deserialize, Serialize};

/// Most bytes of a title and of other names.
const MAX_NAME: usize = 512;
/// Most bytes of a summary.
const MAX_SUMMARY: usize = 4096;
/// Most labels, frameworks and controls.
const MAX_LABELS: usize = 32;

/// What an alert is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A rule that matched an event.
    Detection,
    /// A static violation.
    Finding,
    /// Detections and findings that belong together.
    Incident,
    /// Somebody tries whether a receiver works.
    Test,
}

impl Origin {
    /// The name in labels and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detection => "detection",
            Self::Finding => "finding",
            Self::Incident => "incident",
            Self::Test => "test",
        }
    }
}

/// Whether an alert can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It happened at a time; it does not end.
    Event,
    /// It lasts until it is resolved.
    Condition,
}

/// Whether it still lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It happened, or lasts.
    Firing,
    /// It is over.
    Resolved,
}

/// A text in every language that a receiver may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wording {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

impl Wording {
    /// A text that is the same in every language: a rule's own words.
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { ko: en.clone(), en }
    }

    /// The text for readers of a language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
        }
    }

    fn cut(&mut self, limit: usize) {
        cut(&mut self.en, limit);
        cut(&mut self.ko, limit);
    }
}

/// The texts of every language, for alerts whose words are ours.
#[derive(Debug)]
pub struct AllTexts {
    en: Texts,
    ko: Texts,
}

impl Default for AllTexts {
    fn default() -> Self {
        Self { en: Texts::new(Language::En), ko: Texts::new(Language::Ko) }
    }
}

impl AllTexts {
    /// The texts of a language.
    pub fn of(&self, language: Language) -> &Texts {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
        }
    }

    fn wording(&self, text: impl Fn(&Texts) -> String) -> Wording {
        Wording { en: text(&self.en), ko: text(&self.ko) }
    }
}

/// What somebody may have to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What makes it one: alerts of the same fingerprint are the same alert.
    pub fingerprint: String,
    /// What it is made of.
    pub origin: Origin,
    /// Whether it can end.
    pub kind: Kind,
    /// Whether it still lasts.
    pub status: Status,
    /// The rule, check, policy, or group of an incident.
    pub rule: String,
    /// Where it comes from: an event source (`k8s_audit`), the kind of a rule (`check`), `incident`.
    pub source: String,
    /// How bad it is.
    pub severity: Severity,
    /// The cluster or account.
    pub cluster: String,
    /// The namespace, where it is about one.
    pub namespace: Option<String>,
    /// The object, as `Kind namespace/name`.
    pub resource: Option<String>,
    /// Frameworks that demand what is broken: `pci-dss`, `soc2` …
    pub frameworks: Vec<String>,
    /// Controls of these frameworks.
    pub controls: Vec<String>,
    /// When it began, in microseconds since 1970.
    pub time_us: i64,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// Further properties to route, group and show by.
    pub labels: BTreeMap<String, String>,
    /// What it is, in a few words.
    pub title: Wording,
    /// What happened, in a sentence.
    pub summary: Wording,
    /// Where more is told.
    pub link: Option<String>,
}

/// What an alert needs apart from what it is made of.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The cluster or account.
    pub cluster: String,
    /// Where more is told.
    pub link: Option<String>,
    /// Frameworks that demand what is broken.
    pub frameworks: Vec<String>,
    /// Controls of these frameworks.
    pub controls: Vec<String>,
    /// Further properties.
    pub labels: BTreeMap<String, String>,
}

/// An incident, as far as an alert needs it.
#[derive(Debug, Clone)]
pub struct IncidentFacts {
    /// Its id.
    pub id: String,
    /// By whom and where.
    pub group: String,
    /// What it is called.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// When it began, in microseconds since 1970.
    pub opened_us: i64,
    /// When it was closed.
    pub closed_us: Option<i64>,
    /// How many detections belong to it.
    pub detections: u64,
}

impl Alert {
    /// An alert about a rule that matched an event. The same words about the same rule are the same alert.
    pub fn from_detection(detection: &Detection, context: Context) -> Self {
        let text = |name: &str| {
            let value = detection.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)?;
            match value {
                FieldValue::Text(text) if !text.is_empty() && text != "<NA>" => Some(text.clone()),
                _ => None,
            }
        };
        let first = |names: &[&str]| names.iter().find_map(|name| text(name));
        let namespace =
            detection.namespace.clone().or_else(|| first(&["ka.target.namespace", "k8s.ns.name"]));
        let resource = detection.resource.as_ref().map(ToString::to_string);
        let resource = resource.or_else(|| match (text("ka.target.resource"), text("ka.target.name")) {
            (Some(kind), Some(name)) => Some(format!("{kind} {name}")),
            _ => first(&["k8s.pod.name", "ct.request.name", "container.name"]),
        });
        let fingerprint = Fingerprint::of([
            "detection",
            &*detection.source,
            &*detection.rule,
            &context.cluster,
            &detection.message,
        ]);
        let mut labels = context.labels;
        if let Some(user) = first(&["ka.user.name", "ct.user", "user.name"]) {
            labels.insert("user".into(), user);
        }
        Self {
            fingerprint: fingerprint.to_string(),
            origin: Origin::Detection,
            kind: Kind::Event,
            status: Status::Firing,
            rule: detection.rule.to_string(),
            source: detection.source.to_string(),
            severity: severity_of(detection.priority),
            cluster: context.cluster,
            namespace,
            resource,
            frameworks: context.frameworks,
            controls: context.controls,
            time_us: i64::try_from(detection.time_ns / 1000).unwrap_or(i64::MAX),
            ended_us: None,
            labels,
            title: Wording::same(&*detection.rule),
            summary: Wording::same(detection.message.clone()),
            link: context.link,
        }
        .bounded()
    }

    /// An alert about a finding; with `fixed_us` about its end.
    pub fn from_finding(
        finding: &Finding,
        first_seen_us: i64,
        fixed_us: Option<i64>,
        texts: &AllTexts,
        context: Context,
    ) -> Self {
        let own = finding.fingerprint.to_string();
        let fingerprint = Fingerprint::of(["finding", &context.cluster, &own]);
        Self {
            fingerprint: fingerprint.to_string(),
            origin: Origin::Finding,
            kind: Kind::Condition,
            status: if fixed_us.is_some() { Status::Resolved } else { Status::Firing },
            rule: finding.rule.to_string(),
            source: match finding.source {
                haechi_model::RuleSource::Check => "check",
                haechi_model::RuleSource::PodSecurity => "pod-security",
                haechi_model::RuleSource::Policy => "policy",
            }
            .to_owned(),
            severity: finding.severity,
            cluster: context.cluster,
            namespace: finding.resource.namespace.clone(),
            resource: Some(finding.resource.to_string()),
            frameworks: context.frameworks,
            controls: context.controls,
            time_us: first_seen_us,
            ended_us: fixed_us,
            labels: context.labels,
            title: texts.wording(|texts| texts.finding(finding).title.into_owned()),
            summary: texts.wording(|texts| texts.finding(finding).message.into_owned()),
            link: context.link,
        }
        .bounded()
    }

    /// The fingerprint of the alert about the incident of this id.
    pub fn incident_fingerprint(id: &str) -> String {
        Fingerprint::of(["incident", id]).to_string()
    }

    /// An alert about an incident; it is over when the incident is closed.
    pub fn from_incident(incident: &IncidentFacts, texts: &AllTexts, context: Context) -> Self {
        let count = usize::try_from(incident.detections).unwrap_or(usize::MAX);
        let summary = |texts: &Texts| {
            let args = haechi_report::Args::new().text("id", incident.id.as_str()).number("count", count);
            texts.message("alert-incident-summary", &args)
        };
        Self {
            fingerprint: Self::incident_fingerprint(&incident.id),
            origin: Origin::Incident,
            kind: Kind::Condition,
            status: if incident.closed_us.is_some() { Status::Resolved } else { Status::Firing },
            rule: incident.group.clone(),
            source: "incident".into(),
            severity: incident.severity,
            cluster: context.cluster,
            namespace: context.labels.get("namespace").cloned(),
            resource: None,
            frameworks: context.frameworks,
            controls: context.controls,
            time_us: incident.opened_us,
            ended_us: incident.closed_us,
            labels: context.labels,
            title: Wording::same(incident.title.clone()),
            summary: texts.wording(summary),
            link: context.link,
        }
        .bounded()
    }

    /// An alert that tries whether a receiver works; each id is another one.
    pub fn test(id: &str, now_us: i64, texts: &AllTexts, context: Context) -> Self {
        let message =
            |id: &'static str| texts.wording(|texts: &Texts| texts.message(id, &haechi_report::Args::new()));
        Self {
            fingerprint: Fingerprint::of(["test", id]).to_string(),
            origin: Origin::Test,
            kind: Kind::Event,
            status: Status::Firing,
            rule: "test".into(),
            source: "test".into(),
            severity: Severity::Info,
            cluster: context.cluster,
            namespace: None,
            resource: None,
            frameworks: context.frameworks,
            controls: context.controls,
            time_us: now_us,
            ended_us: None,
            labels: context.labels,
            title: message("alert-test-title"),
            summary: message("alert-test-summary"),
            link: context.link,
        }
        .bounded()
    }

    /// A property by its name: a built-in one (`rule`, `source`, `severity`, `cluster`, `namespace`, `resource`, `origin`), else
    /// the label of that name; empty where the alert has none.
    pub fn property(&self, name: &str) -> &str {
        match name {
            "rule" => &self.rule,
            "source" => &self.source,
            "severity" => self.severity.as_str(),
            "cluster" => &self.cluster,
            "namespace" => self.namespace.as_deref().unwrap_or_default(),
            "resource" => self.resource.as_deref().unwrap_or_default(),
            "origin" => self.origin.as_str(),
            label => self.labels.get(label).map(String::as_str).unwrap_or_default(),
        }
    }

    /// The alert with overlong texts cut (a cut one ends in `…`): what an event holds must not fill the store or break a
    /// service's limits.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.title.cut(MAX_NAME);
        self.summary.cut(MAX_SUMMARY);
        for name in [&mut self.fingerprint, &mut self.rule, &mut self.source, &mut self.cluster] {
            cut(name, MAX_NAME);
        }
        for name in [&mut self.namespace, &mut self.resource].into_iter().flatten() {
            cut(name, MAX_NAME);
        }
        for list in [&mut self.frameworks, &mut self.controls] {
            list.truncate(MAX_LABELS);
            list.iter_mut().for_each(|name| cut(name, MAX_NAME));
        }
        if self.link.as_ref().is_some_and(|link| link.len() > 4 * MAX_NAME) {
            // Half an address leads nowhere.
            self.link = None;
        }
        let labels = std::mem::take(&mut self.labels);
        for (mut name, mut value) in labels.into_iter().take(MAX_LABELS) {
            cut(&mut name, MAX_NAME);
            cut(&mut value, MAX_NAME);
            self.labels.insert(name, value);
        }
        self
    }
}

/// The severity of an urgency, as detections are mapped elsewhere too.
pub const fn severity_of(priority: Priority) -> Severity {
    match priority {
        Priority::Emergency | Priority::Alert | Priority::Critical => Severity::Critical,
        Priority::Error => Severity::High,
        Priority::Warning => Severity::Medium,
        Priority::Notice => Severity::Low,
        Priority::Informational | Priority::Debug => Severity::Info,
    }
}

fn cut(text: &mut String, limit: usize) {
    if text.len() > limit {
        *text = shortened(text, limit);
    }
}

/// At most `limit` bytes of a text; `…` tells that some is missing.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub('…'.len_utf8());
    let end =
        text.char_indices().map(|(at, char)| at + char.len_utf8()).take_while(|end| *end <= room).last();
    let mut short = text.get(..end.unwrap_or_default()).unwrap_or_default().to_owned();
    if limit >= '…'.len_utf8() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlong_texts_are_cut_between_characters() {
        assert_eq!(shortened("해치", 6), "해치");
        assert_eq!(shortened("해치가", 8), "해…");
        assert_eq!(shortened("해치가", 2), "");
    }

    #[test]
    fn detection_becomes_an_event_with_its_place() {
        let field = |name: &str, value: &str| (name.to_owned(), FieldValue::Text(value.to_owned()));
        let detection = Detection {
            rule: "Secret read".into(),
            source: "k8s_audit".into(),
            priority: Priority::Error,
            tags: vec![].into(),
            time_ns: 1_700_000_000_123_456_789,
            event_number: 1,
            event_id: None,
            namespace: None,
            resource: None,
            message: "alice read db".into(),
            fields: vec![
                field("ka.target.name", "db"),
                field("ka.target.namespace", "shop"),
                field("ka.target.resource", "secrets"),
                field("ka.user.name", "alice"),
            ],
        };
        let alert =
            Alert::from_detection(&detection, Context { cluster: "prod".into(), ..Context::default() });
        assert_eq!((alert.kind, alert.severity), (Kind::Event, Severity::High));
        assert_eq!(alert.namespace.as_deref(), Some("shop"));
        assert_eq!(alert.resource.as_deref(), Some("secrets db"));
        assert_eq!(alert.property("user"), "alice");
        assert_eq!(alert.time_us, 1_700_000_000_123_456);
        let other =
            Alert::from_detection(&detection, Context { cluster: "test".into(), ..Context::default() });
        assert_ne!(alert.fingerprint, other.fingerprint);
    }
}

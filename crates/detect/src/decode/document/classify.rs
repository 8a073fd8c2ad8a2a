//! What an object of a document is, told by its keys, and whether its values are known.

use super::State;
use crate::fields::{Source, SourceId};
use crate::json::{Part, Value};

const STAGES: [&str; 4] = ["ResponseComplete", "ResponseStarted", "RequestReceived", "Panic"];
const CATEGORIES: [&str; 5] = ["Management", "Data", "NetworkActivity", "Insight", "insight"];
/// Of Security Hub and Inspector.
const SEVERITIES: [&str; 6] = ["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNTRIAGED"];
const ITEM_STATUSES: [&str; 5] =
    ["OK", "ResourceDiscovered", "ResourceNotRecorded", "ResourceDeleted", "ResourceDeletedNotRecorded"];

/// What an object is.
pub(super) enum Class {
    Event(SourceId),
    Alert,
    Envelope(Part, Option<SourceId>),
    Unknown,
}

impl State {
    /// What the object at hand is.
    pub(super) fn classify(&self, text: &str, source: Option<SourceId>) -> Class {
        // Kubernetes' audit events first: they are the most.
        let kind = self.member(text, "kind").map(|kind| kind.of(text));
        match kind {
            Some("\"Event\"") if self.has(text, "auditID") => return Class::Event(Source::K8S_AUDIT),
            Some("\"EventList\"") => return self.inner(text, "items", Some(Source::K8S_AUDIT)),
            _ => {}
        }
        if self.has(text, "output_fields") && self.has(text, "rule") {
            return Class::Alert;
        }
        if let (Some(detail), Some(kind)) =
            (self.member(text, "detail"), self.text_member(text, "detail-type"))
        {
            // EventBridge.
            let source = match &*kind {
                "GuardDuty Finding" => Some(Source::GUARDDUTY),
                "Security Hub Findings - Imported" | "Security Hub Findings - Custom Action" => {
                    Some(Source::SECURITY_HUB)
                }
                "Inspector2 Finding" => Some(Source::INSPECTOR),
                "Config Configuration Item Change" => Some(Source::AWS_CONFIG),
                kind if kind.ends_with("via CloudTrail") => Some(Source::CLOUDTRAIL),
                _ => source,
            };
            return Class::Envelope(detail, source);
        }
        for (list, of) in [
            ("Records", Source::CLOUDTRAIL),
            ("Findings", Source::SECURITY_HUB),
            ("configurationItems", Source::AWS_CONFIG),
        ] {
            if self.has(text, list) && !self.has(text, "eventVersion") {
                return self.inner(text, list, Some(of));
            }
        }
        if self.has(text, "findings") {
            return self.inner(text, "findings", source);
        }
        if let Some(item) = self.member(text, "configurationItem") {
            return Class::Envelope(item, Some(Source::AWS_CONFIG));
        }
        let known = self.known_event(text);
        match (source, known) {
            // Without an id it is no audit event: its fields would have no values.
            (Some(Source::K8S_AUDIT), _) if !self.has(text, "auditID") => Class::Unknown,
            (Some(source), _) => Class::Event(source),
            (None, Some(source)) => Class::Event(source),
            (None, None) => Class::Unknown,
        }
    }

    /// Whether the values that rules ask for most are among those that the source's format has. What is missing is no
    /// value at all.
    pub(super) fn has_known_values(&self, text: &str, source: SourceId) -> bool {
        let is = |path: &[&str], known: &[&str]| {
            let value = path.split_first().and_then(|(first, rest)| {
                let part = self.member(text, first)?;
                Value::at(text, part).path(rest)
            });
            // Written as it is, which is nearly always so, it needs no decoding.
            value.is_none_or(|value| {
                let raw = value.raw();
                let plain = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
                raw == "null"
                    || plain.is_some_and(|plain| known.contains(&plain))
                    || value.string().is_some_and(|value| known.contains(&&*value))
            })
        };
        match source {
            Source::K8S_AUDIT => is(&["stage"], &STAGES),
            Source::CLOUDTRAIL => is(&["eventCategory"], &CATEGORIES),
            Source::SECURITY_HUB => {
                is(&["Severity", "Label"], &SEVERITIES)
                    && is(&["RecordState"], &["ACTIVE", "ARCHIVED"])
                    && is(
                        &["Workflow", "Status"],
                        &["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED", "ASSIGNED", "IN_PROGRESS", "DEFERRED"],
                    )
                    && is(&["Compliance", "Status"], &["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"])
            }
            Source::INSPECTOR => {
                is(&["severity"], &SEVERITIES) && is(&["status"], &["ACTIVE", "SUPPRESSED", "CLOSED"])
            }
            Source::AWS_CONFIG => is(&["configurationItemStatus"], &ITEM_STATUSES),
            _ => true,
        }
    }

    fn inner(&self, text: &str, key: &str, source: Option<SourceId>) -> Class {
        self.member(text, key).map_or(Class::Unknown, |part| Class::Envelope(part, source))
    }

    /// The source that an object's keys tell.
    fn known_event(&self, text: &str) -> Option<SourceId> {
        let has = |key: &str| self.has(text, key);
        if has("eventName") && has("eventSource") {
            Some(Source::CLOUDTRAIL)
        } else if has("auditID") && has("stage") {
            Some(Source::K8S_AUDIT)
        } else if has("protoPayload") {
            Some(Source::GCP_AUDIT)
        } else if has("SchemaVersion") && has("ProductArn") {
            Some(Source::SECURITY_HUB)
        } else if has("schemaVersion") && has("partition") && has("service") {
            Some(Source::GUARDDUTY)
        } else if has("findingArn") && has("inspectorScore")
            || has("findingArn") && has("packageVulnerabilityDetails")
        {
            Some(Source::INSPECTOR)
        } else if has("configurationItemStatus") {
            Some(Source::AWS_CONFIG)
        } else if has("eventType") && has("published") && has("actor") {
            Some(Source::OKTA)
        } else if has("webhook_type") {
            Some(Source::GITHUB)
        } else {
            None
        }
    }
}

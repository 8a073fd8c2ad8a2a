//! PodSecurityPolicy, removed in Kubernetes 1.25, and the standard that comes closest to one.
//!
//! Source of the mapping: the table of fields in the Kubernetes documentation on moving from PodSecurityPolicies to
//! the standards.

use haechi_objects::Object;
use haechi_syntax::{Node, Value};

use super::{Culprit, Level};

/// Why a policy corresponds to no stricter level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyReason<'d> {
    /// The field of the policy's spec, or the annotation.
    pub field: &'static str,
    /// The strictest level that the field still fits.
    pub level: Level,
    /// Where it stands.
    pub culprit: Culprit<'d>,
}

/// A PodSecurityPolicy, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyPolicy<'d> {
    /// The strictest level that allows no pod less than the policy does: what the policy asks of pods is at least
    /// this strict. `None` where a value is malformed, so that it cannot be told.
    pub level: Option<Level>,
    /// What keeps it from a stricter level, in the order of the table.
    pub reasons: Vec<LegacyReason<'d>>,
}

/// Reads a PodSecurityPolicy (`policy/v1beta1`, before that `extensions/v1beta1`); `None` for any other object.
pub fn read_legacy_policy(object: Object<'_>) -> Option<LegacyPolicy<'_>> {
    if object.kind() != "PodSecurityPolicy" || !matches!(object.group(), "policy" | "extensions") {
        return None;
    }
    let Some(spec) = object.spec().filter(|spec| spec.is_mapping()) else {
        return Some(LegacyPolicy { level: None, reasons: Vec::new() });
    };
    let mut reader = Reader { object, spec, reasons: Vec::new(), is_malformed: false };
    reader.read();
    let lowest = reader.reasons.iter().map(|reason| reason.level).min();
    let level = (!reader.is_malformed).then(|| lowest.unwrap_or(Level::Restricted));
    Some(LegacyPolicy { level, reasons: reader.reasons })
}

struct Reader<'d> {
    object: Object<'d>,
    spec: Node<'d>,
    reasons: Vec<LegacyReason<'d>>,
    is_malformed: bool,
}

/// Capabilities that the baseline lets containers add.
const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const RESTRICTED_VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

impl<'d> Reader<'d> {
    fn read(&mut self) {
        for field in ["privileged", "hostNetwork", "hostPID", "hostIPC"] {
            if let Some(node) = self.bool(field, false).filter(|(_, value)| *value).map(|(node, _)| node) {
                self.reason(field, Level::Privileged, node);
            }
        }
        self.read_host_ports();
        for node in self.texts("allowedCapabilities").chain(self.texts("defaultAddCapabilities")) {
            match node.as_str().unwrap_or_default() {
                "NET_BIND_SERVICE" => {}
                name if BASELINE_CAPABILITIES.contains(&name) => {
                    self.reason("allowedCapabilities", Level::Baseline, node);
                }
                _ => self.reason("allowedCapabilities", Level::Privileged, node),
            }
        }
        let drops_all =
            self.texts("requiredDropCapabilities").any(|node| matches!(node.as_str(), Some("ALL" | "*")));
        if !drops_all {
            self.lacking("requiredDropCapabilities", Level::Baseline);
        }
        for node in self.texts("volumes") {
            match node.as_str().unwrap_or_default() {
                "*" | "hostPath" => self.reason("volumes", Level::Privileged, node),
                name if RESTRICTED_VOLUMES.contains(&name) => {}
                _ => self.reason("volumes", Level::Baseline, node),
            }
        }
        if let Some(node) = self.texts("allowedUnsafeSysctls").next() {
            self.reason("allowedUnsafeSysctls", Level::Privileged, node);
        }
        if let Some(node) = self.texts("allowedProcMountTypes").find(|node| node.as_str() != Some("Default"))
        {
            self.reason("allowedProcMountTypes", Level::Privileged, node);
        }
        self.read_se_linux();
        self.read_run_as_user();
        // Unset means true.
        match self.bool("allowPrivilegeEscalation", true) {
            Some((node, true)) => self.reason("allowPrivilegeEscalation", Level::Baseline, node),
            Some((_, false)) => {}
            None => self.lacking("allowPrivilegeEscalation", Level::Baseline),
        }
        self.read_profiles();
    }

    fn reason(&mut self, field: &'static str, level: Level, node: Node<'d>) {
        self.reasons.push(LegacyReason { field, level, culprit: Culprit { node, missing: "" } });
    }

    fn lacking(&mut self, field: &'static str, level: Level) {
        let culprit = Culprit { node: self.spec, missing: field };
        self.reasons.push(LegacyReason { field, level, culprit });
    }

    /// A boolean of the spec; one that is none counts as `worst` and makes the answer unknown.
    fn bool(&mut self, field: &str, worst: bool) -> Option<(Node<'d>, bool)> {
        let node = self.spec.get(field)?;
        if node.as_bool().is_none() {
            self.is_malformed = true;
        }
        Some((node, node.as_bool().unwrap_or(worst)))
    }

    /// The texts of a list of the spec.
    fn texts(&mut self, field: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let node = self.spec.get(field);
        let is_good = node.is_none_or(|node| {
            node.is_sequence() && node.items().all(|item| matches!(item.value(), Value::String(_)))
        });
        self.is_malformed |= !is_good;
        node.map(Node::items).into_iter().flatten()
    }

    fn read_host_ports(&mut self) {
        let Some(ports) = self.spec.get("hostPorts") else { return };
        self.is_malformed |= !ports.is_sequence();
        for range in ports.items() {
            let bound = |key| range.get(key).map_or(Some(0), Node::as_i64);
            match (bound("min"), bound("max")) {
                (Some(0), Some(0)) => {}
                (Some(_), Some(_)) => self.reason("hostPorts", Level::Privileged, range),
                _ => self.is_malformed = true,
            }
        }
    }

    fn read_se_linux(&mut self) {
        let Some(se_linux) = self.spec.get("seLinux") else {
            return self.lacking("seLinux", Level::Privileged);
        };
        if se_linux.get("rule").and_then(Node::as_str) != Some("MustRunAs") {
            return self.reason("seLinux", Level::Privileged, se_linux);
        }
        let option = |key| se_linux.at(&["seLinuxOptions", key]).and_then(Node::as_str).unwrap_or_default();
        let is_known = matches!(
            option("type"),
            "" | "container_t" | "container_init_t" | "container_kvm_t" | "container_engine_t"
        );
        if !is_known || !option("user").is_empty() || !option("role").is_empty() {
            self.reason("seLinux", Level::Privileged, se_linux);
        }
    }

    fn read_run_as_user(&mut self) {
        let Some(run_as_user) = self.spec.get("runAsUser") else {
            return self.lacking("runAsUser", Level::Baseline);
        };
        let keeps_out_root = match run_as_user.get("rule").and_then(Node::as_str) {
            Some("MustRunAsNonRoot") => true,
            Some("MustRunAs") => {
                let mut ranges = run_as_user.get("ranges").map(Node::items).into_iter().flatten().peekable();
                ranges.peek().is_some()
                    && ranges.all(|range| range.get("min").and_then(Node::as_i64).is_some_and(|min| min > 0))
            }
            _ => false,
        };
        if !keeps_out_root {
            self.reason("runAsUser", Level::Baseline, run_as_user);
        }
    }

    /// Annotations that list the allowed profiles.
    fn read_profiles(&mut self) {
        const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
        const APP_ARMOR: &str = "apparmor.security.beta.kubernetes.io/allowedProfileNames";
        match self.object.annotation(SECCOMP) {
            None => self.lacking_annotation(SECCOMP, Level::Baseline),
            Some(node) => {
                let level = profiles_level(node.as_str().unwrap_or("*"), true);
                if level < Level::Restricted {
                    self.reason(SECCOMP, level, node);
                }
            }
        }
        if let Some(node) = self.object.annotation(APP_ARMOR) {
            let level = profiles_level(node.as_str().unwrap_or("*"), false);
            if level < Level::Restricted {
                self.reason(APP_ARMOR, level, node);
            }
        }
    }

    fn lacking_annotation(&mut self, field: &'static str, level: Level) {
        let node = self.object.metadata().unwrap_or(self.object.node());
        self.reasons.push(LegacyReason { field, level, culprit: Culprit { node, missing: "annotations" } });
    }
}

/// What a list of profiles allows; an empty item allows pods that set none.
fn profiles_level(list: &str, must_be_set: bool) -> Level {
    let levels = list.split(',').map(str::trim).map(|profile| match profile {
        "" if must_be_set => Level::Baseline,
        "" | "runtime/default" | "docker/default" => Level::Restricted,
        _ if profile.starts_with("localhost/") => Level::Restricted,
        _ => Level::Privileged,
    });
    levels.min().unwrap_or(Level::Restricted)
}

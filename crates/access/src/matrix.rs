//! Who reaches into whose namespace: the question of clusters that several teams share.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::request::Identity;
use crate::rule::PolicyRule;
use crate::snapshot::Snapshot;
use crate::subject::Subject;

/// How far somebody reaches into a namespace; each level has what the ones before it have in the worst case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReachLevel {
    /// Reads some objects.
    Read,
    /// Changes some.
    Write,
    /// Reads Secrets.
    Secrets,
    /// Runs code: starts pods, enters them, acts as accounts.
    Run,
    /// Everything, or whatever is wanted of it.
    Control,
}

impl ReachLevel {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReachLevel::Read => "read",
            ReachLevel::Write => "write",
            ReachLevel::Secrets => "secrets",
            ReachLevel::Run => "run",
            ReachLevel::Control => "control",
        }
    }
}

/// What one subject reaches of one namespace that is not its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixEntry {
    /// Who.
    pub subject: Subject,
    /// Its own namespace; users and groups have none.
    pub home: Option<String>,
    /// The namespace that it reaches; `None` for all.
    pub target: Option<String>,
    /// How far.
    pub level: ReachLevel,
}

/// Everybody who reaches into a namespace that is not their own, users and groups included. Kubernetes' own subjects
/// are left out unless asked for.
pub fn matrix(snapshot: &Snapshot, with_system: bool) -> Vec<MatrixEntry> {
    let mut entries = Vec::new();
    for key in snapshot.subjects() {
        let subject = snapshot.subject(key);
        if subject.is_system() && !with_system {
            continue;
        }
        let home = match &subject {
            Subject::ServiceAccount { namespace, .. } => Some(namespace.clone()),
            _ => None,
        };
        // What groups of everybody give is shown at the group.
        let own = Identity { user: subject.user_name().unwrap_or_default(), groups: own_group(&subject) };
        let mut levels: BTreeMap<Option<String>, ReachLevel> = BTreeMap::new();
        for permission in snapshot.permissions(&own) {
            if permission.namespace.is_some() && permission.namespace == home {
                continue;
            }
            if let Some(level) = level_of(&permission.rule) {
                let entry = levels.entry(permission.namespace).or_insert(level);
                *entry = (*entry).max(level);
            }
        }
        let everywhere = levels.get(&None).copied();
        for (target, level) in levels {
            // What holds everywhere is not repeated for each namespace.
            if target.is_some() && everywhere.is_some_and(|everywhere| everywhere >= level) {
                continue;
            }
            entries.push(MatrixEntry { subject: subject.clone(), home: home.clone(), target, level });
        }
    }
    entries.sort_by(|a, b| (&a.home, &a.subject, &a.target).cmp(&(&b.home, &b.subject, &b.target)));
    entries
}

fn own_group(subject: &Subject) -> Vec<String> {
    match subject {
        Subject::Group { name } => vec![name.clone()],
        _ => Vec::new(),
    }
}

/// The level of a rule; `None` for one that is about no namespaced thing.
fn level_of(rule: &PolicyRule) -> Option<ReachLevel> {
    if rule.resources.is_empty() {
        return None;
    }
    let has = |list: &[String], wanted: &[&str]| {
        list.iter().any(|text| text == "*" || wanted.contains(&text.as_str()))
    };
    let writes = has(&rule.verbs, &["create", "update", "patch", "delete", "deletecollection"]);
    let reads = has(&rule.verbs, &["get", "list", "watch"]);
    let is_star = |list: &[String]| list.iter().any(|text| text == "*");
    let core = has(&rule.api_groups, &[""]);
    if is_star(&rule.verbs) && is_star(&rule.resources)
        || has(&rule.verbs, &["bind", "escalate"]) && has(&rule.api_groups, &["rbac.authorization.k8s.io"])
    {
        return Some(ReachLevel::Control);
    }
    let runs = (core
        && writes
        && has(
            &rule.resources,
            &[
                "pods",
                "pods/exec",
                "pods/attach",
                "pods/ephemeralcontainers",
                "serviceaccounts/token",
                "replicationcontrollers",
            ],
        ))
        || (core
            && has(&rule.verbs, &["get", "create"])
            && has(&rule.resources, &["pods/exec", "pods/attach"]))
        || (core && has(&rule.verbs, &["impersonate"]) && has(&rule.resources, &["serviceaccounts"]))
        || (writes
            && has(&rule.api_groups, &["apps", "batch"])
            && has(
                &rule.resources,
                &["deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs"],
            ));
    if runs {
        return Some(ReachLevel::Run);
    }
    if core && reads && has(&rule.resources, &["secrets"]) {
        return Some(ReachLevel::Secrets);
    }
    if writes { Some(ReachLevel::Write) } else { reads.then_some(ReachLevel::Read) }
}

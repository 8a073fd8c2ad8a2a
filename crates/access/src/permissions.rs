//! Everything that a subject may do, what a denied request lacks, and what changed between two snapshots.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::covers::{break_down, covers_part};
use crate::decide::Witness;
use crate::request::{Identity, Request, Target};
use crate::rule::{PolicyRule, ProbeTarget};
use crate::snapshot::{Coverage, Grant, Grants, RoleLink, RuleId, Snapshot};
use crate::subject::Subject;

/// A rule that somebody holds, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The namespace that it is limited to; `None` for the whole cluster.
    pub namespace: Option<String>,
    /// The rule.
    pub rule: PolicyRule,
    /// Whether a part of the rule could not be read.
    pub is_doubtful: bool,
    /// Where it comes from.
    pub witness: Witness,
}

/// What a denied request lacks to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// The rule is held, but in another namespace (or only in namespaces, for a request on the whole cluster).
    Scope,
    /// Another verb.
    Verb,
    /// Another API group.
    Group,
    /// The resource, but not this subresource, or the other way round; or it is written in other letters.
    Subresource,
    /// Only objects with certain names; a request without a name never has them.
    Name,
}

/// A rule that would allow a request but for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// What is lacking.
    pub lack: Lack,
    /// The rule and where it is held.
    pub permission: Permission,
}

impl Snapshot {
    /// Everything that an identity holds through its user name and its groups: what counts in the whole cluster
    /// first, then by namespace. The same rule through two bindings stands twice.
    pub fn permissions(&self, identity: &Identity) -> Vec<Permission> {
        let mut found = Vec::new();
        self.for_each_grant(identity, |namespace, grant| {
            let Some(binding) = self.binding(grant.binding) else { return };
            let RoleLink::Role(role) = binding.role else { return };
            let Some(data) = self.role(role) else { return };
            for (id, rule) in (data.rules.start..).zip(self.rules_of(data)) {
                // Through a RoleBinding no path is allowed, whatever the role says.
                let mut written = rule.written(&self.symbols);
                if namespace.is_some() {
                    written.non_resource_urls.clear();
                    if written.resources.is_empty() {
                        continue;
                    }
                }
                found.push(Permission {
                    namespace: namespace.map(str::to_owned),
                    rule: written,
                    is_doubtful: rule.is_doubtful,
                    witness: Witness {
                        binding: grant.binding,
                        subject: grant.subject,
                        role,
                        rule: RuleId(id),
                    },
                });
            }
        });
        found.sort_by(|a, b| (&a.namespace, a.witness).cmp(&(&b.namespace, b.witness)));
        found
    }

    pub(crate) fn all_grants(&self, identity: &Identity) -> Vec<&Grants> {
        let user = self.symbols.find(&identity.user).and_then(|user| self.by_user.get(&user));
        let groups = identity.groups.iter().filter_map(|group| self.by_group.get(&self.symbols.find(group)?));
        user.into_iter().chain(groups).collect()
    }

    fn for_each_grant<'s>(&'s self, identity: &Identity, mut take: impl FnMut(Option<&'s str>, &'s Grant)) {
        for grants in self.all_grants(identity) {
            grants.cluster.iter().for_each(|grant| take(None, grant));
            for (namespace, grant) in &grants.namespaced {
                take(Some(self.text(*namespace)), grant);
            }
        }
    }

    /// Rules of the asker that would allow a request but for one thing, nearest first.
    pub fn near_misses(&self, request: &Request<'_>, limit: usize) -> Vec<NearMiss> {
        let identity = Identity {
            user: request.user.to_owned(),
            groups: request.groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        let probe = self.probe(request);
        let mut found: Vec<NearMiss> = Vec::new();
        for permission in self.permissions(&identity) {
            let Some(rule) = self.rule(permission.witness.rule).filter(|rule| !rule.is_doubtful) else {
                continue;
            };
            let is_in_scope = match (&permission.namespace, request.action.namespace) {
                (None, _) => true,
                (Some(of_binding), asked) => of_binding == asked,
            };
            let mut lacks: Vec<Lack> = Vec::new();
            if !is_in_scope {
                lacks.push(Lack::Scope);
            }
            if !rule.verbs.has(probe.verb) {
                lacks.push(Lack::Verb);
            }
            match (probe.target, request.action.target) {
                (ProbeTarget::Resource { group, combined, any_parent, name }, Target::Resource { .. }) => {
                    if permission.rule.resources.is_empty() {
                        continue;
                    }
                    if !rule.groups.has(group) {
                        lacks.push(Lack::Group);
                    }
                    if !rule.has_resource(combined, any_parent) {
                        if !is_related(&permission.rule.resources, &request.action.target) {
                            continue;
                        }
                        lacks.push(Lack::Subresource);
                    }
                    if !rule.has_name(name) {
                        lacks.push(Lack::Name);
                    }
                }
                (ProbeTarget::Url(path), _) => {
                    if !permission
                        .rule
                        .non_resource_urls
                        .iter()
                        .any(|url| crate::rule::url_matches(url, path))
                    {
                        continue;
                    }
                }
                _ => continue,
            }
            if let [lack] = lacks.as_slice() {
                found.push(NearMiss { lack: *lack, permission });
            }
        }
        found.sort_by_key(|miss| (miss.lack, miss.permission.witness));
        found.truncate(limit);
        found
    }
}

/// Whether a rule names the resource in another way: its parent, one of its subresources, other letters, `pods/*`.
fn is_related(resources: &[String], target: &Target<'_>) -> bool {
    let Target::Resource { resource, .. } = target else { return false };
    resources.iter().any(|written| {
        let parent = written.split_once('/').map_or(written.as_str(), |(parent, _)| parent);
        parent.eq_ignore_ascii_case(resource)
    })
}

/// A single permission at a place: what `access diff` counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ScopedPart {
    /// `None` for the whole cluster.
    pub namespace: Option<String>,
    /// One verb on one resource (and name), or on one path.
    pub part: PolicyRule,
}

/// What one subject gained and lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubjectChange {
    /// Who.
    pub subject: Subject,
    /// Single permissions that no rule covered before.
    pub gained: Vec<ScopedPart>,
    /// Single permissions that no rule covers any more.
    pub lost: Vec<ScopedPart>,
    /// What is held now, and perhaps was before: something that could have given it was missing or unreadable.
    pub perhaps_gained: Vec<ScopedPart>,
    /// What was held, and perhaps still is.
    pub perhaps_lost: Vec<ScopedPart>,
    /// What is missing or unreadable on one side only, so that nobody can tell what came or went with it.
    pub unclear: Vec<Unclear>,
}

impl SubjectChange {
    fn is_empty(&self) -> bool {
        let parts = [&self.gained, &self.lost, &self.perhaps_gained, &self.perhaps_lost];
        parts.iter().all(|parts| parts.is_empty()) && self.unclear.is_empty()
    }
}

/// A binding of which nobody can tell what it gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unclear {
    /// Whether it stands on the earlier side; else on the later.
    pub is_before: bool,
    /// `None` for the whole cluster.
    pub namespace: Option<String>,
    /// The binding.
    pub binding: String,
    /// The role that it refers to; empty if that could not be read.
    pub role: String,
}

/// What every subject that a binding names gained and lost, by effective permissions: a rule that moves to another
/// role, is split, or was held through a group already, changes nothing.
pub fn diff(before: &Snapshot, after: &Snapshot) -> Vec<SubjectChange> {
    let subjects: BTreeSet<Subject> = [before, after]
        .iter()
        .flat_map(|snapshot| snapshot.subjects().into_iter().map(|key| snapshot.subject(key)))
        .collect();
    let mut changes = Vec::new();
    for subject in subjects {
        let identity = Identity::new(&subject, &[]);
        let (old, new) = (Side::of(before, &identity), Side::of(after, &identity));
        let (gained, perhaps_gained) = new.not_held_by(&old);
        let (lost, perhaps_lost) = old.not_held_by(&new);
        let only = |one: &Side, other: &Side, is_before| -> Vec<Unclear> {
            let differing = one.unclear.difference(&other.unclear).cloned();
            differing.map(|unclear| Unclear { is_before, ..unclear }).collect()
        };
        let mut unclear = only(&old, &new, true);
        unclear.extend(only(&new, &old, false));
        let change = SubjectChange { subject, gained, lost, perhaps_gained, perhaps_lost, unclear };
        if !change.is_empty() {
            changes.push(change);
        }
    }
    // What a group gained is shown once, at the group, and not again for every service account in it.
    let of_groups: Vec<SubjectChange> =
        changes.iter().filter(|change| matches!(change.subject, Subject::Group { .. })).cloned().collect();
    for change in &mut changes {
        let own = change.subject.clone();
        let above = implied_by(&own);
        retain_own(change, &of_groups, |group| *group != own && above.contains(group));
    }
    changes.retain(|change| !change.is_empty());
    changes
}

/// Bindings that stand on one side only and whose subjects cannot be read: what they give anybody gained or lost.
pub fn unclear_for_anybody(before: &Snapshot, after: &Snapshot) -> Vec<Unclear> {
    let (old, new) = (of_anybody(before), of_anybody(after));
    let gone = old.difference(&new).map(|unclear| Unclear { is_before: true, ..unclear.clone() });
    gone.chain(new.difference(&old).cloned()).collect()
}

fn of_anybody(snapshot: &Snapshot) -> BTreeSet<Unclear> {
    let unclear = |namespace: Option<&str>, grant: &Grant| Unclear {
        is_before: false,
        namespace: namespace.map(str::to_owned),
        binding: snapshot.binding_view(grant.binding).map(|view| view.to_string()).unwrap_or_default(),
        role: String::new(),
    };
    let grants = &snapshot.by_anybody;
    let namespaced = grants.namespaced.iter();
    let namespaced = namespaced.map(|(namespace, grant)| unclear(Some(snapshot.text(*namespace)), grant));
    grants.cluster.iter().map(|grant| unclear(None, grant)).chain(namespaced).collect()
}

/// What an identity holds in one snapshot, and what is not clear about it.
struct Side {
    permissions: Vec<Permission>,
    unclear: BTreeSet<Unclear>,
    /// Where a binding counts of which nothing is known: it may give anything there.
    unknown_scopes: BTreeSet<Option<String>>,
    is_truncated: bool,
}

impl Side {
    fn of(snapshot: &Snapshot, identity: &Identity) -> Self {
        let mut unclear = BTreeSet::new();
        let mut note = |namespace: Option<&str>, grant: &Grant| {
            let Some(binding) = snapshot.binding(grant.binding) else { return };
            let is_clear = match binding.role {
                RoleLink::Role(_) | RoleLink::Never => true,
                RoleLink::Missing => snapshot.coverage == Coverage::Whole,
                RoleLink::Unreadable => false,
            };
            if is_clear {
                return;
            }
            let view = snapshot.binding_view(grant.binding);
            unclear.insert(Unclear {
                is_before: false,
                namespace: namespace.map(str::to_owned),
                binding: view.map(|view| view.to_string()).unwrap_or_default(),
                role: view
                    .map(|view| format!("{} {}", view.role_kind, view.role_name).trim().to_owned())
                    .unwrap_or_default(),
            });
        };
        snapshot.for_each_grant(identity, &mut note);
        // Whose subjects cannot be read may mean anybody.
        let anybody = of_anybody(snapshot);
        let scopes = unclear.iter().chain(&anybody);
        let unknown_scopes = scopes.map(|unclear: &Unclear| unclear.namespace.clone()).collect();
        // Of a rule that cannot be read, what can be is among the permissions.
        let permissions = snapshot.permissions(identity);
        for permission in permissions.iter().filter(|permission| permission.is_doubtful) {
            let binding = snapshot.binding_view(permission.witness.binding).map(|view| view.to_string());
            let role = snapshot.role_view(permission.witness.role).map(|view| view.to_string());
            unclear.insert(Unclear {
                is_before: false,
                namespace: permission.namespace.clone(),
                binding: binding.unwrap_or_default(),
                role: role.unwrap_or_default(),
            });
        }
        Side { permissions, unclear, unknown_scopes, is_truncated: snapshot.is_truncated }
    }

    /// The parts that the other side does not hold: for certain, and perhaps.
    fn not_held_by(&self, other: &Side) -> (Vec<ScopedPart>, Vec<ScopedPart>) {
        let (mut certain, mut perhaps) = (BTreeSet::new(), BTreeSet::new());
        for permission in self.permissions.iter().filter(|permission| !permission.is_doubtful) {
            for part in break_down(&permission.rule) {
                let is_held = |held: &&Permission| {
                    (held.namespace.is_none() || held.namespace == permission.namespace)
                        && covers_part(&held.rule, &part)
                };
                let holders = || other.permissions.iter().filter(is_held);
                if holders().any(|held| !held.is_doubtful) {
                    continue;
                }
                let reaches = |scope: &Option<String>| scope.is_none() || *scope == permission.namespace;
                let is_perhaps = other.is_truncated
                    || holders().next().is_some()
                    || other.unknown_scopes.iter().any(reaches);
                let list = if is_perhaps { &mut perhaps } else { &mut certain };
                list.insert(ScopedPart { namespace: permission.namespace.clone(), part });
            }
        }
        (certain.into_iter().collect(), perhaps.into_iter().collect())
    }
}

fn implied_by(subject: &Subject) -> Vec<Subject> {
    subject.implied_groups().iter().map(|group| Subject::group(group)).collect()
}

fn retain_own(change: &mut SubjectChange, of_groups: &[SubjectChange], is_member: impl Fn(&Subject) -> bool) {
    for group in of_groups.iter().filter(|group| is_member(&group.subject)) {
        change.gained.retain(|part| !group.gained.contains(part));
        change.lost.retain(|part| !group.lost.contains(part));
        change.perhaps_gained.retain(|part| !group.perhaps_gained.contains(part));
        change.perhaps_lost.retain(|part| !group.perhaps_lost.contains(part));
        change.unclear.retain(|unclear| !group.unclear.contains(unclear));
    }
}

//! Everything that a subject may do, what a denied request lacks, and what changed between two snapshots.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::covers::{break_down, covers_part};
use crate::decide::Witness;
use crate::request::{Identity, Request, Target};
use crate::rule::{PolicyRule, ProbeTarget};
use crate::snapshot::{Grant, Grants, RoleLink, RuleId, Snapshot};
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
            let Some(rule) = self.rule(permission.witness.rule) else { continue };
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
pub struct SubjectChange {
    /// Who.
    pub subject: Subject,
    /// Single permissions that no rule covered before.
    pub gained: Vec<ScopedPart>,
    /// Single permissions that no rule covers any more.
    pub lost: Vec<ScopedPart>,
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
        let (old, new) = (before.permissions(&identity), after.permissions(&identity));
        let change = SubjectChange { gained: not_held(&new, &old), lost: not_held(&old, &new), subject };
        if !change.gained.is_empty() || !change.lost.is_empty() {
            changes.push(change);
        }
    }
    // What a group gained is shown once, at the group, and not again for every service account in it.
    let of_groups: Vec<(Subject, Vec<ScopedPart>, Vec<ScopedPart>)> = changes
        .iter()
        .filter(|change| matches!(change.subject, Subject::Group { .. }))
        .map(|change| (change.subject.clone(), change.gained.clone(), change.lost.clone()))
        .collect();
    for change in &mut changes {
        if matches!(change.subject, Subject::Group { .. }) {
            let name = change.subject.clone();
            let above = implied_by(&name);
            let is_above = |group: &Subject| *group != name && above.contains(group);
            retain_own(change, &of_groups, is_above);
            continue;
        }
        let groups = implied_by(&change.subject);
        retain_own(change, &of_groups, |group| groups.contains(group));
    }
    changes.retain(|change| !change.gained.is_empty() || !change.lost.is_empty());
    changes
}

fn implied_by(subject: &Subject) -> Vec<Subject> {
    subject.implied_groups().iter().map(|group| Subject::group(group)).collect()
}

fn retain_own(
    change: &mut SubjectChange,
    of_groups: &[(Subject, Vec<ScopedPart>, Vec<ScopedPart>)],
    is_member: impl Fn(&Subject) -> bool,
) {
    for (_, gained, lost) in of_groups.iter().filter(|(group, ..)| is_member(group)) {
        change.gained.retain(|part| !gained.contains(part));
        change.lost.retain(|part| !lost.contains(part));
    }
}

/// The parts of `wanted` that no rule of `held` covers in the same scope or in the whole cluster.
fn not_held(wanted: &[Permission], held: &[Permission]) -> Vec<ScopedPart> {
    let mut parts = BTreeSet::new();
    for permission in wanted {
        for part in break_down(&permission.rule) {
            let is_held = held.iter().any(|other| {
                (other.namespace.is_none() || other.namespace == permission.namespace)
                    && covers_part(&other.rule, &part)
            });
            if !is_held {
                parts.insert(ScopedPart { namespace: permission.namespace.clone(), part });
            }
        }
    }
    parts.into_iter().collect()
}

//! The smallest roles that allow what was observed: audit2rbac's way, with its options.
//!
//! Where it errs, this does not: a request without a name is never lost when names are gathered; creating a
//! subresource keeps the name of its parent; queries are no part of a path; and, if what is granted today is given, an
//! expansion is only taken where that grant has it too.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::audit::{Observed, ObservedTarget};
use crate::builder::{BindingInput, RoleInput, RuleInput, SnapshotBuilder, SubjectInput};
use crate::covers::{break_down, covers_part};
use crate::decide::Answer;
use crate::permissions::Permission;
use crate::request::{Identity, Request};
use crate::rule::{Place, PolicyRule};
use crate::snapshot::{Aggregation, Coverage, Snapshot, SnapshotOptions};
use crate::subject::Subject;

/// How generously observed requests are widened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerateOptions {
    /// Name of the roles and bindings.
    pub name: String,
    /// Verbs that are given with a verb.
    pub verb_expansions: BTreeMap<String, Vec<String>>,
    /// Requests on several names of one resource become a rule without names.
    pub expand_names: bool,
    /// Requests on one resource in several namespaces become a ClusterRole.
    pub expand_namespaces: bool,
}

impl Default for GenerateOptions {
    /// Nothing is widened.
    fn default() -> Self {
        GenerateOptions {
            name: "haechi-generated".to_owned(),
            verb_expansions: BTreeMap::new(),
            expand_names: false,
            expand_namespaces: false,
        }
    }
}

impl GenerateOptions {
    /// What audit2rbac does unless told otherwise: readers may list and watch, writers may update and patch, names
    /// and namespaces are widened.
    pub fn generous(name: &str) -> Self {
        let expansions = [
            ("watch", ["get", "list"]),
            ("list", ["get", "watch"]),
            ("update", ["get", "patch"]),
            ("patch", ["get", "update"]),
        ];
        GenerateOptions {
            name: name.to_owned(),
            verb_expansions: expansions
                .into_iter()
                .map(|(verb, more)| (verb.to_owned(), more.map(str::to_owned).to_vec()))
                .collect(),
            expand_names: true,
            expand_namespaces: true,
        }
    }
}

/// A role and its binding, of one namespace or of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GeneratedRole {
    /// `None`: a ClusterRole and a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Name of both.
    pub name: String,
    /// Whom the binding names.
    pub subject: Subject,
    /// The rules, gathered and sorted.
    pub rules: Vec<PolicyRule>,
}

/// What came of it, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generated {
    /// The roles, that of the cluster first.
    pub roles: Vec<GeneratedRole>,
    /// Observed requests that the roles (with what stays) do not allow. Empty: verified.
    pub not_covered: Vec<Observed>,
    /// Parts of the roles that nothing grants today. Empty: verified. `None` if no grant was given to compare with.
    pub not_granted: Option<Vec<(Option<String>, PolicyRule)>>,
}

/// Makes roles for one subject.
///
/// `requests`: what was observed of it, with any groups. `kept`: roles and bindings that stay, for instance those that
/// everybody has (discovery); what they allow needs no rule. `granted`: what the subject holds today; then nothing is
/// generated that it does not hold.
pub fn generate(
    subject: &Subject,
    requests: &[Observed],
    kept: Option<&Snapshot>,
    granted: Option<&[Permission]>,
    options: &GenerateOptions,
) -> Generated {
    let mut sorted: Vec<&Observed> = requests.iter().collect();
    sorted.sort_by(|a, b| breadth_order(a).cmp(&breadth_order(b)));
    let mut scopes: BTreeMap<Option<String>, Vec<PolicyRule>> = BTreeMap::new();
    for request in &sorted {
        if is_allowed(kept, request) || scopes_allow(&scopes, request) {
            continue;
        }
        let (scope, rule) = rule_for(request, &sorted, granted, options);
        scopes.entry(scope).or_default().push(rule);
    }
    let roles: Vec<GeneratedRole> = scopes
        .into_iter()
        .map(|(namespace, rules)| GeneratedRole {
            namespace,
            name: options.name.clone(),
            subject: subject.clone(),
            rules: gather(&rules),
        })
        .collect();
    let not_covered = verify_covered(subject, &roles, kept, requests);
    let not_granted = granted.map(|granted| verify_granted(&roles, granted));
    Generated { roles, not_covered, not_granted }
}

fn is_allowed(snapshot: Option<&Snapshot>, request: &Observed) -> bool {
    let Some(snapshot) = snapshot else { return false };
    let groups: Vec<&str> = request.groups.iter().map(String::as_str).collect();
    let asked = Request { user: &request.user, groups: &groups, action: request.action() };
    snapshot.decide(&asked).answer == Answer::Allowed
}

fn scopes_allow(scopes: &BTreeMap<Option<String>, Vec<PolicyRule>>, request: &Observed) -> bool {
    let part = part_of(request);
    let mut candidates = vec![None];
    if let ObservedTarget::Resource { namespace, .. } = &request.target {
        candidates.push(Some(namespace.clone()));
    }
    candidates.iter().filter_map(|scope| scopes.get(scope)).flatten().any(|rule| covers_part(rule, &part))
}

/// A request as the smallest rule that allows it. A request without a name needs a rule without names.
fn part_of(request: &Observed) -> PolicyRule {
    match &request.target {
        ObservedTarget::Url(path) => PolicyRule {
            verbs: vec![request.verb.clone()],
            non_resource_urls: vec![path.clone()],
            ..PolicyRule::default()
        },
        ObservedTarget::Resource { group, resource, subresource, name, .. } => PolicyRule {
            verbs: vec![request.verb.clone()],
            api_groups: vec![group.clone()],
            resources: vec![combined(resource, subresource)],
            resource_names: Some(name.clone()).filter(|name| !name.is_empty()).into_iter().collect(),
            non_resource_urls: Vec::new(),
        },
    }
}

fn combined(resource: &str, subresource: &str) -> String {
    if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") }
}

/// Broad requests first, so that narrow ones find their rule: paths, then cluster-scoped, then without names; `list`
/// before `get`.
fn breadth_order(request: &Observed) -> impl Ord + '_ {
    match &request.target {
        ObservedTarget::Url(path) => (0, false, false, 0, ["", "", "", "", path.as_str(), &request.verb]),
        ObservedTarget::Resource { namespace, group, resource, subresource, name } => {
            let rank = match request.verb.as_str() {
                "list" => 0,
                "get" => 2,
                _ => 1,
            };
            let texts = [group.as_str(), resource, subresource, namespace, name, &request.verb];
            (1, !namespace.is_empty(), !name.is_empty(), rank, texts)
        }
    }
}

/// The scope and rule for a request, widened as far as the options and today's grant allow.
fn rule_for(
    request: &Observed,
    all: &[&Observed],
    granted: Option<&[Permission]>,
    options: &GenerateOptions,
) -> (Option<String>, PolicyRule) {
    let mut rule = part_of(request);
    let ObservedTarget::Resource { namespace, name, .. } = &request.target else {
        return (None, rule);
    };
    let mut scope = Some(namespace.clone()).filter(|namespace| !namespace.is_empty());
    let is_granted = |scope: &Option<String>, rule: &PolicyRule| {
        granted.is_none_or(|granted| {
            break_down(rule).iter().all(|part| is_held(granted, scope.as_deref(), part))
        })
    };
    let siblings = siblings_of(request, all);
    // A widening of the one kind looks past differences that the other kind takes away.
    let is_in_other_namespace = siblings.iter().any(|(other_namespace, other_name)| {
        !other_namespace.is_empty()
            && *other_namespace != namespace
            && (options.expand_names || *other_name == name)
    });
    let has_other_name = siblings.iter().any(|(other_namespace, other_name)| {
        !other_name.is_empty()
            && *other_name != name
            && (options.expand_namespaces || *other_namespace == namespace)
    });
    if options.expand_namespaces && scope.is_some() && is_in_other_namespace && is_granted(&None, &rule) {
        scope = None;
    }
    if options.expand_names && !name.is_empty() && has_other_name {
        let mut wider = rule.clone();
        wider.resource_names.clear();
        if is_granted(&scope, &wider) {
            rule = wider;
        }
    }
    for verb in options.verb_expansions.get(&request.verb).into_iter().flatten() {
        let wider = PolicyRule { verbs: vec![verb.clone()], ..rule.clone() };
        if !rule.verbs.contains(verb) && is_granted(&scope, &wider) {
            rule.verbs.push(verb.clone());
        }
    }
    (scope, rule)
}

/// Namespace and name of all requests with the same verb on the same resource.
fn siblings_of<'r>(request: &Observed, all: &[&'r Observed]) -> Vec<(&'r String, &'r String)> {
    let ObservedTarget::Resource { group, resource, subresource, .. } = &request.target else {
        return Vec::new();
    };
    all.iter()
        .filter(|other| other.verb == request.verb)
        .filter_map(|other| match &other.target {
            ObservedTarget::Resource { namespace, group: g, resource: r, subresource: s, name }
                if (g, r, s) == (group, resource, subresource) =>
            {
                Some((namespace, name))
            }
            _ => None,
        })
        .collect()
}

fn is_held(granted: &[Permission], scope: Option<&str>, part: &PolicyRule) -> bool {
    granted.iter().any(|permission| {
        !permission.is_doubtful
            && (permission.namespace.is_none() || permission.namespace.as_deref() == scope)
            && covers_part(&permission.rule, part)
    })
}

/// The single permissions of some rules in as few rules as read well: verbs of one resource together, then names,
/// then resources that have the same verbs and names.
pub fn gather(rules: &[PolicyRule]) -> Vec<PolicyRule> {
    let mut verbs_of: BTreeMap<(String, String, Option<String>), BTreeSet<String>> = BTreeMap::new();
    let mut urls_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for part in rules.iter().flat_map(break_down) {
        let verbs = match part.non_resource_urls.first() {
            Some(url) => urls_of.entry(url.clone()).or_default(),
            None => {
                let first = |list: &[String]| list.first().cloned();
                let key = (
                    first(&part.api_groups).unwrap_or_default(),
                    first(&part.resources).unwrap_or_default(),
                    first(&part.resource_names),
                );
                verbs_of.entry(key).or_default()
            }
        };
        verbs.extend(part.verbs);
    }
    drop_covered_names(&mut verbs_of);
    let mut names_of: BTreeMap<(String, String, bool, BTreeSet<String>), BTreeSet<String>> = BTreeMap::new();
    for ((group, resource, name), verbs) in verbs_of {
        names_of.entry((group, resource, name.is_some(), verbs)).or_default().extend(name);
    }
    let mut resources_of: BTreeMap<(String, BTreeSet<String>, BTreeSet<String>), BTreeSet<String>> =
        BTreeMap::new();
    for ((group, resource, _, verbs), names) in names_of {
        resources_of.entry((group, names, verbs)).or_default().insert(resource);
    }
    let mut gathered: Vec<PolicyRule> = resources_of
        .into_iter()
        .map(|((group, names, verbs), resources)| PolicyRule {
            verbs: verbs.into_iter().collect(),
            api_groups: vec![group],
            resources: resources.into_iter().collect(),
            resource_names: names.into_iter().collect(),
            non_resource_urls: Vec::new(),
        })
        .collect();
    gathered.sort_by(|a, b| {
        (&a.api_groups, &a.resources, &a.resource_names).cmp(&(
            &b.api_groups,
            &b.resources,
            &b.resource_names,
        ))
    });
    let mut paths_of: BTreeMap<BTreeSet<String>, BTreeSet<String>> = BTreeMap::new();
    for (url, verbs) in urls_of {
        paths_of.entry(verbs).or_default().insert(url);
    }
    gathered.extend(paths_of.into_iter().map(|(verbs, urls)| PolicyRule {
        verbs: verbs.into_iter().collect(),
        non_resource_urls: urls.into_iter().collect(),
        ..PolicyRule::default()
    }));
    gathered
}

/// A verb that is allowed on every name need not be listed for one.
fn drop_covered_names(verbs_of: &mut BTreeMap<(String, String, Option<String>), BTreeSet<String>>) {
    let nameless: BTreeMap<(String, String), BTreeSet<String>> = verbs_of
        .iter()
        .filter(|((_, _, name), _)| name.is_none())
        .map(|((group, resource, _), verbs)| ((group.clone(), resource.clone()), verbs.clone()))
        .collect();
    verbs_of.retain(|(group, resource, name), verbs| {
        if name.is_some()
            && let Some(everywhere) = nameless.get(&(group.clone(), resource.clone()))
        {
            verbs.retain(|verb| !everywhere.contains(verb) && !everywhere.contains("*"));
        }
        !verbs.is_empty()
    });
}

/// The generated roles as a snapshot, to ask them.
pub fn snapshot_of_generated(roles: &[GeneratedRole]) -> Snapshot {
    let mut builder = SnapshotBuilder::new(SnapshotOptions {
        coverage: Coverage::Whole,
        aggregation: Aggregation::AsWritten,
        without_default_roles: true,
    });
    for role in roles {
        builder.add_role(RoleInput {
            namespace: role.namespace.clone(),
            name: role.name.clone(),
            rules: role
                .rules
                .iter()
                .map(|rule| RuleInput { rule: rule.clone(), is_doubtful: false, place: Place::NOWHERE })
                .collect(),
            place: Place::NOWHERE,
            ..RoleInput::default()
        });
        let kind = if role.namespace.is_some() { "Role" } else { "ClusterRole" };
        let subject = match &role.subject {
            Subject::User { name } => SubjectInput::User(name.clone()),
            Subject::Group { name } => SubjectInput::Group(name.clone()),
            Subject::ServiceAccount { namespace, name } => {
                SubjectInput::ServiceAccount(Some(namespace.clone()), name.clone())
            }
        };
        builder.add_binding(BindingInput {
            namespace: role.namespace.clone(),
            name: role.name.clone(),
            role_ref: Some((kind.to_owned(), role.name.clone())),
            subjects: vec![(subject, Place::NOWHERE)],
            place: Place::NOWHERE,
            role_ref_place: Place::NOWHERE,
        });
    }
    builder.finish()
}

fn verify_covered(
    subject: &Subject,
    roles: &[GeneratedRole],
    kept: Option<&Snapshot>,
    requests: &[Observed],
) -> Vec<Observed> {
    let generated = snapshot_of_generated(roles);
    let identity = Identity::new(subject, &[]);
    let groups = identity.group_names();
    let is_covered = |request: &Observed| {
        let asked = Request { user: &identity.user, groups: &groups, action: request.action() };
        generated.decide(&asked).answer == Answer::Allowed || is_allowed(kept, request)
    };
    requests.iter().filter(|request| !is_covered(request)).cloned().collect()
}

fn verify_granted(roles: &[GeneratedRole], granted: &[Permission]) -> Vec<(Option<String>, PolicyRule)> {
    let mut missing = Vec::new();
    for role in roles {
        for part in role.rules.iter().flat_map(break_down) {
            if !is_held(granted, role.namespace.as_deref(), &part) {
                missing.push((role.namespace.clone(), part));
            }
        }
    }
    missing
}

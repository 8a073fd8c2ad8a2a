//! `rbac/*`: what a real API server, and Kubernetes' own RBAC authorizer, answer.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use haechi_access::{
    Action, Aggregation, Answer, Authorizers, BindingInput, Coverage, GenerateOptions, Generated, Observed,
    ObservedTarget, Place, PolicyRule, Request, RoleInput, RuleInput, Snapshot, SnapshotBuilder,
    SnapshotOptions, Subject, SubjectInput, Target, generate, uncovered,
};
use haechi_syntax::{Limits, parse_json};
use serde_json::Value as Json;

use super::yaml::json_lines;
use crate::conformance::{Outcome, Suite};

pub(crate) const API_SERVER: Suite =
    Suite { name: "rbac/apiserver-1.36", needs: "rbac/apiserver-1.36", run: api_server };

pub(crate) const AUTHORIZER: Suite =
    Suite { name: "rbac/authorizer-1.20", needs: "rbac/authorizer-1.20", run: authorizer };

pub(crate) const AUDIT2RBAC: Suite =
    Suite { name: "rbac/audit2rbac", needs: "rbac/audit2rbac", run: audit2rbac };

pub(crate) const UNIT: Suite = Suite { name: "rbac/unit", needs: "rbac/unit", run: unit };

/// What the answers were recorded with: everything there is, and no controller that aggregates roles.
pub(crate) const RECORDED: SnapshotOptions = SnapshotOptions {
    coverage: Coverage::Whole,
    aggregation: Aggregation::AsWritten,
    without_default_roles: true,
};

fn api_server(root: &Path) -> Result<Outcome> {
    let folder = root.join(API_SERVER.needs);
    let mut outcome = Outcome::default();
    let mut worlds: Vec<_> = std::fs::read_dir(&folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .collect();
    worlds.sort();
    let bootstrap = std::fs::read(folder.join("bootstrap.json"))?;
    for world in worlds {
        let mut builder = SnapshotBuilder::new(RECORDED);
        let of_world = std::fs::read(world.join("rbac.json"))?;
        for (name, bytes) in [("bootstrap.json", &bootstrap), ("rbac.json", &of_world)] {
            let path: Arc<str> = name.into();
            builder.add_file(&path, &parse_json(bytes, &Limits::default()));
        }
        let snapshot = builder.finish();
        let name = world.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (number, query) in json_lines(&world.join("queries.jsonl"))?.iter().enumerate() {
            outcome.judge(format!("{name}:{}", number + 1), judge_review(&snapshot, query));
        }
    }
    Ok(outcome)
}

/// A SubjectAccessReview and what was answered; also who was named as the reason, where RBAC allowed it.
fn judge_review(snapshot: &Snapshot, query: &Json) -> Option<String> {
    let spec = query.get("spec")?;
    let groups: Vec<&str> = texts(spec.get("groups"));
    let resource = spec.get("resourceAttributes");
    let attributes = resource.or_else(|| spec.get("nonResourceAttributes"))?;
    let action = Action {
        verb: text(attributes, "verb"),
        namespace: text(attributes, "namespace"),
        target: match resource {
            Some(resource) => Target::Resource {
                group: text(resource, "group"),
                resource: text(resource, "resource"),
                subresource: text(resource, "subresource"),
                name: text(resource, "name"),
            },
            None => Target::Url(text(attributes, "path")),
        },
    };
    let request = Request { user: text(spec, "user"), groups: &groups, action };
    let decision = Authorizers::from_modes("Node,RBAC").decide(snapshot, &request);
    let expected = query.get("allowed").and_then(Json::as_bool)?;
    let wanted = if expected { Answer::Allowed } else { Answer::Denied };
    if decision.answer != wanted {
        return Some(format!("answered {:?}, expected {wanted:?}: {spec}", decision.answer));
    }
    let reason = text(query, "reason");
    let named = reason.strip_prefix("RBAC: allowed by ").filter(|_| expected)?;
    let is_named = snapshot.witnesses(&request).iter().any(|witness| {
        let binding = snapshot.binding_view(witness.binding).map(|binding| {
            let name = match binding.namespace {
                Some(namespace) => format!("RoleBinding \"{}/{namespace}\"", binding.name),
                None => format!("ClusterRoleBinding \"{}\"", binding.name),
            };
            format!("{name} of {} \"{}\"", binding.role_kind, binding.role_name)
        });
        binding.is_some_and(|binding| named.starts_with(&binding))
    });
    (!is_named).then(|| format!("no witness is the API server's own reason: {reason}"))
}

fn authorizer(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (name, case) in open_cases(&root.join(AUTHORIZER.needs))? {
        judge_tables(&name, &case, &mut outcome);
    }
    Ok(outcome)
}

fn unit(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (name, case) in open_cases(&root.join(UNIT.needs))? {
        if case.get("ownerRules").is_some() {
            judge_covers(&name, &case, &mut outcome);
        } else if let Some(rule) = case.get("rule") {
            // One rule by itself: bound to everybody who asks, everywhere.
            let world = serde_json::json!({
                "clusterRoles": [{"metadata": {"name": "r"}, "rules": [rule]}],
                "clusterRoleBindings": [{
                    "metadata": {"name": "b"},
                    "roleRef": {"kind": "ClusterRole", "name": "r"},
                    "subjects": [{"kind": "User", "name": ""}],
                }],
                "requests": case.get("requests"),
            });
            judge_tables(&name, &world, &mut outcome);
        } else {
            judge_tables(&name, &case, &mut outcome);
        }
    }
    Ok(outcome)
}

fn judge_covers(name: &str, case: &Json, outcome: &mut Outcome) {
    let rules = |key: &str| -> Vec<PolicyRule> {
        case.get(key).and_then(|rules| serde_json::from_value(rules.clone()).ok()).unwrap_or_default()
    };
    let left = uncovered(&rules("ownerRules"), &rules("servantRules"));
    let is_covered = case.get("expectedCovered").and_then(Json::as_bool);
    let is_right = is_covered == Some(left.is_empty()) && left == rules("expectedUncoveredRules");
    outcome.judge(name, (!is_right).then(|| format!("left uncovered: {left:?}, expected {case}")));
}

/// A cluster with requests, and with questions who can do something.
fn judge_tables(name: &str, case: &Json, outcome: &mut Outcome) {
    let snapshot = snapshot_of(case, RECORDED);
    let list = |key: &str| case.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for (number, request) in list("requests").iter().enumerate() {
        let groups = texts(request.get("groups"));
        let asked = Request { user: text(request, "user"), groups: &groups, action: action_of(request) };
        let answer = snapshot.decide(&asked).answer;
        let wanted = request.get("allowed").and_then(Json::as_bool).unwrap_or_default();
        let wanted = if wanted { Answer::Allowed } else { Answer::Denied };
        let difference = (answer != wanted).then(|| format!("answered {answer:?}, expected {request}"));
        outcome.judge(format!("{name}:request:{number}"), difference);
    }
    let super_user = case.get("superUser").and_then(Json::as_str).filter(|name| !name.is_empty());
    for (number, question) in list("whoCan").iter().enumerate() {
        let Some(request) = question.get("request") else { continue };
        let action = action_of(request);
        let found = snapshot.who_can(&action);
        let found: BTreeSet<Subject> = found.subjects.iter().map(|(key, _)| snapshot.subject(*key)).collect();
        let expected = expected_subjects(question, &snapshot, &action, super_user);
        let difference = (found != expected).then(|| format!("found {found:?}, expected {expected:?}"));
        outcome.judge(format!("{name}:who-can:{number}"), difference);
    }
}

/// The authorizer's own list, in our terms: whom it names although nobody can be meant (a service account without
/// namespace in a ClusterRoleBinding) is not expected, one without namespace in a RoleBinding is of its namespace, and
/// `system:masters` and the configured super user are no matter of RBAC.
fn expected_subjects(
    question: &Json,
    snapshot: &Snapshot,
    action: &Action<'_>,
    super_user: Option<&str>,
) -> BTreeSet<Subject> {
    let mut expected = BTreeSet::new();
    let of_bindings: BTreeSet<Subject> = snapshot
        .binding_ids()
        .flat_map(|binding| snapshot.binding_subjects(binding).into_iter().map(|(subject, _)| subject))
        .collect();
    for subject in question.get("subjects").and_then(Json::as_array).into_iter().flatten() {
        let name = text(subject, "name");
        match (text(subject, "kind"), text(subject, "namespace")) {
            ("ServiceAccount", "") => {
                let in_namespace = Subject::service_account(action.namespace, name);
                if of_bindings.contains(&in_namespace)
                    && is_from_role_binding(snapshot, &in_namespace, action)
                {
                    expected.insert(in_namespace);
                }
            }
            ("ServiceAccount", namespace) => {
                expected.insert(Subject::service_account(namespace, name));
            }
            ("Group", _) => {
                let group = Subject::group(name);
                if name != "system:masters" || of_bindings.contains(&group) {
                    expected.insert(group);
                }
            }
            (_, _) => {
                let user = Subject::user(name);
                if super_user != Some(name) || of_bindings.contains(&user) {
                    expected.insert(user);
                }
            }
        }
    }
    // `system:masters` is on every list; whether RBAC names it too has to be asked of RBAC.
    let masters = Subject::group("system:masters");
    if expected.contains(&masters) {
        let groups = ["system:masters"];
        // No binding names such a user, so that the group alone answers.
        let request = Request { user: "\u{0}", groups: &groups, action: *action };
        if snapshot.decide(&request).answer != Answer::Allowed {
            expected.remove(&masters);
        }
    }
    expected
}

/// Whether a RoleBinding of the namespace names that service account, so that leaving out the namespace meant it.
fn is_from_role_binding(snapshot: &Snapshot, subject: &Subject, action: &Action<'_>) -> bool {
    snapshot.binding_ids().any(|id| {
        snapshot.binding_view(id).is_some_and(|binding| binding.namespace == Some(action.namespace))
            && snapshot.binding_subjects(id).iter().any(|(named, _)| named == subject)
    })
}

fn action_of(request: &Json) -> Action<'_> {
    let is_resource = request.get("isResourceRequest").and_then(Json::as_bool).unwrap_or_default();
    Action {
        verb: text(request, "verb"),
        namespace: text(request, "namespace"),
        target: if is_resource {
            Target::Resource {
                group: text(request, "apiGroup"),
                resource: text(request, "resource"),
                subresource: text(request, "subresource"),
                name: text(request, "name"),
            }
        } else {
            Target::Url(text(request, "path"))
        },
    }
}

/// Roles and bindings in the shape of the unit tests: four lists, bindings possibly without names.
pub(crate) fn snapshot_of(case: &Json, options: SnapshotOptions) -> Snapshot {
    let mut builder = SnapshotBuilder::new(options);
    let list = |key: &str| {
        let upper: String = key
            .chars()
            .next()
            .map(|c| c.to_ascii_uppercase())
            .into_iter()
            .chain(key.chars().skip(1))
            .collect();
        case.get(key)
            .or_else(|| case.get(upper))
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    for (key, is_cluster) in [("roles", false), ("clusterRoles", true)] {
        for role in list(key) {
            let metadata = role.get("metadata").unwrap_or(&Json::Null);
            let rules: Vec<PolicyRule> = role
                .get("rules")
                .and_then(|rules| serde_json::from_value(rules.clone()).ok())
                .unwrap_or_default();
            builder.add_role(RoleInput {
                namespace: (!is_cluster).then(|| text(metadata, "namespace").to_owned()),
                name: text(metadata, "name").to_owned(),
                rules: rules
                    .into_iter()
                    .map(|rule| RuleInput { rule, is_doubtful: false, place: Place::NOWHERE })
                    .collect(),
                place: Place::NOWHERE,
                ..RoleInput::default()
            });
        }
    }
    for (key, is_cluster) in [("roleBindings", false), ("clusterRoleBindings", true)] {
        for binding in list(key) {
            let metadata = binding.get("metadata").unwrap_or(&Json::Null);
            let subjects = binding.get("subjects").and_then(Json::as_array).into_iter().flatten();
            let role_ref = binding.get("roleRef").unwrap_or(&Json::Null);
            builder.add_binding(BindingInput {
                namespace: (!is_cluster).then(|| text(metadata, "namespace").to_owned()),
                name: text(metadata, "name").to_owned(),
                role_ref: Some((text(role_ref, "kind").to_owned(), text(role_ref, "name").to_owned())),
                subjects: subjects.map(|subject| (subject_of(subject), Place::NOWHERE)).collect(),
                place: Place::NOWHERE,
                role_ref_place: Place::NOWHERE,
            });
        }
    }
    builder.finish()
}

fn subject_of(subject: &Json) -> SubjectInput {
    let name = text(subject, "name").to_owned();
    match text(subject, "kind") {
        "User" => SubjectInput::User(name),
        "Group" => SubjectInput::Group(name),
        "ServiceAccount" => {
            let namespace = text(subject, "namespace");
            SubjectInput::ServiceAccount((!namespace.is_empty()).then(|| namespace.to_owned()), name)
        }
        _ => SubjectInput::Other,
    }
}

/// The cases of a folder, by the name of their file.
pub(crate) fn open_cases(folder: &Path) -> Result<Vec<(String, Json)>> {
    let mut cases = Vec::new();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let path = folder.join(text(&row, "file"));
        // The index names more cases than lie here.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let case = serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
        cases.push((text(&row, "id").to_owned(), case));
    }
    Ok(cases)
}

pub(crate) fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

pub(crate) fn texts(json: Option<&Json>) -> Vec<&str> {
    json.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

fn audit2rbac(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (name, case) in open_cases(&root.join(AUDIT2RBAC.needs))? {
        let existing = snapshot_of(case.get("existing").unwrap_or(&Json::Null), RECORDED);
        let requests: Vec<Observed> =
            case.get("requests").and_then(Json::as_array).into_iter().flatten().map(observed).collect();
        let subject = Subject::user(requests.first().map_or("", |request| &request.user));
        let options = options_of(case.get("opts").unwrap_or(&Json::Null));
        let generated = generate(&subject, &requests, Some(&existing), None, &options);
        outcome.judge(name, differs(&generated, case.get("expected").unwrap_or(&Json::Null)));
    }
    Ok(outcome)
}

fn observed(request: &Json) -> Observed {
    let user = request.get("user").unwrap_or(&Json::Null);
    let owned = |key: &str| text(request, key).to_owned();
    let is_resource = request.get("resourceRequest").and_then(Json::as_bool).unwrap_or_default();
    Observed {
        user: text(user, "name").to_owned(),
        groups: texts(user.get("groups")).into_iter().map(str::to_owned).collect(),
        verb: owned("verb"),
        target: if is_resource {
            ObservedTarget::Resource {
                namespace: owned("namespace"),
                group: owned("apiGroup"),
                resource: owned("resource"),
                subresource: owned("subresource"),
                name: owned("name"),
            }
        } else {
            ObservedTarget::Url(owned("path"))
        },
    }
}

fn options_of(options: &Json) -> GenerateOptions {
    let flag = |key: &str| options.get(key).and_then(Json::as_bool).unwrap_or_default();
    let expansions = options.get("VerbExpansions").and_then(Json::as_object);
    GenerateOptions {
        name: text(options, "Name").to_owned(),
        verb_expansions: expansions
            .into_iter()
            .flatten()
            .map(|(verb, more)| (verb.clone(), texts(Some(more)).into_iter().map(str::to_owned).collect()))
            .collect(),
        expand_names: flag("ExpandMultipleNamesToUnnamed"),
        expand_namespaces: flag("ExpandMultipleNamespacesToClusterScoped"),
    }
}

/// The same roles in the same scopes, whose rules cover each other both ways, and bindings that name the subject.
fn differs(generated: &Generated, expected: &Json) -> Option<String> {
    if !generated.not_covered.is_empty() {
        return Some(format!("observed requests are not covered: {:?}", generated.not_covered));
    }
    let mut wanted: Vec<(Option<String>, String, Vec<PolicyRule>)> = Vec::new();
    for (key, is_cluster) in [("Roles", false), ("ClusterRoles", true)] {
        for role in expected.get(key).and_then(Json::as_array).into_iter().flatten() {
            let metadata = role.get("metadata").unwrap_or(&Json::Null);
            let namespace = (!is_cluster).then(|| text(metadata, "namespace").to_owned());
            let rules = role.get("rules").and_then(|rules| serde_json::from_value(rules.clone()).ok());
            wanted.push((namespace, text(metadata, "name").to_owned(), rules.unwrap_or_default()));
        }
    }
    wanted.sort();
    let is_same = wanted.len() == generated.roles.len()
        && wanted.iter().zip(&generated.roles).all(|((namespace, name, rules), role)| {
            (namespace, name) == (&role.namespace, &role.name)
                && uncovered(rules, &role.rules).is_empty()
                && uncovered(&role.rules, rules).is_empty()
                && rules.len() >= role.rules.len()
        });
    let bindings = ["RoleBindings", "ClusterRoleBindings"]
        .iter()
        .filter_map(|key| expected.get(*key).and_then(Json::as_array))
        .map(Vec::len)
        .sum::<usize>();
    (!is_same || bindings != generated.roles.len())
        .then(|| format!("generated {:?}, expected {expected}", generated.roles))
}

//! Every technique of the catalogue, by the cases in `techniques.md`.
#![cfg(test)]
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test or benchmark fails by panicking"
)]

use std::collections::HashSet;
use std::sync::Arc;

use haechi_access::attack::{self, AttackGraph, FactId, FactKind, Goal, Start, Technique};
use haechi_access::cloud::Cloud;
use haechi_access::{Inventory, Snapshot, SnapshotBuilder, SnapshotOptions, Subject};
use haechi_objects::PodTemplates;
use haechi_syntax::{Limits, parse_yaml};

const CASES: &str = include_str!("techniques.md");

struct Case<'t> {
    id: &'t str,
    body: &'t str,
}

fn cases() -> Vec<Case<'static>> {
    CASES
        .split("\n## ")
        .skip(1)
        .map(|text| {
            let (id, body) = text.split_once('\n').unwrap_or((text, ""));
            Case { id: id.trim(), body }
        })
        .collect()
}

fn lines<'b>(body: &'b str, key: &str) -> Vec<&'b str> {
    let prefix = format!("- {key}: ");
    body.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::trim).collect()
}

/// The YAML of a case, and a role with its binding for every `can` and `role`.
fn manifests(body: &str) -> String {
    let start = lines(body, "start")
        .into_iter()
        .flat_map(|line| line.split(", "))
        .find(|start| start.starts_with("sa:"));
    // The bindings name the account that the case begins with, whoever the start is after a replacement.
    let account = if body.contains("sa:a/other") { Some("sa:a/x") } else { start };
    let mut text = String::new();
    let rules = lines(body, "can").into_iter().map(|line| (line, vec![line.split_once(' ').unwrap().1]));
    let roles = lines(body, "role")
        .into_iter()
        .map(|line| (line, line.split_once(' ').unwrap().1.split("; ").collect()));
    for (index, (line, rules)) in rules.chain(roles).enumerate() {
        let scope = line.split(' ').next().unwrap();
        let (namespace, name) = account.unwrap().trim_start_matches("sa:").split_once('/').unwrap();
        let (prefix, of_namespace) = match scope {
            "cluster" => ("Cluster", String::new()),
            scope => ("", format!(", namespace: {scope}")),
        };
        text += &format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {prefix}Role\nmetadata: {{name: r{index}{of_namespace}}}\nrules:\n"
        );
        for rule in rules {
            let mut words = rule.split(' ');
            let verbs = quote(words.next().unwrap());
            let (group, resources) = words.next().unwrap().split_once('/').unwrap();
            let group = if group == "core" { "" } else { group };
            let names = words.next().map(|names| format!(", resourceNames: {names}")).unwrap_or_default();
            text += &format!(
                "- {{verbs: [{verbs}], apiGroups: [\"{group}\"], resources: [{}]{names}}}\n",
                quote(resources)
            );
        }
        text += &format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {prefix}RoleBinding\nmetadata: {{name: b{index}{of_namespace}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {prefix}Role, name: r{index}}}\n\
             subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]\n---\n"
        );
    }
    let yaml = body
        .split_once("```yaml\n")
        .and_then(|(_, rest)| rest.split_once("\n```"))
        .map_or("", |(yaml, _)| yaml);
    text + yaml
}

fn quote(list: &str) -> String {
    list.split(',').map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
}

fn load(yaml: &str) -> (Snapshot, AttackGraph) {
    let parsed = parse_yaml(yaml.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}\n{yaml}", parsed.errors);
    let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
    let path: Arc<str> = "case.yaml".into();
    builder.add_file(&path, &parsed);
    let mut inventory = Inventory::default();
    let mut cloud = Cloud::default();
    for document in &parsed.documents {
        if document.root().get("kind").is_some() {
            inventory.add_document(0, document, &PodTemplates::default());
        } else if !document.root().is_null() {
            assert!(cloud.add_document(document.root()), "nobody reads {:?}", document.root());
        }
    }
    let snapshot = builder.finish();
    let graph = attack::build(&snapshot, &inventory, Some(&cloud));
    (snapshot, graph)
}

fn starts(graph: &AttackGraph, snapshot: &Snapshot, body: &str) -> Vec<FactId> {
    let mut facts = Vec::new();
    for start in lines(body, "start").into_iter().flat_map(|line| line.split(", ")) {
        let (kind, rest) = start.split_once(':').unwrap_or((start, ""));
        let start = match kind {
            "internet" => Start::Internet,
            "pod" => {
                let (namespace, name) = rest.split_once('/').unwrap();
                Start::Pod(namespace.into(), name.into())
            }
            "container" => {
                let parts: Vec<&str> = rest.split('/').collect();
                let wanted = format!("{}/{}", parts[1], parts[2]);
                facts.extend(graph.all_facts().filter(|fact| {
                    let view = graph.view(snapshot, *fact);
                    view.kind == FactKind::Container && view.name == wanted
                }));
                continue;
            }
            "node" => Start::Node(rest.into()),
            "cloud" => Start::CloudRole(rest.into()),
            _ => Start::Subject(Subject::parse(start).unwrap()),
        };
        facts.extend(graph.start_facts(&start));
    }
    facts
}

/// Whether an edge of the technique is there whose premises the start reaches, and what it gives is reached too.
fn is_found(technique: Technique, body: &str) -> bool {
    let (snapshot, graph) = load(&manifests(body));
    let starts = starts(&graph, &snapshot, body);
    let reach = graph.reach(&starts, &HashSet::new());
    let is_there =
        graph.edge_ids().any(|edge| graph.technique(edge) == Some(technique) && graph.applies(edge, &reach));
    let gives = lines(body, "gives");
    let reaches = |wanted: &&str| graph.goal_facts(&goal(wanted)).iter().any(|goal| reach.has(*goal));
    is_there && gives.iter().all(reaches)
}

fn goal(text: &str) -> Goal {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let pair = || rest.split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    match kind {
        "cluster-admin" => Goal::ClusterAdmin,
        "node" => Goal::AnyNode,
        "secret" => Goal::Secret(pair().0, pair().1),
        "pod" => Goal::Pod(pair().0, pair().1),
        "cloud" => Goal::CloudRole(Some(rest.into())),
        _ => Goal::Subject(Subject::parse(text).unwrap()),
    }
}

#[test]
fn every_technique_has_a_case() {
    let ids: HashSet<&str> = cases().iter().map(|case| case.id).collect();
    let missing: Vec<&str> =
        Technique::ALL.iter().map(|technique| technique.id()).filter(|id| !ids.contains(id)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
    assert_eq!(Technique::ALL.len(), 90);
}

#[test]
fn techniques_are_found_and_gone_without_a_precondition() {
    let mut wrong = Vec::new();
    for case in cases() {
        let technique = *Technique::ALL.iter().find(|technique| technique.id() == case.id).unwrap();
        if !is_found(technique, case.body) {
            wrong.push(format!("{}: not found", case.id));
        }
        let replacements = lines(case.body, "without");
        assert!(!replacements.is_empty(), "{}: no precondition is taken away", case.id);
        for replacement in replacements {
            let parts: Vec<&str> = replacement.split('`').collect();
            let (old, new) = (parts[1], parts[3]);
            let rest: String = case
                .body
                .lines()
                .filter(|line| !line.starts_with("- without"))
                .map(|line| format!("{line}\n"))
                .collect();
            assert!(rest.contains(old), "{}: `{old}` is not in the case", case.id);
            if is_found(technique, &rest.replacen(old, new, 1)) {
                wrong.push(format!("{}: found although {replacement}", case.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn techniques_lead_where_they_say() {
    let mut wrong = Vec::new();
    for case in cases() {
        for wanted in lines(case.body, "gives") {
            let (snapshot, graph) = load(&manifests(case.body));
            let starts = starts(&graph, &snapshot, case.body);
            let reach = graph.reach(&starts, &HashSet::new());
            let goals = graph.goal_facts(&goal(wanted));
            let Some(goal) = goals.iter().find(|goal| reach.has(**goal)) else {
                wrong.push(format!("{}: does not give {wanted}", case.id));
                continue;
            };
            let path = graph.path_in(&snapshot, &reach, starts[0], *goal).unwrap();
            if !path.steps.iter().any(|step| step.technique.id() == case.id)
                && lines(case.body, "start")[0].split(", ").count() == 1
            {
                let steps: Vec<&str> = path.steps.iter().map(|step| step.technique.id()).collect();
                // Where another way is as short, the technique need not be on the path.
                let alternatives = [
                    "CE_NSENTER",
                    "TOKEN_BRUTEFORCE",
                    "TOKEN_LIST",
                    "CLOUD_ADMIN_TO_CLUSTER",
                    "NS_LABEL",
                    "VOLUME_DISCOVER",
                    "CONTAINER_ATTACH",
                    "IAM_POLICY_WRITE",
                    "TOKEN_STEAL",
                    "EXPLOIT_HOST_READ",
                    "POD_CREATE_SA",
                    "VOLUME_ACCESS",
                    "STATIC_POD",
                ];
                if steps.is_empty() || !alternatives.contains(&case.id) {
                    wrong.push(format!("{}: {wanted} by {steps:?}", case.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

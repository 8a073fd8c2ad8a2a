//! `network/policy-assistant`: NetworkPolicy with AdminNetworkPolicy and Baseline; a default verdict and exceptions.

use std::path::Path;

use anyhow::{Context, Result};
use haechi_network::l4::Protocol;
use haechi_network::read::Options;
use haechi_network::world::Direction;
use haechi_network::{Engine, World};
use serde_json::Value as Json;

use super::cyclonus::PROFILE;
use super::{Documents, add_pods, field};
use crate::conformance::{Outcome, Suite};
use crate::suites::yaml::json_lines;

pub(super) const SUITE: Suite =
    Suite { name: "network/policy-assistant", needs: "network/policy-assistant/index.jsonl", run };

const KINDS: [(&str, &str, &str); 3] = [
    ("networkPolicies", "networking.k8s.io/v1", "NetworkPolicy"),
    ("adminNetworkPolicies", "policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("baselineAdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
];

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("network/policy-assistant");
    let mut outcome = Outcome::default();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let path = folder.join(field(&row, "file")?);
        let case: Json =
            serde_json::from_slice(&std::fs::read(&path)?).with_context(|| path.display().to_string())?;
        judge(&mut outcome, field(&row, "id")?, &case)?;
    }
    Ok(outcome)
}

fn judge(outcome: &mut Outcome, id: &str, case: &Json) -> Result<()> {
    let mut documents = Documents::default();
    // `sameLabels` needs the namespaces when policies are read.
    for (name, labels) in case.get("namespaces").and_then(Json::as_object).context("no namespaces")? {
        let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        documents.add_json("namespace.json", &namespace);
    }
    for (key, version, kind) in KINDS {
        let one_or_many = match case.get(key) {
            Some(Json::Array(many)) => many.clone(),
            Some(one @ Json::Object(_)) => vec![one.clone()],
            _ => Vec::new(),
        };
        for mut policy in one_or_many {
            if let Some(policy) = policy.as_object_mut() {
                policy.insert("apiVersion".to_owned(), version.into());
                policy.insert("kind".to_owned(), kind.into());
            }
            documents.add_json("policy.json", &policy);
        }
    }
    let snapshot = documents.read(&Options { profile: PROFILE, ..Options::default() });
    let mut world = World { namespaces: snapshot.world.namespaces.clone(), ..World::default() };
    add_pods(&mut world, case)?;
    world.stages = snapshot.world.stages;
    world.policies = snapshot.world.policies;
    let mut engine = Engine::new(world, PROFILE);
    let count = engine.world().endpoints.len();
    for source in 0..count {
        for destination in 0..count {
            if source != destination {
                judge_pair(outcome, id, case, &mut engine, source, destination)?;
            }
        }
    }
    Ok(())
}

fn judge_pair(
    outcome: &mut Outcome,
    id: &str,
    case: &Json,
    engine: &mut Engine,
    source: usize,
    destination: usize,
) -> Result<()> {
    let name = |index: usize| {
        engine
            .world()
            .endpoints
            .get(index)
            .map(|pod| format!("{}/{}", pod.namespace, pod.name))
            .unwrap_or_default()
    };
    let (from, to) = (name(source), name(destination));
    let ports = engine.world().endpoints.get(destination).map(|pod| pod.ports.clone()).unwrap_or_default();
    let classes = (engine.universe().class_of(source), engine.universe().class_of(destination));
    let sides = [
        ("Egress", engine.side(Direction::Egress, classes.0, classes.1)),
        ("Ingress", engine.side(Direction::Ingress, classes.1, classes.0)),
    ];
    for declared in ports {
        for (side, verdict) in sides {
            let is_exception = |exception: &Json| -> Option<bool> {
                Some(
                    exception.get("from")?.as_str()? == from
                        && exception.get("to")?.as_str()? == to
                        && exception.get("port")?.as_u64()? == u64::from(declared.port)
                        && Protocol::parse(exception.get("protocol")?.as_str()?)? == declared.protocol,
                )
            };
            let exceptions = case.get(format!("nonDefault{side}")).and_then(Json::as_array);
            let is_default = field(case, &format!("default{side}"))? == "allowed";
            let is_excepted = exceptions.into_iter().flatten().any(|e| is_exception(e) == Some(true));
            let expected = is_default != is_excepted;
            let target = declared.protocol.port(declared.port);
            let allowed = !engine.space().at(verdict.allowed, target).is_empty();
            let possible = !engine.space().at(verdict.possible, target).is_empty();
            let difference = (allowed != expected || possible != expected)
                .then(|| format!("expected {expected}, got {allowed} or {possible}"));
            outcome.judge(
                format!("{id} {side} {from}->{to} {}/{}", declared.protocol, declared.port),
                difference,
            );
        }
    }
    Ok(())
}

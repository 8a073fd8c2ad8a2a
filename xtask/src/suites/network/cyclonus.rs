//! `network/cyclonus`: a simulator's verdict for every pair of pods, port and protocol, each direction apart.

use std::path::Path;

use anyhow::{Context, Result};
use haechi_network::classes::Bound;
use haechi_network::l4::Protocol;
use haechi_network::read::Options;
use haechi_network::world::Direction;
use haechi_network::{Engine, Profile, Tri, World};
use serde_json::Value as Json;

use super::{Documents, add_pods, field, find};
use crate::conformance::{Outcome, Suite};
use crate::suites::yaml::json_lines;

pub(super) const SUITE: Suite =
    Suite { name: "network/cyclonus", needs: "network/cyclonus/index.jsonl", run };

/// Pods have addresses here, an `ipBlock` means them too, and a pod's talk with itself is judged like any other.
pub(super) const PROFILE: Profile =
    Profile { name: "simulator", blocks_match_pods: Tri::Yes, loopback_always: false, ..Profile::STRICT };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("network/cyclonus");
    let mut outcome = Outcome::default();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let path = folder.join(field(&row, "file")?);
        let case: Json =
            serde_json::from_slice(&std::fs::read(&path)?).with_context(|| path.display().to_string())?;
        for (index, step) in case.get("steps").and_then(Json::as_array).into_iter().flatten().enumerate() {
            judge(&mut outcome, &format!("{}/{index}", field(&row, "id")?), step)?;
        }
    }
    Ok(outcome)
}

fn judge(outcome: &mut Outcome, id: &str, step: &Json) -> Result<()> {
    let mut world = World::default();
    add_pods(&mut world, step)?;
    let mut documents = Documents::default();
    for policy in step.get("policies").and_then(Json::as_array).into_iter().flatten() {
        let mut policy = policy.clone();
        if let Some(policy) = policy.as_object_mut() {
            policy.insert("apiVersion".to_owned(), "networking.k8s.io/v1".into());
            policy.insert("kind".to_owned(), "NetworkPolicy".into());
        }
        documents.add_json("policy.json", &policy);
    }
    let snapshot = documents.read(&Options { profile: PROFILE, ..Options::default() });
    world.stages = snapshot.world.stages;
    world.policies = snapshot.world.policies;
    let mut engine = Engine::new(world, PROFILE);
    for answer in step.get("expected").and_then(Json::as_array).into_iter().flatten() {
        let (from, to) = (field(answer, "from")?, field(answer, "to")?);
        let protocol = Protocol::parse(field(answer, "protocol")?).context("protocol")?;
        let port: u16 = answer.get("port").and_then(Json::as_u64).context("port")?.try_into()?;
        let target = protocol.port(port);
        let (source, destination) = (find(engine.world(), from)?, find(engine.world(), to)?);
        let classes = (engine.universe().class_of(source), engine.universe().class_of(destination));
        let out = engine.side(Direction::Egress, classes.0, classes.1);
        let into = engine.side(Direction::Ingress, classes.1, classes.0);
        let both = engine.between(source, destination);
        let word = |engine: &mut Engine, bound: Bound, verdict: haechi_network::Verdict| {
            let set = if bound == Bound::Least { verdict.allowed } else { verdict.possible };
            if engine.space().at(set, target).is_empty() { "blocked" } else { "allowed" }
        };
        let mut difference = None;
        for (key, verdict) in [("ingress", into), ("egress", out), ("combined", both)] {
            for bound in [Bound::Least, Bound::Most] {
                let (ours, theirs) = (word(&mut engine, bound, verdict), field(answer, key)?);
                if ours != theirs {
                    difference = Some(format!("{key} is {theirs}, we say {ours} ({bound:?})"));
                }
            }
        }
        outcome.judge(format!("{id} {from}->{to} {protocol}/{port}"), difference);
    }
    Ok(())
}

//! `network/cnp-conformance`: probes of the ClusterNetworkPolicy conformance suite.

use std::path::Path;

use anyhow::{Context, Result};
use haechi_network::Engine;
use haechi_network::l4::Protocol;
use haechi_network::read::Options;
use serde_json::Value as Json;

use super::cyclonus::PROFILE;
use super::{Documents, field};
use crate::conformance::{Outcome, Suite};
use crate::suites::yaml::json_lines;

pub(super) const SUITE: Suite =
    Suite { name: "network/cnp-conformance", needs: "network/cnp-conformance/index.jsonl", run };

fn run(root: &Path) -> Result<Outcome> {
    let folder = root.join("network/cnp-conformance");
    let mut outcome = Outcome::default();
    for row in json_lines(&folder.join("index.jsonl"))? {
        let id = field(&row, "id")?;
        let path = folder.join(field(&row, "file")?);
        let case: Json =
            serde_json::from_slice(&std::fs::read(&path)?).with_context(|| path.display().to_string())?;
        if case.get("mutates_policy_first").and_then(Json::as_bool) == Some(true) {
            outcome.apart.push((id.to_owned(), "the test changes the policy before it probes".to_owned()));
            continue;
        }
        let mut documents = Documents::default();
        let manifests = case.get("manifests").and_then(Json::as_array).into_iter().flatten();
        for manifest in std::iter::once("base/manifests.yaml").chain(manifests.filter_map(Json::as_str)) {
            documents
                .add(manifest, &std::fs::read(folder.join(manifest)).with_context(|| manifest.to_owned())?);
        }
        let snapshot = documents.read(&Options { profile: PROFILE, ..Options::default() });
        let mut engine = Engine::new(snapshot.world, PROFILE);
        for (index, probe) in case.get("probes").and_then(Json::as_array).into_iter().flatten().enumerate() {
            judge(&mut outcome, &format!("{id}#{index}"), &mut engine, probe)?;
        }
    }
    Ok(outcome)
}

fn judge(outcome: &mut Outcome, id: &str, engine: &mut Engine, probe: &Json) -> Result<()> {
    let workload = |name: &str| {
        // The pods of a StatefulSet are its name with a number.
        let (name, _) = name.rsplit_once('-')?;
        let is_it = |endpoint: &haechi_network::world::Endpoint| {
            format!("{}/{}", endpoint.namespace, endpoint.name) == name
        };
        engine.world().endpoints.iter().position(is_it)
    };
    let (from, to) = (field(probe, "from")?, field(probe, "to")?);
    let (Some(source), Some(destination)) = (workload(from), workload(to)) else {
        outcome.apart.push((id.to_owned(), format!("{from} or {to} is no pod of the manifests")));
        return Ok(());
    };
    let protocol = Protocol::parse(field(probe, "protocol")?).context("protocol")?;
    let port: u16 = probe.get("port").and_then(Json::as_u64).context("port")?.try_into()?;
    let expected = probe.get("allowed").and_then(Json::as_bool).context("allowed")?;
    let verdict = engine.between(source, destination);
    let target = protocol.port(port);
    let allowed = !engine.space().at(verdict.allowed, target).is_empty();
    let possible = !engine.space().at(verdict.possible, target).is_empty();
    outcome.judge(
        id,
        (allowed != expected || possible != expected).then(|| {
            format!("{from}->{to} {protocol}/{port}: expected {expected}, got {allowed} or {possible}")
        }),
    );
    Ok(())
}

//! Reachability: what other evaluators and conformance suites say of pairs of pods.

mod cnp;
mod cyclonus;
mod istio_authz;
mod nca;
mod npguard;
mod policy_assistant;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use haechi_network::l4::Protocol;
use haechi_network::read::{self, Options, Snapshot};
use haechi_network::world::{Endpoint, Namespace, PortDeclaration, World};
use haechi_syntax::{Document, Limits, parse};
use serde_json::Value as Json;

use crate::conformance::Suite;

pub(crate) const CYCLONUS: Suite = cyclonus::SUITE;
pub(crate) const POLICY_ASSISTANT: Suite = policy_assistant::SUITE;
pub(crate) const CNP: Suite = cnp::SUITE;
pub(crate) const ISTIO: Suite = istio_authz::SUITE;
pub(crate) const NCA: Suite = nca::SUITE;
pub(crate) const NPGUARD: Suite = npguard::SUITE;

/// Documents of several files, kept alive for reading.
#[derive(Default)]
pub(crate) struct Documents(Vec<(Arc<str>, Document)>);

impl Documents {
    pub(crate) fn add(&mut self, path: &str, bytes: &[u8]) {
        let path: Arc<str> = path.into();
        let parsed = parse(bytes, &Limits::default());
        self.0.extend(parsed.documents.into_iter().map(|document| (Arc::clone(&path), document)));
    }

    /// Adds the documents whose kind is wanted; items of lists are looked at later.
    pub(crate) fn add_filtered(&mut self, path: &str, bytes: &[u8], wants: &dyn Fn(&str) -> bool) {
        let path: Arc<str> = path.into();
        let parsed = parse(bytes, &Limits::default());
        for document in parsed.documents {
            // Some dumps are a bare list of lists.
            if document.root().is_sequence() {
                for (index, item) in document.root().items().enumerate() {
                    // The first line has lost its indentation, which must be that of the others.
                    let indent = " ".repeat(item.position().column as usize - 1);
                    let text = indent + document.source().slice(item.span());
                    self.add_filtered(
                        &format!("{path}#{}.{index}", document.index()),
                        text.as_bytes(),
                        wants,
                    );
                }
                continue;
            }
            let kind = document
                .root()
                .get("kind")
                .and_then(haechi_syntax::Node::as_str)
                .unwrap_or_default()
                .to_owned();
            let first_item = document.root().get("items").and_then(|items| items.item(0));
            let item_kind =
                first_item.and_then(|item| item.get("kind")).and_then(haechi_syntax::Node::as_str);
            let kind = if kind == "List" { item_kind.unwrap_or_default().to_owned() } else { kind };
            if wants(&kind)
                && !self.0.iter().any(|(known, old)| *known == path && old.index() == document.index())
            {
                self.0.push((Arc::clone(&path), document));
            }
        }
    }

    pub(crate) fn add_json(&mut self, path: &str, json: &Json) {
        self.add(path, json.to_string().as_bytes());
    }

    pub(crate) fn read(&self, options: &Options) -> Snapshot {
        let inputs: Vec<read::Input<'_>> =
            self.0.iter().map(|(path, document)| read::Input { path: Arc::clone(path), document }).collect();
        read::read(&inputs, options)
    }
}

/// Puts the pods and namespaces of a case into a world, in the shape that two of the corpora share.
fn add_pods(world: &mut World, case: &Json) -> Result<()> {
    for (name, labels) in case.get("namespaces").and_then(Json::as_object).context("no namespaces")? {
        let labels = labels.as_object().into_iter().flatten();
        let labels = labels.map(|(key, value)| (key.clone(), text(value))).collect();
        world.namespaces.insert(name.clone(), Namespace { labels, is_defined: true });
    }
    for pod in case.get("pods").and_then(Json::as_array).context("no pods")? {
        let mut ports = Vec::new();
        for port in pod.get("ports").and_then(Json::as_array).into_iter().flatten() {
            ports.push(PortDeclaration {
                name: field(port, "portName")?.to_owned(),
                protocol: Protocol::parse(field(port, "protocol")?).context("protocol")?,
                port: port.get("port").and_then(Json::as_u64).context("port")?.try_into()?,
            });
        }
        let labels = pod.get("labels").and_then(Json::as_object).into_iter().flatten();
        world.endpoints.push(Endpoint {
            namespace: field(pod, "namespace")?.to_owned(),
            name: field(pod, "name")?.to_owned(),
            workload: "Pod".to_owned(),
            labels: labels.map(|(key, value)| (key.clone(), text(value))).collect(),
            ips: vec![field(pod, "ip")?.parse()?],
            ports,
            ..Endpoint::default()
        });
    }
    Ok(())
}

/// `namespace/name` to the index of the endpoint.
fn find(world: &World, name: &str) -> Result<usize> {
    let found = world
        .endpoints
        .iter()
        .position(|endpoint| format!("{}/{}", endpoint.namespace, endpoint.name) == name);
    match found {
        Some(index) => Ok(index),
        None => bail!("no pod {name}"),
    }
}

fn field<'j>(json: &'j Json, key: &str) -> Result<&'j str> {
    json.get(key).and_then(Json::as_str).with_context(|| format!("no {key} in {json}"))
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

//! Networks beside the cluster's own: user-defined networks that replace it for whole namespaces, and secondary
//! networks that pods join by an annotation.

use haechi_objects::Object;
use haechi_syntax::Node;

use super::fields::Reader;
use super::{Options, network_policy};
use crate::world::{LabelExpr, Origin, Policy};

/// The label without which a namespace cannot have a primary user-defined network.
pub(crate) const PRIMARY_LABEL: &str = "k8s.ovn.org/primary-user-defined-network";

/// A primary network of all pods of some namespaces.
#[derive(Debug, Clone)]
pub struct PrimaryNetwork {
    /// Its name: of the namespace for a UserDefinedNetwork, its own for a ClusterUserDefinedNetwork.
    pub name: String,
    /// Whose pods it has: one namespace, or those that the selector selects.
    pub namespaces: Result<String, LabelExpr>,
    /// Where it is declared.
    pub origin: Option<Origin>,
}

/// A secondary network, offered in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Namespace of the NetworkAttachmentDefinition.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A policy for secondary networks.
#[derive(Debug, Clone)]
pub struct AttachmentPolicy {
    /// The networks that it is for.
    pub networks: Vec<Attachment>,
    /// The policy.
    pub policy: Policy,
}

/// What manifests say of networks.
#[derive(Debug, Clone, Default)]
pub struct Networks {
    /// User-defined ones.
    pub primary: Vec<PrimaryNetwork>,
    /// Secondary ones.
    pub secondary: Vec<Attachment>,
    /// Policies of secondary ones.
    pub policies: Vec<AttachmentPolicy>,
}

pub(super) fn read(reader: &mut Reader<'_, '_>, options: &Options, networks: &mut Networks) {
    let object = reader.object;
    let namespace = object.namespace().unwrap_or("default").to_owned();
    match (object.group(), object.kind()) {
        ("k8s.ovn.org", "UserDefinedNetwork") if object.spec().is_some_and(is_primary) => {
            networks.primary.push(PrimaryNetwork {
                name: namespace.clone(),
                namespaces: Ok(namespace),
                origin: Some(reader.object_origin()),
            });
        }
        ("k8s.ovn.org", "ClusterUserDefinedNetwork") => {
            let Some(spec) = object.spec() else { return };
            if spec.get("network").is_some_and(is_primary) {
                let selector =
                    spec.get("namespaceSelector").map_or(LabelExpr::All, |node| reader.selector(node));
                networks.primary.push(PrimaryNetwork {
                    name: object.name().to_owned(),
                    namespaces: Err(selector),
                    origin: Some(reader.object_origin()),
                });
            }
        }
        ("k8s.cni.cncf.io", "NetworkAttachmentDefinition") => {
            networks.secondary.push(Attachment { namespace, name: object.name().to_owned() });
        }
        ("k8s.cni.cncf.io", "MultiNetworkPolicy") => {
            let annotation = object.annotation("k8s.v1.cni.cncf.io/policy-for").and_then(Node::as_str);
            let targets =
                annotation.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
            let targets = targets.map(|name| attachment(name, &namespace)).collect();
            let policy = network_policy::read(reader, options).policy;
            networks.policies.push(AttachmentPolicy { networks: targets, policy });
        }
        _ => {}
    }
}

/// `name`, or `namespace/name`, perhaps with `@interface`.
fn attachment(text: &str, own: &str) -> Attachment {
    let text = text.split('@').next().unwrap_or(text);
    let (namespace, name) = text.split_once('/').unwrap_or((own, text));
    Attachment { namespace: namespace.to_owned(), name: name.to_owned() }
}

fn is_primary(config: Node<'_>) -> bool {
    ["layer2", "layer3"]
        .iter()
        .any(|layer| config.at(&[layer, "role"]).and_then(Node::as_str) == Some("Primary"))
}

/// A pod's place in a secondary network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The network.
    pub network: Attachment,
    /// The pod's addresses there, if known.
    pub ips: Vec<std::net::IpAddr>,
}

/// The networks that the annotation of a pod names: a list of names, or JSON.
pub(super) fn memberships(annotation: &str, own: &str) -> Vec<Membership> {
    if !annotation.contains(['[', '{', '"']) {
        let names = annotation.split(',').map(str::trim).filter(|name| !name.is_empty());
        return names.map(|name| Membership { network: attachment(name, own), ips: Vec::new() }).collect();
    }
    let Ok(serde_json::Value::Array(list)) = serde_json::from_str(annotation) else { return Vec::new() };
    let text = |item: &serde_json::Value, key: &str| {
        item.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    list.iter()
        .filter_map(|item| {
            let ips = item.get("ips").and_then(|ips| ips.as_array()).into_iter().flatten();
            Some(Membership {
                network: Attachment {
                    namespace: text(item, "namespace").unwrap_or_else(|| own.to_owned()),
                    name: text(item, "name")?,
                },
                ips: ips.filter_map(|ip| ip.as_str()?.split('/').next()?.parse().ok()).collect(),
            })
        })
        .collect()
}

/// The networks of a KubeVirt virtual machine, with the addresses that its cloud-init data gives every interface but
/// the first.
pub(super) fn machine_memberships(object: Object<'_>, own: &str) -> Vec<Membership> {
    let Some(spec) = object.spec().and_then(|spec| spec.at(&["template", "spec"])) else { return Vec::new() };
    let mut ips = Vec::new();
    for volume in spec.get("volumes").into_iter().flat_map(Node::items) {
        let data = volume.at(&["cloudInitNoCloud", "networkData"]).and_then(Node::as_str).unwrap_or_default();
        let mut interface = "";
        for line in data.lines().map(str::trim) {
            if let Some(name) = line.strip_suffix(':') {
                interface = name;
            } else if !interface.is_empty() && interface != "eth0" {
                let words = line.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '/'));
                ips.extend(
                    words
                        .filter(|word| word.contains('/'))
                        .filter_map(|word| word.split('/').next()?.parse::<std::net::IpAddr>().ok()),
                );
            }
        }
    }
    let networks = spec.get("networks").into_iter().flat_map(Node::items);
    let names = networks.filter_map(|network| network.at(&["multus", "networkName"])?.as_str());
    names.map(|name| Membership { network: attachment(name, own), ips: ips.clone() }).collect()
}

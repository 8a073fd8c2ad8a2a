//! Flows of Hubble (`hubble observe -o json`, its exporter) and of Cilium's own monitor (`cilium monitor -j`).

use serde_json::Value as Json;

use super::{Flow, FlowEnd, Observed, address, by_address, lines};
use crate::l4::Protocol;
use crate::world::World;

/// Reads one JSON object a line: flows of Hubble, bare or under `flow`, and notifications of Cilium's monitor that
/// tell of packets. Answers are left out; what tells of something else than flows is passed over.
pub fn read_hubble(bytes: &[u8], world: &World) -> Observed {
    let addresses = by_address(world);
    let mut observed = Observed::default();
    for (number, line) in lines(bytes, &mut observed) {
        let Ok(json) = serde_json::from_str::<Json>(line) else {
            observed.skip(number, "no JSON");
            continue;
        };
        let is_other = ["node_status", "lost_events", "agent_event", "debug_event"]
            .iter()
            .any(|key| json.get(key).is_some())
            || matches!(
                json.get("type").and_then(Json::as_str),
                Some("agent" | "debug" | "recordCapture" | "logRecord")
            );
        if is_other {
            continue;
        }
        let flow = json.get("flow").unwrap_or(&json);
        let is_monitor = flow.get("summary").is_some_and(Json::is_object);
        let read = if is_monitor { of_monitor(flow) } else { of_flow(flow) };
        let record = match read {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(Unread::WithoutPorts) => {
                observed.without_ports += 1;
                continue;
            }
            Err(Unread::Reason(reason)) => {
                observed.skip(number, reason);
                continue;
            }
        };
        let end = |side: &str, ip: Option<&str>| -> Option<FlowEnd> {
            let of = flow.get(side);
            let text = |key: &str| of.and_then(|of| of.get(key)?.as_str()).filter(|text| !text.is_empty());
            if let (Some(namespace), Some(pod)) = (text("namespace"), text("pod_name"))
                && let Some(index) = find_pod(world, namespace, pod, of.and_then(|of| of.get("workloads")))
            {
                return Some(FlowEnd::Endpoint(index));
            }
            let address = address(ip?)?;
            Some(addresses.get(&address).map_or(FlowEnd::Address(address), |index| FlowEnd::Endpoint(*index)))
        };
        let (Some(from), Some(to)) = (end("source", record.source), end("destination", record.destination))
        else {
            observed.skip(number, "no source or destination");
            continue;
        };
        let Record { protocol, port, was_allowed, .. } = record;
        observed.add(number, Flow { from, to, protocol, port, was_allowed });
    }
    observed.sort();
    observed
}

/// What a line says of a connection.
struct Record<'j> {
    source: Option<&'j str>,
    destination: Option<&'j str>,
    protocol: Protocol,
    port: u16,
    was_allowed: Option<bool>,
}

enum Unread {
    /// ICMP and the like.
    WithoutPorts,
    Reason(&'static str),
}

/// A flow of Hubble; nothing for an answer.
fn of_flow(flow: &Json) -> Result<Option<Record<'_>>, Unread> {
    if flow.get("is_reply").and_then(Json::as_bool) == Some(true) {
        return Ok(None);
    }
    let l4 = flow.get("l4");
    let port = ["TCP", "UDP", "SCTP"].into_iter().find_map(|name| {
        let port = l4?.get(name)?.get("destination_port")?.as_u64()?;
        Some((Protocol::parse(name)?, u16::try_from(port).ok()?))
    });
    let Some((protocol, port)) = port else {
        let is_icmp = l4.is_some_and(|l4| ["ICMPv4", "ICMPv6"].iter().any(|name| l4.get(name).is_some()));
        return Err(if is_icmp { Unread::WithoutPorts } else { Unread::Reason("no TCP, UDP or SCTP port") });
    };
    let ip = |side: &str| flow.get("IP").or_else(|| flow.get("ip"))?.get(side)?.as_str();
    let was_allowed = match flow.get("verdict").and_then(Json::as_str) {
        // In audit mode a policy would have refused it, but it passed.
        Some("FORWARDED" | "REDIRECTED" | "TRANSLATED" | "AUDIT") => Some(true),
        Some("DROPPED" | "ERROR") => Some(false),
        _ => None,
    };
    Ok(Some(Record { source: ip("source"), destination: ip("destination"), protocol, port, was_allowed }))
}

/// A notification of the monitor; nothing for an answer.
fn of_monitor(flow: &Json) -> Result<Option<Record<'_>>, Unread> {
    if matches!(flow.get("state").and_then(Json::as_str), Some("reply" | "related")) {
        return Ok(None);
    }
    let summary = flow.get("summary").ok_or(Unread::Reason("no summary"))?;
    let of = |layer: &str, side: &str| summary.get(layer)?.get(side)?.as_str();
    let protocol = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)]
        .into_iter()
        .find(|(key, _)| summary.get(*key).is_some());
    let Some((_, protocol)) = protocol else {
        let is_icmp = ["icmpv4", "icmpv6"].iter().any(|key| summary.get(*key).is_some());
        return Err(if is_icmp {
            Unread::WithoutPorts
        } else {
            Unread::Reason("no TCP, UDP or SCTP packet")
        });
    };
    let port = of("l4", "dst").and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or(Unread::Reason("no destination port"))?;
    let was_allowed = Some(flow.get("type").and_then(Json::as_str) != Some("drop"));
    Ok(Some(Record { source: of("l3", "src"), destination: of("l3", "dst"), protocol, port, was_allowed }))
}

/// The endpoint of a pod: by its own name, by its workload's, or by a workload whose name the pod's begins with.
fn find_pod(world: &World, namespace: &str, pod: &str, workloads: Option<&Json>) -> Option<usize> {
    let in_namespace =
        || world.endpoints.iter().enumerate().filter(|(_, endpoint)| endpoint.namespace == namespace);
    let own = in_namespace().find(|(_, endpoint)| endpoint.pod == pod);
    if let Some((index, _)) = own {
        return Some(index);
    }
    let names: Vec<&str> = workloads
        .and_then(|list| list.as_array())
        .into_iter()
        .flatten()
        .filter_map(|item| item.get("name")?.as_str())
        .collect();
    let by_workload = in_namespace().find(|(_, endpoint)| names.contains(&endpoint.name.as_str()));
    let longest = || {
        in_namespace()
            .filter(|(_, endpoint)| {
                endpoint.pod.is_empty()
                    && pod.strip_prefix(endpoint.name.as_str()).is_some_and(|rest| rest.starts_with('-'))
            })
            .max_by_key(|(_, endpoint)| endpoint.name.len())
    };
    by_workload.or_else(longest).map(|(index, _)| index)
}

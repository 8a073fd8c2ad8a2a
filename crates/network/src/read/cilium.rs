//! `cilium.io` CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.
//!
//! Sources: Cilium's documentation of the policy language ("Layer 3", "Layer 4", "Deny policies", "Default deny").
//! What depends on DNS, on contents of requests or on nodes that manifests do not show is unknown, and said so.

use haechi_objects::{LabelSelector, SelectorOperator};
use haechi_syntax::{Node, Value};

use super::fields::{Reader, as_written, text_of};
use super::workloads::NAME_LABEL;
use super::{Staged, stage};
use crate::ip::{Family, IpRange, IpSet};
use crate::l4::Protocol;
use crate::notice::NoticeKind;
use crate::strings::Pattern;
use crate::world::{
    Action, Direction, HttpMatch, LabelExpr, Match, NamespaceExpr, PeerExpr, Policy, PolicyRef, PortSet,
    PossiblePeer, RawSelector, Rule,
};

/// The label by which an endpoint's namespace is selected.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// Before the labels of an endpoint's namespace.
const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";
const SERVICE_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
const CLUSTER: &str = "io.cilium.k8s.policy.cluster";

/// The policies of an object, one for each of its rules and directions: whether being selected is enough to refuse
/// the rest is a choice of each.
pub(super) fn read(reader: &mut Reader<'_, '_>) -> Vec<Staged> {
    let is_namespaced = reader.object.kind() == "CiliumNetworkPolicy";
    let id = reader.policy_ref(is_namespaced);
    let mut specs: Vec<Node<'_>> = reader.object.spec().into_iter().collect();
    if let Some(list) = reader.object.node().get("specs") {
        specs.extend(list.items());
    }
    let mut found = Vec::new();
    if specs.is_empty() {
        let node = reader.object.node();
        reader.notice(NoticeKind::InvalidField, node, "a policy needs `spec` or `specs`");
    }
    for spec in specs {
        of_spec(reader, &id, spec, &mut found);
    }
    let unreadable = reader.first_error();
    if found.is_empty() && unreadable.is_some() {
        found.push(policy(reader, &id, everybody(&id), Some(Vec::new()), Some(Vec::new()), true));
    }
    for policy in &mut found {
        policy.unreadable.clone_from(&unreadable);
        if unreadable.is_some() {
            // A policy that would be refused is nowhere sure, not even whom it is for.
            policy.subject = everybody(&id);
        }
    }
    found.into_iter().map(|policy| Staged { stage: stage::NETWORK_POLICY.to_owned(), policy }).collect()
}

fn everybody(id: &PolicyRef) -> PeerExpr {
    let namespaces = match &id.namespace {
        Some(namespace) => NamespaceExpr::Named(namespace.clone()),
        None => NamespaceExpr::Labels(LabelExpr::All),
    };
    PeerExpr::Pods { namespaces, pods: LabelExpr::All }
}

fn policy(
    reader: &Reader<'_, '_>,
    id: &PolicyRef,
    subject: PeerExpr,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
    isolates: bool,
) -> Policy {
    Policy {
        id: id.clone(),
        stage: 0,
        order: 0.0,
        subject,
        ingress,
        egress,
        isolates,
        unreadable: None,
        origin: Some(reader.object_origin()),
    }
}

fn of_spec(reader: &mut Reader<'_, '_>, id: &PolicyRef, spec: Node<'_>, found: &mut Vec<Policy>) {
    let own = id.namespace.as_deref();
    let subject = match (spec.get("endpointSelector"), spec.get("nodeSelector")) {
        (Some(selector), None) => endpoints(reader, selector, own),
        (None, Some(node)) => {
            reader.notice(NoticeKind::NotJudged, node, "policies for nodes depend on labels of nodes");
            PeerExpr::Unknown(Box::new(PeerExpr::Nodes), "labels of nodes")
        }
        _ => {
            reader.notice(
                NoticeKind::InvalidField,
                spec,
                "a rule needs either `endpointSelector` or `nodeSelector`",
            );
            return;
        }
    };
    // A selector of another namespace selects nothing in a policy that is of its own.
    let subject = match own {
        Some(_) => PeerExpr::And(vec![everybody(id), subject]),
        None => subject,
    };
    for direction in Direction::BOTH {
        let (key, deny_key, flag) = match direction {
            Direction::Ingress => ("ingress", "ingressDeny", "ingress"),
            Direction::Egress => ("egress", "egressDeny", "egress"),
        };
        let allows = reader.list(spec, key).unwrap_or_default();
        let denies = reader.list(spec, deny_key).unwrap_or_default();
        let flag = spec.get("enableDefaultDeny").and_then(|of| of.get(flag)).and_then(Node::as_bool);
        // Source: unset means that a direction with rules is closed but for them.
        let isolates = flag.unwrap_or(!allows.is_empty() || !denies.is_empty());
        if allows.is_empty() && denies.is_empty() && !isolates {
            continue;
        }
        let mut rules = Vec::new();
        for (nodes, action) in [(denies, Action::Deny), (allows, Action::Allow)] {
            for node in nodes {
                rules.push(rule(reader, node, direction, action, own));
            }
        }
        let (ingress, egress) = match direction {
            Direction::Ingress => (Some(rules), None),
            Direction::Egress => (None, Some(rules)),
        };
        found.push(policy(reader, id, subject.clone(), ingress, egress, isolates));
    }
}

/// A selector of Cilium: labels may have their source before them, and some stand for something else.
fn endpoints(reader: &mut Reader<'_, '_>, node: Node<'_>, own: Option<&str>) -> PeerExpr {
    let selector = match LabelSelector::parse(node) {
        Ok(selector) => selector,
        Err(error) => {
            reader.notice(NoticeKind::InvalidSelector, node, error.message);
            return PeerExpr::Nothing;
        }
    };
    let (mut pods, mut namespaces) = (Vec::new(), Vec::new());
    let mut parts = Vec::new();
    for requirement in &selector.requirements {
        let values: Vec<String> = requirement.values.iter().map(|value| (*value).to_owned()).collect();
        if let Some(entity) =
            requirement.key.strip_prefix("reserved:").or(requirement.key.strip_prefix("reserved."))
        {
            parts.push(self::entity(reader, node, entity));
            continue;
        }
        let key = bare(requirement.key);
        let condition = |key: &str| {
            let mut values = values.clone();
            values.sort();
            values.dedup();
            let has = || LabelExpr::Has(key.to_owned());
            match requirement.operator {
                SelectorOperator::In => LabelExpr::In(key.to_owned(), values),
                SelectorOperator::NotIn => LabelExpr::Not(Box::new(LabelExpr::In(key.to_owned(), values))),
                SelectorOperator::Exists => has(),
                SelectorOperator::DoesNotExist => LabelExpr::Not(Box::new(has())),
            }
        };
        match key {
            NAMESPACE => namespaces.push(condition(NAME_LABEL)),
            SERVICE_ACCOUNT => {
                let accounts = PeerExpr::ServiceAccounts(values.clone());
                parts.push(match requirement.operator {
                    SelectorOperator::In => accounts,
                    SelectorOperator::NotIn => PeerExpr::Not(Box::new(accounts)),
                    SelectorOperator::Exists => PeerExpr::All,
                    SelectorOperator::DoesNotExist => PeerExpr::Nothing,
                });
            }
            CLUSTER => parts.push(PeerExpr::Unknown(Box::new(PeerExpr::All), "the name of the cluster")),
            _ => match key.strip_prefix(NAMESPACE_LABELS) {
                Some(label) => namespaces.push(condition(label)),
                None => pods.push(condition(key)),
            },
        }
    }
    // Without a word about namespaces a policy of a namespace means its own.
    let namespaces = match (namespaces.is_empty(), own) {
        (true, Some(own)) => NamespaceExpr::Named(own.to_owned()),
        _ => NamespaceExpr::Labels(LabelExpr::all_of(namespaces)),
    };
    let is_reserved = !parts.is_empty() && pods.is_empty();
    if !is_reserved || selector.requirements.len() > parts.len() {
        parts.push(PeerExpr::Pods { namespaces, pods: LabelExpr::all_of(pods) });
    } else if parts.iter().any(|part| matches!(part, PeerExpr::ServiceAccounts(_) | PeerExpr::Not(_))) {
        parts.push(PeerExpr::Pods { namespaces, pods: LabelExpr::All });
    }
    if parts.len() == 1 { parts.swap_remove(0) } else { PeerExpr::And(parts) }
}

/// A label without its source.
fn bare(key: &str) -> &str {
    ["k8s:", "any:", "container:", "unspec:", "k8s.", "any."]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
        // `k8s.io/name` is a label of its own; only what cannot be one is a source.
        .filter(|_| key.contains(':') || key.starts_with("k8s.io.") || key.starts_with("any."))
        .unwrap_or(key)
}

fn entity(reader: &mut Reader<'_, '_>, node: Node<'_>, name: &str) -> PeerExpr {
    let unknown = |of: PeerExpr, why: &'static str| PeerExpr::Unknown(Box::new(of), why);
    let pods = || PeerExpr::Pods { namespaces: NamespaceExpr::Labels(LabelExpr::All), pods: LabelExpr::All };
    let of_family = |family: Family| {
        let set: IpSet = [IpRange::all(family)].into_iter().collect();
        PeerExpr::And(vec![PeerExpr::Outside, PeerExpr::Addresses(set)])
    };
    match name {
        "all" => PeerExpr::All,
        "none" => PeerExpr::Nothing,
        "world" => PeerExpr::Outside,
        "world-ipv4" => of_family(Family::V4),
        "world-ipv6" => of_family(Family::V6),
        "cluster" => PeerExpr::Not(Box::new(PeerExpr::Outside)),
        // Which node a pod is on is not known, so neither is which host is its own.
        "host" => unknown(PeerExpr::Nodes, "the pod's own node"),
        "remote-node" => unknown(PeerExpr::Nodes, "nodes other than the pod's own"),
        "kube-apiserver" => {
            unknown(PeerExpr::Or(vec![PeerExpr::Nodes, PeerExpr::Outside]), "addresses of the API server")
        }
        "ingress" => unknown(PeerExpr::All, "Cilium's own ingress"),
        "init" => unknown(pods(), "endpoints whose labels are not known yet"),
        "unmanaged" => unknown(pods(), "pods that Cilium does not manage"),
        // Only Cilium's own probes are of that kind.
        "health" => PeerExpr::Nothing,
        _ => {
            reader.notice(NoticeKind::InvalidField, node, format!("unknown entity `{name}`"));
            PeerExpr::Nothing
        }
    }
}

fn rule(
    reader: &mut Reader<'_, '_>,
    node: Node<'_>,
    direction: Direction,
    action: Action,
    own: Option<&str>,
) -> Rule {
    let mut is_uncertain = false;
    let mut selectors = Vec::new();
    let peers = peers(reader, node, direction, own, &mut selectors, &mut is_uncertain);
    let has_ports = node.get("toPorts").is_some_and(|ports| !ports.is_empty()) || node.get("icmps").is_some();
    let peer = match peers {
        Some(peer) => peer,
        // A rule that names ports only is for everybody; an empty one is for nobody: it only closes the direction.
        None if has_ports => {
            selectors.push(PossiblePeer::default());
            PeerExpr::All
        }
        None => PeerExpr::Nothing,
    };
    let traffic = traffic(reader, node, &mut is_uncertain);
    if let Some(mode) = node.at(&["authentication", "mode"]).filter(|mode| mode.as_str() == Some("required"))
    {
        reader.notice(NoticeKind::NotJudged, mode, "whether both sides can authenticate is not known");
        is_uncertain = true;
    }
    Rule {
        action,
        peer,
        subject: PeerExpr::All,
        traffic,
        selectors,
        is_uncertain,
        name: None,
        origin: Some(reader.origin(node)),
    }
}

/// The other side; `None` where the rule names none at all.
fn peers(
    reader: &mut Reader<'_, '_>,
    node: Node<'_>,
    direction: Direction,
    own: Option<&str>,
    selectors: &mut Vec<PossiblePeer>,
    is_uncertain: &mut bool,
) -> Option<PeerExpr> {
    let prefix = if direction == Direction::Ingress { "from" } else { "to" };
    let field = |name: &str| node.get(&format!("{prefix}{name}"));
    let mut alternatives: Vec<PeerExpr> = Vec::new();
    let mut is_named = false;
    if let Some(list) = field("Endpoints") {
        is_named = true;
        for selector in list.items() {
            let is_everybody = selector.is_empty() && own.is_none();
            let peer = endpoints(reader, selector, own);
            selectors.push(described(selector, own));
            alternatives.push(peer);
            if is_everybody {
                // An empty selector of a clusterwide policy also means what is no pod.
                let outside = PeerExpr::Not(Box::new(everybody_managed()));
                alternatives.push(PeerExpr::Unknown(Box::new(outside), "what is no endpoint of Cilium"));
            }
        }
    }
    let mut blocks: Vec<IpRange> = Vec::new();
    let mut has_blocks = false;
    if let Some(list) = field("CIDR") {
        (is_named, has_blocks) = (true, true);
        blocks.extend(list.items().filter_map(|item| reader.cidr_or_address(item)));
    }
    let mut sets: Vec<IpSet> = Vec::new();
    if let Some(list) = field("CIDRSet") {
        is_named = true;
        for item in list.items() {
            if item.get("cidr").is_some() {
                has_blocks = true;
                sets.push(reader.ip_block(item));
            } else {
                reader.notice(NoticeKind::NotJudged, item, "groups of CIDRs are not followed");
                alternatives.push(PeerExpr::Unknown(Box::new(PeerExpr::Outside), "a group of CIDRs"));
            }
        }
    }
    if has_blocks {
        let mut set: IpSet = blocks.into_iter().collect();
        for more in sets {
            set = set.union(&more);
        }
        // Source: CIDRs do not mean endpoints of the cluster, and nodes only where that is switched on.
        alternatives.push(PeerExpr::And(vec![PeerExpr::Addresses(set), PeerExpr::Outside]));
    }
    if let Some(list) = field("Entities") {
        is_named = true;
        for item in list.items() {
            let name = item.as_str().unwrap_or_default().to_owned();
            alternatives.push(entity(reader, item, &name));
        }
    }
    let unknown_fields = [
        ("Nodes", PeerExpr::Nodes, "labels of nodes are not known"),
        ("FQDNs", PeerExpr::Outside, "addresses behind DNS names are not known"),
        ("Services", PeerExpr::All, "rules by Service are not followed"),
        ("Groups", PeerExpr::Outside, "groups of the cloud are not known"),
    ];
    for (name, most, why) in unknown_fields {
        if let Some(list) = field(name) {
            is_named = true;
            reader.notice(NoticeKind::NotJudged, list, why);
            alternatives.push(PeerExpr::Unknown(Box::new(most), why));
        }
    }
    if let Some(list) = field("Requires") {
        reader.notice(NoticeKind::NotJudged, list, "requirements of other rules are not followed");
        *is_uncertain = true;
    }
    if !is_named {
        return None;
    }
    Some(match alternatives.len() {
        0 => PeerExpr::Nothing,
        1 => alternatives.swap_remove(0),
        _ => PeerExpr::Or(alternatives),
    })
}

fn everybody_managed() -> PeerExpr {
    PeerExpr::Pods { namespaces: NamespaceExpr::Labels(LabelExpr::All), pods: LabelExpr::All }
}

/// The pods of a selector as it was written, its labels without their sources.
fn described(selector: Node<'_>, own: Option<&str>) -> PossiblePeer {
    let written = as_written(Some(selector));
    let mut peer = PossiblePeer::default();
    for (key, value) in written.labels {
        let (list, key) = match bare(&key) {
            NAMESPACE => (&mut peer.namespaces.labels, NAME_LABEL.to_owned()),
            key => match key.strip_prefix(NAMESPACE_LABELS) {
                Some(label) => (&mut peer.namespaces.labels, label.to_owned()),
                None => (&mut peer.pods.labels, key.to_owned()),
            },
        };
        list.push((key, value));
    }
    for (key, operator, values) in written.expressions {
        let (list, key) = match bare(&key) {
            NAMESPACE => (&mut peer.namespaces.expressions, NAME_LABEL.to_owned()),
            key => (&mut peer.pods.expressions, key.to_owned()),
        };
        list.push((key, operator, values));
    }
    if let Some(own) = own.filter(|_| peer.namespaces.is_empty()) {
        peer.namespaces =
            RawSelector { labels: vec![(NAME_LABEL.to_owned(), own.to_owned())], expressions: Vec::new() };
    }
    peer
}

/// `toPorts` and `icmps`; none is any traffic.
fn traffic(reader: &mut Reader<'_, '_>, node: Node<'_>, is_uncertain: &mut bool) -> Vec<Match> {
    let mut traffic = Vec::new();
    for group in reader.list(node, "toPorts").unwrap_or_default() {
        let mut set = PortSet::default();
        let ports = reader.list(group, "ports").unwrap_or_default();
        if ports.is_empty() {
            set.ranges.extend(Protocol::WITH_PORTS.map(Protocol::all));
        }
        for port in ports {
            port_of(reader, port, &mut set);
        }
        let by_content = ["rules", "serverNames", "listener"];
        let more: Vec<Node<'_>> =
            by_content.iter().filter_map(|key| group.get(key)).filter(|more| !more.is_empty()).collect();
        if let Some(requests) = requests(group).filter(|_| more.len() == 1) {
            traffic.extend(requests.into_iter().map(|http| Match {
                ports: Some(set.clone()),
                http: Some(http),
                ..Match::default()
            }));
            continue;
        }
        if let Some(more) = more.first() {
            reader.notice(
                NoticeKind::NotJudged,
                *more,
                "what requests contain is not known: the rule may hold for fewer of them",
            );
            *is_uncertain = true;
        }
        traffic.push(Match { ports: Some(set), ..Match::default() });
    }
    for group in reader.list(node, "icmps").unwrap_or_default() {
        let mut set = PortSet::default();
        for field in reader.list(group, "fields").unwrap_or_default() {
            let protocol = match field.get("family").and_then(Node::as_str) {
                Some("IPv6") => Protocol::Icmpv6,
                _ => Protocol::Icmp,
            };
            let kind = field.get("type");
            match kind.and_then(Node::as_i64).and_then(|number| u8::try_from(number).ok()) {
                Some(number) => set.ranges.push(protocol.icmp(number, None)),
                // Types by name are many; which one it is does not matter to what has ports.
                None => {
                    *is_uncertain = true;
                    set.ranges.push(protocol.all());
                }
            }
        }
        traffic.push(Match { ports: Some(set), ..Match::default() });
    }
    traffic
}

/// The requests that `rules.http` names, where nothing but methods, paths and hosts is asked for and these are plain
/// enough to be compared.
fn requests(group: Node<'_>) -> Option<Vec<HttpMatch>> {
    let rules = group.get("rules")?;
    let http = rules.get("http").filter(|http| rules.entries().count() == 1 && !http.is_empty())?;
    http.items()
        .map(|rule| {
            let known = ["method", "path", "host"];
            if rule.entries().any(|entry| !known.contains(&entry.key)) {
                return None;
            }
            let pattern = |key: &str| match rule.get(key).and_then(Node::as_str) {
                None | Some("") => rule.get(key).is_none_or(|node| node.as_str().is_some()).then(Vec::new),
                Some(expression) => plain_expression(expression).map(|pattern| vec![pattern]),
            };
            let methods = match pattern("method")?.as_slice() {
                [] | [Pattern::Any] => Vec::new(),
                [Pattern::Exact(method)] => vec![method.clone()],
                _ => return None,
            };
            Some(HttpMatch {
                methods,
                paths: pattern("path")?,
                hosts: pattern("host")?,
                ..HttpMatch::default()
            })
        })
        .collect()
}

/// A regular expression that is a text, or one with `.*` at one end. Cilium's must match the whole.
fn plain_expression(expression: &str) -> Option<Pattern> {
    let body = expression.strip_prefix('^').unwrap_or(expression);
    let body = body.strip_suffix('$').unwrap_or(body);
    let (body, is_suffix) = body.strip_prefix(".*").map_or((body, false), |body| (body, true));
    let (body, is_prefix) = body.strip_suffix(".*").map_or((body, false), |body| (body, true));
    if is_suffix && body.is_empty() {
        return Some(Pattern::Any);
    }
    let mut text = String::new();
    let mut characters = body.chars();
    while let Some(character) = characters.next() {
        match character {
            // A point that is meant as one is rarely escaped, but it stands for any character.
            '\\' => text.push(characters.next().filter(|next| !next.is_ascii_alphanumeric())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            plain => text.push(plain),
        }
    }
    match (is_prefix, is_suffix) {
        (true, true) => None,
        (true, false) => Some(Pattern::Prefix(text)),
        (false, true) => Some(Pattern::Suffix(text)),
        (false, false) => Some(Pattern::Exact(text)),
    }
}

fn port_of(reader: &mut Reader<'_, '_>, node: Node<'_>, set: &mut PortSet) {
    let protocols: Vec<Protocol> = match node.get("protocol").and_then(Node::as_str) {
        None | Some("ANY" | "any" | "") => Protocol::WITH_PORTS.to_vec(),
        Some(name) => match Protocol::parse(name).filter(|_| name.parse::<u8>().is_err()) {
            Some(protocol) => vec![protocol],
            None => {
                let text = format!("unknown protocol `{name}`: use TCP, UDP, SCTP or ANY");
                reader.notice(NoticeKind::InvalidPort, node, text);
                return;
            }
        },
    };
    let Some(port) = node.get("port") else {
        set.ranges.extend(protocols.into_iter().map(Protocol::all));
        return;
    };
    let text = match port.value() {
        Value::String(text) => text.to_owned(),
        _ => text_of(port),
    };
    match text.parse::<u32>() {
        Ok(0) => set.ranges.extend(protocols.into_iter().map(Protocol::all)),
        Ok(number) => {
            let Some(first) = u16::try_from(number).ok() else {
                reader.notice(
                    NoticeKind::InvalidPort,
                    port,
                    format!("port `{text}` is not a number from 0 to 65535"),
                );
                return;
            };
            let end = node.get("endPort");
            let last = match end.and_then(Node::as_i64) {
                Some(last) if last > 0 => u16::try_from(last).ok().filter(|last| *last >= first),
                _ => Some(first),
            };
            match last {
                Some(last) => {
                    set.ranges.extend(protocols.into_iter().map(|protocol| protocol.ports(first, last)));
                }
                None => reader.notice(
                    NoticeKind::InvalidPort,
                    end.unwrap_or(port),
                    format!("`endPort` must be a number from {first} to 65535"),
                ),
            }
        }
        Err(_)
            if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !text.is_empty() =>
        {
            set.names.extend(protocols.into_iter().map(|protocol| (Some(protocol), text.clone())));
        }
        Err(_) => {
            reader.notice(NoticeKind::InvalidPort, port, format!("`{text}` is no port and no name of one"));
        }
    }
}

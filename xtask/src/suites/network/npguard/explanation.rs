//! Explanations in the layout of the corpus. What decides comes from `haechi_network::explain`; the sentences are that
//! tool's own and stand here only to be compared.

use std::collections::{BTreeMap, BTreeSet};

use haechi_network::explain::{self, Miss, Step};
use haechi_network::l4::{self, Protocol};
use haechi_network::list::{self, End, Focus};
use haechi_network::networks::{self, NetworkKind, POD_NETWORK};
use haechi_network::read::Snapshot;
use haechi_network::space::Line;
use haechi_network::world::{Action, Direction, EndpointKind};
use haechi_network::{ConnId, Engine, Tri};

use super::PROFILE;

/// Which parts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    Both,
    Allowed,
    Denied,
}

/// One side of a part of the traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Half {
    set: ConnId,
    passes: bool,
    /// Kind of the policy and sentence about it, in the order in which they are shown.
    reasons: Vec<(String, String)>,
}

/// One way through both sides.
struct Way {
    set: ConnId,
    passes: bool,
    text: String,
    is_default: bool,
}

struct Section {
    /// ` in primary UDN green`, or nothing.
    suffix: String,
    specific: Vec<(String, String, String)>,
    defaults: Vec<(String, String)>,
}

pub(super) fn text(snapshot: &Snapshot, focus: &Focus, only: Only) -> String {
    let is_many = networks::has_many(snapshot);
    let parts = networks::split(snapshot);
    let mut sections = Vec::new();
    for network in &parts {
        let suffix = match network.kind {
            NetworkKind::Pod if !is_many => String::new(),
            NetworkKind::Pod => format!(" in {POD_NETWORK}"),
            NetworkKind::Udn => format!(" in primary UDN {}", network.name),
            NetworkKind::ClusterUdn => format!(" in primary CUDN {}", network.name),
            NetworkKind::Attachment => format!(" in secondary NAD {}", network.name),
        };
        let mut section = Section { suffix, specific: Vec::new(), defaults: Vec::new() };
        of_network(&network.snapshot, network.kind, focus, only, &mut section);
        sections.push((network, section));
    }
    let is_primary = |network: &networks::Network| network.kind != NetworkKind::Attachment;
    if focus.connection.is_some() && only != Only::Allowed {
        between_networks(&mut sections, focus);
    }
    let has_pods = |network: &networks::Network| {
        network.snapshot.world.endpoints.iter().any(|of| of.kind == EndpointKind::Pod)
    };
    let has_pods_in_many =
        parts.iter().filter(|network| is_primary(network) && has_pods(network)).count() > 1;
    let mut out = String::new();
    for (_, mut section) in sections {
        section.specific.sort();
        section.defaults.sort();
        if !section.specific.is_empty() {
            title(&mut out, &format!("Specific connections and their reasons{}", section.suffix));
            for (from, to, body) in &section.specific {
                out.push_str(&"-".repeat(160));
                out.push_str(&format!("\nConnections between {from} => {to}:\n\n{body}"));
            }
        }
        if !section.defaults.is_empty() && only != Only::Denied {
            let name = "All Connections due to the system default (Allow all)";
            title(&mut out, &format!("{name}{}", section.suffix));
            for (from, to) in &section.defaults {
                out.push_str(&format!("{from} => {to}\n"));
            }
        }
    }
    if has_pods_in_many && focus.connection.is_none() {
        out.push_str(
            "\n*** Note: Connections between any peers from separate isolated networks are denied by default and therefore not listed in this report.\n",
        );
    }
    out
}

fn title(out: &mut String, text: &str) {
    let line = "#".repeat(text.chars().count() + 4);
    out.push_str(&format!("\n{line}\n# {text} #\n{line}\n"));
}

fn shown(kind: NetworkKind, end: &End) -> String {
    match end {
        End::Workload { namespace, name, kind: workload } if kind == NetworkKind::Udn => {
            format!("{namespace}[udn]/{name}[{workload}]")
        }
        _ => end.to_string(),
    }
}

fn of_network(snapshot: &Snapshot, kind: NetworkKind, focus: &Focus, only: Only, section: &mut Section) {
    let is_secondary = kind == NetworkKind::Attachment;
    let profile = match is_secondary {
        true => haechi_network::Profile { blocks_match_pods: Tri::Yes, ..PROFILE },
        false => PROFILE,
    };
    let mut engine = Engine::new(snapshot.world.clone(), profile);
    let workloads = list::workloads(&engine);
    let mut pairs: Vec<(End, usize, End, usize)> = Vec::new();
    let first = |classes: &[usize]| classes.first().copied().unwrap_or(usize::MAX);
    for from in &workloads {
        for to in workloads.iter().filter(|to| to.end != from.end) {
            pairs.push((from.end.clone(), first(&from.classes), to.end.clone(), first(&to.classes)));
        }
    }
    if !is_secondary {
        for direction in Direction::BOTH {
            for (range, number) in list::outside(&engine, direction, false) {
                for workload in &workloads {
                    let (end, class) = (workload.end.clone(), first(&workload.classes));
                    pairs.push(match direction {
                        Direction::Ingress => (End::Range(range), number, end, class),
                        Direction::Egress => (end, class, End::Range(range), number),
                    });
                }
            }
        }
        let controller =
            engine.world().endpoints.iter().position(|of| of.kind == EndpointKind::IngressController);
        if let Some(controller) = controller {
            let number = engine.universe().class_of(controller);
            for (at, _) in list::entry_ports(&mut engine, snapshot) {
                if let Some(to) = workloads.get(at) {
                    pairs.push((End::IngressController, number, to.end.clone(), first(&to.classes)));
                }
            }
        }
    }
    for (from, from_number, to, to_number) in pairs {
        if !focus.wants(&from, &to) {
            continue;
        }
        let names = (shown(kind, &from), shown(kind, &to));
        let about = match focus.connection {
            Some((protocol, port)) => engine.space().ranges(Line::Target, &[protocol.ports(port, port)]),
            None => l4::portful(engine.space(), ConnId::ALL),
        };
        let egress = half(&mut engine, Direction::Egress, from_number, to_number, about, &names);
        let mut ingress = half(&mut engine, Direction::Ingress, to_number, from_number, about, &names);
        if from == End::IngressController {
            ingress = with_entries(&mut engine, snapshot, &to, ingress);
        }
        let ways = combine(&mut engine, &egress, &ingress, is_secondary);
        if let [only_way] = ways.as_slice()
            && only_way.is_default
            && focus.connection.is_none()
        {
            section.defaults.push(names);
            continue;
        }
        let body = body(&mut engine, &ways, only);
        if !body.is_empty() {
            section.specific.push((names.0, names.1, body));
        }
    }
}

/// What one side says, by the steps that decide.
fn half(
    engine: &mut Engine,
    direction: Direction,
    class: usize,
    other: usize,
    about: ConnId,
    names: &(String, String),
) -> Vec<Half> {
    let classes = engine.universe().classes.len();
    if class >= classes {
        return vec![Half { set: about, passes: true, reasons: Vec::new() }];
    }
    let (own, facing) = match direction {
        Direction::Egress => (&names.0, &names.1),
        Direction::Ingress => (&names.1, &names.0),
    };
    let mut parts = explain::parts(engine, direction, class, other, about);
    // That tool stops at the first rule of a policy that allows everything, and does not name those after it.
    let covers = |policy: usize, rule: usize, parts: &[explain::Part]| {
        parts.iter().all(|part| {
            part.steps.iter().any(|step| {
                matches!(step, Step::Rule { policy: p, rule: r, action: Action::Allow } if (*p, *r) == (policy, rule))
            })
        })
    };
    let whole = parts.clone();
    for part in &mut parts {
        part.steps.retain(|step| match step {
            Step::Rule { policy, rule, action: Action::Allow } => {
                !(0..*rule).any(|earlier| covers(*policy, earlier, &whole))
            }
            _ => true,
        });
    }
    let mut halves: Vec<Half> = Vec::new();
    for part in parts {
        let mut reasons: Vec<(String, String)> = Vec::new();
        let mut is_decided = false;
        for step in &part.steps {
            let (index, sentence) = match step {
                Step::Rule { policy, rule, action } => {
                    let verb = match action {
                        Action::Allow => "allows",
                        Action::Deny => "denies",
                        _ => "passes",
                    };
                    is_decided |= *action != Action::Pass;
                    let rule = rule_name(engine, *policy, direction, *rule);
                    (*policy, format!("{verb} connections by {direction} rule {rule}"))
                }
                Step::Miss { policy, miss } => {
                    is_decided = true;
                    let rule = |rule| rule_name(engine, *policy, direction, rule);
                    let tail = match miss {
                        Miss::NoRules => {
                            format!("but {facing} is not allowed by any {direction} rule (no rules defined)")
                        }
                        Miss::NoPeer => format!("but {facing} is not allowed by any {direction} rule"),
                        Miss::OtherPorts { rule: at } => format!(
                            "and {direction} rule {} selects {facing}, but the protocols and ports do not match",
                            rule(*at)
                        ),
                        Miss::UnknownName { rule: at } => format!(
                            "and {direction} rule {} selects {facing}, but named ports of the rule have no match in the configuration of the destination peer",
                            rule(*at)
                        ),
                    };
                    (*policy, format!("selects {own}, {tail}"))
                }
            };
            let Some(policy) = engine.world().policies.get(index) else { continue };
            let name = match &policy.id.namespace {
                Some(namespace) => format!("{namespace}/{}", policy.id.name),
                None => policy.id.name.clone(),
            };
            let line = (policy.id.kind.clone(), format!("{} '{name}' {sentence}", policy.id.kind));
            if !reasons.contains(&line) {
                reasons.push(line);
            }
        }
        if !reasons.is_empty() && !is_decided {
            reasons.push(("~".to_owned(), "the system default (Allow all)".to_owned()));
        }
        match halves.iter_mut().find(|half| half.reasons == reasons && half.passes == part.passes) {
            Some(half) => half.set = engine.space().union(half.set, part.set),
            None => halves.push(Half { set: part.set, passes: part.passes, reasons }),
        }
    }
    halves
}

fn rule_name(engine: &Engine, policy: usize, direction: Direction, rule: usize) -> String {
    let of = engine.world().policies.get(policy).and_then(|policy| policy.rules(direction)?.get(rule));
    match of.and_then(|rule| rule.name.clone()).filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => format!("#{}", rule + 1),
    }
}

/// What Ingresses and Routes that lead to a workload add.
fn with_entries(engine: &mut Engine, snapshot: &Snapshot, to: &End, ingress: Vec<Half>) -> Vec<Half> {
    let workloads = list::workloads(engine);
    let Some(workload) = workloads.iter().find(|workload| workload.end == *to) else { return ingress };
    // By entry and Service the ports that it leads to.
    let mut offers: BTreeMap<(String, String, String), ConnId> = BTreeMap::new();
    for entry in &snapshot.entries {
        for backend in &entry.backends {
            let services = snapshot
                .services
                .iter()
                .filter(|service| service.namespace == backend.namespace && service.name == backend.service);
            for service in services {
                let mut ports = Vec::new();
                for endpoint in workload.endpoints.iter().filter_map(|at| engine.world().endpoints.get(*at)) {
                    let is_selected = endpoint.namespace == service.namespace
                        && service.selector.as_ref().is_some_and(|of| of.matches_map(&endpoint.labels));
                    if is_selected {
                        let of_backend = service.ports_for(backend.port.as_ref()).into_iter();
                        let numbers = of_backend.filter_map(|port| port.on(endpoint)).filter(|number| {
                            endpoint.workload == "VirtualMachine"
                                || endpoint.ports.iter().any(|port| port.port == *number)
                        });
                        ports.extend(numbers.map(|number| Protocol::Tcp.ports(number, number)));
                    }
                }
                let set = engine.space().ranges(Line::Target, &ports);
                if set.is_empty() {
                    continue;
                }
                let key =
                    (entry.kind.clone(), format!("{}/{}", entry.namespace, entry.name), service.name.clone());
                let known = offers.entry(key).or_insert(ConnId::EMPTY);
                *known = engine.space().union(*known, set);
            }
        }
    }
    let mut found = Vec::new();
    for half in ingress {
        // Cut by what each entry offers.
        let mut cut: Vec<(ConnId, Vec<(String, String)>)> = vec![(half.set, Vec::new())];
        for ((kind, name, service), offered) in &offers {
            let mut next = Vec::new();
            for (set, lines) in cut {
                let (inside, outside) =
                    (engine.space().intersect(set, *offered), engine.space().minus(set, *offered));
                if !inside.is_empty() {
                    let mut lines = lines.clone();
                    lines.push((
                        kind.clone(),
                        format!("{kind} '{name}' allows ingress connections through service {service}"),
                    ));
                    next.push((inside, lines));
                }
                if !outside.is_empty() {
                    next.push((outside, lines));
                }
            }
            cut = next;
        }
        for (set, lines) in cut {
            let mut half = Half { set, ..half.clone() };
            if lines.is_empty() {
                half.passes = false;
                half.reasons.extend(offers.keys().map(|(kind, name, service)| {
                    (
                        kind.clone(),
                        format!(
                            "{kind} '{name}' allows ingress to service {service}, but the protocols and ports do not match"
                        ),
                    )
                }));
            } else {
                half.reasons.extend(lines);
            }
            found.push(half);
        }
    }
    found
}

/// The lines of one side.
fn side(name: &str, half: &Half, is_secondary: bool) -> String {
    let word = if half.passes { "Allowed" } else { "Denied" };
    if half.reasons.is_empty() {
        return if is_secondary {
            String::new()
        } else {
            format!("\t\t{name} ({word}) due to the system default (Allow all)\n")
        };
    }
    let mut by_kind: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, sentence) in &half.reasons {
        by_kind.entry(kind).or_default().push(sentence);
    }
    let mut out = format!("\t\t{name} ({word})\n");
    for (kind, mut sentences) in by_kind {
        if let [one] = sentences.as_slice() {
            out.push_str(&format!("\t\t\t{one}\n"));
            continue;
        }
        sentences.sort_unstable();
        out.push_str(&format!("\t\t\t{kind} list:\n"));
        for sentence in sentences {
            out.push_str(&format!("\t\t\t\t- {sentence}\n"));
        }
        out.push('\n');
    }
    out
}

fn combine(engine: &mut Engine, egress: &[Half], ingress: &[Half], is_secondary: bool) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for out in egress {
        for into in ingress {
            let set = engine.space().intersect(out.set, into.set);
            if set.is_empty() {
                continue;
            }
            let text = side("Egress", out, is_secondary) + &side("Ingress", into, is_secondary);
            let passes = out.passes && into.passes;
            let is_default = out.reasons.is_empty() && into.reasons.is_empty();
            match ways.iter_mut().find(|way| way.text == text && way.passes == passes) {
                Some(way) => way.set = engine.space().union(way.set, set),
                None => ways.push(Way { set, passes, text, is_default }),
            }
        }
    }
    ways
}

/// `TCP:[80], UDP, SCTP`.
fn connections(engine: &Engine, set: ConnId) -> String {
    let mut parts = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
        let ports = l4::ports_of(engine.space_ref(), set, protocol);
        match ports.as_slice() {
            [] => {}
            [(1, u16::MAX)] => parts.push(protocol.to_string()),
            some => parts.push(format!("{protocol}:[{}]", l4::ports_text(some))),
        }
    }
    parts.join(", ")
}

fn body(engine: &mut Engine, ways: &[Way], only: Only) -> String {
    let mut out = String::new();
    for (passes, word) in [(true, "Allowed"), (false, "Denied")] {
        if only == Only::Allowed && !passes || only == Only::Denied && passes {
            continue;
        }
        let mut blocks = BTreeSet::new();
        for way in ways.iter().filter(|way| way.passes == passes) {
            let set = connections(engine, way.set);
            blocks.insert(if way.is_default {
                format!("\t{word} {set} due to the system default (Allow all)\n\n")
            } else {
                format!("\t{word} {set} due to the following policies and rules:\n{}\n", way.text)
            });
        }
        if !blocks.is_empty() {
            out.push_str(&format!("{word} connections:\n"));
            out.extend(blocks);
        }
    }
    out
}

/// Pairs of workloads whose primary networks differ.
fn between_networks(sections: &mut [(&networks::Network, Section)], focus: &Focus) {
    let Some((protocol, port)) = focus.connection else { return };
    let isolates = |network: &networks::Network, end: &str| match network.kind {
        NetworkKind::Udn => Some(format!("UserDefinedNetwork '{}' isolates {end}", network.name)),
        NetworkKind::ClusterUdn => {
            Some(format!("ClusterUserDefinedNetwork '{}' isolates {end}", network.name))
        }
        _ => None,
    };
    // Each primary network by its place, with its workloads.
    let ends: Vec<(usize, &networks::Network, Vec<End>)> = sections
        .iter()
        .enumerate()
        .filter(|(_, (network, _))| network.kind != NetworkKind::Attachment)
        .map(|(at, (network, _))| {
            let engine = Engine::new(network.snapshot.world.clone(), PROFILE);
            (at, *network, list::workloads(&engine).into_iter().map(|of| of.end).collect())
        })
        .collect();
    let mut found: Vec<(usize, String, String, String)> = Vec::new();
    for (from_at, from_network, from_ends) in &ends {
        for (to_at, to_network, to_ends) in ends.iter().filter(|(at, ..)| at != from_at) {
            for from in from_ends {
                for to in to_ends.iter().filter(|to| focus.wants(from, to)) {
                    let names = (shown(from_network.kind, from), shown(to_network.kind, to));
                    let mut causes: Vec<String> = Vec::new();
                    causes.extend(isolates(from_network, &names.0));
                    causes.extend(isolates(to_network, &names.1));
                    let cause = causes.join("; and ");
                    let body = format!(
                        "Denied connections:\n\tDenied {protocol}:[{port}] due to existence of user defined networks:\n\t\tEgress \n\t\t\t{cause}\n\t\tIngress \n\t\t\t{cause}\n\n"
                    );
                    let at = if from_network.kind == NetworkKind::Pod { to_at } else { from_at };
                    found.push((*at, names.0, names.1, body));
                }
            }
        }
    }
    for (at, from, to, body) in found {
        if let Some((_, section)) = sections.get_mut(at) {
            section.specific.push((from, to, body));
        }
    }
}

//! To whom workloads are open beyond the pods that manifests show: pods that policies speak of but that do not exist
//! (yet), and any pod at all. An attacker's pod is of that kind.

use std::collections::BTreeSet;
use std::fmt;

use crate::engine::{Engine, Verdict};
use crate::format;
use crate::l4::{self, Protocol};
use crate::list::{self, End, Focus, Row};
use crate::profile::Profile;
use crate::read::Snapshot;
use crate::space::{ConnId, Line};
use crate::world::{Direction, LabelExpr, PossiblePeer, RawSelector};

/// Who a workload is open to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Other {
    /// Any pod of the cluster.
    EntireCluster,
    /// Pods that a policy describes.
    Described(PossiblePeer),
    /// Addresses outside.
    Outside(End),
}

/// One way in which a workload is open.
#[derive(Debug, Clone)]
pub struct Exposure {
    /// The workload.
    pub workload: End,
    /// Which way.
    pub direction: Direction,
    /// To whom.
    pub other: Other,
    /// For what, as text.
    pub text: String,
    /// For what.
    pub set: ConnId,
}

/// The result.
#[derive(Debug, Clone, Default)]
pub struct Exposures {
    /// Connections between what is there.
    pub rows: Vec<Row>,
    /// What is open beyond that.
    pub exposures: Vec<Exposure>,
    /// Workloads and directions without any policy.
    pub unprotected: Vec<(End, Direction)>,
    /// Workloads to be shown even where nothing is connected.
    pub ends: Vec<End>,
}

/// The label of a pod that nothing but a selector of everything selects. No label begins so.
const ANYONE: &str = "\0anyone";

/// Describes pods that rules speak of, each description once, without those that a pod of the manifests fulfils.
pub fn possible_peers(snapshot: &Snapshot) -> Vec<PossiblePeer> {
    let world = &snapshot.world;
    let mut found: Vec<PossiblePeer> = Vec::new();
    for policy in &world.policies {
        for rule in Direction::BOTH.into_iter().filter_map(|direction| policy.rules(direction)).flatten() {
            let is_for_all = |peer: &PossiblePeer| peer.namespaces.is_empty() && peer.pods.is_empty();
            // A NetworkPolicy's rule that lets in everybody says nothing more by its other peers.
            if policy.id.namespace.is_some() && rule.selectors.iter().any(is_for_all) {
                continue;
            }
            for peer in rule.selectors.iter().filter(|peer| !is_for_all(peer)) {
                if !found.iter().any(|known| known.is_same(peer)) {
                    found.push(peer.clone());
                }
            }
        }
    }
    found.retain(|peer| {
        let is_plain = peer.namespaces.expressions.is_empty() && peer.pods.expressions.is_empty();
        let is_specific = !peer.namespaces.is_empty() && !peer.pods.is_empty();
        if !is_plain || !is_specific {
            return true;
        }
        let (namespaces, pods) = (peer.namespaces.condition(), peer.pods.condition());
        !world.endpoints.iter().any(|endpoint| {
            pods.matches_map(&endpoint.labels)
                && world
                    .namespaces
                    .get(&endpoint.namespace)
                    .is_some_and(|of| namespaces.matches_map(&of.labels))
        })
    });
    found
}

/// Finds what workloads are open to.
pub fn analyze(snapshot: &Snapshot, profile: Profile, focus: &Focus) -> Exposures {
    let mut world = snapshot.world.clone();
    world.possible = possible_peers(snapshot);
    let anyone = RawSelector { labels: vec![(ANYONE.to_owned(), String::new())], expressions: Vec::new() };
    world.possible.push(PossiblePeer { namespaces: anyone.clone(), pods: anyone });
    let mut engine = Engine::new(world, profile);
    let mut found =
        Exposures { rows: list::connections(&mut engine, snapshot, focus), ..Exposures::default() };
    let first = engine.universe().first_possible();
    let anyone = engine.universe().size().saturating_sub(1);
    for workload in list::workloads(&engine).into_iter().filter(|workload| !workload.end.is_outside()) {
        let is_focus =
            focus.workloads.is_empty() || focus.workloads.iter().any(|name| workload.end.is_named(name));
        if is_focus {
            found.ends.push(workload.end.clone());
        }
        for direction in Direction::BOTH {
            if !is_focus || focus.direction.is_some_and(|wanted| wanted != direction) {
                continue;
            }
            // A workload's pods may differ; the first stands for them as far as descriptions go.
            let Some(class) = workload.classes.first().copied() else { continue };
            let add = |engine: &mut Engine, found: &mut Exposures, other: Other, set: ConnId| {
                let text = text(engine, set);
                found.exposures.push(Exposure {
                    workload: workload.end.clone(),
                    direction,
                    other,
                    text,
                    set,
                });
            };
            if engine.policies_for(direction, class).is_empty() {
                found.unprotected.push((workload.end.clone(), direction));
                if let Some(set) = on_focus(&mut engine, focus, ConnId::ALL) {
                    add(&mut engine, &mut found, Other::EntireCluster, set);
                }
                continue;
            }
            let to_all = side(&mut engine, direction, class, anyone);
            let to_all_shown = on_focus(&mut engine, focus, to_all).unwrap_or(ConnId::EMPTY);
            if !to_all_shown.is_empty() {
                add(&mut engine, &mut found, Other::EntireCluster, to_all_shown);
            }
            for number in first..anyone {
                let set = side(&mut engine, direction, class, number);
                let set = match focus.connection {
                    Some(_) => match on_focus(&mut engine, focus, set) {
                        Some(set) => set,
                        None => continue,
                    },
                    None => set,
                };
                let is_open = !to_all.is_empty();
                let compared = if focus.connection.is_some() && !to_all_shown.is_empty() {
                    to_all_shown
                } else {
                    to_all
                };
                if is_open && set == compared || !is_open && set.is_empty() {
                    continue;
                }
                let peer = engine.world().possible.get(number - first).cloned();
                if let Some(peer) = peer {
                    add(&mut engine, &mut found, Other::Described(peer), set);
                }
            }
        }
    }
    let mut outside = Vec::new();
    for row in &found.rows {
        let (workload, direction, end) = match (&row.from, &row.to) {
            (end @ End::Range(_), workload) => (workload, Direction::Ingress, end),
            (workload, end @ End::Range(_)) => (workload, Direction::Egress, end),
            _ => continue,
        };
        outside.push(Exposure {
            workload: workload.clone(),
            direction,
            other: Other::Outside(end.clone()),
            text: row.text.clone(),
            set: row.verdict.allowed,
        });
    }
    // Addresses are named only for workloads that are open in that direction or unprotected, that is for all of them.
    found.exposures.extend(outside.into_iter().filter(|exposure| {
        focus.workloads.is_empty() || focus.workloads.iter().any(|name| exposure.workload.is_named(name))
    }));
    let shown_workloads: BTreeSet<String> = found
        .exposures
        .iter()
        .filter(|exposure| !matches!(exposure.other, Other::Outside(_)))
        .map(|exposure| exposure.workload.to_string())
        .collect();
    found.exposures.retain(|exposure| shown_workloads.contains(&exposure.workload.to_string()));
    found.exposures.sort_by_cached_key(|exposure| {
        (exposure.direction, exposure.workload.to_string(), exposure.other.to_string())
    });
    found
}

/// What passes with a possible peer: over TCP, UDP and SCTP, with names of ports that nothing resolves.
fn side(engine: &mut Engine, direction: Direction, class: usize, other: usize) -> ConnId {
    let Verdict { allowed, .. } = engine.side(direction, class, other);
    let portful = engine.space().ranges(Line::Target, &[l4::with_ports()]);
    if engine.space().is_subset(portful, allowed) {
        return ConnId::ALL;
    }
    let seen = engine.space().ranges(Line::Target, &[l4::with_ports(), l4::unresolved()]);
    engine.space().intersect(allowed, seen)
}

/// The asked part of a set; `None` where something is asked for that is not in it.
fn on_focus(engine: &mut Engine, focus: &Focus, set: ConnId) -> Option<ConnId> {
    let Some((protocol, port)) = focus.connection else { return Some(set) };
    let asked = engine.space().ranges(Line::Target, &[protocol.ports(port, port)]);
    let common = engine.space().intersect(set, asked);
    (!common.is_empty()).then_some(common)
}

fn text(engine: &mut Engine, set: ConnId) -> String {
    if set == ConnId::ALL {
        return "All Connections".to_owned();
    }
    let names = engine.unresolved_names(set);
    let mut parts = Vec::new();
    let protocols = [None, Some(Protocol::Sctp), Some(Protocol::Tcp), Some(Protocol::Udp)];
    for protocol in protocols {
        let mut of_protocol: Vec<String> = Vec::new();
        if let Some(protocol) = protocol {
            let ports = l4::ports_of(engine.space(), set, protocol);
            if !ports.is_empty() {
                of_protocol.push(l4::ports_text(&ports));
            }
        }
        of_protocol.extend(names.iter().filter(|(of, _)| *of == protocol).map(|(_, name)| name.clone()));
        if !of_protocol.is_empty() {
            let protocol = protocol.map(|protocol| protocol.to_string()).unwrap_or_default();
            parts.push(format!("{protocol} {}", of_protocol.join(",")));
        }
    }
    if parts.is_empty() { "No Connections".to_owned() } else { parts.join(",") }
}

fn selector_text(selector: &RawSelector) -> String {
    let mut labels: Vec<String> =
        selector.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    labels.sort();
    let mut parts = labels;
    let mut expressions: Vec<String> = selector
        .expressions
        .iter()
        .map(|(key, operator, values)| {
            format!("{{Key:{key},Operator:{operator},Values:[{}],}}", values.join(" "))
        })
        .collect();
    expressions.sort();
    parts.extend(expressions);
    parts.join(",")
}

impl PossiblePeer {
    /// The namespaces in words: the name, or what their labels must be.
    pub fn namespace_text(&self) -> (String, bool) {
        match self.namespaces.labels.as_slice() {
            [(key, name)]
                if key == "kubernetes.io/metadata.name" && self.namespaces.expressions.is_empty() =>
            {
                (name.clone(), true)
            }
            _ if self.namespaces.is_empty() => ("all namespaces".to_owned(), false),
            _ => (format!("namespace with {{{}}}", selector_text(&self.namespaces)), false),
        }
    }

    /// The pods in words.
    pub fn pod_text(&self) -> String {
        if self.pods.is_empty() {
            return "all pods".to_owned();
        }
        format!("pod with {{{}}}", selector_text(&self.pods))
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Other::EntireCluster => f.write_str("entire-cluster"),
            Other::Outside(end) => end.fmt(f),
            Other::Described(peer) => {
                let (namespace, is_name) = peer.namespace_text();
                let pods = peer.pod_text();
                if is_name { write!(f, "{namespace}/[{pods}]") } else { write!(f, "[{namespace}]/[{pods}]") }
            }
        }
    }
}

impl RawSelector {
    /// The selector as people write it on a command line: `app=web,tier in (a,b),!old`.
    pub fn text(&self) -> String {
        let labels = self.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let expressions = self.expressions.iter().map(|(key, operator, values)| match *operator {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.clone(),
            _ => format!("!{key}"),
        });
        labels.chain(expressions).collect::<Vec<_>>().join(",")
    }

    /// The selector as a condition.
    pub fn condition(&self) -> LabelExpr {
        let labels = self.labels.iter().map(|(key, value)| LabelExpr::In(key.clone(), vec![value.clone()]));
        let expressions = self.expressions.iter().map(|(key, operator, values)| {
            let mut values = values.clone();
            values.sort();
            values.dedup();
            match *operator {
                "In" => LabelExpr::In(key.clone(), values),
                "NotIn" => LabelExpr::Not(Box::new(LabelExpr::In(key.clone(), values))),
                "Exists" => LabelExpr::Has(key.clone()),
                _ => LabelExpr::Not(Box::new(LabelExpr::Has(key.clone()))),
            }
        });
        LabelExpr::all_of(labels.chain(expressions).collect())
    }
}

impl Exposures {
    fn of(&self, direction: Direction) -> impl Iterator<Item = &Exposure> {
        self.exposures.iter().filter(move |exposure| exposure.direction == direction)
    }

    /// As text; with `on`, only who is open on that connection, as `TCP 80`.
    pub fn text(&self, on: Option<&str>) -> String {
        let mut out = match on {
            None => format::text(&self.rows),
            Some(on) => {
                let lines = self.rows.iter().map(|row| format!("{} => {}\n", row.from, row.to));
                format!("Permitted connections on {on}:\n{}", lines.collect::<String>())
            }
        };
        if !out.is_empty() {
            out.push('\n');
        }
        let header = on.map(|on| format!(" On {on}")).unwrap_or_default();
        out.push_str(&format!("Exposure Analysis Result{header}:\n"));
        // Every workload of the result counts for the width, also where only one direction of it is shown.
        let width = self.exposures.iter().map(|exposure| exposure.workload.to_string().chars().count()).max();
        let width = width.unwrap_or_default();
        let mut has_egress = false;
        for (direction, name, arrow) in
            [(Direction::Egress, "Egress", "=>"), (Direction::Ingress, "Ingress", "<=")]
        {
            let lines: Vec<String> = self
                .of(direction)
                .map(|exposure| {
                    let line =
                        format!("{:<width$} \t{arrow} \t{}", exposure.workload.to_string(), exposure.other);
                    if on.is_some() { line } else { format!("{line} : {}", exposure.text) }
                })
                .collect();
            if lines.is_empty() {
                continue;
            }
            if direction == Direction::Ingress && has_egress {
                out.push('\n');
            }
            has_egress |= direction == Direction::Egress;
            out.push_str(&format!("{name} Exposure:\n{}\n", lines.join("\n")));
        }
        let mut unprotected: Vec<String> = self
            .unprotected
            .iter()
            .map(|(end, direction)| format!("{end} is not protected on {direction}\n"))
            .collect();
        unprotected.sort();
        if !unprotected.is_empty() && on.is_none() {
            out.push_str("\nWorkloads not protected by network policies:\n");
            out.push_str(&unprotected.concat());
        }
        out
    }

    fn json_rows(&self, direction: Direction) -> Option<Vec<format::JsonRow>> {
        let rows: Vec<format::JsonRow> = self
            .of(direction)
            .map(|exposure| {
                let (workload, other) = (exposure.workload.to_string(), exposure.other.to_string());
                let (src, dst) =
                    if direction == Direction::Egress { (workload, other) } else { (other, workload) };
                format::JsonRow { src, dst, conn: exposure.text.clone(), unknown: None }
            })
            .collect();
        (!rows.is_empty()).then_some(rows)
    }

    /// As JSON: the connections, and what is open beyond them by direction.
    pub fn json(&self) -> serde_json::Result<String> {
        #[derive(serde::Serialize)]
        struct Directions {
            egress_exposure: Option<Vec<format::JsonRow>>,
            ingress_exposure: Option<Vec<format::JsonRow>>,
        }
        #[derive(serde::Serialize)]
        struct Result {
            connlist_results: Vec<format::JsonRow>,
            exposure_results: Directions,
        }
        serde_json::to_string_pretty(&Result {
            connlist_results: format::json(&self.rows),
            exposure_results: Directions {
                egress_exposure: self.json_rows(Direction::Egress),
                ingress_exposure: self.json_rows(Direction::Ingress),
            },
        })
    }

    /// As comma-separated values, one table after another.
    pub fn csv(&self) -> String {
        let mut table = vec![vec!["Exposure Analysis Result:".to_owned(), String::new(), String::new()]];
        for (direction, name, header) in [
            (Direction::Egress, "Egress Exposure:", ["src", "dst", "conn"]),
            (Direction::Ingress, "Ingress Exposure:", ["dst", "src", "conn"]),
        ] {
            let rows: Vec<Vec<String>> = self
                .of(direction)
                .map(|exposure| {
                    vec![exposure.workload.to_string(), exposure.other.to_string(), exposure.text.clone()]
                })
                .collect();
            if !rows.is_empty() {
                table.push(vec![name.to_owned(), String::new(), String::new()]);
                table.push(header.map(str::to_owned).to_vec());
                table.extend(rows);
            }
        }
        format::csv(&self.rows) + &format::csv_table(&table)
    }

    /// As Markdown tables.
    pub fn markdown(&self) -> String {
        let mut parts = vec![
            format::markdown(&self.rows).trim_end().to_owned(),
            "## Exposure Analysis Result:".to_owned(),
        ];
        for (direction, name, header) in [
            (Direction::Egress, "Egress", "| src | dst | conn |"),
            (Direction::Ingress, "Ingress", "| dst | src | conn |"),
        ] {
            let lines: Vec<String> = self
                .of(direction)
                .map(|exposure| {
                    format!("| {} | {} | {} |\n", exposure.workload, exposure.other, exposure.text)
                })
                .collect();
            parts.push(if lines.is_empty() {
                String::new()
            } else {
                format!("### {name} Exposure:\n{header}\n|-----|-----|------|\n{}", lines.concat())
            });
        }
        parts.join("\n")
    }

    /// As a Graphviz graph.
    pub fn dot(&self) -> String {
        let mut groups = format::Groups::default();
        let mut described = format::Groups::default();
        let mut edges = Vec::new();
        for row in &self.rows {
            groups.add(&row.from, None);
            groups.add(&row.to, None);
            edges.push(format::edge(
                &row.from.to_string(),
                &row.to.to_string(),
                &row.text,
                "gold2",
                "darkgreen",
            ));
        }
        self.ends.iter().for_each(|end| groups.add(end, None));
        for exposure in &self.exposures {
            let id = match &exposure.other {
                Other::Outside(_) => continue,
                Other::EntireCluster => {
                    groups.outside.insert(
                        "\t\"entire-cluster\" [label=\"entire-cluster\" color=\"red2\" fontcolor=\"red2\" shape=diamond]"
                            .to_owned(),
                    );
                    "entire-cluster".to_owned()
                }
                Other::Described(peer) => {
                    let ((namespace, _), pods) = (peer.namespace_text(), peer.pod_text());
                    let id = format!("{pods}_in_{namespace}");
                    described.add_line(
                        format!("{namespace}[namespace]"),
                        format!(
                            "\t\t{} [label={} color=\"red2\" fontcolor=\"red2\"]",
                            format::quoted(&id),
                            format::quoted(&pods)
                        ),
                    );
                    id
                }
            };
            let workload = exposure.workload.to_string();
            let (from, to, color, weight) = match exposure.direction {
                Direction::Ingress => (id, workload, "darkorange2", "1"),
                Direction::Egress => (workload, id, "darkorange4", "0.5"),
            };
            edges.push(format!(
                "\t{} -> {} [label={} color=\"{color}\" fontcolor=\"darkgreen\" weight={weight} style=dashed]",
                format::quoted(&from),
                format::quoted(&to),
                format::quoted(&exposure.text)
            ));
        }
        edges.sort();
        let mut lines = vec!["digraph {".to_owned()];
        groups.write("black", &mut lines);
        described.write("red2", &mut lines);
        lines.extend(groups.outside.iter().cloned());
        lines.extend(edges);
        lines.push("}".to_owned());
        lines.join("\n")
    }
}

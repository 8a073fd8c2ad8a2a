//! Policies made ready to be applied: selectors as sets of classes, ports as sets of connections.

use super::{Engine, ReadyPolicy, ReadyRule, Strings, Traffic};
use crate::classes::Bound;
use crate::l4;
use crate::space::{ConnId, Line, Space};
use crate::world::{Direction, Match, PeerExpr, Policy, PortDeclaration, PortSet};

impl Engine {
    pub(super) fn prepare(&mut self, policy: &Policy) -> ReadyPolicy {
        let mut ready = ReadyPolicy {
            subject_least: Some(self.universe.find(&self.world, &policy.subject, Bound::Least)),
            subject_most: Some(self.universe.find(&self.world, &policy.subject, Bound::Most)),
            is_unreadable: policy.unreadable.is_some(),
            ..ReadyPolicy::default()
        };
        for direction in Direction::BOTH {
            let Some(rules) = policy.rules(direction) else { continue };
            let mut ready_rules = Vec::with_capacity(rules.len());
            let mut uses_names = false;
            for rule in rules {
                let traffic = self.prepare_traffic(&rule.traffic);
                uses_names |= matches!(traffic, Traffic::Named(_));
                ready_rules.push(ReadyRule {
                    action: rule.action,
                    least: self.universe.find(&self.world, &rule.peer, Bound::Least),
                    most: self.universe.find(&self.world, &rule.peer, Bound::Most),
                    subject: (rule.subject != PeerExpr::All)
                        .then(|| self.universe.find(&self.world, &rule.subject, Bound::Most)),
                    sure_subject: (rule.subject != PeerExpr::All)
                        .then(|| self.universe.find(&self.world, &rule.subject, Bound::Least)),
                    traffic,
                    is_uncertain: rule.is_uncertain,
                });
            }
            let at = direction as usize;
            if let (Some(slot), Some(names)) = (ready.rules.get_mut(at), ready.uses_names.get_mut(at)) {
                *slot = Some(ready_rules);
                *names = uses_names;
            }
        }
        ready
    }

    fn prepare_traffic(&mut self, traffic: &[Match]) -> Traffic {
        let has_names = |set: &Option<PortSet>| set.as_ref().is_some_and(|set| !set.names.is_empty());
        let is_named = traffic.iter().any(|part| {
            has_names(&part.ports)
                || has_names(&part.not_ports)
                || has_names(&part.source_ports)
                || has_names(&part.not_source_ports)
        });
        if is_named {
            return Traffic::Named(traffic.into());
        }
        Traffic::Fixed(connections(&mut self.space, &self.strings, traffic, Ports::Unknown, Ports::Unknown))
    }
}

/// What is known of the named ports of an end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ports<'c> {
    /// It declares these.
    Of(&'c [PortDeclaration]),
    /// It declares none that could be known: a name means nothing there.
    Unknown,
    /// It does not exist: a name stays a name.
    Unresolved,
}

/// The connections that a rule's alternatives name between two ends.
pub(super) fn connections(
    space: &mut Space,
    strings: &Strings,
    traffic: &[Match],
    source: Ports<'_>,
    destination: Ports<'_>,
) -> ConnId {
    if traffic.is_empty() {
        return ConnId::ALL;
    }
    let mut all = ConnId::EMPTY;
    for part in traffic {
        let mut set = ConnId::ALL;
        if let Some(ports) = &part.ports {
            set = ports_of(space, strings, ports, destination, Line::Target);
        }
        if let Some(ports) = &part.not_ports {
            let less = ports_of(space, strings, ports, destination, Line::Target);
            set = space.minus(set, less);
        }
        if let Some(ports) = &part.source_ports {
            let from = ports_of(space, strings, ports, source, Line::SourcePort);
            set = space.intersect(set, from);
        }
        if let Some(ports) = &part.not_source_ports {
            let less = ports_of(space, strings, ports, source, Line::SourcePort);
            set = space.minus(set, less);
        }
        if let Some(http) = &part.http {
            let requests = strings.requests(space, http);
            set = space.intersect(set, requests);
        }
        all = space.union(all, set);
    }
    all
}

fn ports_of(space: &mut Space, strings: &Strings, ports: &PortSet, of: Ports<'_>, line: Line) -> ConnId {
    let mut ranges = ports.ranges.clone();
    for (protocol, name) in &ports.names {
        let declared = match of {
            Ports::Of(declared) => declared,
            Ports::Unknown => continue,
            Ports::Unresolved => {
                let named = (l4::unresolved().0..).zip(&strings.port_names);
                let same = named.filter(|(_, known)| known.0 == *protocol && known.1 == *name);
                ranges.extend(same.map(|(number, _)| (number, number)));
                continue;
            }
        };
        for declared in declared {
            if declared.name == *name && protocol.is_none_or(|protocol| protocol == declared.protocol) {
                let number = match line {
                    Line::SourcePort => u32::from(declared.port),
                    _ => declared.protocol.port(declared.port),
                };
                ranges.push((number, number));
            }
        }
    }
    space.ranges(line, &ranges)
}

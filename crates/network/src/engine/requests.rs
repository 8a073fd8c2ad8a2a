//! Numbers for HTTP methods, paths and hosts, and the sets of requests that they make.

use crate::l4::Protocol;
use crate::space::{ConnId, Line, Space};
use crate::strings::{Atoms, Pattern};
use crate::world::{HttpMatch, Policy};

/// Numbers for HTTP methods, paths and hosts.
#[derive(Debug, Clone, Default)]
pub struct Strings {
    methods: Vec<String>,
    paths: Atoms,
    hosts: Atoms,
    /// Names of ports, for ends of which no declared ports are known.
    pub(super) port_names: Vec<(Option<Protocol>, String)>,
}

impl Strings {
    pub(super) fn of<'p>(policies: impl Iterator<Item = &'p Policy>, more: &[HttpMatch]) -> Self {
        let mut methods: Vec<String> = Vec::new();
        let (mut paths, mut hosts): (Vec<Pattern>, Vec<Pattern>) = (Vec::new(), Vec::new());
        let mut look = |http: &HttpMatch| {
            methods.extend(http.methods.iter().chain(&http.not_methods).cloned());
            paths.extend(http.paths.iter().chain(&http.not_paths).cloned());
            hosts.extend(http.hosts.iter().chain(&http.not_hosts).cloned());
        };
        let mut port_names: Vec<(Option<Protocol>, String)> = Vec::new();
        for policy in policies {
            let rules = policy.ingress.iter().chain(&policy.egress).flatten();
            for part in rules.clone().flat_map(|rule| &rule.traffic) {
                port_names.extend(part.ports.iter().flat_map(|ports| &ports.names).cloned());
            }
            rules.flat_map(|rule| &rule.traffic).filter_map(|part| part.http.as_ref()).for_each(&mut look);
        }
        more.iter().for_each(look);
        for list in [&mut paths, &mut hosts] {
            list.sort();
            list.dedup();
        }
        methods.sort();
        methods.dedup();
        port_names.sort();
        port_names.dedup();
        let atoms =
            |patterns: &[Pattern]| if patterns.is_empty() { Atoms::default() } else { Atoms::of(patterns) };
        Self { methods, paths: atoms(&paths), hosts: atoms(&hosts), port_names }
    }

    /// The set of requests that a match names.
    pub fn requests(&self, space: &mut Space, http: &HttpMatch) -> ConnId {
        let mut set = ConnId::ALL;
        for (methods, is_meant) in [(&http.methods, true), (&http.not_methods, false)] {
            if methods.is_empty() {
                continue;
            }
            let mut part = ConnId::EMPTY;
            for method in methods {
                let pattern = Pattern::parse(method);
                let numbers: Vec<(u32, u32)> = match pattern {
                    Pattern::Any => vec![(0, u32::MAX)],
                    _ => (0u32..)
                        .zip(&self.methods)
                        .filter(|(_, known)| pattern.matches(known))
                        .map(|(number, _)| (number, number))
                        .collect(),
                };
                let one = space.ranges(Line::Method, &numbers);
                part = space.union(part, one);
            }
            set = if is_meant { space.intersect(set, part) } else { space.minus(set, part) };
        }
        let lists = [
            (&http.paths, Line::Path, true),
            (&http.not_paths, Line::Path, false),
            (&http.hosts, Line::Host, true),
            (&http.not_hosts, Line::Host, false),
        ];
        for (patterns, line, is_meant) in lists {
            if patterns.is_empty() {
                continue;
            }
            let atoms = if line == Line::Path { &self.paths } else { &self.hosts };
            let numbers: Vec<(u32, u32)> =
                patterns.iter().flat_map(|pattern| atoms.numbers(pattern)).collect();
            let part = space.ranges(line, &numbers);
            set = if is_meant { space.intersect(set, part) } else { space.minus(set, part) };
        }
        set
    }
}

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

    /// What a set says beyond protocol and destination port, one text for each alternative: `GET,POST host/path`, `*`
    /// for any method or path, `!` before what is left out, and `sport` before source ports.
    pub fn conditions(&self, space: &Space, set: ConnId) -> Vec<String> {
        let mut found = Vec::new();
        for (ports, child) in by_child(space, set, Line::SourcePort) {
            let source = match is_whole(&ports) {
                true => String::new(),
                false => {
                    let ports: Vec<String> = ports
                        .iter()
                        .map(|(first, last)| (first.max(&1), last.min(&65_535)))
                        .map(
                            |(first, last)| {
                                if first == last { first.to_string() } else { format!("{first}-{last}") }
                            },
                        )
                        .collect();
                    format!("sport {}", ports.join(","))
                }
            };
            for (methods, child) in by_child(space, child, Line::Method) {
                let methods = self.methods_text(&methods);
                for (paths, child) in by_child(space, child, Line::Path) {
                    let paths = self.paths.describe(&paths);
                    for (hosts, _) in by_child(space, child, Line::Host) {
                        let hosts = self.hosts.describe(&hosts);
                        let mut parts: Vec<String> = Vec::new();
                        parts.extend((!source.is_empty()).then(|| source.clone()));
                        if methods != "*" || !paths.is_empty() || !hosts.is_empty() {
                            parts.push(methods.clone());
                            let path = if paths.is_empty() { "*".to_owned() } else { paths.join(",") };
                            let host = hosts.join(",");
                            let is_plain = paths.len() < 2 && path.starts_with(['/', '*']);
                            parts.push(match (host.is_empty(), is_plain) {
                                (true, _) => path,
                                (false, true) => format!("{host}{}", if path == "*" { "/*" } else { &path }),
                                (false, false) => format!("{host} {path}"),
                            });
                        }
                        found.push(parts.join(" "));
                    }
                }
            }
        }
        found
    }

    fn methods_text(&self, ranges: &[(u32, u32)]) -> String {
        if is_whole(ranges) {
            return "*".to_owned();
        }
        let is_in = |number: u32| ranges.iter().any(|(first, last)| (*first..=*last).contains(&number));
        // All that no policy names is one with the last number.
        let others = is_in(u32::MAX);
        let named = (0u32..).zip(&self.methods).filter(|(number, _)| is_in(*number) != others);
        let named: Vec<String> =
            named.map(|(_, method)| if others { format!("!{method}") } else { method.clone() }).collect();
        named.join(",")
    }
}

fn is_whole(ranges: &[(u32, u32)]) -> bool {
    matches!(ranges, [(0, u32::MAX)])
}

/// The set cut along a line, ranges with the same rest together.
fn by_child(space: &Space, set: ConnId, line: Line) -> Vec<(Vec<(u32, u32)>, ConnId)> {
    let mut found: Vec<(Vec<(u32, u32)>, ConnId)> = Vec::new();
    for (range, child) in space.pieces(set, line) {
        match found.iter_mut().find(|(_, known)| *known == child) {
            Some((ranges, _)) => ranges.push(range),
            None => found.push((vec![range], child)),
        }
    }
    found
}

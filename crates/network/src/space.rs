//! Sets of connections, exact and canonical.
//!
//! A set is a node of an interval decision diagram over five lines of numbers: what is spoken to (protocol and
//! destination port, or ICMP type and code, see [`crate::l4`]), source port, HTTP method, path and host (the last
//! three by the numbers that [`crate::mesh`] gives them). Equal sets have equal ids, so comparing, hashing and
//! remembering results of operations cost nothing, however rich the sets are.

use rustc_hash::FxHashMap;

/// A set of connections; meaningful together with the [`Space`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub(crate) u32);

impl ConnId {
    /// No connection.
    pub const EMPTY: ConnId = ConnId(0);
    /// Every connection.
    pub const ALL: ConnId = ConnId(1);

    /// Whether no connection is in it.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }
}

/// The lines that a connection has a number on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Line {
    /// Protocol with destination port or ICMP type and code.
    Target,
    /// Source port.
    SourcePort,
    /// HTTP method.
    Method,
    /// HTTP path.
    Path,
    /// HTTP host.
    Host,
}

/// Numbers `first..=last`.
pub type Range = (u32, u32);

/// Children by the last number that leads to them; adjacent ones differ and the last reaches `u32::MAX`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    line: Line,
    edges: Box<[(u32, ConnId)]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Union,
    Intersect,
    Minus,
}

/// Holds the sets and remembers what was computed of them.
#[derive(Debug, Clone)]
pub struct Space {
    nodes: Vec<Node>,
    by_node: FxHashMap<Node, ConnId>,
    results: FxHashMap<(Operation, ConnId, ConnId), ConnId>,
    /// The last results by a few bits of their question: the same is asked again and again.
    recent: Vec<(Operation, ConnId, ConnId, ConnId)>,
}

/// How many results are at hand.
const RECENT: usize = 1 << 12;

impl Default for Space {
    fn default() -> Self {
        Self::new()
    }
}

impl Space {
    /// A space with the empty set and the full one.
    pub fn new() -> Self {
        // The two terminals have no children; their nodes only hold the places 0 and 1.
        let terminal = Node { line: Line::Host, edges: Box::new([]) };
        Self {
            nodes: vec![terminal.clone(), terminal],
            by_node: FxHashMap::default(),
            results: FxHashMap::default(),
            recent: vec![(Operation::Minus, ConnId::EMPTY, ConnId::EMPTY, ConnId::EMPTY); RECENT],
        }
    }

    /// How many distinct sets were made.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: the empty and the full set are always there.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The connections whose number on `line` is in one of the ranges (in any order, may overlap).
    pub fn ranges(&mut self, line: Line, ranges: &[Range]) -> ConnId {
        self.ranges_to(line, ranges, ConnId::ALL)
    }

    /// Of `of` (a set that says nothing about `line` or lines before it) those whose number is in a range.
    pub fn ranges_to(&mut self, line: Line, ranges: &[Range], of: ConnId) -> ConnId {
        let mut sorted: Vec<Range> = ranges.iter().copied().filter(|(first, last)| first <= last).collect();
        sorted.sort_unstable();
        let mut edges: Vec<(u32, ConnId)> = Vec::with_capacity(sorted.len() * 2 + 1);
        // The first number that no edge covers yet; `None` once the line is full.
        let mut next = Some(0u32);
        for (first, last) in sorted {
            let Some(from) = next else { break };
            if last < from {
                continue;
            }
            let first = first.max(from);
            if first > from {
                push_edge(&mut edges, first - 1, ConnId::EMPTY);
            }
            push_edge(&mut edges, last, of);
            next = last.checked_add(1);
        }
        if next.is_some() {
            push_edge(&mut edges, u32::MAX, ConnId::EMPTY);
        }
        self.node(line, edges)
    }

    fn node(&mut self, line: Line, edges: Vec<(u32, ConnId)>) -> ConnId {
        if let [(_, only)] = edges.as_slice() {
            return *only;
        }
        let node = Node { line, edges: edges.into_boxed_slice() };
        if let Some(id) = self.by_node.get(&node) {
            return *id;
        }
        let id = ConnId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.by_node.insert(node, id);
        id
    }

    /// What is in either.
    pub fn union(&mut self, a: ConnId, b: ConnId) -> ConnId {
        if a == b || b == ConnId::EMPTY || a == ConnId::ALL {
            return a;
        }
        if a == ConnId::EMPTY || b == ConnId::ALL {
            return b;
        }
        self.apply(Operation::Union, a.min(b), a.max(b))
    }

    /// What is in both.
    pub fn intersect(&mut self, a: ConnId, b: ConnId) -> ConnId {
        if a == b || b == ConnId::ALL || a == ConnId::EMPTY {
            return a;
        }
        if a == ConnId::ALL || b == ConnId::EMPTY {
            return b;
        }
        self.apply(Operation::Intersect, a.min(b), a.max(b))
    }

    /// What is in `a` but not in `b`.
    pub fn minus(&mut self, a: ConnId, b: ConnId) -> ConnId {
        if a == ConnId::EMPTY || b == ConnId::EMPTY {
            return a;
        }
        if a == b || b == ConnId::ALL {
            return ConnId::EMPTY;
        }
        self.apply(Operation::Minus, a, b)
    }

    /// What is not in `a`.
    pub fn complement(&mut self, a: ConnId) -> ConnId {
        self.minus(ConnId::ALL, a)
    }

    /// Whether all of `a` is in `b`.
    pub fn is_subset(&mut self, a: ConnId, b: ConnId) -> bool {
        self.minus(a, b).is_empty()
    }

    fn apply(&mut self, operation: Operation, a: ConnId, b: ConnId) -> ConnId {
        let slot = (a.0.wrapping_mul(0x9E37_79B1) ^ b.0.wrapping_mul(0x85EB_CA77) ^ operation as u32)
            as usize
            % RECENT;
        if let Some((known, of_a, of_b, result)) = self.recent.get(slot)
            && (*known, *of_a, *of_b) == (operation, a, b)
        {
            return *result;
        }
        let result = self.look_up(operation, a, b);
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = (operation, a, b, result);
        }
        result
    }

    fn look_up(&mut self, operation: Operation, a: ConnId, b: ConnId) -> ConnId {
        if let Some(result) = self.results.get(&(operation, a, b)) {
            return *result;
        }
        let line = match (self.line(a), self.line(b)) {
            (Some(a), Some(b)) => a.min(b),
            (Some(line), None) | (None, Some(line)) => line,
            // Both are terminals: every caller has dealt with that.
            (None, None) => return if operation == Operation::Union { ConnId::ALL } else { ConnId::EMPTY },
        };
        let left = self.edges(a, line);
        let right = self.edges(b, line);
        let mut edges = Vec::with_capacity(left.len() + right.len());
        let (mut i, mut j) = (0, 0);
        while let (Some((left_last, left_child)), Some((right_last, right_child))) =
            (left.get(i).copied(), right.get(j).copied())
        {
            let child = match operation {
                Operation::Union => self.union(left_child, right_child),
                Operation::Intersect => self.intersect(left_child, right_child),
                Operation::Minus => self.minus(left_child, right_child),
            };
            push_edge(&mut edges, left_last.min(right_last), child);
            i += usize::from(left_last <= right_last);
            j += usize::from(right_last <= left_last);
        }
        let result = self.node(line, edges);
        self.results.insert((operation, a, b), result);
        result
    }

    fn line(&self, id: ConnId) -> Option<Line> {
        if id.0 < 2 { None } else { self.nodes.get(id.0 as usize).map(|node| node.line) }
    }

    /// The children of `id` on `line`; one for the whole line where the set says nothing about it.
    fn edges(&self, id: ConnId, line: Line) -> Vec<(u32, ConnId)> {
        match self.nodes.get(id.0 as usize) {
            Some(node) if id.0 >= 2 && node.line == line => node.edges.to_vec(),
            _ => vec![(u32::MAX, id)],
        }
    }

    /// The set cut along `line`: ranges that lead to something, with what they lead to. Only for a set that says
    /// nothing about lines before it.
    pub fn pieces(&self, id: ConnId, line: Line) -> Vec<(Range, ConnId)> {
        let mut from = 0u32;
        let mut pieces = Vec::new();
        for (last, child) in self.edges(id, line) {
            if !child.is_empty() {
                pieces.push(((from, last), child));
            }
            from = last.saturating_add(1);
        }
        pieces
    }

    /// The numbers on the first line that some connection of the set has, merged.
    pub fn targets(&self, id: ConnId) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for ((first, last), _) in self.pieces(id, Line::Target) {
            match ranges.last_mut() {
                Some(before) if before.1.checked_add(1) == Some(first) => before.1 = last,
                _ => ranges.push((first, last)),
            }
        }
        ranges
    }

    /// Whether the set says something about lines beyond protocol and destination port.
    pub fn has_conditions(&self, id: ConnId) -> bool {
        self.pieces(id, Line::Target).iter().any(|(_, child)| *child != ConnId::ALL)
    }

    /// What the set holds for one number on the first line.
    pub fn at(&self, id: ConnId, target: u32) -> ConnId {
        match self.nodes.get(id.0 as usize) {
            Some(node) if id.0 >= 2 && node.line == Line::Target => {
                let index = node.edges.partition_point(|(last, _)| *last < target);
                node.edges.get(index).map_or(ConnId::EMPTY, |(_, child)| *child)
            }
            _ => id,
        }
    }
}

/// Adds an edge, or lengthens the one before if it leads to the same place.
fn push_edge(edges: &mut Vec<(u32, ConnId)>, last: u32, child: ConnId) {
    match edges.last_mut() {
        Some(before) if before.1 == child => before.0 = last,
        _ => edges.push((last, child)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_sets_have_equal_ids() {
        let mut space = Space::new();
        let a = space.ranges(Line::Target, &[(5, 9), (1, 4)]);
        let b = space.ranges(Line::Target, &[(1, 7), (3, 9)]);
        assert_eq!(a, b);
        let rest = space.complement(a);
        assert_eq!(space.union(a, rest), ConnId::ALL);
        assert_eq!(space.intersect(a, rest), ConnId::EMPTY);
    }

    #[test]
    fn conditions_on_other_lines_stay_exact() {
        let mut space = Space::new();
        let from_high = space.ranges(Line::SourcePort, &[(1024, 65_535)]);
        let web = space.ranges(Line::Target, &[(80, 80)]);
        let web_from_high = space.intersect(web, from_high);
        let web_from_low = space.minus(web, from_high);
        assert!(space.has_conditions(web_from_high));
        assert_eq!(space.union(web_from_high, web_from_low), web);
        assert_eq!(space.at(web_from_high, 80), from_high);
        assert_eq!(space.at(web_from_high, 81), ConnId::EMPTY);
    }

    proptest! {
        #[test]
        fn operations_are_those_of_sets(
            a in proptest::collection::vec((0u32..40, 0u32..12, 0u32..6), 0..6),
            b in proptest::collection::vec((0u32..40, 0u32..12, 0u32..6), 0..6),
        ) {
            let mut space = Space::new();
            let mut make = |parts: &[(u32, u32, u32)]| {
                parts.iter().fold(ConnId::EMPTY, |all, (first, len, source)| {
                    let source = space.ranges(Line::SourcePort, &[(*source, source + 2)]);
                    let part = space.ranges_to(Line::Target, &[(*first, first + len)], source);
                    space.union(all, part)
                })
            };
            let (left, right) = (make(&a), make(&b));
            let holds = |parts: &[(u32, u32, u32)], x: u32, y: u32| {
                parts.iter().any(|(first, len, source)| (*first..=first + len).contains(&x) && (*source..=source + 2).contains(&y))
            };
            let union = space.union(left, right);
            let both = space.intersect(left, right);
            let minus = space.minus(left, right);
            for x in 0..60 {
                for y in 0..10 {
                    let has = |space: &mut Space, id: ConnId| {
                        let point = space.ranges(Line::SourcePort, &[(y, y)]);
                        let rest = space.at(id, x);
                        !space.intersect(rest, point).is_empty()
                    };
                    let (in_a, in_b) = (holds(&a, x, y), holds(&b, x, y));
                    prop_assert_eq!(has(&mut space, union), in_a || in_b);
                    prop_assert_eq!(has(&mut space, both), in_a && in_b);
                    prop_assert_eq!(has(&mut space, minus), in_a && !in_b);
                }
            }
        }
    }
}

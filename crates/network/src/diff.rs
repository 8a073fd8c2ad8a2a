//! What a change of manifests adds to, takes from and changes in the connections.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Engine;
use crate::ip::{IpRange, IpSet};
use crate::l4::{self, Protocol};
use crate::list::{self, End, Focus, Row};
use crate::read::Snapshot;
use crate::world::Direction;

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It passes more, less, or something else than before.
    Changed,
    /// There was none.
    Added,
    /// There is none any more.
    Removed,
    /// As before.
    Unchanged,
}

impl ChangeKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Changed => "changed",
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Unchanged => "unchanged",
        }
    }
}

/// One pair of ends before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub kind: ChangeKind,
    /// Source.
    pub from: End,
    /// Destination.
    pub to: End,
    /// What passed, as text; `No Connections` for none.
    pub old: String,
    /// What passes now.
    pub new: String,
    /// Whether something passes, or may pass, that surely did not.
    pub gains: bool,
    /// Whether something that passed surely does not any more, or only perhaps.
    pub loses: bool,
    /// Whether the source is only in one of the two.
    pub is_from_new_or_lost: bool,
    /// Whether the destination is only in one of the two.
    pub is_to_new_or_lost: bool,
}

const NONE: &str = "No Connections";

/// Texts of one pair: certain and uncertain, before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Texts {
    old: Option<String>,
    new: Option<String>,
    old_ports: Ports,
    new_ports: Ports,
}

/// Ports of TCP, UDP and SCTP that surely and that may pass: sets of two engines cannot be compared otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Ports {
    sure: [Vec<(u16, u16)>; 3],
    possible: [Vec<(u16, u16)>; 3],
    /// What passes on conditions only, as text.
    conditional: Vec<(String, Vec<String>)>,
}

impl Ports {
    fn of(engine: &Engine, row: &Row) -> Self {
        let space = engine.space_ref();
        let (sure, possible) = (row.verdict.allowed, row.verdict.possible);
        let conditional = row.conditional.iter().map(|of| (of.ports.clone(), of.only.clone()));
        Self {
            sure: Protocol::WITH_PORTS.map(|protocol| l4::ports_without_condition(space, sure, protocol)),
            possible: Protocol::WITH_PORTS.map(|protocol| l4::ports_of(space, possible, protocol)),
            conditional: conditional.collect(),
        }
    }

    /// Whether something passes, or may pass, that surely does not by the other.
    fn exceeds(&self, other: &Ports) -> bool {
        let has_own = self.conditional.iter().any(|part| !other.conditional.contains(part));
        !within(&self.possible, &other.possible)
            || !within(&self.sure, &other.sure)
            || has_own && !within(&self.possible, &other.sure)
    }
}

/// Whether all of `these` are in `those`; both are sorted and their ranges do not touch.
fn within(these: &[Vec<(u16, u16)>; 3], those: &[Vec<(u16, u16)>; 3]) -> bool {
    these.iter().zip(those).all(|(these, those)| {
        these.iter().all(|(first, last)| those.iter().any(|(low, high)| low <= first && last <= high))
    })
}

/// Compares the connections of two snapshots by workload, sorted by kind and ends.
pub fn diff(
    (old, old_snapshot): (&mut Engine, &Snapshot),
    (new, new_snapshot): (&mut Engine, &Snapshot),
    focus: &Focus,
) -> Vec<Change> {
    let old_names: BTreeSet<String> = list::workloads(old).into_iter().map(|w| w.end.to_string()).collect();
    let new_names: BTreeSet<String> = list::workloads(new).into_iter().map(|w| w.end.to_string()).collect();
    let borders = borders(old, new, focus.ipv6);
    let old_rows = refine(list::connections(old, old_snapshot, focus), &borders);
    let new_rows = refine(list::connections(new, new_snapshot, focus), &borders);
    let (old, new) = (&*old, &*new);

    let mut pairs: BTreeMap<(String, String), (End, End, Texts)> = BTreeMap::new();
    for (rows, is_old) in [(old_rows, true), (new_rows, false)] {
        for row in rows {
            let key = (row.from.to_string(), row.to.to_string());
            let text = whole_text(&row);
            let ports = Ports::of(if is_old { old } else { new }, &row);
            let pair = pairs.entry(key).or_insert_with(|| (row.from, row.to, Texts::default()));
            if is_old {
                (pair.2.old, pair.2.old_ports) = (Some(text), ports);
            } else {
                (pair.2.new, pair.2.new_ports) = (Some(text), ports);
            }
        }
    }
    let mut changes: Vec<Change> = merge_ranges(pairs.into_values())
        .into_iter()
        .map(|(from, to, texts)| {
            let (kind, names) = match (&texts.old, &texts.new) {
                (Some(old), Some(new)) if old == new => (ChangeKind::Unchanged, None),
                (Some(_), Some(_)) => (ChangeKind::Changed, None),
                (Some(_), None) => (ChangeKind::Removed, Some(&new_names)),
                (None, _) => (ChangeKind::Added, Some(&old_names)),
            };
            let is_lost =
                |end: &End| names.is_some_and(|names| !end.is_outside() && !names.contains(&end.to_string()));
            Change {
                kind,
                gains: texts.new_ports.exceeds(&texts.old_ports),
                loses: texts.old_ports.exceeds(&texts.new_ports),
                is_from_new_or_lost: is_lost(&from),
                is_to_new_or_lost: is_lost(&to),
                from,
                to,
                old: texts.old.unwrap_or_else(|| NONE.to_owned()),
                new: texts.new.unwrap_or_else(|| NONE.to_owned()),
            }
        })
        .collect();
    changes.sort_by_cached_key(|change| (change.kind, change.from.to_string(), change.to.to_string()));
    changes
}

/// What surely passes, and in words what may pass besides.
fn whole_text(row: &Row) -> String {
    match &row.unknown {
        None => row.text.clone(),
        Some(unknown) => format!("{} (perhaps also {unknown})", row.text),
    }
}

/// The ranges that neither of the two tells apart.
fn borders(old: &Engine, new: &Engine, ipv6: bool) -> Vec<IpRange> {
    let mut sets: Vec<IpSet> = Vec::new();
    for engine in [old, new] {
        for direction in Direction::BOTH {
            let ranges = list::outside(engine, direction, ipv6);
            sets.extend(ranges.into_iter().map(|(range, _)| [range].into_iter().collect()));
        }
    }
    let atoms = crate::ip::atoms(&sets);
    let mut ranges: Vec<IpRange> = atoms.iter().flat_map(|atom| atom.addresses.ranges().to_vec()).collect();
    ranges.sort_unstable();
    ranges
}

/// Rows with outside ranges cut at the borders.
fn refine(rows: Vec<Row>, borders: &[IpRange]) -> Vec<Row> {
    let mut refined = Vec::with_capacity(rows.len());
    let parts_of = |range: &IpRange| -> Vec<IpRange> {
        let is_part = |part: &&IpRange| {
            part.family == range.family && part.first >= range.first && part.last <= range.last
        };
        borders.iter().filter(is_part).copied().collect()
    };
    for row in rows {
        match (&row.from, &row.to) {
            (End::Range(range), _) => {
                let parts = parts_of(range).into_iter();
                refined.extend(parts.map(|part| Row { from: End::Range(part), ..row.clone() }));
            }
            (_, End::Range(range)) => {
                let parts = parts_of(range).into_iter();
                refined.extend(parts.map(|part| Row { to: End::Range(part), ..row.clone() }));
            }
            _ => refined.push(row),
        }
    }
    refined
}

/// Neighbouring ranges that have the same other end and texts become one.
fn merge_ranges(pairs: impl Iterator<Item = (End, End, Texts)>) -> Vec<(End, End, Texts)> {
    let mut merged = Vec::new();
    let mut ranges: BTreeMap<(bool, String, Texts), (End, Vec<IpRange>)> = BTreeMap::new();
    for (from, to, texts) in pairs {
        let (is_source, range, other) = match (&from, &to) {
            (End::Range(range), other) => (true, *range, other.clone()),
            (other, End::Range(range)) => (false, *range, other.clone()),
            _ => {
                merged.push((from, to, texts));
                continue;
            }
        };
        let key = (is_source, other.to_string(), texts);
        ranges.entry(key).or_insert_with(|| (other, Vec::new())).1.push(range);
    }
    for ((is_source, _, texts), (other, ranges)) in ranges {
        let set: IpSet = ranges.into_iter().collect();
        for range in set.ranges() {
            let end = End::Range(*range);
            merged.push(if is_source {
                (end, other.clone(), texts.clone())
            } else {
                (other.clone(), end, texts.clone())
            });
        }
    }
    merged
}

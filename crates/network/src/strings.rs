//! Patterns over texts (HTTP paths and hosts), cut into disjoint atoms so that sets of texts become sets of numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A pattern as policies write them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// This text.
    Exact(String),
    /// Texts that begin so.
    Prefix(String),
    /// Texts that end so.
    Suffix(String),
    /// Any text.
    Any,
}

impl Pattern {
    /// Reads Istio's form: `*`, `prefix*`, `*suffix`, or the text itself.
    pub fn parse(text: &str) -> Self {
        if text == "*" {
            Pattern::Any
        } else if let Some(prefix) = text.strip_suffix('*') {
            Pattern::Prefix(prefix.to_owned())
        } else if let Some(suffix) = text.strip_prefix('*') {
            Pattern::Suffix(suffix.to_owned())
        } else {
            Pattern::Exact(text.to_owned())
        }
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(exact) => exact == text,
            Pattern::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Pattern::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Pattern::Any => true,
        }
    }
}

impl fmt::Display for Pattern {
    /// As [`Pattern::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact(text) => f.write_str(text),
            Pattern::Prefix(text) => write!(f, "{text}*"),
            Pattern::Suffix(text) => write!(f, "*{text}"),
            Pattern::Any => f.write_str("*"),
        }
    }
}

/// Disjoint sets of texts, such that each given pattern is a union of some of them.
#[derive(Debug, Clone, Default)]
pub struct Atoms {
    /// One text of each atom.
    samples: Vec<String>,
    /// The patterns that they were made of.
    patterns: Vec<Pattern>,
}

/// More atoms than this and the patterns are too many to be told apart.
const MOST_ATOMS: usize = 100_000;

impl Atoms {
    /// The atoms of the patterns. Two texts are in one atom if exactly the same patterns match them.
    ///
    /// What a text matches is decided by its longest beginning that is a prefix pattern's, by its longest end that is
    /// a suffix pattern's, and by whether it is one of the exact texts. So it is enough to look at the exact texts,
    /// and at one text for each pair of beginning and end, long enough to be no exact one; and, because beginning
    /// and end may overlap in a short text, at every way to lay them over each other.
    pub fn of(patterns: &[Pattern]) -> Self {
        let mut prefixes = vec![String::new()];
        let mut suffixes = vec![String::new()];
        let mut samples = Vec::new();
        for pattern in patterns {
            match pattern {
                Pattern::Exact(text) => samples.push(text.clone()),
                Pattern::Prefix(text) => prefixes.push(text.clone()),
                Pattern::Suffix(text) => suffixes.push(text.clone()),
                Pattern::Any => {}
            }
        }
        for list in [&mut prefixes, &mut suffixes] {
            list.sort();
            list.dedup();
        }
        // A character that no pattern contains keeps beginning and end apart.
        let filler = ('\u{e000}'..='\u{f8ff}')
            .find(|filler| {
                !prefixes.iter().chain(&suffixes).chain(&samples).any(|text| text.contains(*filler))
            })
            .unwrap_or('\u{10fffd}');
        for prefix in &prefixes {
            for suffix in &suffixes {
                samples.push(format!("{prefix}{filler}{suffix}"));
                for (at, _) in prefix.char_indices().chain([(prefix.len(), ' ')]) {
                    if prefix.get(at..).is_some_and(|end| suffix.starts_with(end)) {
                        samples.push(format!("{}{suffix}", prefix.get(..at).unwrap_or_default()));
                    }
                }
            }
        }
        let mut by_matches: BTreeMap<Vec<u64>, String> = BTreeMap::new();
        for sample in samples {
            let mut key = vec![0u64; patterns.len().div_ceil(64)];
            for (index, pattern) in patterns.iter().enumerate() {
                if pattern.matches(&sample)
                    && let Some(word) = key.get_mut(index / 64)
                {
                    *word |= 1 << (index % 64);
                }
            }
            if by_matches.len() < MOST_ATOMS {
                by_matches.entry(key).or_insert(sample);
            }
        }
        Self { samples: by_matches.into_values().collect(), patterns: patterns.to_vec() }
    }

    /// The set of numbers as patterns that together mean it, those with `!` taken away from the others; empty where it
    /// is the whole line, `…` where no patterns of the policies are just that.
    pub fn describe(&self, ranges: &[(u32, u32)]) -> Vec<String> {
        let is_in = |index: usize| {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
        };
        let all: BTreeSet<usize> = (0..self.samples.len()).collect();
        let wanted: BTreeSet<usize> = all.iter().copied().filter(|index| is_in(*index)).collect();
        if wanted == all {
            return Vec::new();
        }
        if let Some(patterns) = self.cover(&wanted) {
            return patterns.iter().map(|pattern| pattern.to_string()).collect();
        }
        // A pattern, or everything, less some others.
        let whole = self.patterns.iter().chain([&Pattern::Any]);
        for pattern in whole {
            let of_pattern = self.atoms_of(pattern);
            if !wanted.is_subset(&of_pattern) {
                continue;
            }
            let less: BTreeSet<usize> = of_pattern.difference(&wanted).copied().collect();
            if let Some(less) = self.cover(&less) {
                let less = less.iter().map(|pattern| format!("!{pattern}"));
                let own = (*pattern != Pattern::Any).then(|| pattern.to_string());
                return own.into_iter().chain(less).collect();
            }
        }
        vec!["…".to_owned()]
    }

    fn atoms_of(&self, pattern: &Pattern) -> BTreeSet<usize> {
        let samples = self.samples.iter().enumerate();
        samples.filter(|(_, sample)| pattern.matches(sample)).map(|(index, _)| index).collect()
    }

    /// The fewest patterns, none within another, whose union is the set.
    fn cover(&self, wanted: &BTreeSet<usize>) -> Option<Vec<&Pattern>> {
        let mut within: Vec<(&Pattern, BTreeSet<usize>)> = self
            .patterns
            .iter()
            .map(|pattern| (pattern, self.atoms_of(pattern)))
            .filter(|(_, atoms)| !atoms.is_empty() && atoms.is_subset(wanted))
            .collect();
        within.sort_by_key(|(_, atoms)| std::cmp::Reverse(atoms.len()));
        let mut covered: BTreeSet<usize> = BTreeSet::new();
        let mut kept = Vec::new();
        for (pattern, atoms) in within {
            if !atoms.is_subset(&covered) {
                covered.extend(atoms);
                kept.push(pattern);
            }
        }
        kept.sort();
        (covered == *wanted).then_some(kept)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none, because no pattern was given.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The numbers of the atoms that a pattern is made of, as ranges. The last atom takes all numbers after it, so
    /// that all atoms together are the whole line.
    pub fn numbers(&self, pattern: &Pattern) -> Vec<(u32, u32)> {
        if self.samples.is_empty() {
            return vec![(0, u32::MAX)];
        }
        let last = self.samples.len() - 1;
        let matching = self.samples.iter().enumerate().filter(|(_, sample)| pattern.matches(sample));
        matching
            .map(|(index, _)| {
                let number = u32::try_from(index).unwrap_or(u32::MAX);
                (number, if index == last { u32::MAX } else { number })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ends_get_an_atom_of_their_own() {
        let patterns = [
            Pattern::Prefix("/ab".into()),
            Pattern::Suffix("bc".into()),
            Pattern::Exact("/abc".into()),
            Pattern::Prefix("/abc/".into()),
        ];
        let atoms = Atoms::of(&patterns);
        let of = |pattern: &Pattern| atoms.numbers(pattern).len();
        // `/abc` is all of the first three; nothing else is exact.
        assert_eq!(of(&Pattern::Exact("/abc".into())), 1);
        assert!(of(&patterns[0]) > of(&patterns[3]));
        assert_eq!(atoms.numbers(&Pattern::Any).len(), atoms.len());
    }
}

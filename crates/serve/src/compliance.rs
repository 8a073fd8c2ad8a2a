//! How much of what frameworks demand holds, as far as checks can tell.
//!
//! A control is judged by the checks that are mapped to it, and holds where none of them has an open finding. What no check is mapped
//! to is neither held nor violated: the score says nothing about it.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::RuleInfo;

/// Frameworks among what checks are mapped to; the rest are other tools.
const FRAMEWORKS: [&str; 5] = ["cis-1.12", "nist-800-53r5", "nsa-cisa", "pci-dss-4", "soc-2"];

/// Controls of a framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Controls {
    /// Those that hold.
    pub held: u32,
    /// Those that were judged.
    pub judged: u32,
}

impl Controls {
    /// What holds of what was judged, in percent.
    pub fn score(self) -> f64 {
        100.0 * f64::from(self.held) / f64::from(self.judged.max(1))
    }
}

/// How much holds, by framework.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compliance(pub BTreeMap<&'static str, Controls>);

impl Compliance {
    /// Judges controls by the checks that were asked of everything there is, and the slugs of those with open findings; nothing where
    /// no control was judged.
    pub fn judge<'r>(asked: impl Iterator<Item = &'r RuleInfo>, open: &BTreeSet<&str>) -> Option<Self> {
        let mut controls: BTreeMap<(&'static str, &str), bool> = BTreeMap::new();
        for rule in asked {
            for peer in rule.peers {
                let Some(framework) = FRAMEWORKS.iter().find(|framework| **framework == peer.peer) else {
                    continue;
                };
                *controls.entry((framework, peer.id)).or_insert(true) &= !open.contains(rule.slug);
            }
        }
        let mut frameworks: BTreeMap<&'static str, Controls> = BTreeMap::new();
        for ((framework, _), holds) in controls {
            let of = frameworks.entry(framework).or_default();
            of.judged += 1;
            of.held += u32::from(holds);
        }
        (!frameworks.is_empty()).then_some(Self(frameworks))
    }

    /// All frameworks together, each control once in each.
    pub fn score(&self) -> f64 {
        Self::score_of_all(std::iter::once(self))
    }

    /// Several clusters together, each control once in each framework of each.
    pub fn score_of_all<'c>(clusters: impl Iterator<Item = &'c Self>) -> f64 {
        let mut all = Controls::default();
        for controls in clusters.flat_map(|compliance| compliance.0.values()) {
            all.held += controls.held;
            all.judged += controls.judged;
        }
        all.score()
    }
}

#[cfg(test)]
mod tests {
    use haechi_checks::CHECKS;

    use super::*;

    fn judged(open: &[&str]) -> Compliance {
        let open = open.iter().copied().collect();
        Compliance::judge(CHECKS.iter().map(|check| &check.info), &open).unwrap()
    }

    #[test]
    fn a_finding_violates_the_controls_of_its_check_and_no_others() {
        let clean = judged(&[]);
        assert_eq!(clean.0.keys().copied().collect::<Vec<_>>(), FRAMEWORKS);
        assert!(clean.0.values().all(|controls| controls.held == controls.judged && controls.judged > 0));
        assert!((clean.score() - 100.0).abs() < f64::EPSILON);
        let check = CHECKS.iter().find(|check| check.info.slug == "privileged-container").unwrap();
        let found = judged(&["privileged-container"]);
        for (framework, controls) in &found.0 {
            let own: BTreeSet<&str> =
                check.info.peers.iter().filter(|peer| peer.peer == *framework).map(|peer| peer.id).collect();
            assert_eq!((controls.judged - controls.held) as usize, own.len(), "{framework}");
        }
        assert!(found.score() < 100.0);
    }

    #[test]
    fn more_findings_never_raise_the_score_and_nothing_judged_is_no_score() {
        let slugs: Vec<&str> = CHECKS.iter().map(|check| check.info.slug).collect();
        let mut before = judged(&[]).score();
        for count in (0..=slugs.len()).step_by(10) {
            let score = judged(&slugs[..count]).score();
            assert!(score <= before);
            before = score;
        }
        assert!(judged(&slugs).score().abs() < f64::EPSILON);
        assert_eq!(Compliance::judge(std::iter::empty(), &BTreeSet::new()), None);
    }
}

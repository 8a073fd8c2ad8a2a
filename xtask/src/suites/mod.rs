//! The suites, one file each.

mod detect;
mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[
    yaml::TRICKY,
    yaml::MANIFESTS,
    detect::FILTER_PARSER,
    detect::ENGINE_UNIT,
    detect::RULES_SHIPPED,
    detect::FALCO_SUITE,
    detect::FALCO_TESTING,
];

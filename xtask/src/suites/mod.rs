//! The suites, one file each.

mod network;
mod pss;
mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[
    Suite] = &[yaml::TRICKY,
    yaml::MANIFESTS,
    pss::FIXTURES,
    pss::API_SERVER,
    Suite] =
    &[yaml::TRICKY,
    network::CYCLONUS,
    network::POLICY_ASSISTANT,
    network::CNP,
];

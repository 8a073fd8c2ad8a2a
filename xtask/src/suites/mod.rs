//! The suites, one file each.

mod network;
mod pss;
mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[
    yaml::TRICKY,
    yaml::MANIFESTS,
    pss::FIXTURES,
    pss::API_SERVER,
    network::CYCLONUS,
    network::POLICY_ASSISTANT,
    network::CNP,
    network::NPGUARD,
    network::NCA,
    network::ISTIO,
];

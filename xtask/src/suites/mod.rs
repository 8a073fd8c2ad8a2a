//! The suites, one file each.

mod gatekeeper;
mod pss;
mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[
    yaml::TRICKY,
    yaml::MANIFESTS,
    pss::FIXTURES,
    pss::API_SERVER,
    gatekeeper::LIBRARY,
    gatekeeper::REVIEWS,
];

//! The suites, one file each.

mod cel_kubernetes;
mod cel_spec;
mod detect;
mod gatekeeper;
mod kubehound;
mod network;
mod polaris_fixes;
mod pss;
mod rbac;
mod textproto;
mod vap;
mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[
    yaml::TRICKY,
    yaml::MANIFESTS,
    pss::FIXTURES,
    pss::API_SERVER,
    rbac::API_SERVER,
    rbac::AUTHORIZER,
    rbac::UNIT,
    rbac::AUDIT2RBAC,
    kubehound::SUITE,
    network::CYCLONUS,
    network::POLICY_ASSISTANT,
    network::CNP,
    network::NPGUARD,
    network::NCA,
    network::ISTIO,
    detect::FILTER_PARSER,
    detect::ENGINE_UNIT,
    detect::RULES_SHIPPED,
    detect::FALCO_SUITE,
    detect::FALCO_TESTING,
    gatekeeper::LIBRARY,
    gatekeeper::REVIEWS,
    vap::KUBESCAPE,
    vap::KYVERNO,
    cel_kubernetes::SUITE,
    cel_spec::SUITE,
    polaris_fixes::SUITE,
];

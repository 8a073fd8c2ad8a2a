//! The suites, one file each.

mod cel_kubernetes;
mod cel_spec;
mod pss;
mod textproto;
mod vap;
mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[yaml::TRICKY, yaml::MANIFESTS, pss::FIXTURES, pss::API_SERVER, vap::KUBESCAPE, vap::KYVERNO, cel_kubernetes::SUITE, cel_spec::SUITE];

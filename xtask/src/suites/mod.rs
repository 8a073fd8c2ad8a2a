//! The suites, one file each.

mod cel_kubernetes;
mod cel_spec;
mod detect;
mod gatekeeper;
mod kubehound;
mod network;
mod posture;
mod posture_checkov;
mod posture_controls;
mod posture_kube_linter;
mod posture_kube_score;
mod posture_kubeaudit;
mod posture_kubernetes_goat;
mod posture_kubescape;
mod posture_kubesec;
mod posture_polaris;
mod posture_polaris_fixes;
mod posture_trivy;
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
    detect::AUDIT_LABELLED,
    detect::VPC_FLOW,
    detect::STRATUS,
    detect::INVICTUS,
    detect::EVENT_GENERATOR,
    detect::SCAP,
    gatekeeper::EXPANSION,
    gatekeeper::LIBRARY,
    gatekeeper::LIBRARY_REGO,
    gatekeeper::REVIEWS,
    vap::KUBESCAPE,
    vap::KYVERNO,
    cel_kubernetes::MANIFESTS,
    cel_kubernetes::SUITE,
    cel_spec::SUITE,
    posture_checkov::SUITE,
    posture_controls::SUITE,
    posture_kube_linter::SUITE,
    posture_kube_score::SUITE,
    posture_kubeaudit::SUITE,
    posture_kubernetes_goat::SUITE,
    posture_kubescape::SUITE,
    posture_kubesec::SUITE,
    posture_polaris::SUITE,
    posture_polaris_fixes::SUITE,
    posture_trivy::SUITE,
];

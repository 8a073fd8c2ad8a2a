//! Who may reach whom, and whether anyone is there.

pub(crate) mod dangling_ingress_backend;
pub(crate) mod dangling_service_monitor;
pub(crate) mod default_deny_missing;
pub(crate) mod exposed_service;
pub(crate) mod ingress_without_tls;
pub(crate) mod invalid_target_port;
mod isolation;
pub(crate) mod namespace_without_network_policy;
pub(crate) mod network_policy_without_pods;
pub(crate) mod pod_half_isolated;
pub(crate) mod pod_not_isolated;
pub(crate) mod service_external_ips;
pub(crate) mod service_without_pods;

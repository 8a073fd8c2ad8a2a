//! Who may reach whom, and whether anyone is there.
//!
//! What manifests do not show, and so no check says: the hop limit and version of a node's metadata service (only
//! policies towards it are seen), ports that a firewall outside of the cluster opens (a kubelet's or etcd's own
//! configuration is seen), and limits on requests that a load balancer or the mesh sets. Pods that could answer for
//! others' addresses are the matter of `net-raw-not-dropped`, pods on their node's network that of
//! `host-network-namespace`.

mod cidr;
pub(crate) mod dangling_ingress_backend;
pub(crate) mod dangling_service_monitor;
pub(crate) mod default_deny_missing;
mod doors;
pub(crate) mod etcd_without_client_certificates;
pub(crate) mod exposed_interface_without_authentication;
pub(crate) mod exposed_service;
pub(crate) mod gateway_open_to_all_namespaces;
pub(crate) mod ingress_nginx_snippet;
pub(crate) mod ingress_without_rate_limit;
pub(crate) mod ingress_without_tls;
pub(crate) mod invalid_network_policy;
pub(crate) mod invalid_target_port;
mod isolation;
pub(crate) mod istio_authorization_allows_all;
pub(crate) mod istio_default_deny_missing;
pub(crate) mod istio_destination_rule_without_tls;
pub(crate) mod istio_egress_allow_any;
pub(crate) mod istio_gateway_weak_tls;
pub(crate) mod istio_jwt_not_required;
pub(crate) mod istio_mtls_not_strict;
pub(crate) mod istio_sidecar_bypassed;
pub(crate) mod kubectl_proxy_exposed;
pub(crate) mod kubelet_open;
pub(crate) mod metadata_api_reachable;
pub(crate) mod namespace_without_network_policy;
pub(crate) mod network_policies_not_enforced;
pub(crate) mod network_policy_allows_all;
pub(crate) mod network_policy_peer_without_pods;
pub(crate) mod network_policy_unknown_port;
pub(crate) mod network_policy_without_pods;
pub(crate) mod pod_half_isolated;
pub(crate) mod pod_not_isolated;
pub(crate) mod retired_ingress_nginx;
pub(crate) mod service_external_ips;
pub(crate) mod service_without_pods;
pub(crate) mod workload_exposed_to_internet;

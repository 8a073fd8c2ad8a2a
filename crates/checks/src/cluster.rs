//! What namespaces and cluster-wide objects say.

pub(crate) mod admission_webhook;
pub(crate) mod api_server_insecure_port;
pub(crate) mod gatekeeper_prefix_open;
pub(crate) mod limit_range_missing;
pub(crate) mod pod_security_not_enforced;
pub(crate) mod pod_security_not_restricted;
mod pod_security_policy;
pub(crate) mod policy_allows_added_capabilities;
pub(crate) mod policy_allows_host_ipc;
pub(crate) mod policy_allows_host_network;
pub(crate) mod policy_allows_host_pid;
pub(crate) mod policy_allows_privilege_escalation;
pub(crate) mod policy_allows_privileged;
pub(crate) mod policy_allows_root;
pub(crate) mod policy_keeps_capabilities;
pub(crate) mod policy_without_seccomp;
pub(crate) mod rbac_authorizer_missing;
pub(crate) mod resource_quota_missing;
pub(crate) mod scc_allows_privileged;
pub(crate) mod storage_not_encrypted;
pub(crate) mod webhook_fails_open;

//! Who may do what: roles, bindings and the credentials of service accounts.

mod rule;

pub(crate) mod admission_webhooks_writable;
pub(crate) mod anonymous_access_granted;
pub(crate) mod authenticated_group_bound;
pub(crate) mod aws_auth_writable;
pub(crate) mod bind_or_escalate_allowed;
pub(crate) mod certificate_approval_allowed;
pub(crate) mod cluster_admin_bound;
pub(crate) mod coredns_config_writable;
pub(crate) mod default_role_widened;
pub(crate) mod default_service_account_bound;
pub(crate) mod events_deletable;
pub(crate) mod impersonation_allowed;
pub(crate) mod long_lived_token_secret;
pub(crate) mod network_objects_writable;
pub(crate) mod node_proxy_allowed;
pub(crate) mod orphan_binding;
pub(crate) mod persistent_volumes_creatable;
pub(crate) mod pod_exec_allowed;
pub(crate) mod pods_creatable;
pub(crate) mod port_forward_allowed;
pub(crate) mod rbac_objects_writable;
pub(crate) mod secrets_readable;
pub(crate) mod secrets_writable;
pub(crate) mod service_account_tokens_creatable;
pub(crate) mod service_status_writable;
pub(crate) mod system_masters_bound;
pub(crate) mod system_nodes_bound;
pub(crate) mod wildcard_in_role;
pub(crate) mod workload_with_takeover_role;
pub(crate) mod workloads_deletable;
pub(crate) mod workloads_writable;

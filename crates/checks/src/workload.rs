//! How pods and containers are set up.

pub(crate) mod capabilities_not_dropped;
pub(crate) mod container_runs_as_root;
pub(crate) mod container_runtime_socket_mounted;
pub(crate) mod cpu_request_missing;
pub(crate) mod dangerous_capability_added;
pub(crate) mod host_ipc_namespace;
pub(crate) mod host_network_namespace;
pub(crate) mod host_path_volume;
pub(crate) mod host_pid_namespace;
pub(crate) mod host_port;
pub(crate) mod memory_limit_missing;
pub(crate) mod memory_request_missing;
pub(crate) mod privilege_escalation_allowed;
pub(crate) mod privileged_container;
pub(crate) mod proc_mount_unmasked;
pub(crate) mod seccomp_profile_missing;
pub(crate) mod seccomp_unconfined;
pub(crate) mod sensitive_host_path_mounted;
pub(crate) mod service_account_token_mounted;
pub(crate) mod unsafe_sysctl;
pub(crate) mod windows_host_process;
pub(crate) mod writable_root_filesystem;

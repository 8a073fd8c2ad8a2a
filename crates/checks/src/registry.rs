use crate::check::Check;
use crate::{image, workload};

/// Every check, ordered by area and slug. A new check is one line here.
pub static CHECKS: &[&Check] = &[
    &image::mutable_image_tag::CHECK,
    &workload::capabilities_not_dropped::CHECK,
    &workload::container_runs_as_root::CHECK,
    &workload::container_runtime_socket_mounted::CHECK,
    &workload::cpu_request_missing::CHECK,
    &workload::dangerous_capability_added::CHECK,
    &workload::host_ipc_namespace::CHECK,
    &workload::host_network_namespace::CHECK,
    &workload::host_path_volume::CHECK,
    &workload::host_pid_namespace::CHECK,
    &workload::host_port::CHECK,
    &workload::memory_limit_missing::CHECK,
    &workload::memory_request_missing::CHECK,
    &workload::privilege_escalation_allowed::CHECK,
    &workload::privileged_container::CHECK,
    &workload::proc_mount_unmasked::CHECK,
    &workload::seccomp_profile_missing::CHECK,
    &workload::seccomp_unconfined::CHECK,
    &workload::sensitive_host_path_mounted::CHECK,
    &workload::service_account_token_mounted::CHECK,
    &workload::unsafe_sysctl::CHECK,
    &workload::windows_host_process::CHECK,
    &workload::writable_root_filesystem::CHECK,
];

/// The check with that slug.
pub fn find(slug: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.info.slug == slug)
}

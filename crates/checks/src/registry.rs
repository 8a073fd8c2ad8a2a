use crate::check::Check;
use crate::{image, workload};

/// Every check, ordered by area and slug. A new check is one line here.
pub static CHECKS: &[&Check] = &[
    &image::mutable_image_tag::CHECK,
    &workload::apparmor_profile_missing::CHECK,
    &workload::apparmor_unconfined::CHECK,
    &workload::capabilities_not_dropped::CHECK,
    &workload::container_runs_as_root::CHECK,
    &workload::container_runtime_socket_mounted::CHECK,
    &workload::cpu_limit_missing::CHECK,
    &workload::cpu_request_missing::CHECK,
    &workload::dangerous_capability_added::CHECK,
    &workload::ephemeral_storage_unbounded::CHECK,
    &workload::host_aliases_set::CHECK,
    &workload::host_ipc_namespace::CHECK,
    &workload::host_network_namespace::CHECK,
    &workload::host_path_volume::CHECK,
    &workload::host_pid_namespace::CHECK,
    &workload::host_port::CHECK,
    &workload::kernel_hardening_missing::CHECK,
    &workload::low_group_id::CHECK,
    &workload::low_user_id::CHECK,
    &workload::memory_limit_missing::CHECK,
    &workload::memory_request_missing::CHECK,
    &workload::net_raw_not_dropped::CHECK,
    &workload::privilege_escalation_allowed::CHECK,
    &workload::privileged_container::CHECK,
    &workload::proc_mount_unmasked::CHECK,
    &workload::requests_below_limits::CHECK,
    &workload::resources_out_of_bounds::CHECK,
    &workload::root_group::CHECK,
    &workload::seccomp_profile_missing::CHECK,
    &workload::seccomp_unconfined::CHECK,
    &workload::security_context_missing::CHECK,
    &workload::sensitive_host_path_mounted::CHECK,
    &workload::service_account_token_mounted::CHECK,
    &workload::unsafe_selinux_options::CHECK,
    &workload::unsafe_sysctl::CHECK,
    &workload::user_namespace_not_used::CHECK,
    &workload::volume_type_not_allowed::CHECK,
    &workload::windows_host_process::CHECK,
    &workload::writable_host_path_mount::CHECK,
    &workload::writable_root_filesystem::CHECK,
];

/// The check with that slug.
pub fn find(slug: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.info.slug == slug)
}

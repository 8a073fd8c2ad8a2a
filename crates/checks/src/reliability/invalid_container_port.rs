use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags container ports that Kubernetes refuses: without a number, with a number or name out of bounds, or with a
/// name that stands twice in the container.
/// ## Why is this bad?
/// Kubernetes refuses the pod, so that what it was to replace stays as it is.
/// ## Example
/// ```yaml
/// ports:
/// - name: my-very-long-port-name
///   containerPort: 80
/// ```
/// ## Use instead
/// ```yaml
/// ports:
/// - name: http
///   containerPort: 80
/// ```
/// ## Decisions
/// Numbers go from 1 to 65535; names have at most 15 lower-case letters, digits and single dashes, with a letter
/// among them. Kubernetes takes one name in two containers and warns, so that is left alone.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "invalid-container-port",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/services-networking/service/"],
        peers: &[peer("kube-score", "Container Ports Check"), peer("kube-linter", "invalid-target-ports")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let mut names: Vec<&str> = Vec::new();
        for port in container.node().get("ports").map(Node::items).into_iter().flatten() {
            let name = port.get("name").and_then(Node::as_str).map(str::trim).unwrap_or_default();
            let number = port.get("containerPort");
            let is_number =
                number.and_then(Node::as_i64).is_some_and(|number| (1..=65_535).contains(&number));
            let is_twice = !name.is_empty() && names.contains(&name);
            names.push(name);
            if !is_number || is_twice || !(name.is_empty() || is_port_name(name)) {
                let place = if is_number { port.get("name").unwrap_or(port) } else { number.unwrap_or(port) };
                out.report(&CHECK, place).container(container).part("port", name);
            }
        }
    }
}

/// An IANA service name.
pub(crate) fn is_port_name(name: &str) -> bool {
    name.len() <= 15
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

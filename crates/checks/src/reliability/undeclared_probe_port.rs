use haechi_model::{RuleInfo, Severity};
use haechi_objects::{Container, Pod};
use haechi_syntax::{Node, Value};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags probes that ask a port which the container does not declare.
/// ## Why is this bad?
/// A name that is not declared never resolves, so the probe fails whatever the program does. A number that is not
/// declared is often the wrong one.
/// ## Example
/// ```yaml
/// ports:
/// - name: http
///   containerPort: 8080
/// livenessProbe:
///   httpGet: {path: /livez, port: web}
/// ```
/// ## Use instead
/// ```yaml
/// ports:
/// - name: http
///   containerPort: 8080
/// livenessProbe:
///   httpGet: {path: /livez, port: http}
/// ```
/// ## Decisions
/// A named port that is not declared never resolves, and the probe fails for good. A number works whether declared
/// or not: it is flagged low, and only where the container declares other ports, since then it is likely a mistake.
/// UDP ports cannot be probed.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "undeclared-probe-port",
        area: "reliability",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"],
        peers: &[
            peer("kube-linter", "liveness-port"),
            peer("kube-linter", "readiness-port"),
            peer("kube-linter", "startup-port"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for (probe, path) in
            [("livenessProbe", "liveness"), ("readinessProbe", "readiness"), ("startupProbe", "startup")]
        {
            let Some(node) = container.node().get(probe) else { continue };
            for action in ["httpGet", "tcpSocket", "grpc"] {
                let Some(port) = node.at(&[action, "port"]) else { continue };
                let Some(is_named) = undeclared(container, port) else { continue };
                let shown = match port.value() {
                    Value::String(name) => name.to_owned(),
                    _ => port.as_i64().unwrap_or_default().to_string(),
                };
                let finding = out.report(&CHECK, port);
                finding.container(container).part("probe", path).arg("port", shown);
                if !is_named {
                    finding.severity(Severity::Low);
                }
            }
        }
    }
}

/// Whether the port is a name, if the container does not declare it.
fn undeclared(container: Container<'_>, port: Node<'_>) -> Option<bool> {
    let declared = container.node().get("ports").map(Node::items);
    let mut tcp = declared.into_iter().flatten().filter(|declared| {
        declared.get("protocol").and_then(Node::as_str).is_none_or(|protocol| protocol == "TCP")
    });
    let declares_some = container.node().get("ports").is_some_and(|ports| !ports.is_empty());
    match port.value() {
        Value::String(name) if name.parse::<u16>().is_err() => {
            let is_declared = tcp.any(|declared| declared.get("name").and_then(Node::as_str) == Some(name));
            (!is_declared).then_some(true)
        }
        value => {
            let number = match value {
                Value::String(text) => text.parse::<i64>().ok(),
                _ => port.as_i64(),
            }?;
            let is_declared =
                tcp.any(|declared| declared.get("containerPort").and_then(Node::as_i64) == Some(number));
            (!is_declared && declares_some).then_some(false)
        }
    }
}

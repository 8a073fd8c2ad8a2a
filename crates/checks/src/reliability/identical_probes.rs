use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, Value};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers whose liveness and readiness probe ask for the same in the same way.
/// ## Why is this bad?
/// A slow dependency fails both probes: instead of leaving the Service for a while, all replicas are restarted at
/// once, which makes an overload worse.
/// ## Example
/// ```yaml
/// livenessProbe:
///   httpGet: {path: /health, port: 8080}
/// readinessProbe:
///   httpGet: {path: /health, port: 8080}
/// ```
/// ## Use instead
/// ```yaml
/// livenessProbe:
///   httpGet: {path: /livez, port: 8080}
/// readinessProbe:
///   httpGet: {path: /readyz, port: 8080}
/// ```
/// ## Decisions
/// The same request with a higher failure threshold or longer period is a common and sound choice: then the pod
/// first leaves the Service and is restarted later. It is flagged only where the liveness probe is no more patient.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "identical-probes",
        area: "reliability",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"],
        peers: &[peer("kube-score", "Pod Probes Identical")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let (Some(live), Some(ready)) =
            (container.node().get("livenessProbe"), container.node().get("readinessProbe"))
        else {
            continue;
        };
        let mut actions = ["httpGet", "tcpSocket", "exec", "grpc"].iter();
        let is_same = actions.any(|action| match (live.get(action), ready.get(action)) {
            (Some(live), Some(ready)) => same(live, ready),
            _ => false,
        });
        if is_same && patience(live) <= patience(ready) {
            out.report(&CHECK, live).container(container);
        }
    }
}

/// Seconds until the probe gives up, after the API server's defaults.
fn patience(probe: Node<'_>) -> i64 {
    let number = |field: &str, default| probe.get(field).and_then(Node::as_i64).unwrap_or(default);
    number("failureThreshold", 3).saturating_mul(number("periodSeconds", 10))
}

fn same(one: Node<'_>, other: Node<'_>) -> bool {
    match (one.value(), other.value()) {
        (Value::Mapping(a), Value::Mapping(b)) => {
            a.len() == b.len()
                && a.zip(b)
                    .all(|(a, _)| other.get(a.key).is_some_and(|b| same(a.value, b)) || a.value.is_null())
        }
        (Value::Sequence(a), Value::Sequence(b)) => a.len() == b.len() && a.zip(b).all(|(a, b)| same(a, b)),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => one.as_i64().is_some() && one.as_i64() == other.as_i64(),
    }
}

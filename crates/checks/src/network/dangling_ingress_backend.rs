use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::{Node, Value};

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags Ingresses and routes of the Gateway API whose backend Service is not in the scan, or lacks the port.
/// ## Why is this bad?
/// Users get errors. Whoever may create a Service of that name receives their requests, credentials included.
/// ## Example
/// ```yaml
/// backend:
///   service:
///     name: shpo
///     port: {number: 80}
/// ```
/// ## Use instead
/// ```yaml
/// backend:
///   service:
///     name: shop
///     port: {number: 80}
/// ```
/// ## Decisions
/// Only where the scan holds Services for that namespace. Backends in another namespace are looked up there. A
/// backend that names neither a Service nor a resource is refused by the API server and flagged too; so are the
/// fields of an older version of the API.
/// Others, such as controllers, may make what the scan does not hold: unless the scan is whole, or holds one with almost
/// that name, it is told for information.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "dangling-ingress-backend",
        area: "network",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/services-networking/ingress/",
            "https://gateway-api.sigs.k8s.io/",
        ],
        peers: &[
            peer("kubescape", "C-0298"),
            peer("kubescape", "C-0302"),
            peer("kube-linter", "dangling-ingress"),
            peer("kube-score", "Ingress targets Service"),
        ],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let Some(spec) = object.spec() else { return };
    let is_ingress =
        object.kind() == "Ingress" && matches!(object.group(), "networking.k8s.io" | "extensions");
    if is_ingress {
        let rules = spec.get("rules").map(Node::items).into_iter().flatten();
        let paths = rules.flat_map(|rule| rule.at(&["http", "paths"]).map(Node::items).into_iter().flatten());
        let of_paths = paths.filter_map(|path| path.get("backend"));
        let default = spec.get("defaultBackend").or_else(|| spec.get("backend"));
        for backend in default.into_iter().chain(of_paths) {
            ingress_backend(object, backend, context, out);
        }
    } else if object.group() == "gateway.networking.k8s.io" && object.kind().ends_with("Route") {
        let rules = spec.get("rules").map(Node::items).into_iter().flatten();
        for backend in rules.flat_map(|rule| rule.get("backendRefs").map(Node::items).into_iter().flatten()) {
            let text = |field: &str| backend.get(field).and_then(Node::as_str);
            if text("kind").unwrap_or("Service") != "Service" || !text("group").unwrap_or_default().is_empty()
            {
                continue;
            }
            let Some(name) = backend.get("name") else { continue };
            let namespace = text("namespace").or(object.namespace());
            judge(Target { name, port: backend.get("port"), namespace }, context, out);
        }
    }
}

struct Target<'d> {
    name: Node<'d>,
    port: Option<Node<'d>>,
    namespace: Option<&'d str>,
}

fn ingress_backend(object: Object<'_>, backend: Node<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if backend.get("resource").is_some() {
        return;
    }
    let is_new = object.api_version() == "networking.k8s.io/v1";
    let (name, port) = if is_new {
        let port = backend.at(&["service", "port"]);
        let port = port.and_then(|port| port.get("number").or_else(|| port.get("name")));
        (backend.at(&["service", "name"]), port)
    } else {
        (backend.get("serviceName"), backend.get("servicePort"))
    };
    match name {
        Some(name) => judge(Target { name, port, namespace: object.namespace() }, context, out),
        None => {
            out.report(&CHECK, backend).part("name", "");
        }
    }
}

fn judge(target: Target<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let Some(name) = target.name.as_str() else { return };
    // Made by the AWS load balancer controller out of annotations.
    if target.port.and_then(Node::as_str) == Some("use-annotation") {
        return;
    }
    let mut services = context.inventory.named("", "Service", target.namespace, name).peekable();
    if services.peek().is_none() {
        if !context.may_be_elsewhere("", "Service", target.namespace) {
            let severity = context.severity_of_missing(&CHECK, "", "Service", target.namespace, name);
            out.report(&CHECK, target.name).part("name", name).severity(severity);
        }
        return;
    }
    let Some(port) = target.port else { return };
    let is_served = services.any(|service| {
        let Some(ports) = service.node().at(&["spec", "ports"]) else { return true };
        ports.items().any(|served| match port.value() {
            Value::String(name) => {
                let number = name.parse::<i64>().ok();
                served.get("name").and_then(Node::as_str) == Some(name)
                    || (number.is_some() && served.get("port").and_then(Node::as_i64) == number)
            }
            _ => served.get("port").and_then(Node::as_i64) == port.as_i64(),
        })
    });
    if !is_served {
        out.report(&CHECK, port).part("name", name);
    }
}

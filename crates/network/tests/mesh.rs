//! The mesh behind the network: what Istio's policies take from what network policies leave, and how the rest is
//! protected on the wire.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_network::encryption;
use haechi_network::flows::{self, Flow, FlowEnd, Replay};
use haechi_network::l4::Protocol;
use haechi_network::mesh::Encryption;
use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::{Engine, Profile};
use haechi_syntax::{Limits, parse};

/// `in-a` and `in-b` have proxies, `out` has none.
const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: mesh, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: plain}
---
apiVersion: v1
kind: Pod
metadata: {name: in-a, namespace: mesh, labels: {app: a}}
spec: {serviceAccountName: a, containers: [{name: c}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: in-b, namespace: mesh, labels: {app: b}}
spec: {serviceAccountName: b, containers: [{name: c}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: out, namespace: plain, labels: {app: a}}
spec: {serviceAccountName: a, containers: [{name: c}]}
status: {podIP: 10.0.0.3}
";

fn snapshot(more: &str) -> Snapshot {
    let text = format!("{PODS}---\n{more}");
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "mesh.yaml".into(), document }).collect();
    read(&inputs, &Options::default())
}

/// Answers for `in-a`, `out` and an address outside on TCP 80 and UDP 80 of `in-b`.
fn answers(more: &str) -> String {
    let snapshot = snapshot(more);
    let mut engine = Engine::new(snapshot.world.clone(), Profile::STRICT);
    let pod = |name: &str| {
        FlowEnd::Endpoint(snapshot.world.endpoints.iter().position(|endpoint| endpoint.name == name).unwrap())
    };
    let mut found = String::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for from in [pod("in-a"), pod("out"), FlowEnd::Address("8.8.8.8".parse().unwrap())] {
            let flow = Flow { from, to: pod("in-b"), protocol, port: 80, was_allowed: None };
            found.push(match flows::replay(&mut engine, &flow) {
                Replay::Passes => '+',
                Replay::Refused => '-',
                Replay::Unknown => '?',
            });
        }
        found.push(' ');
    }
    found.trim_end().to_owned()
}

fn authorization(spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p, namespace: mesh}}\nspec: {spec}\n---\n"
    )
}

const STRICT: &str = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: mesh}\nspec: {mtls: {mode: STRICT}}\n---\n";

#[test]
fn without_policies_of_the_mesh_everything_passes() {
    assert_eq!(answers(""), "+++ +++");
}

#[test]
fn a_strict_workload_refuses_who_has_no_proxy_over_tcp_only() {
    assert_eq!(answers(STRICT), "+-- +++");
}

#[test]
fn an_exception_for_a_port_is_one() {
    let text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: mesh}\nspec: {selector: {matchLabels: {app: b}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: PERMISSIVE}}}\n";
    assert_eq!(answers(text), "+++ +++");
    let other = text.replace("80:", "81:");
    assert_eq!(answers(&other), "+-- +++");
}

#[test]
fn an_empty_spec_refuses_everything_and_an_empty_rule_allows_everything() {
    assert_eq!(answers(&authorization("{}")), "--- +++");
    assert_eq!(answers(&authorization("{rules: [{}]}")), "+++ +++");
    assert_eq!(answers(&authorization("{action: DENY, rules: [{}]}")), "--- +++");
}

#[test]
fn principals_are_those_of_the_mesh() {
    let allow = authorization("{rules: [{from: [{source: {principals: ['cluster.local/ns/*']}}]}]}");
    assert_eq!(answers(&allow), "+-- +++");
    let other = authorization("{rules: [{from: [{source: {principals: ['cluster.local/ns/mesh/sa/b']}}]}]}");
    assert_eq!(answers(&other), "--- +++");
    let not = authorization("{action: DENY, rules: [{from: [{source: {notNamespaces: [mesh]}}]}]}");
    assert_eq!(answers(&not), "+-- +++");
}

#[test]
fn where_some_calls_are_plain_a_caller_may_have_no_identity() {
    let allow = authorization("{rules: [{from: [{source: {namespaces: [mesh]}}]}]}");
    let disable = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: d, namespace: mesh}\nspec: {host: b, trafficPolicy: {tls: {mode: DISABLE}}}\n---\n";
    assert_eq!(answers(&(allow + disable)), "?-- +++");
}

#[test]
fn addresses_are_those_of_pods_too() {
    let allow = authorization("{rules: [{from: [{source: {ipBlocks: ['10.0.0.3', '8.0.0.0/8']}}]}]}");
    assert_eq!(answers(&allow), "-++ +++");
}

#[test]
fn deny_wins_and_custom_is_unknown() {
    let both = authorization("{rules: [{}]}")
        + &authorization("{action: DENY, rules: [{to: [{operation: {ports: ['80']}}]}]}")
            .replace("name: p", "name: q");
    assert_eq!(answers(&both), "--- +++");
    let custom = authorization("{action: CUSTOM, provider: {name: x}, rules: [{}]}");
    assert_eq!(answers(&custom), "??? +++");
}

#[test]
fn a_policy_for_a_pod_without_proxy_does_nothing() {
    let text = authorization("{}").replace("namespace: mesh", "namespace: plain");
    let snapshot = snapshot(&text);
    let mut engine = Engine::new(snapshot.world.clone(), Profile::STRICT);
    let flow = Flow {
        from: FlowEnd::Endpoint(0),
        to: FlowEnd::Endpoint(2),
        protocol: Protocol::Tcp,
        port: 80,
        was_allowed: None,
    };
    assert_eq!(flows::replay(&mut engine, &flow), Replay::Passes);
}

#[test]
fn the_mesh_opens_nothing_that_the_network_closes() {
    let closed = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: mesh}\nspec: {podSelector: {}}\n---\n";
    assert_eq!(answers(&(authorization("{rules: [{}]}") + closed)), "--- ---");
}

#[test]
fn a_sidecar_limits_only_where_unknown_destinations_are_refused() {
    let sidecar = |mode: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: s, namespace: mesh}}\nspec: {{egress: [{{hosts: ['./nothing.mesh.svc.cluster.local']}}], outboundTrafficPolicy: {{mode: {mode}}}}}\n---\n"
        )
    };
    assert_eq!(answers(&sidecar("ALLOW_ANY")), "+++ +++");
    assert_eq!(answers(&sidecar("REGISTRY_ONLY")), "-++ +++");
}

fn protection(more: &str, from: usize, to: usize) -> Vec<Encryption> {
    let snapshot = snapshot(more);
    let endpoints = &snapshot.world.endpoints;
    let (from, to) = (endpoints.get(from), endpoints.get(to).unwrap());
    encryption::between(&snapshot, from, to, &[(80, 80)]).into_iter().collect()
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata: {enable-wireguard: 'true'}\n---\n";

#[test]
fn proxies_on_both_sides_speak_mutual_tls() {
    assert_eq!(protection("", 0, 1), [Encryption::MutualTls]);
    assert_eq!(protection("", 2, 1), [Encryption::Plaintext]);
    assert_eq!(protection("", 0, 2), [Encryption::Plaintext]);
    assert_eq!(protection(STRICT, 2, 1), [Encryption::Broken]);
    let off = STRICT.replace("STRICT", "DISABLE");
    assert_eq!(protection(&off, 0, 1), [Encryption::Plaintext]);
}

#[test]
fn the_network_plugin_encrypts_what_the_mesh_does_not() {
    assert_eq!(protection(CONFIG, 2, 1), [Encryption::Network]);
    assert_eq!(protection(CONFIG, 0, 1), [Encryption::MutualTls]);
    assert_eq!(protection(&CONFIG.replace("'true'", "'false'"), 2, 1), [Encryption::Plaintext]);
    let calico = "apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {wireguardEnabled: true}\n";
    assert_eq!(protection(calico, 2, 1), [Encryption::Network]);
    let ovn = "apiVersion: operator.openshift.io/v1\nkind: Network\nmetadata: {name: cluster}\nspec: {defaultNetwork: {ovnKubernetesConfig: {ipsecConfig: {mode: Full}}}}\n";
    assert_eq!(protection(ovn, 2, 1), [Encryption::Network]);
}

#[test]
fn whether_a_pod_of_an_unread_namespace_has_a_proxy_is_not_known() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: elsewhere}\nspec: {containers: [{name: c}]}\n";
    assert_eq!(protection(pod, 3, 1), [Encryption::Unknown]);
}

const ENTRY: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: mesh}\nspec: {selector: {app: b}, ports: [{port: 80}]}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: mesh}\nspec:\n  hosts: [b.example]\n  gateways: [edge/gate]\n  http: [{route: [{destination: {host: b, port: {number: 80}}}]}]\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: gate, namespace: edge}\nspec: {servers: [{port: {number: 443, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE}}]}\n";

#[test]
fn a_virtual_service_with_a_gateway_is_an_entry_with_the_gateways_tls() {
    let entries = |text: &str| snapshot(text).entries;
    let found = entries(ENTRY);
    assert_eq!(found.len(), 1);
    let entry = found.first().unwrap();
    assert!(entry.tls);
    let backend = entry.backends.first().unwrap();
    assert_eq!((backend.namespace.as_str(), backend.service.as_str()), ("mesh", "b"));
    assert_eq!(backend.hosts, ["b.example"]);
    let plain = entries(&ENTRY.replace("protocol: HTTPS", "protocol: HTTP"));
    assert!(!plain.first().unwrap().tls);
    assert!(entries(&ENTRY.replace("gateways: [edge/gate]", "gateways: [mesh]")).is_empty());
}

#[test]
fn a_route_has_the_tls_of_all_listeners_that_it_asks_for() {
    let text = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: mesh}\nspec: {listeners: [{name: plain, port: 80, protocol: HTTP}, {name: tls, port: 443, protocol: HTTPS}]}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: mesh}\nspec: {parentRefs: [{name: g, sectionName: tls}], rules: [{backendRefs: [{name: b, port: 80}]}]}\n";
    let tls = |text: &str| snapshot(text).entries.first().unwrap().tls;
    assert!(tls(text));
    assert!(!tls(&text.replace(", sectionName: tls", "")));
    assert!(!tls(&text.replace("name: g, sectionName", "name: gone, sectionName")));
}

#[test]
fn a_flow_to_a_port_that_is_open_for_some_requests_only_is_unknown() {
    assert_eq!(
        answers(&authorization("{rules: [{to: [{operation: {methods: [GET], ports: ['80']}}]}]}")),
        "??? +++"
    );
}

//! CiliumNetworkPolicy as Cilium's documentation describes it.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_network::flows::{self, Flow, FlowEnd, Replay};
use haechi_network::l4::Protocol;
use haechi_network::notice::NoticeKind;
use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::{Engine, Profile};
use haechi_syntax::{Limits, parse};

/// Three pods in two namespaces, one of them in its node's network.
const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: one, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: one, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: one, labels: {app: db}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: two, labels: {app: web}}
spec: {containers: [{name: c}]}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Pod
metadata: {name: node, namespace: two}
spec: {hostNetwork: true, containers: [{name: c}]}
status: {podIP: 192.168.0.1}
";

fn snapshot(policies: &str) -> Snapshot {
    let text = format!("{PODS}---\n{policies}");
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "cnp.yaml".into(), document }).collect();
    read(&inputs, &Options { profile: Profile::CILIUM, ..Options::default() })
}

fn cnp(spec: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, namespace: one}}\nspec:\n{spec}\n"
    )
}

fn ccnp(spec: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {{name: p}}\nspec:\n{spec}\n"
    )
}

/// `from to port[/protocol]` for each question, `+`, `-` or `?` for each answer.
fn answers(policies: &str, questions: &[&str]) -> String {
    let snapshot = snapshot(policies);
    let mut engine = Engine::new(snapshot.world.clone(), Profile::CILIUM);
    let answer = |question: &&str| {
        let parts: Vec<&str> = question.split(' ').collect();
        let end = |text: &str| match text.parse() {
            Ok(address) => FlowEnd::Address(address),
            Err(_) => {
                let pods = snapshot.world.endpoints.iter();
                FlowEnd::Endpoint(pods.clone().position(|endpoint| endpoint.name == text).unwrap())
            }
        };
        let (port, protocol) = parts[2].split_once('/').unwrap_or((parts[2], "TCP"));
        let flow = Flow {
            from: end(parts[0]),
            to: end(parts[1]),
            protocol: Protocol::parse(protocol).unwrap(),
            port: port.parse().unwrap(),
            was_allowed: None,
        };
        match flows::replay(&mut engine, &flow) {
            Replay::Passes => '+',
            Replay::Refused => '-',
            Replay::Unknown => '?',
        }
    };
    questions.iter().map(answer).collect()
}

const TO_WEB: [&str; 4] = ["db web 80", "far web 80", "8.8.8.8 web 80", "db web 81"];

#[test]
fn a_direction_without_rules_stays_open() {
    let policy = cnp("  endpointSelector: {matchLabels: {app: web}}\n  egress: [{toEntities: [cluster]}]");
    assert_eq!(answers(&policy, &TO_WEB), "++++");
    assert_eq!(answers(&policy, &["web db 80", "web 8.8.8.8 443"]), "+-");
}

#[test]
fn an_empty_rule_closes_the_direction_and_allows_nobody() {
    assert_eq!(
        answers(&cnp("  endpointSelector: {matchLabels: {app: web}}\n  ingress: [{}]"), &TO_WEB),
        "----"
    );
}

#[test]
fn an_empty_selector_means_the_own_namespace_and_all_of_them_clusterwide() {
    let rule = "  endpointSelector: {matchLabels: {app: web}}\n  ingress: [{fromEndpoints: [{}]}]";
    assert_eq!(answers(&cnp(rule), &TO_WEB), "+--+");
    // What is no endpoint of Cilium may be meant too.
    assert_eq!(answers(&ccnp(rule), &TO_WEB), "++?+");
}

#[test]
fn an_empty_list_of_endpoints_means_nobody() {
    let policy =
        cnp("  endpointSelector: {}\n  ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: '80'}]}]}]");
    assert_eq!(answers(&policy, &TO_WEB), "----");
}

#[test]
fn ports_alone_are_for_everybody_and_mean_all_protocols_unless_one_is_given() {
    let policy = cnp("  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: '80'}]}]}]");
    assert_eq!(answers(&policy, &TO_WEB), "+++-");
    assert_eq!(answers(&policy, &["db web 80/UDP"]), "+");
    let policy =
        cnp("  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]");
    assert_eq!(answers(&policy, &["db web 80", "db web 80/UDP"]), "+-");
    let range = cnp("  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: '80', endPort: 90}]}]}]");
    assert_eq!(answers(&range, &["db web 79", "db web 80", "db web 90", "db web 91"]), "-++-");
}

#[test]
fn a_named_port_is_that_of_each_pod() {
    let policy =
        cnp("  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: http, protocol: TCP}]}]}]");
    assert_eq!(answers(&policy, &["far web 80", "far web 8080", "far db 80", "far db 8080"]), "+--+");
}

#[test]
fn labels_may_have_their_source_and_name_namespaces() {
    let from = |selector: &str| {
        cnp(&format!(
            "  endpointSelector: {{matchLabels: {{'k8s:app': web}}}}\n  ingress: [{{fromEndpoints: [{{matchLabels: {selector}}}]}}]"
        ))
    };
    assert_eq!(answers(&from("{'k8s:io.kubernetes.pod.namespace': two}"), &TO_WEB), "-+--");
    assert_eq!(answers(&from("{'any:app': db}"), &TO_WEB), "+--+");
    assert_eq!(answers(&from("{'k8s:io.cilium.k8s.namespace.labels.team': red}"), &TO_WEB), "+--+");
    assert_eq!(
        answers(&from("{'io.cilium.k8s.policy.serviceaccount': web}"), &["db web 80", "web web 80"]),
        "-+"
    );
}

#[test]
fn a_selector_of_another_namespace_selects_nothing() {
    let policy =
        cnp("  endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': two}}\n  ingress: [{}]");
    assert_eq!(answers(&policy, &["web far 80", "far web 80"]), "++");
}

#[test]
fn deny_wins_over_allow_and_over_network_policies() {
    let deny = cnp(
        "  endpointSelector: {matchLabels: {app: web}}\n  ingress: [{fromEntities: [all]}]\n  ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]",
    );
    assert_eq!(answers(&deny, &TO_WEB), "-++-");
    let allow = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: one}\nspec: {podSelector: {}, ingress: [{}]}\n";
    let deny = cnp(
        "  endpointSelector: {}\n  enableDefaultDeny: {ingress: false}\n  ingressDeny: [{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]",
    );
    assert_eq!(answers(&(deny + allow), &TO_WEB), "---+");
}

#[test]
fn default_deny_may_be_switched_off() {
    let policy = cnp(
        "  endpointSelector: {}\n  enableDefaultDeny: {ingress: false}\n  ingress: [{fromEndpoints: [{}]}]",
    );
    assert_eq!(answers(&policy, &TO_WEB), "++++");
    let policy = cnp("  endpointSelector: {}\n  enableDefaultDeny: {ingress: true}");
    assert_eq!(answers(&policy, &TO_WEB), "----");
}

#[test]
fn entities_are_what_they_are_called() {
    let to = |entity: &str| {
        cnp(&format!(
            "  endpointSelector: {{matchLabels: {{app: web}}}}\n  egress: [{{toEntities: [{entity}]}}]"
        ))
    };
    let asked = ["web db 80", "web far 80", "web node 80", "web 8.8.8.8 80", "web 2001:db8::1 80"];
    assert_eq!(answers(&to("world"), &asked), "---++");
    assert_eq!(answers(&to("world-ipv4"), &asked), "---+-");
    assert_eq!(answers(&to("cluster"), &asked), "+++--");
    assert_eq!(answers(&to("all"), &asked), "+++++");
    assert_eq!(answers(&to("none"), &asked), "-----");
    assert_eq!(answers(&to("host"), &asked), "--?--");
    assert_eq!(answers(&to("kube-apiserver"), &asked), "--???");
}

#[test]
fn a_cidr_means_no_pod() {
    let policy = cnp(
        "  endpointSelector: {matchLabels: {app: web}}\n  egress: [{toCIDR: [10.0.0.0/8]}, {toCIDRSet: [{cidr: 8.0.0.0/8, except: [8.8.0.0/16]}]}]",
    );
    assert_eq!(
        answers(&policy, &["web db 80", "web 10.9.9.9 80", "web 8.1.1.1 80", "web 8.8.8.8 80"]),
        "-++-"
    );
    let policy = cnp("  endpointSelector: {matchLabels: {app: web}}\n  egress: [{toCIDR: [8.8.8.8]}]");
    assert_eq!(answers(&policy, &["web 8.8.8.8 80", "web 8.8.8.9 80"]), "+-");
}

#[test]
fn what_depends_on_names_services_and_requests_is_unknown_and_told() {
    let told = |policy: &str| {
        let notices = snapshot(policy).notices;
        notices.iter().filter(|notice| notice.kind == NoticeKind::NotJudged).count()
    };
    for rule in [
        "{toFQDNs: [{matchName: example.com}]}",
        "{toServices: [{k8sService: {serviceName: x, namespace: one}}]}",
        "{toEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET, path: '/v[12]/.*'}]}}]}",
    ] {
        let policy = cnp(&format!("  endpointSelector: {{matchLabels: {{app: web}}}}\n  egress: [{rule}]"));
        assert_eq!(told(&policy), 1, "{rule}");
        let is_inside = rule.contains("toEndpoints");
        let asked = if is_inside { "web db 80" } else { "web 8.8.8.8 80" };
        assert_eq!(answers(&policy, &[asked]), "?", "{rule}");
    }
    // A name never is a pod.
    let policy = cnp(
        "  endpointSelector: {matchLabels: {app: web}}\n  egress: [{toFQDNs: [{matchName: example.com}]}]",
    );
    assert_eq!(answers(&policy, &["web db 80"]), "-");
}

#[test]
fn several_rules_stand_in_specs() {
    let policy = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: one}\nspecs:\n- endpointSelector: {matchLabels: {app: web}}\n  ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]\n- endpointSelector: {matchLabels: {app: web}}\n  ingress: [{fromEntities: [world]}]\n";
    assert_eq!(answers(policy, &TO_WEB), "+-++");
}

#[test]
fn a_policy_that_is_wrong_leaves_its_pods_unknown() {
    for (spec, kind) in [
        ("  endpointSelector: {}\n  ingress: [{fromCIDR: [10.0.0/8]}]", NoticeKind::InvalidCidr),
        ("  ingress: [{}]", NoticeKind::InvalidField),
        ("  endpointSelector: {}\n  ingress: [{fromEntities: [moon]}]", NoticeKind::InvalidField),
        (
            "  endpointSelector: {}\n  ingress: [{toPorts: [{ports: [{port: '70000'}]}]}]",
            NoticeKind::InvalidPort,
        ),
        (
            "  endpointSelector: {matchExpressions: [{key: a, operator: Is}]}\n  ingress: [{}]",
            NoticeKind::InvalidSelector,
        ),
    ] {
        let policy = cnp(spec);
        let kinds: Vec<NoticeKind> = snapshot(&policy).notices.iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [kind], "{spec}");
        assert_eq!(answers(&policy, &["db web 80"]), "?", "{spec}");
    }
}

#[test]
fn requests_that_are_plain_are_known_and_others_not() {
    let with = |http: &str| {
        let policy = cnp(&format!(
            "  endpointSelector: {{matchLabels: {{app: db}}}}\n  ingress: [{{fromEndpoints: [{{matchLabels: {{app: web}}}}], toPorts: [{{ports: [{{port: \"80\", protocol: TCP}}], rules: {{http: {http}}}}}]}}]"
        ));
        let snapshot = snapshot(&policy);
        let mut engine = Engine::new(snapshot.world.clone(), Profile::CILIUM);
        let verdict = engine.between(0, 1);
        let texts = (engine.text(verdict.allowed), engine.text(verdict.possible));
        (texts.0, texts.1)
    };
    let sure = |text: &str| (text.to_owned(), text.to_owned());
    assert_eq!(with("[{method: GET, path: /v1/.*}]"), sure("TCP 80 {GET /v1/*}"));
    assert_eq!(
        with("[{method: GET, path: ^/a$}, {host: shop\\.example}]"),
        // The alternatives do not overlap.
        sure("TCP 80 {GET shop.example !/a; GET /a; !GET shop.example/*}")
    );
    assert_eq!(with("[{}]"), sure("TCP 80"));
    let unknown = ("No Connections".to_owned(), "TCP 80".to_owned());
    for odd in [
        "[{path: '/v[0-9]/.*'}]",
        "[{headers: [X-Admin]}]",
        "[{method: GET|POST}]",
        "[{method: 'GE.*'}]",
        "[]",
    ] {
        assert_eq!(with(odd), unknown, "{odd}");
    }
}

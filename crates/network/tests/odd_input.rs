//! Odd but legal input, and input that the API server refuses: each read as Kubernetes reads it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_network::flows::{self, Flow, FlowEnd, Replay};
use haechi_network::l4::Protocol;
use haechi_network::notice::NoticeKind;
use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::{Engine, Profile};
use haechi_syntax::{Limits, parse};

const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: one, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: one, labels: {app: a}}
spec: {containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: one, labels: {app: b}}
spec: {containers: [{name: c, ports: [{name: web, containerPort: 8080}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: two, labels: {app: a}}
spec: {containers: [{name: c}]}
status: {podIPs: [{ip: 10.0.0.3}, {ip: 'fd00::3'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: one, labels: {app: a}}
spec: {hostNetwork: true, containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}
status: {podIP: 192.168.0.1}
";

fn snapshot(policy: &str) -> Snapshot {
    let text = format!("{PODS}---\n{policy}");
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "odd.yaml".into(), document }).collect();
    read(&inputs, &Options::default())
}

fn policy(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: one}}\nspec: {spec}\n"
    )
}

/// `from to port[/protocol]` for each question, `+`, `-` or `?` for each answer.
fn answers(profile: Profile, policy: &str, questions: &[&str]) -> String {
    let snapshot = snapshot(policy);
    let mut engine = Engine::new(snapshot.world.clone(), profile);
    let answer = |question: &&str| {
        let parts: Vec<&str> = question.split(' ').collect();
        let [from, to, port] = parts.as_slice() else { panic!("{question}") };
        let end = |text: &str| match text.parse() {
            Ok(address) => FlowEnd::Address(address),
            Err(_) => {
                let mut pods = snapshot.world.endpoints.iter();
                FlowEnd::Endpoint(pods.position(|endpoint| endpoint.name == text).unwrap())
            }
        };
        let (port, protocol) = port.split_once('/').unwrap_or((port, "TCP"));
        let flow = Flow {
            from: end(from),
            to: end(to),
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

fn kinds(policy: &str) -> Vec<NoticeKind> {
    snapshot(policy).notices.iter().map(|notice| notice.kind).collect()
}

#[test]
fn a_missing_and_an_empty_from_mean_everybody_and_no_rule_means_nobody() {
    let asked = ["b a 80", "8.8.8.8 a 80"];
    assert_eq!(answers(Profile::CILIUM, &policy("{podSelector: {}, ingress: [{}]}"), &asked), "++");
    assert_eq!(answers(Profile::CILIUM, &policy("{podSelector: {}, ingress: [{from: []}]}"), &asked), "++");
    assert_eq!(
        answers(Profile::CILIUM, &policy("{podSelector: {}, ingress: [{from: [], ports: []}]}"), &asked),
        "++"
    );
    assert_eq!(answers(Profile::CILIUM, &policy("{podSelector: {}, ingress: []}"), &asked), "--");
    assert_eq!(answers(Profile::CILIUM, &policy("{podSelector: {}}"), &asked), "--");
}

#[test]
fn without_policy_types_egress_counts_only_where_it_has_rules() {
    let asked = ["b a 80", "a b 80"];
    assert_eq!(
        answers(Profile::CILIUM, &policy("{podSelector: {matchLabels: {app: a}}, egress: []}"), &asked),
        "-+"
    );
    assert_eq!(
        answers(
            Profile::CILIUM,
            &policy("{podSelector: {matchLabels: {app: a}}, egress: [{ports: [{port: 1}]}]}"),
            &asked
        ),
        "--"
    );
    let both = "{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], ingress: []}";
    assert_eq!(answers(Profile::CILIUM, &policy(both), &asked), "+-");
}

#[test]
fn an_empty_pod_selector_beside_a_namespace_selector_means_all_pods_there() {
    let asked = ["b a 80", "far a 80", "8.8.8.8 a 80"];
    let from = |peer: &str| policy(&format!("{{podSelector: {{}}, ingress: [{{from: [{peer}]}}]}}"));
    assert_eq!(answers(Profile::CILIUM, &from("{podSelector: {}}"), &asked), "+--");
    assert_eq!(answers(Profile::CILIUM, &from("{podSelector: {}, namespaceSelector: {}}"), &asked), "++-");
    assert_eq!(
        answers(
            Profile::CILIUM,
            &from("{podSelector: {}, namespaceSelector: {matchLabels: {team: red}}}"),
            &asked
        ),
        "+--"
    );
}

#[test]
fn a_namespace_has_the_label_with_its_name_whether_or_not_it_is_written() {
    // Namespace `two` has no object at all, `one` has one without the label.
    let named = |name: &str| {
        policy(&format!(
            "{{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}}}]}}]}}"
        ))
    };
    assert_eq!(answers(Profile::CILIUM, &named("two"), &["far a 80", "b a 80"]), "+-");
    assert_eq!(answers(Profile::CILIUM, &named("one"), &["far a 80", "b a 80"]), "-+");
}

#[test]
fn a_named_port_has_the_number_of_each_pod() {
    let text = policy("{podSelector: {}, ingress: [{ports: [{port: web}]}]}");
    assert_eq!(
        answers(Profile::CILIUM, &text, &["b a 80", "b a 8080", "a b 80", "a b 8080", "b a 80/UDP"]),
        "+--+-"
    );
    let egress = policy(
        "{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: web}]}]}",
    );
    // The name is the destination's; what declares none is not meant, and an address outside has none.
    assert_eq!(
        answers(Profile::CILIUM, &egress, &["a b 8080", "a b 80", "a far 80", "a 8.8.8.8 80"]),
        "+---"
    );
}

#[test]
fn port_ranges_and_protocols_are_exact() {
    let text = policy(
        "{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 82, protocol: SCTP}, {protocol: UDP}]}]}",
    );
    let asked = ["b a 79/SCTP", "b a 80/SCTP", "b a 82/SCTP", "b a 83/SCTP", "b a 80", "b a 65535/UDP"];
    assert_eq!(answers(Profile::CILIUM, &text, &asked), "-++--+");
}

#[test]
fn a_pod_in_its_nodes_network_is_no_pod_for_selectors() {
    let closed = policy("{podSelector: {}}");
    assert_eq!(answers(Profile::CILIUM, &closed, &["a host 80"]), "+");
    // Its node may be that of the pod, and a pod's own node always reaches it.
    assert_eq!(answers(Profile::CILIUM, &closed, &["host a 80"]), "?");
    let by_label = policy(
        "{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]}",
    );
    assert_eq!(answers(Profile::CILIUM, &by_label, &["a b 80", "host b 80"]), "+?");
    // Its address is an address like any other, but for Cilium: there that has to be switched on.
    let by_address = policy("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}]}");
    assert_eq!(answers(Profile::CILIUM, &by_address, &["host a 80", "b a 80"]), "?-");
    assert_eq!(answers(Profile::ANTREA, &by_address, &["host a 80", "b a 80"]), "+-");
}

#[test]
fn whether_a_block_means_pods_is_the_plugins_choice() {
    let text = policy(
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.3/32]}}]}]}",
    );
    let asked = ["b a 80", "far a 80", "10.9.9.9 a 80"];
    // Of two addresses of a pod one is not in the block, and the other is excepted: it is meant by no plugin.
    assert_eq!(answers(Profile::STRICT, &text, &asked), "?-+");
    assert_eq!(answers(Profile::CILIUM, &text, &asked), "--+");
    assert_eq!(answers(Profile::ANTREA, &text, &asked), "+-+");
}

#[test]
fn expressions_without_values_are_refused_where_they_need_them_and_where_they_must_not_have_them() {
    for (expression, is_wrong) in [
        ("{key: app, operator: In, values: []}", true),
        ("{key: app, operator: In}", true),
        ("{key: app, operator: NotIn, values: []}", true),
        ("{key: app, operator: Exists, values: [a]}", true),
        ("{key: app, operator: Exists, values: []}", false),
        ("{key: app, operator: DoesNotExist}", false),
        ("{key: gone, operator: NotIn, values: [a]}", false),
    ] {
        let text = policy(&format!("{{podSelector: {{matchExpressions: [{expression}]}}}}"));
        let expected: &[NoticeKind] = if is_wrong { &[NoticeKind::InvalidSelector] } else { &[] };
        assert_eq!(kinds(&text), expected, "{expression}");
        if is_wrong {
            // What the API server refuses may be there in another form: its namespace is unknown.
            assert_eq!(answers(Profile::CILIUM, &text, &["b a 80"]), "?", "{expression}");
        }
    }
    // A key that is missing fulfils NotIn.
    let text = policy("{podSelector: {matchExpressions: [{key: gone, operator: NotIn, values: [a]}]}}");
    assert_eq!(answers(Profile::CILIUM, &text, &["b a 80"]), "-");
}

#[test]
fn addresses_of_both_families_are_told_apart() {
    let text = policy("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]}");
    assert_eq!(answers(Profile::CILIUM, &text, &["8.8.8.8 a 80", "2001:db8::1 a 80"]), "-+");
    // IPv4 written as IPv6: new API servers refuse it, and plugins read it in either way.
    let mapped = policy("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '::ffff:8.8.0.0/112'}}]}]}");
    assert_eq!(answers(Profile::CILIUM, &mapped, &["8.8.8.8 a 80", "9.9.9.9 a 80"]), "??");
}

#[test]
fn a_block_that_is_wrong_leaves_the_pods_unknown() {
    for block in [
        "{cidr: 10.0.0.0/33}",
        "{cidr: 10.0.0.1}",
        "{cidr: ''}",
        "{}",
        "{cidr: 10.0.0.0/8, except: [11.0.0.0/8]}",
        "{cidr: 10.0.0.0/8, except: [10.0.0.0/8]}",
    ] {
        let text = policy(&format!("{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}"));
        assert_eq!(kinds(&text).len(), 1, "{block}");
        assert_eq!(answers(Profile::CILIUM, &text, &["8.8.8.8 a 80"]), "?", "{block}");
    }
}

#[test]
fn an_isolated_pod_is_cut_off_from_all_but_its_node() {
    use haechi_network::isolate::{Isolation, prove};
    let snapshot = snapshot("");
    let isolation = Isolation { namespace: "one".to_owned(), value: "x1".to_owned() };
    let endpoint = snapshot.world.endpoints.iter().position(|endpoint| endpoint.name == "a").unwrap();
    let proof = prove(&snapshot.world, Profile::CILIUM, endpoint, &isolation, &[]);
    let hosts = proof.engine.universe().hosts();
    assert!(proof.leaks.iter().all(|leak| hosts.contains(leak.other)), "{:?}", proof.leaks);
    assert_eq!(proof.leaks.len(), 1, "only the way in from a node that may be its own");
    let host = snapshot.world.endpoints.iter().position(|endpoint| endpoint.name == "host").unwrap();
    let proof = prove(&snapshot.world, Profile::CILIUM, host, &isolation, &[]);
    assert!(!proof.leaks.is_empty(), "a pod in its node's network cannot be cut off by a NetworkPolicy");
}

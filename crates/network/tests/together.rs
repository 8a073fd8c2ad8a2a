//! Two features at a time: what each does alone is tested elsewhere.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_network::flows::{self, Flow, FlowEnd, Replay};
use haechi_network::l4::Protocol;
use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::{Engine, Profile, isolate};
use haechi_syntax::{Limits, parse};

/// One pod in each of three namespaces, and one in the network of its node.
const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: one, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: two, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: three, labels: {team: blue}}
---
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: one, labels: {app: a}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: two, labels: {app: b}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: c, namespace: three, labels: {app: c}}
spec: {containers: [{name: c}]}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: two, labels: {app: host}}
spec: {hostNetwork: true, containers: [{name: c}]}
status: {podIP: 192.168.0.9}
";

fn snapshot(profile: Profile, more: &[&str]) -> Snapshot {
    let text = format!("{PODS}---\n{}", more.join("\n---\n"));
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "both.yaml".into(), document }).collect();
    read(&inputs, &Options { profile, ..Options::default() })
}

/// `from to port[/protocol]` for each question, `+`, `-` or `?` for each answer.
fn answers(profile: Profile, more: &[&str], questions: &[&str]) -> String {
    let snapshot = snapshot(profile, more);
    let mut engine = Engine::new(snapshot.world.clone(), profile);
    let answer = |question: &&str| {
        let parts: Vec<&str> = question.split(' ').collect();
        let end = |text: &str| match text.parse() {
            Ok(address) => FlowEnd::Address(address),
            Err(_) => {
                let mut pods = snapshot.world.endpoints.iter();
                FlowEnd::Endpoint(pods.position(|endpoint| endpoint.name == text).unwrap())
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

fn admin(name: &str, priority: u32, rest: &str) -> String {
    format!(
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: {name}}}\nspec:\n  priority: {priority}\n  subject: {{namespaces: {{matchLabels: {{team: red}}}}}}\n{rest}\n"
    )
}

fn baseline(rest: &str) -> String {
    format!(
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {{name: default}}\nspec:\n  subject: {{namespaces: {{}}}}\n{rest}\n"
    )
}

fn policy(namespace: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

const FROM_ALL: &str = "from: [{namespaces: {}}]";

#[test]
fn administrators_are_asked_first_then_policies_then_the_baseline() {
    let closed = policy("one", "{podSelector: {}}");
    let deny = format!("  ingress: [{{action: Deny, {FROM_ALL}}}]");
    let allow_80 = format!(
        "  ingress: [{{action: Allow, {FROM_ALL}, ports: [{{portNumber: {{protocol: TCP, port: 80}}}}]}}]"
    );
    let pass_80 = allow_80.replace("Allow", "Pass");
    let ask = ["b a 80", "b a 81", "a b 80", "a c 80"];
    let p = Profile::OVN;
    assert_eq!(answers(p, &[&closed, &baseline(&deny)], &ask), "----");
    assert_eq!(answers(p, &[&closed, &admin("x", 5, &allow_80)], &ask), "+-++");
    assert_eq!(answers(p, &[&admin("x", 5, &allow_80), &admin("y", 4, &deny)], &ask), "---+");
    assert_eq!(answers(p, &[&admin("x", 3, &allow_80), &admin("y", 4, &deny)], &ask), "+-++");
    // Passed on: the policy decides in `one`, the baseline elsewhere.
    let (pass, denies, base) = (admin("x", 3, &pass_80), admin("y", 4, &deny), baseline(&deny));
    assert_eq!(answers(p, &[&closed, &pass, &denies, &base], &ask), "----");
    let open = policy("one", "{podSelector: {}, ingress: [{}]}");
    assert_eq!(answers(p, &[&open, &pass, &denies, &base], &ask), "+---");
}

#[test]
fn which_of_two_equal_priorities_wins_is_not_known() {
    let rule = |action: &str| {
        format!(
            "  ingress: [{{action: {action}, {FROM_ALL}, ports: [{{portNumber: {{protocol: TCP, port: 80}}}}]}}]"
        )
    };
    let deny_all = format!("  ingress: [{{action: Deny, {FROM_ALL}}}]");
    let ask = ["b a 80", "b a 81"];
    for (first, second) in [("x", "y"), ("y", "x")] {
        let conflict = [admin(first, 7, &rule("Allow")), admin(second, 7, &deny_all)];
        let conflict = conflict.each_ref().map(String::as_str);
        // What only one of them names is decided by it.
        assert_eq!(answers(Profile::OVN, &conflict, &ask), "?-");
        let passed = [admin(first, 7, &rule("Pass")), admin(second, 7, &deny_all)];
        assert_eq!(answers(Profile::OVN, &passed.each_ref().map(String::as_str), &ask), "?-");
        let agreed = [admin(first, 7, &rule("Deny")), admin(second, 7, &deny_all)];
        assert_eq!(answers(Profile::OVN, &agreed.each_ref().map(String::as_str), &ask), "--");
        // One that was asked before has the last word.
        let decided = [conflict[0], conflict[1], &admin("z", 1, &rule("Allow"))];
        assert_eq!(answers(Profile::OVN, &decided, &ask), "+-");
        // The end that the conflict leaves open is the rest's: nothing else stops a pod that passes either way.
        let open = [admin(first, 7, &rule("Pass")), admin(second, 7, &rule("Allow"))];
        assert_eq!(answers(Profile::OVN, &open.each_ref().map(String::as_str), &ask), "++");
    }
}

#[test]
fn a_named_port_of_an_administrators_rule_is_that_of_each_pod() {
    let deny = "  egress: [{action: Deny, to: [{namespaces: {}}], ports: [{namedPort: http}]}]";
    let ask = ["a b 8080", "a b 80", "b a 80", "b a 8080", "a c 80"];
    assert_eq!(answers(Profile::OVN, &[&admin("x", 1, deny)], &ask), "-+-++");
}

#[test]
fn no_administrator_decides_about_a_pod_in_its_nodes_network() {
    let deny = format!(
        "  ingress: [{{action: Deny, {FROM_ALL}}}]\n  egress: [{{action: Deny, to: [{{namespaces: {{}}}}]}}]"
    );
    for profile in [Profile::OVN, Profile::ANTREA, Profile::STRICT] {
        let said =
            answers(profile, &[&admin("x", 1, &deny)], &["c host 80", "host c 80", "a b 80", "host a 80"]);
        assert_eq!(said, "++-+", "{}", profile.name);
    }
}

#[test]
fn a_pod_in_its_nodes_network_is_never_surely_cut_off() {
    let closed = policy("two", "{podSelector: {}, policyTypes: [Ingress, Egress]}");
    for profile in Profile::ALL {
        let said = answers(profile, &[&closed], &["a host 80", "host a 80", "host 8.8.8.8 80"]);
        assert!(!said.contains('-'), "{}: {said}", profile.name);
    }
}

#[test]
fn an_empty_list_of_ports_is_every_port_and_an_empty_peer_every_pod_of_the_namespace() {
    let text = policy("one", "{podSelector: {}, ingress: [{ports: [], from: [{podSelector: {}}]}]}");
    assert_eq!(answers(Profile::CILIUM, &[&text], &["b a 80", "8.8.8.8 a 80"]), "--");
    let text = policy("two", "{podSelector: {}, ingress: [{ports: [], from: [{namespaceSelector: {}}]}]}");
    assert_eq!(answers(Profile::CILIUM, &[&text], &["a b 1/UDP", "a b 65535", "8.8.8.8 b 80"]), "++-");
    let all = policy("one", "{podSelector: {}, ingress: [{ports: [], from: []}]}");
    assert_eq!(answers(Profile::CILIUM, &[&all], &["8.8.8.8 a 80", "b a 9/SCTP"]), "++");
}

#[test]
fn egress_rules_without_types_close_both_directions() {
    let text = policy("one", "{podSelector: {}, egress: [{to: [{namespaceSelector: {}}]}]}");
    assert_eq!(answers(Profile::OVN, &[&text], &["b a 80", "a b 80", "a 8.8.8.8 80"]), "-+-");
    let none = policy("one", "{podSelector: {}, egress: []}");
    assert_eq!(answers(Profile::OVN, &[&none], &["b a 80", "a b 80", "a 8.8.8.8 80"]), "-++");
}

#[test]
fn a_mapped_address_is_not_taken_for_one_of_version_4() {
    let text =
        policy("two", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '::ffff:8.8.8.0/120'}}]}]}");
    // Whether the API server takes it and what the plugin makes of it is nobody's promise.
    assert_eq!(answers(Profile::ANTREA, &[&text], &["8.8.8.8 b 80", "9.9.9.9 b 80"]), "??");
}

#[test]
fn a_pod_with_addresses_of_both_families_is_meant_surely_only_where_all_are() {
    let text = policy("two", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}");
    assert_eq!(answers(Profile::ANTREA, &[&text], &["a b 80", "c b 80", "10.2.3.4 b 80"]), "?++");
    let both = policy(
        "two",
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 'fd00::/8'}}]}]}",
    );
    assert!(answers(Profile::ANTREA, &[&both], &["a b 80"]) != "-");
}

#[test]
fn the_isolation_policy_holds_under_every_plugin_or_says_what_opens_it() {
    let isolation = isolate::Isolation { namespace: "one".to_owned(), value: "i".to_owned() };
    let admin_allow = admin("x", 1, &format!("  ingress: [{{action: Allow, {FROM_ALL}}}]"));
    let calico_allow = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {order: 1, selector: all(), types: [Egress], egress: [{action: Allow}]}\n";
    let cilium_allow = "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: g}\nspec: {endpointSelector: {}, ingress: [{fromEntities: [cluster]}]}\n";
    for profile in Profile::ALL {
        let leaks = |more: &[&str]| {
            let world = snapshot(profile, more).world;
            let proof = isolate::prove(&world, profile, 0, &isolation, &[]);
            let hosts = proof.engine.universe().hosts().clone();
            // Its own node always reaches a pod, and it is not known which one that is.
            proof.leaks.into_iter().filter(|leak| !hosts.contains(leak.other)).count()
        };
        assert_eq!(leaks(&[]) > 0, profile.name == "aws", "{}", profile.name);
        assert!(leaks(&[&admin_allow]) > 0, "{}", profile.name);
        assert!(leaks(&[calico_allow]) > 0, "{}", profile.name);
        assert!(leaks(&[cilium_allow]) > 0, "{}", profile.name);
    }
}

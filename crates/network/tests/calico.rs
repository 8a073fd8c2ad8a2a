//! Calico's policies, tiers and profiles as its documentation describes them.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use haechi_network::flows::{self, Flow, FlowEnd, Replay};
use haechi_network::l4::Protocol;
use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::world::Direction;
use haechi_network::{Engine, Profile, isolate};
use haechi_syntax::{Limits, parse};

const PODS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: one, labels: {app: web}}
spec: {containers: [{name: c}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: one, labels: {app: db}}
spec: {containers: [{name: c}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: two, labels: {app: web}}
spec: {containers: [{name: c}]}
status: {podIP: 10.0.0.3}
";

fn snapshot(more: &str) -> Snapshot {
    let text = format!("{PODS}---\n{more}");
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "calico.yaml".into(), document }).collect();
    read(&inputs, &Options { profile: Profile::CALICO, ..Options::default() })
}

/// `from to port[/protocol]` for each question, `+`, `-` or `?` for each answer.
fn answers(more: &str, questions: &[&str]) -> String {
    let snapshot = snapshot(more);
    let mut engine = Engine::new(snapshot.world.clone(), Profile::CALICO);
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

fn global(name: &str, order: &str, rest: &str) -> String {
    format!(
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: {name}}}\nspec:\n  {order}\n{rest}\n---\n"
    )
}

fn wep(name: &str, profiles: &str) -> String {
    format!(
        "apiVersion: projectcalico.org/v3\nkind: WorkloadEndpoint\nmetadata: {{name: {name}, namespace: one}}\nspec: {{node: n, pod: {name}, endpoint: eth0, profiles: {profiles}}}\n---\n"
    )
}

fn profile(name: &str, rest: &str) -> String {
    format!(
        "apiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: {{name: {name}}}\nspec:\n{rest}\n---\n"
    )
}

#[test]
fn policies_are_asked_by_order_and_equal_ones_by_name() {
    let deny = |name: &str, order: &str| {
        global(name, order, "  selector: app == 'db'\n  types: [Ingress]\n  ingress: [{action: Deny}]")
    };
    let allow = |name: &str, order: &str| {
        global(name, order, "  selector: app == 'db'\n  types: [Ingress]\n  ingress: [{action: Allow}]")
    };
    let ask = ["web db 80"];
    assert_eq!(answers(&(deny("a", "order: 10") + &allow("b", "order: 9")), &ask), "+");
    assert_eq!(answers(&(deny("a", "order: 10") + &allow("b", "order: 10")), &ask), "-");
    assert_eq!(answers(&(allow("a", "order: 10") + &deny("b", "order: 10")), &ask), "+");
    // Without an order a policy comes last.
    assert_eq!(answers(&(deny("a", "") + &allow("b", "order: 99999")), &ask), "+");
}

#[test]
fn the_end_of_a_tier_refuses_and_a_pass_goes_on() {
    let tier =
        "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: first}\nspec: {order: 1}\n---\n";
    let in_tier = |rules: &str| {
        tier.to_owned()
            + &global(
                "first.a",
                "tier: first",
                &format!("  selector: app == 'db'\n  types: [Ingress]\n  ingress: [{rules}]"),
            )
    };
    let tcp_80 = "{action: Allow, protocol: TCP, destination: {ports: [80]}}";
    assert_eq!(answers(&in_tier(tcp_80), &["web db 80", "web db 81", "db web 81"]), "+-+");
    let with_pass = format!("{tcp_80}, {{action: Pass}}");
    assert_eq!(answers(&in_tier(&with_pass), &["web db 80", "web db 81"]), "++");
    // The tier after it has the last word over what was passed on only.
    let later = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: one}\nspec: {podSelector: {}}\n";
    assert_eq!(answers(&(in_tier(&with_pass) + later), &["web db 80", "web db 81"]), "+-");
}

#[test]
fn a_tier_whose_default_is_pass_leaves_the_rest_to_the_next() {
    let tier = "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: first}\nspec: {order: 1, defaultAction: Pass}\n---\n";
    let policy = global(
        "first.a",
        "tier: first",
        "  selector: app == 'db'\n  types: [Ingress]\n  ingress: [{action: Deny, protocol: TCP, destination: {ports: [80]}}]",
    );
    let both = tier.to_owned() + &policy;
    assert_eq!(answers(&both, &["web db 80", "web db 81"]), "-+");
}

#[test]
fn what_no_policy_decides_is_asked_of_the_profiles_in_their_order() {
    let more = wep("own", "[mine, rest]")
        + &wep("plain", "[kns.one, ksa.one.default]")
        + &wep("closed", "[empty]")
        + &wep("lost", "[elsewhere]")
        + &profile(
            "mine",
            "  ingress: [{action: Deny, protocol: TCP, destination: {ports: [80]}}]\n  egress: [{action: Allow}]",
        )
        + &profile("rest", "  ingress: [{action: Allow, protocol: TCP}]")
        + &profile("empty", "  labelsToApply: {a: b}");
    let ask = ["web own 80", "web own 81", "web own 81/UDP", "own web 1", "web plain 80", "plain web 1"];
    assert_eq!(answers(&more, &ask), "-+-+++");
    assert_eq!(answers(&more, &["web closed 80", "closed web 1", "web lost 80", "lost web 1"]), "--??");
    // A policy that is for the endpoint is the last word.
    let policy = global("p", "", "  selector: all()\n  types: [Ingress]\n  ingress: [{action: Allow}]");
    assert_eq!(answers(&(more + &policy), &["web own 80", "closed web 1", "web closed 80"]), "+-+");
}

#[test]
fn a_profile_gives_labels_that_policies_see() {
    let more = wep("own", "[mine]")
        + &profile(
            "mine",
            "  labelsToApply: {role: shop}\n  egress: [{action: Allow}]\n  ingress: [{action: Allow}]",
        )
        + &global("p", "", "  selector: role == 'shop'\n  types: [Ingress]\n  ingress: [{action: Deny}]");
    assert_eq!(answers(&more, &["web own 80", "web db 80"]), "-+");
}

#[test]
fn a_rule_for_addresses_that_an_interface_may_have_is_not_sure() {
    let host = "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: eth1, labels: {role: node}}\nspec: {node: n1, interfaceName: eth1}\n---\n";
    let rule = |action: &str, nets: &str| {
        host.to_owned()
            + &global(
                "p",
                "",
                &format!(
                    "  selector: role == 'node'\n  types: [Ingress]\n  ingress: [{{action: {action}, destination: {{nets: [{nets}]}}}}, {{action: Allow, protocol: UDP}}]"
                ),
            )
    };
    assert_eq!(answers(&rule("Allow", "172.30.0.0/16"), &["8.8.8.8 eth1 80", "8.8.8.8 eth1 80/UDP"]), "?+");
    assert_eq!(answers(&rule("Deny", "172.30.0.0/16"), &["8.8.8.8 eth1 80", "8.8.8.8 eth1 80/UDP"]), "-?");
}

#[test]
fn a_pass_in_the_default_tier_goes_around_the_isolation() {
    let pass = global(
        "p",
        "order: 1",
        "  selector: app == 'web'\n  types: [Ingress, Egress]\n  ingress: [{action: Pass}]",
    );
    let snapshot = snapshot(&pass);
    let isolation = isolate::Isolation { namespace: "one".to_owned(), value: "inc-1".to_owned() };
    let proof = isolate::prove(&snapshot.world, Profile::CALICO, 0, &isolation, &[]);
    assert!(!proof.leaks.is_empty());
    assert!(proof.leaks.iter().all(|leak| leak.direction == Direction::Ingress), "{:?}", proof.leaks);
    // With the label that the policy selects by taken off, nothing is left.
    let proof = isolate::prove(&snapshot.world, Profile::CALICO, 0, &isolation, &["app".to_owned()]);
    assert!(proof.leaks.is_empty(), "{:?}", proof.leaks);
}

//! Laws that hold for every cluster.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test or benchmark fails by panicking"
)]

use haechi_network::diff::{self, ChangeKind};
use haechi_network::flows::{Flow, FlowEnd, Observed, Replay};
use haechi_network::l4::Protocol;
use haechi_network::list::Focus;
use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::world::{Action, Direction};
use haechi_network::{ConnId, Engine, Profile, generate, isolate};
use haechi_syntax::{Limits, parse};
use proptest::prelude::*;

fn snapshot(text: &str) -> Snapshot {
    let parsed = parse(text.as_bytes(), &Limits::default());
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "test.yaml".into(), document }).collect();
    read(&inputs, &Options::default())
}

fn read_for(text: &str, profile: Profile) -> Snapshot {
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "test.yaml".into(), document }).collect();
    let read = read(&inputs, &Options { profile, ..Options::default() });
    assert!(read.world.policies.iter().all(|policy| policy.unreadable.is_none()), "{:?}", read.notices);
    read
}

fn pod(index: usize, namespace: u8, app: u8, tier: Option<u8>) -> String {
    let tier = tier.map(|tier| format!("\n    tier: t{tier}")).unwrap_or_default();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{index}\n  namespace: n{namespace}\n  labels:\n    app: a{app}{tier}\nspec:\n  containers:\n  - name: c\n    ports:\n    - {{containerPort: 80, name: web}}\nstatus:\n  podIP: 10.0.0.{}\n---\n",
        index + 1
    )
}

#[derive(Debug, Clone)]
struct Rule {
    peer: u8,
    label: u8,
    port: u8,
}

fn rule_text(rule: &Rule, key: &str) -> String {
    let peer = match rule.peer % 5 {
        0 => format!("podSelector: {{matchLabels: {{app: a{}}}}}", rule.label % 3),
        1 => format!(
            "namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: n{}}}}}",
            rule.label % 3
        ),
        2 => format!(
            "namespaceSelector: {{}}\n      podSelector: {{matchExpressions: [{{key: tier, operator: NotIn, values: [t{}]}}]}}",
            rule.label % 2
        ),
        3 => "ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/31]}".to_owned(),
        _ => "namespaceSelector: {}".to_owned(),
    };
    let ports = match rule.port % 4 {
        0 => String::new(),
        1 => "\n    ports: [{port: 80}]".to_owned(),
        2 => "\n    ports: [{port: web}]".to_owned(),
        _ => "\n    ports: [{port: 1000, endPort: 2000}, {protocol: UDP}]".to_owned(),
    };
    format!("  - {key}:\n    - {peer}{ports}\n")
}

fn policy(
    index: usize,
    namespace: u8,
    app: Option<u8>,
    ingress: &[Rule],
    egress: &[Rule],
    types: u8,
) -> String {
    let selector = app.map_or("{}".to_owned(), |app| format!("{{matchLabels: {{app: a{app}}}}}"));
    let types = match types % 3 {
        0 => "[Ingress]",
        1 => "[Egress]",
        _ => "[Ingress, Egress]",
    };
    let list = |name: &str, key: &str, rules: &[Rule]| -> String {
        if rules.is_empty() {
            return String::new();
        }
        format!("  {name}:\n{}", rules.iter().map(|rule| rule_text(rule, key)).collect::<String>())
    };
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: np{index}, namespace: n{namespace}}}\nspec:\n  podSelector: {selector}\n  policyTypes: {types}\n{}{}---\n",
        list("ingress", "from", ingress),
        list("egress", "to", egress)
    )
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    proptest::collection::vec(
        (0u8..5, 0u8..3, 0u8..4).prop_map(|(peer, label, port)| Rule { peer, label, port }),
        0..3,
    )
}

fn cluster() -> impl Strategy<Value = String> {
    let pods = proptest::collection::vec((0u8..3, 0u8..3, proptest::option::of(0u8..2)), 2..7);
    let policies =
        proptest::collection::vec((0u8..3, proptest::option::of(0u8..3), rules(), rules(), 0u8..3), 0..5);
    (pods, policies).prop_map(|(pods, policies)| {
        let mut text = String::new();
        for (index, (namespace, app, tier)) in pods.into_iter().enumerate() {
            text += &pod(index, namespace, app, tier);
        }
        for (index, (namespace, app, ingress, egress, types)) in policies.into_iter().enumerate() {
            text += &policy(index, namespace, app, &ingress, &egress, types);
        }
        text
    })
}

fn all_pairs(engine: &mut Engine) -> Vec<(usize, usize, ConnId, ConnId)> {
    let count = engine.world().endpoints.len();
    let mut pairs = Vec::new();
    for from in 0..count {
        for to in (0..count).filter(|to| *to != from) {
            let verdict = engine.between(from, to);
            pairs.push((from, to, verdict.allowed, verdict.possible));
        }
    }
    pairs
}

/// One rule of a policy of which the first rule that fits decides: action, namespace, port.
type Decision = (u8, u8, u8);

fn decisions() -> impl Strategy<Value = Vec<Decision>> {
    proptest::collection::vec((0u8..3, 0u8..4, 0u8..3), 1..4)
}

/// An AdminNetworkPolicy; equal priorities are meant.
fn admin(index: usize, priority: u8, rules: &[Decision]) -> String {
    let list = |key: &str| -> String {
        let rule = |(action, namespace, port): &Decision| {
            let action = ["Allow", "Deny", "Pass"][usize::from(action % 3)];
            let labels = match namespace {
                3 => "{}".to_owned(),
                number => format!("{{matchLabels: {{kubernetes.io/metadata.name: n{number}}}}}"),
            };
            let ports = match port {
                0 => String::new(),
                1 => ", ports: [{portNumber: {protocol: TCP, port: 80}}]".to_owned(),
                _ => ", ports: [{namedPort: web}]".to_owned(),
            };
            format!("{{action: {action}, {key}: [{{namespaces: {labels}}}]{ports}}}")
        };
        rules.iter().map(rule).collect::<Vec<_>>().join(", ")
    };
    format!(
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: anp{index}}}\nspec: {{priority: {priority}, subject: {{namespaces: {{}}}}, ingress: [{}], egress: [{}]}}\n---\n",
        list("from"),
        list("to")
    )
}

/// A GlobalNetworkPolicy of Calico.
fn global(index: usize, order: u8, rules: &[Decision]) -> String {
    let list = |key: &str| -> String {
        let rule = |(action, namespace, port): &Decision| {
            let action = ["Allow", "Deny", "Pass"][usize::from(action % 3)];
            let peer = match namespace {
                3 => String::new(),
                number => format!(", {key}: {{namespaceSelector: projectcalico.org/name == 'n{number}'}}"),
            };
            let protocol = if *port == 0 { "" } else { ", protocol: TCP" };
            format!("{{action: {action}{peer}{protocol}}}")
        };
        rules.iter().map(rule).collect::<Vec<_>>().join(", ")
    };
    format!(
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: g{index}}}\nspec: {{order: {order}, selector: all(), types: [Ingress, Egress], ingress: [{}], egress: [{}]}}\n---\n",
        list("source"),
        list("destination")
    )
}

const PROFILES: [Profile; 3] = [Profile::STRICT, Profile::CILIUM, Profile::ANTREA];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sure_is_possible(text in cluster(), profile in 0usize..3) {
        let mut engine = Engine::new(snapshot(&text).world, PROFILES[profile]);
        for (_, _, allowed, possible) in all_pairs(&mut engine) {
            prop_assert!(engine.space().is_subset(allowed, possible));
        }
    }

    #[test]
    fn an_added_allow_rule_takes_nothing_away(text in cluster(), more in rules(), which in 0usize..5) {
        let old = snapshot(&text);
        prop_assume!(!old.world.policies.is_empty());
        let index = which % old.world.policies.len();
        let donor = snapshot(&policy(9, 0, None, &more, &more, 2));
        let mut changed = old.world.clone();
        let target = &mut changed.policies[index];
        let extra = &donor.world.policies[0];
        for (own, new) in [(&mut target.ingress, &extra.ingress), (&mut target.egress, &extra.egress)] {
            if let (Some(own), Some(new)) = (own.as_mut(), new) {
                own.extend(new.iter().cloned());
            }
        }
        // One engine knows both, so that their sets can be compared.
        let mut engine = Engine::with_more(old.world.clone(), Profile::STRICT, &changed.policies, &[]);
        let before = all_pairs(&mut engine);
        engine.replace_policy(index, changed.policies[index].clone());
        for ((from, to, allowed, possible), (_, _, new_allowed, new_possible)) in before.into_iter().zip(all_pairs(&mut engine)) {
            prop_assert!(engine.space().is_subset(allowed, new_allowed), "{from} -> {to}");
            prop_assert!(engine.space().is_subset(possible, new_possible), "{from} -> {to}");
        }
    }

    #[test]
    fn an_added_allow_rule_takes_nothing_away_where_the_first_rule_decides(
        text in cluster(),
        first in decisions(),
        second in decisions(),
        (priority, is_calico) in (0u8..3, proptest::bool::ANY),
        (namespace, port, at) in (0u8..4, 0u8..3, 0usize..4),
    ) {
        let of = |rules: &[Decision], index: usize, priority: u8| match is_calico {
            true => global(index, priority, rules),
            false => admin(index, priority, rules),
        };
        let mut text = text + &of(&first, 0, 1) + &of(&second, 1, priority);
        if !is_calico {
            text += &admin(2, 0, &second).replace("AdminNetworkPolicy", "BaselineAdminNetworkPolicy").replace("priority: 0, ", "").replace("Pass", "Deny");
        }
        let profile = if is_calico { Profile::CALICO } else { Profile::OVN };
        let old = read_for(&text, profile);
        let donor = read_for(&of(&[(0, namespace, port)], 9, 0), profile);
        let index = old.world.policies.iter().position(|policy| matches!(policy.id.name.as_str(), "anp0" | "g0")).unwrap();
        let mut changed = old.world.policies[index].clone();
        let extra = &donor.world.policies[0];
        for (own, new) in [(&mut changed.ingress, &extra.ingress), (&mut changed.egress, &extra.egress)] {
            let (own, new) = (own.as_mut().unwrap(), new.as_ref().unwrap());
            own.insert(at.min(own.len()), new[0].clone());
        }
        let mut engine = Engine::with_more(old.world.clone(), profile, std::slice::from_ref(&changed), &[]);
        let before = all_pairs(&mut engine);
        engine.replace_policy(index, changed);
        for ((from, to, allowed, possible), (_, _, new_allowed, new_possible)) in before.into_iter().zip(all_pairs(&mut engine)) {
            prop_assert!(engine.space().is_subset(allowed, new_allowed), "{from} -> {to}\n{text}");
            prop_assert!(engine.space().is_subset(possible, new_possible), "{from} -> {to}\n{text}");
        }
    }

    #[test]
    fn a_replaced_policy_gives_what_a_new_engine_gives(text in cluster(), other in cluster(), which in 0usize..5) {
        let old = snapshot(&text);
        let donor = snapshot(&other);
        prop_assume!(!old.world.policies.is_empty() && !donor.world.policies.is_empty());
        let index = which % old.world.policies.len();
        let new = donor.world.policies[0].clone();
        let mut engine = Engine::with_more(old.world.clone(), Profile::ANTREA, std::slice::from_ref(&new), &[]);
        let before = all_pairs(&mut engine);
        let changes = engine.replace_policy(index, new.clone());
        let after = all_pairs(&mut engine);
        let mut world = old.world.clone();
        world.policies[index] = new;
        let space = std::mem::take(engine.space());
        let mut fresh = Engine::in_space(space, world, Profile::ANTREA, &old.world.policies, &[]);
        prop_assert_eq!(&after, &all_pairs(&mut fresh));
        // The changes are exactly the pairs that differ.
        for ((from, to, allowed, possible), (_, _, new_allowed, new_possible)) in before.into_iter().zip(after) {
            let (a, b) = (engine.universe().class_of(from), engine.universe().class_of(to));
            let differs = (allowed, possible) != (new_allowed, new_possible);
            prop_assert_eq!(differs, changes.iter().any(|change| (change.from, change.to) == (a, b)));
        }
    }

    #[test]
    fn a_diff_with_itself_is_empty(text in cluster()) {
        let one = snapshot(&text);
        let mut first = Engine::new(one.world.clone(), Profile::STRICT);
        let mut second = Engine::new(one.world.clone(), Profile::STRICT);
        let changes = diff::diff((&mut first, &one), (&mut second, &one), &Focus::default());
        prop_assert!(changes.iter().all(|change| change.kind == ChangeKind::Unchanged));
    }

    #[test]
    fn generated_policies_refuse_nothing_observed(
        text in cluster(),
        flows in proptest::collection::vec((0usize..8, 0usize..8, 0u8..2, 1u16..2000), 0..12),
    ) {
        let snapshot = snapshot(&text);
        let count = snapshot.world.endpoints.len();
        let end = |index: usize| if index < count {
            FlowEnd::Endpoint(index)
        } else {
            FlowEnd::Address(format!("198.51.100.{index}").parse().unwrap())
        };
        let mut observed = Observed::default();
        for (from, to, protocol, port) in flows {
            if from != to && (from < count || to < count) {
                let protocol = if protocol == 0 { Protocol::Tcp } else { Protocol::Udp };
                observed.flows.insert(Flow { from: end(from), to: end(to), protocol, port, was_allowed: None }, 1);
            }
        }
        let generated = generate::generate(&snapshot, &observed, &generate::Options::default());
        prop_assert!(generated.unmet.is_empty());
        for profile in PROFILES {
            let refused = generate::verify(&snapshot, &generated, &observed, profile, &generate::Options::default());
            prop_assert!(refused.is_empty(), "{refused:?}\n{}", generated.manifests.join("---\n"));
        }
    }

    #[test]
    fn an_explanation_names_what_the_verdict_says(text in cluster()) {
        let mut engine = Engine::new(snapshot(&text).world, Profile::ANTREA);
        let size = engine.universe().classes.len();
        for from in 0..size {
            for to in 0..size {
                let verdict = engine.verdict(from, to);
                let explained = haechi_network::explain::explain(&mut engine, from, to, ConnId::ALL);
                prop_assert_eq!(verdict, explained.verdict);
                for side in [explained.egress, explained.ingress] {
                    let mut passes = ConnId::EMPTY;
                    for cause in side.causes.iter().filter(|cause| cause.passes && cause.is_sure) {
                        if !matches!(cause.reason, haechi_network::explain::Reason::Rule { action: Action::Pass, .. }) {
                            passes = engine.space().union(passes, cause.set);
                        }
                    }
                    prop_assert_eq!(passes, side.verdict.allowed);
                }
            }
        }
    }

    #[test]
    fn an_isolated_pod_leaks_only_through_policies_that_name_it(text in cluster(), which in 0usize..8) {
        let snapshot = snapshot(&text);
        let endpoint = which % snapshot.world.endpoints.len();
        let namespace = snapshot.world.endpoints[endpoint].namespace.clone();
        let isolation = isolate::Isolation { namespace, value: "case-1".to_owned() };
        let labels: Vec<String> = snapshot.world.endpoints[endpoint].labels.keys().cloned().collect();
        let proof = isolate::prove(&snapshot.world, Profile::ANTREA, endpoint, &isolation, &labels);
        for leak in &proof.leaks {
            // Without labels only a policy for all pods of the namespace can still open something.
            let by = leak.by.as_ref().expect("a leak has a policy");
            let policy = proof.engine.world().policies.iter().find(|policy| policy.id == *by).unwrap();
            prop_assert!(policy.rules(leak.direction).is_some_and(|rules| !rules.is_empty()));
        }
    }
}

#[test]
fn an_isolated_pod_is_cut_off_in_both_directions() {
    let text = pod(0, 0, 0, None) + &pod(1, 0, 1, None) + &pod(2, 1, 0, None);
    let snapshot = snapshot(&text);
    let isolation = isolate::Isolation { namespace: "n0".to_owned(), value: "inc-7".to_owned() };
    for profile in [Profile::STRICT, Profile::CALICO, Profile::CILIUM, Profile::ANTREA, Profile::OVN] {
        let proof = isolate::prove(&snapshot.world, profile, 0, &isolation, &[]);
        assert!(proof.leaks.is_empty(), "{}: {:?}", profile.name, proof.leaks);
    }
    // Where enforcement is off until it is switched on, nothing is proven.
    assert!(!isolate::prove(&snapshot.world, Profile::AWS, 0, &isolation, &[]).leaks.is_empty());
    // The manifest says what the engine judged.
    let read = super_read(&isolation.manifest());
    assert_eq!(read.world.policies[0].subject, isolation.policy(0).subject);
    assert_eq!(read.world.policies[0].rules(Direction::Ingress).map(<[_]>::len), Some(0));
    assert_eq!(read.world.policies[0].rules(Direction::Egress).map(<[_]>::len), Some(0));
}

fn super_read(text: &str) -> Snapshot {
    snapshot(text)
}

#[test]
fn a_replayed_flow_that_a_policy_refuses_is_told() {
    let deny = policy(0, 0, None, &[], &[], 0);
    let snapshot = snapshot(&(pod(0, 0, 0, None) + &pod(1, 0, 1, None) + &deny));
    let mut engine = Engine::new(snapshot.world.clone(), Profile::STRICT);
    let log = "2 1 eni-1 10.0.0.1 10.0.0.2 40000 80 6 1 1 1 1 ACCEPT OK\n2 1 eni-1 10.0.0.2 10.0.0.1 80 40000 6 1 1 1 1 ACCEPT OK\n2 1 eni-1 - - - - - - - 1 1 - NODATA\nrubbish\n";
    let observed = haechi_network::flows::read_vpc(log.as_bytes(), &snapshot.world);
    // Both records are the same connection, seen from either end.
    assert_eq!(observed.flows.len(), 1);
    assert_eq!(observed.skipped.len(), 1);
    let observation = haechi_network::flows::observe(&mut engine, &observed);
    assert_eq!(observation.refused.len(), 1);
    assert_eq!(
        haechi_network::flows::replay(&mut engine, observed.flows.keys().next().unwrap()),
        Replay::Refused
    );
}

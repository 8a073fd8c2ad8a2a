//! Mistakes in policies are told, each with its place.

use haechi_network::read::{Input, Options, Snapshot, read};
use haechi_network::{ConnId, Engine, Profile, lint};
use haechi_syntax::{Limits, parse};

fn snapshot(text: &str) -> Snapshot {
    let parsed = parse(text.as_bytes(), &Limits::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "np.yaml".into(), document }).collect();
    read(&inputs, &Options::default())
}

/// `kind line:column` of every notice.
fn notices(text: &str) -> Vec<String> {
    let snapshot = snapshot(text);
    let engine = Engine::new(snapshot.world.clone(), Profile::STRICT);
    let found = snapshot.notices.iter().cloned().chain(lint::lint(&engine, &snapshot));
    found
        .map(|notice| {
            let position = notice.origin.position();
            format!("{} {}:{}", notice.kind.as_str(), position.line, position.column)
        })
        .collect()
}

const PODS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: one, labels: {app: a}}\nspec: {containers: [{name: c, ports: [{name: web, containerPort: 80}]}]}\n---\n";

fn policy(spec: &str) -> String {
    format!(
        "{PODS}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: np, namespace: one}}\nspec:\n{spec}"
    )
}

#[test]
fn an_invalid_cidr_is_told_and_makes_the_pods_unknown() {
    let text = policy("  podSelector: {}\n  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0/8}\n");
    assert_eq!(notices(&text), ["invalid-cidr 13:23"]);
    let mut engine = Engine::new(snapshot(&text).world, Profile::STRICT);
    let verdict = engine.verdict(engine.universe().classes.len(), 0);
    assert_eq!((verdict.allowed, verdict.possible), (ConnId::EMPTY, ConnId::ALL));
}

#[test]
fn an_exception_outside_of_its_block_is_told() {
    let text = policy(
        "  podSelector: {}\n  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except: [11.0.0.0/16]\n",
    );
    assert_eq!(notices(&text), ["except-outside-cidr 15:18"]);
}

#[test]
fn a_policy_in_a_namespace_of_which_nothing_is_known_is_told() {
    let text = policy("  podSelector: {}\n").replace("name: np, namespace: one", "name: np, namespace: two");
    assert_eq!(notices(&text), ["missing-namespace 8:18"]);
}

#[test]
fn a_selector_on_a_missing_namespace_is_told() {
    let text = policy(
        "  podSelector: {}\n  ingress:\n  - from:\n    - namespaceSelector: {matchLabels: {team: gone}}\n",
    );
    assert_eq!(notices(&text), ["namespace-selects-nothing 12:5"]);
}

#[test]
fn an_unknown_named_port_is_told_also_where_only_its_protocol_differs() {
    let rule = |port: &str| policy(&format!("  podSelector: {{}}\n  ingress:\n  - ports:\n    - {port}\n"));
    assert_eq!(notices(&rule("{port: metrics}")), ["unknown-named-port 12:5"]);
    assert_eq!(notices(&rule("{port: web, protocol: UDP}")), ["unknown-named-port 12:5"]);
    assert_eq!(notices(&rule("{port: web}")), [""; 0]);
}

#[test]
fn a_policy_that_selects_nothing_is_told() {
    let text = policy("  podSelector: {matchLabels: {app: b}}\n");
    assert_eq!(notices(&text), ["policy-selects-nothing 8:18"]);
}

#[test]
fn one_bad_policy_leaves_the_others_judged() {
    let bad = policy("  podSelector: {matchLabels: {app: b}}\n  ingress:\n  - ports: [{port: 99999}]\n");
    let good = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ok, namespace: two}\nspec: {podSelector: {}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: two}\nspec: {containers: [{name: c}]}\n";
    let snapshot = snapshot(&(bad + good));
    assert_eq!(snapshot.notices.len(), 1);
    let mut engine = Engine::new(snapshot.world.clone(), Profile::STRICT);
    let (a, b) = (engine.universe().class_of(0), engine.universe().class_of(1));
    // The pod under the good policy is surely closed, the one under the bad policy is unknown.
    assert_eq!(engine.verdict(a, b).possible, ConnId::EMPTY);
    let verdict = engine.verdict(b, a);
    assert_eq!((verdict.allowed, verdict.possible), (ConnId::EMPTY, ConnId::ALL));
}

#[test]
fn a_block_that_may_mean_pods_is_unknown_unless_the_plugin_is() {
    let text = policy("  podSelector: {}\n  ingress:\n  - from:\n    - ipBlock: {cidr: 0.0.0.0/0}\n");
    let text = text
        + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: one}\nspec: {containers: [{name: c}]}\nstatus: {podIP: 10.0.0.7}\n";
    let verdict = |profile: Profile| {
        let mut engine = Engine::new(snapshot(&text).world, profile);
        let (a, b) = (engine.universe().class_of(0), engine.universe().class_of(1));
        engine.verdict(b, a)
    };
    let strict = verdict(Profile::STRICT);
    assert_eq!((strict.allowed, strict.possible), (ConnId::EMPTY, ConnId::ALL));
    assert_eq!(verdict(Profile::CILIUM).possible, ConnId::EMPTY);
    assert_eq!(verdict(Profile::ANTREA).allowed, ConnId::ALL);
}

#[test]
fn a_rule_that_another_makes_void_is_told() {
    let peers = "from: [{namespaceSelector: {}}]";
    let rules = |rules: &str| notices(&policy(&format!("  podSelector: {{}}\n  ingress: [{rules}]\n")));
    let shadowed = |told: Vec<String>| told.iter().filter(|text| text.contains("shadowed-rule")).count();
    assert_eq!(shadowed(rules(&format!("{{{peers}}}, {{{peers}, ports: [{{port: 80}}]}}"))), 1);
    assert_eq!(shadowed(rules(&format!("{{{peers}, ports: [{{port: 80}}]}}, {{{peers}}}"))), 1);
    // Of two equal ones it is the second.
    assert_eq!(shadowed(rules(&format!("{{{peers}}}, {{{peers}}}"))), 1);
    assert_eq!(shadowed(rules(&format!("{{}}, {{{peers}, ports: [{{port: http}}]}}"))), 1);
    let block = |cidr: &str| format!("{{from: [{{ipBlock: {{cidr: {cidr}}}}}]}}");
    assert_eq!(shadowed(rules(&format!("{}, {}", block("8.0.0.0/8"), block("9.0.0.0/8")))), 0);
    assert_eq!(
        shadowed(rules(&format!("{{{peers}, ports: [{{port: 80}}]}}, {{{peers}, ports: [{{port: 81}}]}}"))),
        0
    );
    assert_eq!(
        shadowed(rules(&format!("{{{peers}, ports: [{{port: http}}]}}, {{{peers}, ports: [{{port: 80}}]}}"))),
        0
    );
    // By label today's pods may be the same, tomorrow's are not.
    let by_label =
        "{from: [{podSelector: {matchLabels: {app: a}}}]}, {from: [{podSelector: {matchLabels: {app: b}}}]}";
    assert_eq!(shadowed(rules(by_label)), 0);
}

#[test]
fn where_the_first_rule_decides_only_an_earlier_one_makes_another_void() {
    let admin = |rules: &str| {
        let told = notices(&format!(
            "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: x}}\nspec: {{priority: 1, subject: {{namespaces: {{}}}}, ingress: [{rules}]}}\n"
        ));
        told.iter().filter(|text| text.contains("shadowed-rule")).count()
    };
    let all = |action: &str| format!("{{action: {action}, from: [{{namespaces: {{}}}}]}}");
    let one = |action: &str| {
        format!(
            "{{action: {action}, from: [{{namespaces: {{}}}}], ports: [{{portNumber: {{protocol: TCP, port: 80}}}}]}}"
        )
    };
    assert_eq!(admin(&format!("{}, {}", all("Deny"), one("Allow"))), 1);
    assert_eq!(admin(&format!("{}, {}", all("Pass"), one("Deny"))), 1);
    assert_eq!(admin(&format!("{}, {}", one("Allow"), all("Deny"))), 0);
    assert_eq!(admin(&format!("{}, {}", one("Allow"), all("Allow"))), 0);
}

#[test]
fn a_policy_that_stands_twice_is_told() {
    let one = policy("  podSelector: {}\n");
    let twice = |text: &str| notices(text).iter().filter(|text| text.contains("duplicate")).count();
    assert_eq!(twice(&format!("{one}---\n{one}")), 1);
    assert_eq!(twice(&format!("{one}---\n{}", one.replace("name: np", "name: q"))), 0);
}

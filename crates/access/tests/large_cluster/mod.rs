//! A made-up cluster of any size, the same each time.

use haechi_access::{
    BindingInput, Coverage, Inventory, Place, PolicyRule, RoleInput, RuleInput, Snapshot, SnapshotBuilder,
    SnapshotOptions, SubjectInput,
};
use haechi_objects::PodTemplates;
use haechi_syntax::{Limits, parse_yaml};

/// xorshift: the same numbers each time, without a dependency.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

const NAMESPACES: usize = 500;
const CLUSTER_ROLES: usize = 2_000;
const NODES: usize = 200;

const RESOURCES: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "pods/log"),
    ("", "services"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "events"),
    ("apps", "deployments"),
    ("apps", "deployments/scale"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("example.com", "widgets"),
    ("example.com", "gadgets"),
];

const VERBS: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];

fn rules(numbers: &mut Numbers) -> Vec<RuleInput> {
    (0..1 + numbers.below(6))
        .map(|_| {
            let (group, resource) = RESOURCES[numbers.below(RESOURCES.len())];
            let verbs =
                (0..1 + numbers.below(5)).map(|_| VERBS[numbers.below(VERBS.len())].to_owned()).collect();
            let rule = PolicyRule {
                verbs,
                api_groups: vec![group.to_owned()],
                resources: vec![resource.to_owned()],
                resource_names: if numbers.below(5) == 0 { vec!["a".to_owned()] } else { Vec::new() },
                non_resource_urls: Vec::new(),
            };
            RuleInput { rule, is_doubtful: false, place: Place::NOWHERE }
        })
        .collect()
}

/// Service account `sa-N` lives in namespace `ns-(N % 500)`. One binding in a hundred is for the whole cluster; one
/// in five names a group of the namespace instead of an account.
pub(crate) fn snapshot(accounts: usize, bindings: usize) -> Snapshot {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut builder =
        SnapshotBuilder::new(SnapshotOptions { coverage: Coverage::Whole, ..Default::default() });
    let star = |name: &str, verb: &str, group: &str, resource: &str| RoleInput {
        name: name.to_owned(),
        rules: vec![RuleInput {
            rule: PolicyRule {
                verbs: vec![verb.to_owned()],
                api_groups: vec![group.to_owned()],
                resources: vec![resource.to_owned()],
                ..PolicyRule::default()
            },
            is_doubtful: false,
            place: Place::NOWHERE,
        }],
        place: Place::NOWHERE,
        ..RoleInput::default()
    };
    builder.add_role(star("cluster-admin", "*", "*", "*"));
    builder.add_role(star("escalator", "*", "rbac.authorization.k8s.io", "clusterroles"));
    for index in 0..CLUSTER_ROLES {
        builder.add_role(RoleInput {
            name: format!("cr-{index}"),
            rules: rules(&mut numbers),
            place: Place::NOWHERE,
            ..RoleInput::default()
        });
    }
    for index in 0..NAMESPACES {
        builder.add_role(RoleInput {
            namespace: Some(format!("ns-{index}")),
            name: "local".to_owned(),
            rules: rules(&mut numbers),
            place: Place::NOWHERE,
            ..RoleInput::default()
        });
    }
    for index in 0..bindings {
        let account = if index < accounts { index } else { numbers.below(accounts) };
        let home = account % NAMESPACES;
        let is_cluster = index % 100 == 99;
        // Half of the bindings are in the account's own namespace.
        let namespace = if numbers.below(2) == 0 { home } else { numbers.below(NAMESPACES) };
        let role = match numbers.below(10) {
            0 if !is_cluster => ("Role", "local".to_owned()),
            _ if index == 4_999 => ("ClusterRole", "cluster-admin".to_owned()),
            _ => ("ClusterRole", format!("cr-{}", numbers.below(CLUSTER_ROLES))),
        };
        let subject = if numbers.below(5) == 0 {
            SubjectInput::Group(format!("system:serviceaccounts:ns-{home}"))
        } else {
            SubjectInput::ServiceAccount(Some(format!("ns-{home}")), format!("sa-{account}"))
        };
        builder.add_binding(BindingInput {
            namespace: (!is_cluster).then(|| format!("ns-{namespace}")),
            name: format!("b-{index}"),
            role_ref: Some((role.0.to_owned(), role.1)),
            subjects: vec![(subject, Place::NOWHERE)],
            place: Place::NOWHERE,
            role_ref_place: Place::NOWHERE,
        });
    }
    builder.finish()
}

/// What runs in it: every account has a pod, placed on one of 200 nodes; a tenth of the namespaces enforce a Pod
/// Security level; every node runs an agent that mounts the node's pods; services lead some pods to the internet.
pub(crate) fn inventory(accounts: usize) -> Inventory {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let mut text = String::new();
    let mut add = |object: String| {
        text.push_str(&object);
        text.push_str("\n---\n");
    };
    for index in 0..NAMESPACES {
        let level = if index % 10 == 0 { "restricted" } else { "privileged" };
        add(format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: ns-{index}, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}}}"
        ));
        add(format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: ns-{index}}}, spec: {{type: LoadBalancer, selector: {{app: web}}}}}}"
        ));
        for secret in 0..4 {
            add(format!(
                "{{apiVersion: v1, kind: Secret, type: Opaque, metadata: {{name: s-{secret}, namespace: ns-{index}}}}}"
            ));
        }
    }
    for index in 0..NODES {
        let role = if index < 3 { "node-role.kubernetes.io/control-plane: ''" } else { "zone: a" };
        add(format!("{{apiVersion: v1, kind: Node, metadata: {{name: node-{index}, labels: {{{role}}}}}}}"));
        add(format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: agent-{index}, namespace: ns-1}}, spec: {{nodeName: node-{index}, serviceAccountName: sa-1, \
             volumes: [{{name: pods, hostPath: {{path: /var/lib/kubelet/pods}}}}], containers: [{{name: c, image: agent, volumeMounts: [{{name: pods, mountPath: /p}}]}}]}}}}"
        ));
    }
    for account in 0..accounts {
        let namespace = account % NAMESPACES;
        let node = numbers.below(NODES);
        let app = if numbers.below(10) == 0 { "web" } else { "worker" };
        let privileged = numbers.below(50) == 0;
        let secret = numbers.below(4);
        add(format!(
            "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: sa-{account}, namespace: ns-{namespace}}}}}"
        ));
        add(format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: pod-{account}, namespace: ns-{namespace}, labels: {{app: {app}}}}}, spec: {{nodeName: node-{node}, \
             serviceAccountName: sa-{account}, containers: [{{name: c, image: i, securityContext: {{privileged: {privileged}}}, \
             envFrom: [{{secretRef: {{name: s-{secret}}}}}]}}, {{name: proxy, image: p}}]}}}}"
        ));
    }
    let mut inventory = Inventory::default();
    for document in &parse_yaml(text.as_bytes(), &Limits::default()).documents {
        inventory.add_document(0, document, &PodTemplates::default());
    }
    inventory
}

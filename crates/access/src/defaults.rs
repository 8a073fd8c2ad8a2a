//! The roles that every cluster has, for input that binds them without holding them.
//!
//! Facts of Kubernetes 1.36: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`. Aggregated roles stand here as their
//! controller fills them in a cluster without further parts.

use crate::builder::{BindingInput, LabelRequirement, RoleInput, RuleInput, SnapshotBuilder, SubjectInput};
use crate::rule::{Place, PolicyRule};
use crate::snapshot::{Snapshot, SnapshotOptions};
use crate::subject::AUTHENTICATED;

const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const READ: &[&str] = &["get", "list", "watch"];
const ALL_OF_THEM: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

type Row = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const VIEW: &[Row] = &[
    (
        READ,
        &[""],
        &[
            "configmaps",
            "endpoints",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "serviceaccounts",
            "services",
            "services/status",
        ],
    ),
    (
        READ,
        &[""],
        &[
            "bindings",
            "limitranges",
            "namespaces/status",
            "pods/log",
            "pods/status",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
        ],
    ),
    (READ, &[""], &["namespaces"]),
    (READ, &["", "events.k8s.io"], &["events"]),
    (READ, &["discovery.k8s.io"], &["endpointslices"]),
    (
        READ,
        &["apps"],
        &[
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status",
        ],
    ),
    (READ, &["autoscaling"], &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
    (READ, &["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
    (READ, &["policy"], &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
    (READ, &["networking.k8s.io"], &["ingresses", "ingresses/status", "networkpolicies"]),
    (READ, &["resource.k8s.io"], &["resourceclaims", "resourceclaims/status", "resourceclaimtemplates"]),
];

const EDIT: &[Row] = &[
    (
        READ,
        &[""],
        &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
    ),
    (&["impersonate"], &[""], &["serviceaccounts"]),
    (WRITE, &[""], &["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
    (&["create"], &[""], &["pods/eviction"]),
    (
        WRITE,
        &[""],
        &[
            "configmaps",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ],
    ),
    (&["create"], &[""], &["serviceaccounts/token"]),
    (WRITE, &["", "events.k8s.io"], &["events"]),
    (
        WRITE,
        &["apps"],
        &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
    ),
    (WRITE, &["autoscaling"], &["horizontalpodautoscalers"]),
    (WRITE, &["batch"], &["cronjobs", "jobs"]),
    (WRITE, &["policy"], &["poddisruptionbudgets"]),
    (WRITE, &["networking.k8s.io"], &["ingresses", "networkpolicies"]),
    (ALL_OF_THEM, &["coordination.k8s.io"], &["leases"]),
    (WRITE, &["resource.k8s.io"], &["resourceclaims", "resourceclaimtemplates"]),
];

const ADMIN: &[Row] = &[
    (&["create"], &["authorization.k8s.io"], &["localsubjectaccessreviews"]),
    (ALL_OF_THEM, &["rbac.authorization.k8s.io"], &["rolebindings", "roles"]),
];

const EVERYTHING: &[Row] = &[(&["*"], &["*"], &["*"])];

const AUTH_DELEGATOR: &[Row] = &[
    (&["create"], &["authentication.k8s.io"], &["tokenreviews"]),
    (&["create"], &["authorization.k8s.io"], &["subjectaccessreviews"]),
];

const BASIC_USER: &[Row] = &[
    (&["create"], &["authorization.k8s.io"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
    (&["create"], &["authentication.k8s.io"], &["selfsubjectreviews"]),
];

const DISCOVERY_URLS: &[&str] = &[
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
];
const PUBLIC_URLS: &[&str] = &["/healthz", "/livez", "/readyz", "/version", "/version/"];
const MONITORING_URLS: &[&str] = &[
    "/flagz",
    "/healthz",
    "/healthz/*",
    "/livez",
    "/livez/*",
    "/metrics",
    "/metrics/slis",
    "/readyz",
    "/readyz/*",
    "/statusz",
];

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn role(name: &str, tables: &[&[Row]], urls: (&[&str], &[&str]), aggregate_to: Option<&str>) -> RoleInput {
    let mut rules: Vec<RuleInput> = tables
        .iter()
        .copied()
        .flatten()
        .map(|(verbs, groups, resources)| RuleInput {
            rule: PolicyRule {
                verbs: texts(verbs),
                api_groups: texts(groups),
                resources: texts(resources),
                ..PolicyRule::default()
            },
            is_doubtful: false,
            place: Place::NOWHERE,
        })
        .collect();
    let (url_verbs, urls) = urls;
    if !urls.is_empty() {
        rules.push(RuleInput {
            rule: PolicyRule {
                verbs: texts(url_verbs),
                non_resource_urls: texts(urls),
                ..PolicyRule::default()
            },
            is_doubtful: false,
            place: Place::NOWHERE,
        });
    }
    // `view` is itself a part of `edit`, and `edit` of `admin`, so that a part of one is a part of those above it.
    let part_of = match name {
        "view" => Some("edit"),
        "edit" => Some("admin"),
        _ => None,
    };
    let label = |role| (format!("rbac.authorization.k8s.io/aggregate-to-{role}"), "true".to_owned());
    RoleInput {
        namespace: None,
        name: name.to_owned(),
        labels: part_of.map(label).into_iter().collect(),
        rules,
        aggregation: aggregate_to.map(|role| {
            vec![vec![LabelRequirement {
                key: format!("rbac.authorization.k8s.io/aggregate-to-{role}"),
                operator: haechi_objects::SelectorOperator::In,
                values: vec!["true".to_owned()],
            }]]
        }),
        place: Place::NOWHERE,
    }
}

/// The default cluster roles that people bind.
pub(crate) fn roles() -> Vec<RoleInput> {
    let none: (&[&str], &[&str]) = (&[], &[]);
    vec![
        role("cluster-admin", &[EVERYTHING], (&["*"], &["*"]), None),
        role("admin", &[ADMIN, EDIT, VIEW], none, Some("admin")),
        role("edit", &[EDIT, VIEW], none, Some("edit")),
        role("view", &[VIEW], none, Some("view")),
        role("system:auth-delegator", &[AUTH_DELEGATOR], none, None),
        role("system:basic-user", &[BASIC_USER], none, None),
        role("system:discovery", &[], (&["get"], DISCOVERY_URLS), None),
        role("system:public-info-viewer", &[], (&["get"], PUBLIC_URLS), None),
        role(
            "system:monitoring",
            &[&[(&["get"], &[""], &["nodes/metrics"])]],
            (&["get"], MONITORING_URLS),
            None,
        ),
    ]
}

/// What every cluster gives to everybody who authenticated: discovery, health, questions about oneself.
pub fn given_to_everybody() -> Snapshot {
    let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
    for name in ["system:basic-user", "system:discovery", "system:public-info-viewer"] {
        builder.add_binding(BindingInput {
            namespace: None,
            name: name.to_owned(),
            role_ref: Some(("ClusterRole".to_owned(), name.to_owned())),
            subjects: vec![(SubjectInput::Group(AUTHENTICATED.to_owned()), Place::NOWHERE)],
            place: Place::NOWHERE,
            role_ref_place: Place::NOWHERE,
        });
    }
    builder.finish()
}

//! The rights that attacks are made of, and which roles have them.

use std::collections::HashMap;

use crate::rule::Rule;
use crate::snapshot::{RoleId, RuleId, Snapshot};
use crate::symbols::Symbol;

macro_rules! rights {
    ($($name:ident: $verbs:expr, $group:expr, $resources:expr, $named:expr;)*) => {
        /// A right that some technique needs. Each is one of some verbs on one of some resources.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Right {
            $(#[doc = concat!(stringify!($verbs), " on ", stringify!($resources))] $name,)*
        }

        /// (right, any of these verbs, group, any of these resources, whether requests carry the object's name).
        const TABLE: &[(Right, &[&str], &str, &[&str], bool)] = &[
            $((Right::$name, &$verbs, $group, &$resources, $named),)*
        ];
    };
}

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHN: &str = "authentication.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

rights! {
    EscalateRoles: ["escalate"], RBAC, ["roles"], true;
    EscalateClusterRoles: ["escalate"], RBAC, ["clusterroles"], true;
    UpdateRoles: ["update", "patch"], RBAC, ["roles"], true;
    UpdateClusterRoles: ["update", "patch"], RBAC, ["clusterroles"], true;
    CreateClusterRoles: ["create"], RBAC, ["clusterroles"], false;
    BindRoles: ["bind"], RBAC, ["roles"], true;
    BindClusterRoles: ["bind"], RBAC, ["clusterroles"], true;
    CreateRoleBindings: ["create"], RBAC, ["rolebindings"], false;
    UpdateRoleBindings: ["update", "patch"], RBAC, ["rolebindings"], true;
    CreateClusterRoleBindings: ["create"], RBAC, ["clusterrolebindings"], false;
    UpdateClusterRoleBindings: ["update", "patch"], RBAC, ["clusterrolebindings"], true;
    ImpersonateUsers: ["impersonate"], "", ["users"], true;
    ImpersonateGroups: ["impersonate"], "", ["groups"], true;
    ImpersonateServiceAccounts: ["impersonate"], "", ["serviceaccounts"], true;
    ImpersonateExtras: ["impersonate"], AUTHN, ["userextras/*"], true;
    ImpersonateUids: ["impersonate"], AUTHN, ["uids"], true;
    ConstrainedUser: ["impersonate:user-info"], AUTHN, ["users"], true;
    ConstrainedServiceAccount: ["impersonate:serviceaccount"], AUTHN, ["serviceaccounts"], true;
    ConstrainedNode: ["impersonate:arbitrary-node", "impersonate:associated-node"], AUTHN, ["nodes"], true;
    CreateTokens: ["create"], "", ["serviceaccounts/token"], true;
    ListSecrets: ["list", "watch"], "", ["secrets"], false;
    GetSecrets: ["get"], "", ["secrets"], true;
    CreateSecrets: ["create"], "", ["secrets"], false;
    CreatePods: ["create"], "", ["pods"], false;
    CreateServiceAccounts: ["create"], "", ["serviceaccounts"], false;
    WriteApps: ["create", "update", "patch"], "apps", ["deployments", "daemonsets", "statefulsets", "replicasets"], true;
    WriteControllers: ["create", "update", "patch"], "", ["replicationcontrollers"], true;
    WriteJobs: ["create", "update", "patch"], "batch", ["jobs", "cronjobs"], true;
    Exec: ["create", "get"], "", ["pods/exec"], true;
    Attach: ["create", "get"], "", ["pods/attach"], true;
    PortForward: ["create", "get"], "", ["pods/portforward"], true;
    PatchPods: ["update", "patch"], "", ["pods"], true;
    PatchEphemeral: ["update", "patch"], "", ["pods/ephemeralcontainers"], true;
    PatchPodStatus: ["update", "patch"], "", ["pods/status"], true;
    DeletePods: ["delete", "deletecollection"], "", ["pods"], true;
    EvictPods: ["create"], "", ["pods/eviction"], true;
    PatchNodes: ["update", "patch"], "", ["nodes", "nodes/status"], true;
    NodesProxy: ["get", "create", "update", "patch", "delete"], "", ["nodes/proxy"], true;
    NodesLog: ["get"], "", ["nodes/log"], true;
    PodsLog: ["get"], "", ["pods/log"], true;
    CreateCsr: ["create"], "certificates.k8s.io", ["certificatesigningrequests"], false;
    UpdateCsrApproval: ["update", "patch"], "certificates.k8s.io", ["certificatesigningrequests/approval"], true;
    ApproveSigners: ["approve"], "certificates.k8s.io", ["signers"], true;
    WriteMutating: ["create", "update", "patch"], ADMISSION, ["mutatingwebhookconfigurations", "mutatingadmissionpolicies"], true;
    WriteValidating: ["create", "update", "patch"], ADMISSION, ["validatingwebhookconfigurations"], true;
    CreatePersistentVolumes: ["create"], "", ["persistentvolumes"], false;
    PatchNamespaces: ["update", "patch"], "", ["namespaces"], true;
    WriteNetworkPolicies: ["create", "update", "patch", "delete"], "networking.k8s.io", ["networkpolicies"], true;
    WriteServices: ["create", "update", "patch"], "", ["services"], true;
    WriteServiceStatus: ["update", "patch"], "", ["services/status"], true;
    WriteEndpoints: ["create", "update", "patch"], "", ["endpoints"], true;
    WriteEndpointSlices: ["create", "update", "patch"], "discovery.k8s.io", ["endpointslices"], true;
    WriteConfigMaps: ["update", "patch"], "", ["configmaps"], true;
    WriteApiServices: ["create", "update", "patch"], "apiregistration.k8s.io", ["apiservices"], true;
    WriteArgoWorkflows: ["create", "update", "patch"], "argoproj.io", ["workflows", "cronworkflows"], true;
    WriteArgoApplications: ["create", "update", "patch"], "argoproj.io", ["applications", "applicationsets"], true;
    WriteTektonRuns: ["create", "update", "patch"], "tekton.dev", ["pipelineruns", "taskruns"], true;
    WriteFluxKustomizations: ["create", "update", "patch"], "kustomize.toolkit.fluxcd.io", ["kustomizations"], true;
    WriteFluxHelmReleases: ["create", "update", "patch"], "helm.toolkit.fluxcd.io", ["helmreleases"], true;
    WriteCompositions: ["create", "update", "patch"], "apiextensions.crossplane.io", ["compositions"], true;
    WriteKyvernoPolicies: ["create", "update", "patch"], "kyverno.io", ["clusterpolicies", "policies"], true;
    WriteExternalSecrets: ["create", "update", "patch"], "external-secrets.io", ["externalsecrets", "clusterexternalsecrets"], true;
    WriteSecretProviders: ["create", "update", "patch"], "secrets-store.csi.x-k8s.io", ["secretproviderclasses"], true;
}

/// A right of a role: on all objects, or on the one with that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoleRight {
    pub(crate) right: Right,
    pub(crate) name: Option<Symbol>,
    pub(crate) rule: RuleId,
}

/// The rights of a role, and whether it has everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoleRights {
    pub(crate) rights: Vec<RoleRight>,
    /// The rule with `*` on `*` of `*`.
    pub(crate) everything: Option<RuleId>,
    /// Verbs of the form `impersonate-on:<mode>:<verb>`, by mode.
    pub(crate) impersonate_on: Vec<(&'static str, RuleId)>,
}

struct Wanted {
    right: Right,
    verbs: Vec<Option<Symbol>>,
    nameless_verbs: Vec<bool>,
    group: Option<Symbol>,
    resources: Vec<(Option<Symbol>, Option<Symbol>)>,
    is_named: bool,
    is_prefix: Option<&'static str>,
}

/// Finds the rights of every role of a snapshot.
pub(crate) fn rights_of_roles(snapshot: &Snapshot) -> HashMap<RoleId, RoleRights> {
    let symbols = &snapshot.symbols;
    let wanted: Vec<Wanted> = TABLE
        .iter()
        .map(|(right, verbs, group, resources, is_named)| Wanted {
            right: *right,
            verbs: verbs.iter().map(|verb| symbols.find(verb)).collect(),
            nameless_verbs: verbs.iter().map(|verb| is_nameless(verb, resources)).collect(),
            group: symbols.find(group),
            resources: resources
                .iter()
                .filter(|resource| !resource.ends_with("/*"))
                .map(|resource| {
                    let any_parent =
                        resource.split_once('/').and_then(|(_, sub)| symbols.find(&["*/", sub].concat()));
                    (symbols.find(resource), any_parent)
                })
                .collect(),
            is_named: *is_named,
            is_prefix: resources.first().and_then(|resource| resource.strip_suffix('*')),
        })
        .collect();
    snapshot
        .role_ids()
        .filter_map(|id| {
            let found = rights_of_role(snapshot, id, &wanted);
            let is_empty =
                found.rights.is_empty() && found.everything.is_none() && found.impersonate_on.is_empty();
            (!is_empty).then_some((id, found))
        })
        .collect()
}

/// A request that creates an object carries no name, unless it is on a subresource.
fn is_nameless(verb: &str, resources: &[&str]) -> bool {
    (verb == "create" && !resources.iter().any(|resource| resource.contains('/')))
        || matches!(verb, "list" | "watch" | "deletecollection")
}

fn rights_of_role(snapshot: &Snapshot, id: RoleId, wanted: &[Wanted]) -> RoleRights {
    let mut found = RoleRights::default();
    let Some(role) = snapshot.role(id) else { return found };
    for (rule_id, rule) in (role.rules.start..).map(RuleId).zip(snapshot.rules_of(role)) {
        // What could not be read is reported elsewhere; attacks are built on what is certain.
        if rule.is_doubtful {
            continue;
        }
        if rule.verbs.any && rule.groups.any && rule.resources.any && rule.names.is_empty() {
            found.everything.get_or_insert(rule_id);
        }
        for verb in &rule.verbs.named {
            if let Some(rest) = snapshot.text(*verb).strip_prefix("impersonate-on:") {
                let modes = ["user-info", "serviceaccount", "arbitrary-node", "associated-node"];
                let mode = modes
                    .into_iter()
                    .find(|mode| rest.strip_prefix(mode).is_some_and(|rest| rest.starts_with(':')));
                if let Some(mode) = mode {
                    found.impersonate_on.push((mode, rule_id));
                }
            }
        }
        for want in wanted {
            add_right(snapshot, rule, rule_id, want, &mut found.rights);
        }
    }
    found
}

fn add_right(snapshot: &Snapshot, rule: &Rule, id: RuleId, want: &Wanted, rights: &mut Vec<RoleRight>) {
    if !rule.groups.has(want.group) {
        return;
    }
    let has_resource = rule.resources.any
        || want.resources.iter().any(|(combined, any_parent)| rule.has_resource(*combined, *any_parent))
        || want.is_prefix.is_some_and(|prefix| {
            // `userextras/*` itself is no wildcard and names nothing.
            let names_one = |resource: &str| {
                resource.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest != "*")
            };
            rule.resources.named.iter().any(|resource| names_one(snapshot.text(*resource)))
        });
    if !has_resource {
        return;
    }
    let mut has_any = false;
    let mut has_named = false;
    for (verb, is_nameless) in want.verbs.iter().zip(&want.nameless_verbs) {
        if rule.verbs.has(*verb) {
            has_any = true;
            has_named |= !is_nameless;
        }
    }
    if !has_any {
        return;
    }
    let mut push = |name| {
        if !rights
            .iter()
            .any(|known| known.right == want.right && (known.name.is_none() || known.name == name))
        {
            rights.push(RoleRight { right: want.right, name, rule: id });
        }
    };
    if rule.names.is_empty() {
        push(None);
    } else if want.is_named && has_named {
        rule.names.iter().for_each(|name| push(Some(*name)));
    }
}

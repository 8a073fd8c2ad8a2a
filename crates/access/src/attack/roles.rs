//! Edges that roles and bindings give.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::decide::Witness;
use crate::inventory::Inventory;
use crate::rights::{Right, RoleRight, RoleRights, rights_of_roles};
use crate::snapshot::{BindingId, RoleId, RoleLink, RuleId, Snapshot, SubjectKey, SubjectSpec};
use crate::subject::{MASTERS, Subject};
use crate::symbols::Symbol;

use super::graph::{Assumption, AttackGraph, Evidence, Fact, Power, Scope};
use super::technique::Technique;

/// A right that an identity holds somewhere, with the binding and rule that give it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// `None`: only that the role is held, for a role that can be written or aggregated to.
    pub(super) right: Option<Right>,
    pub(super) name: Option<Symbol>,
    pub(super) scope: Scope,
    pub(super) witness: Witness,
    /// The role is a Role of the namespace, not a ClusterRole.
    is_local_role: bool,
    is_aggregated: bool,
}

/// What is needed to add the edges of roles.
pub(super) struct RoleEdges<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) inventory: &'s Inventory,
    pub(super) graph: &'s mut AttackGraph,
    rights: HashMap<RoleId, RoleRights>,
    /// Roles of each namespace, bound or not.
    local_roles: BTreeMap<u32, Vec<RoleId>>,
    /// Whether the cluster takes users from the map `aws-auth`.
    reads_aws_auth: bool,
    /// Indices of pods by name.
    pods_by_name: HashMap<&'s str, Vec<usize>>,
    /// Accounts of controllers, by the name of their workload, as far as they were looked for.
    operators: HashMap<&'static str, Vec<Subject>>,
}

/// Rights of which techniques need two or more of one identity.
fn is_combined(right: Right) -> bool {
    use Right as R;
    matches!(
        right,
        R::EscalateRoles
            | R::EscalateClusterRoles
            | R::UpdateRoles
            | R::UpdateClusterRoles
            | R::CreateClusterRoles
            | R::BindRoles
            | R::BindClusterRoles
            | R::CreateRoleBindings
            | R::UpdateRoleBindings
            | R::CreateClusterRoleBindings
            | R::UpdateClusterRoleBindings
            | R::ImpersonateUsers
            | R::ImpersonateGroups
            | R::ImpersonateServiceAccounts
            | R::ConstrainedUser
            | R::ConstrainedServiceAccount
            | R::ConstrainedNode
            | R::CreateSecrets
            | R::GetSecrets
            | R::ListSecrets
            | R::CreateCsr
            | R::UpdateCsrApproval
            | R::ApproveSigners
    )
}

impl<'s> RoleEdges<'s> {
    pub(super) fn new(
        snapshot: &'s Snapshot,
        inventory: &'s Inventory,
        graph: &'s mut AttackGraph,
        reads_aws_auth: bool,
    ) -> Self {
        let rights = rights_of_roles(snapshot);
        let mut local_roles: BTreeMap<u32, Vec<RoleId>> = BTreeMap::new();
        for id in snapshot.role_ids() {
            let namespace = snapshot.role(id).and_then(|role| role.namespace);
            if let Some(namespace) = namespace
                && let Scope::Namespace(scope) = graph.namespace(snapshot.text(namespace))
            {
                local_roles.entry(scope).or_default().push(id);
            }
        }
        let mut pods_by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, pod) in inventory.pods.iter().enumerate() {
            pods_by_name.entry(&pod.name).or_default().push(index);
        }
        RoleEdges {
            snapshot,
            inventory,
            graph,
            rights,
            local_roles,
            reads_aws_auth,
            pods_by_name,
            operators: HashMap::new(),
        }
    }

    pub(super) fn add_all(&mut self) {
        let mut permissions: BTreeSet<(RoleId, Scope)> = BTreeSet::new();
        let mut held: BTreeMap<SubjectKey, Vec<Held>> = BTreeMap::new();
        for id in self.snapshot.binding_ids() {
            self.add_binding(id, &mut permissions, &mut held);
        }
        for (role, scope) in permissions {
            self.add_permissions(role, scope);
        }
        self.add_combinations(&held);
        self.add_standing_edges();
    }

    /// Subjects of a binding come to have the permissions of its role.
    fn add_binding(
        &mut self,
        id: BindingId,
        permissions: &mut BTreeSet<(RoleId, Scope)>,
        held: &mut BTreeMap<SubjectKey, Vec<Held>>,
    ) {
        let snapshot = self.snapshot;
        let Some(binding) = snapshot.binding(id) else { return };
        let scope = match binding.namespace {
            None => Scope::Cluster,
            Some(namespace) => self.graph.namespace(snapshot.text(namespace)),
        };
        let RoleLink::Role(role) = binding.role else {
            // Nothing is known of the role, but the names are.
            for (spec, _) in &binding.subjects {
                if let SubjectSpec::Known(key) = spec {
                    self.graph.identity(&snapshot.subject(*key));
                }
            }
            return;
        };
        permissions.insert((role, scope));
        let is_local_role = snapshot.role(role).is_some_and(|role| role.namespace.is_some());
        let is_aggregated = snapshot.role(role).is_some_and(|role| role.is_aggregated);
        for (index, (spec, _)) in binding.subjects.iter().enumerate() {
            let SubjectSpec::Known(key) = spec else { continue };
            let identity = self.graph.identity(&snapshot.subject(*key));
            let permissions = Fact::Permissions(role, scope);
            self.graph.add(
                Technique::PermissionDiscover,
                &[identity],
                permissions,
                Evidence::Binding(id),
                None,
            );
            let subject = u32::try_from(index).unwrap_or(u32::MAX);
            let rights = self.rights.get(&role);
            if is_local_role || is_aggregated {
                let rule = RuleId(snapshot.role(role).map_or(0, |role| role.rules.start));
                let witness = Witness { binding: id, subject, role, rule };
                held.entry(*key).or_default().push(Held {
                    right: None,
                    name: None,
                    scope,
                    witness,
                    is_local_role,
                    is_aggregated,
                });
            }
            let Some(rights) = rights else { continue };
            for right in rights.rights.iter().filter(|right| is_combined(right.right)) {
                held.entry(*key).or_default().push(Held {
                    right: Some(right.right),
                    name: right.name,
                    scope,
                    witness: Witness { binding: id, subject, role, rule: right.rule },
                    is_local_role,
                    is_aggregated,
                });
            }
        }
    }

    /// What follows from the permissions of one role in one scope.
    fn add_permissions(&mut self, role: RoleId, scope: Scope) {
        let Some(rights) = self.rights.get(&role).cloned() else { return };
        let from = Fact::Permissions(role, scope);
        if let Some(rule) = rights.everything {
            let (technique, to) = match scope {
                Scope::Cluster => (Technique::RbacClusterAdmin, Fact::ClusterAdmin),
                Scope::Namespace(_) => (Technique::Follows, Fact::Power(Power::Control, scope)),
            };
            self.graph.add(technique, &[from], to, Evidence::Rule(rule), None);
        }
        for right in &rights.rights {
            self.add_single(from, scope, right);
        }
        // A role that has all parts of a combination by itself.
        let held: Vec<Held> = rights
            .rights
            .iter()
            .filter(|right| is_combined(right.right))
            .map(|right| Held {
                right: Some(right.right),
                name: right.name,
                scope,
                witness: Witness { binding: BindingId(u32::MAX), subject: 0, role, rule: right.rule },
                is_local_role: self.snapshot.role(role).is_some_and(|role| role.namespace.is_some()),
                is_aggregated: self.snapshot.role(role).is_some_and(|role| role.is_aggregated),
            })
            .collect();
        if held.len() > 1 {
            super::combine::add_combinations(self, from, &held);
        }
        self.add_constrained(from, scope, &rights);
    }

    /// KEP-5284: the mode on the identity, and the deed on the resource.
    fn add_constrained(&mut self, from: Fact, scope: Scope, rights: &RoleRights) {
        let modes = [
            (Right::ConstrainedUser, "user-info"),
            (Right::ConstrainedServiceAccount, "serviceaccount"),
            (Right::ConstrainedNode, "arbitrary-node"),
            (Right::ConstrainedNode, "associated-node"),
        ];
        for (right, mode) in modes {
            let identity = rights.rights.iter().find(|held| held.right == right);
            let deed = rights.impersonate_on.iter().find(|(of_mode, _)| *of_mode == mode);
            if let (Some(identity), Some(_)) = (identity, deed) {
                let technique = Technique::RbacConstrainedImpersonate;
                self.graph.add(
                    technique,
                    &[from],
                    Fact::Effect(technique, scope),
                    Evidence::Rule(identity.rule),
                    None,
                );
            }
        }
    }

    /// Techniques that need a single right.
    fn add_single(&mut self, from: Fact, scope: Scope, right: &RoleRight) {
        use Right as R;
        use Technique as T;
        let evidence = Evidence::Rule(right.rule);
        let is_cluster = scope == Scope::Cluster;
        let name = right.name.map(|name| self.snapshot.text(name).to_owned());
        let mut power = |technique, power| {
            self.graph.add(technique, &[from], Fact::Power(power, scope), evidence, None);
        };
        match (right.right, &name) {
            (R::CreatePods, _) => power(T::Follows, Power::RunPods),
            (R::WriteApps | R::WriteControllers | R::WriteJobs, None) => {
                power(T::WorkloadCreate, Power::RunPods)
            }
            (R::WriteApps | R::WriteControllers | R::WriteJobs, Some(_)) => {
                power(T::WorkloadCreate, Power::RunPods)
            }
            (R::Exec, None) => power(T::PodExec, Power::EnterPods),
            (R::Attach, None) => power(T::PodAttachApi, Power::EnterPods),
            (R::PatchPods, None) => power(T::PodPatch, Power::EnterPods),
            (R::PatchEphemeral, None) => power(T::PodEphemeral, Power::EnterPods),
            (R::Exec, Some(name)) => self.enter_named(T::PodExec, from, scope, name, evidence),
            (R::Attach, Some(name)) => self.enter_named(T::PodAttachApi, from, scope, name, evidence),
            (R::PatchPods, Some(name)) => self.enter_named(T::PodPatch, from, scope, name, evidence),
            (R::PatchEphemeral, Some(name)) => self.enter_named(T::PodEphemeral, from, scope, name, evidence),
            (R::NodesProxy, None) if is_cluster => power(T::NodeProxy, Power::EnterPods),
            (R::NodesProxy, Some(node)) if is_cluster => self.enter_node(from, node, evidence),
            (R::CreateTokens, None) => power(T::TokenRequest, Power::Accounts),
            (R::ImpersonateServiceAccounts, None) => power(T::RbacImpersonateSa, Power::Accounts),
            (R::CreateTokens, Some(name)) => self.account(T::TokenRequest, from, scope, name, evidence),
            (R::ImpersonateServiceAccounts, Some(name)) => {
                self.account(T::RbacImpersonateSa, from, scope, name, evidence);
            }
            (R::ListSecrets, None) => {
                power(T::TokenList, Power::StoredTokens);
                power(T::SecretRead, Power::Secrets);
            }
            (R::GetSecrets, None) => {
                power(T::TokenBruteforce, Power::StoredTokens);
                power(T::SecretRead, Power::Secrets);
            }
            (R::GetSecrets, Some(name)) => self.named_secret(from, scope, name, evidence),
            (R::ImpersonateUsers, None) if is_cluster => power(T::RbacImpersonateUser, Power::AnyUser),
            (R::ImpersonateUsers, Some(name)) if is_cluster => {
                let to = self.graph.identity(&Subject::User { name: name.clone() });
                self.graph.add(T::RbacImpersonateUser, &[from], to, evidence, None);
            }
            (R::DeletePods | R::EvictPods, None) => power(T::Follows, Power::Evict),
            (R::PatchNodes, _) if is_cluster => {
                power(T::NodeStatus, Power::Unschedule);
            }
            (R::CreatePersistentVolumes, _) if is_cluster => power(T::Follows, Power::MakeVolumes),
            (R::NodesLog, _) if is_cluster => power(T::Follows, Power::ReadLogs),
            (R::PodsLog, None) => power(T::Follows, Power::ReadLogs),
            (R::PatchNamespaces, _) => self.label_namespace(from, scope, name.as_deref(), evidence),
            (R::WriteMutating, _) if is_cluster => {
                let assumption = Some(Assumption::OthersAct);
                self.graph.add(T::WebhookMutate, &[from], Fact::ClusterAdmin, evidence, assumption);
            }
            (R::WriteValidating, _) if is_cluster => {
                let to = Fact::Power(Power::Secrets, Scope::Cluster);
                self.graph.add(T::WebhookValidate, &[from], to, evidence, Some(Assumption::OthersAct));
            }
            (R::WriteApiServices, _) if is_cluster => {
                let assumption = Some(Assumption::OthersAct);
                self.graph.add(T::ApiserviceWrite, &[from], Fact::ClusterAdmin, evidence, assumption);
            }
            (R::WriteConfigMaps, _) => self.write_config_map(from, scope, name.as_deref(), evidence),
            (right, _) => self.add_effect(right, from, scope, evidence),
        }
    }

    /// Techniques on whose success no other one here builds, and custom resources.
    fn add_effect(&mut self, right: Right, from: Fact, scope: Scope, evidence: Evidence) {
        use Right as R;
        use Technique as T;
        let technique = match right {
            R::ImpersonateExtras | R::ImpersonateUids if scope == Scope::Cluster => T::RbacImpersonateExtra,
            R::PortForward => T::PodPortforward,
            R::PatchPodStatus => T::PodStatus,
            R::WriteNetworkPolicies => T::NetpolWrite,
            R::WriteServices | R::WriteServiceStatus => T::ServiceExternalip,
            R::WriteEndpoints | R::WriteEndpointSlices => T::EndpointsWrite,
            R::WriteExternalSecrets | R::WriteSecretProviders => {
                let to = Fact::Power(Power::Secrets, scope);
                return self.graph.add(T::SecretstoreSync, &[from], to, evidence, None);
            }
            // These controllers start pods that the resource describes, as any account of its namespace.
            R::WriteArgoWorkflows | R::WriteTektonRuns => {
                let to = Fact::Power(Power::RunPods, scope);
                return self.graph.add(T::CrdOperatorAbuse, &[from], to, evidence, None);
            }
            R::WriteArgoApplications => {
                return self.operator(from, "argocd-application-controller", evidence);
            }
            R::WriteFluxKustomizations => return self.operator(from, "kustomize-controller", evidence),
            R::WriteFluxHelmReleases => return self.operator(from, "helm-controller", evidence),
            R::WriteCompositions => return self.operator(from, "crossplane", evidence),
            R::WriteKyvernoPolicies => return self.operator(from, "kyverno", evidence),
            _ => return,
        };
        self.graph.add(technique, &[from], Fact::Effect(technique, scope), evidence, None);
    }

    /// The controller that acts for a custom resource, found by the name of its workload.
    fn operator(&mut self, from: Fact, workload: &'static str, evidence: Evidence) {
        let inventory = self.inventory;
        let find = || -> Vec<Subject> {
            let pods = inventory.pods.iter().filter(|pod| pod.name.contains(workload));
            pods.map(|pod| Subject::service_account(&pod.namespace, &pod.account)).collect()
        };
        for subject in self.operators.entry(workload).or_insert_with(find) {
            let to = self.graph.identity(subject);
            self.graph.add(Technique::CrdOperatorAbuse, &[from], to, evidence, None);
        }
    }

    fn enter_named(
        &mut self,
        technique: Technique,
        from: Fact,
        scope: Scope,
        name: &str,
        evidence: Evidence,
    ) {
        let namespace = self.graph.scope_name(scope).map(str::to_owned);
        for index in self.pods_by_name.get(name).into_iter().flatten() {
            let Some(pod) = self.inventory.pods.get(*index) else { continue };
            if namespace.as_deref().is_none_or(|namespace| namespace == pod.namespace) {
                let pod = Fact::Pod(u32::try_from(*index).unwrap_or(u32::MAX));
                self.graph.add(technique, &[from], pod, evidence, None);
            }
        }
    }

    fn enter_node(&mut self, from: Fact, node: &str, evidence: Evidence) {
        for (index, pod) in self.inventory.pods.iter().enumerate() {
            if pod.node.as_deref() == Some(node) {
                let pod = Fact::Pod(u32::try_from(index).unwrap_or(u32::MAX));
                self.graph.add(Technique::NodeProxy, &[from], pod, evidence, None);
            }
        }
    }

    fn account(&mut self, technique: Technique, from: Fact, scope: Scope, name: &str, evidence: Evidence) {
        let namespaces: Vec<String> = match self.graph.scope_name(scope) {
            Some(namespace) => vec![namespace.to_owned()],
            None => self.graph.namespaces.clone(),
        };
        for namespace in namespaces {
            let subject = Subject::service_account(&namespace, name);
            let is_known = self.graph.find_identity(&subject).is_some()
                || self.inventory.accounts.contains_key(&(namespace, name.to_owned()));
            if is_known {
                let to = self.graph.identity(&subject);
                self.graph.add(technique, &[from], to, evidence, None);
            }
        }
    }

    fn named_secret(&mut self, from: Fact, scope: Scope, name: &str, evidence: Evidence) {
        let namespaces: Vec<String> = match self.graph.scope_name(scope) {
            Some(namespace) => vec![namespace.to_owned()],
            None => {
                self.inventory.secrets.keys().filter(|key| key.1 == name).map(|key| key.0.clone()).collect()
            }
        };
        for namespace in namespaces {
            let to = self.graph.secret((namespace, name.to_owned()));
            self.graph.add(Technique::SecretRead, &[from], to, evidence, None);
        }
    }

    fn label_namespace(&mut self, from: Fact, scope: Scope, name: Option<&str>, evidence: Evidence) {
        // An update of a namespace is a request in that namespace.
        let scope = match name {
            None => scope,
            Some(name) => {
                let named = self.graph.namespace(name);
                if scope != Scope::Cluster && scope != named {
                    return;
                }
                named
            }
        };
        let to = Fact::Power(Power::PrivilegedPods, scope);
        self.graph.add(Technique::NsLabel, &[from], to, evidence, None);
    }

    fn write_config_map(&mut self, from: Fact, scope: Scope, name: Option<&str>, evidence: Evidence) {
        let system = self.graph.namespace("kube-system");
        if scope != Scope::Cluster && scope != system {
            return;
        }
        if name.is_none_or(|name| name == "coredns") {
            let technique = Technique::CmCoredns;
            self.graph.add(technique, &[from], Fact::Effect(technique, Scope::Cluster), evidence, None);
        }
        // Only clusters on EKS read it; that this is one shows by the map itself, or by the cloud's own data.
        if name.is_none_or(|name| name == "aws-auth") && self.reads_aws_auth {
            self.graph.add(Technique::AwsAuthWrite, &[from], Fact::ClusterAdmin, evidence, None);
        }
    }

    /// Techniques of which an identity holds the parts through several bindings, or partly through a group.
    fn add_combinations(&mut self, held: &BTreeMap<SubjectKey, Vec<Held>>) {
        let empty = Vec::new();
        for (key, own) in held {
            let subject = self.snapshot.subject(*key);
            let mut all = own.clone();
            for group in subject.implied_groups() {
                let group_key =
                    self.snapshot.subject_key(&Subject::group(&group)).filter(|group| group != key);
                let of_group = group_key.and_then(|key| held.get(&key)).unwrap_or(&empty);
                all.extend(of_group.iter().copied());
            }
            let roles: BTreeSet<(RoleId, Scope)> =
                all.iter().map(|held| (held.witness.role, held.scope)).collect();
            if roles.len() > 1 {
                let from = self.graph.identity(&subject);
                super::combine::add_combinations(self, from, &all);
            }
        }
    }

    /// What follows from holding a power, whoever holds it.
    fn add_standing_edges(&mut self) {
        use Power as P;
        let scoped = [
            P::Control,
            P::RunPods,
            P::EnterPods,
            P::Accounts,
            P::StoredTokens,
            P::Secrets,
            P::PrivilegedPods,
            P::Evict,
            P::ReadLogs,
        ];
        let admin = Fact::ClusterAdmin;
        let follows = Technique::Follows;
        self.graph.add(follows, &[admin], Fact::Power(P::Control, Scope::Cluster), Evidence::None, None);
        for power in [P::AnyUser, P::AnyGroup, P::Unschedule, P::MakeVolumes] {
            self.graph.add(follows, &[admin], Fact::Power(power, Scope::Cluster), Evidence::None, None);
        }
        let masters = self.graph.identity(&Subject::group(MASTERS));
        self.graph.add(Technique::RbacClusterAdmin, &[masters], admin, Evidence::None, None);
        let count = u32::try_from(self.graph.namespaces.len()).unwrap_or(u32::MAX);
        for index in 0..count {
            let scope = Scope::Namespace(index);
            for power in scoped {
                let to = Fact::Power(power, scope);
                self.graph.add(follows, &[Fact::Power(power, Scope::Cluster)], to, Evidence::None, None);
            }
            let control = Fact::Power(P::Control, scope);
            for power in [P::RunPods, P::EnterPods, P::Accounts, P::StoredTokens, P::Secrets, P::Evict] {
                self.graph.add(follows, &[control], Fact::Power(power, scope), Evidence::None, None);
            }
            let run = Fact::Power(P::RunPods, scope);
            self.graph.add(
                Technique::PodCreateSa,
                &[run],
                Fact::Power(P::Accounts, scope),
                Evidence::None,
                None,
            );
            let secrets = Fact::Power(P::Secrets, scope);
            self.graph.add(Technique::PodCreateMountSecret, &[run], secrets, Evidence::None, None);
            self.graph.add(
                follows,
                &[run],
                Fact::Power(P::RunPods, Scope::Cluster).somewhere(),
                Evidence::None,
                None,
            );
        }
        if let Some(system) = self.graph.find_namespace("kube-system") {
            let control = Fact::Power(P::Control, system);
            let assumption = Some(Assumption::DefaultControllers);
            self.graph.add(Technique::TokenRequest, &[control], admin, Evidence::None, assumption);
        }
        let any_user = Fact::Power(P::AnyUser, Scope::Cluster);
        let any_group = Fact::Power(P::AnyGroup, Scope::Cluster);
        let certificates = Fact::Power(P::Certificates, Scope::Cluster);
        for subject in self.graph.identities.clone() {
            let to = self.graph.identity(&subject);
            match &subject {
                Subject::User { .. } => {
                    self.graph.add(follows, &[any_user], to, Evidence::None, None);
                    self.graph.add(follows, &[certificates], to, Evidence::None, None);
                }
                Subject::Group { name } => {
                    self.graph.add(follows, &[any_group], to, Evidence::None, None);
                    // The API server signs nobody into system:masters.
                    if name != MASTERS {
                        self.graph.add(follows, &[certificates], to, Evidence::None, None);
                    }
                }
                Subject::ServiceAccount { .. } => {}
            }
        }
    }

    pub(super) fn roles_in(&self, namespace: u32) -> Vec<RoleId> {
        self.local_roles.get(&namespace).cloned().unwrap_or_default()
    }

    pub(super) fn rule_evidence(&mut self, parts: &[&Held]) -> Evidence {
        let witnesses: Vec<Witness> = parts.iter().map(|held| held.witness).collect();
        match witnesses.as_slice() {
            [only] if only.binding == BindingId(u32::MAX) => Evidence::Rule(only.rule),
            _ => self.graph.rules(&witnesses),
        }
    }

    /// Permissions that are gained, with everything that follows from them.
    pub(super) fn gain(&mut self, role: RoleId, scope: Scope) -> Fact {
        let fact = Fact::Permissions(role, scope);
        if self.graph.find(fact).is_none() {
            self.graph.fact(fact);
            self.add_permissions(role, scope);
        }
        fact
    }
}

impl Held {
    pub(super) fn is_local(&self) -> bool {
        self.is_local_role
    }

    pub(super) fn is_aggregated(&self) -> bool {
        self.is_aggregated
    }
}

impl Fact {
    /// Running pods in some namespace, whichever.
    fn somewhere(self) -> Fact {
        Fact::Effect(Technique::WorkloadCreate, Scope::Cluster)
    }
}

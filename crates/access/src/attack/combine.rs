//! Techniques that need several rights of one identity.

use std::collections::BTreeSet;

use crate::rights::Right;
use crate::snapshot::{RoleId, RoleLink};
use crate::subject::{MASTERS, Subject};
use crate::symbols::Symbol;

use super::graph::{Fact, Power, Scope};
use super::roles::{Held, RoleEdges};
use super::technique::Technique;

/// Signers whose certificates the API server takes as proof of a user.
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";

/// Adds all edges from an identity, or from the permissions of one role, that holds `held`.
pub(super) fn add_combinations(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    bind(edges, from, held);
    join_bindings(edges, from, held);
    escalate(edges, from, held);
    impersonate_group(edges, from, held);
    token_secret(edges, from, held);
    certificates(edges, from, held);
}

fn of(held: &[Held], right: Right) -> impl Iterator<Item = &Held> + Clone {
    held.iter().filter(move |held| held.right == Some(right))
}

/// The scope in which both count.
fn meet(a: Scope, b: Scope) -> Option<Scope> {
    match (a, b) {
        (Scope::Cluster, other) | (other, Scope::Cluster) => Some(other),
        (a, b) => (a == b).then_some(a),
    }
}

fn in_cluster(held: &&Held) -> bool {
    held.scope == Scope::Cluster
}

/// Creating bindings, with `bind` on what is bound.
fn bind(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    for create in of(held, Right::CreateClusterRoleBindings).filter(in_cluster) {
        for bind in of(held, Right::BindClusterRoles).filter(in_cluster) {
            let technique = Technique::RbacBindCluster;
            let evidence = edges.rule_evidence(&[create, bind]);
            match bind.name {
                // cluster-admin is there in every cluster.
                None => edges.graph.add(technique, &[from], Fact::ClusterAdmin, evidence, None),
                Some(name) => {
                    if let Some(role) = cluster_role(edges, name) {
                        let to = edges.gain(role, Scope::Cluster);
                        edges.graph.add(technique, &[from], to, evidence, None);
                    }
                }
            }
        }
    }
    for create in of(held, Right::CreateRoleBindings) {
        for bind in of(held, Right::BindClusterRoles) {
            let Some(scope) = meet(create.scope, bind.scope) else { continue };
            let evidence = edges.rule_evidence(&[create, bind]);
            let technique = Technique::RbacBindNs;
            match bind.name {
                None => {
                    edges.graph.add(technique, &[from], Fact::Power(Power::Control, scope), evidence, None)
                }
                Some(name) => {
                    let Some(role) = cluster_role(edges, name) else { continue };
                    for scope in namespaces(edges, scope) {
                        let to = edges.gain(role, scope);
                        edges.graph.add(technique, &[from], to, evidence, None);
                    }
                }
            }
        }
        for bind in of(held, Right::BindRoles) {
            let Some(scope) = meet(create.scope, bind.scope) else { continue };
            let evidence = edges.rule_evidence(&[create, bind]);
            for scope in namespaces(edges, scope) {
                for role in local_roles(edges, scope, bind.name) {
                    let to = edges.gain(role, scope);
                    edges.graph.add(Technique::RbacBindNs, &[from], to, evidence, None);
                }
            }
        }
    }
}

fn cluster_role(edges: &RoleEdges<'_>, name: Symbol) -> Option<RoleId> {
    edges.snapshot.role_ids.get(&(None, name)).copied()
}

fn namespaces(edges: &RoleEdges<'_>, scope: Scope) -> Vec<Scope> {
    match scope {
        Scope::Namespace(_) => vec![scope],
        Scope::Cluster => (0..u32::try_from(edges.graph.namespaces.len()).unwrap_or(u32::MAX))
            .map(Scope::Namespace)
            .collect(),
    }
}

fn local_roles(edges: &RoleEdges<'_>, scope: Scope, name: Option<Symbol>) -> Vec<RoleId> {
    let Scope::Namespace(namespace) = scope else { return Vec::new() };
    let mut roles = edges.roles_in(namespace);
    roles.retain(|role| {
        name.is_none_or(|name| edges.snapshot.role(*role).is_some_and(|role| role.name == name))
    });
    roles
}

/// Changing the subjects of existing bindings, with `bind` on their role.
fn join_bindings(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    let updates: Vec<&Held> = of(held, Right::UpdateRoleBindings)
        .chain(of(held, Right::UpdateClusterRoleBindings).filter(in_cluster))
        .collect();
    if updates.is_empty()
        || !held.iter().any(|held| matches!(held.right, Some(Right::BindRoles | Right::BindClusterRoles)))
    {
        return;
    }
    let mut gained: BTreeSet<(RoleId, Scope)> = BTreeSet::new();
    for id in edges.snapshot.binding_ids() {
        let Some(binding) = edges.snapshot.binding(id) else { continue };
        let RoleLink::Role(role) = binding.role else { continue };
        let is_cluster = binding.namespace.is_none();
        let scope = match binding.namespace {
            None => Scope::Cluster,
            Some(namespace) => edges.graph.namespace(edges.snapshot.text(namespace)),
        };
        let right = if is_cluster { Right::UpdateClusterRoleBindings } else { Right::UpdateRoleBindings };
        let counts = |held: &Held| held.scope == Scope::Cluster || held.scope == scope;
        let update = updates.iter().find(|held| {
            held.right == Some(right) && counts(held) && held.name.is_none_or(|name| name == binding.name)
        });
        let of_role = edges.snapshot.role(role);
        let is_local = of_role.is_some_and(|role| role.namespace.is_some());
        let bind_right = if is_local { Right::BindRoles } else { Right::BindClusterRoles };
        let bind = held.iter().find(|held| {
            held.right == Some(bind_right)
                && counts(held)
                && held.name.is_none_or(|name| name == binding.role_name)
        });
        if let (Some(update), Some(bind)) = (update, bind)
            && gained.insert((role, scope))
        {
            let evidence = edges.rule_evidence(&[update, bind]);
            let to = edges.gain(role, scope);
            edges.graph.add(Technique::RbacBindUpdateSubjects, &[from], to, evidence, None);
        }
    }
}

/// Writing rules that the writer lacks into a role that he has.
fn escalate(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    for escalate in of(held, Right::EscalateClusterRoles).filter(in_cluster) {
        for update in of(held, Right::UpdateClusterRoles).filter(in_cluster) {
            // The role to write: one that the writer is bound to.
            let own = held.iter().find(|own| {
                !own.is_local() && {
                    let name = edges.snapshot.role(own.witness.role).map(|role| role.name);
                    let is_named = |held: &Held| held.name.is_none() || held.name == name;
                    is_named(escalate) && is_named(update)
                }
            });
            if let Some(own) = own {
                let evidence = edges.rule_evidence(&[update, escalate]);
                edges.graph.add(Technique::RbacEscalate, &[from], control(own.scope), evidence, None);
            }
        }
        let writers = of(held, Right::CreateClusterRoles).chain(of(held, Right::UpdateClusterRoles));
        // A new ClusterRole with the label of an aggregated one; creating is asked without a name.
        for write in writers.filter(in_cluster).filter(|_| escalate.name.is_none()) {
            for own in held.iter().filter(|own| own.is_aggregated()) {
                let evidence = edges.rule_evidence(&[write, escalate]);
                edges.graph.add(Technique::RbacAggregateLabel, &[from], control(own.scope), evidence, None);
            }
        }
    }
    for escalate in of(held, Right::EscalateRoles) {
        for update in of(held, Right::UpdateRoles) {
            let Some(scope) = meet(escalate.scope, update.scope) else { continue };
            for own in held.iter().filter(|own| own.is_local() && meet(own.scope, scope).is_some()) {
                let name = edges.snapshot.role(own.witness.role).map(|role| role.name);
                let is_named = |held: &Held| held.name.is_none() || held.name == name;
                if is_named(escalate) && is_named(update) {
                    let evidence = edges.rule_evidence(&[update, escalate]);
                    edges.graph.add(Technique::RbacEscalate, &[from], control(own.scope), evidence, None);
                }
            }
        }
    }
}

fn control(scope: Scope) -> Fact {
    match scope {
        Scope::Cluster => Fact::ClusterAdmin,
        Scope::Namespace(_) => Fact::Power(Power::Control, scope),
    }
}

/// A group header is only taken beside a user header.
fn impersonate_group(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    let user = of(held, Right::ImpersonateUsers)
        .filter(in_cluster)
        .chain(of(held, Right::ImpersonateServiceAccounts))
        .next();
    let Some(user) = user else { return };
    for group in of(held, Right::ImpersonateGroups).filter(in_cluster) {
        let evidence = edges.rule_evidence(&[group, user]);
        let technique = Technique::RbacImpersonateGroup;
        match group.name {
            None => {
                edges.graph.add(technique, &[from], Fact::ClusterAdmin, evidence, None);
                let to = Fact::Power(Power::AnyGroup, Scope::Cluster);
                edges.graph.add(technique, &[from], to, evidence, None);
            }
            Some(name) => {
                let name = edges.snapshot.text(name).to_owned();
                let to = match name.as_str() {
                    MASTERS => Fact::ClusterAdmin,
                    name => edges.graph.identity(&Subject::group(name)),
                };
                edges.graph.add(technique, &[from], to, evidence, None);
            }
        }
    }
}

/// A Secret of type service-account-token is filled by a controller, and read back.
fn token_secret(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    for create in of(held, Right::CreateSecrets) {
        for read in of(held, Right::GetSecrets).chain(of(held, Right::ListSecrets)) {
            if let Some(scope) = meet(create.scope, read.scope) {
                let evidence = edges.rule_evidence(&[create, read]);
                let to = Fact::Power(Power::Accounts, scope);
                edges.graph.add(Technique::TokenSecretCreate, &[from], to, evidence, None);
            }
        }
    }
}

fn certificates(edges: &mut RoleEdges<'_>, from: Fact, held: &[Held]) {
    let Some(create) = of(held, Right::CreateCsr).find(in_cluster) else { return };
    let Some(approve) =
        of(held, Right::UpdateCsrApproval).find(|held| in_cluster(held) && held.name.is_none())
    else {
        return;
    };
    for signer in of(held, Right::ApproveSigners).filter(in_cluster) {
        let name = signer.name.map(|name| edges.snapshot.text(name).to_owned());
        // `kubernetes.io/*` is how rules name all signers of a domain.
        let signs =
            |wanted: &str| name.as_deref().is_none_or(|name| name == wanted || name == "kubernetes.io/*");
        if signs(CLIENT_SIGNER) {
            let evidence = edges.rule_evidence(&[create, approve, signer]);
            let to = Fact::Power(Power::Certificates, Scope::Cluster);
            edges.graph.add(Technique::CsrApprove, &[from], to, evidence, None);
        }
        if signs(KUBELET_SIGNER) {
            let evidence = edges.rule_evidence(&[create, approve, signer]);
            let nodes: Vec<u32> = (0..u32::try_from(edges.graph.nodes.len()).unwrap_or(u32::MAX)).collect();
            for node in nodes {
                edges.graph.add(Technique::CsrKubelet, &[from], Fact::NodeCredential(node), evidence, None);
            }
        }
    }
}

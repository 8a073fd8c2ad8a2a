//! Edges that leave the cluster for the cloud, and come back.

use std::collections::BTreeSet;

use crate::cloud::{AwsAnswer, AwsAuth, Cloud, CloudPrincipal, Context, PodIdentityAssociation};
use crate::inventory::Inventory;
use crate::subject::Subject;

use super::graph::{Assumption, AttackGraph, Evidence, Fact, Power, Scope};
use super::technique::Technique;

/// Names that other edges refer to.
pub(super) fn register(cloud: &Cloud, graph: &mut AttackGraph) {
    for association in &cloud.associations {
        graph.namespace(&association.namespace);
        graph.identity(&Subject::service_account(&association.namespace, &association.service_account));
    }
    for entry in cloud.entries.values() {
        for namespace in entry.policies.iter().filter_map(|(_, namespaces)| namespaces.as_ref()).flatten() {
            graph.namespace(namespace);
        }
        for group in &entry.groups {
            graph.identity(&Subject::group(group));
        }
        if !entry.username.is_empty() {
            graph.identity(&Subject::user(&entry.username));
        }
    }
}

pub(super) fn add(inventory: &Inventory, cloud: Option<&Cloud>, graph: &mut AttackGraph) {
    let unknown = Cloud::default();
    let mut edges = CloudEdges { inventory, cloud: cloud.unwrap_or(&unknown), graph };
    edges.add_annotated_accounts();
    edges.add_trusting_roles();
    edges.add_associations();
    edges.add_node_roles();
    edges.add_mapped_principals();
    edges.add_entries();
    edges.add_principals();
    edges.add_azure();
}

struct CloudEdges<'s> {
    inventory: &'s Inventory,
    cloud: &'s Cloud,
    graph: &'s mut AttackGraph,
}

/// An ARN as entries of `aws-auth` are compared with it: in lower case, a role without its path.
fn mapped_arn(arn: &str) -> String {
    let lower = arn.to_lowercase();
    match lower.split_once(":role/") {
        Some((account, role)) => format!("{account}:role/{}", role.rsplit('/').next().unwrap_or(role)),
        None => lower,
    }
}

/// What an answer makes of an edge: there, there perhaps, or not there.
fn certainty(answer: AwsAnswer) -> Option<Option<Assumption>> {
    match answer {
        AwsAnswer::Allowed => Some(None),
        AwsAnswer::Unknown => Some(Some(Assumption::CloudNotSeen)),
        _ => None,
    }
}

impl CloudEdges<'_> {
    /// Accounts whose annotation names a role that was not in the input.
    fn add_annotated_accounts(&mut self) {
        for ((namespace, name), account) in &self.inventory.accounts {
            let Some(arn) = &account.role_arn else { continue };
            let is_seen = self.cloud.principals.get(arn).is_some_and(|principal| principal.trust.is_some());
            if !is_seen {
                let from = self.graph.identity(&Subject::service_account(namespace, name));
                let to = self.graph.cloud_role(arn);
                let at = Evidence::At(account.place);
                self.graph.add(Technique::IrsaAssume, &[from], to, at, Some(Assumption::CloudNotSeen));
            }
        }
    }

    /// Roles that trust the cluster's tokens. Whoever matches may come, annotated or not.
    fn add_trusting_roles(&mut self) {
        let accounts: Vec<Subject> = self
            .graph
            .identities
            .iter()
            .filter(|subject| matches!(subject, Subject::ServiceAccount { .. }))
            .cloned()
            .collect();
        for (arn, principal) in &self.cloud.principals {
            let Some(trust) = &principal.trust else { continue };
            if trust.federated_providers().is_empty() {
                continue;
            }
            let is_pinned = trust
                .statements
                .iter()
                .filter(|statement| statement.is_allow && !statement.federated().is_empty())
                .all(|statement| statement.pins(":sub"));
            for subject in &accounts {
                let Subject::ServiceAccount { namespace, name } = subject else { continue };
                let Some(assumption) = certainty(self.cloud.may_assume_by_token(trust, namespace, name))
                else {
                    continue;
                };
                let technique = if is_pinned { Technique::IrsaAssume } else { Technique::IrsaLooseTrust };
                let from = self.graph.identity(subject);
                let to = self.graph.cloud_role(arn);
                let place =
                    self.inventory.accounts.get(&(namespace.clone(), name.clone())).map(|facts| facts.place);
                let at = place.map_or(Evidence::None, Evidence::At);
                self.graph.add(technique, &[from], to, at, assumption);
            }
        }
    }

    fn add_associations(&mut self) {
        for association in &self.cloud.associations {
            let trust = self.cloud.principals.get(&association.role_arn).and_then(|role| role.trust.as_ref());
            let assumption = match trust {
                None => Some(Assumption::CloudNotSeen),
                Some(trust) => {
                    let context = self.pod_identity_context(association);
                    let lets = |action| trusts_service(trust, "pods.eks.amazonaws.com", action, &context);
                    match lets("sts:AssumeRole").min(lets("sts:TagSession")) {
                        crate::cloud::Truth::No => continue,
                        crate::cloud::Truth::Unknown => Some(Assumption::CloudNotSeen),
                        crate::cloud::Truth::Yes => None,
                    }
                }
            };
            let subject = Subject::service_account(&association.namespace, &association.service_account);
            let from = self.graph.identity(&subject);
            let to = self.graph.cloud_role(&association.role_arn);
            self.graph.add(Technique::PodIdentityAssoc, &[from], to, Evidence::None, assumption);
            let scope = self.graph.namespace(&association.namespace);
            let run = Fact::Power(Power::RunPods, scope);
            self.graph.add(Technique::PodIdentityHijack, &[run], to, Evidence::None, assumption);
        }
    }

    /// What the Pod Identity agent brings along when it asks for a role.
    fn pod_identity_context(&self, association: &PodIdentityAssociation) -> Context {
        let mut pairs = vec![
            ("aws:RequestTag/kubernetes-namespace", association.namespace.as_str()),
            ("aws:RequestTag/kubernetes-service-account", association.service_account.as_str()),
        ];
        let cluster = self.cloud.cluster_arn.as_deref().unwrap_or_default();
        let account = crate::cloud::account_of(cluster);
        let name = cluster.rsplit('/').next().unwrap_or_default();
        if !cluster.is_empty() {
            pairs.extend([
                ("aws:SourceArn", cluster),
                ("aws:SourceAccount", account.as_str()),
                ("aws:RequestTag/eks-cluster-arn", cluster),
                ("aws:RequestTag/eks-cluster-name", name),
            ]);
        }
        Context::of(&pairs)
    }

    /// The role of the nodes, through their metadata address.
    fn add_node_roles(&mut self) {
        let mut roles: Vec<String> = self.cloud.node_roles.iter().cloned().collect();
        roles.extend(
            self.aws_auth()
                .roles
                .iter()
                .filter(|entry| entry.groups.iter().any(|group| group == crate::subject::NODES))
                .map(|entry| entry.arn.clone()),
        );
        let on_aws = self.inventory.nodes.values().any(|node| node.provider.starts_with("aws://"));
        if roles.is_empty() && on_aws {
            roles.push("(the nodes' role)".to_owned());
        }
        if roles.is_empty() {
            return;
        }
        let hub = Fact::Effect(Technique::ImdsNodeRole, Scope::Cluster);
        for role in roles {
            let to = self.graph.cloud_role(&role);
            self.graph.add(Technique::Follows, &[hub], to, Evidence::None, None);
        }
        for node in 0..self.graph.nodes.len() {
            let node = Fact::Node(u32::try_from(node).unwrap_or(u32::MAX));
            self.graph.add(Technique::ImdsNodeRole, &[node], hub, Evidence::None, None);
        }
        let is_guarded = |name: Option<&String>| {
            let instance = name.and_then(|name| self.cloud.instances.get(name));
            match instance {
                Some(instance) => Some(instance.needs_token && instance.hop_limit < 2),
                // Not placed: guarded if every instance is.
                None if !self.cloud.instances.is_empty() && name.is_none() => Some(
                    self.cloud
                        .instances
                        .values()
                        .all(|instance| instance.needs_token && instance.hop_limit < 2),
                ),
                None => None,
            }
        };
        for (index, pod) in self.inventory.pods.iter().enumerate() {
            if self.inventory.is_metadata_cut(pod) {
                continue;
            }
            let assumption = match (pod.host_network, is_guarded(pod.node.as_ref())) {
                (true, _) | (false, Some(false)) => None,
                (false, Some(true)) => continue,
                (false, None) => Some(Assumption::CloudNotSeen),
            };
            for container in 0..pod.containers.len() {
                let from = Fact::Container(
                    u32::try_from(index).unwrap_or(u32::MAX),
                    u16::try_from(container).unwrap_or(u16::MAX),
                );
                self.graph.add(Technique::ImdsNodeRole, &[from], hub, Evidence::At(pod.place), assumption);
            }
        }
    }

    fn aws_auth(&self) -> AwsAuth {
        match &self.inventory.aws_auth {
            Some(map) if self.cloud.reads_config_map() != Some(false) => {
                AwsAuth::parse(&map.roles, &map.users, &map.accounts)
            }
            _ => AwsAuth::default(),
        }
    }

    /// Principals that `aws-auth` makes Kubernetes users of. An access entry for the same principal wins.
    fn add_mapped_principals(&mut self) {
        let auth = self.aws_auth();
        let place = self.inventory.aws_auth.as_ref().map(|map| map.place);
        let at = place.map_or(Evidence::None, Evidence::At);
        let mut arns: Vec<String> = self.cloud.principals.keys().cloned().collect();
        // The map holds ARNs in any case and without the paths of roles: a principal that is known stands for its entry.
        let known: BTreeSet<String> = arns.iter().map(|arn| mapped_arn(arn)).collect();
        let entries = auth.roles.iter().chain(&auth.users).map(|entry| entry.arn.clone());
        arns.extend(entries.filter(|arn| !known.contains(arn)));
        let has_entry: BTreeSet<String> = self.cloud.entries.keys().map(|arn| mapped_arn(arn)).collect();
        for arn in arns {
            if has_entry.contains(&mapped_arn(&arn)) {
                continue;
            }
            let Some(mapped) = auth.map(&arn) else { continue };
            let from = self.graph.cloud_role(&arn);
            for subject in mapped
                .groups
                .iter()
                .map(|group| Subject::group(group))
                .chain([Subject::user(&mapped.username)])
            {
                if let Some(to) = self.graph.find_identity(&subject) {
                    self.graph.add(Technique::Follows, &[from], to, at, None);
                }
            }
        }
    }

    fn add_entries(&mut self) {
        if self.cloud.authentication_mode.as_deref() == Some("CONFIG_MAP") {
            return;
        }
        for (arn, entry) in &self.cloud.entries {
            let from = self.graph.cloud_role(arn);
            let user = Subject::user(&entry.username);
            for subject in entry.groups.iter().map(|group| Subject::group(group)).chain([user]) {
                if let Some(to) = self.graph.find_identity(&subject) {
                    self.graph.add(Technique::Follows, &[from], to, Evidence::None, None);
                }
            }
            for (policy, namespaces) in &entry.policies {
                let scopes: Vec<Scope> = match namespaces {
                    None => vec![Scope::Cluster],
                    Some(names) => names.iter().map(|name| self.graph.namespace(name)).collect(),
                };
                for scope in scopes {
                    self.add_access_policy(from, policy, scope);
                }
            }
        }
        if self.cloud.creator_is_admin
            && let Some(creator) = &self.cloud.creator
        {
            let from = self.graph.cloud_role(creator);
            self.graph.add(Technique::EksCreatorAdmin, &[from], Fact::ClusterAdmin, Evidence::None, None);
        }
    }

    /// EKS' access policies authorise beside RBAC, like the default roles of the same names.
    fn add_access_policy(&mut self, from: Fact, policy: &str, scope: Scope) {
        let mut give = |to| self.graph.add(Technique::Follows, &[from], to, Evidence::None, None);
        match policy {
            "AmazonEKSClusterAdminPolicy" => match scope {
                Scope::Cluster => give(Fact::ClusterAdmin),
                Scope::Namespace(_) => give(Fact::Power(Power::Control, scope)),
            },
            "AmazonEKSAdminPolicy" | "AmazonEKSEditPolicy" => {
                for power in
                    [Power::RunPods, Power::EnterPods, Power::Accounts, Power::Secrets, Power::StoredTokens]
                {
                    give(Fact::Power(power, scope));
                }
            }
            "AmazonEKSAdminViewPolicy" | "AmazonEKSSecretReaderPolicy" => {
                give(Fact::Power(Power::Secrets, scope));
                give(Fact::Power(Power::StoredTokens, scope));
            }
            _ => {}
        }
    }

    /// What users and roles of the account may do with each other and with the cluster.
    fn add_principals(&mut self) {
        let cloud = self.cloud;
        for (arn, principal) in &cloud.principals {
            // Deciding on what is attached but not known would give an edge to everything.
            if principal.policies.is_empty() {
                self.add_assumable(arn);
                continue;
            }
            self.add_assumable(arn);
            self.add_cluster_powers(arn);
            self.add_policy_writes(arn, principal);
            self.add_passed_roles(arn);
            self.add_node_sessions(arn);
            self.add_image_pushes(arn);
        }
    }

    /// Whether something is allowed: for certain, perhaps (it depends on a condition), or `None` for no. Where attached
    /// policies are not known everything is perhaps, which helps nobody: then only what is certain counts.
    fn allows(&self, arn: &str, action: &str, resource: &str) -> Option<Option<Assumption>> {
        self.allows_with(arn, action, resource, &[])
    }

    fn allows_with(
        &self,
        arn: &str,
        action: &str,
        resource: &str,
        keys: &[(&str, &str)],
    ) -> Option<Option<Assumption>> {
        let answer = self.cloud.may_with(arn, action, resource, None, keys);
        let is_known =
            self.cloud.principals.get(arn).is_some_and(|principal| !principal.has_unknown_policies);
        certainty(answer).filter(|assumption| assumption.is_none() || is_known)
    }

    fn add_assumable(&mut self, arn: &str) {
        for (target, role) in &self.cloud.principals {
            let Some(trust) = role.trust.as_ref().filter(|_| target != arn) else { continue };
            let answer = self.cloud.may(arn, "sts:AssumeRole", target, Some(trust));
            // "Unknown" for every role of an account helps nobody: only what conditions leave open is shown.
            let has_condition = trust.statements.iter().any(|statement| !statement.conditions.is_empty());
            if answer == AwsAnswer::Allowed
                || (answer == AwsAnswer::Unknown && has_condition && trust.names_aws())
            {
                let from = self.graph.cloud_role(arn);
                let to = self.graph.cloud_role(target);
                let assumption = certainty(answer).flatten();
                self.graph.add(Technique::IamAssumeChain, &[from], to, Evidence::None, assumption);
            }
        }
    }

    fn add_cluster_powers(&mut self, arn: &str) {
        let cluster = self.cloud.cluster_arn.clone().unwrap_or_else(|| "*".to_owned());
        let reads_entries = self.cloud.authentication_mode.as_deref() != Some("CONFIG_MAP");
        let from = self.graph.cloud_role(arn);
        let associates = self.allows(arn, "eks:AssociateAccessPolicy", &cluster);
        let makes = either(
            self.allows(arn, "eks:CreateAccessEntry", &cluster),
            self.allows(arn, "eks:UpdateAccessEntry", &cluster),
        );
        let Some(assumption) = both(associates, makes) else { return };
        let admin = Fact::ClusterAdmin;
        if reads_entries {
            self.graph.add(Technique::EksAccessEntry, &[from], admin, Evidence::None, assumption);
        }
        // With everything of EKS the mode itself can be changed.
        let has_all = self
            .cloud
            .principals
            .get(arn)
            .is_some_and(|principal| principal.policies.iter().any(grants_all_of_eks));
        if has_all {
            self.graph.add(Technique::CloudAdminToCluster, &[from], admin, Evidence::None, assumption);
        }
    }

    fn add_policy_writes(&mut self, arn: &str, principal: &CloudPrincipal) {
        let is_user = arn.contains(":user/");
        let own: &[&str] = if is_user {
            &["iam:AttachUserPolicy", "iam:PutUserPolicy"]
        } else {
            &["iam:AttachRolePolicy", "iam:PutRolePolicy"]
        };
        let of_attached = principal
            .attached
            .iter()
            .filter(|policy| !policy.starts_with("arn:aws:iam::aws:"))
            .map(|policy| self.allows(arn, "iam:CreatePolicyVersion", policy));
        let of_itself = own.iter().map(|action| self.allows(arn, action, arn));
        let raises_itself = of_attached.chain(of_itself).fold(None, either);
        let from = self.graph.cloud_role(arn);
        for (target, other) in self.cloud.principals.iter().filter(|(target, _)| *target != arn) {
            let rewrites_trust = match other.trust {
                Some(_) => self.allows(arn, "iam:UpdateAssumeRolePolicy", target),
                None => None,
            };
            if let Some(assumption) = either(raises_itself, rewrites_trust) {
                let to = self.graph.cloud_role(target);
                self.graph.add(Technique::IamPolicyWrite, &[from], to, Evidence::None, assumption);
            }
        }
        if let Some(assumption) = raises_itself {
            // Whoever writes its own policies may also make itself an access entry.
            let admin = Fact::ClusterAdmin;
            self.graph.add(Technique::IamPolicyWrite, &[from], admin, Evidence::None, assumption);
        }
    }

    fn add_passed_roles(&mut self, arn: &str) {
        let ways: &[(&str, &[&str])] = &[
            ("ec2.amazonaws.com", &["ec2:RunInstances"]),
            ("lambda.amazonaws.com", &["lambda:CreateFunction", "lambda:InvokeFunction"]),
            ("ecs-tasks.amazonaws.com", &["ecs:RunTask"]),
        ];
        let mut open: Vec<(&str, Option<Assumption>)> = Vec::new();
        for (service, actions) in ways {
            let all = actions.iter().map(|action| self.allows(arn, action, "*")).reduce(both);
            open.extend(all.flatten().map(|assumption| (*service, assumption)));
        }
        if open.is_empty() {
            return;
        }
        let context = Context::default();
        for (target, role) in self.cloud.principals.iter().filter(|(target, _)| *target != arn) {
            let Some(trust) = &role.trust else { continue };
            let mut way = None;
            for (service, of_service) in &open {
                let trusts = match trusts_service(trust, service, "sts:AssumeRole", &context) {
                    crate::cloud::Truth::Yes => Some(None),
                    crate::cloud::Truth::Unknown => Some(Some(Assumption::CloudNotSeen)),
                    crate::cloud::Truth::No => None,
                };
                let keys = [("iam:PassedToService", *service)];
                let passes = self.allows_with(arn, "iam:PassRole", target, &keys);
                way = either(way, both(both(trusts, passes), Some(*of_service)));
            }
            if let Some(assumption) = way {
                let (from, to) = (self.graph.cloud_role(arn), self.graph.cloud_role(target));
                self.graph.add(Technique::IamPassroleEc2, &[from], to, Evidence::None, assumption);
            }
        }
    }

    fn add_node_sessions(&mut self, arn: &str) {
        let actions = ["ssm:SendCommand", "ssm:StartSession", "ec2-instance-connect:SendSSHPublicKey"];
        let instance = "arn:aws:ec2:*:*:instance/*";
        let way = actions
            .iter()
            .map(|action| either(self.allows(arn, action, "*"), self.allows(arn, action, instance)))
            .fold(None, either);
        let Some(assumption) = way else { return };
        let from = self.graph.cloud_role(arn);
        for node in 0..self.graph.nodes.len() {
            let to = Fact::Node(u32::try_from(node).unwrap_or(u32::MAX));
            self.graph.add(Technique::SsmEc2Node, &[from], to, Evidence::None, assumption);
        }
    }

    fn add_image_pushes(&mut self, arn: &str) {
        for (address, (repository, is_mutable)) in &self.cloud.repositories {
            if !is_mutable || self.allows(arn, "ecr:PutImage", repository).is_none() {
                continue;
            }
            let from = self.graph.cloud_role(arn);
            for (index, pod) in self.inventory.pods.iter().enumerate() {
                let is_from_there = pod.containers.iter().any(|container| {
                    !container.image.contains('@')
                        && container
                            .image
                            .strip_prefix(address)
                            .is_some_and(|tag| tag.is_empty() || tag.starts_with(':'))
                });
                if is_from_there {
                    let to = Fact::Pod(u32::try_from(index).unwrap_or(u32::MAX));
                    let assumption = Some(Assumption::OthersAct);
                    self.graph.add(Technique::EcrPush, &[from], to, Evidence::At(pod.place), assumption);
                }
            }
        }
    }

    /// AKS nodes keep the cluster's service principal in a file.
    fn add_azure(&mut self) {
        for (name, node) in &self.inventory.nodes {
            if node.provider.starts_with("azure://") {
                let from = Fact::Node(self.graph.node(name));
                let to = self.graph.cloud_role("azure:cluster-service-principal");
                let at = Evidence::At(node.place);
                self.graph.add(Technique::AksSpFile, &[from], to, at, Some(Assumption::CloudNotSeen));
            }
        }
    }
}

fn trusts_service(
    trust: &crate::cloud::PolicyDocument,
    service: &str,
    action: &str,
    context: &Context,
) -> crate::cloud::Truth {
    use crate::cloud::Truth;
    let principal = crate::cloud::Principal::service(service);
    let request = crate::cloud::AwsRequest { principal: &principal, action, resource: "*", context };
    let judgement = trust.judge(&request);
    match judgement.deny {
        Truth::Yes => Truth::No,
        Truth::Unknown => judgement.allow.min(Truth::Unknown),
        Truth::No => judgement.allow,
    }
}

/// One of two ways, the certain one if there is one.
fn either(a: Option<Option<Assumption>>, b: Option<Option<Assumption>>) -> Option<Option<Assumption>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.and(b)),
        (a, b) => a.or(b),
    }
}

/// Two things that are needed together.
fn both(a: Option<Option<Assumption>>, b: Option<Option<Assumption>>) -> Option<Option<Assumption>> {
    Some(a?.or(b?))
}

/// A statement that allows `eks:*` or `*` on everything, without conditions.
fn grants_all_of_eks(document: &crate::cloud::PolicyDocument) -> bool {
    document.statements.iter().any(|statement| {
        statement.is_allow
            && statement.conditions.is_empty()
            && statement
                .actions
                .list
                .iter()
                .any(|action| action == "*" || action.eq_ignore_ascii_case("eks:*"))
    })
}

impl crate::cloud::PolicyDocument {
    /// Whether it lets users or roles in at all.
    fn names_aws(&self) -> bool {
        self.statements.iter().any(crate::cloud::Statement::names_aws)
    }
}

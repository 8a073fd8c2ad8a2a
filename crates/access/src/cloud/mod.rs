//! The account around an EKS cluster, as the AWS command line prints it: roles and their policies, access entries,
//! pod identity associations, instances.

mod eks;
mod evaluate;
mod policy;

pub use eks::{AwsAuth, AwsAuthEntry, MappedIdentity};
pub use evaluate::{AwsAnswer, Policies, evaluate};
pub use policy::{AwsRequest, Context, PolicyDocument, Principal, PrincipalForm, Statement, Truth};

use std::collections::{BTreeMap, BTreeSet};

use haechi_syntax::Node;

/// A user or role of the account, with everything that limits it.
#[derive(Debug, Clone, Default)]
pub struct CloudPrincipal {
    /// Inline and attached policies, those of groups included.
    pub policies: Vec<PolicyDocument>,
    /// ARNs of attached policies.
    pub attached: BTreeSet<String>,
    /// The permissions boundary, if its document is known.
    pub boundary: Option<PolicyDocument>,
    /// Who may assume it; `None` for users.
    pub trust: Option<PolicyDocument>,
    /// Whether policies are attached whose documents are not known.
    pub has_unknown_policies: bool,
}

/// An access entry of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessEntry {
    /// The user name that it gives.
    pub username: String,
    /// The groups.
    pub groups: Vec<String>,
    /// `STANDARD`, `EC2_LINUX` …
    pub kind: String,
    /// Access policies: last part of the ARN, and the namespaces that it is limited to (`None`: the cluster).
    pub policies: Vec<(String, Option<Vec<String>>)>,
}

/// A (namespace, service account) that gets a role's credentials from the pod identity agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodIdentityAssociation {
    /// The namespace.
    pub namespace: String,
    /// The service account.
    pub service_account: String,
    /// ARN of the role.
    pub role_arn: String,
}

/// An instance's guard of its metadata address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceMetadata {
    /// Whether requests need a token (IMDSv2).
    pub needs_token: bool,
    /// How many hops an answer with a token survives; two reach pods.
    pub hop_limit: i64,
}

/// What is known of the account and of the cluster in it.
#[derive(Debug, Clone, Default)]
pub struct Cloud {
    /// ARN of the cluster.
    pub cluster_arn: Option<String>,
    /// Host and path of the cluster's issuer of tokens, without `https://`.
    pub issuer: Option<String>,
    /// `CONFIG_MAP`, `API` or `API_AND_CONFIG_MAP`.
    pub authentication_mode: Option<String>,
    /// Whether who made the cluster is its admin for ever.
    pub creator_is_admin: bool,
    /// ARN of who made it.
    pub creator: Option<String>,
    /// Users and roles by ARN.
    pub principals: BTreeMap<String, CloudPrincipal>,
    /// Managed policies by ARN.
    pub managed: BTreeMap<String, PolicyDocument>,
    /// Access entries by ARN of the principal.
    pub entries: BTreeMap<String, AccessEntry>,
    /// Pod identity associations.
    pub associations: Vec<PodIdentityAssociation>,
    /// Roles of node groups.
    pub node_roles: BTreeSet<String>,
    /// Instances by private DNS name or id.
    pub instances: BTreeMap<String, InstanceMetadata>,
    /// Whether a repository's tags can be moved, by address.
    pub repositories: BTreeMap<String, (String, bool)>,
    /// Service control policies of the account, all on one level.
    pub service_control: Vec<PolicyDocument>,
    /// Resource control policies.
    pub resource_control: Vec<PolicyDocument>,
    /// Instance profiles: name or ARN to roles.
    pub instance_profiles: BTreeMap<String, Vec<String>>,
}

impl Cloud {
    /// Whether anything was read.
    pub fn is_empty(&self) -> bool {
        self.cluster_arn.is_none()
            && self.principals.is_empty()
            && self.entries.is_empty()
            && self.associations.is_empty()
            && self.instances.is_empty()
            && self.node_roles.is_empty()
            && self.repositories.is_empty()
    }

    /// Whether `aws-auth` is read; `None` if the mode is not known.
    pub fn reads_config_map(&self) -> Option<bool> {
        self.authentication_mode.as_deref().map(|mode| mode.contains("CONFIG_MAP"))
    }

    /// Reads a document that the AWS command line printed. Whether it was one that is known.
    pub fn add_document(&mut self, root: Node<'_>) -> bool {
        let mut is_known = false;
        let mut take = |key: &str, read: &mut dyn FnMut(Node<'_>)| {
            if let Some(node) = root.get(key) {
                is_known = true;
                read(node);
            }
        };
        // aws iam get-account-authorization-details: policies first, since roles refer to them.
        take("Policies", &mut |list| list.items().for_each(|policy| self.read_managed(policy)));
        let groups: BTreeMap<String, CloudPrincipal> = root
            .get("GroupDetailList")
            .map(Node::items)
            .into_iter()
            .flatten()
            .map(|group| (text(group, "GroupName"), self.read_principal(group, "GroupPolicyList")))
            .collect();
        take("RoleDetailList", &mut |list| {
            for role in list.items() {
                let mut principal = self.read_principal(role, "RolePolicyList");
                principal.trust = role.get("AssumeRolePolicyDocument").map(PolicyDocument::read);
                self.read_profiles(role);
                self.principals.insert(text(role, "Arn"), principal);
            }
        });
        take("UserDetailList", &mut |list| {
            for user in list.items() {
                let mut principal = self.read_principal(user, "UserPolicyList");
                for name in
                    user.get("GroupList").map(Node::items).into_iter().flatten().filter_map(Node::as_str)
                {
                    if let Some(group) = groups.get(name) {
                        principal.policies.extend(group.policies.iter().cloned());
                        principal.has_unknown_policies |= group.has_unknown_policies;
                    }
                }
                self.principals.insert(text(user, "Arn"), principal);
            }
        });
        // aws iam get-role
        take("Role", &mut |role| {
            let trust = role.get("AssumeRolePolicyDocument").map(PolicyDocument::read);
            self.principals.entry(text(role, "Arn")).or_default().trust = trust;
        });
        take("cluster", &mut |cluster| self.read_cluster(cluster));
        take("accessEntry", &mut |entry| self.read_entry(entry));
        take("associatedAccessPolicies", &mut |list| {
            self.read_access_policies(&text(root, "principalArn"), list)
        });
        take("association", &mut |association| self.read_association(association));
        take("associations", &mut |list| {
            list.items().for_each(|association| self.read_association(association))
        });
        take("nodegroup", &mut |group| {
            self.node_roles.extend(Some(text(group, "nodeRole")).filter(|arn| !arn.is_empty()));
        });
        take("Reservations", &mut |list| {
            for instance in list
                .items()
                .flat_map(|reservation| reservation.get("Instances").map(Node::items).into_iter().flatten())
            {
                self.read_instance(instance);
            }
        });
        take("repositories", &mut |list| {
            for repository in list.items() {
                let is_mutable = text(repository, "imageTagMutability") != "IMMUTABLE";
                let arn = text(repository, "repositoryArn");
                self.repositories.insert(text(repository, "repositoryUri"), (arn, is_mutable));
            }
        });
        // aws organizations describe-policy
        take("Policy", &mut |policy| {
            let Some(content) = policy.get("Content") else { return };
            let document = PolicyDocument::read(content);
            match policy.at(&["PolicySummary", "Type"]).and_then(Node::as_str) {
                Some("SERVICE_CONTROL_POLICY") => self.service_control.push(document),
                Some("RESOURCE_CONTROL_POLICY") => self.resource_control.push(document),
                _ => {}
            }
        });
        // The CloudTrail event that tells who made the cluster.
        take("Records", &mut |list| list.items().for_each(|event| self.read_event(event)));
        if root.get("eventName").is_some() {
            is_known = true;
            self.read_event(root);
        }
        is_known
    }

    fn read_managed(&mut self, policy: Node<'_>) {
        let versions = policy.get("PolicyVersionList").map(Node::items).into_iter().flatten();
        let default =
            versions.clone().find(|version| version.get("IsDefaultVersion").is_some_and(Node::is_true));
        if let Some(document) = default.and_then(|version| version.get("Document")) {
            self.managed.insert(text(policy, "Arn"), PolicyDocument::read(document));
        }
    }

    fn read_principal(&self, node: Node<'_>, inline: &str) -> CloudPrincipal {
        let mut principal = CloudPrincipal::default();
        for policy in node.get(inline).map(Node::items).into_iter().flatten() {
            principal.policies.extend(policy.get("PolicyDocument").map(PolicyDocument::read));
        }
        for policy in node.get("AttachedManagedPolicies").map(Node::items).into_iter().flatten() {
            let arn = text(policy, "PolicyArn");
            match self.managed.get(&arn) {
                Some(document) => principal.policies.push(document.clone()),
                None if arn == "arn:aws:iam::aws:policy/AdministratorAccess" => {
                    principal.policies.push(PolicyDocument::from_text(ADMINISTRATOR));
                }
                None => principal.has_unknown_policies = true,
            }
            principal.attached.insert(arn);
        }
        let boundary = node.at(&["PermissionsBoundary", "PermissionsBoundaryArn"]).and_then(Node::as_str);
        principal.boundary = boundary.map(|arn| {
            let unknown = PolicyDocument { statements: Vec::new(), is_doubtful: true };
            self.managed.get(arn).cloned().unwrap_or(unknown)
        });
        principal
    }

    fn read_profiles(&mut self, role: Node<'_>) {
        for profile in role.get("InstanceProfileList").map(Node::items).into_iter().flatten() {
            self.instance_profiles.entry(text(profile, "Arn")).or_default().push(text(role, "Arn"));
        }
    }

    fn read_cluster(&mut self, cluster: Node<'_>) {
        self.cluster_arn = Some(text(cluster, "arn")).filter(|arn| !arn.is_empty());
        let issuer = cluster.at(&["identity", "oidc", "issuer"]).and_then(Node::as_str);
        self.issuer = issuer.map(|issuer| issuer.trim_start_matches("https://").to_owned());
        let access = cluster.get("accessConfig");
        let mode = access.and_then(|access| access.get("authenticationMode")).and_then(Node::as_str);
        self.authentication_mode = mode.map(str::to_owned);
        self.creator_is_admin |= access
            .and_then(|access| access.get("bootstrapClusterCreatorAdminPermissions"))
            .is_some_and(Node::is_true);
    }

    fn read_entry(&mut self, node: Node<'_>) {
        let arn = text(node, "principalArn");
        let entry = self.entries.entry(arn.clone()).or_default();
        entry.username = text(node, "username");
        entry.kind = text(node, "type");
        let groups = node.get("kubernetesGroups").map(Node::items).into_iter().flatten();
        entry.groups = groups.filter_map(Node::as_str).map(str::to_owned).collect();
        if entry.kind.starts_with("EC2") || entry.kind == "HYBRID_LINUX" {
            self.node_roles.insert(arn);
        }
    }

    fn read_access_policies(&mut self, principal: &str, list: Node<'_>) {
        let entry = self.entries.entry(principal.to_owned()).or_default();
        for policy in list.items() {
            let arn = text(policy, "policyArn");
            let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
            let scope = policy.get("accessScope");
            let is_namespaced =
                scope.and_then(|scope| scope.get("type")).and_then(Node::as_str) == Some("namespace");
            let namespaces =
                scope.and_then(|scope| scope.get("namespaces")).map(Node::items).into_iter().flatten();
            let namespaces: Vec<String> = namespaces.filter_map(Node::as_str).map(str::to_owned).collect();
            entry.policies.push((name, is_namespaced.then_some(namespaces)));
        }
    }

    fn read_association(&mut self, node: Node<'_>) {
        self.associations.push(PodIdentityAssociation {
            namespace: text(node, "namespace"),
            service_account: text(node, "serviceAccount"),
            role_arn: text(node, "roleArn"),
        });
    }

    fn read_instance(&mut self, instance: Node<'_>) {
        let options = instance.get("MetadataOptions");
        let word = |key| options.and_then(|options| options.get(key)).and_then(Node::as_str);
        if word("HttpEndpoint") == Some("disabled") {
            let closed = InstanceMetadata { needs_token: true, hop_limit: 0 };
            self.instances.insert(text(instance, "PrivateDnsName"), closed);
            return;
        }
        let hops = options.and_then(|options| options.get("HttpPutResponseHopLimit")).and_then(Node::as_i64);
        let metadata = InstanceMetadata {
            needs_token: word("HttpTokens") == Some("required"),
            hop_limit: hops.unwrap_or(1),
        };
        let name = text(instance, "PrivateDnsName");
        let name = if name.is_empty() { text(instance, "InstanceId") } else { name };
        self.instances.insert(name, metadata);
        let profile = instance.at(&["IamInstanceProfile", "Arn"]).and_then(Node::as_str);
        if let Some(roles) = profile.and_then(|arn| self.instance_profiles.get(arn)) {
            self.node_roles.extend(roles.iter().cloned());
        }
    }

    fn read_event(&mut self, event: Node<'_>) {
        if event.get("eventName").and_then(Node::as_str) != Some("CreateCluster") {
            return;
        }
        let session =
            event.at(&["userIdentity", "sessionContext", "sessionIssuer", "arn"]).and_then(Node::as_str);
        let creator = session.or_else(|| event.at(&["userIdentity", "arn"]).and_then(Node::as_str));
        self.creator = creator.map(str::to_owned);
        let flag =
            event.at(&["requestParameters", "accessConfig", "bootstrapClusterCreatorAdminPermissions"]);
        // Clusters are made so unless the request says otherwise.
        self.creator_is_admin |= flag.is_none_or(Node::is_true);
    }

    /// Whether a user or role of the account may do something; the trust policy of a role, or another policy of the
    /// resource, may be given.
    pub fn may(
        &self,
        arn: &str,
        action: &str,
        resource: &str,
        of_resource: Option<&PolicyDocument>,
    ) -> AwsAnswer {
        self.may_with(arn, action, resource, of_resource, &[])
    }

    /// The same for a request that brings along these keys for conditions.
    pub fn may_with(
        &self,
        arn: &str,
        action: &str,
        resource: &str,
        of_resource: Option<&PolicyDocument>,
        keys: &[(&str, &str)],
    ) -> AwsAnswer {
        let Some(principal) = self.principals.get(arn) else { return AwsAnswer::Unknown };
        let who = Principal::aws(arn);
        // Nothing is known of the session that will ask: other conditions on it are unknown. An external id is no
        // secret, so whether the attacker has it is unknown too.
        let mut context = Context::of(&[
            ("aws:PrincipalArn", arn),
            ("aws:PrincipalAccount", &who.account),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:SecureTransport", "true"),
        ]);
        if let Some((_, name)) = arn.rsplit_once('/').filter(|_| arn.contains(":user/")) {
            context.keys.insert("aws:username".to_owned(), vec![name.to_owned()]);
        }
        context.keys.extend(Context::of(keys).keys);
        let policies = |service_control: Vec<Vec<&'_ PolicyDocument>>| -> AwsAnswer {
            let policies = Policies {
                identity: principal.policies.iter().collect(),
                boundary: principal.boundary.as_ref(),
                session: None,
                resource: of_resource,
                service_control,
                resource_control: level(&self.resource_control),
                resource_account: account_of(resource),
                needs_no_identity: false,
            };
            evaluate(&AwsRequest { principal: &who, action, resource, context: &context }, &policies)
        };
        // On which level each service control policy stands is not told. Where it matters, nobody can tell.
        let answer = policies(level(&self.service_control));
        let each_by_itself = self
            .service_control
            .iter()
            .filter(|document| document.has_allow())
            .map(|one| vec![one])
            .collect();
        let answer = match answer {
            AwsAnswer::Allowed if policies(each_by_itself) != AwsAnswer::Allowed => AwsAnswer::Unknown,
            answer => answer,
        };
        match answer {
            AwsAnswer::ImplicitDeny if principal.has_unknown_policies => AwsAnswer::Unknown,
            answer => answer,
        }
    }

    /// Whether the trust policy of a role lets a service account in by its web identity token.
    pub fn may_assume_by_token(&self, trust: &PolicyDocument, namespace: &str, account: &str) -> AwsAnswer {
        let mut answers = Vec::new();
        for named in trust.federated_providers() {
            // Whoever trusts every provider trusts this cluster's.
            let provider = match (named.as_str(), &self.issuer) {
                ("*", Some(issuer)) => format!("arn:aws:iam::0:oidc-provider/{issuer}"),
                _ => named,
            };
            let host =
                provider.split_once("oidc-provider/").map_or(provider.as_str(), |(_, host)| host).to_owned();
            // A provider of another cluster knows other service accounts.
            if self.issuer.as_ref().is_some_and(|issuer| *issuer != host) || !host.contains('/') {
                continue;
            }
            let subject = format!("system:serviceaccount:{namespace}:{account}");
            let mut context = Context::of(&[
                (&format!("{host}:aud"), "sts.amazonaws.com"),
                (&format!("{host}:sub"), &subject),
            ]);
            // A token of this provider has no claims of another.
            for key in trust.statements.iter().flat_map(|statement| &statement.conditions) {
                let key = key.key.to_ascii_lowercase();
                let is_claim = [":sub", ":aud", ":amr", ":oaud"].iter().any(|claim| key.ends_with(claim));
                if is_claim && !key.starts_with(&format!("{}:", host.to_ascii_lowercase())) {
                    context.keys.entry(key).or_default();
                }
            }
            let principal = Principal::federated(&provider);
            let request = AwsRequest {
                principal: &principal,
                action: "sts:AssumeRoleWithWebIdentity",
                resource: "*",
                context: &context,
            };
            let policies = Policies {
                resource: Some(trust),
                resource_control: level(&self.resource_control),
                needs_no_identity: true,
                ..Policies::default()
            };
            answers.push(evaluate(&request, &policies));
        }
        for wanted in [AwsAnswer::Allowed, AwsAnswer::Unknown] {
            if answers.contains(&wanted) {
                return wanted;
            }
        }
        AwsAnswer::ImplicitDeny
    }
}

fn level(documents: &[PolicyDocument]) -> Vec<Vec<&PolicyDocument>> {
    if documents.is_empty() { Vec::new() } else { vec![documents.iter().collect()] }
}

impl PolicyDocument {
    fn has_allow(&self) -> bool {
        self.is_doubtful || self.statements.iter().any(|statement| statement.is_allow)
    }
}

const ADMINISTRATOR: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;

fn text(node: Node<'_>, key: &str) -> String {
    node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned()
}

/// The account in an ARN; empty where there is none.
pub(crate) fn account_of(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";

    fn trust(condition: &str) -> PolicyDocument {
        PolicyDocument::from_text(&format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {{"Federated": "arn:aws:iam::111111111111:oidc-provider/{ISSUER}"}}{condition}}}]}}"#
        ))
    }

    #[test]
    fn trust_policy_decides_not_the_annotation() {
        let cloud = Cloud { issuer: Some(ISSUER.to_owned()), ..Cloud::default() };
        let pinned = trust(&format!(
            r#", "Condition": {{"StringEquals": {{"{ISSUER}:sub": "system:serviceaccount:a:b"}}}}"#
        ));
        assert_eq!(cloud.may_assume_by_token(&pinned, "a", "b"), AwsAnswer::Allowed);
        assert_eq!(cloud.may_assume_by_token(&pinned, "a", "c"), AwsAnswer::ImplicitDeny);
        assert_eq!(cloud.may_assume_by_token(&trust(""), "any", "one"), AwsAnswer::Allowed);
        let other = Cloud { issuer: Some("oidc.example/id/X".to_owned()), ..Cloud::default() };
        assert_eq!(other.may_assume_by_token(&trust(""), "a", "b"), AwsAnswer::ImplicitDeny);
    }
}

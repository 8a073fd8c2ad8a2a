//! `aws-auth`: which AWS identity is which Kubernetes user, as the AWS IAM authenticator maps them.

use haechi_syntax::{Limits, Node, parse_yaml};

use super::policy::PolicyDocument;

/// One entry of `mapRoles` or `mapUsers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsAuthEntry {
    /// `rolearn` or `userarn`, in lower case as the authenticator compares it.
    pub arn: String,
    /// The user name, with templates.
    pub username: String,
    /// The groups, with templates.
    pub groups: Vec<String>,
}

/// The parsed map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsAuth {
    /// `mapRoles`.
    pub roles: Vec<AwsAuthEntry>,
    /// `mapUsers`.
    pub users: Vec<AwsAuthEntry>,
    /// `mapAccounts`.
    pub accounts: Vec<String>,
    /// Whether a part could not be read.
    pub is_doubtful: bool,
}

/// Whom an AWS identity becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedIdentity {
    /// The user name.
    pub username: String,
    /// The groups.
    pub groups: Vec<String>,
}

impl AwsAuth {
    /// Reads the values of the map's keys; each is YAML in a text.
    pub fn parse(map_roles: &str, map_users: &str, map_accounts: &str) -> Self {
        let mut found = AwsAuth::default();
        let mut is_doubtful = false;
        let mut list = |text: &str, arn_key: &str| -> Vec<AwsAuthEntry> {
            let parsed = parse_yaml(text.as_bytes(), &Limits::default());
            is_doubtful |= !parsed.errors.is_empty();
            let mut entries = Vec::new();
            for document in &parsed.documents {
                for entry in document.root().items() {
                    match read_entry(entry, arn_key) {
                        Some(entry) => entries.push(entry),
                        None => is_doubtful = true,
                    }
                }
            }
            entries
        };
        found.roles = list(map_roles, "rolearn");
        found.users = list(map_users, "userarn");
        let accounts = parse_yaml(map_accounts.as_bytes(), &Limits::default());
        for document in &accounts.documents {
            found.accounts.extend(document.root().items().filter_map(|item| match item.as_str() {
                Some(text) => Some(text.to_owned()),
                None => item.as_i64().map(|number| number.to_string()),
            }));
        }
        found.is_doubtful = is_doubtful;
        found
    }

    /// Whom the identity with that ARN becomes: that of a user, of a role (as IAM names it), or of a session. Roles
    /// are tried before users, then accounts; the first entry that matches counts. A session does not tell the path
    /// of its role, so that an entry with a path never matches.
    pub fn map(&self, arn: &str) -> Option<MappedIdentity> {
        let (canonical, session) = canonical_arn(arn);
        let lower = canonical.to_lowercase();
        let account = super::account_of(&canonical);
        for (entries, _) in [(&self.roles, true), (&self.users, false)] {
            if let Some(entry) = entries.iter().find(|entry| entry.arn == lower) {
                let fill = |text: &str| fill_template(text, &account, &session);
                return Some(MappedIdentity {
                    username: fill(&entry.username),
                    groups: entry.groups.iter().map(|group| fill(group)).collect(),
                });
            }
        }
        let is_account = !account.is_empty() && self.accounts.contains(&account);
        is_account.then(|| MappedIdentity { username: canonical.clone(), groups: Vec::new() })
    }
}

fn read_entry(node: Node<'_>, arn_key: &str) -> Option<AwsAuthEntry> {
    let groups = node.get("groups").map(Node::items).into_iter().flatten();
    Some(AwsAuthEntry {
        arn: node.get(arn_key)?.as_str()?.to_lowercase(),
        username: node.get("username").and_then(Node::as_str).unwrap_or_default().to_owned(),
        groups: groups.filter_map(Node::as_str).map(str::to_owned).collect(),
    })
}

/// `arn:aws:sts::1:assumed-role/name/session` is the role `name`, without a path; the session is told apart. A role's
/// own ARN loses its path as its sessions do.
fn canonical_arn(arn: &str) -> (String, String) {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    if let [a, partition, service, region, account, rest] = parts.as_slice() {
        if *service == "sts"
            && let Some(of_session) = rest.strip_prefix("assumed-role/")
        {
            let (role, session) = of_session.split_once('/').unwrap_or((of_session, ""));
            return (format!("{a}:{partition}:iam:{region}:{account}:role/{role}"), session.to_owned());
        }
        if *service == "iam"
            && let Some(role) = rest.strip_prefix("role/")
        {
            let name = role.rsplit('/').next().unwrap_or(role);
            return (format!("{a}:{partition}:iam:{region}:{account}:role/{name}"), String::new());
        }
    }
    (arn.to_owned(), String::new())
}

/// Templates of the authenticator. A session name is cleaned of `@` unless its raw form is asked for; what only a
/// session tells stays as it is where there is none.
fn fill_template(text: &str, account: &str, session: &str) -> String {
    let mut filled = text.replace("{{AccountID}}", account);
    if !session.is_empty() {
        filled = filled
            .replace("{{SessionNameRaw}}", session)
            .replace("{{SessionName}}", &session.replace('@', "-"));
    }
    filled
}

impl PolicyDocument {
    /// Identity providers that allowing statements name.
    pub(crate) fn federated_providers(&self) -> Vec<String> {
        let mut found: Vec<String> = self.statements.iter().flat_map(super::Statement::federated).collect();
        found.sort();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> AwsAuth {
        AwsAuth::parse(
            "- rolearn: arn:aws:iam::111111111111:role/Admin\n  username: admin:{{SessionName}}\n  groups: [system:masters]\n\
             - rolearn: arn:aws:iam::111111111111:role/team/dev\n  username: dev\n  groups: [devs]\n",
            "- userarn: arn:aws:iam::111111111111:user/ops\n  username: ops\n  groups: [ops]\n",
            "- \"222222222222\"\n",
        )
    }

    #[test]
    fn sessions_map_by_their_role_in_any_case() {
        let mapped = map().map("arn:aws:sts::111111111111:assumed-role/admin/me@example").unwrap();
        assert_eq!(mapped.username, "admin:me-example");
        assert_eq!(mapped.groups, ["system:masters"]);
        assert_eq!(map().map("arn:aws:iam::111111111111:user/ops").unwrap().username, "ops");
    }

    #[test]
    fn entry_with_a_path_matches_no_session() {
        assert_eq!(map().map("arn:aws:sts::111111111111:assumed-role/dev/s"), None);
        assert_eq!(map().map("arn:aws:iam::111111111111:role/team/dev"), None);
    }

    #[test]
    fn accounts_come_last() {
        let arn = "arn:aws:iam::222222222222:user/x";
        assert_eq!(map().map(arn).unwrap().username, arn);
        assert_eq!(map().map("arn:aws:iam::333333333333:user/x"), None);
    }
}

use std::fmt;

use serde::Serialize;

/// What every service account's user name begins with.
pub const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";
/// The group of everyone who authenticated.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of everyone who did not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group that the API server lets do everything before it asks any authorizer.
pub const MASTERS: &str = "system:masters";
/// The group of the kubelets.
pub const NODES: &str = "system:nodes";
/// The group of all service accounts.
pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";

/// Someone whom a binding may name. Ordered by kind, then by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind")]
pub enum Subject {
    /// A user, by the name that authentication gives.
    User {
        /// The user name.
        name: String,
    },
    /// A group.
    Group {
        /// The group's name.
        name: String,
    },
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl Subject {
    /// A user; the user name of a service account gives that service account.
    pub fn user(name: &str) -> Self {
        match split_service_account(name) {
            Some((namespace, name)) => Self::service_account(namespace, name),
            None => Subject::User { name: name.to_owned() },
        }
    }

    /// A group.
    pub fn group(name: &str) -> Self {
        Subject::Group { name: name.to_owned() }
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Subject::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Reads what people write: `alice`, `user:alice`, `group:dev`, `sa:ns/name`, `serviceaccount:ns/name`,
    /// `system:serviceaccount:ns:name`. Kinds are read in any case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text.starts_with(SERVICE_ACCOUNT_PREFIX) {
            return split_service_account(text)
                .map(|(namespace, name)| Self::service_account(namespace, name));
        }
        if let Some((kind, rest)) = text.split_once(':') {
            let is = |word: &str| kind.eq_ignore_ascii_case(word);
            if is("user") || is("group") {
                return match rest {
                    "" => None,
                    name if is("user") => Some(Self::user(name)),
                    name => Some(Self::group(name)),
                };
            }
            if is("sa") || is("serviceaccount") {
                let (namespace, name) = rest.split_once(['/', ':'])?;
                let is_complete = !namespace.is_empty() && !name.is_empty() && !name.contains(['/', ':']);
                return is_complete.then(|| Self::service_account(namespace, name));
            }
        }
        Some(Self::user(text))
    }

    /// The user name that requests carry; a group has none.
    pub fn user_name(&self) -> Option<String> {
        match self {
            Subject::User { name } => Some(name.clone()),
            Subject::Group { .. } => None,
            Subject::ServiceAccount { namespace, name } => {
                Some(format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"))
            }
        }
    }

    /// The groups that the API server itself adds to such a subject. A group stands for a member of it.
    pub fn implied_groups(&self) -> Vec<String> {
        match self {
            Subject::User { name } if name == "system:anonymous" => vec![UNAUTHENTICATED.to_owned()],
            Subject::User { .. } => vec![AUTHENTICATED.to_owned()],
            Subject::Group { name } if name == UNAUTHENTICATED => vec![name.clone()],
            Subject::Group { name } if name == AUTHENTICATED => vec![name.clone()],
            Subject::Group { name } => vec![name.clone(), AUTHENTICATED.to_owned()],
            Subject::ServiceAccount { namespace, .. } => vec![
                SERVICE_ACCOUNTS.to_owned(),
                format!("{SERVICE_ACCOUNTS}:{namespace}"),
                AUTHENTICATED.to_owned(),
            ],
        }
    }

    /// Whether it belongs to Kubernetes itself: kubelets, controllers, its own service accounts.
    pub fn is_system(&self) -> bool {
        match self {
            Subject::User { name } | Subject::Group { name } => name.starts_with("system:"),
            Subject::ServiceAccount { namespace, .. } => namespace == "kube-system",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::User { name } => write!(f, "User {name}"),
            Subject::Group { name } => write!(f, "Group {name}"),
            Subject::ServiceAccount { namespace, name } => write!(f, "ServiceAccount {namespace}/{name}"),
        }
    }
}

/// Namespace and name in the user name of a service account, by the rules of the API server: exactly one colon after
/// the prefix, neither part empty.
pub fn split_service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(Subject::parse("alice"), Some(Subject::user("alice")));
        assert_eq!(Subject::parse("Group:dev"), Some(Subject::group("dev")));
        let builder = Subject::service_account("ci", "builder");
        assert_eq!(Subject::parse("sa:ci/builder"), Some(builder.clone()));
        assert_eq!(Subject::parse("system:serviceaccount:ci:builder"), Some(builder.clone()));
        assert_eq!(Subject::user("system:serviceaccount:ci:builder"), builder);
        assert_eq!(Subject::parse("system:node:n1"), Some(Subject::User { name: "system:node:n1".into() }));
        assert_eq!(Subject::parse("sa:ci"), None);
        assert_eq!(Subject::parse("group:"), None);
        assert_eq!(Subject::parse(""), None);
    }

    #[test]
    fn service_account_names_have_exactly_two_parts() {
        assert_eq!(split_service_account("system:serviceaccount:a:b:c"), None);
        assert_eq!(split_service_account("system:serviceaccount::b"), None);
    }
}

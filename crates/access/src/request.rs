use serde::Serialize;

use crate::subject::Subject;

/// What is asked of the API server, in the words of its authorizers. Borrowed: asking allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'r> {
    /// The user name, for instance `system:serviceaccount:ci:builder`.
    pub user: &'r str,
    /// All groups of the user; nothing is added to them.
    pub groups: &'r [&'r str],
    /// What is done.
    pub action: Action<'r>,
}

/// The deed itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Action<'r> {
    /// The verb, in lower case as the API server makes it.
    pub verb: &'r str,
    /// The namespace; empty for cluster-scoped requests and for "in all namespaces".
    pub namespace: &'r str,
    /// On what.
    pub target: Target<'r>,
}

/// On what something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Target<'r> {
    /// An API resource.
    Resource {
        /// API group, `""` for the core group.
        group: &'r str,
        /// The plural, for instance `pods`.
        resource: &'r str,
        /// `log`, `exec`, `status` …; empty for none.
        subresource: &'r str,
        /// The object's name; empty where the request has none (create, list, watch, deletecollection). A list or
        /// watch with the field selector `metadata.name=x` carries that name.
        name: &'r str,
    },
    /// A path that is no resource.
    Url(&'r str),
}

impl<'r> Action<'r> {
    /// A request on a resource; `resource` may hold a subresource after a slash.
    pub fn on(verb: &'r str, group: &'r str, resource: &'r str, namespace: &'r str) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Action { verb, namespace, target: Target::Resource { group, resource, subresource, name: "" } }
    }

    /// A request on a path.
    pub fn on_url(verb: &'r str, path: &'r str) -> Self {
        Action { verb, namespace: "", target: Target::Url(path) }
    }

    /// The same on one object.
    #[must_use]
    pub fn named(mut self, object: &'r str) -> Self {
        if let Target::Resource { name, .. } = &mut self.target {
            *name = object;
        }
        self
    }
}

/// The user name and groups of a subject as the API server sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user name; for a group that of somebody without bindings of his own.
    pub user: String,
    /// The groups.
    pub groups: Vec<String>,
}

impl Identity {
    /// A subject with the groups that the API server adds, and further groups that the asker names.
    pub fn new(subject: &Subject, further_groups: &[String]) -> Self {
        let mut groups = subject.implied_groups();
        for group in further_groups {
            if !groups.contains(group) {
                groups.push(group.clone());
            }
        }
        Identity { user: subject.user_name().unwrap_or_default(), groups }
    }

    /// The groups, borrowed as [`Request::groups`] wants them.
    pub fn group_names(&self) -> Vec<&str> {
        self.groups.iter().map(String::as_str).collect()
    }
}

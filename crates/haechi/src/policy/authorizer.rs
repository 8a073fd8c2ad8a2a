//! `authorizer` of admission policies, answered from the roles and bindings at hand.

use haechi_access::{
    Action, Answer, RBAC_GROUP, Request, Snapshot, SnapshotBuilder, SnapshotOptions, Target,
};
use haechi_cel::{Access, Authorizer, Decision, Requester, Subject};
use haechi_objects::Object;

/// What RBAC allows by some roles and bindings.
#[derive(Debug)]
pub(crate) struct Roles(Snapshot);

impl Roles {
    /// The roles and bindings among objects; `None` where there are none, for then nobody can tell.
    pub(crate) fn of<'d>(objects: impl Iterator<Item = Object<'d>>) -> Option<Self> {
        let mut builder = SnapshotBuilder::new(SnapshotOptions::default());
        let mut is_empty = true;
        for object in objects.filter(|object| object.group() == RBAC_GROUP) {
            is_empty &= !builder.add_object(0, object);
        }
        (!is_empty).then(|| Self(builder.finish()))
    }
}

impl Authorizer for Roles {
    fn decide(
        &self,
        requester: &Requester<'_>,
        subject: &Subject<'_>,
        verb: &str,
        access: &Access<'_>,
    ) -> Decision {
        let (user, groups): (String, Vec<String>) = match subject {
            Subject::Requester if requester.username.is_empty() => {
                return Decision::Unknown("who makes the request is not known".into());
            }
            Subject::Requester => (
                requester.username.to_owned(),
                requester.groups.iter().map(|group| (*group).to_owned()).collect(),
            ),
            Subject::ServiceAccount { namespace, name } => (
                format!("system:serviceaccount:{namespace}:{name}"),
                vec![
                    "system:serviceaccounts".into(),
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated".into(),
                ],
            ),
        };
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let action = match access {
            Access::Path(path) => Action { verb, namespace: "", target: Target::Url(path) },
            Access::Resource(resource) => Action {
                verb,
                namespace: resource.namespace,
                target: Target::Resource {
                    group: resource.group,
                    resource: resource.resource,
                    subresource: resource.subresource,
                    name: resource.name,
                },
            },
        };
        if groups.contains(&haechi_access::MASTERS) {
            return Decision::Allow(String::new());
        }
        match self.0.decide(&Request { user: &user, groups: &groups, action }).answer {
            Answer::Allowed => Decision::Allow(String::new()),
            Answer::Denied => Decision::Deny(String::new()),
            Answer::Unknown => {
                Decision::Unknown("a role or binding that it depends on is missing or unreadable".into())
            }
        }
    }
}

//! Questions to the authorizer of the cluster.

/// Who is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The user who makes the request.
    Requester,
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: &'a str,
        /// Its name.
        name: &'a str,
    },
}

/// What is to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// A path that is no resource.
    Path(&'a str),
    /// A resource.
    Resource(ResourceAccess<'a>),
}

/// A resource to be accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResourceAccess<'a> {
    /// API group.
    pub group: &'a str,
    /// Plural name.
    pub resource: &'a str,
    /// `status`, `log` …; empty for the resource itself.
    pub subresource: &'a str,
    /// Namespace; empty for all, or for resources without one.
    pub namespace: &'a str,
    /// Name; empty for all.
    pub name: &'a str,
    /// Field selector of a list; empty for none.
    pub field_selector: &'a str,
    /// Label selector of a list; empty for none.
    pub label_selector: &'a str,
}

/// The answer of an authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed, and why.
    Allow(String),
    /// It is not allowed, and why.
    Deny(String),
    /// Nobody can tell: the roles are not at hand. The expression fails, so that this is never taken for an answer.
    Unknown(String),
}

/// Whoever knows what is allowed.
pub trait Authorizer: Send + Sync {
    /// Whether `subject` may do `verb` there. `requester` is the user of the request.
    fn decide(
        &self,
        requester: &Requester<'_>,
        subject: &Subject<'_>,
        verb: &str,
        access: &Access<'_>,
    ) -> Decision;
}

/// The user of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Requester<'a> {
    /// User name; empty if not known.
    pub username: &'a str,
    /// Groups.
    pub groups: &'a [&'a str],
}

/// What `authorizer` and its calls make.
#[derive(Debug, Clone, Copy)]
pub enum Authz<'a> {
    /// `authorizer`, or what `serviceAccount()` makes of it.
    Authorizer(Subject<'a>),
    /// `authorizer.path('/healthz')`
    Path(Subject<'a>, &'a str),
    /// `authorizer.group('apps')`
    Group(Subject<'a>, &'a str),
    /// `….resource('deployments')`, or `authorizer.requestResource`
    Resource(Subject<'a>, ResourceAccess<'a>),
    /// `….check('get')`
    Decision {
        /// Whether it is allowed.
        allowed: bool,
        /// Why.
        reason: &'a str,
    },
}

impl Authz<'_> {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Authz::Authorizer(_) => "kubernetes.authorization.Authorizer",
            Authz::Path(..) => "kubernetes.authorization.PathCheck",
            Authz::Group(..) => "kubernetes.authorization.GroupCheck",
            Authz::Resource(..) => "kubernetes.authorization.ResourceCheck",
            Authz::Decision { .. } => "kubernetes.authorization.Decision",
        }
    }
}

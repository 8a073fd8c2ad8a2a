//! What all engines have in common: what they are loaded from, what they are asked, what they answer.

use std::fmt;
use std::sync::Arc;

use haechi_model::{Position, Span};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::mistake::Mistake;

/// A document that may hold a policy, a binding, a constraint …
#[derive(Debug, Clone)]
pub struct PolicyDocument<'d> {
    /// The file as the user named it.
    pub path: Arc<str>,
    /// The object in it.
    pub object: Object<'d>,
}

/// Why a policy, or a part of it, was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The file as the user named it.
    pub path: Arc<str>,
    /// The place of the mistake in that file.
    pub span: Span,
    /// First character of the mistake.
    pub position: Position,
    /// The policy as `Kind name`.
    pub policy: String,
    /// The mistake and, where there is one, the remedy. English, lower case, no full stop.
    pub message: String,
    /// Which mistake it is, with what its text names; see [`Mistake`].
    pub id: Option<&'static str>,
    /// What the text names.
    pub args: Vec<(&'static str, String)>,
}

impl LoadError {
    /// An error about a value of a document.
    pub fn at(document: &PolicyDocument<'_>, node: Node<'_>, mistake: impl Into<Mistake>) -> Self {
        let Mistake { id, args, text: message, causes: _ } = mistake.into();
        let span = node.anchor_span();
        Self {
            path: document.path.clone(),
            span,
            position: node.document().source().position(span.start),
            policy: format!("{} {}", document.object.kind(), document.object.name()),
            message,
            id,
            args,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "{}:{line}:{column}: {}: {}", self.path, self.policy, self.message)
    }
}

impl std::error::Error for LoadError {}

/// What became of the documents.
#[derive(Debug, Clone, Default)]
pub struct Loaded<S> {
    /// The policies that can be asked.
    pub set: S,
    /// What could not be loaded, in the order of the documents.
    pub errors: Vec<LoadError>,
}

/// A policy language.
pub trait Engine {
    /// The policies, made ready.
    type Set: PolicySet;

    /// Whether documents of this kind are for this engine. What no engine claims is no policy.
    fn claims(&self, object: Object<'_>) -> bool;

    /// Compiles the documents that the engine claims and leaves the others alone. The set owns what it needs.
    fn load(&self, documents: &[PolicyDocument<'_>]) -> Loaded<Self::Set>;
}

/// Policies, made ready to judge requests. Immutable, so that many threads may ask at once.
pub trait PolicySet: Send + Sync {
    /// Judges one request by every policy of the set and appends the verdicts, in the order of the policies' names.
    /// Where a policy has nothing to say about the request the verdict is [`Outcome::NotApplicable`].
    fn review(&self, request: &Request<'_>, verdicts: &mut Vec<Verdict>);
}

/// What is done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// A connection to it is opened (`exec`, `attach`, `proxy` …).
    Connect,
}

impl Operation {
    /// The name in an AdmissionReview.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }

    /// The operation of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect]
            .into_iter()
            .find(|operation| operation.as_str() == name)
    }
}

/// A kind of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct GroupVersionKind<'d> {
    /// API group, `""` for the core group.
    pub group: &'d str,
    /// Version in that group.
    pub version: &'d str,
    /// Kind.
    pub kind: &'d str,
}

impl<'d> GroupVersionKind<'d> {
    /// The kind of an object.
    pub fn of(object: Object<'d>) -> Self {
        Self { group: object.group(), version: object.version(), kind: object.kind() }
    }
}

/// An endpoint of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct GroupVersionResource<'d> {
    /// API group, `""` for the core group.
    pub group: &'d str,
    /// Version in that group.
    pub version: &'d str,
    /// Plural name in lower case.
    pub resource: &'d str,
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub struct UserInfo<'d> {
    /// User name; empty if not known.
    pub username: &'d str,
    /// The user's id.
    pub uid: &'d str,
    /// Groups of the user.
    pub groups: Vec<&'d str>,
    /// The `userInfo` value as it came in, with its `extra`.
    pub node: Option<Node<'d>>,
}

/// Objects of the cluster that policies may look up.
#[derive(Debug, Clone, Default)]
pub struct Inventory<'d> {
    /// Ordered by apiVersion, kind, namespace, name.
    objects: Vec<Object<'d>>,
}

fn inventory_key<'d>(object: &Object<'d>) -> (&'d str, &'d str, Option<&'d str>, &'d str) {
    (object.api_version(), object.kind(), object.namespace(), object.name())
}

impl<'d> Inventory<'d> {
    /// Sorts objects for look-ups. Of two with the same name the later one counts.
    pub fn new(objects: impl IntoIterator<Item = Object<'d>>) -> Self {
        let mut objects: Vec<Object<'d>> = objects.into_iter().collect();
        objects.reverse();
        objects.sort_by_key(inventory_key);
        objects.dedup_by_key(|object| inventory_key(object));
        Self { objects }
    }

    /// Objects of that kind, ordered by namespace and name.
    pub fn of_kind(&self, api_version: &str, kind: &str) -> &[Object<'d>] {
        let of = |object: &Object<'d>| (object.api_version(), object.kind());
        let first = self.objects.partition_point(|object| of(object) < (api_version, kind));
        let rest = self.objects.get(first..).unwrap_or_default();
        let len = rest.partition_point(|object| of(object) == (api_version, kind));
        rest.get(..len).unwrap_or_default()
    }

    /// The object of that name; `namespace` is `None` for objects without one.
    pub fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<Object<'d>> {
        let list = self.of_kind(api_version, kind);
        let found =
            list.binary_search_by(|object| (object.namespace(), object.name()).cmp(&(namespace, name)));
        found.ok().and_then(|index| list.get(index)).copied()
    }

    /// All objects, by apiVersion, kind, namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = Object<'d>> {
        self.objects.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// Whoever knows what is allowed.
#[derive(Clone, Copy)]
pub struct Permissions<'d>(pub &'d dyn haechi_cel::Authorizer);

impl std::fmt::Debug for Permissions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Permissions")
    }
}

/// What is to be judged: the content of an AdmissionReview, or a manifest by itself.
#[derive(Debug, Clone)]
pub struct Request<'d> {
    /// The object as it will be; absent on delete and connect.
    pub object: Option<Object<'d>>,
    /// The object as it was; absent on create.
    pub old_object: Option<Object<'d>>,
    /// What is done; `None` for a manifest that nobody sends anywhere.
    pub operation: Option<Operation>,
    /// The kind of the object, also where neither `object` nor `old_object` is there.
    pub kind: GroupVersionKind<'d>,
    /// The endpoint, where it is known.
    pub resource: Option<GroupVersionResource<'d>>,
    /// `status`, `scale`, `exec` …; empty for the object itself.
    pub sub_resource: &'d str,
    /// Name of the object; empty where the API server makes it up.
    pub name: &'d str,
    /// Namespace of the request; empty for objects without one.
    pub namespace: &'d str,
    /// Who asks.
    pub user: UserInfo<'d>,
    /// The Namespace object of `namespace`, if it is known.
    pub namespace_object: Option<Object<'d>>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// `options` of the AdmissionReview.
    pub options: Option<Node<'d>>,
    /// The whole AdmissionRequest, where there is one: what policies read beyond the fields above (`uid` …).
    pub admission: Option<Node<'d>>,
    /// Whoever knows what is allowed in the cluster that the request is for; else the engine's own is asked.
    pub authorizer: Option<Permissions<'d>>,
    /// Objects that policies take as parameters.
    pub parameters: &'d Inventory<'d>,
    /// Objects of the cluster.
    pub inventory: &'d Inventory<'d>,
}

impl<'d> Request<'d> {
    /// Judges a manifest by itself: no operation, no user.
    pub fn of_object(object: Object<'d>, inventory: &'d Inventory<'d>) -> Self {
        Self {
            object: Some(object),
            old_object: None,
            operation: None,
            kind: GroupVersionKind::of(object),
            resource: None,
            sub_resource: "",
            name: object.name(),
            namespace: object.namespace().unwrap_or_default(),
            user: UserInfo::default(),
            namespace_object: None,
            dry_run: false,
            options: None,
            admission: None,
            authorizer: None,
            parameters: inventory,
            inventory,
        }
    }
}

/// What is done about a violation. Several may be asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Actions {
    /// The request is refused.
    pub deny: bool,
    /// The user is told.
    pub warn: bool,
    /// It is written down.
    pub audit: bool,
    /// Nothing but counting: the policy is on trial.
    pub dry_run: bool,
}

impl Actions {
    /// Refuse.
    pub const DENY: Actions = Actions { deny: true, warn: false, audit: false, dry_run: false };
    /// Tell the user.
    pub const WARN: Actions = Actions { deny: false, warn: true, audit: false, dry_run: false };
    /// Write it down.
    pub const AUDIT: Actions = Actions { deny: false, warn: false, audit: true, dry_run: false };
    /// On trial.
    pub const DRY_RUN: Actions = Actions { deny: false, warn: false, audit: false, dry_run: true };
    /// Nothing at all.
    pub const NONE: Actions = Actions { deny: false, warn: false, audit: false, dry_run: false };
}

/// What an error of a policy means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum FailMode {
    /// It is treated as a violation.
    #[default]
    Fail,
    /// It is let through; the error is reported all the same.
    Ignore,
}

/// What whoever asks a policy must know of it, whatever is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInfo {
    /// The policy as verdicts name it.
    pub policy: Arc<str>,
    /// What an error of it means.
    pub fail_mode: FailMode,
    /// Whether it may refuse a request. Of a policy that changes objects: whether its errors do.
    pub denies: bool,
    /// Whether it changes objects.
    pub mutates: bool,
    /// Whether it reads [`Request::inventory`]: without the cluster's objects its answer means nothing.
    pub reads_inventory: bool,
}

/// A violation of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The policy's own words.
    pub message: String,
    /// What the policy says beyond the message (`details` of Gatekeeper, `reason` of Kubernetes …); else null.
    pub details: serde_json::Value,
    /// The values to point at, in the document of the object, most telling first; may be empty.
    pub spans: Vec<Span>,
}

/// What a policy says.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The request keeps to the policy.
    Pass,
    /// It does not.
    Violation(Violation),
    /// The policy is not about such a request; with the reason: `kind`, `namespaceSelector`, `matchConditions` …
    NotApplicable(&'static str),
    /// The policy could not be evaluated, or not to its end.
    Error {
        /// What went wrong.
        message: Mistake,
        /// What the policy wants done in that case.
        fail_mode: FailMode,
    },
}

/// What a JSON patch operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatchOp {
    /// Adds a value.
    Add,
    /// Removes a value.
    Remove,
    /// Puts a value in another's place.
    Replace,
    /// Moves a value.
    Move,
    /// Copies a value.
    Copy,
    /// Demands a value.
    Test,
}

/// One operation of a JSON patch (RFC 6902).
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// What is done.
    pub op: PatchOp,
    /// Where: a JSON pointer.
    pub path: String,
    /// Source of a move or copy.
    pub from: Option<String>,
    /// The value of add, replace and test.
    pub value: Option<serde_json::Value>,
}

/// What one rule of one policy says about a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The policy: `Kind/name` of a Gatekeeper constraint, the name of a ValidatingAdmissionPolicy …
    pub policy: Arc<str>,
    /// The part of it that speaks: a binding, the index of a validation …; empty if it has no parts.
    pub rule: Arc<str>,
    /// What it says. A rule that is violated in several ways makes several verdicts.
    pub outcome: Outcome,
    /// What is done about a violation.
    pub actions: Actions,
    /// Changes that the policy makes to the object.
    pub patches: Vec<Patch>,
    /// Texts for the audit log, by key.
    pub audit_annotations: Vec<(String, String)>,
}

impl Verdict {
    /// Whether the request must be refused: a violation that is denied, or an error of a policy that fails closed
    /// and denies.
    pub fn refuses(&self) -> bool {
        match &self.outcome {
            Outcome::Violation(_) => self.actions.deny,
            Outcome::Error { fail_mode, .. } => *fail_mode == FailMode::Fail && self.actions.deny,
            Outcome::Pass | Outcome::NotApplicable(_) => false,
        }
    }
}

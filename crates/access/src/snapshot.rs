//! All roles and bindings of a cluster (or of a folder of manifests), indexed for questions.

use std::collections::HashMap;
use std::sync::Arc;

use haechi_model::{Location, Position, Span};
use haechi_syntax::Source;
use serde::Serialize;

use crate::rule::{Place, PolicyRule, Rule};
use crate::subject::Subject;
use crate::symbols::{Symbol, Symbols};

/// How much of the cluster the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Coverage {
    /// Every role and binding of a cluster: a role that is not there does not exist, and a binding to it grants nothing.
    Whole,
    /// Some files: a role that is not there may exist in the cluster, and answers that depend on it are unknown.
    #[default]
    Part,
}

/// What becomes of `aggregationRule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aggregation {
    /// Only the rules that stand in the role count: what an API server answers before its controller has run.
    AsWritten,
    /// As the controller would fill them: the rules of all selected ClusterRoles are added.
    #[default]
    Simulated,
}

/// How to read a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotOptions {
    /// How much of the cluster the input is.
    pub coverage: Coverage,
    /// What becomes of `aggregationRule`.
    pub aggregation: Aggregation,
    /// Leave out the roles that every cluster has (`cluster-admin`, `admin`, `edit`, `view` …) where the input does
    /// not have them. They are never added to a whole cluster.
    pub without_default_roles: bool,
}

/// Index of a role in its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub(crate) u32);

/// Index of a rule in its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);

/// Index of a binding in its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(pub(crate) u32);

/// A subject as bindings know it: a user name (also of a service account) or a group name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKey {
    pub(crate) is_group: bool,
    pub(crate) name: Symbol,
}

#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) name: Symbol,
    /// `None` for a ClusterRole.
    pub(crate) namespace: Option<Symbol>,
    /// Its rules in [`Snapshot::rules`].
    pub(crate) rules: std::ops::Range<u32>,
    /// All verb bits of its rules together.
    pub(crate) verb_bits: u64,
    pub(crate) is_default: bool,
    pub(crate) is_aggregated: bool,
    pub(crate) place: Place,
    pub(crate) cluster_uses: Vec<BindingId>,
    /// Sorted by namespace.
    pub(crate) namespaced_uses: Vec<(Symbol, BindingId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubjectSpec {
    Known(SubjectKey),
    /// A service account without namespace in a ClusterRoleBinding, or a kind that nobody has: matches no request.
    Nobody,
    /// It could not be read: anybody may be meant.
    Unreadable,
}

#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) name: Symbol,
    /// `None` for a ClusterRoleBinding.
    pub(crate) namespace: Option<Symbol>,
    pub(crate) role_kind: Symbol,
    pub(crate) role_name: Symbol,
    pub(crate) role: RoleLink,
    pub(crate) subjects: Vec<(SubjectSpec, Place)>,
    pub(crate) place: Place,
    pub(crate) role_ref_place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleLink {
    Role(RoleId),
    /// No such role here.
    Missing,
    /// The API server finds no role for such a reference, whatever roles there are.
    Never,
    /// The reference could not be read: any role may be meant.
    Unreadable,
}

/// One binding's entry that names a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) binding: BindingId,
    pub(crate) subject: u32,
}

/// What bindings give to one subject.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants {
    pub(crate) cluster: Vec<Grant>,
    /// Sorted by namespace, bindings of one namespace in order.
    pub(crate) namespaced: Vec<(Symbol, Grant)>,
}

impl Grants {
    pub(crate) fn in_namespace(&self, namespace: Symbol) -> &[(Symbol, Grant)] {
        slice_of(&self.namespaced, namespace)
    }
}

/// The entries of one key in a list sorted by key.
pub(crate) fn slice_of<T>(sorted: &[(Symbol, T)], key: Symbol) -> &[(Symbol, T)] {
    let start = sorted.partition_point(|(entry, _)| *entry < key);
    let rest = sorted.get(start..).unwrap_or_default();
    let end = rest.partition_point(|(entry, _)| *entry == key);
    rest.get(..end).unwrap_or_default()
}

/// What is wrong with a part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueKind {
    /// A binding refers to a role that is not there.
    MissingRole,
    /// A binding refers to what can never be a role for it: `Role` in a ClusterRoleBinding, an unknown kind.
    ImpossibleRoleRef,
    /// A role, or a rule in it, cannot be read.
    MalformedRole,
    /// A binding cannot be read.
    MalformedBinding,
    /// A subject that can match nobody: a service account without namespace in a ClusterRoleBinding, an unknown kind.
    SubjectMatchesNobody,
    /// The same role or binding stands twice; the last one counts.
    DefinedTwice,
    /// A list ends before its end, or a document could not be read: more may follow that is not here.
    Truncated,
    /// Rules beside an `aggregationRule` that the controller would overwrite.
    OverwrittenRules,
    /// The API server refuses such an object: a rule without verbs, a path in a Role, a version that is gone.
    Refused,
}

impl IssueKind {
    /// Whether answers may depend on it.
    pub const fn leaves_doubt(self, coverage: Coverage) -> bool {
        match self {
            IssueKind::MissingRole => matches!(coverage, Coverage::Part),
            IssueKind::MalformedRole | IssueKind::MalformedBinding | IssueKind::Truncated => true,
            IssueKind::ImpossibleRoleRef
            | IssueKind::SubjectMatchesNobody
            | IssueKind::DefinedTwice
            | IssueKind::OverwrittenRules
            | IssueKind::Refused => false,
        }
    }

    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            IssueKind::MissingRole => "missing-role",
            IssueKind::ImpossibleRoleRef => "impossible-role-ref",
            IssueKind::MalformedRole => "malformed-role",
            IssueKind::MalformedBinding => "malformed-binding",
            IssueKind::SubjectMatchesNobody => "subject-matches-nobody",
            IssueKind::DefinedTwice => "defined-twice",
            IssueKind::Truncated => "truncated",
            IssueKind::OverwrittenRules => "overwritten-rules",
            IssueKind::Refused => "refused",
        }
    }
}

/// Something in the input that could not be read as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What kind.
    pub kind: IssueKind,
    /// The object, as `Kind namespace/name`; empty for a whole file.
    pub object: String,
    /// What is wrong and how to mend it.
    pub detail: Detail,
    /// Where.
    pub place: Place,
}

/// What is wrong with an object: a message by its id and the values that it names, so that every reader is told in his
/// language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The message: `access-detail-` and this.
    pub id: &'static str,
    /// Its values by name.
    pub args: Vec<(&'static str, String)>,
}

impl Detail {
    /// A message without values.
    pub const fn new(id: &'static str) -> Self {
        Self { id, args: Vec::new() }
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.args.push((name, value.into()));
        self
    }
}

/// A file that the snapshot was read from.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) path: Arc<str>,
    pub(crate) text: Option<Arc<Source>>,
}

/// Roles and bindings, indexed. Made by [`crate::SnapshotBuilder`].
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub(crate) symbols: Symbols,
    pub(crate) sources: Vec<SourceFile>,
    pub(crate) coverage: Coverage,
    pub(crate) is_truncated: bool,
    pub(crate) roles: Vec<Role>,
    pub(crate) rules: Vec<Rule>,
    /// The role that a rule was written in, which differs from the role that has it where rules are aggregated.
    pub(crate) rule_origins: Vec<RoleId>,
    pub(crate) rule_roles: Vec<RoleId>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) role_ids: HashMap<(Option<Symbol>, Symbol), RoleId>,
    pub(crate) by_user: HashMap<Symbol, Grants>,
    pub(crate) by_group: HashMap<Symbol, Grants>,
    /// Bindings with subjects that could not be read.
    pub(crate) by_anybody: Grants,
    /// Rules that name a resource (as written), rules for `*`, rules for paths.
    pub(crate) by_resource: HashMap<Symbol, Vec<RuleId>>,
    pub(crate) any_resource: Vec<RuleId>,
    pub(crate) url_rules: Vec<RuleId>,
    /// Bindings whose role is unknown to us, for who-can: they may grant anything.
    pub(crate) unresolved: Vec<BindingId>,
    pub(crate) issues: Vec<Issue>,
}

impl Snapshot {
    /// What could not be read as it stands, in the order of the input.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Whether a part of the input is missing, so that no "no" is certain.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// How much of the cluster this is.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// The number of roles and cluster roles.
    pub fn role_count(&self) -> usize {
        self.roles.len()
    }

    /// The number of bindings.
    pub fn binding_count(&self) -> usize {
        self.bindings.len()
    }

    /// All bindings, in the order of the input.
    pub fn binding_ids(&self) -> impl Iterator<Item = BindingId> + use<> {
        (0..u32::try_from(self.bindings.len()).unwrap_or(u32::MAX)).map(BindingId)
    }

    /// All roles, in the order of the input.
    pub fn role_ids(&self) -> impl Iterator<Item = RoleId> + use<> {
        (0..u32::try_from(self.roles.len()).unwrap_or(u32::MAX)).map(RoleId)
    }

    /// Everyone whom a binding names, users and service accounts before groups, by name.
    pub fn subjects(&self) -> Vec<SubjectKey> {
        let mut keys: Vec<SubjectKey> = self
            .by_user
            .keys()
            .map(|name| SubjectKey { is_group: false, name: *name })
            .chain(self.by_group.keys().map(|name| SubjectKey { is_group: true, name: *name }))
            .collect();
        keys.sort_by_key(|key| (key.is_group, self.symbols.text(key.name)));
        keys
    }

    /// The subject behind a key.
    pub fn subject(&self, key: SubjectKey) -> Subject {
        let name = self.symbols.text(key.name);
        if key.is_group { Subject::group(name) } else { Subject::user(name) }
    }

    /// The key of a subject, if any binding names it.
    pub fn subject_key(&self, subject: &Subject) -> Option<SubjectKey> {
        let (is_group, name) = match subject {
            Subject::Group { name } => (true, self.symbols.find(name)?),
            other => (false, self.symbols.find(&other.user_name()?)?),
        };
        let is_named =
            if is_group { self.by_group.contains_key(&name) } else { self.by_user.contains_key(&name) };
        is_named.then_some(SubjectKey { is_group, name })
    }

    pub(crate) fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.get(id.0 as usize)
    }

    pub(crate) fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.0 as usize)
    }

    pub(crate) fn binding(&self, id: BindingId) -> Option<&Binding> {
        self.bindings.get(id.0 as usize)
    }

    pub(crate) fn rules_of(&self, role: &Role) -> &[Rule] {
        self.rules.get(role.rules.start as usize..role.rules.end as usize).unwrap_or_default()
    }

    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        self.symbols.text(symbol)
    }

    /// A role as it is to be shown.
    pub fn role_view(&self, id: RoleId) -> Option<RoleView<'_>> {
        let role = self.role(id)?;
        Some(RoleView {
            namespace: role.namespace.map(|namespace| self.text(namespace)),
            name: self.text(role.name),
            is_default: role.is_default,
            is_aggregated: role.is_aggregated,
            place: role.place,
        })
    }

    /// The rules of a role as written, aggregated ones included.
    pub fn role_rules(&self, id: RoleId) -> Vec<PolicyRule> {
        let Some(role) = self.role(id) else { return Vec::new() };
        self.rules_of(role).iter().map(|rule| rule.written(&self.symbols)).collect()
    }

    /// A role by namespace (`None` for a ClusterRole) and name.
    pub fn find_role(&self, namespace: Option<&str>, name: &str) -> Option<RoleId> {
        let namespace = match namespace {
            Some(namespace) => Some(self.symbols.find(namespace)?),
            None => None,
        };
        self.role_ids.get(&(namespace, self.symbols.find(name)?)).copied()
    }

    /// A binding as it is to be shown.
    pub fn binding_view(&self, id: BindingId) -> Option<BindingView<'_>> {
        let binding = self.binding(id)?;
        Some(BindingView {
            namespace: binding.namespace.map(|namespace| self.text(namespace)),
            name: self.text(binding.name),
            role_kind: self.text(binding.role_kind),
            role_name: self.text(binding.role_name),
            role: match binding.role {
                RoleLink::Role(role) => Some(role),
                _ => None,
            },
            place: binding.place,
            role_ref_place: binding.role_ref_place,
        })
    }

    /// The subjects of a binding that can be read, each with its place.
    pub fn binding_subjects(&self, id: BindingId) -> Vec<(Subject, Place)> {
        let Some(binding) = self.binding(id) else { return Vec::new() };
        binding
            .subjects
            .iter()
            .filter_map(|(spec, place)| match spec {
                SubjectSpec::Known(key) => Some((self.subject(*key), *place)),
                SubjectSpec::Nobody | SubjectSpec::Unreadable => None,
            })
            .collect()
    }

    /// The path of the file that a place is in; empty for what stands in no file.
    pub fn path(&self, place: Place) -> &str {
        self.sources.get(place.source as usize).map_or("", |source| &source.path)
    }

    /// A place as people count, with the text's lines. `None` for what stands in no file.
    pub fn location(&self, place: Place, json_path: &str) -> Option<Location> {
        let source = self.sources.get(place.source as usize)?;
        let position = |offset| match &source.text {
            Some(text) => text.position(offset),
            None => Position { line: 1, column: 1 },
        };
        Some(Location {
            path: source.path.clone(),
            span: if source.text.is_some() { place.span } else { Span::at(0) },
            start: position(place.span.start),
            end: position(place.span.end),
            json_path: json_path.to_owned(),
        })
    }

    /// The objects that a place stands in, as `path:line:column`; empty for what stands in no file.
    pub fn place_text(&self, place: Place) -> String {
        let Some(source) = self.sources.get(place.source as usize) else { return String::new() };
        // Of what has no text here only the name is known.
        let Some(text) = &source.text else { return source.path.to_string() };
        let position = text.position(place.span.start);
        format!("{}:{}:{}", source.path, position.line, position.column)
    }

    /// How many different texts roles and bindings hold, for statistics.
    pub fn text_count(&self) -> usize {
        self.symbols.len()
    }
}

/// A role, borrowed from its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleView<'s> {
    /// `None` for a ClusterRole.
    pub namespace: Option<&'s str>,
    /// Its name.
    pub name: &'s str,
    /// It stands in no input: every cluster has it.
    pub is_default: bool,
    /// Its rules come from other roles, by label.
    pub is_aggregated: bool,
    /// Where it stands.
    pub place: Place,
}

impl std::fmt::Display for RoleView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "Role {namespace}/{}", self.name),
            None => write!(f, "ClusterRole {}", self.name),
        }
    }
}

/// A binding, borrowed from its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingView<'s> {
    /// `None` for a ClusterRoleBinding.
    pub namespace: Option<&'s str>,
    /// Its name.
    pub name: &'s str,
    /// `roleRef.kind`.
    pub role_kind: &'s str,
    /// `roleRef.name`.
    pub role_name: &'s str,
    /// The role, if it is here.
    pub role: Option<RoleId>,
    /// Where the binding stands.
    pub place: Place,
    /// Where its `roleRef` stands.
    pub role_ref_place: Place,
}

impl std::fmt::Display for BindingView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "RoleBinding {namespace}/{}", self.name),
            None => write!(f, "ClusterRoleBinding {}", self.name),
        }
    }
}

/// A rule as it was written, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleView {
    /// The rule.
    pub rule: PolicyRule,
    /// The role that it was written in; another than the role that has it where rules are aggregated.
    pub written_in: Option<RoleId>,
    /// Where it stands.
    pub place: Place,
}

impl Snapshot {
    /// A rule as it is to be shown.
    pub fn rule_view(&self, id: RuleId) -> Option<RuleView> {
        let rule = self.rule(id)?;
        Some(RuleView {
            rule: rule.written(&self.symbols),
            written_in: self.rule_origins.get(id.0 as usize).copied(),
            place: rule.place,
        })
    }
}

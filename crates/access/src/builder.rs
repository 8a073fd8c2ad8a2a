//! From roles and bindings, however they were read, to a [`Snapshot`].

use std::collections::HashMap;
use std::sync::Arc;

use haechi_syntax::Source;

use crate::defaults;
use crate::rule::{Place, PolicyRule, Rule};
use crate::snapshot::{
    Aggregation, Binding, BindingId, Coverage, Detail, Grant, Grants, Issue, IssueKind, Role, RoleId,
    RoleLink, RuleId, Snapshot, SnapshotOptions, SourceFile, SubjectKey, SubjectSpec,
};
use crate::subject::SERVICE_ACCOUNT_PREFIX;
use crate::symbols::{Symbol, Symbols};

/// A rule as it was read.
#[derive(Debug, Clone, Default)]
pub struct RuleInput {
    /// The rule. A list that could not be read stands as `["*"]` (names: empty).
    pub rule: PolicyRule,
    /// Whether a part of it could not be read, so that what it allows is a perhaps.
    pub is_doubtful: bool,
    /// Where it stands.
    pub place: Place,
}

/// A requirement on labels, as `matchExpressions` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// What is asked of it.
    pub operator: haechi_objects::SelectorOperator,
    /// The values for `In` and `NotIn`.
    pub values: Vec<String>,
}

/// A role or, without a namespace, a cluster role, as it was read.
#[derive(Debug, Clone, Default)]
pub struct RoleInput {
    /// `None` for a ClusterRole.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its rules as written.
    pub rules: Vec<RuleInput>,
    /// The selectors of its `aggregationRule`; a role is taken that matches any of them.
    pub aggregation: Option<Vec<Vec<LabelRequirement>>>,
    /// Where it stands.
    pub place: Place,
}

/// Whom a binding names, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectInput {
    /// `kind: User`.
    User(String),
    /// `kind: Group`.
    Group(String),
    /// `kind: ServiceAccount`, with the namespace if one is written.
    ServiceAccount(Option<String>, String),
    /// A kind that the API server knows nobody of.
    Other,
    /// It could not be read.
    Unreadable,
}

/// A binding or, without a namespace, a cluster role binding, as it was read.
#[derive(Debug, Clone)]
pub struct BindingInput {
    /// `None` for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// `roleRef.kind` and `roleRef.name`; `None` if they could not be read.
    pub role_ref: Option<(String, String)>,
    /// Whom it names.
    pub subjects: Vec<(SubjectInput, Place)>,
    /// Where it stands.
    pub place: Place,
    /// Where its `roleRef` stands.
    pub role_ref_place: Place,
}

/// Collects roles and bindings.
#[derive(Debug, Clone, Default)]
pub struct SnapshotBuilder {
    options: SnapshotOptions,
    symbols: Symbols,
    sources: Vec<SourceFile>,
    roles: Vec<PendingRole>,
    role_index: HashMap<(Option<Symbol>, Symbol), usize>,
    bindings: Vec<Binding>,
    binding_index: HashMap<(Option<Symbol>, Symbol), usize>,
    issues: Vec<Issue>,
    is_truncated: bool,
}

#[derive(Debug, Clone)]
struct PendingRole {
    name: Symbol,
    namespace: Option<Symbol>,
    labels: Vec<(Symbol, Symbol)>,
    rules: Vec<Rule>,
    aggregation: Option<Vec<Vec<LabelRequirement>>>,
    is_default: bool,
    place: Place,
}

impl SnapshotBuilder {
    /// An empty collection.
    pub fn new(options: SnapshotOptions) -> Self {
        SnapshotBuilder { options, ..Self::default() }
    }

    /// Announces a file; places in it refer to the index that comes back.
    pub fn add_source(&mut self, path: Arc<str>, text: Option<Arc<Source>>) -> u32 {
        self.sources.push(SourceFile { path, text });
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }

    /// Reports what could not be read. What leaves the whole input in doubt ([`IssueKind::Truncated`]) makes every
    /// "no" an "unknown".
    pub fn report(&mut self, issue: Issue) {
        self.is_truncated |= issue.kind == IssueKind::Truncated;
        self.issues.push(issue);
    }

    /// Adds a role. One of the same name replaces the earlier one, as applying both would.
    pub fn add_role(&mut self, role: RoleInput) {
        self.push_role(role, false);
    }

    fn push_role(&mut self, role: RoleInput, is_default: bool) {
        let symbols = &mut self.symbols;
        let name = symbols.intern(&role.name);
        let namespace = role.namespace.as_deref().map(|namespace| symbols.intern(namespace));
        let mut label = |(key, value): &(String, String)| (symbols.intern(key), symbols.intern(value));
        let labels = role.labels.iter().map(&mut label).collect();
        let rules = role
            .rules
            .iter()
            .map(|rule| Rule::compile(&rule.rule, rule.is_doubtful, rule.place, symbols))
            .collect();
        let pending = PendingRole {
            name,
            namespace,
            labels,
            rules,
            aggregation: role.aggregation,
            is_default,
            place: role.place,
        };
        match self.role_index.get(&(namespace, name)).and_then(|index| self.roles.get_mut(*index)) {
            Some(earlier) => {
                let is_same = earlier.written(&self.symbols) == pending.written(&self.symbols)
                    && earlier.labels == pending.labels;
                *earlier = pending;
                if !is_same {
                    self.report_twice(kind_of("Role", namespace.is_some()), namespace, name, role.place);
                }
            }
            None => {
                self.role_index.insert((namespace, name), self.roles.len());
                self.roles.push(pending);
            }
        }
    }

    /// Whether a role (or, without a namespace, a cluster role) was added.
    pub fn has_role(&self, namespace: Option<&str>, name: &str) -> bool {
        self.key(namespace, name).is_some_and(|key| self.role_index.contains_key(&key))
    }

    /// Whether a binding was added.
    pub fn has_binding(&self, namespace: Option<&str>, name: &str) -> bool {
        self.key(namespace, name).is_some_and(|key| self.binding_index.contains_key(&key))
    }

    /// Takes a role out again; whether it was there.
    pub fn remove_role(&mut self, namespace: Option<&str>, name: &str) -> bool {
        let Some(index) = self.key(namespace, name).and_then(|key| self.role_index.remove(&key)) else {
            return false;
        };
        self.roles.remove(index);
        self.role_index.values_mut().filter(|other| **other > index).for_each(|other| *other -= 1);
        true
    }

    /// Takes a binding out again; whether it was there.
    pub fn remove_binding(&mut self, namespace: Option<&str>, name: &str) -> bool {
        let Some(index) = self.key(namespace, name).and_then(|key| self.binding_index.remove(&key)) else {
            return false;
        };
        self.bindings.remove(index);
        self.binding_index.values_mut().filter(|other| **other > index).for_each(|other| *other -= 1);
        true
    }

    /// Names of all roles, or bindings, of a namespace (or, without one, of the cluster).
    /// Whether a binding was read.
    pub fn has_bindings(&self) -> bool {
        !self.bindings.is_empty()
    }

    pub(crate) fn names_in(&self, is_role: bool, namespace: Option<&str>) -> Vec<String> {
        let index = if is_role { &self.role_index } else { &self.binding_index };
        let of = |symbol: &Option<Symbol>| symbol.map(|symbol| self.symbols.text(symbol));
        let names = index.keys().filter(|(of_namespace, _)| of(of_namespace) == namespace);
        let mut names: Vec<String> = names.map(|(_, name)| self.symbols.text(*name).to_owned()).collect();
        names.sort();
        names
    }

    fn key(&self, namespace: Option<&str>, name: &str) -> Option<(Option<Symbol>, Symbol)> {
        let namespace = match namespace {
            Some(namespace) => Some(self.symbols.find(namespace)?),
            None => None,
        };
        Some((namespace, self.symbols.find(name)?))
    }

    fn report_twice(&mut self, kind: &str, namespace: Option<Symbol>, name: Symbol, place: Place) {
        let object = self.object_name(kind, namespace, name);
        self.report(Issue {
            kind: IssueKind::DefinedTwice,
            detail: Detail::new("defined-twice"),
            object,
            place,
        });
    }

    fn object_name(&self, kind: &str, namespace: Option<Symbol>, name: Symbol) -> String {
        let name = self.symbols.text(name);
        match namespace {
            Some(namespace) => format!("{kind} {}/{name}", self.symbols.text(namespace)),
            None => format!("{kind} {name}"),
        }
    }

    /// Adds a binding. One of the same name replaces the earlier one.
    pub fn add_binding(&mut self, input: BindingInput) {
        let name = self.symbols.intern(&input.name);
        let namespace = input.namespace.as_deref().map(|namespace| self.symbols.intern(namespace));
        let kind = kind_of("RoleBinding", namespace.is_some());
        let object = self.object_name(kind, namespace, name);
        let mut subjects = Vec::with_capacity(input.subjects.len());
        for (subject, place) in &input.subjects {
            let spec = self.subject_spec(subject, input.namespace.as_deref());
            if spec == SubjectSpec::Nobody {
                self.report(Issue {
                    kind: IssueKind::SubjectMatchesNobody,
                    object: object.clone(),
                    detail: match subject {
                        SubjectInput::ServiceAccount(..) => Detail::new("subject-namespace"),
                        _ => Detail::new("subject-kind"),
                    },
                    place: *place,
                });
            }
            subjects.push((spec, *place));
        }
        let (role_kind, role_name, role) = match &input.role_ref {
            Some((kind, name)) => {
                let is_possible = kind == "ClusterRole" || (kind == "Role" && namespace.is_some());
                // Which role it is, if any, is found when all roles are known.
                let link = if is_possible { RoleLink::Missing } else { RoleLink::Never };
                (self.symbols.intern(kind), self.symbols.intern(name), link)
            }
            None => (self.symbols.intern(""), self.symbols.intern(""), RoleLink::Unreadable),
        };
        if role == RoleLink::Never {
            let role_kind = self.symbols.text(role_kind);
            let detail = match role_kind {
                "Role" => Detail::new("role-out-of-reach"),
                kind => Detail::new("role-ref-kind").with("kind", kind),
            };
            self.report(Issue {
                kind: IssueKind::ImpossibleRoleRef,
                object,
                detail,
                place: input.role_ref_place,
            });
        }
        let binding = Binding {
            name,
            namespace,
            role_kind,
            role_name,
            role,
            subjects,
            place: input.place,
            role_ref_place: input.role_ref_place,
        };
        // Bindings without a name are possible in unit tests and in nothing that an API server holds.
        let earlier = self.binding_index.get(&(namespace, name)).copied().filter(|_| !input.name.is_empty());
        match earlier.and_then(|index| self.bindings.get_mut(index)) {
            Some(earlier) => {
                let specs = |binding: &Binding| -> Vec<SubjectSpec> {
                    binding.subjects.iter().map(|(spec, _)| *spec).collect()
                };
                let is_same = (earlier.role_kind, earlier.role_name) == (role_kind, role_name)
                    && specs(earlier) == specs(&binding);
                *earlier = binding;
                if !is_same {
                    self.report_twice(kind, namespace, name, input.place);
                }
            }
            None => {
                self.binding_index.insert((namespace, name), self.bindings.len());
                self.bindings.push(binding);
            }
        }
    }

    fn subject_spec(&mut self, subject: &SubjectInput, binding_namespace: Option<&str>) -> SubjectSpec {
        let symbols = &mut self.symbols;
        match subject {
            SubjectInput::User(name) => {
                SubjectSpec::Known(SubjectKey { is_group: false, name: symbols.intern(name) })
            }
            SubjectInput::Group(name) => {
                SubjectSpec::Known(SubjectKey { is_group: true, name: symbols.intern(name) })
            }
            SubjectInput::ServiceAccount(namespace, name) => {
                let namespace =
                    namespace.as_deref().filter(|namespace| !namespace.is_empty()).or(binding_namespace);
                match namespace {
                    Some(namespace) => {
                        let user = format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}");
                        SubjectSpec::Known(SubjectKey { is_group: false, name: symbols.intern(&user) })
                    }
                    None => SubjectSpec::Nobody,
                }
            }
            SubjectInput::Other => SubjectSpec::Nobody,
            SubjectInput::Unreadable => SubjectSpec::Unreadable,
        }
    }

    /// Resolves references, fills aggregated roles and indexes everything.
    pub fn finish(mut self) -> Snapshot {
        if self.options.coverage == Coverage::Part && !self.options.without_default_roles {
            for role in defaults::roles() {
                let name = self.symbols.intern(&role.name);
                if !self.role_index.contains_key(&(None, name)) {
                    self.push_role(role, true);
                }
            }
        }
        let mut snapshot = Snapshot {
            coverage: self.options.coverage,
            is_truncated: self.is_truncated,
            sources: std::mem::take(&mut self.sources),
            ..Snapshot::default()
        };
        let rule_lists = self.final_rules();
        self.add_roles(&mut snapshot, rule_lists);
        self.link_bindings(&mut snapshot);
        index_rules(&mut snapshot);
        index_subjects(&mut snapshot);
        snapshot.symbols = self.symbols;
        snapshot.issues = self.issues;
        snapshot
    }

    /// The rules that each role has in the end, each with the role that it was written in.
    fn final_rules(&mut self) -> Vec<Vec<(usize, usize)>> {
        let own =
            |index: usize, role: &PendingRole| (0..role.rules.len()).map(|rule| (index, rule)).collect();
        let mut lists: Vec<Vec<(usize, usize)>> =
            self.roles.iter().enumerate().map(|(index, role)| own(index, role)).collect();
        if self.options.aggregation == Aggregation::AsWritten {
            return lists;
        }
        let aggregated: Vec<(usize, Vec<usize>)> = self
            .roles
            .iter()
            .enumerate()
            .filter_map(|(index, role)| {
                let selectors = role.aggregation.as_ref()?;
                let parts = self.roles.iter().enumerate().filter(|(other, part)| {
                    *other != index && part.namespace.is_none() && self.is_selected(part, selectors)
                });
                Some((index, parts.map(|(other, _)| other).collect()))
            })
            .collect();
        // The controller runs until nothing changes: `edit` is taken into `admin` after `view` was taken into it.
        // Every round adds rules or is the last, and no more rounds are needed than there are aggregated roles.
        for _ in 0..=aggregated.len() {
            let mut has_changed = false;
            for (index, parts) in &aggregated {
                let mut added = Vec::new();
                for part in parts {
                    added.extend(lists.get(*part).into_iter().flatten().copied());
                }
                if let Some(list) = lists.get_mut(*index) {
                    let known: std::collections::HashSet<(usize, usize)> = list.iter().copied().collect();
                    let before = list.len();
                    let mut seen = known;
                    list.extend(added.into_iter().filter(|rule| seen.insert(*rule)));
                    has_changed |= list.len() != before;
                }
            }
            if !has_changed {
                break;
            }
        }
        let overwritten: Vec<usize> = aggregated
            .iter()
            .filter(|(index, parts)| {
                let Some(role) = self.roles.get(*index) else { return false };
                let is_from_parts = |rule: &PolicyRule| {
                    parts
                        .iter()
                        .filter_map(|part| self.roles.get(*part))
                        .any(|part| part.rules.iter().any(|other| other.written(&self.symbols) == *rule))
                };
                // In a whole cluster the parts are all here; in a part of it they may just be missing.
                self.options.coverage == Coverage::Part
                    && !role.is_default
                    && !parts.is_empty()
                    && role.rules.iter().any(|rule| !is_from_parts(&rule.written(&self.symbols)))
            })
            .map(|(index, _)| *index)
            .collect();
        for index in overwritten {
            if let Some(role) = self.roles.get(index) {
                let object = self.object_name("ClusterRole", None, role.name);
                let place = role.place;
                self.report(Issue {
                    kind: IssueKind::OverwrittenRules,
                    object,
                    detail: Detail::new("overwritten-rules"),
                    place,
                });
            }
        }
        lists
    }

    fn is_selected(&self, role: &PendingRole, selectors: &[Vec<LabelRequirement>]) -> bool {
        use haechi_objects::SelectorOperator as Op;
        let value_of = |key: &str| {
            let key = self.symbols.find(key)?;
            role.labels.iter().find(|(label, _)| *label == key).map(|(_, value)| self.symbols.text(*value))
        };
        selectors.iter().any(|requirements| {
            requirements.iter().all(|requirement| {
                let value = value_of(&requirement.key);
                let is_among = |value: &str| requirement.values.iter().any(|wanted| wanted == value);
                match requirement.operator {
                    Op::In => value.is_some_and(is_among),
                    Op::NotIn => value.is_none_or(|value| !is_among(value)),
                    Op::Exists => value.is_some(),
                    Op::DoesNotExist => value.is_none(),
                }
            })
        })
    }

    fn add_roles(&mut self, snapshot: &mut Snapshot, rule_lists: Vec<Vec<(usize, usize)>>) {
        for (index, list) in rule_lists.into_iter().enumerate() {
            let Some(role) = self.roles.get(index) else { continue };
            let id = RoleId(u32::try_from(index).unwrap_or(u32::MAX));
            let start = u32::try_from(snapshot.rules.len()).unwrap_or(u32::MAX);
            let mut verb_bits = 0;
            for (origin, rule) in list {
                let Some(rule) = self.roles.get(origin).and_then(|role| role.rules.get(rule)) else {
                    continue;
                };
                verb_bits |= rule.verb_bits;
                snapshot.rules.push(rule.clone());
                snapshot.rule_origins.push(RoleId(u32::try_from(origin).unwrap_or(u32::MAX)));
                snapshot.rule_roles.push(id);
            }
            let end = u32::try_from(snapshot.rules.len()).unwrap_or(u32::MAX);
            snapshot.role_ids.insert((role.namespace, role.name), id);
            snapshot.roles.push(Role {
                name: role.name,
                namespace: role.namespace,
                rules: start..end,
                verb_bits,
                is_default: role.is_default,
                is_aggregated: role.aggregation.is_some(),
                place: role.place,
                cluster_uses: Vec::new(),
                namespaced_uses: Vec::new(),
            });
        }
    }

    fn link_bindings(&mut self, snapshot: &mut Snapshot) {
        let cluster_role = self.symbols.intern("ClusterRole");
        let mut bindings = std::mem::take(&mut self.bindings);
        for (index, binding) in bindings.iter_mut().enumerate() {
            let id = BindingId(u32::try_from(index).unwrap_or(u32::MAX));
            if binding.role == RoleLink::Missing {
                let namespace = if binding.role_kind == cluster_role { None } else { binding.namespace };
                if let Some(role) = snapshot.role_ids.get(&(namespace, binding.role_name)) {
                    binding.role = RoleLink::Role(*role);
                }
            }
            match binding.role {
                RoleLink::Role(role) => {
                    if let Some(role) = snapshot.roles.get_mut(role.0 as usize) {
                        match binding.namespace {
                            None => role.cluster_uses.push(id),
                            Some(namespace) => role.namespaced_uses.push((namespace, id)),
                        }
                    }
                }
                RoleLink::Missing => {
                    let kind = kind_of("RoleBinding", binding.namespace.is_some());
                    let role = format!(
                        "{} {}",
                        self.symbols.text(binding.role_kind),
                        self.symbols.text(binding.role_name)
                    );
                    let object = self.object_name(kind, binding.namespace, binding.name);
                    let detail = match self.options.coverage {
                        Coverage::Whole => Detail::new("role-does-not-exist").with("role", role),
                        Coverage::Part => Detail::new("role-not-here").with("role", role),
                    };
                    if self.options.coverage == Coverage::Part {
                        snapshot.unresolved.push(id);
                    }
                    let place = binding.role_ref_place;
                    self.report(Issue { kind: IssueKind::MissingRole, object, detail, place });
                }
                RoleLink::Unreadable => snapshot.unresolved.push(id),
                RoleLink::Never => {}
            }
        }
        snapshot.bindings = bindings;
        for role in &mut snapshot.roles {
            role.namespaced_uses.sort_unstable();
        }
    }
}

impl PendingRole {
    fn written(&self, symbols: &Symbols) -> Vec<PolicyRule> {
        self.rules.iter().map(|rule| rule.written(symbols)).collect()
    }
}

fn kind_of(kind: &'static str, is_namespaced: bool) -> &'static str {
    match (kind, is_namespaced) {
        ("Role", false) => "ClusterRole",
        ("RoleBinding", false) => "ClusterRoleBinding",
        (kind, _) => kind,
    }
}

fn index_rules(snapshot: &mut Snapshot) {
    for (index, rule) in snapshot.rules.iter().enumerate() {
        let id = RuleId(u32::try_from(index).unwrap_or(u32::MAX));
        if rule.resources.any {
            snapshot.any_resource.push(id);
        } else {
            for resource in &rule.resources.named {
                let list = snapshot.by_resource.entry(*resource).or_default();
                // A resource that is named twice in one rule.
                if list.last() != Some(&id) {
                    list.push(id);
                }
            }
        }
        if !rule.urls.is_empty() {
            snapshot.url_rules.push(id);
        }
    }
}

fn index_subjects(snapshot: &mut Snapshot) {
    for (index, binding) in snapshot.bindings.iter().enumerate() {
        if binding.role == RoleLink::Never
            || (binding.role == RoleLink::Missing && snapshot.coverage == Coverage::Whole)
        {
            continue;
        }
        let id = BindingId(u32::try_from(index).unwrap_or(u32::MAX));
        for (position, (spec, _)) in binding.subjects.iter().enumerate() {
            let grant = Grant { binding: id, subject: u32::try_from(position).unwrap_or(u32::MAX) };
            let grants = match spec {
                SubjectSpec::Known(key) if key.is_group => snapshot.by_group.entry(key.name).or_default(),
                SubjectSpec::Known(key) => snapshot.by_user.entry(key.name).or_default(),
                SubjectSpec::Unreadable => &mut snapshot.by_anybody,
                SubjectSpec::Nobody => continue,
            };
            match binding.namespace {
                None => grants.cluster.push(grant),
                Some(namespace) => grants.namespaced.push((namespace, grant)),
            }
        }
    }
    let order = |grants: &mut Grants| {
        grants.namespaced.sort_by_key(|(namespace, grant)| (*namespace, grant.binding, grant.subject));
        grants.namespaced.shrink_to_fit();
        grants.cluster.shrink_to_fit();
    };
    snapshot.by_user.values_mut().for_each(order);
    snapshot.by_group.values_mut().for_each(order);
    order(&mut snapshot.by_anybody);
}

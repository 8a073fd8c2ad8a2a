//! "May they?": the answer of the RBAC authorizer, with the binding, role and rule that give it.

use serde::Serialize;

use crate::request::{Request, Target};
use crate::rule::{Probe, ProbeTarget, verb_bit};
use crate::snapshot::{BindingId, Coverage, Grant, Grants, RoleId, RoleLink, RuleId, Snapshot, SubjectSpec};

/// An answer with its third value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Yes, with a witness.
    Allowed,
    /// No: nothing that was given allows it, and nothing that could was unreadable.
    Denied,
    /// It depends on something that is missing or could not be read.
    Unknown,
}

impl Answer {
    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Answer::Allowed => "allowed",
            Answer::Denied => "denied",
            Answer::Unknown => "unknown",
        }
    }
}

/// Why something is allowed: this rule of this role, through this subject of this binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Witness {
    /// The binding.
    pub binding: BindingId,
    /// Index of the subject in the binding's `subjects`.
    pub subject: u32,
    /// The role that the binding refers to.
    pub role: RoleId,
    /// The rule that matches; where roles are aggregated it may have been written in another role.
    pub rule: RuleId,
}

/// What an answer depends on and could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// The role of a binding that applies is not here.
    MissingRole(BindingId),
    /// A rule would match whose unreadable part could be anything.
    MalformedRule(Witness),
    /// A binding that may apply has subjects, or a role reference, that could not be read.
    MalformedBinding(BindingId),
    /// The input ends early; what follows could allow it.
    Truncated,
}

/// What RBAC says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RbacDecision {
    /// The answer.
    pub answer: Answer,
    /// The first witness in the API server's order: ClusterRoleBindings, then RoleBindings of the namespace.
    pub witness: Option<Witness>,
    /// What an unknown answer depends on; empty otherwise.
    pub doubts: Vec<Doubt>,
}

impl Snapshot {
    pub(crate) fn probe<'r>(&self, request: &Request<'r>) -> Probe<'r> {
        self.probe_action(request.action.verb, &request.action.target)
    }

    pub(crate) fn probe_action<'r>(&self, verb: &str, target: &Target<'r>) -> Probe<'r> {
        let verb = self.symbols.find(verb);
        // A verb that no rule names is only matched by `*`, whose rules have all bits set, the top one included.
        let verb_bits = verb.map_or(1 << 63, verb_bit);
        let target = match *target {
            Target::Resource { group, resource, subresource, name } => {
                let (combined, any_parent) = if subresource.is_empty() {
                    (self.symbols.find(resource), None)
                } else {
                    let combined = [resource, "/", subresource].concat();
                    let any_parent = ["*/", subresource].concat();
                    (self.symbols.find(&combined), self.symbols.find(&any_parent))
                };
                ProbeTarget::Resource {
                    group: self.symbols.find(group),
                    combined,
                    any_parent,
                    name: self.symbols.find(name),
                }
            }
            Target::Url(path) => ProbeTarget::Url(path),
        };
        Probe { verb, verb_bits, target }
    }

    /// What RBAC answers to a request, as the authorizer of the API server does: additive, nothing denies.
    pub fn decide(&self, request: &Request<'_>) -> RbacDecision {
        let probe = self.probe(request);
        let namespace = match request.action.namespace {
            "" => None,
            // A namespace without any binding has no symbol, or one that no list holds.
            namespace => self.symbols.find(namespace),
        };
        let mut doubts = Vec::new();
        let user = self.symbols.find(request.user).and_then(|user| self.by_user.get(&user));
        let groups = request.groups.iter().filter_map(|group| self.by_group.get(&self.symbols.find(group)?));
        let all = || user.into_iter().chain(groups.clone());
        for grants in all() {
            if let Some(witness) = self.first_witness(grants.cluster.iter(), &probe, &mut doubts) {
                return RbacDecision::allowed(witness);
            }
        }
        if let Some(namespace) = namespace {
            for grants in all() {
                let grants = grants.in_namespace(namespace).iter().map(|(_, grant)| grant);
                if let Some(witness) = self.first_witness(grants, &probe, &mut doubts) {
                    return RbacDecision::allowed(witness);
                }
            }
        }
        self.doubt_unreadable_subjects(&probe, namespace, &mut doubts);
        if self.is_truncated {
            doubts.push(Doubt::Truncated);
        }
        let answer = if doubts.is_empty() { Answer::Denied } else { Answer::Unknown };
        RbacDecision { answer, witness: None, doubts }
    }

    /// The first grant whose role has a rule that matches for sure.
    fn first_witness<'s>(
        &'s self,
        grants: impl Iterator<Item = &'s Grant>,
        probe: &Probe<'_>,
        doubts: &mut Vec<Doubt>,
    ) -> Option<Witness> {
        for grant in grants {
            let Some(binding) = self.binding(grant.binding) else { continue };
            match binding.role {
                RoleLink::Role(role) => {
                    let mut perhaps = None;
                    if let Some(rule) = self.matching_rule(role, probe, &mut perhaps) {
                        return Some(Witness { binding: grant.binding, subject: grant.subject, role, rule });
                    }
                    if let Some(rule) = perhaps {
                        let witness = Witness { binding: grant.binding, subject: grant.subject, role, rule };
                        doubts.push(Doubt::MalformedRule(witness));
                    }
                }
                RoleLink::Missing if self.coverage == Coverage::Part => {
                    doubts.push(Doubt::MissingRole(grant.binding));
                }
                RoleLink::Unreadable => doubts.push(Doubt::MalformedBinding(grant.binding)),
                RoleLink::Missing | RoleLink::Never => {}
            }
        }
        None
    }

    /// The first rule of a role that matches for sure; one that matches perhaps is left in `perhaps`.
    pub(crate) fn matching_rule(
        &self,
        role: RoleId,
        probe: &Probe<'_>,
        perhaps: &mut Option<RuleId>,
    ) -> Option<RuleId> {
        let data = self.role(role)?;
        if data.verb_bits & probe.verb_bits == 0 {
            return None;
        }
        for (id, rule) in (data.rules.start..).zip(self.rules_of(data)) {
            if rule.verb_bits & probe.verb_bits != 0 && rule.allows(probe, &self.symbols) {
                if !rule.is_doubtful {
                    return Some(RuleId(id));
                }
                perhaps.get_or_insert(RuleId(id));
            }
        }
        None
    }

    /// Bindings whose subjects could not be read may mean the asker.
    fn doubt_unreadable_subjects(
        &self,
        probe: &Probe<'_>,
        namespace: Option<crate::symbols::Symbol>,
        doubts: &mut Vec<Doubt>,
    ) {
        let namespaced = namespace.map(|namespace| self.by_anybody.in_namespace(namespace));
        let namespaced = namespaced.unwrap_or_default().iter().map(|(_, grant)| grant);
        for grant in self.by_anybody.cluster.iter().chain(namespaced) {
            let Some(binding) = self.binding(grant.binding) else { continue };
            let may_grant = match binding.role {
                RoleLink::Role(role) => {
                    let mut perhaps = None;
                    self.matching_rule(role, probe, &mut perhaps).is_some() || perhaps.is_some()
                }
                RoleLink::Missing | RoleLink::Unreadable => true,
                RoleLink::Never => false,
            };
            if may_grant {
                doubts.push(Doubt::MalformedBinding(grant.binding));
            }
        }
        doubts.dedup();
    }

    /// Every witness of an allowed request, in the API server's order; to answer "what must go so that it is denied".
    pub fn witnesses(&self, request: &Request<'_>) -> Vec<Witness> {
        let probe = self.probe(request);
        let mut found = Vec::new();
        let namespace =
            self.symbols.find(request.action.namespace).filter(|_| !request.action.namespace.is_empty());
        let user = self.symbols.find(request.user).and_then(|user| self.by_user.get(&user));
        let groups = request.groups.iter().filter_map(|group| self.by_group.get(&self.symbols.find(group)?));
        let all: Vec<&Grants> = user.into_iter().chain(groups).collect();
        let mut take = |grant: &Grant| {
            let Some(binding) = self.binding(grant.binding) else { return };
            if let RoleLink::Role(role) = binding.role
                && let Some(rule) = self.matching_rule(role, &probe, &mut None)
            {
                found.push(Witness { binding: grant.binding, subject: grant.subject, role, rule });
            }
        };
        all.iter().flat_map(|grants| &grants.cluster).for_each(&mut take);
        if let Some(namespace) = namespace {
            let namespaced = all.iter().flat_map(|grants| grants.in_namespace(namespace));
            namespaced.map(|(_, grant)| grant).for_each(&mut take);
        }
        found.sort_by_key(|witness| {
            (self.binding(witness.binding).is_some_and(|b| b.namespace.is_some()), *witness)
        });
        found.dedup_by_key(|witness| witness.binding);
        found
    }

    /// The subject that a witness names.
    pub fn witness_subject(&self, witness: &Witness) -> Option<crate::subject::Subject> {
        match self.binding(witness.binding)?.subjects.get(witness.subject as usize)? {
            (SubjectSpec::Known(key), _) => Some(self.subject(*key)),
            _ => None,
        }
    }
}

impl RbacDecision {
    fn allowed(witness: Witness) -> Self {
        RbacDecision { answer: Answer::Allowed, witness: Some(witness), doubts: Vec::new() }
    }
}

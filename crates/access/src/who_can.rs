//! "Who may?": everyone whom a binding with a matching role names.

use std::collections::HashSet;

use crate::decide::{Doubt, Witness};
use crate::request::Action;
use crate::rule::{Probe, ProbeTarget};
use crate::snapshot::{BindingId, Coverage, RoleId, RuleId, Snapshot, SubjectKey, SubjectSpec, slice_of};
use crate::symbols::Symbol;

/// The answer to "who may".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WhoCan {
    /// Everyone whom RBAC allows it, each with the first witness. A group stands for its members. In the order of
    /// bindings, those of the whole cluster first.
    pub subjects: Vec<(SubjectKey, Witness)>,
    /// What further subjects depend on.
    pub doubts: Vec<Doubt>,
}

impl Snapshot {
    /// Everyone whom RBAC allows `action`. Whether the group `system:masters` may as well, is said by
    /// [`crate::Authorizers`]: it is let through before RBAC is asked.
    pub fn who_can(&self, action: &Action<'_>) -> WhoCan {
        let probe = self.probe_action(action.verb, &action.target);
        let namespace = match action.namespace {
            "" => None,
            namespace => self.symbols.find(namespace),
        };
        let mut sure: Vec<(RoleId, RuleId)> = Vec::new();
        let mut perhaps: Vec<(RoleId, RuleId)> = Vec::new();
        self.for_candidates(&probe, namespace, |role, rule, is_doubtful| {
            let list = if is_doubtful { &mut perhaps } else { &mut sure };
            list.push((role, rule));
        });
        let mut uses = self.uses(&mut sure, namespace);
        uses.sort_unstable_by_key(|(binding, ..)| (self.is_namespaced(*binding), *binding));
        let mut seen = HashSet::new();
        let mut answer = WhoCan::default();
        for (binding, role, rule) in uses {
            let Some(data) = self.binding(binding) else { continue };
            for (index, (spec, _)) in data.subjects.iter().enumerate() {
                match spec {
                    SubjectSpec::Known(key) if seen.insert(*key) => {
                        let subject = u32::try_from(index).unwrap_or(u32::MAX);
                        answer.subjects.push((*key, Witness { binding, subject, role, rule }));
                    }
                    SubjectSpec::Unreadable => answer.doubts.push(Doubt::MalformedBinding(binding)),
                    SubjectSpec::Known(_) | SubjectSpec::Nobody => {}
                }
            }
        }
        self.add_doubts(&mut perhaps, namespace, &mut answer);
        answer
    }

    fn add_doubts(
        &self,
        perhaps: &mut Vec<(RoleId, RuleId)>,
        namespace: Option<Symbol>,
        answer: &mut WhoCan,
    ) {
        for (binding, role, rule) in self.uses(perhaps, namespace) {
            answer.doubts.push(Doubt::MalformedRule(Witness { binding, subject: 0, role, rule }));
        }
        for binding in &self.unresolved {
            let applies = self
                .binding(*binding)
                .is_some_and(|data| data.namespace.is_none_or(|of_binding| namespace == Some(of_binding)));
            if applies && self.coverage == Coverage::Part {
                answer.doubts.push(Doubt::MissingRole(*binding));
            } else if applies {
                answer.doubts.push(Doubt::MalformedBinding(*binding));
            }
        }
        if self.is_truncated {
            answer.doubts.push(Doubt::Truncated);
        }
        answer.doubts.sort_unstable();
        answer.doubts.dedup();
    }

    /// Every rule that matches, of cluster roles and of roles of the namespace.
    fn for_candidates(
        &self,
        probe: &Probe<'_>,
        namespace: Option<Symbol>,
        mut found: impl FnMut(RoleId, RuleId, bool),
    ) {
        let lists: [&[RuleId]; 3] = match probe.target {
            ProbeTarget::Resource { combined, any_parent, .. } => {
                let named = |symbol: Option<Symbol>| {
                    symbol
                        .and_then(|symbol| self.by_resource.get(&symbol))
                        .map_or(&[][..], |rules| rules.as_slice())
                };
                [&self.any_resource, named(combined), named(any_parent)]
            }
            ProbeTarget::Url(_) => [&self.url_rules, &[], &[]],
        };
        for id in lists.into_iter().flatten() {
            let (Some(rule), Some(role)) = (self.rule(*id), self.rule_roles.get(id.0 as usize)) else {
                continue;
            };
            if rule.verb_bits & probe.verb_bits == 0 {
                continue;
            }
            let is_in_scope = self
                .role(*role)
                .is_some_and(|role| role.namespace.is_none_or(|of_role| namespace == Some(of_role)));
            if is_in_scope && rule.allows(probe, &self.symbols) {
                found(*role, *id, rule.is_doubtful);
            }
        }
    }

    /// The bindings of these roles that count in the namespace, each with the role's first matching rule.
    fn uses(
        &self,
        roles: &mut Vec<(RoleId, RuleId)>,
        namespace: Option<Symbol>,
    ) -> Vec<(BindingId, RoleId, RuleId)> {
        roles.sort_unstable();
        roles.dedup_by_key(|(role, _)| *role);
        let mut uses = Vec::new();
        for (id, rule) in roles {
            let Some(role) = self.role(*id) else { continue };
            uses.extend(role.cluster_uses.iter().map(|binding| (*binding, *id, *rule)));
            if let Some(namespace) = namespace {
                let namespaced = slice_of(&role.namespaced_uses, namespace);
                uses.extend(namespaced.iter().map(|(_, binding)| (*binding, *id, *rule)));
            }
        }
        uses
    }

    fn is_namespaced(&self, binding: BindingId) -> bool {
        self.binding(binding).is_some_and(|binding| binding.namespace.is_some())
    }
}

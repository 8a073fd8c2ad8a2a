//! What is granted and was never used.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::audit::{Observations, Observed};
use crate::covers::break_down;
use crate::request::{Request, Target};
use crate::rule::{PolicyRule, url_matches};
use crate::snapshot::{BindingId, RoleId, RoleLink, RuleId, Snapshot};

/// A rule that a binding grants, with what of it nobody used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedGrant {
    /// The binding.
    pub binding: BindingId,
    /// The role.
    pub role: RoleId,
    /// The rule as a whole.
    pub rule: RuleId,
    /// How much of it was used.
    pub use_: Use,
    /// The single permissions of the rule that no request needed.
    pub unused: Vec<PolicyRule>,
}

/// How much of a rule was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// Nothing.
    Nothing,
    /// A part.
    Part,
    /// All of it, but only because it has a wildcard, which grants far more than was used.
    Wildcard,
}

/// Every rule that a binding grants and that the observed requests did not need in full. A request that several
/// bindings allow counts for all of them: taking away one of them then needs another look.
pub fn unused(snapshot: &Snapshot, observations: &Observations) -> Vec<UnusedGrant> {
    let mut used: BTreeSet<(BindingId, RuleId, usize)> = BTreeSet::new();
    for request in observations.allowed.keys() {
        mark_used(snapshot, request, &mut used);
    }
    let mut found = Vec::new();
    for id in snapshot.binding_ids() {
        let Some(binding) = snapshot.binding(id) else { continue };
        let RoleLink::Role(role) = binding.role else { continue };
        let Some(data) = snapshot.role(role) else { continue };
        for (rule_id, rule) in (data.rules.start..).map(RuleId).zip(snapshot.rules_of(data)) {
            let parts = break_down(&rule.written(&snapshot.symbols));
            let is_used = |index: usize| used.contains(&(id, rule_id, index));
            let unused: Vec<PolicyRule> = parts
                .iter()
                .enumerate()
                .filter(|(index, _)| !is_used(*index))
                .map(|(_, part)| part.clone())
                .collect();
            let use_ = if unused.len() == parts.len() {
                Use::Nothing
            } else if !unused.is_empty() {
                Use::Part
            } else if parts.iter().any(has_wildcard) {
                Use::Wildcard
            } else {
                continue;
            };
            found.push(UnusedGrant { binding: id, role, rule: rule_id, use_, unused });
        }
    }
    found
}

/// Marks the parts of every rule through which a request was allowed.
fn mark_used(snapshot: &Snapshot, request: &Observed, used: &mut BTreeSet<(BindingId, RuleId, usize)>) {
    let groups: Vec<&str> = request.groups.iter().map(String::as_str).collect();
    let action = request.action();
    let asked = Request { user: &request.user, groups: &groups, action };
    let probe = snapshot.probe(&asked);
    for witness in snapshot.witnesses(&asked) {
        let Some(role) = snapshot.role(witness.role) else { continue };
        for (rule_id, rule) in (role.rules.start..).map(RuleId).zip(snapshot.rules_of(role)) {
            if !rule.allows(&probe, &snapshot.symbols) {
                continue;
            }
            for (index, part) in break_down(&rule.written(&snapshot.symbols)).iter().enumerate() {
                if allows(part, action.verb, &action.target) {
                    used.insert((witness.binding, rule_id, index));
                }
            }
        }
    }
}

fn has_wildcard(part: &PolicyRule) -> bool {
    let is_star = |list: &[String]| list.iter().any(|text| text == "*" || text.starts_with("*/"));
    is_star(&part.verbs) || is_star(&part.api_groups) || is_star(&part.resources)
}

/// Whether a single permission allows a request.
fn allows(part: &PolicyRule, verb: &str, target: &Target<'_>) -> bool {
    let has = |list: &[String], wanted: &str| list.iter().any(|text| text == "*" || text == wanted);
    if !has(&part.verbs, verb) {
        return false;
    }
    match *target {
        Target::Url(path) => part.non_resource_urls.iter().any(|url| url_matches(url, path)),
        Target::Resource { group, resource, subresource, name } => {
            let combined = if subresource.is_empty() {
                resource.to_owned()
            } else {
                format!("{resource}/{subresource}")
            };
            let any_parent = format!("*/{subresource}");
            has(&part.api_groups, group)
                && part.resources.iter().any(|text| {
                    text == "*" || *text == combined || (!subresource.is_empty() && *text == any_parent)
                })
                && (part.resource_names.is_empty() || part.resource_names.iter().any(|text| text == name))
        }
    }
}

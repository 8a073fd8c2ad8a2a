//! Whether rules are covered by other rules: the escalation check of the API server (`Covers` of
//! `k8s.io/component-helpers/auth/rbac/validation`), used when somebody writes a role or a binding.

use crate::rule::{PolicyRule, url_matches};

/// The single permissions in a rule, in the order in which the API server takes them apart: group, resource, verb,
/// name; then path, verb.
pub fn break_down(rule: &PolicyRule) -> Vec<PolicyRule> {
    let mut parts = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let part = |names: Vec<String>| PolicyRule {
                    verbs: vec![verb.clone()],
                    api_groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    resource_names: names,
                    non_resource_urls: Vec::new(),
                };
                if rule.resource_names.is_empty() {
                    parts.push(part(Vec::new()));
                } else {
                    parts.extend(rule.resource_names.iter().map(|name| part(vec![name.clone()])));
                }
            }
        }
    }
    for url in &rule.non_resource_urls {
        for verb in &rule.verbs {
            parts.push(PolicyRule {
                verbs: vec![verb.clone()],
                non_resource_urls: vec![url.clone()],
                ..PolicyRule::default()
            });
        }
    }
    parts
}

/// The single permissions of `wanted` that no single rule of `owned` covers; empty if all are covered. An enumeration
/// never covers `*`, and a rule with names never covers one without.
pub fn uncovered(owned: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    wanted
        .iter()
        .flat_map(break_down)
        .filter(|part| !owned.iter().any(|rule| covers_part(rule, part)))
        .collect()
}

/// Whether every permission of `wanted` is covered by a rule of `owned`.
pub fn covers(owned: &[PolicyRule], wanted: &[PolicyRule]) -> bool {
    wanted
        .iter()
        .all(|rule| break_down(rule).iter().all(|part| owned.iter().any(|own| covers_part(own, part))))
}

/// Whether one rule covers one single permission.
pub fn covers_part(owner: &PolicyRule, part: &PolicyRule) -> bool {
    covers_list(&owner.verbs, &part.verbs)
        && covers_list(&owner.api_groups, &part.api_groups)
        && covers_resources(&owner.resources, &part.resources)
        && covers_names(&owner.resource_names, &part.resource_names)
        && part
            .non_resource_urls
            .iter()
            .all(|url| owner.non_resource_urls.iter().any(|own| covers_url(own, url)))
}

fn covers_list(owned: &[String], wanted: &[String]) -> bool {
    owned.iter().any(|own| own == "*") || wanted.iter().all(|want| owned.contains(want))
}

fn covers_resources(owned: &[String], wanted: &[String]) -> bool {
    covers_list(owned, wanted)
        || wanted.iter().all(|want| {
            owned.contains(want)
                || want.split_once('/').is_some_and(|(_, subresource)| {
                    owned.iter().any(|own| own.strip_prefix("*/") == Some(subresource))
                })
        })
}

fn covers_names(owned: &[String], wanted: &[String]) -> bool {
    owned.is_empty() || (!wanted.is_empty() && wanted.iter().all(|want| owned.contains(want)))
}

fn covers_url(owned: &str, wanted: &str) -> bool {
    owned == wanted || (owned.ends_with('*') && url_matches(owned, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> PolicyRule {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        PolicyRule {
            verbs: texts(verbs),
            api_groups: texts(groups),
            resources: texts(resources),
            resource_names: texts(names),
            non_resource_urls: Vec::new(),
        }
    }

    #[test]
    fn enumeration_never_covers_a_star() {
        let owned =
            [rule(&["get", "list", "watch", "create", "update", "patch", "delete"], &[""], &["pods"], &[])];
        assert!(!covers(&owned, &[rule(&["*"], &[""], &["pods"], &[])]));
        assert!(covers(&[rule(&["*"], &[""], &["pods"], &[])], &owned));
    }

    #[test]
    fn names_never_cover_no_name() {
        let owned = [rule(&["get"], &[""], &["secrets"], &["a"])];
        assert!(!covers(&owned, &[rule(&["get"], &[""], &["secrets"], &[])]));
        assert!(covers(&[rule(&["get"], &[""], &["secrets"], &[])], &owned));
    }

    #[test]
    fn two_rules_together_cover_what_one_does_not() {
        let owned = [rule(&["get"], &[""], &["pods"], &[]), rule(&["list"], &[""], &["pods"], &[])];
        assert!(covers(&owned, &[rule(&["get", "list"], &[""], &["pods"], &[])]));
        assert_eq!(uncovered(&owned, &[rule(&["get", "watch"], &[""], &["pods"], &[])]).len(), 1);
    }
}

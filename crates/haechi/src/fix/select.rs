//! Which fixes can be applied to a file at the same time.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::{Action, Alteration, Edit, Finding, Fix};
use haechi_syntax::edit::Splice;

/// Fixes of one file that do not meet.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// Replacements of bytes, in order, not overlapping.
    pub(super) edits: Vec<Splice>,
    /// What they mean.
    pub(super) alterations: Vec<Alteration>,
    /// What they fix.
    pub(super) fixed: Vec<Finding>,
}

/// Takes fixes away that would change more than the findings of this file ask for: text behind an anchor may stand for
/// several values, of which each must be found bad and be mended by the same edits.
pub(crate) fn keep_whole(findings: &mut [Finding]) {
    let is_shared = |fix: &Fix| fix.places > 1;
    if !findings.iter().any(|finding| finding.fix.as_ref().is_some_and(is_shared)) {
        return;
    }
    let mut counts: BTreeMap<(String, Vec<Edit>), u64> = BTreeMap::new();
    let key = |finding: &Finding, fix: &Fix| (finding.rule.to_string(), fix.edits.clone());
    for finding in findings.iter() {
        if let Some(fix) = finding.fix.as_ref().filter(|fix| is_shared(fix)) {
            *counts.entry(key(finding, fix)).or_default() += 1;
        }
    }
    for finding in findings {
        let is_partial = |fix: &Fix| is_shared(fix) && counts.get(&key(finding, fix)) != Some(&fix.places);
        if finding.fix.as_ref().is_some_and(is_partial) {
            finding.fix = None;
        }
    }
}

/// The first fixes, in the order given, that do not meet one another; the others wait for the next round. Equal fixes
/// are one. Nothing where there is none.
pub(super) fn together(findings: Vec<Finding>) -> Option<Selected> {
    let mut taken = Taken::default();
    let mut selected = Selected::default();
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        if taken.add(fix) {
            selected.fixed.push(finding);
        }
    }
    if selected.fixed.is_empty() {
        return None;
    }
    selected.alterations = taken.fixes.keys().map(|(alteration, _)| alteration.clone()).collect();
    selected.alterations.dedup();
    selected.edits = taken.edits.into_values().flatten().collect();
    Some(selected)
}

#[derive(Debug, Default)]
struct Taken {
    fixes: BTreeMap<(Alteration, Vec<Edit>), ()>,
    /// By where they begin; several only where all of them add keys to the same map.
    edits: BTreeMap<u32, Vec<Splice>>,
    /// Where keys are added to a map: which map, which keys.
    added: BTreeMap<u32, (usize, u32, BTreeSet<String>)>,
}

impl Taken {
    /// Whether the fix is among the taken ones now.
    fn add(&mut self, fix: &Fix) -> bool {
        let key = (fix.alteration.clone(), fix.edits.clone());
        if self.fixes.contains_key(&key) {
            return true;
        }
        if !self.is_neighbour(fix) && fix.edits.iter().any(|edit| self.meets(edit)) {
            return false;
        }
        for edit in &fix.edits {
            let splice = Splice { span: edit.span, text: edit.text.clone() };
            self.edits.entry(edit.span.start).or_default().push(splice);
        }
        if let (Action::Set(key, _), [edit]) = (&fix.alteration.action, fix.edits.as_slice())
            && edit.span.is_empty()
        {
            let Alteration { document, node, .. } = fix.alteration;
            let added = self.added.entry(edit.span.start);
            added.or_insert_with(|| (document, node, BTreeSet::new())).2.insert(key.clone());
        }
        self.fixes.insert(key, ());
        true
    }

    /// Whether the fix adds another key where taken ones add keys to the same map: these can stand one after the other.
    fn is_neighbour(&self, fix: &Fix) -> bool {
        let (Action::Set(key, _), [edit]) = (&fix.alteration.action, fix.edits.as_slice()) else {
            return false;
        };
        let of_map = |(document, node, keys): &(usize, u32, BTreeSet<String>)| {
            *document == fix.alteration.document && *node == fix.alteration.node && !keys.contains(key)
        };
        edit.span.is_empty() && self.added.get(&edit.span.start).is_some_and(of_map)
    }

    /// Whether an edit overlaps or touches a taken one.
    fn meets(&self, edit: &Edit) -> bool {
        let end = |splices: &Vec<Splice>| splices.iter().map(|splice| splice.span.end).max().unwrap_or(0);
        let before = self.edits.range(..=edit.span.end).next_back();
        before.is_some_and(|(_, splices)| end(splices) >= edit.span.start)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use haechi_checks::{Context, Inventory, Options};
    use haechi_objects::{PodTemplates, objects};
    use haechi_syntax::{Limits, edit, parse};

    use super::*;

    /// What checks find in a text.
    fn findings(text: &str, checks: &[&str]) -> Vec<Finding> {
        let parsed = parse(text.as_bytes(), &Limits::default());
        let path: Arc<str> = "pod.yaml".into();
        let (templates, options) = (PodTemplates::default(), Options::default());
        let all = || parsed.documents.iter().flat_map(|document| objects(document).objects);
        let inventory = Inventory::new(all(), &templates);
        let context = Context { templates: &templates, options: &options, inventory: &inventory };
        let checks: Vec<_> = checks.iter().map(|slug| haechi_checks::find(slug).unwrap()).collect();
        let judged =
            all().flat_map(|object| haechi_checks::judge(object, &path, &context, checks.iter().copied()));
        judged.collect()
    }

    fn once(text: &str, checks: &[&str]) -> (String, usize) {
        let selected = together(findings(text, checks)).unwrap();
        (edit::apply(text, &selected.edits).unwrap(), selected.fixed.len())
    }

    const POD: &str =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a:1\n";

    #[test]
    fn fixes_that_add_the_same_map_wait_for_each_other() {
        let checks = ["privilege-escalation-allowed", "writable-root-filesystem"];
        let (text, fixed) = once(POD, &checks);
        assert_eq!(fixed, 1, "{text}");
        let (text, fixed) = once(&format!("{POD}    securityContext:\n      runAsNonRoot: true\n"), &checks);
        assert_eq!(fixed, 2);
        assert!(text.ends_with(
            "runAsNonRoot: true\n      allowPrivilegeEscalation: false\n      readOnlyRootFilesystem: true\n"
        ), "{text}");
    }

    #[test]
    fn a_shared_value_is_changed_only_where_every_use_asks_for_it() {
        let both = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext: &x\n      privileged: true\n  - name: b\n    securityContext: *x\n";
        let mut found = findings(both, &["privileged-container"]);
        keep_whole(&mut found);
        assert!(found.len() == 2 && found.iter().all(|finding| finding.fix.is_some()));
        // One of them is accepted.
        found.pop();
        keep_whole(&mut found);
        assert!(found.iter().all(|finding| finding.fix.is_none()));
    }
}

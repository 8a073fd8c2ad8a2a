//! Which requests a policy or a binding is about, as written.

use haechi_syntax::Node;

use super::Loader;
use crate::LoadError;
use crate::cel::matching::{MatchResources, Rule, Selector};
use crate::mistake::mistake;

impl<'d> Loader<'_, 'd> {
    pub(super) fn match_resources(&mut self, node: Node<'d>) -> MatchResources {
        let exact = match self.text(node.get("matchPolicy"), "matchPolicy") {
            None | Some("Equivalent") => false,
            Some("Exact") => true,
            Some(_) => {
                self.wrong(
                    node.get("matchPolicy").unwrap_or(node),
                    mistake!(
                        "one-of",
                        "`{field}` is one of {allowed}",
                        field = "matchPolicy",
                        allowed = "Exact, Equivalent"
                    ),
                );
                false
            }
        };
        MatchResources {
            rules: self.rules(node, "resourceRules"),
            excluded: self.rules(node, "excludeResourceRules"),
            namespaces: self.selector(node, "namespaceSelector"),
            objects: self.selector(node, "objectSelector"),
            exact,
        }
    }

    pub(super) fn selector(&mut self, parent: Node<'d>, field: &str) -> Selector {
        let Some(node) = parent.get(field) else { return Selector::default() };
        match Selector::parse(node) {
            Ok(selector) => selector,
            Err(error) => {
                let mut load_error =
                    LoadError::at(self.document, node, format!("`{field}`: {}", error.message));
                load_error.span = error.span;
                load_error.position = node.document().source().position(error.span.start);
                self.errors.push(load_error);
                Selector::default()
            }
        }
    }

    fn rules(&mut self, parent: Node<'d>, field: &str) -> Vec<Rule> {
        let mut rules = Vec::new();
        for node in self.list(parent, field) {
            let mut rule = Rule {
                groups: self.texts(node, "apiGroups"),
                versions: self.texts(node, "apiVersions"),
                resources: self.texts(node, "resources"),
                operations: self.texts(node, "operations"),
                names: self.texts(node, "resourceNames"),
                namespaced: match self.text(node.get("scope"), "scope") {
                    None | Some("*") => None,
                    Some("Namespaced") => Some(true),
                    Some("Cluster") => Some(false),
                    Some(_) => {
                        self.wrong(
                            node.get("scope").unwrap_or(node),
                            mistake!(
                                "one-of",
                                "`{field}` is one of {allowed}",
                                field = "scope",
                                allowed = "Cluster, Namespaced, *"
                            ),
                        );
                        None
                    }
                },
            };
            if self.as_kyverno && node.get("operations").is_none() {
                rule.operations.push("*".into());
            }
            for (name, list) in [
                ("apiGroups", &rule.groups),
                ("apiVersions", &rule.versions),
                ("resources", &rule.resources),
                ("operations", &rule.operations),
            ] {
                if list.is_empty() {
                    self.wrong(
                        node,
                        mistake!("needs", "`{field}` needs `{other}`", field = field, other = name),
                    );
                }
            }
            let known = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"];
            if let Some(bad) = rule.operations.iter().find(|operation| !known.contains(&&***operation)) {
                let message = mistake!(
                    "operation",
                    "operation `{operation}` is not one of CREATE, UPDATE, DELETE, CONNECT, *",
                    operation = bad
                );
                self.wrong(node.get("operations").unwrap_or(node), message);
            }
            self.check_rule(node, &rule);
            rules.push(rule);
        }
        rules
    }

    /// What the API server refuses beyond missing lists: what stands beside a wildcard, and names that stand twice.
    fn check_rule(&mut self, node: Node<'d>, rule: &Rule) {
        let lists =
            [("apiGroups", &rule.groups), ("apiVersions", &rule.versions), ("operations", &rule.operations)];
        for (field, list) in lists {
            if list.len() > 1 && list.iter().any(|item| &**item == "*") {
                self.beside_others(node, field, "*");
            }
        }
        for (field, list) in [("apiVersions", &rule.versions), ("resources", &rule.resources)] {
            if list.iter().any(|item| item.is_empty()) {
                let at = node.get(field).unwrap_or(node);
                self.wrong(at, mistake!("empty", "`{field}` is empty", field = field));
            }
        }
        self.check_resources(node, &rule.resources);
        for (index, name) in rule.names.iter().enumerate() {
            if rule.names.iter().take(index).any(|before| before == name) {
                let at = node.get("resourceNames").unwrap_or(node);
                self.twice(at, "resourceNames", name);
            }
        }
    }

    fn check_resources(&mut self, node: Node<'d>, resources: &[Box<str>]) {
        const FIELD: &str = "resources";
        let has = |wanted: &str| resources.iter().any(|item| &**item == wanted);
        if resources.len() > 1 && has("*/*") {
            self.beside_others(node, FIELD, "*/*");
        }
        let mut plain = resources.iter().filter(|item| !item.contains('/') && &***item != "*");
        if let (true, Some(other)) = (has("*"), plain.next()) {
            self.beside(node, FIELD, "*", other);
        }
        for (index, item) in resources.iter().enumerate() {
            let Some((resource, sub)) = item.split_once('/') else { continue };
            for wide in [format!("{resource}/*"), format!("*/{sub}")] {
                // As the API server does it: what is wider must not stand before.
                if resources.iter().take(index).any(|before| **before == *wide) {
                    self.beside(node, FIELD, &wide, item);
                }
            }
        }
    }

    fn beside(&mut self, node: Node<'d>, field: &str, wide: &str, other: &str) {
        let message = mistake!(
            "wildcard-beside",
            "`{wide}` in `{field}` must not stand beside `{other}`",
            wide = wide,
            field = field,
            other = other,
        );
        self.wrong(node.get(field).unwrap_or(node), message);
    }

    fn beside_others(&mut self, node: Node<'d>, field: &str, wide: &str) {
        let message =
            mistake!("wildcard-alone", "`{wide}` in `{field}` must stand alone", wide = wide, field = field,);
        self.wrong(node.get(field).unwrap_or(node), message);
    }

    /// Something stands in a list a second time.
    pub(super) fn twice(&mut self, node: Node<'d>, field: &str, value: &str) {
        let message = mistake!("twice", "`{value}` stands in `{field}` twice", value = value, field = field);
        self.wrong(node, message);
    }
}

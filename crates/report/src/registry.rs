//! The message files that are built into the program. A new file is named here once; a test walks the folders
//! and finds what was forgotten.

use crate::Language;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Names of the message files, without `.ftl`.
        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$($name),*];
        const EN: &[&str] = &[$(include_str!(concat!("../i18n/en/", $name, ".ftl"))),*];
        const KO: &[&str] = &[$(include_str!(concat!("../i18n/ko/", $name, ".ftl"))),*];
    };
}

files![
    "cli",
    "ui",
    "problems",
    "pod-security",
    "checks-workload",
    "checks-image",
    "checks-secrets",
    "checks-cluster",
    "checks-manifest",
    "checks-data",
    "checks-network",
    "checks-reliability",
    "checks-rbac",
    "access",
    "alerts",
    "network",
    "docs",
    "policy",
    "policy-mistakes",
    "fixes",
    "serve",
];

/// The texts of a language, one per file.
pub(crate) const fn sources(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => EN,
        Language::Ko => KO,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use fluent_syntax::ast;

    use super::*;

    /// What a message or one of its attributes needs and which functions it calls, by `id` or `id.attribute`.
    type Outline = BTreeMap<String, BTreeSet<String>>;

    fn outline(source: &str) -> Outline {
        let resource = fluent_syntax::parser::parse(source)
            .unwrap_or_else(|(_, errors)| panic!("a message file cannot be read: {errors:?}"));
        let mut outline = Outline::new();
        for entry in &resource.body {
            let ast::Entry::Message(message) = entry else { continue };
            let value = message.value.as_ref().map(variables).unwrap_or_default();
            let id = message.id.name.to_owned();
            assert!(outline.insert(id.clone(), value).is_none(), "message `{id}` stands twice");
            for attribute in &message.attributes {
                let name = format!("{id}.{}", attribute.id.name);
                assert!(
                    outline.insert(name.clone(), variables(&attribute.value)).is_none(),
                    "`{name}` stands twice"
                );
            }
        }
        outline
    }

    fn variables(pattern: &ast::Pattern<&str>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for element in &pattern.elements {
            if let ast::PatternElement::Placeable { expression } = element {
                of_expression(expression, &mut names);
            }
        }
        names
    }

    fn of_expression(expression: &ast::Expression<&str>, names: &mut BTreeSet<String>) {
        match expression {
            ast::Expression::Inline(inline) => of_inline(inline, names),
            ast::Expression::Select { selector, variants } => {
                of_inline(selector, names);
                for variant in variants {
                    names.extend(variables(&variant.value));
                }
            }
        }
    }

    fn of_inline(inline: &ast::InlineExpression<&str>, names: &mut BTreeSet<String>) {
        match inline {
            ast::InlineExpression::VariableReference { id } => {
                names.insert(id.name.to_owned());
            }
            ast::InlineExpression::FunctionReference { id, arguments } => {
                assert!(["JOSA", "NUMBER"].contains(&id.name), "unknown function `{}`", id.name);
                for argument in &arguments.positional {
                    of_inline(argument, names);
                }
            }
            ast::InlineExpression::Placeable { expression } => of_expression(expression, names),
            _ => {}
        }
    }

    fn outlines(language: Language) -> Vec<(&'static str, Outline)> {
        NAMES.iter().copied().zip(sources(language).iter().map(|source| outline(source))).collect()
    }

    #[test]
    fn both_languages_have_the_same_messages_and_values() {
        for ((name, en), (_, ko)) in outlines(Language::En).iter().zip(&outlines(Language::Ko)) {
            for id in en.keys().chain(ko.keys()) {
                let (en, ko) = (en.get(id), ko.get(id));
                assert!(en.is_some() && ko.is_some(), "`{id}` of {name}.ftl is not in both languages");
                assert_eq!(en, ko, "`{id}` of {name}.ftl needs other values in the two languages");
            }
        }
    }

    #[test]
    fn no_message_stands_in_two_files() {
        let mut seen = BTreeMap::new();
        for (name, outline) in outlines(Language::En) {
            for id in outline.into_keys() {
                if let Some(other) = seen.insert(id.clone(), name) {
                    panic!("`{id}` stands in {other}.ftl and {name}.ftl");
                }
            }
        }
    }

    #[test]
    fn texts_of_checks_are_whole() {
        for (name, outline) in outlines(Language::En) {
            for id in outline.keys().filter(|id| id.starts_with("check-") && !id.contains('.')) {
                for attribute in ["message", "why", "fix"] {
                    assert!(
                        outline.contains_key(&format!("{id}.{attribute}")),
                        "`{id}` of {name}.ftl lacks .{attribute}"
                    );
                }
            }
        }
    }

    #[test]
    fn particles_are_chosen_and_come_in_pairs() {
        for (name, source) in NAMES.iter().zip(sources(Language::Ko)) {
            for call in source.split("JOSA(").skip(1) {
                let pair = call.split('"').nth(1).unwrap_or_default();
                assert!(
                    crate::josa::josa("해치", pair).is_some(),
                    "{name}.ftl: `{pair}` is no pair of particles"
                );
            }
        }
    }

    #[test]
    fn every_message_file_is_built_in() {
        for language in Language::ALL {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("i18n").join(language.as_str());
            let mut found: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            let mut known: Vec<String> = NAMES.iter().map(|name| format!("{name}.ftl")).collect();
            known.sort();
            assert_eq!(found, known);
        }
    }

    #[test]
    fn every_kind_of_problem_and_severity_has_a_text() {
        use haechi_model::{ProblemKind, Severity};
        const KINDS: [ProblemKind; 20] = [
            ProblemKind::NotFound,
            ProblemKind::Unreadable,
            ProblemKind::CyclicLink,
            ProblemKind::TooLarge,
            ProblemKind::Binary,
            ProblemKind::WrongEncoding,
            ProblemKind::Syntax,
            ProblemKind::Malformed,
            ProblemKind::Template,
            ProblemKind::NotRendered,
            ProblemKind::Unsupported,
            ProblemKind::NotKubernetes,
            ProblemKind::NotListed,
            ProblemKind::RuleFailed,
            ProblemKind::PolicyRefused,
            ProblemKind::PolicyFailed,
            ProblemKind::SuppressionRefused,
            ProblemKind::SuppressionExpired,
            ProblemKind::SuppressionUnused,
            ProblemKind::FixRefused,
        ];
        let ids: BTreeSet<String> =
            outlines(Language::En).into_iter().flat_map(|(_, o)| o.into_keys()).collect();
        for kind in KINDS {
            let id = format!("problem-{}", kind.as_str());
            assert!(ids.contains(&id) && ids.contains(&format!("{id}.help")), "{id}");
        }
        assert_eq!(
            ids.iter().filter(|id| id.starts_with("problem-") && id.ends_with(".help")).count(),
            KINDS.len()
        );
        for severity in Severity::ALL {
            assert!(ids.contains(&format!("severity-{severity}")));
        }
    }
}

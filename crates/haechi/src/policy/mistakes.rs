//! Mistakes in policies in the reader's language.

use std::borrow::Cow;

use haechi_policy::{LoadError, Mistake};
use haechi_report::{Args, Texts};

fn words(id: &str, args: &[(&'static str, String)], texts: &Texts) -> String {
    let args = args.iter().fold(Args::new(), |args, (name, text)| args.text(name, text.as_str()));
    texts.message(&format!("policy-mistake-{id}"), &args)
}

/// What is wrong with a policy. The words of a parser stay as they are.
pub(crate) fn mistake<'e>(error: &'e LoadError, texts: &Texts) -> Cow<'e, str> {
    match error.id {
        Some(id) => Cow::Owned(words(id, &error.args, texts)),
        None => Cow::Borrowed(&error.message),
    }
}

/// Why a policy could not be evaluated. The words of a library stay as they are.
pub(crate) fn failure(failure: &Mistake, texts: &Texts) -> String {
    failure.told(&|id, args| words(id, args, texts))
}

/// The same on a line with its place and the policy.
pub(crate) fn mistake_line(error: &LoadError, texts: &Texts) -> String {
    let (line, column) = (error.position.line, error.position.column);
    format!("{}:{line}:{column}: {}: {}", error.path, error.policy, mistake(error, texts))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    use regex::Regex;

    use haechi_objects::objects;
    use haechi_policy::{Engine, Inventory, Outcome, PolicyDocument, PolicySet, Request};
    use haechi_report::{Language, Texts};
    use haechi_syntax::{Limits, parse};

    use super::super::engines;
    use super::failure;

    const POLICY: &str = "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, \
                          metadata: {name: p}, spec: {matchConstraints: {resourceRules: [{apiGroups: ['*'], \
                          apiVersions: ['*'], operations: ['*'], resources: ['*']}]}, variables: [{name: limit, \
                          expression: object.data.limit}], validations: [{expression: 'variables.limit > 1'}]}}";
    const TEMPLATE: &str = r#"
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: two}
spec:
  crd: {spec: {names: {kind: Two}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package two
      violation[{"msg": m}] { m := f(1) }
      f(x) = "a" { x == 1 }
      f(x) = "b" { x > 0 }
---
{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Two, metadata: {name: t}}
"#;

    /// What is told of the policies that cannot be evaluated, in both languages.
    fn failures(policies: &str) -> (String, String) {
        let policies = parse(policies.as_bytes(), &Limits::default());
        let documents: Vec<PolicyDocument<'_>> = policies
            .documents
            .iter()
            .flat_map(|document| objects(document).objects)
            .map(|object| PolicyDocument { path: "p".into(), object })
            .collect();
        let loaded = engines(false).load(&documents);
        assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
        let object = parse(
            b"{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}",
            &Limits::default(),
        );
        let inventory = Inventory::default();
        let request = Request::of_object(objects(&object.documents[0]).objects[0], &inventory);
        let mut verdicts = Vec::new();
        loaded.set.review(&request, &mut verdicts);
        let found = verdicts.iter().find_map(|verdict| match &verdict.outcome {
            Outcome::Error { message, .. } => Some(message),
            _ => None,
        });
        let told = |language| failure(found.unwrap(), &Texts::new(language));
        (told(Language::En), told(Language::Ko))
    }

    #[test]
    fn what_led_to_a_failure_is_told_in_the_same_language() {
        let (english, korean) = failures(POLICY);
        assert_eq!(
            english,
            "expression 'variables.limit > 1' resulted in error: composited variable \"limit\" fails to evaluate: no such key: limit"
        );
        assert_eq!(
            korean,
            "식 'variables.limit > 1'을 평가하다가 오류가 났습니다: 변수 \"limit\"을 평가할 수 없습니다: 키 limit이 없습니다"
        );
        let (english, korean) = failures(TEMPLATE);
        assert_eq!(
            english,
            "eval_conflict_error: functions must not produce multiple outputs for same inputs: `two.f`"
        );
        assert_eq!(
            korean,
            "함수 `two.f`의 결과가 여러 개입니다. 같은 입력에 대한 결과는 하나여야 합니다(eval_conflict_error)"
        );
    }

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    /// The message files repeat the English words of the engines: both must say the same, and nothing may be left over.
    #[test]
    fn every_mistake_has_its_text_and_says_the_same() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut texts = Vec::new();
        sources(&root.join("policy/src"), &mut texts);
        let call = Regex::new(r#"mistake!\(\s*"([a-z-]+)",\s*"((?:[^"\\]|\\.|\\\n)*)""#).unwrap();
        let wrapped = Regex::new(r"\\\n\s*").unwrap();
        let mut known = BTreeMap::new();
        for found in texts.iter().flat_map(|text| call.captures_iter(text)) {
            let text = wrapped.replace_all(&found[2], "").replace("\\\"", "\"");
            if &found[1] != "id" {
                let before = known.insert(found[1].to_owned(), text.clone());
                assert!(before.is_none_or(|before| before == text), "`{}` says two things", &found[1]);
            }
        }
        assert!(known.len() > 50);
        let file = fs::read_to_string(root.join("report/i18n/en/policy-mistakes.ftl")).unwrap();
        let value = Regex::new(r"\{ \$([a-z]+) \}").unwrap();
        let entries = file.lines().filter_map(|line| line.strip_prefix("policy-mistake-")?.split_once(" = "));
        let written: BTreeMap<String, String> =
            entries.map(|(id, text)| (id.to_owned(), value.replace_all(text, "{$1}").into_owned())).collect();
        let ids = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(ids(&known), ids(&written));
        assert_eq!(known, written);
    }
}

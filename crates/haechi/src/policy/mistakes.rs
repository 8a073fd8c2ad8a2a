//! Mistakes in policies in the reader's language.

use std::borrow::Cow;

use haechi_policy::LoadError;
use haechi_report::{Args, Texts};

/// What is wrong with a policy. The words of a parser stay as they are.
pub(crate) fn mistake<'e>(error: &'e LoadError, texts: &Texts) -> Cow<'e, str> {
    match error.id {
        Some(id) => {
            let args =
                error.args.iter().fold(Args::new(), |args, (name, text)| args.text(name, text.as_str()));
            Cow::Owned(texts.message(&format!("policy-mistake-{id}"), &args))
        }
        None => Cow::Borrowed(&error.message),
    }
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

//! `policy/vap`: Kubescape's ValidatingAdmissionPolicies, and the tests of Kyverno's command line for validating and
//! mutating admission policies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use haechi_objects::{Object, objects};
use haechi_policy::cel::{CelEngine, CelSet};
use haechi_policy::{
    Engine, Inventory, Operation, Outcome as Said, PolicyDocument, PolicySet, Request, UserInfo, Verdict,
};
use haechi_syntax::{Limits, Node, Parsed, Value, parse, parse_json};
use serde_json::{Value as Json, json};

use crate::conformance::{Outcome, Suite};

pub(crate) const KUBESCAPE: Suite =
    Suite { name: "policy/vap/kubescape", needs: "policy/vap/kubescape", run: kubescape };

pub(crate) const KYVERNO: Suite =
    Suite { name: "policy/vap/kyverno", needs: "policy/vap/kyverno", run: kyverno };

fn read(path: &Path) -> Result<Parsed> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let parsed = parse(&bytes, &Limits::default());
    match parsed.errors.first() {
        Some(error) => Err(anyhow::anyhow!("{}: {error}", path.display())),
        None => Ok(parsed),
    }
}

fn objects_of<'p>(parsed: impl IntoIterator<Item = &'p Parsed>) -> Vec<Object<'p>> {
    parsed
        .into_iter()
        .flat_map(|parsed| &parsed.documents)
        .flat_map(|document| objects(document).objects)
        .collect()
}

fn text_of<'n>(node: Node<'n>, key: &str) -> &'n str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    folders.sort();
    Ok(folders)
}

fn load(objects: &[Object<'_>], as_kyverno: bool) -> (CelSet, Vec<String>) {
    let documents: Vec<PolicyDocument<'_>> = objects
        .iter()
        .map(|object| PolicyDocument { path: Arc::from("policy.yaml"), object: *object })
        .collect();
    let loaded = CelEngine { apply_unbound: as_kyverno, as_kyverno, ..CelEngine::default() }.load(&documents);
    (loaded.set, loaded.errors.iter().map(ToString::to_string).collect())
}

/// What the verdicts of one policy come to: `fail` if one refuses, `warn`, `pass`, `skip` if none applies.
fn conclusion(verdicts: &[&Verdict]) -> &'static str {
    let any = |is: &dyn Fn(&Verdict) -> bool| verdicts.iter().any(|verdict| is(verdict));
    if any(&|verdict| matches!(verdict.outcome, Said::Error { .. })) {
        "error"
    } else if any(&Verdict::refuses) {
        "fail"
    } else if any(&|verdict| matches!(verdict.outcome, Said::Violation(_))) {
        "warn"
    } else if any(&|verdict| matches!(verdict.outcome, Said::Pass)) {
        "pass"
    } else {
        "skip"
    }
}

fn kubescape(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for folder in folders(&root.join(KUBESCAPE.needs))? {
        let control = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cases = read(&folder.join("cases.yaml"))?;
        let policy = read(&folder.join("policy.yaml"))?;
        let cases =
            cases.documents.iter().filter_map(|document| document.root().get("cases")).flat_map(Node::items);
        for case in cases {
            let dir = text_of(case, "dir");
            let mut files = vec![];
            for name in ["binding.yaml", "params.yaml", "object.yaml", "oldObject.yaml"] {
                let path = folder.join(dir).join(name);
                files.push(if path.exists() { Some(read(&path)?) } else { None });
            }
            let difference = differs_from_case(&policy, &files, case);
            outcome.judge(format!("{control}/{dir}"), difference);
        }
    }
    Ok(outcome)
}

fn differs_from_case(policy: &Parsed, files: &[Option<Parsed>], case: Node<'_>) -> Option<String> {
    let file = |index: usize| files.get(index).and_then(Option::as_ref);
    let (set, errors) = load(&objects_of([policy].into_iter().chain(file(0))), false);
    if !errors.is_empty() {
        return Some(format!("does not load: {}", errors.join("; ")));
    }
    let parameters = Inventory::new(objects_of(file(1)));
    let inventory = Inventory::default();
    let object = objects_of(file(2)).into_iter().next()?;
    let request = Request {
        operation: Operation::parse(text_of(case, "operation")),
        old_object: objects_of(file(3)).into_iter().next(),
        parameters: &parameters,
        namespace: object.namespace().unwrap_or("default"),
        ..Request::of_object(object, &inventory)
    };
    let mut verdicts = Vec::new();
    set.review(&request, &mut verdicts);
    let found = conclusion(&verdicts.iter().collect::<Vec<_>>());
    let wanted = text_of(case, "expected");
    // The policy may leave an object alone that it is not about.
    let is_same =
        found == wanted || (found == "skip" && wanted == "pass") || (found == "error" && wanted == "fail");
    (!is_same).then(|| {
        let outcomes: Vec<_> = verdicts.iter().map(|verdict| &verdict.outcome).collect();
        format!("{found}, expected {wanted}: {} {outcomes:?}", text_of(case, "name"))
    })
}

fn kyverno(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut tests = Vec::new();
    for kind in folders(&root.join(KYVERNO.needs).join("test/cli"))? {
        tests.extend(folders(&kind)?);
    }
    for folder in tests {
        let test = read(&folder.join("kyverno-test.yaml"))?;
        let Some(test) = test.documents.first().map(|document| document.root()) else { continue };
        kyverno_test(&folder, test, &mut outcome)?;
    }
    Ok(outcome)
}

fn read_all(folder: &Path, test: Node<'_>, key: &str) -> Result<Vec<Parsed>> {
    let names = test.get(key).into_iter().flat_map(Node::items).filter_map(Node::as_str);
    names.map(|name| read(&folder.join(name))).collect()
}

/// Namespaces with the labels that the values give them.
fn namespaces(values: Option<&Parsed>) -> Vec<Parsed> {
    let list = values.into_iter().flat_map(|values| &values.documents);
    let list = list.filter_map(|document| document.root().get("namespaceSelector")).flat_map(Node::items);
    list.map(|namespace| {
        let labels = namespace.get("labels").map(json_of);
        let name = text_of(namespace, "name");
        let json = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels},
        });
        parse_json(json.to_string().as_bytes(), &Limits::default())
    })
    .collect()
}

fn kyverno_test(folder: &Path, test: Node<'_>, outcome: &mut Outcome) -> Result<()> {
    let policies = read_all(folder, test, "policies")?;
    let resources = read_all(folder, test, "resources")?;
    let params = read_all(folder, test, "paramResources")?;
    let single =
        |key: &str| test.get(key).and_then(Node::as_str).map(|name| read(&folder.join(name))).transpose();
    let (values, user) = (single("variables")?, single("userinfo")?);
    let namespaces = namespaces(values.as_ref());
    let (set, errors) = load(&objects_of(&policies), true);
    let inventory = Inventory::new(objects_of(&namespaces));
    let parameters = Inventory::new(objects_of(&params));
    let user = user.as_ref().and_then(|user| user.documents.first()?.root().get("userInfo"));
    let resources = objects_of(&resources);
    for row in test.get("results").into_iter().flat_map(Node::items) {
        let listed: Vec<&str> =
            row.get("resources").into_iter().flat_map(Node::items).filter_map(Node::as_str).collect();
        let policy = text_of(row, "policy");
        let patched = match row.get("patchedResources").and_then(Node::as_str) {
            Some(name) => Some(read(&folder.join(name))?),
            None => None,
        };
        for object in &resources {
            let is_listed = listed.is_empty() || listed.contains(&object.name());
            if !is_listed || object.kind() != text_of(row, "kind") {
                continue;
            }
            let case =
                format!("{}/{policy}/{}", folder.file_name().unwrap_or_default().display(), object.name());
            if let Some(error) = errors.first() {
                outcome.judge(case, Some(error.clone()));
                continue;
            }
            let request = Request {
                operation: Some(Operation::Create),
                namespace: object.namespace().unwrap_or("default"),
                user: UserInfo {
                    username: user.map_or("", |user| text_of(user, "username")),
                    node: user,
                    ..UserInfo::default()
                },
                parameters: &parameters,
                ..Request::of_object(*object, &inventory)
            };
            let mut verdicts = Vec::new();
            set.review(&request, &mut verdicts);
            let own: Vec<&Verdict> = verdicts.iter().filter(|verdict| &*verdict.policy == policy).collect();
            let found = conclusion(&own);
            let wanted = text_of(row, "result");
            let mut difference = (found != wanted).then(|| format!("{found}, expected {wanted}: {own:?}"));
            if let (None, Some(patched)) = (&difference, &patched) {
                difference = differs_from_patched(*object, &own, patched);
            }
            outcome.judge(case, difference);
        }
    }
    Ok(())
}

fn differs_from_patched(object: Object<'_>, verdicts: &[&Verdict], patched: &Parsed) -> Option<String> {
    let wanted = objects_of([patched]).into_iter().find(|wanted| wanted.name() == object.name())?;
    let patches = verdicts.iter().flat_map(|verdict| &verdict.patches);
    let mut found = json_of(object.node());
    for patch in patches {
        let (parent, last) = patch.path.rsplit_once('/')?;
        let last = last.replace("~1", "/").replace("~0", "~");
        match found.pointer_mut(parent) {
            Some(Json::Object(fields)) => {
                fields.insert(last, patch.value.clone()?);
            }
            other => return Some(format!("cannot apply {patch:?} to {other:?}")),
        }
    }
    let wanted = json_of(wanted.node());
    (found != wanted).then(|| format!("made {found}, expected {wanted}"))
}

fn json_of(node: Node<'_>) -> Json {
    match node.value() {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Uint(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::String(text) => text.into(),
        Value::Sequence(items) => items.map(json_of).collect(),
        Value::Mapping(entries) => {
            Json::Object(entries.map(|entry| (entry.key.to_owned(), json_of(entry.value))).collect())
        }
    }
}

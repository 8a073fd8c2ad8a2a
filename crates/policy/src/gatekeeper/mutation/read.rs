//! Reads mutators and refuses what Gatekeeper refuses.

use haechi_syntax::Node;
use serde_json::Value as Json;

use super::path::{Path, Step};
use super::{Change, Condition, Metadata, Mutator, Operations, image};
use crate::engine::{LoadError, PolicyDocument};
use crate::gatekeeper::expansion::ApplyTo;
use crate::gatekeeper::matching::Match;
use crate::mistake::Mistake;
use crate::rego::Value;

/// Reads a mutator; mistakes are added to `errors`.
pub(super) fn read(document: &PolicyDocument<'_>, errors: &mut Vec<LoadError>) -> Option<Mutator> {
    let before = errors.len();
    let object = document.object;
    let mut refuse = |node: Node<'_>, message: Mistake| errors.push(LoadError::at(document, node, message));
    let Some(spec) = object.spec().filter(|spec| spec.is_mapping()) else {
        refuse(object.node(), "the mutator has no `spec`".into());
        return None;
    };
    let location = spec.get("location");
    let node = location.unwrap_or(spec);
    let path = match location.and_then(Node::as_str).map(Path::parse) {
        Some(Ok(path)) if !path.steps.is_empty() => path,
        Some(Err(error)) => {
            refuse(node, error.into());
            return None;
        }
        _ => {
            refuse(
                node,
                "`location` is missing: what is changed, as `spec.containers[name: *].image`".into(),
            );
            return None;
        }
    };
    let is_metadata = object.kind() == "AssignMetadata";
    check_location(object.kind(), &path, node, &mut refuse);
    let mut match_errors = Vec::new();
    let block = spec.get("match");
    let matches = block.map(|block| Match::read(block, &mut match_errors)).unwrap_or_default();
    for error in match_errors {
        refuse(error.node, error.message);
    }
    let mut apply_to = Vec::new();
    for entry in spec.get("applyTo").map(Node::items).into_iter().flatten() {
        let operations = entry.get("operations").map(Node::items).into_iter().flatten();
        let operations: Vec<String> =
            operations.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        if let Some(wrong) =
            operations.iter().find(|name| !matches!(name.as_str(), "CREATE" | "UPDATE" | "*"))
        {
            refuse(entry, format!("mutators know the operations CREATE, UPDATE and *, not `{wrong}`").into());
        }
        let about = |name: &str| {
            operations.is_empty() || operations.iter().any(|known| known == name || known == "*")
        };
        let apply = ApplyTo::read(entry);
        if !apply.is_whole() {
            refuse(entry, "`applyTo` needs `groups`, `versions` and `kinds`".into());
        }
        apply_to.push((apply, Operations { create: about("CREATE"), update: about("UPDATE") }));
    }
    if apply_to.is_empty() && !is_metadata {
        refuse(spec, "`applyTo` is missing: the groups, versions and kinds that are changed".into());
    }
    let parameters = spec.get("parameters");
    let change = read_change(object.kind(), parameters.unwrap_or(spec), &path, &mut refuse);
    let mut tests = Vec::new();
    for test in
        parameters.and_then(|parameters| parameters.get("pathTests")).map(Node::items).into_iter().flatten()
    {
        tests.extend(read_test(test, &path, &mut refuse));
    }
    check_tests(&tests, parameters.unwrap_or(spec), &mut refuse);
    if is_metadata {
        // What is there already stays.
        tests = vec![(path.steps.len() - 1, Condition::MustNotExist)];
    }
    let change = change.filter(|_| errors.len() == before)?;
    let policy = format!("{}/{}", object.kind(), object.name()).into();
    Some(Mutator { policy, apply_to, matches, path, tests, change })
}

/// Conditions that cannot hold together.
fn check_tests<'d>(tests: &[(usize, Condition)], node: Node<'d>, refuse: &mut impl FnMut(Node<'d>, Mistake)) {
    for (place, condition) in tests {
        let other = tests.iter().find(|(other, found)| match condition {
            Condition::MustExist => other <= place && *found == Condition::MustNotExist,
            Condition::MustNotExist => false,
        });
        if other.is_some() {
            let message = "a `pathTests` demands that something exists below what it demands not to exist";
            return refuse(node, message.into());
        }
    }
}

fn check_location<'d>(kind: &str, path: &Path, node: Node<'d>, refuse: &mut impl FnMut(Node<'d>, Mistake)) {
    let field = |index: usize| match path.steps.get(index) {
        Some(Step::Field(name)) => name.as_str(),
        _ => "",
    };
    if kind == "AssignMetadata" {
        let is_good =
            field(0) == "metadata" && matches!(field(1), "labels" | "annotations") && path.steps.len() == 3;
        if !is_good {
            refuse(node, "AssignMetadata changes `metadata.labels.…` or `metadata.annotations.…`".into());
        }
        return;
    }
    if field(0) == "metadata" {
        refuse(node, format!("{kind} cannot change metadata, AssignMetadata can").into());
    }
    if path.steps.windows(2).any(|steps| matches!(steps, [Step::Item { .. }, Step::Item { .. }])) {
        refuse(node, "two lists follow one another in the location".into());
    }
    let is_list = matches!(path.steps.last(), Some(Step::Item { .. }));
    if is_list && kind != "Assign" {
        refuse(node, format!("the location of {kind} ends with a field, not with an item of a list").into());
    }
    if let [.., Step::Item { key, .. }, Step::Field(name)] = path.steps.as_slice()
        && key == name
    {
        refuse(node, format!("the key `{key}` of a list cannot be changed").into());
    }
}

fn read_change<'d>(
    kind: &str,
    parameters: Node<'d>,
    path: &Path,
    refuse: &mut impl FnMut(Node<'d>, Mistake),
) -> Option<Change> {
    let json = |node: Node<'d>| Value::of_node(node).to_json();
    let text = |key: &str| parameters.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
    match kind {
        "ModifySet" => {
            let list = parameters.at(&["values", "fromList"]);
            let values: Vec<Json> = list.map(Node::items).into_iter().flatten().map(json).collect();
            if list.is_none() {
                refuse(parameters, "`parameters.values.fromList` is missing".into());
            }
            match text("operation").as_str() {
                "" | "merge" => Some(Change::Merge(values)),
                "prune" => Some(Change::Prune(values)),
                _ => {
                    refuse(
                        parameters.get("operation").unwrap_or(parameters),
                        "`operation` is merge or prune".into(),
                    );
                    None
                }
            }
        }
        "AssignImage" => {
            let parts = image::Parts {
                domain: text("assignDomain"),
                path: text("assignPath"),
                tag: text("assignTag"),
            };
            if let Some(mistake) = parts.mistake() {
                refuse(parameters, mistake.into());
            }
            Some(Change::Image(parts))
        }
        _ => read_assign(kind, parameters, path, refuse),
    }
}

fn read_assign<'d>(
    kind: &str,
    parameters: Node<'d>,
    path: &Path,
    refuse: &mut impl FnMut(Node<'d>, Mistake),
) -> Option<Change> {
    let Some(assign) = parameters.get("assign").filter(|assign| assign.is_mapping()) else {
        refuse(parameters, "`parameters.assign` is missing".into());
        return None;
    };
    let sources: Vec<&str> = assign.entries().map(|entry| entry.key).collect();
    let [source] = sources.as_slice() else {
        refuse(assign, "`assign` holds one of value, fromMetadata, externalData".into());
        return None;
    };
    if *source != "value" && matches!(path.steps.last(), Some(Step::Item { .. })) {
        refuse(assign, format!("`{source}` gives a text, which is no item of a list with keys").into());
    }
    match (*source, assign.entry(source).map(|entry| entry.value)) {
        ("value", Some(node)) => {
            let value = Value::of_node(node).to_json();
            if kind == "AssignMetadata" && !value.is_string() {
                refuse(node, "labels and annotations are texts; put the value in quotes".into());
            }
            match path.steps.last() {
                Some(Step::Item { value: None, .. }) => {
                    refuse(node, "all items of a list cannot be assigned at once".into())
                }
                Some(Step::Item { key, value: wanted }) if value.get(key) != wanted.as_ref() => {
                    refuse(node, format!("the item's `{key}` must be the one of the location").into());
                }
                _ => {}
            }
            Some(Change::Value(value))
        }
        ("fromMetadata", Some(node)) => match node.get("field").and_then(Node::as_str) {
            Some("name") => Some(Change::Metadata(Metadata::Name)),
            Some("namespace") => Some(Change::Metadata(Metadata::Namespace)),
            _ => {
                refuse(node, "`field` is name or namespace".into());
                None
            }
        },
        ("externalData", Some(node)) => {
            let provider = node.get("provider").and_then(Node::as_str).unwrap_or_default();
            refuse(
                node,
                format!("external data is switched off, and the mutator asks the provider `{provider}`")
                    .into(),
            );
            None
        }
        _ => {
            refuse(assign, "`assign` holds one of value, fromMetadata, externalData".into());
            None
        }
    }
}

fn read_test<'d>(
    test: Node<'d>,
    path: &Path,
    refuse: &mut impl FnMut(Node<'d>, Mistake),
) -> Option<(usize, Condition)> {
    let condition = match test.get("condition").and_then(Node::as_str) {
        Some("MustExist") => Condition::MustExist,
        Some("MustNotExist") => Condition::MustNotExist,
        _ => {
            refuse(test, "`condition` is MustExist or MustNotExist".into());
            return None;
        }
    };
    let node = test.get("subPath").unwrap_or(test);
    match node.as_str().map(Path::parse) {
        Some(Ok(sub)) if !sub.steps.is_empty() && path.begins_with(&sub) => {
            Some((sub.steps.len() - 1, condition))
        }
        Some(Err(error)) => {
            refuse(node, error.into());
            None
        }
        _ => {
            refuse(node, "`subPath` must be a part of `location`, from its beginning".into());
            None
        }
    }
}

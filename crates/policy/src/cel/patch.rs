//! JSON patches (RFC 6902): applying them, and finding one between two values.

use serde_json::Value as Json;

use crate::mistake::{Mistake, mistake};
use crate::{Patch, PatchOp};

/// Why a patch was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatchError {
    /// A `test` failed: the object stays as it is, and nothing is wrong.
    TestFailed,
    /// The patch does not fit the object.
    Wrong(Mistake),
}

/// Applies the operations in order, all or nothing.
pub(crate) fn apply(object: &Json, patches: &[Patch]) -> Result<Json, PatchError> {
    let mut patched = object.clone();
    for patch in patches {
        apply_one(&mut patched, patch)?;
    }
    Ok(patched)
}

/// What a place lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lacks {
    /// A container on the way to it.
    Path,
    /// The map has no such key.
    Key(String),
    /// The list has no such index.
    Index(String),
}

pub(crate) fn op_name(op: PatchOp) -> &'static str {
    match op {
        PatchOp::Add => "add",
        PatchOp::Remove => "remove",
        PatchOp::Replace => "replace",
        PatchOp::Move => "move",
        PatchOp::Copy => "copy",
        PatchOp::Test => "test",
    }
}

/// Which of the places of an operation, for the words of the API server's library.
#[derive(Clone, Copy)]
enum Place {
    Path,
    From,
    Destination,
}

/// The words of that library, which names places now so and now so.
fn wrong(patch: &Patch, place: Place, lacks: &Lacks) -> PatchError {
    let op = op_name(patch.op);
    let path = match place {
        Place::From => patch.from.as_deref().unwrap_or_default(),
        Place::Path | Place::Destination => &patch.path,
    };
    PatchError::Wrong(match (lacks, place, patch.op) {
        (Lacks::Path, Place::From, _) => mistake!(
            "patch-no-from-path",
            "{op} operation does not apply: doc is missing from path: {path}: missing value",
            op = op,
            path = path,
        ),
        (Lacks::Path, Place::Destination, _) => mistake!(
            "patch-no-destination",
            "{op} operation does not apply: doc is missing destination path: {path}: missing value",
            op = op,
            path = path,
        ),
        (Lacks::Path, Place::Path, PatchOp::Test) => mistake!(
            "patch-test-path",
            "test operation does not apply: is missing path: {path}: missing value",
            path = path,
        ),
        (Lacks::Path, Place::Path, PatchOp::Replace) => mistake!(
            "patch-replace-path",
            "replace operation does not apply: doc is missing path: {path}: missing value",
            path = path,
        ),
        (Lacks::Path, Place::Path, _) => mistake!(
            "patch-no-path",
            "{op} operation does not apply: doc is missing path: \"{path}\": missing value",
            op = op,
            path = path,
        ),
        (_, _, PatchOp::Replace) => mistake!(
            "patch-replace-key",
            "replace operation does not apply: doc is missing key: {path}: missing value",
            path = path,
        ),
        (Lacks::Key(key), ..) => mistake!(
            "patch-no-key",
            "error in {op} for path: '{path}': Unable to remove nonexistent key: {key}: missing value",
            op = op,
            path = path,
            key = key,
        ),
        (Lacks::Index(index), ..) => mistake!(
            "patch-no-index",
            "error in {op} for path: '{path}': Unable to access invalid index: {index}: invalid index referenced",
            op = op,
            path = path,
            index = index,
        ),
    })
}

fn apply_one(object: &mut Json, patch: &Patch) -> Result<(), PatchError> {
    let value = || patch.value.clone().unwrap_or(Json::Null);
    let from = patch.from.as_deref().unwrap_or_default();
    let at = |place| move |lacks: Lacks| wrong(patch, place, &lacks);
    match patch.op {
        PatchOp::Add => add(object, &patch.path, value()).map_err(at(Place::Path)),
        PatchOp::Remove => remove(object, &patch.path).map(drop).map_err(at(Place::Path)),
        PatchOp::Replace => replace(object, &patch.path, value()).map_err(at(Place::Path)),
        PatchOp::Move => {
            let moved = remove(object, from).map_err(at(Place::From))?;
            add(object, &patch.path, moved).map_err(at(Place::Destination))
        }
        PatchOp::Copy => {
            let copied = find(object, from).map_err(at(Place::From))?.cloned().unwrap_or_default();
            add(object, &patch.path, copied).map_err(at(Place::Destination))
        }
        PatchOp::Test => {
            let found = find(object, &patch.path).map_err(at(Place::Path))?.unwrap_or(&Json::Null);
            if *found == value() { Ok(()) } else { Err(PatchError::TestFailed) }
        }
    }
}

/// The pointer to the container and the unescaped last step.
fn split(path: &str) -> Result<(&str, String), Lacks> {
    let (parent, last) = path.rsplit_once('/').ok_or(Lacks::Path)?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

/// An index of a list; the library that the API server uses counts negative ones from the end.
fn index_of(text: &str, len: usize) -> Option<usize> {
    let index: i64 = text.parse().ok()?;
    if index < 0 { len.checked_add_signed(isize::try_from(index).ok()?) } else { usize::try_from(index).ok() }
}

/// What stands at a path; `None` for a key that its map does not have.
fn find<'v>(object: &'v Json, path: &str) -> Result<Option<&'v Json>, Lacks> {
    if path.is_empty() {
        return Ok(Some(object));
    }
    let (parent, last) = split(path)?;
    match object.pointer(parent) {
        Some(Json::Object(fields)) => Ok(fields.get(&last)),
        Some(Json::Array(items)) => {
            let found = index_of(&last, items.len()).and_then(|index| items.get(index));
            found.map(Some).ok_or(Lacks::Index(last))
        }
        _ => Err(Lacks::Path),
    }
}

fn add(object: &mut Json, path: &str, value: Json) -> Result<(), Lacks> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent) {
        Some(Json::Object(fields)) => {
            fields.insert(last, value);
            Ok(())
        }
        Some(Json::Array(items)) => {
            // Counted from the end of the list that it becomes.
            let index = if last == "-" { Some(items.len()) } else { index_of(&last, items.len() + 1) };
            match index.filter(|index| *index <= items.len()) {
                Some(index) => {
                    items.insert(index, value);
                    Ok(())
                }
                None => Err(Lacks::Index(last)),
            }
        }
        _ => Err(Lacks::Path),
    }
}

/// Puts a value where another one stands. A key that its map does not have is added: the API server's library does so,
/// although RFC 6902 forbids it.
fn replace(object: &mut Json, path: &str, value: Json) -> Result<(), Lacks> {
    let is_item = |parent: &str| object.pointer(parent).is_some_and(Json::is_array);
    match split(path) {
        Ok((parent, last)) if is_item(parent) => {
            let items = object.pointer_mut(parent).and_then(Json::as_array_mut);
            let place = items.and_then(|items| {
                let index = index_of(&last, items.len())?;
                items.get_mut(index)
            });
            place.map(|place| *place = value).ok_or(Lacks::Index(last))
        }
        _ => add(object, path, value),
    }
}

fn remove(object: &mut Json, path: &str) -> Result<Json, Lacks> {
    let (parent, last) = split(path)?;
    match object.pointer_mut(parent) {
        Some(Json::Object(fields)) => fields.remove(&last).ok_or(Lacks::Key(last)),
        Some(Json::Array(items)) => {
            let index = index_of(&last, items.len()).filter(|index| *index < items.len());
            index.map(|index| items.remove(index)).ok_or(Lacks::Index(last))
        }
        _ => Err(Lacks::Path),
    }
}

/// The operations that lead from one value to the other.
pub(crate) fn difference(before: &Json, after: &Json) -> Vec<Patch> {
    let mut patches = Vec::new();
    walk(before, after, &mut String::new(), &mut patches);
    patches
}

fn operation(op: PatchOp, path: &str, value: Option<&Json>) -> Patch {
    Patch { op, path: path.to_owned(), from: None, value: value.cloned() }
}

fn walk(before: &Json, after: &Json, path: &mut String, patches: &mut Vec<Patch>) {
    let len = path.len();
    match (before, after) {
        (Json::Object(old), Json::Object(new)) => {
            for (key, value) in old {
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                match new.get(key) {
                    Some(changed) => walk(value, changed, path, patches),
                    None => patches.push(operation(PatchOp::Remove, path, None)),
                }
                path.truncate(len);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                patches.push(operation(PatchOp::Add, path, Some(value)));
                path.truncate(len);
            }
        }
        (Json::Array(old), Json::Array(new)) if old.len() <= new.len() => {
            for (index, value) in new.iter().enumerate() {
                path.push_str(&format!("/{index}"));
                match old.get(index) {
                    Some(before) => walk(before, value, path, patches),
                    None => patches.push(operation(PatchOp::Add, path, Some(value))),
                }
                path.truncate(len);
            }
        }
        (before, after) if before == after => {}
        _ => patches.push(operation(PatchOp::Replace, path, Some(after))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_leads_from_one_value_to_the_other() {
        let before = json!({"a": [1, 2], "b/c": {"x": 1}, "gone": 0, "short": [1, 2, 3]});
        let after = json!({"a": [1, 3, 4], "b/c": {"x": 1, "y~": 2}, "short": [1]});
        assert_eq!(apply(&before, &difference(&before, &after)), Ok(after));
        assert_eq!(difference(&before, &before), []);
    }

    #[test]
    fn a_failed_test_is_told_apart_from_a_mistake() {
        let object = json!({"a": [1]});
        let patch = |op, path: &str, value| Patch { op, path: path.into(), from: None, value };
        assert_eq!(
            apply(&object, &[patch(PatchOp::Test, "/a/0", Some(json!(2)))]),
            Err(PatchError::TestFailed)
        );
        assert!(matches!(apply(&object, &[patch(PatchOp::Remove, "/b", None)]), Err(PatchError::Wrong(_))));
        assert_eq!(apply(&object, &[patch(PatchOp::Add, "/a/-", Some(json!(2)))]), Ok(json!({"a": [1, 2]})));
        assert!(apply(&object, &[patch(PatchOp::Add, "/a/5", Some(json!(2)))]).is_err());
    }

    #[test]
    fn a_key_that_is_not_there_is_replaced_by_adding_it() {
        let object = json!({"labels": {"a": "1"}, "list": [1]});
        let patch = |op, path: &str| Patch { op, path: path.into(), from: None, value: Some(json!("x")) };
        let replaced = apply(&object, &[patch(PatchOp::Replace, "/labels/b")]);
        assert_eq!(replaced, Ok(json!({"labels": {"a": "1", "b": "x"}, "list": [1]})));
        for path in ["/list/1", "/list/-", "/absent/b", "/list/0/b"] {
            let replaced = apply(&object, &[patch(PatchOp::Replace, path)]);
            assert!(matches!(replaced, Err(PatchError::Wrong(_))), "{path}");
        }
        // A test of what cannot be there is a mistake, of a key that is not there it just fails.
        assert!(matches!(apply(&object, &[patch(PatchOp::Test, "/absent/b")]), Err(PatchError::Wrong(_))));
        assert_eq!(apply(&object, &[patch(PatchOp::Test, "/labels/b")]), Err(PatchError::TestFailed));
    }

    #[test]
    fn negative_indices_count_from_the_end() {
        let object = json!([1, 2, 3]);
        let patch = |op, path: &str| Patch { op, path: path.into(), from: None, value: Some(json!(9)) };
        assert_eq!(apply(&object, &[patch(PatchOp::Remove, "/-1")]), Ok(json!([1, 2])));
        assert_eq!(apply(&object, &[patch(PatchOp::Replace, "/-3")]), Ok(json!([9, 2, 3])));
        assert_eq!(apply(&object, &[patch(PatchOp::Add, "/-1")]), Ok(json!([1, 2, 3, 9])));
        assert!(apply(&object, &[patch(PatchOp::Remove, "/-4")]).is_err());
    }
}

//! Structured merge: what an apply configuration makes of an object.
//!
//! Maps merge key by key, lists by what identifies their items, as the schemas of the built-in types say
//! (`x-kubernetes-list-type`, `x-kubernetes-list-map-keys`, `x-kubernetes-map-type`). A list that is nowhere described
//! is atomic, as it is in custom resources; what is atomic may not be set by an apply configuration at all.

use serde_json::{Map, Value as Json};

use crate::mistake::{Mistake, mistake};

/// How the items of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// By these fields, with the defaults of those that may be left out.
    Keyed(&'static [&'static str]),
    /// By their values.
    Set,
    /// Not at all: it is replaced as a whole.
    Atomic,
}

/// Lists by the name of their field, and where that is not enough by the field around.
#[rustfmt::skip]
const LISTS: &[(&str, Option<&str>, List)] = &[
    ("containers", None, List::Keyed(&["name"])),
    ("initContainers", None, List::Keyed(&["name"])),
    ("ephemeralContainers", None, List::Keyed(&["name"])),
    ("volumes", None, List::Keyed(&["name"])),
    ("env", None, List::Keyed(&["name"])),
    ("ports", Some("spec"), List::Keyed(&["port", "protocol"])),
    ("ports", None, List::Keyed(&["containerPort", "protocol"])),
    ("volumeMounts", None, List::Keyed(&["mountPath"])),
    ("volumeDevices", None, List::Keyed(&["devicePath"])),
    ("imagePullSecrets", Some("spec"), List::Keyed(&["name"])),
    ("hostAliases", None, List::Keyed(&["ip"])),
    ("topologySpreadConstraints", None, List::Keyed(&["topologyKey", "whenUnsatisfiable"])),
    ("schedulingGates", None, List::Keyed(&["name"])),
    ("resourceClaims", None, List::Keyed(&["name"])),
    ("claims", Some("resources"), List::Keyed(&["name"])),
    ("conditions", None, List::Keyed(&["type"])),
    ("ownerReferences", None, List::Keyed(&["uid"])),
    ("finalizers", None, List::Set),
    ("podIPs", None, List::Keyed(&["ip"])),
    ("secrets", None, List::Keyed(&["name"])),
    ("taints", None, List::Atomic),
    ("webhooks", None, List::Keyed(&["name"])),
    ("matchConditions", None, List::Keyed(&["name"])),
    ("validations", None, List::Atomic),
    ("variables", None, List::Keyed(&["name"])),
    ("loadBalancerSourceRanges", None, List::Atomic),
    ("resizePolicy", None, List::Atomic),
];

/// Maps and structs that are replaced as a whole.
const ATOMIC_MAPS: [&str; 16] = [
    "nodeSelector",
    "labelSelector",
    "namespaceSelector",
    "podSelector",
    "objectSelector",
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "claimRef",
    "roleRef",
    "targetRef",
    "involvedObject",
    "secretRef",
    "nodeSelectorTerms",
    "scopeSelector",
];

/// `spec.selector` is a LabelSelector everywhere but in what selects by a plain map, where it is atomic as well.
fn is_atomic_map(field: &str, around: &str) -> bool {
    ATOMIC_MAPS.contains(&field) || (field == "selector" && around == "spec")
}

fn list_of(field: &str, around: &str) -> List {
    LISTS
        .iter()
        .find(|(name, parent, _)| *name == field && parent.is_none_or(|parent| parent == around))
        .map_or(List::Atomic, |(.., list)| *list)
}

/// Merges a configuration into an object; names what is atomic in it.
pub(crate) fn merge(object: &Json, configuration: &Json) -> Result<Json, Mistake> {
    let mut atomic = Vec::new();
    find_atomic(configuration, "", "", &mut String::new(), &mut atomic);
    if !atomic.is_empty() {
        return Err(mistake!(
            "apply-atomic",
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {paths}",
            paths = atomic.join(", "),
        ));
    }
    Ok(merge_value(object, configuration, "", ""))
}

fn find_atomic(value: &Json, field: &str, around: &str, path: &mut String, found: &mut Vec<String>) {
    let len = path.len();
    match value {
        Json::Object(fields) => {
            if is_atomic_map(field, around) {
                found.push(path.clone());
            }
            for (key, value) in fields {
                path.push('.');
                path.push_str(key);
                find_atomic(value, key, field, path, found);
                path.truncate(len);
            }
        }
        Json::Array(items) => {
            if list_of(field, around) == List::Atomic {
                found.push(path.clone());
            }
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                find_atomic(item, "", field, path, found);
                path.truncate(len);
            }
        }
        _ => {}
    }
}

fn merge_value(object: &Json, change: &Json, field: &str, around: &str) -> Json {
    match (object, change) {
        (Json::Object(old), Json::Object(new)) => {
            let mut merged = old.clone();
            for (key, value) in new {
                let before = old.get(key).unwrap_or(&Json::Null);
                merged.insert(key.clone(), merge_value(before, value, key, field));
            }
            Json::Object(merged)
        }
        (Json::Array(old), Json::Array(new)) => match list_of(field, around) {
            List::Keyed(keys) => merge_keyed(old, new, keys, field),
            List::Set => {
                let mut merged = old.clone();
                merged.extend(new.iter().filter(|item| !old.contains(item)).cloned());
                Json::Array(merged)
            }
            List::Atomic => change.clone(),
        },
        // Inside of something new, lists and maps have nothing to merge with.
        _ => change.clone(),
    }
}

/// What a key means where it is left out.
fn key_of<'v>(item: &'v Map<String, Json>, key: &str) -> Option<&'v Json> {
    static TCP: std::sync::LazyLock<Json> = std::sync::LazyLock::new(|| Json::String("TCP".into()));
    item.get(key).or_else(|| (key == "protocol").then(|| &*TCP))
}

/// New items stand where the change puts them among those that it names, others keep their place.
fn merge_keyed(old: &[Json], new: &[Json], keys: &[&str], field: &str) -> Json {
    let is_same = |one: &Json, other: &Json| match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            keys.iter().all(|key| key_of(one, key) == key_of(other, key))
        }
        _ => false,
    };
    let mut merged: Vec<Json> = old.to_vec();
    for item in new {
        match merged.iter().position(|known| is_same(known, item)) {
            Some(first) => {
                if let Some(known) = merged.get_mut(first) {
                    *known = merge_value(known, item, "", field);
                }
                // Where an object names something twice, what is set stands for both.
                let mut index = 0;
                merged.retain(|known| {
                    index += 1;
                    index <= first + 1 || !is_same(known, item)
                });
            }
            None => merged.push(item.clone()),
        }
    }
    Json::Array(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn containers_merge_by_name() {
        let object = json!({"spec": {"containers": [{"name": "a", "image": "x", "env": [{"name": "E", "value": "1"}]}]}});
        let change = json!({"spec": {"containers": [
            {"name": "b", "image": "y"},
            {"name": "a", "env": [{"name": "F", "value": "2"}, {"name": "E", "value": "3"}]},
        ]}});
        let merged = json!({"spec": {"containers": [
            {"name": "a", "image": "x", "env": [{"name": "E", "value": "3"}, {"name": "F", "value": "2"}]},
            {"name": "b", "image": "y"},
        ]}});
        assert_eq!(merge(&object, &change), Ok(merged));
    }

    #[test]
    fn ports_without_protocol_are_tcp() {
        let object = json!({"spec": {"ports": [{"port": 80, "protocol": "TCP", "name": "h"}]}});
        let change =
            json!({"spec": {"ports": [{"port": 80, "targetPort": 8080}, {"port": 80, "protocol": "UDP"}]}});
        let merged = merge(&object, &change).unwrap();
        assert_eq!(merged.pointer("/spec/ports/0/targetPort"), Some(&json!(8080)));
        assert_eq!(merged.pointer("/spec/ports").and_then(Json::as_array).map(Vec::len), Some(2));
    }

    #[test]
    fn what_an_object_names_twice_is_one_once_it_is_set() {
        let twice =
            |value: &str| json!([{"name": "A", "value": value}, {"name": "B"}, {"name": "A", "value": "2"}]);
        let object = json!({"spec": {"containers": [{"name": "c", "env": twice("1")}]}});
        let set = json!({"spec": {"containers": [{"name": "c", "env": [{"name": "A", "value": "3"}]}]}});
        let env = |merged: &Json| merged.pointer("/spec/containers/0/env").cloned();
        let merged = merge(&object, &set).unwrap();
        assert_eq!(env(&merged), Some(json!([{"name": "A", "value": "3"}, {"name": "B"}])));
        let merged = merge(&object, &json!({"spec": {"containers": [{"name": "c", "image": "i"}]}})).unwrap();
        assert_eq!(env(&merged), Some(twice("1")));
    }

    #[test]
    fn what_is_atomic_may_not_be_set() {
        for change in [
            json!({"spec": {"tolerations": [{"key": "a"}]}}),
            json!({"spec": {"nodeSelector": {"a": "b"}}}),
            json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
        ] {
            assert!(merge(&json!({}), &change).is_err(), "{change}");
        }
    }
}

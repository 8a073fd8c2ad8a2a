//! Who owns the objects of a scan.

use std::collections::BTreeMap;

use haechi_model::ResourceRef;
use haechi_objects::{Labels, Object, objects};

use super::{Loaded, ScanOptions};

/// The owner of each object that has one: the first of the labels that the object, else its pods, else its namespace
/// carries.
pub(super) fn of(files: &[Loaded], options: &ScanOptions) -> BTreeMap<ResourceRef, String> {
    if options.owner_labels.is_empty() {
        return BTreeMap::new();
    }
    let owner = |labels: Labels<'_>| {
        options.owner_labels.iter().find_map(|label| labels.get(label)).map(str::to_owned)
    };
    let all = || {
        files
            .iter()
            .filter(|file| !file.standing.is_covered())
            .flat_map(|file| &file.documents)
            .flat_map(|document| objects(document).objects)
    };
    let namespaces: BTreeMap<&str, String> = all()
        .filter(|object| object.is("", "Namespace"))
        .filter_map(|object| Some((object.name(), owner(object.labels())?)))
        .collect();
    let of_object = |object: Object<'_>| {
        owner(object.labels())
            .or_else(|| owner(options.templates.pod(object)?.labels()))
            .or_else(|| namespaces.get(object.namespace()?).cloned())
    };
    all().filter_map(|object| Some((object.resource(), of_object(object)?))).collect()
}

//! The API server's way of listing things in a message.

use std::collections::BTreeSet;

/// `"a", "b"`; the items stand as they are, quotes inside of them too.
pub(crate) fn join_quoted<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push('"');
        out.push_str(item);
        out.push('"');
    }
    out
}

/// The singular for one, else the plural.
pub(crate) fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`.
pub(crate) fn containers(names: &[&str]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), join_quoted(names.iter().copied()))
}

/// Who set something: the pod, containers, or both (`pod and container "a"`).
#[derive(Debug, Default)]
pub(crate) struct Setters<'d> {
    pub(crate) pod: bool,
    pub(crate) containers: Vec<&'d str>,
}

impl Setters<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        !self.pod && self.containers.is_empty()
    }

    pub(crate) fn text(&self) -> String {
        match (self.pod, self.containers.is_empty()) {
            (true, true) => "pod".to_owned(),
            (true, false) => format!("pod and {}", containers(&self.containers)),
            (false, true) => String::new(),
            (false, false) => containers(&self.containers),
        }
    }
}

/// Distinct values in byte order, as Go's `sets.String.List` gives them.
pub(crate) type Distinct<'d> = BTreeSet<&'d str>;

use haechi_model::{ResourceRef, Span};
use haechi_syntax::{Document, Node, Value};

use crate::Labels;

/// Lists may hold lists; deeper than this nobody nests them.
const LIST_DEPTH: usize = 8;

/// One Kubernetes object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'d> {
    node: Node<'d>,
    api_version: &'d str,
    kind: &'d str,
}

/// Why a document, or an item of a list, is no object that could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject<'d> {
    /// It has neither `apiVersion` nor `kind`, or is a patch of an object: something else than a Kubernetes object.
    NotKubernetes(Node<'d>),
    /// It has one of them but not the other, or not as text: the API server would refuse it.
    Malformed(Node<'d>, &'static str),
}

/// What is in a document.
#[derive(Debug, Clone, Default)]
pub struct Objects<'d> {
    /// The objects, lists opened, in order.
    pub objects: Vec<Object<'d>>,
    /// What is none.
    pub rejects: Vec<Reject<'d>>,
}

/// Finds the objects of a document. An empty document has none and is no reject.
pub fn objects(document: &Document) -> Objects<'_> {
    let mut found = Objects::default();
    let root = document.root();
    if !root.is_null() {
        collect(root, None, 0, &mut found);
    }
    found
}

/// `inherited`: apiVersion and kind of the items of a typed list, which need not repeat them.
fn collect<'d>(node: Node<'d>, inherited: Option<(&'d str, &'d str)>, depth: usize, found: &mut Objects<'d>) {
    // A directive of strategic merge patches: a part of an object, or one that is to be deleted.
    if node.get("$patch").is_some() {
        return found.rejects.push(Reject::NotKubernetes(node));
    }
    let text = |key| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    let (api_version, kind) = match (text("apiVersion"), text("kind"), inherited) {
        (Some(api_version), Some(kind), _) => (api_version, kind),
        (None, None, Some(of_list)) if node.is_mapping() => of_list,
        _ if node.get("kind").is_none() && node.get("apiVersion").is_none() => {
            return found.rejects.push(Reject::NotKubernetes(node));
        }
        // Other formats have a `kind` or an `apiVersion` of their own (a chart's `Chart.yaml` for one). With
        // `metadata` or `spec` beside it, it was meant for Kubernetes.
        _ if (node.get("kind").is_none() || node.get("apiVersion").is_none())
            && node.get("metadata").is_none()
            && node.get("spec").is_none() =>
        {
            return found.rejects.push(Reject::NotKubernetes(node));
        }
        (None, ..) => return found.rejects.push(Reject::Malformed(node, "apiVersion")),
        (_, None, _) => return found.rejects.push(Reject::Malformed(node, "kind")),
    };
    let items = node.get("items").filter(|items| kind.ends_with("List") && items.is_sequence());
    match items {
        Some(items) if depth < LIST_DEPTH => {
            let item_kind = kind.strip_suffix("List").unwrap_or(kind);
            let of_items = (!item_kind.is_empty()).then_some((api_version, item_kind));
            for item in items.items() {
                collect(item, of_items, depth + 1, found);
            }
        }
        Some(items) => found.rejects.push(Reject::Malformed(items, "items")),
        None => found.objects.push(Object { node, api_version, kind }),
    }
}

impl<'d> Object<'d> {
    /// A view of a mapping as an object of that kind, whatever the mapping says of itself.
    pub fn new(node: Node<'d>, api_version: &'d str, kind: &'d str) -> Self {
        Self { node, api_version, kind }
    }

    /// The whole object.
    pub fn node(self) -> Node<'d> {
        self.node
    }

    /// `apiVersion`, for instance `apps/v1`.
    pub fn api_version(self) -> &'d str {
        self.api_version
    }

    /// The API group, `""` for the core group.
    pub fn group(self) -> &'d str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// The version within the group.
    pub fn version(self) -> &'d str {
        self.api_version.rsplit_once('/').map_or(self.api_version, |(_, version)| version)
    }

    /// The kind.
    pub fn kind(self) -> &'d str {
        self.kind
    }

    /// Whether this is that kind of that group, in any version.
    pub fn is(self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group() == group
    }

    /// `metadata`, if it is a map.
    pub fn metadata(self) -> Option<Node<'d>> {
        self.node.get("metadata").filter(|metadata| metadata.is_mapping())
    }

    /// `spec`, if there is one.
    pub fn spec(self) -> Option<Node<'d>> {
        self.node.get("spec")
    }

    /// `metadata.name`; empty if there is none.
    pub fn name(self) -> &'d str {
        self.metadata().and_then(|metadata| metadata.get("name")).and_then(Node::as_str).unwrap_or_default()
    }

    /// `metadata.namespace`, if it names one.
    pub fn namespace(self) -> Option<&'d str> {
        let namespace = self.metadata()?.get("namespace")?.as_str()?;
        (!namespace.is_empty()).then_some(namespace)
    }

    /// `metadata.labels`.
    pub fn labels(self) -> Labels<'d> {
        Labels::new(self.metadata().and_then(|metadata| metadata.get("labels")))
    }

    /// The value of an annotation.
    pub fn annotation(self, key: &str) -> Option<Node<'d>> {
        self.metadata()?.get("annotations")?.get(key)
    }

    /// The short span that stands for the object: its name, else its kind.
    pub fn anchor_span(self) -> Span {
        let name = self
            .metadata()
            .and_then(|metadata| metadata.get("name").or_else(|| metadata.get("generateName")));
        let place =
            name.filter(|name| matches!(name.value(), Value::String(_))).or_else(|| self.node.get("kind"));
        place.map_or_else(|| self.node.anchor_span(), Node::span)
    }

    /// The object as findings name it.
    pub fn resource(self) -> ResourceRef {
        let name = match self.name() {
            "" => {
                let prefix = self.metadata().and_then(|metadata| metadata.get("generateName"));
                prefix.and_then(Node::as_str).map(|prefix| format!("{prefix}*")).unwrap_or_default()
            }
            name => name.to_owned(),
        };
        ResourceRef {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            namespace: self.namespace().map(str::to_owned),
            name,
        }
    }
}

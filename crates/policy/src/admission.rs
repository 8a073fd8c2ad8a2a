//! AdmissionReviews to requests.

use haechi_model::Span;
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::engine::{GroupVersionKind, GroupVersionResource, Inventory, Operation, Request, UserInfo};

/// Why an AdmissionReview cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionError {
    /// The mistake, in English.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl std::fmt::Display for AdmissionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AdmissionError {}

impl<'d> Request<'d> {
    /// Reads `admission.k8s.io` AdmissionReview, version v1 or v1beta1.
    pub fn from_admission_review(
        review: Node<'d>,
        inventory: &'d Inventory<'d>,
    ) -> Result<Self, AdmissionError> {
        let Some(request) = review.get("request").filter(|request| request.is_mapping()) else {
            return Err(refuse(review, "the AdmissionReview holds no `request`"));
        };
        let operation_node = request.get("operation");
        let operation = match operation_node.and_then(Node::as_str) {
            None | Some("") => None,
            Some(name) => match Operation::parse(name) {
                Some(operation) => Some(operation),
                None => {
                    let message =
                        format!("unknown operation `{name}`, there are CREATE, UPDATE, DELETE, CONNECT");
                    return Err(refuse(operation_node.unwrap_or(request), message));
                }
            },
        };
        let object = read_object(request, "object")?;
        let old_object = read_object(request, "oldObject")?;
        let field = |path: &[&str]| request.at(path).and_then(Node::as_str).unwrap_or_default();
        let kind = match request.get("kind") {
            Some(_) => GroupVersionKind {
                group: field(&["kind", "group"]),
                version: field(&["kind", "version"]),
                kind: field(&["kind", "kind"]),
            },
            None => object.or(old_object).map(GroupVersionKind::of).unwrap_or_default(),
        };
        let resource = request.get("resource").map(|_| GroupVersionResource {
            group: field(&["resource", "group"]),
            version: field(&["resource", "version"]),
            resource: field(&["resource", "resource"]),
        });
        let user = request.get("userInfo");
        let groups = user.and_then(|user| user.get("groups")).map(Node::items).into_iter().flatten();
        Ok(Self {
            object,
            old_object,
            operation,
            kind,
            resource,
            sub_resource: field(&["subResource"]),
            name: field(&["name"]),
            namespace: field(&["namespace"]),
            user: UserInfo {
                username: field(&["userInfo", "username"]),
                uid: field(&["userInfo", "uid"]),
                groups: groups.filter_map(Node::as_str).collect(),
                node: user,
            },
            namespace_object: None,
            dry_run: request.get("dryRun").is_some_and(Node::is_true),
            options: request.get("options"),
            admission: Some(request),
            authorizer: None,
            parameters: inventory,
            inventory,
        })
    }
}

fn read_object<'d>(request: Node<'d>, field: &str) -> Result<Option<Object<'d>>, AdmissionError> {
    let Some(node) = request.get(field) else { return Ok(None) };
    if !node.is_mapping() {
        return Err(refuse(node, format!("`{field}` is not an object")));
    }
    let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    match (text("apiVersion"), text("kind")) {
        (Some(api_version), Some(kind)) => Ok(Some(Object::new(node, api_version, kind))),
        (_, None) => Err(refuse(node, format!("`{field}` has no `kind`"))),
        (None, _) => Err(refuse(node, format!("`{field}` has no `apiVersion`"))),
    }
}

fn refuse(node: Node<'_>, message: impl Into<String>) -> AdmissionError {
    AdmissionError { message: message.into(), span: node.anchor_span() }
}

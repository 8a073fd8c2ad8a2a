//! The AdmissionReview as it comes in.

use haechi_policy::{AdmissionError, Inventory, Request};
use haechi_syntax::{Document, Limits, Node, parse_json};
use thiserror::Error;

/// The version of the protocol; an answer has that of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `admission.k8s.io/v1`
    V1,
    /// `admission.k8s.io/v1beta1`, as API servers before 1.22 may speak it.
    V1Beta1,
}

impl Version {
    /// The `apiVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::V1 => "admission.k8s.io/v1",
            Version::V1Beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// Why a body is no AdmissionReview that could be answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReviewError {
    /// No JSON.
    #[error("the body is no JSON: {0}")]
    Syntax(String),
    /// A key that stands twice in one object has two meanings, and an API server sends none.
    #[error("the key `{0}` stands twice in the same object")]
    Twice(String),
    /// Something else.
    #[error("the body is no AdmissionReview, its kind is `{0}`")]
    Kind(String),
    /// A version that is not spoken here.
    #[error("`{0}` is not spoken here, admission.k8s.io/v1 is")]
    Version(String),
    /// Without it no answer can be given.
    #[error("the AdmissionReview holds no request with a `uid`")]
    NoUid,
    /// The request in it cannot be read.
    #[error("{0}")]
    Request(#[from] AdmissionError),
}

/// An AdmissionReview whose answer can be addressed.
#[derive(Debug)]
pub struct Review {
    document: Document,
    version: Version,
}

/// What bounds the body: an API server takes 3 MiB, and sends the object, what it was, and a wrapping.
pub(crate) const BODY_BYTES: usize = 16 << 20;

impl Review {
    /// Reads a body.
    ///
    /// # Errors
    /// What is no AdmissionReview of a version that is spoken here, or has no `uid`.
    pub fn read(body: &[u8]) -> Result<Self, ReviewError> {
        let limits = Limits { bytes: BODY_BYTES, ..Limits::default() };
        let mut parsed = parse_json(body, &limits);
        if let Some(error) = parsed.errors.first() {
            return Err(ReviewError::Syntax(error.message.clone()));
        }
        if parsed.documents.len() > 1 {
            return Err(ReviewError::Syntax("there is more than one value".to_owned()));
        }
        let document = parsed.documents.pop().ok_or_else(|| ReviewError::Syntax("it is empty".to_owned()))?;
        if let Some(twice) = document.duplicate_keys().first() {
            let key = document.source().slice(twice.second);
            return Err(ReviewError::Twice(key.trim_matches('"').chars().take(64).collect()));
        }
        let root = document.root();
        let text = |path: &[&str]| root.at(path).and_then(Node::as_str).unwrap_or_default().to_owned();
        let kind = text(&["kind"]);
        if kind != "AdmissionReview" {
            return Err(ReviewError::Kind(kind.chars().take(64).collect()));
        }
        let version = match text(&["apiVersion"]).as_str() {
            "admission.k8s.io/v1" => Version::V1,
            "admission.k8s.io/v1beta1" => Version::V1Beta1,
            other => return Err(ReviewError::Version(other.chars().take(64).collect())),
        };
        let uid = text(&["request", "uid"]);
        if uid.is_empty() || uid.len() > 256 {
            return Err(ReviewError::NoUid);
        }
        Ok(Self { document, version })
    }

    /// The version of the protocol.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the answer is addressed with.
    pub fn uid(&self) -> &str {
        self.document.root().at(&["request", "uid"]).and_then(Node::as_str).unwrap_or_default()
    }

    /// The namespace that the request is about: of an object in it, or the namespace itself.
    pub fn namespace(&self) -> &str {
        let request = self.document.root().get("request");
        let text = |path: &[&str]| {
            request.and_then(|request| request.at(path)).and_then(Node::as_str).unwrap_or_default()
        };
        let is_namespace = text(&["kind", "kind"]) == "Namespace" && text(&["kind", "group"]).is_empty();
        match (text(&["namespace"]), is_namespace) {
            ("", true) => text(&["name"]),
            (namespace, _) => namespace,
        }
    }

    /// The request in it.
    ///
    /// # Errors
    /// A request that cannot be read.
    pub fn request<'d>(&'d self, inventory: &'d Inventory<'d>) -> Result<Request<'d>, ReviewError> {
        Ok(Request::from_admission_review(self.document.root(), inventory)?)
    }
}

//! One kind, page by page.

use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Map, Value};

use super::{
    ClusterDocument, ClusterKind, ClusterLimits, Detail, ListError, Listed, Outcome, Scope, with_causes,
};

/// How often a list that expired is begun anew, each time with larger pages.
const RESTARTS: u32 = 3;

/// Pages without an object that are followed, lest a broken server keep us for ever.
const EMPTY_PAGES: u32 = 20;

/// Bytes kept of an answer that is no list.
pub(super) const MESSAGE_BYTES: usize = 1 << 16;

const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;q=0.1";

#[derive(Clone)]
pub(super) struct Pages {
    pub(super) client: Client,
    pub(super) timeout: Duration,
    pub(super) limits: ClusterLimits,
}

/// What has come of a list so far.
#[derive(Default)]
struct Progress {
    documents: Vec<ClusterDocument>,
    resource_version: Option<String>,
    /// The namespace that was listed, if not all.
    namespace: Option<String>,
}

/// Where a list came from, so that a watch goes on at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: &'static str,
    pub(super) namespace: Option<String>,
    pub(super) resource_version: String,
}

impl Pages {
    /// Whether the server is there and knows who asks.
    pub(super) async fn ask(&self) -> Result<(), ListError> {
        match self.get("/version", Detail::Whole).await {
            // Whoever may not ask for the version may still list.
            Ok(_) | Err(ListError::Forbidden(_)) => Ok(()),
            Err(error @ (ListError::Broken(_) | ListError::TimedOut(_))) => Err(error),
            Err(error @ ListError::Status { code: 401 | 500.., .. }) => Err(error),
            Err(_) => Ok(()),
        }
    }

    /// Lists a kind in the first version that is served. With a place, the list is whole as far as it may be read.
    pub(super) async fn list(
        &self,
        kind: ClusterKind,
        scope: Scope<'_>,
    ) -> (Vec<ClusterDocument>, Listed, Option<Place>) {
        let mut not_found = None;
        for version in kind.versions.iter().copied() {
            match self.list_version(kind, version, scope).await {
                (progress, Outcome::Incomplete(error @ ListError::Status { code: 404, .. }))
                    if progress.documents.is_empty() =>
                {
                    not_found = Some(error);
                }
                (progress, outcome) => {
                    let place = match &outcome {
                        Outcome::Whole | Outcome::OneNamespace(..) => progress.resource_version.clone(),
                        Outcome::NotServed | Outcome::Incomplete(_) => None,
                    };
                    let namespace = progress.namespace;
                    let place = place.map(|resource_version| Place { version, namespace, resource_version });
                    let resource_version = progress.resource_version.filter(|_| outcome == Outcome::Whole);
                    let objects = progress.documents.len();
                    return (progress.documents, Listed { kind, objects, resource_version, outcome }, place);
                }
            }
        }
        let outcome = match not_found {
            Some(error) if kind.is_always_served => Outcome::Incomplete(error),
            _ => Outcome::NotServed,
        };
        (Vec::new(), Listed { kind, objects: 0, resource_version: None, outcome }, None)
    }

    async fn list_version(&self, kind: ClusterKind, version: &str, scope: Scope<'_>) -> (Progress, Outcome) {
        let (first, fallback) = match (kind.only_namespace, scope) {
            (Some(only), _) => (Some(only), None),
            (None, _) if !kind.is_namespaced => (None, None),
            (None, Scope::Only(namespace)) => (Some(namespace), None),
            (None, Scope::All { fallback }) => (None, fallback),
        };
        let (progress, error) = self.list_path(kind, version, first).await;
        match (error, fallback) {
            (None, _) => (progress, Outcome::Whole),
            (Some(refused @ ListError::Forbidden(_)), Some(namespace)) => {
                match self.list_path(kind, version, Some(namespace)).await {
                    (progress, None) => (progress, Outcome::OneNamespace(namespace.to_owned(), refused)),
                    (progress, Some(error)) => (progress, Outcome::Incomplete(error)),
                }
            }
            (Some(error), _) => (progress, Outcome::Incomplete(error)),
        }
    }

    /// Reads all pages; a list that expires is begun anew.
    async fn list_path(
        &self,
        kind: ClusterKind,
        version: &str,
        namespace: Option<&str>,
    ) -> (Progress, Option<ListError>) {
        let mut page_objects = self.limits.page_objects;
        for _ in 0..RESTARTS {
            let mut progress = Progress { namespace: namespace.map(str::to_owned), ..Progress::default() };
            let path = format!("{}limit={page_objects}", path_of(kind, version, namespace));
            match self.read_pages(kind, version, &path, &mut progress).await {
                Err(ListError::Expired(_)) => page_objects = page_objects.saturating_mul(4),
                outcome => return (progress, outcome.err()),
            }
        }
        (Progress::default(), Some(ListError::Expired(RESTARTS)))
    }

    async fn read_pages(
        &self,
        kind: ClusterKind,
        version: &str,
        path: &str,
        progress: &mut Progress,
    ) -> Result<(), ListError> {
        let mut token = String::new();
        let mut empty_pages = 0;
        loop {
            let with_token = match token.as_str() {
                "" => path.to_owned(),
                token => format!("{path}&continue={}", percent_encode(token)),
            };
            let bytes = self.get(&with_token, kind.detail).await?;
            let mut page = read_page(&bytes)?;
            empty_pages = if page.items.is_empty() { empty_pages + 1 } else { 0 };
            for item in page.items.drain(..) {
                if progress.documents.len() >= self.limits.objects {
                    return Err(ListError::TooMany(self.limits.objects));
                }
                progress.documents.push(document(kind, version, item));
            }
            if page.token.is_empty() {
                progress.resource_version = Some(page.resource_version);
                return Ok(());
            }
            if page.token == token || empty_pages > EMPTY_PAGES {
                return Err(ListError::Malformed("its pages have no end".to_owned()));
            }
            token = page.token;
        }
    }

    /// The body of an answer that is a success.
    pub(super) async fn get(&self, path: &str, detail: Detail) -> Result<Vec<u8>, ListError> {
        let accept = match detail {
            Detail::Whole => "application/json",
            Detail::Metadata(_) => METADATA_ONLY,
        };
        let request = Request::get(path)
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .map_err(|error| ListError::Broken(error.to_string()))?;
        self.send(request).await
    }

    /// The body of an answer that is a success, in time.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Vec<u8>, ListError> {
        match tokio::time::timeout(self.timeout, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ListError::TimedOut(self.timeout.as_secs())),
        }
    }

    async fn answer(&self, request: Request<Body>) -> Result<Vec<u8>, ListError> {
        let broken = |error: kube::Error| ListError::Broken(with_causes(&error));
        let response = self.client.send(request).await.map_err(broken)?;
        let status = response.status();
        let limit = if status.is_success() { self.limits.page_bytes } else { MESSAGE_BYTES };
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(broken)?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > limit {
                    return Err(ListError::PageTooLarge(limit));
                }
                bytes.extend_from_slice(data);
            }
        }
        if status.is_success() {
            return Ok(bytes);
        }
        let body = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        let reason = status.canonical_reason().unwrap_or_default();
        Err(refusal(status.as_u16(), body.get("message").and_then(Value::as_str).unwrap_or(reason)))
    }
}

/// What an answer means that is no success.
pub(super) fn refusal(code: u16, message: &str) -> ListError {
    match code {
        403 => ListError::Forbidden(message.to_owned()),
        410 => ListError::Expired(1),
        code => ListError::Status { code, message: message.to_owned() },
    }
}

/// The path of a kind's objects, up to where the query goes on.
pub(super) fn path_of(kind: ClusterKind, version: &str, namespace: Option<&str>) -> String {
    let root = match kind.group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    let scope = match namespace {
        Some(namespace) => format!("/namespaces/{}", percent_encode(namespace)),
        None => String::new(),
    };
    let narrowed = match kind.detail {
        Detail::Metadata(Some(of_type)) => {
            format!("fieldSelector={}&", percent_encode(&format!("type={of_type}")))
        }
        _ => String::new(),
    };
    format!("{root}{scope}/{}?{narrowed}", kind.plural)
}

struct Page {
    items: Vec<Map<String, Value>>,
    token: String,
    resource_version: String,
}

fn read_page(bytes: &[u8]) -> Result<Page, ListError> {
    let malformed = |what: &str| ListError::Malformed(what.to_owned());
    let mut root: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|error| ListError::Malformed(error.to_string()))?;
    let is_list = root.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    if !is_list {
        return Err(malformed("its `kind` is no list"));
    }
    // An empty list of some servers has null for its items.
    let items = match root.remove("items") {
        Some(Value::Array(items)) => items,
        Some(Value::Null) => Vec::new(),
        _ => return Err(malformed("it has no `items`")),
    };
    let items = items
        .into_iter()
        .map(|item| match item {
            Value::Object(item) => Ok(item),
            _ => Err(malformed("an item is no object")),
        })
        .collect::<Result<_, _>>()?;
    let text = |key: &str| {
        let value = root.get("metadata").and_then(|metadata| metadata.get(key));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    Ok(Page { items, token: text("continue"), resource_version: text("resourceVersion") })
}

/// An item as a document of its own. Items do not tell their kind; metadata alone tells a kind that is not theirs.
pub(super) fn document(kind: ClusterKind, version: &str, mut item: Map<String, Value>) -> ClusterDocument {
    let api_version = match kind.group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    item.insert("apiVersion".to_owned(), api_version.into());
    item.insert("kind".to_owned(), kind.kind.into());
    if let Detail::Metadata(of_type) = kind.detail {
        // A server that does not know of metadata alone sends all of it.
        item.remove("data");
        item.remove("stringData");
        if let Some(of_type) = of_type {
            item.insert("type".to_owned(), of_type.into());
        }
    }
    let mut origin = format!("cluster/{}", kind.kind);
    if let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            // What `kubectl apply` keeps may hold the values of a Secret.
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        for key in ["namespace", "name"] {
            if let Some(part) = metadata.get(key).and_then(Value::as_str) {
                origin.push('/');
                origin.push_str(part);
            }
        }
    }
    let text = serde_json::to_string_pretty(&item).unwrap_or_default();
    ClusterDocument { origin: origin.into(), kind, text }
}

/// A text as part of a query.
pub(super) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

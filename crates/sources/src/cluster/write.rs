//! What is written to a cluster: applied by the server, created, deleted. One request each; whoever asks decides what to do
//! about a refusal.

use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;

use super::{Cluster, page, with_causes};

/// Most bytes of an answer.
const MAX_ANSWER: usize = 16 << 20;
/// Lists of objects without what is in them.
const METADATA: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;q=0.1";

/// What is done at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'d> {
    /// An object is read.
    Read,
    /// A list is read, of each object its metadata only.
    ListMetadata,
    /// An object is brought to what the body says, by this field manager; what others have set is not taken over.
    Apply {
        /// The name under which the fields are held.
        manager: &'d str,
    },
    /// An object is made.
    Create,
    /// An object is removed.
    Delete,
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeedError {
    /// The server's status; none if it did not answer.
    pub status: Option<u16>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// What it says.
    pub message: String,
}

impl DeedError {
    fn broken(message: String) -> Self {
        Self { status: None, retry_after: None, message }
    }
}

/// Encodes a name for a path or a query.
pub fn encoded(text: &str) -> String {
    page::percent_encode(text)
}

impl Cluster {
    /// Does something at a path of the API server; its answer.
    ///
    /// # Errors
    /// When the server refuses, or does not answer in time.
    pub fn perform(&self, deed: Deed<'_>, path: &str, body: Option<&Value>) -> Result<Value, DeedError> {
        let work = async {
            match tokio::time::timeout(self.timeout, self.ask(deed, path, body)).await {
                Ok(answer) => answer,
                Err(_) => {
                    let seconds = self.timeout.as_secs();
                    Err(DeedError::broken(format!("no answer within {seconds} seconds")))
                }
            }
        };
        self.runtime.block_on(work)
    }

    async fn ask(&self, deed: Deed<'_>, path: &str, body: Option<&Value>) -> Result<Value, DeedError> {
        let (method, path, content) = match deed {
            Deed::Read | Deed::ListMetadata => (Method::GET, path.to_owned(), None),
            Deed::Apply { manager } => {
                let path = format!("{path}?fieldManager={}", encoded(manager));
                (Method::PATCH, path, Some("application/apply-patch+yaml"))
            }
            Deed::Create => (Method::POST, path.to_owned(), Some("application/json")),
            Deed::Delete => (Method::DELETE, path.to_owned(), Some("application/json")),
        };
        let accept = if deed == Deed::ListMetadata { METADATA } else { "application/json" };
        let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT, accept);
        if let Some(content) = content {
            request = request.header(header::CONTENT_TYPE, content);
        }
        let bytes = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request =
            request.body(Body::from(bytes)).map_err(|error| DeedError::broken(error.to_string()))?;
        let broken = |error: kube::Error| DeedError::broken(with_causes(&error));
        let response = self.client.send(request).await.map_err(broken)?;
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut incoming = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(broken)?;
            if let Some(data) = frame.data_ref() {
                if bytes.len().saturating_add(data.len()) > MAX_ANSWER {
                    return Err(DeedError::broken(format!("the answer has more than {MAX_ANSWER} bytes")));
                }
                bytes.extend_from_slice(data);
            }
        }
        let answer = serde_json::from_slice::<Value>(&bytes);
        if status.is_success() {
            return answer.map_err(|error| DeedError::broken(error.to_string()));
        }
        let said = answer.ok().and_then(|answer| Some(answer.get("message")?.as_str()?.to_owned()));
        let reason = status.canonical_reason().unwrap_or_default().to_owned();
        Err(DeedError {
            status: Some(status.as_u16()),
            retry_after: retry_after.map(Duration::from_secs),
            message: said.unwrap_or(reason),
        })
    }
}

//! Single objects: read, made, changed. Each change says of which version it is one, so that nobody's later word is lost.

use http::{Method, Request, header};
use kube::client::Body;
use serde_json::Value;

use super::{Cluster, ListError, page};

/// Of another version than was said, or there already.
const CONFLICT: u16 = 409;
/// What a server says when the test of a patch does not hold.
const UNPROCESSABLE: u16 = 422;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is made.
    Done,
    /// Somebody was first: read again, and see whether it is still wanted.
    Beaten,
}

impl Cluster {
    /// The object at a path such as `/api/v1/namespaces/N/secrets/S`; nothing if there is none.
    ///
    /// # Errors
    /// The API server refuses, does not answer, or answers something else.
    pub fn object(&self, path: &str) -> Result<Option<Value>, ListError> {
        match self.write(Method::GET, path, "", Vec::new()) {
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes);
                read.map(Some).map_err(|error| ListError::Malformed(error.to_string()))
            }
            Err(ListError::Status { code: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes an object in the list at a path.
    ///
    /// # Errors
    /// As [`Cluster::object`].
    pub fn create(&self, path: &str, object: &Value) -> Result<Written, ListError> {
        written(
            self.write(Method::POST, path, "application/json", object.to_string().into_bytes()),
            &[CONFLICT],
        )
    }

    /// Puts an object in the place of its `metadata.resourceVersion`.
    ///
    /// # Errors
    /// As [`Cluster::object`].
    pub fn replace(&self, path: &str, object: &Value) -> Result<Written, ListError> {
        written(
            self.write(Method::PUT, path, "application/json", object.to_string().into_bytes()),
            &[CONFLICT],
        )
    }

    /// Changes an object by a JSON Patch (RFC 6902), whose first step should test its `/metadata/resourceVersion`.
    ///
    /// # Errors
    /// As [`Cluster::object`].
    pub fn patch(&self, path: &str, steps: &[Value]) -> Result<Written, ListError> {
        let body = Value::from(steps).to_string().into_bytes();
        written(
            self.write(Method::PATCH, path, "application/json-patch+json", body),
            &[CONFLICT, UNPROCESSABLE],
        )
    }

    fn write(&self, method: Method, path: &str, media: &str, body: Vec<u8>) -> Result<Vec<u8>, ListError> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::ACCEPT, "application/json");
        if !media.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        let request = request.body(Body::from(body)).map_err(|error| ListError::Broken(error.to_string()))?;
        let pages: page::Pages = self.pages();
        self.runtime.block_on(pages.send(request))
    }
}

/// Another version is no error.
fn written(answer: Result<Vec<u8>, ListError>, beaten: &[u16]) -> Result<Written, ListError> {
    match answer {
        Ok(_) => Ok(Written::Done),
        Err(ListError::Status { code, .. }) if beaten.contains(&code) => Ok(Written::Beaten),
        Err(error) => Err(error),
    }
}

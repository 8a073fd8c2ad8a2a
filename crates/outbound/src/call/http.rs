//! One request, one connection: requests are rare, and a connection that was kept may be dead when it is needed.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::guard::{ReachError, connect};
use super::tls::{self, Trust};
use super::{Reach, Request as Outgoing};
use crate::Reply;

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 << 10;

/// Why there is no answer. Holds nothing of the request: its address may be secret.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It cannot be reached.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// Something between here and there failed.
    #[error("{0}")]
    Failed(String),
    /// It took too long.
    #[error("no answer within {} seconds", .0.as_secs())]
    Late(Duration),
}

/// Sends a request and reads the answer.
///
/// # Errors
/// When there is no answer, whatever its status may be.
pub async fn call(reach: Reach<'_>, request: Outgoing) -> Result<Reply, CallError> {
    within(reach, exchange(reach, None, request)).await
}

/// The same to a service whose authorities are known beforehand.
///
/// # Errors
/// When there is no answer, whatever its status may be.
pub async fn call_trusting(reach: Reach<'_>, trust: &Trust, request: Outgoing) -> Result<Reply, CallError> {
    within(reach, exchange(reach, Some(trust), request)).await
}

async fn within(
    reach: Reach<'_>,
    exchange: impl Future<Output = Result<Reply, CallError>>,
) -> Result<Reply, CallError> {
    let limit = reach.timeout;
    tokio::time::timeout(limit, exchange).await.unwrap_or(Err(CallError::Late(limit)))
}

async fn exchange(reach: Reach<'_>, trust: Option<&Trust>, request: Outgoing) -> Result<Reply, CallError> {
    let failed = |what: &str| CallError::Failed(what.to_owned());
    let uri: Uri = request.url.expose().parse().map_err(|_| failed("the address cannot be read"))?;
    let host = uri.host().ok_or_else(|| failed("the address has no host"))?.to_owned();
    let is_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let stream = connect(reach, &host, port).await?;
    let request = head(&uri, request)?;
    if is_tls {
        let stream = match trust {
            Some(trust) => tls::wrap_trusting(trust, &host, stream).await,
            None => tls::wrap(reach, &host, stream).await,
        };
        let stream = stream.map_err(CallError::Failed)?;
        talk(stream, request, reach.most_bytes).await
    } else {
        talk(stream, request, reach.most_bytes).await
    }
}

fn head(uri: &Uri, request: Outgoing) -> Result<Request<Full<Bytes>>, CallError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let mut built = Request::builder()
        .method(
            Method::from_bytes(request.method.as_bytes())
                .map_err(|error| CallError::Failed(error.to_string()))?,
        )
        .uri(path)
        .header(HOST, authority)
        .header(USER_AGENT, concat!("haechi/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value.expose())
            .map_err(|_| CallError::Failed(format!("the header `{name}` cannot be sent")))?;
        value.set_sensitive(true);
        built = built.header(name, value);
    }
    built.body(Full::new(Bytes::from(request.body))).map_err(|error| CallError::Failed(error.to_string()))
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>, most: usize) -> Result<Reply, CallError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| CallError::Failed(error.to_string());
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        read(response, most).await
    };
    tokio::pin!(answer, connection);
    // The connection works as long as the answer is read; when it ends first, the answer says why.
    tokio::select! {
        reply = &mut answer => reply,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            // Many servers end without a word once they have answered: what came counts.
            Err(error) => answer.await.map_err(|_| failed(error)),
        },
    }
}

async fn read(response: Response<Incoming>, most: usize) -> Result<Reply, CallError> {
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let mut is_cut = false;
    let mut incoming = response.into_body();
    while let Some(frame) = incoming.frame().await {
        // The status is what counts; a body that breaks off after it is judged as far as it came.
        let Ok(frame) = frame else {
            is_cut = true;
            break;
        };
        if let Some(data) = frame.data_ref() {
            let room = most.saturating_sub(body.len());
            body.extend_from_slice(data.get(..data.len().min(room)).unwrap_or_default());
            if data.len() > room {
                is_cut = true;
                break;
            }
        }
    }
    Ok(Reply { status, retry_after, body, is_cut })
}

//! One request, one connection: alerts are rare, and a connection that was kept may be dead when it is needed.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::guard::{ReachError, connect};
use super::tls;
use crate::receivers::{HttpRequest, Receiver, Reply};

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;
/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 << 10;

/// Why there is no answer. Holds nothing of the request: its address may be secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error("{0}")]
    Failed(String),
    #[error("no answer within {} seconds", .0.as_secs())]
    Late(Duration),
}

pub(super) async fn send(receiver: &Receiver, request: HttpRequest) -> Result<Reply, SendError> {
    let limit = receiver.timeout;
    tokio::time::timeout(limit, exchange(receiver, request)).await.unwrap_or(Err(SendError::Late(limit)))
}

async fn exchange(receiver: &Receiver, request: HttpRequest) -> Result<Reply, SendError> {
    let failed = |what: &str| SendError::Failed(what.to_owned());
    let uri: Uri = request.url.expose().parse().map_err(|_| failed("the address cannot be read"))?;
    let host = uri.host().ok_or_else(|| failed("the address has no host"))?.to_owned();
    let is_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let stream = connect(receiver, &host, port).await?;
    let request = head(&uri, request)?;
    if is_tls {
        let stream = tls::wrap(receiver, &host, stream).await.map_err(SendError::Failed)?;
        talk(stream, request).await
    } else {
        talk(stream, request).await
    }
}

fn head(uri: &Uri, request: HttpRequest) -> Result<Request<Full<Bytes>>, SendError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let mut built = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, authority)
        .header(USER_AGENT, concat!("haechi/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value.expose())
            .map_err(|_| SendError::Failed(format!("the header `{name}` cannot be sent")))?;
        value.set_sensitive(true);
        built = built.header(name, value);
    }
    built.body(Full::new(Bytes::from(request.body))).map_err(|error| SendError::Failed(error.to_string()))
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Reply, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| SendError::Failed(error.to_string());
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        read(response).await
    };
    tokio::pin!(answer, connection);
    // The connection works as long as the answer is read; when it ends first, the answer says why.
    tokio::select! {
        reply = &mut answer => reply,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(failed(error)),
        },
    }
}

async fn read(response: Response<Incoming>) -> Result<Reply, SendError> {
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let mut incoming = response.into_body();
    while let Some(frame) = incoming.frame().await {
        // The status is what counts; a body that breaks off after it is judged as far as it came.
        let Ok(frame) = frame else { break };
        if let Some(data) = frame.data_ref() {
            let room = MAX_ANSWER.saturating_sub(body.len());
            body.extend_from_slice(data.get(..data.len().min(room)).unwrap_or_default());
            if body.len() >= MAX_ANSWER {
                break;
            }
        }
    }
    Ok(Reply { status, retry_after, body })
}

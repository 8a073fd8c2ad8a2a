//! External data from the providers themselves: Gatekeeper's `Provider` objects among the policies say where they are, how
//! long they may take and whose certificate is trusted. Nobody is asked unless the user says so.
//!
//! As in Gatekeeper, a provider is asked by HTTPS with TLS 1.3 and its own `caBundle` only. What is no whole answer in time
//! is an error of the policy that asked, never an answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_objects::Object;
use haechi_policy::gatekeeper::{ExternalAnswer, ExternalData};
use haechi_syntax::Node;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const GROUP: &str = "externaldata.gatekeeper.sh";
/// The version that is spoken, whatever version the object has.
const VERSION: &str = "externaldata.gatekeeper.sh/v1beta1";
/// How long a provider may take that says nothing about it, and at most.
const TIMEOUT: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(30);
/// Most bytes of an answer.
const MAX_ANSWER: usize = 4 << 20;

/// The providers that the policies name; one that cannot be asked is kept with the reason.
#[derive(Debug, Default)]
pub(crate) struct Providers(BTreeMap<String, Result<Provider, String>>);

#[derive(Debug)]
struct Provider {
    url: Uri,
    host: String,
    timeout: Duration,
    tls: Arc<ClientConfig>,
}

/// The part of an answer that is read.
#[derive(Debug, Deserialize)]
struct Answer {
    kind: String,
    response: Response,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    system_error: String,
}

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: Json,
    #[serde(default)]
    error: String,
}

impl Providers {
    /// The providers among objects.
    pub(crate) fn among<'d>(objects: impl Iterator<Item = Object<'d>>) -> Self {
        let providers = objects.filter(|object| object.is(GROUP, "Provider"));
        Self(providers.map(|object| (object.name().to_owned(), Provider::read(object))).collect())
    }
}

impl Provider {
    fn read(object: Object<'_>) -> Result<Self, String> {
        let field = |name: &str| object.node().at(&["spec", name]);
        let text = |name: &str| field(name).and_then(Node::as_str).filter(|text| !text.is_empty());
        let url = text("url").ok_or("`spec.url` is missing")?;
        let url: Uri = url.parse().map_err(|_| format!("`spec.url` `{url}` is no address"))?;
        if url.scheme_str() != Some("https") {
            return Err("`spec.url` must begin with `https://`: Gatekeeper asks no other".into());
        }
        let host = url.host().ok_or("`spec.url` names no host")?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let timeout = match field("timeout").map(|node| (node, node.as_i64())) {
            None | Some((_, Some(0))) => TIMEOUT,
            Some((_, Some(seconds @ 1..))) => Duration::from_secs(seconds.unsigned_abs()).min(LONGEST),
            Some(_) => return Err("`spec.timeout` is a number of seconds".into()),
        };
        let bundle = text("caBundle").ok_or("`spec.caBundle` is missing: without it nobody is trusted")?;
        Ok(Self { url, host, timeout, tls: trust(bundle)? })
    }

    /// Asks in a thread of its own, so that whoever asks may itself run anywhere.
    fn ask(&self, keys: &[&str]) -> Result<Answer, String> {
        let body = json!({"apiVersion": VERSION, "kind": "ProviderRequest", "request": {"keys": keys}});
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let answer = runtime.block_on(async {
                tokio::time::timeout(self.timeout, self.exchange(body.to_string())).await
            });
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
            answer.unwrap_or_else(|_| Err(format!("no answer within {} s", self.timeout.as_secs())))
        };
        let answer = std::thread::scope(|scope| scope.spawn(work).join());
        let answer = answer.unwrap_or_else(|_| Err("asking the provider failed".into()))?;
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|error| format!("its answer cannot be read: {error}"))?;
        match answer.kind.as_str() {
            "ProviderResponse" => Ok(answer),
            other => Err(format!("it answers with `{other}` and not with a `ProviderResponse`")),
        }
    }

    async fn exchange(&self, body: String) -> Result<Bytes, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", self.host);
        let port = self.url.port_u16().unwrap_or(443);
        let stream = TcpStream::connect((self.host.as_str(), port)).await.map_err(|error| failed(&error))?;
        let name = ServerName::try_from(self.host.clone()).map_err(|error| failed(&error))?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let stream = stream.map_err(|error| failed(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        let request = Request::post(self.url.path_and_query().map_or("/", |path| path.as_str()))
            .header(HOST, self.url.authority().map(|authority| authority.as_str()).unwrap_or_default())
            .header(USER_AGENT, concat!("haechi/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| failed(&error))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
            if response.status() != StatusCode::OK {
                return Err(format!("it answers with status {}", response.status().as_u16()));
            }
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            Ok(body.map_err(|error| failed(&error))?.to_bytes())
        };
        tokio::pin!(answer, connection);
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(failed(&error)),
            },
        }
    }
}

/// Trusts the authorities of a `caBundle` and nobody else.
fn trust(bundle: &str) -> Result<Arc<ClientConfig>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("`spec.caBundle`: {error}");
    let packed: String = bundle.split_whitespace().collect();
    let pem = STANDARD.decode(packed).map_err(|error| wrong(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err("`spec.caBundle` holds no certificate".into());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| wrong(&error))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

impl ExternalData for Providers {
    fn ask(&self, provider: &str, keys: &[&str]) -> Result<ExternalAnswer, String> {
        let known = self.0.get(provider).ok_or("there is no Provider of this name among the policies")?;
        let Answer { response, .. } = known.as_ref().map_err(Clone::clone)?.ask(keys)?;
        let mut answer = ExternalAnswer {
            status_code: StatusCode::OK.as_u16().into(),
            system_error: response.system_error,
            ..ExternalAnswer::default()
        };
        for Item { key, value, error } in response.items {
            match error.is_empty() {
                true => answer.responses.push((key, value)),
                false => answer.errors.push((key, error)),
            }
        }
        Ok(answer)
    }
}

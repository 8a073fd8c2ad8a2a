//! External data from the providers themselves: Gatekeeper's `Provider` objects among the policies say where they are, how
//! long they may take and whose certificate is trusted. Nobody is asked unless the user says so.
//!
//! As in Gatekeeper, a provider is asked by HTTPS with TLS 1.3 and its own `caBundle` only. What is no whole answer in time
//! is an error of the policy that asked, never an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_objects::Object;
use haechi_outbound::Reply;
use haechi_outbound::call::{Reach, Request, Trust, call_trusting};
use haechi_outbound::secret::Secret;
use haechi_policy::gatekeeper::{ExternalAnswer, ExternalData, ExternalError};
use haechi_syntax::Node;
use serde::Deserialize;
use serde_json::{Value as Json, json};

const GROUP: &str = "externaldata.gatekeeper.sh";
/// The version that is spoken, whatever version the object has.
const VERSION: &str = "externaldata.gatekeeper.sh/v1beta1";
/// How long a provider may take that says nothing about it, and at most.
const TIMEOUT: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(30);
/// Most bytes of an answer.
const MAX_ANSWER: usize = 4 << 20;
/// The one status of an answer.
const OK: u16 = 200;

/// The providers that the policies name; one that cannot be asked is kept with the reason.
#[derive(Debug, Default)]
pub(crate) struct Providers(BTreeMap<String, Result<Provider, String>>);

#[derive(Debug)]
struct Provider {
    url: String,
    timeout: Duration,
    trust: Trust,
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
        if !url.starts_with("https://") {
            return Err("`spec.url` must begin with `https://`: Gatekeeper asks no other".into());
        }
        let timeout = match field("timeout").map(|node| (node, node.as_i64())) {
            None | Some((_, Some(0))) => TIMEOUT,
            Some((_, Some(seconds @ 1..))) => Duration::from_secs(seconds.unsigned_abs()).min(LONGEST),
            Some(_) => return Err("`spec.timeout` is a number of seconds".into()),
        };
        let bundle = text("caBundle").ok_or("`spec.caBundle` is missing: without it nobody is trusted")?;
        let packed: String = bundle.split_whitespace().collect();
        let pem = STANDARD.decode(packed).map_err(|error| format!("`spec.caBundle`: {error}"))?;
        let trust = Trust::only(&pem).map_err(|error| format!("`spec.caBundle`: {error}"))?;
        Ok(Self { url: url.to_owned(), timeout, trust })
    }

    /// Asks in a thread of its own, so that whoever asks may itself run anywhere.
    fn ask(&self, keys: &[&str]) -> Result<Answer, ExternalError> {
        let body = json!({"apiVersion": VERSION, "kind": "ProviderRequest", "request": {"keys": keys}});
        let request = Request {
            method: "POST",
            url: Secret::new(self.url.as_str()),
            headers: vec![("content-type".to_owned(), Secret::new("application/json"))],
            body: body.to_string().into_bytes(),
        };
        let reach =
            Reach { ca_file: None, allows_link_local: false, timeout: self.timeout, most_bytes: MAX_ANSWER };
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let reply = runtime.block_on(call_trusting(reach, &self.trust, request));
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
            reply.map_err(|error| error.to_string())
        };
        let reply = std::thread::scope(|scope| scope.spawn(work).join());
        let reply = reply.unwrap_or_else(|_| Err("the thread that asks ended".to_owned()));
        let Reply { status, body, is_cut, .. } = reply.map_err(ExternalError::Unreachable)?;
        if status != OK {
            return Err(ExternalError::Status(status));
        }
        if is_cut {
            return Err(ExternalError::CutOff);
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|error| ExternalError::Unreadable(error.to_string()))?;
        match answer.kind.as_str() {
            "ProviderResponse" => Ok(answer),
            other => Err(ExternalError::Kind(other.to_owned())),
        }
    }
}

impl ExternalData for Providers {
    fn ask(&self, provider: &str, keys: &[&str]) -> Result<ExternalAnswer, ExternalError> {
        let known = self.0.get(provider).ok_or(ExternalError::NoProvider)?;
        let known = known.as_ref().map_err(|why| ExternalError::Provider(why.clone()))?;
        let Answer { response, .. } = known.ask(keys)?;
        let mut answer = ExternalAnswer {
            status_code: OK.into(),
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

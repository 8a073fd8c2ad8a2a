//! The provider: what it says about itself, its keys, and the exchange of a code for a token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;

use super::jwt::{self, Key, TokenError};
use super::{OidcError, OidcSettings};
use crate::access::Secret;
use crate::fetch::{Fetched, Fetcher};

/// How long what the provider says about itself is believed, and its keys.
const FRESH: Duration = Duration::from_secs(3600);

/// What a provider says about itself.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) authorization: String,
    token: String,
    keys: String,
    /// Where it tells more about a person than the identity token holds.
    userinfo: Option<String>,
    /// Whether the secret goes into the form, since the provider takes it nowhere else.
    secret_in_form: bool,
}

#[derive(Debug, Default)]
struct Cache {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys: Option<(Arc<Vec<Key>>, Instant)>,
}

#[derive(Debug)]
pub(super) struct Provider {
    fetcher: Fetcher,
    cache: Mutex<Cache>,
}

fn json(fetched: &Fetched, what: &'static str) -> Result<Json, OidcError> {
    if fetched.status != StatusCode::OK {
        return Err(OidcError::Provider { what, detail: format!("status {}", fetched.status.as_u16()) });
    }
    serde_json::from_slice(&fetched.body)
        .map_err(|error| OidcError::Provider { what, detail: error.to_string() })
}

fn https(document: &Json, key: &'static str) -> Result<String, OidcError> {
    match document.get(key).and_then(Json::as_str) {
        Some(url) if url.starts_with("https://") => Ok(url.to_owned()),
        _ => Err(OidcError::Provider { what: key, detail: "it is no https address".to_owned() }),
    }
}

impl Provider {
    pub(super) fn new(fetcher: Fetcher) -> Self {
        Self { fetcher, cache: Mutex::default() }
    }

    /// What it says about itself.
    pub(super) async fn metadata(&self, settings: &OidcSettings) -> Result<Arc<Metadata>, OidcError> {
        let mut cache = self.cache.lock().await;
        if let Some((metadata, since)) = &cache.metadata
            && since.elapsed() < FRESH
        {
            return Ok(metadata.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
        let document = json(&self.fetcher.get(&url).await?, "openid-configuration")?;
        // Exactly: whoever answers for another issuer may vouch for anybody.
        if document.get("issuer").and_then(Json::as_str) != Some(settings.issuer.as_str()) {
            let detail = "it is another one than was configured".to_owned();
            return Err(OidcError::Provider { what: "issuer", detail });
        }
        let methods = document.get("token_endpoint_auth_methods_supported").and_then(Json::as_array);
        let takes = |method: &str| {
            methods.is_some_and(|methods| methods.iter().any(|known| known.as_str() == Some(method)))
        };
        let metadata = Arc::new(Metadata {
            authorization: https(&document, "authorization_endpoint")?,
            token: https(&document, "token_endpoint")?,
            keys: https(&document, "jwks_uri")?,
            // Asked only where it is needed: that it is no https address is told then.
            userinfo: document.get("userinfo_endpoint").and_then(Json::as_str).map(str::to_owned),
            // Where nothing is said, a header is what every provider takes.
            secret_in_form: takes("client_secret_post") && !takes("client_secret_basic"),
        });
        cache.metadata = Some((metadata.clone(), Instant::now()));
        Ok(metadata)
    }

    /// Its keys; asked for again when they are old, or `is_missing` one and some time has gone by.
    async fn keys(&self, settings: &OidcSettings, is_missing: bool) -> Result<Arc<Vec<Key>>, OidcError> {
        let metadata = self.metadata(settings).await?;
        let mut cache = self.cache.lock().await;
        if let Some((keys, since)) = &cache.keys {
            let age = since.elapsed();
            // Tokens with made-up keys must not make us ask over and over.
            if age < FRESH && !(is_missing && age >= settings.keys_pause) {
                return Ok(keys.clone());
            }
        }
        let fetched = self.fetcher.get(&metadata.keys).await?;
        if fetched.status != StatusCode::OK {
            let detail = format!("status {}", fetched.status.as_u16());
            return Err(OidcError::Provider { what: "jwks_uri", detail });
        }
        let keys = Arc::new(jwt::keys(&fetched.body)?);
        cache.keys = Some((keys.clone(), Instant::now()));
        Ok(keys)
    }

    /// The claims of a token that one of the provider's keys signed.
    pub(super) async fn verify(
        &self,
        settings: &OidcSettings,
        token: &str,
    ) -> Result<Map<String, Json>, OidcError> {
        let known = self.keys(settings, false).await?;
        match jwt::verify(token, &known) {
            Err(TokenError::UnknownKey(_)) => {
                let keys = self.keys(settings, true).await?;
                Ok(jwt::verify(token, &keys)?)
            }
            other => Ok(other?),
        }
    }

    /// What else the provider tells of a person; nothing where it tells no more than the identity token holds. It has to be about
    /// the same person.
    pub(super) async fn userinfo(
        &self,
        settings: &OidcSettings,
        tokens: &Tokens,
        subject: &str,
    ) -> Result<Option<Map<String, Json>>, OidcError> {
        const WHAT: &str = "userinfo_endpoint";
        let metadata = self.metadata(settings).await?;
        let (Some(url), Some(access)) = (&metadata.userinfo, &tokens.access) else { return Ok(None) };
        let told = json(&self.fetcher.get_as(url, access.reveal()).await?, WHAT)?;
        let Json::Object(claims) = told else {
            return Err(OidcError::Provider { what: WHAT, detail: "the answer is no object".to_owned() });
        };
        // Else somebody could be given the groups of another one (OpenID Connect Core, 5.3.2).
        if claims.get("sub").and_then(Json::as_str) != Some(subject) {
            return Err(OidcError::Token("what the provider tells is about somebody else".to_owned()));
        }
        Ok(Some(claims))
    }

    /// The tokens that the provider gives for a code.
    pub(super) async fn exchange(
        &self,
        settings: &OidcSettings,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, OidcError> {
        let metadata = self.metadata(settings).await?;
        // Read each time: it may be changed while the service runs, and is kept nowhere.
        let secret = settings.secret.as_ref().map(super::SecretFrom::read).transpose()?;
        let fields = Fields { settings, code, verifier };
        let (form, header) = match &secret {
            Some(secret) if !metadata.secret_in_form => {
                // Both are encoded as in a form before they are put together (RFC 6749, 2.3.1).
                let encode =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                (fields.form(None, false), Some((encode(&settings.client), encode(secret.reveal()))))
            }
            secret => (fields.form(secret.as_ref().map(Secret::reveal), true), None),
        };
        let credentials = header.as_ref().map(|(name, password)| (name.as_str(), password.as_str()));
        let fetched = self.fetcher.post(&metadata.token, credentials, form).await?;
        if matches!(
            fetched.status,
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        ) {
            // `error` is a word of a fixed list; what it describes may hold anything.
            let body: Json = serde_json::from_slice(&fetched.body).unwrap_or_default();
            let word = body.get("error").and_then(Json::as_str).unwrap_or("unknown");
            return Err(OidcError::Refused(super::word(word)));
        }
        let document = json(&fetched, "token_endpoint")?;
        let text = |key: &str| document.get(key).and_then(Json::as_str);
        let identity = text("id_token").map(str::to_owned).ok_or(OidcError::Provider {
            what: "token_endpoint",
            detail: "there is no id_token in the answer".to_owned(),
        })?;
        // A token of another kind has to be shown in another way than ours.
        let is_bearer = text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        let access = text("access_token").filter(|_| is_bearer).map(Secret::of);
        Ok(Tokens { identity, access })
    }
}

/// What the provider gives for a code.
#[derive(Debug)]
pub(super) struct Tokens {
    /// Says who it is, signed.
    pub(super) identity: String,
    /// Opens what the provider tells of them.
    pub(super) access: Option<Secret>,
}

/// What is asked for a code.
struct Fields<'f> {
    settings: &'f OidcSettings,
    code: &'f str,
    verifier: &'f str,
}

impl Fields<'_> {
    fn form(&self, secret: Option<&str>, names_client: bool) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", self.code)
            .append_pair("redirect_uri", &self.settings.redirect())
            .append_pair("code_verifier", self.verifier);
        if names_client {
            form.append_pair("client_id", &self.settings.client);
        }
        if let Some(secret) = secret {
            form.append_pair("client_secret", secret);
        }
        form.finish()
    }
}

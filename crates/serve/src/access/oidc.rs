//! Logging in through an identity provider (OpenID Connect, authorization code flow with PKCE).
//!
//! ```text
//! /login/oidc ─► cookie with a fresh secret ─► provider ─► /login/oidc/callback?code&state
//!     state, nonce and verifier are digests of the secret: nothing is kept, any instance can go on
//! callback ─► state fits the cookie, is young, was not used ─► code + verifier ─► token ─► signature, issuer,
//!     audience, nonce, times ─► groups ─► role ─► session as after a password
//! ```
//!
//! A group that is not mapped to a role opens nothing, and whoever has no role any more loses the sessions that are left.

mod jwt;
mod provider;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use haechi_store::accounts::Role;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use self::jwt::{Expected, TokenError};
use self::provider::Provider;
use super::{Secret, same};
use crate::clock;
use crate::fetch::{FetchError, Fetcher};

/// Seconds between the beginning and the end of a login.
const LASTS_S: i64 = 600;
/// Logins whose end is remembered, so that none ends twice.
const USED: usize = 10_000;
/// Most bytes of a secret's file.
const SECRET: u64 = 64 << 10;
/// Most groups of a person that are looked at.
const GROUPS: usize = 5000;

/// Where the client's secret is read, each time that it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFrom {
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
}

impl SecretFrom {
    fn read(&self) -> Result<Secret, OidcError> {
        let (name, text) = match self {
            SecretFrom::File(path) => (path.display().to_string(), read_file(path)),
            SecretFrom::Environment(name) => {
                (name.clone(), std::env::var(name).map_err(|error| error.to_string()))
            }
        };
        match text.as_deref().map(str::trim) {
            Ok("") => Err(OidcError::Secret { name, detail: "it is empty".to_owned() }),
            Ok(text) => Ok(Secret::of(text)),
            Err(detail) => Err(OidcError::Secret { name, detail: detail.to_owned() }),
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(SECRET).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// How logging in through a provider is set up.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider, exactly as it calls itself.
    pub issuer: String,
    /// What the provider calls this service.
    pub client: String,
    /// The secret that goes with it; none for a public client.
    pub secret: Option<SecretFrom>,
    /// The address of this service as browsers know it, such as `https://haechi.example`.
    pub url: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that holds groups; with dots, a path of claims.
    pub groups_claim: String,
    /// The claim that holds the name.
    pub name_claim: String,
    /// What members of a group may do.
    pub roles: BTreeMap<String, Role>,
    /// Authorities that the provider's certificate is signed by; the system's if none.
    pub authorities: Option<PathBuf>,
    /// Seconds that the provider's clock may differ.
    pub skew_s: i64,
    /// Least time between two looks at the provider's keys for one that is not known.
    pub keys_pause: Duration,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client: String::new(),
            secret: None,
            url: String::new(),
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            groups_claim: "groups".to_owned(),
            name_claim: "preferred_username".to_owned(),
            roles: BTreeMap::new(),
            authorities: None,
            skew_s: 60,
            keys_pause: Duration::from_secs(10),
        }
    }
}

impl OidcSettings {
    fn redirect(&self) -> String {
        format!("{}/login/oidc/callback", self.url.trim_end_matches('/'))
    }
}

/// Why nobody was let in.
#[derive(Debug, Clone, Error)]
pub enum OidcError {
    /// A setting that cannot be.
    #[error("`{key}` of `serve.oidc`: {fault}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        fault: SettingFault,
    },
    /// The client's secret cannot be read.
    #[error("the client's secret cannot be read from `{name}`: {detail}")]
    Secret {
        /// The file or variable.
        name: String,
        /// What went wrong.
        detail: String,
    },
    /// The provider does not answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The provider answers something that it should not.
    #[error("the identity provider's `{what}` is of no use: {detail}")]
    Provider {
        /// What of it.
        what: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The provider refused.
    #[error("the identity provider refused: {0}")]
    Refused(String),
    /// The answer belongs to no login that this browser began, or to one that is over.
    #[error("this login was not begun here, is over, or took too long")]
    State,
    /// The token is not believed.
    #[error("{0}")]
    Token(String),
    /// No group has a role.
    #[error("none of the person's groups has a role")]
    NoRole {
        /// Who it was at the provider.
        subject: String,
    },
    /// The system has no randomness.
    #[error("{0}")]
    Internal(String),
}

/// What is wrong with a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SettingFault {
    /// Only `https` is asked.
    #[error("it is no https address")]
    NoHttps,
    /// Nothing stands there.
    #[error("it is empty")]
    Empty,
    /// Nobody could log in.
    #[error("no group has a role, so nobody could log in")]
    NoRoles,
    /// Beyond the bounds.
    #[error("it is not between 0 and 600 seconds")]
    Skew,
}

impl From<TokenError> for OidcError {
    fn from(error: TokenError) -> Self {
        Self::Token(error.to_string())
    }
}

impl OidcError {
    /// What the provider said instead of a code.
    pub(crate) fn of_answer(error: &str) -> Self {
        Self::Refused(word(error))
    }

    /// Whether somebody tried, and was not let in; otherwise something does not work.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::State | Self::Token(_) | Self::NoRole { .. })
    }
}

/// A word from outside for logs and the journal.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(64).collect()
}

/// Who came through the provider, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Who it is there, for good.
    pub subject: String,
    /// The name that they go by.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
}

/// A login that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The cookie.
    pub(crate) cookie: String,
    /// Where the browser goes.
    pub(crate) location: String,
    /// Seconds that the cookie lasts.
    pub(crate) lasts_s: i64,
}

#[derive(Debug, Default)]
struct Used {
    known: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

/// Logging in through a provider.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    provider: Provider,
    used: Mutex<Used>,
}

/// A digest of the secret for one purpose: who knows one of them cannot tell another.
fn derived(secret: &str, purpose: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"haechi oidc v1\n");
    hash.update(purpose.as_bytes());
    hash.update(b"\n");
    hash.update(secret.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

impl Oidc {
    /// Checks the settings. The provider is asked when somebody logs in: it may start after us.
    ///
    /// # Errors
    /// Settings that cannot be; a secret or a file of authorities that cannot be read.
    pub fn open(settings: OidcSettings) -> Result<Self, OidcError> {
        let wrong = |key, fault| OidcError::Setting { key, fault };
        for (key, url) in [("issuer", &settings.issuer), ("url", &settings.url)] {
            let rest = url.strip_prefix("https://").ok_or_else(|| wrong(key, SettingFault::NoHttps))?;
            if rest.is_empty() || rest.contains(['?', '#', '@', ' ']) {
                return Err(wrong(key, SettingFault::NoHttps));
            }
        }
        if settings.client.is_empty() {
            return Err(wrong("client-id", SettingFault::Empty));
        }
        if settings.roles.is_empty() {
            return Err(wrong("roles", SettingFault::NoRoles));
        }
        if !(0..=600).contains(&settings.skew_s) {
            return Err(wrong("clock-skew", SettingFault::Skew));
        }
        settings.secret.as_ref().map(SecretFrom::read).transpose()?;
        let provider = Provider::new(Fetcher::new(settings.authorities.as_deref())?);
        Ok(Self { settings, provider, used: Mutex::default() })
    }

    /// The provider, as people know it.
    pub(crate) fn name(&self) -> &str {
        let rest = self.settings.issuer.trim_start_matches("https://");
        rest.split('/').next().unwrap_or(rest)
    }

    /// The provider.
    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Begins a login.
    pub(crate) async fn begin(&self) -> Result<Begun, OidcError> {
        let metadata = self.provider.metadata(&self.settings).await?;
        let secret = Secret::new().map_err(|error| OidcError::Internal(error.to_string()))?;
        let cookie = format!("{}.{}", secret.reveal(), clock::now_s());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(derived(&cookie, "verifier").as_bytes()));
        let mut scope = "openid".to_owned();
        for more in self.settings.scopes.iter().filter(|more| *more != "openid") {
            scope.push(' ');
            scope.push_str(more);
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client)
            .append_pair("redirect_uri", &self.settings.redirect())
            .append_pair("scope", &scope)
            .append_pair("state", &derived(&cookie, "state"))
            .append_pair("nonce", &derived(&cookie, "nonce"))
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let joint = if metadata.authorization.contains('?') { '&' } else { '?' };
        let location = format!("{}{joint}{query}", metadata.authorization);
        Ok(Begun { cookie, location, lasts_s: LASTS_S })
    }

    /// Whether an answer belongs to a login that began with this cookie, a short while ago; and ends it.
    pub(crate) fn end(&self, cookie: &str, state: &str) -> Result<(), OidcError> {
        let begun = cookie.rsplit_once('.').and_then(|(_, time)| time.parse::<i64>().ok());
        let age = begun.map(|begun| clock::now_s().saturating_sub(begun));
        // Another instance, whose clock is a little ahead, may have begun it.
        let is_young = age.is_some_and(|age| (-self.settings.skew_s..=LASTS_S).contains(&age));
        if !is_young || !same(state, &derived(cookie, "state")) {
            return Err(OidcError::State);
        }
        let mark: [u8; 32] = Sha256::digest(state.as_bytes()).into();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.known.insert(mark) {
            return Err(OidcError::State);
        }
        used.order.push_back(mark);
        if used.order.len() > USED
            && let Some(oldest) = used.order.pop_front()
        {
            used.known.remove(&oldest);
        }
        Ok(())
    }

    /// Who it is that the provider gave the code for.
    pub(crate) async fn finish(&self, cookie: &str, code: &str) -> Result<Identity, OidcError> {
        let verifier = derived(cookie, "verifier");
        let tokens = self.provider.exchange(&self.settings, code, &verifier).await?;
        let mut claims = self.provider.verify(&self.settings, &tokens.identity).await?;
        let subject = jwt::check(
            &claims,
            &Expected {
                issuer: &self.settings.issuer,
                client: &self.settings.client,
                nonce: &derived(cookie, "nonce"),
                now_s: clock::now_s(),
                skew_s: self.settings.skew_s,
            },
        )?;
        // What is signed counts, even if it names no group; only where it says nothing of groups the provider is asked.
        if self.groups(&claims).is_none()
            && let Some(more) = self.provider.userinfo(&self.settings, &tokens, &subject).await?
        {
            for (claim, value) in more {
                let known = claims.entry(claim).or_insert(Json::Null);
                if known.is_null() {
                    *known = value;
                }
            }
        }
        let Some(role) = self.role(&claims) else { return Err(OidcError::NoRole { subject }) };
        let name = claims.get(&self.settings.name_claim).and_then(Json::as_str).map(str::to_owned);
        Ok(Identity { issuer: self.settings.issuer.clone(), subject, name, role })
    }

    /// What is said of groups, if anything is.
    fn groups<'c>(&self, claims: &'c Map<String, Json>) -> Option<&'c Json> {
        let path = &self.settings.groups_claim;
        // A claim may have dots in its own name.
        let value = claims.get(path).or_else(|| {
            let mut parts = path.split('.');
            let first = claims.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        });
        value.filter(|value| !value.is_null())
    }

    /// The highest role of all groups.
    fn role(&self, claims: &Map<String, Json>) -> Option<Role> {
        let value = self.groups(claims)?;
        let groups: Vec<&str> = match value {
            Json::String(one) => vec![one],
            Json::Array(all) => all.iter().filter_map(Json::as_str).take(GROUPS).collect(),
            _ => Vec::new(),
        };
        groups.into_iter().filter_map(|group| self.settings.roles.get(group)).max().copied()
    }
}

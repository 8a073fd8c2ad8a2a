//! Signed tokens as identity providers make them: exactly two algorithms, each with keys of its own kind.
//!
//! The token says by which algorithm it was signed, and lies where somebody forged it. So the algorithm decides nothing: it
//! must be one of the two, and the key must be of the kind that belongs to it. There is no kind for secrets that are shared,
//! and none for no signature at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value as Json};
use thiserror::Error;

/// Most bytes of a token.
const TOKEN: usize = 64 << 10;
/// Most keys of a provider that are kept.
const KEYS: usize = 64;

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum TokenError {
    #[error("the token is none: {0}")]
    Malformed(&'static str),
    #[error("the token is signed by `{0}`, which is none of RS256, ES256")]
    Algorithm(String),
    #[error("the provider has no key `{0}`")]
    UnknownKey(String),
    #[error("the signature does not fit")]
    Signature,
    #[error("the token's `{0}` does not fit")]
    Claim(&'static str),
}

/// A key of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    id: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
}

impl Kind {
    const fn algorithm(&self) -> &'static str {
        match self {
            Kind::Rsa { .. } => "RS256",
            Kind::P256(_) => "ES256",
        }
    }
}

fn text<'j>(object: &'j Json, key: &str) -> Option<&'j str> {
    object.get(key).and_then(Json::as_str)
}

fn number(object: &Json, key: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text(object, key)?).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

/// The keys of a set that verify signatures by one of the two algorithms; others are left out.
pub(super) fn keys(set: &[u8]) -> Result<Vec<Key>, TokenError> {
    let set: Json = serde_json::from_slice(set).map_err(|_| TokenError::Malformed("the keys are no JSON"))?;
    let keys = set.get("keys").and_then(Json::as_array).ok_or(TokenError::Malformed("there are no keys"))?;
    Ok(keys.iter().filter_map(key).take(KEYS).collect())
}

fn key(key: &Json) -> Option<Key> {
    let verifies = key
        .get("key_ops")
        .and_then(Json::as_array)
        .is_none_or(|operations| operations.iter().any(|operation| operation.as_str() == Some("verify")));
    if !verifies || text(key, "use").is_some_and(|of| of != "sig") {
        return None;
    }
    let kind = match (text(key, "kty")?, text(key, "crv")) {
        ("RSA", _) => Kind::Rsa { n: number(key, "n")?, e: number(key, "e")? },
        ("EC", Some("P-256")) => {
            let (x, y) = (
                URL_SAFE_NO_PAD.decode(text(key, "x")?).ok()?,
                URL_SAFE_NO_PAD.decode(text(key, "y")?).ok()?,
            );
            if (x.len(), y.len()) != (32, 32) {
                return None;
            }
            Kind::P256([&[4], x.as_slice(), &y].concat())
        }
        _ => return None,
    };
    if text(key, "alg").is_some_and(|algorithm| algorithm != kind.algorithm()) {
        return None;
    }
    Some(Key { id: text(key, "kid").map(str::to_owned), kind })
}

/// What a token says, if one of the keys signed it.
pub(super) fn verify(token: &str, keys: &[Key]) -> Result<Map<String, Json>, TokenError> {
    if token.len() > TOKEN {
        return Err(TokenError::Malformed("it is too long"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts.as_slice() else {
        return Err(TokenError::Malformed("it has not three parts"));
    };
    let signed = token.get(..head.len() + 1 + claims.len()).unwrap_or_default();
    let open =
        |part: &str| -> Option<Json> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let head = open(head).ok_or(TokenError::Malformed("its head is no JSON"))?;
    let algorithm = text(&head, "alg").unwrap_or_default();
    if !matches!(algorithm, "RS256" | "ES256") {
        return Err(TokenError::Algorithm(algorithm.chars().take(32).collect()));
    }
    // What must be understood and is not must not be passed over.
    if head.get("crit").is_some() {
        return Err(TokenError::Malformed("it has parts that must be understood"));
    }
    let id = text(&head, "kid");
    let fits = |key: &&Key| key.kind.algorithm() == algorithm;
    let mut of_id = keys.iter().filter(|key| id.is_none() || key.id.as_deref() == id).filter(fits);
    let unknown = || TokenError::UnknownKey(id.unwrap_or_default().chars().take(128).collect());
    let key = match (of_id.next(), of_id.next()) {
        (Some(key), None) => key,
        // Without an id there must be no choice.
        _ => return Err(unknown()),
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Signature)?;
    let verified = match &key.kind {
        Kind::Rsa { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        }
        Kind::P256(point) => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature)
        }
    };
    verified.map_err(|_| TokenError::Signature)?;
    match open(claims) {
        Some(Json::Object(claims)) => Ok(claims),
        _ => Err(TokenError::Malformed("it says nothing")),
    }
}

/// What a token must say to be meant for this login.
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client: &'e str,
    pub(super) nonce: &'e str,
    pub(super) now_s: i64,
    /// Seconds that the provider's clock may differ.
    pub(super) skew_s: i64,
}

/// Holds what a token says against what it must say; the subject that it is about.
pub(super) fn check(claims: &Map<String, Json>, expected: &Expected<'_>) -> Result<String, TokenError> {
    let wrong = |claim| Err(TokenError::Claim(claim));
    let text = |claim: &str| claims.get(claim).and_then(Json::as_str);
    if text("iss") != Some(expected.issuer) {
        return wrong("iss");
    }
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    if !audience.contains(&expected.client) {
        return wrong("aud");
    }
    // A token for several is for us if it was made for us.
    match (claims.get("azp"), audience.len()) {
        (None, 1) => {}
        (Some(Json::String(party)), _) if party == expected.client => {}
        _ => return wrong("azp"),
    }
    // Numbers of seconds may have a fraction.
    #[expect(clippy::cast_possible_truncation, reason = "a time beyond all bounds is saturated, and refused")]
    let time = |claim: &str| claims.get(claim).and_then(Json::as_f64).map(|seconds| seconds as i64);
    let (latest, earliest) = (expected.now_s + expected.skew_s, expected.now_s - expected.skew_s);
    if time("exp").is_none_or(|until| until <= earliest) {
        return wrong("exp");
    }
    if time("iat").is_none_or(|made| made > latest) {
        return wrong("iat");
    }
    if claims.contains_key("nbf") && time("nbf").is_none_or(|from| from > latest) {
        return wrong("nbf");
    }
    if !text("nonce").is_some_and(|nonce| crate::access::same(nonce, expected.nonce)) {
        return wrong("nonce");
    }
    match text("sub") {
        Some(subject) if !subject.is_empty() && subject.len() <= 255 => Ok(subject.to_owned()),
        _ => wrong("sub"),
    }
}

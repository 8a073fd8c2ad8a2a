//! A provider on a socket of its own, as good or as bad as a test wants it, and a browser that goes there and back.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use haechi_store::accounts::Role;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Oidc, OidcError, OidcSettings, SecretFrom};
use crate::clock::now_s;
use crate::tests::keys::rsa_key;
use crate::tests::{Credentials, World, json as body_json, text as body_text, world_with_oidc};

/// How a token is signed.
#[derive(Clone)]
enum Sign {
    Rsa(&'static str),
    Ec(&'static str),
    None,
    /// By a secret, which is what everybody may read of the key.
    PublicKeyAsSecret,
    /// Says one algorithm and is signed by the other.
    EcUnderRsaKey,
    Tampered,
}

/// What the provider knows and does.
struct Provider {
    issuer: String,
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    rsa_id: &'static str,
    ec_id: &'static str,
    sign: Sign,
    head: Json,
    claims: Json,
    challenge: String,
    nonce: String,
    secret: String,
    discovery: Json,
    asked_keys: usize,
    asked_tokens: Vec<(String, Option<String>)>,
    /// What comes with the identity token.
    tokens: Json,
    /// What is told of a person, and how.
    userinfo: (StatusCode, Json),
    asked_userinfo: Vec<Option<String>>,
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    fn keys(&self) -> Json {
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let point = self.ec.public_key().as_ref();
        json!({"keys": [
            {"kty": "oct", "kid": "o", "k": "c2VjcmV0"},
            {"kty": "RSA", "kid": self.rsa_id, "use": "sig", "alg": "RS256",
                "n": encoded(&public.n),
                "e": encoded(&public.e)},
            {"kty": "EC", "kid": self.ec_id, "use": "sig", "crv": "P-256",
                "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
        ]})
    }

    fn token(&self) -> String {
        let (algorithm, id) = match self.sign {
            Sign::Rsa(id) => ("RS256", id),
            Sign::Ec(id) => ("ES256", id),
            Sign::None => ("none", self.rsa_id),
            Sign::PublicKeyAsSecret => ("HS256", self.rsa_id),
            Sign::EcUnderRsaKey => ("ES256", self.rsa_id),
            Sign::Tampered => ("RS256", self.rsa_id),
        };
        let mut head = json!({"alg": algorithm, "kid": id, "typ": "JWT"});
        merge(&mut head, &self.head);
        let mut claims = json!({
            "iss": self.issuer, "aud": "haechi", "sub": "248289761001", "nonce": self.nonce,
            "iat": now_s(), "exp": now_s() + 300, "preferred_username": "kim", "groups": ["staff", "sec-ops"],
        });
        merge(&mut claims, &self.claims);
        let signed = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
        let random = SystemRandom::new();
        let rsa = |text: &str| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
            signature
        };
        let ec = |text: &str| self.ec.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec();
        let signature = match self.sign {
            Sign::Rsa(_) => rsa(&signed),
            Sign::Ec(_) | Sign::EcUnderRsaKey => ec(&signed),
            Sign::None => Vec::new(),
            Sign::PublicKeyAsSecret => {
                let public = self.rsa.public_key().as_ref();
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public);
                ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            Sign::Tampered => rsa(&format!("{signed}x")),
        };
        format!("{signed}.{}", encoded(signature))
    }

    fn answer(&mut self, path: &str, form: &str, authorization: Option<String>) -> (StatusCode, Json) {
        match path {
            "/.well-known/openid-configuration" => (StatusCode::OK, self.discovery.clone()),
            "/keys" => {
                self.asked_keys += 1;
                (StatusCode::OK, self.keys())
            }
            "/token" => {
                let fields: BTreeMap<String, String> =
                    form_urlencoded::parse(form.as_bytes()).into_owned().collect();
                self.asked_tokens.push((form.to_owned(), authorization.clone()));
                let verifier = fields.get("code_verifier").cloned().unwrap_or_default();
                let knows = authorization
                    == Some(format!("Basic {}", STANDARD.encode(format!("haechi:{}", self.secret))));
                let fits = fields["grant_type"] == "authorization_code"
                    && fields["redirect_uri"] == "https://haechi.test/login/oidc/callback"
                    && fields["code"] == "the code"
                    && encoded(Sha256::digest(verifier.as_bytes())) == self.challenge;
                match (knows, fits) {
                    (true, true) => {
                        let mut tokens = json!({"id_token": self.token(), "token_type": "Bearer"});
                        merge(&mut tokens, &self.tokens);
                        (StatusCode::OK, tokens)
                    }
                    (true, false) => (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"})),
                    (false, _) => (StatusCode::UNAUTHORIZED, json!({"error": "invalid_client"})),
                }
            }
            "/userinfo" => {
                self.asked_userinfo.push(authorization);
                self.userinfo.clone()
            }
            _ => (StatusCode::NOT_FOUND, Json::Null),
        }
    }
}

fn merge(into: &mut Json, more: &Json) {
    for (key, value) in more.as_object().into_iter().flatten() {
        match value {
            Json::Null => drop(into.as_object_mut().unwrap().remove(key)),
            value => into[key] = value.clone(),
        }
    }
}

struct Place {
    provider: Arc<Mutex<Provider>>,
    settings: OidcSettings,
    folder: tempfile::TempDir,
}

/// Starts a provider.
async fn provider() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let authority = folder.path().join("provider.pem");
    std::fs::write(&authority, made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("secret"), "s3cret\n").unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("https://localhost:{}", socket.local_addr().unwrap().port());
    let random = SystemRandom::new();
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let provider = Arc::new(Mutex::new(Provider {
        rsa: RsaKeyPair::from_pkcs8(&rsa_key()).unwrap(),
        ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap(),
        rsa_id: "r1",
        ec_id: "e1",
        sign: Sign::Rsa("r1"),
        head: json!({}),
        claims: json!({}),
        challenge: String::new(),
        nonce: String::new(),
        secret: "s3cret".to_owned(),
        discovery: json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        }),
        asked_keys: 0,
        asked_tokens: Vec::new(),
        tokens: json!({}),
        userinfo: (StatusCode::OK, Json::Null),
        asked_userinfo: Vec::new(),
        issuer: issuer.clone(),
    }));
    let serving = provider.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let (acceptor, provider) = (acceptor.clone(), serving.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let provider = provider.clone();
                    async move {
                        let path = request.uri().path().to_owned();
                        let authorization = request.headers().get(header::AUTHORIZATION);
                        let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
                        let form = request.into_body().collect().await.unwrap().to_bytes();
                        let form = String::from_utf8(form.to_vec()).unwrap();
                        let (status, body) = provider.lock().unwrap().answer(&path, &form, authorization);
                        let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
                        *response.status_mut() = status;
                        Ok::<_, Infallible>(response)
                    }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    let roles = [("sec-ops", Role::Operator), ("leads", Role::Approver), ("owners", Role::Admin)];
    let settings = OidcSettings {
        issuer,
        client: "haechi".to_owned(),
        secret: Some(SecretFrom::File(folder.path().join("secret"))),
        url: "https://haechi.test".to_owned(),
        roles: roles.map(|(group, role)| (group.to_owned(), role)).into(),
        authorities: Some(authority),
        keys_pause: Duration::ZERO,
        ..OidcSettings::default()
    };
    Place { provider, settings, folder }
}

/// What the browser holds between going and coming back.
struct Going {
    cookie: String,
    state: String,
    location: String,
}

impl Place {
    fn world(&self) -> World {
        world_with_oidc(Some(Oidc::open(self.settings.clone()).unwrap()))
    }

    /// Goes to the provider, which lets everybody in.
    async fn go(&self, world: &World) -> Going {
        let response = get(world, "/login/oidc", "").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let location = response.headers()[header::LOCATION].to_str().unwrap().to_owned();
        let line = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        for part in ["__Host-haechi-oidc=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
            assert!(line.contains(part), "{line}");
        }
        let query: BTreeMap<String, String> =
            form_urlencoded::parse(location.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["redirect_uri"], "https://haechi.test/login/oidc/callback");
        assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
        let mut provider = self.provider.lock().unwrap();
        provider.challenge = query["code_challenge"].clone();
        provider.nonce = query["nonce"].clone();
        let cookie = line.split(';').next().unwrap().to_owned();
        Going { cookie, state: query["state"].clone(), location }
    }

    async fn come_back(&self, world: &World, going: &Going) -> Response<Body> {
        get(world, &format!("/login/oidc/callback?code=the+code&state={}", going.state), &going.cookie).await
    }

    async fn log_in(&self, world: &World) -> Response<Body> {
        let going = self.go(world).await;
        self.come_back(world, &going).await
    }
}

async fn get(world: &World, path: &str, cookie: &str) -> Response<Body> {
    let request = Request::get(path).header(header::HOST, "haechi.test").header(header::COOKIE, cookie);
    world.send(request.body(Body::empty()).unwrap()).await
}

fn session(response: &Response<Body>) -> Option<Credentials> {
    let lines = response.headers().get_all(header::SET_COOKIE);
    let line =
        lines.iter().map(|line| line.to_str().unwrap()).find(|line| line.starts_with("__Host-haechi="))?;
    assert!(
        line.contains("SameSite=Strict") && line.contains("HttpOnly") && line.contains("Secure"),
        "{line}"
    );
    Some(Credentials { cookie: line.split(';').next().map(str::to_owned), ..Credentials::default() })
}

async fn who(world: &World, session: &Credentials) -> Option<(String, String)> {
    let response = get(world, "/api/session", session.cookie.as_deref().unwrap()).await;
    if response.status() != StatusCode::OK {
        return None;
    }
    let told = body_json(response).await;
    Some((told["user"].as_str()?.to_owned(), told["role"].as_str()?.to_owned()))
}

async fn journal(world: &World) -> String {
    let store = world.app.access.store().clone();
    let entries = tokio::task::spawn_blocking(move || store.journal(0, 500).unwrap()).await.unwrap();
    entries
        .iter()
        .map(|entry| format!("{} {} {} {}\n", entry.actor, entry.act, entry.subject, entry.details))
        .collect()
}

#[tokio::test]
async fn who_the_provider_vouches_for_is_let_in_with_the_role_of_the_group() {
    let place = provider().await;
    for sign in [Sign::Rsa("r1"), Sign::Ec("e1")] {
        let world = place.world();
        place.provider.lock().unwrap().sign = sign;
        let response = place.log_in(&world).await;
        assert_eq!(response.status(), StatusCode::OK);
        let session = session(&response).expect("a session");
        assert_eq!(who(&world, &session).await, Some(("kim".to_owned(), "operator".to_owned())));
        let page = body_text(response).await;
        assert!(page.contains("<meta http-equiv=\"refresh\" content=\"0; url=/\">"), "{page}");
        let journal = journal(&world).await;
        for act in ["user.created user:kim", "login.succeeded user:kim"] {
            assert!(journal.contains(act), "{journal}");
        }
        assert!(!journal.contains("s3cret") && !journal.contains("the code"), "{journal}");
        // The second time the account is there.
        assert!(super::tests::session(&place.log_in(&world).await).is_some());
        assert_eq!(world.app.access.users().await.unwrap().len(), 1);
        // A password opens nothing that the provider guards.
        assert!(world.app.access.log_in("kim", "", "1", None).await.is_err());
    }
    let asked = &place.provider.lock().unwrap().asked_tokens;
    assert!(asked.iter().all(|(form, _)| !form.contains("s3cret")), "the secret goes in the header");
}

#[tokio::test]
async fn no_forged_or_foreign_token_lets_anybody_in() {
    let place = provider().await;
    let now = now_s();
    let good = Sign::Rsa("r1");
    let of_claims = |claims: Json| (good.clone(), json!({}), claims);
    let of_sign = |sign: Sign| (sign, json!({}), json!({}));
    let cases = [
        ("issuer", of_claims(json!({"iss": "https://other.example"}))),
        ("issuer with a slash", of_claims(json!({"iss": format!("{}/", place.settings.issuer)}))),
        ("audience", of_claims(json!({"aud": "other"}))),
        ("no audience", of_claims(json!({"aud": null}))),
        ("several audiences, made for nobody", of_claims(json!({"aud": ["haechi", "other"]}))),
        (
            "several audiences, made for another",
            of_claims(json!({"aud": ["haechi", "other"], "azp": "other"})),
        ),
        ("made for another", of_claims(json!({"azp": "other"}))),
        ("nonce", of_claims(json!({"nonce": "another"}))),
        ("no nonce", of_claims(json!({"nonce": null}))),
        ("expired", of_claims(json!({"exp": now - 61}))),
        ("never expires", of_claims(json!({"exp": null}))),
        ("expires in words", of_claims(json!({"exp": (now + 300).to_string()}))),
        ("from the future", of_claims(json!({"iat": now + 120}))),
        ("not yet", of_claims(json!({"nbf": now + 120}))),
        ("not yet, in words", of_claims(json!({"nbf": "soon"}))),
        ("of nobody", of_claims(json!({"sub": ""}))),
        ("of a number", of_claims(json!({"sub": 7}))),
        ("no signature", of_sign(Sign::None)),
        ("secret", of_sign(Sign::PublicKeyAsSecret)),
        ("key of another kind", of_sign(Sign::EcUnderRsaKey)),
        ("tampered", of_sign(Sign::Tampered)),
        ("unknown key", of_sign(Sign::Rsa("r9"))),
        ("key of the other kind by name", of_sign(Sign::Rsa("e1"))),
        ("secret by its own key", (Sign::PublicKeyAsSecret, json!({"kid": "o"}), json!({}))),
        ("odd spelling of none", (Sign::None, json!({"alg": "nOnE"}), json!({}))),
        ("must be understood", (good.clone(), json!({"crit": ["b64"], "b64": false}), json!({}))),
        (
            "a key that it brings along",
            (Sign::Tampered, json!({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}), json!({})),
        ),
    ];
    for (what, (sign, head, claims)) in cases {
        let world = place.world();
        {
            let mut provider = place.provider.lock().unwrap();
            (provider.sign, provider.head, provider.claims) = (sign, head, claims);
        }
        let response = place.log_in(&world).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{what}");
        assert!(session(&response).is_none(), "{what}");
        assert!(world.app.access.users().await.unwrap().is_empty(), "{what}");
        assert!(journal(&world).await.contains("login.refused"), "{what}");
    }
    // What lies within the difference of clocks is good, and so is a token for several that was made for us.
    for claims in [
        json!({"exp": now - 30, "iat": now + 30, "nbf": now + 30}),
        json!({"aud": ["other", "haechi"], "azp": "haechi"}),
        json!({"aud": ["haechi"]}),
    ] {
        let world = place.world();
        {
            let mut provider = place.provider.lock().unwrap();
            (provider.sign, provider.head, provider.claims) = (good.clone(), json!({}), claims);
        }
        assert_eq!(place.log_in(&world).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_rotated_key_is_found_and_made_up_keys_do_not_make_us_ask_over_and_over() {
    let mut place = provider().await;
    let world = place.world();
    assert_eq!(place.log_in(&world).await.status(), StatusCode::OK);
    assert_eq!(place.provider.lock().unwrap().asked_keys, 1);
    assert_eq!(place.log_in(&world).await.status(), StatusCode::OK);
    assert_eq!(place.provider.lock().unwrap().asked_keys, 1, "keys are kept");
    {
        let mut provider = place.provider.lock().unwrap();
        (provider.rsa_id, provider.sign) = ("r2", Sign::Rsa("r2"));
    }
    assert_eq!(place.log_in(&world).await.status(), StatusCode::OK);
    assert_eq!(place.provider.lock().unwrap().asked_keys, 2);
    place.provider.lock().unwrap().sign = Sign::Rsa("r1");
    assert_eq!(place.log_in(&world).await.status(), StatusCode::UNAUTHORIZED, "the old key is gone");

    place.settings.keys_pause = Duration::from_secs(3600);
    let world = place.world();
    let before = place.provider.lock().unwrap().asked_keys;
    for _ in 0..3 {
        assert_eq!(place.log_in(&world).await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(place.provider.lock().unwrap().asked_keys, before + 1);
}

#[tokio::test]
async fn an_answer_counts_once_and_only_in_the_browser_that_began() {
    let place = provider().await;
    let world = place.world();
    let going = place.go(&world).await;
    let other = place.go(&world).await;
    let path = |state: &str| format!("/login/oidc/callback?code=the+code&state={state}");
    for (state, cookie, what) in [
        (going.state.as_str(), "", "no cookie: the answer was put under somebody's hands"),
        (going.state.as_str(), other.cookie.as_str(), "the cookie of another login"),
        ("", going.cookie.as_str(), "no state"),
        ("x", going.cookie.as_str(), "another state"),
    ] {
        let response = get(&world, &path(state), cookie).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{what}");
        assert!(session(&response).is_none(), "{what}");
    }
    assert!(!journal(&world).await.contains("login."), "what anybody may do fills no journal");
    // Its time cannot be made later: state and verifier hang on it.
    let (secret, time) = going.cookie.rsplit_once('.').unwrap();
    let later = format!("{secret}.{}", time.parse::<i64>().unwrap() + 1);
    assert_eq!(get(&world, &path(&going.state), &later).await.status(), StatusCode::BAD_REQUEST);
    let old = format!("{}.{}", "__Host-haechi-oidc=x", now_s() - 601);
    let value = old.split_once('=').unwrap().1;
    let state = super::derived(value, "state");
    assert_eq!(get(&world, &path(&state), &old).await.status(), StatusCode::BAD_REQUEST, "too old");

    let response = place.come_back(&world, &other).await;
    assert_eq!(response.status(), StatusCode::OK);
    let replayed = place.come_back(&world, &other).await;
    assert_eq!(replayed.status(), StatusCode::BAD_REQUEST, "the provider would have taken the code again");
    assert!(session(&replayed).is_none());
}

#[tokio::test]
async fn nothing_in_a_request_leads_elsewhere() {
    let place = provider().await;
    let world = place.world();
    for path in [
        "/login/oidc?next=https://evil.example&redirect_uri=https://evil.example",
        "/login/oidc?url=//evil.example",
    ] {
        let response = get(&world, path, "").await;
        let location = response.headers()[header::LOCATION].to_str().unwrap();
        assert!(location.starts_with(&format!("{}/authorize?", place.settings.issuer)), "{location}");
        assert!(!location.contains("evil"), "{location}");
    }
    let going = place.go(&world).await;
    assert!(
        !going.location.contains(going.cookie.split('=').nth(1).unwrap()),
        "the secret stays in the browser"
    );
    let path = format!(
        "/login/oidc/callback?code=the+code&state={}&next=//evil.example&redirect=https://evil.example",
        going.state
    );
    let response = get(&world, &path, &going.cookie).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().get(header::LOCATION).is_none());
    assert!(!body_text(response).await.contains("evil"));
    let foreign =
        Request::get("/login/oidc").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    assert_eq!(world.send(foreign).await.status(), StatusCode::MISDIRECTED_REQUEST);
    // An answer of another provider, which the browser was led to meanwhile (RFC 9207).
    let going = place.go(&world).await;
    let path = format!("/login/oidc/callback?code=the+code&state={}&iss=https://evil.example", going.state);
    assert_eq!(get(&world, &path, &going.cookie).await.status(), StatusCode::UNAUTHORIZED);
    // What a provider says instead of a code is shown to nobody as it is.
    let going = place.go(&world).await;
    let path = format!("/login/oidc/callback?error=%3Cscript%3Ex&state={}", going.state);
    let response = get(&world, &path, &going.cookie).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!body_text(response).await.contains("script"));
}

#[tokio::test]
async fn groups_decide_what_somebody_may_do_each_time_anew() {
    let place = provider().await;
    let world = place.world();
    let claims = |claims: Json| place.provider.lock().unwrap().claims = claims;
    let first = session(&place.log_in(&world).await).unwrap();
    claims(json!({"groups": ["sec-ops", "owners", "leads"]}));
    let second = session(&place.log_in(&world).await).unwrap();
    assert_eq!(who(&world, &second).await.unwrap().1, "admin", "the highest of all");
    assert_eq!(who(&world, &first).await, None, "a session with another role ends");
    for groups in [
        json!({"groups": ["staff"]}),
        json!({"groups": []}),
        json!({"groups": null}),
        json!({"groups": {"sec-ops": true}}),
    ] {
        claims(json!({"groups": ["sec-ops"]}));
        let left = session(&place.log_in(&world).await).unwrap();
        claims(groups);
        let response = place.log_in(&world).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(session(&response).is_none());
        assert_eq!(who(&world, &left).await, None, "who has no role there has none here");
    }
    claims(json!({"groups": "leads"}));
    let third = session(&place.log_in(&world).await).unwrap();
    assert_eq!(who(&world, &third).await.unwrap().1, "approver", "one group need not be a list");
    world.app.access.change_user("kim", None, Some(true), "test".to_owned()).await.unwrap();
    let response = place.log_in(&world).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "a locked account stays locked");

    let mut place = place;
    place.settings.groups_claim = "realm_access.roles".to_owned();
    place.provider.lock().unwrap().claims = json!({"sub": "2", "realm_access": {"roles": ["leads"]}});
    let world = place.world();
    assert_eq!(who(&world, &session(&place.log_in(&world).await).unwrap()).await.unwrap().1, "approver");
}

#[tokio::test]
async fn groups_that_the_token_says_nothing_of_are_asked_for() {
    const SUBJECT: &str = "248289761001";
    let place = provider().await;
    let with = |claims: Json, tokens: Json, status: StatusCode, told: Json| {
        let mut provider = place.provider.lock().unwrap();
        let userinfo = format!("{}/userinfo", provider.issuer);
        provider.discovery["userinfo_endpoint"] = json!(userinfo);
        (provider.claims, provider.tokens, provider.userinfo) = (claims, tokens, (status, told));
        provider.asked_userinfo.clear();
    };
    let none = || json!({"groups": null});
    let token = || json!({"access_token": "at-1"});
    let told = |groups: Json| json!({"sub": SUBJECT, "groups": groups, "exp": 0, "aud": "other"});
    let asked = || place.provider.lock().unwrap().asked_userinfo.clone();

    with(none(), token(), StatusCode::OK, told(json!(["leads"])));
    let world = place.world();
    let left = session(&place.log_in(&world).await).expect("a session");
    assert_eq!(who(&world, &left).await, Some(("kim".to_owned(), "approver".to_owned())));
    assert_eq!(asked(), [Some("Bearer at-1".to_owned())]);
    assert!(!journal(&world).await.contains("at-1"));
    // What is signed counts, whatever is told beside it.
    with(json!({"groups": ["sec-ops"]}), token(), StatusCode::OK, told(json!(["owners"])));
    let one = session(&place.log_in(&world).await).unwrap();
    assert_eq!(who(&world, &one).await.unwrap().1, "operator");
    with(json!({"groups": []}), token(), StatusCode::OK, told(json!(["owners"])));
    assert_eq!(place.log_in(&world).await.status(), StatusCode::FORBIDDEN);
    assert!(asked().is_empty(), "nobody was asked");

    // What each answer comes to, and whether somebody is let in by it.
    let long = "x".repeat(2 << 20);
    let cases = [
        ("no such group", token(), StatusCode::OK, told(json!(["staff"])), StatusCode::FORBIDDEN),
        ("no group at all", token(), StatusCode::OK, json!({"sub": SUBJECT}), StatusCode::FORBIDDEN),
        ("no access token", json!({}), StatusCode::OK, told(json!(["owners"])), StatusCode::FORBIDDEN),
        (
            "a token of another kind",
            json!({"access_token": "at-1", "token_type": "DPoP"}),
            StatusCode::OK,
            told(json!(["owners"])),
            StatusCode::FORBIDDEN,
        ),
        (
            "about somebody else",
            token(),
            StatusCode::OK,
            json!({"sub": "7", "groups": ["owners"]}),
            StatusCode::UNAUTHORIZED,
        ),
        ("about nobody", token(), StatusCode::OK, json!({"groups": ["owners"]}), StatusCode::UNAUTHORIZED),
        ("no object", token(), StatusCode::OK, json!(["owners"]), StatusCode::SERVICE_UNAVAILABLE),
        (
            "refused",
            token(),
            StatusCode::UNAUTHORIZED,
            told(json!(["owners"])),
            StatusCode::SERVICE_UNAVAILABLE,
        ),
        (
            "sent elsewhere",
            token(),
            StatusCode::FOUND,
            told(json!(["owners"])),
            StatusCode::SERVICE_UNAVAILABLE,
        ),
        ("too long", token(), StatusCode::OK, told(json!(["owners", long])), StatusCode::SERVICE_UNAVAILABLE),
        (
            "a token that no header can hold",
            json!({"access_token": "a\r\nx-evil: 1"}),
            StatusCode::OK,
            told(json!(["owners"])),
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    ];
    for (what, tokens, status, told, expected) in cases {
        let world = place.world();
        with(none(), tokens, status, told);
        let response = place.log_in(&world).await;
        assert_eq!(response.status(), expected, "{what}");
        assert!(session(&response).is_none(), "{what}");
        assert!(world.app.access.users().await.unwrap().is_empty(), "{what}");
    }
    // It has to be https, and somewhere.
    for endpoint in [json!("http://localhost/userinfo"), json!("ftp://x"), json!("https://u@localhost/x")] {
        with(none(), token(), StatusCode::OK, told(json!(["owners"])));
        place.provider.lock().unwrap().discovery["userinfo_endpoint"] = endpoint;
        let world = place.world();
        assert_eq!(place.log_in(&world).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    // Groups that lie deeper, and a name that only stands there.
    let mut place = place;
    place.settings.groups_claim = "realm_access.roles".to_owned();
    {
        let mut provider = place.provider.lock().unwrap();
        provider.discovery["userinfo_endpoint"] = json!(format!("{}/userinfo", place.settings.issuer));
        provider.claims = json!({"preferred_username": null});
        provider.tokens = json!({"access_token": "at-2", "token_type": "bearer"});
        let told =
            json!({"sub": SUBJECT, "realm_access": {"roles": ["leads"]}, "preferred_username": "park"});
        provider.userinfo = (StatusCode::OK, told);
    }
    let world = place.world();
    let session = session(&place.log_in(&world).await).unwrap();
    assert_eq!(who(&world, &session).await, Some(("park".to_owned(), "approver".to_owned())));
}

#[tokio::test]
async fn a_name_that_somebody_has_is_not_taken_over() {
    let place = provider().await;
    let world = place.world();
    world.user("kim", Role::Viewer).await;
    let one = session(&place.log_in(&world).await).unwrap();
    let (name, role) = who(&world, &one).await.unwrap();
    assert!(name.starts_with("kim+") && role == "operator", "{name}");
    assert_eq!(world.app.access.users().await.unwrap().len(), 2);
    place.provider.lock().unwrap().claims = json!({"sub": "other"});
    let other = session(&place.log_in(&world).await).unwrap();
    assert_ne!(who(&world, &other).await.unwrap().0, name, "another person of the same name");
    place.provider.lock().unwrap().claims = json!({"sub": "third", "preferred_username": "a/b <x>"});
    let third = session(&place.log_in(&world).await).unwrap();
    assert!(who(&world, &third).await.unwrap().0.starts_with("oidc-"));
}

#[tokio::test]
async fn a_provider_that_is_another_one_or_refuses_lets_nobody_in() {
    let place = provider().await;
    let good = place.provider.lock().unwrap().discovery.clone();
    for wrong in [
        json!({"issuer": "https://evil.example"}),
        json!({"token_endpoint": "http://localhost/token"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"jwks_uri": null}),
    ] {
        let mut discovery = good.clone();
        merge(&mut discovery, &wrong);
        place.provider.lock().unwrap().discovery = discovery;
        let world = place.world();
        let response = get(&world, "/login/oidc", "").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{wrong}");
    }
    place.provider.lock().unwrap().discovery = good;
    // The secret is read each time: a new one counts at once.
    place.provider.lock().unwrap().secret = "another".to_owned();
    let world = place.world();
    assert_eq!(place.log_in(&world).await.status(), StatusCode::UNAUTHORIZED);
    std::fs::write(place.folder.path().join("secret"), "another").unwrap();
    assert_eq!(place.log_in(&world).await.status(), StatusCode::OK);
    // Without the verifier of this login the code is worth nothing.
    let going = place.go(&world).await;
    place.provider.lock().unwrap().challenge = "of another login".to_owned();
    assert_eq!(place.come_back(&world, &going).await.status(), StatusCode::UNAUTHORIZED);
    // Whom the system does not trust vouches for nobody.
    let untrusted = OidcSettings { authorities: None, ..place.settings.clone() };
    let world = world_with_oidc(Some(Oidc::open(untrusted).unwrap()));
    assert_eq!(get(&world, "/login/oidc", "").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    // Where no provider is set up there is nothing.
    let world = world_with_oidc(None);
    assert_eq!(get(&world, "/login/oidc", "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&world, "/login/oidc/callback?code=x&state=y", "").await.status(), StatusCode::NOT_FOUND);
    let login = body_text(get(&world, "/login", "").await).await;
    assert!(!login.contains("oidc"), "{login}");
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_at_the_start() {
    let place = provider().await;
    let good = &place.settings;
    let wrong = [
        OidcSettings { issuer: "http://idp.example".to_owned(), ..good.clone() },
        OidcSettings { issuer: "https://kim@idp.example".to_owned(), ..good.clone() },
        OidcSettings { url: "haechi.test".to_owned(), ..good.clone() },
        OidcSettings { client: String::new(), ..good.clone() },
        OidcSettings { roles: BTreeMap::new(), ..good.clone() },
        OidcSettings { skew_s: 601, ..good.clone() },
        OidcSettings { secret: Some(SecretFrom::File(place.folder.path().join("none"))), ..good.clone() },
        OidcSettings { authorities: Some(place.folder.path().join("secret")), ..good.clone() },
    ];
    for settings in wrong {
        let error = Oidc::open(settings.clone()).map(drop).unwrap_err();
        assert!(!error.is_refusal() && !matches!(error, OidcError::Internal(_)), "{settings:?}");
    }
    Oidc::open(good.clone()).unwrap();
}

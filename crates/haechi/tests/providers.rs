//! Providers of external data are asked over TLS when the user says so, and what is no answer is never a pass.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value as Json, json};

const TEMPLATE: &str = "\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: signed}
spec:
  crd: {spec: {names: {kind: Signed}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package signed
      answer := external_data({\"provider\": \"signatures\", \"keys\": [c.image | c := input.review.object.spec.containers[_]]})
      violation[{\"msg\": msg}] { msg := sprintf(\"%v: %v\", answer.errors[_]) }
      violation[{\"msg\": msg}] { answer.system_error != \"\"; msg := answer.system_error }
      violation[{\"msg\": msg}] { [key, value] := answer.responses[_]; not value.trusted; msg := sprintf(\"%v: untrusted\", [key]) }
";

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: 'a:1'}, {name: b, image: 'b:2'}]}}";

/// A provider on this machine.
struct Server {
    port: u16,
    /// The `caBundle` that trusts it.
    bundle: String,
    asked: Arc<Mutex<Vec<Json>>>,
}

/// Answers each request with a whole HTTP answer; `None` never answers.
fn serve(answer: impl Fn(&Json) -> Option<String> + Send + 'static) -> Server {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate.der().to_vec())],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, socket.unwrap());
            let Some(request) = read(&mut stream) else { continue };
            seen.lock().unwrap().push(request.clone());
            match answer(&request) {
                Some(answer) => {
                    let _ = stream.write_all(answer.as_bytes());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
                None => std::thread::sleep(Duration::from_secs(20)),
            }
        }
    });
    Server { port, bundle: STANDARD.encode(issuer.pem()), asked }
}

fn read(stream: &mut impl std::io::Read) -> Option<Json> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("POST /validate?team=a HTTP/1.1\r\n"), "{head}");
            if let Ok(body) = serde_json::from_str(body) {
                return Some(body);
            }
        }
    }
}

fn ok(body: &Json) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn response(items: Json, system_error: &str) -> Json {
    json!({"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse",
        "response": {"idempotent": true, "items": items, "systemError": system_error}})
}

fn provider(port: u16, more: &str) -> String {
    format!(
        "{{apiVersion: externaldata.gatekeeper.sh/v1beta1, kind: Provider, metadata: {{name: signatures}}, spec: {{url: \
         'https://localhost:{port}/validate?team=a', {more}}}}}"
    )
}

/// The exit code and the output of `policy apply` with two constraints.
fn apply(provider: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let constraint = |name: &str| {
        format!(
            "{{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Signed, metadata: {{name: {name}}}, spec: {{parameters: {{}}}}}}"
        )
    };
    fs::create_dir(folder.path().join("p")).unwrap();
    let policies = [TEMPLATE, &constraint("one"), &constraint("two"), provider].join("\n---\n");
    fs::write(folder.path().join("p/p.yaml"), policies).unwrap();
    fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args([&["policy", "apply", "-p", "p", "pod.yaml"], arguments].concat())
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code().unwrap(), text)
}

const ASK: &[&str] = &["--ask-providers"];

#[test]
fn a_provider_is_asked_once_a_request_and_only_when_that_is_switched_on() {
    let server = serve(|request| {
        let keys = request["request"]["keys"].as_array().unwrap();
        let items: Vec<Json> =
            keys.iter().map(|key| json!({"key": key, "value": {"trusted": key == "a:1"}})).collect();
        Some(ok(&response(items.into(), "")))
    });
    let text = provider(server.port, &format!("timeout: 5, caBundle: {}", server.bundle));
    let (code, said) = apply(&text, &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("external data is switched off"), "{said}");
    assert_eq!(server.asked.lock().unwrap().len(), 0);
    let (code, said) = apply(&text, ASK);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("Signed/one: b:2: untrusted") && said.contains("Signed/two: b:2: untrusted"),
        "{said}"
    );
    assert!(!said.contains("a:1: untrusted"), "{said}");
    let asked = server.asked.lock().unwrap();
    let wanted = json!({"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest",
        "request": {"keys": ["a:1", "b:2"]}});
    assert_eq!(*asked, [wanted]);
}

#[test]
fn errors_of_keys_and_of_the_provider_reach_the_policy() {
    let server = serve(|_| {
        Some(ok(&response(json!([{"key": "a:1", "error": "no signature"}]), "the registry is away")))
    });
    let (code, said) =
        apply(&provider(server.port, &format!("timeout: 5, caBundle: {}", server.bundle)), ASK);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("a:1: no signature") && said.contains("the registry is away"), "{said}");
}

#[test]
fn what_is_no_answer_is_an_error_and_never_a_pass() {
    type Answer = fn() -> Option<String>;
    let answers: [(Answer, &str); 5] = [
        (|| Some("HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n".into()), "status 503"),
        (|| Some("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}}".into()), "cannot be read"),
        (|| Some("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"kind\"".into()), "breaks off"),
        (|| Some(ok(&json!({"kind": "ProviderRequest", "response": {}}))), "`ProviderRequest`"),
        (
            || Some(format!("HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n{}", " ".repeat(9_000_000))),
            "too long",
        ),
    ];
    for (answer, why) in answers {
        let server = serve(move |_| answer());
        let (code, said) =
            apply(&provider(server.port, &format!("timeout: 5, caBundle: {}", server.bundle)), ASK);
        assert_eq!(code, 3, "{why}: {said}");
        assert!(
            said.contains(why) && said.contains("the policy asks the provider `signatures`"),
            "{why}: {said}"
        );
    }
}

#[test]
fn a_slow_provider_is_not_waited_for_beyond_its_timeout() {
    let server = serve(|_| None);
    let start = Instant::now();
    let (code, said) =
        apply(&provider(server.port, &format!("timeout: 1, caBundle: {}", server.bundle)), ASK);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("no answer within 1 seconds"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn only_the_own_authority_is_trusted_and_only_over_https() {
    let server = serve(|_| Some(ok(&response(json!([]), ""))));
    let other = serve(|_| Some(ok(&response(json!([]), ""))));
    let port = server.port;
    for (provider, why) in [
        (provider(port, &format!("caBundle: {}", other.bundle)), "invalid peer certificate"),
        (provider(port, "timeout: 1"), "`spec.caBundle` is missing"),
        (provider(port, "caBundle: '%%'"), "`spec.caBundle`"),
        (
            provider(port, &format!("caBundle: {}", STANDARD.encode("no certificate"))),
            "there is no certificate in it",
        ),
        (provider(port, &format!("caBundle: {}", server.bundle)).replace("https:", "http:"), "`https://`"),
        (
            provider(port, &format!("caBundle: {}", server.bundle)).replace("localhost", "127.0.0.1"),
            "invalid peer certificate",
        ),
        (provider(port, &format!("timeout: soon, caBundle: {}", server.bundle)), "`spec.timeout`"),
        (provider(1, &format!("caBundle: {}", server.bundle)), "localhost: "),
        (provider(port, "").replace("name: signatures", "name: other"), "there is no Provider of this name"),
    ] {
        let (code, said) = apply(&provider, ASK);
        assert_eq!(code, 3, "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(server.asked.lock().unwrap().len(), 0);
}

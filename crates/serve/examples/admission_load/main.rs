//! `admission_load policies FOLDER [one|mixed]` writes 100 policies of two engines: 50 constraints of one template and 50 policies
//! that differ in a word, or 25 templates with two constraints each and 50 policies that are all different.
//! `admission_load ask ADDRESS DATA RATE SECONDS` asks a running `haechi serve` at a steady rate about a Pod of 16 KiB and
//! tells how long answers took, from the moment at which each was due: waiting for a free connection counts.
//!
//! ```sh
//! admission_load policies /tmp/policies mixed
//! haechi serve --listen 127.0.0.1:8443 --data /tmp/data --policies /tmp/policies &
//! admission_load ask 127.0.0.1:8443 /tmp/data 200 30
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring aid: it stops where something is wrong, and its output is the figure"
)]

mod mixed;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value as Json, json};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments[1].as_str() {
        "policies" => {
            let folder = Path::new(&arguments[2]);
            std::fs::create_dir_all(folder).expect("a folder");
            match arguments.get(3).map_or("one", String::as_str) {
                "one" => policies(folder),
                "mixed" => mixed::write(folder),
                other => panic_out(other),
            }
        }
        "ask" => ask(
            &arguments[2],
            Path::new(&arguments[3]),
            arguments[4].parse().expect("a rate"),
            arguments[5].parse().expect("seconds"),
        ),
        other => panic_out(other),
    }
}

fn panic_out(word: &str) {
    println!("`{word}` is none of `policies`, `ask`, `one`, `mixed`");
    std::process::exit(2);
}

/// 50 validating policies in CEL and 50 constraints in Rego, all about pods, all kept.
fn policies(folder: &Path) {
    let mut text = String::new();
    for index in 0..50 {
        let own = format!("object.spec.containers.all(c, !c.image.startsWith('bad-{index}/'))");
        let same = "object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged)";
        text.push_str(&cel(index, &[json!({"expression": own}), json!({"expression": same})]));
    }
    std::fs::write(folder.join("cel.json"), text).expect("a file");
    let rego = r#"package images
violation[{"msg": msg}] {
  container := input_containers[_]
  startswith(container.image, input.parameters.prefix)
  msg := sprintf("container <%v> has an image from <%v>", [container.name, input.parameters.prefix])
}
violation[{"msg": msg}] {
  container := input_containers[_]
  container.securityContext.privileged
  msg := sprintf("container <%v> is privileged", [container.name])
}
input_containers[c] { c := input.review.object.spec.containers[_] }
input_containers[c] { c := input.review.object.spec.initContainers[_] }
"#;
    let mut text = json!({
        "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "loadimages"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "LoadImages"}, "validation": {"openAPIV3Schema": {
                "type": "object", "properties": {"prefix": {"type": "string"}}}}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    })
    .to_string();
    for index in 0..50 {
        let constraint = json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "LoadImages",
            "metadata": {"name": format!("rego-{index}")},
            "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]},
                "parameters": {"prefix": format!("bad-{index}/")}},
        });
        text.push_str(&format!("\n{constraint}"));
    }
    std::fs::write(folder.join("rego.json"), text).expect("a file");
}

/// A policy in CEL about pods, with its binding.
fn cel(index: usize, validations: &[Json]) -> String {
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": format!("cel-{index}")},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}]},
            "validations": validations,
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": format!("cel-{index}")},
        "spec": {"policyName": format!("cel-{index}"), "validationActions": ["Deny"]},
    });
    format!("{policy}\n{binding}\n")
}

/// A review with a Pod of 16 KiB.
fn review() -> String {
    let mut containers: Vec<Json> = Vec::new();
    let pod = |containers: &[Json]| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "labels": {"app": "shop", "team": "shop"}},
            "spec": {"containers": containers},
        })
    };
    while pod(&containers).to_string().len() < 16 << 10 {
        let index = containers.len();
        let variables: Vec<Json> = (0..12)
            .map(|n| json!({"name": format!("VARIABLE_{n}"), "value": "a value of usual length"}))
            .collect();
        containers.push(json!({
            "name": format!("c{index}"), "image": format!("registry.example/shop/app-{index}:1.2.3"),
            "env": variables, "resources": {"limits": {"cpu": "1", "memory": "128Mi"}},
            "securityContext": {"privileged": false, "runAsNonRoot": true},
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        }));
    }
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "operation": "CREATE", "name": "p", "namespace": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "userInfo": {"username": "kim", "groups": ["system:authenticated"]}, "object": pod(&containers),
        },
    })
    .to_string()
}

fn connect(address: &str, config: &Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
    let socket = TcpStream::connect(address).expect("a connection");
    socket.set_nodelay(true).expect("no delay");
    let name = ServerName::try_from("localhost").expect("a name");
    StreamOwned::new(ClientConnection::new(config.clone(), name).expect("TLS"), socket)
}

fn ask(address: &str, data: &Path, rate: u32, seconds: u32) {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(data.join("tls/ca.pem")).expect("the authority");
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let key = std::fs::read_to_string(data.join("admission.key")).expect("the key");
    let body = review();
    let request = Arc::new(format!(
        "POST /admit/validate/{key}?timeout=10s HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    let (next, times) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let total = u64::from(rate) * u64::from(seconds);
    let start = Instant::now() + Duration::from_millis(500);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (config, request, next, times) =
                (config.clone(), request.clone(), next.clone(), times.clone());
            let address = address.to_owned();
            std::thread::spawn(move || {
                let mut stream = connect(&address, &config);
                let mut own = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= total {
                        break;
                    }
                    let due = start + Duration::from_secs(1) * u32::try_from(index).unwrap() / rate;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    stream.write_all(request.as_bytes()).expect("sent");
                    stream.flush().expect("sent");
                    let answer = read(&mut stream);
                    assert!(answer.contains("\"allowed\":true"), "{answer}");
                    own.push(due.elapsed());
                }
                times.lock().unwrap().append(&mut own);
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread");
    }
    let mut times = times.lock().unwrap();
    times.sort();
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index of a list"
        )]
        let index = ((times.len() as f64 * part) as usize).min(times.len() - 1);
        times[index]
    };
    println!(
        "{} requests of {} bytes at {rate}/s: p50 {:?}, p90 {:?}, p99 {:?}, most {:?}",
        times.len(),
        body.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        times[times.len() - 1]
    );
}

fn read(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let count = stream.read(&mut piece).expect("an answer");
        assert!(count > 0, "the connection ended");
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
        }
    }
}

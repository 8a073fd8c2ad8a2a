//! `intake_load tokens DATA` makes the tokens that are needed, in a folder that no service has open.
//! `intake_load send ADDRESS DATA PID RATE SECONDS [EVENTS]` sends lists of audit events to a running `haechi serve` as API
//! servers do, new ones at a steady rate, and tells what became of them and what that took. `EVENTS` is a file of audit
//! events, one in each line, that are sent over and over under new ids and times; without it they are of a usual kind.
//!
//! ```sh
//! intake_load tokens /tmp/data
//! haechi serve --listen 127.0.0.1:8443 --data /tmp/data --rules rules/ &
//! intake_load send 127.0.0.1:8443 /tmp/data $! 20000 60
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring aid: it stops where something is wrong, and its output is the figure"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use haechi_serve::access::{Access, AccessOptions, Scope};
use haechi_store::SqliteStore;
use haechi_store::sqlite::Options;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value as Json, json};

/// Events in a list: what an API server sends at most unless it is told otherwise.
const BATCH: u64 = 400;
/// Connections, each of which sends the next list when the one before was taken.
const SENDERS: usize = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("tokens") => tokens(Path::new(&arguments[2])),
        Some("send") => send(&Load {
            address: arguments[2].clone(),
            data: arguments[3].clone(),
            pid: arguments[4].clone(),
            rate: arguments[5].parse().expect("a rate"),
            seconds: arguments[6].parse().expect("seconds"),
            events: templates(arguments.get(7).map(Path::new)),
        }),
        _ => panic!("`tokens` or `send`"),
    }
}

fn tokens(data: &Path) {
    let store = Arc::new(SqliteStore::open(Options::new(data.join("store"))).expect("a store"));
    let access = Access::open(store, AccessOptions::default()).expect("accounts");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    for scope in [Scope::Intake, Scope::Read] {
        let made = runtime.block_on(access.add_token(scope, "load", None, None, "load".to_owned()));
        let (_, secret) = made.expect("a token");
        std::fs::write(data.join(format!("load-{scope}.token")), secret.reveal()).expect("a file");
    }
}

struct Load {
    address: String,
    data: String,
    pid: String,
    rate: u64,
    seconds: u64,
    events: Vec<Template>,
}

/// An event, and where what makes it another one stands in it.
struct Template {
    text: Vec<u8>,
    id: usize,
    times: Vec<usize>,
}

const ID: &str = "00000000-0000-4000-8000-000000000000";
const TIME: &str = "2026-01-01T00:00:00.000000Z";

impl Template {
    fn new(mut event: Json) -> Self {
        event["auditID"] = json!(ID);
        event["requestReceivedTimestamp"] = json!(TIME);
        event["stageTimestamp"] = json!(TIME);
        let text = event.to_string();
        let id = text.find(ID).expect("the id");
        let times = text.match_indices(TIME).map(|(at, _)| at).collect();
        Self { text: text.into_bytes(), id, times }
    }

    fn write(&self, number: u64, time: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&self.text);
        let id = format!("{number:012x}");
        let mixed = format!("{:08x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32);
        out[at + self.id..at + self.id + 8].copy_from_slice(mixed.as_bytes());
        out[at + self.id + 24..at + self.id + 36].copy_from_slice(id.as_bytes());
        for place in &self.times {
            out[at + place..at + place + TIME.len()].copy_from_slice(time);
        }
    }
}

fn templates(file: Option<&Path>) -> Vec<Template> {
    let Some(file) = file else { return usual() };
    let text = std::fs::read_to_string(file).expect("a file of events");
    let events = text.lines().map(|line| Template::new(serde_json::from_str(line).expect("JSON")));
    events.collect()
}

/// What fills most of an audit log: controllers and kubelets that look, now and then somebody who changes a thing.
fn usual() -> Vec<Template> {
    let event = |index: usize| {
        let (verb, resource, code) = match index % 20 {
            0..8 => ("get", "leases", 200),
            8..12 => ("update", "leases", 200),
            12..15 => ("list", "endpointslices", 200),
            15 | 16 => ("watch", "configmaps", 200),
            17 => ("patch", "pods", 200),
            18 => ("create", "pods", 201),
            _ => ("get", "secrets", 403),
        };
        let namespace = ["kube-system", "shop", "billing", "ingress"][index % 4];
        let name = format!("{resource}-{}", index % 50);
        let mut event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "",
            "stage": "ResponseComplete",
            "requestURI": format!("/api/v1/namespaces/{namespace}/{resource}/{name}?timeout=10s"), "verb": verb,
            "user": {"username": format!("system:node:node-{}", index % 30), "uid": "4f0d1c5a-8a3f-4c57-9a29-1d6a2a0a6c11",
                "groups": ["system:nodes", "system:authenticated"],
                "extra": {"authentication.kubernetes.io/credential-id":
                    ["X509SHA256=9c1c8c1b2b7b4f4b4b6c63c7a4ab6ac9b9b43cf6a4b3ac5d9c8f32d4eabf1c0d"]}},
            "sourceIPs": [format!("10.0.{}.{}", index % 7, index % 200)],
            "userAgent": "kubelet/v1.36.2 (linux/amd64) kubernetes/0123456",
            "objectRef": {"resource": resource, "namespace": namespace, "name": name, "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": code},
            "annotations": {"authorization.k8s.io/decision": if code == 403 { "forbid" } else { "allow" },
                "authorization.k8s.io/reason": "RBAC: allowed by ClusterRoleBinding \"system:node\" of ClusterRole \"system:node\" to Group \"system:nodes\""},
        });
        if verb == "create" {
            let containers: Vec<Json> = (0..3)
                .map(|n| {
                    json!({"name": format!("c{n}"), "image": format!("registry.example/shop/app-{n}:1.2.3"),
                    "env": [{"name": "LEVEL", "value": "info"}, {"name": "REGION", "value": "here"}],
                    "resources": {"limits": {"cpu": "1", "memory": "128Mi"}},
                    "securityContext": {"privileged": false, "runAsNonRoot": true},
                    "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets", "readOnly": true}]})
                })
                .collect();
            event["level"] = json!("Request");
            event["requestObject"] = json!({"kind": "Pod", "apiVersion": "v1",
                "metadata": {"generateName": "app-", "namespace": namespace, "labels": {"app": "app"}},
                "spec": {"containers": containers, "serviceAccountName": "app"}});
        }
        Template::new(event)
    };
    (0..200).map(event).collect()
}

fn config(data: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(Path::new(data).join("tls/ca.pem")).expect("the authority");
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: &str, config: &Arc<ClientConfig>) -> Stream {
    let socket = TcpStream::connect(address).expect("a connection");
    socket.set_nodelay(true).expect("no delay");
    let name = ServerName::try_from("localhost").expect("a name");
    StreamOwned::new(ClientConnection::new(config.clone(), name).expect("TLS"), socket)
}

/// What became of all.
#[derive(Default)]
struct Totals {
    received: AtomicU64,
    stored: AtomicU64,
    turned_away: AtomicU64,
    bytes: AtomicU64,
}

fn token(load: &Load, scope: &str) -> String {
    std::fs::read_to_string(Path::new(&load.data).join(format!("load-{scope}.token"))).expect("a token")
}

fn send(load: &Load) {
    let config = config(&load.data);
    let (next, totals, times, is_over) =
        (AtomicU64::new(0), Totals::default(), Mutex::new(Vec::new()), AtomicBool::new(false));
    // Ids must be new in a folder that was used before.
    let base = (std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs() & 0xff_ffff) << 24;
    let lists = load.rate * load.seconds / BATCH;
    let (cpu, own) = (cpu_s(&load.pid), cpu_s("self"));
    let begun = Instant::now();
    let peak = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| scope.spawn(|| sender(load, &config, (base, lists, begun), &next, &totals, &times)))
            .collect();
        let watcher = scope.spawn(|| watch(load, &config, &is_over));
        senders.into_iter().for_each(|sender| sender.join().expect("a sender"));
        is_over.store(true, Ordering::Relaxed);
        watcher.join().expect("a watcher")
    });
    let took = begun.elapsed().as_secs_f64();
    let (cpu, own) = (cpu_s(&load.pid) - cpu, cpu_s("self") - own);
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let stored = of(&totals.stored);
    println!(
        "{stored} events stored of {} received, {:.0} bytes each, in {took:.1} s: {:.0}/s; {} lists turned away",
        of(&totals.received),
        of(&totals.bytes) as f64 / (lists * BATCH) as f64,
        stored as f64 / took,
        of(&totals.turned_away),
    );
    println!(
        "service: {cpu:.1} s of CPU, {:.1} us each; peak {peak} KiB ({} KiB ever); sender: {own:.1} s of CPU",
        cpu * 1e6 / stored as f64,
        memory_kib(&load.pid, "VmHWM:"),
    );
    let mut times = times.into_inner().expect("times");
    times.sort();
    let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)];
    println!("a list took p50 {:?}, p99 {:?}, most {:?}", at(0.5), at(0.99), times[times.len() - 1]);
    assert_eq!(of(&totals.received), stored, "what is new is stored");
    assert_eq!(stored, lists * BATCH, "all of it");
}

fn sender(
    load: &Load,
    config: &Arc<ClientConfig>,
    (base, lists, begun): (u64, u64, Instant),
    next: &AtomicU64,
    totals: &Totals,
    times: &Mutex<Vec<Duration>>,
) {
    let mut stream = connect(&load.address, config);
    let token = token(load, "intake");
    let (mut body, mut own) = (Vec::new(), Vec::new());
    loop {
        let list = next.fetch_add(1, Ordering::Relaxed);
        if list >= lists {
            break;
        }
        let due = begun + Duration::from_secs_f64((list * BATCH) as f64 / load.rate as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        body.clear();
        body.extend_from_slice(
            br#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":["#,
        );
        let time = jiff_now();
        for index in 0..BATCH {
            let number = list * BATCH + index;
            if index > 0 {
                body.push(b',');
            }
            let template = &load.events[(number % load.events.len() as u64) as usize];
            template.write(base + number, time.as_bytes(), &mut body);
        }
        body.extend_from_slice(b"]}\n");
        totals.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        let head = format!(
            "POST /intake/audit HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            load.address,
            body.len()
        );
        let sent = Instant::now();
        loop {
            stream.write_all(head.as_bytes()).expect("sent");
            stream.write_all(&body).expect("sent");
            stream.flush().expect("sent");
            let (status, answer) = read(&mut stream);
            match status {
                200 => {
                    let receipt: Json = serde_json::from_str(&answer).expect("a receipt");
                    totals.received.fetch_add(receipt["received"].as_u64().unwrap(), Ordering::Relaxed);
                    totals.stored.fetch_add(receipt["stored"].as_u64().unwrap(), Ordering::Relaxed);
                    break;
                }
                429 | 503 => {
                    totals.turned_away.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(500));
                }
                _ => panic!("{status}: {answer}"),
            }
        }
        own.push(sent.elapsed());
    }
    times.lock().unwrap().append(&mut own);
}

/// Looks every half second whether the counts add up; tells the most memory that was seen.
fn watch(load: &Load, config: &Arc<ClientConfig>, is_over: &AtomicBool) -> u64 {
    let mut stream = connect(&load.address, config);
    let head = format!(
        "GET /api/status HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        token(load, "read")
    );
    let mut peak = 0;
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(head.as_bytes()).expect("sent");
        let (status, answer) = read(&mut stream);
        let answer: Json = serde_json::from_str(&answer).expect("JSON");
        assert_eq!((status, &answer["intake"]["addsUp"]), (200, &json!(true)), "{answer}");
        peak = peak.max(memory_kib(&load.pid, "VmRSS:"));
        std::thread::sleep(Duration::from_millis(500));
    }
    peak
}

fn jiff_now() -> String {
    let now = jiff::Timestamp::now();
    format!("{now:.6}")
}

fn memory_kib(pid: &str, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a figure");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Seconds of CPU that a process has used, at the usual hundred ticks a second.
fn cpu_s(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process");
    let rest = stat.rsplit_once(')').expect("a name").1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / 100.0
}

fn read(stream: &mut Stream) -> (u16, String) {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let count = stream.read(&mut piece).expect("an answer");
        assert!(count > 0, "the connection ended");
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return (status, String::from_utf8_lossy(&bytes[end + 4..]).into_owned());
        }
    }
}

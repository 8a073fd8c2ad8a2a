//! Clients that are slow, greedy or in a hurry.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::{get, post};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::*;

/// Longer than anything here takes that works.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    address: SocketAddr,
    bundle: String,
    drain: Drain,
    serving: tokio::task::JoinHandle<Result<(), ListenError>>,
    _folder: tempfile::TempDir,
}

async fn server(options: ServerOptions) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let made = SelfMade { folder: folder.path().join("tls"), names: vec!["haechi.test".to_owned()] };
    let certificates = Certificates::open(Authority::SelfMade(made), crate::clock::now_s()).unwrap();
    let bundle = certificates.bundle().unwrap();
    let router = axum::Router::new()
        .route("/", get(|| async { "here" }))
        .route("/{name}", get(|axum::extract::Path(name): axum::extract::Path<String>| async { name }))
        .route(
            "/take",
            post(|body: axum::body::Body| async move {
                let read = http_body_util::BodyExt::collect(body).await;
                read.map_or(0, |body| body.to_bytes().len()).to_string()
            }),
        );
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let (address, drain) = (listener.address(), Drain::default());
    let ending = drain.clone();
    let serving =
        tokio::spawn(async move { listener.serve(router, &certificates, None, options, ending).await });
    Server { address, bundle, drain, serving, _folder: folder }
}

impl Server {
    async fn connect(&self, protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.bundle.as_bytes()).unwrap()).unwrap();
        let mut config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("haechi.test").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// Sends a text and reads until the server closes.
    async fn say(&self, text: &str) -> String {
        let mut stream = self.connect(b"http/1.1").await.unwrap();
        // The server may hang up before it has heard all.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it ends");
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn is_well(&self) {
        let answer = self.say("GET / HTTP/1.1\r\nhost: haechi.test\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
    }

    async fn end(self) {
        self.drain.begin();
        tokio::time::timeout(PATIENCE, self.serving).await.expect("it ends").unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_or_too_slow_ends_its_connection_alone() {
    let server = server(ServerOptions { head: Duration::from_millis(300), ..ServerOptions::default() }).await;
    let long = "x".repeat(200 << 10);
    let answer = server.say(&format!("GET / HTTP/1.1\r\nhost: haechi.test\r\nx: {long}\r\n\r\n")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many: String = (0..500).map(|index| format!("x-{index}: y\r\n")).collect();
    let answer = server.say(&format!("GET / HTTP/1.1\r\nhost: haechi.test\r\n{many}\r\n")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    // Never ends its head: the server does not wait for ever.
    let answer = server.say("GET / HTTP/1.1\r\nhost: haechi.test\r\nx: ").await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    for odd in
        ["", "P", "\0\0\0\0", "GET / HTTP/9.9\r\n\r\n", "GET /\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        assert!(!server.say(odd).await.starts_with("HTTP/1.1 200"), "{odd:?}");
    }
    server.is_well().await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_sent_together_are_answered_in_their_order() {
    let server = server(ServerOptions::default()).await;
    let mut text = String::new();
    for name in ["a", "b", "c"] {
        text.push_str(&format!("GET /{name} HTTP/1.1\r\nhost: haechi.test\r\n\r\n"));
    }
    text.push_str("POST /take HTTP/1.1\r\nhost: haechi.test\r\ncontent-length: 3\r\n\r\nxyz");
    text.push_str("GET /last HTTP/1.1\r\nhost: haechi.test\r\nconnection: close\r\n\r\n");
    let answer = server.say(&text).await;
    let bodies: Vec<&str> =
        answer.split("HTTP/1.1 200 OK").skip(1).map(|part| part.split("\r\n\r\n").nth(1).unwrap()).collect();
    assert_eq!(bodies, ["a", "b", "c", "3", "last"]);
    // Two lengths are two meanings: what stands behind could be taken for a request of somebody else's.
    for smuggled in [
        "POST /take HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ncontent-length: 40\r\n\r\nxyzGET /in HTTP/1.1\r\nhost: h\r\n\r\n",
        "POST /take HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\nGET /in HTTP/1.1\r\nhost: h\r\n\r\n",
    ] {
        let answer = server.say(smuggled).await;
        assert!(!answer.contains("\r\n\r\nin"), "{answer}");
    }
    server.is_well().await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_reset_over_and_over_do_not_hold_up_others() {
    let server = server(ServerOptions::default()).await;
    let stream = server.connect(b"h2").await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let ended = tokio::spawn(connection);
    let request = |path: &str| {
        Request::post(format!("https://haechi.test{path}")).body(Full::new(Bytes::from_static(b"x"))).unwrap()
    };
    for _ in 0..5_000 {
        if sender.ready().await.is_err() {
            break;
        }
        // Given up at once: the stream is reset.
        drop(sender.send_request(request("/take")));
        tokio::task::yield_now().await;
    }
    server.is_well().await;
    drop(sender);
    let _ = tokio::time::timeout(PATIENCE, ended).await.expect("it ends");

    let stream = server.connect(b"h2").await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let long = Request::get("https://haechi.test/").header("x", "y".repeat(60 << 10));
    let answer = sender.send_request(long.body(Full::new(Bytes::new())).unwrap()).await;
    assert!(answer.map_or(true, |answer| answer.status() == 431), "a head of 60 KiB is not taken");
    server.is_well().await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_takes_no_more_than_its_share_of_connections() {
    let server = server(ServerOptions { per_address: 4, ..ServerOptions::default() }).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(server.connect(b"http/1.1").await.unwrap());
    }
    assert!(server.connect(b"http/1.1").await.is_err(), "a fifth");
    held.pop();
    let begun = std::time::Instant::now();
    while server.connect(b"http/1.1").await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "a place that is free again");
        tokio::task::yield_now().await;
    }
    drop(held);
    server.end().await;
}

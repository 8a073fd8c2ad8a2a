//! Receivers on this machine: one for each way of delivery.

#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What servers were sent.
pub type Seen<T> = Arc<Mutex<Vec<T>>>;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that runs until it is dropped.
pub struct Server<T> {
    pub port: u16,
    pub seen: Seen<T>,
    task: JoinHandle<()>,
}

impl<T> Drop for Server<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Clone> Server<T> {
    pub fn seen(&self) -> Vec<T> {
        self.seen.lock().unwrap().clone()
    }
}

/// An own authority and a certificate of it for `localhost`.
pub struct Authority {
    pub pem: String,
    pub acceptor: TlsAcceptor,
}

pub fn authority() -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
    Authority { pem: issuer.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
}

async fn listener(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).await.unwrap()
}

/// Answers each request with what `answer` says: a whole HTTP answer, byte by byte. Port 0: any.
pub async fn http(
    port: u16,
    tls: Option<TlsAcceptor>,
    answer: impl Fn(&Request) -> String + Send + Sync + 'static,
) -> Server<Request> {
    let listener = listener(port).await;
    let port = listener.local_addr().unwrap().port();
    let seen: Seen<Request> = Seen::default();
    let (kept, answer) = (Arc::clone(&seen), Arc::new(answer));
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (kept, answer, tls) = (Arc::clone(&kept), Arc::clone(&answer), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => serve(stream, &kept, answer.as_ref()).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, &kept, answer.as_ref()).await;
                        }
                    }
                }
            });
        }
    });
    Server { port, seen, task }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Seen<Request>,
    answer: &(impl Fn(&Request) -> String + ?Sized),
) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
        return;
    }
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut header = String::new();
        if stream.read_line(&mut header).await.unwrap_or(0) == 0 {
            return;
        }
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        if name == "content-length" {
            length = value.parse().unwrap();
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let request = Request { line: line.trim_end().to_owned(), headers, body };
    let text = answer(&request);
    seen.lock().unwrap().push(request);
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.flush().await;
    let _ = stream.shutdown().await;
}

pub fn status(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A mail as a server takes it.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub login: Option<String>,
    pub was_encrypted: bool,
    pub data: String,
}

/// How a mail server is spoken to.
#[derive(Clone)]
pub enum MailTls {
    None,
    StartTls(TlsAcceptor),
    Implicit(TlsAcceptor),
}

/// A mail server that answers `DATA` with `code`.
pub async fn smtp(tls: MailTls, code: &'static str) -> Server<Mail> {
    let listener = listener(0).await;
    let port = listener.local_addr().unwrap().port();
    let seen: Seen<Mail> = Seen::default();
    let kept = Arc::clone(&seen);
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (kept, tls) = (Arc::clone(&kept), tls.clone());
            tokio::spawn(async move {
                match tls {
                    MailTls::None => talk(stream, &kept, code, None, false, true).await.map(|_| ()),
                    MailTls::Implicit(tls) => match tls.accept(stream).await {
                        Ok(stream) => talk(stream, &kept, code, None, true, true).await.map(|_| ()),
                        Err(_) => None,
                    },
                    MailTls::StartTls(tls) => match talk(stream, &kept, code, Some(()), false, true).await {
                        Some(stream) => match tls.accept(stream).await {
                            Ok(stream) => talk(stream, &kept, code, None, true, false).await.map(|_| ()),
                            Err(_) => None,
                        },
                        None => None,
                    },
                }
            });
        }
    });
    Server { port, seen, task }
}

/// Speaks SMTP; gives the stream back when TLS is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    seen: &Seen<Mail>,
    code: &str,
    offers_tls: Option<()>,
    was_encrypted: bool,
    greets: bool,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    let mut mail = Mail { was_encrypted, ..Mail::default() };
    if greets {
        stream.write_all(b"220 localhost\r\n").await.ok()?;
        stream.flush().await.ok()?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let verb = line.trim_end().to_owned();
        let upper = verb.to_ascii_uppercase();
        let reply = if upper.starts_with("EHLO") {
            match (offers_tls, was_encrypted) {
                (Some(()), false) => "250-localhost\r\n250 STARTTLS\r\n",
                _ => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            }
        } else if upper == "STARTTLS" {
            stream.write_all(b"220 go\r\n").await.ok()?;
            stream.flush().await.ok()?;
            return Some(stream.into_inner());
        } else if let Some(login) = verb.strip_prefix("AUTH PLAIN ") {
            mail.login = Some(login.to_owned());
            "235 ok\r\n"
        } else if upper.starts_with("MAIL FROM:") {
            mail.from = verb;
            "250 ok\r\n"
        } else if upper.starts_with("RCPT TO:") {
            mail.to.push(verb);
            "250 ok\r\n"
        } else if upper == "DATA" {
            stream.write_all(b"354 go\r\n").await.ok()?;
            stream.flush().await.ok()?;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                if line == ".\r\n" {
                    break;
                }
                mail.data.push_str(&line);
            }
            seen.lock().unwrap().push(mail.clone());
            stream.write_all(format!("{code}\r\n").as_bytes()).await.ok()?;
            stream.flush().await.ok()?;
            continue;
        } else {
            "250 ok\r\n"
        };
        stream.write_all(reply.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

/// Takes streams of syslog messages, counted by octets.
pub async fn syslog(tls: Option<TlsAcceptor>) -> Server<Vec<u8>> {
    let listener = listener(0).await;
    let port = listener.local_addr().unwrap().port();
    let seen: Seen<Vec<u8>> = Seen::default();
    let kept = Arc::clone(&seen);
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (kept, tls) = (Arc::clone(&kept), tls.clone());
            tokio::spawn(async move {
                let mut all = Vec::new();
                match tls {
                    None => {
                        let _ = stream.read_to_end(&mut all).await;
                    }
                    Some(tls) => {
                        let Ok(mut stream) = tls.accept(stream).await else { return };
                        let _ = stream.read_to_end(&mut all).await;
                    }
                }
                let mut rest = all.as_slice();
                while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
                    let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
                    let message = &rest[space + 1..space + 1 + length];
                    kept.lock().unwrap().push(message.to_vec());
                    rest = &rest[space + 1 + length..];
                }
                assert!(rest.is_empty());
            });
        }
    });
    Server { port, seen, task }
}

/// Takes datagrams.
pub async fn datagrams() -> Server<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let seen: Seen<Vec<u8>> = Seen::default();
    let kept = Arc::clone(&seen);
    let task = tokio::spawn(async move {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
            kept.lock().unwrap().push(buffer[..length].to_vec());
        }
    });
    Server { port, seen, task }
}

/// Waits until a server has seen so much; panics after ten seconds.
pub async fn wait_for<T: Clone>(server: &Server<T>, count: usize) -> Vec<T> {
    for _ in 0..1000 {
        if server.seen.lock().unwrap().len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let seen = server.seen();
    assert_eq!(seen.len(), count);
    seen
}

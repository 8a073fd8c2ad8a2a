//! A client that keeps its connection, for tests of the service.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// One connection that is kept, as an API server keeps one.
pub(crate) struct Client {
    address: String,
    config: Arc<ClientConfig>,
    stream: Option<StreamOwned<ClientConnection, TcpStream>>,
}

impl Client {
    pub(crate) fn new(address: &str, authority: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(authority).expect("the authority");
        roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address: address.to_owned(), config: Arc::new(config), stream: None }
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<(u16, String), String> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address))
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Result<(u16, String), String> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.send(&(head + body))
    }

    pub(crate) fn send(&mut self, request: &str) -> Result<(u16, String), String> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let socket = TcpStream::connect(&self.address).map_err(|error| error.to_string())?;
                socket.set_read_timeout(Some(Duration::from_secs(10))).map_err(|error| error.to_string())?;
                let name = ServerName::try_from("localhost").expect("a name");
                let connection =
                    ClientConnection::new(self.config.clone(), name).map_err(|error| error.to_string())?;
                StreamOwned::new(connection, socket)
            }
        };
        let text = |error: std::io::Error| error.to_string();
        stream.write_all(request.as_bytes()).map_err(text)?;
        stream.flush().map_err(text)?;
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let count = stream.read(&mut piece).map_err(text)?;
            if count == 0 {
                return Err("the connection ended".to_owned());
            }
            bytes.extend_from_slice(&piece[..count]);
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())
                .unwrap_or(0);
            if bytes.len() < end + 4 + length {
                continue;
            }
            let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or("no status")?;
            let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
            if !head.contains("connection: close") {
                self.stream = Some(stream);
            }
            return Ok((status, body));
        }
    }
}

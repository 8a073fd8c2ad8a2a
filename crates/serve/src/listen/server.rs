//! Accepts connections, and lets them end in peace.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::Certificates;

/// What bounds connections.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub per_address: usize,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time for the head of a request; also how long an idle connection stays. Longer than the 90 s that an API server keeps
    /// one, so that it is never closed under a request.
    pub head: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            connections: 2048,
            per_address: 512,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(100),
        }
    }
}

/// Why a socket does not listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The authorities for client certificates.
    #[error("client certificates cannot be verified: {0}")]
    Verifier(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// What is known about a connection; an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The other end.
    pub peer: SocketAddr,
    /// Whether it showed a client certificate that the configured authority signed.
    pub has_client_certificate: bool,
}

/// Tells all connections to end after what they are doing.
#[derive(Debug, Clone)]
pub struct Drain {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for Drain {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(false)) }
    }
}

impl Drain {
    /// Nothing new is accepted from now on.
    pub fn begin(&self) {
        self.sender.send_replace(true);
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        *self.sender.borrow()
    }
}

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens; port 0 takes any that is free.
    ///
    /// # Errors
    /// The address is taken, or not ours.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let error = |source| ListenError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(error)?;
        let address = socket.local_addr().map_err(error)?;
        Ok(Self { socket, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `drain` begins, then lets what is under way finish. Returns when the last connection has ended; how long
    /// that may take is for the caller to bound.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub async fn serve(
        self,
        router: Router,
        certificates: &Certificates,
        clients: Option<Arc<RootCertStore>>,
        options: ServerOptions,
        drain: Drain,
    ) -> Result<(), ListenError> {
        let acceptor = TlsAcceptor::from(Arc::new(tls(certificates, clients)?));
        let places = Arc::new(Semaphore::new(options.connections));
        let counts = Arc::new(Counts { most: options.per_address, by_address: Mutex::default() });
        let mut begun = drain.sender.subscribe();
        let (alive, mut all_ended) = tokio::sync::mpsc::channel::<Infallible>(1);
        loop {
            let next = async {
                // The semaphore is never closed.
                let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((place, self.socket.accept().await?))
            };
            let accepted = tokio::select! {
                biased;
                _ = begun.wait_for(|begun| *begun) => break,
                accepted = next => accepted,
            };
            let (place, (stream, peer)) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: the next attempt would fail at once, too.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(seat) = Counts::take(&counts, peer.ip()) else { continue };
            let (acceptor, router, alive) = (acceptor.clone(), router.clone(), alive.clone());
            let begun = drain.sender.subscribe();
            tokio::spawn(async move {
                let _held = (place, seat, alive);
                if let Err(error) = connection(stream, peer, &acceptor, router, options, begun).await {
                    tracing::debug!(%error, "a connection ended");
                }
            });
        }
        drop(self.socket);
        drop(alive);
        // Nothing is ever sent: it ends when the last connection lets go.
        let _: Option<Infallible> = all_ended.recv().await;
        Ok(())
    }
}

fn tls(
    certificates: &Certificates,
    clients: Option<Arc<RootCertStore>>,
) -> Result<ServerConfig, ListenError> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = match clients {
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| ListenError::Verifier(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(certificates.resolver());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: &TlsAcceptor,
    router: Router,
    options: ServerOptions,
    mut begun: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(options.handshake, acceptor.accept(stream)).await??;
    let has_client_certificate =
        stream.get_ref().1.peer_certificates().is_some_and(|chain| !chain.is_empty());
    let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let known = Connection { peer, has_client_certificate };
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(known);
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.head).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(15))
        .max_concurrent_streams(256)
        .max_header_list_size(32 << 10);
    // What was agreed on in the handshake holds. Whoever would have to say it with its first bytes could stay silent, and no time is
    // measured until they have come.
    let builder = if speaks_http2 { builder.http2_only() } else { builder.http1_only() };
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = begun.wait_for(|begun| *begun) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// Connections by address.
#[derive(Debug)]
struct Counts {
    most: usize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A place for one connection from an address.
#[derive(Debug)]
struct Seat {
    counts: Arc<Counts>,
    address: IpAddr,
}

impl Counts {
    fn take(counts: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut known = counts.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = known.entry(address).or_insert(0);
        if *count >= counts.most {
            return None;
        }
        *count += 1;
        Some(Seat { counts: counts.clone(), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.counts.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                known.remove(&self.address);
            }
        }
    }
}

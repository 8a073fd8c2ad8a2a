//! Sockets: TLS, limits, draining.

mod certificates;
#[cfg(test)]
mod edge_tests;
mod pem;
mod server;
#[cfg(test)]
mod tests;

pub(crate) use certificates::write as write_secret;
pub use certificates::{
    Authority, CertificateError, Certificates, Issued, MadeAuthority, SelfMade, last_of_chain,
};
pub use pem::{PemError, PemFault, client_roots, read_pair};
pub use server::{Connection, Drain, ListenError, Listener, ServerOptions};

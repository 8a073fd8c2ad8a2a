//! Where requests may go: not to what only this host should reach.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpStream;

use super::Reach;

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// The address is one that nothing ever goes to: trying again helps nobody.
    #[error(
        "{host} has the address {address}, which nothing is sent to (`allow-link-local = true` allows it)"
    )]
    Forbidden {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// It cannot be reached now.
    #[error("{host}: {source}")]
    Failed {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Services that hand out credentials of the machine under addresses that are not link-local: AWS by IPv6, Alibaba, Oracle.
const METADATA: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// Whether an address is link-local, of a metadata service, or none of a host at all.
pub fn is_forbidden(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    METADATA.contains(&address)
        || match address {
            IpAddr::V4(v4) => {
                v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast()
            }
            IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast(),
        }
}

/// The IPv4 address in an IPv6 one: mapped, by NAT64, or by 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

/// The addresses of a host that may be tried.
///
/// # Errors
/// See [`ReachError`].
pub async fn addresses(reach: Reach<'_>, host: &str, port: u16) -> Result<Vec<SocketAddr>, ReachError> {
    let failed = |source| ReachError::Failed { host: host.to_owned(), source };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port)).await.map_err(failed)?.collect();
    let allowed = |address: &SocketAddr| reach.allows_link_local || !is_forbidden(address.ip());
    match found.iter().find(|address| !allowed(address)) {
        // A name with one such address among others is an attempt to get there.
        Some(address) => Err(ReachError::Forbidden { host: host.to_owned(), address: address.ip() }),
        None if found.is_empty() => Err(failed(io::Error::new(io::ErrorKind::NotFound, "no address"))),
        None => Ok(found),
    }
}

/// Connects to the first address that answers. The addresses that were judged are those that are used: the name is not looked up
/// again.
///
/// # Errors
/// See [`ReachError`].
pub async fn connect(reach: Reach<'_>, host: &str, port: u16) -> Result<TcpStream, ReachError> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address");
    for address in addresses(reach, host, port).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(ReachError::Failed { host: host.to_owned(), source: last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_services_are_out_of_reach_in_every_form() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "224.0.0.1",
        ] {
            assert!(is_forbidden(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "203.0.113.9", "2001:db8::1", "fd12::1", "::1"] {
            assert!(!is_forbidden(address.parse().unwrap()), "{address}");
        }
    }
}

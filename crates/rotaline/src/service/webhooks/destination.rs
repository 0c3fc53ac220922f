//! Where events may be sent: what the settings name, and never into a private network, whatever a
//! name resolves to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper::Uri;
use sha2::{Digest, Sha256};

/// A place to send to.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    /// As it is written.
    pub uri: Uri,
    /// Without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How it is reached.
    pub scheme: Scheme,
    /// Names it in the queue, for as long as its URL is the same.
    pub tag: String,
}

/// How a place is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// By TLS.
    Https,
    /// In the clear: only to an address that the settings name as their own.
    Http,
}

/// Why a URL is no place to send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// It is none.
    #[error("it is no URL with a host")]
    NoUrl,
    /// It has a name and password.
    #[error("it holds a user name: events are signed instead")]
    UserInfo,
    /// Neither https nor http.
    #[error("it is neither https nor http")]
    Scheme,
    /// In the clear.
    #[error("http is for addresses of webhooks.private alone; use https")]
    InTheClear,
}

impl Destination {
    /// Reads a URL. `private` are the addresses of one's own network that may be sent to.
    pub fn parse(text: &str, private: &[IpAddr]) -> Result<Destination, BadDestination> {
        let uri: Uri = text.parse().map_err(|_| BadDestination::NoUrl)?;
        let authority = uri.authority().ok_or(BadDestination::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(BadDestination::UserInfo);
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (scheme, usual_port) = match uri.scheme_str() {
            Some("https") => (Scheme::Https, 443),
            Some("http") => (Scheme::Http, 80),
            Some(_) => return Err(BadDestination::Scheme),
            None => return Err(BadDestination::NoUrl),
        };
        let named = host.parse().is_ok_and(|address| private.contains(&address));
        if scheme == Scheme::Http && !named {
            return Err(BadDestination::InTheClear);
        }
        let port = authority.port_u16().unwrap_or(usual_port);
        let digest = Sha256::digest(text.as_bytes());
        let digest = digest.iter().take(8);
        Ok(Destination {
            tag: digest.map(|byte| format!("{byte:02x}")).collect(),
            host,
            port,
            scheme,
            uri,
        })
    }

    /// The address to connect to, of those that its name resolves to: if one of them is of a
    /// network that is not to be reached, none is.
    pub fn choose(resolved: &[SocketAddr], private: &[IpAddr]) -> Option<SocketAddr> {
        let may = |at: &SocketAddr| private.contains(&at.ip()) || is_public(at.ip());
        let all = resolved.iter().all(may);
        resolved.first().copied().filter(|_| all)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may hold a secret of the receiver's.
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Whether an address is of the public Internet (RFC 6890 and its registries).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // What is not of 2000::/3 is no global unicast: loopback, local, multicast, and IPv4 in other
    // guises (mapped, translated), by which a private address could be reached.
    let global = a & 0xe000 == 0x2000;
    // 2001::/23 (Teredo among them), 2001:db8::/32, 2002::/16 (6to4), 3fff::/20.
    let special =
        (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    global && !special
}

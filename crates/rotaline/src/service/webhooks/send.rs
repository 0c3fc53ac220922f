//! One event to one place: signed, once resolved, never redirected, within [`WITHIN`].
//!
//! ```text
//! POST /path HTTP/1.1
//! Rotaline-Event: 6f1c...                     the event's id, the same at each try
//! Rotaline-Signature: t=1790000000,v1=5d41... HMAC-SHA256 of "1790000000." and the body
//! ```
//!
//! What is answered counts by its status alone; its body is not read.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::destination::{Destination, Scheme};

/// For all of it: resolving, connecting, sending, the answer's head.
pub const WITHIN: Duration = Duration::from_secs(10);
/// An answer's head has at most so many bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// Nothing has that name.
    #[error("its name does not resolve: {0}")]
    Unresolved(io::Error),
    /// It resolves to where nothing may be sent.
    #[error("its name resolves to an address that is not public")]
    Private,
    /// It cannot be connected to.
    #[error("it cannot be connected to: {0}")]
    Unconnected(io::Error),
    /// Its name is none that a certificate could have.
    #[error("no certificate could have its name")]
    Name(#[from] InvalidDnsNameError),
    /// The request could not be made or sent.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The request could not be made.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// It answered otherwise than with 2xx.
    #[error("it answered {0}")]
    Refused(StatusCode),
    /// It took too long.
    #[error("it took longer than {} s", WITHIN.as_secs())]
    Late,
}

/// Who sends.
pub struct Sender {
    key: Vec<u8>,
    private: Vec<IpAddr>,
    tls: TlsConnector,
}

impl Sender {
    /// With the key that signs, and the addresses of one's own network that may be sent to.
    pub fn new(key: Vec<u8>, private: Vec<IpAddr>) -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore::empty();
        // A store that cannot be read has no roots: then no certificate is believed.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Sender {
            key,
            private,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Sends, once.
    pub async fn send(&self, to: &Destination, id: &str, body: String) -> Result<(), NotSent> {
        let sending = self.try_send(to, id, body);
        let sent = tokio::time::timeout(WITHIN, sending).await;
        sent.map_err(|_| NotSent::Late)?
    }

    async fn try_send(&self, to: &Destination, id: &str, body: String) -> Result<(), NotSent> {
        let resolved = tokio::net::lookup_host((to.host.as_str(), to.port)).await;
        let resolved: Vec<_> = resolved.map_err(NotSent::Unresolved)?.collect();
        let address = Destination::choose(&resolved, &self.private).ok_or(NotSent::Private)?;
        // What was looked at is what is connected to: the name is not asked for again.
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(NotSent::Unconnected)?;
        let request = self.request(to, id, body)?;
        let status = match to.scheme {
            Scheme::Http => exchange(stream, request).await?,
            Scheme::Https => {
                let name = ServerName::try_from(to.host.clone())?;
                let stream = self.tls.connect(name, stream).await;
                exchange(stream.map_err(NotSent::Unconnected)?, request).await?
            }
        };
        // A redirection is a refusal: it leads where nobody has looked.
        match status.is_success() {
            true => Ok(()),
            false => Err(NotSent::Refused(status)),
        }
    }

    fn request(
        &self,
        to: &Destination,
        id: &str,
        body: String,
    ) -> Result<Request<String>, hyper::http::Error> {
        let path = to.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = to.uri.authority().map_or("", |it| it.as_str());
        let at_s = Timestamp::now().as_second();
        let signature = signature(&self.key, at_s, &body);
        Request::post(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "Rotaline")
            .header("Rotaline-Event", id)
            .header("Rotaline-Signature", format!("t={at_s},v1={signature}"))
            .body(body)
    }
}

/// HMAC-SHA256, in hexadecimal, of the time, a full stop and the body.
pub fn signature(key: &[u8], at_s: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn exchange<S>(stream: S, request: Request<String>) -> Result<StatusCode, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake::<_, String>(TokioIo::new(stream))
        .await?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    // Both end here, whatever is still to come: nothing of the answer but its head is wanted.
    tokio::select! {
        biased;
        answer = &mut answer => Ok(answer?.status()),
        ended = connection => {
            ended?;
            Ok(answer.await?.status())
        }
    }
}

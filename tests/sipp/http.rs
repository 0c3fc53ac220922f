//! Just enough HTTP/1.1 to read the API: one GET a connection.
//!
//! RFC 9112: status line, Content-Length or chunked bodies, or until the end of the connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

const TIMEOUT: Duration = Duration::from_secs(5);
/// No scenario's recording is longer: ten minutes of stereo.
const MAX_BYTES: u64 = 20 << 20;

/// An answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// GET with a bearer token.
pub fn get(server: SocketAddr, path: &str, token: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut bytes)?;
    parse(&bytes).with_context(|| format!("GET {path}"))
}

/// An answer's bytes, to the end of its connection.
pub fn parse(bytes: &[u8]) -> Result<Answer> {
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .context("no end of the header")?;
    let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse().ok())
        .context("no status")?;
    let body = &bytes[end + 4..];
    let chunked = head
        .lines()
        .any(|line| line.starts_with("transfer-encoding: chunked"));
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let body = match length {
        _ if chunked => joined(body)?,
        Some(length) => {
            let length: usize = length.trim().parse()?;
            ensure!(
                length == body.len(),
                "{} of {length} bytes came",
                body.len()
            );
            body.to_vec()
        }
        None => body.to_vec(),
    };
    Ok(Answer { status, body })
}

/// RFC 9112 section 7.1, without extensions and trailers.
fn joined(mut chunks: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks
            .windows(2)
            .position(|w| w == b"\r\n")
            .context("no end of a chunk size")?;
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..end])?.trim(), 16)?;
        if size == 0 {
            return Ok(body);
        }
        let chunk = chunks
            .get(end + 2..end + 2 + size)
            .context("a chunk is cut short")?;
        body.extend_from_slice(chunk);
        chunks = chunks
            .get(end + 2 + size + 2..)
            .context("a chunk is cut short")?;
    }
}

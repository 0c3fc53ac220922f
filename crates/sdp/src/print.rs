//! [`Description`] to text, in the order of RFC 8866 section 5.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use crate::description::{Description, Host, Media};

impl Description<'_> {
    /// The description as text; what was not kept when it was parsed is not in it.
    pub fn print(&self) -> String {
        self.to_string()
    }
}

impl Display for Description<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("v=0\r\n")?;
        if !self.origin.is_empty() {
            write!(f, "o={}\r\n", self.origin)?;
        }
        f.write_str("s=-\r\n")?;
        if let Some(host) = self.connection {
            write!(f, "c={host}\r\n")?;
        }
        if !self.timing.is_empty() {
            write!(f, "t={}\r\n", self.timing)?;
        }
        if let Some(direction) = self.direction {
            write!(f, "a={}\r\n", direction.as_str())?;
        }
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl Display for Media<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "m={} {} {} {}\r\n",
            self.kind, self.port, self.protocol, self.formats
        )?;
        if let Some(host) = self.connection {
            write!(f, "c={host}\r\n")?;
        }
        if let Some(rtcp) = self.rtcp {
            write!(f, "a=rtcp:{}", rtcp.port)?;
            if let Some(host) = rtcp.host {
                write!(f, " {host}")?;
            }
            f.write_str("\r\n")?;
        }
        for map in &self.maps {
            write!(
                f,
                "a=rtpmap:{} {}/{}",
                map.payload, map.encoding, map.clock_hz
            )?;
            if let Some(channels) = map.channels {
                write!(f, "/{channels}")?;
            }
            f.write_str("\r\n")?;
        }
        for parameters in &self.parameters {
            write!(f, "a=fmtp:{} {}\r\n", parameters.payload, parameters.text)?;
        }
        if let Some(milliseconds) = self.ptime_ms {
            write!(f, "a=ptime:{milliseconds}\r\n")?;
        }
        match self.direction {
            Some(direction) => write!(f, "a={}\r\n", direction.as_str()),
            None => Ok(()),
        }
    }
}

/// `IN IP4 192.0.2.1`: network type, address type and address.
impl Display for Host<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(IpAddr::V4(ip)) => write!(f, "IN IP4 {ip}"),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "IN IP6 {ip}"),
            Host::Other(text) if text.contains(':') => write!(f, "IN IP6 {text}"),
            Host::Other(text) => write!(f, "IN IP4 {text}"),
        }
    }
}

//! How an engine is set up; checked by whoever reads the settings.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use rotaline_switch as switch;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where SIP is received and sent.
    pub sip_listen: SocketAddr,
    /// The address of the media sockets.
    pub media_address: IpAddr,
    /// The first RTP port; the even ports from here on are RTP's.
    pub first_port: u16,
    /// The last port that may be used.
    pub last_port: u16,
    /// Media threads; at least one.
    pub media_threads: u16,
    /// A leg that sends neither RTP nor RTCP for so long is dead.
    pub dead_after: Duration,
    /// Where recordings are kept.
    pub recordings: PathBuf,
    /// Where the journal is kept.
    pub journal: PathBuf,
    /// The switch's.
    pub switch: switch::Config,
}

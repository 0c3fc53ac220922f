//! How a switch behaves; checked by whoever reads the settings.

use std::net::IpAddr;
use std::time::Duration;

use rotaline_model::NodeId;
use rotaline_sip as sip;

use crate::trunks::Trunk;

/// How a switch behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// The SIP endpoint's.
    pub sip: sip::Config,
    /// The address that goes into SDP: where phones send their RTP.
    pub media_address: IpAddr,
    /// Providers and PBXs, in the order of trying; the first that brings a call is its.
    pub trunks: Vec<Trunk>,
    /// This machine, in every record.
    pub node: NodeId,
    /// Most calls at a time; beyond it a caller gets 503 with Retry-After.
    pub max_calls: usize,
    /// A leg older than this gets BYE, so that one lost BYE never keeps a case open.
    pub max_leg_age: Duration,
}

/// What of it may change while calls are up; they go on as they began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustable {
    /// Who may call; none: everybody.
    pub peers: Vec<sip::Network>,
    /// Over whom numbers are rung from now on.
    pub trunks: Vec<Trunk>,
    /// Of legs that begin from now on.
    pub max_leg_age: Duration,
}

impl Config {
    /// What of it may change while calls are up.
    pub fn adjustable(&self) -> Adjustable {
        Adjustable {
            peers: self.sip.peers.clone(),
            trunks: self.trunks.clone(),
            max_leg_age: self.max_leg_age,
        }
    }
}

/// Seconds that a refused caller is asked to wait (RFC 3261 section 20.33).
pub(crate) const RETRY_AFTER_S: u32 = 5;

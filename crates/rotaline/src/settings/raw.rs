//! The settings as people write them. Defaults stand here, and commented in `config/rotaline.toml`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use rotaline_routing::{DialOutRules, Prefix};
use serde::{Deserialize, Serialize};

use crate::service::{LogSettings, SpeechSettings};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub plan: PathBuf,
    pub prompts: PathBuf,
    pub data: PathBuf,
    pub recordings: PathBuf,
    pub database: Database,
    pub sip: Sip,
    pub media: Media,
    pub http: Http,
    pub limits: Limits,
    pub dial_out: DialOut,
    pub trunk: Vec<Trunk>,
    pub speech: SpeechSettings,
    pub webhooks: Webhooks,
    pub log: LogSettings,
}

/// `[database]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Database {
    pub url: String,
}

/// `[sip]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sip {
    pub listen: SocketAddr,
    pub advertise: String,
    pub gateway: String,
    pub trunks: Vec<String>,
}

/// `[media]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Media {
    pub address: IpAddr,
    pub advertise: String,
    pub first_port: u16,
    pub last_port: u16,
    pub threads: u16,
    pub dead_after_s: u32,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Http {
    pub listen: SocketAddr,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    pub calls: usize,
    pub leg_age_s: u32,
    pub drain_s: u32,
}

/// `[[trunk]]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Trunk {
    pub address: String,
    pub networks: Vec<String>,
    pub vouches: String,
    pub numbers: String,
    pub user_phone: Option<bool>,
    pub asserted: Option<bool>,
}

/// `[dial_out]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DialOut {
    pub prefixes: Vec<String>,
    pub except: Vec<String>,
    pub at_once: u32,
    pub an_hour: u32,
}

/// `[webhooks]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Webhooks {
    pub urls: Vec<String>,
    pub private: Vec<String>,
    pub chase_after_h: u16,
}

impl Default for Webhooks {
    fn default() -> Self {
        Webhooks {
            urls: Vec::new(),
            private: Vec::new(),
            chase_after_h: 24,
        }
    }
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            plan: "demo/plan.toml".into(),
            prompts: "prompts/en-GB".into(),
            data: "../data".into(),
            recordings: "../recordings".into(),
            database: Database::default(),
            sip: Sip::default(),
            media: Media::default(),
            http: Http::default(),
            limits: Limits::default(),
            dial_out: DialOut::default(),
            trunk: Vec::new(),
            speech: SpeechSettings::default(),
            webhooks: Webhooks::default(),
            log: LogSettings::default(),
        }
    }
}

impl Default for Sip {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 5060));
        Sip {
            listen,
            advertise: String::new(),
            gateway: String::new(),
            trunks: Vec::new(),
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Media {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            advertise: String::new(),
            first_port: 40_000,
            last_port: 43_999,
            threads: 0,
            dead_after_s: 60,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Http {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            calls: 900,
            leg_age_s: 14_400,
            drain_s: 14_400,
        }
    }
}

impl Default for DialOut {
    fn default() -> Self {
        let rules = DialOutRules::default();
        let list = |prefixes: &[Prefix]| prefixes.iter().map(Prefix::to_string).collect();
        DialOut {
            prefixes: list(&rules.prefixes),
            except: list(&rules.except),
            at_once: rules.at_once,
            an_hour: rules.an_hour,
        }
    }
}

//! From what people wrote to what the crates take: every fault is found before any is reported.

mod trunk;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use rotaline_engine as engine;
use rotaline_media::PromptBank;
use rotaline_model::NodeId;
use rotaline_routing::{Announcement, DialOutRules, Items, Plan, Prefix, Source};
use rotaline_sip as sip;
use rotaline_store::Database;
use rotaline_switch as switch;

use super::Fault;
use super::fault::fault;
use super::raw::{self, Raw};
use crate::service::webhooks::WebhookSettings;
use crate::service::webhooks::destination::Destination;
use crate::service::{LogSettings, SpeechSettings, in_general};

/// RFC 3261 table 4.
const TIMERS: sip::TimerConfig = sip::TimerConfig {
    t1: Duration::from_millis(500),
    t2: Duration::from_secs(4),
    t4: Duration::from_secs(5),
};

/// The folder of bank holidays, beside the settings file.
const BANK_HOLIDAYS: &str = "bank-holidays";

/// Whose plan holds when the database has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanOf {
    /// The database's: it may have been edited since the files were read into it.
    Store,
    /// That of the settings, which replaces the database's.
    Settings,
}

/// Checked settings, with the plan and the prompts that they name.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where HTTP is served.
    pub http_listen: SocketAddr,
    /// Token and journal, and the database unless it is elsewhere.
    pub data: PathBuf,
    /// Who is told what happens.
    pub webhooks: WebhookSettings,
    /// Where the database is; none: a file in the data folder.
    pub database: Option<Database>,
    /// How it logs.
    pub log: LogSettings,
    /// How long calls that are up may go on once it is told to stop.
    pub drain: Duration,
    /// The engine's.
    pub engine: engine::Config,
    /// Who is rung when, as the files say.
    pub plan: Arc<Plan>,
    /// Which numbers that people name are rung where the plan says nothing else.
    pub dial_out: Arc<DialOutRules>,
    /// The same, as it is kept and edited.
    pub items: Items,
    /// Whose plan holds.
    pub plan_of: PlanOf,
    /// The prompts that there are.
    pub prompts: Arc<PromptBank>,
    /// How names without a prompt are said.
    pub speech: SpeechSettings,
    /// The file, to be read again.
    pub file: PathBuf,
    /// As they are written there, with the defaults.
    pub written: toml::Table,
}

/// The database's file in the data folder.
const DATABASE: &str = "rotaline.db";

impl Settings {
    /// The database.
    pub fn database(&self) -> Database {
        let own = || Database::Sqlite(self.data.join(DATABASE));
        self.database.clone().unwrap_or_else(own)
    }
}

/// Faults as they are found, and where they are.
struct Faults<'a> {
    file: &'a str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    fn add(&mut self, key: &str, problem: &str, remedy: &str) {
        self.found.push(fault(self.file, key, problem, remedy));
    }

    /// The address that phones are told: `advertise`, or `listen` if that is one.
    fn advertised<A: std::str::FromStr>(&mut self, key: &str, advertise: &str, listen: A) -> A {
        if advertise.is_empty() {
            return listen;
        }
        advertise.parse().unwrap_or_else(|_| {
            self.add(
                key,
                &format!("{advertise:?} is not an address"),
                "e.g. 192.0.2.1, or empty",
            );
            listen
        })
    }

    fn refuse_unspecified(&mut self, key: &str, address: IpAddr) {
        if address.is_unspecified() {
            let problem = format!("phones cannot send to {address}");
            self.add(key, &problem, "say which address phones reach us at");
        }
    }
}

pub(super) fn check(raw: Raw, file: &str, folder: &Path) -> Result<Settings, Vec<Fault>> {
    let mut faults = Faults {
        file,
        found: Vec::new(),
    };
    let read = plan(&raw, folder, &mut faults);
    let (items, plan) = read.unzip();
    let prompts = prompts(&raw, folder, &mut faults);
    let said = prompts.as_ref().zip(items.as_ref());
    let said = said.map(|(prompts, items)| in_general(prompts, items));
    if let (Some(plan), Some(said)) = (&plan, &said) {
        faults.found.extend(prompts_missing(plan, said, file));
    }
    if let Err(error) = raw.speech.check() {
        let remedy = "e.g. [\"espeak-ng\", \"-v\", \"en-gb\", \"-w\", \"{file}\", \"{text}\"]";
        faults.add("speech.command", &error.to_string(), remedy);
    }
    let database = database(&raw.database.url, folder, &mut faults);
    let engine = engine(&raw, folder, &mut faults);
    let dial_out = Arc::new(dial_out(&raw.dial_out, &mut faults));
    let webhooks = webhooks(&raw.webhooks, &mut faults);
    match (items.zip(plan), prompts.zip(said)) {
        (Some((items, plan)), Some((prompts, said))) if faults.found.is_empty() => Ok(Settings {
            http_listen: raw.http.listen,
            data: folder.join(&raw.data),
            webhooks,
            database,
            log: raw.log,
            drain: Duration::from_secs(raw.limits.drain_s.into()),
            engine,
            plan: Arc::new(announced(plan, &said).with_dial_out(Arc::clone(&dial_out))),
            dial_out,
            items,
            plan_of: PlanOf::Store,
            prompts: Arc::new(prompts),
            speech: raw.speech.clone(),
            file: PathBuf::from(file),
            written: toml::Table::try_from(&raw).expect("settings came of TOML"),
        }),
        (Some(_) | None, Some(_) | None) => Err(faults.found),
    }
}

/// What a plan says that is not among the prompts.
pub fn prompts_missing(plan: &Plan, prompts: &PromptBank, file: &str) -> Vec<Fault> {
    let missing = plan.prompts().filter(|id| prompts.get(id).is_none());
    let remedy = "name a prompt of manifest.toml, or add it there";
    missing
        .map(|id| {
            let problem = format!("the plan says {:?}, which is not among them", id.as_str());
            fault(file, "prompts", &problem, remedy)
        })
        .collect()
}

/// The plan, knowing its announcements.
pub fn announced(plan: Plan, prompts: &PromptBank) -> Plan {
    plan.with_announcements(|id| {
        let prompt = prompts.get(id)?;
        Some(Announcement {
            version: prompt.version(),
            length_ms: prompt.length_ms(),
            expires: prompt.expires(),
        })
    })
}

fn plan(raw: &Raw, folder: &Path, faults: &mut Faults<'_>) -> Option<(Items, Plan)> {
    let path = folder.join(&raw.plan);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let problem = format!("{} cannot be read: {error}", path.display());
            faults.add(
                "plan",
                &problem,
                "name the plan file, relative to this file",
            );
            return None;
        }
    };
    let name = path.display().to_string();
    let mut sources = vec![Source { name, text }];
    sources.extend(bank_holidays(&folder.join(BANK_HOLIDAYS), faults));
    match Items::read(&sources) {
        Ok(read) => Some(read),
        Err(found) => {
            faults.found.extend(found);
            None
        }
    }
}

/// The bank holidays beside the settings file; without that folder, the delivered ones hold.
fn bank_holidays(folder: &Path, faults: &mut Faults<'_>) -> Vec<Source> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .collect();
    paths.sort();
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => sources.push(Source { name, text }),
            Err(error) => {
                let problem = format!("{name} cannot be read: {error}");
                faults.add(BANK_HOLIDAYS, &problem, "let the program read it");
            }
        }
    }
    sources
}

fn database(url: &str, folder: &Path, faults: &mut Faults<'_>) -> Option<Database> {
    if url.is_empty() {
        return None;
    }
    match Database::parse(url, folder) {
        Ok(database) => Some(database),
        Err(problem) => {
            faults.add("database.url", &problem.to_string(), Database::EXAMPLES);
            None
        }
    }
}

fn prompts(raw: &Raw, folder: &Path, faults: &mut Faults<'_>) -> Option<PromptBank> {
    let path = folder.join(&raw.prompts);
    match engine::prompts::load(&path) {
        Ok(bank) => Some(bank),
        Err(found) => {
            for fault in found {
                faults.add(
                    "prompts",
                    &fault.to_string(),
                    "name a folder with manifest.toml",
                );
            }
            None
        }
    }
}

fn engine(raw: &Raw, folder: &Path, faults: &mut Faults<'_>) -> engine::Config {
    let advertised = faults.advertised("sip.advertise", &raw.sip.advertise, raw.sip.listen);
    let media_address =
        faults.advertised("media.advertise", &raw.media.advertise, raw.media.address);
    faults.refuse_unspecified("sip.advertise", advertised.ip());
    faults.refuse_unspecified("media.advertise", media_address);
    let (trunks, peers) = trunks(raw, faults);
    let media = &raw.media;
    if media.first_port < 1024 || media.last_port < media.first_port.saturating_add(3) {
        let problem = format!("{} to {} is no range", media.first_port, media.last_port);
        faults.add(
            "media.last_port",
            &problem,
            "from 1024 on, at least four ports",
        );
    }
    let limits = &raw.limits;
    if limits.calls == 0 || limits.calls > 100_000 {
        faults.add("limits.calls", "out of range", "1 to 100000");
    }
    if limits.leg_age_s < 60 {
        faults.add(
            "limits.leg_age_s",
            "no call could be held",
            "60 or more, in seconds",
        );
    }
    if media.dead_after_s < 5 {
        faults.add(
            "media.dead_after_s",
            "a short silence would end calls",
            "5 or more, in seconds",
        );
    }
    engine::Config {
        sip_listen: raw.sip.listen,
        media_address: media.address,
        first_port: media.first_port,
        last_port: media.last_port,
        media_threads: threads(media.threads),
        dead_after: Duration::from_secs(media.dead_after_s.into()),
        recordings: folder.join(&raw.recordings),
        journal: folder.join(&raw.data).join("journal"),
        switch: switch::Config {
            sip: sip::Config {
                advertised,
                product: concat!("Rotaline/", env!("CARGO_PKG_VERSION")).to_owned(),
                timers: TIMERS,
                max_sessions: limits.calls.saturating_mul(3),
                max_transactions: limits.calls.saturating_mul(8),
                peers,
            },
            media_address,
            trunks,
            node: NodeId(1),
            max_calls: limits.calls,
            max_leg_age: Duration::from_secs(limits.leg_age_s.into()),
        },
    }
}

/// Which numbers that people name are rung.
fn dial_out(raw: &raw::DialOut, faults: &mut Faults<'_>) -> DialOutRules {
    let mut list = |key: &str, texts: &[String]| {
        if texts.len() > DialOutRules::MAX_PREFIXES {
            let remedy = format!("at most {} of them", DialOutRules::MAX_PREFIXES);
            faults.add(key, &format!("{} are too many", texts.len()), &remedy);
        }
        let mut prefixes = Vec::with_capacity(texts.len());
        for text in texts {
            match Prefix::parse(text) {
                Ok(prefix) => prefixes.push(prefix),
                Err(error) => {
                    let remedy = "e.g. \"01\", \"+441\" or \"+353\"";
                    faults.add(key, &format!("{text:?}: {error}"), remedy);
                }
            }
        }
        prefixes
    };
    let prefixes = list("dial_out.prefixes", &raw.prefixes);
    let except = list("dial_out.except", &raw.except);
    let mut number = |key: &str, number: u32, bounds: RangeInclusive<u32>| {
        if !bounds.contains(&number) {
            let remedy = format!("{} to {}", bounds.start(), bounds.end());
            faults.add(key, &format!("{number} is out of range"), &remedy);
        }
        number
    };
    DialOutRules {
        prefixes,
        except,
        at_once: number("dial_out.at_once", raw.at_once, DialOutRules::AT_ONCE),
        an_hour: number("dial_out.an_hour", raw.an_hour, DialOutRules::AN_HOUR),
    }
}

/// Who is told what happens.
fn webhooks(raw: &raw::Webhooks, faults: &mut Faults<'_>) -> WebhookSettings {
    let mut private = Vec::new();
    for text in &raw.private {
        match text.parse() {
            Ok(address) => private.push(address),
            Err(_) => {
                let problem = format!("{text:?} is no address");
                faults.add("webhooks.private", &problem, "e.g. \"10.1.2.3\"");
            }
        }
    }
    let mut destinations = Vec::new();
    for text in &raw.urls {
        match Destination::parse(text, &private) {
            Ok(destination) => destinations.push(destination),
            // Not the URL itself: its path may hold a secret.
            Err(error) => {
                let remedy = "e.g. \"https://hooks.example.org/rotaline\"";
                faults.add("webhooks.urls", &error.to_string(), remedy);
            }
        }
    }
    WebhookSettings {
        destinations,
        private,
        chase_after: SignedDuration::from_hours(raw.chase_after_h.into()),
    }
}

/// Ways to the telephone network, and who may call.
fn trunks(raw: &Raw, faults: &mut Faults<'_>) -> (Vec<switch::Trunk>, Vec<sip::Network>) {
    let gateway = (!raw.sip.gateway.is_empty())
        .then(|| {
            let parsed = raw.sip.gateway.parse::<SocketAddr>();
            if parsed.is_err() {
                let problem = format!("{:?} is not an address and port", raw.sip.gateway);
                faults.add("sip.gateway", &problem, "e.g. 192.0.2.10:5060, or empty");
            }
            parsed.ok()
        })
        .flatten();
    let mut trunks: Vec<_> = gateway.map(switch::Trunk::to).into_iter().collect();
    trunks.extend(trunk::all(&raw.trunk, faults));
    let mut peers = networks("sip.trunks", &raw.sip.trunks, faults);
    if !peers.is_empty() {
        // Who brings calls may call.
        peers.extend(trunks.iter().flat_map(trunk::networks));
    }
    (trunks, peers)
}

/// The networks that calls come from.
fn networks(key: &str, texts: &[String], faults: &mut Faults<'_>) -> Vec<sip::Network> {
    let mut networks = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(error) => {
                let problem = format!("{text:?} is no network: {error}");
                let remedy = "e.g. \"192.0.2.0/24\", \"2001:db8::/32\" or \"192.0.2.10\"";
                faults.add(key, &problem, remedy);
            }
        }
    }
    networks
}

/// As many media threads as asked for; 0: one for each core.
fn threads(asked: u16) -> u16 {
    if asked > 0 {
        return asked;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(cores).unwrap_or(u16::MAX)
}

//! The programs that play a scenario's parties, and the news of their ends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::House;
use crate::ports;
use crate::run::Places;
use crate::scenario::{Party, Scenario};

/// The caller's number: a practice of the common plan.
pub const CALLER_NUMBER: &str = "+441632960101";
/// The number that every called phone sees.
const INBOUND_NUMBER: &str = "+442079460000";
/// In a script: the folder of the announcements.
const PROMPTS: &str = "{{prompts}}";
/// How long a program may take until it receives.
const BIND_LIMIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Ports of a party: SIP, SIPp's control, RTP, RTCP.
pub const PORTS: u16 = 4;

/// What holds for every peer that talks: one unbroken stream (SERVICE, "wire manners"), no echo of
/// its own tone. The two times are ceilings for a busy machine.
const ALWAYS: [&str; 9] = [
    "received >= 10",
    "ssrc == 1",
    "lost == 0",
    "duplicates == 0",
    "reordered == 0",
    "restarts == 0",
    "stray == 0",
    "garbage == 0",
    "ts_arrival_dev <= 400",
];

/// Which program of which party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// `caller`, or the phone's name.
    pub party: String,
    /// SIPp or the peer.
    pub program: Program,
}

/// What a party is played by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Its signalling.
    Sipp,
    /// Its voice and ears.
    Peer,
}

/// What programs tell.
pub enum News {
    /// One has ended.
    Ended(Role, ExitStatus),
    /// A party's script has come to a `cue`.
    Cue(String),
}

/// The programs that run.
pub struct Stage<'a> {
    house: &'a House,
    scenario: &'a Scenario,
    folder: &'a Path,
    sip_port: u16,
    media_port: u16,
    ports: BTreeMap<String, u16>,
    running: BTreeMap<Role, Pid>,
    news: (Sender<News>, Receiver<News>),
}

impl<'a> Stage<'a> {
    /// An empty stage.
    pub fn new(
        house: &'a House,
        scenario: &'a Scenario,
        folder: &'a Path,
        places: &Places,
    ) -> Self {
        let news = mpsc::channel();
        Stage {
            house,
            scenario,
            folder,
            sip_port: places.sip,
            media_port: places.media,
            ports: places.parties.clone(),
            running: BTreeMap::new(),
            news,
        }
    }

    /// Starts a party's peer, if it has one, and its SIPp, and waits until both receive.
    pub fn enter(&mut self, name: &str, party: &Party) -> Result<()> {
        let first = *self.ports.get(name).context("a party has ports")?;
        if party.script.is_some() {
            let peer = self.peer(name, party, first);
            self.start(name, Program::Peer, peer, first + 2)?;
        }
        let sipp = self.sipp(name, party, first);
        self.start(name, Program::Sipp, sipp, first)
    }

    fn sipp(&self, name: &str, party: &Party, first: u16) -> Command {
        let mut sipp = Command::new("sipp");
        let pause = party.pause_ms.to_string();
        let limit = (self.scenario.is.limit_s + 5).to_string();
        if name == "caller" {
            sipp.arg(format!("127.0.0.1:{}", self.sip_port));
            sipp.args([
                "-s",
                &self.scenario.is.dial,
                "-key",
                "caller",
                CALLER_NUMBER,
            ]);
            sipp.args(["-cid_str", "%u-%p@caller.invalid"]);
        }
        let (payload_type, encoding) = party.codec.sdp();
        let event_pt = party.event_pt.to_string();
        let server = format!("127.0.0.1:{}", self.sip_port);
        let fixed = [
            ("codec_pt", payload_type),
            ("codec_name", encoding),
            ("event_pt", &event_pt),
            ("inbound", INBOUND_NUMBER),
            ("server", &server),
        ];
        let own = party.keys.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        for (name, word) in fixed.into_iter().chain(own) {
            sipp.args(["-key", name, word]);
        }
        sipp.arg("-sf").arg(self.scenario.file(&party.sipp));
        sipp.args([
            "-i",
            "127.0.0.1",
            "-p",
            &first.to_string(),
            "-cp",
            &(first + 1).to_string(),
        ]);
        sipp.args([
            "-key",
            "rtp_port",
            &(first + 2).to_string(),
            "-d",
            &pause,
            "-m",
            "1",
        ]);
        sipp.args(["-timeout", &limit, "-timer_resol", "1", "-nostdin"]);
        sipp.args(["-trace_logs", "-trace_err", "-trace_msg"]);
        sipp.arg("-log_file").arg(self.file(name, "log"));
        sipp.arg("-error_file").arg(self.file(name, "err"));
        sipp.arg("-message_file").arg(self.file(name, "sip"));
        sipp
    }

    fn peer(&self, name: &str, party: &Party, first: u16) -> Command {
        let mut peer = Command::new(&self.house.peer);
        peer.args(["--bind", &format!("127.0.0.1:{}", first + 2)]);
        peer.args(["--secs", &self.scenario.is.limit_s.to_string()]);
        let script = party.script.as_deref().unwrap_or_default();
        let prompts = self.house.prompts.display().to_string();
        peer.args(["--script", &script.replace(PROMPTS, &prompts)]);
        peer.args(["--codec", &party.codec.sdp().1.to_lowercase()]);
        peer.args(["--dtmf-pt", &party.event_pt.to_string()]);
        peer.args(["--expect", &format!("max_gap <= {}", party.gap_ms)]);
        peer.args(["--expect", &format!("digits == {}", party.digits)]);
        if let Some(leg) = party.sends_to_leg {
            peer.args(["--to", &format!("127.0.0.1:{}", self.media_port + 2 * leg)]);
        }
        if party.tone_hz > 0 {
            peer.args(["--tone", &party.tone_hz.to_string()]);
            peer.args(["--expect", &format!("never tone {}", party.tone_hz)]);
        }
        let tones = self.scenario.parties().map(|(_, party)| party.tone_hz);
        let tones: Vec<String> = tones
            .filter(|hz| *hz > 0)
            .map(|hz| hz.to_string())
            .collect();
        if !tones.is_empty() {
            peer.args(["--hear", &tones.join(",")]);
        }
        for expectation in ALWAYS
            .into_iter()
            .chain(party.expect.iter().map(String::as_str))
        {
            peer.args(["--expect", expectation]);
        }
        peer.arg("--report").arg(self.file(name, "json"));
        peer.arg("--record").arg(self.file(name, "wav"));
        peer
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }

    fn start(&mut self, name: &str, program: Program, mut how: Command, port: u16) -> Result<()> {
        let output = File::create(self.file(name, extension_of(program)))?;
        how.stdin(Stdio::null()).stderr(output.try_clone()?);
        match program {
            Program::Sipp => how.stdout(output),
            Program::Peer => how.stdout(Stdio::piped()),
        };
        let mut child = how
            .current_dir(self.folder)
            .spawn()
            .with_context(|| format!("{how:?}"))?;
        if let Some(output) = child.stdout.take() {
            let (sender, party) = (self.news.0.clone(), name.to_owned());
            thread::spawn(move || pass_cues_on(output, &sender, &party));
        }
        let role = Role {
            party: name.to_owned(),
            program,
        };
        self.running.insert(role.clone(), Pid::from_child(&child));
        let sender = self.news.0.clone();
        thread::spawn(move || {
            if let Ok(status) = child.wait() {
                // Nobody waits any more once the scenario is over.
                let _ = sender.send(News::Ended(role, status));
            }
        });
        self.wait_until_bound(name, program, port)
    }

    /// Until a program receives; it may have taken offence at its arguments instead.
    fn wait_until_bound(&self, name: &str, program: Program, port: u16) -> Result<()> {
        let limit = Instant::now() + BIND_LIMIT;
        while !ports::is_bound(port) {
            if Instant::now() > limit {
                let said = fs::read_to_string(self.file(name, extension_of(program)))?;
                bail!("{name}'s {program:?} does not receive on port {port}: {said}");
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }

    /// What comes next; none if nothing came by `limit`, or no program runs.
    pub fn next(&mut self, limit: Instant) -> Option<News> {
        if self.running.is_empty() {
            return None;
        }
        let patience = limit.duration_since(Instant::now());
        let news = self.news.1.recv_timeout(patience).ok()?;
        if let News::Ended(role, _) = &news {
            self.running.remove(role);
        }
        Some(news)
    }

    /// Whether a party's program still runs.
    pub fn runs(&self, party: &str, program: Program) -> bool {
        self.running.contains_key(&Role {
            party: party.to_owned(),
            program,
        })
    }

    /// Which programs still run.
    pub fn still_running(&self) -> Vec<Role> {
        self.running.keys().cloned().collect()
    }

    /// Tells a party's SIPp to go on, since its script has ended or says so: a MESSAGE (RFC 3428)
    /// in its own call, which its scenario waits for. Without a call there is nothing to leave.
    pub fn cue(&self, party: &str) -> Result<()> {
        let log = fs::read_to_string(self.file(party, "log")).unwrap_or_default();
        let call_id = log
            .lines()
            .find_map(|line| line.strip_prefix("INVITE ")?.split_whitespace().last());
        let Some(call_id) = call_id else {
            bail!("{party} has no call to leave")
        };
        let port = *self.ports.get(party).context("a party has ports")?;
        let message = format!(
            "MESSAGE sip:{party}@127.0.0.1:{port} SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKcue\r\nMax-Forwards: 1\r\n\
             From: <sip:runner@127.0.0.1>;tag=cue\r\nTo: <sip:{party}@127.0.0.1:{port}>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        );
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.send_to(message.as_bytes(), (Ipv4Addr::LOCALHOST, port))?;
        Ok(())
    }

    /// Ends every program that still runs.
    pub fn clear(&mut self) {
        for pid in self.running.values() {
            // It may have ended just now.
            let _ = kill_process(*pid, Signal::KILL);
        }
    }
}

impl Drop for Stage<'_> {
    /// However the scenario ends, none of its programs outlives it.
    fn drop(&mut self) {
        self.clear();
    }
}

/// What a peer says is its cues, a line each.
fn pass_cues_on(output: ChildStdout, to: &Sender<News>, party: &str) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if line == "cue" && to.send(News::Cue(party.to_owned())).is_err() {
            return;
        }
    }
}

/// Of the file with what a program says.
fn extension_of(program: Program) -> &'static str {
    match program {
        Program::Sipp => "screen",
        Program::Peer => "peer",
    }
}

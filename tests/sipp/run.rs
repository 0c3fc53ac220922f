//! One scenario from the empty folder to the verdict.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::delays::{Delays, Traces};
use crate::party::{News, Program, Role, Stage};
use crate::plan::{self, Values};
use crate::scenario::{Scenario, Then};
use crate::server::Server;
use crate::{House, case, party, ports, recording, server};

/// Media ports of a scenario's server: eight legs.
const MEDIA_PORTS: u16 = 16;
/// Once the caller is gone, everybody else must be too within this time.
const AFTERMATH: Duration = Duration::from_secs(30);
/// From the last party's end until the case reads as it must. Its ladder may be the last to come:
/// with the end of a BYE that nobody answers (RFC 3261, Timer F: 32 s).
const RECORD_LIMIT: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Plays a scenario and prints what was measured in it.
pub fn run(house: &House, scenario: &Scenario) -> Result<()> {
    let begun = Instant::now();
    let delays = call(house, scenario)?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{:<30} {seconds:5.1} s  {delays}", scenario.name);
    if let Some(table) = &delays.table {
        print!("{table}");
    }
    Ok(())
}

/// Plays a scenario; an error lists everything that was not as it should be.
pub fn call(house: &House, scenario: &Scenario) -> Result<Delays> {
    let folder = house.work.join(&scenario.name);
    let mut problems = Vec::new();
    let played = play(house, scenario, &folder, &mut problems);
    problems.extend(played.as_ref().err().map(|error| format!("{error:#}")));
    problems.extend(server::log_problems(&folder, &numbers()).unwrap_or_default());
    if let (Ok(delays), true) = (played, problems.is_empty()) {
        return Ok(delays);
    }
    problems.dedup();
    let list: String = problems
        .iter()
        .map(|problem| format!("\n  - {problem}"))
        .collect();
    bail!(
        "{} problem(s), traces in {}:{list}",
        problems.len(),
        folder.display()
    )
}

/// Numbers of a scenario, as a careless log line would show them.
fn numbers() -> [&'static str; 2] {
    [party::CALLER_NUMBER.trim_start_matches("+44"), "2079460000"]
}

fn play(
    house: &House,
    scenario: &Scenario,
    folder: &Path,
    problems: &mut Vec<String>,
) -> Result<Delays> {
    let places = Places::new(scenario)?;
    places.furnish(house, scenario, folder)?;
    let bystanders = places.bystanders(scenario)?;
    let mut server = Server::start(house, folder, places.http)?;
    let mut stage = Stage::new(house, scenario, folder, &places);
    for (name, party) in &scenario.is.phone {
        stage.enter(name, party)?;
    }
    stage.enter("caller", &scenario.is.caller)?;
    if watch(&mut stage, &mut server, scenario, folder, problems)? == Fate::Killed {
        server = Server::start(house, folder, places.http)?;
    }
    for (name, socket) in bystanders {
        if !is_untouched(&socket) {
            problems.push(format!("{name} was rung, and must not be"));
        }
    }
    let case = closed_case(&server, scenario)?;
    fs::write(
        folder.join("case.json"),
        serde_json::to_string_pretty(&case)?,
    )?;
    problems.extend(case::problems(&case, scenario));
    problems.extend(recording::problems(
        house, &server, scenario, &case, folder,
    )?);
    let traces = Traces::read(scenario, folder)?;
    let delays = Delays::measure(scenario, &traces);
    problems.extend(delays.problems.iter().cloned());
    server.stop()?;
    Ok(delays)
}

/// The ports of everything in a scenario.
pub struct Places {
    /// The server's SIP.
    pub sip: u16,
    http: u16,
    /// The server's first media port.
    pub media: u16,
    /// The parties' first ports.
    pub parties: BTreeMap<String, u16>,
    plan: PathBuf,
}

impl Places {
    fn new(scenario: &Scenario) -> Result<Places> {
        let plan = scenario.file("plan.toml");
        let mut names = plan::phones(&fs::read_to_string(&plan)?);
        names.push("caller".to_owned());
        let count = u16::try_from(names.len())?;
        let first = ports::block(2 + MEDIA_PORTS + count * party::PORTS)?;
        let parties = first + 2 + MEDIA_PORTS;
        Ok(Places {
            sip: first,
            http: first + 1,
            media: first + 2,
            parties: names
                .into_iter()
                .zip((parties..).step_by(party::PORTS.into()))
                .collect(),
            plan,
        })
    }

    /// A fresh folder with settings and plan.
    fn furnish(&self, house: &House, scenario: &Scenario, folder: &Path) -> Result<()> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        let mut values: Values = self
            .parties
            .iter()
            .map(|(name, port)| (name.clone(), port.to_string()))
            .collect();
        let settings = [
            ("sip-port", self.sip.to_string()),
            ("http-port", self.http.to_string()),
            ("first-media-port", self.media.to_string()),
            (
                "last-media-port",
                (self.media + MEDIA_PORTS - 1).to_string(),
            ),
            ("dead-after-s", scenario.is.dead_after_s.to_string()),
            ("prompts", house.prompts.display().to_string()),
        ];
        values.extend(settings.map(|(name, value)| (name.to_owned(), value)));
        let files = [
            (self.plan.clone(), "plan.toml"),
            (scenario.file("rotaline.toml"), "rotaline.toml"),
        ];
        for (template, name) in files {
            let text = plan::fill(&fs::read_to_string(&template)?, &values);
            fs::write(
                folder.join(name),
                text.with_context(|| template.display().to_string())?,
            )?;
        }
        Ok(())
    }

    /// Phones of the plan that nobody plays: sockets that must stay untouched.
    fn bystanders(&self, scenario: &Scenario) -> Result<Vec<(String, UdpSocket)>> {
        let silent = self
            .parties
            .iter()
            .filter(|(name, _)| *name != "caller" && !scenario.is.phone.contains_key(*name));
        let bound = silent.map(|(name, port)| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, *port))?;
            socket.set_nonblocking(true)?;
            Ok((name.clone(), socket))
        });
        bound.collect()
    }
}

fn is_untouched(socket: &UdpSocket) -> bool {
    let received = socket.recv_from(&mut [0; 1]);
    received.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// What became of the server while the call was played.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It runs.
    Runs,
    /// It was killed, as the scenario wants it.
    Killed,
}

/// Until every program has ended; does what parties do when their scripts have ended.
fn watch(
    stage: &mut Stage<'_>,
    server: &mut Server,
    scenario: &Scenario,
    folder: &Path,
    problems: &mut Vec<String>,
) -> Result<Fate> {
    let mut limit = Instant::now() + Duration::from_secs(scenario.is.limit_s);
    let mut fate = Fate::Runs;
    // Without a server no phone's signalling comes to its end; the peers still do.
    let awaited = |fate, role: &Role| fate == Fate::Runs || role.program == Program::Peer;
    while stage.still_running().iter().any(|role| awaited(fate, role)) {
        let (role, status) = match stage.next(limit) {
            None => break,
            Some(News::Cue(party)) => {
                problems.extend(stage.cue(&party).err().map(|error| error.to_string()));
                continue;
            }
            Some(News::Ended(role, status)) => (role, status),
        };
        let Role { party, program } = &role;
        if !status.success() && awaited(fate, &role) {
            problems.extend(complaints(folder, &role, status.code()));
        }
        let is = scenario
            .parties()
            .find(|(name, _)| name == party)
            .context("a party")?
            .1;
        match (*program, is.then) {
            (Program::Peer, Then::Leaves) if stage.runs(party, Program::Sipp) => {
                problems.extend(stage.cue(party).err().map(|error| error.to_string()));
            }
            (Program::Peer, Then::KillsServer) => {
                server.kill()?;
                fate = Fate::Killed;
            }
            (Program::Peer, Then::Leaves | Then::Stays) | (Program::Sipp, _) => {}
        }
        if party == "caller" {
            limit = limit.min(Instant::now() + AFTERMATH);
        }
    }
    let left = stage
        .still_running()
        .into_iter()
        .filter(|role| awaited(fate, role));
    problems.extend(left.map(|role| format!("{}: {:?} has not ended", role.party, role.program)));
    stage.clear();
    Ok(fate)
}

/// Why a program was not content, in its own words.
fn complaints(folder: &Path, role: &Role, code: Option<i32>) -> Vec<String> {
    let name = &role.party;
    let said = match role.program {
        Program::Peer => {
            let report = fs::read(folder.join(format!("{name}.json"))).unwrap_or_default();
            let report: Value = serde_json::from_slice(&report).unwrap_or_default();
            let failures = report["failures"].as_array().cloned().unwrap_or_default();
            failures
                .iter()
                .filter_map(|text| Some(text.as_str()?.to_owned()))
                .collect()
        }
        Program::Sipp => {
            let errors = fs::read_to_string(folder.join(format!("{name}.err"))).unwrap_or_default();
            errors
                .lines()
                .skip(1)
                .take(3)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        }
    };
    if said.is_empty() {
        return vec![format!("{name}: {:?} ended with {code:?}", role.program)];
    }
    said.into_iter()
        .map(|what| format!("{name}: {:?}: {what}", role.program))
        .collect()
}

/// The one case of the scenario, once it reads as it must and what is recorded of it is on disk; at
/// the limit, as it reads then.
fn closed_case(server: &Server, scenario: &Scenario) -> Result<Value> {
    let limit = Instant::now() + RECORD_LIMIT;
    loop {
        let ids = case::list(server)?;
        let cases = ids.iter().map(|id| case::get(server, id));
        let cases = cases.collect::<Result<Vec<Value>>>()?;
        let (round, own): (Vec<Value>, Vec<Value>) = cases.into_iter().partition(case::came_round);
        let complete = own.len() == 1 && round.len() == scenario.is.came_round;
        let case = own.into_iter().next().filter(|_| complete);
        let stored = |case: &Value| !scenario.is.case.recorded || recording::all_stored(case);
        let settled = case.filter(|case| case::is_closed(case) && stored(case));
        let too_late = Instant::now() > limit;
        match settled {
            Some(case) if too_late || case::problems(&case, scenario).is_empty() => {
                return Ok(case);
            }
            None if too_late => {
                bail!(
                    "no single closed case after {RECORD_LIMIT:?}: {} case(s)",
                    ids.len()
                )
            }
            Some(_) | None => thread::park_timeout(LOOK_EVERY),
        }
    }
}

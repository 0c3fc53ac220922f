//! One world: a switch, its phones, a network between them, and a judge who sees everything.
//!
//! Time jumps from event to event. Whatever is random is drawn from the seed, so a world can be run
//! again; the hash over everything that came about says whether it was the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rotaline_media::Command;
use rotaline_model::{Mono, Now, PersonId, Seed};
use rotaline_phone::{self as phone, Input, Output, Phone};
use rotaline_record::{Answer, Intent, Record};
use rotaline_switch::{self as switch, AskHandle, MediaSlot, Switch};
use rotaline_testkit::network::{Network, Weather};

use crate::cast::{self, GATEWAY};
use crate::codes::Codes;
use crate::desk::Desk;
use crate::hearing::{Hearing, Role};
use crate::judge::{Judge, Known, Tally};
use crate::packets::forged_key;
use crate::promises::Promises;
use crate::rogue::{Rogue, Vice};
use crate::roster::Roster;
use crate::rung::RungPhones;
use crate::secrets::Secrets;
use crate::sounds::{Happening, Sounds};
use crate::tapes::Tapes;
use crate::text;

mod crash;

/// A world that is not quiet after so long has something left over.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Who sends keys to ports that are not theirs to send to.
const STRANGER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9)), 4000);
/// One forged packet for so many.
const FORGED_EVERY: u64 = 50;

/// A phone at its place.
pub struct Station {
    /// The phone.
    pub phone: Phone,
    /// Where it receives SIP.
    pub sip: SocketAddr,
    /// Where it receives RTP: its name in the media model.
    pub rtp: SocketAddr,
    /// Its number, if it has one: the gateway finds it by that.
    pub number: Option<String>,
    /// Whose it is.
    pub role: Role,
    /// When it falls silent for good, if ever.
    pub crashes_at: Option<Mono>,
    /// Whether media has noticed that it fell silent.
    pub noticed: bool,
    /// When it dials, and what: in the order of time.
    pub dials: VecDeque<Dial>,
    /// When it hangs up whatever it does, if ever.
    pub hangs_up_at: Option<Mono>,
    /// What it does wrong, if anything.
    pub rogue: Option<Rogue>,
    /// Whether its calls must be refused (SERVICE.md 1.13).
    pub comes_round: bool,
}

impl Station {
    fn has_crashed(&self, now: Mono) -> bool {
        self.crashes_at.is_some_and(|at| at <= now)
    }

    /// When it wants to go on.
    fn deadline(&mut self) -> Option<Mono> {
        if self.noticed {
            return None;
        }
        let phone = match self.phone.poll_output() {
            Output::Timeout(at) => at,
            Output::Sip { .. } | Output::Rtp { .. } | Output::Event(_) => {
                unreachable!("a phone is drained after every input")
            }
        };
        let dials = self.dials.front().map(|dial| dial.at);
        let rogue = self.rogue.as_ref().and_then(Rogue::deadline);
        [phone, dials, rogue, self.hangs_up_at, self.crashes_at]
            .into_iter()
            .flatten()
            .min()
    }
}

/// A call to be made.
pub struct Dial {
    /// When.
    pub at: Mono,
    /// Request-URI.
    pub target: String,
    /// What its owner does once it is answered.
    pub steps: Vec<rotaline_phone::Step>,
}

/// What comes about in a world besides what its phones do.
pub enum Event {
    /// Somebody presses *call* on a screen.
    Call(Box<Intent>),
    /// The plan is edited.
    Edit,
    /// Somebody calls a keep-trying job off.
    CallOff,
    /// Somebody pauses their calls on a screen for so long, or (none) takes them again.
    Pause(PersonId, Option<Duration>),
    /// The process is killed, and starts again after so long.
    Crash(Duration),
}

/// What a world begins with.
pub struct Scene {
    /// The switch's settings.
    pub config: switch::Config,
    /// The teams of its plan.
    pub roster: Roster,
    /// What else its plan has.
    pub lines: String,
    /// What the judge knows beforehand.
    pub known: Known,
    /// Whoever answers questions.
    pub desk: Desk,
    /// What comes about, and when.
    pub events: Vec<(Mono, Event)>,
    /// Its media slots.
    pub slots: Vec<MediaSlot>,
    /// Phones at their places.
    pub stations: Vec<Station>,
    /// What media they have.
    pub media: Box<dyn Sounds>,
    /// How bad the network is.
    pub weather: Weather,
}

/// A switch, phones, a network and a judge.
pub struct World {
    now: Now,
    switch: Switch,
    switch_at: SocketAddr,
    stations: Vec<Station>,
    /// When each station wants to go on, as it was when it was last looked at.
    wakes: Vec<Option<Mono>>,
    by_sip: BTreeMap<SocketAddr, usize>,
    by_rtp: BTreeMap<SocketAddr, usize>,
    by_number: BTreeMap<String, usize>,
    network: Network,
    media: Box<dyn Sounds>,
    roster: Roster,
    lines: String,
    desk: Desk,
    dice: cast::Dice,
    events: BTreeMap<(Mono, usize), Event>,
    /// Answers on their way.
    answers: BTreeMap<(Mono, u64), (AskHandle, Answer)>,
    asked: u64,
    /// What the journal is told, if the process is to be killed.
    journal: Option<crash::Written>,
    /// Until when the process is down.
    down_until: Option<Mono>,
    tapes: Tapes,
    rung: RungPhones,
    secrets: Secrets,
    codes: Codes,
    promises: Promises,
    hearing: Hearing,
    config: switch::Config,
    media_slots: Vec<MediaSlot>,
    packets: u64,
    /// Sees everything.
    pub judge: Judge,
    hash: DefaultHasher,
}

/// How a world ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    /// What was broken.
    pub broken: Vec<String>,
    /// What came about.
    pub tally: Tally,
    /// Callers who were rung back.
    pub ring_backs: u64,
    /// And joined.
    pub came_back: u64,
    /// Keep-trying jobs that a restart handed back.
    pub resumed: u64,
    /// Codes and PINs that were evaluated.
    pub evaluated: u64,
    /// What was done wrong on purpose.
    pub vices: BTreeSet<Vice>,
    /// The hash over everything that came about.
    pub trace: u64,
}

impl World {
    /// A world at rest.
    pub fn new(scene: Scene, seed: u64, now: Now) -> Self {
        let Scene {
            config,
            roster,
            lines,
            known,
            desk,
            events,
            slots,
            mut stations,
            media,
            weather,
        } = scene;
        let numbers = stations.iter().enumerate();
        let by_number = numbers.filter_map(|(n, it)| Some((it.number.clone()?, n)));
        let by_number = by_number.collect();
        let dies = |(_, event): &(Mono, Event)| matches!(event, Event::Crash(_));
        let plan = Arc::new(cast::plan(&roster, &lines));
        let wakes = stations.iter_mut().map(Station::deadline).collect();
        let switch_at = config.sip.advertised;
        let index = |address: fn(&Station) -> SocketAddr| {
            stations
                .iter()
                .enumerate()
                .map(|(n, station)| (address(station), n))
                .collect()
        };
        World {
            now,
            switch: Switch::new(config.clone(), plan, &slots, Seed::from_number(seed), now),
            switch_at,
            by_number,
            journal: events.iter().any(dies).then(crash::Written::default),
            events: (0..)
                .zip(events)
                .map(|(nth, (at, event))| ((at, nth), event))
                .collect(),
            answers: BTreeMap::new(),
            asked: 0,
            down_until: None,
            judge: Judge::knowing(known, roster.clone()),
            roster,
            lines,
            desk,
            dice: cast::Dice::new(seed ^ 0x776f_726c),
            tapes: Tapes::default(),
            codes: Codes::default(),
            promises: Promises::default(),
            hearing: Hearing::default(),
            config,
            media_slots: slots,
            by_sip: index(|station| station.sip),
            by_rtp: index(|station| station.rtp),
            stations,
            wakes,
            network: Network::new(weather, Seed::from_number(seed ^ 0x6e65_7477)),
            media,
            rung: RungPhones::default(),
            secrets: Secrets::default(),
            packets: 0,
            hash: DefaultHasher::new(),
        }
    }

    /// Runs until nothing is left to come about, and tells all that was journalled.
    pub fn run_journalled(mut self) -> (Ending, Vec<Record>) {
        self.journal = Some(crash::Written::default());
        self.go_on();
        let records = self.journal.as_ref().map(crash::Written::kept);
        (self.ending(), records.unwrap_or_default())
    }

    /// Runs until nothing is left to come about.
    pub fn run(mut self) -> Ending {
        self.go_on();
        self.ending()
    }

    fn go_on(&mut self) {
        let end = self.now.mono + PATIENCE;
        while let Some(at) = self.next() {
            if at > end {
                self.judge
                    .broken
                    .push("the world does not come to rest".to_owned());
                break;
            }
            self.advance(at);
            self.judge.silence(self.now.mono, self.media.legs());
            if let Some(call_id) = self.rung.overdue(self.now.mono) {
                let what = format!("{call_id}: rings on, although its attempt is over");
                self.judge.broken.push(what);
            }
            self.come_about();
            if self.judge.broken.len() > 20 {
                break;
            }
        }
    }

    fn ending(mut self) -> Ending {
        self.check_rest();
        self.judge.broken.extend(self.promises.end());
        self.judge.end();
        let rogues = self.stations.iter().filter_map(|it| it.rogue.as_ref());
        Ending {
            vices: rogues
                .filter(|rogue| rogue.has_acted())
                .map(Rogue::vice)
                .collect(),
            broken: self.judge.broken,
            tally: self.judge.tally,
            ring_backs: self.promises.ring_backs,
            came_back: self.promises.joined,
            resumed: self.promises.resumed,
            evaluated: self.codes.evaluated,
            trace: self.hash.finish(),
        }
    }

    fn next(&mut self) -> Option<Mono> {
        let mut first = self.network.deadline();
        let mut consider = |at: Option<Mono>| {
            if let Some(at) = at {
                first = Some(first.map_or(at, |other: Mono| other.min(at)));
            }
        };
        consider(self.media.deadline());
        consider(drained_switch(&mut self.switch));
        consider(self.wakes.iter().flatten().min().copied());
        consider(self.events.keys().next().map(|(at, _)| *at));
        consider(self.answers.keys().next().map(|(at, _)| *at));
        consider(self.down_until);
        first
    }

    fn advance(&mut self, at: Mono) {
        if at > self.now.mono {
            self.now = self.now.plus(at.since(self.now.mono));
        }
    }

    /// Everything that is due now.
    fn come_about(&mut self) {
        let now = self.now.mono;
        if self.down_until.is_some_and(|at| at <= now) {
            self.starts_again();
        }
        while let Some(entry) = self.events.first_entry()
            && entry.key().0 <= now
        {
            let event = entry.remove();
            self.happens(event);
        }
        while let Some((from, to, bytes)) = self.network.poll(now) {
            self.deliver(from, to, bytes);
        }
        while let Some(entry) = self.answers.first_entry()
            && entry.key().0 <= now
        {
            let (handle, answer) = entry.remove();
            self.tell_switch(switch::Input::Answer(handle, answer));
        }
        self.media.tick(now);
        self.media_happens();
        self.packets_leave();
        self.tell_switch(switch::Input::Timeout);
        for number in 0..self.stations.len() {
            if self.wakes[number].is_some_and(|at| at <= now) {
                self.station_goes_on(number);
                self.wakes[number] = self.stations[number].deadline();
            }
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Call(intent) => self.tell_switch(switch::Input::Start(intent)),
            Event::Edit => self.edit(),
            Event::CallOff => {
                if let Some(job) = self.promises.any() {
                    self.tell_switch(switch::Input::CallOff(job));
                }
            }
            Event::Pause(person, lasts) if self.down_until.is_none() => {
                let until = lasts.and_then(|lasts| self.now.wall.checked_add(lasts).ok());
                self.judge.pauses(&person, until);
                if let Some(journal) = &mut self.journal {
                    journal.pauses(&person, until);
                }
                self.tell_switch(switch::Input::Pause(person, until));
            }
            Event::Pause(..) => {}
            Event::Crash(down) => self.crash(down),
        }
    }

    /// An edit of the plan does nothing to calls that are up by itself.
    fn edit(&mut self) {
        self.roster = self.roster.edited(&mut self.dice, self.now.wall);
        self.judge.edited(self.roster.clone());
        let plan = Arc::new(cast::plan(&self.roster, &self.lines));
        if self.down_until.is_some() {
            return;
        }
        self.switch
            .handle_input(self.now, switch::Input::Plan(plan));
        match self.switch.poll_output() {
            switch::Output::Timeout(_) => {}
            other => {
                let what = format!("an edit of the plan led to {other:?}");
                self.judge.broken.push(what);
                self.drain_switch();
            }
        }
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.note(&(self.now.mono, from, to, &bytes));
        if self.down_until.is_some() && to.ip() == self.switch_at.ip() {
            return;
        }
        let bytes = Bytes::from(bytes);
        if to == self.switch_at {
            self.rung.received(self.now.mono, &bytes);
            return self.tell_switch(switch::Input::Datagram {
                source: from,
                bytes,
            });
        }
        if to.ip() == self.switch_at.ip() {
            self.media
                .receive(self.now.mono, (from, to, bytes.to_vec()));
            self.media_happens();
            return self.packets_leave();
        }
        let station = match to {
            GATEWAY => text::user_of_target(&bytes).and_then(|user| self.by_number.get(user)),
            _ => self.by_sip.get(&to),
        };
        let Some(number) = station.copied() else {
            return self.deliver_rtp(to, bytes);
        };
        let station = &mut self.stations[number];
        if station.has_crashed(self.now.mono) {
            return;
        }
        if station.comes_round && text::answers_invite(&bytes) {
            self.judge
                .broken
                .push(format!("{to}: a call that came round to us was answered"));
        }
        let heard = match &mut station.rogue {
            Some(rogue) => rogue.hears(self.now.mono, &bytes),
            None => true,
        };
        if heard {
            let input = Input::Sip {
                source: from,
                bytes,
            };
            station.phone.handle_input(self.now.mono, input);
        }
        self.drain_station(number);
    }

    fn deliver_rtp(&mut self, to: SocketAddr, bytes: Bytes) {
        let now = self.now.mono;
        if let Some(number) = self.by_rtp.get(&to).copied()
            && !self.stations[number].has_crashed(now)
        {
            let input = Input::Rtp { bytes };
            self.stations[number].phone.handle_input(now, input);
            self.drain_station(number);
        }
    }

    fn packets_leave(&mut self) {
        while let Some((from, to, bytes)) = self.media.sent() {
            self.network.send(self.now.mono, from, to, bytes);
        }
    }

    fn tell_switch(&mut self, input: switch::Input) {
        if self.down_until.is_some() {
            return;
        }
        self.switch.handle_input(self.now, input);
        self.drain_switch();
    }

    fn drain_switch(&mut self) {
        loop {
            match self.switch.poll_output() {
                switch::Output::Transmit { to, bytes } => {
                    self.judge.broken.extend(self.rung.sent(&bytes));
                    self.network
                        .send(self.now.mono, self.switch_at, to, bytes.to_vec());
                }
                switch::Output::Media { command, .. } => self.media_command(command),
                switch::Output::Record(record) => self.recorded(&record),
                switch::Output::RecordDurably(handle, record) => self.keep(handle, &record),
                switch::Output::Ask(handle, question) => {
                    let now = self.now.mono;
                    self.judge
                        .broken
                        .extend(self.codes.question(now, &question));
                    if let Some((after, answer)) = self.desk.answer(&question, self.now.wall) {
                        self.codes.answered(&question, &answer);
                        self.asked += 1;
                        self.answers
                            .insert((now + after, self.asked), (handle, answer));
                    }
                }
                switch::Output::Timeout(_) => break,
            }
        }
        self.judge.settled(self.media.legs());
        self.judge.broken.extend(self.secrets.settled(&self.tapes));
        self.judge.broken.extend(self.codes.settled(&self.tapes));
        if !self.media.happenings().is_empty() {
            self.media_happens();
        }
    }

    /// The disk keeps a fact, mostly.
    fn keep(&mut self, handle: AskHandle, record: &Record) {
        self.recorded(record);
        let kept = !self.dice.percent(3);
        if kept {
            self.promises.kept(record);
            if let Some(journal) = &mut self.journal {
                journal.synced();
            }
        }
        let answer = match kept {
            true => Answer::Kept,
            false => Answer::Unavailable,
        };
        self.switch
            .handle_input(self.now, switch::Input::Answer(handle, answer));
    }

    fn recorded(&mut self, record: &Record) {
        if let Some(journal) = &mut self.journal {
            journal.append(self.now.mono, record);
        }
        self.hearing.record(record);
        let codes = self.codes.record(record, &self.desk.given);
        let broken = codes.into_iter().chain(self.promises.record(record));
        let broken = broken.map(|what| format!("{}: {what}", record.case));
        self.judge.broken.extend(broken);
        self.note(&format!("{:?}", record.fact));
        self.rung.record(self.now.mono, record);
        self.judge.record(record);
        if let Some(what) = self.secrets.record(record) {
            self.judge.broken.push(format!("{}: {what}", record.case));
        }
    }

    fn media_command(&mut self, command: Command) {
        let role = match &command {
            Command::Enter { leg, .. } | Command::Play { leg, .. } => {
                let phone = self.media.legs().get(*leg).map(|seen| seen.phone);
                let number = phone.and_then(|phone| self.by_rtp.get(&phone));
                number.map_or(Role::Line, |number| self.stations[*number].role)
            }
            _ => Role::Line,
        };
        let (legs, tapes) = (self.media.legs(), &mut self.tapes);
        let broken = &mut self.judge.broken;
        broken.extend(tapes.command(&command));
        broken.extend(self.hearing.command(&command, role, tapes, legs));
        broken.extend(self.promises.command(&command, tapes));
        broken.extend(self.codes.command(&command, tapes));
        self.secrets.command(&command);
        self.judge.command(&command, legs, role == Role::Specialist);
        self.media.command(self.now.mono, command.clone());
        self.judge.rooms(&command, self.media.legs());
    }

    fn media_happens(&mut self) {
        while let Some(happening) = self.media.happenings().pop_front() {
            match happening {
                Happening::Event(event) => {
                    self.note(&format!("{event:?}"));
                    self.secrets.event(&event, &self.tapes);
                    self.codes.event(&event, &self.tapes);
                    self.tell_switch(switch::Input::Media(event));
                }
                Happening::Hears(phone, hearing) => {
                    let Some(number) = self.by_rtp.get(&phone).copied() else {
                        continue;
                    };
                    let station = &mut self.stations[number];
                    if !station.has_crashed(self.now.mono) {
                        station
                            .phone
                            .handle_input(self.now.mono, Input::Hears(hearing));
                        self.drain_station(number);
                    }
                }
            }
        }
    }

    fn station_goes_on(&mut self, number: usize) {
        let now = self.now.mono;
        let station = &mut self.stations[number];
        if station.has_crashed(now) {
            if !std::mem::replace(&mut station.noticed, true) {
                let rtp = station.rtp;
                self.media.dead(rtp);
                self.media_happens();
            }
            return;
        }
        // Whoever is in a call does not dial.
        if station.dials.front().is_some_and(|dial| dial.at <= now)
            && let Some(dial) = station.dials.pop_front()
            && station.phone.is_idle()
        {
            station
                .phone
                .dial(now, &dial.target, self.switch_at, dial.steps);
        }
        if station.hangs_up_at.is_some_and(|at| at <= now) {
            station.hangs_up_at = None;
            station.phone.hang_up(now);
        }
        while let Some(bytes) = station.rogue.as_mut().and_then(|rogue| rogue.due(now)) {
            self.network.send(now, station.sip, self.switch_at, bytes);
        }
        station.phone.handle_input(now, Input::Timeout);
        self.drain_station(number);
    }

    fn drain_station(&mut self, number: usize) {
        loop {
            let station = &mut self.stations[number];
            match station.phone.poll_output() {
                Output::Sip { to, bytes } => {
                    let (from, now) = (station.sip, self.now.mono);
                    let said = match &mut station.rogue {
                        Some(rogue) => rogue.says(now, bytes.to_vec()),
                        None => Some(bytes.to_vec()),
                    };
                    if let Some(bytes) = said {
                        self.network.send(now, from, to, bytes);
                    }
                }
                Output::Rtp { to, bytes } => {
                    let (now, from) = (self.now.mono, station.rtp);
                    self.network.send(now, from, to, bytes.to_vec());
                    self.packets += 1;
                    if self.packets.is_multiple_of(FORGED_EVERY) {
                        let key = forged_key(self.packets as u16);
                        self.network.send(now, STRANGER, to, key);
                    }
                }
                Output::Event(phone::Event::Keys(digit)) => {
                    let rtp = station.rtp;
                    self.media.press(self.now.mono, rtp, digit);
                }
                Output::Event(_) => {}
                Output::Timeout(_) => break,
            }
        }
        self.wakes[number] = self.stations[number].deadline();
    }

    /// Nothing is left of any call: no dialog, transaction, slot, reservation, leg.
    fn check_rest(&mut self) {
        let load = self.switch.load();
        let rest = switch::Load {
            free_slots: self.media_slots.len(),
            ..switch::Load::default()
        };
        if load != rest {
            self.judge
                .broken
                .push(format!("left over at the end: {load:?}"));
        }
        let now = self.now.mono;
        for station in self.stations.iter().filter(|it| !it.has_crashed(now)) {
            let (left, who) = match &station.rogue {
                Some(rogue) => (rogue.was_left_up(), Some(rogue.vice())),
                None => (!station.phone.is_quiet(), None),
            };
            if left {
                let what = format!("{}: its call was never ended ({who:?})", station.sip);
                self.judge.broken.push(what);
            }
        }
        if !self.media.legs().is_empty() {
            self.judge
                .broken
                .push("a media leg is open at the end".to_owned());
        }
    }

    fn note(&mut self, what: &impl Hash) {
        what.hash(&mut self.hash);
    }
}

fn drained_switch(switch: &mut Switch) -> Option<Mono> {
    match switch.poll_output() {
        switch::Output::Timeout(at) => at,
        switch::Output::Transmit { .. }
        | switch::Output::Media { .. }
        | switch::Output::Record(_)
        | switch::Output::RecordDurably(..)
        | switch::Output::Ask(..) => unreachable!("the switch is drained after every input"),
    }
}

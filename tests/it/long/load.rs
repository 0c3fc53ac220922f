//! Calls of every kind, by callers side by side: each lane has a caller, a phone of its own and a
//! number of its own for each way to it, and places one call after the other.
//!
//! Every call presents the next of the numbers that Ofcom keeps for drama, so its case is found by
//! caller and number dialled. What the parties hear is checked as they go.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::party::{Caller, Manner, Phone};
use crate::ports;
use crate::server::{Home, LIMIT, Wish};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// 01632 960000 to 960999.
const NUMBERS: u32 = 1000;
const DIAL_IN: &str = "02079460001";
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// As long as a key is pressed, and a little.
const KEY: Duration = Duration::from_millis(300);
/// Media ports: two a leg, three legs a lane, and as many again for slots that are closing.
const PORTS_A_LANE: u16 = 12;
/// Specialties with a prompt; more lanes there cannot be, since a lane's key is one digit.
const SPECIALTIES: [(&str, &str); 8] = [
    ("cardiology", "Cardiology"),
    ("dermatology", "Dermatology"),
    ("diabetes", "Diabetes"),
    ("allergy", "Allergy"),
    ("audiology", "Audiology"),
    ("endocrinology", "Endocrinology"),
    ("gynaecology", "Gynaecology"),
    ("haematology", "Haematology"),
];

static NEXT_NUMBER: AtomicU32 = AtomicU32::new(0);

/// A home whose plan has so many lanes, and the ports of their phones.
pub struct Lanes {
    pub home: Home,
    phones: Vec<u16>,
}

impl Lanes {
    pub fn new(name: &str, count: u16) -> Lanes {
        let wish = Wish {
            calls: 200,
            media_ports: count * PORTS_A_LANE,
            ..Wish::default()
        };
        let home = Home::new(name, &wish);
        let first = ports::block(count).unwrap();
        let phones: Vec<u16> = (first..first + count).collect();
        let plan = home.folder.join("plan.toml");
        let text = fs::read_to_string(&plan).unwrap();
        let (head, _) = text.split_once("# Recorded; ").expect("the plan's numbers");
        let (_, menu) = text.split_once("[[outcomes").expect("the plan's outcomes");
        let (menu, _) = menu.split_once("[person").expect("the plan's people");
        let lanes = phones.iter().zip(SPECIALTIES).enumerate();
        let lanes: String = lanes
            .map(|(lane, (port, names))| plan_of(lane, *port, names))
            .collect();
        fs::write(&plan, format!("{head}{lanes}[[outcomes{menu}")).unwrap();
        Lanes { home, phones }
    }

    /// All lanes place calls from now on.
    pub fn begin(&self, seed: u64) -> Load {
        let (stop, killed) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let lanes = self.phones.iter().enumerate().map(|(index, port)| {
            let lane = Lane {
                index,
                server: self.home.sip_address(),
                phone: Phone::at(*port, PHONE_HZ, Manner::Answers),
                chance: Chance(seed ^ ((index as u64 + 1) << 32)),
                killed: Arc::clone(&killed),
                placed: Vec::new(),
            };
            let stop = Arc::clone(&stop);
            thread::spawn(move || lane.run(&stop))
        });
        let lanes = lanes.collect();
        Load {
            stop,
            killed,
            lanes,
        }
    }
}

/// A lane's part of the plan: a direct line, a specialty, its specialist.
fn plan_of(lane: usize, port: u16, (id, name): (&str, &str)) -> String {
    let key = lane + 1;
    format!(
        r#"
[number."100{lane}"]
service = "direct"
to = "sip:line@127.0.0.1:{port}"
answer = "on-arrival"
acceptance = "direct-line"

[number."{}"]
service = "specialty"
specialty = "{id}"

[specialty.{id}]
organisation = "northfield"
name = "{name}"
key = {key}
hours = ["daily 00:00-24:00"]
outcomes = "advice"

[[specialty.{id}.session]]
times = ["daily 00:00-24:00"]
people = ["person-{key}"]

[person.person-{key}]
name = "Dr Person {key}"

[[person.person-{key}.phone]]
kind = "mobile"
to = "sip:person{key}@127.0.0.1:{port}"

"#,
        straight(lane)
    )
}

/// The number of a lane's specialty.
fn straight(lane: usize) -> String {
    format!("0207946001{lane}")
}

/// A call that was placed and answered.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The number that it presented.
    pub caller: String,
    /// The number that it dialled.
    pub dialled: String,
    /// When its 200 came.
    pub answered: Instant,
    /// When its end was acknowledged; none: it was up when the service was killed.
    pub ended: Option<Instant>,
}

/// Lanes at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    killed: Arc<AtomicBool>,
    lanes: Vec<JoinHandle<Vec<Placed>>>,
}

impl Load {
    /// Every lane ends its call and stops; all that were placed.
    pub fn end(self) -> Vec<Placed> {
        self.stop.store(true, Ordering::Release);
        let joined = self.lanes.into_iter().map(JoinHandle::join);
        joined
            .flat_map(|placed| placed.expect("a lane's checks hold"))
            .collect()
    }

    /// The service is gone: nothing that is missing now is a fault.
    pub fn end_killed(self) -> Vec<Placed> {
        self.killed.store(true, Ordering::Release);
        self.end()
    }
}

/// What is done in one call.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// A direct line; the caller hangs up.
    Line,
    /// A direct line; the phone hangs up.
    LineLeaves,
    /// Straight to the specialty, accepted; the caller hangs up, the specialist gives the outcome.
    Talk,
    /// Through the menu, accepted; the specialist hangs up, the caller gives the outcome.
    MenuTalk,
    /// The menu, left again.
    MenuLeft,
    /// The specialist's phone rings, and the caller leaves.
    Rings,
    /// The specialist is busy: the caller hears the offer, and leaves.
    Busy,
}

const DEEDS: [Deed; 7] = [
    Deed::Line,
    Deed::LineLeaves,
    Deed::Talk,
    Deed::MenuTalk,
    Deed::MenuLeft,
    Deed::Rings,
    Deed::Busy,
];

/// The service was killed in the middle of the call.
struct Killed;

struct Lane {
    index: usize,
    server: SocketAddr,
    phone: Phone,
    chance: Chance,
    killed: Arc<AtomicBool>,
    placed: Vec<Placed>,
}

impl Lane {
    fn run(mut self, stop: &AtomicBool) -> Vec<Placed> {
        // Every lane begins elsewhere, and a lane that goes on long enough has done all.
        let mut next = self.index;
        while !stop.load(Ordering::Acquire) {
            if self.place(DEEDS[next % DEEDS.len()]).is_err() {
                break;
            }
            next += 1;
        }
        self.placed
    }

    fn place(&mut self, deed: Deed) -> Result<(), Killed> {
        let dialled = match deed {
            Deed::Line | Deed::LineLeaves => format!("100{}", self.index),
            Deed::Talk | Deed::Rings | Deed::Busy => straight(self.index),
            Deed::MenuTalk | Deed::MenuLeft => DIAL_IN.to_owned(),
        };
        self.phone.behave(match deed {
            Deed::Rings => Manner::Rings,
            Deed::Busy => Manner::Busy,
            Deed::Line | Deed::LineLeaves | Deed::Talk | Deed::MenuTalk | Deed::MenuLeft => {
                Manner::Answers
            }
        });
        let own = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed) % NUMBERS;
        let number = format!("+441632960{own:03}");
        let mut caller = Caller::with_number(self.server, &dialled, CALLER_HZ, &number);
        let killed = Arc::clone(&self.killed);
        let before = (self.phone.invited(), self.phone.ended());
        let answer = caller.call_unless(&|| killed.load(Ordering::Acquire));
        let Some(answer) = answer else {
            return self.missing("a final response to INVITE", deed);
        };
        assert_eq!(answer.status(), 200, "{deed:?} of lane {}", self.index);
        self.placed.push(Placed {
            caller: number,
            dialled,
            answered: Instant::now(),
            ended: None,
        });
        self.go_through(deed, before, &mut caller)?;
        if let Some(placed) = self.placed.last_mut() {
            placed.ended = Some(Instant::now());
        }
        Ok(())
    }

    fn go_through(
        &mut self,
        deed: Deed,
        (invited, ended): (u32, u32),
        caller: &mut Caller,
    ) -> Result<(), Killed> {
        match deed {
            Deed::Line => {
                self.until_joined(deed, caller)?;
                self.talk(caller)?;
                self.hang_up(deed, caller)?;
                self.until_phone_is_left(deed)
            }
            Deed::LineLeaves => {
                self.until_joined(deed, caller)?;
                self.talk(caller)?;
                self.phone.hang_up();
                self.until_hung_up(deed, caller)
            }
            Deed::Talk => {
                self.accept(deed, caller)?;
                self.talk(caller)?;
                self.hang_up(deed, caller)?;
                self.give_outcome_and_leave(deed)
            }
            Deed::MenuTalk => {
                caller.voice.press(u8::try_from(self.index + 1).unwrap());
                self.accept(deed, caller)?;
                self.talk(caller)?;
                self.phone.hang_up();
                self.pause(Duration::from_millis(500))?;
                caller.voice.press(1);
                self.pause(Duration::from_millis(700))?;
                self.hang_up(deed, caller)
            }
            Deed::MenuLeft => {
                self.linger()?;
                self.hang_up(deed, caller)
            }
            Deed::Rings | Deed::Busy => {
                self.until("the phone rings", deed, |lane| {
                    lane.phone.invited() > invited
                })?;
                self.linger()?;
                self.hang_up(deed, caller)?;
                let stops = matches!(deed, Deed::Rings);
                self.until("the phone stops", deed, |lane| {
                    !stops || lane.phone.ended() > ended
                })
            }
        }
    }

    /// The specialist answers, presses 1, and both hear each other.
    fn accept(&mut self, deed: Deed, caller: &Caller) -> Result<(), Killed> {
        let mut pressed = Instant::now();
        self.until("they hear each other", deed, |lane| {
            if pressed.elapsed() > KEY {
                lane.phone.voice.press(1);
                pressed = Instant::now();
            }
            lane.joined(caller)
        })
    }

    fn until_joined(&mut self, deed: Deed, caller: &Caller) -> Result<(), Killed> {
        self.until("they hear each other", deed, |lane| lane.joined(caller))
    }

    fn joined(&self, caller: &Caller) -> bool {
        caller.voice.hears(PHONE_HZ) && self.phone.voice.hears(CALLER_HZ)
    }

    /// They talk for a while, and still hear each other at its end.
    fn talk(&mut self, caller: &Caller) -> Result<(), Killed> {
        let while_ms = 300 + self.chance.below(2500);
        self.pause(Duration::from_millis(while_ms))?;
        self.until("they still hear each other", Deed::Talk, |lane| {
            lane.joined(caller)
        })
    }

    /// Up to two seconds.
    fn linger(&mut self) -> Result<(), Killed> {
        let while_ms = self.chance.below(2000);
        self.pause(Duration::from_millis(while_ms))
    }

    fn hang_up(&self, deed: Deed, caller: &mut Caller) -> Result<(), Killed> {
        let killed = || self.killed.load(Ordering::Acquire);
        let Some(answer) = caller.hang_up_unless(&killed) else {
            return self.missing("a final response to BYE", deed);
        };
        assert_eq!(answer.status(), 200, "{deed:?} of lane {}", self.index);
        Ok(())
    }

    fn until_hung_up(&self, deed: Deed, caller: &Caller) -> Result<(), Killed> {
        let limit = Instant::now() + LIMIT;
        while !caller.is_hung_up_within(Duration::from_millis(200)) {
            if Instant::now() > limit || self.killed.load(Ordering::Acquire) {
                return self.missing("a BYE", deed);
            }
        }
        Ok(())
    }

    fn until_phone_is_left(&mut self, deed: Deed) -> Result<(), Killed> {
        self.until("the phone hears nothing more", deed, |lane| {
            !lane.phone.is_in_call()
        })
    }

    fn give_outcome_and_leave(&mut self, deed: Deed) -> Result<(), Killed> {
        self.pause(Duration::from_millis(500))?;
        self.phone.voice.press(1);
        self.pause(Duration::from_millis(700))?;
        self.phone.hang_up();
        self.until_phone_is_left(deed)
    }

    fn until(
        &mut self,
        what: &str,
        deed: Deed,
        mut is_so: impl FnMut(&mut Lane) -> bool,
    ) -> Result<(), Killed> {
        let limit = Instant::now() + LIMIT;
        while !is_so(self) {
            if Instant::now() > limit || self.killed.load(Ordering::Acquire) {
                return self.missing(what, deed);
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }

    fn pause(&self, time: Duration) -> Result<(), Killed> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if self.killed.load(Ordering::Acquire) {
                return Err(Killed);
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }

    /// A fault, unless the service was killed.
    fn missing(&self, what: &str, deed: Deed) -> Result<(), Killed> {
        assert!(
            self.killed.load(Ordering::Acquire),
            "{deed:?} of lane {}: not in time: {what}",
            self.index
        );
        Err(Killed)
    }
}

/// SplitMix64: the same numbers from the same seed.
pub struct Chance(pub u64);

impl Chance {
    /// 0 to `bound` - 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

//! Who is in a world: its plan, its specialists with their moods, its callers with their habits.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rotaline_model::{Digit, Mono, Seed};
use rotaline_phone::{self as phone, Hearing, Manner, Phone, Step};
use rotaline_routing::{Announcement, Plan, Source};
use rotaline_sip::TimerConfig;

use crate::hearing::Role;
use crate::rogue::{CALLED, CALLER, Rogue, Vice};
use crate::roster::{Minutes, Roster, Team};
use crate::world::{Dial, Station};

/// Where the switch is.
pub const SWITCH: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060);

/// Where numbers are sent.
pub const GATEWAY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), 5060);

/// RFC 3261 table 4.
pub const TIMERS: TimerConfig = TimerConfig {
    t1: Duration::from_millis(500),
    t2: Duration::from_secs(4),
    t4: Duration::from_secs(5),
};

/// Specialists in a world; the plan names them p0, p1...
pub const SPECIALISTS: usize = 6;

/// The specialty for which two phones may ring at once.
pub const OVERLAP: &str = "dermatology";
/// The specialty whose specialists' keys do something during a talk.
pub const KEYS: &str = "rheumatology";

const CARDIOLOGISTS: &[&str] = &["p0", "p1", "p2", "p3"];
const DERMATOLOGISTS: &[&str] = &["p4", "p5", "p0"];
const RHEUMATOLOGISTS: &[&str] = &["p2", "p5"];
const NOBODY: &[&str] = &[];

/// Worlds live in the morning.
const EVENING: Minutes = (20 * 60, 21 * 60);

/// When rogues that are still up hang up.
const LAST_WORD: Duration = Duration::from_secs(1300);

/// Phones with a vice, in per cent.
const ROGUES_PERCENT: u32 = 8;

/// What media a world has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// A model: phones are told what they hear.
    Model,
    /// The real one, with packets.
    Packets,
}

/// Draws from a world's seed.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice of one world.
    pub fn new(seed: u64) -> Self {
        Dice(Seed::from_number(seed).generator(7))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    /// True in `percent` of cases.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// A time of up to `ms` milliseconds.
    pub fn up_to_ms(&mut self, ms: u32) -> Duration {
        Duration::from_millis(self.below(ms + 1).into())
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len() as u32) as usize]
    }
}

/// What every plan begins with.
const HEAD: &str = r#"
inbound_number = "020 7946 0000"
[organisation.northfield]
name = "Northfield Hospitals"
zone = "Europe/London"
ask_nhs_number = true
[number."020 7946 0001"]
service = "dial-in"
organisation = "northfield"
[number."020 7946 0003"]
service = "direct"
to = "sip:desk@10.3.0.1:5060"
acceptance = "direct-line"
[[outcomes.advice.choice]]
id = "referral-avoided"
name = "Referral avoided"
key = 1
[[outcomes.advice.choice]]
id = "referral-made"
name = "Referral made"
key = 2
"#;

/// Rotas that share people, one of them with overlap and one whose specialists' keys do something;
/// empty ones, with overflow and without.
pub fn roster() -> Roster {
    let never = "keep_trying = false";
    let team = |name, key, people, more| Team {
        more,
        ..Team::all_day(name, key, people)
    };
    let overflowing = |name, key, next| Team {
        overflow: Some(next),
        ..team(name, key, NOBODY, never)
    };
    let overlapping = "keep_trying = false\noverlap_s = 4";
    let with_keys = "keep_trying = false\nin_call_keys = true";
    Roster {
        teams: vec![
            team("cardiology", 1, CARDIOLOGISTS, never),
            team(OVERLAP, 2, DERMATOLOGISTS, overlapping),
            team("neurology", 3, NOBODY, never),
            team(KEYS, 41, RHEUMATOLOGISTS, with_keys),
            overflowing("renal", 42, "cardiology"),
            overflowing("oncology", 43, "haematology"),
            Team {
                hours: EVENING,
                ..team("haematology", 44, CARDIOLOGISTS, never)
            },
        ],
    }
}

/// The plan of a world that begins with such teams: what else it has is `more`.
pub fn plan(roster: &Roster, more: &str) -> Plan {
    let mut text = format!("{HEAD}{}{more}", roster.written());
    for number in 0..SPECIALISTS {
        write!(
            text,
            "[person.p{number}]\nname = \"Dr {number}\"\n[[person.p{number}.phone]]\n\
             kind = \"mobile\"\nto = \"{}\"\n",
            mobile(number)
        )
        .expect("a string takes all");
    }
    // Colleagues share this one.
    text.push_str(
        "[[person.p2.phone]]\nkind = \"desk\"\nto = \"sip:p4@10.1.0.4:5060\"\n\
         [[person.p5.phone]]\nkind = \"desk\"\nto = \"sip:p4@10.1.0.4:5060\"\n",
    );
    let source = Source {
        name: "sim.toml".to_owned(),
        text,
    };
    match Plan::parse(&[source]) {
        Ok(plan) => plan.with_announcements(|_| {
            Some(Announcement {
                version: 1,
                length_ms: 900,
                expires: None,
            })
        }),
        Err(faults) => panic!("the plan of the simulation has faults: {faults:?}"),
    }
}

/// The practices of worlds in which nobody dials out: their lines have no way.
pub fn practices(more_elm: &str, more_oak: &str) -> String {
    let mut text = String::new();
    for (name, more, numbers) in [
        ("elm-street", more_elm, 0..14),
        ("oak-road", more_oak, 14..28),
    ] {
        let numbers: Vec<String> = numbers.map(|n| format!("01632 960{n:03}")).collect();
        write!(
            text,
            "[practice.{name}]\nname = \"{name}\"\nnumbers = {numbers:?}\n{more}\n"
        )
        .expect("a string takes all");
    }
    text
}

/// Where a specialist's first phone is: some are numbers, which go by the gateway.
fn mobile(number: usize) -> String {
    match mobile_number(number) {
        Some(number) => number,
        None => format!("sip:p{number}@10.1.0.{number}:5060"),
    }
}

/// The number of a specialist's first phone, if it has one.
pub fn mobile_number(number: usize) -> Option<String> {
    [0, 3]
        .contains(&number)
        .then(|| format!("077009001{number:02}"))
}

/// A specialist's phone, in a mood of its own each time it rings.
pub fn specialist(number: usize, media: Media, dice: &mut Dice, seed: u64) -> Station {
    let manners = (0..8).map(|_| mood(dice)).collect();
    let user = mobile_number(number).unwrap_or_else(|| format!("p{number}"));
    let mut station = station([10, 1, 0, number as u8], &user, manners, media, seed);
    station.number = mobile_number(number).map(|national| in_full(&national));
    station.role = Role::Specialist;
    station.crashes_at = dice.percent(3).then(|| Mono::ZERO + dice.up_to_ms(900_000));
    tempt(&mut station, &CALLED, dice, seed ^ number as u64);
    station
}

/// The far end of the direct line, where nobody is asked to accept.
pub fn desk(media: Media, dice: &mut Dice, seed: u64) -> Station {
    let manners = (0..8).map(|_| mood(dice)).collect();
    let mut station = station([10, 3, 0, 1], "desk", manners, media, seed);
    station.role = Role::Line;
    tempt(&mut station, &CALLED, dice, seed);
    station
}

/// What somebody does whose phone rings.
pub fn mood(dice: &mut Dice) -> Manner {
    let after = dice.up_to_ms(12_000);
    match dice.below(10) {
        0 => Manner::Refuse(*dice.one_of(&[486, 480, 404, 500, 503, 603, 302, 600])),
        1 => Manner::RingOut,
        // A voicemail: answers, never keys.
        2 => Manner::Answer {
            after,
            then: Vec::new(),
        },
        3 => Manner::Answer {
            after,
            then: vec![pause(dice, 9_000), Step::HangUp],
        },
        4 => Manner::Answer {
            after,
            then: vec![pause(dice, 6_000), key('2')],
        },
        5 => Manner::Answer {
            after,
            then: vec![pause(dice, 3_000), key('7'), pause(dice, 3_000), key('1')],
        },
        _ => {
            let mut then = vec![pause(dice, 8_000), key('1'), pause(dice, 30_000)];
            if dice.percent(40) {
                let what = *dice.one_of(&['2', '2', '3', '4', '9', '7']);
                // Some forget the star.
                if dice.percent(80) {
                    then.extend([key('*'), pause(dice, 3_500)]);
                }
                then.push(key(what));
            }
            then.push(pause(dice, 40_000));
            if dice.percent(60) {
                then.push(Step::HangUp);
            }
            if dice.percent(50) {
                then.extend([pause(dice, 4_000), key('1')]);
            }
            Manner::Answer { after, then }
        }
    }
}

/// Whom somebody rings, and what they do then, where there is a dial-in and a direct line.
pub fn dial_in_or_direct(dice: &mut Dice) -> (String, Vec<Step>) {
    let direct = dice.percent(8);
    let number = if direct { "02079460003" } else { "02079460001" };
    let wrong = dice.percent(2);
    let dialled = if wrong { "nobody" } else { number };
    let steps = if direct { Vec::new() } else { habits(dice) };
    (dialled.to_owned(), steps)
}

/// A caller's phone, which rings at some time and leaves at some time.
pub fn caller(
    number: usize,
    media: Media,
    dice: &mut Dice,
    seed: u64,
    manners: Vec<Manner>,
    dials: impl Fn(&mut Dice) -> (String, Vec<Step>),
) -> Station {
    let place = [10, 2, (number / 200) as u8, (number % 200) as u8];
    let forged = dice.percent(1);
    let user = if forged {
        "02079460000".to_owned()
    } else {
        format!("0163296{:04}", number % 1000)
    };
    let mut station = station(place, &user, manners, media, seed);
    station.number = (!forged).then(|| in_full(&user));
    let at = Mono::ZERO + Duration::from_millis(1) + dice.up_to_ms(900_000);
    let (dialled, steps) = dials(dice);
    station.dials.push_back(Dial {
        at,
        target: format!("sip:{dialled}@10.0.0.1"),
        steps,
    });
    // Every caller leaves at last; some at once, some in the middle of things.
    let stay = if dice.percent(25) {
        dice.up_to_ms(40_000)
    } else {
        match media {
            Media::Model => Duration::from_secs(400),
            Media::Packets => Duration::from_secs(100),
        }
    };
    station.hangs_up_at = Some(at + stay);
    station.crashes_at = dice.percent(2).then(|| at + dice.up_to_ms(90_000));
    station.comes_round = forged;
    tempt(&mut station, &CALLER, dice, seed ^ place_seed(place));
    station
}

/// Between the keys of one choice.
const BETWEEN_KEYS: Duration = Duration::from_millis(300);

/// What somebody does who rings the dial-in number.
pub fn habits(dice: &mut Dice) -> Vec<Step> {
    let mut steps = vec![pause(dice, 9_000)];
    match dice.below(12) {
        // Never keys.
        0 => return steps,
        1 => steps.extend([key('*'), pause(dice, 3_000)]),
        2 => steps.extend([key('7'), pause(dice, 3_000)]),
        _ => {}
    }
    let choices = [
        "1", "1", "2", "2", "2", "3", "41", "41", "41", "42", "43", "44", "4", "#", "#", "977#",
        "92",
    ];
    let keys = dice.one_of(&choices).chars();
    steps.extend(keys.flat_map(|character| [key(character), Step::Pause(BETWEEN_KEYS)]));
    if dice.percent(10) {
        steps.push(pause(dice, 9_000));
        // The second one's check digit is wrong.
        let number = *dice.one_of(&["9434765919", "9434765918"]);
        steps.extend(
            number
                .chars()
                .flat_map(|digit| [key(digit), Step::Pause(BETWEEN_KEYS)]),
        );
    }
    match dice.below(8) {
        // Goes back to the menu while phones ring, and chooses anew.
        0 => steps.extend([pause(dice, 20_000), key('*'), pause(dice, 4_000), key('2')]),
        // Keys at random all the time.
        1 => {
            for _ in 0..12 {
                steps.push(pause(dice, 5_000));
                steps.push(key(*dice.one_of(&['1', '2', '#', '*', '0', '5', '4', '9'])));
            }
        }
        // Talks, and hangs up first.
        2 | 3 => {
            let lasting = dice.up_to_ms(20_000);
            steps.push(Step::WaitFor {
                hearing: Hearing::Tone(1000),
                lasting,
            });
            steps.push(Step::HangUp);
        }
        // Talks, and gives the outcome when asked.
        _ => {
            let lasting = Duration::from_millis(100);
            steps.push(Step::WaitFor {
                hearing: Hearing::Tone(1000),
                lasting,
            });
            steps.push(Step::WaitFor {
                hearing: Hearing::Speech,
                lasting,
            });
            steps.extend([pause(dice, 4_000), key('1')]);
        }
    }
    steps
}

/// A number as INVITEs have it.
pub fn in_full(national: &str) -> String {
    let number = national.trim_start_matches('0');
    format!("+44{number}")
}

/// A phone at its place.
pub fn station(
    place: [u8; 4],
    user: &str,
    manners: Vec<Manner>,
    media: Media,
    seed: u64,
) -> Station {
    let address = Ipv4Addr::from(place);
    let sip = SocketAddr::from((address, 5060));
    let rtp = SocketAddr::from((address, 4000));
    let config = phone::Config {
        user: user.to_owned(),
        sip,
        rtp,
        // Callers know a specialist by it.
        tone_hz: Some(1000),
        manners,
        audio: media == Media::Packets,
        timers: TIMERS,
    };
    let own = place_seed(place);
    Station {
        phone: Phone::new(config, Seed::from_number(seed.rotate_left(32) ^ own)),
        sip,
        rtp,
        number: None,
        role: Role::default(),
        crashes_at: None,
        noticed: false,
        dials: VecDeque::new(),
        hangs_up_at: None,
        rogue: None,
        comes_round: false,
    }
}

fn place_seed(place: [u8; 4]) -> u64 {
    u64::from(u32::from_be_bytes(place))
}

/// Gives a station a vice, in a few per cent of cases.
pub fn tempt(station: &mut Station, vices: &[Vice], dice: &mut Dice, seed: u64) {
    if dice.percent(ROGUES_PERCENT) {
        let rogue = Rogue::new(*dice.one_of(vices), station.sip, station.rtp, seed);
        station.comes_round |= rogue.comes_round();
        station.rogue = Some(rogue);
        // One that ignores BYE would send packets for ever.
        station.hangs_up_at.get_or_insert(Mono::ZERO + LAST_WORD);
    }
}

/// Does nothing for a while.
pub fn pause(dice: &mut Dice, most_ms: u32) -> Step {
    Step::Pause(dice.up_to_ms(most_ms))
}

/// Presses a key.
pub fn key(character: char) -> Step {
    Step::Key(Digit::parse(character).expect("the cast's keys are keypad digits"))
}

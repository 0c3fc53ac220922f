//! Jobs on a virtual clock: when they are due, what ends them, what they survive. The one
//! specialist is busy, so that a job's call is over at once; what a call does is `call`'s.

use std::net::SocketAddr;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use rotaline_model::{EndCause, JobId, PersonId, PhoneNumber, Pii, SpecialtyId};
use rotaline_record::{Callee, Opening};

use super::*;
use crate::{Input, small};

const PLAN: &str = r#"
inbound_number = "020 7946 0000"
[organisation.northfield]
name = "Northfield"
zone = "Europe/London"
[number."020 7946 0002"]
service = "specialty"
specialty = "cardiology"
[specialty.cardiology]
organisation = "northfield"
name = "Cardiology"
hours = ["daily 00:00-24:00"]
[[specialty.cardiology.session]]
times = ["daily 00:00-24:00"]
people = ["ann"]
[person.ann]
name = "Ann"
[[person.ann.phone]]
kind = "mobile"
to = "sip:ann@10.0.0.9:5060"
"#;
const CALLER: &str = "+441632960101";
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

#[test]
fn the_pause_before_a_hunt_doubles_from_a_minute_to_a_quarter_of_an_hour() {
    let pauses = [0, 1, 2, 3, 4, 5, 6, 40, u16::MAX].map(|hunts| {
        let mut job = job(1, HOUR);
        job.hunts = hunts;
        due_at(at(0), &job).since(Mono::ZERO).as_secs() / MINUTE
    });
    assert_eq!(pauses, [1, 1, 2, 4, 8, 15, 15, 15, 15]);
}

#[test]
fn no_pause_is_longer_than_what_is_left_of_the_hours() {
    assert_eq!(due_at(at(0), &job(1, 20)), at(20).mono);
    assert_eq!(due_at(at(30), &job(1, 20)), at(30).mono, "over already");
}

#[test]
fn a_job_is_tried_after_1_1_2_4_8_and_15_minutes_each_in_a_call_of_its_own_of_one_case() {
    let mut desk = Desk::new();
    desk.start(1, 2 * HOUR);
    desk.run(HOUR);
    let minutes: Vec<u64> = desk.invites.iter().map(|second| second / MINUTE).collect();
    assert_eq!(minutes, [1, 2, 4, 8, 16, 31, 46]);
    let calls = desk.calls();
    assert_eq!(calls.len(), 7);
    let mut ids = calls.clone();
    ids.dedup();
    assert_eq!(ids, calls, "each has an id of its own");
    assert!(desk.records.iter().all(|record| record.case == case(1)));
    let numbers: Vec<u64> = desk.records.iter().map(|it| it.sequence).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert_eq!(desk.ends(), [], "it goes on");
}

#[test]
fn at_the_end_of_its_hours_a_job_ends_and_closes_its_case_and_nobody_is_rung() {
    let mut desk = Desk::new();
    desk.start(1, 30);
    desk.run(HOUR);
    assert_eq!(desk.invites, []);
    assert_eq!(desk.ends(), [(30, KeepTryingEnd::HoursOver)]);
    assert_eq!(desk.closed(), [(30, EndCause::KeptTryingInVain)]);
    assert_eq!(desk.switch.jobs.next_due(), None);
}

#[test]
fn the_same_job_handed_in_twice_is_one_job() {
    let mut desk = Desk::new();
    desk.start(1, HOUR);
    desk.run(30);
    desk.start(1, HOUR);
    assert_eq!(desk.switch.load().jobs, 1);
    desk.run(90);
    assert_eq!(desk.invites, [60]);
}

#[test]
fn a_job_that_waits_is_called_off_at_once_and_one_that_nobody_knows_not_at_all() {
    let mut desk = Desk::new();
    desk.start(1, HOUR);
    desk.run(10);
    desk.tell(Input::CallOff(job_id(2)));
    assert_eq!(desk.ends(), []);
    desk.tell(Input::CallOff(job_id(1)));
    assert_eq!(desk.ends(), [(10, KeepTryingEnd::CalledOff)]);
    assert_eq!(desk.closed(), [(10, EndCause::CalledOff)]);
    desk.run(HOUR);
    assert_eq!(desk.invites, []);
}

#[test]
fn a_call_that_runs_is_not_cut_when_its_job_is_called_off_and_is_the_last_one() {
    let mut desk = Desk::new();
    desk.rings = true;
    desk.start(1, HOUR);
    desk.run(65);
    assert_eq!((desk.invites.len(), desk.switch.load().calls), (1, 1));
    desk.tell(Input::CallOff(job_id(1)));
    assert_eq!(desk.ends(), [], "it rings on");
    assert_eq!(desk.switch.load().calls, 1);
    desk.run(HOUR);
    assert_eq!(desk.invites.len(), 1);
    let [(second, end)] = desk.ends()[..] else {
        panic!("one end: {:?}", desk.ends());
    };
    assert_eq!(end, KeepTryingEnd::CalledOff);
    // A ring time and what SIP takes to forget a call, but no pause, after it.
    assert!((70..120).contains(&second), "{second}");
}

#[test]
fn when_all_calls_are_ended_the_phone_of_a_job_is_too_and_the_job_is_left_to_the_next_start() {
    let mut desk = Desk::new();
    desk.rings = true;
    desk.start(1, HOUR);
    desk.run(65);
    assert_eq!((desk.invites.len(), desk.switch.load().sessions), (1, 1));
    desk.tell(Input::EndCalls);
    desk.run(HOUR);
    assert_eq!((desk.invites.len(), desk.switch.load().sessions), (1, 0));
    assert_eq!((desk.ends(), desk.closed()), (vec![], vec![]));
    assert_eq!(desk.switch.load().jobs, 1);
}

#[test]
fn whoever_came_through_by_another_call_is_not_rung_back_for_that_specialty() {
    let came = |caller: &str, specialty: &str| {
        let mut desk = Desk::new();
        desk.start(1, HOUR);
        desk.start(2, HOUR);
        let key = desk.some_call();
        let call = desk.switch.calls.get_mut(&key).expect("a call");
        call.caller = PhoneNumber::parse(caller).ok();
        call.specialty = SpecialtyId::parse(specialty).ok();
        desk.switch.came_through(key);
        desk.drain();
        desk.closed()
    };
    let end = (0, EndCause::CallerCameThrough);
    assert_eq!(came(CALLER, "cardiology"), [end, end]);
    assert_eq!(came("+441632960102", "cardiology"), []);
    assert_eq!(came(CALLER, "neurology"), []);
}

#[test]
fn while_no_calls_are_taken_a_job_that_is_due_waits_another_minute_but_not_beyond_its_hours() {
    let mut desk = Desk::new();
    desk.tell(Input::Admission(Admission::Closed));
    desk.start(1, 150);
    desk.start(2, HOUR);
    desk.run(200);
    assert_eq!(desk.invites, []);
    assert_eq!(desk.ends(), [(150, KeepTryingEnd::HoursOver)]);
    desk.tell(Input::Admission(Admission::Open));
    desk.run(250);
    assert_eq!(desk.invites, [240]);
}

#[test]
fn while_the_service_drains_no_job_starts_a_call() {
    let mut desk = Desk::new();
    desk.tell(Input::Drain);
    desk.start(1, HOUR);
    desk.run(10 * MINUTE);
    assert_eq!((desk.invites.len(), desk.switch.load().jobs), (0, 1));
}

#[test]
fn at_the_bound_no_caller_is_offered_a_job_and_what_is_promised_is_held_all_the_same() {
    let mut desk = Desk::new();
    let room = Rc::clone(&desk.switch.jobs.room);
    for number in 1..MAX_JOBS as u64 {
        desk.start(number, HOUR);
    }
    assert_eq!(room.get(), 1);
    desk.start(MAX_JOBS as u64, HOUR);
    desk.start(MAX_JOBS as u64 + 1, HOUR);
    assert_eq!((room.get(), desk.switch.load().jobs), (0, MAX_JOBS + 1));
    desk.tell(Input::CallOff(job_id(1)));
    assert_eq!(room.get(), 0);
    desk.tell(Input::CallOff(job_id(2)));
    assert_eq!((room.get(), desk.switch.load().jobs), (1, MAX_JOBS - 1));
}

#[test]
fn a_job_whose_call_broke_is_over_and_others_are_not() {
    let (broken, other) = (CallKey(7), CallKey(8));
    let mut jobs = Jobs::new(Rc::default());
    let states = [
        State::Running(broken),
        State::Waiting(broken),
        State::Running(other),
        State::Due(at(5).mono),
    ];
    for (number, state) in (1..).zip(states) {
        let (intent, ends) = (intent(number, HOUR), None);
        jobs.insert(
            job_id(number),
            Held {
                intent,
                state,
                ends,
            },
        );
    }
    jobs.forget(broken);
    let left: Vec<JobId> = jobs.held.keys().copied().collect();
    assert_eq!(left, [job_id(3), job_id(4)]);
    assert_eq!(jobs.next_due(), Some(at(5).mono));
    assert_eq!(jobs.of_call(broken), None);
}

#[test]
fn a_call_from_a_screen_for_which_there_is_no_room_has_a_case_that_says_so() {
    let mut desk = Desk::new();
    desk.tell(Input::Admission(Admission::Closed));
    desk.start_on_screen(1);
    let facts: Vec<&Fact> = desk.records.iter().map(|record| &record.fact).collect();
    let [opened, started, ended, closed] = facts[..] else {
        panic!("{facts:?}");
    };
    assert!(matches!(opened, Fact::CaseOpened { dialled: None, .. }));
    let kind = CallKind::OnScreen;
    assert!(matches!(started, Fact::CallStarted { kind: of, .. } if *of == kind));
    let cause = EndCause::Overloaded;
    assert!(matches!(ended, Fact::CallEnded { cause: of, .. } if *of == cause));
    assert_eq!(*closed, Fact::CaseClosed { cause });
    assert_eq!(desk.switch.load().jobs, 0, "nobody was promised anything");
}

/// The switch, the clock, and a phone that is busy or rings for ever.
struct Desk {
    switch: Switch,
    now: Now,
    rings: bool,
    records: Vec<Record>,
    /// When the phone was rung, in seconds.
    invites: Vec<u64>,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            switch: small::switch(PLAN, at(0)),
            now: at(0),
            rings: false,
            records: Vec::new(),
            invites: Vec::new(),
        }
    }

    fn start(&mut self, number: u64, hours_left_s: u64) {
        self.tell(Input::Start(Box::new(intent(number, hours_left_s))));
    }

    fn start_on_screen(&mut self, number: u64) {
        let mut intent = intent(number, HOUR);
        let first = Callee::Person(PersonId::parse("ann").expect("an id"));
        let specialty = SpecialtyId::parse("cardiology").expect("an id");
        intent.calls_before = 0;
        intent.undertaking = Undertaking::Specialty { first, specialty };
        intent.opening = Some(Opening {
            organisation: None,
            by: "nurse".to_owned(),
            nhs_number: None,
        });
        self.tell(Input::Start(Box::new(intent)));
    }

    /// A call that is up, of no job.
    fn some_call(&mut self) -> CallKey {
        self.rings = true;
        self.start_on_screen(9);
        *self.switch.calls.keys().next_back().expect("a call")
    }

    fn tell(&mut self, input: Input) {
        self.switch.handle_input(self.now, input);
        self.drain();
    }

    /// Until this second of the test.
    fn run(&mut self, until: u64) {
        loop {
            let wake = self.drain().filter(|wake| *wake <= at(until).mono);
            let Some(wake) = wake else { break };
            // The wall clock goes as the other does.
            let gone = wake.since(self.now.mono);
            self.now.mono = self.now.mono.max(wake);
            self.now.wall += SignedDuration::try_from(gone).expect("a day at most");
            self.tell(Input::Timeout);
        }
        self.now = at(until);
    }

    /// Takes all that is put out; when it wants to be called again.
    fn drain(&mut self) -> Option<Mono> {
        loop {
            match self.switch.poll_output() {
                Output::Transmit { to, bytes } => self.phone_gets(to, &bytes),
                Output::Record(record) => self.records.push(*record),
                Output::RecordDurably(handle, record) => {
                    self.records.push(*record);
                    self.switch
                        .handle_input(self.now, Input::Answer(handle, Answer::Kept));
                }
                Output::Media { .. } | Output::Ask(..) => {}
                Output::Timeout(wake) => return wake,
            }
        }
    }

    fn phone_gets(&mut self, source: SocketAddr, bytes: &Bytes) {
        let request = String::from_utf8_lossy(bytes);
        let (method, _) = request.split_once(' ').expect("a first line");
        let status = match (method, self.rings) {
            ("INVITE", true) => "180 Ringing",
            ("INVITE", false) => "486 Busy Here",
            ("CANCEL", _) => "200 OK",
            _ => return,
        };
        if method == "INVITE" {
            self.invites.push(self.now.mono.since(Mono::ZERO).as_secs());
        }
        self.answer(source, &request, status);
    }

    fn answer(&mut self, source: SocketAddr, request: &str, status: &str) {
        let mut response = format!("SIP/2.0 {status}\r\n");
        for name in ["Via:", "From:", "Call-ID:", "CSeq:"] {
            let line = request.lines().find(|line| line.starts_with(name));
            response += &format!("{}\r\n", line.expect("a header"));
        }
        let to = request.lines().find(|line| line.starts_with("To:"));
        let to = to.expect("a To");
        response += &format!("{to};tag=phone\r\nContent-Length: 0\r\n\r\n");
        let bytes = Bytes::from(response);
        self.switch
            .handle_input(self.now, Input::Datagram { source, bytes });
    }

    /// When each job ended, in seconds, and how.
    fn ends(&self) -> Vec<(u64, KeepTryingEnd)> {
        self.noted(|fact| match fact {
            Fact::KeepTryingEnded { end, .. } => Some(*end),
            _ => None,
        })
    }

    fn closed(&self) -> Vec<(u64, EndCause)> {
        self.noted(|fact| match fact {
            Fact::CaseClosed { cause } => Some(*cause),
            _ => None,
        })
    }

    fn calls(&self) -> Vec<CallId> {
        let started = self.noted(|fact| match fact {
            Fact::CallStarted { call, kind, .. } => {
                assert_eq!(*kind, CallKind::KeepTrying);
                Some(*call)
            }
            _ => None,
        });
        started.into_iter().map(|(_, call)| call).collect()
    }

    fn noted<T>(&self, which: impl Fn(&Fact) -> Option<T>) -> Vec<(u64, T)> {
        let noted = self.records.iter().filter_map(|record| {
            let second = record.at.duration_since(Timestamp::UNIX_EPOCH).as_secs();
            Some((u64::try_from(second).ok()?, which(&record.fact)?))
        });
        noted.collect()
    }
}

fn at(second: u64) -> Now {
    let gone = Duration::from_secs(second);
    Now {
        mono: Mono::ZERO + gone,
        wall: Timestamp::UNIX_EPOCH + gone,
    }
}

fn case(number: u64) -> rotaline_model::CaseId {
    let text = format!("018f2f6e-7c00-7000-8000-{number:012}");
    text.parse().expect("an id")
}

fn job_id(number: u64) -> JobId {
    JobId::from(case(number).uuid())
}

/// A job of this caller's whose hours have so long left at the test's beginning.
fn job(number: u64, hours_left_s: u64) -> KeepTrying {
    KeepTrying {
        job: job_id(number),
        specialty: SpecialtyId::parse("cardiology").expect("an id"),
        ring_back: Pii::new(PhoneNumber::parse(CALLER).expect("a number")),
        until: at(hours_left_s).wall,
        hunts: 0,
        ring_backs: 0,
    }
}

fn intent(number: u64, hours_left_s: u64) -> Intent {
    Intent {
        case: case(number),
        call: CallId::from(case(number).uuid()),
        calls_before: 1,
        attempts_before: 1,
        caller: CallerId::Number(Pii::new(PhoneNumber::parse(CALLER).expect("a number"))),
        opening: None,
        undertaking: Undertaking::KeepTrying(job(number, hours_left_s)),
    }
}

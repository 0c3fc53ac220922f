//! "We keep trying and ring you back" (SERVICE.md 1.10), as the records tell it: kept within its
//! hours, the caller rung once for each acceptance, also across a restart.
//!
//! It sees what really came about: what the journal lost in a crash as well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_media::Command;
use rotaline_model::{CaseId, JobId, Sound};
use rotaline_record::{AttemptResult, CallKind, Fact, KeepTryingEnd, PhoneKind, Record};

use crate::tapes::Tapes;

/// What is promised, as it is spoken.
const PROMISES: [&str; 2] = ["ring-back/we-keep-trying", "pifu/thank-you"];
/// "The specialist waits at most 30 s with music", and then is told.
const MUSIC: Duration = Duration::from_millis(30_500);
/// What began within the hours may end so much later: a phone rings and accepts, another is rung.
const LAST_ATTEMPT: Duration = Duration::from_secs(28 + 16 + 31);
/// Acceptances that the caller is rung for.
const MOST_RING_BACKS: u32 = 3;

#[derive(Debug)]
struct Job {
    id: JobId,
    until: Timestamp,
    kept: bool,
    over: bool,
    /// Whether one of its calls is up.
    running: bool,
    /// Attempts that ring the caller back.
    to_caller: BTreeSet<u16>,
    acceptances: u32,
    ring_backs: u32,
    /// When a specialist accepted who waits for the caller.
    waits_since: Option<Timestamp>,
}

/// Watches keep-trying jobs.
#[derive(Default)]
pub struct Promises {
    jobs: BTreeMap<CaseId, Job>,
    /// Cases of patients whose request to be rung back is on disk.
    requests: BTreeSet<CaseId>,
    crashes: u32,
    /// Callers who were rung back.
    pub ring_backs: u64,
    /// And joined.
    pub joined: u64,
    /// Jobs that a restart handed back.
    pub resumed: u64,
}

impl Promises {
    /// A fact is on disk.
    pub fn kept(&mut self, record: &Record) {
        if let (Fact::KeepTryingAsked { .. }, Some(job)) =
            (&record.fact, self.jobs.get_mut(&record.case))
        {
            job.kept = true;
        }
        if matches!(record.fact, Fact::CallBackRequested { .. }) {
            self.requests.insert(record.case);
        }
    }

    /// A command is about to be done; what is wrong with it, if anything.
    pub fn command(&self, command: &Command, tapes: &Tapes) -> Option<String> {
        let Command::Play { leg, sounds, .. } = command else {
            return None;
        };
        let is =
            |it: &Sound| matches!(it, Sound::Prompt(prompt) if PROMISES.contains(&prompt.as_str()));
        let case = tapes.of(*leg).map(|tape| tape.case)?;
        let kept = self.jobs.get(&case).is_some_and(|job| job.kept);
        let kept = kept || self.requests.contains(&case);
        let lies = sounds.iter().any(is) && !kept;
        lies.then(|| format!("{case}: promised what is not on disk"))
    }

    /// A job that nothing runs for.
    pub fn any(&self) -> Option<JobId> {
        let mut jobs = self.jobs.values();
        jobs.find(|job| !job.over && job.kept).map(|job| job.id)
    }

    /// A record left the switch; what is wrong with it, if anything.
    pub fn record(&mut self, record: &Record) -> Option<&'static str> {
        let at = record.at;
        if let Fact::KeepTryingAsked { job } = &record.fact {
            let asked = Job {
                id: job.job,
                until: job.until,
                kept: false,
                over: false,
                running: false,
                to_caller: BTreeSet::new(),
                acceptances: 0,
                ring_backs: 0,
                waits_since: None,
            };
            let before = self.jobs.insert(record.case, asked);
            return before.map(|_| "its caller was promised two things");
        }
        let most = MOST_RING_BACKS + self.crashes;
        let job = self.jobs.get_mut(&record.case)?;
        match &record.fact {
            Fact::CallStarted { kind, .. } => {
                job.running = *kind == CallKind::KeepTrying;
                let late = job.over || at >= job.until;
                late.then_some("we kept trying beyond the end of it")
            }
            Fact::AttemptStarted { phone, attempt, .. } if job.running => {
                if *phone != PhoneKind::Caller {
                    let late = at >= job.until && !job.over;
                    return late.then_some("we kept trying beyond its hours");
                }
                job.to_caller.insert(*attempt);
                job.ring_backs += 1;
                self.ring_backs += 1;
                let often = job.ring_backs > job.acceptances.min(most) || job.over;
                often.then_some("its caller was rung back without an acceptance")
            }
            Fact::AttemptEnded {
                attempt, result, ..
            } if job.running => {
                if job.to_caller.contains(attempt) {
                    return job.music_ends(at);
                }
                if *result == AttemptResult::Accepted && !job.over {
                    job.acceptances += 1;
                    job.waits_since = Some(at);
                }
                None
            }
            Fact::KeepTryingEnded { end, .. } => {
                self.joined += u64::from(*end == KeepTryingEnd::Joined);
                let twice = std::mem::replace(&mut job.over, true);
                let late = at.duration_since(job.until) > LAST_ATTEMPT.try_into().ok()?;
                let late = late.then_some("we kept trying long beyond its hours");
                twice.then_some("what was promised ended twice").or(late)
            }
            Fact::CallEnded { .. } => {
                job.running = false;
                None
            }
            Fact::CaseClosed { .. } => {
                let open = job.kept && !job.over;
                open.then_some("it was closed, and we had promised to keep trying")
            }
            _ => None,
        }
    }

    /// The process was killed, and starts again: which cases' jobs it was handed back.
    pub fn restarted(&mut self, handed_back: &BTreeSet<CaseId>) -> Vec<String> {
        self.crashes += 1;
        self.resumed += handed_back.len() as u64;
        let mut broken = Vec::new();
        for (case, job) in &mut self.jobs {
            job.running = false;
            job.waits_since = None;
            let back = handed_back.contains(case);
            if job.kept && !job.over && !back {
                broken.push(format!("{case}: what was promised is forgotten"));
            }
            // That it was over may be lost; that it was asked cannot be while it is kept.
            job.over = !back;
        }
        broken
    }

    /// Everything is over.
    pub fn end(&self) -> impl Iterator<Item = String> {
        let forgotten = self.jobs.iter().filter(|(_, job)| job.kept && !job.over);
        forgotten.map(|(case, _)| format!("{case}: we keep trying for ever"))
    }
}

impl Job {
    fn music_ends(&mut self, at: Timestamp) -> Option<&'static str> {
        let waited = at.duration_since(self.waits_since.take()?);
        let long = waited > MUSIC.try_into().ok()?;
        long.then_some("its specialist waited for the caller for too long")
    }
}

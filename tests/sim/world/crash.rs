//! The process is killed and starts again: calls are gone, the journal is what is left, read by the
//! engine's own recovery. Promises go on, and everything else is closed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_engine::journal::{self, JournalConfig, JournalSettings, Opened};
use rotaline_model::{CaseId, Mono, NodeId, Now, PersonId, Seed};
use rotaline_record::{Fact, Intent, Record};
use rotaline_switch::{self as switch, Switch};

use super::World;
use crate::cast;
use crate::hearing::Hearing;
use crate::media_model::MediaModel;
use crate::rung::RungPhones;
use crate::secrets::Secrets;
use crate::tapes::Tapes;

/// "a process that is killed loses at most those 20 ms" that nobody waits for.
const UNSYNCED: Duration = Duration::from_millis(20);
/// How soon people at phones that have gone silent hang up.
const PATIENCE_MS: u32 = 40_000;

/// What the journal was told.
#[derive(Default)]
pub struct Written {
    records: Vec<(Mono, Record)>,
    /// So many of them are on disk for certain.
    synced: usize,
    /// Who has paused their calls, and until when: the database has it at once.
    paused: BTreeMap<PersonId, Timestamp>,
}

impl Written {
    /// Another record.
    pub fn append(&mut self, now: Mono, record: &Record) {
        match &record.fact {
            Fact::CallsPaused { person, until } => self.pauses(person, Some(*until)),
            Fact::CallsResumed { person } => self.pauses(person, None),
            _ => {}
        }
        self.records.push((now, record.clone()));
    }

    /// Somebody pauses their calls, or (none) takes them again.
    pub fn pauses(&mut self, person: &PersonId, until: Option<Timestamp>) {
        match until {
            Some(until) => self.paused.insert(person.clone(), until),
            None => self.paused.remove(person),
        };
    }

    /// All so far is on disk.
    pub fn synced(&mut self) {
        self.synced = self.records.len();
    }

    /// The process is killed: some of the last records are lost.
    fn cut(&mut self, now: Mono, dice: &mut cast::Dice) {
        let old = |(at, _): &(Mono, Record)| now.since(*at) >= UNSYNCED;
        let least = self.records.iter().take_while(|it| old(it)).count();
        let least = least.max(self.synced);
        let loose = self.records.len() - least;
        let lost = dice.below(loose as u32 + 1) as usize;
        self.records.truncate(self.records.len() - lost);
        self.synced = self.records.len();
    }

    /// All of them.
    pub fn kept(&self) -> Vec<Record> {
        self.records.iter().map(|(_, it)| it.clone()).collect()
    }

    /// Those of cases that are open.
    fn open(&self) -> Vec<Record> {
        let closes = |record: &Record| matches!(record.fact, Fact::CaseClosed { .. });
        let all = || self.records.iter().map(|(_, record)| record);
        let closed: BTreeSet<CaseId> = all().filter(|it| closes(it)).map(|it| it.case).collect();
        all()
            .filter(|it| !closed.contains(&it.case))
            .cloned()
            .collect()
    }
}

impl World {
    /// Everything of the process is gone at once.
    pub(super) fn crash(&mut self, down: Duration) {
        let now = self.now.mono;
        self.down_until = Some(now + down);
        self.answers.clear();
        self.media = Box::new(MediaModel::default());
        self.rung = RungPhones::default();
        self.tapes = Tapes::default();
        self.secrets = Secrets::default();
        self.codes.restarted();
        self.hearing = Hearing::default();
        if let Some(journal) = &mut self.journal {
            journal.cut(now, &mut self.dice);
            self.judge.restarted(&journal.kept());
        }
        // The old one hears of nothing any more.
        self.switch = self.new_switch();
        for number in 0..self.stations.len() {
            let patience = self.dice.up_to_ms(PATIENCE_MS);
            let station = &mut self.stations[number];
            if let Some(rogue) = &mut station.rogue {
                rogue.forgive();
                // It would not hang up by itself.
                station.phone.hang_up(now);
            }
            if !station.phone.is_idle() {
                let leaves = now + patience;
                let leaves = station.hangs_up_at.map_or(leaves, |at| at.min(leaves));
                station.hangs_up_at = Some(leaves);
            }
            self.drain_station(number);
        }
    }

    fn new_switch(&mut self) -> Switch {
        let plan = Arc::new(cast::plan(&self.roster, &self.lines));
        let seed = Seed::from_number(u64::from(self.dice.below(u32::MAX)));
        Switch::new(self.config.clone(), plan, &self.media_slots, seed, self.now)
    }

    /// The next start: what was interrupted is closed, and what was promised goes on.
    pub(super) fn starts_again(&mut self) {
        self.down_until = None;
        self.switch = self.new_switch();
        let Some(journal) = &self.journal else {
            return;
        };
        let pauses = journal.paused.clone();
        let (interrupted, jobs) = recovered(journal.open(), self.now, self.config.node);
        for record in interrupted {
            self.recorded(&record);
        }
        for (person, until) in pauses {
            self.judge.pauses(&person, Some(until));
            self.tell_switch(switch::Input::Pause(person, Some(until)));
        }
        let handed_back = jobs.iter().map(|intent| intent.case).collect();
        let broken = self.promises.restarted(&handed_back);
        self.judge.broken.extend(broken);
        for intent in jobs {
            self.tell_switch(switch::Input::Start(Box::new(intent)));
        }
    }
}

/// What the engine's journal makes of these records at a start.
fn recovered(records: Vec<Record>, now: Now, node: NodeId) -> (Vec<Record>, Vec<Intent>) {
    let folder = folder();
    let open = || -> Opened {
        let settings = JournalSettings {
            folder: folder.clone(),
            ..JournalSettings::default()
        };
        let config = JournalConfig::try_from(settings).expect("the settings are right");
        journal::open(config, now.wall, node).expect("a journal in a new folder")
    };
    let before = open();
    for record in records {
        before.journal.append(record);
    }
    before.thread.stop();
    let after = open();
    let found = (after.interrupted, after.jobs);
    after.thread.stop();
    // It is this world's alone; one that stays is in the way of nobody.
    let _ = std::fs::remove_dir_all(&folder);
    found
}

/// A folder that no other world has.
fn folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nth = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("rotaline-sim-{}-{nth}", std::process::id());
    std::env::temp_dir().join(name)
}

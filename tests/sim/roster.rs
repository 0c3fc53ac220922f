//! Who may be rung for what, and when: what the plan of a world is written from, and what the judge
//! knows of it. An edit of the plan is another roster.

use std::fmt::Write;

use jiff::Timestamp;

use crate::cast::Dice;

/// When every world begins: a Friday in January, 08:00 in London.
pub const BEGINS_S: i64 = 1_800_000_000;
/// The same as a minute of its day.
const BEGINS_MINUTE: i64 = 8 * 60;
/// The minutes of a whole day.
pub const ALL_DAY: Minutes = (0, 24 * 60);

/// Minutes that a hunt lasts at most.
const A_HUNT: i64 = 4;

/// From one minute of the day until another.
pub type Minutes = (i64, i64);

/// Somebody on the rota of a team.
#[derive(Clone, Debug)]
pub struct Shift {
    /// Who.
    pub person: String,
    /// When.
    pub minutes: Minutes,
}

/// A team, as the plan has it.
#[derive(Clone, Debug)]
pub struct Team {
    /// The specialty's name and id.
    pub name: &'static str,
    /// Its key in the menu.
    pub key: Option<u8>,
    /// When it is open.
    pub hours: Minutes,
    /// What else its section says.
    pub more: &'static str,
    /// Its rota.
    pub shifts: Vec<Shift>,
    /// The team that it overflows to.
    pub overflow: Option<&'static str>,
}

/// All teams of a plan.
#[derive(Clone, Debug)]
pub struct Roster {
    /// In the order of the plan.
    pub teams: Vec<Team>,
}

/// The minute of the day.
pub fn minute(at: Timestamp) -> i64 {
    (at.as_second() - BEGINS_S).div_euclid(60) + BEGINS_MINUTE
}

fn covers((from, until): Minutes, at: Timestamp) -> bool {
    (from..until).contains(&minute(at))
}

impl Team {
    /// A team whose people are on the rota all day.
    pub fn all_day(name: &'static str, key: u8, people: &[&'static str]) -> Self {
        let shift = |person: &&'static str| Shift {
            person: (*person).to_owned(),
            minutes: ALL_DAY,
        };
        Team {
            name,
            key: Some(key),
            hours: ALL_DAY,
            more: "",
            shifts: people.iter().map(shift).collect(),
            overflow: None,
        }
    }
}

impl Roster {
    fn team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.name == name)
    }

    /// Whether a team is open.
    pub fn is_open(&self, team: &str, at: Timestamp) -> bool {
        self.team(team).is_some_and(|team| covers(team.hours, at))
    }

    /// Whether somebody may be rung for a team: they are in a session of its, or of an open one
    /// that it overflows to.
    pub fn allows(&self, team: &str, person: &str, at: Timestamp) -> bool {
        let Some(team) = self.team(team) else {
            return false;
        };
        let here = |it: &Shift| it.person == person && covers(it.minutes, at);
        // Whoever was let in before it closed is not turned out.
        let beyond = |next: &&str| {
            let hours = self.team(next).map_or((0, 0), |team| team.hours);
            covers((hours.0, hours.1 + A_HUNT), at)
        };
        team.shifts.iter().any(here)
            || team
                .overflow
                .filter(beyond)
                .is_some_and(|next| self.allows(next, person, at))
    }

    /// The sections of the plan.
    pub fn written(&self) -> String {
        let mut text = String::new();
        for team in &self.teams {
            let Team { name, more, .. } = team;
            let key = team
                .key
                .map_or(String::new(), |key| format!("key = {key}\n"));
            let overflow = team
                .overflow
                .map_or(String::new(), |next| format!("overflow = \"{next}\"\n"));
            write!(
                text,
                "[specialty.{name}]\norganisation = \"northfield\"\nname = \"{name}\"\n{key}\
                 hours = [\"{}\"]\noutcomes = \"advice\"\n{overflow}{more}\n",
                daily(team.hours)
            )
            .expect("a string takes all");
            for shift in &team.shifts {
                write!(
                    text,
                    "[[specialty.{name}.session]]\ntimes = [\"{}\"]\npeople = [\"{}\"]\n",
                    daily(shift.minutes),
                    shift.person
                )
                .expect("a string takes all");
            }
        }
        text
    }

    /// The same after an edit: somebody is taken off a rota, a session ends early, or a team
    /// closes early.
    pub fn edited(&self, dice: &mut Dice, at: Timestamp) -> Roster {
        let mut edited = self.clone();
        let now = minute(at);
        let place = dice.below(edited.teams.len() as u32) as usize;
        let team = &mut edited.teams[place];
        match dice.below(4) {
            0 => team.hours.1 = team.hours.1.min(now + 1).max(team.hours.0 + 1),
            1 if !team.shifts.is_empty() => {
                let which = dice.below(team.shifts.len() as u32) as usize;
                let shift = &mut team.shifts[which];
                shift.minutes.1 = shift.minutes.1.min(now).max(shift.minutes.0 + 1);
            }
            _ if !team.shifts.is_empty() => {
                let which = dice.below(team.shifts.len() as u32) as usize;
                team.shifts.remove(which);
            }
            _ => {}
        }
        edited
    }
}

fn daily((from, until): Minutes) -> String {
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("daily {}-{}", clock(from), clock(until))
}

//! Those who talk: the caller and the specialist in one room, and what the specialist's keys do
//! meanwhile, where the specialty allows it (SERVICE 1.8, 1.12).
//!
//! ```text
//! *2  adds the next specialist of the rota (three-way)
//! *3  moves the specialist's leg to their next phone; the old one stays until the new has accepted
//! *4  pauses or resumes the recording, with a spoken notice to all
//! *9  flags the case for the clinical lead
//! ```

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use rotaline_model::{Acceptance, Digit, EndCause, Mono, PersonId, RoomId, Sound, SpecialtyId};
use rotaline_record::{AttemptResult, EndedBy, Fact};
use rotaline_routing::{Phrase, Recording};

use super::accept;
use super::hunt::{Hunted, phone_kind, search};
use crate::attempt::{Attempt, Patience, Target};
use crate::boundary::{Action, Gone};
use crate::cx::Cx;
use crate::leg::Leg;
use crate::leg_state::Key;
use crate::speech;

/// Three-way: the caller and so many specialists.
const MAX_SPECIALISTS: usize = 2;
/// Between `*` and the key after it.
const STAR_LASTS: Duration = Duration::from_secs(3);

/// Caller and specialists in one room.
pub(super) struct Party<'a> {
    cx: &'a Cx,
    caller: &'a Leg,
    room: RoomId,
    /// Never empty; who came first stands first.
    specialists: Vec<Attempt>,
    /// The specialty whose specialists' keys do something.
    keys: Option<SpecialtyId>,
    /// When a specialist pressed `*`.
    star: Option<Mono>,
    coming: Option<Coming>,
    recording: Recording,
}

/// Somebody who is about to come into the room.
enum Coming {
    Colleague(Pin<Box<dyn Future<Output = Hunted>>>),
    /// Whose, and what comes of it.
    OtherPhone(PersonId, Pin<Box<dyn Future<Output = Option<Attempt>>>>),
}

/// What happens in a talk.
enum News {
    CallerGone(Gone),
    Left(usize, Gone),
    Key(usize, Key),
    Colleague(Hunted),
    OtherPhone(Option<Attempt>),
}

impl<'a> Party<'a> {
    /// SERVICE 1.8: they hear each other at once; the beep is for a specialist who has accepted.
    pub(super) fn join(
        cx: &'a Cx,
        caller: &'a Leg,
        specialist: Attempt,
        keys: Option<SpecialtyId>,
    ) -> Self {
        let mut party = Party {
            cx,
            caller,
            room: RoomId(specialist.number().into()),
            specialists: Vec::with_capacity(1),
            keys,
            star: None,
            coming: None,
            recording: cx.recording(),
        };
        caller.stop_playing();
        // What was keyed before the talk means nothing in it.
        specialist.leg().forget_keys();
        cx.act(Action::Enter(caller.id(), party.room));
        party.enter(specialist);
        party
    }

    /// Lasts until the caller or the last specialist leaves.
    pub(super) async fn talk(&mut self) -> (EndedBy, EndCause) {
        loop {
            match self.news().await {
                News::CallerGone(gone) => return over(gone, EndedBy::Caller),
                News::Left(_, gone) if self.specialists.len() == 1 => {
                    return over(gone, EndedBy::Specialist);
                }
                News::Left(which, _) => self.leaves(which),
                News::Key(which, key) => self.keyed(which, key),
                News::Colleague(Hunted::Accepted(colleague)) => self.enter(colleague),
                News::Colleague(Hunted::Exhausted | Hunted::NobodyOnRota | Hunted::BackToMenu) => {
                    self.tell_specialists(Phrase::NobodyAdded)
                }
                News::OtherPhone(Some(other)) => self.move_to(other),
                News::OtherPhone(None) => self.tell_specialists(Phrase::MoveFailed),
            }
        }
    }

    /// The specialist who came first of those who are left; the others are hung up.
    pub(super) fn into_specialist(mut self) -> Attempt {
        if self.recording != self.cx.recording() {
            self.cx
                .act(Action::MaskRecording(self.cx.case_part(), false));
        }
        self.specialists.swap_remove(0)
    }

    async fn news(&mut self) -> News {
        poll_fn(|context| {
            if let Some(gone) = self.caller.with(|state| state.gone) {
                return Poll::Ready(News::CallerGone(gone));
            }
            for (place, specialist) in self.specialists.iter().enumerate() {
                let news = specialist.leg().with(|state| match state.gone {
                    Some(gone) => Some(News::Left(place, gone)),
                    None if self.keys.is_some() => {
                        state.next_key().map(|key| News::Key(place, key))
                    }
                    None => None,
                });
                if let Some(news) = news {
                    return Poll::Ready(news);
                }
            }
            let news = match &mut self.coming {
                None => return Poll::Pending,
                Some(Coming::Colleague(hunt)) => hunt.as_mut().poll(context).map(News::Colleague),
                Some(Coming::OtherPhone(_, rung)) => {
                    rung.as_mut().poll(context).map(News::OtherPhone)
                }
            };
            if news.is_ready() {
                self.coming = None;
            }
            news
        })
        .await
    }

    fn keyed(&mut self, which: usize, key: Key) {
        let starred = self.star.take();
        if key.digit == Digit::STAR {
            self.star = Some(key.at);
            return;
        }
        if starred.is_none_or(|at| key.at.since(at) > STAR_LASTS) {
            return;
        }
        match key.digit.as_char() {
            '2' => self.add_a_colleague(which),
            '3' => self.move_to_next_phone(which),
            '4' => self.pause_or_resume_recording(which),
            '9' => {
                let by = self.name_of(which);
                self.cx.note(Fact::Flagged { by });
                self.tell(which, Phrase::Flagged);
            }
            _ => {}
        }
    }

    fn add_a_colleague(&mut self, which: usize) {
        let Some(specialty) = self.keys.clone() else {
            return;
        };
        if self.specialists.len() >= MAX_SPECIALISTS || self.coming.is_some() {
            return self.tell(which, Phrase::NobodyAdded);
        }
        let cx = self.cx.clone();
        self.coming = Some(Coming::Colleague(Box::pin(async move {
            search(&cx, &specialty, &Cell::new(1)).await
        })));
        self.tell(which, Phrase::AddingAColleague);
    }

    fn move_to_next_phone(&mut self, which: usize) {
        let Some(target) = self.next_phone(which).filter(|_| self.coming.is_none()) else {
            return self.tell(which, Phrase::MoveFailed);
        };
        let Some(whose) = target.whose.clone() else {
            return;
        };
        let cx = self.cx.clone();
        let rung = Box::pin(async move { taken_over(&cx, target).await });
        self.coming = Some(Coming::OtherPhone(whose, rung));
        self.tell(which, Phrase::MovingYourCall);
    }

    /// One of several specialists leaves. Their other phone, if it rings, is given up: they are
    /// free for other calls now.
    fn leaves(&mut self, which: usize) {
        let left = self.specialists.remove(which);
        self.coming.take_if(|coming| match coming {
            Coming::OtherPhone(whose, _) => left.person() == Some(whose),
            Coming::Colleague(_) => false,
        });
    }

    /// The phone after the one that this specialist speaks on, in the order of their phones.
    fn next_phone(&self, which: usize) -> Option<Target> {
        let (plan, specialist) = (self.cx.plan(), self.specialists.get(which)?);
        let specialty = plan.specialty(self.keys.as_ref()?)?;
        let person = plan.person(specialist.person()?)?;
        let phones = || person.phones.iter();
        let here = phones().position(|phone| phone.to == *specialist.address());
        let others = || phones().filter(|phone| phone.to != *specialist.address());
        let after = phones().skip(here.map_or(0, |place| place + 1));
        let next = after.chain(others()).next()?;
        Some(Target {
            to: next.to.clone(),
            whose: Some(person.id.clone()),
            kind: phone_kind(next.kind),
            acceptance: Acceptance::Required,
            round: 1,
            reason: "moves the call to another phone".to_owned(),
            patience: Patience::Hunt {
                ring_time: plan.ring_time(specialty, person, next),
            },
        })
    }

    fn pause_or_resume_recording(&mut self, which: usize) {
        if self.cx.recording() == Recording::Off {
            return;
        }
        let (recording, notice) = match self.recording {
            Recording::On => (Recording::Off, Phrase::RecordingPaused),
            Recording::Off => (Recording::On, Phrase::RecordingResumed),
        };
        self.recording = recording;
        let paused = recording == Recording::Off;
        let part = self.cx.case_part();
        self.cx.act(Action::MaskRecording(part, paused));
        let by = self.name_of(which);
        self.cx.note(Fact::RecordingPaused { by, paused });
        self.caller
            .play_on(vec![speech::phrase(&self.cx.plan(), notice)]);
        self.tell_specialists(notice);
    }

    fn enter(&mut self, specialist: Attempt) {
        let leg = specialist.leg();
        leg.stop_playing();
        self.cx.act(Action::Enter(leg.id(), self.room));
        if specialist.acceptance() == Acceptance::Required {
            leg.play_on(vec![Sound::Beep]);
        }
        self.cx.note(Fact::Joined {
            call: self.cx.call(),
            leg: leg.id(),
            attempt: specialist.number(),
        });
        self.specialists.push(specialist);
    }

    /// The new phone comes in, then the old one goes.
    fn move_to(&mut self, mut other: Attempt) {
        let same = |old: &Attempt| old.person().is_some() && old.person() == other.whose();
        let Some(place) = self.specialists.iter().position(same) else {
            return;
        };
        let mut former = self.specialists.remove(place);
        other.take_over(&mut former);
        self.enter(other);
        let last = self.specialists.len() - 1;
        self.specialists.swap(place, last);
    }

    fn tell(&self, which: usize, phrase: Phrase) {
        if let Some(specialist) = self.specialists.get(which) {
            let sounds = vec![speech::phrase(&self.cx.plan(), phrase)];
            specialist.leg().play_on(sounds);
        }
    }

    fn tell_specialists(&self, phrase: Phrase) {
        for which in 0..self.specialists.len() {
            self.tell(which, phrase);
        }
    }

    fn name_of(&self, which: usize) -> String {
        let person = self.specialists.get(which).and_then(Attempt::person);
        person.map_or("-", |person| person.as_str()).to_owned()
    }
}

/// Rings a specialist's other phone; the attempt, if the call was accepted on it.
async fn taken_over(cx: &Cx, target: Target) -> Option<Attempt> {
    let mut attempt = Attempt::start(cx, target, None);
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        let whisper = speech::after_answer(&cx.plan(), Phrase::MovedCall);
        result = accept::accepted(cx, &mut attempt, whisper, Recording::On).await;
    }
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    result.ok().map(|()| attempt)
}

fn over(gone: Gone, by: EndedBy) -> (EndedBy, EndCause) {
    match (gone, by) {
        (Gone::LineDead, _) => (EndedBy::Us, EndCause::LineDead),
        (Gone::HungUp, EndedBy::Caller) => (EndedBy::Caller, EndCause::CallerHungUp),
        (Gone::HungUp, EndedBy::Specialist | EndedBy::Us) => {
            (EndedBy::Specialist, EndCause::SpecialistHungUp)
        }
    }
}

//! A flow's handle to one phone. Dropping it is how a leg ends: whatever scope it lived in, the
//! far end is hung up, and what it heard is noted.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{HangupCause, LegId, Mono, PlayId, Sound};
use rotaline_record::Fact;
use rotaline_routing::Plan;

use crate::boundary::{Action, Gone, PhoneAddress, Presents, RejectCause};
use crate::cx::{Cx, Ending};
use crate::leg_state::{BargeIn, Key, LegState};

/// Longer than any announcement: a playing whose end is not reported by then is taken as over.
pub(crate) const MAX_SPEAKING: Duration = Duration::from_secs(60);

/// One phone of a call.
pub(crate) struct Leg {
    cx: Cx,
    id: LegId,
}

/// What happens next on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A key.
    Key(Key),
    /// The playing that was waited for is over, or was stopped by a key.
    Spoken,
    /// The time has come.
    Time,
    /// The far end is gone.
    Gone,
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A key.
    Key(Key),
    /// Nothing, for as long as was waited after the question.
    Nothing,
    /// The far end is gone.
    Gone,
}

impl Leg {
    /// The leg that rang us.
    pub(crate) fn inbound(cx: &Cx, id: LegId) -> Self {
        cx.add_leg(LegState::new(id, cx.now()));
        Leg { cx: cx.clone(), id }
    }

    /// A leg that was answered, and whose handle was lost.
    pub(crate) fn answered(cx: &Cx, id: LegId) -> Self {
        let mut state = LegState::new(id, cx.now());
        state.answered_at = Some(cx.now());
        cx.add_leg(state);
        Leg { cx: cx.clone(), id }
    }

    /// Rings a phone.
    pub(crate) fn dial(cx: &Cx, id: LegId, to: PhoneAddress, presents: Presents) -> Self {
        cx.add_leg(LegState::new(id, cx.now()));
        cx.act(Action::Dial {
            leg: id,
            to,
            presents,
        });
        Leg { cx: cx.clone(), id }
    }

    /// A leg that outlives the flow that had it.
    pub(crate) fn kept(cx: &Cx, id: LegId) -> Self {
        Leg { cx: cx.clone(), id }
    }

    /// What stands in a leg's place after it was handed on.
    pub(crate) fn nobodys(cx: &Cx) -> Self {
        let id = LegId(u32::MAX);
        Leg { cx: cx.clone(), id }
    }

    pub(crate) fn id(&self) -> LegId {
        self.id
    }

    /// Reads or changes its state.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut LegState) -> T) -> T {
        let mut state = self
            .cx
            .leg_state(self.id)
            .expect("a leg's state lives as long as its handle");
        read(&mut state)
    }

    // ---- an inbound leg, before its answer ----

    /// Tells the caller that it rings.
    pub(crate) fn progress(&self) {
        self.cx.act(Action::Progress(self.id));
    }

    /// Answers the caller.
    pub(crate) fn answer(&self) {
        let now = self.cx.now();
        self.with(|state| state.answered_at = Some(now));
        self.cx.act(Action::Answer(self.id));
        self.cx.note(Fact::CallerAnswered {
            call: self.cx.call(),
        });
    }

    /// Refuses the caller.
    pub(crate) fn reject(&self, cause: RejectCause) {
        self.with(|state| state.gone = Some(Gone::HungUp));
        self.cx.act(Action::Reject(self.id, cause));
    }

    // ---- sounds ----

    /// Says something that a key stops.
    pub(crate) fn say(&self, sounds: Vec<Sound>) -> PlayId {
        self.play(sounds, BargeIn::Stops)
    }

    /// Plays something that goes on whatever is keyed.
    pub(crate) fn play_on(&self, sounds: Vec<Sound>) -> PlayId {
        self.play(sounds, BargeIn::PlaysOn)
    }

    /// Stops what is playing, if anything is.
    pub(crate) fn stop_playing(&self) {
        let now = self.cx.now();
        if self.with(|state| state.stopped(now)) {
            self.cx.act(Action::StopPlaying(self.id));
        }
    }

    fn play(&self, sounds: Vec<Sound>, barge_in: BargeIn) -> PlayId {
        self.play_and_keep(sounds, barge_in, usize::MAX)
    }

    /// Plays, and keeps as evidence what is heard of so many of the sounds.
    fn play_and_keep(&self, mut sounds: Vec<Sound>, barge_in: BargeIn, kept: usize) -> PlayId {
        let (now, play) = (self.cx.now(), self.cx.new_play());
        let plan = self.cx.plan();
        sounds.retain(|sound| !has_expired(sound, &plan, self.cx.wall()));
        self.with(|state| {
            let kept = sounds.get(..kept).unwrap_or(&sounds);
            state.plays(play, kept, barge_in, now);
            state.settle_surplus(now, &plan);
        });
        self.cx.act(Action::Play {
            leg: self.id,
            play,
            sounds,
        });
        play
    }

    // ---- what happens on it ----

    /// Waits until a digit's key is down, if none is.
    pub(crate) async fn digit_begins(&self) {
        poll_fn(|_| match self.with(|state| state.down) {
            Some(key) if key.number().is_some() => Poll::Ready(()),
            Some(_) | None => Poll::Pending,
        })
        .await;
    }

    /// Waits for the far end to go.
    pub(crate) async fn gone(&self) -> Gone {
        poll_fn(|_| match self.with(|state| state.gone) {
            Some(gone) => Poll::Ready(gone),
            None => Poll::Pending,
        })
        .await
    }

    /// Waits for a key, the end of a playing, or a time, whichever is first.
    pub(crate) async fn next(&self, speaking: Option<PlayId>, until: Mono) -> Next {
        let timer = self.cx.timer();
        poll_fn(|_| {
            let next = self.with(|state| {
                if state.gone.is_some() {
                    return Some(Next::Gone);
                }
                if let Some(key) = state.next_key() {
                    return Some(Next::Key(key));
                }
                let spoken = speaking.is_some_and(|play| !state.is_speaking(play));
                spoken.then_some(Next::Spoken)
            });
            match next {
                Some(next) => Poll::Ready(next),
                None if timer.due(until) => Poll::Ready(Next::Time),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Waits for another sign of an answerphone than the `seen` ones.
    pub(crate) async fn another_sign(&self, seen: usize) {
        poll_fn(|_| {
            if self.with(|state| state.signs.len() > seen) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Says something, and waits for a key until so long after its end.
    pub(crate) async fn ask(&self, sounds: Vec<Sound>, patience: Duration) -> Asked {
        let play = self.say(sounds);
        if let Next::Key(key) = self.until_spoken(play).await {
            return Asked::Key(key);
        }
        match self.next(None, self.cx.now() + patience).await {
            Next::Key(key) => Asked::Key(key),
            Next::Gone => Asked::Gone,
            Next::Spoken | Next::Time => Asked::Nothing,
        }
    }

    /// Waits until something is said, or a key comes.
    pub(crate) async fn until_spoken(&self, play: PlayId) -> Next {
        let next = self.next(Some(play), self.cx.now() + MAX_SPEAKING).await;
        if matches!(next, Next::Key(_)) {
            self.stop_playing();
        }
        next
    }

    /// Says something to its end, whatever is keyed.
    pub(crate) async fn tell(&self, sounds: Vec<Sound>) {
        let play = self.play_on(sounds);
        self.tell_on(play).await;
    }

    /// Reads back, to its end, what nobody may read again: of the sounds only the first, which is
    /// said of everybody's, is kept as evidence.
    pub(crate) async fn read_back(&self, sounds: Vec<Sound>) {
        let play = self.play_and_keep(sounds, BargeIn::PlaysOn, 1);
        self.tell_on(play).await;
    }

    async fn tell_on(&self, play: PlayId) {
        let until = self.cx.now() + MAX_SPEAKING;
        while let Next::Key(_) = self.next(Some(play), until).await {}
    }

    /// Keys that were pressed before this are nobody's answer.
    pub(crate) fn forget_keys(&self) {
        self.with(LegState::forget_keys);
    }
}

/// Whether an announcement's day is over: it is left out.
fn has_expired(sound: &Sound, plan: &Plan, now: Timestamp) -> bool {
    let Sound::Prompt(prompt) = sound else {
        return false;
    };
    let expires = plan.announcement(prompt).and_then(|known| known.expires);
    expires.is_some_and(|at| at <= now)
}

impl Drop for Leg {
    fn drop(&mut self) {
        let Some(mut state) = self.cx.remove_leg(self.id) else {
            return;
        };
        if state.gone.is_none() && state.refused.is_none() {
            let ending = self.cx.ending();
            if ending == Ending::Dismissed && state.answered_at.is_some() {
                return self.cx.keep_leg(state);
            }
            // An inbound leg that was not answered is refused; an outbound one is cancelled.
            let cause = match state.answered_at {
                _ if ending != Ending::OfItself => HangupCause::EndedByAdministrator,
                Some(_) => HangupCause::Normal,
                None if state.rang_out => HangupCause::NoAnswer,
                None => HangupCause::NotNeeded,
            };
            self.cx.act(Action::HangUp(self.id, cause));
        }
        state.settle_all(self.cx.now(), &self.cx.plan());
        if !state.heard.is_empty() {
            let call = self.cx.call();
            self.cx.note(Fact::PromptsHeard {
                call,
                leg: self.id,
                heard: state.heard,
            });
        }
    }
}

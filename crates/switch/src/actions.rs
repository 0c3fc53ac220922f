//! What a flow asks for, done: actions to SIP, SDP and media.

use bytes::Bytes;
use rotaline_call::{Action, Input, LegEvent, PhoneAddress, Presents, Refusal, RejectCause};
use rotaline_media::{Command, MediaLeg, TapeId};
use rotaline_model::{HangupCause, LegId};
use rotaline_record::{Fact, RecordingPart};
use rotaline_sdp as sdp;
use rotaline_sip::{Asserted, Identity, Invite};

use crate::boundary::{AskHandle, Output};
use crate::causes;
use crate::leg::{Leg, MediaState, Negotiation, codecs, stream_config};
use crate::live_call::{CALLER, CallKey};
use crate::switch::Switch;
use crate::trunks::{OverTrunks, shown};

impl Switch {
    /// Does one thing that a flow asked for. What no longer fits (a leg that is gone) is nothing.
    pub(crate) fn act(&mut self, key: CallKey, action: Action) {
        match action {
            Action::Progress(leg) => self.progress(key, leg),
            Action::Answer(leg) => self.answer(key, leg),
            Action::Reject(leg, cause) => self.reject(key, leg, causes::reject_with(cause)),
            Action::Dial { leg, to, presents } => self.dial(key, leg, (&to, presents)),
            Action::HangUp(leg, cause) => self.hang_up(key, leg, cause),
            Action::Play { leg, play, sounds } => {
                self.command(key, leg, |leg| Command::Play { leg, play, sounds });
            }
            Action::StopPlaying(leg) => self.command(key, leg, |leg| Command::Stop { leg }),
            Action::WatchForAnswerphone(leg) => {
                self.command(key, leg, |leg| Command::WatchForAnswerphone { leg });
            }
            Action::Enter(leg, room) => {
                if let Some(room) = self.calls.get(&key).map(|call| call.media_room(room)) {
                    self.command(key, leg, |leg| Command::Enter { leg, room });
                }
            }
            Action::Leave(leg) => self.command(key, leg, |leg| Command::Leave { leg }),
            Action::StartRecording(leg, part) => self.start_recording(key, leg, part),
            Action::TurnRecording(leg, part) => {
                if let Some(tape) = self.tape(key, part) {
                    self.command(key, leg, |leg| Command::TurnTape { tape, leg });
                }
            }
            Action::MaskRecording(part, masked) => {
                self.tape_command(key, part, |tape| Command::MaskTape { tape, masked });
            }
            Action::StopRecording(part) => {
                self.tape_command(key, part, |tape| Command::StopTape { tape });
            }
            Action::NoteDurably(ask, fact) => self.note_durably(key, ask, *fact),
            Action::Ask(ask, question) => {
                self.put_out(Output::Ask(AskHandle { call: key.0, ask }, question));
            }
            Action::Undertake(intent) => self.undertake(key, *intent),
            Action::Note(fact) => {
                // What led to a talk or an end is kept with it, not when the last copy is absorbed.
                if matches!(fact, Fact::Joined { .. } | Fact::CaseClosed { .. }) {
                    self.note_ladder(key);
                }
                if let Some(call) = self.calls.get_mut(&key) {
                    call.learn(&fact);
                }
                let joined = matches!(fact, Fact::Joined { .. });
                if matches!(fact, Fact::CallsPaused { .. }) {
                    self.somebody_paused();
                }
                self.note(key, fact);
                if joined {
                    self.came_through(key);
                }
            }
        }
    }

    fn progress(&mut self, key: CallKey, leg: LegId) {
        let now = self.now.mono;
        if let Some(session) = self.live_session(key, leg) {
            self.endpoint.progress(now, session, 180);
        }
    }

    /// Answers the caller: 200 with our answer (or our offer, if there was none), media open.
    fn answer(&mut self, key: CallKey, leg_id: LegId) {
        let now = self.now.mono;
        let Some(session) = self.live_session(key, leg_id) else {
            return;
        };
        let Some(leg) = self
            .calls
            .get_mut(&key)
            .and_then(|call| call.leg_mut(leg_id))
        else {
            return;
        };
        let stream = match &leg.negotiation {
            Negotiation::Answerable(answer, stream) => {
                let stream = stream.clone();
                leg.sent = answer.clone();
                leg.negotiation = Negotiation::Agreed;
                Some(stream)
            }
            Negotiation::OfferInAnswer => {
                leg.sent = sdp::offer(&leg.local, sdp::CODECS);
                None
            }
            Negotiation::OurOffer | Negotiation::Agreed => return,
        };
        let sent = leg.sent.clone();
        self.endpoint.answer(now, session, sent);
        if let Some(stream) = stream {
            self.open_media(key, leg_id, &stream);
        }
    }

    pub(crate) fn reject(&mut self, key: CallKey, leg: LegId, with: rotaline_sip::RejectWith) {
        let now = self.now.mono;
        if let Some(session) = self.live_session(key, leg) {
            self.endpoint.reject(now, session, with);
        }
        self.close_leg(key, leg);
    }

    /// Rings a phone: a slot on the call's thread, an offer, an INVITE.
    fn dial(&mut self, key: CallKey, leg: LegId, to: (&PhoneAddress, Presents)) {
        if self.try_dial(key, leg, to).is_none() {
            self.leg_event(key, leg, LegEvent::Refused(Refusal::Unreachable));
        }
    }

    fn try_dial(
        &mut self,
        key: CallKey,
        id: LegId,
        (to, presents): (&PhoneAddress, Presents),
    ) -> Option<()> {
        let call = self.calls.get_mut(&key)?;
        let (thread, codec) = (call.thread, call.leg_mut(CALLER).and_then(|leg| leg.codec));
        let port = self.ports.take(thread, key, id)?;
        let local = self.local_description(port.rtp_port);
        let offer = sdp::offer(&local, codecs(codec));
        let Some((invite, over_trunks)) = self.invite_to(to, presents, offer.clone()) else {
            self.ports.give_back(port.media);
            return None;
        };
        let session = self.endpoint.invite(self.now.mono, invite);
        self.by_session.insert(session, (key, id));
        let leg = Leg {
            id,
            session: Some(session),
            over: false,
            port: Some(port),
            negotiation: Negotiation::OurOffer,
            codec: None,
            media: MediaState::Waiting(Vec::new()),
            local,
            sent: offer,
            over_trunks,
            expires: self.now.mono + self.config.max_leg_age,
        };
        self.calls.get_mut(&key)?.legs.push(leg);
        self.await_reply(key, id);
        Some(())
    }

    /// The INVITE to a phone; none if we have no way to it.
    fn invite_to(
        &self,
        to: &PhoneAddress,
        presents: Presents,
        offer: Bytes,
    ) -> Option<(Invite, Option<Box<OverTrunks>>)> {
        match to {
            PhoneAddress::Number(number) => {
                let (invite, over) = self.by_trunk(number, presents, offer)?;
                Some((invite, Some(over)))
            }
            PhoneAddress::Sip(uri) => {
                let invite = Invite {
                    target: uri.as_ref().to_owned(),
                    destination: rotaline_sip::destination(uri)?,
                    from_user: self.world.plan.borrow().inbound_number().to_string(),
                    identity: Identity {
                        shown: shown(presents),
                        asserted: Asserted::Nowhere,
                    },
                    offer,
                };
                Some((invite, None))
            }
        }
    }

    pub(crate) fn local_description(&mut self, rtp_port: u16) -> sdp::Local {
        use rand_chacha::rand_core::Rng;

        // RFC 8866 section 5.2: unique per session and small enough for any far end's integer.
        let session_id = u64::from(self.ids.next_u32() >> 1);
        sdp::Local {
            address: self.config.media_address,
            rtp_port,
            session_id,
            version: 1,
        }
    }

    /// Ends a leg, whatever its state.
    pub(crate) fn hang_up(&mut self, key: CallKey, leg: LegId, cause: HangupCause) {
        let now = self.now.mono;
        if let Some(session) = self.live_session(key, leg) {
            self.endpoint.hang_up(now, session, causes::reason(cause));
        }
        self.close_leg(key, leg);
    }

    /// Ends a leg that its flow has left up: 500 if it was not answered.
    pub(crate) fn fail(&mut self, key: CallKey, leg: LegId) {
        let with = causes::reject_with(RejectCause::Fault);
        let now = self.now.mono;
        let session = self.live_session(key, leg);
        if session.is_some_and(|session| self.endpoint.reject(now, session, with)) {
            self.close_leg(key, leg);
        } else {
            self.hang_up(key, leg, HangupCause::Fault);
        }
    }

    fn note_ladder(&mut self, key: CallKey) {
        if let Some(fact) = self.calls.get_mut(&key).and_then(|call| call.take_ladder()) {
            self.note(key, fact);
        }
    }

    fn start_recording(&mut self, key: CallKey, leg: LegId, part: RecordingPart) {
        let Some(tape) = self.tape(key, part) else {
            return;
        };
        self.command(key, leg, |leg| Command::StartTape { tape, leg });
        self.note(key, Fact::RecordingStarted { part });
    }

    fn tape(&self, key: CallKey, part: RecordingPart) -> Option<TapeId> {
        let case = self.calls.get(&key)?.case;
        Some(TapeId {
            case,
            part: part.number(),
        })
    }

    fn tape_command(
        &mut self,
        key: CallKey,
        part: RecordingPart,
        command: impl FnOnce(TapeId) -> Command,
    ) {
        let Some(tape) = self.tape(key, part) else {
            return;
        };
        let Some(thread) = self.calls.get(&key).map(|call| call.thread) else {
            return;
        };
        self.put_out(Output::Media {
            thread,
            command: command(tape),
        });
    }

    /// Commands a leg's media, or keeps the command until its media opens.
    pub(crate) fn command(
        &mut self,
        key: CallKey,
        leg: LegId,
        command: impl FnOnce(MediaLeg) -> Command,
    ) {
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(leg)) else {
            return;
        };
        let Some(port) = leg.port else { return };
        let command = command(port.media);
        match &mut leg.media {
            MediaState::Waiting(commands) => commands.push(command),
            MediaState::Open => {
                self.put_out(Output::Media {
                    thread: port.media.thread,
                    command,
                });
            }
            MediaState::Closed => {}
        }
    }

    /// Lets a leg's media flow, and gives it what was asked of it before.
    pub(crate) fn open_media(&mut self, key: CallKey, leg: LegId, stream: &sdp::Stream) {
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(leg)) else {
            return;
        };
        let Some(port) = leg.port else { return };
        let MediaState::Waiting(commands) = &mut leg.media else {
            return;
        };
        let commands = std::mem::take(commands);
        leg.media = MediaState::Open;
        let open = Command::Open {
            leg: port.media,
            stream: stream_config(stream),
        };
        for command in std::iter::once(open).chain(commands) {
            self.put_out(Output::Media {
                thread: port.media.thread,
                command,
            });
        }
    }

    /// The flow has done with a leg: its media closes, its session ends by itself.
    pub(crate) fn close_leg(&mut self, key: CallKey, leg: LegId) {
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(leg)) else {
            return;
        };
        leg.over = true;
        let Some(port) = leg.port else { return };
        match std::mem::replace(&mut leg.media, MediaState::Closed) {
            MediaState::Waiting(_) => {
                leg.port = None;
                self.ports.give_back(port.media);
            }
            MediaState::Open => {
                let command = Command::Close { leg: port.media };
                self.put_out(Output::Media {
                    thread: port.media.thread,
                    command,
                });
            }
            MediaState::Closed => {}
        }
        self.forget_if_gone(key);
    }

    /// The SIP session of a leg that is not over.
    fn live_session(&mut self, key: CallKey, leg: LegId) -> Option<rotaline_sip::SessionId> {
        let leg = self.calls.get_mut(&key)?.leg_mut(leg)?;
        if leg.over { None } else { leg.session }
    }

    /// Tells the flow what happened on a leg, in its turn.
    pub(crate) fn leg_event(&mut self, key: CallKey, leg: LegId, event: LegEvent) {
        self.ready.push_back((key, Input::Leg(leg, event)));
    }
}

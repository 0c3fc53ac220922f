//! What the endpoint reports, told to legs and flows.

use bytes::Bytes;
use rotaline_call::{Gone, Inbound, Input, LegEvent, Refusal};
use rotaline_model::{CallId, CaseId, Dialled, HangupCause, LegId, PhoneNumber};
use rotaline_record::CallerId;
use rotaline_sdp as sdp;
use rotaline_sip::{Event, Incoming, RejectWith, SessionId, Traced};

use crate::boundary::Admission;
use crate::causes;
use crate::config::RETRY_AFTER_S;
use crate::leg::{Leg, MediaState, Negotiation, codecs, stream_config};
use crate::live_call::{CALLER, CallKey, LiveCall};
use crate::switch::Switch;

/// Ladder lines of sessions that have no call yet: the last ones, since an INVITE and its 100 come
/// right before it, and those of sessions that were refused are nobody's.
const UNCLAIMED: usize = 16;

impl Switch {
    pub(crate) fn sip_event(&mut self, event: Event) {
        match event {
            Event::Incoming(session, incoming) => self.incoming(session, *incoming),
            Event::Trying(session) => {
                self.trunk_replied(session);
                self.tell(session, LegEvent::Proceeding);
            }
            Event::Progress(session, status) => {
                self.trunk_replied(session);
                // Only 18x is ringing; its body, early media, is never passed on.
                let rings = (180..190).contains(&status);
                self.tell(
                    session,
                    if rings {
                        LegEvent::Ringing
                    } else {
                        LegEvent::Proceeding
                    },
                );
            }
            Event::Answered(session, sdp) => self.answered(session, &sdp),
            Event::Failed {
                session,
                status,
                timed_out,
            } => {
                if self.fails_over(session, status, timed_out) {
                    return;
                }
                self.gone(
                    session,
                    LegEvent::Refused(causes::refusal(status, timed_out)),
                );
            }
            Event::Acknowledged(session, answer) => self.acknowledged(session, answer.as_deref()),
            Event::Reoffer(session, offer) => self.reoffer(session, offer.as_deref()),
            Event::Ended { session, lost } => {
                self.gone(
                    session,
                    LegEvent::Ended(if lost { Gone::LineDead } else { Gone::HungUp }),
                );
            }
            Event::Terminated(session) => self.terminated(session),
        }
    }

    /// A line of a session's ladder.
    pub(crate) fn traced(&mut self, traced: Traced) {
        let Some((key, leg)) = self.by_session.get(&traced.session).copied() else {
            if self.unclaimed.len() >= UNCLAIMED {
                self.unclaimed.remove(0);
            }
            self.unclaimed.push(traced);
            return;
        };
        let now = self.now;
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        if call.trace(now, leg, &traced)
            && let Some(fact) = call.take_ladder()
        {
            self.note(key, fact);
        }
    }

    /// A new call: a slot for it, a flow for it; or a refusal that says when to come again.
    fn incoming(&mut self, session: SessionId, incoming: Incoming) {
        let now = self.now.mono;
        let traced = std::mem::take(&mut self.unclaimed);
        let closed = self.draining || self.admission == Admission::Closed;
        let full = closed || self.is_full();
        let key = CallKey(self.next_key);
        let place = if full {
            None
        } else {
            self.ports.thread_for_call()
        };
        let port = place.and_then(|thread| self.ports.take(thread, key, CALLER));
        let Some(port) = port else {
            let retry_after_s = Some(RETRY_AFTER_S);
            self.endpoint.reject(
                now,
                session,
                RejectWith {
                    status: 503,
                    retry_after_s,
                },
            );
            return;
        };
        let local = self.local_description(port.rtp_port);
        let Some(negotiation) = understand(incoming.offer.as_ref(), &local) else {
            self.ports.give_back(port.media);
            self.endpoint.reject(
                now,
                session,
                RejectWith {
                    status: 488,
                    retry_after_s: None,
                },
            );
            return;
        };
        self.next_key += 1;
        let codec = match &negotiation {
            Negotiation::Answerable(_, stream) => Some(stream.codec),
            Negotiation::OfferInAnswer | Negotiation::OurOffer | Negotiation::Agreed => None,
        };
        let leg = Leg {
            id: CALLER,
            session: Some(session),
            over: false,
            port: Some(port),
            negotiation,
            codec,
            media: MediaState::Waiting(Vec::new()),
            local,
            sent: Bytes::new(),
            over_trunks: None,
            expires: now + self.config.max_leg_age,
        };
        self.by_session.insert(session, (key, CALLER));
        self.begin_call(key, leg, port.media.thread, incoming);
        for line in traced.into_iter().filter(|line| line.session == session) {
            self.traced(line);
        }
        self.ready.push_back((key, Input::Timeout));
    }

    fn begin_call(&mut self, key: CallKey, leg: Leg, thread: u16, incoming: Incoming) {
        let case = CaseId::new(self.now.wall, &mut self.ids);
        let call = CallId::new(self.now.wall, &mut self.ids);
        let vouched = self.vouched(&incoming);
        let inbound = Inbound {
            case,
            call,
            leg: CALLER,
            sip_call_id: incoming.sip_call_id,
            dialled: Dialled::parse(&incoming.dialled).ok(),
            caller: caller_id(incoming.caller),
            vouched,
            diverted_by: incoming
                .diverted_by
                .iter()
                .filter_map(|text| Dialled::parse(text).ok())
                .collect(),
        };
        let flow = (self.begin)(inbound, self.world.clone());
        let mut live = LiveCall::new(key, case, call, flow, thread);
        live.legs.push(leg);
        self.calls.insert(key, Box::new(live));
    }

    /// A called phone answered: its stream is agreed and opened, or the leg is given up.
    fn answered(&mut self, session: SessionId, answer: &[u8]) {
        let Some((key, id)) = self.by_session.get(&session).copied() else {
            return;
        };
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id)) else {
            return;
        };
        if leg.over {
            return;
        }
        let agreed = sdp::Description::parse(answer)
            .ok()
            .and_then(|answer| sdp::accept(&answer, &leg.local).ok());
        let Some(stream) = agreed else {
            self.hang_up(key, id, HangupCause::Incompatible);
            return self.leg_event(key, id, LegEvent::Refused(Refusal::Unreachable));
        };
        leg.negotiation = Negotiation::Agreed;
        leg.codec = Some(stream.codec);
        self.open_media(key, id, &stream);
        self.leg_event(key, id, LegEvent::Answered);
    }

    /// The ACK of our 2xx; after a late offer it brings the answer.
    fn acknowledged(&mut self, session: SessionId, answer: Option<&[u8]>) {
        let Some((key, id)) = self.by_session.get(&session).copied() else {
            return;
        };
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id)) else {
            return;
        };
        let waits = matches!(
            leg.negotiation,
            Negotiation::OfferInAnswer | Negotiation::OurOffer
        );
        if leg.over || !waits {
            return;
        }
        let agreed = answer
            .and_then(|answer| sdp::Description::parse(answer).ok())
            .and_then(|answer| sdp::accept(&answer, &leg.local).ok());
        let Some(stream) = agreed else {
            self.hang_up(key, id, HangupCause::Incompatible);
            return self.leg_event(key, id, LegEvent::Ended(Gone::HungUp));
        };
        leg.negotiation = Negotiation::Agreed;
        leg.codec = Some(stream.codec);
        match leg.media {
            MediaState::Waiting(_) => self.open_media(key, id, &stream),
            MediaState::Open => self.update_media(key, id, &stream),
            MediaState::Closed => {}
        }
    }

    /// A re-INVITE or UPDATE: hold, a new address, or a session refresh that changes nothing.
    fn reoffer(&mut self, session: SessionId, offer: Option<&[u8]>) {
        let now = self.now.mono;
        let Some((key, id)) = self.by_session.get(&session).copied() else {
            return;
        };
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id)) else {
            return;
        };
        let Some(offer) = offer else {
            // It asks for our offer.
            leg.negotiation = Negotiation::OurOffer;
            let sent = leg.says(sdp::offer(&leg.local, codecs(leg.codec)));
            self.endpoint.accept_reoffer(now, session, sent);
            return;
        };
        let understood = sdp::Description::parse(offer)
            .ok()
            .and_then(|offer| sdp::answer(&offer, &leg.local).ok());
        let Some((answer, stream)) = understood else {
            self.endpoint.reject_reoffer(now, session, 488);
            return;
        };
        let answer = leg.says(answer);
        leg.codec = Some(stream.codec);
        self.endpoint.accept_reoffer(now, session, answer);
        self.update_media(key, id, &stream);
    }

    fn update_media(&mut self, key: CallKey, leg: LegId, stream: &sdp::Stream) {
        let stream = stream_config(stream);
        self.command(key, leg, |leg| rotaline_media::Command::Update {
            leg,
            stream,
        });
    }

    /// Tells the flow of a session's leg, unless the flow has done with it.
    fn tell(&mut self, session: SessionId, event: LegEvent) {
        let Some((key, id)) = self.by_session.get(&session).copied() else {
            return;
        };
        let leg = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id));
        if leg.is_some_and(|leg| !leg.over) {
            self.leg_event(key, id, event);
        }
    }

    /// The far end ended the session: the flow hears of it, the leg's media closes.
    fn gone(&mut self, session: SessionId, event: LegEvent) {
        self.tell(session, event);
        self.terminated(session);
    }

    /// Nothing is left of a session.
    fn terminated(&mut self, session: SessionId) {
        let Some((key, id)) = self.by_session.remove(&session) else {
            return;
        };
        if let Some(leg) = self
            .calls
            .get_mut(&key)
            .and_then(|call| call.leg_of(session))
        {
            leg.session = None;
        }
        self.close_leg(key, id);
        self.forget_if_gone(key);
    }

    /// Ends the legs of a call that are older than the limit.
    pub(crate) fn end_legs_too_old(&mut self, key: CallKey) {
        let now = self.now.mono;
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        let old: Vec<LegId> = call
            .legs
            .iter()
            .filter(|leg| !leg.over && leg.expires <= now)
            .map(|leg| leg.id)
            .collect();
        for leg in old {
            self.hang_up(key, leg, HangupCause::Normal);
            self.leg_event(key, leg, LegEvent::Ended(Gone::LineDead));
        }
    }
}

/// What we make of a caller's offer; none if there is nothing in common.
fn understand(offer: Option<&Bytes>, local: &sdp::Local) -> Option<Negotiation> {
    let Some(offer) = offer else {
        return Some(Negotiation::OfferInAnswer);
    };
    let offer = sdp::Description::parse(offer).ok()?;
    let (answer, stream) = sdp::answer(&offer, local).ok()?;
    Some(Negotiation::Answerable(answer, stream))
}

fn caller_id(user: Option<String>) -> CallerId {
    match user {
        None => CallerId::Withheld,
        Some(user) => match PhoneNumber::parse(&user) {
            Ok(number) => CallerId::Number(number.into()),
            Err(_) => CallerId::Other(user.into()),
        },
    }
}

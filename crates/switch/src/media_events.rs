//! What media reports, told to flows and records.

use rotaline_call::{Gone, LegEvent};
use rotaline_media::{Event, MediaLeg};
use rotaline_model::{HangupCause, LegId};
use rotaline_record::{Fact, Quality};

use crate::live_call::CallKey;
use crate::switch::Switch;

impl Switch {
    pub(crate) fn media_event(&mut self, event: Event) {
        match event {
            Event::KeyDown { leg, digit } => self.media_tells(leg, LegEvent::KeyDown(digit)),
            Event::Digit { leg, digit } => self.media_tells(leg, LegEvent::Digit(digit)),
            Event::AnswerphoneSign { leg, sign } => {
                self.media_tells(leg, LegEvent::AnswerphoneSign(sign));
            }
            Event::Played {
                leg,
                play,
                heard_ms,
                complete,
            } => {
                self.media_tells(
                    leg,
                    LegEvent::Played {
                        play,
                        heard_ms,
                        complete,
                    },
                );
            }
            Event::Dead { leg } => self.line_dead(leg),
            Event::Closed { leg, quality } => self.media_closed(leg, quality),
        }
    }

    /// Played is told of a leg that is over too: how much was heard is evidence.
    fn media_tells(&mut self, media: MediaLeg, event: LegEvent) {
        if let Some((key, leg)) = self.ports.owner(media) {
            self.leg_event(key, leg, event);
        }
    }

    fn line_dead(&mut self, media: MediaLeg) {
        let Some((key, leg)) = self.ports.owner(media) else {
            return;
        };
        if self.is_over(key, leg) {
            return;
        }
        self.hang_up(key, leg, HangupCause::Normal);
        self.leg_event(key, leg, LegEvent::Ended(Gone::LineDead));
    }

    fn media_closed(&mut self, media: MediaLeg, quality: rotaline_media::Quality) {
        let Some((key, id)) = self.ports.owner(media) else {
            return;
        };
        self.ports.give_back(media);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let call_id = call.call;
        if let Some(leg) = call.leg_mut(id) {
            leg.port = None;
        }
        let quality = Quality {
            received: quality.received,
            sent: quality.sent,
            lost: quality.lost,
            gaps: quality.gaps,
            jitter_ms: quality.jitter_ms,
            mos: quality.mos,
        };
        self.note(
            key,
            Fact::LegQuality {
                call: call_id,
                leg: id,
                quality,
            },
        );
        self.forget_if_gone(key);
    }

    fn is_over(&self, key: CallKey, id: LegId) -> bool {
        let call = self.calls.get(&key);
        let leg = call.and_then(|call| call.legs.iter().find(|leg| leg.id == id));
        leg.is_none_or(|leg| leg.over)
    }
}

//! Ways to and from the telephone network: in which form each takes numbers, what it may be
//! believed, and the next one when one fails (SERVICE 1.6).
//!
//! ```text
//! INVITE by the first ──100, 18x, 200──▶ it stays
//!    │ no reply 2 s, 408 before any 1xx, 500, 502, 503, 504, no way at all
//!    └──▶ INVITE by the next, the same leg and attempt; the last one's failure is the leg's
//! ```
//!
//! RFC 3325 section 6: an asserted identity is worth what the trunk is that sends it. Not here:
//! who may call at all (the endpoint's).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rotaline_call::{LegEvent, Presents, Vouched};
use rotaline_model::{LegId, Mono, PhoneNumber};
use rotaline_sip::{
    self as sip, Asserted, CallerFrom, Identity, Incoming, Invite, SessionId, Shown,
};

use crate::live_call::CallKey;
use crate::switch::Switch;

/// SERVICE 1.6: "No 100 in 2 s: next trunk".
const FIRST_REPLY: Duration = Duration::from_secs(2);

/// Most trunks.
pub const MAX_TRUNKS: usize = 16;

/// A provider or PBX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Where numbers are sent; none: it only brings calls.
    pub address: Option<SocketAddr>,
    /// Where its calls come from.
    pub networks: Vec<sip::Network>,
    /// Whose caller numbers it has verified.
    pub vouches: Vouches,
    /// In which form it takes numbers. Those that it sends are understood in each.
    pub numbers: NumberForm,
    /// Whether it is told that a Request-URI is a telephone number.
    pub user_phone: UserPhone,
    /// Whether the presented number stands in P-Asserted-Identity too.
    pub asserted: Asserted,
}

/// Whose caller numbers a trunk has verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vouches {
    /// Nobody's.
    #[default]
    Nobody,
    /// Those that stand in P-Asserted-Identity.
    Asserted,
    /// All.
    Everybody,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberForm {
    /// `+44...`
    #[default]
    Plus,
    /// `0...`; `00...` beyond the United Kingdom.
    National,
    /// `0044...`
    Abroad,
}

/// Whether a Request-URI has `user=phone` (RFC 3261 section 19.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserPhone {
    /// Yes.
    #[default]
    Said,
    /// No.
    Unsaid,
}

impl Trunk {
    /// One that takes numbers at an address, and of which nothing else is said.
    pub fn to(address: SocketAddr) -> Trunk {
        Trunk {
            address: Some(address),
            networks: Vec::new(),
            vouches: Vouches::default(),
            numbers: NumberForm::default(),
            user_phone: UserPhone::default(),
            asserted: Asserted::default(),
        }
    }

    fn brings(&self, source: IpAddr) -> bool {
        self.networks.iter().any(|it| it.contains(source))
            || self.address.is_some_and(|it| it.ip() == source)
    }
}

/// A number in the form of a trunk.
struct Written<'a>(&'a PhoneNumber, NumberForm);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written(number, form) = *self;
        let digits = number.as_str().trim_start_matches('+');
        match (form, digits.strip_prefix("44")) {
            (NumberForm::Plus, _) => f.write_str(number.as_str()),
            (NumberForm::National, Some(national)) => write!(f, "0{national}"),
            (NumberForm::National, None) | (NumberForm::Abroad, _) => write!(f, "00{digits}"),
        }
    }
}

/// A leg on its way over the trunks.
#[derive(Debug)]
pub(crate) struct OverTrunks {
    number: PhoneNumber,
    presents: Presents,
    /// Which one it is sent by.
    trunk: usize,
    reply: Reply,
}

/// Whether a trunk has shown that it works on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    None,
    Provisional,
}

impl Switch {
    /// Whether the caller's number may be believed.
    pub(crate) fn vouched(&self, incoming: &Incoming) -> Vouched {
        let source = incoming.source.ip();
        let trunk = self.config.trunks.iter().find(|it| it.brings(source));
        let vouches = match trunk.map(|it| it.vouches) {
            Some(Vouches::Everybody) => incoming.caller.is_some(),
            Some(Vouches::Asserted) => incoming.caller_from == CallerFrom::AssertedIdentity,
            Some(Vouches::Nobody) | None => false,
        };
        if vouches {
            Vouched::ByTrunk
        } else {
            Vouched::Not
        }
    }

    /// The first trunk that takes numbers, from one on.
    fn trunk_from(&self, first: usize) -> Option<(usize, SocketAddr)> {
        let mut trunks = self.config.trunks.iter().enumerate().skip(first);
        trunks.find_map(|(place, trunk)| Some((place, trunk.address?)))
    }

    /// The INVITE to a number by the first trunk; none if there is none.
    pub(crate) fn by_trunk(
        &self,
        number: &PhoneNumber,
        presents: Presents,
        offer: bytes::Bytes,
    ) -> Option<(Invite, Box<OverTrunks>)> {
        let (trunk, _) = self.trunk_from(0)?;
        let over = Box::new(OverTrunks {
            number: number.clone(),
            presents,
            trunk,
            reply: Reply::None,
        });
        Some((self.invite_by(&over, offer)?, over))
    }

    fn invite_by(&self, over: &OverTrunks, offer: bytes::Bytes) -> Option<Invite> {
        let trunk = self.config.trunks.get(over.trunk)?;
        let destination = trunk.address?;
        let number = Written(&over.number, trunk.numbers);
        let phone = match trunk.user_phone {
            UserPhone::Said => ";user=phone",
            UserPhone::Unsaid => "",
        };
        let plan = self.world.plan.borrow();
        let inbound = Written(plan.inbound_number(), trunk.numbers);
        Some(Invite {
            target: format!("sip:{number}@{destination}{phone}"),
            destination,
            from_user: inbound.to_string(),
            identity: Identity {
                shown: shown(over.presents),
                asserted: trunk.asserted,
            },
            offer,
        })
    }

    /// A leg's INVITE is out: if there is another trunk, it is waited for no longer than 2 s.
    pub(crate) fn await_reply(&mut self, key: CallKey, id: LegId) {
        let leg = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id));
        let Some(trunk) = leg.and_then(|leg| Some(leg.over_trunks.as_ref()?.trunk)) else {
            return;
        };
        if self.trunk_from(trunk + 1).is_some() {
            self.trunk_waits
                .insert((self.now.mono + FIRST_REPLY, key, id));
        }
    }

    /// The trunk has taken a call up.
    pub(crate) fn trunk_replied(&mut self, session: SessionId) {
        if let Some((key, id)) = self.leg_now(session)
            && let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id))
            && let Some(over) = &mut leg.over_trunks
        {
            over.reply = Reply::Provisional;
        }
    }

    /// When a trunk that has not replied is given up.
    pub(crate) fn next_trunk_wait(&self) -> Option<Mono> {
        self.trunk_waits.first().map(|(at, ..)| *at)
    }

    /// Trunks that have not replied in time: the next one has the call.
    pub(crate) fn trunks_are_due(&mut self) {
        while let Some((at, key, id)) = self.trunk_waits.first().copied()
            && at <= self.now.mono
        {
            self.trunk_waits.pop_first();
            let leg = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id));
            let over = leg.and_then(|leg| leg.over_trunks.as_ref());
            if over.is_some_and(|over| over.reply == Reply::None) {
                self.by_next_trunk(key, id);
            }
        }
    }

    /// A trunk has failed a call: whether the next one has it.
    pub(crate) fn fails_over(&mut self, session: SessionId, status: u16, timed_out: bool) -> bool {
        let Some((key, id)) = self.leg_now(session) else {
            return false;
        };
        let leg = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id));
        let Some(over) = leg.and_then(|leg| leg.over_trunks.as_ref()) else {
            return false;
        };
        let fails = match status {
            408 => timed_out || over.reply == Reply::None,
            500 | 502 | 503 | 504 => true,
            _ => false,
        };
        fails && self.by_next_trunk(key, id)
    }

    /// The same leg by the next trunk; false if there is none.
    fn by_next_trunk(&mut self, key: CallKey, id: LegId) -> bool {
        let next = {
            let leg = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id));
            let leg = leg.filter(|leg| !leg.over);
            leg.and_then(|leg| Some((leg.over_trunks.take()?, leg.sent.clone())))
        };
        let Some((mut over, offer)) = next else {
            return false;
        };
        let place = self.trunk_from(over.trunk + 1);
        let invite = place.and_then(|(trunk, _)| {
            (over.trunk, over.reply) = (trunk, Reply::None);
            self.invite_by(&over, offer)
        });
        let session = invite.map(|invite| self.endpoint.invite(self.now.mono, invite));
        let Some(leg) = self.calls.get_mut(&key).and_then(|call| call.leg_mut(id)) else {
            return false;
        };
        leg.over_trunks = Some(over);
        let Some(session) = session else { return false };
        let former = leg.session.replace(session);
        self.by_session.insert(session, (key, id));
        if let Some(former) = former {
            // Whatever comes of it now is nobody's; it is cancelled once it replies at all.
            self.by_session.remove(&former);
            self.endpoint.hang_up(self.now.mono, former, None);
        }
        self.await_reply(key, id);
        self.leg_event(key, id, LegEvent::NextTrunk);
        true
    }

    fn leg_now(&self, session: SessionId) -> Option<(CallKey, LegId)> {
        self.by_session.get(&session).copied()
    }
}

/// Whether the called party sees the number.
pub(crate) fn shown(presents: Presents) -> Shown {
    match presents {
        Presents::InboundNumber => Shown::Number,
        Presents::Nothing => Shown::Withheld,
    }
}

#[cfg(test)]
mod tests;

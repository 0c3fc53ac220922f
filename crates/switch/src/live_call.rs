//! A call that is up: its flow, its legs, and what is yet to be journalled of it.

use rotaline_call::Call;
use rotaline_media::MediaRoom;
use rotaline_model::{CallId, CaseId, LegId, Mono, NodeId, Now, PhoneNumber, RoomId, SpecialtyId};
use rotaline_record::{CallerId, Fact, LadderDirection, LadderEntry, Origin, Record};
use rotaline_sip::{SessionId, Traced, TracedWhat};

use crate::leg::Leg;

/// Names a live call within the switch. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallKey(pub u64);

/// The leg that rang us.
pub(crate) const CALLER: LegId = LegId(0);

/// Ladder lines that are gathered before they are journalled, so that a crash loses few.
const LADDER_BATCH: usize = 24;

/// A call that is up, or whose last messages are still on their way.
pub(crate) struct LiveCall {
    /// Its key in the switch.
    pub key: CallKey,
    /// Its case.
    pub case: CaseId,
    /// Its id.
    pub call: CallId,
    /// The flow; none while it runs and once it has finished.
    pub flow: Option<Call>,
    /// Whether the flow has finished.
    pub finished: bool,
    /// Whether the flow has panicked.
    pub broken: bool,
    /// The media thread that all its legs live on.
    pub thread: u16,
    /// Its legs; a leg that is gone is taken out.
    pub legs: Vec<Leg>,
    /// When the flow wants to be called again, as it stands in the switch's table.
    pub wake: Option<Mono>,
    /// Who the caller is, as far as they present a number.
    pub caller: Option<PhoneNumber>,
    /// What they chose last.
    pub specialty: Option<SpecialtyId>,
    ladder: Vec<LadderEntry>,
    sequence: u64,
}

impl LiveCall {
    /// A call whose flow is yet to be started.
    pub fn new(key: CallKey, case: CaseId, call: CallId, flow: Call, thread: u16) -> Self {
        LiveCall {
            key,
            case,
            call,
            flow: Some(flow),
            finished: false,
            broken: false,
            thread,
            legs: Vec::with_capacity(2),
            wake: None,
            caller: None,
            specialty: None,
            ladder: Vec::new(),
            sequence: 0,
        }
    }

    /// Takes note of who calls for whom.
    pub fn learn(&mut self, fact: &Fact) {
        if let Fact::CaseOpened {
            caller: CallerId::Number(number),
            ..
        } = fact
        {
            self.caller = Some(number.expose().clone());
        }
        if let Fact::SpecialtyChosen { specialty, .. } = fact {
            self.specialty = Some(specialty.clone());
        }
    }

    /// The case had calls before: its records are numbered above all of theirs.
    pub fn number_on_from(&mut self, calls_before: u8) {
        self.sequence = u64::from(calls_before) << 32;
    }

    /// A leg that is not gone.
    pub fn leg_mut(&mut self, leg: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|candidate| candidate.id == leg)
    }

    /// The leg of a SIP session.
    pub fn leg_of(&mut self, session: SessionId) -> Option<&mut Leg> {
        self.legs
            .iter_mut()
            .find(|leg| leg.session == Some(session))
    }

    /// A room of this call, as its media thread knows it.
    pub fn media_room(&self, room: RoomId) -> MediaRoom {
        // One call has few rooms; the key is never used again, so no two rooms ever meet.
        MediaRoom(self.key.0 << 8 | u64::from(room.0 & 0xff))
    }

    /// Wraps a fact of this call for the journal.
    pub fn record(&mut self, now: Now, node: NodeId, fact: Fact) -> Box<Record> {
        self.sequence += 1;
        Box::new(Record {
            case: self.case,
            origin: Origin::Call,
            sequence: self.sequence,
            at: now.wall,
            node,
            fact,
        })
    }

    /// Adds a line to the ladder; true when enough of them have gathered.
    pub fn trace(&mut self, now: Now, leg: LegId, traced: &Traced) -> bool {
        let what = match traced.what {
            TracedWhat::Request(method) => method.to_owned(),
            TracedWhat::Response(status, method) => format!("{status} {method}"),
        };
        let direction = if traced.sent {
            LadderDirection::Out
        } else {
            LadderDirection::In
        };
        self.ladder.push(LadderEntry {
            at: now.wall,
            leg,
            direction,
            what,
            again: traced.again,
        });
        self.ladder.len() >= LADDER_BATCH
    }

    /// The ladder's lines since it was last taken, as a fact.
    pub fn take_ladder(&mut self) -> Option<Fact> {
        if self.ladder.is_empty() {
            return None;
        }
        Some(Fact::Ladder {
            call: self.call,
            entries: std::mem::take(&mut self.ladder),
        })
    }

    /// When its oldest leg is too old.
    pub fn oldest_expiry(&self) -> Option<Mono> {
        self.legs
            .iter()
            .filter(|leg| !leg.over)
            .map(|leg| leg.expires)
            .min()
    }

    /// Whether nothing of it is left: no flow, no session, no slot.
    pub fn is_gone(&self) -> bool {
        self.finished && self.legs.is_empty()
    }
}

//! What an endpoint keeps of one INVITE session, and the state that it is in.
//!
//! RFC 3261 sections 13 to 15. Data only: the endpoint tells sessions and transactions apart and
//! moves both on. A session is dropped as soon as nothing of it is awaited; its transactions may
//! outlive it, to absorb copies.
//!
//! ```text
//!   invite()                                INVITE came
//!      │                                        │
//!  ┌───▼───┐ hang_up()  ┌────────┐         ┌────▼──┐ reject(), hang_up()
//!  │Calling├────────────►GivingUp│         │Ringing├──────────────┐
//!  └───┬───┘            └───┬────┘         └────┬──┘         ┌────▼──┐
//!      │ 2xx            2xx:│ ACK, BYE          │ answer()   │Refused├─► ACK: Terminated
//!      │    ┌──┐            │   ┌───────────────┘            └───────┘
//!      └────►Up◄────────────┼───┘
//!           └┬─┘            │      BYE came, in any state: Ended
//!            │ hang_up()    │      CANCEL came, in Ringing: Ended
//!      ┌─────▼─┐ BYE sent ┌─▼────┐
//!      │Leaving├──────────►Ending├─► its response, or none: Terminated
//!      └───────┘          └──────┘
//!   (the first 2xx not acknowledged)
//! ```

mod success;

use std::net::SocketAddr;
use std::sync::Arc;

use rotaline_model::Mono;

use crate::dialog::Dialog;
use crate::message::Message;
use crate::names::{Branch, LocalTag};
use crate::transaction::TransactionKey;

pub(crate) use success::{Answers, Awaits, Success};

/// One INVITE session.
pub(crate) struct Session {
    pub(crate) call_id: Arc<str>,
    pub(crate) local_tag: LocalTag,
    /// None until a response to our INVITE is final, or if the far end has none (RFC 2543).
    pub(crate) remote_tag: Option<Box<str>>,
    /// Where the far end's last message came from.
    pub(crate) peer: SocketAddr,
    /// Our Contact.
    pub(crate) contact: Box<str>,
    pub(crate) state: State,
    /// Server transactions of its requests that are not over.
    pub(crate) requests: u16,
    /// When its timer is set to.
    pub(crate) armed: Option<Mono>,
}

/// The state of a session.
pub(crate) enum State {
    /// Outgoing, without a final response.
    Calling { branch: Branch, offer: OfferIn },
    /// Outgoing, without a final response, and given up.
    GivingUp,
    /// Incoming, without a final response.
    Ringing(Box<Ringing>),
    /// Confirmed.
    Up(Box<Up>),
    /// Given up while the ACK of our first 2xx was outstanding: BYE has to wait for it.
    Leaving {
        dialog: Box<Dialog>,
        success: Box<Success>,
        reason: Option<Box<str>>,
    },
    /// Refused by us; its ACK is outstanding.
    Refused,
    /// Our BYE is out, in the transaction with this branch.
    Ending { bye: Branch },
}

/// Which message carries the offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfferIn {
    /// The INVITE.
    Invite,
    /// Its 2xx.
    Success,
}

/// An INVITE that we have not answered.
pub(crate) struct Ringing {
    pub(crate) key: TransactionKey,
    pub(crate) invite: Message,
    pub(crate) source: SocketAddr,
    pub(crate) dialog: Dialog,
    /// When the next provisional response is due.
    pub(crate) remind_at: Mono,
    /// When the invitation is no longer meant, if ever.
    pub(crate) expires_at: Option<Mono>,
}

impl Ringing {
    fn deadline(&self) -> Mono {
        let expires_at = self.expires_at.unwrap_or(self.remind_at);
        self.remind_at.min(expires_at)
    }
}

/// A confirmed session.
pub(crate) struct Up {
    pub(crate) dialog: Dialog,
    /// Who owes whom the rest of an offer/answer exchange.
    pub(crate) exchange: Exchange,
}

/// What is outstanding in a confirmed session. One at a time: a second is refused.
pub(crate) enum Exchange {
    /// Nothing.
    Idle,
    /// The far end owes the ACK of our 2xx.
    AckAwaited(Box<Success>),
    /// We owe the ACK, with our answer, of a 2xx to the INVITE with this branch.
    AckOwed { branch: Branch, cseq: u32 },
    /// We owe the answer to a re-INVITE or UPDATE.
    ReofferOpen(Box<Reoffer>),
}

/// A re-INVITE or UPDATE that we have not answered.
pub(crate) struct Reoffer {
    pub(crate) key: TransactionKey,
    pub(crate) request: Message,
    pub(crate) source: SocketAddr,
}

impl Session {
    /// Takes the state out, to be put back changed at once.
    pub(crate) fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Refused)
    }

    /// Whether a message with this Call-ID and remote tag is of this session.
    pub(crate) fn is_of(&self, call_id: &str, remote_tag: Option<&str>) -> bool {
        let same_tag = match &self.state {
            // Any fork may speak before the first 2xx.
            State::Calling { .. } | State::GivingUp => true,
            State::Ringing(_)
            | State::Up(_)
            | State::Leaving { .. }
            | State::Refused
            | State::Ending { .. } => self.remote_tag.as_deref() == remote_tag,
        };
        same_tag && *self.call_id == *call_id
    }

    /// When something is due.
    pub(crate) fn deadline(&mut self) -> Option<Mono> {
        match &self.state {
            State::Ringing(ringing) => Some(ringing.deadline()),
            State::Up(_) | State::Leaving { .. } => self.success_mut().map(|it| it.deadline()),
            State::Calling { .. } | State::GivingUp | State::Refused | State::Ending { .. } => None,
        }
    }

    /// Our 2xx, while its ACK is outstanding.
    pub(crate) fn success_mut(&mut self) -> Option<&mut Success> {
        match &mut self.state {
            State::Up(up) => match &mut up.exchange {
                Exchange::AckAwaited(success) => Some(success),
                Exchange::Idle | Exchange::AckOwed { .. } | Exchange::ReofferOpen(_) => None,
            },
            State::Leaving { success, .. } => Some(success),
            State::Calling { .. }
            | State::GivingUp
            | State::Ringing(_)
            | State::Refused
            | State::Ending { .. } => None,
        }
    }
}

//! The transactions of an endpoint, with what it must know of each beside the machine's state.
//!
//! Client transactions are found by our branch, server transactions by key (RFC 3261 sections
//! 17.1.3 and 17.2.3).

use std::collections::HashMap;
use std::net::SocketAddr;

use bytes::Bytes;
use rotaline_model::Mono;

use super::debts::Debt;
use crate::boundary::SessionId;
use crate::names::{Branch, LocalTag};
use crate::transaction::{Client, InviteClient, InviteServer, Server, TransactionKey};

/// All transactions.
#[derive(Default)]
pub(crate) struct Transactions {
    pub(crate) invite_clients: HashMap<Branch, InviteClientEntry>,
    pub(crate) clients: HashMap<Branch, ClientEntry>,
    pub(crate) invite_servers: HashMap<TransactionKey, InviteServerEntry>,
    pub(crate) servers: HashMap<TransactionKey, ServerEntry>,
    /// Requests outside dialogs, by what copies of them have in common.
    pub(crate) merged: HashMap<TransactionKey, TransactionKey>,
}

/// An INVITE of ours.
pub(crate) struct InviteClientEntry {
    pub(crate) machine: InviteClient,
    pub(crate) session: SessionId,
    /// What its ACK and CANCEL repeat.
    pub(crate) origin: Box<Origin>,
    pub(crate) wish: Wish,
    /// What each fork that answered got.
    pub(crate) forks: Vec<Fork>,
    pub(crate) last_status: u16,
    pub(crate) armed: Option<Mono>,
}

/// What the ACK and the CANCEL of an INVITE repeat of it.
pub(crate) struct Origin {
    pub(crate) to: SocketAddr,
    pub(crate) target: Box<str>,
    pub(crate) from: Box<str>,
    pub(crate) call_id: std::sync::Arc<str>,
    pub(crate) cseq: u32,
}

/// Whether an INVITE is to be cancelled.
pub(crate) enum Wish {
    /// Its answer is wanted.
    Answer,
    /// As soon as a provisional response is there, for this reason.
    Cancel(Option<Box<str>>),
}

/// A fork that answered our INVITE with a 2xx.
pub(crate) struct Fork {
    pub(crate) tag: Option<Box<str>>,
    pub(crate) to: SocketAddr,
    /// None while the answer that it has to carry is outstanding.
    pub(crate) ack: Option<Bytes>,
}

/// Another request of ours.
pub(crate) struct ClientEntry {
    pub(crate) machine: Client,
    pub(crate) session: SessionId,
    pub(crate) to: SocketAddr,
    pub(crate) method: &'static str,
    pub(crate) last_status: u16,
    pub(crate) armed: Option<Mono>,
}

/// An INVITE of theirs.
pub(crate) struct InviteServerEntry {
    pub(crate) machine: InviteServer,
    /// None if it was refused before there was a session.
    pub(crate) session: Option<SessionId>,
    pub(crate) to: SocketAddr,
    /// Where it came from.
    pub(crate) source: SocketAddr,
    /// The ACK that its sender owes, where that is counted.
    pub(crate) debt: Option<Debt>,
    /// The tag that all its responses have.
    pub(crate) tag: LocalTag,
    pub(crate) merged: Option<TransactionKey>,
    pub(crate) last_status: u16,
    pub(crate) armed: Option<Mono>,
}

/// Another request of theirs.
pub(crate) struct ServerEntry {
    pub(crate) machine: Server,
    pub(crate) session: Option<SessionId>,
    pub(crate) to: SocketAddr,
    pub(crate) merged: Option<TransactionKey>,
    pub(crate) method: &'static str,
    pub(crate) last_status: u16,
    pub(crate) armed: Option<Mono>,
}

impl Transactions {
    pub(crate) fn len(&self) -> usize {
        self.invite_clients.len()
            + self.clients.len()
            + self.invite_servers.len()
            + self.servers.len()
    }
}

impl InviteClientEntry {
    /// The fork that a To tag names.
    pub(crate) fn fork(&self, tag: Option<&str>) -> Option<&Fork> {
        self.forks.iter().find(|fork| fork.tag.as_deref() == tag)
    }
}

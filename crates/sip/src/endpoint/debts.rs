//! Who owes how many ACKs: a sender of INVITEs who acknowledges no answer has a small share.
//!
//! An answered INVITE that is not acknowledged holds a call, a media slot and a transaction for
//! 64*T1 (RFC 3261 sections 13.3.1.4 and 17.2.1), so that one address could hold them all. The
//! senders that the settings name as peers are exempt. Whoever's address is forged is refused for
//! as long as that goes on; a trunk is best named.
//!
//! Bound: an address is here while it owes one at least, so there are as many as transactions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Answers of one address that may have gone out [`LATE_COPIES`] times more and are still not
/// acknowledged. Beyond it a new INVITE gets 503 with Retry-After, statelessly.
pub(super) const MAX_LATE: u32 = 16;

/// After so many repetitions (1.5 s) an ACK is late: whoever acknowledges at all has done so, even
/// across a network that lost two copies. So a load test from one address, which owes a hundred
/// ACKs at 800 calls a second, owes none late.
const LATE_COPIES: u8 = 2;

/// Of the sessions, the share that may wait for the ACKs of one address, late or not: 1 of 8, so
/// that a burst takes no more before any is late. Beyond it, as above.
const SHARE: usize = 8;

/// One answer whose ACK is outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Debt {
    debtor: IpAddr,
    copies: u8,
}

/// What each address owes.
#[derive(Debug, Default)]
pub(super) struct Debts {
    of: HashMap<IpAddr, Owed>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    all: u32,
    late: u32,
}

impl Debts {
    /// An answer goes out to an INVITE of `source`.
    pub(super) fn owe(&mut self, source: SocketAddr) -> Debt {
        let debtor = debtor(source);
        self.of.entry(debtor).or_default().all += 1;
        Debt { debtor, copies: 0 }
    }

    /// The answer goes out again.
    pub(super) fn repeated(&mut self, debt: &mut Debt) {
        debt.copies = debt.copies.saturating_add(1);
        if debt.copies == LATE_COPIES
            && let Some(owed) = self.of.get_mut(&debt.debtor)
        {
            owed.late += 1;
        }
    }

    /// It is acknowledged, or its ACK is awaited no longer.
    pub(super) fn settle(&mut self, debt: Debt) {
        let Some(owed) = self.of.get_mut(&debt.debtor) else {
            return;
        };
        owed.all = owed.all.saturating_sub(1);
        owed.late = owed
            .late
            .saturating_sub(u32::from(debt.copies >= LATE_COPIES));
        if owed.all == 0 {
            self.of.remove(&debt.debtor);
        }
    }

    /// Whether an address owes so much that it may begin nothing more.
    pub(super) fn is_spent(&self, source: SocketAddr, max_sessions: usize) -> bool {
        let share = (max_sessions / SHARE).max(MAX_LATE as usize);
        let owed = self.of.get(&debtor(source));
        owed.is_some_and(|owed| owed.late >= MAX_LATE || owed.all as usize >= share)
    }

    /// How many addresses owe something.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }
}

/// An address, or the network that one host has by right (RFC 6177 section 2).
fn debtor(source: SocketAddr) -> IpAddr {
    match source.ip().to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

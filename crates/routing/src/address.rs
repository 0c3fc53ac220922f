//! Where a phone is reached.

use std::sync::Arc;

use rotaline_model::PhoneNumber;

/// Where a phone is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneAddress {
    /// By number, through the gateway.
    Number(PhoneNumber),
    /// By SIP URI, e.g. `sip:ann@127.0.0.1:5071`.
    Sip(Arc<str>),
}

//! Typed views of header values: one kind a file, each parsed from the raw text when asked for.

pub(super) mod contact;
pub(super) mod cseq;
pub(super) mod name_addr;
pub(super) mod retry_after;
pub(super) mod session_expires;
pub(super) mod tagged;
pub(super) mod via;

//! SDP: parse, print, offer and answer as pure functions.
//!
//! RFC 8866 (and RFC 4566, which phones were written by), RFC 3264 for offer and answer, RFC 3605
//! for the RTCP address, RFC 4733 section 2.4 for telephone events.
//!
//! Deliberately not here: ports in use, RTP's state, SIP; SRTP (its streams are refused), ICE,
//! BUNDLE and RTCP multiplexing (not taken up, so they fall away, as their RFCs provide).

mod answer;
mod description;
mod offer;
mod parse;
mod print;
mod stream;
mod version;

#[cfg(test)]
mod tests;

pub use answer::{accept, answer, answer_with};
pub use description::{
    Description, Direction, Host, MAX_FORMATS, MAX_MEDIA, Media, Parameters, Rtcp, RtpMap,
};
pub use offer::{CODECS, Local, offer};
pub use parse::{MAX_LENGTH, MAX_LINES, ParseError};
pub use stream::{Codec, NoStream, Stream};
pub use version::{same_but_for_version, with_version};

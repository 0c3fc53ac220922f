//! SDP: parse, print, offer and answer as pure functions.

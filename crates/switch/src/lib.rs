//! SIP, SDP, media commands and call flows put together, sans-IO.
